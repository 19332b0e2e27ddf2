/* Task type 1: pooling and depthwise convolution.
 *
 * Every lane walks its own channel.  Pooling fetches, for each tile of outputs and each kernel
 * position, the distinct words the tile's inputs lie in; a position padding removes still takes a
 * cycle.  Exact on the max and average pools of the CV1835 trace. */
#include <math.h>
#include <string.h>

#include "models/tiu.h"
#include "models/words.h"
#include "models/work.h"

/* One row of outputs OW wide is cut into runs: the part of a tile that lies in one row. */
typedef struct {
    int64_t x0, count; /* first output column, columns */
} piece;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Column of the stretched, padded row that output X reads at kernel column KX. */
static int64_t column(const npu_tiu *t, int64_t x, int64_t kx)
{
    return x * t->stride_w + kx * t->dil_w - t->pad_l;
}

/* Distinct words the piece touches in an input row at byte ROW.  Stretched column X holds input
 * column X / (ins + 1); inserted zeros and padding are not fetched. */
static int64_t words_of_piece(const npu_tiu *t, int64_t row, piece p, int64_t kx)
{
    int64_t ins = t->ins_w + 1, bytes = t->a.bytes;
    if (t->stride_w == 1 || (ins == 1 && t->stride_w * bytes <= HW_WORD)) {
        /* no word is skipped between the first and the last column that exist */
        int64_t s = t->stride_w, from = column(t, p.x0, kx), to = column(t, p.x0 + p.count - 1, kx);
        if (from < 0)
            from += (-from + s - 1) / s * s;
        if (to > (t->a.w - 1) * ins)
            to -= (to - (t->a.w - 1) * ins + s - 1) / s * s;
        int64_t first = (from + ins - 1) / ins, last = floor_div(to, ins);
        return last < first ? 0
                            : (row + last * bytes) / HW_WORD - (row + first * bytes) / HW_WORD + 1;
    }
    int64_t last_word = -1, words = 0;
    for (int64_t i = 0; i < p.count; i++) {
        int64_t x = column(t, p.x0 + i, kx);
        if (x < 0 || x % ins || x / ins >= t->a.w)
            continue;
        int64_t w = (row + x / ins * bytes) / HW_WORD;
        words += w != last_word;
        last_word = w;
    }
    return words;
}

/* Byte distance between rows of the input in a lane. */
static int64_t row_stride(const npu_tiu *t)
{
    return t->a.mode == 3 ? t->a.h_str : (int64_t)t->a.w * t->a.bytes;
}

/* Words of the tile that starts at flat output index FIRST, all kernel positions. */
static int64_t words_of_tile(const npu_tiu *t, int64_t first, int64_t outputs)
{
    int64_t ow = t->res.w, total = 0, ins = t->ins_h + 1;
    for (int64_t ky = 0; ky < t->b.h; ky++)
        for (int64_t kx = 0; kx < t->b.w; kx++) {
            int64_t words = 0;
            for (int64_t i = first; i < first + outputs;) {
                int64_t y = i / ow, x = i % ow, left = first + outputs - i;
                piece p = {x, ow - x < left ? ow - x : left};
                int64_t iy = y * t->stride_h + ky * t->dil_h - t->pad_t;
                if (iy >= 0 && iy % ins == 0 && iy / ins < t->a.h)
                    words += words_of_piece(t, iy / ins * row_stride(t), p, kx);
                i += p.count;
            }
            total += words > 1 ? words : 1;
        }
    return total;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Counting is exact up to this many tiles; above, rows in the middle repeat and are sampled. */
enum { TILES_EXACT = 128 };

/* Sum over all tiles of a channel.  Large maps are regular: the first and last tiles carry the
 * padding, the middle is sampled at even steps. */
static double words_of_channel(const npu_chip *chip, const npu_tiu *t)
{
    int64_t outputs = (int64_t)t->res.h * t->res.w, tile = (int64_t)hw_tile(chip, t);
    int64_t tiles = (outputs + tile - 1) / tile, step = 1;
    double sum = 0;
    int64_t counted = 0;
    if (tiles > TILES_EXACT) {
        int64_t phases = t->res.w / gcd(t->res.w, tile); /* where in a row a tile may start */
        step = (tiles + TILES_EXACT - 1) / TILES_EXACT;
        while (gcd(step, phases) > 1) /* else some would never be visited */
            step++;
    }
    for (int64_t i = 0; i < tiles; i += step, counted++) {
        int64_t first = i * tile, n = outputs - first < tile ? outputs - first : tile;
        sum += (double)words_of_tile(t, first, n);
    }
    return sum * (double)tiles / (double)counted;
}

static double kernel_area(const npu_tiu *t)
{
    return (double)t->b.h * t->b.w;
}

static double tiles_of(const npu_chip *chip, const npu_tiu *t)
{
    return (double)hw_ceil_div((uint64_t)t->res.h * t->res.w, hw_tile(chip, t));
}

static void minmax_pool(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    hw_tiu_set(op, (double)hw_groups(chip, t) * words_of_channel(chip, t),
               NPU_GET(chip, tiu_pool_fixed));
}

void hw_work_MAXPOOL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    minmax_pool(chip, cmd, op);
}

void hw_work_MINPOOL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    minmax_pool(chip, cmd, op);
}

void hw_work_AVGPOOL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double result = t->bf16    ? NPU_GET(chip, tiu_avgpool_result_bf16)
                    : t->quant ? NPU_GET(chip, tiu_avgpool_result_q)
                               : NPU_GET(chip, tiu_avgpool_result);
    hw_tiu_set(op,
               (double)hw_groups(chip, t) *
                   (words_of_channel(chip, t) + result * tiles_of(chip, t)),
               NPU_GET(chip, tiu_pool_fixed));
}

/* Words a tile fetches per kernel position, on average.  A map narrower than the tile is fetched
 * in pieces, one per row.  The average is the one convolutions obey; the vendor's estimate is the
 * same but for narrow maps. */
static double depthwise_words(const npu_chip *chip, const npu_tiu *t)
{
    double outputs = (double)hw_tile(chip, t), pieces = 1;
    if (kernel_area(t) <= 1 && t->stride_w == 1)
        return 1;
    if (t->res.w < outputs) {
        pieces = outputs / t->res.w < t->res.h ? outputs / t->res.w : t->res.h;
        outputs = t->res.w;
    }
    return pieces * hw_fetch_words(chip, t, outputs);
}

void hw_work_DWCONV(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tiu *t = &cmd->u.tiu;
    double loop = kernel_area(t) * depthwise_words(chip, t);
    if (loop > kernel_area(t))
        op->cause = NPU_CAUSE_LMEM;
    if (t->quant && loop < NPU_GET(chip, tiu_quant_loop_min)) {
        loop = NPU_GET(chip, tiu_quant_loop_min);
        op->cause = NPU_CAUSE_VECTOR;
    }
    if (t->bias && !t->quant)
        loop += NPU_GET(chip, tiu_bias_cycles);
    loop += t->bf16 ? NPU_GET(chip, tiu_dw_shift_bf16) : NPU_GET(chip, tiu_dw_shift_int8);
    hw_tiu_set(op, (double)hw_groups(chip, t) * tiles_of(chip, t) * loop,
               t->quant ? NPU_GET(chip, tiu_dw_fixed_q) : NPU_GET(chip, tiu_dw_fixed));
    op->macs = (uint64_t)t->res.n * t->res.c * t->res.h * t->res.w * t->b.h * t->b.w;
}
