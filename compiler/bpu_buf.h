/* Who touched which bytes last: the hazards between commands.
 *
 * A buffer is a ring of rows in a memory.  Each row remembers the last MAC item and the transfers
 * that touched it; a new buffer over old bytes begins with what touched those. */
#ifndef COMPILER_BPU_BUF_H
#define COMPILER_BPU_BUF_H

#include "compiler/bpu.h"

typedef struct {
    int64_t mac;            /* last MAC item, -1: none */
    int64_t load, store;    /* last transfers, -1: none */
    bool fresh;             /* not touched since the buffer was made */
} bpu_row;

typedef struct {
    uint32_t *item;
    uint32_t n, cap;
} bpu_list;

typedef struct {
    uint64_t addr, bytes;
    uint32_t rows;
    bpu_row *row;           /* owned */
    int64_t mac;            /* before the buffer was made */
    bpu_list dma;           /* the same of transfers */
} bpu_buf;

typedef struct {            /* one address space */
    bpu_buf *buf;           /* all ever made */
    uint32_t n, cap;
    struct { uint64_t from, to; uint32_t buf; } *owner; /* newest buffer of each range */
    uint32_t nowner, owner_cap;
} bpu_space;

bool bpu_list_add(bpu_list *l, uint32_t item); /* once each; false: no memory */

/* A buffer of ROWS rows at ADDR; its index, -1: no memory. */
int64_t bpu_buf_new(bpu_space *s, uint64_t addr, uint64_t bytes, uint32_t rows);

/* What item I must wait for when it touches rows [FROM, FROM+N) modulo the ring: adds transfers to
 * DMA and raises *mac.  Then the rows remember I, which is a MAC command, a load or a store. */
typedef enum { BPU_TOUCH_MAC_READ, BPU_TOUCH_MAC_WRITE, BPU_TOUCH_LOAD, BPU_TOUCH_STORE } bpu_touch;
bool bpu_buf_touch(bpu_space *s, int64_t buf, uint32_t from, uint32_t n, bpu_touch how, uint32_t i,
                   int64_t *mac, bpu_list *dma);

void bpu_space_free(bpu_space *s);

#endif
