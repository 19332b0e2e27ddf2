/* FlatBuffers tables in untrusted bytes.
 *
 * Every offset, vtable, vector and string is checked against the buffer before use.  Failure is
 * sticky: the first one is recorded with the byte it happened at, every later access yields zero
 * or NULL, and the caller tests STATUS once per record.  There is no recursion; what a hostile
 * file can still do is refer to one string many times, so memory comes from a budget. */
#ifndef FORMATS_FLATBUF_H
#define FORMATS_FLATBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "npusim/err.h"

typedef struct {
    buf_reader b;
    const char *path; /* for messages; not owned */
    const char *what; /* table being read, for messages; set by the caller; not owned */
    size_t *budget;   /* bytes of memory that may still be allocated; not owned */
    npu_err *err;     /* not owned */
    npu_status status;
} fmt_fb;

typedef struct {
    size_t pos;               /* of the table; 0 is never a table */
    size_t vtable;
    uint16_t vtable_bytes, table_bytes;
} fmt_fb_table;

typedef struct {
    size_t pos;               /* of the first element */
    uint32_t n;               /* elements; 0 when the field is absent */
} fmt_fb_vec;

fmt_fb fmt_fb_over(const char *path, const void *data, size_t n, size_t *budget, npu_err *err);
/* Records a failure at byte POS; always returns false. */
bool fmt_fb_broken(fmt_fb *fb, size_t pos, const char *why);

bool fmt_fb_root(fmt_fb *fb, fmt_fb_table *out);
/* Scalars, DFLT where the field is absent.  N is the size in bytes; values are zero-extended. */
uint64_t fmt_fb_int(fmt_fb *fb, const fmt_fb_table *t, unsigned id, unsigned n, uint64_t dflt);
float fmt_fb_float(fmt_fb *fb, const fmt_fb_table *t, unsigned id);
/* Inline structure of N bytes, NULL where absent. */
const uint8_t *fmt_fb_struct(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t n);
/* False where the field is absent or broken. */
bool fmt_fb_sub(fmt_fb *fb, const fmt_fb_table *t, unsigned id, fmt_fb_table *out);
/* Copy of a string; the caller's.  NULL where absent or broken.  Control characters and bytes that
 * are not UTF-8 are refused: names go into reports and onto terminals. */
char *fmt_fb_string(fmt_fb *fb, const fmt_fb_table *t, unsigned id);

/* Vector of elements of ELEM bytes. */
fmt_fb_vec fmt_fb_vector(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t elem);
bool fmt_fb_vec_sub(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i, fmt_fb_table *out);
char *fmt_fb_vec_string(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i);
uint64_t fmt_fb_vec_int(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i, unsigned n);
float fmt_fb_vec_float(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i);

/* N zeroed elements from the budget; the caller's to free.  NULL for N = 0 and after a failure. */
void *fmt_fb_alloc(fmt_fb *fb, size_t n, size_t elem);

/* Length of the UTF-8 sequence at P (at most LEFT bytes); 0: not UTF-8 or a control character. */
size_t fmt_utf8_len(const uint8_t *p, size_t left);

#endif
