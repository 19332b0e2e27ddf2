/* Caffe layers that move elements: Concat, Slice, Reshape, Permute, Crop, ShuffleChannel, ... */
#include <string.h>

#include "compiler/import_caffe.h"

void cf_concat(cf_net *c, cf_layer *l);
void cf_slice(cf_net *c, cf_layer *l);
void cf_split(cf_net *c, cf_layer *l);
void cf_reshape_layer(cf_net *c, cf_layer *l);
void cf_flatten(cf_net *c, cf_layer *l);
void cf_permute(cf_net *c, cf_layer *l);
void cf_crop(cf_net *c, cf_layer *l);
void cf_shuffle_channel(cf_net *c, cf_layer *l);
void cf_tile(cf_net *c, cf_layer *l);
void cf_crelu(cf_net *c, cf_layer *l);

/* The axis under today's name or the one of old files. */
static int axis_of(cf_net *c, cf_layer *l, const char *param, const char *old, int rank)
{
    const prototxt_field *p = prototxt_get(l->m, param);
    return cf_axis(c, l, p, prototxt_get(p, old) ? old : "axis", 1, rank);
}

void cf_concat(cf_net *c, cf_layer *l)
{
    cf_shape y = cf_shape_of(c, l->in[0]);
    int axis = axis_of(c, l, "concat_param", "concat_dim", y.rank);
    for (unsigned i = 1; i < l->nbottom; i++) {
        char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
        cf_shape x = cf_shape_of(c, l->in[i]), fits = x;
        fits.dim[axis] = y.dim[axis];
        if (x.rank == y.rank && cf_same(&fits, &y))
            y.dim[axis] += x.dim[axis];
        else
            cf_fail(c, l, NPU_BAD_INPUT, "bottom '%s' is %s, which does not continue %s along axis "
                    "%d", l->bottom[i], cf_text(&x, a), cf_text(&y, b), axis);
    }
    int32_t n = cf_node(c, l, NPU_OP_CONCAT, NULL, l->in, l->nbottom, cf_top(c, l, 0, y));
    cf_set_int(c, n, "axis", axis);
}

/* Sizes of the pieces from the points between them, or equal ones. */
static void pieces(cf_net *c, cf_layer *l, int64_t whole, int64_t *size)
{
    int64_t point[1024], from = 0;
    size_t n = cf_ints(c, l, prototxt_get(l->m, "slice_param"), "slice_point", 1, INT32_MAX, point,
                       1024);
    if (n ? n + 1 != l->ntop : whole % l->ntop != 0)
        cf_fail(c, l, NPU_BAD_INPUT, "%zu slice_point and %u tops for %lld", n, l->ntop,
                (long long)whole);
    for (unsigned i = 0; i < l->ntop; i++) {
        int64_t to = i < n ? point[i] : whole;
        size[i] = n ? to - from : whole / l->ntop;
        if (n && size[i] < 1)
            cf_fail(c, l, NPU_BAD_INPUT, "slice_point %lld after %lld, of %lld", (long long)to,
                    (long long)from, (long long)whole);
        from = to;
    }
}

void cf_slice(cf_net *c, cf_layer *l)
{
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    int64_t size[1024];
    int axis = axis_of(c, l, "slice_param", "slice_dim", x.rank);
    pieces(c, l, x.dim[axis], size);
    for (unsigned i = 0; i < l->ntop; i++) {
        y.dim[axis] = size[i];
        cf_top(c, l, i, y);
    }
    int32_t n = cf_node_outs(c, l, NPU_OP_SPLIT, l->in, 1, l->out, l->ntop);
    cf_set_int(c, n, "axis", axis);
    cf_set_ints(c, n, "split", size, l->ntop);
}

void cf_split(cf_net *c, cf_layer *l)
{
    (void)c;
    for (unsigned i = 0; i < l->ntop; i++)
        cf_alias(l, i, l->in[0]);
}

