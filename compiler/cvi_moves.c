/* Rearrangements as strided copies.
 *
 * Whatever a move does, it is a set of nested loops: element (i, j, ...) of the source goes to a
 * place that is linear in i, j, ...  Loops that fit together are merged; what is left is written
 * as copies between views with three strides, one copy per step of a loop too many.  The innermost
 * axis of a view is contiguous, so a rearrangement that scatters single bytes moves them one by
 * one: right, and as slow as the hardware is at it. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"

enum { LOOPS = 2 * NPU_RANK_MAX, COPIES_MAX = 64, IMAGES_MAX = 4096 };

typedef struct { uint64_t count, src, dst; } loop; /* bytes from step to step */

typedef struct {
    loop l[LOOPS];
    int n;
    uint64_t src, dst;          /* bytes to the first element */
} nest;

static void add(nest *x, uint64_t count, uint64_t src, uint64_t dst)
{
    x->l[x->n++] = (loop){count, src, dst};
}

/* Bytes per step along each axis of a dense value. */
static void steps_of(const npu_value *v, uint64_t *step)
{
    uint64_t at = 1;
    for (int i = v->rank; i-- > 0;) {
        step[i] = at;
        at *= (uint64_t)v->dim[i];
    }
}

static bool transpose(const cvi_state *s, const npu_node *n, nest *x)
{
    const npu_value *in = &s->net->graph->value[n->in[0]], *out = &s->net->graph->value[n->out[0]];
    uint64_t from[NPU_RANK_MAX], to[NPU_RANK_MAX];
    int64_t perm[NPU_RANK_MAX];
    size_t count = g_ints(n, "perm", perm, NPU_RANK_MAX);
    steps_of(in, from);
    steps_of(out, to);
    for (int i = 0; i < out->rank; i++) {
        int64_t p = count ? perm[i] : out->rank - 1 - i;
        if ((count && count != (size_t)out->rank) || p < 0 || p >= in->rank)
            return false;
        add(x, (uint64_t)out->dim[i], from[p], to[i]);
    }
    return true;
}

/* Blocks of B x B pixels; DEEP: the map with more channels is the source. */
static bool blocks(const npu_node *n, const cvi_map *deep, const cvi_map *flat, bool to_flat,
                   nest *x)
{
    uint64_t b = (uint64_t)g_int(n, "blocksize", 0), c = flat->c, hw = (uint64_t)deep->h * deep->w;
    bool crd = strcmp(g_text(n, "mode", "DCR"), "CRD") == 0;
    if (b < 1 || deep->c != c * b * b || flat->h != deep->h * b || flat->w != deep->w * b)
        return false;
    uint64_t deep_by = crd ? b * hw : b * c * hw, deep_bx = crd ? hw : c * hw;
    loop l[] = {{deep->n, c * b * b * hw, c * b * b * hw},
                {c, crd ? b * b * hw : hw, b * b * hw},
                {deep->h, deep->w, b * b * deep->w},
                {b, deep_by, b * deep->w},
                {deep->w, 1, b},
                {b, deep_bx, 1}};
    for (size_t i = 0; i < sizeof l / sizeof l[0]; i++)
        add(x, l[i].count, to_flat ? l[i].src : l[i].dst, to_flat ? l[i].dst : l[i].src);
    return true;
}

/* A Slice with steps. */
static bool slice(const cvi_state *s, const npu_node *n, nest *x)
{
    const npu_graph *g = s->net->graph;
    const npu_value *in = &g->value[n->in[0]], *out = &g->value[n->out[0]];
    int64_t begin[NPU_RANK_MAX], axes[NPU_RANK_MAX], step[NPU_RANK_MAX];
    int64_t count = cvi_numbers(g, n, 1, "starts", begin), na = cvi_numbers(g, n, 3, "axes", axes);
    int64_t ns = cvi_numbers(g, n, 4, "steps", step);
    uint64_t from[NPU_RANK_MAX], to[NPU_RANK_MAX], stride[NPU_RANK_MAX];
    steps_of(in, from);
    steps_of(out, to);
    memcpy(stride, from, sizeof stride);
    for (int64_t i = 0; i < count; i++) {
        int64_t a = i < na ? axes[i] : i, b = begin[i];
        a += a < 0 ? in->rank : 0;
        if (a < 0 || a >= in->rank || (i < ns && step[i] < 1))
            return false;
        b += b < 0 ? in->dim[a] : 0;
        if (b < 0 || b >= in->dim[a])
            return false;
        x->src += (uint64_t)b * from[a];
        stride[a] = from[a] * (uint64_t)(i < ns ? step[i] : 1);
    }
    for (int i = 0; i < out->rank; i++)
        add(x, (uint64_t)out->dim[i], stride[i], to[i]);
    return count > 0;
}

