/* See run.h. */
#include "perf/run.h"

#include "models/cpu.h"
#include "models/ddr.h"
#include "sim/machine.h"

/* A CPU routine: one span that follows everything before it. */
static npu_status run_cpu(const perf_part *p, const npu_chip *chip, uint16_t subgraph,
                          npu_trace *trace, sim_end *end, npu_err *err)
{
    int64_t ticks = 0;
    NPU_TRY(hw_cpu_ticks(chip, p->routine->section, p->in_elements, p->out_elements, &ticks, err));
    NPU_TRY(sim_trace_reserve(trace, 1, err));
    trace->span[trace->count++] = (npu_span){
        .start = end->end, .end = end->end + ticks, .cmd = NPU_NO_SPAN, .blocker = end->last,
        .subgraph = subgraph, .unit = NPU_UNIT_CPU, .cause = NPU_CAUSE_CPU,
        .wait = end->last == NPU_NO_SPAN ? NPU_WAIT_NONE : NPU_WAIT_BARRIER, .kind = NPU_KIND_CPU};
    *end = (sim_end){end->end + ticks, trace->count - 1};
    return NPU_OK;
}

static npu_status run(const perf_prog *p, const npu_chip *chip, hw_ddr *ddr, npu_trace *trace,
                      npu_err *err)
{
    sim_end end = {0, NPU_NO_SPAN};
    trace->count = 0;
    trace->tick_hz = hw_tick_hz(chip);
    for (size_t i = 0; i < p->n; i++) {
        const perf_part *part = &p->part[i];
        if (part->cpu && perf_cpu_apart(chip))
            continue;
        sim_machine m = hw_ddr_machine(ddr, part->cmd);
        npu_status s = part->cpu
                           ? run_cpu(part, chip, (uint16_t)i, trace, &end, err)
                           : sim_run(&m, part->op, part->n, (uint16_t)i, end.end, end.last, trace,
                                     &end, err);
        if (s != NPU_OK)
            return npu_fail_in(err, part->routine->section);
    }
    return hw_ddr_check(ddr, err);
}

npu_status perf_run_beside(const perf_prog *p, const npu_chip *chip, const hw_masters *masters,
                           int skip, npu_trace *trace, npu_err *err)
{
    hw_ddr *ddr;
    NPU_TRY(hw_ddr_open(chip, masters, skip, &ddr, err));
    npu_status s = run(p, chip, ddr, trace, err);
    hw_ddr_close(ddr);
    return s;
}

npu_status perf_run(const perf_prog *p, const npu_chip *chip, npu_trace *trace, npu_err *err)
{
    return perf_run_beside(p, chip, NULL, -1, trace, err);
}
