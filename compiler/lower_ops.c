/* Element-wise operators, rearrangements, and the table of all. */
#include <string.h>

#include "compiler/lower.h"

static cc_act act_of(const lower *l, int32_t head)
{
    for (uint32_t i = (uint32_t)head + 1; i < l->g->nnode; i++)
        if (!l->g->node[i].dead && l->g->node[i].fused_into == head) {
            if (l->g->node[i].op == NPU_OP_RELU)
                return CC_ACT_RELU;
            if (l->g->node[i].op == NPU_OP_CLIP)
                return CC_ACT_RELU6;
        }
    return CC_ACT_NONE;
}

static npu_status unary(lower *l, int32_t node, cc_kind kind, npu_err *err)
{
    int32_t a = lower_tensor(l, l->g->node[node].in[0]), out = lower_result(l, node);
    cc_layer *y = lower_layer(l, kind, node, a, out);
    if (!y)
        return lower_full(err);
    if (kind == CC_LUT)
        y->weight_bytes = 256;
    y->act = kind == CC_DWCONV ? act_of(l, node) : CC_ACT_NONE;
    return NPU_OK;
}

static npu_status lower_lut(lower *l, int32_t node, npu_err *err)
{
    return unary(l, node, CC_LUT, err);
}

static npu_status lower_relu(lower *l, int32_t node, npu_err *err)
{
    return unary(l, node, CC_RELU, err);
}

static npu_status lower_prelu(lower *l, int32_t node, npu_err *err)
{
    NPU_TRY(unary(l, node, CC_PRELU, err));
    const npu_node *n = &l->g->node[node];
    cc_layer *y = &l->net->layer[l->net->nlayer - 1];
    if (n->op == NPU_OP_PRELU && n->nin > 1) {
        y->weight = n->in[1];
        y->weight_bytes = (uint64_t)g_elements(&l->g->value[n->in[1]]);
    }
    return NPU_OK;
}

/* A number per channel times the map plus a number: one multiplication per element. */
static npu_status per_channel(lower *l, int32_t node, int32_t map, int32_t weight, npu_err *err)
{
    int32_t a = lower_tensor(l, map), out = lower_result(l, node);
    cc_layer *y = lower_layer(l, CC_DWCONV, node, a, out);
    if (!y)
        return lower_full(err);
    y->weight = weight;
    y->weight_bytes = l->net->tensor[a].c;
    y->act = act_of(l, node);
    return NPU_OK;
}

static npu_status lower_bn(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    return per_channel(l, node, n->in[0], n->in[1], err);
}

static cc_kind binary_kind(npu_op op)
{
    switch (op) {
    case NPU_OP_MUL: case NPU_OP_DIV:
        return CC_MUL;
    case NPU_OP_MAX:
        return CC_MAX;
    case NPU_OP_MIN:
        return CC_MIN;
    default:
        return CC_ADD;
    }
}

/* Two maps, or a map and a constant; more than two are taken one after the other. */
static npu_status lower_binary(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t out = lower_result(l, node), at = NPU_NONE;
    if (out == NPU_NONE)
        return lower_full(err);
    for (uint32_t i = 0; i < n->nin; i++)
        if (l->g->value[n->in[i]].constant && n->nin == 2)
            return per_channel(l, node, n->in[1 - i], n->in[i], err);
    for (uint32_t i = 0; i < n->nin; i++) {
        int32_t t = lower_tensor(l, n->in[i]);
        if (t == NPU_NONE)
            return lower_full(err);
        if (at == NPU_NONE) {
            at = t;
            continue;
        }
        int32_t to = i + 1 == n->nin ? out : lower_like(l, out, n->name);
        const cc_tensor *ta = &l->net->tensor[at], *tb = &l->net->tensor[t];
        bool swap = (uint64_t)ta->c * ta->h * ta->w < (uint64_t)tb->c * tb->h * tb->w;
        cc_layer *y = lower_layer(l, binary_kind(n->op), node, swap ? t : at, to);
        if (!y)
            return lower_full(err);
        y->b = swap ? at : t;
        at = to;
    }
    l->net->layer[l->net->nlayer - 1].act = act_of(l, node);
    return NPU_OK;
}

static npu_status lower_resize(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    NPU_TRY(unary(l, node, CC_RESIZE, err));
    cc_layer *y = &l->net->layer[l->net->nlayer - 1];
    const cc_tensor *a = &l->net->tensor[y->a], *out = &l->net->tensor[y->out];
    y->linear = strcmp(g_text(n, "mode", "nearest"), "nearest") != 0;
    y->up_h = (uint32_t)(((uint64_t)out->h << 16) / a->h);
    y->up_w = (uint32_t)(((uint64_t)out->w << 16) / a->w);
    return NPU_OK;
}

