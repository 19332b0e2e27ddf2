/* Caffe layers become ONNX operators of the right shape; what cannot is refused by name. */
#include <stdio.h>
#include <string.h>

#include "compiler/import_caffe.h"
#include "compiler/compile.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static npu_graph *g;

static void set_up(void)
{
    g = NULL;
}

static void tear_down(void)
{
    npu_graph_free(g);
}

static npu_status import(const char *text, npu_err *err)
{
    return cf_import("net", text, strlen(text), NULL, 0, &g, err);
}

/* An input of SHAPE ("dim: 1 dim: 3 ...") and the rest of a net. */
static npu_status net(const char *dims, const char *rest, npu_err *err)
{
    char text[2048];
    snprintf(text, sizeof text, "layer { name: 'in' type: 'Input' top: 'x' input_param { shape { "
             "%s } } } %s", dims, rest);
    return import(text, err);
}

#define X4 "dim: 2 dim: 8 dim: 13 dim: 10"
#define LAYER(type, rest) "layer { name: 'l' type: '" type "' bottom: 'x' top: 'y' " rest " }"

/* What the layer becomes: the types of its nodes in order, and the shape of its output. */
static const struct {
    const char *dims, *layer, *nodes, *shape;
} cases[] = {
    /* (13 + 2*1 - 3)/2 + 1 = 7, (10 + 2 - 3)/2 + 1 = 5 (rounded down) */
    {X4, LAYER("Convolution", "convolution_param { num_output: 6 kernel_size: 3 stride: 2 pad: 1 "
               "}"), "Conv", "2x6x7x5"},
    /* dilation 2: the kernel spans 5; 13 - 5 + 1 = 9, 10 - 1 + 1 + 2*3 = 16 */
    {X4, LAYER("Convolution", "convolution_param { num_output: 4 group: 4 kernel_h: 3 kernel_w: 1 "
               "pad_w: 3 dilation: 2 }"), "Conv", "2x4x9x16"},
    {X4, LAYER("DepthwiseConvolution", "convolution_param { num_output: 8 kernel_size: 3 }"),
     "Conv", "2x8x11x8"},
    /* 2*(13 - 1) + 4 - 2 = 26 */
    {X4, LAYER("Deconvolution", "convolution_param { num_output: 8 group: 8 kernel_size: 4 stride: "
               "2 pad: 1 bias_term: false }"), "ConvTranspose", "2x8x26x20"},
    {X4, LAYER("InnerProduct", "inner_product_param { num_output: 5 }"), "Flatten Gemm", "2x5"},
    {"dim: 4 dim: 7", LAYER("InnerProduct", "inner_product_param { num_output: 5 transpose: true "
                            "}"), "Gemm", "4x5"},
    {"dim: 2 dim: 3 dim: 7", LAYER("InnerProduct", "inner_product_param { num_output: 5 axis: 2 }"),
     "Flatten Gemm Reshape", "2x3x5"},
    /* pooling rounds up: (13 - 3)/2 -> 5 + 1 = 6, (10 - 3)/2 = 3.5 -> 4 + 1 = 5 */
    {X4, LAYER("Pooling", "pooling_param { kernel_size: 3 stride: 2 }"), "MaxPool", "2x8x6x5"},
    /* with pad 1: (10 + 2 - 2)/3 = 3.3 -> 4 + 1 = 5, but the fifth window would start at 12 - 1 */
    {X4, LAYER("Pooling", "pooling_param { pool: AVE kernel_size: 2 stride: 3 pad: 1 }"),
     "AveragePool", "2x8x5x4"},
    {X4, LAYER("Pooling", "pooling_param { kernel_size: 3 stride: 2 round_mode: FLOOR }"),
     "MaxPool", "2x8x6x4"},
    {X4, LAYER("Pooling", "pooling_param { pool: AVE global_pooling: true }"),
     "GlobalAveragePool", "2x8x1x1"},
    {X4, LAYER("BatchNorm", ""), "BatchNormalization", "2x8x13x10"},
    {X4, LAYER("BatchNorm", "") "layer { name: 's' type: 'Scale' bottom: 'y' top: 'y' "
     "scale_param { bias_term: true } }", "BatchNormalization", "2x8x13x10"},
    {X4, LAYER("BatchNorm", "") "layer { name: 's' type: 'Scale' bottom: 'y' top: 'z' }",
     "BatchNormalization", "2x8x13x10"},
    {X4, LAYER("BatchNorm", "") "layer { name: 's' type: 'Scale' bottom: 'y' top: 'z' } layer { "
     "name: 'e' type: 'Eltwise' bottom: 'y' bottom: 'z' top: 'w' }", "BatchNormalization Mul Add",
     "2x8x13x10"}, /* the Scale is not alone in reading: it stays */
    {X4, LAYER("Scale", "scale_param { bias_term: true }"), "Mul Add", "2x8x13x10"},
    {X4, LAYER("BN", ""), "BatchNormalization", "2x8x13x10"},
    {X4, LAYER("Bias", ""), "Add", "2x8x13x10"},
    {X4, LAYER("ReLU", ""), "Relu", "2x8x13x10"},
    {X4, LAYER("ReLU", "relu_param { negative_slope: 0.1 }"), "LeakyRelu", "2x8x13x10"},
    {X4, LAYER("ReLU6", ""), "Clip", "2x8x13x10"},
    {X4, LAYER("PReLU", ""), "PRelu", "2x8x13x10"},
    {X4, LAYER("ELU", ""), "Elu", "2x8x13x10"},
    {X4, LAYER("Sigmoid", ""), "Sigmoid", "2x8x13x10"},
    {X4, LAYER("TanH", ""), "Tanh", "2x8x13x10"},
    {X4, LAYER("Swish", ""), "Sigmoid Mul", "2x8x13x10"},
    {X4, LAYER("HardSwish", ""), "HardSwish", "2x8x13x10"},
    {X4, LAYER("Mish", ""), "Mish", "2x8x13x10"},
    {X4, LAYER("AbsVal", ""), "Abs", "2x8x13x10"},
    {X4, LAYER("BNLL", ""), "BNLL", "2x8x13x10"},
    {X4, LAYER("Power", "power_param { scale: 2 shift: 1 power: 3 }"), "Mul Add Pow", "2x8x13x10"},
    {X4, LAYER("Power", ""), "Identity", "2x8x13x10"},
    {X4, LAYER("Exp", "exp_param { base: 2 }"), "Mul Exp", "2x8x13x10"},
    {X4, LAYER("Log", "log_param { base: 10 shift: 1 }"), "Add Log Mul", "2x8x13x10"},
    {X4, LAYER("Threshold", ""), "Threshold", "2x8x13x10"},
    {X4, LAYER("Dropout", ""), "Dropout", "2x8x13x10"},
    {X4, LAYER("Eltwise", "bottom: 'x' bottom: 'x' eltwise_param { operation: PROD }"), "Mul Mul",
     "2x8x13x10"},
    {X4, LAYER("Eltwise", "bottom: 'x' eltwise_param { coeff: 1 coeff: -1 }"), "Sub", "2x8x13x10"},
    {X4, LAYER("Eltwise", "bottom: 'x' eltwise_param { coeff: 2 coeff: 1 }"), "Mul Add",
     "2x8x13x10"},
    {X4, LAYER("Eltwise", "bottom: 'x' eltwise_param { operation: MAX }"), "Max", "2x8x13x10"},
    {X4, LAYER("Concat", "bottom: 'x'"), "Concat", "2x16x13x10"},
    {X4, LAYER("Concat", "bottom: 'x' concat_param { concat_dim: 0 }"), "Concat", "4x8x13x10"},
    {X4, LAYER("Concat", "bottom: 'x' concat_param { axis: -1 }"), "Concat", "2x8x13x20"},
    {X4, LAYER("Slice", "top: 'z' slice_param { slice_point: 3 }"), "Split", "2x3x13x10"},
    {X4, LAYER("Slice", "top: 'z' slice_param { axis: 3 }"), "Split", "2x8x13x5"},
    {X4, LAYER("Split", "top: 'z'") "layer { name: 'r' type: 'ReLU' bottom: 'z' top: 'o' }", "Relu",
     "2x8x13x10"},
    {X4, LAYER("Softmax", ""), "Transpose Softmax Transpose", "2x8x13x10"},
    {X4, LAYER("Softmax", "softmax_param { axis: 3 }"), "Softmax", "2x8x13x10"},
    {"dim: 2 dim: 9", LAYER("Softmax", ""), "Softmax", "2x9"},
    {X4, LAYER("LRN", ""), "LRN", "2x8x13x10"},
    {X4, LAYER("LRN", "lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 }"),
     "Mul AveragePool Mul Add Pow Mul", "2x8x13x10"},
    {X4, LAYER("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: 5 } }"), "Reshape",
     "2x208x5"},
    {X4, LAYER("Reshape", "reshape_param { shape { dim: 4 dim: 2 } axis: 1 num_axes: 1 }"),
     "Reshape", "2x4x2x13x10"},
    {X4, LAYER("Flatten", ""), "Flatten", "2x1040"},
    {X4, LAYER("Flatten", "flatten_param { axis: 2 }"), "Reshape", "2x8x130"},
    {X4, LAYER("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"), "Transpose",
     "2x13x10x8"},
    {X4, LAYER("Permute", "permute_param { order: 3 }"), "Transpose", "10x2x8x13"},
    {X4, "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'p' pooling_param { kernel_size: 2 "
     "stride: 2 } }" LAYER("Crop", "bottom: 'p' crop_param { offset: 4 }"), "MaxPool Crop",
     "2x8x7x5"},
    {X4, LAYER("Upsample", "upsample_param { scale: 3 }"), "Resize", "2x8x39x30"},
    {X4, LAYER("Interp", "interp_param { height: 20 width: 30 }"), "Resize", "2x8x20x30"},
    {X4, LAYER("Interp", "interp_param { zoom_factor: 2 }"), "Resize", "2x8x25x19"},
    {"dim: 1 dim: 4 dim: 6 dim: 8", LAYER("Reorg", "reorg_param { stride: 2 }"), "SpaceToDepth",
     "1x16x3x4"},
    {X4, LAYER("ShuffleChannel", "shuffle_channel_param { group: 4 }"), "Reshape Transpose Reshape",
     "2x8x13x10"},
    {X4, LAYER("Normalize", ""), "Normalize", "2x8x13x10"},
    /* ratios 1, 2, 1/2, 3, 1/3: five boxes, and one for max_size; 13*10*6*4 = 3120 */
    {X4, LAYER("PriorBox", "bottom: 'x' prior_box_param { min_size: 3 max_size: 5 aspect_ratio: 2 "
               "aspect_ratio: 3 }"), "PriorBox", "1x2x3120"},
    {"dim: 1 dim: 18 dim: 4 dim: 4", LAYER("Yolov3DetectionOutput", "yolov3_detection_output_param "
     "{ num_classes: 1 num_box: 3 }"), "Yolov3DetectionOutput", "1x1x48x7"},
    {X4, LAYER("ArgMax", ""), "Flatten ArgMax Reshape", "2x1x1"},
    {X4, LAYER("ArgMax", "argmax_param { axis: 1 }"), "ArgMax", "2x1x13x10"},
    {X4, LAYER("ArgMax", "argmax_param { axis: 1 top_k: 3 }"), "TopK", "2x3x13x10"},
    {X4, LAYER("Reduction", "reduction_param { operation: MEAN axis: 2 }"), "ReduceMean", "2x8"},
    {X4, LAYER("Reduction", "reduction_param { coeff: 2 }"), "ReduceSum Mul", "scalar"},
    {X4, LAYER("Tile", "tile_param { axis: 2 tiles: 3 }"), "Tile", "2x8x39x10"},
    {X4, LAYER("MVN", ""), "MVN", "2x8x13x10"},
    {X4, LAYER("CReLU", ""), "CReLU", "2x16x13x10"},
    {X4, LAYER("SPP", "spp_param { pyramid_height: 3 }"), "SPP", "2x168"},
};

