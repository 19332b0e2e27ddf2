/* CPU routines, edges and the node list; see assemble.h. */
#include "compiler/assemble.h"
#include "compiler/quant_graph.h"

#include <stdlib.h>
#include <string.h>

static npu_status full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

npu_status cc_add_name(char ***list, size_t *n, const char *name, npu_err *err)
{
    char **grown = realloc(*list, (*n + 1) * sizeof *grown);
    if (!grown)
        return full(err);
    *list = grown;
    grown[*n] = strdup(name);
    return grown[(*n)++] ? NPU_OK : full(err);
}

bool cc_dumped(const npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t value)
{
    int32_t p = g->value[value].producer;
    if (!o->dump_layers || p == NPU_NONE || g->node[p].dead)
        return false;
    int32_t head = g->node[p].fused_into >= 0 ? g->node[p].fused_into : p;
    npu_op op = g->node[head].op;
    return plan->node[head].unit == CC_NPU && (op == NPU_OP_CONV || op == NPU_OP_CONVTRANSPOSE) &&
           cc_cluster_end(g, head) == p && g->node[p].out[0] == value;
}

npu_status cc_program_edges(const npu_graph *g, const cc_plan *plan, const cc_options *o,
                            npu_model *m, npu_err *err)
{
    npu_program *p = &m->program[0];
    for (uint32_t i = 0; i < g->nin; i++)
        NPU_TRY(cc_add_name(&p->in, &p->nin, g->value[g->in[i]].name, err));
    for (uint32_t i = 0; i < g->nout; i++)
        NPU_TRY(cc_add_name(&p->out, &p->nout, g->value[g->out[i]].name, err));
    for (uint32_t v = 0; v < g->nvalue; v++)
        if (cc_dumped(g, plan, o, (int32_t)v) && !g_is_output(g, (int32_t)v))
            NPU_TRY(cc_add_name(&p->out, &p->nout, g->value[v].name, err));
    return NPU_OK;
}

const char *cc_quantised_name(npu_graph *g, int32_t value)
{
    return arena_printf(g->arena, "%s_quantized", g->value[value].name);
}

static bool is_input(const npu_graph *g, int32_t value)
{
    for (uint32_t i = 0; i < g->nin; i++)
        if (g->in[i] == value)
            return true;
    return false;
}

static bool feature_map(const cc_options *o, const char *name)
{
    for (size_t i = 0; i < o->ninput; i++)
        if (strcmp(o->input[i].name, name) == 0)
            return o->input[i].rt == CC_FEATUREMAP;
    return true;
}

bool cc_float_outside(const npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t value)
{
    int32_t p = g->value[value].producer;
    if (is_input(g, value))
        return feature_map(o, g->value[value].name) && o->keep_io_nodes;
    if (p == NPU_NONE)
        return false;
    if (g->node[p].subgraph < 0)
        return true;
    if ((g_is_output(g, value) && o->keep_io_nodes) || cc_dumped(g, plan, o, value))
        return true;
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead; k++)
            if (g->node[i].in[k] == value && plan->node[i].unit == CC_CPU)
                return true;
    return false;
}

npu_status cc_name_edges(npu_graph *g, const cc_plan *plan, const cc_options *o, cc_net *net,
                         npu_err *err)
{
    for (uint32_t i = 0; i < net->ntensor; i++) {
        cc_tensor *t = &net->tensor[i];
        bool edge = t->value != NPU_NONE && (t->output || (t->input && t->producer == NPU_NONE));
        if (edge && cc_float_outside(g, plan, o, t->value) &&
            !(t->name = cc_quantised_name(g, t->value)))
            return full(err);
    }
    return NPU_OK;
}

/* A float tensor of the program, for the element count of CPU routines. */
static npu_status float_tensor(const npu_graph *g, int32_t value, npu_program *p, npu_err *err)
{
    const npu_value *v = &g->value[value];
    if (npu_program_tensor(p, v->name))
        return NPU_OK;
    npu_tensor *grown = realloc(p->tensor, (p->ntensor + 1) * sizeof *grown);
    int64_t *dim = malloc(((size_t)v->rank + 1) * sizeof *dim);
    char *name = strdup(v->name);
    p->tensor = grown ? grown : p->tensor;
    if (!grown || !dim || !name) {
        free(dim);
        free(name);
        return full(err);
    }
    for (int d = 0; d < v->rank; d++)
        dim[d] = v->dim[d];
    p->tensor[p->ntensor++] = (npu_tensor){.id = (uint32_t)p->ntensor, .name = name, .offset = -1,
                                           .dtype = NPU_FP32, .dim = dim,
                                           .ndim = v->rank > 0 ? (size_t)v->rank : 0};
    return NPU_OK;
}

