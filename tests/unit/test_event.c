/* Event queue: a total order, whatever the order of posting. */
#include "sim/event.h"
#include "tests/unit/unit.h"

START_TEST(an_empty_queue_gives_nothing)
{
    sim_queue q = {0};
    sim_event e;
    ck_assert(!sim_next(&q, &e));
    ck_assert(sim_post(&q, 5, 0, 7));
    ck_assert(sim_next(&q, &e));
    ck_assert(e.time == 5 && e.priority == 0 && e.what == 7);
    ck_assert(!sim_next(&q, &e));
}
END_TEST

START_TEST(the_earlier_time_comes_first)
{
    static const int64_t times[] = {9, -3, 4, INT64_MAX, 0, 4000000000, INT64_MIN, 3999999999};
    static const int64_t sorted[] = {INT64_MIN, -3, 0, 4, 9, 3999999999, 4000000000, INT64_MAX};
    sim_queue q = {0};
    sim_event e;
    for (size_t i = 0; i < 8; i++)
        ck_assert(sim_post(&q, times[i], 0, (uint16_t)i));
    for (size_t i = 0; i < 8; i++) {
        ck_assert(sim_next(&q, &e));
        ck_assert(e.time == sorted[i]);
    }
}
END_TEST

START_TEST(at_one_time_priority_and_then_posting_decide)
{
    static const uint16_t priority[] = {2, 0, 1, 0, 2, 1, 0};
    static const uint16_t order[] = {1, 3, 6, 2, 5, 0, 4};
    sim_queue q = {0};
    sim_event e;
    for (uint16_t i = 0; i < 7; i++)
        ck_assert(sim_post(&q, 100, priority[i], i));
    for (size_t i = 0; i < 7; i++) {
        ck_assert(sim_next(&q, &e));
        ck_assert_uint_eq(e.what, order[i]);
    }
}
END_TEST

/* Whatever order 64 events are posted in, they come out sorted, equal ones in order of posting. */
START_TEST(any_order_of_posting_comes_out_sorted)
{
    uint64_t x = 88172645463325252u + (uint64_t)_i;
    sim_queue q = {0};
    sim_event e, last = {0};
    for (int i = 0; i < SIM_EVENTS_MAX; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        ck_assert(sim_post(&q, (int64_t)(x >> 40 & 7), (uint16_t)(x >> 32 & 1), (uint16_t)i));
        if (x >> 60 == 0 && sim_next(&q, &e)) /* taking in between disturbs nothing */
            ck_assert(sim_post(&q, e.time, e.priority, e.what));
    }
    for (int i = 0; i < SIM_EVENTS_MAX; i++) {
        ck_assert(sim_next(&q, &e));
        bool sorted = last.time < e.time ||
                      (last.time == e.time && (last.priority < e.priority ||
                                               (last.priority == e.priority &&
                                                last.order < e.order)));
        ck_assert_msg(i == 0 || sorted, "event %d", i);
        last = e;
    }
    ck_assert(!sim_next(&q, &e));
}
END_TEST

START_TEST(a_full_queue_refuses_and_keeps_what_it_has)
{
    sim_queue q = {0};
    sim_event e;
    for (int i = 0; i < SIM_EVENTS_MAX; i++)
        ck_assert(sim_post(&q, SIM_EVENTS_MAX - i, 0, 0));
    ck_assert(!sim_post(&q, 0, 0, 1));
    for (int i = 0; i < SIM_EVENTS_MAX; i++) {
        ck_assert(sim_next(&q, &e));
        ck_assert(e.time == i + 1 && e.what == 0);
    }
}
END_TEST

START_TEST(order_of_posting_survives_the_wrap_of_its_counter)
{
    sim_queue q = {.posted = UINT32_MAX - 1};
    sim_event e;
    for (uint16_t i = 0; i < 5; i++)
        ck_assert(sim_post(&q, 1, 0, i));
    for (uint16_t i = 0; i < 5; i++) {
        ck_assert(sim_next(&q, &e));
        ck_assert_uint_eq(e.what, i);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("event");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, an_empty_queue_gives_nothing);
    tcase_add_test(core, the_earlier_time_comes_first);
    tcase_add_test(core, at_one_time_priority_and_then_posting_decide);
    tcase_add_loop_test(core, any_order_of_posting_comes_out_sorted, 0, 20);
    tcase_add_test(limits, a_full_queue_refuses_and_keeps_what_it_has);
    tcase_add_test(limits, order_of_posting_survives_the_wrap_of_its_counter);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
