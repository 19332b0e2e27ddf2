/* Layers rebuilt from the data flow: whose work is a command? */
#include "perf/layers.h"

#include <stdlib.h>
#include <string.h>

#include "perf/lmem_map.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* --- names ------------------------------------------------------------------------------------ */

START_TEST(a_weight_names_its_layer)
{
    static const struct {
        const char *weight, *layer;
    } names[] = {{"335_Conv_filter_reordered", "335_Conv"},
                 {"335_Conv_bias_packed", "335_Conv"},
                 {"conv1_filter_i8_reordered", "conv1"},
                 {"sigmoid_table", "sigmoid"},
                 {"softmax_table_mantissa", "softmax"},
                 {"prelu_slope_bf16", "prelu"},
                 {"plain", "plain"},
                 {"_filter", "_filter"}, /* never empty */
                 {"my_filter_bank", "my_filter_bank"},
                 {"", ""}};
    for (size_t i = 0; i < COUNT(names); i++) {
        char out[64];
        perf_weight_layer(names[i].weight, out, sizeof out);
        ck_assert_str_eq(out, names[i].layer);
    }
    char small[6];
    perf_weight_layer("335_Conv_filter", small, sizeof small);
    ck_assert_str_eq(small, "335_C");
}
END_TEST

/* --- writers ---------------------------------------------------------------------------------- */

static perf_writer writer(uint64_t start, uint64_t end, int32_t layer)
{
    return (perf_writer){.start = start, .end = end, .layer = layer};
}

static int32_t layer_at(perf_writers *w, uint64_t addr)
{
    const perf_writer *x = perf_writer_of(w, addr);
    return x ? x->layer : -99;
}

START_TEST(the_newest_writer_of_a_byte_is_found)
{
    static perf_writers w;
    ck_assert_int_eq(layer_at(&w, 0), -99);
    perf_wrote(&w, writer(100, 200, 1));
    perf_wrote(&w, writer(150, 160, 2));
    ck_assert_int_eq(layer_at(&w, 99), -99);
    ck_assert_int_eq(layer_at(&w, 100), 1);
    ck_assert_int_eq(layer_at(&w, 149), 1);
    ck_assert_int_eq(layer_at(&w, 150), 2);
    ck_assert_int_eq(layer_at(&w, 159), 2);
    ck_assert_int_eq(layer_at(&w, 160), 1);
    ck_assert_int_eq(layer_at(&w, 200), -99);
    perf_wrote(&w, writer(90, 210, 3)); /* over both */
    ck_assert_int_eq(layer_at(&w, 155), 3);
    ck_assert_uint_eq(w.n, 1);
}
END_TEST

START_TEST(too_many_writers_forget_the_oldest)
{
    static perf_writers w;
    for (int32_t i = 0; i < 3 * PERF_WRITERS; i++)
        perf_wrote(&w, writer((uint64_t)i * 10, (uint64_t)i * 10 + 10, i));
    ck_assert_uint_le(w.n, PERF_WRITERS);
    for (int32_t i = 2 * PERF_WRITERS; i < 3 * PERF_WRITERS; i++)
        ck_assert_int_eq(layer_at(&w, (uint64_t)i * 10 + 5), i);
    ck_assert_int_eq(layer_at(&w, 5), -99);
}
END_TEST

/* --- programs --------------------------------------------------------------------------------- */

enum { CMDS = 32, PARTS = 3 };

/* A program made command by command; every tensor is 1 channel x 1 row of 64 bytes. */
static struct {
    npu_chip *chip;
    npu_model model;
    npu_program program;
    npu_weight weight[4];
    npu_tensor tensor[2];
    npu_routine routine[PARTS];
    npu_cmd cmd[PARTS][CMDS];
    perf_part part[PARTS];
    perf_prog prog;
    npu_span span[PARTS * CMDS];
    npu_trace trace;
    npu_profile profile;
} rig;

static int64_t dims[] = {1, 1, 1, 64}, weight_dims[] = {1, 16, 2, 2};

#define DDR(sel, offset) ((int64_t)(sel) << 40 | (offset))

