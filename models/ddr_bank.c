/* Feeding of the channels and the clock; see ddr_bank.h. */
#include "models/ddr_bank.h"

#include <stdlib.h>

#include "models/ddr_bank_chan.h"

enum { RING = 512 }; /* reads whose data is under way: fewer than clocks of latency per burst */

typedef struct {
    const hw_ddr_system *s;
    hw_chan *chan;
    hw_ddr_source *source;
    void *state;
    uint64_t limit;
    hw_ddr_run run;             /* what is left of the current run; empty: bytes == 0 */
    bool more, have;            /* the source may give more; REQ waits to enter */
    hw_chan_req req;
    hw_ddr_place place;
    uint64_t entered, done;     /* bursts */
    uint64_t under_way;         /* bytes of reads that have entered and not returned */
    int64_t ring[RING];         /* clocks at which reads return, in order */
    unsigned head, tail;
    int64_t end;
    hw_bank_result *out;
} feed;

static bool next_burst(feed *f)
{
    uint64_t size = (uint64_t)f->s->burst_bytes;
    if (f->limit && f->entered >= f->limit && f->more) {
        f->out->cut = true;
        f->out->useful_bytes -= f->run.bytes;
        f->more = false;
    }
    while (f->more && f->run.bytes == 0) {
        f->more = f->source(f->state, &f->run);
        if (!f->more)
            f->run.bytes = 0;
        f->out->useful_bytes += f->run.bytes;
    }
    if (!f->more)
        return false;
    uint64_t addr = f->run.addr / size * size, part = addr + size - f->run.addr;
    if (part > f->run.bytes)
        part = f->run.bytes;
    f->run.addr += part;
    f->run.bytes -= part;
    f->place = hw_ddr_where(f->s, addr);
    f->req = (hw_chan_req){f->place.row, f->entered, (uint8_t)f->place.bank,
                           (uint8_t)f->place.group, f->run.write};
    return true;
}

/* At most one burst enters per clock, in order. */
static bool push(feed *f)
{
    uint64_t size = (uint64_t)f->s->burst_bytes;
    if (!f->have && f->more) {
        f->have = next_burst(f);
        for (int i = 0; !f->have && i < f->s->channels; i++)
            f->chan[i].last = true;
        if (!f->have)
            return true;
    }
    if (!f->have)
        return false;
    hw_chan *c = &f->chan[f->place.channel];
    bool window = !f->req.write && f->s->window_bytes && f->under_way > 0 &&
                  f->under_way + size > f->s->window_bytes;
    if (window || !hw_chan_has_room(c, f->req.write))
        return false;
    hw_chan_push(c, &f->req);
    f->under_way += f->req.write ? 0 : size;
    f->entered++;
    f->have = false;
    return true;
}

static void finish_burst(feed *f, const hw_chan_step *step, int64_t clk)
{
    int64_t end = clk + (step->write ? f->s->wl : f->s->rl) + f->s->bl2;
    if (!step->write) {
        f->ring[f->tail] = end + 1; /* a clock to hand the data over */
        f->tail = (f->tail + 1) % RING;
    }
    if (f->done++ == 0)
        f->out->first = (uint64_t)end;
    if (f->limit && f->done == f->limit / 2) {
        f->out->mid_clock = (uint64_t)end;
        f->out->mid_bursts = f->done;
    }
    f->end = end > f->end ? end : f->end;
}

static bool idle(const feed *f)
{
    if (f->more || f->have)
        return false;
    for (int i = 0; i < f->s->channels; i++)
        if (!hw_chan_idle(&f->chan[i]))
            return false;
    return true;
}

static void run(feed *f)
{
    int64_t clk = 0;
    while (!idle(f)) {
        int64_t wake = HW_CLOCK_NEVER;
        while (f->head != f->tail && f->ring[f->head] <= clk) {
            f->head = (f->head + 1) % RING;
            f->under_way -= (uint64_t)f->s->burst_bytes;
        }
        bool moved = push(f);
        for (int i = 0; i < f->s->channels; i++) {
            hw_chan_step step = hw_chan_clock(&f->chan[i], clk);
            moved = moved || step.moved;
            wake = step.wake < wake ? step.wake : wake;
            if (step.column)
                finish_burst(f, &step, clk);
        }
        if (f->head != f->tail && f->ring[f->head] < wake)
            wake = f->ring[f->head];
        clk = moved || wake <= clk || wake == HW_CLOCK_NEVER ? clk + 1 : wake;
    }
}

npu_status hw_bank_run(const hw_ddr_system *s, hw_ddr_source *source, void *state, uint64_t limit,
                       bool refresh, hw_bank_result *out, npu_err *err)
{
    *out = (hw_bank_result){0};
    feed *f = calloc(1, sizeof *f);
    hw_chan *chan = calloc((size_t)s->channels, sizeof *chan);
    if (!f || !chan) {
        free(f);
        free(chan);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    *f = (feed){.s = s, .chan = chan, .source = source, .state = state, .limit = limit,
                .more = true, .out = out};
    for (int i = 0; i < s->channels; i++)
        hw_chan_init(&chan[i], s, refresh);
    run(f);
    out->clocks = (uint64_t)f->end;
    out->bursts = f->done;
    for (int i = 0; i < s->channels; i++) {
        out->activates += chan[i].activates;
        out->conflicts += chan[i].conflicts;
        out->refreshes += chan[i].refreshes;
    }
    free(chan);
    free(f);
    return NPU_OK;
}

double hw_bank_fraction(const hw_ddr_system *s, const hw_bank_result *r)
{
    double peak = (double)s->burst_bytes * s->channels / s->bl2; /* bytes per clock */
    return r->clocks ? (double)r->useful_bytes / ((double)r->clocks * peak) : 0;
}
