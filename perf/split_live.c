/* Safe points: which cuts leave no live byte in local memory.
 *
 * For every byte of local memory the last writer is kept.  A command that reads a byte written by
 * command w forbids all cuts after w up to itself.  Tiles are followed row by row in every lane,
 * so two tiles that share a range of addresses but no byte do not disturb each other. */
#include "perf/split.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "npusim/prog.h"
#include "sim/layout.h"

#define NEVER UINT32_MAX

typedef struct {            /* bytes of a tile in local memory */
    uint32_t addr;
    uint64_t n, c, h, row;  /* ROW: bytes of one row */
    uint64_t n_str, c_str, h_str;
    uint32_t planes;        /* byte planes, B_STR apart */
    uint64_t b_str;
} tile;

typedef struct { /* where the fields npu_tiu does not carry lie in a descriptor */
    const sim_field *res_b, *a_b, *b_b;
    const sim_field *c_n, *c_c, *c_h, *c_w, *c_mode, *c_n_str, *c_c_str, *c_h_str, *c_b, *c_seg;
} extra_fields;

typedef struct {
    uint32_t *last;         /* last writer of each byte: lane * lane_bytes + offset */
    uint64_t lanes, lane_bytes;
    int32_t *change;        /* difference of the number of reasons against each cut */
    uint32_t oldest;        /* oldest writer among the bytes of the current command's reads */
    uint32_t now;
    extra_fields f;
    const npu_prog *prog;
} live;

/* --- one tile --------------------------------------------------------------------------------- */

static void touch_run(live *l, uint64_t lane, uint64_t off, uint64_t len, bool write)
{
    if (off >= l->lane_bytes)
        return;
    if (len > l->lane_bytes - off)
        len = l->lane_bytes - off;
    uint32_t *p = l->last + lane * l->lane_bytes + off;
    if (write) {
        for (uint64_t i = 0; i < len; i++)
            p[i] = l->now;
        return;
    }
    uint32_t oldest = l->oldest;
    for (uint64_t i = 0; i < len; i++)
        oldest = p[i] < oldest ? p[i] : oldest;
    l->oldest = oldest;
}

static void touch(live *l, tile t, bool write)
{
    uint64_t lane0 = t.addr / l->lane_bytes % l->lanes, off = t.addr % l->lane_bytes;
    if (t.h > 1 && t.h_str == t.row) {
        t.row *= t.h;
        t.h = 1;
    }
    if (t.h > l->lane_bytes)
        t.h = l->lane_bytes;
    for (uint64_t b = 0; b < t.planes; b++)
        for (uint64_t n = 0; n < t.n; n++)
            for (uint64_t c = 0; c < t.c; c++) {
                uint64_t at = off + b * t.b_str + n * t.n_str + (lane0 + c) / l->lanes * t.c_str;
                if (at >= l->lane_bytes)
                    break;
                for (uint64_t h = 0; h < t.h; h++)
                    touch_run(l, (lane0 + c) % l->lanes, at + h * t.h_str, t.row, write);
            }
}

/* LEN bytes from ADDR on, lane after lane. */
static void touch_linear(live *l, uint64_t addr, uint64_t len, bool write)
{
    uint64_t total = l->lanes * l->lane_bytes;
    for (addr %= total; len > 0;) {
        uint64_t off = addr % l->lane_bytes, run = l->lane_bytes - off;
        run = run < len ? run : len;
        touch_run(l, addr / l->lane_bytes, off, run, write);
        addr = (addr + run) % total;
        len -= run;
        if (len > total)
            len = total;
    }
}

/* A command whose tile nobody described: may read everything and write everything.  Bytes that
 * have a writer keep it, which can only forbid more. */
static void touch_unknown(live *l)
{
    touch_linear(l, 0, l->lanes * l->lane_bytes, false);
    for (uint64_t i = 0; i < l->lanes * l->lane_bytes; i++)
        if (l->last[i] == NEVER)
            l->last[i] = l->now;
}

/* --- operands of the TIU ---------------------------------------------------------------------- */

static uint32_t field(const live *l, const sim_field *f)
{
    return f ? bits_get(l->prog->desc[l->now].payload, f->first, f->width) : 0;
}

static uint64_t least1(uint64_t v)
{
    return v ? v : 1;
}

/* Stride modes: 0 channels start at 16-byte words, 1 channels packed, 2 one record per channel,
 * 3 strides as given. */
