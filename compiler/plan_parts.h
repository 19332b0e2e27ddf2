/* The steps of cc_plan_make, in the order they run. */
#ifndef COMPILER_PLAN_PARTS_H
#define COMPILER_PLAN_PARTS_H

#include "compiler/rule.h"

typedef struct {
    npu_graph *g;
    const cc_options *o;
    rule_march march;
    cc_place *at;       /* one per node */
    bool *named_bpu;    /* node is in run_on_bpu */
    uint32_t nsub;
} plan_work;

/* Puts NODE on the CPU; FMT is its message. */
npu_status plan_cpu(plan_work *w, uint32_t node, cc_why why, const char *rule, npu_err *err,
                    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Channel shuffles: Reshape, Transpose, Reshape become one node of the NPU. */
void plan_shuffles(plan_work *w);

/* Operators at the end of the network that go to the CPU so that the convolution before keeps its
 * int32 result; sets int32_out. */
npu_status plan_tail(plan_work *w, npu_err *err);

/* Sets fused_into, and moves the nodes of every cluster together. */
npu_status plan_fuse(plan_work *w, npu_err *err);

/* Numbers the sub-graphs; regions without work of their own go to the CPU. */
npu_status plan_partition(plan_work *w, npu_err *err);

#endif
