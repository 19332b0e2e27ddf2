/* See graph.h: structure.  Attributes are in graph_attr.c, sizes and counts in graph_size.c, the
 * order of nodes in graph_sort.c. */
#include "compiler/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

typedef struct {
    const char *name;
    int32_t value;        /* of a node name: where the node was added */
    uint32_t next;        /* of a node name: suffix to try next */
    UT_hash_handle hh;
} entry;

typedef struct { entry *values, *nodes; } name_index;

static const char *const op_names[NPU_OPS] = {
    [NPU_OP_NONE] = "?",
#define O(id, name, min, max, shape) [NPU_OP_##id] = name,
#include "npusim/op.def"
#undef O
};

npu_graph *g_new(const char *file)
{
    npu_graph *g = calloc(1, sizeof *g);
    if (!g || !(g->arena = arena_new()) || !(g->file = arena_text(g->arena, file)) ||
        !(g->index = calloc(1, sizeof(name_index)))) {
        npu_graph_free(g);
        return NULL;
    }
    g->name = g->producer = "";
    return g;
}

static void free_names(entry *all)
{
    entry *e, *next;
    HASH_ITER(hh, all, e, next) {
        HASH_DEL(all, e);
        free(e);
    }
}

void npu_graph_free(npu_graph *g)
{
    if (!g)
        return;
    name_index *index = g->index;
    if (index) {
        free_names(index->values);
        free_names(index->nodes);
    }
    free(index);
    free(g->value);
    free(g->node);
    arena_free(g->arena);
    free(g);
}

npu_op g_op_find(const char *type)
{
    for (int i = 1; i < NPU_OPS; i++)
        if (strcmp(op_names[i], type) == 0)
            return (npu_op)i;
    return NPU_OP_NONE;
}

const char *g_op_name(npu_op op)
{
    return op_names[op];
}

int32_t g_find(const npu_graph *g, const char *name)
{
    const name_index *index = g->index;
    entry *e;
    HASH_FIND_STR(index->values, name, e);
    return e ? e->value : NPU_NONE;
}

/* FNV-1a: the same on every machine. */
static uint32_t hash_of(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

static int32_t new_value(npu_graph *g, const char *name)
{
    if (g->nvalue == g->value_cap) {
        uint32_t cap = g->value_cap ? 2 * g->value_cap : 256;
        npu_value *v = realloc(g->value, cap * sizeof *v);
        if (!v)
            return NPU_NONE;
        g->value = v;
        g->value_cap = cap;
    }
    name_index *index = g->index;
    entry *e = calloc(1, sizeof *e);
    if (!e || !(e->name = arena_text(g->arena, name))) {
        free(e);
        return NPU_NONE;
    }
    e->value = (int32_t)g->nvalue++;
    g->value[e->value] = (npu_value){.name = e->name, .rank = -1, .producer = NPU_NONE,
                                     .seed = hash_of(e->name)};
    HASH_ADD_KEYPTR(hh, index->values, e->name, strlen(e->name), e);
    return e->value;
}

int32_t g_value(npu_graph *g, const char *name)
{
    int32_t v = g_find(g, name);
    return v != NPU_NONE ? v : new_value(g, name);
}

int32_t g_fresh(npu_graph *g, const char *base)
{
    if (*base && g_find(g, base) == NPU_NONE)
        return new_value(g, base);
    for (uint32_t i = 1; i < UINT32_MAX; i++) {
        char name[256];
        snprintf(name, sizeof name, "%.230s_%u", *base ? base : "value", i);
        if (g_find(g, name) == NPU_NONE)
            return new_value(g, name);
    }
    return NPU_NONE;
}

int32_t g_constant(npu_graph *g, const char *base, npu_elem elem, int rank, const int64_t *dim,
                   const void *data)
{
    int32_t i = g_fresh(g, base);
    if (i == NPU_NONE)
        return i;
    npu_value *v = &g->value[i];
    v->elem = elem;
    v->rank = rank;
    v->constant = true;
    for (int d = 0; d < rank; d++)
        v->dim[d] = dim[d];
    if (data && !(v->data = arena_copy(g->arena, data, g_bytes(v))))
        return NPU_NONE;
    return i;
}

/* Whether a live node has the name of E.  The place noted in E is right until nodes are sorted or
 * replaced; then it is looked for again. */
static bool taken(const npu_graph *g, entry *e)
{
    const npu_node *at = (uint32_t)e->value < g->nnode ? &g->node[e->value] : NULL;
    if (at && !at->dead && strcmp(at->name, e->name) == 0)
        return true;
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead && strcmp(g->node[i].name, e->name) == 0) {
            e->value = (int32_t)i;
            return true;
        }
    return false;
}

