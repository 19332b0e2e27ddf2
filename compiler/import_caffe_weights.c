/* Caffe importer: the blobs of a .caffemodel, found by layer name. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "compiler/import_caffe.h"
#include "formats/caffe.pb-c.h"
#include "formats/pb.h"

typedef struct {
    const char *name; /* of the message; not owned */
    CaffePb__BlobProto **blob;
    size_t n;
    UT_hash_handle hh;
} entry;

struct cf_model {
    const char *path;             /* not owned */
    CaffePb__NetParameter *net;   /* owned, with MEMORY */
    pb_memory memory;
    entry *list, *index;          /* LIST owned */
};

void cf_model_free(cf_model *m)
{
    if (!m)
        return;
    HASH_CLEAR(hh, m->index);
    if (m->net)
        caffe_pb__net_parameter__free_unpacked(m->net, &m->memory.use);
    free(m->list);
    free(m);
}

/* The first layer of a name counts, as in Caffe. */
static void add(cf_model *m, entry *e, const char *name, CaffePb__BlobProto **blob, size_t n)
{
    entry *there;
    *e = (entry){.name = name ? name : "", .blob = blob, .n = n};
    HASH_FIND_STR(m->index, e->name, there);
    if (!there)
        HASH_ADD_KEYPTR(hh, m->index, e->name, strlen(e->name), e);
}

npu_status cf_model_parse(const char *path, const uint8_t *bytes, size_t n, cf_model **out,
                          npu_err *err)
{
    cf_model *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    m->path = path;
    pb_memory_init(&m->memory, n);
    m->net = caffe_pb__net_parameter__unpack(&m->memory.use, n, bytes);
    size_t layers = m->net ? m->net->n_layer + m->net->n_layers : 0;
    if (layers)
        m->list = calloc(layers, sizeof *m->list);
    if (!m->list) {
        bool limit = layers || m->memory.over;
        npu_status s = npu_fail(err, limit ? NPU_LIMIT : NPU_BAD_INPUT, "%s: %s", path,
                                limit ? "out of memory, or more of it than its size allows"
                                : m->net ? "no layer found, a .caffemodel expected"
                                         : "not a .caffemodel (the NetParameter message does not "
                                           "unpack), or cut short");
        cf_model_free(m);
        return s;
    }
    entry *e = m->list;
    for (size_t i = 0; i < m->net->n_layer; i++)
        add(m, e++, m->net->layer[i]->name, m->net->layer[i]->blobs, m->net->layer[i]->n_blobs);
    for (size_t i = 0; i < m->net->n_layers; i++)
        add(m, e++, m->net->layers[i]->name, m->net->layers[i]->blobs,
            m->net->layers[i]->n_blobs);
    *out = m;
    return NPU_OK;
}

static const entry *find(const cf_net *c, const cf_layer *l)
{
    entry *e = NULL;
    if (c->model)
        HASH_FIND_STR(c->model->index, l->name, e);
    return e;
}

size_t cf_blobs(const cf_net *c, const cf_layer *l)
{
    const entry *e = find(c, l);
    return e ? e->n : 0;
}

void cf_want_blobs(cf_net *c, const cf_layer *l, size_t n)
{
    const entry *e = find(c, l);
    if (c->model && !e)
        cf_fail(c, l, NPU_BAD_INPUT, "%s has no layer of this name", c->model->path);
    else if (c->model && e->n != n)
        cf_fail(c, l, NPU_BAD_INPUT, "%s has %zu blobs for it, %zu expected", c->model->path, e->n,
                n);
}

/* Shape as the file says it; files of before BlobShape have four numbers. */
static bool file_shape(const CaffePb__BlobProto *b, cf_shape *s)
{
    if (b->has_num || b->has_channels || b->has_height || b->has_width) {
        *s = cf_shape4(b->num, b->channels, b->height, b->width);
        return true;
    }
    *s = (cf_shape){.rank = 1, .dim = {(int64_t)(b->n_data ? b->n_data : b->n_double_data)}};
    if (!b->shape)
        return true;
    if (b->shape->n_dim > NPU_RANK_MAX)
        return false;
    s->rank = (int)b->shape->n_dim;
    for (int d = 0; d < s->rank; d++)
        s->dim[d] = b->shape->dim[d];
    return true;
}

/* S without dimensions of one: files write a bias as N, as 1x1x1xN or as 1xNx1x1. */
static cf_shape bare(cf_shape s)
{
    cf_shape b = {0};
    for (int d = 0; d < s.rank; d++)
        if (s.dim[d] != 1)
            b.dim[b.rank++] = s.dim[d];
    return b;
}

static const CaffePb__BlobProto *checked(cf_net *c, const cf_layer *l, unsigned k, cf_shape s)
{
    char want[G_SHAPE_TEXT], have[G_SHAPE_TEXT];
    const entry *e = find(c, l);
    cf_shape there, a, b = bare(s);
    if (!e || k >= e->n) {
        cf_fail(c, l, NPU_BAD_INPUT, "%s has %zu blobs for it, more expected", c->model->path,
                e ? e->n : 0);
        return NULL;
    }
    const CaffePb__BlobProto *blob = e->blob[k];
    if (!file_shape(blob, &there)) {
        cf_fail(c, l, NPU_BAD_INPUT, "blob %u in %s has more than %d dimensions", k,
                c->model->path, NPU_RANK_MAX);
        return NULL;
    }
    a = bare(there);
    if (!cf_same(&a, &b)) {
        cf_fail(c, l, NPU_BAD_INPUT, "blob %u in %s is %s, the prototxt says %s", k,
                c->model->path, cf_text(&there, have), cf_text(&s, want));
        return NULL;
    }
    uint64_t n = blob->n_data ? blob->n_data : blob->n_double_data;
    if (n != (uint64_t)cf_count(&s, 0, s.rank)) {
        cf_fail(c, l, NPU_BAD_INPUT, "blob %u in %s holds %llu numbers, its shape %s says %lld", k,
                c->model->path, (unsigned long long)n, cf_text(&there, have),
                (long long)cf_count(&s, 0, s.rank));
        return NULL;
    }
    return blob;
}

const float *cf_blob_data(cf_net *c, const cf_layer *l, unsigned k, cf_shape s)
{
    if (!c->model || c->status != NPU_OK)
        return NULL;
    const CaffePb__BlobProto *b = checked(c, l, k, s);
    if (!b || b->n_data)
        return b ? b->data : NULL;
    if (b->n_double_data > c->budget / sizeof(float)) {
        cf_fail(c, l, NPU_UNSUPPORTED, "blob %u in %s: constants become too large", k,
                c->model->path);
        return NULL;
    }
    c->budget -= b->n_double_data * sizeof(float);
    float *f = arena_alloc(c->g->arena, b->n_double_data * sizeof *f);
    if (!f)
        cf_no_memory(c);
    for (size_t i = 0; f && i < b->n_double_data; i++)
        f[i] = (float)b->double_data[i];
    return f;
}

int32_t cf_weight(cf_net *c, const cf_layer *l, unsigned k, const char *suffix, cf_shape s,
                  cf_shape shown)
{
    const float *data = cf_blob_data(c, l, k, s);
    return c->status == NPU_OK ? cf_floats(c, l, suffix, shown, data) : NPU_NONE;
}
