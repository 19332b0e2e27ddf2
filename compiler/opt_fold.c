/* What follows a convolution channel by channel goes into its weights: BatchNormalization, and Mul,
 * Div, Add, Sub with a constant.  Arithmetic in double, rounded once.  Where one of the numbers is
 * synthetic (no data) the result is too. */
#include <math.h>
#include <stdlib.h>

#include "compiler/opt.h"

typedef struct {      /* y = SCALE x + SHIFT, per channel */
    double *scale, *shift;
    bool known;       /* false: synthetic */
} affine;

static bool convolution(const npu_graph *g, const npu_node *n)
{
    const npu_value *w = opt_in(g, n, 1), *b = opt_in(g, n, 2);
    return (n->op == NPU_OP_CONV || n->op == NPU_OP_CONVTRANSPOSE) && w && w->constant &&
           w->elem == NPU_ELEM_FLOAT && w->rank >= 3 && (!b || b->constant);
}

static int64_t channels(const npu_graph *g, int32_t node)
{
    const npu_value *y = &g->value[g->node[node].out[0]];
    return y->rank >= 2 ? y->dim[1] : -1;
}

static bool read_norm(const npu_graph *g, const npu_node *n, int64_t c, affine *a)
{
    double v[4], eps = (double)g_float(n, "epsilon", 1e-5f);
    for (uint32_t k = 1; k < 5; k++)
        if (n->nin < 5 || n->in[k] < 0 || !g->value[n->in[k]].constant ||
            g_elements(&g->value[n->in[k]]) != c)
            return false;
    a->known = true;
    for (int64_t i = 0; i < c; i++) {
        for (uint32_t k = 0; k < 4; k++)
            a->known &= g_const_num(g, n->in[k + 1], i, &v[k]);
        if (!a->known)
            return true;
        a->scale[i] = v[0] / sqrt(v[3] + eps);
        a->shift[i] = v[1] - v[2] * a->scale[i];
    }
    return true;
}

/* Mul, Div, Add, Sub of MAP with a constant. */
static bool read_binary(const npu_graph *g, const npu_node *n, int32_t map, int64_t c, affine *a)
{
    if (n->nin != 2 || n->in[0] == n->in[1] || n->in[0] < 0 || n->in[1] < 0)
        return false;
    int32_t other = n->in[n->in[0] == map];
    bool first = n->in[0] == map, add = n->op == NPU_OP_ADD || n->op == NPU_OP_SUB;
    int64_t per;
    if ((n->op == NPU_OP_DIV && !first) || g->value[map].rank < 2 ||
        !opt_per_channel(g, other, g->value[map].rank, c, &per) ||
        !opt_same_shape(&g->value[map], &g->value[n->out[0]]))
        return false;
    a->known = g->value[other].data != NULL;
    for (int64_t i = 0; i < c && a->known; i++) {
        double v = 0;
        g_const_num(g, other, per == 1 ? 0 : i, &v);
        a->scale[i] = add ? 1 : n->op == NPU_OP_DIV ? 1 / v : v;
        a->shift[i] = !add ? 0 : n->op == NPU_OP_SUB && first ? -v : v;
        if (n->op == NPU_OP_SUB && !first) /* constant minus map */
            a->scale[i] = -1;
    }
    return true;
}

static bool read_affine(const npu_graph *g, const npu_node *n, int32_t map, int64_t c, affine *a)
{
    switch (n->op) {
    case NPU_OP_BATCHNORMALIZATION: return n->in[0] == map && read_norm(g, n, c, a);
    case NPU_OP_MUL: case NPU_OP_DIV: case NPU_OP_ADD: case NPU_OP_SUB:
        return read_binary(g, n, map, c, a);
    default: return false;
    }
}

/* Output channel of weight element K. */
static int64_t channel_of(const npu_node *n, const npu_value *w, int64_t c, int64_t k)
{
    int64_t area = 1;
    for (int d = 2; d < w->rank; d++)
        area *= w->dim[d];
    if (n->op == NPU_OP_CONV)
        return k / (area * w->dim[1]);
    int64_t group = c / w->dim[1], in_per = group ? w->dim[0] / group : w->dim[0];
    return k / area % w->dim[1] + k / (area * w->dim[1]) / (in_per ? in_per : 1) * w->dim[1];
}

static npu_status new_weights(npu_graph *g, int32_t conv, const affine *a, int64_t c,
                              npu_err *err)
{
    npu_node *n = &g->node[conv];
    const npu_value *old = &g->value[n->in[1]];
    const float *from = old->data;
    int64_t count = g_elements(old);
    float *data = from && a->known ? opt_floats(g, count) : NULL;
    if (from && a->known && !data)
        return opt_memory(err);
    for (int64_t k = 0; data && k < count; k++) {
        int64_t ch = channel_of(n, old, c, k);
        data[k] = (float)((double)from[k] * (ch < c ? a->scale[ch] : 1));
    }
    int32_t w = opt_const(g, old->name, old->rank, old->dim, data);
    g->node[conv].in[1] = w;
    return w == NPU_NONE ? opt_memory(err) : NPU_OK;
}

