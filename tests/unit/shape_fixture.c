#include "tests/unit/shape_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

npu_graph *sf_graph;

enum { INPUTS = 16 };

void sf_begin(void)
{
    sf_graph = g_new("test.onnx");
    ck_assert_ptr_nonnull(sf_graph);
    sf_graph->opset = 13;
    sf_graph->in = arena_alloc(sf_graph->arena, INPUTS * sizeof *sf_graph->in);
    ck_assert_ptr_nonnull(sf_graph->in);
}

void sf_end(void)
{
    npu_graph_free(sf_graph);
    sf_graph = NULL;
}

void sf_opset(int opset)
{
    sf_end();
    sf_begin();
    sf_graph->opset = opset;
}

static int read_shape(const char *text, int64_t *dim)
{
    int rank = 0;
    char *end = (char *)(uintptr_t)text;
    if (*text == '?')
        return -1;
    while (*end) {
        ck_assert_int_lt(rank, NPU_RANK_MAX);
        dim[rank++] = strtoll(end + (end != text), &end, 10);
    }
    return rank;
}

int32_t sf_in(const char *name, npu_elem elem, const char *shape)
{
    int32_t v = g_value(sf_graph, name);
    ck_assert_int_ne(v, NPU_NONE);
    ck_assert_uint_lt(sf_graph->nin, INPUTS);
    sf_graph->value[v].elem = elem;
    sf_graph->value[v].rank = read_shape(shape, sf_graph->value[v].dim);
    sf_graph->in[sf_graph->nin++] = v;
    return v;
}

int32_t sf_weight(const char *name, npu_elem elem, const char *shape)
{
    int64_t dim[NPU_RANK_MAX] = {0};
    int rank = read_shape(shape, dim);
    int32_t v = g_constant(sf_graph, name, elem, rank, dim, NULL);
    ck_assert_int_ne(v, NPU_NONE);
    return v;
}

static int32_t data(npu_elem elem, int rank, int64_t n, const void *v)
{
    int32_t c = g_constant(sf_graph, "c", elem, rank, &n, v);
    ck_assert_int_ne(c, NPU_NONE);
    return c;
}

int32_t sf_ints(int n, const int64_t *v)
{
    return data(NPU_ELEM_INT64, 1, n, v);
}

int32_t sf_floats(int n, const float *v)
{
    return data(NPU_ELEM_FLOAT, 1, n, v);
}

int32_t sf_scalar(int64_t v)
{
    return data(NPU_ELEM_INT64, 0, 1, &v);
}

int32_t sf_node(npu_op op, int nout, int nin, const int32_t *in)
{
    int32_t out[8];
    for (int k = 0; k < nout; k++) {
        out[k] = g_fresh(sf_graph, "y");
        ck_assert_int_ne(out[k], NPU_NONE);
    }
    ck_assert_int_ne(g_add(sf_graph, op, NULL, "node", in, (uint32_t)nin, out, (uint32_t)nout),
                     NPU_NONE);
    return out[0];
}

static int32_t last(void)
{
    return (int32_t)sf_graph->nnode - 1;
}

void sf_int(const char *name, int64_t v)
{
    ck_assert(g_set_int(sf_graph, last(), name, v));
}

void sf_text(const char *name, const char *v)
{
    ck_assert(g_set_text(sf_graph, last(), name, v));
}

void sf_list(const char *name, int n, const int64_t *v)
{
    ck_assert(g_set_ints(sf_graph, last(), name, v, (size_t)n));
}

void sf_run(void)
{
    npu_err err = {0};
    ck_assert_msg(cc_shapes(sf_graph, NULL, 0, &err) == NPU_OK, "%s", err.text);
}

void sf_refused(npu_status status, const char *text)
{
    npu_err err = {0};
    npu_status s = cc_shapes(sf_graph, NULL, 0, &err);
    ck_assert_msg(s == status && strstr(err.text, text), "status %d, \"%s\"; expected %d, \"%s\"",
                  (int)s, err.text, (int)status, text);
}

void sf_is(int32_t v, npu_elem elem, const char *shape)
{
    char text[G_SHAPE_TEXT];
    ck_assert_int_eq(sf_graph->value[v].elem, elem);
    ck_assert_str_eq(g_shape(&sf_graph->value[v], text), *shape ? shape : "scalar");
}

void sf_holds(int32_t v, int n, const double *want)
{
    ck_assert(sf_graph->value[v].constant);
    ck_assert(sf_graph->value[v].folded);
    ck_assert_int_eq(g_elements(&sf_graph->value[v]), n);
    for (int k = 0; k < n; k++) {
        double got;
        ck_assert(g_const_num(sf_graph, v, k, &got));
        ck_assert_msg(got == want[k], "element %d is %g, expected %g", k, got, want[k]);
    }
}
