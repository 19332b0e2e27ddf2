/* Channel concatenation, splits and slices: views where the hardware can address them, copies
 * where channels do not fall on a storage tile of 4. */
#include "compiler/lower.h"

enum { TILE_C = 4 };

/* Tensor T becomes channels FROM.. of tensor WHOLE. */
static void put_inside(lower *l, int32_t t, int32_t whole, uint32_t from)
{
    l->net->tensor[t].inside = whole;
    l->net->tensor[t].channel = from;
}

/* The tensor can lie inside another: made in this sub-graph, and not already somewhere else. */
static bool movable(const lower *l, int32_t t)
{
    const cc_tensor *x = &l->net->tensor[t];
    if (x->producer == NPU_NONE || x->inside != NPU_NONE)
        return false;
    for (uint32_t i = 0; i < l->net->ntensor; i++)
        if (l->net->tensor[i].inside == t)
            return false;
    return true;
}

static npu_status copy_into(lower *l, int32_t node, int32_t from, int32_t whole, uint32_t channel,
                            npu_err *err)
{
    int32_t part = lower_like(l, from, l->g->node[node].name);
    if (part == NPU_NONE || !lower_layer(l, CC_MOVE, node, from, part))
        return lower_full(err);
    put_inside(l, part, whole, channel);
    return NPU_OK;
}

static int64_t axis_of(const npu_node *n, int rank, int64_t dflt)
{
    int64_t a = g_int(n, "axis", dflt);
    return a < 0 ? a + rank : a;
}

/* The concatenation of parts that are not channel ranges: one pass over the result. */
static npu_status copy_all(lower *l, int32_t node, int32_t out, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    for (uint32_t i = 0; i < n->nin; i++) {
        int32_t t = lower_tensor(l, n->in[i]);
        cc_layer *y = lower_layer(l, CC_MOVE, node, t, out);
        if (!y)
            return lower_full(err);
        y->b = i ? out : NPU_NONE;
    }
    return NPU_OK;
}

npu_status lower_concat(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t out = lower_tensor(l, n->out[0]);
    uint32_t channel = 0;
    if (out == NPU_NONE)
        return lower_full(err);
    l->net->tensor[out].input = false;
    int rank = l->g->value[n->out[0]].rank;
    if (axis_of(n, rank, 1) != 1)
        return copy_all(l, node, out, err);
    for (uint32_t i = 0; i < n->nin; i++) {
        int32_t t = lower_tensor(l, n->in[i]);
        if (t == NPU_NONE)
            return lower_full(err);
        uint32_t c = l->net->tensor[t].c;
        if (channel % TILE_C == 0 && c % TILE_C == 0 && movable(l, t)) {
            put_inside(l, t, out, channel);
            if (l->net->tensor[out].producer == NPU_NONE)
                l->net->tensor[out].producer = l->net->tensor[t].producer;
        } else {
            NPU_TRY(copy_into(l, node, t, out, channel, err));
            l->net->tensor[out].producer = (int32_t)l->net->nlayer - 1;
        }
        channel += c;
    }
    return NPU_OK;
}

static npu_status take_range(lower *l, int32_t node, int32_t from, int32_t value, uint32_t channel,
                             npu_err *err)
{
    int32_t t = lower_tensor(l, value);
    if (t == NPU_NONE)
        return lower_full(err);
    bool aligned = channel % TILE_C == 0 && l->net->tensor[t].c % TILE_C == 0;
    if (aligned && !g_is_output(l->g, value)) {
        l->net->tensor[t].input = false;
        l->net->tensor[t].producer = l->net->tensor[from].producer;
        put_inside(l, t, from, channel);
        return NPU_OK;
    }
    return lower_layer(l, CC_MOVE, node, from, t) ? NPU_OK : lower_full(err);
}

npu_status lower_split(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t from = lower_tensor(l, n->in[0]);
    uint32_t channel = 0;
    if (from == NPU_NONE)
        return lower_full(err);
    int rank = l->g->value[n->in[0]].rank;
    bool channels = axis_of(n, rank, 0) == 1;
    for (uint32_t i = 0; i < n->nout; i++) {
        if (n->out[i] == NPU_NONE)
            continue;
        /* 1: never aligned, so copied */
        NPU_TRY(take_range(l, node, from, n->out[i], channels ? channel : 1, err));
        channel += (uint32_t)l->g->value[n->out[i]].dim[1 < rank ? 1 : 0];
    }
    return NPU_OK;
}

/* Start of a slice along channels with everything else whole; -1: it is not one. */
static int64_t channel_start(const lower *l, const npu_node *n)
{
    const npu_value *x = &l->g->value[n->in[0]], *y = &l->g->value[n->out[0]];
    int64_t starts[NPU_RANK_MAX], axes[NPU_RANK_MAX], count = 0;
    for (int i = 0; i < x->rank; i++)
        if (i != 1 && x->dim[i] != y->dim[i])
            return -1;
    if (n->nin > 1) {
        count = g_const_ints(l->g, n->in[1], starts, NPU_RANK_MAX);
        for (int i = 0; i < NPU_RANK_MAX; i++)
            axes[i] = i;
        if (n->nin > 3 && n->in[3] != NPU_NONE)
            g_const_ints(l->g, n->in[3], axes, NPU_RANK_MAX);
    } else {
        count = (int64_t)g_ints(n, "starts", starts, NPU_RANK_MAX);
        for (int i = 0; i < NPU_RANK_MAX; i++)
            axes[i] = i;
        g_ints(n, "axes", axes, NPU_RANK_MAX);
    }
    for (int64_t i = 0; i < count && i < NPU_RANK_MAX; i++)
        if (axes[i] == 1 || axes[i] == 1 - x->rank)
            return starts[i] < 0 ? starts[i] + x->dim[1] : starts[i];
    return -1;
}

/* The array takes channels out of a map with a 1x1 convolution of ones and zeros. */
static npu_status select_channels(lower *l, int32_t node, int32_t from, npu_err *err)
{
    int32_t out = lower_result(l, node);
    cc_layer *y = lower_layer(l, CC_CONV, node, from, out);
    if (!y)
        return lower_full(err);
    y->weight_bytes = (uint64_t)l->net->tensor[from].c * l->net->tensor[out].c;
    return NPU_OK;
}

npu_status lower_slice(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t from = lower_tensor(l, n->in[0]);
    int64_t start = channel_start(l, n);
    if (from == NPU_NONE)
        return lower_full(err);
    if (start < 0) /* 1: never aligned, so copied */
        return take_range(l, node, from, n->out[0], 1, err);
    return select_channels(l, node, from, err);
}
