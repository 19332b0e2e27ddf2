/* Static charts: roofline and the strip of the model's structure. */
#include "reports/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/out.h"

enum { W = 640, H = 340, LEFT = 46, RIGHT = 12, TOP = 22, BOTTOM = 44, NAMES = 8 };

typedef struct {
    FILE *f;
    const npu_profile *p;
    double x0, x1, y0, y1; /* decades of the axes: MAC per byte, GMAC/s */
    double peak, bw;       /* GMAC/s, GB/s */
} chart;

static double px(const chart *c, double macs_per_byte)
{
    double x = log10(macs_per_byte);
    x = x < c->x0 ? c->x0 : x > c->x1 ? c->x1 : x;
    return LEFT + (x - c->x0) / (c->x1 - c->x0) * (W - LEFT - RIGHT);
}

static double py(const chart *c, double gmacs)
{
    double y = log10(gmacs);
    y = y < c->y0 ? c->y0 : y > c->y1 ? c->y1 : y;
    return H - BOTTOM - (y - c->y0) / (c->y1 - c->y0) * (H - BOTTOM - TOP);
}

/* Layers with MACs are points: x from their DDR bytes, y from their MACs over the time they took,
 * which is the larger of their TIU time and their part of the critical path. */
static bool point(const npu_profile *p, const npu_prof_layer *l, double *x, double *y)
{
    int64_t ticks = l->tiu > l->exclusive ? l->tiu : l->exclusive;
    if (l->macs == 0 || ticks <= 0)
        return false;
    *x = (double)l->macs / (double)(l->read + l->write > 0 ? l->read + l->write : 1);
    *y = (double)l->macs / 1e6 / rep_ms(p, ticks);
    return true;
}

static void limits(chart *c, const rep_html_page *h)
{
    const npu_profile *p = h->p;
    double x, y, knee, low = 0, xmin, xmax;
    c->peak = p->peak_macs_per_tick * p->tick_hz / 1e9;
    c->bw = NPU_GET(p->chip, ddr_bandwidth_mbps) / 1e3;
    knee = c->bw > 0 && c->peak > 0 ? c->peak / c->bw : 1;
    xmin = knee / 3;
    xmax = knee * 3;
    low = c->peak > 0 ? c->peak / 8 : 1;
    for (size_t i = 0; i < h->nslow; i++) {
        if (!point(p, &p->layer[h->slow[i]], &x, &y))
            continue;
        xmin = x < xmin ? x : xmin;
        xmax = x > xmax && x < 1e6 ? x : xmax;
        low = y < low ? y : low;
    }
    c->x0 = fmax(log10(xmin) - 0.15, -3);
    c->x1 = log10(xmax) + 0.15;
    c->y1 = log10(c->peak > 0 ? c->peak : 1) + 0.25;
    c->y0 = fmax(log10(low) - 0.1, c->y1 - 3.5);
}

/* Grid line and label at V on the x (VERTICAL) or y axis. */
static void tick(const chart *c, double v, bool vertical)
{
    double at = vertical ? px(c, v) : py(c, v);
    if (vertical)
        fprintf(c->f, "<path class=gr d=\"M%s %dV%d\" /><text x=%s y=%d text-anchor=middle>%s"
                      "</text>", rep_fix(at, 0).s, TOP, H - BOTTOM, rep_fix(at, 0).s,
                H - BOTTOM + 16, rep_axis(v).s);
    else
        fprintf(c->f, "<path class=gr d=\"M%d %sH%d\" /><text x=%d y=%s text-anchor=end>%s</text>",
                LEFT, rep_fix(at, 0).s, W - RIGHT, LEFT - 6, rep_fix(at + 4, 0).s, rep_axis(v).s);
}

static void grid(const chart *c)
{
    static const double step[] = { 1, 2, 5 };
    for (int n = -3; n <= 6; n++) {
        double v = pow(10, n);
        if (n > c->x0 && n < c->x1)
            tick(c, v, true);
        for (int i = 0; i < 3; i++)
            if (log10(v * step[i]) > c->y0 && log10(v * step[i]) < c->y1 &&
                (i == 0 || c->y1 - c->y0 < 2))
                tick(c, v * step[i], false);
    }
    fprintf(c->f, "<text x=0 y=10>GMAC/s (log)</text><text x=%d y=%d text-anchor=middle>MAC per "
                  "DDR byte (log)</text>\n", (LEFT + W) / 2, H - 8);
}

