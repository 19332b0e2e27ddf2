/* Nodes that change nothing, and other spellings of the same thing. */
#include <string.h>

#include "compiler/opt.h"

static bool all_zero(const npu_graph *g, const npu_node *n, const char *attr, uint32_t input)
{
    int64_t v[2 * NPU_RANK_MAX];
    size_t count = g_ints(n, attr, v, 2 * NPU_RANK_MAX);
    int64_t from_input = count == 0 && n->nin > input
                             ? g_const_ints(g, n->in[input], v, 2 * NPU_RANK_MAX) : -1;
    if (from_input > 0)
        count = (size_t)from_input;
    for (size_t i = 0; i < count && i < 2 * NPU_RANK_MAX; i++)
        if (v[i] != 0)
            return false;
    return count > 0 && count <= 2 * NPU_RANK_MAX;
}

static bool forward_slice(const npu_graph *g, const npu_node *n)
{
    int64_t step[NPU_RANK_MAX];
    int64_t count = n->nin > 4 && n->in[4] != NPU_NONE
                        ? g_const_ints(g, n->in[4], step, NPU_RANK_MAX) : 0;
    for (int64_t i = 0; i < count; i++)
        if (step[i] < 1)
            return false;
    return count >= 0;
}

static bool identity_order(const npu_node *n, int rank)
{
    int64_t perm[NPU_RANK_MAX];
    size_t count = g_ints(n, "perm", perm, NPU_RANK_MAX);
    for (size_t i = 0; i < count && i < NPU_RANK_MAX; i++)
        if (perm[i] != (int64_t)i)
            return false;
    return count == (size_t)rank || (count == 0 && rank < 2);
}

static bool neutral(const npu_graph *g, const npu_node *n, double element)
{
    double v;
    return n->nin == 2 && opt_scalar(g, n->in[1], &v) && v == element;
}

/* Whether N, whose input and output have the same type and shape, passes its input on. */
static bool passes_on(const npu_graph *g, const npu_node *n, int rank)
{
    int64_t kernel[NPU_RANK_MAX];
    switch (n->op) {
    case NPU_OP_IDENTITY: case NPU_OP_CAST: case NPU_OP_RESHAPE: case NPU_OP_FLATTEN:
    case NPU_OP_SQUEEZE: case NPU_OP_UNSQUEEZE: case NPU_OP_EXPAND: case NPU_OP_TILE:
    case NPU_OP_RESIZE: case NPU_OP_UPSAMPLE: case NPU_OP_DROPOUT:
        return true;
    case NPU_OP_CONCAT: case NPU_OP_SUM: case NPU_OP_MAX: case NPU_OP_MIN: case NPU_OP_MEAN:
        return n->nin == 1;
    case NPU_OP_SLICE: return forward_slice(g, n);
    case NPU_OP_PAD: return all_zero(g, n, "pads", 1);
    case NPU_OP_TRANSPOSE: return identity_order(n, rank);
    case NPU_OP_MUL: case NPU_OP_DIV: case NPU_OP_POW: return neutral(g, n, 1);
    case NPU_OP_ADD: case NPU_OP_SUB: return neutral(g, n, 0);
    case NPU_OP_MAXPOOL: case NPU_OP_AVERAGEPOOL:
        return g_ints(n, "kernel_shape", kernel, NPU_RANK_MAX) == 2 && kernel[0] == 1 &&
               kernel[1] == 1;
    default: return false;
    }
}

static bool only_first_output(const npu_graph *g, const npu_node *n)
{
    for (uint32_t k = 1; k < n->nout; k++)
        if (n->out[k] != NPU_NONE && (g_is_output(g, n->out[k]) ||
                                      g_readers(g, n->out[k], NULL, 0) > 0))
            return false;
    return true;
}

npu_status opt_drop(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o, (void)err;
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *n = &g->node[i];
        const npu_value *in = n->dead || n->nout < 1 || n->out[0] < 0 ? NULL : opt_in(g, n, 0);
        if (in && !in->constant && in->elem == g->value[n->out[0]].elem &&
            opt_same_shape(in, &g->value[n->out[0]]) && passes_on(g, n, in->rank) &&
            only_first_output(g, n))
            opt_bypass(g, (int32_t)i);
    }
    return NPU_OK;
}

/* Sum of several is a chain of additions; the last one keeps name and output. */
static npu_status split_sum(npu_graph *g, int32_t node, npu_err *err)
{
    uint32_t nin = g->node[node].nin;
    int32_t sum = g->node[node].in[0], layer = g->node[node].layer;
    for (uint32_t k = 1; k + 1 < nin; k++) {
        int32_t in[2] = {sum, g->node[node].in[k]};
        int32_t out = opt_fresh(g, g->node[node].name, "sum", g->node[node].out[0]);
        if (out == NPU_NONE)
            return opt_memory(err);
        int32_t add = g_add(g, NPU_OP_ADD, NULL, g->node[node].name, in, 2, &out, 1);
        if (add == NPU_NONE)
            return opt_memory(err);
        g->node[add].layer = layer;
        sum = out;
    }
    int32_t in[2] = {sum, g->node[node].in[nin - 1]};
    return opt_become(g, node, NPU_OP_ADD, in, 2) ? NPU_OK : opt_memory(err);
}

