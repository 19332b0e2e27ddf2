/* The timeline: a coarse picture as static SVG, over which the script puts the exact one. */
#include "reports/html.h"

#include <math.h>
#include <stdlib.h>

#include "reports/bins.h"
#include "reports/out.h"

enum { BINS = 200, HEIGHT = 100 };

/* An area of BINS steps between LOW and HIGH (0..HEIGHT, up): one relative path. */
static void area(FILE *f, const char *colour, const double *low, const double *high)
{
    for (int i = 0; i < BINS;) {
        int end = i, y0 = (int)lround(HEIGHT - high[i]), top = y0;
        if (lround(high[i]) <= lround(low[i])) {
            i++;
            continue;
        }
        while (end < BINS && lround(high[end]) > lround(low[end]))
            end++;
        fprintf(f, "<path class=%s d=\"M%d %d", colour, i, y0);
        for (int k = i; k < end; k++) {
            int y = (int)lround(HEIGHT - high[k]);
            int run = 1;
            while (k + run < end && lround(HEIGHT - high[k + run]) == y)
                run++;
            if (y != top)
                fprintf(f, "V%d", y);
            fprintf(f, "h%d", run);
            top = y;
            k += run - 1;
        }
        for (int k = end - 1; k >= i; k--) {
            int y = (int)lround(HEIGHT - low[k]), run = 1;
            while (k - run >= i && lround(HEIGHT - low[k - run]) == y)
                run++;
            fprintf(f, "V%dh-%d", y, run);
            k -= run - 1;
        }
        fputs("z\" />", f);
        i = end;
    }
}

static void lane_open(FILE *f, const char *name, const char *size)
{
    fprintf(f, "<div class=lane><span>%s</span><svg class=%s viewBox=\"0 0 %d %d\" "
               "preserveAspectRatio=none aria-hidden=true>", name, size, BINS, HEIGHT);
}

/* Busy share of units A and B (the same for one) in each bin, stacked by cause. */
static void lane(FILE *f, const rep_bin *bin, int64_t width, const char *name, npu_unit u)
{
    double low[BINS] = { 0 }, high[BINS];
    bool any = false;
    for (int i = 0; i < BINS && !any; i++)
        for (int c = 0; c < NPU_CAUSES; c++)
            any = any || bin[i].busy[u][c] > 0;
    if (!any)
        return;
    lane_open(f, name, u == NPU_UNIT_TIU ? "big" : "small");
    for (int c = 0; c < NPU_CAUSES; c++) {
        char colour[4] = { 'f', (char)('0' + c), '\0' };
        for (int i = 0; i < BINS; i++)
            high[i] = low[i] + HEIGHT * (double)bin[i].busy[u][c] / (double)width;
        area(f, colour, low, high);
        for (int i = 0; i < BINS; i++)
            low[i] = high[i];
    }
    fputs("</svg></div>\n", f);
}

static void bandwidth(FILE *f, const rep_bin *bin, double bytes_at_peak)
{
    double zero[BINS] = { 0 }, read[BINS], both[BINS];
    for (int i = 0; i < BINS; i++) {
        read[i] = HEIGHT * (double)bin[i].read / bytes_at_peak;
        both[i] = read[i] + HEIGHT * (double)bin[i].write / bytes_at_peak;
    }
    lane_open(f, "DDR, line: peak", "big");
    area(f, "frd", zero, read);
    area(f, "fwr", read, both);
    fprintf(f, "<path class=pk d=\"M0 0H%d\" /></svg></div>\n", BINS);
}

static npu_status coarse(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    int64_t width = (p->inference_ticks + BINS - 1) / BINS;
    double peak = NPU_GET(p->chip, ddr_bandwidth_mbps) * 1e6;
    rep_bin *bin;
    width = width > 0 ? width : 1;
    bin = rep_bins(p, -1, 0, width, BINS);
    if (!bin)
        return npu_fail(h->err, NPU_LIMIT, "%s: no memory for the timeline", p->file);
    fputs("<div class=coarse role=img aria-label=\"Engine activity over the frame\">", h->f);
    for (int u = 0; u < NPU_UNITS; u++)
        lane(h->f, bin, width, npu_unit_name((npu_unit)u), (npu_unit)u);
    bandwidth(h->f, bin, peak * (double)width / p->tick_hz);
    fprintf(h->f, "<div class=\"lane axis\"><span></span><i>0 ms</i><i>%s</i><i>%s ms</i></div>"
                  "</div>\n", rep_short(p->inference_ms / 2).s, rep_short(p->inference_ms).s);
    free(bin);
    return NPU_OK;
}

npu_status rep_html_time(const rep_html_page *h)
{
    static const char *const word[NPU_CAUSES] = {
        "MAC", "vector, look-up", "local-memory bound", "DDR bound", "fixed cost", "CPU, estimated"
    };
    FILE *f = h->f;
    rep_html_section(h, "time", "Where the time is",
                     "One row per engine over the whole frame, DDR below on the same axis. Where "
                     "commands are narrower than a pixel, height is the busy share of that pixel."
                     "<span class=js-only> Drag to pan, Ctrl + wheel or + and − to zoom, drag the "
                     "overview to jump, click a command to select its layer; n and p step through "
                     "commands.</span>");
    fputs("<div class=\"tools noprint\" id=ttools hidden><button type=button data-z=in "
          "aria-label=\"Zoom in\">+</button><button type=button data-z=out "
          "aria-label=\"Zoom out\">−</button><button type=button data-z=fit>Whole frame</button>"
          "<button type=button data-z=sel>Selected layer</button><label><input type=checkbox "
          "id=cp> critical path only</label></div>\n<div class=leg>", f);
    for (int c = 0; c < NPU_CAUSES; c++)
        if (c != NPU_CAUSE_CPU || h->p->cpu_ticks > 0)
            fprintf(f, "<span><i class=\"sw b%d\"></i>%s</span>", c, word[c]);
    fputs("<span><i class=\"sw brd\"></i>DDR read</span><span><i class=\"sw bwr\"></i>DDR write"
          "</span></div>\n<div class=tl id=tl></div>\n", f);
    NPU_TRY(coarse(h));
    fputs("<div id=wstat class=wstat role=status></div></section>\n", f);
    return NPU_OK;
}