/* Types of the nodes, one after the other. */
static const char *types(char text[256])
{
    *text = 0;
    for (uint32_t i = 0; i < g->nnode; i++) {
        size_t n = strlen(text);
        snprintf(text + n, 256 - n, "%s%s", i ? " " : "", g->node[i].type);
    }
    return text;
}

START_TEST(a_layer_becomes_operators_of_its_shape)
{
    npu_err err = {0};
    char text[256], shape[G_SHAPE_TEXT];
    ck_assert_msg(net(cases[_i].dims, cases[_i].layer, &err) == NPU_OK, "%s", err.text);
    ck_assert_str_eq(types(text), cases[_i].nodes);
    ck_assert_uint_ge(g->nout, 1);
    ck_assert_str_eq(g_shape(&g->value[g->out[0]], shape), cases[_i].shape);
}
END_TEST

/* The importer's shapes are Caffe's; those of shape inference are ONNX's.  Both must agree. */
START_TEST(shape_inference_agrees_with_the_importer)
{
    npu_err err = {0};
    char text[256], shape[G_SHAPE_TEXT];
    ck_assert_msg(net(cases[_i].dims, cases[_i].layer, &err) == NPU_OK, "%s", err.text);
    ck_assert_str_eq(types(text), cases[_i].nodes);
    for (uint32_t i = 0; i < g->nvalue; i++)
        if (!g->value[i].constant && g->value[i].producer != NPU_NONE)
            g->value[i].rank = -1;
    ck_assert_msg(cc_shapes(g, NULL, 0, &err) == NPU_OK, "%s", err.text);
    ck_assert_str_eq(g_shape(&g->value[g->out[0]], shape), cases[_i].shape);
}
END_TEST

