/* Tables of the schedule page. */
#include <inttypes.h>
#include <stdlib.h>

#include "reports/out.h"
#include "reports/schedule.h"

enum { JOBS_SHOWN = 12, CALLS_SHOWN = 60 };

static void us_cell(FILE *f, int64_t ns)
{
    fprintf(f, "<td>%s", rep_group((double)ns / 1e3).s);
}

void rep_sched_models(const rep_sched_page *p)
{
    FILE *f = p->f;
    const npu_schedule *s = p->s;
    fputs("<section id=models><h2>Response per model</h2><p class=lede>Nearest-rank percentiles; * "
          "with fewer than 100 jobs p99 is the maximum. Response = own + CPU + blocked + "
          "interference + overhead, exactly, for every job.</p><div class=tw tabindex=0><table "
          "class=wide><thead><tr><th class=l>Model<th class=l>Class<th>Jobs<th>Calls<th>Longest "
          "call<th>Own<th>Alone<th>min<th>p50<th>p90<th>p95<th>p99<th>p99.9<th>max<th>bound"
          "<th>max / alone<th>jitter<th>Blocked<th>bound<th>Interf.<th>Overhead<th>Pre-empted"
          "<th>Missed<tbody>\n", f);
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        const npu_sched_model *x = &s->w->model[m];
        const npu_sched_stat *t = &s->stat[m];
        fputs("<tr><th scope=row>", f);
        rep_html(f, x->name);
        fprintf(f, "<td class=l>%s (%u)<td>%zu<td>%zu", x->class_ == 2   ? "urgent"
                                                       : x->class_ ? "high" : "normal",
                x->priority, t->n, t->calls);
        const int64_t v[] = {t->call_max, t->own, t->alone, t->min, t->p50, t->p90, t->p95};
        for (size_t i = 0; i < sizeof v / sizeof *v; i++)
            us_cell(f, v[i]);
        fprintf(f, "<td>%s%s", rep_group((double)t->p99 / 1e3).s, t->p99_weak ? "*" : "");
        us_cell(f, t->p999);
        fprintf(f, "<td><b>%s</b>", rep_group((double)t->max / 1e3).s);
        if (t->response_bound < 0)
            fprintf(f, "<td title=\"%s\">-", t->why ? t->why : "");
        else
            us_cell(f, t->response_bound);
        fprintf(f, "<td>%s×", rep_fix(t->slowdown, 2).s);
        us_cell(f, t->jitter);
        us_cell(f, t->blocking_max);
        if (t->blocking_bound < 0)
            fputs("<td>-", f);
        else
            us_cell(f, t->blocking_bound);
        us_cell(f, t->interference_max);
        us_cell(f, t->overhead_max);
        fprintf(f, "<td>%" PRIu64 "<td>%zu of %zu\n", t->preempted, t->misses, t->deadlines);
    }
    fputs("</table></div></section>\n", f);
}

typedef struct {
    int64_t delay;
    uint32_t job;
} delayed;

static int by_delay(const void *a, const void *b)
{
    const delayed *x = a, *y = b;
    if (x->delay != y->delay)
        return x->delay > y->delay ? -1 : 1;
    return x->job < y->job ? -1 : x->job > y->job;
}

static void part(FILE *f, const char *class_, int64_t ns, int64_t whole)
{
    double w = whole ? 100 * (double)ns / (double)whole : 0;
    if (w > 0)
        fprintf(f, "<i class=%s style=\"width:%s%%\"></i>", class_, rep_fix(w, 2).s);
}

static void job_row(FILE *f, const npu_schedule *s, uint32_t i, int64_t longest)
{
    const npu_sched_job *j = &s->job[i];
    char own[4] = {'q', (char)('0' + j->model % 8), 0, 0};
    fputs("<tr><th scope=row>", f);
    rep_html(f, s->w->model[j->model].name);
    fprintf(f, " %" PRIu32, i);
    us_cell(f, j->release);
    us_cell(f, j->start);
    us_cell(f, j->finish);
    fprintf(f, "<td><b>%s</b><td class=l><span class=part>",
            rep_group((double)j->response / 1e3).s);
    part(f, own, j->own, longest);
    part(f, "pc", j->cpu, longest);
    part(f, "pb", j->blocking, longest);
    part(f, "pi", j->interference, longest);
    part(f, "po", j->overhead, longest);
    fputs("</span>", f);
    us_cell(f, j->own);
    us_cell(f, j->cpu);
    us_cell(f, j->blocking);
    us_cell(f, j->interference);
    us_cell(f, j->overhead);
    fprintf(f, "<td>%" PRIu32 "<td>%s\n", j->preempted, j->missed ? "missed" : "");
}

