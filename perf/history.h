/* History of profiles in an SQLite file: every profile of every commit, whole.
 *
 * One file may be used by several processes at once, also killed ones: write-ahead log, one
 * transaction per add, waiting for other writers.  An entry is never changed. */
#ifndef PERF_HISTORY_H
#define PERF_HISTORY_H

#include "npusim/err.h"
#include "npusim/history.h"
#include "perf/budget.h"

typedef struct perf_history perf_history;

/* Opens FILE; CREATE makes it when it is missing.  On success *out is the caller's, to
 * perf_history_close.  Errors: NPU_BAD_INPUT (missing, no SQLite file, not a history, newer
 * layout), NPU_IO (cannot be created). */
npu_status perf_history_open(const char *file, bool create, perf_history **out, npu_err *err);
void perf_history_close(perf_history *h); /* accepts NULL */

typedef struct {        /* a profile to add; nothing owned */
    const char *text;   /* JSON as read */
    size_t n;
    const prof_facts *facts;
} perf_history_item;

/* Adds ITEMS under COMMIT in one transaction: all or none.  An item that is there already with the
 * same bytes is passed over; *ADDED counts the others.  Errors: NPU_IO. */
npu_status perf_history_add(perf_history *h, const char *commit, const char *date,
                            const perf_history_item *items, size_t n, size_t *added, npu_err *err);

typedef struct {        /* which entries; NULL or 0: all */
    const char *model;  /* glob, or re: and a regular expression */
    const char *chip;
    size_t last;        /* at most so many entries of each series, the newest */
} perf_history_filter;

/* METRIC of every entry that FILTER leaves.  The caller frees *out with npu_history_free. */
npu_status perf_history_show(perf_history *h, const perf_history_filter *f,
                             const budget_metric *metric, npu_history *out, npu_err *err);

/* The profile JSON of entry ID, the caller's.  Errors: NPU_BAD_INPUT (no such entry). */
npu_status perf_history_text(perf_history *h, int64_t id, char **out, npu_err *err);

#endif
