/* See cvi.h: the stages in order. */
#include "compiler/cvi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi_ir.h"
#include "models/timing.h"

static void release(cvi_state *s)
{
    for (uint32_t i = 0; i < s->nmap; i++)
        free(s->map[i].name);
    for (size_t i = 0; i < s->nweight; i++) {
        free(s->weight[i].name);
        free(s->weight[i].dim);
    }
    free(s->map);
    free(s->op);
    free(s->group);
    free(s->gone);
    free(s->readers);
    free(s->last_read);
    free(s->weight);
    buf_free(&s->weights);
    npu_trace_free(&s->trace);
}

/* All groups' slots in one list, then one order of issue: loads of a group run beside the end of
 * the one before.  Every other group grows from the end of local memory, which keeps their buffers
 * apart. */
static npu_status schedule(cvi_state *s, cvi_list *cmd, npu_err *err)
{
    cvi_slots slots = {0};
    npu_status st = NPU_OK;
    for (uint32_t k = 0; k < s->ngroup && st == NPU_OK; k++) {
        bool fits = false;
        st = cvi_group_slots(s, &s->group[k], k % 2 == 1, &slots, &fits, err);
    }
    if (st == NPU_OK)
        st = cvi_walk(&slots, s->lane_bytes, cmd, err);
    cvi_slots_free(&slots);
    return st;
}

typedef struct {            /* a finished schedule */
    cvi_list cmd;
    cvi_map *map;           /* copy: addresses; names are S's */
    uint64_t shared, private_bytes;
    double cost;
} candidate;

static void drop(candidate *c)
{
    free(c->cmd.v);
    free(c->map);
    *c = (candidate){.cost = INFINITY};
}

static void forget_places(cvi_state *s)
{
    free(s->group);
    s->group = NULL;
    s->ngroup = 0;
    s->shared = 0;
    for (uint32_t i = 0; i < s->nmap; i++) {
        s->map[i].stored = false;
        s->map[i].sel = NPU_MEM_SHARED;
        s->map[i].addr = 0;
    }
}

static npu_status try(cvi_state *s, candidate *c, npu_err *err)
{
    int64_t ticks;
    uint64_t bytes;
    forget_places(s);
    NPU_TRY(cvi_plan(s, err));
    NPU_TRY(cvi_ddr(s, err));
    NPU_TRY(schedule(s, &c->cmd, err));
    NPU_TRY(cvi_time(s, &c->cmd, &ticks, &bytes, err));
    c->cost = (double)ticks + s->byte_price * (double)bytes;
    c->shared = s->shared;
    c->private_bytes = s->private_bytes;
    if (!(c->map = malloc(s->nmap * sizeof *c->map)))
        return cvi_no_memory(err);
    memcpy(c->map, s->map, s->nmap * sizeof *c->map);
    return NPU_OK;
}

/* A level tries what the levels below it try and longer groups: it is never worse. */
static npu_status best_of(cvi_state *s, int level, candidate *best, npu_err *err)
{
    static const uint32_t windows[] = {2, 4, 8, 12};
    enum { LEVELS = sizeof windows / sizeof windows[0] };
    drop(best);
    for (int k = 0; k < LEVELS && k <= level; k++) {
        candidate c = {.cost = INFINITY};
        s->window = windows[k];
        npu_status st = try(s, &c, err);
        if (st == NPU_OK && c.cost < best->cost) {
            candidate worse = *best;
            *best = c;
            c = worse;
        }
        drop(&c);
        if (st != NPU_OK)
            return st;
    }
    memcpy(s->map, best->map, s->nmap * sizeof *s->map);
    s->shared = best->shared;
    s->private_bytes = best->private_bytes;
    return NPU_OK;
}

static npu_status stages(cvi_state *s, const cc_options *o, npu_model *m, npu_err *err)
{
    candidate best = {.cost = INFINITY};
    NPU_TRY(cvi_ops(s, err));
    NPU_TRY(cvi_weights(s, err));
    npu_status st = best_of(s, o && o->level > 0 ? o->level : o ? 0 : 3, &best, err);
    if (st == NPU_OK)
        st = cvi_append(s, &best.cmd, m, err);
    drop(&best);
    return st;
}

/* A byte is not free where it hides behind computation: others use the DDR too.  Of the time it
 * takes the bus, this share counts: figures between 0.3 and 1 change a detector's time by 1 %. */
static double byte_price(const cc_options *o, const npu_chip *chip)
{
    double share = o && o->mode == CC_BANDWIDTH ? 2 : 0.5;
    return share * hw_timing_of(chip).beat_in / NPU_GET(chip, ddr_beat_bytes);
}

npu_status cvi_emit(const cc_net *net, const cc_options *o, const npu_chip *chip, npu_model *m,
                    npu_err *err)
{
    const npu_section *w = npu_model_section(m, "weight");
    cvi_state s = {.net = net, .chip = chip,
                   .program = m->nprogram ? &m->program[m->nprogram - 1] : NULL,
                   .lanes = (uint32_t)NPU_GET(chip, tpu_lanes),
                   .lane_bytes = (uint32_t)NPU_GET(chip, lmem_lane_bytes),
                   .byte_price = byte_price(o, chip),
                   .weight_base = w ? cvi_up((uint32_t)w->data_bytes, CVI_DDR_ALIGN) : 0};
    if (chip->isa != NPU_ISA_CV18XX_V2)
        return npu_fail(err, NPU_UNSUPPORTED, "chip %.60s: commands are written in the layout of "
                        "CV182x, CV181x and CV180x only", chip->name);
    npu_status st = stages(&s, o, m, err);
    release(&s);
    return st;
}
