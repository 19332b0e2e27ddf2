/* The sub-graph as parts of a .cvimodel: weights, tensors, routine, command section. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/assemble.h"
#include "compiler/cvi_ir.h"
#include "formats/cmdbuf.h"
#include "formats/cvimodel.h"
#include "sim/layout.h"

#define INPUT_SCALE 127.0f    /* int8 steps per unit of a float input */
#define RANGE_STEP 0.0314961f /* 4/127: see RANGE in cvi_weights.c */

static void *grow(void *items, size_t *n, size_t size)
{
    void **at = items;
    uint8_t *p = realloc(*at, (*n + 1) * size);
    if (!p)
        return NULL;
    *at = p;
    memset(p + *n * size, 0, size);
    return p + (*n)++ * size;
}

static npu_status text(char **field, const char *v, npu_err *err)
{
    free(*field);
    return (*field = strdup(v)) ? NPU_OK : cvi_no_memory(err);
}

/* Header fields of a model that has none yet. */
static npu_status head(const cvi_state *s, npu_model *m, npu_err *err)
{
    if (m->version[0])
        return NPU_OK;
    if (strlen(s->chip->name) >= sizeof m->chip || !cvi_chip_find(s->chip->name))
        return npu_fail(err, NPU_UNSUPPORTED, "chip %.60s has no .cvimodel", s->chip->name);
    snprintf(m->chip, sizeof m->chip, "%s", s->chip->name);
    m->header_major = 1;
    m->header_minor = CVI_MINOR_MAX;
    memcpy(m->version, (uint8_t[3]){1, 4, 0}, sizeof m->version);
    if (!m->name)
        NPU_TRY(text(&m->name, s->net->graph && s->net->graph->name[0] ? s->net->graph->name
                                                                       : s->net->name, err));
    NPU_TRY(text(&m->build_time, "1970-01-01 00:00:00", err));
    free(m->march); /* has no place in this container: the target says it */
    m->march = NULL;
    NPU_TRY(text(&m->target, s->chip->name, err));
    return m->mlir_version ? NPU_OK : text(&m->mlir_version, "npusim", err);
}

static npu_section *section(npu_model *m, npu_section_type type, const char *name)
{
    npu_section *x = grow(&m->section, &m->nsection, sizeof *x);
    if (!x || !(x->name = strdup(name)))
        return NULL;
    x->type = type;
    return x;
}

static void set_data(npu_section *x, uint8_t *data, size_t n)
{
    free((void *)(uintptr_t)x->data);
    x->data = data;
    x->data_bytes = n;
    x->size = (uint32_t)n;
}

static npu_status add_weights(cvi_state *s, npu_model *m, npu_err *err)
{
    npu_section *x = (npu_section *)(uintptr_t)npu_model_section(m, "weight");
    buf_writer all = {0};
    if (s->weights.len == 0)
        return NPU_OK;
    if (!x && !(x = section(m, NPU_SECTION_WEIGHT, "weight")))
        return cvi_no_memory(err);
    if (x->data_bytes)
        buf_put(&all, x->data, x->data_bytes);
    if (s->weight_base > all.len)
        buf_put_zero(&all, s->weight_base - all.len);
    buf_put(&all, s->weights.data, s->weights.len);
    if (all.failed || all.len > INT32_MAX) {
        buf_free(&all);
        return cvi_no_memory(err);
    }
    set_data(x, all.data, all.len);
    for (size_t i = 0; i < s->nweight; i++) {
        npu_weight *w = grow(&m->weight, &m->nweight, sizeof *w);
        if (!w)
            return cvi_no_memory(err);
        *w = s->weight[i];
        s->weight[i].name = NULL; /* moved */
        s->weight[i].dim = NULL;
    }
    return NPU_OK;
}

