/* Limits of convolutions, fully connected layers, matrix products and pooling. */
#include "compiler/rule.h"

#include <stdio.h>

typedef struct { int64_t k[2], s[2], d[2], p[4], group; } window;

#define LL(x) ((long long)(x))

static window read_window(const rule_case *c)
{
    window w = {{1, 1}, {1, 1}, {1, 1}, {0}, g_int(c->n, "group", 1)};
    const npu_value *k = c->n->nin > 1 && c->n->in[1] >= 0 ? &c->g->value[c->n->in[1]] : NULL;
    if (k && k->rank == 4) {
        w.k[0] = k->dim[2];
        w.k[1] = k->dim[3];
    }
    g_ints(c->n, "kernel_shape", w.k, 2);
    g_ints(c->n, "strides", w.s, 2);
    g_ints(c->n, "dilations", w.d, 2);
    g_ints(c->n, "pads", w.p, 4);
    if (w.group < 1)
        w.group = 1;
    return w;
}

static bool within(int64_t v, int64_t least, int64_t most)
{
    return v >= least && v <= most;
}

static bool both(const int64_t v[2], int64_t least, int64_t most)
{
    return within(v[0], least, most) && within(v[1], least, most);
}

static bool full(const rule_case *c)
{
    return g_int(c->n, "fc", 0) != 0;
}

static int64_t axis(const npu_value *v, int d)
{
    return d < v->rank ? v->dim[d] : 1;
}

/* Channels of one group: input, output. */
static void channels(const rule_case *c, const window *w, int64_t *in, int64_t *out)
{
    *in = axis(c->x, 1) / w->group;
    *out = axis(c->y, 1) / w->group;
}

/* Kernel and channels share a sentence: [out channels, height, width, in channels]. */
static bool kernel_shape(const rule_case *c, const window *w)
{
    int64_t in, out;
    channels(c, w, &in, &out);
    return rule_say(c, "Kernel shape", "[[1, 2048],[1, 7],[1, 7],[1, 2048]]",
                    "[%lld,%lld,%lld,%lld]", LL(out), LL(w->k[0]), LL(w->k[1]), LL(in));
}

bool rule_conv_kernel(const rule_case *c)
{
    window w = read_window(c);
    return full(c) || both(w.k, 1, 7) || kernel_shape(c, &w);
}

bool rule_conv_channels(const rule_case *c)
{
    window w = read_window(c);
    int64_t in, out;
    channels(c, &w, &in, &out);
    return full(c) || (within(in, 1, 2048) && within(out, 1, 2048)) || kernel_shape(c, &w);
}

bool rule_conv_pads(const rule_case *c)
{
    window w = read_window(c);
    return (w.p[0] >= 0 && w.p[1] >= 0 && w.p[2] >= 0 && w.p[3] >= 0) ||
           rule_say(c, "Pad", "[[0, ),[0, ),[0, ),[0, )]", "[%lld,%lld,%lld,%lld]", LL(w.p[0]),
                    LL(w.p[1]), LL(w.p[2]), LL(w.p[3]));
}

static bool dilation(int64_t d, int64_t stride)
{
    return d == 1 || (within(d, 1, 16) && (d & (d - 1)) == 0 && d % stride == 0);
}

bool rule_conv_dilation(const rule_case *c)
{
    window w = read_window(c);
    return (w.s[0] > 0 && w.s[1] > 0 && dilation(w.d[0], w.s[0]) && dilation(w.d[1], w.s[1]) &&
            w.d[0] <= w.d[1]) ||
           rule_say(c, "Dilation", "[[1, 16],[1, 16]] (powers of two, divisible by the stride, "
                    "height not above width)", "[%lld,%lld] with stride [%lld,%lld]", LL(w.d[0]),
                    LL(w.d[1]), LL(w.s[0]), LL(w.s[1]));
}

