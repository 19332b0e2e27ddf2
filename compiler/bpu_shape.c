/* Storage of maps, rows a layer reads, commands and their work; see bpu.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu.h"
#include "models/work.h"

static uint32_t lesser(uint32_t a, int64_t b)
{
    return b < 0 ? 0 : b < a ? (uint32_t)b : a;
}

static int32_t root_of(const cc_net *n, int32_t t)
{
    while (n->tensor[t].inside != NPU_NONE)
        t = n->tensor[t].inside;
    return t;
}

/* At the edge: nv12 has 1.5 bytes per pixel, other inputs are rows of pixels with channels padded
 * to 4, results are rows of one channel padded to 32 bytes. */
static void edge(const cc_tensor *t, bpu_store *s)
{
    enum { OUTPUT_ROW = 32 };
    if (s->output || (s->input && t->planar)) {
        s->ddr_row = bpu_up((uint64_t)t->w * t->bytes, OUTPUT_ROW);
        s->ddr_pieces = t->c;
    } else if (s->input) {
        s->ddr_row = t->nv12 ? ((uint64_t)t->w * 3 + 1) / 2
                             : (uint64_t)t->w * bpu_up(t->c, BPU_TILE_C) * t->bytes;
        s->ddr_pieces = 1;
    } else {
        s->ddr_row = s->row_bytes;
        s->ddr_pieces = s->planes;
    }
}

static void stores(bpu_net *b)
{
    const cc_net *n = b->net;
    for (uint32_t i = 0; i < n->ntensor; i++) {
        const cc_tensor *t = &n->tensor[i];
        bpu_store *s = &b->store[i];
        b->root[i] = root_of(n, (int32_t)i);
        s->planes = (uint32_t)bpu_up(t->c, BPU_TILE_C) / BPU_TILE_C;
        s->rows = t->h;
        s->row_bytes = (uint32_t)(bpu_up(t->w, BPU_TILE_W) * BPU_TILE_C * t->bytes);
        s->bytes = (uint64_t)s->planes * s->rows * s->row_bytes;
        s->first = s->last = -1;
    }
    for (uint32_t i = 0; i < n->ntensor; i++) {
        bpu_store *s = &b->store[b->root[i]];
        s->output |= n->tensor[i].output;
        s->input |= n->tensor[i].input && n->tensor[i].producer == NPU_NONE;
    }
    for (uint32_t l = 0; l < n->nlayer; l++) {
        int32_t src[3];
        unsigned k = bpu_sources(b, l, src);
        bpu_store *out = &b->store[b->root[n->layer[l].out]];
        for (unsigned i = 0; i < k; i++)
            b->store[src[i]].last = (int32_t)l;
        if (out->first < 0)
            out->first = (int32_t)l;
        out->last = (int32_t)l > out->last ? (int32_t)l : out->last;
        out->input = false;
    }
    for (uint32_t i = 0; i < n->ntensor; i++)
        edge(&n->tensor[i], &b->store[i]);
}

uint32_t bpu_channel_of(const cc_net *n, int32_t t)
{
    uint32_t c = 0;
    for (; n->tensor[t].inside != NPU_NONE; t = n->tensor[t].inside)
        c += n->tensor[t].channel;
    return c;
}

/* Whether tensors X and Y share channels of the same storage. */
static bool overlap(const bpu_net *b, int32_t x, int32_t y)
{
    const cc_net *n = b->net;
    uint32_t a = bpu_channel_of(n, x), z = bpu_channel_of(n, y);
    return b->root[x] == b->root[y] && a < z + n->tensor[y].c && z < a + n->tensor[x].c;
}

/* Which layers before it write what a layer reads. */
static npu_status writers(bpu_net *b, npu_err *err)
{
    const cc_net *n = b->net;
    uint32_t count = 0, cap = 0;
    for (uint32_t i = 0; i < 3 * n->nlayer; i++) {
        int32_t t = bpu_source(b, i / 3, (int)(i % 3));
        b->from[i] = count;
        for (uint32_t w = 0; t != NPU_NONE && w < i / 3; w++) {
            if (!overlap(b, t, n->layer[w].out))
                continue;
            if (count == cap) {
                uint32_t *grown = realloc(b->writer, (cap = cap ? 2 * cap : 256) * sizeof *grown);
                if (!grown)
                    return npu_fail(err, NPU_LIMIT, "out of memory");
                b->writer = grown;
            }
            b->writer[count++] = w;
        }
    }
    b->from[3 * n->nlayer] = count;
    return NPU_OK;
}

