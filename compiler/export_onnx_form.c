/* Operators whose form changed between the opset of the graph and the written one (form.def).  Only
 * changes that keep the meaning are made: attributes that became inputs and back, attributes that
 * came later and have their neutral value.  Everything else is refused by name. */
#include <string.h>

#include "compiler/export_onnx.h"
#include "compiler/import_onnx.h"

typedef struct {
    onnx_writer *w;
    const npu_node *n;   /* as the graph has it */
    OnnxPb__Node *to;    /* as it will be written */
    npu_err *err;
} form;

static npu_status refuse(const form *f, const char *why)
{
    return npu_fail(f->err, NPU_UNSUPPORTED, "node %.120s (%.60s): %s; opset %lld is written",
                    f->n->name, f->n->type, why, (long long)f->w->opset);
}

static npu_status check(const form *f, bool done)
{
    return done ? NPU_OK : npu_fail(f->err, NPU_LIMIT, "out of memory");
}

static void drop(const form *f, const char *name)
{
    OnnxPb__Node *to = f->to;
    size_t kept = 0;
    for (size_t i = 0; i < to->n_attribute; i++)
        if (strcmp(to->attribute[i]->name, name) != 0)
            to->attribute[kept++] = to->attribute[i];
    to->n_attribute = kept;
}

/* Input K becomes NAME; those left out before it are "". */
static bool put_input(const form *f, size_t k, char *name)
{
    static char none[] = "";
    while (f->to->n_input <= k)
        f->to->input[f->to->n_input++] = none;
    f->to->input[k] = name;
    return name != NULL;
}

static bool put_numbers(const form *f, size_t k, const int64_t *v, size_t n)
{
    return put_input(f, k, onnx_write_constant(f->w, NPU_ELEM_INT64, 1, (int64_t)n, v));
}

static bool put_word(const form *f, const char *name, const char *word)
{
    drop(f, name);
    OnnxPb__Attribute *a = onnx_write_attr(f->w, f->to, name, ONNX_ATTR_STRING);
    const char *copy = arena_text(f->w->mem, word);
    if (a && copy)
        a->s = (ProtobufCBinaryData){.len = strlen(copy), .data = (uint8_t *)(uintptr_t)copy};
    return a && copy;
}

static bool has_input(const npu_node *n, uint32_t k)
{
    return n->nin > k && n->in[k] != NPU_NONE;
}

/* The attribute, if it is there, as input K. */
static bool ints_to_input(const form *f, const char *name, size_t k)
{
    const npu_node_attr *a = g_attr(f->n, name);
    drop(f, name);
    return !a || a->kind != NPU_ATTR_KIND_INTS || put_numbers(f, k, a->ints, a->n);
}

/* --- from opset 7..10 to 11 ---------------------------------------------------------------- */

static npu_status spatial(const form *f)
{
    if (g_int(f->n, "spatial", 1) != 1)
        return refuse(f, "spatial 0 ended with opset 8");
    drop(f, "spatial");
    return NPU_OK;
}

/* A float attribute as scalar input K of the type of input 0. */
static npu_status float_to_input(const form *f, const char *name, size_t k)
{
    const npu_node_attr *a = g_attr(f->n, name);
    drop(f, name);
    if (!a)
        return NPU_OK;
    if (!has_input(f->n, 0) || f->w->g->value[f->n->in[0]].elem != NPU_ELEM_FLOAT)
        return refuse(f, "attributes become inputs of type float32, and its input is not known to "
                         "be that");
    return check(f, put_input(f, k, onnx_write_constant(f->w, NPU_ELEM_FLOAT, 0, 1, &a->f)));
}

static npu_status clip(const form *f)
{
    if (f->n->nin > 1)
        return NPU_OK;
    NPU_TRY(float_to_input(f, "min", 1));
    return float_to_input(f, "max", 2);
}

static npu_status pad(const form *f)
{
    if (f->n->nin > 1)
        return NPU_OK;
    if (!g_attr(f->n, "pads"))
        return refuse(f, "it has no pads");
    NPU_TRY(check(f, ints_to_input(f, "pads", 1)));
    return float_to_input(f, "value", 2);
}

