/* What changed between two profiles of a model, to the cycle.  Made by perf/, printed by reports/.
 *
 * Every layer of both sides is in exactly one row; the row of the launch comes with them.  The
 * deltas of all rows add up to new.latency_cycles - old.latency_cycles exactly.
 * Cycles are cycles of each side's own clock. */
#ifndef NPUSIM_DIFF_H
#define NPUSIM_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* D(id, "word", "what it says"), in the order they are looked for; the first one found leads. */
#define NPU_DIFF_CAUSES_TABLE(D)                                                                   \
    D(PARTITION, "partition", "moved between NPU and CPU, or to another sub-graph")                \
    D(FUSION, "fusion", "layers were merged or taken apart")                                       \
    D(ALIGN, "align", "the new shape fills the array or its words less well")                      \
    D(PARAM, "param", "operation, shape or attribute changed")                                     \
    D(BYTES, "bytes", "DDR traffic changed")                                                       \
    D(COMPUTE, "compute", "same layer, other engine time")                                         \
    D(CHIP, "chip", "chip numbers differ")                                                         \
    D(BANDWIDTH, "bandwidth", "same bytes, other transfer time")                                   \
    D(OVERLAP, "overlap", "same work, hidden differently")

typedef enum {
#define D(id, word, line) NPU_DIFF_##id,
    NPU_DIFF_CAUSES_TABLE(D)
#undef D
    NPU_DIFF_CAUSES
} npu_diff_cause;

const char *npu_diff_cause_word(npu_diff_cause c);
const char *npu_diff_cause_line(npu_diff_cause c);

typedef enum {
    NPU_MATCH_NAME,      /* same name, in the same sub-graph or alone in the model */
    NPU_MATCH_SIGNATURE, /* other name, same kind, shape and work */
    NPU_MATCH_PLACE,     /* the only unmatched layer at its place on both sides */
    NPU_MATCH_GROUP,     /* several layers against several */
    NPU_MATCH_ADDED, NPU_MATCH_REMOVED,
    NPU_MATCH_LAUNCH     /* launch_cycles: driver and runtime */
} npu_diff_match;

const char *npu_diff_match_word(npu_diff_match m);

typedef struct {
    npu_diff_cause id;
    char *text;          /* the numbers: "read 1000 -> 1010 B (+1.0 %)"; owned */
} npu_diff_why;

typedef struct {
    char *name;          /* new name, or the old one of a removed layer; "a + b" for groups */
    char *old_name;      /* when it differs, else NULL */
    char *subgraph;
    npu_diff_match match;
    int64_t old_cycles, new_cycles, delta;
    double old_ms, new_ms;
    int64_t old_bytes, new_bytes; /* DDR */
    npu_diff_why *why;
    size_t nwhy;
    bool moved;          /* the layer's own work changed, not only its place in the overlap */
} npu_diff_row;

typedef struct {
    char *name, *chip, *tool, *sha256; /* owned */
    double hz, latency_ms, launch_ms, max_call_us;
    int64_t latency_cycles, ddr_bytes, macs, layers, subgraphs, calls;
} npu_diff_side;

typedef struct {
    npu_diff_side old, new;
    int64_t delta;       /* of latency_cycles */
    npu_diff_row *row;   /* changed rows: those whose own work changed first, then the others;
                          * within, largest |delta| first, then largest change of bytes */
    size_t nrow;
    size_t same;         /* rows without any change, not listed; their delta is 0 */
    char **chip;         /* "ddr.bandwidth_mbps 3732 -> 1866 MB/s" */
    size_t nchip;
    bool changed;        /* any row, total or chip number differs */
} npu_diff;

void npu_diff_free(npu_diff *d); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
