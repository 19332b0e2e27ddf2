/* The arithmetic of the tensor unit, from the published meaning of the registers. */
#include "tests/unit/cvi_exec_tiu.h"

#include "base/bits.h"
#include "sim/layout.h"

static uint32_t field(const exec_run *r, const char *name)
{
    const sim_layout *l = sim_layout_of(NPU_ISA_CV18XX_V2, NPU_ENGINE_TIU);
    const sim_field *f = sim_field_find(l, name);
    return bits_get(r->payload, f->first, f->width);
}

int8_t cvi_requant(int32_t acc, uint32_t multiplier, uint8_t shift, int relu)
{
    int s = shift & 0x20 ? (int)shift - 64 : shift;
    if (s < 0) {
        acc = (int32_t)((uint32_t)acc << -s);
        s = 0;
    }
    int64_t p = (int64_t)acc * (int64_t)multiplier;
    int64_t hi = (p + (p >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30))) / (INT64_C(1) << 31);
    int64_t mask = (INT64_C(1) << s) - 1, rest = hi & mask, half = (mask >> 1) + (hi < 0);
    int64_t q = (hi >> s) + (rest > half);
    if (relu && q < 0)
        q = 0;
    return (int8_t)(q > 127 ? 127 : q < -128 ? -128 : q);
}

int32_t cvi_shift(int64_t v, unsigned shift, int relu, unsigned bits)
{
    int64_t top = (INT64_C(1) << (bits - 1)) - 1;
    if (shift)
        v = ((v >> (shift - 1)) + 1) >> 1;
    if (relu && v < 0)
        v = 0;
    return (int32_t)(v > top ? top : v < -top - 1 ? -top - 1 : v);
}

/* Strides of an operand, whatever its mode says. */
typedef struct { uint32_t addr, c_str, h_str, w_str; } view;

static view view_of(const npu_opnd *o)
{
    if (o->mode == 3)
        return (view){o->addr, o->c_str, o->h_str, o->w_str};
    return (view){o->addr, ((uint32_t)o->h * o->w + 15) / 16 * 16, o->w, 1};
}

static exec_cell *cell(exec_run *r, view v, uint32_t c, uint32_t h, uint32_t w)
{
    return exec_at(r, v.addr, c, v.c_str, (uint64_t)h * v.h_str + (uint64_t)w * v.w_str);
}

/* Input row or column of a window; -1: padding or an inserted zero. */
static int64_t position(uint32_t out, uint32_t k, uint32_t stride, uint32_t dil, uint32_t pad,
                        uint32_t ins, uint32_t extent)
{
    int64_t at = (int64_t)out * stride + (int64_t)k * dil - pad;
    if (at < 0 || at % (ins + 1) || at / (ins + 1) >= extent)
        return -1;
    return at / (ins + 1);
}

static int64_t row(const npu_tiu *t, uint32_t oh, uint32_t ky)
{
    return position(oh, ky, t->stride_h, t->dil_h, t->pad_t, t->ins_h, t->a.h);
}

static int64_t column(const npu_tiu *t, uint32_t ow, uint32_t kx)
{
    return position(ow, kx, t->stride_w, t->dil_w, t->pad_l, t->ins_w, t->a.w);
}

/* The result's size must be what the registers' window gives. */
static void check_window(exec_run *r)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    int h = (t->a.h - 1) * (t->ins_h + 1) + t->ins_h_last + 1 + t->pad_t + t->pad_b;
    int w = (t->a.w - 1) * (t->ins_w + 1) + t->ins_w_last + 1 + t->pad_l + t->pad_r;
    int oh = (h - ((t->b.h - 1) * t->dil_h + 1)) / t->stride_h + 1;
    int ow = (w - ((t->b.w - 1) * t->dil_w + 1)) / t->stride_w + 1;
    if (oh != t->res.h || ow != t->res.w)
        exec_bad(r, "result %ux%u, the window gives %dx%d", t->res.h, t->res.w, oh, ow);
}

