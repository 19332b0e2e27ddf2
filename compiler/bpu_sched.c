/* Order of the transfers, and what each command waits for.
 *
 * MAC commands keep program order.  The one queue of transfers takes what can start first: loads
 * run ahead as far as room on chip allows, a store that is not ready holds up nobody.  Times are
 * those of the cost functions, so the order is what the simulator will find best. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu.h"
#include "models/timing.h"

enum { LOOK_AHEAD = 96 };

typedef struct {
    const bpu_net *b;
    bpu_prog *p;
    hw_timing timing;
    int64_t *end;           /* per item: tick it ends at, -1: not scheduled */
    uint32_t *at;           /* per item: number in its queue, from 1 */
    uint32_t mac, count[2]; /* next MAC item to time; items scheduled per queue */
    int64_t now[2];         /* end of the last item per queue */
    uint32_t written;
} sched;

static bool is_mac(const bpu_item *x)
{
    return x->cmd.engine == NPU_ENGINE_TIU;
}

static int64_t duration(const sched *s, const bpu_item *x)
{
    hw_timing t = s->timing;
    return hw_cost(&t, &x->op, 0).ticks;
}

static void place(sched *s, uint32_t i, int64_t start)
{
    const bpu_item *x = &s->p->item[i];
    unsigned q = is_mac(x) ? 0 : 1;
    s->now[q] = s->end[i] = start + duration(s, x);
    s->at[i] = ++s->count[q];
    s->p->order[s->written++] = i;
}

/* Times the MAC items whose transfers are scheduled. */
static void run_mac(sched *s, uint32_t end)
{
    for (; s->mac < end; s->mac++) {
        const bpu_item *x = &s->p->item[s->mac];
        int64_t start = s->now[0];
        if (!is_mac(x))
            continue;
        for (uint32_t d = 0; d < x->ndma; d++) {
            if (s->end[x->dma[d]] < 0)
                return;
            start = s->end[x->dma[d]] > start ? s->end[x->dma[d]] : start;
        }
        place(s, s->mac, start);
    }
}

/* Tick at which transfer I could start; -1: something it needs is not scheduled. */
static int64_t ready(const sched *s, uint32_t i, uint32_t begin)
{
    const bpu_item *x = &s->p->item[i];
    int64_t start = s->now[1];
    for (uint32_t d = 0; d < x->ndma; d++)
        if (x->dma[d] >= begin && s->end[x->dma[d]] < 0)
            return -1;
    if (x->mac >= (int64_t)begin) {
        if (s->end[x->mac] < 0)
            return -1;
        start = s->end[x->mac] > start ? s->end[x->mac] : start;
    }
    return start;
}

/* Transfers of one function call, items [BEGIN, END). */
static npu_status run_call(sched *s, uint32_t begin, uint32_t end, npu_err *err)
{
    uint32_t first = begin;
    s->mac = begin;
    s->count[0] = s->count[1] = 0;
    for (;;) {
        uint32_t best = end, seen = 0;
        int64_t start = 0;
        run_mac(s, end);
        while (first < end && (is_mac(&s->p->item[first]) || s->end[first] >= 0))
            first++;
        for (uint32_t i = first; i < end && seen < LOOK_AHEAD; i++) {
            if (is_mac(&s->p->item[i]) || s->end[i] >= 0)
                continue;
            seen++;
            int64_t t = ready(s, i, begin);
            if (t >= 0 && (best == end || t < start)) {
                best = i;
                start = t;
            }
            if (best != end && start <= s->now[1])
                break;
        }
        if (best == end)
            break;
        place(s, best, start);
    }
    if (first < end || s->mac < end)
        return npu_fail(err, NPU_LIMIT, "commands wait for each other");
    return NPU_OK;
}

/* One after the other: each transfer waits for what came before it, and the next for it. */
static void run_serial(sched *s, uint32_t begin, uint32_t end)
{
    s->count[0] = s->count[1] = 0;
    for (uint32_t i = begin; i < end; i++)
        place(s, i, s->now[0] > s->now[1] ? s->now[0] : s->now[1]);
}

/* Waits as command numbers of the other queue. */
static npu_status number(sched *s, bool serial, npu_err *err)
{
    uint32_t last[2] = {0, 0}, call = 0;
    for (uint32_t k = 0; k < s->written; k++) {
        bpu_item *x = &s->p->item[s->p->order[k]];
        unsigned q = is_mac(x) ? 0 : 1;
        uint32_t wait = 0;
        if (x->fcall != call)
            last[0] = last[1] = 0;
        call = x->fcall;
        if (serial) {
            wait = last[1 - q];
        } else if (q == 0) {
            for (uint32_t d = 0; d < x->ndma; d++)
                if (s->p->item[x->dma[d]].fcall == call && s->at[x->dma[d]] > wait)
                    wait = s->at[x->dma[d]];
        } else if (x->mac >= 0 && s->p->item[x->mac].fcall == call) {
            wait = s->at[x->mac];
        }
        uint32_t id = s->at[s->p->order[k]];
        last[q] = id;
        if (id > UINT16_MAX)
            return npu_fail(err, NPU_LIMIT, "more than %u commands in one function call",
                            UINT16_MAX);
        x->cmd.id = (uint16_t)id;
        x->cmd.wait = (uint16_t)wait;
    }
    return NPU_OK;
}

static npu_status works(const bpu_net *b, bpu_prog *p, npu_err *err)
{
    for (uint32_t i = 0; i < p->n; i++) {
        NPU_TRY(bpu_work(b, &p->item[i].cmd, &p->item[i].op, err));
        if (b->o->cores == 2) { /* both cores share the DDR */
            p->item[i].op.beats_in *= 2;
            p->item[i].op.beats_out *= 2;
        }
    }
    return NPU_OK;
}

npu_status bpu_schedule(const bpu_net *b, bpu_prog *p, int level, npu_err *err)
{
    sched s = {.b = b, .p = p, .timing = hw_timing_of(b->chip),
               .end = malloc((p->n + 1) * sizeof *s.end),
               .at = calloc(p->n + 1, sizeof *s.at)};
    p->order = calloc(p->n + 1, sizeof *p->order);
    npu_status st = s.end && s.at && p->order ? works(b, p, err)
                                              : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; st == NPU_OK && i < p->n; i++)
        s.end[i] = -1;
    for (uint32_t begin = 0, end; st == NPU_OK && begin < p->n; begin = end) {
        for (end = begin; end < p->n && p->item[end].fcall == p->item[begin].fcall; end++)
            ;
        if (level == 0)
            run_serial(&s, begin, end);
        else
            st = run_call(&s, begin, end, err);
        bool several = p->item[begin].group != p->item[end - 1].group;
        int64_t now = s.now[0] > s.now[1] ? s.now[0] : s.now[1];
        s.now[0] = s.now[1] = now;
        if (several && (double)now - p->time > p->longest)
            p->longest = (double)now - p->time;
        p->time = (double)now;
    }
    if (st == NPU_OK)
        st = number(&s, level == 0, err);
    free(s.end);
    free(s.at);
    return st;
}
