/* Opset 11 or 12 to 13, where DequantizeLinear knows axes; see quant_graph.h. */
#include <string.h>

#include "compiler/graph.h"
#include "compiler/quant_graph.h"

enum { OPSET = 13, AXES_MAX = 512 };

static npu_status no_memory(const npu_graph *g, npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "%s: out of memory", g->file);
}

static void drop_attr(npu_node *n, const char *name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n->nattr; i++)
        if (strcmp(n->attr[i].name, name))
            n->attr[kept++] = n->attr[i];
    n->nattr = kept;
}

/* The list attribute NAME becomes input 1. */
static npu_status to_input(npu_graph *g, int32_t node, const char *name, npu_err *err)
{
    npu_node *n = &g->node[node];
    int64_t v[AXES_MAX], count = (int64_t)g_ints(n, name, v, AXES_MAX);
    int32_t *in, value;
    if (!count || n->nin > 1)
        return NPU_OK;
    if (count > AXES_MAX)
        return npu_fail(err, NPU_UNSUPPORTED, "node %.120s: %lld numbers in %s, at most %d",
                        n->name, (long long)count, name, AXES_MAX);
    value = g_constant(g, n->name, NPU_ELEM_INT64, 1, &count, v);
    in = arena_alloc(g->arena, 2 * sizeof *in);
    if (value == NPU_NONE || !in)
        return no_memory(g, err);
    n = &g->node[node];
    in[0] = n->in[0];
    in[1] = value;
    n->in = in;
    n->nin = 2;
    drop_attr(n, name);
    return NPU_OK;
}

static int32_t like(npu_graph *g, int32_t value, int rank, const int64_t *dim)
{
    int32_t to = g_fresh(g, g->value[value].name);
    if (to == NPU_NONE)
        return to;
    g->value[to].elem = g->value[value].elem;
    g->value[to].rank = rank;
    memcpy(g->value[to].dim, dim, (size_t)rank * sizeof *dim);
    return to;
}

/* Before opset 13 the axes from AXIS on were one: flatten, last axis, back to the shape. */
static npu_status flat(npu_graph *g, int32_t node, int64_t axis, npu_err *err)
{
    int32_t in = g->node[node].in[0], out = g->node[node].out[0], a, b, shape, pair[2];
    const npu_value *v = &g->value[in];
    int64_t rank = v->rank, whole[NPU_RANK_MAX], two[2] = {1, 1};
    memcpy(whole, v->dim, sizeof whole);
    for (int64_t k = 0; k < rank; k++)
        two[k >= axis] *= whole[k];
    a = like(g, in, 2, two);
    b = like(g, out, 2, two);
    shape = g_constant(g, g->node[node].name, NPU_ELEM_INT64, 1, &rank, whole);
    if (a == NPU_NONE || b == NPU_NONE || shape == NPU_NONE)
        return no_memory(g, err);
    pair[0] = b;
    pair[1] = shape;
    int32_t f = g_add(g, NPU_OP_FLATTEN, NULL, g->node[node].name, &in, 1, &a, 1);
    int32_t r = g_add(g, NPU_OP_RESHAPE, NULL, g->node[node].name, pair, 2, &out, 1);
    if (f == NPU_NONE || r == NPU_NONE || !g_set_int(g, f, "axis", axis) ||
        !g_set_int(g, node, "axis", 1))
        return no_memory(g, err);
    g->node[node].in[0] = a;
    g->node[node].out[0] = b;
    g->value[b].producer = node;
    return NPU_OK;
}

static npu_status softmax(npu_graph *g, int32_t node, npu_err *err)
{
    const npu_node *n = &g->node[node];
    const npu_value *v = &g->value[n->in[0]];
    int64_t axis = g_int(n, "axis", 1), behind = 1;
    if (v->rank < 1 || g_elements(v) < 0)
        return npu_fail(err, NPU_UNSUPPORTED, "node %.120s (%.40s): its shape is not known",
                        n->name, n->type);
    axis += axis < 0 ? v->rank : 0;
    if (axis < 0 || axis > v->rank)
        return npu_fail(err, NPU_BAD_INPUT, "node %.120s: axis %lld of rank %d", n->name,
                        (long long)axis, v->rank);
    for (int64_t k = axis + 1; k < v->rank; k++)
        behind *= v->dim[k];
    if (axis < v->rank && behind == 1)
        return g_set_int(g, node, "axis", axis) ? NPU_OK : no_memory(g, err);
    return flat(g, node, axis, err);
}

static npu_status raise_node(npu_graph *g, int32_t node, npu_err *err)
{
    switch (g->node[node].op) {
    case NPU_OP_SQUEEZE:
    case NPU_OP_UNSQUEEZE:
    case NPU_OP_REDUCESUM: return to_input(g, node, "axes", err);
    case NPU_OP_SPLIT: return to_input(g, node, "split", err);
    case NPU_OP_SOFTMAX:
    case NPU_OP_LOGSOFTMAX:
    case NPU_OP_HARDMAX: return softmax(g, node, err);
    case NPU_OP_DROPOUT: drop_attr(&g->node[node], "ratio"); return NPU_OK;
    default: return NPU_OK;
    }
}

npu_status cc_raise_opset(npu_graph *g, npu_err *err)
{
    uint32_t n = g->nnode;
    if (g->opset >= OPSET)
        return NPU_OK;
    if (g->opset < 11)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: opset %lld, expected 11 at least", g->file,
                        (long long)g->opset);
    for (uint32_t i = 0; i < n; i++)
        if (!g->node[i].dead)
            NPU_TRY(raise_node(g, (int32_t)i, err));
    g->opset = OPSET;
    return g_sort(g, err);
}
