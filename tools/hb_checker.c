/* hb_mapper checker: which nodes of a network the NPU takes, and why not the others. */
#include <stdlib.h>
#include <string.h>

#include "compiler/config.h"
#include "compiler/rule.h"
#include "tools/checker.h"
#include "tools/command.h"
#include "tools/fail.h"

#define LOG_FILE "hb_mapper_checker.log"

typedef struct {
    const char *type, *march, *proto, *model, *output;
    opt_list shapes;
    bool strict, json, debug;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"model-type", 0, OPT_STRING, AT(type), "caffe|onnx", "what kind of network it is", 0, 0},
    {"march", 0, OPT_STRING, AT(march), "NAME", "bernoulli2 (X3, J3; the default) or cv181x", 0, 0},
    {"proto", 0, OPT_STRING, AT(proto), "FILE", "the prototxt of a Caffe network", 0, 0},
    {"model", 0, OPT_STRING, AT(model), "FILE",
     "the .onnx, or the .caffemodel (none: synthetic weights)", 0, 0},
    {"input-shape", 0, OPT_PAIRS, AT(shapes), "NAME AxBxCxD",
     "shape of the input NAME instead of the model's; may be repeated", 0, 0},
    {"output", 0, OPT_STRING, AT(output), "FILE", "one more copy of the log", 0, 0},
    {"strict-opset", 0, OPT_BOOL, AT(strict), NULL,
     "refuse ONNX opsets other than 10 and 11, which the vendor's tool reads", 0, 0},
    {"json", 0, OPT_BOOL, AT(json), NULL,
     "print the table with the reasons as JSON; the log goes to the file only", 0, 0},
    {"debug", 0, OPT_BOOL, AT(debug), NULL, "print the lines of level DEBUG too", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = NULL, .min_args = 0, .max_args = 0, .spec = spec,
    .doc = "Checks a network against the operator limits of the march, compiles it without "
           "optimisation, and prints the unit, the sub-graph and the internal type of every node. "
           "A node that breaks a limit runs on the CPU; that is no failure. The log is " LOG_FILE
           " in the current folder, the intermediate networks are in .hb_check.",
    .example = "hb_mapper checker --model-type onnx --march bernoulli2 --model net.onnx\n"
               "hb_mapper checker --model-type caffe --proto net.prototxt\n"
               "hb_mapper checker --model-type onnx --model net.onnx --input-shape x 1x3x64x64"};

static npu_status check_files(const options *o, checker *c, npu_err *err)
{
    if (!o->type)
        return npu_fail(err, NPU_USAGE, "--model-type is missing; there are caffe, onnx");
    c->caffe = strcmp(o->type, "caffe") == 0;
    if (!c->caffe && strcmp(o->type, "onnx") != 0)
        return npu_fail(err, NPU_USAGE, "--model-type %.40s: there are caffe, onnx", o->type);
    if (c->caffe && !o->proto)
        return npu_fail(err, NPU_USAGE, "--model-type caffe needs --proto FILE, the prototxt");
    if (!c->caffe && !o->model)
        return npu_fail(err, NPU_USAGE, "--model-type onnx needs --model FILE");
    c->model = c->caffe ? o->proto : o->model;
    c->weights = c->caffe ? o->model : NULL;
    return NPU_OK;
}

static npu_status check_march(const options *o, checker *c, npu_err *err)
{
    if (rule_find_march(o->march) == RULE_MARCHES)
        return npu_fail(err, NPU_USAGE, "--march %.40s: there are bernoulli2, cv181x", o->march);
    const char *chip = cc_march_chip(o->march);
    c->options = (cc_options){.march = strdup(o->march), .chip = strdup(chip ? chip : o->march),
                              .cores = 1, .batch = 1, .keep_io_nodes = true};
    return c->options.march && c->options.chip ? NPU_OK : npu_fail(err, NPU_LIMIT,
                                                                   "out of memory");
}

static npu_status open_log(const options *o, checker *c, int verbosity, npu_err *err)
{
    bool quiet = o->json || verbosity < 0;
    NPU_TRY(log_open(LOG_FILE, quiet ? NULL : stdout,
                     o->debug || verbosity > 0 ? LOG_DEBUG : LOG_INFO, &c->log, err));
    return o->output ? log_copy(c->log, o->output, err) : NPU_OK;
}

static void report_failure(const checker *c, const char *command, const npu_err *err)
{
    log_line(c->log, LOG_ERROR, "%s", err->text);
    log_line(c->log, LOG_ERROR, "exception in command: checker");
    if (c->json)
        tool_fail(command, err);
}

int cmd_hb_checker(int argc, char **argv)
{
    options o = {.march = "bernoulli2"};
    checker c = {.shapes = &o.shapes};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    c.strict = o.strict;
    c.json = o.json;
    npu_status s = check_files(&o, &c, &err);
    if (s == NPU_OK)
        s = check_march(&o, &c, &err);
    if (s == NPU_OK)
        s = open_log(&o, &c, rest.verbosity, &err);
    bool opened = s == NPU_OK;
    if (opened && o.proto && !c.caffe)
        log_line(c.log, LOG_WARNING, "--proto is for --model-type caffe and is ignored");
    if (opened)
        s = checker_run(&c, &err);
    if (opened && s != NPU_OK)
        report_failure(&c, argv[0], &err);
    else if (s != NPU_OK)
        tool_fail(argv[0], &err);
    npu_status closed = log_close(c.log, &err);
    if (closed != NPU_OK && s == NPU_OK) {
        s = closed;
        tool_fail(argv[0], &err);
    }
    checker_free(&c);
    opt_free(&program, &o);
    return npu_exit_code(s);
}
