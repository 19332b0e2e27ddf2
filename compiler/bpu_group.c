/* Memory and cost of a group; see bpu.h. */
#include <math.h>

#include "compiler/bpu_fit.h"

/* --- memory ----------------------------------------------------------------------------------- */

static uint64_t ring_bytes(const bpu_net *b, const bpu_map *x)
{
    const bpu_store *s = &b->store[x->root];
    return (uint64_t)s->planes * x->ring * s->row_bytes;
}

/* First reader of a loaded map decides when it must be there. */
static void late_loads(const bpu_net *b, const bpu_group *g, const bpu_maps *m, bpu_piece *p)
{
    for (unsigned i = 0; i < m->n; i++)
        for (uint32_t l = g->first; m->map[i].load && l <= g->last; l++) {
            int32_t src[3];
            unsigned n = bpu_sources(b, l, src);
            bool reads = false;
            for (unsigned k = 0; k < n; k++)
                reads |= src[k] == m->map[i].root;
            if (reads || b->root[b->net->layer[l].out] == m->map[i].root) {
                p[i].from = l > g->first ? l - 1 : l;
                break;
            }
        }
}

void bpu_lives(const bpu_net *b, const bpu_group *g, const bpu_maps *m, bpu_piece *p)
{
    for (unsigned i = 0; i < m->n; i++) {
        const bpu_store *s = &b->store[m->map[i].root];
        int32_t first = (int32_t)g->first, last = (int32_t)g->last;
        p[i].from = (uint32_t)(s->first > first ? s->first : first);
        p[i].to = (uint32_t)(s->last > last ? last : s->last > s->first ? s->last : s->first);
        p[i].bytes = ring_bytes(b, &m->map[i]);
        if (m->map[i].store && s->last < last)
            p[i].to++; /* stored while the next one computes */
    }
    late_loads(b, g, m, p);
}

static bool place_whole(const bpu_net *b, bpu_group *g, const bpu_maps *m)
{
    bpu_piece p[sizeof m->map / sizeof m->map[0]];
    bpu_lives(b, g, m, p);
    uint64_t sram = (uint64_t)NPU_GET(b->chip, bpu_sram), largest = 0;
    for (unsigned i = 0; i < m->n; i++)
        largest = p[i].bytes > largest ? p[i].bytes : largest;
    return largest <= sram && bpu_fit(p, m->n, &g->local);
}

/* Weights of the group, the room they take together, and the least room they need. */
static uint64_t weight_room(const bpu_net *b, const bpu_group *g, uint64_t *all, uint64_t *places)
{
    enum { SLOTS = 3 };
    uint64_t room = 0;
    *all = *places = 0;
    for (uint32_t l = g->first; l <= g->last; l++) {
        uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param);
        uint64_t least = b->split[l] ? SLOTS * bpu_up64(b->split[l] + param)
                                       : bpu_up64(b->weight[l]);
        least = least < bpu_up64(b->weight[l]) ? least : bpu_up64(b->weight[l]);
        room = least > room ? least : room;
        *all += b->weight[l];
        *places += bpu_up64(b->weight[l]);
    }
    return room;
}

/* --- cost ------------------------------------------------------------------------------------- */

/* Channels of ROOT that layers before FIRST wrote (all of an input). */
static double part_before(const bpu_net *b, int32_t root, uint32_t first)
{
    const cc_net *n = b->net;
    uint32_t c = 0;
    if (b->store[root].first < 0)
        return 1;
    for (uint32_t l = 0; l < first; l++)
        if (b->root[n->layer[l].out] == root)
            c += n->tensor[n->layer[l].out].c;
    double part = (double)c / n->tensor[root].c;
    return part < 1 ? part : 1;
}

static double part_inside(const bpu_net *b, int32_t root, const bpu_group *g)
{
    const cc_net *n = b->net;
    uint32_t c = 0;
    for (uint32_t l = g->first; l <= g->last; l++)
        if (b->root[n->layer[l].out] == root)
            c += n->tensor[n->layer[l].out].c;
    double part = (double)c / n->tensor[root].c;
    return part < 1 ? part : 1;
}

static void traffic(const bpu_net *b, bpu_group *g, const bpu_maps *m, uint64_t weights,
                    double *commands)
{
    g->read = weights * (g->resident ? 1 : g->stripes);
    g->write = 0;
    *commands = (double)(g->last - g->first + 1) * (g->resident ? 1 : g->stripes);
    for (unsigned i = 0; i < m->n; i++) {
        const bpu_map *x = &m->map[i];
        const bpu_store *s = &b->store[x->root];
        uint64_t inner = (uint64_t)s->planes * s->row_bytes, outer = s->ddr_row * s->ddr_pieces;
        if (x->load)
            g->read += (uint64_t)((double)(s->first < 0 || s->output ? outer : inner) * x->done *
                                  part_before(b, x->root, g->first));
        if (x->store)
            g->write += (uint64_t)((double)(s->output ? outer : inner) * x->done *
                                   part_inside(b, x->root, g));
        *commands += (x->load + x->store) * (double)g->stripes;
    }
}

