/* Feature maps in DDR: which lies in which, and moves that need no command.
 *
 * Joins and splits along channels are views.  A move that copies a map to its place in another is
 * dropped when the map can lie there from the start; one that only takes a part, or names the same
 * bytes with another shape, becomes a view. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"

static npu_status check_map(const cc_tensor *t, npu_err *err)
{
    if (t->nv12)
        return npu_fail(err, NPU_UNSUPPORTED, "input %.100s: nv12; cv181x reads planes", t->name);
    if (t->n == 0 || t->c == 0 || t->h == 0 || t->w == 0 || t->c > UINT16_MAX ||
        t->h > UINT16_MAX || t->w > UINT16_MAX || (uint64_t)t->h * t->w > INT32_MAX ||
        (uint64_t)t->n * t->c * t->h * t->w > INT32_MAX)
        return npu_fail(err, NPU_LIMIT, "map %.100s of %ux%ux%ux%u: sizes from 1 to 65535 and "
                        "less than 2 GiB in all are possible", t->name, t->n, t->c, t->h, t->w);
    return NPU_OK;
}

/* Map K of the net: same index here.  A view lies in its parent, which may be a view itself. */
static npu_status add_map(cvi_state *s, uint32_t k, npu_err *err)
{
    const cc_tensor *t = &s->net->tensor[k];
    cvi_map *m = cvi_grow(&s->map, &s->nmap, &s->map_cap, sizeof *m);
    NPU_TRY(check_map(t, err));
    if (!m || !(m->name = strdup(t->name ? t->name : "map")))
        return cvi_no_memory(err);
    m->n = t->n;
    m->c = t->c;
    m->h = t->h;
    m->w = t->w;
    m->root = (int32_t)k;
    m->h_str = t->w;
    m->c_str = t->h * t->w;
    m->n_str = (uint64_t)t->c * t->h * t->w;
    m->input = t->input;
    m->output = t->output;
    m->producer = NPU_NONE;
    return NPU_OK;
}

/* Follows INSIDE to the root; a chain longer than the list goes round in a circle. */
static npu_status root_of(cvi_state *s, uint32_t k, npu_err *err)
{
    cvi_map *m = &s->map[k];
    int32_t at = (int32_t)k;
    for (uint32_t steps = 0; s->net->tensor[at].inside != NPU_NONE; steps++) {
        const cc_tensor *t = &s->net->tensor[at];
        if (steps > s->net->ntensor || t->inside < 0 || (uint32_t)t->inside >= s->net->ntensor)
            return npu_fail(err, NPU_LIMIT, "map %.100s lies inside itself", m->name);
        const cc_tensor *p = &s->net->tensor[t->inside];
        if (p->h != t->h || p->w != t->w || p->n != t->n || t->channel + t->c > p->c)
            return npu_fail(err, NPU_LIMIT, "map %.100s is no range of channels of %.100s", t->name,
                            p->name);
        m->at += (uint64_t)t->channel * t->h * t->w;
        at = t->inside;
    }
    m->root = at;
    m->n_str = s->map[at].n_str;
    if (at != (int32_t)k && (m->input || (m->output && !s->map[at].output)))
        return npu_fail(err, NPU_UNSUPPORTED, "%.100s is a%s of the sub-graph and a part of "
                        "%.100s", m->name, m->input ? "n input" : "n output", s->map[at].name);
    return NPU_OK;
}

int32_t cvi_new_map(cvi_state *s, const char *base, const char *what, int32_t like)
{
    cvi_map *m = cvi_grow(&s->map, &s->nmap, &s->map_cap, sizeof *m);
    size_t n = strlen(base ? base : "") + strlen(what) + 2;
    if (!m || !(m->name = malloc(n)))
        return NPU_NONE;
    snprintf(m->name, n, "%s_%s", base ? base : "", what);
    const cvi_map *l = &s->map[like];
    m->n = l->n;
    m->c = l->c;
    m->h = l->h;
    m->w = l->w;
    m->root = (int32_t)s->nmap - 1;
    m->h_str = l->w;
    m->c_str = l->h * l->w;
    m->n_str = (uint64_t)l->c * l->h * l->w;
    m->producer = NPU_NONE;
    return m->root;
}

