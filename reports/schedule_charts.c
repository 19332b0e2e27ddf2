/* Charts of the schedule page: distribution of responses, and what splitting buys and costs. */
#include <inttypes.h>
#include <stdlib.h>

#include "reports/out.h"
#include "reports/schedule.h"

enum { W = 620, H = 240, LEFT = 48, BOTTOM = 34, CURVE_POINTS = 200 };

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double xs(int64_t v, int64_t most)
{
    return LEFT + (most ? (double)v / (double)most : 0) * (W - LEFT - 20);
}

static double ys(double share)
{
    return 10 + (1 - share) * (H - BOTTOM - 10);
}

static void frame(FILE *f, int64_t most, const char *label, double top, const char *top_unit)
{
    fprintf(f, "<svg class=chart viewBox=\"0 0 %d %d\" role=img>", W, H);
    for (int i = 0; i <= 4; i++) {
        double y = ys(i / 4.0), x = LEFT + (W - LEFT - 20) * i / 4.0;
        fprintf(f, "<line class=gr x1=%d x2=%d y1=%s y2=%s /><text x=%d y=%s text-anchor=end>%s%s"
                   "</text>", LEFT, W - 20, rep_fix(y, 1).s, rep_fix(y, 1).s, LEFT - 6,
                rep_fix(y + 4, 1).s, rep_short(top * i / 4).s, top_unit);
        fprintf(f, "<text x=%s y=%d text-anchor=middle>%s</text>", rep_fix(x, 1).s, H - 18,
                rep_short((double)most / 1e6 * i / 4).s);
    }
    fprintf(f, "<text x=%d y=%d text-anchor=middle>%s, ms</text>", (W + LEFT) / 2, H - 2, label);
}

static void curve(FILE *f, const npu_schedule *s, uint32_t m, int64_t *r, int64_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < s->njob; i++)
        if (s->job[i].model == m)
            r[n++] = s->job[i].response;
    if (n == 0)
        return;
    qsort(r, n, sizeof *r, by_value);
    fprintf(f, "<path class=\"line s%" PRIu32 "\" d=\"M%d %s", m % 8, LEFT, rep_fix(ys(0), 1).s);
    size_t step = n > CURVE_POINTS ? n / CURVE_POINTS : 1;
    for (size_t i = 0; i < n; i += step) {
        fprintf(f, "H%s", rep_fix(xs(r[i], most), 1).s);
        fprintf(f, "V%s", rep_fix(ys((double)(i + step < n ? i + step : n) / (double)n), 1).s);
    }
    fprintf(f, "H%d\" />", W - 20);
    double x = xs(r[n - 1], most);
    fprintf(f, "<text class=ink x=%s y=%s text-anchor=\"%s\">",
            rep_fix(x > W / 2 ? x - 6 : x + 6, 1).s,
            rep_fix(ys(0.8 - 0.12 * (m % 6)), 1).s, x > W / 2 ? "end" : "start");
    rep_html(f, s->w->model[m].name);
    fprintf(f, ", max %s</text>", rep_short((double)r[n - 1] / 1e6).s);
}

static void distribution(const rep_sched_page *p)
{
    const npu_schedule *s = p->s;
    int64_t most = 0, *r = malloc((s->njob + 1) * sizeof *r);
    if (!r)
        return;
    for (uint32_t m = 0; m < s->w->nmodel; m++)
        most = s->stat[m].max > most ? s->stat[m].max : most;
    fputs("<section id=distribution><h2>Response distribution</h2><p class=lede>Share of jobs done "
          "within a time.</p>", p->f);
    frame(p->f, most, "response", 100, " %");
    for (uint32_t m = 0; m < s->w->nmodel; m++)
        curve(p->f, s, m, r, most);
    fputs("</svg></section>\n", p->f);
    free(r);
}

static void trade_line(FILE *f, const npu_schedule *s, bool waits, int64_t most_x, int64_t most_y)
{
    uint32_t m = waits ? s->wait_model : s->split_model;
    fprintf(f, "<path class=\"line s%" PRIu32 "\" d=\"", m % 8);
    for (size_t i = 0; i < s->npoint; i++) {
        int64_t v = waits ? s->point[i].other_max : s->point[i].own_max;
        fprintf(f, "%s%s ", i ? "L" : "M", rep_fix(xs(s->point[i].call_max, most_x), 1).s);
        fprintf(f, "%s", rep_fix(ys((double)v / (double)most_y), 1).s);
    }
    fputs("\" />", f);
    for (size_t i = 0; i < s->npoint; i++) {
        int64_t v = waits ? s->point[i].other_max : s->point[i].own_max;
        fprintf(f, "<circle class=m%" PRIu32 " r=3 cx=%s ", m % 8,
                rep_fix(xs(s->point[i].call_max, most_x), 1).s);
        fprintf(f, "cy=%s />", rep_fix(ys((double)v / (double)most_y), 1).s);
    }
}

static void trade_off(const rep_sched_page *p)
{
    const npu_schedule *s = p->s;
    FILE *f = p->f;
    int64_t x = 1, y = 1;
    fputs("<section id=trade><h2>Call length against response</h2>", f);
    if (s->npoint < 2) {
        fputs("<p class=lede>No job was blocked by a model that could be split.</p></section>\n",
              f);
        return;
    }
    for (size_t i = 0; i < s->npoint; i++) {
        x = s->point[i].call_max > x ? s->point[i].call_max : x;
        y = s->point[i].own_max > y ? s->point[i].own_max : y;
        y = s->point[i].other_max > y ? s->point[i].other_max : y;
    }
    fputs("<p class=lede>Each dot is the same load simulated with another call limit on ", f);
    rep_html(f, s->w->model[s->split_model].name);
    fputs(". Across: its longest call. Up: worst response of it and of ", f);
    rep_html(f, s->w->model[s->wait_model].name);
    fputs(".</p>", f);
    frame(f, x, "longest function call", (double)y / 1e6, "");
    trade_line(f, s, false, x, y);
    trade_line(f, s, true, x, y);
    if (s->target_ns && s->target_ns <= y)
        fprintf(f, "<line class=dash x1=%d x2=%d y1=%s y2=%s />", LEFT, W - 20,
                rep_fix(ys((double)s->target_ns / (double)y), 1).s,
                rep_fix(ys((double)s->target_ns / (double)y), 1).s);
    fputs("</svg><div class=tw tabindex=0><table class=wide><thead><tr><th>Limit<th>Calls"
          "<th>Longest call<th>Worst of the waiting<th>Its blocking<th>Worst of the split"
          "<th>Cost of splitting<tbody>\n", f);
    for (size_t i = 0; i < s->npoint; i++) {
        const npu_sched_point *q = &s->point[i];
        fprintf(f, "<tr><td>%s<td>%zu", q->limit ? rep_group((double)q->limit / 1e3).s : "none",
                q->calls);
        const int64_t v[] = {q->call_max, q->other_max, q->other_blocking, q->own_max,
                             q->split_cost};
        for (size_t k = 0; k < sizeof v / sizeof *v; k++)
            fprintf(f, "<td>%s", rep_group((double)v[k] / 1e3).s);
        putc('\n', f);
    }
    fputs("</table></div></section>\n", f);
}

void rep_sched_charts(const rep_sched_page *p)
{
    fputs("<div class=two>", p->f);
    distribution(p);
    trade_off(p);
    fputs("</div>\n", p->f);
}
