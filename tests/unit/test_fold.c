/* Folding: chains of shape arithmetic as exporters write them, values by hand. */
#include "tests/unit/shape_fixture.h"
#include "tests/unit/unit.h"

#define F NPU_ELEM_FLOAT

static int live(void)
{
    int n = 0;
    for (uint32_t i = 0; i < sf_graph->nnode; i++)
        n += !sf_graph->node[i].dead;
    return n;
}

START_TEST(the_chain_of_a_flatten)
{
    int32_t x = sf_in("x", F, "-1x3x4x5");
    int32_t shape = SF_NODE(SHAPE, 1, x), batch = SF_NODE(GATHER, 1, shape, sf_scalar(0));
    int32_t row = SF_NODE(UNSQUEEZE, 1, batch, SF_INTS(0));
    int32_t to = SF_NODE(CONCAT, 1, row, SF_INTS(-1));
    sf_int("axis", 0);
    int32_t y = SF_NODE(RESHAPE, 1, x, to);
    sf_run();
    SF_HOLDS(shape, 1, 3, 4, 5);
    SF_HOLDS(to, 1, -1);
    sf_is(y, F, "1x60");
    ck_assert_int_eq(live(), 1);
}
END_TEST

START_TEST(arithmetic_of_integers)
{
    int32_t a = SF_INTS(7, -7, 6), b = SF_INTS(2, 2, -3), m, f;
    int32_t add = SF_NODE(ADD, 1, a, b), sub = SF_NODE(SUB, 1, a, b), mul = SF_NODE(MUL, 1, a, b);
    int32_t div = SF_NODE(DIV, 1, a, b);
    m = SF_NODE(MOD, 1, a, SF_INTS(4));
    f = SF_NODE(MOD, 1, a, SF_INTS(4));
    sf_int("fmod", 1);
    int32_t max = SF_NODE(MAX, 1, a, b), min = SF_NODE(MIN, 1, a, b), neg = SF_NODE(NEG, 1, a);
    sf_run();
    SF_HOLDS(add, 9, -5, 3);
    SF_HOLDS(sub, 5, -9, 9);
    SF_HOLDS(mul, 14, -14, -18);
    SF_HOLDS(div, 3, -3, -2); /* to zero */
    SF_HOLDS(m, 3, 1, 2);     /* sign of the divisor */
    SF_HOLDS(f, 3, -3, 2);
    SF_HOLDS(max, 7, 2, 6);
    SF_HOLDS(min, 2, -7, -3);
    SF_HOLDS(neg, -7, 7, -6);
}
END_TEST

START_TEST(arithmetic_of_numbers)
{
    int32_t a = SF_FLOATS(7, -0.5f, 2.25f);
    int32_t h = SF_NODE(DIV, 1, a, SF_FLOATS(2)), fl = SF_NODE(FLOOR, 1, a);
    int32_t c = SF_NODE(CEIL, 1, a);
    int32_t r = SF_NODE(ROUND, 1, SF_FLOATS(0.5f, 1.5f, -2.5f));
    int32_t q = SF_NODE(SQRT, 1, SF_FLOATS(16));
    int32_t i = SF_NODE(CAST, 1, a), p = SF_NODE(POW, 1, a, SF_FLOATS(2));
    g_set_int(sf_graph, 5, "to", NPU_ELEM_INT32); /* the Cast */
    sf_run();
    SF_HOLDS(h, 3.5, -0.25, 1.125);
    SF_HOLDS(fl, 7, -1, 2);
    SF_HOLDS(c, 7, 0, 3);
    SF_HOLDS(r, 0, 2, -2);
    SF_HOLDS(q, 4);
    SF_HOLDS(i, 7, 0, 2);
    SF_HOLDS(p, 49, 0.25, 5.0625);
}
END_TEST

