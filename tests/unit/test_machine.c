/* Two queues that wait for each other.  Ticks are worked out by hand from the rule of
 * sim/machine.h with the gaps of the CV1835 trace: 1 after the own predecessor, 4 from an awaited
 * TDMA command to the TIU, 2 from an awaited TIU command to the TDMA. */
#include <string.h>

#include "npusim/insn.h"
#include "sim/machine.h"
#include "tests/unit/unit.h"

enum { OWN = 1, TIU_AFTER_TDMA = 4, TDMA_AFTER_TIU = 2, SEGMENT = 50 };

/* An op lasts its cycles; a quarter of them is fixed. */
static sim_cost cost(void *state, const sim_op *op, int64_t start)
{
    (void)start;
    (void)state;
    return (sim_cost){op->cycles, (uint32_t)(op->cycles / 4), NPU_CAUSE_VECTOR};
}

static const sim_machine machine = {.after_own = {OWN, OWN},
                                    .after_other = {TIU_AFTER_TDMA, TDMA_AFTER_TIU},
                                    .segment = SEGMENT, .cost = cost, .beat_bytes = 16,
                                    .word_bytes = 16};

/* TICKS long, after WAIT commands of the other queue. */
static sim_op tiu(int64_t ticks, uint32_t wait)
{
    return (sim_op){.cycles = ticks, .wait = wait, .queue = SIM_TIU, .unit = NPU_UNIT_TIU,
                    .kind = NPU_KIND_CONV};
}

static sim_op load(int64_t ticks, uint32_t wait)
{
    return (sim_op){.cycles = ticks, .wait = wait, .queue = SIM_TDMA, .unit = NPU_UNIT_LOAD,
                    .kind = NPU_KIND_LOAD};
}

static sim_op unit(sim_op op, npu_unit u)
{
    op.unit = (uint8_t)u;
    return op;
}

static sim_op segment(sim_op op, uint16_t s)
{
    op.segment = s;
    return op;
}

enum { OPS_MAX = 64 };

typedef struct {
    npu_trace trace;
    sim_end end;
    const npu_span *span[OPS_MAX]; /* by op */
    npu_status status;
    npu_err err;
} outcome;

static outcome run_from(sim_op *op, uint32_t n, int64_t start, uint32_t after)
{
    outcome o = {.end = {-1, 0}};
    for (uint32_t i = 0; i < n; i++)
        op[i].cmd = i;
    o.status = sim_run(&machine, op, n, 3, start, after, &o.trace, &o.end, &o.err);
    for (uint32_t i = 0; i < o.trace.count && o.status == NPU_OK; i++) {
        o.span[o.trace.span[i].cmd] = &o.trace.span[i];
        ck_assert_msg(i == 0 || o.trace.span[i - 1].start <= o.trace.span[i].start,
                      "spans are not in order of start");
    }
    return o;
}

static outcome run(sim_op *op, uint32_t n)
{
    outcome o = run_from(op, n, 0, NPU_NO_SPAN);
    ck_assert_msg(o.status == NPU_OK, "%s", o.err.text);
    ck_assert_uint_eq(o.trace.count, n);
    return o;
}

#define RUN(ops) run(ops, sizeof(ops) / sizeof(ops)[0])

static void must_be(const outcome *o, int i, int64_t start, int64_t end, npu_wait wait)
{
    const npu_span *s = o->span[i];
    ck_assert_msg(s->start == start && s->end == end, "op %d: %lld to %lld instead of %lld to %lld",
                  i, (long long)s->start, (long long)s->end, (long long)start, (long long)end);
    ck_assert_msg(s->wait == wait, "op %d waited for %s instead of %s", i,
                  npu_wait_name((npu_wait)s->wait), npu_wait_name(wait));
}

/* Op of the span that set the start of op I; -1: none. */
static int blocker(const outcome *o, int i)
{
    uint32_t b = o->span[i]->blocker;
    return b == NPU_NO_SPAN ? -1 : (int)o->trace.span[b].cmd;
}

/* --- core ------------------------------------------------------------------------------------- */

