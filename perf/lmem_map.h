/* Who wrote what, in local memory or in DDR: the writers whose bytes are still there. */
#ifndef PERF_LMEM_MAP_H
#define PERF_LMEM_MAP_H

#include <stdint.h>

enum { PERF_NO_LAYER = -1, PERF_WRITERS = 256 };

typedef struct {
    uint64_t start, end;  /* bytes written: [start, end) of an offset space */
    int32_t layer;        /* that wrote it, PERF_NO_LAYER: a load nobody has claimed */
    int32_t weight;       /* weight map index of a loaded weight, -1: none */
    uint32_t load;        /* command of a load, UINT32_MAX: not a load */
    uint32_t channels;    /* of the tensor written */
} perf_writer;

typedef struct {
    perf_writer live[PERF_WRITERS]; /* oldest first */
    uint32_t n;
} perf_writers;

/* Records X and forgets the writers it overwrites whole; beyond PERF_WRITERS, the oldest. */
void perf_wrote(perf_writers *w, perf_writer x);

/* Newest writer of the byte at ADDR; NULL when none is remembered.  Valid until the next write. */
perf_writer *perf_writer_of(perf_writers *w, uint64_t addr);

#endif
