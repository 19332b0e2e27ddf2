/* Cutting a compiled program into function calls.
 *
 * A function call is what the core never interrupts.  A program may be cut between two commands
 * where both engines can drain and no later command reads bytes of local memory written before:
 * a safe point.  Cutting there needs no spill, costs the overlap across the cut and one launch. */
#ifndef PERF_SPLIT_H
#define PERF_SPLIT_H

#include <stdbool.h>

#include "npusim/profile.h"
#include "perf/program.h"

typedef struct {          /* commands [FIRST, FIRST + N) of a routine */
    uint32_t part;        /* index of the routine */
    uint32_t first, n;    /* n 0: a CPU routine */
    bool cpu;
    bool over;            /* longer than the limit: no safe point inside */
    uint32_t atoms;       /* pieces between safe points it was packed from */
    int64_t ticks;        /* simulated alone, from idle engines to idle engines */
    int64_t half_ticks;   /* the same with half the DDR bandwidth; 0: not asked for */
} perf_call;

typedef struct {
    uint32_t *cut;        /* per atom: index of its first command; owned */
    uint32_t *part;       /* per atom: its routine; owned */
    size_t n;
} perf_atoms;

typedef struct {
    int64_t limit_ns;     /* 0: none */
    perf_call *call;      /* owned */
    size_t n;
    int64_t unsplit_ticks;/* sum over the routines of the unsplit program */
    int64_t split_ticks;  /* sum over the calls */
    int64_t longest_atom; /* ticks: no limit below this can be met */
    size_t safe_points;   /* inside routines */
} perf_split;

/* Finds the safe points.  OUT is the caller's, to perf_atoms_free.  Errors: NPU_LIMIT. */
npu_status perf_atoms_find(const perf_prog *p, const npu_chip *chip, perf_atoms *out, npu_err *err);
void perf_atoms_free(perf_atoms *a); /* frees the contents, not A */

/* safe[k] for k in [0, n]: the routine may be cut before its command k.  SAFE has part->n + 1
 * entries; the first and last are always true.  Errors: NPU_LIMIT, NPU_BAD_INPUT. */
npu_status perf_safe_points(const perf_prog *p, const perf_part *part, const npu_chip *chip,
                            bool *safe, npu_err *err);

/* Ticks of commands [FIRST, FIRST + N) of PART run alone.  Errors: NPU_BAD_INPUT, NPU_LIMIT. */
npu_status perf_call_ticks(const perf_part *part, const npu_chip *chip, uint32_t first, uint32_t n,
                           int64_t *ticks, npu_err *err);

/* Packs atoms greedily in program order into calls of at most LIMIT_NS; 0: one call per routine.
 * HALF: also simulate each call with half the bandwidth.  OUT is the caller's, to
 * perf_split_free.  Errors: NPU_LIMIT, NPU_UNSUPPORTED (CPU function). */
npu_status perf_split_make(const perf_prog *p, const npu_chip *chip, const perf_atoms *atoms,
                           int64_t limit_ns, bool half, perf_split *out, npu_err *err);
void perf_split_free(perf_split *s); /* frees the contents, not S */

/* Greedy packing of plain lengths: call[i] is the sum of consecutive atoms.  A call closes before
 * the atom that would exceed LIMIT (0: never); an atom above it stays alone.  CALL has room for N.
 * Returns the number of calls. */
size_t perf_pack(const int64_t *atom, size_t n, int64_t limit, int64_t *call);

/* Reads a call limit: "500" and "500us" are microseconds, "0.5ms" milliseconds, at most
 * 4294967295 us.  Errors: NPU_USAGE with what is accepted. */
npu_status perf_limit_parse(const char *text, int64_t *ns, npu_err *err);

/* Adds to a profile of P's run what a limit on function calls does: fields split_* of OUT.  Errors:
 * as perf_split_make. */
npu_status perf_split_profile(const perf_prog *p, const npu_chip *chip, const npu_trace *trace,
                              int64_t limit_ns, npu_profile *out, npu_err *err);

/* Ticks in nanoseconds, rounded up. */
int64_t perf_ticks_ns(int64_t ticks, double tick_hz);

#endif