static tile operand(const live *l, const npu_opnd *o, bool bf16, const sim_field *b_str,
                    uint32_t planes)
{
    uint64_t bytes = bf16 ? 2 : 1, w = least1(o->w), h = least1(o->h), c = least1(o->c);
    tile t = {.addr = o->addr, .n = least1(o->n), .c = c, .h = h, .row = w * bytes,
              .planes = planes, .b_str = field(l, b_str)};
    if (o->mode == 3) {
        t.row = (w - 1) * o->w_str + bytes;
        t.n_str = o->n_str;
        t.c_str = o->c_str;
        t.h_str = o->h_str;
    } else {
        t.h_str = t.row;
        t.c_str = o->mode == 0 ? (t.row * h + 15) / 16 * 16 : t.row * h;
        t.n_str = t.c_str * ((c + l->lanes - 1) / l->lanes);
    }
    if (!bf16 && o->bytes == 2 && t.planes < 2)
        t.planes = 2;
    if (t.planes > 1 && t.b_str == 0)
        t.b_str = t.n * t.n_str;
    return t;
}

/* Filters lie packed: n x h x w elements for each output channel. */
static tile filter(const live *l, const npu_tiu *t)
{
    tile x = operand(l, &t->b, t->bf16, l->f.b_b, 1);
    x.row = least1(t->b.n) * least1(t->b.h) * least1(t->b.w) * (t->bf16 ? 2 : 1);
    x.n = x.h = 1;
    if (t->b.mode != 3)
        x.c_str = x.row;
    return x;
}

/* Bias or per-channel records. */
static tile third(const live *l, const npu_tiu *t)
{
    const extra_fields *f = &l->f;
    npu_opnd o = {.addr = t->bias_addr, .n_str = field(l, f->c_n_str),
                  .c_str = field(l, f->c_c_str), .h_str = field(l, f->c_h_str),
                  .n = (uint16_t)field(l, f->c_n), .c = (uint16_t)field(l, f->c_c),
                  .h = (uint16_t)field(l, f->c_h), .w = (uint16_t)field(l, f->c_w),
                  .mode = (uint8_t)field(l, f->c_mode), .bytes = 1, .w_str = t->bf16 ? 2 : 1};
    tile x = operand(l, &o, t->bf16, f->c_b, 1);
    if (o.mode == 2) { /* multiplier 4, shift 1, with bias 4 more */
        x.row = t->quant ? (t->bias ? 9 : 5) : x.row;
        x.h = 1;
        x.c_str = x.row;
        x.n_str = x.c_str * ((x.c + l->lanes - 1) / l->lanes);
    }
    return x;
}

static bool has_second(const npu_cmd *c)
{
    switch ((npu_kind)c->kind) {
    case NPU_KIND_MAXPOOL:
    case NPU_KIND_AVGPOOL:
    case NPU_KIND_MINPOOL:
    case NPU_KIND_COPY:
    case NPU_KIND_MDSUM:
        return false;
    default:
        return !c->u.tiu.b.constant;
    }
}

static void tiu(live *l, const npu_cmd *c)
{
    const npu_tiu *t = &c->u.tiu;
    uint32_t wide = t->bf16 ? 2 : 4; /* planes of a partial sum */
    if (!t->a.constant)
        touch(l, operand(l, &t->a, t->bf16, l->f.a_b, 1), false);
    if (has_second(c))
        touch(l, c->kind == NPU_KIND_CONV ? filter(l, t)
                                          : operand(l, &t->b, t->bf16, l->f.b_b, 1), false);
    if (t->bias || t->quant)
        touch(l, third(l, t), false);
    if (t->accumulate || t->ps32 & 1 || c->kind == NPU_KIND_MAC)
        touch(l, operand(l, &t->res, t->bf16, l->f.res_b, t->ps32 & 1 ? wide : 1), false);
    touch(l, operand(l, &t->res, t->bf16, l->f.res_b, t->ps32 & 2 ? wide : 1), true);
}

/* --- transfers -------------------------------------------------------------------------------- */

static tile tdma_side(const npu_tdma *t, bool src)
{
    tile x = {.addr = (uint32_t)(src ? t->src : t->dst), .n = t->n, .planes = 1};
    x.c = least1(src ? t->src_c : t->dst_c);
    x.h = least1(src ? t->src_h : t->dst_h);
    x.row = src ? (uint64_t)t->src_w * t->src_bytes : (uint64_t)t->dst_w * t->dst_bytes;
    x.n_str = src ? t->src_n_str : t->dst_n_str;
    x.c_str = src ? t->src_c_str : t->dst_c_str;
    x.h_str = src ? t->src_h_str : t->dst_h_str;
    if (t->matrix) { /* local side of a matrix: n rows cut into c pieces of w */
        uint64_t word = (x.row + 15) / 16 * 16;
        x.h = 1;
        if (!src && x.n_str >= word)
            x.row = word; /* the rest of the last word is padding of this row, nobody else's */
    }
    return x;
}

