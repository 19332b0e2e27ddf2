/* Caffe importer: values, nodes and constants of the graph; nothing happens after a failure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/import_caffe.h"

static const int64_t elements_max = INT64_C(1) << 40;

cf_shape cf_shape_of(const cf_net *c, int32_t value)
{
    cf_shape s = cf_shape4(1, 1, 1, 1);
    if (value == NPU_NONE)
        return s;
    const npu_value *v = &c->g->value[value];
    s.rank = v->rank;
    memcpy(s.dim, v->dim, sizeof s.dim);
    return s;
}

cf_shape cf_shape4(int64_t n, int64_t ch, int64_t h, int64_t w)
{
    return (cf_shape){4, {n, ch, h, w}};
}

int64_t cf_count(const cf_shape *s, int from, int to)
{
    int64_t n = 1;
    for (int d = from; d < to; d++)
        if (__builtin_mul_overflow(n, s->dim[d], &n))
            return INT64_MAX;
    return n;
}

bool cf_same(const cf_shape *a, const cf_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

char *cf_text(const cf_shape *s, char text[G_SHAPE_TEXT])
{
    npu_value v = {.rank = s->rank};
    memcpy(v.dim, s->dim, sizeof v.dim);
    return g_shape(&v, text);
}

/* Whether shape S can be: every dimension at least 1, a bounded number of elements. */
static bool possible(cf_net *c, const cf_layer *l, const cf_shape *s, const char *what)
{
    char text[G_SHAPE_TEXT];
    bool good = c->status == NPU_OK;
    for (int d = 0; d < s->rank; d++)
        good = good && s->dim[d] >= 1;
    if (good && cf_count(s, 0, s->rank) <= elements_max)
        return true;
    cf_fail(c, l, NPU_BAD_INPUT, "%s would be %s, 1 to 2^40 elements expected", what,
            cf_text(s, text));
    return false;
}

static int32_t shaped(cf_net *c, int32_t v, const cf_shape *s)
{
    if (v == NPU_NONE) {
        cf_no_memory(c);
        return v;
    }
    npu_value *value = &c->g->value[v];
    value->elem = NPU_ELEM_FLOAT;
    value->rank = s->rank;
    memcpy(value->dim, s->dim, sizeof value->dim);
    return v;
}

int32_t cf_top(cf_net *c, cf_layer *l, unsigned k, cf_shape s)
{
    if (c->status != NPU_OK || !possible(c, l, &s, l->top[k]))
        return NPU_NONE;
    return l->out[k] = shaped(c, cf_new_blob(c, l->top[k]), &s);
}

int32_t cf_tmp(cf_net *c, cf_layer *l, const char *suffix, cf_shape s)
{
    if (c->status != NPU_OK || !possible(c, l, &s, suffix))
        return NPU_NONE;
    const char *name = arena_printf(c->g->arena, "%s_%s", l->name, suffix);
    return shaped(c, name ? g_fresh(c->g, name) : NPU_NONE, &s);
}

void cf_alias(cf_layer *l, unsigned k, int32_t value)
{
    l->out[k] = value;
}

static int32_t node(cf_net *c, cf_layer *l, npu_op op, const char *suffix, const int32_t *in,
                    uint32_t nin, const int32_t *out, uint32_t nout)
{
    if (c->status != NPU_OK)
        return NPU_NONE;
    const char *name = suffix ? arena_printf(c->g->arena, "%s_%s", l->name, suffix) : l->name;
    int32_t n = name ? g_add(c->g, op, NULL, name, in, nin, out, nout) : NPU_NONE;
    if (n == NPU_NONE || (!suffix && !g_set_text(c->g, n, "caffe_type", l->type))) {
        cf_no_memory(c);
        return NPU_NONE;
    }
    c->g->node[n].layer = l->number;
    return n;
}

int32_t cf_node(cf_net *c, cf_layer *l, npu_op op, const char *suffix, const int32_t *in,
                uint32_t nin, int32_t out)
{
    return node(c, l, op, suffix, in, nin, &out, 1);
}

int32_t cf_node_outs(cf_net *c, cf_layer *l, npu_op op, const int32_t *in, uint32_t nin,
                     const int32_t *out, uint32_t nout)
{
    return node(c, l, op, NULL, in, nin, out, nout);
}

int32_t cf_node1(cf_net *c, cf_layer *l, npu_op op, const char *suffix, int32_t in, int32_t out)
{
    return cf_node(c, l, op, suffix, &in, 1, out);
}

