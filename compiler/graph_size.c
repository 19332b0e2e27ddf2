/* Elements, constants and operation counts; see graph.h. */
#include <stdio.h>
#include <string.h>

#include "compiler/graph.h"

static const struct {
    unsigned bytes;
    const char *name;
} elems[NPU_ELEMS] = {
    [NPU_ELEM_NONE] = {0, "?"},          [NPU_ELEM_FLOAT] = {4, "float32"},
    [NPU_ELEM_UINT8] = {1, "uint8"},     [NPU_ELEM_INT8] = {1, "int8"},
    [NPU_ELEM_UINT16] = {2, "uint16"},   [NPU_ELEM_INT16] = {2, "int16"},
    [NPU_ELEM_INT32] = {4, "int32"},     [NPU_ELEM_INT64] = {8, "int64"},
    [NPU_ELEM_STRING] = {0, "string"},   [NPU_ELEM_BOOL] = {1, "bool"},
    [NPU_ELEM_FLOAT16] = {2, "float16"}, [NPU_ELEM_DOUBLE] = {8, "float64"},
    [NPU_ELEM_UINT32] = {4, "uint32"},   [NPU_ELEM_UINT64] = {8, "uint64"},
    [NPU_ELEM_BFLOAT16] = {2, "bfloat16"},
};

unsigned npu_elem_bytes(npu_elem e)
{
    return (unsigned)e < NPU_ELEMS ? elems[e].bytes : 0;
}

const char *npu_elem_name(npu_elem e)
{
    return (unsigned)e < NPU_ELEMS && elems[e].name ? elems[e].name : "?";
}

int64_t g_elements(const npu_value *v)
{
    int64_t n = 1;
    if (v->rank < 0)
        return -1;
    for (int d = 0; d < v->rank; d++)
        if (v->dim[d] < 0 || __builtin_mul_overflow(n, v->dim[d], &n))
            return -1;
    return n;
}

uint64_t g_bytes(const npu_value *v)
{
    int64_t n = g_elements(v);
    uint64_t bytes;
    if (n < 0 || __builtin_mul_overflow((uint64_t)n, npu_elem_bytes(v->elem), &bytes))
        return 0;
    return bytes;
}

static const npu_value *constant(const npu_graph *g, int32_t value, int64_t k)
{
    if (value == NPU_NONE)
        return NULL;
    const npu_value *v = &g->value[value];
    return v->constant && v->data && k >= 0 && k < g_elements(v) ? v : NULL;
}

#define LOAD(type) {type x; memcpy(&x, (const uint8_t *)v->data + (size_t)k * sizeof x, sizeof x); \
                    *out = x; return true;}

bool g_const_int(const npu_graph *g, int32_t value, int64_t k, int64_t *out)
{
    const npu_value *v = constant(g, value, k);
    switch (v ? v->elem : NPU_ELEM_NONE) {
    case NPU_ELEM_UINT8: case NPU_ELEM_BOOL: LOAD(uint8_t)
    case NPU_ELEM_INT8: LOAD(int8_t)
    case NPU_ELEM_UINT16: LOAD(uint16_t)
    case NPU_ELEM_INT16: LOAD(int16_t)
    case NPU_ELEM_INT32: LOAD(int32_t)
    case NPU_ELEM_UINT32: LOAD(uint32_t)
    case NPU_ELEM_INT64: case NPU_ELEM_UINT64: LOAD(int64_t)
    default: return false;
    }
}

bool g_const_num(const npu_graph *g, int32_t value, int64_t k, double *out)
{
    const npu_value *v = constant(g, value, k);
    int64_t i;
    switch (v ? v->elem : NPU_ELEM_NONE) {
    case NPU_ELEM_FLOAT: LOAD(float)
    case NPU_ELEM_DOUBLE: LOAD(double)
    default:
        if (!v || !g_const_int(g, value, k, &i))
            return false;
        *out = (double)i;
        return true;
    }
}
#undef LOAD

