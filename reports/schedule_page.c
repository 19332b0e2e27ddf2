/* The page of a simulated workload: headline, verdict, blocks, data for the script. */
#include <inttypes.h>
#include <stdlib.h>

#include "reports/out.h"
#include "reports/schedule.h"
#include "reports/version.h"
#include "reports/page_css.inc"
#include "reports/schedule_css.inc"
#include "reports/schedule_js.inc"

enum { SPANS_SHOWN = 6000 }; /* in the script's data; all are in schedule.json and trace.json */

static void lines(FILE *f, const char *const *s)
{
    while (*s)
        fputs(*s++, f);
}

const char *rep_sched_colour(uint32_t m)
{
    static const char *const name[] = {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"};
    return name[m % 8];
}

/* The model readers ask for first: highest priority, then worst blocking. */
static uint32_t first_model(const npu_schedule *s)
{
    uint32_t best = 0;
    if (s->worst != UINT32_MAX)
        return s->job[s->worst].model;
    for (uint32_t m = 1; m < s->w->nmodel; m++)
        if (s->w->model[m].priority > s->w->model[best].priority)
            best = m;
    return best;
}

static void open_page(const rep_sched_page *p)
{
    FILE *f = p->f;
    const npu_workload *w = p->s->w;
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';style-src "
          "'unsafe-inline';script-src 'unsafe-inline';img-src data:\">\n<title>", f);
    rep_html(f, p->o->title);
    fputs(" · npusim schedule</title>\n<style>\n", f);
    lines(f, page_css);
    lines(f, schedule_css);
    fputs("</style></head>\n<body><main><header class=top><div><h1>", f);
    rep_html(f, p->o->title);
    fprintf(f, "</h1><div class=facts><span>Cores <b>%u</b></span><span>Policy <b>%s</b></span>"
               "<span>Jobs <b>%zu</b></span><span>Overheads <b>submit %s, switch %s, resume %s, "
               "launch %s µs</b></span><span>npusim <b>%s</b></span><span>Tables in <b>µs</b>"
               "</span></div></div><button id=theme class=noprint type=button hidden>Dark</button>"
               "</header>\n", w->cores, npu_sched_policy_name(w->policy), p->s->njob,
            rep_us(w->over.submit_ns).s, rep_us(w->over.switch_ns).s, rep_us(w->over.resume_ns).s,
            rep_us(w->over.launch_ns).s, REP_VERSION);
}

static void number(FILE *f, const char *key, double value_ms, const char *note)
{
    fprintf(f, "<div><div class=k>%s</div><div class=v>%s <span class=u>%s</span></div>"
               "<div class=s>%s</div></div>\n", key, value_ms < 0 ? "-" : rep_short(value_ms).s,
            value_ms < 0 ? "" : "ms", note);
}

static void numbers(const rep_sched_page *p)
{
    const npu_schedule *s = p->s;
    uint32_t m = first_model(s);
    const npu_sched_stat *t = &s->stat[m];
    char note[200];
    fputs("<div class=nums>", p->f);
    snprintf(note, sizeof note, "%zu jobs, p50 %s, p99 %s; alone %s ms", t->n,
             rep_short((double)t->p50 / 1e6).s, rep_short((double)t->p99 / 1e6).s,
             rep_short((double)t->alone / 1e6).s);
    fputs("<div><div class=k>Worst response of ", p->f);
    rep_html(p->f, s->w->model[m].name);
    fprintf(p->f, "</div><div class=v>%s <span class=u>ms</span></div><div class=s>%s</div>"
                  "</div>\n", rep_short((double)t->max / 1e6).s, note);
    snprintf(note, sizeof note, t->blocking_bound < 0 ? "no bound under this policy%s"
                                                      : "bound %s ms for any release pattern",
             t->blocking_bound < 0 ? "" : rep_short((double)t->blocking_bound / 1e6).s);
    number(p->f, "Its worst blocking", (double)t->blocking_max / 1e6, note);
    if (t->response_bound < 0)
        snprintf(note, sizeof note, "no analytic bound: %s", t->why ? t->why : "");
    else
        snprintf(note, sizeof note, "simulated maximum is %s %% of it",
                 rep_fix(100 * (double)t->max / (double)t->response_bound, 0).s);
    number(p->f, "Analytic response bound",
           (double)t->response_bound / 1e6, note);
    size_t missed = 0, wanted = 0;
    for (size_t i = 0; i < s->w->nmodel; i++) {
        missed += s->stat[i].misses;
        wanted += s->stat[i].deadlines;
    }
    fprintf(p->f, "<div><div class=k>Deadlines missed</div><div class=v>%zu <span class=u>of %zu"
                  "</span></div><div class=s>ANTT %s, STP %s, fairness %s</div></div></div>\n",
            missed, wanted, rep_fix(s->antt, 2).s, rep_fix(s->stp, 2).s, rep_fix(s->fairness, 2).s);
}

