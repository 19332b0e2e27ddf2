/* What one hardware layer computes together: a convolution with an addition and an activation
 * behind it, x * Sigmoid(x), a channel shuffle.  The first node of such a cluster stands for all
 * of it. */
#include <stdlib.h>
#include <string.h>

#include "compiler/opt.h"
#include "compiler/plan_parts.h"

static void fuse(plan_work *w, int32_t head, int32_t node)
{
    free(w->at[node].message);
    w->at[node] = (cc_place){.unit = CC_GONE};
    w->g->node[node].fused_into = head;
}

static bool open_npu(const plan_work *w, int32_t node)
{
    return node != NPU_NONE && w->at[node].unit == CC_NPU && w->g->node[node].fused_into < 0;
}

/* Relu, or Clip from 0 to 6 or without upper end. */
static bool free_activation(const plan_work *w, const npu_node *n)
{
    double lo = (double)g_float(n, "min", -3e38f), hi = (double)g_float(n, "max", 3e38f);
    if (n->op == NPU_OP_RELU)
        return true;
    if (n->op != NPU_OP_CLIP || w->march != RULE_BERNOULLI2)
        return false;
    if (n->nin > 1 && n->in[1] != NPU_NONE && !g_const_num(w->g, n->in[1], 0, &lo))
        return false;
    if (n->nin > 2 && n->in[2] != NPU_NONE && !g_const_num(w->g, n->in[2], 0, &hi))
        return false;
    return lo == 0 && (hi == 6 || hi > 1e38);
}

static bool stride_one_or_two(const npu_node *n)
{
    int64_t s[2] = {1, 1};
    g_ints(n, "strides", s, 2);
    return s[0] >= 1 && s[0] <= 2 && s[1] >= 1 && s[1] <= 2;
}

static bool may_sum(const plan_work *w, const npu_node *conv)
{
    return w->march == RULE_BERNOULLI2 && conv->op == NPU_OP_CONV && stride_one_or_two(conv);
}

/* Whether ADD goes into the convolution that makes VALUE: the other operand is a whole map, and no
 * later convolution could take it as well (its other operand is there first). */
static bool takes_sum(const plan_work *w, int32_t conv, int32_t value, int32_t add)
{
    const npu_graph *g = w->g;
    const npu_node *n = &g->node[add];
    if (n->op != NPU_OP_ADD || n->nin != 2 || n->in[0] == n->in[1])
        return false;
    int32_t other = n->in[n->in[0] == value], from = g->value[other].producer;
    if (g->value[other].constant || !opt_same_shape(&g->value[other], &g->value[value]))
        return false;
    return from == NPU_NONE || from < conv || !open_npu(w, from) || !may_sum(w, &g->node[from]) ||
           opt_reader(g, other) != add;
}

static void fuse_conv(plan_work *w, int32_t conv)
{
    const npu_graph *g = w->g;
    bool sum = !may_sum(w, &g->node[conv]), wide = w->at[conv].int32_out;
    int32_t value = g->node[conv].out[0], next = opt_reader(g, value);
    if (wide || !open_npu(w, next))
        return;
    if (!sum && takes_sum(w, conv, value, next)) {
        fuse(w, conv, next);
        value = g->node[next].out[0];
        next = opt_reader(g, value);
    }
    if (open_npu(w, next) && free_activation(w, &g->node[next]))
        fuse(w, conv, next);
}

/* Mul of a map with its own Sigmoid. */
static void fuse_swish(plan_work *w, int32_t sigmoid)
{
    const npu_graph *g = w->g;
    const npu_node *s = &g->node[sigmoid];
    int32_t mul = opt_reader(g, s->out[0]);
    if (!open_npu(w, mul) || g->node[mul].op != NPU_OP_MUL || g->node[mul].nin != 2)
        return;
    const npu_node *m = &g->node[mul];
    if (m->in[0] != s->in[0] && m->in[1] != s->in[0])
        return;
    fuse(w, sigmoid, mul);
    w->at[sigmoid].type = "HzSwish";
}

/* N x C x H x W to N x G x C/G x H x W. */
static bool splits_channels(const npu_value *a, const npu_value *b)
{
    return a->rank == 4 && b->rank == 5 && a->dim[0] == b->dim[0] &&
           a->dim[1] == b->dim[1] * b->dim[2] && a->dim[2] == b->dim[3] && a->dim[3] == b->dim[4];
}

