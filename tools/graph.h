/* What "npusim graph" prints of a network. */
#ifndef TOOLS_GRAPH_H
#define TOOLS_GRAPH_H

#include <stdio.h>

#include "compiler/graph.h"

typedef struct { npu_op op; const char *type; uint32_t n; } graph_count; /* nodes of one type */

typedef struct {
    const npu_graph *g;
    graph_count *count;      /* of the file as it was read, most frequent first; owned */
    size_t ncount;
    uint32_t nodes;          /* of the file, without Constant nodes */
    uint32_t folded;         /* of those, computed by shape inference */
    uint64_t macs, depthwise, params;
} graph_facts;

void graph_text(const graph_facts *f, FILE *out);
void graph_json(const graph_facts *f, FILE *out);
void graph_dot(const graph_facts *f, FILE *out);

#endif
