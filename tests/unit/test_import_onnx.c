/* The ONNX reader on messages made here: every form of data, every refusal, by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/compile.h"
#include "compiler/import_onnx.h"
#include "tests/unit/unit.h"

/* A network  y = Add(x, w)  with room for changes. */
typedef struct {
    OnnxPb__Model model;
    OnnxPb__OperatorSet set, *sets[1];
    OnnxPb__Graph graph;
    OnnxPb__Node node[3], *nodes[3];
    OnnxPb__Tensor tensor[2], *tensors[2];
    OnnxPb__ValueInfo input[2], *inputs[2], output[1], *outputs[1];
    OnnxPb__Type type;
    OnnxPb__TensorType tensor_type;
    OnnxPb__Shape shape;
    OnnxPb__Dimension dim[2], *dims[2];
    OnnxPb__Attribute attribute, *attributes[1];
    char *in[2], *out[1];
    int64_t length[1];
} net;

static void start(net *n)
{
    static char x[] = "x", w[] = "w", y[] = "y", add[] = "Add", batch[] = "batch";
    memset(n, 0, sizeof *n);
    onnx_pb__model__init(&n->model);
    onnx_pb__operator_set__init(n->sets[0] = &n->set);
    onnx_pb__graph__init(&n->graph);
    onnx_pb__type__init(&n->type);
    onnx_pb__tensor_type__init(&n->tensor_type);
    onnx_pb__shape__init(&n->shape);
    onnx_pb__attribute__init(n->attributes[0] = &n->attribute);
    for (int i = 0; i < 3; i++)
        onnx_pb__node__init(n->nodes[i] = &n->node[i]);
    for (int i = 0; i < 2; i++) {
        onnx_pb__tensor__init(n->tensors[i] = &n->tensor[i]);
        onnx_pb__value_info__init(n->inputs[i] = &n->input[i]);
        onnx_pb__dimension__init(n->dims[i] = &n->dim[i]);
    }
    onnx_pb__value_info__init(n->outputs[0] = &n->output[0]);
    n->model.has_ir_version = n->set.has_version = n->dim[1].has_dim_value = true;
    n->model.ir_version = 7;
    n->model.graph = &n->graph;
    n->model.opset_import = n->sets;
    n->model.n_opset_import = n->graph.n_node = n->graph.n_initializer = n->graph.n_input = 1;
    n->graph.n_output = 1;
    n->set.version = 13;
    n->graph.node = n->nodes;
    n->graph.initializer = n->tensors;
    n->graph.input = n->inputs;
    n->graph.output = n->outputs;
    n->in[0] = x;
    n->in[1] = w;
    n->out[0] = y;
    for (int i = 0; i < 3; i++) {
        n->node[i].input = n->in;
        n->node[i].n_input = 2;
        n->node[i].output = n->out;
        n->node[i].n_output = 1;
        n->node[i].op_type = add;
    }
    n->input[0].name = x;
    n->input[1].name = n->tensor[0].name = n->tensor[1].name = w;
    n->output[0].name = y;
    n->input[0].type = &n->type;
    n->type.tensor_type = &n->tensor_type;
    n->tensor_type.has_elem_type = true;
    n->tensor_type.elem_type = NPU_ELEM_FLOAT;
    n->tensor_type.shape = &n->shape;
    n->shape.dim = n->dims;
    n->shape.n_dim = 2;
    n->dim[0].dim_param = batch;
    n->dim[1].dim_value = 2;
    static uint8_t raw[8] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}; /* 1.0, 2.0 */
    n->length[0] = 2;
    n->tensor[0].n_dims = 1;
    n->tensor[0].dims = n->length;
    n->tensor[0].has_data_type = n->tensor[0].has_raw_data = true;
    n->tensor[0].data_type = NPU_ELEM_FLOAT;
    n->tensor[0].raw_data = (ProtobufCBinaryData){8, raw};
}

static npu_status import_in(const net *n, const char *dir, npu_graph **g, npu_err *err)
{
    size_t size = onnx_pb__model__get_packed_size(&n->model);
    uint8_t *bytes = malloc(size);
    ck_assert_uint_eq(onnx_pb__model__pack(&n->model, bytes), size);
    npu_status s = cc_import_onnx_bytes("net.onnx", dir, bytes, size, g, err);
    free(bytes);
    ck_assert((s == NPU_OK) == (*g != NULL));
    return s;
}

