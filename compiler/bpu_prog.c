/* Groups -> items in program order, each with what it waits for; see bpu.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu_buf.h"
#include "compiler/bpu_fit.h"

typedef struct {
    const bpu_net *b;
    const bpu_plan *plan;
    const bpu_places *at;
    bpu_prog *out;
    bpu_space sram, ddr;    /* the shared memory of the DDR: maps between groups */
    int64_t *ddr_buf;       /* per root: its buffer in DDR, -1: none yet */
    int64_t *buf;           /* per root: its buffer on chip in this group, -1 */
    uint64_t *addr;         /* per root: its address on chip */
    int64_t *wbuf;          /* per layer: buffer of resident weights, -1 */
    uint64_t *waddr;
    uint64_t ring_from, ring_to, ring_at; /* room for weights on chip, next byte */
    bool *seen;             /* per layer: its first command was issued */
    uint32_t fcall;
} maker;

enum { CHUNK_BYTES = 128 << 10, PIECE_BYTES = 8 << 10, PIECES = 8 };

static npu_status full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

static bpu_item *new_item(maker *m)
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
    *x = (bpu_item){.mac = -1, .src = NPU_NONE, .dst = NPU_NONE, .fcall = m->fcall};
    return x;
}

/* A transfer: PIECES rows of ROW_BYTES in DDR, STRIDE apart, from or to ADDR. */
static bpu_item *transfer(maker *m, bool store, uint32_t layer, uint8_t mem, uint64_t addr,
                          uint32_t pieces, uint64_t row_bytes, uint64_t stride)
{
    bpu_item *x = new_item(m);
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

/* Hands a list to an item. */
static void give(bpu_item *x, bpu_list *l, int64_t mac)
{
    x->dma = l->item;
    x->ndma = l->n;
    x->mac = mac;
}

/* --- maps ---------------------------------------------------------------------------------------- */

/* Rows [FROM, TO) of the planes of ROOT between two channels, from or to DDR. */
static npu_status move_rows(maker *m, bool store, uint32_t layer, int32_t root, uint32_t channel,
                            uint32_t channels, uint32_t from, uint32_t to, uint32_t ring,
                            npu_err *err)
{
    const bpu_store *s = &m->b->store[root];
    bool edge = store ? s->output : s->first < 0;
    uint32_t rows = to - from, plane = channel / BPU_TILE_C;
    uint32_t planes = (channels + BPU_TILE_C - 1) / BPU_TILE_C;
    uint64_t row = edge ? s->ddr_row : s->row_bytes, stride = row * s->rows;
    uint64_t first = edge && store ? channel : edge ? 0 : plane;
    uint32_t pieces = edge && store ? channels : edge ? 1 : planes;
    uint64_t addr = m->at->offset[root] + first * stride + row * from;
    bpu_item *x = transfer(m, store, layer, m->at->memory[root], addr, pieces, row * rows, stride);
    bpu_list deps = {0};
    int64_t mac = -1;
    if (!x)
        return full(err);
    uint32_t i = m->out->n - 1;
    x->src = store ? root : NPU_NONE;
    x->dst = store ? NPU_NONE : root;
    x->ring = ring;
    x->ring_row = from % ring;
    x->cmd.u.tdma.src_n_str = (uint32_t)(m->addr[root] + (uint64_t)plane * ring * s->row_bytes);
    x->local_row = rows * s->row_bytes;
    x->local_stride = ring * s->row_bytes;
    bool input = s->first < 0;
    if (m->ddr_buf[root] < 0 && !input)
        m->ddr_buf[root] = bpu_buf_new(&m->ddr, (uint64_t)m->at->memory[root] << 40 |
                                                    m->at->offset[root], s->bytes, s->rows);
    bool ok = input || m->ddr_buf[root] >= 0;
    ok = ok && bpu_buf_touch(&m->sram, m->buf[root], from, rows,
                             store ? BPU_TOUCH_STORE : BPU_TOUCH_LOAD, i, &mac, &deps);
    if (ok && !input) /* a store writes the DDR, a load reads it */
        ok = bpu_buf_touch(&m->ddr, m->ddr_buf[root], from, rows,
                           store ? BPU_TOUCH_LOAD : BPU_TOUCH_STORE, i, &mac, &deps);
    give(&m->out->item[i], &deps, mac);
    return ok ? NPU_OK : full(err);
}

/* Loads the rows a stripe newly needs of a map: all of an input, else what earlier groups wrote. */
static npu_status load_map(maker *m, const bpu_group *g, const bpu_map *x, uint32_t reader,
                           npu_err *err)
{
    const cc_net *n = m->b->net;
    if (m->b->store[x->root].first < 0)
        return move_rows(m, false, reader, x->root, 0, n->tensor[x->root].c, x->done, x->need,
                         x->ring, err);
    for (uint32_t l = 0; l < g->first; l++) {
        const cc_tensor *t = &n->tensor[n->layer[l].out];
        if (m->b->root[n->layer[l].out] != x->root)
            continue;
        uint32_t channel = 0;
        for (int32_t k = n->layer[l].out; n->tensor[k].inside != NPU_NONE; k = n->tensor[k].inside)
            channel += n->tensor[k].channel;
        NPU_TRY(move_rows(m, false, reader, x->root, channel, t->c, x->done, x->need, x->ring,
                          err));
    }
    return NPU_OK;
}

/* --- weights ------------------------------------------------------------------------------------- */

/* Room for BYTES in the weight ring. */
static uint64_t ring_room(maker *m, uint64_t bytes)
{
    bytes = (bytes + 63) / 64 * 64;
    if (m->ring_at < m->ring_from || m->ring_at + bytes > m->ring_to)
        m->ring_at = m->ring_from;
    uint64_t at = m->ring_at;
    m->ring_at += bytes;
    return at;
}

/* Loads BYTES of the weights of layer L from byte FROM; buffer and address of the copy. */
static npu_status load_weights(maker *m, uint32_t l, uint64_t from, uint64_t bytes, int64_t *buf,
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
    give(&m->out->item[i], &deps, mac);
    return ok ? NPU_OK : full(err);
}

/* --- computing ----------------------------------------------------------------------------------- */

static uint32_t channel_of(const cc_net *n, int32_t t)
{
    uint32_t c = 0;
    for (; n->tensor[t].inside != NPU_NONE; t = n->tensor[t].inside)
        c += n->tensor[t].channel;
    return c;
}

/* Address of tensor T from channel C on in its buffer. */
static uint32_t place_of(const maker *m, int32_t t, uint32_t c, uint32_t ring)
{
    int32_t root = m->b->root[t];
    uint32_t plane = (channel_of(m->b->net, t) + c) / BPU_TILE_C;
    return (uint32_t)(m->addr[root] + (uint64_t)plane * ring * m->b->store[root].row_bytes);
}

static void addresses(const maker *m, bpu_maps *maps, uint32_t l, uint32_t from, uint32_t channel,
                      bpu_item *x, uint64_t weight)
{
    const cc_layer *y = &m->b->net->layer[l];
    npu_tiu *t = &x->cmd.u.tiu;
    const bpu_map *in = bpu_map_find(maps, m->b->root[y->a]);
    const bpu_map *out = bpu_map_find(maps, m->b->root[y->out]);
    int32_t second = y->sum != NPU_NONE ? y->sum : y->b;
    x->ring = in->ring;
    x->ring_row = bpu_rows_from(m->b, l, y->a, from) % in->ring;
    x->dst_ring = out->ring;
    x->dst_row = from % out->ring;
    t->a.addr = place_of(m, y->a, 0, in->ring);
    t->res.addr = place_of(m, y->out, channel, out->ring);
    if (second != NPU_NONE && bpu_map_find(maps, m->b->root[second]))
        t->bias_addr = place_of(m, second, channel,
                                bpu_map_find(maps, m->b->root[second])->ring);
    t->b.addr = (uint32_t)weight;
}

/* One command: rows [FROM, TO) and CHANNELS output channels from CHANNEL of layer L. */
static npu_status compute(maker *m, bpu_maps *maps, uint32_t l, uint32_t from, uint32_t to,
                          uint32_t channel, uint32_t channels, int64_t wbuf, uint64_t waddr,
                          npu_err *err)
{
    const cc_layer *y = &m->b->net->layer[l];
    bpu_item *x = new_item(m);
    uint32_t i = m->out->n - 1;
    int32_t src[3] = {y->a, y->kind == CC_MOVE ? NPU_NONE : y->b, y->sum};
    bpu_list deps = {0};
    int64_t mac = -1;
    bool ok = x != NULL;
    if (!ok)
        return full(err);
    x->cmd = bpu_command(m->b, l, from, to - from, channels, !m->seen[l]);
    m->seen[l] = true;
    addresses(m, maps, l, from, channel, x, waddr);
    for (int k = 0; k < 3 && ok; k++) {
        if (src[k] == NPU_NONE)
            continue;
        uint32_t low = bpu_rows_from(m->b, l, src[k], from);
        uint32_t high = bpu_rows_to(m->b, l, src[k], to);
        ok = bpu_buf_touch(&m->sram, m->buf[m->b->root[src[k]]], low, high > low ? high - low : 1,
                           BPU_TOUCH_MAC_READ, i, &mac, &deps);
    }
    ok = ok && bpu_buf_touch(&m->sram, m->buf[m->b->root[y->out]], from, to - from,
                             BPU_TOUCH_MAC_WRITE, i, &mac, &deps);
    if (wbuf >= 0)
        ok = ok && bpu_buf_touch(&m->sram, wbuf, 0, 1, BPU_TOUCH_MAC_READ, i, &mac, &deps);
    give(&m->out->item[i], &deps, mac);
    return ok ? NPU_OK : full(err);
}

/* Output channels whose weights fit a third of the ring, so that three chunks are in flight, and
 * are few enough that the room of a heavy layer becomes free bit by bit for what comes next. */
static uint32_t chunk_channels(const maker *m, uint32_t l)
{
    const bpu_net *b = m->b;
    uint64_t room = (m->ring_to - m->ring_from) / 3;
    room = room < CHUNK_BYTES ? room : CHUNK_BYTES;
    uint32_t co = (uint32_t)NPU_GET(b->chip, bpu_align_out);
    uint32_t all = b->net->tensor[b->net->layer[l].out].c;
    if (!b->split[l] || b->weight[l] <= room)
        return all;
    uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param), n = room > param ? room - param : 0;
    n = n / b->split[l] * co;
    return n < co ? co : n > all ? all : (uint32_t)n;
}

