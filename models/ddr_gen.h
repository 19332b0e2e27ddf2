/* Traffic patterns to hold DRAM models against: pure functions of a run's number.
 *
 * Patterns and sizes are those DRAMsim3 and Ramulator 2 were measured with; docs/DDR.md. */
#ifndef MODELS_DDR_GEN_H
#define MODELS_DDR_GEN_H

#include "models/ddr_bank.h"

typedef enum {
    HW_GEN_SEQ_RD,  /* contiguous reads */
    HW_GEN_SEQ_WR,  /* contiguous writes */
    HW_GEN_STR224,  /* 224-byte reads 50176 bytes apart: a row of each channel of 224x224 */
    HW_GEN_STR56,   /* 56-byte reads 3136 bytes apart: the same of 56x56 */
    HW_GEN_TWO_RD,  /* two read streams 96 MiB apart in turn, 256 bytes each */
    HW_GEN_MIX64,   /* read 64 bytes, write 64 bytes, streams 64 MiB apart */
    HW_GEN_MIX256,
    HW_GEN_MIX4K,
    HW_GEN_MIX2TO1, /* read 512 bytes, write 256 bytes */
    HW_GEN_RAND64,  /* aligned 64-byte reads anywhere in 256 MiB */
    HW_GENS
} hw_gen;

const char *hw_gen_name(hw_gen g);      /* "seq_rd" */
hw_gen hw_gen_find(const char *name);   /* HW_GENS when there is none */
uint64_t hw_gen_runs(hw_gen g);         /* runs of the whole pattern */
hw_ddr_run hw_gen_run(hw_gen g, uint64_t i); /* run I */

typedef struct {        /* a source over a pattern: set G, leave NEXT 0 */
    hw_gen g;
    uint64_t next, runs; /* RUNS 0: all */
} hw_gen_source;

hw_ddr_source hw_gen_next; /* STATE is a hw_gen_source */

#endif
