/* npu_model -> .cvimodel: header and sections; the description is cvimodel_describe.c. */
#include <stdlib.h>
#include <string.h>

#include <lz4.h>

#include "base/buf.h"
#include "base/hash.h"
#include "formats/cvimodel.h"

/* Appends the stored form of section S to AREA and notes where in PLACE. */
static npu_status store(const npu_section *s, buf_writer *area, cvi_place *place, npu_err *err)
{
    place->offset = (uint32_t)area->len;
    if (s->compress) {
        int bound = s->data_bytes <= LZ4_MAX_INPUT_SIZE ? LZ4_compressBound((int)s->data_bytes) : 0;
        char *packed = bound ? malloc((size_t)bound) : NULL;
        int n = packed ? LZ4_compress_default((const char *)s->data, packed, (int)s->data_bytes,
                                              bound) : 0;
        if (n > 0)
            buf_put(area, packed, (size_t)n);
        free(packed);
        if (n <= 0)
            return npu_fail(err, NPU_LIMIT, "section %.80s: cannot compress %zu bytes", s->name,
                            s->data_bytes);
        place->unpacked = (uint32_t)s->data_bytes;
    } else {
        buf_put(area, s->data, s->data_bytes);
    }
    if (area->failed || area->len > UINT32_MAX)
        return npu_fail(err, NPU_LIMIT, "section %.80s: the sections are larger than 4 GiB or "
                        "than memory", s->name);
    place->size = (uint32_t)(area->len - place->offset);
    return NPU_OK;
}

static void put_header(const npu_model *m, size_t body, buf_writer *w)
{
    size_t n = m->header_minor ? CVI_HEADER : CVI_HEADER_10;

    buf_put(w, CVI_MAGIC, strlen(CVI_MAGIC));
    buf_put_int(w, body, 4);
    buf_put_int(w, m->header_major, 1);
    buf_put_int(w, m->header_minor, 1);
    buf_put_zero(w, n - w->len);
    if (!w->failed && m->header_minor)
        memcpy(w->data + CVI_AT_CHIP, m->chip, strnlen(m->chip, CVI_CHIP_BYTES));
}

static void put_md5(const npu_model *m, bool bad, buf_writer *w)
{
    if (w->failed || m->header_minor == 0)
        return;
    hash_md5(w->data + CVI_HEADER, w->len - CVI_HEADER, w->data + CVI_AT_MD5);
    if (bad)
        w->data[CVI_AT_MD5] ^= 0xff;
}

static npu_status put_all(const npu_model *m, bool bad_md5, cvi_place *place, buf_writer *area,
                          buf_writer *body, buf_writer *file, npu_err *err)
{
    for (size_t i = 0; i < m->nsection; i++)
        NPU_TRY(store(&m->section[i], area, &place[i], err));
    NPU_TRY(cvi_describe(m, place, body, err));
    put_header(m, body->len, file);
    buf_put(file, body->data, body->len);
    buf_put(file, area->data, area->len);
    put_md5(m, bad_md5, file);
    if (body->failed || file->failed || body->len > UINT32_MAX)
        return npu_fail(err, NPU_LIMIT, "out of memory while writing a .cvimodel");
    return NPU_OK;
}

npu_status cvi_write(const npu_model *m, bool bad_md5, uint8_t **bytes, size_t *n, npu_err *err)
{
    buf_writer area = {0}, body = {0}, file = {0};
    cvi_place *place = calloc(m->nsection + 1, sizeof *place);
    npu_status s;

    *bytes = NULL;
    *n = 0;
    if (m->header_major != 1 || m->header_minor > CVI_MINOR_MAX)
        s = npu_fail(err, NPU_UNSUPPORTED, "container version %u.%u; 1.0 to 1.%u can be written",
                     m->header_major, m->header_minor, (unsigned)CVI_MINOR_MAX);
    else if (!place)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    else
        s = put_all(m, bad_md5, place, &area, &body, &file, err);
    free(place);
    buf_free(&area);
    buf_free(&body);
    if (s == NPU_OK) {
        *bytes = file.data;
        *n = file.len;
    } else {
        buf_free(&file);
    }
    return s;
}
