/* Holds a board's PMU trace against the model, row by row. */
#ifndef PERF_PMU_COMPARE_H
#define PERF_PMU_COMPARE_H

#include "perf/pmu.h"

typedef struct {
    uint32_t rows, exact;           /* rows compared; equal to the tick */
    double mape_percent, median_percent, p90_percent; /* of |modelled - measured| / measured */
    double total_error_percent;     /* sum of modelled over sum of measured, minus 1 */
} pmu_error;

enum { PMU_LOAD_PLAIN, PMU_LOAD_COMPRESSED, PMU_STORE_PLAIN, PMU_STORE_COMPRESSED, PMU_MOVES,
       PMU_CLASSES };

typedef struct {
    pmu_totals measured;
    pmu_error tdma, tiu, conv, by_class[PMU_CLASSES];
    uint32_t tdma_rows, tiu_rows;   /* in the trace */
    uint32_t tdma_mismatches, tiu_mismatches; /* starts the replay misses, measured durations */
    int64_t measured_ticks, modelled_ticks;   /* first start to last end */
    double end_to_end_error_percent;
    int64_t *modelled;              /* per row of the trace: modelled duration, -1 unknown; owned */
} pmu_report;

/* Compares.  TIU_CYCLES gives per row the modelled cycles of TIU rows, -1 where the shape is not
 * known (the measured time is used then).  PART, when not NULL, holds the commands the trace
 * executed: work, waits and segments come from there.  On success OUT is the caller's, to
 * pmu_report_free.  Errors: NPU_BAD_INPUT (rows that cannot be commands, a trace of another
 * model), NPU_LIMIT. */
npu_status pmu_compare(const pmu_trace *t, const npu_chip *chip, const int64_t *tiu_cycles,
                       const perf_part *part, pmu_report *out, npu_err *err);

void pmu_report_free(pmu_report *r);

/* Reads a table of TIU shapes (desID, type, op, out_c, out_h, out_w, in_c_or_k, kernel, stride) and
 * fills CYCLES[i] for the TIU rows of T it names; the others stay.  Errors: NPU_BAD_INPUT with
 * file and line. */
npu_status pmu_shapes(const char *path, const pmu_trace *t, const npu_chip *chip, int64_t *cycles,
                      npu_err *err);

/* DDR efficiency and latency that fit the trace: medians over the long transfers that DDR bounds,
 * then over the fixed part of the short ones.  Values are keys of chip.def. */
typedef struct {
    double efficiency_load, efficiency_store, latency_load_ns, latency_store_ns;
    uint32_t rows_load, rows_store;
} pmu_fitted;

npu_status pmu_fit(const pmu_trace *t, const npu_chip *chip, pmu_fitted *out, npu_err *err);

/* Work of a TDMA row.  Errors: NPU_BAD_INPUT. */
npu_status pmu_work(const pmu_row *row, const npu_chip *chip, sim_op *op, npu_err *err);

#endif
