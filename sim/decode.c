/* Meaning of the register fields; see decode.h.
 *
 * CV183x and the later chips place the same fields at different bits, so the TIU is decoded once,
 * through a table of places. */
#include "sim/decode.h"

#include <string.h>

#include "base/bits.h"
#include "sim/layout.h"

/* Fields the meaning of a TIU command needs: X(name, name in the CV183x layout). */
#define TIU_FIELDS(X)                                                                              \
    X(cmd_en, cmd_en) X(cmd_id_tpu, cmd_id_tpu) X(cmd_id_gdma, cmd_id_gdma)                        \
    X(layer_info, layer_info) X(tsk_opd_num, tsk_opd_num) X(opt_res_shift, opt_right_shift)        \
    X(opt_left_shift, opt_left_shift) X(opt_rshift_typ, opt_rshift_typ) X(opd_typ, opd_typ)        \
    X(opt_chl_quan, opt_chl_quan) X(opt_res0_seg, opt_res0_int8) X(opt_opd0_seg, opt_opd0_int8)    \
    X(opt_opd1_seg, opt_opd1_int8) X(ps32_md, ps32_md) X(double_conv, double_conv)                 \
    X(opt_left_tran, opt_left_tran) X(opt_relu_typ, opt_relu) X(opt_res_add, opt_res_add)          \
    X(conv_opd0_x_ins0, conv_opd0_x_ins0) X(conv_opd0_y_ins0, conv_opd0_y_ins0)                    \
    X(conv_opd0_x_ins0_last, conv_opd0_x_ins0_last)                                                \
    X(conv_opd0_y_ins0_last, conv_opd0_y_ins0_last) X(conv_opd1_x_ins0, conv_opd1_x_ins0)          \
    X(conv_opd1_y_ins0, conv_opd1_y_ins0) X(conv_opd0_up_pad, conv_opd0_up_pad)                    \
    X(conv_opd0_dn_pad, conv_opd0_dn_pad) X(conv_opd0_lf_pad, conv_opd0_lf_pad)                    \
    X(conv_opd0_rt_pad, conv_opd0_rt_pad) X(conv_op_x_str, conv_op_x_str)                          \
    X(conv_op_y_str, conv_op_y_str) X(opt_opd0_const, opt_opd0_const)                              \
    X(opt_opd1_const, opt_opd1_const) X(short_res0_str, short_res0_str)                            \
    X(short_opd0_str, short_opd0_str) X(short_opd1_str, short_opd1_str)                            \
    X(res0_addr, res0_addr) X(opd0_addr, opd0_addr) X(opd1_addr, opd1_addr)                        \
    X(opd2_addr, opd2_addr) X(res0_n, res0_n) X(res0_c, res0_c) X(res0_h, res0_h)                  \
    X(res0_w, res0_w) X(opd0_n, opd0_n) X(opd0_c, opd0_c) X(opd0_h, opd0_h) X(opd0_w, opd0_w)      \
    X(opd1_n, opd1_n) X(opd1_c, opd1_c) X(opd1_h, opd1_h) X(opd1_w, opd1_w)                        \
    X(res0_n_str, res0_n_str) X(res0_c_str, res0_c_str) X(res0_h_str, res0_h_str)                  \
    X(res0_w_str, res0_w_str) X(opd0_n_str, opd0_n_str) X(opd0_c_str, opd0_c_str)                  \
    X(opd0_h_str, opd0_h_str) X(opd0_w_str, opd0_w_str) X(opd1_n_str, opd1_n_str)                  \
    X(opd1_c_str, opd1_c_str) X(opd1_h_str, opd1_h_str) X(opd1_w_str, opd1_w_str)

enum tiu_field {
#define X(f, v1) TIU_##f,
    TIU_FIELDS(X)
#undef X
    TIU_NFIELDS
};

enum { /* positions as constants: V1_first_<field>, V1_width_<field>, ... */
#define F(name, first, width, meaning) V1_first_##name = first, V1_width_##name = width,
#include "npusim/tiu_cv183x.def"
#undef F
#define F(name, first, width, meaning) V2_first_##name = first, V2_width_##name = width,
#include "npusim/tiu_cv182x.def"
#undef F
#define F(name, first, width, meaning) DMA_first_##name = first, DMA_width_##name = width,
#include "npusim/tdma_cv18xx.def"
#undef F
};

typedef struct {
    uint16_t first, width;
} place;

