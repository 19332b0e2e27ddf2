/* See cvi_layout.h: what a group keeps in local memory, and where.
 *
 * Inputs, weights and results live through the whole slot, twice when they change from slot to
 * slot, so that transfers run beside the computation; what only passes from operator to operator
 * shares the rest by lifetime. */
#include "compiler/cvi_layout.h"

cvi_item *cvi_item_of_map(cvi_layout *l, int32_t map)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->item[i].role <= CVI_INNER && l->item[i].map == map)
            return &l->item[i];
    return NULL;
}

cvi_item *cvi_item_of_op(cvi_layout *l, cvi_role role, uint32_t op)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->item[i].role == role && l->item[i].op == op)
            return &l->item[i];
    return NULL;
}

static cvi_item *add(cvi_layout *l, cvi_role role, int32_t map, uint32_t op)
{
    cvi_item *it = &l->item[l->n++];
    *it = (cvi_item){.role = role, .map = map, .op = op, .from = l->g->first, .to = l->g->last,
                     .copies = 1};
    return it;
}

static void add_input(cvi_layout *l, int32_t map)
{
    if (map != NPU_NONE && !cvi_item_of_map(l, map))
        add(l, CVI_IN, map, 0);
}

static void collect(cvi_layout *l)
{
    const cvi_state *s = l->s;
    for (uint32_t i = l->g->first; i <= l->g->last; i++) {
        const cvi_op *op = &s->op[i];
        add_input(l, op->a);
        if (op->filter.row)
            add(l, CVI_FILTER, NPU_NONE, i);
        if (op->record.row)
            add(l, CVI_RECORDS, NPU_NONE, i);
        if (op->table.row)
            add(l, CVI_LOOKUP, NPU_NONE, i);
        add_input(l, op->b);
        bool out = cvi_crosses(s, l->g, op->out);
        cvi_item *it = add(l, out ? CVI_OUT : CVI_INNER, op->out, i);
        if (!out) {
            it->from = i;
            it->to = s->last_read[op->out];
        }
    }
}

uint32_t cvi_filter_bytes(const cvi_state *s, const cvi_op *op, uint32_t channels)
{
    uint32_t row = op->filter.row, total = 0;
    if (op->kind != CVI_CONV)
        return cvi_up(row, 16) * ((channels + s->lanes - 1) / s->lanes);
    for (uint32_t g = 0, n = channels / op->group; g < op->group; g++)
        total += cvi_up(row * ((g * n % s->lanes + n + s->lanes - 1) / s->lanes), 16);
    return total;
}

static uint32_t record_bytes(const cvi_state *s, const cvi_op *op, uint32_t channels)
{
    uint32_t total = 0;
    for (uint32_t g = 0, n = channels / op->group; g < op->group; g++)
        total += cvi_up(op->record.row * ((g * n % s->lanes + n + s->lanes - 1) / s->lanes), 16);
    return total;
}

cvi_box cvi_item_key(const cvi_layout *l, const cvi_item *item, uint32_t slot)
{
    if (item->role <= CVI_INNER)
        return l->box[item->map];
    cvi_box b = {{0, 0}, {0, 0}, {0, 0}, 0};
    b.c = (cvi_span){0, (int32_t)l->s->map[l->s->op[item->op].out].c};
    if (item->role != CVI_LOOKUP && l->g->channels < l->s->map[l->s->op[l->g->last].out].c)
        b.c = cvi_chunk_span(l->s, l->g, cvi_slot_chunk(l->s, l->g, slot));
    return b;
}

bool cvi_same_key(cvi_box a, cvi_box b)
{
    return a.n == b.n && a.c.lo == b.c.lo && a.c.hi == b.c.hi && a.y.lo == b.y.lo &&
           a.y.hi == b.y.hi && a.x.lo == b.x.lo && a.x.hi == b.x.hi;
}

static uint32_t bytes_of(const cvi_layout *l, const cvi_item *it, cvi_box key)
{
    const cvi_state *s = l->s;
    uint32_t n = (uint32_t)cvi_len(key.c);
    switch (it->role) {
    case CVI_FILTER:
        return cvi_filter_bytes(s, &s->op[it->op], n);
    case CVI_RECORDS:
        return record_bytes(s, &s->op[it->op], n);
    case CVI_LOOKUP:
        return CVI_TABLE;
    default:
        return cvi_box_bytes(s, key) *
               (it->role != CVI_IN && s->op[it->op].kind == CVI_ADD ? 2 : 1);
    }
}