/* On-chip and DDR bytes of a layer's weights and parameters. */
static void weights(bpu_net *b)
{
    const cc_net *n = b->net;
    uint64_t in = (uint64_t)NPU_GET(b->chip, bpu_align_in);
    uint64_t co = (uint64_t)NPU_GET(b->chip, bpu_align_out);
    enum { PER_CHANNEL = 8 }; /* bias and scale */
    for (uint32_t l = 0; l < n->nlayer; l++) {
        const cc_layer *y = &n->layer[l];
        const cc_tensor *a = &n->tensor[y->a], *out = &n->tensor[y->out];
        uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param), kernel = (uint64_t)y->kh * y->kw;
        uint64_t channels = bpu_up(out->c, co);
        b->weight[l] = param;
        if (y->kind == CC_CONV && y->weight != NPU_NONE) {
            uint64_t per = bpu_up(a->c / y->group, in) * kernel + PER_CHANNEL;
            b->weight[l] += channels * per;
            b->split[l] = y->group == 1 ? (uint32_t)(co * per) : 0;
        } else if (y->kind == CC_DWCONV) {
            b->weight[l] += channels * (kernel + PER_CHANNEL);
        } else if (y->weight_bytes) {
            b->weight[l] += bpu_up(y->weight_bytes, 16);
        }
    }
}

static npu_status costs(bpu_net *b, npu_err *err)
{
    for (uint32_t l = 0; l < b->net->nlayer; l++) {
        const cc_tensor *out = &b->net->tensor[b->net->layer[l].out];
        npu_cmd c = bpu_command(b, l, 0, out->h, out->c, false);
        sim_op op;
        if (bpu_work(b, &c, &op, err) != NPU_OK)
            return npu_fail_in(err, b->net->layer[l].name);
        b->cycles[l] = (double)op.cycles - op.fixed;
    }
    return NPU_OK;
}

npu_status bpu_net_new(const cc_net *net, const cc_options *o, const npu_chip *chip,
                       bpu_net **out, npu_err *err)
{
    bpu_net *b = calloc(1, sizeof *b);
    *out = NULL;
    if (!b)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    *b = (bpu_net){net, o, chip, calloc(net->ntensor + 1, sizeof *b->root),
                   calloc(net->ntensor + 1, sizeof *b->store),
                   calloc(net->nlayer + 1, sizeof *b->weight),
                   calloc(net->nlayer + 1, sizeof *b->split),
                   calloc(net->nlayer + 1, sizeof *b->cycles),
                   calloc(net->ntensor + 1, sizeof *b->slot),
                   calloc(3 * net->nlayer + 1, sizeof *b->from), NULL,
                   calloc(net->ntensor + 1, sizeof *b->scratch)};
    npu_status s = b->root && b->store && b->weight && b->split && b->cycles && b->slot &&
                           b->from && b->scratch
                       ? NPU_OK
                       : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = bpu_check(net, err);
    if (s == NPU_OK) {
        stores(b);
        bpu_slots(b);
        weights(b);
        s = writers(b, err);
    }
    if (s == NPU_OK) {
        s = costs(b, err);
    }
    if (s != NPU_OK)
        bpu_net_free(b);
    else
        *out = b;
    return s;
}

void bpu_net_free(bpu_net *b)
{
    if (!b)
        return;
    free(b->root);
    free(b->store);
    free(b->weight);
    free(b->split);
    free(b->slot);
    free(b->cycles);
    free(b->from);
    free(b->writer);
    free(b->scratch);
    free(b);
}

int32_t bpu_source(const bpu_net *b, uint32_t l, int k)
{
    const cc_layer *y = &b->net->layer[l];
    if (k == 1 && y->kind == CC_MOVE) /* B only says that the result has other parts */
        return NPU_NONE;
    return k == 0 ? y->a : k == 1 ? y->b : y->sum;
}