static npu_routine *cpu_routine(npu_model *m, const char *type, npu_err *err)
{
    npu_program *p = &m->program[0];
    npu_routine *grown = realloc(p->routine, (p->nroutine + 1) * sizeof *grown);
    if (!grown) {
        full(err);
        return NULL;
    }
    p->routine = grown;
    npu_routine *r = &p->routine[p->nroutine++];
    *r = (npu_routine){.type = NPU_ROUTINE_CPU, .section = strdup(type)};
    if (!r->section)
        full(err);
    return r->section ? r : NULL;
}

npu_status cc_cpu_node(const npu_graph *g, const cc_plan *plan, int32_t node, npu_model *m,
                       npu_err *err)
{
    const npu_node *n = &g->node[node];
    npu_routine *r = cpu_routine(m, plan->node[node].type ? plan->node[node].type : n->type, err);
    if (!r)
        return NPU_LIMIT;
    int32_t end = cc_cluster_end(g, node);
    for (uint32_t i = 0; i < n->nin; i++)
        if (n->in[i] != NPU_NONE && !g->value[n->in[i]].constant) {
            NPU_TRY(cc_add_name(&r->in, &r->nin, g->value[n->in[i]].name, err));
            NPU_TRY(float_tensor(g, n->in[i], &m->program[0], err));
        }
    for (uint32_t i = 0; i < g->node[end].nout; i++)
        if (g->node[end].out[i] != NPU_NONE) {
            NPU_TRY(cc_add_name(&r->out, &r->nout, g->value[g->node[end].out[i]].name, err));
            NPU_TRY(float_tensor(g, g->node[end].out[i], &m->program[0], err));
        }
    return NPU_OK;
}

/* Without calibration every map has the threshold the quantised ONNX has, too. */
#define SYNTHETIC_SCALE (CC_SYNTHETIC_THRESHOLD / 127)

static npu_status scale_of(npu_routine *r, npu_err *err)
{
    r->attr = calloc(2, sizeof *r->attr);
    for (int i = 0; r->attr && i < 2; i++) {
        r->attr[i] = (npu_attr){.key = strdup(i ? "zero_point" : "scale"),
                                .type = i ? NPU_ATTR_INT : NPU_ATTR_FLOAT,
                                .number = i ? 0 : SYNTHETIC_SCALE};
        if (!r->attr[i].key)
            return full(err);
        r->nattr++;
    }
    return r->attr ? NPU_OK : full(err);
}

/* Values whose quantised and float forms meet at the edge of a sub-graph, in order. */
static bool needs_edge(const npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t v,
                       bool *into)
{
    int32_t p = g->value[v].producer;
    bool read = false;
    if (g->value[v].constant || !cc_float_outside(g, plan, o, v))
        return false;
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead; k++)
            read |= g->node[i].in[k] == v && g->node[i].subgraph >= 0;
    *into = p == NPU_NONE || g->node[p].subgraph < 0;
    return *into ? read : true;
}

/* Whether sub-graph SUB reads value V (INTO) or makes it. */
static bool of_sub(const npu_graph *g, int32_t v, int32_t sub, bool into)
{
    int32_t p = g->value[v].producer;
    if (!into)
        return p != NPU_NONE && g->node[p].subgraph == sub;
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead; k++)
            if (g->node[i].in[k] == v && g->node[i].subgraph == sub)
                return true;
    return false;
}

/* A value that two sub-graphs read is quantised once. */
static bool made(const npu_program *p, const char *name)
{
    for (size_t i = 0; i < p->nroutine; i++)
        if (p->routine[i].nout && strcmp(p->routine[i].out[0], name) == 0)
            return true;
    return false;
}

