/* What must hold for any workload: 1,000 random ones under every policy, fixed seeds. */
#include <stdlib.h>
#include <string.h>

#include "perf/sched.h"
#include "tests/unit/unit.h"

enum { US = 1000, RANDOM_SETS = 1000 };

enum { R_MODELS = 5, R_CALLS = 8 };

typedef struct {
    npu_workload w;
    npu_sched_model model[R_MODELS];
    npu_sched_stream stream[R_MODELS];
    npu_sched_stage stage[R_MODELS][R_CALLS + 2];
} random_set;

static uint64_t below(uint64_t *seed, uint64_t n)
{
    return perf_sched_random(seed) % n;
}

static void random_model(random_set *x, uint32_t m, uint64_t *seed, bool cpu)
{
    static const unsigned priorities[] = {0, 1, 5, 253, 254, 255};
    npu_sched_model *o = &x->model[m];
    size_t calls = 1 + below(seed, R_CALLS);
    *o = (npu_sched_model){.name = "m", .priority = priorities[below(seed, 6)],
                           .custom_id = (int64_t)below(seed, 3), .core = NPU_SCHED_NONE,
                           .preemptible = below(seed, 3) > 0, .stage = x->stage[m]};
    o->class_ = perf_sched_class(o->priority);
    if (x->w.cores == 2 && below(seed, 3) == 0)
        o->core = (int)below(seed, 2);
    for (size_t i = 0; i < calls; i++) {
        int64_t ns = 1 + (int64_t)below(seed, 2000 * US);
        int64_t half = ns + (int64_t)below(seed, (uint64_t)ns);
        bool on_cpu = cpu && i + 1 < calls && i > 0 && below(seed, 4) == 0;
        o->stage[o->nstage++] = (npu_sched_stage){ns, half, on_cpu, false};
    }
}

static int64_t core_time(const npu_sched_model *m)
{
    int64_t sum = 0;
    for (size_t i = 0; i < m->nstage; i++)
        sum += m->stage[i].ns;
    return sum;
}

/* One to five models; utilisation 0.3 to 1.2 unless EASY, which gives periodic work below 0.9. */
static void random_workload(random_set *x, uint64_t number, bool easy)
{
    uint64_t seed = 0x5eed0000 + number;
    memset(x, 0, sizeof *x);
    x->w = (npu_workload){.model = x->model, .stream = x->stream, .nmodel = 1 + below(&seed, 5),
                          .cores = easy ? 1 : 1 + (unsigned)below(&seed, 2),
                          .require_limit = below(&seed, 4) > 0};
    x->w.nstream = x->w.nmodel;
    x->w.contention = below(&seed, 2);
    x->w.cpus = easy ? 0 : (unsigned)below(&seed, 3);
    if (below(&seed, 2))
        x->w.over = (npu_sched_overheads){(int64_t)below(&seed, 20) * US,
                                          (int64_t)below(&seed, 40) * US,
                                          (int64_t)below(&seed, 40) * US,
                                          (int64_t)below(&seed, 10) * US};
    double share = (easy ? 0.2 + (double)below(&seed, 60) / 100
                         : 0.3 + (double)below(&seed, 90) / 100) / (double)x->w.nmodel;
    for (uint32_t m = 0; m < x->w.nmodel; m++) {
        random_model(x, m, &seed, !easy && below(&seed, 3) == 0);
        npu_sched_overheads o = x->w.over;
        int64_t c = core_time(&x->model[m]) + o.switch_ns + o.resume_ns +
                    (int64_t)x->model[m].nstage * o.launch_ns;
        int64_t period = (int64_t)((double)c / share) + 1;
        x->stream[m] = (npu_sched_stream){.model = m, .count = 8 + below(&seed, 25),
                                          .seed = number, .deadline_ns = period};
        if (!easy && below(&seed, 3) == 0) {
            x->stream[m].kind = NPU_ARRIVE_POISSON;
            x->stream[m].mean_ns = (double)period;
            continue;
        }
        x->stream[m].period_ns = period;
        x->stream[m].offset_ns = (int64_t)below(&seed, (uint64_t)period);
        if (below(&seed, 2))
            x->stream[m].jitter_ns = (int64_t)below(&seed, (uint64_t)period / 2 + 1);
    }
}

