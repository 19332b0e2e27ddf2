/* Building and changing an npu_graph. */
#ifndef COMPILER_GRAPH_H
#define COMPILER_GRAPH_H

#include "base/arena.h"
#include "npusim/graph.h"

/* An empty graph, NULL without memory; FILE is copied. */
npu_graph *g_new(const char *file);

/* Operator by ONNX (or Caffe-only) type name; NPU_OP_NONE when there is none. */
npu_op g_op_find(const char *type);
const char *g_op_name(npu_op op);

/* Value by name, NPU_NONE when there is none. */
int32_t g_find(const npu_graph *g, const char *name);

/* Value by name, made (unknown type and shape) when there is none.  NPU_NONE: no memory. */
int32_t g_value(npu_graph *g, const char *name);

/* A new value whose name is BASE, or BASE_1, BASE_2, ... when that is taken.  NPU_NONE: no
 * memory. */
int32_t g_fresh(npu_graph *g, const char *base);

/* A fresh constant with DATA copied into the arena (NULL: synthetic). */
int32_t g_constant(npu_graph *g, const char *base, npu_elem elem, int rank, const int64_t *dim,
                   const void *data);

/* Appends a node; IN and OUT are copied, TYPE NULL takes the operator's name, NAME is made unique.
 * Sets the producer of its outputs.  Index, or NPU_NONE without memory. */
int32_t g_add(npu_graph *g, npu_op op, const char *type, const char *name, const int32_t *in,
              uint32_t nin, const int32_t *out, uint32_t nout);

/* Attributes: set (copied into the arena; false: no memory) and get with default. */
bool g_set_int(npu_graph *g, int32_t node, const char *name, int64_t v);
bool g_set_float(npu_graph *g, int32_t node, const char *name, float v);
bool g_set_text(npu_graph *g, int32_t node, const char *name, const char *v);
bool g_set_ints(npu_graph *g, int32_t node, const char *name, const int64_t *v, size_t n);
bool g_set_floats(npu_graph *g, int32_t node, const char *name, const float *v, size_t n);
const npu_node_attr *g_attr(const npu_node *n, const char *name); /* NULL: absent */
int64_t g_int(const npu_node *n, const char *name, int64_t dflt);
float g_float(const npu_node *n, const char *name, float dflt);
const char *g_text(const npu_node *n, const char *name, const char *dflt);
/* Copies up to MAX numbers of an INTS attribute into V; returns how many there are, 0: absent. */
size_t g_ints(const npu_node *n, const char *name, int64_t *v, size_t max);

/* Elements of a value with known shape; -1: not known. */
int64_t g_elements(const npu_value *v);
uint64_t g_bytes(const npu_value *v); /* 0: not known */

/* Element K of a constant as integer or number.  False: not constant, no data, out of range. */
bool g_const_int(const npu_graph *g, int32_t value, int64_t k, int64_t *out);
bool g_const_num(const npu_graph *g, int32_t value, int64_t k, double *out);
/* All elements of an integer constant of at most MAX elements into V; count, or -1. */
int64_t g_const_ints(const npu_graph *g, int32_t value, int64_t *v, size_t max);

/* Element K of a float weight, also of a synthetic one: those get deterministic values in
 * (-0.1, 0.1) from the value's name and K. */
float g_weight(const npu_value *v, int64_t k);

/* Live nodes that read VALUE: fills LIST up to MAX, returns how many. */
size_t g_readers(const npu_graph *g, int32_t value, int32_t *list, size_t max);
bool g_is_output(const npu_graph *g, int32_t value);

/* Every reader of FROM (nodes and graph outputs) reads TO instead. */
void g_redirect(npu_graph *g, int32_t from, int32_t to);

/* Marks NODE dead; its outputs lose their producer. */
void g_kill(npu_graph *g, int32_t node);

/* Puts nodes in topological order (stable) and drops dead ones: node indices change, value indices
 * do not.  Errors: NPU_BAD_INPUT naming a node of a cycle, or a value nobody produces. */
npu_status g_sort(npu_graph *g, npu_err *err);

/* Indices of the live nodes in topological order (file order where that is one) into ORDER, which
 * has room for nnode; *N: how many.  Errors: as g_sort. */
npu_status g_order(const npu_graph *g, uint32_t *order, uint32_t *n, npu_err *err);

/* Removes nodes none of whose outputs is read or a graph output, until there are none. */
void g_sweep(npu_graph *g);

/* Multiply-accumulates of Conv, ConvTranspose, ConvInteger, QLinearConv, Gemm and MatMul node N
 * (batch included); 0 for others, or when a shape is unknown. */
uint64_t g_macs(const npu_graph *g, const npu_node *n);
/* Sums over live nodes: MACs, of which depthwise; elements of float, int8 and uint8 constants that
 * the file has (initialisers and Constant nodes, not folded ones). */
void g_totals(const npu_graph *g, uint64_t *macs, uint64_t *depthwise, uint64_t *params);

/* "1x3x224x224", "?" for unknown parts.  Returns TEXT. */
enum { G_SHAPE_TEXT = 128 };
char *g_shape(const npu_value *v, char text[G_SHAPE_TEXT]);

#endif
