/* Groups -> items in program order, each with what it waits for; see bpu.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu_fit.h"
#include "compiler/bpu_maker.h"

enum { CHUNK_BYTES = 128 << 10, PIECE_BYTES = 8 << 10, PIECES = 8, COMMANDS = 30000 };

static npu_status full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

/* --- computing -------------------------------------------------------------------------------- */

/* Address of tensor T from channel C on in its buffer. */
static uint32_t place_of(const bpu_maker *m, int32_t t, uint32_t c, uint32_t ring)
{
    int32_t root = m->b->root[t];
    uint32_t plane = (bpu_channel_of(m->b->net, t) + c) / BPU_TILE_C;
    return (uint32_t)(m->addr[root] + (uint64_t)plane * ring * m->b->store[root].row_bytes);
}

typedef struct {            /* rows [FROM, TO) and N output channels from CHANNEL of layer L */
    uint32_t l, from, to, channel, n;
    int64_t buf, wbuf;      /* of the result, of the weights */
    uint64_t addr, waddr;   /* of the plane of CHANNEL */
} job;

static void addresses(const bpu_maker *m, bpu_maps *maps, const job *j, bpu_item *x)
{
    uint32_t l = j->l;
    const cc_layer *y = &m->b->net->layer[l];
    npu_tiu *t = &x->cmd.u.tiu;
    const bpu_map *in = bpu_map_find(maps, m->b->root[y->a]);
    const bpu_map *out = bpu_map_find(maps, m->b->root[y->out]);
    int k = y->sum != NPU_NONE ? 2 : 1;
    int32_t second = bpu_source(m->b, l, k);
    x->ring = in->ring;
    x->ring_row = bpu_rows_from(m->b, l, 0, j->from) % in->ring;
    x->dst_ring = out->ring;
    x->dst_row = j->from % out->ring;
    x->row = j->from;
    x->dst_c = (bpu_channel_of(m->b->net, y->out) + j->channel) % BPU_TILE_C;
    t->a.addr = place_of(m, y->a, 0, in->ring);
    t->res.addr = (uint32_t)j->addr;
    if (second != NPU_NONE) {
        x->src2_ring = bpu_map_find(maps, m->b->root[second])->ring;
        x->src2_row = bpu_rows_from(m->b, l, k, j->from) % x->src2_ring;
        t->bias_addr = place_of(m, second, k == 2 || y->kind != CC_CONV ? j->channel : 0,
                                x->src2_ring);
    }
    t->b.addr = (uint32_t)j->waddr;
}

static npu_status compute(bpu_maker *m, bpu_maps *maps, const job *j, npu_err *err)
{
    bpu_item *x = bpu_new_item(m);
    uint32_t i = m->out->n - 1, l = j->l;
    bpu_list deps = {0};
    int64_t mac = -1;
    bool ok = x != NULL;
    if (!ok)
        return full(err);
    x->cmd = bpu_command(m->b, l, j->from, j->to - j->from, j->n, !m->seen[l]);
    m->seen[l] = true;
    addresses(m, maps, j, x);
    for (int k = 0; k < 3 && ok; k++) {
        int32_t src = bpu_source(m->b, l, k);
        if (src == NPU_NONE)
            continue;
        uint32_t low = bpu_rows_from(m->b, l, k, j->from), high = bpu_rows_to(m->b, l, k, j->to);
        ok = bpu_buf_touch(&m->sram, m->buf[m->b->root[src]], low, high > low ? high - low : 1,
                           BPU_TOUCH_MAC_READ, i, &mac, &deps);
    }
    ok = ok && bpu_buf_touch(&m->sram, j->buf, j->from, j->to - j->from, BPU_TOUCH_MAC_WRITE, i,
                             &mac, &deps);
    if (j->wbuf >= 0)
        ok = ok && bpu_buf_touch(&m->sram, j->wbuf, 0, 1, BPU_TOUCH_MAC_READ, i, &mac, &deps);
    bpu_give(&m->out->item[i], &deps, mac);
    return ok ? NPU_OK : full(err);
}

/* Output channels whose weights fit a third of the ring, so that three chunks are in flight, and
 * are few enough that the room of a heavy layer becomes free bit by bit for what comes next. */
