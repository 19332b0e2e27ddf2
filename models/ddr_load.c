/* Fluid service of the masters: constant ones always, bursts in the order of the file. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "models/ddr_masters.h"

#define MOST 0.99 /* of the peak, all masters together: as ddr.contention */

typedef struct {
    double backlog;         /* bytes asked for and not moved */
    double rate;            /* bytes per tick now */
    double limit;           /* bytes per tick at most */
    double next;            /* tick of the next burst, INFINITY: none */
    uint64_t count;         /* bursts so far */
} flow;

struct hw_load {
    const hw_masters *masters; /* not owned */
    int skip;
    double peak, us;        /* bytes per tick; ticks per microsecond */
    double now, until;      /* rates hold from NOW to UNTIL */
    double taken;           /* share of the peak */
    flow f[HW_MASTERS_MAX];
};

static bool skipped(const hw_load *l, size_t i)
{
    return l->skip >= 0 && (size_t)l->skip == i;
}

static double burst_tick(const hw_load *l, size_t i)
{
    const hw_master *m = &l->masters->master[i];
    uint64_t k = l->f[i].count;
    if (skipped(l, i) || m->kind == HW_MASTER_CONSTANT)
        return INFINITY;
    if (m->kind == HW_MASTER_PERIODIC)
        return (m->offset_us + (double)k * m->period_us) * l->us;
    return k < m->npoint ? m->point[k].time_us * l->us : INFINITY;
}

/* Takes in the bursts due now, sets the rates and how long they hold. */
static void settle(hw_load *l)
{
    double left = MOST * l->peak;
    l->until = INFINITY;
    for (size_t i = 0; i < l->masters->n; i++) {
        const hw_master *m = &l->masters->master[i];
        flow *f = &l->f[i];
        while (f->next <= l->now) {
            f->backlog += m->kind == HW_MASTER_TRACE ? m->point[f->count].bytes : m->bytes;
            f->count++;
            f->next = burst_tick(l, i);
        }
        if (f->next < l->until)
            l->until = f->next;
        f->rate = skipped(l, i) || m->kind != HW_MASTER_CONSTANT ? 0 : f->limit;
        f->rate = f->rate < left ? f->rate : left;
        left -= f->rate;
    }
    for (size_t i = 0; i < l->masters->n; i++) {
        flow *f = &l->f[i];
        if (f->backlog <= 0)
            continue;
        f->rate = f->limit < left ? f->limit : left;
        double end = f->rate > 0 ? l->now + f->backlog / f->rate : INFINITY;
        if (end <= l->now) { /* too little for the clock's precision: time must go on */
            f->backlog = f->rate = 0;
            continue;
        }
        left -= f->rate;
        if (end < l->until)
            l->until = end;
    }
    l->taken = MOST - left / l->peak;
    if (l->taken < 0)
        l->taken = 0;
}

static void forward(hw_load *l, double to)
{
    double span = to - l->now;
    for (size_t i = 0; i < l->masters->n; i++) {
        flow *f = &l->f[i];
        if (f->backlog <= 0)
            continue;
        f->backlog -= f->rate * span;
        if (f->backlog < 1e-6 * l->peak) /* rounding, far below a byte */
            f->backlog = 0;
    }
    l->now = to;
}

/* Moves to the end of the current rates, or to TO when that is earlier. */
static void step(hw_load *l, double to)
{
    if (to < l->until) {
        forward(l, to);
        return;
    }
    forward(l, l->until);
    settle(l);
}

static void seek(hw_load *l, double to)
{
    while (l->now < to)
        step(l, to);
}

npu_status hw_masters_fit(const hw_masters *masters, double peak_mbps, npu_err *err)
{
    double constant = 0;
    for (size_t i = 0; i < masters->n; i++)
        if (masters->master[i].kind == HW_MASTER_CONSTANT)
            constant += masters->master[i].mbps;
    if (constant > MOST * peak_mbps)
        return npu_fail(err, NPU_USAGE, "the constant masters take %g MB/s; at most %g %% of the "
                        "DDR's %g MB/s is allowed", constant, 100 * MOST, peak_mbps);
    return NPU_OK;
}

npu_status hw_load_new(const hw_masters *masters, double peak_mbps, double tick_hz, int skip,
                       hw_load **out, npu_err *err)
{
    *out = NULL;
    hw_load *l = calloc(1, sizeof *l);
    if (!l)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    *l = (hw_load){.masters = masters, .skip = skip, .peak = peak_mbps * 1e6 / tick_hz,
                   .us = tick_hz / 1e6};
    for (size_t i = 0; i < masters->n; i++) {
        const hw_master *m = &masters->master[i];
        double most = m->kind == HW_MASTER_CONSTANT ? m->mbps : m->rate_mbps;
        l->f[i].limit = most > 0 || m->kind == HW_MASTER_CONSTANT ? most * 1e6 / tick_hz : l->peak;
        l->f[i].next = burst_tick(l, i);
    }
    settle(l);
    *out = l;
    return NPU_OK;
}

void hw_load_free(hw_load *l)
{
    free(l);
}

double hw_load_finish(hw_load *l, double start, double work)
{
    seek(l, start);
    while (work > 0) {
        double share = 1 - l->taken, end = l->now + work / share;
        if (end <= l->until) {
            step(l, end);
            return end;
        }
        work -= (l->until - l->now) * share;
        step(l, l->until);
    }
    return l->now > start ? l->now : start;
}

void hw_load_bytes(hw_load *l, double from, double to, double *bytes)
{
    seek(l, from);
    while (l->now < to) {
        double before = l->now, rate[HW_MASTERS_MAX];
        for (size_t i = 0; i < l->masters->n; i++)
            rate[i] = l->f[i].rate;
        step(l, to);
        for (size_t i = 0; i < l->masters->n; i++)
            bytes[i] += rate[i] * (l->now - before);
    }
}
