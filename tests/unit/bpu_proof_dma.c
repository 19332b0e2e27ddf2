/* Transfers of the proof: what they move, in which form. */
#include "base/bits.h"
#include "tests/unit/bpu_proof_in.h"

enum { /* positions as constants */
#define F(name, first, width, meaning) DMA_first_##name = first, DMA_width_##name = width,
#include "npusim/bpu_dma.def"
#undef F
};

#define DMA(f) bits_get(c->p, DMA_first_##f, DMA_width_##f)
#define OK(condition, ...)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return proof_no(v, c, __VA_ARGS__);                                                    \
    } while (0)

typedef struct {
    uint64_t addr, local;
    uint32_t pieces, bytes, stride, lines, line, ring, ring_row, local_stride, channels, part;
    uint32_t width;
    bool store;
    proof_space *ddr;
} move;

static uint8_t bit(uint32_t channel)
{
    return (uint8_t)(1u << channel % BPU_TILE_C);
}

/* Channels of plane P of the move that are moved. */
static uint8_t lanes(const move *m, uint32_t p)
{
    uint8_t mask = 0;
    for (uint32_t c = 0; c < BPU_TILE_C; c++) {
        uint32_t at = p * BPU_TILE_C + c;
        if (at >= m->part && at < m->part + m->channels)
            mask |= bit(c);
    }
    return mask;
}

/* Grain I of line LINE of plane P on chip. */
static proof_grain *local(prover *v, const proof_cmd *c, const move *m, uint32_t p, uint32_t line,
                          uint32_t i)
{
    uint64_t row = (uint64_t)((m->ring_row + line) % m->ring) * m->line;
    return proof_at(v, c, &v->sram,
                    m->local + (uint64_t)p * m->local_stride + row + (uint64_t)i * PROOF_GRAIN);
}

/* The grain is of a map and has the channels MASK. */
static bool holds(prover *v, const proof_cmd *c, const proof_grain *g, uint8_t mask,
                  const char *where)
{
    OK(g->kind == HOLDS_MAP, "%s: there is no map (%u)", where, g->kind);
    OK((g->mask & mask) == mask, "%s: channels %x of map %s plane %u row %u, %x are there", where,
       mask, v->net->tensor[g->id].name, g->at, g->row, g->mask);
    return true;
}

static bool weights(prover *v, const proof_cmd *c, const move *m)
{
    uint32_t l = c->c.layer - (uint32_t)v->first_layer;
    const npu_weight *w = &v->m->weight[v->first_weight + l];
    uint64_t from = (uint64_t)w->offset & ((UINT64_C(1) << 40) - 1);
    OK(!m->store && DMA(mem) == NPU_MEM_WEIGHT, "bytes that are no weights");
    OK(m->addr >= from && m->addr + (uint64_t)m->pieces * m->bytes <= from + w->size,
       "weights %llu..%llu, the layer's are %llu..%llu", (unsigned long long)m->addr,
       (unsigned long long)m->addr + m->bytes, (unsigned long long)from,
       (unsigned long long)from + w->size);
    OK(m->pieces == 1, "%u pieces of weights", m->pieces);
    OK(!m->ring && !m->ring_row && !m->lines && !m->channels && !m->width && !m->part,
       "weights as a map");
    OK(m->local_stride == m->bytes && DMA(local_row) == m->bytes, "weights with gaps");
    for (uint32_t i = 0; i < m->bytes; i += PROOF_GRAIN) {
        proof_grain *g = proof_at(v, c, &v->sram, m->local + i);
        proof_grain x = {.kind = HOLDS_WEIGHT, .id = (int32_t)l,
                         .at = (uint32_t)(m->addr - from) + i};
        if (!g || !proof_touch(v, c, &v->sram, g, true))
            return false;
        proof_put(g, &x);
    }
    return true;
}

