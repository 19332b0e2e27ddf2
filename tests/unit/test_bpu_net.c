/* What lowering adds for the design rules: padded channel groups, copies for padding, channels
 * selected by the array, reshapes. */
#include <string.h>

#include "compiler/bpu.h"
#include "tests/unit/net_fixture.h"
#include "tests/unit/unit.h"

typedef struct {
    npu_graph *g;
    cc_options o;
    cc_plan *plan;
    cc_net *net;
    bpu_net *b;
    npu_chip *chip;
} built;

static void lower(built *x)
{
    npu_err err = {0};
    x->o = (cc_options){.march = "bernoulli2"};
    ck_assert_msg(npu_chip_load("x3m", &x->chip, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(cc_plan_make(x->g, &x->o, &x->plan, &err) == NPU_OK, "%s", err.text);
    ck_assert_uint_eq(x->plan->nsub, 1);
    ck_assert_msg(cc_lower(x->g, x->plan, &x->o, 0, &x->net, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(bpu_net_new(x->net, &x->o, x->chip, &x->b, &err) == NPU_OK, "%s", err.text);
}

static void end(built *x)
{
    bpu_net_free(x->b);
    cc_net_free(x->net);
    cc_plan_free(x->plan);
    npu_graph_free(x->g);
    npu_chip_free(x->chip);
}

/* The whole of layer NAME as one command. */
static npu_cmd command(const built *x, const char *name)
{
    for (uint32_t l = 0; l < x->net->nlayer; l++)
        if (strcmp(x->net->layer[l].name, name) == 0) {
            const cc_tensor *out = &x->net->tensor[x->net->layer[l].out];
            return bpu_command(x->b, l, 0, out->h, out->c, true);
        }
    ck_abort_msg("no layer %s", name);
}

static const net_window one = {1, 1, 0, 1, 1}, three = {3, 1, 1, 1, 1};

/* 48 channels in G groups between two plain convolutions. */
static void group_between(int64_t g, unsigned slot)
{
    built x = {.g = net_new()};
    net_window w = {3, 1, 1, 1, g};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 16, 16, 16), 48, one);
    int32_t b = net_conv(x.g, "b", a, 48, w);
    net_output(x.g, net_conv(x.g, "d", net_conv(x.g, "c", b, 32, one), 32, three));
    lower(&x);
    ck_assert_uint_eq(command(&x, "a").u.tiu.out_slot, slot);
    ck_assert_uint_eq(command(&x, "b").u.tiu.in_slot, slot);
    ck_assert_uint_eq(command(&x, "b").u.tiu.out_slot, slot);
    ck_assert_uint_eq(command(&x, "c").u.tiu.in_slot, slot);
    ck_assert_uint_eq(command(&x, "c").u.tiu.out_slot, 0);
    ck_assert_uint_eq(command(&x, "d").u.tiu.in_slot, 0);
    end(&x);
}

START_TEST(padding_of_groups_reaches_the_neighbours)
{
    group_between(8, 6);   /* 6 -> 8 */
    group_between(4, 12);  /* 12 -> 16 */
    group_between(6, 0);   /* 8: nothing to pad */
    group_between(1, 0);
    group_between(24, 2);  /* 2 -> 8, still less than dense */
    group_between(2, 0);   /* 24 */
}
END_TEST

START_TEST(groups_as_costly_as_dense_spread_nothing)
{
    built x = {.g = net_new()};
    net_window w = {3, 1, 1, 1, 4}; /* 4 x 2 -> 4 x 8 squared is 256, dense 64 */
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 16, 16, 16), 8, one);
    net_output(x.g, net_conv(x.g, "c", net_conv(x.g, "b", a, 8, w), 8, one));
    lower(&x);
    ck_assert_uint_eq(command(&x, "a").u.tiu.out_slot, 0);
    ck_assert_uint_eq(command(&x, "c").u.tiu.in_slot, 0);
    end(&x);
}
END_TEST

START_TEST(a_chain_of_groups_is_cut_for_both)
{
    built x = {.g = net_new()};
    net_window four = {3, 1, 1, 1, 4}, six = {3, 1, 1, 1, 8};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 16, 16, 16), 48, one);
    int32_t b = net_conv(x.g, "b", a, 48, four); /* groups of 12 */
    int32_t c = net_conv(x.g, "c", b, 48, six);  /* groups of 6 */
    net_output(x.g, net_conv(x.g, "d", c, 32, one));
    lower(&x);
    ck_assert_uint_eq(command(&x, "b").u.tiu.in_slot, 12);
    ck_assert_uint_eq(command(&x, "b").u.tiu.out_slot, 6);
    ck_assert_uint_eq(command(&x, "c").u.tiu.in_slot, 6);
    end(&x);
}
END_TEST

