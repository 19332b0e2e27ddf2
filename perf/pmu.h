/* PMU traces of the CVITEK runtime (<name>_des.csv): one row per executed command.
 *
 * Columns and totals as the vendor's PMU dump writes them; times are TPU ticks of one counter,
 * event1 counts 16-byte DDR beats, addresses are printed "0x" + decimal digits. */
#ifndef PERF_PMU_H
#define PERF_PMU_H

#include <stdio.h>

#include "npusim/cmd.h"
#include "npusim/profile.h"
#include "perf/program.h"

typedef enum { PMU_LOAD = 1, PMU_STORE = 2, PMU_MOVE = 3, PMU_TIU = 4 } pmu_type;

typedef struct {
    pmu_type type;
    uint32_t line;            /* in the file, from 1; 0 for rows we made */
    uint32_t id;              /* desID */
    uint64_t bursts, beats;   /* event0, event1 */
    int64_t start, end;       /* ticks, unwrapped */
    uint32_t layer;
    bool compressed;          /* from the description */
    char description[64];     /* desType */
    npu_cmd cmd;              /* TDMA rows: the command the columns describe */
} pmu_row;

typedef struct {
    pmu_row *row;
    uint32_t n, capacity;
} pmu_trace;

/* Reads a _des.csv.  On success OUT is the caller's, to pmu_free.  Errors: NPU_BAD_INPUT with file,
 * line and column (missing column, not a number, end before start, unknown type). */
npu_status pmu_read(const char *path, pmu_trace *out, npu_err *err);

/* The rows a board's PMU would have written for this run.  TRACE and G belong together. */
npu_status pmu_from_trace(const perf_prog *g, const npu_chip *chip, const npu_trace *trace,
                          pmu_trace *out, npu_err *err);

void pmu_free(pmu_trace *t); /* frees the rows, not T */

typedef struct {              /* the vendor's "inference total info" */
    int64_t tdma_tick, tiu_tick, inference_tick;
    uint64_t load_bytes, store_bytes;
    uint32_t loads, stores, moves, tius;
} pmu_totals;

pmu_totals pmu_sum(const pmu_trace *t);

/* Vendor's tables and block, byte-compatible with its parsers. */
void pmu_write_des(const pmu_trace *t, FILE *out);
void pmu_write_layer(const pmu_trace *t, double tick_hz, FILE *out);
void pmu_print_totals(const char *chip, double tick_hz, const pmu_totals *t, FILE *out);

#endif
