/* One command as a line of text, and back.
 *
 *   conv id=3 wait=2 layer=7 opt_chl_quan=1 res0_n=1 res0_c=16 ...
 *
 * First the mnemonic of insn.def, then id, wait and layer, then every field that differs from what
 * the mnemonic and the layout's preset imply, in order of position, values decimal or 0x hex.
 * Printing and parsing are exact inverses for every payload that sim_identify knows. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stddef.h>

#include "npusim/chip.h"
#include "npusim/cmd.h"
#include "sim/layout.h"

/* Writes the line without newline to OUT (CAP bytes, 8 KiB always suffices).
 * Errors: as sim_decode for unknown instructions; NPU_LIMIT when OUT is too small. */
npu_status sim_text_print(npu_isa isa, npu_engine engine, const uint8_t *payload, size_t n,
                          char *out, size_t cap, npu_err *err);

/* Parses LINE into a descriptor.  Errors: NPU_BAD_INPUT naming the word, and the fields or range
 * allowed. */
npu_status sim_text_parse(npu_isa isa, const char *line, npu_engine *engine,
                          uint8_t payload[SIM_PAYLOAD_MAX], size_t *n, npu_err *err);

#endif