/* Dimensions AXIS up to END of X replaced by those of S, in which 0 copies and -1 is the rest. */
static cf_shape reshaped(cf_net *c, cf_layer *l, const cf_shape *x, const cf_shape *s, int axis,
                         int end)
{
    cf_shape y = {0};
    char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
    int rest = -1;
    int64_t known = 1, all = cf_count(x, 0, x->rank);
    bool good = axis + s->rank + (x->rank - end) <= NPU_RANK_MAX;
    for (int d = 0; d < axis && good; d++)
        y.dim[y.rank++] = x->dim[d];
    for (int d = 0; d < s->rank && good; d++) {
        if (s->dim[d] < 0) {
            good = rest < 0;
            rest = y.rank;
        }
        if (s->dim[d] == 0)
            good = axis + d < x->rank;
        y.dim[y.rank++] = s->dim[d] < 0 ? 1 : s->dim[d] ? s->dim[d] : good ? x->dim[axis + d] : 1;
    }
    for (int d = end; d < x->rank && good; d++)
        y.dim[y.rank++] = x->dim[d];
    known = good ? cf_count(&y, 0, y.rank) : 1;
    if (rest >= 0 && known && all % known == 0)
        y.dim[rest] = all / known;
    if (!good || cf_count(&y, 0, y.rank) != all)
        cf_fail(c, l, NPU_BAD_INPUT, "shape %s does not hold the %lld elements of %s",
                cf_text(s, a), (long long)all, cf_text(x, b));
    return y;
}

static void reshape_node(cf_net *c, cf_layer *l, const int64_t *dim, cf_shape y)
{
    cf_node2(c, l, NPU_OP_RESHAPE, NULL, l->in[0], cf_int64s(c, l, "shape", dim, y.rank),
             cf_top(c, l, 0, y));
}

/* A shape of the whole blob keeps its 0 and -1, so that it suits another batch, too. */
void cf_reshape_layer(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "reshape_param");
    cf_shape x = cf_shape_of(c, l->in[0]), s = cf_dims(c, l, prototxt_get(p, "shape"), -1);
    int64_t from = cf_int(c, l, p, "axis", 0, -NPU_RANK_MAX, NPU_RANK_MAX);
    int64_t axes = cf_int(c, l, p, "num_axes", -1, -1, NPU_RANK_MAX);
    from = from < 0 ? from + x.rank + 1 : from;
    int64_t end = axes < 0 ? x.rank : from + axes;
    if (from < 0 || from > x.rank || end > x.rank) {
        cf_fail(c, l, NPU_BAD_INPUT, "axis and num_axes beyond the %d dimensions", x.rank);
        return;
    }
    cf_shape y = reshaped(c, l, &x, &s, (int)from, (int)end);
    reshape_node(c, l, from == 0 && end == x.rank ? s.dim : y.dim, y);
}

void cf_flatten(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "flatten_param");
    cf_shape x = cf_shape_of(c, l->in[0]), s = {1, {-1}};
    int axis = cf_axis(c, l, p, "axis", 1, x.rank);
    int end = cf_axis(c, l, p, "end_axis", -1, x.rank);
    if (end < axis) {
        cf_fail(c, l, NPU_BAD_INPUT, "end_axis %d before axis %d", end, axis);
        return;
    }
    cf_shape y = reshaped(c, l, &x, &s, axis, end + 1);
    if (axis != 1 || end != x.rank - 1)
        reshape_node(c, l, y.dim, y);
    else
        cf_set_int(c, cf_node1(c, l, NPU_OP_FLATTEN, NULL, l->in[0], cf_top(c, l, 0, y)), "axis",
                   1);
}

/* Axes that "order" does not name follow in their own order. */
void cf_permute(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "permute_param");
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    int64_t order[NPU_RANK_MAX];
    bool used[NPU_RANK_MAX] = {false};
    size_t n = cf_ints(c, l, p, "order", 0, x.rank - 1, order, (size_t)x.rank);
    for (size_t i = 0; i < n; i++) {
        if (used[order[i]])
            cf_fail(c, l, NPU_BAD_INPUT, "order names axis %lld twice", (long long)order[i]);
        used[order[i]] = true;
    }
    for (int d = 0; d < x.rank && c->status == NPU_OK; d++)
        if (!used[d])
            order[n++] = d;
    for (int d = 0; d < x.rank && c->status == NPU_OK; d++)
        y.dim[d] = x.dim[order[d]];
    int32_t node = cf_node1(c, l, NPU_OP_TRANSPOSE, NULL, l->in[0], cf_top(c, l, 0, y));
    cf_set_ints(c, node, "perm", order, n);
}

