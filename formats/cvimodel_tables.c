/* Weight map, programs, routines and CPU arguments of a .cvimodel (formats/cvimodel.h). */
#include "formats/cvimodel.h"

#include <stdlib.h>
#include <string.h>

/* Required name: absent is as bad as broken. */
static char *name_of(fmt_fb *fb, const fmt_fb_table *t, unsigned id)
{
    char *s = fmt_fb_string(fb, t, id);

    if (!s)
        fmt_fb_broken(fb, t->pos, "has no name");
    return s;
}

static npu_dtype dtype_of(fmt_fb *fb, const fmt_fb_table *t, unsigned id)
{
    uint64_t v = fmt_fb_int(fb, t, id, 1, 0);

    if (v >= NPU_DTYPES)
        fmt_fb_broken(fb, t->pos, "element type beyond 7 (UINT8)");
    return v < NPU_DTYPES ? (npu_dtype)v : NPU_INT8;
}

/* Shape table in field ID: N dimensions, none where absent. */
static int64_t *dims_of(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t *n)
{
    fmt_fb_table shape;
    fmt_fb_vec v;
    int64_t *dim;

    *n = 0;
    if (!fmt_fb_sub(fb, t, id, &shape))
        return NULL;
    v = fmt_fb_vector(fb, &shape, 0, 8);
    if (v.n > CVI_DIMS_MAX)
        fmt_fb_broken(fb, shape.pos, "more than 8 dimensions");
    if (!(dim = fmt_fb_alloc(fb, v.n, sizeof *dim)))
        return NULL;
    for (uint32_t i = 0; i < v.n; i++) {
        dim[i] = (int64_t)fmt_fb_vec_int(fb, &v, i, 8);
        if (dim[i] < 0 || dim[i] > INT32_MAX)
            fmt_fb_broken(fb, v.pos + 8 * (size_t)i, "dimension below 0 or above 2147483647");
    }
    *n = v.n;
    return dim;
}

static char **names_of(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t *n)
{
    fmt_fb_vec v = fmt_fb_vector(fb, t, id, 4);
    char **name = fmt_fb_alloc(fb, v.n, sizeof *name);

    *n = name ? v.n : 0;
    for (uint32_t i = 0; i < *n; i++)
        name[i] = fmt_fb_vec_string(fb, &v, i);
    return name;
}

static float *floats_of(fmt_fb *fb, const fmt_fb_table *t, unsigned id, size_t *n)
{
    fmt_fb_vec v = fmt_fb_vector(fb, t, id, 4);
    float *f = fmt_fb_alloc(fb, v.n, sizeof *f);

    *n = f ? v.n : 0;
    for (uint32_t i = 0; i < *n; i++)
        f[i] = fmt_fb_vec_float(fb, &v, i);
    return f;
}

void cvi_read_weights(fmt_fb *fb, const fmt_fb_table *model, npu_model *m)
{
    fmt_fb_vec v = fmt_fb_vector(fb, model, CVI_MODEL_WEIGHTS, 4);
    fmt_fb_table t;

    m->weight = fmt_fb_alloc(fb, v.n, sizeof *m->weight);
    m->nweight = m->weight ? v.n : 0;
    for (uint32_t i = 0; i < m->nweight && fb->status == NPU_OK; i++) {
        npu_weight *w = &m->weight[i];
        fb->what = "weight";
        fmt_fb_vec_sub(fb, &v, i, &t);
        w->name = name_of(fb, &t, CVI_WEIGHT_NAME);
        w->offset = (int64_t)fmt_fb_int(fb, &t, CVI_WEIGHT_OFFSET, 8, 0);
        w->size = (uint32_t)fmt_fb_int(fb, &t, CVI_WEIGHT_SIZE, 4, 0);
        w->dim = dims_of(fb, &t, CVI_WEIGHT_SHAPE, &w->ndim);
        w->dtype = dtype_of(fb, &t, CVI_WEIGHT_TYPE);
    }
}

static void read_quant(fmt_fb *fb, const fmt_fb_table *tensor, npu_tensor *x)
{
    fmt_fb_table q;

    if (!fmt_fb_sub(fb, tensor, CVI_TENSOR_QUANT, &q))
        return;
    x->quant_type = (uint8_t)fmt_fb_int(fb, &q, CVI_QUANT_TYPE, 1, 0);
    x->max_value = fmt_fb_float(fb, &q, CVI_QUANT_MAX);
    x->min_value = fmt_fb_float(fb, &q, CVI_QUANT_MIN);
    x->zero_point = fmt_fb_float(fb, &q, CVI_QUANT_ZERO_POINT);
    x->qscale = fmt_fb_float(fb, &q, CVI_QUANT_QSCALE);
}

static void read_tensor(fmt_fb *fb, const fmt_fb_table *t, npu_tensor *x)
{
    fb->what = "tensor";
    x->id = (uint32_t)fmt_fb_int(fb, t, CVI_TENSOR_ID, 4, 0);
    x->name = name_of(fb, t, CVI_TENSOR_NAME);
    x->offset = (int64_t)fmt_fb_int(fb, t, CVI_TENSOR_OFFSET, 8, 0);
    x->dtype = dtype_of(fb, t, CVI_TENSOR_DTYPE);
    x->dim = dims_of(fb, t, CVI_TENSOR_SHAPE, &x->ndim);
    x->stride = dims_of(fb, t, CVI_TENSOR_STRIDE, &x->nstride);
    read_quant(fb, t, x);
    x->overwrote = fmt_fb_int(fb, t, CVI_TENSOR_OVERWROTE, 1, 0) != 0;
    x->scale = floats_of(fb, t, CVI_TENSOR_SCALE, &x->nscale);
    x->mean = floats_of(fb, t, CVI_TENSOR_MEAN, &x->nmean);
    x->pixel_format = fmt_fb_string(fb, t, CVI_TENSOR_PIXEL_FORMAT);
    x->aligned = fmt_fb_int(fb, t, CVI_TENSOR_ALIGNED, 1, 0) != 0;
    x->size = (uint32_t)fmt_fb_int(fb, t, CVI_TENSOR_SIZE, 4, 0);
}

