/* Placement: clusters, the tail, sub-graphs. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/net_fixture.h"
#include "tests/unit/unit.h"

static const net_window one = {1, 1, 0, 1, 1}, three = {3, 1, 1, 1, 1}, nine = {9, 1, 4, 1, 1};

static char *named[4];

static cc_options options(void)
{
    return (cc_options){.march = "bernoulli2"};
}

static cc_plan *place(npu_graph *g, const cc_options *o)
{
    npu_err err;
    cc_plan *p;
    ck_assert_msg(cc_plan_make(g, o, &p, &err) == NPU_OK, "%s", err.text);
    ck_assert_uint_eq(p->nnode, g->nnode);
    return p;
}

static const cc_place *at(const npu_graph *g, const cc_plan *p, const char *name)
{
    ck_assert_int_ge(net_node(g, name), 0);
    return &p->node[net_node(g, name)];
}

static int sub(const npu_graph *g, const char *name)
{
    return g->node[net_node(g, name)].subgraph;
}

static void end(npu_graph *g, cc_plan *p)
{
    cc_plan_free(p);
    npu_graph_free(g);
}

START_TEST(a_node_on_the_cpu_splits_the_network)
{
    npu_graph *g = net_new();
    int32_t x = net_conv(g, "a", net_input(g, "x", 1, 3, 32, 32), 8, one);
    net_output(g, net_conv(g, "c", net_conv(g, "b", x, 8, nine), 8, three));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_uint_eq(p->nsub, 2);
    ck_assert_int_eq(sub(g, "a"), 0);
    ck_assert_int_eq(sub(g, "b"), -1);
    ck_assert_int_eq(sub(g, "c"), 1);
    ck_assert_str_eq(at(g, p, "a")->type, "HzSQuantizedConv");
    ck_assert_str_eq(at(g, p, "b")->type, "Conv");
    ck_assert_int_eq(at(g, p, "b")->why, CC_WHY_CONSTRAINT);
    end(g, p);
}
END_TEST

START_TEST(a_branch_around_the_cpu_keeps_its_region_convex)
{
    /* a -> cpu -> d and a -> b -> d: a and b one region, d another, although b and d touch */
    npu_graph *g = net_new();
    int32_t a = net_conv(g, "a", net_input(g, "x", 1, 8, 32, 32), 8, one);
    int32_t b = net_conv(g, "b", a, 8, one), c = net_conv(g, "cpu", a, 8, nine);
    int32_t d = net_op(g, NPU_OP_MUL, "d", b, c);
    net_output(g, net_conv(g, "e", d, 8, one));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_uint_eq(p->nsub, 2);
    ck_assert_int_eq(sub(g, "a"), 0);
    ck_assert_int_eq(sub(g, "b"), 0);
    ck_assert_int_eq(sub(g, "d"), 1);
    ck_assert_int_eq(sub(g, "e"), 1);
    end(g, p);
}
END_TEST

START_TEST(a_diamond_on_the_npu_is_one_region)
{
    npu_graph *g = net_new();
    int32_t a = net_conv(g, "a", net_input(g, "x", 1, 8, 32, 32), 8, one);
    int32_t b = net_conv(g, "b", a, 8, one), c = net_conv(g, "c", a, 8, three);
    net_output(g, net_conv(g, "e", net_op(g, NPU_OP_MUL, "d", b, c), 8, one));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_uint_eq(p->nsub, 1);
    end(g, p);
}
END_TEST

START_TEST(regions_of_two_depths_join_when_nothing_leads_around)
{
    /* an independent CPU branch raises the depth of the join, not of the whole trunk */
    npu_graph *g = net_new();
    int32_t x = net_input(g, "x", 1, 8, 32, 32), y = net_input(g, "y", 1, 8, 32, 32);
    int32_t trunk = net_conv(g, "trunk", x, 8, one);
    int32_t side = net_conv(g, "cpu", net_conv(g, "side", y, 8, one), 8, nine);
    net_output(g, net_conv(g, "end", net_op(g, NPU_OP_MUL, "join", trunk, side), 8, one));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_uint_eq(p->nsub, 2);
    ck_assert_int_eq(sub(g, "trunk"), sub(g, "end"));
    ck_assert_int_eq(sub(g, "side"), 0); /* it has to run first */
    ck_assert_int_eq(sub(g, "end"), 1);
    end(g, p);
}
END_TEST

