/* Back end for cv181x: a sub-graph as CV18xx command buffers in a .cvimodel.
 *
 * net -> operators of the tensor unit (cvi_ops.c) -> weights (cvi_weights.c) -> groups of
 * operators that pass tiles through local memory (cvi_plan.c asks the simulator which groups are
 * fastest) -> addresses in DDR (cvi_ddr.c) -> commands with their waits (cvi_walk.c) -> bits
 * (cvi_encode.c) -> container (cvi_model.c). */
#ifndef COMPILER_CVI_H
#define COMPILER_CVI_H

#include "compiler/net.h"
#include "npusim/chip.h"
#include "npusim/model.h"

/* Appends a TPU routine, its tensors and weights and a CMDBUF section for NET to M, and a program
 * when M has none.  Commands are int8: 4-byte maps become int8 ones.  Errors: NPU_UNSUPPORTED
 * (layer by name and why), NPU_LIMIT (a tile that does not fit local memory: which, bytes found
 * and allowed). */
npu_status cvi_emit(const cc_net *net, const cc_options *o, const npu_chip *chip, npu_model *m,
                    npu_err *err);

#endif
