/* See budget.h. */
#include "tools/budget.h"

#include <stdio.h>
#include <stdlib.h>

#include "reports/write.h"

npu_status tool_budget_read(const char *path, budget_file **out, npu_err *err)
{
    *out = NULL;
    return path ? budget_read(path, out, err) : NPU_OK;
}

/* The facts a check would read: through the JSON, so that both see the same digits. */
static npu_status facts_of(const npu_profile *p, prof_list *list, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    npu_status s = rep_write(REP_JSON, p, f, err);
    if (fclose(f) != 0 && s == NPU_OK)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = prof_parse(p->file, text, n, list, err);
    free(text);
    return s;
}

npu_status tool_budget(const budget_file *b, npu_profile *p, npu_err *err)
{
    static const budget_options options = {.pass_over_others = true};
    prof_list given = {0}, baseline = {0};
    if (!b)
        return NPU_OK;
    npu_gate *g = calloc(1, sizeof *g);
    npu_status s = g ? facts_of(p, &given, err) : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = budget_check(b, &given, &baseline, &options, g, err);
    if (s == NPU_OK)
        p->budgets = g;
    else
        free(g); /* empty: budget_check frees what it added */
    prof_list_free(&given);
    return s;
}
