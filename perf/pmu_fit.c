/* DDR constants from a trace.
 *
 * T = S + max(B x beats, W x words).  B comes from long transfers that DDR bounds, S from what all
 * plain transfers take beside the transfer itself; medians, because identical transfers scatter by
 * several percent.  Each depends on the other a little, so both are estimated in turn. */
#include <stdlib.h>

#include "models/timing.h"
#include "perf/pmu_compare.h"

enum { ROUNDS = 4, LONG_BEATS = 2048, ROWS_NEEDED = 5 };

typedef struct { /* one direction */
    double beats, words, ticks; /* of a row */
} point;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *x, uint32_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* Improves *B and *S from the points; returns the rows B rests on, 0: too few, both unchanged. */
static uint32_t estimate(const point *p, uint32_t n, double word, double *b, double *s, double *x)
{
    uint32_t used = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t k = 0, all = 0;
        for (uint32_t i = 0; i < n; i++)
            if (p[i].beats >= LONG_BEATS && *b * p[i].beats > word * p[i].words)
                x[k++] = (p[i].ticks - *s) / p[i].beats;
        if (k < ROWS_NEEDED)
            return 0;
        *b = median(x, k);
        for (uint32_t i = 0; i < n; i++) {
            double ddr = *b * p[i].beats, local = word * p[i].words;
            if (p[i].beats < LONG_BEATS)
                x[all++] = p[i].ticks - (ddr > local ? ddr : local);
        }
        if (all >= ROWS_NEEDED)
            *s = median(x, all);
        used = k;
    }
    return used;
}

static npu_status points_of(const pmu_trace *t, const npu_chip *chip, pmu_type type, point *p,
                            uint32_t *n, npu_err *err)
{
    double posted = type == PMU_STORE ? NPU_GET(chip, ddr_posted_beats) : 0;
    *n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const pmu_row *r = &t->row[i];
        sim_op op = {0};
        if (r->type != type || r->cmd.u.tdma.matrix)
            continue;
        NPU_TRY(pmu_work(r, chip, &op, err));
        /* the (de)compressor's own cycles are not DDR's; a store ends before its last beats */
        p[(*n)++] = (point){(double)(op.beats_in + op.beats_out) - posted, op.words,
                            (double)(r->end - r->start) - (double)op.cycles};
    }
    return NPU_OK;
}

npu_status pmu_fit(const pmu_trace *t, const npu_chip *chip, pmu_fitted *out, npu_err *err)
{
    hw_timing timing = hw_timing_of(chip);
    double mhz = NPU_GET(chip, tpu_clock_mhz), *x = malloc((t->n + 1u) * sizeof *x);
    double ideal = timing.beat_in * NPU_GET(chip, ddr_efficiency_load); /* cycles at the peak */
    point *p = malloc((t->n + 1u) * sizeof *p);
    uint32_t n = 0;
    npu_status s = x && p ? points_of(t, chip, PMU_LOAD, p, &n, err)
                          : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK) {
        out->rows_load = estimate(p, n, timing.word_in, &timing.beat_in, &timing.latency_in, x);
        s = points_of(t, chip, PMU_STORE, p, &n, err);
    }
    if (s == NPU_OK)
        out->rows_store = estimate(p, n, timing.word_out, &timing.beat_out, &timing.latency_out, x);
    out->efficiency_load = ideal / timing.beat_in;
    out->efficiency_store = ideal / timing.beat_out;
    out->latency_load_ns = timing.latency_in * 1000 / mhz;
    out->latency_store_ns = timing.latency_out * 1000 / mhz;
    free(x);
    free(p);
    return s;
}
