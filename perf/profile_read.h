/* Reads a profile back from its JSON (schema npusim.profile/1), for commands that compare.
 *
 * Only what comparing needs is kept.  A response table (schema npusim.schedule/1) is read into the
 * same struct: then SCHEDULE is set and only the response rows, NAME and TOOL_VERSION count.
 * Units as in the schema; *_cycles of the profile are plain integers here. */
#ifndef PERF_PROFILE_READ_H
#define PERF_PROFILE_READ_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/trace.h"

typedef struct {
    char *name, *subgraph;    /* strings of every struct here are owned */
    char *kind, *op, *output, *dtype, *why;
    bool inferred;
    npu_cause bound;
    int64_t kernel_h, kernel_w, stride_h, stride_w, out_c, out_h, out_w;
    int64_t exclusive, tiu, tdma, crit[NPU_CAUSES]; /* cycles */
    int64_t macs, read, write, ddr_bytes, weight_bytes, commands;
    double latency_ms;        /* time on the critical path, "time_ms" in the file */
    double tiu_ms, tdma_ms, mac_util;
} prof_layer;

typedef struct {
    char *name;
    bool cpu;
    int64_t read, write, ddr_bytes, macs;
    double latency_ms, tiu_ms, tdma_ms, max_call_us;
} prof_subgraph;

typedef struct {
    char *name;
    int64_t subgraph; /* index */
    double latency_us;
} prof_call;

typedef struct {
    char *key, *unit;
    double value;
} prof_number;

typedef struct { /* one model of a schedule; NaN: the file does not say */
    char *name;
    double min_ms, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, max_ms, jitter_ms, blocking_ms;
    double misses, jobs;
} prof_response;

typedef struct {
    char *path;               /* the file read */
    bool schedule;
    char *name;               /* of the model, without extension */
    char *model_name, *sha256, *tool_version, *chip;
    double error_percent;     /* < 0: never measured */
    prof_number *number;      /* every number of the chip as used */
    size_t nnumber;
    double hz;                /* cycles per second */
    int64_t latency_cycles, launch_cycles;
    int64_t macs, read, write, ddr_bytes, ion_bytes, weight_bytes, commands;
    double latency_ms, inference_ms, launch_ms, fps, tiu_ms, tdma_ms, cpu_ms, mac_util;
    double ddr_gbps, ddr_occupancy;
    double nsubgraphs, ncpu, ncalls, max_call_us;
    double sram_peak_bytes, min_cosine; /* NaN: the file does not say */
    prof_layer *layer;
    size_t nlayer;
    prof_subgraph *subgraph;
    size_t nsubgraph;
    prof_call *call;
    size_t ncall;
    prof_response *response;
    size_t nresponse;
} prof_facts;

typedef struct {
    prof_facts **item; /* owned */
    size_t n;
} prof_list;

/* Appends what FILE holds: one profile, one schedule, or the profiles of a baseline (schema
 * npusim.baseline/1).  On failure LIST keeps what it had.  Errors: NPU_BAD_INPUT with file and
 * path, NPU_LIMIT. */
npu_status prof_read(const char *file, prof_list *list, npu_err *err);

/* The same from text already read; FILE is for messages. */
npu_status prof_parse(const char *file, const char *text, size_t n, prof_list *list, npu_err *err);

void prof_list_free(prof_list *list); /* empties LIST */
void prof_facts_free(prof_facts *f);  /* accepts NULL */

extern const char *const prof_cause_key[NPU_CAUSES]; /* "mac", "vector", ... as in the schema */

#endif
