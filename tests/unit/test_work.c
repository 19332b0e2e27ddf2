/* Cycles of TIU commands, worked out by hand.
 *
 * Every expectation is G x t x loop + fixed: G groups of lanes, t tiles of 16 outputs (8 of bf16),
 * loop cycles per tile.  Shapes are literal, per-tile and fixed cycles are the chip file's. */
#include <math.h>
#include <string.h>

#include "models/work.h"
#include "tests/unit/unit.h"

static npu_chip *chip; /* 32 lanes unless a test loads another */

static void use(const char *name)
{
    npu_err err = {0};
    npu_chip_free(chip);
    ck_assert_msg(npu_chip_load(name, &chip, &err) == NPU_OK, "%s", err.text);
}

static void setup(void)
{
    use("cv183x");
}

static void teardown(void)
{
    npu_chip_free(chip);
    chip = NULL;
}

#define C(id) NPU_GET(chip, id)

/* A command that makes C x H x W out of IC channels with a K x K kernel and stride S. */
static npu_cmd shaped(npu_kind kind, unsigned c, unsigned h, unsigned w, unsigned ic, unsigned k,
                      unsigned s)
{
    npu_cmd cmd = {.engine = NPU_ENGINE_TIU, .kind = (uint8_t)kind};
    npu_tiu *t = &cmd.u.tiu;
    t->res = (npu_opnd){.n = 1, .c = (uint16_t)c, .h = (uint16_t)h, .w = (uint16_t)w, .bytes = 1};
    t->a = (npu_opnd){.n = 1, .c = (uint16_t)ic, .h = (uint16_t)((h - 1) * s + k),
                      .w = (uint16_t)((w - 1) * s + k), .bytes = 1};
    t->b = (npu_opnd){.n = (uint16_t)ic, .c = (uint16_t)c, .h = (uint16_t)k, .w = (uint16_t)k,
                      .bytes = 1};
    t->stride_h = t->stride_w = (uint8_t)s;
    t->dil_h = t->dil_w = 1;
    t->double_conv = kind == NPU_KIND_CONV;
    return cmd;
}

static npu_cmd quantised(npu_cmd c)
{
    c.u.tiu.quant = c.u.tiu.bias = true;
    return c;
}

static npu_cmd bf16(npu_cmd c)
{
    c.u.tiu.bf16 = true;
    c.u.tiu.res.bytes = c.u.tiu.a.bytes = c.u.tiu.b.bytes = 2;
    return c;
}

static sim_op work(npu_cmd c)
{
    sim_op op = {0};
    npu_err err = {0};
    ck_assert_msg(hw_work(chip, &c, &op, &err) == NPU_OK, "%s", err.text);
    ck_assert_int_eq(op.unit, NPU_UNIT_TIU);
    ck_assert_int_eq(op.kind, c.kind);
    return op;
}

/* The command takes ceil(GROUPS x TILES x LOOP) + FIXED cycles. */
static void must_take(npu_cmd c, double groups, double tiles, double loop, double fixed)
{
    sim_op op = work(c);
    int64_t want = (int64_t)(ceil(groups * tiles * loop) + fixed);
    ck_assert_msg(op.cycles == want, "%s: %lld cycles instead of %lld",
                  npu_kind_table[c.kind].mnemonic, (long long)op.cycles, (long long)want);
    ck_assert_uint_eq(op.fixed, (uint32_t)fixed);
}

/* --- convolution ------------------------------------------------------------------------------ */

