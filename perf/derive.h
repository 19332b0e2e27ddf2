/* What follows from the points of a sweep: knees, Pareto front, curves.
 *
 * Definitions: K95 is the smallest bandwidth with T <= 1.05 T(largest bandwidth), Ke the first
 * bandwidth at which less than half the latency is bound by the DDR, Kd the point farthest below
 * the chord of the curve (log bandwidth, T), both axes scaled to 0..1. */
#ifndef PERF_DERIVE_H
#define PERF_DERIVE_H

#include "npusim/sweep.h"

typedef struct {
    double k95, ke, kd; /* NaN: not reached, or there is none */
    bool reached;       /* the last point is within 5 % of UNLIMITED */
} perf_knees;

/* Knees of a curve of N points in ascending order of bandwidth B: T latency, M memory-bound share.
 * UNLIMITED is the latency with unlimited bandwidth (NaN: not known, then the last point counts);
 * while T stays more than 5 % above it there is no K95. */
perf_knees perf_knee(const double *b, const double *t, const double *m, size_t n,
                     double unlimited);

/* -dlnT/dlnB at point I of the curve: 1 where the bandwidth alone decides, 0 where it does not
 * matter. */
double perf_elasticity(const double *b, const double *t, size_t n, size_t i);

/* Which of N tuples of K values (row by row) are not dominated: no other is at most as large in
 * all and smaller in one.  Equal tuples are all kept.  Errors: NPU_LIMIT. */
npu_status perf_pareto(const double *tuple, size_t n, size_t k, bool *front, npu_err *err);

/* Fills axis, lines, knees and the front of S from its ok points; what was there is replaced.
 * goals that are not set become latency and the swept resources.  Errors: NPU_LIMIT. */
npu_status perf_derive(npu_sweep *s, npu_err *err);

#endif
