/* Limits of element-wise operators and of those that move data. */
#include <string.h>

#include "compiler/rule.h"

#define LL(x) ((long long)(x))

static int64_t align(int64_t v, int64_t n)
{
    return (v + n - 1) / n * n;
}

static const npu_value *input(const rule_case *c, uint32_t k)
{
    return k < c->n->nin && c->n->in[k] != NPU_NONE ? &c->g->value[c->n->in[k]] : NULL;
}

/* The other operand of a binary operator. */
static const npu_value *other(const rule_case *c)
{
    return input(c, input(c, 0) == c->x);
}

static int64_t axis_attr(const rule_case *c, const char *name, int64_t dflt)
{
    int64_t a = g_int(c->n, name, dflt);
    return a < 0 ? a + c->x->rank : a;
}

/* Dimension D of V seen as four-dimensional, aligned at the right. */
static int64_t four(const npu_value *v, int d)
{
    int at = d - (4 - v->rank);
    return at < 0 ? 1 : v->dim[at];
}

bool rule_map_channels(const rule_case *c)
{
    int64_t ch = c->y->rank > 1 ? c->y->dim[1] : 1;
    return ch <= 2048 || rule_say(c, "Channels", "[1, 2048]", "[%lld]", LL(ch));
}

/* Whether B is a whole map like A, one number per channel (and batch), or one number. */
static bool broadcasts(const npu_value *a, const npu_value *b, bool one)
{
    bool same = true, ones = true;
    if (a->rank != 4 || b->rank < 0 || b->rank > 4)
        return false;
    for (int d = 0; d < 4; d++) {
        same &= four(a, d) == four(b, d);
        ones &= four(b, d) == 1;
    }
    bool column = four(b, 2) == 1 && four(b, 3) == 1 && four(b, 1) == a->dim[1] &&
                  (four(b, 0) == a->dim[0] || four(b, 0) == 1);
    return same || column || (one && ones);
}

static bool shapes(const rule_case *c, const char *what, const char *allowed, bool one)
{
    const npu_value *a = c->x, *b = other(c);
    char ta[G_SHAPE_TEXT], tb[G_SHAPE_TEXT];
    if (!rule_map_channels(c))
        return false;
    return (b && (broadcasts(a, b, one) || broadcasts(b, a, one))) ||
           rule_say(c, what, allowed, "[%s] with [%s]", g_shape(a, ta), b ? g_shape(b, tb) : "?");
}

static bool two_maps(const rule_case *c, const char *what)
{
    const npu_value *b = other(c);
    return (b && !b->constant && !c->x->constant) ||
           rule_say(c, what, "two feature maps", "a feature map and a constant");
}

bool rule_add(const rule_case *c)
{
    return two_maps(c, "Add") && shapes(c, "Add", "NCHW with NCHW or NC11", false);
}

bool rule_div(const rule_case *c)
{
    return two_maps(c, "Div") && shapes(c, "Div", "1CHW with 1CHW, 1C11 or 1111", true);
}

bool rule_mul(const rule_case *c)
{
    if (!shapes(c, "Mul", "1CHW with 1CHW, 1C11 or 1111", true))
        return false;
    for (uint32_t k = 0; k < 2; k++) {
        const npu_value *v = input(c, k);
        int64_t n = v && v->constant && v->data ? g_elements(v) : 0;
        for (int64_t i = 0; i < n; i++) {
            double x;
            if (g_const_num(c->g, c->n->in[k], i, &x) && x == 0)
                return rule_say(c, "Mul constant", "numbers other than 0", "[0] at %lld", LL(i));
        }
    }
    return true;
}

static bool lut_size(const rule_case *c, int64_t size)
{
    if (c->x->rank == 4 && c->x->dim[0] != 1)
        return rule_say(c, "Look-up table batch", "[1]", "[%lld]", LL(c->x->dim[0]));
    return size <= 8192 || rule_say(c, "Look-up table size", "[1, 8192]", "[%lld]", LL(size));
}

bool rule_lut(const rule_case *c)
{
    return lut_size(c, g_elements(c->x));
}

bool rule_lut_padded(const rule_case *c)
{
    int64_t ch = four(c->x, 1), h = four(c->x, 2), w = four(c->x, 3);
    int64_t a = h * align(w, 8) * align(ch, 4), b = h * w * align(ch, 32);
    return c->x->rank > 4 || lut_size(c, a < b ? a : b);
}

