/* PMU traces: totals by hand, reading what was written, replay, errors and fits that are known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/timing.h"
#include "perf/pmu_compare.h"
#include "perf/run.h"
#include "tests/unit/assembled.h"
#include "tests/unit/unit.h"

static char path[64]; /* a file of this test's own */
static npu_chip *chip;

static void setup(void)
{
    const char *base = getenv("TMPDIR");
    npu_err err = {0};
    snprintf(path, sizeof path, "%s/pmuXXXXXX", base && strlen(base) < 40 ? base : P_tmpdir);
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_msg(npu_chip_load("cv183x", &chip, &err) == NPU_OK, "%s", err.text);
}

static void teardown(void)
{
    unlink(path);
    npu_chip_free(chip);
    chip = NULL;
}

static void write_trace(const pmu_trace *t)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    pmu_write_des(t, f);
    fclose(f);
}

static pmu_trace read_trace(void)
{
    pmu_trace t;
    npu_err err = {0};
    ck_assert_msg(pmu_read(path, &t, &err) == NPU_OK, "%s", err.text);
    return t;
}

/* --- rows made by hand ------------------------------------------------------------------------ */

/* A load of N words: one channel, N rows of 16 bytes. */
static pmu_row load(uint32_t id, uint16_t wait, int64_t start, int64_t end, uint32_t words)
{
    pmu_row r = {.type = PMU_LOAD, .id = id, .beats = words, .bursts = (words + 15) / 16,
                 .start = start, .end = end, .layer = 7, .description = "TDMA Tensor Load"};
    r.cmd = (npu_cmd){.engine = NPU_ENGINE_TDMA, .kind = NPU_KIND_LOAD, .id = (uint16_t)id,
                      .wait = wait, .layer = 7};
    r.cmd.u.tdma = (npu_tdma){.n = 1, .src_c = 1, .dst_c = 1, .src_h = words, .dst_h = words,
                              .src_w = 16, .dst_w = 16, .src_h_str = 16, .dst_h_str = 16,
                              .src_c_str = 16 * words, .dst_c_str = 16 * words,
                              .src_n_str = 16 * words, .dst_n_str = 16 * words, .src_bytes = 1,
                              .dst_bytes = 1, .src = UINT64_C(1) << 32};
    return r;
}

static pmu_row store(uint32_t id, uint16_t wait, int64_t start, int64_t end, uint32_t words)
{
    pmu_row r = load(id, wait, start, end, words);
    r.type = PMU_STORE;
    r.cmd.kind = NPU_KIND_STORE;
    r.cmd.u.tdma.dir = 1;
    r.cmd.u.tdma.dst = UINT64_C(1) << 32;
    r.cmd.u.tdma.src = 0;
    snprintf(r.description, sizeof r.description, "TDMA Tensor Store");
    return r;
}

static pmu_row tiu(uint32_t id, int64_t start, int64_t end)
{
    pmu_row r = {.type = PMU_TIU, .id = id, .start = start, .end = end, .layer = 8,
                 .description = "TIU PerChannel Convolution"};
    r.cmd.engine = NPU_ENGINE_TIU;
    return r;
}

#define TRACE(rows) {.row = rows, .n = sizeof(rows) / sizeof(rows)[0]}

START_TEST(totals_add_up_by_hand)
{
    pmu_row rows[] = {load(1, 0, 1000, 1100, 10), tiu(1, 1104, 1504), load(2, 0, 1101, 1301, 20),
                      store(3, 1, 1506, 1556, 5), tiu(2, 1505, 1540)};
    pmu_trace t = TRACE(rows);
    pmu_totals s = pmu_sum(&t);
    ck_assert(s.tdma_tick == 100 + 200 + 50 && s.tiu_tick == 400 + 35);
    ck_assert(s.inference_tick == 556 && s.load_bytes == 480 && s.store_bytes == 80);
    ck_assert(s.loads == 2 && s.stores == 1 && s.moves == 0 && s.tius == 2);
}
END_TEST

START_TEST(a_copy_in_ddr_counts_its_time_once)
{
    pmu_row rows[] = {load(1, 0, 0, 100, 10), store(1, 0, 0, 100, 10), load(2, 0, 101, 151, 10)};
    pmu_trace t = TRACE(rows);
    pmu_totals s = pmu_sum(&t);
    ck_assert(s.tdma_tick == 150 && s.load_bytes == 320 && s.store_bytes == 160);
}
END_TEST

