/* Several models on one NPU: the workload, and what happened when it was simulated.
 *
 * Times are integer nanoseconds.  A job is one inference: a row of stages, each a function call on
 * a core, which nothing interrupts, or CPU work, during which the job does not hold a core. */
#ifndef NPUSIM_SCHED_H
#define NPUSIM_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NPU_SCHED_BPU,    /* classes; pre-emption after a function call */
    NPU_SCHED_FIFO,   /* one after the other in order of arrival (CVITEK) */
    NPU_SCHED_NP_HPF, /* highest priority first, jobs run to their end */
    NPU_SCHED_IDEAL,  /* pre-emption at any time and for nothing: a lower bound */
    NPU_SCHED_POLICIES
} npu_sched_policy;

const char *npu_sched_policy_name(npu_sched_policy p); /* "bpu", "fifo", "np-hpf", "ideal" */

enum { NPU_SCHED_CORES = 2, NPU_SCHED_NONE = -1 };

typedef struct {          /* a stage of a job */
    int64_t ns;           /* alone */
    int64_t half_ns;      /* with half the DDR bandwidth; equal to NS when DDR does not matter */
    bool cpu;             /* CPU work; leaves the core free */
    bool over;            /* a call longer than the model's limit */
} npu_sched_stage;

typedef struct {
    char *name;           /* owned */
    char *file;           /* base name of the model file, NULL: lengths were given; owned */
    char *chip;           /* it was simulated on, NULL: none; owned */
    unsigned priority;    /* 0 to 255 */
    unsigned class_;      /* 0 normal, 1 high (254), 2 urgent (255) */
    int64_t custom_id;
    int core;             /* 0 or 1; NPU_SCHED_NONE: any */
    int64_t limit_ns;     /* max_time_per_fc, 0: none */
    bool preemptible;     /* others may take over after a call */
    npu_sched_stage *stage; /* owned */
    size_t nstage;
    int64_t *atom;        /* calls are packed from these, ns; owned; may be NULL */
    size_t natom;
    int64_t unsplit_ns;   /* own time without a limit */
    int64_t target_ns;    /* wanted worst response, 0: none */
} npu_sched_model;

typedef enum { NPU_ARRIVE_PERIODIC, NPU_ARRIVE_TRACE, NPU_ARRIVE_POISSON } npu_arrive_kind;

typedef struct {          /* a row of jobs of one model */
    uint32_t model;
    npu_arrive_kind kind;
    int64_t period_ns, offset_ns, jitter_ns; /* PERIODIC */
    double mean_ns;       /* POISSON */
    uint64_t seed;        /* POISSON, and of the jitter */
    int64_t *at;          /* TRACE: release times; owned */
    size_t nat;
    int64_t deadline_ns;  /* relative, 0: none */
    size_t count;         /* 0: until the horizon */
} npu_sched_stream;

typedef struct {
    int64_t submit_ns, switch_ns, resume_ns, launch_ns; /* LAUNCH: before every call */
} npu_sched_overheads;

typedef struct {
    npu_sched_model *model;   /* owned */
    size_t nmodel;
    npu_sched_stream *stream; /* owned */
    size_t nstream;
    npu_sched_overheads over;
    unsigned cores;           /* 1 or 2 */
    unsigned cpus;            /* CPU stages that run at once, 0: as many as are ready */
    npu_sched_policy policy;
    bool require_limit;       /* only a model with a limit can be pre-empted */
    bool contention;          /* two cores share the DDR */
    int64_t horizon_ns;       /* no release at or after it; 0: none */
} npu_workload;

void npu_workload_free(npu_workload *w); /* frees the contents, not W */

typedef struct {
    uint32_t model, stream, index; /* INDEX: number within its model */
    int64_t release, start, finish, response;
    int64_t own;              /* time on cores, as executed */
    int64_t cpu;              /* CPU stages and waiting for a CPU */
    int64_t blocking, interference, overhead; /* own + cpu + these three = response */
    int64_t deadline;         /* absolute, 0: none */
    uint32_t preempted;
    bool missed;
    uint32_t blocker;         /* job that blocked most, UINT32_MAX: none */
    uint32_t blocker_stage;   /* its stage then */
    int64_t blocker_ns;       /* the part of BLOCKING it caused */
} npu_sched_job;

typedef struct {              /* a call on a core */
    int64_t t0, t1;
    uint32_t job, stage;
    uint8_t core;
    bool last;                /* the call ends here (policy ideal cuts calls) */
} npu_sched_span;

typedef struct {
    int64_t busy, overhead, idle; /* add up to the makespan */
} npu_sched_core;

typedef struct {              /* per model, over its jobs; ns */
    size_t n;
    int64_t min, p50, p90, p95, p99, p999, max;
    double mean, deviation;
    bool p99_weak;            /* fewer than 100 jobs: p99 is the maximum */
    int64_t jitter, start_jitter; /* max - min */
    int64_t blocking_max, interference_max, overhead_max;
    size_t misses, deadlines;
    int64_t tardiness;        /* worst */
    uint64_t preempted;
    size_t calls;             /* per job */
    int64_t call_max;         /* nominal */
    int64_t call_max_seen;    /* simulated */
    size_t calls_over;
    int64_t alone;            /* response with nothing else: stages, launches, submission */
    int64_t own;              /* sum of the call lengths */
    double slowdown;          /* max / alone */
    double antt, stp;         /* means of response / alone and of alone / response */
    double sla2;              /* share of jobs done within 2 x alone */
    int64_t blocking_bound;   /* -1: none (fifo) */
    int64_t response_bound;   /* -1: none; then WHY says why */
    const char *why;          /* not owned */
    double throughput;        /* jobs per second over the makespan */
} npu_sched_stat;

typedef struct {              /* one point of the trade-off: another limit for one model */
    int64_t limit, call_max;
    int64_t own_max;          /* worst response of the model that is split */
    int64_t other_max;        /* worst response of the model that waits */
    int64_t other_blocking;
    int64_t split_cost;       /* own time minus unsplit own time */
    size_t calls;
} npu_sched_point;

typedef struct {
    npu_workload *w;          /* not owned */
    npu_sched_job *job;       /* in order of release; owned */
    size_t njob;
    npu_sched_span *span;     /* in order of start; owned */
    size_t nspan;
    npu_sched_core core[NPU_SCHED_CORES];
    npu_sched_stat *stat;     /* one per model; owned */
    int64_t makespan;         /* end of the last job */
    double antt, stp, fairness;
    uint32_t worst;           /* job with the worst blocking, UINT32_MAX: none */
    uint32_t split_model, wait_model; /* of the trade-off, UINT32_MAX: none */
    npu_sched_point *point;   /* largest limit first; owned */
    size_t npoint;
    int64_t target_ns;        /* wanted worst response of WAIT_MODEL, 0: none */
    int64_t suggested_limit;  /* largest of POINT that meets the target, 0: none does */
    int64_t smallest_limit;   /* smallest limit the atoms allow, 0: not known */
    int64_t *policy_max[NPU_SCHED_POLICIES]; /* per policy and model: worst response; owned */
} npu_schedule;

void npu_schedule_free(npu_schedule *s); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