npu_status cc_edge_nodes(npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t sub,
                         bool before, npu_model *m, npu_err *err)
{
    for (uint32_t v = 0; v < g->nvalue; v++) {
        bool into;
        if (!needs_edge(g, plan, o, (int32_t)v, &into) || into != before ||
            !of_sub(g, (int32_t)v, sub, into))
            continue;
        const char *inner = cc_quantised_name(g, (int32_t)v);
        if (inner && into && made(&m->program[0], inner))
            continue;
        npu_routine *r = inner ? cpu_routine(m, into ? "Quantize" : "Dequantize", err) : NULL;
        if (!r)
            return full(err);
        NPU_TRY(cc_add_name(&r->in, &r->nin, into ? g->value[v].name : inner, err));
        NPU_TRY(cc_add_name(&r->out, &r->nout, into ? inner : g->value[v].name, err));
        NPU_TRY(float_tensor(g, (int32_t)v, &m->program[0], err));
        NPU_TRY(scale_of(r, err));
    }
    return NPU_OK;
}

/* --- node list -------------------------------------------------------------------------------- */

static npu_node_info *new_info(npu_model *m, const char *name, const char *type, npu_err *err)
{
    npu_node_info *grown = realloc(m->node, (m->nnode + 1) * sizeof *grown);
    if (!grown) {
        full(err);
        return NULL;
    }
    m->node = grown;
    npu_node_info *x = &m->node[m->nnode++];
    *x = (npu_node_info){.name = strdup(name), .type = strdup(type), .subgraph = -1};
    if (!x->name || !x->type)
        full(err);
    return x->name && x->type ? x : NULL;
}

static npu_status edge_name(npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t v,
                            bool npu, char ***list, size_t *n, npu_err *err)
{
    bool renamed = npu && cc_float_outside(g, plan, o, v);
    const char *name = renamed ? cc_quantised_name(g, v) : g->value[v].name;
    return name ? cc_add_name(list, n, name, err) : full(err);
}

static npu_status node_info(npu_graph *g, const cc_plan *plan, const cc_options *o, uint32_t i,
                            npu_model *m, npu_err *err)
{
    const npu_node *n = &g->node[i];
    const cc_place *x = &plan->node[i];
    int32_t end = cc_cluster_end(g, (int32_t)i);
    bool npu = x->unit == CC_NPU;
    npu_node_info *info = new_info(m, n->name, x->type ? x->type : n->type, err);
    if (!info)
        return NPU_LIMIT;
    info->npu = npu;
    info->subgraph = npu ? n->subgraph : -1;
    if (x->message && !(info->why = strdup(x->message)))
        return full(err);
    for (uint32_t k = 0; k < g->nnode; k++) { /* the cluster reads what its members read */
        const npu_node *f = &g->node[k];
        if (f->dead || (k != i && f->fused_into != (int32_t)i))
            continue;
        for (uint32_t a = 0; a < f->nin; a++) {
            int32_t v = f->in[a], p = v == NPU_NONE ? NPU_NONE : g->value[v].producer;
            bool own = p != NPU_NONE && (p == (int32_t)i || g->node[p].fused_into == (int32_t)i);
            if (v != NPU_NONE && !g->value[v].constant && !own)
                NPU_TRY(edge_name(g, plan, o, v, npu, &info->in, &info->nin, err));
        }
    }
    for (uint32_t k = 0; k < g->node[end].nout; k++)
        if (g->node[end].out[k] != NPU_NONE)
            NPU_TRY(edge_name(g, plan, o, g->node[end].out[k], npu, &info->out, &info->nout, err));
    return NPU_OK;
}

/* Quantise and dequantise nodes, named as the vendor's profiler names them. */
static npu_status edge_infos(npu_graph *g, const cc_plan *plan, const cc_options *o, npu_model *m,
                             npu_err *err)
{
    for (uint32_t v = 0; v < g->nvalue; v++) {
        bool into;
        if (!needs_edge(g, plan, o, (int32_t)v, &into))
            continue;
        const char *inner = cc_quantised_name(g, (int32_t)v);
        const char *name = arena_printf(g->arena, "%s_%s", g->value[v].name,
                                        into ? "HzQuantize" : "HzDequantize");
        npu_node_info *x = inner && name ? new_info(m, name, into ? "Quantize" : "Dequantize", err)
                                         : NULL;
        if (!x)
            return full(err);
        NPU_TRY(cc_add_name(&x->in, &x->nin, into ? g->value[v].name : inner, err));
        NPU_TRY(cc_add_name(&x->out, &x->nout, into ? inner : g->value[v].name, err));
    }
    return NPU_OK;
}

npu_status cc_node_list(npu_graph *g, const cc_plan *plan, const cc_options *o, npu_model *m,
                        npu_err *err)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead && plan->node[i].unit != CC_GONE)
            NPU_TRY(node_info(g, plan, o, i, m, err));
    return edge_infos(g, plan, o, m, err);
}
