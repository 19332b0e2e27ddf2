/* Caffe layers of other kinds: inputs, Softmax, ArgMax, Reduction, resizing, Reorg. */
#include <stdio.h>
#include <string.h>

#include "compiler/import_caffe.h"

void cf_input(cf_net *c, cf_layer *l);
void cf_dummy_data(cf_net *c, cf_layer *l);
void cf_memory_data(cf_net *c, cf_layer *l);
void cf_image_data(cf_net *c, cf_layer *l);
void cf_softmax(cf_net *c, cf_layer *l);
void cf_argmax(cf_net *c, cf_layer *l);
void cf_reduction(cf_net *c, cf_layer *l);
void cf_upsample(cf_net *c, cf_layer *l);
void cf_interp(cf_net *c, cf_layer *l);
void cf_reorg(cf_net *c, cf_layer *l);
void cf_pass_through(cf_net *c, cf_layer *l);

/* --- what gives data is an input of the net --------------------------------------------------- */

/* One shape for all tops, or one each. */
static void shapes(cf_net *c, cf_layer *l, const prototxt_field *p)
{
    cf_shape s = {0};
    const prototxt_field *f = prototxt_find(p ? p->child : NULL, "shape");
    for (unsigned i = 0; i < l->ntop; i++) {
        if (f) {
            s = cf_dims(c, l, f, 1);
            f = prototxt_find(f->next, "shape");
        }
        cf_net_input(c, l, i, s);
    }
}

void cf_input(cf_net *c, cf_layer *l)
{
    shapes(c, l, prototxt_get(l->m, "input_param"));
}

void cf_dummy_data(cf_net *c, cf_layer *l)
{
    static const char *const names[] = {"num", "channels", "height", "width"};
    const prototxt_field *p = prototxt_get(l->m, "dummy_data_param");
    cf_shape s = cf_shape4(1, 1, 1, 1);
    if (prototxt_get(p, "shape")) {
        shapes(c, l, p);
        return;
    }
    for (int d = 0; d < 4; d++)
        s.dim[d] = cf_int(c, l, p, names[d], 0, 1, INT32_MAX);
    for (unsigned i = 0; i < l->ntop; i++)
        cf_net_input(c, l, i, s);
}

/* The image, and a label for each. */
static void images(cf_net *c, cf_layer *l, int64_t n, int64_t channels, int64_t h, int64_t w)
{
    cf_net_input(c, l, 0, cf_shape4(n, channels, h, w));
    if (l->ntop > 1)
        cf_net_input(c, l, 1, (cf_shape){1, {n}});
}

void cf_memory_data(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "memory_data_param");
    images(c, l, cf_int(c, l, p, "batch_size", 0, 1, INT32_MAX),
           cf_int(c, l, p, "channels", 0, 1, INT32_MAX), cf_int(c, l, p, "height", 0, 1, INT32_MAX),
           cf_int(c, l, p, "width", 0, 1, INT32_MAX));
}

/* Without a size the images of the data set decide: nothing to import. */
void cf_image_data(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "image_data_param");
    const prototxt_field *t = prototxt_get(l->m, "transform_param");
    int64_t crop = cf_int(c, l, t, "crop_size", 0, 0, INT32_MAX);
    int64_t h = crop ? crop : cf_int(c, l, p, "new_height", 0, 0, INT32_MAX);
    int64_t w = crop ? crop : cf_int(c, l, p, "new_width", 0, 0, INT32_MAX);
    if (h == 0 || w == 0) {
        cf_fail(c, l, NPU_UNSUPPORTED, "no new_height and new_width: the shape is not in the file; "
                "use an Input layer");
        return;
    }
    images(c, l, cf_int(c, l, p, "batch_size", 1, 1, INT32_MAX),
           cf_bool(c, l, p, "is_color", true) ? 3 : 1, h, w);
}

/* --- along an axis ---------------------------------------------------------------------------- */

/* Softmax of opset 11 takes everything from its axis on as one row; Caffe's takes the axis alone.
 * So an axis with elements behind it goes to the end and back. */
