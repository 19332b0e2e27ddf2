/* Prints a failure (tools/fail.h). */
#include "tools/fail.h"

#include <stdio.h>

int tool_fail(const char *command, const npu_err *err)
{
    fflush(stdout);
    fprintf(stderr, "%s: error: %s\n", command, err->text);
    return npu_exit_code(err->status);
}
