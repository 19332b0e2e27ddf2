/* Payloads of a .bin -> the tables of an npu_model (formats/bin.h, docs/BIN_FORMAT.md). */
#include <stdlib.h>
#include <string.h>

#include "formats/bin.h"

/* Least bytes an element takes in its table, so that a count can be held against the bytes left. */
enum { LEAST_WEIGHT = 21, LEAST_LAYER = 48, LEAST_NODE = 25, LEAST_TENSOR = 60, LEAST_ROUTINE = 26,
       LEAST_ATTR = 9 };

/* The one test after a table: everything was there, and nothing follows. */
static npu_status done(const char *what, const buf_reader *b, npu_err *err)
{
    if (b->failed)
        return npu_fail(err, NPU_BAD_INPUT, "%s: broken at byte %zu of %zu", what, b->pos, b->len);
    if (b->pos < b->len)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %zu bytes follow its last field", what,
                        b->len - b->pos);
    return NPU_OK;
}

/* A chip's name is the name of a file, so it must be a plain word. */
static bool plain(const char *s)
{
    return *s && strlen(s) == strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

npu_status bin_read_head(npu_model *m, const char *what, buf_reader *b, npu_err *err)
{
    char *chip = bin_str(b);
    bool good = chip && strlen(chip) < sizeof m->chip && plain(chip);

    if (good)
        memcpy(m->chip, chip, strlen(chip) + 1);
    free(chip);
    if (!good)
        return npu_fail(err, NPU_BAD_INPUT, "%s: the chip's name is no word of 1 to 16 letters, "
                        "digits and '_'", what);
    m->march = bin_str_opt(b);
    m->name = bin_str_opt(b);
    m->target = bin_str_opt(b);
    m->mlir_version = bin_str_opt(b);
    m->build_time = bin_str_opt(b);
    for (int i = 0; i < 3; i++)
        m->version[i] = buf_u8(b);
    m->debug = bin_bool(b);
    m->cores = buf_u32(b);
    return done(what, b, err);
}

npu_status bin_read_weights(npu_model *m, const char *what, buf_reader *b, npu_err *err)
{
    void *room;

    m->nweight = bin_list(b, LEAST_WEIGHT, sizeof *m->weight, &room);
    m->weight = room;
    for (size_t i = 0; i < m->nweight && !b->failed; i++) {
        npu_weight *w = &m->weight[i];
        w->name = bin_str(b);
        w->offset = (int64_t)buf_u64(b);
        w->size = buf_u32(b);
        w->dtype = bin_dtype(b);
        w->dim = bin_dims(b, &w->ndim);
    }
    return done(what, b, err);
}

npu_status bin_read_layers(npu_model *m, const char *what, buf_reader *b, npu_err *err)
{
    void *room;

    m->nlayer = bin_list(b, LEAST_LAYER, sizeof *m->layer, &room);
    m->layer = room;
    for (size_t i = 0; i < m->nlayer && !b->failed; i++) {
        npu_layer_info *l = &m->layer[i];
        uint32_t *const field[] = {&l->kh, &l->kw, &l->sh, &l->sw, &l->out_c, &l->out_h,
                                   &l->out_w};
        l->name = bin_str(b);
        l->type = bin_str(b);
        l->routine = buf_u32(b);
        l->ops = buf_u64(b);
        for (size_t k = 0; k < sizeof field / sizeof *field; k++)
            *field[k] = buf_u32(b);
    }
    return done(what, b, err);
}

npu_status bin_read_nodes(npu_model *m, const char *what, buf_reader *b, npu_err *err)
{
    void *room;

    m->nnode = bin_list(b, LEAST_NODE, sizeof *m->node, &room);
    m->node = room;
    for (size_t i = 0; i < m->nnode && !b->failed; i++) {
        npu_node_info *x = &m->node[i];
        x->name = bin_str(b);
        x->type = bin_str(b);
        x->npu = bin_bool(b);
        x->subgraph = (int32_t)buf_u32(b);
        x->why = bin_str_opt(b);
        x->in = bin_strs(b, &x->nin);
        x->out = bin_strs(b, &x->nout);
        if (x->npu ? x->subgraph < 0 : x->subgraph != -1)
            b->failed = true;
    }
    return done(what, b, err);
}

static void read_tensor(npu_tensor *t, buf_reader *b)
{
    float *const range[] = {&t->max_value, &t->min_value, &t->zero_point, &t->qscale};

    t->id = buf_u32(b);
    t->name = bin_str(b);
    t->offset = (int64_t)buf_u64(b);
    t->dtype = bin_dtype(b);
    t->dim = bin_dims(b, &t->ndim);
    t->stride = bin_dims(b, &t->nstride);
    t->quant_type = buf_u8(b);
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        *range[i] = bin_f32(b);
    t->overwrote = bin_bool(b);
    t->aligned = bin_bool(b);
    t->scale = bin_floats(b, &t->nscale);
    t->mean = bin_floats(b, &t->nmean);
    t->pixel_format = bin_str_opt(b);
    t->size = buf_u32(b);
}

static void read_attr(npu_attr *a, buf_reader *b)
{
    uint8_t type;

    a->key = bin_str(b);
    if ((type = buf_u8(b)) > NPU_ATTR_INTS)
        b->failed = true;
    else if (type <= NPU_ATTR_INT)
        a->number = bin_f64(b);
    else if (type == NPU_ATTR_STR)
        a->text = bin_str(b);
    else
        a->list = bin_doubles(b, &a->nlist);
    a->type = type <= NPU_ATTR_INTS ? type : NPU_ATTR_INT;
}

static void read_fcalls(npu_routine *r, buf_reader *b)
{
    void *room;

    r->nfcall = bin_list(b, 4, sizeof *r->fcall, &room);
    r->fcall = room;
    for (size_t i = 0; i < r->nfcall; i++) {
        r->fcall[i] = buf_u32(b);
        if (i ? r->fcall[i] <= r->fcall[i - 1] : r->fcall[i] != 0)
            b->failed = true;
    }
    if (r->nfcall && r->type == NPU_ROUTINE_CPU)
        b->failed = true;
}

static void read_routine(npu_routine *r, buf_reader *b)
{
    void *room;
    const uint8_t *args;

    r->type = bin_bool(b) ? NPU_ROUTINE_CPU : NPU_ROUTINE_TPU;
    r->in = bin_strs(b, &r->nin);
    r->out = bin_strs(b, &r->nout);
    r->section = bin_str(b);
    r->dmabuf = bin_bool(b);
    r->nattr = bin_list(b, LEAST_ATTR, sizeof *r->attr, &room);
    r->attr = room;
    for (size_t i = 0; i < r->nattr && !b->failed; i++)
        read_attr(&r->attr[i], b);
    r->nargs = bin_list(b, 1, 1, &room);
    r->args = room;
    if (r->nargs && (args = buf_take(b, r->nargs)))
        memcpy(r->args, args, r->nargs);
    read_fcalls(r, b);
}

npu_status bin_read_program(npu_program *p, const char *what, buf_reader *b, npu_err *err)
{
    void *room;

    p->batch_num = buf_u32(b);
    p->neuron_size = buf_u32(b);
    p->shared_gmem = buf_u32(b);
    p->private_gmem = buf_u32(b);
    p->in = bin_strs(b, &p->nin);
    p->out = bin_strs(b, &p->nout);
    p->ntensor = bin_list(b, LEAST_TENSOR, sizeof *p->tensor, &room);
    p->tensor = room;
    for (size_t i = 0; i < p->ntensor && !b->failed; i++)
        read_tensor(&p->tensor[i], b);
    p->nroutine = bin_list(b, LEAST_ROUTINE, sizeof *p->routine, &room);
    p->routine = room;
    for (size_t i = 0; i < p->nroutine && !b->failed; i++)
        read_routine(&p->routine[i], b);
    return done(what, b, err);
}