static npu_status slice(const form *f)
{
    if (f->n->nin > 1)
        return NPU_OK;
    if (!g_attr(f->n, "starts") || !g_attr(f->n, "ends"))
        return refuse(f, "it has no starts and ends");
    return check(f, ints_to_input(f, "starts", 1) && ints_to_input(f, "ends", 2) &&
                        ints_to_input(f, "axes", 3));
}

static npu_status topk(const form *f)
{
    int64_t k = g_int(f->n, "k", 0);
    if (f->n->nin > 1)
        return NPU_OK;
    drop(f, "k");
    return check(f, put_numbers(f, 1, &k, 1));
}

/* No axis of X shrinks: then "the pixel at or before" is what old nearest means. */
static bool grows(const form *f, int32_t scales)
{
    int64_t n = scales == NPU_NONE ? -1 : g_elements(&f->w->g->value[scales]);
    double s;
    for (int64_t i = 0; i < n; i++)
        if (!g_const_num(f->w->g, scales, i, &s) || s < 1)
            return false;
    return n >= 0;
}

/* The old semantics in words of opset 11; SCALES becomes input 2. */
static npu_status asymmetric(const form *f, char *scales)
{
    bool ok = put_input(f, 2, scales) &&
              put_input(f, 1, onnx_write_constant(f->w, NPU_ELEM_FLOAT, 1, 0, "")) &&
              put_word(f, "coordinate_transformation_mode", "asymmetric");
    if (strcmp(g_text(f->n, "mode", "nearest"), "nearest") == 0)
        ok = ok && put_word(f, "nearest_mode", "floor");
    return check(f, ok);
}

static npu_status resize_10(const form *f)
{
    if (f->n->nin != 2 || f->n->in[1] == NPU_NONE)
        return f->n->nin > 2 ? NPU_OK : refuse(f, "it has no scales");
    if (strcmp(g_text(f->n, "mode", "nearest"), "nearest") == 0 && !grows(f, f->n->in[1]))
        return refuse(f, "nearest with scales that are not constants of at least 1");
    return asymmetric(f, f->to->input[1]);
}

static npu_status upsample(const form *f)
{
    const npu_node_attr *a = g_attr(f->n, "scales");
    char *scales;
    f->to->op_type = (char *)(uintptr_t)g_op_name(NPU_OP_RESIZE);
    if (has_input(f->n, 1))
        scales = f->to->input[1];
    else if (a && a->kind == NPU_ATTR_KIND_FLOATS)
        scales = onnx_write_constant(f->w, NPU_ELEM_FLOAT, 1, (int64_t)a->n, a->floats);
    else
        return refuse(f, "it has no scales");
    drop(f, "scales");
    return asymmetric(f, scales);
}

/* --- from opset 18..20 to 17 --------------------------------------------------------------- */

static npu_status reduce(const form *f)
{
    int64_t axes[NPU_RANK_MAX], n = 0;
    bool noop = g_int(f->n, "noop_with_empty_axes", 0) != 0;
    drop(f, "noop_with_empty_axes");
    if (has_input(f->n, 1) && (n = g_const_ints(f->w->g, f->n->in[1], axes, NPU_RANK_MAX)) < 0)
        return refuse(f, "its axes are not constant");
    if (n == 0 && noop && !g_attr(f->n, "axes"))
        return refuse(f, "noop_with_empty_axes without axes");
    f->to->n_input = 1;
    if (n == 0)
        return NPU_OK;
    OnnxPb__Attribute *a = onnx_write_attr(f->w, f->to, "axes", ONNX_ATTR_INTS);
    int64_t *copy = arena_copy(f->w->mem, axes, (size_t)n * sizeof *axes);
    if (a && copy) {
        a->n_ints = (size_t)n;
        a->ints = copy;
    }
    return check(f, a && copy);
}

