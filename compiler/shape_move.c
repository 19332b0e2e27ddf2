/* Shape rules: the same elements in another arrangement. */
#include <string.h>

#include "compiler/shape.h"

npu_status cc_shape_CONCAT(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 1), x->rank, &axis));
    memcpy(dim, x->dim, sizeof dim);
    for (uint32_t k = 1; k < s->n->nin; k++) {
        const npu_value *v = cc_sh_in(s, k);
        char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
        bool fits = v && v->rank == x->rank && v->elem == x->elem;
        for (int d = 0; fits && d < x->rank; d++)
            fits = d == axis || v->dim[d] == x->dim[d];
        if (!fits)
            return cc_sh_bad(s, "input %u is %s %s, expected %s %s but for dimension %d", k,
                             v ? npu_elem_name(v->elem) : "left out", v ? g_shape(v, a) : "",
                             npu_elem_name(x->elem), g_shape(x, b), axis);
        dim[axis] += v->dim[axis];
        if (dim[axis] > CC_DIM_MAX)
            return cc_sh_bad(s, "more than %lld along axis %d", (long long)CC_DIM_MAX, axis);
    }
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* Without sizes: equal parts; from opset 18 on the last may be smaller. */
static npu_status equal_parts(const cc_sh *s, int64_t all, int64_t *part)
{
    int64_t n = s->n->nout, each = (all + n - 1) / n;
    if (g_int(s->n, "num_outputs", n) != n)
        return cc_sh_bad(s, "num_outputs is %lld, the node has %lld outputs",
                         (long long)g_int(s->n, "num_outputs", n), (long long)n);
    if ((s->g->opset < 18 && all % n != 0) || each * (n - 1) > all)
        return cc_sh_bad(s, "%lld elements in %lld parts", (long long)all, (long long)n);
    for (int64_t i = 0; i < n; i++)
        part[i] = i < n - 1 ? each : all - each * (n - 1);
    return NPU_OK;
}

enum { PARTS_MAX = 1024 };

npu_status cc_shape_SPLIT(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t part[PARTS_MAX], dim[NPU_RANK_MAX], sum = 0;
    int axis, n;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
    NPU_TRY(cc_sh_list(s, "split", 1, part, PARTS_MAX, &n));
    if (n == CC_UNKNOWN)
        return cc_sh_depends(s, 1);
    if (s->n->nout > PARTS_MAX || (n != CC_ABSENT && n != (int)s->n->nout))
        return cc_sh_bad(s, "%d parts and %u outputs, expected the same and at most %d", n,
                         s->n->nout, PARTS_MAX);
    if (n == CC_ABSENT)
        NPU_TRY(equal_parts(s, x->dim[axis], part));
    memcpy(dim, x->dim, sizeof dim);
    for (uint32_t k = 0; k < s->n->nout; k++) {
        dim[axis] = part[k];
        if (part[k] < 0 || part[k] > CC_DIM_MAX)
            return cc_sh_bad(s, "part %u has %lld elements", k, (long long)part[k]);
        sum += part[k];
        NPU_TRY(cc_sh_set(s, k, x->elem, x->rank, dim));
    }
    return sum == x->dim[axis] ? NPU_OK
                               : cc_sh_bad(s, "parts have %lld elements together, expected %lld",
                                           (long long)sum, (long long)x->dim[axis]);
}

/* --- slice, pad ------------------------------------------------------------------------------- */

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* One dimension of SIZE elements, with START and END as ONNX counts them. */
static void slice_one(cc_slice *o, int d, int64_t size, int64_t start, int64_t end, int64_t step)
{
    start = clamp(start, -CC_DIM_MAX - 1, CC_DIM_MAX);
    end = clamp(end, -CC_DIM_MAX - 1, CC_DIM_MAX);
    start += start < 0 ? size : 0;
    end += end < 0 ? size : 0;
    step = clamp(step, -CC_DIM_MAX, CC_DIM_MAX);
    start = clamp(start, 0, step < 0 ? size - 1 : size);
    end = clamp(end, step < 0 ? -1 : 0, size);
    int64_t n = step < 0 ? (start - end - step - 1) / -step : (end - start + step - 1) / step;
    o->start[d] = start;
    o->step[d] = step;
    o->count[d] = size > 0 && n > 0 ? n : 0;
}

