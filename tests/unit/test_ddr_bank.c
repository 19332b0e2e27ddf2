/* The bank model: timing rules at their edges, address mapping, traffic patterns, data files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/ddr_bank_chan.h"
#include "models/ddr_gen.h"
#include "tests/unit/unit.h"

static hw_ddr_system sys;
static hw_chan *chan;

static hw_ddr_system load(const char *name, int bits, hw_ddr_map map, hw_ddr_sched sched)
{
    hw_ddr_spec spec;
    npu_err err = {0};
    ck_assert_msg(hw_ddr_spec_load(name, &spec, &err) == NPU_OK, "%s", err.text);
    return hw_ddr_system_of(&spec, 1, bits, 0, map, sched);
}

/* DDR4-1866 x16, two groups of four banks: rcd 13, rp 13, ras 32, rtp 7, wr 14, rl 13, wl 10,
 * ccd 4/5, rrd 5/6, wtr 3/7, faw 28, four clocks of data. */
static void setup(void)
{
    sys = load("ddr4-1866", 16, HW_MAP_ROW, HW_SCHED_CAPPED);
    chan = malloc(sizeof *chan);
    hw_chan_init(chan, &sys, true);
}

static void teardown(void)
{
    free(chan);
}

static hw_chan_req req(int bank, uint64_t row, bool write)
{
    return (hw_chan_req){row, 0, (uint8_t)bank, (uint8_t)(bank / 4), write};
}

static void next(hw_chan_req r, char command, int64_t clk)
{
    char got;
    int64_t ready = hw_chan_ready(chan, &r, &got);
    ck_assert_msg(got == command && ready == clk, "%c at %lld instead of %c at %lld", got,
                  (long long)ready, command, (long long)clk);
}

static void go(hw_chan_req r, char command, int64_t clk)
{
    next(r, command, clk);
    hw_chan_issue(chan, &r, command, clk);
}

START_TEST(a_closed_row_is_opened_and_read_rcd_later)
{
    go(req(0, 5, false), 'A', 0);
    next(req(0, 5, false), 'R', 13);
}
END_TEST

START_TEST(row_hits_follow_at_the_column_distance)
{
    go(req(0, 5, false), 'A', 0);
    go(req(4, 5, false), 'A', 5);
    go(req(0, 5, false), 'R', 13);
    next(req(0, 5, false), 'R', 13 + 5); /* same group: ccd_l */
    next(req(4, 5, false), 'R', 5 + 13); /* other group: ccd_s has passed when the row is open */
    hw_chan_issue(chan, &(hw_chan_req){5, 0, 4, 1, false}, 'R', 18);
    next(req(4, 5, false), 'R', 23);
    next(req(0, 5, false), 'R', 22); /* ccd_s after the other group's */
}
END_TEST

START_TEST(a_conflict_waits_for_ras_then_precharges)
{
    go(req(0, 5, false), 'A', 0);
    go(req(0, 5, false), 'R', 13);
    next(req(0, 6, false), 'P', 32); /* ras 32 is later than read + rtp = 20 */
    go(req(0, 5, false), 'R', 18);
    hw_chan_issue(chan, &(hw_chan_req){5, 0, 0, 0, false}, 'R', 30);
    go(req(0, 6, false), 'P', 37);   /* now rtp: 30 + 7 */
    next(req(0, 6, false), 'A', 50); /* rp 13; activate to activate is only 45 */
}
END_TEST

START_TEST(four_activates_fit_the_window)
{
    go(req(0, 1, false), 'A', 0);
    go(req(4, 1, false), 'A', 5);  /* rrd_s */
    go(req(1, 1, false), 'A', 10);
    go(req(5, 1, false), 'A', 15);
    next(req(2, 1, false), 'A', 28); /* faw, not 20 */
    hw_chan_issue(chan, &(hw_chan_req){1, 0, 2, 0, false}, 'A', 28);
    next(req(6, 1, false), 'A', 33); /* the window of the second opens at 5 + 28 */
    next(req(3, 1, false), 'A', 34); /* rrd_l is later */
}
END_TEST

START_TEST(read_after_write_waits_for_wtr)
{
    go(req(0, 1, true), 'A', 0);
    go(req(4, 1, true), 'A', 5);
    hw_chan_issue(chan, &(hw_chan_req){1, 0, 0, 0, true}, 'W', 20);
    next(req(0, 1, false), 'R', 20 + 10 + 4 + 7);
    next(req(4, 1, false), 'R', 20 + 10 + 4 + 3);
    next(req(4, 1, true), 'W', 24);
    next(req(0, 2, true), 'P', 20 + 10 + 4 + 14); /* write recovery */
}
END_TEST

