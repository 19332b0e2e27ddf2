/* Sections of a .cvimodel: bounds, LZ4, and what must hold between the parts. */
#include <stdlib.h>
#include <string.h>

#include <lz4.h>

#include "formats/cvimodel.h"

enum { LZ4_RATIO = 255 }; /* an LZ4 block never unfolds to more than this many times its size */

void cvi_read_sections(fmt_fb *fb, const fmt_fb_table *model, npu_model *m)
{
    fmt_fb_vec v = fmt_fb_vector(fb, model, CVI_MODEL_SECTIONS, 4);
    fmt_fb_table t;

    fb->what = "section";
    m->section = fmt_fb_alloc(fb, v.n, sizeof *m->section);
    m->nsection = m->section ? v.n : 0;
    for (uint32_t i = 0; i < m->nsection && fb->status == NPU_OK; i++) {
        npu_section *s = &m->section[i];
        uint64_t type;
        fmt_fb_vec_sub(fb, &v, i, &t);
        if ((type = fmt_fb_int(fb, &t, CVI_SECTION_TYPE, 1, 0)) >= NPU_SECTION_TYPES)
            fmt_fb_broken(fb, t.pos, "section type beyond 4 (DMABUF)");
        s->type = type < NPU_SECTION_TYPES ? (npu_section_type)type : NPU_SECTION_WEIGHT;
        if (!(s->name = fmt_fb_string(fb, &t, CVI_SECTION_NAME)))
            fmt_fb_broken(fb, t.pos, "has no name");
        s->size = (uint32_t)fmt_fb_int(fb, &t, CVI_SECTION_SIZE, 4, 0);
        s->offset = (uint32_t)fmt_fb_int(fb, &t, CVI_SECTION_OFFSET, 4, 0);
        s->encrypt = fmt_fb_int(fb, &t, CVI_SECTION_ENCRYPT, 1, 0) != 0;
        s->compress = fmt_fb_int(fb, &t, CVI_SECTION_COMPRESS, 1, 0) != 0;
        s->decompressed_size = (uint32_t)fmt_fb_int(fb, &t, CVI_SECTION_UNPACKED, 4, 0);
    }
}

/* The file must end where the last section ends. */
static npu_status check_size(const npu_model *m, uint64_t base, npu_err *err)
{
    const char *last = "description";
    uint64_t need = base;

    for (size_t i = 0; i < m->nsection; i++) {
        const npu_section *s = &m->section[i];
        uint64_t end = base + s->offset + s->size;
        if (end > need) {
            need = end;
            last = s->name;
        }
    }
    if (need > m->nbytes)
        return npu_fail(err, NPU_BAD_INPUT, "%s: truncated: %zu bytes found, %llu needed "
                        "(end of %.80s)", m->path, m->nbytes, (unsigned long long)need, last);
    if (need < m->nbytes)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %llu bytes follow the last section (%zu bytes "
                        "found, %llu needed)", m->path, (unsigned long long)(m->nbytes - need),
                        m->nbytes, (unsigned long long)need);
    return NPU_OK;
}

static int by_offset(const void *a, const void *b)
{
    const npu_section *x = *(const npu_section *const *)a, *y = *(const npu_section *const *)b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->size < y->size ? -1 : x->size > y->size;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const npu_section *const *)a)->name, (*(const npu_section *const *)b)->name);
}

/* No two sections share bytes or a name. */
static npu_status check_distinct(const npu_model *m, npu_err *err)
{
    size_t n = m->nsection;
    const npu_section **sorted = calloc(n ? n : 1, sizeof *sorted);
    npu_status s = NPU_OK;

    if (!sorted)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", m->path);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &m->section[i];
    qsort(sorted, n, sizeof *sorted, by_offset);
    for (size_t i = 1; i < n && s == NPU_OK; i++)
        if ((uint64_t)sorted[i - 1]->offset + sorted[i - 1]->size > sorted[i]->offset)
            s = npu_fail(err, NPU_BAD_INPUT, "%s: sections %.80s and %.80s share bytes", m->path,
                         sorted[i - 1]->name, sorted[i]->name);
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 1; i < n && s == NPU_OK; i++)
        if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
            s = npu_fail(err, NPU_BAD_INPUT, "%s: two sections are named %.80s", m->path,
                         sorted[i]->name);
    free(sorted);
    return s;
}

static npu_status unpack(const npu_model *m, npu_section *s, const uint8_t *stored, size_t *left,
                         npu_err *err)
{
    char *data;
    int n;

    if (s->decompressed_size > *left)
        return npu_fail(err, NPU_BAD_INPUT, "%s: section %.80s: %u bytes decompressed; all "
                        "sections together may have %zu", m->path, s->name, s->decompressed_size,
                        CVI_UNPACKED_LIMIT);
    if (s->decompressed_size > (uint64_t)s->size * LZ4_RATIO)
        return npu_fail(err, NPU_BAD_INPUT, "%s: section %.80s: %u bytes cannot unfold to %u",
                        m->path, s->name, s->size, s->decompressed_size);
    *left -= s->decompressed_size;
    if (!(data = malloc(s->decompressed_size ? s->decompressed_size : 1)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", m->path);
    n = LZ4_decompress_safe((const char *)stored, data, (int)s->size, (int)s->decompressed_size);
    s->data = (uint8_t *)data;
    s->data_bytes = s->decompressed_size;
    if (n < 0 || (uint32_t)n != s->decompressed_size)
        return npu_fail(err, NPU_BAD_INPUT, "%s: section %.80s: broken LZ4 block (%u bytes "
                        "stored, %u announced)", m->path, s->name, s->size,
                        s->decompressed_size);
    return NPU_OK;
}

npu_status cvi_place_sections(npu_model *m, uint64_t base, npu_err *err)
{
    size_t left = CVI_UNPACKED_LIMIT;

    NPU_TRY(check_size(m, base, err));
    NPU_TRY(check_distinct(m, err));
    for (size_t i = 0; i < m->nsection; i++) {
        npu_section *s = &m->section[i];
        const uint8_t *stored = m->bytes + base + s->offset;
        s->file_offset = base + s->offset;
        if (s->encrypt)
            return npu_fail(err, NPU_UNSUPPORTED, "%s: section %.80s is encrypted; its key is "
                            "not public", m->path, s->name);
        if (s->compress) {
            NPU_TRY(unpack(m, s, stored, &left, err));
        } else {
            s->data = stored;
            s->data_bytes = s->size;
        }
    }
    return NPU_OK;
}
