/* A Pad of zeros over H and W before convolutions becomes their own padding. */
#include <string.h>

#include "compiler/opt.h"

/* Pads of N over H and W (top, left, bottom, right) when it is such a Pad. */
static bool read_pad(const npu_graph *g, const npu_node *n, int64_t hw[4])
{
    int64_t p[8];
    double fill = (double)g_float(n, "value", 0);
    const npu_value *x = opt_in(g, n, 0);
    size_t count = g_ints(n, "pads", p, 8);
    if (count == 0 && n->nin > 1)
        count = g_const_ints(g, n->in[1], p, 8) == 8 ? 8 : 0;
    if (n->op != NPU_OP_PAD || !x || x->rank != 4 || count != 8 || n->nin > 3 ||
        strcmp(g_text(n, "mode", "constant"), "constant") != 0)
        return false;
    if (n->nin > 2 && n->in[2] != NPU_NONE && !g_const_num(g, n->in[2], 0, &fill))
        return false;
    memcpy(hw, (int64_t[]){p[2], p[3], p[6], p[7]}, 4 * sizeof *hw);
    return fill == 0 && p[0] == 0 && p[1] == 0 && p[4] == 0 && p[5] == 0 && hw[0] >= 0 &&
           hw[1] >= 0 && hw[2] >= 0 && hw[3] >= 0;
}

static npu_status pad_conv(npu_graph *g, int32_t conv, int32_t from, const int64_t hw[4],
                           npu_err *err)
{
    int64_t pads[4] = {0};
    g_ints(&g->node[conv], "pads", pads, 4);
    for (int i = 0; i < 4; i++)
        pads[i] += hw[i];
    g->node[conv].in[0] = from;
    return g_set_ints(g, conv, "pads", pads, 4) ? NPU_OK : opt_memory(err);
}

npu_status opt_pads(npu_graph *g, const cc_options *o, npu_err *err)
{
    (void)o;
    for (uint32_t i = 0; i < g->nnode; i++) {
        int64_t hw[4];
        int32_t reader[64];
        if (g->node[i].dead || !read_pad(g, &g->node[i], hw))
            continue;
        int32_t out = g->node[i].out[0];
        size_t n = g_readers(g, out, reader, 64);
        for (size_t k = 0; k < n && k < 64; k++)
            if (g->node[reader[k]].op == NPU_OP_CONV && g->node[reader[k]].in[0] == out)
                NPU_TRY(pad_conv(g, reader[k], g->node[i].in[0], hw, err));
    }
    return NPU_OK;
}