static bool on_cpu_by_type(const plan_work *w, int32_t node)
{
    return node != NPU_NONE && w->at[node].unit == CC_CPU &&
           w->at[node].why == CC_WHY_UNSUPPORTED_OP;
}

/* Reshape, Transpose, Reshape that exchange the two parts of the channels. */
static void fuse_shuffle(plan_work *w, int32_t first)
{
    static const int64_t order[5] = {0, 2, 1, 3, 4};
    const npu_graph *g = w->g;
    const npu_node *a = &g->node[first];
    int32_t move = opt_reader(g, a->out[0]);
    int64_t perm[5];
    if (!on_cpu_by_type(w, first) || !on_cpu_by_type(w, move) ||
        g->node[move].op != NPU_OP_TRANSPOSE ||
        !splits_channels(&g->value[a->in[0]], &g->value[a->out[0]]) ||
        g_ints(&g->node[move], "perm", perm, 5) != 5 || memcmp(perm, order, sizeof order) != 0)
        return;
    int32_t last = opt_reader(g, g->node[move].out[0]);
    if (!on_cpu_by_type(w, last) || g->node[last].op != NPU_OP_RESHAPE ||
        !opt_same_shape(&g->value[a->in[0]], &g->value[g->node[last].out[0]]) ||
        g->value[a->in[0]].dim[1] > 2048)
        return;
    fuse(w, first, move);
    fuse(w, first, last);
    free(w->at[first].message);
    w->at[first] = (cc_place){.unit = CC_NPU, .type = "HzShuffle"};
}

/* New order: a cluster stands where its last node stood, which is after everything it reads. */
static void order_clusters(const npu_graph *g, uint32_t *order)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->nnode; i++) {
        int32_t head = g->node[i].fused_into >= 0 ? g->node[i].fused_into : (int32_t)i;
        if (cc_cluster_end(g, head) != (int32_t)i)
            continue;
        order[n++] = (uint32_t)head;
        for (uint32_t k = (uint32_t)head + 1; k <= i; k++)
            if (g->node[k].fused_into == head)
                order[n++] = k;
    }
}

static npu_status reorder(plan_work *w, npu_err *err)
{
    npu_graph *g = w->g;
    uint32_t n = g->nnode, *order = calloc(n + 1, sizeof *order);
    int32_t *to = calloc(n + 1, sizeof *to);
    npu_node *node = calloc(n + 1, sizeof *node);
    cc_place *at = calloc(n + 1, sizeof *at);
    bool *named = calloc(n + 1, 1);
    bool ok = order && to && node && at && named;
    if (ok) {
        order_clusters(g, order);
        for (uint32_t i = 0; i < n; i++)
            to[order[i]] = (int32_t)i;
        for (uint32_t i = 0; i < n; i++) {
            node[i] = g->node[order[i]];
            at[i] = w->at[order[i]];
            named[i] = w->named_bpu[order[i]];
            if (node[i].fused_into >= 0)
                node[i].fused_into = to[node[i].fused_into];
            for (uint32_t k = 0; k < node[i].nout; k++)
                if (node[i].out[k] != NPU_NONE)
                    g->value[node[i].out[k]].producer = (int32_t)i;
        }
        memcpy(g->node, node, n * sizeof *node);
        memcpy(w->at, at, n * sizeof *at);
        memcpy(w->named_bpu, named, n);
    }
    free(order);
    free(to);
    free(node);
    free(at);
    free(named);
    return ok ? NPU_OK : opt_memory(err);
}

void plan_shuffles(plan_work *w)
{
    for (uint32_t i = 0; i < w->g->nnode; i++)
        if (w->g->node[i].op == NPU_OP_RESHAPE && w->g->node[i].fused_into < 0)
            fuse_shuffle(w, (int32_t)i);
}

npu_status plan_fuse(plan_work *w, npu_err *err)
{
    for (uint32_t i = 0; i < w->g->nnode; i++) {
        const npu_node *n = &w->g->node[i];
        if (!open_npu(w, (int32_t)i))
            continue;
        if (n->op == NPU_OP_CONV || n->op == NPU_OP_CONVTRANSPOSE || n->op == NPU_OP_GEMM)
            fuse_conv(w, (int32_t)i);
        else if (n->op == NPU_OP_SIGMOID)
            fuse_swish(w, (int32_t)i);
    }
    return reorder(w, err);
}
