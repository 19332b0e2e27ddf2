/* Shape rules, family by family; every expectation is worked out by hand from the operator's
 * definition. */
#include "tests/unit/shape_fixture.h"
#include "tests/unit/unit.h"

#define F NPU_ELEM_FLOAT
#define I64 NPU_ELEM_INT64

static int32_t x4(const char *shape)
{
    return sf_in("x", F, shape);
}

/* --- windows ---------------------------------------------------------------------------------- */

START_TEST(convolution)
{
    int32_t x = x4("2x6x11x20"), w = sf_weight("w", F, "8x3x3x5");
    int32_t y = SF_NODE(CONV, 1, x, w, sf_weight("b", F, "8"));
    sf_int("group", 2);
    SF_LIST("strides", 2, 3);
    SF_LIST("dilations", 2, 1);
    SF_LIST("pads", 1, 2, 0, 2); /* top left bottom right */
    int32_t same = SF_NODE(CONV, 1, x, w);
    sf_int("group", 2);
    SF_LIST("strides", 2, 3);
    sf_text("auto_pad", "SAME_UPPER");
    sf_run();
    /* H: (11 + 1 - 5) / 2 + 1 = 4 (7 / 2 rounds down); W: (20 + 4 - 5) / 3 + 1 = 7 */
    sf_is(y, F, "2x8x4x7");
    sf_is(same, F, "2x8x6x7");
}
END_TEST

START_TEST(convolution_checks_what_it_relies_on)
{
    SF_NODE(CONV, 1, x4("1x4x5x5"), sf_weight("w", F, "8x3x3x3"));
    sf_refused(NPU_BAD_INPUT, "(Conv): data has 4 channels, expected 3");
    sf_opset(13);
    SF_NODE(CONV, 1, x4("1x4x5x5"), sf_weight("w", F, "8x3x3x3"));
    sf_int("group", INT64_MIN); /* must not be multiplied */
    sf_refused(NPU_BAD_INPUT, "group is -9223372036854775808");
    sf_opset(13);
    SF_NODE(CONV, 1, x4("1x3x2x5"), sf_weight("w", F, "8x3x3x3"));
    sf_refused(NPU_BAD_INPUT, "dimension 2: kernel of extent 3 on 2 elements");
    sf_opset(13);
    SF_NODE(CONV, 1, x4("1x3x5x5"), sf_weight("w", F, "8x3x3x3"), sf_weight("b", F, "7"));
    sf_refused(NPU_BAD_INPUT, "bias 'b' has 7 elements, expected 8");
    sf_opset(13);
    SF_NODE(CONV, 1, x4("1x3x5x5"), sf_weight("w", F, "8x3x3x3"));
    SF_LIST("kernel_shape", 3, 1);
    sf_refused(NPU_BAD_INPUT, "kernel_shape holds 1, the weights have 3");
    sf_opset(13);
    SF_NODE(CONV, 1, x4("1x3x5x5"), sf_weight("w", F, "8x3x3x3"));
    SF_LIST("strides", 0, 1);
    sf_refused(NPU_BAD_INPUT, "strides holds 0");
    sf_opset(13);
    SF_NODE(CONV, 1, x4("1x3x5x5"), sf_weight("w", F, "8x3x3x3"));
    SF_LIST("pads", 1, 1);
    sf_refused(NPU_BAD_INPUT, "pads has 2 numbers, expected 4");
}
END_TEST

START_TEST(deconvolution)
{
    int32_t x = x4("1x6x5x5"), w = sf_weight("w", F, "6x4x4x4");
    int32_t y = SF_NODE(CONVTRANSPOSE, 1, x, w);
    sf_int("group", 2);
    SF_LIST("strides", 2, 2);
    SF_LIST("pads", 1, 1, 1, 1);
    SF_LIST("output_padding", 1, 0);
    int32_t z = SF_NODE(CONVTRANSPOSE, 1, x, w);
    SF_LIST("output_shape", 12, 13);
    SF_LIST("strides", 2, 2);
    sf_run();
    /* 4 x 2 + 4 - 2 = 10, and one more row */
    sf_is(y, F, "1x8x11x10");
    sf_is(z, F, "1x4x12x13");
}
END_TEST