static npu_status add_commands(const cvi_state *s, const cvi_list *cmd, npu_model *m, char *name,
                               size_t cap, npu_err *err)
{
    const cvi_chip *chip = cvi_chip_find(s->chip->name);
    buf_writer out = {0};
    uint8_t payload[SIM_PAYLOAD_MAX];
    for (uint32_t i = 0; i < cmd->n; i++) {
        fmt_cmd f = {.magic = chip->magic, .engine = (npu_engine)cmd->v[i].c.engine,
                     .payload = payload};
        npu_status st = cvi_encode(s->chip->isa, &cmd->v[i], payload, &f.n, err);
        if (st != NPU_OK) {
            buf_free(&out);
            return st;
        }
        fmt_cmdbuf_put(&out, &f);
    }
    size_t k = 0;
    do
        snprintf(name, cap, "subfunc_%zu", k++);
    while (npu_model_section(m, name));
    npu_section *x = out.failed || out.len > UINT32_MAX ? NULL
                                                        : section(m, NPU_SECTION_CMDBUF, name);
    if (!x) {
        buf_free(&out);
        return cvi_no_memory(err);
    }
    set_data(x, out.data, out.len);
    return NPU_OK;
}

/* Maps with memory that hold something whole: roots, and views some operator makes or reads. */
static npu_status add_tensor(const cvi_state *s, uint32_t k, npu_program *p, npu_err *err)
{
    const cvi_map *v = &s->map[k], *root = &s->map[v->root];
    if (!root->stored || npu_program_tensor(p, v->name))
        return NPU_OK;
    npu_tensor *t = grow(&p->tensor, &p->ntensor, sizeof *t);
    if (!t || !(t->name = strdup(v->name)) || !(t->dim = malloc(4 * sizeof *t->dim)))
        return cvi_no_memory(err);
    t->id = (uint32_t)p->ntensor - 1;
    t->ndim = 4;
    t->dim[0] = v->n;
    t->dim[1] = v->c;
    t->dim[2] = v->h;
    t->dim[3] = v->w;
    t->dtype = NPU_INT8;
    t->quant_type = 2; /* int8 symmetric */
    t->qscale = v->input ? INPUT_SCALE : RANGE_STEP;
    t->offset = (int64_t)root->sel << CVI_MEMORY_SHIFT | (int64_t)(root->addr + v->at);
    return NPU_OK;
}

static npu_status add_program(cvi_state *s, npu_model *m, const char *name, npu_err *err)
{
    npu_program *p = m->nprogram ? &m->program[m->nprogram - 1]
                                 : grow(&m->program, &m->nprogram, sizeof *p);
    if (!p)
        return cvi_no_memory(err);
    bool edges = p->nin == 0 && p->nout == 0; /* the sub-graph is all there is */
    for (uint32_t i = 0; i < s->nmap; i++)
        NPU_TRY(add_tensor(s, i, p, err));
    if (s->shared > p->shared_gmem)
        p->shared_gmem = (uint32_t)s->shared;
    if (s->private_bytes > p->private_gmem)
        p->private_gmem = (uint32_t)s->private_bytes;
    npu_routine *r = grow(&p->routine, &p->nroutine, sizeof *r);
    if (!r)
        return cvi_no_memory(err);
    r->type = NPU_ROUTINE_TPU;
    NPU_TRY(text(&r->section, name, err));
    for (uint32_t i = 0; i < s->nmap; i++) {
        const cvi_map *v = &s->map[i];
        if (v->input) {
            NPU_TRY(cc_add_name(&r->in, &r->nin, v->name, err));
            if (edges)
                NPU_TRY(cc_add_name(&p->in, &p->nin, v->name, err));
        }
        if (v->output) {
            NPU_TRY(cc_add_name(&r->out, &r->nout, v->name, err));
            if (edges)
                NPU_TRY(cc_add_name(&p->out, &p->nout, v->name, err));
        }
    }
    return NPU_OK;
}

npu_status cvi_append(cvi_state *s, const cvi_list *cmd, npu_model *m, npu_err *err)
{
    char name[32];
    if (s->shared > UINT32_MAX || s->private_bytes > UINT32_MAX)
        return npu_fail(err, NPU_LIMIT, "feature maps need 4 GiB or more");
    NPU_TRY(head(s, m, err));
    NPU_TRY(add_weights(s, m, err));
    NPU_TRY(add_commands(s, cmd, m, name, sizeof name, err));
    return add_program(s, m, name, err);
}
