/* Graph -> ONNX.  A protobuf-c message is laid over the graph (its tensors point at the graph's own
 * bytes) and packed; only constants without data and changes of form need memory of their own.
 * Constants become initialisers; nodes keep their order, names and attributes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/export_onnx.h"
#include "compiler/import_onnx.h"

static npu_status no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

/* The message's strings are not const; nothing writes to them. */
static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void *make(onnx_writer *w, size_t size, size_t n)
{
    return n > SIZE_MAX / 2 / size ? NULL : arena_alloc(w->mem, size * n);
}

/* --- constants ----------------------------------------------------------------------------- */

/* Bits of the nearest float16 of F, |F| < 65504 and not tiny (synthetic weights). */
static uint16_t half(float f)
{
    uint32_t b;
    memcpy(&b, &f, sizeof b);
    int exponent = (int)(b >> 23 & 0xff) - 127 + 15;
    if (exponent <= 0)
        return (uint16_t)(b >> 16 & 0x8000);
    uint32_t h = (b >> 16 & 0x8000) | (uint32_t)exponent << 10 | (b >> 13 & 0x3ff);
    return (uint16_t)(h + (b >> 12 & 1));
}

/* Element K of a constant without data: a small number of its type, the same in every run. */
static void synthesise(const npu_value *v, int64_t k, uint8_t *to)
{
    float f = g_weight(v, k);
    int64_t i = (int64_t)(f * 1270.0f);
    double d = f;
    uint16_t h = half(f);
    switch (v->elem) {
    case NPU_ELEM_FLOAT: memcpy(to, &f, sizeof f); break;
    case NPU_ELEM_DOUBLE: memcpy(to, &d, sizeof d); break;
    case NPU_ELEM_FLOAT16: memcpy(to, &h, sizeof h); break;
    case NPU_ELEM_BFLOAT16: memcpy(to, (uint8_t *)&f + 2, 2); break;
    case NPU_ELEM_BOOL: *to = i & 1; break;
    default:
        if (v->elem == NPU_ELEM_UINT8 || v->elem == NPU_ELEM_UINT16 ||
            v->elem == NPU_ELEM_UINT32 || v->elem == NPU_ELEM_UINT64)
            i += 128;
        memcpy(to, &i, npu_elem_bytes(v->elem));
    }
}

static const void *data_of(onnx_writer *w, const npu_value *v)
{
    unsigned size = npu_elem_bytes(v->elem);
    int64_t n = g_elements(v);
    if (v->data)
        return v->data;
    uint8_t *data = make(w, size, (size_t)n);
    for (int64_t k = 0; data && k < n; k++)
        synthesise(v, k, data + (size_t)k * size);
    return data;
}

static OnnxPb__Tensor *tensor(onnx_writer *w, const char *name, npu_elem elem, int rank,
                              const int64_t *dim, const void *data, size_t bytes)
{
    OnnxPb__Tensor *t = make(w, sizeof *t, 1);
    if (!t)
        return NULL;
    onnx_pb__tensor__init(t);
    t->name = borrow(name);
    t->has_data_type = true;
    t->data_type = (int32_t)elem;
    t->n_dims = (size_t)rank;
    t->dims = arena_copy(w->mem, dim, (size_t)rank * sizeof *dim);
    t->has_raw_data = true;
    t->raw_data.len = bytes;
    t->raw_data.data = (uint8_t *)(uintptr_t)data;
    return t->dims ? t : NULL;
}

static npu_status tensor_of(onnx_writer *w, const npu_value *v, OnnxPb__Tensor **out, npu_err *err)
{
    if (g_elements(v) < 0 || !npu_elem_bytes(v->elem))
        return npu_fail(err, NPU_UNSUPPORTED, "constant '%.120s' has no known type and shape",
                        v->name);
    if (g_bytes(v) > INT32_MAX)
        return npu_fail(err, NPU_LIMIT, "constant '%.120s' has %llu bytes, an ONNX file at most %d",
                        v->name, (unsigned long long)g_bytes(v), INT32_MAX);
    const void *data = data_of(w, v);
    *out = data ? tensor(w, v->name, v->elem, v->rank, v->dim, data, g_bytes(v)) : NULL;
    return *out ? NPU_OK : no_memory(err);
}

static bool put_tensor(onnx_writer *w, OnnxPb__Tensor *t)
{
    OnnxPb__Graph *g = w->graph;
    if (g->n_initializer == w->tensor_cap) {
        size_t cap = w->tensor_cap ? 2 * w->tensor_cap : 64;
        OnnxPb__Tensor **list = make(w, sizeof *list, cap);
        if (!list)
            return false;
        if (g->n_initializer)
            memcpy(list, g->initializer, g->n_initializer * sizeof *list);
        g->initializer = list;
        w->tensor_cap = cap;
    }
    g->initializer[g->n_initializer++] = t;
    return true;
}

