/* Charts along the swept key: latency and frame rate, engine time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/out.h"
#include "reports/plot.h"
#include "reports/sweep_page.h"

enum { BARS_MAX = 32, DOTS_MAX = 60 };

typedef struct { /* one curve as arrays; all owned by the first */
    double *x, *y, *low, *high;
    size_t n;
} curve;

static double metric(const npu_sweep *s, const npu_sweep_line *l, size_t i, npu_metric m)
{
    return s->point[l->point[i]].result.metric[m];
}

/* What the two engines alone allow: the larger sum, and both sums one after the other; with the
 * same start and CPU time around them. */
static void bounds(const npu_sweep *s, const npu_sweep_line *l, size_t i, curve *c)
{
    double tiu = metric(s, l, i, NPU_METRIC_tiu_ms), tdma = metric(s, l, i, NPU_METRIC_tdma_ms);
    double rest = metric(s, l, i, NPU_METRIC_latency_ms) -
                  metric(s, l, i, NPU_METRIC_inference_ms) + metric(s, l, i, NPU_METRIC_cpu_ms);
    c->low[i] = rest + (tiu > tdma ? tiu : tdma);
    c->high[i] = rest + tiu + tdma;
}

static bool curve_of(const npu_sweep *s, const npu_sweep_line *l, npu_metric m, curve *c)
{
    c->n = l->n;
    c->x = malloc(4 * l->n * sizeof *c->x);
    if (!c->x)
        return false;
    c->y = c->x + l->n;
    c->low = c->y + l->n;
    c->high = c->low + l->n;
    for (size_t i = 0; i < l->n; i++) {
        c->x[i] = s->point[l->point[i]].value[s->axis];
        c->y[i] = metric(s, l, i, m);
        bounds(s, l, i, c);
    }
    return true;
}

static size_t shown(const npu_sweep *s)
{
    return s->nline < REP_LINES_SHOWN ? s->nline : REP_LINES_SHOWN;
}

static rep_plot frame(const npu_sweep *s, npu_metric m, FILE *f)
{
    rep_plot p = {f, NAN, NAN, NAN, NAN, false};
    for (size_t k = 0; k < shown(s); k++)
        for (size_t i = 0; i < s->line[k].n; i++) {
            rep_plot_widen(&p.x0, &p.x1, s->point[s->line[k].point[i]].value[s->axis]);
            rep_plot_widen(&p.y0, &p.y1, metric(s, &s->line[k], i, m));
        }
    p.y0 = 0;
    p.y1 = p.y1 > 0 ? p.y1 * 1.08 : 1;
    p.log_x = p.x0 > 0 && p.x1 >= 4 * p.x0;
    return p;
}

static void dots(const npu_sweep *s, const rep_plot *p, const curve *c, size_t colour,
                 const char *unit)
{
    for (size_t i = 0; i < c->n && c->n <= DOTS_MAX; i++) {
        char text[120];
        snprintf(text, sizeof text, "%s %s: %s %s", rep_general(c->x[i]).s,
                 npu_num_table[s->key[s->axis]].unit, rep_short(c->y[i]).s, unit);
        rep_plot_dot(p, c->x[i], c->y[i], 2.4, rep_plot_colour(colour), text);
    }
}

static void knees(const npu_sweep *s, const rep_plot *p)
{
    const npu_sweep_line *l = &s->line[0];
    char text[96];
    if (l->reached) {
        snprintf(text, sizeof text, "K95 %s", rep_plot_text(l->k95).s);
        rep_plot_mark_x(p, l->k95, 0, text);
    }
    if (!isnan(l->ke) && l->ke > p->x0) {
        snprintf(text, sizeof text, "Ke %s", rep_plot_text(l->ke).s);
        rep_plot_mark_x(p, l->ke, 1, text);
    }
    if (!isnan(l->kd)) {
        snprintf(text, sizeof text, "Kd %s", rep_plot_text(l->kd).s);
        rep_plot_mark_x(p, l->kd, 2, text);
    }
    if (s->key[s->axis] == NPU_NUM_ddr_bandwidth_mbps) {
        snprintf(text, sizeof text, "unlimited DDR %s ms", rep_short(l->unlimited_ms).s);
        rep_plot_mark_y(p, l->unlimited_ms, text);
    }
}

static void chart(const npu_sweep *s, npu_metric m, const char *name, FILE *f)
{
    const npu_num_info *n = &npu_num_table[s->key[s->axis]];
    rep_plot p = frame(s, m, f);
    char axis[128], unit[64];
    curve c;
    snprintf(axis, sizeof axis, "%.60s, %.16s", n->key, n->unit);
    snprintf(unit, sizeof unit, "%.40s, %.16s", name, npu_metric_table[m].unit);
    rep_plot_open(&p, name, axis, unit);
    for (size_t k = 0; k < shown(s); k++) {
        if (!curve_of(s, &s->line[k], m, &c))
            continue;
        if (m == NPU_METRIC_latency_ms && k == 0)
            rep_plot_band(&p, c.x, c.low, c.high, c.n, k);
        rep_plot_curve(&p, c.x, c.y, c.n, k);
        dots(s, &p, &c, k, npu_metric_table[m].unit);
        free(c.x);
    }
    if (m == NPU_METRIC_latency_ms)
        knees(s, &p);
    rep_plot_close(&p);
}

