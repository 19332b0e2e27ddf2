/* perf/sweep_sim.c, perf/whatif.c, tools/pool.c: points run as single runs do, and workers may
 * die. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perf/run.h"
#include "perf/sweep.h"
#include "tests/unit/unit.h"
#include "tools/command.h"
#include "tools/common.h"
#include "tools/pool.h"

#define EXAMPLE NPUSIM_SOURCE_DIR "/examples/tiny_cv181x.npuasm"

static char path[200];
static tool_run run;
static sweep_sim *sim;

static void setup(void)
{
    const char *base = getenv("TMPDIR");
    char *argv[] = {"asm", "-q", "-o", path, EXAMPLE, NULL};
    npu_err err = {0};
    snprintf(path, sizeof path, "%s/sweepXXXXXX", base && strlen(base) < 100 ? base : P_tmpdir);
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(cmd_asm(5, argv), 0);
    ck_assert_msg(tool_load(path, &(tool_options){0}, &run, &err) == NPU_OK, "%s", err.text);
    ck_assert_int_eq(perf_sim_new(run.prog, run.chip, &sim, &err), NPU_OK);
}

static void teardown(void)
{
    perf_sim_free(sim);
    tool_free(&run);
    unlink(path);
}

/* Latency as `npusim profile --set` gives it: everything loaded afresh. */
static void fresh(const char *set, npu_profile *out)
{
    tool_run one;
    npu_err err = {0};
    opt_list list = {&set, set ? 1 : 0};
    ck_assert_msg(tool_profile(path, &(tool_options){.set = list}, &one, &err) == NPU_OK, "%s",
                  err.text);
    *out = *one.profile;
    out->chip = NULL;
    tool_free(&one);
}

/* One of each kind: late numbers, and those that count the work anew. */
static const struct {
    const char *key;
    double value;
} changes[] = {
    {"ddr.bandwidth_mbps", 500}, {"tpu.clock_mhz", 750}, {"ddr.contention", 0.5},
    {"ddr.latency_load_ns", 0}, {"sync.tiu_after_tdma_cycles", 500}, {"runtime.launch_ms", 2},
    {"ddr.beat_bytes", 32}, {"ddr.burst_bytes", 64}, {"tiu.conv_fixed_quant_cycles", 900},
    {"tdma.decompress_cycles", 2000}, {"ddr.efficiency_store", 0.3}, {"ddr.page_bytes", 256},
};

START_TEST(a_point_equals_a_run_of_its_own)
{
    char set[80];
    npu_profile p;
    npu_point_result r;
    npu_num key = perf_sweep_key(changes[_i].key);
    snprintf(set, sizeof set, "%s=%g", changes[_i].key, changes[_i].value);
    fresh(set, &p);
    perf_sim_point(sim, &key, 1, &changes[_i].value, &r);
    ck_assert_int_eq(r.status, NPU_POINT_OK);
    ck_assert_double_eq(r.metric[NPU_METRIC_latency_ms], p.latency_ms);
    ck_assert_double_eq(r.metric[NPU_METRIC_tiu_ms], p.tiu_ms);
    ck_assert_double_eq(r.metric[NPU_METRIC_tdma_ms], p.tdma_ms);
    ck_assert_double_eq(r.metric[NPU_METRIC_ddr_bytes], (double)(p.read + p.write));
    ck_assert_double_eq(r.metric[NPU_METRIC_mac_util], p.mac_utilisation);
    fresh(NULL, &p);
    perf_sim_point(sim, &key, 1, &(double){NAN}, &r); /* nothing of the point before is left */
    ck_assert_double_eq(r.metric[NPU_METRIC_latency_ms], p.latency_ms);
}
END_TEST

