/* Quantisation of a placed graph as ONNX says it; see quant_graph.h.
 *
 * A cluster is a node with the nodes fused into it; inside values are wide, at its edges int8. */
#include "compiler/quant_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    npu_graph *g;
    const cc_plan *plan;
    const cc_options *o;
    uint32_t nnode, nvalue; /* before anything is added */
    int32_t *int8;          /* value -> its dequantised form, NPU_NONE: none yet */
    int32_t *end;           /* head of a cluster -> its last node */
    int32_t zero;           /* constant int8 0 */
    npu_err *err;
} quant;

static npu_status no_memory(const quant *q)
{
    return npu_fail(q->err, NPU_LIMIT, "%s: out of memory", q->g->file);
}

/* Head of the cluster of NODE. */
static int32_t head(const npu_graph *g, int32_t node)
{
    for (uint32_t hops = 0; g->node[node].fused_into >= 0 && hops < g->nnode; hops++)
        node = g->node[node].fused_into;
    return node;
}

static bool on_npu(const quant *q, int32_t node)
{
    return q->plan->node[head(q->g, node)].unit == CC_NPU;
}

static int32_t value_like(npu_graph *g, int32_t value, const char *suffix, npu_elem elem)
{
    const char *base = arena_printf(g->arena, "%s%s", g->value[value].name, suffix);
    int32_t to = base ? g_fresh(g, base) : NPU_NONE;
    if (to == NPU_NONE)
        return to;
    g->value[to].elem = elem;
    g->value[to].rank = g->value[value].rank;
    memcpy(g->value[to].dim, g->value[value].dim, sizeof g->value[to].dim);
    return to;
}

static int32_t scalar(npu_graph *g, const char *base, float v)
{
    return g_constant(g, base, NPU_ELEM_FLOAT, 0, NULL, &v);
}

/* FROM, scaled and with zero point 0, to TO. */
static int32_t add_node(quant *q, npu_op op, int32_t from, int32_t scale, int32_t to)
{
    const char *name = arena_printf(q->g->arena, "%s_%s", q->g->value[from].name,
                                    op == NPU_OP_QUANTIZELINEAR ? "HzQuantize" : "HzDequantize");
    int32_t in[3] = {from, scale, q->zero};
    if (!name || from == NPU_NONE || scale == NPU_NONE || to == NPU_NONE)
        return NPU_NONE;
    return g_add(q->g, op, NULL, name, in, 3, &to, 1);
}

/* FROM -> int8 -> TO. */
static npu_status add_pair(quant *q, int32_t from, int32_t to, const char *name)
{
    npu_graph *g = q->g;
    const char *base = arena_printf(g->arena, "%s_scale_synthetic", name);
    int32_t scale = base ? scalar(g, base, (float)(CC_SYNTHETIC_THRESHOLD / 127)) : NPU_NONE;
    int32_t mid = value_like(g, from, "_quantized", NPU_ELEM_INT8);
    if (add_node(q, NPU_OP_QUANTIZELINEAR, from, scale, mid) == NPU_NONE ||
        add_node(q, NPU_OP_DEQUANTIZELINEAR, mid, scale, to) == NPU_NONE)
        return no_memory(q);
    return NPU_OK;
}

/* --- weights ------------------------------------------------------------ */

/* Axis of the output channels of weight input 1; -1: one scale for the whole constant. */
static int weight_axis(const npu_node *n, uint32_t k, int rank)
{
    if (k != 1 || rank < 2)
        return -1;
    switch (n->op) {
    case NPU_OP_CONV: return 0;
    case NPU_OP_CONVTRANSPOSE: return 1;
    case NPU_OP_GEMM: return g_int(n, "transB", 0) ? 0 : 1;
    case NPU_OP_MATMUL: return rank - 1;
    default: return -1;
    }
}

/* Constants that are operands; others are parameters (limits of a Clip, scales of a Resize). */
static bool is_weight(const npu_node *n, uint32_t k)
{
    switch (n->op) {
    case NPU_OP_CONV:
    case NPU_OP_CONVTRANSPOSE:
    case NPU_OP_GEMM: return k == 1;
    case NPU_OP_MATMUL:
    case NPU_OP_PRELU:
    case NPU_OP_ADD:
    case NPU_OP_SUB:
    case NPU_OP_MUL:
    case NPU_OP_DIV:
    case NPU_OP_MAX:
    case NPU_OP_MIN: return true;
    default: return false;
    }
}

/* One run of INNER elements of a channel: raises TOP to their largest magnitude. */
static float largest(const npu_value *v, int64_t from, int64_t inner, float top)
{
    const float *w = v->data;
    for (int64_t e = from; e < from + inner; e++) {
        float m = fabsf(w ? w[e] : g_weight(v, e));
        top = m > top ? m : top;
    }
    return top;
}

