/* One command in neutral form: what the cost model and a functional model need, no register bits.
 *
 * Sources of meaning: register headers and emitters of wwwuxy/cvikernel, checked by executing real
 * models.  Shapes are elements, strides and addresses bytes.  Local-memory address: lane =
 * addr / lane bytes, offset = remainder; element (n,c,h,w) lies in lane (lane0 + c) mod lanes at
 * offset + n*n_str + ((lane0 + c) / lanes)*c_str + h*h_str + w*w_str. */
#ifndef NPUSIM_CMD_H
#define NPUSIM_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/insn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {              /* an operand of a TIU command */
    uint32_t addr;
    uint32_t n_str, c_str, h_str, w_str; /* as the register fields say; see MODE */
    uint16_t n, c, h, w;
    uint8_t mode;             /* 0 EU-aligned, 1 weights, 2 per-channel records, 3 explicit */
    uint8_t bytes;            /* per element: 1, or 2 for bf16 and 16-bit planes */
    bool constant;            /* ADDR holds a constant */
} npu_opnd;

typedef struct {
    npu_opnd res, a, b;       /* result, first operand (feature map), second (weights, table) */
    uint32_t bias_addr;       /* third operand: bias or per-channel records */
    bool bf16;                /* computes in bf16, else in int8 */
    bool quant;               /* per-channel requantisation (multiplier and shift) */
    bool bias;                /* three operands */
    bool accumulate;          /* adds onto the stored result */
    bool round;               /* result shift rounds */
    bool double_conv;         /* two input channels per cycle */
    uint8_t ps32;             /* partial sums: 0 none, bit 0 read, bit 1 write */
    uint8_t relu;
    uint8_t res_shift, left_shift;
    uint8_t stride_h, stride_w, dil_h, dil_w;     /* dil: 1 = dense kernel */
    uint8_t ins_h, ins_w, ins_h_last, ins_w_last; /* zeros inserted between input rows, columns */
    uint8_t pad_t, pad_b, pad_l, pad_r;
    /* bernoulli2 only: RES, A and B count rows of this command; ins_* is up_* less one */
    bool first;               /* first command of its layer */
    bool wide;                /* the result is int32 */
    uint8_t fn;               /* function of pool, elt and copy: bpu_mac.def */
    uint16_t group;
    bool padded;              /* the source is copied with its padding first */
    uint8_t in_slot, out_slot; /* channels lie in padded groups of this many, 0: they do not */
} npu_tiu;

typedef struct {
    uint64_t src, dst;        /* DDR: offset in memory SRC_SEL/DST_SEL; local: address */
    uint32_t src_n_str, src_c_str, src_h_str, dst_n_str, dst_c_str, dst_h_str;
    uint32_t n, src_c, src_h, src_w, dst_c, dst_h, dst_w;
    uint32_t blob_bytes;      /* compressed load: bytes in DDR from the blob header; 0 not known */
    uint16_t fill;            /* value of a fill */
    uint8_t dir;              /* 0 DDR to local, 1 local to DDR, 2 DDR to DDR, 3 local to local */
    uint8_t src_sel, dst_sel; /* memory of a DDR side: NPU_MEM_* */
    uint8_t src_bytes, dst_bytes; /* per element */
    uint8_t transpose_md;     /* as in the descriptor; meaning in insn.def */
    bool compress, matrix;
    uint32_t rows, row_bytes, stride; /* bernoulli2: rows moved, their DDR bytes and distance */
    bool hint;                /* an overlap hint (intra_cmd_paral, outstanding_en) is set */
} npu_tdma;

typedef struct npu_cmd {
    uint32_t offset;          /* of the record in its section */
    uint32_t layer;           /* layer id the compiler wrote; finer than network layers */
    uint16_t id, wait;        /* own number; number of the other engine awaited, 0 none */
    uint8_t engine, kind;     /* npu_engine, npu_kind */
    union {
        npu_tiu tiu;
        npu_tdma tdma;
    } u;
} npu_cmd;

#ifdef __cplusplus
}
#endif
#endif