/* Pieces in which ROWS rows of a map cross the edge of a group: its first rows are on their way
 * while the rest is computed. */
static uint32_t pieces_of(const maker *m, int32_t root, uint32_t rows)
{
    const bpu_store *s = &m->b->store[root];
    uint64_t n = (uint64_t)s->planes * s->row_bytes * rows / PIECE_BYTES;
    n = n > PIECES ? PIECES : n;
    return n > rows ? rows : n > 1 ? (uint32_t)n : 1;
}

/* Channels [C, C+N) of a layer in a group of whole maps: by rows where a map comes or goes. */
static npu_status whole_rows(maker *m, bpu_maps *maps, uint32_t l, uint32_t from, uint32_t to,
                             uint32_t c, uint32_t n, int64_t wbuf, uint64_t waddr, npu_err *err)
{
    const bpu_net *b = m->b;
    int32_t out = b->net->layer[l].out, src[3];
    const bpu_map *x = bpu_map_find(maps, b->root[out]);
    uint32_t parts = x->store ? pieces_of(m, x->root, to - from) : 1;
    unsigned k = bpu_sources(b, l, src);
    for (unsigned i = 0; i < k && c == 0; i++) {
        const bpu_map *y = bpu_map_find(maps, src[i]);
        uint32_t p = y->load ? pieces_of(m, src[i], b->store[src[i]].rows) : 1;
        parts = p > parts ? p : parts;
    }
    parts = parts > to - from ? to - from : parts;
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t a = from + (to - from) * i / parts, z = from + (to - from) * (i + 1) / parts;
        NPU_TRY(compute(m, maps, l, a, z, c, n, wbuf, waddr, err));
        if (x->store)
            NPU_TRY(move_rows(m, true, l, x->root, channel_of(b->net, out) + c, n, a, z, x->ring,
                              err));
    }
    return NPU_OK;
}