/* The first bottom cut to the size of the second, from AXIS on. */
void cf_crop(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "crop_param");
    cf_shape x = cf_shape_of(c, l->in[0]), like = cf_shape_of(c, l->in[1]), y = x;
    int64_t given[NPU_RANK_MAX] = {0}, offset[NPU_RANK_MAX] = {0};
    int axis = cf_axis(c, l, p, "axis", 2, x.rank);
    size_t n = cf_ints(c, l, p, "offset", 0, INT32_MAX, given, NPU_RANK_MAX);
    if (like.rank != x.rank || (n > 1 && n != (size_t)(x.rank - axis))) {
        cf_fail(c, l, NPU_BAD_INPUT, "%zu offsets and bottoms of %d and %d dimensions", n, x.rank,
                like.rank);
        return;
    }
    for (int d = axis; d < x.rank; d++) {
        offset[d] = n == 0 ? 0 : given[n == 1 ? 0 : d - axis];
        y.dim[d] = like.dim[d];
        if (offset[d] + y.dim[d] > x.dim[d])
            cf_fail(c, l, NPU_BAD_INPUT, "axis %d: offset %lld and size %lld beyond %lld", d,
                    (long long)offset[d], (long long)y.dim[d], (long long)x.dim[d]);
    }
    int32_t node = cf_node2(c, l, NPU_OP_CROP, NULL, l->in[0], l->in[1], cf_top(c, l, 0, y));
    cf_set_int(c, node, "axis", axis);
    cf_set_ints(c, node, "offset", offset + axis, (size_t)(x.rank - axis));
}

/* Fork: channels as a matrix of GROUP rows, transposed. */
void cf_shuffle_channel(cf_net *c, cf_layer *l)
{
    static const int64_t swap[] = {0, 2, 1, 3, 4};
    const prototxt_field *p = prototxt_get(l->m, "shuffle_channel_param");
    int64_t group = cf_int(c, l, p, "group", 1, 1, INT32_MAX);
    cf_shape x = cf_shape_of(c, l->in[0]);
    if (x.rank != 4 || x.dim[1] % group) {
        cf_fail(c, l, NPU_BAD_INPUT, "group %lld, a divisor of the %lld channels of a blob with 4 "
                "dimensions expected", (long long)group, (long long)x.dim[1]);
        return;
    }
    cf_shape rows = {5, {x.dim[0], group, x.dim[1] / group, x.dim[2], x.dim[3]}}, columns = rows;
    columns.dim[1] = rows.dim[2];
    columns.dim[2] = rows.dim[1];
    int32_t a = cf_reshape(c, l, "rows", l->in[0], rows, NPU_NONE);
    int32_t b = cf_tmp(c, l, "columns", columns);
    cf_set_ints(c, cf_node1(c, l, NPU_OP_TRANSPOSE, NULL, a, b), "perm", swap, 5);
    cf_reshape(c, l, "channels", b, x, cf_top(c, l, 0, x));
}

void cf_tile(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "tile_param");
    cf_shape x = cf_shape_of(c, l->in[0]), y = x;
    int axis = cf_axis(c, l, p, "axis", 1, x.rank);
    int64_t repeats[NPU_RANK_MAX];
    for (int d = 0; d < x.rank; d++)
        repeats[d] = 1;
    repeats[axis] = cf_int(c, l, p, "tiles", 0, 1, 1 << 20);
    if (__builtin_mul_overflow(x.dim[axis], repeats[axis], &y.dim[axis]))
        y.dim[axis] = 0;
    cf_node2(c, l, NPU_OP_TILE, NULL, l->in[0], cf_int64s(c, l, "repeats", repeats, x.rank),
             cf_top(c, l, 0, y));
}

void cf_crelu(cf_net *c, cf_layer *l)
{
    cf_shape y = cf_shape_of(c, l->in[0]);
    int axis = cf_axis(c, l, prototxt_get(l->m, "crelu_param"), "concat_axis", 1, y.rank);
    y.dim[axis] *= 2;
    cf_set_int(c, cf_node1(c, l, NPU_OP_CRELU, NULL, l->in[0], cf_top(c, l, 0, y)), "axis", axis);
}
