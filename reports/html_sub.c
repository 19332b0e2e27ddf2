/* The page of one sub-graph: summary, intervals, its layers. */
#include "reports/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "reports/interval.h"
#include "reports/out.h"

enum { CHART_W = 1000, CHART_H = 160 };

static void fact(const rep_html_page *h, const char *name, const char *value)
{
    rep_html_fact(h, name);
    rep_html(h->f, value);
    putc('\n', h->f);
}

static void header(const rep_html_page *h, const npu_prof_subgraph *s)
{
    FILE *f = h->f;
    fputs("<header class=top><div><h1>", f);
    rep_html(f, s->name);
    fputs("</h1><div class=facts><span>Sub-graph of <b>", f);
    rep_html(f, h->p->file);
    fputs("</b></span><span>Chip <b>", f);
    rep_html(f, h->p->chip->name);
    fprintf(f, "</b></span><span>SHA-256 <b class=mono>%.12s</b></span></div></div>"
               "<button id=theme class=noprint type=button hidden>Dark</button></header>\n",
            h->p->sha256);
}

/* Of a .bin for one core also the rate of two that work on frames of their own. */
static void rates(const rep_html_page *h, double fps)
{
    const npu_prof_origin *o = h->p->origin;
    if (!o || o->cores == 1)
        fact(h, "FPS (1 core)", rep_fix(fps, 2).s);
    if (o)
        fact(h, "FPS (2 cores)", rep_fix(o->cores == 1 ? 2 * fps : fps, 2).s);
}

static void summary(const rep_html_page *h, const npu_prof_subgraph *s)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    double ms = rep_ms(p, s->end - s->start);
    rep_html_section(h, "summary", "Summary",
                     "This sub-graph alone, as part of one frame; the launch is not in it.");
    fputs("<dl>\n", f);
    rates(h, ms > 0 ? 1e3 / ms : 0);
    rep_html_fact(h, "Latency");
    fprintf(f, "%s ms (%s us)%s\n", rep_fix(ms, rep_ms_decimals(p)).s, rep_fix(ms * 1e3, 1).s,
            s->cpu ? ", a CPU routine: estimated" : "");
    rep_html_fact(h, "OPs per frame");
    fprintf(f, "%s\n", rep_group(2 * (double)s->macs).s);
    rep_html_fact(h, "TIU busy");
    fprintf(f, "%s %%, %" PRIu32 " commands\n", rep_fix(rep_share(s->tiu, s->end - s->start), 1).s,
            s->n_tiu);
    rep_html_fact(h, "TDMA busy");
    fprintf(f, "%s %%, %" PRIu32 " commands\n",
            rep_fix(rep_share(s->tdma, s->end - s->start), 1).s, s->n_tdma);
    for (size_t i = 0; i < s->ninput; i++)
        fact(h, i ? "" : "Input features", s->input[i]);
    for (size_t i = 0; i < s->noutput; i++)
        fact(h, i ? "" : "Output features", s->output[i]);
    fputs("</dl></section>\n", f);
}

