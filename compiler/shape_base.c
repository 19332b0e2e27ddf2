/* What the shape rules share; see shape.h. */
#include <stdarg.h>
#include <stdio.h>

#include "compiler/shape.h"

const npu_value *cc_sh_in(const cc_sh *s, unsigned k)
{
    return k < s->n->nin && s->n->in[k] != NPU_NONE ? &s->g->value[s->n->in[k]] : NULL;
}

npu_status cc_sh_bad(const cc_sh *s, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return npu_fail(s->err, NPU_BAD_INPUT, "%s: node %s (%s): %s", s->g->file, s->n->name,
                    s->n->type, text);
}

npu_status cc_sh_set(cc_sh *s, unsigned k, npu_elem elem, int rank, const int64_t *dim)
{
    if (k >= s->n->nout || s->n->out[k] == NPU_NONE)
        return NPU_OK;
    npu_value *v = &s->g->value[s->n->out[k]];
    int64_t n = 1;
    if (rank < 0 || rank > NPU_RANK_MAX)
        return cc_sh_bad(s, "output %u has %d dimensions, at most %d are possible", k, rank,
                         NPU_RANK_MAX);
    for (int d = 0; d < rank; d++) {
        if (dim[d] < 0 || dim[d] > CC_DIM_MAX)
            return cc_sh_bad(s, "dimension %d of output %u is %lld, possible are 0 to %lld", d, k,
                             (long long)dim[d], (long long)CC_DIM_MAX);
        if (__builtin_mul_overflow(n, dim[d], &n) || n > CC_ELEMENTS_MAX)
            return cc_sh_bad(s, "output %u has more than %lld elements", k,
                             (long long)CC_ELEMENTS_MAX);
    }
    v->elem = elem;
    v->rank = rank;
    for (int d = 0; d < rank; d++)
        v->dim[d] = dim[d];
    return NPU_OK;
}

npu_status cc_sh_like(cc_sh *s, unsigned k, npu_elem elem, const npu_value *v)
{
    int64_t dim[NPU_RANK_MAX];
    for (int d = 0; d < v->rank; d++)
        dim[d] = v->dim[d]; /* V may be the output */
    return cc_sh_set(s, k, elem, v->rank, dim);
}

npu_status cc_sh_depends(cc_sh *s, unsigned k)
{
    const npu_value *in = cc_sh_in(s, k);
    for (uint32_t i = 0; i < s->n->nout; i++) {
        const npu_value *v = s->n->out[i] == NPU_NONE || !s->told ? NULL : &s->told[s->n->out[i]];
        if (!s->told || (v && (v->elem == NPU_ELEM_NONE || g_elements(v) < 0)))
            return npu_fail(s->err, NPU_UNSUPPORTED, "%s: node %s (%s): the shape of its output "
                            "depends on the data of '%s', which is not constant", s->g->file,
                            s->n->name, s->n->type, in ? in->name : "");
        if (v)
            NPU_TRY(cc_sh_like(s, i, v->elem, v));
    }
    return NPU_OK;
}

npu_status cc_sh_axis(const cc_sh *s, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return cc_sh_bad(s, "axis %lld, expected %d to %d", (long long)axis, -rank, rank - 1);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return NPU_OK;
}

npu_status cc_sh_list(const cc_sh *s, const char *attr, unsigned k, int64_t *v, int max, int *n)
{
    const npu_node_attr *a = attr ? g_attr(s->n, attr) : NULL;
    const npu_value *in = cc_sh_in(s, k);
    *n = CC_ABSENT;
    if (a && (a->kind == NPU_ATTR_KIND_INTS || a->kind == NPU_ATTR_KIND_INT)) {
        if (a->kind == NPU_ATTR_KIND_INTS && a->n > (size_t)max)
            return cc_sh_bad(s, "%s has %zu numbers, at most %d are possible", attr, a->n, max);
        *n = a->kind == NPU_ATTR_KIND_INT ? 1 : (int)a->n;
        for (int i = 0; i < *n; i++)
            v[i] = a->kind == NPU_ATTR_KIND_INT ? a->i : a->ints[i];
        return NPU_OK;
    }
    if (!in)
        return NPU_OK;
    int64_t count = g_elements(in);
    if (in->rank > 1 || count > max)
        return cc_sh_bad(s, "input %u, '%s', has %lld elements in %d dimensions, expected at most "
                         "%d in one", k, in->name, (long long)count, in->rank, max);
    *n = CC_UNKNOWN;
    if (!in->constant || (!in->data && count > 0))
        return NPU_OK;
    *n = (int)count;
    for (int i = 0; i < *n; i++)
        if (!g_const_int(s->g, s->n->in[k], i, &v[i]))
            return cc_sh_bad(s, "input %u, '%s', is %s, expected integers", k, in->name,
                             npu_elem_name(in->elem));
    return NPU_OK;
}

npu_status cc_sh_broadcast(const cc_sh *s, int *rank, int64_t *dim, const npu_value *b)
{
    int up = b->rank - *rank;
    if (up > 0) {
        for (int d = *rank; d-- > 0;)
            dim[d + up] = dim[d];
        for (int d = 0; d < up; d++)
            dim[d] = 1;
        *rank = b->rank;
    }
    for (int d = 0; d < b->rank; d++) {
        int64_t *to = &dim[*rank - b->rank + d];
        if (*to == 1)
            *to = b->dim[d];
        else if (b->dim[d] != 1 && b->dim[d] != *to)
            return cc_sh_bad(s, "shapes do not fit: dimension %d is %lld and, in '%s', %lld",
                             *rank - b->rank + d, (long long)*to, b->name, (long long)b->dim[d]);
    }
    return NPU_OK;
}
