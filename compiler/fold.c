/* Folding: nodes of shape arithmetic whose inputs are constants become constants.
 *
 * Synthetic constants (weights without data) stay synthetic: what is computed from them has a type
 * and a shape only.  QuantizeLinear and DequantizeLinear are not folded; the optimiser reads them.
 * Rules have run, so shapes and attributes are in order; only contents are checked here. */
#include "compiler/shape.h"

/* A result larger than this is made only when the inputs are as large. */
#define GROWTH_MAX (UINT64_C(4) << 20)

enum { MATH = 1, MOVE, SHAPE }; /* MOVE: any element type; SHAPE: contents do not matter */

typedef struct {
    int kind;
    cc_fold_fn *fn;
} row;

static const row rows[NPU_OPS] = {
    [NPU_OP_SHAPE] = {SHAPE, cc_fold_shape},
    [NPU_OP_SIZE] = {SHAPE, cc_fold_size},
    [NPU_OP_IDENTITY] = {MOVE, cc_fold_move},
    [NPU_OP_RESHAPE] = {MOVE, cc_fold_move},
    [NPU_OP_FLATTEN] = {MOVE, cc_fold_move},
    [NPU_OP_SQUEEZE] = {MOVE, cc_fold_move},
    [NPU_OP_UNSQUEEZE] = {MOVE, cc_fold_move},
    [NPU_OP_TRANSPOSE] = {MOVE, cc_fold_view},
    [NPU_OP_SLICE] = {MOVE, cc_fold_view},
    [NPU_OP_EXPAND] = {MOVE, cc_fold_view},
    [NPU_OP_TILE] = {MOVE, cc_fold_view},
    [NPU_OP_GATHER] = {MOVE, cc_fold_gather},
    [NPU_OP_CONCAT] = {MOVE, cc_fold_concat},
    [NPU_OP_SPLIT] = {MOVE, cc_fold_split},
    [NPU_OP_WHERE] = {MOVE, cc_fold_where},
    [NPU_OP_CONSTANTOFSHAPE] = {MOVE, cc_fold_fill},
    [NPU_OP_RANGE] = {MATH, cc_fold_range},
    [NPU_OP_NONZERO] = {MATH, cc_fold_nonzero},
    [NPU_OP_CAST] = {MATH, cc_fold_cast},
    [NPU_OP_CASTLIKE] = {MATH, cc_fold_cast},
    [NPU_OP_ADD] = {MATH, cc_fold_math},
    [NPU_OP_SUB] = {MATH, cc_fold_math},
    [NPU_OP_MUL] = {MATH, cc_fold_math},
    [NPU_OP_DIV] = {MATH, cc_fold_math},
    [NPU_OP_MOD] = {MATH, cc_fold_math},
    [NPU_OP_POW] = {MATH, cc_fold_math},
    [NPU_OP_MIN] = {MATH, cc_fold_math},
    [NPU_OP_MAX] = {MATH, cc_fold_math},
    [NPU_OP_SUM] = {MATH, cc_fold_math},
    [NPU_OP_EQUAL] = {MATH, cc_fold_math},
    [NPU_OP_LESS] = {MATH, cc_fold_math},
    [NPU_OP_LESSOREQUAL] = {MATH, cc_fold_math},
    [NPU_OP_GREATER] = {MATH, cc_fold_math},
    [NPU_OP_GREATEROREQUAL] = {MATH, cc_fold_math},
    [NPU_OP_AND] = {MATH, cc_fold_math},
    [NPU_OP_OR] = {MATH, cc_fold_math},
    [NPU_OP_XOR] = {MATH, cc_fold_math},
    [NPU_OP_NOT] = {MATH, cc_fold_unary},
    [NPU_OP_NEG] = {MATH, cc_fold_unary},
    [NPU_OP_ABS] = {MATH, cc_fold_unary},
    [NPU_OP_FLOOR] = {MATH, cc_fold_unary},
    [NPU_OP_CEIL] = {MATH, cc_fold_unary},
    [NPU_OP_ROUND] = {MATH, cc_fold_unary},
    [NPU_OP_SQRT] = {MATH, cc_fold_unary},
    [NPU_OP_EXP] = {MATH, cc_fold_unary},
    [NPU_OP_LOG] = {MATH, cc_fold_unary},
    [NPU_OP_RECIPROCAL] = {MATH, cc_fold_unary},
    [NPU_OP_REDUCEPROD] = {MATH, cc_fold_reduce},
    [NPU_OP_REDUCESUM] = {MATH, cc_fold_reduce},
    [NPU_OP_REDUCEMEAN] = {MATH, cc_fold_reduce},
    [NPU_OP_REDUCEMAX] = {MATH, cc_fold_reduce},
    [NPU_OP_REDUCEMIN] = {MATH, cc_fold_reduce},
};

