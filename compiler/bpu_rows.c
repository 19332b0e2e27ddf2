/* Which rows of which maps are on chip: demand of a stripe, what is kept, sizes of the rings.
 *
 * Demand is counted per layer, not per map: layers that write channel ranges of one map (a
 * concatenation) may be at different rows, because one may read what the other writes. */
#include <string.h>

#include "compiler/bpu.h"

bpu_map *bpu_map_find(bpu_maps *m, int32_t root)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->map[i].root == root)
            return &m->map[i];
    return NULL;
}

/* Index of ROOT in M, appended when it is new; -1: no room. */
static int index_of(const bpu_net *b, bpu_maps *m, int32_t root)
{
    uint32_t at = b->scratch[root];
    if (at < m->n && m->map[at].root == root)
        return (int)at;
    if (m->n == sizeof m->map / sizeof m->map[0])
        return -1;
    b->scratch[root] = m->n;
    m->map[m->n] = (bpu_map){.root = root};
    return (int)m->n++;
}

/* Whether source K of layer L has channels that were there before layer FIRST. */
static bool loaded(const bpu_net *b, uint32_t l, int k, uint32_t first)
{
    uint32_t i = b->from[3 * l + (uint32_t)k], end = b->from[3 * l + (uint32_t)k + 1];
    return i == end || b->writer[i] < first; /* writers are in order */
}

bool bpu_maps_of(const bpu_net *b, uint32_t first, uint32_t last, bpu_maps *m)
{
    m->n = 0;
    m->first = first;
    m->last = last;
    for (uint32_t l = first; l <= last; l++) {
        int16_t *src = m->src[l - first];
        for (int k = 0; k < 3; k++) {
            int32_t t = bpu_source(b, l, k);
            src[k] = t == NPU_NONE ? -1 : (int16_t)index_of(b, m, b->root[t]);
            if (t != NPU_NONE && src[k] < 0)
                return false;
            if (t != NPU_NONE)
                m->map[src[k]].load |= loaded(b, l, k, first);
        }
        int32_t root = b->root[b->net->layer[l].out];
        int out = index_of(b, m, root);
        if (out < 0)
            return false;
        m->out[l - first] = (int16_t)out;
        m->map[out].store = b->store[root].output || b->store[root].last > (int32_t)last;
    }
    return true;
}

/* Rows of a map one core computes in all: half of them when two share the frame. */
static uint32_t share(const bpu_net *b, uint32_t rows)
{
    return b->o->cores == 2 ? (rows + 1) / 2 : rows;
}

static void raise(uint32_t *v, uint32_t to)
{
    *v = to > *v ? to : *v;
}

/* Source K of layer L must have the rows that its result rows [0, R) need. */
static void pull(const bpu_net *b, bpu_maps *m, uint32_t l, int k, uint32_t r)
{
    uint32_t to = bpu_rows_to(b, l, k, r), i = b->from[3 * l + (uint32_t)k];
    bpu_map *x = &m->map[m->src[l - m->first][k]];
    if (i == b->from[3 * l + (uint32_t)k + 1]) /* an input */
        raise(&x->need, to);
    for (; i < b->from[3 * l + (uint32_t)k + 1]; i++)
        if (b->writer[i] < m->first)
            raise(&x->need, to);
        else
            raise(&m->need[b->writer[i] - m->first], to);
}

void bpu_demand(const bpu_net *b, uint32_t s, uint32_t t, bpu_maps *m)
{
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].need = m->map[i].done;
    for (uint32_t l = m->first; l <= m->last; l++) {
        const bpu_map *x = &m->map[m->out[l - m->first]];
        uint32_t all = share(b, b->store[x->root].rows), *need = &m->need[l - m->first];
        *need = m->done[l - m->first];
        if (x->store || s + 1 == t) /* rows nobody needs are computed too, last */
            raise(need, (uint32_t)(((uint64_t)all * (s + 1) + t - 1) / t));
    }
    for (uint32_t l = m->last + 1; l-- > m->first;)
        for (int k = 0; k < 3; k++)
            if (m->src[l - m->first][k] >= 0)
                pull(b, m, l, k, m->need[l - m->first]);
}

void bpu_keep(const bpu_net *b, bpu_maps *m)
{
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].low = m->map[i].load ? m->map[i].done : UINT32_MAX;
    for (uint32_t l = m->first; l <= m->last; l++) {
        bpu_map *out = &m->map[m->out[l - m->first]];
        uint32_t done = m->done[l - m->first];
        out->low = done < out->low ? done : out->low;
        for (int k = 0; k < 3; k++) {
            bpu_map *x = m->src[l - m->first][k] < 0 ? NULL : &m->map[m->src[l - m->first][k]];
            uint32_t from = x ? bpu_rows_from(b, l, k, done) : 0;
            if (x && from < x->low)
                x->low = from;
        }
    }
}

void bpu_advance(bpu_maps *m)
{
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].done = m->map[i].need;
    for (uint32_t l = m->first; l <= m->last; l++)
        m->done[l - m->first] = m->need[l - m->first];
}

void bpu_restart(bpu_maps *m)
{
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].done = m->map[i].need = 0;
    memset(m->done, 0, sizeof m->done);
    memset(m->need, 0, sizeof m->need);
}

/* Row that each map reaches with this stripe. */
static void reach(const bpu_maps *m, uint32_t *top)
{
    for (unsigned i = 0; i < m->n; i++)
        top[i] = m->map[i].load ? m->map[i].need : 0;
    for (uint32_t l = m->first; l <= m->last; l++)
        raise(&top[m->out[l - m->first]], m->need[l - m->first]);
}

static double ring_bytes(const bpu_net *b, const bpu_maps *m)
{
    double sum = 0;
    for (unsigned i = 0; i < m->n; i++) {
        const bpu_store *s = &b->store[m->map[i].root];
        sum += (double)s->planes * s->row_bytes * m->map[i].ring;
    }
    return sum;
}

bool bpu_rings(const bpu_net *b, uint32_t stripes, double limit, bpu_maps *m)
{
    uint32_t step[sizeof m->map / sizeof m->map[0]] = {0}, was[sizeof step / 4] = {0};
    uint32_t top[sizeof step / 4];
    bpu_restart(m);
    for (unsigned i = 0; i < m->n; i++)
        m->map[i].ring = 0;
    for (uint32_t s = 0; s < stripes; s++) {
        bpu_keep(b, m);
        bpu_demand(b, s, stripes, m);
        reach(m, top);
        bool grown = false;
        for (unsigned i = 0; i < m->n; i++) {
            bpu_map *x = &m->map[i];
            uint32_t ring = top[i] > x->low ? top[i] - x->low : 0;
            grown |= ring > x->ring;
            raise(&x->ring, ring);
            raise(&step[i], top[i] - was[i]);
            was[i] = top[i];
        }
        if (grown && ring_bytes(b, m) > limit)
            return false;
        bpu_advance(m);
    }
    for (unsigned i = 0; i < m->n; i++) {
        bpu_map *x = &m->map[i];
        if (stripes > 1 && (x->load || x->store)) /* the next stripe moves meanwhile */
            x->ring += step[i];
        uint32_t all = b->store[x->root].rows;
        x->ring = x->ring > all || x->ring == 0 ? all : x->ring;
    }
    return true;
}
