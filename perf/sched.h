/* Simulates a workload; see npusim/sched.h for the words. */
#ifndef PERF_SCHED_H
#define PERF_SCHED_H

#include "npusim/sched.h"

enum { PERF_SCHED_JOBS_MAX = 1000000, PERF_SCHED_SPANS_MAX = 8000000 };

/* Makes the jobs of W, in order of release.  The list is the caller's to free.  Errors: NPU_USAGE
 * (more than PERF_SCHED_JOBS_MAX), NPU_LIMIT. */
npu_status perf_sched_jobs(const npu_workload *w, npu_sched_job **job, size_t *n, npu_err *err);

/* Jobs, timeline and core totals; no statistics.  On success *out is the caller's, to
 * npu_schedule_free; W is borrowed.  Errors: NPU_USAGE, NPU_LIMIT. */
npu_status perf_sched_run(npu_workload *w, npu_schedule **out, npu_err *err);

/* Fills stat, worst, antt, stp, fairness.  Errors: NPU_LIMIT. */
npu_status perf_sched_stats(npu_schedule *s, npu_err *err);

/* Worst-case blocking of a job of MODEL under the workload's policy; -1: no bound. */
int64_t perf_sched_blocking_bound(const npu_workload *w, uint32_t model);

/* Worst-case response of a job of MODEL; -1: no bound, and *WHY says why. */
int64_t perf_sched_response_bound(const npu_workload *w, uint32_t model, const char **why);

/* 0 normal, 1 high (254), 2 urgent (255). */
unsigned perf_sched_class(unsigned priority);

/* Response of a job that has the NPU for itself. */
int64_t perf_sched_alone(const npu_workload *w, uint32_t model);

/* Next value of the documented generator (SplitMix64); *STATE moves on. */
uint64_t perf_sched_random(uint64_t *state);

/* Whether job A goes before job B in the order of the policy bpu: priority, custom id, release,
 * submission. */
bool perf_sched_before(const npu_workload *w, const npu_sched_job *job, uint32_t a, uint32_t b);

/* The time at rank ceil(share x n) of the sorted list V. */
int64_t perf_nearest_rank(const int64_t *v, size_t n, double share);

#endif