uint32_t bpu_images(const bpu_net *b)
{
    return b->net->tensor[b->net->layer[0].a].n;
}

unsigned bpu_sources(const bpu_net *b, uint32_t l, int32_t root[3])
{
    unsigned n = 0;
    for (int i = 0; i < 3; i++) {
        int32_t t = bpu_source(b, l, i), r = t == NPU_NONE ? NPU_NONE : root_of(b->net, t);
        bool known = r == NPU_NONE;
        for (unsigned k = 0; k < n; k++)
            known |= root[k] == r;
        if (!known)
            root[n++] = r;
    }
    return n;
}

/* Rows of a rearrangement: its result rows in proportion, or all of the source. */
static int64_t moved_to(const cc_layer *y, const cc_tensor *in, const cc_tensor *out, int64_t r)
{
    switch (y->function) {
    case NPU_OP_CONCAT: case NPU_OP_PAD:
        return in->h == out->h ? r : in->h;
    case NPU_OP_TRANSPOSE: case NPU_OP_RESHAPE:
        return in->h;
    case NPU_OP_SLICE:
        return (r - 1) * y->sh - y->pt + 1;
    default: /* split, slice, depth to space, ...: rows keep their order */
        return (r * in->h + out->h - 1) / out->h + (in->h > out->h ? in->h % out->h : 0);
    }
}

uint32_t bpu_rows_to(const bpu_net *b, uint32_t l, int k, uint32_t r)
{
    const cc_layer *y = &b->net->layer[l];
    const cc_tensor *in = &b->net->tensor[bpu_source(b, l, k)], *out = &b->net->tensor[y->out];
    int64_t to;
    if (r == 0)
        return 0;
    if (k == 2 || (k == 1 && y->kind != CC_CONV))
        return lesser(in->h, r);
    switch (y->kind) {
    case CC_CONV: case CC_DWCONV: case CC_MAXPOOL: case CC_AVGPOOL:
        if (k == 1)
            return in->h;
        to = ((int64_t)r - 1) * y->sh - y->pt + ((int64_t)y->kh - 1) * y->dh + 1;
        to = y->up_h > 1 ? (to + y->up_h - 1) / y->up_h : to;
        return lesser(in->h, to > 1 ? to : 1);
    case CC_RESIZE:
        return lesser(in->h, ((int64_t)r * in->h + out->h - 1) / out->h + y->linear);
    case CC_MOVE:
        return lesser(in->h, moved_to(y, in, out, r));
    default:
        return lesser(in->h, r);
    }
}

uint32_t bpu_rows_from(const bpu_net *b, uint32_t l, int k, uint32_t r)
{
    const cc_layer *y = &b->net->layer[l];
    const cc_tensor *in = &b->net->tensor[bpu_source(b, l, k)], *out = &b->net->tensor[y->out];
    int64_t from;
    if (k == 2 || (k == 1 && y->kind != CC_CONV))
        return in->h == 1 ? 0 : lesser(in->h, r);
    switch (y->kind) {
    case CC_CONV: case CC_DWCONV: case CC_MAXPOOL: case CC_AVGPOOL:
        if (k == 1)
            return 0;
        from = (int64_t)r * y->sh - y->pt;
        return lesser(in->h, y->up_h > 1 ? from / y->up_h : from);
    case CC_RESIZE:
        return lesser(in->h, (int64_t)r * in->h / out->h - y->linear);
    case CC_MOVE:
        if (y->function == NPU_OP_TRANSPOSE || y->function == NPU_OP_RESHAPE || in->h == 1)
            return 0;
        if (y->function == NPU_OP_PAD)
            return in->h == out->h ? r : 0;
        if (y->function == NPU_OP_SLICE)
            return lesser(in->h, (int64_t)r * y->sh - y->pt);
        return lesser(in->h, (int64_t)r * in->h / out->h);
    default:
        return in->h == 1 ? 0 : lesser(in->h, r);
    }
}

