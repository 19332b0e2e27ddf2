/* Convolutions, matrix products and what is fused into them. */
#include <stdlib.h>
#include <string.h>

#include "compiler/lower.h"

typedef struct {
    int64_t k[2], s[2], d[2], p[4]; /* p: top, left, bottom, right, as ONNX orders them */
} window;

/* Window attributes of a two-dimensional node; one dimension counts as W. */
static window window_of(const npu_node *n, int64_t kh, int64_t kw)
{
    window w = {{kh, kw}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
    int64_t v[4];
    if (g_ints(n, "strides", v, 2) == 2)
        memcpy(w.s, v, 2 * sizeof *v);
    else if (g_ints(n, "strides", v, 2) == 1)
        w.s[1] = v[0];
    if (g_ints(n, "dilations", v, 2) == 2)
        memcpy(w.d, v, 2 * sizeof *v);
    else if (g_ints(n, "dilations", v, 2) == 1)
        w.d[1] = v[0];
    if (g_ints(n, "pads", v, 4) == 4) {
        memcpy(w.p, v, 4 * sizeof *v);
    } else if (g_ints(n, "pads", v, 4) == 2) {
        w.p[1] = v[0];
        w.p[3] = v[1];
    }
    return w;
}

/* auto_pad as numbers: what the output needs, the odd one at the end (SAME_UPPER) or start. */
static void auto_pad(const npu_node *n, window *w, const cc_tensor *in, const cc_tensor *out)
{
    const char *mode = g_text(n, "auto_pad", "NOTSET");
    if (strncmp(mode, "SAME", 4) != 0)
        return;
    int64_t size[2] = {in->h, in->w}, result[2] = {out->h, out->w};
    for (int i = 0; i < 2; i++) {
        int64_t all = (result[i] - 1) * w->s[i] + (w->k[i] - 1) * w->d[i] + 1 - size[i];
        all = all > 0 ? all : 0;
        int64_t small = all / 2, large = all - small;
        w->p[i] = strcmp(mode, "SAME_UPPER") == 0 ? small : large;
        w->p[i + 2] = all - w->p[i];
    }
}

static void put_window(cc_layer *y, const window *w)
{
    y->kh = (uint32_t)w->k[0];
    y->kw = (uint32_t)w->k[1];
    y->sh = (uint32_t)w->s[0];
    y->sw = (uint32_t)w->s[1];
    y->dh = (uint32_t)w->d[0];
    y->dw = (uint32_t)w->d[1];
    y->pt = (int32_t)w->p[0];
    y->pl = (int32_t)w->p[1];
    y->pb = (int32_t)w->p[2];
    y->pr = (int32_t)w->p[3];
}

/* The nodes fused into HEAD: activation, residual addition. */
static npu_status fused(lower *l, int32_t head, cc_layer *y, npu_err *err)
{
    const npu_graph *g = l->g;
    for (uint32_t i = (uint32_t)head + 1; i < g->nnode; i++) {
        const npu_node *n = &g->node[i];
        if (n->dead || n->fused_into != head)
            continue;
        switch (n->op) {
        case NPU_OP_RELU:
            y->act = CC_ACT_RELU;
            break;
        case NPU_OP_CLIP:
            y->act = CC_ACT_RELU6;
            break;
        case NPU_OP_ADD: case NPU_OP_SUM: {
            int32_t p = g->value[n->in[0]].producer;
            bool mine = p == head || (p != NPU_NONE && g->node[p].fused_into == head);
            size_t at = (size_t)(y - l->net->layer);
            int32_t t = lower_tensor(l, n->in[mine ? 1 : 0]);
            if (t == NPU_NONE)
                return lower_full(err);
            l->net->layer[at].sum = t;
            break;
        }
        default: /* views and nodes that change nothing on the NPU */
            break;
        }
    }
    return NPU_OK;
}

npu_status lower_conv(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    const npu_value *w = &l->g->value[n->in[1]];
    int32_t a = lower_tensor(l, n->in[0]), out = lower_result(l, node);
    bool up = n->op == NPU_OP_CONVTRANSPOSE;
    if (a == NPU_NONE || out == NPU_NONE)
        return lower_full(err);
    if (w->rank != 4 && w->rank != 3)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: weights of %d dimensions; 4 can be lowered",
                        n->name, w->rank);
    window x = window_of(n, w->rank == 4 ? w->dim[2] : 1, w->dim[w->rank - 1]);
    auto_pad(n, &x, &l->net->tensor[a], &l->net->tensor[out]);
    int64_t group = g_int(n, "group", 1);
    const cc_tensor *in = &l->net->tensor[a], *res = &l->net->tensor[out];
    bool depthwise = !up && group > 1 && group == in->c && group == res->c;
    cc_layer *y = lower_layer(l, depthwise ? CC_DWCONV : CC_CONV, node, a, out);
    if (!y)
        return lower_full(err);
    if (up) { /* zeros between the rows, then a dense convolution */
        y->up_h = (uint32_t)x.s[0];
        y->up_w = (uint32_t)x.s[1];
        for (int i = 0; i < 4; i++)
            x.p[i] = (x.k[i % 2] - 1) * x.d[i % 2] - x.p[i];
        x.s[0] = x.s[1] = 1;
    }
    put_window(y, &x);
    y->group = depthwise ? 1 : (uint32_t)group;
    y->weight = n->in[1];
    y->bias = n->nin > 2 ? n->in[2] : NPU_NONE;
    y->weight_bytes = (uint64_t)g_elements(w);
    y->macs = g_macs(l->g, n);
    return fused(l, node, y, err);
}

