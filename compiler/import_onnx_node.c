/* Nodes and attributes.  First every node becomes one, a Constant becomes a constant value; then,
 * when all names of the file are known, attributes follow (their tensors get names of our own). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/import_onnx.h"

static npu_status no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

static const char *text(const char *s)
{
    return s ? s : "";
}

/* How messages call node N, the K-th of the file. */
typedef struct { char s[256]; } label;

static label label_of(const OnnxPb__Node *n, size_t k)
{
    label l;
    if (n->name && *n->name)
        snprintf(l.s, sizeof l.s, "node %.150s (%.80s)", n->name, text(n->op_type));
    else
        snprintf(l.s, sizeof l.s, "node %zu (%.80s)", k, text(n->op_type));
    return l;
}

/* --- attributes ----------------------------------------------------------------------------- */

/* Files before IR 3 and some writers leave the type out: then the field that is there decides. */
static int attr_type(const OnnxPb__Attribute *a)
{
    if (a->type)
        return a->type;
    return a->has_f ? ONNX_ATTR_FLOAT : a->has_i ? ONNX_ATTR_INT : a->has_s ? ONNX_ATTR_STRING
         : a->t ? ONNX_ATTR_TENSOR : a->has_g ? ONNX_ATTR_GRAPH : a->n_floats ? ONNX_ATTR_FLOATS
         : a->n_ints ? ONNX_ATTR_INTS : a->n_strings ? ONNX_ATTR_STRINGS
         : a->n_graphs ? ONNX_ATTR_GRAPHS : ONNX_ATTR_TENSORS;
}

static bool plain_text(const ProtobufCBinaryData *s)
{
    return !s->len || !memchr(s->data, 0, s->len);
}

static const char *take_text(npu_graph *g, const ProtobufCBinaryData *s)
{
    return arena_textn(g->arena, s->len ? (const char *)s->data : "", s->len);
}

static bool take_texts(npu_graph *g, const OnnxPb__Attribute *a, npu_node_attr *out)
{
    const char **list = arena_alloc(g->arena, a->n_strings * sizeof *list);
    out->n = a->n_strings;
    out->strings = list;
    for (size_t i = 0; list && i < a->n_strings; i++) {
        if (!plain_text(&a->strings[i]))
            out->kind = NPU_ATTR_KIND_OTHER;
        if (!(list[i] = take_text(g, &a->strings[i])))
            return false;
    }
    return list != NULL;
}

static npu_status take_tensor(onnx_reader *r, OnnxPb__Attribute *a, const label *node,
                              const char *node_name, npu_node_attr *out, npu_err *err)
{
    char what[400];
    if (!a->t)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %s: attribute %.80s holds no tensor", r->path,
                        node->s, a->name);
    snprintf(what, sizeof what, "%s: attribute %.80s", node->s, a->name);
    char *base = arena_printf(r->g->arena, "%.120s.%.80s", node_name, a->name);
    if (!base || (out->tensor = g_fresh(r->g, base)) == NPU_NONE)
        return no_memory(err);
    return onnx_read_tensor(r, a->t, what, out->tensor, err);
}

static npu_status refuse(const onnx_reader *r, const label *node, const OnnxPb__Attribute *a,
                         const char *why, npu_err *err)
{
    return npu_fail(err, NPU_UNSUPPORTED, "%s: %s: attribute %.80s is %s", r->path, node->s,
                    a->name, why);
}

static npu_status read_attr(onnx_reader *r, OnnxPb__Attribute *a, const label *node,
                            const char *node_name, npu_node_attr *out, npu_err *err)
{
    npu_graph *g = r->g;
    bool ok = (out->name = arena_text(g->arena, a->name)) != NULL;
    switch (attr_type(a)) {
    case ONNX_ATTR_FLOAT: out->kind = NPU_ATTR_KIND_FLOAT; out->f = a->f; break;
    case ONNX_ATTR_INT: out->kind = NPU_ATTR_KIND_INT; out->i = a->i; break;
    case ONNX_ATTR_STRING:
        out->kind = plain_text(&a->s) ? NPU_ATTR_KIND_STRING : NPU_ATTR_KIND_OTHER;
        ok &= (out->s = take_text(g, &a->s)) != NULL;
        break;
    case ONNX_ATTR_FLOATS:
        out->kind = NPU_ATTR_KIND_FLOATS;
        out->n = a->n_floats;
        ok &= (out->floats = arena_copy(g->arena, a->floats, out->n * sizeof(float))) != NULL;
        break;
    case ONNX_ATTR_INTS:
        out->kind = NPU_ATTR_KIND_INTS;
        out->n = a->n_ints;
        ok &= (out->ints = arena_copy(g->arena, a->ints, out->n * sizeof(int64_t))) != NULL;
        break;
    case ONNX_ATTR_STRINGS:
        out->kind = NPU_ATTR_KIND_STRINGS;
        ok &= take_texts(g, a, out);
        break;
    case ONNX_ATTR_TENSOR:
        out->kind = NPU_ATTR_KIND_TENSOR;
        NPU_TRY(take_tensor(r, a, node, node_name, out, err));
        break;
    case ONNX_ATTR_GRAPH: case ONNX_ATTR_GRAPHS:
        return refuse(r, node, a, "a sub-graph; control flow is not modelled", err);
    case ONNX_ATTR_SPARSE: case ONNX_ATTR_SPARSES:
        return refuse(r, node, a, "a sparse tensor", err);
    default: out->kind = NPU_ATTR_KIND_OTHER; break;
    }
    return ok ? NPU_OK : no_memory(err);
}

