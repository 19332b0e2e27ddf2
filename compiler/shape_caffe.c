/* Shape rules of Caffe's layers that have no ONNX operator.  Attribute names are those of
 * caffe.proto; element types are the data's. */
#include <string.h>

#include "compiler/shape.h"

/* One row of 7 per box: image, label, score, corners.  How many there are only data can tell; the
 * compiler plans for the most. */
npu_status cc_shape_DETECTION(cc_sh *s)
{
    int64_t keep = g_int(s->n, "keep_top_k", 100);
    int64_t dim[4] = {1, 1, keep > 0 ? keep : 100, 7};
    return cc_sh_set(s, 0, cc_sh_in(s, 0)->elem, 4, dim);
}

static int64_t count_of(const npu_node *n, const char *name)
{
    const npu_node_attr *a = g_attr(n, name);
    return a && (a->kind == NPU_ATTR_KIND_FLOATS || a->kind == NPU_ATTR_KIND_INTS)
               ? (int64_t)a->n : a ? 1 : 0;
}

/* Distinct aspect ratios besides 1, each also turned round when flip is set. */
static int64_t ratios(const npu_node *n)
{
    const npu_node_attr *a = g_attr(n, "aspect_ratio");
    float seen[64] = {1.0f};
    int64_t count = 1;
    bool flip = g_int(n, "flip", 1) != 0;
    size_t given = a && a->kind == NPU_ATTR_KIND_FLOATS ? a->n : 0;
    for (size_t i = 0; i < given && count < 62; i++) {
        bool old = false;
        for (int64_t k = 0; k < count; k++)
            old |= seen[k] - a->floats[i] < 1e-6f && a->floats[i] - seen[k] < 1e-6f;
        if (old || !(a->floats[i] > 0))
            continue;
        seen[count++] = a->floats[i];
        if (flip)
            seen[count++] = 1.0f / a->floats[i];
    }
    return count;
}

/* Boxes and their variances: 1 x 2 x (4 numbers of each prior at each place). */
npu_status cc_shape_PRIORBOX(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t min = count_of(s->n, "min_size"), max = count_of(s->n, "max_size");
    if (x->rank != 4 || min < 1 || (max && max != min))
        return cc_sh_bad(s, "data has %d dimensions, %lld min_size and %lld max_size; expected 4, "
                         "at least 1, and none or as many", x->rank, (long long)min,
                         (long long)max);
    int64_t dim[3] = {1, 2, 0}, priors = ratios(s->n) * min + max;
    if (x->dim[2] * x->dim[3] > CC_DIM_MAX || priors > CC_DIM_MAX)
        return cc_sh_bad(s, "more priors than fit");
    dim[2] = x->dim[2] * x->dim[3] * priors * 4;
    return cc_sh_set(s, 0, x->elem, 3, dim);
}

/* Pyramid of 1, 4, 16, ... bins per channel. */
npu_status cc_shape_SPP(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t height = g_int(s->n, "pyramid_height", 0), bins = 0;
    if (x->rank != 4 || height < 1 || height > 10)
        return cc_sh_bad(s, "data has %d dimensions and pyramid_height is %lld, expected 4 and 1 "
                         "to 10", x->rank, (long long)height);
    for (int64_t i = 0; i < height; i++)
        bins += INT64_C(1) << 2 * i;
    int64_t dim[2] = {x->dim[0], x->dim[1] * bins};
    return cc_sh_set(s, 0, x->elem, 2, dim);
}

npu_status cc_shape_CRELU(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 1), x->rank, &axis));
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] *= 2;
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* Cut to the size of the second input from AXIS on. */
npu_status cc_shape_CROP(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *like = cc_sh_in(s, 1);
    int64_t dim[NPU_RANK_MAX];
    int64_t offset[NPU_RANK_MAX];
    int axis, n;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 2), x->rank, &axis));
    NPU_TRY(cc_sh_list(s, "offset", UINT32_MAX, offset, NPU_RANK_MAX, &n));
    if (like->rank != x->rank || (n > 1 && n != x->rank - axis))
        return cc_sh_bad(s, "data has %d dimensions, the other input %d; %d offsets", x->rank,
                         like->rank, n);
    for (int d = 0; d < x->rank; d++) {
        int64_t skip = n > 1 ? offset[d < axis ? 0 : d - axis] : n == 1 ? offset[0] : 0;
        dim[d] = d < axis ? x->dim[d] : like->dim[d];
        if (d >= axis && (skip < 0 || skip > x->dim[d] - dim[d]))
            return cc_sh_bad(s, "dimension %d: %lld elements from %lld on, the data has %lld", d,
                             (long long)dim[d], (long long)skip, (long long)x->dim[d]);
    }
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* Regions of interest: at most post_nms_topn of 5 numbers. */
npu_status cc_shape_PROPOSAL(cc_sh *s)
{
    int64_t dim[2] = {g_int(s->n, "post_nms_topn", g_int(s->n, "post_nms_topN", 300)), 5};
    if (dim[0] < 1)
        return cc_sh_bad(s, "post_nms_topn is %lld", (long long)dim[0]);
    return cc_sh_set(s, 0, cc_sh_in(s, 0)->elem, 2, dim);
}