static void read_tpu(fmt_fb *fb, const fmt_fb_table *t, npu_routine *r)
{
    fmt_fb_table tpu;
    char *other;

    if (!fmt_fb_sub(fb, t, CVI_ROUTINE_TPU, &tpu)) {
        fmt_fb_broken(fb, t->pos, "TPU routine without its part");
        return;
    }
    r->section = fmt_fb_string(fb, &tpu, CVI_TPU_CMDBUF);
    other = fmt_fb_string(fb, &tpu, CVI_TPU_DMABUF);
    if (r->section ? other != NULL : other == NULL)
        fmt_fb_broken(fb, tpu.pos, "TPU routine names no section, or two");
    if (!r->section) {
        r->section = other;
        r->dmabuf = true;
    } else {
        free(other);
    }
}

static void read_cpu(fmt_fb *fb, const fmt_fb_table *t, npu_routine *r)
{
    fmt_fb_table cpu;
    fmt_fb_vec v;

    if (!fmt_fb_sub(fb, t, CVI_ROUTINE_CPU, &cpu)) {
        fmt_fb_broken(fb, t->pos, "CPU routine without its part");
        return;
    }
    r->section = name_of(fb, &cpu, CVI_CPU_FUNCTION);
    v = fmt_fb_vector(fb, &cpu, CVI_CPU_ARGS, 1);
    if ((r->args = fmt_fb_alloc(fb, v.n, 1))) {
        memcpy(r->args, fb->b.data + v.pos, v.n);
        r->nargs = v.n;
    }
}

static void read_routine(fmt_fb *fb, const fmt_fb_table *t, npu_routine *r)
{
    uint64_t type = fmt_fb_int(fb, t, CVI_ROUTINE_TYPE, 1, 0);

    fb->what = "routine";
    if (type > NPU_ROUTINE_CPU)
        fmt_fb_broken(fb, t->pos, "routine type beyond 1 (CPU)");
    r->type = type == NPU_ROUTINE_CPU ? NPU_ROUTINE_CPU : NPU_ROUTINE_TPU;
    r->in = names_of(fb, t, CVI_ROUTINE_INPUTS, &r->nin);
    r->out = names_of(fb, t, CVI_ROUTINE_OUTPUTS, &r->nout);
    if (r->type == NPU_ROUTINE_TPU) {
        read_tpu(fb, t, r);
    } else {
        read_cpu(fb, t, r);
        if (fb->status == NPU_OK)
            fb->status = cvi_read_args(fb->path, r, fb->budget, fb->err);
    }
}

static void read_program(fmt_fb *fb, const fmt_fb_table *t, npu_program *p)
{
    fmt_fb_vec v;
    fmt_fb_table sub;

    fb->what = "program";
    p->batch_num = (uint32_t)fmt_fb_int(fb, t, CVI_PROGRAM_BATCH, 4, 0);
    p->neuron_size = (uint32_t)fmt_fb_int(fb, t, CVI_PROGRAM_NEURON, 4, 0);
    p->shared_gmem = (uint32_t)fmt_fb_int(fb, t, CVI_PROGRAM_SHARED, 4, 0);
    p->private_gmem = (uint32_t)fmt_fb_int(fb, t, CVI_PROGRAM_PRIVATE, 4, 0);
    p->in = names_of(fb, t, CVI_PROGRAM_INPUTS, &p->nin);
    p->out = names_of(fb, t, CVI_PROGRAM_OUTPUTS, &p->nout);
    v = fmt_fb_vector(fb, t, CVI_PROGRAM_TENSORS, 4);
    p->tensor = fmt_fb_alloc(fb, v.n, sizeof *p->tensor);
    p->ntensor = p->tensor ? v.n : 0;
    for (uint32_t i = 0; i < p->ntensor && fb->status == NPU_OK; i++)
        if (fmt_fb_vec_sub(fb, &v, i, &sub))
            read_tensor(fb, &sub, &p->tensor[i]);
    fb->what = "program";
    v = fmt_fb_vector(fb, t, CVI_PROGRAM_ROUTINES, 4);
    p->routine = fmt_fb_alloc(fb, v.n, sizeof *p->routine);
    p->nroutine = p->routine ? v.n : 0;
    for (uint32_t i = 0; i < p->nroutine && fb->status == NPU_OK; i++)
        if (fmt_fb_vec_sub(fb, &v, i, &sub))
            read_routine(fb, &sub, &p->routine[i]);
}

void cvi_read_programs(fmt_fb *fb, const fmt_fb_table *model, npu_model *m)
{
    fmt_fb_vec v = fmt_fb_vector(fb, model, CVI_MODEL_PROGRAMS, 4);
    fmt_fb_table t;

    m->program = fmt_fb_alloc(fb, v.n, sizeof *m->program);
    m->nprogram = m->program ? v.n : 0;
    for (uint32_t i = 0; i < m->nprogram && fb->status == NPU_OK; i++)
        if (fmt_fb_vec_sub(fb, &v, i, &t))
            read_program(fb, &t, &m->program[i]);
}