void cf_softmax(cf_net *c, cf_layer *l)
{
    cf_shape x = cf_shape_of(c, l->in[0]), last = x;
    int axis = cf_axis(c, l, prototxt_get(l->m, "softmax_param"), "axis", 1, x.rank);
    int64_t to[NPU_RANK_MAX], back[NPU_RANK_MAX];
    if (cf_count(&x, axis + 1, x.rank) == 1 || c->status != NPU_OK) {
        int32_t n = cf_node1(c, l, NPU_OP_SOFTMAX, NULL, l->in[0], cf_top(c, l, 0, x));
        cf_set_int(c, n, "axis", axis);
        return;
    }
    for (int d = 0; d < x.rank; d++) {
        to[d] = d < axis ? d : d + 1 < x.rank ? d + 1 : axis;
        last.dim[d] = x.dim[to[d]];
    }
    for (int d = 0; d < x.rank; d++)
        back[to[d]] = d;
    int32_t a = cf_tmp(c, l, "last", last), b = cf_tmp(c, l, "softmax", last);
    cf_set_ints(c, cf_node1(c, l, NPU_OP_TRANSPOSE, "last", l->in[0], a), "perm", to,
                (size_t)x.rank);
    cf_set_int(c, cf_node1(c, l, NPU_OP_SOFTMAX, NULL, a, b), "axis", x.rank - 1);
    cf_set_ints(c, cf_node1(c, l, NPU_OP_TRANSPOSE, "back", b, cf_top(c, l, 0, x)), "perm", back,
                (size_t)x.rank);
}

static void integers(cf_net *c, int32_t v)
{
    if (v != NPU_NONE)
        c->g->value[v].elem = NPU_ELEM_INT64;
}

/* TopK of IN along AXIS: its values, or their places, are VALUE; the other output is nobody's. */
static void top_k(cf_net *c, cf_layer *l, int32_t in, int axis, int64_t k, bool places,
                  int32_t value)
{
    int32_t out[2] = {places ? NPU_NONE : value, places ? value : NPU_NONE};
    int32_t ins[2] = {in, cf_int64s(c, l, "k", &k, 1)};
    cf_shape s = cf_shape_of(c, value);
    int32_t other = cf_tmp(c, l, places ? "values" : "indices", s);
    out[places ? 0 : 1] = other;
    integers(c, out[1]);
    int32_t n = cf_node_outs(c, l, NPU_OP_TOPK, ins, 2, out, 2);
    cf_set_int(c, n, "axis", axis);
}

/* Places are integers here, as in ONNX; Caffe itself stores them as floats. */
void cf_argmax(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "argmax_param");
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    bool whole = !prototxt_get(p, "axis"), values = cf_bool(c, l, p, "out_max_val", false);
    int axis = whole ? 1 : cf_axis(c, l, p, "axis", 0, x.rank);
    int64_t k = cf_int(c, l, p, "top_k", 1, 1, INT32_MAX);
    int32_t in = l->in[0];
    if (whole && values)
        cf_fail(c, l, NPU_UNSUPPORTED, "out_max_val without an axis");
    if (whole) {
        cf_shape flat = {2, {cf_count(&x, 0, 1), cf_count(&x, 1, x.rank)}};
        in = cf_tmp(c, l, "flatten", flat);
        cf_set_int(c, cf_node1(c, l, NPU_OP_FLATTEN, "flatten", l->in[0], in), "axis", 1);
        y = flat;
    }
    if (k > y.dim[axis])
        cf_fail(c, l, NPU_BAD_INPUT, "top_k %lld of %lld", (long long)k, (long long)y.dim[axis]);
    y.dim[axis] = k;
    cf_shape shown = {3, {y.dim[0], 1, k}};
    int32_t out = whole ? cf_tmp(c, l, "flat", y) : cf_top(c, l, 0, y);
    if (!values)
        integers(c, out);
    if (k > 1 || values) {
        top_k(c, l, in, axis, k, !values, out);
    } else {
        int32_t n = cf_node1(c, l, NPU_OP_ARGMAX, NULL, in, out);
        cf_set_int(c, n, "axis", axis);
        cf_set_int(c, n, "keepdims", 1);
    }
    if (whole) {
        int32_t top = cf_top(c, l, 0, shown);
        integers(c, top);
        cf_reshape(c, l, "unflatten", out, shown, top);
    }
}

/* Everything from the axis on becomes one number. */
void cf_reduction(cf_net *c, cf_layer *l)
{
    static const char *const names[] = {"SUM", "ASUM", "SUMSQ", "MEAN", NULL};
    static const int numbers[] = {1, 2, 3, 4};
    static const npu_op ops[] = {NPU_OP_REDUCESUM, NPU_OP_REDUCEL1, NPU_OP_REDUCESUMSQUARE,
                                 NPU_OP_REDUCEMEAN};
    const prototxt_field *p = prototxt_get(l->m, "reduction_param");
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    int axis = cf_axis(c, l, p, "axis", 0, x.rank);
    double coeff = cf_num(c, l, p, "coeff", 1);
    int64_t axes[NPU_RANK_MAX];
    y.rank = axis;
    for (int d = axis; d < x.rank; d++)
        axes[d - axis] = d;
    int32_t out = coeff == 1 ? cf_top(c, l, 0, y) : cf_tmp(c, l, "sum", y);
    int32_t n = cf_node1(c, l, ops[cf_choice(c, l, p, "operation", names, numbers, 0)], NULL,
                         l->in[0], out);
    cf_set_ints(c, n, "axes", axes, (size_t)(x.rank - axis));
    cf_set_int(c, n, "keepdims", 0);
    if (coeff != 1)
        cf_node2(c, l, NPU_OP_MUL, "coeff", out, cf_scalar(c, l, "coeff_value", coeff),
                 cf_top(c, l, 0, y));
}

