/* npusim profile: the machine interface. */
#include <stdio.h>
#include <stdlib.h>

#include "perf/run.h"
#include "reports/write.h"
#include "tools/budget.h"
#include "tools/command.h"
#include "tools/common.h"
#include "tools/split.h"

typedef struct {
    tool_options sim;
    int format;
    const char *output;
    bool what_if;
    const char *limit, *budget;
} options;

#define AT(field) offsetof(options, field)
#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    TOOL_OPTIONS(SIM_AT), TOOL_MASTERS(SIM_AT),
    {"format", 'f', OPT_CHOICE, AT(format), "text|json|csv",
     "text for people (default), json in schema npusim.profile/1, csv: one row per layer", 0, 0},
    {"what-if", 0, OPT_BOOL, AT(what_if), NULL, "run again with other bandwidths, clocks and "
     "latencies; report what would help", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of stdout", 0, 0},
    TOOL_LIMIT(AT),
    TOOL_BUDGET(AT),
    TOOL_NETWORK(SIM_AT),
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Simulates the commands of a compiled model, or of a network it compiles in memory, and "
           "prints the profile: latency, traffic, memory and what bounds each layer.",
    .example = "npusim profile model.cvimodel\n"
               "npusim profile --what-if net.onnx\n"
               "npusim profile --set ddr.bandwidth_mbps=1866 --format json model.cvimodel"};

/* Renders the report into memory first, so that a failure leaves no half file. */
static npu_status print_profile(const npu_profile *p, const options *o, npu_err *err)
{
    static const rep_id ids[] = {REP_TEXT, REP_JSON, REP_CSV};
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    npu_status s = rep_write(ids[o->format], p, f, err);
    if (fclose(f) != 0 && s == NPU_OK)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = tool_put(o->output, text, n, err);
    free(text);
    return s;
}

int cmd_profile(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    tool_run s = {0};
    budget_file *budget = NULL;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status st = tool_check_limit(o.sim.fc_limit = o.limit, &err);
    if (st == NPU_OK)
        st = tool_budget_read(o.budget, &budget, &err);
    if (st == NPU_OK)
        st = tool_profile(rest.arg[0], &o.sim, &s, &err);
    if (st == NPU_OK)
        st = tool_budget(budget, s.profile, &err);
    if (st == NPU_OK)
        st = tool_split(o.limit, &s, &err);
    if (st == NPU_OK && o.what_if)
        st = perf_whatif(s.prog, s.chip, s.masters, s.profile, &err);
    if (st == NPU_OK)
        st = print_profile(s.profile, &o, &err);
    code = st == NPU_OK ? 0 : tool_fail(argv[0], &err);
    budget_free(budget);
    tool_free(&s);
    opt_free(&program, &o);
    return code;
}
