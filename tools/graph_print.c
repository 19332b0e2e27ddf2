/* The three forms of "npusim graph": for people, JSON, Graphviz. */
#include <inttypes.h>

#include "reports/jsonw.h"
#include "reports/out.h"
#include "tools/graph.h"

/* Output K of N, NULL: none. */
static const npu_value *output(const npu_graph *g, const npu_node *n, uint32_t k)
{
    return k < n->nout && n->out[k] != NPU_NONE ? &g->value[n->out[k]] : NULL;
}

/* --- text ---------------------------------------------------------------------------------- */

static void edges(const npu_graph *g, const int32_t *value, uint32_t n, const char *what, FILE *f)
{
    char shape[G_SHAPE_TEXT];
    for (uint32_t i = 0; i < n; i++) {
        const npu_value *v = &g->value[value[i]];
        fprintf(f, "%-12s", i ? "" : what);
        rep_plain(f, v->name, 0);
        fprintf(f, " %s %s\n", npu_elem_name(v->elem), g_shape(v, shape));
    }
}

static void head(const graph_facts *x, FILE *f)
{
    const npu_graph *g = x->g;
    fprintf(f, "%-12s", "network");
    rep_plain(f, *g->name ? g->name : "(without name)", 0);
    if (g->caffe)
        fputs(", Caffe", f);
    else
        fprintf(f, ", ONNX opset %" PRId64 ", IR version %" PRId64, g->opset, g->ir_version);
    if (*g->producer) {
        fputs(", by ", f);
        rep_plain(f, g->producer, 0);
    }
    fputc('\n', f);
    edges(g, g->in, g->nin, "inputs", f);
    edges(g, g->out, g->nout, "outputs", f);
}

/* Operators with their numbers, lines of at most 100 columns. */
static void operators(const graph_facts *x, FILE *f)
{
    int column = fprintf(f, "%-12s", "operators");
    for (size_t i = 0; i < x->ncount; i++) {
        char word[128];
        int n = snprintf(word, sizeof word, "%.100s %u%s", x->count[i].type, x->count[i].n,
                         i + 1 < x->ncount ? "," : "");
        if (column + n + 1 > 100)
            column = fprintf(f, "\n%-12s", "") - 1;
        else if (i)
            column += fprintf(f, " ");
        rep_plain(f, word, 0);
        column += n;
    }
    fputc('\n', f);
}

static void totals(const graph_facts *x, FILE *f)
{
    fprintf(f, "%-12s%u", "nodes", x->nodes);
    if (x->folded)
        fprintf(f, ", of which %u folded into constants", x->folded);
    fputc('\n', f);
    operators(x, f);
    fprintf(f, "%-12s%" PRIu64 " (%.1f M), of which depthwise %" PRIu64 " (%.1f M)\n", "MACs",
            x->macs, (double)x->macs / 1e6, x->depthwise, (double)x->depthwise / 1e6);
    fprintf(f, "%-12s%" PRIu64 " (%.3f M)\n", "parameters", x->params, (double)x->params / 1e6);
}

void graph_text(const graph_facts *x, FILE *f)
{
    char shape[G_SHAPE_TEXT];
    head(x, f);
    totals(x, f);
    fprintf(f, "\n%-40s %-20s %-20s %s\n", "node", "operator", "output", "MACs");
    for (uint32_t i = 0; i < x->g->nnode; i++) {
        const npu_node *n = &x->g->node[i];
        const npu_value *v = output(x->g, n, 0);
        if (n->dead)
            continue;
        rep_plain(f, n->name, 40);
        fputc(' ', f);
        rep_plain(f, n->type, 20);
        fprintf(f, " %-20s %" PRIu64 "\n", v ? g_shape(v, shape) : "-", g_macs(x->g, n));
    }
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void put_value(rep_json *j, const npu_value *v)
{
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "name", v->name);
    rep_json_str(j, "type", npu_elem_name(v->elem));
    if (v->rank < 0) {
        rep_json_null(j, "shape");
    } else {
        rep_json_open(j, "shape", REP_ARRAY);
        for (int d = 0; d < v->rank; d++)
            if (v->dim[d] < 0)
                rep_json_null(j, NULL);
            else
                rep_json_int(j, NULL, v->dim[d]);
        rep_json_close(j);
    }
    rep_json_close(j);
}

static void put_values(rep_json *j, const npu_graph *g, const char *key, const int32_t *value,
                       uint32_t n, rep_json_kind kind)
{
    rep_json_open(j, key, kind);
    for (uint32_t i = 0; i < n; i++)
        if (value[i] != NPU_NONE)
            put_value(j, &g->value[value[i]]);
    rep_json_close(j);
}