/* auto_pad of a window over axes 2 and up.  The output's size is known, so that only its placing
 * is left. */
static npu_status explicit_pads(npu_graph *g, int32_t node, npu_err *err)
{
    const npu_node *n = &g->node[node];
    const char *how = g_text(n, "auto_pad", "NOTSET");
    const npu_value *x = opt_in(g, n, 0), *y = &g->value[n->out[0]], *w = opt_in(g, n, 1);
    int64_t k[NPU_RANK_MAX], s[NPU_RANK_MAX], d[NPU_RANK_MAX], pads[2 * NPU_RANK_MAX] = {0};
    if (strcmp(how, "NOTSET") == 0 || !*how || !x || x->rank < 3 || y->rank != x->rank)
        return NPU_OK;
    size_t axes = (size_t)x->rank - 2;
    bool up = n->op == NPU_OP_CONVTRANSPOSE;
    for (size_t i = 0; i < axes; i++) {
        k[i] = w && w->rank == x->rank ? w->dim[i + 2] : 1;
        s[i] = d[i] = 1;
    }
    g_ints(n, "kernel_shape", k, axes);
    g_ints(n, "strides", s, axes);
    g_ints(n, "dilations", d, axes);
    for (size_t i = 0; i < axes && strncmp(how, "SAME", 4) == 0; i++) {
        int64_t in = up ? y->dim[i + 2] : x->dim[i + 2], out = up ? x->dim[i + 2] : y->dim[i + 2];
        int64_t all = (out - 1) * s[i] + (k[i] - 1) * d[i] + 1 - in;
        all = all < 0 ? 0 : all;
        pads[i] = strcmp(how, "SAME_LOWER") == 0 ? all - all / 2 : all / 2;
        pads[axes + i] = all - pads[i];
    }
    return g_set_ints(g, node, "pads", pads, 2 * axes) &&
                   g_set_text(g, node, "auto_pad", "NOTSET") ? NPU_OK : opt_memory(err);
}

/* Axes of a Reduce node as given: attribute or, since opset 18, input. */
static bool reduces_map(const npu_graph *g, const npu_node *n)
{
    const npu_value *x = opt_in(g, n, 0);
    int64_t axis[NPU_RANK_MAX];
    int64_t count = (int64_t)g_ints(n, "axes", axis, NPU_RANK_MAX);
    if (count == 0 && n->nin > 1)
        count = g_const_ints(g, n->in[1], axis, NPU_RANK_MAX);
    if (!x || x->rank != 4 || count != 2)
        return false;
    for (int i = 0; i < 2; i++)
        axis[i] += axis[i] < 0 ? 4 : 0;
    return (axis[0] == 2 && axis[1] == 3) || (axis[0] == 3 && axis[1] == 2);
}

/* A mean over H and W is global pooling, with a Reshape when the axes are dropped. */
static npu_status pool_mean(npu_graph *g, int32_t node, npu_err *err)
{
    npu_node *n = &g->node[node];
    bool keep = g_int(n, "keepdims", 1) != 0;
    int32_t in = n->in[0], out = n->out[0];
    if (!opt_become(g, node, NPU_OP_GLOBALAVERAGEPOOL, &in, 1))
        return opt_memory(err);
    if (keep)
        return NPU_OK;
    int32_t map = opt_fresh(g, g->node[node].name, "map", NPU_NONE);
    if (map == NPU_NONE)
        return opt_memory(err);
    const npu_value *x = &g->value[in];
    npu_value *m = &g->value[map];
    *m = (npu_value){.name = m->name, .elem = x->elem, .rank = 4, .producer = node,
                     .dim = {x->dim[0], x->dim[1], 1, 1}};
    g->node[node].out[0] = map;
    char *name = arena_printf(g->arena, "%s_Reshape", g->node[node].name);
    return name && opt_add_reshape(g, name, map, out, g->node[node].layer) != NPU_NONE
               ? NPU_OK : opt_memory(err);
}

npu_status opt_explicit(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    uint32_t n = g->nnode; /* appended nodes need nothing */
    for (uint32_t i = 0; i < n; i++) {
        const npu_node *at = &g->node[i];
        if (at->dead || at->nout < 1 || at->out[0] < 0)
            continue;
        if (at->op == NPU_OP_SUM && at->nin > 1)
            NPU_TRY(split_sum(g, (int32_t)i, err));
        else if (at->op == NPU_OP_REDUCEMEAN && reduces_map(g, at))
            NPU_TRY(pool_mean(g, (int32_t)i, err));
        else if (g_attr(at, "auto_pad"))
            NPU_TRY(explicit_pads(g, (int32_t)i, err));
    }
    return NPU_OK;
}
