/* Layers of a model that carries its own layer table; see layers.h. */
#include <stdlib.h>
#include <string.h>

#include "perf/layers.h"

static npu_status table(const npu_model *m, npu_profile *p, npu_err *err)
{
    p->layer = calloc(m->nlayer + 1, sizeof *p->layer);
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

npu_status perf_layers_known(const perf_prog *g, npu_trace *trace, npu_profile *profile,
                             npu_err *err)
{
    NPU_TRY(table(g->model, profile, err));
    for (uint32_t i = 0; i < trace->count; i++) {
        npu_span *x = &trace->span[i];
        const npu_cmd *c = &g->part[x->subgraph].cmd[x->cmd];
        if (c->layer >= profile->nlayer)
            return npu_fail(err, NPU_BAD_INPUT, "command at byte %u: layer %u; the layer table has "
                            "%zu", c->offset, c->layer, profile->nlayer);
        x->layer = c->layer;
    }
    return NPU_OK;
}
