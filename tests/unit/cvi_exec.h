/* Runs the commands of a compiled cv181x model byte by byte and checks how they use memory.
 *
 * Independent of compiler/: reads the finished model through the decoder.  Every byte of local
 * memory and DDR knows whether it was written, and in local memory by which command of which
 * engine; a command that touches a byte the other engine's unfinished command may still use, that
 * nobody wrote, or that lies outside, is an error. */
#ifndef NPUSIM_TESTS_UNIT_CVI_EXEC_H
#define NPUSIM_TESTS_UNIT_CVI_EXEC_H

#include <stdint.h>

#include "npusim/chip.h"
#include "npusim/model.h"

enum { CVI_EXEC_MEMORIES = 8 };

typedef struct {
    uint8_t *byte;
    uint8_t *stores;            /* times written, saturating; given ones are 1 */
    uint64_t n;
} cvi_exec_memory;

typedef struct {
    cvi_exec_memory ddr[CVI_EXEC_MEMORIES];
    uint64_t macs;
    uint32_t commands;
    char bad[512];              /* first thing that is wrong; "": nothing */
} cvi_exec;

/* Runs every TPU routine of the first program.  INPUT fills each input byte by tensor and index. */
void cvi_exec_run(cvi_exec *e, const npu_model *m, const npu_chip *chip,
                  int8_t (*input)(const npu_tensor *t, uint64_t i));
void cvi_exec_free(cvi_exec *e);

/* Requantisation with a 31-bit multiplier and a 6-bit signed shift, as published for the chip. */
int8_t cvi_requant(int32_t acc, uint32_t multiplier, uint8_t shift, int relu);
/* Right shift, half up, and saturation to BITS. */
int32_t cvi_shift(int64_t v, unsigned shift, int relu, unsigned bits);

#endif
