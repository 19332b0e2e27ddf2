/* Shape rules: resizing, regions of interest, recurrent layers, einsum, Caffe's own layers. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "compiler/shape.h"

/* --- resize ----------------------------------------------------------------------------------- */

typedef struct { int n, axis[NPU_RANK_MAX]; float scale[NPU_RANK_MAX]; } scales;

/* Dimensions that scales and sizes speak of: all, or those of attribute axes (opset 18). */
static npu_status resized_axes(const cc_sh *s, scales *o)
{
    int64_t axes[NPU_RANK_MAX];
    int n, rank = cc_sh_in(s, 0)->rank;
    NPU_TRY(cc_sh_list(s, "axes", UINT32_MAX, axes, NPU_RANK_MAX, &n));
    o->n = n == CC_ABSENT ? rank : n;
    for (int i = 0; i < o->n; i++) {
        o->axis[i] = i;
        if (n != CC_ABSENT)
            NPU_TRY(cc_sh_axis(s, axes[i], rank, &o->axis[i]));
    }
    return NPU_OK;
}

/* Scales of input K, or of attribute scales before opset 9.  *N as of cc_sh_list. */
static npu_status read_scales(const cc_sh *s, unsigned k, scales *o, int *n)
{
    const npu_node_attr *a = g_attr(s->n, "scales");
    const npu_value *v = cc_sh_in(s, k);
    bool attr = a && a->kind == NPU_ATTR_KIND_FLOATS;
    int64_t count = attr ? (int64_t)a->n : v ? g_elements(v) : 0;
    *n = CC_ABSENT;
    if (count == 0)
        return NPU_OK;
    if (count != o->n)
        return cc_sh_bad(s, "%lld scales, expected %d", (long long)count, o->n);
    for (int i = 0; i < o->n; i++) {
        double d;
        *n = CC_UNKNOWN;
        if (!attr && !g_const_num(s->g, s->n->in[k], i, &d))
            return NPU_OK;
        o->scale[i] = attr ? a->floats[i] : (float)d;
        if (!(o->scale[i] > 0) || !(o->scale[i] < 65536.0f))
            return cc_sh_bad(s, "scale %g, expected more than 0 and below 65536",
                             (double)o->scale[i]);
    }
    *n = o->n;
    return NPU_OK;
}

static npu_status by_scale(cc_sh *s, const scales *o)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t dim[NPU_RANK_MAX];
    memcpy(dim, x->dim, sizeof dim);
    for (int i = 0; i < o->n; i++) /* in float, as run times do */
        dim[o->axis[i]] = (int64_t)floorf((float)x->dim[o->axis[i]] * o->scale[i]);
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

