/* See schedule_read.h. */
#include "perf/schedule_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A time in ms from member KEY in us; NaN when the file does not say. */
static double time_ms(perf_json *r, const cJSON *j, const char *key)
{
    const cJSON *m = json_get(j, key);
    return m && !cJSON_IsNull(m) ? perf_json_real(r, j, key) / 1e3 : NAN;
}

static void read_row(perf_json *r, const cJSON *j, prof_response *x)
{
    const cJSON *t = perf_json_object(r, j, "response_us");
    size_t up = perf_json_in(r, "response_us");
    x->jobs = (double)perf_json_int(r, t, "n");
    x->min_ms = time_ms(r, t, "min");
    x->mean_ms = time_ms(r, t, "mean");
    x->p50_ms = time_ms(r, t, "p50");
    x->p90_ms = time_ms(r, t, "p90");
    x->p95_ms = time_ms(r, t, "p95");
    x->p99_ms = time_ms(r, t, "p99");
    x->max_ms = time_ms(r, t, "max");
    x->jitter_ms = time_ms(r, t, "jitter");
    perf_json_up(r, up);
    x->blocking_ms = time_ms(r, j, "blocking_max_us");
    x->misses = (double)perf_json_int(r, j, "misses");
}

void prof_read_schedule(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *all = perf_json_array(r, root, "models"), *j;
    const cJSON *tool = perf_json_object(r, root, "tool");
    f->tool_version = perf_json_text(r, tool, "version");
    f->name = strdup("schedule");
    perf_json_in(r, "models");
    if (r->status == NPU_OK && cJSON_GetArraySize(all) == 0)
        perf_json_bad(r, NULL, "empty; at least one model must be there");
    f->response = calloc((size_t)cJSON_GetArraySize(all) + 1, sizeof *f->response);
    if (!f->response || !f->name)
        r->status = npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->file);
    cJSON_ArrayForEach(j, all)
    {
        if (r->status != NPU_OK)
            return;
        size_t up = perf_json_item(r, f->nresponse);
        prof_response *x = &f->response[f->nresponse++];
        if (!cJSON_IsObject(j))
            perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(j));
        x->name = perf_json_text(r, j, "name");
        read_row(r, j, x);
        perf_json_up(r, up);
    }
}
