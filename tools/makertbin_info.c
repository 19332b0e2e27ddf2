/* What a .bin says of its conversion: the groups of docs/BIN_FORMAT.md, filled from the
 * configuration or from the options of --fast-perf. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bin_info.h"
#include "tools/makertbin.h"

static const char *const image_names[] = {"rgb", "bgr", "yuv444", "nv12", "gray", "featuremap"};
static const char *const source_names[] = {"ddr", "pyramid", "resizer"};

static npu_status no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

/* Puts KEY unless TEXT is NULL. */
static void put(cJSON *to, const char *key, const char *text)
{
    if (text)
        cJSON_AddStringToObject(to, key, text);
}

static void put_values(const cc_config *c, cJSON *to, const int *keys, const char *const *names,
                       size_t n)
{
    for (size_t i = 0; c && i < n; i++)
        put(to, names[i], c->value[keys[i]]);
}

static cJSON *model_group(const mrb_job *j)
{
    static const int keys[] = {CFG_LAYER_OUT_DUMP, CFG_LOG_LEVEL, CFG_WORKING_DIR, CFG_REMOVE_TYPE,
                               CFG_REMOVE_NAME, CFG_OUTPUT_NODES};
    static const char *const names[] = {"layer_out_dump", "log_level", "working_dir",
                                        "remove_node_type", "remove_node_name", "output_nodes"};
    cJSON *o = cJSON_CreateObject();
    if (j->caffe && j->weights)
        put(o, "caffe_model", j->weights);
    put(o, j->caffe ? "prototxt" : "onnx_model", j->model);
    put(o, "march", j->options->march);
    put(o, "output_model_file_prefix", j->prefix);
    put_values(j->config, o, keys, names, sizeof keys / sizeof *keys);
    return o;
}

/* Part I of the ';' list TEXT, in BUF; NULL: none. */
static const char *part(const char *text, size_t i, char buf[512])
{
    while (text && i--) {
        text = strchr(text, ';');
        text = text ? text + 1 : NULL;
    }
    if (!text)
        return NULL;
    snprintf(buf, 512, "%.*s", (int)strcspn(text, ";"), text);
    return buf;
}

static cJSON *input_object(const mrb_job *j, size_t i)
{
    static const struct { int key; const char *name; } rows[] = {
        {CFG_NORM, "norm_type"}, {CFG_SHAPE, "input_shape"}, {CFG_MEAN, "mean_value"},
        {CFG_SCALE, "scale_value"}, {CFG_CAL_DIR, "cal_data_dir"}, {CFG_CAL_DATA, "cal_data_type"}};
    const cc_input *p = &j->options->input[i];
    cJSON *o = cJSON_CreateObject();
    char text[512];
    put(o, "input_name", p->name);
    put(o, "input_type_rt", image_names[p->rt]);
    put(o, "input_space&range", p->video_range ? "bt601_video" : "regular");
    put(o, "input_layout_rt", p->layout_rt == CC_NHWC ? "NHWC" : "NCHW");
    put(o, "input_type_train", image_names[p->train]);
    put(o, "input_layout_train", p->layout_train == CC_NHWC ? "NHWC" : "NCHW");
    for (size_t k = 0; j->config && k < sizeof rows / sizeof *rows; k++)
        put(o, rows[k].name, part(j->config->value[rows[k].key], i, text));
    if (!j->config)
        put(o, "norm_type", "no_preprocess");
    return o;
}

static cJSON *input_group(const mrb_job *j)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < j->options->ninput; i++)
        cJSON_AddItemToArray(list, input_object(j, i));
    return list;
}

static cJSON *calibration_group(const mrb_job *j)
{
    static const int keys[] = {CFG_PREPROCESS_ON, CFG_PERCENTILE, CFG_PER_CHANNEL,
                               CFG_OPTIMIZATION};
    static const char *const names[] = {"preprocess_on", "max_percentile", "per_channel",
                                        "optimization"};
    cJSON *o = cJSON_CreateObject();
    put_values(j->config, o, keys, names, sizeof keys / sizeof *keys);
    put(o, "calibration_type", j->config ? j->config->calibration : "skip");
    put(o, "thresholds", "synthetic: not computed from data, for performance only");
    return o;
}

