/* What other hardware would give: a fixed list of changes and a curve over the DDR bandwidth, each
 * point a full run of the same commands. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "perf/derive.h"
#include "perf/run.h"

enum { CURVE = 25, LIST_MAX = 24 };

typedef struct {
    const perf_prog *g;
    const hw_masters *masters;
    npu_chip chip;          /* shallow copy whose numbers change */
    const npu_chip *base;
    npu_trace trace;
    npu_profile *p;
    npu_err *err;
} what;

/* One run with the numbers of W->chip, which are the chip's own again afterwards. */
static npu_status run(what *w, double *ms, double *share)
{
    npu_profile sums = {.chip = &w->chip};
    npu_status s = perf_run_beside(w->g, &w->chip, w->masters, -1, &w->trace, w->err);
    if (s == NPU_OK)
        perf_totals(w->g, &w->trace, &sums);
    *ms = sums.latency_ms;
    if (share)
        *share = sums.latency_ticks > 0
                     ? (double)sums.crit[NPU_CAUSE_DDR] / (double)sums.latency_ticks : 0;
    memcpy(w->chip.num, w->base->num, sizeof w->chip.num);
    return s;
}

static npu_status say(char **out, npu_err *err, const char *fmt, va_list ap)
{
    return vasprintf(out, fmt, ap) < 0 ? npu_fail(err, NPU_LIMIT, "out of memory") : NPU_OK;
}

/* Appends a line; the words of FMT are CHANGE, then after a bar the note. */
__attribute__((format(printf, 4, 5)))
static npu_status add(what *w, bool bound, double ms, const char *fmt, ...)
{
    npu_profile *p = w->p;
    va_list ap;
    npu_prof_whatif *x = &p->what_if[p->nwhat_if];
    *x = (npu_prof_whatif){.bound = bound, .latency_ms = ms};
    x->delta = p->latency_ms > 0 ? ms / p->latency_ms - 1 : 0;
    va_start(ap, fmt);
    npu_status s = say(&x->change, w->err, fmt, ap);
    va_end(ap);
    if (s != NPU_OK)
        return s;
    p->nwhat_if++;
    char *bar = strchr(x->change, '|');
    x->note = strdup(bar ? bar + 1 : "");
    if (bar)
        *bar = '\0';
    return x->note ? NPU_OK : npu_fail(w->err, NPU_LIMIT, "out of memory");
}

/* Clocks that other chips run at: one line for each that differs. */
static npu_status clocks(what *w)
{
    char **name;
    size_t n;
    double own = NPU_GET(w->base, tpu_clock_mhz), seen[LIST_MAX], ms;
    size_t nseen = 0;
    npu_status s = NPU_OK;
    NPU_TRY(npu_chip_names(&name, &n, w->err));
    for (size_t i = 0; i < n && s == NPU_OK && nseen < 4; i++) {
        npu_chip *other;
        s = npu_chip_load(name[i], &other, w->err);
        if (s != NPU_OK)
            break;
        double mhz = NPU_GET(other, tpu_clock_mhz);
        bool known = mhz == own || perf_cpu_apart(other) != perf_cpu_apart(w->base); /* family */
        npu_chip_free(other);
        for (size_t k = 0; k < nseen; k++)
            known = known || seen[k] == mhz;
        if (known)
            continue;
        seen[nseen++] = mhz;
        NPU_GET(&w->chip, tpu_clock_mhz) = mhz;
        s = run(w, &ms, NULL);
        if (s == NPU_OK)
            s = add(w, false, ms, "TPU clock %g → %g MHz|as in %s; DDR as it is", own, mhz,
                    name[i]);
    }
    npu_chip_names_free(name, n);
    return s;
}

static npu_status bandwidths(what *w)
{
    double own = NPU_GET(w->base, ddr_bandwidth_mbps), ms;
    double most = npu_num_table[NPU_NUM_ddr_bandwidth_mbps].max;
    NPU_GET(&w->chip, ddr_bandwidth_mbps) = most;
    NPU_TRY(run(w, &w->p->unlimited_ms, NULL));
    NPU_TRY(add(w, true, w->p->unlimited_ms,
                "DDR infinitely fast|bound: all the bandwidth can ever give"));
    if (2 * own <= most) {
        NPU_GET(&w->chip, ddr_bandwidth_mbps) = 2 * own;
        NPU_TRY(run(w, &ms, NULL));
        NPU_TRY(add(w, false, ms, "DDR bandwidth × 2|%g MB/s", 2 * own));
    }
    NPU_GET(&w->chip, ddr_bandwidth_mbps) = own / 2;
    NPU_TRY(run(w, &ms, NULL));
    return add(w, false, ms, "DDR bandwidth halved|%g MB/s", own / 2);
}