void rep_sched_jobs(const rep_sched_page *p)
{
    FILE *f = p->f;
    const npu_schedule *s = p->s;
    delayed *d = malloc((s->njob + 1) * sizeof *d);
    if (!d)
        return;
    for (uint32_t i = 0; i < s->njob; i++)
        d[i] = (delayed){s->job[i].blocking ? s->job[i].blocking + s->makespan
                                            : s->job[i].interference, i};
    qsort(d, s->njob, sizeof *d, by_delay);
    size_t n = s->njob < JOBS_SHOWN ? s->njob : JOBS_SHOWN;
    int64_t longest = 0;
    for (size_t i = 0; i < n; i++)
        longest = s->job[d[i].job].response > longest ? s->job[d[i].job].response : longest;
    fputs("<section id=jobs><h2>Jobs, most blocked first</h2><p class=lede>jobs.csv has all of "
          "them.</p><div class=tw tabindex=0><table class=wide><thead><tr><th class=l>Job"
          "<th>Release<th>Start<th>End<th>Response<th class=l>own, CPU, blocked, interference, "
          "overhead<th>Own<th>CPU<th>Blocked<th>Interf.<th>Overhead<th>Pre-empted<th>Deadline"
          "<tbody>\n", f);
    for (size_t i = 0; i < n; i++)
        job_row(f, s, d[i].job, longest);
    fputs("</table></div></section>\n", f);
    free(d);
}

void rep_sched_policies(const rep_sched_page *p)
{
    FILE *f = p->f;
    const npu_schedule *s = p->s;
    if (!s->policy_max[0])
        return;
    fputs("<section id=policies><h2>Other policies</h2><p class=lede>Worst response of each model "
          "under the same arrivals. ideal pre-empts at any time and for nothing: the distance to "
          "it is the price of calls that cannot be interrupted.</p><div class=tw tabindex=0><table "
          "class=wide><thead><tr><th class=l>Model", f);
    for (int k = 0; k < NPU_SCHED_POLICIES; k++)
        fprintf(f, "<th>%s", npu_sched_policy_name((npu_sched_policy)k));
    fputs("<tbody>\n", f);
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        fputs("<tr><th scope=row>", f);
        rep_html(f, s->w->model[m].name);
        for (int k = 0; k < NPU_SCHED_POLICIES; k++)
            if (s->policy_max[k])
                us_cell(f, s->policy_max[k][m]);
        putc('\n', f);
    }
    fputs("</table></div></section>\n", f);
}

void rep_sched_calls(const rep_sched_page *p)
{
    FILE *f = p->f;
    const npu_schedule *s = p->s;
    fputs("<section id=calls><h2>Function calls</h2><p class=lede>What cannot be interrupted. "
          "Simulated maximum: with another core on the DDR.</p><div class=\"tw tall\" tabindex=0>"
          "<table class=wide><thead><tr><th class=l>Model<th>Call<th>µs<th>µs, half the DDR"
          "<th class=l>Limit<tbody>\n", f);
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        const npu_sched_model *x = &s->w->model[m];
        size_t call = 0;
        for (size_t i = 0; i < x->nstage && call < CALLS_SHOWN; i++) {
            fputs("<tr><th scope=row>", f);
            rep_html(f, x->name);
            if (x->stage[i].cpu)
                fputs("<td>CPU", f);
            else
                fprintf(f, "<td>%zu", call++);
            us_cell(f, x->stage[i].ns);
            us_cell(f, x->stage[i].half_ns);
            fprintf(f, "<td class=l>%s\n", x->stage[i].over ? "FC-OVER" : "");
        }
    }
    fputs("</table></div></section>\n", f);
}
