/* Layers of the net as operators of the tensor unit.
 *
 * A layer becomes one operator or a few; maps they hand to each other are made up here.  What the
 * unit cannot do is refused by name. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"

enum { STRIDE_MAX = 31, INSERT_MAX = 15, KERNEL_MAX = 255, HALF = 64, HALF_SHIFT = 7 };

npu_status cvi_no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

npu_status cvi_fail(const cvi_state *s, uint32_t layer, npu_err *err, const char *why)
{
    const cc_layer *l = &s->net->layer[layer];
    return npu_fail(err, NPU_UNSUPPORTED, "%.100s (%.40s): %s", l->name ? l->name : "layer",
                    l->type ? l->type : "?", why);
}

void *cvi_grow(void *list, uint32_t *n, uint32_t *cap, size_t size)
{
    void **at = list;
    if (*n == *cap) {
        uint32_t more = *cap ? 2 * *cap : 32;
        void *p = realloc(*at, more * size);
        if (!p)
            return NULL;
        *at = p;
        *cap = more;
    }
    uint8_t *item = (uint8_t *)*at + (size_t)(*n)++ * size;
    memset(item, 0, size);
    return item;
}

/* A map between two operators of LAYER, shaped like map LIKE.  NPU_NONE: no memory. */
static int32_t between(cvi_state *s, uint32_t layer, int32_t like, const char *what)
{
    return cvi_new_map(s, s->net->layer[layer].name, what, like);
}

/* Appends an operator; its result is map OUT. */
cvi_op *cvi_push_op(cvi_state *s, cvi_kind kind, uint32_t layer, int32_t a, int32_t b, int32_t out)
{
    cvi_op *op = a == NPU_NONE || out == NPU_NONE
                     ? NULL
                     : cvi_grow(&s->op, &s->nop, &s->op_cap, sizeof *op);
    if (!op)
        return NULL;
    *op = (cvi_op){.kind = kind, .a = a, .b = b, .out = out, .layer = layer, .kh = 1, .kw = 1,
                   .sh = 1, .sw = 1, .dh = 1, .dw = 1, .group = 1};
    s->map[out].producer = (int32_t)s->nop - 1;
    return op;
}

static void add_window(cvi_op *op, const cc_layer *l)
{
    op->kh = l->kh;
    op->kw = l->kw;
    op->sh = l->sh;
    op->sw = l->sw;
    op->dh = l->dh ? l->dh : 1;
    op->dw = l->dw ? l->dw : 1;
    op->pt = l->pt;
    op->pb = l->pb;
    op->pl = l->pl;
    op->pr = l->pr;
}

static npu_status check_window(const cvi_state *s, const cvi_op *op, npu_err *err)
{
    if (op->kh == 0 || op->kw == 0 || op->sh == 0 || op->sw == 0 || op->kh > KERNEL_MAX ||
        op->kw > KERNEL_MAX)
        return cvi_fail(s, op->layer, err, "kernel beyond 1..255 or stride 0");
    if (op->sh > STRIDE_MAX || op->sw > STRIDE_MAX)
        return cvi_fail(s, op->layer, err, "stride beyond 31");
    if (op->ih > INSERT_MAX || op->iw > INSERT_MAX || op->dh > INSERT_MAX + 1 ||
        op->dw > INSERT_MAX + 1)
        return cvi_fail(s, op->layer, err, "dilation or upsampling beyond 16");
    if (op->pt < 0 || op->pl < 0)
        return cvi_fail(s, op->layer, err, "negative padding");
    return NPU_OK;
}

/* ADD: both operands times one half (scales equal until calibrated), the sum shifted back. */
static npu_status add_sum(cvi_state *s, uint32_t layer, int32_t a, int32_t b, int32_t out,
                          bool relu, npu_err *err)
{
    cvi_op *op = cvi_push_op(s, CVI_ADD, layer, a, b, out);
    if (!op)
        return cvi_no_memory(err);
    op->constant = HALF;
    op->second = s->net->layer[layer].function == NPU_OP_SUB ? (uint8_t)-HALF : HALF;
    op->shift = HALF_SHIFT;
    op->relu = relu;
    return NPU_OK;
}

/* Result of the first operator of a layer with a residual: a map between; else the layer's own. */
static int32_t first_out(cvi_state *s, uint32_t layer)
{
    const cc_layer *l = &s->net->layer[layer];
    return l->sum == NPU_NONE ? l->out : between(s, layer, l->out, "before_sum");
}

