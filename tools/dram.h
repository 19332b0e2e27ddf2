/* The bank model against bandwidths other DRAM simulators were measured with. */
#ifndef TOOLS_DRAM_H
#define TOOLS_DRAM_H

#include <stdio.h>

#include "models/ddr_gen.h"

typedef struct {
    char simulator[24], config[48];
    hw_gen trace;
    hw_ddr_system system;   /* set as that simulator was: standard, mapping, scheduler, window */
    double reference, ours; /* useful bytes over time x peak; OURS after dram_simulate */
    bool better;            /* the mapping of this simulator and memory with the faster seq_rd */
} dram_point;

/* Reads a CSV of measured points (columns simulator, memory, bus_bits, config, window, trace,
 * useful_fraction_of_peak, tCK_ns; others are passed over).  On success *out is the caller's
 * (free).  Errors: NPU_BAD_INPUT with the line, NPU_USAGE, NPU_LIMIT. */
npu_status dram_read(const char *path, dram_point **out, size_t *n, npu_err *err);

/* Fills in OURS; only every RUNS-th part of each trace runs (1: all of it).  Errors: NPU_LIMIT. */
npu_status dram_simulate(dram_point *p, size_t n, unsigned part, npu_err *err);

/* Allowed difference of a point, in shares of the peak: 0.05 sequential, 0.10 others. */
double dram_allowed(const dram_point *p);

/* Writes every point of file PATH as Markdown; *outside counts points of the better mappings
 * beyond what is allowed. */
npu_status dram_table(FILE *f, const char *path, size_t *outside, npu_err *err);

#endif
