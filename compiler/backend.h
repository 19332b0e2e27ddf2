/* Back ends: one function per command set. */
#ifndef COMPILER_BACKEND_H
#define COMPILER_BACKEND_H

#include "compiler/net.h"
#include "npusim/chip.h"

/* Appends the routine, tensors, weights and commands of one sub-graph to M. */
typedef npu_status cc_backend(const cc_net *net, const cc_options *o, const npu_chip *chip,
                              npu_model *m, npu_err *err);

/* The back end of CHIP, NULL when there is none. */
cc_backend *cc_backend_of(const npu_chip *chip);

#endif
