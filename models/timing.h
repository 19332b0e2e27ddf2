/* Clocks and bandwidth: how long prepared work takes on a chip as it is set now. */
#ifndef MODELS_TIMING_H
#define MODELS_TIMING_H

#include "npusim/chip.h"
#include "sim/machine.h"

typedef struct {
    double beat_in, beat_out;       /* cycles per DDR beat of a load, of a store */
    double word_in, word_out;       /* cycles per local-memory word */
    double latency_in, latency_out; /* cycles before a load's first data; fixed part of a store */
    double posted;                  /* last beats of a store that do not delay its end */
    double move_chunk, move_setup;  /* cycles per piece; fixed cycles of a local move */
} hw_timing;

/* Derives the timing from the chip's numbers; contention takes its share of the DDR. */
hw_timing hw_timing_of(const npu_chip *chip);

/* A machine of the chip: synchronisation gaps and hw_cost over TIMING, which must outlive it. */
sim_machine hw_machine(const npu_chip *chip, hw_timing *timing);

/* Duration of an op; STATE is a hw_timing, which stays as it is; START has no influence. */
sim_cost hw_cost(void *state, const sim_op *op, int64_t start);

typedef struct {                    /* a transfer: SETUP, then the longer of DDR and LOCAL */
    double setup, ddr, local;       /* cycles */
} hw_transfer;

/* What a TDMA op takes (its setup is not SIM_SETUP_NONE). */
hw_transfer hw_transfer_of(const hw_timing *t, const sim_op *op);
sim_cost hw_transfer_cost(hw_transfer x);

/* Ticks per second of the common counter: the TPU clock. */
double hw_tick_hz(const npu_chip *chip);

#endif