START_TEST(pooling_rounds_down_or_up)
{
    int32_t x = x4("1x2x6x7"), y[3];
    for (int i = 0; i < 3; i++) {
        y[i] = SF_NODE(MAXPOOL, 2, x);
        SF_LIST("kernel_shape", 3, 3);
        SF_LIST("strides", 2, 2);
        sf_int("ceil_mode", i == 1);
        if (i == 2)
            SF_LIST("pads", 1, 1, 1, 1);
    }
    /* a third window that began behind the data is none: 1 + 4 elements, stride 4 */
    int32_t z = SF_NODE(AVERAGEPOOL, 1, x);
    SF_LIST("kernel_shape", 2, 2);
    SF_LIST("strides", 7, 8);
    SF_LIST("pads", 0, 0, 2, 2);
    sf_int("ceil_mode", 1);
    int32_t g = SF_NODE(GLOBALAVERAGEPOOL, 1, x);
    sf_run();
    sf_is(y[0], F, "1x2x2x3");
    sf_is(y[0] + 1, I64, "1x2x2x3");
    sf_is(y[1], F, "1x2x3x3"); /* 3 / 2 rounds up, 4 / 2 is even */
    sf_is(y[2], F, "1x2x3x4");
    sf_is(z, F, "1x2x1x1");
    sf_is(g, F, "1x2x1x1");
}
END_TEST

/* --- matrices --------------------------------------------------------------------------------- */

START_TEST(matrix_products)
{
    int32_t a = sf_in("a", F, "4x3"), b = sf_in("b", F, "5x3"), v = sf_in("v", F, "3");
    int32_t batch = sf_in("batch", F, "2x1x4x3"), other = sf_in("other", F, "7x3x6");
    int32_t gemm = SF_NODE(GEMM, 1, a, b, sf_weight("c", F, "1x5"));
    sf_int("transB", 1);
    int32_t ta = SF_NODE(GEMM, 1, b, b);
    sf_int("transA", 1);
    int32_t mm = SF_NODE(MATMUL, 1, batch, other), mv = SF_NODE(MATMUL, 1, batch, v);
    int32_t vv = SF_NODE(MATMUL, 1, v, v), vm = SF_NODE(MATMUL, 1, v, other);
    sf_run();
    sf_is(gemm, F, "4x5");
    sf_is(ta, F, "3x3");
    sf_is(mm, F, "2x7x4x6");
    sf_is(mv, F, "2x1x4");
    sf_is(vv, F, "");
    sf_is(vm, F, "7x6");
    SF_NODE(MATMUL, 1, a, b);
    sf_refused(NPU_BAD_INPUT, "left side has 3 columns, right side 5 rows");
}
END_TEST

START_TEST(quantised_products_have_the_type_of_their_zero_point)
{
    int32_t x = sf_in("x", NPU_ELEM_UINT8, "1x3x8x8"), w = sf_weight("w", NPU_ELEM_INT8, "4x3x3x3");
    int32_t s = sf_weight("s", F, ""), z = sf_weight("z", NPU_ELEM_INT8, "");
    int32_t q = SF_NODE(QLINEARCONV, 1, x, s, z, w, s, z, s, z);
    int32_t i = SF_NODE(CONVINTEGER, 1, x, w);
    int32_t m = SF_NODE(MATMULINTEGER, 1, sf_in("m", NPU_ELEM_INT8, "2x3"),
                        sf_in("n", NPU_ELEM_INT8, "3x5"));
    int32_t d = SF_NODE(DYNAMICQUANTIZELINEAR, 3, sf_in("f", F, "2x2"));
    sf_run();
    sf_is(q, NPU_ELEM_INT8, "1x4x6x6");
    sf_is(i, NPU_ELEM_INT32, "1x4x6x6");
    sf_is(m, NPU_ELEM_INT32, "2x5");
    sf_is(d, NPU_ELEM_UINT8, "2x2");
    sf_is(d + 1, F, "");
    sf_is(d + 2, NPU_ELEM_UINT8, "");
}
END_TEST