static npu_status lower_move(lower *l, int32_t node, npu_err *err)
{
    return unary(l, node, CC_MOVE, err);
}

/* A node that only names the same bytes again. */
static npu_status lower_view(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t a = lower_tensor(l, n->in[0]), end = cc_cluster_end(l->g, node);
    if (a == NPU_NONE)
        return lower_full(err);
    for (uint32_t i = 0; i < l->g->node[end].nout; i++)
        if (l->g->node[end].out[i] != NPU_NONE)
            l->tensor_of[l->g->node[end].out[i]] = a;
    return NPU_OK;
}

/* Same bytes in the same order when only extents of one are added or removed, or a map becomes a
 * vector for a matrix product; else a rearrangement. */
static npu_status lower_reshape(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    const npu_value *x = &l->g->value[n->in[0]], *y = &l->g->value[n->out[0]];
    int64_t a[NPU_RANK_MAX], b[NPU_RANK_MAX];
    int na = 0, nb = 0;
    for (int i = 0; i < x->rank; i++)
        if (x->dim[i] != 1)
            a[na++] = x->dim[i];
    for (int i = 0; i < y->rank; i++)
        if (y->dim[i] != 1)
            b[nb++] = y->dim[i];
    bool same = na == nb && memcmp(a, b, (size_t)na * sizeof *a) == 0;
    if (same || y->rank <= 2)
        return lower_view(l, node, err);
    return lower_move(l, node, err);
}

static const struct {
    npu_op op;
    npu_status (*fn)(lower *, int32_t, npu_err *);
} table[] = {
    {NPU_OP_CONV, lower_conv}, {NPU_OP_CONVTRANSPOSE, lower_conv}, {NPU_OP_GEMM, lower_gemm},
    {NPU_OP_CONVINTEGER, lower_conv}, {NPU_OP_MATMUL, lower_gemm},
    {NPU_OP_MAXPOOL, lower_pool}, {NPU_OP_AVERAGEPOOL, lower_pool},
    {NPU_OP_GLOBALAVERAGEPOOL, lower_pool}, {NPU_OP_GLOBALMAXPOOL, lower_pool},
    {NPU_OP_REDUCEMEAN, lower_pool}, {NPU_OP_BATCHNORMALIZATION, lower_bn},
    {NPU_OP_ADD, lower_binary}, {NPU_OP_SUM, lower_binary}, {NPU_OP_SUB, lower_binary},
    {NPU_OP_MUL, lower_binary}, {NPU_OP_DIV, lower_binary}, {NPU_OP_MAX, lower_binary},
    {NPU_OP_MIN, lower_binary}, {NPU_OP_RELU, lower_relu}, {NPU_OP_CLIP, lower_relu},
    {NPU_OP_LEAKYRELU, lower_prelu}, {NPU_OP_PRELU, lower_prelu},
    {NPU_OP_SIGMOID, lower_lut}, {NPU_OP_TANH, lower_lut}, {NPU_OP_EXP, lower_lut},
    {NPU_OP_POW, lower_lut}, {NPU_OP_RECIPROCAL, lower_lut}, {NPU_OP_SQRT, lower_lut},
    {NPU_OP_SIN, lower_lut}, {NPU_OP_COS, lower_lut}, {NPU_OP_SOFTPLUS, lower_lut},
    {NPU_OP_HARDSWISH, lower_lut}, {NPU_OP_HARDSIGMOID, lower_lut}, {NPU_OP_MISH, lower_lut},
    {NPU_OP_ELU, lower_lut}, {NPU_OP_LOG, lower_lut}, {NPU_OP_ABS, lower_lut},
    {NPU_OP_SOFTMAX, lower_lut}, {NPU_OP_CONCAT, lower_concat}, {NPU_OP_SPLIT, lower_split},
    {NPU_OP_SLICE, lower_slice}, {NPU_OP_PAD, lower_move}, {NPU_OP_RESIZE, lower_resize},
    {NPU_OP_UPSAMPLE, lower_resize}, {NPU_OP_DEPTHTOSPACE, lower_move},
    {NPU_OP_SPACETODEPTH, lower_move}, {NPU_OP_TRANSPOSE, lower_move},
    {NPU_OP_RESHAPE, lower_reshape}, {NPU_OP_FLATTEN, lower_reshape},
    {NPU_OP_SQUEEZE, lower_view}, {NPU_OP_UNSQUEEZE, lower_view}, {NPU_OP_IDENTITY, lower_view},
    {NPU_OP_DROPOUT, lower_view}, {NPU_OP_CAST, lower_view}, {NPU_OP_ARGMAX, lower_move},
};

npu_status lower_node(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].op == n->op)
            return table[i].fn(l, node, err);
    return npu_fail(err, NPU_UNSUPPORTED, "node %s: %s is placed on the NPU, but nothing lowers it",
                    n->name, n->type);
}
