/* Graph and plan -> cc_net, one sub-graph at a time; see net.h. */
#include "compiler/lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/assemble.h"

npu_status lower_full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

static int32_t add_tensor(lower *l, cc_tensor t)
{
    cc_net *n = l->net;
    if (n->ntensor == l->cap_tensor) {
        uint32_t cap = l->cap_tensor ? 2 * l->cap_tensor : 128;
        cc_tensor *grown = realloc(n->tensor, cap * sizeof *grown);
        if (!grown)
            return NPU_NONE;
        n->tensor = grown;
        l->cap_tensor = cap;
    }
    n->tensor[n->ntensor] = t;
    return (int32_t)n->ntensor++;
}

/* Any shape as N x C x H x W: two dimensions are N x C, three N x C x W; what is before the last
 * three of five and more is batch. */
static void shape_of(const npu_value *v, cc_tensor *t)
{
    uint32_t d[4] = {1, 1, 1, 1};
    int64_t n = 1;
    for (int i = 0; i < v->rank - 3; i++)
        n *= v->dim[i];
    d[0] = (uint32_t)n;
    if (v->rank == 1) {
        d[1] = (uint32_t)v->dim[0];
    } else if (v->rank == 2) {
        d[0] = (uint32_t)v->dim[0];
        d[1] = (uint32_t)v->dim[1];
    } else if (v->rank == 3) {
        d[0] = (uint32_t)v->dim[0];
        d[1] = (uint32_t)v->dim[1];
        d[3] = (uint32_t)v->dim[2];
    } else {
        for (int i = 1; i < 4 && v->rank > 3; i++)
            d[i] = (uint32_t)v->dim[v->rank - 4 + i];
    }
    t->n = d[0];
    t->c = d[1];
    t->h = d[2];
    t->w = d[3];
}

static const cc_input *input_named(const cc_options *o, const char *name)
{
    for (size_t i = 0; i < o->ninput; i++)
        if (strcmp(o->input[i].name, name) == 0)
            return &o->input[i];
    return NULL;
}

int32_t lower_tensor(lower *l, int32_t value)
{
    if (l->tensor_of[value] != NPU_NONE)
        return l->tensor_of[value];
    const npu_value *v = &l->g->value[value];
    const cc_input *in = input_named(l->o, v->name);
    bool planar = v->producer != NPU_NONE && l->g->node[v->producer].subgraph >= 0;
    cc_tensor t = {.name = v->name, .bytes = 1, .value = value, .producer = NPU_NONE,
                   .inside = NPU_NONE, .input = true, .planar = planar,
                   .nv12 = v->producer == NPU_NONE && in && in->rt == CC_NV12};
    shape_of(v, &t);
    return l->tensor_of[value] = add_tensor(l, t);
}

int32_t lower_result(lower *l, int32_t node)
{
    return lower_tensor(l, l->g->node[cc_cluster_end(l->g, node)].out[0]);
}

int32_t lower_like(lower *l, int32_t t, const char *name)
{
    cc_tensor copy = l->net->tensor[t];
    copy.name = name;
    copy.value = copy.producer = copy.inside = NPU_NONE;
    copy.channel = 0;
    copy.input = copy.output = copy.nv12 = copy.planar = false;
    copy.bytes = 1;
    return add_tensor(l, copy);
}

cc_layer *lower_layer(lower *l, cc_kind kind, int32_t node, int32_t a, int32_t out)
{
    cc_net *n = l->net;
    if (a == NPU_NONE || out == NPU_NONE)
        return NULL;
    if (n->nlayer == l->cap_layer) {
        uint32_t cap = l->cap_layer ? 2 * l->cap_layer : 128;
        cc_layer *grown = realloc(n->layer, cap * sizeof *grown);
        if (!grown)
            return NULL;
        n->layer = grown;
        l->cap_layer = cap;
    }
    cc_layer *y = &n->layer[n->nlayer];
    *y = (cc_layer){.kind = kind, .name = l->g->node[node].name, .type = l->plan->node[node].type,
                    .node = node, .a = a, .b = NPU_NONE, .sum = NPU_NONE, .out = out, .kh = 1,
                    .kw = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .group = 1, .up_h = 1, .up_w = 1,
                    .function = l->g->node[node].op, .weight = NPU_NONE, .bias = NPU_NONE};
    n->tensor[out].producer = (int32_t)n->nlayer;
    n->tensor[out].input = false;
    n->nlayer++;
    return y;
}

