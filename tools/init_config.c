/* npusim init-config: a makertbin YAML for a network, ready to convert and to be edited. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/graph.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    const char *weights, *output;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"weights", 'w', OPT_STRING, AT(weights), "FILE", "the .caffemodel of a .prototxt", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of standard output (-)",
     0, 0},
    OPT_END};

static const opt_program program = {
    .args = "MODEL", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Prints a makertbin configuration for the network MODEL (.onnx or .prototxt): its "
           "inputs and shapes, an image type guessed from the shape, and the usual values of "
           "every other key. It converts as it is; calibration is skipped.",
    .example = "npusim init-config net.onnx > net.yaml"};

static const char *const image_names[] = {"rgb", "bgr", "yuv444", "nv12", "gray", "featuremap"};

/* TEXT in the quotes of YAML. */
static void quoted(FILE *f, const char *text)
{
    for (; *text; text++)
        fprintf(f, *text == '\'' ? "''" : "%c", *text);
}

static npu_status check_names(const char *path, const cc_options *o, npu_err *err)
{
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p < ' ')
            return npu_fail(err, NPU_UNSUPPORTED, "the file name has a control character");
    for (size_t i = 0; i < o->ninput; i++)
        for (const char *p = o->input[i].name; *p; p++)
            if ((unsigned char)*p < ' ' || *p == ';')
                return npu_fail(err, NPU_UNSUPPORTED,
                                "input '%.60s': a name with ';' or a control character has no "
                                "form in a configuration", o->input[i].name);
    return NPU_OK;
}

typedef const char *input_text(const cc_input *p, char buf[G_SHAPE_TEXT]);

static const char *name_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return p->name;
}

static const char *shape_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    npu_value v = {.rank = p->rank};
    memcpy(v.dim, p->dim, sizeof v.dim);
    return g_shape(&v, buf);
}

static const char *rt_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return image_names[p->rt];
}

static const char *train_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return image_names[p->train];
}

static const char *layout_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return p->layout_train == CC_NHWC ? "NHWC" : "NCHW";
}

static const char *norm_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return p->train == CC_FEATUREMAP ? "no_preprocess" : "data_mean_and_scale";
}

static const char *mean_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return p->train == CC_FEATUREMAP ? "None"
           : p->train == CC_GRAY     ? "0"
                                     : "123.675 116.28 103.53";
}

static const char *scale_of(const cc_input *p, char buf[G_SHAPE_TEXT])
{
    (void)buf;
    return p->train == CC_FEATUREMAP ? "None"
           : p->train == CC_GRAY     ? "0.003921569"
                                     : "0.01712475 0.017507 0.01742919";
}

static void per_input(FILE *f, const char *key, const cc_options *o, input_text *text)
{
    char buf[G_SHAPE_TEXT];
    fprintf(f, "  %s: '", key);
    for (size_t i = 0; i < o->ninput; i++) {
        fputs(i ? ";" : "", f);
        quoted(f, text(&o->input[i], buf));
    }
    fputs("'\n", f);
}

static void file_key(FILE *f, const char *key, const char *path)
{
    fprintf(f, "  %s: '", key);
    quoted(f, path);
    fputs("'\n", f);
}

static void put_model(FILE *f, const char *path, const npu_graph *g, const options *o)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(base, '.');
    char *stem = strndup(base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
    fputs("model_parameters:\n", f);
    file_key(f, g->caffe ? "prototxt" : "onnx_model", path);
    if (g->caffe && o->weights)
        file_key(f, "caffe_model", o->weights);
    file_key(f, "output_model_file_prefix", stem ? stem : "model");
    free(stem);
    fputs("  march: 'bernoulli2'\n"
          "  working_dir: 'model_output'\n"
          "  layer_out_dump: False\n"
          "  log_level: 'debug'\n\n", f);
}

static void put_inputs(FILE *f, const cc_options *o)
{
    bool image = false;
    for (size_t i = 0; i < o->ninput; i++)
        image |= o->input[i].train != CC_FEATUREMAP;
    fputs("input_parameters:\n", f);
    per_input(f, "input_name", o, name_of);
    per_input(f, "input_shape", o, shape_of);
    fputs("  # what the board hands over; what the network was trained with\n", f);
    per_input(f, "input_type_rt", o, rt_of);
    per_input(f, "input_type_train", o, train_of);
    per_input(f, "input_layout_train", o, layout_of);
    per_input(f, "norm_type", o, norm_of);
    if (image) {
        fputs("  # (pixel - mean) * scale, as in training; these are ImageNet's in torchvision\n",
              f);
        per_input(f, "mean_value", o, mean_of);
        per_input(f, "scale_value", o, scale_of);
    }
    fputs("\n", f);
}

static void put_rest(FILE *f)
{
    fputs("calibration_parameters:\n"
          "  # skip: no thresholds, for performance only.  With data: default, kl or max, and\n"
          "  # cal_data_dir: one folder of raw samples per input\n"
          "  calibration_type: 'skip'\n\n"
          "compiler_parameters:\n"
          "  compile_mode: 'latency'\n"
          "  debug: False\n"
          "  core_num: 1\n"
          "  optimize_level: 'O3'\n", f);
}

static npu_status print(const char *path, const npu_graph *g, const options *o, npu_err *err)
{
    cc_options guess;
    char *text = NULL;
    size_t n = 0;
    FILE *f;
    npu_status s;
    NPU_TRY(cc_fast_perf(g, "x3m", &guess, err));
    f = open_memstream(&text, &n);
    s = f ? check_names(path, &guess, err) : npu_fail(err, NPU_LIMIT, "out of memory");
    if (f) {
        put_model(f, path, g, o);
        put_inputs(f, &guess);
        put_rest(f);
        if (fclose(f) != 0 && s == NPU_OK)
            s = npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (s == NPU_OK)
        s = tool_put(o->output, text, n, err);
    free(text);
    cc_options_free(&guess);
    return s;
}

int cmd_init_config(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    npu_graph *g = NULL;
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = cc_import(rest.arg[0], o.weights, &g, &err);
    if (s == NPU_OK)
        s = cc_shapes(g, NULL, 0, &err);
    if (s == NPU_OK)
        s = print(rest.arg[0], g, &o, &err);
    npu_graph_free(g);
    opt_free(&program, &o);
    return s == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
