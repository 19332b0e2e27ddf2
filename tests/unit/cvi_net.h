/* Sub-graphs for tests of the cv181x back end, built layer by layer.
 *
 * Maps are named by index; every call that makes a layer returns its result. */
#ifndef NPUSIM_TESTS_UNIT_CVI_NET_H
#define NPUSIM_TESTS_UNIT_CVI_NET_H

#include "compiler/net.h"

typedef struct {
    npu_graph *graph;
    cc_net net;
} cvi_net;

typedef struct { uint32_t oc, k, stride, group; bool silu; } conv_shape;

cvi_net cvi_net_new(const char *name);
void cvi_net_free(cvi_net *n);
int32_t cvi_net_map(cvi_net *n, const char *name, uint32_t c, uint32_t h, uint32_t w);
int32_t cvi_net_input(cvi_net *n, uint32_t c, uint32_t h, uint32_t w);
/* Channels FIRST.. of map WHOLE. */
int32_t cvi_net_view(cvi_net *n, int32_t whole, uint32_t first, uint32_t channels);
void cvi_net_inside(cvi_net *n, int32_t map, int32_t whole, uint32_t first);
cc_layer *cvi_net_layer(cvi_net *n, cc_kind kind, const char *name, int32_t a, int32_t out);

/* Same padding; OUT NPU_NONE: a map is made. */
int32_t cvi_net_conv(cvi_net *n, const char *name, int32_t a, conv_shape s, int32_t out);
int32_t cvi_net_pair(cvi_net *n, cc_kind kind, const char *name, int32_t a, int32_t b, int32_t out);
int32_t cvi_net_maxpool(cvi_net *n, const char *name, int32_t a, uint32_t k, int32_t out);
int32_t cvi_net_upsample(cvi_net *n, const char *name, int32_t a, int32_t out);
/* CSP block of yolov8 with N bottlenecks; SUM: with residuals. */
int32_t cvi_net_c2f(cvi_net *n, const char *name, int32_t a, uint32_t oc, uint32_t count, bool sum,
                    int32_t out);
int32_t cvi_net_sppf(cvi_net *n, const char *name, int32_t a, uint32_t oc);
/* yolov8n at SIZE x SIZE up to the convolutions before the decoding. */
cvi_net cvi_net_yolov8n(uint32_t size);

#endif