char *onnx_write_constant(onnx_writer *w, npu_elem elem, int rank, int64_t n, const void *data)
{
    char *name;
    do
        name = arena_printf(w->mem, "onnx_form_%u", w->made++);
    while (name && g_find(w->g, name) != NPU_NONE);
    size_t bytes = (size_t)n * npu_elem_bytes(elem);
    const void *copy = arena_copy(w->mem, data, bytes);
    OnnxPb__Tensor *t = name && copy ? tensor(w, name, elem, rank, &n, copy, bytes) : NULL;
    return t && put_tensor(w, t) ? name : NULL;
}

static bool *used_constants(const npu_graph *g)
{
    bool *used = calloc(g->nvalue + 1, 1);
    for (uint32_t i = 0; used && i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nin && !g->node[i].dead; k++)
            if (g->node[i].in[k] != NPU_NONE)
                used[g->node[i].in[k]] = true;
    for (uint32_t i = 0; used && i < g->nout; i++)
        used[g->out[i]] = true;
    return used;
}

static npu_status put_constants(onnx_writer *w, npu_err *err)
{
    bool *used = used_constants(w->g);
    npu_status s = used ? NPU_OK : no_memory(err);
    for (uint32_t i = 0; i < w->g->nvalue && s == NPU_OK; i++) {
        OnnxPb__Tensor *t;
        if (!used[i] || !w->g->value[i].constant)
            continue;
        if ((s = tensor_of(w, &w->g->value[i], &t, err)) == NPU_OK && !put_tensor(w, t))
            s = no_memory(err);
    }
    free(used);
    return s;
}

/* --- types of values ----------------------------------------------------------------------- */

static OnnxPb__Shape *shape_of(onnx_writer *w, const npu_value *v)
{
    OnnxPb__Shape *s = make(w, sizeof *s, 1);
    OnnxPb__Dimension *dims = make(w, sizeof *dims, (size_t)v->rank);
    OnnxPb__Dimension **list = make(w, sizeof *list, (size_t)v->rank);
    if (!s || !dims || !list)
        return NULL;
    onnx_pb__shape__init(s);
    s->dim = list;
    s->n_dim = (size_t)v->rank;
    for (int d = 0; d < v->rank; d++) {
        onnx_pb__dimension__init(list[d] = &dims[d]);
        dims[d].has_dim_value = v->dim[d] >= 0;
        dims[d].dim_value = dims[d].has_dim_value ? v->dim[d] : 0;
    }
    return s;
}

static OnnxPb__ValueInfo *info_of(onnx_writer *w, const npu_value *v)
{
    struct { OnnxPb__ValueInfo info; OnnxPb__Type type; OnnxPb__TensorType tensor; } *m;
    if (!(m = make(w, sizeof *m, 1)))
        return NULL;
    onnx_pb__value_info__init(&m->info);
    onnx_pb__type__init(&m->type);
    onnx_pb__tensor_type__init(&m->tensor);
    m->info.name = borrow(v->name);
    m->info.type = &m->type;
    m->type.tensor_type = &m->tensor;
    m->tensor.has_elem_type = true;
    m->tensor.elem_type = (int32_t)v->elem;
    if (v->rank >= 0 && !(m->tensor.shape = shape_of(w, v)))
        return NULL;
    return &m->info;
}

static npu_status put_edges(onnx_writer *w, const int32_t *value, uint32_t n, const char *what,
                            OnnxPb__ValueInfo ***list, size_t *count, npu_err *err)
{
    if (!(*list = make(w, sizeof **list, n)))
        return no_memory(err);
    for (uint32_t i = 0; i < n; i++) {
        const npu_value *v = &w->g->value[value[i]];
        if (v->elem == NPU_ELEM_NONE || v->rank < 0)
            return npu_fail(err, NPU_UNSUPPORTED,
                            "%s '%.120s' has no known type and shape, which ONNX asks for", what,
                            v->name);
        if (!((*list)[(*count)++] = info_of(w, v)))
            return no_memory(err);
    }
    return NPU_OK;
}

/* Types of the values between nodes, as far as they are known. */
static npu_status put_value_info(onnx_writer *w, npu_err *err)
{
    const npu_graph *g = w->g;
    if (!(w->graph->value_info = make(w, sizeof *w->graph->value_info, g->nvalue)))
        return no_memory(err);
    for (uint32_t i = 0; i < g->nvalue; i++) {
        const npu_value *v = &g->value[i];
        if (v->constant || v->producer == NPU_NONE || v->elem == NPU_ELEM_NONE || v->rank < 0 ||
            g_is_output(g, (int32_t)i))
            continue;
        if (!(w->graph->value_info[w->graph->n_value_info++] = info_of(w, v)))
            return no_memory(err);
    }
    return NPU_OK;
}

