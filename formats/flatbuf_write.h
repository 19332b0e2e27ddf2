/* Writes FlatBuffers front to back: a table first, what it refers to after it.
 *
 * References are unsigned forward offsets, so a child is written after its parent and linked then.
 * Values are aligned to their size from the start of the buffer, as readers in place need.  Running
 * out of memory is sticky in the writer. */
#ifndef FORMATS_FLATBUF_WRITE_H
#define FORMATS_FLATBUF_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { FMT_FBW_FIELDS_MAX = 16 };

typedef struct {
    unsigned size;  /* bytes: 1, 2, 4, 8, or 3 for an inline structure of bytes; 0: absent */
    uint64_t value;
} fmt_fbw_field;

/* Scalar; zero is the default of every field and is left out. */
fmt_fbw_field fmt_fbw_int(uint64_t value, unsigned size);
fmt_fbw_field fmt_fbw_float(float value);
/* Reference, linked later. */
fmt_fbw_field fmt_fbw_ref(void);

/* Offset that leads to the root table; the first call on a buffer. */
size_t fmt_fbw_root(buf_writer *w);
/* Table of N fields; returns its position and fills AT with the position of every present field. */
size_t fmt_fbw_table(buf_writer *w, const fmt_fbw_field *f, unsigned n,
                     size_t at[FMT_FBW_FIELDS_MAX]);
/* Length of a vector of N elements of ELEM bytes; the caller appends them next.  Returns its
 * position; the first element follows 4 bytes later. */
size_t fmt_fbw_vector(buf_writer *w, size_t n, size_t elem);
/* Vector of N references, element I at the result + 4 + 4 * I. */
size_t fmt_fbw_refs(buf_writer *w, size_t n);
size_t fmt_fbw_string(buf_writer *w, const char *s);
/* Makes the reference stored at AT lead to TO. */
void fmt_fbw_link(buf_writer *w, size_t at, size_t to);

#endif
