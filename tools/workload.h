/* Workload files (docs/SCHEDULE.md): JSON -> npu_workload, with compiled models simulated. */
#ifndef TOOLS_WORKLOAD_H
#define TOOLS_WORKLOAD_H

#include "base/json.h"
#include "npusim/sched.h"
#include "perf/split.h"
#include "tools/common.h"

typedef struct {           /* where the calls of a model come from */
    tool_run run;          /* a compiled model; RUN.prog NULL: lengths were given */
    perf_atoms atoms;
    perf_split split;
    int64_t before_ns, after_ns; /* CPU stages around the calls */
    double ddr_share;      /* of given lengths: part that is DDR transfer */
    bool packed;           /* lengths are atoms, packed to the limit */
} workload_source;

typedef struct {
    npu_workload w;
    workload_source *source; /* one per model; owned */
    char *title;           /* owned; never NULL */
    char *name;            /* base name of the file without extension; owned */
} workload;

/* Reads and checks PATH and simulates its models.  OUT is for workload_free in any state.
 * Errors: NPU_BAD_INPUT (unreadable, not JSON, a bad model file), NPU_USAGE with file, JSON path
 * and what is allowed, NPU_UNSUPPORTED. */
npu_status workload_read(const char *path, workload *out, npu_err *err);
void workload_free(workload *x);

/* Cuts model I again, at LIMIT_NS (0: no limit).  Errors: NPU_LIMIT. */
npu_status workload_split(workload *x, size_t i, int64_t limit_ns, npu_err *err);

/* tools/workload_json.c: checked access.  Every failure is NPU_USAGE and names file and path. */
typedef struct {
    const char *file;      /* not owned */
    npu_err *err;          /* not owned */
} wl_reader;

typedef struct {
    const cJSON *json;
    char path[96];         /* "models[2].arrival" */
} wl_node;

npu_status wl_fail(const wl_reader *r, const wl_node *at, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* AT must be an object whose keys are all in KEYS (blank-separated), none twice. */
npu_status wl_object(const wl_reader *r, const wl_node *at, const char *keys);
wl_node wl_member(const wl_node *at, const char *key); /* json NULL when absent */
wl_node wl_item(const wl_node *at, size_t i);
/* Number KEY within [MIN, MAX]; *out keeps its value when absent. */
npu_status wl_number(const wl_reader *r, const wl_node *at, const char *key, double min, double max,
                     double *out);
npu_status wl_integer(const wl_reader *r, const wl_node *at, const char *key, double min,
                      double max, int64_t *out);
/* Microseconds KEY_us as nanoseconds. */
npu_status wl_time(const wl_reader *r, const wl_node *at, const char *key, double min_us,
                   int64_t *ns);
npu_status wl_bool(const wl_reader *r, const wl_node *at, const char *key, bool *out);
/* String KEY, NULL when absent; not owned. */
npu_status wl_string(const wl_reader *r, const wl_node *at, const char *key, const char **out);
/* List KEY of times in microseconds; *ns is the caller's, NULL when absent. */
npu_status wl_times(const wl_reader *r, const wl_node *at, const char *key, double min_us,
                    int64_t **ns, size_t *n);

#endif
