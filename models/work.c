/* Dispatch over insn.def; see work.h. */
#include "models/work.h"

#include <string.h>

typedef void work_fn(const npu_chip *, const npu_cmd *, sim_op *);

static const struct {
    work_fn *fn;
    npu_cause cause;
} table[NPU_KINDS] = {
#define WORK_TIU(id) hw_work_##id
#define WORK_TDMA(id) hw_work_##id
#define WORK_CPU(id) NULL
#define K(id, mnemonic, engine, cause, title) {WORK_##engine(id), NPU_CAUSE_##cause},
#include "npusim/insn.def"
#undef WORK_TIU
#undef WORK_TDMA
#undef WORK_CPU
};

npu_status hw_work(const npu_chip *chip, const npu_cmd *cmd, sim_op *op, npu_err *err)
{
    op->macs = 0;
    op->cycles = 0;
    op->fixed = op->beats_in = op->beats_out = op->words = 0;
    op->kind = cmd->kind;
    op->cause = (uint8_t)table[cmd->kind].cause;
    op->setup = SIM_SETUP_NONE;
    op->unit = NPU_UNIT_TIU;
    table[cmd->kind].fn(chip, cmd, op);
    if (op->cycles < 0)
        return npu_fail(err, NPU_BAD_INPUT,
                        "%s: shapes that would take more than 2^40 cycles or 2^32 words; local "
                        "memory of %g B x %g lanes holds no such operands",
                        npu_kind_table[cmd->kind].mnemonic, NPU_GET(chip, lmem_lane_bytes),
                        NPU_GET(chip, tpu_lanes));
    return NPU_OK;
}

double hw_peak_macs(const npu_chip *chip, bool bf16)
{
    double lanes = NPU_GET(chip, tpu_lanes), eu = NPU_GET(chip, tpu_eu_bytes);
    return bf16 ? lanes * eu / 2 : lanes * eu * NPU_GET(chip, tpu_int8_channels);
}
