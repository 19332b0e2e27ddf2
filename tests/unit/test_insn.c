/* Instruction and field tables, and what decoding makes of a descriptor.
 *
 * Positions in the literal tests are those of the register description (bit numbers of the whole
 * descriptor), written down a second time: a slip in a .def file shows. */
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "sim/decode.h"
#include "sim/layout.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { V1, V2, DMA, BM, BD, LAYOUTS };

static const sim_layout *layout(int i)
{
    npu_isa isa = i == V1 ? NPU_ISA_CV18XX_V1 : i <= DMA ? NPU_ISA_CV18XX_V2 : NPU_ISA_BPU_1;
    return sim_layout_of(isa, i == DMA || i == BD ? NPU_ENGINE_TDMA : NPU_ENGINE_TIU);
}

static void put(uint8_t *p, const sim_layout *l, const char *name, uint32_t value)
{
    const sim_field *f = sim_field_find(l, name);
    ck_assert_msg(f != NULL, "%s has no field %s", l->name, name);
    bits_put(p, f->first, f->width, value);
}

/* --- tables ----------------------------------------------------------------------------------- */

START_TEST(every_bit_belongs_to_exactly_one_field)
{
    static const unsigned bits[LAYOUTS] = {896, 896, 512, 640, 512};
    const sim_layout *l = layout(_i);
    const char *owner[896] = {0};
    ck_assert_uint_eq(l->bytes * 8, bits[_i]);
    for (unsigned i = 0; i < l->nfield; i++)
        for (unsigned b = l->field[i].first; b < l->field[i].first + l->field[i].width; b++) {
            ck_assert_msg(b < bits[_i], "%s: %s ends past the descriptor", l->name,
                          l->field[i].name);
            ck_assert_msg(!owner[b], "%s: bit %u is in %s and %s", l->name, b, owner[b],
                          l->field[i].name);
            owner[b] = l->field[i].name;
        }
    for (unsigned b = 0; b < bits[_i]; b++)
        ck_assert_msg(owner[b] != NULL, "%s: no field holds bit %u", l->name, b);
}
END_TEST

START_TEST(fields_have_names_of_their_own_and_fit_32_bits)
{
    const sim_layout *l = layout(_i);
    for (unsigned i = 0; i < l->nfield; i++) {
        ck_assert(l->field[i].width >= 1 && l->field[i].width <= 32);
        ck_assert_ptr_eq(sim_field_find(l, l->field[i].name), &l->field[i]);
    }
    ck_assert_ptr_null(sim_field_find(l, "no_such_field"));
    ck_assert_ptr_nonnull(sim_field_find(l, l->id));
    ck_assert_ptr_nonnull(sim_field_find(l, l->wait));
    ck_assert_ptr_nonnull(sim_field_find(l, l->layer));
    for (const char *const *p = l->preset; *p; p += 2)
        ck_assert_ptr_nonnull(sim_field_find(l, p[0]));
}
END_TEST

START_TEST(no_two_encodings_match_one_command)
{
    const sim_layout *l = layout(_i);
    for (unsigned i = 0; i < l->nencoding; i++) {
        const sim_encoding *a = &l->encoding[i];
        ck_assert_msg((a->match & ~a->mask) == 0, "%s: %s matches bits outside its mask", l->name,
                      npu_kind_table[a->kind].mnemonic);
        ck_assert_msg(npu_kind_table[a->kind].engine == l->engine, "%s: %s", l->name,
                      npu_kind_table[a->kind].mnemonic);
        for (unsigned k = 0; k < i; k++) {
            const sim_encoding *b = &l->encoding[k];
            ck_assert_msg(((a->match ^ b->match) & a->mask & b->mask) != 0, "%s: %s overlaps %s",
                          l->name, npu_kind_table[a->kind].mnemonic,
                          npu_kind_table[b->kind].mnemonic);
        }
    }
}
END_TEST

static bool encoded(int i, npu_kind kind)
{
    const sim_layout *l = layout(i);
    for (unsigned k = 0; k < l->nencoding; k++)
        if (l->encoding[k].kind == kind)
            return true;
    return false;
}

