/* Event queue: what happens next.  Order is total: time, then priority, then order of posting. */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_EVENTS_MAX = 64 }; /* pending at once: a few per queue of the machine */

typedef struct {
    int64_t time;
    uint32_t order;         /* set by sim_post */
    uint16_t priority;      /* smaller first */
    uint16_t what;          /* caller's code */
} sim_event;

typedef struct {
    sim_event heap[SIM_EVENTS_MAX];
    size_t n;
    uint32_t posted;
} sim_queue;

/* Adds an event; false when SIM_EVENTS_MAX are pending. */
bool sim_post(sim_queue *q, int64_t time, uint16_t priority, uint16_t what);

/* Takes the first event; false when there is none. */
bool sim_next(sim_queue *q, sim_event *out);

#endif
