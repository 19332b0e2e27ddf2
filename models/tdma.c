/* TDMA: bus beats and local-memory words of every transfer kind.
 *
 * A transfer takes  S + max(beats x DDR time, words x word time): the DDR side moves 16-byte beats
 * of the runs it can merge, the local side one 16-byte word per row piece and cycle.  Recomputed
 * beats equal the counter of the CV1835 trace on 558 of 559 uncompressed rows. */
#include <math.h>

#include "models/tdma.h"
#include "models/tiu.h"
#include "models/words.h"
#include "models/work.h"

typedef struct { /* one side of a tensor transfer */
    uint64_t addr, n, c, h, row;       /* ROW: bytes of one row */
    uint64_t n_str, c_str, h_str;      /* bytes */
} side;

static side src_side(const npu_tdma *t)
{
    return (side){t->src, t->n, t->src_c, t->src_h, (uint64_t)t->src_w * t->src_bytes,
                  t->src_n_str, t->src_c_str, t->src_h_str};
}

static side dst_side(const npu_tdma *t)
{
    return (side){t->dst, t->n, t->dst_c, t->dst_h, (uint64_t)t->dst_w * t->dst_bytes,
                  t->dst_n_str, t->dst_c_str, t->dst_h_str};
}

static const hw_walk once = {0, 1};

/* Bytes from the start of one run to the start of the next may exceed its length by at most GAP. */
static bool merges(uint64_t stride, uint64_t len, uint64_t gap)
{
    return stride >= len && stride - len <= gap;
}

/* Bus beats of the DDR side: rows merge into runs across gaps of at most GAP bytes. */
static uint64_t beats(side s, uint64_t gap)
{
    uint64_t run = s.row;
    hw_walk n = {s.n_str, s.n}, c = {s.c_str, s.c}, h = {s.h_str, s.h};
    if (s.h == 1 || merges(s.h_str, s.row, gap)) {
        run += (s.h - 1) * s.h_str;
        h = once;
        if (s.c == 1 || merges(s.c_str, run, gap)) {
            run += (s.c - 1) * s.c_str;
            c = once;
        }
    }
    return hw_words(s.addr, n, c, h, run);
}

/* Whether the H rows of a channel are one contiguous piece. */
static bool dense(side s)
{
    return s.h == 1 || s.h_str == s.row;
}

/* A row piece is the longest stretch contiguous on both sides. */
static void join_rows(side *a, bool both)
{
    if (both && dense(*a)) {
        a->row *= a->h;
        a->h = 1;
    }
}

/* Local-memory words.  Channel c lies in lane (lane0 + c) mod lanes at the offset of slice
 * (lane0 + c) / lanes, so a slice holds as many channels as there are lanes, less at both ends. */
static uint64_t local_words(const npu_chip *chip, side s)
{
    uint64_t lanes = (uint64_t)NPU_GET(chip, tpu_lanes);
    uint64_t off = s.addr % (uint64_t)NPU_GET(chip, lmem_lane_bytes);
    uint64_t head = lanes - hw_lane(chip, (uint32_t)s.addr), rest = 0, whole = 0;
    hw_walk n = {s.n_str, s.n}, h = {s.h_str, s.h};
    if (head > s.c)
        head = s.c;
    whole = (s.c - head) / lanes;
    rest = (s.c - head) % lanes;
    uint64_t sum = head * hw_words(off, n, h, once, s.row);
    sum += lanes * hw_words(off + s.c_str, n, h, (hw_walk){s.c_str, whole}, s.row);
    return sum + rest * hw_words(off + (whole + 1) * s.c_str, n, h, once, s.row);
}

/* Words of the DDR byte stream, each row piece for itself. */
static uint64_t stream_words(side s)
{
    return hw_words(s.addr, (hw_walk){s.n_str, s.n}, (hw_walk){s.c_str, s.c},
                    (hw_walk){s.h_str, s.h}, s.row);
}

/* The stream a decompressor delivers: rows back to back. */
static side packed(side s)
{
    s.addr = 0;
    s.h_str = s.row;
    s.c_str = s.row * s.h;
    s.n_str = s.c_str * s.c;
    return s;
}

void hw_tdma_set(sim_op *op, npu_unit unit, sim_setup setup, double in, double out,
                 double words)
{
    double most = 4294967295.0;
    op->unit = (uint8_t)unit;
    op->setup = (uint8_t)setup;
    if (in > most || out > most || words > most) {
        op->cycles = -1;
        return;
    }
    op->beats_in = (uint32_t)in;
    op->beats_out = (uint32_t)out;
    op->words = (uint32_t)words;
}

static double raw_bytes(side s)
{
    return (double)s.n * (double)s.c * (double)s.h * (double)s.row;
}

static double max(double a, double b)
{
    return a > b ? a : b;
}

/* Beats of a compressed blob: its size from the header, or an assumed ratio for activations. */
static double compressed_beats(const npu_chip *chip, const npu_tdma *t, side s)
{
    double bytes = t->blob_bytes ? t->blob_bytes
                                 : raw_bytes(s) * NPU_GET(chip, tdma_activation_ratio);
    return ceil(bytes / NPU_GET(chip, ddr_beat_bytes));
}

void hw_work_LOAD(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    side s = src_side(t), d = dst_side(t);
    double in = t->compress ? compressed_beats(chip, t, s)
                            : (double)beats(s, (uint64_t)NPU_GET(chip, tdma_load_gap));
    bool both = (t->compress || dense(s)) && dense(d) && t->src_h == t->dst_h;
    if (t->compress)
        s = packed(s);
    join_rows(&s, both);
    join_rows(&d, both);
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, in, 0,
        max((double)local_words(chip, d), (double)stream_words(s)));
    if (t->compress && op->cycles == 0)
        op->cycles = (int64_t)NPU_GET(chip, tdma_decompress);
}

