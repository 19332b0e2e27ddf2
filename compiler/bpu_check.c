/* What the descriptors of bernoulli2 can say at all: extents and distances have 16 bits, strides,
 * dilations and paddings 8. */
#include "compiler/bpu.h"

enum { EXTENT = 65535, STEP = 255, BATCH = 128 };

static npu_status refuse(const char *name, const char *what, uint64_t found, uint64_t most,
                         npu_err *err)
{
    return npu_fail(err, NPU_UNSUPPORTED, "%s: %s %llu; the command set holds at most %llu", name,
                    what, (unsigned long long)found, (unsigned long long)most);
}

static npu_status tensor(const cc_tensor *t, npu_err *err)
{
    const struct { const char *what; uint64_t found, most; } all[] = {
        {"batch", t->n, BATCH}, {"channels", t->c, EXTENT}, {"rows", t->h, EXTENT},
        {"columns", t->w, EXTENT},
        {"bytes of a map", (uint64_t)(t->c + 7) * t->h * (t->w + 31) * t->bytes, UINT32_MAX}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].found > all[i].most)
            return refuse(t->name, all[i].what, all[i].found, all[i].most, err);
        if (all[i].found == 0)
            return npu_fail(err, NPU_UNSUPPORTED, "%s: %s 0; a map needs at least 1", t->name,
                            all[i].what);
    }
    return NPU_OK;
}

static uint64_t least_zero(int64_t v)
{
    return v < 0 ? 0 : (uint64_t)v;
}

static npu_status layer(const cc_layer *y, npu_err *err)
{
    const struct { const char *what; uint64_t found, most; } all[] = {
        {"kernel rows", y->kh, EXTENT}, {"kernel columns", y->kw, EXTENT},
        {"stride in H", y->sh, STEP}, {"stride in W", y->sw, STEP}, {"dilation in H", y->dh, STEP},
        {"dilation in W", y->dw, STEP}, {"padding above", least_zero(y->pt), STEP},
        {"padding below", least_zero(y->pb), STEP}, {"padding left", least_zero(y->pl), STEP},
        {"padding right", least_zero(y->pr), STEP}, {"groups", y->group, EXTENT},
        {"inserted rows", y->kind == CC_RESIZE ? 1 : y->up_h, STEP},
        {"inserted columns", y->kind == CC_RESIZE ? 1 : y->up_w, STEP}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].found > all[i].most)
            return refuse(y->name, all[i].what, all[i].found, all[i].most, err);
    if (!y->kh || !y->kw || !y->sh || !y->sw || !y->dh || !y->dw || !y->group || !y->up_h ||
        !y->up_w)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: a kernel, stride, dilation or group of 0",
                        y->name);
    return NPU_OK;
}

npu_status bpu_check(const cc_net *n, npu_err *err)
{
    for (uint32_t i = 0; i < n->ntensor; i++)
        NPU_TRY(tensor(&n->tensor[i], err));
    for (uint32_t i = 0; i < n->nlayer; i++)
        NPU_TRY(layer(&n->layer[i], err));
    return NPU_OK;
}
