/* See gate.h.  Limits are inclusive and compared with unrounded values. */
#include "perf/gate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *npu_verdict_word(npu_verdict v)
{
    static const char *const words[NPU_VERDICTS] = {"PASS", "FAIL", "WITHIN ERROR", "WARN",
                                                    "SKIPPED", "NO BASELINE", "MISSING"};
    return words[v];
}

const char *npu_verdict_key(npu_verdict v)
{
    static const char *const keys[NPU_VERDICTS] = {"pass", "fail", "within-error", "warn",
                                                   "skipped", "no-baseline", "missing"};
    return keys[v];
}

static void free_check(npu_check *c)
{
    for (size_t k = 0; k < c->ncause; k++)
        free(c->cause[k]);
    free(c->cause);
    free(c->message);
    free(c->model);
    free(c->profile);
    free(c->scope);
}

void npu_gate_free(npu_gate *g)
{
    for (size_t i = 0; i < g->n; i++)
        free_check(&g->check[i]);
    for (size_t i = 0; i < g->nnote; i++)
        free(g->note[i]);
    free(g->check);
    free(g->note);
    *g = (npu_gate){0};
}

/* Two numbers as text, with as many digits as it takes to tell them apart. */
typedef struct {
    char a[40], b[40];
} pair_text;

static pair_text show(double a, double b)
{
    pair_text t;
    if (fabs(a) < 1e15 && fabs(b) < 1e15 && a == floor(a) && b == floor(b)) {
        snprintf(t.a, sizeof t.a, "%.0f", a);
        snprintf(t.b, sizeof t.b, "%.0f", b);
        return t;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(t.a, sizeof t.a, "%.*g", digits, a);
        snprintf(t.b, sizeof t.b, "%.*g", digits, b);
        if (a == b || strcmp(t.a, t.b) != 0)
            break;
    }
    return t;
}

static double percent_of(double value, double of)
{
    return of != 0 ? 100 * (value - of) / fabs(of) : NAN;
}

/* Takes over the contents of C, also on failure. */
static npu_status add(gate_run *r, npu_check *c)
{
    npu_gate *g = r->gate;
    npu_check *grown = realloc(g->check, (g->n + 1) * sizeof *grown);
    if (grown)
        g->check = grown;
    if (!grown || !c->model || !c->profile || !c->scope || !c->message) {
        free_check(c);
        return npu_fail(r->err, NPU_LIMIT, "out of memory");
    }
    g->check[g->n++] = *c;
    g->count[c->verdict]++;
    g->failed += c->failed;
    g->missing_failed +=
        c->failed && (c->verdict == NPU_MISSING || c->verdict == NPU_NO_BASELINE);
    return NPU_OK;
}

static char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *text(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    return n < 0 ? NULL : s;
}

npu_status gate_missing(gate_run *r, const char *model, const char *profile, const char *scope,
                        const char *metric, const char *rule, const char *why, bool failed)
{
    npu_check c = {.model = strdup(model), .profile = strdup(profile), .scope = strdup(scope),
                   .metric = metric, .unit = "", .rule = rule, .limit = NAN, .value = NAN,
                   .baseline = NAN, .delta_percent = NAN, .error_percent = -1,
                   .low = NAN, .high = NAN, .verdict = NPU_MISSING, .failed = failed,
                   .message = text("%s", why)};
    return add(r, &c);
}

static npu_check start(const gate_object *o, const budget_rule *rule, const char *kind)
{
    static const char *const scopes[] = {"model", "subgraph", "layer", "response"};
    const budget_metric *m = rule->metric;
    npu_check c = {
        .model = strdup(o->facts->name), .profile = strdup(o->profile ? o->profile : "schedule"),
        .scope = text("%s%s%s", scopes[o->scope], o->name ? " " : "", o->name ? o->name : ""),
        .metric = m->key, .unit = limit_unit_name(m->unit), .rule = kind, .limit = NAN,
        .value = budget_metric_value(m, o->object), .baseline = NAN, .delta_percent = NAN,
        .error_percent = m->error ? o->facts->error_percent : -1, .low = NAN, .high = NAN};
    if (c.error_percent > 0) {
        c.low = c.value * (1 - c.error_percent / 100);
        c.high = c.value * (1 + c.error_percent / 100);
    }
    return c;
}