static double computing(const bpu_net *b, const bpu_group *g, const bpu_maps *m)
{
    double sum = 0, command = NPU_GET(b->chip, bpu_command), layer = NPU_GET(b->chip, bpu_layer);
    for (uint32_t l = g->first; l <= g->last; l++) {
        const cc_tensor *out = &b->net->tensor[b->net->layer[l].out];
        sum += b->cycles[l] * m->done[l - g->first] / out->h + layer +
               command * g->stripes;
    }
    return sum;
}

static bool fits(const bpu_net *b, bpu_group *g, const bpu_maps *m, uint64_t *weights)
{
    uint64_t places, room = weight_room(b, g, weights, &places);
    uint64_t sram = (uint64_t)NPU_GET(b->chip, bpu_sram) / 64 * 64;
    g->resident = true;
    /* Published spills (docs/FIT_X3.md) are those of groups whose weights are all there at once;
     * only a layer that stands alone streams them. */
    if (g->how == BPU_WHOLE)
        return place_whole(b, g, m) &&
               g->local + (g->first < g->last ? *weights : room) <= sram;
    g->local = 0;
    for (unsigned i = 0; i < m->n; i++)
        g->local += bpu_up64(ring_bytes(b, &m->map[i]));
    if (g->local + places <= sram)
        return true;
    g->resident = false; /* a single layer may fetch its weights again for each stripe */
    return g->first == g->last && g->local + room <= sram;
}

uint64_t bpu_chunk_bytes(const bpu_net *b, int32_t root)
{
    uint64_t co = (uint64_t)NPU_GET(b->chip, bpu_align_out);
    const bpu_store *s = &b->store[root];
    return bpu_up64((co + BPU_TILE_C - 1) / BPU_TILE_C * s->rows * s->row_bytes);
}

/* One layer, sources whole on chip, its result leaving by chunks of channels. */
static bool by_channels(const bpu_net *b, bpu_group *g, bpu_maps *m)
{
    enum { SLOTS = 3 };
    int32_t out = b->root[b->net->layer[g->first].out];
    uint64_t sram = (uint64_t)NPU_GET(b->chip, bpu_sram), param = (uint64_t)NPU_GET(b->chip,
                                                                                    bpu_param);
    if (g->first != g->last || !b->split[g->first] || b->o->cores == 2)
        return false;
    g->local = 0;
    for (unsigned i = 0; i < m->n; i++) {
        const bpu_store *s = &b->store[m->map[i].root];
        if (m->map[i].root == out && m->map[i].load)
            return false; /* a source that is also written would have to be whole */
        g->local += m->map[i].root == out ? 2 * bpu_chunk_bytes(b, out) : bpu_up64(s->bytes);
    }
    return g->local + SLOTS * bpu_up64(b->split[g->first] + param) <= sram;
}

bool bpu_group_cost(const bpu_net *b, bpu_maps *m, bpu_group *g)
{
    uint64_t weights = 0, places;
    double commands;
    double limit = g->how == BPU_ROWS ? NPU_GET(b->chip, bpu_sram) : HUGE_VAL;
    if (!bpu_rings(b, g->stripes, limit, m))
        return false;
    if (g->how == BPU_CHANNELS) {
        if (!by_channels(b, g, m))
            return false;
        weight_room(b, g, &weights, &places);
        g->resident = true;
    } else if (!fits(b, g, m, &weights)) {
        return false;
    }
    traffic(b, g, m, weights, &commands);
    double rate = NPU_GET(b->chip, ddr_bandwidth_mbps) * (1 - NPU_GET(b->chip, ddr_contention)) *
                  NPU_GET(b->chip, ddr_efficiency_load) / NPU_GET(b->chip, tpu_clock_mhz);
    double latency = NPU_GET(b->chip, ddr_latency_load_ns) * NPU_GET(b->chip, tpu_clock_mhz) / 1e3;
    g->compute = computing(b, g, m);
    g->transfer = (double)(g->read + g->write) * b->o->cores / rate + commands * latency;
    g->time = g->compute > g->transfer ? g->compute : g->transfer;
    if (b->o->cores == 2)
        g->time += NPU_GET(b->chip, bpu_sync);
    return true;
}
