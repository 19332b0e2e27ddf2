/* See bpu_buf.h. */
#include "compiler/bpu_buf.h"

#include <stdlib.h>
#include <string.h>

bool bpu_list_add(bpu_list *l, uint32_t item)
{
    for (uint32_t i = l->n; i-- > 0;)
        if (l->item[i] == item)
            return true;
    if (l->n == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 4, *grown = realloc(l->item, cap * sizeof *grown);
        if (!grown)
            return false;
        l->item = grown;
        l->cap = cap;
    }
    l->item[l->n++] = item;
    return true;
}

/* NEW begins with what touched OLD. */
static bool inherit(bpu_buf *new, const bpu_buf *old)
{
    bool fresh = false, ok = true;
    for (uint32_t i = 0; i < old->rows && ok; i++) {
        const bpu_row *r = &old->row[i];
        fresh |= r->fresh;
        new->mac = r->mac > new->mac ? r->mac : new->mac;
        if (r->load >= 0)
            ok &= bpu_list_add(&new->dma, (uint32_t)r->load);
        if (r->store >= 0)
            ok &= bpu_list_add(&new->dma, (uint32_t)r->store);
    }
    if (fresh) {
        new->mac = old->mac > new->mac ? old->mac : new->mac;
        for (uint32_t i = 0; i < old->dma.n && ok; i++)
            ok &= bpu_list_add(&new->dma, old->dma.item[i]);
    }
    return ok;
}

static bool own(bpu_space *s, uint64_t from, uint64_t to, uint32_t buf)
{
    if (s->nowner == s->owner_cap) {
        uint32_t cap = s->owner_cap ? 2 * s->owner_cap : 64;
        void *grown = realloc(s->owner, cap * sizeof *s->owner);
        if (!grown)
            return false;
        s->owner = grown;
        s->owner_cap = cap;
    }
    s->owner[s->nowner].from = from;
    s->owner[s->nowner].to = to;
    s->owner[s->nowner++].buf = buf;
    return true;
}

/* Takes [FROM, TO) from its owners, whose hazards go to buffer NEW. */
static bool take(bpu_space *s, uint64_t from, uint64_t to, uint32_t new)
{
    bool ok = true;
    for (uint32_t i = 0; i < s->nowner && ok;) {
        uint64_t a = s->owner[i].from, z = s->owner[i].to;
        uint32_t old = s->owner[i].buf;
        if (z <= from || a >= to) {
            i++;
            continue;
        }
        ok = inherit(&s->buf[new], &s->buf[old]);
        s->owner[i] = s->owner[--s->nowner];
        if (a < from)
            ok &= own(s, a, from, old);
        if (z > to)
            ok &= own(s, to, z, old);
    }
    return ok && own(s, from, to, new);
}

int64_t bpu_buf_new(bpu_space *s, uint64_t addr, uint64_t bytes, uint32_t rows)
{
    if (s->n == s->cap) {
        uint32_t cap = s->cap ? 2 * s->cap : 64;
        bpu_buf *grown = realloc(s->buf, cap * sizeof *grown);
        if (!grown)
            return -1;
        s->buf = grown;
        s->cap = cap;
    }
    bpu_buf *b = &s->buf[s->n];
    *b = (bpu_buf){.addr = addr, .bytes = bytes, .rows = rows, .mac = -1,
                   .row = malloc(rows * sizeof *b->row)};
    if (!b->row)
        return -1;
    for (uint32_t i = 0; i < rows; i++)
        b->row[i] = (bpu_row){-1, -1, -1, true};
    s->n++;
    return take(s, addr, addr + bytes, s->n - 1) ? (int64_t)s->n - 1 : -1;
}

bool bpu_buf_touch(bpu_space *s, int64_t buf, uint32_t from, uint32_t n, bpu_touch how, uint32_t i,
                   int64_t *mac, bpu_list *dma)
{
    bpu_buf *b = &s->buf[buf];
    bool ok = true, transfer = how == BPU_TOUCH_LOAD || how == BPU_TOUCH_STORE;
    n = n > b->rows ? b->rows : n;
    for (uint32_t k = 0; k < n && ok; k++) {
        bpu_row *r = &b->row[(from + k) % b->rows];
        if (r->fresh) {
            *mac = b->mac > *mac ? b->mac : *mac;
            for (uint32_t d = 0; d < b->dma.n && ok; d++)
                ok &= bpu_list_add(dma, b->dma.item[d]);
            r->fresh = false;
        }
        if (transfer)
            *mac = r->mac > *mac ? r->mac : *mac;
        /* also after its like: a row is loaded and stored in parts, and the last one stands for
         * all of them */
        if (r->load >= 0)
            ok &= bpu_list_add(dma, (uint32_t)r->load);
        if (r->store >= 0 && how != BPU_TOUCH_MAC_READ)
            ok &= bpu_list_add(dma, (uint32_t)r->store);
        if (how == BPU_TOUCH_LOAD)
            r->load = i;
        else if (how == BPU_TOUCH_STORE)
            r->store = i;
        else
            r->mac = i;
    }
    return ok;
}

void bpu_space_free(bpu_space *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        free(s->buf[i].row);
        free(s->buf[i].dma.item);
    }
    free(s->buf);
    free(s->owner);
    *s = (bpu_space){0};
}
