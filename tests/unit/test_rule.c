/* Every operator limit just inside and just outside (HB-OP-01 to 37). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/rule.h"
#include "tests/unit/net_fixture.h"
#include "tests/unit/unit.h"

static char message[RULE_TEXT];

/* Places G, whose last node is what is asked about: the rule that puts it on the CPU, "" on the
 * NPU, "CPU" when its operator is the CPU's.  Frees G. */
static const char *broken(npu_graph *g)
{
    static char rule[32];
    cc_options o = {.march = "bernoulli2"};
    cc_plan *p;
    npu_err err;
    int32_t last = (int32_t)g->nnode - 1;
    net_output(g, g->node[last].out[0]);
    const char *name = g->node[last].name;
    ck_assert_msg(cc_plan_make(g, &o, &p, &err) == NPU_OK, "%s", err.text);
    const cc_place *at = &p->node[net_node(g, name)];
    strcpy(rule, at->unit == CC_NPU ? "" : at->rule ? at->rule : "CPU");
    strcpy(message, at->message ? at->message : "");
    ck_assert(at->unit == CC_NPU ? at->why == CC_WHY_NONE : at->why != CC_WHY_NONE && at->message);
    cc_plan_free(p);
    npu_graph_free(g);
    return rule;
}

static const char *conv(int64_t c, int64_t out, int64_t hw, net_window w)
{
    npu_graph *g = net_new();
    net_conv(g, "c", net_input(g, "x", 1, c, hw, hw), out, w);
    return broken(g);
}

static npu_graph *window(npu_op op, int64_t c, int64_t hw, net_window w)
{
    npu_graph *g = net_new();
    int64_t out = (hw + 2 * w.p - w.k) / w.s + 1;
    net_op_shape(g, op, "p", net_input(g, "x", 1, c, hw, hw), NPU_NONE, 1, c, out, out);
    g_set_ints(g, 0, "kernel_shape", (int64_t[]){w.k, w.k}, 2);
    g_set_ints(g, 0, "strides", (int64_t[]){w.s, w.s}, 2);
    g_set_ints(g, 0, "pads", (int64_t[]){w.p, w.p, w.p, w.p}, 4);
    g_set_ints(g, 0, "dilations", (int64_t[]){w.d, w.d}, 2);
    return g;
}

static const char *pool(npu_op op, net_window w)
{
    return broken(window(op, 8, 400, w));
}

static const char *unary(npu_op op, int64_t c, int64_t h, int64_t w)
{
    npu_graph *g = net_new();
    net_op(g, op, "f", net_input(g, "x", 1, c, h, w), NPU_NONE);
    return broken(g);
}

/* From one shape to another. */
static const char *resized(npu_op op, const char *mode, int64_t h, int64_t w, int64_t to_h,
                           int64_t to_w)
{
    npu_graph *g = net_new();
    net_op_shape(g, op, "r", net_input(g, "x", 1, 8, h, w), NPU_NONE, 1, 8, to_h, to_w);
    g_set_text(g, 0, "mode", mode);
    return broken(g);
}

static const char *binary(npu_op op, bool constant, int64_t c, int64_t h, int64_t bc, int64_t bh)
{
    npu_graph *g = net_new();
    static float ones[4096];
    for (int i = 0; i < 4096; i++)
        ones[i] = 1;
    int32_t x = net_input(g, "x", 1, c, h, h);
    int32_t y = constant ? net_const(g, "k", ones, 1, bc, bh, bh)
                         : net_input(g, "y", 1, bc, bh, bh);
    net_op(g, op, "b", x, y);
    return broken(g);
}

START_TEST(kernels_go_to_seven)
{
    ck_assert_str_eq(conv(128, 128, 16, (net_window){7, 1, 3, 1, 1}), "");
    ck_assert_str_eq(conv(128, 128, 16, (net_window){8, 1, 3, 1, 1}), "HB-OP-01");
    ck_assert_str_eq(conv(128, 128, 224, (net_window){9, 1, 4, 1, 1}), "HB-OP-01");
    ck_assert_str_eq(message, "Expected data shape range of Kernel shape is [[1, 2048],[1, 7],"
                              "[1, 7],[1, 2048]], but the data shape is [128,9,9,128]");
}
END_TEST