static void box(const cvi_map *a, const cvi_map *o, nest *x)
{
    add(x, a->n, a->n_str, o->n_str);
    add(x, a->c, a->c_str, o->c_str);
    add(x, a->h, a->h_str, o->h_str);
    add(x, a->w, 1, 1);
}

/* One of the moves that join parts along rows or columns. */
static bool join(const cvi_state *s, uint32_t layer, nest *x)
{
    const cc_layer *l = s->net->layer;
    const npu_node *n = &s->net->graph->node[l[layer].node];
    const cvi_map *a = &s->map[l[layer].a], *o = &s->map[l[layer].out];
    int rank = s->net->graph->value[n->out[0]].rank;
    int axis = cvi_axis_of(g_int(n, "axis", 1), rank);
    uint64_t before = 0;
    for (uint32_t i = 0; i < layer; i++)
        if (cvi_is_move(&l[i]) && l[i].node == l[layer].node)
            before += cvi_size_along(&s->map[l[i].a], axis);
    if (!axis || before + cvi_size_along(a, axis) > cvi_size_along(o, axis))
        return false;
    x->dst = before * cvi_step_along(o, axis);
    box(a, o, x);
    return true;
}

static bool same_shape(const cvi_map *a, const cvi_map *b)
{
    return a->n == b->n && a->c == b->c && a->h == b->h && a->w == b->w;
}

/* An output of a Split. */
static bool split(const cvi_state *s, const cc_layer *l, const npu_node *n, nest *x)
{
    const npu_graph *g = s->net->graph;
    const npu_value *in = &g->value[n->in[0]];
    const cvi_map *a = &s->map[l->a], *o = &s->map[l->out];
    int64_t axis = g_int(n, "axis", 0), before = 0;
    uint64_t from[NPU_RANK_MAX], to[NPU_RANK_MAX];
    axis += axis < 0 ? in->rank : 0;
    if (axis < 0 || axis >= in->rank)
        return false;
    for (uint32_t i = 0; i < n->nout && n->out[i] != s->net->tensor[l->out].value; i++)
        before += n->out[i] == NPU_NONE ? 0 : g->value[n->out[i]].dim[axis];
    if (!cvi_dense(a) || !cvi_dense(o)) { /* a view: whole axes of the map only */
        cvi_map part = *a;
        int k = cvi_axis_of(axis, in->rank);
        part.c = o->c;
        part.h = o->h;
        part.w = o->w;
        x->src = k ? (uint64_t)before * cvi_step_along(a, k) : 0;
        box(&part, o, x);
        return k != 0;
    }
    steps_of(in, from);
    steps_of(&g->value[s->net->tensor[l->out].value], to);
    x->src = (uint64_t)before * from[axis];
    for (int i = 0; i < in->rank; i++)
        add(x, (uint64_t)g->value[s->net->tensor[l->out].value].dim[i], from[i], to[i]);
    return true;
}

static bool loops_of(const cvi_state *s, uint32_t layer, nest *x)
{
    const cc_layer *l = &s->net->layer[layer];
    const cvi_map *a = &s->map[l->a], *o = &s->map[l->out];
    const npu_node *n = l->node == NPU_NONE ? NULL : &s->net->graph->node[l->node];
    bool flat = cvi_dense(a) && cvi_dense(o);
    switch (n ? n->op : NPU_OP_NONE) {
    case NPU_OP_TRANSPOSE:
        return flat && transpose(s, n, x);
    case NPU_OP_DEPTHTOSPACE:
        return flat && blocks(n, a, o, true, x);
    case NPU_OP_SPACETODEPTH:
        return flat && blocks(n, o, a, false, x);
    case NPU_OP_SLICE:
        return flat && slice(s, n, x);
    case NPU_OP_SPLIT:
        return split(s, l, n, x);
    case NPU_OP_CONCAT:
        if (!same_shape(a, o))
            return join(s, layer, x);
        break;
    default:
        break;
    }
    if (!same_shape(a, o)) { /* the same bytes in the same order */
        cvi_map like = *a;
        if ((n && n->op != NPU_OP_RESHAPE && n->op != NPU_OP_FLATTEN) || !cvi_dense(o) ||
            (uint64_t)a->n * a->c * a->h * a->w != (uint64_t)o->n * o->c * o->h * o->w)
            return false;
        like.h_str = a->w;
        like.c_str = a->w * a->h;
        like.n_str = (uint64_t)a->w * a->h * a->c;
        box(a, &like, x);
        return true;
    }
    box(a, o, x);
    return true;
}

