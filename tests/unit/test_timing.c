/* Clocks and bandwidth: how long prepared work takes.
 *
 * Most tests run on a chip whose numbers are set to round values, so that the ticks can be checked
 * in the head: 100 MHz, 1600 MB/s at efficiency 1 is one cycle per 16-byte beat. */
#include <math.h>
#include <string.h>

#include "models/cpu.h"
#include "models/timing.h"
#include "tests/unit/unit.h"

static npu_chip *chip;

static void set(const char *assignment)
{
    npu_err err = {0};
    ck_assert_msg(npu_chip_set(chip, assignment, &err) == NPU_OK, "%s", err.text);
}

static void load_chip(void)
{
    npu_err err = {0};
    ck_assert_msg(npu_chip_load("cv181x", &chip, &err) == NPU_OK, "%s", err.text);
}

static void setup(void)
{
    static const char *const round[] = {
        "tpu.clock_mhz=100", "ddr.bandwidth_mbps=1600", "ddr.contention=0", "ddr.beat_bytes=16",
        "ddr.efficiency_load=1", "ddr.efficiency_store=1", "ddr.latency_load_ns=500",
        "ddr.latency_store_ns=300", "ddr.posted_beats=4", "tdma.word_load_cycles=2",
        "tdma.word_store_cycles=3", "tdma.move_chunk_cycles=2", "tdma.move_setup_cycles=20",
        "cpu.clock_mhz=200", "cpu.call_us=10", "cpu.interp_cycles=6", "cpu.argmax_cycles=4",
        "cpu.other_cycles=-1"};
    load_chip();
    for (size_t i = 0; i < sizeof round / sizeof round[0]; i++)
        set(round[i]);
}

static void teardown(void)
{
    npu_chip_free(chip);
    chip = NULL;
}

static sim_cost cost(sim_op op)
{
    hw_timing t = hw_timing_of(chip);
    return hw_cost(&t, &op, 0);
}

static void must_take(sim_op op, int64_t ticks, uint32_t fixed, npu_cause cause)
{
    sim_cost c = cost(op);
    ck_assert_msg(c.ticks == ticks && c.fixed == fixed, "%lld ticks, %u fixed instead of %lld, %u",
                  (long long)c.ticks, c.fixed, (long long)ticks, fixed);
    ck_assert_msg(c.cause == cause, "%s instead of %s", npu_cause_name(c.cause),
                  npu_cause_name(cause));
}

static sim_op load(uint32_t beats, uint32_t words)
{
    return (sim_op){.setup = SIM_SETUP_LOAD, .beats_in = beats, .words = words};
}

static sim_op store(uint32_t beats, uint32_t words)
{
    return (sim_op){.setup = SIM_SETUP_STORE, .beats_out = beats, .words = words};
}

/* --- core ------------------------------------------------------------------------------------- */

START_TEST(a_load_takes_the_longer_side_after_the_latency)
{
    /* 500 ns at 100 MHz = 50 cycles; a beat a cycle, two cycles a word */
    must_take(load(100, 30), 50 + 100, 50, NPU_CAUSE_DDR);
    must_take(load(100, 50), 50 + 100, 50, NPU_CAUSE_DDR); /* a tie is DDR's */
    must_take(load(100, 51), 50 + 102, 50, NPU_CAUSE_LMEM);
    must_take(load(0, 0), 50, 50, NPU_CAUSE_DDR);
}
END_TEST

START_TEST(decompression_adds_its_cycles)
{
    sim_op op = load(100, 30);
    op.cycles = 105;
    must_take(op, 50 + 105 + 100, 155, NPU_CAUSE_DDR);
    op = store(104, 0);
    op.cycles = 18;
    must_take(op, 30 + 18 + 100, 48, NPU_CAUSE_DDR);
}
END_TEST

START_TEST(the_last_beats_of_a_store_do_not_delay_its_end)
{
    /* 300 ns = 30 cycles; 4 beats are posted; three cycles a word */
    must_take(store(104, 33), 30 + 100, 30, NPU_CAUSE_DDR);
    must_take(store(104, 34), 30 + 102, 30, NPU_CAUSE_LMEM);
    must_take(store(5, 0), 30 + 1, 30, NPU_CAUSE_DDR);
    must_take(store(4, 0), 30, 30, NPU_CAUSE_DDR);
    must_take(store(3, 0), 30, 30, NPU_CAUSE_LMEM); /* never negative */
    must_take(store(1, 2), 30 + 6, 30, NPU_CAUSE_LMEM);
    set("ddr.posted_beats=0");
    must_take(store(104, 33), 30 + 104, 30, NPU_CAUSE_DDR);
}
END_TEST

