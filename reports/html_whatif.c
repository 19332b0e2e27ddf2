/* What if the hardware differs: latency over DDR bandwidth, and the list of changes. */
#include <math.h>
#include <stdlib.h>

#include "reports/html.h"
#include "reports/out.h"
#include "reports/plot.h"

enum { HALF_BAR = 48 }; /* pixels a doubling takes */

static void own_point(const rep_plot *c, const npu_profile *p)
{
    char text[192];
    double own = NPU_GET(p->chip, ddr_bandwidth_mbps);
    snprintf(text, sizeof text, "this chip %s MB/s, %s ms", rep_group(own).s,
             rep_short(p->latency_ms).s);
    rep_plot_mark_x(c, own, 0, text);
    rep_plot_dot(c, own, p->latency_ms, 4.5, "--ink", text);
}

static void knee(const rep_plot *c, const npu_profile *p)
{
    char text[192];
    if (p->knee_mbps > 0) {
        snprintf(text, sizeof text, "knee %s MB/s", rep_group(p->knee_mbps).s);
        rep_plot_mark_x(c, p->knee_mbps, 2, text);
    }
    snprintf(text, sizeof text, "unlimited DDR %s ms", rep_short(p->unlimited_ms).s);
    rep_plot_mark_y(c, p->unlimited_ms, text);
}

static void curve(const rep_html_page *h, double *x)
{
    const npu_profile *p = h->p;
    size_t n = p->nsweep;
    double *y = x + n, *low = y + n, *high = low + n, e = fmax(p->error_percent, 0) / 100;
    rep_plot c = {h->f, NAN, NAN, NAN, NAN, true};
    for (size_t i = 0; i < n; i++) {
        x[i] = p->sweep[i].bandwidth_mbps;
        y[i] = p->sweep[i].latency_ms;
        low[i] = y[i] * (1 - e);
        high[i] = y[i] * (1 + e);
        rep_plot_widen(&c.x0, &c.x1, x[i]);
        rep_plot_widen(&c.y0, &c.y1, high[i]);
    }
    c.y0 = 0;
    c.y1 = c.y1 > 0 ? 1.05 * c.y1 : 1;
    rep_plot_open(&c, "Latency against DDR bandwidth", "DDR bandwidth, MB/s", "ms");
    if (e > 0)
        rep_plot_band(&c, x, low, high, n, 0);
    rep_plot_curve(&c, x, y, n, 0);
    for (size_t i = 0; i < n; i++) {
        char text[192];
        snprintf(text, sizeof text, "%s MB/s: %s ms, %s %% bound by the DDR",
                 rep_general(x[i]).s, rep_short(y[i]).s,
                 rep_fix(100 * p->sweep[i].memory_share, 0).s);
        rep_plot_dot(&c, x[i], y[i], 2.2, "--c0", text);
    }
    knee(&c, p);
    own_point(&c, p);
    rep_plot_close(&c);
}

static npu_status sweep(const rep_html_page *h)
{
    double *room = malloc(4 * h->p->nsweep * sizeof *room);
    if (!room)
        return npu_fail(h->err, NPU_LIMIT, "%s: out of memory", h->p->file);
    rep_html_section(h, "sweep", "What if the DDR changes", h->p->error_percent >= 0
                     ? "The same commands, a full run at each bandwidth; the band is the measured "
                       "error of the chip file. Knee: within 5 % of the last point."
                     : "The same commands, a full run at each bandwidth. Knee: within 5 % of the "
                       "last point.");
    curve(h, room);
    fputs("</section>\n", h->f);
    free(room);
    return NPU_OK;
}

/* A bar from the middle: left is less time. */
static void bar(FILE *f, double delta)
{
    double px = fmin(fabs(delta), 1) * HALF_BAR;
    fprintf(f, "<svg viewBox=\"0 0 %d 11\" style=\"width:%dpx;height:11px\" aria-hidden=true>"
               "<rect x=%s width=%s height=11 style=\"fill:var(%s)\" /><path class=ax "
               "d=\"M%d 0V11\" /></svg>", 2 * HALF_BAR, 2 * HALF_BAR,
            rep_fix(delta < 0 ? HALF_BAR - px : HALF_BAR, 1).s, rep_fix(px, 1).s,
            delta < 0 ? "--ok" : "--bad", HALF_BAR);
}

static void changes(const rep_html_page *h)
{
    FILE *f = h->f;
    rep_html_section(h, "whatif", "What would help", "Each line is a full run with one change, "
                     "shortest latency first. A bound is no product: it says what a change can "
                     "give at most.");
    fputs("<div class=tw tabindex=0><table class=wide><thead><tr><th class=l>Change<th>ms<th>vs "
          "now, %<th class=l><span class=vh>bar</span><tbody>\n", f);
    for (size_t i = 0; i < h->p->nwhat_if; i++) {
        const npu_prof_whatif *w = &h->p->what_if[i];
        fputs("<tr><td class=\"l wrap\">", f);
        rep_html(f, w->change);
        fputs("<br><span class=mut>", f);
        rep_html(f, w->note);
        fprintf(f, "</span><td>%s<td%s>%s<td class=l>", rep_short(w->latency_ms).s,
                w->delta > 0.0005 ? " class=pos" : "", rep_signed(100 * w->delta, 1).s);
        bar(f, w->delta);
        putc('\n', f);
    }
    fputs("</table></div></section>\n", f);
}

npu_status rep_html_whatif(const rep_html_page *h)
{
    npu_status s;
    if (h->p->nsweep == 0)
        return NPU_OK;
    fputs("<div class=two>\n", h->f);
    s = sweep(h);
    changes(h);
    fputs("</div>\n", h->f);
    return s;
}