int32_t cf_node2(cf_net *c, cf_layer *l, npu_op op, const char *suffix, int32_t a, int32_t b,
                 int32_t out)
{
    return cf_node(c, l, op, suffix, (int32_t[]){a, b}, 2, out);
}

static void need(cf_net *c, bool done)
{
    if (!done)
        cf_no_memory(c);
}

void cf_set_int(cf_net *c, int32_t node, const char *name, int64_t v)
{
    need(c, node == NPU_NONE || g_set_int(c->g, node, name, v));
}

void cf_set_float(cf_net *c, int32_t node, const char *name, double v)
{
    need(c, node == NPU_NONE || g_set_float(c->g, node, name, (float)v));
}

void cf_set_text(cf_net *c, int32_t node, const char *name, const char *v)
{
    need(c, node == NPU_NONE || g_set_text(c->g, node, name, v));
}

void cf_set_ints(cf_net *c, int32_t node, const char *name, const int64_t *v, size_t n)
{
    need(c, node == NPU_NONE || g_set_ints(c->g, node, name, v, n));
}

void cf_set_floats(cf_net *c, int32_t node, const char *name, const float *v, size_t n)
{
    need(c, node == NPU_NONE || g_set_floats(c->g, node, name, v, n));
}

/* Takes BYTES of the room for constants: a short file must not ask for much memory. */
static bool afford(cf_net *c, const cf_layer *l, uint64_t bytes)
{
    if (bytes > c->budget) {
        cf_fail(c, l, NPU_UNSUPPORTED, "constants of more than %llu further bytes",
                (unsigned long long)c->budget);
        return false;
    }
    c->budget -= bytes;
    return true;
}

static int32_t constant(cf_net *c, const cf_layer *l, const char *suffix, npu_elem elem,
                        const cf_shape *s, const void *data)
{
    uint64_t bytes = data ? (uint64_t)cf_count(s, 0, s->rank) * npu_elem_bytes(elem) : 0;
    if (c->status != NPU_OK || !afford(c, l, bytes))
        return NPU_NONE;
    const char *name = arena_printf(c->g->arena, "%s_%s", l->name, suffix);
    int32_t v = name ? g_constant(c->g, name, elem, s->rank, s->dim, data) : NPU_NONE;
    if (v == NPU_NONE)
        cf_no_memory(c);
    return v;
}

int32_t cf_floats(cf_net *c, const cf_layer *l, const char *suffix, cf_shape s, const float *data)
{
    return possible(c, l, &s, suffix) ? constant(c, l, suffix, NPU_ELEM_FLOAT, &s, data) : NPU_NONE;
}

int32_t cf_fill(cf_net *c, const cf_layer *l, const char *suffix, cf_shape s, double v)
{
    if (!possible(c, l, &s, suffix))
        return NPU_NONE;
    uint64_t n = (uint64_t)cf_count(&s, 0, s.rank);
    float *data = n <= c->budget / sizeof *data ? malloc(n * sizeof *data) : NULL;
    for (uint64_t i = 0; data && i < n; i++)
        data[i] = (float)v;
    if (!data)
        afford(c, l, n * sizeof *data);
    int32_t out = data ? constant(c, l, suffix, NPU_ELEM_FLOAT, &s, data) : NPU_NONE;
    if (!data)
        cf_no_memory(c);
    free(data);
    return out;
}

int32_t cf_scalar(cf_net *c, const cf_layer *l, const char *suffix, double v)
{
    return cf_fill(c, l, suffix, (cf_shape){0}, v);
}

int32_t cf_int64s(cf_net *c, const cf_layer *l, const char *suffix, const int64_t *v, int64_t n)
{
    cf_shape s = {1, {n}};
    return constant(c, l, suffix, NPU_ELEM_INT64, &s, v);
}

int32_t cf_empty(cf_net *c, const cf_layer *l, const char *suffix)
{
    cf_shape s = {1, {0}};
    return constant(c, l, suffix, NPU_ELEM_FLOAT, &s, "");
}

int32_t cf_reshape(cf_net *c, cf_layer *l, const char *suffix, int32_t in, cf_shape s, int32_t out)
{
    char name[32];
    snprintf(name, sizeof name, "%s_shape", suffix);
    if (out == NPU_NONE)
        out = cf_tmp(c, l, suffix, s);
    cf_node2(c, l, NPU_OP_RESHAPE, suffix, in, cf_int64s(c, l, name, s.dim, s.rank), out);
    return out;
}