void hw_work_STORE(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    side s = src_side(t), d = dst_side(t);
    double out = t->compress ? compressed_beats(chip, t, d)
                             : (double)beats(d, (uint64_t)NPU_GET(chip, tdma_store_gap));
    bool both = (t->compress || dense(d)) && dense(s) && t->src_h == t->dst_h;
    join_rows(&s, both);
    hw_tdma_set(op, NPU_UNIT_STORE, SIM_SETUP_STORE, 0, out, (double)local_words(chip, s));
    if (t->compress && op->cycles == 0)
        op->cycles = (int64_t)NPU_GET(chip, tdma_compress);
}

void hw_work_GCOPY(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    hw_tdma_set(op, NPU_UNIT_MOVE, SIM_SETUP_COPY,
        (double)beats(src_side(t), (uint64_t)NPU_GET(chip, tdma_load_gap)),
        (double)beats(dst_side(t), (uint64_t)NPU_GET(chip, tdma_store_gap)), 0);
}

/* A move reads and then writes pieces of at most one word. */
void hw_work_MOVE(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    side s = src_side(t), d = dst_side(t);
    bool both = dense(s) && dense(d) && t->src_h == t->dst_h;
    join_rows(&s, both);
    join_rows(&d, both);
    hw_tdma_set(op, NPU_UNIT_MOVE, SIM_SETUP_MOVE, 0, 0,
        max((double)local_words(chip, d), (double)local_words(chip, s)));
}

/* Words of a matrix whose rows of ROW bytes are cut in columns of CUT bytes, one per lane slice:
 * each piece counts the words it touches at its own alignment. */
static double cut_words(uint64_t addr, uint64_t rows, uint64_t pitch, uint64_t row, uint64_t cut)
{
    uint64_t whole = row / cut, rest = row % cut;
    hw_walk r = {pitch, rows};
    uint64_t sum = hw_words(addr, r, (hw_walk){cut, whole}, once, cut);
    if (rest)
        sum += hw_words(addr + whole * cut, r, once, once, rest);
    return (double)sum;
}

void hw_work_LOADMAT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    uint64_t row = (uint64_t)t->src_w * t->src_bytes, cut = (uint64_t)t->dst_w * t->src_bytes;
    side s = {t->src, 1, 1, t->n, row, 0, 0, t->src_c_str};
    side d = {t->dst, t->n, t->dst_c, 1, (uint64_t)t->dst_w * t->dst_bytes, t->dst_n_str,
              t->dst_c_str, 0};
    double in = t->compress ? compressed_beats(chip, t, s)
                            : (double)beats(s, (uint64_t)NPU_GET(chip, tdma_load_gap));
    double stream = t->compress ? cut_words(0, t->n, row, row, cut)
                                : cut_words(t->src, t->n, t->src_c_str, row, cut);
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, in, 0,
                max((double)local_words(chip, d), stream));
    if (t->compress && op->cycles == 0)
        op->cycles = (int64_t)NPU_GET(chip, tdma_decompress);
}

void hw_work_STOREMAT(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    uint64_t row = (uint64_t)t->dst_w * t->dst_bytes;
    side d = {t->dst, 1, 1, t->dst_c, row, 0, 0, t->dst_c_str};
    side s = {t->src, t->n, t->src_c, 1, (uint64_t)t->src_w * t->src_bytes, t->src_n_str,
              t->src_c_str, 0};
    double out = t->compress ? compressed_beats(chip, t, d)
                             : (double)beats(d, (uint64_t)NPU_GET(chip, tdma_store_gap));
    hw_tdma_set(op, NPU_UNIT_STORE, SIM_SETUP_STORE, 0, out, (double)local_words(chip, s));
    if (t->compress && op->cycles == 0)
        op->cycles = (int64_t)NPU_GET(chip, tdma_compress);
}

static double linear(uint64_t addr, uint64_t bytes)
{
    return (double)hw_words(addr, once, once, once, bytes);
}

void hw_work_LOADGEN(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_LOAD, SIM_SETUP_LOAD, linear(t->src, t->src_n_str), 0,
        max(linear(t->dst, t->src_n_str), linear(t->src, t->src_n_str)));
}

void hw_work_STOREGEN(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_STORE, SIM_SETUP_STORE, 0, linear(t->dst, t->src_n_str),
        linear(t->src, t->src_n_str));
}

void hw_work_GCOPYGEN(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    const npu_tdma *t = &cmd->u.tdma;
    (void)chip;
    hw_tdma_set(op, NPU_UNIT_MOVE, SIM_SETUP_COPY, linear(t->src, t->src_n_str),
        linear(t->dst, t->src_n_str), 0);
}

void hw_work_FILL(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    hw_tdma_set(op, NPU_UNIT_MOVE, SIM_SETUP_MOVE, 0, 0,
        (double)local_words(chip, dst_side(&cmd->u.tdma)));
}

void hw_work_FILLG(const npu_chip *chip, const npu_cmd *cmd, sim_op *op)
{
    hw_tdma_set(op, NPU_UNIT_STORE, SIM_SETUP_STORE, 0,
        (double)beats(dst_side(&cmd->u.tdma), (uint64_t)NPU_GET(chip, tdma_store_gap)), 0);
}
