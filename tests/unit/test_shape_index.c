/* Shape rules: indices, reductions, resizing, recurrent layers, Caffe's own; values by hand. */
#include "tests/unit/shape_fixture.h"
#include "tests/unit/unit.h"

#define F NPU_ELEM_FLOAT
#define I64 NPU_ELEM_INT64

static int32_t x4(const char *shape)
{
    return sf_in("x", F, shape);
}

/* --- indices, reductions ---------------------------------------------------------------------- */

START_TEST(gathering)
{
    int32_t x = x4("2x5x4"), i = sf_in("i", I64, "3x7"), k = sf_in("k", I64, "6x2");
    int32_t y = SF_NODE(GATHER, 1, x, i);
    sf_int("axis", 1);
    int32_t s = SF_NODE(GATHER, 1, x, sf_in("one", I64, "")), n = SF_NODE(GATHERND, 1, x, k);
    int32_t t = SF_NODE(TILE, 1, x, SF_INTS(1, 2, 3));
    sf_run();
    sf_is(y, F, "2x3x7x4");
    sf_is(s, F, "5x4");
    sf_is(n, F, "6x4");
    sf_is(t, F, "2x10x12");
}
END_TEST

START_TEST(reductions_by_attribute_and_by_input)
{
    int32_t x = x4("2x3x4"), m = SF_NODE(REDUCEMEAN, 1, x);
    SF_LIST("axes", -1, 0);
    sf_int("keepdims", 0);
    int32_t s = SF_NODE(REDUCESUM, 1, x, SF_INTS(1)), all = SF_NODE(REDUCEMAX, 1, x);
    int32_t none = SF_NODE(REDUCESUM, 1, x), a = SF_NODE(ARGMAX, 1, x);
    sf_run();
    sf_is(m, F, "3");
    sf_is(s, F, "2x1x4");
    sf_is(all, F, "1x1x1");
    sf_is(none, F, "1x1x1");
    sf_is(a, I64, "1x3x4");
    SF_NODE(REDUCESUM, 1, x, sf_in("axes", I64, "1"));
    sf_refused(NPU_UNSUPPORTED, "depends on the data of 'axes'");
}
END_TEST

START_TEST(top_k_of_both_kinds)
{
    sf_opset(9);
    int32_t y = SF_NODE(TOPK, 2, x4("2x9"));
    sf_int("k", 4);
    sf_run();
    sf_is(y, F, "2x4");
    sf_is(y + 1, I64, "2x4");
    sf_opset(11);
    y = SF_NODE(TOPK, 2, x4("2x9"), SF_INTS(10));
    sf_int("axis", 1);
    sf_refused(NPU_BAD_INPUT, "k is 10, dimension 1 has 9 elements");
}
END_TEST

/* --- resize, recurrent, einsum ---------------------------------------------------------------- */

START_TEST(resize_by_scales_and_sizes)
{
    int32_t x = x4("1x2x5x7"), empty = sf_floats(0, NULL);
    int32_t a = SF_NODE(RESIZE, 1, x, empty, SF_FLOATS(1, 1, 0.5f, 2.5f));
    int32_t b = SF_NODE(RESIZE, 1, x, empty, empty, SF_INTS(1, 2, 9, 3));
    sf_run();
    sf_is(a, F, "1x2x2x17"); /* 2.5 and 17.5, down */
    sf_is(b, F, "1x2x9x3");
    SF_NODE(RESIZE, 1, x, empty, empty);
    sf_refused(NPU_BAD_INPUT, "neither scales nor sizes");
    sf_opset(9);
    a = SF_NODE(UPSAMPLE, 1, x4("1x2x5x7"), SF_FLOATS(1, 1, 2, 2));
    sf_run();
    sf_is(a, F, "1x2x10x14");
    sf_opset(18);
    b = SF_NODE(RESIZE, 1, x4("1x2x5x10"), NPU_NONE, NPU_NONE, SF_INTS(10, 10));
    SF_LIST("axes", 2, 3);
    sf_text("keep_aspect_ratio_policy", "not_larger");
    sf_run();
    sf_is(b, F, "1x2x5x10");
}
END_TEST

