/* Removing CPU nodes at the edges of a compiled model. */
#ifndef TOOLS_BIN_EDIT_H
#define TOOLS_BIN_EDIT_H

#include "npusim/model.h"

typedef struct { /* a node that may be removed */
    const npu_node_info *node; /* not owned */
    size_t routine;            /* of the first program */
    bool at_input;             /* else at an output */
    const char *from, *to;     /* the value it reads and the one it makes; not owned */
} edit_node;

/* Whether node NODE of M may be removed now: a CPU node with one input and one output, of type
 * Quantize or Transpose where the program's input enters and nobody else reads it, or of type
 * Transpose, Dequantize, Cast, Reshape or Softmax where it makes an output nobody else reads. */
bool edit_removable(const npu_model *m, size_t node, edit_node *out);

/* Index of the node called NAME (exactly).  Errors: NPU_BAD_INPUT (no such node: the nearest
 * name). */
npu_status edit_find(const npu_model *m, const char *name, size_t *node, npu_err *err);

/* The type without the vendor's prefix: "HzDequantize" is "Dequantize". */
const char *edit_type(const npu_node_info *n);

/* Removes a node of edit_removable: its routine, its row in the node table, the value only it used;
 * the program reads or writes the value on its other side.  Its scale goes to INFO's deleted_nodes.
 * Errors: NPU_LIMIT. */
npu_status edit_remove(npu_model *m, const edit_node *x, npu_err *err);

/* The scale of X's node as text for people, "none" when it has none; the caller's, to free. */
char *edit_scale_text(const npu_model *m, const edit_node *x);

#endif
