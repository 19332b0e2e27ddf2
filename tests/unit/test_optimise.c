/* Optimisation and preparation of the float network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/net_fixture.h"
#include "tests/unit/unit.h"

static const net_window one = {1, 1, 0, 1, 1}, three = {3, 1, 1, 1, 1};

static void optimise(npu_graph *g)
{
    npu_err err;
    cc_options o = {.march = "bernoulli2"};
    ck_assert_msg(cc_optimise(g, &o, &err) == NPU_OK, "%s", err.text);
}

static uint32_t live(const npu_graph *g)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->nnode; i++)
        n += !g->node[i].dead;
    return n;
}

static double weight(const npu_graph *g, const char *node, uint32_t input, int64_t k)
{
    double v = NAN;
    const npu_node *n = &g->node[net_node(g, node)];
    ck_assert(n->nin > input && g_const_num(g, n->in[input], k, &v));
    return v;
}

/* BatchNormalization of two channels: scale 2, 3; bias 1, -1; mean 0.5, 4; variance 4, 9. */
static int32_t norm(npu_graph *g, const char *name, int32_t x)
{
    static const float p[4][2] = {{2, 3}, {1, -1}, {0.5f, 4}, {4, 9}};
    int32_t y = net_op(g, NPU_OP_BATCHNORMALIZATION, name, x, NPU_NONE);
    int32_t in[5] = {x};
    for (int i = 0; i < 4; i++)
        in[i + 1] = net_const(g, "bn", p[i], 2, 0, 0, 0);
    npu_node *n = &g->node[g->nnode - 1];
    n->in = arena_copy(g->arena, in, sizeof in);
    n->nin = 5;
    g_set_float(g, (int32_t)g->nnode - 1, "epsilon", 0);
    return y;
}

static int32_t small_conv(npu_graph *g, int32_t x)
{
    static const float w[4] = {1, 2, 3, 4};
    int32_t y = net_conv(g, "conv", x, 2, one);
    g->value[g->node[g->nnode - 1].in[1]].data = w;
    return y;
}

START_TEST(a_normalisation_goes_into_the_convolution)
{
    /* factors 2 / 2 = 1 and 3 / 3 = 1 of the deviation; then times 10, plus 5 */
    static const float ten[2] = {10, 10}, five[1] = {5};
    npu_graph *g = net_new();
    int32_t x = norm(g, "bn", small_conv(g, net_input(g, "x", 1, 2, 4, 4)));
    x = net_op(g, NPU_OP_MUL, "mul", x, net_const(g, "ten", ten, 1, 2, 1, 1));
    net_output(g, net_op(g, NPU_OP_ADD, "add", x, net_const(g, "five", five, 1, 0, 0, 0)));
    optimise(g);
    ck_assert_uint_eq(live(g), 1);
    ck_assert_double_eq(weight(g, "conv", 1, 1), 20);
    ck_assert_double_eq(weight(g, "conv", 1, 2), 30);
    ck_assert_double_eq(weight(g, "conv", 2, 0), (1 - 0.5) * 10 + 5);
    ck_assert_double_eq(weight(g, "conv", 2, 1), (-1 - 4) * 10 + 5);
    ck_assert_str_eq(g->value[g->out[0]].name, "add"); /* the output keeps its name */
    npu_graph_free(g);
}
END_TEST

START_TEST(synthetic_weights_stay_synthetic) /* the bias is exact: there was none */
{
    npu_graph *g = net_new();
    net_output(g, norm(g, "bn", net_conv(g, "conv", net_input(g, "x", 1, 2, 4, 4), 2, one)));
    optimise(g);
    const npu_node *n = &g->node[net_node(g, "conv")];
    ck_assert_uint_eq(live(g), 1);
    ck_assert_uint_eq(n->nin, 3);
    ck_assert_ptr_null(g->value[n->in[1]].data);
    ck_assert_ptr_nonnull(g->value[n->in[2]].data);
    npu_graph_free(g);
}
END_TEST

START_TEST(a_normalisation_alone_is_a_depthwise_convolution)
{
    npu_graph *g = net_new();
    int32_t x = norm(g, "bn", net_input(g, "x", 1, 2, 4, 4));
    net_output(g, net_op(g, NPU_OP_RELU, "relu", x, NPU_NONE));
    optimise(g);
    const npu_node *n = &g->node[net_node(g, "bn")];
    ck_assert_int_eq(n->op, NPU_OP_CONV);
    ck_assert_int_eq(g_int(n, "group", 1), 2);
    ck_assert_double_eq(weight(g, "bn", 1, 0), 1);
    ck_assert_double_eq(weight(g, "bn", 2, 1), -5);
    ck_assert_uint_eq(live(g), 2);
    npu_graph_free(g);
}
END_TEST

START_TEST(a_value_with_two_readers_is_not_folded)
{
    npu_graph *g = net_new();
    int32_t x = small_conv(g, net_input(g, "x", 1, 2, 4, 4));
    net_output(g, norm(g, "bn", x));
    net_output(g, x);
    optimise(g);
    ck_assert_double_eq(weight(g, "conv", 1, 1), 2);
    ck_assert_uint_eq(live(g), 2);
    npu_graph_free(g);
}
END_TEST

