/* makertbin YAML: what is accepted, and each way of being refused.  A file is made of the lines of
 * BASE with some replaced: "key=value", "key=-" (left out), "group/key=value" (added). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/config.h"
#include "compiler/graph.h"
#include "tests/unit/unit.h"

enum { TEXT = 8192 };

static const char *const base[] = {
    "model_parameters",       "onnx_model",       "'m.onnx'",
    "model_parameters",       "output_model_file_prefix", "'net'",
    "input_parameters",       "input_type_train", "'rgb'",
    "input_parameters",       "input_type_rt",    "'nv12'",
    "input_parameters",       "norm_type",        "'data_mean_and_scale'",
    "input_parameters",       "mean_value",       "123.675 116.28 103.53",
    "input_parameters",       "scale_value",      "'0.01712 0.0175 0.01743'",
    "calibration_parameters", "calibration_type", "'skip'",
    "compiler_parameters",    "compile_mode",     "'latency'",
    "compiler_parameters",    "optimize_level",   "'O3'", NULL};

static const char *const all_groups[] = {"model_parameters", "input_parameters",
                                         "calibration_parameters", "compiler_parameters",
                                         "custom_op"};

/* The value that SET (';;' between its items) gives KEY: NULL none. */
static const char *override(const char *set, const char *key, char *value)
{
    size_t n = strlen(key);
    for (const char *p = set; p && *p; p = strstr(p, ";;") ? strstr(p, ";;") + 2 : NULL)
        if (!strncmp(p, key, n) && p[n] == '=') {
            const char *end = strstr(p, ";;");
            sprintf(value, "%.*s", (int)(end ? end - p - n - 1 : strlen(p) - n - 1), p + n + 1);
            return value;
        }
    return NULL;
}

static void make(const char *set, char out[TEXT])
{
    char value[2048];
    out[0] = '\0';
    for (size_t g = 0; g < 5; g++) {
        size_t start = strlen(out);
        const char *absent = override(set, all_groups[g], value);
        sprintf(out + strlen(out), "%s:\n", all_groups[g]);
        for (size_t i = 0; base[i]; i += 3) {
            const char *v = override(set, base[i + 1], value);
            if (!strcmp(base[i], all_groups[g]) && (!v || strcmp(v, "-")))
                sprintf(out + strlen(out), "  %s: %s\n", base[i + 1], v ? v : base[i + 2]);
        }
        for (const char *p = set; p && *p; p = strstr(p, ";;") ? strstr(p, ";;") + 2 : NULL) {
            const char *end = strstr(p, ";;"), *eq = strchr(p, '=');
            size_t n = strlen(all_groups[g]);
            if (!strncmp(p, all_groups[g], n) && p[n] == '/')
                sprintf(out + strlen(out), "  %.*s: %.*s\n", (int)(eq - p - n - 1), p + n + 1,
                        (int)(end ? (size_t)(end - eq - 1) : strlen(eq + 1)), eq + 1);
        }
        if (absent || (g == 4 && !strchr(out + start, ' ')))
            out[start] = '\0';
    }
}

static npu_status read_as(const char *set, bool caffe, const char *chip, cc_config **c,
                          npu_err *err)
{
    char text[TEXT];
    make(set, text);
    *err = (npu_err){0};
    return cc_config_parse("c.yaml", (const uint8_t *)text, strlen(text), caffe, chip, c, err);
}

static cc_config *ok(const char *set)
{
    cc_config *c;
    npu_err err;
    ck_assert_msg(read_as(set, false, NULL, &c, &err) == NPU_OK, "%s: %s", set, err.text);
    return c;
}

static void refused(const char *set, npu_status status, const char *want)
{
    cc_config *c;
    npu_err err;
    npu_status s = read_as(set, false, NULL, &c, &err);
    ck_assert_msg(s == status, "%s: %d %s", set, (int)s, err.text);
    ck_assert_msg(strstr(err.text, want) != NULL, "%s: %s", set, err.text);
    ck_assert_ptr_null(c);
}

