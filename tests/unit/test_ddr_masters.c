/* Other users of the DDR: what they leave, and what that does to a run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/ddr.h"
#include "tests/unit/unit.h"

/* 1000 MB/s at 1 GHz: one byte per tick; 1000 ticks per microsecond. */
static hw_load *open_load(const hw_masters *m, int skip)
{
    hw_load *l;
    npu_err err = {0};
    ck_assert_msg(hw_load_new(m, 1000, 1e9, skip, &l, &err) == NPU_OK, "%s", err.text);
    return l;
}

static void must_end(const hw_masters *m, int skip, double start, double work, double end)
{
    hw_load *l = open_load(m, skip);
    double got = hw_load_finish(l, start, work);
    ck_assert_msg(fabs(got - end) < 1e-3, "%.6f instead of %.6f", got, end);
    hw_load_free(l);
}

START_TEST(a_constant_master_takes_its_share)
{
    hw_master one[] = {{.name = "a", .kind = HW_MASTER_CONSTANT, .mbps = 250}};
    hw_masters m = {one, 1};
    must_end(&m, -1, 10, 300, 410);
    must_end(&m, 0, 10, 300, 310); /* left out */
    must_end(&m, -1, 5, 0, 5);
}
END_TEST

START_TEST(a_burst_goes_first_and_leaves_one_percent)
{
    hw_master one[] = {{.name = "a", .kind = HW_MASTER_PERIODIC, .bytes = 990, .period_us = 10,
                        .offset_us = 1}};
    hw_masters m = {one, 1};
    must_end(&m, -1, 0, 500, 500);    /* before the burst at 1000 */
    must_end(&m, -1, 900, 110, 2000); /* 100 before; the burst takes 1000 ticks and leaves 10 */
    must_end(&m, -1, 900, 120, 2010);
    must_end(&m, -1, 10900, 110, 12000);
}
END_TEST

START_TEST(a_burst_with_a_rate_leaves_the_rest)
{
    hw_master one[] = {{.name = "a", .kind = HW_MASTER_PERIODIC, .bytes = 500, .period_us = 10,
                        .rate_mbps = 500}};
    hw_masters m = {one, 1};
    must_end(&m, -1, 0, 500, 1000);
    must_end(&m, -1, 0, 600, 1100);
}
END_TEST

START_TEST(a_trace_is_served_at_its_times)
{
    hw_master_point p[] = {{1, 99}, {1, 99}, {3, 198}};
    hw_master one[] = {{.name = "a", .kind = HW_MASTER_TRACE, .point = p, .npoint = 3}};
    hw_masters m = {one, 1};
    must_end(&m, -1, 1000, 2, 1200);
    must_end(&m, -1, 1200, 100, 1300);
    must_end(&m, -1, 3000, 3, 3201);
}
END_TEST

START_TEST(bytes_of_all_masters_are_accounted_for)
{
    hw_master two[] = {{.name = "a", .kind = HW_MASTER_PERIODIC, .bytes = 700, .period_us = 1},
                       {.name = "b", .kind = HW_MASTER_PERIODIC, .bytes = 100, .period_us = 1,
                        .offset_us = 0.25, .rate_mbps = 400}};
    hw_masters m = {two, 2};
    hw_load *l = open_load(&m, -1);
    double sum[HW_MASTERS_MAX] = {0};
    for (int i = 0; i < 1000; i++)
        hw_load_bytes(l, 100.0 * i, 100.0 * (i + 1), sum);
    ck_assert_double_eq_tol(sum[0], 100 * 700, 1);
    ck_assert_double_eq_tol(sum[1], 100 * 100, 1);
    hw_load_free(l);
}
END_TEST

START_TEST(overload_and_tiny_bursts_still_end)
{
    hw_master two[] = {{.name = "a", .kind = HW_MASTER_CONSTANT, .mbps = 900},
                       {.name = "b", .kind = HW_MASTER_PERIODIC, .bytes = 5000, .period_us = 1}};
    hw_masters m = {two, 2};
    must_end(&m, -1, 0, 10, 1000); /* 1 % is left */
    two[1] = (hw_master){.name = "b", .kind = HW_MASTER_PERIODIC, .bytes = 1e-9, .period_us = 1};
    must_end(&m, -1, 1e9, 100, 1e9 + 1000);
    two[0].mbps = 995; /* too much: refused when asked, else cut */
    npu_err err = {0};
    ck_assert_int_eq(hw_masters_fit(&m, 1000, &err), NPU_USAGE);
    ck_assert_int_eq(hw_masters_fit(&m, 1010, &err), NPU_OK);
    must_end(&m, -1, 0, 10, 1000);
    ck_assert(strstr(err.text, "995 MB/s"));
}
END_TEST

