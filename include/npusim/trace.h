/* What the simulator saw: one span per command, in order of start.
 *
 * Times are ticks of one common counter.  For CV18xx a tick is a TPU clock cycle, as in the PMU of
 * the chip, so nothing is rounded between the engines; tick_hz converts to seconds. */
#ifndef NPUSIM_TRACE_H
#define NPUSIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { /* rows of the timeline; LOAD, STORE and MOVE share the one TDMA queue */
    NPU_UNIT_TIU, NPU_UNIT_LOAD, NPU_UNIT_STORE, NPU_UNIT_MOVE, NPU_UNIT_CPU, NPU_UNITS
} npu_unit;

typedef enum { /* what a cycle is charged to */
    NPU_CAUSE_MAC,    /* MAC array */
    NPU_CAUSE_VECTOR, /* element-wise, pooling, look-up */
    NPU_CAUSE_LMEM,   /* local-memory words, operand fetch */
    NPU_CAUSE_DDR,    /* DDR beats */
    NPU_CAUSE_FIXED,  /* fixed cost of a command, DDR latency, dispatch, synchronisation, launch */
    NPU_CAUSE_CPU,    /* CPU routine (estimated) */
    NPU_CAUSES
} npu_cause;

typedef enum { /* what the start of a command waited for last */
    NPU_WAIT_NONE, NPU_WAIT_QUEUE, NPU_WAIT_LOAD, NPU_WAIT_STORE, NPU_WAIT_MOVE, NPU_WAIT_TIU,
    NPU_WAIT_BARRIER, NPU_WAITS
} npu_wait;

const char *npu_unit_name(npu_unit u);   /* "TIU", "TDMA load", ... */
const char *npu_cause_name(npu_cause c); /* "MAC array", "vector and look-up", ... */
const char *npu_wait_name(npu_wait w);

#define NPU_NO_SPAN UINT32_MAX

typedef struct {
    int64_t start, end;       /* ticks since the first command of the inference started */
    int64_t critical;         /* ticks this span adds to the critical path, 0: not on it */
    uint64_t macs;
    uint64_t lmem_bytes;      /* bytes through local memory (words x 16) */
    uint32_t read, write;     /* DDR bytes moved on the bus */
    uint32_t fixed;           /* ticks of (end - start) that do not depend on the work */
    uint32_t cmd;             /* index in its program, NPU_NO_SPAN for a CPU routine */
    uint32_t blocker;         /* span whose end set this start, NPU_NO_SPAN: none */
    uint32_t layer;           /* index into npu_profile.layer, set by perf/layers.c */
    uint16_t subgraph;        /* index into npu_profile.subgraph */
    uint8_t unit, cause, wait, kind; /* npu_unit, npu_cause of the rest, npu_wait, npu_kind */
} npu_span;

typedef struct npu_trace {
    npu_span *span;
    uint32_t count, capacity;
    double tick_hz;
} npu_trace;

void npu_trace_free(npu_trace *t); /* frees the spans, not T */

#ifdef __cplusplus
}
#endif
#endif
