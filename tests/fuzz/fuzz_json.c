/* Fuzz target: the readers of profiles, schedules, baselines and budgets; what two of them accept
 * is compared. */

#include "perf/budget.h"
#include "perf/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    prof_list list = {0};
    budget_file *budget;
    npu_diff *diff;
    npu_err err;

    if (prof_parse("input", text, size, &list, &err) == NPU_OK && !list.item[0]->schedule &&
        prof_diff(list.item[0], list.item[list.n - 1], &diff, &err) == NPU_OK)
        npu_diff_free(diff);
    prof_list_free(&list);
    if (budget_parse("input", text, size, &budget, &err) == NPU_OK)
        budget_free(budget);
    return 0;
}
