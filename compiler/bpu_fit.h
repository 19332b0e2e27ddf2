/* Placing pieces that live for a while in as little memory as first fit finds. */
#ifndef COMPILER_BPU_FIT_H
#define COMPILER_BPU_FIT_H

#include "compiler/bpu.h"

typedef struct {
    uint32_t from, to;      /* first and last step it lives in */
    uint64_t bytes, addr;   /* ADDR is the result */
} bpu_piece;

/* Gives each piece an address (64-byte steps; bytes are rounded up likewise); *top: end of the
 * highest.  False: no memory. */
bool bpu_fit(bpu_piece *p, uint32_t n, uint64_t *top);

/* Pieces of the whole maps M of group G, in the order of M. */
void bpu_lives(const bpu_net *b, const bpu_group *g, const bpu_maps *m, bpu_piece *p);

#endif
