/* Heat map, Pareto scatter and the table of points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/out.h"
#include "reports/plot.h"
#include "reports/sweep.h"
#include "reports/sweep_page.h"

enum { ROWS_MAX = 300, CELLS_MAX = 16, DOTS_MAX = 800 };

static bool is_ok(const npu_sweep *s, size_t i)
{
    return s->point[i].result.status == NPU_POINT_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Different values of KEY[k], ascending, thinned to CELLS_MAX; 0 without memory. */
static size_t values_of(const npu_sweep *s, size_t k, double out[CELLS_MAX])
{
    double *v = malloc((s->n + 1) * sizeof *v);
    size_t n = 0, u = 0;
    if (!v)
        return 0;
    for (size_t i = 0; i < s->n; i++)
        if (is_ok(s, i))
            v[n++] = s->point[i].value[k];
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++)
        if (u == 0 || v[i] != v[u - 1])
            v[u++] = v[i];
    n = u < CELLS_MAX ? u : CELLS_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = v[n < 2 ? 0 : i * (u - 1) / (n - 1)];
    free(v);
    return n;
}

/* The other key with most values, for the rows of the heat map; nkey when there is none. */
static size_t second_key(const npu_sweep *s)
{
    size_t best = s->nkey, most = 1;
    double v[CELLS_MAX];
    for (size_t k = 0; k < s->nkey; k++) {
        size_t n = k == s->axis ? 0 : values_of(s, k, v);
        if (n > most) {
            most = n;
            best = k;
        }
    }
    return best;
}

/* Least latency among the points with these two values; NaN when there is none. */
static double least(const npu_sweep *s, size_t kx, double x, size_t ky, double y)
{
    double best = NAN;
    for (size_t i = 0; i < s->n; i++) {
        const npu_sweep_point *p = &s->point[i];
        double t = p->result.metric[NPU_METRIC_latency_ms];
        if (is_ok(s, i) && p->model == 0 && p->value[kx] == x && p->value[ky] == y &&
            (isnan(best) || t < best))
            best = t;
    }
    return best;
}

static void heat_rows(const npu_sweep *s, size_t ky, const double *x, size_t nx, const double *y,
                      size_t ny, FILE *f)
{
    double t[CELLS_MAX][CELLS_MAX], low = NAN, high = NAN;
    for (size_t r = 0; r < ny; r++)
        for (size_t c = 0; c < nx; c++) {
            t[r][c] = least(s, s->axis, x[c], ky, y[r]);
            if (!isnan(t[r][c]))
                rep_plot_widen(&low, &high, t[r][c]);
        }
    for (size_t r = 0; r < ny; r++) {
        fprintf(f, "<tr><th scope=row>%s", rep_general(y[r]).s);
        for (size_t c = 0; c < nx; c++) {
            double heat = high > low ? (t[r][c] - low) / (high - low) : 0;
            if (isnan(t[r][c]))
                fputs("<td>–", f);
            else
                fprintf(f, "<td style=\"background:color-mix(in srgb,var(--c3) %s%%,var(--bg))\">"
                           "%s", rep_fix(5 + 55 * heat, 0).s, rep_short(t[r][c]).s);
        }
        putc('\n', f);
    }
}

void rep_sweep_heat(const npu_sweep *s, FILE *f)
{
    double x[CELLS_MAX], y[CELLS_MAX];
    size_t ky = s->axis < s->nkey ? second_key(s) : s->nkey, nx, ny;
    if (ky == s->nkey)
        return;
    nx = values_of(s, s->axis, x);
    ny = values_of(s, ky, y);
    fprintf(f, "<section id=heat><h2>Latency over two keys, ms</h2><p class=lede>Across: %s, %s. "
               "Down: %s, %s. The least latency where other keys differ%s; dark is slow.</p>"
               "<div class=tw tabindex=0><table><thead><tr><th class=l>%s",
            npu_num_table[s->key[s->axis]].key, npu_num_table[s->key[s->axis]].unit,
            npu_num_table[s->key[ky]].key, npu_num_table[s->key[ky]].unit,
            s->nmodel > 1 ? ", of the first model" : "", npu_num_table[s->key[ky]].key);
    for (size_t i = 0; i < nx; i++)
        fprintf(f, "<th>%s", rep_plot_text(x[i]).s);
    fputs("<tbody>\n", f);
    heat_rows(s, ky, x, nx, y, ny, f);
    fputs("</table></div></section>\n", f);
}

static void axis_name(const npu_sweep *s, size_t g, char *text, size_t size)
{
    int goal = s->goal[g];
    const char *unit = goal < NPU_METRICS ? npu_metric_table[goal].unit
                                          : npu_num_table[s->key[goal - NPU_METRICS]].unit;
    snprintf(text, size, "%s, %s", rep_sweep_goal(s, g), unit);
}

