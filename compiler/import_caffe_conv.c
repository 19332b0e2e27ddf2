/* Caffe layers with a window or a matrix: convolutions, InnerProduct, pooling. */
#include <string.h>

#include "compiler/import_caffe.h"

enum { SIDE_MAX = 1 << 20, CHANNELS_MAX = 1 << 24 };

void cf_convolution(cf_net *c, cf_layer *l);
void cf_depthwise(cf_net *c, cf_layer *l);
void cf_deconvolution(cf_net *c, cf_layer *l);
void cf_inner_product(cf_net *c, cf_layer *l);
void cf_pooling(cf_net *c, cf_layer *l);
void cf_spp(cf_net *c, cf_layer *l);

typedef struct {
    int64_t kernel[2], stride[2], pad[2], dilation[2], group, outputs;
    bool bias;
} window;

static bool four_dims(cf_net *c, const cf_layer *l, const cf_shape *x)
{
    char text[G_SHAPE_TEXT];
    if (x->rank != 4)
        cf_fail(c, l, NPU_UNSUPPORTED, "a bottom of %s, 4 dimensions expected", cf_text(x, text));
    return c->status == NPU_OK;
}

static window conv_window(cf_net *c, cf_layer *l, const cf_shape *x, bool depthwise)
{
    static const char *const kernel[] = {"kernel_size", "kernel_h", "kernel_w"};
    static const char *const stride[] = {"stride", "stride_h", "stride_w"};
    static const char *const pad[] = {"pad", "pad_h", "pad_w"};
    const prototxt_field *p = prototxt_get(l->m, "convolution_param");
    window w = {{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 1, true};
    w.outputs = cf_int(c, l, p, "num_output", depthwise ? x->dim[1] : 0, 1, CHANNELS_MAX);
    w.bias = cf_bool(c, l, p, "bias_term", true);
    w.group = cf_int(c, l, p, "group", depthwise ? x->dim[1] : 1, 1, CHANNELS_MAX);
    cf_pair(c, l, p, kernel, 0, 1, SIDE_MAX, w.kernel);
    cf_pair(c, l, p, stride, 1, 1, SIDE_MAX, w.stride);
    cf_pair(c, l, p, pad, 0, 0, SIDE_MAX, w.pad);
    size_t n = cf_ints(c, l, p, "dilation", 1, SIDE_MAX, w.dilation, 2);
    if (n == 1)
        w.dilation[1] = w.dilation[0];
    if (cf_int(c, l, p, "axis", 1, INT32_MIN, INT32_MAX) != 1)
        cf_fail(c, l, NPU_UNSUPPORTED, "axis other than 1");
    if (x->dim[1] % w.group || w.outputs % w.group)
        cf_fail(c, l, NPU_BAD_INPUT, "group %lld does not divide %lld channels and num_output %lld",
                (long long)w.group, (long long)x->dim[1], (long long)w.outputs);
    return w;
}

static void set_window(cf_net *c, int32_t node, const window *w)
{
    int64_t pads[4] = {w->pad[0], w->pad[1], w->pad[0], w->pad[1]};
    cf_set_ints(c, node, "kernel_shape", w->kernel, 2);
    cf_set_ints(c, node, "strides", w->stride, 2);
    cf_set_ints(c, node, "pads", pads, 4);
}

/* The node, with its weights of shape WEIGHT. */
static void conv_node(cf_net *c, cf_layer *l, const window *w, cf_shape weight, cf_shape y)
{
    cf_shape bias = {1, {w->outputs}};
    cf_want_blobs(c, l, w->bias ? 2 : 1);
    int32_t in[3] = {l->in[0], cf_weight(c, l, 0, "weight", weight, weight), NPU_NONE};
    if (w->bias)
        in[2] = cf_weight(c, l, 1, "bias", bias, bias);
    int32_t node = cf_node(c, l, l->kind->op, NULL, in, w->bias ? 3 : 2, cf_top(c, l, 0, y));
    set_window(c, node, w);
    cf_set_ints(c, node, "dilations", w->dilation, 2);
    cf_set_int(c, node, "group", w->group);
}

static void conv(cf_net *c, cf_layer *l, bool depthwise)
{
    cf_shape x = cf_shape_of(c, l->in[0]);
    if (!four_dims(c, l, &x))
        return;
    window w = conv_window(c, l, &x, depthwise);
    cf_shape y = cf_shape4(x.dim[0], w.outputs, 0, 0);
    for (int d = 0; d < 2; d++)
        y.dim[2 + d] = cf_conv_out(x.dim[2 + d], w.kernel[d], w.stride[d], w.pad[d],
                                   w.dilation[d]);
    conv_node(c, l, &w, cf_shape4(w.outputs, x.dim[1] / w.group, w.kernel[0], w.kernel[1]), y);
}

void cf_convolution(cf_net *c, cf_layer *l)
{
    conv(c, l, false);
}

/* Forks of Caffe have this under three names; without "group" every channel is its own. */
void cf_depthwise(cf_net *c, cf_layer *l)
{
    conv(c, l, true);
}

void cf_deconvolution(cf_net *c, cf_layer *l)
{
    cf_shape x = cf_shape_of(c, l->in[0]);
    if (!four_dims(c, l, &x))
        return;
    window w = conv_window(c, l, &x, false);
    cf_shape y = cf_shape4(x.dim[0], w.outputs, 0, 0);
    for (int d = 0; d < 2; d++)
        y.dim[2 + d] = cf_deconv_out(x.dim[2 + d], w.kernel[d], w.stride[d], w.pad[d],
                                     w.dilation[d]);
    conv_node(c, l, &w, cf_shape4(x.dim[1], w.outputs / w.group, w.kernel[0], w.kernel[1]), y);
}

/* Dimensions from AXIS on are one row of the matrix; a bottom that is not 2-D is flattened. */
void cf_inner_product(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "inner_product_param");
    cf_shape x = cf_shape_of(c, l->in[0]);
    int axis = cf_axis(c, l, p, "axis", 1, x.rank);
    int64_t n = cf_int(c, l, p, "num_output", 0, 1, CHANNELS_MAX);
    bool bias = cf_bool(c, l, p, "bias_term", true), across = cf_bool(c, l, p, "transpose", false);
    cf_shape flat = {2, {cf_count(&x, 0, axis), cf_count(&x, axis, x.rank)}};
    cf_shape weight = {2, {across ? flat.dim[1] : n, across ? n : flat.dim[1]}};
    cf_shape one = {1, {n}}, y = x, rows = {2, {flat.dim[0], n}};
    int32_t in[3] = {l->in[0], NPU_NONE, NPU_NONE}, out;
    cf_want_blobs(c, l, bias ? 2 : 1);
    if (x.rank != 2) {
        in[0] = cf_tmp(c, l, "flatten", flat);
        cf_set_int(c, cf_node1(c, l, NPU_OP_FLATTEN, "flatten", l->in[0], in[0]), "axis", axis);
    }
    in[1] = cf_weight(c, l, 0, "weight", weight, weight);
    if (bias)
        in[2] = cf_weight(c, l, 1, "bias", one, one);
    y.rank = axis + 1;
    y.dim[axis] = n;
    out = axis == 1 ? cf_top(c, l, 0, y) : cf_tmp(c, l, "rows", rows);
    int32_t node = cf_node(c, l, NPU_OP_GEMM, NULL, in, bias ? 3 : 2, out);
    cf_set_int(c, node, "transB", !across);
    if (axis != 1)
        cf_reshape(c, l, "unflatten", out, y, cf_top(c, l, 0, y));
}

