/* Bounds that hold for every release pattern, beside what one simulation saw.
 *
 * Blocking: the longest stretch a job of lower order keeps a core once it has it.  Response: the
 * busy-period iteration for fixed pre-emption points (Bril; Yao, Buttazzo, Bertogna), with jobs of
 * the same class, which never pre-empt each other, taken as interference. */
#include "perf/sched.h"

static bool preempts(const npu_workload *w, const npu_sched_model *running, unsigned class_)
{
    return w->policy == NPU_SCHED_BPU && class_ > running->class_ &&
           (running->preemptible || !w->require_limit);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Longest time M keeps a core against a job of CLASS: one call, or all calls in a row. */
static int64_t holds(const npu_workload *w, const npu_sched_model *m, unsigned class_)
{
    bool cut = preempts(w, m, class_), share = w->contention && w->cores > 1;
    int64_t run = 0, most = 0;
    for (size_t i = 0; i < m->nstage; i++) {
        if (m->stage[i].cpu) {
            run = 0;
            continue;
        }
        int64_t d = (share ? larger(m->stage[i].half_ns, m->stage[i].ns) : m->stage[i].ns) +
                    w->over.launch_ns;
        run = cut ? d : run + d;
        most = larger(most, run);
    }
    return most + (w->policy == NPU_SCHED_BPU ? larger(w->over.switch_ns, w->over.resume_ns) : 0);
}

/* Times a job of M becomes ready: once, and again after every CPU stage between calls. */
static size_t waits(const npu_sched_model *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->nstage; i++)
        n += !m->stage[i].cpu && (i == 0 || m->stage[i - 1].cpu);
    return n;
}

/* Whether a job of model B may run although a job of model A, which goes before it, comes. */
static bool may_block(const npu_workload *w, uint32_t a, uint32_t b)
{
    const npu_sched_model *x = &w->model[a], *y = &w->model[b];
    if (y->priority != x->priority)
        return y->priority < x->priority;
    if (y->custom_id != x->custom_id)
        return y->custom_id > x->custom_id;
    return true; /* in order of release; CPU stages can turn that round */
}

int64_t perf_sched_blocking_bound(const npu_workload *w, uint32_t model)
{
    const npu_sched_model *m = &w->model[model];
    int64_t most = 0;
    if (w->policy == NPU_SCHED_IDEAL)
        return 0;
    if (w->policy == NPU_SCHED_FIFO)
        return NPU_SCHED_NONE;
    for (uint32_t k = 0; k < w->nmodel; k++) {
        const npu_sched_model *o = &w->model[k];
        bool meet = m->core == NPU_SCHED_NONE || o->core == NPU_SCHED_NONE || m->core == o->core;
        bool cpu = waits(m) > 1 || waits(o) > 1 || (m->nstage && m->stage[0].cpu) ||
                   (o->nstage && o->stage[0].cpu);
        bool equal = o->priority == m->priority && o->custom_id == m->custom_id;
        if (meet && may_block(w, model, k) && (!equal || cpu))
            most = larger(most, holds(w, o, m->class_));
    }
    return most * (int64_t)waits(m);
}

typedef struct {
    int64_t period, jitter, cost; /* COST with switch and resume */
} source;

enum { SOURCES_MAX = 256, ROUNDS_MAX = 100000 };

/* CPU stages may only come before the first or after the last call; returns their sum, -1: no. */
static int64_t outer_cpu(const npu_sched_model *m)
{
    int64_t sum = 0;
    if (waits(m) != 1)
        return -1;
    for (size_t i = 0; i < m->nstage; i++)
        sum += m->stage[i].cpu ? m->stage[i].ns : 0;
    return sum;
}

static int64_t core_time(const npu_workload *w, const npu_sched_model *m)
{
    int64_t sum = 0;
    for (size_t i = 0; i < m->nstage; i++)
        sum += m->stage[i].cpu ? 0 : m->stage[i].ns + w->over.launch_ns;
    return sum;
}

static int64_t last_call(const npu_workload *w, const npu_sched_model *m)
{
    for (size_t i = m->nstage; i-- > 0;)
        if (!m->stage[i].cpu)
            return m->stage[i].ns + w->over.launch_ns;
    return 0;
}

