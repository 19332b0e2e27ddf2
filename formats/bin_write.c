/* npu_model -> .bin (formats/bin.h, docs/BIN_FORMAT.md). */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "formats/bin.h"

void bin_put_header(buf_writer *w, unsigned kind, uint32_t chunks)
{
    buf_put(w, BIN_MAGIC, strlen(BIN_MAGIC));
    buf_put_int(w, BIN_MAJOR, 2);
    buf_put_int(w, BIN_MINOR, 2);
    buf_put_int(w, kind, 4);
    buf_put_zero(w, BIN_AT_CHUNKS - BIN_AT_CRC);
    buf_put_int(w, chunks, 4);
    buf_put_zero(w, BIN_HEADER - BIN_AT_CHUNKS - 4);
}

size_t bin_begin_chunk(buf_writer *w, const char *tag)
{
    buf_put(w, tag, BIN_TAG);
    buf_put_zero(w, BIN_CHUNK_CRC + BIN_CHUNK_BYTES);
    return w->len;
}

static void align(buf_writer *w)
{
    buf_put_zero(w, (BIN_ALIGN - w->len % BIN_ALIGN) % BIN_ALIGN);
}

void bin_end_chunk(buf_writer *w, size_t start)
{
    if (!w->failed)
        buf_set_le(w->data + start - BIN_CHUNK_BYTES, w->len - start, BIN_CHUNK_BYTES);
    align(w);
}

uint32_t bin_file_crc(const uint8_t *bytes, size_t n)
{
    return hash_crc32(hash_crc32(0, bytes, BIN_AT_CRC), bytes + BIN_AT_BYTES, n - BIN_AT_BYTES);
}

static void seal(uint8_t *bytes, size_t n, bool member)
{
    size_t at = BIN_HEADER;

    if (n < BIN_HEADER)
        return;
    buf_set_le(bytes + BIN_AT_BYTES, n, 8);
    while (n - at >= BIN_CHUNK_HEADER) {
        uint64_t len = buf_get_le(bytes + at + BIN_TAG + BIN_CHUNK_CRC, BIN_CHUNK_BYTES);
        uint8_t *payload = bytes + at + BIN_CHUNK_HEADER;
        size_t left = n - at - BIN_CHUNK_HEADER, padded;
        if (len > left)
            break;
        if (!member && !memcmp(bytes + at, "MODL", BIN_TAG))
            seal(payload, (size_t)len, true);
        buf_set_le(bytes + at + BIN_TAG, hash_crc32(0, payload, (size_t)len), BIN_CHUNK_CRC);
        padded = (size_t)len + (BIN_ALIGN - (size_t)len % BIN_ALIGN) % BIN_ALIGN;
        at += BIN_CHUNK_HEADER + (padded < left ? padded : left);
    }
    buf_set_le(bytes + BIN_AT_CRC, bin_file_crc(bytes, n), 4);
}

void bin_seal(uint8_t *bytes, size_t n)
{
    seal(bytes, n, false);
}

void bin_put_str(buf_writer *w, const char *s)
{
    size_t n = s ? strlen(s) : 0;

    buf_put_int(w, s ? n : (uint32_t)BIN_NO_STRING, 4);
    buf_put(w, s, n);
}

/* Names nobody may leave out: NULL becomes "". */
static void put_name(buf_writer *w, const char *s)
{
    bin_put_str(w, s ? s : "");
}

static void put_strs(buf_writer *w, char *const *name, size_t n)
{
    buf_put_int(w, n, 4);
    for (size_t i = 0; i < n; i++)
        put_name(w, name[i]);
}

static void put_dims(buf_writer *w, const int64_t *dim, size_t n)
{
    buf_put_int(w, n, 4);
    for (size_t i = 0; i < n; i++)
        buf_put_int(w, (uint64_t)dim[i], 8);
}

static void put_f32(buf_writer *w, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    buf_put_int(w, bits, 4);
}

static void put_f64(buf_writer *w, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    buf_put_int(w, bits, 8);
}