int64_t g_const_ints(const npu_graph *g, int32_t value, int64_t *v, size_t max)
{
    int64_t n = value == NPU_NONE ? -1 : g_elements(&g->value[value]);
    if (n < 0 || (uint64_t)n > max)
        return -1;
    for (int64_t i = 0; i < n; i++)
        if (!g_const_int(g, value, i, &v[i]))
            return -1;
    return n;
}

float g_weight(const npu_value *v, int64_t k)
{
    float f;
    if (v->data && v->elem == NPU_ELEM_FLOAT) {
        memcpy(&f, (const uint8_t *)v->data + (size_t)k * sizeof f, sizeof f);
        return f;
    }
    uint32_t h = v->seed ^ (uint32_t)k * 2654435761u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    return ((float)(h >> 8) / 8388608.0f - 1.0f) * 0.1f;
}

static uint64_t product(const npu_value *v, int from, int to)
{
    uint64_t n = 1;
    for (int d = from; d < to; d++)
        if (v->dim[d] < 0 || __builtin_mul_overflow(n, (uint64_t)v->dim[d], &n))
            return 0;
    return n;
}

uint64_t g_macs(const npu_graph *g, const npu_node *n)
{
    unsigned weight = n->op == NPU_OP_QLINEARCONV || n->op == NPU_OP_QLINEARMATMUL ? 3 : 1;
    if (n->nin <= weight || n->nout < 1 || n->in[0] < 0 || n->in[weight] < 0 || n->out[0] < 0)
        return 0;
    const npu_value *x = &g->value[n->in[0]], *w = &g->value[n->in[weight]];
    const npu_value *y = &g->value[n->out[0]];
    if (x->rank < 1 || w->rank < 1 || y->rank < 1)
        return 0;
    uint64_t out = product(y, 0, y->rank);
    switch (n->op) {
    case NPU_OP_CONV: case NPU_OP_CONVINTEGER: case NPU_OP_QLINEARCONV:
        return out * product(w, 1, w->rank);
    case NPU_OP_CONVTRANSPOSE:
        return product(x, 0, x->rank) * product(w, 1, w->rank);
    case NPU_OP_GEMM:
        return out * (uint64_t)x->dim[g_int(n, "transA", 0) ? 0 : x->rank - 1];
    case NPU_OP_MATMUL: case NPU_OP_MATMULINTEGER: case NPU_OP_QLINEARMATMUL:
        return out * (uint64_t)x->dim[x->rank - 1];
    default:
        return 0;
    }
}

static bool depthwise(const npu_graph *g, const npu_node *n)
{
    int64_t group = g_int(n, "group", 1);
    return n->op == NPU_OP_CONV && group > 1 && g->value[n->in[0]].rank > 1 &&
           g->value[n->in[0]].dim[1] == group;
}

void g_totals(const npu_graph *g, uint64_t *macs, uint64_t *dw, uint64_t *params)
{
    *macs = *dw = *params = 0;
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *n = &g->node[i];
        uint64_t m = n->dead ? 0 : g_macs(g, n);
        *macs += m;
        *dw += m && depthwise(g, n) ? m : 0;
    }
    for (uint32_t i = 0; i < g->nvalue; i++) {
        const npu_value *v = &g->value[i];
        int64_t n = g_elements(v);
        if (v->constant && !v->folded && n > 0 &&
            (v->elem == NPU_ELEM_FLOAT || v->elem == NPU_ELEM_INT8 || v->elem == NPU_ELEM_UINT8))
            *params += (uint64_t)n;
    }
}

char *g_shape(const npu_value *v, char text[G_SHAPE_TEXT])
{
    size_t n = 0;
    snprintf(text, G_SHAPE_TEXT, v->rank < 0 ? "?" : v->rank == 0 ? "scalar" : "");
    for (int d = 0; d < v->rank && n < G_SHAPE_TEXT - 24; d++)
        n += (size_t)(v->dim[d] < 0 ? snprintf(text + n, G_SHAPE_TEXT - n, d ? "x?" : "?")
                                    : snprintf(text + n, G_SHAPE_TEXT - n, d ? "x%lld" : "%lld",
                                               (long long)v->dim[d]));
    return text;
}
