/* Commands to descriptor bits.  The field tables of include/npusim say where each field lies; this
 * is sim/decode.c backwards, with the values vendor files hold in fields a command does not use. */
#include <string.h>

#include "base/bits.h"
#include "compiler/cvi_ir.h"
#include "sim/layout.h"

enum { /* positions as constants: TIU_first_<field>, TIU_width_<field>, ... */
#define F(name, first, width, meaning) TIU_first_##name = first, TIU_width_##name = width,
#include "npusim/tiu_cv182x.def"
#undef F
#define F(name, first, width, meaning) DMA_first_##name = first, DMA_width_##name = width,
#include "npusim/tdma_cv18xx.def"
#undef F
};

#define STRIDE_UNUSED 16 /* what the vendor's compiler leaves in strides nobody reads */

#define TIU(f, v) bits_put(p, TIU_first_##f, TIU_width_##f, (uint32_t)(v))
#define DMA(f, v) bits_put(p, DMA_first_##f, DMA_width_##f, (uint32_t)(v))

#define SHAPE(opd, n, c, h, w) TIU(opd##_n, n), TIU(opd##_c, c), TIU(opd##_h, h), TIU(opd##_w, w)
#define STRIDES(opd, o, plane)                                                                     \
    TIU(opd##_n_str, (o).mode == 3 ? (o).n_str : STRIDE_UNUSED),                                   \
    TIU(opd##_c_str, (o).mode == 3 ? (o).c_str : STRIDE_UNUSED),                                   \
    TIU(opd##_h_str, (o).mode == 3 ? (o).h_str : 0),                                               \
    TIU(opd##_w_str, (o).mode == 3 ? (o).w_str : 1), TIU(opd##_b_str, plane)

static void head(const cvi_cmd *c, uint8_t *p)
{
    const cvi_kind_info *k = &cvi_kind_table[c->kind];
    const npu_tiu *t = &c->c.u.tiu;
    TIU(cmd_id_tpu, c->c.id);
    TIU(cmd_id_gdma, c->c.wait);
    TIU(layer_info, c->c.layer);
    TIU(tsk_opd_num, t->quant && k->operands == 3 && !t->bias ? 2 : k->operands);
    TIU(opt_shift_typ, k->arithmetic);
    TIU(opt_rshift_typ, k->round);
    TIU(opt_res0_sign, k->signs & 1);
    TIU(opt_opd0_sign, k->signs >> 1 & 1);
    TIU(opt_opd1_sign, k->signs >> 2 & 1);
    TIU(opt_opd2_sign, k->signs >> 3 & 1);
    TIU(opt_opd2_seg, k->third_seg);
    TIU(opt_res0_seg, t->res.bytes == 1);
    TIU(opt_opd0_seg, t->a.bytes == 1);
    TIU(opt_opd1_seg, t->b.bytes == 1);
    TIU(opt_res_shift, t->res_shift);
    TIU(opt_chl_quan, t->quant);
    TIU(quan_m, c->quan_m);
    TIU(double_conv, t->double_conv);
    TIU(opt_relu_typ, t->relu);
    TIU(opt_res_add, t->accumulate);
}

static void window(const cvi_cmd *c, uint8_t *p)
{
    const npu_tiu *t = &c->c.u.tiu;
    TIU(conv_opd0_x_ins0, t->ins_w);
    TIU(conv_opd0_y_ins0, t->ins_h);
    TIU(conv_opd1_x_ins0, t->dil_w - 1);
    TIU(conv_opd1_y_ins0, t->dil_h - 1);
    TIU(opd0_ins_val, c->ins_val);
    TIU(conv_opd0_up_pad, t->pad_t);
    TIU(conv_opd0_dn_pad, t->pad_b);
    TIU(conv_opd0_lf_pad, t->pad_l);
    TIU(conv_opd0_rt_pad, t->pad_r);
    TIU(conv_op_x_str, t->stride_w);
    TIU(conv_op_y_str, t->stride_h);
}

/* The third operand: records of one column per channel, or nothing. */
static void third(const cvi_cmd *c, uint8_t *p)
{
    const npu_tiu *t = &c->c.u.tiu;
    npu_opnd unused = {.mode = 0};
    bool record = t->quant && cvi_kind_table[c->kind].third_seg;
    bool like = t->res.mode == 3 && t->b.mode == 3;
    TIU(opd2_addr, record ? t->bias_addr : 0);
    TIU(short_opd2_str, record ? 2 : like ? 3 : 0);
    if (record)
        SHAPE(opd2, 1, t->res.c, 1, 1);
    else if (like)
        SHAPE(opd2, 1, t->res.c, t->res.h, t->res.w);
    else
        SHAPE(opd2, 1, 1, 1, 16);
    STRIDES(opd2, unused, STRIDE_UNUSED);
}

static void tiu(const cvi_cmd *c, uint8_t *p)
{
    const npu_tiu *t = &c->c.u.tiu;
    npu_opnd b = t->b;
    head(c, p);
    window(c, p);
    TIU(res0_addr, t->res.addr);
    TIU(opd0_addr, t->a.addr);
    TIU(opd1_addr, t->b.addr);
    TIU(opt_opd1_const, t->b.constant);
    TIU(short_res0_str, t->res.mode);
    TIU(short_opd0_str, t->a.mode);
    TIU(short_opd1_str, t->b.mode);
    SHAPE(res0, t->res.n, t->res.c, t->res.h, t->res.w);
    SHAPE(opd0, t->a.n, t->a.c, t->a.h, t->a.w);
    SHAPE(opd1, t->b.n, t->b.c, t->b.h, t->b.w);
    STRIDES(res0, t->res, c->plane ? c->plane : STRIDE_UNUSED);
    STRIDES(opd0, t->a, STRIDE_UNUSED);
    if (b.constant)
        b.mode = 0;
    STRIDES(opd1, b, STRIDE_UNUSED);
    third(c, p);
}

static void tdma(const cvi_cmd *c, uint8_t *p)
{
    const npu_tdma *t = &c->c.u.tdma;
    DMA(cmd_id, c->c.id);
    DMA(wait_id_tpu, c->c.wait);
    DMA(layer_ID, c->c.layer);
    DMA(dst_fmt, 1);
    DMA(src_fmt, 1);
    DMA(int8_sign, 1);
    DMA(src_base_reg_sel, t->src_sel);
    DMA(dst_base_reg_sel, t->dst_sel);
    DMA(src_n, t->n);
    DMA(src_c, t->src_c);
    DMA(src_h, t->src_h);
    DMA(src_w, t->src_w);
    DMA(dst_c, t->dst_c);
    DMA(dst_h, t->dst_h);
    DMA(dst_w, t->dst_w);
    DMA(src_n_stride, t->src_n_str);
    DMA(src_c_stride_low, t->src_c_str & 0xffff);
    DMA(src_c_stride_high, t->src_c_str >> 16);
    DMA(src_h_stride, t->src_h_str);
    DMA(dst_n_stride, t->dst_n_str);
    DMA(dst_c_stride_low, t->dst_c_str & 0xffff);
    DMA(dst_c_stride_high, t->dst_c_str >> 16);
    DMA(dst_h_stride, t->dst_h_str);
    DMA(src_base_addr_low, t->src & 0xffffffff);
    DMA(src_base_addr_high, t->src >> 32);
    DMA(dst_base_addr_low, t->dst & 0xffffffff);
    DMA(dst_base_addr_high, t->dst >> 32);
}

/* Register width of the shapes: a value beyond it would be cut silently. */
static bool shape_fits(npu_opnd o)
{
    return o.n <= CVI_FIELD_MAX && o.c <= CVI_FIELD_MAX && o.h <= CVI_FIELD_MAX &&
           o.w <= CVI_FIELD_MAX && o.n_str <= UINT16_MAX && o.c_str <= UINT16_MAX &&
           o.h_str <= UINT16_MAX;
}

static npu_status check(const cvi_cmd *c, npu_err *err)
{
    const npu_tdma *t = &c->c.u.tdma;
    bool fits;
    if (c->c.engine == NPU_ENGINE_TIU)
        fits = shape_fits(c->c.u.tiu.res) && shape_fits(c->c.u.tiu.a) && shape_fits(c->c.u.tiu.b);
    else
        fits = t->src_c <= UINT16_MAX && t->src_h <= UINT16_MAX && t->src_w <= UINT16_MAX &&
               t->src_h_str <= UINT16_MAX && t->dst_h_str <= UINT16_MAX &&
               (t->src >> 40) == 0 && (t->dst >> 40) == 0;
    if (fits)
        return NPU_OK;
    return npu_fail(err, NPU_LIMIT, "%s of layer %u: a shape or stride is wider than its register "
                    "field (shapes to %d, strides to 65535)", npu_kind_table[c->c.kind].mnemonic,
                    c->c.layer, (int)CVI_FIELD_MAX);
}

npu_status cvi_encode(npu_isa isa, const cvi_cmd *c, uint8_t *payload, size_t *n, npu_err *err)
{
    const sim_layout *l = sim_layout_of(isa, (npu_engine)c->c.engine);
    NPU_TRY(check(c, err));
    *n = l->bytes;
    memset(payload, 0, l->bytes);
    for (const char *const *s = l->preset; *s; s += 2) {
        const sim_field *f = sim_field_find(l, s[0]);
        bits_put(payload, f->first, f->width, (uint32_t)(s[1][0] - '0'));
    }
    for (unsigned i = 0; i < l->nencoding; i++)
        if (l->encoding[i].kind == (npu_kind)c->c.kind) {
            uint64_t match = l->encoding[i].match;
            for (unsigned b = 0; b < 64; b++)
                if (match >> b & 1)
                    bits_put(payload, l->window + b, 1, 1);
            break;
        }
    if (c->c.engine == NPU_ENGINE_TIU)
        tiu(c, payload);
    else
        tdma(c, payload);
    return NPU_OK;
}