static unsigned seed = 1;

static double draw(double most)
{
    seed = seed * 1103515245u + 12345u;
    return most * (double)(seed >> 8 & 0xffff) / 65536;
}

/* 200 random mixes: a transfer under more load never ends earlier, wherever it starts. */
START_TEST(ends_are_monotone_in_load)
{
    for (int round = 0; round < 200; round++) {
        hw_master a[3] = {
            {.name = "c", .kind = HW_MASTER_CONSTANT, .mbps = draw(400)},
            {.name = "p", .kind = HW_MASTER_PERIODIC, .bytes = 1 + draw(900),
             .period_us = 1 + draw(3), .offset_us = draw(2), .rate_mbps = draw(1) < 0.5 ? 0 : 600},
            {.name = "q", .kind = HW_MASTER_PERIODIC, .bytes = 1 + draw(300),
             .period_us = 1 + draw(5)}};
        hw_master b[3] = {a[0], a[1], a[2]};
        b[0].mbps += draw(200);
        b[1].bytes += draw(500);
        hw_masters light = {a, 3}, heavy = {b, 3};
        hw_load *x = open_load(&light, -1), *y = open_load(&heavy, -1);
        double ex = 0, ey = 0;
        for (int k = 0; k < 20; k++) {
            double gap = draw(300), work = draw(800);
            ex = hw_load_finish(x, ex + gap, work);
            ey = hw_load_finish(y, ey + gap, work);
            ck_assert_msg(ey >= ex - 1e-3, "round %d: %f before %f", round, ey, ex);
        }
        hw_load_free(x);
        hw_load_free(y);
    }
}
END_TEST

/* --- the machine over both models ------------------------------------------------------------- */