static uint64_t image(const cvi_map *m)
{
    return (uint64_t)m->c * m->h * m->w;
}

/* One stretch of bytes in DDR. */
bool cvi_dense(const cvi_map *m)
{
    return m->h_str == m->w && m->c_str == m->h * m->w && (m->n == 1 || m->n_str == image(m));
}

uint64_t cvi_extent(const cvi_map *m)
{
    return (m->n - 1) * m->n_str + (uint64_t)(m->c - 1) * m->c_str +
           (uint64_t)(m->h - 1) * m->h_str + m->w;
}

/* Axis of the graph's shape as 1: C, 2: H, 3: W of a map (see lower.c); 0: another. */
int cvi_axis_of(int64_t axis, int rank)
{
    if (axis < 0)
        axis += rank;
    if (rank == 3)
        return axis == 1 ? 1 : axis == 2 ? 3 : 0;
    return rank <= 4 && axis >= 1 && axis <= 3 ? (int)axis : 0;
}

uint32_t cvi_size_along(const cvi_map *m, int axis)
{
    return axis == 1 ? m->c : axis == 2 ? m->h : m->w;
}

uint64_t cvi_step_along(const cvi_map *m, int axis)
{
    return axis == 1 ? m->c_str : axis == 2 ? m->h_str : 1;
}

/* Bytes to the part of map FROM that node N's output VALUE is: a Split. */
static bool split_start(const cvi_state *s, const npu_node *n, int32_t value, const cvi_map *from,
                        uint64_t *start)
{
    const npu_graph *g = s->net->graph;
    int rank = g->value[n->in[0]].rank, axis = cvi_axis_of(g_int(n, "axis", 0), rank);
    int64_t a = g_int(n, "axis", 0), before = 0;
    if (!axis)
        return false;
    for (uint32_t i = 0; i < n->nout && n->out[i] != value; i++)
        before += n->out[i] == NPU_NONE ? 0 : g->value[n->out[i]].dim[a < 0 ? a + rank : a];
    *start = (uint64_t)before * cvi_step_along(from, axis);
    return before >= 0;
}

/* Numbers of a Slice: input K, or attribute NAME in old files; how many, -1: not constant. */
int64_t cvi_numbers(const npu_graph *g, const npu_node *n, uint32_t k, const char *name,
                       int64_t *v)
{
    if (n->nin > 1)
        return k < n->nin && n->in[k] != NPU_NONE ? g_const_ints(g, n->in[k], v, NPU_RANK_MAX) : 0;
    return (int64_t)g_ints(n, name, v, NPU_RANK_MAX);
}

/* The same of a Slice with step 1. */
static bool slice_start(const cvi_state *s, const npu_node *n, const cvi_map *from,
                        uint64_t *start)
{
    const npu_graph *g = s->net->graph;
    int64_t begin[NPU_RANK_MAX], axes[NPU_RANK_MAX], steps[NPU_RANK_MAX];
    int64_t count = cvi_numbers(g, n, 1, "starts", begin), na = cvi_numbers(g, n, 3, "axes", axes);
    int64_t ns = cvi_numbers(g, n, 4, "steps", steps);
    int rank = g->value[n->in[0]].rank;
    *start = 0;
    for (int64_t i = 0; i < count; i++) {
        int axis = cvi_axis_of(i < na ? axes[i] : i, rank);
        int64_t b = begin[i];
        if ((i < ns && steps[i] != 1) || (!axis && b != 0))
            return false;
        if (!axis)
            continue;
        b += b < 0 ? cvi_size_along(from, axis) : 0;
        if (b < 0 || b >= cvi_size_along(from, axis))
            return false;
        *start += (uint64_t)b * cvi_step_along(from, axis);
    }
    return count > 0;
}

static bool same_shape(const cvi_map *a, const cvi_map *b)
{
    return a->n == b->n && a->c == b->c && a->h == b->h && a->w == b->w;
}

/* What LAYER's result is of its input: V gets the result's shape and where it lies.  False: not a
 * part of it, nor the same bytes. */