START_TEST(write_after_read_waits_for_the_bus)
{
    go(req(0, 1, false), 'A', 0);
    hw_chan_issue(chan, &(hw_chan_req){1, 0, 0, 0, false}, 'R', 20);
    next(req(0, 1, true), 'W', 20 + 13 + 4 + 1 - 10);
}
END_TEST

START_TEST(a_refresh_closes_the_banks_and_blocks_them_for_rfc)
{
    hw_chan_step s;
    int64_t clk = sys.refi;
    go(req(0, 1, false), 'A', 0);
    s = hw_chan_clock(chan, clk);
    ck_assert(chan->refreshing && s.moved && chan->bank[0].row == -1);
    s = hw_chan_clock(chan, clk + 1);
    ck_assert(!s.moved && s.wake == clk + sys.rp);
    hw_chan_clock(chan, clk + sys.rp);
    ck_assert(!chan->refreshing);
    ck_assert_uint_eq(chan->refreshes, 1);
    next(req(3, 1, false), 'A', clk + sys.rp + sys.rfc);
}
END_TEST

/* --- whole runs ------------------------------------------------------------------------------- */

static hw_bank_result run(const hw_ddr_system *s, hw_gen g, uint64_t runs, bool refresh)
{
    hw_gen_source source = {.g = g, .runs = runs};
    hw_bank_result r;
    npu_err err = {0};
    ck_assert_msg(hw_bank_run(s, hw_gen_next, &source, 0, refresh, &r, &err) == NPU_OK, "%s",
                  err.text);
    return r;
}

START_TEST(a_single_burst_takes_activate_read_and_data)
{
    hw_ddr_system s = sys;
    s.bl2 = 4;
    hw_bank_result r = run(&s, HW_GEN_RAND64, 1, true); /* 64 bytes: four bursts */
    ck_assert_uint_eq(r.bursts, 4);
    ck_assert_uint_eq(r.first, (uint64_t)(1 + s.rcd + s.rl + s.bl2)); /* queued one clock before */
    ck_assert_uint_eq(r.clocks, r.first + 3 * (uint64_t)s.ccd_l);
}
END_TEST

START_TEST(refresh_costs_its_time)
{
    hw_bank_result with = run(&sys, HW_GEN_SEQ_RD, 64, true);
    hw_bank_result without = run(&sys, HW_GEN_SEQ_RD, 64, false);
    ck_assert_uint_gt(with.refreshes, 5);
    /* a row that had to be closed anyway is closed in the refresh's time */
    ck_assert_uint_ge(with.clocks, without.clocks + with.refreshes * (uint64_t)(sys.rfc - 20));
    ck_assert_uint_le(with.clocks,
                      without.clocks + (with.refreshes + 1) * (uint64_t)(sys.rfc + 80));
}
END_TEST

static const char *const standards[] = {"ddr3-1600", "ddr3-1866", "ddr4-1866", "ddr4-2400",
                                        "ddr4-3200", "ddr4-3200-x8", "lpddr3-1866", "lpddr4-1866",
                                        "lpddr4-2400"};
enum { STANDARDS = sizeof standards / sizeof *standards };

START_TEST(no_pattern_moves_more_than_the_peak)
{
    for (int map = 0; map < HW_MAPS; map++)
        for (int sched = 0; sched < HW_SCHEDS; sched++) {
            hw_ddr_system s = load(standards[_i], 16, (hw_ddr_map)map, (hw_ddr_sched)sched);
            for (int g = 0; g < HW_GENS; g++) {
                uint64_t runs = hw_gen_runs((hw_gen)g) / 64;
                hw_bank_result r = run(&s, (hw_gen)g, runs, true);
                uint64_t bytes = 0;
                for (uint64_t i = 0; i < runs; i++)
                    bytes += hw_gen_run((hw_gen)g, i).bytes;
                ck_assert_uint_eq(r.useful_bytes, bytes);
                ck_assert_msg(hw_bank_fraction(&s, &r) <= 1, "%s %s", standards[_i],
                              hw_gen_name((hw_gen)g));
                ck_assert(hw_bank_fraction(&s, &r) > 0.01);
            }
        }
}
END_TEST

START_TEST(a_wider_window_is_no_slower)
{
    static const hw_gen gens[] = {HW_GEN_SEQ_RD, HW_GEN_STR224, HW_GEN_TWO_RD};
    for (size_t k = 0; k < 3; k++) {
        double before = 0;
        for (uint64_t window = 64; window <= 1024; window *= 2) {
            hw_ddr_system s = sys;
            s.window_bytes = window;
            hw_bank_result r = run(&s, gens[k], hw_gen_runs(gens[k]) / 16, true);
            ck_assert(hw_bank_fraction(&s, &r) > before - 0.02); /* in tendency */
            before = hw_bank_fraction(&s, &r);
        }
    }
}
END_TEST