START_TEST(channels_go_to_2048_in_a_group)
{
    ck_assert_str_eq(conv(2048, 8, 4, (net_window){1, 1, 0, 1, 1}), "");
    ck_assert_str_eq(conv(2049, 8, 4, (net_window){1, 1, 0, 1, 1}), "HB-OP-02");
    ck_assert_str_eq(conv(8, 2049, 4, (net_window){1, 1, 0, 1, 1}), "HB-OP-02");
    ck_assert_str_eq(conv(4096, 4096, 4, (net_window){1, 1, 0, 1, 2}), "");
}
END_TEST

START_TEST(dilation_is_a_power_of_two)
{
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 1, 1, 2, 1}), "");
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 1, 1, 3, 1}), "HB-OP-05");
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 2, 1, 1, 1}), ""); /* none: any stride */
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 2, 1, 2, 1}), "");
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 4, 1, 2, 1}), "HB-OP-05");
    ck_assert_str_eq(conv(8, 8, 80, (net_window){3, 1, 1, 16, 1}), "");
    ck_assert_str_eq(conv(8, 8, 80, (net_window){3, 1, 1, 32, 1}), "HB-OP-05");
}
END_TEST

START_TEST(one_kernel_has_32768_weights)
{
    ck_assert_str_eq(conv(668, 8, 8, (net_window){7, 1, 3, 1, 1}), "");         /* 32732 */
    ck_assert_str_eq(conv(669, 8, 8, (net_window){7, 1, 3, 1, 1}), "HB-OP-06"); /* 32781 */
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 5, 1, 1, 1}), ""); /* stride and pad are free */
    ck_assert_str_eq(conv(8, 8, 40, (net_window){3, 1, 9, 1, 1}), "");
}
END_TEST

static const char *deconv(int64_t k, int64_t s, int64_t p)
{
    npu_graph *g = net_new();
    int32_t x = net_input(g, "x", 1, 8, 16, 16), w = net_const(g, "w", NULL, 8, 8, k, k);
    net_op_shape(g, NPU_OP_CONVTRANSPOSE, "d", x, w, 1, 8, 16 * s, 16 * s);
    g_set_ints(g, 0, "strides", (int64_t[]){s, s}, 2);
    g_set_ints(g, 0, "pads", (int64_t[]){p, p, p, p}, 4);
    return broken(g);
}

START_TEST(deconvolution_strides_are_two_and_four)
{
    ck_assert_str_eq(deconv(4, 2, 1), "");
    ck_assert_str_eq(deconv(4, 3, 1), "HB-OP-07");
    ck_assert_str_eq(deconv(14, 4, 6), "");
    ck_assert_str_eq(deconv(15, 4, 6), "HB-OP-07");
    ck_assert_str_eq(deconv(4, 2, 2), "HB-OP-07");
    ck_assert_str_eq(deconv(1, 2, 0), "HB-OP-07");
}
END_TEST

/* Gemm over a flattened map; NEXT: another one behind it, so that the first writes int8. */
static const char *full(int64_t c, int64_t hw, bool next)
{
    npu_graph *g = net_new();
    npu_err err;
    cc_options o = {.march = "bernoulli2"};
    int64_t k = c * hw * hw;
    int32_t flat = net_op_shape(g, NPU_OP_FLATTEN, "flat", net_input(g, "x", 1, c, hw, hw),
                                NPU_NONE, 1, k, 0, 0);
    int32_t y = net_op_shape(g, NPU_OP_GEMM, "fc", flat, net_const(g, "w", NULL, k, 16, 0, 0), 1,
                             16, 0, 0);
    if (next)
        y = net_op_shape(g, NPU_OP_GEMM, "fc2", y, net_const(g, "w2", NULL, 16, 8, 0, 0), 1, 8, 0,
                         0);
    net_output(g, y);
    ck_assert_msg(cc_optimise(g, &o, &err) == NPU_OK, "%s", err.text);
    cc_plan *p;
    static char rule[32];
    ck_assert_msg(cc_plan_make(g, &o, &p, &err) == NPU_OK, "%s", err.text);
    const cc_place *at = &p->node[net_node(g, "fc")];
    strcpy(rule, at->unit == CC_NPU ? "" : at->rule ? at->rule : "CPU");
    cc_plan_free(p);
    npu_graph_free(g);
    return rule;
}

