/* Shape rules: copies of elements (Expand, Tile, Gather, ...) and picked ones. */
#include <string.h>

#include "compiler/shape.h"

npu_status cc_shape_EXPAND(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int rank;
    NPU_TRY(cc_sh_list(s, NULL, 1, dim, NPU_RANK_MAX, &rank));
    if (rank < 0)
        return cc_sh_depends(s, 1);
    NPU_TRY(cc_sh_broadcast(s, &rank, dim, x));
    return cc_sh_set(s, 0, x->elem, rank, dim);
}

npu_status cc_shape_TILE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int n;
    NPU_TRY(cc_sh_list(s, NULL, 1, dim, NPU_RANK_MAX, &n));
    if (n < 0)
        return cc_sh_depends(s, 1);
    if (n != x->rank)
        return cc_sh_bad(s, "%d repeats, expected %d", n, x->rank);
    for (int d = 0; d < n; d++) {
        if (dim[d] < 0 || dim[d] > CC_DIM_MAX)
            return cc_sh_bad(s, "repeats holds %lld", (long long)dim[d]);
        dim[d] *= x->dim[d];
    }
    return cc_sh_set(s, 0, x->elem, n, dim);
}

npu_status cc_shape_GATHER(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *at = cc_sh_in(s, 1);
    int64_t dim[2 * NPU_RANK_MAX];
    int axis, rank = 0;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
    for (int d = 0; d < axis; d++)
        dim[rank++] = x->dim[d];
    for (int d = 0; d < at->rank; d++)
        dim[rank++] = at->dim[d];
    for (int d = axis + 1; d < x->rank; d++)
        dim[rank++] = x->dim[d];
    return cc_sh_set(s, 0, x->elem, rank, dim);
}

npu_status cc_shape_GATHERELEMENTS(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *at = cc_sh_in(s, 1);
    int axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
    if (at->rank != x->rank)
        return cc_sh_bad(s, "indices have %d dimensions, expected %d", at->rank, x->rank);
    return cc_sh_like(s, 0, x->elem, at);
}

npu_status cc_shape_GATHERND(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *at = cc_sh_in(s, 1);
    int64_t dim[2 * NPU_RANK_MAX], batch = g_int(s->n, "batch_dims", 0);
    int rank = 0;
    int64_t depth = at->rank > 0 ? at->dim[at->rank - 1] : 0;
    if (batch < 0 || batch >= at->rank || depth < 1 || batch + depth > x->rank)
        return cc_sh_bad(s, "indices of %lld numbers after %lld batch dimensions, the data has %d",
                         (long long)depth, (long long)batch, x->rank);
    for (int d = 0; d < at->rank - 1; d++)
        dim[rank++] = at->dim[d];
    for (int d = (int)(batch + depth); d < x->rank; d++)
        dim[rank++] = x->dim[d];
    return cc_sh_set(s, 0, x->elem, rank, dim);
}

npu_status cc_shape_SCATTER(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *at = cc_sh_in(s, 1), *u = cc_sh_in(s, 2);
    if (s->n->op == NPU_OP_SCATTERELEMENTS) {
        bool fits = at->rank == x->rank && u->rank == x->rank;
        for (int d = 0; fits && d < x->rank; d++)
            fits = at->dim[d] == u->dim[d];
        int axis;
        NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
        if (!fits)
            return cc_sh_bad(s, "indices and updates differ in shape, or from the data in rank");
    } else if (at->rank < 1 || at->dim[at->rank - 1] < 1 || at->dim[at->rank - 1] > x->rank) {
        return cc_sh_bad(s, "indices have %lld numbers each, the data has %d dimensions",
                         (long long)(at->rank < 1 ? 0 : at->dim[at->rank - 1]), x->rank);
    }
    return cc_sh_like(s, 0, x->elem, x);
}

npu_status cc_shape_ONEHOT(cc_sh *s)
{
    const npu_value *at = cc_sh_in(s, 0), *values = cc_sh_in(s, 2);
    int64_t depth, dim[NPU_RANK_MAX + 1];
    int n, axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", -1), at->rank + 1, &axis));
    NPU_TRY(cc_sh_list(s, NULL, 1, &depth, 1, &n));
    if (n != 1)
        return cc_sh_depends(s, 1);
    for (int d = 0; d <= at->rank; d++)
        dim[d] = d == axis ? depth : at->dim[d - (d > axis)];
    return cc_sh_set(s, 0, values->elem, at->rank + 1, dim);
}

npu_status cc_shape_TOPK(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t k, dim[NPU_RANK_MAX];
    int n, axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", -1), x->rank, &axis));
    NPU_TRY(cc_sh_list(s, "k", 1, &k, 1, &n));
    if (n != 1)
        return cc_sh_depends(s, 1);
    if (k < 0 || k > x->dim[axis])
        return cc_sh_bad(s, "k is %lld, dimension %d has %lld elements", (long long)k, axis,
                         (long long)x->dim[axis]);
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] = k;
    NPU_TRY(cc_sh_set(s, 0, x->elem, x->rank, dim));
    return cc_sh_set(s, 1, NPU_ELEM_INT64, x->rank, dim);
}

/* --- reductions ------------------------------------------------------------------------------- */

npu_status cc_sh_reduced(const cc_sh *s, bool *mask, bool *known)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t axes[NPU_RANK_MAX];
    int n;
    NPU_TRY(cc_sh_list(s, "axes", 1, axes, NPU_RANK_MAX, &n));
    *known = n != CC_UNKNOWN;
    bool all = n <= 0 && !g_int(s->n, "noop_with_empty_axes", 0);
    for (int d = 0; d < x->rank; d++)
        mask[d] = all;
    for (int i = 0; i < n; i++) {
        int d;
        NPU_TRY(cc_sh_axis(s, axes[i], x->rank, &d));
        mask[d] = true;
    }
    return NPU_OK;
}

static npu_status reduce(cc_sh *s, const bool *mask, npu_elem elem)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int rank = 0;
    bool keep = g_int(s->n, "keepdims", 1) != 0;
    for (int d = 0; d < x->rank; d++)
        if (!mask[d] || keep)
            dim[rank++] = mask[d] ? 1 : x->dim[d];
    return cc_sh_set(s, 0, elem, rank, dim);
}

npu_status cc_shape_REDUCE(cc_sh *s)
{
    bool mask[NPU_RANK_MAX], known;
    NPU_TRY(cc_sh_reduced(s, mask, &known));
    return known ? reduce(s, mask, cc_sh_in(s, 0)->elem) : cc_sh_depends(s, 1);
}

npu_status cc_shape_ARGREDUCE(cc_sh *s)
{
    bool mask[NPU_RANK_MAX] = {false};
    int axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), cc_sh_in(s, 0)->rank, &axis));
    mask[axis] = true;
    return reduce(s, mask, NPU_ELEM_INT64);
}
