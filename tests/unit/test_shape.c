/* Shapes of a network: inputs, order, messages, what the file says and what it does not decide. */
#include <string.h>

#include "tests/unit/shape_fixture.h"
#include "tests/unit/unit.h"

/* --- shapes as text --------------------------------------------------------------------------- */

static void parses(const char *text, int rank, const int64_t *dim)
{
    npu_err err = {0};
    cc_input_shape s;
    ck_assert_msg(cc_parse_shape(sf_graph, "data", text, &s, &err) == NPU_OK, "%s", err.text);
    ck_assert_str_eq(s.name, "data");
    ck_assert_int_eq(s.rank, rank);
    for (int d = 0; d < rank; d++)
        ck_assert_int_eq(s.dim[d], dim[d]);
}

START_TEST(a_shape_is_sizes_with_x_between)
{
    parses("1x3x224x224", 4, (int64_t[]){1, 3, 224, 224});
    parses("1X3x8", 3, (int64_t[]){1, 3, 8});
    parses("7", 1, (int64_t[]){7});
    parses("1x1x1x1x1x1x1x2", 8, (int64_t[]){1, 1, 1, 1, 1, 1, 1, 2});
    parses("2147483647", 1, (int64_t[]){2147483647});
}
END_TEST

START_TEST(anything_else_is_no_shape)
{
    static const char *const bad[] = {"", "x", "1x", "x1", "1,3,224,224", "1x0x2", "1x-1", "1xx2",
                                      "1x3 ", " 1x3", "2147483648", "99999999999999999999x2", "axb",
                                      "1x1x1x1x1x1x1x1x1", "2147483647x2147483647", "1.5x2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        npu_err err = {0};
        cc_input_shape s;
        ck_assert_msg(cc_parse_shape(sf_graph, "data", bad[i], &s, &err) == NPU_BAD_INPUT,
                      "'%s' is taken", bad[i]);
        ck_assert_ptr_nonnull(strstr(err.text, "data"));
    }
}
END_TEST

/* --- inputs ----------------------------------------------------------------------------------- */

START_TEST(a_free_batch_is_one)
{
    int32_t y = SF_NODE(RELU, 1, sf_in("x", NPU_ELEM_FLOAT, "-1x3x4x4"));
    sf_run();
    sf_is(sf_graph->in[0], NPU_ELEM_FLOAT, "1x3x4x4");
    sf_is(y, NPU_ELEM_FLOAT, "1x3x4x4");
}
END_TEST

START_TEST(another_open_dimension_must_be_given)
{
    int32_t y = SF_NODE(RELU, 1, sf_in("x", NPU_ELEM_FLOAT, "1x3x-1x4"));
    sf_refused(NPU_BAD_INPUT, "input 'x' has shape 1x3x?x4; give --input-shape x");
    npu_err err = {0};
    cc_input_shape s;
    ck_assert_int_eq(cc_parse_shape(sf_graph, "x", "2x3x8x8", &s, &err), NPU_OK);
    ck_assert_int_eq(cc_shapes(sf_graph, &s, 1, &err), NPU_OK);
    sf_is(y, NPU_ELEM_FLOAT, "2x3x8x8");
}
END_TEST

START_TEST(an_input_without_shape_must_be_given)
{
    SF_NODE(RELU, 1, sf_in("x", NPU_ELEM_FLOAT, "?"));
    sf_refused(NPU_BAD_INPUT, "has no shape; give --input-shape x");
}
END_TEST

START_TEST(the_name_given_must_be_an_input)
{
    npu_err err = {0};
    cc_input_shape s = {.name = "Data", .rank = 1, .dim = {1}};
    SF_NODE(ADD, 1, sf_in("data", NPU_ELEM_FLOAT, "1x3"), sf_in("info", NPU_ELEM_FLOAT, "3"));
    ck_assert_int_eq(cc_shapes(sf_graph, &s, 1, &err), NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "no input 'Data'; inputs: data (1x3), info (3)"));
    s = (cc_input_shape){.name = "info", .rank = 2, .dim = {1, 3}};
    ck_assert_int_eq(cc_shapes(sf_graph, &s, 1, &err), NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "has 1 dimensions (3), the shape given has 2"));
}
END_TEST

/* --- what the file says ----------------------------------------------------------------------- */

static void tell(int32_t v, int64_t first)
{
    sf_graph->value[v].elem = NPU_ELEM_INT64;
    sf_graph->value[v].rank = 2;
    sf_graph->value[v].dim[0] = first;
    sf_graph->value[v].dim[1] = 3;
}

START_TEST(a_rule_wins_over_the_file)
{
    int32_t y = SF_NODE(RELU, 1, sf_in("x", NPU_ELEM_FLOAT, "1x4"));
    tell(y, 9);
    sf_run();
    sf_is(y, NPU_ELEM_FLOAT, "1x4");
}
END_TEST