static void bad(const char *set, const char *want)
{
    refused(set, NPU_BAD_INPUT, want);
}

static bool warns(const cc_config *c, const char *what)
{
    for (size_t i = 0; i < c->nwarning; i++)
        if (strstr(c->warning[i], what))
            return true;
    return false;
}

static void accepted_with(const char *set, const char *warning)
{
    cc_config *c = ok(set);
    ck_assert_msg(warns(c, warning), "%s: no warning '%s'", set, warning);
    cc_config_free(c);
}

START_TEST(defaults_are_filled_in)
{
    cc_config *c = ok("");
    const cc_options *o = &c->options;
    ck_assert_str_eq(o->march, "bernoulli2");
    ck_assert_str_eq(o->chip, "x3m");
    ck_assert_str_eq(c->working_dir, "model_output");
    ck_assert_str_eq(c->model, "m.onnx");
    ck_assert(o->level == 3 && o->mode == CC_LATENCY && o->cores == 1 && o->batch == 1);
    ck_assert(!o->debug && !o->dump_layers && !o->int8_output && o->keep_io_nodes);
    ck_assert(o->ninput == 1 && !o->input[0].name && o->input[0].source == CC_PYRAMID);
    ck_assert(o->input[0].nmean == 3 && o->input[0].mean[1] == 116.28f);
    ck_assert(o->input[0].nscale == 3 && o->input[0].scale[2] == 0.01743f);
    ck_assert(c->log_level == CC_LOG_DEBUG && o->max_time_per_fc_us == 0);
    cc_config_free(c);
}
END_TEST

START_TEST(missing_groups_and_keys_are_listed_sorted)
{
    cc_config *c;
    npu_err err;
    bad("model_parameters=-", "Missing key: 'model_parameters'");
    bad("input_parameters=-", "Missing key: 'input_parameters'");
    bad("calibration_parameters=-", "Missing key: 'calibration_parameters'");
    bad("compiler_parameters=-;;input_parameters=-",
        "Missing keys: 'compiler_parameters', 'input_parameters'");
    bad("compile_mode=-;;optimize_level=-",
        "Key 'compiler_parameters' error:\nMissing keys: 'compile_mode', 'optimize_level'");
    bad("norm_type=-", "Key 'input_parameters' error:\nMissing key: 'norm_type'");
    bad("mean_value=-;;scale_value=''", "Missing keys: 'mean_value', 'scale_value'");
    bad("input_type_rt=-;;input_type_train=-", "Missing keys: 'input_type_rt', 'input_type_train'");
    bad("calibration_type=-", "Missing key: 'calibration_type'");
    bad("calibration_type='kl'", "Missing key: 'cal_data_dir'");
    bad("output_model_file_prefix=-", "Missing key: 'output_model_file_prefix'");
    bad("onnx_model=-", "Missing key: 'onnx_model'");
    ck_assert(read_as("onnx_model=-", true, NULL, &c, &err) == NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, "Key 'model_parameters' error:\n"
                               "Missing keys: 'caffe_model', 'prototxt'");
}
END_TEST

START_TEST(unknown_keys_get_a_suggestion)
{
    bad("model_parameters/output_nodez='a'",
        "Wrong key 'output_nodez'; did you mean 'output_nodes'");
    bad("model_parameters/zzzzzz='a'", "c.yaml:4: Wrong key 'zzzzzz'");
    bad("compiler_parameters/march='bernoulli2'", "it belongs to model_parameters");
    bad("compile_mode='latncy'", "did you mean latency?");
    bad("input_parameters/input_batch=1;;input_parameters/input_batch=2", "'input_batch' again");
    bad("input_parameters/mean_values='1'", "again in line");
    accepted_with("mean_value=-;;input_parameters/mean_values='1 2 3'", "understood as mean_value");
    accepted_with("calibration_parameters/perchannel=True", "understood as per_channel");
}
END_TEST

