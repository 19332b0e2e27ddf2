/* The quantised graph: image input, weights per channel, pairs at the edges of clusters; and the
 * way from opset 11 to 13. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/graph.h"
#include "compiler/quant_graph.h"
#include "tests/unit/unit.h"

static int32_t float_value(npu_graph *g, const char *name, int rank, const int64_t *dim)
{
    int32_t v = g_value(g, name);
    g->value[v].elem = NPU_ELEM_FLOAT;
    g->value[v].rank = rank;
    memcpy(g->value[v].dim, dim, (size_t)rank * sizeof *dim);
    return v;
}

static void ends(npu_graph *g, int32_t in, int32_t out)
{
    g->in = arena_copy(g->arena, &in, sizeof in);
    g->out = arena_copy(g->arena, &out, sizeof out);
    g->nin = g->nout = 1;
    g->opset = 11;
    g->ir_version = 6;
}

/* data 1x2x4x4 -> Conv 3x3 to 3 channels with Relu -> Softmax over the channels */
static npu_graph *network(void)
{
    static const int64_t image[] = {1, 2, 4, 4}, map[] = {1, 3, 4, 4}, kernel[] = {3, 2, 3, 3};
    float w[54] = {0};
    npu_graph *g = g_new("net.onnx");
    int32_t in = float_value(g, "data", 4, image), a = float_value(g, "a", 4, map);
    int32_t b = float_value(g, "b", 4, map), out = float_value(g, "prob", 4, map), weight, conv;
    w[0] = -2;        /* channel 0: magnitude 2 */
    w[17] = 1;
    w[18] = 0.5f;     /* channel 1; channel 2 is all zero */
    weight = g_constant(g, "w", NPU_ELEM_FLOAT, 4, kernel, w);
    conv = g_add(g, NPU_OP_CONV, NULL, "conv", (int32_t[]){in, weight}, 2, &a, 1);
    g_set_ints(g, conv, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    g_add(g, NPU_OP_RELU, NULL, "relu", &a, 1, &b, 1);
    g_add(g, NPU_OP_SOFTMAX, NULL, "softmax", &b, 1, &out, 1);
    ends(g, in, out);
    return g;
}

/* A plan by hand: conv with relu on the NPU, softmax on the CPU. */
static void quantise(npu_graph *g, cc_image rt, bool int32_out)
{
    cc_place place[3] = {{.unit = CC_NPU, .int32_out = int32_out}, {.unit = CC_GONE},
                         {.unit = CC_CPU}};
    cc_plan plan = {.node = place, .nnode = 3, .nsub = 1};
    char name[] = "data";
    cc_input input = {.name = name, .rt = rt, .train = rt, .layout_train = CC_NCHW};
    cc_options o = {.input = &input, .ninput = 1};
    npu_err err = {0};
    g->node[0].subgraph = 0;
    g->node[1].fused_into = 0;
    ck_assert_msg(cc_quantise(g, &plan, &o, &err) == NPU_OK, "%s", err.text);
}

static size_t count(const npu_graph *g, npu_op op)
{
    size_t n = 0;
    for (uint32_t i = 0; i < g->nnode; i++)
        n += !g->node[i].dead && g->node[i].op == op;
    return n;
}

static const npu_node *find(const npu_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!strcmp(g->node[i].name, name))
            return &g->node[i];
    ck_abort_msg("no node %s", name);
    return NULL;
}

START_TEST(an_image_is_int8_nhwc_and_turned_back)
{
    npu_graph *g = network();
    quantise(g, CC_RGB, false);
    const npu_value *in = &g->value[g->in[0]];
    const npu_node *conv = find(g, "conv"), *turn;
    ck_assert_int_eq(in->elem, NPU_ELEM_INT8);
    ck_assert(in->dim[1] == 4 && in->dim[2] == 4 && in->dim[3] == 2);
    turn = &g->node[g->value[conv->in[0]].producer];
    ck_assert_int_eq(turn->op, NPU_OP_TRANSPOSE);
    ck_assert(g->value[turn->out[0]].dim[1] == 2 && g->value[turn->in[0]].dim[3] == 2);
    ck_assert_int_eq(g->node[g->value[turn->in[0]].producer].op, NPU_OP_DEQUANTIZELINEAR);
    ck_assert_uint_eq(count(g, NPU_OP_QUANTIZELINEAR), 1); /* behind relu */
    npu_graph_free(g);
}
END_TEST

START_TEST(a_feature_map_is_quantised_on_the_way_in)
{
    npu_graph *g = network();
    quantise(g, CC_FEATUREMAP, true);
    ck_assert_int_eq(g->value[g->in[0]].elem, NPU_ELEM_FLOAT);
    ck_assert_uint_eq(count(g, NPU_OP_QUANTIZELINEAR), 1); /* relu's result stays wide */
    ck_assert_uint_eq(count(g, NPU_OP_TRANSPOSE), 0);
    const npu_node *dq = &g->node[g->value[find(g, "conv")->in[0]].producer];
    ck_assert_int_eq(dq->op, NPU_OP_DEQUANTIZELINEAR);
    ck_assert_ptr_nonnull(strstr(g->value[dq->in[1]].name, "_synthetic"));
    npu_graph_free(g);
}
END_TEST