static void setup(void)
{
    static char *names[] = {"335_Conv_filter_reordered", "335_Conv_bias_packed", "act_table",
                            "340_Conv_filter_reordered"};
    npu_err err = {0};
    memset(&rig, 0, sizeof rig);
    ck_assert_msg(npu_chip_load("cv181x", &rig.chip, &err) == NPU_OK, "%s", err.text);
    for (int i = 0; i < 4; i++) /* not in order of offset in the file */
        rig.weight[3 - i] = (npu_weight){.name = names[i], .offset = DDR(NPU_MEM_WEIGHT, i * 64),
                                         .size = 64, .dim = weight_dims, .ndim = 4};
    rig.model = (npu_model){.weight = rig.weight, .nweight = 4};
    rig.program = (npu_program){.tensor = rig.tensor};
    rig.prog = (perf_prog){.model = &rig.model, .program = &rig.program, .part = rig.part, .n = 1};
    for (int i = 0; i < PARTS; i++) {
        rig.routine[i].section = "interp";
        rig.part[i] = (perf_part){.routine = &rig.routine[i], .cmd = rig.cmd[i]};
    }
    rig.trace.span = rig.span;
}

static void forget_layers(void)
{
    for (size_t i = 0; i < rig.profile.nlayer; i++)
        free(rig.profile.layer[i].name);
    free(rig.profile.layer);
    rig.profile = (npu_profile){0};
}

static void teardown(void)
{
    forget_layers();
    npu_chip_free(rig.chip);
}

/* The part commands are appended to. */
static perf_part *open_part(void)
{
    return &rig.part[rig.prog.n - 1];
}

static void append(npu_cmd c)
{
    perf_part *p = open_part();
    rig.span[rig.trace.count++] = (npu_span){.cmd = p->n, .subgraph = (uint16_t)(rig.prog.n - 1)};
    p->cmd[p->n++] = c;
}

static void transfer(int dir, uint8_t sel, uint64_t src, uint64_t dst)
{
    npu_cmd c = {.engine = NPU_ENGINE_TDMA,
                 .kind = (uint8_t[]){NPU_KIND_LOAD, NPU_KIND_STORE, NPU_KIND_GCOPY,
                                     NPU_KIND_MOVE}[dir]};
    c.u.tdma = (npu_tdma){.src = src, .dst = dst, .n = 1, .src_c = 1, .src_h = 1, .src_w = 64,
                          .dst_c = 1, .dst_h = 1, .dst_w = 64, .src_bytes = 1, .dst_bytes = 1,
                          .dst_h_str = 64, .dst_c_str = 64, .dst_n_str = 64, .dir = (uint8_t)dir,
                          .src_sel = sel, .dst_sel = sel};
    append(c);
}

static void load_weight(int index, uint64_t to) { transfer(0, NPU_MEM_WEIGHT, index * 64u, to); }
static void load(uint64_t from, uint64_t to) { transfer(0, NPU_MEM_SHARED, from, to); }
static void store(uint64_t from, uint64_t to) { transfer(1, NPU_MEM_SHARED, from, to); }
static void move(uint64_t from, uint64_t to) { transfer(3, 0, from, to); }

static npu_cmd computing(npu_kind kind, uint32_t a, uint32_t res)
{
    npu_cmd c = {.engine = NPU_ENGINE_TIU, .kind = (uint8_t)kind};
    c.u.tiu.res = (npu_opnd){.addr = res, .n = 1, .c = 1, .h = 1, .w = 64, .bytes = 1};
    c.u.tiu.a = (npu_opnd){.addr = a, .n = 1, .c = 1, .h = 1, .w = 64, .bytes = 1};
    c.u.tiu.b.constant = true;
    return c;
}

static void unary(npu_kind kind, uint32_t a, uint32_t res)
{
    append(computing(kind, a, res));
}

static void conv(uint32_t a, uint32_t filter, uint32_t res)
{
    npu_cmd c = computing(NPU_KIND_CONV, a, res);
    c.u.tiu.b = (npu_opnd){.addr = filter, .n = 1, .c = 1, .h = 1, .w = 64, .bytes = 1};
    append(c);
}