static npu_kind kind_of(const cc_layer *y)
{
    switch (y->kind) {
    case CC_CONV:
        return NPU_KIND_BCONV;
    case CC_DWCONV:
        return NPU_KIND_BDW;
    case CC_MAXPOOL: case CC_AVGPOOL:
        return NPU_KIND_BPOOL;
    case CC_LUT:
        return NPU_KIND_BLUT;
    case CC_RESIZE: case CC_MOVE:
        return NPU_KIND_BCOPY;
    default:
        return NPU_KIND_BELT;
    }
}

static uint8_t function_of(const bpu_net *b, const cc_layer *y)
{
    bool broadcast = y->b != NPU_NONE && b->net->tensor[y->b].h == 1 &&
                     b->net->tensor[y->b].w == 1;
    switch (y->kind) {
    case CC_AVGPOOL:
        return 1;
    case CC_ADD:
        return broadcast ? 6 : 0;
    case CC_MUL:
        return broadcast ? 7 : 1;
    case CC_MAX:
        return 2;
    case CC_MIN:
        return 3;
    case CC_PRELU:
        return 4;
    case CC_RELU:
        return 5;
    case CC_RESIZE:
        return y->linear ? 2 : 1;
    case CC_MOVE:
        return y->function == NPU_OP_RESHAPE ? 3 : 0;
    default:
        return 0;
    }
}

static uint8_t padding(int64_t v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

npu_cmd bpu_command(const bpu_net *b, uint32_t l, uint32_t from, uint32_t rows, uint32_t channels,
                    bool first)
{
    const cc_layer *y = &b->net->layer[l];
    const cc_tensor *in = &b->net->tensor[y->a], *out = &b->net->tensor[y->out];
    uint32_t low = bpu_rows_from(b, l, 0, from), high = bpu_rows_to(b, l, 0, from + rows);
    npu_cmd c = {.layer = l, .engine = NPU_ENGINE_TIU, .kind = (uint8_t)kind_of(y)};
    npu_tiu *t = &c.u.tiu;
    t->first = first;
    t->wide = out->bytes == 4;
    t->relu = (uint8_t)y->act;
    t->accumulate = y->sum != NPU_NONE;
    t->fn = function_of(b, y);
    t->group = (uint16_t)y->group;
    t->in_slot = b->slot[y->a];
    t->out_slot = b->slot[y->out];
    /* chunks of channels of one layer share the copy */
    t->padded = bpu_pads(b, l) && (first || rows < out->h || channels == out->c);
    t->res = (npu_opnd){.n = 1, .c = (uint16_t)channels, .h = (uint16_t)rows,
                        .w = (uint16_t)out->w, .bytes = out->bytes};
    t->a = (npu_opnd){.n = 1, .c = (uint16_t)in->c, .h = (uint16_t)(high > low ? high - low : 1),
                      .w = (uint16_t)in->w, .bytes = 1};
    t->b = (npu_opnd){.n = 1, .c = (uint16_t)in->c, .h = (uint16_t)y->kh, .w = (uint16_t)y->kw,
                      .bytes = 1};
    t->stride_h = (uint8_t)(y->sh > 255 ? 255 : y->sh);
    t->stride_w = (uint8_t)(y->sw > 255 ? 255 : y->sw);
    t->dil_h = (uint8_t)y->dh;
    t->dil_w = (uint8_t)y->dw;
    bool resize = y->kind == CC_RESIZE;
    t->ins_h = (uint8_t)(resize ? 0 : y->up_h - 1);
    t->ins_w = (uint8_t)(resize ? 0 : y->up_w - 1);
    int64_t above = (int64_t)y->pt - (int64_t)from * y->sh;
    int64_t below = (int64_t)(from + rows - 1) * y->sh + ((int64_t)y->kh - 1) * y->dh + 1 -
                    (int64_t)y->pt - (int64_t)in->h * (resize ? 1 : y->up_h);
    t->pad_t = padding(above);
    t->pad_b = padding(below);
    t->pad_l = padding(y->pl);
    t->pad_r = padding(y->pr);
    return c;
}

npu_status bpu_work(const bpu_net *b, const npu_cmd *c, sim_op *op, npu_err *err)
{
    memset(op, 0, sizeof *op);
    return hw_work(b->chip, c, op, err);
}
