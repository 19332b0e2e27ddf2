/* Type and shape of every value: inputs are fixed, then one rule per node in order; see shape.h.
 *
 * Only graph inputs and constants are trusted.  What the file says of other values is set aside
 * first: after an input shape was overridden it is wrong. */
#include "compiler/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int min, max;             /* inputs; max -1: any */
    npu_status (*rule)(cc_sh *s);
} op_row;

static const op_row ops[NPU_OPS] = {
#define O(id, name, min, max, rule) [NPU_OP_##id] = {min, max, cc_shape_##rule},
#include "npusim/op.def"
#undef O
};

static npu_status check_arity(const cc_sh *s)
{
    const npu_node *n = s->n;
    const op_row *op = &ops[n->op];
    int have = (int)n->nin;
    if (have < op->min || (op->max >= 0 && have > op->max)) {
        char most[16] = "";
        if (op->max > op->min)
            snprintf(most, sizeof most, " to %d", op->max);
        return cc_sh_bad(s, "%d inputs, expected %d%s", have, op->min,
                         op->max < 0 ? " or more" : most);
    }
    for (int k = 0; k < op->min; k++)
        if (n->in[k] == NPU_NONE)
            return cc_sh_bad(s, "input %d is left out, the first %d are needed", k, op->min);
    if (n->nout < 1)
        return cc_sh_bad(s, "no output");
    return NPU_OK;
}

static npu_status check_inputs(const cc_sh *s)
{
    for (uint32_t k = 0; k < s->n->nin; k++) {
        const npu_value *v = cc_sh_in(s, k);
        if (v && (v->elem == NPU_ELEM_NONE || g_elements(v) < 0))
            return cc_sh_bad(s, "type or shape of input %u, '%s', is not known", k, v->name);
    }
    return NPU_OK;
}

static npu_status check_outputs(const cc_sh *s)
{
    for (uint32_t k = 0; k < s->n->nout; k++) {
        const npu_value *v = s->n->out[k] == NPU_NONE ? NULL : &s->g->value[s->n->out[k]];
        if (v && (v->elem == NPU_ELEM_NONE || g_elements(v) < 0))
            return cc_sh_bad(s, "output %u, '%s': %s has no such output", k, v->name, s->n->type);
    }
    return NPU_OK;
}

static npu_status infer(cc_sh *s, int32_t node, uint64_t *left)
{
    if (s->n->op <= NPU_OP_NONE || s->n->op >= NPU_OPS)
        return npu_fail(s->err, NPU_UNSUPPORTED, "%s: node %s: operator %s is not known",
                        s->g->file, s->n->name, s->n->type);
    NPU_TRY(check_arity(s));
    NPU_TRY(check_inputs(s));
    NPU_TRY(ops[s->n->op].rule(s));
    NPU_TRY(check_outputs(s));
    return cc_fold(s, node, left);
}

/* Dimensions of constants come from the file. */
static npu_status check_constants(const npu_graph *g, npu_err *err)
{
    for (uint32_t i = 0; i < g->nvalue; i++) {
        const npu_value *v = &g->value[i];
        char text[G_SHAPE_TEXT];
        int64_t n = v->constant ? g_elements(v) : 0;
        bool bad = n < 0 || n > CC_ELEMENTS_MAX || v->rank > NPU_RANK_MAX;
        for (int d = 0; v->constant && !bad && d < v->rank; d++)
            bad = v->dim[d] > CC_DIM_MAX;
        if (bad)
            return npu_fail(err, NPU_BAD_INPUT, "%s: constant '%s': shape %s, more than "
                            "%lld elements or not known", g->file, v->name, g_shape(v, text),
                            (long long)CC_ELEMENTS_MAX);
    }
    return NPU_OK;
}

/* Constants inside attributes are no weights of the network. */
static void mark_attributes(npu_graph *g)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        for (uint32_t k = 0; k < g->node[i].nattr; k++) {
            const npu_node_attr *a = &g->node[i].attr[k];
            if (a->kind == NPU_ATTR_KIND_TENSOR && a->tensor != NPU_NONE)
                g->value[a->tensor].folded = true;
        }
}

static void forget(npu_graph *g)
{
    for (uint32_t i = 0; i < g->nvalue; i++)
        if (g->value[i].producer != NPU_NONE && !g->value[i].constant) {
            g->value[i].rank = -1;
            g->value[i].elem = NPU_ELEM_NONE;
        }
}

npu_status cc_shapes(npu_graph *g, const cc_input_shape *given, size_t n, npu_err *err)
{
    bool changed;
    NPU_TRY(cc_shape_inputs(g, given, n, &changed, err));
    NPU_TRY(check_constants(g, err));
    npu_value *told = malloc((g->nvalue + 1) * sizeof *told);
    if (!told)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", g->file);
    if (g->nvalue)
        memcpy(told, g->value, g->nvalue * sizeof *told);
    mark_attributes(g);
    forget(g);
    uint64_t left = CC_FOLD_BYTES;
    npu_status s = NPU_OK;
    for (uint32_t i = 0; i < g->nnode && s == NPU_OK; i++) {
        cc_sh at = {.g = g, .n = &g->node[i],
                    .told = changed ? NULL : told, .err = err};
        s = at.n->dead ? NPU_OK : infer(&at, (int32_t)i, &left);
    }
    free(told);
    return s;
}
