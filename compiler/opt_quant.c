/* Networks quantised before they came here, read as the float network they stand for: integer
 * constants are dequantised, QuantizeLinear/DequantizeLinear pairs leave their scale as attributes
 * ("quant_scale", "quant_zero") of the node before them, and the integer convolutions of dynamic
 * quantisation become convolutions. */
#include "compiler/opt.h"

/* Position along AXIS of element K. */
static int64_t along(const npu_value *v, int64_t axis, int64_t k)
{
    int64_t inner = 1;
    for (int d = v->rank; --d > axis;)
        inner *= v->dim[d];
    return inner ? k / inner % v->dim[axis] : 0;
}

/* (Q - zero) * scale of constant Q; SCALE and ZERO are scalars or lie along AXIS.  NPU_NONE with
 * *memory false when a number is missing. */
static int32_t real_constant(npu_graph *g, int32_t q, int32_t scale, int32_t zero, int64_t axis,
                             bool *memory)
{
    const npu_value *v = &g->value[q];
    int64_t n = g_elements(v), per = scale == NPU_NONE ? 1 : g_elements(&g->value[scale]);
    bool vector = per > 1, zeros = zero != NPU_NONE && g_elements(&g->value[zero]) > 1;
    *memory = false;
    if (n < 0 || axis < 0 || (vector && (axis >= v->rank || per != v->dim[axis])))
        return NPU_NONE;
    float *data = v->data ? opt_floats(g, n) : NULL;
    *memory = v->data && !data;
    for (int64_t k = 0; data && k < n; k++) {
        double x, s = 1, z = 0;
        int64_t at = vector ? along(v, axis, k) : 0;
        if (!g_const_num(g, q, k, &x) || (scale != NPU_NONE && !g_const_num(g, scale, at, &s)) ||
            (zero != NPU_NONE && !g_const_num(g, zero, zeros ? at : 0, &z)))
            return NPU_NONE;
        data[k] = (float)((x - z) * s);
    }
    if (*memory)
        return NPU_NONE;
    char *name = arena_printf(g->arena, "%s_float", v->name);
    int32_t out = name ? opt_const(g, name, v->rank, v->dim, data) : NPU_NONE;
    *memory = out == NPU_NONE;
    return out;
}

static int64_t axis_of(const npu_graph *g, const npu_node *n)
{
    int64_t axis = g_int(n, "axis", 1);
    return axis < 0 && n->in[0] >= 0 ? axis + g->value[n->in[0]].rank : axis;
}

static bool constant(const npu_graph *g, int32_t v)
{
    return v == NPU_NONE || g->value[v].constant;
}

static npu_status fold_constant(npu_graph *g, int32_t node, npu_err *err)
{
    const npu_node *n = &g->node[node];
    bool memory;
    int32_t zero = n->nin > 2 ? n->in[2] : NPU_NONE, out = n->out[0];
    if (!constant(g, n->in[1]) || !constant(g, zero))
        return NPU_OK;
    int32_t v = real_constant(g, n->in[0], n->in[1], zero, axis_of(g, n), &memory);
    if (memory)
        return opt_memory(err);
    if (v != NPU_NONE && !g_is_output(g, out)) {
        g_redirect(g, out, v);
        g_kill(g, node);
    }
    return NPU_OK;
}

/* Remembers the scale at the node that makes VALUE. */
static npu_status remember(npu_graph *g, int32_t value, const npu_node *quant, npu_err *err)
{
    int32_t p = g->value[value].producer;
    double s, z = 0;
    if (p == NPU_NONE || !opt_scalar(g, quant->in[1], &s))
        return NPU_OK;
    if (quant->nin > 2 && quant->in[2] != NPU_NONE)
        opt_scalar(g, quant->in[2], &z);
    return g_set_float(g, p, "quant_scale", (float)s) &&
                   g_set_int(g, p, "quant_zero", (int64_t)z) ? NPU_OK : opt_memory(err);
}

