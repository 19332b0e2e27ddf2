/* npusim bench: how fast the simulator itself is. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "perf/run.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    tool_options sim;
    int format;
    long cold, again;
} options;

#define AT(field) offsetof(options, field)
#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    {"format", 'f', OPT_CHOICE, AT(format), "text|json", "output format (default text)", 0, 0},
    {"cold", 0, OPT_INT, AT(cold), "N",
     "decode and simulate exactly N times (default: for half a second)", 0, 1e6},
    {"again", 0, OPT_INT, AT(again), "N",
     "simulate again exactly N times with changed DDR (default: for half a second)", 0, 1e6},
    TOOL_OPTIONS(SIM_AT), OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Measures the simulator on one thread: commands per second for decoding and "
           "simulating a model, and for simulating it again with another DDR bandwidth. Counts "
           "(--cold, --again) make runs comparable under callgrind.",
    .example = "npusim bench model.cvimodel\nnpusim bench --format json model.cvimodel"};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static long peak_kib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

typedef struct {
    double cold_per_s, again_per_s;
    long cold_runs, again_runs;
    uint32_t commands;
    double memory_bytes; /* peak growth after the model was read */
} result;

/* Runs until COUNT times, or for about half a second when COUNT is negative. */
static bool enough(long done, long count, double since)
{
    enum { LEAST = 3 };
    return count >= 0 ? done >= count : done >= LEAST && seconds() - since > 0.5;
}

static npu_status cold_runs(tool_run *run, long count, result *r, npu_err *err)
{
    double t0 = seconds();
    for (r->cold_runs = 0; !enough(r->cold_runs, count, t0); r->cold_runs++) {
        perf_prog_free(run->prog);
        run->prog = NULL;
        NPU_TRY(perf_prog_load(run->model, run->chip, &run->prog, err));
        NPU_TRY(perf_run(run->prog, run->chip, &run->trace, err));
    }
    if (r->cold_runs)
        r->cold_per_s = (double)r->commands * (double)r->cold_runs / (seconds() - t0);
    return NPU_OK;
}

static npu_status again_runs(tool_run *run, long count, result *r, npu_err *err)
{
    double base = NPU_GET(run->chip, ddr_bandwidth_mbps), t0 = seconds();
    for (r->again_runs = 0; !enough(r->again_runs, count, t0); r->again_runs++) {
        NPU_GET(run->chip, ddr_bandwidth_mbps) = base * (1 + (double)(r->again_runs % 8) / 8);
        NPU_TRY(perf_run(run->prog, run->chip, &run->trace, err));
    }
    NPU_GET(run->chip, ddr_bandwidth_mbps) = base;
    if (r->again_runs)
        r->again_per_s = (double)r->commands * (double)r->again_runs / (seconds() - t0);
    return NPU_OK;
}

static void print_result(const result *r, bool json)
{
    if (!json) {
        printf("commands               %12u\n"
               "cold decode + run      %12.3f million commands/s (%ld runs)\n"
               "run again, other DDR   %12.3f million commands/s (%ld runs)\n"
               "memory beyond the file %12.1f MiB\n",
               r->commands, r->cold_per_s / 1e6, r->cold_runs, r->again_per_s / 1e6, r->again_runs,
               r->memory_bytes / 1048576);
        return;
    }
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "schema", "npusim.bench/1");
    cJSON_AddNumberToObject(j, "commands", r->commands);
    cJSON_AddNumberToObject(j, "cold_commands_per_s", r->cold_per_s);
    cJSON_AddNumberToObject(j, "cold_runs", (double)r->cold_runs);
    cJSON_AddNumberToObject(j, "resimulate_commands_per_s", r->again_per_s);
    cJSON_AddNumberToObject(j, "resimulate_runs", (double)r->again_runs);
    cJSON_AddNumberToObject(j, "memory_bytes", r->memory_bytes);
    char *text = cJSON_Print(j);
    puts(text ? text : "");
    free(text);
    cJSON_Delete(j);
}

static npu_status measure(const char *file, const options *o, tool_run *run, result *r,
                          npu_err *err)
{
    NPU_TRY(npu_model_open(file, &run->model, err));
    long before = peak_kib();
    NPU_TRY(tool_chip(o->sim.chip ? o->sim.chip : run->model->chip, &o->sim.set, &run->chip, err));
    NPU_TRY(perf_prog_load(run->model, run->chip, &run->prog, err));
    r->commands = run->prog->commands;
    NPU_TRY(perf_run(run->prog, run->chip, &run->trace, err));
    NPU_TRY(perf_collect(run->prog, run->chip, &run->trace, &run->profile, err));
    r->memory_bytes = 1024.0 * (double)(peak_kib() - before);
    NPU_TRY(cold_runs(run, o->cold, r, err));
    return again_runs(run, o->again, r, err);
}

int cmd_bench(int argc, char **argv)
{
    options o = {.cold = -1, .again = -1};
    opt_rest rest;
    tool_run run = {0};
    result r = {0};
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = measure(rest.arg[0], &o, &run, &r, &err);
    if (s == NPU_OK)
        print_result(&r, o.format == 1);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    tool_free(&run);
    opt_free(&program, &o);
    return code;
}
