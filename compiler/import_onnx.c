/* An ONNX file becomes a graph: constants first, then inputs, nodes, and last what the file says
 * about types and shapes.  The unpacked message lives only here; every tensor gives its bytes back
 * as soon as they are in the graph, so a model is never in memory more than twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "compiler/compile.h"
#include "compiler/import_onnx.h"

enum { MESSAGE_MAX = INT32_MAX, COUNT_MAX = 1 << 26 };
#define EXTERNAL_MAX ((uint64_t)2 << 30)

static npu_status no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

/* --- types ---------------------------------------------------------------------------------- */

static npu_status read_shape(const onnx_reader *r, const OnnxPb__Shape *shape, npu_value *v,
                             npu_err *err)
{
    if (shape->n_dim > NPU_RANK_MAX)
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: value '%.120s' has %zu dimensions, at most %d are modelled", r->path,
                        v->name, shape->n_dim, NPU_RANK_MAX);
    v->rank = (int)shape->n_dim;
    for (size_t d = 0; d < shape->n_dim; d++) {
        const OnnxPb__Dimension *dim = shape->dim[d];
        v->dim[d] = dim->has_dim_value && dim->dim_value >= 0 ? dim->dim_value : -1;
    }
    return NPU_OK;
}

npu_status onnx_read_type(onnx_reader *r, const OnnxPb__ValueInfo *info, int32_t value,
                          npu_err *err)
{
    npu_value *v = &r->g->value[value];
    const OnnxPb__Type *t = info->type;
    if (!t)
        return NPU_OK;
    if (t->has_sequence_type || t->has_map_type || t->has_sparse_tensor_type ||
        t->has_optional_type)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: value '%.120s' is a %s; tensors are modelled",
                        r->path, v->name,
                        t->has_sequence_type ? "sequence" : t->has_map_type ? "map"
                        : t->has_optional_type ? "optional" : "sparse tensor");
    if (!t->tensor_type)
        return NPU_OK;
    v->elem = (npu_elem)t->tensor_type->elem_type;
    if ((unsigned)v->elem >= NPU_ELEMS || (v->elem && !npu_elem_bytes(v->elem)))
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: value '%.120s' has element type %s (number %d); numbers are modelled",
                        r->path, v->name, npu_elem_name(v->elem), t->tensor_type->elem_type);
    return t->tensor_type->shape ? read_shape(r, t->tensor_type->shape, v, err) : NPU_OK;
}

/* --- the graph ------------------------------------------------------------------------------ */

static npu_status read_initialisers(onnx_reader *r, OnnxPb__Graph *graph, npu_err *err)
{
    for (size_t i = 0; i < graph->n_initializer; i++) {
        OnnxPb__Tensor *t = graph->initializer[i];
        char what[200];
        int32_t v;
        if (!t->name || !*t->name)
            return npu_fail(err, NPU_BAD_INPUT, "%s: initialiser %zu has no name", r->path, i);
        if (g_find(r->g, t->name) != NPU_NONE)
            return npu_fail(err, NPU_BAD_INPUT, "%s: two initialisers are called '%.120s'", r->path,
                            t->name);
        if ((v = g_value(r->g, t->name)) == NPU_NONE)
            return no_memory(err);
        snprintf(what, sizeof what, "initialiser '%.150s'", t->name);
        NPU_TRY(onnx_read_tensor(r, t, what, v, err));
    }
    return NPU_OK;
}

/* Older files list initialisers among the inputs; those are none. */
static npu_status read_inputs(onnx_reader *r, const OnnxPb__Graph *graph, npu_err *err)
{
    npu_graph *g = r->g;
    if (!(g->in = arena_alloc(g->arena, graph->n_input * sizeof *g->in)))
        return no_memory(err);
    for (size_t i = 0; i < graph->n_input; i++) {
        const OnnxPb__ValueInfo *info = graph->input[i];
        int32_t v;
        if (!info->name || !*info->name)
            return npu_fail(err, NPU_BAD_INPUT, "%s: input %zu has no name", r->path, i);
        v = g_find(g, info->name);
        if (v != NPU_NONE && g->value[v].constant)
            continue;
        if (v != NPU_NONE)
            return npu_fail(err, NPU_BAD_INPUT, "%s: two inputs are called '%.120s'", r->path,
                            info->name);
        if ((v = g_value(g, info->name)) == NPU_NONE)
            return no_memory(err);
        g->in[g->nin++] = v;
        NPU_TRY(onnx_read_type(r, info, v, err));
    }
    return NPU_OK;
}

