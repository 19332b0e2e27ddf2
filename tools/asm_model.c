/* The container around the commands: model, programs, tensors, routines (tools/asm.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/asm.h"

npu_status asm_chip(const char *name, cvi_chip *out, npu_err *err)
{
    npu_chip *chip;
    const cvi_chip *own = cvi_chip_find(name);

    if (own) {
        *out = *own;
        return NPU_OK;
    }
    NPU_TRY(npu_chip_load(name, &chip, err));
    *out = (cvi_chip){"", (uint8_t)chip->cmd_magic, chip->isa};
    npu_chip_free(chip);
    return NPU_OK;
}

/* Only names: a chip file of one's own decides nothing about the bytes. */
static npu_status known_chip(asm_state *a, const char *name, npu_err *err)
{
    char **list, known[300] = "";
    size_t n;
    bool found = false;

    NPU_TRY(npu_chip_names(&list, &n, err));
    for (size_t i = 0; i < n; i++) {
        found |= strcmp(list[i], name) == 0;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 list[i]);
    }
    npu_chip_names_free(list, n);
    if (!found)
        return npu_fail(err, NPU_BAD_INPUT, "chip '%.60s'; known are %s", name, known);
    NPU_TRY(asm_chip(name, &a->any, err));
    a->chip = &a->any;
    return NPU_OK;
}

npu_status asm_do_chip(asm_state *a, const asm_words *w, npu_err *err)
{
    if (w->n != 2)
        return npu_fail(err, NPU_BAD_INPUT, ".chip: one name is needed");
    return known_chip(a, w->word[1], err);
}

/* "1.4" or "1.4.0" as N numbers of a byte. */
static npu_status version(const char *key, const char *text, uint8_t *out, size_t n, npu_err *err)
{
    const char *p = text;

    for (size_t i = 0; i < n; i++) {
        char *end;
        unsigned long v = strtoul(p, &end, 10);
        if (*p < '0' || *p > '9' || v > UINT8_MAX || *end != (i + 1 < n ? '.' : '\0'))
            return npu_fail(err, NPU_BAD_INPUT, "%s=%.60s: %zu numbers from 0 to 255 joined by "
                            "'.' are needed", key, text, n);
        out[i] = (uint8_t)v;
        p = end + 1;
    }
    return NPU_OK;
}

static npu_status model_texts(npu_model *m, const asm_words *w, const char *chip, npu_err *err)
{
    static const struct {
        const char *key;
        size_t at;
    } texts[] = {{"mlir", offsetof(npu_model, mlir_version)},
                 {"build", offsetof(npu_model, build_time)},
                 {"target", offsetof(npu_model, target)}};

    NPU_TRY(asm_set_text(&m->name, w->word[1], err));
    NPU_TRY(asm_set_text(&m->build_time, "1970-01-01 00:00:00", err));
    NPU_TRY(asm_set_text(&m->target, chip, err));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char **field = (char **)(void *)((char *)m + texts[i].at);
        const char *text = asm_value(w, 2, texts[i].key, NULL);
        if (text)
            NPU_TRY(asm_set_text(field, text, err));
        if (text && !*text) { /* key= : the field is absent */
            free(*field);
            *field = NULL;
        }
    }
    return NPU_OK;
}