START_TEST(twelve_of_thirty_type_pairs_are_allowed)
{
    static const char *const train[] = {"yuv444", "rgb", "bgr", "gray", "featuremap"};
    static const char *const rt[] = {"nv12", "yuv444", "rgb", "bgr", "gray", "featuremap"};
    static const char *const allowed[] = {"110000", "111100", "111100", "000010", "000001"};
    int good = 0;
    for (int t = 0; t < 5; t++)
        for (int r = 0; r < 6; r++) {
            char set[128];
            sprintf(set, "input_type_train=%s;;input_type_rt=%s", train[t], rt[r]);
            if (allowed[t][r] == '1') {
                cc_config_free(ok(set));
                good++;
            } else {
                bad(set, "cannot feed a model trained with");
            }
        }
    ck_assert_int_eq(good, 12);
    bad("input_type_train=nv12", "is not one of: rgb bgr yuv444 gray featuremap");
    bad("input_type_rt=yuv444;;input_parameters/input_layout_rt=NCHW", "allowed: NHWC");
    accepted_with("input_type_rt=rgb;;input_parameters/input_space_and_range=bt601_video",
                  "nv12 only");
}
END_TEST

#define TWO "input_parameters/input_name='a; b';;input_type_train='rgb;featuremap';;" \
            "input_type_rt='nv12;featuremap';;norm_type='data_mean_and_scale;no_preprocess';;" \
            "mean_value='1 2 3;None';;scale_value='1;None'"

START_TEST(lists_hold_one_value_per_input)
{
    cc_config *c = ok(TWO);
    ck_assert_uint_eq(c->options.ninput, 2);
    ck_assert_str_eq(c->options.input[1].name, "b");
    ck_assert(c->options.input[0].nscale == 1 && c->options.input[1].nmean == 0);
    ck_assert(!c->options.input[1].has_mean && c->options.input[1].source == CC_DDR);
    cc_config_free(c);
    bad("input_parameters/input_name='a;b'", "expected 2 values, got 1");
    bad("input_type_train='rgb;rgb'", "expected 1 value, got 2");
    bad("input_parameters/input_name='a;a';;input_type_train='rgb;rgb'", "'a' twice");
    bad("mean_value=None", "'None', but norm_type is data_mean_and_scale");
    bad("mean_value='1 2 x'", "'x' is not a number");
    bad("mean_value='1,2,3'", "is not a number");
    bad("input_parameters/input_name='a; ;b'", "is empty");
    bad(TWO ";;input_parameters/input_batch=2", "models with one input");
    bad("input_parameters/input_batch=0", "0 is outside 1..128");
    bad("input_parameters/input_batch=129", "129 is outside 1..128");
    bad("input_parameters/input_batch='2.5'", "not a whole number");
    bad("input_parameters/input_shape='1x3xax4'", "is not a shape");
    bad("input_parameters/input_shape='1x3x0x4'", "is not a shape");
    bad("input_parameters/input_shape='1x1x1x1x1x1x1x1x1'", "is not a shape");
}
END_TEST

