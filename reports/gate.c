/* Verdicts as text, JSON, Markdown and GitHub annotations. */
#include "reports/gate.h"

#include <string.h>

#include "reports/jsonw.h"
#include "reports/out.h"

/* --- text ------------------------------------------------------------------------------------- */

static void text_line(const npu_check *c, FILE *f)
{
    fprintf(f, "%-12s %s %s model=", npu_verdict_word(c->verdict), c->metric, c->rule);
    rep_plain(f, c->model, 0);
    if (strcmp(c->scope, "model") != 0) {
        fputs(" ", f);
        rep_plain(f, c->scope, 0);
    }
    fputs("  ", f);
    rep_plain(f, c->message, 0);
    putc('\n', f);
    for (size_t i = 0; i < c->ncause; i++) {
        fputs("             ", f);
        rep_plain(f, c->cause[i], 0);
        putc('\n', f);
    }
}

void rep_gate_text(const npu_gate *g, bool quiet, FILE *f)
{
    const char *separator = "";
    for (size_t i = 0; i < g->n; i++)
        if (!quiet || g->check[i].verdict != NPU_PASS)
            text_line(&g->check[i], f);
    for (size_t i = 0; i < g->nnote && !quiet; i++) {
        fputs("note: ", f);
        rep_plain(f, g->note[i], 0);
        putc('\n', f);
    }
    fprintf(f, "%zu rules: ", g->n);
    for (int v = 0; v < NPU_VERDICTS; v++) {
        if (g->count[v] == 0)
            continue;
        fprintf(f, "%s%zu %s", separator, g->count[v], npu_verdict_word((npu_verdict)v));
        separator = ", ";
    }
    fputs(g->n ? "\n" : "none applied\n", f);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void strings(rep_json *j, const char *key, char *const *s, size_t n)
{
    rep_json_open(j, key, REP_ARRAY);
    for (size_t i = 0; i < n; i++)
        rep_json_str(j, NULL, s[i]);
    rep_json_close(j);
}

static void json_rule(rep_json *j, const npu_check *c, size_t id)
{
    rep_json_open(j, NULL, REP_OBJECT);
    rep_json_int(j, "id", (int64_t)id);
    rep_json_str(j, "model", c->model);
    rep_json_str(j, "profile", c->profile);
    rep_json_str(j, "scope", c->scope);
    rep_json_str(j, "metric", c->metric);
    rep_json_str(j, "rule", c->rule);
    rep_json_str(j, "unit", c->unit);
    rep_json_exact(j, "limit", c->limit);
    rep_json_exact(j, "value", c->value);
    rep_json_exact(j, "baseline", c->baseline);
    rep_json_real(j, "delta_percent", c->delta_percent);
    if (c->error_percent >= 0)
        rep_json_real(j, "error_percent", c->error_percent);
    else
        rep_json_null(j, "error_percent");
    rep_json_str(j, "verdict", npu_verdict_key(c->verdict));
    rep_json_bool(j, "failed", c->failed);
    rep_json_str(j, "message", c->message);
    strings(j, "causes", c->cause, c->ncause);
    rep_json_close(j);
}

void rep_gate_json(const npu_gate *g, FILE *f)
{
    rep_json j = rep_json_begin(f);
    rep_json_identity(&j, "npusim.check/1");
    rep_json_bool(&j, "passed", g->failed == 0);
    rep_json_open(&j, "counts", REP_OBJECT_LINE);
    for (int v = 0; v < NPU_VERDICTS; v++)
        rep_json_int(&j, npu_verdict_key((npu_verdict)v), (int64_t)g->count[v]);
    rep_json_close(&j);
    rep_json_open(&j, "rules", REP_ARRAY);
    for (size_t i = 0; i < g->n; i++)
        json_rule(&j, &g->check[i], i);
    rep_json_close(&j);
    strings(&j, "notes", g->note, g->nnote);
    rep_json_end(&j);
}

/* --- Markdown --------------------------------------------------------------------------------- */

/* Cell text: nothing of it may act as Markdown or HTML. */
static void cell(FILE *f, const char *s)
{
    uint32_t c;
    while ((c = rep_utf8(&s)) != 0) {
        if (c < 0x80 && strchr("\\`*_{}[]()#+!|<>&~", (int)c))
            fprintf(f, "&#%u;", (unsigned)c);
        else
            rep_put_plain(f, c);
    }
}

static void md_row(const npu_check *c, FILE *f)
{
    static const char *const marks[NPU_VERDICTS] = {"", "**", "**", "**", "", "", "**"};
    const char *mark = marks[c->verdict];
    fprintf(f, "| %s%s%s | ", mark, npu_verdict_word(c->verdict), mark);
    cell(f, c->model);
    fputs(" | ", f);
    cell(f, c->profile);
    fputs(" | ", f);
    cell(f, c->scope);
    fprintf(f, " | %s %s | ", c->metric, c->rule);
    cell(f, c->message);
    for (size_t i = 0; i < c->ncause; i++) {
        fputs("<br>", f);
        cell(f, c->cause[i]);
    }
    fputs(" |\n", f);
}

void rep_gate_md(const npu_gate *g, FILE *f)
{
    fprintf(f, "### Budgets: %s\n\n", g->failed ? "failed" : "met");
    for (int v = 0; v < NPU_VERDICTS; v++)
        if (g->count[v])
            fprintf(f, "%zu %s · ", g->count[v], npu_verdict_word((npu_verdict)v));
    fprintf(f, "%zu rules\n\n| verdict | model | profile | object | rule | result |\n"
               "|---|---|---|---|---|---|\n", g->n);
    for (size_t i = 0; i < g->n; i++)
        if (g->check[i].verdict != NPU_PASS)
            md_row(&g->check[i], f);
    for (size_t i = 0; i < g->n; i++)
        if (g->check[i].verdict == NPU_PASS)
            md_row(&g->check[i], f);
    for (size_t i = 0; i < g->nnote; i++) {
        fputs("\n> ", f);
        cell(f, g->note[i]);
        putc('\n', f);
    }
}

/* --- GitHub ----------------------------------------------------------------------------------- */

/* Escapes of workflow commands; ',' and ':' count in properties only. */
static void command_text(FILE *f, const char *s, bool property)
{
    uint32_t c;
    while ((c = rep_utf8(&s)) != 0) {
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            fprintf(f, "%%%02X", (unsigned)c);
        else
            rep_put_plain(f, c);
    }
}

void rep_gate_github(const npu_gate *g, FILE *f)
{
    for (size_t i = 0; i < g->n; i++) {
        const npu_check *c = &g->check[i];
        if (c->verdict == NPU_PASS || c->verdict == NPU_SKIPPED)
            continue;
        fprintf(f, "::%s title=%s ", c->failed ? "error" : "warning",
                npu_verdict_word(c->verdict));
        command_text(f, c->model, true);
        fprintf(f, " %s %s::", c->metric, c->rule);
        command_text(f, c->scope, false);
        fputs(" ", f);
        command_text(f, c->message, false);
        for (size_t k = 0; k < c->ncause; k++) {
            fputs("%0A", f);
            command_text(f, c->cause[k], false);
        }
        putc('\n', f);
    }
}