static bool part_of(const cvi_state *s, uint32_t layer, cvi_map *v)
{
    const cc_layer *l = &s->net->layer[layer];
    const cvi_map *a = &s->map[l->a], *o = &s->map[l->out];
    const npu_node *n = l->node == NPU_NONE ? NULL : &s->net->graph->node[l->node];
    uint64_t start = 0;
    *v = *a;
    if (same_shape(a, o))
        return l->function != NPU_OP_TRANSPOSE && l->function != NPU_OP_PAD;
    if (l->function == NPU_OP_RESHAPE && cvi_dense(a) && a->n * image(a) == o->n * image(o)) {
        v->h_str = o->w;
        v->c_str = o->h * o->w;
        v->n_str = image(o);
    } else if (n && l->function == NPU_OP_SPLIT) {
        if (!split_start(s, n, s->net->tensor[l->out].value, a, &start))
            return false;
    } else if (!n || l->function != NPU_OP_SLICE || !slice_start(s, n, a, &start)) {
        return false;
    }
    v->n = o->n;
    v->c = o->c;
    v->h = o->h;
    v->w = o->w;
    v->at += start;
    return v->at + cvi_extent(v) <= cvi_extent(&s->map[a->root]);
}

bool cvi_is_move(const cc_layer *l)
{
    return l->kind == CC_MOVE ||
           (l->kind == CC_CONV && l->weight == NPU_NONE && l->function == NPU_OP_SLICE);
}

/* Moves everything in root FROM to AT bytes into root TO. */
static void rehome(cvi_state *s, int32_t from, int32_t to, uint64_t at)
{
    for (uint32_t i = 0; i < s->nmap; i++)
        if (s->map[i].root == from) {
            s->map[i].root = to;
            s->map[i].at += at;
        }
}

/* The result is a name for bytes its input has. */
static bool drop_name(cvi_state *s, uint32_t layer)
{
    const cc_layer *l = &s->net->layer[layer];
    cvi_map *o = &s->map[l->out], v;
    if (o->root != l->out || o->output || s->net->tensor[l->out].inside != NPU_NONE ||
        !part_of(s, layer, &v))
        return false;
    if (!cvi_dense(o)) /* views in it count on its layout */
        return false;
    bool plain = o->n == 1 && v.h_str == o->h_str && v.c_str == o->c_str;
    for (uint32_t i = 0; i < s->nmap && !plain; i++)
        if (s->map[i].root == l->out && i != (uint32_t)l->out)
            return false;
    o->h_str = v.h_str;
    o->c_str = v.c_str;
    o->n_str = v.n_str;
    rehome(s, l->out, v.root, v.at);
    return true;
}

/* Distance by which LAYER, a plain copy between roots, moves bytes: to the root's start. */
static bool shift_of(const cvi_state *s, uint32_t layer, int32_t from, int32_t to, uint64_t *by)
{
    const cc_layer *l = &s->net->layer[layer];
    const cvi_map *o = &s->map[l->out];
    cvi_map v;
    if (!cvi_is_move(l) || o->root != to || s->map[l->a].root != from ||
        !part_of(s, layer, &v) || !cvi_dense(o) || !cvi_dense(&v) || o->n != 1 || o->at < v.at)
        return false;
    *by = o->at - v.at;
    return true;
}

/* The input's root can lie in the result's root from the start: whatever else is written there is
 * only copied by the same distance. */
static bool drop_copy(cvi_state *s, uint32_t layer)
{
    const cc_layer *l = s->net->layer;
    int32_t from = s->map[l[layer].a].root, to = s->map[l[layer].out].root;
    uint64_t by, other;
    if (from == to || s->map[from].input || s->map[from].output ||
        !shift_of(s, layer, from, to, &by))
        return false;
    uint64_t end = by + cvi_extent(&s->map[from]);
    if (s->map[from].n != 1 || s->map[to].n != 1 || end > cvi_extent(&s->map[to]))
        return false;
    for (uint32_t i = 0; i < s->net->nlayer; i++) {
        const cvi_map *o = &s->map[l[i].out];
        if (s->gone[i] || o->root != to || o->at >= end || o->at + cvi_extent(o) <= by)
            continue;
        if (!shift_of(s, i, from, to, &other) || other != by)
            return false;
    }
    for (uint32_t i = 0; i < s->net->nlayer; i++)
        if (!s->gone[i] && shift_of(s, i, from, to, &other) && other == by)
            s->gone[i] = true;
    rehome(s, from, to, by);
    return true;
}