START_TEST(quantise_and_back)
{
    int32_t x = x4("1x4x2x2"), s = sf_weight("s", F, "4"), z = sf_weight("z", NPU_ELEM_INT8, "4");
    int32_t q = SF_NODE(QUANTIZELINEAR, 1, x, s, z), d = SF_NODE(DEQUANTIZELINEAR, 1, q, s, z);
    int32_t u = SF_NODE(QUANTIZELINEAR, 1, x, sf_weight("one", F, ""));
    sf_run();
    sf_is(q, NPU_ELEM_INT8, "1x4x2x2");
    sf_is(d, F, "1x4x2x2");
    sf_is(u, NPU_ELEM_UINT8, "1x4x2x2");
    SF_NODE(QUANTIZELINEAR, 1, x, s);
    sf_int("axis", 2);
    sf_refused(NPU_BAD_INPUT, "'s' has 4 elements, expected 1 or the 2 of axis 2");
}
END_TEST

/* --- elements --------------------------------------------------------------------------------- */

START_TEST(broadcasting)
{
    int32_t a = sf_in("a", F, "2x1x4"), b = sf_in("b", F, "3x1"), c = sf_in("c", F, "1x1x1x4");
    int32_t y = SF_NODE(ADD, 1, a, b), z = SF_NODE(SUM, 1, a, b, c), l = SF_NODE(LESS, 1, a, b);
    int32_t w = SF_NODE(WHERE, 1, l, b, a), p = SF_NODE(PRELU, 1, a, sf_in("d", F, "1x4"));
    sf_run();
    sf_is(y, F, "2x3x4");
    sf_is(z, F, "1x2x3x4");
    sf_is(l, NPU_ELEM_BOOL, "2x3x4");
    sf_is(w, F, "2x3x4");
    sf_is(p, F, "2x1x4");
}
END_TEST

START_TEST(shapes_that_do_not_fit_are_named)
{
    SF_NODE(ADD, 1, sf_in("a", F, "2x3"), sf_in("b", F, "2x4"));
    sf_refused(NPU_BAD_INPUT, "dimension 1 is 3 and, in 'b', 4");
    sf_opset(13);
    SF_NODE(ADD, 1, sf_in("a", F, "2x3"), sf_in("b", I64, "2x3"));
    sf_refused(NPU_BAD_INPUT, "input 1 is int64 and input 0 float32");
    sf_opset(13);
    SF_NODE(PRELU, 1, sf_in("a", F, "2x1"), sf_in("b", F, "2x4"));
    sf_refused(NPU_BAD_INPUT, "slope 2x4 is larger than the data 2x1");
    sf_opset(13);
    SF_NODE(WHERE, 1, sf_in("a", F, "2"), sf_in("b", F, "2"), sf_in("c", F, "2"));
    sf_refused(NPU_BAD_INPUT, "the condition is float32, expected bool");
}
END_TEST

START_TEST(batch_normalization_has_statistics_as_outputs)
{
    int32_t c = sf_weight("c", F, "3");
    int32_t y = SF_NODE(BATCHNORMALIZATION, 5, x4("2x3x4x4"), c, c, c, c);
    sf_run();
    sf_is(y, F, "2x3x4x4");
    sf_is(y + 4, F, "3");
    sf_opset(14); /* three outputs from then on */
    c = sf_weight("c", F, "3");
    SF_NODE(BATCHNORMALIZATION, 5, x4("2x3x4x4"), c, c, c, c);
    sf_refused(NPU_BAD_INPUT, "BatchNormalization has no such output");
    sf_opset(14);
    c = sf_weight("c", F, "4");
    SF_NODE(BATCHNORMALIZATION, 1, x4("2x3x4x4"), c, c, c, c);
    sf_refused(NPU_BAD_INPUT, "has 4 elements, expected one per channel: 3");
}
END_TEST

START_TEST(types_of_masks_and_casts)
{
    for (int opset = 7; opset < 14; opset += 3) {
        sf_opset(opset);
        int32_t y = SF_NODE(DROPOUT, 2, x4("2x3"));
        int32_t c = SF_NODE(CAST, 1, y);
        sf_int("to", NPU_ELEM_UINT8);
        sf_run();
        sf_is(y + 1, opset < 10 ? F : NPU_ELEM_BOOL, "2x3");
        sf_is(c, NPU_ELEM_UINT8, "2x3");
    }
    SF_NODE(CAST, 1, 0);
    sf_int("to", 99);
    sf_refused(NPU_BAD_INPUT, "to is 99, which is no element type");
}
END_TEST

