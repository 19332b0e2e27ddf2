/* Rows, rings and cost of a group; see bpu.h. */
#include <string.h>

#include "compiler/bpu_fit.h"

bpu_map *bpu_map_find(bpu_maps *m, int32_t root)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->map[i].root == root)
            return &m->map[i];
    return NULL;
}

static bool add(bpu_maps *m, bpu_map x)
{
    if (bpu_map_find(m, x.root))
        return true;
    if (m->n == sizeof m->map / sizeof m->map[0])
        return false;
    m->map[m->n++] = x;
    return true;
}

bool bpu_maps_of(const bpu_net *b, uint32_t first, uint32_t last, bpu_maps *m)
{
    bool ok = true;
    m->n = 0;
    for (uint32_t l = first; l <= last && ok; l++) {
        int32_t src[3], out = b->root[b->net->layer[l].out];
        unsigned n = bpu_sources(b, l, src);
        for (unsigned i = 0; i < n; i++)
            ok &= add(m, (bpu_map){.root = src[i],
                                   .load = b->store[src[i]].first < (int32_t)first});
        const bpu_store *s = &b->store[out];
        ok &= add(m, (bpu_map){.root = out});
        if (ok)
            bpu_map_find(m, out)->store = s->output || s->last > (int32_t)last;
    }
    return ok;
}

/* Rows of a map one core computes in all: half of them when two share the frame. */
static uint32_t share(const bpu_net *b, uint32_t rows)
{
    return b->o->cores == 2 ? (rows + 1) / 2 : rows;
}

void bpu_demand(const bpu_net *b, uint32_t first, uint32_t last, uint32_t s, uint32_t t,
                bpu_maps *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        uint32_t all = share(b, b->store[m->map[i].root].rows);
        m->map[i].need = m->map[i].store
                             ? (uint32_t)(((uint64_t)all * (s + 1) + t - 1) / t)
                             : 0;
    }
    for (uint32_t l = last + 1; l-- > first;) {
        const cc_layer *y = &b->net->layer[l];
        int32_t src[3] = {y->a, y->kind == CC_MOVE ? NPU_NONE : y->b, y->sum};
        uint32_t r = bpu_map_find(m, b->root[y->out])->need;
        for (int i = 0; i < 3; i++) {
            bpu_map *x = src[i] == NPU_NONE ? NULL : bpu_map_find(m, b->root[src[i]]);
            uint32_t to = x ? bpu_rows_to(b, l, src[i], r) : 0;
            if (x && to > x->need)
                x->need = to;
        }
    }
    for (unsigned i = 0; i < m->n; i++)
        if (m->map[i].need < m->map[i].done)
            m->map[i].need = m->map[i].done;
}

void bpu_keep(const bpu_net *b, uint32_t first, uint32_t last, bpu_maps *m)
{
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].low = m->map[i].done;
    for (uint32_t l = first; l <= last; l++) {
        const cc_layer *y = &b->net->layer[l];
        int32_t src[3] = {y->a, y->kind == CC_MOVE ? NPU_NONE : y->b, y->sum};
        uint32_t r = bpu_map_find(m, b->root[y->out])->done;
        for (int i = 0; i < 3; i++) {
            bpu_map *x = src[i] == NPU_NONE ? NULL : bpu_map_find(m, b->root[src[i]]);
            uint32_t from = x ? bpu_rows_from(b, l, src[i], r) : 0;
            if (x && from < x->low)
                x->low = from;
        }
    }
}

void bpu_rings(const bpu_net *b, const bpu_group *g, bpu_maps *m)
{
    uint32_t step[sizeof m->map / sizeof m->map[0]] = {0};
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].done = m->map[i].ring = 0;
    for (uint32_t s = 0; s < g->stripes; s++) {
        bpu_keep(b, g->first, g->last, m);
        bpu_demand(b, g->first, g->last, s, g->stripes, m);
        for (unsigned i = 0; i < m->n; i++) {
            bpu_map *x = &m->map[i];
            uint32_t rows = x->need > x->low ? x->need - x->low : 0, fresh = x->need - x->done;
            x->ring = rows > x->ring ? rows : x->ring;
            step[i] = fresh > step[i] ? fresh : step[i];
            x->done = x->need;
        }
    }
    for (unsigned i = 0; i < m->n; i++) {
        bpu_map *x = &m->map[i];
        if (g->stripes > 1 && (x->load || x->store)) /* the next stripe moves meanwhile */
            x->ring += step[i];
        uint32_t all = b->store[x->root].rows;
        x->ring = x->ring > all || x->ring == 0 ? all : x->ring;
    }
}

/* --- memory -------------------------------------------------------------------------------------- */

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

