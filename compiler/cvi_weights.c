/* Weight section: filters as int8, per-channel records, tables.
 *
 * Filters are scaled per output channel to the full int8 range.  Activations have no measured
 * ranges here: every map is taken to span -RANGE..RANGE, which fixes multipliers, biases and
 * tables; sizes and layout do not depend on it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"

#define ONES 2.0  /* what a filter of ones holds */

/* Weights by output channel, input channel and kernel position, however the graph stores them. */
typedef struct {
    const npu_value *value; /* NULL: all ones */
    int64_t o_str, i_str, k_str; /* elements */
    int64_t kernel;         /* positions */
    int64_t first;          /* output channel that is 0 here */
    bool mirrored;          /* deconvolution: the kernel runs backwards */
    bool minus;             /* all minus ones */
    bool divisor;           /* the weight is one divided by the value */
} source;

static double element(const cvi_state *s, const source *w, uint32_t o, uint32_t i, uint32_t k)
{
    if (!w->value)
        return w->minus ? -1 : 1;
    int64_t at = w->mirrored ? w->kernel - 1 - k : k;
    int64_t n = (o + w->first) * w->o_str + i * w->i_str + at * w->k_str;
    double v;
    if (w->value->elem == NPU_ELEM_FLOAT || !w->value->data)
        v = g_weight(w->value, n);
    else if (!g_const_num(s->net->graph, (int32_t)(w->value - s->net->graph->value), n, &v))
        return 0;
    return !w->divisor ? v : v != 0 ? 1 / v : 0;
}

/* A map plus a constant: a depthwise convolution with ones whose bias is the constant. */
static bool adds_constant(const cc_layer *l)
{
    return l->kind == CC_DWCONV && (l->function == NPU_OP_ADD || l->function == NPU_OP_SUB);
}

/* The constant stands first: c - x, c / x. */
static bool constant_first(const cvi_state *s, const cc_layer *l)
{
    const npu_node *n = l->node == NPU_NONE ? NULL : &s->net->graph->node[l->node];
    return n && n->nin > 1 && n->in[0] == l->weight;
}

static npu_status source_of(const cvi_state *s, const cvi_op *op, uint32_t icg, uint32_t ocg,
                            source *w, npu_err *err)
{
    const cc_layer *l = &s->net->layer[op->layer];
    int64_t oc = s->net->tensor[l->out].c;
    *w = (source){.kernel = (int64_t)op->kh * op->kw, .k_str = 1, .first = op->first};
    w->minus = adds_constant(l) && l->function == NPU_OP_SUB && constant_first(s, l);
    w->divisor = l->kind == CC_DWCONV && l->function == NPU_OP_DIV;
    if (w->divisor && constant_first(s, l))
        return cvi_fail(s, op->layer, err, "a constant divided by a map");
    if (l->kind == CC_RESIZE || adds_constant(l))
        return NPU_OK;
    if (l->weight == NPU_NONE)
        return cvi_fail(s, op->layer, err, "no constant weights");
    w->value = &s->net->graph->value[l->weight];
    npu_op type = l->node == NPU_NONE ? NPU_OP_CONV : s->net->graph->node[l->node].op;
    bool columns = type == NPU_OP_MATMUL ||
                   (type == NPU_OP_GEMM && !g_int(&s->net->graph->node[l->node], "transB", 0));
    w->o_str = (int64_t)icg * w->kernel;
    w->i_str = w->kernel;
    if (columns) {
        w->o_str = 1;
        w->i_str = w->kernel * oc;
        w->k_str = oc;
    } else if (type == NPU_OP_CONVTRANSPOSE) {
        w->o_str = w->kernel;
        w->i_str = w->kernel * ocg;
        w->mirrored = true;
    }
    if (l->kind == CC_DWCONV && w->kernel == 1 && g_elements(w->value) == 1)
        w->o_str = 0; /* one factor for all channels */
    else if (g_elements(w->value) != oc * icg * w->kernel)
        return cvi_fail(s, op->layer, err, "weights do not go with the channels");
    return NPU_OK;
}

/* A place of N bytes in the section; its offset, or UINT32_MAX. */
static uint32_t room(cvi_state *s, uint32_t n)
{
    uint32_t at = (uint32_t)s->weights.len;
    if (n > INT32_MAX || s->weights.len > INT32_MAX - (size_t)n - CVI_DDR_ALIGN)
        return UINT32_MAX;
    buf_put_zero(&s->weights, cvi_up(n, CVI_DDR_ALIGN));
    return s->weights.failed ? UINT32_MAX : at;
}

