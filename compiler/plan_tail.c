/* The end of the network (HB-OPT-02 to 04).
 *
 * Only a convolution can leave its int32 sums; every other operator writes int8.  So operators
 * behind the last convolutions that do nothing but follow them go to the CPU, in float, and the
 * convolutions keep full precision, unless run_on_bpu names the operator or int8 outputs are
 * wanted. */
#include <stdlib.h>

#include "compiler/opt.h"
#include "compiler/plan_parts.h"

static bool convolution(npu_op op)
{
    return op == NPU_OP_CONV || op == NPU_OP_CONVTRANSPOSE || op == NPU_OP_GEMM ||
           op == NPU_OP_MATMUL;
}

/* Whether VALUE is read by nothing on the NPU but nodes of TAIL. */
static bool leaves(const plan_work *w, const bool *tail, int32_t value)
{
    enum { READERS = 256 };
    int32_t reader[READERS];
    size_t n = g_readers(w->g, value, reader, READERS);
    for (size_t k = 0; k < n && k < READERS; k++)
        if (w->at[reader[k]].unit != CC_CPU && !tail[reader[k]])
            return false;
    return n <= READERS;
}

static bool node_leaves(const plan_work *w, const bool *tail, const npu_node *n)
{
    for (uint32_t k = 0; k < n->nout; k++)
        if (n->out[k] != NPU_NONE && !leaves(w, tail, n->out[k]))
            return false;
    return true;
}

/* Every operand comes from a convolution that may stay int32, from the tail, or from the CPU; one
 * at least from the first two. */
static bool follows(const plan_work *w, const bool *tail, const npu_node *n)
{
    bool any = false;
    for (uint32_t k = 0; k < n->nin; k++) {
        const npu_value *v = opt_in(w->g, n, k);
        if (!v || v->constant)
            continue;
        if (v->producer == NPU_NONE)
            return false;
        const npu_node *p = &w->g->node[v->producer];
        if (w->at[v->producer].unit == CC_CPU)
            continue;
        if (!tail[v->producer] && !(convolution(p->op) && node_leaves(w, tail, p)))
            return false;
        any = true;
    }
    return any;
}

/* ENDS: nothing behind a node comes back to the NPU. */
static void find_ends(const plan_work *w, const bool *tail, bool *ends)
{
    const npu_graph *g = w->g;
    for (uint32_t i = 0; i < g->nnode; i++)
        ends[i] = true;
    for (uint32_t i = g->nnode; i-- > 0;)
        for (uint32_t k = 0; k < g->node[i].nin; k++) {
            int32_t p = opt_from(g, &g->node[i], k);
            if (p != NPU_NONE && !(ends[i] && (w->at[i].unit == CC_CPU || tail[i])))
                ends[p] = false;
        }
}

static void find_tail(const plan_work *w, bool *tail, bool *ends)
{
    const npu_graph *g = w->g;
    for (uint32_t i = 0; i < g->nnode; i++)
        tail[i] = w->at[i].unit == CC_NPU && !w->named_bpu[i] && rule_of(g->node[i].op)->tail &&
                  g->node[i].fused_into < 0;
    for (bool changed = true; changed;) {
        changed = false;
        find_ends(w, tail, ends);
        for (uint32_t i = 0; i < g->nnode; i++)
            if (tail[i] && (!ends[i] || !follows(w, tail, &g->node[i]))) {
                tail[i] = false;
                changed = true;
            }
    }
}

npu_status plan_tail(plan_work *w, npu_err *err)
{
    npu_graph *g = w->g;
    if (w->o->int8_output)
        return NPU_OK;
    bool *tail = calloc(g->nnode + 1, 1), *ends = calloc(g->nnode + 1, 1);
    npu_status s = tail && ends ? NPU_OK : opt_memory(err);
    if (s == NPU_OK)
        find_tail(w, tail, ends);
    for (uint32_t i = 0; i < g->nnode && s == NPU_OK; i++)
        w->at[i].int32_out = w->at[i].unit == CC_NPU && convolution(g->node[i].op) &&
                             node_leaves(w, tail, &g->node[i]);
    for (uint32_t i = 0; i < g->nnode && s == NPU_OK; i++)
        if (tail[i])
            s = plan_cpu(w, i, CC_WHY_INT32_TAIL, NULL, err, "the convolution before it keeps its "
                         "int32 result, which only the CPU can take; run_on_bpu moves it to the "
                         "BPU");
    free(tail);
    free(ends);
    return s;
}
