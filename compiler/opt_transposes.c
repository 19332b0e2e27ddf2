/* Transposes: two in a row become one or none; one before element-wise nodes moves behind them, so
 * that the pairs which converters leave around every such node (NHWC networks) meet. */
#include <string.h>

#include "compiler/opt.h"

static bool order_of(const npu_graph *g, const npu_node *n, int64_t perm[NPU_RANK_MAX], int *rank)
{
    const npu_value *x = opt_in(g, n, 0);
    if (n->dead || n->op != NPU_OP_TRANSPOSE || !x || x->rank < 1)
        return false;
    *rank = x->rank;
    size_t count = g_ints(n, "perm", perm, NPU_RANK_MAX);
    for (int d = 0; d < *rank && count == 0; d++)
        perm[d] = *rank - 1 - d;
    return count == 0 || count == (size_t)*rank;
}

/* Transpose NODE over a Transpose: one, or none. */
static npu_status join(npu_graph *g, int32_t node, bool *changed, npu_err *err)
{
    int64_t a[NPU_RANK_MAX], b[NPU_RANK_MAX], c[NPU_RANK_MAX];
    int32_t first = opt_from(g, &g->node[node], 0);
    int ra, rb;
    bool same = true;
    if (first == NPU_NONE || !order_of(g, &g->node[first], a, &ra) ||
        !order_of(g, &g->node[node], b, &rb) || ra != rb)
        return NPU_OK;
    for (int d = 0; d < ra; d++) {
        c[d] = b[d] >= 0 && b[d] < ra ? a[b[d]] : 0;
        same &= c[d] == d;
    }
    g->node[node].in[0] = g->node[first].in[0];
    *changed = true;
    if (!g_set_ints(g, node, "perm", c, (size_t)ra))
        return opt_memory(err);
    if (same)
        opt_bypass(g, node);
    return NPU_OK;
}

static bool elementwise(npu_op op)
{
    switch (op) {
    case NPU_OP_RELU: case NPU_OP_CLIP: case NPU_OP_SIGMOID: case NPU_OP_TANH:
    case NPU_OP_LEAKYRELU: case NPU_OP_HARDSWISH: case NPU_OP_HARDSIGMOID: case NPU_OP_ELU:
    case NPU_OP_SOFTPLUS: case NPU_OP_CAST: case NPU_OP_EXP: case NPU_OP_SQRT:
        return true;
    default: return false;
    }
}

/* Whether NODE's output leads, over single readers of one element each, to another Transpose. */
static bool meets_another(const npu_graph *g, int32_t value)
{
    for (int steps = 0; steps < 64; steps++) {
        int32_t next = opt_reader(g, value);
        if (next == NPU_NONE)
            return false;
        if (g->node[next].op == NPU_OP_TRANSPOSE)
            return true;
        if (!elementwise(g->node[next].op))
            return false;
        value = g->node[next].out[0];
    }
    return false;
}

/* TRANSPOSE and its one reader NEXT change places. */
static npu_status move_behind(npu_graph *g, int32_t transpose, int32_t next, npu_err *err)
{
    int32_t map = g->node[transpose].in[0], out = g->node[next].out[0];
    int32_t result = opt_fresh(g, g->node[next].name, "map", map);
    if (result == NPU_NONE)
        return opt_memory(err);
    g->value[result].elem = g->value[out].elem;
    g->value[result].producer = next;
    g->node[next].in[0] = map;
    g->node[next].out[0] = result;
    g->node[transpose].in[0] = result;
    g->node[transpose].out[0] = out;
    g->value[out].producer = transpose;
    return NPU_OK;
}

/* One sweep over the graph. */
static npu_status sweep(npu_graph *g, bool *changed, npu_err *err)
{
    *changed = false;
    for (uint32_t i = 0; i < g->nnode; i++) {
        int64_t perm[NPU_RANK_MAX];
        int rank;
        if (!order_of(g, &g->node[i], perm, &rank))
            continue;
        NPU_TRY(join(g, (int32_t)i, changed, err));
        if (g->node[i].dead)
            continue;
        int32_t next = opt_reader(g, g->node[i].out[0]);
        if (next != NPU_NONE && elementwise(g->node[next].op) &&
            meets_another(g, g->node[i].out[0])) {
            NPU_TRY(move_behind(g, (int32_t)i, next, err));
            *changed = true;
        }
    }
    return NPU_OK;
}

npu_status opt_transposes(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    bool changed = true;
    while (changed) {
        NPU_TRY(sweep(g, &changed, err));
        g_sweep(g);
        NPU_TRY(g_sort(g, err));
    }
    return NPU_OK;
}