/* A row of the weight map; N x C x H x W int8 at OFFSET. */
static npu_status list(cvi_state *s, uint32_t layer, const char *role, uint32_t offset,
                       const uint32_t dim[4], npu_err *err)
{
    const char *name = s->net->layer[layer].name;
    npu_weight *v = realloc(s->weight, (s->nweight + 1) * sizeof *v);
    if (!v)
        return cvi_no_memory(err);
    s->weight = v;
    v += s->nweight;
    *v = (npu_weight){.dtype = NPU_INT8, .ndim = 4};
    size_t n = strlen(name ? name : "") + strlen(role) + 2;
    v->name = malloc(n);
    v->dim = malloc(4 * sizeof *v->dim);
    s->nweight++;
    if (!v->name || !v->dim)
        return cvi_no_memory(err);
    snprintf(v->name, n, "%s_%s", name ? name : "", role);
    v->size = 1;
    for (int i = 0; i < 4; i++) {
        v->dim[i] = dim[i];
        v->size *= dim[i];
    }
    v->offset = (int64_t)NPU_MEM_WEIGHT << 40 | (int64_t)(s->weight_base + offset);
    return NPU_OK;
}

static int8_t clamp8(double v)
{
    return (int8_t)(v > 127 ? 127 : v < -128 ? -128 : v);
}

static double largest(const cvi_state *s, const source *w, uint32_t o, uint32_t icg)
{
    double most = 0;
    for (uint32_t i = 0; i < icg; i++)
        for (uint32_t k = 0; k < w->kernel; k++) {
            double v = fabs(element(s, w, o, i, k));
            most = v > most ? v : most;
        }
    return most;
}

/* Filter rows: [position][input channel], channels padded with zeros.  Keeps each row's largest
 * weight in MOST. */
static void fill_filter(cvi_state *s, const cvi_op *op, source *w, uint32_t icg, double *most)
{
    uint32_t oc = s->map[op->out].c, ic = op->kind == CVI_CONV ? op->ic : 1;
    for (uint32_t o = 0; o < oc; o++) {
        uint8_t *row = s->weights.data + op->filter.offset + (size_t)o * op->filter.row;
        most[o] = largest(s, w, o, icg);
        double scale = most[o] > 0 ? 127.0 / most[o] : 0;
        if (!w->value) /* ones, as 2 x 1/2: a factor of 1 has no multiplier */
            scale = ONES;
        for (uint32_t k = 0; k < w->kernel; k++)
            for (uint32_t i = 0; i < icg; i++)
                row[k * ic + i] = (uint8_t)clamp8(round(element(s, w, o, i, k) * scale));
    }
}

static double bias_of(const cvi_state *s, const cc_layer *l, uint32_t o)
{
    double v = 0;
    int32_t bias = adds_constant(l) ? l->weight : l->bias;
    if (bias == NPU_NONE)
        return 0;
    const npu_value *b = &s->net->graph->value[bias];
    if (g_elements(b) == 1)
        o = 0;
    else if (g_elements(b) <= (int64_t)o)
        return 0;
    if (b->elem == NPU_ELEM_FLOAT || !b->data)
        v = g_weight(b, o);
    else if (!g_const_num(s->net->graph, bias, o, &v))
        return 0;
    return adds_constant(l) && l->function == NPU_OP_SUB && !constant_first(s, l) ? -v : v;
}

/* MULTIPLIER x 2^-31 x 2^-SHIFT is FACTOR, the multiplier in [2^30, 2^31).  Six bits of shift:
 * negative ones go left. */
static void scale_parts(double factor, uint32_t *multiplier, uint8_t *shift)
{
    int e;
    double m = frexp(factor, &e); /* [0.5, 1) x 2^e */
    *multiplier = (uint32_t)(m * 2147483648.0);
    *shift = (uint8_t)(e < -31 ? 31 : e > 31 ? -31 & 0x3f : -e & 0x3f);
}

