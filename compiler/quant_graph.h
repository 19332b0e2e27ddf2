/* The quantised form of a placed graph, in words of ONNX: QuantizeLinear and DequantizeLinear. */
#ifndef COMPILER_QUANT_GRAPH_H
#define COMPILER_QUANT_GRAPH_H

#include "compiler/plan.h"

/* Threshold that stands for every activation while thresholds are not computed from data; names of
 * its scales end in "_synthetic".  An image at the input has 127, which is exact. */
#define CC_SYNTHETIC_THRESHOLD 8.0

/* Changes G, optimised, with shapes, placed by PLAN:
 *   - every map that enters an NPU cluster, or leaves one as int8, passes QuantizeLinear and
 *     DequantizeLinear (int8, symmetric, zero point 0);
 *   - the weights of NPU nodes are int8 behind a DequantizeLinear with a scale max|w| / 127 per
 *     output channel; biases stay float;
 *   - an image input is int8 NHWC, a feature map stays float.
 * The opset becomes 13 at least.  PLAN's node numbers do not hold afterwards.
 * Errors: NPU_UNSUPPORTED (an operator that has no form in opset 13: node), NPU_LIMIT. */
npu_status cc_quantise(npu_graph *g, const cc_plan *plan, const cc_options *o, npu_err *err);

/* Brings G from opset 11 or 12 to 13 (attributes that became inputs, Softmax of one axis); newer
 * graphs are left alone.  Errors: NPU_UNSUPPORTED (older), NPU_LIMIT. */
npu_status cc_raise_opset(npu_graph *g, npu_err *err);

/* What the optimiser notes on nodes for placement and ONNX cannot carry: taken off G before it is
 * written, put onto the graph that was read back (same nodes in the same order).  *list is the
 * caller's, to free; it borrows from G.  Errors: NPU_LIMIT. */
typedef struct { const char *node; npu_node_attr attr; } cc_note;
npu_status cc_notes_take(npu_graph *g, cc_note **list, size_t *n, npu_err *err);
npu_status cc_notes_put(npu_graph *g, const cc_note *list, size_t n, npu_err *err);

#endif
