/* Expansion of the field and instruction tables; see layout.h. */
#include "sim/layout.h"

#include <string.h>

#include "base/bits.h"

const npu_kind_info npu_kind_table[NPU_KINDS] = {
#define K(id, mnemonic, engine, cause, title) {mnemonic, title, NPU_ENGINE_##engine},
#include "npusim/insn.def"
};

#define F(name, first, width, meaning) {#name, meaning, first, width},
static const sim_field v1_fields[] = {
#include "npusim/tiu_cv183x.def"
};
static const sim_field v2_fields[] = {
#include "npusim/tiu_cv182x.def"
};
static const sim_field dma_fields[] = {
#include "npusim/tdma_cv18xx.def"
};
static const sim_field bpu_mac_fields[] = {
#include "npusim/bpu_mac.def"
};
static const sim_field bpu_dma_fields[] = {
#include "npusim/bpu_dma.def"
};
#undef F

#define ROW(kind, mask, match) {NPU_KIND_##kind, mask, match},
static const sim_encoding v1_encodings[] = {
#define E_V1 ROW
#include "npusim/insn.def"
};
static const sim_encoding v2_encodings[] = {
#define E_V2 ROW
#include "npusim/insn.def"
};
static const sim_encoding dma_encodings[] = {
#define E_DMA ROW
#include "npusim/insn.def"
};
static const sim_encoding bpu_mac_encodings[] = {
#define E_BM ROW
#include "npusim/insn.def"
};
static const sim_encoding bpu_dma_encodings[] = {
#define E_BD ROW
#include "npusim/insn.def"
};
#undef ROW

static const char *const v1_preset[] = {"cmd_en", "1", "cmd_id_en", "1", NULL};
static const char *const v2_preset[] = {"cmd_en", "1", "cmd_id_en", "1", "rsvd1", "1", "rsvd2", "2",
                                        "rsvd3", "3", "rsvd4", "4", "rsvd5", "5", "rsvd6", "6",
                                        NULL};
static const char *const dma_preset[] = {"vld", "1", "bar_en", "1", NULL};
static const char *const bpu_mac_preset[] = {"valid", "1", "group", "1", "out_n", "1", "kh", "1",
                                             "kw", "1", "sh", "1", "sw", "1", "dh", "1", "dw", "1",
                                             "up_h", "1", "up_w", "1", NULL};
static const char *const bpu_dma_preset[] = {"valid", "1", NULL};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
static const sim_layout tiu_v1 = {
    "tiu_cv183x", NPU_ENGINE_TIU, SIM_TIU_BYTES, v1_fields, COUNT(v1_fields), 32,
    v1_encodings, COUNT(v1_encodings), "cmd_id_tpu", "cmd_id_gdma", "layer_info", v1_preset};
static const sim_layout tiu_v2 = {
    "tiu_cv182x", NPU_ENGINE_TIU, SIM_TIU_BYTES, v2_fields, COUNT(v2_fields), 0,
    v2_encodings, COUNT(v2_encodings), "cmd_id_tpu", "cmd_id_gdma", "layer_info", v2_preset};
static const sim_layout tdma = {
    "tdma_cv18xx", NPU_ENGINE_TDMA, SIM_TDMA_BYTES, dma_fields, COUNT(dma_fields), 0,
    dma_encodings, COUNT(dma_encodings), "cmd_id", "wait_id_tpu", "layer_ID", dma_preset};
static const sim_layout bpu_mac = {
    "bpu_mac", NPU_ENGINE_TIU, SIM_BPU_MAC_BYTES, bpu_mac_fields, COUNT(bpu_mac_fields), 0,
    bpu_mac_encodings, COUNT(bpu_mac_encodings), "id", "wait", "layer", bpu_mac_preset};
static const sim_layout bpu_dma = {
    "bpu_dma", NPU_ENGINE_TDMA, SIM_BPU_DMA_BYTES, bpu_dma_fields, COUNT(bpu_dma_fields), 0,
    bpu_dma_encodings, COUNT(bpu_dma_encodings), "id", "wait", "layer", bpu_dma_preset};

const sim_layout *sim_layout_of(npu_isa isa, npu_engine engine)
{
    if (isa == NPU_ISA_BPU_1)
        return engine == NPU_ENGINE_TIU ? &bpu_mac : engine == NPU_ENGINE_TDMA ? &bpu_dma : NULL;
    if (engine == NPU_ENGINE_TDMA)
        return &tdma;
    if (engine == NPU_ENGINE_TIU)
        return isa == NPU_ISA_CV18XX_V1 ? &tiu_v1 : &tiu_v2;
    return NULL;
}

const sim_field *sim_field_find(const sim_layout *l, const char *name)
{
    for (unsigned i = 0; i < l->nfield; i++)
        if (strcmp(l->field[i].name, name) == 0)
            return &l->field[i];
    return NULL;
}

uint64_t sim_window(const sim_layout *l, const uint8_t *payload)
{
    const uint8_t *p = payload + l->window / 8;
    return bits_word(p) | (uint64_t)bits_word(p + 4) << 32;
}

const sim_encoding *sim_identify(const sim_layout *l, const uint8_t *payload)
{
    uint64_t w = sim_window(l, payload);
    for (unsigned i = 0; i < l->nencoding; i++)
        if ((w & l->encoding[i].mask) == l->encoding[i].match)
            return &l->encoding[i];
    return NULL;
}
