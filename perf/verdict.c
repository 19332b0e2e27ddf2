/* The profile in words: rules over the numbers, no number that is not in the profile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/collect.h"

enum { FACTS_MAX = 4 };

static npu_cause largest_cause(const npu_profile *p)
{
    int best = 0;
    for (int c = 1; c < NPU_CAUSES; c++)
        if (p->crit[c] > p->crit[best])
            best = c;
    return (npu_cause)best;
}

static double share(const npu_profile *p, int64_t ticks)
{
    return p->latency_ticks ? 100 * (double)ticks / (double)p->latency_ticks : 0;
}

static double ms(const npu_profile *p, int64_t ticks)
{
    return (double)ticks * 1000 / p->tick_hz;
}

/* Decimals that show at least two figures of a hundredth of the frame. */
static int digits(const npu_profile *p)
{
    return p->latency_ms < 0.5 ? 4 : p->latency_ms < 5 ? 3 : 2;
}

/* The sentence: what bounds the frame, and the most the other side could give. */
static npu_status headline(npu_profile *p, npu_err *err)
{
    npu_cause c = largest_cause(p);
    double s = share(p, p->crit[c]);
    double ddr = share(p, p->crit[NPU_CAUSE_DDR]), mac = share(p, p->crit[NPU_CAUSE_MAC]);
    switch (c) {
    case NPU_CAUSE_MAC:
        return perf_say(&p->verdict, &p->nverdict, err,
                        "Compute-bound: %.0f %% of the frame is the MAC array at work; a faster "
                        "DDR can save at most %.1f %%.", s, ddr);
    case NPU_CAUSE_VECTOR:
        return perf_say(&p->verdict, &p->nverdict, err,
                        "Bound by element-wise work and look-ups: %.0f %% of the frame; the MAC "
                        "array accounts for %.0f %%.", s, mac);
    case NPU_CAUSE_LMEM:
        return perf_say(&p->verdict, &p->nverdict, err,
                        "Bound by local memory: %.0f %% of the frame is operands and rows that do "
                        "not fill 16-byte words; a faster DDR can save at most %.1f %%.", s, ddr);
    case NPU_CAUSE_DDR:
        return perf_say(&p->verdict, &p->nverdict, err,
                        "DDR-bound: %.0f %% of the frame is transfers at the DDR's pace; the MAC "
                        "array accounts for %.0f %%.", s, mac);
    case NPU_CAUSE_CPU:
        return perf_say(&p->verdict, &p->nverdict, err,
                        "CPU-bound: %.0f %% of the frame is CPU routines (estimated).", s);
    default:
        if (p->launch_ms <= 0)
            return perf_say(&p->verdict, &p->nverdict, err,
                            "Overhead-bound: %.0f %% of the frame is fixed cost of commands and "
                            "synchronisation.", s);
        return perf_say(&p->verdict, &p->nverdict, err,
                        "Overhead-bound: %.0f %% of the frame is fixed cost of commands, "
                        "synchronisation and the %.2f ms launch.", s, p->launch_ms);
    }
}

static int by_exclusive(const void *a, const void *b, void *layers)
{
    const npu_prof_layer *l = layers;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    if (l[i].exclusive != l[k].exclusive)
        return l[i].exclusive > l[k].exclusive ? -1 : 1;
    return i < k ? -1 : i > k;
}

/* The slowest layers, named when they matter. */
static npu_status slowest(npu_profile *p, npu_err *err)
{
    uint32_t *order = malloc((p->nlayer + 1) * sizeof *order);
    if (!order)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < p->nlayer; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, p->nlayer, sizeof *order, by_exclusive, p->layer);
    size_t k = p->nlayer < 3 ? p->nlayer : 3;
    int64_t sum = 0;
    for (size_t i = 0; i < k; i++)
        sum += p->layer[order[i]].exclusive;
    npu_status s = NPU_OK;
    if (k == 3 && share(p, sum) >= 10)
        s = perf_say(&p->verdict, &p->nverdict, err,
                     "The three slowest of %zu layers (%.60s, %.60s, %.60s) take %.*f ms, %.0f %%.",
                     p->nlayer, p->layer[order[0]].name, p->layer[order[1]].name,
                     p->layer[order[2]].name, digits(p), ms(p, sum), share(p, sum));
    else if (k > 0 && share(p, p->layer[order[0]].exclusive) >= 10)
        s = perf_say(&p->verdict, &p->nverdict, err, "The slowest layer (%.60s) takes %.*f ms, "
                     "%.0f %%.", p->layer[order[0]].name, digits(p),
                     ms(p, p->layer[order[0]].exclusive),
                     share(p, p->layer[order[0]].exclusive));
    free(order);
    return s;
}