START_TEST(padding_that_is_not_half_the_kernel_is_copied)
{
    static const struct { net_window w; bool padded; } all[] = {
        {{3, 1, 1, 1, 1}, false}, {{3, 1, 0, 1, 1}, true}, {{3, 1, 2, 1, 1}, true},
        {{1, 1, 0, 1, 1}, false}, {{1, 1, 1, 1, 1}, true}, {{5, 2, 2, 1, 1}, false},
        {{5, 2, 1, 1, 1}, true}, {{3, 1, 2, 2, 1}, false}, {{3, 1, 1, 2, 1}, true},
        {{3, 1, 1, 1, 16}, false}, {{3, 1, 0, 1, 16}, true}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        built x = {.g = net_new()};
        int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 3, 16, 16), 16, one);
        int32_t b = net_conv(x.g, "b", a, 16, all[i].w);
        net_output(x.g, net_conv(x.g, "c", b, 8, one));
        lower(&x);
        ck_assert_msg(command(&x, "b").u.tiu.padded == all[i].padded, "row %zu", i);
        ck_assert(!command(&x, "c").u.tiu.padded);
        end(&x);
    }
}
END_TEST

/* One window that is the whole map needs none. */
START_TEST(a_window_over_the_whole_map_has_no_copy)
{
    built x = {.g = net_new()};
    net_window whole = {7, 1, 0, 1, 1};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 3, 7, 7), 16, one);
    net_output(x.g, net_conv(x.g, "b", a, 16, whole));
    lower(&x);
    ck_assert(!command(&x, "b").u.tiu.padded);
    end(&x);
}
END_TEST

/* Chunks of channels of one layer share the copy; stripes of rows have one each. */
START_TEST(the_copy_is_paid_once_for_each_row)
{
    built x = {.g = net_new()};
    net_window none = {3, 1, 0, 1, 1};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 3, 16, 16), 16, one);
    net_output(x.g, net_conv(x.g, "b", a, 16, none));
    lower(&x);
    uint32_t l = x.net->nlayer - 1, h = x.net->tensor[x.net->layer[l].out].h;
    ck_assert(bpu_command(x.b, l, 0, h, 8, true).u.tiu.padded);
    ck_assert(!bpu_command(x.b, l, 0, h, 8, false).u.tiu.padded);
    ck_assert(bpu_command(x.b, l, 4, 4, 16, false).u.tiu.padded);
    end(&x);
}
END_TEST

/* Entries FROM to TO along AXIS, as C channels of 16 x W. */
static int32_t slice(npu_graph *g, const char *name, int32_t x, int64_t axis, int64_t from,
                     int64_t to, int64_t c, int64_t w)
{
    int32_t y = net_op_shape(g, NPU_OP_SLICE, name, x, NPU_NONE, 1, c, 16, w);
    int32_t n = net_node(g, name);
    g_set_ints(g, n, "axes", &axis, 1);
    g_set_ints(g, n, "starts", &from, 1);
    g_set_ints(g, n, "ends", &to, 1);
    return y;
}

START_TEST(a_slice_of_channels_takes_the_array)
{
    built x = {.g = net_new()};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 3, 16, 16), 16, one);
    int32_t b = slice(x.g, "b", a, 1, 4, 12, 8, 16);
    net_output(x.g, net_conv(x.g, "c", b, 8, one));
    lower(&x);
    npu_cmd c = command(&x, "b");
    sim_op op;
    npu_err err = {0};
    ck_assert_int_eq(c.kind, NPU_KIND_BCONV);
    ck_assert_uint_eq(c.u.tiu.a.c, 16);
    ck_assert_uint_eq(c.u.tiu.res.c, 8);
    ck_assert_int_eq(bpu_work(x.b, &c, &op, &err), NPU_OK);
    ck_assert_int_gt(op.cycles, op.fixed);
    end(&x);
}
END_TEST

START_TEST(a_slice_of_columns_is_copied)
{
    built x = {.g = net_new()};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 3, 16, 16), 16, one);
    int32_t b = slice(x.g, "b", a, 3, 4, 12, 16, 8);
    net_output(x.g, net_conv(x.g, "c", b, 8, one));
    lower(&x);
    ck_assert_int_eq(command(&x, "b").kind, NPU_KIND_BCOPY);
    ck_assert_uint_eq(command(&x, "b").u.tiu.fn, 0);
    end(&x);
}
END_TEST

START_TEST(a_reshape_is_a_copy_of_its_own_kind)
{
    built x = {.g = net_new()};
    int32_t a = net_conv(x.g, "a", net_input(x.g, "x", 1, 3, 16, 16), 16, one);
    int32_t b = net_op_shape(x.g, NPU_OP_RESHAPE, "b", a, NPU_NONE, 1, 16, 8, 32);
    net_output(x.g, net_conv(x.g, "c", b, 8, one));
    lower(&x);
    ck_assert_int_eq(command(&x, "b").kind, NPU_KIND_BCOPY);
    ck_assert_uint_eq(command(&x, "b").u.tiu.fn, 3);
    end(&x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bpu_net");
    TCase *core = tcase_create("core");
    tcase_add_test(core, padding_of_groups_reaches_the_neighbours);
    tcase_add_test(core, groups_as_costly_as_dense_spread_nothing);
    tcase_add_test(core, a_chain_of_groups_is_cut_for_both);
    tcase_add_test(core, padding_that_is_not_half_the_kernel_is_copied);
    tcase_add_test(core, a_window_over_the_whole_map_has_no_copy);
    tcase_add_test(core, the_copy_is_paid_once_for_each_row);
    tcase_add_test(core, a_slice_of_channels_takes_the_array);
    tcase_add_test(core, a_slice_of_columns_is_copied);
    tcase_add_test(core, a_reshape_is_a_copy_of_its_own_kind);
    suite_add_tcase(s, core);
    return unit_run(s);
}
