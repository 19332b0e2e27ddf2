/* Runs a prepared program on a chip. */
#ifndef PERF_RUN_H
#define PERF_RUN_H

#include "npusim/profile.h"
#include "perf/program.h"

/* Runs the routines in order; TRACE (zeroed or used before) receives the spans.  start[i], end[i]
 * of PART may be NULL.  Errors: NPU_BAD_INPUT (deadlock), NPU_UNSUPPORTED (CPU function). */
npu_status perf_run(const perf_prog *p, const npu_chip *chip, npu_trace *trace, npu_err *err);

/* Builds the profile of a run.  TRACE and CHIP are borrowed and must outlive it; the layer index
 * and critical ticks of the spans are filled in.  On success *out is the caller's, to
 * npu_profile_free.  Errors: NPU_LIMIT. */
npu_status perf_collect(const perf_prog *p, const npu_chip *chip, npu_trace *trace,
                        npu_profile **out, npu_err *err);

#endif