START_TEST(truths)
{
    int32_t a = SF_INTS(1, 2, 3), b = SF_INTS(2), e = SF_NODE(EQUAL, 1, a, b);
    int32_t l = SF_NODE(LESS, 1, a, b), g = SF_NODE(GREATEROREQUAL, 1, a, b);
    int32_t o = SF_NODE(OR, 1, e, l), n = SF_NODE(NOT, 1, o), x = SF_NODE(AND, 1, g, o);
    int32_t w = SF_NODE(WHERE, 1, e, SF_INTS(9), a);
    sf_run();
    SF_HOLDS(e, 0, 1, 0);
    SF_HOLDS(l, 1, 0, 0);
    SF_HOLDS(g, 0, 1, 1);
    SF_HOLDS(n, 0, 0, 1);
    SF_HOLDS(x, 0, 1, 0);
    SF_HOLDS(w, 1, 9, 3);
}
END_TEST

START_TEST(moves)
{
    int32_t v = SF_INTS(1, 2, 3, 4, 5, 6), m = SF_NODE(RESHAPE, 1, v, SF_INTS(2, 3));
    int32_t t = SF_NODE(TRANSPOSE, 1, m), back = SF_NODE(SLICE, 1, v, SF_INTS(-1), SF_INTS(-99),
                                                       SF_INTS(0), SF_INTS(-2));
    int32_t part = SF_NODE(SPLIT, 2, m, SF_INTS(1, 2));
    sf_int("axis", 1);
    int32_t side = SF_NODE(CONCAT, 1, m);
    sf_int("axis", 1);
    int32_t e = SF_NODE(EXPAND, 1, SF_INTS(1, 2), SF_INTS(2, 1));
    int32_t tile = SF_NODE(TILE, 1, SF_INTS(1, 2), SF_INTS(2));
    int32_t g = SF_NODE(GATHER, 1, m, SF_INTS(-1, 0));
    sf_int("axis", 1);
    sf_run();
    SF_HOLDS(t, 1, 4, 2, 5, 3, 6);
    SF_HOLDS(back, 6, 4, 2);
    SF_HOLDS(part, 1, 4);
    SF_HOLDS(part + 1, 2, 3, 5, 6);
    SF_HOLDS(side, 1, 2, 3, 4, 5, 6);
    SF_HOLDS(e, 1, 2, 1, 2);
    SF_HOLDS(tile, 1, 2, 1, 2);
    SF_HOLDS(g, 3, 1, 6, 4);
}
END_TEST

START_TEST(concatenation_along_the_inner_axis)
{
    int32_t m = SF_NODE(RESHAPE, 1, SF_INTS(1, 2, 3, 4), SF_INTS(2, 2));
    int32_t n = SF_NODE(RESHAPE, 1, SF_INTS(8, 9), SF_INTS(2, 1)), y = SF_NODE(CONCAT, 1, m, n);
    sf_int("axis", 1);
    sf_run();
    SF_HOLDS(y, 1, 2, 8, 3, 4, 9);
}
END_TEST

START_TEST(numbers_made)
{
    int32_t r = SF_NODE(RANGE, 1, sf_scalar(3), sf_scalar(10), sf_scalar(3));
    int32_t z = SF_NODE(CONSTANTOFSHAPE, 1, SF_INTS(3)), five = sf_ints(1, (int64_t[]){5});
    int32_t f = SF_NODE(CONSTANTOFSHAPE, 1, SF_INTS(2));
    sf_graph->node[2].attr = &(npu_node_attr){.name = "value", .kind = NPU_ATTR_KIND_TENSOR,
                                              .tensor = five};
    sf_graph->node[2].nattr = 1;
    int32_t n = SF_NODE(NONZERO, 1, SF_INTS(0, 4, 0, 2)), s = SF_NODE(SIZE, 1, n);
    sf_run();
    SF_HOLDS(r, 3, 6, 9);
    SF_HOLDS(z, 0, 0, 0);
    SF_HOLDS(f, 5, 5);
    SF_HOLDS(n, 1, 3);
    SF_HOLDS(s, 2);
}
END_TEST

