/* Holds profiles against budgets: which rules apply to what; the verdicts are in gate.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/budget.h"
#include "perf/gate.h"

typedef struct {
    const budget_file *b;
    const prof_list *profiles, *baseline;
    gate_run run;
} work;

static bool number_is(const prof_facts *f, const prof_number *want)
{
    for (size_t i = 0; i < f->nnumber; i++)
        if (strcmp(f->number[i].key, want->key) == 0)
            return f->number[i].value == want->value;
    return false;
}

static bool profile_is(const prof_facts *f, const budget_profile *p)
{
    if (strcmp(f->chip, p->chip) != 0)
        return false;
    for (size_t i = 0; i < p->nset; i++)
        if (!number_is(f, &p->set[i]))
            return false;
    return true;
}

static bool entry_is(const work *w, const budget_entry *e, const prof_facts *f)
{
    if (f->schedule || !e->has_model)
        return false;
    if (!budget_matches(&e->model, f->name) && !budget_matches(&e->model, f->model_name))
        return false;
    return e->profile < 0 || profile_is(f, &w->b->profile[e->profile]);
}

/* The baseline of a model: on the same chip where there is one, else on another, which the rule
 * then reports as not comparable. */
static const prof_facts *baseline_of(const work *w, const prof_facts *f)
{
    const prof_facts *found = NULL;
    for (size_t i = 0; i < w->baseline->n; i++) {
        const prof_facts *x = w->baseline->item[i];
        if (x->schedule != f->schedule || strcmp(x->name, f->name) != 0)
            continue;
        if (!gate_why_incomparable(x, f, NULL, 0))
            return x;
        if (!found)
            found = x;
    }
    return found;
}

/* --- the object of the same name on the other side -------------------------------------------- */

static const void *find_layer(const prof_facts *f, const prof_layer *l)
{
    const prof_layer *alone = NULL;
    size_t n = 0;
    for (size_t i = 0; i < f->nlayer; i++) {
        const prof_layer *x = &f->layer[i];
        if (strcmp(x->name, l->name) != 0)
            continue;
        if (strcmp(x->subgraph, l->subgraph) == 0)
            return x;
        alone = x;
        n++;
    }
    return n == 1 ? alone : NULL;
}

static const void *find_subgraph(const prof_facts *f, const char *name)
{
    for (size_t i = 0; i < f->nsubgraph; i++)
        if (strcmp(f->subgraph[i].name, name) == 0)
            return &f->subgraph[i];
    return NULL;
}

static const void *find_response(const prof_facts *f, const char *name)
{
    for (size_t i = 0; i < f->nresponse; i++)
        if (strcmp(f->response[i].name, name) == 0)
            return &f->response[i];
    return NULL;
}

/* Object I of a scope. */
static const char *object_at(const prof_facts *f, budget_scope scope, size_t i, const void **object)
{
    if (scope == BUDGET_SUBGRAPH && i < f->nsubgraph)
        return *object = &f->subgraph[i], f->subgraph[i].name;
    if (scope == BUDGET_LAYER && i < f->nlayer)
        return *object = &f->layer[i], f->layer[i].name;
    if (scope == BUDGET_RESPONSE && i < f->nresponse)
        return *object = &f->response[i], f->response[i].name;
    return NULL;
}

static const void *counterpart(const prof_facts *base, budget_scope scope, const void *object)
{
    if (!base)
        return NULL;
    switch (scope) {
    case BUDGET_SUBGRAPH: return find_subgraph(base, ((const prof_subgraph *)object)->name);
    case BUDGET_LAYER: return find_layer(base, object);
    case BUDGET_RESPONSE: return find_response(base, ((const prof_response *)object)->name);
    default: return base;
    }
}

/* --- rules on objects ------------------------------------------------------------------------- */

