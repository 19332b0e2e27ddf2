/* Layers of a model that carries its own layer table; see layers.h. */
#include <stdlib.h>
#include <string.h>

#include "perf/layers.h"

static npu_status table(const npu_model *m, size_t more, npu_profile *p, npu_err *err)
{
    p->layer = calloc(m->nlayer + more + 1, sizeof *p->layer);
    for (size_t i = 0; p->layer && i < m->nlayer; i++) {
        const npu_layer_info *x = &m->layer[i];
        npu_prof_layer *l = &p->layer[p->nlayer++];
        *l = (npu_prof_layer){.name = strdup(x->name), .subgraph = x->routine, .kh = x->kh,
                              .kw = x->kw, .sh = x->sh, .sw = x->sw, .out_c = x->out_c,
                              .out_h = x->out_h, .out_w = x->out_w};
        if (!l->name)
            break;
    }
    if (!p->layer || p->nlayer < m->nlayer || (p->nlayer && !p->layer[p->nlayer - 1].name))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    return NPU_OK;
}

/* A CPU routine in the timeline is a layer of its own, behind those of the table. */
static npu_status cpu_layer(const perf_prog *g, npu_span *x, npu_profile *p, npu_err *err)
{
    npu_prof_layer *l = &p->layer[p->nlayer];
    *l = (npu_prof_layer){.name = strdup(g->part[x->subgraph].routine->section),
                          .subgraph = x->subgraph};
    if (!l->name)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    x->layer = (uint32_t)p->nlayer++;
    return NPU_OK;
}

npu_status perf_layers_known(const perf_prog *g, npu_trace *trace, npu_profile *profile,
                             npu_err *err)
{
    NPU_TRY(table(g->model, g->n, profile, err)); /* each part has at most one CPU span */
    for (uint32_t i = 0; i < trace->count; i++) {
        npu_span *x = &trace->span[i];
        if (x->unit == NPU_UNIT_CPU) {
            NPU_TRY(cpu_layer(g, x, profile, err));
            continue;
        }
        const npu_cmd *c = &g->part[x->subgraph].cmd[x->cmd];
        if (c->layer >= g->model->nlayer)
            return npu_fail(err, NPU_BAD_INPUT, "command at byte %u: layer %u; the layer table has "
                            "%zu", c->offset, c->layer, g->model->nlayer);
        x->layer = c->layer;
    }
    return NPU_OK;
}
