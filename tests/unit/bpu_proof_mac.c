/* Computing commands of the proof: that they find what they need, and what they leave. */
#include "base/bits.h"
#include "tests/unit/bpu_proof_in.h"

enum { /* positions as constants */
#define F(name, first, width, meaning) MAC_first_##name = first, MAC_width_##name = width,
#include "npusim/bpu_mac.def"
#undef F
};

#define MAC(f) bits_get(c->p, MAC_first_##f, MAC_width_##f)
#define OK(condition, ...)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return proof_no(v, c, __VA_ARGS__);                                                    \
    } while (0)

typedef struct {            /* a map a command reads or writes */
    int32_t tensor;
    uint32_t addr, ring, slot, rows; /* ROWS from ring row SLOT on */
    uint32_t row;           /* which those are */
    uint32_t channel, n;    /* of the tensor; ADDR is the plane of the first */
} operand;

typedef struct {            /* what a command does to its layer */
    const cc_layer *y;
    uint32_t l, row, rows, channel, n, image;
} task;

static uint64_t row_bytes(const cc_tensor *t)
{
    return (uint64_t)(t->w + BPU_TILE_W - 1) / BPU_TILE_W * BPU_TILE_W * BPU_TILE_C * t->bytes;
}

/* Channels of plane P (from the one of the operand's first channel on) in the operand. */
static uint8_t lanes(const prover *v, const operand *x, uint32_t p)
{
    uint32_t first = bpu_channel_of(v->net, x->tensor) + x->channel;
    uint8_t mask = 0;
    for (uint32_t c = 0; c < BPU_TILE_C; c++) {
        uint32_t at = (first / BPU_TILE_C + p) * BPU_TILE_C + c;
        if (at >= first && at < first + x->n)
            mask |= (uint8_t)(1u << c);
    }
    return mask;
}

static bool one(prover *v, const proof_cmd *c, const operand *x, const task *t, uint32_t p,
                uint32_t r, uint32_t i, bool write)
{
    uint64_t bytes = row_bytes(&v->net->tensor[x->tensor]);
    uint32_t plane = (bpu_channel_of(v->net, x->tensor) + x->channel) / BPU_TILE_C + p;
    uint64_t at = x->addr + ((uint64_t)p * x->ring + (x->slot + r) % x->ring) * bytes;
    proof_grain *g = proof_at(v, c, &v->sram, at + (uint64_t)i * PROOF_GRAIN);
    proof_grain want = {.kind = HOLDS_MAP, .mask = lanes(v, x, p), .image = (uint16_t)t->image,
                        .row = (uint16_t)(x->row + r), .id = v->b->root[x->tensor], .at = plane,
                        .part = i};
    if (!g || !proof_touch(v, c, &v->sram, g, write))
        return false;
    if (write) {
        proof_put(g, &want);
        return true;
    }
    OK(g->kind == HOLDS_MAP && g->id == want.id && g->at == plane && g->row == want.row &&
       g->part == i && g->image == want.image,
       "wants %s plane %u row %u part %u image %u, "
       "finds kind %u %s plane %u row %u part %u image %u",
       v->net->tensor[want.id].name, plane, want.row, i, want.image, g->kind,
       g->kind == HOLDS_MAP ? v->net->tensor[g->id].name : "", g->at, g->row, g->part, g->image);
    OK((g->mask & want.mask) == want.mask, "%s plane %u row %u: channels %x, there are %x",
       v->net->tensor[want.id].name, plane, want.row, want.mask, g->mask);
    return true;
}

static bool use(prover *v, const proof_cmd *c, const operand *x, const task *t, bool write)
{
    uint32_t first = (bpu_channel_of(v->net, x->tensor) + x->channel) % BPU_TILE_C;
    uint32_t planes = (first + x->n + BPU_TILE_C - 1) / BPU_TILE_C;
    uint32_t grains = (uint32_t)(row_bytes(&v->net->tensor[x->tensor]) / PROOF_GRAIN);
    OK(x->ring && x->slot < x->ring && x->rows <= x->ring, "%u rows from %u on of %u", x->rows,
       x->slot, x->ring);
    for (uint32_t p = 0; p < planes; p++)
        for (uint32_t r = 0; r < x->rows; r++)
            for (uint32_t i = 0; i < grains; i++)
                if (!one(v, c, x, t, p, r, i, write))
                    return false;
    return true;
}

