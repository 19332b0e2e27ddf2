/* hrt_model_exec model_info. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/out.h"
#include "tools/bin_info.h"
#include "tools/hrt.h"

static void shape(const char *key, const int64_t *v, size_t n)
{
    printf("%s: (", key);
    for (size_t i = 0; i < n; i++)
        printf("%" PRId64 ",", v[i]);
    puts(")");
}

static const char *type_name(npu_dtype t)
{
    static const char *const name[NPU_DTYPES] = {
        [NPU_FP32] = "HB_DNN_TENSOR_TYPE_F32", [NPU_INT32] = "HB_DNN_TENSOR_TYPE_S32",
        [NPU_UINT32] = "HB_DNN_TENSOR_TYPE_U32", [NPU_BF16] = "HB_DNN_TENSOR_TYPE_BF16",
        [NPU_INT16] = "HB_DNN_TENSOR_TYPE_S16", [NPU_UINT16] = "HB_DNN_TENSOR_TYPE_U16",
        [NPU_INT8] = "HB_DNN_TENSOR_TYPE_S8", [NPU_UINT8] = "HB_DNN_TENSOR_TYPE_U8"};
    return t < NPU_DTYPES ? name[t] : "HB_DNN_TENSOR_TYPE_MAX";
}

/* Images of a .bin; other inputs and all outputs are tensors. */
static const char *image_name(const char *type)
{
    static const char *const names[][2] = {
        {"NV12", "HB_DNN_IMG_TYPE_NV12"}, {"YUV444", "HB_DNN_IMG_TYPE_YUV444"},
        {"RGB", "HB_DNN_IMG_TYPE_RGB"}, {"BGR", "HB_DNN_IMG_TYPE_BGR"},
        {"GRAY", "HB_DNN_IMG_TYPE_Y"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i][0], type))
            return names[i][1];
    return NULL;
}

/* Strides in bytes, outermost first: those of the tensor, or dense ones.  An image has none. */
static void strides(const npu_tensor *t, bool image)
{
    int64_t v[16], step = npu_dtype_bytes(t->dtype);
    size_t n = t->ndim < 16 ? t->ndim : 16;
    if (t->nstride == n && n && !image) {
        shape("stride", t->stride, n);
        return;
    }
    if (image) {
        memset(v, 0, sizeof v);
        shape("stride", v, n);
        return;
    }
    for (size_t i = n; i-- > 0;) {
        v[i] = step;
        step *= t->dim[i];
    }
    shape("stride", v, n);
}

/* The shape with each dimension as far apart as the strides say; without strides the same. */
static void aligned_shape(const npu_tensor *t)
{
    int64_t v[16];
    size_t n = t->ndim < 16 ? t->ndim : 16;
    for (size_t i = 0; i < n; i++) {
        int64_t inner = i + 1 < n ? 0 : npu_dtype_bytes(t->dtype);
        v[i] = t->dim[i];
        if (t->nstride == n && i > 0) {
            inner = i + 1 < n ? t->stride[i] : inner;
            if (inner > 0 && t->stride[i - 1] / inner > v[i])
                v[i] = t->stride[i - 1] / inner;
        }
    }
    shape("aligned shape", v, n);
}

/* NV12 keeps 1.5 bytes per pixel; a tensor with strides reaches as far as they say. */
static uint64_t aligned_bytes(const npu_tensor *t, const char *type)
{
    uint64_t dense = npu_tensor_bytes(t);
    if (t->size)
        return t->size;
    if (!strcmp(type, "NV12") && t->ndim == 4) /* three channels of a byte become half of that */
        return dense / 2;
    if (t->nstride == t->ndim && t->ndim && t->dim[0] > 0 && t->stride[0] > 0 &&
        (uint64_t)t->stride[0] <= INT64_MAX / (uint64_t)t->dim[0])
        return (uint64_t)t->stride[0] * (uint64_t)t->dim[0];
    return dense;
}

static void scale_data(const npu_tensor *t)
{
    printf("scale data: ");
    for (size_t i = 0; i < t->nscale; i++)
        printf("%s,", rep_general((double)t->scale[i]).s);
    if (t->nscale == 0)
        printf("%s,", rep_general((double)t->qscale).s);
}

/* quantizeAxis: the dimension of the channels, where there is a scale for each. */
static int quantize_axis(const npu_tensor *t, const char *layout)
{
    return t->nscale < 2 ? 0 : strcmp(layout, "NHWC") == 0 ? 3 : 1;
}

static void source_name(const char *source)
{
    printf("input source: HB_DNN_INPUT_FROM_");
    for (; *source; source++)
        putchar(toupper((unsigned char)*source));
    putchar('\n');
}

static void tensor(const npu_model *m, const cJSON *info, bool input, size_t i)
{
    const npu_program *p = &m->program[0];
    bin_io io = bin_io_of(m, info, input, i);
    const npu_tensor *t = io.tensor;
    const char *image = input ? image_name(io.type) : NULL;
    printf("%s[%zu]: \nname: ", input ? "input" : "output", i);
    rep_plain(stdout, input ? p->in[i] : p->out[i], 0);
    putchar('\n');
    if (!t)
        return;
    if (input)
        source_name(io.source);
    shape("valid shape", t->dim, t->ndim);
    aligned_shape(t);
    printf("aligned byte size: %" PRIu64 "\n",
           m->march ? aligned_bytes(t, io.type) : npu_tensor_bytes(t));
    printf("tensor type: %s\ntensor layout: HB_DNN_LAYOUT_%s\n",
           image ? image : type_name(t->dtype), io.layout);
    bool scaled = t->quant_type >= 2 && !image;
    printf("quanti type: %s\n", scaled ? "SCALE" : "NONE");
    strides(t, image != NULL);
    if (scaled) {
        scale_data(t);
        printf("\nquantizeAxis: %d\n", quantize_axis(t, io.layout));
    }
    putchar('\n');
}

static void one(const npu_model *m)
{
    cJSON *info = bin_info_json(m);
    puts("---------------------------------------------------------------------");
    printf("[model name]: ");
    rep_plain(stdout, m->name ? m->name : "", 0);
    puts("\n");
    for (size_t i = 0; m->nprogram && i < m->program[0].nin; i++)
        tensor(m, info, true, i);
    for (size_t i = 0; m->nprogram && i < m->program[0].nout; i++)
        tensor(m, info, false, i);
    cJSON_Delete(info);
}

npu_status hrt_model_info(const npu_model *m, const char *name, npu_err *err)
{
    size_t n = m->nmember ? m->nmember : 1;
    printf("This model file has %zu model:\n", n);
    for (size_t i = 0; i < n; i++) {
        putchar('[');
        rep_plain(stdout, m->nmember ? m->member[i] : m->name ? m->name : "", 0);
        puts("]");
    }
    if (m->nmember == 0 || name) {
        one(m);
        return NPU_OK;
    }
    for (size_t i = 0; i < n; i++) {
        npu_model *x;
        NPU_TRY(npu_model_open_member(m->path, m->member[i], &x, err));
        one(x);
        npu_model_free(x);
    }
    return NPU_OK;
}