START_TEST(classifiers_stay_four_dimensional)
{
    /* pool, flatten, fc, relu, dropout, fc: two convolutions and one Reshape at the end */
    npu_graph *g = net_new();
    static float w[8 * 4];
    for (int i = 0; i < 32; i++)
        w[i] = (float)i;
    int32_t x = net_op_shape(g, NPU_OP_GLOBALAVERAGEPOOL, "pool", net_input(g, "x", 1, 8, 4, 4),
                             NPU_NONE, 1, 8, 1, 1);
    x = net_op_shape(g, NPU_OP_FLATTEN, "flat", x, NPU_NONE, 1, 8, 0, 0);
    x = net_op_shape(g, NPU_OP_MATMUL, "fc1", x, net_const(g, "w1", w, 8, 4, 0, 0), 1, 4, 0, 0);
    x = net_op(g, NPU_OP_ADD, "bias", x, net_const(g, "b1", w, 4, 0, 0, 0));
    x = net_op(g, NPU_OP_RELU, "relu", x, NPU_NONE);
    x = net_op(g, NPU_OP_DROPOUT, "drop", x, NPU_NONE);
    x = net_op_shape(g, NPU_OP_GEMM, "fc2", x, net_const(g, "w2", w, 3, 4, 0, 0), 1, 3, 0, 0);
    g_set_int(g, (int32_t)g->nnode - 1, "transB", 1);
    net_output(g, x);
    optimise(g);
    ck_assert_uint_eq(live(g), 5);
    ck_assert_int_eq(g->node[net_node(g, "fc1")].op, NPU_OP_CONV);
    ck_assert_int_eq(g->node[net_node(g, "fc2")].op, NPU_OP_CONV);
    ck_assert_double_eq(weight(g, "fc1", 1, 8 * 1 + 2), 2 * 4 + 1); /* transposed: w[k][m] */
    ck_assert_double_eq(weight(g, "fc1", 2, 3), 3);
    ck_assert_double_eq(weight(g, "fc2", 1, 7), 7);
    ck_assert_int_eq(g->value[g->out[0]].rank, 2);
    ck_assert_str_eq(g->value[g->out[0]].name, "fc2");
    npu_graph_free(g);
}
END_TEST

START_TEST(pads_go_into_convolutions)
{
    npu_graph *g = net_new();
    int32_t x = net_op_shape(g, NPU_OP_PAD, "pad", net_input(g, "x", 1, 2, 4, 4), NPU_NONE, 1, 2,
                             5, 5);
    g_set_ints(g, 0, "pads", (int64_t[]){0, 0, 0, 0, 0, 0, 1, 1}, 8);
    net_output(g, net_conv(g, "conv", x, 2, three));
    optimise(g);
    int64_t p[4];
    ck_assert_uint_eq(g_ints(&g->node[net_node(g, "conv")], "pads", p, 4), 4);
    ck_assert(p[0] == 1 && p[1] == 1 && p[2] == 2 && p[3] == 2);
    ck_assert_uint_eq(live(g), 1);
    npu_graph_free(g);
}
END_TEST

START_TEST(transposes_meet_over_elementwise_nodes)
{
    npu_graph *g = net_new();
    int32_t x = net_conv(g, "a", net_input(g, "x", 1, 2, 4, 8), 2, one);
    x = net_op_shape(g, NPU_OP_TRANSPOSE, "t1", x, NPU_NONE, 1, 4, 8, 2);
    g_set_ints(g, (int32_t)g->nnode - 1, "perm", (int64_t[]){0, 2, 3, 1}, 4);
    x = net_op(g, NPU_OP_RELU, "relu", x, NPU_NONE);
    x = net_op_shape(g, NPU_OP_TRANSPOSE, "t2", x, NPU_NONE, 1, 2, 4, 8);
    g_set_ints(g, (int32_t)g->nnode - 1, "perm", (int64_t[]){0, 3, 1, 2}, 4);
    net_output(g, net_conv(g, "b", x, 2, one));
    optimise(g);
    ck_assert_uint_eq(live(g), 3);
    ck_assert_int_eq(net_node(g, "t1"), NPU_NONE);
    ck_assert_int_eq(net_node(g, "t2"), NPU_NONE);
    npu_graph_free(g);
}
END_TEST

START_TEST(quantised_pairs_leave_their_scale)
{
    static const float s[1] = {0.25f};
    npu_graph *g = net_new();
    int32_t x = net_conv(g, "a", net_input(g, "x", 1, 2, 4, 4), 2, one);
    int32_t scale = net_const(g, "scale", s, 1, 0, 0, 0);
    x = net_op(g, NPU_OP_QUANTIZELINEAR, "q", x, scale);
    x = net_op(g, NPU_OP_DEQUANTIZELINEAR, "dq", x, scale);
    net_output(g, net_conv(g, "b", x, 2, one));
    optimise(g);
    ck_assert_uint_eq(live(g), 2);
    ck_assert_float_eq(g_float(&g->node[net_node(g, "a")], "quant_scale", 0), 0.25f);
    npu_graph_free(g);
}
END_TEST