/* Source rows [*LOW, *HIGH) that result rows ROW..ROW+ROWS need, by the operator's definition. */
static void needs(const cc_layer *y, const cc_tensor *in, const cc_tensor *out, uint32_t row,
                  uint32_t rows, int64_t *low, int64_t *high)
{
    *low = in->h;
    *high = 0;
    for (int64_t r = row; r < (int64_t)row + rows; r++) {
        int64_t from = r, to = r; /* first and last source row of this one */
        if (y->kind <= CC_AVGPOOL || (y->kind == CC_MOVE && y->function == NPU_OP_SLICE)) {
            from = in->h;
            to = -1;
            for (int64_t k = 0; k < y->kh; k++) {
                int64_t at = r * y->sh - y->pt + k * y->dh;
                if (at < 0 || at >= (int64_t)in->h * y->up_h || at % y->up_h)
                    continue;
                from = at / y->up_h < from ? at / y->up_h : from;
                to = at / y->up_h > to ? at / y->up_h : to;
            }
        } else if (y->kind == CC_RESIZE) {
            from = to = r * in->h / out->h;
            if (y->linear) { /* half a pixel in the middle, as ONNX has it */
                int64_t at = (2 * r + 1) * in->h - out->h;
                from = at < 0 ? 0 : at / (2 * out->h);
                to = from + 1 < in->h ? from + 1 : in->h - 1;
            }
        } else if (y->kind == CC_MOVE && in->h != out->h) {
            bool some = y->function == NPU_OP_DEPTHTOSPACE || y->function == NPU_OP_SPACETODEPTH;
            from = some ? r * in->h / out->h : 0;
            to = some ? ((r + 1) * in->h - 1) / out->h : in->h - 1;
        } else if (y->kind == CC_MOVE && (y->function == NPU_OP_TRANSPOSE ||
                                          y->function == NPU_OP_RESHAPE)) {
            from = 0;
            to = in->h - 1;
        }
        *low = from < *low ? from : *low;
        *high = to + 1 > *high ? to + 1 : *high;
    }
}

/* The first source: a window of rows that has all the result rows need. */
static bool first_source(prover *v, const proof_cmd *c, const task *t)
{
    const cc_layer *y = t->y;
    const cc_tensor *in = &v->net->tensor[y->a], *out = &v->net->tensor[y->out];
    int64_t low, high;
    bool all = y->kind == CC_CONV || y->kind == CC_MOVE;
    operand x = {.tensor = y->a, .addr = MAC(src), .ring = MAC(src_ring), .slot = MAC(src_row),
                 .rows = MAC(in_h), .channel = all ? 0 : t->channel, .n = all ? in->c : t->n};
    OK(MAC(in_c) == in->c && MAC(in_w) == in->w, "source of %u x %u, the layer's is %u x %u",
       MAC(in_c), MAC(in_w), in->c, in->w);
    const proof_grain *g = proof_at(v, c, &v->sram,
                                    x.addr + (uint64_t)(x.slot % (x.ring ? x.ring : 1)) *
                                                 row_bytes(in));
    if (!g)
        return false;
    x.row = g->row; /* the others must follow it */
    if (in->h == 1 && y->kind > CC_AVGPOOL)
        x.row = 0;
    needs(y, in, out, t->row, t->rows, &low, &high);
    OK(low >= high || (low >= x.row && high <= (int64_t)x.row + x.rows),
       "rows %lld..%lld are needed, %u..%u are read", (long long)low, (long long)high, x.row,
       x.row + x.rows);
    if (y->kind <= CC_AVGPOOL && t->row * (uint64_t)y->sh > (uint64_t)(y->pt > 0 ? y->pt : 0) &&
        y->up_h == 1)
        OK(MAC(pad_t) == 0, "padding above row %u", t->row);
    return use(v, c, &x, t, false);
}

