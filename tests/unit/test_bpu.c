/* What the conversion guide's design rules cost on bernoulli2, in keys of the chip file.
 *
 * Cycles are compared without the fixed part.  Shapes are those of the guide's examples. */
#include <math.h>
#include <string.h>

#include "models/work.h"
#include "tests/unit/unit.h"

static npu_chip *chip;

static void setup(void)
{
    npu_err err = {0};
    ck_assert_msg(npu_chip_load("x3m", &chip, &err) == NPU_OK, "%s", err.text);
}

static void teardown(void)
{
    npu_chip_free(chip);
    chip = NULL;
}

#define C(id) NPU_GET(chip, id)

typedef struct {
    unsigned ci, hi, wi, co, k, s, group;
} shape;

/* A window over a map with half the kernel as padding. */
static npu_cmd window(npu_kind kind, shape x)
{
    npu_cmd c = {.engine = NPU_ENGINE_TIU, .kind = (uint8_t)kind};
    npu_tiu *t = &c.u.tiu;
    unsigned ho = (x.hi + x.s - 1) / x.s, wo = (x.wi + x.s - 1) / x.s;
    t->res = (npu_opnd){.n = 1, .c = (uint16_t)x.co, .h = (uint16_t)ho, .w = (uint16_t)wo,
                        .bytes = 1};
    t->a = (npu_opnd){.n = 1, .c = (uint16_t)x.ci, .h = (uint16_t)x.hi, .w = (uint16_t)x.wi,
                      .bytes = 1};
    t->b = (npu_opnd){.n = 1, .c = (uint16_t)x.ci, .h = (uint16_t)x.k, .w = (uint16_t)x.k,
                      .bytes = 1};
    t->stride_h = t->stride_w = (uint8_t)x.s;
    t->dil_h = t->dil_w = 1;
    t->pad_t = t->pad_b = t->pad_l = t->pad_r = (uint8_t)(x.k / 2);
    t->group = (uint16_t)x.group;
    return c;
}

static npu_cmd conv(unsigned ci, unsigned hi, unsigned wi, unsigned co, unsigned k, unsigned s)
{
    return window(NPU_KIND_BCONV, (shape){ci, hi, wi, co, k, s, 1});
}

static npu_cmd grouped(unsigned c, unsigned g)
{
    return window(NPU_KIND_BCONV, (shape){c, 16, 16, c, 3, 1, g});
}

static npu_cmd elt(npu_kind kind, unsigned fn)
{
    npu_cmd c = window(kind, (shape){32, 16, 16, 32, 1, 1, 1});
    c.u.tiu.fn = (uint8_t)fn;
    return c;
}

static sim_op work(npu_cmd c)
{
    sim_op op = {0};
    npu_err err = {0};
    ck_assert_msg(hw_work(chip, &c, &op, &err) == NPU_OK, "%s", err.text);
    return op;
}

/* Cycles that depend on the shape. */
static double cycles(npu_cmd c)
{
    sim_op op = work(c);
    return (double)op.cycles - op.fixed;
}

static void must_be(double have, double want)
{
    ck_assert_msg(fabs(have - want) <= 2, "%.0f cycles instead of %.1f", have, want);
}

/* Share of the array that does useful work. */
static double utilisation(npu_cmd c)
{
    return (double)work(c).macs / (cycles(c) * C(bpu_macs) * C(bpu_efficiency));
}

static void must_use(npu_cmd c, double share)
{
    double have = utilisation(c);
    ck_assert_msg(fabs(have - share) < 0.005, "utilisation %.4f instead of %.4f", have, share);
}

/* --- alignment (HB-ALN) ----------------------------------------------------------------------- */

START_TEST(nine_columns_cost_sixteen)
{
    must_be(cycles(conv(32, 8, 9, 32, 3, 1)), cycles(conv(32, 8, 16, 32, 3, 1)));
    must_use(conv(32, 8, 9, 32, 3, 1), 9.0 / 16);
    must_use(conv(32, 8, 16, 32, 3, 1), 1);
}
END_TEST

