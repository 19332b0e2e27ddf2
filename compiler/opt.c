/* The driver of cc_optimise and what its passes share; see opt.h. */
#include "compiler/opt.h"

#include <string.h>

static opt_pass *const passes[] = {
#define P(function, what) function,
#include "compiler/pass.def"
#undef P
};

npu_status cc_optimise(npu_graph *g, const cc_options *o, npu_err *err)
{
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        NPU_TRY(passes[i](g, o, err));
        g_sweep(g);
        NPU_TRY(g_sort(g, err));
    }
    return NPU_OK;
}

npu_status opt_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

const npu_value *opt_in(const npu_graph *g, const npu_node *n, uint32_t k)
{
    return k < n->nin && n->in[k] != NPU_NONE ? &g->value[n->in[k]] : NULL;
}

int32_t opt_from(const npu_graph *g, const npu_node *n, uint32_t k)
{
    const npu_value *v = opt_in(g, n, k);
    return v ? v->producer : NPU_NONE;
}

int32_t opt_reader(const npu_graph *g, int32_t value)
{
    int32_t node;
    return !g_is_output(g, value) && g_readers(g, value, &node, 1) == 1 ? node : NPU_NONE;
}

bool opt_same_shape(const npu_value *a, const npu_value *b)
{
    if (a->rank < 0 || a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++)
        if (a->dim[d] != b->dim[d])
            return false;
    return true;
}

void opt_like(npu_graph *g, int32_t to, int32_t from)
{
    npu_value *t = &g->value[to];
    const npu_value *f = &g->value[from];
    t->elem = f->elem;
    t->rank = f->rank;
    memcpy(t->dim, f->dim, sizeof t->dim);
}

/* The node that writes VALUE writes TO instead. */
static void rename_output(npu_graph *g, int32_t value, int32_t to)
{
    int32_t p = g->value[value].producer;
    for (uint32_t k = 0; k < g->node[p].nout; k++)
        if (g->node[p].out[k] == value)
            g->node[p].out[k] = to;
    g->value[value].producer = NPU_NONE;
    g->value[to].producer = p;
}

bool opt_bypass(npu_graph *g, int32_t node)
{
    int32_t in = g->node[node].in[0], out = g->node[node].out[0];
    if (!g_is_output(g, out)) {
        g_redirect(g, out, in);
        g_kill(g, node);
        return true;
    }
    if (g->value[in].producer == NPU_NONE || g_is_output(g, in))
        return false;
    g_kill(g, node);
    g_redirect(g, in, out);
    rename_output(g, in, out);
    return true;
}

void opt_absorb(npu_graph *g, int32_t first, int32_t last)
{
    int32_t out = g->node[last].out[0];
    g_kill(g, last);
    rename_output(g, g->node[first].out[0], out);
}

bool opt_become(npu_graph *g, int32_t node, npu_op op, const int32_t *in, uint32_t nin)
{
    int32_t *copy = arena_copy(g->arena, in, nin * sizeof *in);
    if (!copy)
        return false;
    npu_node *n = &g->node[node];
    n->op = op;
    n->in = copy;
    n->nin = nin;
    n->attr = NULL;
    n->nattr = 0;
    return true;
}

static int32_t shape_constant(npu_graph *g, const char *name, const npu_value *like)
{
    int64_t dim = like->rank, shape[NPU_RANK_MAX];
    char *base = arena_printf(g->arena, "%s_shape", name);
    memcpy(shape, like->dim, sizeof shape);
    return base ? g_constant(g, base, NPU_ELEM_INT64, 1, &dim, shape) : NPU_NONE;
}

bool opt_become_reshape(npu_graph *g, int32_t node, int32_t from)
{
    int32_t shape = shape_constant(g, g->node[node].name, &g->value[g->node[node].out[0]]);
    int32_t in[2] = {from, shape};
    return shape != NPU_NONE && opt_become(g, node, NPU_OP_RESHAPE, in, 2);
}

int32_t opt_add_reshape(npu_graph *g, const char *name, int32_t from, int32_t to, int32_t layer)
{
    int32_t shape = shape_constant(g, name, &g->value[to]);
    int32_t in[2] = {from, shape};
    int32_t node = shape == NPU_NONE ? NPU_NONE
                                     : g_add(g, NPU_OP_RESHAPE, NULL, name, in, 2, &to, 1);
    if (node != NPU_NONE)
        g->node[node].layer = layer;
    return node;
}

bool opt_is_view(npu_op op)
{
    return op == NPU_OP_RESHAPE || op == NPU_OP_FLATTEN || op == NPU_OP_SQUEEZE ||
           op == NPU_OP_UNSQUEEZE;
}

int32_t opt_fresh(npu_graph *g, const char *name, const char *suffix, int32_t like)
{
    char *base = arena_printf(g->arena, "%s_%s", name, suffix);
    int32_t v = base ? g_fresh(g, base) : NPU_NONE;
    if (v != NPU_NONE && like != NPU_NONE)
        opt_like(g, v, like);
    return v;
}

float *opt_floats(npu_graph *g, int64_t n)
{
    return n < 0 ? NULL : arena_alloc(g->arena, (size_t)n * sizeof(float));
}

int32_t opt_const(npu_graph *g, const char *base, int rank, const int64_t *dim, const float *data)
{
    int64_t own[NPU_RANK_MAX]; /* DIM may lie in a value, which moves when one is added */
    memcpy(own, dim, (size_t)rank * sizeof *own);
    int32_t v = g_constant(g, base, NPU_ELEM_FLOAT, rank, own, NULL);
    if (v != NPU_NONE)
        g->value[v].data = data;
    return v;
}

bool opt_per_channel(const npu_graph *g, int32_t value, int rank, int64_t c, int64_t *per)
{
    const npu_value *v = value == NPU_NONE ? NULL : &g->value[value];
    if (!v || !v->constant || v->elem != NPU_ELEM_FLOAT || v->rank > rank)
        return false;
    *per = g_elements(v);
    if (*per == 1)
        return true;
    for (int d = 0; d < v->rank; d++) /* aligned at the right: axis 1 is at rank - 1 from there */
        if (v->dim[d] != 1 && d != v->rank - (rank - 1))
            return false;
    return *per == c;
}

bool opt_scalar(const npu_graph *g, int32_t value, double *out)
{
    return value != NPU_NONE && g_elements(&g->value[value]) == 1 &&
           g_const_num(g, value, 0, out);
}