static bool plane_grain(prover *v, const proof_cmd *c, const move *m, uint32_t p, uint32_t line,
                        uint32_t i)
{
    uint8_t mask = lanes(m, p);
    proof_grain *on = local(v, c, m, p, line, i);
    proof_grain *off = on ? proof_at(v, c, m->ddr, m->addr + (uint64_t)p * m->stride +
                                                       (uint64_t)line * m->line + i * PROOF_GRAIN)
                          : NULL;
    proof_grain *from = m->store ? on : off, *to = m->store ? off : on;
    if (!off || !holds(v, c, from, mask, m->store ? "store" : "load") ||
        !proof_touch(v, c, m->store ? &v->sram : m->ddr, from, false) ||
        !proof_touch(v, c, m->store ? m->ddr : &v->sram, to, true))
        return false;
    proof_grain x = *from;
    x.mask = mask;
    proof_put(to, &x);
    return true;
}

static bool planes(prover *v, const proof_cmd *c, const move *m)
{
    OK(m->pieces == (m->part + m->channels + BPU_TILE_C - 1) / BPU_TILE_C,
       "%u planes of %u channels", m->pieces, m->channels);
    OK(m->bytes == m->lines * m->line, "rows of %u bytes, %u of %u are moved", m->bytes, m->lines,
       m->line);
    for (uint32_t p = 0; p < m->pieces; p++)
        for (uint32_t line = 0; line < m->lines; line++)
            for (uint32_t i = 0; i < m->line / PROOF_GRAIN; i++)
                if (!plane_grain(v, c, m, p, line, i))
                    return false;
    return true;
}

/* One row of one channel in DDR, and the tiles it comes from or goes to. */
static bool planar_row(prover *v, const proof_cmd *c, const move *m, uint32_t channel,
                       uint32_t line)
{
    uint32_t p = (m->part + channel) / BPU_TILE_C, bytes = m->bytes / m->lines;
    uint64_t addr = m->addr + (uint64_t)channel * m->stride + (uint64_t)line * bytes;
    proof_grain first = {0};
    for (uint32_t i = 0; i < m->line / PROOF_GRAIN; i++) {
        proof_grain *g = local(v, c, m, p, line, i), x;
        proof_grain *d = g ? proof_at(v, c, m->ddr, addr) : NULL;
        if (!d || !proof_touch(v, c, &v->sram, g, !m->store))
            return false;
        if (m->store && !holds(v, c, g, bit(m->part + channel), "store"))
            return false;
        OK(m->store || d->kind == HOLDS_PLANAR, "load of a row nobody stored");
        x = m->store ? *g : (proof_grain){.kind = HOLDS_MAP, .mask = bit(m->part + channel),
                                          .image = d->image, .row = d->row, .id = d->id,
                                          .at = d->at / BPU_TILE_C, .part = i};
        OK(m->store || d->at % BPU_TILE_C == (m->part + channel) % BPU_TILE_C,
           "channel %u goes where another belongs", d->at);
        OK(!m->store || x.part == i, "tile %u where %u comes", x.part, i);
        OK(!i || (x.id == first.id && x.row == first.row && x.at == first.at &&
                  x.image == first.image), "a row of several");
        first = i ? first : x;
        if (!m->store)
            proof_put(g, &x);
    }
    for (uint32_t i = 0; i < bytes / PROOF_GRAIN; i++) {
        proof_grain *d = proof_at(v, c, m->ddr, addr + i * PROOF_GRAIN);
        proof_grain x = {.kind = HOLDS_PLANAR, .image = first.image, .row = first.row,
                         .id = first.id, .part = i,
                         .at = first.at * BPU_TILE_C + (m->part + channel) % BPU_TILE_C};
        if (!d || !proof_touch(v, c, m->ddr, d, m->store))
            return false;
        OK(!m->store || d->kind == HOLDS_NOTHING, "stores channel %u of row %u once more", x.at,
           x.row);
        if (m->store)
            proof_put(d, &x);
    }
    return true;
}

static bool planar(prover *v, const proof_cmd *c, const move *m)
{
    OK(m->pieces == m->channels, "%u rows of %u channels", m->pieces, m->channels);
    OK(m->bytes % (m->lines * PROOF_GRAIN) == 0, "rows of %u bytes in %u lines", m->bytes,
       m->lines);
    for (uint32_t channel = 0; channel < m->channels; channel++)
        for (uint32_t line = 0; line < m->lines; line++)
            if (!planar_row(v, c, m, channel, line))
                return false;
    return true;
}

