/* The page of a sweep: which sweep, what follows, charts, every point. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/out.h"
#include "reports/page_css.inc"
#include "reports/plot.h"
#include "reports/sweep.h"
#include "reports/sweep_js.inc"
#include "reports/sweep_page.h"

enum { SENTENCES_MAX = 6 };

static void texts(FILE *f, const char *const *s)
{
    while (*s)
        fputs(*s++, f);
}

static void title(const npu_sweep *s, FILE *f)
{
    fputs("Sweep of ", f);
    if (s->nmodel == 1)
        rep_html(f, s->model[0].name);
    else
        fprintf(f, "%zu models", s->nmodel);
}

static void open_page(const npu_sweep *s, FILE *f)
{
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';style-src "
          "'unsafe-inline';script-src 'unsafe-inline';img-src data:\">\n<title>", f);
    title(s, f);
    fputs(" · npusim</title>\n<style>\n", f);
    texts(f, page_css);
    fputs("</style></head>\n<body><a class=skip href=\"#points\">Skip to the table of points</a>"
          "<main>\n", f);
}

static void models(const npu_sweep *s, FILE *f)
{
    for (size_t i = 0; i < s->nmodel; i++) {
        const npu_sweep_model *m = &s->model[i];
        fputs("<span>Model <b>", f);
        rep_html(f, m->name);
        fputs("</b> on <b>", f);
        rep_html(f, m->chip);
        fputs("</b>", f);
        if (m->error_percent >= 0)
            fprintf(f, " ± %s %%", rep_general(m->error_percent).s);
        fprintf(f, ", SHA-256 <b class=mono title=\"%.64s\">%.12s</b></span>", m->sha256,
                m->sha256);
    }
}

static void header(const npu_sweep *s, FILE *f)
{
    fputs("<header class=top><div><h1>", f);
    title(s, f);
    fputs("</h1><div class=facts>", f);
    models(s, f);
    for (size_t k = 0; k < s->nkey; k++) {
        double low = NAN, high = NAN;
        for (size_t i = 0; i < s->n; i++) {
            double v = s->point[i].value[k];
            low = isnan(low) || v < low ? v : low;
            high = isnan(high) || v > high ? v : high;
        }
        fprintf(f, "<span>%s <b>%s to %s %s</b></span>", npu_num_table[s->key[k]].key,
                rep_general(low).s, rep_general(high).s, npu_num_table[s->key[k]].unit);
    }
    fprintf(f, "<span>Points <b>%zu</b> ok, <b>%zu</b> failed</span><span>npusim <b>",
            rep_sweep_count(s, NPU_POINT_OK), rep_sweep_count(s, NPU_POINT_FAIL));
    rep_html(f, s->tool);
    fputs("</b></span></div></div><button id=theme class=noprint type=button hidden>Dark</button>"
          "</header>\n", f);
}

/* What a curve says, in words. */
static void sentence(const npu_sweep *s, const npu_sweep_line *l, FILE *f)
{
    const npu_num_info *n = &npu_num_table[s->key[s->axis]];
    const npu_sweep_point *a = &s->point[l->point[0]], *b = &s->point[l->point[l->n - 1]];
    if (*l->name) {
        rep_html(f, l->name);
        fputs(": ", f);
    }
    fprintf(f, "%s ms at %s %s, %s ms at %s %s.",
            rep_short(a->result.metric[NPU_METRIC_latency_ms]).s,
            rep_plot_text(a->value[s->axis]).s, n->unit,
            rep_short(b->result.metric[NPU_METRIC_latency_ms]).s,
            rep_plot_text(b->value[s->axis]).s, n->unit);
    if (s->key[s->axis] != NPU_NUM_ddr_bandwidth_mbps)
        return;
    if (l->reached)
        fprintf(f, " Knee: from %s MB/s on the latency is within 5 %% of the best of the sweep;"
                   " unlimited DDR gives %s ms.", rep_plot_text(l->k95).s,
                rep_short(l->unlimited_ms).s);
    else
        fprintf(f, " The knee is not reached: unlimited DDR gives %s ms.",
                rep_short(l->unlimited_ms).s);
    if (!isnan(l->ke))
        fprintf(f, " Less than half is bound by the DDR from %s MB/s on.", rep_plot_text(l->ke).s);
}

static void verdict(const npu_sweep *s, FILE *f)
{
    if (!s->nline)
        return;
    fputs("<div class=verdict><p>", f);
    sentence(s, &s->line[0], f);
    fputs("</p>", f);
    if (s->nline > 1)
        fputs("<ul>", f);
    for (size_t i = 1; i < s->nline && i < SENTENCES_MAX; i++) {
        fputs("<li>", f);
        sentence(s, &s->line[i], f);
        putc('\n', f);
    }
    if (s->nline > SENTENCES_MAX)
        fprintf(f, "<li>and %zu more curves, see sweep.json\n", s->nline - SENTENCES_MAX);
    fprintf(f, "%s</div>\n", s->nline > 1 ? "</ul>" : "");
}

void rep_sweep_html(const npu_sweep *s, FILE *f)
{
    open_page(s, f);
    header(s, f);
    verdict(s, f);
    rep_sweep_curves(s, f);
    fputs("<div class=two>\n", f);
    rep_sweep_engines(s, f);
    rep_sweep_pareto(s, f);
    fputs("</div>\n", f);
    rep_sweep_heat(s, f);
    rep_sweep_table(s, f);
    fputs("<footer>npusim ", f);
    rep_html(f, s->tool);
    fputs(", data in points.csv and sweep.json (schema npusim.sweep/1). Every point runs the same "
          "commands; 1 MB = 10<sup>6</sup> bytes.</footer></main>\n<pre id=errors hidden></pre>\n"
          "<script>\n", f);
    texts(f, sweep_js);
    fputs("</script></body></html>\n", f);
}