static void put_floats(buf_writer *w, const float *v, size_t n)
{
    buf_put_int(w, n, 4);
    for (size_t i = 0; i < n; i++)
        put_f32(w, v[i]);
}

static void put_head(const npu_model *m, buf_writer *w)
{
    size_t start = bin_begin_chunk(w, "HEAD");

    put_name(w, m->chip);
    bin_put_str(w, m->march);
    bin_put_str(w, m->name);
    bin_put_str(w, m->target);
    bin_put_str(w, m->mlir_version);
    bin_put_str(w, m->build_time);
    buf_put(w, m->version, sizeof m->version);
    buf_put_int(w, m->debug, 1);
    buf_put_int(w, m->cores, 4);
    bin_end_chunk(w, start);
}

static void put_info(const npu_model *m, buf_writer *w)
{
    size_t start = bin_begin_chunk(w, "INFO");

    buf_put(w, m->info, strlen(m->info));
    bin_end_chunk(w, start);
}

static void put_weights(const npu_model *m, buf_writer *w)
{
    size_t start = bin_begin_chunk(w, "WMAP");

    buf_put_int(w, m->nweight, 4);
    for (size_t i = 0; i < m->nweight; i++) {
        const npu_weight *x = &m->weight[i];
        put_name(w, x->name);
        buf_put_int(w, (uint64_t)x->offset, 8);
        buf_put_int(w, x->size, 4);
        buf_put_int(w, x->dtype, 1);
        put_dims(w, x->dim, x->ndim);
    }
    bin_end_chunk(w, start);
}

static void put_layers(const npu_model *m, buf_writer *w)
{
    size_t start = bin_begin_chunk(w, "LAYR");

    buf_put_int(w, m->nlayer, 4);
    for (size_t i = 0; i < m->nlayer; i++) {
        const npu_layer_info *l = &m->layer[i];
        const uint32_t field[] = {l->kh, l->kw, l->sh, l->sw, l->out_c, l->out_h, l->out_w};
        put_name(w, l->name);
        put_name(w, l->type);
        buf_put_int(w, l->routine, 4);
        buf_put_int(w, l->ops, 8);
        for (size_t k = 0; k < sizeof field / sizeof *field; k++)
            buf_put_int(w, field[k], 4);
    }
    bin_end_chunk(w, start);
}

static void put_nodes(const npu_model *m, buf_writer *w)
{
    size_t start = bin_begin_chunk(w, "NODE");

    buf_put_int(w, m->nnode, 4);
    for (size_t i = 0; i < m->nnode; i++) {
        const npu_node_info *x = &m->node[i];
        put_name(w, x->name);
        put_name(w, x->type);
        buf_put_int(w, x->npu, 1);
        buf_put_int(w, (uint32_t)(x->npu ? x->subgraph : -1), 4);
        bin_put_str(w, x->why);
        put_strs(w, x->in, x->nin);
        put_strs(w, x->out, x->nout);
    }
    bin_end_chunk(w, start);
}

static void put_tensor(const npu_tensor *t, buf_writer *w)
{
    buf_put_int(w, t->id, 4);
    put_name(w, t->name);
    buf_put_int(w, (uint64_t)t->offset, 8);
    buf_put_int(w, t->dtype, 1);
    put_dims(w, t->dim, t->ndim);
    put_dims(w, t->stride, t->nstride);
    buf_put_int(w, t->quant_type, 1);
    put_f32(w, t->max_value);
    put_f32(w, t->min_value);
    put_f32(w, t->zero_point);
    put_f32(w, t->qscale);
    buf_put_int(w, t->overwrote, 1);
    buf_put_int(w, t->aligned, 1);
    put_floats(w, t->scale, t->nscale);
    put_floats(w, t->mean, t->nmean);
    bin_put_str(w, t->pixel_format);
    buf_put_int(w, t->size, 4);
}

static void put_attr(const npu_attr *a, buf_writer *w)
{
    put_name(w, a->key);
    buf_put_int(w, a->type, 1);
    if (a->type == NPU_ATTR_STR) {
        put_name(w, a->text);
    } else if (a->type <= NPU_ATTR_INT) {
        put_f64(w, a->number);
    } else {
        buf_put_int(w, a->nlist, 4);
        for (size_t i = 0; i < a->nlist; i++)
            put_f64(w, a->list[i]);
    }
}