static void legend(const npu_sweep *s, FILE *f)
{
    fputs("<div class=leg>", f);
    for (size_t k = 0; k < shown(s) && s->nline > 1; k++) {
        fprintf(f, "<span><i class=sw style=\"background:var(%s)\"></i>", rep_plot_colour(k));
        rep_html(f, s->line[k].name);
        fputs("</span>", f);
    }
    if (s->nline > REP_LINES_SHOWN)
        fprintf(f, "<span>and %zu more curves, not drawn</span>", s->nline - REP_LINES_SHOWN);
    fputs("</div>\n", f);
}

void rep_sweep_curves(const npu_sweep *s, FILE *f)
{
    if (!s->nline)
        return;
    fputs("<div class=two>\n<section id=latency><h2>Latency</h2><p class=lede>One full run per "
          "point. The band of the first curve is what its two engines allow: from the larger of "
          "both sums to one after the other. K95: within 5 % of the last point; Ke: less than "
          "half bound by the DDR; Kd: farthest below the chord.</p>\n", f);
    chart(s, NPU_METRIC_latency_ms, "Latency", f);
    fputs("</section>\n<section id=fps><h2>Frame rate</h2><p class=lede>The same points, frames "
          "back to back.</p>\n", f);
    chart(s, NPU_METRIC_fps, "Frame rate", f);
    fputs("</section></div>\n", f);
    legend(s, f);
}

/* Parts of the latency that add up to it. */
static const struct {
    const char *name, *colour;
} parts[] = {{"TIU alone", "--c0"}, {"both engines", "--c1"}, {"TDMA alone", "--c3"},
             {"CPU", "--c5"}, {"neither, launch", "--c4"}};
enum { PARTS = sizeof parts / sizeof *parts };

static void split(const npu_sweep_point *p, double part[PARTS])
{
    const double *m = p->result.metric;
    part[1] = m[NPU_METRIC_both_ms];
    part[0] = m[NPU_METRIC_tiu_ms] - part[1];
    part[2] = m[NPU_METRIC_tdma_ms] - part[1];
    part[3] = m[NPU_METRIC_cpu_ms];
    part[4] = m[NPU_METRIC_idle_ms] + m[NPU_METRIC_latency_ms] - m[NPU_METRIC_inference_ms];
}

static void bar(const npu_sweep *s, const npu_sweep_point *p, double longest, FILE *f)
{
    double part[PARTS];
    split(p, part);
    fprintf(f, "<tr><th scope=row>%s<td class=wide><span class=bar style=\"width:100%%\">",
            rep_plot_text(p->value[s->axis]).s);
    for (size_t i = 0; i < PARTS; i++)
        if (part[i] > 0)
            fprintf(f, "<i style=\"width:%s%%;background:var(%s)\" title=\"%s %s ms\"></i>",
                    rep_fix(100 * part[i] / longest, 2).s, parts[i].colour, parts[i].name,
                    rep_short(part[i]).s);
    fprintf(f, "</span><td>%s\n", rep_short(p->result.metric[NPU_METRIC_latency_ms]).s);
}

void rep_sweep_engines(const npu_sweep *s, FILE *f)
{
    double longest = 0;
    if (!s->nline)
        return;
    const npu_sweep_line *l = &s->line[0];
    size_t n = l->n < BARS_MAX ? l->n : BARS_MAX;
    for (size_t i = 0; i < l->n; i++)
        longest = fmax(longest, metric(s, l, i, NPU_METRIC_latency_ms));
    fputs("<section id=engines><h2>Engine time</h2><p class=lede>What the engines do in each "
          "frame of the first curve; the parts add up to the latency.</p><div class=tw>"
          "<table class=wide><thead><tr><th class=l>", f);
    fprintf(f, "%s, %s<th class=l style=\"width:60%%\">time<th>ms<tbody>\n",
            npu_num_table[s->key[s->axis]].key, npu_num_table[s->key[s->axis]].unit);
    for (size_t i = 0; i < n && longest > 0; i++)
        bar(s, &s->point[l->point[n < 2 ? 0 : i * (l->n - 1) / (n - 1)]], longest, f);
    fputs("</table></div><div class=leg>", f);
    for (size_t i = 0; i < PARTS; i++)
        fprintf(f, "<span><i class=sw style=\"background:var(%s)\"></i>%s</span>", parts[i].colour,
                parts[i].name);
    fputs("</div></section>\n", f);
}
