/* Time cut into equal intervals: what each engine did and what the DDR moved in each. */
#ifndef NPUSIM_REPORTS_BINS_H
#define NPUSIM_REPORTS_BINS_H

#include "npusim/profile.h"

typedef struct {
    int64_t busy[NPU_UNITS][NPU_CAUSES]; /* ticks */
    uint64_t read, write;                /* bytes; the sums over all bins are exact */
} rep_bin;

/* Cuts [FROM, FROM + N x WIDTH) into N bins and shares the spans of SUBGRAPH (-1: all) out to
 * them, bytes evenly over a span.  The array is the caller's, to free; NULL when out of memory. */
rep_bin *rep_bins(const npu_profile *p, int subgraph, int64_t from, int64_t width, size_t n);

/* What a span's colour says: its cause, or fixed cost when that is more than half of it. */
npu_cause rep_span_cause(const npu_span *s);

#endif
