/* Optimisation of the float graph, and which unit runs what. */
#ifndef COMPILER_PLAN_H
#define COMPILER_PLAN_H

#include "compiler/compile.h"
#include "compiler/graph.h"

typedef enum { CC_NPU, CC_CPU, CC_GONE } cc_unit; /* GONE: part of another node (fused_into) */

typedef enum { /* why a node is on the CPU */
    CC_WHY_NONE, CC_WHY_UNSUPPORTED_OP, CC_WHY_CONSTRAINT, CC_WHY_RUN_ON_CPU, CC_WHY_INT32_TAIL,
    CC_WHY_PASSIVE            /* could run on the NPU, but stands between CPU nodes or at an edge */
} cc_why;

typedef struct {              /* one node of the graph, same index */
    cc_unit unit;
    cc_why why;
    const char *rule;         /* "HB-OP-01" when WHY is CONSTRAINT, else NULL; static */
    char *message;            /* vendor's sentence: "Expected data shape range of Kernel shape is
                                 [[1, 2048],[1, 7],[1, 7],[1, 2048]], but the data shape is
                                 [128,9,9,128]"; or the reason in words; NULL on the NPU; owned */
    const char *type;         /* as the node table prints it: "HzSQuantizedConv", "Conv"; static or
                                 in the graph's arena */
    bool int32_out;           /* a convolution whose result stays int32 (dequantised on the CPU) */
} cc_place;

typedef struct {
    cc_place *node;           /* one per node of the graph */
    uint32_t nnode;
    uint32_t nsub;            /* NPU sub-graphs, numbered by topological order; node.subgraph */
} cc_plan;

/* Float-exact simplification: folds BatchNormalization and following per-channel Mul/Add into the
 * convolution before, drops Dropout, Identity and no-op Casts, reads QuantizeLinear /
 * DequantizeLinear pairs as their scales (edges stay float), MatMul/Gemm forms, Pad into
 * convolutions.  Nothing is fused here that ONNX cannot say: Relu stays a node.
 * Errors: NPU_UNSUPPORTED, NPU_LIMIT. */
npu_status cc_optimise(npu_graph *g, const cc_options *o, npu_err *err);

/* Inserts the nodes the inputs need (HZ_PREPROCESS_FOR_<input>: a 1x1 convolution with mean, scale
 * and colour conversion), truncates at output_nodes.  Before cc_optimise. */
npu_status cc_prepare(npu_graph *g, const cc_options *o, npu_err *err);

/* Fuses (Conv with Relu, Clip 0..6 and residual Add: fused_into), then decides the unit of each
 * node by the rule table of the march (march.def) and numbers the sub-graphs: maximal connected
 * regions that no path leaves and enters again.  On success *out is the caller's.  Errors:
 * NPU_UNSUPPORTED (an operator with no kernel at all; run_on_bpu against a rule: names it),
 * NPU_BAD_INPUT (run_on_cpu names no node: nearest name), NPU_LIMIT. */
npu_status cc_plan_make(npu_graph *g, const cc_options *o, cc_plan **out, npu_err *err);
void cc_plan_free(cc_plan *p); /* accepts NULL */

/* The last node fused into NODE (itself when none): its output is the cluster's output. */
int32_t cc_cluster_end(const npu_graph *g, int32_t node);

#endif