bool rule_conv_size(const rule_case *c)
{
    window w = read_window(c);
    int64_t in, out;
    channels(c, &w, &in, &out);
    if (full(c) && w.k[0] * w.k[1] == 1)
        return true;
    return w.k[0] * w.k[1] * in <= 32768 || (full(c) && !both(w.k, 1, 7)) ||
           rule_say(c, "Kernel size", "[1, 32768]", "[%lld] (%lld x %lld x %lld)",
                    LL(w.k[0] * w.k[1] * in), LL(w.k[0]), LL(w.k[1]), LL(in));
}

bool rule_const_weight(const rule_case *c)
{
    for (uint32_t k = 1; k < c->n->nin; k++)
        if (c->n->in[k] != NPU_NONE && !c->g->value[c->n->in[k]].constant)
            return rule_say(c, "Weight", "a constant", "the result of another node");
    return true;
}

bool rule_full_kernel(const rule_case *c)
{
    window w = read_window(c);
    return !full(c) || (both(w.k, 1, 31) && w.k[0] * w.k[1] <= 127) ||
           rule_say(c, "Fully connected kernel", "[[1, 31],[1, 31]] with at most 127 elements",
                    "[%lld,%lld]", LL(w.k[0]), LL(w.k[1]));
}

bool rule_full_channels(const rule_case *c)
{
    int64_t most = axis(c->x, 2) * axis(c->x, 3) == 1 ? 16384 : 2048;
    return !full(c) || within(axis(c->x, 1), 1, most) ||
           rule_say(c, "Fully connected channels", most == 2048 ? "[1, 2048]" : "[1, 16384]",
                    "[%lld]", LL(axis(c->x, 1)));
}

/* What the layer holds of its input at once; nothing to hold over a map of 1x1. */
bool rule_full_map(const rule_case *c)
{
    int64_t h = axis(c->x, 2), w = axis(c->x, 3);
    int64_t held = h * ((w + 7) / 8) * ((axis(c->x, 1) + 3) / 4), most = c->wide_out ? 2047 : 1024;
    return !full(c) || h * w == 1 || held <= most ||
           rule_say(c, c->wide_out ? "Fully connected map (int32 output)"
                                   : "Fully connected map (int8 output)",
                    c->wide_out ? "[1, 2047]" : "[1, 1024]", "[%lld]", LL(held));
}

bool rule_deconv(const rule_case *c)
{
    window w = read_window(c);
    int64_t ch = axis(c->x, 1) > axis(c->y, 1) ? axis(c->x, 1) : axis(c->y, 1);
    bool stride = (w.s[0] == 2 || w.s[0] == 4) && (w.s[1] == 2 || w.s[1] == 4) && w.s[0] <= w.s[1];
    if (!both(w.k, 2, 14) || !within(ch, 1, 2048))
        return rule_say(c, "Deconvolution kernel shape", "[[1, 2048],[2, 14],[2, 14],[1, 2048]]",
                        "[%lld,%lld,%lld,%lld]", LL(axis(c->y, 1)), LL(w.k[0]), LL(w.k[1]),
                        LL(axis(c->x, 1)));
    if (!stride)
        return rule_say(c, "Deconvolution stride", "[2, 4] (height not above width)",
                        "[%lld,%lld]", LL(w.s[0]), LL(w.s[1]));
    for (int i = 0; i < 4; i++)
        if (!within(w.p[i], 0, (w.k[i % 2] - 1) / 2))
            return rule_say(c, "Deconvolution pad", "[0, (kernel-1)/2]",
                            "[%lld,%lld,%lld,%lld]", LL(w.p[0]), LL(w.p[1]), LL(w.p[2]),
                            LL(w.p[3]));
    return (w.d[0] == 1 && w.d[1] == 1) ||
           rule_say(c, "Deconvolution dilation", "[[1, 1],[1, 1]]", "[%lld,%lld]", LL(w.d[0]),
                    LL(w.d[1]));
}