static npu_value *output(const cc_sh *s, unsigned k)
{
    return s->n->out[k] == NPU_NONE ? NULL : &s->g->value[s->n->out[k]];
}

static void done(const cc_sh *s, int32_t node, bool folded)
{
    for (uint32_t k = 0; k < s->n->nout; k++)
        if (output(s, k)) {
            output(s, k)->constant = true;
            output(s, k)->folded = folded;
        }
    g_kill(s->g, node);
}

/* A Constant node: its attribute is the value, and counts as the file's. */
static npu_status constant(cc_sh *s, int32_t node)
{
    npu_value *v = output(s, 0);
    const npu_node_attr *a = s->n->attr;
    for (uint32_t i = 0; v && i < s->n->nattr; i++, a++) {
        if (a->kind == NPU_ATTR_KIND_TENSOR)
            v->data = s->g->value[a->tensor].data;
        else if (a->kind == NPU_ATTR_KIND_INTS)
            v->data = a->ints;
        else if (a->kind == NPU_ATTR_KIND_FLOATS)
            v->data = a->floats;
        else if (a->kind == NPU_ATTR_KIND_INT)
            v->data = arena_copy(s->g->arena, &a->i, sizeof a->i);
        else if (a->kind == NPU_ATTR_KIND_FLOAT)
            v->data = arena_copy(s->g->arena, &a->f, sizeof a->f);
        if (v->data)
            break;
    }
    done(s, node, false);
    return NPU_OK;
}

static bool is_real(npu_elem e)
{
    return e == NPU_ELEM_FLOAT || e == NPU_ELEM_DOUBLE || e == NPU_ELEM_FLOAT16 ||
           e == NPU_ELEM_BFLOAT16;
}

/* Types the arithmetic knows. */
static bool is_number(npu_elem e)
{
    return npu_elem_bytes(e) > 0 && e != NPU_ELEM_FLOAT16 && e != NPU_ELEM_BFLOAT16;
}

/* Whether the node can be folded; *SYNTHETIC: only to type and shape.  IN: bytes of the inputs. */
static bool foldable(const cc_sh *s, const row *r, bool *synthetic, uint64_t *in)
{
    *synthetic = s->n->op == NPU_OP_CONSTANTOFSHAPE && output(s, 0) &&
                 is_real(output(s, 0)->elem) && g_elements(output(s, 0)) > CC_SYNTHETIC;
    *in = 0;
    for (uint32_t k = 0; k < s->n->nin; k++) {
        const npu_value *v = cc_sh_in(s, k);
        if (!v || r->kind == SHAPE)
            continue;
        if (!v->constant || (r->kind == MATH && !is_number(v->elem)))
            return false;
        *synthetic |= !v->data && g_elements(v) > 0;
        *in += g_bytes(v);
    }
    for (uint32_t k = 0; k < s->n->nout; k++) {
        const npu_value *v = output(s, k);
        if (v && (npu_elem_bytes(v->elem) == 0 || (r->kind == MATH && !is_number(v->elem)) ||
                  (*synthetic && !is_real(v->elem))))
            return false;
    }
    return true;
}

npu_status cc_fold(cc_sh *s, int32_t node, uint64_t *left)
{
    enum { OUTS = 1024 };
    const row *r = &rows[s->n->op];
    uint8_t *to[OUTS];
    uint64_t in, bytes = 0;
    bool synthetic;
    if (s->n->op == NPU_OP_CONSTANT)
        return constant(s, node);
    if (!r->fn || s->n->nout > OUTS || !foldable(s, r, &synthetic, &in))
        return NPU_OK;
    for (uint32_t k = 0; k < s->n->nout && !synthetic; k++)
        bytes += output(s, k) ? g_bytes(output(s, k)) : 0;
    if (bytes > *left || (bytes > in && bytes > GROWTH_MAX))
        return NPU_OK;
    *left -= bytes;
    for (uint32_t k = 0; k < s->n->nout && !synthetic; k++) {
        npu_value *v = output(s, k);
        to[k] = v ? arena_alloc(s->g->arena, g_bytes(v)) : NULL;
        if (v && !to[k])
            return npu_fail(s->err, NPU_LIMIT, "%s: out of memory", s->g->file);
    }
    if (!synthetic)
        NPU_TRY(r->fn(s, to));
    for (uint32_t k = 0; k < s->n->nout && !synthetic; k++)
        if (output(s, k))
            output(s, k)->data = to[k];
    done(s, node, true);
    return NPU_OK;
}