static npu_graph *good(const net *n)
{
    npu_graph *g;
    npu_err err = {0};
    ck_assert_msg(import_in(n, NULL, &g, &err) == NPU_OK, "%s", err.text);
    return g;
}

static void refused(const net *n, npu_status status, const char *says)
{
    npu_graph *g;
    npu_err err = {0};
    npu_status s = import_in(n, NULL, &g, &err);
    ck_assert_msg(s == status && strstr(err.text, says) && !strncmp(err.text, "net.onnx", 8),
                  "status %d, '%s' does not say '%s'", (int)s, err.text, says);
}

START_TEST(a_network_is_read)
{
    net n;
    start(&n);
    npu_graph *g = good(&n);
    int32_t x = g_find(g, "x"), w = g_find(g, "w");
    double v;
    ck_assert_uint_eq(g->nin, 1);
    ck_assert_int_eq(g->in[0], x);
    ck_assert_int_eq(g->value[x].rank, 2);
    ck_assert_int_eq(g->value[x].dim[0], -1);
    ck_assert_int_eq(g->value[x].dim[1], 2);
    ck_assert(g->value[w].constant && g_const_num(g, w, 1, &v) && v == 2);
    ck_assert_str_eq(g->node[0].name, "Add_0");
    ck_assert_int_eq(g->node[0].op, NPU_OP_ADD);
    ck_assert_int_eq(g->value[g->out[0]].producer, 0);
    npu_graph_free(g);
}
END_TEST

START_TEST(an_initialiser_among_the_inputs_is_no_input)
{
    net n;
    start(&n);
    n.graph.n_input = 2;
    npu_graph *g = good(&n);
    ck_assert_uint_eq(g->nin, 1);
    npu_graph_free(g);
}
END_TEST

START_TEST(lists_of_numbers_become_dense)
{
    static const npu_elem elems[] = {NPU_ELEM_UINT8, NPU_ELEM_INT8, NPU_ELEM_UINT16,
                                     NPU_ELEM_INT16, NPU_ELEM_INT32, NPU_ELEM_FLOAT16,
                                     NPU_ELEM_FLOAT, NPU_ELEM_DOUBLE, NPU_ELEM_INT64,
                                     NPU_ELEM_UINT32, NPU_ELEM_UINT64};
    int32_t i32[] = {7, 100};
    float f[] = {7, 100};
    double d[] = {7, 100};
    int64_t i64[] = {7, 100};
    uint64_t u64[] = {7, 100};
    for (size_t i = 0; i < sizeof elems / sizeof *elems; i++) {
        net n;
        npu_graph *g;
        double a = 7, b = 100;
        start(&n);
        OnnxPb__Tensor *t = &n.tensor[0];
        t->has_raw_data = false;
        t->data_type = (int32_t)elems[i];
        t->float_data = f; t->double_data = d; t->int64_data = i64; t->uint64_data = u64;
        t->int32_data = i32;
        *(elems[i] == NPU_ELEM_FLOAT ? &t->n_float_data
          : elems[i] == NPU_ELEM_DOUBLE ? &t->n_double_data
          : elems[i] == NPU_ELEM_INT64 ? &t->n_int64_data
          : elems[i] == NPU_ELEM_UINT32 || elems[i] == NPU_ELEM_UINT64 ? &t->n_uint64_data
                                                                       : &t->n_int32_data) = 2;
        g = good(&n);
        int32_t w = g_find(g, "w");
        if (elems[i] == NPU_ELEM_FLOAT16)
            b = ((const uint16_t *)g->value[w].data)[1];
        else
            ck_assert(g_const_num(g, w, 0, &a) && g_const_num(g, w, 1, &b));
        ck_assert(a == 7 && b == 100);
        npu_graph_free(g);
    }
}
END_TEST

START_TEST(data_must_fit_its_shape_and_type)
{
    net n;
    int32_t large[] = {1, 300};
    start(&n);
    n.length[0] = 3;
    refused(&n, NPU_BAD_INPUT, "8 bytes of data, its shape needs 12");
    n.length[0] = -2;
    refused(&n, NPU_BAD_INPUT, "dimension 0 is -2");
    n.length[0] = INT64_MAX;
    refused(&n, NPU_BAD_INPUT, "too many elements");
    n.length[0] = 2;
    n.tensor[0].data_type = 14;
    refused(&n, NPU_UNSUPPORTED, "number 14");
    n.tensor[0].data_type = NPU_ELEM_UINT8;
    n.tensor[0].int32_data = large;
    n.tensor[0].n_int32_data = 2;
    refused(&n, NPU_BAD_INPUT, "both raw data and a list");
    n.tensor[0].has_raw_data = false;
    refused(&n, NPU_BAD_INPUT, "element 1 is 300, uint8 has 0 to 255");
    n.tensor[0].n_int32_data = 1;
    refused(&n, NPU_BAD_INPUT, "1 elements of data, its shape needs 2");
}
END_TEST

