/* The critical path: which span delayed the end, and what in it.
 *
 * Every span knows the span that set its start.  Walking back from the last end, each span's own
 * time is charged to fixed cost and to its bound, each gap between spans to fixed cost.  Nothing
 * is counted twice or left out, so the parts add up to the latency. */
#include "perf/collect.h"

static uint32_t last_span(const npu_trace *t)
{
    uint32_t last = NPU_NO_SPAN;
    for (uint32_t i = 0; i < t->count; i++)
        if (last == NPU_NO_SPAN || t->span[i].end > t->span[last].end)
            last = i;
    return last;
}

static void charge_path(npu_profile *p, npu_trace *t)
{
    for (uint32_t i = last_span(t); i != NPU_NO_SPAN; i = t->span[i].blocker) {
        npu_span *s = &t->span[i];
        int64_t before = s->blocker == NPU_NO_SPAN ? 0 : t->span[s->blocker].end;
        int64_t gap = s->start - before, own = s->end - s->start;
        s->critical = gap + own;
        p->dispatch_ticks += gap;
        p->crit[NPU_CAUSE_FIXED] += gap + s->fixed;
        p->crit[s->cause] += own - s->fixed;
    }
}

/* Idle time of the TIU, by what its next command waited for. */
static void charge_waits(npu_profile *p, const npu_trace *t)
{
    int64_t end = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const npu_span *s = &t->span[i];
        if (s->unit != NPU_UNIT_TIU)
            continue;
        p->wait_ticks[s->wait] += s->start - end;
        end = s->end;
    }
}

void perf_critical(npu_profile *p, npu_trace *trace)
{
    charge_path(p, trace);
    charge_waits(p, trace);
    p->crit[NPU_CAUSE_FIXED] += p->launch_ticks;
}
