/* See graph.h: structure.  Attributes are in graph_attr.c, sizes and counts in graph_size.c. */
#include "compiler/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

typedef struct {
    const char *name;
    int32_t value;
    UT_hash_handle hh;
} entry;

static const char *const op_names[NPU_OPS] = {
    [NPU_OP_NONE] = "?",
#define O(id, name, min, max, shape) [NPU_OP_##id] = name,
#include "npusim/op.def"
#undef O
};

npu_graph *g_new(const char *file)
{
    npu_graph *g = calloc(1, sizeof *g);
    if (!g || !(g->arena = arena_new()) || !(g->file = arena_text(g->arena, file))) {
        npu_graph_free(g);
        return NULL;
    }
    g->name = g->producer = "";
    return g;
}

void npu_graph_free(npu_graph *g)
{
    if (!g)
        return;
    entry *all = g->index, *e, *next;
    HASH_ITER(hh, all, e, next) {
        HASH_DEL(all, e);
        free(e);
    }
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
    entry *e, *all = g->index;
    HASH_FIND_STR(all, name, e);
    return e ? e->value : NPU_NONE;
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
    entry *e = calloc(1, sizeof *e), *all = g->index;
    if (!e || !(e->name = arena_text(g->arena, name))) {
        free(e);
        return NPU_NONE;
    }
    e->value = (int32_t)g->nvalue++;
    g->value[e->value] = (npu_value){.name = e->name, .rank = -1, .producer = NPU_NONE};
    HASH_ADD_KEYPTR(hh, all, e->name, strlen(e->name), e);
    g->index = all;
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

static const char *unique_node(npu_graph *g, const char *name)
{
    const char *base = name;
    for (uint32_t k = 0;; k++) {
        bool taken = !*name;
        for (uint32_t i = 0; i < g->nnode && !taken; i++)
            taken = !g->node[i].dead && strcmp(g->node[i].name, name) == 0;
        if (!taken)
            return arena_text(g->arena, name);
        name = arena_printf(g->arena, "%s_%u", *base ? base : "node", k + 1);
        if (!name)
            return NULL;
    }
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

/* Whether all inputs of node N are there; DONE tells which values are. */
static bool ready(const npu_node *n, const bool *done)
{
    for (uint32_t k = 0; k < n->nin; k++)
        if (n->in[k] != NPU_NONE && !done[n->in[k]])
            return false;
    return true;
}

static npu_status stuck(const npu_graph *g, const bool *placed, const bool *done, npu_err *err)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead && !placed[i]; k++) {
            int32_t v = g->node[i].in[k];
            if (v != NPU_NONE && !done[v])
                return npu_fail(err, NPU_BAD_INPUT, "%s: node %s (%s) reads '%s', which %s",
                                g->file, g->node[i].name, g->node[i].type, g->value[v].name,
                                g->value[v].producer == NPU_NONE ? "nothing produces"
                                                                 : "depends on its own result");
        }
    return npu_fail(err, NPU_LIMIT, "%s: no topological order", g->file);
}

/* Order of the live nodes into ORDER; repeated sweeps, one suffices for a sorted file. */
static npu_status order_nodes(const npu_graph *g, uint32_t *order, uint32_t *n, bool *placed,
                              bool *done, npu_err *err)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < g->nvalue; i++)
        done[i] = g->value[i].constant;
    for (uint32_t i = 0; i < g->nin; i++)
        done[g->in[i]] = true;
    for (uint32_t i = 0; i < g->nnode; i++)
        live += !g->node[i].dead;
    for (bool moved = true; *n < live;) {
        if (!moved)
            return stuck(g, placed, done, err);
        moved = false;
        for (uint32_t i = 0; i < g->nnode; i++) {
            if (g->node[i].dead || placed[i] || !ready(&g->node[i], done))
                continue;
            for (uint32_t k = 0; k < g->node[i].nout; k++)
                if (g->node[i].out[k] != NPU_NONE)
                    done[g->node[i].out[k]] = true;
            placed[i] = moved = true;
            order[(*n)++] = i;
        }
    }
    return NPU_OK;
}

npu_status g_sort(npu_graph *g, npu_err *err)
{
    uint32_t n = 0, *order = calloc(g->nnode + 1, sizeof *order);
    int32_t *moved_to = calloc(g->nnode + 1, sizeof *moved_to);
    bool *placed = calloc(g->nnode + 1, 1), *done = calloc(g->nvalue + 1, 1);
    npu_node *sorted = calloc(g->nnode + 1, sizeof *sorted);
    npu_status s = order && moved_to && placed && done && sorted
                       ? order_nodes(g, order, &n, placed, done, err)
                       : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK) {
        for (uint32_t i = 0; i < n; i++) {
            sorted[i] = g->node[order[i]];
            moved_to[order[i]] = (int32_t)i;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (sorted[i].fused_into >= 0)
                sorted[i].fused_into = moved_to[sorted[i].fused_into];
            for (uint32_t k = 0; k < sorted[i].nout; k++)
                if (sorted[i].out[k] != NPU_NONE)
                    g->value[sorted[i].out[k]].producer = (int32_t)i;
        }
        memcpy(g->node, sorted, n * sizeof *sorted);
        g->nnode = n;
    }
    free(order);
    free(moved_to);
    free(placed);
    free(done);
    free(sorted);
    return s;
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