static npu_status check_group(work *w, const budget_entry *e, const budget_group *g,
                              const prof_facts *f, const prof_facts *base, bool *found)
{
    const void *object;
    const char *name;
    gate_object o = {.facts = f, .base = base, .scope = g->scope, .missing = e->missing,
                     .profile = e->profile < 0 ? f->chip : w->b->profile[e->profile].name};
    if (g->scope == BUDGET_MODEL) {
        *found = true;
        o.object = f;
        o.base_object = base;
        return gate_rules(&w->run, &o, g->rule, g->nrule);
    }
    for (size_t i = 0; (name = object_at(f, g->scope, i, &object)) != NULL; i++) {
        if (!budget_matches(&g->name, name))
            continue;
        *found = true;
        o.name = name;
        o.object = object;
        o.base_object = counterpart(base, g->scope, object);
        NPU_TRY(gate_rules(&w->run, &o, g->rule, g->nrule));
    }
    return NPU_OK;
}

static npu_status missing(work *w, const budget_entry *e, const char *model, const char *scope,
                          const char *name, const char *why)
{
    char label[PATTERN_LABEL];
    const char *profile = e->profile < 0 ? "any" : w->b->profile[e->profile].name;
    if (e->missing == BUDGET_MISSING_IGNORE)
        return NPU_OK;
    snprintf(label, sizeof label, "%s%s%s", scope, name ? " " : "", name ? name : "");
    return gate_missing(&w->run, model, profile, label, "exists", "exists", why,
                        e->missing == BUDGET_MISSING_FAIL);
}

static npu_status check_profile(work *w, const budget_entry *e, const prof_facts *f)
{
    static const char *const scopes[] = {"model", "subgraph", "layer"};
    static const char *const whys[] = {"", "no sub-graph of the profile matches",
                                       "no layer of the profile matches"};
    const prof_facts *base = baseline_of(w, f);
    for (size_t i = 0; i < e->ngroup; i++) {
        const budget_group *g = &e->group[i];
        bool found = false;
        if (g->scope == BUDGET_RESPONSE)
            continue;
        NPU_TRY(check_group(w, e, g, f, base, &found));
        if (!found)
            NPU_TRY(missing(w, e, f->name, scopes[g->scope], g->name.text, whys[g->scope]));
    }
    return NPU_OK;
}

static npu_status check_responses(work *w, const budget_entry *e, const budget_group *g)
{
    bool found = false;
    for (size_t i = 0; i < w->profiles->n; i++) {
        const prof_facts *f = w->profiles->item[i];
        if (f->schedule)
            NPU_TRY(check_group(w, e, g, f, baseline_of(w, f), &found));
    }
    return found || w->run.options->pass_over_others
               ? NPU_OK
               : missing(w, e, "schedule", "response", g->name.text,
                         "no model of a schedule (npusim.schedule/1) given matches");
}

static npu_status check_entry(work *w, const budget_entry *e)
{
    bool matched = false;
    for (size_t i = 0; i < w->profiles->n; i++) {
        if (!entry_is(w, e, w->profiles->item[i]))
            continue;
        matched = true;
        NPU_TRY(check_profile(w, e, w->profiles->item[i]));
    }
    for (size_t i = 0; i < e->ngroup; i++)
        if (e->group[i].scope == BUDGET_RESPONSE)
            NPU_TRY(check_responses(w, e, &e->group[i]));
    if (!matched && e->has_model && !w->run.options->pass_over_others)
        return missing(w, e, e->model.text, "model", NULL,
                       e->profile < 0 ? "no profile given is of this model"
                                      : "no profile given is of this model on this chip with "
                                        "these numbers");
    return NPU_OK;
}

npu_status budget_check(const budget_file *b, const prof_list *profiles, const prof_list *baseline,
                        const budget_options *o, npu_gate *out, npu_err *err)
{
    work w = {b, profiles, baseline, {.gate = out, .options = o, .err = err}};
    npu_status s = NPU_OK;
    *out = (npu_gate){0};
    for (size_t i = 0; i < b->nentry && s == NPU_OK; i++)
        s = check_entry(&w, &b->entry[i]);
    for (size_t i = 0; i < profiles->n && s == NPU_OK; i++)
        s = gate_note_profile(&w.run, profiles->item[i]);
    if (s != NPU_OK)
        npu_gate_free(out);
    return s;
}