/* Computes rows [FROM, TO) of a layer, fetching weights that are not resident. */
static npu_status layer_rows(maker *m, const bpu_group *g, bpu_maps *maps, uint32_t l,
                             uint32_t from, uint32_t to, npu_err *err)
{
    const bpu_net *b = m->b;
    uint32_t all = b->net->tensor[b->net->layer[l].out].c, step = chunk_channels(m, l);
    if (g->how == BPU_ROWS && g->resident) {
        if (m->wbuf[l] < 0)
            NPU_TRY(load_weights(m, l, 0, b->weight[l], &m->wbuf[l], &m->waddr[l], err));
        return compute(m, maps, l, from, to, 0, all, m->wbuf[l], m->waddr[l], err);
    }
    uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param), done = 0;
    uint32_t co = (uint32_t)NPU_GET(b->chip, bpu_align_out);
    for (uint32_t c = 0; c < all; c += step) {
        uint32_t n = all - c < step ? all - c : step;
        uint64_t bytes = step == all ? b->weight[l]
                                     : (uint64_t)(n + co - 1) / co * b->split[l] + (c ? 0 : param);
        int64_t buf = -1;
        uint64_t addr = 0;
        bytes = done + bytes > b->weight[l] ? b->weight[l] - done : bytes;
        if (bytes)
            NPU_TRY(load_weights(m, l, done, bytes, &buf, &addr, err));
        done += bytes;
        if (g->how == BPU_WHOLE) {
            NPU_TRY(whole_rows(m, maps, l, from, to, c, n, buf, addr, err));
            continue;
        }
        NPU_TRY(compute(m, maps, l, from, to, c, n, buf, addr, err));
        if (g->how == BPU_CHANNELS) {
            int32_t out = b->root[b->net->layer[l].out];
            const bpu_map *x = bpu_map_find(maps, out);
            NPU_TRY(move_rows(m, true, l, out, channel_of(b->net, b->net->layer[l].out) + c, n,
                              from, to, x->ring, err));
        }
    }
    return NPU_OK;
}