/* --- moves ------------------------------------------------------------------------------------ */

START_TEST(concat_and_split)
{
    int32_t a = sf_in("a", F, "1x3x4"), b = sf_in("b", F, "1x5x4");
    int32_t y = SF_NODE(CONCAT, 1, a, b, a);
    sf_int("axis", -2);
    int32_t s = SF_NODE(SPLIT, 3, y, SF_INTS(1, 4, 6));
    sf_int("axis", 1);
    int32_t e = SF_NODE(SPLIT, 2, b);
    sf_int("axis", 2);
    sf_run();
    sf_is(y, F, "1x11x4");
    sf_is(s, F, "1x1x4");
    sf_is(s + 1, F, "1x4x4");
    sf_is(s + 2, F, "1x6x4");
    sf_is(e + 1, F, "1x5x2");
    SF_NODE(CONCAT, 1, a, b);
    sf_int("axis", 2);
    sf_refused(NPU_BAD_INPUT, "input 1 is float32 1x5x4, expected float32 1x3x4 but for "
               "dimension 2");
}
END_TEST

START_TEST(split_by_attribute_and_uneven_split)
{
    sf_opset(11);
    int32_t y = SF_NODE(SPLIT, 2, sf_in("x", F, "5x2"));
    SF_LIST("split", 2, 3);
    sf_run();
    sf_is(y + 1, F, "3x2");
    sf_opset(18); /* the last part may be smaller */
    y = SF_NODE(SPLIT, 3, sf_in("x", F, "7"));
    sf_int("num_outputs", 3);
    sf_run();
    sf_is(y, F, "3");
    sf_is(y + 2, F, "1");
    sf_opset(13);
    SF_NODE(SPLIT, 3, sf_in("x", F, "7"));
    sf_refused(NPU_BAD_INPUT, "7 elements in 3 parts");
    sf_opset(13);
    SF_NODE(SPLIT, 2, sf_in("x", F, "7"), SF_INTS(3, 3));
    sf_refused(NPU_BAD_INPUT, "parts have 6 elements together, expected 7");
}
END_TEST

START_TEST(slice_of_both_kinds)
{
    sf_opset(9);
    int32_t y = SF_NODE(SLICE, 1, x4("10x9"));
    SF_LIST("starts", 2, -3);
    SF_LIST("ends", 100, -1);
    sf_run();
    sf_is(y, F, "8x2");
    sf_opset(13);
    y = SF_NODE(SLICE, 1, x4("10x9"), SF_INTS(-1), SF_INTS(-100), SF_INTS(0), SF_INTS(-3));
    int32_t none = SF_NODE(SLICE, 1, 0, SF_INTS(5), SF_INTS(2));
    sf_run();
    sf_is(y, F, "4x9"); /* 9, 6, 3, 0 */
    sf_is(none, F, "0x9");
    SF_NODE(SLICE, 1, 0, SF_INTS(0), SF_INTS(1), SF_INTS(2));
    sf_refused(NPU_BAD_INPUT, "axis 2, expected -2 to 1");
}
END_TEST

START_TEST(pad_of_three_kinds)
{
    sf_opset(10);
    int32_t y = SF_NODE(PAD, 1, x4("2x3"));
    SF_LIST("pads", 1, 0, 0, 4);
    sf_run();
    sf_is(y, F, "3x7");
    sf_opset(18);
    y = SF_NODE(PAD, 1, x4("2x3"), SF_INTS(-1, 2), NPU_NONE, SF_INTS(-1));
    sf_run();
    sf_is(y, F, "2x4");
    SF_NODE(PAD, 1, 0, SF_INTS(1, 2));
    sf_refused(NPU_BAD_INPUT, "2 pads, expected 4");
}
END_TEST

