/* What must hold between the parts of a model: names refer to something, weights lie inside. */
#include <stdlib.h>
#include <string.h>

#include "formats/cvimodel.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every one of NAME is in the sorted list KNOWN. */
static npu_status check_names(const npu_model *m, const char *who, char *const *name, size_t n,
                              const char *const *known, size_t nknown, npu_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!nknown || !bsearch(&name[i], known, nknown, sizeof *known, by_text))
            return npu_fail(err, NPU_BAD_INPUT, "%s: %.80s names tensor %.80s, which the program "
                            "does not have", m->path, who, name[i]);
    return NPU_OK;
}

static npu_status check_routine(const npu_model *m, const npu_routine *r, npu_err *err)
{
    npu_section_type want = r->dmabuf ? NPU_SECTION_DMABUF : NPU_SECTION_CMDBUF;
    const npu_section *s;

    if (r->type != NPU_ROUTINE_TPU)
        return NPU_OK;
    if (!(s = npu_model_section(m, r->section)))
        return npu_fail(err, NPU_BAD_INPUT, "%s: a routine runs section %.80s, which the file "
                        "does not have", m->path, r->section);
    if (s->type != want)
        return npu_fail(err, NPU_BAD_INPUT, "%s: a routine runs section %.80s of type %s; %s is "
                        "needed", m->path, r->section, npu_section_type_name(s->type),
                        npu_section_type_name(want));
    return NPU_OK;
}

static npu_status check_program(const npu_model *m, const npu_program *p, npu_err *err)
{
    const char **known = calloc(p->ntensor ? p->ntensor : 1, sizeof *known);
    npu_status s;

    if (!known)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", m->path);
    for (size_t i = 0; i < p->ntensor; i++)
        known[i] = p->tensor[i].name;
    qsort(known, p->ntensor, sizeof *known, by_text);
    s = check_names(m, "program", p->in, p->nin, known, p->ntensor, err);
    if (s == NPU_OK)
        s = check_names(m, "program", p->out, p->nout, known, p->ntensor, err);
    for (size_t i = 0; i < p->nroutine && s == NPU_OK; i++) {
        const npu_routine *r = &p->routine[i];
        s = check_names(m, r->section, r->in, r->nin, known, p->ntensor, err);
        if (s == NPU_OK)
            s = check_names(m, r->section, r->out, r->nout, known, p->ntensor, err);
        if (s == NPU_OK)
            s = check_routine(m, r, err);
    }
    free(known);
    return s;
}

static npu_status check_weights(const npu_model *m, npu_err *err)
{
    const npu_section *s = NULL;
    uint64_t mask = (UINT64_C(1) << CVI_MEMORY_SHIFT) - 1;

    for (size_t i = 0; i < m->nsection && !s; i++)
        if (m->section[i].type == NPU_SECTION_WEIGHT)
            s = &m->section[i];
    for (size_t i = 0; i < m->nweight; i++) {
        const npu_weight *w = &m->weight[i];
        uint64_t at = (uint64_t)w->offset & mask, have = s ? s->data_bytes : 0;
        if (w->offset >> CVI_MEMORY_SHIFT == NPU_MEM_WEIGHT && at + w->size > have)
            return npu_fail(err, NPU_BAD_INPUT, "%s: weight %.80s ends at byte %llu of a weight "
                            "section of %llu", m->path, w->name,
                            (unsigned long long)(at + w->size), (unsigned long long)have);
    }
    return NPU_OK;
}

npu_status cvi_check(const npu_model *m, npu_err *err)
{
    if (m->nprogram == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: holds no program", m->path);
    for (size_t i = 0; i < m->nprogram; i++)
        NPU_TRY(check_program(m, &m->program[i], err));
    return check_weights(m, err);
}