static npu_status by_size(cc_sh *s, const scales *o, int64_t *size)
{
    const npu_value *x = cc_sh_in(s, 0);
    const char *policy = g_text(s->n, "keep_aspect_ratio_policy", "stretch");
    int64_t dim[NPU_RANK_MAX];
    bool larger = strcmp(policy, "not_smaller") == 0;
    double one = 0;
    memcpy(dim, x->dim, sizeof dim);
    for (int i = 0; i < o->n; i++) {
        double f = dim[o->axis[i]] ? (double)size[i] / (double)dim[o->axis[i]] : 1;
        one = i == 0 || (larger ? f > one : f < one) ? f : one;
    }
    for (int i = 0; i < o->n; i++) {
        if (size[i] < 1 || size[i] > CC_DIM_MAX)
            return cc_sh_bad(s, "size %lld, expected at least 1", (long long)size[i]);
        dim[o->axis[i]] = strcmp(policy, "stretch") == 0
                              ? size[i]
                              : (int64_t)floor(one * (double)dim[o->axis[i]] + 0.5);
    }
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

/* Upsample and Resize before opset 11: input, scales.  After: input, roi, scales, sizes. */
npu_status cc_shape_RESIZE(cc_sh *s)
{
    bool old = s->n->op == NPU_OP_UPSAMPLE || s->g->opset < 11;
    int64_t size[NPU_RANK_MAX];
    scales o = {0};
    int n, nsize;
    NPU_TRY(resized_axes(s, &o));
    NPU_TRY(read_scales(s, old ? 1 : 2, &o, &n));
    NPU_TRY(cc_sh_list(s, NULL, old ? UINT32_MAX : 3, size, NPU_RANK_MAX, &nsize));
    if (n == CC_UNKNOWN || nsize == CC_UNKNOWN)
        return cc_sh_depends(s, n == CC_UNKNOWN ? (old ? 1 : 2) : 3);
    if (nsize > 0 && nsize != o.n)
        return cc_sh_bad(s, "%d sizes, expected %d", nsize, o.n);
    if (nsize > 0)
        return by_size(s, &o, size);
    return n > 0 ? by_scale(s, &o) : cc_sh_bad(s, "neither scales nor sizes");
}

/* --- regions and grids ------------------------------------------------------------------------ */

static npu_status region(cc_sh *s, int64_t channels, int64_t h, int64_t w)
{
    const npu_value *x = cc_sh_in(s, 0), *roi = cc_sh_in(s, 1);
    if (x->rank != 4 || roi->rank < 2)
        return cc_sh_bad(s, "data has %d and regions %d dimensions, expected 4 and 2", x->rank,
                         roi->rank);
    int64_t dim[4] = {roi->dim[0], channels, h, w};
    return cc_sh_set(s, 0, x->elem, 4, dim);
}

npu_status cc_shape_ROI(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    int64_t size[2] = {1, 1}, c = x->rank > 1 ? x->dim[1] : 0;
    int n;
    switch (s->n->op) {
    case NPU_OP_MAXROIPOOL:
        NPU_TRY(cc_sh_list(s, "pooled_shape", UINT32_MAX, size, 2, &n));
        return n == 2 ? region(s, c, size[0], size[1])
                      : cc_sh_bad(s, "pooled_shape has no 2 numbers");
    case NPU_OP_ROIPOOLING:
        return region(s, c, g_int(s->n, "pooled_h", 0), g_int(s->n, "pooled_w", 0));
    case NPU_OP_PSROIPOOLING:
        return region(s, g_int(s->n, "output_dim", 0), g_int(s->n, "group_size", 0),
                      g_int(s->n, "group_size", 0));
    default:
        return region(s, c, g_int(s->n, "output_height", 1), g_int(s->n, "output_width", 1));
    }
}

npu_status cc_shape_GRIDSAMPLE(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *grid = cc_sh_in(s, 1);
    int64_t dim[NPU_RANK_MAX];
    if (x->rank < 3 || grid->rank != x->rank || grid->dim[0] != x->dim[0] ||
        grid->dim[x->rank - 1] != x->rank - 2) {
        char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
        return cc_sh_bad(s, "grid %s for data %s", g_shape(grid, a), g_shape(x, b));
    }
    for (int d = 0; d < x->rank; d++)
        dim[d] = d < 2 ? x->dim[d] : grid->dim[d - 1];
    return cc_sh_set(s, 0, x->elem, x->rank, dim);
}

npu_status cc_shape_DET(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0);
    if (x->rank < 2 || x->dim[x->rank - 1] != x->dim[x->rank - 2])
        return cc_sh_bad(s, "the last two dimensions are not a square matrix");
    return cc_sh_set(s, 0, x->elem, x->rank - 2, x->dim);
}

/* --- recurrent -------------------------------------------------------------------------------- */

/* Y: steps, directions, batch, hidden; Y_h (and Y_c of LSTM): directions, batch, hidden.  With
 * layout 1 the batch comes first. */
npu_status cc_shape_RNN(cc_sh *s)
{
    const npu_value *x = cc_sh_in(s, 0), *r = cc_sh_in(s, 2);
    bool first = g_int(s->n, "layout", 0) == 1;
    int64_t dirs = strcmp(g_text(s->n, "direction", "forward"), "bidirectional") == 0 ? 2 : 1;
    if (x->rank != 3 || r->rank != 3 || r->dim[0] != dirs)
        return cc_sh_bad(s, "data has %d and weights R %d dimensions, expected 3 and %lld "
                         "directions", x->rank, r->rank, (long long)dirs);
    int64_t hidden = g_int(s->n, "hidden_size", r->dim[2]);
    if (hidden != r->dim[2])
        return cc_sh_bad(s, "hidden_size is %lld, weights R have %lld", (long long)hidden,
                         (long long)r->dim[2]);
    int64_t steps = x->dim[first], batch = x->dim[!first];
    int64_t y[4] = {steps, dirs, batch, hidden}, by_batch[4] = {batch, steps, dirs, hidden};
    int64_t last[3] = {dirs, batch, hidden}, last_by_batch[3] = {batch, dirs, hidden};
    NPU_TRY(cc_sh_set(s, 0, x->elem, 4, first ? by_batch : y));
    NPU_TRY(cc_sh_set(s, 1, x->elem, 3, first ? last_by_batch : last));
    return s->n->op == NPU_OP_LSTM ? cc_sh_set(s, 2, x->elem, 3, first ? last_by_batch : last)
                                   : NPU_OK;
}