/* Stacked bars of read and written MB/s, TIU utilisation as a line over them. */
static void chart(const rep_html_page *h, const rep_interval *v)
{
    FILE *f = h->f;
    double top = 1, w = (double)CHART_W / (double)v->n;
    for (size_t i = 0; i < v->n; i++)
        top = fmax(top, rep_interval_mbps(v, i, false) + rep_interval_mbps(v, i, true));
    fprintf(f, "<p class=cap>Bars: DDR, 0 to %s MB/s. Line: TIU utilisation, 0 to 100 %%.</p>"
               "<svg class=ival viewBox=\"0 0 %d %d\" preserveAspectRatio=none role=img "
               "aria-label=\"DDR bandwidth and TIU utilisation per interval\">",
            rep_group(top).s, CHART_W, CHART_H);
    for (size_t i = 0; i < v->n; i++) {
        double r = rep_interval_mbps(v, i, false) / top * CHART_H;
        double wr = rep_interval_mbps(v, i, true) / top * CHART_H;
        rep_num x = rep_fix(w * (double)i, 1), width = rep_fix(w > 3 ? w - 1.5 : w, 1);
        if (r > 0.2)
            fprintf(f, "<rect class=frd x=%s width=%s y=%s height=%s />", x.s, width.s,
                    rep_fix(CHART_H - r, 1).s, rep_fix(r, 1).s);
        if (wr > 0.2)
            fprintf(f, "<rect class=fwr x=%s width=%s y=%s height=%s />", x.s, width.s,
                    rep_fix(CHART_H - r - wr, 1).s, rep_fix(wr, 1).s);
    }
    fputs("<path class=util d=\"", f);
    for (size_t i = 0; i < v->n; i++)
        fprintf(f, "%s%s %sH%s", i ? "L" : "M", rep_fix(w * (double)i, 1).s,
                rep_fix(CHART_H * (1 - rep_interval_tiu(v, i)), 1).s,
                rep_fix(w * (double)(i + 1), 1).s);
    rep_num end = rep_short(v->ms * (double)v->n);
    fprintf(f, "\" /></svg><div class=\"lane axis\"><i>0 ms</i><i>%s</i><i>%s ms</i></div>\n"
               "<div class=leg><span><i class=\"sw brd\"></i>loaded</span><span>"
               "<i class=\"sw bwr\"></i>stored</span></div>\n",
            rep_short(v->ms * (double)v->n / 2).s, end.s);
}

static void interval_table(FILE *f, const rep_interval *v)
{
    fprintf(f, "<details class=fold open><summary>%zu intervals of %s ms</summary>"
               "<div class=\"tw tall\" tabindex=0><table class=wide><thead><tr><th>From ms<th>"
               "Loaded MB/s<th>Stored MB/s<th>TIU %%<tbody>\n", v->n, rep_general(v->ms).s);
    for (size_t i = 0; i < v->n; i++)
        fprintf(f, "<tr><td>%s<td>%s<td>%s<td>%s\n", rep_general(v->ms * (double)i).s,
                rep_group(rep_interval_mbps(v, i, false)).s,
                rep_group(rep_interval_mbps(v, i, true)).s,
                rep_fix(100 * rep_interval_tiu(v, i), 0).s);
    fputs("</table></div></details>\n", f);
}

static npu_status temporal(const rep_html_page *h, const npu_prof_subgraph *s)
{
    double ms = rep_ms(h->p, s->end - s->start);
    rep_interval v;
    FILE *f = h->f;
    NPU_TRY(rep_interval_make(h->p, h->o->subgraph, &v, h->err));
    rep_html_section(h, "temporal", "Temporal Statistics", NULL);
    fputs("<dl>\n", f);
    fact(h, "Loaded bytes per frame", rep_group((double)s->read).s);
    fact(h, "Stored bytes per frame", rep_group((double)s->write).s);
    fact(h, "DDR bytes per frame", rep_group((double)(s->read + s->write)).s);
    fact(h, "DDR bytes per second",
         rep_group(ms > 0 ? (double)(s->read + s->write) / ms * 1e3 : 0).s);
    fputs("</dl>\n", f);
    chart(h, &v);
    interval_table(f, &v);
    fputs("</section>\n", f);
    free(v.bin);
    return NPU_OK;
}

npu_status rep_html_subgraph(const rep_html_page *h)
{
    const npu_prof_subgraph *s = &h->p->subgraph[h->o->subgraph];
    rep_html_open(h, "");
    header(h, s);
    summary(h, s);
    NPU_TRY(temporal(h, s));
    if (!h->p->origin || h->p->origin->debug) { /* a .bin hides them unless compiled with debug */
        rep_html_section(h, "layers", "Layer Details",
                         "Time is the layer's part of the critical path; * name inferred from the "
                         "producer.");
        rep_html_layer_table(h, REP_IN_PART);
        fputs("<div id=selbar class=selbar role=status></div></section>\n", h->f);
    }
    rep_html_close(h);
    return NPU_OK;
}