static const struct {
    const char *layer, *message;
    npu_status status;
} refused[] = {
    {LAYER("Accuracy", "bottom: 'label'"), "ValueError: Not support layer name=l type=Accuracy",
     NPU_UNSUPPORTED},
    {"layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'x' bottom: 'label' }",
     "ValueError: Not support layer name=loss type=SoftmaxWithLoss", NPU_UNSUPPORTED},
    {LAYER("Convolution", "convolution_param { num_output: 4 kernel_size: 3 axis: 2 }"),
     "net:1: layer l (Convolution): axis other than 1", NPU_UNSUPPORTED},
    {LAYER("Convolution", "convolution_param { kernel_size: 3 }"),
     "net:1: layer l (Convolution): num_output is missing, a whole number 1..16777216 expected",
     NPU_BAD_INPUT},
    {LAYER("Convolution", "convolution_param { num_output: 4 kernel_size: 20 }"),
     "net:1: layer l (Convolution): y would be 2x4x0x0, 1 to 2^40 elements expected",
     NPU_BAD_INPUT},
    {LAYER("Convolution", "convolution_param { num_output: 6 group: 3 kernel_size: 1 }"),
     "net:1: layer l (Convolution): group 3 does not divide 8 channels and num_output 6",
     NPU_BAD_INPUT},
    {LAYER("Pooling", "pooling_param { kernel_size: 2 pad: 2 }"),
     "net:1: layer l (Pooling): pad 2, less than the kernel's 2 expected", NPU_BAD_INPUT},
    {LAYER("Pooling", "pooling_param { pool: STOCHASTIC }"),
     "net:1: layer l (Pooling): pool STOCHASTIC, MAX or AVE expected", NPU_UNSUPPORTED},
    {LAYER("Pooling", "pooling_param { pool: MOST kernel_size: 2 }"),
     "net:1: layer l (Pooling): pool is 'MOST' (line 1), one of MAX, AVE, STOCHASTIC expected",
     NPU_BAD_INPUT},
    {LAYER("BatchNorm", "batch_norm_param { use_global_stats: false }"),
     "net:1: layer l (BatchNorm): use_global_stats: false (statistics of the batch)",
     NPU_UNSUPPORTED},
    {"layer { name: 'r' type: 'ReLU' bottom: 'nothing' top: 'y' }",
     "net:1: layer r (ReLU): bottom 'nothing' is made by no layer before it", NPU_BAD_INPUT},
    {LAYER("ReLU", "bottom: 'x'"), "net:1: layer l (ReLU): 2 bottoms, 1..1 expected",
     NPU_UNSUPPORTED},
    {LAYER("Reshape", "reshape_param { shape { dim: 0 dim: 3 dim: -1 } }"),
     "net:1: layer l (Reshape): shape 0x3x? does not hold the 2080 elements of 2x8x13x10",
     NPU_BAD_INPUT},
    {LAYER("Scale", "bottom: 'x' scale_param { axis: 1 }"),
     "net:1: layer l (Scale): second bottom 2x8x13x10 does not fit 2x8x13x10 from axis 1 on",
     NPU_BAD_INPUT},
    {"layer { layer { name: 'old' type: 'conv' } }",
     "net:1:107: a layer inside a layer is the first format of Caffe; upgrade the file with "
     "upgrade_net_proto_text", NPU_UNSUPPORTED},
};

