/* Graphviz source of a .bin: a dark box per NPU sub-graph, a grey one per CPU node, arrows by
 * values. */
#include <inttypes.h>

#include "reports/dot.h"
#include "reports/out.h"

npu_status rep_dot_nodes(const npu_profile *p, FILE *out)
{
    const npu_prof_origin *o = p->origin;

    fputs("digraph model {\n  labelloc=t; fontname=\"sans-serif\"; label=\"", out);
    rep_dot_quoted(out, p->name);
    fputs(" on ", out);
    rep_dot_quoted(out, p->chip->name);
    fputs("\\nDark: NPU sub-graphs. Grey: CPU nodes, not in the times of the NPU.\";\n"
          "  node [shape=box, style=\"filled\", fontname=\"sans-serif\", fontsize=10, "
          "color=\"#22262b\"];\n  edge [color=\"#59616b\"];\n", out);
    for (size_t i = 0; i < o->nnode; i++) {
        const npu_prof_node *n = &o->node[i];
        fprintf(out, "  n%zu [label=\"", i);
        rep_dot_quoted(out, n->name);
        if (!n->npu) {
            fputs("\\n", out);
            rep_dot_quoted(out, n->type);
        }
        fprintf(out, "\", fillcolor=\"%s\", fontcolor=\"%s\"];\n", n->npu ? "#22262b" : "#c9cdd2",
                n->npu ? "white" : "black");
    }
    for (size_t i = 0; i < o->nnode; i++)
        for (size_t k = 0; k < o->node[i].nfrom; k++)
            fprintf(out, "  n%" PRIu32 " -> n%zu;\n", o->node[i].from[k], i);
    fputs("}\n", out);
    return NPU_OK;
}