START_TEST(what_only_data_decide_is_taken_from_the_file)
{
    int32_t y = SF_NODE(NONMAXSUPPRESSION, 1, sf_in("boxes", NPU_ELEM_FLOAT, "1x6x4"),
                        sf_in("scores", NPU_ELEM_FLOAT, "1x1x6"));
    sf_refused(NPU_UNSUPPORTED, "(NonMaxSuppression): the shape of its output depends on the data "
               "of 'boxes'");
    tell(y, 5);
    sf_run();
    sf_is(y, NPU_ELEM_INT64, "5x3");
    /* not for another input shape than the file's */
    npu_err err = {0};
    cc_input_shape s = {.name = "boxes", .rank = 3, .dim = {1, 7, 4}};
    ck_assert_int_eq(cc_shapes(sf_graph, &s, 1, &err), NPU_UNSUPPORTED);
}
END_TEST

/* --- nodes ------------------------------------------------------------------------------------ */

START_TEST(the_number_of_inputs_is_checked)
{
    int32_t x = sf_in("x", NPU_ELEM_FLOAT, "1x4");
    SF_NODE(ADD, 1, x);
    sf_refused(NPU_BAD_INPUT, "test.onnx: node node (Add): 1 inputs, expected 2");
    sf_opset(13);
    x = sf_in("x", NPU_ELEM_FLOAT, "1x4");
    SF_NODE(CLIP, 1, x, x, x, x);
    sf_refused(NPU_BAD_INPUT, "4 inputs, expected 1 to 3");
    sf_opset(13);
    x = sf_in("x", NPU_ELEM_FLOAT, "1x4");
    SF_NODE(ADD, 1, x, NPU_NONE);
    sf_refused(NPU_BAD_INPUT, "input 1 is left out");
}
END_TEST

START_TEST(an_output_an_operator_does_not_have_is_refused)
{
    SF_NODE(RELU, 2, sf_in("x", NPU_ELEM_FLOAT, "1x4"));
    sf_refused(NPU_BAD_INPUT, "output 1, 'y_1': Relu has no such output");
}
END_TEST

START_TEST(operators_without_a_rule_are_refused_by_name)
{
    SF_NODE(LOOP, 1, sf_in("x", NPU_ELEM_INT64, ""), sf_in("c", NPU_ELEM_BOOL, ""));
    sf_refused(NPU_UNSUPPORTED, "operator Loop");
    sf_opset(13);
    int32_t in = sf_in("x", NPU_ELEM_FLOAT, "1"), out = g_fresh(sf_graph, "y");
    g_add(sf_graph, NPU_OP_NONE, "Bogus", "b", &in, 1, &out, 1);
    sf_refused(NPU_UNSUPPORTED, "node b: operator Bogus is not known");
}
END_TEST

START_TEST(absurd_sizes_are_refused)
{
    SF_NODE(EXPAND, 1, sf_in("x", NPU_ELEM_FLOAT, "1"), SF_INTS(2147483647, 2147483647));
    sf_refused(NPU_BAD_INPUT, "more than 1099511627776 elements");
    sf_opset(13);
    SF_NODE(RELU, 1, sf_in("x", NPU_ELEM_FLOAT, "2147483647x2147483647x2147483647"));
    sf_refused(NPU_BAD_INPUT, "more than 1099511627776 elements");
    sf_opset(13);
    int32_t x = sf_in("x", NPU_ELEM_FLOAT, "1x1x1x1x1x1x1x1");
    SF_NODE(UNSQUEEZE, 1, x, SF_INTS(0));
    sf_refused(NPU_BAD_INPUT, "at most 8");
}
END_TEST

START_TEST(folded_constants_are_no_parameters)
{
    uint64_t macs, depthwise, params;
    int32_t x = sf_in("x", NPU_ELEM_FLOAT, "1x4x5x5");
    int32_t w = SF_NODE(CONSTANTOFSHAPE, 1, SF_INTS(4, 1, 3, 3));
    SF_NODE(CONV, 1, x, w, sf_weight("bias", NPU_ELEM_FLOAT, "4"));
    sf_int("group", 4);
    sf_run();
    g_totals(sf_graph, &macs, &depthwise, &params);
    ck_assert_uint_eq(params, 4);
    ck_assert_uint_eq(macs, 4 * 3 * 3 * 9);
    ck_assert_uint_eq(depthwise, macs);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shape");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, sf_begin, sf_end);
    tcase_add_checked_fixture(limits, sf_begin, sf_end);
    tcase_add_test(core, a_shape_is_sizes_with_x_between);
    tcase_add_test(limits, anything_else_is_no_shape);
    tcase_add_test(core, a_free_batch_is_one);
    tcase_add_test(core, another_open_dimension_must_be_given);
    tcase_add_test(core, an_input_without_shape_must_be_given);
    tcase_add_test(limits, the_name_given_must_be_an_input);
    tcase_add_test(core, a_rule_wins_over_the_file);
    tcase_add_test(core, what_only_data_decide_is_taken_from_the_file);
    tcase_add_test(limits, the_number_of_inputs_is_checked);
    tcase_add_test(limits, an_output_an_operator_does_not_have_is_refused);
    tcase_add_test(limits, operators_without_a_rule_are_refused_by_name);
    tcase_add_test(limits, absurd_sizes_are_refused);
    tcase_add_test(core, folded_constants_are_no_parameters);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
