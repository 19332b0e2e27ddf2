/* Which unit runs what; see plan.h.  Here: each node by itself; plan_tail.c, plan_fuse.c and
 * plan_sub.c look at several. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "compiler/opt.h"
#include "compiler/plan_parts.h"

void cc_plan_free(cc_plan *p)
{
    for (uint32_t i = 0; p && i < p->nnode; i++)
        free(p->node[i].message);
    if (p)
        free(p->node);
    free(p);
}

npu_status plan_cpu(plan_work *w, uint32_t node, cc_why why, const char *rule, npu_err *err,
                    const char *fmt, ...)
{
    va_list args;
    cc_place *p = &w->at[node];
    free(p->message);
    *p = (cc_place){.unit = CC_CPU, .why = why, .rule = rule};
    va_start(args, fmt);
    int n = vasprintf(&p->message, fmt, args);
    va_end(args);
    if (n < 0)
        p->message = NULL;
    return n < 0 ? opt_memory(err) : NPU_OK;
}

static bool listed(const cc_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->item[i], name) == 0)
            return true;
    return false;
}

static npu_status no_node(const npu_graph *g, const char *key, const char *name, npu_err *err)
{
    const char **names = calloc(g->nnode + 1, sizeof *names), *near = NULL;
    for (uint32_t i = 0; i < g->nnode && names; i++)
        names[i] = g->node[i].name;
    if (names)
        near = base_nearest(name, names, g->nnode);
    npu_status s = npu_fail(err, NPU_BAD_INPUT, "%s names '%s', which is no node of %s%s%s", key,
                            name, g->file, near ? "; did you mean " : "", near ? near : "");
    free(names);
    return s;
}

static npu_status check_names(const npu_graph *g, const char *key, const cc_list *l, npu_err *err)
{
    for (size_t k = 0; k < l->n; k++) {
        bool found = false;
        for (uint32_t i = 0; i < g->nnode && !found; i++)
            found = !g->node[i].dead && strcmp(g->node[i].name, l->item[k]) == 0;
        if (!found)
            return no_node(g, key, l->item[k], err);
    }
    return NPU_OK;
}

/* The input that is not a constant; the first when all are. */
static const npu_value *data_input(const npu_graph *g, const npu_node *n)
{
    for (uint32_t k = 0; k < n->nin; k++)
        if (n->in[k] != NPU_NONE && !g->value[n->in[k]].constant)
            return &g->value[n->in[k]];
    return n->nin && n->in[0] != NPU_NONE ? &g->value[n->in[0]] : NULL;
}

/* Whether nothing behind NODE is the NPU's by its operator: its result may stay int32. */
static bool wide_out(const plan_work *w, const npu_node *n)
{
    int32_t reader[32];
    size_t count = g_readers(w->g, n->out[0], reader, 32);
    for (size_t k = 0; k < count && k < 32; k++) {
        rule_unit u = rule_of(w->g->node[reader[k]].op)->unit[w->march];
        if (u == RULE_BPU || u == RULE_FUSED)
            return false;
    }
    return count <= 32 && !w->o->int8_output;
}

/* Whether the march takes the operator at all; the Reshape inside a map is an exception the list of
 * operators does not have (HB-OP-19), taken up when its rule allows. */
static bool takes(const plan_work *w, const npu_node *n)
{
    switch (rule_of(n->op)->unit[w->march]) {
    case RULE_BPU: case RULE_FUSED: case RULE_OPTIONAL: return true;
    default: return n->op == NPU_OP_RESHAPE;
    }
}

static npu_status forced(const plan_work *w, uint32_t i, const rule_row *r, const char *text,
                         npu_err *err)
{
    const npu_node *n = &w->g->node[i];
    if (r)
        return npu_fail(err, NPU_UNSUPPORTED, "run_on_bpu names %s (%s), which breaks %s: %s",
                        n->name, g_op_name(n->op), r->id, text);
    return npu_fail(err, NPU_UNSUPPORTED, "run_on_bpu names %s, but the operator %s of %s runs on "
                    "the CPU only", n->name, g_op_name(n->op), w->o->march);
}