START_TEST(neighbouring_groups_hide_the_long_column_distance)
{
    hw_ddr_system group = load("ddr4-1866", 16, HW_MAP_GROUP, HW_SCHED_CAPPED);
    hw_bank_result a = run(&sys, HW_GEN_SEQ_RD, 64, true), b = run(&group, HW_GEN_SEQ_RD, 64, true);
    ck_assert_double_gt(hw_bank_fraction(&group, &b), hw_bank_fraction(&sys, &a) + 0.05);
}
END_TEST

START_TEST(the_clock_scales_times_and_keeps_counts)
{
    hw_ddr_spec spec;
    npu_err err = {0};
    ck_assert(hw_ddr_spec_load("ddr4-1866", &spec, &err) == NPU_OK);
    hw_ddr_system slow = hw_ddr_system_of(&spec, 1, 16, 2.14, HW_MAP_ROW, HW_SCHED_CAPPED);
    ck_assert(slow.rcd == 7 && slow.ras == 16 && slow.ccd_s == 4 && slow.bl2 == 4);
    ck_assert_double_eq_tol(slow.peak_mbps, 2 * 2 / 2.14 * 1000, 1e-6);
    hw_ddr_system near = hw_ddr_system_of(&spec, 1, 16, 1.0718, HW_MAP_ROW, HW_SCHED_CAPPED);
    ck_assert(near.rcd == 13 && near.rfc == 243);
}
END_TEST

START_TEST(mappings_place_neighbours_as_they_say)
{
    hw_ddr_system s = sys; /* 16-byte bursts, 128 of a row */
    hw_ddr_place a = hw_ddr_where(&s, 0), b = hw_ddr_where(&s, 16), c = hw_ddr_where(&s, 2048);
    ck_assert(a.bank == b.bank && a.row == b.row && c.group == 1 && c.row == 0);
    s.map = HW_MAP_GROUP;
    b = hw_ddr_where(&s, 16);
    ck_assert(b.group == 1 && b.row == 0 && hw_ddr_where(&s, 32).group == 0);
    s.map = HW_MAP_CHANNEL;
    s.channels = 2;
    ck_assert(hw_ddr_where(&s, 16).channel == 1 && hw_ddr_where(&s, 32).channel == 0);
    s.map = HW_MAP_HIGH;
    ck_assert(hw_ddr_where(&s, 2048).bank == 0 && hw_ddr_where(&s, 2048).row == 1);
}
END_TEST

START_TEST(no_row_holds_more_than_its_columns)
{
    for (int map = 0; map < HW_MAPS; map++) {
        static uint16_t seen[8][64]; /* bursts of a bank and row */
        hw_ddr_system s = sys;
        s.map = (hw_ddr_map)map;
        memset(seen, 0, sizeof seen);
        for (uint64_t addr = 0; addr < 64 * 2048; addr += 16) {
            hw_ddr_place p = hw_ddr_where(&s, addr);
            ck_assert(p.bank < 8 && p.row < 64 && p.group == p.bank / 4);
            seen[p.bank][p.row]++;
        }
        for (int b = 0; b < 8; b++)
            for (int r = 0; r < 64; r++)
                ck_assert_msg(seen[b][r] <= 128, "map %d: %d", map, seen[b][r]);
    }
}
END_TEST

START_TEST(patterns_are_those_described)
{
    hw_ddr_run r = hw_gen_run(HW_GEN_SEQ_WR, 3);
    ck_assert(r.addr == 3 * 4096 && r.bytes == 4096 && r.write);
    r = hw_gen_run(HW_GEN_STR224, 65);
    ck_assert(r.addr == 50176 + 224 && r.bytes == 224 && !r.write);
    r = hw_gen_run(HW_GEN_STR56, 384);
    ck_assert(r.addr == 56 && r.bytes == 56);
    r = hw_gen_run(HW_GEN_TWO_RD, 3);
    ck_assert(r.addr == (96u << 20) + 256 && r.bytes == 256 && !r.write);
    r = hw_gen_run(HW_GEN_MIX2TO1, 5);
    ck_assert(r.addr == (64u << 20) + 512 && r.bytes == 256 && r.write);
    r = hw_gen_run(HW_GEN_RAND64, 77);
    ck_assert(r.addr % 64 == 0 && r.addr < 256u << 20 && r.bytes == 64);
    ck_assert(hw_gen_run(HW_GEN_RAND64, 77).addr == r.addr);
    ck_assert(hw_gen_find("mix4k") == HW_GEN_MIX4K && hw_gen_find("mix") == HW_GENS);
}
END_TEST

