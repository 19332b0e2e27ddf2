/* Differences as text, Markdown and JSON. */
#include "reports/diff.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/jsonw.h"
#include "reports/out.h"

/* Rows worth a line: see diff.h. */
static size_t shown(const npu_diff *d, size_t top)
{
    double all = 0, named = 0;
    size_t n = 0;
    for (size_t i = 0; i < d->nrow; i++)
        all += fabs((double)d->row[i].delta);
    while (n < d->nrow && n < top && (n == 0 || all == 0 || named < 0.95 * all))
        named += fabs((double)d->row[n++].delta);
    return n;
}

static int64_t sum(const npu_diff *d, size_t from)
{
    int64_t s = 0;
    for (size_t i = from; i < d->nrow; i++)
        s += d->row[i].delta;
    return s;
}

static void percent(FILE *f, double old, double new)
{
    if (old != 0)
        fprintf(f, " (%+.2f %%)", 100 * (new - old) / old);
}

/* --- text ------------------------------------------------------------------------------------- */

static void text_total(FILE *f, const char *name, double old, double new, const char *unit)
{
    if (old == new) {
        fprintf(f, "%-16s %.9g%s%s\n", name, old, *unit ? " " : "", unit);
        return;
    }
    fprintf(f, "%-16s %.9g -> %.9g%s%s", name, old, new, *unit ? " " : "", unit);
    percent(f, old, new);
    putc('\n', f);
}

static void text_totals(const npu_diff *d, FILE *f)
{
    const npu_diff_side *a = &d->old, *b = &d->new;
    fputs("model            ", f);
    rep_plain(f, a->name, 0);
    if (strcmp(a->name, b->name) != 0) {
        fputs(" -> ", f);
        rep_plain(f, b->name, 0);
    }
    putc('\n', f);
    text_total(f, "latency", a->latency_ms, b->latency_ms, "ms");
    fprintf(f, "%-16s %" PRId64 " -> %" PRId64 " = %+" PRId64 "\n", "cycles", a->latency_cycles,
            b->latency_cycles, d->delta);
    text_total(f, "DDR traffic", (double)a->ddr_bytes, (double)b->ddr_bytes, "B");
    text_total(f, "MACs", (double)a->macs, (double)b->macs, "");
    text_total(f, "sub-graphs", (double)a->subgraphs, (double)b->subgraphs, "");
    text_total(f, "function calls", (double)a->calls, (double)b->calls, "");
    text_total(f, "longest call", a->max_call_us, b->max_call_us, "us");
    for (size_t i = 0; i < d->nchip; i++) {
        fputs(i ? "                 " : "chip             ", f);
        rep_plain(f, d->chip[i], 0);
        putc('\n', f);
    }
    if (a->hz != b->hz)
        fprintf(f, "clock            %.9g -> %.9g MHz: the clock alone makes %+.6f ms; cycles are "
                   "of each side's own clock\n", a->hz / 1e6, b->hz / 1e6,
                1e3 * (double)a->latency_cycles * (1 / b->hz - 1 / a->hz));
    if (strcmp(a->tool, b->tool) != 0) {
        fputs("npusim           ", f);
        rep_plain(f, a->tool, 0);
        fputs(" -> ", f);
        rep_plain(f, b->tool, 0);
        putc('\n', f);
    }
}

static void row_name(const npu_diff_row *r, FILE *f, void put(FILE *, const char *))
{
    if (r->old_name) {
        put(f, r->old_name);
        fputs(" -> ", f);
    }
    put(f, r->name);
    if (r->match == NPU_MATCH_ADDED || r->match == NPU_MATCH_REMOVED)
        fprintf(f, " (%s)", npu_diff_match_word(r->match));
}

static void put_text(FILE *f, const char *s)
{
    rep_plain(f, s, 0);
}

static void text_row(const npu_diff *d, const npu_diff_row *r, FILE *f)
{
    fprintf(f, "%+12" PRId64 " cycles  %+.6f ms", r->delta, r->new_ms - r->old_ms);
    if (r->old_ms > 0)
        fprintf(f, " (%+.1f %%)", 100 * (r->new_ms - r->old_ms) / r->old_ms);
    if (d->delta)
        fprintf(f, "  %.1f %% of the change", 100 * (double)r->delta / (double)d->delta);
    fputs("  ", f);
    row_name(r, f, put_text);
    fprintf(f, "  %.6f -> %.6f ms\n", r->old_ms, r->new_ms);
    for (size_t k = 0; k < r->nwhy; k++) {
        fprintf(f, "              %-9s ", npu_diff_cause_word(r->why[k].id));
        rep_plain(f, r->why[k].text, 0);
        putc('\n', f);
    }
}

void rep_diff_text(const npu_diff *d, size_t top, FILE *f)
{
    size_t n = shown(d, top);
    text_totals(d, f);
    if (!d->changed) {
        fputs("\nNo difference.\n", f);
        return;
    }
    fprintf(f, "\nLayers: %zu changed, %zu the same; changed work first, then what follows from "
               "it\n", d->nrow, d->same);
    for (size_t i = 0; i < n; i++)
        text_row(d, &d->row[i], f);
    if (n < d->nrow)
        fprintf(f, "%+12" PRId64 " cycles  %zu more rows (--top N)\n", sum(d, n), d->nrow - n);
    fprintf(f, "%+12" PRId64 " cycles  in all, the exact difference of the model\n", sum(d, 0));
}