/* --- einsum ----------------------------------------------------------------------------------- */

typedef struct {
    int64_t size[128];        /* of a letter, 0: not seen */
    int count[128];           /* occurrences on the left */
    int rank;                 /* of what "..." stands for */
    int64_t dim[NPU_RANK_MAX];
} letters;

/* One term of the left side against input K; *P moves behind it. */
static npu_status einsum_term(const cc_sh *s, unsigned k, const char **p, letters *l)
{
    const npu_value *v = cc_sh_in(s, k);
    int d = 0, named = 0;
    if (!v)
        return cc_sh_bad(s, "the equation has more terms than there are inputs");
    for (const char *q = *p; *q && *q != ',' && *q != '-'; q++)
        named += isalpha((unsigned char)*q) != 0;
    for (; **p && **p != ',' && **p != '-'; ++*p) {
        char c = **p;
        if (isalpha((unsigned char)c)) {
            int64_t n = d < v->rank ? v->dim[d] : -1;
            int64_t *size = &l->size[(unsigned char)c];
            if (n < 0 || (l->count[(unsigned char)c]++ && *size != n && n != 1 && *size != 1))
                return cc_sh_bad(s, "'%c' does not fit dimension %d of input %u", c, d, k);
            *size = *size > n ? *size : n;
            d++;
        } else if (c == '.' && (*p)[1] == '.' && (*p)[2] == '.') {
            npu_value rest = *v;
            rest.rank = v->rank - named;
            if (rest.rank < 0)
                return cc_sh_bad(s, "more letters than dimensions of input %u", k);
            memmove(rest.dim, v->dim + d, sizeof *rest.dim * (size_t)rest.rank);
            NPU_TRY(cc_sh_broadcast(s, &l->rank, l->dim, &rest));
            d += rest.rank;
            *p += 2;
        } else if (c != ' ') {
            return cc_sh_bad(s, "'%c' in the equation", c);
        }
    }
    return d == v->rank ? NPU_OK : cc_sh_bad(s, "%d letters for the %d dimensions of input %u", d,
                                             v->rank, k);
}

/* The right side, or what stands for it: letters that occur once, in alphabetical order. */
static npu_status einsum_result(cc_sh *s, const char *p, const letters *l)
{
    int64_t dim[128 + NPU_RANK_MAX];
    char once[136] = "...";
    int rank = 0, n = 3;
    for (int c = 0; !p && c < 128; c++)
        if (l->count[c] == 1)
            once[n++] = (char)c;
    for (p = p ? p : once; *p && rank <= NPU_RANK_MAX; p++) {
        if (isalpha((unsigned char)*p)) {
            if (!l->count[(unsigned char)*p])
                return cc_sh_bad(s, "'%c' stands only right of the arrow", *p);
            dim[rank++] = l->size[(unsigned char)*p];
        } else if (strncmp(p, "...", 3) == 0) {
            memcpy(dim + rank, l->dim, sizeof *dim * (size_t)l->rank);
            rank += l->rank;
            p += 2;
        } else if (*p != ' ') {
            return cc_sh_bad(s, "'%c' in the equation", *p);
        }
    }
    return cc_sh_set(s, 0, cc_sh_in(s, 0)->elem, rank, dim);
}

npu_status cc_shape_EINSUM(cc_sh *s)
{
    const char *p = g_text(s->n, "equation", "");
    letters l = {.rank = 0};
    unsigned k = 0;
    for (;; p++) {
        NPU_TRY(einsum_term(s, k++, &p, &l));
        if (*p != ',')
            break;
    }
    if (k != s->n->nin || (*p && strncmp(p, "->", 2) != 0))
        return cc_sh_bad(s, "the equation has %u terms for %u inputs", k, s->n->nin);
    return einsum_result(s, *p ? p + 2 : NULL, &l);
}