START_TEST(engine_sums_bound_every_point)
{
    npu_num key = NPU_NUM_ddr_bandwidth_mbps;
    double before = INFINITY;
    for (double mbps = 100; mbps < 50000; mbps *= 1.7) {
        npu_point_result r;
        perf_sim_point(sim, &key, 1, &mbps, &r);
        const double *m = r.metric;
        double tiu = m[NPU_METRIC_tiu_ms], tdma = m[NPU_METRIC_tdma_ms];
        double t = m[NPU_METRIC_inference_ms], idle = m[NPU_METRIC_idle_ms];
        ck_assert(t >= fmax(tiu, tdma));
        ck_assert_double_eq_tol(t, tiu + tdma - m[NPU_METRIC_both_ms] + idle, 1e-9);
        ck_assert(idle >= 0 && m[NPU_METRIC_both_ms] >= 0);
        ck_assert(t <= before);
        ck_assert(m[NPU_METRIC_unlimited_ms] <= m[NPU_METRIC_latency_ms]);
        ck_assert(m[NPU_METRIC_memory_share] + m[NPU_METRIC_compute_share] <= 1);
        before = t;
    }
}
END_TEST

START_TEST(contention_does_not_touch_the_tiu)
{
    npu_num key = NPU_NUM_ddr_contention;
    npu_point_result a, b;
    perf_sim_point(sim, &key, 1, &(double){0}, &a);
    perf_sim_point(sim, &key, 1, &(double){0.75}, &b);
    ck_assert_double_eq(a.metric[NPU_METRIC_tiu_ms], b.metric[NPU_METRIC_tiu_ms]);
    ck_assert(a.metric[NPU_METRIC_tdma_ms] < b.metric[NPU_METRIC_tdma_ms]);
}
END_TEST

START_TEST(what_if_is_sorted_and_leaves_the_profile)
{
    npu_err err = {0};
    npu_profile plain;
    fresh(NULL, &plain);
    ck_assert_int_eq(perf_run(run.prog, run.chip, &run.trace, &err), NPU_OK);
    ck_assert_int_eq(perf_collect(run.prog, run.chip, &run.trace, &run.profile, &err), NPU_OK);
    npu_profile *p = run.profile;
    ck_assert_msg(perf_whatif(run.prog, run.chip, NULL, p, &err) == NPU_OK, "%s", err.text);
    ck_assert_double_eq(p->latency_ms, plain.latency_ms);
    ck_assert_uint_eq(p->nsweep, 25);
    bool own = false;
    for (size_t i = 0; i < p->nsweep; i++) {
        ck_assert(i == 0 || p->sweep[i].bandwidth_mbps > p->sweep[i - 1].bandwidth_mbps);
        ck_assert(i == 0 || p->sweep[i].latency_ms <= p->sweep[i - 1].latency_ms);
        if (p->sweep[i].bandwidth_mbps == NPU_GET(run.chip, ddr_bandwidth_mbps)) {
            ck_assert_double_eq(p->sweep[i].latency_ms, p->latency_ms);
            own = true;
        }
    }
    ck_assert(own);
    ck_assert_uint_ge(p->nwhat_if, 8);
    for (size_t i = 1; i < p->nwhat_if; i++)
        ck_assert(p->what_if[i].latency_ms >= p->what_if[i - 1].latency_ms);
}
END_TEST

START_TEST(an_id_depends_on_every_part)
{
    static const npu_num key[] = {NPU_NUM_ddr_bandwidth_mbps, NPU_NUM_tpu_clock_mhz};
    static const npu_num swapped[] = {NPU_NUM_tpu_clock_mhz, NPU_NUM_ddr_bandwidth_mbps};
    const double set[] = {1000, 500}, other[] = {500, 1000}, none[] = {1000, NAN};
    char id[6][NPU_POINT_ID + 1];
    npu_err err;
    ck_assert_int_eq(perf_sweep_id("m", "c", "1", key, 2, set, id[0], &err), NPU_OK);
    ck_assert_int_eq(perf_sweep_id("m", "c", "1", swapped, 2, other, id[1], &err), NPU_OK);
    ck_assert_str_eq(id[0], id[1]); /* the order of the columns does not count */
    ck_assert_int_eq(perf_sweep_id("n", "c", "1", key, 2, set, id[1], &err), NPU_OK);
    ck_assert_int_eq(perf_sweep_id("m", "d", "1", key, 2, set, id[2], &err), NPU_OK);
    ck_assert_int_eq(perf_sweep_id("m", "c", "2", key, 2, set, id[3], &err), NPU_OK);
    ck_assert_int_eq(perf_sweep_id("m", "c", "1", key, 2, other, id[4], &err), NPU_OK);
    ck_assert_int_eq(perf_sweep_id("m", "c", "1", key, 2, none, id[5], &err), NPU_OK);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(id[i], id[k]);
    ck_assert_uint_eq(strlen(id[0]), NPU_POINT_ID);
}
END_TEST

