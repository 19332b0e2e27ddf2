/* The slots of a group: what each loads, computes and stores. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_layout.h"

void cvi_slots_free(cvi_slots *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        free(s->v[i].load.v);
        free(s->v[i].compute.v);
        free(s->v[i].store.v);
    }
    free(s->v);
    *s = (cvi_slots){0};
}

static cvi_cmd *transfer(cvi_list *l, const cvi_op *op, uint8_t dir, npu_kind kind)
{
    cvi_cmd *c = cvi_push(l);
    if (!c)
        return NULL;
    c->c.engine = NPU_ENGINE_TDMA;
    c->c.kind = (uint8_t)kind;
    c->c.layer = op->layer + 1;
    c->c.u.tdma.dir = dir;
    c->c.u.tdma.n = 1;
    c->c.u.tdma.src_bytes = c->c.u.tdma.dst_bytes = 1;
    return c;
}

typedef struct { uint32_t c, h, w; } extent;

static void shape(npu_tdma *t, extent e)
{
    t->src_c = t->dst_c = e.c;
    t->src_h = t->dst_h = e.h;
    t->src_w = t->dst_w = e.w;
}

/* DDR and local side of BOX, part of MAP, whose STORED part lies at AT. */
typedef struct { uint64_t ddr; uint32_t ddr_c, ddr_h, ddr_n, lane, lane_c, lane_h, lane_n; } sides;

static sides sides_of(const cvi_state *s, int32_t map, cvi_box stored, uint32_t at, cvi_box box)
{
    const cvi_map *m = &s->map[map], *r = &s->map[m->root];
    uint32_t plane = cvi_plane(stored), w = (uint32_t)cvi_len(stored.x);
    uint32_t skip = (uint32_t)(box.c.lo - stored.c.lo);
    uint64_t in = (uint64_t)box.c.lo * m->c_str + (uint64_t)box.y.lo * m->h_str +
                  (uint64_t)box.x.lo;
    return (sides){
        .ddr = r->addr + m->at + box.n * m->n_str + in, .ddr_c = m->c_str, .ddr_h = m->h_str,
        .ddr_n = (uint32_t)m->n_str,
        .lane = at + skip / s->lanes * plane + (uint32_t)(box.y.lo - stored.y.lo) * w +
                (uint32_t)(box.x.lo - stored.x.lo),
        .lane_c = plane, .lane_h = w,
        .lane_n = plane * (((uint32_t)cvi_len(stored.c) + s->lanes - 1) / s->lanes)};
}

static extent extent_of(cvi_box b)
{
    return (extent){(uint32_t)cvi_len(b.c), (uint32_t)cvi_len(b.y), (uint32_t)cvi_len(b.x)};
}

static void grains(uint16_t *lo, uint16_t *hi, uint32_t at, uint32_t bytes)
{
    *lo = (uint16_t)(at / CVI_ALIGN);
    *hi = (uint16_t)((at + bytes + CVI_ALIGN - 1) / CVI_ALIGN);
}

static bool load_map(const cvi_layout *l, const cvi_item *it, const cvi_op *op, cvi_list *out)
{
    cvi_cmd *c = transfer(out, op, 0, NPU_KIND_LOAD);
    if (!c)
        return false;
    npu_tdma *t = &c->c.u.tdma;
    sides d = sides_of(l->s, it->map, it->key, it->at[it->now], it->key);
    shape(t, extent_of(it->key));
    t->src_sel = l->s->map[l->s->map[it->map].root].sel;
    t->src = d.ddr;
    t->src_c_str = d.ddr_c;
    t->src_h_str = d.ddr_h;
    t->src_n_str = d.ddr_n;
    t->dst = d.lane;
    t->dst_c_str = d.lane_c;
    t->dst_h_str = d.lane_h;
    t->dst_n_str = d.lane_n;
    grains(&c->write.lo, &c->write.hi, it->at[it->now], cvi_box_bytes(l->s, it->key));
    return true;
}