START_TEST(reductions)
{
    int32_t m = SF_NODE(RESHAPE, 1, SF_INTS(1, 2, 3, 4, 5, 6), SF_INTS(2, 3));
    int32_t p = SF_NODE(REDUCEPROD, 1, m), s = SF_NODE(REDUCESUM, 1, m, SF_INTS(0));
    int32_t x = SF_NODE(REDUCEMAX, 1, m), a = SF_NODE(REDUCEMEAN, 1, SF_FLOATS(1, 2));
    int32_t lo = SF_NODE(REDUCEMIN, 1, m);
    SF_LIST("axes", 1);
    sf_run();
    SF_HOLDS(p, 720);
    SF_HOLDS(s, 5, 7, 9);
    SF_HOLDS(x, 6);
    SF_HOLDS(a, 1.5);
    SF_HOLDS(lo, 1, 4);
}
END_TEST

START_TEST(a_large_weight_is_synthetic_and_so_is_what_is_made_of_it)
{
    int32_t w = SF_NODE(CONSTANTOFSHAPE, 1, SF_INTS(4097));
    int32_t u = SF_NODE(UNSQUEEZE, 1, w, SF_INTS(1));
    int32_t small = SF_NODE(CONSTANTOFSHAPE, 1, SF_INTS(4096));
    sf_run();
    ck_assert(sf_graph->value[w].constant && !sf_graph->value[w].data);
    ck_assert(sf_graph->value[u].constant && !sf_graph->value[u].data);
    sf_is(u, F, "4097x1");
    ck_assert_ptr_nonnull(sf_graph->value[small].data);
    ck_assert_int_eq(live(), 0);
}
END_TEST

START_TEST(a_result_that_would_fill_the_memory_stays_a_node)
{
    int32_t y = SF_NODE(EXPAND, 1, SF_INTS(1), SF_INTS(1000000, 1000));
    sf_run();
    ck_assert(!sf_graph->value[y].constant);
    sf_is(y, NPU_ELEM_INT64, "1000000x1000");
    ck_assert_int_eq(live(), 1);
}
END_TEST

START_TEST(weights_are_left_to_the_optimiser)
{
    int32_t q = SF_NODE(DEQUANTIZELINEAR, 1, sf_weight("q", NPU_ELEM_INT8, "4"), SF_FLOATS(0.5f));
    sf_run();
    ck_assert(!sf_graph->value[q].constant);
}
END_TEST

START_TEST(impossible_arithmetic_is_refused)
{
    SF_NODE(DIV, 1, SF_INTS(1), SF_INTS(0));
    sf_refused(NPU_BAD_INPUT, "node node (Div): division by zero");
    sf_opset(13);
    SF_NODE(GATHER, 1, SF_INTS(1, 2), SF_INTS(2));
    sf_refused(NPU_BAD_INPUT, "(Gather): index 2, expected -2 to 1");
    sf_opset(13);
    SF_NODE(RANGE, 1, sf_scalar(0), sf_scalar(1), sf_scalar(0));
    sf_refused(NPU_BAD_INPUT, "from 0 to 1 in steps of 0");
    sf_opset(13); /* the smallest number has no opposite: it wraps */
    int32_t y = SF_NODE(DIV, 1, SF_INTS(INT64_MIN), SF_INTS(-1));
    sf_run();
    SF_HOLDS(y, -9223372036854775808.0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fold");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, sf_begin, sf_end);
    tcase_add_checked_fixture(limits, sf_begin, sf_end);
    tcase_add_test(core, the_chain_of_a_flatten);
    tcase_add_test(core, arithmetic_of_integers);
    tcase_add_test(core, arithmetic_of_numbers);
    tcase_add_test(core, truths);
    tcase_add_test(core, moves);
    tcase_add_test(core, concatenation_along_the_inner_axis);
    tcase_add_test(core, numbers_made);
    tcase_add_test(core, reductions);
    tcase_add_test(core, a_large_weight_is_synthetic_and_so_is_what_is_made_of_it);
    tcase_add_test(limits, a_result_that_would_fill_the_memory_stays_a_node);
    tcase_add_test(core, weights_are_left_to_the_optimiser);
    tcase_add_test(limits, impossible_arithmetic_is_refused);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