/* Every call once, in order, on an allowed core, of the length it must have. */
static void check_calls(const random_set *x, const npu_schedule *s)
{
    uint32_t *next = calloc(s->njob + 1, sizeof *next);
    int64_t *left = calloc(s->njob + 1, sizeof *left), *last = calloc(s->njob + 1, sizeof *last);
    int64_t busy_until[2] = {0, 0}, used[2] = {0, 0};
    for (size_t i = 0; i < s->nspan; i++) {
        const npu_sched_span *p = &s->span[i];
        const npu_sched_model *m = &x->model[s->job[p->job].model];
        int64_t ns = m->stage[p->stage].ns, half = m->stage[p->stage].half_ns;
        while (next[p->job] < m->nstage && m->stage[next[p->job]].cpu)
            next[p->job]++;
        ck_assert_uint_eq(p->stage, next[p->job]);
        ck_assert(m->core == NPU_SCHED_NONE || m->core == p->core);
        ck_assert_int_ge(p->t0, busy_until[p->core]);
        ck_assert_int_ge(p->t0, last[p->job]);
        busy_until[p->core] = last[p->job] = p->t1;
        used[p->core] += p->t1 - p->t0;
        left[p->job] += p->t1 - p->t0;
        if (p->last) {
            bool shared = x->w.contention && x->w.cores == 2;
            ck_assert_int_ge(left[p->job], ns);
            ck_assert_int_le(left[p->job], shared ? half + 8 : ns);
            left[p->job] = 0;
            next[p->job]++;
        }
    }
    for (size_t i = 0; i < s->njob; i++) {
        const npu_sched_model *m = &x->model[s->job[i].model];
        while (next[i] < m->nstage && m->stage[next[i]].cpu)
            next[i]++;
        ck_assert_uint_eq(next[i], m->nstage);
        ck_assert_int_eq(left[i], 0);
    }
    for (unsigned c = 0; c < x->w.cores; c++)
        ck_assert_int_eq(used[c], s->core[c].busy);
    free(next);
    free(left);
    free(last);
}

static void check_jobs(const random_set *x, const npu_schedule *s)
{
    for (size_t i = 0; i < s->njob; i++) {
        const npu_sched_job *j = &s->job[i];
        int64_t bound = perf_sched_blocking_bound(&x->w, j->model);
        ck_assert_int_ge(j->start, j->release);
        ck_assert_int_ge(j->blocking, 0);
        ck_assert_int_ge(j->interference, 0);
        ck_assert_int_eq(j->response, j->own + j->cpu + j->blocking + j->interference +
                                          j->overhead);
        if (bound >= 0)
            ck_assert_msg(j->blocking <= bound, "job %zu: blocked %lld, bound %lld", i,
                          (long long)j->blocking, (long long)bound);
        ck_assert_int_eq(j->missed, j->finish > j->deadline);
    }
}

/* Simple workloads (one core, no overheads, no CPU work): waiting is counted again from the
 * timeline alone. */
static void check_waiting(const random_set *x, const npu_schedule *s)
{
    npu_sched_overheads o = x->w.over;
    if (x->w.cores != 1 || o.submit_ns + o.switch_ns + o.resume_ns + o.launch_ns)
        return;
    for (size_t m = 0; m < x->w.nmodel; m++)
        for (size_t i = 0; i < x->model[m].nstage; i++)
            if (x->model[m].stage[i].cpu)
                return;
    for (uint32_t i = 0; i < s->njob; i++) {
        const npu_sched_job *j = &s->job[i];
        int64_t later = 0, busy = 0;
        for (size_t k = 0; k < s->nspan; k++) {
            const npu_sched_span *p = &s->span[k];
            int64_t a = p->t0 > j->release ? p->t0 : j->release;
            int64_t b = p->t1 < j->finish ? p->t1 : j->finish;
            if (b <= a)
                continue;
            busy += b - a;
            if (p->job != i && perf_sched_before(&x->w, s->job, i, p->job))
                later += b - a;
        }
        ck_assert_int_eq(busy, j->response); /* work conserving */
        if (x->w.policy != NPU_SCHED_FIFO)
            ck_assert_int_eq(later, j->blocking);
    }
}

