/* History as text, JSON and an HTML page with a chart per series.
 *
 * The values are exact, so a point that differs from the one before is a change and is marked; no
 * statistics are needed. */
#include "reports/history.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/jsonw.h"
#include "reports/out.h"
#include "reports/version.h"

enum {
    WIDTH = 860, HEIGHT = 220, LEFT = 74, RIGHT = 16, TOP = 14, BOTTOM = 34, COMMIT_COLUMNS = 14
};

static bool worse(const npu_history *h, const npu_history_series *s, size_t i)
{
    return i > 0 && (s->point[i].value > s->point[i - 1].value) != h->more_is_better;
}

static const char *direction(const npu_history *h, const npu_history_series *s, size_t i)
{
    return !s->point[i].changed || i == 0 ? "" : worse(h, s, i) ? "worse" : "better";
}

/* --- text ------------------------------------------------------------------------------------- */

static void title(const npu_history_series *s, FILE *f, void put(FILE *, const char *))
{
    put(f, s->model);
    fputs(" on ", f);
    put(f, s->chip);
    if (*s->setting) {
        fputs(", ", f);
        put(f, s->setting);
    }
}

static void put_text(FILE *f, const char *s)
{
    rep_plain(f, s, 0);
}

void rep_history_text(const npu_history *h, FILE *f)
{
    if (h->n == 0)
        fputs("No entries.\n", f);
    for (size_t i = 0; i < h->n; i++) {
        const npu_history_series *s = &h->series[i];
        fputs(i ? "\n" : "", f);
        title(s, f, put_text);
        fprintf(f, "\n  %6s  %-*s  %-10s  %16s\n", "entry", COMMIT_COLUMNS, "commit", "date",
                h->metric);
        for (size_t k = 0; k < s->n; k++) {
            const npu_history_point *p = &s->point[k];
            fprintf(f, "  %6" PRId64 "  ", p->id);
            rep_plain(f, p->commit, COMMIT_COLUMNS);
            fputs("  ", f);
            rep_plain(f, *p->date ? p->date : "-", 10);
            fprintf(f, "  %16s", rep_general(p->value).s);
            if (p->changed && isfinite(p->delta_percent))
                fprintf(f, "  %+.3f %% %s", p->delta_percent, direction(h, s, k));
            else if (p->changed)
                fputs("  changed", f);
            putc('\n', f);
        }
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

void rep_history_json(const npu_history *h, FILE *f)
{
    rep_json j = rep_json_begin(f);
    rep_json_identity(&j, "npusim.history/1");
    rep_json_str(&j, "metric", h->metric);
    rep_json_str(&j, "unit", h->unit);
    rep_json_open(&j, "series", REP_ARRAY);
    for (size_t i = 0; i < h->n; i++) {
        const npu_history_series *s = &h->series[i];
        rep_json_open(&j, NULL, REP_OBJECT);
        rep_json_str(&j, "model", s->model);
        rep_json_str(&j, "chip", s->chip);
        rep_json_str(&j, "overrides", s->setting);
        rep_json_open(&j, "entries", REP_ARRAY);
        for (size_t k = 0; k < s->n; k++) {
            const npu_history_point *p = &s->point[k];
            rep_json_open(&j, NULL, REP_OBJECT_LINE);
            rep_json_int(&j, "id", p->id);
            rep_json_str(&j, "commit", p->commit);
            rep_json_str(&j, "date", p->date);
            rep_json_str(&j, "npusim", p->tool);
            rep_json_exact(&j, "value", p->value);
            rep_json_bool(&j, "changed", p->changed);
            rep_json_real(&j, "delta_percent", p->delta_percent);
            rep_json_close(&j);
        }
        rep_json_close(&j);
        rep_json_close(&j);
    }
    rep_json_close(&j);
    rep_json_end(&j);
}

/* --- HTML ------------------------------------------------------------------------------------- */

static const char style[] =
    ":root{--ink:#16191d;--mut:#59616b;--line:#d9dde2;--bg:#fff;--c0:#1f5fa8;--ok:#0f766e;"
    "--bad:#b3261e;color-scheme:light}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e8eaed;--mut:#9aa3ad;"
    "--line:#343a41;--bg:#121417;--c0:#4a8fdc;--ok:#4fd1b5;--bad:#ff8a80;color-scheme:dark}}\n"
    "body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 -apple-system,\"Segoe UI\","
    "Roboto,\"Noto Sans\",system-ui,sans-serif;font-variant-numeric:tabular-nums}\n"
    "main{max-width:920px;margin:0 auto;padding:20px 28px 40px}\n"
    "h1{font-size:20px;font-weight:600;margin:0}\n"
    "h2{font-size:15px;font-weight:600;margin:30px 0 2px;overflow-wrap:anywhere}\n"
    ".lede{color:var(--mut);font-size:13px;margin:0 0 10px}svg{width:100%;height:auto}\n"
    "svg text{font-size:11.5px;fill:var(--mut)}table{border-collapse:collapse;font-size:12.5px}\n"
    "th,td{text-align:left;padding:2px 14px 2px 0;border-bottom:1px solid var(--line)}"
    "td.n,th.n{text-align:right}\n"
    ".worse{color:var(--bad)}.better{color:var(--ok)}footer{color:var(--mut);font-size:12px;"
    "margin-top:30px}\n";

typedef struct {
    double low, high; /* of the value axis */
    size_t n;
} axes;

static double x_of(const axes *a, size_t i)
{
    double span = WIDTH - LEFT - RIGHT;
    return a->n < 2 ? LEFT + span / 2 : LEFT + span * (double)i / (double)(a->n - 1);
}

static double y_of(const axes *a, double v)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (a->high - v) / (a->high - a->low);
}

/* Room above and below, so that a flat line lies in the middle. */
static axes axes_of(const npu_history_series *s)
{
    axes a = {INFINITY, -INFINITY, s->n};
    for (size_t i = 0; i < s->n; i++) {
        a.low = fmin(a.low, s->point[i].value);
        a.high = fmax(a.high, s->point[i].value);
    }
    double room = a.high > a.low ? 0.12 * (a.high - a.low) : fmax(0.05 * fabs(a.high), 1e-9);
    a.low -= room;
    a.high += room;
    return a;
}

static void grid(const axes *a, const char *unit, FILE *f)
{
    for (int i = 0; i <= 4; i++) {
        double v = a->low + (a->high - a->low) * i / 4, y = y_of(a, v);
        fprintf(f, "<line x1=%d x2=%d y1=%s y2=%s stroke=\"var(--line)\"/>"
                   "<text x=%d y=%s text-anchor=end>%s</text>", LEFT, WIDTH - RIGHT,
                rep_fix(y, 1).s, rep_fix(y, 1).s, LEFT - 8, rep_fix(y + 4, 1).s,
                rep_short(v).s);
    }
    if (*unit)
        fprintf(f, "<text x=2 y=%d>%s</text>", TOP, unit);
}

static void mark(const npu_history *h, const npu_history_series *s, const axes *a, size_t i,
                 FILE *f)
{
    const npu_history_point *p = &s->point[i];
    const char *color = !p->changed ? "--c0" : worse(h, s, i) ? "--bad" : "--ok";
    fprintf(f, "<circle cx=%s cy=%s r=%s fill=\"var(%s)\"><title>", rep_fix(x_of(a, i), 1).s,
            rep_fix(y_of(a, p->value), 1).s, p->changed ? "5" : "2.5", color);
    rep_html(f, p->commit);
    fprintf(f, ": %s %s", rep_general(p->value).s, h->unit);
    if (p->changed && isfinite(p->delta_percent))
        fprintf(f, ", %s %% (%s)", rep_signed(p->delta_percent, 2).s, direction(h, s, i));
    fputs("</title></circle>", f);
}

static void tick(const npu_history_series *s, const axes *a, size_t i, const char *anchor, FILE *f)
{
    fprintf(f, "<text x=%s y=%d text-anchor=%s>", rep_fix(x_of(a, i), 1).s, HEIGHT - 10, anchor);
    char name[COMMIT_COLUMNS + 1];
    snprintf(name, sizeof name, "%s", s->point[i].commit);
    rep_html(f, name);
    fputs("</text>", f);
}

static void chart(const npu_history *h, const npu_history_series *s, FILE *f)
{
    axes a = axes_of(s);
    fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=img><title>%s by commit</title>", WIDTH, HEIGHT,
            h->metric);
    grid(&a, h->unit, f);
    fputs("<polyline fill=none stroke=\"var(--c0)\" stroke-width=1.5 points=\"", f);
    for (size_t i = 0; i < s->n; i++)
        fprintf(f, "%s%s,%s", i ? " " : "", rep_fix(x_of(&a, i), 1).s,
                rep_fix(y_of(&a, s->point[i].value), 1).s);
    fputs("\"/>", f);
    for (size_t i = 0; i < s->n; i++)
        mark(h, s, &a, i, f);
    tick(s, &a, 0, s->n > 1 ? "start" : "middle", f);
    if (s->n > 1)
        tick(s, &a, s->n - 1, "end", f);
    fputs("</svg>\n", f);
}

