/* Status and message of a failure (npusim/err.h). */
#include "npusim/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

npu_status npu_fail(npu_err *err, npu_status s, const char *fmt, ...)
{
    char text[sizeof err->text]; /* the arguments may point into ERR */
    va_list ap;

    if (!err)
        return s;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    memcpy(err->text, text, sizeof text);
    err->status = s;
    return s;
}

npu_status npu_fail_in(npu_err *err, const char *prefix)
{
    char text[sizeof err->text];
    int n;

    if (!err)
        return NPU_LIMIT; /* the caller kept no status either; never NPU_OK */
    n = snprintf(text, sizeof text, "%s: ", prefix);
    if (n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, "%s", err->text);
    memcpy(err->text, text, sizeof text);
    return err->status;
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