static cJSON *compiler_group(const mrb_job *j)
{
    const cc_options *o = j->options;
    cJSON *to = cJSON_CreateObject(), *source = cJSON_CreateObject();
    char text[64];
    snprintf(text, sizeof text, "%s--O%d%s", o->mode == CC_LATENCY ? "--fast " : "", o->level,
             o->debug ? " --debug" : "");
    put(to, "hbdk_pass_through_params", text);
    for (size_t i = 0; i < o->ninput; i++)
        put(source, o->input[i].name, source_names[o->input[i].source]);
    put(source, "_default_value", "ddr");
    cJSON_AddItemToObject(to, "input-source", source);
    put(to, "compile_mode", o->mode == CC_LATENCY ? "latency" : "bandwidth");
    put(to, "debug", o->debug ? "True" : "False");
    snprintf(text, sizeof text, "%d", o->cores);
    put(to, "core_num", text);
    snprintf(text, sizeof text, "%lld us", (long long)o->max_time_per_fc_us);
    put(to, "max_time_per_fc", text);
    return to;
}

/* How the application hands over input NAME; a feature map has its tensor's own element type. */
static cJSON *input_tensor(const mrb_job *j, const char *name)
{
    static const char *const types[] = {"RGB", "BGR", "YUV444", "NV12", "GRAY", NULL};
    cJSON *o = cJSON_CreateObject();
    put(o, "name", name);
    for (size_t i = 0; i < j->options->ninput; i++) {
        const cc_input *p = &j->options->input[i];
        if (strcmp(p->name, name))
            continue;
        put(o, "type", types[p->rt]);
        put(o, "layout", p->rt != CC_NV12 && p->layout_rt == CC_NHWC ? "NHWC" : "NCHW");
        put(o, "source", source_names[p->source]);
    }
    return o;
}

static void put_tensors(const mrb_job *j, const npu_model *m, cJSON *info)
{
    const npu_program *p = m->nprogram ? &m->program[0] : NULL;
    cJSON *list;
    if (!p || cJSON_HasObjectItem(info, "inputs"))
        return;
    list = cJSON_AddArrayToObject(info, "inputs");
    for (size_t i = 0; i < p->nin; i++)
        cJSON_AddItemToArray(list, input_tensor(j, p->in[i]));
}

/* A group of ours replaces one of the same name: the compiler knows less of the conversion. */
static void replace(cJSON *info, const char *name, cJSON *group)
{
    cJSON_DeleteItemFromObjectCaseSensitive(info, name);
    cJSON_AddItemToObject(info, name, group);
}

npu_status mrb_info(const mrb_job *j, npu_model *m, npu_err *err)
{
    cJSON *info = m->info ? bin_info_json(m) : cJSON_CreateObject();
    char *text = NULL;
    if (!info)
        return no_memory(err);
    if (!cJSON_HasObjectItem(info, "versions")) {
        cJSON *v = cJSON_AddObjectToObject(info, "versions");
        cJSON_AddStringToObject(v, "hb_mapper", PACKAGE_NAME " " PACKAGE_VERSION);
    }
    replace(info, "model_parameters", model_group(j));
    replace(info, "input_parameters", input_group(j));
    replace(info, "calibration_parameters", calibration_group(j));
    replace(info, "compiler_parameters", compiler_group(j));
    put_tensors(j, m, info);
    text = cJSON_PrintUnformatted(info);
    cJSON_Delete(info);
    if (!text)
        return no_memory(err);
    free(m->info);
    m->info = strdup(text);
    cJSON_free(text);
    return m->info ? NPU_OK : no_memory(err);
}