START_TEST(a_quantised_convolution)
{
    /* 64 outputs on 32 lanes: 2 groups; 28 x 56 / 16 = 98 tiles; 64 inputs, 2 per cycle: 32 */
    npu_cmd c = quantised(shaped(NPU_KIND_CONV, 64, 28, 56, 64, 1, 1));
    must_take(c, 2, 98, 32 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    ck_assert_uint_eq(work(c).macs, 64 * 28 * 56 * 64);
    ck_assert_int_eq(work(c).cause, NPU_CAUSE_MAC);
    /* 3 x 3: nine times the inner loop */
    c = quantised(shaped(NPU_KIND_CONV, 64, 28, 56, 64, 3, 1));
    must_take(c, 2, 98, 9 * 32 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    ck_assert_uint_eq(work(c).macs, UINT64_C(64) * 28 * 56 * 64 * 9);
    /* an image more doubles the groups */
    c.u.tiu.res.n = 2;
    must_take(c, 4, 98, 9 * 32 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    /* without the double-channel bit one input per cycle */
    c.u.tiu.double_conv = false;
    must_take(c, 4, 98, 9 * 64 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
}
END_TEST

START_TEST(partly_filled_lanes_and_tiles_cost_whole_ones)
{
    /* 33 channels: 2 groups; 5 x 5 = 25 outputs: 2 tiles; 17 inputs: 9 pairs */
    npu_cmd c = quantised(shaped(NPU_KIND_CONV, 33, 5, 5, 17, 3, 1));
    must_take(c, 2, 2, 9 * 9 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    /* 16 channels from lane 20 on reach lane 35: 2 groups, from lane 16 on only 1 */
    c = quantised(shaped(NPU_KIND_CONV, 16, 4, 4, 32, 3, 1));
    c.u.tiu.res.addr = 20 * (uint32_t)C(lmem_lane_bytes) + 64;
    must_take(c, 2, 1, 9 * 16 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    c.u.tiu.res.addr = 16 * (uint32_t)C(lmem_lane_bytes) + 64;
    must_take(c, 1, 1, 9 * 16 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
}
END_TEST

START_TEST(requantisation_needs_its_cycles_per_tile)
{
    /* pairs + 1 below the minimum are stretched to it: 28 / 2 + 1 = 15, 30 / 2 + 1 = 16, 17 */
    ck_assert(C(tiu_quant_loop_min) == 16 && C(tiu_shift_cycles_q) == 1);
    must_take(quantised(shaped(NPU_KIND_CONV, 32, 4, 8, 2, 1, 1)), 1, 2, 16, C(tiu_conv_fixed_q));
    must_take(quantised(shaped(NPU_KIND_CONV, 32, 4, 8, 28, 1, 1)), 1, 2, 16, C(tiu_conv_fixed_q));
    must_take(quantised(shaped(NPU_KIND_CONV, 32, 4, 8, 30, 1, 1)), 1, 2, 16, C(tiu_conv_fixed_q));
    must_take(quantised(shaped(NPU_KIND_CONV, 32, 4, 8, 32, 1, 1)), 1, 2, 17, C(tiu_conv_fixed_q));
    /* without quantisation there is no such limit */
    must_take(shaped(NPU_KIND_CONV, 32, 4, 8, 2, 1, 1), 1, 2, 1 + C(tiu_shift_cycles_int8),
              C(tiu_conv_fixed));
}
END_TEST

START_TEST(bias_shift_and_partial_sums_add_up)
{
    npu_cmd c = shaped(NPU_KIND_CONV, 32, 4, 4, 32, 3, 1);
    double inner = 9 * 16, shift = C(tiu_shift_cycles_int8);
    must_take(c, 1, 1, inner + shift, C(tiu_conv_fixed));
    c.u.tiu.bias = true;
    must_take(c, 1, 1, inner + shift + C(tiu_bias_cycles), C(tiu_conv_fixed));
    c.u.tiu.ps32 = 1; /* adds stored sums and finishes */
    must_take(c, 1, 1, inner + shift + C(tiu_bias_cycles) + C(tiu_ps32_one), C(tiu_conv_fixed));
    c.u.tiu.ps32 = 2; /* writes raw sums: neither bias nor shift */
    must_take(c, 1, 1, inner + C(tiu_ps32_one), C(tiu_conv_fixed));
    c.u.tiu.ps32 = 3;
    must_take(c, 1, 1, inner + C(tiu_ps32_both), C(tiu_conv_fixed));
}
END_TEST

START_TEST(bf16_convolves_at_a_quarter)
{
    /* tiles of 8: 28 x 56 / 8 = 196; one input per cycle although the double bit is set */
    npu_cmd c = bf16(shaped(NPU_KIND_CONV, 64, 28, 56, 64, 3, 1));
    must_take(c, 2, 196, 9 * 64 + C(tiu_shift_cycles_bf16), C(tiu_conv_fixed));
    c.u.tiu.bias = true;
    must_take(c, 2, 196, 9 * 64 + C(tiu_shift_cycles_bf16) + C(tiu_bias_cycles), C(tiu_conv_fixed));
    ck_assert(hw_peak_macs(chip, false) == 32 * 16 * 2 && hw_peak_macs(chip, true) == 32 * 8);
}
END_TEST

/* 16 outputs of stride s span 15 s + 1 bytes, on average 1 + 15 s / 16 words. */
START_TEST(few_lanes_starve_the_array_of_operands)
{
    use("cv180x"); /* 2 lanes: 32 inputs are 16 rows of lanes */
    ck_assert(C(tpu_lanes) == 2);
    npu_cmd c = quantised(shaped(NPU_KIND_CONV, 2, 4, 4, 32, 3, 1));
    must_take(c, 1, 1, 9 * 16 * (1 + 15 / 16.0) + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    ck_assert_int_eq(work(c).cause, NPU_CAUSE_LMEM);
    /* 1 x 1 reads aligned words: not bound */
    c = quantised(shaped(NPU_KIND_CONV, 2, 4, 4, 32, 1, 1));
    must_take(c, 1, 1, 16 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    ck_assert_int_eq(work(c).cause, NPU_CAUSE_MAC);
    /* but 1 x 1 of stride 2 is */
    c = quantised(shaped(NPU_KIND_CONV, 2, 4, 4, 32, 1, 2));
    must_take(c, 1, 1, 16 * (1 + 30 / 16.0) + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    use("cv181x"); /* 8 lanes: 4 rows x 1.94 words are less than the 16 pairs */
    must_take(quantised(shaped(NPU_KIND_CONV, 8, 4, 4, 32, 3, 1)), 1, 1,
              9 * 16 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
}
END_TEST

START_TEST(a_first_layer_is_bound_by_its_operands)
{
    /* 7 x 7 stride 2 of 3 channels on 32 lanes: 2 pairs, but 1 + 30 / 16 = 2.875 words */
    npu_cmd c = quantised(shaped(NPU_KIND_CONV, 64, 16, 16, 3, 7, 2));
    must_take(c, 2, 16, 49 * 2.875 + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    ck_assert_int_eq(work(c).cause, NPU_CAUSE_LMEM);
    /* zeros between the columns bring the outputs together: 15 / 2 + 1 bytes */
    c = quantised(shaped(NPU_KIND_CONV, 32, 4, 4, 2, 5, 1));
    c.u.tiu.ins_w = 1;
    must_take(c, 1, 1, 25 * (1 + 7.5 / 16) + C(tiu_shift_cycles_q), C(tiu_conv_fixed_q));
    /* bf16: 8 outputs of 2 bytes span 16 bytes */
    must_take(bf16(shaped(NPU_KIND_CONV, 32, 4, 4, 1, 3, 1)), 1, 2,
              9 * (1 + 15 / 16.0) + C(tiu_shift_cycles_bf16), C(tiu_conv_fixed));
}
END_TEST

/* --- matrix product --------------------------------------------------------------------------- */

static npu_cmd product(unsigned rows, unsigned k, unsigned columns)
{
    npu_cmd c = shaped(NPU_KIND_MATMUL, (columns + 15) / 16, 1, 16, 1, 1, 1);
    c.u.tiu.res.n = (uint16_t)rows;
    c.u.tiu.b.n = (uint16_t)k;
    return c;
}

START_TEST(a_matrix_product_and_its_partial_sums)
{
    /* 1000 columns: 63 slices of 16 on 32 lanes, 2 groups; K = 2048 rows */
    npu_cmd c = quantised(product(1, 2048, 1000));
    must_take(c, 2, 1, 2048 + C(tiu_shift_cycles_q), C(tiu_fc_fixed_q));
    ck_assert_uint_eq(work(c).macs, 63 * 16 * 2048);
    c.u.tiu.ps32 = 1; /* the last part adds the stored sums: K + 77 on the trace, one group */
    must_take(c, 2, 1, 2048 + C(tiu_shift_cycles_q) + C(tiu_ps32_one), C(tiu_fc_fixed_q));
    c.u.tiu.ps32 = 2; /* the first part writes them: K + 52 on the trace */
    must_take(c, 2, 1, 2048 + C(tiu_ps32_one), C(tiu_fc_fixed));
    c = product(3, 100, 512); /* 3 rows, one group each, not quantised */
    must_take(c, 3, 1, 100 + C(tiu_shift_cycles_int8), C(tiu_fc_fixed));
    c.u.tiu.accumulate = true;
    must_take(c, 3, 1, 100 + C(tiu_shift_cycles_int8) + C(tiu_fc_accumulate), C(tiu_fc_fixed));
    ck_assert(C(tiu_fc_fixed_q) + C(tiu_shift_cycles_q) + C(tiu_ps32_one) == 77);
    ck_assert(C(tiu_fc_fixed) + C(tiu_ps32_one) == 52);
}
END_TEST

START_TEST(a_bf16_product_has_tiles_of_8)
{
    npu_cmd c = bf16(product(1, 100, 512));
    must_take(c, 1, 2, 100 + C(tiu_shift_cycles_bf16), C(tiu_fc_fixed));
}
END_TEST

/* --- element-wise ----------------------------------------------------------------------------- */

/* T = G x t x E + fixed for a 40 x 9 x 15 tensor: 2 groups, 9 tiles of 16 (17 of 8). */
static void must_cost(npu_cmd c, double e)
{
    must_take(c, 2, c.u.tiu.bf16 ? 17 : 9, e, C(tiu_elt_fixed));
}

static npu_cmd elt(npu_kind kind)
{
    return shaped(kind, 40, 9, 15, 40, 1, 1);
}

START_TEST(products_by_result_and_rounding)
{
    npu_cmd c = elt(NPU_KIND_MUL);
    must_cost(c, C(elt_mul_8));
    c.u.tiu.round = true;
    must_cost(c, C(elt_mul_8) + C(elt_mul_8_round));
    c.u.tiu.res.bytes = 2; /* 16 bit: the round bit does not matter */
    must_cost(c, C(elt_mul_8) + C(elt_mul_8_wide));
    ck_assert(C(elt_mul_8) + C(elt_mul_8_wide) == 3.5); /* the trace */
    must_cost(bf16(elt(NPU_KIND_MUL)), C(elt_mul_16));
    must_cost(elt(NPU_KIND_MAC), C(elt_mac_8));
    must_cost(bf16(elt(NPU_KIND_MAC)), C(elt_mac_16));
}
END_TEST

START_TEST(half_cycles_round_up_once)
{
    /* 1 group x 3 tiles x 2.5 = 7.5 */
    npu_cmd c = shaped(NPU_KIND_COPY, 32, 3, 16, 32, 1, 1);
    ck_assert(C(elt_copy_8) == 2.5);
    ck_assert_int_eq(work(c).cycles, 8 + (int64_t)C(tiu_elt_fixed));
}
END_TEST

START_TEST(sums_differences_and_the_rest)
{
    static const npu_kind sums[] = {NPU_KIND_ADD, NPU_KIND_SUB};
    static const npu_kind logic[] = {NPU_KIND_MAX, NPU_KIND_MIN, NPU_KIND_AND, NPU_KIND_OR,
                                     NPU_KIND_XOR, NPU_KIND_GE};
    for (int i = 0; i < 2; i++) {
        npu_cmd c = elt(sums[i]);
        must_cost(c, C(elt_add_8));
        c.u.tiu.res.bytes = 2;
        must_cost(c, C(elt_add_8) + C(elt_wide_result));
        c.u.tiu.a.bytes = 2;
        must_cost(c, C(elt_add_16) + C(elt_wide_result));
        c = bf16(elt(sums[i]));
        must_cost(c, C(elt_add_16));
        c.u.tiu.b.constant = true;
        must_cost(c, C(elt_add_16_const));
    }
    for (int i = 0; i < 6; i++) {
        npu_cmd c = elt(logic[i]);
        must_cost(c, C(elt_logic_8));
        c.u.tiu.res.bytes = 2;
        must_cost(c, C(elt_logic_8) + C(elt_wide_result));
        must_cost(bf16(elt(logic[i])), C(elt_logic_16));
        ck_assert_int_eq(work(c).cause, NPU_CAUSE_VECTOR);
    }
    npu_cmd shift = elt(NPU_KIND_SHIFT);
    must_cost(shift, C(elt_shift));
    shift.u.tiu.res.bytes = 2;
    must_cost(shift, C(elt_shift) + C(elt_wide_result));
    must_cost(elt(NPU_KIND_COPY), C(elt_copy_8));
    must_cost(bf16(elt(NPU_KIND_COPY)), C(elt_copy_16));
    must_cost(elt(NPU_KIND_MDSUM), C(elt_mdsum));
}
END_TEST

START_TEST(a_look_up_passes_the_table)
{
    npu_cmd c = elt(NPU_KIND_LUT);
    c.u.tiu.b.h = c.u.tiu.b.w = 16; /* 256 entries of a byte */
    must_cost(c, C(elt_lut_base) + 16);
    c = bf16(elt(NPU_KIND_LUT));
    c.u.tiu.b.h = 32; /* 256 entries of two bytes */
    c.u.tiu.b.w = 8;
    must_cost(c, C(elt_lut_base) + 32);
}
END_TEST

START_TEST(scattered_operands_and_results_cost_more)
{
    npu_cmd c = elt(NPU_KIND_MUL);
    c.u.tiu.a.mode = 3;
    c.u.tiu.a.w_str = 1;
    must_cost(c, C(elt_mul_8));
    c.u.tiu.a.w_str = 2; /* 16 elements span 31 bytes: a second word */
    must_cost(c, C(elt_mul_8) + C(elt_strided_word));
    c.u.tiu.a.w_str = 4; /* 61 bytes: 4 words */
    must_cost(c, C(elt_mul_8) + 3 * C(elt_strided_word));
    c.u.tiu.a.constant = true;
    must_cost(c, C(elt_mul_8));
    c = elt(NPU_KIND_MAC);
    c.u.tiu.a.mode = c.u.tiu.b.mode = 3;
    c.u.tiu.a.w_str = c.u.tiu.b.w_str = 2;
    must_cost(c, C(elt_mac_8) + 2 * C(elt_strided_word_mac));
    c = elt(NPU_KIND_COPY);
    c.u.tiu.res.mode = 3;
    c.u.tiu.res.c_str = 135;
    must_cost(c, C(elt_copy_8) * C(elt_unaligned_factor));
    c.u.tiu.res.c_str = 144;
    must_cost(c, C(elt_copy_8));
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

START_TEST(shapes_no_local_memory_holds_are_refused)
{
    static const npu_kind kinds[] = {NPU_KIND_CONV, NPU_KIND_DWCONV, NPU_KIND_MAXPOOL,
                                     NPU_KIND_AVGPOOL, NPU_KIND_MATMUL};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (unsigned extent = 170; extent <= 4095; extent += 3925) {
            /* a plane of 170 x 170 fits a lane, 4095 images of 4095 channels do not */
            npu_cmd c = shaped(kinds[i], 4095, extent, extent, 4095, 170, 1);
            sim_op op = {0};
            npu_err err = {0};
            c.u.tiu.res.n = c.u.tiu.b.n = 4095;
            c.u.tiu.res.w = 4095; /* matmul has no window */
            c.u.tiu.a.h = c.u.tiu.a.w = (uint16_t)extent;
            if (kinds[i] != NPU_KIND_MATMUL)
                c.u.tiu.res.w = (uint16_t)extent;
            ck_assert_msg(hw_work(chip, &c, &op, &err) == NPU_BAD_INPUT, "%s of %u: %lld",
                          npu_kind_table[kinds[i]].mnemonic, extent, (long long)op.cycles);
            ck_assert_ptr_nonnull(strstr(err.text, npu_kind_table[kinds[i]].mnemonic));
        }
}
END_TEST

START_TEST(work_does_not_depend_on_what_was_there)
{
    npu_cmd c = quantised(shaped(NPU_KIND_CONV, 64, 28, 56, 64, 3, 1));
    sim_op clean = {0}, used;
    memset(&used, 0xff, sizeof used);
    ck_assert_int_eq(hw_work(chip, &c, &clean, NULL), NPU_OK);
    ck_assert_int_eq(hw_work(chip, &c, &used, NULL), NPU_OK);
    ck_assert(used.cycles == clean.cycles && used.macs == clean.macs && used.fixed == clean.fixed);
    ck_assert(used.beats_in == 0 && used.beats_out == 0 && used.words == 0);
    ck_assert(used.cause == clean.cause && used.setup == SIM_SETUP_NONE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("work");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_checked_fixture(limits, setup, teardown);
    tcase_add_test(core, a_quantised_convolution);
    tcase_add_test(core, partly_filled_lanes_and_tiles_cost_whole_ones);
    tcase_add_test(core, requantisation_needs_its_cycles_per_tile);
    tcase_add_test(core, bias_shift_and_partial_sums_add_up);
    tcase_add_test(core, bf16_convolves_at_a_quarter);
    tcase_add_test(core, few_lanes_starve_the_array_of_operands);
    tcase_add_test(core, a_first_layer_is_bound_by_its_operands);
    tcase_add_test(core, a_matrix_product_and_its_partial_sums);
    tcase_add_test(core, a_bf16_product_has_tiles_of_8);
    tcase_add_test(core, products_by_result_and_rounding);
    tcase_add_test(core, half_cycles_round_up_once);
    tcase_add_test(core, sums_differences_and_the_rest);
    tcase_add_test(core, a_look_up_passes_the_table);
    tcase_add_test(core, scattered_operands_and_results_cost_more);
    tcase_add_test(limits, shapes_no_local_memory_holds_are_refused);
    tcase_add_test(limits, work_does_not_depend_on_what_was_there);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