START_TEST(reshape_copies_and_completes)
{
    int32_t x = x4("2x3x4");
    int32_t y = SF_NODE(RESHAPE, 1, x, SF_INTS(0, -1)), z = SF_NODE(RESHAPE, 1, x, SF_INTS(24));
    int32_t f = SF_NODE(FLATTEN, 1, x);
    sf_int("axis", -1);
    int32_t t = SF_NODE(TRANSPOSE, 1, x), p = SF_NODE(TRANSPOSE, 1, x);
    SF_LIST("perm", 1, 2, 0);
    sf_run();
    sf_is(y, F, "2x12");
    sf_is(z, F, "24");
    sf_is(f, F, "6x4");
    sf_is(t, F, "4x3x2");
    sf_is(p, F, "3x4x2");
    SF_NODE(RESHAPE, 1, x, SF_INTS(5, -1));
    sf_refused(NPU_BAD_INPUT, "24 elements, the shape has a multiple of 5");
    sf_opset(14);
    SF_NODE(RESHAPE, 1, x4("2x3"), SF_INTS(-1, -1));
    sf_refused(NPU_BAD_INPUT, "dimension 1 of the shape is -1");
    sf_opset(14);
    SF_NODE(TRANSPOSE, 1, x4("2x3"));
    SF_LIST("perm", 1, 1);
    sf_refused(NPU_BAD_INPUT, "perm holds 1");
}
END_TEST

START_TEST(squeeze_by_attribute_and_by_input)
{
    for (int opset = 11; opset <= 13; opset += 2) {
        sf_opset(opset);
        int32_t x = x4("1x3x1"), s, u;
        if (opset < 13) {
            s = SF_NODE(SQUEEZE, 1, x);
            SF_LIST("axes", 2);
            u = SF_NODE(UNSQUEEZE, 1, x);
            SF_LIST("axes", 0, -1);
        } else {
            s = SF_NODE(SQUEEZE, 1, x, SF_INTS(-1));
            u = SF_NODE(UNSQUEEZE, 1, x, SF_INTS(4, 0));
        }
        int32_t all = SF_NODE(SQUEEZE, 1, x);
        sf_run();
        sf_is(s, F, "1x3");
        sf_is(u, F, "1x1x3x1x1");
        sf_is(all, F, "3");
    }
    SF_NODE(SQUEEZE, 1, 0, SF_INTS(1));
    sf_refused(NPU_BAD_INPUT, "dimension 1 is 3, expected 1");
}
END_TEST

START_TEST(blocks)
{
    int32_t x = x4("1x12x4x6"), d = SF_NODE(DEPTHTOSPACE, 1, x);
    sf_int("blocksize", 2);
    int32_t s = SF_NODE(SPACETODEPTH, 1, x);
    sf_int("blocksize", 2);
    sf_run();
    sf_is(d, F, "1x3x8x12");
    sf_is(s, F, "1x48x2x3");
    SF_NODE(SPACETODEPTH, 1, x);
    sf_int("blocksize", 4);
    sf_refused(NPU_BAD_INPUT, "shape 1x12x4x6 is not in whole blocks of 4");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shape_rules");
    TCase *core = tcase_create("core");
    tcase_add_checked_fixture(core, sf_begin, sf_end);
    tcase_add_test(core, convolution);
    tcase_add_test(core, convolution_checks_what_it_relies_on);
    tcase_add_test(core, deconvolution);
    tcase_add_test(core, pooling_rounds_down_or_up);
    tcase_add_test(core, matrix_products);
    tcase_add_test(core, quantised_products_have_the_type_of_their_zero_point);
    tcase_add_test(core, quantise_and_back);
    tcase_add_test(core, broadcasting);
    tcase_add_test(core, shapes_that_do_not_fit_are_named);
    tcase_add_test(core, batch_normalization_has_statistics_as_outputs);
    tcase_add_test(core, types_of_masks_and_casts);
    tcase_add_test(core, concat_and_split);
    tcase_add_test(core, split_by_attribute_and_uneven_split);
    tcase_add_test(core, slice_of_both_kinds);
    tcase_add_test(core, pad_of_three_kinds);
    tcase_add_test(core, reshape_copies_and_completes);
    tcase_add_test(core, squeeze_by_attribute_and_by_input);
    tcase_add_test(core, blocks);
    suite_add_tcase(s, core);
    return unit_run(s);
}
