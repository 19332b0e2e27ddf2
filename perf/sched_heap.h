/* A binary heap of job numbers under an order of the caller's. */
#ifndef PERF_SCHED_HEAP_H
#define PERF_SCHED_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef bool perf_heap_before(const void *context, uint32_t a, uint32_t b);

typedef struct {
    uint32_t *item; /* not owned: room for all jobs */
    size_t n;
} perf_heap;

/* The first job, UINT32_MAX when there is none. */
uint32_t perf_heap_first(const perf_heap *h);
void perf_heap_push(perf_heap *h, uint32_t x, perf_heap_before *before, const void *context);
uint32_t perf_heap_pop(perf_heap *h, perf_heap_before *before, const void *context);

#endif