START_TEST(the_preprocessing_node_has_mean_and_scale)
{
    /* HB-CVT-33: weight 0.017, bias (128 - 103.94) x 0.017 = 0.40902 */
    npu_graph *g = net_new();
    npu_err err;
    cc_input in = {.name = (char *)"x", .train = CC_BGR, .rt = CC_BGR, .has_mean = true,
                   .has_scale = true, .mean = {103.94f, 116.78f, 123.68f}, .scale = {0.017f},
                   .nmean = 3, .nscale = 1};
    cc_options o = {.march = "bernoulli2", .input = &in, .ninput = 1};
    net_output(g, net_conv(g, "conv", net_input(g, "x", 1, 3, 4, 4), 2, one));
    ck_assert_msg(cc_prepare(g, &o, &err) == NPU_OK, "%s", err.text);
    ck_assert_double_eq_tol(weight(g, "HZ_PREPROCESS_FOR_x", 1, 0), 0.017, 1e-8);
    ck_assert_double_eq(weight(g, "HZ_PREPROCESS_FOR_x", 1, 1), 0);
    ck_assert_double_eq_tol(weight(g, "HZ_PREPROCESS_FOR_x", 2, 0), 0.40902, 1e-6);
    npu_graph_free(g);
}
END_TEST

/* What the node makes of one pixel; X is the pixel minus 128. */
static void convert(cc_image rt, cc_image train, bool video, const double x[3], double y[3])
{
    npu_graph *g = net_new();
    npu_err err;
    cc_input in = {.name = (char *)"x", .train = train, .rt = rt, .video_range = video};
    cc_options o = {.march = "bernoulli2", .input = &in, .ninput = 1};
    net_output(g, net_conv(g, "conv", net_input(g, "x", 1, 3, 4, 4), 2, one));
    ck_assert_msg(cc_prepare(g, &o, &err) == NPU_OK, "%s", err.text);
    for (int r = 0; r < 3; r++) {
        y[r] = weight(g, "HZ_PREPROCESS_FOR_x", 2, r);
        for (int c = 0; c < 3; c++)
            y[r] += weight(g, "HZ_PREPROCESS_FOR_x", 1, 3 * r + c) * x[c];
    }
    npu_graph_free(g);
}

START_TEST(colours_are_converted)
{
    double y[3];
    convert(CC_NV12, CC_RGB, false, (double[]){0, 0, 0}, y);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(y[i], 128, 1e-4);
    convert(CC_NV12, CC_RGB, true, (double[]){16 - 128, 0, 0}, y);
    ck_assert_double_eq_tol(y[1], 0, 1e-4);
    convert(CC_NV12, CC_RGB, true, (double[]){235 - 128, 0, 0}, y);
    ck_assert_double_eq_tol(y[1], 255, 1e-4);
    convert(CC_NV12, CC_BGR, false, (double[]){0, 0, 100}, y); /* V: red is the last */
    ck_assert_double_eq_tol(y[2], 128 + 140.2, 1e-4);
    convert(CC_RGB, CC_BGR, false, (double[]){1, 2, 3}, y);
    ck_assert_double_eq_tol(y[0], 131, 1e-4);
    ck_assert_double_eq_tol(y[2], 129, 1e-4);
}
END_TEST

START_TEST(outputs_are_cut)
{
    npu_graph *g = net_new();
    npu_err err;
    char *names[1] = {(char *)"a"};
    cc_options o = {.march = "bernoulli2", .output_nodes = {names, 1}};
    int32_t x = net_conv(g, "a", net_input(g, "x", 1, 3, 4, 4), 2, one);
    net_output(g, net_conv(g, "b", x, 2, one));
    ck_assert_int_eq(cc_prepare(g, &o, &err), NPU_OK);
    ck_assert_uint_eq(live(g), 1);
    ck_assert_int_eq(g->out[0], x);
    names[0] = (char *)"c";
    ck_assert_int_eq(cc_prepare(g, &o, &err), NPU_BAD_INPUT);
    npu_graph_free(g);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("optimise");
    TCase *core = tcase_create("core");
    tcase_add_test(core, a_normalisation_goes_into_the_convolution);
    tcase_add_test(core, synthetic_weights_stay_synthetic);
    tcase_add_test(core, a_normalisation_alone_is_a_depthwise_convolution);
    tcase_add_test(core, a_value_with_two_readers_is_not_folded);
    tcase_add_test(core, classifiers_stay_four_dimensional);
    tcase_add_test(core, pads_go_into_convolutions);
    tcase_add_test(core, transposes_meet_over_elementwise_nodes);
    tcase_add_test(core, quantised_pairs_leave_their_scale);
    tcase_add_test(core, the_preprocessing_node_has_mean_and_scale);
    tcase_add_test(core, colours_are_converted);
    tcase_add_test(core, outputs_are_cut);
    suite_add_tcase(s, core);
    return unit_run(s);
}
