/* Shape rules: element by element, types, normalisation. */
#include <string.h>

#include "compiler/shape.h"

npu_status cc_shape_SAME(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    return cc_sh_like(s, 0, x->elem, x);
}

npu_status cc_shape_TRUTH(cc_sh *s)
{
    return cc_sh_like(s, 0, NPU_ELEM_BOOL, cc_sh_in(s, 0));
}

/* All inputs broadcast together; the result's element type is ELEM. */
static npu_status broadcast(cc_sh *s, npu_elem elem)
{
    int64_t dim[NPU_RANK_MAX];
    int rank = 0;
    for (uint32_t k = 0; k < s->n->nin; k++)
        if (cc_sh_in(s, k))
            NPU_TRY(cc_sh_broadcast(s, &rank, dim, cc_sh_in(s, k)));
    return cc_sh_set(s, 0, elem, rank, dim);
}

npu_status cc_shape_BROADCAST(cc_sh *s)
{
    npu_elem elem = cc_sh_in(s, 0)->elem;
    for (uint32_t k = 1; k < s->n->nin; k++)
        if (s->n->op != NPU_OP_POW && cc_sh_in(s, k) && cc_sh_in(s, k)->elem != elem)
            return cc_sh_bad(s, "input %u is %s and input 0 %s, expected the same type", k,
                             npu_elem_name(cc_sh_in(s, k)->elem), npu_elem_name(elem));
    return broadcast(s, elem);
}

npu_status cc_shape_COMPARE(cc_sh *s)
{
    return broadcast(s, NPU_ELEM_BOOL);
}

npu_status cc_shape_WHERE(cc_sh *s)
{
    if (cc_sh_in(s, 0)->elem != NPU_ELEM_BOOL)
        return cc_sh_bad(s, "the condition is %s, expected bool",
                         npu_elem_name(cc_sh_in(s, 0)->elem));
    return broadcast(s, cc_sh_in(s, 1)->elem);
}

/* The slope may be broadcast, the data not. */
npu_status cc_shape_PRELU(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int rank = x->rank;
    memcpy(dim, x->dim, sizeof dim);
    NPU_TRY(cc_sh_broadcast(s, &rank, dim, cc_sh_in(s, 1)));
    if (rank != x->rank || memcmp(dim, x->dim, sizeof *dim * (size_t)rank) != 0) {
        char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
        return cc_sh_bad(s, "slope %s is larger than the data %s", g_shape(cc_sh_in(s, 1), a),
                         g_shape(x, b));
    }
    return cc_sh_set(s, 0, x->elem, rank, dim);
}

static npu_status elem_of(const cc_sh *s, const char *attr, npu_elem dflt, npu_elem *out)
{
    int64_t e = g_int(s->n, attr, dflt);
    if (e <= NPU_ELEM_NONE || e >= NPU_ELEMS || strcmp(npu_elem_name((npu_elem)e), "?") == 0)
        return cc_sh_bad(s, "%s is %lld, which is no element type", attr, (long long)e);
    *out = (npu_elem)e;
    return NPU_OK;
}

npu_status cc_shape_CAST(cc_sh *s)
{
    npu_elem e;
    NPU_TRY(elem_of(s, "to", NPU_ELEM_NONE, &e));
    return cc_sh_like(s, 0, e, cc_sh_in(s, 0));
}

npu_status cc_shape_CASTLIKE(cc_sh *s)
{
    return cc_sh_like(s, 0, cc_sh_in(s, 1)->elem, cc_sh_in(s, 0));
}

npu_status cc_shape_EYELIKE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    npu_elem e;
    NPU_TRY(elem_of(s, "dtype", x->elem, &e));
    if (x->rank != 2)
        return cc_sh_bad(s, "input has %d dimensions, expected 2", x->rank);
    return cc_sh_like(s, 0, e, x);
}

/* --- quantisation ----------------------------------------------------------------------------- */

/* Scale and zero point of the data: one number, or one per element along the axis. */
static npu_status check_scale(const cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    for (unsigned k = 1; k < 3; k++) {
        const npu_value *v = cc_sh_in(s, k);
        if (!v || g_elements(v) == 1)
            continue;
        int axis;
        NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 1), x->rank, &axis));
        if (v->rank != 1 || v->dim[0] != x->dim[axis])
            return cc_sh_bad(s, "'%s' has %lld elements, expected 1 or the %lld of axis %d",
                             v->name, (long long)g_elements(v), (long long)x->dim[axis], axis);
    }
    return NPU_OK;
}

npu_status cc_shape_QUANTIZE(cc_sh *s)
{
    const npu_value *zero = cc_sh_in(s, 2);
    npu_elem e;
    NPU_TRY(check_scale(s));
    NPU_TRY(elem_of(s, "output_dtype", zero ? zero->elem : NPU_ELEM_UINT8, &e));
    return cc_sh_like(s, 0, e, cc_sh_in(s, 0));
}

