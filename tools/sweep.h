/* npusim sweep, in parts: load (what to simulate), read (rows of earlier runs), exec (simulate and
 * write), solve (bisection), mpi (points over ranks). */
#ifndef TOOLS_SWEEP_H
#define TOOLS_SWEEP_H

#include <stdio.h>

#include "perf/sweep.h"
#include "tools/common.h"
#include "tools/pool.h"

typedef struct {
    tool_run run;
    sweep_sim *sim;         /* owned */
    char chip_hash[HASH_SHA256_HEX];
} sweep_target;

typedef struct { /* a sweep about to run; zeroed, then sweep_open; free with sweep_close */
    sweep_spec spec;
    char *spec_path;        /* owned; spec.path points to it */
    sweep_plan plan;        /* points of one model; models follow one another */
    sweep_target *target;
    npu_sweep *sweep;       /* owned; points of all models, in order */
    char digest[HASH_SHA256_HEX]; /* of all ids */
    size_t shard, shards;   /* 1-based; shards 1: everything */
} sweep_session;

typedef struct { /* the command line of a sweep */
    const char *spec, *ddr, *chip, *shard, *output, *solve, *key, *range;
    opt_list model, param, set;
    long jobs;
    bool resume, list, mpi;
    int recompile, format;
} sweep_options;

/* Reads the specification (or makes one from the command line), loads models and chips and expands
 * the points.  MODEL are the N files of the command line.  Errors: of every part. */
npu_status sweep_open(const sweep_options *o, char *const *model, int n, sweep_session *s,
                      npu_err *err);

void sweep_close(sweep_session *s);

/* Rows of a CSV file into S.  By id: a row whose id S has is taken when it is ok, others are passed
 * over, and a file that is absent or ends inside a row is fine.  Not by id: every row must be a
 * point of S that has none yet (its number decides) and everything in it is taken.  *TAKEN counts.
 * Errors: NPU_BAD_INPUT with file and line. */
npu_status sweep_read_rows(const char *path, npu_sweep *s, bool by_id, size_t *taken,
                           npu_err *err);

/* Runs the points that have no result yet and writes the results to directory OUT.  *FAILED counts
 * points that failed.  Errors: NPU_IO and others; points that fail are no error. */
npu_status sweep_execute(sweep_session *s, const sweep_options *o, bool quiet, size_t *failed,
                         npu_err *err);

/* Writes points.csv, sweep.json, report.html, report.md to directory OUT. */
npu_status sweep_write_reports(npu_sweep *s, const char *out, npu_err *err);

/* Writes one file from a function that prints it. */
npu_status sweep_write_file(const char *dir, const char *name, void (*print)(FILE *f, void *arg),
                            void *arg, npu_err *err);

/* --solve "METRIC<=VALUE" --for KEY: prints the answer.  *MET tells whether every model has one.
 * Errors: NPU_USAGE. */
npu_status sweep_solve(sweep_session *s, const sweep_options *o, bool *met, npu_err *err);

/* A run over the ranks of MPI.  Errors: NPU_USAGE when built without MPI. */
npu_status sweep_mpi_start(int *rank, npu_err *err);

/* Whether this rank may go on: false when others, but not this one, have failed. */
bool sweep_mpi_agree(bool ok);

/* Gives rank 0's *LIST (malloced) of *N point numbers to all ranks. */
npu_status sweep_mpi_share(uint32_t **list, size_t *n, npu_err *err);

/* On rank 0 like pool_run; other ranks work until there is no more. */
npu_status sweep_mpi_run(const pool_jobs *jobs, npu_err *err);

void sweep_mpi_stop(void);

/* The part of sweep_execute the other ranks do. */
npu_status sweep_assist(sweep_session *s, npu_err *err);

#endif