/* Sizes over all slots.  False: some operator cannot run on its box. */
static bool measure(cvi_layout *l)
{
    uint32_t slots = cvi_slot_count(l->s, l->g);
    for (uint32_t k = 0; k < slots; k++) {
        if (!cvi_slot_boxes(l->s, l->g, k, l->box))
            return false;
        for (uint32_t i = 0; i < l->n; i++) {
            cvi_item *it = &l->item[i];
            cvi_box key = cvi_item_key(l, it, k);
            if (key.n == UINT32_MAX)
                continue;
            if (it->role <= CVI_INNER &&
                (cvi_len(key.c) > CVI_FIELD_MAX || cvi_len(key.y) > CVI_FIELD_MAX ||
                 cvi_len(key.x) > CVI_FIELD_MAX))
                return false;
            uint32_t bytes = bytes_of(l, it, key);
            if (bytes > it->bytes)
                it->bytes = bytes;
            if (it->bytes > l->s->lane_bytes)
                return false;
            it->varies = it->varies || (it->held && !cvi_same_key(it->key, key));
            it->key = key;
            it->held = true;
        }
    }
    for (uint32_t i = 0; i < l->n; i++) {
        l->item[i].bytes = cvi_up(l->item[i].bytes, CVI_ALIGN);
        l->item[i].held = false;
    }
    return true;
}

/* Lowest place for BYTES of IT beside the items placed before it. */
static uint32_t lowest(const cvi_layout *l, const cvi_item *it, const bool *placed)
{
    uint32_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < l->n; i++) {
            const cvi_item *o = &l->item[i];
            for (uint32_t c = 0; placed[i] && c < o->copies; c++) {
                bool meet = it->from <= o->to && o->from <= it->to;
                if (meet && at < o->at[c] + o->bytes && o->at[c] < at + it->bytes) {
                    at = o->at[c] + o->bytes;
                    moved = true;
                }
            }
        }
    }
    return at;
}

/* Places everything; false: it does not fit. */
static bool place(cvi_layout *l)
{
    bool placed[CVI_ITEMS] = {false};
    uint32_t base = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        cvi_item *it = &l->item[i];
        if (it->role == CVI_INNER)
            continue;
        for (uint32_t c = 0; c < it->copies; c++) {
            it->at[c] = base;
            base += it->bytes;
        }
        placed[i] = true;
    }
    for (uint32_t i = 0; i < l->n && base <= l->s->lane_bytes; i++) {
        cvi_item *it = &l->item[i];
        if (it->role != CVI_INNER)
            continue;
        it->at[0] = lowest(l, it, placed);
        if (it->at[0] + it->bytes > l->s->lane_bytes)
            return false;
        placed[i] = true;
    }
    return base <= l->s->lane_bytes;
}

/* With how many copies: everything twice, then results once, then all once. */
static bool place_best(cvi_layout *l)
{
    for (int level = 0; level < 3; level++) {
        for (uint32_t i = 0; i < l->n; i++) {
            cvi_item *it = &l->item[i];
            bool twice = it->varies && it->role != CVI_INNER &&
                         (level == 0 || (level == 1 && it->role != CVI_OUT));
            it->copies = twice ? 2 : 1;
        }
        if (place(l))
            return true;
    }
    return false;
}

npu_status cvi_layout_make(cvi_layout *l, bool top, bool *fits, npu_err *err)
{
    *fits = false;
    if (l->g->last - l->g->first >= CVI_GROUP_OPS)
        return npu_fail(err, NPU_LIMIT, "group of more than %d operators", (int)CVI_GROUP_OPS);
    collect(l);
    if (!measure(l) || !place_best(l))
        return NPU_OK;
    *fits = true;
    for (uint32_t i = 0; top && i < l->n; i++)
        for (uint32_t c = 0; c < l->item[i].copies; c++)
            l->item[i].at[c] = l->s->lane_bytes - l->item[i].at[c] - l->item[i].bytes;
    return NPU_OK;
}