npu_status asm_do_model(asm_state *a, const asm_words *w, npu_err *err)
{
    const char *chip = asm_value(w, 1, "chip", NULL), *v, *md5 = asm_value(w, 1, "md5", NULL);
    const char *stored = asm_value(w, 1, "stored_chip", NULL);
    npu_model *m = a->model;
    uint8_t header[2] = {1, CVI_MINOR_MAX};

    if (w->n < 2 || !chip)
        return npu_fail(err, NPU_BAD_INPUT, ".model: a name and chip= are needed");
    if (a->complete)
        return npu_fail(err, NPU_BAD_INPUT, ".model: there is one already");
    NPU_TRY(asm_check_words(w, 2, "chip= stored_chip= version= cvimodel= mlir= build= target= md5=",
                            err));
    NPU_TRY(known_chip(a, chip, err));
    if (!cvi_chip_find(chip))
        return npu_fail(err, NPU_UNSUPPORTED,
                        ".model chip=%.60s: models of this chip are .bin files, which hb_mapper "
                        "makertbin writes; asm writes .cvimodel, and sections of any chip (.chip "
                        "instead of .model)", chip);
    if (!stored)
        stored = chip;
    if (strlen(stored) > CVI_CHIP_BYTES)
        return npu_fail(err, NPU_BAD_INPUT, "stored_chip=%.60s: at most 16 bytes", stored);
    memcpy(m->chip, stored, strlen(stored) + 1);
    if ((v = asm_value(w, 1, "version", NULL)))
        NPU_TRY(version("version", v, header, 2, err));
    m->header_major = header[0];
    m->header_minor = header[1];
    memcpy(m->version, (uint8_t[3]){1, 4, 0}, sizeof m->version);
    if ((v = asm_value(w, 1, "cvimodel", NULL)))
        NPU_TRY(version("cvimodel", v, m->version, 3, err));
    if (md5 && strcmp(md5, "bad"))
        return npu_fail(err, NPU_BAD_INPUT, "md5=%.60s: only 'bad' can be chosen", md5);
    a->bad_md5 = md5 != NULL;
    a->complete = true;
    return model_texts(m, w, stored, err);
}

