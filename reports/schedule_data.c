/* A simulated workload as JSON, CSV and Chrome trace. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/jsonw.h"
#include "reports/out.h"
#include "reports/schedule.h"

rep_num rep_us(int64_t ns)
{
    rep_num n;
    int64_t us = ns / 1000, rest = ns % 1000;
    if (rest < 0)
        rest = -rest;
    snprintf(n.s, sizeof n.s, "%s%" PRId64, ns < 0 && us == 0 ? "-" : "", us);
    if (rest) {
        size_t len = strlen(n.s);
        snprintf(n.s + len, sizeof n.s - len, ".%03d", (int)rest);
        while (n.s[strlen(n.s) - 1] == '0')
            n.s[strlen(n.s) - 1] = 0;
    }
    return n;
}

static void us(rep_json *j, const char *key, int64_t ns)
{
    rep_json_real(j, key, (double)ns / 1e3);
}

static void maybe_us(rep_json *j, const char *key, int64_t ns)
{
    if (ns < 0)
        rep_json_null(j, key);
    else
        us(j, key, ns);
}

static void head(rep_json *j, const npu_schedule *s, const rep_schedule_options *o)
{
    const npu_workload *w = s->w;
    rep_json_identity(j, "npusim.schedule/1");
    rep_json_str(j, "title", o->title);
    rep_json_str(j, "policy", npu_sched_policy_name(w->policy));
    rep_json_int(j, "cores", w->cores);
    rep_json_int(j, "cpu_cores", w->cpus);
    rep_json_bool(j, "require_limit", w->require_limit);
    rep_json_bool(j, "ddr_contention", w->contention && w->cores > 1);
    rep_json_open(j, "overheads", REP_OBJECT_LINE);
    us(j, "submit_us", w->over.submit_ns);
    us(j, "switch_us", w->over.switch_ns);
    us(j, "resume_us", w->over.resume_ns);
    us(j, "fc_launch_us", w->over.launch_ns);
    rep_json_close(j);
    us(j, "makespan_us", s->makespan);
    rep_json_real(j, "antt", s->antt);
    rep_json_real(j, "stp", s->stp);
    rep_json_real(j, "fairness", s->fairness);
}

static void stages(rep_json *j, const npu_sched_model *m)
{
    rep_json_open(j, "stages", REP_ARRAY_LINE);
    for (size_t i = 0; i < m->nstage; i++) {
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "kind", m->stage[i].cpu ? "cpu" : "call");
        us(j, "us", m->stage[i].ns);
        if (m->stage[i].half_ns != m->stage[i].ns)
            us(j, "half_bandwidth_us", m->stage[i].half_ns);
        if (m->stage[i].over)
            rep_json_bool(j, "over_limit", true);
        rep_json_close(j);
    }
    rep_json_close(j);
}

static void responses(rep_json *j, const npu_sched_stat *t)
{
    rep_json_open(j, "response_us", REP_OBJECT_LINE);
    rep_json_int(j, "n", (int64_t)t->n);
    us(j, "min", t->min);
    rep_json_real(j, "mean", t->mean / 1e3);
    us(j, "p50", t->p50);
    us(j, "p90", t->p90);
    us(j, "p95", t->p95);
    us(j, "p99", t->p99);
    rep_json_bool(j, "p99_from_few_jobs", t->p99_weak);
    us(j, "p99_9", t->p999);
    us(j, "max", t->max);
    us(j, "jitter", t->jitter);
    us(j, "start_jitter", t->start_jitter);
    rep_json_real(j, "deviation", t->deviation / 1e3);
    rep_json_close(j);
}

static void model(rep_json *j, const npu_schedule *s, uint32_t m)
{
    const npu_sched_model *x = &s->w->model[m];
    const npu_sched_stat *t = &s->stat[m];
    rep_json_open(j, NULL, REP_OBJECT);
    rep_json_str(j, "name", x->name);
    if (x->file) {
        rep_json_str(j, "file", x->file);
        rep_json_str(j, "chip", x->chip);
    }
    rep_json_int(j, "priority", x->priority);
    rep_json_str(j, "class", x->class_ == 2 ? "urgent" : x->class_ ? "high" : "normal");
    rep_json_int(j, "custom_id", x->custom_id);
    if (x->core == NPU_SCHED_NONE)
        rep_json_str(j, "core", "any");
    else
        rep_json_int(j, "core", x->core);
    us(j, "max_time_per_fc_us", x->limit_ns);
    rep_json_bool(j, "preemptible", x->preemptible);
    rep_json_int(j, "fc_count", (int64_t)t->calls);
    us(j, "fc_max_us", t->call_max);
    us(j, "fc_max_simulated_us", t->call_max_seen);
    rep_json_int(j, "fc_over_limit", (int64_t)t->calls_over);
    us(j, "own_us", t->own);
    us(j, "own_unsplit_us", x->unsplit_ns);
    us(j, "alone_us", t->alone);
    responses(j, t);
    us(j, "blocking_max_us", t->blocking_max);
    us(j, "interference_max_us", t->interference_max);
    us(j, "overhead_max_us", t->overhead_max);
    maybe_us(j, "blocking_bound_us", t->blocking_bound);
    maybe_us(j, "response_bound_us", t->response_bound);
    if (t->why)
        rep_json_str(j, "no_response_bound", t->why);
    rep_json_int(j, "preemptions", (int64_t)t->preempted);
    rep_json_int(j, "deadlines", (int64_t)t->deadlines);
    rep_json_int(j, "misses", (int64_t)t->misses);
    us(j, "tardiness_max_us", t->tardiness);
    rep_json_real(j, "slowdown", t->slowdown);
    rep_json_real(j, "antt", t->antt);
    rep_json_real(j, "stp", t->stp);
    rep_json_real(j, "sla_2x", t->sla2);
    rep_json_real(j, "jobs_per_second", t->throughput);
    stages(j, x);
    rep_json_close(j);
}

static void job(rep_json *j, const npu_schedule *s, uint32_t i)
{
    const npu_sched_job *x = &s->job[i];
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_int(j, "id", i);
    rep_json_str(j, "model", s->w->model[x->model].name);
    us(j, "release", x->release);
    us(j, "start", x->start);
    us(j, "finish", x->finish);
    us(j, "response", x->response);
    us(j, "own", x->own);
    us(j, "cpu", x->cpu);
    us(j, "blocking", x->blocking);
    us(j, "interference", x->interference);
    us(j, "overhead", x->overhead);
    rep_json_int(j, "preempted", x->preempted);
    if (x->deadline)
        us(j, "deadline", x->deadline);
    rep_json_bool(j, "missed", x->missed);
    rep_json_close(j);
}

size_t rep_sched_call(const npu_sched_model *m, uint32_t stage)
{
    size_t n = 0;
    for (uint32_t i = 0; i < stage && i < m->nstage; i++)
        n += !m->stage[i].cpu;
    return n;
}

static void worst(rep_json *j, const npu_schedule *s)
{
    if (s->worst == UINT32_MAX) {
        rep_json_null(j, "worst");
        return;
    }
    const npu_sched_job *x = &s->job[s->worst];
    rep_json_open(j, "worst", REP_OBJECT_LINE);
    rep_json_str(j, "model", s->w->model[x->model].name);
    rep_json_int(j, "job", s->worst);
    us(j, "blocking_us", x->blocking);
    if (x->blocker != UINT32_MAX) {
        const npu_sched_model *b = &s->w->model[s->job[x->blocker].model];
        rep_json_str(j, "blocked_by_model", b->name);
        rep_json_int(j, "blocked_by_job", x->blocker);
        rep_json_int(j, "fc_index", (int64_t)rep_sched_call(b, x->blocker_stage));
        us(j, "fc_us", b->stage[x->blocker_stage].ns);
    }
    rep_json_close(j);
}

static void trade_off(rep_json *j, const npu_schedule *s)
{
    if (s->npoint == 0) {
        rep_json_null(j, "trade_off");
        return;
    }
    rep_json_open(j, "trade_off", REP_OBJECT);
    rep_json_str(j, "split", s->w->model[s->split_model].name);
    rep_json_str(j, "waits", s->w->model[s->wait_model].name);
    us(j, "target_us", s->target_ns);
    us(j, "largest_limit_that_meets_target_us", s->suggested_limit);
    us(j, "smallest_limit_possible_us", s->smallest_limit);
    rep_json_open(j, "points", REP_ARRAY);
    for (size_t i = 0; i < s->npoint; i++) {
        const npu_sched_point *p = &s->point[i];
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        us(j, "limit_us", p->limit);
        rep_json_int(j, "calls", (int64_t)p->calls);
        us(j, "fc_max_us", p->call_max);
        us(j, "split_max_us", p->own_max);
        us(j, "waits_max_us", p->other_max);
        us(j, "waits_blocking_us", p->other_blocking);
        us(j, "split_cost_us", p->split_cost);
        rep_json_close(j);
    }
    rep_json_close(j);
    rep_json_close(j);
}

static void policies(rep_json *j, const npu_schedule *s)
{
    rep_json_open(j, "policies", REP_ARRAY);
    for (int p = 0; p < NPU_SCHED_POLICIES; p++) {
        if (!s->policy_max[p])
            continue;
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "policy", npu_sched_policy_name((npu_sched_policy)p));
        rep_json_open(j, "response_max_us", REP_OBJECT_LINE);
        for (uint32_t m = 0; m < s->w->nmodel; m++)
            us(j, s->w->model[m].name, s->policy_max[p][m]);
        rep_json_close(j);
        rep_json_close(j);
    }
    rep_json_close(j);
}

npu_status rep_schedule_json(const npu_schedule *s, const rep_schedule_options *o, FILE *out,
                             npu_err *err)
{
    rep_json j = rep_json_begin(out);
    (void)err;
    head(&j, s, o);
    rep_json_open(&j, "core_use", REP_ARRAY);
    for (unsigned x = 0; x < s->w->cores; x++) {
        rep_json_open(&j, NULL, REP_OBJECT_LINE);
        us(&j, "busy_us", s->core[x].busy);
        us(&j, "overhead_us", s->core[x].overhead);
        us(&j, "idle_us", s->core[x].idle);
        rep_json_close(&j);
    }
    rep_json_close(&j);
    rep_json_open(&j, "models", REP_ARRAY);
    for (uint32_t m = 0; m < s->w->nmodel; m++)
        model(&j, s, m);
    rep_json_close(&j);
    worst(&j, s);
    trade_off(&j, s);
    policies(&j, s);
    rep_json_open(&j, "jobs", REP_ARRAY);
    for (uint32_t i = 0; i < s->njob; i++)
        job(&j, s, i);
    rep_json_close(&j);
    rep_json_open(&j, "timeline", REP_ARRAY);
    for (size_t i = 0; i < s->nspan; i++) {
        const npu_sched_span *p = &s->span[i];
        const npu_sched_model *m = &s->w->model[s->job[p->job].model];
        rep_json_open(&j, NULL, REP_OBJECT_LINE);
        rep_json_int(&j, "core", p->core);
        rep_json_str(&j, "model", m->name);
        rep_json_int(&j, "job", p->job);
        rep_json_int(&j, "fc", (int64_t)rep_sched_call(m, p->stage));
        us(&j, "t0", p->t0);
        us(&j, "t1", p->t1);
        rep_json_close(&j);
    }
    rep_json_close(&j);
    rep_json_end(&j);
    return NPU_OK;
}

/* RFC 4180 text field. */
static void csv_text(FILE *f, const char *s)
{
    putc('"', f);
    for (uint32_t c; (c = rep_utf8(&s)) != 0;) {
        if (c == '"')
            putc('"', f);
        rep_put_plain(f, c);
    }
    putc('"', f);
}

