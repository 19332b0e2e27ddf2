/* The ONNX writer: what it writes reads back as the same graph, whatever opset it came from. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/graph.h"
#include "tests/unit/unit.h"

static int32_t value(npu_graph *g, const char *name, int rank, const int64_t *dim)
{
    int32_t v = g_value(g, name);
    g->value[v].elem = NPU_ELEM_FLOAT;
    g->value[v].rank = rank;
    for (int d = 0; d < rank; d++)
        g->value[v].dim[d] = dim[d];
    return v;
}

/* A graph of OPSET with input x and output y, both 1x4x8x8. */
static npu_graph *begin(int64_t opset)
{
    static const int64_t dim[] = {1, 4, 8, 8};
    npu_graph *g = g_new("test.onnx");
    g->opset = opset;
    g->ir_version = 7;
    g->in = arena_alloc(g->arena, sizeof *g->in);
    g->out = arena_alloc(g->arena, sizeof *g->out);
    g->in[g->nin++] = value(g, "x", 4, dim);
    g->out[g->nout++] = value(g, "y", 4, dim);
    return g;
}

static npu_graph *again(const npu_graph *g)
{
    uint8_t *bytes, *twice;
    size_t n, m;
    npu_graph *h;
    npu_err err = {0};
    ck_assert_msg(cc_export_onnx(g, &bytes, &n, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(cc_import_onnx_bytes("again", NULL, bytes, n, &h, &err) == NPU_OK, "%s",
                  err.text);
    ck_assert_int_eq(cc_export_onnx(g, &twice, &m, &err), NPU_OK);
    ck_assert(m == n && memcmp(bytes, twice, n) == 0);
    free(bytes);
    free(twice);
    return h;
}

static void refused(const npu_graph *g, const char *says)
{
    uint8_t *bytes;
    size_t n;
    npu_err err = {0};
    ck_assert_int_eq(cc_export_onnx(g, &bytes, &n, &err), NPU_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, says) != NULL, "'%s' does not say '%s'", err.text, says);
    ck_assert_ptr_null(bytes);
}

static void same_value(const npu_graph *g, int32_t v, const npu_graph *h, int32_t u)
{
    ck_assert_int_eq(v == NPU_NONE, u == NPU_NONE);
    if (v == NPU_NONE)
        return;
    const npu_value *a = &g->value[v], *b = &h->value[u];
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->elem, b->elem);
    ck_assert_int_eq(a->rank, b->rank);
    for (int d = 0; d < a->rank; d++)
        ck_assert_int_eq(a->dim[d], b->dim[d]);
    ck_assert_int_eq(a->constant, b->constant);
    if (a->constant && a->data)
        ck_assert_mem_eq(a->data, b->data, g_bytes(a));
}

static void same_attr(const npu_graph *g, const npu_node_attr *a, const npu_graph *h,
                      const npu_node_attr *b)
{
    ck_assert_ptr_nonnull(b);
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert(a->i == b->i && a->f == b->f && a->n == b->n);
    if (a->kind == NPU_ATTR_KIND_STRING)
        ck_assert_str_eq(a->s, b->s);
    for (size_t i = 0; i < a->n; i++)
        if (a->kind == NPU_ATTR_KIND_INTS)
            ck_assert_int_eq(a->ints[i], b->ints[i]);
        else if (a->kind == NPU_ATTR_KIND_FLOATS)
            ck_assert(a->floats[i] == b->floats[i]);
        else
            ck_assert_str_eq(a->strings[i], b->strings[i]);
    if (a->kind == NPU_ATTR_KIND_TENSOR)
        same_value(g, a->tensor, h, b->tensor);
}

static void same_graph(const npu_graph *g, const npu_graph *h)
{
    ck_assert_uint_eq(g->nnode, h->nnode);
    ck_assert_uint_eq(g->nin, h->nin);
    ck_assert_uint_eq(g->nout, h->nout);
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *a = &g->node[i], *b = &h->node[i];
        ck_assert_str_eq(a->name, b->name);
        ck_assert_int_eq(a->op, b->op);
        ck_assert_uint_eq(a->nin, b->nin);
        ck_assert_uint_eq(a->nout, b->nout);
        ck_assert_uint_eq(a->nattr, b->nattr);
        for (uint32_t k = 0; k < a->nin; k++)
            same_value(g, a->in[k], h, b->in[k]);
        for (uint32_t k = 0; k < a->nout; k++)
            same_value(g, a->out[k], h, b->out[k]);
        for (uint32_t k = 0; k < a->nattr; k++)
            same_attr(g, &a->attr[k], h, g_attr(b, a->attr[k].name));
    }
}

static int32_t add(npu_graph *g, npu_op op, const char *in, const char *constant, const char *out)
{
    int32_t from[2] = {g_value(g, in), constant ? g_value(g, constant) : NPU_NONE};
    int32_t to = g_value(g, out);
    return g_add(g, op, NULL, out, from, constant ? 2 : 1, &to, 1);
}