static void limit_facts(const rep_sched_page *p)
{
    const npu_schedule *s = p->s;
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        const npu_sched_model *x = &s->w->model[m];
        const npu_sched_stat *t = &s->stat[m];
        if (x->limit_ns == 0)
            continue;
        fputs("<li>max_time_per_fc of ", p->f);
        rep_html(p->f, x->name);
        fprintf(p->f, ": understood as %s µs; %zu calls, longest %s µs; splitting costs %s µs per "
                      "job", rep_us(x->limit_ns).s, t->calls, rep_us(t->call_max).s,
                rep_us(t->own > x->unsplit_ns ? t->own - x->unsplit_ns : 0).s);
        if (t->calls_over)
            fprintf(p->f, "; <b>FC-OVER</b>: %zu above the limit, no safe point inside",
                    t->calls_over);
        fputs(".\n", p->f);
    }
}

static void verdict(const rep_sched_page *p)
{
    const npu_schedule *s = p->s;
    uint32_t m = first_model(s);
    const npu_sched_stat *t = &s->stat[m];
    fputs("<section class=verdict><p>", p->f);
    rep_html(p->f, s->w->model[m].name);
    if (s->worst != UINT32_MAX && s->job[s->worst].blocker != UINT32_MAX) {
        const npu_sched_job *j = &s->job[s->worst];
        const npu_sched_model *b = &s->w->model[s->job[j->blocker].model];
        fprintf(p->f, " waits up to %s µs for work that should not go first: a call of ",
                rep_us(j->blocking).s);
        rep_html(p->f, b->name);
        fprintf(p->f, " (%s µs) cannot be interrupted.", rep_us(b->stage[j->blocker_stage].ns).s);
    } else {
        fprintf(p->f, " is never blocked; its worst response is %s times its time alone.",
                rep_fix(t->slowdown, 2).s);
    }
    fputs("</p><ul>", p->f);
    if (s->target_ns && s->suggested_limit)
        fprintf(p->f, "<li>A limit of at most %s µs meets the target of %s µs.\n",
                rep_us(s->suggested_limit).s, rep_us(s->target_ns).s);
    else if (s->target_ns && s->npoint && s->point[0].other_max > s->target_ns)
        fprintf(p->f, "<li>No limit tried meets the target of %s µs.\n", rep_us(s->target_ns).s);
    if (s->npoint)
        fprintf(p->f, "<li>The longest piece between safe points is %s µs: no limit below it "
                      "helps.\n", rep_us(s->smallest_limit).s);
    limit_facts(p);
    for (unsigned x = 0; x < s->w->cores; x++)
        fprintf(p->f, "<li>Core %u is busy %s %%, in overhead %s %% of %s ms.\n", x,
                rep_fix(100 * (double)s->core[x].busy / (double)(s->makespan + 1), 1).s,
                rep_fix(100 * (double)s->core[x].overhead / (double)(s->makespan + 1), 1).s,
                rep_fix((double)s->makespan / 1e6, 2).s);
    fputs("</ul></section>\n", p->f);
}

static void rules(const rep_sched_page *p)
{
    const npu_workload *w = p->s->w;
    fputs("<section id=rules><h2>Rules and assumptions</h2><dl>", p->f);
    fputs("<dt>Unit of execution<dd>a function call; the core never stops inside one"
          "<dt>Who may take over<dd>after a call: only a higher class (normal 0-253, high 254, "
          "urgent 255)", p->f);
    if (w->require_limit)
        fputs(", and only over a model with max_time_per_fc", p->f);
    fputs("<dt>Order<dd>priority high to low, then smaller custom id, then release time"
          "<dt>Response<dd>own + CPU + blocked + interference + overhead, exactly, for every job"
          "<dt>Blocked<dd>waiting while a job that goes later in the order runs"
          "<dt>Percentiles<dd>nearest rank; with fewer than 100 jobs p99 is the maximum"
          "<dt>Splitting<dd>at safe points only: both engines drained, nothing live in local "
          "memory; each call is simulated alone, so lost overlap is in its length", p->f);
    if (w->cores > 1)
        fprintf(p->f, "<dt>Shared DDR<dd>%s",
                w->contention ? "while both cores run calls, each has half the bandwidth; a call "
                                "slows by the ratio of its simulated lengths"
                              : "cores do not disturb each other (ddr_contention false)");
    fputs("<dt>Arrivals<dd>generator SplitMix64 with the seeds of the workload file</dl>"
          "</section>\n", p->f);
}