START_TEST(versions_outside_the_range_are_named)
{
    net n;
    start(&n);
    n.set.version = 6;
    refused(&n, NPU_UNSUPPORTED, "opset 6, 7 to 20 are read");
    n.set.version = 21;
    refused(&n, NPU_UNSUPPORTED, "opset 21");
    n.set.version = 13;
    n.model.ir_version = 2;
    refused(&n, NPU_UNSUPPORTED, "IR version 2");
    n.model.ir_version = 7;
    n.model.n_opset_import = 0;
    refused(&n, NPU_BAD_INPUT, "no opset");
    n.model.graph = NULL;
    refused(&n, NPU_BAD_INPUT, "no graph");
}
END_TEST

START_TEST(broken_wiring_is_refused)
{
    char z[] = "z", *z_out[] = {z}, *z_in[] = {z, z};
    net n;
    start(&n);
    n.graph.n_node = 2;
    refused(&n, NPU_BAD_INPUT, "makes 'y', which something else makes too");
    n.node[1].output = z_out;
    n.node[0].input = z_in;
    n.node[1].input = z_in;
    refused(&n, NPU_BAD_INPUT, "depends on its own result");
    n.graph.n_node = 1;
    refused(&n, NPU_BAD_INPUT, "nothing produces");
    start(&n);
    n.output[0].name = z;
    refused(&n, NPU_BAD_INPUT, "output 'z' is made by no node");
    start(&n);
    n.out[0] = n.in[0];
    n.output[0].name = n.in[0];
    n.in[0] = n.in[1];
    refused(&n, NPU_BAD_INPUT, "input 'x' is made by node Add_0");
    start(&n);
    n.graph.n_initializer = 2;
    n.tensor[1] = n.tensor[0];
    refused(&n, NPU_BAD_INPUT, "two initialisers are called 'w'");
}
END_TEST

START_TEST(what_is_not_modelled_is_refused_by_name)
{
    char body[] = "then_branch", branch[] = "If";
    ProtobufCBinaryData any = {1, (uint8_t *)body};
    net n;
    start(&n);
    n.attribute.name = body;
    n.attribute.has_g = true;
    n.node[0].op_type = branch;
    n.node[0].attribute = n.attributes;
    n.node[0].n_attribute = 1;
    refused(&n, NPU_UNSUPPORTED, "node 0 (If): attribute then_branch is a sub-graph");
    start(&n);
    n.graph.sparse_initializer = &any;
    n.graph.n_sparse_initializer = 1;
    refused(&n, NPU_UNSUPPORTED, "sparse");
    start(&n);
    n.type.has_sequence_type = true;
    refused(&n, NPU_UNSUPPORTED, "'x' is a sequence");
    start(&n);
    n.model.functions = &any;
    n.model.n_functions = 1;
    refused(&n, NPU_UNSUPPORTED, "functions");
}
END_TEST

START_TEST(nodes_get_unique_names_and_keep_their_own)
{
    char a[] = "a", b[] = "b", *one[] = {a}, *two[] = {b}, taken[] = "Add_0";
    char domain[] = "my.ops";
    net n;
    start(&n);
    n.graph.n_node = 3;
    n.node[1].output = one;
    n.node[2].output = two;
    n.node[1].name = n.node[2].name = taken;
    n.node[2].domain = domain;
    npu_graph *g = good(&n);
    ck_assert_str_eq(g->node[0].name, "Add_0_"); /* the file's own name wins */
    ck_assert_str_eq(g->node[1].name, "Add_0");
    ck_assert_str_eq(g->node[2].name, "Add_0_1");
    ck_assert_str_eq(g->node[2].type, "my.ops.Add");
    ck_assert_int_eq(g->node[2].op, NPU_OP_NONE);
    npu_graph_free(g);
}
END_TEST

