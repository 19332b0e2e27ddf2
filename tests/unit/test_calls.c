/* Function calls of a profile: the compiler's cuts. */
#include <stdlib.h>

#include "perf/collect.h"
#include "tests/unit/unit.h"

START_TEST(commands_belong_to_the_call_that_begins_last)
{
    uint32_t cut[] = {0, 2, 3};
    npu_routine routine = {.type = NPU_ROUTINE_TPU, .fcall = cut, .nfcall = 3};
    perf_part part = {.routine = &routine, .n = 5};
    perf_prog prog = {.part = &part, .n = 1};
    npu_prof_subgraph sub = {.name = (char *)"net"};
    npu_profile p = {.subgraph = &sub, .nsubgraph = 1};
    npu_span span[5];
    for (uint32_t i = 0; i < 5; i++)
        span[i] = (npu_span){.start = 10 * i, .end = 10 * i + 10, .cmd = i, .macs = 1u << i,
                             .read = 16, .unit = i % 2 ? NPU_UNIT_TIU : NPU_UNIT_LOAD};
    npu_trace t = {.span = span, .count = 5};
    npu_err err;
    ck_assert_int_eq(perf_calls(&prog, &t, &p, &err), NPU_OK);
    ck_assert_uint_eq(p.ncall, 3);
    static const struct { int64_t start, end; uint64_t macs; uint32_t tiu, tdma; } want[] = {
        {0, 20, 3, 1, 1}, {20, 30, 4, 0, 1}, {30, 50, 24, 1, 1}};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(p.call[i].start, want[i].start);
        ck_assert_int_eq(p.call[i].end, want[i].end);
        ck_assert_uint_eq(p.call[i].macs, want[i].macs);
        ck_assert_uint_eq(p.call[i].n_tiu, want[i].tiu);
        ck_assert_uint_eq(p.call[i].n_tdma, want[i].tdma);
        ck_assert_uint_eq(p.call[i].read, 16 * (want[i].tiu + want[i].tdma));
        free(p.call[i].name);
    }
    free(p.call);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("calls");
    TCase *core = tcase_create("core");
    tcase_add_test(core, commands_belong_to_the_call_that_begins_last);
    suite_add_tcase(s, core);
    return unit_run(s);
}
