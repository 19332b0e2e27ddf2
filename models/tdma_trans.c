/* TDMA transposes.
 *
 * No hardware trace of these modes is public.  How the DDR side is walked is the vendor
 * compiler's description; the local side is inferred: a transpose that changes which elements lie
 * side by side writes them one by one, one that only reorders rows writes whole rows. */
#include <math.h>

#include "models/tdma.h"
#include "models/words.h"
#include "models/work.h"

static const hw_walk once = {0, 1};

/* Rows of an image that keep their order: one run per row. */
static double rows(uint64_t addr, uint64_t n, uint64_t n_str, uint64_t c, uint64_t c_str,
                   uint64_t h, uint64_t h_str, uint64_t row)
{
    return (double)hw_words(addr, (hw_walk){n_str, n}, (hw_walk){c_str, c}, (hw_walk){h_str, h},
                            row);
}

static double src_rows(const npu_tdma *t)
{
    return rows(t->src, t->n, t->src_n_str, t->src_c, t->src_c_str, t->src_h, t->src_h_str,
                (uint64_t)t->src_w * t->src_bytes);
}

/* N and C are swapped, so the destination has as many images as the source has channels. */
static double dst_rows_nc(const npu_tdma *t)
{
    return rows(t->dst, t->src_c, t->dst_n_str, t->dst_c, t->dst_c_str, t->dst_h, t->dst_h_str,
                (uint64_t)t->dst_w * t->dst_bytes);
}

static double elements(const npu_tdma *t)
{
    return (double)t->n * t->src_c * t->src_h * t->src_w;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

void hw_work_LOADNCT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, src_rows(t), 0,
                larger(src_rows(t), dst_rows_nc(t)));
}

void hw_work_STORENCT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_STORE, SIM_SETUP_STORE, 0, dst_rows_nc(t), src_rows(t));
}

void hw_work_GCOPYNCT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_MOVE, SIM_SETUP_COPY, src_rows(t), dst_rows_nc(t), 0);
}

void hw_work_MOVENCT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_MOVE, SIM_SETUP_MOVE, 0, 0, larger(src_rows(t), dst_rows_nc(t)));
}

/* Rows and columns swapped: the vendor reads blocks of 8 rows x 128 bytes. */
void hw_work_LOADMATT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    enum { BLOCK_BYTES = 128 };
    const npu_tdma *t = &cmd->u.tdma;
    uint64_t row = (uint64_t)t->src_w * t->src_bytes, whole = row / BLOCK_BYTES;
    hw_walk r = {t->src_c_str, t->n};
    double in = (double)hw_words(t->src, r, (hw_walk){BLOCK_BYTES, whole}, once, BLOCK_BYTES);
    if (row % BLOCK_BYTES)
        in += (double)hw_words(t->src + whole * BLOCK_BYTES, r, once, once, row % BLOCK_BYTES);
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, in, 0, (double)t->n * t->src_w);
}

/* Packed pixels to planes: C elements side by side in DDR. */
void hw_work_LOADHWC(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    double in = rows(t->src, t->n, t->src_n_str, 1, 0, t->src_h, t->src_h_str,
                     (uint64_t)t->src_w * t->src_c * t->src_bytes);
    double out = rows(t->dst, t->n, t->dst_n_str, t->dst_c, t->dst_c_str, t->dst_h, t->dst_h_str,
                      (uint64_t)t->dst_w * t->dst_bytes);
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, in, 0, larger(in, out));
}

void hw_work_LOADCWT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, src_rows(t), 0,
                larger(src_rows(t), elements(t)));
}

/* Rows never merge on the DDR side. */
void hw_work_STORECWT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    double out = rows(t->dst, t->n, t->dst_n_str, t->dst_c, t->dst_c_str, t->dst_h, t->dst_h_str,
                      (uint64_t)t->dst_w * t->dst_bytes);
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_STORE, SIM_SETUP_STORE, 0, out, larger(out, elements(t)));
}
