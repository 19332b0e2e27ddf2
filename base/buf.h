/* Bounded little-endian bytes: the only code that takes integers out of untrusted input.
 *
 * Failure is sticky: a read past the end sets FAILED and yields 0, and so does every later read;
 * the caller tests once, after the record.  The writer grows and is sticky in the same way. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *data; /* not owned */
    size_t len, pos;     /* POS <= LEN */
    bool failed;
} buf_reader;

buf_reader buf_over(const void *data, size_t len);
size_t buf_left(const buf_reader *b); /* bytes after POS; 0 after a failure */

uint8_t buf_u8(buf_reader *b);
uint16_t buf_u16(buf_reader *b);
uint32_t buf_u32(buf_reader *b);
uint64_t buf_u64(buf_reader *b);
/* The next N bytes in place, NULL (and failure) when there are fewer. */
const uint8_t *buf_take(buf_reader *b, size_t n);
void buf_seek(buf_reader *b, size_t pos); /* absolute; fails beyond LEN */

/* Little-endian integer of N bytes (1 to 8) at an absolute position; POS does not move. */
uint64_t buf_at(buf_reader *b, size_t pos, unsigned n);
bool buf_has(const buf_reader *b, size_t pos, size_t n); /* [pos, pos + n) lies inside */

typedef struct {
    uint8_t *data; /* owned: buf_free, or taken over by the caller after the last put */
    size_t len, cap;
    bool failed;   /* out of memory; the contents are then meaningless */
} buf_writer;

void buf_put(buf_writer *w, const void *bytes, size_t n);
void buf_put_zero(buf_writer *w, size_t n);
void buf_put_int(buf_writer *w, uint64_t v, unsigned n); /* N bytes, little-endian */
void buf_free(buf_writer *w);

/* Little-endian integer of N bytes (1 to 8) at P, which the caller has checked. */
uint64_t buf_get_le(const uint8_t *p, unsigned n);
void buf_set_le(uint8_t *p, uint64_t v, unsigned n);

#endif