bool rule_matrix(const rule_case *c)
{
    if (g_int(c->n, "transA", 0))
        return rule_say(c, "transA", "[0]", "[1]");
    return rule_const_weight(c);
}

static bool flat(const npu_value *v, int from)
{
    for (int d = 0; d + 2 < v->rank && d < from; d++)
        if (v->dim[d] != 1)
            return false;
    return true;
}

/* K x N constants with up to two leading ones take maps of one to four dimensions; two feature
 * maps, or a constant first, only as 1xBxMxK with 1x1xKxN. */
bool rule_matmul(const rule_case *c)
{
    const npu_value *a = &c->g->value[c->n->in[0]];
    const npu_value *b = c->n->nin > 1 && c->n->in[1] >= 0 ? &c->g->value[c->n->in[1]] : NULL;
    char ta[G_SHAPE_TEXT], tb[G_SHAPE_TEXT];
    bool constant = b && b->constant && !a->constant;
    if (b && constant && within(b->rank, 2, 4) && within(a->rank, 1, 4) && flat(b, NPU_RANK_MAX))
        return true;
    if (b && !constant && a->rank == 4 && b->rank == 4 && a->dim[0] == 1 &&
        flat(b, NPU_RANK_MAX))
        return true;
    return rule_say(c, "MatMul", "a map with 1x1xKxN constants, or 1xBxMxK with 1x1xKxN",
                    "[%s] with [%s]", g_shape(a, ta), b ? g_shape(b, tb) : "?");
}

static bool pool_shape(const rule_case *c, const char *kind, int64_t kernel, const window *w)
{
    char what[64], allowed[64];
    snprintf(what, sizeof what, "%s pooling kernel and stride", kind);
    snprintf(allowed, sizeof allowed, "[[1, %lld],[1, %lld],[1, 185],[1, 185]]", LL(kernel),
             LL(kernel));
    if (!both(w->k, 1, kernel) || !both(w->s, 1, 185))
        return rule_say(c, what, allowed, "[%lld,%lld,%lld,%lld]", LL(w->k[0]), LL(w->k[1]),
                        LL(w->s[0]), LL(w->s[1]));
    return true;
}

bool rule_avg_pool(const rule_case *c)
{
    window w = read_window(c);
    if (!pool_shape(c, "Average", 7, &w))
        return false;
    for (int i = 0; i < 4; i++)
        if (!within(w.p[i], 0, w.k[i % 2] / 2))
            return rule_say(c, "Average pooling pad", "[0, kernel/2]", "[%lld,%lld,%lld,%lld]",
                            LL(w.p[0]), LL(w.p[1]), LL(w.p[2]), LL(w.p[3]));
    return true;
}

bool rule_max_pool(const rule_case *c)
{
    window w = read_window(c);
    if (!pool_shape(c, "Max", 64, &w))
        return false;
    if (w.d[0] != 1 || w.d[1] != 1)
        return rule_say(c, "Max pooling dilation", "[[1, 1],[1, 1]]", "[%lld,%lld]", LL(w.d[0]),
                        LL(w.d[1]));
    for (uint32_t k = 1; k < c->n->nout; k++)
        if (c->n->out[k] != NPU_NONE)
            return rule_say(c, "Max pooling outputs", "[1]", "[%u] (indices)", c->n->nout);
    return rule_conv_pads(c);
}

bool rule_global_avg(const rule_case *c)
{
    int64_t hw = axis(c->x, 2) * axis(c->x, 3);
    return hw <= 8192 || rule_say(c, "Global average pooling H x W", "[1, 8192]", "[%lld]", LL(hw));
}

bool rule_global_max(const rule_case *c)
{
    int64_t hw[2] = {axis(c->x, 2), axis(c->x, 3)};
    return both(hw, 1, 1024) || rule_say(c, "Global max pooling H and W",
                                         "[[1, 1024],[1, 1024]]", "[%lld,%lld]", LL(hw[0]),
                                         LL(hw[1]));
}
