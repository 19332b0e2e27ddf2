/* See cvi_ref.h. */
#include "tests/unit/cvi_ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/unit/cvi_exec.h"

typedef struct {
    const cc_net *net;
    const npu_model *m;
    cvi_ref *r;
    const cc_layer *l;
    const cc_tensor *a, *b, *o;
    const int8_t *in, *in2;
    int8_t *out;
} ctx;

static const uint8_t *weight(ctx *x, const char *role)
{
    char name[256];
    snprintf(name, sizeof name, "%s_%s", x->l->name, role);
    for (size_t i = 0; i < x->m->nweight; i++)
        if (!strcmp(x->m->weight[i].name, name))
            return npu_model_section(x->m, "weight")->data +
                   (x->m->weight[i].offset & 0xffffffffff);
    snprintf(x->r->bad, sizeof x->r->bad, "no weight %.200s", name);
    return NULL;
}

static size_t at(const cc_tensor *t, uint32_t n, uint32_t c, uint32_t y, uint32_t w)
{
    return (((size_t)n * t->c + c) * t->h + y) * t->w + w;
}

/* Input column of kernel column K; -1: outside, or an inserted zero. */
static int64_t tap(uint32_t o, uint32_t k, uint32_t s, uint32_t d, int32_t pad, uint32_t up,
                   uint32_t extent)
{
    int64_t p = (int64_t)o * s + (int64_t)k * d - pad;
    return p < 0 || p % up || p / up >= extent ? -1 : p / up;
}

/* Place of channel I in a filter row of C channels: beyond 4095 the vector counts as a row of
 * several columns, and the columns come first. */
static uint32_t in_row(uint32_t i, uint32_t c)
{
    uint32_t columns = 1;
    while (c / columns > 4095 || c % columns)
        columns++;
    return i % columns * (c / columns) + i / columns;
}

typedef int8_t at_fn(ctx *x, uint32_t n, uint32_t c, uint32_t y, uint32_t w);

static int8_t conv(ctx *x, uint32_t n, uint32_t c, uint32_t y, uint32_t w)
{
    const cc_layer *l = x->l;
    bool dw = l->kind == CC_DWCONV;
    uint32_t icg = dw ? 1 : x->a->c / l->group, first = dw ? c : c / (x->o->c / l->group) * icg;
    uint32_t depth = dw ? 1 : l->group > 1 ? icg : icg < 4 ? 4 : (icg + 1) / 2 * 2;
    const uint8_t *f = weight(x, "filter_reordered"), *q = weight(x, "bias_packed");
    int32_t sum;
    if (!f || !q)
        return 0;
    q += (size_t)c * 9;
    sum = (int32_t)buf_get_le(q, 4);
    for (uint32_t ky = 0; ky < l->kh; ky++)
        for (uint32_t kx = 0; kx < l->kw; kx++) {
            int64_t iy = tap(y, ky, l->sh, l->dh, l->pt, l->up_h, x->a->h);
            int64_t ix = tap(w, kx, l->sw, l->dw, l->pl, l->up_w, x->a->w);
            for (uint32_t i = 0; i < icg && iy >= 0 && ix >= 0; i++)
                sum += (int8_t)f[(((size_t)c * l->kh + ky) * l->kw + kx) * depth +
                                 (icg > 4095 ? in_row(i, icg) : i)] *
                       x->in[at(x->a, n, first + i, (uint32_t)iy, (uint32_t)ix)];
        }
    return cvi_requant(sum, (uint32_t)buf_get_le(q + 4, 4), q[8],
                       l->act != CC_ACT_NONE && l->sum == NPU_NONE);
}

static int8_t pool(ctx *x, uint32_t n, uint32_t c, uint32_t y, uint32_t w)
{
    const cc_layer *l = x->l;
    bool max = l->kind == CC_MAXPOOL;
    int32_t v = max ? -128 : 0;
    for (uint32_t ky = 0; ky < l->kh; ky++)
        for (uint32_t kx = 0; kx < l->kw; kx++) {
            int64_t iy = tap(y, ky, l->sh, 1, l->pt, 1, x->a->h);
            int64_t ix = tap(w, kx, l->sw, 1, l->pl, 1, x->a->w);
            if (iy < 0 || ix < 0)
                continue;
            int8_t p = x->in[at(x->a, n, c, (uint32_t)iy, (uint32_t)ix)];
            v = max ? (p > v ? p : v) : v + p;
        }
    if (max)
        return (int8_t)v;
    double mean = (double)v / (l->kh * l->kw);
    return (int8_t)(mean < 0 ? mean - 0.5 : mean + 0.5);
}

static int8_t other(ctx *x, uint32_t n, uint32_t c, uint32_t y, uint32_t w)
{
    return x->in2[at(x->b, n, c, x->b->h == 1 ? 0 : y, x->b->w == 1 ? 0 : w)];
}

