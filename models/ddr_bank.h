/* Bank model of a DRAM system: banks, rows, bank groups, refresh, read/write turn-round.
 *
 * Requests enter in order, at most one burst per clock; each channel issues at most one command per
 * clock.  Pages stay open.  What it does not know: power-down, several ranks, on-chip networks. */
#ifndef MODELS_DDR_BANK_H
#define MODELS_DDR_BANK_H

#include <stdbool.h>

#include "models/ddr_spec.h"

typedef struct {            /* consecutive bytes one master asks for */
    uint64_t addr, bytes;
    bool write;
} hw_ddr_run;

/* Gives the next run; false when there is none.  STATE is the source's. */
typedef bool hw_ddr_source(void *state, hw_ddr_run *run);

typedef struct {
    uint64_t clocks;        /* until the last data has moved */
    uint64_t first;         /* clock at which the first burst was complete */
    uint64_t bursts, useful_bytes;
    uint64_t activates, conflicts, refreshes; /* CONFLICTS: rows closed for another row */
    uint64_t mid_clock, mid_bursts; /* when half of LIMIT bursts had moved */
    bool cut;               /* LIMIT ended the run */
} hw_bank_result;

/* Moves what SOURCE gives, at most LIMIT bursts (0: all), on an idle system with closed rows.
 * REFRESH false leaves refreshes out.  Errors: NPU_LIMIT. */
npu_status hw_bank_run(const hw_ddr_system *s, hw_ddr_source *source, void *state, uint64_t limit,
                       bool refresh, hw_bank_result *out, npu_err *err);

/* Useful bytes over what the bus could move in the time. */
double hw_bank_fraction(const hw_ddr_system *s, const hw_bank_result *r);

#endif