static void find_layers(void)
{
    npu_err err = {0};
    ck_assert_msg(perf_layers(&rig.prog, rig.chip, &rig.trace, &rig.profile, &err) == NPU_OK, "%s",
                  err.text);
}

/* The layer of each span, in order. */
static void must_be(const char *const *names, size_t n)
{
    find_layers();
    ck_assert_uint_eq(rig.trace.count, n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_lt(rig.span[i].layer, rig.profile.nlayer);
        ck_assert_msg(strcmp(rig.profile.layer[rig.span[i].layer].name, names[i]) == 0,
                      "command %zu is of %s instead of %s", i,
                      rig.profile.layer[rig.span[i].layer].name, names[i]);
    }
}

#define MUST_BE(...)                                                                               \
    do {                                                                                           \
        static const char *const want[] = {__VA_ARGS__};                                           \
        must_be(want, COUNT(want));                                                                \
    } while (0)

START_TEST(a_convolution_is_named_after_its_filter_and_takes_its_loads)
{
    load_weight(0, 0x100);
    load_weight(1, 0x200);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    store(0x400, 0x1000);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "335_Conv", "335_Conv");
    ck_assert_uint_eq(rig.profile.nlayer, 1);
    ck_assert(!rig.profile.layer[0].inferred);
    ck_assert_uint_eq(rig.profile.layer[0].out_c, 16); /* from the shape of the filter */
}
END_TEST

START_TEST(work_without_weights_is_named_after_its_producer)
{
    load_weight(0, 0x100);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    unary(NPU_KIND_MAXPOOL, 0x400, 0x500);
    unary(NPU_KIND_AVGPOOL, 0x500, 0x600);
    unary(NPU_KIND_COPY, 0x600, 0x700);
    store(0x700, 0);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "maxpool(335_Conv)", "avgpool(335_Conv+1)",
            "copy(335_Conv+2)", "copy(335_Conv+2)");
    ck_assert(rig.profile.layer[1].inferred);
}
END_TEST

START_TEST(work_on_the_input_says_so)
{
    load(0, 0x300);
    unary(NPU_KIND_MAXPOOL, 0x300, 0x400);
    MUST_BE("maxpool(input)", "maxpool(input)");
}
END_TEST

START_TEST(a_table_or_a_bias_names_a_layer_too)
{
    load_weight(2, 0x100);
    load(0, 0x300);
    npu_cmd c = computing(NPU_KIND_LUT, 0x300, 0x400);
    c.u.tiu.b = (npu_opnd){.addr = 0x100, .n = 1, .c = 1, .h = 1, .w = 64, .bytes = 1};
    append(c);
    load_weight(1, 0x500);
    c = computing(NPU_KIND_DWCONV, 0x400, 0x600);
    c.u.tiu.bias = true;
    c.u.tiu.bias_addr = 0x500;
    append(c);
    MUST_BE("act", "act", "act", "335_Conv", "335_Conv");
}
END_TEST

START_TEST(both_halves_of_an_addition_are_one_layer)
{
    load_weight(0, 0x100);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    unary(NPU_KIND_MUL, 0x400, 0x500);
    npu_cmd c = computing(NPU_KIND_MAC, 0x300, 0x500);
    c.u.tiu.accumulate = true;
    append(c);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "mul(335_Conv)", "mul(335_Conv)");
}
END_TEST

START_TEST(data_keeps_its_producer_through_ddr_and_moves)
{
    load_weight(0, 0x100);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    store(0x400, 0x8000);
    move(0x400, 0x500);
    unary(NPU_KIND_COPY, 0x500, 0x600);
    load(0x8000, 0x700);
    unary(NPU_KIND_MAXPOOL, 0x700, 0x740);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "335_Conv", "335_Conv", "copy(335_Conv)",
            "maxpool(335_Conv)", "maxpool(335_Conv)");
}
END_TEST

START_TEST(overwritten_operands_belong_to_the_last_writer)
{
    load_weight(0, 0x100);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    load_weight(3, 0x100); /* another filter at the same place */
    conv(0x400, 0x100, 0x500);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "340_Conv", "340_Conv");
}
END_TEST

