/* hb_perf: simulate a model and write a directory of reports.
 *
 * Everything is rendered before the directory is published, and it is published in one step: an
 * earlier result stays whole until the new one is whole. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "perf/run.h"
#include "reports/write.h"
#include "tools/budget.h"
#include "tools/command.h"
#include "tools/common.h"
#include "tools/split.h"

enum { FILES_MAX_NAME = 512 };

typedef struct {
    tool_options sim;
    const char *output, *report;
    const char *limit, *budget;
} options;

#define AT(field) offsetof(options, field)
#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    {"output", 'o', OPT_STRING, AT(output), "DIR",
     "write DIR/<model>/ (default hb_perf_result)", 0, 0},
    {"report", 'r', OPT_STRING, AT(report), "LIST",
     "comma list of html, json, csv, trace, dot, png (default: all)", 0, 0},
    TOOL_OPTIONS(SIM_AT), TOOL_MASTERS(SIM_AT),
    TOOL_LIMIT(AT),
    TOOL_BUDGET(AT),
    TOOL_NETWORK(SIM_AT),
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Simulates a compiled model and writes hb_perf_result/<model>/ with the HTML report, "
           "a page and JSON per sub-graph, the profile, a Perfetto trace, the layer table and the "
           "model graph. An earlier result is replaced in one step.",
    .example = "hb_perf model.cvimodel\n"
               "hb_perf -o out --report html,json --set ddr.contention=0.3 model.cvimodel\n"
               "hb_perf --budget budget.json model.cvimodel"};

/* What --report may name, and the file it becomes. */
static const struct {
    const char *name;
    rep_id id;
    const char *file; /* %s: model name */
} outputs[] = {
    {"html", REP_HTML, "%s.html"}, {"json", REP_JSON, "%s.json"}, {"csv", REP_CSV, "layers.csv"},
    {"trace", REP_CHROME, "trace.json"}, {"dot", REP_DOT, "%s"}, {"png", REP_COUNT, "%s.png"},
};
enum { OUTPUTS = sizeof outputs / sizeof outputs[0] };

static npu_status choose(const char *list, bool chosen[OUTPUTS], npu_err *err)
{
    char *copy = strdup(list), *save = NULL;
    npu_status s = copy ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    memset(chosen, 0, OUTPUTS * sizeof *chosen);
    for (char *w = copy ? strtok_r(copy, ",", &save) : NULL; w && s == NPU_OK;
         w = strtok_r(NULL, ",", &save)) {
        size_t i = 0;
        while (i < OUTPUTS && strcmp(outputs[i].name, w) != 0)
            i++;
        if (i == OUTPUTS)
            s = npu_fail(err, NPU_USAGE, "--report %s: there are html, json, csv, trace, dot, png",
                         w);
        else
            chosen[i] = true;
    }
    free(copy);
    return s;
}

static npu_status write_one(sys_outdir *d, const char *name, rep_id id, const npu_profile *p,
                            const rep_options *o, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    npu_status s = rep_write_with(id, p, o, f, err);
    if (fclose(f) != 0 && s == NPU_OK)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = sys_outdir_write(d, name, text, n, err);
    free(text);
    return s;
}

/* Runs `dot -Tpng`; false when there is no such program or it fails. */
static bool run_dot(const char *in, const char *out)
{
    char *argv[] = {"dot", "-Tpng", "-o", (char *)out, (char *)in, NULL};
    extern char **environ;
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = -1;
    if (posix_spawn_file_actions_init(&quiet) != 0)
        return false;
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    bool ok = posix_spawnp(&pid, "dot", &quiet, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&quiet);
    if (ok)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    return ok && status == 0;
}

/* The picture of the graph, when Graphviz is there; its source is written for the purpose. */
static npu_status write_png(sys_outdir *d, const npu_profile *p, const char *model, bool keep_dot,
                            npu_err *err)
{
    char png[FILES_MAX_NAME];
    snprintf(png, sizeof png, "%s.png", model);
    if (!keep_dot)
        NPU_TRY(write_one(d, model, REP_DOT, p, &(rep_options){.subgraph = -1}, err));
    char *in = sys_outdir_path(d, model), *out = sys_outdir_path(d, png);
    bool drawn = in && out && run_dot(in, out);
    if (!drawn) {
        fprintf(stderr, "hb_perf: note: no %s (needs the program `dot` of Graphviz)\n", png);
        if (out)
            unlink(out);
    }
    free(in);
    free(out);
    return NPU_OK;
}