START_TEST(what_cannot_be_is_refused_by_name)
{
    npu_err err = {0};
    ck_assert_int_eq(net(X4, refused[_i].layer, &err), refused[_i].status);
    ck_assert_str_eq(err.text, refused[_i].message);
    ck_assert_ptr_null(g);
}
END_TEST

START_TEST(blobs_changed_in_place_get_fresh_names_and_the_last_keeps_its_own)
{
    npu_err err = {0};
    ck_assert_int_eq(net(X4, LAYER("Convolution", "convolution_param { num_output: 4 "
                         "kernel_size: 1 }")
                         "layer { name: 'r' type: 'ReLU' bottom: 'y' top: 'y' }"
                         "layer { name: 's' type: 'Sigmoid' bottom: 'y' top: 'y' }", &err), NPU_OK);
    ck_assert_str_eq(g->value[g->node[0].out[0]].name, "y_1");
    ck_assert_str_eq(g->value[g->node[1].out[0]].name, "y_2");
    ck_assert_str_eq(g->value[g->node[2].out[0]].name, "y");
    ck_assert_uint_eq(g->nout, 1);
    ck_assert_str_eq(g->node[1].name, "r");
    ck_assert_str_eq(g_text(&g->node[1], "caffe_type", ""), "ReLU");
    ck_assert_int_eq(g->node[1].layer, 2);
}
END_TEST