START_TEST(every_kind_but_the_cpu_has_an_encoding)
{
    for (int k = 0; k < NPU_KINDS; k++) {
        const char *name = npu_kind_table[k].mnemonic;
        bool any = false;
        for (int i = 0; i < LAYOUTS; i++)
            any |= encoded(i, (npu_kind)k);
        ck_assert_msg(any == (k != NPU_KIND_CPU), "%s", name);
        /* one chip family each: ge came later, md_sum went */
        bool bpu = encoded(BM, (npu_kind)k) || encoded(BD, (npu_kind)k);
        ck_assert_msg(bpu == (strncmp(name, "bpu.", 4) == 0), "%s", name);
        if (npu_kind_table[k].engine == NPU_ENGINE_TIU && !bpu) {
            ck_assert_msg(encoded(V1, (npu_kind)k) == (k != NPU_KIND_GE), "%s", name);
            ck_assert_msg(encoded(V2, (npu_kind)k) == (k != NPU_KIND_MDSUM), "%s", name);
        }
        for (int other = 0; other < k; other++)
            ck_assert_str_ne(name, npu_kind_table[other].mnemonic);
        ck_assert_uint_eq(strcspn(name, " =#\t"), strlen(name));
    }
}
END_TEST

/* --- decoding: which command ------------------------------------------------------------------ */

static const struct {
    npu_kind kind;
    unsigned typ, eu; /* tsk_typ, tsk_eu_typ of the register description, CV182x */
} tiu_kinds[] = {
    {NPU_KIND_CONV, 0, 0}, {NPU_KIND_MAXPOOL, 1, 0}, {NPU_KIND_AVGPOOL, 1, 1},
    {NPU_KIND_DWCONV, 1, 2}, {NPU_KIND_MINPOOL, 1, 3}, {NPU_KIND_MATMUL, 2, 0},
    {NPU_KIND_MUL, 3, 0}, {NPU_KIND_MAC, 3, 1}, {NPU_KIND_ADD, 3, 2}, {NPU_KIND_SUB, 3, 3},
    {NPU_KIND_MAX, 3, 4}, {NPU_KIND_MIN, 3, 5}, {NPU_KIND_SHIFT, 3, 6}, {NPU_KIND_AND, 3, 7},
    {NPU_KIND_OR, 3, 8}, {NPU_KIND_XOR, 3, 9}, {NPU_KIND_COPY, 3, 10}, {NPU_KIND_GE, 3, 11},
    {NPU_KIND_LUT, 3, 12}, {NPU_KIND_MDSUM, 3, 0},
};

/* A command of the kind with every extent 1. */
static void tiu_command(int i, size_t row, uint8_t *p)
{
    static const char *const ones[] = {
        "cmd_en", "res0_n", "res0_c", "res0_h", "res0_w", "opd0_n", "opd0_c", "opd0_h", "opd0_w",
        "opd1_n", "opd1_c", "opd1_h", "opd1_w", "conv_op_x_str", "conv_op_y_str"};
    const sim_layout *l = layout(i);
    memset(p, 0, SIM_TIU_BYTES);
    for (size_t k = 0; k < COUNT(ones); k++)
        put(p, l, ones[k], 1);
    put(p, l, "tsk_typ", tiu_kinds[row].typ);
    if (i == V2)
        put(p, l, "tsk_eu_typ", tiu_kinds[row].eu);
    else if (tiu_kinds[row].kind == NPU_KIND_LUT)
        put(p, l, "tens_lookup", 1); /* a flag of its own there */
    else if (tiu_kinds[row].kind == NPU_KIND_MDSUM)
        put(p, l, "tens_mdsum", 1);
    else
        put(p, l, "tsk_eu_typ", tiu_kinds[row].eu);
}

static npu_isa isa_of(int i)
{
    return i == V1 ? NPU_ISA_CV18XX_V1 : NPU_ISA_CV18XX_V2;
}

