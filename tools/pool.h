/* Many small jobs on worker processes: a job that crashes or hangs costs its own result only.
 *
 * A worker is a fork, so it starts with everything the parent has loaded. */
#ifndef TOOLS_POOL_H
#define TOOLS_POOL_H

#include <stddef.h>

#include "npusim/err.h"

typedef struct {
    size_t n;               /* jobs 0..n-1 */
    size_t result_bytes;    /* of what WORK writes */
    unsigned workers;       /* processes at once, at least 1 */
    unsigned timeout_s;     /* per job; 0: none */
    void *arg;              /* handed to both functions */
    /* In a worker: does job I; RESULT is zeroed. */
    void (*work)(void *arg, size_t i, void *result);
    /* In the parent, in any order: RESULT of job I; NULL when the worker died of signal SIG
     * (SIGALRM: over the time limit; 0: it exited). */
    npu_status (*done)(void *arg, size_t i, const void *result, int sig, npu_err *err);
} pool_jobs;

/* Runs all jobs.  Errors: of DONE; NPU_LIMIT when no worker can be started.  Workers have ended
 * when it returns. */
npu_status pool_run(const pool_jobs *jobs, npu_err *err);

#endif