/* --- data files ------------------------------------------------------------------------------- */

START_TEST(every_shipped_data_file_is_read)
{
    hw_ddr_system s = load(standards[_i], 32, HW_MAP_ROW, HW_SCHED_READY);
    ck_assert(s.refi > s.rfc && s.banks >= 8 && s.peak_mbps > 6000);
}
END_TEST

/* Replaces FROM in ddr3-1866.json by TO and expects a message with WANT. */
static void refused(const char *from, const char *to, const char *want)
{
    char dir[] = "ddrXXXXXX", path[64], shipped[4096];
    static char text[16384], broken[16384];
    hw_ddr_spec spec;
    npu_err err = {0};
    unsetenv("NPUSIM_DDR_DIR");
    snprintf(shipped, sizeof shipped, "%s/ddr3-1866.json", hw_ddr_dir());
    FILE *f = fopen(shipped, "r");
    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "%s", from);
    snprintf(broken, sizeof broken, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/x.json", dir);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(broken, f);
    fclose(f);
    setenv("NPUSIM_DDR_DIR", dir, 1);
    ck_assert_int_eq(hw_ddr_spec_load("x", &spec, &err), NPU_USAGE);
    ck_assert_msg(strstr(err.text, want) != NULL, "%s", err.text);
    unsetenv("NPUSIM_DDR_DIR");
    remove(path);
    remove(dir);
}

START_TEST(bad_data_files_are_refused_with_their_path)
{
    hw_ddr_spec spec;
    npu_err err = {0};
    ck_assert_int_eq(hw_ddr_spec_load("ddr9", &spec, &err), NPU_USAGE);
    ck_assert(strstr(err.text, "ddr9.json"));
    refused("\"rcd\": {", "\"rcdx\": {", "numbers.rcdx: no such number");
    refused("\"value\": 13, \"unit\": \"clocks\"", "\"value\": -1, \"unit\": \"clocks\"",
            "numbers.rl.value: a number from 1");
    refused("\"value\": 13, \"unit\": \"clocks\"", "\"value\": 13, \"unit\": \"ns\"",
            "numbers.rl.unit: 'ns' found");
    refused("\"value\": 13, \"unit\": \"clocks\"", "\"value\": 13.5, \"unit\": \"clocks\"",
            "whole number");
    refused("npusim.ddr/1", "npusim.ddr/2", "schema");
    refused("\"value\": 7290", "\"value\": 200", "numbers.rfc.value");
    refused("\"banks_per_group\": {\"value\": 8", "\"banks_per_group\": {\"value\": 6",
            "power of two");
    refused("umd-memsys/DRAMsim3 configs/DDR3_4Gb_x16_1866.ini", "", "source");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ddr_bank");
    TCase *core = tcase_create("timing"), *runs = tcase_create("runs");
    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_test(core, a_closed_row_is_opened_and_read_rcd_later);
    tcase_add_test(core, row_hits_follow_at_the_column_distance);
    tcase_add_test(core, a_conflict_waits_for_ras_then_precharges);
    tcase_add_test(core, four_activates_fit_the_window);
    tcase_add_test(core, read_after_write_waits_for_wtr);
    tcase_add_test(core, write_after_read_waits_for_the_bus);
    tcase_add_test(core, a_refresh_closes_the_banks_and_blocks_them_for_rfc);
    tcase_add_checked_fixture(runs, setup, teardown);
    tcase_set_timeout(runs, 60);
    tcase_add_test(runs, a_single_burst_takes_activate_read_and_data);
    tcase_add_test(runs, refresh_costs_its_time);
    tcase_add_loop_test(runs, no_pattern_moves_more_than_the_peak, 0, STANDARDS);
    tcase_add_test(runs, a_wider_window_is_no_slower);
    tcase_add_test(runs, neighbouring_groups_hide_the_long_column_distance);
    tcase_add_test(runs, the_clock_scales_times_and_keeps_counts);
    tcase_add_test(runs, mappings_place_neighbours_as_they_say);
    tcase_add_test(runs, no_row_holds_more_than_its_columns);
    tcase_add_test(runs, patterns_are_those_described);
    tcase_add_loop_test(runs, every_shipped_data_file_is_read, 0, STANDARDS);
    tcase_add_test(runs, bad_data_files_are_refused_with_their_path);
    suite_add_tcase(s, core);
    suite_add_tcase(s, runs);
    return unit_run(s);
}
