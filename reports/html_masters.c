/* Who uses the DDR: traffic over time by master, and what each costs. */
#include "reports/html.h"

#include <math.h>

#include "reports/out.h"

enum { HEIGHT = 100, COLOURS = 6 };

/* Bytes of interval B below master M (the NPU is at the bottom). */
static double below(const npu_profile *p, size_t m, size_t b)
{
    double sum = (double)p->bin[b].read + (double)p->bin[b].write;
    for (size_t i = 0; i < m; i++)
        sum += (double)p->master[i].bin[b];
    return sum;
}

/* Steps from BELOW(M) to BELOW(M + 1), or the NPU's own from 0 when M is SIZE_MAX. */
static void area(FILE *f, const npu_profile *p, size_t m, const char *colour, double full)
{
    bool npu = m == SIZE_MAX;
    fprintf(f, "<path class=%s d=\"M0 %d", colour, HEIGHT);
    for (size_t b = 0; b < p->nbin; b++)
        fprintf(f, "V%ldh1", lround(HEIGHT * (1 - below(p, npu ? 0 : m + 1, b) / full)));
    for (size_t b = p->nbin; b-- > 0;)
        fprintf(f, "V%ldh-1", npu ? (long)HEIGHT : lround(HEIGHT * (1 - below(p, m, b) / full)));
    fputs("z\" />", f);
}

static void chart(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    double peak = NPU_GET(p->chip, ddr_bandwidth_mbps) * 1e6 * (double)p->bin_ticks / p->tick_hz;
    fputs("<div class=leg><span><i class=\"sw brd\"></i>NPU</span>", h->f);
    for (size_t i = 0; i < p->nmaster; i++) {
        fprintf(h->f, "<span><i class=\"sw b%zu\"></i>", i % COLOURS);
        rep_html(h->f, p->master[i].name);
        fputs("</span>", h->f);
    }
    fprintf(h->f, "</div>\n<div role=img aria-label=\"DDR traffic over the frame by master\">"
                  "<div class=lane><span>DDR, line: peak</span><svg class=big viewBox=\"0 0 %zu "
                  "%d\" preserveAspectRatio=none aria-hidden=true>", p->nbin ? p->nbin : 1, HEIGHT);
    area(h->f, p, SIZE_MAX, "frd", peak);
    for (size_t i = 0; i < p->nmaster; i++) {
        char colour[4] = {'f', (char)('0' + i % COLOURS), '\0'};
        area(h->f, p, i, colour, peak);
    }
    fprintf(h->f, "<path class=pk d=\"M0 0H%zu\" /></svg></div>\n<div class=\"lane axis\"><span>"
                  "</span><i>0 ms</i><i>%s</i><i>%s ms</i></div></div>\n", p->nbin,
            rep_short(p->inference_ms / 2).s, rep_short(p->inference_ms).s);
}

npu_status rep_html_masters(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    double ms = 1000 / p->tick_hz;
    if (p->nmaster == 0)
        return NPU_OK;
    rep_html_section(h, "masters", "Who uses the DDR",
                     "Traffic of the NPU and of the other masters over the frame. The slowdown of "
                     "a master is the latency of this run less that of a run without it.");
    chart(h);
    fputs("<div class=tw tabindex=0><table><thead><tr><th class=l>Master<th class=l>Kind<th>MB/s"
          "<th>of peak %<th>Slowdown ms<th>%</tr></thead>\n<tbody>", h->f);
    for (size_t i = 0; i < p->nmaster; i++) {
        const npu_prof_master *m = &p->master[i];
        fputs("<tr><td class=l>", h->f);
        rep_html(h->f, m->name);
        fprintf(h->f, "<td class=l>%s<td>%s<td>%s<td>%s<td>%s</tr>\n", m->kind,
                rep_group(m->average_mbps).s,
                rep_fix(100 * m->average_mbps / NPU_GET(p->chip, ddr_bandwidth_mbps), 1).s,
                rep_fix((double)m->slowdown_ticks * ms, 3).s, rep_fix(m->slowdown_percent, 1).s);
    }
    fprintf(h->f, "</tbody></table></div>\n<p>Alone on the DDR the model takes %s ms, here %s "
                  "ms.</p></section>\n", rep_short((double)p->alone_ticks * ms).s,
            rep_short(p->latency_ms).s);
    return NPU_OK;
}
