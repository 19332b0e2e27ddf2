/* Counting bus beats and local-memory words.
 *
 * Both memories move whole 16-byte words, so a short or unaligned row costs every word it touches.
 * Only addresses modulo the word matter; a regular walk repeats after at most 16 steps, which
 * keeps the count independent of the tensor's size. */
#ifndef MODELS_WORDS_H
#define MODELS_WORDS_H

#include <stdint.h>

enum { HW_WORD = 16 };

typedef struct {
    uint64_t stride; /* bytes */
    uint64_t count;
} hw_walk;

/* Words touched by rows of LEN bytes at ADDR + i*a.stride + j*b.stride + k*c.stride over all i, j,
 * k; each row counts for itself. */
uint64_t hw_words(uint64_t addr, hw_walk a, hw_walk b, hw_walk c, uint64_t len);

#endif
