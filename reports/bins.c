/* Shares spans out to intervals. */
#include "reports/bins.h"

#include <stdlib.h>

npu_cause rep_span_cause(const npu_span *s)
{
    if (2 * (int64_t)s->fixed > s->end - s->start)
        return NPU_CAUSE_FIXED;
    return s->cause < NPU_CAUSES ? (npu_cause)s->cause : NPU_CAUSE_FIXED;
}

/* Bytes of TOTAL moved in the first DONE of LENGTH ticks: differences of it add up to TOTAL. */
static uint64_t moved(uint64_t total, int64_t done, int64_t length)
{
    if (length <= 0 || done >= length)
        return total;
    return (uint64_t)((double)total * (double)done / (double)length);
}

static void share_out(rep_bin *bin, size_t n, int64_t from, int64_t width, const npu_span *s)
{
    int64_t length = s->end - s->start, done = 0;
    int64_t last = (int64_t)n - 1, i = (s->start - from) / width;
    npu_cause cause = rep_span_cause(s);
    i = i < 0 ? 0 : i > last ? last : i;
    do {
        int64_t end = i == last ? s->end : from + (i + 1) * width; /* nothing falls off the end */
        int64_t upto = (end < s->end ? end : s->end) - s->start;
        upto = upto < done ? done : upto;
        bin[i].busy[s->unit][cause] += upto - done;
        bin[i].read += moved(s->read, upto, length) - moved(s->read, done, length);
        bin[i].write += moved(s->write, upto, length) - moved(s->write, done, length);
        if (done == 0 && length <= 0) { /* a span of no length moves its bytes at once */
            bin[i].read += s->read;
            bin[i].write += s->write;
        }
        done = upto;
        i++;
    } while (done < length && i <= last);
}

rep_bin *rep_bins(const npu_profile *p, int subgraph, int64_t from, int64_t width, size_t n)
{
    rep_bin *bin = calloc(n ? n : 1, sizeof *bin);
    if (!bin || !p->trace || n == 0 || width <= 0)
        return bin;
    for (uint32_t k = 0; k < p->trace->count; k++) {
        const npu_span *s = &p->trace->span[k];
        if (s->unit < NPU_UNITS && (subgraph < 0 || s->subgraph == subgraph))
            share_out(bin, n, from, width, s);
    }
    return bin;
}
