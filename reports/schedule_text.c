/* Summary of a simulated workload for the terminal. */
#include "reports/out.h"
#include "reports/schedule.h"
#include "reports/version.h"

static rep_num ms(int64_t ns)
{
    double v = (double)ns / 1e6;
    return rep_fix(v, v < 0.1 ? 4 : v < 10 ? 3 : 2);
}

static rep_num percent(int64_t part, int64_t whole)
{
    return rep_fix(whole ? 100.0 * (double)part / (double)whole : 0, 1);
}

static void head(FILE *f, const npu_schedule *s, const rep_schedule_options *o)
{
    const npu_workload *w = s->w;
    rep_plain(f, o->title, 0);
    fprintf(f, ": policy %s, %u core%s, %zu models, %zu jobs; npusim %s\n",
            npu_sched_policy_name(w->policy), w->cores, w->cores > 1 ? "s" : "", w->nmodel, s->njob,
            REP_VERSION);
    fprintf(f, "overheads us: submit %s, switch %s, resume %s, launch of a call %s\n",
            rep_us(w->over.submit_ns).s, rep_us(w->over.switch_ns).s, rep_us(w->over.resume_ns).s,
            rep_us(w->over.launch_ns).s);
}

static void limits(FILE *f, const npu_schedule *s)
{
    for (size_t m = 0; m < s->w->nmodel; m++) {
        const npu_sched_model *x = &s->w->model[m];
        const npu_sched_stat *t = &s->stat[m];
        if (x->limit_ns == 0)
            continue;
        fputs("max_time_per_fc of ", f);
        rep_plain(f, x->name, 0);
        fprintf(f, ": understood as %s us (%s ms): %zu call%s, longest %s us\n",
                rep_us(x->limit_ns).s, rep_general((double)x->limit_ns / 1e6).s, t->calls,
                t->calls == 1 ? "" : "s", rep_us(t->call_max).s);
        if (t->calls_over)
            fprintf(f, "  warning FC-OVER: %zu call%s longer than the limit (no safe point "
                       "inside)\n", t->calls_over, t->calls_over == 1 ? " is" : "s are");
        if (x->limit_ns < 1000000)
            fputs("  note: the vendor's tools accept 0 or at least 1000 us\n", f);
    }
}

static void models(FILE *f, const npu_schedule *s)
{
    fprintf(f, "\n%-14s %4s %6s %8s %8s %8s %8s %8s %8s\n", "model (ms)", "prio", "n", "p50", "p90",
            "p99", "max", "bound", "blocked");
    for (size_t m = 0; m < s->w->nmodel; m++) {
        const npu_sched_stat *t = &s->stat[m];
        rep_plain(f, s->w->model[m].name, 14);
        fprintf(f, " %4u %6zu %8s %8s %8s%c%8s %8s %8s\n", s->w->model[m].priority, t->n,
                ms(t->p50).s, ms(t->p90).s, ms(t->p99).s, t->p99_weak ? '*' : ' ', ms(t->max).s,
                t->response_bound < 0 ? "-" : ms(t->response_bound).s, ms(t->blocking_max).s);
    }
    for (size_t m = 0; m < s->w->nmodel; m++)
        if (s->stat[m].p99_weak) {
            fputs("* fewer than 100 jobs: p99 is the maximum\n", f);
            break;
        }
}

static void lines(FILE *f, const npu_schedule *s)
{
    fputc('\n', f);
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        const npu_sched_stat *t = &s->stat[m];
        rep_plain(f, s->w->model[m].name, 0);
        fprintf(f, "  n=%zu  p50 %s  p99 %s  max %s ms  blocking max %s", t->n, ms(t->p50).s,
                ms(t->p99).s, ms(t->max).s, ms(t->blocking_max).s);
        if (s->worst != UINT32_MAX && s->job[s->worst].model == m &&
            s->job[s->worst].blocker != UINT32_MAX) {
            const npu_sched_job *j = &s->job[s->worst];
            const npu_sched_model *b = &s->w->model[s->job[j->blocker].model];
            fputs(" (", f);
            rep_plain(f, b->name, 0);
            fprintf(f, " fc#%zu %s)", rep_sched_call(b, j->blocker_stage),
                    ms(b->stage[j->blocker_stage].ns).s);
        }
        fprintf(f, "  misses %zu/%zu\n", t->misses, t->deadlines);
    }
}

static void worst(FILE *f, const npu_schedule *s)
{
    if (s->npoint == 0)
        return;
    fputs("\nlimit on the calls of ", f);
    rep_plain(f, s->w->model[s->split_model].name, 0);
    fputs(" -> worst response of ", f);
    rep_plain(f, s->w->model[s->wait_model].name, 0);
    fprintf(f, " (us)\n  %12s %6s %12s %14s %14s\n", "limit", "calls", "longest", "of the waiting",
            "of the split");
    for (size_t i = 0; i < s->npoint; i++)
        fprintf(f, "  %12s %6zu %12s %14s %14s\n",
                s->point[i].limit ? rep_us(s->point[i].limit).s : "none", s->point[i].calls,
                rep_us(s->point[i].call_max).s, rep_us(s->point[i].other_max).s,
                rep_us(s->point[i].own_max).s);
    if (s->target_ns && s->suggested_limit)
        fprintf(f, "target %s us is met up to max_time_per_fc %s us", rep_us(s->target_ns).s,
                rep_us(s->suggested_limit).s);
    else if (s->target_ns && s->point[0].other_max <= s->target_ns)
        fprintf(f, "target %s us is met without a limit", rep_us(s->target_ns).s);
    else if (s->target_ns)
        fprintf(f, "target %s us is met by none of these limits", rep_us(s->target_ns).s);
    fprintf(f, "%sthe longest piece between safe points allows no limit below %s us\n",
            s->target_ns ? "; " : "", rep_us(s->smallest_limit).s);
}

npu_status rep_schedule_text(const npu_schedule *s, const rep_schedule_options *o, FILE *out,
                             npu_err *err)
{
    (void)err;
    head(out, s, o);
    limits(out, s);
    models(out, s);
    lines(out, s);
    for (unsigned x = 0; x < s->w->cores; x++)
        fprintf(out, "core %u: %s %% busy, %s %% overhead, %s %% idle of %s ms\n", x,
                percent(s->core[x].busy, s->makespan).s,
                percent(s->core[x].overhead, s->makespan).s,
                percent(s->core[x].idle, s->makespan).s,
                ms(s->makespan).s);
    fprintf(out, "ANTT %s, STP %s, fairness %s\n", rep_fix(s->antt, 3).s, rep_fix(s->stp, 3).s,
            rep_fix(s->fairness, 3).s);
    worst(out, s);
    return NPU_OK;
}