START_TEST(passive_nodes_follow_the_cpu)
{
    npu_graph *g = net_new();
    int32_t a = net_conv(g, "cpu", net_input(g, "x", 1, 8, 32, 32), 8, nine);
    net_output(g, net_conv(g, "cpu2", net_op(g, NPU_OP_RELU, "relu", a, NPU_NONE), 8, nine));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_uint_eq(p->nsub, 0);
    ck_assert_int_eq(at(g, p, "relu")->why, CC_WHY_PASSIVE);
    ck_assert_ptr_nonnull(at(g, p, "relu")->message);
    end(g, p);
}
END_TEST

static npu_graph *conv_relu(void)
{
    npu_graph *g = net_new();
    int32_t x = net_conv(g, "conv", net_input(g, "x", 1, 8, 32, 32), 8, one);
    net_output(g, net_op(g, NPU_OP_RELU, "relu", x, NPU_NONE));
    return g;
}

START_TEST(the_last_convolution_stays_int32)
{
    npu_graph *g = conv_relu();
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_int_eq(at(g, p, "relu")->unit, CC_CPU);
    ck_assert_int_eq(at(g, p, "relu")->why, CC_WHY_INT32_TAIL);
    ck_assert(at(g, p, "conv")->int32_out);
    end(g, p);
}
END_TEST

START_TEST(run_on_bpu_and_int8_output_keep_the_tail_on_the_npu)
{
    for (int i = 0; i < 2; i++) {
        npu_graph *g = conv_relu();
        cc_options o = options();
        named[0] = (char *)"relu";
        o.int8_output = i == 0;
        o.run_on_bpu = (cc_list){named, i == 0 ? 0 : 1};
        cc_plan *p = place(g, &o);
        ck_assert_int_eq(at(g, p, "relu")->unit, CC_GONE);
        ck_assert_int_eq(g->node[net_node(g, "relu")].fused_into, net_node(g, "conv"));
        ck_assert_int_eq(cc_cluster_end(g, net_node(g, "conv")), net_node(g, "relu"));
        ck_assert(!at(g, p, "conv")->int32_out);
        end(g, p);
    }
}
END_TEST

START_TEST(an_inner_relu_is_fused_even_before_the_cpu)
{
    npu_graph *g = net_new();
    int32_t x = net_conv(g, "a", net_input(g, "x", 1, 8, 32, 32), 8, one);
    x = net_conv(g, "b", net_op(g, NPU_OP_RELU, "relu", x, NPU_NONE), 8, nine);
    net_output(g, net_conv(g, "c", x, 8, one));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_int_eq(at(g, p, "relu")->unit, CC_GONE);
    end(g, p);
}
END_TEST

/* conv(stride S) + skip, Relu, conv. */
static npu_graph *residual(int64_t s)
{
    npu_graph *g = net_new();
    int64_t hw = (32 - 1) / s + 1;
    int32_t x = net_input(g, "x", 1, 8, 32, 32);
    int32_t main_ = net_conv(g, "main", x, 8, (net_window){1, s, 0, 1, 1});
    int32_t skip = net_op_shape(g, NPU_OP_MAXPOOL, "skip", x, NPU_NONE, 1, 8, hw, hw);
    g_set_ints(g, (int32_t)g->nnode - 1, "kernel_shape", (int64_t[]){1, 1}, 2);
    g_set_ints(g, (int32_t)g->nnode - 1, "strides", (int64_t[]){s, s}, 2);
    int32_t add = net_op(g, NPU_OP_ADD, "add", main_, skip);
    net_output(g, net_conv(g, "last", net_op(g, NPU_OP_RELU, "relu", add, NPU_NONE), 8, one));
    return g;
}

START_TEST(a_sum_is_fused_behind_stride_one_and_two)
{
    for (int64_t s = 1; s <= 3; s++) {
        npu_graph *g = residual(s);
        cc_options o = options();
        cc_plan *p = place(g, &o);
        ck_assert_int_eq(at(g, p, "add")->unit, s == 3 ? CC_NPU : CC_GONE);
        ck_assert_int_eq(at(g, p, "relu")->unit, s == 3 ? CC_NPU : CC_GONE);
        /* the other operand is made before the cluster that reads it */
        ck_assert_int_lt(net_node(g, "skip"), net_node(g, s == 3 ? "add" : "main"));
        if (s < 3)
            ck_assert_int_eq(cc_cluster_end(g, net_node(g, "main")), net_node(g, "relu"));
        ck_assert_uint_eq(p->nsub, 1);
        end(g, p);
    }
}
END_TEST

