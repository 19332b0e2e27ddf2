/* npusim schedule: several models on one NPU. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "models/timing.h"
#include "perf/sched.h"
#include "reports/schedule.h"
#include "tools/command.h"
#include "tools/workload.h"

typedef struct {
    const char *output;
    int policy;
} options;

enum { POLICY_OF_FILE = 4, POINTS = 12 };

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"output", 'o', OPT_STRING, AT(output), "DIR",
     "write DIR/schedule.html, schedule.json, trace.json and jobs.csv (default: the summary only)",
     0, 0},
    {"policy", 'p', OPT_CHOICE, AT(policy), "bpu|fifo|np-hpf|ideal",
     "simulate this policy instead of the workload's", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "WORKLOAD.json", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Simulates several models on one NPU: jobs with priorities, arrivals and deadlines, "
           "function calls as units nothing interrupts. Prints the response times per model, "
           "what blocked whom, and which max_time_per_fc would meet a target. The format of the "
           "workload is described in docs/SCHEDULE.md.",
    .example = "npusim schedule workload.json\n"
               "npusim schedule workload.json -o out --policy fifo"};

/* Simulates X as it is set now and takes the figures of a trade-off point. */
static npu_status measure(workload *x, uint32_t split, uint32_t wait, npu_sched_point *p,
                          npu_err *err)
{
    npu_schedule *s = NULL;
    NPU_TRY(perf_sched_run(&x->w, &s, err));
    npu_status st = perf_sched_stats(s, err);
    if (st == NPU_OK) {
        p->limit = x->w.model[split].limit_ns;
        p->call_max = s->stat[split].call_max;
        p->calls = s->stat[split].calls;
        p->own_max = s->stat[split].max;
        p->other_max = s->stat[wait].max;
        p->other_blocking = s->stat[wait].blocking_max;
        p->split_cost = s->stat[split].own - x->w.model[split].unsplit_ns;
    }
    npu_schedule_free(s);
    return st;
}

/* Longest piece that cannot be cut, and the whole. */
static void extent(const workload *x, uint32_t m, int64_t *least, int64_t *whole)
{
    const npu_sched_model *o = &x->w.model[m];
    *least = 0;
    *whole = o->unsplit_ns;
    if (x->source[m].run.prog) {
        *least = perf_ticks_ns(x->source[m].split.longest_atom,
                               hw_tick_hz(x->source[m].run.chip));
        return;
    }
    for (size_t i = 0; i < o->natom; i++)
        *least = o->atom[i] > *least ? o->atom[i] : *least;
}

static npu_status points(workload *x, npu_schedule *s, npu_err *err)
{
    npu_sched_model *m = &x->w.model[s->split_model];
    int64_t limit = m->limit_ns, least, whole;
    bool preemptible = m->preemptible, packed = x->source[s->split_model].packed;
    npu_status st = NPU_OK;
    extent(x, s->split_model, &least, &whole);
    s->smallest_limit = least;
    s->point = calloc(POINTS + 1, sizeof *s->point);
    if (!s->point)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    x->source[s->split_model].packed = true;
    for (int i = 0; i <= POINTS && st == NPU_OK; i++) {
        double share = (double)(POINTS - i) / (POINTS - 1);
        int64_t us = (int64_t)ceil(pow((double)whole / (double)least, share) * (double)least / 1e3);
        npu_sched_point *p = &s->point[s->npoint];
        m->preemptible = i > 0;
        st = workload_split(x, s->split_model, i ? us * 1000 : 0, err);
        if (st == NPU_OK)
            st = measure(x, s->split_model, s->wait_model, p, err);
        if (s->npoint == 0 || p->calls != s->point[s->npoint - 1].calls)
            s->npoint++;
    }
    x->source[s->split_model].packed = packed;
    if (st == NPU_OK)
        st = workload_split(x, s->split_model, limit, err);
    m->preemptible = preemptible;
    return st;
}

/* The wanted worst response of model M: its own target, else its tightest deadline. */
static int64_t target(const npu_workload *w, uint32_t m)
{
    int64_t t = w->model[m].target_ns;
    for (size_t i = 0; !w->model[m].target_ns && i < w->nstream; i++)
        if (w->stream[i].model == m && w->stream[i].deadline_ns &&
            (t == 0 || w->stream[i].deadline_ns < t))
            t = w->stream[i].deadline_ns;
    return t;
}

