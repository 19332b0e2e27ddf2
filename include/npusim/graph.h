/* A network: nodes and values, ONNX semantics whatever the source (Caffe is translated on import).
 *
 * All of it lives in one arena.  Nodes and values are named by index; indices stay valid, because
 * a removed node is only marked dead.  Nodes are in topological order.  Shapes are outermost
 * first, batch included. */
#ifndef NPUSIM_GRAPH_H
#define NPUSIM_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NPU_RANK_MAX = 8, NPU_NONE = -1 };

typedef enum { /* element types, numbered as ONNX TensorProto.DataType */
    NPU_ELEM_NONE = 0, NPU_ELEM_FLOAT = 1, NPU_ELEM_UINT8 = 2, NPU_ELEM_INT8 = 3,
    NPU_ELEM_UINT16 = 4, NPU_ELEM_INT16 = 5, NPU_ELEM_INT32 = 6, NPU_ELEM_INT64 = 7,
    NPU_ELEM_STRING = 8, NPU_ELEM_BOOL = 9, NPU_ELEM_FLOAT16 = 10, NPU_ELEM_DOUBLE = 11,
    NPU_ELEM_UINT32 = 12, NPU_ELEM_UINT64 = 13, NPU_ELEM_BFLOAT16 = 16, NPU_ELEMS = 17
} npu_elem;

unsigned npu_elem_bytes(npu_elem e);     /* 0: not a fixed size, or unknown */
const char *npu_elem_name(npu_elem e);   /* "float32", ... */

typedef enum { /* operators: op.def */
    NPU_OP_NONE = 0,
#define O(id, ...) NPU_OP_##id,
#include "npusim/op.def"
#undef O
    NPU_OPS
} npu_op;

typedef struct {
    const char *name;         /* unique in the graph */
    npu_elem elem;            /* NONE: not known yet */
    int rank;                 /* -1: not known yet */
    int64_t dim[NPU_RANK_MAX];/* -1: not known yet */
    bool constant;            /* initialiser, Constant or folded; never a graph input */
    const void *data;         /* constant: dense little-endian elements; NULL: synthetic weights, of
                                 which only type and shape exist (g_weight fills them) */
    bool folded;              /* constant computed from others, or part of an attribute: no weight
                                 that the parameter count has */
    uint32_t seed;            /* of synthetic weights: a hash of the name */
    int32_t producer;         /* node, NPU_NONE: graph input, constant or nobody */
} npu_value;

typedef enum { NPU_ATTR_KIND_INT, NPU_ATTR_KIND_FLOAT, NPU_ATTR_KIND_STRING, NPU_ATTR_KIND_INTS,
               NPU_ATTR_KIND_FLOATS, NPU_ATTR_KIND_STRINGS, NPU_ATTR_KIND_TENSOR,
               NPU_ATTR_KIND_OTHER } npu_attr_kind;

typedef struct {
    const char *name;
    npu_attr_kind kind;
    int64_t i;
    float f;
    const char *s;
    size_t n;                 /* INTS, FLOATS, STRINGS */
    const int64_t *ints;
    const float *floats;
    const char *const *strings;
    int32_t tensor;           /* TENSOR: a constant value of the graph */
} npu_node_attr;

typedef struct {
    npu_op op;                /* NPU_OP_NONE: type not in op.def (refused by the checker) */
    const char *name;         /* unique; made from the type and a number when the file has none */
    const char *type;         /* as the source spells it: "Conv", "Convolution" */
    int32_t *in, *out;        /* value indices; NPU_NONE: an optional input left out */
    uint32_t nin, nout;
    npu_node_attr *attr;
    uint32_t nattr;
    int32_t layer;            /* source layer: node index in the file, 0 based; made up nodes: that
                                 of the node they stand for */
    bool dead;                /* removed */
    /* filled by the compiler (compiler/plan.h); import leaves them -1 */
    int32_t fused_into;       /* node that computes this one too (a Conv with its ReLU), or -1 */
    int32_t subgraph;         /* NPU sub-graph, or -1: CPU or nowhere */
} npu_node;

typedef struct npu_graph {
    struct base_arena *arena; /* owned */
    const char *name;         /* of the network; "" when the file has none */
    const char *file;         /* as given by the user */
    const char *producer;     /* tool that wrote the file, "" */
    bool caffe;
    int64_t opset, ir_version;/* ONNX; of a Caffe import: 11 and 6 */
    npu_value *value;
    uint32_t nvalue, value_cap;
    npu_node *node;
    uint32_t nnode, node_cap;
    int32_t *in, *out;        /* graph inputs (no initialisers) and outputs: values */
    uint32_t nin, nout;
    void *index;              /* name -> value; graph.c */
} npu_graph;

void npu_graph_free(npu_graph *g); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