/* --- nodes --------------------------------------------------------------------------------- */

OnnxPb__Attribute *onnx_write_attr(onnx_writer *w, OnnxPb__Node *to, const char *name, int type)
{
    OnnxPb__Attribute *a = make(w, sizeof *a, 1);
    if (!a)
        return NULL;
    onnx_pb__attribute__init(a);
    a->name = arena_text(w->mem, name);
    a->has_type = true;
    a->type = type;
    a->has_f = type == ONNX_ATTR_FLOAT;
    a->has_i = type == ONNX_ATTR_INT;
    a->has_s = type == ONNX_ATTR_STRING;
    to->attribute[to->n_attribute++] = a;
    return a->name ? a : NULL;
}

static ProtobufCBinaryData bytes_of(const char *s)
{
    return (ProtobufCBinaryData){.len = strlen(s), .data = (uint8_t *)borrow(s)};
}

static npu_status put_texts(onnx_writer *w, OnnxPb__Attribute *to, const npu_node_attr *a,
                            npu_err *err)
{
    to->n_strings = a->n;
    if (!(to->strings = make(w, sizeof *to->strings, a->n)))
        return no_memory(err);
    for (size_t i = 0; i < a->n; i++)
        to->strings[i] = bytes_of(a->strings[i]);
    return NPU_OK;
}

static npu_status put_attr(onnx_writer *w, const npu_node *n, const npu_node_attr *a,
                           OnnxPb__Node *node, npu_err *err)
{
    static const int types[] = {
        [NPU_ATTR_KIND_INT] = ONNX_ATTR_INT, [NPU_ATTR_KIND_FLOAT] = ONNX_ATTR_FLOAT,
        [NPU_ATTR_KIND_STRING] = ONNX_ATTR_STRING, [NPU_ATTR_KIND_INTS] = ONNX_ATTR_INTS,
        [NPU_ATTR_KIND_FLOATS] = ONNX_ATTR_FLOATS, [NPU_ATTR_KIND_STRINGS] = ONNX_ATTR_STRINGS,
        [NPU_ATTR_KIND_TENSOR] = ONNX_ATTR_TENSOR, [NPU_ATTR_KIND_OTHER] = 0};
    if (!types[a->kind])
        return npu_fail(err, NPU_UNSUPPORTED, "node %.120s (%.60s): attribute %.80s cannot be "
                        "written", n->name, n->type, a->name);
    OnnxPb__Attribute *to = onnx_write_attr(w, node, a->name, types[a->kind]);
    if (!to)
        return no_memory(err);
    switch (a->kind) {
    case NPU_ATTR_KIND_INT: to->i = a->i; break;
    case NPU_ATTR_KIND_FLOAT: to->f = a->f; break;
    case NPU_ATTR_KIND_STRING: to->s = bytes_of(a->s); break;
    case NPU_ATTR_KIND_INTS:
        to->n_ints = a->n;
        to->ints = (int64_t *)(uintptr_t)a->ints;
        break;
    case NPU_ATTR_KIND_FLOATS:
        to->n_floats = a->n;
        to->floats = (float *)(uintptr_t)a->floats;
        break;
    case NPU_ATTR_KIND_STRINGS: return put_texts(w, to, a, err);
    default: return tensor_of(w, &w->g->value[a->tensor], &to->t, err);
    }
    return NPU_OK;
}

static char **names_of(onnx_writer *w, const int32_t *value, uint32_t n)
{
    char **list = make(w, sizeof *list, (size_t)n + ONNX_FORM_ROOM);
    for (uint32_t i = 0; list && i < n; i++)
        list[i] = borrow(value[i] == NPU_NONE ? "" : w->g->value[value[i]].name);
    return list;
}

/* What the Caffe reader notes on a node; ONNX's own operators have no such attribute. */
static bool is_note(const npu_node *n, const npu_node_attr *a)
{
    return n->op < NPU_OP_DETECTIONOUTPUT && strcmp(a->name, "caffe_type") == 0;
}