/* A vector of more channels than a register field holds is a row of fewer: the same bytes. */
static npu_status fold_vector(cvi_state *s, cvi_op *op, npu_err *err)
{
    cvi_map a = s->map[op->a];
    uint32_t w = 2;
    while (w < a.c && (a.c % w || a.c / w > CVI_FIELD_MAX))
        w++;
    if (a.h != 1 || a.w != 1 || op->kh != 1 || op->kw != 1 || a.n != 1 || w > KERNEL_MAX)
        return cvi_fail(s, op->layer, err, "more than 4095 input channels");
    uint32_t at = (uint32_t)(op - s->op);
    int32_t row = cvi_new_map(s, s->net->layer[op->layer].name, "row", op->a);
    if (row == NPU_NONE)
        return cvi_no_memory(err);
    s->map[row].root = a.root;
    s->map[row].at = a.at;
    s->map[row].c = a.c / w;
    s->map[row].w = s->map[row].h_str = s->map[row].c_str = w;
    s->op[at].a = row;
    s->op[at].kw = w;
    s->op[at].ic = cvi_up(a.c / w, 2);
    return NPU_OK;
}

/* Channels C.. of map M, as a map. */
static int32_t range_of(cvi_state *s, uint32_t layer, int32_t m, uint32_t first, uint32_t channels)
{
    int32_t k = cvi_new_map(s, s->net->layer[layer].name, "group", m);
    if (k == NPU_NONE)
        return k;
    s->map[k].root = s->map[m].root;
    s->map[k].c = channels;
    s->map[k].c_str = s->map[m].c_str;
    s->map[k].h_str = s->map[m].h_str;
    s->map[k].n_str = s->map[m].n_str;
    s->map[k].at = s->map[m].at + (uint64_t)first * s->map[m].c_str;
    return k;
}

/* Groups whose filters are large become convolutions of their own, which can be cut further. */
static npu_status split_groups(cvi_state *s, uint32_t index, npu_err *err)
{
    cvi_op op = s->op[index];
    uint32_t oc = s->map[op.out].c / op.group, ic = s->map[op.a].c / op.group;
    s->map[op.out].producer = NPU_NONE;
    for (uint32_t g = 0; g < op.group; g++) {
        int32_t a = range_of(s, op.layer, op.a, g * ic, ic), out = NPU_NONE;
        if (a != NPU_NONE)
            out = range_of(s, op.layer, op.out, g * oc, oc);
        cvi_op *part = g ? cvi_push_op(s, op.kind, op.layer, a, NPU_NONE, out) : &s->op[index];
        if (out == NPU_NONE || !part)
            return cvi_no_memory(err);
        *part = op;
        part->a = a;
        part->out = out;
        part->group = 1;
        part->ic = ic < 4 ? 4 : cvi_up(ic, 2);
        part->first = g * oc;
        s->map[out].producer = (int32_t)(part - s->op);
    }
    return NPU_OK;
}

static npu_status size_conv(cvi_state *s, uint32_t index, npu_err *err)
{
    cvi_op *op = &s->op[index];
    uint32_t ic = s->map[op->a].c, oc = s->map[op->out].c;
    if (op->group == 0 || ic % op->group || oc % op->group || (op->kind == CVI_DW && ic != oc))
        return cvi_fail(s, op->layer, err, "channels are no multiple of the groups");
    ic /= op->group;
    op->ic = op->group > 1 ? ic : ic < 4 ? 4 : cvi_up(ic, 2);
    if (op->kind == CVI_DW)
        return NPU_OK;
    if (op->ic > CVI_FIELD_MAX)
        return fold_vector(s, op, err);
    uint64_t lane = (uint64_t)op->kh * op->kw * op->ic * ((oc + s->lanes - 1) / s->lanes);
    return op->group > 1 && lane > s->lane_bytes / 4 ? split_groups(s, index, err) : NPU_OK;
}

static npu_status add_conv(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    int32_t out = first_out(s, layer);
    bool dw = l->kind == CC_DWCONV, sum = l->sum != NPU_NONE;
    cvi_op *op = cvi_push_op(s, dw ? CVI_DW : CVI_CONV, layer, l->a, NPU_NONE, out);
    if (!op)
        return cvi_no_memory(err);
    add_window(op, l);
    op->ih = l->up_h > 1 ? l->up_h - 1 : 0;
    op->iw = l->up_w > 1 ? l->up_w - 1 : 0;
    op->group = dw ? 1 : l->group ? l->group : 1;
    op->relu = !sum && l->act != CC_ACT_NONE;
    NPU_TRY(check_window(s, op, err));
    NPU_TRY(size_conv(s, (uint32_t)(op - s->op), err));
    return sum ? add_sum(s, layer, out, l->sum, l->out, l->act != CC_ACT_NONE, err) : NPU_OK;
}

