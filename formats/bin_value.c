/* Values inside the payloads of a .bin: strings, counted lists, numbers (formats/bin.h).
 *
 * A failure sets the reader's sticky flag, so tables are read without a test per value.  A count is
 * believed only as far as bytes for its elements are present. */
#include <stdlib.h>
#include <string.h>

#include "formats/bin.h"
#include "formats/flatbuf.h"

static bool readable(const uint8_t *p, size_t n)
{
    size_t len;

    for (size_t i = 0; i < n; i += len)
        if ((len = fmt_utf8_len(p + i, n - i)) == 0)
            return false;
    return true;
}

/* N bytes as a string.  Names go to terminals and pages: control characters are refused. */
static char *text(buf_reader *b, uint32_t n)
{
    const uint8_t *p = buf_take(b, n);
    char *s;

    if (!p || !readable(p, n) || !(s = malloc((size_t)n + 1))) {
        b->failed = true;
        return NULL;
    }
    memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

char *bin_str_opt(buf_reader *b)
{
    uint32_t n = buf_u32(b);

    return b->failed || n == (uint32_t)BIN_NO_STRING ? NULL : text(b, n);
}

char *bin_str(buf_reader *b)
{
    char *s = bin_str_opt(b);

    if (!s)
        b->failed = true;
    return s;
}

size_t bin_list(buf_reader *b, size_t least, size_t size, void **list)
{
    uint32_t n = buf_u32(b);

    *list = NULL;
    if (b->failed || n > buf_left(b) / least || !(*list = calloc(n ? n : 1, size))) {
        b->failed = true;
        return 0;
    }
    return n;
}

char **bin_strs(buf_reader *b, size_t *n)
{
    void *room;
    char **name;

    *n = bin_list(b, 4, sizeof *name, &room);
    name = room;
    for (size_t i = 0; i < *n && !b->failed; i++)
        name[i] = bin_str(b);
    return name;
}

int64_t *bin_dims(buf_reader *b, size_t *n)
{
    void *room;
    int64_t *dim;

    *n = bin_list(b, 8, sizeof *dim, &room);
    dim = room;
    for (size_t i = 0; i < *n; i++) {
        dim[i] = (int64_t)buf_u64(b);
        if (dim[i] < 0 || dim[i] > INT32_MAX)
            b->failed = true;
    }
    if (*n > BIN_DIMS_MAX)
        b->failed = true;
    return dim;
}

float bin_f32(buf_reader *b)
{
    uint32_t bits = buf_u32(b);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

double bin_f64(buf_reader *b)
{
    uint64_t bits = buf_u64(b);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

float *bin_floats(buf_reader *b, size_t *n)
{
    void *room;
    float *v;

    *n = bin_list(b, 4, sizeof *v, &room);
    v = room;
    for (size_t i = 0; i < *n; i++)
        v[i] = bin_f32(b);
    return v;
}

double *bin_doubles(buf_reader *b, size_t *n)
{
    void *room;
    double *v;

    *n = bin_list(b, 8, sizeof *v, &room);
    v = room;
    for (size_t i = 0; i < *n; i++)
        v[i] = bin_f64(b);
    return v;
}

npu_dtype bin_dtype(buf_reader *b)
{
    uint8_t v = buf_u8(b);

    if (v >= NPU_DTYPES)
        b->failed = true;
    return v < NPU_DTYPES ? (npu_dtype)v : NPU_INT8;
}

bool bin_bool(buf_reader *b)
{
    uint8_t v = buf_u8(b);

    if (v > 1)
        b->failed = true;
    return v == 1;
}
