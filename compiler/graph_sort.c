/* Topological order: a walk over the nodes in the order they have, each after those it reads from.
 * Linear in the size of the graph, and a sorted graph keeps its order. */
#include <stdlib.h>
#include <string.h>

#include "compiler/graph.h"

enum { NEW, OPEN, DONE }; /* of a node */

typedef struct {
    const npu_graph *g;
    int32_t *maker;      /* value -> live node that makes it, NPU_NONE: none */
    bool *given;         /* value is a constant or a graph input */
    uint8_t *state;      /* of each node */
    uint32_t *next;      /* of each open node: input to look at */
    uint32_t *stack;     /* open nodes */
    uint32_t *order, n;
} walk;

static bool walk_new(walk *w, const npu_graph *g)
{
    w->maker = calloc(g->nvalue + 1, sizeof *w->maker);
    w->given = calloc(g->nvalue + 1, sizeof *w->given);
    w->state = calloc(g->nnode + 1, sizeof *w->state);
    w->next = calloc(g->nnode + 1, sizeof *w->next);
    w->stack = calloc(g->nnode + 1, sizeof *w->stack);
    if (!w->maker || !w->given || !w->state || !w->next || !w->stack)
        return false;
    for (uint32_t i = 0; i < g->nvalue; i++) {
        w->maker[i] = NPU_NONE;
        w->given[i] = g->value[i].constant;
    }
    for (uint32_t i = 0; i < g->nin; i++)
        w->given[g->in[i]] = true;
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nout && !g->node[i].dead; k++)
            if (g->node[i].out[k] != NPU_NONE)
                w->maker[g->node[i].out[k]] = (int32_t)i;
    return true;
}

static void walk_free(walk *w)
{
    free(w->maker);
    free(w->given);
    free(w->state);
    free(w->next);
    free(w->stack);
}

static npu_status stuck(const npu_graph *g, const npu_node *n, int32_t value, const char *why,
                        npu_err *err)
{
    return npu_fail(err, NPU_BAD_INPUT, "%s: node %.120s (%.60s) reads '%.120s', which %s", g->file,
                    n->name, n->type, g->value[value].name, why);
}

/* Puts node START into the order, after everything it needs. */
static npu_status visit(walk *w, uint32_t start, npu_err *err)
{
    uint32_t depth = 0;
    w->stack[depth++] = start;
    w->state[start] = OPEN;
    while (depth) {
        uint32_t i = w->stack[depth - 1];
        const npu_node *n = &w->g->node[i];
        if (w->next[i] == n->nin) {
            w->state[i] = DONE;
            w->order[w->n++] = i;
            depth--;
            continue;
        }
        int32_t v = n->in[w->next[i]++];
        if (v == NPU_NONE || w->given[v])
            continue;
        int32_t from = w->maker[v];
        if (from == NPU_NONE)
            return stuck(w->g, n, v, "nothing produces", err);
        if (w->state[from] == OPEN)
            return stuck(w->g, n, v, "depends on its own result", err);
        if (w->state[from] == NEW) {
            w->state[from] = OPEN;
            w->stack[depth++] = (uint32_t)from;
        }
    }
    return NPU_OK;
}

npu_status g_order(const npu_graph *g, uint32_t *order, uint32_t *n, npu_err *err)
{
    walk w = {.g = g, .order = order};
    npu_status s = walk_new(&w, g) ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < g->nnode && s == NPU_OK; i++)
        if (!g->node[i].dead && w.state[i] == NEW)
            s = visit(&w, i, err);
    *n = w.n;
    walk_free(&w);
    return s;
}

/* Moves the nodes; MOVED_TO has room for every old index. */
static void apply(npu_graph *g, const uint32_t *order, uint32_t n, npu_node *sorted,
                  int32_t *moved_to)
{
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
    if (n)
        memcpy(g->node, sorted, n * sizeof *sorted);
    g->nnode = n;
}

npu_status g_sort(npu_graph *g, npu_err *err)
{
    uint32_t n = 0, *order = calloc(g->nnode + 1, sizeof *order);
    int32_t *moved_to = calloc(g->nnode + 1, sizeof *moved_to);
    npu_node *sorted = calloc(g->nnode + 1, sizeof *sorted);
    npu_status s = order && moved_to && sorted ? g_order(g, order, &n, err)
                                               : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        apply(g, order, n, sorted, moved_to);
    free(order);
    free(moved_to);
    free(sorted);
    return s;
}
