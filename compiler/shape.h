/* Shape rules: what one sees of its node, and how it answers.
 *
 * A rule is cc_shape_<RULE> of op.def's last column; it runs when the type and shape of every
 * input are known (all dimensions at least 0), sets type and shape of every output, and checks
 * each thing it relies on.  Messages name file, node and operator, what was found and expected. */
#ifndef COMPILER_SHAPE_H
#define COMPILER_SHAPE_H

#include "compiler/compile.h"
#include "compiler/graph.h"

/* Largest dimension and element count anywhere: products of two of them stay within int64_t. */
#define CC_DIM_MAX INT64_C(0x7fffffff)
#define CC_ELEMENTS_MAX (INT64_C(1) << 40)

typedef struct {
    npu_graph *g;
    npu_node *n;
    const npu_value *told;    /* per value of the graph: type and shape as the file declares them;
                                 NULL: for other input shapes than the user's */
    npu_err *err;
} cc_sh;

#define O(id, name, min, max, rule) npu_status cc_shape_##rule(cc_sh *s);
#include "npusim/op.def"
#undef O

/* Gives every graph input its shape: GIVEN, else that of the file with a free batch as 1.  Errors:
 * NPU_BAD_INPUT, no such input (lists them), a dimension nobody knows.  *CHANGED: GIVEN contradicts
 * the file, so what the file says of other values is wrong too. */
npu_status cc_shape_inputs(npu_graph *g, const cc_input_shape *given, size_t n, bool *changed,
                           npu_err *err);

/* Input K, NULL when it is left out; output K must exist (outputs may be left out: no effect). */
const npu_value *cc_sh_in(const cc_sh *s, unsigned k);

/* Sets output K.  Errors: NPU_BAD_INPUT, a dimension below 0 or too large, rank above 8. */
npu_status cc_sh_set(cc_sh *s, unsigned k, npu_elem elem, int rank, const int64_t *dim);
npu_status cc_sh_like(cc_sh *s, unsigned k, npu_elem elem, const npu_value *v);

/* NPU_BAD_INPUT with "FILE: node NAME (Type): " in front. */
npu_status cc_sh_bad(const cc_sh *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The outputs depend on the contents of input K, which is not constant: takes what the file
 * declares when that is complete.  Errors: NPU_UNSUPPORTED naming node and input. */
npu_status cc_sh_depends(cc_sh *s, unsigned k);

/* AXIS, counted from the end when negative, into *OUT within [0, RANK). */
npu_status cc_sh_axis(const cc_sh *s, int64_t axis, int rank, int *out);

/* Integers that are attribute ATTR (NULL: none) in one opset and input K in another.  *N: how many,
 * CC_ABSENT neither is there, CC_UNKNOWN the input is not a constant.  Errors: NPU_BAD_INPUT, more
 * than MAX, or not integers. */
enum { CC_ABSENT = -1, CC_UNKNOWN = -2 };
npu_status cc_sh_list(const cc_sh *s, const char *attr, unsigned k, int64_t *v, int max, int *n);

/* Numpy broadcasting of B onto the shape in DIM, RANK.  Errors: NPU_BAD_INPUT. */
npu_status cc_sh_broadcast(const cc_sh *s, int *rank, int64_t *dim, const npu_value *b);

/* What a Slice takes: per dimension elements START, START + STEP, ..., COUNT of them. */
typedef struct { int64_t start[NPU_RANK_MAX], step[NPU_RANK_MAX], count[NPU_RANK_MAX]; } cc_slice;
/* *KNOWN: false when starts, ends, axes or steps are not constants. */
npu_status cc_sh_slice(const cc_sh *s, cc_slice *out, bool *known);

/* Order of dimensions of a Transpose. */
npu_status cc_sh_perm(const cc_sh *s, int *perm);

/* Dimensions a reduction removes.  *KNOWN: false when the axes are not constant. */
npu_status cc_sh_reduced(const cc_sh *s, bool *mask, bool *known);

/* Dimensions [*FROM, *TO) that a Shape node takes (start, end of opset 15). */
void cc_sh_part(const cc_sh *s, int *from, int *to);

/* Windows over the dimensions after N and C: of convolutions and poolings. */
typedef struct {
    int n;                    /* spatial dimensions */
    int64_t kernel[NPU_RANK_MAX], stride[NPU_RANK_MAX], dilation[NPU_RANK_MAX];
    int64_t pad[2 * NPU_RANK_MAX]; /* begins, then ends */
    bool same;                /* auto_pad SAME_*: output is input / stride, rounded up */
} cc_window;
npu_status cc_sh_window(const cc_sh *s, int spatial, const int64_t *kernel, cc_window *w);

/* --- fold*.c ---------------------------------------------------------------------------------- */

/* Elements up to which a float ConstantOfShape has data; above it is synthetic. */
enum { CC_SYNTHETIC = 4096 };

/* Bytes all folded constants of one graph may have; one beyond it stays a node. */
#define CC_FOLD_BYTES (UINT64_C(64) << 20)

/* Evaluates node NODE when its inputs are constants and the operator is one of shape arithmetic:
 * its outputs become constants and it dies.  LEFT: bytes that may still be made.  Errors:
 * NPU_BAD_INPUT (an index out of range, division by zero), NPU_LIMIT. */
npu_status cc_fold(cc_sh *s, int32_t node, uint64_t *left);

/* One folding: writes the data of the outputs, which lie at TO (one per output, NULL: left out). */
typedef npu_status cc_fold_fn(cc_sh *s, uint8_t *const *to);
cc_fold_fn cc_fold_move, cc_fold_gather, cc_fold_concat, cc_fold_split, cc_fold_view, cc_fold_where;
cc_fold_fn cc_fold_shape, cc_fold_size, cc_fold_fill, cc_fold_range, cc_fold_cast, cc_fold_math;
cc_fold_fn cc_fold_unary, cc_fold_reduce, cc_fold_nonzero;

/* Index into V, broadcast to the shape of TO, of element K of TO. */
int64_t cc_fold_at(const npu_value *to, int64_t k, const npu_value *v);

#endif
