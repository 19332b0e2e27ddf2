/* What decoding makes of a descriptor of bernoulli2.
 *
 * Positions are written down a second time: a slip in a .def file shows. */
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "sim/decode.h"
#include "sim/layout.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

typedef struct { /* a field, and where its value must arrive */
    const char *name;
    uint16_t first, width;
    uint32_t value, want;
    size_t at, size;
} arrival;

#define MEMBER(m) offsetof(npu_cmd, m), sizeof(((npu_cmd *)0)->m)

static const arrival mac_arrivals[] = {
    {"id", 32, 16, 0x1234, 0x1234, MEMBER(id)},
    {"wait", 48, 16, 0x2345, 0x2345, MEMBER(wait)},
    {"layer", 64, 16, 0x4567, 0x4567, MEMBER(layer)},
    {"fn", 6, 6, 5, 5, MEMBER(u.tiu.fn)},
    {"first", 12, 1, 1, 1, MEMBER(u.tiu.first)},
    {"act", 13, 2, 2, 2, MEMBER(u.tiu.relu)},
    {"sum", 15, 1, 1, 1, MEMBER(u.tiu.accumulate)},
    {"wide", 16, 1, 1, 4, MEMBER(u.tiu.res.bytes)},
    {"pads", 17, 1, 1, 1, MEMBER(u.tiu.padded)},
    {"in_slot", 18, 7, 6, 6, MEMBER(u.tiu.in_slot)},
    {"out_slot", 25, 7, 12, 12, MEMBER(u.tiu.out_slot)},
    {"group", 80, 16, 4, 4, MEMBER(u.tiu.group)},
    {"out_c", 96, 16, 400, 400, MEMBER(u.tiu.res.c)},
    {"out_h", 112, 16, 41, 41, MEMBER(u.tiu.res.h)},
    {"out_w", 128, 16, 42, 42, MEMBER(u.tiu.res.w)},
    {"out_n", 416, 8, 2, 2, MEMBER(u.tiu.res.n)},
    {"in_c", 160, 16, 404, 404, MEMBER(u.tiu.a.c)},
    {"in_h", 176, 16, 43, 43, MEMBER(u.tiu.a.h)},
    {"in_w", 192, 16, 44, 44, MEMBER(u.tiu.a.w)},
    {"kh", 208, 16, 3, 3, MEMBER(u.tiu.b.h)},
    {"kw", 224, 16, 5, 5, MEMBER(u.tiu.b.w)},
    {"sh", 240, 8, 2, 2, MEMBER(u.tiu.stride_h)},
    {"sw", 248, 8, 4, 4, MEMBER(u.tiu.stride_w)},
    {"dh", 256, 8, 6, 6, MEMBER(u.tiu.dil_h)},
    {"dw", 264, 8, 8, 8, MEMBER(u.tiu.dil_w)},
    {"up_h", 272, 8, 2, 1, MEMBER(u.tiu.ins_h)},
    {"up_w", 280, 8, 4, 3, MEMBER(u.tiu.ins_w)},
    {"pad_t", 288, 8, 9, 9, MEMBER(u.tiu.pad_t)},
    {"pad_b", 296, 8, 10, 10, MEMBER(u.tiu.pad_b)},
    {"pad_l", 304, 8, 11, 11, MEMBER(u.tiu.pad_l)},
    {"pad_r", 312, 8, 12, 12, MEMBER(u.tiu.pad_r)},
    {"src", 320, 24, 0x203040, 0x203040, MEMBER(u.tiu.a.addr)},
    {"dst", 368, 24, 0x607080, 0x607080, MEMBER(u.tiu.res.addr)},
};

static const arrival dma_arrivals[] = {
    {"mem", 16, 3, 5, 5, MEMBER(u.tdma.src_sel)},
    {"id", 32, 16, 0x1234, 0x1234, MEMBER(id)},
    {"wait", 48, 16, 0x2345, 0x2345, MEMBER(wait)},
    {"layer", 64, 16, 0x4567, 0x4567, MEMBER(layer)},
    {"local", 160, 32, 0x10203040, 0x10203040, MEMBER(u.tdma.dst)},
    {"rows", 192, 32, 700, 700, MEMBER(u.tdma.rows)},
    {"row_bytes", 224, 32, 4096, 4096, MEMBER(u.tdma.row_bytes)},
    {"stride", 256, 32, 8192, 8192, MEMBER(u.tdma.stride)},
};