/* Runs the load with other limits on the model that blocked most. */
static npu_status trade_off(workload *x, npu_schedule *s, npu_err *err)
{
    enum { JOBS_MOST = 20000 };
    if (s->worst == UINT32_MAX || s->job[s->worst].blocker == UINT32_MAX ||
        x->w.policy != NPU_SCHED_BPU || s->njob > JOBS_MOST)
        return NPU_OK;
    uint32_t split = s->job[s->job[s->worst].blocker].model, wait = s->job[s->worst].model;
    const workload_source *o = &x->source[split];
    if ((o->run.prog ? o->atoms.n : x->w.model[split].natom) < 2 ||
        x->w.model[split].class_ >= x->w.model[wait].class_)
        return NPU_OK;
    s->split_model = split;
    s->wait_model = wait;
    s->target_ns = target(&x->w, wait);
    NPU_TRY(points(x, s, err));
    for (size_t i = 0; i < s->npoint; i++)
        if (s->point[i].limit && s->target_ns && s->point[i].other_max <= s->target_ns &&
            s->point[i].limit > s->suggested_limit)
            s->suggested_limit = s->point[i].limit;
    return NPU_OK;
}

/* Worst responses of every model under every policy. */
static npu_status compare(workload *x, npu_schedule *s, npu_err *err)
{
    npu_sched_policy was = x->w.policy;
    npu_status st = NPU_OK;
    for (int p = 0; p < NPU_SCHED_POLICIES && st == NPU_OK; p++) {
        npu_schedule *other = NULL;
        s->policy_max[p] = calloc(x->w.nmodel + 1, sizeof **s->policy_max);
        x->w.policy = (npu_sched_policy)p;
        st = s->policy_max[p] ? perf_sched_run(&x->w, &other, err)
                              : npu_fail(err, NPU_LIMIT, "out of memory");
        for (size_t i = 0; st == NPU_OK && i < other->njob; i++) {
            int64_t *most = &s->policy_max[p][other->job[i].model];
            *most = other->job[i].response > *most ? other->job[i].response : *most;
        }
        npu_schedule_free(other);
    }
    x->w.policy = was;
    return st;
}

static npu_status write_one(sys_outdir *d, const char *name, rep_schedule_writer *writer,
                            const npu_schedule *s, const rep_schedule_options *o, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    npu_status st = writer(s, o, f, err);
    if (fclose(f) != 0 && st == NPU_OK)
        st = npu_fail(err, NPU_LIMIT, "out of memory");
    if (st == NPU_OK)
        st = sys_outdir_write(d, name, text, n, err);
    free(text);
    return st;
}

static npu_status publish(const char *path, const npu_schedule *s, const rep_schedule_options *o,
                          npu_err *err)
{
    static const struct {
        const char *name;
        rep_schedule_writer *writer;
    } file[] = {{"schedule.html", rep_schedule_html}, {"schedule.json", rep_schedule_json},
                {"trace.json", rep_schedule_chrome}, {"jobs.csv", rep_schedule_csv}};
    sys_outdir *d;
    npu_status st = NPU_OK;
    NPU_TRY(sys_outdir_begin(path, &d, err));
    for (size_t i = 0; i < sizeof file / sizeof *file && st == NPU_OK; i++)
        st = write_one(d, file[i].name, file[i].writer, s, o, err);
    if (st != NPU_OK) {
        sys_outdir_abort(d);
        return st;
    }
    return sys_outdir_commit(d, err);
}

static npu_status simulate(workload *x, npu_schedule **s, npu_err *err)
{
    NPU_TRY(perf_sched_run(&x->w, s, err));
    if ((*s)->njob == 0)
        return npu_fail(err, NPU_USAGE, "no job is released before the horizon of %lld us",
                        (long long)(x->w.horizon_ns / 1000));
    NPU_TRY(perf_sched_stats(*s, err));
    NPU_TRY(trade_off(x, *s, err));
    return compare(x, *s, err);
}

static npu_status report(const workload *x, const npu_schedule *s, const char *output,
                         int verbosity, npu_err *err)
{
    char command[160];
    rep_schedule_options o = {x->title, command};
    snprintf(command, sizeof command, "npusim schedule --policy %s %.100s.json",
             npu_sched_policy_name(x->w.policy), x->name);
    if (verbosity >= 0)
        NPU_TRY(rep_schedule_text(s, &o, stdout, err));
    if (!output)
        return NPU_OK;
    NPU_TRY(publish(output, s, &o, err));
    if (verbosity >= 0)
        printf("\nfile stored at : %s/schedule.html\n", output);
    return NPU_OK;
}

int cmd_schedule(int argc, char **argv)
{
    options o = {.policy = POLICY_OF_FILE};
    opt_rest rest;
    npu_err err = {0};
    workload x = {0};
    npu_schedule *s = NULL;
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status st = workload_read(rest.arg[0], &x, &err);
    if (st == NPU_OK && o.policy != POLICY_OF_FILE)
        x.w.policy = (npu_sched_policy)o.policy;
    if (st == NPU_OK)
        st = simulate(&x, &s, &err);
    if (st == NPU_OK)
        st = report(&x, s, o.output, rest.verbosity, &err);
    code = st == NPU_OK ? 0 : tool_fail(argv[0], &err);
    npu_schedule_free(s);
    workload_free(&x);
    opt_free(&program, &o);
    return code;
}
