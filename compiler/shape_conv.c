/* Shape rules: windows (convolution, pooling) and matrix products. */
#include <string.h>

#include "compiler/shape.h"

/* --- windows ---------------------------------------------------------------------------------- */

/* Largest number in a stride, dilation, pad: keeps all sums of products within int64_t. */
#define NUMBER_MAX (INT64_C(1) << 24)

/* COUNT numbers of attribute NAME, each DFLT when it is absent, within [LEAST, NUMBER_MAX]. */
static npu_status numbers(const cc_sh *s, const char *name, int count, int64_t dflt, int64_t least,
                          int64_t *v)
{
    int n;
    NPU_TRY(cc_sh_list(s, name, UINT32_MAX, v, 2 * NPU_RANK_MAX, &n));
    for (int i = 0; n == CC_ABSENT && i < count; i++)
        v[i] = dflt;
    if (n != CC_ABSENT && n != count)
        return cc_sh_bad(s, "%s has %d numbers, expected %d", name, n, count);
    for (int i = 0; i < count; i++)
        if (v[i] < least || v[i] > NUMBER_MAX)
            return cc_sh_bad(s, "%s holds %lld, expected %lld to %lld", name, (long long)v[i],
                             (long long)least, (long long)NUMBER_MAX);
    return NPU_OK;
}

npu_status cc_sh_window(const cc_sh *s, int spatial, const int64_t *kernel, cc_window *w)
{
    const char *automatic = g_text(s->n, "auto_pad", "NOTSET");
    int64_t v[2 * NPU_RANK_MAX] = {0};
    if (spatial < 1 || spatial > NPU_RANK_MAX - 2)
        return cc_sh_bad(s, "input has %d dimensions, expected 3 to %d", spatial + 2, NPU_RANK_MAX);
    w->n = spatial;
    NPU_TRY(numbers(s, "kernel_shape", spatial, kernel ? 0 : -1, kernel ? 0 : 1, v));
    for (int d = 0; d < spatial; d++) {
        bool given = g_attr(s->n, "kernel_shape");
        if (kernel && given && v[d] != kernel[d])
            return cc_sh_bad(s, "kernel_shape holds %lld, the weights have %lld", (long long)v[d],
                             (long long)kernel[d]);
        w->kernel[d] = kernel ? kernel[d] : v[d];
        if (w->kernel[d] < 1)
            return cc_sh_bad(s, "kernel of size %lld", (long long)w->kernel[d]);
    }
    NPU_TRY(numbers(s, "strides", spatial, 1, 1, v));
    memcpy(w->stride, v, sizeof w->stride);
    NPU_TRY(numbers(s, "dilations", spatial, 1, 1, v));
    memcpy(w->dilation, v, sizeof w->dilation);
    w->same = strcmp(automatic, "SAME_UPPER") == 0 || strcmp(automatic, "SAME_LOWER") == 0;
    if (!w->same && strcmp(automatic, "VALID") != 0 && strcmp(automatic, "NOTSET") != 0 &&
        *automatic)
        return cc_sh_bad(s, "auto_pad is '%s', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID",
                         automatic);
    NPU_TRY(numbers(s, "pads", 2 * spatial, 0, -NUMBER_MAX, w->pad));
    if (strcmp(automatic, "VALID") == 0)
        memset(w->pad, 0, sizeof w->pad);
    return NPU_OK;
}

