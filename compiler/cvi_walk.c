/* Order of issue, command numbers and waits; and how long it takes.
 *
 * Loads of the next slot go before the computation of this one unless they touch what it still
 * uses.  What a command waits for is read off a board of local memory: who last wrote and read
 * each grain.  Executing the commands one by one in this order is always right. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"
#include "models/timing.h"
#include "models/work.h"

typedef struct { uint16_t tiu_write, tiu_read, dma_write, dma_read; } grain;

typedef struct {
    grain *board;
    uint32_t grains;
    uint16_t tiu, dma;      /* last numbers given */
    uint16_t dma_wait;      /* of the TDMA command before */
    cvi_list *out;
} walk;

static uint16_t later(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

/* Latest command of the other engine that C depends on. */
static uint16_t awaited(const walk *w, const cvi_cmd *c)
{
    bool tiu = c->c.engine == NPU_ENGINE_TIU;
    uint16_t last = 0;
    for (uint8_t r = 0; r < c->nread; r++)
        for (uint32_t i = c->read[r].lo; i < c->read[r].hi; i++)
            last = later(last, tiu ? w->board[i].dma_write : w->board[i].tiu_write);
    for (uint32_t i = c->write.lo; i < c->write.hi; i++) {
        const grain *g = &w->board[i];
        last = later(last, tiu ? later(g->dma_write, g->dma_read)
                               : later(g->tiu_write, g->tiu_read));
    }
    return last;
}

static void note(walk *w, const cvi_cmd *c)
{
    bool tiu = c->c.engine == NPU_ENGINE_TIU;
    for (uint8_t r = 0; r < c->nread; r++)
        for (uint32_t i = c->read[r].lo; i < c->read[r].hi; i++)
            *(tiu ? &w->board[i].tiu_read : &w->board[i].dma_read) = c->c.id;
    for (uint32_t i = c->write.lo; i < c->write.hi; i++)
        *(tiu ? &w->board[i].tiu_write : &w->board[i].dma_write) = c->c.id;
}

/* Numbers are 16 bits; when one engine runs out, both begin again: a new segment. */
static void begin_segment(walk *w)
{
    memset(w->board, 0, w->grains * sizeof *w->board);
    w->tiu = w->dma = w->dma_wait = 0;
}

static bool issue(walk *w, const cvi_cmd *c)
{
    cvi_cmd *to = cvi_push(w->out);
    if (!to)
        return false;
    *to = *c;
    if (w->tiu == CVI_ID_MAX || w->dma == CVI_ID_MAX)
        begin_segment(w);
    bool tiu = c->c.engine == NPU_ENGINE_TIU;
    to->c.id = tiu ? ++w->tiu : ++w->dma;
    to->c.wait = awaited(w, to);
    if (!tiu) { /* as the vendor's: one without a wait of its own repeats the one before */
        if (to->c.wait < w->dma_wait)
            to->c.wait = w->dma_wait;
        w->dma_wait = to->c.wait;
    }
    note(w, to);
    return true;
}

static bool issue_all(walk *w, const cvi_list *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (!issue(w, &l->v[i]))
            return false;
    return true;
}

typedef struct { uint8_t sel; uint64_t lo, len; uint32_t c_str; } stretch; /* of one channel */

static stretch stretch_of(const npu_tdma *t, bool src)
{
    uint32_t h = src ? t->src_h : t->dst_h, w = src ? t->src_w : t->dst_w;
    uint32_t h_str = src ? t->src_h_str : t->dst_h_str, c = src ? t->src_c : t->dst_c;
    uint32_t c_str = src ? t->src_c_str : t->dst_c_str;
    stretch s = {src ? t->src_sel : t->dst_sel, src ? t->src : t->dst,
                 (uint64_t)(h - 1) * h_str + w, c_str};
    if (c > 1 && s.len > c_str) { /* channels interleave: one stretch of all */
        s.len += (uint64_t)(c - 1) * c_str;
        s.c_str = 0;
    }
    return s;
}

/* Whether a load reads what a store writes.  Rows of planes of one size are told apart; anything
 * else in the same memory counts as the same when the hulls meet. */
static bool same_ddr(const npu_tdma *load, const npu_tdma *store)
{
    stretch a = stretch_of(load, true), b = stretch_of(store, false);
    if (a.sel != b.sel)
        return false;
    uint64_t a_end = a.lo + a.len + (uint64_t)(load->src_c - 1) * a.c_str;
    uint64_t b_end = b.lo + b.len + (uint64_t)(store->dst_c - 1) * b.c_str;
    if (a_end <= b.lo || b_end <= a.lo)
        return false;
    if (a.c_str == 0 || a.c_str != b.c_str)
        return true;
    uint64_t c = a.c_str, d = (b.lo % c + c - a.lo % c) % c;
    return d < a.len || d + b.len > c;
}

static bool meet(uint16_t alo, uint16_t ahi, uint16_t blo, uint16_t bhi)
{
    return alo < bhi && blo < ahi;
}

/* Whether LOAD must stay behind X. */
static bool behind(const cvi_cmd *load, const cvi_cmd *x)
{
    if (meet(load->write.lo, load->write.hi, x->write.lo, x->write.hi))
        return true;
    for (uint8_t r = 0; r < x->nread; r++)
        if (meet(load->write.lo, load->write.hi, x->read[r].lo, x->read[r].hi))
            return true;
    return x->c.engine == NPU_ENGINE_TDMA && same_ddr(&load->c.u.tdma, &x->c.u.tdma);
}

static bool behind_any(const cvi_cmd *load, const cvi_list *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (behind(load, &l->v[i]))
            return true;
    return false;
}

/* One step: loads of the next slot that may, stores of the slot before, computation of this one,
 * the loads left.  *STORED: the stores of this slot are already out. */
static bool step(walk *w, const cvi_slots *s, uint32_t k, uint8_t *when, bool *stored)
{
    static const cvi_slot none;
    const cvi_slot *now = &s->v[k], *next = k + 1 < s->n ? &s->v[k + 1] : &none;
    const cvi_list *before = k > 0 && !*stored ? &s->v[k - 1].store : &none.store;
    bool left = false, after_store = false;
    for (uint32_t i = 0; i < next->load.n; i++) {
        const cvi_cmd *c = &next->load.v[i];
        bool store = behind_any(c, &now->store), late = store || behind_any(c, &now->compute);
        when[i] = late ? 2 : behind_any(c, before);
        left = left || late;
        after_store = after_store || store;
        if (when[i] == 0 && !issue(w, c))
            return false;
    }
    if (!issue_all(w, before))
        return false;
    for (uint32_t i = 0; i < next->load.n; i++)
        if (when[i] == 1 && !issue(w, &next->load.v[i]))
            return false;
    if (!issue_all(w, &now->compute))
        return false;
    *stored = left && after_store;
    if (*stored && !issue_all(w, &now->store))
        return false;
    for (uint32_t i = 0; i < next->load.n; i++)
        if (when[i] == 2 && !issue(w, &next->load.v[i]))
            return false;
    return true;
}

npu_status cvi_walk(const cvi_slots *slots, uint32_t lane_bytes, cvi_list *out, npu_err *err)
{
    walk w = {.grains = lane_bytes / CVI_ALIGN + 1, .out = out};
    uint32_t most = 1;
    bool stored = true, ok = true;
    for (uint32_t k = 0; k < slots->n; k++)
        most = slots->v[k].load.n > most ? slots->v[k].load.n : most;
    uint8_t *when = malloc(most);
    w.board = calloc(w.grains, sizeof *w.board);
    ok = when && w.board && (slots->n == 0 || issue_all(&w, &slots->v[0].load));
    for (uint32_t k = 0; k < slots->n && ok; k++)
        ok = step(&w, slots, k, when, &stored);
    if (ok && slots->n && !stored)
        ok = issue_all(&w, &slots->v[slots->n - 1].store);
    free(when);
    free(w.board);
    return ok ? NPU_OK : cvi_no_memory(err);
}

npu_status cvi_time(cvi_state *s, const cvi_list *l, int64_t *ticks, uint64_t *bytes, npu_err *err)
{
    hw_timing timing = hw_timing_of(s->chip);
    sim_machine machine = hw_machine(s->chip, &timing);
    sim_op *op = calloc(l->n ? l->n : 1, sizeof *op);
    npu_status st = op ? NPU_OK : cvi_no_memory(err);
    sim_end end = {0, NPU_NO_SPAN};
    uint16_t segment = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < l->n && st == NPU_OK; i++) {
        bool tiu = l->v[i].c.engine == NPU_ENGINE_TIU;
        st = hw_work(s->chip, &l->v[i].c, &op[i], err);
        op[i].cmd = i;
        op[i].wait = l->v[i].c.wait;
        op[i].queue = tiu ? SIM_TIU : SIM_TDMA;
        op[i].segment = segment;
        *bytes += (uint64_t)(op[i].beats_in + op[i].beats_out) * machine.beat_bytes;
    }
    s->trace.count = 0;
    if (st == NPU_OK)
        st = sim_run(&machine, op, l->n, 0, 0, NPU_NO_SPAN, &s->trace, &end, err);
    *ticks = end.end;
    free(op);
    return st;
}
