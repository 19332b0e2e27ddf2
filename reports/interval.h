/* The intervals of a sub-graph's page and data: at most 50 of a round length (1, 2 or 5 x 10^n). */
#ifndef NPUSIM_REPORTS_INTERVAL_H
#define NPUSIM_REPORTS_INTERVAL_H

#include "reports/bins.h"

typedef struct {
    double ms;         /* length of an interval */
    int64_t width;     /* the same in ticks, rounded up */
    double tick_hz;
    size_t n;
    rep_bin *bin;      /* owned: free */
} rep_interval;

npu_status rep_interval_make(const npu_profile *p, int subgraph, rep_interval *v, npu_err *err);

double rep_interval_tiu(const rep_interval *v, size_t i);              /* busy share, 0..1 */
double rep_interval_mbps(const rep_interval *v, size_t i, bool write); /* 10^6 bytes per second */

#endif
