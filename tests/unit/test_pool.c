/* Pooling and depthwise: words fetched per tile against a walk over every output and position. */
#include <math.h>
#include <stdlib.h>

#include "models/work.h"
#include "tests/unit/unit.h"

static npu_chip *chip;

static void setup(void)
{
    npu_err err = {0};
    ck_assert_msg(npu_chip_load("cv183x", &chip, &err) == NPU_OK, "%s", err.text);
}

static void teardown(void)
{
    npu_chip_free(chip);
    chip = NULL;
}

#define C(id) NPU_GET(chip, id)

typedef struct {
    unsigned c, h, w, k, s, pad, ins; /* output, square kernel, stride, padding, inserted zeros */
    unsigned in_h, in_w;
} window;

static npu_cmd command(npu_kind kind, window x)
{
    npu_cmd cmd = {.engine = NPU_ENGINE_TIU, .kind = (uint8_t)kind};
    npu_tiu *t = &cmd.u.tiu;
    t->res = (npu_opnd){.n = 1, .c = (uint16_t)x.c, .h = (uint16_t)x.h, .w = (uint16_t)x.w,
                        .bytes = 1};
    t->a = (npu_opnd){.n = 1, .c = (uint16_t)x.c, .h = (uint16_t)x.in_h, .w = (uint16_t)x.in_w,
                      .bytes = 1};
    t->b = (npu_opnd){.n = 1, .c = (uint16_t)x.c, .h = (uint16_t)x.k, .w = (uint16_t)x.k,
                      .bytes = 1};
    t->stride_h = t->stride_w = (uint8_t)x.s;
    t->dil_h = t->dil_w = 1;
    t->ins_h = t->ins_w = (uint8_t)x.ins;
    t->pad_t = t->pad_l = t->pad_b = t->pad_r = (uint8_t)x.pad;
    return cmd;
}

static sim_op work(npu_cmd c)
{
    sim_op op = {0};
    npu_err err = {0};
    ck_assert_msg(hw_work(chip, &c, &op, &err) == NPU_OK, "%s", err.text);
    return op;
}

static void must_take(npu_cmd c, double variable, double fixed)
{
    sim_op op = work(c);
    int64_t want = (int64_t)(ceil(variable) + fixed);
    ck_assert_msg(op.cycles == want, "%s: %lld cycles instead of %lld",
                  npu_kind_table[c.kind].mnemonic, (long long)op.cycles, (long long)want);
}

/* Words of one row of outputs at one kernel position: a set, filled output by output. */
static int64_t words_of_row(const npu_tiu *t, int64_t y, int64_t x0, int64_t n, int64_t ky,
                            int64_t kx)
{
    int64_t set[16], count = 0, stretch_h = t->ins_h + 1, stretch_w = t->ins_w + 1;
    int64_t iy = y * t->stride_h + ky * t->dil_h - t->pad_t;
    int64_t pitch = t->a.mode == 3 ? t->a.h_str : (int64_t)t->a.w * t->a.bytes;
    if (iy < 0 || iy % stretch_h || iy / stretch_h >= t->a.h)
        return 0;
    for (int64_t x = x0; x < x0 + n; x++) {
        int64_t ix = x * t->stride_w + kx * t->dil_w - t->pad_l, i = 0;
        if (ix < 0 || ix % stretch_w || ix / stretch_w >= t->a.w)
            continue;
        int64_t word = (iy / stretch_h * pitch + ix / stretch_w * t->a.bytes) / 16;
        while (i < count && set[i] != word)
            i++;
        if (i == count)
            set[count++] = word;
    }
    return count;
}

/* Words of all tiles of a channel; a position that reads nothing takes one cycle. */
static int64_t brute(const npu_tiu *t)
{
    int64_t total = 0, outputs = (int64_t)t->res.h * t->res.w, tile = t->bf16 ? 8 : 16;
    for (int64_t first = 0; first < outputs; first += tile)
        for (int64_t ky = 0; ky < t->b.h; ky++)
            for (int64_t kx = 0; kx < t->b.w; kx++) {
                int64_t words = 0, end = first + tile < outputs ? first + tile : outputs;
                for (int64_t i = first; i < end;) {
                    int64_t x = i % t->res.w, n = t->res.w - x < end - i ? t->res.w - x : end - i;
                    words += words_of_row(t, i / t->res.w, x, n, ky, kx);
                    i += n;
                }
                total += words > 1 ? words : 1;
            }
    return total;
}

/* --- pooling ---------------------------------------------------------------------------------- */