npu_status cc_sh_slice(const cc_sh *s, cc_slice *o, bool *known)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t list[4][NPU_RANK_MAX];
    int n[4];
    static const char *const names[4] = {"starts", "ends", "axes", "steps"};
    *known = true;
    for (unsigned i = 0; i < 4; i++) {
        NPU_TRY(cc_sh_list(s, i < 3 ? names[i] : NULL, i + 1, list[i], NPU_RANK_MAX, &n[i]));
        *known &= n[i] != CC_UNKNOWN;
    }
    if (!*known)
        return NPU_OK;
    for (unsigned i = 0; i < 4; i++)
        if (n[i] != n[0] && (i < 2 || n[i] != CC_ABSENT))
            return cc_sh_bad(s, "%d starts and %d %s", n[0], n[i], names[i]);
    if (n[0] == CC_ABSENT)
        return cc_sh_bad(s, "no starts");
    for (int d = 0; d < x->rank; d++)
        slice_one(o, d, x->dim[d], 0, CC_DIM_MAX, 1);
    for (int i = 0; i < n[0]; i++) {
        int axis;
        int64_t step = n[3] == CC_ABSENT ? 1 : list[3][i];
        NPU_TRY(cc_sh_axis(s, n[2] == CC_ABSENT ? i : list[2][i], x->rank, &axis));
        if (step == 0)
            return cc_sh_bad(s, "step 0 on axis %d", axis);
        slice_one(o, axis, x->dim[axis], list[0][i], list[1][i], step);
    }
    return NPU_OK;
}

npu_status cc_shape_SLICE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    cc_slice o;
    bool known;
    NPU_TRY(cc_sh_slice(s, &o, &known));
    return known ? cc_sh_set(s, 0, x->elem, x->rank, o.count) : cc_sh_depends(s, 1);
}

npu_status cc_shape_PAD(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t pad[2 * NPU_RANK_MAX], axes[NPU_RANK_MAX], dim[NPU_RANK_MAX];
    int n, naxes;
    NPU_TRY(cc_sh_list(s, "pads", 1, pad, 2 * NPU_RANK_MAX, &n));
    NPU_TRY(cc_sh_list(s, NULL, 3, axes, NPU_RANK_MAX, &naxes));
    if (n == CC_UNKNOWN || naxes == CC_UNKNOWN)
        return cc_sh_depends(s, n == CC_UNKNOWN ? 1 : 3);
    int count = naxes == CC_ABSENT ? x->rank : naxes;
    if (n != 2 * count)
        return cc_sh_bad(s, "%d pads, expected %d", n == CC_ABSENT ? 0 : n, 2 * count);
    memcpy(dim, x->dim, sizeof dim);
    for (int i = 0; i < count; i++) {
        int d = i;
        if (naxes != CC_ABSENT)
            NPU_TRY(cc_sh_axis(s, axes[i], x->rank, &d));
        for (int k = i; k < n; k += count)
            if (pad[k] < -CC_DIM_MAX || pad[k] > CC_DIM_MAX)
                return cc_sh_bad(s, "pad of %lld", (long long)pad[k]);
        dim[d] += pad[i] + pad[count + i];
    }
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* --- same elements, same order ---------------------------------------------------------------- */

npu_status cc_shape_RESHAPE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX], known = 1, all = g_elements(x);
    int n, open = -1;
    NPU_TRY(cc_sh_list(s, "shape", 1, dim, NPU_RANK_MAX, &n));
    if (n == CC_UNKNOWN)
        return cc_sh_depends(s, 1);
    if (n == CC_ABSENT)
        return cc_sh_bad(s, "no shape");
    for (int d = 0; d < n; d++) {
        if (dim[d] == 0 && !g_int(s->n, "allowzero", 0)) {
            if (d >= x->rank)
                return cc_sh_bad(s, "dimension %d is copied, the input has %d", d, x->rank);
            dim[d] = x->dim[d];
        }
        if (dim[d] < -1 || dim[d] > CC_DIM_MAX || (dim[d] == -1 && open >= 0))
            return cc_sh_bad(s, "dimension %d of the shape is %lld", d, (long long)dim[d]);
        if (dim[d] == -1)
            open = d;
        else if (__builtin_mul_overflow(known, dim[d], &known))
            return cc_sh_bad(s, "the shape has more elements than fit");
    }
    if (open >= 0)
        dim[open] = known ? all / known : 0;
    if (open >= 0 ? known ? all % known != 0 : all != 0 : known != all)
        return cc_sh_bad(s, "%lld elements, the shape has %s%lld", (long long)all,
                         open >= 0 ? "a multiple of " : "", (long long)known);
    return cc_sh_set(s, 0, x->elem, n, dim);
}

npu_status cc_shape_FLATTEN(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[2] = {1, 1}, axis = g_int(s->n, "axis", 1);
    if (axis < -x->rank || axis > x->rank)
        return cc_sh_bad(s, "axis %lld, expected %d to %d", (long long)axis, -x->rank, x->rank);
    axis += axis < 0 ? x->rank : 0;
    for (int d = 0; d < x->rank; d++)
        dim[d >= axis] *= x->dim[d];
    return cc_sh_set(s, 0, x->elem, 2, dim);
}