/* A node must not make a value that comes from outside. */
static npu_status check_inputs(const onnx_reader *r, npu_err *err)
{
    for (uint32_t i = 0; i < r->g->nin; i++) {
        const npu_value *v = &r->g->value[r->g->in[i]];
        if (v->producer != NPU_NONE)
            return npu_fail(err, NPU_BAD_INPUT, "%s: input '%.120s' is made by node %.120s",
                            r->path, v->name, r->g->node[v->producer].name);
    }
    return NPU_OK;
}

static npu_status read_output(onnx_reader *r, const OnnxPb__ValueInfo *info, bool *seen,
                              npu_err *err)
{
    npu_graph *g = r->g;
    int32_t v = info->name ? g_find(g, info->name) : NPU_NONE;
    bool there = v != NPU_NONE && (g->value[v].constant || g->value[v].producer != NPU_NONE);
    for (uint32_t k = 0; v != NPU_NONE && k < g->nin && !there; k++)
        there = g->in[k] == v;
    if (!there || seen[v])
        return npu_fail(err, NPU_BAD_INPUT, "%s: output '%.120s' %s", r->path,
                        info->name ? info->name : "", there ? "is listed twice"
                                                            : "is made by no node");
    seen[v] = true;
    g->out[g->nout++] = v;
    return g->value[v].constant ? NPU_OK : onnx_read_type(r, info, v, err);
}

static npu_status read_outputs(onnx_reader *r, const OnnxPb__Graph *graph, npu_err *err)
{
    npu_graph *g = r->g;
    bool *seen = calloc(g->nvalue + 1, 1);
    npu_status s = NPU_OK;
    if (!seen || !(g->out = arena_alloc(g->arena, graph->n_output * sizeof *g->out)))
        s = no_memory(err);
    for (size_t i = 0; i < graph->n_output && s == NPU_OK; i++)
        s = read_output(r, graph->output[i], seen, err);
    free(seen);
    return s;
}

static npu_status read_value_info(onnx_reader *r, const OnnxPb__Graph *graph, npu_err *err)
{
    for (size_t i = 0; i < graph->n_value_info; i++) {
        const OnnxPb__ValueInfo *info = graph->value_info[i];
        int32_t v = info->name ? g_find(r->g, info->name) : NPU_NONE;
        if (v != NPU_NONE && !r->g->value[v].constant)
            NPU_TRY(onnx_read_type(r, info, v, err));
    }
    return NPU_OK;
}

static npu_status check_counts(const onnx_reader *r, const OnnxPb__Graph *graph, npu_err *err)
{
    if (graph->n_sparse_initializer)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: %zu sparse initialisers; dense ones are read",
                        r->path, graph->n_sparse_initializer);
    if (graph->n_node > COUNT_MAX || graph->n_input > COUNT_MAX || graph->n_output > COUNT_MAX)
        return npu_fail(err, NPU_LIMIT, "%s: %zu nodes, %zu inputs, %zu outputs; at most %d each",
                        r->path, graph->n_node, graph->n_input, graph->n_output, COUNT_MAX);
    return NPU_OK;
}

static npu_status read_graph(onnx_reader *r, OnnxPb__Graph *graph, npu_err *err)
{
    NPU_TRY(check_counts(r, graph, err));
    NPU_TRY(read_initialisers(r, graph, err));
    NPU_TRY(read_inputs(r, graph, err));
    NPU_TRY(onnx_read_nodes(r, graph, err));
    NPU_TRY(check_inputs(r, err));
    NPU_TRY(read_value_info(r, graph, err));
    NPU_TRY(read_outputs(r, graph, err));
    return g_sort(r->g, err);
}

/* --- the file ------------------------------------------------------------------------------- */

