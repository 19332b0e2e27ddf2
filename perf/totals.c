/* The sums of a run and what follows from them, without layers, calls and bandwidth over time: all
 * that a sweep needs of a point. */
#include <math.h>

#include "models/cpu.h"
#include "models/work.h"
#include "perf/collect.h"
#include "perf/run.h"

static void add_to_totals(npu_profile *p, const npu_span *x)
{
    int64_t dur = x->end - x->start;
    p->read += x->read;
    p->write += x->write;
    p->macs += x->macs;
    p->inference_ticks = x->end > p->inference_ticks ? x->end : p->inference_ticks;
    if (x->unit == NPU_UNIT_TIU) {
        p->tiu_ticks += dur;
        p->n_tiu++;
    } else if (x->unit == NPU_UNIT_CPU) {
        p->cpu_ticks += dur;
    } else {
        p->tdma_ticks += dur;
        p->n_tdma++;
    }
}

bool perf_is_bf16(const perf_prog *g, const npu_span *x)
{
    if (x->cmd == NPU_NO_SPAN)
        return false;
    const npu_cmd *c = &g->part[x->subgraph].cmd[x->cmd];
    return c->engine == NPU_ENGINE_TIU ? c->u.tiu.bf16
                                       : c->u.tdma.src_bytes == 2 || c->u.tdma.dst_bytes == 2;
}

static double mac_utilisation(const perf_prog *g, const npu_profile *p, const npu_trace *t)
{
    double ideal = 0;
    for (uint32_t i = 0; i < t->count; i++)
        if (t->span[i].macs)
            ideal += (double)t->span[i].macs / hw_peak_macs(p->chip, perf_is_bf16(g, &t->span[i]));
    return p->inference_ticks ? ideal / (double)p->inference_ticks : 0;
}

static void derive(const perf_prog *g, npu_profile *p, const npu_trace *t)
{
    double ms = 1000 / p->tick_hz, seconds;
    p->launch_ms = NPU_GET(p->chip, runtime_launch_ms);
    p->launch_ticks = (int64_t)ceil(p->launch_ms / ms);
    p->latency_ticks = p->inference_ticks + p->launch_ticks;
    p->inference_ms = (double)p->inference_ticks * ms;
    p->latency_ms = (double)p->latency_ticks * ms;
    p->tiu_ms = (double)p->tiu_ticks * ms;
    p->tdma_ms = (double)p->tdma_ticks * ms;
    p->cpu_ms = (double)p->cpu_ticks * ms;
    p->fps = p->latency_ms > 0 ? 1000 / p->latency_ms : 0;
    p->error_percent = p->chip->error_percent;
    double cores = g->model->cores ? g->model->cores : 1;
    p->peak_macs_per_tick = hw_peak_macs(p->chip, false) * cores;
    p->mac_utilisation = mac_utilisation(g, p, t) / cores;
    if (p->inference_ticks > 0) {
        seconds = p->inference_ms / 1000;
        p->parallelism_percent =
            100 * (double)(p->tiu_ticks + p->tdma_ticks) / (double)p->inference_ticks;
        p->average_mbps = (double)(p->read + p->write) / 1e6 / seconds;
        p->occupancy = p->average_mbps / NPU_GET(p->chip, ddr_bandwidth_mbps);
    }
    if (p->parallelism_percent < 100)
        p->parallelism_percent = 100;
}

/* CPU nodes beside the timeline; a node without a cost is refused when the program is loaded. */
static void add_cpu_apart(const perf_prog *g, npu_profile *p)
{
    for (size_t i = 0; i < g->n && perf_cpu_apart(p->chip); i++) {
        const perf_part *part = &g->part[i];
        int64_t ticks;
        if (part->cpu && hw_cpu_ticks(p->chip, part->routine->section, part->in_elements,
                                      part->out_elements, &ticks, NULL) == NPU_OK)
            p->cpu_ticks += ticks;
    }
}

void perf_totals(const perf_prog *g, npu_trace *trace, npu_profile *p)
{
    p->tick_hz = trace->tick_hz;
    add_cpu_apart(g, p);
    for (uint32_t i = 0; i < trace->count; i++)
        add_to_totals(p, &trace->span[i]);
    derive(g, p, trace);
    perf_critical(p, trace);
}