bool rule_power(const rule_case *c)
{
    const npu_value *e = input(c, 1);
    return (e && e->constant && g_elements(e) == 1) ||
           rule_say(c, "Pow exponent", "a constant of one element", "something else");
}

bool rule_prelu(const rule_case *c)
{
    const npu_value *s = input(c, 1);
    int64_t n = s && s->constant ? g_elements(s) : -1;
    return n == 1 || (c->x->rank > 1 && n == c->x->dim[1]) ||
           rule_say(c, "PRelu slope", "a constant per channel", "[%lld] numbers", LL(n));
}

bool rule_concat(const rule_case *c)
{
    int64_t axis = axis_attr(c, "axis", 1);
    if (axis != 1)
        return rule_say(c, "Concat axis", "[1]", "[%lld]", LL(axis));
    for (uint32_t k = 0; k < c->n->nin; k++)
        if (input(c, k) && input(c, k)->constant)
            return rule_say(c, "Concat", "feature maps", "a constant");
    return rule_map_channels(c);
}

bool rule_split(const rule_case *c)
{
    int64_t axis = axis_attr(c, "axis", 0), first = -1;
    if (axis < 1 || axis > 3 || c->x->rank != 4)
        return rule_say(c, "Split axis", "[1, 3]", "[%lld]", LL(axis));
    for (uint32_t k = 0; k < c->n->nout; k++) {
        const npu_value *y = c->n->out[k] < 0 ? NULL : &c->g->value[c->n->out[k]];
        int64_t part = y && y->rank == 4 ? y->dim[axis] : -1;
        if (first < 0)
            first = part;
        if (part != first)
            return rule_say(c, "Split parts", "equal parts", "[%lld] of [%lld]", LL(part),
                            LL(c->x->dim[axis]));
    }
    return true;
}

bool rule_slice(const rule_case *c)
{
    for (uint32_t k = 1; k < c->n->nin; k++)
        if (input(c, k) && !input(c, k)->constant)
            return rule_say(c, "Slice bounds", "constants", "the result of another node");
    return c->x->rank != 4 || c->y->rank != 4 || c->x->dim[0] == c->y->dim[0] ||
           rule_say(c, "Slice batch", "the whole batch", "[%lld] of [%lld]", LL(c->y->dim[0]),
                    LL(c->x->dim[0]));
}

bool rule_reshape(const rule_case *c)
{
    char x[G_SHAPE_TEXT], y[G_SHAPE_TEXT];
    return (c->x->rank == 4 && c->y->rank == 4 && c->x->dim[0] == c->y->dim[0] &&
            c->x->dim[1] == c->y->dim[1]) ||
           rule_say(c, "Reshape", "H and W only", "[%s] to [%s]", g_shape(c->x, x),
                    g_shape(c->y, y));
}

bool rule_block(const rule_case *c)
{
    int64_t b = g_int(c->n, "blocksize", 0);
    return b == 2 || rule_say(c, "Block size", "[2]", "[%lld]", LL(b));
}

/* Alone a Transpose is not the NPU's; the shuffle it may be part of is found by the fusion. */
bool rule_shuffle(const rule_case *c)
{
    int64_t ch = c->x->rank == 5 ? c->x->dim[1] * c->x->dim[2]
                                 : c->x->rank == 4 ? c->x->dim[1] : 0;
    return (ch > 0 && ch <= 2048) ||
           rule_say(c, "Shuffle channels", "[1, 2048]", "[%lld]", LL(ch));
}

static bool power_of_two(double f)
{
    return f == 1 || f == 2 || f == 4 || f == 8 || f == 16 || f == 32;
}

bool rule_resize(const rule_case *c)
{
    const char *mode = g_text(c->n, "mode", "nearest");
    const npu_value *x = c->x, *y = c->y;
    if (x->rank != 4 || y->rank != 4)
        return rule_map(c);
    double h = x->dim[2] > 0 ? (double)y->dim[2] / (double)x->dim[2] : 0;
    double w = x->dim[3] > 0 ? (double)y->dim[3] / (double)x->dim[3] : 0;
    if (x->dim[0] != y->dim[0] || x->dim[1] != y->dim[1])
        return rule_say(c, "Resize", "H and W only", "another batch or channel count");
    if (strcmp(mode, "nearest") != 0 && strcmp(mode, "linear") != 0)
        return rule_say(c, "Resize mode", "[nearest, linear]", "[%s]", mode);
    if (h <= 1.0 / 256 || h > 256 || w <= 1.0 / 256 || w > 256)
        return rule_say(c, "Resize ratio", "[(1/256, 256],(1/256, 256]]", "[%g,%g]", h, w);
    if (strcmp(mode, "nearest") == 0 && (!power_of_two(h) || !power_of_two(w) || h > w))
        return rule_say(c, "Resize nearest factor", "[1, 2, 4, 8, 16, 32] (height not above width)",
                        "[%g,%g]", h, w);
    return true;
}

