/* Sub-graphs: maximal connected regions of NPU nodes that no path leaves and enters again.
 *
 * A node's depth is how often a path to it has gone from the NPU to the CPU.  Connected nodes of
 * one depth can have no CPU node between them, so they are one region.  A branch that does not
 * depend on the CPU may still end up apart from its neighbour of another depth; such regions are
 * joined when no path leads from one to the other around the outside.  Regions of nothing but
 * element-wise and moving operators next to the CPU are not worth the two crossings and go to the
 * CPU, which changes depths, so all of it is repeated until nothing moves. */
#include <stdlib.h>

#include "compiler/opt.h"
#include "compiler/plan_parts.h"

typedef struct {
    plan_work *w;
    uint32_t n;
    int32_t *region;  /* of an NPU cluster: its union-find parent; -1: CPU or part of a cluster */
    uint32_t *depth;  /* crossings on the way: even on the NPU, odd on the CPU */
    uint32_t *first;  /* readers of node I: reader[first[I] .. first[I + 1]) */
    int32_t *reader;  /* clusters by their head */
    bool *seen;
    int32_t *stack;
} regions;

static int32_t head(const npu_graph *g, int32_t node)
{
    return g->node[node].fused_into >= 0 ? g->node[node].fused_into : node;
}

static int32_t find(const regions *r, int32_t node)
{
    while (r->region[node] != node)
        node = r->region[node] = r->region[r->region[node]];
    return node;
}

static bool npu(const regions *r, int32_t node)
{
    return r->region[node] >= 0;
}

/* Calls EDGE for every producer and reader, both as heads of clusters. */
static void each_edge(regions *r, void (*edge)(regions *, int32_t from, int32_t to))
{
    const npu_graph *g = r->w->g;
    for (uint32_t i = 0; i < r->n; i++)
        for (uint32_t k = 0; k < g->node[i].nin; k++) {
            int32_t p = opt_from(g, &g->node[i], k);
            if (p != NPU_NONE && head(g, p) != head(g, (int32_t)i))
                edge(r, head(g, p), head(g, (int32_t)i));
        }
}

/* Clusters are contiguous and in topological order, so producers come first. */
static void deepen(regions *r, int32_t from, int32_t to)
{
    uint32_t d = r->depth[from] + (npu(r, from) != npu(r, to));
    if (d > r->depth[to])
        r->depth[to] = d;
}

static void join_level(regions *r, int32_t from, int32_t to)
{
    if (npu(r, from) && npu(r, to) && r->depth[from] == r->depth[to])
        r->region[find(r, to)] = find(r, from);
}

static void count_reader(regions *r, int32_t from, int32_t to)
{
    (void)to;
    r->first[from + 1]++;
}

static void put_reader(regions *r, int32_t from, int32_t to)
{
    r->reader[r->first[from]++] = to;
}

static npu_status list_readers(regions *r, npu_err *err)
{
    for (uint32_t i = 0; i <= r->n; i++)
        r->first[i] = 0;
    each_edge(r, count_reader);
    for (uint32_t i = 0; i < r->n; i++)
        r->first[i + 1] += r->first[i];
    free(r->reader);
    r->reader = calloc(r->first[r->n] + 1, sizeof *r->reader);
    if (!r->reader)
        return opt_memory(err);
    each_edge(r, put_reader);
    for (uint32_t i = r->n; i > 0; i--) /* filling moved every start to the next one */
        r->first[i] = r->first[i - 1];
    r->first[0] = 0;
    return NPU_OK;
}

static void push(regions *r, int32_t node, uint32_t *top)
{
    if (!r->seen[node]) {
        r->seen[node] = true;
        r->stack[(*top)++] = node;
    }
}

/* Whether a path leads from region A to region B over something outside both.  Entering a region
 * reaches all of it: a region runs as one. */
static bool around(regions *r, int32_t a, int32_t b)
{
    uint32_t top = 0;
    for (uint32_t i = 0; i < r->n; i++)
        r->seen[i] = false;
    for (uint32_t i = 0; i < r->n; i++)
        if (npu(r, (int32_t)i) && find(r, (int32_t)i) == a)
            for (uint32_t k = r->first[i]; k < r->first[i + 1]; k++) {
                int32_t to = r->reader[k], in = npu(r, to) ? find(r, to) : -1;
                if (in != a && in != b)
                    push(r, to, &top);
            }
    while (top > 0) {
        int32_t node = r->stack[--top], in = npu(r, node) ? find(r, node) : -1;
        if (in == b)
            return true;
        for (uint32_t i = 0; in >= 0 && i < r->n; i++)
            if (npu(r, (int32_t)i) && find(r, (int32_t)i) == in)
                push(r, (int32_t)i, &top);
        for (uint32_t k = r->first[node]; k < r->first[node + 1]; k++)
            push(r, r->reader[k], &top);
    }
    return false;
}

static void join_around(regions *r, int32_t from, int32_t to)
{
    if (!npu(r, from) || !npu(r, to))
        return;
    int32_t a = find(r, from), b = find(r, to);
    if (a != b && !around(r, a, b))
        r->region[b] = a;
}