static const char *const pool_methods[] = {"MAX", "AVE", "STOCHASTIC", NULL};

/* Average windows count the padding, but not what lies beyond it: ONNX count_include_pad. */
static void pool_node(cf_net *c, cf_layer *l, const cf_shape *x, const prototxt_field *p, bool ave)
{
    static const char *const kernel[] = {"kernel_size", "kernel_h", "kernel_w"};
    static const char *const stride[] = {"stride", "stride_h", "stride_w"};
    static const char *const pad[] = {"pad", "pad_h", "pad_w"};
    static const char *const rounds[] = {"CEIL", "FLOOR", NULL};
    window w = {{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 1, true};
    cf_shape y = *x;
    bool ceil = cf_choice(c, l, p, "round_mode", rounds, NULL, 0) == 0, up[2];
    int64_t cut[2];
    cf_pair(c, l, p, kernel, 0, 1, SIDE_MAX, w.kernel);
    cf_pair(c, l, p, stride, 1, 1, SIDE_MAX, w.stride);
    cf_pair(c, l, p, pad, 0, 0, SIDE_MAX, w.pad);
    for (int d = 0; d < 2; d++) {
        if (w.pad[d] >= w.kernel[d])
            cf_fail(c, l, NPU_BAD_INPUT, "pad %lld, less than the kernel's %lld expected",
                    (long long)w.pad[d], (long long)w.kernel[d]);
        y.dim[2 + d] = cf_pool_out(x->dim[2 + d], w.kernel[d], w.stride[d], w.pad[d], ceil, &up[d]);
        if ((y.dim[2 + d] - 1) * w.stride[d] >= x->dim[2 + d] + w.pad[d])
            cf_fail(c, l, NPU_UNSUPPORTED, "the last window lies outside of the bottom");
        /* One ceil_mode serves both directions: the one that rounds down gets less padding. */
        cut[d] = up[d] ? 0 : (x->dim[2 + d] + 2 * w.pad[d] - w.kernel[d]) % w.stride[d];
    }
    if ((up[0] || up[1]) && (cut[0] > w.pad[0] || cut[1] > w.pad[1]))
        cf_fail(c, l, NPU_UNSUPPORTED, "height and width round differently");
    int32_t node = cf_node1(c, l, ave ? NPU_OP_AVERAGEPOOL : NPU_OP_MAXPOOL, NULL, l->in[0],
                            cf_top(c, l, 0, y));
    set_window(c, node, &w);
    if (up[0] || up[1]) {
        int64_t pads[4] = {w.pad[0], w.pad[1], w.pad[0] - cut[0], w.pad[1] - cut[1]};
        cf_set_ints(c, node, "pads", pads, 4);
        cf_set_int(c, node, "ceil_mode", 1);
    }
    if (ave)
        cf_set_int(c, node, "count_include_pad", 1);
}

void cf_pooling(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "pooling_param");
    cf_shape x = cf_shape_of(c, l->in[0]);
    int method = cf_choice(c, l, p, "pool", pool_methods, NULL, 0);
    if (!four_dims(c, l, &x))
        return;
    if (method == 2)
        cf_fail(c, l, NPU_UNSUPPORTED, "pool STOCHASTIC, MAX or AVE expected");
    else if (!cf_bool(c, l, p, "global_pooling", false))
        pool_node(c, l, &x, p, method == 1);
    else
        cf_node1(c, l, method ? NPU_OP_GLOBALAVERAGEPOOL : NPU_OP_GLOBALMAXPOOL, NULL, l->in[0],
                 cf_top(c, l, 0, cf_shape4(x.dim[0], x.dim[1], 1, 1)));
}

void cf_spp(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "spp_param");
    cf_shape x = cf_shape_of(c, l->in[0]);
    int64_t height = cf_int(c, l, p, "pyramid_height", 0, 1, 10), bins = 0;
    int method = cf_choice(c, l, p, "pool", pool_methods, NULL, 0);
    if (!four_dims(c, l, &x))
        return;
    if (method == 2)
        cf_fail(c, l, NPU_UNSUPPORTED, "pool STOCHASTIC, MAX or AVE expected");
    for (int64_t k = 0, side = 1; k < height; k++, side *= 2)
        bins += side * side;
    cf_shape y = {2, {x.dim[0], 0}};
    if (__builtin_mul_overflow(x.dim[1], bins, &y.dim[1]))
        y.dim[1] = 0;
    int32_t node = cf_node1(c, l, NPU_OP_SPP, NULL, l->in[0], cf_top(c, l, 0, y));
    cf_set_int(c, node, "pyramid_height", height);
    cf_set_int(c, node, "average", method);
}
