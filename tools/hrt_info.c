/* hrt_model_exec model_info. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/out.h"
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

/* Dense strides in bytes, outermost first. */
static void strides(const npu_tensor *t)
{
    int64_t v[16], step = npu_dtype_bytes(t->dtype);
    size_t n = t->ndim < 16 ? t->ndim : 16;
    for (size_t i = n; i-- > 0;) {
        v[i] = step;
        step *= t->dim[i];
    }
    shape("stride", v, n);
}

static void tensor(const npu_program *p, const char *name, const char *role, size_t i)
{
    const npu_tensor *t = npu_program_tensor(p, name);
    printf("%s[%zu]: \nname: ", role, i);
    rep_plain(stdout, name, 0);
    putchar('\n');
    if (!t)
        return;
    if (role[0] == 'i')
        puts("input source: HB_DNN_INPUT_FROM_DDR");
    shape("valid shape", t->dim, t->ndim);
    shape("aligned shape", t->dim, t->ndim);
    printf("aligned byte size: %" PRIu64 "\n", npu_tensor_bytes(t));
    printf("tensor type: %s\ntensor layout: HB_DNN_LAYOUT_NCHW\n", type_name(t->dtype));
    printf("quanti type: %s\n", t->quant_type >= 2 ? "SCALE" : "NONE");
    strides(t);
    if (t->quant_type >= 2)
        printf("scale data: %s,\nquantizeAxis: 0\n", rep_general((double)t->qscale).s);
    putchar('\n');
}

void hrt_model_info(const npu_model *m)
{
    const char *name = m->name ? m->name : "";
    puts("This model file has 1 model:");
    printf("[");
    rep_plain(stdout, name, 0);
    puts("]");
    puts("---------------------------------------------------------------------");
    printf("[model name]: ");
    rep_plain(stdout, name, 0);
    puts("\n");
    if (m->nprogram == 0)
        return;
    const npu_program *p = &m->program[0];
    for (size_t i = 0; i < p->nin; i++)
        tensor(p, p->in[i], "input", i);
    for (size_t i = 0; i < p->nout; i++)
        tensor(p, p->out[i], "output", i);
}