START_TEST(every_tiu_kind_is_decoded)
{
    uint8_t p[SIM_TIU_BYTES];
    for (size_t row = 0; row < COUNT(tiu_kinds); row++) {
        npu_cmd c = {0};
        npu_err err = {0};
        tiu_command(_i, row, p);
        if (!encoded(_i, tiu_kinds[row].kind))
            continue;
        ck_assert_msg(sim_decode(isa_of(_i), NPU_ENGINE_TIU, p, sizeof p, &c, &err) == NPU_OK, "%s",
                      err.text);
        ck_assert_int_eq(c.kind, tiu_kinds[row].kind);
        ck_assert_int_eq(c.engine, NPU_ENGINE_TIU);
    }
}
END_TEST

static const struct {
    npu_kind kind;
    unsigned dir, fmt, md, spec, matrix;
} dma_kinds[] = {
    {NPU_KIND_LOAD, 0, 0, 0, 0, 0}, {NPU_KIND_STORE, 1, 0, 0, 0, 0},
    {NPU_KIND_GCOPY, 2, 0, 0, 0, 0}, {NPU_KIND_MOVE, 3, 0, 0, 0, 0},
    {NPU_KIND_LOADMAT, 0, 0, 0, 0, 1}, {NPU_KIND_STOREMAT, 1, 0, 0, 0, 1},
    {NPU_KIND_LOADGEN, 0, 1, 0, 0, 0}, {NPU_KIND_STOREGEN, 1, 1, 0, 0, 0},
    {NPU_KIND_GCOPYGEN, 2, 1, 0, 0, 0}, {NPU_KIND_FILL, 0, 0, 0, 4, 0},
    {NPU_KIND_FILLG, 1, 0, 0, 4, 0}, {NPU_KIND_LOADNCT, 0, 0, 0, 1, 0},
    {NPU_KIND_STORENCT, 1, 0, 0, 1, 0}, {NPU_KIND_GCOPYNCT, 2, 0, 0, 1, 0},
    {NPU_KIND_MOVENCT, 3, 0, 0, 1, 0}, {NPU_KIND_LOADMATT, 0, 0, 0, 1, 1},
    {NPU_KIND_LOADHWC, 0, 0, 1, 1, 0}, {NPU_KIND_LOADHWC, 0, 0, 2, 1, 0},
    {NPU_KIND_LOADCWT, 0, 0, 3, 1, 0}, {NPU_KIND_STORECWT, 1, 0, 3, 1, 0},
    /* transpose_md without spec_func 1 means nothing */
    {NPU_KIND_LOAD, 0, 0, 2, 0, 0},
};

static void dma_command(size_t row, uint8_t *p)
{
    static const char *const ones[] = {"vld", "src_n", "src_c", "src_h", "src_w", "dst_c", "dst_h",
                                       "dst_w", "src_n_stride", "src_fmt", "dst_fmt"};
    const sim_layout *l = layout(DMA);
    memset(p, 0, SIM_TDMA_BYTES);
    for (size_t k = 0; k < COUNT(ones); k++)
        put(p, l, ones[k], 1);
    put(p, l, "trans_dir", dma_kinds[row].dir);
    put(p, l, "trans_fmt", dma_kinds[row].fmt);
    put(p, l, "transpose_md", dma_kinds[row].md);
    put(p, l, "spec_func", dma_kinds[row].spec);
    put(p, l, "sys_dtype", dma_kinds[row].matrix);
}

START_TEST(every_tdma_kind_is_decoded_the_same_on_every_chip)
{
    uint8_t p[SIM_TDMA_BYTES];
    for (size_t row = 0; row < COUNT(dma_kinds); row++)
        for (int isa = 0; isa <= NPU_ISA_CV18XX_V2; isa++) {
            npu_cmd c = {0};
            npu_err err = {0};
            dma_command(row, p);
            ck_assert_msg(sim_decode((npu_isa)isa, NPU_ENGINE_TDMA, p, sizeof p, &c, &err) ==
                          NPU_OK, "%s", err.text);
            ck_assert_int_eq(c.kind, dma_kinds[row].kind);
            ck_assert_int_eq(c.engine, NPU_ENGINE_TDMA);
            ck_assert_uint_eq(c.u.tdma.dir, dma_kinds[row].dir);
            ck_assert_uint_eq(c.u.tdma.matrix, dma_kinds[row].matrix);
        }
}
END_TEST

