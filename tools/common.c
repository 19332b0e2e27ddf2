/* See common.h. */
#include "tools/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "formats/bin.h"
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

/* An option of the compiler would have no effect on a model that is compiled already. */
static npu_status check_compiled(const char *path, const tool_options *o, npu_err *err)
{
    const char *name = o->level ? "opt" : o->mode ? "compile-mode" : o->cores ? "core-num" :
                       o->shapes.n ? "input-shape" : o->outputs.n ? "output-node" :
                       o->weights ? "caffemodel" : NULL;
    return name ? npu_fail(err, NPU_USAGE, "--%s is for networks (.onnx, .prototxt); %s is "
                           "compiled already", name, path) : NPU_OK;
}

static npu_status load_model(const char *path, const tool_options *o, tool_run *s, npu_err *err)
{
    NPU_TRY(check_compiled(path, o, err));
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

npu_status tool_masters(const char *path, tool_run *s, npu_err *err)
{
    NPU_TRY(hw_masters_load(path, &s->masters, err));
    return hw_masters_fit(s->masters, NPU_GET(s->chip, ddr_bandwidth_mbps), err);
}

npu_status tool_profile(const char *path, const tool_options *o, tool_run *s, npu_err *err)
{
    NPU_TRY(tool_load(path, o, s, err));
    if (o->masters)
        NPU_TRY(tool_masters(o->masters, s, err));
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

static npu_status list_members(const npu_model *m, tool_members *out, npu_err *err)
{
    if (!(out->name = calloc(m->nmember + 1, sizeof *out->name)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (; out->n < m->nmember; out->n++)
        if (!(out->name[out->n] = strdup(m->member[out->n])))
            return npu_fail(err, NPU_LIMIT, "out of memory");
    return NPU_OK;
}

/* From the first bytes alone: most files hold one model, and are read only once then. */
static bool looks_packed(const char *path)
{
    uint8_t head[BIN_HEADER];
    FILE *f = fopen(path, "rb");
    bool packed = f && fread(head, 1, sizeof head, f) == sizeof head &&
                  bin_sniff(head, sizeof head) && buf_get_le(head + BIN_AT_KIND, 4) == BIN_PACKED;

    if (f)
        fclose(f);
    return packed;
}

npu_status tool_members_find(const char *path, const char *name, bool packed, tool_members *out,
                             npu_err *err)
{
    npu_model *m = NULL;
    npu_status s = NPU_OK;

    if (name || !looks_packed(path)) {
        out->name = calloc(1, sizeof *out->name);
        out->n = 1;
        if (!out->name || (name && !(out->name[0] = strdup(name))))
            s = npu_fail(err, NPU_LIMIT, "out of memory");
        return s;
    }
    NPU_TRY(npu_model_open(path, &m, err));
    s = packed ? list_members(m, out, err) : packed_needs(m, err);
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