/* Attributes of node AT from N, the K-th of the file. */
static npu_status read_attrs(onnx_reader *r, const OnnxPb__Node *n, size_t k, int32_t at,
                             npu_err *err)
{
    label node = label_of(n, k);
    npu_node_attr *list = arena_alloc(r->g->arena, n->n_attribute * sizeof *list);
    if (!list)
        return no_memory(err);
    for (size_t i = 0; i < n->n_attribute; i++) {
        OnnxPb__Attribute *a = n->attribute[i];
        if (!a->name || !*a->name)
            return npu_fail(err, NPU_BAD_INPUT, "%s: %s: attribute %zu has no name", r->path,
                            node.s, i);
        if (a->ref_attr_name && *a->ref_attr_name)
            return npu_fail(err, NPU_BAD_INPUT,
                            "%s: %s: attribute %.80s refers to '%.80s' of a function; there is "
                            "none", r->path, node.s, a->name, a->ref_attr_name);
        NPU_TRY(read_attr(r, a, &node, r->g->node[at].name, &list[i], err));
    }
    r->g->node[at].attr = list;
    r->g->node[at].nattr = (uint32_t)n->n_attribute;
    return NPU_OK;
}

/* --- Constant ------------------------------------------------------------------------------- */

static npu_status constant_list(onnx_reader *r, int32_t v, npu_elem elem, int rank, size_t n,
                                const void *data, npu_err *err)
{
    npu_value *to = &r->g->value[v];
    to->elem = elem;
    to->rank = rank;
    to->dim[0] = (int64_t)n;
    to->constant = true;
    to->data = arena_copy(r->g->arena, data, n * npu_elem_bytes(elem));
    return to->data ? NPU_OK : no_memory(err);
}

static npu_status read_constant(onnx_reader *r, OnnxPb__Node *n, size_t k, int32_t v,
                                npu_err *err)
{
    label node = label_of(n, k);
    OnnxPb__Attribute *a = n->n_attribute == 1 ? n->attribute[0] : NULL;
    if (!a || !a->name)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %s has %zu attributes, a constant has one",
                        r->path, node.s, n->n_attribute);
    if (strcmp(a->name, "value") == 0 && a->t) {
        char what[300];
        snprintf(what, sizeof what, "value of %s", node.s);
        return onnx_read_tensor(r, a->t, what, v, err);
    }
    if (strcmp(a->name, "value_float") == 0)
        return constant_list(r, v, NPU_ELEM_FLOAT, 0, 1, &a->f, err);
    if (strcmp(a->name, "value_int") == 0)
        return constant_list(r, v, NPU_ELEM_INT64, 0, 1, &a->i, err);
    if (strcmp(a->name, "value_floats") == 0)
        return constant_list(r, v, NPU_ELEM_FLOAT, 1, a->n_floats, a->floats, err);
    if (strcmp(a->name, "value_ints") == 0)
        return constant_list(r, v, NPU_ELEM_INT64, 1, a->n_ints, a->ints, err);
    return npu_fail(err, NPU_UNSUPPORTED,
                    "%s: %s is given by attribute %.80s; value, value_float(s) and value_int(s) "
                    "are read", r->path, node.s, a->name);
}

/* --- nodes ---------------------------------------------------------------------------------- */

static bool is_onnx(const char *domain)
{
    return !*domain || strcmp(domain, "ai.onnx") == 0;
}

/* Operator of N, and its type as the graph spells it; NULL: no memory. */
static const char *operator_of(npu_graph *g, const OnnxPb__Node *n, npu_op *op)
{
    const char *domain = text(n->domain);
    bool caffe = strcmp(domain, ONNX_CAFFE_DOMAIN) == 0;
    *op = is_onnx(domain) || caffe ? g_op_find(n->op_type) : NPU_OP_NONE;
    if (*op && (*op >= NPU_OP_DETECTIONOUTPUT) != caffe)
        *op = NPU_OP_NONE;
    if (is_onnx(domain) || *op)
        return arena_text(g->arena, n->op_type);
    return arena_printf(g->arena, "%s.%s", domain, n->op_type);
}

