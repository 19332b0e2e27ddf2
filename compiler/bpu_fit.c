/* Addresses: whole maps on chip by first fit over their lives, maps in DDR likewise. */
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu_fit.h"

static bool meet(const bpu_piece *a, const bpu_piece *b)
{
    return a->from <= b->to && b->from <= a->to;
}

/* Lowest address at which piece I meets none of the placed pieces in time and place. */
static uint64_t lowest(const bpu_piece *p, const uint32_t *placed, uint32_t n, uint32_t i)
{
    uint64_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t k = 0; k < n; k++) {
            const bpu_piece *x = &p[placed[k]];
            if (meet(x, &p[i]) && at < x->addr + x->bytes && x->addr < at + p[i].bytes) {
                at = x->addr + x->bytes;
                moved = true;
            }
        }
    }
    return at;
}

static int larger(const void *a, const void *b, void *pieces)
{
    const bpu_piece *p = pieces;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    if (p[i].bytes != p[k].bytes)
        return p[i].bytes > p[k].bytes ? -1 : 1;
    return i < k ? -1 : i > k;
}

bool bpu_fit(bpu_piece *p, uint32_t n, uint64_t *top)
{
    uint32_t *order = malloc((n + 1) * 2 * sizeof *order), *placed = order + n + 1;
    *top = 0;
    if (!order)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        order[i] = i;
        p[i].bytes = bpu_up64(p[i].bytes);
    }
    qsort_r(order, n, sizeof *order, larger, p);
    for (uint32_t i = 0; i < n; i++) {
        bpu_piece *x = &p[order[i]];
        x->addr = lowest(p, placed, i, order[i]);
        placed[i] = order[i];
        *top = x->addr + x->bytes > *top ? x->addr + x->bytes : *top;
    }
    free(order);
    return true;
}

/* Group that layer L belongs to. */
static uint32_t group_of(const bpu_plan *p, int32_t l)
{
    uint32_t g = 0;
    while (g + 1 < p->n && (int32_t)p->group[g].last < l)
        g++;
    return g;
}

static npu_status shared(const bpu_net *b, const bpu_plan *p, bpu_places *out, npu_err *err)
{
    uint32_t n = 0;
    bpu_piece *piece = calloc(b->net->ntensor + 1, sizeof *piece);
    int32_t *of = calloc(b->net->ntensor + 1, sizeof *of);
    bool ok = piece && of;
    for (uint32_t i = 0; ok && i < b->net->ntensor; i++) {
        const bpu_store *s = &b->store[i];
        if (b->root[i] != (int32_t)i || s->input || s->output || s->first < 0 ||
            group_of(p, s->first) == group_of(p, s->last))
            continue;
        piece[n] = (bpu_piece){group_of(p, s->first), group_of(p, s->last), s->bytes, 0};
        of[n++] = (int32_t)i;
    }
    ok = ok && bpu_fit(piece, n, &out->shared);
    for (uint32_t i = 0; ok && i < n; i++)
        out->offset[of[i]] = piece[i].addr;
    free(piece);
    free(of);
    return ok ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

/* Inputs and outputs come after those of the sub-graphs before; what one of those left in its
 * outputs is read where it lies. */
static void edges(const bpu_net *b, const npu_program *g, bpu_places *out)
{
    const cc_net *n = b->net;
    out->inputs = g->io_used[0];
    out->outputs = g->io_used[1];
    for (uint32_t i = 0; i < n->ntensor; i++) {
        const bpu_store *s = &b->store[i];
        uint64_t edge = bpu_up64(s->ddr_row * s->ddr_pieces * s->rows * bpu_images(b));
        const npu_tensor *known = npu_program_tensor(g, n->tensor[i].name);
        if (b->root[i] != (int32_t)i || (!s->output && s->first >= 0))
            continue;
        bool out_of_other = !s->output && n->tensor[i].planar && known;
        bool again = !s->output && known && known->offset >= 0;
        out->memory[i] = s->output || out_of_other ? NPU_MEM_IO + 1 : NPU_MEM_IO;
        uint64_t *end = s->output ? &out->outputs : &out->inputs;
        out->offset[i] = again ? (uint64_t)known->offset & ((UINT64_C(1) << 40) - 1) : *end;
        *end += again ? 0 : edge;
    }
}

npu_status bpu_places_make(const bpu_net *b, const bpu_plan *p, const npu_program *g,
                           uint64_t weight_base, bpu_places *out, npu_err *err)
{
    const cc_net *n = b->net;
    *out = (bpu_places){calloc(n->ntensor + 1, sizeof *out->offset),
                        calloc(n->ntensor + 1, 1), calloc(n->nlayer + 1, sizeof *out->weight)};
    if (!out->offset || !out->memory || !out->weight)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    NPU_TRY(shared(b, p, out, err));
    edges(b, g, out);
    uint64_t at = weight_base;
    for (uint32_t l = 0; l < n->nlayer; l++) {
        out->weight[l] = at;
        at += bpu_up64(b->weight[l]);
    }
    out->weights = at - weight_base;
    return NPU_OK;
}

void bpu_places_free(bpu_places *p)
{
    free(p->offset);
    free(p->memory);
    free(p->weight);
    *p = (bpu_places){0};
}