/* Version of ONNX's own operators, 0: none named. */
static int64_t opset_of(const OnnxPb__Model *m)
{
    for (size_t i = 0; i < m->n_opset_import; i++) {
        const OnnxPb__OperatorSet *o = m->opset_import[i];
        if (!o->domain || !*o->domain || strcmp(o->domain, "ai.onnx") == 0)
            return o->version;
    }
    return 0;
}

static npu_status check_model(const onnx_reader *r, const OnnxPb__Model *m, npu_err *err)
{
    int64_t opset = opset_of(m);
    if (!m->graph || !m->has_ir_version)
        return npu_fail(err, NPU_BAD_INPUT, "%s: not an ONNX model: it has no %s", r->path,
                        m->graph ? "IR version" : "graph");
    if (m->ir_version < ONNX_IR_MIN)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: IR version %lld, %d and later are read", r->path,
                        (long long)m->ir_version, ONNX_IR_MIN);
    if (!m->n_opset_import)
        return npu_fail(err, NPU_BAD_INPUT, "%s: names no opset", r->path);
    if (opset < ONNX_OPSET_MIN || opset > ONNX_OPSET_MAX)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: opset %lld, %d to %d are read", r->path,
                        (long long)opset, ONNX_OPSET_MIN, ONNX_OPSET_MAX);
    if (m->n_functions)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: has %zu functions of its own; inline them first",
                        r->path, m->n_functions);
    return NPU_OK;
}

/* Graph of the unpacked model M, whose tensors are emptied. */
static npu_status build(OnnxPb__Model *m, pb_memory *memory, const char *path, const char *dir,
                        npu_graph **out, npu_err *err)
{
    onnx_reader r = {.memory = memory, .path = path, .dir = dir, .external_left = EXTERNAL_MAX};
    NPU_TRY(check_model(&r, m, err));
    npu_graph *g = r.g = g_new(path);
    if (!g)
        return no_memory(err);
    g->opset = opset_of(m);
    g->ir_version = m->ir_version;
    g->name = arena_text(g->arena, m->graph->name ? m->graph->name : "");
    g->producer = arena_text(g->arena, m->producer_name ? m->producer_name : "");
    npu_status s = g->name && g->producer ? read_graph(&r, m->graph, err) : no_memory(err);
    if (s == NPU_OK)
        *out = g;
    else
        npu_graph_free(g);
    return s;
}

static npu_status unpack(const char *path, const uint8_t *bytes, size_t n, pb_memory *memory,
                         OnnxPb__Model **m, npu_err *err)
{
    if (n > MESSAGE_MAX)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %zu bytes, an ONNX file has at most %d", path, n,
                        MESSAGE_MAX);
    pb_memory_init(memory, n);
    if ((*m = onnx_pb__model__unpack(&memory->use, n, bytes)))
        return NPU_OK;
    if (memory->no_memory)
        return no_memory(err);
    return npu_fail(err, NPU_BAD_INPUT, memory->over ? "%s: takes too much memory for its size"
                                                     : "%s: not an ONNX model, or cut off", path);
}

npu_status cc_import_onnx_bytes(const char *path, const char *dir, const uint8_t *bytes, size_t n,
                                npu_graph **out, npu_err *err)
{
    pb_memory memory;
    OnnxPb__Model *m;
    *out = NULL;
    NPU_TRY(unpack(path, bytes, n, &memory, &m, err));
    npu_status s = build(m, &memory, path, dir, out, err);
    onnx_pb__model__free_unpacked(m, &memory.use);
    return s;
}

npu_status cc_import_onnx(const char *path, npu_graph **out, npu_err *err)
{
    pb_memory memory;
    OnnxPb__Model *m = NULL;
    uint8_t *bytes;
    size_t n;
    const char *slash = strrchr(path, '/');
    *out = NULL;
    NPU_TRY(sys_read_file(path, &bytes, &n, err));
    npu_status s = unpack(path, bytes, n, &memory, &m, err);
    free(bytes); /* before the graph grows */
    char *dir = slash ? strndup(path, (size_t)(slash - path) + (slash == path)) : strdup(".");
    if (s == NPU_OK)
        s = dir ? build(m, &memory, path, dir, out, err) : no_memory(err);
    free(dir);
    onnx_pb__model__free_unpacked(m, &memory.use);
    return s;
}
