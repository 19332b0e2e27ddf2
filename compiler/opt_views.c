/* Views: operators that give the same data another shape.  Chains become one Reshape; behind a
 * fully connected layer a Reshape moves out of the way, so that classic classifiers stay
 * four-dimensional to the end. */
#include "compiler/opt.h"

npu_status opt_views(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    uint32_t n = g->nnode;
    for (uint32_t i = 0; i < n; i++) {
        const npu_node *at = &g->node[i];
        const npu_value *in = at->dead || !opt_is_view(at->op) ? NULL : opt_in(g, at, 0);
        if (!in || in->constant || g_elements(&g->value[at->out[0]]) < 0)
            continue;
        int32_t from = in->producer;
        bool chain = from != NPU_NONE && opt_is_view(g->node[from].op);
        int32_t root = chain ? g->node[from].in[0] : at->in[0];
        if (opt_same_shape(&g->value[root], &g->value[at->out[0]])) {
            g->node[i].in[0] = root;
            opt_bypass(g, (int32_t)i);
        } else if ((chain || at->op != NPU_OP_RESHAPE) &&
                   !opt_become_reshape(g, (int32_t)i, root)) {
            return opt_memory(err);
        }
    }
    return NPU_OK;
}

/* One input, one output, every element by itself. */
static bool elementwise(npu_op op)
{
    switch (op) {
    case NPU_OP_RELU: case NPU_OP_CLIP: case NPU_OP_SIGMOID: case NPU_OP_TANH:
    case NPU_OP_LEAKYRELU: case NPU_OP_HARDSWISH: case NPU_OP_HARDSIGMOID: case NPU_OP_ELU:
    case NPU_OP_SOFTPLUS: case NPU_OP_SELU: case NPU_OP_GELU:
        return true;
    default: return false;
    }
}

/* Reads along axis 1 only, which [N, C] and [N, C, 1, 1] share. */
static bool per_channel(npu_op op)
{
    return op == NPU_OP_BATCHNORMALIZATION;
}

/* The slopes of a PRelu over [N, C] for [N, C, 1, 1]; false: not of that kind, or no memory. */
static bool reshape_slope(npu_graph *g, int32_t node, int64_t c)
{
    int32_t slope = g->node[node].nin > 1 ? g->node[node].in[1] : NPU_NONE;
    int64_t dim[3] = {c, 1, 1};
    if (slope == NPU_NONE || !g->value[slope].constant || g_elements(&g->value[slope]) != c)
        return slope != NPU_NONE && g_elements(&g->value[slope]) == 1;
    int32_t v = opt_const(g, g->value[slope].name, 3, dim, g->value[slope].data);
    if (v != NPU_NONE)
        g->node[node].in[1] = v;
    return v != NPU_NONE;
}

static bool moves_before(npu_graph *g, int32_t reshape, int32_t node)
{
    npu_op op = g->node[node].op;
    if (op == NPU_OP_PRELU)
        return reshape_slope(g, node, g->value[g->node[reshape].in[0]].dim[1]);
    return elementwise(op) || per_channel(op);
}

/* RESHAPE's one reader NODE works on RESHAPE's input instead, RESHAPE on its result. */
static bool swap(npu_graph *g, int32_t reshape, int32_t node)
{
    int32_t map = g->node[reshape].in[0], out = g->node[node].out[0];
    int32_t result = opt_fresh(g, g->node[node].name, "map", map);
    if (result == NPU_NONE)
        return false;
    g->node[node].in[0] = map;
    g->node[node].out[0] = result;
    g->value[result].producer = node;
    g->node[reshape].in[0] = result;
    g->node[reshape].out[0] = out;
    g->value[out].producer = reshape;
    return true;
}

npu_status opt_sink_views(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *at = &g->node[i];
        if (at->dead || at->op != NPU_OP_RESHAPE || opt_from(g, at, 0) == NPU_NONE ||
            !g_int(&g->node[opt_from(g, at, 0)], "fc", 0) ||
            opt_reader(g, at->in[0]) == NPU_NONE)
            continue;
        for (int32_t next; (next = opt_reader(g, g->node[i].out[0])) != NPU_NONE;)
            if (g->node[next].in[0] != g->node[i].out[0] || !moves_before(g, (int32_t)i, next))
                break;
            else if (!swap(g, (int32_t)i, next))
                return opt_memory(err);
    }
    return NPU_OK;
}
