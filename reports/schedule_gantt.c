/* The Gantt chart as static SVG: the window around the worst job.  The script adds pan and zoom. */
#include <inttypes.h>

#include "reports/out.h"
#include "reports/schedule.h"

enum { LEFT = 110, WIDTH = 1300, ROW = 64, TOP = 22, MARKS_MOST = 400 };

typedef struct {
    const rep_sched_page *p;
    double from, to;
} window;

static double x_of(const window *w, int64_t t)
{
    return LEFT + ((double)t - w->from) / (w->to - w->from) * (WIDTH - LEFT);
}

static int y_of(const npu_schedule *s, uint32_t model, unsigned core)
{
    return TOP + (int)(s->w->cores > 1 ? core * s->w->nmodel + model : model) * ROW;
}

static void bar(const window *w, int64_t t0, int64_t t1, int y, int height, const char *class_)
{
    double a = x_of(w, t0), b = x_of(w, t1);
    a = a < LEFT ? LEFT : a;
    b = b > WIDTH ? WIDTH : b;
    if (b > a)
        fprintf(w->p->f, "<rect class=%s x=%s y=%d width=%s height=%d />", class_, rep_fix(a, 1).s,
                y, rep_fix(b - a < 0.6 ? 0.6 : b - a, 1).s, height);
}

static void labels(const rep_sched_page *p, unsigned rows)
{
    const npu_workload *w = p->s->w;
    for (unsigned i = 0; i < rows; i++) {
        const npu_sched_model *m = &w->model[i % w->nmodel];
        int y = TOP + (int)i * ROW;
        fprintf(p->f, "<text class=lab x=0 y=%d>", y + 26);
        rep_html(p->f, m->name);
        fprintf(p->f, "</text><text x=0 y=%d>", y + 40);
        if (w->cores > 1)
            fprintf(p->f, "core %zu, ", i / w->nmodel);
        fprintf(p->f, "%s %u</text><line class=gr x1=0 x2=%d y1=%d y2=%d />\n",
                m->class_ == 2 ? "urgent" : m->class_ ? "high" : "normal", m->priority, WIDTH,
                y + ROW - 6, y + ROW - 6);
    }
}

static void job_marks(const window *w, const npu_sched_job *j, unsigned core)
{
    int y = y_of(w->p->s, j->model, core);
    double r = x_of(w, j->release), e = x_of(w, j->finish);
    bar(w, j->release, j->release + j->blocking, y + 22, 6, "blk");
    bar(w, j->release + j->blocking, j->finish, y + 22, 6, "wai");
    if (r >= LEFT && r <= WIDTH)
        fprintf(w->p->f, "<path class=rel d=\"M%s %dh8l-4 6z\" />", rep_fix(r - 4, 1).s, y + 2);
    if (e >= LEFT && e <= WIDTH)
        fprintf(w->p->f, "<line class=%s x1=%s x2=%s y1=%d y2=%d />", j->missed ? "mis" : "pre",
                rep_fix(e, 1).s, rep_fix(e, 1).s, y + 8, y + 42);
}

void rep_sched_gantt(const rep_sched_page *p)
{
    const npu_schedule *s = p->s;
    const npu_sched_job *j = &s->job[s->worst != UINT32_MAX ? s->worst : 0];
    double length = 8.0 * (double)j->response, from = (double)j->release - length / 3;
    if (from + length > (double)s->makespan)
        from = (double)s->makespan - length;
    from = from < 0 ? 0 : from;
    window w = {p, from, from + length > (double)s->makespan ? (double)s->makespan + 1
                                                              : from + length};
    unsigned rows = (unsigned)(s->w->nmodel * (s->w->cores > 1 ? s->w->cores : 1));
    fputs("<section id=schedule><h2>Schedule</h2><p class=lede>One row per model, one box per "
          "function call. Triangle: release. Thin red: blocked by later work. Thin grey: waiting "
          "for earlier work, or suspended. Red end line: deadline missed.</p>"
          "<div class=\"tools noprint\" id=gtools hidden><button type=button id=gin>+</button>"
          "<button type=button id=gout>−</button><button type=button id=gworst>Worst job</button>"
          "<button type=button id=gall>Whole schedule</button><span class=mut>drag to pan, Ctrl + "
          "wheel or + and − to zoom, 0 fits</span></div>\n", p->f);
    fprintf(p->f, "<svg id=gantt class=g tabindex=0 role=img aria-label=\"Gantt chart\" "
                  "viewBox=\"0 0 %d %u\">\n", WIDTH, TOP + 4 + rows * ROW);
    for (int i = 0; i < 5; i++) {
        double t = w.from + (w.to - w.from) * i / 5;
        fprintf(p->f, "<text x=%d y=12>%s µs</text>", LEFT + (WIDTH - LEFT) * i / 5,
                rep_group(t / 1e3).s);
    }
    labels(p, rows);
    size_t marks = 0;
    for (size_t i = 0; i < s->nspan && marks < MARKS_MOST; i++) {
        const npu_sched_span *x = &s->span[i];
        const npu_sched_job *o = &s->job[x->job];
        if ((double)x->t1 < w.from || (double)x->t0 > w.to)
            continue;
        marks++;
        if (x->t0 == o->start)
            job_marks(&w, o, x->core);
        bar(&w, x->t0, x->t1, y_of(s, o->model, x->core) + 10, 30, rep_sched_colour(o->model));
    }
    fputs("</svg></section>\n", p->f);
}
