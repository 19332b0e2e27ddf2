/* Caffe layers that scale channels: BatchNorm with Scale, BN, Bias, PReLU, Normalize, LRN, MVN. */
#include <stdlib.h>
#include <string.h>

#include "compiler/import_caffe.h"

void cf_batch_norm(cf_net *c, cf_layer *l);
void cf_bn(cf_net *c, cf_layer *l);
void cf_scale(cf_net *c, cf_layer *l);
void cf_bias(cf_net *c, cf_layer *l);
void cf_prelu(cf_net *c, cf_layer *l);
void cf_normalize(cf_net *c, cf_layer *l);
void cf_lrn(cf_net *c, cf_layer *l);
void cf_mvn(cf_net *c, cf_layer *l);

/* Blob K, each number divided by BY (0: the blob holds zeros and stays so). */
static int32_t divided(cf_net *c, const cf_layer *l, unsigned k, const char *suffix, cf_shape s,
                       float by)
{
    const float *data = cf_blob_data(c, l, k, s);
    if (!data)
        return NPU_NONE;
    int64_t n = cf_count(&s, 0, s.rank);
    float *q = malloc((size_t)n * sizeof *q);
    if (!q) {
        cf_no_memory(c);
        return NPU_NONE;
    }
    for (int64_t i = 0; i < n; i++)
        q[i] = by == 0 ? 0 : data[i] / by;
    int32_t v = cf_floats(c, l, suffix, s, q);
    free(q);
    return v;
}

/* What a Scale layer multiplies with and adds: per channel constants for BatchNormalization.
 * Synthetic ones are 1 and 0, the values training starts from: others would blow up or blot out
 * what passes. */
static void scale_blobs(cf_net *c, const cf_layer *s, cf_shape one, int32_t in[5])
{
    bool bias = cf_bool(c, s, prototxt_get(s->m, "scale_param"), "bias_term", false);
    cf_want_blobs(c, s, bias ? 2 : 1);
    in[1] = c->model ? cf_weight(c, s, 0, "scale", one, one) : cf_fill(c, s, "scale", one, 1);
    in[2] = bias && c->model ? cf_weight(c, s, 1, "bias", one, one) : cf_fill(c, s, "bias", one, 0);
}

static cf_shape channels(cf_net *c, const cf_layer *l, const cf_shape *x)
{
    if (x->rank < 2)
        cf_fail(c, l, NPU_UNSUPPORTED, "a bottom with %d dimensions, at least 2 expected", x->rank);
    return (cf_shape){1, {x->rank < 2 ? 1 : x->dim[1]}};
}

/* Statistics are stored as sums: the third blob says of how many batches. */
void cf_batch_norm(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "batch_norm_param");
    cf_shape x = cf_shape_of(c, l->in[0]), one = channels(c, l, &x);
    cf_shape count = {1, {1}};
    int32_t in[5] = {l->in[0], NPU_NONE, NPU_NONE, NPU_NONE, NPU_NONE};
    cf_want_blobs(c, l, 3);
    const float *factor = cf_blob_data(c, l, 2, count);
    if (!cf_bool(c, l, p, "use_global_stats", true))
        cf_fail(c, l, NPU_UNSUPPORTED, "use_global_stats: false (statistics of the batch)");
    in[3] = factor ? divided(c, l, 0, "mean", one, *factor) : cf_fill(c, l, "mean", one, 0);
    in[4] = factor ? divided(c, l, 1, "var", one, *factor) : cf_fill(c, l, "var", one, 1);
    cf_layer *s = c->status == NPU_OK ? cf_merge_scale(c, l) : NULL;
    if (s) {
        scale_blobs(c, s, one, in);
        cf_alias(l, 0, cf_top(c, s, 0, x));
    } else {
        in[1] = cf_fill(c, l, "scale", one, 1);
        in[2] = cf_fill(c, l, "bias", one, 0);
        cf_top(c, l, 0, x);
    }
    int32_t n = cf_node(c, l, NPU_OP_BATCHNORMALIZATION, NULL, in, 5, l->out[0]);
    cf_set_float(c, n, "epsilon", cf_num(c, l, p, "eps", 1e-5));
}

