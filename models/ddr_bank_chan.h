/* One channel of the bank model; ddr_bank.c feeds it, ddr_bank_chan.c is its command logic. */
#ifndef MODELS_DDR_BANK_CHAN_H
#define MODELS_DDR_BANK_CHAN_H

#include "models/ddr_bank.h"

#define HW_CLOCK_NEVER INT64_MAX

typedef struct {            /* a burst that waits */
    uint64_t row;
    uint64_t order;         /* number of the burst */
    uint8_t bank, group;
    bool write;
} hw_chan_req;

typedef struct {            /* requests in order of arrival */
    hw_chan_req r[HW_DDR_QUEUE_MAX];
    int n;
} hw_chan_queue;

typedef struct {
    int64_t row;            /* open row, -1: closed */
    int64_t act, pre, cas;  /* earliest clock of activate, precharge, read or write */
    int hits, active;       /* columns since the activate; requests that own the open row */
} hw_chan_bank;

typedef struct {
    int64_t rd, wr, act;    /* earliest clock of a command to a group, or to the channel */
} hw_chan_gate;

typedef struct {
    const hw_ddr_system *s; /* not owned */
    hw_chan_bank bank[HW_DDR_BANKS_MAX];
    hw_chan_gate group[HW_DDR_BANKS_MAX], all;
    int64_t faw[4];         /* clocks of the last four activates */
    int faw_at;
    hw_chan_queue read, write;
    hw_chan_queue per_bank[HW_DDR_BANKS_MAX]; /* HW_SCHED_CAPPED */
    hw_chan_queue active;   /* HW_SCHED_READY: their row was opened for them */
    int waiting;            /* requests in per_bank and active */
    int turn;               /* HW_SCHED_CAPPED: bank looked at last */
    int draining;           /* writes to move before reads again */
    bool write_mode;        /* HW_SCHED_READY */
    bool last;              /* no more requests will come: drain */
    int64_t next_refresh;   /* HW_CLOCK_NEVER: none */
    bool refreshing;        /* a refresh is due */
    uint64_t activates, conflicts, refreshes;
} hw_chan;

typedef struct {            /* what a channel did in one clock */
    bool moved;             /* any change: look again in the next clock */
    bool column;            /* a read or write was issued */
    bool write;             /* it was a write */
    int64_t wake;           /* nothing changes before this clock */
} hw_chan_step;

void hw_chan_init(hw_chan *c, const hw_ddr_system *s, bool refresh);
bool hw_chan_has_room(const hw_chan *c, bool write);
void hw_chan_push(hw_chan *c, const hw_chan_req *r);
bool hw_chan_idle(const hw_chan *c);
hw_chan_step hw_chan_clock(hw_chan *c, int64_t clk);

/* Earliest clock of the next command request R needs; *COMMAND tells which: 'A', 'P', 'R', 'W'. */
int64_t hw_chan_ready(const hw_chan *c, const hw_chan_req *r, char *command);
/* Issues COMMAND for R at clock CLK: the timing rules of the standard. */
void hw_chan_issue(hw_chan *c, const hw_chan_req *r, char command, int64_t clk);

#endif