START_TEST(weights_have_a_scale_per_output_channel)
{
    npu_graph *g = network();
    double s, w;
    int64_t q;
    quantise(g, CC_RGB, false);
    const npu_node *dq = &g->node[g->value[find(g, "conv")->in[1]].producer];
    ck_assert_int_eq(dq->op, NPU_OP_DEQUANTIZELINEAR);
    ck_assert_int_eq(g_int(dq, "axis", -1), 0);
    ck_assert_int_eq(g->value[dq->in[0]].elem, NPU_ELEM_INT8);
    ck_assert_int_eq(g_elements(&g->value[dq->in[1]]), 3);
    ck_assert_int_eq(g_elements(&g->value[dq->in[2]]), 3);
    ck_assert(g_const_num(g, dq->in[1], 0, &s) && fabs(s - 2.0 / 127) < 1e-7);
    ck_assert(g_const_int(g, dq->in[0], 0, &q) && q == -127);
    ck_assert(g_const_int(g, dq->in[0], 17, &q) && q == 64); /* 63.5, away from zero */
    ck_assert(g_const_num(g, dq->in[1], 1, &w) && fabs(w - 0.5 / 127) < 1e-7);
    ck_assert(g_const_int(g, dq->in[0], 18, &q) && q == 127);
    ck_assert(g_const_num(g, dq->in[1], 2, &w) && w > 0); /* zeros need a scale too */
    npu_graph_free(g);
}
END_TEST

START_TEST(inner_values_and_names_of_outputs_stay)
{
    npu_graph *g = network();
    quantise(g, CC_RGB, false);
    ck_assert_str_eq(g->value[find(g, "relu")->in[0]].name, "a");
    ck_assert_str_eq(g->value[find(g, "relu")->out[0]].name, "b_float");
    ck_assert_str_eq(g->value[g->out[0]].name, "prob");
    ck_assert_int_eq(g->opset, 13);
    npu_graph_free(g);
}
END_TEST

START_TEST(an_old_softmax_over_several_axes_is_flattened)
{
    npu_graph *g = network();
    npu_err err = {0};
    ck_assert_msg(cc_raise_opset(g, &err) == NPU_OK, "%s", err.text);
    const npu_node *s = find(g, "softmax");
    ck_assert(g->value[s->in[0]].rank == 2 && g->value[s->in[0]].dim[1] == 48);
    ck_assert_uint_eq(count(g, NPU_OP_FLATTEN), 1);
    ck_assert_uint_eq(count(g, NPU_OP_RESHAPE), 1);
    ck_assert_str_eq(g->value[g->out[0]].name, "prob");
    npu_graph_free(g);
}
END_TEST

START_TEST(attributes_become_inputs)
{
    static const int64_t one[] = {1, 1, 4}, four[] = {4};
    npu_graph *g = g_new("net.onnx");
    int32_t in = float_value(g, "in", 3, one), out = float_value(g, "out", 1, four);
    int32_t n = g_add(g, NPU_OP_SQUEEZE, NULL, "squeeze", &in, 1, &out, 1);
    int64_t v;
    npu_err err = {0};
    g_set_ints(g, n, "axes", (int64_t[]){0, 1}, 2);
    ends(g, in, out);
    ck_assert(cc_raise_opset(g, &err) == NPU_OK);
    ck_assert(g->node[0].nin == 2 && !g_attr(&g->node[0], "axes"));
    ck_assert(g_const_int(g, g->node[0].in[1], 1, &v) && v == 1);
    g->opset = 10;
    ck_assert(cc_raise_opset(g, &err) == NPU_UNSUPPORTED);
    npu_graph_free(g);
}
END_TEST

START_TEST(notes_move_from_graph_to_graph)
{
    npu_graph *a = network(), *b = network();
    cc_note *list;
    size_t n;
    npu_err err = {0};
    g_set_int(a, 0, "fc", 1);
    g_set_float(a, 1, "quant_scale", 0.5f);
    ck_assert(cc_notes_take(a, &list, &n, &err) == NPU_OK && n == 2);
    ck_assert(!g_attr(&a->node[0], "fc") && g_attr(&a->node[0], "pads"));
    ck_assert(cc_notes_put(b, list, n, &err) == NPU_OK);
    ck_assert_int_eq(g_int(&b->node[0], "fc", 0), 1);
    ck_assert_float_eq(g_float(&b->node[1], "quant_scale", 0), 0.5f);
    free(list);
    npu_graph_free(a);
    npu_graph_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quant");
    TCase *core = tcase_create("core");
    tcase_add_test(core, an_image_is_int8_nhwc_and_turned_back);
    tcase_add_test(core, a_feature_map_is_quantised_on_the_way_in);
    tcase_add_test(core, weights_have_a_scale_per_output_channel);
    tcase_add_test(core, inner_values_and_names_of_outputs_stay);
    tcase_add_test(core, an_old_softmax_over_several_axes_is_flattened);
    tcase_add_test(core, attributes_become_inputs);
    tcase_add_test(core, notes_move_from_graph_to_graph);
    suite_add_tcase(s, core);
    return unit_run(s);
}
