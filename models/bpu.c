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

/* Result elements as the array counts them, without channels.  A deconvolution is one convolution
 * per phase of its stride. */
static double positions(const npu_chip *chip, const npu_tiu *t)
{
    double h = t->res.h * overstride(chip, t->stride_h), phases = t->ins_w + 1.0;
    double w = ceil(t->res.w * overstride(chip, t->stride_w) / phases);
    return t->res.n * h * up(w, NPU_GET(chip, bpu_align_w)) * phases;
}

static double window(const npu_chip *chip, const npu_tiu *t)
{
    /* inserted zeros are not multiplied: each output meets only every up_h-th, up_w-th tap */
    double kh = ceil((double)t->b.h / (t->ins_h + 1)), kw = ceil((double)t->b.w / (t->ins_w + 1));
    return kernel(chip, kh) * kernel(chip, kw);
}

/* C channels as computed, in multiples of ALIGN; or in groups of SLOT that are padded each. */
static double channels(const npu_chip *chip, double c, unsigned slot, double align)
{
    double all = up(c, align);
    if (slot == 0)
        return all;
    double split = ceil(c / slot) * up(slot, NPU_GET(chip, bpu_align_group));
    return split > all ? split : all;
}

/* Padded result elements. */
static double elements(const npu_chip *chip, const npu_tiu *t)
{
    return (double)t->res.n * t->res.h * up(t->res.w, NPU_GET(chip, bpu_align_w)) *
           channels(chip, t->res.c, t->out_slot, NPU_GET(chip, bpu_align_out));
}

/* Bytes of the source with PAD rows and columns of padding, as stored. */
static double source(const npu_chip *chip, const npu_tiu *t, bool pad)
{
    double h = t->a.h + (pad ? t->pad_t + t->pad_b : 0);
    double w = t->a.w + (pad ? t->pad_l + t->pad_r : 0);
    return t->a.n * h * up(w, NPU_GET(chip, bpu_align_w)) *
           channels(chip, t->a.c, t->in_slot, NPU_GET(chip, bpu_align_in));
}

/* Cycles of the copies around a window the array cannot take as it is. */
static double copies(const npu_chip *chip, const npu_tiu *t)
{
    double bytes = 0;
    if (t->padded)
        bytes += NPU_GET(chip, bpu_pad_copies) * source(chip, t, true);
    if (t->dil_h > 1 || t->dil_w > 1)
        bytes += NPU_GET(chip, bpu_dilation_copies) * source(chip, t, false);
    if (t->ins_h || t->ins_w)
        bytes += NPU_GET(chip, bpu_deconv_copies) * elements(chip, t);
    return bytes / NPU_GET(chip, bpu_move_bytes);
}

static void finish(const npu_chip *chip, const npu_tiu *t, double cycles, sim_op *op)
{
    double fixed = NPU_GET(chip, bpu_command) + (t->first ? NPU_GET(chip, bpu_layer) : 0);
    hw_tiu_set(op, cycles, fixed);
}

/* Groups are padded apart, unless all channels with each other cost less. */
void hw_work_BCONV(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double g = t->group, ci = t->a.c / g, co = t->res.c / g, out = NPU_GET(chip, bpu_align_out);
    double in = NPU_GET(chip, bpu_align_in), in_group = g > 1 ? NPU_GET(chip, bpu_align_group) : in;
    double padded = channels(chip, ci, t->in_slot, in_group) *
                    channels(chip, co, t->out_slot, out) * g;
    double dense = channels(chip, t->a.c, t->in_slot, in) *
                   channels(chip, t->res.c, t->out_slot, out);
    double work = positions(chip, t) * window(chip, t) * (padded < dense ? padded : dense);
    double rate = NPU_GET(chip, bpu_macs) * NPU_GET(chip, bpu_efficiency);
    finish(chip, t, work / rate + copies(chip, t), op);
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.h * t->res.w * (uint64_t)ci * t->b.h *
               t->b.w / ((uint64_t)(t->ins_h + 1) * (t->ins_w + 1));
}

static double depthwise(const npu_chip *chip, const npu_tiu *t)
{
    return positions(chip, t) * window(chip, t) *
           channels(chip, t->res.c, t->out_slot, NPU_GET(chip, bpu_align_out)) /
           NPU_GET(chip, bpu_macs_depthwise);
}

void hw_work_BDW(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    finish(chip, t, depthwise(chip, t) + copies(chip, t), op);
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.h * t->res.w * t->b.h * t->b.w;
}

void hw_work_BPOOL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double native = NPU_GET(chip, bpu_native_stride);
    int extra = t->fn == 0 ? (t->pad_t > 1 || t->pad_l > 1) +
                                 (t->stride_h > native || t->stride_w > native) : 0;
    double passes = extra * NPU_GET(chip, bpu_pool_passes) * source(chip, t, false);
    finish(chip, t, depthwise(chip, t) + passes / NPU_GET(chip, bpu_move_bytes), op);
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

/* Linear interpolation reads four neighbours; a reshape of columns that are not aligned moves less
 * than a tile at a time. */
void hw_work_BCOPY(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double align = NPU_GET(chip, bpu_align_w), taps = t->fn == 2 ? 4 : 1;
    if (t->fn == 3 && (fmod(t->a.w, align) != 0 || fmod(t->res.w, align) != 0))
        taps = NPU_GET(chip, bpu_reshape);
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