START_TEST(a_graph_reads_back_the_same)
{
    npu_graph *g = begin(13);
    int64_t wdim[] = {4, 4, 1, 1}, ints[] = {1, 1}, one = 1;
    float w[16], floats[] = {0.5f, -2};
    for (int i = 0; i < 16; i++)
        w[i] = (float)i / 3;
    g_constant(g, "w", NPU_ELEM_FLOAT, 4, wdim, w);
    g_constant(g, "unused", NPU_ELEM_FLOAT, 1, &one, w);
    int32_t conv = add(g, NPU_OP_CONV, "x", "w", "a");
    g_set_ints(g, conv, "kernel_shape", ints, 2);
    g_set_int(g, conv, "group", 1);
    g_set_text(g, conv, "auto_pad", "NOTSET");
    int32_t up = add(g, NPU_OP_ELU, "a", NULL, "b");
    g_set_float(g, up, "alpha", 0.25f);
    g_set_floats(g, up, "extra", floats, 2);
    int32_t in[] = {g_value(g, "b"), NPU_NONE, g_constant(g, "six", NPU_ELEM_FLOAT, 0, NULL, w)};
    int32_t out = g_value(g, "y");
    g_add(g, NPU_OP_CLIP, NULL, "clip", in, 3, &out, 1);
    npu_graph *h = again(g);
    same_graph(g, h);
    ck_assert_int_eq(h->opset, 13);
    ck_assert_int_eq(g_find(h, "unused"), NPU_NONE);
    npu_graph_free(h);
    npu_graph_free(g);
}
END_TEST

START_TEST(dead_nodes_are_left_out_and_order_is_made)
{
    npu_graph *g = begin(11);
    int32_t late = add(g, NPU_OP_RELU, "a", NULL, "y");
    int32_t dead = add(g, NPU_OP_ABS, "x", NULL, "z");
    add(g, NPU_OP_NEG, "x", NULL, "a");
    g_kill(g, dead);
    ck_assert_int_eq(late, 0);
    npu_graph *h = again(g);
    ck_assert_uint_eq(h->nnode, 2);
    ck_assert_int_eq(h->node[0].op, NPU_OP_NEG);
    ck_assert_int_eq(h->node[1].op, NPU_OP_RELU);
    npu_graph_free(h);
    npu_graph_free(g);
}
END_TEST

START_TEST(weights_without_data_are_made_the_same_every_time)
{
    static const npu_elem elems[] = {NPU_ELEM_FLOAT, NPU_ELEM_DOUBLE, NPU_ELEM_FLOAT16,
                                     NPU_ELEM_BFLOAT16, NPU_ELEM_INT8, NPU_ELEM_UINT8,
                                     NPU_ELEM_INT32, NPU_ELEM_INT64, NPU_ELEM_BOOL};
    for (size_t i = 0; i < sizeof elems / sizeof *elems; i++) {
        npu_graph *g = begin(13);
        int64_t n = 1000;
        int32_t w = g_constant(g, "w", elems[i], 1, &n, NULL);
        add(g, NPU_OP_ADD, "x", "w", "y");
        npu_graph *h = again(g);
        const npu_value *v = &h->value[g_find(h, "w")];
        ck_assert(v->data && g_elements(v) == n && v->elem == elems[i]);
        if (elems[i] == NPU_ELEM_FLOAT)
            for (int64_t k = 0; k < n; k++)
                ck_assert(((const float *)v->data)[k] == g_weight(&g->value[w], k));
        if (elems[i] == NPU_ELEM_FLOAT16) /* below 0.125, and not all zero */
            for (int64_t k = 0; k < n; k++)
                ck_assert_int_lt(((const uint16_t *)v->data)[k] & 0x7fff, 0x3000);
        npu_graph_free(h);
        npu_graph_free(g);
    }
}
END_TEST