static void html_row(const npu_history *h, const npu_history_series *s, size_t i, FILE *f)
{
    const npu_history_point *p = &s->point[i];
    fprintf(f, "<tr><td class=n>%" PRId64 "<td>", p->id);
    rep_html(f, p->commit);
    fputs("<td>", f);
    rep_html(f, p->date);
    fprintf(f, "<td class=n>%s<td class=\"n %s\">", rep_general(p->value).s, direction(h, s, i));
    if (p->changed && isfinite(p->delta_percent))
        fprintf(f, "%s %% %s", rep_signed(p->delta_percent, 3).s, direction(h, s, i));
    else if (p->changed)
        fputs("changed", f);
    fputs("</tr>\n", f);
}

void rep_history_html(const npu_history *h, FILE *f)
{
    fprintf(f, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
               "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
               "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';"
               "style-src 'unsafe-inline'\">\n<title>History of %s · npusim</title>\n"
               "<style>\n%s</style></head>\n<body><main><h1>History of %s</h1>\n"
               "<p class=lede>One chart per model, chip and overrides; entries in the order they "
               "were added. Simulated values are exact: every large point is a change, red where "
               "it is worse, green where it is better.</p>\n", h->metric, style, h->metric);
    if (h->n == 0)
        fputs("<p>No entries.</p>\n", f);
    for (size_t i = 0; i < h->n; i++) {
        const npu_history_series *s = &h->series[i];
        fputs("<section><h2>", f);
        title(s, f, rep_html);
        fputs("</h2>\n", f);
        chart(h, s, f);
        fprintf(f, "<table><thead><tr><th class=n>entry<th>commit<th>date<th class=n>%s%s%s"
                   "<th class=n>change</tr></thead><tbody>\n", h->metric, *h->unit ? ", " : "",
                h->unit);
        for (size_t k = 0; k < s->n; k++)
            html_row(h, s, k, f);
        fputs("</tbody></table></section>\n", f);
    }
    fprintf(f, "<footer>npusim %s.</footer></main></body></html>\n", REP_VERSION);
}
