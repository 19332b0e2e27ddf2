/* The back end as a whole: every plan that may win is made and timed, the best is emitted.
 *
 * So a higher level is never slower than a lower one, latency mode never slower than bandwidth
 * mode, and bandwidth mode never moves more bytes. */
#include <stdlib.h>
#include <string.h>

#include "compiler/bpu.h"

typedef struct {
    bpu_plan plan;
    bpu_places places;
    bpu_prog prog;
    uint64_t bytes, read;
} candidate;

static void drop(candidate *c)
{
    bpu_prog_free(&c->prog);
    bpu_places_free(&c->places);
    bpu_plan_free(&c->plan);
}

static npu_status try(const bpu_net *b, int level, cc_mode mode, uint64_t weight_base,
                      candidate *c, npu_err *err)
{
    *c = (candidate){0};
    NPU_TRY(bpu_plan_make(b, level, mode, &c->plan, err));
    NPU_TRY(bpu_places_make(b, &c->plan, weight_base, &c->places, err));
    NPU_TRY(bpu_prog_make(b, &c->plan, &c->places, level, &c->prog, err));
    NPU_TRY(bpu_schedule(b, &c->prog, level, err));
    for (uint32_t i = 0; i < c->prog.n; i++) {
        c->read += c->prog.item[i].op.beats_in;
        c->bytes += c->prog.item[i].op.beats_in + c->prog.item[i].op.beats_out;
    }
    return NPU_OK;
}

/* Bandwidth mode looks at reads first, then at all bytes, then at time. */
static bool better(const candidate *a, const candidate *b, cc_mode mode)
{
    if (mode == CC_LATENCY)
        return a->prog.time < b->prog.time ||
               (a->prog.time == b->prog.time && a->bytes < b->bytes);
    if (a->read != b->read)
        return a->read < b->read;
    return a->bytes < b->bytes || (a->bytes == b->bytes && a->prog.time < b->prog.time);
}

static npu_status best_of(const bpu_net *b, const cc_options *o, uint64_t weight_base,
                          candidate *best, npu_err *err)
{
    bool have = false;
    npu_err last = {0};
    for (int level = 0; level <= o->level; level++)
        for (int mode = CC_LATENCY; mode <= CC_BANDWIDTH; mode++) {
            candidate c;
            if (level < 2 && mode != CC_LATENCY) /* one layer at a time: little to choose */
                continue;
            npu_status s = try(b, level, (cc_mode)mode, weight_base, &c, &last);
            if (s == NPU_OK && (!have || better(&c, best, o->mode))) {
                if (have)
                    drop(best);
                *best = c;
                have = true;
            } else {
                drop(&c);
                if (s != NPU_OK && s != NPU_UNSUPPORTED)
                    return npu_fail(err, s, "%s", last.text);
            }
        }
    return have ? NPU_OK : npu_fail(err, last.status, "%s", last.text);
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
        base = end > base ? (end + 63) / 64 * 64 : base;
    }
    NPU_TRY(bpu_net_new(net, o, chip, &b, err));
    npu_status s = best_of(b, o, base, &best, err);
    if (s == NPU_OK)
        s = bpu_emit(b, &best.prog, &best.places, m, err);
    drop(&best);
    bpu_net_free(b);
    return s;
}