/* --- resizing --------------------------------------------------------------------------------- */

static bool four_dims(cf_net *c, const cf_layer *l, const cf_shape *x)
{
    if (x->rank != 4)
        cf_fail(c, l, NPU_UNSUPPORTED, "a bottom with %d dimensions, 4 expected", x->rank);
    return c->status == NPU_OK;
}

/* Fork: every element repeated SCALE times in both directions. */
void cf_upsample(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "upsample_param");
    int64_t scale = cf_int(c, l, p, "scale", 1, 1, 1 << 16);
    cf_shape x = cf_shape_of(c, l->in[0]), y = x, four = {1, {4}};
    float scales[4] = {1, 1, (float)scale, (float)scale};
    if (!four_dims(c, l, &x))
        return;
    y.dim[2] *= scale;
    y.dim[3] *= scale;
    int32_t in[3] = {l->in[0], cf_empty(c, l, "roi"), cf_floats(c, l, "scales", four, scales)};
    int32_t n = cf_node(c, l, NPU_OP_RESIZE, NULL, in, 3, cf_top(c, l, 0, y));
    cf_set_text(c, n, "mode", "nearest");
    cf_set_text(c, n, "coordinate_transformation_mode", "asymmetric");
    cf_set_text(c, n, "nearest_mode", "floor");
}

/* Fork of DeepLab: corners on corners; a size, or a factor down, then one up. */
void cf_interp(cf_net *c, cf_layer *l)
{
    static const char *const size[] = {"height", "width"};
    const prototxt_field *p = prototxt_get(l->m, "interp_param");
    int64_t shrink = cf_int(c, l, p, "shrink_factor", 1, 1, 1 << 16);
    int64_t zoom = cf_int(c, l, p, "zoom_factor", 1, 1, 1 << 16);
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    if (!four_dims(c, l, &x))
        return;
    if (cf_int(c, l, p, "pad_beg", 0, INT32_MIN, INT32_MAX) ||
        cf_int(c, l, p, "pad_end", 0, INT32_MIN, INT32_MAX))
        cf_fail(c, l, NPU_UNSUPPORTED, "pad_beg or pad_end other than 0");
    for (int d = 2; d < 4; d++) {
        int64_t less = (x.dim[d] - 1) / shrink + 1;
        y.dim[d] = cf_int(c, l, p, size[d - 2], less + (less - 1) * (zoom - 1), 1, INT32_MAX);
    }
    int32_t in[4] = {l->in[0], cf_empty(c, l, "roi"), cf_empty(c, l, "scales"),
                     cf_int64s(c, l, "sizes", y.dim, 4)};
    int32_t n = cf_node(c, l, NPU_OP_RESIZE, NULL, in, 4, cf_top(c, l, 0, y));
    cf_set_text(c, n, "mode", "linear");
    cf_set_text(c, n, "coordinate_transformation_mode", "align_corners");
}

/* Blocks of SIDE x SIDE elements become channels. */
static int32_t to_depth(cf_net *c, cf_layer *l, int64_t side)
{
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    if (!four_dims(c, l, &x))
        return NPU_NONE;
    if (x.dim[2] % side || x.dim[3] % side)
        cf_fail(c, l, NPU_BAD_INPUT, "blocks of %lld do not divide %lldx%lld", (long long)side,
                (long long)x.dim[2], (long long)x.dim[3]);
    y.dim[1] *= side * side;
    y.dim[2] /= side;
    y.dim[3] /= side;
    int32_t n = cf_node1(c, l, NPU_OP_SPACETODEPTH, NULL, l->in[0], cf_top(c, l, 0, y));
    cf_set_int(c, n, "blocksize", side);
    return n;
}

/* Darknet's reorg has its own order of channels: attribute "reorg", which ONNX does not know. */
void cf_reorg(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "reorg_param");
    int64_t side = cf_int(c, l, p, "stride", 0, 1, 1 << 10);
    if (cf_bool(c, l, p, "reverse", false))
        cf_fail(c, l, NPU_UNSUPPORTED, "reverse: true");
    cf_set_int(c, to_depth(c, l, side), "reorg", 1);
}

void cf_pass_through(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "pass_through_param");
    int64_t h = cf_int(c, l, p, "block_height", 0, 1, 1 << 10);
    int64_t w = cf_int(c, l, p, "block_width", 0, 1, 1 << 10);
    if (h != w)
        cf_fail(c, l, NPU_UNSUPPORTED, "blocks of %lldx%lld, a square expected", (long long)h,
                (long long)w);
    to_depth(c, l, h);
}
