/* The event loop; see machine.h. */
#include "sim/machine.h"

#include <stdlib.h>
#include <string.h>

#include "sim/event.h"

enum { START, END }; /* event codes: code * SIM_QUEUES + queue */

typedef struct {
    const sim_machine *m;
    const sim_op *op;
    npu_trace *trace;
    uint32_t *member[SIM_QUEUES];  /* op indices of each queue, this segment */
    uint32_t *span_of[SIM_QUEUES]; /* their spans */
    uint32_t count[SIM_QUEUES], issued[SIM_QUEUES], done[SIM_QUEUES];
    int64_t origin;                /* earliest start in this segment */
    uint32_t origin_span;          /* span that set ORIGIN */
    uint16_t subgraph;
    npu_span pending[SIM_QUEUES];  /* issued, not started: start, blocker and wait are known */
    sim_queue events;
} run;

npu_status sim_trace_reserve(npu_trace *t, uint32_t n, npu_err *err)
{
    if (t->capacity - t->count >= n)
        return NPU_OK;
    if (n > UINT32_MAX / 2 - t->count)
        return npu_fail(err, NPU_LIMIT, "trace of more than %u spans", UINT32_MAX / 2);
    uint32_t cap = t->count + n;
    npu_span *s = realloc(t->span, cap * sizeof *s);
    if (!s)
        return npu_fail(err, NPU_LIMIT, "no memory for a trace of %u spans", cap);
    t->span = s;
    t->capacity = cap;
    return NPU_OK;
}

static npu_wait wait_on(npu_unit unit)
{
    static const npu_wait of_unit[NPU_UNITS] = {
        [NPU_UNIT_TIU] = NPU_WAIT_TIU,     [NPU_UNIT_LOAD] = NPU_WAIT_LOAD,
        [NPU_UNIT_STORE] = NPU_WAIT_STORE, [NPU_UNIT_MOVE] = NPU_WAIT_MOVE,
        [NPU_UNIT_CPU] = NPU_WAIT_BARRIER};
    return of_unit[unit];
}

/* Issues the next command of queue Q if what it awaits has ended. */
static void issue(run *r, unsigned q)
{
    uint32_t k = r->issued[q];
    if (k == r->count[q] || k != r->done[q])
        return;
    const sim_op *op = &r->op[r->member[q][k]];
    if (op->wait > r->done[1 - q])
        return;
    npu_span *s = &r->pending[q];
    s->start = r->origin;
    s->blocker = r->origin_span;
    s->wait = r->origin_span == NPU_NO_SPAN ? NPU_WAIT_NONE : NPU_WAIT_BARRIER;
    if (k > 0) {
        uint32_t prev = r->span_of[q][k - 1];
        s->start = r->trace->span[prev].end + r->m->after_own[q];
        s->blocker = prev;
        s->wait = NPU_WAIT_QUEUE;
    }
    if (op->wait > 0) {
        uint32_t awaited = r->span_of[1 - q][op->wait - 1];
        int64_t t = r->trace->span[awaited].end + r->m->after_other[q];
        if (t > s->start) {
            s->start = t;
            s->blocker = awaited;
            s->wait = (uint8_t)wait_on((npu_unit)r->trace->span[awaited].unit);
        }
    }
    r->issued[q]++;
    sim_post(&r->events, s->start, (uint16_t)q, (uint16_t)(START * SIM_QUEUES + q));
}

static void start(run *r, unsigned q)
{
    const sim_op *op = &r->op[r->member[q][r->done[q]]];
    sim_cost c = r->m->cost(r->m->state, op, r->pending[q].start);
    npu_span *s = &r->trace->span[r->trace->count];
    *s = r->pending[q];
    s->end = s->start + c.ticks;
    s->critical = 0;
    s->macs = op->macs;
    s->read = op->beats_in * r->m->beat_bytes;
    s->write = op->beats_out * r->m->beat_bytes;
    s->lmem_bytes = (uint64_t)op->words * r->m->word_bytes;
    s->fixed = c.fixed;
    s->cmd = op->cmd;
    s->layer = 0;
    s->subgraph = r->subgraph;
    s->unit = op->unit;
    s->cause = (uint8_t)c.cause;
    s->kind = op->kind;
    r->span_of[q][r->done[q]] = r->trace->count++;
    sim_post(&r->events, s->end, (uint16_t)q, (uint16_t)(END * SIM_QUEUES + q));
}