/* Every "KEY=name" of the line as a list of names. */
static npu_status names(const asm_words *w, const char *key, char ***list, size_t *n, npu_err *err)
{
    size_t from = 1;
    const char *text;

    while ((text = asm_value(w, from, key, &from))) {
        char **name = asm_append(list, n, sizeof *name);
        if (!name || !(*name = strdup(text)))
            return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    return NPU_OK;
}

static npu_status key_u32(const asm_words *w, const char *key, uint32_t *out, npu_err *err)
{
    int64_t v;

    NPU_TRY(asm_key_int(w, key, 0, 0, UINT32_MAX, &v, err));
    *out = (uint32_t)v;
    return NPU_OK;
}

npu_status asm_do_program(asm_state *a, const asm_words *w, npu_err *err)
{
    npu_program *p = NULL;

    NPU_TRY(asm_check_words(w, 1, "batch= neuron= shared= private= in= out=", err));
    if (!(p = asm_append(&a->model->program, &a->model->nprogram, sizeof *p)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    NPU_TRY(key_u32(w, "batch", &p->batch_num, err));
    if (!asm_value(w, 1, "batch", NULL))
        p->batch_num = 1;
    NPU_TRY(key_u32(w, "neuron", &p->neuron_size, err));
    NPU_TRY(key_u32(w, "shared", &p->shared_gmem, err));
    NPU_TRY(key_u32(w, "private", &p->private_gmem, err));
    NPU_TRY(names(w, "in", &p->in, &p->nin, err));
    return names(w, "out", &p->out, &p->nout, err);
}

static npu_status current(const asm_state *a, const asm_words *w, npu_program **p, npu_err *err)
{
    if (a->model->nprogram == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s before any .program", w->word[0]);
    *p = &a->model->program[a->model->nprogram - 1];
    return NPU_OK;
}

/* mem=shared|weight|private|io0..io4|none and offset= as the container's one number. */
static npu_status place(const asm_words *w, int64_t *out, npu_err *err)
{
    static const char *const memories[] = {"shared", "weight", "private", "io0", "io1", "io2",
                                           "io3", "io4"};
    const char *text = asm_value(w, 1, "mem", NULL);
    int64_t offset;

    NPU_TRY(asm_key_int(w, "offset", 0, 0, (INT64_C(1) << CVI_MEMORY_SHIFT) - 1, &offset, err));
    *out = -1;
    if (!text || !strcmp(text, "none"))
        return NPU_OK;
    for (size_t i = 0; i < sizeof memories / sizeof memories[0]; i++)
        if (!strcmp(text, memories[i])) {
            *out = (int64_t)i << CVI_MEMORY_SHIFT | offset;
            return NPU_OK;
        }
    return npu_fail(err, NPU_BAD_INPUT, "mem=%.60s: one of shared weight private io0 io1 io2 io3 "
                    "io4 none is needed", text);
}

static npu_status key_float(const asm_words *w, const char *key, float *out, npu_err *err)
{
    const char *text = asm_value(w, 1, key, NULL);
    double v = 0;

    if (text)
        NPU_TRY(asm_float(key, text, &v, err));
    *out = (float)v;
    return NPU_OK;
}

/* Every "KEY=number" of the line. */
static npu_status floats(const asm_words *w, const char *key, float **list, size_t *n,
                         npu_err *err)
{
    size_t from = 1;
    const char *text;

    while ((text = asm_value(w, from, key, &from))) {
        double v;
        float *f;
        NPU_TRY(asm_float(key, text, &v, err));
        if (!(f = asm_append(list, n, sizeof *f)))
            return npu_fail(err, NPU_LIMIT, "out of memory");
        *f = (float)v;
    }
    return NPU_OK;
}

static npu_status quant(const asm_words *w, npu_tensor *t, npu_err *err)
{
    int64_t type;

    NPU_TRY(asm_key_int(w, "quant", 0, 0, 3, &type, err));
    t->quant_type = (uint8_t)type;
    NPU_TRY(key_float(w, "qscale", &t->qscale, err));
    NPU_TRY(key_float(w, "zero_point", &t->zero_point, err));
    NPU_TRY(key_float(w, "max", &t->max_value, err));
    NPU_TRY(key_float(w, "min", &t->min_value, err));
    NPU_TRY(floats(w, "scale", &t->scale, &t->nscale, err));
    return floats(w, "mean", &t->mean, &t->nmean, err);
}

npu_status asm_do_tensor(asm_state *a, const asm_words *w, npu_err *err)
{
    const char *shape = asm_value(w, 1, "shape", NULL), *dtype = asm_value(w, 1, "dtype", NULL);
    const char *stride = asm_value(w, 1, "stride", NULL), *pixel = asm_value(w, 1, "pixel", NULL);
    npu_program *p = NULL;
    npu_tensor *t;

    NPU_TRY(current(a, w, &p, err));
    if (w->n < 2)
        return npu_fail(err, NPU_BAD_INPUT, ".tensor: a name is needed");
    NPU_TRY(asm_check_words(w, 2, "shape= dtype= stride= mem= offset= id= size= quant= qscale= "
                            "zero_point= max= min= scale= mean= pixel= aligned overwrote", err));
    if (!(t = asm_append(&p->tensor, &p->ntensor, sizeof *t)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    t->dtype = NPU_INT8;
    NPU_TRY(asm_set_text(&t->name, w->word[1], err));
    NPU_TRY(place(w, &t->offset, err));
    if (dtype)
        NPU_TRY(asm_dtype(dtype, &t->dtype, err));
    if (shape)
        NPU_TRY(asm_shape(shape, &t->dim, &t->ndim, err));
    if (stride)
        NPU_TRY(asm_shape(stride, &t->stride, &t->nstride, err));
    if (pixel)
        NPU_TRY(asm_set_text(&t->pixel_format, pixel, err));
    NPU_TRY(key_u32(w, "id", &t->id, err));
    NPU_TRY(key_u32(w, "size", &t->size, err));
    t->aligned = asm_flag(w, 2, "aligned");
    t->overwrote = asm_flag(w, 2, "overwrote");
    return quant(w, t, err);
}

npu_status asm_do_routine(asm_state *a, const asm_words *w, npu_err *err)
{
    npu_program *p = NULL;
    npu_routine *r;

    NPU_TRY(current(a, w, &p, err));
    if (w->n < 3 || (strcmp(w->word[1], "tpu") && strcmp(w->word[1], "cpu")))
        return npu_fail(err, NPU_BAD_INPUT, ".routine: 'tpu' and a section, or 'cpu' and a "
                        "function, are needed");
    NPU_TRY(asm_check_words(w, 3, "in= out= dmabuf", err));
    if (!(r = asm_append(&p->routine, &p->nroutine, sizeof *r)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    r->type = w->word[1][0] == 't' ? NPU_ROUTINE_TPU : NPU_ROUTINE_CPU;
    r->dmabuf = asm_flag(w, 3, "dmabuf");
    NPU_TRY(asm_set_text(&r->section, w->word[2], err));
    NPU_TRY(names(w, "in", &r->in, &r->nin, err));
    return names(w, "out", &r->out, &r->nout, err);
}

static npu_status cpu_routine(const asm_state *a, const asm_words *w, npu_routine **r,
                              npu_err *err)
{
    npu_program *p = NULL;

    NPU_TRY(current(a, w, &p, err));
    *r = p->nroutine ? &p->routine[p->nroutine - 1] : NULL;
    if (!*r || (*r)->type != NPU_ROUTINE_CPU)
        return npu_fail(err, NPU_BAD_INPUT, "%s without a .routine cpu before it", w->word[0]);
    return NPU_OK;
}

static npu_status attr_values(npu_attr *x, const asm_words *w, npu_err *err)
{
    bool list = x->type == NPU_ATTR_FLOATS || x->type == NPU_ATTR_INTS;
    bool whole = x->type == NPU_ATTR_INT || x->type == NPU_ATTR_INTS;

    if (!list && w->n != 4)
        return npu_fail(err, NPU_BAD_INPUT, ".attr %.60s: one value is needed", w->word[1]);
    if (x->type == NPU_ATTR_STR)
        return asm_set_text(&x->text, w->word[3], err);
    for (size_t i = 3; i < w->n; i++) {
        int64_t v = 0;
        double d = 0, *to = &x->number;
        if (x->type == NPU_ATTR_BOOL)
            NPU_TRY(asm_int(w->word[1], w->word[i], 0, 1, &v, err));
        else if (whole)
            NPU_TRY(asm_int(w->word[1], w->word[i], INT32_MIN, INT32_MAX, &v, err));
        else
            NPU_TRY(asm_float(w->word[1], w->word[i], &d, err));
        if (list && !(to = asm_append(&x->list, &x->nlist, sizeof *x->list)))
            return npu_fail(err, NPU_LIMIT, "out of memory");
        *to = whole || x->type == NPU_ATTR_BOOL ? (double)v : d;
    }
    return NPU_OK;
}

npu_status asm_do_attr(asm_state *a, const asm_words *w, npu_err *err)
{
    static const char *const types[] = {"float", "bool", "int", "str", "floats", "ints"};
    npu_routine *r;
    npu_attr *x;
    unsigned type = 0;

    NPU_TRY(cpu_routine(a, w, &r, err));
    if (w->n < 3)
        return npu_fail(err, NPU_BAD_INPUT, ".attr: a key, a type and a value are needed");
    while (type < CVI_ATTR_FIELDS && strcmp(w->word[2], types[type]))
        type++;
    if (type == CVI_ATTR_FIELDS)
        return npu_fail(err, NPU_BAD_INPUT, ".attr: type '%.60s'; known are float bool int str "
                        "floats ints", w->word[2]);
    if (!(x = asm_append(&r->attr, &r->nattr, sizeof *x)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    x->type = type;
    NPU_TRY(asm_set_text(&x->key, w->word[1], err));
    return attr_values(x, w, err);
}

npu_status asm_do_args(asm_state *a, const asm_words *w, npu_err *err)
{
    buf_writer bytes = {0};
    npu_routine *r;
    npu_status s;

    NPU_TRY(cpu_routine(a, w, &r, err));
    s = asm_hex(w, 1, &bytes, err);
    if (s != NPU_OK) {
        buf_free(&bytes);
        return s;
    }
    free(r->args);
    r->args = bytes.data;
    r->nargs = bytes.len;
    return NPU_OK;
}
