/* What a command asks of the hardware: one pure function per instruction.
 *
 * The compiler and the simulator ask the same functions.  Formulas: sophgo/tpu_compiler
 * (LayerGroup/TiuCycle, TdmaCycle) and tpu-mlir (CV18xx_profiling) where the vendor's are right,
 * our fit to a CV1835 trace where they are not; each constant's origin is in the chip file. */
#ifndef MODELS_WORK_H
#define MODELS_WORK_H

#include "npusim/chip.h"
#include "npusim/cmd.h"
#include "sim/op.h"

/* Longest command accepted, in cycles: local memory holds no operands for more. */
#define HW_CYCLES_MAX ((double)((int64_t)1 << 40))

/* Fills the work of CMD into OP (macs, cycles, fixed, beats, words, unit, kind, cause, setup);
 * cmd, wait, segment and queue are the caller's.  Errors: NPU_BAD_INPUT when the shapes cannot fit
 * the chip. */
npu_status hw_work(const npu_chip *chip, const npu_cmd *cmd, sim_op *op, npu_err *err);

/* Rows of insn.def; a kind without its function does not link. */
#define HW_WORK_TIU(id) void hw_work_##id(const npu_chip *, const npu_cmd *, sim_op *);
#define HW_WORK_TDMA(id) void hw_work_##id(const npu_chip *, const npu_cmd *, sim_op *);
#define HW_WORK_CPU(id)
#define K(id, mnemonic, engine, cause, title) HW_WORK_##engine(id)
#include "npusim/insn.def"
#undef HW_WORK_TIU
#undef HW_WORK_TDMA
#undef HW_WORK_CPU

/* Multiply-accumulates per cycle the MAC array reaches at most: int8 or bf16. */
double hw_peak_macs(const npu_chip *chip, bool bf16);

#endif
