/* Caffe importer: parameters of layers, each checked where it is read. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compiler/import_caffe.h"

void cf_fail(cf_net *c, const cf_layer *l, npu_status s, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    if (c->status != NPU_OK)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->status = l ? npu_fail(c->err, s, "%s:%u: layer %s (%s): %s", c->path, l->m->line, l->name,
                             l->type, text)
                  : npu_fail(c->err, s, "%s: %s", c->path, text);
}

void cf_no_memory(cf_net *c)
{
    if (c->status == NPU_OK)
        c->status = npu_fail(c->err, NPU_LIMIT, "%s: out of memory", c->path);
}

/* The field's value as written, for a message. */
static const char *shown(const prototxt_field *f)
{
    return f->kind == PROTOTXT_MESSAGE ? "{ ... }" : f->text;
}

static int64_t one_int(cf_net *c, const cf_layer *l, const prototxt_field *f, int64_t min,
                       int64_t max)
{
    int64_t v;
    if (prototxt_int(f, &v) && v >= min && v <= max)
        return v;
    cf_fail(c, l, NPU_BAD_INPUT, "%s is '%.60s' (line %u), a whole number %lld..%lld expected",
            f->name, shown(f), f->line, (long long)min, (long long)max);
    return min;
}

int64_t cf_int(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name,
               int64_t dflt, int64_t min, int64_t max)
{
    const prototxt_field *f = prototxt_get(m, name);
    if (f)
        return one_int(c, l, f, min, max);
    if (dflt < min || dflt > max) {
        cf_fail(c, l, NPU_BAD_INPUT, "%s is missing, a whole number %lld..%lld expected", name,
                (long long)min, (long long)max);
        return min;
    }
    return dflt;
}

double cf_num(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, double dflt)
{
    const prototxt_field *f = prototxt_get(m, name);
    double v = dflt;
    if (f && (!prototxt_num(f, &v) || !isfinite(v))) {
        cf_fail(c, l, NPU_BAD_INPUT, "%s is '%.60s' (line %u), a finite number expected", name,
                shown(f), f->line);
        return dflt;
    }
    return v;
}

bool cf_bool(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, bool dflt)
{
    const prototxt_field *f = prototxt_get(m, name);
    bool v = dflt;
    if (f && !prototxt_bool(f, &v))
        cf_fail(c, l, NPU_BAD_INPUT, "%s is '%.60s' (line %u), true or false expected", name,
                shown(f), f->line);
    return v;
}

int cf_choice(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name,
              const char *const *names, const int *codes, int dflt)
{
    const prototxt_field *f = prototxt_get(m, name);
    char all[160] = "";
    int64_t number;
    if (!f)
        return dflt;
    bool counted = prototxt_int(f, &number);
    for (int i = 0; names[i]; i++) {
        if ((f->kind == PROTOTXT_WORD && strcmp(f->text, names[i]) == 0) ||
            (counted && number == (codes ? codes[i] : i)))
            return i;
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", names[i]);
    }
    cf_fail(c, l, NPU_BAD_INPUT, "%s is '%.60s' (line %u), one of %s expected", name, shown(f),
            f->line, all);
    return dflt;
}

static bool room(cf_net *c, const cf_layer *l, const prototxt_field *f, size_t n, size_t max_n)
{
    if (n < max_n)
        return true;
    cf_fail(c, l, NPU_UNSUPPORTED, "more than %zu times %s (line %u)", max_n, f->name, f->line);
    return false;
}

size_t cf_ints(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name,
               int64_t min, int64_t max, int64_t *out, size_t max_n)
{
    size_t n = 0;
    for (const prototxt_field *f = prototxt_find(m ? m->child : NULL, name);
         f && room(c, l, f, n, max_n); f = prototxt_find(f->next, name))
        out[n++] = one_int(c, l, f, min, max);
    return n;
}

size_t cf_nums(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, float *out,
               size_t max_n)
{
    size_t n = 0;
    for (const prototxt_field *f = prototxt_find(m ? m->child : NULL, name);
         f && room(c, l, f, n, max_n); f = prototxt_find(f->next, name)) {
        double v = 0;
        if (!prototxt_num(f, &v) || !isfinite(v))
            cf_fail(c, l, NPU_BAD_INPUT, "%s is '%.60s' (line %u), a finite number expected", name,
                    shown(f), f->line);
        out[n++] = (float)v;
    }
    return n;
}

void cf_pair(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *const name[3],
             int64_t dflt, int64_t min, int64_t max, int64_t out[2])
{
    out[0] = out[1] = min;
    bool apart = prototxt_get(m, name[1]) || prototxt_get(m, name[2]);
    size_t n = cf_ints(c, l, m, name[0], min, max, out, 2);
    if (n && apart)
        cf_fail(c, l, NPU_BAD_INPUT, "%s and %s or %s are both given", name[0], name[1], name[2]);
    else if (n == 1)
        out[1] = out[0];
    else if (n == 0) {
        out[0] = cf_int(c, l, m, apart ? name[1] : name[0], dflt, min, max);
        out[1] = apart ? cf_int(c, l, m, name[2], dflt, min, max) : out[0];
    }
}

int cf_axis(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, int dflt,
            int rank)
{
    int64_t v = cf_int(c, l, m, name, dflt, -NPU_RANK_MAX, NPU_RANK_MAX);
    int64_t at = v < 0 ? v + rank : v;
    if (at >= 0 && at < rank)
        return (int)at;
    cf_fail(c, l, NPU_BAD_INPUT, "%s %lld of a blob with %d dimensions", name, (long long)v, rank);
    return 0;
}

cf_shape cf_dims(cf_net *c, const cf_layer *l, const prototxt_field *m, int64_t min)
{
    cf_shape s = {0};
    s.rank = (int)cf_ints(c, l, m, "dim", min, INT32_MAX, s.dim, NPU_RANK_MAX);
    return s;
}

int64_t cf_conv_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    int64_t room = in + 2 * pad - (dilation * (kernel - 1) + 1);
    return room < 0 ? 0 : room / stride + 1;
}

int64_t cf_deconv_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    return stride * (in - 1) + dilation * (kernel - 1) + 1 - 2 * pad;
}

int64_t cf_pool_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, bool ceil,
                    bool *padded)
{
    int64_t room = in + 2 * pad - kernel, out;
    *padded = false;
    if (room < 0)
        return 0;
    out = room / stride + 1;
    if (ceil && room % stride) {
        *padded = pad == 0 || out * stride < in + pad;
        out += *padded;
    }
    return out;
}