/* Record of result channel C: bias, multiplier, shift. */
static int8_t requant(exec_run *r, uint32_t c, int64_t acc)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    uint32_t lane = t->res.addr / r->lane_bytes * r->lane_bytes, word[2] = {0, 0}, size = 5, at = 0;
    if (t->bias)
        size = 9;
    for (int k = t->bias ? 0 : 1; k < 2; k++)
        for (int b = 0; b < 4; b++)
            word[k] |= (uint32_t)(uint8_t)exec_read(
                           r, exec_at(r, lane + t->bias_addr % r->lane_bytes, c, size, at++))
                       << 8 * b;
    uint8_t shift =
        (uint8_t)exec_read(r, exec_at(r, lane + t->bias_addr % r->lane_bytes, c, size, at));
    return cvi_requant((int32_t)acc + (int32_t)word[0], word[1], shift & 0x3f, t->relu);
}

/* A channel that was padded on holds anything, but then its weight is 0. */
static int64_t product(exec_run *r, exec_cell *x, int8_t w)
{
    return w == 0 && !x->written ? 0 : (int64_t)w * exec_read(r, x);
}

static int64_t conv_sum(exec_run *r, uint32_t oc, uint32_t oh, uint32_t ow)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    view in = view_of(&t->a);
    uint32_t lane = t->res.addr / r->lane_bytes * r->lane_bytes, ic = t->a.c;
    uint32_t block = (uint32_t)t->b.h * t->b.w * ic;
    int64_t sum = 0;
    for (uint32_t ky = 0; ky < t->b.h; ky++)
        for (uint32_t kx = 0; kx < t->b.w; kx++) {
            int64_t y = row(t, oh, ky), x = column(t, ow, kx);
            for (uint32_t c = 0; c < ic && y >= 0 && x >= 0; c++) {
                exec_cell *w = exec_at(r, lane + t->b.addr % r->lane_bytes, oc, block,
                                       (uint64_t)(ky * t->b.w + kx) * ic + c);
                sum += product(r, cell(r, in, c, (uint32_t)y, (uint32_t)x), exec_read(r, w));
            }
        }
    return sum;
}

static int64_t depth_sum(exec_run *r, uint32_t c, uint32_t oh, uint32_t ow)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    view in = view_of(&t->a);
    uint32_t lane = t->res.addr / r->lane_bytes * r->lane_bytes;
    uint32_t block = ((uint32_t)t->b.h * t->b.w + 15) / 16 * 16;
    int64_t sum = 0;
    for (uint32_t ky = 0; ky < t->b.h; ky++)
        for (uint32_t kx = 0; kx < t->b.w; kx++) {
            int64_t y = row(t, oh, ky), x = column(t, ow, kx);
            if (y < 0 || x < 0)
                continue;
            int64_t w = exec_read(r, exec_at(r, lane + t->b.addr % r->lane_bytes, c, block,
                                             (uint64_t)ky * t->b.w + kx));
            sum += w * exec_read(r, cell(r, in, c, (uint32_t)y, (uint32_t)x));
        }
    return sum;
}

static int64_t pool_sum(exec_run *r, uint32_t c, uint32_t oh, uint32_t ow)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    view in = view_of(&t->a);
    bool max = r->cmd.kind == NPU_KIND_MAXPOOL;
    int8_t pad = (int8_t)field(r, "opd0_ins_val");
    int64_t v = max ? -128 : 0;
    for (uint32_t ky = 0; ky < t->b.h; ky++)
        for (uint32_t kx = 0; kx < t->b.w; kx++) {
            int64_t y = row(t, oh, ky), x = column(t, ow, kx);
            int8_t p = y < 0 || x < 0 ? pad
                                      : exec_read(r, cell(r, in, c, (uint32_t)y, (uint32_t)x));
            if (max)
                v = p > v ? p : v;
            else
                v += p;
        }
    return max ? v : v * (int64_t)t->b.addr;
}

