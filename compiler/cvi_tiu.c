/* One operator in one slot as commands of the tensor unit, in neutral form. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"

cvi_cmd *cvi_push(cvi_list *l)
{
    if (l->n == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 16;
        cvi_cmd *v = realloc(l->v, cap * sizeof *v);
        if (!v)
            return NULL;
        l->v = v;
        l->cap = cap;
    }
    memset(&l->v[l->n], 0, sizeof l->v[0]);
    return &l->v[l->n++];
}

/* Operand BOX as part of STORED, which lies at AT: explicit strides. */
static npu_opnd part(const cvi_state *s, cvi_box stored, uint32_t at, cvi_box box)
{
    uint32_t plane = cvi_plane(stored), w = (uint32_t)cvi_len(stored.x);
    uint32_t slices = ((uint32_t)cvi_len(stored.c) + s->lanes - 1) / s->lanes;
    uint32_t skip = (uint32_t)(box.c.lo - stored.c.lo);
    uint32_t addr = at + skip / s->lanes * plane + (uint32_t)(box.y.lo - stored.y.lo) * w +
                    (uint32_t)(box.x.lo - stored.x.lo);
    return (npu_opnd){.addr = addr + skip % s->lanes * s->lane_bytes, .n_str = plane * slices,
                      .c_str = plane, .h_str = w, .w_str = 1, .n = 1,
                      .c = (uint16_t)cvi_len(box.c), .h = (uint16_t)cvi_len(box.y),
                      .w = (uint16_t)cvi_len(box.x), .mode = 3, .bytes = 1};
}

static npu_opnd whole(const cvi_state *s, cvi_box stored, uint32_t at)
{
    return part(s, stored, at, stored);
}

/* Stride mode 0 says the same about a whole box without strides. */
static npu_opnd compact(npu_opnd o)
{
    o.mode = 0;
    o.n_str = o.c_str = o.h_str = o.w_str = 0;
    return o;
}

static npu_opnd constant(uint16_t v, npu_opnd like)
{
    npu_opnd o = {.addr = v, .n = 1, .c = like.c, .h = like.h, .w = like.w, .mode = 3, .bytes = 1,
                  .constant = true};
    return o;
}

static void touches(cvi_cmd *c, bool write, uint32_t at, uint32_t bytes)
{
    uint16_t lo = (uint16_t)(at / CVI_ALIGN);
    uint16_t hi = (uint16_t)((at + bytes + CVI_ALIGN - 1) / CVI_ALIGN);
    if (write) {
        c->write.lo = lo;
        c->write.hi = hi;
        return;
    }
    c->read[c->nread].lo = lo;
    c->read[c->nread++].hi = hi;
}

static cvi_cmd *start(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_list *out)
{
    cvi_cmd *c = cvi_push(out);
    if (!c)
        return NULL;
    npu_tiu *t = &c->c.u.tiu;
    const cvi_kind_info *k = &cvi_kind_table[op->kind];
    c->kind = (uint8_t)op->kind;
    c->c.engine = NPU_ENGINE_TIU;
    c->c.kind = (uint8_t)k->kind;
    t->round = k->round != 0;
    t->bias = k->operands == 3;
    t->relu = op->relu;
    t->res_shift = op->shift;
    t->stride_h = t->stride_w = t->dil_h = t->dil_w = 1;
    t->res = whole(s, p->out, p->out_at);
    t->a = whole(s, p->a, p->a_at);
    t->b = (npu_opnd){.n = 1, .c = 1, .h = 1, .w = 1, .bytes = 1};
    touches(c, true, p->out_at, cvi_box_bytes(s, p->out) * (op->kind == CVI_ADD ? 2 : 1));
    touches(c, false, p->a_at, cvi_box_bytes(s, p->a));
    return c;
}