/* --- groups -------------------------------------------------------------------------------------- */

/* Buffers of the maps, and what is left for weights. */
static npu_status begin_group(maker *m, const bpu_group *g, const bpu_maps *maps, npu_err *err)
{
    const bpu_net *b = m->b;
    bpu_piece p[sizeof maps->map / sizeof maps->map[0]];
    uint64_t top, sram = (uint64_t)NPU_GET(b->chip, bpu_sram);
    bpu_lives(b, g, maps, p);
    for (unsigned i = 0; i < maps->n; i++) {
        if (g->how != BPU_WHOLE) {
            p[i].from = 0;
            p[i].to = 1;
        }
        if (g->how == BPU_CHANNELS && maps->map[i].store)
            p[i].bytes = 2 * b->store[maps->map[i].root].bytes / b->store[maps->map[i].root].planes *
                         2;
        m->buf[maps->map[i].root] = -1;
    }
    if (!bpu_fit(p, maps->n, &top))
        return full(err);
    for (unsigned i = 0; i < maps->n; i++)
        m->addr[maps->map[i].root] = p[i].addr;
    m->ring_from = top;
    m->ring_to = sram / 64 * 64;
    for (uint32_t l = g->first; l <= g->last; l++)
        m->wbuf[l] = -1;
    return NPU_OK;
}

/* The buffer of a map is made when it is first touched, so that its hazards are those then. */
static npu_status need_buffer(maker *m, const bpu_group *g, bpu_maps *maps, int32_t root,
                              npu_err *err)
{
    const bpu_map *x = bpu_map_find(maps, root);
    const bpu_store *s = &m->b->store[root];
    if (m->buf[root] >= 0)
        return NPU_OK;
    uint64_t bytes = (uint64_t)s->planes * x->ring * s->row_bytes;
    if (g->how == BPU_CHANNELS && x->store)
        bytes = 4 * s->bytes / s->planes;
    m->buf[root] = bpu_buf_new(&m->sram, m->addr[root], bytes, x->ring);
    return m->buf[root] >= 0 ? NPU_OK : full(err);
}

/* Loads of the maps layer L reads (or adds to) in this stripe, as far as not yet done. */
static npu_status layer_loads(maker *m, const bpu_group *g, bpu_maps *maps, uint32_t l,
                              npu_err *err)
{
    int32_t src[4];
    unsigned n = bpu_sources(m->b, l, src);
    src[n++] = m->b->root[m->b->net->layer[l].out];
    for (unsigned i = 0; i < n; i++) {
        bpu_map *x = bpu_map_find(maps, src[i]);
        NPU_TRY(need_buffer(m, g, maps, src[i], err));
        if (x->load && x->need > x->done && i + 1 < n) {
            uint32_t first = x->done, all = x->need - first;
            uint32_t parts = g->how == BPU_WHOLE ? pieces_of(m, x->root, all) : 1;
            for (uint32_t p = 1; p <= parts; p++) {
                x->need = first + all * p / parts;
                NPU_TRY(load_map(m, g, x, l, err));
                x->done = x->need;
            }
        }
    }
    return NPU_OK;
}