START_TEST(a_queue_runs_in_order_with_a_gap)
{
    sim_op op[] = {tiu(10, 0), tiu(20, 0), tiu(1, 0)};
    outcome o = RUN(op);
    must_be(&o, 0, 0, 10, NPU_WAIT_NONE);
    must_be(&o, 1, 11, 31, NPU_WAIT_QUEUE);
    must_be(&o, 2, 32, 33, NPU_WAIT_QUEUE);
    ck_assert_int_eq(blocker(&o, 0), -1);
    ck_assert_int_eq(blocker(&o, 2), 1);
    ck_assert(o.end.end == 33 && o.trace.span[o.end.last].cmd == 2);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(queues_that_await_nothing_run_beside_each_other)
{
    sim_op op[] = {tiu(10, 0), load(7, 0), tiu(10, 0), load(7, 0)};
    outcome o = RUN(op);
    must_be(&o, 1, 0, 7, NPU_WAIT_NONE);
    must_be(&o, 3, 8, 15, NPU_WAIT_QUEUE);
    must_be(&o, 2, 11, 21, NPU_WAIT_QUEUE);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(an_awaited_command_of_the_other_queue_delays_the_start)
{
    sim_op op[] = {load(100, 0), tiu(30, 1), unit(load(5, 1), NPU_UNIT_STORE)};
    outcome o = RUN(op);
    must_be(&o, 1, 104, 134, NPU_WAIT_LOAD); /* 100 + 4 */
    must_be(&o, 2, 136, 141, NPU_WAIT_TIU);  /* 134 + 2, later than 100 + 1 */
    ck_assert_int_eq(blocker(&o, 1), 0);
    ck_assert_int_eq(blocker(&o, 2), 1);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(the_wait_is_named_after_what_was_awaited)
{
    sim_op op[] = {unit(load(9, 0), NPU_UNIT_STORE), tiu(1, 1), unit(load(9, 0), NPU_UNIT_MOVE),
                   tiu(1, 2)};
    outcome o = RUN(op);
    must_be(&o, 1, 13, 14, NPU_WAIT_STORE);
    must_be(&o, 3, 23, 24, NPU_WAIT_MOVE); /* move 10 to 19, + 4 */
    npu_trace_free(&o.trace);
}
END_TEST

/* The later of both counts; at equal ticks the own queue is named. */
START_TEST(the_own_queue_and_the_awaited_command_meet_to_the_tick)
{
    static const struct {
        int64_t awaited_end, start;
        npu_wait wait;
    } edge[] = {
        {20, 101, NPU_WAIT_QUEUE}, /* long done: no gap of its own */
        {96, 101, NPU_WAIT_QUEUE}, /* 96 + 4 = 100 */
        {97, 101, NPU_WAIT_QUEUE}, /* 97 + 4 = 101: a tie */
        {98, 102, NPU_WAIT_LOAD},  /* 98 + 4 */
        {100, 104, NPU_WAIT_LOAD}, {300, 304, NPU_WAIT_LOAD}};
    for (size_t i = 0; i < sizeof edge / sizeof edge[0]; i++) {
        sim_op op[] = {tiu(100, 0), load(edge[i].awaited_end, 0), tiu(5, 1)};
        outcome o = RUN(op);
        must_be(&o, 2, edge[i].start, edge[i].start + 5, edge[i].wait);
        npu_trace_free(&o.trace);
    }
}
END_TEST

START_TEST(a_wait_counts_commands_not_order_of_issue)
{
    /* loads 0-10, 11-21, 22-32: TIU 1 awaits the second, TIU 2 only the first */
    sim_op op[] = {tiu(3, 2), load(10, 0), load(10, 0), load(10, 0), tiu(3, 1)};
    outcome o = RUN(op);
    must_be(&o, 0, 25, 28, NPU_WAIT_LOAD);
    must_be(&o, 4, 29, 32, NPU_WAIT_QUEUE);
    must_be(&o, 3, 22, 32, NPU_WAIT_QUEUE);
    npu_trace_free(&o.trace);
}
END_TEST

/* Double buffering: load k+2 may overwrite the buffer of TIU command k. */
START_TEST(double_buffering_by_hand)
{
    sim_op op[] = {load(40, 0), load(40, 0), tiu(100, 1), load(40, 1), tiu(100, 2), load(40, 2),
                   tiu(10, 3), unit(load(20, 3), NPU_UNIT_STORE)};
    outcome o = RUN(op);
    must_be(&o, 0, 0, 40, NPU_WAIT_NONE);
    must_be(&o, 1, 41, 81, NPU_WAIT_QUEUE);
    must_be(&o, 2, 44, 144, NPU_WAIT_LOAD);   /* 40 + 4 */
    must_be(&o, 3, 146, 186, NPU_WAIT_TIU);   /* 144 + 2 */
    must_be(&o, 4, 145, 245, NPU_WAIT_QUEUE); /* 144 + 1; load 2 was done at 81 */
    must_be(&o, 5, 247, 287, NPU_WAIT_TIU);   /* 245 + 2 */
    must_be(&o, 6, 246, 256, NPU_WAIT_QUEUE); /* 245 + 1; load 3 was done at 186 */
    must_be(&o, 7, 288, 308, NPU_WAIT_QUEUE); /* 287 + 1, later than 256 + 2 */
    ck_assert(o.end.end == 308 && o.trace.span[o.end.last].cmd == 7);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(a_span_carries_the_work_of_its_op)
{
    sim_op op[] = {{.cycles = 40, .macs = 12345, .beats_in = 7, .beats_out = 3, .words = 5,
                    .queue = SIM_TDMA, .unit = NPU_UNIT_LOAD, .kind = NPU_KIND_LOADMAT}};
    outcome o = RUN(op);
    const npu_span *s = o.span[0];
    ck_assert(s->macs == 12345 && s->read == 112 && s->write == 48 && s->lmem_bytes == 80);
    ck_assert(s->fixed == 10 && s->cause == NPU_CAUSE_VECTOR && s->unit == NPU_UNIT_LOAD);
    ck_assert(s->kind == NPU_KIND_LOADMAT && s->subgraph == 3 && s->critical == 0);
    npu_trace_free(&o.trace);
}
END_TEST

/* Waits point back in stream order, so the rule can also be applied command by command. */
START_TEST(any_stream_obeys_the_rule)
{
    uint64_t x = 2463534242u + (uint64_t)_i * 77777u;
    sim_op op[OPS_MAX];
    int64_t start[OPS_MAX], end[2][OPS_MAX];
    uint32_t n[2] = {0, 0};
    for (uint32_t i = 0; i < OPS_MAX; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        unsigned q = x >> 20 & 1;
        uint32_t wait = (uint32_t)(x >> 30) % (n[1 - q] + 1);
        int64_t ticks = 1 + (int64_t)(x >> 50 & 63);
        op[i] = q == SIM_TIU ? tiu(ticks, wait) : load(ticks, wait);
        start[i] = n[q] ? end[q][n[q] - 1] + OWN : 0;
        if (wait && end[1 - q][wait - 1] + (q == SIM_TIU ? 4 : 2) > start[i])
            start[i] = end[1 - q][wait - 1] + (q == SIM_TIU ? 4 : 2);
        end[q][n[q]++] = start[i] + ticks;
    }
    outcome o = RUN(op);
    for (uint32_t i = 0; i < OPS_MAX; i++)
        ck_assert_msg(o.span[i]->start == start[i], "op %u of stream %d", i, _i);
    npu_trace_free(&o.trace);
}
END_TEST

/* --- segments and parts ----------------------------------------------------------------------- */

START_TEST(a_segment_starts_after_both_queues_and_the_restart)
{
    /* segment 0: TIU 0-10, load 0-30; segment 1 at 30 + 50, waits counted anew */
    sim_op op[] = {tiu(10, 0), load(30, 0), segment(load(5, 0), 1), segment(tiu(5, 1), 1),
                   segment(load(5, 0), 1)};
    outcome o = RUN(op);
    must_be(&o, 2, 80, 85, NPU_WAIT_BARRIER);
    must_be(&o, 3, 89, 94, NPU_WAIT_LOAD);
    must_be(&o, 4, 86, 91, NPU_WAIT_QUEUE);
    ck_assert_int_eq(blocker(&o, 2), 1);
    ck_assert(o.end.end == 94);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(a_segment_of_one_queue_is_no_trap)
{
    sim_op op[] = {load(10, 0), segment(tiu(20, 0), 1), segment(load(5, 0), 2),
                   segment(tiu(1, 1), 2)};
    outcome o = RUN(op);
    must_be(&o, 1, 60, 80, NPU_WAIT_BARRIER);
    must_be(&o, 2, 130, 135, NPU_WAIT_BARRIER);
    must_be(&o, 3, 139, 140, NPU_WAIT_LOAD);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(a_part_follows_what_ran_before_it)
{
    sim_op first[] = {load(10, 0)}, second[] = {tiu(5, 0), load(7, 0)};
    outcome o = RUN(first);
    sim_end end;
    for (uint32_t i = 0; i < 2; i++)
        second[i].cmd = i;
    ck_assert_int_eq(sim_run(&machine, second, 2, 4, 1000, 0, &o.trace, &end, &o.err), NPU_OK);
    ck_assert_uint_eq(o.trace.count, 3);
    for (uint32_t i = 1; i < 3; i++) {
        ck_assert(o.trace.span[i].start == 1000 && o.trace.span[i].blocker == 0);
        ck_assert(o.trace.span[i].wait == NPU_WAIT_BARRIER && o.trace.span[i].subgraph == 4);
    }
    ck_assert(end.end == 1007);
    npu_trace_free(&o.trace);
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

START_TEST(no_commands_end_where_they_began)
{
    sim_op none[1];
    outcome o = run_from(none, 0, 77, 5);
    ck_assert_int_eq(o.status, NPU_OK);
    ck_assert_uint_eq(o.trace.count, 0);
    ck_assert(o.end.end == 77 && o.end.last == 5);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(commands_that_await_each_other_are_reported)
{
    sim_op op[] = {tiu(10, 0), load(10, 1), tiu(10, 2), load(10, 2), tiu(1, 0)};
    outcome o = run_from(op, 5, 0, NPU_NO_SPAN);
    ck_assert_int_eq(o.status, NPU_BAD_INPUT);
    ck_assert_msg(strstr(o.err.text, "TIU command 2 for TDMA command 2") != NULL, "%s", o.err.text);
    ck_assert_msg(strstr(o.err.text, "TDMA command 2 for TIU command 2") != NULL, "%s", o.err.text);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(a_wait_for_a_command_that_never_comes_is_reported)
{
    sim_op op[] = {tiu(10, 3), load(10, 0), load(10, 0)};
    outcome o = run_from(op, 3, 0, NPU_NO_SPAN);
    ck_assert_int_eq(o.status, NPU_BAD_INPUT);
    ck_assert_msg(strstr(o.err.text, "TIU command 1 for TDMA command 3") != NULL, "%s", o.err.text);
    npu_trace_free(&o.trace);
    /* the awaited command exists, but in the next segment */
    sim_op next[] = {tiu(10, 1), segment(load(10, 0), 1)};
    o = run_from(next, 2, 0, NPU_NO_SPAN);
    ck_assert_int_eq(o.status, NPU_BAD_INPUT);
    npu_trace_free(&o.trace);
}
END_TEST

START_TEST(room_for_spans_grows_and_has_a_limit)
{
    npu_trace t = {0};
    npu_err err = {0};
    ck_assert_int_eq(sim_trace_reserve(&t, 10, &err), NPU_OK);
    ck_assert(t.capacity >= 10 && t.count == 0);
    t.count = 10;
    t.span[9].macs = 42;
    ck_assert_int_eq(sim_trace_reserve(&t, 1000, &err), NPU_OK);
    ck_assert(t.capacity >= 1010 && t.span[9].macs == 42);
    ck_assert_int_eq(sim_trace_reserve(&t, UINT32_MAX, &err), NPU_LIMIT);
    ck_assert(t.span[9].macs == 42);
    npu_trace_free(&t);
    ck_assert(t.span == NULL && t.count == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("machine");
    TCase *core = tcase_create("core"), *parts = tcase_create("parts");
    TCase *limits = tcase_create("limits");
    tcase_add_test(core, a_queue_runs_in_order_with_a_gap);
    tcase_add_test(core, queues_that_await_nothing_run_beside_each_other);
    tcase_add_test(core, an_awaited_command_of_the_other_queue_delays_the_start);
    tcase_add_test(core, the_wait_is_named_after_what_was_awaited);
    tcase_add_test(core, the_own_queue_and_the_awaited_command_meet_to_the_tick);
    tcase_add_test(core, a_wait_counts_commands_not_order_of_issue);
    tcase_add_test(core, double_buffering_by_hand);
    tcase_add_test(core, a_span_carries_the_work_of_its_op);
    tcase_add_loop_test(core, any_stream_obeys_the_rule, 0, 25);
    tcase_add_test(parts, a_segment_starts_after_both_queues_and_the_restart);
    tcase_add_test(parts, a_segment_of_one_queue_is_no_trap);
    tcase_add_test(parts, a_part_follows_what_ran_before_it);
    tcase_add_test(limits, no_commands_end_where_they_began);
    tcase_add_test(limits, commands_that_await_each_other_are_reported);
    tcase_add_test(limits, a_wait_for_a_command_that_never_comes_is_reported);
    tcase_add_test(limits, room_for_spans_grows_and_has_a_limit);
    suite_add_tcase(s, core);
    suite_add_tcase(s, parts);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
