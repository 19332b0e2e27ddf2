/* Two in-order queues, TIU and TDMA, that wait for each other's commands.
 *
 * Rule (exact on all 2985 rows of a CV1835 trace): a command starts when its predecessor in the
 * queue has ended and every command it awaits has ended, each plus a gap.  The machine knows this
 * order and no hardware number: gaps and durations come from the caller. */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "npusim/err.h"
#include "npusim/trace.h"
#include "sim/op.h"

enum { SIM_TIU, SIM_TDMA, SIM_QUEUES };

typedef struct {
    int64_t ticks;          /* at least 1 */
    uint32_t fixed;         /* part of TICKS charged as fixed cost */
    npu_cause cause;        /* of the rest */
} sim_cost;

/* Duration of an op that starts at tick START: what others do to the DDR depends on the time.
 * STATE is the model's; ops of one queue come in order of START. */
typedef sim_cost sim_cost_fn(void *state, const sim_op *op, int64_t start);

typedef struct {
    int64_t after_own[SIM_QUEUES];   /* gap after the predecessor in the queue */
    int64_t after_other[SIM_QUEUES]; /* gap after an awaited command of the other queue */
    int64_t segment;                 /* between the end of one segment and the start of the next */
    sim_cost_fn *cost;
    void *state;                     /* not owned */
    uint32_t beat_bytes;             /* bytes of a bus beat, for the traffic counters */
    uint32_t word_bytes;             /* bytes of a local-memory word */
} sim_machine;

/* Where a run ended. */
typedef struct {
    int64_t end;            /* last end */
    uint32_t last;          /* span that ended last */
} sim_end;

/* Runs OP[0..n) starting at tick START and appends one span per op to TRACE, in order of start.
 * AFTER is the span the first commands follow (NPU_NO_SPAN: none).  Errors: NPU_BAD_INPUT when
 * commands wait for each other (both are named); NPU_LIMIT without memory. */
npu_status sim_run(const sim_machine *m, const sim_op *op, uint32_t n, uint16_t subgraph,
                   int64_t start, uint32_t after, npu_trace *trace, sim_end *end, npu_err *err);

/* Makes room for N more spans.  Errors: NPU_LIMIT. */
npu_status sim_trace_reserve(npu_trace *t, uint32_t n, npu_err *err);

#endif
