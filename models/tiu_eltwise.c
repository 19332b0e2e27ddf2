/* Task type 3: element-wise arithmetic, copies and look-ups.
 *
 * Cost per EU tile, from the chip file; mul, mac and copy of 8 bit were read off the CV1835 trace,
 * the rest are the vendor compiler's estimates. */
#include "models/tiu.h"
#include "models/words.h"
#include "models/work.h"

/* Words per tile beyond the first of an operand whose elements do not lie side by side. */
static double strided_words(const npu_chip *chip, const npu_tiu *t, const npu_opnd *o)
{
    if (o->constant || o->mode != 3 || o->w_str <= o->bytes)
        return 0;
    double outputs = (double)hw_tile(chip, t), span = (outputs - 1) * o->w_str + o->bytes;
    return (double)(uint64_t)((span + HW_WORD - 1) / HW_WORD) - 1;
}

/* Cycles of the tiles: G x t x E, stretched when the result's channels are not word-aligned. */
static void eltwise(const npu_chip *chip, const npu_cmd *cmd, sim_op *op, double e)
{
    const npu_tiu *t = &cmd->u.tiu;
    double word = NPU_GET(chip, elt_strided_word);
    if (cmd->kind == NPU_KIND_MAC)
        word = NPU_GET(chip, elt_strided_word_mac);
    e += word * (strided_words(chip, t, &t->a) + strided_words(chip, t, &t->b));
    if (t->res.mode == 3 && t->res.c_str % HW_WORD && t->res.c > 1)
        e *= NPU_GET(chip, elt_unaligned_factor);
    double tiles = (double)hw_ceil_div((uint64_t)t->res.h * t->res.w, hw_tile(chip, t));
    hw_tiu_set(op, (double)hw_groups(chip, t) * tiles * e, NPU_GET(chip, tiu_elt_fixed));
}

/* 8-bit integers with a 16-bit (two-plane) result. */
static bool wide_result(const npu_tiu *t)
{
    return !t->bf16 && t->res.bytes == 2;
}

/* bf16, or integers read as two byte planes. */
static bool wide_input(const npu_tiu *t)
{
    return t->bf16 || t->a.bytes == 2;
}

void hw_work_MUL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double e = NPU_GET(chip, elt_mul_16);
    if (!t->bf16) {
        e = NPU_GET(chip, elt_mul_8);
        if (wide_result(t))
            e += NPU_GET(chip, elt_mul_8_wide);
        else if (t->round)
            e += NPU_GET(chip, elt_mul_8_round);
    }
    eltwise(chip, cmd, op, e);
}

void hw_work_MAC(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    eltwise(chip, cmd, op,
            cmd->u.tiu.bf16 ? NPU_GET(chip, elt_mac_16) : NPU_GET(chip, elt_mac_8));
}

static void add_sub(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double e = NPU_GET(chip, elt_add_8);
    if (wide_input(t))
        e = t->b.constant ? NPU_GET(chip, elt_add_16_const) : NPU_GET(chip, elt_add_16);
    if (wide_result(t))
        e += NPU_GET(chip, elt_wide_result);
    eltwise(chip, cmd, op, e);
}

void hw_work_ADD(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    add_sub(chip, cmd, op);
}

void hw_work_SUB(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    add_sub(chip, cmd, op);
}

/* max, min, and, or, xor, ge: one pass without arithmetic. */
static void logic(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double e = wide_input(t) ? NPU_GET(chip, elt_logic_16) : NPU_GET(chip, elt_logic_8);
    if (wide_result(t) && !wide_input(t))
        e += NPU_GET(chip, elt_wide_result);
    eltwise(chip, cmd, op, e);
}

void hw_work_MAX(const npu_chip *chip, const npu_cmd *cmd, sim_op *op) { logic(chip, cmd, op); }
void hw_work_MIN(const npu_chip *chip, const npu_cmd *cmd, sim_op *op) { logic(chip, cmd, op); }
void hw_work_AND(const npu_chip *chip, const npu_cmd *cmd, sim_op *op) { logic(chip, cmd, op); }
void hw_work_OR(const npu_chip *chip, const npu_cmd *cmd, sim_op *op) { logic(chip, cmd, op); }
void hw_work_XOR(const npu_chip *chip, const npu_cmd *cmd, sim_op *op) { logic(chip, cmd, op); }
void hw_work_GE(const npu_chip *chip, const npu_cmd *cmd, sim_op *op) { logic(chip, cmd, op); }

void hw_work_SHIFT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    eltwise(chip, cmd, op,
            NPU_GET(chip, elt_shift) + (wide_result(t) ? NPU_GET(chip, elt_wide_result) : 0));
}

void hw_work_COPY(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    eltwise(chip, cmd, op,
            wide_input(&cmd->u.tiu) ? NPU_GET(chip, elt_copy_16) : NPU_GET(chip, elt_copy_8));
}

/* The table passes through each lane row by row, 16 entries or 8 bf16 entries at a time. */
void hw_work_LUT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    eltwise(chip, cmd, op, NPU_GET(chip, elt_lut_base) + cmd->u.tiu.b.h);
}

void hw_work_MDSUM(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    eltwise(chip, cmd, op, NPU_GET(chip, elt_mdsum));
}
