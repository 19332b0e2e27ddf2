/* Parts of the ONNX reader: import_onnx.c (file, graph), import_onnx_node.c (nodes, attributes),
 * import_onnx_tensor.c (constants). */
#ifndef COMPILER_IMPORT_ONNX_H
#define COMPILER_IMPORT_ONNX_H

#include "compiler/graph.h"
#include "formats/onnx.pb-c.h"
#include "formats/pb.h"

/* Domain of operators that only Caffe has, in the ONNX files we write. */
#define ONNX_CAFFE_DOMAIN "npusim.caffe"

enum { ONNX_OPSET_MIN = 7, ONNX_OPSET_MAX = 20, ONNX_IR_MIN = 3 };

enum { /* AttributeProto.type */
    ONNX_ATTR_FLOAT = 1, ONNX_ATTR_INT, ONNX_ATTR_STRING, ONNX_ATTR_TENSOR, ONNX_ATTR_GRAPH,
    ONNX_ATTR_FLOATS, ONNX_ATTR_INTS, ONNX_ATTR_STRINGS, ONNX_ATTR_TENSORS, ONNX_ATTR_GRAPHS,
    ONNX_ATTR_SPARSE, ONNX_ATTR_SPARSES, ONNX_ATTR_TYPE, ONNX_ATTR_TYPES
};

typedef struct {
    npu_graph *g;
    pb_memory *memory;       /* of the unpacked message */
    const char *path;        /* for messages */
    const char *dir;         /* of external data; NULL: refused */
    uint64_t external_left;  /* bytes of external data that may still be read */
} onnx_reader;

/* Takes type, shape and data of T into value V, whose data is then in the arena; T gives back its
 * own copy of the data.  WHAT names it in messages, "initialiser 'w'".  Errors: NPU_BAD_INPUT,
 * NPU_UNSUPPORTED (element type, rank), NPU_LIMIT. */
npu_status onnx_read_tensor(onnx_reader *r, OnnxPb__Tensor *t, const char *what, int32_t v,
                            npu_err *err);

/* Type and shape of a graph input, output or inner value, as far as INFO gives them. */
npu_status onnx_read_type(onnx_reader *r, const OnnxPb__ValueInfo *info, int32_t v, npu_err *err);

/* All nodes of GRAPH, whose initialisers and inputs are values already. */
npu_status onnx_read_nodes(onnx_reader *r, OnnxPb__Graph *graph, npu_err *err);

#endif
