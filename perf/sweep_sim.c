/* One point of a sweep: overrides, run, sums; see sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/run.h"
#include "perf/sweep.h"

struct sweep_sim {
    perf_prog *prog;        /* not owned */
    const npu_chip *base;   /* not owned */
    npu_chip chip;          /* shallow copy of BASE with the numbers of the point */
    double worked[NPU_NUMS];/* numbers PROG's work was computed for */
    npu_trace trace;
    double unlimited[NPU_NUMS]; /* numbers UNLIMITED_MS belongs to */
    double unlimited_ms;    /* NaN: not known */
};

/* Numbers that act when a command runs, not when its work is counted (models/timing.c, cpu.c). */
static bool acts_late(npu_num n)
{
    static const char *const exact[] = {
        "tpu.clock_mhz", "ddr.bandwidth_mbps", "ddr.contention", "ddr.efficiency_load",
        "ddr.efficiency_store", "ddr.latency_load_ns", "ddr.latency_store_ns", "ddr.posted_beats",
        "tdma.word_load_cycles", "tdma.word_store_cycles", "tdma.move_chunk_cycles",
        "tdma.move_setup_cycles"};
    static const char *const family[] = {"sync.", "runtime.", "cpu."};
    const char *key = npu_num_table[n].key;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (strcmp(key, exact[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof family / sizeof *family; i++)
        if (strncmp(key, family[i], strlen(family[i])) == 0)
            return true;
    return false;
}

npu_status perf_sim_new(perf_prog *prog, const npu_chip *chip, sweep_sim **out, npu_err *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    **out = (sweep_sim){.prog = prog, .base = chip, .chip = *chip, .unlimited_ms = NAN};
    memcpy((*out)->worked, chip->num, sizeof chip->num);
    return NPU_OK;
}

/* Counts the work again when a number it depends on changed. */
static npu_status rework(sweep_sim *s, npu_err *err)
{
    for (int i = 0; i < NPU_NUMS; i++)
        if (s->worked[i] != s->chip.num[i] && !acts_late((npu_num)i)) {
            memcpy(s->worked, s->chip.num, sizeof s->worked);
            return perf_prog_rework(s->prog, &s->chip, err);
        }
    return NPU_OK;
}

/* Time in which both engines work: each queue works on one command at a time, so a span overlaps
 * only the last one of the other queue that started before it. */
static int64_t both_busy(const npu_trace *t)
{
    int64_t end[2] = {0, 0}, sum = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const npu_span *x = &t->span[i];
        if (x->unit == NPU_UNIT_CPU)
            continue;
        unsigned q = x->unit != NPU_UNIT_TIU;
        int64_t until = end[1 - q] < x->end ? end[1 - q] : x->end;
        sum += until > x->start ? until - x->start : 0;
        end[q] = x->end;
    }
    return sum;
}

static int64_t longest_call(const npu_trace *t)
{
    int64_t longest = 0, first = 0, last = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const npu_span *x = &t->span[i];
        bool follows = i > 0 && x->subgraph == t->span[i - 1].subgraph;
        first = follows && first < x->start ? first : x->start;
        last = follows && last > x->end ? last : x->end;
        if (x->unit != NPU_UNIT_CPU && last - first > longest)
            longest = last - first;
    }
    return longest;
}

static npu_bound bound_of(const double *m, const npu_profile *p)
{
    double memory = m[NPU_METRIC_memory_share], compute = m[NPU_METRIC_compute_share];
    if (2 * p->crit[NPU_CAUSE_CPU] > p->latency_ticks)
        return NPU_BOUND_CPU;
    return memory > 1.1 * compute ? NPU_BOUND_MEMORY
           : compute > 1.1 * memory ? NPU_BOUND_COMPUTE : NPU_BOUND_BALANCED;
}

