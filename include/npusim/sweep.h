/* A sweep: many simulations of the same commands with other hardware numbers, and what follows from
 * them.  Filled by perf/ and tools/, read by reports/. */
#ifndef NPUSIM_SWEEP_H
#define NPUSIM_SWEEP_H

#include "npusim/chip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
#define M(id, key, unit, meaning) NPU_METRIC_##id,
#include "npusim/metric.def"
#undef M
    NPU_METRICS
} npu_metric;

typedef struct {
    const char *key, *unit, *meaning;
} npu_metric_info;

extern const npu_metric_info npu_metric_table[NPU_METRICS];

typedef enum {
    NPU_POINT_PENDING, NPU_POINT_OK, NPU_POINT_FAIL, NPU_POINT_SKIPPED
} npu_point_status;
typedef enum { NPU_BOUND_COMPUTE, NPU_BOUND_MEMORY, NPU_BOUND_BALANCED, NPU_BOUND_CPU } npu_bound;

const char *npu_point_status_name(npu_point_status s); /* "ok", "fail", "skipped", "pending" */
const char *npu_bound_name(npu_bound b);               /* "compute", "memory", ... */

typedef struct { /* what a simulation of one point gives; plain bytes, so it travels over a pipe */
    uint8_t status, bound;      /* npu_point_status, npu_bound */
    double metric[NPU_METRICS];
    char error[200];            /* why the point failed, "" otherwise */
} npu_point_result;

enum { NPU_POINT_ID = 12 };     /* hex digits of a point's id */

typedef struct {
    char id[NPU_POINT_ID + 1];
    uint32_t model;             /* index */
    char *label;                /* owned; NULL: none */
    const double *value;        /* per key: the value simulated; not owned */
    bool front;                 /* on the Pareto front of its model */
    npu_point_result result;
} npu_sweep_point;

typedef struct {
    char *name;                 /* as in the column "model" */
    char *file;                 /* base name */
    char sha256[65];
    char *chip;                 /* name of the chip simulated */
    double error_percent;       /* measured error of the chip file; < 0: never measured */
} npu_sweep_model;

typedef struct { /* points that differ in one key only, in order of that key's value */
    uint32_t model;
    uint32_t *point;            /* indices, ok points only; owned */
    size_t n;
    bool reached;               /* the last point is within 5 % of unlimited DDR */
    double k95, ke, kd;         /* knees; NaN: not reached, or none */
    double unlimited_ms;
    char *name;                 /* the other keys' values, "" when they never change; owned */
} npu_sweep_line;

typedef struct npu_sweep {
    char *tool;                 /* version of npusim that simulated; owned */
    char *spec;                 /* the specification as one JSON object without "models"; owned */
    npu_sweep_model *model;
    size_t nmodel;
    npu_num *key;               /* swept numbers, in the order of the columns */
    size_t nkey;
    npu_sweep_point *point;
    size_t n;
    double *values;             /* owned store of point.value */
    bool column[NPU_METRICS];   /* metrics the tables of the reports show */
    npu_sweep_line *line;       /* along KEY[axis] */
    size_t nline;
    size_t axis;                /* index into KEY; NKEY when no key has two values */
    int goal[4];                /* what the Pareto front minimises: metric, or NPU_METRICS + key */
    size_t ngoal;
} npu_sweep;

void npu_sweep_free(npu_sweep *s); /* frees the contents and S; accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