static uint32_t chunk_channels(const bpu_maker *m, const bpu_group *g, uint32_t l)
{
    const bpu_net *b = m->b;
    uint64_t room = (m->ring_to - m->ring_from) / 3;
    room = room < CHUNK_BYTES ? room : CHUNK_BYTES;
    uint32_t co = (uint32_t)NPU_GET(b->chip, bpu_align_out);
    uint32_t all = b->net->tensor[b->net->layer[l].out].c;
    if (g->how == BPU_CHANNELS) /* what half of the result's buffer holds */
        return co < all ? co : all;
    if (!b->split[l] || b->weight[l] <= room)
        return all;
    uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param), n = room > param ? room - param : 0;
    n = n / b->split[l] * co;
    return n < co ? co : n > all ? all : (uint32_t)n;
}

/* Where chunk J of a result that leaves by channels lies: the halves of the buffer in turn. */
static npu_status use_half(bpu_maker *m, job *j, uint32_t ring, npu_err *err)
{
    int32_t root = m->b->root[m->b->net->layer[j->l].out];
    uint64_t bytes = bpu_chunk_bytes(m->b, root);
    unsigned i = m->chunk++ % 2;
    j->addr = m->addr[root] + i * bytes;
    if (m->half[i] < 0)
        m->half[i] = bpu_buf_new(&m->sram, j->addr, bytes, ring);
    j->buf = m->half[i];
    return j->buf >= 0 ? NPU_OK : full(err);
}

/* One chunk of channels, and its store where results leave so. */
static npu_status chunk(bpu_maker *m, const bpu_group *g, bpu_maps *maps, job *j, npu_err *err)
{
    int32_t t = m->b->net->layer[j->l].out;
    uint32_t ring = bpu_map_find(maps, m->b->root[t])->ring;
    bpu_part p = bpu_part_of(m, t, j->from, j->to, ring);
    j->buf = p.buf;
    j->addr = place_of(m, t, j->channel, ring);
    if (g->how == BPU_CHANNELS)
        NPU_TRY(use_half(m, j, ring, err));
    NPU_TRY(compute(m, maps, j, err));
    if (g->how != BPU_CHANNELS)
        return NPU_OK;
    p.channel += j->channel;
    p.n = j->n;
    p.buf = j->buf;
    p.addr = j->addr;
    return bpu_move_rows(m, true, j->l, &p, err);
}

/* Pieces in which ROWS rows of a map cross the edge of a group: its first rows are on their way
 * while the rest is computed. */
static uint32_t pieces_of(const bpu_maker *m, int32_t root, uint32_t rows)
{
    const bpu_store *s = &m->b->store[root];
    uint64_t n = (uint64_t)s->planes * s->row_bytes * rows / PIECE_BYTES;
    n = n > PIECES ? PIECES : n;
    return n > rows ? rows : n > 1 ? (uint32_t)n : 1;
}

/* Pieces for the first chunk of layer L in a group of whole maps: those of the maps it waits for
 * and of its own, when that is stored. */
static uint32_t parts_of(const bpu_maker *m, bpu_maps *maps, const job *j)
{
    int32_t src[3];
    const bpu_map *x = bpu_map_find(maps, m->b->root[m->b->net->layer[j->l].out]);
    uint32_t parts = x->store ? pieces_of(m, x->root, j->to - j->from) : 1;
    unsigned k = j->channel == 0 ? bpu_sources(m->b, j->l, src) : 0;
    for (unsigned i = 0; i < k; i++) {
        const bpu_map *y = bpu_map_find(maps, src[i]);
        uint32_t p = y->load ? pieces_of(m, src[i], m->b->store[src[i]].rows) : 1;
        parts = p > parts ? p : parts;
    }
    return parts > j->to - j->from ? j->to - j->from : parts;
}

/* A chunk of channels in a group of whole maps: by rows where a map comes or goes. */
static npu_status whole(bpu_maker *m, const bpu_group *g, bpu_maps *maps, const job *all,
                        npu_err *err)
{
    uint32_t parts = parts_of(m, maps, all), rows = all->to - all->from;
    int32_t t = m->b->net->layer[all->l].out;
    const bpu_map *x = bpu_map_find(maps, m->b->root[t]);
    for (uint32_t i = 0; i < parts; i++) {
        job j = *all;
        j.from = all->from + (uint32_t)((uint64_t)rows * i / parts);
        j.to = all->from + (uint32_t)((uint64_t)rows * (i + 1) / parts);
        NPU_TRY(chunk(m, g, maps, &j, err));
        if (!x->store)
            continue;
        bpu_part p = bpu_part_of(m, t, j.from, j.to, x->ring);
        p.channel += j.channel;
        p.n = j.n;
        p.addr = j.addr;
        NPU_TRY(bpu_move_rows(m, true, j.l, &p, err));
    }
    return NPU_OK;
}

