/* Shared by the passes of cc_optimise (pass.def). */
#ifndef COMPILER_OPT_H
#define COMPILER_OPT_H

#include "compiler/plan.h"

/* One pass.  Nodes may be appended at the end; the driver sorts after every pass. */
typedef npu_status opt_pass(npu_graph *g, const cc_options *o, npu_err *err);

npu_status opt_memory(npu_err *err); /* fails: out of memory */

/* Value of input K, NULL when it is left out. */
const npu_value *opt_in(const npu_graph *g, const npu_node *n, uint32_t k);
/* The node that makes input K, NPU_NONE when there is none. */
int32_t opt_from(const npu_graph *g, const npu_node *n, uint32_t k);

/* The one node that reads VALUE, NPU_NONE when there are more, none, or it is a graph output. */
int32_t opt_reader(const npu_graph *g, int32_t value);

bool opt_same_shape(const npu_value *a, const npu_value *b);
/* Shape and type of FROM for TO. */
void opt_like(npu_graph *g, int32_t to, int32_t from);

/* Removes NODE: whoever reads its first output reads its first input.  A graph output keeps its
 * name.  False (nothing done) when that needs the node: a graph input that is also an output. */
bool opt_bypass(npu_graph *g, int32_t node);

/* Removes LAST, a reader of FIRST's output: FIRST writes LAST's output instead. */
void opt_absorb(npu_graph *g, int32_t first, int32_t last);

/* NODE becomes OP over IN; its attributes go. */
bool opt_become(npu_graph *g, int32_t node, npu_op op, const int32_t *in, uint32_t nin);

/* NODE becomes a Reshape of value FROM to the shape of its own output. */
bool opt_become_reshape(npu_graph *g, int32_t node, int32_t from);

/* A Reshape node from FROM to the existing value TO, whose shape is known. */
int32_t opt_add_reshape(npu_graph *g, const char *name, int32_t from, int32_t to, int32_t layer);

bool opt_is_view(npu_op op); /* Reshape, Flatten, Squeeze, Unsqueeze: the data stays as it is */

/* A new value NAME_SUFFIX with type and shape of LIKE (NPU_NONE: unknown). */
int32_t opt_fresh(npu_graph *g, const char *name, const char *suffix, int32_t like);

/* Room for N floats in the arena of G; NULL: no memory. */
float *opt_floats(npu_graph *g, int64_t n);

/* A fresh float constant over DATA, which lies in the arena (NULL: synthetic). */
int32_t opt_const(npu_graph *g, const char *base, int rank, const int64_t *dim, const float *data);

/* Whether VALUE is a float constant that broadcasts as one number per channel (axis 1) over
 * rank RANK with C channels; *per is 1 or C. */
bool opt_per_channel(const npu_graph *g, int32_t value, int rank, int64_t c, int64_t *per);

bool opt_scalar(const npu_graph *g, int32_t value, double *out); /* constant of one element */

#define P(function, what) opt_pass function;
#include "compiler/pass.def"
#undef P

#endif
