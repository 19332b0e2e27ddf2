/* Graphviz source of the model: one cluster per sub-graph, layers as nodes in order of execution.
 *
 * Compiled models keep no edges between layers, so an arrow means "starts before", and the graph
 * says so.  Above NODES layers only the slowest are drawn, in their order. */
#include <inttypes.h>
#include <stdlib.h>

#include "reports/columns.h"
#include "reports/dot.h"
#include "reports/out.h"

enum { NODES = 400, SLOWEST = 60 };

static const char *const fill[NPU_CAUSES] = { /* the palette of the page */
    [NPU_CAUSE_MAC] = "#1f5fa8", [NPU_CAUSE_VECTOR] = "#84b8e8", [NPU_CAUSE_LMEM] = "#d07ab0",
    [NPU_CAUSE_DDR] = "#d9601a", [NPU_CAUSE_FIXED] = "#565c64", [NPU_CAUSE_CPU] = "#c9cdd2",
};

void rep_dot_quoted(FILE *f, const char *s)
{
    uint32_t c;
    for (s = s ? s : ""; (c = rep_utf8(&s)) != 0;) {
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", (int)c);
        else
            rep_put_utf8(f, c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

static void node(FILE *f, const npu_profile *p, uint32_t i)
{
    const npu_prof_layer *l = &p->layer[i];
    npu_cause b = (unsigned)l->bound < NPU_CAUSES ? l->bound : NPU_CAUSE_FIXED;
    bool dark = b == NPU_CAUSE_MAC || b == NPU_CAUSE_FIXED;
    fprintf(f, "    l%" PRIu32 " [label=\"", i);
    rep_dot_quoted(f, l->name);
    fprintf(f, "\\n%s", l->kind < NPU_KINDS ? npu_kind_table[l->kind].mnemonic : "unknown");
    if (l->kh && l->kw)
        fprintf(f, " %" PRIu32 "x%" PRIu32, l->kh, l->kw);
    fprintf(f, "  %" PRIu32 "x%" PRIu32 "x%" PRIu32 "\\n%s ms, %s\", fillcolor=\"%s\", "
               "fontcolor=\"%s\"];\n", l->out_c, l->out_h, l->out_w,
            rep_ms_text(p, l->exclusive).s, rep_cause_word(b), fill[b],
            dark ? "white" : "black");
}

static void cpu_node(FILE *f, const npu_profile *p, size_t g)
{
    const npu_prof_subgraph *s = &p->subgraph[g];
    fprintf(f, "    s%zu [label=\"", g);
    rep_dot_quoted(f, s->name);
    fprintf(f, "\\nCPU, %s ms estimated\", fillcolor=\"#c9cdd2\", fontcolor=\"black\"];\n",
            rep_fix(rep_ms(p, s->end - s->start), 3).s);
}

static void empty_node(FILE *f, const npu_profile *p, size_t g)
{
    fprintf(f, "    s%zu [label=\"no layer drawn\\n%s ms\", fillcolor=\"#22262b\", "
               "fontcolor=\"white\"];\n", g,
            rep_fix(rep_ms(p, p->subgraph[g].end - p->subgraph[g].start), 3).s);
}

/* One cluster; *LAST is the name of the node drawn last, "" before the first. */
static void cluster(FILE *f, const npu_profile *p, size_t g, const bool *draw, char last[16])
{
    const npu_prof_subgraph *s = &p->subgraph[g];
    bool any = false;
    char name[16];
    fprintf(f, "  subgraph cluster_%zu {\n    label=\"", g);
    rep_dot_quoted(f, s->name);
    fprintf(f, "\\n%s, %s ms, %s MB read, %s MB written\";\n", s->cpu ? "CPU (estimated)" : "NPU",
            rep_fix(rep_ms(p, s->end - s->start), 3).s, rep_fix((double)s->read / 1e6, 2).s,
            rep_fix((double)s->write / 1e6, 2).s);
    fprintf(f, "    style=\"rounded\"; color=\"%s\"; penwidth=2;\n",
            s->cpu ? "#9aa3ad" : "#22262b");
    for (uint32_t i = 0; i < p->nlayer && !s->cpu; i++) {
        if (p->layer[i].subgraph != g || !draw[i])
            continue;
        node(f, p, i);
        snprintf(name, sizeof name, "l%" PRIu32, i);
        if (*last)
            fprintf(f, "    %s -> %s;\n", last, name);
        snprintf(last, 16, "%s", name);
        any = true;
    }
    if (!any) {
        (s->cpu ? cpu_node : empty_node)(f, p, g);
        snprintf(name, sizeof name, "s%zu", g % 1000000);
        if (*last)
            fprintf(f, "    %s -> %s;\n", last, name);
        snprintf(last, 16, "%s", name);
    }
    fputs("  }\n", f);
}

/* Which layers are drawn: all, or the slowest.  The array is the caller's, to free. */
static bool *choose(const npu_profile *p, int subgraph, size_t *total, size_t *drawn)
{
    uint32_t *order = rep_slowest(p, subgraph, total);
    bool *draw = calloc(p->nlayer + 1, sizeof *draw);
    if (order && draw) {
        *drawn = *total > NODES ? SLOWEST : *total;
        for (size_t i = 0; i < *drawn; i++)
            draw[order[i]] = true;
    } else {
        free(draw);
        draw = NULL;
    }
    free(order);
    return draw;
}

npu_status rep_dot(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err)
{
    size_t total = 0, drawn = 0;
    char last[16] = "";
    if (p->origin && o->subgraph < 0)
        return rep_dot_nodes(p, out);
    bool *draw = choose(p, o->subgraph, &total, &drawn);
    if (!draw)
        return npu_fail(err, NPU_LIMIT, "%s: no memory for %zu layers", p->file, p->nlayer);
    fputs("digraph model {\n  labelloc=t; fontname=\"sans-serif\"; label=\"", out);
    rep_dot_quoted(out, p->name);
    fprintf(out, " on ");
    rep_dot_quoted(out, p->chip->name);
    fprintf(out, ": %s ms\\nArrows are program order, colour is what bounds the layer",
            rep_short(p->latency_ms).s);
    if (drawn < total)
        fprintf(out, "\\nonly the %zu slowest of %zu layers are drawn", drawn, total);
    fputs("\";\n  node [shape=box, style=\"filled\", fontname=\"sans-serif\", fontsize=10, "
          "color=\"#22262b\"];\n  edge [color=\"#59616b\"];\n", out);
    for (size_t g = 0; g < p->nsubgraph; g++)
        if (o->subgraph < 0 || (size_t)o->subgraph == g)
            cluster(out, p, g, draw, last);
    fputs("}\n", out);
    free(draw);
    return NPU_OK;
}