/* Whether VALUE is read outside the sub-graph (or is a result of the network). */
static bool leaves(const lower *l, int32_t value)
{
    const npu_graph *g = l->g;
    if (g_is_output(g, value))
        return true;
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead; k++)
            if (g->node[i].in[k] == value && g->node[i].subgraph != (int32_t)l->net->index)
                return true;
    return false;
}

static void mark_outputs(lower *l)
{
    cc_net *n = l->net;
    for (uint32_t i = 0; i < l->g->nvalue; i++) {
        int32_t t = l->tensor_of[i], p = l->g->value[i].producer;
        if (t == NPU_NONE || p == NPU_NONE || l->g->node[p].subgraph != (int32_t)n->index)
            continue;
        if (!leaves(l, (int32_t)i) && !cc_dumped(l->g, l->plan, l->o, (int32_t)i))
            continue;
        /* a view that leaves gives its name to the bytes, unless their own name leaves as well */
        int32_t own = n->tensor[t].value;
        if (own != (int32_t)i && !(own != NPU_NONE && leaves(l, own))) {
            n->tensor[t].value = (int32_t)i;
            n->tensor[t].name = l->g->value[i].name;
        }
        n->tensor[t].output = true;
        int32_t head = l->g->node[p].fused_into >= 0 ? l->g->node[p].fused_into : p;
        if (l->plan->node[head].int32_out)
            n->tensor[t].bytes = 4;
    }
}

static npu_status run(lower *l, npu_err *err)
{
    for (uint32_t i = 0; i < l->g->nnode; i++) {
        const npu_node *n = &l->g->node[i];
        if (n->dead || n->subgraph != (int32_t)l->net->index || n->fused_into >= 0)
            continue;
        NPU_TRY(lower_node(l, (int32_t)i, err));
    }
    mark_outputs(l);
    return l->net->nlayer ? NPU_OK
                          : npu_fail(err, NPU_UNSUPPORTED, "sub-graph %u of %s computes nothing",
                                     l->net->index, l->g->file);
}

static char *net_name(const npu_graph *g, uint32_t index)
{
    size_t n = strlen(g->name) + 32;
    char *text = malloc(n);
    if (text)
        snprintf(text, n, "%s_subgraph_%u", *g->name ? g->name : "main_graph", index);
    return text;
}

npu_status cc_lower(const npu_graph *g, const cc_plan *plan, const cc_options *o, uint32_t index,
                    cc_net **out, npu_err *err)
{
    *out = NULL;
    cc_net *n = calloc(1, sizeof *n);
    lower l = {.g = g, .plan = plan, .o = o, .net = n,
               .tensor_of = malloc((g->nvalue + 1) * sizeof *l.tensor_of)};
    npu_status s = n && l.tensor_of ? NPU_OK : lower_full(err);
    if (s == NPU_OK) {
        n->graph = g;
        n->index = index;
        if (!(n->name = net_name(g, index)))
            s = lower_full(err);
        for (uint32_t i = 0; i < g->nvalue; i++)
            l.tensor_of[i] = NPU_NONE;
    }
    if (s == NPU_OK)
        s = run(&l, err);
    free(l.tensor_of);
    if (s != NPU_OK)
        cc_net_free(n);
    else
        *out = n;
    return s;
}

void cc_net_free(cc_net *n)
{
    if (!n)
        return;
    free((char *)n->name);
    free(n->tensor);
    free(n->layer);
    free(n);
}
