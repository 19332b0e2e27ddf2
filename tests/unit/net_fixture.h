/* Small networks built by hand, with shapes, for tests of the compiler. */
#ifndef NPUSIM_TESTS_NET_FIXTURE_H
#define NPUSIM_TESTS_NET_FIXTURE_H

#include "compiler/plan.h"

typedef struct { int64_t k, s, p, d, group; } net_window;

npu_graph *net_new(void);
/* Graph input of float; dimensions end at the first 0. */
int32_t net_input(npu_graph *g, const char *name, int64_t a, int64_t b, int64_t c, int64_t d);
/* A constant of the shape; DATA may be NULL. */
int32_t net_const(npu_graph *g, const char *name, const float *data, int64_t a, int64_t b,
                  int64_t c, int64_t d);
/* Convolution with synthetic weights; node and output are called NAME. */
int32_t net_conv(npu_graph *g, const char *name, int32_t x, int64_t out, net_window w);
/* Any operator of one or two inputs (Y NPU_NONE: one) with the output shape of its first input. */
int32_t net_op(npu_graph *g, npu_op op, const char *name, int32_t x, int32_t y);
/* The same with a shape of its own. */
int32_t net_op_shape(npu_graph *g, npu_op op, const char *name, int32_t x, int32_t y, int64_t a,
                     int64_t b, int64_t c, int64_t d);
void net_output(npu_graph *g, int32_t value);
int32_t net_node(const npu_graph *g, const char *name); /* NPU_NONE: none */

#endif
