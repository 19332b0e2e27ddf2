/* What the inputs need before the network proper: mean, scale and colour conversion as one 1x1
 * convolution (HB-CVT-33, 34), and the layout of images. */
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "compiler/opt.h"

enum { CHANNELS_MAX = 64 };

/* --- output_nodes ---------------------------------------------------------- */

static int32_t node_named(const npu_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead && strcmp(g->node[i].name, name) == 0)
            return (int32_t)i;
    return NPU_NONE;
}

static npu_status unknown_output(const npu_graph *g, const char *name, npu_err *err)
{
    const char **names = calloc(g->nnode + 1, sizeof *names), *near = NULL;
    for (uint32_t i = 0; i < g->nnode && names; i++)
        names[i] = g->node[i].name;
    if (names)
        near = base_nearest(name, names, g->nnode);
    npu_status s = npu_fail(err, NPU_BAD_INPUT, "output_nodes names '%s', which is no node of "
                            "%s%s%s", name, g->file, near ? "; did you mean " : "",
                            near ? near : "");
    free(names);
    return s;
}

static npu_status truncate_at(npu_graph *g, const cc_list *names, npu_err *err)
{
    uint32_t n = 0, most = 0;
    for (size_t k = 0; k < names->n; k++) {
        int32_t at = node_named(g, names->item[k]);
        if (at == NPU_NONE)
            return unknown_output(g, names->item[k], err);
        most += g->node[at].nout;
    }
    int32_t *out = arena_alloc(g->arena, most * sizeof *out);
    if (!out)
        return opt_memory(err);
    for (size_t k = 0; k < names->n; k++) {
        const npu_node *at = &g->node[node_named(g, names->item[k])];
        for (uint32_t i = 0; i < at->nout; i++)
            if (at->out[i] != NPU_NONE)
                out[n++] = at->out[i];
    }
    g->out = out;
    g->nout = n;
    g_sweep(g);
    return NPU_OK;
}

/* --- layout ---------------------------------------------------------------- */

/* An image goes to the hardware as N x H x W x C whatever the network says; so a Transpose that
 * only turns it to N x C x H x W has nothing to do, and the input takes the shape behind it. */
static void absorb_transpose(npu_graph *g, int32_t input)
{
    static const int64_t to_nchw[4] = {0, 3, 1, 2};
    int64_t perm[4];
    int32_t reader[64];
    size_t n = g_readers(g, input, reader, 64);
    if (g->value[input].rank != 4 || n == 0 || n > 64 || g_is_output(g, input))
        return;
    for (size_t k = 0; k < n; k++) {
        const npu_node *at = &g->node[reader[k]];
        if (at->op != NPU_OP_TRANSPOSE || g_ints(at, "perm", perm, 4) != 4 ||
            memcmp(perm, to_nchw, sizeof perm) != 0 || g_is_output(g, at->out[0]))
            return;
    }
    opt_like(g, input, g->node[reader[0]].out[0]);
    for (size_t k = 0; k < n; k++) {
        g_redirect(g, g->node[reader[k]].out[0], input);
        g_kill(g, reader[k]);
    }
}

/* --- preprocessing --------------------------------------------------------- */

typedef struct { double w[3][3], b[3]; } colour; /* train = W (x + 128) + B, with x = rt - 128 */

static bool is_yuv(cc_image i)
{
    return i == CC_YUV444 || i == CC_NV12;
}

/* BT.601 to R, G, B; video range first stretched to full range. */
static colour from_yuv(bool video)
{
    double y = video ? 255.0 / 219 : 1, c = video ? 255.0 / 224 : 1;
    double at = video ? (128 - 16) * y : 128;
    colour m = {{{y, 0, 1.402 * c}, {y, -0.344136 * c, -0.714136 * c}, {y, 1.772 * c, 0}},
                {at, at, at}};
    return m;
}

static void swap_ends(colour *m)
{
    colour old = *m;
    memcpy(m->w[0], old.w[2], sizeof m->w[0]);
    memcpy(m->w[2], old.w[0], sizeof m->w[2]);
}

/* False: there is no such conversion. */
static bool conversion(const cc_input *in, colour *m)
{
    *m = (colour){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {128, 128, 128}};
    if (in->train == in->rt || (is_yuv(in->train) && is_yuv(in->rt)))
        return true;
    if (in->train != CC_RGB && in->train != CC_BGR)
        return false;
    if (is_yuv(in->rt))
        *m = from_yuv(in->video_range);
    else if (in->rt != CC_RGB && in->rt != CC_BGR)
        return false;
    if (!is_yuv(in->rt) || in->train == CC_BGR)
        swap_ends(m);
    return true;
}

static bool converts(const cc_input *in)
{
    return in->train != in->rt && !(is_yuv(in->train) && is_yuv(in->rt));
}

static double per_channel(bool has, const float *v, unsigned n, int64_t c, double dflt)
{
    return !has || n == 0 ? dflt : (double)v[n == 1 ? 0 : c];
}