npu_status cc_shape_DEQUANTIZE(cc_sh *s)
{
    NPU_TRY(check_scale(s));
    return cc_sh_like(s, 0, cc_sh_in(s, 1)->elem, cc_sh_in(s, 0));
}

npu_status cc_shape_DYNQUANT(cc_sh *s)
{
    NPU_TRY(cc_sh_like(s, 0, NPU_ELEM_UINT8, cc_sh_in(s, 0)));
    NPU_TRY(cc_sh_set(s, 1, NPU_ELEM_FLOAT, 0, NULL));
    return cc_sh_set(s, 2, NPU_ELEM_UINT8, 0, NULL);
}

/* --- normalisation ---------------------------------------------------------------------------- */

/* Inputs FROM to TO - 1 have one number per channel. */
static npu_status per_channel(const cc_sh *s, unsigned from, unsigned to, int64_t channels)
{
    for (unsigned k = from; k < to; k++) {
        const npu_value *v = cc_sh_in(s, k);
        if (v && (v->rank != 1 || v->dim[0] != channels))
            return cc_sh_bad(s, "input %u, '%s', has %lld elements, expected one per channel: %lld",
                             k, v->name, (long long)g_elements(v), (long long)channels);
    }
    return NPU_OK;
}

static int64_t channels_of(const npu_value *x)
{
    return x->rank > 1 ? x->dim[1] : 1;
}

/* In training, and before opset 14 always, the statistics are outputs too. */
npu_status cc_shape_BATCHNORM(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t c = channels_of(x);
    if (x->rank < 1)
        return cc_sh_bad(s, "input is a scalar, expected channels");
    NPU_TRY(per_channel(s, 1, 5, c));
    NPU_TRY(cc_sh_like(s, 0, x->elem, x));
    for (unsigned k = 1; k < (s->g->opset < 14 ? 5 : 3); k++)
        NPU_TRY(cc_sh_set(s, k, cc_sh_in(s, 3)->elem, 1, &c));
    return NPU_OK;
}

npu_status cc_shape_INSTANCENORM(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    if (x->rank < 2)
        return cc_sh_bad(s, "input has %d dimensions, expected at least 2", x->rank);
    NPU_TRY(per_channel(s, 1, 3, channels_of(x)));
    return cc_sh_like(s, 0, x->elem, x);
}

/* Scale and bias per group before opset 21, per channel from then on. */
npu_status cc_shape_GROUPNORM(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t groups = g_int(s->n, "num_groups", 0);
    if (x->rank < 2 || groups < 1 || x->dim[1] % groups != 0)
        return cc_sh_bad(s, "num_groups is %lld, expected a divisor of the %lld channels",
                         (long long)groups, (long long)channels_of(x));
    NPU_TRY(per_channel(s, 1, 3, groups));
    return cc_sh_like(s, 0, x->elem, x);
}

npu_status cc_shape_LAYERNORM(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int axis, rank = x->rank;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", -1), rank, &axis));
    memcpy(dim, x->dim, sizeof dim);
    for (unsigned k = 1; k < 3; k++)
        if (cc_sh_in(s, k)) {
            NPU_TRY(cc_sh_broadcast(s, &rank, dim, cc_sh_in(s, k)));
            if (rank != x->rank || memcmp(dim, x->dim, sizeof *dim * (size_t)rank) != 0)
                return cc_sh_bad(s, "input %u is larger than the data", k);
        }
    NPU_TRY(cc_sh_like(s, 0, x->elem, x));
    for (int d = axis; d < x->rank; d++)
        dim[d] = 1;
    NPU_TRY(cc_sh_set(s, 1, NPU_ELEM_FLOAT, x->rank, dim));
    return cc_sh_set(s, 2, NPU_ELEM_FLOAT, x->rank, dim);
}

/* Like the input, with an axis that must exist. */
npu_status cc_shape_AXIS(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int axis;
    if (x->rank > 0)
        NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", s->g->opset < 13 ? 0 : -1), x->rank, &axis));
    return cc_sh_like(s, 0, x->elem, x);
}

/* The mask is bool from opset 10 on, of the data's type before. */
npu_status cc_shape_DROPOUT(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    NPU_TRY(cc_sh_like(s, 0, x->elem, x));
    return cc_sh_like(s, 1, s->g->opset < 10 ? x->elem : NPU_ELEM_BOOL, x);
}

npu_status cc_shape_LRN(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    if (x->rank < 2 || g_int(s->n, "size", 0) < 1)
        return cc_sh_bad(s, "size is %lld and the input has %d dimensions, expected at least 1 and "
                         "2", (long long)g_int(s->n, "size", 0), x->rank);
    return cc_sh_like(s, 0, x->elem, x);
}