START_TEST(stride_two_wants_sixteen_source_columns)
{
    static const struct { unsigned in; double share; } want[] = {
        {24, 12.0 / 16}, {48, 1}, {56, 28.0 / 32}, {224, 1}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        must_use(conv(32, 32, want[i].in, 32, 3, 2), want[i].share);
    must_be(cycles(conv(32, 32, 24, 32, 3, 2)), cycles(conv(32, 32, 32, 32, 3, 2)));
}
END_TEST

START_TEST(widths_of_a_network_by_its_input)
{
    static const struct { unsigned w; double share; } want[] = {
        {112, 1}, {56, 1}, {28, 0.875}, {14, 0.875}, {7, 0.875},          /* 224 */
        {128, 1}, {64, 1}, {32, 1}, {16, 1}, {8, 1},                      /* 256 */
        {96, 1}, {48, 1}, {24, 1}, {12, 0.75}, {6, 0.75}};                /* 192 */
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        must_use(conv(64, want[i].w, want[i].w, 64, 3, 1), want[i].share);
}
END_TEST

START_TEST(channels_are_computed_in_fours_and_eights)
{
    must_use(conv(32, 16, 16, 10, 3, 1), 10.0 / 16);
    must_be(cycles(conv(32, 16, 16, 10, 3, 1)), cycles(conv(32, 16, 16, 16, 3, 1)));
    must_use(conv(3, 16, 16, 32, 3, 1), 3 / C(bpu_align_in));
    ck_assert(cycles(conv(36, 16, 16, 32, 3, 1)) > cycles(conv(32, 16, 16, 32, 3, 1)));
}
END_TEST

START_TEST(groups_are_padded_inside)
{
    double per = 16 * 16 * 9 / (C(bpu_macs) * C(bpu_efficiency));
    must_be(cycles(grouped(48, 8)), 8 * 8 * 8 * per);   /* 6 -> 8 in each: as 64 channels */
    must_be(cycles(grouped(48, 8)), cycles(grouped(64, 8)));
    must_be(cycles(grouped(48, 4)), 16 * 16 * 4 * per); /* 12 -> 16 */
    must_be(cycles(grouped(48, 4)), cycles(grouped(64, 4)));
    must_use(grouped(64, 8), 1);
}
END_TEST

START_TEST(neighbours_of_a_group_convolution_compute_its_padding)
{
    for (unsigned per = 6; per <= 12; per += 6) {
        npu_cmd before = conv(32, 16, 16, 48, 3, 1), after = conv(48, 16, 16, 32, 3, 1);
        before.u.tiu.out_slot = (uint8_t)per;
        after.u.tiu.in_slot = (uint8_t)per;
        must_be(cycles(before), cycles(conv(32, 16, 16, 64, 3, 1)));
        must_be(cycles(after), cycles(conv(64, 16, 16, 32, 3, 1)));
    }
}
END_TEST

/* Between two group convolutions, slots of 4 serve groups of 12 and of 8: each padded to 8. */
START_TEST(a_chain_pads_for_both)
{
    npu_cmd c = grouped(48, 4), plain = c;
    c.u.tiu.in_slot = 4;
    ck_assert(cycles(c) > cycles(plain));
    must_be(cycles(c), cycles(plain) * 24 / 16);
}
END_TEST

START_TEST(groups_never_cost_more_than_the_dense_convolution)
{
    must_be(cycles(grouped(48, 24)), 8 * 8 * 24 * cycles(grouped(48, 1)) / (48 * 48)); /* 2 -> 8 */
    must_be(cycles(grouped(16, 8)), cycles(grouped(16, 1)));                           /* dense */
    must_be(cycles(grouped(16, 16)), cycles(grouped(16, 1)));
}
END_TEST

START_TEST(depthwise_has_no_padding_of_sources)
{
    npu_cmd c = window(NPU_KIND_BDW, (shape){64, 32, 32, 64, 3, 1, 1});
    double have = (double)work(c).macs / (cycles(c) * C(bpu_macs_depthwise));
    ck_assert_msg(have >= 0.95 && have <= 1.001, "%f", have);
}
END_TEST

/* --- operators (HB-OP) ------------------------------------------------------------------------ */

START_TEST(even_kernels_run_as_the_next_odd_one)
{
    static const unsigned run[] = {0, 1, 3, 3, 5, 5, 7, 7};
    for (unsigned k = 1; k <= 7; k++) {
        must_be(cycles(conv(32, 16, 16, 32, k, 1)), cycles(conv(32, 16, 16, 32, run[k], 1)));
        must_use(conv(32, 16, 16, 32, k, 1), (double)(k * k) / (run[k] * run[k]));
    }
}
END_TEST

START_TEST(strides_beyond_two_drop_results)
{
    must_be(cycles(conv(32, 64, 64, 32, 3, 4)), cycles(conv(32, 64, 64, 32, 3, 2)));
    must_be(cycles(conv(32, 48, 48, 32, 3, 3)), cycles(conv(32, 48, 48, 32, 3, 1)));
}
END_TEST

START_TEST(other_padding_copies_the_source_once)
{
    npu_cmd half = conv(6, 16, 18, 32, 3, 1), other = half;
    other.u.tiu.padded = true;
    other.u.tiu.pad_t = other.u.tiu.pad_b = other.u.tiu.pad_l = other.u.tiu.pad_r = 2;
    double bytes = (16 + 4) * 24 * 8; /* rows, columns to 8, channels to 4 */
    must_be(cycles(other) - cycles(half), C(bpu_pad_copies) * bytes / C(bpu_move_bytes));
    NPU_GET(chip, bpu_pad_copies) = 0;
    must_be(cycles(other), cycles(half));
}
END_TEST

START_TEST(dilation_copies_the_source_once)
{
    npu_cmd plain = conv(8, 16, 16, 8, 3, 1), dilated = plain;
    dilated.u.tiu.dil_h = dilated.u.tiu.dil_w = 2;
    must_be(cycles(dilated) - cycles(plain),
            C(bpu_dilation_copies) * 16 * 16 * 8 / C(bpu_move_bytes));
}
END_TEST

/* Stride 2, kernel 4: four convolutions of kernel 2, which run as 3, and a pass over the result. */
START_TEST(deconvolution_is_a_convolution_per_phase)
{
    npu_cmd up = conv(32, 32, 32, 32, 4, 1), phase = conv(32, 16, 16, 32, 2, 1);
    up.u.tiu.a.h = up.u.tiu.a.w = 16;
    up.u.tiu.ins_h = up.u.tiu.ins_w = 1;
    double pass = C(bpu_deconv_copies) * 32 * 32 * 32 / C(bpu_move_bytes);
    must_be(cycles(up), 4 * cycles(phase) + pass);
    up.u.tiu.res.w = 24; /* 12 columns in each phase: 16 */
    must_be(cycles(up), 4 * cycles(phase) + pass * 24 / 32);
}
END_TEST

START_TEST(max_pooling_pays_a_pass_for_padding_and_one_for_stride)
{
    npu_cmd c = window(NPU_KIND_BPOOL, (shape){32, 24, 24, 32, 5, 2, 1}), far = c;
    double pass = C(bpu_pool_passes) * 24 * 24 * 32 / C(bpu_move_bytes);
    c.u.tiu.pad_t = c.u.tiu.pad_l = 1;
    double free_ = cycles(c);
    c.u.tiu.pad_t = 2;
    must_be(cycles(c) - free_, pass);
    far = window(NPU_KIND_BPOOL, (shape){32, 24, 24, 32, 5, 3, 1});
    far.u.tiu.pad_t = far.u.tiu.pad_l = 1;
    double one = cycles(far);
    far.u.tiu.pad_l = 2;
    must_be(cycles(far) - one, pass);
    far.u.tiu.fn = 1; /* average pooling has neither */
    double average = cycles(far);
    must_be(one - average, pass);
}
END_TEST

START_TEST(element_wise_operators_take_their_share_of_the_array)
{
    double add = cycles(elt(NPU_KIND_BELT, 0));
    must_be(add, 16 * 16 * 32 / (C(bpu_macs_depthwise) * C(bpu_elt_add)));
    must_be(cycles(elt(NPU_KIND_BELT, 6)), add);
    static const unsigned slow[] = {1, 2, 3, 5, 7}; /* mul, max, min, relu, broadcast mul */
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++)
        must_be(cycles(elt(NPU_KIND_BELT, slow[i])), add * C(bpu_elt_add) / C(bpu_elt_other));
    ck_assert_double_eq(C(bpu_elt_add) / C(bpu_elt_other), 4); /* Mul = 4 x Add */
    must_be(cycles(elt(NPU_KIND_BELT, 4)), add * C(bpu_elt_add) / C(bpu_elt_prelu));
    must_be(cycles(elt(NPU_KIND_BLUT, 0)), add * C(bpu_elt_add) / C(bpu_lut));
    ck_assert(C(bpu_lut) < C(bpu_elt_other) && C(bpu_elt_prelu) < C(bpu_elt_add));
}
END_TEST