/* Fork: four blobs scale, shift, mean, variance; or scale and shift alone (bn_mode: INFERENCE). */
void cf_bn(cf_net *c, cf_layer *l)
{
    static const char *const modes[] = {"LEARN", "INFERENCE", NULL};
    static const char *const suffix[] = {"scale", "bias", "mean", "var"};
    const prototxt_field *p = prototxt_get(l->m, "bn_param");
    cf_shape x = cf_shape_of(c, l->in[0]), one = channels(c, l, &x);
    int32_t in[5] = {l->in[0], NPU_NONE, NPU_NONE, NPU_NONE, NPU_NONE};
    bool two = cf_choice(c, l, p, "bn_mode", modes, NULL, 0) == 1;
    cf_want_blobs(c, l, two ? 2 : 4);
    for (unsigned k = 0; k < 4; k++) {
        if (c->model && (k < 2 || !two))
            in[k + 1] = cf_weight(c, l, k, suffix[k], one, one);
        else
            in[k + 1] = cf_fill(c, l, suffix[k], one, k == 0 || k == 3);
    }
    int32_t n = cf_node(c, l, NPU_OP_BATCHNORMALIZATION, NULL, in, 5, cf_top(c, l, 0, x));
    cf_set_float(c, n, "epsilon", two ? 0 : cf_num(c, l, p, "eps", 1e-5));
}

/* Dimensions of X that parameters of AXIS.. run along; *SHOWN: the same with ones elsewhere. */
static cf_shape along(cf_net *c, const cf_layer *l, const prototxt_field *p, const cf_shape *x,
                      cf_shape *shown)
{
    int axis = x->rank ? cf_axis(c, l, p, "axis", 1, x->rank) : 0;
    int64_t n = cf_int(c, l, p, "num_axes", 1, -1, NPU_RANK_MAX);
    cf_shape s = {0};
    if (n < 0)
        n = x->rank - axis;
    if (axis + n > x->rank) {
        cf_fail(c, l, NPU_BAD_INPUT, "axis %d and num_axes %lld of a blob with %d dimensions", axis,
                (long long)n, x->rank);
        n = 0;
    }
    *shown = *x;
    for (int d = 0; d < x->rank; d++)
        if (d < axis || d >= axis + n)
            shown->dim[d] = 1;
        else
            s.dim[s.rank++] = x->dim[d];
    return s;
}

/* Second bottom B made to broadcast against X from AXIS on. */
static int32_t spread(cf_net *c, cf_layer *l, const prototxt_field *p, const cf_shape *x, int32_t b)
{
    cf_shape have = cf_shape_of(c, b), s = *x;
    char want[G_SHAPE_TEXT], text[G_SHAPE_TEXT];
    int axis = cf_axis(c, l, p, "axis", 1, x->rank ? x->rank : 1);
    bool good = axis + have.rank <= x->rank;
    for (int d = 0; d < x->rank && good; d++) {
        s.dim[d] = d >= axis && d < axis + have.rank ? have.dim[d - axis] : 1;
        good = s.dim[d] == 1 || s.dim[d] == x->dim[d];
    }
    if (!good)
        cf_fail(c, l, NPU_BAD_INPUT, "second bottom %s does not fit %s from axis %d on",
                cf_text(&have, text), cf_text(x, want), axis);
    return good && !cf_same(&s, &have) ? cf_reshape(c, l, "spread", b, s, NPU_NONE) : b;
}

void cf_scale(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "scale_param");
    cf_shape x = cf_shape_of(c, l->in[0]), shown = x, s = {0};
    bool two = l->nbottom == 2, bias = cf_bool(c, l, p, "bias_term", false);
    int32_t factor, mul;
    if (two) {
        factor = spread(c, l, p, &x, l->in[1]);
        s = shown = cf_shape_of(c, factor);
    } else {
        s = along(c, l, p, &x, &shown);
        factor = c->model ? cf_weight(c, l, 0, "scale", s, shown)
                          : cf_fill(c, l, "scale", shown, 1);
    }
    if (!two || bias)
        cf_want_blobs(c, l, !two + bias);
    mul = bias ? cf_tmp(c, l, "mul", x) : cf_top(c, l, 0, x);
    cf_node2(c, l, NPU_OP_MUL, NULL, l->in[0], factor, mul);
    if (!bias)
        return;
    int32_t add = c->model ? cf_weight(c, l, !two, "bias", s, shown)
                           : cf_fill(c, l, "bias", shown, 0);
    cf_node2(c, l, NPU_OP_ADD, "add", mul, add, cf_top(c, l, 0, x));
}

void cf_bias(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "bias_param");
    cf_shape x = cf_shape_of(c, l->in[0]), shown = x;
    int32_t b;
    if (l->nbottom == 2) {
        b = spread(c, l, p, &x, l->in[1]);
    } else {
        cf_shape s = along(c, l, p, &x, &shown);
        cf_want_blobs(c, l, 1);
        b = cf_weight(c, l, 0, "bias", s, shown);
    }
    cf_node2(c, l, NPU_OP_ADD, NULL, l->in[0], b, cf_top(c, l, 0, x));
}