static int8_t windowed(exec_run *r, uint32_t c, uint32_t oh, uint32_t ow)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    switch (r->cmd.kind) {
    case NPU_KIND_CONV:
        r->e->macs += (uint64_t)t->a.c * t->b.h * t->b.w;
        return requant(r, c, conv_sum(r, c, oh, ow));
    case NPU_KIND_DWCONV:
        r->e->macs += (uint64_t)t->b.h * t->b.w;
        if (t->quant)
            return requant(r, c, depth_sum(r, c, oh, ow));
        return (int8_t)cvi_shift(depth_sum(r, c, oh, ow), t->res_shift, t->relu, 8);
    case NPU_KIND_MAXPOOL:
        return (int8_t)pool_sum(r, c, oh, ow);
    default:
        return (int8_t)cvi_shift(pool_sum(r, c, oh, ow), t->res_shift, t->relu, 8);
    }
}

static int32_t second(exec_run *r, uint32_t c, uint32_t h, uint32_t w)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    if (t->b.constant)
        return field(r, "opt_opd1_sign") ? (int8_t)t->b.addr : (uint8_t)t->b.addr;
    return exec_read(r, cell(r, view_of(&t->b), c, h, w));
}

static void elementwise(exec_run *r, uint32_t c, uint32_t h, uint32_t w)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    view out = view_of(&t->res), high = out;
    int32_t a = exec_read(r, cell(r, view_of(&t->a), c, h, w)), v = a;
    high.addr += field(r, "res0_b_str");
    if (r->cmd.kind == NPU_KIND_LUT) {
        exec_write(r, cell(r, out, c, h, w),
                   exec_read(r, exec_at(r, t->b.addr, (c + t->res.addr / r->lane_bytes) % r->lanes,
                                        0, (uint8_t)a)));
        return;
    }
    if (r->cmd.kind != NPU_KIND_COPY) {
        int32_t b = second(r, c, h, w);
        switch (r->cmd.kind) {
        case NPU_KIND_MUL:
            v = a * b;
            break;
        case NPU_KIND_MAC:
            v = (uint8_t)exec_read(r, cell(r, out, c, h, w));
            v += exec_read(r, cell(r, high, c, h, w)) * 256;
            v = (int32_t)((uint32_t)v << t->left_shift) + a * b;
            break;
        case NPU_KIND_MAX:
            v = a > b ? a : b;
            break;
        case NPU_KIND_MIN:
            v = a < b ? a : b;
            break;
        case NPU_KIND_OR:
            v = a | b;
            break;
        default:
            exec_bad(r, "no such operation here");
        }
    }
    if (r->cmd.kind == NPU_KIND_MUL && t->quant) {
        exec_write(r, cell(r, out, c, h, w),
                   cvi_requant(v, field(r, "quan_m"), t->res_shift, t->relu));
        return;
    }
    v = cvi_shift(v, t->res_shift, t->relu, 8u * t->res.bytes);
    exec_write(r, cell(r, out, c, h, w), (int8_t)v);
    if (t->res.bytes == 2)
        exec_write(r, cell(r, high, c, h, w), (int8_t)(v >> 8));
}

void exec_tiu(exec_run *r)
{
    const npu_tiu *t = &r->cmd.u.tiu;
    bool window = r->cmd.kind <= NPU_KIND_MINPOOL;
    if (window)
        check_window(r);
    for (uint32_t c = 0; c < t->res.c; c++)
        for (uint32_t h = 0; h < t->res.h; h++)
            for (uint32_t w = 0; w < t->res.w && !r->e->bad[0]; w++) {
                if (!window) {
                    elementwise(r, c, h, w);
                    continue;
                }
                int8_t v = windowed(r, c, h, w);
                exec_write(r, cell(r, view_of(&t->res), c, h, w), v);
            }
}