START_TEST(layers_of_training_are_left_out)
{
    npu_err err = {0};
    ck_assert_int_eq(net(X4, LAYER("ReLU", "include { phase: TEST }")
                         "layer { name: 'a' type: 'Accuracy' bottom: 'y' include { phase: TRAIN } }"
                         "layer { name: 'b' type: 'Loss' bottom: 'y' exclude { phase: TEST } }"
                         "layer { name: 'c' type: 'Loss' bottom: 'y' include { stage: 'val' } }"
                         "layer { name: 'd' type: 'TanH' bottom: 'y' top: 'z' include { phase: "
                         "TRAIN } include { phase: TEST } }", &err), NPU_OK);
    ck_assert_uint_eq(g->nnode, 2);
    ck_assert_str_eq(g->node[1].name, "d");
}
END_TEST

START_TEST(old_files_name_layers_by_words)
{
    npu_err err = {0};
    ck_assert_int_eq(import("name: 'old' input: 'x' input_dim: 1 input_dim: 3 input_dim: 9 "
                            "input_dim: 9 layers { name: 'c' type: CONVOLUTION bottom: 'x' top: "
                            "'y' convolution_param { num_output: 4 kernel_size: 3 } } layers { "
                            "name: 'r' type: RELU bottom: 'y' top: 'y' }", &err), NPU_OK);
    ck_assert_str_eq(g->name, "old");
    ck_assert_str_eq(g_text(&g->node[0], "caffe_type", ""), "Convolution");
    ck_assert_int_eq(g->value[g->out[0]].dim[2], 7);
    npu_graph_free(g);
    ck_assert_int_eq(import("layers { name: 'a' type: ACCURACY bottom: 'x' bottom: 'l' }", &err),
                     NPU_UNSUPPORTED);
    ck_assert_str_eq(err.text, "ValueError: Not support layer name=a type=Accuracy");
}
END_TEST