START_TEST(a_copy_in_ddr_pays_both_ways)
{
    sim_op op = {.setup = SIM_SETUP_COPY, .beats_in = 100, .beats_out = 60};
    must_take(op, 50 + 30 + 160, 80, NPU_CAUSE_DDR);
}
END_TEST

START_TEST(a_move_takes_two_cycles_a_piece)
{
    sim_op op = {.setup = SIM_SETUP_MOVE, .words = 10};
    must_take(op, 20 + 20, 20, NPU_CAUSE_LMEM);
}
END_TEST

START_TEST(a_tiu_command_takes_its_cycles_whatever_the_ddr_does)
{
    sim_op op = {.cycles = 1234, .fixed = 67, .cause = NPU_CAUSE_MAC};
    must_take(op, 1234, 67, NPU_CAUSE_MAC);
    set("ddr.contention=0.9");
    set("ddr.bandwidth_mbps=10");
    must_take(op, 1234, 67, NPU_CAUSE_MAC);
    must_take((sim_op){.cycles = 0, .cause = NPU_CAUSE_VECTOR}, 1, 0, NPU_CAUSE_VECTOR);
}
END_TEST

START_TEST(fractions_of_a_cycle_round_up_once)
{
    set("ddr.bandwidth_mbps=1000"); /* 1.6 cycles a beat */
    must_take(load(1, 0), 50 + 2, 50, NPU_CAUSE_DDR);
    must_take(load(2, 0), 50 + 4, 50, NPU_CAUSE_DDR);
    must_take(load(5, 0), 50 + 8, 50, NPU_CAUSE_DDR);
    set("ddr.latency_load_ns=507"); /* 50.7 + 1.6 = 52.3 */
    must_take(load(1, 0), 53, 50, NPU_CAUSE_DDR);
}
END_TEST

START_TEST(contention_takes_its_share_of_the_bus_only)
{
    set("ddr.contention=0.5");
    must_take(load(100, 30), 50 + 200, 50, NPU_CAUSE_DDR);
    must_take(store(104, 10), 30 + 200, 30, NPU_CAUSE_DDR);
    must_take(load(10, 30), 50 + 60, 50, NPU_CAUSE_LMEM); /* local memory is not shared */
    set("ddr.contention=0.75");
    must_take(load(100, 30), 50 + 400, 50, NPU_CAUSE_DDR);
    set("ddr.contention=0");
    set("ddr.efficiency_load=0.8");
    must_take(load(100, 30), 50 + 125, 50, NPU_CAUSE_DDR);
    must_take(store(104, 10), 30 + 100, 30, NPU_CAUSE_DDR);
}
END_TEST

START_TEST(a_faster_clock_waits_more_cycles_for_the_same_ddr)
{
    set("tpu.clock_mhz=200");
    must_take(load(100, 30), 100 + 200, 100, NPU_CAUSE_DDR);
    must_take(load(10, 100), 100 + 200, 100, NPU_CAUSE_LMEM); /* local memory keeps pace */
    ck_assert(hw_tick_hz(chip) == 200e6);
}
END_TEST

START_TEST(the_machine_has_the_gaps_of_the_chip)
{
    set("sync.tiu_after_tiu_cycles=3");
    set("sync.tdma_after_tdma_cycles=5");
    set("sync.tiu_after_tdma_cycles=7");
    set("sync.tdma_after_tiu_cycles=11");
    set("sync.segment_restart_cycles=13");
    hw_timing t = hw_timing_of(chip);
    sim_machine m = hw_machine(chip, &t);
    ck_assert(m.after_own[SIM_TIU] == 3 && m.after_own[SIM_TDMA] == 5);
    ck_assert(m.after_other[SIM_TIU] == 7 && m.after_other[SIM_TDMA] == 11);
    ck_assert(m.segment == 13 && m.state == &t && m.beat_bytes == 16 && m.word_bytes == 16);
    ck_assert(m.cost(m.state, &(sim_op){.setup = SIM_SETUP_MOVE, .words = 10}, 0).ticks == 40);
}
END_TEST

/* The figures of the CV1835 trace, from the chip file alone. */
START_TEST(the_measured_chip_gives_the_measured_constants)
{
    npu_chip_free(chip);
    npu_err err = {0};
    ck_assert_int_eq(npu_chip_load("cv183x", &chip, &err), NPU_OK);
    hw_timing t = hw_timing_of(chip);
    ck_assert(fabs(t.beat_in - 1.58) < 0.005 && fabs(t.beat_out - 1.54) < 0.005);
    ck_assert(fabs(t.latency_in - 91) < 0.5 && fabs(t.latency_out - 83) < 0.5);
    sim_machine m = hw_machine(chip, &t);
    ck_assert(m.after_own[SIM_TIU] == 1 && m.after_own[SIM_TDMA] == 1);
    ck_assert(m.after_other[SIM_TIU] == 4 && m.after_other[SIM_TDMA] == 2);
}
END_TEST