START_TEST(compiler_and_model_values)
{
    cc_config *c;
    npu_err err;
    bad("compiler_parameters/core_num=3", "3 is outside 1..2");
    bad("optimize_level='O4'", "'O4' is not one of: O0 O1 O2 O3");
    bad("compiler_parameters/debug=maybe", "neither True nor False");
    refused("compile_mode=balance", NPU_UNSUPPORTED, "not for bernoulli2");
    refused("model_parameters/march=bayes-e", NPU_UNSUPPORTED, "allowed: bernoulli2");
    bad("model_parameters/march=pentium", "allowed: bernoulli2");
    refused("calibration_parameters/optimization=set_model_output_int16", NPU_UNSUPPORTED, "int8");
    bad("calibration_parameters/optimization=set_output", "is not one of");
    bad("calibration_parameters/max_percentile=1.5", "outside 0..1");
    bad("calibration_parameters/run_on_cpu=a;;calibration_parameters/run_on_bpu='b;a'",
        "'a' is in");
    bad("model_parameters/caffe_model='x'", "for a model of type onnx");
    bad("output_model_file_prefix='a/b'", "contains '/'");
    bad("custom_op/custom_op_method=register;;custom_op/op_register_files='a.py;b.py';;"
        "custom_op/custom_op_dir='/x'", "'/x' is absolute");
    bad("custom_op/custom_op_dir='x'", "Missing key: 'custom_op_method'");
    ck_assert(read_as("", false, "cv181x", &c, &err) == NPU_USAGE);
    ck_assert_msg(strstr(err.text, "x3m, x3e, j3") != NULL, "%s", err.text);
    c = ok("compiler_parameters/core_num=2;;compile_mode=bandwidth;;optimize_level=o1;;"
           "compiler_parameters/debug=True;;calibration_parameters/optimization="
           "set_model_output_int8;;model_parameters/layer_out_dump=true;;"
           "calibration_parameters/run_on_cpu=[x, y];;model_parameters/log_level=warn");
    ck_assert(c->options.cores == 2 && c->options.mode == CC_BANDWIDTH && c->options.level == 1);
    ck_assert(c->options.debug && c->options.int8_output && c->options.dump_layers);
    ck_assert(c->options.run_on_cpu.n == 2 && !strcmp(c->options.run_on_cpu.item[1], "y"));
    ck_assert_int_eq(c->log_level, CC_LOG_WARN);
    cc_config_free(c);
}
END_TEST

START_TEST(time_per_call_is_in_microseconds)
{
    static const struct { const char *text; long long us; } good[] = {
        {"0", 0}, {"500", 500}, {"500us", 500}, {"2 ms", 2000}, {"4294967295", 4294967295}};
    for (size_t i = 0; i < 5; i++) {
        char set[80];
        cc_config *c;
        sprintf(set, "compiler_parameters/max_time_per_fc='%s'", good[i].text);
        c = ok(set);
        ck_assert_int_eq(c->options.max_time_per_fc_us, good[i].us);
        ck_assert(warns(c, "is understood as") == (good[i].us > 0));
        ck_assert(warns(c, "least value of 1000") == (good[i].us == 500));
        cc_config_free(c);
    }
    bad("compiler_parameters/max_time_per_fc=4294967296", "above 4294967295");
    bad("compiler_parameters/max_time_per_fc=4294968ms", "above 4294967295");
    bad("compiler_parameters/max_time_per_fc=-1", "is not a time");
    bad("compiler_parameters/max_time_per_fc=5s", "unit 's'");
    bad("compiler_parameters/max_time_per_fc=99999999999999999999", "is not a time");
}
END_TEST

/* A network whose only fact is its input. */
static npu_graph *network(int64_t n, int64_t a, int64_t b, int64_t c, npu_op op)
{
    npu_graph *g = g_new("m.onnx");
    int32_t in = g_value(g, "data"), out = g_value(g, "out");
    g->value[in].elem = NPU_ELEM_FLOAT;
    g->value[in].rank = 4;
    memcpy(g->value[in].dim, (int64_t[]){n, a, b, c}, 4 * sizeof(int64_t));
    g_add(g, op, NULL, "", &in, 1, &out, 1);
    g->in = arena_copy(g->arena, &in, sizeof in);
    g->out = arena_copy(g->arena, &out, sizeof out);
    g->nin = g->nout = 1;
    return g;
}