static void roof(const chart *c, double peak, const char *style, const char *name)
{
    double xl = pow(10, c->x0), knee = peak / c->bw, y0 = pow(10, c->y0);
    if (xl * c->bw < y0)
        xl = y0 / c->bw;
    fprintf(c->f, "<path class=\"%s\" d=\"M%s %sL%s %sH%d\" /><text class=ink x=%d y=%s "
                  "text-anchor=end>%s GMAC/s %s peak</text>", style, rep_fix(px(c, xl), 1).s,
            rep_fix(py(c, xl * c->bw), 1).s, rep_fix(px(c, knee), 1).s, rep_fix(py(c, peak), 1).s,
            W - RIGHT, W - RIGHT, rep_fix(py(c, peak) - 8, 0).s, rep_axis(peak).s, name);
}

typedef struct { /* a name already written */
    double left, right, y;
} name_box;

/* Writes the name of a point right or left of it, where it covers none of the N names before. */
static bool label(const chart *c, const npu_prof_layer *l, double x, double y, name_box *taken,
                  int n)
{
    double width = 6.2 * (double)(strlen(l->name) + strlen(rep_cause_word(l->bound)) + 2);
    for (int side = 0; side < 2; side++) {
        double from = side ? x - 8 - width : x + 8;
        bool free_place = from > LEFT && from + width < W;
        for (int i = 0; i < n && free_place; i++)
            free_place = fabs(taken[i].y - y) > 13 || taken[i].left > from + width ||
                         taken[i].right < from;
        if (!free_place)
            continue;
        fprintf(c->f, "<text x=%s y=%s%s>", rep_fix(side ? x - 8 : x + 8, 0).s,
                rep_fix(y + 4, 0).s, side ? " text-anchor=end" : "");
        rep_html(c->f, l->name);
        fprintf(c->f, ", %s</text>", rep_cause_word(l->bound));
        taken[n] = (name_box){ from, from + width, y };
        return true;
    }
    return false;
}

static void points(const chart *c, const rep_html_page *h)
{
    name_box taken[NAMES];
    double x, y;
    int n = 0;
    for (size_t i = 0; i < h->nslow; i++) {
        const npu_prof_layer *l = &c->p->layer[h->slow[i]];
        double r;
        if (!point(c->p, l, &x, &y))
            continue;
        r = 2.2 + 6.5 * sqrt(rep_share(l->exclusive, c->p->latency_ticks) / 8);
        fprintf(c->f, "<circle class=\"pt f%d\" data-l=%" PRIu32 " cx=%s cy=%s r=%s><title>",
                (int)l->bound, h->slow[i], rep_fix(px(c, x), 1).s, rep_fix(py(c, y), 1).s,
                rep_fix(r > 14 ? 14 : r, 1).s);
        rep_html(c->f, l->name);
        fputs("</title></circle>\n", c->f);
    }
    for (size_t i = 0; i < h->nslow && n < NAMES; i++) {
        const npu_prof_layer *l = &c->p->layer[h->slow[i]];
        if (l->bound != NPU_CAUSE_MAC && point(c->p, l, &x, &y))
            n += label(c, l, px(c, x), py(c, y), taken, n);
    }
}

static void roofline(const rep_html_page *h)
{
    chart c = { .f = h->f, .p = h->p };
    bool bf16 = false;
    const npu_chip *chip = h->p->chip;
    for (size_t i = 0; i < h->p->nlayer; i++)
        bf16 = bf16 || (h->p->layer[i].bf16 && h->p->layer[i].macs);
    limits(&c, h);
    rep_html_section(h, "roof", "Roofline",
                     "One dot per layer with MACs: area is time, colour is bound. Distance below "
                     "the roof is what tiling and waiting cost; layers that stay in local memory "
                     "sit far right. The slowest layers not bound by the MAC array carry a name.");
    fprintf(c.f, "<svg class=chart viewBox=\"0 0 %d %d\" role=img aria-label=\"Roofline\">", W, H);
    grid(&c);
    if (c.peak > 0 && c.bw > 0) {
        roof(&c, c.peak, "ax roof", "int8");
        if (bf16) /* half the elements fit an EU, and no double-channel mode */
            roof(&c, c.peak / 2 / NPU_GET(chip, tpu_int8_channels), "ax dash", "bf16");
    }
    points(&c, h);
    fputs("</svg></section>\n", c.f);
}

