/* The frame of a makertbin YAML file: every key comes back from the dump, and damaged or hostile
 * files end in a message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/config.h"
#include "tests/unit/unit.h"

enum { MUTATIONS = 10000 };

/* Every key once, in the styles that users' files have. */
static const char full[] =
    "model_parameters:\n"
    "  onnx_model: 'null' # a comment\n  march: \"bernoulli2\"\n"
    "  output_model_file_prefix: 'a: b'\n  working_dir: ./out dir\n  layer_out_dump: true\n"
    "  log_level: 'info'\n  output_nodes: 'x; y'\n  remove_node_type: \"Quantize;Transpose\"\n"
    "  remove_node_name: z\n  set_node_data_type: {}\n"
    "  node_info: {\"/a/Softmax\": {'ON': 'BPU',\n     'InputType': 'int16'}}\n"
    "  debug_mode: dump_calibration_data\n"
    "input_parameters:\n"
    "  input_name: data\n  input_type_train: bgr\n  input_layout_train: NCHW\n"
    "  input_type_rt: nv12\n  input_layout_rt: ''\n  input_space_and_range: 'bt601_video'\n"
    "  input_shape: 1x3x224x224\n  input_batch: 2\n  norm_type: data_mean_and_scale\n"
    "  mean_value: 123.675 116.28 103.53\n  scale_value: '0.017'\n"
    "calibration_parameters:\n"
    "  cal_data_dir: './cal'\n  cal_data_type: 'uint8'\n  preprocess_on: False\n"
    "  calibration_type: 'skip'\n  max_percentile: 0.9999\n  per_channel: False\n"
    "  run_on_cpu: a\n  run_on_bpu: b\n  optimization: set_model_output_int8\n"
    "compiler_parameters:\n"
    "  compile_mode: 'latency'\n  balance_factor: 3\n  debug: False\n  core_num: 2\n"
    "  optimize_level: 'O3'\n  input_source: {\"data\": \"pyramid\"}\n"
    "  max_time_per_fc: 3ms\n  jobs: 16\n"
    "custom_op:\n"
    "  custom_op_method: register\n  op_register_files: a.py;b.py\n  custom_op_dir: ops";

static npu_status parse_text(const char *text, size_t n, npu_err *err)
{
    cc_config *c;
    if (cc_config_parse("c.yaml", (const uint8_t *)text, n, true, NULL, &c, err) == NPU_OK)
        cc_config_free(c); /* as a Caffe network's file too */
    npu_status s = cc_config_parse("c.yaml", (const uint8_t *)text, n, false, NULL, &c, err);
    cc_config_free(c);
    return s;
}

START_TEST(every_key_is_in_the_dump_and_comes_back)
{
    npu_err err = {0};
    cc_config *c, *again;
    const char *dump;
    ck_assert_msg(cc_config_parse("c.yaml", (const uint8_t *)full, sizeof full - 1, false, NULL, &c,
                                  &err) == NPU_OK, "%s", err.text);
    dump = cc_config_dump(c);
    ck_assert_ptr_nonnull(dump);
    for (int k = 0; k < CFG_KEYS; k++) {
        static const char *const names[] = {
#define K(id, group, name, ...) name,
#include "compiler/config.def"
#undef K
        };
        char line[80];
        sprintf(line, "\n  %s: ", names[k]);
        if (k != CFG_PROTOTXT && k != CFG_CAFFE_MODEL)
            ck_assert_msg(strstr(dump, line) != NULL, "no %s in\n%s", names[k], dump);
    }
    ck_assert_ptr_nonnull(strstr(dump, "  input_layout_rt: NHWC\n"));
    ck_assert_ptr_nonnull(strstr(dump, "  max_time_per_fc: 3000\n"));
    ck_assert_msg(cc_config_parse("c.yaml", (const uint8_t *)dump, strlen(dump), false, NULL,
                                  &again, &err) == NPU_OK, "%s", err.text);
    ck_assert_str_eq(cc_config_dump(again), dump);
    cc_config_free(again);
    cc_config_free(c);
}
END_TEST

START_TEST(hostile_files_end_in_a_message)
{
    npu_err err = {0};
    char *deep = malloc(200000);
    ck_assert(parse_text("a: &x [1]\nb: *x\n", 16, &err) == NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "anchors"));
    ck_assert(parse_text("a: !!int 3\n", 11, &err) == NPU_BAD_INPUT);
    ck_assert(parse_text("", 0, &err) == NPU_BAD_INPUT);
    ck_assert(parse_text("- a\n", 4, &err) == NPU_BAD_INPUT);
    ck_assert(parse_text("a: 1\n---\nb: 1\n", 14, &err) == NPU_BAD_INPUT);
    ck_assert(parse_text("{a: 1, {b: 2}: 3}", 17, &err) == NPU_BAD_INPUT);
    ck_assert(parse_text("a: \"x\\0y\"", 9, &err) == NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "NUL"));
    static const char list[] = "model_parameters: {prototxt: a}\ninput_parameters: {}\n"
                               "calibration_parameters: [skip]\ncompiler_parameters: {}\n";
    ck_assert(parse_text(list, sizeof list - 1, &err) == NPU_BAD_INPUT);
    memset(deep, '[', 200000);
    ck_assert(parse_text(deep, 200000, &err) == NPU_BAD_INPUT);
    for (size_t i = 0; i < 200000; i += 4)
        memcpy(deep + i, "{a: ", 4);
    ck_assert(parse_text(deep, 200000, &err) == NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "nested deeper"));
    for (size_t i = 0; i < 200000; i += 4)
        memcpy(deep + i, "- a\n", 4);
    ck_assert(parse_text(deep, 200000, &err) == NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "more than 4096"));
    free(deep);
}
END_TEST

START_TEST(damaged_files_end_in_a_message)
{
    static const char marks[] = " :'\"{}[]&*!-#\n;,|>%@`0";
    char copy[sizeof full];
    uint32_t r = 1;
    npu_err err;
    int fine = 0;
    for (size_t cut = 0; cut < sizeof full; cut++)
        parse_text(full, cut, &err);
    for (int i = 0; i < MUTATIONS; i++) {
        npu_status s;
        memcpy(copy, full, sizeof full);
        for (int k = 0; k < 1 + i % 8; k++) {
            r = r * 1664525u + 1013904223u;
            copy[(r >> 8) % (sizeof full - 1)] =
                i % 2 ? (char)(r >> 24) : marks[(r >> 24) % (sizeof marks - 1)];
        }
        s = parse_text(copy, sizeof full - 1, &err);
        ck_assert_msg(s == NPU_OK || s == NPU_BAD_INPUT || s == NPU_UNSUPPORTED, "%d %s", (int)s,
                      err.text);
        fine += s == NPU_OK;
    }
    ck_assert_int_lt(fine, MUTATIONS / 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("config_yaml");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, every_key_is_in_the_dump_and_comes_back);
    tcase_add_test(limits, hostile_files_end_in_a_message);
    tcase_add_test(limits, damaged_files_end_in_a_message);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