static npu_status against(const char *set, npu_graph *g, npu_err *err)
{
    cc_config *c = ok(set);
    cc_input_shape *shape;
    size_t n;
    npu_status s = cc_config_shapes(c, g, &shape, &n, err);
    if (s == NPU_OK)
        s = cc_config_model(c, g, err);
    if (s == NPU_OK) {
        ck_assert_str_eq(c->options.input[0].name, "data");
        ck_assert_ptr_nonnull(c->value[CFG_SHAPE]);
        ck_assert_int_eq(c->options.input[0].rank, 4);
    }
    cc_config_free(c);
    npu_graph_free(g);
    return s;
}

static void fits(const char *set, npu_graph *g)
{
    npu_err err = {0};
    ck_assert_msg(against(set, g, &err) == NPU_OK, "%s: %s", set, err.text);
}

static void clashes(const char *set, npu_graph *g, npu_status status, const char *want)
{
    npu_err err = {0};
    npu_status s = against(set, g, &err);
    ck_assert_msg(s == status && strstr(err.text, want), "%s: %d %s", set, (int)s, err.text);
}

START_TEST(the_model_must_fit)
{
    const npu_op relu = NPU_OP_RELU;
    const char gray[] = "input_type_rt=gray;;input_type_train=gray;;norm_type=no_preprocess;;"
                        "compiler_parameters/input_source={\"data\": \"resizer\"}";
    fits("", network(1, 3, 224, 224, relu));
    fits("", network(1, 224, 224, 3, relu));
    clashes("", network(1, 3, 225, 224, relu), NPU_BAD_INPUT,
            "even height and width, found 225x224");
    clashes("input_type_rt=yuv444", network(1, 3, 224, 225, relu), NPU_BAD_INPUT, "even height");
    fits("input_type_rt=rgb", network(1, 3, 225, 225, relu));
    clashes("", network(1, 4, 224, 224, relu), NPU_BAD_INPUT, "4 channels");
    clashes("input_type_rt=featuremap;;input_type_train=featuremap", network(1, 4, 9, 9, relu),
            NPU_BAD_INPUT, "3 numbers for input 'data', expected 1 or 4");
    clashes("mean_value='1 2'", network(1, 3, 224, 224, relu), NPU_BAD_INPUT, "expected 1 or 3");
    clashes("input_parameters/input_name='dato'", network(1, 3, 224, 224, relu), NPU_BAD_INPUT,
            "did you mean 'data'");
    clashes("input_parameters/input_layout_train='NHWC'", network(1, 3, 224, 224, relu),
            NPU_BAD_INPUT, "224 channels in layout NHWC");
    fits("input_parameters/input_batch=128", network(1, 3, 224, 224, relu));
    clashes("input_parameters/input_batch=2", network(4, 3, 224, 224, relu), NPU_BAD_INPUT,
            "the first number must be 1");
    clashes(gray, network(1, 1, 136, 136, relu), NPU_UNSUPPORTED, "less than 18432 pixels");
    fits(gray, network(1, 1, 135, 136, relu));
    clashes("compiler_parameters/input_source={'x': 'ddr'}", network(1, 3, 224, 224, relu),
            NPU_BAD_INPUT, "no input 'x'");
    clashes("compiler_parameters/input_source={'data': 'dram'}", network(1, 3, 224, 224, relu),
            NPU_BAD_INPUT, "allowed: ddr, pyramid, resizer");
    clashes("input_type_rt=rgb;;compiler_parameters/input_source={'data': 'pyramid'}",
            network(1, 3, 224, 224, relu), NPU_BAD_INPUT, "is not nv12");
    clashes("calibration_type=load", network(1, 3, 224, 224, relu), NPU_BAD_INPUT,
            "the model has none");
    fits("calibration_type=load", network(1, 3, 224, 224, NPU_OP_QUANTIZELINEAR));
}
END_TEST

