/* See plot.h. */
#include "reports/plot.h"

#include <math.h>
#include <string.h>

#include "reports/out.h"

enum { W = 640, H = 320, LEFT = 52, RIGHT = 14, TOP = 22, BOTTOM = 42, CURVE_POINTS = 250 };

const char *rep_plot_colour(size_t i)
{
    static const char *const colour[REP_PLOT_COLOURS] = {"--c0", "--c3", "--wr",
                                                         "--c2", "--c4", "--c5"};
    return colour[i % REP_PLOT_COLOURS];
}

const char *rep_plot_dash(size_t i)
{
    static const char *const dash[REP_PLOT_COLOURS] = {"none", "7 3", "2 3", "9 3 2 3", "4 4",
                                                       "12 4"};
    return dash[i % REP_PLOT_COLOURS];
}

void rep_plot_widen(double *low, double *high, double v)
{
    *low = isnan(*low) || v < *low ? v : *low;
    *high = isnan(*high) || v > *high ? v : *high;
}

rep_num rep_plot_text(double v)
{
    return fabs(v) >= 1000 ? rep_group(v) : rep_axis(v);
}

static double share(double v, double from, double to)
{
    double s = to > from ? (v - from) / (to - from) : 0.5;
    return s < 0 ? 0 : s > 1 ? 1 : s;
}

double rep_plot_x(const rep_plot *p, double x)
{
    double s = p->log_x ? share(log(x), log(p->x0), log(p->x1)) : share(x, p->x0, p->x1);
    return LEFT + s * (W - LEFT - RIGHT);
}

double rep_plot_y(const rep_plot *p, double y)
{
    return H - BOTTOM - share(y, p->y0, p->y1) * (H - BOTTOM - TOP);
}

static void tick_x(const rep_plot *p, double v)
{
    rep_num at = rep_fix(rep_plot_x(p, v), 1);
    fprintf(p->f, "<path class=gr d=\"M%s %dV%d\" /><text x=%s y=%d text-anchor=middle>%s</text>",
            at.s, TOP, H - BOTTOM, at.s, H - BOTTOM + 16, rep_axis(v).s);
}

static void tick_y(const rep_plot *p, double v)
{
    double at = rep_plot_y(p, v);
    fprintf(p->f, "<path class=gr d=\"M%d %sH%d\" /><text x=%d y=%s text-anchor=end>%s</text>",
            LEFT, rep_fix(at, 1).s, W - RIGHT, LEFT - 6, rep_fix(at + 4, 1).s, rep_axis(v).s);
}

/* Distance of the marks of an axis: 1, 2 or 5 times a power of ten, about N of them. */
static double step_of(double span, int n)
{
    double raw = span / n, power, m;
    if (!(raw > 0))
        return 1;
    power = pow(10, floor(log10(raw)));
    m = raw / power;
    return (m > 5 ? 10 : m > 2 ? 5 : m > 1 ? 2 : 1) * power;
}

static void marks(const rep_plot *p, double from, double to, int n,
                  void (*tick)(const rep_plot *, double))
{
    double step = step_of(to - from, n);
    for (int i = 0; i <= 2 * n + 2; i++) {
        double v = (ceil(from / step - 1e-9) + i) * step;
        if (v <= to + 1e-9 * step)
            tick(p, fabs(v) < 1e-9 * step ? 0 : v);
    }
}

static void log_marks(const rep_plot *p)
{
    static const double digit[] = {1, 2, 5};
    int decades = (int)ceil(log10(p->x1 / p->x0));
    for (double power = pow(10, floor(log10(p->x0))); power <= p->x1; power *= 10)
        for (int i = 0; i < (decades > 3 ? 1 : 3); i++)
            if (digit[i] * power >= p->x0 * 0.9999 && digit[i] * power <= p->x1 * 1.0001)
                tick_x(p, digit[i] * power);
}

