/* npusim graph: what is in a network, before anything is compiled. */
#include "tools/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "compiler/compile.h"
#include "tools/command.h"
#include "tools/common.h"

enum { INPUTS_MAX = 64 };

typedef struct {
    const char *caffemodel, *output, *to_onnx;
    opt_list shapes;
    bool as_is;
    int format;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"caffemodel", 0, OPT_STRING, AT(caffemodel), "FILE",
     "weights of a Caffe network (default: made-up ones)"},
    {"input-shape", 0, OPT_PAIRS, AT(shapes), "NAME AxBxC",
     "shape of the input NAME, such as data 1x3x224x224; may be repeated"},
    {"as-is", 0, OPT_BOOL, AT(as_is), NULL,
     "print the shapes that the file gives, infer and fold nothing"},
    {"format", 'f', OPT_CHOICE, AT(format), "text|json|dot",
     "text for people (default), json, or dot, a drawing for Graphviz"},
    {"output", 'o', OPT_STRING, AT(output), "FILE",
     "write to FILE instead of standard output (-)"},
    {"to-onnx", 0, OPT_STRING, AT(to_onnx), "OUT",
     "also write the network as ONNX, opset 11 to 17"},
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Prints what the network FILE (.onnx, or .prototxt of Caffe) holds: inputs and outputs, "
           "nodes by operator, multiply-accumulates, parameters, and every node with its shape.",
    .example = "npusim graph model.onnx\n"
               "npusim graph --input-shape x 1x3x480x480 --format json det.onnx\n"
               "npusim graph --to-onnx net.onnx --caffemodel net.caffemodel net.prototxt"};

/* --- facts --------------------------------------------------------------------------------- */

static int more_first(const void *a, const void *b)
{
    const graph_count *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return strcmp(x->type, y->type);
}

static int by_type(const void *a, const void *b)
{
    return strcmp(((const graph_count *)a)->type, ((const graph_count *)b)->type);
}

/* Nodes by type: all sorted, then equal neighbours counted. */
static npu_status count_nodes(const npu_graph *g, graph_facts *f, npu_err *err)
{
    graph_count *c = f->count = calloc((size_t)g->nnode + 1, sizeof *c);
    if (!c)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead)
            c[f->nodes++] = (graph_count){g->node[i].op, g->node[i].type, 1};
    qsort(c, f->nodes, sizeof *c, by_type);
    for (uint32_t i = 0; i < f->nodes; i++)
        if (f->ncount && strcmp(c[f->ncount - 1].type, c[i].type) == 0)
            c[f->ncount - 1].n++;
        else
            c[f->ncount++] = c[i];
    qsort(c, f->ncount, sizeof *c, more_first);
    return NPU_OK;
}

static npu_status infer(npu_graph *g, const options *o, graph_facts *f, npu_err *err)
{
    cc_input_shape given[INPUTS_MAX];
    const char *const *word = o->shapes.item; /* name, shape, name, shape, ... */
    size_t n = o->shapes.n / 2;
    if (n > INPUTS_MAX)
        return npu_fail(err, NPU_USAGE, "%zu times --input-shape, at most %d", n, INPUTS_MAX);
    if (o->as_is && n)
        return npu_fail(err, NPU_USAGE, "--as-is infers nothing from --input-shape");
    for (size_t i = 0; i < n; i++)
        NPU_TRY(cc_parse_shape(g, word[2 * i], word[2 * i + 1], &given[i], err));
    if (!o->as_is)
        NPU_TRY(cc_shapes(g, given, n, err));
    uint32_t live = 0;
    for (uint32_t i = 0; i < g->nnode; i++)
        live += !g->node[i].dead;
    f->folded = f->nodes > live ? f->nodes - live : 0;
    g_totals(g, &f->macs, &f->depthwise, &f->params);
    return NPU_OK;
}

/* --- output -------------------------------------------------------------------------------- */

static npu_status print(const graph_facts *f, const options *o, npu_err *err)
{
    static void (*const forms[])(const graph_facts *, FILE *) = {graph_text, graph_json, graph_dot};
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    npu_status s = NPU_OK;
    if (out)
        forms[o->format](f, out);
    if (!out || fclose(out) != 0)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = tool_put(o->output, text, n, err);
    free(text);
    return s;
}

static npu_status write_onnx(const npu_graph *g, const char *path, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    NPU_TRY(cc_export_onnx(g, &bytes, &n, err));
    npu_status s = sys_write_file(path, bytes, n, err);
    free(bytes);
    return s;
}

static npu_status run(const char *path, const options *o, npu_err *err)
{
    npu_graph *g;
    graph_facts f = {0};
    NPU_TRY(cc_import(path, o->caffemodel, &g, err));
    f.g = g;
    npu_status s = count_nodes(g, &f, err);
    if (s == NPU_OK)
        s = infer(g, o, &f, err);
    if (s == NPU_OK && o->to_onnx)
        s = write_onnx(g, o->to_onnx, err);
    if (s == NPU_OK)
        s = print(&f, o, err);
    free(f.count);
    npu_graph_free(g);
    return s;
}

int cmd_graph(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    int status = opt_parse(&program, argc, argv, &o, &rest);
    if (status >= 0)
        return status;
    status = run(rest.arg[0], &o, &err);
    opt_free(&program, &o);
    return status == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
