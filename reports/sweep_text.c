/* A sweep in words: for a terminal, and as Markdown for merge requests. */
#include <math.h>
#include <string.h>

#include "reports/out.h"
#include "reports/sweep.h"

enum { LINES_MAX = 12, ROWS_MAX = 30 };

static bool has_knees(const npu_sweep *s)
{
    return s->axis < s->nkey && s->key[s->axis] == NPU_NUM_ddr_bandwidth_mbps;
}

static const npu_sweep_point *end_of(const npu_sweep *s, const npu_sweep_line *l, bool last)
{
    return &s->point[l->point[last ? l->n - 1 : 0]];
}

static double latency(const npu_sweep_point *p)
{
    return p->result.metric[NPU_METRIC_latency_ms];
}

static rep_num knee(double v)
{
    rep_num none = {"none"};
    return isnan(v) ? none : rep_general(v);
}

static void line_text(const npu_sweep *s, const npu_sweep_line *l, FILE *f)
{
    const npu_num_info *n = &npu_num_table[s->key[s->axis]];
    const npu_sweep_point *a = end_of(s, l, false), *b = end_of(s, l, true);
    fputs("  ", f);
    if (*l->name) {
        rep_plain(f, l->name, 0);
        fputs(": ", f);
    }
    fprintf(f, "%s ms at %s to %s ms at %s %s", rep_short(latency(a)).s,
            rep_general(a->value[s->axis]).s, rep_short(latency(b)).s,
            rep_general(b->value[s->axis]).s, n->unit);
    if (has_knees(s))
        fprintf(f, "; knee K95 %s, Ke %s, Kd %s %s", l->reached ? knee(l->k95).s : "not reached",
                knee(l->ke).s, knee(l->kd).s, n->unit);
    putc('\n', f);
}

void rep_sweep_text(const npu_sweep *s, FILE *f)
{
    fprintf(f, "%zu points: %zu ok, %zu failed\n", s->n, rep_sweep_count(s, NPU_POINT_OK),
            rep_sweep_count(s, NPU_POINT_FAIL));
    if (s->nline)
        fprintf(f, "latency along %s\n", npu_num_table[s->key[s->axis]].key);
    for (size_t i = 0; i < s->nline && i < LINES_MAX; i++)
        line_text(s, &s->line[i], f);
    if (s->nline > LINES_MAX)
        fprintf(f, "  and %zu more curves, see report.html\n", s->nline - LINES_MAX);
}

/* Text in a Markdown table: no bar, no markup. */
static void cell(FILE *f, const char *text)
{
    uint32_t c;
    for (text = text ? text : ""; (c = rep_utf8(&text)) != 0;) {
        if (c < 0x80 && strchr("|`*_<>[]\\", (int)c))
            putc('\\', f);
        rep_put_plain(f, c);
    }
}

static void models_md(const npu_sweep *s, FILE *f)
{
    for (size_t i = 0; i < s->nmodel; i++) {
        fputs("- ", f);
        cell(f, s->model[i].name);
        fputs(" on ", f);
        cell(f, s->model[i].chip);
        if (s->model[i].error_percent >= 0)
            fprintf(f, " (±%s %%)", rep_general(s->model[i].error_percent).s);
        putc('\n', f);
    }
}

static void knees_md(const npu_sweep *s, FILE *f)
{
    if (!has_knees(s) || !s->nline)
        return;
    fputs("\n| curve | ms at least bandwidth | ms at most | K95 | Ke | Kd | unlimited DDR ms |\n"
          "|---|---:|---:|---:|---:|---:|---:|\n", f);
    for (size_t i = 0; i < s->nline && i < LINES_MAX; i++) {
        const npu_sweep_line *l = &s->line[i];
        fputs("| ", f);
        cell(f, *l->name ? l->name : s->model[l->model].name);
        fprintf(f, " | %s | %s | %s | %s | %s | %s |\n", rep_short(latency(end_of(s, l, false))).s,
                rep_short(latency(end_of(s, l, true))).s,
                l->reached ? knee(l->k95).s : "not reached", knee(l->ke).s, knee(l->kd).s,
                rep_short(l->unlimited_ms).s);
    }
    fputs("\nKnees in MB/s: K95 within 5 % of the latency at the largest bandwidth, Ke less than "
          "half the latency bound by the DDR, Kd farthest below the chord.\n", f);
}

static void front_md(const npu_sweep *s, FILE *f)
{
    size_t shown = 0;
    fputs("\nPareto front, smallest", f);
    for (size_t g = 0; g < s->ngoal; g++)
        fprintf(f, "%s %s", g ? " and" : "", rep_sweep_goal(s, g));
    fputs(":\n\n| point | model |", f);
    for (size_t g = 0; g < s->ngoal; g++)
        fprintf(f, " %s |", rep_sweep_goal(s, g));
    fputs("\n|---:|---|", f);
    for (size_t g = 0; g < s->ngoal; g++)
        fputs("---:|", f);
    putc('\n', f);
    for (size_t i = 0; i < s->n; i++) {
        const npu_sweep_point *p = &s->point[i];
        if (!p->front || ++shown > ROWS_MAX)
            continue;
        fprintf(f, "| %zu | ", i + 1);
        cell(f, s->model[p->model].name);
        fputs(" |", f);
        for (size_t g = 0; g < s->ngoal; g++)
            fprintf(f, " %s |", rep_general(rep_sweep_goal_value(s, g, p)).s);
        putc('\n', f);
    }
    if (shown > ROWS_MAX)
        fprintf(f, "\nand %zu more, see points.csv.\n", shown - ROWS_MAX);
}

void rep_sweep_md(const npu_sweep *s, FILE *f)
{
    fprintf(f, "## Sweep of %zu points\n\n", s->n);
    models_md(s, f);
    fprintf(f, "\n%zu ok, %zu failed. Swept:", rep_sweep_count(s, NPU_POINT_OK),
            rep_sweep_count(s, NPU_POINT_FAIL));
    for (size_t k = 0; k < s->nkey; k++)
        fprintf(f, "%s `%s`", k ? "," : "", npu_num_table[s->key[k]].key);
    fprintf(f, ". npusim %s.\n", s->tool);
    knees_md(s, f);
    front_md(s, f);
}
