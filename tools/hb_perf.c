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

#include "base/buf.h"
#include "base/sys.h"
#include "perf/run.h"
#include "reports/write.h"
#include "tools/budget.h"
#include "tools/command.h"
#include "tools/common.h"
#include "tools/hb_perf.h"
#include "tools/split.h"

enum { FILES_MAX_NAME = 512 };

typedef struct {
    tool_options sim;
    const char *output, *report;
    const char *limit, *budget;
    const char *name;
    bool packed;
} options;

#define AT(field) offsetof(options, field)
#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    {"output", 'o', OPT_STRING, AT(output), "DIR",
     "write DIR/<model>/ (default hb_perf_result)", 0, 0},
    {"report", 'r', OPT_STRING, AT(report), "LIST",
     "comma list of html, json, csv, trace, dot, png (default: all)", 0, 0},
    {"model-name", 'm', OPT_STRING, AT(name), "NAME", "only the model NAME of a packed .bin", 0, 0},
    {"packed", 'p', OPT_BOOL, AT(packed), NULL, "every model of a packed .bin", 0, 0},
    TOOL_OPTIONS(SIM_AT), TOOL_MASTERS(SIM_AT),
    TOOL_LIMIT(AT),
    TOOL_BUDGET(AT),
    TOOL_NETWORK(SIM_AT),
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Simulates a compiled model or a network and writes hb_perf_result/<model>/ with the "
           "HTML report, a page and JSON per sub-graph, the profile, a Perfetto trace, the "
           "layer table and the model graph. An earlier result is replaced in one step. For a "
           ".bin the vendor's summary, temp.hbm and " HB_PERF_LOG " in the current folder are "
           "written as well.",
    .example = "hb_perf model.bin\n"
               "hb_perf model.cvimodel\n"
               "hb_perf -o out --report html,json --set ddr.contention=0.3 model.cvimodel\n"
               "hb_perf --budget budget.json model.cvimodel\n"
               "hb_perf -p both.bin"};

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

