/* npusim diff: why the latency of a model changed, layer by layer, to the cycle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/diff.h"
#include "perf/gate.h"
#include "reports/diff.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    long top;
    bool md, json, fail;
    const char *output, *model;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"top", 'n', OPT_INT, AT(top), "N", "name at most N layers (default 10)", 1, 1000000},
    {"md", 0, OPT_BOOL, AT(md), NULL, "Markdown instead of text", 0, 0},
    {"json", 0, OPT_BOOL, AT(json), NULL, "every row as JSON, schema npusim.diff/1", 0, 0},
    {"model", 'm', OPT_STRING, AT(model), "NAME",
     "compare this model, where a file holds several", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of stdout", 0, 0},
    {"fail-on-change", 0, OPT_BOOL, AT(fail), NULL, "exit with 1 when anything differs", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "OLD.json NEW.json", .min_args = 2, .max_args = 2, .spec = spec,
    .doc = "Compares two profiles (npusim profile --format json). Every cycle of the difference "
           "is charged to a layer or to the launch, with the cause: partition, fusion, align, "
           "param, bytes, compute, chip, bandwidth or overlap. The rows add up to the difference "
           "of the model exactly.",
    .example = "npusim diff old.json new.json\n"
               "npusim diff --fail-on-change --md -o diff.md old.json new.json"};

/* The one profile of LIST: called NAME where that is given; of several the one LIKE can be compared
 * with (same chip, numbers and tool), where there is one such. */
static npu_status pick(const prof_list *list, const char *file, const char *name,
                       const prof_facts *like, const prof_facts **out, npu_err *err)
{
    size_t named = 0, alike = 0;
    const prof_facts *same = NULL;
    *out = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const prof_facts *f = list->item[i];
        if (f->schedule)
            return npu_fail(err, NPU_BAD_INPUT, "%s: a schedule; diff compares profiles "
                            "(npusim.profile/1)", file);
        if (name && strcmp(f->name, name) != 0)
            continue;
        *out = f;
        named++;
        if (like && !gate_why_incomparable(like, f, NULL, 0)) {
            same = f;
            alike++;
        }
    }
    if (named > 1 && alike == 1)
        *out = same;
    else if (named > 1)
        return npu_fail(err, NPU_USAGE, "%s: holds %zu profiles that fit; choose with --model, or "
                        "`npusim history baseline --set ID`", file, named);
    return *out ? NPU_OK
                : npu_fail(err, NPU_BAD_INPUT, "%s: no profile of model %s, but of %s", file,
                           name ? name : "any name", list->n ? list->item[0]->name : "none");
}

/* Where the one side is a baseline of several models, the other side tells which is meant. */
static npu_status pick_both(const prof_list *old, const prof_list *new, char **arg,
                            const char *name, const prof_facts *out[2], npu_err *err)
{
    if (new->n == 1) {
        NPU_TRY(pick(new, arg[1], name, NULL, &out[1], err));
        return pick(old, arg[0], old->n > 1 ? out[1]->name : name, out[1], &out[0], err);
    }
    NPU_TRY(pick(old, arg[0], name, NULL, &out[0], err));
    return pick(new, arg[1], out[0]->name, out[0], &out[1], err);
}

static npu_status print_diff(const npu_diff *d, const options *o, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    if (o->json)
        rep_diff_json(d, f);
    else if (o->md)
        rep_diff_md(d, (size_t)o->top, f);
    else
        rep_diff_text(d, (size_t)o->top, f);
    npu_status s = fclose(f) == 0 ? tool_put(o->output, text, n, err)
                                  : npu_fail(err, NPU_LIMIT, "out of memory");
    free(text);
    return s;
}

static npu_status run(const options *o, char **arg, bool *changed, npu_err *err)
{
    prof_list old = {0}, new = {0};
    const prof_facts *side[2];
    npu_diff *d = NULL;
    if (o->md && o->json)
        return npu_fail(err, NPU_USAGE, "--md and --json exclude each other");
    npu_status s = prof_read(arg[0], &old, err);
    if (s == NPU_OK)
        s = prof_read(arg[1], &new, err);
    if (s == NPU_OK)
        s = pick_both(&old, &new, arg, o->model, side, err);
    if (s == NPU_OK)
        s = prof_diff(side[0], side[1], &d, err);
    if (s == NPU_OK)
        s = print_diff(d, o, err);
    *changed = d && d->changed;
    npu_diff_free(d);
    prof_list_free(&old);
    prof_list_free(&new);
    return s;
}

int cmd_diff(int argc, char **argv)
{
    options o = {.top = 10};
    opt_rest rest;
    npu_err err = {0};
    bool changed = false;
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = run(&o, rest.arg, &changed, &err);
    code = s != NPU_OK ? tool_fail(argv[0], &err)
                       : npu_exit_code(o.fail && changed ? NPU_GATE : NPU_OK);
    opt_free(&program, &o);
    return code;
}