START_TEST(a_maximum_of_2_by_2_by_hand)
{
    /* rows of 32 bytes, 16 outputs per row: each position reads columns kx, kx + 2, ... kx + 30,
     * two words; 4 tiles x 4 positions x 2 words, 2 groups of lanes */
    npu_cmd c = command(NPU_KIND_MAXPOOL, (window){40, 4, 16, 2, 2, 0, 0, 8, 32});
    must_take(c, 2 * 32, C(tiu_pool_fixed));
    ck_assert_uint_eq(work(c).macs, 0);
    ck_assert_uint_eq(work(c).fixed, (unsigned)C(tiu_pool_fixed));
    ck_assert_int_eq(work(c).cause, NPU_CAUSE_VECTOR);
    c.kind = NPU_KIND_MINPOOL;
    must_take(c, 2 * 32, C(tiu_pool_fixed));
}
END_TEST

START_TEST(a_position_in_the_padding_takes_a_cycle)
{
    /* one output row of 16, kernel 3, stride 1, padding 1, one input row of 16 bytes: the rows
     * above and below read nothing (1 cycle each of 3 positions), the middle row reads 1 word */
    npu_cmd c = command(NPU_KIND_MAXPOOL, (window){32, 1, 16, 3, 1, 1, 0, 1, 16});
    must_take(c, 9, C(tiu_pool_fixed));
    /* 32 columns: 2 tiles; in the middle row the left one reads up to column 14, 15, 16: 1 + 1 + 2,
     * the right one from column 15, 16, 17: 2 + 1 + 1 */
    c = command(NPU_KIND_MAXPOOL, (window){32, 1, 32, 3, 1, 1, 0, 1, 32});
    must_take(c, 3 + 4 + 3 + 3 + 4 + 3, C(tiu_pool_fixed));
}
END_TEST

START_TEST(a_global_average_by_hand)
{
    /* 7 x 7 to one output: 49 positions of a word each, 2048 channels on 32 lanes: 64 groups */
    npu_cmd c = command(NPU_KIND_AVGPOOL, (window){2048, 1, 1, 7, 1, 0, 0, 7, 7});
    must_take(c, 64 * (49 + C(tiu_avgpool_result)), C(tiu_pool_fixed));
    c.u.tiu.quant = true;
    must_take(c, 64 * (49 + C(tiu_avgpool_result_q)), C(tiu_pool_fixed));
    c.u.tiu.quant = false;
    c.u.tiu.bf16 = true;
    c.u.tiu.a.bytes = 2;
    must_take(c, 64 * (49 + C(tiu_avgpool_result_bf16)), C(tiu_pool_fixed));
}
END_TEST

/* Random windows with at most 128 tiles are counted exactly. */
START_TEST(any_small_pool_equals_the_walk)
{
    uint64_t x = 88172645463325252u + (uint64_t)_i * 7919;
    for (int n = 0; n < 60; n++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        window v = {.c = 1, .h = 1 + (x >> 8) % 20, .w = 1 + (x >> 16) % 50, .k = 1 + (x >> 24) % 5,
                    .s = 1 + (x >> 28) % 4, .ins = (x >> 32) % 8 ? 0 : 1 + (x >> 36) % 3};
        v.pad = (unsigned)(x >> 40) % v.k;
        v.in_h = 1 + (unsigned)(x >> 44) % 40;
        v.in_w = 1 + (unsigned)(x >> 50) % 90;
        npu_cmd c = command(NPU_KIND_MAXPOOL, v);
        if (x >> 63) {
            c.u.tiu.bf16 = true;
            c.u.tiu.a.bytes = c.u.tiu.res.bytes = 2;
        }
        if (x >> 62 & 1) {
            c.u.tiu.a.mode = 3;
            c.u.tiu.a.h_str = (v.in_w * c.u.tiu.a.bytes + 15) / 16 * 16;
        }
        if (x >> 61 & 1)
            c.u.tiu.dil_w = c.u.tiu.dil_h = 2;
        sim_op op = work(c);
        ck_assert_msg(op.cycles == brute(&c.u.tiu) + (int64_t)C(tiu_pool_fixed),
                      "%u x %u from %u x %u, kernel %u, stride %u, padding %u, %u zeros, dilation "
                      "%u, %u B: %lld cycles", v.h, v.w, v.in_h, v.in_w, v.k, v.s, v.pad, v.ins,
                      c.u.tiu.dil_w, c.u.tiu.a.bytes, (long long)op.cycles);
    }
}
END_TEST

