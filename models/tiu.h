/* What the TIU families share: the walk over lanes and output tiles. */
#ifndef MODELS_TIU_H
#define MODELS_TIU_H

#include <stdint.h>

#include "npusim/chip.h"
#include "npusim/cmd.h"
#include "sim/op.h"

static inline uint64_t hw_ceil_div(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

/* Outputs an EU tile holds: 16 of 8 bit, 8 of bf16. */
static inline uint64_t hw_tile(const npu_chip *chip, const npu_tiu *t)
{
    return (uint64_t)NPU_GET(chip, tpu_eu_bytes) / (t->bf16 ? 2 : 1);
}

/* Lane that holds channel 0 of an operand. */
static inline uint64_t hw_lane(const npu_chip *chip, uint32_t addr)
{
    return addr / (uint64_t)NPU_GET(chip, lmem_lane_bytes) % (uint64_t)NPU_GET(chip, tpu_lanes);
}

/* Groups of lanes the result passes through: n x channels per lane, first lane included. */
static inline uint64_t hw_groups(const npu_chip *chip, const npu_tiu *t)
{
    uint64_t lanes = (uint64_t)NPU_GET(chip, tpu_lanes);
    return t->res.n * hw_ceil_div(hw_lane(chip, t->res.addr) + t->res.c, lanes);
}

/* Cycles of the result stage for partial sums: none, one way, both ways. */
double hw_ps32_cycles(const npu_chip *chip, const npu_tiu *t);

/* Words OUTPUTS neighbouring outputs touch on average in an input row: they lie STRIDE apart on an
 * input stretched by inserted zeros, at any offset in a word.  Fitted on a 7x7 stride-2
 * convolution of the CV1835 trace (+3 %) and confirmed by a whole 2-lane model. */
double hw_fetch_words(const npu_chip *chip, const npu_tiu *t, double outputs);

/* Stores CYCLES + FIXED (rounded up) in OP; marks it impossible beyond HW_CYCLES_MAX. */
void hw_tiu_set(sim_op *op, double cycles, double fixed);

#endif