/* The values named in NAMES; "" is none. */
static npu_status read_values(npu_graph *g, char **names, size_t n, int32_t **out, npu_err *err)
{
    int32_t *v = malloc((n + 1) * sizeof *v);
    if (!(*out = v))
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        v[i] = *names[i] ? g_value(g, names[i]) : NPU_NONE;
        if (*names[i] && v[i] == NPU_NONE)
            return no_memory(err);
    }
    return NPU_OK;
}

static npu_status check_outputs(const onnx_reader *r, const OnnxPb__Node *n, size_t k,
                                const int32_t *out, npu_err *err)
{
    label node = label_of(n, k);
    for (size_t i = 0; i < n->n_output; i++) {
        const npu_value *v = out[i] == NPU_NONE ? NULL : &r->g->value[out[i]];
        bool twice = v && (v->constant || v->producer != NPU_NONE);
        for (size_t j = 0; v && j < i && j < 64; j++)
            twice |= out[j] == out[i];
        if (twice)
            return npu_fail(err, NPU_BAD_INPUT,
                            "%s: %s makes '%.120s', which something else makes too", r->path,
                            node.s, v->name);
    }
    return NPU_OK;
}

/* Names that nodes of the file have, sorted: a made-up name must not take one of them. */
typedef struct { const char **name; size_t n; } name_set;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool collect_names(const OnnxPb__Graph *graph, name_set *set)
{
    set->name = malloc((graph->n_node + 1) * sizeof *set->name);
    set->n = 0;
    for (size_t i = 0; set->name && i < graph->n_node; i++)
        if (graph->node[i]->name && *graph->node[i]->name)
            set->name[set->n++] = graph->node[i]->name;
    if (set->name)
        qsort(set->name, set->n, sizeof *set->name, by_text);
    return set->name != NULL;
}

static const char *made_up(npu_graph *g, const name_set *set, const char *type, size_t k)
{
    const char *name = arena_printf(g->arena, "%s_%zu", type, k);
    while (name && bsearch(&name, set->name, set->n, sizeof *set->name, by_text))
        name = arena_printf(g->arena, "%s_", name);
    return name;
}

static npu_status add_node(onnx_reader *r, OnnxPb__Node *n, size_t k, const name_set *names,
                           const int32_t *in, const int32_t *out, int32_t *at, npu_err *err)
{
    npu_op op;
    const char *type = operator_of(r->g, n, &op);
    const char *name = (n->name && *n->name) || !type ? n->name : made_up(r->g, names, type, k);
    NPU_TRY(check_outputs(r, n, k, out, err));
    if (op == NPU_OP_CONSTANT && n->n_output == 1 && out[0] != NPU_NONE)
        return read_constant(r, n, k, out[0], err);
    if (!type || !name)
        return no_memory(err);
    *at = g_add(r->g, op, type, name, in, (uint32_t)n->n_input, out, (uint32_t)n->n_output);
    if (*at == NPU_NONE)
        return no_memory(err);
    r->g->node[*at].layer = (int32_t)k;
    return NPU_OK;
}

static npu_status read_node(onnx_reader *r, OnnxPb__Node *n, size_t k, const name_set *names,
                            int32_t *at, npu_err *err)
{
    int32_t *in = NULL, *out = NULL;
    *at = NPU_NONE;
    if (!n->op_type || !*n->op_type)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %s has no operator", r->path, label_of(n, k).s);
    npu_status s = read_values(r->g, n->input, n->n_input, &in, err);
    if (s == NPU_OK)
        s = read_values(r->g, n->output, n->n_output, &out, err);
    if (s == NPU_OK)
        s = add_node(r, n, k, names, in, out, at, err);
    free(in);
    free(out);
    return s;
}

npu_status onnx_read_nodes(onnx_reader *r, OnnxPb__Graph *graph, npu_err *err)
{
    name_set names;
    npu_status s = NPU_OK;
    int32_t *at = malloc((graph->n_node + 1) * sizeof *at);
    if (!collect_names(graph, &names) || !at)
        s = no_memory(err);
    for (size_t k = 0; k < graph->n_node && s == NPU_OK; k++)
        s = read_node(r, graph->node[k], k, &names, &at[k], err);
    for (size_t k = 0; k < graph->n_node && s == NPU_OK; k++)
        if (at[k] != NPU_NONE)
            s = read_attrs(r, graph->node[k], k, at[k], err);
    free(at);
    free(names.name);
    return s;
}