static void round_run(const npu_value *v, int64_t from, int64_t inner, float scale, int8_t *out)
{
    const float *w = v->data;
    for (int64_t e = from; e < from + inner; e++) {
        float q = roundf((w ? w[e] : g_weight(v, e)) / scale);
        out[e] = q >= 127 ? 127 : q >= -127 ? (int8_t)q : -127;
    }
}

/* int8 of the N floats of V by the largest magnitude of each of the CHANNELS, whose elements stand
 * in runs of INNER, channel after channel. */
static void round_weights(const npu_value *v, int64_t n, int64_t channels, int64_t inner,
                          float *scale, int8_t *out)
{
    for (int64_t run = 0; run < n / inner; run++)
        scale[run % channels] = largest(v, run * inner, inner, scale[run % channels]);
    for (int64_t c = 0; c < channels; c++)
        scale[c] = scale[c] > 0 && isfinite(scale[c]) ? scale[c] / 127 : 1.0f / 127;
    for (int64_t run = 0; run < n / inner; run++)
        round_run(v, run * inner, inner, scale[run % channels], out);
}

static int32_t weight_constants(quant *q, int32_t value, int axis, int32_t *scale)
{
    npu_graph *g = q->g;
    npu_value v = g->value[value];
    int64_t n = g_elements(&v), channels = axis < 0 ? 1 : v.dim[axis], inner = 1;
    const char *base = arena_printf(g->arena, "%s_scale", v.name);
    const char *wide = arena_printf(g->arena, "%s_quantized", v.name);
    float *scales = calloc((size_t)channels, sizeof *scales);
    int8_t *bytes = malloc((size_t)n);
    int32_t made = NPU_NONE;
    for (int k = axis < 0 ? v.rank : axis + 1; k < v.rank; k++)
        inner *= v.dim[k];
    if (axis < 0)
        inner = n;
    if (base && wide && scales && bytes) {
        round_weights(&v, n, channels, inner, scales, bytes);
        *scale = g_constant(g, base, NPU_ELEM_FLOAT, axis < 0 ? 0 : 1, &channels, scales);
        made = g_constant(g, wide, NPU_ELEM_INT8, v.rank, v.dim, bytes);
    }
    free(scales);
    free(bytes);
    return made;
}

static npu_status add_weight(quant *q, int32_t node, uint32_t k)
{
    npu_graph *g = q->g;
    int32_t value = g->node[node].in[k], scale = NPU_NONE, zero = q->zero, deq, made, dq;
    int axis = weight_axis(&g->node[node], k, g->value[value].rank);
    int64_t channels = axis < 0 ? 0 : g->value[value].dim[axis];
    const char *name = arena_printf(g->arena, "%s_zero_point", g->value[value].name);
    if (q->int8[value] == NPU_NONE) {
        made = weight_constants(q, value, axis, &scale);
        deq = value_like(g, value, "_dequantized", NPU_ELEM_FLOAT);
        if (axis >= 0 && name) /* a zero point per channel, in the arena's own zeros */
            zero = g_constant(g, name, NPU_ELEM_INT8, 1, &channels,
                              arena_alloc(g->arena, (size_t)channels));
        if (!name || made == NPU_NONE || deq == NPU_NONE || zero == NPU_NONE)
            return no_memory(q);
        if ((dq = add_node(q, NPU_OP_DEQUANTIZELINEAR, made, scale, deq)) == NPU_NONE ||
            (axis >= 0 && !g_set_int(g, dq, "axis", axis)))
            return no_memory(q);
        g->node[dq].in[2] = zero;
        q->int8[value] = deq;
    }
    g->node[node].in[k] = q->int8[value];
    return NPU_OK;
}

/* --- maps ------------------------------------------------------------ */

/* A map from outside the NPU, read by NODE of a cluster. */
static npu_status add_entry(quant *q, int32_t node, uint32_t k)
{
    npu_graph *g = q->g;
    int32_t value = g->node[node].in[k];
    if (q->int8[value] == NPU_NONE) {
        int32_t to = value_like(g, value, "_dequantized", NPU_ELEM_FLOAT);
        if (to == NPU_NONE)
            return no_memory(q);
        NPU_TRY(add_pair(q, value, to, g->value[value].name));
        q->int8[value] = to;
    }
    g->node[node].in[k] = q->int8[value];
    return NPU_OK;
}

static npu_status quantise_inputs(quant *q, int32_t node)
{
    npu_graph *g = q->g;
    for (uint32_t k = 0; k < g->node[node].nin; k++) {
        int32_t value = g->node[node].in[k];
        const npu_value *v = value < 0 ? NULL : &g->value[value];
        if (!v || value >= (int32_t)q->nvalue || v->elem != NPU_ELEM_FLOAT)
            continue;
        if (v->constant) {
            if (is_weight(&g->node[node], k) && g_elements(v) > 0)
                NPU_TRY(add_weight(q, node, k));
        } else if (v->producer == NPU_NONE || (v->producer < (int32_t)q->nnode &&
                                               !on_npu(q, v->producer))) {
            NPU_TRY(add_entry(q, node, k));
        }
    }
    return NPU_OK;
}

