/* Runs a prepared program on a chip. */
#ifndef PERF_RUN_H
#define PERF_RUN_H

#include "models/ddr_masters.h"
#include "npusim/profile.h"
#include "perf/program.h"

/* Runs the routines in order; TRACE (zeroed or used before) receives the spans.  start[i], end[i]
 * of PART may be NULL.  Errors: NPU_BAD_INPUT (deadlock), NPU_UNSUPPORTED (CPU function). */
npu_status perf_run(const perf_prog *p, const npu_chip *chip, npu_trace *trace, npu_err *err);

/* The same beside other users of the DDR: MASTERS (NULL: none) but number SKIP (-1: all). */
npu_status perf_run_beside(const perf_prog *p, const npu_chip *chip, const hw_masters *masters,
                           int skip, npu_trace *trace, npu_err *err);

/* Adds to the profile of a run beside MASTERS what each moved over time and what it cost: P is run
 * again without it.  Errors: as perf_run_beside. */
npu_status perf_masters(const perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                        npu_profile *p, npu_err *err);

/* Builds the profile of a run.  TRACE and CHIP are borrowed and must outlive it; the layer index
 * and critical ticks of the spans are filled in.  On success *out is the caller's, to
 * npu_profile_free.  Errors: NPU_LIMIT. */
npu_status perf_collect(const perf_prog *p, const npu_chip *chip, npu_trace *trace,
                        npu_profile **out, npu_err *err);

/* Adds to the profile P of a run what other hardware would change: what_if, sweep, knee_mbps,
 * unlimited_ms.  About 40 runs of G, whose work stays as it is; MASTERS may be NULL.  Errors: as
 * perf_run_beside. */
npu_status perf_whatif(const perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                       npu_profile *p, npu_err *err);

/* The part of perf_collect that needs no memory: latency, sums, utilisation, critical path.  P must
 * be zeroed with CHIP set; nothing in it is owned afterwards. */
void perf_totals(const perf_prog *g, npu_trace *trace, npu_profile *p);

#endif