npu_status rep_schedule_csv(const npu_schedule *s, const rep_schedule_options *o, FILE *out,
                            npu_err *err)
{
    (void)o;
    (void)err;
    fputs("job,model,release_us,start_us,finish_us,response_us,own_us,cpu_us,blocking_us,"
          "interference_us,overhead_us,preempted,deadline_us,missed\r\n", out);
    for (size_t i = 0; i < s->njob; i++) {
        const npu_sched_job *j = &s->job[i];
        fprintf(out, "%zu,", i);
        csv_text(out, s->w->model[j->model].name);
        fprintf(out, ",%s,%s,%s,%s,", rep_us(j->release).s, rep_us(j->start).s,
                rep_us(j->finish).s, rep_us(j->response).s);
        fprintf(out, "%s,%s,%s,%s,%s,%" PRIu32 ",%s,%d\r\n", rep_us(j->own).s, rep_us(j->cpu).s,
                rep_us(j->blocking).s, rep_us(j->interference).s, rep_us(j->overhead).s,
                j->preempted, j->deadline ? rep_us(j->deadline).s : "", j->missed);
    }
    return NPU_OK;
}

npu_status rep_schedule_chrome(const npu_schedule *s, const rep_schedule_options *o, FILE *out,
                               npu_err *err)
{
    (void)o;
    (void)err;
    fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", out);
    for (unsigned x = 0; x < s->w->cores; x++)
        fprintf(out, "{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{"
                     "\"name\":\"core %u\"}},\n", x, x);
    for (size_t i = 0; i < s->nspan; i++) {
        const npu_sched_span *p = &s->span[i];
        const npu_sched_model *m = &s->w->model[s->job[p->job].model];
        fprintf(out, "{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%s,\"dur\":%s,\"name\":", p->core,
                rep_us(p->t0).s, rep_us(p->t1 - p->t0).s);
        rep_json_text(out, m->name);
        fprintf(out, ",\"args\":{\"job\":%" PRIu32 ",\"fc\":%zu}},\n", p->job,
                rep_sched_call(m, p->stage));
    }
    for (size_t i = 0; i < s->njob; i++) {
        const npu_sched_job *j = &s->job[i];
        fprintf(out, "{\"ph\":\"b\",\"cat\":\"job\",\"pid\":1,\"tid\":%u,\"id\":%zu,\"ts\":%s,"
                     "\"name\":", s->w->cores + j->model, i, rep_us(j->release).s);
        rep_json_text(out, s->w->model[j->model].name);
        fprintf(out, "},\n{\"ph\":\"e\",\"cat\":\"job\",\"pid\":1,\"tid\":%u,\"id\":%zu,\"ts\":%s,"
                     "\"name\":", s->w->cores + j->model, i, rep_us(j->finish).s);
        rep_json_text(out, s->w->model[j->model].name);
        fputs("},\n", out);
    }
    fputs("{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"npusim\"}}]}\n",
          out);
    return NPU_OK;
}
