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

/* What a copied range takes of its source: in each direction from START on, every STEPth. */
typedef struct { int64_t start[2], step[2]; } range;

/* Channels of FROM from CHANNEL on, 1: something else, that R says. */
static npu_status take_range(lower *l, int32_t node, int32_t from, int32_t value, uint32_t channel,
                             range r, npu_err *err)
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
    cc_layer *y = lower_layer(l, CC_MOVE, node, from, t);
    if (!y)
        return lower_full(err);
    y->function = NPU_OP_SLICE;
    y->sh = (uint32_t)r.step[0];
    y->sw = (uint32_t)r.step[1];
    y->pt = (int32_t)-r.start[0];
    y->pl = (int32_t)-r.start[1];
    return NPU_OK;
}

npu_status lower_split(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t from = lower_tensor(l, n->in[0]);
    uint32_t channel = 0;
    if (from == NPU_NONE)
        return lower_full(err);
    int rank = l->g->value[n->in[0]].rank;
    int64_t axis = axis_of(n, rank, 0);
    range r = {{0, 0}, {1, 1}};
    for (uint32_t i = 0; i < n->nout; i++) {
        if (n->out[i] == NPU_NONE)
            continue;
        /* 1: never aligned, so copied */
        NPU_TRY(take_range(l, node, from, n->out[i], axis == 1 ? channel : 1, r, err));
        const npu_value *y = &l->g->value[n->out[i]];
        channel += (uint32_t)y->dim[1 < rank ? 1 : 0];
        for (int k = 0; k < 2; k++)
            if (rank == 4 && axis == 2 + k)
                r.start[k] += y->dim[axis];
    }
    return NPU_OK;
}

typedef struct { int64_t start[NPU_RANK_MAX], axis[NPU_RANK_MAX], step[NPU_RANK_MAX], n; } slices;

static void read_slices(const lower *l, const npu_node *n, slices *s)
{
    for (int i = 0; i < NPU_RANK_MAX; i++) {
        s->axis[i] = i;
        s->step[i] = 1;
    }
    if (n->nin > 1) {
        s->n = g_const_ints(l->g, n->in[1], s->start, NPU_RANK_MAX);
        if (n->nin > 3 && n->in[3] != NPU_NONE)
            g_const_ints(l->g, n->in[3], s->axis, NPU_RANK_MAX);
        if (n->nin > 4 && n->in[4] != NPU_NONE)
            g_const_ints(l->g, n->in[4], s->step, NPU_RANK_MAX);
    } else {
        s->n = (int64_t)g_ints(n, "starts", s->start, NPU_RANK_MAX);
        g_ints(n, "axes", s->axis, NPU_RANK_MAX);
    }
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
    const npu_value *x = &l->g->value[n->in[0]], *y = &l->g->value[n->out[0]];
    int32_t from = lower_tensor(l, n->in[0]);
    range r = {{0, 0}, {1, 1}};
    int64_t channel = -1;
    slices s = {.n = 0};
    if (from == NPU_NONE)
        return lower_full(err);
    read_slices(l, n, &s);
    for (int64_t i = 0; i < s.n && i < NPU_RANK_MAX; i++) {
        int64_t axis = s.axis[i] < 0 ? s.axis[i] + x->rank : s.axis[i];
        int64_t all = axis >= 0 && axis < x->rank ? x->dim[axis] : 0;
        int64_t start = s.start[i] < 0 ? s.start[i] + all : s.start[i];
        if (axis == 1 && s.step[i] == 1)
            channel = start;
        if (x->rank == 4 && axis >= 2 && axis < 4 && start >= 0 && start < all && s.step[i] > 0) {
            r.start[axis - 2] = start;
            r.step[axis - 2] = s.step[i];
        } else if (x->rank == 4 && axis >= 2 && axis < 4) {
            return npu_fail(err, NPU_UNSUPPORTED, "%s: slice of axis %d from %lld by %lld; forward "
                            "slices can be lowered", n->name, (int)axis, (long long)s.start[i],
                            (long long)s.step[i]);
        }
    }
    for (int i = 0; i < x->rank; i++) /* a channel range with everything else whole */
        if (i != 1 && x->dim[i] != y->dim[i])
            channel = -1;
    if (channel < 0) /* 1: never aligned, so copied */
        return take_range(l, node, from, n->out[0], 1, r, err);
    return select_channels(l, node, from, err);
}