static void tdma(live *l, const npu_cmd *c)
{
    const npu_tdma *t = &c->u.tdma;
    tile dst = tdma_side(t, false);
    switch ((npu_kind)c->kind) {
    case NPU_KIND_LOADGEN:
        touch_linear(l, t->dst, t->src_n_str, true);
        return;
    case NPU_KIND_STOREGEN:
        touch_linear(l, t->src, t->src_n_str, false);
        return;
    case NPU_KIND_LOADMATT:
        touch_unknown(l);
        return;
    case NPU_KIND_FILL:
        touch(l, dst, true);
        return;
    case NPU_KIND_LOADNCT:
    case NPU_KIND_MOVENCT:
        dst.n = t->src_c;
        break;
    default:
        break;
    }
    if (c->kind == NPU_KIND_FILLG)
        return;
    if (t->dir == 1 || t->dir == 3)
        touch(l, tdma_side(t, true), false);
    if (t->dir == 0 || t->dir == 3)
        touch(l, dst, true);
}

/* --- one routine ------------------------------------------------------------------------------ */

static void forbid(live *l)
{
    if (l->oldest == NEVER)
        return;
    l->change[l->oldest + 1]++;
    l->change[l->now + 1]--;
}

static extra_fields find_fields(npu_isa isa)
{
    const sim_layout *s = sim_layout_of(isa, NPU_ENGINE_TIU);
    return (extra_fields){
        .res_b = sim_field_find(s, "res0_b_str"), .a_b = sim_field_find(s, "opd0_b_str"),
        .b_b = sim_field_find(s, "opd1_b_str"), .c_n = sim_field_find(s, "opd2_n"),
        .c_c = sim_field_find(s, "opd2_c"), .c_h = sim_field_find(s, "opd2_h"),
        .c_w = sim_field_find(s, "opd2_w"), .c_mode = sim_field_find(s, "short_opd2_str"),
        .c_n_str = sim_field_find(s, "opd2_n_str"), .c_c_str = sim_field_find(s, "opd2_c_str"),
        .c_h_str = sim_field_find(s, "opd2_h_str"), .c_b = sim_field_find(s, "opd2_b_str")};
}

/* Commands before the cut must not await one after it. */
static void forbid_waits(const perf_part *part, int32_t *change)
{
    uint32_t *other[2], count[2] = {0, 0}, start = 0, n = part->n;
    other[0] = malloc(((size_t)n + 1) * sizeof(uint32_t) * 2);
    if (!other[0])
        return;
    other[1] = other[0] + n + 1;
    while (start < n) {
        uint32_t end = start;
        count[0] = count[1] = 0;
        for (; end < n && part->op[end].segment == part->op[start].segment; end++)
            other[part->op[end].queue][count[part->op[end].queue]++] = end;
        for (uint32_t i = start; i < end; i++) {
            uint32_t w = part->op[i].wait, q = 1u - part->op[i].queue;
            uint32_t on = w && w <= count[q] ? other[q][w - 1] : i;
            if (on > i) {
                change[i + 1]++;
                change[on + 1]--;
            }
        }
        start = end;
    }
    free(other[0]);
}

npu_status perf_safe_points(const perf_prog *p, const perf_part *part, const npu_chip *chip,
                            bool *safe, npu_err *err)
{
    npu_prog prog;
    const npu_section *s = npu_model_section(p->model, part->routine->section);
    live l = {.lanes = (uint64_t)NPU_GET(chip, tpu_lanes),
              .lane_bytes = (uint64_t)NPU_GET(chip, lmem_lane_bytes), .prog = &prog,
              .f = find_fields(chip->isa)};
    size_t bytes = l.lanes * l.lane_bytes;
    if (!s)
        return npu_fail(err, NPU_BAD_INPUT, "section %s is not there", part->routine->section);
    NPU_TRY(npu_prog_read(s, &prog, err));
    l.last = malloc(bytes * sizeof *l.last);
    l.change = calloc((size_t)part->n + 2, sizeof *l.change);
    npu_status st = NPU_OK;
    if (!l.last || !l.change || prog.n != part->n) {
        st = npu_fail(err, NPU_LIMIT, "no memory to follow %zu bytes of local memory", bytes);
    } else {
        memset(l.last, 0xff, bytes * sizeof *l.last);
        for (l.now = 0; l.now < part->n; l.now++) {
            const npu_cmd *c = &part->cmd[l.now];
            l.oldest = NEVER;
            if (c->engine == NPU_ENGINE_TIU)
                tiu(&l, c);
            else
                tdma(&l, c);
            forbid(&l);
        }
        forbid_waits(part, l.change);
        int32_t reasons = 0;
        for (uint32_t k = 0; k <= part->n; k++) {
            reasons += l.change[k];
            safe[k] = reasons == 0 || k == 0 || k == part->n;
        }
    }
    free(l.last);
    free(l.change);
    npu_prog_free(&prog);
    return st;
}