static npu_status sharing(what *w)
{
    static const double taken[] = {0.25, 0.5, 0.75};
    double ms;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (taken[i] <= NPU_GET(w->base, ddr_contention))
            continue;
        NPU_GET(&w->chip, ddr_contention) = taken[i];
        NPU_TRY(run(w, &ms, NULL));
        NPU_TRY(add(w, false, ms, "DDR shared: %.0f %% left for the NPU|ddr.contention=%g",
                    100 * (1 - taken[i]), taken[i]));
    }
    return NPU_OK;
}

/* Fixed costs set to nothing: what an ideal chip would gain. */
static npu_status ideals(what *w)
{
    const npu_profile *p = w->p;
    double ms, larger = p->tiu_ms > p->tdma_ms ? p->tiu_ms : p->tdma_ms;
    double load = NPU_GET(w->base, ddr_latency_load_ns);
    double cpu = perf_cpu_apart(w->base) ? 0 : p->cpu_ms;
    NPU_TRY(add(w, true, larger + cpu + p->launch_ms,
                "No engine waits for the other|bound of any schedule of these commands"));
    NPU_GET(&w->chip, ddr_latency_load_ns) = NPU_GET(&w->chip, ddr_latency_store_ns) = 0;
    NPU_TRY(run(w, &ms, NULL));
    NPU_TRY(add(w, true, ms, "DDR latency %g → 0 ns|bound, not a product", load));
    NPU_GET(&w->chip, sync_tiu_after_tiu) = NPU_GET(&w->chip, sync_tdma_after_tdma) = 0;
    NPU_GET(&w->chip, sync_tiu_after_tdma) = NPU_GET(&w->chip, sync_tdma_after_tiu) = 0;
    NPU_GET(&w->chip, sync_segment) = 0;
    NPU_TRY(run(w, &ms, NULL));
    NPU_TRY(add(w, true, ms, "No gaps between commands|bound: dispatch and synchronisation free"));
    return p->launch_ms <= 0 ? NPU_OK
                             : add(w, true, p->inference_ms,
                                   "No launch cost|bound: %g ms of driver and runtime saved",
                                   p->launch_ms);
}

static int by_gain(const void *a, const void *b)
{
    const npu_prof_whatif *x = a, *y = b;
    if (x->latency_ms != y->latency_ms)
        return x->latency_ms < y->latency_ms ? -1 : 1;
    return strcmp(x->change, y->change);
}

/* Bandwidths from a tenth to four times the chip's, its own exactly in the middle of its place. */
static npu_status curve(what *w)
{
    npu_profile *p = w->p;
    const npu_num_info *n = &npu_num_table[NPU_NUM_ddr_bandwidth_mbps];
    double own = NPU_GET(w->base, ddr_bandwidth_mbps), b[CURVE], t[CURVE], m[CURVE];
    enum { BELOW = 15 };
    for (size_t i = 0; i < CURVE; i++) {
        double v = i <= BELOW ? own * pow(0.1, (double)(BELOW - i) / BELOW)
                              : own * pow(4, (double)(i - BELOW) / (CURVE - 1 - BELOW));
        v = i == BELOW ? own : num_round(v, 4);
        b[i] = v < n->min ? n->min : v > n->max ? n->max : v;
        NPU_GET(&w->chip, ddr_bandwidth_mbps) = b[i];
        NPU_TRY(run(w, &t[i], &m[i]));
        p->sweep[p->nsweep++] = (npu_prof_sweep){b[i], t[i], m[i]};
    }
    perf_knees k = perf_knee(b, t, m, CURVE, p->unlimited_ms);
    p->knee_mbps = isnan(k.k95) ? 0 : k.k95;
    return NPU_OK;
}

static npu_status all(what *w)
{
    npu_profile *p = w->p;
    p->what_if = calloc(LIST_MAX, sizeof *p->what_if);
    p->sweep = calloc(CURVE, sizeof *p->sweep);
    if (!p->what_if || !p->sweep)
        return npu_fail(w->err, NPU_LIMIT, "out of memory");
    NPU_TRY(clocks(w));
    NPU_TRY(bandwidths(w));
    NPU_TRY(sharing(w));
    NPU_TRY(ideals(w));
    qsort(p->what_if, p->nwhat_if, sizeof *p->what_if, by_gain);
    return curve(w);
}

npu_status perf_whatif(const perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                       npu_profile *p, npu_err *err)
{
    what w = {.g = g, .masters = masters, .chip = *chip, .base = chip, .p = p, .err = err};
    npu_status s = all(&w);
    npu_trace_free(&w.trace);
    return s;
}
