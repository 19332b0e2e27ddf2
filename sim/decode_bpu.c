/* Meaning of the descriptors of bernoulli2; see decode.h. */
#include <string.h>

#include "base/bits.h"
#include "sim/decode.h"

enum { /* positions as constants */
#define F(name, first, width, meaning) MAC_first_##name = first, MAC_width_##name = width,
#include "npusim/bpu_mac.def"
#undef F
#define F(name, first, width, meaning) DMA_first_##name = first, DMA_width_##name = width,
#include "npusim/bpu_dma.def"
#undef F
};

#define MAC(f) bits_get(p, MAC_first_##f, MAC_width_##f)
#define DMA(f) bits_get(p, DMA_first_##f, DMA_width_##f)
#define MAC8(f) ((uint8_t)MAC(f))
#define MAC16(f) ((uint16_t)MAC(f))

static void mac_fill(const uint8_t *p, npu_cmd *c)
{
    npu_tiu *t = &c->u.tiu;
    memset(t, 0, sizeof *t);
    c->id = MAC16(id);
    c->wait = MAC16(wait);
    c->layer = MAC(layer);
    t->fn = MAC8(fn);
    t->first = MAC(first) != 0;
    t->wide = MAC(wide) != 0;
    t->relu = MAC8(act);
    t->accumulate = MAC(sum) != 0;
    t->group = MAC16(group);
    t->padded = MAC(pads) != 0;
    t->in_slot = MAC8(in_slot);
    t->out_slot = MAC8(out_slot);
    t->res = (npu_opnd){.addr = MAC(dst), .n = MAC16(out_n), .c = MAC16(out_c), .h = MAC16(out_h),
                        .w = MAC16(out_w), .bytes = t->wide ? 4 : 1};
    t->a = (npu_opnd){.addr = MAC(src), .n = MAC16(out_n), .c = MAC16(in_c), .h = MAC16(in_h),
                      .w = MAC16(in_w), .bytes = 1};
    t->b = (npu_opnd){.addr = MAC(weight), .n = 1, .c = MAC16(in_c), .h = MAC16(kh),
                      .w = MAC16(kw), .bytes = 1};
    t->bias_addr = MAC(src2);
    t->stride_h = MAC8(sh);
    t->stride_w = MAC8(sw);
    t->dil_h = MAC8(dh);
    t->dil_w = MAC8(dw);
    t->ins_h = (uint8_t)(MAC(up_h) - 1);
    t->ins_w = (uint8_t)(MAC(up_w) - 1);
    t->pad_t = MAC8(pad_t);
    t->pad_b = MAC8(pad_b);
    t->pad_l = MAC8(pad_l);
    t->pad_r = MAC8(pad_r);
}

static npu_status zero(npu_err *err, const npu_cmd *c, const char *field)
{
    return npu_fail(err, NPU_BAD_INPUT, "%s: field %s is 0, at least 1 is needed",
                    npu_kind_table[c->kind].mnemonic, field);
}

static npu_status mac_check(const uint8_t *p, const npu_cmd *c, npu_err *err)
{
    static const struct { const char *name; unsigned first, width; } nonzero[] = {
#define NZ(f) {#f, MAC_first_##f, MAC_width_##f}
        NZ(valid), NZ(out_c), NZ(out_h), NZ(out_w), NZ(out_n), NZ(in_c), NZ(in_h), NZ(in_w), NZ(kh),
        NZ(kw), NZ(sh), NZ(sw), NZ(dh), NZ(dw), NZ(up_h), NZ(up_w), NZ(group)
#undef NZ
    };
    for (size_t i = 0; i < sizeof nonzero / sizeof nonzero[0]; i++)
        if (!bits_get(p, nonzero[i].first, nonzero[i].width))
            return zero(err, c, nonzero[i].name);
    if (MAC(in_c) % MAC(group) || MAC(out_c) % MAC(group))
        return npu_fail(err, NPU_BAD_INPUT, "%s: in_c %u and out_c %u are no multiples of group %u",
                        npu_kind_table[c->kind].mnemonic, MAC(in_c), MAC(out_c), MAC(group));
    return NPU_OK;
}

static npu_status dma(const uint8_t *p, npu_cmd *c, npu_err *err)
{
    npu_tdma *t = &c->u.tdma;
    uint64_t addr = (uint64_t)DMA(addr_high) << 32 | DMA(addr_low);
    memset(t, 0, sizeof *t);
    c->id = (uint16_t)DMA(id);
    c->wait = (uint16_t)DMA(wait);
    c->layer = DMA(layer);
    t->dir = c->kind == NPU_KIND_BSTORE;
    t->src = t->dir ? DMA(local) : addr;
    t->dst = t->dir ? addr : DMA(local);
    t->src_sel = t->dst_sel = (uint8_t)DMA(mem);
    t->src_bytes = t->dst_bytes = 1;
    t->rows = DMA(rows);
    t->row_bytes = DMA(row_bytes);
    t->stride = DMA(stride);
    t->n = t->src_c = t->dst_c = 1;
    t->src_h = t->dst_h = t->rows;
    t->src_w = t->dst_w = t->row_bytes;
    t->src_h_str = t->dst_h_str = t->stride;
    if (!DMA(valid) || !t->rows || !t->row_bytes)
        return zero(err, c, !DMA(valid) ? "valid" : !t->rows ? "rows" : "row_bytes");
    return NPU_OK;
}

npu_status sim_decode_bpu(const uint8_t *payload, npu_cmd *out, npu_err *err)
{
    if (out->engine == NPU_ENGINE_TDMA)
        return dma(payload, out, err);
    mac_fill(payload, out);
    return mac_check(payload, out, err);
}
