/* Arguments of a CPU routine: a FlatBuffers description of its own inside the routine. */
#include "formats/cvimodel.h"

#include <stdio.h>

#include "formats/flatbuf_write.h"

static void read_list(fmt_fb *fb, const fmt_fb_table *t, npu_attr *a)
{
    fmt_fb_vec v = fmt_fb_vector(fb, t, 1, 4);

    a->list = fmt_fb_alloc(fb, v.n, sizeof *a->list);
    a->nlist = a->list ? v.n : 0;
    for (uint32_t i = 0; i < a->nlist; i++)
        a->list[i] = a->type == NPU_ATTR_FLOATS
                         ? (double)fmt_fb_vec_float(fb, &v, i)
                         : (double)(int32_t)(uint32_t)fmt_fb_vec_int(fb, &v, i, 4);
}

static void read_value(fmt_fb *fb, const fmt_fb_table *t, npu_attr *a)
{
    switch (a->type) {
    case NPU_ATTR_FLOAT:
        a->number = (double)fmt_fb_float(fb, t, 1);
        break;
    case NPU_ATTR_BOOL:
        a->number = fmt_fb_int(fb, t, 1, 1, 0) != 0;
        break;
    case NPU_ATTR_INT:
        a->number = (double)(int32_t)(uint32_t)fmt_fb_int(fb, t, 1, 4, 0);
        break;
    case NPU_ATTR_STR:
        if (!(a->text = fmt_fb_string(fb, t, 1)))
            a->text = fmt_fb_alloc(fb, 1, 1);
        break;
    case NPU_ATTR_FLOATS:
    case NPU_ATTR_INTS:
        read_list(fb, t, a);
        break;
    }
}

/* The first of the six kinds that is set decides, as in the vendor's runtime. */
static void read_attr(fmt_fb *fb, const fmt_fb_table *t, npu_attr *a)
{
    fmt_fb_table kind;

    for (unsigned id = 0; id < CVI_ATTR_FIELDS; id++) {
        if (!fmt_fb_sub(fb, t, id, &kind))
            continue;
        a->type = id;
        if (!(a->key = fmt_fb_string(fb, &kind, 0)))
            fmt_fb_broken(fb, kind.pos, "attribute without key");
        read_value(fb, &kind, a);
        return;
    }
    fmt_fb_broken(fb, t->pos, "attribute without value");
}

npu_status cvi_read_args(const char *path, npu_routine *r, size_t *budget, npu_err *err)
{
    char where[192];
    fmt_fb fb;
    fmt_fb_table root, t;
    fmt_fb_vec v;

    if (r->nargs == 0)
        return NPU_OK;
    snprintf(where, sizeof where, "%.100s: arguments of CPU routine %.60s", path, r->section);
    fb = fmt_fb_over(where, r->args, r->nargs, budget, err);
    fmt_fb_root(&fb, &root);
    fb.what = "attribute";
    v = fmt_fb_vector(&fb, &root, 0, 4);
    r->attr = fmt_fb_alloc(&fb, v.n, sizeof *r->attr);
    r->nattr = r->attr ? v.n : 0;
    for (uint32_t i = 0; i < r->nattr && fb.status == NPU_OK; i++)
        if (fmt_fb_vec_sub(&fb, &v, i, &t))
            read_attr(&fb, &t, &r->attr[i]);
    return fb.status;
}

static void put_list(buf_writer *w, size_t at, const npu_attr *a)
{
    fmt_fbw_link(w, at, fmt_fbw_vector(w, a->nlist, 4));
    for (size_t i = 0; i < a->nlist; i++)
        buf_put_int(w, a->type == NPU_ATTR_FLOATS ? fmt_fbw_float((float)a->list[i]).value
                                                  : (uint32_t)(int32_t)a->list[i], 4);
}

static fmt_fbw_field value_field(const npu_attr *a)
{
    switch (a->type) {
    case NPU_ATTR_FLOAT: return fmt_fbw_float((float)a->number);
    case NPU_ATTR_BOOL: return fmt_fbw_int(a->number != 0, 1);
    case NPU_ATTR_INT: return fmt_fbw_int((uint32_t)(int32_t)a->number, 4);
    case NPU_ATTR_STR:
    case NPU_ATTR_FLOATS:
    case NPU_ATTR_INTS: break;
    }
    return fmt_fbw_ref();
}

static size_t put_attr(buf_writer *w, const npu_attr *a)
{
    fmt_fbw_field kinds[CVI_ATTR_FIELDS] = {{0}}, f[2] = {fmt_fbw_ref(), value_field(a)};
    size_t at[FMT_FBW_FIELDS_MAX], sub[FMT_FBW_FIELDS_MAX], pos;

    kinds[a->type] = fmt_fbw_ref();
    pos = fmt_fbw_table(w, kinds, CVI_ATTR_FIELDS, at);
    fmt_fbw_link(w, at[a->type], fmt_fbw_table(w, f, 2, sub));
    fmt_fbw_link(w, sub[0], fmt_fbw_string(w, a->key));
    if (a->type == NPU_ATTR_STR)
        fmt_fbw_link(w, sub[1], fmt_fbw_string(w, a->text));
    else if (a->type >= NPU_ATTR_FLOATS)
        put_list(w, sub[1], a);
    return pos;
}

npu_status cvi_write_args(const npu_attr *attr, size_t n, uint8_t **bytes, size_t *size,
                          npu_err *err)
{
    fmt_fbw_field f = fmt_fbw_ref();
    buf_writer w = {0};
    size_t at[FMT_FBW_FIELDS_MAX], root = fmt_fbw_root(&w), v;

    fmt_fbw_link(&w, root, fmt_fbw_table(&w, &f, 1, at));
    fmt_fbw_link(&w, at[0], v = fmt_fbw_refs(&w, n));
    for (size_t i = 0; i < n; i++)
        fmt_fbw_link(&w, v + 4 + 4 * i, put_attr(&w, &attr[i]));
    *bytes = w.data;
    *size = w.len;
    if (!w.failed)
        return NPU_OK;
    buf_free(&w);
    *bytes = NULL;
    return npu_fail(err, NPU_LIMIT, "out of memory");
}
