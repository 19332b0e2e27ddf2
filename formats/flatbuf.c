/* FlatBuffers tables in untrusted bytes (formats/flatbuf.h).
 *
 * Layout, from the FlatBuffers "internals" document: a table starts with a signed 32-bit distance
 * back to its vtable; the vtable holds its own size, the table's size and one 16-bit offset per
 * field, 0 for an absent one; strings, vectors and tables are reached by an unsigned 32-bit
 * offset relative to where it is stored. */
#include "formats/flatbuf.h"

#include <stdlib.h>
#include <string.h>

fmt_fb fmt_fb_over(const char *path, const void *data, size_t n, size_t *budget, npu_err *err)
{
    fmt_fb fb = {.b = buf_over(data, n), .path = path, .what = "root", .budget = budget,
                 .err = err, .status = NPU_OK};
    return fb;
}

bool fmt_fb_broken(fmt_fb *fb, size_t pos, const char *why)
{
    if (fb->status == NPU_OK)
        fb->status = npu_fail(fb->err, NPU_BAD_INPUT, "%s: byte %zu of the description "
                              "(%zu bytes), %s: %s", fb->path, pos, fb->b.len, fb->what, why);
    return false;
}

/* Little-endian integer at POS; false (and failure) outside the buffer. */
static bool get(fmt_fb *fb, size_t pos, unsigned n, uint64_t *out)
{
    *out = 0;
    if (fb->status != NPU_OK)
        return false;
    if (!buf_has(&fb->b, pos, n))
        return fmt_fb_broken(fb, pos, "lies outside");
    *out = buf_get_le(fb->b.data + pos, n);
    return true;
}

/* Follows the offset stored at POS. */
static bool follow(fmt_fb *fb, size_t pos, size_t *to)
{
    uint64_t off;

    if (!get(fb, pos, 4, &off))
        return false;
    if (off == 0 || off > fb->b.len - pos)
        return fmt_fb_broken(fb, pos, "offset leads outside");
    *to = pos + (size_t)off;
    return true;
}

static bool table_at(fmt_fb *fb, size_t pos, fmt_fb_table *t)
{
    uint64_t back, size, inside;
    int64_t vtable;

    *t = (fmt_fb_table){0};
    if (!get(fb, pos, 4, &back))
        return false;
    vtable = (int64_t)pos - (int32_t)(uint32_t)back;
    if (vtable < 0 || !buf_has(&fb->b, (size_t)vtable, 4))
        return fmt_fb_broken(fb, pos, "vtable lies outside");
    if (!get(fb, (size_t)vtable, 2, &size) || !get(fb, (size_t)vtable + 2, 2, &inside))
        return false;
    if (size < 4 || size % 2 || !buf_has(&fb->b, (size_t)vtable, (size_t)size))
        return fmt_fb_broken(fb, (size_t)vtable, "bad vtable size");
    if (inside < 4 || !buf_has(&fb->b, pos, (size_t)inside))
        return fmt_fb_broken(fb, pos, "table reaches outside");
    *t = (fmt_fb_table){pos, (size_t)vtable, (uint16_t)size, (uint16_t)inside};
    return true;
}

/* Position of field ID of N bytes; 0 when absent or broken. */
static size_t field(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t n)
{
    uint64_t off;

    if (t->pos == 0 || 4 + 2 * (size_t)id + 2 > t->vtable_bytes ||
        !get(fb, t->vtable + 4 + 2 * (size_t)id, 2, &off) || off == 0)
        return 0;
    if (off < 4 || off + n > t->table_bytes) {
        fmt_fb_broken(fb, t->pos, "field lies outside its table");
        return 0;
    }
    return t->pos + (size_t)off;
}

bool fmt_fb_root(fmt_fb *fb, fmt_fb_table *out)
{
    size_t pos;

    *out = (fmt_fb_table){0};
    return follow(fb, 0, &pos) && table_at(fb, pos, out);
}

uint64_t fmt_fb_int(fmt_fb *fb, const fmt_fb_table *t, unsigned id, unsigned n, uint64_t dflt)
{
    size_t pos = field(fb, t, id, n);
    uint64_t v;

    return pos && get(fb, pos, n, &v) ? v : dflt;
}

