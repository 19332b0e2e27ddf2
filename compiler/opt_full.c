/* Fully connected layers (Gemm, MatMul of a matrix with constant weights) become convolutions whose
 * kernel is the whole map, as the hardware runs them, with a Reshape behind.  The attribute "fc"
 * marks them: their limits are those of HB-OP-08. */
#include "compiler/opt.h"

/* Above LARGEST_MAP the vendor flattens on the CPU, where kernel and flat input keep the limits of
 * HB-OP-08; else the limits speak of the map. */
enum { LARGEST_MAP = 7, LARGEST_FLAT = 16384, LARGEST_KERNEL = 127 };

static bool flattened(const npu_value *x)
{
    return (x->dim[2] > LARGEST_MAP || x->dim[3] > LARGEST_MAP) &&
           x->dim[2] * x->dim[3] <= LARGEST_KERNEL &&
           x->dim[1] * x->dim[2] * x->dim[3] <= LARGEST_FLAT;
}

typedef struct {
    int32_t node, bias;   /* BIAS: NPU_NONE none */
    int64_t k, m;         /* inputs, outputs */
    bool transposed;      /* weights are M x K */
    double alpha, beta;
    int32_t map;          /* four-dimensional input, NPU_NONE: to be made */
    int64_t c, h, w;      /* its shape */
} full;

static bool matrix(const npu_value *v, bool constant)
{
    return v && v->rank == 2 && v->constant == constant && v->elem == NPU_ELEM_FLOAT &&
           v->dim[0] > 0 && v->dim[1] > 0;
}

/* Bias of M numbers, one per output (or one for all). */
static bool bias_fits(const npu_value *b, int64_t m)
{
    int64_t n = g_elements(b);
    return b->constant && b->elem == NPU_ELEM_FLOAT && (n == m || n == 1) &&
           (b->rank < 1 || n == 1 || b->dim[b->rank - 1] == m);
}

static bool read_full(const npu_graph *g, int32_t node, full *f)
{
    const npu_node *n = &g->node[node];
    const npu_value *x = opt_in(g, n, 0), *w = opt_in(g, n, 1), *b = opt_in(g, n, 2);
    bool gemm = n->op == NPU_OP_GEMM;
    if ((!gemm && n->op != NPU_OP_MATMUL) || !matrix(x, false) || !matrix(w, true) ||
        (gemm && g_int(n, "transA", 0)))
        return false;
    *f = (full){.node = node, .bias = gemm && b ? n->in[2] : NPU_NONE, .map = NPU_NONE,
                .transposed = gemm && g_int(n, "transB", 0), .alpha = 1, .beta = 1};
    f->k = w->dim[f->transposed ? 1 : 0];
    f->m = w->dim[f->transposed ? 0 : 1];
    if (gemm) {
        f->alpha = (double)g_float(n, "alpha", 1);
        f->beta = (double)g_float(n, "beta", 1);
    }
    return x->dim[1] == f->k && (!b || !gemm || bias_fits(b, f->m));
}

/* The map this layer flattens, when a view of it is the input. */
static void find_map(const npu_graph *g, full *f)
{
    const npu_node *n = &g->node[f->node];
    int32_t view = opt_from(g, n, 0);
    f->c = f->k;
    f->h = f->w = 1;
    if (view == NPU_NONE || !opt_is_view(g->node[view].op))
        return;
    const npu_value *x = opt_in(g, &g->node[view], 0);
    if (!x || x->constant || x->rank != 4 || x->dim[0] != g->value[n->in[0]].dim[0] ||
        x->elem != NPU_ELEM_FLOAT || flattened(x))
        return;
    f->map = g->node[view].in[0];
    f->c = x->dim[1];
    f->h = x->dim[2];
    f->w = x->dim[3];
}

/* Weights as M x C x H x W. */
static int32_t weights(npu_graph *g, const full *f)
{
    const npu_node *n = &g->node[f->node];
    int32_t from = n->in[1];
    int64_t dim[4] = {f->m, f->c, f->h, f->w};
    const float *old = g->value[from].data;
    float *data = NULL;
    if (old && (!f->transposed || f->alpha != 1)) {
        if (!(data = opt_floats(g, f->m * f->k)))
            return NPU_NONE;
        for (int64_t m = 0; m < f->m; m++)
            for (int64_t k = 0; k < f->k; k++)
                data[m * f->k + k] = (float)(f->alpha * (double)old[f->transposed ? m * f->k + k
                                                                             : k * f->m + m]);
    }
    return opt_const(g, g->value[from].name, 4, dim, data ? data : old);
}