/* The time window shown first: around the worst job. */
static void first_view(const npu_schedule *s, int64_t *from, int64_t *to)
{
    const npu_sched_job *j = &s->job[s->worst != UINT32_MAX ? s->worst : 0];
    int64_t length = 8 * j->response;
    *from = j->release - length / 3;
    *from = *from < 0 ? 0 : *from;
    *to = *from + length;
    if (*to > s->makespan) {
        *to = s->makespan;
        *from = *to - length > 0 ? *to - length : 0;
    }
}

static void data(const rep_sched_page *p)
{
    FILE *f = p->f;
    const npu_schedule *s = p->s;
    int64_t from, to;
    size_t shown = s->nspan < SPANS_SHOWN ? s->nspan : SPANS_SHOWN, begin = 0;
    first_view(s, &from, &to);
    while (begin + shown < s->nspan && s->span[begin + shown / 2].t0 < from)
        begin++;
    fputs("<script type=\"application/json\" id=\"npusim-data\">{\"schema\":\"npusim.schedule/1\","
          "\"models\":[", f);
    for (uint32_t m = 0; m < s->w->nmodel; m++) {
        fputs(m ? ",{\"name\":" : "{\"name\":", f);
        rep_json_text(f, s->w->model[m].name);
        fprintf(f, ",\"what\":\"%s %u\"}", s->w->model[m].class_ == 2   ? "urgent"
                                           : s->w->model[m].class_ ? "high" : "normal",
                s->w->model[m].priority);
    }
    fprintf(f, "],\"cores\":%u,\"end\":%s,", s->w->cores, rep_us(s->makespan).s);
    fprintf(f, "\"view\":[%s,%s],\"jobs\":[", rep_us(from).s, rep_us(to).s);
    uint8_t *core = calloc(s->njob + 1, 1); /* of the first call, for the row of the marks */
    for (size_t i = s->nspan; core && i-- > 0;)
        core[s->span[i].job] = s->span[i].core;
    for (size_t i = 0; i < s->njob; i++) {
        const npu_sched_job *j = &s->job[i];
        fprintf(f, "%s[%" PRIu32 ",%s,%s,", i ? "," : "", j->model, rep_us(j->release).s,
                rep_us(j->start).s);
        fprintf(f, "%s,%s,%" PRIu32 ",%d,0,%d]", rep_us(j->finish).s, rep_us(j->blocking).s,
                j->preempted, j->missed, core ? core[i] : 0);
    }
    free(core);
    fprintf(f, "],\"gap\":%s,\"spans\":[", rep_us(s->njob ? s->makespan / (int64_t)s->njob : 1).s);
    for (size_t i = begin; i < begin + shown; i++)
        fprintf(f, "%s[%s,%s,%" PRIu32 ",%zu,%u]", i > begin ? "," : "",
                rep_us(s->span[i].t0).s, rep_us(s->span[i].t1).s, s->span[i].job,
                rep_sched_call(&s->w->model[s->job[s->span[i].job].model], s->span[i].stage),
                s->span[i].core);
    fputs("]}</script>\n", f);
    if (shown < s->nspan)
        fprintf(f, "<p class=cap>The chart holds %zu of %zu calls, those around the worst job; "
                   "schedule.json and trace.json have all.</p>\n", shown, s->nspan);
}

npu_status rep_schedule_html(const npu_schedule *s, const rep_schedule_options *o, FILE *out,
                             npu_err *err)
{
    static rep_sched_part *const parts[] = {
        numbers,            /* does it work */
        verdict,            /* why, in words */
        rep_sched_gantt,    /* when what ran */
        rep_sched_models,   /* response per model */
        rep_sched_jobs,     /* which jobs waited most, for what */
        rep_sched_charts,   /* distribution, and the price of splitting */
        rep_sched_policies, /* other policies */
        rep_sched_calls,    /* what cannot be interrupted */
        rules,
    };
    rep_sched_page p = {out, s, o};
    (void)err;
    open_page(&p);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        parts[i](&p);
    data(&p);
    fprintf(out, "<footer>npusim %s, data schema npusim.schedule/1.", REP_VERSION);
    if (o->command) {
        fputs(" Again: <code>", out);
        rep_html(out, o->command);
        fputs("</code>", out);
    }
    fputs("</footer></main>\n<pre id=errors hidden></pre>\n<script>\n", out);
    lines(out, schedule_js);
    fputs("</script></body></html>\n", out);
    return NPU_OK;
}
