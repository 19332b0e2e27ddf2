/* See common.h. */
#include "tools/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "perf/run.h"

npu_status tool_chip(const char *name, const opt_list *set, npu_chip **out, npu_err *err)
{
    NPU_TRY(npu_chip_load(name, out, err));
    for (size_t i = 0; set && i < set->n; i++) {
        npu_status s = npu_chip_set(*out, set->item[i], err);
        if (s != NPU_OK) {
            npu_chip_free(*out);
            *out = NULL;
            return s;
        }
    }
    return NPU_OK;
}

/* A file's commands run only on a chip that understands them and has its lanes: lane numbers are
 * part of every address. */
static npu_status check_chip(const npu_model *m, const npu_chip *chip, npu_err *err)
{
    npu_chip *own;
    if (strcmp(m->chip, chip->name) == 0)
        return NPU_OK;
    NPU_TRY(npu_chip_load(m->chip, &own, err));
    npu_status s = NPU_OK;
    if (own->isa != chip->isa)
        s = npu_fail(err, NPU_UNSUPPORTED,
                     "%s: compiled for %s, whose command set %s does not have", m->path, m->chip,
                     chip->name);
    else if (NPU_GET(own, tpu_lanes) != NPU_GET(chip, tpu_lanes) && !chip->noverride)
        s = npu_fail(err, NPU_UNSUPPORTED,
                     "%s: compiled for the %g lanes of %s; %s has %g, so its commands cannot run "
                     "there", m->path, NPU_GET(own, tpu_lanes), m->chip, chip->name,
                     NPU_GET(chip, tpu_lanes));
    npu_chip_free(own);
    return s;
}

/* A network: the chip comes first, because the compiler asks it. */
static npu_status load_network(const char *path, const tool_options *o, tool_run *s, npu_err *err)
{
    NPU_TRY(tool_chip(o->chip ? o->chip : "x3m", &o->set, &s->chip, err));
    return tool_compile(path, o, s->chip, &s->model, err);
}

static npu_status load_model(const char *path, const tool_options *o, tool_run *s, npu_err *err)
{
    NPU_TRY(npu_model_open_member(path, o->member, &s->model, err));
    if (s->model->has_md5 && !s->model->md5_ok)
        fprintf(stderr, "npusim: warning: %s: MD5 in the header does not match the file\n", path);
    NPU_TRY(tool_chip(o->chip ? o->chip : s->model->chip, &o->set, &s->chip, err));
    return check_chip(s->model, s->chip, err);
}

npu_status tool_load(const char *path, const tool_options *o, tool_run *s, npu_err *err)
{
    *s = (tool_run){0};
    NPU_TRY(tool_is_network(path) ? load_network(path, o, s, err) : load_model(path, o, s, err));
    return perf_prog_load(s->model, s->chip, &s->prog, err);
}

static npu_status load_masters(const char *path, tool_run *s, npu_err *err)
{
    NPU_TRY(hw_masters_load(path, &s->masters, err));
    return hw_masters_fit(s->masters, NPU_GET(s->chip, ddr_bandwidth_mbps), err);
}

npu_status tool_profile(const char *path, const tool_options *o, tool_run *s, npu_err *err)
{
    NPU_TRY(tool_load(path, o, s, err));
    if (o->masters)
        NPU_TRY(load_masters(o->masters, s, err));
    NPU_TRY(perf_run_beside(s->prog, s->chip, s->masters, -1, &s->trace, err));
    NPU_TRY(perf_collect(s->prog, s->chip, &s->trace, &s->profile, err));
    return s->masters ? perf_masters(s->prog, s->chip, s->masters, s->profile, err) : NPU_OK;
}

void tool_free(tool_run *s)
{
    npu_profile_free(s->profile);
    npu_trace_free(&s->trace);
    perf_prog_free(s->prog);
    hw_masters_free(s->masters);
    npu_chip_free(s->chip);
    npu_model_free(s->model);
    *s = (tool_run){0};
}

static npu_status packed_needs(const npu_model *m, npu_err *err)
{
    char known[300] = "";

    for (size_t i = 0; i < m->nmember && strlen(known) + 1 < sizeof known; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 m->member[i]);
    return npu_fail(err, NPU_BAD_INPUT, "%s: is a packed file; give -p for all its models, or "
                    "-m NAME for one of %s", m->path, known);
}

static npu_status list_members(const npu_model *m, const char *name, bool packed,
                               tool_members *out, npu_err *err)
{
    size_t n = packed && !name && m->nmember ? m->nmember : 1;

    if (m->nmember && !name && !packed)
        return packed_needs(m, err);
    if (!(out->name = calloc(n, sizeof *out->name)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        const char *one = name ? name : m->nmember ? m->member[i] : NULL;
        if (one && !(out->name[i] = strdup(one)))
            return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    return NPU_OK;
}

npu_status tool_members_find(const char *path, const char *name, bool packed, tool_members *out,
                             npu_err *err)
{
    npu_model *m;

    NPU_TRY(npu_model_open_member(path, name, &m, err));
    npu_status s = list_members(m, name, packed, out, err);
    npu_model_free(m);
    return s;
}

void tool_members_free(tool_members *l)
{
    for (size_t i = 0; l->name && i < l->n; i++)
        free(l->name[i]);
    free(l->name);
    *l = (tool_members){0};
}

npu_status tool_put(const char *path, const char *text, size_t n, npu_err *err)
{
    if (path && strcmp(path, "-") != 0)
        return sys_write_file(path, text, n, err);
    if (fwrite(text, 1, n, stdout) != n || fflush(stdout) != 0)
        return npu_fail(err, NPU_IO, "standard output: write failed");
    return NPU_OK;
}