void rep_plot_open(const rep_plot *p, const char *name, const char *x, const char *y)
{
    fprintf(p->f, "<svg class=chart viewBox=\"0 0 %d %d\" role=img aria-label=\"", W, H);
    rep_html(p->f, name);
    fputs("\">", p->f);
    if (p->log_x)
        log_marks(p);
    else
        marks(p, p->x0, p->x1, 6, tick_x);
    marks(p, p->y0, p->y1, 5, tick_y);
    fprintf(p->f, "<path class=ax d=\"M%d %dH%d\" /><text x=0 y=10>", LEFT, H - BOTTOM, W - RIGHT);
    rep_html(p->f, y);
    fprintf(p->f, "</text><text x=%d y=%d text-anchor=middle>", (LEFT + W) / 2, H - 8);
    rep_html(p->f, x);
    fprintf(p->f, "%s</text>\n", p->log_x ? " (log)" : "");
}

void rep_plot_close(const rep_plot *p)
{
    fputs("</svg>\n", p->f);
}

static void path_point(const rep_plot *p, char command, double x, double y)
{
    fprintf(p->f, "%c%s %s", command, rep_fix(rep_plot_x(p, x), 1).s,
            rep_fix(rep_plot_y(p, y), 1).s);
}

/* Index of the K-th of the points drawn out of N; the last is always among them. */
static size_t thinned(size_t k, size_t n)
{
    return n <= CURVE_POINTS ? k : k * (n - 1) / (CURVE_POINTS - 1);
}

void rep_plot_curve(const rep_plot *p, const double *x, const double *y, size_t n, size_t colour)
{
    size_t shown = n < CURVE_POINTS ? n : CURVE_POINTS;
    fputs("<path d=\"", p->f);
    for (size_t k = 0; k < shown; k++)
        path_point(p, k ? 'L' : 'M', x[thinned(k, n)], y[thinned(k, n)]);
    fprintf(p->f, "\" style=\"fill:none;stroke:var(%s);stroke-width:2;stroke-dasharray:%s\" />\n",
            rep_plot_colour(colour), rep_plot_dash(colour));
}

void rep_plot_band(const rep_plot *p, const double *x, const double *low, const double *high,
                   size_t n, size_t colour)
{
    size_t shown = n < CURVE_POINTS ? n : CURVE_POINTS;
    fputs("<path d=\"", p->f);
    for (size_t k = 0; k < shown; k++)
        path_point(p, k ? 'L' : 'M', x[thinned(k, n)], low[thinned(k, n)]);
    for (size_t k = shown; k-- > 0;)
        path_point(p, 'L', x[thinned(k, n)], high[thinned(k, n)]);
    fprintf(p->f, "Z\" style=\"fill:var(%s);fill-opacity:.14\" />\n", rep_plot_colour(colour));
}

void rep_plot_dot(const rep_plot *p, double x, double y, double r, const char *fill,
                  const char *title)
{
    fprintf(p->f, "<circle cx=%s cy=%s r=%s style=\"fill:var(%s)\"><title>",
            rep_fix(rep_plot_x(p, x), 1).s, rep_fix(rep_plot_y(p, y), 1).s, rep_fix(r, 1).s, fill);
    rep_html(p->f, title);
    fputs("</title></circle>\n", p->f);
}

void rep_plot_mark_x(const rep_plot *p, double x, int row, const char *text)
{
    double at = rep_plot_x(p, x);
    bool left = at > W / 2; /* words on the side with more room */
    fprintf(p->f, "<path d=\"M%s %dV%d\" style=\"stroke:var(--ink);stroke-dasharray:2 3\" />"
                  "<text class=ink x=%s y=%d%s>", rep_fix(at, 1).s, TOP, H - BOTTOM,
            rep_fix(left ? at - 6 : at + 6, 1).s, TOP + 10 + 15 * row,
            left ? " text-anchor=end" : "");
    rep_html(p->f, text);
    fputs("</text>\n", p->f);
}

void rep_plot_mark_y(const rep_plot *p, double y, const char *text)
{
    double at = rep_plot_y(p, y);
    fprintf(p->f, "<path class=\"ax dash\" d=\"M%d %sH%d\" /><text x=%d y=%s text-anchor=end>",
            LEFT, rep_fix(at, 1).s, W - RIGHT, W - RIGHT, rep_fix(at - 5, 1).s);
    rep_html(p->f, text);
    fputs("</text>\n", p->f);
}
