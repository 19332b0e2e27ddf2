/* Which layers go together: the cheapest cut of the layer list into groups.
 *
 * O0 and O1 take one layer at a time, O2 groups of up to 8 with few stripe counts, O3 all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu.h"

typedef struct {
    uint32_t longest, stripes[12], n;
} search;

static const search searches[4] = {
    {1, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048}, 12},
    {1, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048}, 12},
    {8, {1, 4, 16, 64, 256, 1024}, 6},
    {BPU_LONGEST, {1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 256, 1024}, 12},
};

typedef struct {
    double cost;
    bpu_group group;
} best;

/* What the search minimises; a function call over its limit is avoided before anything else. */
static double cost_of(const bpu_net *b, const bpu_group *g, int level, double byte_cycles)
{
    double time = level == 0 ? g->compute + g->transfer : g->time;
    double bytes = (double)(g->read + g->write), over = 0;
    double limit = (double)b->o->max_time_per_fc_us * NPU_GET(b->chip, tpu_clock_mhz);
    if (limit > 0 && time > limit)
        over = (time - limit) * 1e6 * fmax(1, byte_cycles);
    return time + bytes * byte_cycles + over;
}

static void consider(const bpu_net *b, bpu_maps *m, bpu_group g, int level, double byte_cycles,
                     double before, best *out)
{
    if (!bpu_group_cost(b, m, &g))
        return;
    double cost = before + cost_of(b, &g, level, byte_cycles);
    if (out->cost < 0 || cost < out->cost) {
        out->cost = cost;
        out->group = g;
    }
}

/* What is known of a run of layers before its rows are: bounds from below. */
typedef struct {
    double compute;         /* cycles without those per command */
    uint64_t weights, places; /* bytes in DDR and on chip */
    uint64_t largest;       /* result as a whole on chip */
    uint32_t rows, layers;
} span;

static void extend(const bpu_net *b, span *s, uint32_t l)
{
    const bpu_store *x = &b->store[b->root[b->net->layer[l].out]];
    uint32_t rows = b->o->cores == 2 ? (x->rows + 1) / 2 : x->rows;
    uint64_t bytes = (uint64_t)x->planes * rows * x->row_bytes;
    s->compute += b->cycles[l] * (b->o->cores == 2 ? 0.5 : 1) + NPU_GET(b->chip, bpu_layer);
    s->weights += b->weight[l];
    s->places += bpu_up64(b->weight[l]);
    s->largest = bytes > s->largest ? bytes : s->largest;
    s->rows = x->rows > s->rows ? x->rows : s->rows;
    s->layers++;
}

/* Several layers keep all their weights on chip: neither stripes nor whole maps can fit, nor will
 * they with more layers. */
static bool too_much(const bpu_net *b, const span *s)
{
    return s->layers > 1 && (double)s->places > NPU_GET(b->chip, bpu_sram);
}

/* Whether no group of these layers in this many stripes can cost less than OUT. */
static bool hopeless(const bpu_net *b, const span *s, uint32_t stripes, double byte_cycles,
                     double before, const best *out)
{
    double rate = NPU_GET(b->chip, ddr_bandwidth_mbps) * (1 - NPU_GET(b->chip, ddr_contention)) *
                  NPU_GET(b->chip, ddr_efficiency_load) / NPU_GET(b->chip, tpu_clock_mhz);
    double time = s->compute + NPU_GET(b->chip, bpu_command) * s->layers * stripes;
    double move = (double)s->weights * b->o->cores / rate, bytes = (double)s->weights;
    time = move > time ? move : time;
    double cost = time + bytes * byte_cycles;
    return out->cost >= 0 && before + cost * (1 - 1e-9) >= out->cost;
}

/* All ways to compute first..last as one group. */
static void ways(const bpu_net *b, const span *x, uint32_t first, int level, double byte_cycles,
                 double before, best *out)
{
    const search *s = &searches[level];
    uint32_t last = first + x->layers - 1;
    bpu_maps m;
    if (hopeless(b, x, 1, byte_cycles, before, out) || !bpu_maps_of(b, first, last, &m))
        return;
    bpu_group g = {.first = first, .last = last, .how = BPU_WHOLE, .stripes = 1};
    if (first == last || (double)(x->largest + x->weights) <= NPU_GET(b->chip, bpu_sram))
        consider(b, &m, g, level, byte_cycles, before, out);
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->stripes[i] < 2 || s->stripes[i] > x->rows ||
            hopeless(b, x, s->stripes[i], byte_cycles, before, out))
            continue;
        g.how = BPU_ROWS;
        g.stripes = s->stripes[i];
        consider(b, &m, g, level, byte_cycles, before, out);
    }
    g.how = BPU_CHANNELS;
    g.stripes = 1;
    if (first == last)
        consider(b, &m, g, level, byte_cycles, before, out);
}

static npu_status no_way(const bpu_net *b, uint32_t l, npu_err *err)
{
    const cc_layer *y = &b->net->layer[l];
    const cc_tensor *a = &b->net->tensor[y->a];
    return npu_fail(err, NPU_UNSUPPORTED,
                    "%s: source of %u x %u x %u and weights of %llu bytes fit the %.0f bytes of "
                    "on-chip memory in no way", y->name, a->c, a->h, a->w,
                    (unsigned long long)b->weight[l], NPU_GET(b->chip, bpu_sram));
}

static npu_status cut(const bpu_net *b, best *at, uint32_t n, bpu_plan *out, npu_err *err)
{
    uint32_t count = 0;
    for (uint32_t i = n; i > 0; i = at[i].group.first) {
        if (at[i].cost < 0)
            return no_way(b, i - 1, err);
        count++;
    }
    out->group = calloc(count + 1, sizeof *out->group);
    if (!out->group)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    out->n = count;
    for (uint32_t i = n; i > 0; i = at[i].group.first)
        out->group[--count] = at[i].group;
    for (uint32_t i = 0; i < out->n; i++) {
        out->time += out->group[i].time;
        out->bytes += out->group[i].read + out->group[i].write;
    }
    return NPU_OK;
}

npu_status bpu_plan_make(const bpu_net *b, int level, double byte_cycles, bpu_plan *out,
                         npu_err *err)
{
    uint32_t n = b->net->nlayer;
    best *at = malloc((n + 1) * sizeof *at);
    *out = (bpu_plan){0};
    if (!at)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    at[0] = (best){.cost = 0};
    npu_status s = NPU_OK;
    for (uint32_t end = 1; end <= n && s == NPU_OK; end++) {
        at[end].cost = -1;
        span x = {0};
        for (uint32_t len = 1; len <= searches[level].longest && len <= end; len++) {
            extend(b, &x, end - len);
            if (too_much(b, &x))
                break;
            if (at[end - len].cost >= 0)
                ways(b, &x, end - len, level, byte_cycles, at[end - len].cost, &at[end]);
        }
        if (at[end].cost < 0 && searches[level].longest == 1)
            s = no_way(b, end - 1, err);
    }
    if (s == NPU_OK)
        s = cut(b, at, n, out, err);
    free(at);
    return s;
}

void bpu_plan_free(bpu_plan *p)
{
    free(p->group);
    *p = (bpu_plan){0};
}