/* The last value of a cluster keeps its name behind the pair, so that outputs keep theirs. */
static npu_status quantise_output(quant *q, int32_t node)
{
    npu_graph *g = q->g;
    int32_t end = q->end[node];
    for (uint32_t k = 0; k < g->node[end].nout; k++) {
        int32_t value = g->node[end].out[k], wide;
        if (value == NPU_NONE || g->value[value].elem != NPU_ELEM_FLOAT)
            continue;
        if ((wide = value_like(g, value, "_float", NPU_ELEM_FLOAT)) == NPU_NONE)
            return no_memory(q);
        g->node[end].out[k] = wide;
        g->value[wide].producer = end;
        NPU_TRY(add_pair(q, wide, value, g->value[value].name));
    }
    return NPU_OK;
}

/* --- inputs ------------------------------------------------------------ */

/* The image VALUE as the hardware hands it over, int8 NHWC, turned back into float. */
static npu_status image_input(quant *q, int32_t value, bool nchw)
{
    npu_graph *g = q->g;
    static const int64_t perm[4] = {0, 3, 1, 2}, back[4] = {0, 2, 3, 1};
    int32_t scale = scalar(g, "image_scale", 1), wide, turned = NPU_NONE, tr;
    npu_value v = g->value[value];
    wide = value_like(g, value, "_dequantized", NPU_ELEM_FLOAT);
    if (nchw)
        turned = value_like(g, value, "_nchw", NPU_ELEM_FLOAT);
    if (scale == NPU_NONE || wide == NPU_NONE || (nchw && turned == NPU_NONE))
        return no_memory(q);
    g_redirect(g, value, nchw ? turned : wide);
    g->value[value].elem = NPU_ELEM_INT8;
    if (add_node(q, NPU_OP_DEQUANTIZELINEAR, value, scale, wide) == NPU_NONE)
        return no_memory(q);
    if (!nchw)
        return NPU_OK;
    for (int k = 0; k < 4; k++)
        g->value[value].dim[k] = g->value[wide].dim[k] = v.dim[back[k]];
    tr = g_add(g, NPU_OP_TRANSPOSE, NULL, "", &wide, 1, &turned, 1);
    return tr != NPU_NONE && g_set_ints(g, tr, "perm", perm, 4) ? NPU_OK : no_memory(q);
}

static npu_status image_inputs(quant *q)
{
    for (size_t i = 0; i < q->o->ninput; i++) {
        const cc_input *p = &q->o->input[i];
        int32_t value = p->name ? g_find(q->g, p->name) : NPU_NONE;
        if (p->rt != CC_FEATUREMAP && value != NPU_NONE && q->g->value[value].rank == 4 &&
            q->g->value[value].producer == NPU_NONE && !q->g->value[value].constant)
            NPU_TRY(image_input(q, value, p->layout_train == CC_NCHW));
    }
    return NPU_OK;
}

static npu_status quantise_all(quant *q)
{
    NPU_TRY(image_inputs(q));
    for (uint32_t i = 0; i < q->nnode; i++)
        if (!q->g->node[i].dead && on_npu(q, (int32_t)i))
            NPU_TRY(quantise_inputs(q, (int32_t)i));
    for (uint32_t i = 0; i < q->nnode; i++)
        if (!q->g->node[i].dead && q->plan->node[i].unit == CC_NPU && !q->plan->node[i].int32_out)
            NPU_TRY(quantise_output(q, (int32_t)i));
    NPU_TRY(g_sort(q->g, q->err));
    return cc_raise_opset(q->g, q->err);
}

npu_status cc_quantise(npu_graph *g, const cc_plan *plan, const cc_options *o, npu_err *err)
{
    static const int8_t none = 0;
    quant q = {.g = g, .plan = plan, .o = o, .nnode = g->nnode, .nvalue = g->nvalue, .err = err};
    npu_status s;
    q.int8 = malloc((g->nvalue + 1) * sizeof *q.int8);
    q.end = malloc((g->nnode + 1) * sizeof *q.end);
    q.zero = g_constant(g, "zero_point", NPU_ELEM_INT8, 0, NULL, &none);
    if (q.int8 && q.end && q.zero != NPU_NONE) {
        for (uint32_t i = 0; i <= q.nvalue; i++)
            q.int8[i] = NPU_NONE;
        for (uint32_t i = 0; i < q.nnode; i++) /* in topological order: the last one stays */
            if (!g->node[i].dead)
                q.end[head(g, (int32_t)i)] = (int32_t)i;
        s = quantise_all(&q);
    } else {
        s = no_memory(&q);
    }
    free(q.int8);
    free(q.end);
    return s;
}
