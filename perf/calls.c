/* Function calls of a run, as compiled: what cannot be interrupted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/collect.h"

/* Call of command CMD in routine R. */
static size_t call_of(const npu_routine *r, uint32_t cmd)
{
    size_t k = 0;
    while (k + 1 < r->nfcall && r->fcall[k + 1] <= cmd)
        k++;
    return k;
}

static void add(npu_prof_call *c, const npu_span *x)
{
    bool first = c->n_tiu + c->n_tdma == 0;
    c->start = first || x->start < c->start ? x->start : c->start;
    c->end = first || x->end > c->end ? x->end : c->end;
    c->macs += x->macs;
    c->read += x->read;
    c->write += x->write;
    c->n_tiu += x->unit == NPU_UNIT_TIU;
    c->n_tdma += x->unit != NPU_UNIT_TIU;
}

/* Name of a call: that of its routine, numbered when it has several. */
static npu_status name(const npu_prof_subgraph *s, size_t k, size_t n, char **out, npu_err *err)
{
    if ((n > 1 ? asprintf(out, "%s call %zu", s->name, k) : asprintf(out, "%s", s->name)) < 0) {
        *out = NULL;
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    return NPU_OK;
}

npu_status perf_calls(const perf_prog *g, const npu_trace *t, npu_profile *p, npu_err *err)
{
    size_t n = 0, *first = calloc(g->n + 1, sizeof *first);
    for (size_t i = 0; first && i < g->n; i++) {
        first[i] = n;
        if (!g->part[i].cpu)
            n += g->part[i].routine->nfcall > 1 ? g->part[i].routine->nfcall : 1;
    }
    p->call = calloc(n + 1, sizeof *p->call);
    npu_status s = first && p->call ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < g->n && s == NPU_OK; i++) {
        size_t calls = g->part[i].routine->nfcall > 1 ? g->part[i].routine->nfcall : 1;
        for (size_t k = 0; k < calls && !g->part[i].cpu && s == NPU_OK; k++) {
            npu_prof_call *c = &p->call[p->ncall++];
            c->subgraph = (uint32_t)i;
            s = name(&p->subgraph[i], k, calls, &c->name, err);
        }
    }
    for (uint32_t i = 0; i < t->count && s == NPU_OK; i++) {
        const npu_span *x = &t->span[i];
        const perf_part *part = &g->part[x->subgraph];
        if (!part->cpu)
            add(&p->call[first[x->subgraph] + call_of(part->routine, x->cmd)], x);
    }
    free(first);
    return s;
}