/* --- decoding: what it says ------------------------------------------------------------------- */

typedef struct { /* one register field, at literal positions, and where its value must arrive */
    uint16_t v1_first, v1_width, v2_first, v2_width;
    uint32_t value, want;
    size_t at, size;
} arrival;

#define MEMBER(m) offsetof(npu_cmd, m), sizeof(((npu_cmd *)0)->m)

static const arrival tiu_arrivals[] = {
    {3, 16, 32, 16, 0x1234, 0x1234, MEMBER(id)},
    {19, 16, 48, 16, 0x2345, 0x2345, MEMBER(wait)},
    {864, 28, 512, 16, 0x4567, 0x4567, MEMBER(layer)},
    {49, 2, 14, 2, 3, true, MEMBER(u.tiu.bias)},
    {51, 5, 16, 6, 21, 21, MEMBER(u.tiu.res_shift)},
    {56, 5, 22, 5, 11, 11, MEMBER(u.tiu.left_shift)},
    {62, 1, 28, 1, 1, true, MEMBER(u.tiu.round)},
    {63, 1, 123, 1, 1, true, MEMBER(u.tiu.accumulate)},
    {64, 1, 112, 2, 1, 1, MEMBER(u.tiu.relu)},
    {66, 1, 31, 1, 1, true, MEMBER(u.tiu.quant)},
    {77, 1, 336, 1, 1, true, MEMBER(u.tiu.a.constant)},
    {78, 1, 337, 1, 1, true, MEMBER(u.tiu.b.constant)},
    {81, 2, 340, 2, 3, 3, MEMBER(u.tiu.res.mode)},
    {83, 2, 342, 2, 2, 2, MEMBER(u.tiu.a.mode)},
    {85, 2, 344, 2, 1, 1, MEMBER(u.tiu.b.mode)},
    {89, 4, 128, 4, 1, 1, MEMBER(u.tiu.ins_w)},
    {93, 4, 132, 4, 2, 2, MEMBER(u.tiu.ins_h)},
    {97, 4, 136, 4, 3, 3, MEMBER(u.tiu.ins_w_last)},
    {101, 4, 140, 4, 4, 4, MEMBER(u.tiu.ins_h_last)},
    {105, 4, 144, 4, 5, 6, MEMBER(u.tiu.dil_w)}, /* the register holds dilation - 1 */
    {109, 4, 148, 4, 6, 7, MEMBER(u.tiu.dil_h)},
    {121, 2, 107, 2, 3, 3, MEMBER(u.tiu.ps32)},
    {123, 1, 109, 1, 1, true, MEMBER(u.tiu.double_conv)},
    {128, 12, 192, 12, 0x111, 0x111, MEMBER(u.tiu.res.n)},
    {140, 12, 204, 12, 0x222, 0x222, MEMBER(u.tiu.res.c)},
    {152, 12, 216, 12, 0x333, 0x333, MEMBER(u.tiu.res.h)},
    {164, 12, 228, 12, 0x444, 0x444, MEMBER(u.tiu.res.w)},
    {176, 24, 256, 24, 0x654321, 0x654321, MEMBER(u.tiu.res.addr)},
    {200, 24, 280, 24, 0x765432, 0x765432, MEMBER(u.tiu.a.addr)},
    {224, 16, 304, 16, 0x8765, 0x8765, MEMBER(u.tiu.b.addr)},
    {256, 16, 320, 16, 0x9876, 0x9876, MEMBER(u.tiu.bias_addr)},
    {272, 12, 364, 12, 0x555, 0x555, MEMBER(u.tiu.a.c)},
    {284, 12, 384, 12, 0x666, 0x666, MEMBER(u.tiu.a.h)},
    {296, 12, 396, 12, 0x777, 0x777, MEMBER(u.tiu.a.w)},
    {308, 12, 432, 12, 0x888, 0x888, MEMBER(u.tiu.b.h)},
    {320, 12, 444, 12, 0x999, 0x999, MEMBER(u.tiu.b.w)},
    {332, 4, 176, 4, 1, 1, MEMBER(u.tiu.pad_t)},
    {336, 4, 180, 4, 2, 2, MEMBER(u.tiu.pad_b)},
    {340, 4, 184, 4, 3, 3, MEMBER(u.tiu.pad_l)},
    {344, 4, 188, 4, 4, 4, MEMBER(u.tiu.pad_r)},
    {348, 4, 240, 5, 13, 13, MEMBER(u.tiu.stride_w)},
    {352, 4, 245, 5, 14, 14, MEMBER(u.tiu.stride_h)},
    {384, 12, 352, 12, 0xaaa, 0xaaa, MEMBER(u.tiu.a.n)},
    {396, 12, 408, 12, 0xbbb, 0xbbb, MEMBER(u.tiu.b.n)},
    {408, 12, 420, 12, 0xccc, 0xccc, MEMBER(u.tiu.b.c)},
    {500, 1, 30, 1, 1, true, MEMBER(u.tiu.bf16)},
    {512, 16, 528, 16, 0xa001, 0xa001, MEMBER(u.tiu.res.n_str)},
    {528, 16, 544, 16, 0xa002, 0xa002, MEMBER(u.tiu.res.c_str)},
    {544, 16, 560, 16, 0xa003, 0xa003, MEMBER(u.tiu.res.h_str)},
    {560, 16, 576, 16, 0xa004, 0xa004, MEMBER(u.tiu.res.w_str)},
    {592, 16, 608, 16, 0xb001, 0xb001, MEMBER(u.tiu.a.n_str)},
    {608, 16, 640, 16, 0xb002, 0xb002, MEMBER(u.tiu.a.c_str)},
    {640, 16, 656, 16, 0xb003, 0xb003, MEMBER(u.tiu.a.h_str)},
    {656, 16, 672, 16, 0xb004, 0xb004, MEMBER(u.tiu.a.w_str)},
    {688, 16, 704, 16, 0xc001, 0xc001, MEMBER(u.tiu.b.n_str)},
    {704, 16, 720, 16, 0xc002, 0xc002, MEMBER(u.tiu.b.c_str)},
    {720, 16, 736, 16, 0xc003, 0xc003, MEMBER(u.tiu.b.h_str)},
    {736, 16, 768, 16, 0xc004, 0xc004, MEMBER(u.tiu.b.w_str)},
};

