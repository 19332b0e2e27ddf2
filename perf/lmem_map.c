/* See lmem_map.h. */
#include "perf/lmem_map.h"

#include <stddef.h>
#include <string.h>

void perf_wrote(perf_writers *w, perf_writer x)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->live[i].start < x.start || w->live[i].end > x.end)
            w->live[kept++] = w->live[i];
    if (kept == PERF_WRITERS)
        memmove(w->live, w->live + 1, --kept * sizeof *w->live);
    w->live[kept] = x;
    w->n = kept + 1;
}

perf_writer *perf_writer_of(perf_writers *w, uint64_t addr)
{
    for (uint32_t i = w->n; i-- > 0;)
        if (addr >= w->live[i].start && addr < w->live[i].end)
            return &w->live[i];
    return NULL;
}
