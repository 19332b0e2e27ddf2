/* What the two halves of the executor share. */
#ifndef NPUSIM_TESTS_UNIT_CVI_EXEC_TIU_H
#define NPUSIM_TESTS_UNIT_CVI_EXEC_TIU_H

#include <stdbool.h>

#include "npusim/cmd.h"
#include "tests/unit/cvi_exec.h"

typedef struct {                /* a byte of local memory */
    uint16_t wrote[2], read[2]; /* last command, [0] TDMA, [1] TIU */
    int8_t v;
    bool written;
} exec_cell;

typedef struct {
    cvi_exec *e;
    exec_cell *cell;            /* lane by lane */
    uint32_t lanes, lane_bytes;
    npu_cmd cmd;
    const uint8_t *payload;
    uint16_t last[2];           /* number of the last command, [0] TDMA, [1] TIU */
    uint16_t waited[2];         /* per engine: command of the other that has ended for sure */
} exec_run;

__attribute__((format(printf, 2, 3))) void exec_bad(exec_run *r, const char *fmt, ...);
/* Cell of channel C at INSIDE bytes into its plane, of an operand at ADDR. */
exec_cell *exec_at(exec_run *r, uint32_t addr, uint32_t c, uint64_t c_str, uint64_t inside);
int8_t exec_read(exec_run *r, exec_cell *x);
void exec_write(exec_run *r, exec_cell *x, int8_t v);

void exec_tiu(exec_run *r);

#endif