static npu_status put_node(onnx_writer *w, const npu_node *n, npu_err *err)
{
    OnnxPb__Node *to = make(w, sizeof *to, 1);
    if (n->op == NPU_OP_NONE)
        return npu_fail(err, NPU_UNSUPPORTED, "node %.120s: operator %.120s is not known", n->name,
                        n->type);
    if (!to)
        return no_memory(err);
    onnx_pb__node__init(to);
    to->name = borrow(n->name);
    to->op_type = borrow(g_op_name(n->op));
    to->input = names_of(w, n->in, n->nin);
    to->output = names_of(w, n->out, n->nout);
    to->n_input = n->nin;
    to->n_output = n->nout;
    to->attribute = make(w, sizeof *to->attribute, (size_t)n->nattr + ONNX_FORM_ROOM);
    if (!to->input || !to->output || !to->attribute)
        return no_memory(err);
    for (uint32_t i = 0; i < n->nattr; i++)
        if (!is_note(n, &n->attr[i]))
            NPU_TRY(put_attr(w, n, &n->attr[i], to, err));
    if (n->op >= NPU_OP_DETECTIONOUTPUT) {
        to->domain = borrow(ONNX_CAFFE_DOMAIN);
        w->caffe = true;
    }
    w->graph->node[w->graph->n_node++] = to;
    return onnx_write_form(w, n, to, err);
}

static npu_status put_nodes(onnx_writer *w, npu_err *err)
{
    uint32_t n = 0, *order = make(w, sizeof *order, w->g->nnode);
    w->graph->node = make(w, sizeof *w->graph->node, w->g->nnode);
    if (!order || !w->graph->node)
        return no_memory(err);
    NPU_TRY(g_order(w->g, order, &n, err));
    for (uint32_t i = 0; i < n; i++)
        NPU_TRY(put_node(w, &w->g->node[order[i]], err));
    return NPU_OK;
}

/* --- the model ----------------------------------------------------------------------------- */

static npu_status put_graph(onnx_writer *w, npu_err *err)
{
    OnnxPb__Graph *to = w->graph;
    const npu_graph *g = w->g;
    to->name = borrow(*g->name ? g->name : "graph");
    NPU_TRY(put_edges(w, g->in, g->nin, "input", &to->input, &to->n_input, err));
    NPU_TRY(put_edges(w, g->out, g->nout, "output", &to->output, &to->n_output, err));
    NPU_TRY(put_constants(w, err));
    NPU_TRY(put_nodes(w, err));
    return put_value_info(w, err);
}

static npu_status pack(const OnnxPb__Model *m, uint8_t **bytes, size_t *n, npu_err *err)
{
    *n = onnx_pb__model__get_packed_size(m);
    if (*n > INT32_MAX)
        return npu_fail(err, NPU_LIMIT, "the model needs %zu bytes, an ONNX file has at most %d",
                        *n, INT32_MAX);
    if (!(*bytes = malloc(*n ? *n : 1)))
        return no_memory(err);
    onnx_pb__model__pack(m, *bytes);
    return NPU_OK;
}

static int64_t ir_of(int64_t opset)
{
    return opset < 12 ? 6 : opset < 15 ? 7 : 8;
}

static npu_status write_model(onnx_writer *w, uint8_t **bytes, size_t *n, npu_err *err)
{
    OnnxPb__Model model = ONNX_PB__MODEL__INIT;
    OnnxPb__Graph graph = ONNX_PB__GRAPH__INIT;
    OnnxPb__OperatorSet onnx = ONNX_PB__OPERATOR_SET__INIT, caffe = ONNX_PB__OPERATOR_SET__INIT;
    OnnxPb__OperatorSet *sets[] = {&onnx, &caffe};
    w->graph = &graph;
    NPU_TRY(put_graph(w, err));
    model.has_ir_version = true;
    model.ir_version = ir_of(w->opset);
    model.producer_name = borrow("npusim");
    model.graph = &graph;
    model.opset_import = sets;
    model.n_opset_import = w->caffe ? 2 : 1;
    onnx.domain = borrow("");
    caffe.domain = borrow(ONNX_CAFFE_DOMAIN);
    onnx.has_version = caffe.has_version = true;
    onnx.version = w->opset;
    caffe.version = 1;
    return pack(&model, bytes, n, err);
}

npu_status cc_export_onnx(const npu_graph *g, uint8_t **bytes, size_t *n, npu_err *err)
{
    onnx_writer w = {.g = g, .mem = arena_new(), .opset = g->opset};
    *bytes = NULL;
    *n = 0;
    if (!w.mem)
        return no_memory(err);
    if (w.opset < ONNX_WRITE_MIN)
        w.opset = ONNX_WRITE_MIN;
    if (w.opset > ONNX_WRITE_MAX)
        w.opset = ONNX_WRITE_MAX;
    npu_status s = write_model(&w, bytes, n, err);
    arena_free(w.mem);
    return s == NPU_OK ? s : npu_fail_in(err, g->file);
}
