/* Transfers of maps and weights; see bpu_maker.h. */
#include <stdlib.h>

#include "compiler/bpu_maker.h"

static npu_status full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

bpu_item *bpu_new_item(bpu_maker *m)
{
    bpu_prog *p = m->out;
    if (p->n == p->cap) {
        uint32_t cap = p->cap ? 2 * p->cap : 1024;
        bpu_item *grown = realloc(p->item, cap * sizeof *grown);
        if (!grown)
            return NULL;
        p->item = grown;
        p->cap = cap;
    }
    bpu_item *x = &p->item[p->n++];
    *x = (bpu_item){.mac = -1, .src = NPU_NONE, .dst = NPU_NONE, .fcall = m->fcall,
                    .group = m->group};
    return x;
}

/* A transfer: PIECES rows of ROW_BYTES in DDR, STRIDE apart, from or to ADDR. */
static bpu_item *transfer(bpu_maker *m, bool store, uint32_t layer, uint8_t mem, uint64_t addr,
                          uint32_t pieces, uint64_t row_bytes, uint64_t stride)
{
    bpu_item *x = bpu_new_item(m);
    if (!x)
        return NULL;
    x->cmd = (npu_cmd){.layer = layer, .engine = NPU_ENGINE_TDMA,
                       .kind = store ? NPU_KIND_BSTORE : NPU_KIND_BLOAD};
    npu_tdma *t = &x->cmd.u.tdma;
    t->dir = store;
    t->src = t->dst = addr;
    t->src_sel = t->dst_sel = mem;
    t->rows = pieces;
    t->row_bytes = (uint32_t)row_bytes;
    t->stride = (uint32_t)stride;
    return x;
}

void bpu_give(bpu_item *x, bpu_list *l, int64_t mac)
{
    x->dma = l->item;
    x->ndma = l->n;
    x->mac = mac;
}

/* --- maps ------------------------------------------------------------------------------------- */

static bpu_form form_of(const bpu_store *s, const cc_tensor *t)
{
    if (s->output || (s->first < 0 && t->planar))
        return BPU_PLANAR;
    return s->first >= 0 ? BPU_PLANES : t->nv12 ? BPU_NV12 : BPU_PIXELS;
}

/* The command that moves P; the image of the batch decides where in the memory of an edge. */
static bpu_item *move(bpu_maker *m, bool store, uint32_t layer, const bpu_part *p)
{
    const bpu_store *s = &m->b->store[p->root];
    const cc_tensor *t = &m->b->net->tensor[p->root];
    bpu_form form = form_of(s, t);
    uint32_t rows = p->to - p->from, plane = p->channel / BPU_TILE_C;
    uint32_t part = p->channel % BPU_TILE_C;
    uint64_t row = form == BPU_PLANES ? s->row_bytes : s->ddr_row, stride = row * s->rows;
    uint32_t pieces = form == BPU_PLANES ? (part + p->n + BPU_TILE_C - 1) / BPU_TILE_C
                      : form == BPU_PLANAR ? p->n : 1;
    uint64_t addr = m->at->offset[p->root] + row * p->from;
    addr += stride * (form == BPU_PLANES ? plane : form == BPU_PLANAR ? p->channel : 0);
    addr += form == BPU_PLANES ? 0 : m->image * stride * s->ddr_pieces;
    bpu_item *x = transfer(m, store, layer, m->at->memory[p->root], addr, pieces, row * rows,
                           stride);
    if (!x)
        return NULL;
    x->src = store ? p->root : NPU_NONE;
    x->dst = store ? NPU_NONE : p->root;
    x->ring = p->ring;
    x->ring_row = p->from % p->ring;
    x->cmd.u.tdma.src_n_str = (uint32_t)p->addr;
    x->local_row = rows * s->row_bytes;
    x->local_stride = p->ring * s->row_bytes;
    x->form = form;
    x->part = part;
    x->channels = p->n;
    x->lines = rows;
    x->width = t->w;
    x->wide = t->bytes == 4;
    return x;
}