START_TEST(a_shared_load_belongs_to_its_first_reader)
{
    load(0, 0x300);
    load_weight(0, 0x100);
    conv(0x300, 0x100, 0x400);
    load_weight(3, 0x180);
    conv(0x300, 0x180, 0x500);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "340_Conv", "340_Conv");
}
END_TEST

START_TEST(transfers_nobody_reads_find_a_place)
{
    load(0, 0x900); /* read by nobody: goes with the next computation */
    load_weight(0, 0x100);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    load(0, 0x940); /* and after the last one with it */
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "335_Conv", "335_Conv");
}
END_TEST

START_TEST(a_part_of_transfers_alone_is_a_layer)
{
    load(0, 0x300);
    store(0x300, 0x400);
    MUST_BE("transfers", "transfers");
}
END_TEST

START_TEST(a_layer_that_alone_stores_a_tensor_has_its_name)
{
    rig.tensor[0] = (npu_tensor){.name = "pool_Relu", .offset = DDR(NPU_MEM_SHARED, 0x1000),
                                 .dtype = NPU_INT8, .dim = dims, .ndim = 4};
    rig.program.ntensor = 1;
    load(0, 0x300);
    unary(NPU_KIND_MAXPOOL, 0x300, 0x400);
    store(0x400, 0x1000);
    MUST_BE("pool_Relu", "pool_Relu", "pool_Relu");
    ck_assert(!rig.profile.layer[0].inferred);
    /* two layers write it: neither has its name */
    forget_layers();
    unary(NPU_KIND_AVGPOOL, 0x400, 0x500);
    store(0x500, 0x1000);
    MUST_BE("maxpool(input)", "maxpool(input)", "maxpool(input)", "avgpool(input+1)",
            "avgpool(input+1)");
}
END_TEST

START_TEST(parts_have_layers_of_their_own)
{
    load_weight(0, 0x100);
    load(0, 0x300);
    conv(0x300, 0x100, 0x400);
    rig.prog.n = 2; /* a CPU routine */
    rig.part[1].cpu = true;
    rig.span[rig.trace.count++] = (npu_span){.cmd = NPU_NO_SPAN, .subgraph = 1};
    rig.prog.n = 3; /* and the same filter again */
    load_weight(0, 0x100);
    conv(0x400, 0x100, 0x500);
    MUST_BE("335_Conv", "335_Conv", "335_Conv", "interp", "335_Conv", "335_Conv");
    ck_assert_uint_eq(rig.profile.nlayer, 3);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(rig.profile.layer[i].subgraph, i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layers");
    TCase *core = tcase_create("core"), *flow = tcase_create("flow");
    tcase_add_test(core, a_weight_names_its_layer);
    tcase_add_test(core, the_newest_writer_of_a_byte_is_found);
    tcase_add_test(core, too_many_writers_forget_the_oldest);
    tcase_add_checked_fixture(flow, setup, teardown);
    tcase_add_test(flow, a_convolution_is_named_after_its_filter_and_takes_its_loads);
    tcase_add_test(flow, work_without_weights_is_named_after_its_producer);
    tcase_add_test(flow, work_on_the_input_says_so);
    tcase_add_test(flow, a_table_or_a_bias_names_a_layer_too);
    tcase_add_test(flow, both_halves_of_an_addition_are_one_layer);
    tcase_add_test(flow, data_keeps_its_producer_through_ddr_and_moves);
    tcase_add_test(flow, overwritten_operands_belong_to_the_last_writer);
    tcase_add_test(flow, a_shared_load_belongs_to_its_first_reader);
    tcase_add_test(flow, transfers_nobody_reads_find_a_place);
    tcase_add_test(flow, a_part_of_transfers_alone_is_a_layer);
    tcase_add_test(flow, a_layer_that_alone_stores_a_tensor_has_its_name);
    tcase_add_test(flow, parts_have_layers_of_their_own);
    suite_add_tcase(s, core);
    suite_add_tcase(s, flow);
    return unit_run(s);
}