/* --- Markdown --------------------------------------------------------------------------------- */

static void put_md(FILE *f, const char *s)
{
    uint32_t c;
    while ((c = rep_utf8(&s)) != 0) {
        if (c < 0x80 && strchr("\\`*_{}[]()#+!|<>&~", (int)c))
            fprintf(f, "&#%u;", (unsigned)c);
        else
            rep_put_plain(f, c);
    }
}

void rep_diff_md(const npu_diff *d, size_t top, FILE *f)
{
    size_t n = shown(d, top);
    fputs("### Difference: ", f);
    put_md(f, d->new.name);
    fprintf(f, "\n\nLatency %.9g ms, was %.9g ms", d->new.latency_ms, d->old.latency_ms);
    percent(f, d->old.latency_ms, d->new.latency_ms);
    fprintf(f, "; %+" PRId64 " cycles. DDR %" PRId64 " B, was %" PRId64 " B.\n\n", d->delta,
            d->new.ddr_bytes, d->old.ddr_bytes);
    for (size_t i = 0; i < d->nchip; i++) {
        fputs("- ", f);
        put_md(f, d->chip[i]);
        fputs(i + 1 == d->nchip ? "\n\n" : "\n", f);
    }
    fputs("| cycles | old ms | new ms | layer | cause |\n|---:|---:|---:|---|---|\n", f);
    for (size_t i = 0; i < n; i++) {
        const npu_diff_row *r = &d->row[i];
        fprintf(f, "| %+" PRId64 " | %.6f | %.6f | ", r->delta, r->old_ms, r->new_ms);
        row_name(r, f, put_md);
        fputs(" | ", f);
        for (size_t k = 0; k < r->nwhy; k++) {
            fprintf(f, "%s**%s** ", k ? "<br>" : "", npu_diff_cause_word(r->why[k].id));
            put_md(f, r->why[k].text);
        }
        fputs(" |\n", f);
    }
    if (n < d->nrow)
        fprintf(f, "| %+" PRId64 " | | | %zu more | |\n", sum(d, n), d->nrow - n);
    fprintf(f, "| **%+" PRId64 "** | | | all | |\n", sum(d, 0));
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_side(rep_json *j, const char *key, const npu_diff_side *s)
{
    rep_json_open(j, key, REP_OBJECT);
    rep_json_str(j, "model", s->name);
    rep_json_str(j, "sha256", s->sha256);
    rep_json_str(j, "chip", s->chip);
    rep_json_str(j, "npusim", s->tool);
    rep_json_real(j, "cycles_per_second", s->hz);
    rep_json_real(j, "latency_ms", s->latency_ms);
    rep_json_int(j, "latency_cycles", s->latency_cycles);
    rep_json_int(j, "ddr_bytes", s->ddr_bytes);
    rep_json_int(j, "macs", s->macs);
    rep_json_int(j, "layers", s->layers);
    rep_json_int(j, "subgraphs", s->subgraphs);
    rep_json_int(j, "function_calls", s->calls);
    rep_json_real(j, "max_function_call_us", s->max_call_us);
    rep_json_close(j);
}

static void json_row(rep_json *j, const npu_diff_row *r)
{
    rep_json_open(j, NULL, REP_OBJECT);
    rep_json_str(j, "layer", r->name);
    if (r->old_name)
        rep_json_str(j, "old_layer", r->old_name);
    rep_json_str(j, "subgraph", r->subgraph);
    rep_json_str(j, "matched_by", npu_diff_match_word(r->match));
    rep_json_bool(j, "own_work_changed", r->moved);
    rep_json_int(j, "old_cycles", r->old_cycles);
    rep_json_int(j, "new_cycles", r->new_cycles);
    rep_json_int(j, "delta_cycles", r->delta);
    rep_json_real(j, "old_ms", r->old_ms);
    rep_json_real(j, "new_ms", r->new_ms);
    rep_json_int(j, "old_bytes", r->old_bytes);
    rep_json_int(j, "new_bytes", r->new_bytes);
    rep_json_open(j, "causes", REP_ARRAY);
    for (size_t k = 0; k < r->nwhy; k++) {
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "cause", npu_diff_cause_word(r->why[k].id));
        rep_json_str(j, "text", r->why[k].text);
        rep_json_close(j);
    }
    rep_json_close(j);
    rep_json_close(j);
}

void rep_diff_json(const npu_diff *d, FILE *f)
{
    rep_json j = rep_json_begin(f);
    rep_json_identity(&j, "npusim.diff/1");
    rep_json_bool(&j, "changed", d->changed);
    json_side(&j, "old", &d->old);
    json_side(&j, "new", &d->new);
    rep_json_int(&j, "delta_cycles", d->delta);
    rep_json_open(&j, "chip", REP_ARRAY);
    for (size_t i = 0; i < d->nchip; i++)
        rep_json_str(&j, NULL, d->chip[i]);
    rep_json_close(&j);
    rep_json_open(&j, "layers", REP_ARRAY);
    for (size_t i = 0; i < d->nrow; i++)
        json_row(&j, &d->row[i]);
    rep_json_close(&j);
    rep_json_int(&j, "layers_unchanged", (int64_t)d->same);
    rep_json_end(&j);
}