static npu_chip *chip_with(const char *a, const char *b)
{
    npu_chip *c;
    npu_err err = {0};
    ck_assert(npu_chip_load("cv181x", &c, &err) == NPU_OK);
    ck_assert_msg(npu_chip_set(c, a, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(!b || npu_chip_set(c, b, &err) == NPU_OK, "%s", err.text);
    return c;
}

static const npu_cmd load_cmd = {
    .engine = NPU_ENGINE_TDMA, .kind = NPU_KIND_LOAD,
    .u.tdma = {.n = 1, .src_c = 8, .src_h = 16, .src_w = 64, .dst_c = 8, .dst_h = 16, .dst_w = 64,
               .src_bytes = 1, .dst_bytes = 1, .src_n_str = 8192, .src_c_str = 1024,
               .src_h_str = 64}};
static const sim_op load_op = {.beats_in = 512, .words = 64, .setup = SIM_SETUP_LOAD,
                               .unit = NPU_UNIT_LOAD, .kind = NPU_KIND_LOAD};

static int64_t ticks_of(const npu_chip *c, const hw_masters *m, const sim_op *op, int64_t start)
{
    hw_ddr *d;
    npu_err err = {0};
    ck_assert_msg(hw_ddr_open(c, m, -1, &d, &err) == NPU_OK, "%s", err.text);
    sim_machine x = hw_ddr_machine(d, &load_cmd);
    int64_t t = x.cost(x.state, op, start).ticks;
    ck_assert_int_eq(x.cost(x.state, op, start + 2 * t).ticks > 0, 1);
    ck_assert(hw_ddr_check(d, &err) == NPU_OK);
    hw_ddr_close(d);
    return t;
}

START_TEST(without_masters_the_analytic_model_is_the_plain_one)
{
    npu_chip *c = chip_with("ddr.model=analytic", NULL);
    hw_timing t = hw_timing_of(c);
    hw_ddr *d;
    npu_err err = {0};
    ck_assert(hw_ddr_open(c, NULL, -1, &d, &err) == NPU_OK);
    ck_assert(hw_ddr_machine(d, NULL).cost == hw_cost);
    hw_ddr_close(d);
    ck_assert_int_eq(ticks_of(c, NULL, &load_op, 0), hw_cost(&t, &load_op, 0).ticks);
    npu_chip_free(c);
}
END_TEST

START_TEST(transfers_slow_down_with_load_and_engines_do_not)
{
    static const char *const models[] = {"ddr.model=analytic", "ddr.model=bank"};
    sim_op tiu = {.cycles = 1000, .setup = SIM_SETUP_NONE};
    sim_op move = {.words = 100, .setup = SIM_SETUP_MOVE};
    npu_chip *c = chip_with(models[_i], NULL);
    int64_t before = ticks_of(c, NULL, &load_op, 0), first = before;
    int64_t moved = ticks_of(c, NULL, &move, 0);
    for (double mbps = 0; mbps <= 3600; mbps += 400) {
        hw_master one[] = {{.name = "a", .kind = HW_MASTER_CONSTANT, .mbps = mbps}};
        hw_masters m = {one, 1};
        int64_t t = ticks_of(c, &m, &load_op, 0);
        ck_assert_int_ge(t, before);
        ck_assert_int_eq(ticks_of(c, &m, &tiu, 0), 1000);
        ck_assert_int_eq(ticks_of(c, &m, &move, 0), moved);
        before = t;
    }
    ck_assert_int_gt(before, 5 * first);
    npu_chip_free(c);
}
END_TEST

START_TEST(the_bank_model_needs_at_least_the_peak_time)
{
    static const char *const standards[] = {"ddr.standard=ddr3-1866", "ddr.standard=ddr4-2400",
                                            "ddr.standard=lpddr4-1866"};
    npu_chip *c = chip_with("ddr.model=bank", standards[_i]);
    double mhz = NPU_GET(c, tpu_clock_mhz), us = 8192 / NPU_GET(c, ddr_bandwidth_mbps);
    double least = us * mhz + NPU_GET(c, ddr_latency_load_ns) * mhz / 1000;
    int64_t t = ticks_of(c, NULL, &load_op, 0);
    ck_assert_msg((double)t >= least && (double)t < 1.4 * least, "%lld against %f", (long long)t,
                  least);
    npu_chip_free(c);
}
END_TEST

START_TEST(numbers_that_are_words)
{
    npu_chip *c = chip_with("ddr.model=1", "ddr.mapping=mop");
    npu_err err = {0};
    char text[NPU_NUM_TEXT];
    ck_assert_str_eq(npu_num_word(NPU_NUM_ddr_model, NPU_GET(c, ddr_model)), "bank");
    ck_assert_str_eq(npu_num_text(NPU_NUM_ddr_mapping, 3, text), "mop");
    ck_assert_str_eq(npu_num_text(NPU_NUM_ddr_bus_bits, 16, text), "16");
    ck_assert_int_eq(npu_chip_set(c, "ddr.model=banks", &err), NPU_USAGE);
    ck_assert_msg(strstr(err.text, "analytic, bank"), "%s", err.text);
    ck_assert_int_eq(npu_chip_set(c, "ddr.model=0.5", &err), NPU_USAGE);
    ck_assert_int_eq(npu_chip_set(c, "ddr.model=", &err), NPU_USAGE);
    ck_assert_int_eq(npu_chip_set(c, "tpu.lanes=bank", &err), NPU_USAGE);
    ck_assert(npu_chip_set(c, "ddr.bus_bits=24", &err) == NPU_OK);
    hw_ddr *d;
    ck_assert_int_eq(hw_ddr_open(c, NULL, -1, &d, &err), NPU_USAGE);
    ck_assert_msg(strstr(err.text, "powers of two"), "%s", err.text);
    npu_chip_free(c);
}
END_TEST

START_TEST(every_word_has_its_value)
{
    static const struct {
        npu_num num;
        int value;
        const char *word;
    } rows[] = {
#define C(id, value, word, meaning) {NPU_NUM_##id, value, word},
#include "npusim/choice.def"
#undef C
    };
    int n = sizeof rows / sizeof *rows;
    for (int i = 0; i < n; i++) {
        ck_assert_str_eq(npu_num_word(rows[i].num, rows[i].value), rows[i].word);
        bool first = i == 0 || rows[i].num != rows[i - 1].num;
        ck_assert(rows[i].value == (first ? 0 : rows[i - 1].value + 1));
        if (i + 1 == n || rows[i + 1].num != rows[i].num)
            ck_assert(npu_num_table[rows[i].num].max == rows[i].value);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ddr_masters");
    TCase *load = tcase_create("load"), *machine = tcase_create("machine");
    tcase_add_test(load, a_constant_master_takes_its_share);
    tcase_add_test(load, a_burst_goes_first_and_leaves_one_percent);
    tcase_add_test(load, a_burst_with_a_rate_leaves_the_rest);
    tcase_add_test(load, a_trace_is_served_at_its_times);
    tcase_add_test(load, bytes_of_all_masters_are_accounted_for);
    tcase_add_test(load, overload_and_tiny_bursts_still_end);
    tcase_add_test(load, ends_are_monotone_in_load);
    tcase_add_test(machine, without_masters_the_analytic_model_is_the_plain_one);
    tcase_add_loop_test(machine, transfers_slow_down_with_load_and_engines_do_not, 0, 2);
    tcase_add_loop_test(machine, the_bank_model_needs_at_least_the_peak_time, 0, 3);
    tcase_add_test(machine, numbers_that_are_words);
    tcase_add_test(machine, every_word_has_its_value);
    suite_add_tcase(s, load);
    suite_add_tcase(s, machine);
    return unit_run(s);
}
