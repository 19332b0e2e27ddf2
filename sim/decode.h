/* Descriptor -> npu_cmd.  The only code that gives register fields their meaning. */
#ifndef SIM_DECODE_H
#define SIM_DECODE_H

#include "npusim/chip.h"
#include "npusim/cmd.h"

/* Decodes one descriptor of N bytes.  out->offset is left alone; blob_bytes stays 0 (it is in the
 * weights, not in the descriptor).  Errors: NPU_BAD_INPUT (wrong length, not marked valid, a shape
 * that cannot be), NPU_UNSUPPORTED (no such instruction, or a field whose effect nobody has
 * published); both name the field and its value. */
npu_status sim_decode(npu_isa isa, npu_engine engine, const uint8_t *payload, size_t n,
                      npu_cmd *out, npu_err *err);

/* The same for a descriptor of bernoulli2 (64 bytes) whose engine and kind OUT holds. */
npu_status sim_decode_bpu(const uint8_t *payload, npu_cmd *out, npu_err *err);

#endif
