/* Parts of the ONNX writer: export_onnx.c (message, values, constants), export_onnx_form.c
 * (operators whose form differs between the opset of the graph and the one that is written). */
#ifndef COMPILER_EXPORT_ONNX_H
#define COMPILER_EXPORT_ONNX_H

#include "compiler/graph.h"
#include "formats/onnx.pb-c.h"

/* Written opsets: those of the IR versions 6 to 8, which checkers of 2022 know. */
enum { ONNX_WRITE_MIN = 11, ONNX_WRITE_MAX = 17 };

enum { ONNX_FORM_ROOM = 4 }; /* inputs and attributes that a change of form may add to a node */

typedef struct {
    const npu_graph *g;
    base_arena *mem;         /* of everything in the message */
    int64_t opset;           /* that is written */
    OnnxPb__Graph *graph;
    size_t tensor_cap;       /* of graph->initializer */
    uint32_t made;           /* constants made by the writer */
    bool caffe;              /* a Caffe-only operator was written */
} onnx_writer;

/* A new constant; its name, NULL: no memory. */
char *onnx_write_constant(onnx_writer *w, npu_elem elem, int rank, int64_t n, const void *data);

/* A further attribute, to be filled by the caller.  NULL: no memory. */
OnnxPb__Attribute *onnx_write_attr(onnx_writer *w, OnnxPb__Node *to, const char *name, int type);

/* Brings TO, written as FROM has it, into the form of the written opset.  Errors: NPU_UNSUPPORTED
 * naming the node and what has no such form, NPU_LIMIT. */
npu_status onnx_write_form(onnx_writer *w, const npu_node *from, OnnxPb__Node *to, npu_err *err);

#endif
