/* Weights come from the .caffemodel by layer name, in the shape the prototxt asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/import_caffe.h"
#include "tests/unit/caffe_fixture.h"
#include "tests/unit/unit.h"

static npu_graph *g;

static void set_up(void)
{
    g = NULL;
}

static void tear_down(void)
{
    npu_graph_free(g);
}

static npu_status import_bytes(const char *text, const uint8_t *bytes, size_t n, npu_err *err)
{
    cf_model *m;
    npu_status s = cf_model_parse("model", bytes, n, &m, err);
    if (s == NPU_OK)
        s = cf_import("net", text, strlen(text), m, n, &g, err);
    cf_model_free(m);
    return s;
}

static npu_status import(const char *text, caffe_fixture_form form, npu_err *err)
{
    size_t n = 0;
    uint8_t *bytes = caffe_fixture_model(form, &n);
    ck_assert_ptr_nonnull(bytes);
    npu_status s = import_bytes(text, bytes, n, err);
    free(bytes);
    return s;
}

static double number(const char *value, int64_t k)
{
    double v = -1;
    ck_assert_msg(g_const_num(g, g_find(g, value), k, &v), "%s[%d]", value, (int)k);
    return v;
}

START_TEST(every_form_of_file_gives_the_same_weights)
{
    npu_err err = {0};
    ck_assert_msg(import(caffe_fixture_net, (caffe_fixture_form)_i, &err) == NPU_OK, "%s",
                  err.text);
    ck_assert(number("c_weight", 5) == 5.0 / 16);
    ck_assert(number("c_bias", 2) == 10 + 2.0 / 16);
    ck_assert(number("i_weight", 95) == 300 + 95.0 / 16);
    ck_assert(number("i_bias", 1) == 310 + 1.0 / 16);
    ck_assert_uint_eq(g->nnode, 4); /* Conv BatchNormalization Flatten Gemm */
}
END_TEST

START_TEST(statistics_are_divided_by_their_factor_and_the_scale_moves_in)
{
    npu_err err = {0};
    ck_assert_int_eq(import(caffe_fixture_net, CAFFE_FIXTURE_NEW, &err), NPU_OK);
    ck_assert_str_eq(g->node[1].type, "BatchNormalization");
    ck_assert_str_eq(g->node[1].name, "b");
    ck_assert(number("b_mean", 1) == (100 + 1.0 / 16) / 2);
    ck_assert(number("b_var", 2) == (110 + 2.0 / 16) / 2);
    ck_assert(number("s_scale", 1) == 200 + 1.0 / 16);
    ck_assert(number("s_bias", 0) == 210);
    ck_assert_int_eq(g->node[1].in[1], g_find(g, "s_scale"));
    ck_assert_int_eq(g->node[1].in[4], g_find(g, "b_var"));
}
END_TEST

START_TEST(without_a_model_weights_are_synthetic_and_statistics_neutral)
{
    npu_err err = {0};
    ck_assert_int_eq(cf_import("net", caffe_fixture_net, strlen(caffe_fixture_net), NULL, 0, &g,
                               &err), NPU_OK);
    const npu_value *w = &g->value[g_find(g, "c_weight")];
    ck_assert(w->constant && !w->data);
    ck_assert_int_eq(g_elements(w), 6);
    ck_assert(number("b_var", 2) == 1 && number("b_mean", 0) == 0 && number("s_scale", 1) == 1);
}
END_TEST

/* The fixture's net with one text replaced. */
static const struct { const char *from, *to, *message; } wrong[] = {
    {"num_output: 3 ", "num_output: 4 ",
     "net:2: layer c (Convolution): blob 0 in model is 3x2x1x1, the prototxt says 4x2x1x1"},
    {"kernel_size: 1", "kernel_size: 3",
     "net:2: layer c (Convolution): blob 0 in model is 3x2x1x1, the prototxt says 3x2x3x3"},
    {"kernel_size: 1", "kernel_size: 1 bias_term: false",
     "net:2: layer c (Convolution): model has 2 blobs for it, 1 expected"},
    {"name: 'c'", "name: 'other'",
     "net:2: layer other (Convolution): model has no layer of this name"},
    {"num_output: 2", "num_output: 1",
     "net:6: layer i (InnerProduct): blob 0 in model is 2x48, the prototxt says 1x48"},
};

START_TEST(what_does_not_fit_is_named_with_both_shapes)
{
    npu_err err = {0};
    char text[2048];
    const char *at = strstr(caffe_fixture_net, wrong[_i].from);
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - caffe_fixture_net), caffe_fixture_net,
             wrong[_i].to, at + strlen(wrong[_i].from));
    ck_assert_int_eq(import(text, CAFFE_FIXTURE_NEW, &err), NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, wrong[_i].message);
}
END_TEST

START_TEST(a_cut_file_is_refused_or_lacks_a_layer)
{
    size_t n = 0;
    uint8_t *bytes = caffe_fixture_model(CAFFE_FIXTURE_NEW, &n);
    for (size_t cut = 0; cut < n; cut++) {
        npu_err err = {0};
        uint8_t *part = malloc(cut + 1); /* so that a sanitizer sees a byte too far */
        memcpy(part, bytes, cut);
        ck_assert_int_eq(import_bytes(caffe_fixture_net, part, cut, &err), NPU_BAD_INPUT);
        ck_assert_str_ne(err.text, "");
        free(part);
    }
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("caffe_weights");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, set_up, tear_down);
    tcase_add_checked_fixture(limits, set_up, tear_down);
    tcase_add_loop_test(core, every_form_of_file_gives_the_same_weights, 0, 3);
    tcase_add_test(core, statistics_are_divided_by_their_factor_and_the_scale_moves_in);
    tcase_add_test(core, without_a_model_weights_are_synthetic_and_statistics_neutral);
    tcase_add_loop_test(limits, what_does_not_fit_is_named_with_both_shapes, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_test(limits, a_cut_file_is_refused_or_lacks_a_layer);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