static npu_status split(const form *f)
{
    const npu_graph *g = f->w->g;
    int64_t axis = g_int(f->n, "axis", 0);
    drop(f, "num_outputs");
    if (has_input(f->n, 1))
        return NPU_OK;
    int64_t *size = arena_alloc(f->w->mem, f->n->nout * sizeof *size);
    for (uint32_t i = 0; size && i < f->n->nout; i++) {
        const npu_value *v = f->n->out[i] == NPU_NONE ? NULL : &g->value[f->n->out[i]];
        int64_t at = v && axis < 0 ? axis + v->rank : axis;
        if (!v || at < 0 || at >= v->rank || v->dim[at] < 0)
            return refuse(f, "the sizes of its parts are not known");
        size[i] = v->dim[at];
    }
    return check(f, size && put_numbers(f, 1, size, f->n->nout));
}

static npu_status resize_18(const form *f)
{
    if (g_int(f->n, "antialias", 0) || g_attr(f->n, "axes") ||
        strcmp(g_text(f->n, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0 ||
        strcmp(g_text(f->n, "coordinate_transformation_mode", ""), "half_pixel_symmetric") == 0)
        return refuse(f, "antialias, axes, keep_aspect_ratio_policy and half_pixel_symmetric came "
                         "with opset 18 and 19");
    drop(f, "antialias");
    drop(f, "keep_aspect_ratio_policy");
    return NPU_OK;
}

static npu_status pad_axes(const form *f)
{
    if (has_input(f->n, 3) || strcmp(g_text(f->n, "mode", ""), "wrap") == 0)
        return refuse(f, "axes and mode wrap came with opset 18 and 19");
    if (f->to->n_input > 3)
        f->to->n_input = 3;
    return NPU_OK;
}

static npu_status saturating(const form *f)
{
    drop(f, "saturate"); /* only for float8, which is not read */
    return NPU_OK;
}

static npu_status plain_window(const form *f)
{
    const npu_node_attr *a = g_attr(f->n, "dilations");
    for (size_t i = 0; a && a->kind == NPU_ATTR_KIND_INTS && i < a->n; i++)
        if (a->ints[i] != 1)
            return refuse(f, "dilations came with opset 18 and 19");
    drop(f, "dilations");
    if (f->n->op != NPU_OP_LPPOOL)
        return NPU_OK;
    if (g_int(f->n, "ceil_mode", 0))
        return refuse(f, "ceil_mode came with opset 18");
    drop(f, "ceil_mode");
    return NPU_OK;
}

static npu_status gridsample(const form *f)
{
    const char *mode = g_text(f->n, "mode", "linear");
    if (strcmp(mode, "linear") == 0)
        return check(f, put_word(f, "mode", "bilinear"));
    return strcmp(mode, "cubic") == 0 ? check(f, put_word(f, "mode", "bicubic")) : NPU_OK;
}

static npu_status scatter(const form *f)
{
    const char *how = g_text(f->n, "reduction", "none");
    return strcmp(how, "max") == 0 || strcmp(how, "min") == 0
               ? refuse(f, "reductions max and min came with opset 18") : NPU_OK;
}

/* --- operators that came later ------------------------------------------------------------- */

static npu_status too_new(const form *f)
{
    return refuse(f, "the operator came after opset 17");
}

#define SINCE(number)                                                                              \
    static npu_status since_##number(const form *f)                                                \
    {                                                                                              \
        return refuse(f, "the operator came with opset " #number);                                 \
    }
SINCE(12)
SINCE(14)
SINCE(17)
#undef SINCE

static const struct {
    npu_op op;
    int first, last;
    npu_status (*change)(const form *f);
} forms[] = {
#define F(op, first, last, change) {NPU_OP_##op, first, last, change},
#include "compiler/form.def"
#undef F
};

npu_status onnx_write_form(onnx_writer *w, const npu_node *from, OnnxPb__Node *to, npu_err *err)
{
    form f = {.w = w, .n = from, .to = to, .err = err};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].op == from->op && w->g->opset >= forms[i].first &&
            w->g->opset <= forms[i].last)
            NPU_TRY(forms[i].change(&f));
    return NPU_OK;
}
