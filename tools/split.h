/* Option --max-time-per-fc of the commands that print a profile. */
#ifndef TOOLS_SPLIT_H
#define TOOLS_SPLIT_H

#include "tools/common.h"

#define TOOL_LIMIT(AT)                                                                             \
    {"max-time-per-fc", 0, OPT_STRING, AT(limit), "TIME",                                          \
     "also show the model split into function calls of at most TIME: microseconds, or with a "     \
     "suffix as in 500us, 0.5ms; 0: no limit", 0, 0}

/* Checks LIMIT (NULL: not given) before any work.  Errors: NPU_USAGE. */
npu_status tool_check_limit(const char *limit, npu_err *err);

/* Adds the split at LIMIT to the profile of S; nothing when LIMIT is NULL.  Errors: NPU_USAGE. */
npu_status tool_split(const char *limit, tool_run *s, npu_err *err);

#endif