static npu_status add_with_causes(gate_run *r, const gate_object *o, const budget_metric *m,
                                  npu_check *c)
{
    npu_status s = NPU_OK;
    if (c->verdict != NPU_PASS)
        s = gate_causes(c, o, m, o->base, r->err);
    if (s == NPU_OK)
        return add(r, c);
    free_check(c);
    return s;
}

static npu_status check_value(gate_run *r, const gate_object *o, const budget_rule *x)
{
    npu_check c = start(o, x, "exists");
    c.verdict = NPU_MISSING;
    c.failed = o->missing == BUDGET_MISSING_FAIL;
    c.message = text("the profile does not hold %s", x->metric->key);
    if (o->missing != BUDGET_MISSING_IGNORE)
        return add(r, &c);
    free_check(&c);
    return NPU_OK;
}

/* --- max and min ------------------------------------------------------------------------------ */

/* The true time lies between LOW and HIGH; frames per second are a reciprocal of such a time, for
 * small errors the same. */
static bool within_error(const npu_check *c)
{
    return c->limit >= c->low && c->limit <= c->high; /* false for NaN */
}

static void judge_limit(const gate_run *r, const budget_rule *rule, bool is_max, npu_check *c)
{
    bool ok = is_max ? c->value <= c->limit : c->value >= c->limit;
    pair_text t = show(c->value, c->limit);
    const char *sign = is_max ? (ok ? "<=" : ">") : (ok ? ">=" : "<");
    const char *space = *c->unit ? " " : "";
    char delta[40] = "";
    c->delta_percent = percent_of(c->value, c->limit);
    if (isfinite(c->delta_percent))
        snprintf(delta, sizeof delta, " (%+.2f %%)", c->delta_percent);
    if (within_error(c)) {
        c->verdict = NPU_WITHIN;
        c->failed = r->options->strict && !rule->warn;
        c->message = text("%s %s %s%s%s%s; limit inside the measured error of +-%.3g %%: %.6g to "
                          "%.6g%s%s", t.a, sign, t.b, space, c->unit, delta, c->error_percent,
                          c->low, c->high, space, c->unit);
        return;
    }
    c->verdict = ok ? NPU_PASS : rule->warn ? NPU_WARN : NPU_FAIL;
    c->failed = c->verdict == NPU_FAIL;
    c->message = text("%s %s %s%s%s%s", t.a, sign, t.b, space, c->unit, delta);
}

static npu_status check_limit(gate_run *r, const gate_object *o, const budget_rule *rule,
                              bool is_max)
{
    npu_check c = start(o, rule, is_max ? "max" : "min");
    c.limit = is_max ? rule->max : rule->min;
    judge_limit(r, rule, is_max, &c);
    return add_with_causes(r, o, rule->metric, &c);
}

/* --- against the baseline --------------------------------------------------------------------- */

bool gate_why_incomparable(const prof_facts *a, const prof_facts *b, char *why, size_t n)
{
    char none[1];
    if (!why) {
        why = none;
        n = sizeof none;
    }
    if (strcmp(a->tool_version, b->tool_version) != 0)
        return snprintf(why, n, "baseline of npusim %s, profile of npusim %s", a->tool_version,
                        b->tool_version), true;
    if (a->schedule)
        return false;
    if (strcmp(a->chip, b->chip) != 0)
        return snprintf(why, n, "baseline on chip %s, profile on %s", a->chip, b->chip), true;
    for (size_t i = 0; i < b->nnumber; i++) {
        const prof_number *x = i < a->nnumber ? &a->number[i] : NULL;
        if (!x || strcmp(x->key, b->number[i].key) != 0)
            return snprintf(why, n, "baseline and profile list other chip numbers"), true;
        if (x->value != b->number[i].value)
            return snprintf(why, n, "%s is %.9g in the baseline, %.9g in the profile", x->key,
                            x->value, b->number[i].value), true;
    }
    return a->nnumber != b->nnumber &&
           (snprintf(why, n, "baseline and profile list other chip numbers"), true);
}