#define SAME(first, width) first, width, first, width
static const arrival dma_arrivals[] = {
    {SAME(1, 1), 1, true, MEMBER(u.tdma.compress)},
    {SAME(11, 2), 2, 2, MEMBER(u.tdma.transpose_md)},
    {SAME(15, 1), 1, true, MEMBER(u.tdma.hint)},
    {SAME(16, 16), 0x1234, 0x1234, MEMBER(id)},
    {SAME(35, 2), 2, 2, MEMBER(u.tdma.dst_bytes)},
    {SAME(37, 2), 1, 1, MEMBER(u.tdma.src_bytes)},
    {SAME(48, 16), 0x2345, 0x2345, MEMBER(wait)},
    {SAME(96, 16), 0xbeef, 0xbeef, MEMBER(u.tdma.fill)},
    {SAME(112, 3), 5, 5, MEMBER(u.tdma.src_sel)},
    {SAME(116, 3), 6, 6, MEMBER(u.tdma.dst_sel)},
    {SAME(128, 16), 0x0101, 0x0101, MEMBER(u.tdma.dst_h_str)},
    {SAME(160, 32), 0x80000001, 0x80000001, MEMBER(u.tdma.dst_n_str)},
    {SAME(192, 16), 0x0303, 0x0303, MEMBER(u.tdma.src_h_str)},
    {SAME(224, 32), 0x90000001, 0x90000001, MEMBER(u.tdma.src_n_str)},
    {SAME(256, 16), 0x1001, 0x1001, MEMBER(u.tdma.dst_c)},
    {SAME(272, 16), 0x1002, 0x1002, MEMBER(u.tdma.src_c)},
    {SAME(288, 16), 0x1003, 0x1003, MEMBER(u.tdma.dst_w)},
    {SAME(304, 16), 0x1004, 0x1004, MEMBER(u.tdma.dst_h)},
    {SAME(320, 16), 0x1005, 0x1005, MEMBER(u.tdma.src_w)},
    {SAME(336, 16), 0x1006, 0x1006, MEMBER(u.tdma.src_h)},
    {SAME(416, 16), 0x1007, 0x1007, MEMBER(u.tdma.n)},
    {SAME(496, 16), 0x7654, 0x7654, MEMBER(layer)},
};

