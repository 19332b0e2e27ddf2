/* Writes FlatBuffers front to back (formats/flatbuf_write.h). */
#include "formats/flatbuf_write.h"

#include <string.h>

fmt_fbw_field fmt_fbw_int(uint64_t value, unsigned size)
{
    return (fmt_fbw_field){value ? size : 0, value};
}

fmt_fbw_field fmt_fbw_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return fmt_fbw_int(bits, 4);
}

fmt_fbw_field fmt_fbw_ref(void)
{
    return (fmt_fbw_field){4, 0};
}

static void align(buf_writer *w, size_t to, size_t lead)
{
    buf_put_zero(w, (to - (w->len + lead) % to) % to);
}

size_t fmt_fbw_root(buf_writer *w)
{
    size_t at = w->len;

    buf_put_zero(w, 4);
    return at;
}

/* Offsets of the fields in their table, widest first so that nothing needs padding between. */
static size_t place(const fmt_fbw_field *f, unsigned n, size_t *off)
{
    static const unsigned order[] = {8, 4, 2, 3, 1};
    size_t end = 8; /* the table starts 8-aligned with the 4-byte distance to its vtable */

    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (unsigned i = 0; i < n; i++)
            if (f[i].size == order[k]) {
                off[i] = end;
                end += f[i].size;
            }
    return end;
}

size_t fmt_fbw_table(buf_writer *w, const fmt_fbw_field *f, unsigned n,
                     size_t at[FMT_FBW_FIELDS_MAX])
{
    size_t off[FMT_FBW_FIELDS_MAX] = {0}, bytes = place(f, n, off), vtable, table;

    align(w, 8, 0);
    vtable = w->len;
    buf_put_int(w, 4 + 2 * n, 2);
    buf_put_int(w, bytes, 2);
    for (unsigned i = 0; i < n; i++)
        buf_put_int(w, off[i], 2);
    align(w, 8, 0);
    table = w->len;
    buf_put_zero(w, bytes);
    for (unsigned i = 0; i < n; i++) {
        at[i] = table + off[i];
        if (!w->failed && f[i].size)
            buf_set_le(w->data + at[i], f[i].value, f[i].size);
    }
    if (!w->failed)
        buf_set_le(w->data + table, table - vtable, 4);
    return table;
}

size_t fmt_fbw_vector(buf_writer *w, size_t n, size_t elem)
{
    size_t pos;

    align(w, elem > 4 ? elem : 4, 4);
    pos = w->len;
    buf_put_int(w, n, 4);
    return pos;
}

size_t fmt_fbw_refs(buf_writer *w, size_t n)
{
    size_t pos = fmt_fbw_vector(w, n, 4);

    buf_put_zero(w, 4 * n);
    return pos;
}

size_t fmt_fbw_string(buf_writer *w, const char *s)
{
    size_t n = strlen(s), pos = fmt_fbw_vector(w, n, 1);

    buf_put(w, s, n + 1);
    return pos;
}

void fmt_fbw_link(buf_writer *w, size_t at, size_t to)
{
    if (!w->failed)
        buf_set_le(w->data + at, to - at, 4);
}