/* Weights C x C x 1 x 1 and bias of y = (convert(x) - mean) * scale. */
static void coefficients(const cc_input *in, const colour *m, int64_t c, float *w, float *b)
{
    bool image = in->rt != CC_FEATUREMAP;
    for (int64_t o = 0; o < c; o++) {
        double mean = per_channel(in->has_mean, in->mean, in->nmean, o, 0);
        double scale = per_channel(in->has_scale, in->scale, in->nscale, o, 1);
        for (int64_t i = 0; i < c; i++)
            w[o * c + i] = (float)(scale * (c == 3 ? m->w[o][i] : o == i));
        double offset = !image ? 0 : c == 3 ? m->b[o] : 128;
        b[o] = (float)((offset - mean) * scale);
    }
}

static npu_status check_channels(const npu_graph *g, const cc_input *in, const npu_value *v,
                                 npu_err *err)
{
    char shape[G_SHAPE_TEXT];
    int64_t c = v->rank == 4 ? v->dim[1] : -1;
    if (c < 1 || c > CHANNELS_MAX)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: input %s has shape %s; mean, scale and colours "
                        "need N x C x H x W with 1 to %d channels", g->file, in->name,
                        g_shape(v, shape), CHANNELS_MAX);
    if (converts(in) && c != 3)
        return npu_fail(err, NPU_BAD_INPUT, "%s: input %s has %lld channels; a colour conversion "
                        "needs 3", g->file, in->name, (long long)c);
    if ((in->has_mean && in->nmean > 1 && in->nmean != c) ||
        (in->has_scale && in->nscale > 1 && in->nscale != c))
        return npu_fail(err, NPU_BAD_INPUT, "%s: input %s has %lld channels; mean_value has %u "
                        "numbers, scale_value %u", g->file, in->name, (long long)c, in->nmean,
                        in->nscale);
    return NPU_OK;
}

static npu_status add_node(npu_graph *g, const cc_input *in, int32_t input, const colour *m,
                           npu_err *err)
{
    static const int64_t one[2] = {1, 1}, zero[4];
    int64_t c = g->value[input].dim[1], dim[4] = {c, c, 1, 1};
    char *name = arena_printf(g->arena, "HZ_PREPROCESS_FOR_%s", in->name);
    float *w = opt_floats(g, c * c), *b = opt_floats(g, c);
    int32_t out = name ? opt_fresh(g, name, "output", input) : NPU_NONE;
    if (!w || !b || out == NPU_NONE)
        return opt_memory(err);
    coefficients(in, m, c, w, b);
    g->value[out].elem = NPU_ELEM_FLOAT;
    g_redirect(g, input, out);
    for (uint32_t i = 0; i < g->nout; i++) /* an input that is an output stays what it is */
        if (g->out[i] == out)
            g->out[i] = input;
    int32_t ins[3] = {input, opt_const(g, "preprocess_weight", 4, dim, w),
                      opt_const(g, "preprocess_bias", 1, &c, b)};
    int32_t node = ins[1] < 0 || ins[2] < 0 ? NPU_NONE
                                            : g_add(g, NPU_OP_CONV, NULL, name, ins, 3, &out, 1);
    if (node == NPU_NONE)
        return opt_memory(err);
    g->node[node].layer = 0;
    return g_set_ints(g, node, "kernel_shape", one, 2) && g_set_ints(g, node, "strides", one, 2) &&
                   g_set_ints(g, node, "dilations", one, 2) &&
                   g_set_ints(g, node, "pads", zero, 4) && g_set_int(g, node, "group", 1)
               ? NPU_OK : opt_memory(err);
}

static npu_status prepare_input(npu_graph *g, const cc_input *in, npu_err *err)
{
    colour m;
    int32_t input = NPU_NONE;
    for (uint32_t i = 0; i < g->nin; i++)
        if (strcmp(g->value[g->in[i]].name, in->name) == 0)
            input = g->in[i];
    if (input == NPU_NONE)
        return npu_fail(err, NPU_BAD_INPUT, "%s: there is no input '%s'", g->file, in->name);
    if (in->rt != CC_FEATUREMAP)
        absorb_transpose(g, input);
    if (!in->has_mean && !in->has_scale && !converts(in))
        return NPU_OK;
    if (!conversion(in, &m))
        return npu_fail(err, NPU_BAD_INPUT, "input %s: input_type_rt cannot become its "
                        "input_type_train", in->name);
    NPU_TRY(check_channels(g, in, &g->value[input], err));
    return add_node(g, in, input, &m, err);
}

npu_status cc_prepare(npu_graph *g, const cc_options *o, npu_err *err)
{
    for (size_t i = 0; i < o->ninput; i++)
        NPU_TRY(prepare_input(g, &o->input[i], err));
    if (o->output_nodes.n > 0)
        NPU_TRY(truncate_at(g, &o->output_nodes, err));
    return g_sort(g, err);
}
