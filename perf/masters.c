/* Other users of the DDR in the profile: traffic over time and what each costs. */
#include <stdlib.h>
#include <string.h>

#include "perf/collect.h"
#include "perf/run.h"

/* Latency of a run beside MASTERS but SKIP; NULL: beside none. */
static npu_status latency(const perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                          int skip, int64_t launch, int64_t *ticks, npu_err *err)
{
    npu_trace t = {0};
    npu_status s = perf_run_beside(g, chip, masters, skip, &t, err);
    *ticks = 0;
    for (uint32_t i = 0; i < t.count; i++)
        if (t.span[i].end > *ticks)
            *ticks = t.span[i].end;
    *ticks += launch;
    npu_trace_free(&t);
    return s;
}

static npu_status traffic(const hw_masters *masters, npu_profile *p, npu_err *err)
{
    hw_load *l;
    NPU_TRY(hw_load_new(masters, NPU_GET(p->chip, ddr_bandwidth_mbps), p->tick_hz, -1, &l, err));
    double total[HW_MASTERS_MAX] = {0};
    for (size_t b = 0; b < p->nbin; b++) {
        double before[HW_MASTERS_MAX], end = (double)((int64_t)(b + 1) * p->bin_ticks);
        memcpy(before, total, sizeof before);
        if (end > (double)p->inference_ticks)
            end = (double)p->inference_ticks;
        hw_load_bytes(l, (double)((int64_t)b * p->bin_ticks), end, total);
        for (size_t i = 0; i < masters->n; i++) /* rounded totals: bins add up */
            p->master[i].bin[b] = (uint64_t)total[i] - (uint64_t)before[i];
    }
    for (size_t i = 0; i < masters->n; i++) {
        p->master[i].bytes = (uint64_t)total[i];
        if (p->inference_ticks > 0)
            p->master[i].average_mbps = total[i] / 1e6 / (p->inference_ms / 1000);
    }
    hw_load_free(l);
    return NPU_OK;
}

static npu_status describe(const hw_masters *masters, npu_profile *p, npu_err *err)
{
    p->master = calloc(masters->n, sizeof *p->master);
    if (!p->master)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < masters->n; i++) {
        npu_prof_master *m = &p->master[p->nmaster++];
        m->kind = hw_master_kind_name[masters->master[i].kind];
        m->name = strdup(masters->master[i].name);
        m->bin = calloc(p->nbin + 1, sizeof *m->bin);
        if (!m->name || !m->bin)
            return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    return NPU_OK;
}

npu_status perf_masters(const perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                        npu_profile *p, npu_err *err)
{
    NPU_TRY(describe(masters, p, err));
    NPU_TRY(traffic(masters, p, err));
    NPU_TRY(latency(g, chip, NULL, -1, p->launch_ticks, &p->alone_ticks, err));
    for (size_t i = 0; i < p->nmaster; i++) {
        int64_t without;
        NPU_TRY(latency(g, chip, masters, (int)i, p->launch_ticks, &without, err));
        p->master[i].slowdown_ticks = p->latency_ticks - without;
        if (without > 0)
            p->master[i].slowdown_percent =
                100 * (double)p->master[i].slowdown_ticks / (double)without;
    }
    return perf_say(&p->assumption, &p->nassumption, err,
                    "Other DDR masters go first and leave at least 1 %% of the peak; the rows they "
                    "open are not modelled. Their bursts start with the inference.");
}
