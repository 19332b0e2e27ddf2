/* hb_mapper makertbin: a network and a YAML file, or a network alone, become a .bin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/makertbin.h"

typedef struct {
    const char *config, *model, *proto, *march, *chip, *output, *type;
    bool fast;
    opt_list shapes;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"config", 'c', OPT_STRING, AT(config), "FILE", "read the conversion's parameters from FILE", 0,
     0},
    {"model-type", 0, OPT_STRING, AT(type), "onnx|caffe", "what kind of network it is", 0, 0},
    {"fast-perf", 0, OPT_BOOL, AT(fast), NULL,
     "without FILE: compile for speed alone, without quantise and dequantise nodes at the edges", 0,
     0},
    {"model", 0, OPT_STRING, AT(model), "FILE",
     "with --fast-perf: the .onnx or .caffemodel (none: a prototxt with synthetic weights)", 0, 0},
    {"proto", 0, OPT_STRING, AT(proto), "FILE", "with --fast-perf: the prototxt of a Caffe network",
     0, 0},
    {"input-shape", 0, OPT_PAIRS, AT(shapes), "NAME AxBxC",
     "with --fast-perf: shape of an input, where the file leaves it open", 0, 0},
    {"march", 0, OPT_STRING, AT(march), "NAME", "with --fast-perf: bernoulli2 (the default)", 0, 0},
    {"chip", 0, OPT_STRING, AT(chip), "NAME", "x3m (the default), x3e or j3", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "DIR",
     "write to DIR instead of working_dir (with --fast-perf: model_output)", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = NULL, .min_args = 0, .max_args = 0, .spec = spec,
    .doc = "Converts a network to a .bin for the X3 and J3: checks the configuration, prepares, "
           "optimises and quantises the network, compiles it, and estimates each sub-graph. "
           "Thresholds are not computed in this version, so the .bin serves performance estimates. "
           "The log is " MRB_LOG " in the current folder.",
    .example = "hb_mapper makertbin --config net.yaml --model-type onnx\n"
               "hb_mapper makertbin --fast-perf --model net.onnx --model-type onnx\n"
               "hb_mapper makertbin --fast-perf --proto net.prototxt --model-type caffe"};

static npu_status usage(npu_err *err, const char *what)
{
    return npu_fail(err, NPU_USAGE, "%s", what);
}

static npu_status check_type(const options *o, bool *caffe, npu_err *err)
{
    const char *dot = o->model ? strrchr(o->model, '.') : NULL;
    if (!o->type && !o->fast)
        return usage(err, "--model-type is missing: onnx or caffe");
    if (o->type && strcmp(o->type, "onnx") && strcmp(o->type, "caffe"))
        return npu_fail(err, NPU_USAGE, "--model-type %.40s: there are onnx and caffe", o->type);
    *caffe = o->type ? !strcmp(o->type, "caffe")
                     : o->proto || (dot && strcmp(dot, ".onnx"));
    return NPU_OK;
}

static npu_status check_fast(const options *o, bool caffe, npu_err *err)
{
    char list[64];
    if (o->config)
        return usage(err, "--config and --fast-perf exclude each other");
    if (!caffe && (!o->model || o->proto))
        return usage(err, "--fast-perf of an ONNX network needs --model, and no --proto");
    if (caffe && !o->proto)
        return usage(err, "--fast-perf of a Caffe network needs --proto");
    if (strcmp(o->march, "bernoulli2"))
        return npu_fail(err, NPU_USAGE, "--march %.40s is not modelled; allowed: bernoulli2",
                        o->march);
    if (o->chip && (!cc_chip_march(o->chip) || strcmp(cc_chip_march(o->chip), o->march)))
        return npu_fail(err, NPU_USAGE, "--chip %.40s does not have march %s; those that do: %s",
                        o->chip, o->march, cc_chip_list(o->march, list, sizeof list));
    return NPU_OK;
}

static npu_status check_config(const options *o, npu_err *err)
{
    if (!o->config)
        return usage(err, "--config FILE is missing (or --fast-perf with --model)");
    if (o->model || o->proto || o->shapes.n)
        return usage(err, "--model, --proto and --input-shape are for --fast-perf; FILE has them");
    return NPU_OK;
}

/* Base name of PATH without its extension. */
static char *stem(const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(base, '.');
    return strndup(base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

static npu_status fast(const options *o, mrb_job *j, char **name, npu_err *err)
{
    j->model = j->caffe ? o->proto : o->model;
    j->weights = j->caffe ? o->model : NULL;
    j->chip = o->chip ? o->chip : cc_march_chip(o->march);
    j->options = &j->own;
    j->shapes = &o->shapes;
    j->dir = o->output ? o->output : "model_output";
    if (!(*name = stem(j->model)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    j->prefix = *name;
    return NPU_OK;
}

/* The vendor's tool takes the paths of a configuration from the current folder, which surprises. */
static npu_status check_path(const char *path, const char *config, npu_err *err)
{
    if (!path || access(path, R_OK) == 0)
        return NPU_OK;
    return npu_fail(err, NPU_BAD_INPUT, "%s: cannot open: %s; paths in %s are relative to the "
                    "current folder", path, strerror(errno), config);
}

static npu_status configured(const options *o, mrb_job *j, npu_err *err)
{
    npu_status s = cc_config_read(o->config, j->caffe, o->chip, &j->config, err);
    j->bad_config = s != NPU_OK;
    if (s != NPU_OK)
        return s;
    j->model = j->config->model;
    j->weights = j->config->weights;
    j->prefix = j->config->prefix;
    j->dir = o->output ? o->output : j->config->working_dir;
    j->options = &j->config->options;
    j->level = (log_level)j->config->log_level;
    NPU_TRY(check_path(j->model, o->config, err));
    return check_path(j->weights, o->config, err);
}

static void report_failure(const mrb_job *j, const npu_err *err)
{
    mrb_lines(j, LOG_ERROR, err->text);
    if (j->bad_config)
        MRB_SAY(j, LOG_ERROR, "yaml file parse failed. Please double check your input");
    MRB_SAY(j, LOG_ERROR, "exception in command: makertbin");
}

static npu_status run(const options *o, mrb_job *j, int verbosity, npu_err *err)
{
    char *name = NULL;
    npu_err late = {0};
    npu_status s = o->fast ? fast(o, j, &name, err) : configured(o, j, err);
    npu_status opened = log_open(MRB_LOG, verbosity < 0 ? NULL : stdout,
                                 verbosity > 0 ? LOG_DEBUG : LOG_INFO, &j->log, &late);
    if (opened != NPU_OK) {
        free(name);
        *err = s == NPU_OK ? late : *err;
        return s == NPU_OK ? opened : s;
    }
    if (s == NPU_OK)
        s = mrb_convert(j, err);
    if (s != NPU_OK)
        report_failure(j, err);
    free(name);
    return s;
}

static void free_job(mrb_job *j)
{
    tool_free(&j->run);
    for (size_t i = 0; i < j->nfile; i++) {
        free(j->file[i].name);
        free(j->file[i].bytes);
    }
    free(j->file);
    cc_config_free(j->config);
    cc_options_free(&j->own);
}

int cmd_hb_makertbin(int argc, char **argv)
{
    options o = {.march = "bernoulli2"};
    mrb_job j = {.level = LOG_DEBUG};
    opt_rest rest;
    npu_err err = {0}, late = {0};
    npu_status s;
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    s = check_type(&o, &j.caffe, &err);
    if (s == NPU_OK)
        s = o.fast ? check_fast(&o, j.caffe, &err) : check_config(&o, &err);
    if (s == NPU_OK)
        s = run(&o, &j, rest.verbosity, &err);
    code = npu_exit_code(s);
    if (s != NPU_OK && !j.log)
        tool_fail(argv[0], &err);
    if (log_close(j.log, &late) != NPU_OK && s == NPU_OK)
        code = tool_fail(argv[0], &late);
    free_job(&j);
    opt_free(&program, &o);
    return code;
}
