/* Sweep specification (JSON, schema npusim-sweep/1) -> ordered list of points -> results.
 *
 * A specification names keys of chip.def and their values; perf_sweep_plan turns it into points in
 * an order that depends on nothing else, so that any machine that runs any part of them agrees. */
#ifndef PERF_SWEEP_H
#define PERF_SWEEP_H

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "npusim/profile.h"
#include "npusim/sweep.h"
#include "perf/program.h"

enum {
    SWEEP_POINTS_DEFAULT = 20000, /* limits.max_points when the specification gives none */
    SWEEP_POINTS_MAX = 1000000,   /* no specification may ask for more */
    SWEEP_KEYS_MAX = 64
};

typedef enum { SWEEP_GRID, SWEEP_LIST, SWEEP_ZIP, SWEEP_OAT, SWEEP_RANDOM, SWEEP_MODES } sweep_mode;

typedef struct { /* one key and what it may be */
    npu_num num;
    double *value;          /* owned; of a random mode's range: NULL */
    size_t n;
    bool log;               /* random mode: even in log(value) */
    double from, to;        /* random mode, when N is 0 */
} sweep_param;

typedef struct {
    char *file, *name;      /* owned; NAME may be NULL */
} sweep_file;

typedef struct { /* a specification as read; free with perf_sweep_spec_free */
    const char *path;       /* for messages; not owned */
    npu_status bad;         /* status of errors: NPU_BAD_INPUT, or NPU_USAGE for a command line */
    sweep_mode mode;
    uint64_t seed;
    size_t samples;         /* random mode: points */
    sweep_param *param;
    size_t nparam;
    npu_num key[SWEEP_KEYS_MAX]; /* columns: params, then keys that occur in "points" only */
    size_t nkey;
    double base[NPU_NUMS];  /* "base": overrides of every point, NaN: none */
    double *fixed;          /* "points": nfixed rows of nkey values, NaN: not given; owned */
    char **label;           /* of them; entries may be NULL; owned */
    size_t nfixed;
    char **constraint;      /* owned */
    size_t nconstraint;
    sweep_file *model;      /* owned */
    size_t nmodel;
    char *chip;             /* owned, NULL: each model's own */
    bool same_commands;     /* "recompile": "never" */
    bool column[NPU_METRICS];
    int goal[4];            /* as in npu_sweep, with NPU_METRICS + index into KEY */
    size_t ngoal;
    size_t max_points;
    unsigned timeout_s;     /* per point; 0: none */
    char *echo;             /* the specification without "models"; owned */
} sweep_spec;

/* Reads a specification from parsed JSON; PATH is the file's name for messages and must outlive
 * OUT.  Errors: BAD with file, JSON path, what was found and what is allowed; NPU_UNSUPPORTED for
 * keys that would need the model to be compiled again. */
npu_status perf_sweep_spec_read(const cJSON *json, const char *path, npu_status bad,
                                sweep_spec *out, npu_err *err);

void perf_sweep_spec_free(sweep_spec *s); /* frees the contents, not S */

/* "key" of "params" from the short form of the command line: FROM:TO:log:N, FROM:TO:lin:N,
 * FROM:TO:step:S or A,B,C.  On success *out is the caller's.  Errors: NPU_USAGE. */
npu_status perf_sweep_short(const char *key, const char *text, cJSON **out, npu_err *err);

/* Values of one parameter: {"log": {...}}, {"lin": {...}} or {"values": [...]}; AT is its path in
 * messages.  P->num is set by the caller. */
npu_status perf_sweep_values(const sweep_spec *s, const cJSON *json, const char *at,
                             sweep_param *p, npu_err *err);

/* One value of a key: a number, or a string with a unit ("2MiB", "1.2GHz").  Errors: S->bad with
 * the range or the units allowed. */
npu_status perf_sweep_value(const sweep_spec *s, const cJSON *json, const char *at, npu_num num,
                            double *out, npu_err *err);

/* Number called NAME, NPU_NUMS when there is none; "npu.clock_mhz" is another name of
 * tpu.clock_mhz. */
npu_num perf_sweep_key(const char *name);

/* The plan of a specification: one row of overrides per point, the same for every model. */
typedef struct {
    double *set;            /* n rows of nkey, NaN: not overridden; owned */
    const char **label;     /* n entries, borrowed from the specification; owned array */
    size_t n;
} sweep_plan;

/* Expands S for chip numbers BASE (NPU_NUMS values, "base" applied), which constraints and the
 * one-at-a-time mode need.  Errors: S->bad when there are too many points or none. */
npu_status perf_sweep_plan(const sweep_spec *s, const double *base, sweep_plan *out,
                           npu_err *err);

void perf_sweep_plan_free(sweep_plan *p);

/* Whether EXPR ("lmem.lane_bytes * tpu.lanes <= 8MiB") holds for numbers NUM.  Errors: BAD with
 * the place in the expression. */
npu_status perf_sweep_holds(const char *expr, const double *num, bool *out, npu_status bad,
                            npu_err *err);

/* SHA-256 of a canonical JSON text of the chip's numbers.  Errors: NPU_LIMIT. */
npu_status perf_sweep_chip_hash(const npu_chip *chip, char hex[HASH_SHA256_HEX], npu_err *err);

/* Id of a point: start of the SHA-256 of a canonical JSON text (sorted keys) of its overrides, the
 * hashes of MODEL and CHIP and the version of the tool.  Errors: NPU_LIMIT. */
npu_status perf_sweep_id(const char *model, const char *chip, const char *version,
                         const npu_num *key, size_t nkey, const double *set,
                         char id[NPU_POINT_ID + 1], npu_err *err);

/* Simulates points of one model again and again; holds what is worth keeping between them. */
typedef struct sweep_sim sweep_sim;

/* PROG (whose work is changed) and CHIP are borrowed.  On success *out is the caller's, to
 * perf_sim_free.  Errors: NPU_LIMIT. */
npu_status perf_sim_new(perf_prog *prog, const npu_chip *chip, sweep_sim **out, npu_err *err);

/* Simulates with the NKEY numbers KEY set to SET (NaN: the chip's).  A failure is a result, too. */
void perf_sim_point(sweep_sim *s, const npu_num *key, size_t nkey, const double *set,
                    npu_point_result *out);

void perf_sim_free(sweep_sim *s); /* accepts NULL; leaves PROG with the chip's own work */

#endif