/* Axes of attribute or input 1 as a mask over RANK dimensions.  *N as of cc_sh_list. */
static npu_status axes_mask(const cc_sh *s, int rank, bool *mask, int *n)
{
    int64_t axes[NPU_RANK_MAX];
    NPU_TRY(cc_sh_list(s, "axes", 1, axes, NPU_RANK_MAX, n));
    memset(mask, 0, NPU_RANK_MAX * sizeof *mask);
    for (int i = 0; i < *n; i++) {
        int d;
        NPU_TRY(cc_sh_axis(s, axes[i], rank, &d));
        if (mask[d])
            return cc_sh_bad(s, "axis %d is named twice", d);
        mask[d] = true;
    }
    return NPU_OK;
}

npu_status cc_shape_SQUEEZE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    bool mask[NPU_RANK_MAX];
    int n, rank = 0;
    NPU_TRY(axes_mask(s, x->rank, mask, &n));
    if (n == CC_UNKNOWN)
        return cc_sh_depends(s, 1);
    for (int d = 0; d < x->rank; d++) {
        if (n != CC_ABSENT && mask[d] && x->dim[d] != 1)
            return cc_sh_bad(s, "dimension %d is %lld, expected 1", d, (long long)x->dim[d]);
        if (n == CC_ABSENT ? x->dim[d] != 1 : !mask[d])
            dim[rank++] = x->dim[d];
    }
    return cc_sh_set(s, 0, x->elem, rank, dim);
}

npu_status cc_shape_UNSQUEEZE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX], axes[NPU_RANK_MAX];
    bool mask[NPU_RANK_MAX];
    int n, from = 0;
    NPU_TRY(cc_sh_list(s, "axes", 1, axes, NPU_RANK_MAX, &n));
    if (n == CC_UNKNOWN)
        return cc_sh_depends(s, 1);
    if (n == CC_ABSENT || x->rank + n > NPU_RANK_MAX)
        return cc_sh_bad(s, "%d axes onto %d dimensions, at most %d are possible",
                         n == CC_ABSENT ? 0 : n, x->rank, NPU_RANK_MAX);
    NPU_TRY(axes_mask(s, x->rank + n, mask, &n));
    for (int d = 0; d < x->rank + n; d++)
        dim[d] = mask[d] ? 1 : x->dim[from++];
    return cc_sh_set(s, 0, x->elem, x->rank + n, dim);
}

/* --- same elements, another order ------------------------------------------------------------- */

npu_status cc_sh_perm(const cc_sh *s, int *perm)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t list[NPU_RANK_MAX];
    bool seen[NPU_RANK_MAX] = {false};
    int n;
    NPU_TRY(cc_sh_list(s, "perm", UINT32_MAX, list, NPU_RANK_MAX, &n));
    if (n != CC_ABSENT && n != x->rank)
        return cc_sh_bad(s, "perm has %d numbers, expected %d", n, x->rank);
    for (int d = 0; d < x->rank; d++) {
        int64_t p = n == CC_ABSENT ? x->rank - 1 - d : list[d];
        if (p < 0 || p >= x->rank || seen[p])
            return cc_sh_bad(s, "perm holds %lld, expected each of 0 to %d once", (long long)p,
                             x->rank - 1);
        seen[p] = true;
        perm[d] = (int)p;
    }
    return NPU_OK;
}

npu_status cc_shape_TRANSPOSE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int perm[NPU_RANK_MAX];
    NPU_TRY(cc_sh_perm(s, perm));
    for (int d = 0; d < x->rank; d++)
        dim[d] = x->dim[perm[d]];
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

static npu_status blocks(cc_sh *s, bool to_space)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t b = g_int(s->n, "blocksize", 0), dim[NPU_RANK_MAX];
    if (x->rank != 4 || b < 1 || b > 4096)
        return cc_sh_bad(s, "%d dimensions and blocksize %lld, expected 4 and 1 to 4096", x->rank,
                         (long long)b);
    if (to_space ? x->dim[1] % (b * b) != 0 : x->dim[2] % b != 0 || x->dim[3] % b != 0) {
        char text[G_SHAPE_TEXT];
        return cc_sh_bad(s, "shape %s is not in whole blocks of %lld", g_shape(x, text),
                         (long long)b);
    }
    dim[0] = x->dim[0];
    dim[1] = to_space ? x->dim[1] / (b * b) : x->dim[1] * b * b;
    for (int d = 2; d < 4; d++)
        dim[d] = to_space ? x->dim[d] * b : x->dim[d] / b;
    return cc_sh_set(s, 0, x->elem, 4, dim);
}

npu_status cc_shape_DEPTHTOSPACE(cc_sh *s)
{
    return blocks(s, true);
}

npu_status cc_shape_SPACETODEPTH(cc_sh *s)
{
    return blocks(s, false);
}