/* Every point of the front is drawn, others up to a limit. */
static void scatter(const npu_sweep *s, const rep_plot *p, bool front)
{
    size_t total = 0, step;
    for (size_t i = 0; i < s->n; i++)
        total += is_ok(s, i) && s->point[i].front == front;
    step = total / DOTS_MAX + 1;
    for (size_t i = 0, k = 0; i < s->n; i++) {
        const npu_sweep_point *q = &s->point[i];
        char text[160];
        if (!is_ok(s, i) || q->front != front || k++ % step)
            continue;
        double x = rep_sweep_goal_value(s, 1, q), y = rep_sweep_goal_value(s, 0, q);
        snprintf(text, sizeof text, "point %zu: %s, %s", i + 1, rep_general(y).s,
                 rep_general(x).s);
        rep_plot_dot(p, x, y, front ? 4 : 3, front ? "--c0" : "--gl", text);
    }
}

void rep_sweep_pareto(const npu_sweep *s, FILE *f)
{
    rep_plot p = {f, NAN, NAN, NAN, NAN, false};
    char x[96], y[96];
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++)
        if (is_ok(s, i)) {
            rep_plot_widen(&p.x0, &p.x1, rep_sweep_goal_value(s, 1, &s->point[i]));
            rep_plot_widen(&p.y0, &p.y1, rep_sweep_goal_value(s, 0, &s->point[i]));
            kept += s->point[i].front;
        }
    if (isnan(p.x0))
        return;
    p.log_x = p.x0 > 0 && p.x1 >= 4 * p.x0;
    p.y0 = p.y0 > 0 ? 0 : p.y0;
    p.y1 = p.y1 > p.y0 ? p.y0 + 1.08 * (p.y1 - p.y0) : p.y0 + 1;
    axis_name(s, 1, x, sizeof x);
    axis_name(s, 0, y, sizeof y);
    fprintf(f, "<section id=pareto><h2>Pareto front</h2><p class=lede>Blue: no other point is at "
               "most as large in all of ");
    for (size_t g = 0; g < s->ngoal; g++)
        fprintf(f, "%s%s", g ? ", " : "", rep_sweep_goal(s, g));
    fprintf(f, " and smaller in one; %zu of %zu points. Grey: dominated.</p>\n", kept,
            rep_sweep_count(s, NPU_POINT_OK));
    rep_plot_open(&p, "Pareto front", x, y);
    scatter(s, &p, false);
    scatter(s, &p, true);
    rep_plot_close(&p);
    fputs("</section>\n", f);
}

static void head(const npu_sweep *s, FILE *f)
{
    fputs("<thead><tr><th>point<th class=l>model<th class=l>label<th class=l>status", f);
    for (size_t k = 0; k < s->nkey; k++)
        fprintf(f, "<th>%s", npu_num_table[s->key[k]].key);
    for (int m = 0; m < NPU_METRICS; m++)
        if (s->column[m])
            fprintf(f, "<th title=\"%s\">%s", npu_metric_table[m].meaning,
                    npu_metric_table[m].key);
    fputs("<th class=l>bound<th class=l>front<tbody>\n", f);
}

static void row(const npu_sweep *s, size_t i, FILE *f)
{
    const npu_sweep_point *p = &s->point[i];
    fprintf(f, "<tr><td>%zu<td class=l>", i + 1);
    rep_html(f, s->model[p->model].name);
    fputs("<td class=l>", f);
    rep_html(f, p->label);
    fprintf(f, "<td class=l title=\"");
    rep_html(f, p->result.error);
    fprintf(f, "\">%s", npu_point_status_name(p->result.status));
    for (size_t k = 0; k < s->nkey; k++)
        fprintf(f, "<td>%s", rep_general(p->value[k]).s);
    for (int m = 0; m < NPU_METRICS; m++)
        if (s->column[m])
            fprintf(f, "<td>%s", is_ok(s, i) ? rep_general(p->result.metric[m]).s : "");
    fprintf(f, "<td class=l>%s<td class=l>%s\n", is_ok(s, i) ? npu_bound_name(p->result.bound) : "",
            p->front ? "yes" : "");
}

void rep_sweep_table(const npu_sweep *s, FILE *f)
{
    size_t step = (s->n + ROWS_MAX - 1) / ROWS_MAX;
    fputs("<section id=points><h2>Points</h2><p class=lede>", f);
    if (step > 1)
        fprintf(f, "Every %zuth of %zu points; points.csv has all.", step, s->n);
    else
        fputs("Every point, as in points.csv.", f);
    fputs("<span class=js-only> A click on a heading sorts.</span></p><div class=\"tw tall\" "
          "tabindex=0><table class=\"wide sort\">", f);
    head(s, f);
    for (size_t i = 0; i < s->n; i += step)
        row(s, i, f);
    fputs("</table></div></section>\n", f);
}
