/* A command as the engine runs it: how much work, in which queue, after what.
 *
 * models/ fills the work from an npu_cmd once; clocks and bandwidth are applied when the command
 * starts, so a run with another DDR starts from the same ops. */
#ifndef SIM_OP_H
#define SIM_OP_H

#include <stdint.h>

#include "npusim/trace.h"

/* Which of the fixed costs of the TDMA applies. */
typedef enum { SIM_SETUP_NONE, SIM_SETUP_LOAD, SIM_SETUP_STORE, SIM_SETUP_COPY, SIM_SETUP_MOVE }
    sim_setup;

typedef struct {
    uint64_t macs;
    int64_t cycles;         /* TIU, CPU: whole duration; TDMA: cycles beside latency and transfer */
    uint32_t fixed;         /* TIU: part of CYCLES that does not depend on the shape */
    uint32_t beats_in, beats_out; /* TDMA: bus beats read from, written to DDR */
    uint32_t words;         /* TDMA: local-memory words; of a move: pieces */
    uint32_t cmd;           /* index in its program, NPU_NO_SPAN for a CPU routine */
    uint32_t wait;          /* commands of the other queue that must have ended, in this segment */
    uint16_t segment;       /* ops of one segment share a numbering; segments run one by one */
    uint8_t queue;          /* 0 TIU, 1 TDMA */
    uint8_t unit, kind;     /* npu_unit, npu_kind */
    uint8_t cause;          /* npu_cause of the variable part; TDMA: decided when it runs */
    uint8_t setup;          /* sim_setup */
} sim_op;

#endif
