/* See words.h. */
#include "models/words.h"

/* Steps after which the offset modulo the word repeats. */
static uint64_t period(uint64_t stride)
{
    uint64_t p = HW_WORD;
    stride %= HW_WORD;
    while (p > 1 && stride * (p / 2) % HW_WORD == 0)
        p /= 2;
    return p;
}

/* How many of COUNT steps fall on residue I of PERIOD. */
static uint64_t hits(uint64_t count, uint64_t i, uint64_t period_)
{
    return count > i ? (count - i - 1) / period_ + 1 : 0;
}

uint64_t hw_words(uint64_t addr, hw_walk a, hw_walk b, hw_walk c, uint64_t len)
{
    uint64_t pa = period(a.stride), pb = period(b.stride), pc = period(c.stride), sum = 0;
    for (uint64_t i = 0; i < pa && i < a.count; i++)
        for (uint64_t j = 0; j < pb && j < b.count; j++)
            for (uint64_t k = 0; k < pc && k < c.count; k++) {
                uint64_t off = (addr + i * a.stride + j * b.stride + k * c.stride) % HW_WORD;
                sum += hits(a.count, i, pa) * hits(b.count, j, pb) * hits(c.count, k, pc) *
                       ((off + len + HW_WORD - 1) / HW_WORD);
            }
    return sum;
}