static uint64_t member(const npu_cmd *c, const arrival *a)
{
    const unsigned char *p = (const unsigned char *)c + a->at;
    uint16_t h;
    uint32_t w;
    uint64_t d;
    switch (a->size) {
    case 1:
        return *p;
    case 2:
        memcpy(&h, p, sizeof h);
        return h;
    case 4:
        memcpy(&w, p, sizeof w);
        return w;
    default:
        memcpy(&d, p, sizeof d);
        return d;
    }
}

static void put_arrival(int i, const arrival *a, uint8_t *p)
{
    bits_put(p, i == V1 ? a->v1_first : a->v2_first, i == V1 ? a->v1_width : a->v2_width, a->value);
}

START_TEST(every_tiu_field_arrives_where_it_belongs)
{
    uint8_t p[SIM_TIU_BYTES] = {1};
    npu_cmd c = {0};
    npu_err err = {0};
    for (size_t k = 0; k < COUNT(tiu_arrivals); k++)
        put_arrival(_i, &tiu_arrivals[k], p);
    ck_assert_msg(sim_decode(isa_of(_i), NPU_ENGINE_TIU, p, sizeof p, &c, &err) == NPU_OK, "%s",
                  err.text);
    ck_assert_int_eq(c.kind, NPU_KIND_CONV);
    for (size_t k = 0; k < COUNT(tiu_arrivals); k++)
        ck_assert_msg(member(&c, &tiu_arrivals[k]) == tiu_arrivals[k].want,
                      "field at bit %u: %llu instead of %u",
                      _i == V1 ? tiu_arrivals[k].v1_first : tiu_arrivals[k].v2_first,
                      (unsigned long long)member(&c, &tiu_arrivals[k]), tiu_arrivals[k].want);
    /* result, operands: no *_seg / *_int8 flag, so two bytes each */
    ck_assert(c.u.tiu.res.bytes == 2 && c.u.tiu.a.bytes == 2 && c.u.tiu.b.bytes == 2);
}
END_TEST

/* Each field alone moves its own member and no other. */
START_TEST(no_tiu_field_spills_into_another)
{
    uint8_t base[SIM_TIU_BYTES], p[SIM_TIU_BYTES];
    npu_cmd before = {0};
    tiu_command(_i, 0, base);
    ck_assert_int_eq(sim_decode(isa_of(_i), NPU_ENGINE_TIU, base, sizeof base, &before, NULL),
                     NPU_OK);
    for (size_t k = 0; k < COUNT(tiu_arrivals); k++) {
        npu_cmd c = {0};
        memcpy(p, base, sizeof p);
        put_arrival(_i, &tiu_arrivals[k], p);
        ck_assert_int_eq(sim_decode(isa_of(_i), NPU_ENGINE_TIU, p, sizeof p, &c, NULL), NPU_OK);
        for (size_t m = 0; m < COUNT(tiu_arrivals); m++) {
            uint64_t want = m == k ? tiu_arrivals[m].want : member(&before, &tiu_arrivals[m]);
            ck_assert_msg(member(&c, &tiu_arrivals[m]) == want, "field %zu changes member %zu", k,
                          m);
        }
    }
}
END_TEST