void cf_prelu(cf_net *c, cf_layer *l)
{
    bool shared = cf_bool(c, l, prototxt_get(l->m, "prelu_param"), "channel_shared", false);
    cf_shape x = cf_shape_of(c, l->in[0]), one = channels(c, l, &x), shown = {0};
    if (shared)
        one.dim[0] = 1;
    shown.rank = x.rank > 1 ? x.rank - 1 : 1; /* broadcast from the right: C, 1, 1 */
    for (int d = 0; d < shown.rank; d++)
        shown.dim[d] = d ? 1 : one.dim[0];
    cf_want_blobs(c, l, 1);
    cf_node2(c, l, NPU_OP_PRELU, NULL, l->in[0], cf_weight(c, l, 0, "slope", one, shown),
             cf_top(c, l, 0, x));
}

void cf_normalize(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "norm_param");
    cf_shape x = cf_shape_of(c, l->in[0]), one = channels(c, l, &x);
    bool shared = cf_bool(c, l, p, "channel_shared", true);
    if (shared)
        one.dim[0] = 1;
    cf_want_blobs(c, l, 1);
    int32_t n = cf_node2(c, l, NPU_OP_NORMALIZE, NULL, l->in[0],
                         cf_weight(c, l, 0, "scale", one, one), cf_top(c, l, 0, x));
    cf_set_int(c, n, "across_spatial", cf_bool(c, l, p, "across_spatial", true));
    cf_set_int(c, n, "channel_shared", shared);
    cf_set_float(c, n, "eps", cf_num(c, l, p, "eps", 1e-10));
}

/* x * (1 + alpha * mean of x^2 in the window)^-beta */
static void lrn_within(cf_net *c, cf_layer *l, int64_t size, double alpha, double beta)
{
    cf_shape x = cf_shape_of(c, l->in[0]);
    int64_t k[2] = {size, size}, one[2] = {1, 1}, pad = (size - 1) / 2;
    int64_t pads[4] = {pad, pad, pad, pad};
    int32_t square = cf_tmp(c, l, "square", x), pool = cf_tmp(c, l, "mean", x);
    int32_t mul = cf_tmp(c, l, "alpha", x), add = cf_tmp(c, l, "one", x);
    int32_t pow = cf_tmp(c, l, "beta", x);
    if (x.rank != 4)
        cf_fail(c, l, NPU_UNSUPPORTED, "a bottom with %d dimensions, 4 expected", x.rank);
    cf_node2(c, l, NPU_OP_MUL, "square", l->in[0], l->in[0], square);
    int32_t n = cf_node1(c, l, NPU_OP_AVERAGEPOOL, "mean", square, pool);
    cf_set_ints(c, n, "kernel_shape", k, 2);
    cf_set_ints(c, n, "strides", one, 2);
    cf_set_ints(c, n, "pads", pads, 4);
    cf_set_int(c, n, "count_include_pad", 1);
    cf_node2(c, l, NPU_OP_MUL, "alpha", pool, cf_scalar(c, l, "alpha_value", alpha), mul);
    cf_node2(c, l, NPU_OP_ADD, "one", mul, cf_scalar(c, l, "one_value", 1), add);
    cf_node2(c, l, NPU_OP_POW, "beta", add, cf_scalar(c, l, "beta_value", -beta), pow);
    cf_node2(c, l, NPU_OP_MUL, NULL, l->in[0], pow, cf_top(c, l, 0, x));
}

void cf_lrn(cf_net *c, cf_layer *l)
{
    static const char *const regions[] = {"ACROSS_CHANNELS", "WITHIN_CHANNEL", NULL};
    const prototxt_field *p = prototxt_get(l->m, "lrn_param");
    int64_t size = cf_int(c, l, p, "local_size", 5, 1, 1 << 20);
    double alpha = cf_num(c, l, p, "alpha", 1), beta = cf_num(c, l, p, "beta", 0.75);
    if (size % 2 == 0)
        cf_fail(c, l, NPU_BAD_INPUT, "local_size %lld, an odd number expected", (long long)size);
    if (cf_choice(c, l, p, "norm_region", regions, NULL, 0) == 1) {
        lrn_within(c, l, size, alpha, beta);
        return;
    }
    int32_t n = cf_node1(c, l, NPU_OP_LRN, NULL, l->in[0],
                         cf_top(c, l, 0, cf_shape_of(c, l->in[0])));
    cf_set_int(c, n, "size", size);
    cf_set_float(c, n, "alpha", alpha);
    cf_set_float(c, n, "beta", beta);
    cf_set_float(c, n, "bias", cf_num(c, l, p, "k", 1));
}

void cf_mvn(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "mvn_param");
    int32_t n = cf_node1(c, l, NPU_OP_MVN, NULL, l->in[0],
                         cf_top(c, l, 0, cf_shape_of(c, l->in[0])));
    cf_set_int(c, n, "normalize_variance", cf_bool(c, l, p, "normalize_variance", true));
    cf_set_int(c, n, "across_channels", cf_bool(c, l, p, "across_channels", false));
    cf_set_float(c, n, "eps", cf_num(c, l, p, "eps", 1e-9));
}