START_TEST(rows_survive_the_table)
{
    pmu_row rows[] = {load(1, 0, 1000, 1100, 10), tiu(1, 1104, 1504), store(2, 1, 1506, 1556, 5)};
    pmu_trace t = TRACE(rows), back;
    rows[0].compressed = true;
    snprintf(rows[0].description, sizeof rows[0].description, "TDMA Tensor Load Compression");
    write_trace(&t);
    back = read_trace();
    ck_assert_uint_eq(back.n, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const pmu_row *a = &rows[i], *b = &back.row[i];
        ck_assert(a->type == b->type && a->id == b->id && a->start == b->start && a->end == b->end);
        ck_assert(a->beats == b->beats && a->bursts == b->bursts && a->layer == b->layer);
        ck_assert(a->compressed == b->compressed && a->cmd.wait == b->cmd.wait);
        ck_assert_str_eq(a->description, b->description);
        ck_assert_uint_eq(b->line, i + 2);
        ck_assert(a->type == PMU_TIU || a->cmd.kind == b->cmd.kind);
    }
    const npu_tdma *x = &back.row[0].cmd.u.tdma, *y = &back.row[2].cmd.u.tdma;
    ck_assert(x->src == UINT64_C(1) << 32 && x->src_h == 10 && x->src_w == 16 && x->dir == 0);
    ck_assert(x->compress && x->blob_bytes == 160); /* the size that was really read */
    ck_assert(y->dst == UINT64_C(1) << 32 && y->dst_c_str == 80 && y->dir == 1);
    pmu_free(&back);
}
END_TEST

