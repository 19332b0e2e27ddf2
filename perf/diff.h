/* Explains the difference of two profiles. */
#ifndef PERF_DIFF_H
#define PERF_DIFF_H

#include "npusim/diff.h"
#include "npusim/err.h"
#include "perf/profile_read.h"

/* Compares two profiles (not schedules).  On success *out is the caller's, to npu_diff_free.
 * Errors: NPU_LIMIT. */
npu_status prof_diff(const prof_facts *old, const prof_facts *new, npu_diff **out, npu_err *err);

/* Which layer of the other side a layer became; made by perf/diff_align.c. */
enum { PROF_UNMATCHED = -1 };

typedef struct {
    int32_t *new_of, *old_of;         /* per layer; PROF_UNMATCHED */
    npu_diff_match *how;              /* per old layer that is matched */
} prof_pairs;

npu_status prof_align(const prof_facts *old, const prof_facts *new, prof_pairs *out, npu_err *err);
void prof_pairs_free(prof_pairs *p);

/* Reasons of one row; made by perf/diff_why.c.  OLD or NEW is NULL for an added or removed layer.
 * CHIP: chip numbers other than those of the DDR differ. */
typedef struct {
    const prof_facts *old, *new;
    bool tpu_differs, ddr_differs;
} prof_sides;

npu_status prof_why(const prof_sides *s, const prof_layer *old, const prof_layer *new,
                    npu_diff_row *row, npu_err *err);
npu_status prof_why_add(npu_diff_row *row, npu_err *err, npu_diff_cause id, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
