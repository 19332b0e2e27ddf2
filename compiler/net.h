/* One NPU sub-graph as the hardware sees it: layers over int8 feature maps.
 *
 * Made by cc_lower from graph and plan; read by the back ends (bpu_*.c for bernoulli2, cvi_*.c for
 * cv181x).  Feature maps are N x C x H x W.  Nothing here depends on a chip. */
#ifndef COMPILER_NET_H
#define COMPILER_NET_H

#include "compiler/plan.h"

typedef enum {
    CC_CONV,      /* also Gemm, MatMul with constant, deconvolution (UP > 1 inserts zeros) */
    CC_DWCONV,    /* one input channel per output channel */
    CC_MAXPOOL, CC_AVGPOOL, /* windows; global pooling has the window of the whole map */
    CC_ADD, CC_MUL, CC_MAX, CC_MIN, /* two maps; B may be broadcast over H and W */
    CC_LUT,       /* int8 -> int8 function; FUNCTION says which operator */
    CC_PRELU,     /* LeakyRelu, PRelu: slope per channel or one */
    CC_RELU,      /* stand-alone */
    CC_RESIZE,    /* nearest or linear, factors UP_H, UP_W (16.16 fixed point) */
    CC_MOVE,      /* rearrangement: unaligned concat, pad, slice, shuffle, depth to space, ... */
    CC_KINDS
} cc_kind;

typedef enum { CC_ACT_NONE, CC_ACT_RELU, CC_ACT_RELU6 } cc_act; /* free in a convolution */

typedef struct {
    const char *name;         /* of the graph value; not owned */
    uint32_t n, c, h, w;
    uint8_t bytes;            /* per element: 1 int8, 4 int32 or float */
    int32_t value;            /* of the graph, NPU_NONE: made up */
    int32_t producer;         /* layer, NPU_NONE: input of the sub-graph */
    bool input, output;       /* crosses the edge of the sub-graph */
    int32_t inside;           /* tensor this is a channel range of (concat, split), or NPU_NONE */
    uint32_t channel;         /* first channel in it */
    bool planar;              /* input that another sub-graph left as its output */
    bool nv12;                /* input in 1.5 bytes per pixel, expanded by the hardware */
} cc_tensor;

typedef struct {
    cc_kind kind;
    const char *name;         /* of the graph node; not owned */
    const char *type;         /* "HzSQuantizedConv" */
    int32_t node;             /* of the graph; head of its cluster */
    int32_t a, b, sum, out;   /* tensors; b: second map or NPU_NONE; sum: added before ACT */
    uint32_t kh, kw, sh, sw, dh, dw; /* at least 1 */
    int32_t pt, pb, pl, pr;
    uint32_t group;           /* CC_CONV */
    uint32_t up_h, up_w;      /* CC_CONV: zeros inserted (1: none); CC_RESIZE: factor x 65536 */
    bool linear;              /* CC_RESIZE */
    cc_act act;
    npu_op function;          /* CC_LUT, CC_MOVE: operator */
    int32_t weight, bias;     /* graph values, NPU_NONE */
    uint64_t weight_bytes;    /* int8 elements of WEIGHT; CC_LUT: the table */
    uint64_t macs;            /* useful: of convolutions, batch included */
} cc_layer;

typedef struct {
    const npu_graph *graph;   /* not owned */
    const char *name;         /* "<network>_subgraph_<i>"; owned */
    uint32_t index;           /* of the sub-graph */
    cc_tensor *tensor;
    uint32_t ntensor;
    cc_layer *layer;          /* in order of execution */
    uint32_t nlayer;
} cc_net;

/* Sub-graph INDEX of PLAN.  On success *out is the caller's, to cc_net_free.  Errors:
 * NPU_UNSUPPORTED (a placed node nobody can lower: node and operator), NPU_LIMIT. */
npu_status cc_lower(const npu_graph *g, const cc_plan *plan, const cc_options *o, uint32_t index,
                    cc_net **out, npu_err *err);
void cc_net_free(cc_net *n); /* accepts NULL */

#endif