/* Streams that can delay a job of MODEL, its own among them; returns their number, -1: no bound. */
static int sources(const npu_workload *w, uint32_t model, source *s, uint32_t *own,
                   const char **why)
{
    int n = 0;
    *own = UINT32_MAX;
    for (size_t i = 0; i < w->nstream; i++) {
        const npu_sched_stream *t = &w->stream[i];
        const npu_sched_model *o = &w->model[t->model], *m = &w->model[model];
        if (o->priority < m->priority ||
            (o->priority == m->priority && o->custom_id > m->custom_id))
            continue;
        if (t->kind != NPU_ARRIVE_PERIODIC || outer_cpu(o) < 0 || n == SOURCES_MAX) {
            *why = t->kind != NPU_ARRIVE_PERIODIC ? "an arrival is not periodic"
                                                  : "a job leaves the core for CPU work";
            return -1;
        }
        int64_t gamma = w->policy == NPU_SCHED_BPU ? w->over.switch_ns + w->over.resume_ns : 0;
        s[n] = (source){t->period_ns, t->jitter_ns, core_time(w, o) + gamma};
        if (t->model == model && *own == UINT32_MAX)
            *own = (uint32_t)n;
        n++;
    }
    if (*own == UINT32_MAX)
        *why = "no job of it";
    return *own == UINT32_MAX ? -1 : n;
}

static double load(const source *s, int n)
{
    double u = 0;
    for (int i = 0; i < n; i++)
        u += (double)s[i].cost / (double)s[i].period;
    return u;
}

/* Start of the last call of the job numbered Q in the busy period, by iteration; -1: none. */
static int64_t last_start(const source *s, int n, uint32_t own, int64_t base)
{
    int64_t start = base, next;
    for (int round = 0; round < ROUNDS_MAX; round++, start = next) {
        next = base;
        for (int i = 0; i < n; i++)
            if (i != (int)own)
                next += ((start + s[i].jitter) / s[i].period + 1) * s[i].cost;
        if (next == start)
            return start;
    }
    return -1;
}

static int64_t busy_period(const source *s, int n, int64_t blocking)
{
    int64_t length = blocking + 1, next;
    for (int round = 0; round < ROUNDS_MAX; round++, length = next) {
        next = blocking;
        for (int i = 0; i < n; i++)
            next += ((length + s[i].jitter + s[i].period - 1) / s[i].period) * s[i].cost;
        if (next == length)
            return length;
    }
    return -1;
}

int64_t perf_sched_response_bound(const npu_workload *w, uint32_t model, const char **why)
{
    const npu_sched_model *m = &w->model[model];
    source s[SOURCES_MAX];
    uint32_t own;
    *why = NULL;
    if (w->cores != 1)
        *why = "more than one core";
    else if (w->policy != NPU_SCHED_BPU && w->policy != NPU_SCHED_NP_HPF)
        *why = "only for the policies bpu and np-hpf";
    else if (w->cpus)
        *why = "the number of CPUs is limited";
    if (*why)
        return -1;
    int n = sources(w, model, s, &own, why);
    if (n < 0)
        return -1;
    if (load(s, n) >= 1) {
        *why = "the core is overloaded";
        return -1;
    }
    int64_t blocking = perf_sched_blocking_bound(w, model), c = core_time(w, m), worst = 0;
    bool cut = m->preemptible || !w->require_limit;
    int64_t tail = cut && m->class_ < 2 && w->policy == NPU_SCHED_BPU ? last_call(w, m) : c;
    int64_t period = busy_period(s, n, blocking);
    for (int64_t q = 0; period > 0 && q * s[own].period < period + s[own].jitter; q++) {
        int64_t start = last_start(s, n, own, blocking + (q + 1) * c - tail);
        if (start < 0 || q > ROUNDS_MAX)
            return *why = "the iteration does not end", -1;
        worst = larger(worst, start + tail - q * s[own].period);
    }
    if (period < 0)
        return *why = "the iteration does not end", -1;
    return worst + s[own].jitter + w->over.submit_ns + outer_cpu(m);
}