static int32_t biases(npu_graph *g, const full *f)
{
    int64_t n = g_elements(&g->value[f->bias]);
    const float *old = g->value[f->bias].data;
    float *data = old ? opt_floats(g, f->m) : NULL;
    if (old && !data)
        return NPU_NONE;
    for (int64_t m = 0; data && m < f->m; m++)
        data[m] = (float)(f->beta * (double)old[n == 1 ? 0 : m]);
    return opt_const(g, g->value[f->bias].name, 1, &f->m, data);
}

/* A MatMul whose one reader adds a row: the row is its bias. */
static void take_bias(npu_graph *g, full *f)
{
    int32_t add = opt_reader(g, g->node[f->node].out[0]);
    if (g->node[f->node].op != NPU_OP_MATMUL || add == NPU_NONE ||
        g->node[add].op != NPU_OP_ADD)
        return;
    int32_t other = g->node[add].in[g->node[add].in[0] == g->node[f->node].out[0]];
    if (other < 0 || g->value[other].rank > 2 || !bias_fits(&g->value[other], f->m) ||
        g_elements(&g->value[other]) == 0)
        return;
    f->bias = other;
    opt_absorb(g, f->node, add);
}

static bool attributes(npu_graph *g, int32_t node, const full *f)
{
    static const int64_t one[2] = {1, 1}, zero[4];
    int64_t kernel[2] = {f->h, f->w};
    return g_set_ints(g, node, "kernel_shape", kernel, 2) &&
           g_set_ints(g, node, "strides", one, 2) && g_set_ints(g, node, "dilations", one, 2) &&
           g_set_ints(g, node, "pads", zero, 4) && g_set_int(g, node, "group", 1) &&
           g_set_int(g, node, "fc", 1);
}

/* The input as N x K x 1 x 1. */
static int32_t make_map(npu_graph *g, const full *f)
{
    const npu_node *n = &g->node[f->node];
    int32_t map = opt_fresh(g, n->name, "input", n->in[0]);
    if (map == NPU_NONE)
        return map;
    npu_value *m = &g->value[map];
    m->rank = 4;
    m->dim[2] = m->dim[3] = 1;
    char *name = arena_printf(g->arena, "%s_input_Reshape", n->name);
    return name && opt_add_reshape(g, name, n->in[0], map, n->layer) != NPU_NONE ? map : NPU_NONE;
}

static npu_status convert(npu_graph *g, full *f, npu_err *err)
{
    int32_t in[3] = {NPU_NONE, NPU_NONE, NPU_NONE}, out, map;
    take_bias(g, f);
    find_map(g, f);
    in[0] = f->map != NPU_NONE ? f->map : make_map(g, f);
    in[1] = weights(g, f);
    in[2] = f->bias != NPU_NONE ? biases(g, f) : NPU_NONE;
    out = g->node[f->node].out[0];
    map = opt_fresh(g, g->node[f->node].name, "map", out);
    if (in[0] < 0 || in[1] < 0 || map < 0 || (f->bias != NPU_NONE && in[2] < 0))
        return opt_memory(err);
    npu_value *v = &g->value[map];
    v->rank = 4;
    v->dim[1] = f->m;
    v->dim[2] = v->dim[3] = 1;
    v->producer = f->node;
    if (!opt_become(g, f->node, NPU_OP_CONV, in, f->bias != NPU_NONE ? 3 : 2))
        return opt_memory(err);
    g->node[f->node].out[0] = map;
    char *name = arena_printf(g->arena, "%s_Reshape", g->node[f->node].name);
    if (!attributes(g, f->node, f) || !name ||
        opt_add_reshape(g, name, map, out, g->node[f->node].layer) == NPU_NONE)
        return opt_memory(err);
    return NPU_OK;
}

npu_status opt_full(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    uint32_t n = g->nnode;
    for (uint32_t i = 0; i < n; i++) {
        full f;
        if (!g->node[i].dead && read_full(g, (int32_t)i, &f))
            NPU_TRY(convert(g, &f, err));
    }
    return NPU_OK;
}