/* No column gives the element size; it must not be taken from strides that have another reason. */
START_TEST(element_sizes_are_read_off_the_strides)
{
    static const struct {
        uint32_t w, h, h_str, c_str;
        unsigned bytes;
    } cases[] = {{80, 4, 80, 320, 1},   /* packed bytes */
                 {80, 4, 80, 640, 1},   /* slices of 4 of 8 rows */
                 {80, 4, 160, 640, 2},  /* packed bf16 */
                 {80, 4, 160, 9000, 2}, /* slices of bf16 */
                 {80, 4, 96, 384, 1},   /* rows on word bounds */
                 {80, 1, 80, 6400, 1},  /* single rows */
                 {80, 1, 160, 160, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pmu_row rows[] = {load(1, 0, 0, 100, 10)};
        pmu_trace t = TRACE(rows), back;
        npu_tdma *x = &rows[0].cmd.u.tdma;
        x->src_w = x->dst_w = cases[i].w;
        x->src_h = x->dst_h = cases[i].h;
        x->src_h_str = cases[i].h_str;
        x->src_c_str = cases[i].c_str;
        x->dst_h_str = cases[i].w * cases[i].bytes;
        x->dst_c_str = x->dst_h_str * cases[i].h;
        write_trace(&t);
        back = read_trace();
        ck_assert_msg(back.row[0].cmd.u.tdma.src_bytes == cases[i].bytes, "case %zu", i);
        ck_assert_msg(back.row[0].cmd.u.tdma.dst_bytes == cases[i].bytes, "case %zu", i);
        pmu_free(&back);
    }
}
END_TEST

/* --- replay ----------------------------------------------------------------------------------- */

static pmu_report compare(const pmu_trace *t, const int64_t *cycles)
{
    int64_t unknown[64];
    pmu_report r;
    npu_err err = {0};
    for (int i = 0; i < 64; i++)
        unknown[i] = -1;
    ck_assert_msg(pmu_compare(t, chip, cycles ? cycles : unknown, NULL, &r, &err) == NPU_OK, "%s",
                  err.text);
    return r;
}

START_TEST(starts_that_follow_from_the_rules_match)
{
    /* TIU 1: 4 after load 1; TIU 2: 1 after TIU 1; store: 2 after TIU 2, which it awaits */
    pmu_row rows[] = {load(1, 0, 1571, 1671, 10), load(2, 0, 1672, 1700, 10), tiu(1, 1675, 1775),
                      tiu(2, 1776, 1800), store(3, 2, 1802, 1900, 10)};
    pmu_trace t = TRACE(rows);
    pmu_report r = compare(&t, NULL);
    ck_assert(r.tdma_rows == 3 && r.tiu_rows == 2);
    ck_assert(r.tdma_mismatches == 0 && r.tiu_mismatches == 0);
    ck_assert(r.measured_ticks == 1900 - 1571 && r.tiu.rows == 0 && r.tdma.rows == 3);
    pmu_report_free(&r);
}
END_TEST

START_TEST(a_start_that_no_rule_gives_is_a_mismatch)
{
    /* TIU 1 starts 5 after the load: neither after its predecessor nor 4 after a transfer */
    pmu_row late[] = {load(1, 0, 0, 100, 10), tiu(1, 105, 200)};
    pmu_trace t = TRACE(late);
    pmu_report r = compare(&t, NULL);
    ck_assert(r.tiu_mismatches == 1 && r.tdma_mismatches == 0);
    pmu_report_free(&r);
    /* the store awaits TIU 1 and starts one tick early */
    pmu_row early[] = {load(1, 0, 0, 100, 10), tiu(1, 104, 200), store(2, 1, 201, 300, 10)};
    t = (pmu_trace)TRACE(early);
    r = compare(&t, NULL);
    ck_assert(r.tiu_mismatches == 0 && r.tdma_mismatches == 1);
    pmu_report_free(&r);
}
END_TEST

START_TEST(ids_that_start_again_are_another_segment)
{
    int64_t restart = (int64_t)NPU_GET(chip, sync_segment), at = 200 + restart;
    pmu_row rows[] = {load(1, 0, 0, 100, 10), tiu(1, 104, 200), load(1, 0, at, at + 50, 10),
                      tiu(1, at + 54, at + 60)};
    pmu_trace t = TRACE(rows);
    pmu_report r = compare(&t, NULL);
    ck_assert(r.tdma_mismatches == 0 && r.tiu_mismatches == 0);
    pmu_report_free(&r);
}
END_TEST

START_TEST(errors_are_those_of_the_rows)
{
    pmu_row rows[] = {tiu(1, 0, 100), tiu(2, 101, 301), tiu(3, 302, 352), tiu(4, 353, 363)};
    static const int64_t cycles[] = {110, 200, 45, -1}; /* +10 %, exact, -10 %, unknown */
    pmu_trace t = TRACE(rows);
    pmu_report r = compare(&t, cycles);
    ck_assert(r.tiu.rows == 3 && r.tiu.exact == 1 && r.conv.rows == 3);
    ck_assert(fabs(r.tiu.mape_percent - 20 / 3.0) < 1e-9 && fabs(r.tiu.median_percent - 10) < 1e-9);
    ck_assert(fabs(r.tiu.total_error_percent - 100 * (355 / 350.0 - 1)) < 1e-9);
    /* end to end: 363 ticks measured, 5 more modelled; the unknown row keeps its time */
    ck_assert(r.measured_ticks == 363 && r.modelled_ticks == 368);
    ck_assert(fabs(r.end_to_end_error_percent - 100 * 5 / 363.0) < 1e-9);
    pmu_report_free(&r);
}
END_TEST

/* --- whole models ----------------------------------------------------------------------------- */

START_TEST(a_model_explains_its_own_trace_exactly)
{
    static const char *const files[] = {
        "examples/tiny_cv181x.npuasm", "tests/fixtures/tiny_cv180x.npuasm",
        "tests/fixtures/small_cv182x.npuasm", "tests/fixtures/small_cv183x.npuasm"};
    assembled a = assembled_ran(assembled_file(files[_i]), "");
    pmu_trace own, back;
    pmu_report r;
    npu_err err = {0};
    ck_assert_int_eq(pmu_from_trace(a.prog, a.chip, &a.trace, &own, &err), NPU_OK);
    ck_assert_uint_eq(own.n, a.profile->n_tiu + a.profile->n_tdma);
    pmu_totals s = pmu_sum(&own);
    ck_assert(s.tiu_tick == a.profile->tiu_ticks && s.tdma_tick == a.profile->tdma_ticks);
    ck_assert(s.load_bytes == a.profile->read && s.store_bytes == a.profile->write);
    ck_assert(s.inference_tick == a.profile->inference_ticks);
    write_trace(&own);
    back = read_trace();
    int64_t *unknown = calloc(back.n, sizeof *unknown);
    for (uint32_t i = 0; i < back.n; i++)
        unknown[i] = -1;
    ck_assert_msg(pmu_compare(&back, a.chip, unknown, &a.prog->part[0], &r, &err) == NPU_OK, "%s",
                  err.text);
    ck_assert(r.tdma_mismatches == 0 && r.tiu_mismatches == 0);
    ck_assert(r.tdma.exact == r.tdma_rows && r.tiu.exact == r.tiu_rows);
    ck_assert(r.end_to_end_error_percent == 0);
    pmu_report_free(&r);
    free(unknown);
    pmu_free(&back);
    pmu_free(&own);
    assembled_free(&a);
}
END_TEST

/* Transfers of a chip with other constants; the fit must find them. */
START_TEST(a_fit_finds_the_constants_that_made_the_trace)
{
    enum { ROWS = 80 };
    pmu_row rows[ROWS];
    pmu_trace t = {.row = rows, .n = ROWS};
    pmu_fitted f = {0};
    npu_err err = {0};
    npu_chip *other;
    ck_assert_int_eq(npu_chip_load("cv183x", &other, &err), NPU_OK);
    NPU_GET(other, ddr_efficiency_load) = 0.7;
    NPU_GET(other, ddr_efficiency_store) = 0.6;
    NPU_GET(other, ddr_latency_load_ns) = 200;
    NPU_GET(other, ddr_latency_store_ns) = 100;
    hw_timing timing = hw_timing_of(other);
    int64_t now = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t words = i < 40 ? 4000 + 100 * i : 20 + i;
        sim_op op = {0};
        rows[i] = i % 2 ? store(i + 1, 0, now, 0, words) : load(i + 1, 0, now, 0, words);
        ck_assert_int_eq(pmu_work(&rows[i], other, &op, &err), NPU_OK);
        rows[i].end = now + hw_cost(&timing, &op, now).ticks;
        now = rows[i].end + 1;
    }
    ck_assert_msg(pmu_fit(&t, chip, &f, &err) == NPU_OK, "%s", err.text);
    ck_assert(f.rows_load == 20 && f.rows_store == 20);
    ck_assert_msg(fabs(f.efficiency_load - 0.7) < 0.003, "%f", f.efficiency_load);
    ck_assert_msg(fabs(f.efficiency_store - 0.6) < 0.003, "%f", f.efficiency_store);
    ck_assert_msg(fabs(f.latency_load_ns - 200) < 3, "%f", f.latency_load_ns);
    ck_assert_msg(fabs(f.latency_store_ns - 100) < 3, "%f", f.latency_store_ns);
    npu_chip_free(other);
}
END_TEST

