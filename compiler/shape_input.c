/* Shapes of the network's inputs: as the user gives them, else as the file has them. */
#include <stdio.h>
#include <string.h>

#include "compiler/shape.h"

/* One number of digits only at P, 1 to CC_DIM_MAX; its end into *END. */
static int64_t number(const char *p, const char **end)
{
    int64_t v = 0;
    const char *from = p;
    for (; *p >= '0' && *p <= '9' && v <= CC_DIM_MAX; p++)
        v = 10 * v + (*p - '0');
    *end = p;
    return p > from && v >= 1 && v <= CC_DIM_MAX ? v : -1;
}

npu_status cc_parse_shape(npu_graph *g, const char *name, const char *shape, cc_input_shape *out,
                          npu_err *err)
{
    *out = (cc_input_shape){.name = arena_text(g->arena, name)};
    if (!out->name)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    int64_t elements = 1;
    const char *p = shape;
    do {
        if (out->rank == NPU_RANK_MAX)
            return npu_fail(err, NPU_BAD_INPUT, "shape '%s' of input '%s': more than %d dimensions",
                            shape, name, NPU_RANK_MAX);
        int64_t v = number(p, &p);
        if (v < 0 || (*p && *p != 'x' && *p != 'X'))
            return npu_fail(err, NPU_BAD_INPUT, "shape '%s' of input '%s': expected sizes of 1 to "
                            "%lld with x between, like 1x3x224x224", shape, name,
                            (long long)CC_DIM_MAX);
        if (__builtin_mul_overflow(elements, v, &elements) || elements > CC_ELEMENTS_MAX)
            return npu_fail(err, NPU_BAD_INPUT, "shape '%s' of input '%s': more than %lld elements",
                            shape, name, (long long)CC_ELEMENTS_MAX);
        out->dim[out->rank++] = v;
    } while (*p++);
    return NPU_OK;
}

/* Names of the inputs with their shapes, as far as they fit. */
static void list_inputs(const npu_graph *g, char *text, size_t max)
{
    size_t n = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < g->nin && n < max; i++) {
        char shape[G_SHAPE_TEXT];
        const npu_value *v = &g->value[g->in[i]];
        n += (size_t)snprintf(text + n, max - n, "%s%s (%s)", i ? ", " : "", v->name,
                              g_shape(v, shape));
    }
}

static npu_status give(npu_graph *g, const cc_input_shape *s, bool *changed, npu_err *err)
{
    for (uint32_t i = 0; i < g->nin; i++) {
        npu_value *v = &g->value[g->in[i]];
        if (strcmp(v->name, s->name) != 0)
            continue;
        if (v->rank >= 0 && v->rank != s->rank) {
            char text[G_SHAPE_TEXT];
            return npu_fail(err, NPU_BAD_INPUT, "%s: input '%s' has %d dimensions (%s), the shape "
                            "given has %d", g->file, v->name, v->rank, g_shape(v, text), s->rank);
        }
        for (int d = 0; d < v->rank; d++)
            *changed |= v->dim[d] >= 0 && v->dim[d] != s->dim[d];
        v->rank = s->rank;
        memcpy(v->dim, s->dim, sizeof v->dim);
        return NPU_OK;
    }
    char all[300];
    list_inputs(g, all, sizeof all);
    return npu_fail(err, NPU_BAD_INPUT, "%s: no input '%s'; inputs: %s", g->file, s->name, all);
}

static npu_status complete(const npu_graph *g, npu_value *v, npu_err *err)
{
    char text[G_SHAPE_TEXT];
    if (v->elem == NPU_ELEM_NONE)
        return npu_fail(err, NPU_BAD_INPUT, "%s: input '%s' has no element type", g->file, v->name);
    if (v->rank > 0 && v->dim[0] == -1)
        v->dim[0] = 1; /* a free batch */
    int64_t n = g_elements(v);
    if (n < 0 && v->rank < 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: input '%s' has no shape; give --input-shape %s "
                        "with all its dimensions, like 1x3x224x224", g->file, v->name, v->name);
    bool large = n > CC_ELEMENTS_MAX, open = false;
    for (int d = 0; d < v->rank; d++) {
        large |= v->dim[d] > CC_DIM_MAX;
        open |= v->dim[d] < 0;
    }
    if (open)
        return npu_fail(err, NPU_BAD_INPUT, "%s: input '%s' has shape %s; give --input-shape %s "
                        "with all its dimensions", g->file, v->name, g_shape(v, text), v->name);
    if (n < 0 || large)
        return npu_fail(err, NPU_BAD_INPUT, "%s: input '%s' has shape %s, more than %lld elements",
                        g->file, v->name, g_shape(v, text), (long long)CC_ELEMENTS_MAX);
    return NPU_OK;
}

npu_status cc_shape_inputs(npu_graph *g, const cc_input_shape *given, size_t n, bool *changed,
                           npu_err *err)
{
    *changed = false;
    for (size_t i = 0; i < n; i++)
        NPU_TRY(give(g, &given[i], changed, err));
    for (uint32_t i = 0; i < g->nin; i++)
        NPU_TRY(complete(g, &g->value[g->in[i]], err));
    return NPU_OK;
}
