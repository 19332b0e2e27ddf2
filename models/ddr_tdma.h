/* The DDR side of a TDMA command as runs of bytes. */
#ifndef MODELS_DDR_TDMA_H
#define MODELS_DDR_TDMA_H

#include "models/ddr_bank.h"
#include "npusim/cmd.h"
#include "sim/op.h"

typedef struct { /* rows of ROW bytes at ADDR + n*n_str + c*c_str + h*h_str; no padding inside */
    uint64_t addr, n, c, h, row, n_str, c_str, h_str;
    uint64_t write; /* 0 or 1 */
} hw_ddr_walk;

/* What CMD, whose work is OP, reads and writes; OUT has room for two.  Returns their number. */
int hw_ddr_walks(const npu_chip *chip, const npu_cmd *cmd, const sim_op *op, hw_ddr_walk out[2]);

typedef struct { /* a source over one or two walks; two take turns piece by piece */
    hw_ddr_walk walk[2];
    uint64_t at[2], in_row[2]; /* rows given, bytes given of the current one */
    uint64_t piece;            /* bytes of a turn */
    int n, turn;
} hw_walk_source;

hw_ddr_source hw_walk_next; /* STATE is a hw_walk_source */

#endif