/* Kernel, stride and the padding of this tile. */
static npu_status window(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_cmd *c,
                         npu_err *err)
{
    npu_tiu *t = &c->c.u.tiu;
    const cvi_map *m = &s->map[op->a];
    int32_t top, bottom, left, right;
    cvi_box in = p->a;
    in.y = cvi_need(cvi_axis_y(op), p->out.y, (int32_t)m->h, &top, &bottom);
    in.x = cvi_need(cvi_axis_x(op), p->out.x, (int32_t)m->w, &left, &right);
    if (op->kind != CVI_CONV)
        in.c = p->out.c;
    if (top > CVI_PAD_MAX || bottom > CVI_PAD_MAX || left > CVI_PAD_MAX || right > CVI_PAD_MAX ||
        cvi_len(in.y) <= 0 || cvi_len(in.x) <= 0)
        return cvi_fail(s, op->layer, err, "padding of a tile beyond 15, or a tile of padding");
    t->a = part(s, p->a, p->a_at, in);
    if (cvi_kind_table[op->kind].compact)
        t->a = compact(t->a);
    t->pad_t = (uint8_t)top;
    t->pad_b = (uint8_t)bottom;
    t->pad_l = (uint8_t)left;
    t->pad_r = (uint8_t)right;
    t->stride_h = (uint8_t)op->sh;
    t->stride_w = (uint8_t)op->sw;
    t->dil_h = (uint8_t)op->dh;
    t->dil_w = (uint8_t)op->dw;
    t->ins_h = (uint8_t)op->ih;
    t->ins_w = (uint8_t)op->iw;
    t->b.h = (uint16_t)op->kh;
    t->b.w = (uint16_t)op->kw;
    return NPU_OK;
}

static uint32_t slices(const cvi_state *s, uint32_t from, uint32_t n)
{
    return (from % s->lanes + n + s->lanes - 1) / s->lanes;
}

/* Per-channel records (and filters) lie in the lanes of the result's channels. */
static void records(const cvi_state *s, const cvi_op *op, uint32_t at, uint32_t bytes, cvi_cmd *c)
{
    c->c.u.tiu.quant = true;
    c->c.u.tiu.bias = op->record.row == CVI_RECORD;
    c->c.u.tiu.bias_addr = at;
    touches(c, false, at, bytes * slices(s, 0, c->c.u.tiu.res.c));
}

/* A convolution with G groups is G commands: each takes a range of lanes. */
static npu_status conv(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_list *out,
                       npu_err *err)
{
    uint32_t oc = (uint32_t)cvi_len(p->out.c) / op->group, icg = s->map[op->a].c / op->group;
    uint32_t filter = p->filter_at, record = p->record_at;
    for (uint32_t g = 0; g < op->group; g++) {
        cvi_cmd *c = start(s, op, p, out);
        if (!c)
            return cvi_no_memory(err);
        npu_tiu *t = &c->c.u.tiu;
        cvi_box box = p->out, in = p->a;
        NPU_TRY(window(s, op, p, c, err));
        box.c = (cvi_span){p->out.c.lo + (int32_t)(g * oc), p->out.c.lo + (int32_t)((g + 1) * oc)};
        in.c = (cvi_span){(int32_t)(g * icg), (int32_t)((g + 1) * icg)};
        t->res = part(s, p->out, p->out_at, box);
        t->a = compact(part(s, p->a, p->a_at, in));
        t->a.c = (uint16_t)op->ic;
        t->b.n = (uint16_t)op->ic;
        t->b.c = (uint16_t)oc;
        t->b.mode = 1;
        t->b.addr = filter;
        t->double_conv = op->ic % 2 == 0 && op->ic >= 4;
        touches(c, false, filter, op->filter.row * slices(s, g * oc, oc));
        records(s, op, record, op->record.row, c);
        filter += cvi_up(op->filter.row * slices(s, g * oc, oc), 16);
        record += cvi_up(op->record.row * slices(s, g * oc, oc), 16);
    }
    return NPU_OK;
}

static npu_status depthwise(const cvi_state *s, const cvi_op *op, const cvi_place_of *p,
                            cvi_list *out, npu_err *err)
{
    cvi_cmd *c = start(s, op, p, out);
    uint32_t row = cvi_up(op->filter.row, 16);
    if (!c)
        return cvi_no_memory(err);
    if (op->kind == CVI_DW)
        NPU_TRY(window(s, op, p, c, err));
    npu_tiu *t = &c->c.u.tiu;
    t->b.c = t->res.c;
    t->b.addr = p->filter_at;
    touches(c, false, p->filter_at, row * slices(s, 0, t->res.c));
    if (op->kind == CVI_DW)
        records(s, op, p->record_at, op->record.row, c);
    return NPU_OK;
}

static npu_status pool(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_list *out,
                       npu_err *err)
{
    cvi_cmd *c = start(s, op, p, out);
    if (!c)
        return cvi_no_memory(err);
    NPU_TRY(window(s, op, p, c, err));
    npu_tiu *t = &c->c.u.tiu;
    t->res = compact(t->res);
    if (op->kind == CVI_MAXPOOL) {
        c->ins_val = op->constant;
    } else {
        t->b.addr = op->constant;
        t->b.constant = true;
    }
    return NPU_OK;
}