static npu_status add_pool(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    bool max = l->kind == CC_MAXPOOL;
    cvi_op *op = cvi_push_op(s, max ? CVI_MAXPOOL : CVI_AVGPOOL, layer, l->a, NPU_NONE, l->out);
    if (!op)
        return cvi_no_memory(err);
    add_window(op, l);
    NPU_TRY(check_window(s, op, err));
    op->constant = (uint16_t)INT8_MIN; /* of the padding */
    if (max)
        return NPU_OK;
    double share = 1.0 / ((double)l->kh * l->kw); /* as an unsigned byte and a shift */
    while (round(share * (double)(1u << (op->shift + 1))) <= UINT8_MAX && op->shift < 22)
        op->shift++;
    op->constant = (uint16_t)round(share * (double)(1u << op->shift));
    return NPU_OK;
}

static npu_status add_pair(cvi_state *s, uint32_t layer, npu_err *err)
{
    static const cvi_kind kinds[CC_KINDS] = {[CC_MUL] = CVI_MUL, [CC_MAX] = CVI_MAX,
                                             [CC_MIN] = CVI_MIN};
    const cc_layer *l = &s->net->layer[layer];
    int32_t a = l->a, b = l->b;
    if (b == NPU_NONE)
        return cvi_fail(s, layer, err, "one operand is a constant of its own");
    if (l->function == NPU_OP_DIV)
        return cvi_fail(s, layer, err, "division by a map");
    const cvi_map *o = &s->map[l->out];
    if (s->map[a].h < o->h || s->map[a].w < o->w || s->map[a].c < o->c) {
        a = l->b;
        b = l->a;
    }
    if (s->map[a].c != o->c || s->map[b].c != o->c || s->map[a].h != o->h || s->map[a].w != o->w ||
        (s->map[b].h != o->h && s->map[b].h != 1) || (s->map[b].w != o->w && s->map[b].w != 1))
        return cvi_fail(s, layer, err, "broadcast other than of one operand over rows or columns");
    if (l->kind == CC_ADD)
        return add_sum(s, layer, a, b, l->out, l->act != CC_ACT_NONE, err);
    cvi_op *op = cvi_push_op(s, kinds[l->kind], layer, a, b, l->out);
    if (!op)
        return cvi_no_memory(err);
    op->relu = l->act != CC_ACT_NONE;
    if (op->kind == CVI_MUL) { /* product of two full scales back to one: 1/127 */
        op->quan_m = (uint32_t)lround(ldexp(128.0 / 127.0, 30));
        op->shift = 6;
    }
    return NPU_OK;
}

static npu_status add_constant(cvi_state *s, uint32_t layer, cvi_kind kind, int32_t a, int32_t out,
                               uint16_t constant, npu_err *err)
{
    cvi_op *op = cvi_push_op(s, kind, layer, a, NPU_NONE, out);
    if (!op)
        return cvi_no_memory(err);
    op->constant = constant;
    return NPU_OK;
}

/* The range of a map ends where int8 does: an upper bound beyond it is for free.  A table does any
 * other clip. */
static npu_status add_relu(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    double lo, hi;
    cvi_bounds(s, layer, &lo, &hi);
    if (lo == 0 && hi >= CVI_RANGE)
        return add_constant(s, layer, CVI_MAXC, l->a, l->out, 0, err);
    return cvi_push_op(s, CVI_LUT, layer, l->a, NPU_NONE, l->out) ? NPU_OK : cvi_no_memory(err);
}

/* A slope per channel: the negative part times the slope, joined bit by bit with the positive. */
static npu_status add_prelu(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    if (l->weight == NPU_NONE || g_elements(&s->net->graph->value[l->weight]) <= 1)
        return cvi_push_op(s, CVI_LUT, layer, l->a, NPU_NONE, l->out) ? NPU_OK : cvi_no_memory(err);
    if (g_elements(&s->net->graph->value[l->weight]) != s->map[l->a].c)
        return cvi_fail(s, layer, err, "slopes are neither one nor one per channel");
    int32_t neg = between(s, layer, l->out, "negative"), pos = NPU_NONE, scaled = NPU_NONE;
    if (neg != NPU_NONE && (pos = between(s, layer, l->out, "positive")) != NPU_NONE)
        scaled = between(s, layer, l->out, "scaled");
    if (scaled == NPU_NONE)
        return cvi_no_memory(err);
    NPU_TRY(add_constant(s, layer, CVI_MAXC, l->a, pos, 0, err));
    NPU_TRY(add_constant(s, layer, CVI_MINC, l->a, neg, 0, err));
    cvi_op *op = cvi_push_op(s, CVI_SLOPE, layer, neg, NPU_NONE, scaled);
    if (!op)
        return cvi_no_memory(err);
    op->shift = HALF_SHIFT;
    return cvi_push_op(s, CVI_OR, layer, pos, scaled, l->out) ? NPU_OK : cvi_no_memory(err);
}