static const char *claim(npu_graph *g, entry *e)
{
    e->value = (int32_t)g->nnode;
    return e->name;
}

/* NAME, or NAME_1, NAME_2, ...: what no live node is called, for the node added next. */
static const char *unique_node(npu_graph *g, const char *name)
{
    name_index *index = g->index;
    entry *first, *e;
    const char *base = *name ? name : "node";
    HASH_FIND_STR(index->nodes, base, first);
    if (first && !taken(g, first))
        return claim(g, first);
    for (e = first; e;) {
        name = arena_printf(g->arena, "%s_%u", base, ++first->next);
        if (!name)
            return NULL;
        HASH_FIND_STR(index->nodes, name, e);
        if (e && !taken(g, e))
            return claim(g, e);
    }
    if (!(e = calloc(1, sizeof *e)) || !(e->name = arena_text(g->arena, first ? name : base))) {
        free(e);
        return NULL;
    }
    HASH_ADD_KEYPTR(hh, index->nodes, e->name, strlen(e->name), e);
    return claim(g, e);
}

int32_t g_add(npu_graph *g, npu_op op, const char *type, const char *name, const int32_t *in,
              uint32_t nin, const int32_t *out, uint32_t nout)
{
    if (g->nnode == g->node_cap) {
        uint32_t cap = g->node_cap ? 2 * g->node_cap : 128;
        npu_node *n = realloc(g->node, cap * sizeof *n);
        if (!n)
            return NPU_NONE;
        g->node = n;
        g->node_cap = cap;
    }
    int32_t at = (int32_t)g->nnode;
    npu_node n = {.op = op, .nin = nin, .nout = nout, .layer = at, .fused_into = -1,
                  .subgraph = -1};
    n.type = type ? arena_text(g->arena, type) : op_names[op];
    n.name = unique_node(g, *name ? name : n.type ? n.type : "");
    n.in = arena_copy(g->arena, in, nin * sizeof *in);
    n.out = arena_copy(g->arena, out, nout * sizeof *out);
    if (!n.type || !n.name || !n.in || !n.out)
        return NPU_NONE;
    g->node[g->nnode++] = n;
    for (uint32_t i = 0; i < nout; i++)
        if (out[i] != NPU_NONE)
            g->value[out[i]].producer = at;
    return at;
}

size_t g_readers(const npu_graph *g, int32_t value, int32_t *list, size_t max)
{
    size_t n = 0;
    for (uint32_t i = 0; i < g->nnode; i++) {
        bool reads = false;
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead; k++)
            reads |= g->node[i].in[k] == value;
        if (reads && n < max)
            list[n] = (int32_t)i;
        n += reads;
    }
    return n;
}

bool g_is_output(const npu_graph *g, int32_t value)
{
    for (uint32_t i = 0; i < g->nout; i++)
        if (g->out[i] == value)
            return true;
    return false;
}

void g_redirect(npu_graph *g, int32_t from, int32_t to)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin; k++)
            if (g->node[i].in[k] == from)
                g->node[i].in[k] = to;
    for (uint32_t i = 0; i < g->nout; i++)
        if (g->out[i] == from)
            g->out[i] = to;
}

void g_kill(npu_graph *g, int32_t node)
{
    npu_node *n = &g->node[node];
    n->dead = true;
    for (uint32_t i = 0; i < n->nout; i++)
        if (n->out[i] != NPU_NONE && g->value[n->out[i]].producer == node)
            g->value[n->out[i]].producer = NPU_NONE;
}

void g_sweep(npu_graph *g)
{
    for (uint32_t i = g->nnode; i-- > 0;) {
        bool used = false;
        for (uint32_t k = 0; k < g->node[i].nout && !used; k++)
            used = g->node[i].out[k] != NPU_NONE &&
                   (g_is_output(g, g->node[i].out[k]) ||
                    g_readers(g, g->node[i].out[k], NULL, 0) > 0);
        if (!used && !g->node[i].dead)
            g_kill(g, (int32_t)i);
    }
}
