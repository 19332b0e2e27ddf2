/* Does the model meet its budget: verdicts of `npusim check` as a row of the page, as text and as
 * JSON.  Nothing is judged here. */
#include "reports/html.h"

#include <math.h>
#include <string.h>

#include "reports/out.h"

enum { PASSED_SHOWN = 24, OTHERS_SHOWN = 200, MOST_DECIMALS = 12 };

/* Colour never stands alone: each verdict has its word and a glyph. */
static const struct {
    const char *look, *glyph;
} marks[NPU_VERDICTS] = {{"pass", "✓"}, {"fail", "✗"}, {"marg", "≈"}, {"marg", "!"},
                         {"none", "–"}, {"none", "–"}, {"marg", "?"}};

typedef struct {
    rep_num value, limit;
} pair;

/* Decimals that show four figures of V. */
static int decimals_of(double v)
{
    double d = v != 0 && isfinite(v) ? 3 - floor(log10(fabs(v))) : 0;
    return d < 0 ? 0 : d > MOST_DECIMALS ? MOST_DECIMALS : (int)d;
}

/* Value and limit, with as many decimals as it takes to tell them apart; the limit otherwise as
 * the budget file has it. */
static pair numbers(const npu_check *c, bool grouped)
{
    bool whole = c->value == floor(c->value) && c->limit == floor(c->limit);
    int decimals = whole ? 0 : decimals_of(c->value);
    pair t;
    if (whole && grouped)
        return (pair){rep_group(c->value), rep_group(c->limit)};
    do {
        t.value = rep_fix(c->value, decimals);
        t.limit = rep_fix(c->limit, decimals);
    } while (strcmp(t.value.s, t.limit.s) == 0 && c->value != c->limit &&
             decimals++ < MOST_DECIMALS);
    if (!whole)
        t.limit = rep_general(c->limit);
    return t;
}

static bool is_max(const npu_check *c)
{
    return strcmp(c->rule, "max") == 0;
}

static bool has_limit(const npu_check *c)
{
    return isfinite(c->limit) && isfinite(c->value);
}

/* Room to the limit in percent of it; negative: broken.  NaN for a limit of 0. */
static double headroom(const npu_check *c)
{
    return is_max(c) ? -c->delta_percent : c->delta_percent;
}

static void put_headroom(FILE *f, const npu_check *c)
{
    double room = headroom(c);
    if (!isfinite(room))
        return;
    if (room < 0)
        fprintf(f, ", %s %% %s", rep_fix(-room, 1).s, is_max(c) ? "over" : "under");
    else
        fprintf(f, ", %s %% headroom", rep_fix(room, 1).s);
}

/* --- page ------------------------------------------------------------------------------------- */

static void what(FILE *f, const npu_check *c)
{
    bool part = strcmp(c->scope, "model") != 0, whole_object = strcmp(c->metric, "exists") == 0;
    if (!whole_object)
        fputs(c->metric, f);
    fputs(part && !whole_object ? " of " : "", f);
    if (part)
        rep_html(f, c->scope);
    putc(' ', f);
}

static void chip(FILE *f, const npu_check *c)
{
    const char *space = *c->unit ? " " : "";
    fprintf(f, "<div class=\"chip %s\"><b>%s %s</b>", marks[c->verdict].look,
            marks[c->verdict].glyph, npu_verdict_word(c->verdict));
    if (has_limit(c)) {
        pair t = numbers(c, true);
        fprintf(f, "<span class=n>limit %s %s%s%s</span><span class=q>", is_max(c) ? "≤" : "≥",
                t.limit.s, space, c->unit);
        what(f, c);
        fprintf(f, "<b>%s%s%s</b>", t.value.s, space, c->unit);
        put_headroom(f, c);
        if (c->verdict == NPU_WITHIN)
            fprintf(f, "; with the measured error %s to %s", rep_fix(c->low, decimals_of(c->low)).s,
                    rep_fix(c->high, decimals_of(c->low)).s);
    } else {
        fprintf(f, "<span class=n>%s</span><span class=q>",
                c->verdict == NPU_MISSING ? "" : c->rule);
        what(f, c);
        fputs("— ", f);
        rep_html(f, c->message);
    }
    fputs("</span></div>\n", f);
}

npu_status rep_html_budgets(const rep_html_page *h)
{
    const npu_gate *g = h->p->budgets;
    size_t passed = 0, others = 0, left_out = 0;
    if (!g)
        return NPU_OK;
    fputs("<div class=bud id=budgets role=group aria-label=Budgets>\n", h->f);
    for (size_t i = 0; i < g->n; i++) {
        const npu_check *c = &g->check[i];
        if (c->verdict == NPU_PASS ? passed++ < PASSED_SHOWN : others++ < OTHERS_SHOWN)
            chip(h->f, c);
        else
            left_out++;
    }
    fputs("</div>\n", h->f);
    if (g->n == 0)
        fputs("<p class=note>No rule of the budget file is for this model on this chip.</p>\n",
              h->f);
    if (left_out)
        fprintf(h->f, "<p class=cap>%zu more rules; the JSON profile has all.</p>\n", left_out);
    for (size_t i = 0; i < g->nnote; i++) {
        fputs("<p class=note>", h->f);
        rep_html(h->f, g->note[i]);
        fputs("</p>\n", h->f);
    }
    return NPU_OK;
}

/* --- text and JSON ---------------------------------------------------------------------------- */

static void line(FILE *f, const npu_check *c)
{
    fprintf(f, "  %-12s %-20s ", npu_verdict_word(c->verdict), c->metric);
    if (has_limit(c)) {
        pair t = numbers(c, false);
        fprintf(f, "%s, %s %s%s%s", t.value.s, is_max(c) ? "max" : "min", t.limit.s,
                *c->unit ? " " : "", c->unit);
        put_headroom(f, c);
    } else {
        rep_plain(f, c->message, 0);
    }
    putc('\n', f);
    if (strcmp(c->scope, "model") == 0)
        return;
    fprintf(f, "%15s", "");
    rep_plain(f, c->scope, 0);
    putc('\n', f);
}

void rep_text_budgets(const npu_profile *p, FILE *f)
{
    const npu_gate *g = p->budgets;
    if (!g)
        return;
    fputs("\nBudgets\n", f);
    for (size_t i = 0; i < g->n; i++)
        line(f, &g->check[i]);
    if (g->n == 0)
        fputs("  no rule of the budget file is for this model on this chip\n", f);
    for (size_t i = 0; i < g->nnote; i++)
        rep_text_wrapped(f, "  note: ", g->note[i]);
}

void rep_json_budgets(const npu_profile *p, rep_json *j)
{
    if (!p->budgets)
        return;
    rep_json_open(j, "budgets", REP_ARRAY);
    for (size_t i = 0; i < p->budgets->n; i++) {
        const npu_check *c = &p->budgets->check[i];
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "metric", c->metric);
        rep_json_str(j, "scope", c->scope);
        rep_json_str(j, "op", c->rule);
        rep_json_exact(j, "limit", c->limit);
        rep_json_exact(j, "value", c->value);
        rep_json_exact(j, "low", c->low);
        rep_json_exact(j, "high", c->high);
        rep_json_str(j, "unit", c->unit);
        rep_json_real(j, "headroom_percent", headroom(c));
        rep_json_str(j, "state", npu_verdict_key(c->verdict));
        rep_json_str(j, "message", c->message);
        rep_json_close(j);
    }
    rep_json_close(j);
}