static int8_t element(ctx *x, uint32_t n, uint32_t c, uint32_t y, uint32_t w)
{
    const cc_layer *l = x->l;
    int8_t a = x->in[at(x->a, n, c, y, w)];
    int relu = l->act != CC_ACT_NONE;
    const uint8_t *t;
    switch (l->kind) {
    case CC_ADD:
        return (int8_t)cvi_shift(64 * a + 64 * other(x, n, c, y, w), 7, relu, 8);
    case CC_MUL: /* 128/127 as a 31-bit multiplier of 2^30, then 6 more */
        return cvi_requant(a * other(x, n, c, y, w), 1082196484u, 6, relu);
    case CC_MAX:
        return a > other(x, n, c, y, w) ? a : other(x, n, c, y, w);
    case CC_MIN:
        return a < other(x, n, c, y, w) ? a : other(x, n, c, y, w);
    case CC_RELU:
        return a > 0 ? a : 0;
    case CC_LUT:
        t = weight(x, "table");
        return t ? (int8_t)t[(uint8_t)a] : 0;
    case CC_PRELU:
        t = weight(x, "slope");
        return !t || a >= 0 ? a : (int8_t)cvi_shift(a * (int8_t)t[c], 7, 0, 8);
    case CC_MOVE:
        return a;
    default:
        snprintf(x->r->bad, sizeof x->r->bad, "no reference for %.200s", l->name);
        return 0;
    }
}

static int8_t resize(ctx *x, uint32_t n, uint32_t c, uint32_t y, uint32_t w)
{
    return x->in[at(x->a, n, c, y / (x->l->up_h >> 16), w / (x->l->up_w >> 16))];
}

static at_fn *function(cc_kind k)
{
    switch (k) {
    case CC_CONV:
    case CC_DWCONV:
        return conv;
    case CC_MAXPOOL:
    case CC_AVGPOOL:
        return pool;
    case CC_RESIZE:
        return resize;
    default:
        return element;
    }
}

static void layer(ctx *x)
{
    const cc_layer *l = x->l;
    at_fn *fn = function(l->kind);
    x->a = &x->net->tensor[l->a];
    x->o = &x->net->tensor[l->out];
    x->in = x->r->map[l->a];
    x->out = x->r->map[l->out];
    if (l->b != NPU_NONE) {
        x->b = &x->net->tensor[l->b];
        x->in2 = x->r->map[l->b];
    }
    for (uint32_t n = 0; n < x->o->n; n++)
        for (uint32_t c = 0; c < x->o->c; c++)
            for (uint32_t y = 0; y < x->o->h; y++)
                for (uint32_t w = 0; w < x->o->w && !x->r->bad[0]; w++) {
                    size_t i = at(x->o, n, c, y, w);
                    int32_t v = fn(x, n, c, y, w);
                    if (l->sum != NPU_NONE)
                        v = cvi_shift(64 * v + 64 * x->r->map[l->sum][i], 7,
                                      l->act != CC_ACT_NONE, 8);
                    x->out[i] = (int8_t)v;
                }
}

void cvi_ref_run(cvi_ref *r, const cc_net *net, const npu_model *m,
                 int8_t (*input)(const npu_tensor *t, uint64_t i))
{
    ctx x = {.net = net, .m = m, .r = r};
    *r = (cvi_ref){.map = calloc(net->ntensor, sizeof *r->map),
                   .owned = calloc(net->ntensor, sizeof *r->owned), .n = net->ntensor};
    for (uint32_t i = 0; i < net->ntensor; i++) {
        const cc_tensor *t = &net->tensor[i];
        if (t->inside != NPU_NONE)
            continue;
        r->owned[i] = true;
        r->map[i] = calloc(1, (size_t)t->n * t->c * t->h * t->w);
        const npu_tensor *given = t->input ? npu_program_tensor(&m->program[0], t->name) : NULL;
        for (uint64_t k = 0; given && k < npu_tensor_bytes(given); k++)
            r->map[i][k] = input(given, k);
    }
    for (uint32_t i = 0; i < net->ntensor; i++) {
        int32_t up = (int32_t)i;
        size_t skip = 0;
        while (net->tensor[up].inside != NPU_NONE) {
            skip += (size_t)net->tensor[up].channel * net->tensor[up].h * net->tensor[up].w;
            up = net->tensor[up].inside;
        }
        r->map[i] = r->map[up] + skip;
    }
    for (uint32_t i = 0; i < net->nlayer && !r->bad[0]; i++) {
        x.l = &net->layer[i];
        layer(&x);
    }
}

void cvi_ref_free(cvi_ref *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->owned[i])
            free(r->map[i]);
    free(r->map);
    free(r->owned);
}
