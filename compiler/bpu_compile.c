/* The back end as a whole: every plan that may win is made and timed, the best is emitted.
 *
 * So a higher level is never slower than a lower one, latency mode never slower than bandwidth
 * mode, which chooses by the same order from more, and bandwidth mode never reads more bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu.h"

typedef struct {
    bpu_plan plan;
    bpu_places places;
    bpu_prog prog;
    uint64_t bytes, read;
    int level;
} candidate;

static void drop(candidate *c)
{
    bpu_prog_free(&c->prog);
    bpu_places_free(&c->places);
    bpu_plan_free(&c->plan);
}

/* The program of C's plan.  The plan only estimates how long a function call takes: while one is
 * beyond its limit and could be cut, calls are made shorter. */
static npu_status program(const bpu_net *b, int level, candidate *c, npu_err *err)
{
    const double shorter = 0.93, least = 0.25;
    double limit = (double)b->o->max_time_per_fc_us * NPU_GET(b->chip, tpu_clock_mhz);
    for (double share = 1;; share *= shorter) {
        NPU_TRY(bpu_prog_make(b, &c->plan, &c->places, limit * share, &c->prog, err));
        NPU_TRY(bpu_schedule(b, &c->prog, level, err));
        if (limit == 0 || c->prog.longest <= limit || share < least)
            return NPU_OK;
        bpu_prog_free(&c->prog);
    }
}

static npu_status try(const bpu_net *b, int level, double byte_cycles, const npu_program *g,
                      uint64_t weight_base, candidate *c, npu_err *err)
{
    *c = (candidate){.level = level};
    NPU_TRY(bpu_plan_make(b, level, byte_cycles, &c->plan, err));
    NPU_TRY(bpu_places_make(b, &c->plan, g, weight_base, &c->places, err));
    NPU_TRY(program(b, level, c, err));
    for (uint32_t i = 0; i < c->prog.n; i++) {
        c->read += c->prog.item[i].op.beats_in;
        c->bytes += c->prog.item[i].op.beats_in + c->prog.item[i].op.beats_out;
    }
    return NPU_OK;
}

/* Reads first, then all bytes, then time. */
static bool leaner(const candidate *a, const candidate *b)
{
    if (a->read != b->read)
        return a->read < b->read;
    return a->bytes < b->bytes || (a->bytes == b->bytes && a->prog.time < b->prog.time);
}

/* The leanest of candidates of levels up to LEVEL that take no longer than LIMIT. */
static uint32_t leanest(const candidate *c, uint32_t n, int level, double limit)
{
    uint32_t pick = n;
    for (uint32_t i = 0; i < n; i++)
        if (c[i].level <= level && c[i].prog.time <= limit &&
            (pick == n || leaner(&c[i], &c[pick])))
            pick = i;
    return pick;
}

/* Bandwidth mode takes any time.  In latency mode a plan that is slower by no more than the model
 * can tell may win by its traffic, if it is no slower than what the level below chose. */
static void choose(candidate *c, uint32_t n, const cc_options *o, candidate *best)
{
    const double margin = 1.01;
    double limit = HUGE_VAL, least = HUGE_VAL;
    uint32_t pick = leanest(c, n, o->level, HUGE_VAL);
    for (int level = 0; o->mode == CC_LATENCY && level <= o->level; level++) {
        for (uint32_t i = 0; i < n; i++)
            if (c[i].level <= level && c[i].prog.time < least)
                least = c[i].prog.time;
        limit = fmin(limit, least * margin);
        pick = leanest(c, n, level, limit);
        limit = pick < n ? c[pick].prog.time : limit;
    }
    for (uint32_t i = 0; i < n; i++)
        if (i != pick)
            drop(&c[i]);
    *best = c[pick];
}

/* Plans tried: what a byte of DDR traffic costs, in cycles.  Little where it hides behind the
 * array, about 0.1 where nothing hides it, very much to spare the DDR. */
static const struct {
    int level;
    double byte_cycles;
} searches[] = {{0, 0.01}, {1, 0.01}, {2, 0.01}, {2, 1e4}, {3, 0.0005}, {3, 0.01}, {3, 0.1},
                {3, 0.5}, {3, 1e4}};

static npu_status best_of(const bpu_net *b, const cc_options *o, const npu_program *g,
                          uint64_t weight_base, candidate *best, npu_err *err)
{
    candidate c[sizeof searches / sizeof searches[0]];
    uint32_t n = 0;
    npu_status s = NPU_OK;
    npu_err last = {0};
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        if (searches[i].level > o->level || (s != NPU_OK && s != NPU_UNSUPPORTED))
            break;
        s = try(b, searches[i].level, searches[i].byte_cycles, g, weight_base, &c[n], &last);
        if (s == NPU_OK)
            n++;
        else
            drop(&c[n]);
    }
    if (n > 0 && (s == NPU_OK || s == NPU_UNSUPPORTED)) {
        choose(c, n, o, best);
        return NPU_OK;
    }
    while (n > 0)
        drop(&c[--n]);
    return npu_fail(err, last.status, "%s", last.text);
}

npu_status bpu_compile(const cc_net *net, const cc_options *o, const npu_chip *chip, npu_model *m,
                       npu_err *err)
{
    bpu_net *b;
    candidate best = {0};
    uint64_t base = 0;
    for (size_t i = 0; i < m->nweight; i++) {
        uint64_t end = ((uint64_t)m->weight[i].offset & ((UINT64_C(1) << 40) - 1)) +
                       m->weight[i].size;
        base = end > base ? bpu_up64(end) : base;
    }
    NPU_TRY(bpu_net_new(net, o, chip, &b, err));
    npu_status s = best_of(b, o, &m->program[0], base, &best, err);
    if (s == NPU_OK)
        s = bpu_emit(b, &best.prog, &best.places, m, err);
    drop(&best);
    bpu_net_free(b);
    return s;
}