static bool store_map(const cvi_layout *l, const cvi_item *it, uint32_t slot, cvi_list *out)
{
    cvi_box part = cvi_slot_part(l->s, l->g, slot, it->map);
    if (cvi_len(part.c) <= 0 || cvi_len(part.y) <= 0 || cvi_len(part.x) <= 0)
        return true;
    cvi_cmd *c = transfer(out, &l->s->op[it->op], 1, NPU_KIND_STORE);
    if (!c)
        return false;
    npu_tdma *t = &c->c.u.tdma;
    sides d = sides_of(l->s, it->map, it->key, it->at[it->now], part);
    shape(t, extent_of(part));
    t->dst_sel = l->s->map[l->s->map[it->map].root].sel;
    t->dst = d.ddr;
    t->dst_c_str = d.ddr_c;
    t->dst_h_str = d.ddr_h;
    t->dst_n_str = d.ddr_n;
    t->src = d.lane;
    t->src_c_str = d.lane_c;
    t->src_h_str = d.lane_h;
    t->src_n_str = d.lane_n;
    grains(&c->read[0].lo, &c->read[0].hi, it->at[it->now], cvi_box_bytes(l->s, it->key));
    c->nread = 1;
    return true;
}

/* CHANNELS rows of BLOB from channel FIRST, into lane LANE on at AT, STEP bytes per channel. */
typedef struct { const cvi_blob *blob; uint32_t first, channels, lane, at, step; extent e; } piece;

static bool load_blob(const cvi_state *s, const cvi_op *op, piece p, cvi_list *out)
{
    cvi_cmd *c = transfer(out, op, 0, NPU_KIND_LOAD);
    if (!c)
        return false;
    npu_tdma *t = &c->c.u.tdma;
    uint32_t rows = (p.lane + p.channels + s->lanes - 1) / s->lanes;
    shape(t, p.e);
    t->src_sel = NPU_MEM_WEIGHT;
    t->src = s->weight_base + p.blob->offset + (uint64_t)p.first * p.blob->row;
    t->src_c_str = p.blob->row;
    t->src_h_str = t->dst_h_str = p.e.w;
    t->src_n_str = p.blob->row * p.channels;
    t->dst = p.at + p.lane * s->lane_bytes;
    t->dst_c_str = p.step;
    t->dst_n_str = p.step * rows;
    grains(&c->write.lo, &c->write.hi, p.at, p.step * rows);
    return true;
}

static bool load_filter(const cvi_state *s, const cvi_item *it, cvi_list *out)
{
    const cvi_op *op = &s->op[it->op];
    uint32_t channels = (uint32_t)cvi_len(it->key.c), at = it->at[it->now];
    uint32_t first = (uint32_t)it->key.c.lo, n = channels / op->group, row = op->filter.row;
    if (op->kind != CVI_CONV)
        return load_blob(s, op, (piece){&op->filter, first, channels, 0, at, cvi_up(row, 16),
                                        {channels, op->kh, op->kw}}, out);
    for (uint32_t g = 0; g < op->group; g++) {
        uint32_t lane = g * n % s->lanes;
        if (!load_blob(s, op, (piece){&op->filter, first + g * n, n, lane, at, row,
                                      {n, op->kh * op->kw, op->ic}}, out))
            return false;
        at += cvi_up(row * ((lane + n + s->lanes - 1) / s->lanes), 16);
    }
    return true;
}

static bool load_records(const cvi_state *s, const cvi_item *it, cvi_list *out)
{
    const cvi_op *op = &s->op[it->op];
    uint32_t at = it->at[it->now], first = (uint32_t)it->key.c.lo, row = op->record.row;
    uint32_t n = (uint32_t)cvi_len(it->key.c) / op->group;
    for (uint32_t g = 0; g < op->group; g++) {
        uint32_t lane = g * n % s->lanes;
        if (!load_blob(s, op, (piece){&op->record, first + g * n, n, lane, at, row, {n, 1, row}},
                       out))
            return false;
        at += cvi_up(row * ((lane + n + s->lanes - 1) / s->lanes), 16);
    }
    return true;
}

/* One copy of the table in DDR goes to every lane. */
static bool load_table(const cvi_state *s, const cvi_item *it, cvi_list *out)
{
    const cvi_op *op = &s->op[it->op];
    if (!load_blob(s, op, (piece){&op->table, 0, s->lanes, 0, it->at[it->now], CVI_TABLE,
                                  {s->lanes, 1, CVI_TABLE}}, out))
        return false;
    out->v[out->n - 1].c.u.tdma.src_c_str = out->v[out->n - 1].c.u.tdma.src_n_str = 0;
    return true;
}

