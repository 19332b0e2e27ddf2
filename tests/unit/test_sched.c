/* The scheduler: reference scenarios to the microsecond, and what must hold for any workload. */
#include <stdlib.h>
#include <string.h>

#include "perf/sched.h"
#include "perf/split.h"
#include "tests/unit/unit.h"

enum { US = 1000, MODELS = 3, JOBS = 4, SPANS = 32 };

/* --- reference scenarios ---------------------------------------------------------------------- */

typedef struct { /* a scenario in microseconds; calls: COUNT calls of CALL each */
    const char *name;
    struct {
        int count, call;
        unsigned priority;
        int custom_id;
    } model[MODELS];
    struct {
        int release, model, start, end, preempted;
    } job[JOBS];
    int switch_us, resume_us;
    const char *order; /* the calls in order of start: letter a to d of the job, repeated */
} scenario;

static const scenario scenarios[] = {
    {"A one call blocks", {{1, 10000, 0, 0}, {1, 1000, 255, 0}},
     {{0, 0, 0, 10000, 0}, {1200, 1, 10000, 11000, 0}}, 0, 0, "ab"},
    {"B split at 500", {{20, 500, 0, 0}, {1, 1000, 255, 0}},
     {{0, 0, 0, 11000, 1}, {1200, 1, 1500, 2500, 0}}, 0, 0, "aaabaaaaaaaaaaaaaaaaa"},
    {"C switch and resume cost", {{20, 500, 0, 0}, {1, 1000, 255, 0}},
     {{0, 0, 0, 11050, 1}, {1200, 1, 1530, 2530, 0}}, 30, 20, "aaabaaaaaaaaaaaaaaaaa"},
    {"D normal priorities only order the queue",
     {{8, 500, 0, 0}, {1, 1000, 253, 0}, {1, 1000, 1, 0}},
     {{0, 0, 0, 4000, 0}, {100, 2, 5000, 6000, 0}, {200, 1, 4000, 5000, 0}}, 0, 0, "aaaaaaaacb"},
    {"E nesting", {{8, 500, 0, 0}, {4, 500, 254, 0}, {1, 700, 255, 0}},
     {{0, 0, 0, 6700, 1}, {600, 1, 1000, 3700, 1}, {1100, 2, 1500, 2200, 0}}, 0, 0,
     "aabcbbbaaaaaa"},
    {"F urgent does not pre-empt urgent", {{4, 500, 255, 0}, {1, 500, 255, 0}},
     {{0, 0, 0, 2000, 0}, {100, 1, 2000, 2500, 0}}, 0, 0, "aaaab"},
    {"G smaller custom id first", {{1, 1000, 5, 9}, {1, 1000, 5, 3}, {1, 500, 0, 0}},
     {{0, 2, 0, 500, 0}, {10, 0, 1500, 2500, 0}, {20, 1, 500, 1500, 0}}, 0, 0, "acb"},
    {"H periodic urgent", {{12, 1000, 0, 0}, {1, 2000, 255, 0}},
     {{0, 0, 0, 16000, 2}, {500, 1, 1000, 3000, 0}, {10500, 1, 11000, 13000, 0},
      {20500, 1, 20500, 22500, 0}}, 0, 0, "abaaaaaaaacaaad"},
};

typedef struct {
    npu_workload w;
    npu_sched_model model[MODELS];
    npu_sched_stream stream[JOBS];
    npu_sched_stage stage[MODELS][SPANS];
    int64_t at[JOBS];
} setup;

static void make(setup *x, const scenario *c)
{
    memset(x, 0, sizeof *x);
    x->w = (npu_workload){.model = x->model, .stream = x->stream, .cores = 1,
                          .require_limit = true};
    x->w.over.switch_ns = c->switch_us * US;
    x->w.over.resume_ns = c->resume_us * US;
    for (int m = 0; m < MODELS && c->model[m].count; m++) {
        npu_sched_model *o = &x->model[x->w.nmodel++];
        *o = (npu_sched_model){.name = "m", .priority = c->model[m].priority,
                               .class_ = perf_sched_class(c->model[m].priority),
                               .custom_id = c->model[m].custom_id, .core = NPU_SCHED_NONE,
                               .preemptible = c->model[m].count > 1, .stage = x->stage[m]};
        for (int k = 0; k < c->model[m].count; k++)
            o->stage[o->nstage++] = (npu_sched_stage){c->model[m].call * US,
                                                      c->model[m].call * US, false, false};
    }
    for (int j = 0; j < JOBS && c->job[j].end; j++) {
        x->at[j] = c->job[j].release * US;
        x->stream[x->w.nstream++] = (npu_sched_stream){
            .model = (uint32_t)c->job[j].model, .kind = NPU_ARRIVE_TRACE, .at = &x->at[j],
            .nat = 1};
    }
}

