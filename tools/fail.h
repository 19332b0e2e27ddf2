/* The one place that prints a failure and turns it into an exit code. */
#ifndef TOOLS_FAIL_H
#define TOOLS_FAIL_H

#include "npusim/err.h"

/* Prints "COMMAND: error: text" to stderr; returns the exit code. */
int tool_fail(const char *command, const npu_err *err);

#endif