/* The input that has byte ADDR of memory MEM; its place in FROM. */
static int32_t input_at(const prover *v, uint32_t mem, uint64_t addr, uint64_t *from)
{
    const npu_program *g = &v->m->program[0];
    for (uint32_t i = 0; i < v->net->ntensor; i++) {
        const bpu_store *s = &v->b->store[i];
        if (v->b->root[i] != (int32_t)i || s->first >= 0)
            continue;
        const npu_tensor *t = npu_program_tensor(g, v->net->tensor[i].name);
        *from = t ? (uint64_t)t->offset & ((UINT64_C(1) << 40) - 1) : 0;
        if (t && t->offset >> 40 == mem && addr >= *from &&
            addr < *from + s->ddr_row * s->rows * v->batch)
            return (int32_t)i;
    }
    return NPU_NONE;
}

static bool pixels(prover *v, const proof_cmd *c, const move *m, uint32_t form)
{
    uint64_t from, row;
    int32_t root = input_at(v, DMA(mem), m->addr, &from);
    OK(!m->store && root != NPU_NONE, "no input has byte %llu", (unsigned long long)m->addr);
    const cc_tensor *t = &v->net->tensor[root];
    const bpu_store *s = &v->b->store[root];
    uint64_t bytes = form == 4 ? ((uint64_t)t->w * 3 + 1) / 2
                               : (uint64_t)t->w * ((t->c + 3) / 4 * 4) * t->bytes;
    OK((form == 4) == t->nv12, "form %u of input %s", form, t->name);
    OK(m->bytes == m->lines * bytes && m->pieces == 1 && (m->addr - from) % bytes == 0 &&
       m->channels == t->c, "%u lines of %u bytes of input %s", m->lines, m->bytes, t->name);
    row = (m->addr - from) / bytes;
    OK(row % s->rows + m->lines <= s->rows, "rows beyond the input");
    for (uint32_t p = 0; p < s->planes; p++)
        for (uint32_t line = 0; line < m->lines; line++)
            for (uint32_t i = 0; i < m->line / PROOF_GRAIN; i++) {
                proof_grain *g = local(v, c, m, p, line, i);
                proof_grain x = {.kind = HOLDS_MAP, .mask = lanes(m, p), .id = root, .at = p,
                                 .image = (uint16_t)(row / s->rows), .part = i,
                                 .row = (uint16_t)(row % s->rows + line)};
                if (!g || !proof_touch(v, c, &v->sram, g, true))
                    return false;
                proof_put(g, &x);
            }
    return true;
}

bool proof_dma(prover *v, const proof_cmd *c)
{
    move m = {.addr = (uint64_t)DMA(addr_high) << 32 | DMA(addr_low), .local = DMA(local),
              .pieces = DMA(rows), .bytes = DMA(row_bytes), .stride = DMA(stride),
              .lines = DMA(lines), .ring = DMA(ring), .ring_row = DMA(ring_row),
              .local_stride = DMA(local_stride), .channels = DMA(channels), .part = DMA(part),
              .width = DMA(width), .store = DMA(op) == 1, .ddr = &v->ddr[DMA(mem)]};
    if (DMA(form) == 0)
        return weights(v, c, &m);
    m.line = (m.width + BPU_TILE_W - 1) / BPU_TILE_W * BPU_TILE_W * BPU_TILE_C;
    m.line *= DMA(wide) ? 4 : 1;
    OK(m.lines && m.width && m.channels && m.ring && m.lines <= m.ring, "%u lines of %u in %u",
       m.lines, m.width, m.ring);
    OK(DMA(local_row) == m.lines * m.line && m.local_stride == m.ring * m.line,
       "%u bytes on chip, %u from plane to plane", DMA(local_row), m.local_stride);
    switch (DMA(form)) {
    case 1:
        return planes(v, c, &m);
    case 2:
        return planar(v, c, &m);
    default:
        return pixels(v, c, &m, DMA(form));
    }
}