START_TEST(samples_must_be_there_and_of_the_right_size)
{
    const char set[] = "calibration_type=max;;calibration_parameters/cal_data_dir='cal_dir'";
    char path[32];
    FILE *f;
    bad("calibration_type=kl;;calibration_parameters/cal_data_dir='no_such_dir'", "not a folder");
    remove("cal_dir/0.bin"); /* of a run that died */
    remove("cal_dir/1.bin");
    mkdir("cal_dir", 0777);
    bad(set, "'cal_dir' holds no file");
    for (int i = 0; i < 2; i++) {
        sprintf(path, "cal_dir/%d.bin", i);
        ck_assert_ptr_nonnull(f = fopen(path, "w"));
        ck_assert_int_eq(ftruncate(fileno(f), i ? 192 : 768), 0);
        fclose(f);
    }
    accepted_with(set, "holds 2 samples");
    accepted_with(set, "calibration_type is max: thresholds are not computed");
    clashes(set, network(1, 3, 8, 8, NPU_OP_RELU), NPU_BAD_INPUT,
            "cal_dir/0.bin has 768 bytes, expected 192");
    ck_assert_int_eq(truncate("cal_dir/0.bin", 192), 0);
    fits(set, network(1, 3, 8, 8, NPU_OP_RELU));
    clashes("calibration_type=max;;calibration_parameters/cal_data_type=float32;;"
            "calibration_parameters/cal_data_dir='cal_dir'",
            network(1, 3, 8, 8, NPU_OP_RELU), NPU_BAD_INPUT, "has 192 bytes, expected 768");
    ck_assert_int_eq(rename("cal_dir", "cal_f32"), 0);
    clashes("calibration_type=default;;calibration_parameters/cal_data_dir='cal_f32/'",
            network(1, 3, 8, 8, NPU_OP_RELU), NPU_BAD_INPUT, "expected 768");
    refused("calibration_type=mix;;calibration_parameters/preprocess_on=True;;"
            "calibration_parameters/cal_data_dir='cal_f32'", NPU_UNSUPPORTED, "raw files");
    remove("cal_f32/0.bin");
    remove("cal_f32/1.bin");
    rmdir("cal_f32");
}
END_TEST

START_TEST(fast_perf_guesses_images)
{
    npu_graph *g = network(1, 3, 224, 224, NPU_OP_RELU);
    cc_options o;
    npu_err err = {0};
    ck_assert(cc_fast_perf(g, "x3e", &o, &err) == NPU_OK);
    ck_assert(o.ninput == 1 && o.input[0].rt == CC_NV12 && o.input[0].source == CC_PYRAMID);
    ck_assert(o.level == 3 && !o.keep_io_nodes && o.batch == 1 && o.cores == 1);
    cc_options_free(&o);
    g->value[g->in[0]].dim[2] = 225;
    ck_assert(cc_fast_perf(g, "cv181x", &o, &err) == NPU_OK);
    ck_assert(o.input[0].rt == CC_FEATUREMAP && o.input[0].source == CC_DDR);
    ck_assert_str_eq(o.march, "cv181x");
    cc_options_free(&o);
    g->value[g->in[0]].dim[1] = 1;
    ck_assert(cc_fast_perf(g, "j3", &o, &err) == NPU_OK);
    ck_assert(o.input[0].rt == CC_GRAY);
    cc_options_free(&o);
    ck_assert(cc_fast_perf(g, "z80", &o, &err) == NPU_USAGE);
    ck_assert_msg(strstr(err.text, "x3m, x3e, j3, cv181x") != NULL, "%s", err.text);
    npu_graph_free(g);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        defaults_are_filled_in, missing_groups_and_keys_are_listed_sorted,
        unknown_keys_get_a_suggestion, twelve_of_thirty_type_pairs_are_allowed,
        lists_hold_one_value_per_input, compiler_and_model_values,
        time_per_call_is_in_microseconds, the_model_must_fit,
        samples_must_be_there_and_of_the_right_size, fast_perf_guesses_images};
    Suite *s = suite_create("config");
    TCase *core = tcase_create("core");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(core, tests[i]);
    suite_add_tcase(s, core);
    return unit_run(s);
}