static void fill_records(cvi_state *s, const cvi_op *op, const double *most)
{
    const cc_layer *l = &s->net->layer[op->layer];
    for (uint32_t o = 0; o < s->map[op->out].c; o++) {
        uint8_t *row = s->weights.data + op->record.offset + (size_t)o * op->record.row, shift;
        double unit = most[o] > 0 ? most[o] / 127.0 : 1.0 / 127.0;
        uint32_t multiplier;
        if (l->kind == CC_RESIZE || adds_constant(l))
            unit = 1 / ONES;
        scale_parts(unit, &multiplier, &shift);
        if (op->record.row == CVI_RECORD) {
            double b = round(bias_of(s, l, op->first + o) * 127.0 / CVI_RANGE / unit);
            b = b > INT32_MAX ? INT32_MAX : b < INT32_MIN ? INT32_MIN : b;
            buf_set_le(row, (uint32_t)(int32_t)b, 4);
            row += 4;
        }
        buf_set_le(row, multiplier, 4);
        row[4] = shift;
    }
}

/* Room for all rows of a layer; a later part of it (see split_groups) continues the one before. */
static bool place(cvi_state *s, cvi_op *op, uint32_t total, uint32_t row, uint32_t record)
{
    op->filter.row = row;
    op->record.row = record;
    if (op->first) {
        uint32_t before = s->map[op[-1].out].c;
        op->filter.offset = op[-1].filter.offset + before * row;
        op->record.offset = op[-1].record.offset + before * record;
        return true;
    }
    op->filter.offset = room(s, total * row);
    op->record.offset = room(s, total * record);
    return op->filter.offset != UINT32_MAX && op->record.offset != UINT32_MAX;
}

static npu_status filter_and_records(cvi_state *s, cvi_op *op, npu_err *err)
{
    const cc_layer *l = &s->net->layer[op->layer];
    uint32_t oc = s->map[op->out].c, icg = op->kind == CVI_CONV ? s->map[op->a].c / op->group : 1;
    uint32_t depth = op->kind == CVI_CONV ? op->ic : 1, kernel = op->kh * op->kw;
    uint32_t total = s->net->tensor[l->out].c;
    source w;
    NPU_TRY(source_of(s, op, icg, oc / op->group, &w, err));
    if ((uint64_t)total * kernel * depth > INT32_MAX)
        return cvi_fail(s, op->layer, err, "2 GiB of weights or more");
    double *most = malloc(oc * sizeof *most);
    if (!most || !place(s, op, total, kernel * depth,
                        l->kind == CC_RESIZE ? CVI_RECORD_PLAIN : CVI_RECORD)) {
        free(most);
        return cvi_no_memory(err);
    }
    fill_filter(s, op, &w, icg, most);
    fill_records(s, op, most);
    free(most);
    if (op->first)
        return NPU_OK;
    uint32_t filter[4] = {1, total, kernel, depth}, record[4] = {1, total, 1, op->record.row};
    if (op->kind == CVI_DW) {
        filter[2] = op->kh;
        filter[3] = op->kw;
    }
    NPU_TRY(list(s, op->layer, "filter_reordered", op->filter.offset, filter, err));
    return list(s, op->layer, "bias_packed", op->record.offset, record, err);
}