/* A made-up tensor of CHANNELS x ROWS x COLUMNS, made from or into tensor T. */
static int32_t tokens(lower *l, int32_t t, const char *name, int64_t channels, int64_t rows,
                      int64_t columns)
{
    int32_t x = lower_like(l, t, name);
    if (x == NPU_NONE)
        return x;
    l->net->tensor[x].c = (uint32_t)channels;
    l->net->tensor[x].h = (uint32_t)rows;
    l->net->tensor[x].w = (uint32_t)columns;
    return x;
}

static bool turn(lower *l, int32_t node, int32_t from, int32_t to)
{
    cc_layer *y = lower_layer(l, CC_MOVE, node, from, to);
    if (y)
        y->function = NPU_OP_TRANSPOSE;
    return y != NULL;
}

/* Products over the last of three and more dimensions: what is summed over becomes channels, a
 * 1x1 convolution follows (with a group per product where B has several), and the way back. */
static npu_status lower_tokens(lower *l, int32_t node, int32_t a, int32_t b, int32_t out,
                               npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    const npu_value *x = &l->g->value[n->in[0]], *w = &l->g->value[n->in[1]];
    int64_t k = x->dim[x->rank - 1], t = x->dim[x->rank - 2], m = w->dim[w->rank - 1], many = 1;
    int64_t several = 1;
    for (int i = 1; i < x->rank - 2; i++)
        many *= x->dim[i];
    for (int i = 0; i < w->rank - 2; i++)
        several *= w->dim[i];
    int64_t group = several > 1 ? many : 1;
    int32_t from = tokens(l, a, n->name, k * group, many / group, t);
    int32_t to = tokens(l, out, n->name, m * group, many / group, t);
    cc_layer *y = turn(l, node, a, from) ? lower_layer(l, CC_CONV, node, from, to) : NULL;
    if (!y)
        return lower_full(err);
    y->group = (uint32_t)group;
    y->b = b;
    y->weight = b == NPU_NONE ? n->in[1] : NPU_NONE;
    y->weight_bytes = b == NPU_NONE ? (uint64_t)g_elements(w) : 0;
    y->macs = g_macs(l->g, n);
    size_t at = l->net->nlayer - 1;
    NPU_TRY(fused(l, node, y, err));
    if (l->net->layer[at].sum != NPU_NONE)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: a sum after a product of %d dimensions cannot "
                        "be lowered", n->name, x->rank);
    return turn(l, node, to, out) ? NPU_OK : lower_full(err);
}

/* Gemm and MatMul: a convolution whose kernel is the whole map. */
npu_status lower_gemm(lower *l, int32_t node, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t a = lower_tensor(l, n->in[0]), out = lower_result(l, node), b = NPU_NONE;
    const npu_value *w = &l->g->value[n->in[1]];
    if (!w->constant && (b = lower_tensor(l, n->in[1])) == NPU_NONE)
        return lower_full(err);
    if (a == NPU_NONE || out == NPU_NONE)
        return lower_full(err);
    if (l->g->value[n->in[0]].rank > 2 && w->rank >= 2)
        return lower_tokens(l, node, a, b, out, err);
    cc_layer *y = lower_layer(l, CC_CONV, node, a, out);
    if (!y)
        return lower_full(err);
    const cc_tensor *in = &l->net->tensor[a];
    if (l->g->value[n->in[0]].rank <= 2) { /* the map before a Flatten, or a vector */
        y->kh = in->h;
        y->kw = in->w;
    }
    y->b = b;
    y->weight = b == NPU_NONE ? n->in[1] : NPU_NONE;
    y->bias = n->nin > 2 ? n->in[2] : NPU_NONE;
    y->weight_bytes = b == NPU_NONE ? (uint64_t)g_elements(w) : 0;
    y->macs = g_macs(l->g, n);
    return fused(l, node, y, err);
}

static npu_status pool(lower *l, int32_t node, cc_kind kind, npu_err *err)
{
    const npu_node *n = &l->g->node[node];
    int32_t a = lower_tensor(l, n->in[0]), out = lower_result(l, node);
    int64_t k[2] = {1, 1};
    if (a == NPU_NONE || out == NPU_NONE)
        return lower_full(err);
    const cc_tensor *in = &l->net->tensor[a], *res = &l->net->tensor[out];
    bool global = n->op != NPU_OP_MAXPOOL && n->op != NPU_OP_AVERAGEPOOL;
    if (global) {
        k[0] = in->h;
        k[1] = in->w;
    } else if (g_ints(n, "kernel_shape", k, 2) == 1) {
        k[1] = k[0];
        k[0] = 1;
    }
    window x = window_of(n, k[0], k[1]);
    if (!global) {
        auto_pad(n, &x, in, res);
        /* ceil_mode: the last window reaches beyond the padding */
        for (int i = 0; i < 2; i++) {
            int64_t need = ((i ? res->w : res->h) - 1) * x.s[i] + (x.k[i] - 1) * x.d[i] + 1 -
                           (i ? in->w : in->h) - x.p[i];
            x.p[i + 2] = need > x.p[i + 2] ? need : x.p[i + 2];
        }
    }
    cc_layer *y = lower_layer(l, kind, node, a, out);
    if (!y)
        return lower_full(err);
    put_window(y, &x);
    return fused(l, node, y, err);
}

npu_status lower_pool(lower *l, int32_t node, npu_err *err)
{
    npu_op op = l->g->node[node].op;
    return pool(l, node, op == NPU_OP_MAXPOOL || op == NPU_OP_GLOBALMAXPOOL ? CC_MAXPOOL
                                                                            : CC_AVGPOOL, err);
}