START_TEST(fully_connected_layers_have_limits_of_their_own)
{
    ck_assert_str_eq(full(16384, 1, false), "");
    ck_assert_str_eq(full(16385, 1, false), "HB-OP-08");
    ck_assert_str_eq(full(512, 7, true), "");            /* 7 x 1 x 128 = 896 */
    ck_assert_str_eq(full(640, 7, true), "HB-OP-08");    /* 7 x 1 x 160 = 1120 > 1024 */
    ck_assert_str_eq(full(640, 7, false), "");           /* int32: below 2048 */
    ck_assert_str_eq(full(768, 7, false), "HB-OP-06");   /* 37632 weights */
    ck_assert_str_eq(full(1024, 8, false), "HB-OP-08");  /* 8 x 1 x 256 = 2048 */
    ck_assert_str_eq(full(1020, 8, false), "");
    ck_assert_str_eq(full(4, 12, false), "HB-OP-08");    /* 144 elements > 127 */
}
END_TEST

START_TEST(pooling)
{
    ck_assert_str_eq(pool(NPU_OP_AVERAGEPOOL, (net_window){7, 1, 3, 1, 1}), "");
    ck_assert_str_eq(pool(NPU_OP_AVERAGEPOOL, (net_window){8, 1, 3, 1, 1}), "HB-OP-09");
    ck_assert_str_eq(pool(NPU_OP_AVERAGEPOOL, (net_window){3, 1, 2, 1, 1}), "HB-OP-09");
    ck_assert_str_eq(pool(NPU_OP_MAXPOOL, (net_window){64, 185, 0, 1, 1}), "");
    ck_assert_str_eq(pool(NPU_OP_MAXPOOL, (net_window){65, 1, 0, 1, 1}), "HB-OP-11");
    ck_assert_str_eq(pool(NPU_OP_MAXPOOL, (net_window){2, 186, 0, 1, 1}), "HB-OP-11");
    ck_assert_str_eq(pool(NPU_OP_MAXPOOL, (net_window){2, 2, 0, 2, 1}), "HB-OP-11");
    ck_assert_str_eq(unary(NPU_OP_GLOBALAVERAGEPOOL, 8, 90, 91), "");
    ck_assert_str_eq(unary(NPU_OP_GLOBALAVERAGEPOOL, 8, 91, 91), "HB-OP-10");
    ck_assert_str_eq(unary(NPU_OP_GLOBALMAXPOOL, 8, 1024, 1), "");
    ck_assert_str_eq(unary(NPU_OP_GLOBALMAXPOOL, 8, 1025, 1), "HB-OP-12");
}
END_TEST

START_TEST(resizing)
{
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "nearest", 4, 4, 8, 8), "");
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "nearest", 4, 4, 12, 12), "HB-OP-13");
    ck_assert_str_eq(resized(NPU_OP_UPSAMPLE, "nearest", 4, 4, 12, 12), "HB-OP-18");
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "nearest", 4, 4, 8, 16), "");
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "nearest", 4, 4, 16, 8), "HB-OP-13");
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "linear", 1, 1, 256, 256), "");
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "linear", 1, 1, 257, 257), "HB-OP-13");
    ck_assert_str_eq(resized(NPU_OP_RESIZE, "cubic", 4, 4, 8, 8), "HB-OP-13");
}
END_TEST

static const char *joined(npu_op op, const char *attr, int64_t v, int64_t c, int64_t out_c)
{
    npu_graph *g = net_new();
    net_op_shape(g, op, "j", net_input(g, "x", 1, c, 4, 4), NPU_NONE, 1, out_c, 4, 4);
    g_set_int(g, 0, attr, v);
    return broken(g);
}

static const char *split(int64_t c, int64_t a, int64_t b)
{
    npu_graph *g = net_new();
    int32_t x = net_input(g, "x", 1, c, 4, 4), out[2];
    out[0] = net_op_shape(g, NPU_OP_SPLIT, "s", x, NPU_NONE, 1, a, 4, 4);
    out[1] = net_input(g, "other", 1, b, 4, 4); /* shape only: becomes the second output */
    g->nin--;
    g->node[0].out = arena_copy(g->arena, out, sizeof out);
    g->node[0].nout = 2;
    g->value[out[1]].producer = 0;
    g_set_int(g, 0, "axis", 1);
    return broken(g);
}