npu_status bpu_move_rows(bpu_maker *m, bool store, uint32_t layer, const bpu_part *p, npu_err *err)
{
    const bpu_store *s = &m->b->store[p->root];
    int32_t root = p->root;
    uint32_t rows = p->to - p->from, from = p->from, i = m->out->n;
    bpu_list deps = {0};
    int64_t mac = -1;
    if (!move(m, store, layer, p))
        return full(err);
    bool input = s->first < 0;
    if (m->ddr_buf[root] < 0 && !input)
        m->ddr_buf[root] = bpu_buf_new(&m->ddr, (uint64_t)m->at->memory[root] << 40 |
                                                    m->at->offset[root], s->bytes, s->rows);
    bool ok = input || m->ddr_buf[root] >= 0;
    ok = ok && bpu_buf_touch(&m->sram, p->buf, from, rows,
                             store ? BPU_TOUCH_STORE : BPU_TOUCH_LOAD, i, &mac, &deps);
    if (ok && !input) /* a store writes the DDR, a load reads it */
        ok = bpu_buf_touch(&m->ddr, m->ddr_buf[root], from, rows,
                           store ? BPU_TOUCH_LOAD : BPU_TOUCH_STORE, i, &mac, &deps);
    bpu_give(&m->out->item[i], &deps, mac);
    return ok ? NPU_OK : full(err);
}

bpu_part bpu_part_of(const bpu_maker *m, int32_t t, uint32_t from, uint32_t to, uint32_t ring)
{
    int32_t root = m->b->root[t];
    uint32_t c = bpu_channel_of(m->b->net, t);
    return (bpu_part){root, c, m->b->net->tensor[t].c, from, to, ring, m->buf[root],
                   m->addr[root] + (uint64_t)(c / BPU_TILE_C) * ring * m->b->store[root].row_bytes};
}

npu_status bpu_load_map(bpu_maker *m, const bpu_group *g, const bpu_map *x, uint32_t reader,
                           npu_err *err)
{
    const cc_net *n = m->b->net;
    bpu_part p = bpu_part_of(m, x->root, x->done, x->need, x->ring);
    if (m->b->store[x->root].first < 0)
        return bpu_move_rows(m, false, reader, &p, err);
    for (uint32_t l = 0; l < g->first; l++) {
        if (m->b->root[n->layer[l].out] != x->root)
            continue;
        p = bpu_part_of(m, n->layer[l].out, x->done, x->need, x->ring);
        NPU_TRY(bpu_move_rows(m, false, reader, &p, err));
    }
    return NPU_OK;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Room for BYTES in the weight ring. */
static uint64_t ring_room(bpu_maker *m, uint64_t bytes)
{
    bytes = bpu_up64(bytes);
    if (m->ring_at < m->ring_from || m->ring_at + bytes > m->ring_to)
        m->ring_at = m->ring_from;
    uint64_t at = m->ring_at;
    m->ring_at += bytes;
    return at;
}

npu_status bpu_load_weights(bpu_maker *m, uint32_t l, uint64_t from, uint64_t bytes, int64_t *buf,
                               uint64_t *addr, npu_err *err)
{
    bpu_list deps = {0};
    int64_t mac = -1;
    *addr = ring_room(m, bytes);
    *buf = bpu_buf_new(&m->sram, *addr, bytes, 1);
    bpu_item *x = *buf < 0 ? NULL : transfer(m, false, l, NPU_MEM_WEIGHT, m->at->weight[l] + from,
                                             1, bytes, bytes);
    if (!x)
        return full(err);
    x->cmd.u.tdma.src_n_str = (uint32_t)*addr;
    x->local_row = x->local_stride = (uint32_t)bytes;
    uint32_t i = m->out->n - 1;
    bool ok = bpu_buf_touch(&m->sram, *buf, 0, 1, BPU_TOUCH_LOAD, i, &mac, &deps);
    bpu_give(&m->out->item[i], &deps, mac);
    return ok ? NPU_OK : full(err);
}
