/* npusim check: a build fails when a model breaks its budget. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/budget.h"
#include "reports/gate.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    const char *budget, *junit, *json, *md;
    opt_list baseline;
    budget_options check;
    bool werror;
    int annotate;
} options;

enum { ANNOTATE_NONE, ANNOTATE_GITHUB };

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"budget", 'b', OPT_STRING, AT(budget), "BUDGET.json", "limits, schema npusim-budget/1", 0, 0},
    {"baseline", 0, OPT_LIST, AT(baseline), "FILE.json",
     "what \"regress\" rules compare with: a profile, or a file of `npusim history baseline`; may "
     "be repeated", 0, 0},
    {"require-baseline", 0, OPT_BOOL, AT(check.require_baseline), NULL,
     "fail where a \"regress\" rule has no baseline (default: warn)", 0, 0},
    {"strict", 0, OPT_BOOL, AT(check.strict), NULL,
     "fail where the limit lies inside the measured error of the chip file, and where profile and "
     "baseline cannot be compared", 0, 0},
    {"werror", 0, OPT_BOOL, AT(werror), NULL, "let every warning fail the check", 0, 0},
    {NULL, 0, OPT_GROUP, 0, NULL, "Reports:", 0, 0},
    {"junit", 0, OPT_STRING, AT(junit), "FILE", "write JUnit XML", 0, 0},
    {"json", 0, OPT_STRING, AT(json), "FILE", "write every verdict, schema npusim.check/1", 0, 0},
    {"md", 0, OPT_STRING, AT(md), "FILE", "write a Markdown table for merge requests", 0, 0},
    {"annotate", 0, OPT_CHOICE, AT(annotate), "none|github",
     "print workflow commands that GitHub Actions shows as remarks", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "PROFILE.json...", .min_args = 1, .max_args = -1, .spec = spec,
    .doc = "Holds profiles (npusim profile --format json) and schedules (npusim schedule) against "
           "a budget file: limits for models, sub-graphs, layers and response times, absolute and "
           "against a baseline. Exit status: 0 all budgets met, 1 one is broken, 3 a file is "
           "malformed, 4 something that has a budget is missing. Reports go to stdout for FILE -.",
    .example = "npusim profile --format json -o new.json model.cvimodel\n"
               "npusim check -b budget.json new.json\n"
               "npusim check -b budget.json --baseline old.json --junit junit.xml new.json"};

typedef struct {
    char *text; /* owned */
    size_t n;
} rendered;

typedef void writer(const npu_gate *g, FILE *f);

static npu_status render(writer *w, const npu_gate *g, rendered *out, npu_err *err)
{
    FILE *f = open_memstream(&out->text, &out->n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    w(g, f);
    return fclose(f) == 0 ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static bool to_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* Everything is rendered before anything is written. */
static npu_status write_reports(const options *o, const npu_gate *g, bool quiet, npu_err *err)
{
    const struct {
        const char *path;
        writer *w;
    } files[] = {{o->junit, rep_gate_junit}, {o->json, rep_gate_json}, {o->md, rep_gate_md}};
    rendered r[3] = {0};
    bool taken = false;
    npu_status s = NPU_OK;
    for (int i = 0; i < 3 && s == NPU_OK; i++)
        if (files[i].path)
            s = render(files[i].w, g, &r[i], err);
    for (int i = 0; i < 3 && s == NPU_OK; i++) {
        taken |= to_stdout(files[i].path);
        if (files[i].path)
            s = tool_put(files[i].path, r[i].text, r[i].n, err);
    }
    for (int i = 0; i < 3; i++)
        free(r[i].text);
    if (s == NPU_OK && !taken)
        rep_gate_text(g, quiet, stdout);
    if (s == NPU_OK && o->annotate == ANNOTATE_GITHUB)
        rep_gate_github(g, stdout);
    return s;
}

static npu_status run(const options *o, const opt_rest *rest, prof_list *profiles,
                      prof_list *baseline, npu_gate *g, npu_err *err)
{
    budget_file *b;
    if (!o->budget)
        return npu_fail(err, NPU_USAGE, "-b BUDGET.json is missing");
    if (to_stdout(o->junit) + to_stdout(o->json) + to_stdout(o->md) > 1)
        return npu_fail(err, NPU_USAGE, "only one of --junit, --json, --md can go to stdout");
    NPU_TRY(budget_read(o->budget, &b, err));
    npu_status s = NPU_OK;
    for (int i = 0; i < rest->n && s == NPU_OK; i++)
        s = prof_read(rest->arg[i], profiles, err);
    for (size_t i = 0; i < o->baseline.n && s == NPU_OK; i++)
        s = prof_read(o->baseline.item[i], baseline, err);
    if (s == NPU_OK)
        s = budget_check(b, profiles, baseline, &o->check, g, err);
    if (s == NPU_OK)
        s = write_reports(o, g, rest->verbosity < 0, err);
    budget_free(b);
    return s;
}

/* A broken budget counts more than one that could not be judged. */
static int exit_code(const options *o, const npu_gate *g)
{
    size_t warnings = g->count[NPU_WARN] + g->count[NPU_WITHIN] + g->count[NPU_NO_BASELINE] +
                      g->count[NPU_SKIPPED] + g->count[NPU_MISSING];
    if (g->failed > g->missing_failed)
        return npu_exit_code(NPU_GATE);
    if (g->missing_failed)
        return npu_exit_code(NPU_UNSUPPORTED);
    if (g->incomparable && o->check.strict)
        return npu_exit_code(NPU_BAD_INPUT);
    return npu_exit_code(o->werror && warnings ? NPU_GATE : NPU_OK);
}

int cmd_check(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    prof_list profiles = {0}, baseline = {0};
    npu_gate gate = {0};
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = run(&o, &rest, &profiles, &baseline, &gate, &err);
    code = s == NPU_OK ? exit_code(&o, &gate) : tool_fail(argv[0], &err);
    npu_gate_free(&gate);
    prof_list_free(&profiles);
    prof_list_free(&baseline);
    opt_free(&program, &o);
    return code;
}