static npu_status slopes(cvi_state *s, cvi_op *op, npu_err *err)
{
    const npu_value *v = &s->net->graph->value[s->net->layer[op->layer].weight];
    uint32_t c = s->map[op->out].c;
    op->filter.row = 1;
    if ((op->filter.offset = room(s, c)) == UINT32_MAX)
        return cvi_no_memory(err);
    for (uint32_t i = 0; i < c; i++)
        s->weights.data[op->filter.offset + i] =
            (uint8_t)clamp8(round(g_weight(v, i) * (1 << op->shift)));
    uint32_t dim[4] = {1, c, 1, 1};
    return list(s, op->layer, "slope", op->filter.offset, dim, err);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double clip(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

void cvi_bounds(const cvi_state *s, uint32_t layer, double *lo, double *hi)
{
    const cc_layer *l = &s->net->layer[layer];
    const npu_node *n = l->node == NPU_NONE ? NULL : &s->net->graph->node[l->node];
    double *to[2] = {lo, hi};
    static const char *const names[2] = {"min", "max"};
    *lo = -INFINITY;
    *hi = INFINITY;
    if (!n || n->op != NPU_OP_CLIP)
        *lo = 0;
    for (uint32_t k = 0; n && n->op == NPU_OP_CLIP && k < 2; k++) {
        *to[k] = g_float(n, names[k], (float)*to[k]);
        if (n->nin > k + 1 && n->in[k + 1] != NPU_NONE)
            g_const_num(s->net->graph, n->in[k + 1], 0, to[k]);
    }
}

/* F(x) of the operators a table stands for; false: none known. */
static bool function(const cvi_state *s, const cvi_op *op, double x, double *y)
{
    const cc_layer *l = &s->net->layer[op->layer];
    const npu_node *n = l->node == NPU_NONE ? NULL : &s->net->graph->node[l->node];
    double alpha, lo, hi;
    if (l->kind == CC_PRELU) {
        alpha = n ? g_float(n, "alpha", 0.01f) : 0.01;
        if (l->weight != NPU_NONE)
            alpha = g_weight(&s->net->graph->value[l->weight], 0);
        *y = x < 0 ? alpha * x : x;
        return true;
    }
    switch (l->function) {
#define F(op, formula)                                                                             \
    case NPU_OP_##op:                                                                              \
        *y = formula;                                                                              \
        return true;
    F(ABS, fabs(x)) F(CEIL, ceil(x)) F(COS, cos(x)) F(ERF, erf(x)) F(EXP, exp(x))
    F(FLOOR, floor(x)) F(NEG, -x) F(RELU, x > 0 ? x : 0) F(ROUND, nearbyint(x))
    F(SIGMOID, sigmoid(x)) F(SIN, sin(x)) F(TANH, tanh(x)) F(SOFTPLUS, log1p(exp(x)))
    F(SQRT, x > 0 ? sqrt(x) : 0) F(LOG, log(x > 0.01 ? x : 0.01)) F(SOFTSIGN, x / (1 + fabs(x)))
    F(RECIPROCAL, fabs(x) > 0.01 ? 1 / x : copysign(100, x))
    F(MISH, x * tanh(log1p(exp(x)))) F(GELU, x * 0.5 * (1 + erf(x / sqrt(2))))
    F(HARDSWISH, x * clip(x / 6 + 0.5, 0, 1))
    F(SIGN, x > 0 ? 1 : x < 0 ? -1 : 0) F(MUL, x * sigmoid(x))
#undef F
    case NPU_OP_HARDSIGMOID:
        *y = clip((n ? g_float(n, "alpha", 0.2f) : 0.2) * x + (n ? g_float(n, "beta", 0.5f) : 0.5),
                  0, 1);
        return true;
    case NPU_OP_CLIP:
        cvi_bounds(s, op->layer, &lo, &hi);
        *y = clip(x, lo, hi);
        return true;
    case NPU_OP_ELU:
        *y = x > 0 ? x : (n ? g_float(n, "alpha", 1) : 1) * expm1(x);
        return true;
    case NPU_OP_LEAKYRELU:
        *y = x > 0 ? x : (n ? g_float(n, "alpha", 0.01f) : 0.01) * x;
        return true;
    default:
        return false;
    }
}

static npu_status table(cvi_state *s, cvi_op *op, npu_err *err)
{
    op->table.row = CVI_TABLE;
    if ((op->table.offset = room(s, CVI_TABLE)) == UINT32_MAX)
        return cvi_no_memory(err);
    for (int i = 0; i < CVI_TABLE; i++) {
        double x = (i < 128 ? i : i - 256) * CVI_RANGE / 127.0, y;
        if (!function(s, op, x, &y))
            return cvi_fail(s, op->layer, err, "no table for this function");
        if (op->times_input)
            y *= x;
        s->weights.data[op->table.offset + (uint32_t)i] =
            (uint8_t)clamp8(round(y * 127 / CVI_RANGE));
    }
    uint32_t dim[4] = {1, 1, 1, CVI_TABLE};
    return list(s, op->layer, "table", op->table.offset, dim, err);
}

npu_status cvi_weights(cvi_state *s, npu_err *err)
{
    for (uint32_t i = 0; i < s->nop; i++) {
        cvi_op *op = &s->op[i];
        if (op->kind == CVI_CONV || op->kind == CVI_DW)
            NPU_TRY(filter_and_records(s, op, err));
        else if (op->kind == CVI_SLOPE)
            NPU_TRY(slopes(s, op, err));
        else if (op->kind == CVI_LUT)
            NPU_TRY(table(s, op, err));
    }
    return NPU_OK;
}