/* Extent of a dilated kernel. */
static int64_t extent(const cc_window *w, int d)
{
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

/* Windows over dimension D of size IN.  CEIL: a last, partial one counts when it begins inside the
 * data or the padding before it (not in the padding behind). */
static npu_status windows(const cc_sh *s, const cc_window *w, int d, int64_t in, bool ceil,
                          int64_t *out)
{
    int64_t stride = w->stride[d], all = in + w->pad[d] + w->pad[w->n + d];
    if (w->same) {
        *out = (in + stride - 1) / stride;
        return NPU_OK;
    }
    if (all < extent(w, d))
        return cc_sh_bad(s, "dimension %d: kernel of extent %lld on %lld elements with padding",
                         d + 2, (long long)extent(w, d), (long long)all);
    int64_t room = all - extent(w, d);
    *out = room / stride + 1;
    if (ceil && room % stride && *out * stride < in + w->pad[d])
        ++*out;
    return NPU_OK;
}

/* --- convolution ------------------------------------------------------------------------------ */

static npu_status check_bias(const cc_sh *s, unsigned k, int64_t channels)
{
    const npu_value *b = cc_sh_in(s, k);
    if (b && (b->rank != 1 || b->dim[0] != channels))
        return cc_sh_bad(s, "bias '%s' has %lld elements, expected %lld", b->name,
                         (long long)g_elements(b), (long long)channels);
    return NPU_OK;
}

static npu_status conv(cc_sh *s, unsigned weight, unsigned bias, npu_elem elem)
{
    const npu_value *x = cc_sh_in(s, 0), *w = cc_sh_in(s, weight);
    int64_t group = g_int(s->n, "group", 1), dim[NPU_RANK_MAX];
    cc_window win;
    if (x->rank < 3 || w->rank != x->rank)
        return cc_sh_bad(s, "data has %d dimensions and the weights %d, expected the same, 3 or "
                         "more", x->rank, w->rank);
    if (group < 1 || group > CC_DIM_MAX)
        return cc_sh_bad(s, "group is %lld", (long long)group);
    if (w->dim[1] * group != x->dim[1])
        return cc_sh_bad(s, "data has %lld channels, expected %lld (weights %lld, group %lld)",
                         (long long)x->dim[1], (long long)(w->dim[1] * group),
                         (long long)w->dim[1], (long long)group);
    if (w->dim[0] % group != 0)
        return cc_sh_bad(s, "%lld output channels in %lld groups", (long long)w->dim[0],
                         (long long)group);
    NPU_TRY(check_bias(s, bias, w->dim[0]));
    NPU_TRY(cc_sh_window(s, x->rank - 2, w->dim + 2, &win));
    dim[0] = x->dim[0];
    dim[1] = w->dim[0];
    for (int d = 0; d < win.n; d++)
        NPU_TRY(windows(s, &win, d, x->dim[d + 2], false, &dim[d + 2]));
    return cc_sh_set(s, 0, elem, x->rank, dim);
}

npu_status cc_shape_CONV(cc_sh *s)
{
    return conv(s, 1, 2, cc_sh_in(s, 0)->elem);
}

npu_status cc_shape_CONVINTEGER(cc_sh *s)
{
    return conv(s, 1, UINT32_MAX, NPU_ELEM_INT32);
}

npu_status cc_shape_QLINEARCONV(cc_sh *s)
{
    return conv(s, 3, 8, cc_sh_in(s, 7)->elem);
}

npu_status cc_shape_DECONV(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *w = cc_sh_in(s, 1);
    int64_t group = g_int(s->n, "group", 1), dim[NPU_RANK_MAX], more[2 * NPU_RANK_MAX];
    int64_t shape[NPU_RANK_MAX];
    cc_window win;
    int n;
    if (x->rank < 3 || w->rank != x->rank || w->dim[0] != x->dim[1])
        return cc_sh_bad(s, "data has %lld channels in %d dimensions, the weights %lld in %d",
                         (long long)(x->rank > 1 ? x->dim[1] : 0), x->rank,
                         (long long)(w->rank > 0 ? w->dim[0] : 0), w->rank);
    if (group < 1 || group > CC_DIM_MAX || w->dim[0] % group != 0)
        return cc_sh_bad(s, "group is %lld, expected a divisor of %lld", (long long)group,
                         (long long)w->dim[0]);
    NPU_TRY(check_bias(s, 2, w->dim[1] * group));
    NPU_TRY(cc_sh_window(s, x->rank - 2, w->dim + 2, &win));
    NPU_TRY(numbers(s, "output_padding", win.n, 0, 0, more));
    NPU_TRY(cc_sh_list(s, "output_shape", UINT32_MAX, shape, NPU_RANK_MAX, &n));
    if (n != CC_ABSENT && n != win.n && n != x->rank)
        return cc_sh_bad(s, "output_shape has %d numbers, expected %d", n, win.n);
    dim[0] = x->dim[0];
    dim[1] = w->dim[1] * group;
    for (int d = 0; d < win.n; d++) {
        int64_t grown = (x->dim[d + 2] - 1) * win.stride[d] + more[d] + extent(&win, d);
        dim[d + 2] = win.same ? x->dim[d + 2] * win.stride[d]
                              : grown - win.pad[d] - win.pad[win.n + d];
        if (n != CC_ABSENT)
            dim[d + 2] = shape[n - win.n + d];
    }
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* --- pooling ---------------------------------------------------------------------------------- */

npu_status cc_shape_POOL(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    cc_window w;
    NPU_TRY(cc_sh_window(s, x->rank - 2, NULL, &w));
    memcpy(dim, x->dim, sizeof dim);
    for (int d = 0; d < w.n; d++)
        NPU_TRY(windows(s, &w, d, x->dim[d + 2], g_int(s->n, "ceil_mode", 0) != 0, &dim[d + 2]));
    NPU_TRY(cc_sh_set(s, 0, x->elem, x->rank, dim));
    return s->n->op == NPU_OP_MAXPOOL ? cc_sh_set(s, 1, NPU_ELEM_INT64, x->rank, dim) : NPU_OK;
}

npu_status cc_shape_UNPOOL(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    int n;
    cc_window w;
    NPU_TRY(cc_sh_window(s, x->rank - 2, NULL, &w));
    NPU_TRY(cc_sh_list(s, NULL, 2, dim, NPU_RANK_MAX, &n));
    if (n == CC_UNKNOWN)
        return cc_sh_depends(s, 2);
    if (n != CC_ABSENT && n != x->rank)
        return cc_sh_bad(s, "output_shape has %d numbers, expected %d", n, x->rank);
    for (int d = 0; n == CC_ABSENT && d < x->rank; d++)
        dim[d] = d < 2 ? x->dim[d] : (x->dim[d] - 1) * w.stride[d - 2] + extent(&w, d - 2) -
                                     w.pad[d - 2] - w.pad[w.n + d - 2];
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

npu_status cc_shape_GLOBALPOOL(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    if (x->rank < 2)
        return cc_sh_bad(s, "input has %d dimensions, expected at least 2", x->rank);
    for (int d = 0; d < x->rank; d++)
        dim[d] = d < 2 ? x->dim[d] : 1;
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* --- matrix products -------------------------------------------------------------------------- */

npu_status cc_shape_GEMM(cc_sh *s)
{
    const npu_value *a = cc_sh_in(s, 0), *b = cc_sh_in(s, 1), *c = cc_sh_in(s, 2);
    bool ta = g_int(s->n, "transA", 0) != 0, tb = g_int(s->n, "transB", 0) != 0;
    if (a->rank != 2 || b->rank != 2)
        return cc_sh_bad(s, "A has %d dimensions and B %d, expected 2", a->rank, b->rank);
    int64_t dim[NPU_RANK_MAX] = {a->dim[ta], b->dim[!tb]};
    if (a->dim[!ta] != b->dim[tb])
        return cc_sh_bad(s, "A has %lld columns and B %lld rows", (long long)a->dim[!ta],
                         (long long)b->dim[tb]);
    if (c) {
        int64_t want[2] = {dim[0], dim[1]};
        int rank = 2;
        NPU_TRY(cc_sh_broadcast(s, &rank, dim, c));
        if (rank != 2 || dim[0] != want[0] || dim[1] != want[1])
            return cc_sh_bad(s, "C is larger than the product %lldx%lld", (long long)want[0],
                             (long long)want[1]);
    }
    return cc_sh_set(s, 0, a->elem, 2, dim);
}

/* A value without its last KEEP dimensions. */
static npu_value batch_of(const npu_value *v, int keep)
{
    npu_value b = *v;
    b.rank = v->rank > keep ? v->rank - keep : 0;
    return b;
}

/* As numpy.matmul: a vector counts as a row on the left, a column on the right. */
static npu_status matmul(cc_sh *s, unsigned right, npu_elem elem)
{
    const npu_value *a = cc_sh_in(s, 0), *b = cc_sh_in(s, right);
    int64_t dim[NPU_RANK_MAX];
    int rank = 0;
    if (a->rank < 1 || b->rank < 1)
        return cc_sh_bad(s, "a scalar, expected a vector or matrix");
    int64_t inner = a->dim[a->rank - 1], rows = b->dim[b->rank > 1 ? b->rank - 2 : 0];
    if (inner != rows)
        return cc_sh_bad(s, "left side has %lld columns, right side %lld rows", (long long)inner,
                         (long long)rows);
    npu_value left = batch_of(a, 2), other = batch_of(b, 2);
    NPU_TRY(cc_sh_broadcast(s, &rank, dim, &left));
    NPU_TRY(cc_sh_broadcast(s, &rank, dim, &other));
    if (a->rank > 1)
        dim[rank++] = a->dim[a->rank - 2];
    if (b->rank > 1)
        dim[rank++] = b->dim[b->rank - 1];
    return cc_sh_set(s, 0, elem, rank, dim);
}

npu_status cc_shape_MATMUL(cc_sh *s)
{
    return matmul(s, 1, cc_sh_in(s, 0)->elem);
}

npu_status cc_shape_MATMULINTEGER(cc_sh *s)
{
    return matmul(s, 1, NPU_ELEM_INT32);
}

npu_status cc_shape_QLINEARMATMUL(cc_sh *s)
{
    return matmul(s, 3, cc_sh_in(s, 7)->elem);
}