static void put_node(rep_json *j, const npu_graph *g, const npu_node *n)
{
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "name", n->name);
    rep_json_str(j, "operator", n->type);
    rep_json_bool(j, "known", n->op != NPU_OP_NONE);
    rep_json_int(j, "macs", (int64_t)g_macs(g, n));
    rep_json_open(j, "inputs", REP_ARRAY);
    for (uint32_t k = 0; k < n->nin; k++)
        if (n->in[k] != NPU_NONE)
            rep_json_str(j, NULL, g->value[n->in[k]].name);
    rep_json_close(j);
    put_values(j, g, "outputs", n->out, n->nout, REP_ARRAY);
    rep_json_close(j);
}

void graph_json(const graph_facts *x, FILE *f)
{
    const npu_graph *g = x->g;
    rep_json j = rep_json_begin(f);
    rep_json_identity(&j, "npusim.graph/1");
    rep_json_str(&j, "network", g->name);
    rep_json_str(&j, "source", g->caffe ? "caffe" : "onnx");
    rep_json_str(&j, "producer", g->producer);
    rep_json_int(&j, "opset", g->opset);
    rep_json_int(&j, "ir_version", g->ir_version);
    put_values(&j, g, "inputs", g->in, g->nin, REP_ARRAY);
    put_values(&j, g, "outputs", g->out, g->nout, REP_ARRAY);
    rep_json_int(&j, "nodes", x->nodes);
    rep_json_int(&j, "folded_nodes", x->folded);
    rep_json_int(&j, "macs", (int64_t)x->macs);
    rep_json_int(&j, "depthwise_macs", (int64_t)x->depthwise);
    rep_json_int(&j, "parameters", (int64_t)x->params);
    rep_json_open(&j, "operators", REP_OBJECT);
    for (size_t i = 0; i < x->ncount; i++)
        rep_json_int(&j, x->count[i].type, x->count[i].n);
    rep_json_close(&j);
    rep_json_open(&j, "node", REP_ARRAY);
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead)
            put_node(&j, g, &g->node[i]);
    rep_json_close(&j);
    rep_json_end(&j);
}

/* --- Graphviz ------------------------------------------------------------------------------ */

static void quoted(FILE *f, const char *s)
{
    uint32_t c;
    while ((c = rep_utf8(&s)) != 0) {
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", (int)c);
        else
            rep_put_utf8(f, c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

static void dot_edges(const npu_graph *g, const npu_node *n, uint32_t i, FILE *f)
{
    for (uint32_t k = 0; k < n->nin; k++) {
        if (n->in[k] == NPU_NONE || g->value[n->in[k]].constant)
            continue;
        if (g->value[n->in[k]].producer != NPU_NONE)
            fprintf(f, "  n%" PRId32 " -> n%" PRIu32 ";\n", g->value[n->in[k]].producer, i);
        else
            fprintf(f, "  v%" PRId32 " -> n%" PRIu32 ";\n", n->in[k], i);
    }
}

static void dot_edge_values(const npu_graph *g, const int32_t *value, uint32_t n, bool out, FILE *f)
{
    char shape[G_SHAPE_TEXT];
    for (uint32_t i = 0; i < n; i++) {
        const npu_value *v = &g->value[value[i]];
        fprintf(f, "  %c%" PRId32 " [shape=ellipse, label=\"", out ? 'o' : 'v', value[i]);
        quoted(f, v->name);
        fprintf(f, "\\n%s\"];\n", g_shape(v, shape));
        if (out && v->producer != NPU_NONE)
            fprintf(f, "  n%" PRId32 " -> o%" PRId32 ";\n", v->producer, value[i]);
    }
}

void graph_dot(const graph_facts *x, FILE *f)
{
    const npu_graph *g = x->g;
    char shape[G_SHAPE_TEXT];
    fputs("digraph network {\n  node [shape=box, fontsize=10];\n", f);
    dot_edge_values(g, g->in, g->nin, false, f);
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *n = &g->node[i];
        const npu_value *v = output(g, n, 0);
        if (n->dead)
            continue;
        fprintf(f, "  n%" PRIu32 " [label=\"", i);
        quoted(f, n->type);
        fputs("\\n", f);
        quoted(f, n->name);
        fprintf(f, "\\n%s\"];\n", v ? g_shape(v, shape) : "");
        dot_edges(g, n, i, f);
    }
    dot_edge_values(g, g->out, g->nout, true, f);
    fputs("}\n", f);
}
