/* The cv181x back end: what it writes is read, decoded and simulated by the rest of the program,
 * and computes, command by command, what the layers say. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi.h"
#include "formats/cvimodel.h"
#include "tests/unit/assembled.h"
#include "tests/unit/cvi_exec.h"
#include "tests/unit/cvi_net.h"
#include "tests/unit/cvi_ref.h"
#include "tests/unit/unit.h"

static npu_chip *chip_with(const char *set)
{
    npu_chip *chip = NULL;
    npu_err err = {0};
    ck_assert_msg(npu_chip_load("cv181x", &chip, &err) == NPU_OK, "%s", err.text);
    if (set)
        ck_assert_msg(npu_chip_set(chip, set, &err) == NPU_OK, "%s", err.text);
    return chip;
}

/* Compiles N, writes the container and reads it back. */
static npu_model *compiled(const cvi_net *n, const npu_chip *chip)
{
    npu_model *m = calloc(1, sizeof *m), *back = NULL;
    npu_err err = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    ck_assert_msg(cvi_emit(&n->net, NULL, chip, m, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(cvi_write(m, false, &bytes, &size, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(npu_model_parse("made.cvimodel", bytes, size, &back, &err) == NPU_OK, "%s",
                  err.text);
    free(bytes);
    npu_model_free(m);
    return back;
}

static int8_t any_byte(const npu_tensor *t, uint64_t i)
{
    (void)t;
    return (int8_t)((i * 2654435761u + 12345) >> 13);
}

/* Every byte of an output is stored once and has the value of the reference. */
static void check_output(const cvi_exec *e, const cvi_ref *ref, const npu_model *m,
                         const cc_net *net, uint32_t k)
{
    const npu_tensor *t = npu_program_tensor(&m->program[0], net->tensor[k].name);
    ck_assert_ptr_nonnull(t);
    const cvi_exec_memory *mem = &e->ddr[t->offset >> 40];
    uint64_t at = (uint64_t)t->offset & 0xffffffffff;
    for (uint64_t i = 0; i < npu_tensor_bytes(t); i++) {
        ck_assert_msg(mem->stores[at + i] == 1, "%s: byte %llu stored %u times", t->name,
                      (unsigned long long)i, mem->stores[at + i]);
        ck_assert_msg((int8_t)mem->byte[at + i] == ref->map[k][i], "%s: byte %llu is %d, not %d",
                      t->name, (unsigned long long)i, (int8_t)mem->byte[at + i], ref->map[k][i]);
    }
}

/* Runs the model of N on a chip with SET and compares; returns the commands there were. */
static uint32_t check_net(const cvi_net *n, const char *set)
{
    npu_chip *chip = chip_with(set);
    npu_model *m = compiled(n, chip);
    cvi_exec e;
    cvi_ref ref;
    uint64_t useful = 0;
    cvi_exec_run(&e, m, chip, any_byte);
    ck_assert_msg(!e.bad[0], "%s: %s", set ? set : "", e.bad);
    cvi_ref_run(&ref, &n->net, m, any_byte);
    ck_assert_msg(!ref.bad[0], "%s", ref.bad);
    for (uint32_t i = 0; i < n->net.ntensor; i++)
        if (n->net.tensor[i].output)
            check_output(&e, &ref, m, &n->net, i);
    for (uint32_t i = 0; i < n->net.nlayer; i++)
        useful += n->net.layer[i].macs;
    ck_assert_uint_ge(e.macs, useful);
    uint32_t commands = e.commands;
    cvi_ref_free(&ref);
    cvi_exec_free(&e);
    npu_model_free(m);
    npu_chip_free(chip);
    return commands;
}

/* On the chip as it is, and with less and less local memory: more and more tiles. */
static void check_sizes(cvi_net n, int32_t out)
{
    n.net.tensor[out].output = true;
    uint32_t most = check_net(&n, NULL);
    ck_assert_uint_ge(check_net(&n, "lmem.lane_bytes=8192"), most);
    check_net(&n, "lmem.lane_bytes=4096");
    check_net(&n, "tpu.lanes=2");
    cvi_net_free(&n);
}

START_TEST(two_convolutions)
{
    cvi_net n = cvi_net_new("two");
    int32_t t = cvi_net_input(&n, 3, 37, 45);
    t = cvi_net_conv(&n, "c0", t, (conv_shape){16, 3, 2, 1, true}, NPU_NONE);
    check_sizes(n, cvi_net_conv(&n, "c1", t, (conv_shape){32, 3, 1, 1, false}, NPU_NONE));
}
END_TEST

START_TEST(many_channels_are_cut)
{
    cvi_net n = cvi_net_new("wide");
    int32_t t = cvi_net_input(&n, 40, 12, 12);
    t = cvi_net_conv(&n, "c0", t, (conv_shape){72, 3, 1, 1, true}, NPU_NONE);
    check_sizes(n, cvi_net_conv(&n, "c1", t, (conv_shape){56, 3, 2, 1, false}, NPU_NONE));
}
END_TEST

START_TEST(bottleneck_with_sum_and_join)
{
    cvi_net n = cvi_net_new("c2f");
    int32_t t = cvi_net_input(&n, 16, 20, 24);
    check_sizes(n, cvi_net_c2f(&n, "b", t, 32, 2, true, NPU_NONE));
}
END_TEST

START_TEST(pyramid_of_pools)
{
    cvi_net n = cvi_net_new("sppf");
    check_sizes(n, cvi_net_sppf(&n, "s", cvi_net_input(&n, 32, 20, 20), 24));
}
END_TEST

START_TEST(groups_and_depthwise)
{
    cvi_net n = cvi_net_new("groups");
    int32_t t = cvi_net_input(&n, 24, 18, 18);
    t = cvi_net_conv(&n, "dw", t, (conv_shape){24, 3, 1, 24, false}, NPU_NONE);
    n.net.layer[n.net.nlayer - 1].act = CC_ACT_RELU6;
    t = cvi_net_conv(&n, "g4", t, (conv_shape){12, 3, 1, 4, false}, NPU_NONE);
    check_sizes(n, cvi_net_conv(&n, "dw2", t, (conv_shape){12, 5, 2, 12, false}, NPU_NONE));
}
END_TEST

START_TEST(upsampling)
{
    cvi_net n = cvi_net_new("up");
    int32_t t = cvi_net_upsample(&n, "u", cvi_net_input(&n, 20, 9, 11), NPU_NONE);
    check_sizes(n, cvi_net_conv(&n, "c", t, (conv_shape){8, 3, 1, 1, false}, NPU_NONE));
}
END_TEST

/* Filters of a group too large for local memory are cut; a vector longer than a register field is
 * read as a row. */
START_TEST(large_groups_and_vectors)
{
    cvi_net n = cvi_net_new("large");
    int32_t t = cvi_net_input(&n, 96, 6, 6);
    t = cvi_net_conv(&n, "g2", t, (conv_shape){64, 5, 1, 2, true}, NPU_NONE);
    n.net.tensor[t].output = true;
    ck_assert_uint_gt(check_net(&n, NULL), 4);
    cvi_net_free(&n);

    n = cvi_net_new("vector");
    t = cvi_net_conv(&n, "fc", cvi_net_input(&n, 6144, 1, 1), (conv_shape){20, 1, 1, 1, false},
                     NPU_NONE);
    n.net.tensor[t].output = true;
    check_net(&n, NULL);
    cvi_net_free(&n);
}
END_TEST

typedef uint64_t where_fn(uint64_t i); /* input byte that output byte I is */

/* One rearrangement by node OP of map A (input) to a map of the given shape. */
static void check_move(npu_op op, const int64_t *from, int rank, const int64_t *to, int to_rank,
                       void (*attrs)(npu_graph *g, int32_t node), where_fn *where)
{
    cvi_net n = cvi_net_new("move");
    int32_t a = cvi_net_map(&n, "images", 1, 1, 1), o = cvi_net_map(&n, "moved", 1, 1, 1);
    int32_t v[2] = {g_value(n.graph, "images"), g_value(n.graph, "moved")};
    for (int k = 0; k < 2; k++) {
        const int64_t *dim = k ? to : from;
        npu_value *x = &n.graph->value[v[k]];
        cc_tensor *t = &n.net.tensor[k ? o : a];
        x->rank = k ? to_rank : rank;
        memcpy(x->dim, dim, (size_t)x->rank * sizeof *dim);
        t->value = v[k];
        t->n = 1;
        for (int i = 0; i < x->rank - 3; i++)
            t->n *= (uint32_t)dim[i];
        t->c = (uint32_t)dim[x->rank - 3];
        t->h = (uint32_t)dim[x->rank - 2];
        t->w = (uint32_t)dim[x->rank - 1];
    }
    n.net.tensor[a].input = n.net.tensor[o].output = true;
    int32_t node = g_add(n.graph, op, NULL, "move", &v[0], 1, &v[1], 1);
    attrs(n.graph, node);
    /* as the lowering hands them on */
    cc_layer *l = cvi_net_layer(&n, op == NPU_OP_SLICE ? CC_CONV : CC_MOVE, "move", a, o);
    l->node = node;
    l->function = op;

    npu_chip *chip = chip_with(NULL);
    npu_model *m = compiled(&n, chip);
    cvi_exec e;
    cvi_exec_run(&e, m, chip, any_byte);
    ck_assert_msg(!e.bad[0], "%s", e.bad);
    const npu_tensor *t = npu_program_tensor(&m->program[0], "moved");
    for (uint64_t i = 0; i < npu_tensor_bytes(t); i++) {
        ck_assert_uint_eq(e.ddr[t->offset >> 40].stores[i], 1);
        ck_assert_int_eq((int8_t)e.ddr[t->offset >> 40].byte[i], any_byte(NULL, where(i)));
    }
    cvi_exec_free(&e);
    npu_model_free(m);
    npu_chip_free(chip);
    cvi_net_free(&n);
}

static void swap_groups(npu_graph *g, int32_t node)
{
    const int64_t perm[5] = {0, 2, 1, 3, 4};
    g_set_ints(g, node, "perm", perm, 5);
}

static void from_the_third(npu_graph *g, int32_t node)
{
    const int64_t starts[1] = {3}, axes[1] = {1};
    g_set_ints(g, node, "starts", starts, 1);
    g_set_ints(g, node, "axes", axes, 1);
}

/* 1x5x4x6 <- channels 3 to 7 of 1x10x4x6 */
static uint64_t sliced(uint64_t i)
{
    return i + 3 * 24;
}

/* 1x3x10x4x6 <- 1x10x3x4x6 */
static uint64_t swapped(uint64_t i)
{
    uint64_t p = i % 24, c = i / 24 % 10, g = i / 240;
    return (c * 3 + g) * 24 + p;
}

static void channels_last(npu_graph *g, int32_t node)
{
    const int64_t perm[4] = {0, 2, 3, 1};
    g_set_ints(g, node, "perm", perm, 4);
}

/* 1x4x6x10 (H W C) <- 1x10x4x6 */
static uint64_t last(uint64_t i)
{
    return i % 10 * 24 + i / 10;
}

static void block_of_two(npu_graph *g, int32_t node)
{
    g_set_int(g, node, "blocksize", 2);
}

/* 1x3x8x12 <- 1x12x4x6, DCR */
static uint64_t to_space(uint64_t i)
{
    uint64_t w = i % 12, h = i / 12 % 8, c = i / 96;
    return (((h % 2 * 2 + w % 2) * 3 + c) * 4 + h / 2) * 6 + w / 2;
}

/* 1x12x4x6 <- 1x3x8x12 */
static uint64_t to_depth(uint64_t i)
{
    uint64_t w = i % 6, h = i / 6 % 4, c = i / 24;
    return (c % 3 * 8 + h * 2 + c / 6) * 12 + w * 2 + c / 3 % 2;
}

START_TEST(rearrangements)
{
    const int64_t grouped[5] = {1, 10, 3, 4, 6}, shuffled[5] = {1, 3, 10, 4, 6};
    const int64_t planes[4] = {1, 10, 4, 6}, pixels[4] = {1, 4, 6, 10};
    const int64_t some[4] = {1, 5, 4, 6};
    const int64_t deep[4] = {1, 12, 4, 6}, flat[4] = {1, 3, 8, 12};
    check_move(NPU_OP_TRANSPOSE, grouped, 5, shuffled, 5, swap_groups, swapped);
    check_move(NPU_OP_TRANSPOSE, planes, 4, pixels, 4, channels_last, last);
    check_move(NPU_OP_SLICE, planes, 4, some, 4, from_the_third, sliced);
    check_move(NPU_OP_DEPTHTOSPACE, deep, 4, flat, 4, block_of_two, to_space);
    check_move(NPU_OP_SPACETODEPTH, flat, 4, deep, 4, block_of_two, to_depth);
}
END_TEST

/* Squeeze and excitation: an average of the whole map scales it. */
START_TEST(squeeze_and_excitation)
{
    cvi_net n = cvi_net_new("se");
    int32_t t = cvi_net_input(&n, 24, 14, 14), mean = cvi_net_map(&n, "mean", 24, 1, 1);
    cc_layer *l = cvi_net_layer(&n, CC_AVGPOOL, "pool", t, mean);
    l->kh = l->kw = 14;
    int32_t s = cvi_net_conv(&n, "fc", mean, (conv_shape){24, 1, 1, 1, false}, NPU_NONE);
    int32_t gate = cvi_net_map(&n, "gate", 24, 1, 1);
    cvi_net_layer(&n, CC_LUT, "sigmoid", s, gate)->function = NPU_OP_SIGMOID;
    check_sizes(n, cvi_net_pair(&n, CC_MUL, "scale", t, gate, NPU_NONE));
}
END_TEST

START_TEST(pairs_and_slopes)
{
    cvi_net n = cvi_net_new("pairs");
    int32_t t = cvi_net_input(&n, 10, 16, 12), relu = cvi_net_map(&n, "relu", 10, 16, 12);
    int32_t slope = cvi_net_map(&n, "prelu", 10, 16, 12);
    int64_t dim[3] = {10, 1, 1};
    cvi_net_layer(&n, CC_RELU, "relu", t, relu);
    cc_layer *l = cvi_net_layer(&n, CC_PRELU, "prelu", t, slope);
    l->weight = g_constant(n.graph, "slopes", NPU_ELEM_FLOAT, 3, dim, NULL);
    int32_t big = cvi_net_pair(&n, CC_MAX, "max", relu, slope, NPU_NONE);
    int32_t small = cvi_net_pair(&n, CC_MIN, "min", t, slope, NPU_NONE);
    check_sizes(n, cvi_net_pair(&n, CC_ADD, "add", big, small, NPU_NONE));
}
END_TEST

/* Dilation, and a result that is also read again. */
START_TEST(outputs_inside)
{
    cvi_net n = cvi_net_new("inside");
    int32_t t = cvi_net_conv(&n, "a", cvi_net_input(&n, 8, 24, 24),
                             (conv_shape){16, 3, 1, 1, true}, NPU_NONE);
    n.net.tensor[t].output = true;
    int32_t d = cvi_net_map(&n, "dilated", 16, 24, 24);
    int32_t u = cvi_net_conv(&n, "b", t, (conv_shape){16, 3, 1, 1, false}, d);
    cc_layer *l = &n.net.layer[n.net.nlayer - 1];
    l->dh = l->dw = 3;
    l->pt = l->pl = l->pb = l->pr = 3;
    check_sizes(n, cvi_net_pair(&n, CC_ADD, "sum", u, t, NPU_NONE));
}
END_TEST

/* Buffers in DDR are used again, but not while a tile may still need its neighbours' rows. */
START_TEST(chain_reuses_memory)
{
    cvi_net n = cvi_net_new("chain");
    npu_chip *chip = chip_with("lmem.lane_bytes=2048");
    int32_t t = cvi_net_input(&n, 16, 32, 32);
    for (int i = 0; i < 6; i++) {
        char name[8] = {'c', (char)('0' + i), '\0'};
        t = cvi_net_conv(&n, name, t, (conv_shape){16, 5, 1, 1, false}, NPU_NONE);
    }
    n.net.tensor[t].output = true;
    check_net(&n, "lmem.lane_bytes=2048");
    npu_model *m = compiled(&n, chip);
    ck_assert_uint_lt(m->program[0].shared_gmem, 3 * 16 * 32 * 32 + 1);
    ck_assert_uint_ge(m->program[0].shared_gmem, 2 * 16 * 32 * 32);
    npu_model_free(m);
    npu_chip_free(chip);
    cvi_net_free(&n);
}
END_TEST

static const int8_t *handed_over;

static int8_t handed(const npu_tensor *t, uint64_t i)
{
    return strcmp(t->name, "middle") ? any_byte(t, i) : handed_over[i];
}

/* Two sub-graphs in one program: what the first makes is where the second reads it. */
START_TEST(two_sub_graphs_share_a_map)
{
    cvi_net n[2] = {cvi_net_new("first"), cvi_net_new("second")};
    npu_chip *chip = chip_with(NULL);
    npu_model *m = calloc(1, sizeof *m);
    npu_err err = {0};
    int32_t end[2], middle = cvi_net_map(&n[0], "middle", 16, 20, 20);
    end[0] = cvi_net_conv(&n[0], "a", cvi_net_input(&n[0], 3, 40, 40),
                          (conv_shape){16, 3, 2, 1, false}, middle);
    int32_t in = cvi_net_map(&n[1], "middle", 16, 20, 20);
    n[1].net.tensor[in].input = true;
    end[1] = cvi_net_conv(&n[1], "b", in, (conv_shape){8, 3, 1, 1, true}, NPU_NONE);
    for (int k = 0; k < 2; k++) {
        n[k].net.tensor[end[k]].output = true;
        ck_assert_msg(cvi_emit(&n[k].net, NULL, chip, m, &err) == NPU_OK, "%s", err.text);
    }
    ck_assert_uint_eq(m->program[0].nroutine, 2);
    cvi_exec e;
    cvi_ref ref[2];
    cvi_exec_run(&e, m, chip, any_byte);
    ck_assert_msg(!e.bad[0], "%s", e.bad);
    cvi_ref_run(&ref[0], &n[0].net, m, any_byte);
    handed_over = ref[0].map[end[0]];
    cvi_ref_run(&ref[1], &n[1].net, m, handed);
    for (int k = 0; k < 2; k++) {
        check_output(&e, &ref[k], m, &n[k].net, (uint32_t)end[k]);
        cvi_ref_free(&ref[k]);
        cvi_net_free(&n[k]);
    }
    cvi_exec_free(&e);
    npu_model_free(m);
    npu_chip_free(chip);
}
END_TEST

/* The whole network at a small size: every block, reused buffers, six outputs. */
START_TEST(yolov8n_computes)
{
    cvi_net n = cvi_net_yolov8n(64);
    check_net(&n, NULL);
    check_net(&n, "lmem.lane_bytes=8192");
    cvi_net_free(&n);
}
END_TEST

static void refused(cvi_net *n, npu_status want, const char *word)
{
    npu_chip *chip = chip_with(NULL);
    npu_model *m = calloc(1, sizeof *m);
    npu_err err = {0};
    npu_status got = cvi_emit(&n->net, NULL, chip, m, &err);
    ck_assert_msg(got == want && strstr(err.text, word), "%d: %s", (int)got, err.text);
    npu_model_free(m);
    npu_chip_free(chip);
    cvi_net_free(n);
}

START_TEST(what_it_cannot_do_is_refused)
{
    cvi_net n = cvi_net_new("linear");
    int32_t t = cvi_net_upsample(&n, "interp", cvi_net_input(&n, 8, 8, 8), NPU_NONE);
    n.net.tensor[t].output = true;
    n.net.layer[0].linear = true;
    refused(&n, NPU_UNSUPPORTED, "interp (Test): only nearest");

    n = cvi_net_new("stride");
    t = cvi_net_conv(&n, "far", cvi_net_input(&n, 8, 64, 64), (conv_shape){8, 33, 32, 1, false},
                     NPU_NONE);
    refused(&n, NPU_UNSUPPORTED, "far (Test): stride beyond 31");

    n = cvi_net_new("nv12");
    t = cvi_net_conv(&n, "c", cvi_net_input(&n, 3, 8, 8), (conv_shape){8, 1, 1, 1, false},
                     NPU_NONE);
    n.net.tensor[0].nv12 = true;
    refused(&n, NPU_UNSUPPORTED, "nv12");

    n = cvi_net_new("empty");
    cvi_net_input(&n, 3, 8, 8);
    refused(&n, NPU_UNSUPPORTED, "no layer");
}
END_TEST

/* Against the vendor's compiler: its yolov8n takes 45.5 ms and 34.0 MB in this simulator. */
START_TEST(yolov8n_is_as_fast_as_the_vendors)
{
    cvi_net n = cvi_net_yolov8n(640);
    npu_chip *chip = chip_with(NULL);
    assembled a = assembled_ran(compiled(&n, chip), "");
    double mb = (double)(a.profile->read + a.profile->write) / 1e6;
    ck_assert_msg(a.profile->latency_ms < 45.5 && a.profile->latency_ms > 45.5 * 0.75, "%g ms",
                  a.profile->latency_ms);
    ck_assert_msg(mb < 34.0 * 1.1 && mb > 34.0 * 0.75, "%g MB", mb);
    assembled_free(&a);
    npu_chip_free(chip);
    cvi_net_free(&n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cvi");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 300);
    tcase_add_test(core, two_convolutions);
    tcase_add_test(core, many_channels_are_cut);
    tcase_add_test(core, bottleneck_with_sum_and_join);
    tcase_add_test(core, pyramid_of_pools);
    tcase_add_test(core, groups_and_depthwise);
    tcase_add_test(core, large_groups_and_vectors);
    tcase_add_test(core, rearrangements);
    tcase_add_test(core, upsampling);
    tcase_add_test(core, squeeze_and_excitation);
    tcase_add_test(core, pairs_and_slopes);
    tcase_add_test(core, outputs_inside);
    tcase_add_test(core, chain_reuses_memory);
    tcase_add_test(core, two_sub_graphs_share_a_map);
    tcase_add_test(core, yolov8n_computes);
    tcase_add_test(core, what_it_cannot_do_is_refused);
    tcase_add_test(core, yolov8n_is_as_fast_as_the_vendors);
    suite_add_tcase(s, core);
    return unit_run(s);
}