typedef struct { /* what one call has besides its options */
    bool chosen[OUTPUTS];
    budget_file *budget;
    hb_perf_log log;
    bool quiet;
} context;

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
                            bool *done, npu_err *err)
{
    char png[FILES_MAX_NAME];
    snprintf(png, sizeof png, "%s.png", model);
    if (!keep_dot)
        NPU_TRY(write_one(d, model, REP_DOT, p, &(rep_options){.subgraph = -1}, err));
    char *in = sys_outdir_path(d, model), *out = sys_outdir_path(d, png);
    bool drawn = in && out && run_dot(in, out);
    *done = drawn;
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
        if (p->origin && p->subgraph[i].cpu) /* of a .bin, the NPU's only */
            continue;
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

/* The commands of a .bin as they are, one section after the other. */
static npu_status write_commands(sys_outdir *d, const npu_model *m, npu_err *err)
{
    buf_writer all = {0};
    for (size_t i = 0; i < m->nsection; i++)
        if (m->section[i].type == NPU_SECTION_CMDBUF)
            buf_put(&all, m->section[i].data, m->section[i].data_bytes);
    npu_status s = all.failed ? npu_fail(err, NPU_LIMIT, "out of memory")
                              : sys_outdir_write(d, "temp.hbm", all.data, all.len, err);
    buf_free(&all);
    return s;
}

static npu_status write_all(sys_outdir *d, const tool_run *run, const char *model,
                            const bool chosen[OUTPUTS], const char *command, bool *drawn,
                            npu_err *err)
{
    const npu_profile *p = run->profile;
    for (size_t i = 0; i < OUTPUTS; i++) {
        rep_options o = {.subgraph = -1, .links = true, .command = command};
        char name[FILES_MAX_NAME];
        snprintf(name, sizeof name, outputs[i].file, model);
        if (chosen[i] && outputs[i].id != REP_COUNT)
            NPU_TRY(write_one(d, name, outputs[i].id, p, &o, err));
    }
    NPU_TRY(write_subgraphs(d, p, chosen, err));
    if (p->origin)
        NPU_TRY(write_commands(d, run->model, err));
    return chosen[OUTPUTS - 1] ? write_png(d, p, model, chosen[OUTPUTS - 2], drawn, err) : NPU_OK;
}

/* The command line that gives this result again: base names of the files, all overrides. */
static char *command_line(const tool_run *run, const char *budget)
{
    const npu_profile *p = run->profile;
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
    if (run->model->nmember)
        fprintf(f, " -m %s", p->name);
    fprintf(f, " %s", p->file);
    fclose(f);
    return line;
}

static npu_status publish(const tool_run *run, const options *o, context *c, npu_err *err)
{
    const npu_profile *p = run->profile;
    sys_outdir *d;
    char *model = sys_file_name(p->name), *command = command_line(run, o->budget), path[4096];
    npu_status s = NPU_LIMIT;
    bool drawn = false;
    if (!model || !command || strlen(model) > FILES_MAX_NAME - 16) {
        s = npu_fail(err, NPU_LIMIT, "%s: name too long, or out of memory", p->file);
    } else {
        snprintf(path, sizeof path, "%s/%s", o->output, model);
        s = sys_outdir_begin(path, &d, err);
        if (s == NPU_OK) {
            s = write_all(d, run, model, c->chosen, command, &drawn, err);
            if (s == NPU_OK)
                s = sys_outdir_commit(d, err);
            else
                sys_outdir_abort(d);
        }
    }
    if (s == NPU_OK && c->log.log)
        hb_perf_log_model(&c->log, p, path, drawn, command);
    if (s == NPU_OK && c->chosen[0])
        printf("%sfile stored at : %s/%s.html\n", c->quiet || c->log.log ? "" : "\n", path, model);
    else if (s == NPU_OK)
        printf("%sfiles stored in : %s\n", c->quiet || c->log.log ? "" : "\n", path);
    if (s == NPU_OK)
        log_line(c->log.log, LOG_INFO, "file stored at : %s/%s.html", path, model);
    free(model);
    free(command);
    return s;
}

/* One model: simulated, judged, printed, published. */
static npu_status one(const char *path, const char *member, options *o, context *c, npu_err *err)
{
    tool_run run = {0};
    o->sim.member = member;
    tool_options sim = o->sim;
    sim.fc_limit = o->limit;
    npu_status s = tool_profile(path, &sim, &run, err);
    if (s == NPU_OK && run.profile->origin && !c->log.log)
        s = hb_perf_log_open(&c->log, c->quiet, err);
    if (s == NPU_OK)
        s = tool_budget(c->budget, run.profile, err);
    if (s == NPU_OK)
        s = tool_split(o->limit, &run, err);
    if (s == NPU_OK)
        s = perf_whatif(run.prog, run.chip, run.masters, run.profile, err);
    if (s == NPU_OK && !c->quiet)
        s = rep_write(REP_TEXT, run.profile, stdout, err);
    if (s == NPU_OK)
        s = publish(&run, o, c, err);
    tool_free(&run);
    return s;
}

static npu_status all(const char *path, options *o, context *c, npu_err *err)
{
    tool_members list = {0};
    NPU_TRY(choose(o->report, c->chosen, err));
    NPU_TRY(tool_check_limit(o->limit, err));
    NPU_TRY(tool_budget_read(o->budget, &c->budget, err));
    npu_status s = tool_members_find(path, o->name, o->packed, &list, err);
    for (size_t i = 0; i < list.n && s == NPU_OK; i++)
        s = one(path, list.name[i], o, c, err);
    tool_members_free(&list);
    return s;
}

int cmd_hb_perf(int argc, char **argv)
{
    options o = {.output = "hb_perf_result", .report = "html,json,csv,trace,dot,png"};
    opt_rest rest;
    npu_err err = {0};
    context c = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    c.quiet = rest.verbosity < 0;
    npu_status s = all(rest.arg[0], &o, &c, &err);
    if (s != NPU_OK)
        log_line(c.log.log, LOG_ERROR, "%s", err.text);
    if (s == NPU_OK)
        s = log_close(c.log.log, &err);
    else
        log_close(c.log.log, NULL);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    budget_free(c.budget);
    opt_free(&program, &o);
    return code;
}
