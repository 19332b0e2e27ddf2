/* npusim ops: which unit runs an operator, and its limits, from the compiler's own tables. */
#include <stdlib.h>
#include <string.h>

#include "compiler/graph.h"
#include "compiler/rule.h"
#include "reports/jsonw.h"
#include "tools/command.h"
#include "tools/fail.h"
#include "tools/opt.h"

typedef struct { const char *march; int format; } options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"march", 0, OPT_STRING, AT(march), "NAME", "bernoulli2 (the default) or cv181x", 0, 0},
    {"format", 'f', OPT_CHOICE, AT(format), "text|json|md", "output format (default text)", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = NULL, .min_args = 0, .max_args = 0, .spec = spec,
    .doc = "Lists every operator with the unit that runs it: BPU (the NPU, within the limits), "
           "BPU-FUSED (part of the convolution before, else as BPU), BPU-OPTIONAL (when run_on_bpu "
           "names it), CPU, FOLD and REMOVED (nothing is left after compiling), NONE (refused).",
    .example = "npusim ops\nnpusim ops --march cv181x --format json"};

enum { TEXT, JSON, MD };

/* Rules of OP on bernoulli2; those of the other march are its unit alone. */
static size_t rules_of(npu_op op, rule_march march, const rule_row **list, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < rule_count && march == RULE_BERNOULLI2; i++)
        if (rule_table[i].op == op && n < max)
            list[n++] = &rule_table[i];
    return n;
}

static void print_text(const rule_op *o, rule_march march)
{
    const rule_row *r[16];
    size_t n = rules_of(o->op, march, r, 16);
    printf("%s\t%s\t", g_op_name(o->op), rule_unit_names[o->unit[march]]);
    for (size_t i = 0; i < n; i++)
        printf("%s%s: %s", i ? "; " : "", r[i]->id, r[i]->limit);
    printf("\t%s\n", o->note);
}

static void print_md(const rule_op *o, rule_march march)
{
    const rule_row *r[16];
    size_t n = rules_of(o->op, march, r, 16);
    printf("| %s | %s | %s |", g_op_name(o->op), rule_unit_names[o->unit[march]],
           o->unit[march] <= RULE_OPTIONAL ? o->type ? o->type : g_op_name(o->op) : "");
    for (size_t i = 0; i < n; i++)
        printf(" %s%s (%s)", i ? "<br>" : "", r[i]->limit, r[i]->id);
    printf(" | %s |\n", o->note);
}

static void print_json(rep_json *j, const rule_op *o, rule_march march)
{
    const rule_row *r[16];
    size_t n = rules_of(o->op, march, r, 16);
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "operator", g_op_name(o->op));
    rep_json_str(j, "unit", rule_unit_names[o->unit[march]]);
    rep_json_open(j, "limits", REP_ARRAY);
    for (size_t i = 0; i < n; i++) {
        rep_json_open(j, NULL, REP_OBJECT);
        rep_json_str(j, "rule", r[i]->id);
        rep_json_str(j, "limit", r[i]->limit);
        rep_json_close(j);
    }
    rep_json_close(j);
    rep_json_str(j, "note", o->note);
    rep_json_close(j);
}

static void print_all(rule_march march, int format)
{
    rep_json j;
    if (format == JSON) {
        j = rep_json_begin(stdout);
        rep_json_identity(&j, "npusim.ops/1");
        rep_json_str(&j, "march", rule_march_names[march]);
        rep_json_open(&j, "operators", REP_ARRAY);
    } else if (format == MD) {
        puts("| operator | unit | type on the NPU | limits | notes |\n|---|---|---|---|---|");
    }
    for (int op = 1; op < NPU_OPS; op++) {
        const rule_op *o = rule_of((npu_op)op);
        if (o->op != (npu_op)op)
            continue;
        if (format == JSON)
            print_json(&j, o, march);
        else if (format == MD)
            print_md(o, march);
        else
            print_text(o, march);
    }
    if (format == JSON) {
        rep_json_close(&j);
        rep_json_end(&j);
    }
}

int cmd_ops(int argc, char **argv)
{
    options o = {.march = "bernoulli2"};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    rule_march march = rule_find_march(o.march);
    if (march == RULE_MARCHES) {
        npu_fail(&err, NPU_USAGE, "--march %.40s: there are bernoulli2, cv181x", o.march);
        code = tool_fail(argv[0], &err);
    } else {
        print_all(march, o.format);
        code = 0;
    }
    opt_free(&program, &o);
    return code;
}
