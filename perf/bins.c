/* DDR bandwidth over time. */
#include <stdlib.h>

#include "perf/collect.h"

enum { BINS = 400 }; /* intervals over the inference: one per two pixels of a page */

/* Adds the part of AMOUNT, spread evenly over [start, end), that falls into each bin. */
static void spread(npu_profile *p, const npu_span *s)
{
    int64_t dur = s->end - s->start;
    for (int64_t b = s->start / p->bin_ticks; b * p->bin_ticks < s->end; b++) {
        int64_t from = b * p->bin_ticks, to = from + p->bin_ticks;
        int64_t lo = s->start > from ? s->start : from, hi = s->end < to ? s->end : to;
        npu_prof_bin *bin = &p->bin[b];
        if (s->unit == NPU_UNIT_TIU)
            bin->tiu += hi - lo;
        /* differences of rounded totals, so that the bins add up to the span */
        double a = (double)(lo - s->start) / (double)dur, z = (double)(hi - s->start) / (double)dur;
        bin->read += (uint64_t)(s->read * z) - (uint64_t)(s->read * a);
        bin->write += (uint64_t)(s->write * z) - (uint64_t)(s->write * a);
    }
}

/* Busiest window of one millisecond, in bytes; windows start where a transfer starts. */
static double busiest_window(const npu_trace *t, int64_t window)
{
    double best = 0, sum = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        sum += (double)t->span[i].read + t->span[i].write;
        while (t->span[first].start + window < t->span[i].end) {
            sum -= (double)t->span[first].read + t->span[first].write;
            first++;
            if (first > i)
                break;
        }
        if (sum > best)
            best = sum;
    }
    return best;
}

npu_status perf_bins(npu_profile *p, const npu_trace *trace, npu_err *err)
{
    int64_t ms = (int64_t)(p->tick_hz / 1000);
    int64_t window = ms < p->inference_ticks ? ms : p->inference_ticks;
    double peak = NPU_GET(p->chip, ddr_bandwidth_mbps) * 1e6;
    p->bin_ticks = (p->inference_ticks + BINS - 1) / BINS;
    if (p->bin_ticks < 1)
        p->bin_ticks = 1;
    p->nbin = (size_t)((p->inference_ticks + p->bin_ticks - 1) / p->bin_ticks);
    p->bin = calloc(p->nbin + 1, sizeof *p->bin);
    if (!p->bin)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < trace->count; i++)
        spread(p, &trace->span[i]);
    if (window > 0)
        p->worst_ms_occupancy =
            busiest_window(trace, window) / ((double)window / p->tick_hz) / peak;
    if (p->worst_ms_occupancy < p->occupancy) /* transfers longer than the window are in none */
        p->worst_ms_occupancy = p->occupancy;
    if (p->worst_ms_occupancy > 1) /* the burst at the rim of a window counts whole */
        p->worst_ms_occupancy = 1;
    return NPU_OK;
}