npu_status rep_html_roofline(const rep_html_page *h)
{
    npu_status s;
    fputs("<div class=two>\n", h->f);
    roofline(h);
    s = rep_html_instructions(h);
    fputs("</div>\n", h->f);
    return s;
}

/* Up: width of the output, dark for layers with MACs.  Down: time, coloured by bound. */
static void strip_layer(const rep_html_page *h, uint32_t i, double x, double w, double widest,
                        double longest)
{
    const npu_prof_layer *l = &h->p->layer[i];
    double up = l->out_w ? 6 + 54 * log2(1 + l->out_w) / log2(1 + widest) : 3;
    double down = longest > 0 ? 50 * (double)l->exclusive / longest : 0;
    rep_num width = rep_fix(w > 1.2 ? w - 0.4 : w, 2);
    fprintf(h->f, "<g data-l=%" PRIu32 "><rect class=%s x=%s y=%s width=%s height=%s />", i,
            l->kind == NPU_KIND_CPU ? "gc" : l->macs ? "gd" : "gl", rep_fix(x, 1).s,
            rep_fix(60 - up, 1).s, width.s, rep_fix(up, 1).s);
    if (down >= 0.3)
        fprintf(h->f, "<rect class=f%d x=%s y=62 width=%s height=%s />", (int)l->bound,
                rep_fix(x, 1).s, width.s, rep_fix(down, 1).s);
    fputs("</g>\n", h->f);
}

static void strip(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    double widest = 1, longest = 0, w = p->nlayer ? 1000.0 / (double)p->nlayer : 0;
    for (size_t i = 0; i < p->nlayer; i++) {
        widest = fmax(widest, p->layer[i].out_w);
        longest = fmax(longest, (double)p->layer[i].exclusive);
    }
    fputs("<svg id=struct class=struct viewBox=\"0 0 1000 114\" preserveAspectRatio=none role=img "
          "aria-label=\"Layers in program order\">\n", h->f);
    for (size_t i = 0; i < p->nlayer; i++)
        strip_layer(h, (uint32_t)i, w * (double)i, w, widest, longest);
    for (size_t i = 1; i < p->nlayer; i++)
        if (p->layer[i].subgraph != p->layer[i - 1].subgraph)
            fprintf(h->f, "<path class=cut d=\"M%s 0V114\" />", rep_fix(w * (double)i, 1).s);
    fputs("</svg>\n", h->f);
}

npu_status rep_html_structure(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    char lede[360];
    snprintf(lede, sizeof lede, "%zu layers of %zu sub-graph%s in program order, a line where the "
             "sub-graph changes. Up: width of the output map (log), dark for layers with MACs, "
             "hatched for CPU. Down: time, coloured by bound.<span class=js-only> Click selects."
             "</span>", p->nlayer, p->nsubgraph, p->nsubgraph == 1 ? "" : "s");
    rep_html_section(h, "structure", "BIN Model Structure", lede);
    if (p->origin)
        NPU_TRY(rep_html_nodes(h));
    strip(h);
    fputs("<ol class=chain>", f);
    for (size_t i = 0; i < p->nsubgraph; i++) {
        const npu_prof_subgraph *s = &p->subgraph[i];
        fprintf(f, "<li class=%s><b>", s->cpu ? "cpu" : "npu");
        rep_html(f, s->name);
        if (s->cpu && s->end <= s->start) /* its time is beside the timeline */
            fputs("</b> CPU", f);
        else
            fprintf(f, "</b> %s %s ms", s->cpu ? "CPU, estimated" : "NPU",
                    rep_ms_text(p, s->end - s->start).s);
    }
    fputs("</ol></section>\n", f);
    return NPU_OK;
}
