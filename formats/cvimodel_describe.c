/* npu_model -> the FlatBuffers description of a .cvimodel (formats/cvimodel.h). */
#include <stdlib.h>
#include <string.h>

#include "formats/cvimodel.h"
#include "formats/flatbuf_write.h"

static fmt_fbw_field ref_if(bool present)
{
    return present ? fmt_fbw_ref() : (fmt_fbw_field){0};
}

static void link_string(buf_writer *w, size_t at, const char *s)
{
    if (s)
        fmt_fbw_link(w, at, fmt_fbw_string(w, s));
}

static void link_strings(buf_writer *w, size_t at, char *const *s, size_t n)
{
    size_t v = fmt_fbw_refs(w, n);

    fmt_fbw_link(w, at, v);
    for (size_t i = 0; i < n; i++)
        fmt_fbw_link(w, v + 4 + 4 * i, fmt_fbw_string(w, s[i]));
}

static void link_floats(buf_writer *w, size_t at, const float *f, size_t n)
{
    if (n == 0)
        return;
    fmt_fbw_link(w, at, fmt_fbw_vector(w, n, 4));
    for (size_t i = 0; i < n; i++)
        buf_put_int(w, fmt_fbw_float(f[i]).value, 4);
}

static void link_shape(buf_writer *w, size_t at, const int64_t *dim, size_t n)
{
    fmt_fbw_field f = fmt_fbw_ref();
    size_t sub[FMT_FBW_FIELDS_MAX];

    if (n == 0)
        return;
    fmt_fbw_link(w, at, fmt_fbw_table(w, &f, 1, sub));
    fmt_fbw_link(w, sub[0], fmt_fbw_vector(w, n, 8));
    for (size_t i = 0; i < n; i++)
        buf_put_int(w, (uint64_t)dim[i], 8);
}

static size_t put_weight(buf_writer *w, const npu_weight *x)
{
    fmt_fbw_field f[CVI_WEIGHT_FIELDS] = {
        [CVI_WEIGHT_NAME] = fmt_fbw_ref(),
        [CVI_WEIGHT_OFFSET] = fmt_fbw_int((uint64_t)x->offset, 8),
        [CVI_WEIGHT_SIZE] = fmt_fbw_int(x->size, 4),
        [CVI_WEIGHT_SHAPE] = ref_if(x->ndim > 0),
        [CVI_WEIGHT_TYPE] = fmt_fbw_int(x->dtype, 1),
    };
    size_t at[FMT_FBW_FIELDS_MAX], pos = fmt_fbw_table(w, f, CVI_WEIGHT_FIELDS, at);

    link_string(w, at[CVI_WEIGHT_NAME], x->name);
    link_shape(w, at[CVI_WEIGHT_SHAPE], x->dim, x->ndim);
    return pos;
}

static bool has_quant(const npu_tensor *x)
{
    return x->quant_type || x->max_value != 0 || x->min_value != 0 || x->zero_point != 0 ||
           x->qscale != 0;
}

static void link_quant(buf_writer *w, size_t at, const npu_tensor *x)
{
    fmt_fbw_field f[CVI_QUANT_FIELDS] = {
        [CVI_QUANT_TYPE] = fmt_fbw_int(x->quant_type, 1),
        [CVI_QUANT_MAX] = fmt_fbw_float(x->max_value),
        [CVI_QUANT_MIN] = fmt_fbw_float(x->min_value),
        [CVI_QUANT_ZERO_POINT] = fmt_fbw_float(x->zero_point),
        [CVI_QUANT_QSCALE] = fmt_fbw_float(x->qscale),
    };
    size_t sub[FMT_FBW_FIELDS_MAX];

    if (has_quant(x))
        fmt_fbw_link(w, at, fmt_fbw_table(w, f, CVI_QUANT_FIELDS, sub));
}

static size_t put_tensor(buf_writer *w, const npu_tensor *x)
{
    fmt_fbw_field f[CVI_TENSOR_FIELDS] = {
        [CVI_TENSOR_ID] = fmt_fbw_int(x->id, 4),
        [CVI_TENSOR_NAME] = fmt_fbw_ref(),
        [CVI_TENSOR_OFFSET] = fmt_fbw_int((uint64_t)x->offset, 8),
        [CVI_TENSOR_DTYPE] = fmt_fbw_int(x->dtype, 1),
        [CVI_TENSOR_SHAPE] = ref_if(x->ndim > 0),
        [CVI_TENSOR_STRIDE] = ref_if(x->nstride > 0),
        [CVI_TENSOR_QUANT] = ref_if(has_quant(x)),
        [CVI_TENSOR_OVERWROTE] = fmt_fbw_int(x->overwrote, 1),
        [CVI_TENSOR_SCALE] = ref_if(x->nscale > 0),
        [CVI_TENSOR_MEAN] = ref_if(x->nmean > 0),
        [CVI_TENSOR_PIXEL_FORMAT] = ref_if(x->pixel_format),
        [CVI_TENSOR_ALIGNED] = fmt_fbw_int(x->aligned, 1),
        [CVI_TENSOR_SIZE] = fmt_fbw_int(x->size, 4),
    };
    size_t at[FMT_FBW_FIELDS_MAX], pos = fmt_fbw_table(w, f, CVI_TENSOR_FIELDS, at);

    link_string(w, at[CVI_TENSOR_NAME], x->name);
    link_shape(w, at[CVI_TENSOR_SHAPE], x->dim, x->ndim);
    link_shape(w, at[CVI_TENSOR_STRIDE], x->stride, x->nstride);
    link_quant(w, at[CVI_TENSOR_QUANT], x);
    link_floats(w, at[CVI_TENSOR_SCALE], x->scale, x->nscale);
    link_floats(w, at[CVI_TENSOR_MEAN], x->mean, x->nmean);
    link_string(w, at[CVI_TENSOR_PIXEL_FORMAT], x->pixel_format);
    return pos;
}

