/* Sections, weights and raw bytes of the assembler (tools/asm.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/asm.h"
#include "tools/vlc.h"

enum {
    WEIGHT_ALIGN = 16,     /* the load engine moves words of 16 bytes */
    BYTES_MAX = 1 << 26    /* of one section: more is no hand-written text but a slip */
};

void *asm_append(void *items, size_t *n, size_t size)
{
    void **list = items;
    uint8_t *p = realloc(*list, (*n + 1) * size);

    if (!p)
        return NULL;
    *list = p;
    memset(p + *n * size, 0, size);
    return p + (*n)++ * size;
}

npu_status asm_set_text(char **field, const char *text, npu_err *err)
{
    char *copy = strdup(text);

    if (!copy)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    free(*field);
    *field = copy;
    return NPU_OK;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

npu_status asm_hex(const asm_words *w, size_t from, buf_writer *out, npu_err *err)
{
    for (size_t i = from; i < w->n; i++) {
        const char *p = w->word[i];
        for (; p[0]; p += 2) {
            int high = hex_digit(p[0]), low = hex_digit(p[1]);
            if (high < 0 || low < 0)
                return npu_fail(err, NPU_BAD_INPUT, "'%.60s' is no even number of hex digits",
                                w->word[i]);
            buf_put_int(out, (uint64_t)(high * 16 + low), 1);
        }
    }
    return NPU_OK;
}

npu_status asm_shape(const char *text, int64_t **dim, size_t *n, npu_err *err)
{
    const char *p = text;
    char *end;

    *dim = calloc(CVI_DIMS_MAX, sizeof **dim);
    if (!*dim)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (*n = 0; *n < CVI_DIMS_MAX; p = end + 1) {
        unsigned long long v = strtoull(p, &end, 10);
        if (*p < '0' || *p > '9' || v > INT32_MAX || (*end && *end != 'x'))
            break;
        (*dim)[(*n)++] = (int64_t)v;
        if (!*end)
            return NPU_OK;
    }
    return npu_fail(err, NPU_BAD_INPUT, "shape '%.60s': 1 to %d numbers from 0 to 2147483647 "
                    "joined by 'x' are needed", text, (int)CVI_DIMS_MAX);
}

npu_status asm_dtype(const char *text, npu_dtype *out, npu_err *err)
{
    char known[128] = "";

    for (npu_dtype t = 0; t < NPU_DTYPES; t++) {
        if (!strcasecmp(text, npu_dtype_name(t))) {
            *out = t;
            return NPU_OK;
        }
        snprintf(known + strlen(known), sizeof known - strlen(known), " %s", npu_dtype_name(t));
    }
    return npu_fail(err, NPU_BAD_INPUT, "element type '%.60s'; known are%s", text, known);
}

static npu_status section_type(const char *text, npu_section_type *out, npu_err *err)
{
    char known[128] = "";

    for (npu_section_type t = 0; t < NPU_SECTION_TYPES; t++) {
        if (!strcmp(text, npu_section_type_name(t))) {
            *out = t;
            return NPU_OK;
        }
        snprintf(known + strlen(known), sizeof known - strlen(known), " %s",
                 npu_section_type_name(t));
    }
    return npu_fail(err, NPU_BAD_INPUT, "section type '%.60s'; known are%s", text, known);
}

static npu_status add_section(asm_state *a, const char *name, npu_section_type type, npu_err *err)
{
    size_t n = a->model->nsection;
    npu_section *s;

    if (npu_model_section(a->model, name))
        return npu_fail(err, NPU_BAD_INPUT, "section %.80s is there already", name);
    if (!asm_append(&a->data, &n, sizeof *a->data) ||
        !(s = asm_append(&a->model->section, &a->model->nsection, sizeof *s)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    s->type = type;
    if (!(s->name = strdup(name))) {
        a->model->nsection--; /* look-ups by name never see one without */
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (type == NPU_SECTION_WEIGHT && a->weights == SIZE_MAX)
        a->weights = a->model->nsection - 1;
    return NPU_OK;
}

npu_status asm_do_section(asm_state *a, const asm_words *w, npu_err *err)
{
    const char *type = asm_value(w, 1, "type", NULL);
    npu_section_type t = NPU_SECTION_CMDBUF;

    if (w->n < 2)
        return npu_fail(err, NPU_BAD_INPUT, ".section: a name is needed");
    NPU_TRY(asm_check_words(w, 2, "type= lz4 encrypted", err));
    if (type)
        NPU_TRY(section_type(type, &t, err));
    NPU_TRY(add_section(a, w->word[1], t, err));
    a->section = a->model->nsection - 1;
    a->model->section[a->section].compress = asm_flag(w, 2, "lz4");
    a->model->section[a->section].encrypt = asm_flag(w, 2, "encrypted");
    return NPU_OK;
}

/* Appends N zeroed bytes; *p, when not NULL, receives their place. */
static npu_status extend(buf_writer *out, uint64_t n, uint8_t **p, npu_err *err)
{
    size_t at = out->len;

    if (n > BYTES_MAX || at > BYTES_MAX - (size_t)n)
        return npu_fail(err, NPU_BAD_INPUT, "the section would have more than %d bytes",
                        (int)BYTES_MAX);
    buf_put_zero(out, (size_t)n);
    if (out->failed)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    if (p)
        *p = n ? out->data + at : NULL;
    return NPU_OK;
}

npu_status asm_do_bytes(asm_state *a, const asm_words *w, npu_err *err)
{
    if (a->section == SIZE_MAX)
        return npu_fail(err, NPU_BAD_INPUT, ".bytes outside a .section");
    return asm_hex(w, 1, &a->data[a->section], err);
}

npu_status asm_do_zero(asm_state *a, const asm_words *w, npu_err *err)
{
    int64_t n;

    if (a->section == SIZE_MAX || w->n != 2)
        return npu_fail(err, NPU_BAD_INPUT, ".zero: a count, inside a .section");
    NPU_TRY(asm_int(".zero", w->word[1], 1, BYTES_MAX, &n, err));
    return extend(&a->data[a->section], (uint64_t)n, NULL, err);
}

/* Byte I of a pattern: spread out, the same on every machine, different per SEED. */
static uint8_t pattern(uint64_t i, int64_t seed)
{
    return (uint8_t)((uint32_t)((i + 1) * 2654435761u + (uint64_t)seed * 97) >> 24);
}

/* Contents of a weight of N bytes, by the one of hex=, fill=, vlc=, pattern= that is given. */
static npu_status weight_bytes(const asm_words *w, size_t n, buf_writer *out, npu_err *err)
{
    const char *hex = asm_value(w, 2, "hex", NULL);
    int64_t fill, vlc, seed;
    uint8_t *p;

    NPU_TRY(asm_key_int(w, "fill", -1, 0, 255, &fill, err));
    NPU_TRY(asm_key_int(w, "vlc", -1, 0, VLC_DATA_MAX, &vlc, err));
    NPU_TRY(asm_key_int(w, "pattern", 0, 0, INT32_MAX, &seed, err));
    if (hex) {
        asm_words one = {.word = {(char *)hex}, .n = 1};
        size_t start = out->len;
        NPU_TRY(asm_hex(&one, 0, out, err));
        if (out->len - start != n)
            return npu_fail(err, NPU_BAD_INPUT, "hex= has %zu bytes, the weight %zu",
                            out->len - start, n);
        return NPU_OK;
    }
    if (vlc >= 0)
        return vlc_put(n, (size_t)vlc, out, err);
    NPU_TRY(extend(out, n, &p, err));
    for (size_t i = 0; i < n; i++)
        p[i] = fill >= 0 ? (uint8_t)fill : pattern(i, seed);
    return NPU_OK;
}

/* Pads the weight section to the place of the next weight: offset=, else the next multiple. */
static npu_status seek_weight(const asm_words *w, buf_writer *out, npu_err *err)
{
    int64_t align, at;

    NPU_TRY(asm_key_int(w, "align", WEIGHT_ALIGN, 1, 1 << 20, &align, err));
    NPU_TRY(asm_key_int(w, "offset", -1, 0, BYTES_MAX, &at, err));
    if (at < 0)
        at = ((int64_t)out->len + align - 1) / align * align;
    if ((size_t)at < out->len)
        return npu_fail(err, NPU_BAD_INPUT, "offset=%lld lies inside what is there (%zu bytes)",
                        (long long)at, out->len);
    return extend(out, (uint64_t)at - out->len, NULL, err);
}

npu_status asm_do_weight(asm_state *a, const asm_words *w, npu_err *err)
{
    const char *shape = asm_value(w, 1, "shape", NULL), *dtype = asm_value(w, 1, "dtype", NULL);
    uint64_t bytes = 1;
    buf_writer *out;
    npu_weight *x;

    if (w->n < 3 || !shape)
        return npu_fail(err, NPU_BAD_INPUT, ".weight: a name and shape= are needed");
    NPU_TRY(asm_check_words(w, 2, "shape= dtype= offset= align= hex= fill= vlc= pattern=", err));
    if (a->weights == SIZE_MAX)
        NPU_TRY(add_section(a, "weight", NPU_SECTION_WEIGHT, err));
    out = &a->data[a->weights];
    NPU_TRY(seek_weight(w, out, err));
    if (!(x = asm_append(&a->model->weight, &a->model->nweight, sizeof *x)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    x->dtype = NPU_INT8;
    NPU_TRY(asm_set_text(&x->name, w->word[1], err));
    NPU_TRY(asm_shape(shape, &x->dim, &x->ndim, err));
    if (dtype)
        NPU_TRY(asm_dtype(dtype, &x->dtype, err));
    for (size_t i = 0; i < x->ndim; i++)
        if ((bytes *= (uint64_t)x->dim[i]) > BYTES_MAX)
            break;
    if ((bytes *= npu_dtype_bytes(x->dtype)) > BYTES_MAX)
        return npu_fail(err, NPU_BAD_INPUT, ".weight: more than %d bytes", (int)BYTES_MAX);
    x->offset = (int64_t)NPU_MEM_WEIGHT << CVI_MEMORY_SHIFT | (int64_t)out->len;
    x->size = (uint32_t)bytes;
    return weight_bytes(w, (size_t)bytes, out, err);
}