static npu_status place_node(plan_work *w, uint32_t i, npu_err *err)
{
    const npu_node *n = &w->g->node[i];
    const rule_op *op = rule_of(n->op);
    const npu_value *x = data_input(w->g, n);
    char text[RULE_TEXT] = "";
    w->at[i] = (cc_place){.unit = CC_NPU};
    if (op->unit[w->march] == RULE_NONE)
        return npu_fail(err, NPU_UNSUPPORTED, "ValueError: Not support layer name=%s type=%s",
                        n->name, n->type);
    if (listed(&w->o->run_on_cpu, n->name))
        return plan_cpu(w, i, CC_WHY_RUN_ON_CPU, NULL, err, "run_on_cpu names it");
    if (!takes(w, n) || !x || n->nout < 1 || n->out[0] < 0)
        return w->named_bpu[i] ? forced(w, i, NULL, text, err)
                               : plan_cpu(w, i, CC_WHY_UNSUPPORTED_OP, NULL, err,
                                          "the operator %s runs on the CPU", g_op_name(n->op));
    if (op->unit[w->march] == RULE_OPTIONAL && !w->named_bpu[i])
        return plan_cpu(w, i, CC_WHY_UNSUPPORTED_OP, NULL, err, "the operator %s runs on the CPU "
                        "unless run_on_bpu names it", g_op_name(n->op));
    rule_case c = {.g = w->g, .n = n, .x = x, .y = &w->g->value[n->out[0]], .text = text,
                   .wide_out = wide_out(w, n), .on_bpu = w->named_bpu[i]};
    const rule_row *r = rule_broken(w->march, &c);
    if (r && w->named_bpu[i])
        return forced(w, i, r, text, err);
    if (r && n->op == NPU_OP_RESHAPE)
        return plan_cpu(w, i, CC_WHY_UNSUPPORTED_OP, NULL, err, "the operator Reshape runs on the "
                        "CPU");
    return r ? plan_cpu(w, i, CC_WHY_CONSTRAINT, r->id, err, "%s", text) : NPU_OK;
}

/* As the node table prints it, unless the fusion gave the node a type already. */
static void name_type(plan_work *w, uint32_t i)
{
    const npu_node *n = &w->g->node[i];
    const rule_op *op = rule_of(n->op);
    cc_place *p = &w->at[i];
    if (p->unit == CC_NPU && p->type)
        return;
    p->type = p->unit == CC_CPU || !op->type ? g_op_name(n->op) : op->type;
    if (p->unit == CC_NPU && strncmp(n->name, "HZ_PREPROCESS_FOR_", 18) == 0)
        p->type = "HzPreprocess";
}

static npu_status steps(plan_work *w, npu_err *err)
{
    npu_graph *g = w->g;
    NPU_TRY(check_names(g, "run_on_cpu", &w->o->run_on_cpu, err));
    NPU_TRY(check_names(g, "run_on_bpu", &w->o->run_on_bpu, err));
    for (uint32_t i = 0; i < g->nnode; i++) {
        g->node[i].fused_into = g->node[i].subgraph = -1;
        w->named_bpu[i] = listed(&w->o->run_on_bpu, g->node[i].name);
    }
    for (uint32_t i = 0; i < g->nnode; i++)
        NPU_TRY(place_node(w, i, err));
    if (w->march == RULE_BERNOULLI2) {
        plan_shuffles(w);
        NPU_TRY(plan_tail(w, err));
    }
    NPU_TRY(plan_fuse(w, err));
    NPU_TRY(plan_partition(w, err));
    for (uint32_t i = 0; i < g->nnode; i++)
        name_type(w, i);
    return NPU_OK;
}

npu_status cc_plan_make(npu_graph *g, const cc_options *o, cc_plan **out, npu_err *err)
{
    *out = NULL;
    NPU_TRY(g_sort(g, err)); /* drops dead nodes: indices are final up to the fusion */
    plan_work w = {.g = g, .o = o, .march = rule_find_march(o->march)};
    if (w.march == RULE_MARCHES)
        return npu_fail(err, NPU_USAGE, "march '%s': there are bernoulli2, cv181x",
                        o->march ? o->march : "");
    cc_plan *p = calloc(1, sizeof *p);
    w.at = calloc(g->nnode + 1, sizeof *w.at);
    w.named_bpu = calloc(g->nnode + 1, 1);
    npu_status s = p && w.at && w.named_bpu ? steps(&w, err) : opt_memory(err);
    free(w.named_bpu);
    if (!p) {
        free(w.at);
        return s;
    }
    *p = (cc_plan){.node = w.at, .nnode = w.at ? g->nnode : 0, .nsub = w.nsub};
    if (s == NPU_OK)
        *out = p;
    else
        cc_plan_free(p);
    return s;
}

int32_t cc_cluster_end(const npu_graph *g, int32_t node)
{
    int32_t end = node;
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead && g->node[i].fused_into == node)
            end = (int32_t)i;
    return end;
}