static void link_tpu(buf_writer *w, size_t at, const npu_routine *r)
{
    unsigned id = r->dmabuf ? CVI_TPU_DMABUF : CVI_TPU_CMDBUF;
    fmt_fbw_field f[CVI_TPU_FIELDS] = {{0}};
    size_t sub[FMT_FBW_FIELDS_MAX];

    f[id] = fmt_fbw_ref();
    fmt_fbw_link(w, at, fmt_fbw_table(w, f, CVI_TPU_FIELDS, sub));
    link_string(w, sub[id], r->section);
}

/* The stored arguments as they are, else those made from the attributes. */
static npu_status link_cpu(buf_writer *w, size_t at, const npu_routine *r, npu_err *err)
{
    fmt_fbw_field f[CVI_CPU_FIELDS] = {fmt_fbw_ref(), fmt_fbw_ref()};
    size_t sub[FMT_FBW_FIELDS_MAX], n = r->nargs;
    uint8_t *made = NULL;

    if (n == 0 && r->nattr > 0)
        NPU_TRY(cvi_write_args(r->attr, r->nattr, &made, &n, err));
    fmt_fbw_link(w, at, fmt_fbw_table(w, f, CVI_CPU_FIELDS, sub));
    link_string(w, sub[CVI_CPU_FUNCTION], r->section);
    fmt_fbw_link(w, sub[CVI_CPU_ARGS], fmt_fbw_vector(w, n, 1));
    buf_put(w, made ? made : r->args, n);
    free(made);
    return NPU_OK;
}

static npu_status put_routine(buf_writer *w, const npu_routine *r, size_t *pos, npu_err *err)
{
    bool tpu = r->type == NPU_ROUTINE_TPU;
    fmt_fbw_field f[CVI_ROUTINE_FIELDS] = {
        [CVI_ROUTINE_TYPE] = fmt_fbw_int(r->type, 1),
        [CVI_ROUTINE_INPUTS] = fmt_fbw_ref(),
        [CVI_ROUTINE_OUTPUTS] = fmt_fbw_ref(),
        [CVI_ROUTINE_TPU] = ref_if(tpu),
        [CVI_ROUTINE_CPU] = ref_if(!tpu),
    };
    size_t at[FMT_FBW_FIELDS_MAX];

    *pos = fmt_fbw_table(w, f, CVI_ROUTINE_FIELDS, at);
    link_strings(w, at[CVI_ROUTINE_INPUTS], r->in, r->nin);
    link_strings(w, at[CVI_ROUTINE_OUTPUTS], r->out, r->nout);
    if (!tpu)
        return link_cpu(w, at[CVI_ROUTINE_CPU], r, err);
    link_tpu(w, at[CVI_ROUTINE_TPU], r);
    return NPU_OK;
}

static npu_status put_program(buf_writer *w, const npu_program *p, size_t *pos, npu_err *err)
{
    fmt_fbw_field f[CVI_PROGRAM_FIELDS] = {
        [CVI_PROGRAM_BATCH] = fmt_fbw_int(p->batch_num, 4),
        [CVI_PROGRAM_NEURON] = fmt_fbw_int(p->neuron_size, 4),
        [CVI_PROGRAM_INPUTS] = fmt_fbw_ref(),
        [CVI_PROGRAM_OUTPUTS] = fmt_fbw_ref(),
        [CVI_PROGRAM_TENSORS] = fmt_fbw_ref(),
        [CVI_PROGRAM_ROUTINES] = fmt_fbw_ref(),
        [CVI_PROGRAM_SHARED] = fmt_fbw_int(p->shared_gmem, 4),
        [CVI_PROGRAM_PRIVATE] = fmt_fbw_int(p->private_gmem, 4),
    };
    size_t at[FMT_FBW_FIELDS_MAX], v;

    *pos = fmt_fbw_table(w, f, CVI_PROGRAM_FIELDS, at);
    link_strings(w, at[CVI_PROGRAM_INPUTS], p->in, p->nin);
    link_strings(w, at[CVI_PROGRAM_OUTPUTS], p->out, p->nout);
    fmt_fbw_link(w, at[CVI_PROGRAM_TENSORS], v = fmt_fbw_refs(w, p->ntensor));
    for (size_t i = 0; i < p->ntensor; i++)
        fmt_fbw_link(w, v + 4 + 4 * i, put_tensor(w, &p->tensor[i]));
    fmt_fbw_link(w, at[CVI_PROGRAM_ROUTINES], v = fmt_fbw_refs(w, p->nroutine));
    for (size_t i = 0; i < p->nroutine; i++) {
        size_t r;
        NPU_TRY(put_routine(w, &p->routine[i], &r, err));
        fmt_fbw_link(w, v + 4 + 4 * i, r);
    }
    return NPU_OK;
}

