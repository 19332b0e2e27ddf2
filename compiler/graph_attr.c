/* Attributes of nodes; see graph.h. */
#include <string.h>

#include "compiler/graph.h"

const npu_node_attr *g_attr(const npu_node *n, const char *name)
{
    for (uint32_t i = 0; i < n->nattr; i++)
        if (strcmp(n->attr[i].name, name) == 0)
            return &n->attr[i];
    return NULL;
}

static bool put(npu_graph *g, int32_t node, npu_node_attr a)
{
    npu_node *n = &g->node[node];
    for (uint32_t i = 0; i < n->nattr; i++)
        if (strcmp(n->attr[i].name, a.name) == 0) {
            a.name = n->attr[i].name;
            n->attr[i] = a;
            return true;
        }
    npu_node_attr *list = arena_alloc(g->arena, (n->nattr + 1) * sizeof *list);
    a.name = arena_text(g->arena, a.name);
    if (!list || !a.name)
        return false;
    if (n->nattr)
        memcpy(list, n->attr, n->nattr * sizeof *list);
    list[n->nattr++] = a;
    n->attr = list;
    return true;
}

bool g_set_int(npu_graph *g, int32_t node, const char *name, int64_t v)
{
    return put(g, node, (npu_node_attr){.name = name, .kind = NPU_ATTR_KIND_INT, .i = v});
}

bool g_set_float(npu_graph *g, int32_t node, const char *name, float v)
{
    return put(g, node, (npu_node_attr){.name = name, .kind = NPU_ATTR_KIND_FLOAT, .f = v});
}

bool g_set_text(npu_graph *g, int32_t node, const char *name, const char *v)
{
    const char *copy = arena_text(g->arena, v);
    return copy && put(g, node, (npu_node_attr){.name = name, .kind = NPU_ATTR_KIND_STRING,
                                                .s = copy});
}

bool g_set_ints(npu_graph *g, int32_t node, const char *name, const int64_t *v, size_t n)
{
    const int64_t *copy = arena_copy(g->arena, v, n * sizeof *v);
    return copy && put(g, node, (npu_node_attr){.name = name, .kind = NPU_ATTR_KIND_INTS, .n = n,
                                                .ints = copy});
}

bool g_set_floats(npu_graph *g, int32_t node, const char *name, const float *v, size_t n)
{
    const float *copy = arena_copy(g->arena, v, n * sizeof *v);
    return copy && put(g, node, (npu_node_attr){.name = name, .kind = NPU_ATTR_KIND_FLOATS, .n = n,
                                                .floats = copy});
}

int64_t g_int(const npu_node *n, const char *name, int64_t dflt)
{
    const npu_node_attr *a = g_attr(n, name);
    return a && a->kind == NPU_ATTR_KIND_INT ? a->i : dflt;
}

float g_float(const npu_node *n, const char *name, float dflt)
{
    const npu_node_attr *a = g_attr(n, name);
    return a && a->kind == NPU_ATTR_KIND_FLOAT ? a->f : dflt;
}

const char *g_text(const npu_node *n, const char *name, const char *dflt)
{
    const npu_node_attr *a = g_attr(n, name);
    return a && a->kind == NPU_ATTR_KIND_STRING ? a->s : dflt;
}

size_t g_ints(const npu_node *n, const char *name, int64_t *v, size_t max)
{
    const npu_node_attr *a = g_attr(n, name);
    if (!a || a->kind != NPU_ATTR_KIND_INTS)
        return 0;
    for (size_t i = 0; i < a->n && i < max; i++)
        v[i] = a->ints[i];
    return a->n;
}
