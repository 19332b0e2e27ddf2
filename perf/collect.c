/* Trace -> profile; see run.h. */
#include "perf/collect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/layers.h"
#include "perf/run.h"

npu_status perf_say(char ***list, size_t *n, npu_err *err, const char *fmt, ...)
{
    va_list ap;
    char **grown = realloc(*list, (*n + 1) * sizeof *grown), *text = NULL;
    if (grown)
        *list = grown;
    va_start(ap, fmt);
    int len = grown ? vasprintf(&text, fmt, ap) : -1;
    va_end(ap);
    if (len < 0)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    (*list)[(*n)++] = text;
    return NPU_OK;
}

static npu_status copy(char **to, const char *from, size_t len, npu_err *err)
{
    *to = strndup(from, len);
    return *to ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status names(npu_profile *p, const npu_model *m, npu_err *err)
{
    const char *slash = strrchr(m->path, '/'), *base = slash ? slash + 1 : m->path;
    const char *dot = strrchr(base, '.');
    NPU_TRY(copy(&p->file, base, strlen(base), err));
    NPU_TRY(copy(&p->name, base, dot && dot > base ? (size_t)(dot - base) : strlen(base), err));
    NPU_TRY(copy(&p->model_name, m->name ? m->name : "", SIZE_MAX / 2, err));
    NPU_TRY(copy(&p->tool_version, m->mlir_version ? m->mlir_version : "", SIZE_MAX / 2, err));
    memcpy(p->sha256, m->sha256, sizeof p->sha256);
    return NPU_OK;
}

static npu_status describe_tensors(const npu_program *g, char *const *name, size_t n, char ***out,
                                   size_t *nout, npu_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const npu_tensor *t = npu_program_tensor(g, name[i]);
        char shape[128] = "";
        for (size_t d = 0; t && d < t->ndim && strlen(shape) < 100; d++)
            snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%lld", d ? "x" : " ",
                     (long long)t->dim[d]);
        NPU_TRY(perf_say(out, nout, err, "%s%s%s%s", name[i], shape, t ? " " : "",
                         t ? npu_dtype_name(t->dtype) : ""));
    }
    return NPU_OK;
}

static npu_status subgraphs(const perf_prog *g, npu_profile *p, npu_err *err)
{
    p->subgraph = calloc(g->n + 1, sizeof *p->subgraph);
    if (!p->subgraph)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < g->n; i++) {
        const npu_routine *r = g->part[i].routine;
        npu_prof_subgraph *s = &p->subgraph[p->nsubgraph++];
        *s = (npu_prof_subgraph){.cpu = g->part[i].cpu, .segments = g->part[i].segments,
                                 .start = -1};
        NPU_TRY(copy(&s->name, r->section, strlen(r->section), err));
        NPU_TRY(describe_tensors(g->program, r->in, r->nin, &s->input, &s->ninput, err));
        NPU_TRY(describe_tensors(g->program, r->out, r->nout, &s->output, &s->noutput, err));
    }
    return NPU_OK;
}

static void add_to_subgraph(npu_prof_subgraph *s, const npu_span *x)
{
    int64_t dur = x->end - x->start;
    if (s->start < 0 || x->start < s->start)
        s->start = x->start;
    s->end = x->end > s->end ? x->end : s->end;
    s->read += x->read;
    s->write += x->write;
    s->macs += x->macs;
    if (x->unit == NPU_UNIT_TIU) {
        s->tiu += dur;
        s->n_tiu++;
    } else if (x->unit != NPU_UNIT_CPU) {
        s->tdma += dur;
        s->n_tdma++;
    }
}

/* One row per kind and element type that occurs, in the order of insn.def. */
static npu_status instructions(const perf_prog *g, npu_profile *p, const npu_trace *t,
                               npu_err *err)
{
    npu_prof_insn all[NPU_KINDS][2] = {0};
    p->insn = calloc(2 * NPU_KINDS, sizeof *p->insn);
    if (!p->insn)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->count; i++) {
        const npu_span *x = &t->span[i];
        npu_prof_insn *r = &all[x->kind][perf_is_bf16(g, x)];
        r->count++;
        r->ticks += x->end - x->start;
        r->macs += x->macs;
        r->read += x->read;
        r->write += x->write;
    }
    for (int k = 0; k < NPU_KINDS; k++)
        for (int b = 0; b < 2; b++)
            if (all[k][b].count) {
                all[k][b].kind = (npu_kind)k;
                all[k][b].bf16 = b;
                p->insn[p->ninsn++] = all[k][b];
            }
    return NPU_OK;
}

static npu_status build(const perf_prog *g, npu_trace *trace, npu_profile *p, npu_err *err)
{
    NPU_TRY(names(p, g->model, err));
    NPU_TRY(subgraphs(g, p, err));
    for (uint32_t i = 0; i < trace->count; i++)
        add_to_subgraph(&p->subgraph[trace->span[i].subgraph], &trace->span[i]);
    for (size_t i = 0; i < p->nsubgraph; i++)
        if (p->subgraph[i].start < 0)
            p->subgraph[i].start = 0;
    perf_totals(g, trace, p);
    NPU_TRY(perf_calls(g, trace, p, err));
    perf_memory(p, g->model);
    NPU_TRY(instructions(g, p, trace, err));
    NPU_TRY(g->model->nlayer ? perf_layers_known(g, trace, p, err)
                             : perf_layers(g, p->chip, trace, p, err));
    NPU_TRY(perf_layer_totals(g, p, trace, err));
    NPU_TRY(perf_bins(p, trace, err));
    NPU_TRY(perf_assumptions(g, p, err));
    NPU_TRY(perf_origin(g, p, err));
    return perf_verdict(p, err);
}

npu_status perf_collect(const perf_prog *g, const npu_chip *chip, npu_trace *trace,
                        npu_profile **out, npu_err *err)
{
    *out = NULL;
    npu_profile *p = calloc(1, sizeof *p);
    if (!p)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    p->chip = chip;
    p->trace = trace;
    npu_status s = build(g, trace, p, err);
    if (s != NPU_OK) {
        npu_profile_free(p);
        return s;
    }
    *out = p;
    return NPU_OK;
}

static void free_list(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

void npu_profile_free(npu_profile *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->nlayer; i++) {
        free(p->layer[i].name);
        free(p->layer[i].why);
    }
    for (size_t i = 0; i < p->nsubgraph; i++) {
        free(p->subgraph[i].name);
        free_list(p->subgraph[i].input, p->subgraph[i].ninput);
        free_list(p->subgraph[i].output, p->subgraph[i].noutput);
    }
    for (size_t i = 0; i < p->ncall; i++)
        free(p->call[i].name);
    for (size_t i = 0; i < p->nmaster; i++) {
        free(p->master[i].name);
        free(p->master[i].bin);
    }
    free(p->master);
    for (size_t i = 0; i < p->nwhat_if; i++) {
        free(p->what_if[i].change);
        free(p->what_if[i].note);
    }
    free(p->what_if);
    free(p->sweep);
    free_list(p->assumption, p->nassumption);
    free_list(p->verdict, p->nverdict);
    free(p->file);
    free(p->name);
    free(p->model_name);
    free(p->tool_version);
    free(p->layer);
    free(p->subgraph);
    free(p->call);
    free(p->insn);
    free(p->bin);
    free(p->split);
    free(p->safe_point);
    perf_origin_free(p->origin);
    if (p->budgets)
        npu_gate_free(p->budgets);
    free(p->budgets);
    free(p);
}