/* Computes rows [FROM, TO) of a layer, fetching weights that are not resident. */
static npu_status layer_rows(bpu_maker *m, const bpu_group *g, bpu_maps *maps, uint32_t l,
                             uint32_t from, uint32_t to, npu_err *err)
{
    const bpu_net *b = m->b;
    uint32_t all = b->net->tensor[b->net->layer[l].out].c, step = chunk_channels(m, g, l);
    job j = {.l = l, .from = from, .to = to, .n = all, .wbuf = -1};
    if (g->how == BPU_ROWS && g->resident) {
        if (m->wbuf[l] < 0)
            NPU_TRY(bpu_load_weights(m, l, 0, b->weight[l], &m->wbuf[l], &m->waddr[l], err));
        j.wbuf = m->wbuf[l];
        j.waddr = m->waddr[l];
        return chunk(m, g, maps, &j, err);
    }
    uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param), done = 0;
    uint32_t co = (uint32_t)NPU_GET(b->chip, bpu_align_out);
    for (uint32_t c = 0; c < all; c += step) {
        uint32_t n = all - c < step ? all - c : step;
        uint64_t bytes = step == all ? b->weight[l]
                                     : (uint64_t)(n + co - 1) / co * b->split[l] + (c ? 0 : param);
        bytes = done + bytes > b->weight[l] ? b->weight[l] - done : bytes;
        NPU_TRY(bpu_load_weights(m, l, done, bytes, &j.wbuf, &j.waddr, err));
        done += bytes;
        j.channel = c;
        j.n = n;
        if (g->how == BPU_WHOLE)
            NPU_TRY(whole(m, g, maps, &j, err));
        else
            NPU_TRY(chunk(m, g, maps, &j, err));
    }
    return NPU_OK;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Buffers of the maps, and what is left for weights. */
static npu_status begin_group(bpu_maker *m, const bpu_group *g, const bpu_maps *maps, npu_err *err)
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
            p[i].bytes = 2 * bpu_chunk_bytes(b, maps->map[i].root);
        m->buf[maps->map[i].root] = -1;
    }
    if (!bpu_fit(p, maps->n, &top))
        return full(err);
    for (unsigned i = 0; i < maps->n; i++)
        m->addr[maps->map[i].root] = p[i].addr;
    m->ring_from = top;
    m->ring_to = sram / 64 * 64;
    m->half[0] = m->half[1] = -1;
    m->chunk = 0;
    uint64_t weights = 0;
    for (uint32_t l = g->first; l <= g->last; l++) {
        m->wbuf[l] = -1;
        weights += bpu_up64(b->weight[l]);
    }
    if (g->how == BPU_ROWS && g->resident && m->ring_at + weights > m->ring_to)
        m->ring_at = m->ring_from; /* what stays must not be wrapped over */
    return NPU_OK;
}

/* The buffer of a map is made when it is first touched, so that its hazards are those then. */
static npu_status need_buffer(bpu_maker *m, const bpu_group *g, bpu_maps *maps, int32_t root,
                              npu_err *err)
{
    const bpu_map *x = bpu_map_find(maps, root);
    const bpu_store *s = &m->b->store[root];
    if (m->buf[root] >= 0)
        return NPU_OK;
    if (g->how == BPU_CHANNELS && x->store)
        return NPU_OK; /* in halves */
    uint64_t bytes = (uint64_t)s->planes * x->ring * s->row_bytes;
    m->buf[root] = bpu_buf_new(&m->sram, m->addr[root], bytes, x->ring);
    return m->buf[root] >= 0 ? NPU_OK : full(err);
}

