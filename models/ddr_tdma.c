/* See ddr_tdma.h.  Which rows a command touches is as in tdma.c and tdma_trans.c. */
#include "models/ddr_tdma.h"

static bool merges(uint64_t stride, uint64_t len, uint64_t gap)
{
    return stride >= len && stride - len <= gap;
}

/* Joins rows into longer runs as the TDMA does: across gaps of at most GAP bytes. */
static hw_ddr_walk joined(hw_ddr_walk w, uint64_t gap)
{
    if (w.h == 1 || merges(w.h_str, w.row, gap)) {
        w.row += (w.h - 1) * w.h_str;
        w.h = 1;
        w.h_str = 0;
        if (w.c == 1 || merges(w.c_str, w.row, gap)) {
            w.row += (w.c - 1) * w.c_str;
            w.c = 1;
            w.c_str = 0;
        }
    }
    if (w.n == 1)
        w.n_str = 0;
    if (w.c == 1)
        w.c_str = 0;
    return w;
}

static hw_ddr_walk linear(uint64_t addr, uint64_t bytes)
{
    return (hw_ddr_walk){.addr = addr, .n = 1, .c = 1, .h = 1, .row = bytes};
}

static hw_ddr_walk read_side(const npu_cmd *cmd, uint64_t gap)
{
    const npu_tdma *t = &cmd->u.tdma;
    uint64_t row = (uint64_t)t->src_w * t->src_bytes;
    switch ((npu_kind)cmd->kind) {
    case NPU_KIND_LOADGEN:
    case NPU_KIND_GCOPYGEN:
        return linear(t->src, t->src_n_str);
    case NPU_KIND_LOADMAT:
    case NPU_KIND_LOADMATT:
        return joined((hw_ddr_walk){t->src, 1, 1, t->n, row, 0, 0, t->src_c_str, 0}, gap);
    case NPU_KIND_LOADHWC:
        return joined((hw_ddr_walk){t->src, t->n, 1, t->src_h, row * t->src_c, t->src_n_str, 0,
                                    t->src_h_str, 0}, gap);
    default:
        return joined((hw_ddr_walk){t->src, t->n, t->src_c, t->src_h, row, t->src_n_str,
                                    t->src_c_str, t->src_h_str, 0}, gap);
    }
}

static hw_ddr_walk write_side(const npu_cmd *cmd, uint64_t gap)
{
    const npu_tdma *t = &cmd->u.tdma;
    uint64_t row = (uint64_t)t->dst_w * t->dst_bytes, n = t->n;
    switch ((npu_kind)cmd->kind) {
    case NPU_KIND_STOREGEN:
    case NPU_KIND_GCOPYGEN:
        return linear(t->dst, t->src_n_str);
    case NPU_KIND_STOREMAT:
        return joined((hw_ddr_walk){t->dst, 1, 1, t->dst_c, row, 0, 0, t->dst_c_str, 0}, gap);
    case NPU_KIND_STORENCT:
    case NPU_KIND_GCOPYNCT:
        n = t->src_c; /* N and C are swapped */
        break;
    default:
        break;
    }
    return joined((hw_ddr_walk){t->dst, n, t->dst_c, t->dst_h, row, t->dst_n_str, t->dst_c_str,
                                t->dst_h_str, 0}, gap);
}

/* Memories of a model lie apart; where is not in the file. */
static uint64_t place(uint8_t memory, uint64_t addr)
{
    enum { APART = 64 << 20 };
    return addr + (uint64_t)memory * APART;
}

int hw_ddr_walks(const npu_chip *chip, const npu_cmd *cmd, const sim_op *op, hw_ddr_walk out[2])
{
    const npu_tdma *t = &cmd->u.tdma;
    uint64_t beat = (uint64_t)NPU_GET(chip, ddr_beat_bytes);
    int n = 0;
    if (op->beats_in > 0) {
        out[n] = t->compress ? linear(t->src, op->beats_in * beat)
                             : read_side(cmd, (uint64_t)NPU_GET(chip, tdma_load_gap));
        out[n].addr = place(t->src_sel, out[n].addr);
        out[n++].write = 0;
    }
    if (op->beats_out > 0) {
        out[n] = t->compress ? linear(t->dst, op->beats_out * beat)
                             : write_side(cmd, (uint64_t)NPU_GET(chip, tdma_store_gap));
        out[n].addr = place(t->dst_sel, out[n].addr);
        out[n++].write = 1;
    }
    return n;
}

/* The next piece of walk I, at most MOST bytes (0: the whole row). */
static bool piece(hw_walk_source *s, int i, uint64_t most, hw_ddr_run *run)
{
    const hw_ddr_walk *w = &s->walk[i];
    uint64_t k = s->at[i];
    if (w->row == 0 || w->c == 0 || w->h == 0 || k / w->h / w->c >= w->n)
        return false;
    uint64_t left = w->row - s->in_row[i];
    run->addr = w->addr + k / w->h / w->c * w->n_str + k / w->h % w->c * w->c_str +
                k % w->h * w->h_str + s->in_row[i];
    run->bytes = most && most < left ? most : left;
    run->write = w->write;
    s->in_row[i] += run->bytes;
    if (s->in_row[i] == w->row) {
        s->in_row[i] = 0;
        s->at[i]++;
    }
    return true;
}

bool hw_walk_next(void *state, hw_ddr_run *run)
{
    hw_walk_source *s = state;
    if (s->n < 2)
        return s->n == 1 && piece(s, 0, 0, run);
    int i = s->turn;
    s->turn = 1 - i;
    return piece(s, i, s->piece, run) || piece(s, 1 - i, s->piece, run);
}