/* Sets verdict and message when the rule cannot be applied; true when it can. */
static bool comparable(gate_run *r, const gate_object *o, npu_check *c)
{
    char why[200];
    if (!o->base || !o->base_object || !isfinite(c->baseline)) {
        c->verdict = NPU_NO_BASELINE;
        c->failed = r->options->require_baseline;
        c->message = text("%s", !o->base ? "no baseline of this model was given"
                                         : "the baseline does not hold this");
        return false;
    }
    if (gate_why_incomparable(o->base, o->facts, why, sizeof why)) {
        c->verdict = NPU_SKIPPED;
        r->gate->incomparable = true;
        c->message = text("not comparable: %s", why);
        return false;
    }
    return true;
}

static void judge_change(const budget_rule *rule, bool regress, npu_check *c)
{
    const limit_change *a = regress ? &rule->regress : &rule->improve;
    double room = fabs(c->baseline) * a->percent / 100 + a->absolute;
    bool up = regress != rule->metric->more_is_better; /* the limit lies above the baseline */
    c->limit = up ? c->baseline + room : c->baseline - room;
    bool ok = up ? c->value <= c->limit : c->value >= c->limit;
    pair_text t = show(c->value, ok ? c->baseline : c->limit);
    pair_text base = show(c->baseline, c->value);
    const char *space = *c->unit ? " " : "";
    char delta[40] = "";
    c->delta_percent = percent_of(c->value, c->baseline);
    if (isfinite(c->delta_percent))
        snprintf(delta, sizeof delta, " (%+.2f %%)", c->delta_percent);
    bool warn = regress ? rule->warn : rule->warn || !rule->warn_given;
    c->verdict = ok ? NPU_PASS : warn ? NPU_WARN : NPU_FAIL;
    c->failed = c->verdict == NPU_FAIL;
    if (ok)
        c->message = text("%s%s%s, baseline %s%s", t.a, space, c->unit, base.a, delta);
    else
        c->message = text("%s %s %s%s%s, baseline %s%s%s", t.a, up ? ">" : "<", t.b, space, c->unit,
                          base.a, delta,
                          regress ? "" : ": better than the budget expects, tighten it");
}

static npu_status check_change(gate_run *r, const gate_object *o, const budget_rule *rule,
                               bool regress)
{
    npu_check c = start(o, rule, regress ? "regress" : "improve");
    if (o->base_object)
        c.baseline = budget_metric_value(rule->metric, o->base_object);
    if (!comparable(r, o, &c))
        return add(r, &c);
    judge_change(rule, regress, &c);
    return add_with_causes(r, o, rule->metric, &c);
}

npu_status gate_rules(gate_run *r, const gate_object *o, const budget_rule *rule, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const budget_rule *x = &rule[i];
        if (!isfinite(budget_metric_value(x->metric, o->object))) {
            NPU_TRY(check_value(r, o, x));
            continue;
        }
        if (x->has_max)
            NPU_TRY(check_limit(r, o, x, true));
        if (x->has_min)
            NPU_TRY(check_limit(r, o, x, false));
        if (x->regress.given)
            NPU_TRY(check_change(r, o, x, true));
        if (x->improve.given)
            NPU_TRY(check_change(r, o, x, false));
    }
    return NPU_OK;
}

npu_status gate_note_profile(gate_run *r, const prof_facts *f)
{
    npu_gate *g = r->gate;
    if (f->schedule || f->error_percent >= 0)
        return NPU_OK;
    char **grown = realloc(g->note, (g->nnote + 1) * sizeof *grown);
    if (grown)
        g->note = grown;
    char *s = text("%s: the latency of chip %s was never measured, so no limit can be called "
                   "WITHIN ERROR", f->name, f->chip);
    if (!grown || !s)
        return npu_fail(r->err, NPU_LIMIT, "out of memory");
    g->note[g->nnote++] = s;
    return NPU_OK;
}
