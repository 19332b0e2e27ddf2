/* The weight section; see assemble.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/assemble.h"

/* Value of the graph that layer NAME of the weight map takes its weights from; NPU_NONE: none. */
static int32_t weight_of(const npu_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->nnode; i++) {
        const npu_node *n = &g->node[i];
        if (n->dead || strcmp(n->name, name) != 0)
            continue;
        for (uint32_t k = 0; k < n->nin; k++) {
            int32_t v = n->in[k];
            if (v != NPU_NONE && g->value[v].constant && g->value[v].elem == NPU_ELEM_FLOAT)
                return v;
        }
    }
    return NPU_NONE;
}

/* int8 with one scale per first dimension: q = round(w x 127 / max |w|), at most BYTES of them. */
static void quantise(const npu_value *v, uint8_t *to, uint64_t bytes)
{
    int64_t all = g_elements(v), rows = v->rank > 0 && v->dim[0] > 0 ? v->dim[0] : 1;
    int64_t row = all / rows;
    for (int64_t r = 0; r < rows; r++) {
        float most = 0;
        for (int64_t k = 0; k < row; k++)
            most = fmaxf(most, fabsf(g_weight(v, r * row + k)));
        float scale = most > 0 ? 127 / most : 0;
        for (int64_t k = 0; k < row; k++)
            if ((uint64_t)(r * row + k) < bytes)
                to[r * row + k] = (uint8_t)(int8_t)lrintf(g_weight(v, r * row + k) * scale);
    }
}

npu_status cc_weight_section(const npu_graph *g, const cc_options *o, npu_model *m, npu_err *err)
{
    enum { PLACE = 40 };
    uint64_t mask = (UINT64_C(1) << PLACE) - 1, size = 0;
    if (npu_model_section(m, "weight")) /* the back end has a layout of its own */
        return NPU_OK;
    for (size_t i = 0; i < m->nweight; i++) {
        uint64_t end = ((uint64_t)m->weight[i].offset & mask) + m->weight[i].size;
        size = end > size ? end : size;
    }
    npu_section *grown = realloc(m->section, (m->nsection + 1) * sizeof *grown);
    uint8_t *data = o->weightless || !size ? NULL : calloc(1, size);
    char *name = strdup("weight");
    if (grown)
        m->section = grown;
    if (!grown || !name || (size && !data && !o->weightless) || size > UINT32_MAX) {
        free(data);
        free(name);
        return npu_fail(err, NPU_LIMIT, "out of memory for %llu bytes of weights",
                        (unsigned long long)size);
    }
    m->section[m->nsection++] = (npu_section){.type = NPU_SECTION_WEIGHT, .name = name,
                                              .size = (uint32_t)size, .data = data,
                                              .data_bytes = data ? size : 0};
    for (size_t i = 0; data && i < m->nweight; i++) {
        int32_t v = weight_of(g, m->weight[i].name);
        if (v != NPU_NONE)
            quantise(&g->value[v], data + ((uint64_t)m->weight[i].offset & mask),
                     m->weight[i].size);
    }
    return NPU_OK;
}
