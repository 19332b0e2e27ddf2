/* One metric of a model over its commits.  Made by perf/history.c, printed by reports/. */
#ifndef NPUSIM_HISTORY_H
#define NPUSIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {        /* strings are owned */
    int64_t id;         /* number of the entry, in order of adding */
    char *commit, *date, *tool; /* DATE "" when none was given */
    double value;
    double delta_percent; /* against the entry before; NaN for the first and after 0 */
    bool changed;       /* the value differs from the entry before: a change point */
} npu_history_point;

typedef struct {        /* a model on a chip with the same numbers */
    char *model, *chip, *setting; /* SETTING: overrides as text, "" for none */
    npu_history_point *point;
    size_t n;
} npu_history_series;

typedef struct {
    const char *metric, *unit; /* not owned */
    bool more_is_better;
    npu_history_series *series; /* by model, chip, setting */
    size_t n;
} npu_history;

void npu_history_free(npu_history *h); /* frees the contents */

#ifdef __cplusplus
}
#endif
#endif
