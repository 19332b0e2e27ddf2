/* Cost of the commands of bernoulli2.
 *
 * The array computes tiles of 8 columns x 4 input x 8 output channels, so every extent is paid
 * rounded up.  Rules: the conversion guide's performance notes (alignment, even kernels, stride,
 * groups, activations built from multiplications); rates: fitted to published latencies, see the
 * chip files. */
#include <math.h>

#include "models/tiu.h"
#include "models/words.h"
#include "models/work.h"

static double up(double v, double to)
{
    return ceil(v / to) * to;
}

/* Even kernels run as the next odd one. */
static double kernel(const npu_chip *chip, double k)
{
    if (NPU_GET(chip, bpu_odd_kernels) == 0 || k < 2 || fmod(k, 2) == 1)
        return k;
    return k + 1;
}

/* Columns computed per column kept, when the stride is beyond what the array can step. */
static double overstride(const npu_chip *chip, double stride)
{
    double native = NPU_GET(chip, bpu_native_stride);
    if (stride <= native)
        return 1;
    return stride / (fmod(stride, 2) == 0 ? native : 1);
}

/* Result elements as the array counts them, without channels. */
static double positions(const npu_chip *chip, const npu_tiu *t)
{
    double h = t->res.h * overstride(chip, t->stride_h);
    double w = up(t->res.w * overstride(chip, t->stride_w), NPU_GET(chip, bpu_align_w));
    return t->res.n * h * w;
}

static double window(const npu_chip *chip, const npu_tiu *t)
{
    /* inserted zeros are not multiplied: each output meets only every up_h-th, up_w-th tap */
    double kh = ceil((double)t->b.h / (t->ins_h + 1)), kw = ceil((double)t->b.w / (t->ins_w + 1));
    return kernel(chip, kh) * kernel(chip, kw);
}

static void finish(const npu_chip *chip, const npu_tiu *t, double cycles, sim_op *op)
{
    double fixed = NPU_GET(chip, bpu_command) + (t->first ? NPU_GET(chip, bpu_layer) : 0);
    hw_tiu_set(op, cycles, fixed);
}

void hw_work_BCONV(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double g = t->group, ci = t->a.c / g, co = t->res.c / g;
    double align_in = g > 1 ? NPU_GET(chip, bpu_align_group) : NPU_GET(chip, bpu_align_in);
    double padded = up(ci, align_in) * up(co, NPU_GET(chip, bpu_align_out)) * g;
    double dense = up(t->a.c, NPU_GET(chip, bpu_align_in)) *
                   up(t->res.c, NPU_GET(chip, bpu_align_out));
    double work = positions(chip, t) * window(chip, t) * (padded < dense ? padded : dense);
    finish(chip, t, work / (NPU_GET(chip, bpu_macs) * NPU_GET(chip, bpu_efficiency)), op);
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.h * t->res.w * (uint64_t)ci * t->b.h *
               t->b.w / ((uint64_t)(t->ins_h + 1) * (t->ins_w + 1));
}

static double depthwise(const npu_chip *chip, const npu_tiu *t)
{
    return positions(chip, t) * window(chip, t) * up(t->res.c, NPU_GET(chip, bpu_align_out)) /
           NPU_GET(chip, bpu_macs_depthwise);
}

void hw_work_BDW(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    finish(chip, t, depthwise(chip, t), op);
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.h * t->res.w * t->b.h * t->b.w;
}

void hw_work_BPOOL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double cycles = depthwise(chip, t), native = NPU_GET(chip, bpu_native_stride);
    double input = (double)t->a.n * t->a.h * up(t->a.w, NPU_GET(chip, bpu_align_w)) *
                   up(t->a.c, NPU_GET(chip, bpu_align_in));
    int passes = t->fn == 0 ? (t->pad_t > 1 || t->pad_l > 1) +
                                  (t->stride_h > native || t->stride_w > native) : 0;
    finish(chip, t, cycles + passes * input / NPU_GET(chip, bpu_move_bytes), op);
}

/* Padded result elements. */
static double elements(const npu_chip *chip, const npu_tiu *t)
{
    return (double)t->res.n * t->res.h * up(t->res.w, NPU_GET(chip, bpu_align_w)) *
           up(t->res.c, NPU_GET(chip, bpu_align_out));
}

void hw_work_BELT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double share = NPU_GET(chip, bpu_elt_other);
    if (t->fn == 0 || t->fn == 6)
        share = NPU_GET(chip, bpu_elt_add);
    else if (t->fn == 4)
        share = NPU_GET(chip, bpu_elt_prelu);
    finish(chip, t, elements(chip, t) / (NPU_GET(chip, bpu_macs_depthwise) * share), op);
}

void hw_work_BLUT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    finish(chip, t, elements(chip, t) / (NPU_GET(chip, bpu_macs_depthwise) *
                                         NPU_GET(chip, bpu_lut)), op);
}

void hw_work_BCOPY(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double taps = t->fn == 2 ? 4 : 1; /* linear interpolation reads four neighbours */
    finish(chip, t, taps * elements(chip, t) / NPU_GET(chip, bpu_move_bytes), op);
}

static void transfer(const npu_chip *chip, const npu_tdma *t, uint64_t addr, uint32_t *beats,
                     sim_op *op)
{
    uint64_t bytes = (uint64_t)NPU_GET(chip, ddr_beat_bytes);
    hw_walk rows = {t->stride, t->rows}, once = {0, 1};
    if (t->stride == t->row_bytes) { /* one piece */
        uint64_t all = (uint64_t)t->rows * t->row_bytes;
        *beats = (uint32_t)((addr % bytes + all + bytes - 1) / bytes);
    } else {
        *beats = (uint32_t)hw_words(addr, rows, once, once, t->row_bytes);
    }
    op->unit = t->dir ? NPU_UNIT_STORE : NPU_UNIT_LOAD;
    op->setup = t->dir ? SIM_SETUP_STORE : SIM_SETUP_LOAD;
}

void hw_work_BLOAD(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    transfer(chip, &cmd->u.tdma, cmd->u.tdma.src, &op->beats_in, op);
}

void hw_work_BSTORE(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    transfer(chip, &cmd->u.tdma, cmd->u.tdma.dst, &op->beats_out, op);
}