START_TEST(element_sizes_follow_the_segment_flags_and_the_type)
{
    static const char *const v1[] = {"opt_res0_int8", "opt_opd0_int8", "opt_opd1_int8"};
    static const char *const v2[] = {"opt_res0_seg", "opt_opd0_seg", "opt_opd1_seg"};
    uint8_t p[SIM_TIU_BYTES];
    npu_cmd c = {0};
    for (unsigned flags = 0; flags < 16; flags++) { /* bits 0-2: flag set; bit 3: bf16 */
        bool bf16 = flags & 8;
        tiu_command(_i, 0, p);
        put(p, layout(_i), "opd_typ", bf16);
        for (unsigned k = 0; k < 3; k++)
            put(p, layout(_i), (_i == V1 ? v1 : v2)[k], flags >> k & 1);
        ck_assert_int_eq(sim_decode(isa_of(_i), NPU_ENGINE_TIU, p, sizeof p, &c, NULL), NPU_OK);
        const npu_opnd *o[] = {&c.u.tiu.res, &c.u.tiu.a, &c.u.tiu.b};
        for (unsigned k = 0; k < 3; k++)
            ck_assert_uint_eq(o[k]->bytes, bf16 || !(flags >> k & 1) ? 2 : 1);
    }
}
END_TEST

START_TEST(every_tdma_field_arrives_where_it_belongs)
{
    uint8_t p[SIM_TDMA_BYTES] = {1};
    npu_cmd c = {0};
    npu_err err = {0};
    for (size_t k = 0; k < COUNT(dma_arrivals); k++)
        put_arrival(V2, &dma_arrivals[k], p);
    /* addresses have 40 bits and channel strides 32, in two parts each */
    bits_put(p, 352, 32, 0x89abcdef);
    bits_put(p, 432, 8, 0x12);
    bits_put(p, 384, 32, 0x76543210);
    bits_put(p, 440, 8, 0x34);
    bits_put(p, 144, 16, 0x4444);
    bits_put(p, 464, 16, 0x5555);
    bits_put(p, 208, 16, 0x6666);
    bits_put(p, 448, 16, 0x7777);
    ck_assert_msg(sim_decode(NPU_ISA_CV18XX_V2, NPU_ENGINE_TDMA, p, sizeof p, &c, &err) == NPU_OK,
                  "%s", err.text);
    for (size_t k = 0; k < COUNT(dma_arrivals); k++)
        ck_assert_msg(member(&c, &dma_arrivals[k]) == dma_arrivals[k].want,
                      "field at bit %u: %llu instead of %u", dma_arrivals[k].v2_first,
                      (unsigned long long)member(&c, &dma_arrivals[k]), dma_arrivals[k].want);
    ck_assert_uint_eq(c.u.tdma.dst, UINT64_C(0x1289abcdef));
    ck_assert_uint_eq(c.u.tdma.src, UINT64_C(0x3476543210));
    ck_assert_uint_eq(c.u.tdma.dst_c_str, 0x55554444);
    ck_assert_uint_eq(c.u.tdma.src_c_str, 0x77776666);
    ck_assert_uint_eq(c.u.tdma.blob_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("insn");
    TCase *core = tcase_create("core");
    tcase_add_loop_test(core, every_bit_belongs_to_exactly_one_field, 0, LAYOUTS);
    tcase_add_loop_test(core, fields_have_names_of_their_own_and_fit_32_bits, 0, LAYOUTS);
    tcase_add_loop_test(core, no_two_encodings_match_one_command, 0, LAYOUTS);
    tcase_add_test(core, every_kind_but_the_cpu_has_an_encoding);
    tcase_add_loop_test(core, every_tiu_kind_is_decoded, V1, DMA);
    tcase_add_test(core, every_tdma_kind_is_decoded_the_same_on_every_chip);
    tcase_add_loop_test(core, every_tiu_field_arrives_where_it_belongs, V1, DMA);
    tcase_add_loop_test(core, no_tiu_field_spills_into_another, V1, DMA);
    tcase_add_loop_test(core, element_sizes_follow_the_segment_flags_and_the_type, V1, DMA);
    tcase_add_test(core, every_tdma_field_arrives_where_it_belongs);
    suite_add_tcase(s, core);
    return unit_run(s);
}
