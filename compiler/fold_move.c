/* Folding of nodes that only move elements; see fold.c. */
#include <string.h>

#include "compiler/shape.h"

static const npu_value *result(const cc_sh *s)
{
    return &s->g->value[s->n->out[0]];
}

int64_t cc_fold_at(const npu_value *to, int64_t k, const npu_value *v)
{
    int64_t at = 0, stride = 1;
    for (int d = v->rank - 1, o = to->rank - 1; d >= 0; d--, o--) {
        if (v->dim[d] != 1)
            at += k % to->dim[o] * stride;
        stride *= v->dim[d];
        k /= to->dim[o];
    }
    return at;
}

npu_status cc_fold_move(cc_sh *s, uint8_t *const *to)
{
    if (g_bytes(result(s)))
        memcpy(to[0], cc_sh_in(s, 0)->data, g_bytes(result(s)));
    return NPU_OK;
}

/* Element (i0, i1, ...) of the result is element base + sum (i % period) x stride of the input. */
typedef struct { int64_t base, stride[NPU_RANK_MAX], period[NPU_RANK_MAX]; } view;

static npu_status view_of(const cc_sh *s, view *w)
{
    const npu_value *x = cc_sh_in(s, 0), *y = result(s);
    int64_t stride[NPU_RANK_MAX + 1];
    int perm[NPU_RANK_MAX];
    bool known;
    cc_slice cut = {{0}, {0}, {0}};
    stride[x->rank] = 1;
    for (int d = x->rank - 1; d >= 0; d--)
        stride[d] = stride[d + 1] * x->dim[d];
    if (s->n->op == NPU_OP_TRANSPOSE)
        NPU_TRY(cc_sh_perm(s, perm));
    if (s->n->op == NPU_OP_SLICE)
        NPU_TRY(cc_sh_slice(s, &cut, &known));
    for (int d = 0; d < y->rank; d++) {
        int from = d - (y->rank - x->rank); /* Expand puts dimensions in front */
        w->period[d] = y->dim[d];
        switch (s->n->op) {
        case NPU_OP_TRANSPOSE:
            w->stride[d] = stride[perm[d] + 1];
            break;
        case NPU_OP_SLICE:
            w->base += cut.start[d] * stride[d + 1];
            w->stride[d] = cut.step[d] * stride[d + 1];
            break;
        default:
            w->stride[d] = from < 0 ? 0 : stride[from + 1];
            w->period[d] = from < 0 ? 1 : x->dim[from];
        }
    }
    return NPU_OK;
}

npu_status cc_fold_view(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    const uint8_t *from = cc_sh_in(s, 0)->data;
    size_t bytes = npu_elem_bytes(y->elem);
    view w = {0};
    NPU_TRY(view_of(s, &w));
    int64_t n = g_elements(y);
    for (int64_t k = 0; k < n; k++) {
        int64_t at = w.base, rest = k;
        for (int d = y->rank - 1; d >= 0; d--) {
            at += rest % y->dim[d] % w.period[d] * w.stride[d];
            rest /= y->dim[d];
        }
        memcpy(to[0] + (size_t)k * bytes, from + (size_t)at * bytes, bytes);
    }
    return NPU_OK;
}

/* Elements before and after dimension AXIS. */
static void around(const npu_value *v, int axis, int64_t *outer, int64_t *inner)
{
    *outer = *inner = 1;
    for (int d = 0; d < v->rank; d++)
        *(d < axis ? outer : inner) *= d == axis ? 1 : v->dim[d];
}

npu_status cc_fold_gather(cc_sh *s, uint8_t *const *to)
{
    const npu_value *x = cc_sh_in(s, 0), *at = cc_sh_in(s, 1);
    int64_t outer, inner, n = g_elements(at);
    int axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
    around(x, axis, &outer, &inner);
    size_t block = (size_t)inner * npu_elem_bytes(x->elem);
    for (int64_t k = 0; k < n; k++) {
        int64_t i = 0, size = x->dim[axis];
        if (!g_const_int(s->g, s->n->in[1], k, &i) || i < -size || i >= size)
            return cc_sh_bad(s, "index %lld, expected %lld to %lld", (long long)i,
                             (long long)-size, (long long)size - 1);
        i += i < 0 ? size : 0;
        for (int64_t o = 0; o < outer && block; o++)
            memcpy(to[0] + (size_t)(o * n + k) * block,
                   (const uint8_t *)x->data + (size_t)(o * size + i) * block, block);
    }
    return NPU_OK;
}

npu_status cc_fold_concat(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    int64_t outer, inner;
    int axis;
    uint8_t *p = to[0];
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 1), y->rank, &axis));
    around(y, axis, &outer, &inner);
    for (int64_t o = 0; o < outer; o++)
        for (uint32_t k = 0; k < s->n->nin; k++) {
            const npu_value *v = cc_sh_in(s, k);
            size_t block = (size_t)(v->dim[axis] * inner) * npu_elem_bytes(v->elem);
            if (block)
                memcpy(p, (const uint8_t *)v->data + (size_t)o * block, block);
            p += block;
        }
    return NPU_OK;
}

npu_status cc_fold_split(cc_sh *s, uint8_t *const *to)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t outer, inner, skip = 0;
    int axis;
    NPU_TRY(cc_sh_axis(s, g_int(s->n, "axis", 0), x->rank, &axis));
    around(x, axis, &outer, &inner);
    size_t row = (size_t)(inner * x->dim[axis]) * npu_elem_bytes(x->elem);
    for (uint32_t k = 0; k < s->n->nout; k++) {
        if (s->n->out[k] == NPU_NONE)
            return cc_sh_bad(s, "output %u is left out", k);
        int64_t part = s->g->value[s->n->out[k]].dim[axis];
        size_t block = (size_t)(part * inner) * npu_elem_bytes(x->elem);
        for (int64_t o = 0; o < outer && block; o++)
            memcpy(to[k] + (size_t)o * block,
                   (const uint8_t *)x->data + (size_t)o * row + (size_t)skip, block);
        skip += (int64_t)block;
    }
    return NPU_OK;
}

npu_status cc_fold_where(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    size_t bytes = npu_elem_bytes(y->elem);
    int64_t n = g_elements(y);
    for (unsigned i = 1; i < 3; i++)
        if (cc_sh_in(s, i)->elem != y->elem)
            return cc_sh_bad(s, "input %u is %s, expected %s", i,
                             npu_elem_name(cc_sh_in(s, i)->elem), npu_elem_name(y->elem));
    for (int64_t k = 0; k < n; k++) {
        const npu_value *c = cc_sh_in(s, 0);
        bool yes = ((const uint8_t *)c->data)[cc_fold_at(y, k, c)] != 0;
        const npu_value *v = cc_sh_in(s, yes ? 1 : 2);
        memcpy(to[0] + (size_t)k * bytes,
               (const uint8_t *)v->data + (size_t)cc_fold_at(y, k, v) * bytes, bytes);
    }
    return NPU_OK;
}

npu_status cc_fold_fill(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    const npu_node_attr *a = g_attr(s->n, "value");
    const void *one = a ? s->g->value[a->tensor].data : NULL;
    size_t bytes = npu_elem_bytes(y->elem);
    int64_t n = one ? g_elements(y) : 0; /* without a value: zero, as the memory is */
    for (int64_t k = 0; k < n; k++)
        memcpy(to[0] + (size_t)k * bytes, one, bytes);
    return NPU_OK;
}