bool rule_roi(const rule_case *c)
{
    double ratio = (double)g_float(c->n, "spatial_scale", 1);
    return (ratio > 1.0 / 256 && ratio <= 256) ||
           rule_say(c, "Roi ratio", "(1/256, 256]", "[%g]", ratio);
}

/* Pads of a Pad node, by attribute or input; 0: not known. */
static int64_t pads_of(const rule_case *c, int64_t p[8])
{
    size_t n = g_ints(c->n, "pads", p, 8);
    if (n == 0 && c->n->nin > 1 && c->n->in[1] >= 0)
        return g_const_ints(c->g, c->n->in[1], p, 8);
    return (int64_t)n;
}

bool rule_pad(const rule_case *c)
{
    const char *mode = g_text(c->n, "mode", "constant");
    int64_t p[8] = {0}, n = pads_of(c, p);
    if (strcmp(mode, "constant") != 0)
        return rule_say(c, "Pad mode", "[constant]", "[%s]", mode);
    return (n == 8 && p[0] == 0 && p[1] == 0 && p[4] == 0 && p[5] == 0) ||
           rule_say(c, "Pad axes", "H and W", "batch or channels, or not constant");
}

bool rule_cross_max(const rule_case *c)
{
    int64_t a[NPU_RANK_MAX] = {0}, ch = c->x->rank > 1 ? c->x->dim[1] : 0;
    size_t n = g_ints(c->n, "axes", a, NPU_RANK_MAX);
    if (n != 1 || a[0] != 1)
        return rule_say(c, "Cross-channel maximum axis", "[1]", "[%lld]", LL(a[0]));
    ch /= g_int(c->n, "group", 1) > 0 ? g_int(c->n, "group", 1) : 1;
    return (ch >= 1 && ch <= 64) ||
           rule_say(c, "Cross-channel maximum channels", "[1, 64]", "[%lld]", LL(ch));
}

bool rule_detection(const rule_case *c)
{
    int64_t classes = g_int(c->n, "num_classes", 1), keep = g_int(c->n, "keep_top_k", 1);
    int64_t anchors = g_int(c->n, "num_anchors", 1);
    return (classes >= 1 && classes <= 64 && anchors >= 1 && anchors <= 64 && keep <= 4096) ||
           rule_say(c, "Detection classes, anchors, results", "[[1, 64],[1, 64],[1, 4096]]",
                    "[%lld,%lld,%lld]", LL(classes), LL(anchors), LL(keep));
}

bool rule_arg_max(const rule_case *c)
{
    int64_t axis = axis_attr(c, "axis", 0), ch = c->x->rank == 4 ? c->x->dim[1] : 0;
    if (axis != 1 || c->x->rank != 4)
        return rule_say(c, "ArgMax axis", "[1] of 4 dimensions", "[%lld] of %d", LL(axis),
                        c->x->rank);
    if (g_int(c->n, "top_k", 1) != 1)
        return rule_say(c, "ArgMax top_k", "[1]", "[%lld]", LL(g_int(c->n, "top_k", 1)));
    return ch <= 64 || rule_say(c, "ArgMax channels", "[1, 64]", "[%lld]", LL(ch));
}

bool rule_mean(const rule_case *c)
{
    return rule_say(c, "ReduceMean axes", "[2, 3] of 4 dimensions", "others, of %d", c->x->rank);
}

bool rule_softmax(const rule_case *c)
{
    int64_t axis = axis_attr(c, "axis", c->g->opset < 13 ? 1 : -1);
    if (!c->on_bpu)
        return rule_say(c, "Softmax", "a node of run_on_bpu", "not named there");
    return (c->x->rank == 4 && axis == 1 && g_is_output(c->g, c->n->out[0])) ||
           rule_say(c, "Softmax", "axis 1 of 4 dimensions, at an output of the model",
                    "axis %lld of %d", LL(axis), c->x->rank);
}

bool rule_lstm(const rule_case *c)
{
    int64_t batch = c->x->rank == 3 ? c->x->dim[1] : 0;
    return batch == 1 || rule_say(c, "LSTM batch", "[1]", "[%lld]", LL(batch));
}
