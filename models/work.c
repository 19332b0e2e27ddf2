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

/* A plane of the result and, for windows, of the input lies in one lane.  What does not fit cannot
 * be a command, whatever its formula would say. */
static npu_status check_planes(const npu_chip *chip, const npu_cmd *cmd, npu_err *err)
{
    const npu_tiu *t = &cmd->u.tiu;
    double lane = NPU_GET(chip, lmem_lane_bytes), res = (double)t->res.h * t->res.w;
    double in = cmd->kind <= NPU_KIND_MINPOOL ? (double)t->a.h * t->a.w : 0;
    double kernel = cmd->kind <= NPU_KIND_MINPOOL ? (double)t->b.h * t->b.w : 0;
    double worst = res > in ? res : in;
    worst = kernel > worst ? kernel : worst;
    if (worst <= lane)
        return NPU_OK;
    return npu_fail(err, NPU_BAD_INPUT,
                    "%s: fields %s give a plane of %.0f elements, a lane of local memory holds "
                    "%.0f bytes", npu_kind_table[cmd->kind].mnemonic,
                    worst == res ? "res0_h, res0_w" : worst == in ? "opd0_h, opd0_w"
                                                                  : "opd1_h, opd1_w", worst, lane);
}

npu_status hw_work(const npu_chip *chip, const npu_cmd *cmd, sim_op *op, npu_err *err)
{
    op->macs = 0;
    op->cycles = 0;
    op->fixed = op->beats_in = op->beats_out = op->words = 0;
    op->kind = cmd->kind;
    op->cause = (uint8_t)table[cmd->kind].cause;
    op->setup = SIM_SETUP_NONE;
    op->unit = NPU_UNIT_TIU;
    if (cmd->engine == NPU_ENGINE_TIU && chip->isa != NPU_ISA_BPU_1)
        NPU_TRY(check_planes(chip, cmd, err));
    table[cmd->kind].fn(chip, cmd, op);
    if (op->cycles < 0)
        return npu_fail(err, NPU_BAD_INPUT,
                        "%s: shapes that would take more than 2^40 cycles or 2^32 words; on-chip "
                        "memory holds no such operands", npu_kind_table[cmd->kind].mnemonic);
    return NPU_OK;
}

double hw_peak_macs(const npu_chip *chip, bool bf16)
{
    if (chip->isa == NPU_ISA_BPU_1)
        return NPU_GET(chip, bpu_macs);
    double lanes = NPU_GET(chip, tpu_lanes), eu = NPU_GET(chip, tpu_eu_bytes);
    return bf16 ? lanes * eu / 2 : lanes * eu * NPU_GET(chip, tpu_int8_channels);
}
