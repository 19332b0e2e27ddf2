/* The back end of bernoulli2, proved over networks made here; see bpu_proof.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "formats/cmdbuf.h"
#include "sim/layout.h"
#include "tests/unit/bpu_proof.h"
#include "tests/unit/net_fixture.h"
#include "tests/unit/unit.h"

static const net_window one = {1, 1, 0, 1, 1}, three = {3, 1, 1, 1, 1}, down = {3, 2, 1, 1, 1},
                        five = {5, 1, 4, 2, 1}, seven = {7, 2, 3, 1, 1};

static npu_chip *chip_of(double sram)
{
    npu_chip *c;
    npu_err err;
    char value[48];
    snprintf(value, sizeof value, "bpu.sram_bytes=%.0f", sram);
    ck_assert_msg(npu_chip_load("x3m", &c, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(npu_chip_set(c, value, &err) == NPU_OK, "%s", err.text);
    return c;
}

/* --- networks --------------------------------------------------------------------- */

static int32_t input(npu_graph *g, int64_t n, int64_t c, int64_t h, int64_t w)
{
    return net_input(g, "x", n, c, h, w);
}

static void chain(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 3, 66, 70), 16, seven);
    x = net_op(g, NPU_OP_RELU, "r", x, NPU_NONE);
    x = net_conv(g, "c", net_conv(g, "b", x, 32, three), 24, down);
    net_output(g, net_conv(g, "e", net_conv(g, "d", x, 40, five), 10, one));
}

static void residual(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 16, 40, 40), 32, three);
    for (int i = 0; i < 4; i++) {
        char name[3][16];
        for (int k = 0; k < 3; k++)
            snprintf(name[k], sizeof name[k], "%c%d", "pqs"[k], i);
        int32_t y = net_conv(g, name[1], net_conv(g, name[0], x, 32, three), 32, three);
        x = net_op(g, NPU_OP_ADD, name[2], y, x);
    }
    net_output(g, x);
}

/* A convolution to which its own source is added. */
static void self_sum(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 8, 48, 48), 32, three);
    net_output(g, net_op(g, NPU_OP_ADD, "s", net_conv(g, "b", x, 32, three), x));
}

static int32_t concat(npu_graph *g, const char *name, int32_t a, int32_t b)
{
    const npu_value *x = &g->value[a];
    int32_t out = net_op_shape(g, NPU_OP_CONCAT, name, a, b, x->dim[0],
                               x->dim[1] + g->value[b].dim[1], x->dim[2], x->dim[3]);
    g_set_int(g, net_node(g, name), "axis", 1);
    return out;
}

/* Each layer reads the concatenation so far and writes the next part of it. */
static void dense(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 3, 56, 56), 16, three);
    int32_t y = net_conv(g, "b", x, 12, three);
    int32_t z = net_conv(g, "c", y, 20, three), all = concat(g, "ab", x, y);
    all = concat(g, "abc", all, z);
    int32_t w = net_conv(g, "d", all, 16, three);
    net_output(g, net_conv(g, "e", concat(g, "abcd", all, w), 24, one));
}

/* Parts whose channels are no multiples of 4, one of them an output of its own. */
static void ragged(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 3, 30, 34), 6, three);
    int32_t y = net_conv(g, "b", x, 7, three), z = concat(g, "ab", x, y);
    net_output(g, y);
    net_output(g, net_conv(g, "c", z, 9, three));
    net_output(g, z);
}

static void halves(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 3, 40, 40), 32, three);
    int32_t part[2] = {g_value(g, "p0"), g_value(g, "p1")};
    for (int i = 0; i < 2; i++) {
        g->value[part[i]] = g->value[x];
        g->value[part[i]].name = i ? "p1" : "p0";
        g->value[part[i]].dim[1] = 16;
    }
    int32_t n = g_add(g, NPU_OP_SPLIT, NULL, "split", &x, 1, part, 2);
    g_set_int(g, n, "axis", 1);
    int32_t y = net_conv(g, "b", part[1], 16, three);
    net_output(g, net_conv(g, "c", concat(g, "cat", part[0], y), 32, down));
}