/* By falling step of the result; loops of one step are dropped, loops that continue each other on
 * both sides become one. */
static void tidy(nest *x)
{
    int n = 0;
    for (int i = 0; i < x->n; i++)
        if (x->l[i].count > 1)
            x->l[n++] = x->l[i];
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && x->l[k].dst > x->l[k - 1].dst; k--) {
            loop t = x->l[k];
            x->l[k] = x->l[k - 1];
            x->l[k - 1] = t;
        }
    x->n = n;
    for (int i = 0; i + 1 < x->n;) {
        loop *o = &x->l[i], *in = &x->l[i + 1];
        if (o->src != in->src * in->count || o->dst != in->dst * in->count ||
            o->count * in->count > UINT16_MAX) {
            i++;
            continue;
        }
        in->count *= o->count;
        memmove(o, in, (size_t)(x->n - i - 1) * sizeof *o);
        x->n--;
    }
}

/* Takes loop I out. */
static loop take(nest *x, int i)
{
    loop l = x->l[i];
    memmove(&x->l[i], &x->l[i + 1], (size_t)(x->n - i - 1) * sizeof l);
    x->n--;
    return l;
}

/* The row loop: register fields of row strides have 16 bits. */
static loop take_rows(nest *x)
{
    for (int i = x->n; i-- > 0;)
        if (x->l[i].src <= UINT16_MAX && x->l[i].dst <= UINT16_MAX)
            return take(x, i);
    return (loop){1, 0, 0};
}

typedef struct { loop n, c, h, w; } loops4;

static int32_t view(cvi_state *s, const cc_layer *l, int32_t of, uint64_t at, const loops4 *x,
                    bool src)
{
    int32_t k = cvi_new_map(s, l->name, "part", of);
    if (k == NPU_NONE)
        return k;
    cvi_map *v = &s->map[k];
    v->root = s->map[of].root;
    v->at = s->map[of].at + at;
    v->n = (uint32_t)x->n.count;
    v->c = (uint32_t)x->c.count;
    v->h = (uint32_t)x->h.count;
    v->w = (uint32_t)x->w.count;
    v->n_str = src ? x->n.src : x->n.dst;
    v->c_str = (uint32_t)(src ? x->c.src : x->c.dst);
    v->h_str = (uint32_t)(src ? x->h.src : x->h.dst);
    return k;
}

static npu_status copy(cvi_state *s, uint32_t layer, nest x, uint32_t *left, npu_err *err)
{
    const cc_layer *l = &s->net->layer[layer];
    static const loop once = {1, 0, 0};
    loops4 v = {once, once, once, once};
    nest all = x;
    if (x.n && x.l[x.n - 1].src == 1 && x.l[x.n - 1].dst == 1)
        v.w = take(&x, x.n - 1);
    v.h = take_rows(&x);
    if (x.n > 2) { /* a loop too many: its steps one by one */
        int least = 0;
        for (int i = 1; i < all.n; i++)
            if (all.l[i].count < all.l[least].count)
                least = i;
        loop step = take(&all, least);
        for (uint64_t i = 0; i < step.count; i++) {
            NPU_TRY(copy(s, layer, all, left, err));
            all.src += step.src;
            all.dst += step.dst;
        }
        return NPU_OK;
    }
    if (x.n)
        v.c = take(&x, x.n > 1 && x.l[0].count > x.l[1].count ? 0 : x.n - 1);
    if (x.n)
        v.n = take(&x, 0);
    if ((*left)-- == 0 || v.n.count > IMAGES_MAX || v.c.src > UINT32_MAX || v.c.dst > UINT32_MAX)
        return cvi_fail(s, layer, err, "rearrangement of more than 64 strided copies");
    int32_t from = view(s, l, l->a, x.src, &v, true), to = NPU_NONE;
    if (from != NPU_NONE)
        to = view(s, l, l->out, x.dst, &v, false);
    return cvi_push_op(s, CVI_COPY, layer, from, NPU_NONE, to) ? NPU_OK : cvi_no_memory(err);
}

npu_status cvi_move(cvi_state *s, uint32_t layer, npu_err *err)
{
    nest x = {.n = 0};
    uint32_t left = COPIES_MAX;
    if (!loops_of(s, layer, &x))
        return cvi_fail(s, layer, err, "rearrangement that is no strided copy");
    tidy(&x);
    return copy(s, layer, x, &left, err);
}