/* Weights of the group and the least room they need. */
static uint64_t weight_room(const bpu_net *b, const bpu_group *g, uint64_t *all)
{
    enum { SLOTS = 3 };
    uint64_t room = 0;
    *all = 0;
    for (uint32_t l = g->first; l <= g->last; l++) {
        uint64_t param = (uint64_t)NPU_GET(b->chip, bpu_param);
        uint64_t least = b->split[l] ? SLOTS * (b->split[l] + param) : b->weight[l];
        least = least < b->weight[l] ? least : b->weight[l];
        room = least > room ? least : room;
        *all += b->weight[l];
    }
    return room;
}

/* --- cost ---------------------------------------------------------------------------------------- */

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
            g->read += (uint64_t)((double)(s->first < 0 ? outer : inner) * x->done *
                                  part_before(b, x->root, g->first));
        if (x->store)
            g->write += (uint64_t)((double)(s->output ? outer : inner) * x->done *
                                   part_inside(b, x->root, g));
        *commands += (x->load + x->store) * (double)g->stripes;
    }
}

static double computing(const bpu_net *b, const bpu_group *g, bpu_maps *m)
{
    double sum = 0, command = NPU_GET(b->chip, bpu_command), layer = NPU_GET(b->chip, bpu_layer);
    for (uint32_t l = g->first; l <= g->last; l++) {
        const bpu_map *out = bpu_map_find(m, b->root[b->net->layer[l].out]);
        sum += b->cycles[l] * out->done / b->store[out->root].rows + layer +
               command * g->stripes;
    }
    return sum;
}

static bool fits(const bpu_net *b, bpu_group *g, const bpu_maps *m, uint64_t *weights)
{
    uint64_t room = weight_room(b, g, weights), sram = (uint64_t)NPU_GET(b->chip, bpu_sram);
    g->resident = true;
    /* Published spills (docs/FIT_X3.md) are those of groups whose weights are all there at once;
     * only a layer that stands alone streams them. */
    if (g->how == BPU_WHOLE)
        return place_whole(b, g, m) &&
               g->local + (g->first < g->last ? *weights : room) <= sram;
    g->local = 0;
    for (unsigned i = 0; i < m->n; i++)
        g->local += ring_bytes(b, &m->map[i]);
    if (g->local + *weights <= sram)
        return true;
    g->resident = false; /* a single layer may fetch its weights again for each stripe */
    return g->first == g->last && g->local + room <= sram;
}

/* One layer, sources whole on chip, its result leaving by chunks of channels. */
static bool by_channels(const bpu_net *b, bpu_group *g, bpu_maps *m)
{
    enum { SLOTS = 3, CHUNK = 8 };
    int32_t out = b->root[b->net->layer[g->first].out];
    uint64_t sram = (uint64_t)NPU_GET(b->chip, bpu_sram), param = (uint64_t)NPU_GET(b->chip,
                                                                                    bpu_param);
    if (g->first != g->last || !b->split[g->first] || b->o->cores == 2)
        return false;
    g->local = 0;
    for (unsigned i = 0; i < m->n; i++) {
        const bpu_store *s = &b->store[m->map[i].root];
        if (m->map[i].root == out)
            g->local += 2 * s->bytes / s->planes * (CHUNK / BPU_TILE_C);
        else
            g->local += s->bytes;
    }
    return g->local + SLOTS * (b->split[g->first] + param) <= sram;
}

bool bpu_group_cost(const bpu_net *b, bpu_group *g)
{
    bpu_maps m;
    uint64_t weights = 0;
    double commands;
    if (!bpu_maps_of(b, g->first, g->last, &m))
        return false;
    bpu_rings(b, g, &m);
    if (g->how == BPU_CHANNELS) {
        if (!by_channels(b, g, &m))
            return false;
        weight_room(b, g, &weights);
        g->resident = true;
    } else if (!fits(b, g, &m, &weights)) {
        return false;
    }
    traffic(b, g, &m, weights, &commands);
    double rate = NPU_GET(b->chip, ddr_bandwidth_mbps) * (1 - NPU_GET(b->chip, ddr_contention)) *
                  NPU_GET(b->chip, ddr_efficiency_load) / NPU_GET(b->chip, tpu_clock_mhz);
    double latency = NPU_GET(b->chip, ddr_latency_load_ns) * NPU_GET(b->chip, tpu_clock_mhz) / 1e3;
    g->compute = computing(b, g, &m);
    g->transfer = (double)(g->read + g->write) * b->o->cores / rate + commands * latency;
    g->time = g->compute > g->transfer ? g->compute : g->transfer;
    if (b->o->cores == 2)
        g->time += NPU_GET(b->chip, bpu_sync);
    return true;
}
