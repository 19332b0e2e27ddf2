/* Attributes that the optimiser leaves on nodes for the stages behind it and ONNX does not know;
 * see quant_graph.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/graph.h"
#include "compiler/quant_graph.h"

static const char *const notes[] = {"fc", "quant_scale", "quant_zero"};

static bool is_note(const char *name)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (!strcmp(notes[i], name))
            return true;
    return false;
}

npu_status cc_notes_take(npu_graph *g, cc_note **list, size_t *n, npu_err *err)
{
    size_t room = 0, found = 0;
    for (uint32_t i = 0; i < g->nnode; i++)
        room += g->node[i].nattr;
    if (!(*list = calloc(room ? room : 1, sizeof **list)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < g->nnode; i++) {
        npu_node *node = &g->node[i];
        uint32_t kept = 0;
        for (uint32_t k = 0; k < node->nattr; k++)
            if (!is_note(node->attr[k].name))
                node->attr[kept++] = node->attr[k];
            else if (!node->dead)
                (*list)[found++] = (cc_note){node->name, node->attr[k]};
        node->nattr = kept;
    }
    *n = found;
    return NPU_OK;
}

npu_status cc_notes_put(npu_graph *g, const cc_note *list, size_t n, npu_err *err)
{
    size_t at = 0;
    for (uint32_t i = 0; i < g->nnode; i++)
        for (; at < n && !strcmp(g->node[i].name, list[at].node); at++) {
            const npu_node_attr *a = &list[at].attr;
            if (a->kind == NPU_ATTR_KIND_FLOAT ? !g_set_float(g, (int32_t)i, a->name, a->f)
                                               : !g_set_int(g, (int32_t)i, a->name, a->i))
                return npu_fail(err, NPU_LIMIT, "out of memory");
        }
    return NPU_OK;
}
