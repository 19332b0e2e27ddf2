/* hrt_model_exec: the vendor's board tool, times from the simulation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/hrt.h"

#define AT(field) offsetof(hrt_options, field)
#define SIM_AT(field) offsetof(hrt_options, sim.field)
static const opt_spec spec[] = {
    {"model-file", 0, OPT_STRING, AT(file), "FILE", "the model file (.cvimodel or .bin)", 0, 0},
    {"model-name", 0, OPT_STRING, AT(name), "NAME", "the model in it (default: the first)", 0, 0},
    {"core-id", 0, OPT_INT, AT(core_id), "0|1|2", "run on any core (0), core 0 (1), core 1 (2)", 0,
     2},
    {"frame-count", 0, OPT_INT, AT(frames), "N", "run N frames (default 200)", 1, 1000000},
    {"perf-time", 0, OPT_INT, AT(minutes), "MINUTES",
     "run for MINUTES of simulated time instead; 0: use the frame count", 0, 1440},
    {"thread-num", 0, OPT_INT, AT(threads), "T", "T threads, each with one frame in flight; 1 to 8",
     1, 8},
    {"profile-path", 0, OPT_STRING, AT(profile_path), "DIR",
     "write DIR/profiler.log and DIR/profiler.csv (also HB_DNN_PROFILER_LOG_PATH)", 0, 0},
    {"log-format", 0, OPT_CHOICE, AT(log_format), "v2|v1",
     "profiler.log of newer or of older runtimes", 0, 0},
    {"cores", 0, OPT_INT, AT(cores), "N", "NPU cores simulated, 1 or 2 (default: those of the "
     "chip for a .bin; else 1, 2 for --core_id 2)", 1, 2},
    {"core-num", 0, OPT_INT, AT(core_id), "N", NULL, 0, 2},
    {"node-profile", 0, OPT_STRING, AT(profile_path), "DIR", NULL, 0, 0},
    TOOL_OPTIONS(SIM_AT),
    OPT_END};

static const opt_program program = {
    .args = "perf|model_info", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "perf: frame rate and latency of a model, simulated: threads overlap CPU and NPU work, "
           "cores share the DDR. model_info: names, shapes and types of its inputs and outputs.",
    .example = "hrt_model_exec perf --model_file model.bin --thread_num 2\n"
               "hrt_model_exec model_info --model_file model.cvimodel"};

static npu_status check_name(const npu_model *m, const char *name, npu_err *err)
{
    const char *has = m->name ? m->name : "";
    if (!name || strcmp(name, has) == 0)
        return NPU_OK;
    return npu_fail(err, NPU_USAGE, "--model_name %s: %s holds the model \"%s\"", name, m->path,
                    has);
}

/* A packed file by the name; any other must have it. */
static npu_status open_named(const hrt_options *o, tool_run *run, npu_err *err)
{
    NPU_TRY(npu_model_open(o->file, &run->model, err));
    if (run->model->nmember == 0 || !o->name)
        return check_name(run->model, o->name, err);
    npu_model_free(run->model);
    return npu_model_open_member(o->file, o->name, &run->model, err);
}

/* All cores of a chip that has several; a model for two takes both for each frame. */
static long default_cores(const hrt_options *o, const tool_run *run)
{
    if (run->chip->isa == NPU_ISA_BPU_1 && run->model->cores < 2)
        return NPU_GET(run->chip, bpu_cores) > 1 ? 2 : 1;
    return o->core_id == 2 ? 2 : 1;
}

static npu_status execute(const char *verb, hrt_options *o, tool_run *run, npu_err *err)
{
    bool info = strcmp(verb, "model_info") == 0;
    if (strcmp(verb, "infer") == 0)
        return npu_fail(err, NPU_UNSUPPORTED,
                        "infer: tensor values are not computed; perf and model_info are there");
    if (!info && strcmp(verb, "perf") != 0)
        return npu_fail(err, NPU_USAGE, "'%s': there are perf and model_info", verb);
    if (!o->file)
        return npu_fail(err, NPU_USAGE, "no model; give --model_file FILE");
    if (info) {
        NPU_TRY(open_named(o, run, err));
        return hrt_model_info(run->model, o->name, err);
    }
    NPU_TRY(open_named(o, run, err));
    if (run->model->nmember && !o->name)
        return npu_fail(err, NPU_USAGE, "%s: is a packed file; name one of its %zu models with "
                        "--model_name (model_info lists them)", o->file, run->model->nmember);
    o->sim.member = run->model->nmember ? o->name : NULL;
    tool_free(run);
    NPU_TRY(tool_load(o->file, &o->sim, run, err));
    if (o->cores == 0)
        o->cores = default_cores(o, run);
    if (o->core_id == 2 && o->cores < 2)
        return npu_fail(err, NPU_USAGE, "--core_id 2 is core 1; --cores 1 simulates core 0 only");
    return hrt_perf(o, run, err);
}

int cmd_hrt_model_exec(int argc, char **argv)
{
    hrt_options o = {.frames = 200, .threads = 1,
                     .profile_path = getenv("HB_DNN_PROFILER_LOG_PATH")};
    opt_rest rest;
    tool_run run = {0};
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = execute(rest.arg[0], &o, &run, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    tool_free(&run);
    opt_free(&program, &o);
    return code;
}
