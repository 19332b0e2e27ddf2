/* What the TDMA families share. */
#ifndef MODELS_TDMA_H
#define MODELS_TDMA_H

#include "sim/op.h"

/* Stores the traffic of a transfer in OP; marks it impossible beyond 2^32 beats or words. */
void hw_tdma_set(sim_op *op, npu_unit unit, sim_setup setup, double beats_in, double beats_out,
                 double words);

#endif