/* First operator of the group that reads MAP: the load is part of its layer. */
static const cvi_op *reader(const cvi_layout *l, int32_t map)
{
    for (uint32_t i = l->g->first; i < l->g->last; i++)
        if (l->s->op[i].a == map || l->s->op[i].b == map)
            return &l->s->op[i];
    return &l->s->op[l->g->last];
}

static bool load_item(const cvi_layout *l, const cvi_item *it, cvi_list *out)
{
    switch (it->role) {
    case CVI_IN:
        return load_map(l, it, reader(l, it->map), out);
    case CVI_FILTER:
        return load_filter(l->s, it, out);
    case CVI_RECORDS:
        return load_records(l->s, it, out);
    case CVI_LOOKUP:
        return load_table(l->s, it, out);
    default:
        return true;
    }
}

/* Turns every item to what the slot needs; loads what is not there. */
static bool turn(cvi_layout *l, uint32_t slot, cvi_list *load)
{
    for (uint32_t i = 0; i < l->n; i++) {
        cvi_item *it = &l->item[i];
        cvi_box key = cvi_item_key(l, it, slot);
        it->wanted = key.n != UINT32_MAX;
        if (!it->wanted || (it->held && it->role != CVI_OUT && cvi_same_key(it->key, key)))
            continue;
        if (it->held && it->copies == 2)
            it->now ^= 1;
        it->held = true;
        it->key = key;
        if (!load_item(l, it, load))
            return false;
    }
    return true;
}

static uint32_t at_of(const cvi_item *it)
{
    return it ? it->at[it->now] : 0;
}

static npu_status compute(cvi_layout *l, uint32_t i, cvi_list *out, npu_err *err)
{
    const cvi_op *op = &l->s->op[i];
    cvi_item *a = cvi_item_of_map(l, op->a), *o = cvi_item_of_map(l, op->out), *b = NULL;
    cvi_place_of p = {.a = a->key, .out = o->key, .a_at = at_of(a), .out_at = at_of(o)};
    uint32_t from = out->n;
    if (!o->wanted)
        return NPU_OK;
    if (op->b != NPU_NONE) {
        b = cvi_item_of_map(l, op->b);
        p.b = b->key;
        p.b_at = at_of(b);
    }
    p.filter_at = at_of(cvi_item_of_op(l, CVI_FILTER, i));
    p.record_at = at_of(cvi_item_of_op(l, CVI_RECORDS, i));
    p.table_at = at_of(cvi_item_of_op(l, CVI_LOOKUP, i));
    NPU_TRY(cvi_tiu(l->s, op, &p, out, err));
    for (; from < out->n; from++)
        out->v[from].c.layer = op->layer + 1;
    return NPU_OK;
}

static npu_status slot(cvi_layout *l, uint32_t k, cvi_slots *out, npu_err *err)
{
    cvi_slot *v = cvi_grow(&out->v, &out->n, &out->cap, sizeof *v);
    if (!v)
        return cvi_no_memory(err);
    cvi_slot_boxes(l->s, l->g, k, l->box);
    if (!turn(l, k, &v->load))
        return cvi_no_memory(err);
    for (uint32_t i = l->g->first; i <= l->g->last; i++)
        NPU_TRY(compute(l, i, &v->compute, err));
    for (uint32_t i = 0; i < l->n; i++)
        if (l->item[i].role == CVI_OUT && l->item[i].wanted &&
            !store_map(l, &l->item[i], k, &v->store))
            return cvi_no_memory(err);
    return NPU_OK;
}

npu_status cvi_group_slots(const cvi_state *s, const cvi_group *g, bool top, cvi_slots *out,
                           bool *fits, npu_err *err)
{
    cvi_layout *l = calloc(1, sizeof *l);
    cvi_box *box = calloc(s->nmap, sizeof *box);
    npu_status st = l && box ? NPU_OK : cvi_no_memory(err);
    if (st == NPU_OK) {
        l->s = s;
        l->g = g;
        l->box = box;
        st = cvi_layout_make(l, top, fits, err);
    }
    uint32_t n = st == NPU_OK && *fits ? cvi_slot_count(s, g) : 0;
    for (uint32_t k = 0; k < n && st == NPU_OK; k++)
        st = slot(l, k, out, err);
    free(l);
    free(box);
    return st;
}
