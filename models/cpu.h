/* Cost of CPU routines: an estimate from the chip file's CPU section, never a measurement. */
#ifndef MODELS_CPU_H
#define MODELS_CPU_H

#include "npusim/chip.h"

/* Ticks of CPU function NAME over INPUTS and OUTPUTS elements.  Errors: NPU_UNSUPPORTED for a
 * function nobody gave a cost (lists the known ones; cpu.other_cycles gives one). */
npu_status hw_cpu_ticks(const npu_chip *chip, const char *name, uint64_t inputs, uint64_t outputs,
                        int64_t *ticks, npu_err *err);

#endif