static const place v1_places[TIU_NFIELDS] = {
#define X(f, v1) {V1_first_##v1, V1_width_##v1},
    TIU_FIELDS(X)
#undef X
};
static const place v2_places[TIU_NFIELDS] = {
#define X(f, v1) {V2_first_##f, V2_width_##f},
    TIU_FIELDS(X)
#undef X
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* PLACES is a constant at each call, so every access becomes a load and a shift. */
#define GET(f) bits_get(p, places[TIU_##f].first, places[TIU_##f].width)
#define GET8(f) ((uint8_t)GET(f))
#define GET16(f) ((uint16_t)GET(f))

ALWAYS_INLINE void tiu_operands(const uint8_t *p, const place *places, npu_tiu *t)
{
    uint8_t wide = t->bf16 ? 2 : 1;
    t->res = (npu_opnd){GET(res0_addr), GET(res0_n_str), GET(res0_c_str), GET(res0_h_str),
                        GET(res0_w_str), GET16(res0_n), GET16(res0_c), GET16(res0_h),
                        GET16(res0_w), GET8(short_res0_str),
                        GET(opt_res0_seg) ? wide : 2, false};
    t->a = (npu_opnd){GET(opd0_addr), GET(opd0_n_str), GET(opd0_c_str), GET(opd0_h_str),
                      GET(opd0_w_str), GET16(opd0_n), GET16(opd0_c), GET16(opd0_h),
                      GET16(opd0_w), GET8(short_opd0_str), GET(opt_opd0_seg) ? wide : 2,
                      GET(opt_opd0_const) != 0};
    t->b = (npu_opnd){GET(opd1_addr), GET(opd1_n_str), GET(opd1_c_str), GET(opd1_h_str),
                      GET(opd1_w_str), GET16(opd1_n), GET16(opd1_c), GET16(opd1_h),
                      GET16(opd1_w), GET8(short_opd1_str), GET(opt_opd1_seg) ? wide : 2,
                      GET(opt_opd1_const) != 0};
    t->bias_addr = GET(opd2_addr);
}

ALWAYS_INLINE void tiu_fill(const uint8_t *p, const place *places, npu_cmd *c)
{
    npu_tiu *t = &c->u.tiu;
    c->id = GET16(cmd_id_tpu);
    c->wait = GET16(cmd_id_gdma);
    c->layer = GET(layer_info);
    t->bf16 = GET(opd_typ) != 0;
    t->quant = GET(opt_chl_quan) != 0;
    t->bias = GET(tsk_opd_num) == 3;
    t->accumulate = GET(opt_res_add) != 0;
    t->round = GET(opt_rshift_typ) != 0;
    t->double_conv = GET(double_conv) != 0;
    t->ps32 = GET8(ps32_md);
    t->relu = GET8(opt_relu_typ);
    t->res_shift = GET8(opt_res_shift);
    t->left_shift = GET8(opt_left_shift);
    t->stride_h = GET8(conv_op_y_str);
    t->stride_w = GET8(conv_op_x_str);
    t->dil_h = (uint8_t)(GET(conv_opd1_y_ins0) + 1);
    t->dil_w = (uint8_t)(GET(conv_opd1_x_ins0) + 1);
    t->ins_h = GET8(conv_opd0_y_ins0);
    t->ins_w = GET8(conv_opd0_x_ins0);
    t->ins_h_last = GET8(conv_opd0_y_ins0_last);
    t->ins_w_last = GET8(conv_opd0_x_ins0_last);
    t->pad_t = GET8(conv_opd0_up_pad);
    t->pad_b = GET8(conv_opd0_dn_pad);
    t->pad_l = GET8(conv_opd0_lf_pad);
    t->pad_r = GET8(conv_opd0_rt_pad);
    tiu_operands(p, places, t);
}
#undef GET
#undef GET8
#undef GET16

static npu_status zero_shape(npu_err *err, const char *mnemonic, const char *field)
{
    return npu_fail(err, NPU_BAD_INPUT, "%s: field %s is 0, a shape needs at least 1", mnemonic,
                    field);
}

/* Checks that keep the cost formulas meaningful: no zero extent, kernel or stride. */
static npu_status tiu_check(const npu_cmd *c, npu_err *err)
{
    const npu_tiu *t = &c->u.tiu;
    const char *m = npu_kind_table[c->kind].mnemonic;
    if (t->res.n == 0 || t->res.c == 0 || t->res.h == 0 || t->res.w == 0)
        return zero_shape(err, m, t->res.n == 0   ? "res0_n"
                                  : t->res.c == 0 ? "res0_c"
                                  : t->res.h == 0 ? "res0_h"
                                                  : "res0_w");
    if (c->kind <= NPU_KIND_MINPOOL) {
        if (t->a.c == 0 || t->a.h == 0 || t->a.w == 0)
            return zero_shape(err, m, t->a.c == 0 ? "opd0_c" : t->a.h == 0 ? "opd0_h" : "opd0_w");
        if (t->b.h == 0 || t->b.w == 0)
            return zero_shape(err, m, t->b.h == 0 ? "opd1_h" : "opd1_w");
        if (t->stride_h == 0 || t->stride_w == 0)
            return zero_shape(err, m, t->stride_h == 0 ? "conv_op_y_str" : "conv_op_x_str");
    }
    if (c->kind == NPU_KIND_MATMUL && t->b.n == 0)
        return zero_shape(err, m, "opd1_n");
    return NPU_OK;
}

static npu_status decode_tiu(npu_isa isa, const uint8_t *p, npu_cmd *c, npu_err *err)
{
    unsigned left_tran, pre_exe = 0;
    if (isa == NPU_ISA_CV18XX_V1) {
        tiu_fill(p, v1_places, c);
        left_tran = bits_get(p, V1_first_opt_left_tran, 1);
    } else {
        tiu_fill(p, v2_places, c);
        left_tran = bits_get(p, V2_first_opt_left_tran, 1);
        pre_exe = bits_get(p, V2_first_cmd_pre_exe, V2_width_cmd_pre_exe);
    }
    const char *m = npu_kind_table[c->kind].mnemonic;
    if (!bits_get(p, 0, 1))
        return npu_fail(err, NPU_BAD_INPUT, "%s: field cmd_en is 0, a valid command has 1", m);
    if (left_tran)
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: field opt_left_tran is 1; its timing is not published, 0 is modelled",
                        m);
    if (pre_exe)
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: field cmd_pre_exe is %u; pre-execution is not published, 0 is "
                        "modelled", m, pre_exe);
    return tiu_check(c, err);
}

