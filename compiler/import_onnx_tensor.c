/* TensorProto -> constant.  The data comes in one of three forms: raw little-endian bytes, a
 * list of numbers of a wider type (int32_data carries int8, bits of float16, ...), or a range of
 * another file beside the model.  Whatever the form, its length must be that of the shape. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/import_onnx.h"

typedef struct {
    const char *what;
    uint8_t *to;      /* room for COUNT elements */
    uint64_t count, bytes;
    npu_elem elem;
} target;

static npu_status wrong_length(const onnx_reader *r, const target *to, uint64_t found,
                               const char *unit, npu_err *err)
{
    return npu_fail(err, NPU_BAD_INPUT, "%s: %s has %llu %s of data, its shape needs %llu", r->path,
                    to->what, (unsigned long long)found, unit,
                    (unsigned long long)(strcmp(unit, "bytes") ? to->count : to->bytes));
}

/* --- lists of numbers ----------------------------------------------------------------------- */

/* Range of an element type that travels in int32_data. */
static void int_range(npu_elem e, int32_t *min, int32_t *max)
{
    *min = 0;
    *max = 0xffff; /* uint16, bits of float16 and bfloat16 */
    switch (e) {
    case NPU_ELEM_INT8: *min = -128; *max = 127; break;
    case NPU_ELEM_UINT8: *max = 255; break;
    case NPU_ELEM_INT16: *min = -32768; *max = 32767; break;
    case NPU_ELEM_BOOL: *max = 1; break;
    case NPU_ELEM_INT32: *min = INT32_MIN; *max = INT32_MAX; break;
    default: break;
    }
}

static npu_status from_int32(const onnx_reader *r, const OnnxPb__Tensor *t, const target *to,
                             npu_err *err)
{
    unsigned size = npu_elem_bytes(to->elem);
    int32_t min, max;
    int_range(to->elem, &min, &max);
    for (uint64_t i = 0; i < to->count; i++) {
        int32_t x = t->int32_data[i];
        if (x < min || x > max)
            return npu_fail(err, NPU_BAD_INPUT, "%s: %s: element %llu is %d, %s has %d to %d",
                            r->path, to->what, (unsigned long long)i, x, npu_elem_name(to->elem),
                            min, max);
        memcpy(to->to + i * size, &x, size);
    }
    return NPU_OK;
}

static npu_status from_uint64(const onnx_reader *r, const OnnxPb__Tensor *t, const target *to,
                              npu_err *err)
{
    unsigned size = npu_elem_bytes(to->elem);
    for (uint64_t i = 0; i < to->count; i++) {
        uint64_t x = t->uint64_data[i];
        if (size == 4 && x > UINT32_MAX)
            return npu_fail(err, NPU_BAD_INPUT, "%s: %s: element %llu is %llu, uint32 ends at %u",
                            r->path, to->what, (unsigned long long)i, (unsigned long long)x,
                            UINT32_MAX);
        memcpy(to->to + i * size, &x, size);
    }
    return NPU_OK;
}

/* The list that carries elements of type E, its length in *N. */
static const void *typed_list(const OnnxPb__Tensor *t, npu_elem e, uint64_t *n)
{
    switch (e) {
    case NPU_ELEM_FLOAT: *n = t->n_float_data; return t->float_data;
    case NPU_ELEM_DOUBLE: *n = t->n_double_data; return t->double_data;
    case NPU_ELEM_INT64: *n = t->n_int64_data; return t->int64_data;
    case NPU_ELEM_UINT32: case NPU_ELEM_UINT64: *n = t->n_uint64_data; return t->uint64_data;
    default: *n = t->n_int32_data; return t->int32_data;
    }
}