static const sim_layout *mac(void)
{
    return sim_layout_of(NPU_ISA_BPU_1, NPU_ENGINE_TIU);
}

static void put(uint8_t *p, const sim_layout *l, const char *name, uint32_t value)
{
    const sim_field *f = sim_field_find(l, name);
    ck_assert_msg(f != NULL, "%s has no field %s", l->name, name);
    bits_put(p, f->first, f->width, value);
}

static uint64_t member(const npu_cmd *c, const arrival *a)
{
    uint64_t v = 0;
    for (size_t i = 0; i < a->size; i++) { /* any byte order */
        const uint16_t one = 1;
        bool little = *(const uint8_t *)&one == 1;
        v |= (uint64_t)((const uint8_t *)c)[a->at + i] << 8 * (little ? i : a->size - 1 - i);
    }
    return v;
}

static void must_arrive(npu_engine engine, const arrival *all, size_t n, npu_kind kind)
{
    const sim_layout *l = sim_layout_of(NPU_ISA_BPU_1, engine);
    uint8_t p[SIM_PAYLOAD_MAX] = {1};
    npu_cmd c = {0};
    npu_err err = {0};
    for (size_t k = 0; k < n; k++) {
        const sim_field *f = sim_field_find(l, all[k].name);
        ck_assert_msg(f && f->first == all[k].first && f->width == all[k].width, "%s",
                      all[k].name);
        bits_put(p, all[k].first, all[k].width, all[k].value);
    }
    ck_assert_msg(sim_decode(NPU_ISA_BPU_1, engine, p, l->bytes, &c, &err) == NPU_OK, "%s",
                  err.text);
    ck_assert_int_eq(c.kind, kind);
    for (size_t k = 0; k < n; k++)
        ck_assert_msg(member(&c, &all[k]) == all[k].want, "%s", all[k].name);
}

START_TEST(every_mac_field_arrives_where_it_belongs)
{
    must_arrive(NPU_ENGINE_TIU, mac_arrivals, COUNT(mac_arrivals), NPU_KIND_BCONV);
}
END_TEST

START_TEST(every_dma_field_arrives_where_it_belongs)
{
    must_arrive(NPU_ENGINE_TDMA, dma_arrivals, COUNT(dma_arrivals), NPU_KIND_BLOAD);
}
END_TEST

START_TEST(operations_of_bernoulli2_are_decoded)
{
    static const npu_kind kinds[] = {NPU_KIND_BCONV, NPU_KIND_BDW, NPU_KIND_BPOOL, NPU_KIND_BELT,
                                   NPU_KIND_BLUT, NPU_KIND_BCOPY};
    static const char *const ones[] = {"valid", "out_c", "out_h", "out_w", "out_n", "in_c", "in_h",
                                       "in_w", "kh", "kw", "sh", "sw", "dh", "dw", "up_h", "up_w",
                                       "group"};
    for (size_t op = 0; op <= COUNT(kinds); op++) {
        uint8_t p[SIM_BPU_MAC_BYTES] = {0};
        npu_cmd c = {0};
        npu_err err = {0};
        for (size_t k = 0; k < COUNT(ones); k++)
            put(p, mac(), ones[k], 1);
        put(p, mac(), "op", (uint32_t)op);
        npu_status s = sim_decode(NPU_ISA_BPU_1, NPU_ENGINE_TIU, p, sizeof p, &c, &err);
        ck_assert_int_eq(s, op < COUNT(kinds) ? NPU_OK : NPU_UNSUPPORTED);
        if (op < COUNT(kinds))
            ck_assert_int_eq(c.kind, kinds[op]);
        for (size_t k = 0; k < COUNT(ones) && op < COUNT(kinds); k++) { /* none of them may be 0 */
            put(p, mac(), ones[k], 0);
            ck_assert_int_eq(sim_decode(NPU_ISA_BPU_1, NPU_ENGINE_TIU, p, sizeof p, &c, &err),
                             NPU_BAD_INPUT);
            ck_assert_ptr_nonnull(strstr(err.text, ones[k]));
            put(p, mac(), ones[k], 1);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("insn_bpu");
    TCase *core = tcase_create("core");
    tcase_add_test(core, every_mac_field_arrives_where_it_belongs);
    tcase_add_test(core, every_dma_field_arrives_where_it_belongs);
    tcase_add_test(core, operations_of_bernoulli2_are_decoded);
    suite_add_tcase(s, core);
    return unit_run(s);
}