static size_t put_section(buf_writer *w, const npu_section *s, const cvi_place *place)
{
    fmt_fbw_field f[CVI_SECTION_FIELDS] = {
        [CVI_SECTION_TYPE] = fmt_fbw_int(s->type, 1),
        [CVI_SECTION_NAME] = fmt_fbw_ref(),
        [CVI_SECTION_SIZE] = fmt_fbw_int(place->size, 4),
        [CVI_SECTION_OFFSET] = fmt_fbw_int(place->offset, 4),
        [CVI_SECTION_ENCRYPT] = fmt_fbw_int(s->encrypt, 1),
        [CVI_SECTION_COMPRESS] = fmt_fbw_int(s->compress, 1),
        [CVI_SECTION_UNPACKED] = fmt_fbw_int(place->unpacked, 4),
    };
    size_t at[FMT_FBW_FIELDS_MAX], pos = fmt_fbw_table(w, f, CVI_SECTION_FIELDS, at);

    link_string(w, at[CVI_SECTION_NAME], s->name);
    return pos;
}

static npu_status put_lists(const npu_model *m, const cvi_place *place, buf_writer *w,
                            const size_t *at, npu_err *err)
{
    size_t v = fmt_fbw_refs(w, m->nweight), pos;

    fmt_fbw_link(w, at[CVI_MODEL_WEIGHTS], v);
    for (size_t i = 0; i < m->nweight; i++)
        fmt_fbw_link(w, v + 4 + 4 * i, put_weight(w, &m->weight[i]));
    fmt_fbw_link(w, at[CVI_MODEL_PROGRAMS], v = fmt_fbw_refs(w, m->nprogram));
    for (size_t i = 0; i < m->nprogram; i++) {
        NPU_TRY(put_program(w, &m->program[i], &pos, err));
        fmt_fbw_link(w, v + 4 + 4 * i, pos);
    }
    fmt_fbw_link(w, at[CVI_MODEL_SECTIONS], v = fmt_fbw_refs(w, m->nsection));
    for (size_t i = 0; i < m->nsection; i++)
        fmt_fbw_link(w, v + 4 + 4 * i, put_section(w, &m->section[i], &place[i]));
    return NPU_OK;
}

npu_status cvi_describe(const npu_model *m, const cvi_place *place, buf_writer *w, npu_err *err)
{
    uint64_t version = m->version[0] | (uint64_t)m->version[1] << 8 |
                       (uint64_t)m->version[2] << 16;
    fmt_fbw_field f[CVI_MODEL_FIELDS] = {
        [CVI_MODEL_VERSION] = {sizeof m->version, version},
        [CVI_MODEL_NAME] = ref_if(m->name),
        [CVI_MODEL_BUILD_TIME] = ref_if(m->build_time),
        [CVI_MODEL_WEIGHTS] = fmt_fbw_ref(),
        [CVI_MODEL_PROGRAMS] = fmt_fbw_ref(),
        [CVI_MODEL_SECTIONS] = fmt_fbw_ref(),
        [CVI_MODEL_TARGET] = ref_if(m->target),
        [CVI_MODEL_MLIR_VERSION] = ref_if(m->mlir_version),
    };
    size_t at[FMT_FBW_FIELDS_MAX], root = fmt_fbw_root(w);

    fmt_fbw_link(w, root, fmt_fbw_table(w, f, CVI_MODEL_FIELDS, at));
    link_string(w, at[CVI_MODEL_NAME], m->name);
    link_string(w, at[CVI_MODEL_BUILD_TIME], m->build_time);
    link_string(w, at[CVI_MODEL_TARGET], m->target);
    link_string(w, at[CVI_MODEL_MLIR_VERSION], m->mlir_version);
    NPU_TRY(put_lists(m, place, w, at, err));
    buf_put_zero(w, (8 - w->len % 8) % 8); /* sections start aligned, as in compiled files */
    return NPU_OK;
}
