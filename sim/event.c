/* Binary heap of events; see event.h. */
#include "sim/event.h"

static bool before(const sim_event *a, const sim_event *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return (int32_t)(a->order - b->order) < 0;
}

bool sim_post(sim_queue *q, int64_t time, uint16_t priority, uint16_t what)
{
    if (q->n == SIM_EVENTS_MAX)
        return false;
    sim_event e = {time, q->posted++, priority, what};
    size_t i = q->n++;
    while (i > 0 && before(&e, &q->heap[(i - 1) / 2])) {
        q->heap[i] = q->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    q->heap[i] = e;
    return true;
}

bool sim_next(sim_queue *q, sim_event *out)
{
    if (q->n == 0)
        return false;
    *out = q->heap[0];
    sim_event last = q->heap[--q->n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= q->n)
            break;
        if (child + 1 < q->n && before(&q->heap[child + 1], &q->heap[child]))
            child++;
        if (!before(&q->heap[child], &last))
            break;
        q->heap[i] = q->heap[child];
        i = child;
    }
    q->heap[i] = last;
    return true;
}