static float as_float(uint64_t bits)
{
    uint32_t b = (uint32_t)bits;
    float f;

    memcpy(&f, &b, sizeof f);
    return f;
}

float fmt_fb_float(fmt_fb *fb, const fmt_fb_table *t, unsigned id)
{
    return as_float(fmt_fb_int(fb, t, id, 4, 0));
}

const uint8_t *fmt_fb_struct(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t n)
{
    size_t pos = field(fb, t, id, n);
    return pos && buf_has(&fb->b, pos, n) ? fb->b.data + pos : NULL;
}

bool fmt_fb_sub(fmt_fb *fb, const fmt_fb_table *t, unsigned id, fmt_fb_table *out)
{
    size_t pos = field(fb, t, id, 4), to;

    *out = (fmt_fb_table){0};
    return pos && follow(fb, pos, &to) && table_at(fb, to, out);
}

/* Vector that the offset at POS leads to. */
static fmt_fb_vec vector_at(fmt_fb *fb, size_t pos, size_t elem)
{
    fmt_fb_vec v = {0};
    size_t to;
    uint64_t n;

    if (!follow(fb, pos, &to) || !get(fb, to, 4, &n))
        return v;
    if (n > (fb->b.len - to - 4) / elem) {
        fmt_fb_broken(fb, to, "more elements than bytes");
        return v;
    }
    v.pos = to + 4;
    v.n = (uint32_t)n;
    return v;
}

fmt_fb_vec fmt_fb_vector(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t elem)
{
    size_t pos = field(fb, t, id, 4);
    return pos ? vector_at(fb, pos, elem) : (fmt_fb_vec){0};
}

bool fmt_fb_vec_sub(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i, fmt_fb_table *out)
{
    size_t to;

    *out = (fmt_fb_table){0};
    return i < v->n && follow(fb, v->pos + 4 * (size_t)i, &to) && table_at(fb, to, out);
}

uint64_t fmt_fb_vec_int(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i, unsigned n)
{
    uint64_t x;
    return i < v->n && get(fb, v->pos + n * (size_t)i, n, &x) ? x : 0;
}

float fmt_fb_vec_float(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i)
{
    return as_float(fmt_fb_vec_int(fb, v, i, 4));
}

size_t fmt_utf8_len(const uint8_t *p, size_t left)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4 : 0;

    if (n == 0 || n > left || p[0] < 0x20 || p[0] == 0x7f)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xc2 && p[1] < 0xa0) ||                       /* C1 controls */
        (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || /* over-long */
        (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f))   /* surrogates, range */
        return 0;
    return n;
}

static char *string_at(fmt_fb *fb, size_t pos)
{
    fmt_fb_vec v = vector_at(fb, pos, 1);
    const uint8_t *p = fb->b.data + v.pos;
    char *s;

    if (fb->status != NPU_OK)
        return NULL;
    for (size_t i = 0, n; i < v.n; i += n)
        if ((n = fmt_utf8_len(p + i, v.n - i)) == 0) {
            fmt_fb_broken(fb, v.pos + i, "text with a control character or bytes not UTF-8");
            return NULL;
        }
    if ((s = fmt_fb_alloc(fb, (size_t)v.n + 1, 1)))
        memcpy(s, p, v.n);
    return s;
}

char *fmt_fb_string(fmt_fb *fb, const fmt_fb_table *t, unsigned id)
{
    size_t pos = field(fb, t, id, 4);
    return pos ? string_at(fb, pos) : NULL;
}

char *fmt_fb_vec_string(fmt_fb *fb, const fmt_fb_vec *v, uint32_t i)
{
    return i < v->n ? string_at(fb, v->pos + 4 * (size_t)i) : NULL;
}

void *fmt_fb_alloc(fmt_fb *fb, size_t n, size_t elem)
{
    void *p;

    if (fb->status != NPU_OK || n == 0)
        return NULL;
    if (n > *fb->budget / elem) {
        fb->status = npu_fail(fb->err, NPU_LIMIT, "%s: the description (%zu bytes) unfolds to "
                              "more memory than its size allows", fb->path, fb->b.len);
        return NULL;
    }
    *fb->budget -= n * elem;
    if (!(p = calloc(n, elem)))
        fb->status = npu_fail(fb->err, NPU_LIMIT, "%s: out of memory", fb->path);
    return p;
}