enum { JOBS = 40, CRASHES = 7, HANGS = 11, LEAVES = 13 };

typedef struct {
    int result[JOBS], sig[JOBS], times[JOBS];
    bool misbehave;
} tally;

static void square(void *arg, size_t i, void *result)
{
    int v = (int)(i * i);
    const tally *t = arg;
    if (t->misbehave) {
        if (i == CRASHES) {
            signal(SIGSEGV, SIG_DFL); /* a sanitizer would report and exit */
            raise(SIGSEGV);
        }
        if (i == HANGS)
            for (;;)
                pause();
        if (i == LEAVES)
            _exit(3);
    }
    memcpy(result, &v, sizeof v);
}

static npu_status count(void *arg, size_t i, const void *result, int sig, npu_err *err)
{
    tally *t = arg;
    (void)err;
    t->times[i]++;
    t->sig[i] = result ? 0 : sig ? sig : 1000;
    if (result)
        memcpy(&t->result[i], result, sizeof(int));
    return NPU_OK;
}

START_TEST(every_job_is_done_once_by_any_number_of_workers)
{
    for (unsigned workers = 1; workers <= 5; workers += 2) {
        tally t = {0};
        npu_err err;
        pool_jobs j = {JOBS, sizeof(int), workers, 0, &t, square, count};
        ck_assert_int_eq(pool_run(&j, &err), NPU_OK);
        for (int i = 0; i < JOBS; i++) {
            ck_assert_int_eq(t.times[i], 1);
            ck_assert_int_eq(t.result[i], i * i);
        }
    }
}
END_TEST

START_TEST(a_worker_that_dies_costs_one_job)
{
    tally t = {.misbehave = true};
    npu_err err;
    pool_jobs j = {JOBS, sizeof(int), 2, 1, &t, square, count};
    ck_assert_int_eq(pool_run(&j, &err), NPU_OK);
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(t.times[i], 1);
        int want = i == CRASHES ? SIGSEGV : i == HANGS ? SIGALRM : i == LEAVES ? 1000 : 0;
        ck_assert_int_eq(t.sig[i], want);
        ck_assert(want || t.result[i] == i * i);
    }
}
END_TEST

static npu_status stop_at_three(void *arg, size_t i, const void *result, int sig, npu_err *err)
{
    (void)arg, (void)result, (void)sig;
    return i == 3 ? npu_fail(err, NPU_IO, "enough") : NPU_OK;
}

START_TEST(an_error_of_the_parent_ends_the_pool)
{
    tally t = {0};
    npu_err err;
    pool_jobs j = {JOBS, sizeof(int), 3, 0, &t, square, stop_at_three};
    ck_assert_int_eq(pool_run(&j, &err), NPU_IO);
    ck_assert_str_eq(err.text, "enough");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sweep_run");
    TCase *points = tcase_create("points"), *pool = tcase_create("pool");
    tcase_add_checked_fixture(points, setup, teardown);
    tcase_add_loop_test(points, a_point_equals_a_run_of_its_own, 0,
                        sizeof changes / sizeof *changes);
    tcase_add_test(points, engine_sums_bound_every_point);
    tcase_add_test(points, contention_does_not_touch_the_tiu);
    tcase_add_test(points, what_if_is_sorted_and_leaves_the_profile);
    tcase_add_test(points, an_id_depends_on_every_part);
    tcase_add_test(pool, every_job_is_done_once_by_any_number_of_workers);
    tcase_add_test(pool, a_worker_that_dies_costs_one_job);
    tcase_add_test(pool, an_error_of_the_parent_ends_the_pool);
    suite_add_tcase(s, points);
    suite_add_tcase(s, pool);
    return unit_run(s);
}
