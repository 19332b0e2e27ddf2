/* model_runner: the vendor's runner, timing only; its PMU block and tables from the simulation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "perf/pmu.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    tool_options sim;
    const char *model, *pmu;
} options;

#define AT(field) offsetof(options, field)
#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    {"model", 'm', OPT_STRING, AT(model), "FILE", "the .cvimodel to run", 0, 0},
    {"pmu", 0, OPT_STRING, AT(pmu), "OUT",
     "write the PMU tables OUT_des.csv and OUT_layer.csv (also TPU_PMUBUF_OUTPUT_FILE)", 0, 0},
    TOOL_OPTIONS(SIM_AT), OPT_END};

static const opt_program program = {
    .args = "[FILE]", .min_args = 0, .max_args = 1, .spec = spec,
    .doc = "Runs a model on the simulated chip and prints its times. With TPU_ENABLE_PMU=1 in the "
           "environment it prints the vendor's inference totals. Tensor values are not computed.",
    .example = "TPU_ENABLE_PMU=1 model_runner --model model.cvimodel\n"
               "model_runner --model model.cvimodel --pmu trace"};

static npu_status write_table(const char *stem, const char *tail, const pmu_trace *t,
                              double tick_hz, npu_err *err)
{
    char *text = NULL, *path = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f || asprintf(&path, "%s_%s.csv", stem, tail) < 0) {
        if (f)
            fclose(f);
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (strcmp(tail, "des") == 0)
        pmu_write_des(t, f);
    else
        pmu_write_layer(t, tick_hz, f);
    npu_status s = fclose(f) ? npu_fail(err, NPU_LIMIT, "out of memory")
                             : sys_write_file(path, text, n, err);
    if (s == NPU_OK)
        printf("wrote %s\n", path);
    free(text);
    free(path);
    return s;
}

static npu_status pmu_output(const tool_run *run, const char *stem, bool totals, npu_err *err)
{
    pmu_trace t = {0};
    double hz = run->trace.tick_hz;
    NPU_TRY(pmu_from_trace(run->prog, run->chip, &run->trace, &t, err));
    npu_status s = NPU_OK;
    if (totals) {
        pmu_totals sum = pmu_sum(&t);
        pmu_print_totals(run->chip->name, hz, &sum, stdout);
    }
    if (stem) {
        s = write_table(stem, "des", &t, hz, err);
        if (s == NPU_OK)
            s = write_table(stem, "layer", &t, hz, err);
    }
    pmu_free(&t);
    return s;
}

static void print_times(const npu_profile *p)
{
    printf("%s on %s (simulated)\n", p->file, p->chip->name);
    printf("  latency   %10.3f ms  (inference %.3f ms + launch %.3f ms)\n", p->latency_ms,
           p->inference_ms, p->launch_ms);
    printf("  TIU busy  %10.3f ms\n  TDMA busy %10.3f ms\n", p->tiu_ms, p->tdma_ms);
    if (p->cpu_ticks)
        printf("  CPU       %10.3f ms  (estimated)\n", p->cpu_ms);
    printf("  DDR       %10.3f MB per frame\n", (double)(p->read + p->write) / 1e6);
}

int cmd_model_runner(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    tool_run run = {0};
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    const char *file = o.model ? o.model : rest.n ? rest.arg[0] : NULL;
    const char *enable = getenv("TPU_ENABLE_PMU"), *stem = getenv("TPU_PMUBUF_OUTPUT_FILE");
    bool totals = enable && strcmp(enable, "0") != 0 && *enable;
    if (o.pmu)
        stem = o.pmu;
    npu_status s = file ? tool_profile(file, &o.sim, &run, &err)
                        : npu_fail(&err, NPU_USAGE, "no model; give --model FILE");
    if (s == NPU_OK && rest.verbosity >= 0)
        print_times(run.profile);
    if (s == NPU_OK && (totals || stem))
        s = pmu_output(&run, stem, totals, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    tool_free(&run);
    opt_free(&program, &o);
    return code;
}