static void windows(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 4, 64, 64), 32, (net_window){3, 1, 1, 1, 4});
    x = net_conv(g, "b", x, 32, (net_window){3, 1, 1, 1, 32});
    int32_t p = net_op_shape(g, NPU_OP_MAXPOOL, "p", x, NPU_NONE, 1, 32, 32, 32);
    g_set_ints(g, net_node(g, "p"), "kernel_shape", (int64_t[]){2, 2}, 2);
    g_set_ints(g, net_node(g, "p"), "strides", (int64_t[]){2, 2}, 2);
    int32_t q = net_op_shape(g, NPU_OP_GLOBALAVERAGEPOOL, "q", p, NPU_NONE, 1, 32, 1, 1);
    net_output(g, net_conv(g, "fc", q, 50, one));
    net_output(g, net_conv(g, "d", p, 8, three));
}

static void upward(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 3, 24, 24), 16, three);
    int32_t w = net_const(g, "w", NULL, 16, 8, 4, 4), in[2] = {x, w}, up = g_value(g, "up");
    g->value[up] = g->value[x];
    g->value[up].name = "up";
    g->value[up].dim[1] = 8;
    g->value[up].dim[2] = g->value[up].dim[3] = 48;
    int32_t n = g_add(g, NPU_OP_CONVTRANSPOSE, NULL, "up", in, 2, &up, 1);
    g_set_ints(g, n, "kernel_shape", (int64_t[]){4, 4}, 2);
    g_set_ints(g, n, "strides", (int64_t[]){2, 2}, 2);
    g_set_ints(g, n, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    net_output(g, net_conv(g, "b", up, 8, three));
}

static void big_map(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 3, 512, 300), 24, three);
    net_output(g, net_conv(g, "c", net_conv(g, "b", x, 24, three), 8, down));
}

static void big_weights(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 1, 128, 14, 14), 512, three);
    net_output(g, net_conv(g, "c", net_conv(g, "b", x, 512, three), 1000, one));
}

static void batch(npu_graph *g)
{
    int32_t x = net_conv(g, "a", input(g, 3, 3, 40, 40), 16, three);
    int32_t y = net_conv(g, "c", net_conv(g, "b", x, 16, down), 16, three);
    net_output(g, net_conv(g, "d", y, 24, three));
}

static const struct { const char *name; void (*make)(npu_graph *); } nets[] = {
    {"chain", chain}, {"residual", residual}, {"self_sum", self_sum}, {"dense", dense},
    {"ragged", ragged}, {"halves", halves}, {"windows", windows}, {"upward", upward},
    {"big_map", big_map}, {"big_weights", big_weights}, {"batch", batch}};
enum { NETS = sizeof nets / sizeof *nets };

/* --- proofs ----------------------------------------------------------------------- */

static proof prove(int i, cc_options o, double sram)
{
    npu_graph *g = net_new();
    npu_chip *c = chip_of(sram);
    proof p = {.why = ""};
    nets[i].make(g);
    o.march = "bernoulli2";
    o.weightless = true;
    o.cores = o.cores ? o.cores : 1;
    proof_graph(g, &o, c, &p);
    npu_chip_free(c);
    npu_graph_free(g);
    return p;
}

START_TEST(every_plan_computes_what_it_should)
{
    static const double sram[] = {1 << 20, 300000, 150000};
    unsigned compiled = 0;
    for (int level = 0; level <= 3; level++)
        for (int mode = CC_LATENCY; mode <= CC_BANDWIDTH; mode++)
            for (int s = 0; s < 3; s++) {
                proof p = prove(_i, (cc_options){.level = level, .mode = (cc_mode)mode}, sram[s]);
                bool small = s && strstr(p.why, "in no way");
                ck_assert_msg(!*p.why || small, "%s O%d %d %.0f: %s", nets[_i].name, level, mode,
                              sram[s], p.why);
                compiled += !small && p.commands > 0;
            }
    ck_assert_uint_ge(compiled, 8);
}
END_TEST

