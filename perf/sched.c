/* The event loop over function calls; see sched.h.
 *
 * At every instant calls end first, then jobs arrive, then idle cores choose, then cores between
 * two calls of a job: so a job that arrives exactly at a boundary takes part in the choice. */
#include "perf/sched.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "perf/sched_heap.h"

#define NOBODY UINT32_MAX

typedef enum { IDLE, OVERHEAD, CALL, BOUNDARY } phase;

typedef struct {             /* what the loop knows of a job */
    uint32_t stage;
    double left;             /* nanoseconds of the current call, alone; 0: not begun */
    int64_t queued;          /* when it last became ready */
    int64_t block_end;       /* end of the blocked part of this wait */
    uint32_t blocker, blocker_stage;
    uint32_t lists, wait;    /* lists of blocked jobs it is in; number of this wait */
    bool ready;
    int64_t lower[NPU_SCHED_CORES]; /* fifo: time lower classes had used when it became ready */
    int64_t cpu_since;
} job_state;

typedef struct {
    uint32_t job, wait;
} blocked_entry;

typedef struct {
    phase phase;
    uint32_t job;
    int64_t since;           /* the job has the core */
    int64_t updated;         /* LEFT of the job is true at this time */
    int64_t end;             /* of the phase */
    size_t span;             /* open span */
    perf_heap suspended;
    blocked_entry *blocked;  /* wait for the running job although they go before it */
    size_t nblocked;
    int64_t lower[3];        /* [k]: time used by jobs of classes below k */
} core_state;

typedef struct {
    npu_workload *w;
    npu_schedule *s;
    job_state *j;
    core_state core[NPU_SCHED_CORES];
    perf_heap ready[NPU_SCHED_CORES + 1]; /* any core, core 0, core 1 */
    perf_heap cpu;           /* running CPU stages by end */
    uint32_t *cpu_wait;      /* queue of CPU stages; a ring */
    size_t cpu_head, cpu_n;
    int64_t *cpu_end;
    size_t next;             /* next job to arrive */
    size_t span_cap;
    int64_t now;
    npu_err *err;
} loop;

static bool goes_before(const void *context, uint32_t a, uint32_t b)
{
    const loop *l = context;
    if (l->w->policy != NPU_SCHED_FIFO)
        return perf_sched_before(l->w, l->s->job, a, b);
    if (l->j[a].queued != l->j[b].queued)
        return l->j[a].queued < l->j[b].queued;
    return a < b;
}

static bool ends_before(const void *context, uint32_t a, uint32_t b)
{
    const loop *l = context;
    return l->cpu_end[a] != l->cpu_end[b] ? l->cpu_end[a] < l->cpu_end[b] : a < b;
}

static const npu_sched_model *model_of(const loop *l, uint32_t job)
{
    return &l->w->model[l->s->job[job].model];
}

static const npu_sched_stage *stage_of(const loop *l, uint32_t job)
{
    return &model_of(l, job)->stage[l->j[job].stage];
}

