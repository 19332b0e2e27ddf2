/* Bit fields of a descriptor seen as one long little-endian integer. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdint.h>

static inline uint32_t bits_word(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Field of WIDTH (1 to 32) bits at bit FIRST.  Reads only the words the field touches, so a field
 * at the end of the descriptor does not read past it. */
static inline uint32_t bits_get(const uint8_t *p, unsigned first, unsigned width)
{
    const uint8_t *w = p + first / 32 * 4;
    uint64_t v = bits_word(w) >> first % 32;
    if (first % 32 + width > 32)
        v |= (uint64_t)bits_word(w + 4) << (32 - first % 32);
    return (uint32_t)(v & (~UINT64_C(0) >> (64 - width)));
}

/* Writes VALUE (already within WIDTH bits) over the field. */
static inline void bits_put(uint8_t *p, unsigned first, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t *byte = p + (first + i) / 8, bit = (uint8_t)(1u << (first + i) % 8);
        *byte = (uint8_t)((value >> i & 1) ? *byte | bit : *byte & ~bit);
    }
}

#endif