static bool second_source(prover *v, const proof_cmd *c, const task *t)
{
    const cc_layer *y = t->y;
    int32_t b = y->kind == CC_MOVE ? NPU_NONE : y->b;
    OK(b == NPU_NONE || y->sum == NPU_NONE, "two second sources");
    OK(MAC(sum) == (y->sum != NPU_NONE), "sum is %u", MAC(sum));
    int32_t s = y->sum != NPU_NONE ? y->sum : b;
    if (s == NPU_NONE)
        return true;
    const cc_tensor *in = &v->net->tensor[s], *out = &v->net->tensor[y->out];
    bool whole = y->kind == CC_CONV && y->sum == NPU_NONE;
    operand x = {.tensor = s, .addr = MAC(src2), .ring = MAC(src2_ring), .slot = MAC(src2_row),
                 .rows = whole ? in->h : t->rows, .row = whole ? 0 : t->row,
                 .channel = whole || in->c == 1 ? 0 : t->channel, .n = whole ? in->c : t->n};
    if (!whole && in->h == 1) {
        x.row = 0;
        x.rows = 1;
    }
    x.n = in->c == 1 ? 1 : x.n;
    OK(whole || in->h == 1 || in->h == out->h, "second source of %u rows for %u", in->h, out->h);
    return use(v, c, &x, t, false);
}

/* The command's share of the layer's weights is where it says. */
static bool weights(prover *v, const proof_cmd *c, const task *t)
{
    const bpu_net *b = v->b;
    uint64_t all = b->weight[t->l], from = 0, bytes = all;
    uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param), co = (uint64_t)NPU_GET(b->chip,
                                                                                   bpu_align_out);
    if (t->n != v->net->tensor[t->y->out].c) {
        OK(b->split[t->l] && t->channel % co == 0, "weights that cannot be cut at channel %u",
           t->channel);
        from = t->channel ? param + t->channel / co * b->split[t->l] : 0;
        bytes = (t->channel ? 0 : param) + (t->n + co - 1) / co * b->split[t->l];
    }
    OK(from + bytes <= all, "weights beyond the layer's");
    for (uint64_t i = 0; i < bytes; i += PROOF_GRAIN) {
        proof_grain *g = proof_at(v, c, &v->sram, MAC(weight) + i);
        if (!g || !proof_touch(v, c, &v->sram, g, false))
            return false;
        OK(g->kind == HOLDS_WEIGHT && g->id == (int32_t)t->l && g->at == from + i,
           "wants byte %llu of its weights, finds kind %u of %d byte %u",
           (unsigned long long)(from + i), g->kind, g->id, g->at);
    }
    return true;
}

static bool result(prover *v, const proof_cmd *c, const task *t)
{
    operand x = {.tensor = t->y->out, .addr = MAC(dst), .ring = MAC(dst_ring), .slot = MAC(dst_row),
                 .rows = t->rows, .row = t->row, .channel = t->channel, .n = t->n};
    const cc_tensor *out = &v->net->tensor[t->y->out];
    OK(MAC(out_w) == out->w && (MAC(wide) != 0) == (out->bytes == 4), "result of %u columns",
       MAC(out_w));
    OK(out->bytes == v->net->tensor[v->b->root[t->y->out]].bytes, "elements unlike their map's");
    OK(MAC(dst_c) == (bpu_channel_of(v->net, t->y->out) + t->channel) % BPU_TILE_C, "dst_c %u",
       MAC(dst_c));
    return use(v, c, &x, t, true);
}

bool proof_mac(prover *v, const proof_cmd *c)
{
    task t = {.l = c->c.layer - (uint32_t)v->first_layer, .row = MAC(row), .rows = MAC(out_h),
              .n = MAC(out_c)};
    t.y = &v->net->layer[t.l];
    const cc_tensor *out = &v->net->tensor[t.y->out];
    OK(t.row + t.rows <= out->h, "rows %u..%u of %u", t.row, t.row + t.rows, out->h);
    uint32_t *done = v->done[t.l];
    for (uint32_t r = 0; r < t.rows; r++) {
        OK(done[t.row + r] == done[t.row], "rows of different channels");
        OK(done[t.row + r] + t.n <= v->batch * out->c, "row %u is computed twice", t.row + r);
    }
    t.channel = done[t.row] % out->c;
    t.image = done[t.row] / out->c;
    OK(t.channel + t.n <= out->c, "channels %u..%u of %u", t.channel, t.channel + t.n, out->c);
    OK(MAC(first) == (done[0] % out->c == 0 && t.row == 0), "first is %u", MAC(first));
    for (uint32_t r = 0; r < t.rows; r++)
        done[t.row + r] += t.n;
    v->seen[t.l] = true;
    return first_source(v, c, &t) && second_source(v, c, &t) && weights(v, c, &t) &&
           result(v, c, &t);
}

