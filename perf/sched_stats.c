/* Statistics of a simulated workload. */
#include <math.h>
#include <stdlib.h>

#include "perf/sched.h"

const char *npu_sched_policy_name(npu_sched_policy p)
{
    static const char *const name[] = {"bpu", "fifo", "np-hpf", "ideal"};
    return p < NPU_SCHED_POLICIES ? name[p] : "?";
}

void npu_workload_free(npu_workload *w)
{
    for (size_t i = 0; i < w->nmodel; i++) {
        free(w->model[i].name);
        free(w->model[i].file);
        free(w->model[i].chip);
        free(w->model[i].stage);
        free(w->model[i].atom);
    }
    for (size_t i = 0; i < w->nstream; i++)
        free(w->stream[i].at);
    free(w->model);
    free(w->stream);
    *w = (npu_workload){0};
}

void npu_schedule_free(npu_schedule *s)
{
    if (!s)
        return;
    free(s->job);
    free(s->span);
    free(s->stat);
    free(s->point);
    for (int i = 0; i < NPU_SCHED_POLICIES; i++)
        free(s->policy_max[i]);
    free(s);
}

int64_t perf_nearest_rank(const int64_t *v, size_t n, double share)
{
    /* shares are given to a tenth of a percent; integers keep 0.9 x 10 from becoming 9.0000001 */
    size_t thousandth = (size_t)llround(share * 1000), rank = (thousandth * n + 999) / 1000;
    return n == 0 ? 0 : v[rank ? rank - 1 : 0];
}

int64_t perf_sched_alone(const npu_workload *w, uint32_t model)
{
    const npu_sched_model *m = &w->model[model];
    bool free_of_cost = w->policy == NPU_SCHED_IDEAL;
    int64_t t = free_of_cost ? 0 : w->over.submit_ns;
    for (size_t i = 0; i < m->nstage; i++)
        t += m->stage[i].ns + (m->stage[i].cpu || free_of_cost ? 0 : w->over.launch_ns);
    return t;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void describe_model(npu_schedule *s, uint32_t m)
{
    const npu_sched_model *x = &s->w->model[m];
    npu_sched_stat *t = &s->stat[m];
    for (size_t i = 0; i < x->nstage; i++) {
        if (x->stage[i].cpu)
            continue;
        t->calls++;
        t->own += x->stage[i].ns;
        t->calls_over += x->stage[i].over;
        t->call_max = x->stage[i].ns > t->call_max ? x->stage[i].ns : t->call_max;
    }
    t->alone = perf_sched_alone(s->w, m);
    t->blocking_bound = perf_sched_blocking_bound(s->w, m);
    t->response_bound = perf_sched_response_bound(s->w, m, &t->why);
}

/* Responses of model M into R; sums and maxima into its statistics. */
static void gather(npu_schedule *s, uint32_t m, int64_t *r)
{
    npu_sched_stat *t = &s->stat[m];
    int64_t first_start = INT64_MAX, last_start = 0;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < s->njob; i++) {
        const npu_sched_job *j = &s->job[i];
        if (j->model != m)
            continue;
        int64_t start = j->start - j->release, late = j->finish - j->deadline;
        double ntt = (double)j->response / (double)t->alone;
        r[t->n++] = j->response;
        sum += (double)j->response;
        t->antt += ntt;
        t->stp += 1 / ntt;
        t->sla2 += ntt <= 2;
        t->preempted += j->preempted;
        t->deadlines += j->deadline != 0;
        t->misses += j->missed;
        t->tardiness = j->missed && late > t->tardiness ? late : t->tardiness;
        t->blocking_max = j->blocking > t->blocking_max ? j->blocking : t->blocking_max;
        t->overhead_max = j->overhead > t->overhead_max ? j->overhead : t->overhead_max;
        if (j->interference > t->interference_max)
            t->interference_max = j->interference;
        first_start = start < first_start ? start : first_start;
        last_start = start > last_start ? start : last_start;
    }
    if (t->n == 0)
        return;
    t->mean = sum / (double)t->n;
    for (size_t i = 0; i < t->n; i++)
        squares += ((double)r[i] - t->mean) * ((double)r[i] - t->mean);
    t->deviation = sqrt(squares / (double)t->n);
    t->start_jitter = last_start - first_start;
    t->antt /= (double)t->n;
    t->stp /= (double)t->n;
    t->sla2 /= (double)t->n;
}

static void rank(npu_sched_stat *t, int64_t *r)
{
    qsort(r, t->n, sizeof *r, by_value);
    t->min = r[0];
    t->p50 = perf_nearest_rank(r, t->n, 0.5);
    t->p90 = perf_nearest_rank(r, t->n, 0.9);
    t->p95 = perf_nearest_rank(r, t->n, 0.95);
    t->p99 = perf_nearest_rank(r, t->n, 0.99);
    t->p999 = perf_nearest_rank(r, t->n, 0.999);
    t->max = r[t->n - 1];
    t->jitter = t->max - t->min;
    t->p99_weak = t->n < 100;
    t->slowdown = (double)t->max / (double)t->alone;
}

static void longest_calls(npu_schedule *s)
{
    for (size_t i = 0; i < s->nspan; i++) {
        npu_sched_stat *t = &s->stat[s->job[s->span[i].job].model];
        int64_t d = s->span[i].t1 - s->span[i].t0;
        t->call_max_seen = d > t->call_max_seen ? d : t->call_max_seen;
    }
}

static void totals(npu_schedule *s)
{
    size_t models = 0;
    double least = INFINITY, most = 0;
    for (size_t m = 0; m < s->w->nmodel; m++) {
        npu_sched_stat *t = &s->stat[m];
        if (t->n == 0)
            continue;
        models++;
        s->antt += t->antt;
        s->stp += t->stp;
        least = 1 / t->antt < least ? 1 / t->antt : least;
        most = 1 / t->antt > most ? 1 / t->antt : most;
        t->throughput = s->makespan ? (double)t->n * 1e9 / (double)s->makespan : 0;
    }
    s->antt = models ? s->antt / (double)models : 0;
    s->fairness = most > 0 ? least / most : 0;
}

npu_status perf_sched_stats(npu_schedule *s, npu_err *err)
{
    int64_t *r = malloc((s->njob + 1) * sizeof *r);
    s->stat = calloc(s->w->nmodel + 1, sizeof *s->stat);
    if (!r || !s->stat) {
        free(r);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        describe_model(s, m);
        gather(s, m, r);
        if (s->stat[m].n)
            rank(&s->stat[m], r);
    }
    free(r);
    longest_calls(s);
    totals(s);
    for (uint32_t i = 0; i < s->njob; i++)
        if (s->job[i].blocking > 0 &&
            (s->worst == UINT32_MAX || s->job[i].blocking > s->job[s->worst].blocking))
            s->worst = i;
    return NPU_OK;
}