/* Whole factors: a depthwise deconvolution with a kernel of ones, as the vendor's. */
static npu_status add_resize(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    uint32_t fh = l->up_h >> 16, fw = l->up_w >> 16;
    if (l->linear || (l->up_h & 0xffff) || (l->up_w & 0xffff) || fh == 0 || fw == 0 ||
        s->map[l->out].h != s->map[l->a].h * fh || s->map[l->out].w != s->map[l->a].w * fw)
        return cvi_fail(s, layer, err, "only nearest by whole factors");
    cvi_op *op = cvi_push_op(s, CVI_DW, layer, l->a, NPU_NONE, l->out);
    if (!op)
        return cvi_no_memory(err);
    op->kh = fh;
    op->kw = fw;
    op->ih = op->pt = op->pb = (int32_t)fh - 1;
    op->iw = op->pl = op->pr = (int32_t)fw - 1;
    return check_window(s, op, err);
}

/* Padding with a constant: the maximum over windows of one element, which pads with any value. */
static npu_status add_pad(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    cvi_pads p;
    if (!cvi_pads_of(s, layer, &p))
        return cvi_fail(s, layer, err, "padding other than of rows and columns by a constant");
    cvi_op *op = cvi_push_op(s, CVI_MAXPOOL, layer, l->a, NPU_NONE, l->out);
    if (!op)
        return cvi_no_memory(err);
    op->pt = p.top;
    op->pb = p.bottom;
    op->pl = p.left;
    op->pr = p.right;
    op->constant = (uint16_t)p.value;
    return NPU_OK;
}

/* Layer that multiplies LUT's result with its input and is its only reader; NPU_NONE: none. */
static int32_t product_with_input(const cvi_state *s, uint32_t lut)
{
    const cc_layer *l = s->net->layer;
    int32_t out = l[lut].out, found = NPU_NONE;
    if (s->map[out].output || s->map[out].root != out)
        return NPU_NONE;
    for (uint32_t i = 0; i < s->net->nlayer; i++) {
        if (l[i].a != out && l[i].b != out && l[i].sum != out)
            continue;
        bool pair = (l[i].a == out && l[i].b == l[lut].a) || (l[i].b == out && l[i].a == l[lut].a);
        if (found != NPU_NONE || l[i].kind != CC_MUL || !pair || l[i].act != CC_ACT_NONE)
            return NPU_NONE;
        found = (int32_t)i;
    }
    for (uint32_t i = 0; i < s->net->ntensor; i++)
        if (s->net->tensor[i].inside == out)
            return NPU_NONE;
    return found;
}

/* x * f(x) is one table (SiLU): the product's layer then has no operator of its own. */
static npu_status add_lut(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    int32_t product = product_with_input(s, layer);
    int32_t out = product == NPU_NONE ? l->out : s->net->layer[product].out;
    cvi_op *op = cvi_push_op(s, CVI_LUT, layer, l->a, NPU_NONE, out);
    if (!op)
        return cvi_no_memory(err);
    op->times_input = product != NPU_NONE;
    return NPU_OK;
}

/* Whether an operator already makes the result of LAYER (see add_lut). */
static bool made(const cvi_state *s, uint32_t layer)
{
    return s->net->layer[layer].kind == CC_MUL &&
           s->map[s->net->layer[layer].out].producer != NPU_NONE;
}

static npu_status add_layer(cvi_state *s, uint32_t layer, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    if (cvi_is_move(l))
        return l->function == NPU_OP_PAD ? add_pad(s, layer, err) : cvi_move(s, layer, err);
    switch (l->kind) {
    case CC_CONV:
    case CC_DWCONV:
        return add_conv(s, layer, err);
    case CC_MAXPOOL:
    case CC_AVGPOOL:
        return add_pool(s, layer, err);
    case CC_ADD:
    case CC_MUL:
    case CC_MAX:
    case CC_MIN:
        return add_pair(s, layer, err);
    case CC_LUT:
        return add_lut(s, layer, err);
    case CC_RELU:
        return add_relu(s, layer, err);
    case CC_PRELU:
        return add_prelu(s, layer, err);
    case CC_RESIZE:
        return add_resize(s, layer, err);
    case CC_MOVE:
    case CC_KINDS:
        break;
    }
    return cvi_fail(s, layer, err, "unknown kind of layer");
}

npu_status cvi_ops(cvi_state *s, npu_err *err)
{
    const cc_net *net = s->net;
    NPU_TRY(cvi_maps(s, err));
    for (uint32_t i = 0; i < net->nlayer; i++)
        if (!s->gone[i] && !made(s, i))
            NPU_TRY(add_layer(s, i, err));
    if (s->nop == 0)
        return npu_fail(err, NPU_UNSUPPORTED, "sub-graph %.100s has no layer for the tensor unit",
                        net->name ? net->name : "");
    return cvi_readers(s, err);
}