static npu_status read_typed(const onnx_reader *r, const OnnxPb__Tensor *t, const target *to,
                             npu_err *err)
{
    uint64_t n;
    const void *list = typed_list(t, to->elem, &n);
    if (n != to->count)
        return wrong_length(r, to, n, "elements", err);
    if (n == 0)
        return NPU_OK;
    switch (to->elem) {
    case NPU_ELEM_FLOAT: case NPU_ELEM_DOUBLE: case NPU_ELEM_INT64:
        memcpy(to->to, list, to->bytes);
        return NPU_OK;
    case NPU_ELEM_UINT32: case NPU_ELEM_UINT64:
        return from_uint64(r, t, to, err);
    default:
        return from_int32(r, t, to, err);
    }
}

/* --- external data -------------------------------------------------------------------------- */

/* A relative path that stays below the model's folder. */
static bool safe_location(const char *p)
{
    if (!*p || *p == '/')
        return false;
    for (; p; p = strchr(p, '/')) {
        p += *p == '/';
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2]))
            return false;
    }
    return true;
}

static npu_status read_range(int fd, const char *path, uint64_t from, const target *to,
                             npu_err *err)
{
    for (uint64_t done = 0; done < to->bytes;) {
        ssize_t k = pread(fd, to->to + done, to->bytes - done, (off_t)(from + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return npu_fail(err, NPU_BAD_INPUT, "%s: cannot read: %s", path, strerror(errno));
        if (k == 0)
            return npu_fail(err, NPU_BAD_INPUT, "%s: ends while it is read", path);
        done += (uint64_t)k;
    }
    return NPU_OK;
}

/* The decimal number of entry E; false when it is none. */
static bool entry_number(const OnnxPb__Entry *e, uint64_t *out)
{
    const char *p = e->value ? e->value : "";
    uint64_t v = 0;
    if (!*p)
        return false;
    for (; *p; p++)
        if (*p < '0' || *p > '9' || v > (UINT64_MAX >> 1) / 10 - 1)
            return false;
        else
            v = 10 * v + (uint64_t)(*p - '0');
    *out = v;
    return true;
}

static npu_status external_place(const onnx_reader *r, const OnnxPb__Tensor *t, const target *to,
                                 const char **location, uint64_t *from, npu_err *err)
{
    uint64_t length = to->bytes;
    *location = NULL;
    *from = 0;
    for (size_t i = 0; i < t->n_external_data; i++) {
        const OnnxPb__Entry *e = t->external_data[i];
        const char *key = e->key ? e->key : "";
        if (strcmp(key, "location") == 0)
            *location = e->value;
        else if ((strcmp(key, "offset") == 0 && !entry_number(e, from)) ||
                 (strcmp(key, "length") == 0 && !entry_number(e, &length)))
            return npu_fail(err, NPU_BAD_INPUT, "%s: %s: external %s is '%.60s', not a size",
                            r->path, to->what, key, e->value ? e->value : "");
    }
    if (!*location || !safe_location(*location))
        return npu_fail(err, NPU_BAD_INPUT,
                        "%s: %s: external data in '%.120s'; only files below the model's folder "
                        "are read", r->path, to->what, *location ? *location : "");
    return length == to->bytes ? NPU_OK : wrong_length(r, to, length, "bytes", err);
}

static npu_status check_range(const char *file, int fd, uint64_t from, const target *to,
                              npu_err *err)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: external data of %s: %s", file, to->what,
                        strerror(errno));
    if (!S_ISREG(st.st_mode))
        return npu_fail(err, NPU_BAD_INPUT, "%s: external data of %s: not a file", file, to->what);
    if (from > (uint64_t)st.st_size || to->bytes > (uint64_t)st.st_size - from)
        return npu_fail(err, NPU_BAD_INPUT,
                        "%s: external data of %s: %llu bytes at %llu, the file has %llu", file,
                        to->what, (unsigned long long)to->bytes, (unsigned long long)from,
                        (unsigned long long)st.st_size);
    return NPU_OK;
}

