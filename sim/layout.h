/* Descriptor layouts: the field tables of include/npusim as data.
 *
 * Knows where each field lies and nothing of what it means. */
#ifndef SIM_LAYOUT_H
#define SIM_LAYOUT_H

#include <stdint.h>

#include "npusim/chip.h"
#include "npusim/err.h"
#include "npusim/insn.h"

enum { SIM_TIU_BYTES = 112, SIM_TDMA_BYTES = 64, SIM_CPU_BYTES = 224, SIM_BPU_MAC_BYTES = 80,
       SIM_BPU_DMA_BYTES = 64, SIM_PAYLOAD_MAX = 224 };

typedef struct {
    const char *name, *meaning;
    uint16_t first, width;
} sim_field;

typedef struct {            /* encodings of one window: see insn.def */
    npu_kind kind;
    uint64_t mask, match;
} sim_encoding;

typedef struct {            /* one descriptor format */
    const char *name;       /* "tiu_cv182x" */
    npu_engine engine;
    unsigned bytes;
    const sim_field *field;
    unsigned nfield;
    unsigned window;        /* first bit of the 64-bit window of insn.def */
    const sim_encoding *encoding;
    unsigned nencoding;
    const char *id, *wait, *layer;       /* names of the fields every command has */
    const char *const *preset; /* "field", "value" of a normal command, ...; NULL ends */
} sim_layout;

/* Layout of ENGINE on ISA; NULL for an engine without one. */
const sim_layout *sim_layout_of(npu_isa isa, npu_engine engine);

/* Row of the field NAME, NULL when the layout has none. */
const sim_field *sim_field_find(const sim_layout *l, const char *name);

/* 64-bit window that identifies the command. */
uint64_t sim_window(const sim_layout *l, const uint8_t *payload);

/* Encoding row that matches the payload, NULL when none does. */
const sim_encoding *sim_identify(const sim_layout *l, const uint8_t *payload);

#endif