static void put_routine(const npu_routine *r, buf_writer *w)
{
    buf_put_int(w, r->type == NPU_ROUTINE_CPU, 1);
    put_strs(w, r->in, r->nin);
    put_strs(w, r->out, r->nout);
    put_name(w, r->section);
    buf_put_int(w, r->dmabuf, 1);
    buf_put_int(w, r->nattr, 4);
    for (size_t i = 0; i < r->nattr; i++)
        put_attr(&r->attr[i], w);
    buf_put_int(w, r->nargs, 4);
    buf_put(w, r->args, r->nargs);
    buf_put_int(w, r->nfcall, 4);
    for (size_t i = 0; i < r->nfcall; i++)
        buf_put_int(w, r->fcall[i], 4);
}

static void put_program(const npu_program *p, buf_writer *w)
{
    size_t start = bin_begin_chunk(w, "PROG");

    buf_put_int(w, p->batch_num, 4);
    buf_put_int(w, p->neuron_size, 4);
    buf_put_int(w, p->shared_gmem, 4);
    buf_put_int(w, p->private_gmem, 4);
    put_strs(w, p->in, p->nin);
    put_strs(w, p->out, p->nout);
    buf_put_int(w, p->ntensor, 4);
    for (size_t i = 0; i < p->ntensor; i++)
        put_tensor(&p->tensor[i], w);
    buf_put_int(w, p->nroutine, 4);
    for (size_t i = 0; i < p->nroutine; i++)
        put_routine(&p->routine[i], w);
    bin_end_chunk(w, start);
}

static npu_status put_section(const npu_section *s, buf_writer *w, npu_err *err)
{
    size_t start;

    if (!s->data && (s->size || s->data_bytes))
        return npu_fail(err, NPU_UNSUPPORTED, "section %.80s: its %u bytes are not in memory (the "
                        "model was compiled for its profile only), so it cannot be written",
                        s->name, s->size);
    if (s->data_bytes > UINT32_MAX)
        return npu_fail(err, NPU_LIMIT, "section %.80s: %zu bytes; 4294967295 are allowed",
                        s->name, s->data_bytes);
    start = bin_begin_chunk(w, "SECT");
    buf_put_int(w, s->type, 1);
    put_name(w, s->name);
    align(w);
    buf_put(w, s->data, s->data_bytes);
    bin_end_chunk(w, start);
    return NPU_OK;
}

static npu_status put_model(const npu_model *m, buf_writer *w, npu_err *err)
{
    size_t chunks = 1 + (m->info != NULL) + (m->nweight > 0) + m->nprogram + m->nsection +
                    (m->nlayer > 0) + (m->nnode > 0);

    if (chunks > UINT32_MAX)
        return npu_fail(err, NPU_LIMIT, "%zu chunks; 4294967295 are allowed", chunks);
    bin_put_header(w, BIN_MODEL, (uint32_t)chunks);
    put_head(m, w);
    if (m->info)
        put_info(m, w);
    for (size_t i = 0; i < m->nprogram; i++)
        put_program(&m->program[i], w);
    if (m->nweight)
        put_weights(m, w);
    if (m->nlayer)
        put_layers(m, w);
    if (m->nnode)
        put_nodes(m, w);
    for (size_t i = 0; i < m->nsection; i++)
        NPU_TRY(put_section(&m->section[i], w, err));
    return w->failed ? npu_fail(err, NPU_LIMIT, "out of memory while writing a .bin") : NPU_OK;
}

npu_status bin_write(const npu_model *m, uint8_t **bytes, size_t *n, npu_err *err)
{
    buf_writer w = {0};
    npu_status s = put_model(m, &w, err);

    *bytes = NULL;
    *n = 0;
    if (s != NPU_OK) {
        buf_free(&w);
        return s;
    }
    bin_seal(w.data, w.len);
    *bytes = w.data;
    *n = w.len;
    return NPU_OK;
}