static bool ideal(const loop *l)
{
    return l->w->policy == NPU_SCHED_IDEAL;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Time lower classes than that of JOB have used core X so far. */
static int64_t lower_time(const loop *l, unsigned x, uint32_t job)
{
    const core_state *c = &l->core[x];
    unsigned k = model_of(l, job)->class_;
    if (k == 0)
        return 0;
    bool running = c->phase != IDLE && model_of(l, c->job)->class_ < k;
    return c->lower[k] + (running ? l->now - c->since : 0);
}

/* Notes that JOB goes before what runs on X, which makes it wait. */
static void note_blocked(loop *l, unsigned x, uint32_t job)
{
    core_state *c = &l->core[x];
    job_state *j = &l->j[job];
    if (c->phase == IDLE || !perf_sched_before(l->w, l->s->job, job, c->job))
        return;
    j->blocker = c->job;
    j->blocker_stage = l->j[c->job].stage;
    if (c->phase == BOUNDARY && j->blocker_stage > 0)
        j->blocker_stage--;
    if (c->nblocked < l->s->njob) {
        c->blocked[c->nblocked++] = (blocked_entry){job, j->wait};
        j->lists++;
    }
}

static void become_ready(loop *l, uint32_t job)
{
    job_state *j = &l->j[job];
    int core = model_of(l, job)->core;
    j->queued = j->block_end = l->now;
    j->lists = 0;
    j->ready = true;
    j->blocker = NOBODY;
    for (unsigned x = 0; x < l->w->cores; x++) {
        j->lower[x] = lower_time(l, x, job);
        if (core == NPU_SCHED_NONE || core == (int)x)
            note_blocked(l, x, job);
    }
    perf_heap_push(&l->ready[core + 1], job, goes_before, l);
}

/* JOB leaves core X: those it blocked are free of it. */
static void leave(loop *l, unsigned x)
{
    core_state *c = &l->core[x];
    for (unsigned k = model_of(l, c->job)->class_ + 1; k < 3; k++)
        c->lower[k] += l->now - c->since;
    for (size_t i = 0; i < c->nblocked; i++) {
        job_state *j = &l->j[c->blocked[i].job];
        if (j->wait != c->blocked[i].wait || !j->ready)
            continue;
        j->lists--;
        j->block_end = l->now;
    }
    c->nblocked = 0;
    c->phase = IDLE;
    c->job = NOBODY;
}

/* The wait of JOB is over: its blocked part is known. */
static void end_wait(loop *l, unsigned x, uint32_t job)
{
    job_state *j = &l->j[job];
    npu_sched_job *r = &l->s->job[job];
    int64_t blocked = (j->lists ? l->now : j->block_end) - j->queued;
    if (l->w->policy == NPU_SCHED_FIFO) {
        blocked = lower_time(l, x, job) - j->lower[x];
    }
    r->blocking += blocked;
    if (blocked > r->blocker_ns && j->blocker != NOBODY) {
        r->blocker = j->blocker;
        r->blocker_stage = j->blocker_stage;
        r->blocker_ns = blocked;
    }
    j->ready = false;
    j->wait++;
    j->lists = 0;
}

/* --- CPU stages and the end of a job ---------------------------------------------------------- */

static void enter_stage(loop *l, uint32_t job);

static void cpu_start(loop *l, uint32_t job)
{
    l->cpu_end[job] = l->now + stage_of(l, job)->ns;
    perf_heap_push(&l->cpu, job, ends_before, l);
}

static void cpu_finish(loop *l)
{
    uint32_t job = perf_heap_pop(&l->cpu, ends_before, l);
    l->s->job[job].cpu += l->now - l->j[job].cpu_since;
    l->j[job].stage++;
    if (l->cpu_n > 0) {
        uint32_t next = l->cpu_wait[l->cpu_head];
        l->cpu_head = (l->cpu_head + 1) % l->s->njob;
        l->cpu_n--;
        cpu_start(l, next);
    }
    enter_stage(l, job);
}

static void finish(loop *l, uint32_t job)
{
    npu_sched_job *r = &l->s->job[job];
    r->finish = l->now;
    r->response = r->finish - r->release;
    r->interference = r->response - r->own - r->cpu - r->blocking - r->overhead;
    r->missed = r->deadline && r->finish > r->deadline;
    if (r->start < 0)
        r->start = r->release;
    if (l->now > l->s->makespan)
        l->s->makespan = l->now;
}

static void enter_stage(loop *l, uint32_t job)
{
    job_state *j = &l->j[job];
    if (j->stage == model_of(l, job)->nstage) {
        finish(l, job);
    } else if (!stage_of(l, job)->cpu) {
        become_ready(l, job);
    } else {
        j->cpu_since = l->now;
        if (l->w->cpus == 0 || l->cpu.n < l->w->cpus) {
            cpu_start(l, job);
        } else {
            l->cpu_wait[(l->cpu_head + l->cpu_n) % l->s->njob] = job;
            l->cpu_n++;
        }
    }
}

/* --- cores ------------------------------------------------------------------------------------ */

static npu_status open_span(loop *l, unsigned x)
{
    npu_schedule *s = l->s;
    core_state *c = &l->core[x];
    if (s->nspan == l->span_cap) {
        size_t cap = l->span_cap ? 2 * l->span_cap : 256;
        if (s->nspan >= PERF_SCHED_SPANS_MAX)
            return npu_fail(l->err, NPU_USAGE, "the workload runs more than %d function calls; "
                            "give a shorter horizon_us or smaller count", PERF_SCHED_SPANS_MAX);
        npu_sched_span *grown = realloc(s->span, cap * sizeof *grown);
        if (!grown)
            return npu_fail(l->err, NPU_LIMIT, "out of memory");
        s->span = grown;
        l->span_cap = cap;
    }
    c->span = s->nspan++;
    s->span[c->span] = (npu_sched_span){l->now, l->now, c->job, l->j[c->job].stage, (uint8_t)x,
                                        false};
    c->phase = CALL;
    c->updated = l->now;
    if (l->j[c->job].left <= 0)
        l->j[c->job].left = (double)stage_of(l, c->job)->ns;
    if (s->job[c->job].start < 0)
        s->job[c->job].start = l->now;
    return NPU_OK;
}

static void close_span(loop *l, unsigned x, bool last)
{
    npu_sched_span *p = &l->s->span[l->core[x].span];
    p->t1 = l->now;
    p->last = last;
    l->s->job[p->job].own += p->t1 - p->t0;
    l->s->core[x].busy += p->t1 - p->t0;
}

/* Gives core X to JOB, or lets its job go on, after COST nanoseconds beside the launch. */
static npu_status run_on(loop *l, unsigned x, uint32_t job, int64_t cost)
{
    core_state *c = &l->core[x];
    if (c->job != job) {
        c->job = job;
        c->since = l->now;
    }
    cost = ideal(l) ? 0 : cost + l->w->over.launch_ns;
    l->s->job[job].overhead += cost;
    l->s->core[x].overhead += cost;
    if (cost == 0)
        return open_span(l, x);
    c->phase = OVERHEAD;
    c->end = l->now + cost;
    return NPU_OK;
}

/* First of the ready jobs core X may run; *heap says where it is. */
static uint32_t first_ready(loop *l, unsigned x, perf_heap **heap)
{
    uint32_t any = perf_heap_first(&l->ready[0]), own = perf_heap_first(&l->ready[x + 1]);
    bool take_own = any == NOBODY || (own != NOBODY && goes_before(l, own, any));
    *heap = &l->ready[take_own ? x + 1 : 0];
    return take_own ? own : any;
}

static npu_status take(loop *l, unsigned x, perf_heap *heap, int64_t cost)
{
    uint32_t job = perf_heap_pop(heap, goes_before, l);
    end_wait(l, x, job);
    return run_on(l, x, job, cost);
}

static void suspend(loop *l, unsigned x)
{
    core_state *c = &l->core[x];
    uint32_t job = c->job;
    l->s->job[job].preempted++;
    leave(l, x);
    perf_heap_push(&c->suspended, job, goes_before, l);
}

static bool may_take_over(const loop *l, uint32_t running, uint32_t other)
{
    const npu_sched_model *m = model_of(l, running);
    if (ideal(l))
        return goes_before(l, other, running);
    return l->w->policy == NPU_SCHED_BPU && model_of(l, other)->class_ > m->class_ &&
           (m->preemptible || !l->w->require_limit);
}

static npu_status choose(loop *l, unsigned x)
{
    core_state *c = &l->core[x];
    perf_heap *heap;
    uint32_t other = first_ready(l, x, &heap), held = perf_heap_first(&c->suspended);
    if (c->phase != IDLE) {
        if (other != NOBODY && may_take_over(l, c->job, other)) {
            if (c->phase == CALL)
                close_span(l, x, false);
            suspend(l, x);
            return take(l, x, heap, l->w->over.switch_ns);
        }
        return c->phase == BOUNDARY ? run_on(l, x, c->job, 0) : NPU_OK;
    }
    if (held != NOBODY && (other == NOBODY || goes_before(l, held, other)))
        return run_on(l, x, perf_heap_pop(&c->suspended, goes_before, l), l->w->over.resume_ns);
    return other != NOBODY ? take(l, x, heap, 0) : NPU_OK;
}

/* The core with the job that goes last gives way first, where a running call can be cut. */
static npu_status choose_all(loop *l)
{
    for (unsigned x = 0; x < l->w->cores; x++)
        if (l->core[x].phase == IDLE)
            NPU_TRY(choose(l, x));
    unsigned first = 0;
    if (ideal(l) && l->w->cores == 2 && l->core[0].phase != IDLE && l->core[1].phase != IDLE &&
        goes_before(l, l->core[0].job, l->core[1].job))
        first = 1;
    for (unsigned i = 0; i < l->w->cores; i++) {
        unsigned x = i ^ first;
        if (l->core[x].phase == BOUNDARY || (ideal(l) && l->core[x].phase == CALL))
            NPU_TRY(choose(l, x));
    }
    return NPU_OK;
}

/* Share of its own speed a call on core X has: with contention, both cores get half the DDR. */
static double rate(const loop *l, unsigned x)
{
    const npu_sched_stage *s = stage_of(l, l->core[x].job);
    if (!l->w->contention || l->w->cores < 2 || l->core[1 - x].phase != CALL ||
        s->half_ns <= s->ns)
        return 1;
    return (double)s->ns / (double)s->half_ns;
}

static void progress(loop *l, int64_t now)
{
    for (unsigned x = 0; x < l->w->cores; x++) {
        core_state *c = &l->core[x];
        if (c->phase != CALL)
            continue;
        l->j[c->job].left -= (double)(now - c->updated) * rate(l, x);
        c->updated = now;
    }
    l->now = now;
}

static npu_status end_phase(loop *l, unsigned x)
{
    core_state *c = &l->core[x];
    uint32_t job = c->job;
    if (c->phase == OVERHEAD)
        return open_span(l, x);
    close_span(l, x, true);
    l->j[job].left = 0;
    l->j[job].stage++;
    if (l->j[job].stage < model_of(l, job)->nstage && !stage_of(l, job)->cpu) {
        c->phase = BOUNDARY;
        return NPU_OK;
    }
    leave(l, x);
    enter_stage(l, job);
    return NPU_OK;
}

static int64_t arrival(const loop *l)
{
    if (l->next == l->s->njob)
        return INT64_MAX;
    return l->s->job[l->next].release + (ideal(l) ? 0 : l->w->over.submit_ns);
}

static int64_t next_event(loop *l)
{
    int64_t t = arrival(l);
    uint32_t cpu = perf_heap_first(&l->cpu);
    if (cpu != NOBODY && l->cpu_end[cpu] < t)
        t = l->cpu_end[cpu];
    for (unsigned x = 0; x < l->w->cores; x++) {
        core_state *c = &l->core[x];
        if (c->phase == CALL) {
            double left = l->j[c->job].left;
            c->end = l->now + (int64_t)ceil((left > 0 ? left : 0) / rate(l, x) - 1e-6);
        }
        if (c->phase != IDLE && c->end < t)
            t = c->end;
    }
    return t;
}

static npu_status step(loop *l, int64_t t)
{
    bool ends[NPU_SCHED_CORES] = {false};
    for (unsigned x = 0; x < l->w->cores; x++)
        ends[x] = l->core[x].phase != IDLE && l->core[x].end <= t;
    progress(l, t);
    for (unsigned x = 0; x < l->w->cores; x++)
        if (ends[x])
            NPU_TRY(end_phase(l, x));
    while (l->cpu.n && l->cpu_end[l->cpu.item[0]] <= t)
        cpu_finish(l);
    for (; arrival(l) <= t; l->next++) {
        if (!ideal(l))
            l->s->job[l->next].overhead += l->w->over.submit_ns;
        enter_stage(l, (uint32_t)l->next);
    }
    return choose_all(l);
}

static npu_status prepare(loop *l, void **block)
{
    size_t n = l->s->njob + 1, lists = 3 + 2 * NPU_SCHED_CORES;
    uint32_t *p = calloc(n, lists * sizeof *p);
    blocked_entry *b = calloc(n, NPU_SCHED_CORES * sizeof *b);
    block[0] = l->j = calloc(n, sizeof *l->j);
    block[1] = p;
    block[2] = b;
    block[3] = l->cpu_end = calloc(n, sizeof *l->cpu_end);
    if (!l->j || !p || !b || !l->cpu_end)
        return npu_fail(l->err, NPU_LIMIT, "out of memory for %zu jobs", l->s->njob);
    for (unsigned x = 0; x <= NPU_SCHED_CORES; x++)
        l->ready[x].item = p + x * n;
    for (unsigned x = 0; x < NPU_SCHED_CORES; x++) {
        l->core[x].suspended.item = p + (NPU_SCHED_CORES + 1 + x) * n;
        l->core[x].blocked = b + x * n;
        l->core[x].job = NOBODY;
    }
    l->cpu.item = p + (2 * NPU_SCHED_CORES + 1) * n;
    l->cpu_wait = p + (2 * NPU_SCHED_CORES + 2) * n;
    return NPU_OK;
}

npu_status perf_sched_run(npu_workload *w, npu_schedule **out, npu_err *err)
{
    loop l = {.w = w, .err = err};
    void *block[4] = {NULL};
    *out = NULL;
    l.s = calloc(1, sizeof *l.s);
    if (!l.s)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    l.s->w = w;
    l.s->worst = l.s->split_model = l.s->wait_model = UINT32_MAX;
    npu_status st = perf_sched_jobs(w, &l.s->job, &l.s->njob, err);
    if (st == NPU_OK)
        st = prepare(&l, block);
    for (int64_t t; st == NPU_OK && (t = next_event(&l)) != INT64_MAX;)
        st = step(&l, t);
    for (unsigned x = 0; x < w->cores; x++)
        l.s->core[x].idle = l.s->makespan - l.s->core[x].busy - l.s->core[x].overhead;
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
        free(block[i]);
    if (st != NPU_OK)
        npu_schedule_free(l.s);
    else
        *out = l.s;
    return st;
}