/* Checked before there is memory for it: TO has no room yet. */
static npu_status read_external(onnx_reader *r, const OnnxPb__Tensor *t, target *to, npu_err *err)
{
    const char *location;
    uint64_t from;
    if (!r->dir)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: %s: external data of a model that is no file",
                        r->path, to->what);
    NPU_TRY(external_place(r, t, to, &location, &from, err));
    if (to->bytes > r->external_left)
        return npu_fail(err, NPU_LIMIT, "%s: %s: more than 2 GiB of external data", r->path,
                        to->what);
    r->external_left -= to->bytes;
    const char *file = arena_printf(r->g->arena, "%s/%s", r->dir, location);
    if (!file)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    npu_status s = check_range(file, fd, from, to, err);
    if (s == NPU_OK && !(to->to = arena_alloc(r->g->arena, to->bytes)))
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = read_range(fd, file, from, to, err);
    if (fd >= 0)
        close(fd);
    return s;
}

/* --- tensors -------------------------------------------------------------------------------- */

static void give_back(onnx_reader *r, OnnxPb__Tensor *t)
{
    void *lists[] = {t->raw_data.data, t->float_data, t->int32_data, t->int64_data,
                     t->double_data, t->uint64_data};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        r->memory->use.free(r->memory->use.allocator_data, lists[i]);
    t->raw_data = (ProtobufCBinaryData){0};
    t->float_data = NULL;
    t->int32_data = NULL;
    t->int64_data = NULL;
    t->double_data = NULL;
    t->uint64_data = NULL;
    t->n_float_data = t->n_int32_data = t->n_int64_data = t->n_double_data = t->n_uint64_data = 0;
}

static npu_status read_shape(const onnx_reader *r, const OnnxPb__Tensor *t, const char *what,
                             npu_value *v, npu_err *err)
{
    if (!npu_elem_bytes((npu_elem)t->data_type))
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: %s has element type %s (number %d); tensors of numbers are read",
                        r->path, what, npu_elem_name((npu_elem)t->data_type), t->data_type);
    if (t->n_dims > NPU_RANK_MAX)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: %s has %zu dimensions, at most %d are modelled",
                        r->path, what, t->n_dims, NPU_RANK_MAX);
    v->elem = (npu_elem)t->data_type;
    v->rank = (int)t->n_dims;
    for (size_t d = 0; d < t->n_dims; d++) {
        v->dim[d] = t->dims[d];
        if (v->dim[d] < 0)
            return npu_fail(err, NPU_BAD_INPUT, "%s: %s: dimension %zu is %lld", r->path, what, d,
                            (long long)v->dim[d]);
    }
    int64_t n = g_elements(v);
    if (n < 0 || n > INT64_MAX / 16)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %s: its shape has too many elements", r->path,
                        what);
    return NPU_OK;
}

/* Bytes or elements the message itself carries. */
static npu_status read_inner(onnx_reader *r, const OnnxPb__Tensor *t, target *to, npu_err *err)
{
    uint64_t listed;
    typed_list(t, to->elem, &listed);
    if (t->raw_data.len && listed)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %s has both raw data and a list of numbers",
                        r->path, to->what);
    if (t->raw_data.len && t->raw_data.len != to->bytes)
        return wrong_length(r, to, t->raw_data.len, "bytes", err);
    if (!t->raw_data.len && listed != to->count)
        return wrong_length(r, to, listed, "elements", err);
    if (!(to->to = arena_alloc(r->g->arena, to->bytes)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    if (!t->raw_data.len)
        return read_typed(r, t, to, err);
    memcpy(to->to, t->raw_data.data, to->bytes);
    return NPU_OK;
}

npu_status onnx_read_tensor(onnx_reader *r, OnnxPb__Tensor *t, const char *what, int32_t value,
                            npu_err *err)
{
    npu_value *v = &r->g->value[value];
    target to = {.what = what};
    if (t->has_segment)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: %s is a segment of a tensor", r->path, what);
    NPU_TRY(read_shape(r, t, what, v, err));
    to.elem = v->elem;
    to.count = (uint64_t)g_elements(v);
    to.bytes = to.count * npu_elem_bytes(v->elem);
    NPU_TRY(t->data_location == 1 ? read_external(r, t, &to, err) : read_inner(r, t, &to, err));
    give_back(r, t);
    v->data = to.to;
    v->constant = true;
    return NPU_OK;
}
