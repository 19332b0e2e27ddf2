/* What the files of the lowering share. */
#ifndef COMPILER_LOWER_H
#define COMPILER_LOWER_H

#include "compiler/net.h"

typedef struct {
    const npu_graph *g;
    const cc_plan *plan;
    const cc_options *o;
    cc_net *net;
    int32_t *tensor_of;     /* per graph value: tensor, NPU_NONE */
    uint32_t cap_tensor, cap_layer;
} lower;

/* Tensor of a value, made when there is none; NPU_NONE: no memory. */
int32_t lower_tensor(lower *l, int32_t value);
/* A made-up tensor of the shape of T. */
int32_t lower_like(lower *l, int32_t t, const char *name);

/* Tensor of what NODE and the nodes fused into it give. */
int32_t lower_result(lower *l, int32_t node);

/* Appends a layer for NODE whose source is A and result OUT; the rest is one or none.  NULL: no
 * memory. */
cc_layer *lower_layer(lower *l, cc_kind kind, int32_t node, int32_t a, int32_t out);

/* Lowers one node; sets tensors of its results.  Errors: NPU_UNSUPPORTED, NPU_LIMIT. */
npu_status lower_node(lower *l, int32_t node, npu_err *err);

npu_status lower_conv(lower *l, int32_t node, npu_err *err);
npu_status lower_pool(lower *l, int32_t node, npu_err *err);
npu_status lower_gemm(lower *l, int32_t node, npu_err *err);
npu_status lower_concat(lower *l, int32_t node, npu_err *err);
npu_status lower_split(lower *l, int32_t node, npu_err *err);
npu_status lower_slice(lower *l, int32_t node, npu_err *err);

/* Out of memory, as a status. */
npu_status lower_full(npu_err *err);

#endif
