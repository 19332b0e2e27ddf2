/* See lmem_map.h. */
#include "perf/lmem_map.h"

#include <stddef.h>

void perf_wrote(perf_writers *w, perf_writer x)
{
    w->ring[w->n++ % PERF_WRITERS] = x;
}

perf_writer *perf_writer_of(perf_writers *w, uint64_t addr)
{
    uint32_t live = w->n < PERF_WRITERS ? w->n : PERF_WRITERS;
    for (uint32_t i = 1; i <= live; i++) {
        perf_writer *x = &w->ring[(w->n - i) % PERF_WRITERS];
        if (addr >= x->start && addr < x->end)
            return x;
    }
    return NULL;
}