static void measure(const sweep_sim *s, const npu_profile *p, npu_point_result *out)
{
    double *m = out->metric, tick_ms = 1000 / p->tick_hz, latency = (double)p->latency_ticks;
    int64_t both = both_busy(&s->trace);
    m[NPU_METRIC_latency_ms] = p->latency_ms;
    m[NPU_METRIC_inference_ms] = p->inference_ms;
    m[NPU_METRIC_fps] = p->fps;
    m[NPU_METRIC_tiu_ms] = p->tiu_ms;
    m[NPU_METRIC_tdma_ms] = p->tdma_ms;
    m[NPU_METRIC_cpu_ms] = p->cpu_ms;
    m[NPU_METRIC_both_ms] = (double)both * tick_ms;
    m[NPU_METRIC_idle_ms] = tick_ms * (double)(p->inference_ticks + both - p->tiu_ticks -
                                               p->tdma_ticks - p->cpu_ticks);
    m[NPU_METRIC_ddr_bytes] = (double)(p->read + p->write);
    m[NPU_METRIC_read_bytes] = (double)p->read;
    m[NPU_METRIC_write_bytes] = (double)p->write;
    m[NPU_METRIC_ddr_gbps] = p->average_mbps / 1000;
    m[NPU_METRIC_ddr_occupancy] = p->occupancy;
    m[NPU_METRIC_mac_util] = p->mac_utilisation;
    if (p->latency_ticks > 0) {
        m[NPU_METRIC_memory_share] = (double)p->crit[NPU_CAUSE_DDR] / latency;
        m[NPU_METRIC_compute_share] = (double)(p->crit[NPU_CAUSE_MAC] + p->crit[NPU_CAUSE_VECTOR] +
                                               p->crit[NPU_CAUSE_LMEM]) / latency;
    }
    m[NPU_METRIC_subgraphs] = (double)s->prog->n;
    for (size_t i = 0; i < s->prog->n; i++)
        m[NPU_METRIC_function_calls] += !s->prog->part[i].cpu;
    m[NPU_METRIC_max_fc_us] = (double)longest_call(&s->trace) * tick_ms * 1000;
    out->bound = (uint8_t)bound_of(m, p);
}

static npu_status run(sweep_sim *s, npu_profile *p, npu_err *err)
{
    NPU_TRY(rework(s, err));
    NPU_TRY(perf_run(s->prog, &s->chip, &s->trace, err));
    *p = (npu_profile){.chip = &s->chip, .trace = &s->trace};
    perf_totals(s->prog, &s->trace, p);
    return NPU_OK;
}

/* Latency with all else equal and the DDR at the largest bandwidth a chip file may state. */
static npu_status unlimited(sweep_sim *s, double *ms, npu_err *err)
{
    npu_profile p;
    double bandwidth = NPU_GET(&s->chip, ddr_bandwidth_mbps);
    NPU_GET(&s->chip, ddr_bandwidth_mbps) = npu_num_table[NPU_NUM_ddr_bandwidth_mbps].max;
    npu_status st = NPU_OK;
    if (isnan(s->unlimited_ms) || memcmp(s->unlimited, s->chip.num, sizeof s->unlimited) != 0) {
        st = run(s, &p, err);
        s->unlimited_ms = st == NPU_OK ? p.latency_ms : NAN;
        memcpy(s->unlimited, s->chip.num, sizeof s->unlimited);
    }
    *ms = s->unlimited_ms;
    NPU_GET(&s->chip, ddr_bandwidth_mbps) = bandwidth;
    return st;
}

void perf_sim_point(sweep_sim *s, const npu_num *key, size_t nkey, const double *set,
                    npu_point_result *out)
{
    npu_err err = {0};
    npu_profile p;
    memset(out, 0, sizeof *out);
    memcpy(s->chip.num, s->base->num, sizeof s->chip.num);
    for (size_t k = 0; k < nkey; k++)
        if (!isnan(set[k]))
            s->chip.num[key[k]] = set[k];
    npu_status st = unlimited(s, &out->metric[NPU_METRIC_unlimited_ms], &err);
    if (st == NPU_OK)
        st = run(s, &p, &err);
    if (st == NPU_OK)
        measure(s, &p, out);
    else
        memset(out->metric, 0, sizeof out->metric);
    out->status = st == NPU_OK ? NPU_POINT_OK : NPU_POINT_FAIL;
    snprintf(out->error, sizeof out->error, "%.*s", (int)sizeof out->error - 1, err.text);
}

void perf_sim_free(sweep_sim *s)
{
    npu_err err;
    if (!s)
        return;
    memcpy(s->chip.num, s->base->num, sizeof s->chip.num);
    rework(s, &err);
    npu_trace_free(&s->trace);
    free(s);
}
