/* Which request goes first: two ways of open-page FR-FCFS, and refresh.
 *
 * CAPPED follows the controller of DRAMsim3 (a queue of eight per bank, banks in turn, four hits
 * before a waiting conflict closes the row, writes drained when their buffer is full); READY that
 * of Ramulator 2 (the oldest request whose next command may go; writes between two marks). */
#include "models/ddr_bank_chan.h"

#include <string.h>

enum { DRAIN_LEAST = 8, HIGH_MARK = 8, LOW_MARK = 2, MARKS = 10 }; /* marks: tenths of the queue */

void hw_chan_init(hw_chan *c, const hw_ddr_system *s, bool refresh)
{
    memset(c, 0, sizeof *c);
    c->s = s;
    for (int i = 0; i < s->banks; i++)
        c->bank[i].row = -1;
    for (int i = 0; i < 4; i++)
        c->faw[i] = -s->faw;
    c->next_refresh = refresh ? s->refi : HW_CLOCK_NEVER;
}

bool hw_chan_has_room(const hw_chan *c, bool write)
{
    return (write ? c->write.n : c->read.n) < c->s->queue;
}

void hw_chan_push(hw_chan *c, const hw_chan_req *r)
{
    hw_chan_queue *q = r->write ? &c->write : &c->read;
    q->r[q->n++] = *r;
}

bool hw_chan_idle(const hw_chan *c)
{
    return c->read.n == 0 && c->write.n == 0 && c->waiting == 0;
}

static void drop(hw_chan_queue *q, int i)
{
    q->n--;
    memmove(&q->r[i], &q->r[i + 1], (size_t)(q->n - i) * sizeof *q->r);
}

/* Whether READY may go at CLK; if not, the step wakes up then. */
static bool may(hw_chan_step *step, int64_t ready, int64_t clk)
{
    if (ready <= clk)
        return true;
    if (ready < step->wake)
        step->wake = ready;
    return false;
}

static void did(hw_chan_step *step, const hw_chan_req *r, char command)
{
    step->moved = true;
    step->column = command == 'R' || command == 'W';
    step->write = r->write;
}

/* Closes the banks one per clock, then refreshes them all. */
static void refresh(hw_chan *c, int64_t clk, hw_chan_step *step)
{
    int64_t idle = 0;
    bool open = false;
    for (int i = 0; i < c->s->banks; i++) {
        hw_chan_bank *b = &c->bank[i];
        if (b->row >= 0) {
            open = true;
            if (may(step, b->pre, clk)) {
                hw_chan_issue(c, &(hw_chan_req){.bank = (uint8_t)i}, 'P', clk);
                step->moved = true;
                return;
            }
        } else if (b->act > idle) {
            idle = b->act;
        }
    }
    if (open || !may(step, idle, clk))
        return;
    for (int i = 0; i < c->s->banks; i++)
        c->bank[i].act = clk + c->s->rfc;
    c->refreshing = false;
    c->refreshes++;
    step->moved = true;
}

/* --- capped ---------------------------------------------------------------------------------- */

/* The head of a bank's queue may close its row when nothing hits it, or enough did. */
static bool may_close(const hw_chan *c, const hw_chan_queue *q)
{
    const hw_chan_bank *b = &c->bank[q->r[0].bank];
    for (int k = 1; k < q->n && b->hits < c->s->hit_cap; k++)
        if ((int64_t)q->r[k].row == b->row)
            return false;
    return true;
}

/* Only the head opens or closes the row; the others are served when they hit it.  Hits of one kind
 * are ready at the same time, so only the first of each is looked at. */
static bool serve_bank(hw_chan *c, hw_chan_queue *q, int64_t clk, hw_chan_step *step)
{
    int64_t open = c->bank[q->r[0].bank].row;
    bool tried[2] = {false, false};
    for (int i = 0; i < q->n; i++) {
        bool hit = (int64_t)q->r[i].row == open;
        if (hit ? tried[q->r[i].write] : i > 0)
            continue;
        tried[q->r[i].write] |= hit;
        hw_chan_req r = q->r[i];
        char command;
        int64_t ready = hw_chan_ready(c, &r, &command);
        if (!may(step, ready, clk) || (command == 'P' && !may_close(c, q)))
            continue;
        c->conflicts += command == 'P';
        hw_chan_issue(c, &r, command, clk);
        did(step, &r, command);
        if (step->column) {
            drop(q, i);
            c->waiting--;
        }
        return true;
    }
    return false;
}