static npu_status new_bias(npu_graph *g, int32_t conv, const affine *a, int64_t c, npu_err *err)
{
    npu_node *n = &g->node[conv];
    int32_t old = n->nin > 2 ? n->in[2] : NPU_NONE;
    bool known = a->known && (old == NPU_NONE || g->value[old].data);
    float *data = known ? opt_floats(g, c) : NULL;
    if (known && !data)
        return opt_memory(err);
    for (int64_t i = 0; data && i < c; i++) {
        double b = 0;
        if (old != NPU_NONE)
            g_const_num(g, old, i, &b);
        data[i] = (float)(b * a->scale[i] + a->shift[i]);
    }
    char *name = arena_printf(g->arena, "%s_bias", n->name);
    int32_t v = name ? opt_const(g, name, 1, &c, data) : NPU_NONE;
    int32_t in[3] = {n->in[0], n->in[1], v};
    g->node[conv].in = arena_copy(g->arena, in, sizeof in);
    g->node[conv].nin = 3;
    return v == NPU_NONE || !g->node[conv].in ? opt_memory(err) : NPU_OK;
}

static npu_status fold_one(npu_graph *g, int32_t conv, affine *a, int64_t c, bool *folded,
                           npu_err *err)
{
    int32_t map = g->node[conv].out[0], next = opt_reader(g, map);
    *folded = next != NPU_NONE && g->node[next].nout >= 1 &&
              read_affine(g, &g->node[next], map, c, a);
    if (!*folded)
        return NPU_OK;
    NPU_TRY(new_weights(g, conv, a, c, err));
    NPU_TRY(new_bias(g, conv, a, c, err));
    opt_absorb(g, conv, next);
    return NPU_OK;
}

npu_status opt_fold(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    npu_status s = NPU_OK;
    for (uint32_t i = 0; i < g->nnode && s == NPU_OK; i++) {
        const npu_node *n = &g->node[i];
        int64_t c = n->dead || n->nout < 1 || !convolution(g, n) ? -1 : channels(g, (int32_t)i);
        if (c <= 0)
            continue;
        affine a = {calloc((size_t)c, sizeof(double)), calloc((size_t)c, sizeof(double)), false};
        bool folded = true;
        if (!a.scale || !a.shift)
            s = opt_memory(err);
        while (folded && s == NPU_OK)
            s = fold_one(g, (int32_t)i, &a, c, &folded, err);
        free(a.scale);
        free(a.shift);
    }
    return s;
}

/* A per-channel layer as a 1x1 depthwise convolution of weight 1, into which opt_fold puts it: the
 * node moves behind that convolution. */
static npu_status depthwise(npu_graph *g, int32_t node, int64_t c, npu_err *err)
{
    static const int64_t one[2] = {1, 1}, zero[4];
    int32_t map = g->node[node].in[0], value = opt_fresh(g, g->node[node].name, "input", map);
    int64_t dim[4] = {c, 1, 1, 1};
    float *ones = opt_floats(g, c);
    char *name = arena_printf(g->arena, "%s_weight", g->node[node].name);
    for (int64_t i = 0; ones && i < c; i++)
        ones[i] = 1;
    int32_t in[2] = {map, name && ones ? opt_const(g, name, 4, dim, ones) : NPU_NONE};
    if (value == NPU_NONE || in[1] == NPU_NONE)
        return opt_memory(err);
    char *as = arena_text(g->arena, g->node[node].name);
    g->node[node].name = arena_printf(g->arena, "%s_norm", as ? as : "");
    int32_t conv = as ? g_add(g, NPU_OP_CONV, NULL, as, in, 2, &value, 1) : NPU_NONE;
    if (conv == NPU_NONE || !g->node[node].name ||
        !g_set_ints(g, conv, "kernel_shape", one, 2) || !g_set_ints(g, conv, "strides", one, 2) ||
        !g_set_ints(g, conv, "dilations", one, 2) || !g_set_ints(g, conv, "pads", zero, 4) ||
        !g_set_int(g, conv, "group", c))
        return opt_memory(err);
    g->node[conv].layer = g->node[node].layer;
    g->node[node].in[0] = value;
    return NPU_OK;
}

/* BatchNormalization anywhere; of Caffe networks also a Bias or Scale layer, which the hardware
 * takes although ONNX's Add with a constant is not on its list. */
static bool per_channel_layer(const npu_graph *g, const npu_node *n)
{
    const npu_value *x = opt_in(g, n, 0);
    int64_t per;
    if (!x || x->constant || x->rank != 4 || x->elem != NPU_ELEM_FLOAT || x->dim[1] < 1)
        return false;
    if (n->op == NPU_OP_BATCHNORMALIZATION)
        return true;
    return g->caffe && n->op == NPU_OP_ADD && n->nin == 2 &&
           opt_per_channel(g, n->in[1], 4, x->dim[1], &per) &&
           opt_same_shape(x, &g->value[n->out[0]]);
}

npu_status opt_norms(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    uint32_t n = g->nnode;
    for (uint32_t i = 0; i < n; i++)
        if (!g->node[i].dead && per_channel_layer(g, &g->node[i]))
            NPU_TRY(depthwise(g, (int32_t)i, g->value[g->node[i].in[0]].dim[1], err));
    return NPU_OK;
}