START_TEST(too_few_long_transfers_fit_nothing)
{
    pmu_row rows[] = {load(1, 0, 0, 9000, 5000), load(2, 0, 9001, 9100, 10)};
    pmu_trace t = TRACE(rows);
    pmu_fitted f = {0};
    npu_err err = {0};
    ck_assert_int_eq(pmu_fit(&t, chip, &f, &err), NPU_OK);
    ck_assert(f.rows_load == 0 && f.rows_store == 0);
    ck_assert(fabs(f.efficiency_load - NPU_GET(chip, ddr_efficiency_load)) < 1e-9);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pmu");
    TCase *core = tcase_create("core");
    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_test(core, totals_add_up_by_hand);
    tcase_add_test(core, a_copy_in_ddr_counts_its_time_once);
    tcase_add_test(core, rows_survive_the_table);
    tcase_add_test(core, element_sizes_are_read_off_the_strides);
    tcase_add_test(core, starts_that_follow_from_the_rules_match);
    tcase_add_test(core, a_start_that_no_rule_gives_is_a_mismatch);
    tcase_add_test(core, ids_that_start_again_are_another_segment);
    tcase_add_test(core, errors_are_those_of_the_rows);
    tcase_add_loop_test(core, a_model_explains_its_own_trace_exactly, 0, 4);
    tcase_add_test(core, a_fit_finds_the_constants_that_made_the_trace);
    tcase_add_test(core, too_few_long_transfers_fit_nothing);
    suite_add_tcase(s, core);
    return unit_run(s);
}
