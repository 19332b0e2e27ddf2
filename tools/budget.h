/* Option --budget of the commands that print a profile. */
#ifndef TOOLS_BUDGET_H
#define TOOLS_BUDGET_H

#include "perf/budget.h"
#include "tools/common.h"

#define TOOL_BUDGET(AT)                                                                            \
    {"budget", 'b', OPT_STRING, AT(budget), "FILE",                                                \
     "also show whether the model meets the budget file FILE (schema npusim-budget/1); never "     \
     "changes the exit status: the gate is `npusim check`", 0, 0}

/* Reads the budget file before any work; *OUT is NULL when PATH is, else the caller's, to
 * budget_free.  Errors: of budget_read. */
npu_status tool_budget_read(const char *path, budget_file **out, npu_err *err);

/* Judges P as `npusim check` judges its JSON and keeps the verdicts in P; nothing when B is NULL.
 * Entries for other models do not count.  Errors: NPU_LIMIT. */
npu_status tool_budget(const budget_file *b, npu_profile *p, npu_err *err);

#endif