START_TEST(scenarios_are_exact)
{
    const scenario *c = &scenarios[_i];
    setup x;
    npu_schedule *s;
    npu_err err = {0};
    make(&x, c);
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_uint_eq(s->njob, x.w.nstream);
    for (size_t i = 0; i < s->njob; i++) {
        ck_assert_msg(s->job[i].start == c->job[i].start * US, "%s: start of job %zu", c->name, i);
        ck_assert_msg(s->job[i].finish == c->job[i].end * US, "%s: end of job %zu", c->name, i);
        ck_assert_int_eq(s->job[i].response, (c->job[i].end - c->job[i].release) * US);
        ck_assert_uint_eq(s->job[i].preempted, c->job[i].preempted);
    }
    ck_assert_uint_eq(s->nspan, strlen(c->order));
    for (size_t i = 0; i < s->nspan; i++)
        ck_assert_uint_eq(s->span[i].job, c->order[i] - 'a');
    npu_schedule_free(s);
}
END_TEST

START_TEST(blocking_of_the_reference_scenarios)
{
    static const struct {
        int scenario, job, blocking, overhead, bound;
    } want[] = {{0, 1, 8800, 0, 10000}, {1, 1, 300, 0, 500}, {2, 1, 300, 30, 530},
                {4, 2, 400, 0, 500},    {6, 1, 490, 0, 1000}, {7, 1, 500, 0, 1000}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        setup x;
        npu_schedule *s;
        npu_err err = {0};
        make(&x, &scenarios[want[i].scenario]);
        ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
        const npu_sched_job *j = &s->job[want[i].job];
        ck_assert_int_eq(j->blocking, want[i].blocking * US);
        ck_assert_int_eq(j->overhead, want[i].overhead * US);
        ck_assert_int_ge(perf_sched_blocking_bound(&x.w, j->model), j->blocking);
        npu_schedule_free(s);
    }
}
END_TEST

START_TEST(a_model_without_a_limit_is_not_preempted)
{
    setup x;
    npu_schedule *s;
    npu_err err = {0};
    make(&x, &scenarios[1]);
    x.model[0].preemptible = false;
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_int_eq(s->job[1].start, 10000 * US);
    npu_schedule_free(s);
    x.w.require_limit = false;
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_int_eq(s->job[1].start, 1500 * US);
    npu_schedule_free(s);
}
END_TEST

START_TEST(fifo_runs_one_after_the_other)
{
    setup x;
    npu_schedule *s;
    npu_err err = {0};
    make(&x, &scenarios[1]);
    x.w.policy = NPU_SCHED_FIFO;
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_int_eq(s->makespan, 11000 * US);
    ck_assert_int_eq(s->job[1].start, 10000 * US);
    npu_schedule_free(s);
}
END_TEST

START_TEST(ideal_stops_a_call_in_the_middle)
{
    setup x;
    npu_schedule *s;
    npu_err err = {0};
    make(&x, &scenarios[0]);
    x.w.policy = NPU_SCHED_IDEAL;
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_int_eq(s->job[1].response, 1000 * US);
    ck_assert_int_eq(s->job[1].blocking, 0);
    ck_assert_int_eq(s->job[0].finish, 11000 * US);
    npu_schedule_free(s);
}
END_TEST

START_TEST(two_cores_share_the_ddr)
{
    setup x;
    npu_schedule *s;
    npu_err err = {0};
    make(&x, &scenarios[0]);
    x.w.cores = 2;
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_int_eq(s->job[1].response, 1000 * US); /* the other core was free */
    ck_assert_uint_eq(s->span[0].core, 0);
    ck_assert_uint_eq(s->span[1].core, 1);
    npu_schedule_free(s);
    x.w.contention = true;
    x.stage[0][0].half_ns = 15000 * US; /* 2/3 of its speed while both run */
    x.stage[1][0].half_ns = 2000 * US;
    ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
    ck_assert_int_eq(s->job[1].response, 2000 * US);
    ck_assert_int_eq(s->job[0].response, 10667 * US - 333); /* 2000 us at 2/3, rounded up */
    npu_schedule_free(s);
}
END_TEST