START_TEST(moving_data)
{
    ck_assert_str_eq(joined(NPU_OP_CONCAT, "axis", 1, 2048, 2048), "");
    ck_assert_str_eq(joined(NPU_OP_CONCAT, "axis", 1, 2049, 2049), "HB-OP-15");
    ck_assert_str_eq(joined(NPU_OP_CONCAT, "axis", 2, 8, 8), "HB-OP-15");
    ck_assert_str_eq(split(8, 4, 4), "");
    ck_assert_str_eq(split(10, 6, 4), "HB-OP-16");
    ck_assert_str_eq(joined(NPU_OP_DEPTHTOSPACE, "blocksize", 2, 16, 16), "");
    ck_assert_str_eq(joined(NPU_OP_DEPTHTOSPACE, "blocksize", 3, 16, 16), "HB-OP-20");
    ck_assert_str_eq(joined(NPU_OP_SPACETODEPTH, "blocksize", 4, 16, 16), "HB-OP-21");
    ck_assert_str_eq(resized(NPU_OP_RESHAPE, "", 4, 4, 2, 8), "");
    ck_assert_str_eq(joined(NPU_OP_RESHAPE, "allowzero", 0, 8, 4), "CPU");
}
END_TEST

static const char *pad(const char *mode, int64_t channels)
{
    npu_graph *g = net_new();
    net_op_shape(g, NPU_OP_PAD, "p", net_input(g, "x", 1, 8, 4, 4), NPU_NONE, 1, 8 + channels, 6,
                 6);
    g_set_text(g, 0, "mode", mode);
    g_set_ints(g, 0, "pads", (int64_t[]){0, channels, 1, 1, 0, 0, 1, 1}, 8);
    return broken(g);
}

START_TEST(pads_are_constant_in_height_and_width)
{
    ck_assert_str_eq(pad("constant", 0), "");
    ck_assert_str_eq(pad("reflect", 0), "HB-OP-28");
    ck_assert_str_eq(pad("constant", 1), "HB-OP-28");
}
END_TEST

START_TEST(elementwise_operators)
{
    ck_assert_str_eq(binary(NPU_OP_ADD, false, 2048, 4, 2048, 4), "");
    ck_assert_str_eq(binary(NPU_OP_ADD, false, 2049, 4, 2049, 4), "HB-OP-23");
    ck_assert_str_eq(binary(NPU_OP_ADD, false, 16, 4, 16, 1), "");
    ck_assert_str_eq(binary(NPU_OP_ADD, true, 16, 4, 16, 1), "HB-OP-23");
    ck_assert_str_eq(binary(NPU_OP_MUL, false, 2048, 4, 2048, 4), "");
    ck_assert_str_eq(binary(NPU_OP_MUL, false, 2049, 4, 2049, 4), "HB-OP-24");
    ck_assert_str_eq(binary(NPU_OP_MUL, true, 16, 4, 16, 1), "");
    ck_assert_str_eq(binary(NPU_OP_MUL, true, 16, 4, 1, 1), "");
    ck_assert_str_eq(binary(NPU_OP_MUL, false, 16, 4, 1, 4), "HB-OP-24"); /* 11HW */
    ck_assert_str_eq(binary(NPU_OP_DIV, false, 16, 4, 16, 4), "");
    ck_assert_str_eq(binary(NPU_OP_DIV, true, 16, 4, 16, 1), "HB-OP-25");
    ck_assert_str_eq(binary(NPU_OP_MAX, false, 16, 4, 16, 4), "CPU");
    ck_assert_str_eq(binary(NPU_OP_SUB, false, 16, 4, 16, 4), "CPU");
}
END_TEST

START_TEST(a_constant_factor_of_zero_is_the_cpus)
{
    npu_graph *g = net_new();
    float k[4] = {1, 2, 0, 4};
    net_op(g, NPU_OP_MUL, "m", net_input(g, "x", 1, 4, 2, 2), net_const(g, "k", k, 1, 4, 1, 1));
    ck_assert_str_eq(broken(g), "HB-OP-24");
}
END_TEST

START_TEST(look_up_tables_are_small)
{
    ck_assert_str_eq(unary(NPU_OP_SIGMOID, 32, 16, 16), "");         /* 8192 both ways */
    ck_assert_str_eq(unary(NPU_OP_SIGMOID, 33, 16, 16), "HB-OP-27"); /* 9216 by al(C, 4) */
    ck_assert_str_eq(unary(NPU_OP_SIGMOID, 1024, 1, 8), "");         /* 8192 */
    ck_assert_str_eq(unary(NPU_OP_SIGMOID, 1, 256, 1), "");          /* al(C,32): 8192 */
    ck_assert_str_eq(unary(NPU_OP_TANH, 8192, 1, 1), "");
    ck_assert_str_eq(unary(NPU_OP_TANH, 8193, 1, 1), "HB-OP-27");
    ck_assert_str_eq(unary(NPU_OP_EXP, 64, 64, 64), "");
    ck_assert_str_eq(unary(NPU_OP_LEAKYRELU, 64, 64, 64), "");
    ck_assert_str_eq(unary(NPU_OP_RELU, 64, 64, 64), "");
    ck_assert_str_eq(unary(NPU_OP_ELU, 8, 4, 4), "CPU");
}
END_TEST