static void external(net *n, OnnxPb__Entry entry[2], char *where, char *offset)
{
    static OnnxPb__Entry *list[2];
    static char location[] = "location", from[] = "offset";
    for (int i = 0; i < 2; i++)
        onnx_pb__entry__init(list[i] = &entry[i]);
    entry[0].key = location;
    entry[0].value = where;
    entry[1].key = from;
    entry[1].value = offset;
    n->tensor[0].has_raw_data = false;
    n->tensor[0].has_data_location = true;
    n->tensor[0].data_location = 1;
    n->tensor[0].external_data = list;
    n->tensor[0].n_external_data = 2;
}

START_TEST(external_data_stays_in_the_folder)
{
    char dir[64], path[80], name[] = "w.bin", up[] = "a/../../w.bin";
    const char *base = getenv("TMPDIR");
    char root[] = "/etc/hostname", at4[] = "4", at5[] = "5", word[] = "4x";
    static const uint8_t bytes[12] = {[6] = 0x80, [7] = 0x3f};
    OnnxPb__Entry entry[2];
    npu_graph *g;
    npu_err err = {0};
    double v;
    net n;
    snprintf(dir, sizeof dir, "%s/onnxXXXXXX", base && strlen(base) < 40 ? base : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/w.bin", dir);
    FILE *f = fopen(path, "w");
    ck_assert(f && fwrite(bytes, 1, sizeof bytes, f) == sizeof bytes && fclose(f) == 0);
    start(&n);
    external(&n, entry, name, at4);
    ck_assert_msg(import_in(&n, dir, &g, &err) == NPU_OK, "%s", err.text);
    ck_assert(g_const_num(g, g_find(g, "w"), 0, &v) && v == 1);
    npu_graph_free(g);
    entry[1].value = at5;
    ck_assert_int_eq(import_in(&n, dir, &g, &err), NPU_BAD_INPUT);
    ck_assert_msg(strstr(err.text, "8 bytes at 5, the file has 12") != NULL, "%s", err.text);
    entry[1].value = word;
    ck_assert_int_eq(import_in(&n, dir, &g, &err), NPU_BAD_INPUT);
    entry[1].value = at4;
    entry[0].value = up;
    ck_assert_int_eq(import_in(&n, dir, &g, &err), NPU_BAD_INPUT);
    ck_assert_msg(strstr(err.text, "only files below") != NULL, "%s", err.text);
    entry[0].value = root;
    ck_assert_int_eq(import_in(&n, dir, &g, &err), NPU_BAD_INPUT);
    refused(&n, NPU_UNSUPPORTED, "external data");
    unlink(path);
    rmdir(dir);
}
END_TEST

/* Two bytes for a node that is none: four million of them must not become half a gigabyte. */
START_TEST(memory_is_bounded_by_the_file)
{
    enum { BODY = 8 << 20 };
    uint8_t *bytes = malloc(BODY + 8);
    npu_graph *g;
    npu_err err = {0};
    size_t at = 0, body = BODY;
    bytes[at++] = 7 << 3 | 2;
    for (; body >= 128; body >>= 7)
        bytes[at++] = (uint8_t)(body | 128);
    bytes[at++] = (uint8_t)body;
    for (size_t i = 0; i < BODY; i += 2) {
        bytes[at + i] = 1 << 3 | 2;
        bytes[at + i + 1] = 0;
    }
    ck_assert_int_eq(cc_import_onnx_bytes("net.onnx", NULL, bytes, at + BODY, &g, &err),
                     NPU_BAD_INPUT);
    ck_assert_msg(strstr(err.text, "too much memory") != NULL, "%s", err.text);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import_onnx");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 60);
    tcase_add_test(core, a_network_is_read);
    tcase_add_test(core, an_initialiser_among_the_inputs_is_no_input);
    tcase_add_test(core, lists_of_numbers_become_dense);
    tcase_add_test(core, data_must_fit_its_shape_and_type);
    tcase_add_test(core, versions_outside_the_range_are_named);
    tcase_add_test(core, broken_wiring_is_refused);
    tcase_add_test(core, what_is_not_modelled_is_refused_by_name);
    tcase_add_test(core, nodes_get_unique_names_and_keep_their_own);
    tcase_add_test(core, external_data_stays_in_the_folder);
    tcase_add_test(core, memory_is_bounded_by_the_file);
    suite_add_tcase(s, core);
    return unit_run(s);
}
