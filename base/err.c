/* Status and message of a failure (npusim/err.h). */
#include "npusim/err.h"

#include <stdarg.h>
#include <stdio.h>

npu_status npu_fail(npu_err *err, npu_status s, const char *fmt, ...)
{
    npu_err made = {.status = s}; /* the arguments may point into ERR */
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(made.text, sizeof made.text, fmt, ap);
    va_end(ap);
    if (err)
        *err = made;
    return s;
}

npu_status npu_fail_in(npu_err *err, const char *prefix)
{
    npu_err made;
    int n;

    if (!err)
        return NPU_LIMIT; /* the caller kept no status either; never NPU_OK */
    made.status = err->status;
    n = snprintf(made.text, sizeof made.text, "%s: ", prefix);
    if (n >= 0 && (size_t)n < sizeof made.text)
        snprintf(made.text + n, sizeof made.text - (size_t)n, "%s", err->text);
    *err = made;
    return made.status;
}

int npu_exit_code(npu_status s)
{
    switch (s) {
    case NPU_OK: return 0;
    case NPU_GATE: return 1;
    case NPU_USAGE: return 2;
    case NPU_BAD_INPUT: return 3;
    case NPU_UNSUPPORTED: return 4;
    case NPU_LIMIT:
    case NPU_IO: break;
    }
    return 5;
}
