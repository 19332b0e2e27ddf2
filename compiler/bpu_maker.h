/* What the files that make items share: bpu_prog.c the order, bpu_move.c the transfers. */
#ifndef COMPILER_BPU_MAKER_H
#define COMPILER_BPU_MAKER_H

#include "compiler/bpu_buf.h"

typedef struct {
    const bpu_net *b;
    const bpu_plan *plan;
    const bpu_places *at;
    bpu_prog *out;
    bpu_space sram, ddr;    /* the shared memory of the DDR: maps between groups */
    int64_t *ddr_buf;       /* per root: its buffer in DDR, -1: none yet */
    int64_t *buf;           /* per root: its buffer on chip in this group, -1 */
    uint64_t *addr;         /* per root: its address on chip */
    int64_t *wbuf;          /* per layer: buffer of resident weights, -1 */
    uint64_t *waddr;
    uint64_t ring_from, ring_to, ring_at; /* room for weights on chip, next byte */
    bool *seen;             /* per layer: its first command was issued */
    int64_t half[2];        /* by channels: buffers of the two chunks of the result on chip */
    uint32_t chunk, image;  /* ... number of the chunk; of the batch */
    double limit;
    uint32_t group;
    uint32_t fcall, begun;  /* number of the call, its first item */
} bpu_maker;

typedef struct {            /* rows [FROM, TO) of N channels from CHANNEL on of a map */
    int32_t root;
    uint32_t channel, n, from, to, ring;
    int64_t buf;            /* on chip */
    uint64_t addr;          /* of the plane of CHANNEL */
} bpu_part;

/* A new item at the end, NULL: no memory. */
bpu_item *bpu_new_item(bpu_maker *m);
/* Hands a list to an item. */
void bpu_give(bpu_item *x, bpu_list *l, int64_t mac);

/* Channels of tensor T in its buffer, rows [FROM, TO). */
bpu_part bpu_part_of(const bpu_maker *m, int32_t t, uint32_t from, uint32_t to, uint32_t ring);
/* A load or store of P for LAYER. */
npu_status bpu_move_rows(bpu_maker *m, bool store, uint32_t layer, const bpu_part *p, npu_err *err);
/* Loads the rows a stripe newly needs of a map: all of an input, else what earlier groups wrote. */
npu_status bpu_load_map(bpu_maker *m, const bpu_group *g, const bpu_map *x, uint32_t reader,
                        npu_err *err);
/* Loads BYTES of the weights of layer L from byte FROM; buffer and address of the copy. */
npu_status bpu_load_weights(bpu_maker *m, uint32_t l, uint64_t from, uint64_t bytes, int64_t *buf,
                            uint64_t *addr, npu_err *err);

#endif
