/* Shape rules: values made of shapes and numbers, and those that only data can tell. */
#include <math.h>
#include <string.h>

#include "compiler/shape.h"

static const npu_node_attr *first_attr(const npu_node *n)
{
    static const char *const names[] = {"value", "value_float", "value_floats", "value_int",
                                        "value_ints"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (g_attr(n, names[i]))
            return g_attr(n, names[i]);
    return NULL;
}

npu_status cc_shape_CONSTANT(cc_sh *s)
{
    const npu_node_attr *a = first_attr(s->n);
    int64_t n = a ? (int64_t)a->n : 0;
    switch (a ? a->kind : NPU_ATTR_KIND_OTHER) {
    case NPU_ATTR_KIND_TENSOR:
        return cc_sh_like(s, 0, s->g->value[a->tensor].elem, &s->g->value[a->tensor]);
    case NPU_ATTR_KIND_FLOAT: return cc_sh_set(s, 0, NPU_ELEM_FLOAT, 0, NULL);
    case NPU_ATTR_KIND_INT: return cc_sh_set(s, 0, NPU_ELEM_INT64, 0, NULL);
    case NPU_ATTR_KIND_FLOATS: return cc_sh_set(s, 0, NPU_ELEM_FLOAT, 1, &n);
    case NPU_ATTR_KIND_INTS: return cc_sh_set(s, 0, NPU_ELEM_INT64, 1, &n);
    default:
        return npu_fail(s->err, NPU_UNSUPPORTED, "%s: node %s (%s): no dense number as its value "
                        "(value, value_float, value_floats, value_int, value_ints)", s->g->file,
                        s->n->name, s->n->type);
    }
}

npu_status cc_shape_CONSTANTOFSHAPE(cc_sh *s)
{
    const npu_node_attr *a = g_attr(s->n, "value");
    int64_t dim[NPU_RANK_MAX];
    int rank;
    bool tensor = a && a->kind == NPU_ATTR_KIND_TENSOR;
    if (a && (!tensor || g_elements(&s->g->value[a->tensor]) != 1))
        return cc_sh_bad(s, "value is not one number");
    NPU_TRY(cc_sh_list(s, NULL, 0, dim, NPU_RANK_MAX, &rank));
    if (rank < 0)
        return cc_sh_depends(s, 0);
    return cc_sh_set(s, 0, tensor ? s->g->value[a->tensor].elem : NPU_ELEM_FLOAT, rank, dim);
}

void cc_sh_part(const cc_sh *s, int *from, int *to)
{
    int64_t rank = cc_sh_in(s, 0)->rank, a = g_int(s->n, "start", 0), b = g_int(s->n, "end", rank);
    a += a < 0 ? rank : 0;
    b += b < 0 ? rank : 0;
    *from = (int)(a < 0 ? 0 : a > rank ? rank : a);
    *to = (int)(b < *from ? *from : b > rank ? rank : b);
}

npu_status cc_shape_SHAPE(cc_sh *s)
{
    int from, to;
    cc_sh_part(s, &from, &to);
    return cc_sh_set(s, 0, NPU_ELEM_INT64, 1, &(int64_t){to - from});
}

npu_status cc_shape_SIZE(cc_sh *s)
{
    return cc_sh_set(s, 0, NPU_ELEM_INT64, 0, NULL);
}

npu_status cc_shape_RANGE(cc_sh *s)
{
    double v[3];
    for (unsigned k = 0; k < 3; k++)
        if (g_elements(cc_sh_in(s, k)) != 1)
            return cc_sh_bad(s, "input %u has %lld elements, expected 1", k,
                             (long long)g_elements(cc_sh_in(s, k)));
        else if (!g_const_num(s->g, s->n->in[k], 0, &v[k]))
            return cc_sh_depends(s, k);
    double n = v[2] != 0 ? ceil((v[1] - v[0]) / v[2]) : -1;
    if (v[2] == 0 || !(n <= (double)CC_DIM_MAX))
        return cc_sh_bad(s, "from %g to %g in steps of %g", v[0], v[1], v[2]);
    return cc_sh_set(s, 0, cc_sh_in(s, 0)->elem, 1, &(int64_t){n > 0 ? (int64_t)n : 0});
}

/* --- random numbers --------------------------------------------------------------------------- */

npu_status cc_shape_RANDOM(cc_sh *s)
{
    int64_t dim[NPU_RANK_MAX], e = g_int(s->n, "dtype", NPU_ELEM_FLOAT);
    int rank;
    NPU_TRY(cc_sh_list(s, "shape", UINT32_MAX, dim, NPU_RANK_MAX, &rank));
    if (rank == CC_ABSENT || (e != NPU_ELEM_FLOAT && e != NPU_ELEM_DOUBLE && e != NPU_ELEM_FLOAT16))
        return cc_sh_bad(s, "no shape, or type %lld", (long long)e);
    return cc_sh_set(s, 0, (npu_elem)e, rank, dim);
}

npu_status cc_shape_MULTINOMIAL(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t e = g_int(s->n, "dtype", NPU_ELEM_INT32);
    if (x->rank != 2 || (e != NPU_ELEM_INT32 && e != NPU_ELEM_INT64))
        return cc_sh_bad(s, "input has %d dimensions and the result type %lld, expected 2 and "
                         "int32 or int64", x->rank, (long long)e);
    int64_t dim[2] = {x->dim[0], g_int(s->n, "sample_size", 1)};
    return cc_sh_set(s, 0, (npu_elem)e, 2, dim);
}

/* --- what data decides ------------------------------------------------------------------------ */

/* As many as are not zero: known for a constant only. */
npu_status cc_shape_NONZERO(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[2] = {x->rank, 0}, n = g_elements(x);
    for (int64_t k = 0; k < n; k++) {
        double v;
        if (!g_const_num(s->g, s->n->in[0], k, &v))
            return cc_sh_depends(s, 0);
        dim[1] += v != 0;
    }
    return cc_sh_set(s, 0, NPU_ELEM_INT64, 2, dim);
}

npu_status cc_shape_COMPRESS(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *cond = cc_sh_in(s, 1);
    int64_t dim[NPU_RANK_MAX], n = g_elements(cond), taken = 0, all = g_elements(x);
    int axis = 0;
    memcpy(dim, x->dim, sizeof dim);
    if (g_attr(s->n, "axis")) {
        NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
        all = x->dim[axis];
    }
    for (int64_t k = 0; k < n && k < all; k++) {
        int64_t v;
        if (!g_const_int(s->g, s->n->in[1], k, &v))
            return cc_sh_depends(s, 1);
        taken += v != 0;
    }
    dim[axis] = taken;
    return cc_sh_set(s, 0, x->elem, g_attr(s->n, "axis") ? x->rank : 1, dim);
}

/* Boxes that survive. */
npu_status cc_shape_DATA(cc_sh *s)
{
    return cc_sh_depends(s, 0);
}

npu_status cc_shape_UNKNOWN(cc_sh *s)
{
    return npu_fail(s->err, NPU_UNSUPPORTED, "%s: node %s: operator %s (control flow, sequences) "
                    "has no shape rule", s->g->file, s->n->name, s->n->type);
}