static npu_status find_regions(regions *r, npu_err *err)
{
    const npu_graph *g = r->w->g;
    for (uint32_t i = 0; i < r->n; i++) {
        bool on = r->w->at[i].unit == CC_NPU && g->node[i].fused_into < 0;
        r->region[i] = on ? (int32_t)i : -1;
        r->depth[i] = on ? 2 : 1;
    }
    each_edge(r, deepen);
    each_edge(r, join_level);
    NPU_TRY(list_readers(r, err));
    each_edge(r, join_around);
    return NPU_OK;
}

/* What the neighbours of a region are. */
typedef struct { bool work, cpu; } traits;

static void look(const regions *r, traits *t)
{
    const npu_graph *g = r->w->g;
    for (uint32_t i = 0; i < r->n; i++) {
        int32_t h = (int32_t)i;
        if (npu(r, h))
            t[find(r, h)].work |= rule_of(g->node[i].op)->class == RULE_WORK ||
                                  r->w->named_bpu[i];
        for (uint32_t k = r->first[i]; k < r->first[i + 1]; k++) {
            int32_t to = r->reader[k];
            if (npu(r, h) && !npu(r, to))
                t[find(r, h)].cpu = true;
            if (!npu(r, h) && npu(r, to))
                t[find(r, to)].cpu = true;
        }
    }
}

/* Puts passive regions on the CPU; *moved: there were some. */
static npu_status drop_passive(regions *r, bool *moved, npu_err *err)
{
    npu_graph *g = r->w->g;
    traits *t = calloc(r->n + 1, sizeof *t);
    npu_status s = t ? NPU_OK : opt_memory(err);
    *moved = false;
    if (t)
        look(r, t);
    for (uint32_t i = 0; i < r->n && s == NPU_OK; i++) {
        int32_t h = head(g, (int32_t)i);
        if (!npu(r, h) || t[find(r, h)].work || !t[find(r, h)].cpu)
            continue;
        *moved = true;
        s = plan_cpu(r->w, i, CC_WHY_PASSIVE, NULL, err, "could run on the BPU, but stands between "
                     "CPU nodes or at an edge, with nothing to compute");
    }
    for (uint32_t i = 0; i < r->n; i++)
        if (r->w->at[i].unit == CC_CPU)
            g->node[i].fused_into = -1;
    free(t);
    return s;
}

/* Whether everything region or CPU node TO waits for is numbered; regions are numbered in the order
 * in which they can run. */
static bool can_run(const regions *r, int32_t region, const bool *done)
{
    const npu_graph *g = r->w->g;
    for (uint32_t i = 0; i < r->n; i++) {
        int32_t h = head(g, (int32_t)i);
        if (!npu(r, h) || find(r, h) != region)
            continue;
        for (uint32_t k = 0; k < g->node[i].nin; k++) {
            int32_t p = opt_from(g, &g->node[i], k);
            int32_t ph = p == NPU_NONE ? -1 : head(g, p);
            if (ph >= 0 && !(npu(r, ph) && find(r, ph) == region) && !done[ph])
                return false;
        }
    }
    return true;
}

static void finish_region(regions *r, int32_t region, bool *done)
{
    npu_graph *g = r->w->g;
    for (uint32_t i = 0; i < r->n; i++) {
        int32_t h = head(g, (int32_t)i);
        if (npu(r, h) && find(r, h) == region) {
            done[i] = true;
            g->node[i].subgraph = (int32_t)r->w->nsub;
        }
    }
    r->w->nsub++;
}

static bool cpu_ready(const regions *r, uint32_t node, const bool *done)
{
    const npu_graph *g = r->w->g;
    for (uint32_t k = 0; k < g->node[node].nin; k++) {
        int32_t p = opt_from(g, &g->node[node], k);
        if (p != NPU_NONE && !done[head(g, p)])
            return false;
    }
    return true;
}

static npu_status number(regions *r, npu_err *err)
{
    bool *done = calloc(r->n + 1, 1), moved = true;
    if (!done)
        return opt_memory(err);
    r->w->nsub = 0;
    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < r->n; i++) {
            int32_t h = head(r->w->g, (int32_t)i);
            if (done[h] || h != (int32_t)i)
                continue;
            if (npu(r, h) && can_run(r, find(r, h), done)) {
                finish_region(r, find(r, h), done);
                moved = true;
            } else if (!npu(r, h) && cpu_ready(r, i, done)) {
                done[i] = moved = true;
            }
        }
    }
    free(done);
    return NPU_OK;
}

npu_status plan_partition(plan_work *w, npu_err *err)
{
    uint32_t n = w->g->nnode;
    regions r = {.w = w, .n = n, .region = calloc(n + 1, sizeof *r.region),
                 .depth = calloc(n + 1, sizeof *r.depth), .first = calloc(n + 2, sizeof *r.first),
                 .seen = calloc(n + 1, 1), .stack = calloc(n + 1, sizeof *r.stack)};
    bool moved = true;
    npu_status s = r.region && r.depth && r.first && r.seen && r.stack ? NPU_OK : opt_memory(err);
    while (moved && s == NPU_OK) {
        s = find_regions(&r, err);
        if (s == NPU_OK)
            s = drop_passive(&r, &moved, err);
    }
    if (s == NPU_OK)
        s = number(&r, err);
    free(r.region);
    free(r.depth);
    free(r.first);
    free(r.reader);
    free(r.seen);
    free(r.stack);
    return s;
}