static npu_status deadlock(const run *r, npu_err *err)
{
    uint32_t cmd[SIM_QUEUES], wait[SIM_QUEUES];
    for (unsigned q = 0; q < SIM_QUEUES; q++) {
        bool left = r->done[q] < r->count[q];
        const sim_op *op = left ? &r->op[r->member[q][r->done[q]]] : NULL;
        cmd[q] = left ? r->done[q] + 1 : 0;
        wait[q] = left ? op->wait : 0;
    }
    return npu_fail(err, NPU_BAD_INPUT,
                    "commands wait for each other: TIU command %u for TDMA command %u, TDMA "
                    "command %u for TIU command %u (0: none left)",
                    cmd[SIM_TIU], wait[SIM_TIU], cmd[SIM_TDMA], wait[SIM_TDMA]);
}

/* Runs the ops of one segment; R->op and R->member describe it. */
static npu_status run_segment(run *r, npu_err *err)
{
    sim_event e;
    r->events.n = 0;
    for (unsigned q = 0; q < SIM_QUEUES; q++) {
        r->issued[q] = r->done[q] = 0;
        memset(&r->pending[q], 0, sizeof r->pending[q]);
    }
    for (unsigned q = 0; q < SIM_QUEUES; q++)
        issue(r, q);
    while (sim_next(&r->events, &e)) {
        unsigned q = e.what % SIM_QUEUES;
        if (e.what / SIM_QUEUES == START) {
            start(r, q);
            continue;
        }
        r->done[q]++;
        issue(r, q);
        issue(r, 1 - q);
    }
    for (unsigned q = 0; q < SIM_QUEUES; q++)
        if (r->done[q] != r->count[q])
            return deadlock(r, err);
    return NPU_OK;
}

/* Later of the last spans of both queues. */
static sim_end segment_end(const run *r)
{
    sim_end end = {r->origin, r->origin_span};
    for (unsigned q = 0; q < SIM_QUEUES; q++) {
        if (r->count[q] == 0)
            continue;
        uint32_t last = r->span_of[q][r->count[q] - 1];
        if (r->trace->span[last].end > end.end || end.last == r->origin_span)
            end = (sim_end){r->trace->span[last].end, last};
    }
    return end;
}

static npu_status run_all(run *r, uint32_t n, sim_end *end, npu_err *err)
{
    for (uint32_t i = 0; i < n;) {
        uint16_t segment = r->op[i].segment;
        if (i > 0)
            r->origin += r->m->segment;
        r->count[0] = r->count[1] = 0;
        for (; i < n && r->op[i].segment == segment; i++)
            r->member[r->op[i].queue][r->count[r->op[i].queue]++] = i;
        NPU_TRY(run_segment(r, err));
        *end = segment_end(r);
        r->origin = end->end;
        r->origin_span = end->last;
    }
    return NPU_OK;
}

npu_status sim_run(const sim_machine *m, const sim_op *op, uint32_t n, uint16_t subgraph,
                   int64_t start_tick, uint32_t after, npu_trace *trace, sim_end *end,
                   npu_err *err)
{
    run r = {.m = m, .op = op, .trace = trace, .origin = start_tick, .origin_span = after,
             .subgraph = subgraph};
    *end = (sim_end){start_tick, after};
    NPU_TRY(sim_trace_reserve(trace, n, err));
    uint32_t *block = malloc((4 * (size_t)n + 1) * sizeof *block);
    if (!block)
        return npu_fail(err, NPU_LIMIT, "no memory to run %u commands", n);
    for (unsigned q = 0; q < SIM_QUEUES; q++) {
        r.member[q] = block + (size_t)q * n;
        r.span_of[q] = block + (size_t)(SIM_QUEUES + q) * n;
    }
    npu_status s = run_all(&r, n, end, err);
    free(block);
    return s;
}
