/* The timing rules: when a command may go, and what it holds back. */
#include "models/ddr_bank_chan.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void hold(int64_t *gate, int64_t until)
{
    *gate = later(*gate, until);
}

int64_t hw_chan_ready(const hw_chan *c, const hw_chan_req *r, char *command)
{
    const hw_chan_bank *b = &c->bank[r->bank];
    const hw_chan_gate *g = &c->group[r->group];
    if (b->row == (int64_t)r->row) {
        *command = r->write ? 'W' : 'R';
        return r->write ? later(b->cas, later(g->wr, c->all.wr))
                        : later(b->cas, later(g->rd, c->all.rd));
    }
    if (b->row >= 0) {
        *command = 'P';
        return b->pre;
    }
    *command = 'A';
    return later(later(b->act, c->faw[c->faw_at] + c->s->faw), later(g->act, c->all.act));
}

static void activate(hw_chan *c, const hw_chan_req *r, int64_t clk)
{
    const hw_ddr_system *s = c->s;
    hw_chan_bank *b = &c->bank[r->bank];
    b->row = (int64_t)r->row;
    b->hits = 0;
    b->cas = clk + s->rcd;
    hold(&b->pre, clk + s->ras);
    hold(&b->act, clk + s->ras + s->rp);
    hold(&c->group[r->group].act, clk + s->rrd_l);
    hold(&c->all.act, clk + s->rrd_s);
    c->faw[c->faw_at] = clk;
    c->faw_at = (c->faw_at + 1) % 4;
    c->activates++;
}

static void column(hw_chan *c, const hw_chan_req *r, int64_t clk)
{
    const hw_ddr_system *s = c->s;
    hw_chan_bank *b = &c->bank[r->bank];
    hw_chan_gate *g = &c->group[r->group];
    b->hits++;
    if (r->write) {
        int64_t end = clk + s->wl + s->bl2; /* of the data */
        hold(&c->all.wr, clk + s->ccd_s);
        hold(&g->wr, clk + s->ccd_l);
        hold(&c->all.rd, end + s->wtr_s);
        hold(&g->rd, end + s->wtr_l);
        hold(&b->pre, end + s->wr);
    } else {
        hold(&c->all.rd, clk + s->ccd_s);
        hold(&g->rd, clk + s->ccd_l);
        hold(&c->all.wr, clk + s->rl + s->bl2 + s->rtw - s->wl);
        hold(&b->pre, clk + s->rtp);
    }
}

void hw_chan_issue(hw_chan *c, const hw_chan_req *r, char command, int64_t clk)
{
    hw_chan_bank *b = &c->bank[r->bank];
    if (command == 'A') {
        activate(c, r, clk);
    } else if (command == 'P') {
        b->row = -1;
        hold(&b->act, clk + c->s->rp);
    } else {
        column(c, r, clk);
    }
}