#define DMA(f) bits_get(p, DMA_first_##f, DMA_width_##f)

static void dma_fill(const uint8_t *p, npu_cmd *c)
{
    npu_tdma *t = &c->u.tdma;
    c->id = (uint16_t)DMA(cmd_id);
    c->wait = (uint16_t)DMA(wait_id_tpu);
    c->layer = DMA(layer_ID);
    t->dir = (uint8_t)DMA(trans_dir);
    t->transpose_md = (uint8_t)DMA(transpose_md);
    t->compress = DMA(compress_en) != 0;
    t->matrix = DMA(sys_dtype) != 0;
    t->hint = DMA(intra_cmd_paral) || DMA(outstanding_en);
    t->src_sel = (uint8_t)DMA(src_base_reg_sel);
    t->dst_sel = (uint8_t)DMA(dst_base_reg_sel);
    t->src_bytes = DMA(src_fmt) == 2 ? 2 : 1;
    t->dst_bytes = DMA(dst_fmt) == 2 ? 2 : 1;
    t->fill = (uint16_t)DMA(const_val);
    t->src = (uint64_t)DMA(src_base_addr_high) << 32 | DMA(src_base_addr_low);
    t->dst = (uint64_t)DMA(dst_base_addr_high) << 32 | DMA(dst_base_addr_low);
    t->n = DMA(src_n);
    t->src_c = DMA(src_c);
    t->src_h = DMA(src_h);
    t->src_w = DMA(src_w);
    t->dst_c = DMA(dst_c);
    t->dst_h = DMA(dst_h);
    t->dst_w = DMA(dst_w);
    t->src_n_str = DMA(src_n_stride);
    t->src_c_str = DMA(src_c_stride_high) << 16 | DMA(src_c_stride_low);
    t->src_h_str = DMA(src_h_stride);
    t->dst_n_str = DMA(dst_n_stride);
    t->dst_c_str = DMA(dst_c_stride_high) << 16 | DMA(dst_c_stride_low);
    t->dst_h_str = DMA(dst_h_stride);
}