START_TEST(nothing_crosses_a_cut)
{
    cc_options o = {.level = 3};
    proof whole = prove(_i, o, 300000);
    o.max_time_per_fc_us = 20;
    proof cut = prove(_i, o, 300000);
    ck_assert_msg(!*cut.why || strstr(cut.why, "in no way"), "%s: %s", nets[_i].name, cut.why);
    ck_assert_uint_ge(cut.fcalls, whole.fcalls);
}
END_TEST

/* Each convolution is an output, also those whose maps would not leave the chip. */
START_TEST(layers_are_dumped)
{
    cc_options o = {.level = 3};
    proof plain = prove(_i, o, 300000);
    o.dump_layers = true;
    proof dump = prove(_i, o, 300000);
    ck_assert_msg(!*dump.why || strstr(dump.why, "in no way"), "%s: %s", nets[_i].name, dump.why);
    if (!*dump.why && !*plain.why)
        ck_assert_uint_gt(dump.written, plain.written);
}
END_TEST

/* Without this command's wait (the Nth that has one) something must be wrong. */
static unsigned nth, waits;

static void forget_wait(npu_model *m)
{
    const npu_section *s = &m->section[m->nsection - 1];
    fmt_cmdbuf buf = fmt_cmdbuf_of(s);
    fmt_cmd c;
    npu_err err;
    waits = 0;
    while (fmt_cmdbuf_next(&buf, &c, &err) == NPU_OK && c.payload) {
        const sim_field *f = sim_field_find(sim_layout_of(NPU_ISA_BPU_1, c.engine), "wait");
        uint8_t *p = (uint8_t *)c.payload;
        if (bits_get(p, f->first, f->width) && waits++ == nth)
            bits_put(p, f->first, f->width, 0);
    }
}

static const char *moved; /* field to add 1 to, in the third command that has it */

static void move_field(npu_model *m)
{
    const npu_section *s = &m->section[m->nsection - 1];
    fmt_cmdbuf buf = fmt_cmdbuf_of(s);
    fmt_cmd c;
    npu_err err;
    unsigned n = 0;
    while (fmt_cmdbuf_next(&buf, &c, &err) == NPU_OK && c.payload) {
        const sim_field *f = sim_field_find(sim_layout_of(NPU_ISA_BPU_1, c.engine), moved);
        uint8_t *p = (uint8_t *)c.payload;
        if (f && n++ == 2)
            bits_put(p, f->first, f->width, bits_get(p, f->first, f->width) + 32);
    }
}

START_TEST(a_forgotten_wait_is_found)
{
    unsigned found = 0, tried = 0;
    for (nth = 0; nth < 40; nth++) {
        proof_spoil = forget_wait;
        proof p = prove(8, (cc_options){.level = 3}, 150000);
        proof_spoil = NULL;
        if (nth >= waits)
            break;
        tried++;
        found += *p.why != 0;
    }
    ck_assert_uint_ge(tried, 8);
    ck_assert_uint_ge(2 * found, tried); /* some waits say what others say too */
}
END_TEST

START_TEST(a_wrong_field_is_found)
{
    static const char *const fields[] = {"src", "dst", "weight", "src_row", "dst_row", "row",
                                         "in_h", "addr_low", "local", "ring_row", "out_c",
                                         "channels",
                                         "lines", "local_row", "dst_ring", "id"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        moved = fields[i];
        proof_spoil = move_field;
        proof p = prove(0, (cc_options){.level = 3}, 150000);
        proof_spoil = NULL;
        ck_assert_msg(*p.why, "%s", fields[i]);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bpu");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 60);
    tcase_add_loop_test(core, every_plan_computes_what_it_should, 0, NETS);
    tcase_add_loop_test(core, nothing_crosses_a_cut, 0, NETS);
    tcase_add_loop_test(core, layers_are_dumped, 0, NETS);
    tcase_add_test(core, a_forgotten_wait_is_found);
    tcase_add_test(core, a_wrong_field_is_found);
    suite_add_tcase(s, core);
    return unit_run(s);
}
