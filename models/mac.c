/* MAC array: convolution and matrix product.
 *
 * Lanes take output channels and EUs take output positions, so a tile narrower than the array
 * costs a whole pass. */
#include <math.h>

#include "models/tiu.h"
#include "models/work.h"

void hw_tiu_set(sim_op *op, double cycles, double fixed)
{
    double total = ceil(cycles) + fixed;
    op->cycles = total <= HW_CYCLES_MAX ? (int64_t)total : -1;
    op->fixed = (uint32_t)fixed;
}

double hw_ps32_cycles(const npu_chip *chip, const npu_tiu *t)
{
    if (t->ps32 == 3)
        return NPU_GET(chip, tiu_ps32_both);
    return t->ps32 ? NPU_GET(chip, tiu_ps32_one) : 0;
}

/* Result stage of one tile: bias, shift, partial sums. */
static double result_stage(const npu_chip *chip, const npu_tiu *t)
{
    double c = hw_ps32_cycles(chip, t);
    if (t->ps32 & 2) /* raw sums are written: neither bias nor shift */
        return c;
    if (t->bias && !t->quant)
        c += NPU_GET(chip, tiu_bias_cycles);
    if (t->bf16)
        return c + NPU_GET(chip, tiu_shift_cycles_bf16);
    return c + (t->quant ? NPU_GET(chip, tiu_shift_cycles_q)
                         : NPU_GET(chip, tiu_shift_cycles_int8));
}

double hw_fetch_words(const npu_chip *chip, const npu_tiu *t, double outputs)
{
    double bytes = t->bf16 ? 2 : 1;
    double span = (outputs - 1) * t->stride_w / (t->ins_w + 1) * bytes + bytes;
    return 1 + (span - 1) / NPU_GET(chip, tpu_eu_bytes);
}

void hw_work_CONV(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double ic = t->a.c, kernel = (double)t->b.h * t->b.w;
    double per_cycle = !t->bf16 && t->double_conv ? NPU_GET(chip, tpu_int8_channels) : 1;
    double position = ceil(ic / per_cycle);
    /* Input channels live one per lane and each lane delivers one word per cycle. */
    double fetch = ceil(ic / NPU_GET(chip, tpu_lanes)) *
                   hw_fetch_words(chip, t, (double)hw_tile(chip, t));
    if ((kernel > 1 || t->stride_w > 1) && fetch > position) {
        position = fetch;
        op->cause = NPU_CAUSE_LMEM;
    }
    double loop = kernel * position + result_stage(chip, t);
    if (t->quant && !t->bf16 && loop < NPU_GET(chip, tiu_quant_loop_min))
        loop = NPU_GET(chip, tiu_quant_loop_min);
    double tiles = (double)hw_ceil_div((uint64_t)t->res.h * t->res.w, hw_tile(chip, t));
    hw_tiu_set(op, (double)hw_groups(chip, t) * tiles * loop,
               t->quant ? NPU_GET(chip, tiu_conv_fixed_q) : NPU_GET(chip, tiu_conv_fixed));
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.h * t->res.w * t->a.c * t->b.h * t->b.w;
}

void hw_work_MATMUL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double rows = t->b.n; /* K: rows of the right matrix */
    double loop = rows + result_stage(chip, t);
    if (t->accumulate)
        loop += NPU_GET(chip, tiu_fc_accumulate);
    double tiles = (double)hw_ceil_div(t->res.w, hw_tile(chip, t));
    bool raw = t->ps32 & 2;
    hw_tiu_set(op, (double)hw_groups(chip, t) * tiles * loop,
               t->quant && !raw ? NPU_GET(chip, tiu_fc_fixed_q) : NPU_GET(chip, tiu_fc_fixed));
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.w * t->b.n;
}