/* One request per clock moves from the buffers to its bank's queue: reads, unless writes drain. */
static void move_one(hw_chan *c, hw_chan_step *step)
{
    if (c->draining == 0 && (c->write.n >= c->s->queue ||
                             (c->write.n > DRAIN_LEAST && c->waiting == 0) ||
                             (c->last && c->read.n == 0)))
        c->draining = c->write.n;
    hw_chan_queue *q = c->draining > 0 ? &c->write : &c->read;
    for (int i = 0; i < q->n; i++) {
        hw_chan_queue *to = &c->per_bank[q->r[i].bank];
        if (to->n >= c->s->bank_queue)
            continue;
        to->r[to->n++] = q->r[i];
        c->draining -= c->draining > 0;
        c->waiting++;
        drop(q, i);
        step->moved = true;
        return;
    }
}

static void clock_capped(hw_chan *c, int64_t clk, hw_chan_step *step)
{
    int n = c->s->banks;
    if (c->refreshing)
        refresh(c, clk, step);
    for (int i = 1; i <= n && !c->refreshing && c->waiting > 0; i++) {
        int b = (c->turn + i) % n;
        if (c->per_bank[b].n && serve_bank(c, &c->per_bank[b], clk, step)) {
            c->turn = b;
            break;
        }
    }
    move_one(c, step);
}

/* --- ready ----------------------------------------------------------------------------------- */

/* Serves the oldest request of Q whose next command may go.  Of one bank, all reads of the open row
 * are ready at the same time, so are all writes of it and all that need another row: only the first
 * of each is looked at. */
static bool serve_oldest(hw_chan *c, hw_chan_queue *q, int64_t clk, hw_chan_step *step)
{
    uint64_t tried[3] = {0, 0, 0}; /* by bank: reads, writes, other rows */
    for (int i = 0; i < q->n; i++) {
        const hw_chan_req *at = &q->r[i];
        uint64_t *seen = &tried[(int64_t)at->row == c->bank[at->bank].row ? at->write : 2];
        if (*seen >> at->bank & 1)
            continue;
        *seen |= (uint64_t)1 << at->bank;
        hw_chan_req r = *at;
        char command;
        int64_t ready = hw_chan_ready(c, &r, &command);
        if ((command == 'P' && c->bank[r.bank].active > 0) || !may(step, ready, clk))
            continue;
        c->conflicts += command == 'P';
        hw_chan_issue(c, &r, command, clk);
        did(step, &r, command);
        if (step->column || command == 'A')
            drop(q, i);
        if (command == 'A') {
            c->active.r[c->active.n++] = r;
            c->bank[r.bank].active++;
            c->waiting++;
        } else if (step->column && q == &c->active) {
            c->bank[r.bank].active--;
            c->waiting--;
        }
        return true;
    }
    return false;
}

static void clock_ready(hw_chan *c, int64_t clk, hw_chan_step *step)
{
    int size = c->s->queue;
    if (c->active.n && serve_oldest(c, &c->active, clk, step))
        return;
    if (c->refreshing) {
        if (c->active.n == 0)
            refresh(c, clk, step);
        return;
    }
    if (!c->write_mode && (MARKS * c->write.n > HIGH_MARK * size || c->read.n == 0))
        c->write_mode = true;
    else if (c->write_mode && MARKS * c->write.n < LOW_MARK * size && c->read.n > 0)
        c->write_mode = false;
    serve_oldest(c, c->write_mode ? &c->write : &c->read, clk, step);
}

hw_chan_step hw_chan_clock(hw_chan *c, int64_t clk)
{
    hw_chan_step step = {.wake = HW_CLOCK_NEVER};
    if (clk >= c->next_refresh) {
        c->refreshing = true;
        c->next_refresh += c->s->refi;
    }
    if (c->s->sched == HW_SCHED_CAPPED)
        clock_capped(c, clk, &step);
    else
        clock_ready(c, clk, &step);
    if (c->next_refresh < step.wake)
        step.wake = c->next_refresh;
    return step;
}
