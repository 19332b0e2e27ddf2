/* Putting an npu_model together: order of execution, CPU routines, node list, weights. */
#ifndef COMPILER_ASSEMBLE_H
#define COMPILER_ASSEMBLE_H

#include <stdarg.h>

#include "compiler/net.h"

typedef struct {            /* a step of the program: an NPU sub-graph or a CPU node */
    int32_t sub, node;      /* the other is -1 */
} cc_unit_of;

typedef struct {
    cc_unit_of *unit;
    uint32_t n;
} cc_order;

/* Sub-graphs and CPU nodes, each after what it reads.  Errors: NPU_LIMIT (also when sub-graphs wait
 * for each other, which placement must prevent). */
npu_status cc_order_make(const npu_graph *g, const cc_plan *plan, cc_order *out, npu_err *err);
void cc_order_free(cc_order *o);

/* Appends a copy of NAME to a list of owned names.  Errors: NPU_LIMIT. */
npu_status cc_add_name(char ***list, size_t *n, const char *name, npu_err *err);

/* Names of the program's inputs and outputs. */
npu_status cc_program_edges(const npu_graph *g, const cc_plan *plan, const cc_options *o,
                            npu_model *m, npu_err *err);

/* A value that is quantised on one side of an edge has two names: the value's own for the float
 * side, and this in the arena of G for the NPU's. */
const char *cc_quantised_name(npu_graph *g, int32_t value);

/* Whether VALUE is the result of a convolution on the NPU that o->dump_layers makes an output. */
bool cc_dumped(const npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t value);

/* Whether the value at the edge of a sub-graph is float outside: what a CPU node gives or takes, or
 * an edge of the network whose quantise and dequantise nodes are kept. */
bool cc_float_outside(const npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t value);

/* Renames the edge tensors of NET that are float outside. */
npu_status cc_name_edges(npu_graph *g, const cc_plan *plan, const cc_options *o, cc_net *net,
                         npu_err *err);

/* Appends a CPU routine for a node; for the quantisations before (or dequantisations after) a
 * sub-graph. */
npu_status cc_cpu_node(const npu_graph *g, const cc_plan *plan, int32_t node, npu_model *m,
                       npu_err *err);
npu_status cc_edge_nodes(npu_graph *g, const cc_plan *plan, const cc_options *o, int32_t sub,
                         bool before, npu_model *m, npu_err *err);

/* Nodes of the converted network for the table and the picture. */
npu_status cc_node_list(npu_graph *g, const cc_plan *plan, const cc_options *o, npu_model *m,
                        npu_err *err);

/* The weight section: int8 weights with one scale per output channel, in the order of the weight
 * map; only its size when o->weightless. */
npu_status cc_weight_section(const npu_graph *g, const cc_options *o, npu_model *m, npu_err *err);

#endif
