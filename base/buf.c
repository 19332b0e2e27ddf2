/* Bounded little-endian reader and growing writer (base/buf.h). */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

uint64_t buf_get_le(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

void buf_set_le(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++, v >>= 8)
        p[i] = (uint8_t)v;
}

buf_reader buf_over(const void *data, size_t len)
{
    buf_reader b = {.data = data, .len = len};
    return b;
}

size_t buf_left(const buf_reader *b)
{
    return b->failed ? 0 : b->len - b->pos;
}

bool buf_has(const buf_reader *b, size_t pos, size_t n)
{
    return !b->failed && pos <= b->len && n <= b->len - pos;
}

const uint8_t *buf_take(buf_reader *b, size_t n)
{
    const uint8_t *p;

    if (!buf_has(b, b->pos, n)) {
        b->failed = true;
        return NULL;
    }
    p = b->data + b->pos;
    b->pos += n;
    return p;
}

static uint64_t take_int(buf_reader *b, unsigned n)
{
    const uint8_t *p = buf_take(b, n);
    return p ? buf_get_le(p, n) : 0;
}

uint8_t buf_u8(buf_reader *b) { return (uint8_t)take_int(b, 1); }
uint16_t buf_u16(buf_reader *b) { return (uint16_t)take_int(b, 2); }
uint32_t buf_u32(buf_reader *b) { return (uint32_t)take_int(b, 4); }
uint64_t buf_u64(buf_reader *b) { return take_int(b, 8); }

void buf_seek(buf_reader *b, size_t pos)
{
    if (!buf_has(b, pos, 0))
        b->failed = true;
    else
        b->pos = pos;
}

uint64_t buf_at(buf_reader *b, size_t pos, unsigned n)
{
    if (!buf_has(b, pos, n)) {
        b->failed = true;
        return 0;
    }
    return buf_get_le(b->data + pos, n);
}

/* Room for N more bytes; NULL after a failure. */
static uint8_t *grow(buf_writer *w, size_t n)
{
    uint8_t *p;

    if (w->failed || n > SIZE_MAX / 2 - w->len) {
        w->failed = true;
        return NULL;
    }
    if (w->len + n > w->cap) {
        size_t cap = w->cap ? w->cap : 256;
        while (cap < w->len + n)
            cap *= 2;
        if (!(p = realloc(w->data, cap))) {
            w->failed = true;
            return NULL;
        }
        w->data = p;
        w->cap = cap;
    }
    p = w->data + w->len;
    w->len += n;
    return p;
}

void buf_put(buf_writer *w, const void *bytes, size_t n)
{
    uint8_t *p = n ? grow(w, n) : NULL;
    if (p)
        memcpy(p, bytes, n);
}

void buf_put_zero(buf_writer *w, size_t n)
{
    uint8_t *p = n ? grow(w, n) : NULL;
    if (p)
        memset(p, 0, n);
}

void buf_put_int(buf_writer *w, uint64_t v, unsigned n)
{
    uint8_t bytes[8];
    buf_set_le(bytes, v, n);
    buf_put(w, bytes, n);
}

void buf_free(buf_writer *w)
{
    free(w->data);
    *w = (buf_writer){0};
}
