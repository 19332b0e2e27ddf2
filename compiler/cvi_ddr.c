/* Addresses of the maps in DDR.
 *
 * The first five inputs and outputs have a base register each, the others lie in private memory.
 * What only goes from group to group lies in shared memory, where a buffer is used again as soon
 * as its last reader's group is over. */
#include <stdlib.h>

#include "compiler/cvi_ir.h"

enum { IO_SLOTS = 5, CVI_MEMORY_BITS = 40 };

typedef struct { uint32_t from, to; uint64_t bytes; bool used; } life;

static uint64_t bytes_of(const cvi_map *m)
{
    return ((uint64_t)m->n * m->c * m->h * m->w + CVI_DDR_ALIGN - 1) / CVI_DDR_ALIGN *
           CVI_DDR_ALIGN;
}

static void live(cvi_state *s, life *l, int32_t map, uint32_t group)
{
    life *x = &l[s->map[map].root];
    if (!x->used || group < x->from)
        x->from = group;
    if (!x->used || group > x->to)
        x->to = group;
    x->used = true;
}

/* Groups between which each root is in DDR. */
static void lives(cvi_state *s, life *l)
{
    for (uint32_t k = 0; k < s->ngroup; k++) {
        const cvi_group *g = &s->group[k];
        for (uint32_t i = g->first; i <= g->last; i++) {
            const cvi_op *op = &s->op[i];
            if (!cvi_made_in(s, g, op->a))
                live(s, l, op->a, k);
            if (op->b != NPU_NONE && !cvi_made_in(s, g, op->b))
                live(s, l, op->b, k);
            if (cvi_crosses(s, g, op->out))
                live(s, l, op->out, k);
        }
    }
}

/* Lowest address where root R meets no root placed before that lives at the same time. */
static uint64_t lowest(const cvi_state *s, const life *l, uint32_t r)
{
    uint64_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < s->nmap; i++) {
            const cvi_map *m = &s->map[i];
            if (!m->stored || m->sel != NPU_MEM_SHARED || l[i].to < l[r].from ||
                l[r].to < l[i].from || at >= m->addr + l[i].bytes || m->addr >= at + l[r].bytes)
                continue;
            at = m->addr + l[i].bytes;
            moved = true;
        }
    }
    return at;
}

/* A map another sub-graph of the program has already placed, by name. */
static bool placed_before(const npu_program *p, cvi_map *m)
{
    const npu_tensor *t = p ? npu_program_tensor(p, m->name) : NULL;
    if (!t || t->offset < 0)
        return false;
    m->sel = (uint8_t)(t->offset >> CVI_MEMORY_BITS);
    m->addr = (uint64_t)t->offset & ((UINT64_C(1) << CVI_MEMORY_BITS) - 1);
    return true;
}

static void place_io(cvi_state *s)
{
    const npu_program *p = s->program;
    int slot = 0;
    for (size_t i = 0; p && i < p->ntensor; i++) {
        int sel = p->tensor[i].offset < 0 ? 0 : (int)(p->tensor[i].offset >> CVI_MEMORY_BITS);
        slot = sel - NPU_MEM_IO + 1 > slot ? sel - NPU_MEM_IO + 1 : slot;
    }
    s->private_bytes = p ? cvi_up(p->private_gmem, CVI_DDR_ALIGN) : 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < s->nmap; i++) {
            cvi_map *m = &s->map[i];
            if (m->root != (int32_t)i || (pass == 0 ? !m->input : !m->output || m->input))
                continue;
            m->stored = true;
            if (placed_before(p, m))
                continue;
            if (slot < IO_SLOTS) {
                m->sel = (uint8_t)(NPU_MEM_IO + slot++);
                continue;
            }
            m->sel = NPU_MEM_PRIVATE;
            m->addr = s->private_bytes;
            s->private_bytes += bytes_of(m);
        }
}

npu_status cvi_ddr(cvi_state *s, npu_err *err)
{
    life *l = calloc(s->nmap, sizeof *l);
    if (!l)
        return cvi_no_memory(err);
    lives(s, l);
    place_io(s);
    for (;;) { /* the largest first: small ones fill the gaps */
        uint32_t r = UINT32_MAX;
        for (uint32_t i = 0; i < s->nmap; i++) {
            l[i].bytes = bytes_of(&s->map[i]);
            if (l[i].used && s->map[i].root == (int32_t)i && !s->map[i].stored &&
                (r == UINT32_MAX || l[i].bytes > l[r].bytes))
                r = i;
        }
        if (r == UINT32_MAX)
            break;
        s->map[r].addr = lowest(s, l, r);
        s->map[r].sel = NPU_MEM_SHARED;
        s->map[r].stored = true;
        if (s->map[r].addr + l[r].bytes > s->shared)
            s->shared = s->map[r].addr + l[r].bytes;
    }
    free(l);
    return NPU_OK;
}
