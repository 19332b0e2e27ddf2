/* Chooses and fills the intervals of a sub-graph. */
#include "reports/interval.h"

#include <math.h>

enum { INTERVALS = 50 };

/* The smallest of 1, 2, 5 x 10^n microseconds that cuts MS into at most INTERVALS. */
static double round_step(double ms)
{
    static const double step[] = { 1, 2, 5 };
    for (int n = -3; n < 9; n++)
        for (int i = 0; i < 3; i++)
            if (step[i] * pow(10, n) * INTERVALS >= ms)
                return step[i] * pow(10, n);
    return ms / INTERVALS;
}

npu_status rep_interval_make(const npu_profile *p, int subgraph, rep_interval *v, npu_err *err)
{
    const npu_prof_subgraph *s = &p->subgraph[subgraph];
    int64_t length = s->end - s->start;
    double exact;
    v->tick_hz = p->tick_hz;
    v->ms = round_step((double)length * 1e3 / p->tick_hz);
    exact = ceil(v->ms * p->tick_hz / 1e3 - 1e-6);
    v->width = exact < 1 ? 1 : (int64_t)exact;
    v->n = length > 0 ? (size_t)((length + v->width - 1) / v->width) : 1;
    v->bin = rep_bins(p, subgraph, s->start, v->width, v->n);
    if (!v->bin)
        return npu_fail(err, NPU_LIMIT, "%s: no memory for %zu intervals", p->file, v->n);
    return NPU_OK;
}

double rep_interval_tiu(const rep_interval *v, size_t i)
{
    int64_t busy = 0;
    for (int c = 0; c < NPU_CAUSES; c++)
        busy += v->bin[i].busy[NPU_UNIT_TIU][c];
    return busy >= v->width ? 1 : (double)busy / (double)v->width;
}

double rep_interval_mbps(const rep_interval *v, size_t i, bool write)
{
    return (double)(write ? v->bin[i].write : v->bin[i].read) / v->ms / 1e3;
}