/* After a call with a waiting higher class, the core changes hands when that is allowed. */
static void check_switches(const random_set *x, const npu_schedule *s)
{
    if (x->w.policy != NPU_SCHED_BPU || x->w.cores != 1)
        return;
    for (size_t k = 0; k + 1 < s->nspan; k++) {
        const npu_sched_span *p = &s->span[k], *q = &s->span[k + 1];
        const npu_sched_model *m = &x->model[s->job[p->job].model];
        if (p->job != q->job || q->stage != p->stage + 1 ||
            (!m->preemptible && x->w.require_limit))
            continue;
        for (uint32_t i = 0; i < s->njob; i++)
            ck_assert(x->model[s->job[i].model].class_ <= m->class_ ||
                      x->model[s->job[i].model].nstage == 0 ||
                      s->job[i].release + x->w.over.submit_ns > p->t1 || s->job[i].start < p->t1 ||
                      s->job[i].start < q->t0);
    }
}

START_TEST(random_workloads_keep_every_invariant)
{
    static random_set x;
    npu_err err = {0};
    for (uint64_t n = 0; n < RANDOM_SETS; n++) {
        random_workload(&x, n, false);
        for (int p = 0; p < NPU_SCHED_POLICIES; p++) {
            npu_schedule *s;
            x.w.policy = (npu_sched_policy)p;
            ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
            check_calls(&x, s);
            check_jobs(&x, s);
            if (n % 4 == 0) {
                check_waiting(&x, s);
                check_switches(&x, s);
            }
            npu_schedule_free(s);
        }
    }
}
END_TEST

START_TEST(simulated_response_stays_below_the_bound)
{
    static random_set x;
    npu_err err = {0};
    int bounds = 0;
    for (uint64_t n = 0; n < RANDOM_SETS; n++) {
        npu_schedule *s;
        random_workload(&x, n, true);
        x.w.policy = n % 4 ? NPU_SCHED_BPU : NPU_SCHED_NP_HPF;
        ck_assert_int_eq(perf_sched_run(&x.w, &s, &err), NPU_OK);
        ck_assert_int_eq(perf_sched_stats(s, &err), NPU_OK);
        for (size_t m = 0; m < x.w.nmodel; m++) {
            if (s->stat[m].response_bound < 0)
                continue;
            bounds++;
            ck_assert_msg(s->stat[m].max <= s->stat[m].response_bound,
                          "set %d model %zu: %lld above %lld", (int)n, m,
                          (long long)s->stat[m].max, (long long)s->stat[m].response_bound);
        }
        npu_schedule_free(s);
    }
    ck_assert_int_gt(bounds, RANDOM_SETS);
}
END_TEST

START_TEST(bounds_follow_the_policies)
{
    static random_set x;
    for (uint64_t n = 0; n < RANDOM_SETS; n++) {
        random_workload(&x, n, true);
        x.w.over = (npu_sched_overheads){0};
        for (uint32_t m = 0; m < x.w.nmodel; m++) {
            x.w.policy = NPU_SCHED_IDEAL;
            ck_assert_int_eq(perf_sched_blocking_bound(&x.w, m), 0);
            x.w.policy = NPU_SCHED_BPU;
            int64_t bpu = perf_sched_blocking_bound(&x.w, m);
            x.w.policy = NPU_SCHED_NP_HPF;
            ck_assert_int_le(bpu, perf_sched_blocking_bound(&x.w, m));
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sched_random");
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, random_workloads_keep_every_invariant);
    tcase_add_test(limits, simulated_response_stays_below_the_bound);
    tcase_add_test(limits, bounds_follow_the_policies);
    tcase_set_timeout(limits, 120);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