npu_status cvi_maps(cvi_state *s, npu_err *err)
{
    const cc_net *net = s->net;
    for (uint32_t i = 0; i < net->ntensor; i++)
        NPU_TRY(add_map(s, i, err));
    for (uint32_t i = 0; i < net->ntensor; i++)
        NPU_TRY(root_of(s, i, err));
    if (!(s->gone = calloc(net->nlayer + 1, sizeof *s->gone)))
        return cvi_no_memory(err);
    for (uint32_t i = 0; i < net->nlayer; i++)
        if (cvi_is_move(&net->layer[i]) && !s->gone[i])
            s->gone[i] = drop_name(s, i) || drop_copy(s, i);
    return NPU_OK;
}

/* Pads of a Pad node: of rows and columns only, by a constant. */
bool cvi_pads_of(const cvi_state *s, uint32_t layer, cvi_pads *p)
{
    const cc_layer *l = &s->net->layer[layer];
    const npu_graph *g = s->net->graph;
    const npu_node *n = l->node == NPU_NONE ? NULL : &g->node[l->node];
    int64_t v[NPU_RANK_MAX];
    double value = 0;
    int32_t side[2][4] = {{0}};
    if (!n || strcmp(g_text(n, "mode", "constant"), "constant") != 0)
        return false;
    int rank = g->value[n->in[0]].rank;
    int64_t count = n->nin > 1 ? g_const_ints(g, n->in[1], v, NPU_RANK_MAX)
                               : (int64_t)g_ints(n, "pads", v, NPU_RANK_MAX);
    if (n->nin > 2 && n->in[2] != NPU_NONE && !g_const_num(g, n->in[2], 0, &value))
        return false;
    for (int64_t i = 0; i < count; i++) {
        int axis = cvi_axis_of(i % rank, rank);
        if (v[i] < 0 || v[i] > CVI_PAD_MAX || (axis < 2 && v[i] != 0))
            return false;
        side[i >= rank][axis] = (int32_t)v[i];
    }
    *p = (cvi_pads){side[0][2], side[1][2], side[0][3], side[1][3], 0};
    value = round(value * 127 / CVI_RANGE);
    p->value = (int16_t)(value > 127 ? 127 : value < -128 ? -128 : value);
    return count == 2 * rank;
}

static npu_status count_readers(cvi_state *s, npu_err *err)
{
    s->readers = calloc(s->nmap, sizeof *s->readers);
    s->last_read = calloc(s->nmap, sizeof *s->last_read);
    if (!s->readers || !s->last_read)
        return cvi_no_memory(err);
    for (uint32_t i = 0; i < s->nop; i++) {
        int32_t in[2] = {s->op[i].a, s->op[i].b};
        for (int k = 0; k < 2; k++)
            if (in[k] != NPU_NONE && (k == 0 || in[0] != in[1])) {
                s->readers[in[k]]++;
                s->last_read[in[k]] = i;
            }
    }
    return NPU_OK;
}

/* Views are read through their bytes: a map others lie in, or that lies in another, must be in
 * DDR whenever any of them crosses.  Marking all of them read to the end is safe and simple. */
static void keep_views(cvi_state *s)
{
    for (uint32_t i = 0; i < s->nmap; i++) {
        int32_t r = s->map[i].root;
        if (r == (int32_t)i)
            continue;
        for (int k = 0; k < 2; k++) {
            int32_t m = k ? r : (int32_t)i;
            s->last_read[m] = s->nop;
            s->readers[m]++;
        }
    }
}

npu_status cvi_readers(cvi_state *s, npu_err *err)
{
    NPU_TRY(count_readers(s, err));
    keep_views(s);
    return NPU_OK;
}
