/* See net_fixture.h. */
#include "tests/unit/net_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

npu_graph *net_new(void)
{
    npu_graph *g = g_new("net.onnx");
    g->opset = 11;
    g->name = "net";
    return g;
}

static void shape(npu_value *v, int64_t a, int64_t b, int64_t c, int64_t d)
{
    int64_t dim[4] = {a, b, c, d};
    v->elem = NPU_ELEM_FLOAT;
    for (v->rank = 0; v->rank < 4 && dim[v->rank] > 0; v->rank++)
        v->dim[v->rank] = dim[v->rank];
}

static int32_t *grown(npu_graph *g, const int32_t *list, uint32_t n, int32_t more)
{
    int32_t *out = arena_alloc(g->arena, (n + 1) * sizeof *out);
    if (n)
        memcpy(out, list, n * sizeof *out);
    out[n] = more;
    return out;
}

int32_t net_input(npu_graph *g, const char *name, int64_t a, int64_t b, int64_t c, int64_t d)
{
    int32_t v = g_value(g, name);
    shape(&g->value[v], a, b, c, d);
    g->in = grown(g, g->in, g->nin, v);
    g->nin++;
    return v;
}

int32_t net_const(npu_graph *g, const char *name, const float *data, int64_t a, int64_t b,
                  int64_t c, int64_t d)
{
    npu_value v = {0};
    shape(&v, a, b, c, d);
    return g_constant(g, name, NPU_ELEM_FLOAT, v.rank, v.dim, data);
}

int32_t net_conv(npu_graph *g, const char *name, int32_t x, int64_t out, net_window w)
{
    const npu_value *in = &g->value[x];
    int64_t h = (in->dim[2] + 2 * w.p - (w.k - 1) * w.d - 1) / w.s + 1;
    int64_t wide = (in->dim[3] + 2 * w.p - (w.k - 1) * w.d - 1) / w.s + 1;
    char text[64];
    snprintf(text, sizeof text, "%s_w", name);
    int32_t ins[2] = {x, net_const(g, text, NULL, out, in->dim[1] / w.group, w.k, w.k)};
    int64_t n = g->value[x].dim[0];
    int32_t y = g_value(g, name);
    shape(&g->value[y], n, out, h, wide);
    int32_t node = g_add(g, NPU_OP_CONV, NULL, name, ins, 2, &y, 1);
    g_set_ints(g, node, "kernel_shape", (int64_t[]){w.k, w.k}, 2);
    g_set_ints(g, node, "strides", (int64_t[]){w.s, w.s}, 2);
    g_set_ints(g, node, "pads", (int64_t[]){w.p, w.p, w.p, w.p}, 4);
    g_set_ints(g, node, "dilations", (int64_t[]){w.d, w.d}, 2);
    g_set_int(g, node, "group", w.group);
    return y;
}

int32_t net_op_shape(npu_graph *g, npu_op op, const char *name, int32_t x, int32_t y, int64_t a,
                     int64_t b, int64_t c, int64_t d)
{
    int32_t ins[2] = {x, y}, out = g_value(g, name);
    shape(&g->value[out], a, b, c, d);
    g_add(g, op, NULL, name, ins, y == NPU_NONE ? 1 : 2, &out, 1);
    return out;
}

int32_t net_op(npu_graph *g, npu_op op, const char *name, int32_t x, int32_t y)
{
    npu_value v = g->value[x];
    for (int i = v.rank; i < 4; i++)
        v.dim[i] = 0;
    return net_op_shape(g, op, name, x, y, v.dim[0], v.dim[1], v.dim[2], v.dim[3]);
}

void net_output(npu_graph *g, int32_t value)
{
    g->out = grown(g, g->out, g->nout, value);
    g->nout++;
}

int32_t net_node(const npu_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead && strcmp(g->node[i].name, name) == 0)
            return (int32_t)i;
    return NPU_NONE;
}