static npu_status lookup(const cvi_state *s, const cvi_op *op, const cvi_place_of *p,
                         cvi_list *out, npu_err *err)
{
    cvi_cmd *c = start(s, op, p, out);
    if (!c)
        return cvi_no_memory(err);
    npu_tiu *t = &c->c.u.tiu;
    t->res = compact(t->res);
    t->a = compact(t->a);
    t->b = (npu_opnd){.addr = p->table_at, .n = 1, .c = (uint16_t)s->lanes, .h = 16, .w = 16,
                      .bytes = 1};
    touches(c, false, p->table_at, CVI_TABLE);
    return NPU_OK;
}

/* Part of an element-wise operand the result needs; a broadcast axis has stride 0. */
static npu_opnd operand(const cvi_state *s, int32_t map, cvi_box stored, uint32_t at, cvi_box out)
{
    const cvi_map *m = &s->map[map];
    cvi_box box = out;
    box.c = m->c == 1 && cvi_len(out.c) > 1 ? stored.c : out.c;
    box.y = m->h == 1 ? stored.y : out.y;
    box.x = m->w == 1 ? stored.x : out.x;
    npu_opnd o = part(s, stored, at, box);
    if (m->h == 1 && cvi_len(out.y) > 1)
        o.h_str = 0;
    if (m->w == 1 && cvi_len(out.x) > 1)
        o.w_str = 0;
    o.c = (uint16_t)cvi_len(out.c);
    o.h = (uint16_t)cvi_len(out.y);
    o.w = (uint16_t)cvi_len(out.x);
    return o;
}

static npu_status elementwise(const cvi_state *s, const cvi_op *op, const cvi_place_of *p,
                              cvi_list *out, npu_err *err)
{
    cvi_cmd *c = start(s, op, p, out);
    if (!c)
        return cvi_no_memory(err);
    npu_tiu *t = &c->c.u.tiu;
    t->a = operand(s, op->a, p->a, p->a_at, p->out);
    t->b = constant(op->constant, t->res);
    if (op->b != NPU_NONE) {
        t->b = operand(s, op->b, p->b, p->b_at, p->out);
        touches(c, false, p->b_at, cvi_box_bytes(s, p->b));
    }
    if (op->kind == CVI_MUL) {
        t->quant = true;
        c->quan_m = op->quan_m;
    }
    return NPU_OK;
}

/* a x k1 as 16 bits, then + b x k2, shifted back to 8. */
static npu_status sum(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_list *out,
                      npu_err *err)
{
    cvi_cmd *c = start(s, op, p, out);
    if (!c)
        return cvi_no_memory(err);
    npu_tiu *t = &c->c.u.tiu;
    c->plane = (uint16_t)cvi_box_bytes(s, p->out);
    t->a = operand(s, op->a, p->a, p->a_at, p->out);
    t->b = constant(op->constant, t->res);
    t->res.bytes = 2;
    t->res_shift = t->relu = 0;
    if (!(c = start(s, op, p, out)))
        return cvi_no_memory(err);
    t = &c->c.u.tiu;
    c->plane = (uint16_t)cvi_box_bytes(s, p->out);
    c->c.kind = NPU_KIND_MAC;
    c->nread = 0;
    t->accumulate = true;
    t->a = operand(s, op->b, p->b, p->b_at, p->out);
    t->b = constant(op->second, t->res);
    touches(c, false, p->b_at, cvi_box_bytes(s, p->b));
    touches(c, false, p->out_at, 2 * cvi_box_bytes(s, p->out));
    return NPU_OK;
}

npu_status cvi_tiu(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_list *out,
                   npu_err *err)
{
    switch (op->kind) {
    case CVI_CONV:
        return conv(s, op, p, out, err);
    case CVI_DW:
    case CVI_SLOPE:
        return depthwise(s, op, p, out, err);
    case CVI_MAXPOOL:
    case CVI_AVGPOOL:
        return pool(s, op, p, out, err);
    case CVI_LUT:
        return lookup(s, op, p, out, err);
    case CVI_ADD:
        return sum(s, op, p, out, err);
    default:
        return elementwise(s, op, p, out, err);
    }
}
