/* Tile geometry: which part of every map a slot of a group needs, stores and computes.
 *
 * A slot's part of the last result is a rectangle of rows, columns and channels; what the operators
 * before need follows backwards, halos included. */
#include "compiler/cvi_ir.h"

const cvi_kind_info cvi_kind_table[CVI_KINDS] = {
#define K(id, cmd, window, compact, opd, arithmetic, round, signs, third)                          \
    [CVI_##id] = {NPU_KIND_##cmd, window, compact, opd, arithmetic, round, signs, third},
#include "compiler/cvi_kind.def"
#undef K
};

static int32_t floor_div(int32_t a, int32_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

cvi_axis cvi_axis_y(const cvi_op *op)
{
    return (cvi_axis){op->kh, op->sh, op->dh, op->ih, op->pt};
}

cvi_axis cvi_axis_x(const cvi_op *op)
{
    return (cvi_axis){op->kw, op->sw, op->dw, op->iw, op->pl};
}

cvi_span cvi_need(cvi_axis a, cvi_span out, int32_t extent, int32_t *before, int32_t *after)
{
    int32_t step = (int32_t)a.ins + 1;
    int32_t from = out.lo * (int32_t)a.stride - a.pad;
    int32_t to = (out.hi - 1) * (int32_t)a.stride - a.pad + (int32_t)((a.k - 1) * a.dil);
    int32_t first = floor_div(from + step - 1, step), last = floor_div(to, step);
    if (first < 0)
        first = 0;
    if (last > extent - 1)
        last = extent - 1;
    *before = first * step - from;
    *after = to - last * step;
    return (cvi_span){first, last + 1};
}

static uint32_t div_up(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

static uint32_t chunks(const cvi_state *s, const cvi_group *g)
{
    return div_up(s->map[s->op[g->last].out].c, g->channels);
}

typedef struct { uint32_t n, chunk, y, x; } place;

static place place_of(const cvi_state *s, const cvi_group *g, uint32_t slot)
{
    const cvi_map *m = &s->map[s->op[g->last].out];
    uint32_t ny = div_up(m->h, g->rows), nx = div_up(m->w, g->cols), nc = chunks(s, g);
    place p;
    if (!g->rows_inside) {
        p.chunk = slot % nc;
        slot /= nc;
    }
    p.x = slot % nx;
    slot /= nx;
    p.y = slot % ny;
    slot /= ny;
    if (g->rows_inside) {
        p.chunk = slot % nc;
        slot /= nc;
    }
    p.n = slot;
    return p;
}

uint32_t cvi_slot_count(const cvi_state *s, const cvi_group *g)
{
    const cvi_map *m = &s->map[s->op[g->last].out];
    return m->n * chunks(s, g) * div_up(m->h, g->rows) * div_up(m->w, g->cols);
}

uint32_t cvi_slot_chunk(const cvi_state *s, const cvi_group *g, uint32_t slot)
{
    return place_of(s, g, slot).chunk;
}

cvi_span cvi_chunk_span(const cvi_state *s, const cvi_group *g, uint32_t chunk)
{
    uint32_t c = s->map[s->op[g->last].out].c, hi = (chunk + 1) * g->channels;
    return (cvi_span){(int32_t)(chunk * g->channels), (int32_t)(hi < c ? hi : c)};
}

/* Part INDEX of an axis EXTENT long, cut as REF is cut in pieces of STEP. */
static cvi_span cut(uint32_t index, uint32_t step, uint32_t ref, uint32_t extent)
{
    uint64_t lo = (uint64_t)index * step * extent / ref;
    uint64_t hi = (uint64_t)(index + 1) * step >= ref ? extent
                                                      : (uint64_t)(index + 1) * step * extent / ref;
    return (cvi_span){(int32_t)lo, (int32_t)hi};
}

cvi_box cvi_slot_part(const cvi_state *s, const cvi_group *g, uint32_t slot, int32_t map)
{
    const cvi_map *m = &s->map[map], *ref = &s->map[s->op[g->last].out];
    place p = place_of(s, g, slot);
    cvi_box b = {{0, (int32_t)m->c}, cut(p.y, g->rows, ref->h, m->h),
                 cut(p.x, g->cols, ref->w, m->w), p.n};
    if (g->channels < ref->c)
        b.c = cvi_chunk_span(s, g, p.chunk);
    return b;
}

static bool unused(cvi_box b)
{
    return b.n == UINT32_MAX;
}

static void hull(cvi_span *a, cvi_span b)
{
    a->lo = b.lo < a->lo ? b.lo : a->lo;
    a->hi = b.hi > a->hi ? b.hi : a->hi;
}

static void need_more(cvi_box *a, cvi_box b)
{
    if (cvi_len(b.c) <= 0 || cvi_len(b.y) <= 0 || cvi_len(b.x) <= 0)
        return;
    if (unused(*a)) {
        *a = b;
        return;
    }
    hull(&a->c, b.c);
    hull(&a->y, b.y);
    hull(&a->x, b.x);
}

/* What OP needs of its input MAP to make OUT; broadcast axes need everything there is. */
static cvi_box input_box(const cvi_state *s, const cvi_op *op, int32_t map, cvi_box out)
{
    const cvi_map *m = &s->map[map], *r = &s->map[op->out];
    int32_t ignored;
    cvi_box b = out;
    if (cvi_kind_table[op->kind].window) {
        b.y = cvi_need(cvi_axis_y(op), out.y, (int32_t)m->h, &ignored, &ignored);
        b.x = cvi_need(cvi_axis_x(op), out.x, (int32_t)m->w, &ignored, &ignored);
    }
    if (op->kind == CVI_CONV || (m->c == 1 && r->c > 1))
        b.c = (cvi_span){0, (int32_t)m->c};
    if (op->b == map && map != op->a) {
        if (m->h == 1 && r->h > 1)
            b.y = (cvi_span){0, 1};
        if (m->w == 1 && r->w > 1)
            b.x = (cvi_span){0, 1};
    }
    return b;
}

static bool same_span(cvi_span a, cvi_span b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

static bool same_box(cvi_box a, cvi_box b)
{
    return same_span(a.c, b.c) && same_span(a.y, b.y) && same_span(a.x, b.x);
}

bool cvi_slot_boxes(const cvi_state *s, const cvi_group *g, uint32_t slot, cvi_box *box)
{
    for (uint32_t i = g->first; i <= g->last; i++) {
        const cvi_op *op = &s->op[i];
        box[op->a].n = box[op->out].n = UINT32_MAX;
        if (op->b != NPU_NONE)
            box[op->b].n = UINT32_MAX;
    }
    for (uint32_t i = g->last + 1; i-- > g->first;) {
        const cvi_op *op = &s->op[i];
        if (cvi_crosses(s, g, op->out))
            need_more(&box[op->out], cvi_slot_part(s, g, slot, op->out));
        if (unused(box[op->out]))
            continue;
        need_more(&box[op->a], input_box(s, op, op->a, box[op->out]));
        if (op->b != NPU_NONE)
            need_more(&box[op->b], input_box(s, op, op->b, box[op->out]));
    }
    for (uint32_t i = g->first; i <= g->last; i++) {
        const cvi_op *op = &s->op[i];
        if (cvi_kind_table[op->kind].compact && !unused(box[op->out]) &&
            !same_box(box[op->a], input_box(s, op, op->a, box[op->out])))
            return false;
    }
    return true;
}

bool cvi_made_in(const cvi_state *s, const cvi_group *g, int32_t map)
{
    int32_t p = s->map[map].producer;
    return p != NPU_NONE && (uint32_t)p >= g->first && (uint32_t)p <= g->last;
}

bool cvi_crosses(const cvi_state *s, const cvi_group *g, int32_t map)
{
    const cvi_map *m = &s->map[map];
    return m->output || s->last_read[map] > g->last || s->readers[map] == 0;
}

/* Whether two maps share bytes. */
static bool overlap(const cvi_state *s, int32_t a, int32_t b)
{
    const cvi_map *x = &s->map[a], *y = &s->map[b];
    return x->root == y->root && x->at < y->at + cvi_extent(y) && y->at < x->at + cvi_extent(x);
}

/* An input that is not made in the group must not share bytes with what is. */
static bool input_legal(const cvi_state *s, const cvi_group *g, int32_t map)
{
    if (map == NPU_NONE || cvi_made_in(s, g, map))
        return true;
    for (uint32_t i = g->first; i <= g->last; i++)
        if (overlap(s, map, s->op[i].out))
            return false;
    return true;
}

bool cvi_group_legal(const cvi_state *s, const cvi_group *g)
{
    const cvi_map *last = &s->map[s->op[g->last].out];
    for (uint32_t i = g->first; i <= g->last; i++) {
        const cvi_op *op = &s->op[i];
        if (s->map[op->out].n != last->n || !input_legal(s, g, op->a) || !input_legal(s, g, op->b))
            return false;
        if (g->channels < last->c &&
            (s->map[op->out].c != last->c || (op->kind == CVI_CONV && i > g->first) ||
             op->group > 1))
            return false;
    }
    return true;
}

uint32_t cvi_box_bytes(const cvi_state *s, cvi_box b)
{
    uint32_t slices = ((uint32_t)cvi_len(b.c) + s->lanes - 1) / s->lanes;
    return cvi_up(slices * cvi_plane(b), CVI_ALIGN);
}
