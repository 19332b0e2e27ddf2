/* Order of sub-graphs and CPU nodes; see assemble.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/assemble.h"

typedef struct {
    const npu_graph *g;
    const cc_plan *plan;
    bool *done;             /* per value */
    bool *placed;           /* per node */
} work;

static bool on_cpu(const work *w, uint32_t i)
{
    return !w->g->node[i].dead && w->plan->node[i].unit == CC_CPU;
}

static bool has_inputs(const work *w, const npu_node *n, int32_t sub)
{
    for (uint32_t k = 0; k < n->nin; k++) {
        int32_t v = n->in[k], p = v == NPU_NONE ? NPU_NONE : w->g->value[v].producer;
        if (v != NPU_NONE && !w->done[v] && (sub < 0 || p == NPU_NONE ||
                                             w->g->node[p].subgraph != sub))
            return false;
    }
    return true;
}

static void finish(work *w, uint32_t i)
{
    const npu_node *n = &w->g->node[i];
    w->placed[i] = true;
    for (uint32_t k = 0; k < n->nout; k++)
        if (n->out[k] != NPU_NONE)
            w->done[n->out[k]] = true;
}

static bool sub_ready(const work *w, int32_t sub)
{
    for (uint32_t i = 0; i < w->g->nnode; i++)
        if (!w->g->node[i].dead && w->g->node[i].subgraph == sub &&
            !has_inputs(w, &w->g->node[i], sub))
            return false;
    return true;
}

static bool step(work *w, cc_order *out)
{
    for (uint32_t i = 0; i < w->g->nnode; i++) {
        int32_t sub = w->g->node[i].subgraph;
        if (w->g->node[i].dead || w->placed[i])
            continue;
        if (sub >= 0 && sub_ready(w, sub)) {
            out->unit[out->n++] = (cc_unit_of){sub, -1};
            for (uint32_t k = 0; k < w->g->nnode; k++)
                if (w->g->node[k].subgraph == sub && !w->g->node[k].dead)
                    finish(w, k);
            return true;
        }
        if (sub < 0 && has_inputs(w, &w->g->node[i], -1)) {
            if (on_cpu(w, i))
                out->unit[out->n++] = (cc_unit_of){-1, (int32_t)i};
            finish(w, i);
            return true;
        }
    }
    return false;
}

npu_status cc_order_make(const npu_graph *g, const cc_plan *plan, cc_order *out, npu_err *err)
{
    work w = {g, plan, calloc(g->nvalue + 1, 1), calloc(g->nnode + 1, 1)};
    *out = (cc_order){calloc(g->nnode + plan->nsub + 1, sizeof *out->unit), 0};
    npu_status s = w.done && w.placed && out->unit ? NPU_OK
                                                   : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK) {
        for (uint32_t i = 0; i < g->nvalue; i++)
            w.done[i] = g->value[i].constant;
        for (uint32_t i = 0; i < g->nin; i++)
            w.done[g->in[i]] = true;
        while (step(&w, out))
            ;
        for (uint32_t i = 0; i < g->nnode && s == NPU_OK; i++)
            if (!g->node[i].dead && !w.placed[i])
                s = npu_fail(err, NPU_LIMIT, "node %s: sub-graphs wait for each other",
                             g->node[i].name);
    }
    free(w.done);
    free(w.placed);
    return s;
}

void cc_order_free(cc_order *o)
{
    free(o->unit);
    *o = (cc_order){0};
}