START_TEST(attributes_of_old_opsets_become_inputs)
{
    npu_graph *g = begin(9);
    int64_t pads[8] = {0}, starts[] = {0}, ends[] = {8};
    double v;
    int32_t clip = add(g, NPU_OP_CLIP, "x", NULL, "a");
    g_set_float(g, clip, "min", 0);
    g_set_float(g, clip, "max", 6);
    g->value[g_find(g, "a")].elem = NPU_ELEM_FLOAT;
    g_set_ints(g, add(g, NPU_OP_PAD, "a", NULL, "b"), "pads", pads, 8);
    int32_t slice = add(g, NPU_OP_SLICE, "b", NULL, "c");
    g_set_ints(g, slice, "starts", starts, 1);
    g_set_ints(g, slice, "ends", ends, 1);
    float scales[] = {1, 1, 2, 2};
    int32_t up = add(g, NPU_OP_UPSAMPLE, "c", NULL, "y");
    g_set_floats(g, up, "scales", scales, 4);
    npu_graph *h = again(g);
    ck_assert_int_eq(h->opset, 11);
    ck_assert_uint_eq(h->node[0].nin, 3);
    ck_assert_uint_eq(h->node[0].nattr, 0);
    ck_assert(g_const_num(h, h->node[0].in[2], 0, &v) && v == 6);
    ck_assert_int_eq(g_elements(&h->value[h->node[1].in[1]]), 8);
    ck_assert_uint_eq(h->node[2].nin, 3);
    ck_assert_int_eq(h->node[3].op, NPU_OP_RESIZE);
    ck_assert_str_eq(g_text(&h->node[3], "coordinate_transformation_mode", ""), "asymmetric");
    ck_assert_str_eq(g_text(&h->node[3], "nearest_mode", ""), "floor");
    ck_assert(g_const_num(h, h->node[3].in[2], 3, &v) && v == 2);
    npu_graph_free(h);
    npu_graph_free(g);
}
END_TEST

START_TEST(inputs_of_new_opsets_become_attributes)
{
    npu_graph *g = begin(18);
    int64_t axes[] = {2, 3}, got[2], n = 2;
    g_constant(g, "axes", NPU_ELEM_INT64, 1, &n, axes);
    g_set_int(g, add(g, NPU_OP_REDUCEMEAN, "x", "axes", "y"), "keepdims", 1);
    npu_graph *h = again(g);
    ck_assert_int_eq(h->opset, 17);
    ck_assert_uint_eq(h->node[0].nin, 1);
    ck_assert_uint_eq(g_ints(&h->node[0], "axes", got, 2), 2);
    ck_assert(got[0] == 2 && got[1] == 3);
    npu_graph_free(h);
    npu_graph_free(g);
}
END_TEST

START_TEST(what_has_no_form_is_refused)
{
    static const struct { int64_t opset; npu_op op; const char *says; } row[] = {
        {18, NPU_OP_MISH, "came after opset 17"},
        {20, NPU_OP_GELU, "came after opset 17"},
        {11, NPU_OP_HARDSWISH, "came with opset 14; opset 11 is written"},
        {10, NPU_OP_RESIZE, "no scales"},
        {13, NPU_OP_NONE, "is not known"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        npu_graph *g = begin(row[i].opset);
        add(g, row[i].op, "x", NULL, "y");
        refused(g, row[i].says);
        npu_graph_free(g);
    }
    npu_graph *g = begin(13);
    add(g, NPU_OP_RELU, "x", NULL, "y");
    g->value[g->out[0]].rank = -1;
    refused(g, "output 'y' has no known type and shape");
    npu_graph_free(g);
}
END_TEST

/* Operators of Caffe get a domain of their own, which the reader knows. */
START_TEST(caffe_operators_come_back)
{
    npu_graph *g = begin(11);
    add(g, NPU_OP_BNLL, "x", NULL, "y");
    npu_graph *h = again(g);
    ck_assert_int_eq(h->node[0].op, NPU_OP_BNLL);
    npu_graph_free(h);
    npu_graph_free(g);
}
END_TEST

/* Names, order: linear, so a large graph takes no noticeable time. */
START_TEST(a_hundred_thousand_nodes_of_one_name)
{
    enum { N = 100000 };
    npu_graph *g = begin(13);
    npu_err err = {0};
    for (int i = N - 1; i >= 0; i--) { /* last node first */
        char from[16], to[16];
        snprintf(from, sizeof from, i ? "v%d" : "x", i);
        snprintf(to, sizeof to, i == N - 1 ? "y" : "v%d", i + 1);
        int32_t in = g_value(g, from), out = g_value(g, to);
        ck_assert_int_ge(g_add(g, NPU_OP_RELU, NULL, "relu", &in, 1, &out, 1), 0);
    }
    ck_assert_int_eq(g_sort(g, &err), NPU_OK);
    ck_assert_uint_eq(g->nnode, N);
    ck_assert_int_eq(g->node[0].in[0], g->in[0]);
    ck_assert_int_eq(g->node[N - 1].out[0], g->out[0]);
    ck_assert_str_eq(g->node[0].name, "relu_99999");
    npu_graph_free(g);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("export_onnx");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 60);
    tcase_add_test(core, a_graph_reads_back_the_same);
    tcase_add_test(core, dead_nodes_are_left_out_and_order_is_made);
    tcase_add_test(core, weights_without_data_are_made_the_same_every_time);
    tcase_add_test(core, attributes_of_old_opsets_become_inputs);
    tcase_add_test(core, inputs_of_new_opsets_become_attributes);
    tcase_add_test(core, what_has_no_form_is_refused);
    tcase_add_test(core, caffe_operators_come_back);
    tcase_add_test(core, a_hundred_thousand_nodes_of_one_name);
    suite_add_tcase(s, core);
    return unit_run(s);
}
