/* See split.h. */
#include "tools/split.h"

#include "perf/split.h"

npu_status tool_check_limit(const char *limit, npu_err *err)
{
    int64_t ns;
    return limit ? perf_limit_parse(limit, &ns, err) : NPU_OK;
}

npu_status tool_split(const char *limit, tool_run *s, npu_err *err)
{
    int64_t ns;
    if (!limit)
        return NPU_OK;
    NPU_TRY(perf_limit_parse(limit, &ns, err));
    return perf_split_profile(s->prog, s->chip, &s->trace, ns, s->profile, err);
}