START_TEST(a_reshape_of_unaligned_columns_is_slow)
{
    npu_cmd c = elt(NPU_KIND_BCOPY, 3);
    double aligned = cycles(c);
    must_be(aligned, cycles(elt(NPU_KIND_BCOPY, 0)));
    c.u.tiu.a.w = 15;
    must_be(cycles(c), C(bpu_reshape) * aligned);
    c.u.tiu.a.w = 16;
    c.u.tiu.res.w = 12;
    must_be(cycles(c), C(bpu_reshape) * aligned);
}
END_TEST

START_TEST(the_first_command_of_a_layer_configures_it)
{
    npu_cmd c = conv(32, 16, 16, 32, 3, 1);
    must_be(work(c).fixed, C(bpu_command));
    c.u.tiu.first = true;
    must_be(work(c).fixed, C(bpu_command) + C(bpu_layer));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bpu");
    TCase *alignment = tcase_create("alignment"), *operators = tcase_create("operators");
    tcase_add_checked_fixture(alignment, setup, teardown);
    tcase_add_checked_fixture(operators, setup, teardown);
    tcase_add_test(alignment, nine_columns_cost_sixteen);
    tcase_add_test(alignment, stride_two_wants_sixteen_source_columns);
    tcase_add_test(alignment, widths_of_a_network_by_its_input);
    tcase_add_test(alignment, channels_are_computed_in_fours_and_eights);
    tcase_add_test(alignment, groups_are_padded_inside);
    tcase_add_test(alignment, neighbours_of_a_group_convolution_compute_its_padding);
    tcase_add_test(alignment, a_chain_pads_for_both);
    tcase_add_test(alignment, groups_never_cost_more_than_the_dense_convolution);
    tcase_add_test(alignment, depthwise_has_no_padding_of_sources);
    tcase_add_test(operators, even_kernels_run_as_the_next_odd_one);
    tcase_add_test(operators, strides_beyond_two_drop_results);
    tcase_add_test(operators, other_padding_copies_the_source_once);
    tcase_add_test(operators, dilation_copies_the_source_once);
    tcase_add_test(operators, deconvolution_is_a_convolution_per_phase);
    tcase_add_test(operators, max_pooling_pays_a_pass_for_padding_and_one_for_stride);
    tcase_add_test(operators, element_wise_operators_take_their_share_of_the_array);
    tcase_add_test(operators, a_reshape_of_unaligned_columns_is_slow);
    tcase_add_test(operators, the_first_command_of_a_layer_configures_it);
    suite_add_tcase(s, alignment);
    suite_add_tcase(s, operators);
    return unit_run(s);
}
