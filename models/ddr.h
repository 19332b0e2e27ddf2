/* One interface for the ways to time DDR transfers.
 *
 * ddr.model analytic: the calibrated figures of timing.h.  ddr.model bank: the DDR part of each
 * transfer comes from the bank model, run on the command's own bursts.  With masters, either is
 * stretched by what they leave at that time.  What does not touch the DDR never changes. */
#ifndef MODELS_DDR_H
#define MODELS_DDR_H

#include "models/ddr_masters.h"
#include "models/ddr_spec.h"
#include "models/timing.h"
#include "npusim/cmd.h"

typedef struct hw_ddr hw_ddr;

/* The DDR of CHIP as it is set now, beside MASTERS but number SKIP (-1: all of them); MASTERS may
 * be NULL.  Both are borrowed.  On success *out is the caller's, to hw_ddr_close.  Errors:
 * NPU_USAGE (DRAM data file, bus width), NPU_LIMIT. */
npu_status hw_ddr_open(const npu_chip *chip, const hw_masters *masters, int skip, hw_ddr **out,
                       npu_err *err);
void hw_ddr_close(hw_ddr *d); /* accepts NULL */

/* A machine over D for the commands CMD (borrowed): op.cmd counts in them. */
sim_machine hw_ddr_machine(hw_ddr *d, const npu_cmd *cmd);

/* Whether a run met an error the cost function could not report (memory). */
npu_status hw_ddr_check(const hw_ddr *d, npu_err *err);

/* The bank model's system for CHIP.  Errors: NPU_USAGE. */
npu_status hw_ddr_system_for(const npu_chip *chip, hw_ddr_system *out, npu_err *err);

#endif