/* DequantizeLinear NODE over QuantizeLinear: its readers read what was quantised. */
static npu_status drop_pair(npu_graph *g, int32_t node, npu_err *err)
{
    int32_t q = opt_from(g, &g->node[node], 0);
    if (q == NPU_NONE || g->node[q].op != NPU_OP_QUANTIZELINEAR)
        return NPU_OK;
    NPU_TRY(remember(g, g->node[q].in[0], &g->node[q], err));
    g->node[node].in[0] = g->node[q].in[0];
    opt_bypass(g, node);
    return NPU_OK;
}

/* The Mul behind an integer convolution that applies the scales; *weight: the constant one. */
static int32_t find_scale(const npu_graph *g, int32_t cast, int32_t dynamic, int32_t *weight)
{
    int32_t mul = opt_reader(g, g->node[cast].out[0]);
    if (mul == NPU_NONE || g->node[mul].op != NPU_OP_MUL)
        return NPU_NONE;
    int32_t by = g->node[mul].in[g->node[mul].in[0] == g->node[cast].out[0]];
    int32_t scale = g->node[dynamic].out[1], from = g->value[by].producer;
    *weight = NPU_NONE;
    if (by == scale)
        return mul;
    if (from == NPU_NONE || g->node[from].op != NPU_OP_MUL)
        return NPU_NONE;
    *weight = g->node[from].in[g->node[from].in[0] == scale];
    bool reads = g->node[from].in[0] == scale || g->node[from].in[1] == scale;
    return reads && g->value[*weight].constant ? mul : NPU_NONE;
}

/* ConvInteger or MatMulInteger of a dynamically quantised map, Cast, Mul with the scales. */
static npu_status fold_integer(npu_graph *g, int32_t node, npu_err *err)
{
    const npu_node *n = &g->node[node];
    bool conv = n->op == NPU_OP_CONVINTEGER, memory;
    int32_t dynamic = opt_from(g, n, 0), cast = opt_reader(g, n->out[0]), scale;
    int32_t zero = n->nin > 3 ? n->in[3] : NPU_NONE;
    if (dynamic == NPU_NONE || g->node[dynamic].op != NPU_OP_DYNAMICQUANTIZELINEAR ||
        g->node[dynamic].nout < 2 || cast == NPU_NONE || g->node[cast].op != NPU_OP_CAST ||
        !g->value[n->in[1]].constant || !constant(g, zero))
        return NPU_OK;
    int32_t mul = find_scale(g, cast, dynamic, &scale);
    if (mul == NPU_NONE)
        return NPU_OK;
    int64_t axis = conv ? 0 : g->value[n->in[1]].rank - 1;
    int32_t w = real_constant(g, n->in[1], scale, zero, axis, &memory);
    if (w == NPU_NONE)
        return memory ? opt_memory(err) : NPU_OK;
    g->node[node].op = conv ? NPU_OP_CONV : NPU_OP_MATMUL;
    g->node[node].nin = 2;
    g->node[node].in[0] = g->node[dynamic].in[0];
    g->node[node].in[1] = w;
    opt_absorb(g, node, cast);
    opt_absorb(g, node, mul);
    return NPU_OK;
}

npu_status opt_dequantise(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *n = &g->node[i];
        if (n->dead || n->nin < 2 || n->in[0] < 0)
            continue;
        if (n->op == NPU_OP_DEQUANTIZELINEAR && g->value[n->in[0]].constant)
            NPU_TRY(fold_constant(g, (int32_t)i, err));
        else if (n->op == NPU_OP_DEQUANTIZELINEAR)
            NPU_TRY(drop_pair(g, (int32_t)i, err));
        else if (n->op == NPU_OP_CONVINTEGER || n->op == NPU_OP_MATMULINTEGER)
            NPU_TRY(fold_integer(g, (int32_t)i, err));
    }
    return NPU_OK;
}