START_TEST(kernels_of_any_size_are_imported)
{
    npu_err err = {0};
    const char *sizes[] = {"1", "9", "3"};
    char text[1024] = "";
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "layer { name: 'c%d' type: 'Convolution' bottom: '%s' "
                 "top: 'c%d' convolution_param { num_output: 128 kernel_size: %s } }", i,
                 i == 0 ? "x" : i == 1 ? "c0" : "c1", i, sizes[i]);
    }
    ck_assert_msg(net("dim: 1 dim: 3 dim: 32 dim: 32", text, &err) == NPU_OK, "%s", err.text);
    ck_assert_uint_eq(g->nnode, 3);
    ck_assert_int_eq(g->value[g->out[0]].dim[3], 32 - 8 - 2);
}
END_TEST

START_TEST(pooling_attributes_give_the_size_under_either_rule)
{
    npu_err err = {0};
    int64_t pads[4];
    /* rounded up in both directions */
    ck_assert_int_eq(net("dim: 1 dim: 1 dim: 6 dim: 6", LAYER("Pooling", "pooling_param { "
                         "kernel_size: 3 stride: 2 }"), &err), NPU_OK);
    ck_assert_int_eq(g_int(&g->node[0], "ceil_mode", 0), 1);
    npu_graph_free(g);
    /* Rows: 4 + 2 - 2 = 4 in steps of 3, a second full window, the third would start at 6 - 1,
     * beyond the 4 rows: dropped.  Columns: 6 + 2 - 3 = 5 in steps of 2, the fourth starts inside:
     * kept.  One ceil_mode serves both, so the rows lose the 1 that is left over. */
    ck_assert_int_eq(net("dim: 1 dim: 1 dim: 4 dim: 6", LAYER("Pooling", "pooling_param { pad: 1 "
                         "kernel_h: 2 kernel_w: 3 stride_h: 3 stride_w: 2 }"), &err), NPU_OK);
    ck_assert_int_eq(g->value[g->out[0]].dim[2], 2);
    ck_assert_int_eq(g->value[g->out[0]].dim[3], 4);
    ck_assert_uint_eq(g_ints(&g->node[0], "pads", pads, 4), 4);
    ck_assert_int_eq(g_int(&g->node[0], "ceil_mode", 0), 1);
    ck_assert(pads[0] == 1 && pads[1] == 1 && pads[2] == 0 && pads[3] == 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import_caffe");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, set_up, tear_down);
    tcase_add_checked_fixture(limits, set_up, tear_down);
    tcase_add_loop_test(core, a_layer_becomes_operators_of_its_shape, 0, COUNT(cases));
    tcase_add_loop_test(core, shape_inference_agrees_with_the_importer, 0, COUNT(cases));
    tcase_add_test(core, blobs_changed_in_place_get_fresh_names_and_the_last_keeps_its_own);
    tcase_add_test(core, layers_of_training_are_left_out);
    tcase_add_test(core, old_files_name_layers_by_words);
    tcase_add_test(core, kernels_of_any_size_are_imported);
    tcase_add_test(core, pooling_attributes_give_the_size_under_either_rule);
    tcase_add_loop_test(limits, what_cannot_be_is_refused_by_name, 0, COUNT(refused));
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
