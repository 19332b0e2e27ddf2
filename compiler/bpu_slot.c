/* What the hardware adds around a layer: padded channel groups and padding that is not half of the
 * kernel.
 *
 * The channels inside each group of a group convolution are padded to 8.  The convolution before it
 * computes these channels too, the one after it reads them.  A tensor between two group
 * convolutions is cut finely enough for both.  Where padded groups cost as much as the dense
 * convolution, the layer is computed as a dense one and nothing spreads. */
#include "compiler/bpu.h"

enum { SLOT_MAX = 127 }; /* field of the descriptor; larger groups lose 6 % at most */

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool grouped(const bpu_net *b, const cc_layer *y)
{
    uint64_t in = b->net->tensor[y->a].c, out = b->net->tensor[y->out].c, g = y->group;
    uint64_t to = (uint64_t)NPU_GET(b->chip, bpu_align_group);
    if (y->kind != CC_CONV || g < 2)
        return false;
    uint64_t dense = bpu_up(in, (uint64_t)NPU_GET(b->chip, bpu_align_in)) *
                     bpu_up(out, (uint64_t)NPU_GET(b->chip, bpu_align_out));
    return bpu_up(in / g, to) * bpu_up(out / g, to) * g < dense;
}

static bool whole(const bpu_net *b, int32_t t)
{
    const cc_tensor *x = &b->net->tensor[t];
    return x->inside == NPU_NONE && x->producer != NPU_NONE && !x->output;
}

static void cut(bpu_net *b, int32_t t, uint32_t size)
{
    uint32_t to = (uint32_t)NPU_GET(b->chip, bpu_align_group);
    uint32_t slot = b->slot[t] ? gcd(b->slot[t], size) : size;
    if (whole(b, t) && size % to && slot <= SLOT_MAX)
        b->slot[t] = (uint8_t)slot;
}

void bpu_slots(bpu_net *b)
{
    for (uint32_t l = 0; l < b->net->nlayer; l++) {
        const cc_layer *y = &b->net->layer[l];
        if (!grouped(b, y))
            continue;
        cut(b, y->a, b->net->tensor[y->a].c / y->group);
        cut(b, y->out, b->net->tensor[y->out].c / y->group);
    }
}

bool bpu_pads(const bpu_net *b, uint32_t l)
{
    const cc_layer *y = &b->net->layer[l];
    const cc_tensor *in = &b->net->tensor[y->a];
    int64_t h = (int64_t)(y->kh / 2) * y->dh, w = (int64_t)(y->kw / 2) * y->dw;
    if ((y->kind != CC_CONV && y->kind != CC_DWCONV) || y->up_h > 1 || y->up_w > 1)
        return false;
    if (y->kh == in->h && y->kw == in->w && !y->pt && !y->pb && !y->pl && !y->pr)
        return false; /* one window that is the whole map */
    return y->pt != h || y->pb != h || y->pl != w || y->pr != w;
}
