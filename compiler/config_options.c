/* Everything of the configuration but the inputs: model files, march, calibration, compiler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/config_in.h"

/* The vendor's other marches, known by name and not modelled. */
static const char other_marches[] = "bernoulli bayes bayes-e nash-e nash-m nash-p nash-b b25e b25m";

npu_status cfg_list(cc_config *c, int key, cc_list *out, npu_err *err)
{
    cfg_texts parts;
    if (!c->value[key])
        return NPU_OK;
    NPU_TRY(cfg_split(c, c->value[key], ';', &parts, err));
    if (!(out->item = calloc(parts.n ? parts.n : 1, sizeof *out->item)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    for (; out->n < parts.n; out->n++)
        if (!(out->item[out->n] = strdup(parts.item[out->n])))
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    return NPU_OK;
}

static bool is(const cc_config *c, int key, const char *word)
{
    return c->value[key] && !strcmp(c->value[key], word);
}

static npu_status model_files(cc_config *c, npu_err *err)
{
    static const int onnx[] = {CFG_ONNX_MODEL}, caffe[] = {CFG_PROTOTXT, CFG_CAFFE_MODEL};
    const int *other = c->caffe ? onnx : caffe;
    for (size_t i = 0; i < (c->caffe ? 1u : 2u); i++)
        if (c->value[other[i]])
            return cfg_refuse(c, other[i], NPU_BAD_INPUT, err,
                              "given for a model of type %s; %s", c->caffe ? "caffe" : "onnx",
                              c->caffe ? "a Caffe model is prototxt and caffe_model"
                                       : "an ONNX model is onnx_model alone");
    c->model = c->value[c->caffe ? CFG_PROTOTXT : CFG_ONNX_MODEL];
    c->weights = c->caffe ? c->value[CFG_CAFFE_MODEL] : NULL;
    c->prefix = c->value[CFG_PREFIX];
    c->working_dir = c->value[CFG_WORKING_DIR];
    if (strchr(c->prefix, '/'))
        return cfg_refuse(c, CFG_PREFIX, NPU_BAD_INPUT, err,
                          "'%.60s' contains '/'; the folder is working_dir", c->prefix);
    c->log_level = (cc_log_level)cfg_word(c->value[CFG_LOG_LEVEL], "debug info warn");
    return NPU_OK;
}

static npu_status march(cc_config *c, const char *chip, npu_err *err)
{
    cc_options *o = &c->options;
    const char *name = c->value[CFG_MARCH];
    char list[128];
    if (strcmp(name, "bernoulli2"))
        return cfg_refuse(c, CFG_MARCH,
                          cfg_word(name, other_marches) < 0 ? NPU_BAD_INPUT : NPU_UNSUPPORTED, err,
                          "'%.40s' is not modelled; allowed: bernoulli2", name);
    if (chip && (!cc_chip_march(chip) || strcmp(cc_chip_march(chip), name)))
        return npu_fail(err, NPU_USAGE, "chip '%.40s' does not have march %s; those that do: %s",
                        chip, name, cc_chip_list(name, list, sizeof list));
    o->march = strdup(name);
    o->chip = strdup(chip ? chip : cc_march_chip(name));
    return o->march && o->chip ? NPU_OK : npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
}

static npu_status optimization(cc_config *c, npu_err *err)
{
    cfg_texts words = {0};
    if (c->value[CFG_OPTIMIZATION])
        NPU_TRY(cfg_split(c, c->value[CFG_OPTIMIZATION], ';', &words, err));
    for (size_t i = 0; i < words.n; i++) {
        const char *w = words.item[i];
        if (!strcmp(w, "set_model_output_int8"))
            c->options.int8_output = true;
        else if (!strcmp(w, "set_model_output_int16"))
            return cfg_refuse(c, CFG_OPTIMIZATION, NPU_UNSUPPORTED, err,
                              "%s: bernoulli2 computes in int8 only", w);
        else
            NPU_TRY(cfg_warn(c, err, "optimization: %s has no effect; Softmax is on the CPU, in "
                             "float", w));
    }
    return NPU_OK;
}

/* Keys that another key's value leaves without effect. */
static npu_status calibration_notes(cc_config *c, npu_err *err)
{
    if (c->line[CFG_PERCENTILE] && strcmp(c->calibration, "max"))
        NPU_TRY(cfg_warn(c, err, "max_percentile is not used: calibration_type is %s, not max",
                         c->calibration));
    if (is(c, CFG_PER_CHANNEL, "True") && !strcmp(c->calibration, "default"))
        NPU_TRY(cfg_warn(c, err, "per_channel is not used: calibration_type is default"));
    if (!strcmp(c->calibration, "skip"))
        return cfg_warn(c, err, "calibration_type is skip: the .bin serves performance estimates "
                        "only");
    if (is(c, CFG_PREPROCESS_ON, "True"))
        return cfg_refuse(c, CFG_PREPROCESS_ON, NPU_UNSUPPORTED, err,
                          "pictures are not read; convert them to raw files of the input's size "
                          "first and set it to False");
    return cfg_warn(c, err, "calibration_type is %s: thresholds are not computed in this version, "
                    "so the .bin serves performance estimates only", c->calibration);
}

static npu_status calibration(cc_config *c, npu_err *err)
{
    cc_options *o = &c->options;
    c->calibration = c->value[CFG_CAL_TYPE];
    if (atof(c->value[CFG_PERCENTILE]) <= 0)
        return cfg_refuse(c, CFG_PERCENTILE, NPU_BAD_INPUT, err, "0, allowed: above 0, at most 1");
    NPU_TRY(calibration_notes(c, err));
    NPU_TRY(optimization(c, err));
    NPU_TRY(cfg_list(c, CFG_RUN_ON_CPU, &o->run_on_cpu, err));
    NPU_TRY(cfg_list(c, CFG_RUN_ON_BPU, &o->run_on_bpu, err));
    for (size_t i = 0; i < o->run_on_cpu.n; i++)
        for (size_t k = 0; k < o->run_on_bpu.n; k++)
            if (!strcmp(o->run_on_cpu.item[i], o->run_on_bpu.item[k]))
                return cfg_refuse(c, CFG_RUN_ON_BPU, NPU_BAD_INPUT, err,
                                  "'%.60s' is in run_on_cpu too", o->run_on_cpu.item[i]);
    return NPU_OK;
}

static npu_status custom(cc_config *c, npu_err *err)
{
    static const int all[] = {CFG_OP_METHOD, CFG_OP_FILES, CFG_OP_DIR};
    int given = 0;
    for (size_t i = 0; i < 3; i++)
        given += c->value[all[i]] != NULL;
    if (given && (!c->value[CFG_OP_METHOD] || !c->value[CFG_OP_FILES]))
        return npu_fail(err, NPU_BAD_INPUT, "Key 'custom_op' error:\nMissing key: '%s'",
                        c->value[CFG_OP_METHOD] ? "op_register_files" : "custom_op_method");
    if (c->value[CFG_OP_DIR] && c->value[CFG_OP_DIR][0] == '/')
        return cfg_refuse(c, CFG_OP_DIR, NPU_BAD_INPUT, err,
                          "'%.60s' is absolute, allowed: a relative path", c->value[CFG_OP_DIR]);
    if (given)
        return cfg_warn(c, err, "custom_op: the Python files are not run; a node of a type nobody "
                        "knows is refused");
    return NPU_OK;
}

static npu_status compiler(cc_config *c, npu_err *err)
{
    cc_options *o = &c->options;
    if (is(c, CFG_COMPILE_MODE, "balance"))
        return cfg_refuse(c, CFG_COMPILE_MODE, NPU_UNSUPPORTED, err,
                          "balance is not for bernoulli2; allowed: latency, bandwidth");
    if (c->value[CFG_BALANCE])
        NPU_TRY(cfg_warn(c, err, "balance_factor is not used: compile_mode is not balance"));
    if (c->value[CFG_JOBS])
        NPU_TRY(cfg_warn(c, err, "jobs has no effect: one thread compiles"));
    o->mode = is(c, CFG_COMPILE_MODE, "bandwidth") ? CC_BANDWIDTH : CC_LATENCY;
    o->debug = is(c, CFG_DEBUG, "True");
    o->cores = atoi(c->value[CFG_CORES]);
    o->level = c->value[CFG_LEVEL][1] - '0';
    o->max_time_per_fc_us = strtoll(c->value[CFG_FC_TIME], NULL, 10);
    return NPU_OK;
}

npu_status cfg_options(cc_config *c, const char *chip, npu_err *err)
{
    cc_options *o = &c->options;
    NPU_TRY(model_files(c, err));
    NPU_TRY(march(c, chip, err));
    o->dump_layers = is(c, CFG_LAYER_OUT_DUMP, "True");
    o->keep_io_nodes = true;
    o->batch = atoi(c->value[CFG_BATCH]);
    NPU_TRY(cfg_list(c, CFG_OUTPUT_NODES, &o->output_nodes, err));
    NPU_TRY(cfg_list(c, CFG_REMOVE_TYPE, &o->remove_types, err));
    NPU_TRY(cfg_list(c, CFG_REMOVE_NAME, &o->remove_names, err));
    NPU_TRY(calibration(c, err));
    NPU_TRY(custom(c, err));
    return compiler(c, err);
}
