/* Names of the command kinds of insn.def. */
#ifndef NPUSIM_INSN_H
#define NPUSIM_INSN_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NPU_ENGINE_TIU = 0, NPU_ENGINE_CPU = 1, NPU_ENGINE_TDMA = 2, NPU_ENGINES
} npu_engine;

typedef enum {
#define K(id, mnemonic, engine, cause, title) NPU_KIND_##id,
#include "npusim/insn.def"
    NPU_KINDS
} npu_kind;

typedef struct {
    const char *mnemonic, *title;
    npu_engine engine;
} npu_kind_info;

extern const npu_kind_info npu_kind_table[NPU_KINDS];

#ifdef __cplusplus
}
#endif
#endif
