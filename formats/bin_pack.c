/* Several .bin files in one (formats/bin.h): a directory, then each file as it is. */
#include <stdlib.h>
#include <string.h>

#include "formats/bin.h"

/* Every source is a whole, single model; NAME gets its name (owned), which no other has. */
static npu_status check_source(const bin_source *s, char **name, npu_err *err)
{
    bin_file f;
    npu_model *m;
    const char *slash = strrchr(s->path, '/'), *base = slash ? slash + 1 : s->path;

    if (!bin_sniff(s->bytes, s->n))
        return npu_fail(err, NPU_BAD_INPUT, "%s: no .bin file", s->path);
    NPU_TRY(bin_open(s->path, s->bytes, s->n, &f, err));
    if (f.kind == BIN_PACKED)
        return npu_fail(err, NPU_BAD_INPUT, "model: %s is a packed model, it can not be packed "
                        "again!", base);
    NPU_TRY(npu_model_parse(s->path, s->bytes, s->n, &m, err));
    *name = m->name && *m->name ? strdup(m->name)
                                : strndup(base, strrchr(base, '.') ? (size_t)(strrchr(base, '.') -
                                                                              base)
                                                                   : strlen(base));
    npu_model_free(m);
    return *name ? NPU_OK : npu_fail(err, NPU_LIMIT, "%s: out of memory", s->path);
}

static npu_status check_sources(const bin_source *source, size_t n, char **name, npu_err *err)
{
    for (size_t i = 0; i < n; i++) {
        NPU_TRY(check_source(&source[i], &name[i], err));
        for (size_t k = 0; k < i; k++)
            if (!strcmp(name[k], name[i]))
                return npu_fail(err, NPU_BAD_INPUT, "%s: its model is named %.80s, as that of %s; "
                                "names in a packed file must differ", source[i].path, name[i],
                                source[k].path);
    }
    return NPU_OK;
}

static void put_all(const bin_source *source, size_t n, char *const *name, buf_writer *w)
{
    size_t start, entry;

    bin_put_header(w, BIN_PACKED, (uint32_t)n + 1);
    start = bin_begin_chunk(w, "PDIR");
    buf_put_int(w, n, 4);
    for (size_t i = 0; i < n; i++) {
        bin_put_str(w, name[i]);
        buf_put_zero(w, 16);
    }
    bin_end_chunk(w, start);
    entry = start + 4;
    for (size_t i = 0; i < n; i++) {
        size_t at = bin_begin_chunk(w, "MODL");
        buf_put(w, source[i].bytes, source[i].n);
        bin_end_chunk(w, at);
        entry += 4 + strlen(name[i]);
        if (!w->failed) {
            buf_set_le(w->data + entry, at, 8);
            buf_set_le(w->data + entry + 8, source[i].n, 8);
        }
        entry += 16;
    }
}

npu_status bin_pack(const bin_source *source, size_t n, uint8_t **bytes, size_t *size,
                    npu_err *err)
{
    buf_writer w = {0};
    char **name = calloc(n + 1, sizeof *name);
    npu_status s = name ? check_sources(source, n, name, err)
                        : npu_fail(err, NPU_LIMIT, "out of memory");

    *bytes = NULL;
    *size = 0;
    if (s == NPU_OK) {
        put_all(source, n, name, &w);
        if (w.failed)
            s = npu_fail(err, NPU_LIMIT, "out of memory while packing");
    }
    if (s == NPU_OK) {
        bin_seal(w.data, w.len);
        *bytes = w.data;
        *size = w.len;
    } else {
        buf_free(&w);
    }
    for (size_t i = 0; name && i < n; i++)
        free(name[i]);
    free(name);
    return s;
}