/* Idle TIU time by what it waited for, without the reasons that do not occur. */
static npu_status waiting(npu_profile *p, npu_err *err)
{
    static const struct {
        npu_wait wait;
        const char *what;
    } reasons[] = {{NPU_WAIT_LOAD, "loads"}, {NPU_WAIT_STORE, "stores"},
                   {NPU_WAIT_MOVE, "local moves"}};
    char list[128] = "";
    int64_t idle = 0;
    int64_t larger = p->tiu_ticks > p->tdma_ticks ? p->tiu_ticks : p->tdma_ticks;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        int64_t t = p->wait_ticks[reasons[i].wait];
        idle += t;
        if (ms(p, t) >= 0.005)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s %.*f ms",
                     *list ? ", " : "", reasons[i].what, digits(p), ms(p, t));
    }
    if (share(p, idle) < 3)
        return NPU_OK;
    return perf_say(&p->verdict, &p->nverdict, err,
                    "The TIU idles %.*f ms waiting for transfers%s%s%s; no schedule of these "
                    "commands is faster than %.*f ms.", digits(p), ms(p, idle),
                    *list ? " (" : "", list, *list ? ")" : "", digits(p),
                    ms(p, larger) + p->launch_ms);
}

static npu_status ddr_use(npu_profile *p, npu_err *err)
{
    return perf_say(&p->verdict, &p->nverdict, err,
                    "DDR traffic is %.3g MB per frame: %.0f %% of the peak on average, %.0f %% in "
                    "the busiest millisecond.", (double)(p->read + p->write) / 1e6,
                    100 * p->occupancy, 100 * p->worst_ms_occupancy);
}

static npu_status call_length(npu_profile *p, npu_err *err)
{
    int64_t longest = 0;
    for (size_t i = 0; i < p->ncall; i++)
        if (p->call[i].end - p->call[i].start > longest)
            longest = p->call[i].end - p->call[i].start;
    if (p->ncall == 1)
        return perf_say(&p->verdict, &p->nverdict, err,
                        "The model is one function call: it blocks the core for %.*f ms.",
                        digits(p), ms(p, longest));
    return perf_say(&p->verdict, &p->nverdict, err,
                    "%zu function calls; the longest blocks the core for %.*f ms.", p->ncall,
                    digits(p), ms(p, longest));
}

npu_status perf_verdict(npu_profile *p, npu_err *err)
{
    static npu_status (*const rules[FACTS_MAX])(npu_profile *, npu_err *) = {slowest, waiting,
                                                                             ddr_use, call_length};
    NPU_TRY(headline(p, err));
    for (int i = 0; i < FACTS_MAX; i++)
        NPU_TRY(rules[i](p, err));
    return NPU_OK;
}

static npu_status chip_assumptions(npu_profile *p, npu_err *err)
{
    const npu_chip *c = p->chip;
    npu_num ddr = NPU_NUM_ddr_bandwidth_mbps;
    if (strcmp(c->status[ddr], "measured") != 0 && strcmp(c->status[ddr], "published") != 0)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "DDR bandwidth %g MB/s is %s, not published for this chip: %s. Your "
                         "board's value: --set ddr.bandwidth_mbps=N.", c->num[ddr],
                         c->status[ddr], c->source[ddr]));
    for (size_t i = 0; i < c->noverride; i++)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "Overridden: %s = %g (chip file: %g).", c->override[i].key,
                         c->override[i].value, c->override[i].was));
    return NPU_OK;
}

npu_status perf_assumptions(const perf_prog *g, npu_profile *p, npu_err *err)
{
    if (g->model->has_md5 && !g->model->md5_ok)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "The MD5 in the header does not match the file: it was changed or "
                         "damaged after it was built."));
    if (strcmp(g->model->chip, p->chip->name) != 0)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "The file was compiled for %s and is simulated on %s.", g->model->chip,
                         p->chip->name));
    NPU_TRY(chip_assumptions(p, err));
    if (g->model->march && p->error_percent >= 0 && !perf_cpu_apart(p->chip))
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "The commands are those of the compiler here; the error of the chip file "
                         "was measured on models the vendor compiled."));
    if (perf_cpu_apart(p->chip))
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "Latency is of the NPU alone: CPU nodes, driver and runtime come on "
                         "top."));
    else
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "Latency includes %.2f ms of driver and runtime per inference (%s).",
                         p->launch_ms, p->chip->status[NPU_NUM_runtime_launch_ms]));
    if (NPU_GET(p->chip, ddr_model) > 0)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "DDR transfers are timed by the bank model of %s; the measured error of "
                         "the chip file belongs to the analytic model.",
                         npu_num_word(NPU_NUM_ddr_standard, NPU_GET(p->chip, ddr_standard))));
    if (p->cpu_ticks)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "CPU routines (%.3f ms) are an estimate of the chip file, not a "
                         "measurement.", p->cpu_ms));
    if (g->hints)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "%u transfers carry an overlap hint whose effect is not published; it "
                         "is ignored.", g->hints));
    if (g->assumed_ratio)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "%u transfers of compressed activations: their size depends on the data; "
                         "%.0f %% of raw is assumed.", g->assumed_ratio,
                         100 * NPU_GET(p->chip, tdma_activation_ratio)));
    if (g->model->nprogram > 1)
        NPU_TRY(perf_say(&p->assumption, &p->nassumption, err,
                         "The file has %zu programs (input shapes); the first is profiled.",
                         g->model->nprogram));
    return NPU_OK;
}
