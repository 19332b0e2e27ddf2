/* See sched_heap.h. */
#include "perf/sched_heap.h"

uint32_t perf_heap_first(const perf_heap *h)
{
    return h->n ? h->item[0] : UINT32_MAX;
}

void perf_heap_push(perf_heap *h, uint32_t x, perf_heap_before *before, const void *context)
{
    size_t i = h->n++;
    while (i > 0 && before(context, x, h->item[(i - 1) / 2])) {
        h->item[i] = h->item[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->item[i] = x;
}

uint32_t perf_heap_pop(perf_heap *h, perf_heap_before *before, const void *context)
{
    uint32_t first = h->item[0], x = h->item[--h->n];
    size_t i = 0, k;
    while ((k = 2 * i + 1) < h->n) {
        if (k + 1 < h->n && before(context, h->item[k + 1], h->item[k]))
            k++;
        if (!before(context, h->item[k], x))
            break;
        h->item[i] = h->item[k];
        i = k;
    }
    h->item[i] = x;
    return first;
}