START_TEST(a_map_times_its_sigmoid_is_one_swish)
{
    npu_graph *g = net_new();
    int32_t x = net_conv(g, "a", net_input(g, "x", 1, 8, 8, 8), 8, one);
    int32_t m = net_op(g, NPU_OP_MUL, "mul", x, net_op(g, NPU_OP_SIGMOID, "sig", x, NPU_NONE));
    net_output(g, net_conv(g, "b", m, 8, one));
    cc_options o = options();
    cc_plan *p = place(g, &o);
    ck_assert_str_eq(at(g, p, "sig")->type, "HzSwish");
    ck_assert_int_eq(at(g, p, "mul")->unit, CC_GONE);
    end(g, p);
}
END_TEST

START_TEST(names_are_checked)
{
    npu_graph *g = conv_relu();
    cc_options o = options();
    cc_plan *p;
    npu_err err;
    named[0] = (char *)"conf";
    o.run_on_cpu = (cc_list){named, 1};
    ck_assert_int_eq(cc_plan_make(g, &o, &p, &err), NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean conv"));
    named[0] = (char *)"conv";
    p = place(g, &o);
    ck_assert_int_eq(at(g, p, "conv")->why, CC_WHY_RUN_ON_CPU);
    end(g, p);
}
END_TEST

START_TEST(run_on_bpu_against_a_rule_is_refused)
{
    npu_graph *g = net_new();
    net_output(g, net_conv(g, "big", net_input(g, "x", 1, 8, 32, 32), 8, nine));
    cc_options o = options();
    cc_plan *p;
    npu_err err;
    named[0] = (char *)"big";
    o.run_on_bpu = (cc_list){named, 1};
    ck_assert_int_eq(cc_plan_make(g, &o, &p, &err), NPU_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.text, "HB-OP-01"));
    ck_assert_ptr_null(p);
    npu_graph_free(g);
}
END_TEST

START_TEST(an_operator_without_kernel_is_refused_by_name)
{
    npu_graph *g = net_new();
    net_output(g, net_op(g, NPU_OP_CELU, "act", net_input(g, "x", 1, 8, 4, 4), NPU_NONE));
    cc_options o = options();
    cc_plan *p;
    npu_err err;
    ck_assert_int_eq(cc_plan_make(g, &o, &p, &err), NPU_UNSUPPORTED);
    ck_assert_str_eq(err.text, "ValueError: Not support layer name=act type=Celu");
    npu_graph_free(g);
}
END_TEST

START_TEST(softmax_needs_run_on_bpu)
{
    for (int i = 0; i < 2; i++) {
        npu_graph *g = net_new();
        int32_t x = net_conv(g, "conv", net_input(g, "x", 1, 8, 8, 8), 8, one);
        net_output(g, net_op(g, NPU_OP_SOFTMAX, "soft", x, NPU_NONE));
        g_set_int(g, net_node(g, "soft"), "axis", 1);
        cc_options o = options();
        named[0] = (char *)"soft";
        o.run_on_bpu = (cc_list){named, (size_t)i};
        cc_plan *p = place(g, &o);
        ck_assert_int_eq(at(g, p, "soft")->unit, i ? CC_NPU : CC_CPU);
        ck_assert_int_eq(at(g, p, "conv")->int32_out, !i);
        end(g, p);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("place");
    TCase *core = tcase_create("core");
    tcase_add_test(core, a_node_on_the_cpu_splits_the_network);
    tcase_add_test(core, a_branch_around_the_cpu_keeps_its_region_convex);
    tcase_add_test(core, a_diamond_on_the_npu_is_one_region);
    tcase_add_test(core, regions_of_two_depths_join_when_nothing_leads_around);
    tcase_add_test(core, passive_nodes_follow_the_cpu);
    tcase_add_test(core, the_last_convolution_stays_int32);
    tcase_add_test(core, run_on_bpu_and_int8_output_keep_the_tail_on_the_npu);
    tcase_add_test(core, an_inner_relu_is_fused_even_before_the_cpu);
    tcase_add_test(core, a_sum_is_fused_behind_stride_one_and_two);
    tcase_add_test(core, a_map_times_its_sigmoid_is_one_swish);
    tcase_add_test(core, names_are_checked);
    tcase_add_test(core, run_on_bpu_against_a_rule_is_refused);
    tcase_add_test(core, an_operator_without_kernel_is_refused_by_name);
    tcase_add_test(core, softmax_needs_run_on_bpu);
    suite_add_tcase(s, core);
    return unit_run(s);
}