START_TEST(more_bandwidth_is_never_slower_and_contention_never_faster)
{
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 300; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint32_t beats = x >> 10 & 0xfff, words = x >> 30 & 0x7ff;
        sim_op op[] = {load(beats, words), store(beats, words),
                       {.setup = SIM_SETUP_COPY, .beats_in = beats, .beats_out = words},
                       {.setup = SIM_SETUP_MOVE, .words = words}};
        for (size_t k = 0; k < 4; k++) {
            int64_t last = INT64_MAX;
            for (double mbps = 100; mbps < 30000; mbps *= 1.7) {
                NPU_GET(chip, ddr_bandwidth_mbps) = mbps;
                ck_assert(cost(op[k]).ticks <= last);
                last = cost(op[k]).ticks;
            }
            for (double share = 0; share < 0.99; share += 0.11) {
                NPU_GET(chip, ddr_contention) = share;
                ck_assert(cost(op[k]).ticks >= last);
                last = cost(op[k]).ticks;
                ck_assert(cost(op[k]).fixed <= last);
            }
            NPU_GET(chip, ddr_contention) = 0;
        }
    }
}
END_TEST

/* --- CPU routines ----------------------------------------------------------------------------- */

static int64_t cpu_ticks(const char *name, uint64_t in, uint64_t out)
{
    int64_t ticks = -1;
    npu_err err = {0};
    ck_assert_msg(hw_cpu_ticks(chip, name, in, out, &ticks, &err) == NPU_OK, "%s", err.text);
    return ticks;
}

START_TEST(a_cpu_routine_costs_its_elements_and_the_call)
{
    /* 10 us = 1000 ticks; 1000 outputs x 6 cycles at 200 MHz = 30 us = 3000 ticks of 100 MHz */
    ck_assert_int_eq(cpu_ticks("interp", 5, 1000), 4000);
    /* argmax looks at its inputs: 1000 x 4 / 200 MHz = 20 us */
    ck_assert_int_eq(cpu_ticks("argmax", 1000, 5), 3000);
    ck_assert_int_eq(cpu_ticks("argmax_v3", 1000, 5), 3000);
    ck_assert_int_eq(cpu_ticks("interp", 0, 0), 1000);
    ck_assert_int_eq(cpu_ticks("interp", 0, 1), 1003);
    set("cpu.call_us=0");
    ck_assert_int_eq(cpu_ticks("interp", 0, 0), 1);
}
END_TEST

START_TEST(a_cpu_routine_nobody_costed_is_refused)
{
    int64_t ticks;
    npu_err err = {0};
    ck_assert_int_eq(hw_cpu_ticks(chip, "poetry", 1, 1, &ticks, &err), NPU_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, "'poetry'") && strstr(err.text, "interp") &&
                  strstr(err.text, "cpu.other_cycles"), "%s", err.text);
    set("cpu.other_cycles=8"); /* per output */
    ck_assert_int_eq(cpu_ticks("poetry", 77, 1000), 1000 + 4000);
    ck_assert_int_eq(hw_cpu_ticks(chip, "interp", 1, UINT64_MAX, &ticks, &err), NPU_BAD_INPUT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("timing");
    TCase *core = tcase_create("core"), *cpu = tcase_create("cpu");
    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_checked_fixture(cpu, setup, teardown);
    tcase_add_test(core, a_load_takes_the_longer_side_after_the_latency);
    tcase_add_test(core, decompression_adds_its_cycles);
    tcase_add_test(core, the_last_beats_of_a_store_do_not_delay_its_end);
    tcase_add_test(core, a_copy_in_ddr_pays_both_ways);
    tcase_add_test(core, a_move_takes_two_cycles_a_piece);
    tcase_add_test(core, a_tiu_command_takes_its_cycles_whatever_the_ddr_does);
    tcase_add_test(core, fractions_of_a_cycle_round_up_once);
    tcase_add_test(core, contention_takes_its_share_of_the_bus_only);
    tcase_add_test(core, a_faster_clock_waits_more_cycles_for_the_same_ddr);
    tcase_add_test(core, the_machine_has_the_gaps_of_the_chip);
    tcase_add_test(core, the_measured_chip_gives_the_measured_constants);
    tcase_add_test(core, more_bandwidth_is_never_slower_and_contention_never_faster);
    tcase_add_test(cpu, a_cpu_routine_costs_its_elements_and_the_call);
    tcase_add_test(cpu, a_cpu_routine_nobody_costed_is_refused);
    suite_add_tcase(s, core);
    suite_add_tcase(s, cpu);
    return unit_run(s);
}