bool proof_begin(prover *v)
{
    for (uint32_t i = 0; i < v->net->ntensor; i++) {
        const cc_tensor *t = &v->net->tensor[i];
        const npu_tensor *x = npu_program_tensor(&v->m->program[0], t->name);
        if (!t->planar || v->b->root[i] != (int32_t)i || v->b->store[i].first >= 0)
            continue;
        uint64_t at = x ? (uint64_t)x->offset & ((UINT64_C(1) << 40) - 1) : 0, part = 0;
        uint32_t parts = (t->w * t->bytes + 31) / 32;
        for (uint64_t k = 0; x && k < (uint64_t)v->batch * t->c * t->h * parts; k++) {
            proof_grain *g = proof_at(v, NULL, &v->ddr[(uint64_t)x->offset >> 40 & 7], at);
            uint64_t row = k / parts;
            if (!g)
                return false;
            part = k % parts;
            *g = (proof_grain){.kind = HOLDS_PLANAR, .id = (int32_t)i, .part = (uint32_t)part,
                               .row = (uint16_t)(row % t->h), .at = (uint32_t)(row / t->h % t->c),
                               .image = (uint16_t)(row / t->h / t->c)};
            at += PROOF_GRAIN;
        }
    }
    return true;
}

static bool stored(prover *v, uint32_t i)
{
    const proof_cmd *c = NULL;
    const cc_tensor *t = &v->net->tensor[i];
    int32_t root = v->b->root[i];
    const npu_tensor *x = npu_program_tensor(&v->m->program[0], t->name);
    OK(x && x->offset >= 0, "%s is no tensor", t->name);
    uint64_t at = (uint64_t)x->offset & ((UINT64_C(1) << 40) - 1);
    uint64_t row = ((uint64_t)t->w * t->bytes + 31) / 32 * 32;
    proof_space *s = &v->ddr[(uint64_t)x->offset >> 40 & 7];
    uint64_t image = row * t->h * v->net->tensor[root].c;
    for (uint64_t k = 0; k < (uint64_t)v->batch * t->c * t->h; k++) {
        uint32_t n = (uint32_t)(k / t->h / t->c), ch = (uint32_t)(k / t->h % t->c), r = k % t->h;
        const proof_grain *g = proof_at(v, c, s, at + n * image + ((uint64_t)ch * t->h + r) * row);
        uint32_t want = bpu_channel_of(v->net, (int32_t)i) + ch;
        if (!g)
            return false;
        OK(g->kind == HOLDS_PLANAR && g->id == root && g->at == want && g->row == r &&
           g->image == n, "%s: channel %u row %u is not stored (kind %u map %d channel %u row %u)",
           t->name, want, r, g->kind, g->id, g->at, g->row);
    }
    return true;
}

bool proof_end(prover *v)
{
    const proof_cmd *c = NULL;
    const cc_net *n = v->net;
    for (uint32_t l = 0; l < n->nlayer; l++) {
        const cc_layer *y = &n->layer[l];
        const cc_tensor *out = &n->tensor[y->out];
        for (uint32_t r = 0; r < out->h && v->b->o->cores == 1; r++)
            OK(v->done[l][r] == v->batch * out->c, "%s: row %u has %u channels of %u", y->name, r,
               v->done[l][r], v->batch * out->c);
        uint64_t macs = y->macs;
        uint64_t slack = y->up_h > 1 ? macs / 20 : 0; /* taps beyond the edge of the source */
        OK(v->b->o->cores == 2 || y->kind > CC_DWCONV || y->macs == 0 ||
           (v->macs[l] + slack >= macs && v->macs[l] <= macs + slack),
           "%s: %llu MACs, the layer has %llu", y->name, (unsigned long long)v->macs[l],
           (unsigned long long)y->macs);
    }
    for (uint32_t i = 0; i < n->ntensor && v->b->o->cores == 1; i++)
        if (n->tensor[i].output && !stored(v, i))
            return false;
    return true;
}