static npu_status stripe(maker *m, const bpu_group *g, bpu_maps *maps, uint32_t s, npu_err *err)
{
    const cc_net *n = m->b->net;
    uint32_t from[sizeof maps->map / sizeof maps->map[0]];
    bpu_demand(m->b, g->first, g->last, s, g->stripes, maps);
    for (unsigned i = 0; i < maps->n; i++)
        from[i] = maps->map[i].done;
    for (uint32_t l = g->first; l <= g->last; l++) {
        int32_t out = m->b->root[n->layer[l].out];
        bpu_map *x = bpu_map_find(maps, out);
        uint32_t begin = from[x - maps->map];
        NPU_TRY(layer_loads(m, g, maps, l, err));
        if (x->need <= begin)
            continue;
        NPU_TRY(layer_rows(m, g, maps, l, begin, x->need, err));
        if (x->store && g->how == BPU_ROWS)
            NPU_TRY(move_rows(m, true, l, out, channel_of(n, n->layer[l].out),
                              n->tensor[n->layer[l].out].c, begin, x->need, x->ring, err));
        if (!x->load)
            x->done = x->need;
    }
    for (unsigned i = 0; i < maps->n; i++)
        maps->map[i].done = maps->map[i].need;
    return NPU_OK;
}

static npu_status emit_group(maker *m, const bpu_group *g, npu_err *err)
{
    bpu_maps maps;
    if (!bpu_maps_of(m->b, g->first, g->last, &maps))
        return npu_fail(err, NPU_LIMIT, "group of too many maps");
    bpu_rings(m->b, g, &maps);
    NPU_TRY(begin_group(m, g, &maps, err));
    for (unsigned i = 0; i < maps.n; i++)
        maps.map[i].done = maps.map[i].need = 0;
    for (uint32_t s = 0; s < g->stripes; s++)
        NPU_TRY(stripe(m, g, &maps, s, err));
    return NPU_OK;
}

/* A function call ends where the next group would take it over its limit. */
static bool cut_here(const maker *m, const bpu_group *g, double *used)
{
    double limit = (double)m->b->o->max_time_per_fc_us * NPU_GET(m->b->chip, tpu_clock_mhz);
    bool cut = limit > 0 && *used > 0 && *used + g->time > limit;
    *used = cut ? g->time : *used + g->time;
    return cut;
}

static npu_status make(maker *m, npu_err *err)
{
    double used = 0;
    uint32_t batch = m->b->net->tensor[m->b->net->layer[0].a].n;
    for (uint32_t image = 0; image < (batch ? batch : 1); image++) {
        memset(m->seen, 0, m->b->net->nlayer * sizeof *m->seen);
        for (uint32_t i = 0; i < m->plan->n; i++) {
            if (cut_here(m, &m->plan->group[i], &used))
                m->fcall++;
            NPU_TRY(emit_group(m, &m->plan->group[i], err));
        }
    }
    m->out->nfcall = m->fcall + 1;
    return NPU_OK;
}

npu_status bpu_prog_make(const bpu_net *b, const bpu_plan *p, const bpu_places *a, int level,
                         bpu_prog *out, npu_err *err)
{
    uint32_t nt = b->net->ntensor + 1, nl = b->net->nlayer + 1;
    maker m = {.b = b, .plan = p, .at = a, .out = out, .ddr_buf = malloc(nt * sizeof *m.ddr_buf),
               .buf = malloc(nt * sizeof *m.buf), .addr = calloc(nt, sizeof *m.addr),
               .wbuf = malloc(nl * sizeof *m.wbuf), .waddr = calloc(nl, sizeof *m.waddr),
               .seen = calloc(nl, sizeof *m.seen)};
    *out = (bpu_prog){0};
    (void)level;
    npu_status s = m.ddr_buf && m.buf && m.addr && m.wbuf && m.waddr && m.seen ? NPU_OK : full(err);
    for (uint32_t i = 0; s == NPU_OK && i < nt; i++)
        m.ddr_buf[i] = m.buf[i] = -1;
    if (s == NPU_OK)
        s = make(&m, err);
    bpu_space_free(&m.sram);
    bpu_space_free(&m.ddr);
    free(m.ddr_buf);
    free(m.buf);
    free(m.addr);
    free(m.wbuf);
    free(m.waddr);
    free(m.seen);
    if (s != NPU_OK)
        bpu_prog_free(out);
    return s;
}

void bpu_prog_free(bpu_prog *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        free(p->item[i].dma);
    free(p->item);
    free(p->order);
    *p = (bpu_prog){0};
}