START_TEST(packing_is_greedy)
{
    const int64_t atoms[] = {300, 300, 300, 700, 1200, 100}, want[] = {900, 700, 1200, 100};
    int64_t call[100], hundred[100];
    ck_assert_uint_eq(perf_pack(atoms, 6, 1000, call), 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(call[i], want[i]);
    for (int i = 0; i < 100; i++)
        hundred[i] = 100;
    ck_assert_uint_eq(perf_pack(hundred, 100, 500, call), 20);
    ck_assert_uint_eq(perf_pack(hundred, 100, 0, call), 1);
    ck_assert_int_eq(call[0], 10000);
    size_t last = 100;
    for (int64_t limit = 1; limit < 11000; limit += 37) {
        size_t n = perf_pack(hundred, 100, limit, call);
        ck_assert_uint_le(n, last);
        last = n;
    }
}
END_TEST

START_TEST(limits_have_units)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"500", 500000}, {"500us", 500000}, {"0.5ms", 500000}, {"0", 0},
                {"4294967295", 4294967295000}, {"1.5us", 1500}};
    static const char *const bad[] = {"", "ms", "-1", "500s", "5e3", "nan", "inf", "4294967296",
                                      "1 ms", "1msx", "0x10"};
    int64_t ns;
    npu_err err = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_int_eq(perf_limit_parse(good[i].text, &ns, &err), NPU_OK);
        ck_assert_int_eq(ns, good[i].ns);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(perf_limit_parse(bad[i], &ns, &err) == NPU_USAGE, "'%s'", bad[i]);
}
END_TEST

START_TEST(percentiles_are_nearest_rank)
{
    int64_t v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = i + 1;
    ck_assert_int_eq(perf_nearest_rank(v, 10, 0.9), 9);
    ck_assert_int_eq(perf_nearest_rank(v, 10, 0.5), 5);
    ck_assert_int_eq(perf_nearest_rank(v, 11, 0.5), 6);
    ck_assert_int_eq(perf_nearest_rank(v, 1000, 0.999), 999);
    ck_assert_int_eq(perf_nearest_rank(v, 99, 0.99), 99);
    ck_assert_int_eq(perf_nearest_rank(v, 1, 0.99), 1);
}
END_TEST

START_TEST(smaller_limits_never_block_longer)
{
    setup x;
    npu_err err = {0};
    int64_t last = INT64_MAX;
    static const int calls[] = {1, 2, 4, 5, 10, 20, 25};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        npu_schedule *s;
        make(&x, &scenarios[7]);
        x.model[0].nstage = (size_t)calls[i];
        x.model[0].preemptible = calls[i] > 1;
        for (int k = 0; k < calls[i]; k++)
            x.stage[0][k] = (npu_sched_stage){12000 * US / calls[i], 12000 * US / calls[i], false,
                                              false};
        ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
        ck_assert_int_eq(perf_sched_stats(s, &err), NPU_OK);
        ck_assert_int_le(s->stat[1].blocking_bound, last);
        last = s->stat[1].blocking_bound;
        ck_assert_int_le(s->stat[1].blocking_max, last);
        npu_schedule_free(s);
    }
}
END_TEST

START_TEST(arrivals_depend_on_the_seed_alone)
{
    npu_sched_model model = {.name = "m"};
    npu_sched_stream stream = {.kind = NPU_ARRIVE_POISSON, .mean_ns = 1e6, .seed = 1,
                               .count = 2000};
    npu_workload w = {.model = &model, .nmodel = 1, .stream = &stream, .nstream = 1};
    npu_sched_job *a, *b, *c;
    size_t n;
    npu_err err = {0};
    ck_assert_int_eq(perf_sched_jobs(&w, &a, &n, &err), NPU_OK);
    ck_assert_uint_eq(n, 2000);
    ck_assert_int_eq(perf_sched_jobs(&w, &b, &n, &err), NPU_OK);
    stream.seed = 2;
    ck_assert_int_eq(perf_sched_jobs(&w, &c, &n, &err), NPU_OK);
    ck_assert_int_eq(memcmp(a, b, n * sizeof *a), 0);
    ck_assert_int_ne(a[0].release, c[0].release);
    double mean = (double)a[n - 1].release / (double)n;
    ck_assert(mean > 0.9e6 && mean < 1.1e6);
    free(a);
    free(b);
    free(c);
    uint64_t state = 1234567;
    ck_assert_uint_eq(perf_sched_random(&state), UINT64_C(6457827717110365317)); /* published */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sched");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_loop_test(core, scenarios_are_exact, 0, sizeof scenarios / sizeof *scenarios);
    tcase_add_test(core, blocking_of_the_reference_scenarios);
    tcase_add_test(core, a_model_without_a_limit_is_not_preempted);
    tcase_add_test(core, fifo_runs_one_after_the_other);
    tcase_add_test(core, ideal_stops_a_call_in_the_middle);
    tcase_add_test(core, two_cores_share_the_ddr);
    tcase_add_test(core, packing_is_greedy);
    tcase_add_test(core, percentiles_are_nearest_rank);
    tcase_add_test(limits, limits_have_units);
    tcase_add_test(limits, smaller_limits_never_block_longer);
    tcase_add_test(limits, arrivals_depend_on_the_seed_alone);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