static npu_status dma_check(const uint8_t *p, const npu_cmd *c, npu_err *err)
{
    const npu_tdma *t = &c->u.tdma;
    const char *m = npu_kind_table[c->kind].mnemonic;
    if (!DMA(vld))
        return npu_fail(err, NPU_BAD_INPUT, "%s: field vld is 0, a valid command has 1", m);
    if (DMA(wait_id_other_tdma) || DMA(wait_id_sdma))
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: field %s is %u; only waits on the TIU (wait_id_tpu) are modelled", m,
                        DMA(wait_id_other_tdma) ? "wait_id_other_tdma" : "wait_id_sdma",
                        DMA(wait_id_other_tdma) ? DMA(wait_id_other_tdma) : DMA(wait_id_sdma));
    if (DMA(src_fmt) == 3 || DMA(dst_fmt) == 3)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: field %s is 3; 1 (8 bit) and 2 (bf16) are known",
                        m, DMA(src_fmt) == 3 ? "src_fmt" : "dst_fmt");
    if (c->kind == NPU_KIND_LOADGEN || c->kind == NPU_KIND_STOREGEN || c->kind == NPU_KIND_GCOPYGEN)
        return t->src_n_str ? NPU_OK : zero_shape(err, m, "src_n_stride (byte count)");
    if (t->n == 0 || t->dst_c == 0 || t->dst_w == 0)
        return zero_shape(err, m, t->n == 0 ? "src_n" : t->dst_c == 0 ? "dst_c" : "dst_w");
    if (c->kind == NPU_KIND_FILL || c->kind == NPU_KIND_FILLG)
        return t->dst_h ? NPU_OK : zero_shape(err, m, "dst_h");
    if (t->src_w == 0 || (!t->matrix && (t->src_c == 0 || t->src_h == 0 || t->dst_h == 0)))
        return zero_shape(err, m, t->src_w == 0   ? "src_w"
                                  : t->src_c == 0 ? "src_c"
                                  : t->src_h == 0 ? "src_h"
                                                  : "dst_h");
    return NPU_OK;
}
#undef DMA

static npu_status unknown(const sim_layout *l, const uint8_t *p, npu_err *err)
{
    if (l->engine == NPU_ENGINE_TIU) {
        const sim_field *typ = sim_field_find(l, "tsk_typ"), *eu = sim_field_find(l, "tsk_eu_typ");
        unsigned t = bits_get(p, typ->first, typ->width), e = bits_get(p, eu->first, eu->width);
        if (t > 3)
            return npu_fail(err, NPU_UNSUPPORTED,
                            "unknown TIU instruction: field tsk_typ is %u, 0 to 3 are known", t);
        return npu_fail(err, NPU_UNSUPPORTED,
                        "unknown TIU instruction: field tsk_eu_typ is %u with tsk_typ %u", e, t);
    }
    return npu_fail(err, NPU_UNSUPPORTED,
                    "unknown TDMA instruction: field spec_func is %u with trans_dir %u, sys_dtype "
                    "%u, transpose_md %u",
                    bits_get(p, 32, 3), bits_get(p, 6, 2), bits_get(p, 40, 1), bits_get(p, 11, 2));
}

npu_status sim_decode(npu_isa isa, npu_engine engine, const uint8_t *payload, size_t n,
                      npu_cmd *out, npu_err *err)
{
    const sim_layout *l = sim_layout_of(isa, engine);
    if (!l)
        return npu_fail(err, NPU_UNSUPPORTED, "engine %u has no descriptor layout; 0 (TIU) and 2 "
                        "(TDMA) are known", (unsigned)engine);
    if (n != l->bytes)
        return npu_fail(err, NPU_BAD_INPUT, "%s descriptor of %zu bytes, %u are needed",
                        engine == NPU_ENGINE_TIU ? "TIU" : "TDMA", n, l->bytes);
    const sim_encoding *e = sim_identify(l, payload);
    if (!e && isa == NPU_ISA_BPU_1)
        return npu_fail(err, NPU_UNSUPPORTED, "unknown %s instruction: field op is %u", l->name,
                        bits_get(payload, 1, 5));
    if (!e)
        return unknown(l, payload, err);
    out->engine = (uint8_t)engine;
    out->kind = (uint8_t)e->kind;
    if (isa == NPU_ISA_BPU_1)
        return sim_decode_bpu(payload, out, err);
    if (engine == NPU_ENGINE_TIU)
        return decode_tiu(isa, payload, out, err);
    out->u.tdma.blob_bytes = 0;
    dma_fill(payload, out);
    return dma_check(payload, out, err);
}
