/* Which operators pass tiles through local memory together, and how large the tiles are.
 *
 * Every candidate is written out as commands and timed by the simulator; the cheapest chain of
 * groups wins (dynamic programming over the order of execution). */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_layout.h"

enum { TRIES = 4 };         /* tile heights tried from the largest that fits */

static uint32_t div_up(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

/* Time of G alone; *fits false: not possible. */
static npu_status price(cvi_state *s, cvi_group *g, bool *fits, npu_err *err)
{
    cvi_slots slots = {0};
    cvi_list list = {0};
    uint64_t bytes = 0;
    npu_status st = cvi_group_slots(s, g, false, &slots, fits, err);
    if (st == NPU_OK && *fits)
        st = cvi_walk(&slots, s->lane_bytes, &list, err);
    if (st == NPU_OK && *fits)
        st = cvi_time(s, &list, &g->cost, &bytes, err);
    if (st == NPU_OK && *fits)
        g->cost += (int64_t)(s->byte_price * (double)bytes);
    cvi_slots_free(&slots);
    free(list.v);
    return st;
}

static npu_status consider(cvi_state *s, cvi_group g, cvi_group *best, bool *fits, npu_err *err)
{
    NPU_TRY(price(s, &g, fits, err));
    if (*fits && (best->cost < 0 || g.cost < best->cost))
        *best = g;
    return NPU_OK;
}

/* Tile heights from the whole map down, columns whole; widths are cut when one row is too much. */
static npu_status heights(cvi_state *s, cvi_group g, cvi_group *best, npu_err *err)
{
    const cvi_map *m = &s->map[s->op[g.last].out];
    uint32_t found = 0, rows = 0;
    for (uint32_t pieces = 1; pieces <= m->h && found < TRIES;
         pieces += pieces < 12 ? 1 : pieces / 6) {
        bool fits = false;
        if (div_up(m->h, pieces) == rows)
            continue;
        rows = g.rows = div_up(m->h, pieces);
        g.cols = m->w;
        NPU_TRY(consider(s, g, best, &fits, err));
        found += fits;
    }
    for (uint32_t pieces = 2; pieces <= m->w && found == 0; pieces *= 2) {
        bool fits = false;
        g.cols = div_up(m->w, pieces);
        for (g.rows = 32; g.rows > 0 && !fits; g.rows /= 2)
            if (g.rows <= m->h || g.rows == 1)
                NPU_TRY(consider(s, g, best, &fits, err));
        found += fits;
    }
    return NPU_OK;
}

/* Best tiling of operators FIRST..LAST; best->cost < 0: none. */
static npu_status best_tiling(cvi_state *s, uint32_t first, uint32_t last, cvi_group *best,
                              npu_err *err)
{
    uint32_t c = s->map[s->op[last].out].c, was = 0;
    best->cost = -1;
    for (uint32_t pieces = 1; pieces <= div_up(c, s->lanes); pieces *= 2) {
        cvi_group g = {.first = first, .last = last, .rows = 1, .cols = 1};
        g.channels = pieces == 1 ? c : cvi_up(div_up(c, pieces), s->lanes);
        if (g.channels == was)
            continue;
        was = g.channels;
        if (!cvi_group_legal(s, &g))
            break;
        for (int inside = 0; inside < (pieces > 1 ? 2 : 1); inside++) {
            g.rows_inside = inside;
            NPU_TRY(heights(s, g, best, err));
        }
    }
    return NPU_OK;
}

typedef struct { int64_t cost; cvi_group group; } step;

static npu_status no_tiling(const cvi_state *s, uint32_t op, npu_err *err)
{
    return cvi_fail(s, s->op[op].layer, err, "no tile of it fits local memory");
}

static npu_status chain(cvi_state *s, step *at, npu_err *err)
{
    for (uint32_t i = 0; i <= s->nop; i++)
        at[i].cost = i ? -1 : 0;
    for (uint32_t i = 0; i < s->nop; i++) {
        if (at[i].cost < 0)
            return no_tiling(s, i, err);
        for (uint32_t j = i; j < s->nop && j < i + s->window; j++) {
            cvi_group g;
            NPU_TRY(best_tiling(s, i, j, &g, err));
            if (g.cost >= 0 && (at[j + 1].cost < 0 || at[i].cost + g.cost < at[j + 1].cost))
                at[j + 1] = (step){at[i].cost + g.cost, g};
        }
    }
    return at[s->nop].cost < 0 ? no_tiling(s, s->nop - 1, err) : NPU_OK;
}

npu_status cvi_plan(cvi_state *s, npu_err *err)
{
    step *at = calloc(s->nop + 1, sizeof *at);
    s->group = calloc(s->nop + 1, sizeof *s->group);
    npu_status st = at && s->group ? chain(s, at, err) : cvi_no_memory(err);
    if (st == NPU_OK) {
        for (uint32_t i = s->nop; i > 0; i = at[i].group.first)
            s->ngroup++;
        uint32_t k = s->ngroup;
        for (uint32_t i = s->nop; i > 0; i = at[i].group.first)
            s->group[--k] = at[i].group;
    }
    free(at);
    return st;
}