START_TEST(a_large_pool_is_sampled_within_one_percent)
{
    static const window large[] = {{32, 56, 56, 3, 2, 1, 0, 112, 112},
                                   {32, 160, 160, 5, 1, 2, 0, 160, 160},
                                   {32, 75, 100, 2, 2, 0, 0, 150, 200},
                                   {32, 90, 90, 2, 2, 0, 0, 180, 180}};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        npu_cmd c = command(NPU_KIND_MAXPOOL, large[i]);
        double want = (double)brute(&c.u.tiu), have = (double)work(c).cycles - C(tiu_pool_fixed);
        ck_assert_msg(fabs(have / want - 1) < 0.01, "window %zu: %.0f instead of %.0f", i, have,
                      want);
    }
}
END_TEST

/* --- depthwise -------------------------------------------------------------------------------- */

START_TEST(a_depthwise_convolution)
{
    /* 14 x 32 outputs: 28 tiles; 3 x 3 positions of 1 + 15 / 16 words are more than the minimum */
    npu_cmd c = command(NPU_KIND_DWCONV, (window){64, 14, 32, 3, 1, 1, 0, 14, 32});
    double fetch = 9 * (1 + 15 / 16.0);
    c.u.tiu.quant = c.u.tiu.bias = true;
    must_take(c, 2 * 28 * (fetch + C(tiu_dw_shift_int8)), C(tiu_dw_fixed_q));
    ck_assert_uint_eq(work(c).macs, 64 * 14 * 32 * 9);
    c.u.tiu.quant = false;
    must_take(c, 2 * 28 * (fetch + C(tiu_bias_cycles) + C(tiu_dw_shift_int8)), C(tiu_dw_fixed));
    c.u.tiu.bias = false;
    must_take(c, 2 * 28 * (fetch + C(tiu_dw_shift_int8)), C(tiu_dw_fixed));
    /* stride 2: 16 outputs span 31 bytes */
    c = command(NPU_KIND_DWCONV, (window){64, 14, 32, 3, 2, 1, 0, 28, 64});
    must_take(c, 2 * 28 * (9 * 2.875 + C(tiu_dw_shift_int8)), C(tiu_dw_fixed));
}
END_TEST

START_TEST(a_short_depthwise_loop_waits_for_requantisation)
{
    /* 1 x 1: one aligned word; quantised at least the minimum */
    npu_cmd c = command(NPU_KIND_DWCONV, (window){32, 8, 16, 1, 1, 0, 0, 8, 16});
    must_take(c, 8 * (1 + C(tiu_dw_shift_int8)), C(tiu_dw_fixed));
    c.u.tiu.quant = true;
    must_take(c, 8 * (C(tiu_quant_loop_min) + C(tiu_dw_shift_int8)), C(tiu_dw_fixed_q));
}
END_TEST

START_TEST(narrow_maps_are_fetched_in_pieces)
{
    /* 7 columns: a tile covers 16 / 7 rows, each a piece of 7 bytes, 1 + 6 / 16 words on average */
    npu_cmd c = command(NPU_KIND_DWCONV, (window){32, 7, 7, 3, 1, 1, 0, 7, 7});
    must_take(c, 4 * (9 * 16 / 7.0 * (1 + 6 / 16.0) + C(tiu_dw_shift_int8)), C(tiu_dw_fixed));
    /* never more pieces than rows */
    c = command(NPU_KIND_DWCONV, (window){32, 2, 4, 3, 1, 1, 0, 2, 4});
    must_take(c, 1 * (9 * 2 * (1 + 3 / 16.0) + C(tiu_dw_shift_int8)), C(tiu_dw_fixed));
}
END_TEST

START_TEST(a_bf16_depthwise_convolution_has_tiles_of_8)
{
    /* 8 outputs of 2 bytes span 16 bytes */
    npu_cmd c = command(NPU_KIND_DWCONV, (window){32, 4, 16, 3, 1, 1, 0, 4, 16});
    c.u.tiu.bf16 = true;
    c.u.tiu.res.bytes = c.u.tiu.a.bytes = c.u.tiu.b.bytes = 2;
    must_take(c, 8 * (9 * (1 + 15 / 16.0) + C(tiu_dw_shift_bf16)), C(tiu_dw_fixed));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pool");
    TCase *core = tcase_create("core");
    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_test(core, a_maximum_of_2_by_2_by_hand);
    tcase_add_test(core, a_position_in_the_padding_takes_a_cycle);
    tcase_add_test(core, a_global_average_by_hand);
    tcase_add_loop_test(core, any_small_pool_equals_the_walk, 0, 20);
    tcase_add_test(core, a_large_pool_is_sampled_within_one_percent);
    tcase_add_test(core, a_depthwise_convolution);
    tcase_add_test(core, a_short_depthwise_loop_waits_for_requantisation);
    tcase_add_test(core, narrow_maps_are_fetched_in_pieces);
    tcase_add_test(core, a_bf16_depthwise_convolution_has_tiles_of_8);
    suite_add_tcase(s, core);
    return unit_run(s);
}