static const char *arg_max(int64_t c, int64_t axis)
{
    npu_graph *g = net_new();
    net_op_shape(g, NPU_OP_ARGMAX, "a", net_input(g, "x", 1, c, 4, 4), NPU_NONE, 1, 1, 4, 4);
    g_set_int(g, 0, "axis", axis);
    return broken(g);
}

START_TEST(arg_max_over_few_channels)
{
    ck_assert_str_eq(arg_max(64, 1), "");
    ck_assert_str_eq(arg_max(65, 1), "HB-OPT-05");
    ck_assert_str_eq(arg_max(64, 2), "HB-OPT-05");
}
END_TEST

START_TEST(batches_go_to_128)
{
    for (int64_t n = 128; n <= 129; n++) {
        npu_graph *g = net_new();
        net_conv(g, "c", net_input(g, "x", n, 8, 4, 4), 8, (net_window){1, 1, 0, 1, 1});
        ck_assert_str_eq(broken(g), n == 128 ? "" : "HB-OP-36");
    }
}
END_TEST

START_TEST(rules_for_operators_of_the_cpu_hold_too)
{
    /* cross-channel maximum and detection: rules of the guide whose operators the newer list gives
     * to the CPU; the predicates stand ready */
    npu_graph *g = net_new();
    char text[RULE_TEXT] = "";
    net_op(g, NPU_OP_REDUCEMAX, "m", net_input(g, "x", 1, 64, 4, 4), NPU_NONE);
    g_set_ints(g, 0, "axes", (int64_t[]){1}, 1);
    rule_case c = {.g = g, .n = &g->node[0], .x = &g->value[0], .y = &g->value[0], .text = text};
    ck_assert_ptr_null(rule_broken(RULE_BERNOULLI2, &c));
    g->value[0].dim[1] = 65;
    ck_assert_str_eq(rule_broken(RULE_BERNOULLI2, &c)->id, "HB-OP-29");
    g_set_int(g, 0, "group", 2);
    ck_assert_ptr_null(rule_broken(RULE_BERNOULLI2, &c));
    g->node[0].op = NPU_OP_DETECTIONOUTPUT;
    g_set_int(g, 0, "num_classes", 65);
    ck_assert_str_eq(rule_broken(RULE_BERNOULLI2, &c)->id, "HB-OP-30");
    g_set_int(g, 0, "num_classes", 64);
    ck_assert_ptr_null(rule_broken(RULE_BERNOULLI2, &c));
    npu_graph_free(g);
}
END_TEST

START_TEST(every_rule_of_the_guide_has_a_row)
{
    for (int k = 1; k <= 37; k++) {
        char id[16];
        bool found = false;
        snprintf(id, sizeof id, "HB-OP-%02d", k);
        for (size_t i = 0; i < rule_count; i++)
            found |= strcmp(rule_table[i].id, id) == 0;
        ck_assert_msg(found, "%s", id);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rule");
    TCase *core = tcase_create("limits");
    tcase_add_test(core, kernels_go_to_seven);
    tcase_add_test(core, channels_go_to_2048_in_a_group);
    tcase_add_test(core, dilation_is_a_power_of_two);
    tcase_add_test(core, one_kernel_has_32768_weights);
    tcase_add_test(core, deconvolution_strides_are_two_and_four);
    tcase_add_test(core, fully_connected_layers_have_limits_of_their_own);
    tcase_add_test(core, pooling);
    tcase_add_test(core, resizing);
    tcase_add_test(core, moving_data);
    tcase_add_test(core, pads_are_constant_in_height_and_width);
    tcase_add_test(core, elementwise_operators);
    tcase_add_test(core, a_constant_factor_of_zero_is_the_cpus);
    tcase_add_test(core, look_up_tables_are_small);
    tcase_add_test(core, arg_max_over_few_channels);
    tcase_add_test(core, batches_go_to_128);
    tcase_add_test(core, rules_for_operators_of_the_cpu_hold_too);
    tcase_add_test(core, every_rule_of_the_guide_has_a_row);
    suite_add_tcase(s, core);
    return unit_run(s);
}
