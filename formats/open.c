/* Opens a model of whatever container (npusim/model.h); the containers are formats/format.def. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/sys.h"
#include "formats/bin.h"
#include "formats/cvimodel.h"
#include "npusim/model.h"

typedef struct {
    const char *name;
    bool (*sniff)(const uint8_t *bytes, size_t n);
    npu_status (*read)(npu_model *m, npu_err *err);
    npu_status (*member)(npu_model *m, const char *name, npu_err *err);
} format;

static const format formats[] = {
#define X(id, name, sniff, read, member) {name, sniff, read, member},
#include "formats/format.def"
#undef X
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static const format *find(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].sniff(bytes, n))
            return &formats[i];
    return NULL;
}

static bool ends(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n > k && strcmp(path + n - k, end) == 0;
}

static npu_status no_format(const npu_model *m, npu_err *err)
{
    if (ends(m->path, ".onnx") || ends(m->path, ".prototxt"))
        return npu_fail(err, NPU_BAD_INPUT, "%s: is a network, here a compiled model is needed; "
                        "hb_mapper makertbin --fast-perf makes one", m->path);
    if (ends(m->path, ".caffemodel"))
        return npu_fail(err, NPU_BAD_INPUT, "%s: is the weights of a Caffe network; its layers "
                        "are in the .prototxt", m->path);
    char start[3 * 8 + 1] = "", known[128] = "";

    for (size_t i = 0; i < 8 && i < m->nbytes; i++)
        snprintf(start + 3 * i, 4, "%02x ", m->bytes[i]);
    for (size_t i = 0; i < FORMATS; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s.%s", i ? ", " : "",
                 formats[i].name);
    return npu_fail(err, NPU_BAD_INPUT, "%s: %zu bytes beginning with %sare no container known "
                    "here (%s)", m->path, m->nbytes, start, known);
}

/* Fills M from its bytes; NAME chooses a model of a packed file, NULL: the first. */
static npu_status fill(npu_model *m, const char *name, npu_err *err)
{
    const format *f = find(m->bytes, m->nbytes);

    if (!f)
        return no_format(m, err);
    if (name && f->member)
        return f->member(m, name, err);
    NPU_TRY(f->read(m, err));
    if (name && strcmp(name, m->name ? m->name : "") != 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: holds the model \"%.80s\", not \"%.80s\"", m->path,
                        m->name ? m->name : "", name);
    return NPU_OK;
}

/* Takes over BYTES, also on failure. */
static npu_status parse_owned(const char *path, const char *name, uint8_t *bytes, size_t n,
                              npu_model **out, npu_err *err)
{
    npu_model *m = calloc(1, sizeof *m);
    npu_status s;

    if (!m || !(m->path = strdup(path))) {
        free(m);
        free(bytes);
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    }
    m->bytes = bytes;
    m->nbytes = n;
    hash_sha256_hex(bytes, n, m->sha256);
    s = fill(m, name, err);
    if (s == NPU_OK)
        *out = m;
    else
        npu_model_free(m);
    return s;
}

npu_status npu_model_open_member(const char *path, const char *name, npu_model **out, npu_err *err)
{
    uint8_t *bytes;
    size_t n;

    *out = NULL;
    NPU_TRY(sys_read_file(path, &bytes, &n, err));
    return parse_owned(path, name, bytes, n, out, err);
}

npu_status npu_model_open(const char *path, npu_model **out, npu_err *err)
{
    return npu_model_open_member(path, NULL, out, err);
}

npu_status npu_model_parse(const char *path, const uint8_t *bytes, size_t n, npu_model **out,
                           npu_err *err)
{
    uint8_t *copy;

    *out = NULL;
    if (n == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: the file is empty", path);
    if (!(copy = malloc(n)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    memcpy(copy, bytes, n);
    return parse_owned(path, NULL, copy, n, out, err);
}
