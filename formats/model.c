/* npu_model: release, look-ups, names (npusim/model.h). */
#include "npusim/model.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned bytes;
} dtypes[NPU_DTYPES] = {
    [NPU_FP32] = {"FP32", 4},   [NPU_INT32] = {"INT32", 4},   [NPU_UINT32] = {"UINT32", 4},
    [NPU_BF16] = {"BF16", 2},   [NPU_INT16] = {"INT16", 2},   [NPU_UINT16] = {"UINT16", 2},
    [NPU_INT8] = {"INT8", 1},   [NPU_UINT8] = {"UINT8", 1},
};

unsigned npu_dtype_bytes(npu_dtype t)
{
    return t < NPU_DTYPES ? dtypes[t].bytes : 1;
}

const char *npu_dtype_name(npu_dtype t)
{
    return t < NPU_DTYPES ? dtypes[t].name : "?";
}

const char *npu_section_type_name(npu_section_type t)
{
    static const char *const names[NPU_SECTION_TYPES] = {
        [NPU_SECTION_WEIGHT] = "weight", [NPU_SECTION_CMDBUF] = "cmdbuf",
        [NPU_SECTION_FUNC_X86] = "x86_64", [NPU_SECTION_FUNC_AARCH64] = "aarch64",
        [NPU_SECTION_DMABUF] = "dmabuf",
    };
    return t < NPU_SECTION_TYPES ? names[t] : "?";
}

static void free_names(char **name, size_t n)
{
    for (size_t i = 0; name && i < n; i++)
        free(name[i]);
    free(name);
}

static void free_tensor(npu_tensor *t)
{
    free(t->name);
    free(t->dim);
    free(t->stride);
    free(t->scale);
    free(t->mean);
    free(t->pixel_format);
}

static void free_routine(npu_routine *r)
{
    free_names(r->in, r->nin);
    free_names(r->out, r->nout);
    free(r->section);
    free(r->args);
    free(r->fcall);
    for (size_t i = 0; r->attr && i < r->nattr; i++) {
        free(r->attr[i].key);
        free(r->attr[i].text);
        free(r->attr[i].list);
    }
    free(r->attr);
}

static void free_program(npu_program *p)
{
    free_names(p->in, p->nin);
    free_names(p->out, p->nout);
    for (size_t i = 0; p->tensor && i < p->ntensor; i++)
        free_tensor(&p->tensor[i]);
    free(p->tensor);
    for (size_t i = 0; p->routine && i < p->nroutine; i++)
        free_routine(&p->routine[i]);
    free(p->routine);
}

/* Section data lies in the file image, or in memory of its own. */
static void free_section(const npu_model *m, npu_section *s)
{
    uintptr_t data = (uintptr_t)s->data, image = (uintptr_t)m->bytes;

    free(s->name);
    if (!m->bytes || data < image || data > image + m->nbytes)
        free((void *)data);
}

/* What only a .bin has. */
static void free_extras(npu_model *m)
{
    for (size_t i = 0; m->layer && i < m->nlayer; i++) {
        free(m->layer[i].name);
        free(m->layer[i].type);
    }
    free(m->layer);
    for (size_t i = 0; m->node && i < m->nnode; i++) {
        free(m->node[i].name);
        free(m->node[i].type);
        free(m->node[i].why);
        free_names(m->node[i].in, m->node[i].nin);
        free_names(m->node[i].out, m->node[i].nout);
    }
    free(m->node);
    free_names(m->member, m->nmember);
    free(m->march);
    free(m->info);
}

void npu_model_free(npu_model *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->weight && i < m->nweight; i++) {
        free(m->weight[i].name);
        free(m->weight[i].dim);
    }
    free(m->weight);
    for (size_t i = 0; m->program && i < m->nprogram; i++)
        free_program(&m->program[i]);
    free(m->program);
    for (size_t i = 0; m->section && i < m->nsection; i++)
        free_section(m, &m->section[i]);
    free(m->section);
    free(m->name);
    free(m->build_time);
    free(m->target);
    free(m->mlir_version);
    free_extras(m);
    free(m->bytes);
    free(m->path);
    free(m);
}

const npu_section *npu_model_section(const npu_model *m, const char *name)
{
    for (size_t i = 0; i < m->nsection; i++)
        if (!strcmp(m->section[i].name, name))
            return &m->section[i];
    return NULL;
}

const npu_node_info *npu_model_node(const npu_model *m, const npu_routine *r)
{
    for (size_t i = 0; i < m->nnode; i++) {
        const npu_node_info *x = &m->node[i];
        if (r->type == NPU_ROUTINE_CPU && !x->npu && r->nout && x->nout &&
            !strcmp(x->out[0], r->out[0]))
            return x;
    }
    return NULL;
}

const npu_tensor *npu_program_tensor(const npu_program *p, const char *name)
{
    for (size_t i = 0; i < p->ntensor; i++)
        if (!strcmp(p->tensor[i].name, name))
            return &p->tensor[i];
    return NULL;
}

uint64_t npu_tensor_bytes(const npu_tensor *t)
{
    uint64_t n = npu_dtype_bytes(t->dtype);
    bool zero = false;

    for (size_t i = 0; i < t->ndim; i++) {
        uint64_t d = t->dim[i] > 0 ? (uint64_t)t->dim[i] : 0;
        if (d == 0)
            zero = true;
        else
            n = n > INT64_MAX / d ? INT64_MAX : n * d;
    }
    return zero ? 0 : n;
}