static npu_status write_subgraphs(sys_outdir *d, const npu_profile *p, const bool chosen[OUTPUTS],
                                  npu_err *err)
{
    for (int i = 0; i < (int)p->nsubgraph; i++) {
        rep_options o = {.subgraph = i};
        char stem[REP_NAME_BYTES], name[REP_NAME_BYTES + 8];
        rep_subgraph_stem(p, i, stem);
        snprintf(name, sizeof name, "%s.html", stem);
        if (chosen[0])
            NPU_TRY(write_one(d, name, REP_HTML, p, &o, err));
        snprintf(name, sizeof name, "%s.json", stem);
        if (chosen[0] || chosen[1])
            NPU_TRY(write_one(d, name, REP_JSON, p, &o, err));
    }
    return NPU_OK;
}

static npu_status write_all(sys_outdir *d, const npu_profile *p, const char *model,
                            const bool chosen[OUTPUTS], const char *command, npu_err *err)
{
    for (size_t i = 0; i < OUTPUTS; i++) {
        rep_options o = {.subgraph = -1, .links = true, .command = command};
        char name[FILES_MAX_NAME];
        snprintf(name, sizeof name, outputs[i].file, model);
        if (chosen[i] && outputs[i].id != REP_COUNT)
            NPU_TRY(write_one(d, name, outputs[i].id, p, &o, err));
    }
    NPU_TRY(write_subgraphs(d, p, chosen, err));
    return chosen[OUTPUTS - 1] ? write_png(d, p, model, chosen[OUTPUTS - 2], err) : NPU_OK;
}

/* The command line that gives this result again: base names of the files, all overrides. */
static char *command_line(const npu_profile *p, const char *budget)
{
    char *line = NULL, text[NPU_NUM_TEXT];
    size_t n;
    FILE *f = open_memstream(&line, &n);
    if (!f)
        return NULL;
    fprintf(f, "hb_perf --chip %s", p->chip->name);
    for (size_t i = 0; i < p->chip->noverride; i++)
        fprintf(f, " --set %s=%s", p->chip->override[i].key,
                npu_num_text(p->chip->override[i].num, p->chip->override[i].value, text));
    if (budget)
        fprintf(f, " --budget %s", strrchr(budget, '/') ? strrchr(budget, '/') + 1 : budget);
    fprintf(f, " %s", p->file);
    fclose(f);
    return line;
}

static npu_status publish(const npu_profile *p, const options *o, const bool chosen[OUTPUTS],
                          bool quiet, npu_err *err)
{
    sys_outdir *d;
    char *model = sys_file_name(p->name), *command = command_line(p, o->budget), path[4096];
    npu_status s = NPU_LIMIT;
    if (!model || !command || strlen(model) > FILES_MAX_NAME - 16) {
        s = npu_fail(err, NPU_LIMIT, "%s: name too long, or out of memory", p->file);
    } else {
        snprintf(path, sizeof path, "%s/%s", o->output, model);
        s = sys_outdir_begin(path, &d, err);
        if (s == NPU_OK) {
            s = write_all(d, p, model, chosen, command, err);
            if (s == NPU_OK)
                s = sys_outdir_commit(d, err);
            else
                sys_outdir_abort(d);
        }
    }
    if (s == NPU_OK && chosen[0])
        printf("%sfile stored at : %s/%s.html\n", quiet ? "" : "\n", path, model);
    else if (s == NPU_OK)
        printf("%sfiles stored in : %s\n", quiet ? "" : "\n", path);
    free(model);
    free(command);
    return s;
}

int cmd_hb_perf(int argc, char **argv)
{
    options o = {.output = "hb_perf_result", .report = "html,json,csv,trace,dot,png"};
    opt_rest rest;
    tool_run run = {0};
    budget_file *budget = NULL;
    npu_err err = {0};
    bool chosen[OUTPUTS];
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = choose(o.report, chosen, &err);
    if (s == NPU_OK)
        s = tool_check_limit(o.limit, &err);
    if (s == NPU_OK)
        s = tool_budget_read(o.budget, &budget, &err);
    if (s == NPU_OK)
        s = tool_profile(rest.arg[0], &o.sim, &run, &err);
    if (s == NPU_OK)
        s = tool_budget(budget, run.profile, &err);
    if (s == NPU_OK)
        s = tool_split(o.limit, &run, &err);
    if (s == NPU_OK)
        s = perf_whatif(run.prog, run.chip, run.masters, run.profile, &err);
    if (s == NPU_OK && rest.verbosity >= 0)
        s = rep_write(REP_TEXT, run.profile, stdout, &err);
    if (s == NPU_OK)
        s = publish(run.profile, &o, chosen, rest.verbosity < 0, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    budget_free(budget);
    tool_free(&run);
    opt_free(&program, &o);
    return code;
}