START_TEST(recurrent_layers)
{
    int32_t x = sf_in("x", F, "7x2x5"), w = sf_weight("w", F, "2x12x5");
    int32_t r = sf_weight("r", F, "2x12x3");
    int32_t y = SF_NODE(LSTM, 3, x, w, r);
    sf_int("hidden_size", 3);
    sf_text("direction", "bidirectional");
    sf_run();
    sf_is(y, F, "7x2x2x3");
    sf_is(y + 1, F, "2x2x3");
    sf_is(y + 2, F, "2x2x3");
    SF_NODE(GRU, 1, x, w, r);
    sf_refused(NPU_BAD_INPUT, "expected 3 and 1 directions");
}
END_TEST

START_TEST(einstein_sums)
{
    int32_t a = sf_in("a", F, "2x3x4"), b = sf_in("b", F, "2x4x5");
    int32_t y = SF_NODE(EINSUM, 1, a, b), z = SF_NODE(EINSUM, 1, a, b);
    sf_text("equation", "...ij, ...jk -> ...ik");
    int32_t i = SF_NODE(EINSUM, 1, a);
    sf_text("equation", "cab");
    g_set_text(sf_graph, 0, "equation", "bij,bjk->kb");
    sf_run();
    sf_is(y, F, "5x2");
    sf_is(z, F, "2x3x5");
    sf_is(i, F, "3x4x2");
    SF_NODE(EINSUM, 1, a);
    sf_text("equation", "ij->i");
    sf_refused(NPU_BAD_INPUT, "2 letters for the 3 dimensions");
}
END_TEST

/* --- Caffe ------------------------------------------------------------------------------------ */

START_TEST(layers_only_caffe_has)
{
    int32_t x = x4("1x8x5x6"), roi = sf_in("roi", F, "30x5");
    int32_t data = sf_in("data", F, "1x3x300x300");
    int32_t d = SF_NODE(DETECTIONOUTPUT, 1, roi, roi, roi);
    sf_int("keep_top_k", 50);
    int32_t p = SF_NODE(PRIORBOX, 1, x, data);
    g_set_floats(sf_graph, 1, "min_size", (float[]){30}, 1);
    g_set_floats(sf_graph, 1, "max_size", (float[]){60}, 1);
    g_set_floats(sf_graph, 1, "aspect_ratio", (float[]){2, 3, 1}, 3);
    int32_t r = SF_NODE(ROIPOOLING, 1, x, roi);
    sf_int("pooled_h", 6);
    sf_int("pooled_w", 7);
    int32_t s = SF_NODE(SPP, 1, x);
    sf_int("pyramid_height", 3);
    int32_t c = SF_NODE(CRELU, 1, x), n = SF_NODE(NORMALIZE, 1, x);
    int32_t k = SF_NODE(CROP, 1, data, x);
    SF_LIST("offset", 3, 3);
    sf_run();
    sf_is(d, F, "1x1x50x7");
    sf_is(p, F, "1x2x720"); /* 5 x 6 places, 6 priors (1, 2, 1/2, 3, 1/3, the larger), 4 numbers */
    sf_is(r, F, "30x8x6x7");
    sf_is(s, F, "1x168"); /* 8 x (1 + 4 + 16) */
    sf_is(c, F, "1x16x5x6");
    sf_is(n, F, "1x8x5x6");
    sf_is(k, F, "1x3x5x6");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shape_index");
    TCase *core = tcase_create("core");
    tcase_add_checked_fixture(core, sf_begin, sf_end);
    tcase_add_test(core, gathering);
    tcase_add_test(core, reductions_by_attribute_and_by_input);
    tcase_add_test(core, top_k_of_both_kinds);
    tcase_add_test(core, resize_by_scales_and_sizes);
    tcase_add_test(core, recurrent_layers);
    tcase_add_test(core, einstein_sums);
    tcase_add_test(core, layers_only_caffe_has);
    suite_add_tcase(s, core);
    return unit_run(s);
}
