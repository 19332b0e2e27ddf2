/* When jobs are released, and who goes first.
 *
 * Generator: SplitMix64 (Steele, Lea, Flood 2014); a stream starts from seed + 0x9e3779b97f4a7c15 x
 * (stream number + 1), so streams with equal seeds differ.  Jitter is uniform over whole
 * nanoseconds of [0, jitter]; a Poisson gap is -mean x ln(1 - u), u of 53 bits, rounded to the
 * nearest nanosecond. */
#include "perf/sched.h"

#include <math.h>
#include <stdlib.h>

unsigned perf_sched_class(unsigned priority)
{
    return priority == 255 ? 2 : priority == 254 ? 1 : 0;
}

bool perf_sched_before(const npu_workload *w, const npu_sched_job *job, uint32_t a, uint32_t b)
{
    const npu_sched_model *x = &w->model[job[a].model], *y = &w->model[job[b].model];
    if (x->priority != y->priority)
        return x->priority > y->priority;
    if (x->custom_id != y->custom_id)
        return x->custom_id < y->custom_id;
    if (job[a].release != job[b].release)
        return job[a].release < job[b].release;
    return a < b;
}

uint64_t perf_sched_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

typedef struct {
    npu_sched_job *job;
    size_t n, cap;
    const npu_workload *w;
    uint32_t stream;
    npu_err *err;
} maker;

static npu_status add(maker *m, int64_t release)
{
    const npu_sched_stream *s = &m->w->stream[m->stream];
    if (m->n == PERF_SCHED_JOBS_MAX)
        return npu_fail(m->err, NPU_USAGE,
                        "the workload has more than %d jobs; give a shorter horizon_us or smaller "
                        "count", PERF_SCHED_JOBS_MAX);
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        npu_sched_job *j = realloc(m->job, cap * sizeof *j);
        if (!j)
            return npu_fail(m->err, NPU_LIMIT, "out of memory");
        m->job = j;
        m->cap = cap;
    }
    m->job[m->n++] = (npu_sched_job){
        .model = s->model, .stream = m->stream, .release = release, .start = -1, .finish = -1,
        .deadline = s->deadline_ns ? release + s->deadline_ns : 0, .blocker = UINT32_MAX};
    return NPU_OK;
}

static npu_status stream(maker *m)
{
    const npu_sched_stream *s = &m->w->stream[m->stream];
    int64_t horizon = m->w->horizon_ns ? m->w->horizon_ns : INT64_MAX, at = s->offset_ns;
    uint64_t state = s->seed + UINT64_C(0x9e3779b97f4a7c15) * (m->stream + 1);
    size_t most = s->kind == NPU_ARRIVE_TRACE ? s->nat : s->count ? s->count : SIZE_MAX;
    if (s->kind == NPU_ARRIVE_TRACE && s->count && s->count < most)
        most = s->count;
    for (size_t i = 0; i < most; i++) {
        int64_t release = at;
        if (s->kind == NPU_ARRIVE_TRACE) {
            release = s->at[i];
        } else if (s->kind == NPU_ARRIVE_POISSON) {
            double u = (double)(perf_sched_random(&state) >> 11) / 9007199254740992.0;
            at += (int64_t)llround(-s->mean_ns * log1p(-u));
            release = at;
        } else if (s->jitter_ns) {
            release += (int64_t)(perf_sched_random(&state) % (uint64_t)(s->jitter_ns + 1));
        }
        if (at >= horizon)
            break;
        if (release < horizon)
            NPU_TRY(add(m, release));
        if (s->kind == NPU_ARRIVE_PERIODIC)
            at += s->period_ns;
    }
    return NPU_OK;
}

static int by_release(const void *a, const void *b)
{
    const npu_sched_job *x = a, *y = b;
    if (x->release != y->release)
        return x->release < y->release ? -1 : 1;
    if (x->stream != y->stream)
        return x->stream < y->stream ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

npu_status perf_sched_jobs(const npu_workload *w, npu_sched_job **job, size_t *n, npu_err *err)
{
    maker m = {.w = w, .err = err};
    npu_status s = NPU_OK;
    for (size_t i = 0; i < w->nstream && s == NPU_OK; i++) {
        m.stream = (uint32_t)i;
        s = stream(&m);
    }
    uint32_t *count = calloc(w->nmodel + 1, sizeof *count);
    if (s == NPU_OK && !count)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK) {
        for (size_t i = 0; i < m.n; i++)
            m.job[i].index = (uint32_t)i; /* keeps equal releases in order of submission */
        if (m.n)
            qsort(m.job, m.n, sizeof *m.job, by_release);
        for (size_t i = 0; i < m.n; i++)
            m.job[i].index = count[m.job[i].model]++;
    } else {
        free(m.job);
        m.job = NULL;
        m.n = 0;
    }
    free(count);
    *job = m.job;
    *n = m.n;
    return s;
}