/* Loads of the maps layer L reads (or adds to) in this stripe, as far as not yet done. */
static npu_status layer_loads(bpu_maker *m, const bpu_group *g, bpu_maps *maps, uint32_t l,
                              npu_err *err)
{
    int32_t src[4];
    unsigned n = bpu_sources(m->b, l, src);
    src[n++] = m->b->root[m->b->net->layer[l].out];
    for (unsigned i = 0; i < n; i++) {
        bpu_map *x = bpu_map_find(maps, src[i]);
        NPU_TRY(need_buffer(m, g, maps, src[i], err));
        uint32_t first = x->done, rows = i + 1 < n && x->need > first ? x->need - first : 0;
        uint32_t parts = g->how == BPU_WHOLE && rows ? pieces_of(m, x->root, rows) : 1;
        for (uint32_t p = 1; rows && p <= parts; p++) {
            x->need = first + (uint32_t)((uint64_t)rows * p / parts);
            NPU_TRY(bpu_load_map(m, g, x, l, err));
            x->done = x->need;
        }
    }
    return NPU_OK;
}

static npu_status stripe(bpu_maker *m, const bpu_group *g, bpu_maps *maps, uint32_t s, npu_err *err)
{
    bpu_demand(m->b, s, g->stripes, maps);
    for (uint32_t l = g->first; l <= g->last; l++) {
        uint32_t from = maps->done[l - g->first], to = maps->need[l - g->first];
        const bpu_map *x = &maps->map[maps->out[l - g->first]];
        if (to <= from)
            continue;
        NPU_TRY(layer_loads(m, g, maps, l, err));
        NPU_TRY(layer_rows(m, g, maps, l, from, to, err));
        bpu_part p = bpu_part_of(m, m->b->net->layer[l].out, from, to, x->ring);
        if (x->store && g->how == BPU_ROWS)
            NPU_TRY(bpu_move_rows(m, true, l, &p, err));
    }
    bpu_advance(maps);
    return NPU_OK;
}

static npu_status emit_group(bpu_maker *m, const bpu_group *g, npu_err *err)
{
    bpu_maps maps;
    if (!bpu_maps_of(m->b, g->first, g->last, &maps))
        return npu_fail(err, NPU_LIMIT, "group of too many maps");
    bpu_rings(m->b, g->stripes, HUGE_VAL, &maps);
    NPU_TRY(begin_group(m, g, &maps, err));
    bpu_restart(&maps);
    for (uint32_t s = 0; s < g->stripes; s++)
        NPU_TRY(stripe(m, g, &maps, s, err));
    return NPU_OK;
}

/* A function call ends where the next group would take it over its limit. */
static bool cut_here(const bpu_maker *m, const bpu_group *g, double *used)
{
    bool cut = m->limit > 0 && *used > 0 && *used + g->time > m->limit;
    cut |= m->out->n - m->begun > COMMANDS; /* their numbers have 16 bits */
    *used = cut ? g->time : *used + g->time;
    return cut;
}

static npu_status make(bpu_maker *m, npu_err *err)
{
    double used = 0;
    for (uint32_t image = 0; image < bpu_images(m->b); image++) {
        memset(m->seen, 0, m->b->net->nlayer * sizeof *m->seen);
        m->image = image;
        for (uint32_t i = 0; i < m->b->net->ntensor; i++)
            m->ddr_buf[i] = -1; /* others took their places: made again over those */
        for (uint32_t i = 0; i < m->plan->n; i++) {
            if (cut_here(m, &m->plan->group[i], &used)) {
                m->fcall++;
                m->begun = m->out->n;
            }
            m->group = i;
            NPU_TRY(emit_group(m, &m->plan->group[i], err));
        }
    }
    m->out->nfcall = m->fcall + 1;
    return NPU_OK;
}

npu_status bpu_prog_make(const bpu_net *b, const bpu_plan *p, const bpu_places *a, double limit,
                         bpu_prog *out, npu_err *err)
{
    uint32_t nt = b->net->ntensor + 1, nl = b->net->nlayer + 1;
    bpu_maker m = {.b = b, .plan = p, .at = a, .out = out, .limit = limit,
                   .ddr_buf = malloc(nt * sizeof *m.ddr_buf),
                   .buf = malloc(nt * sizeof *m.buf), .addr = calloc(nt, sizeof *m.addr),
               .wbuf = malloc(nl * sizeof *m.wbuf), .waddr = calloc(nl, sizeof *m.waddr),
               .seen = calloc(nl, sizeof *m.seen)};
    *out = (bpu_prog){0};
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
