/* See rule.h: the tables, and walking them. */
#include "compiler/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const rule_unit_names[RULE_UNITS] = {
    "BPU", "BPU-FUSED", "BPU-OPTIONAL", "CPU", "FOLD", "REMOVED", "NONE"};
const char *const rule_march_names[RULE_MARCHES] = {"bernoulli2", "cv181x"};

const rule_row rule_table[] = {
#define R(id, op, march, test, limit) {id, NPU_OP_##op, limit, rule_##test},
#include "compiler/rule.def"
#undef R
};
const size_t rule_count = sizeof rule_table / sizeof rule_table[0];

static const rule_march row_march[] = {
#define R(id, op, march, test, limit) RULE_##march,
#include "compiler/rule.def"
#undef R
};

static const rule_op ops[NPU_OPS] = {
#define M(id, unit, cv, type, class, tail, note) \
    [NPU_OP_##id] = {NPU_OP_##id, {RULE_##unit, RULE_##cv}, type, RULE_##class, tail, note},
#include "compiler/march.def"
#undef M
};
static const rule_op unknown = {NPU_OP_NONE, {RULE_NONE, RULE_NONE}, NULL, RULE_PASSIVE, 0, ""};

const rule_op *rule_of(npu_op op)
{
    return op > NPU_OP_NONE && op < NPU_OPS && ops[op].op == op ? &ops[op] : &unknown;
}

rule_march rule_find_march(const char *name)
{
    int i = 0;
    while (i < RULE_MARCHES && (!name || strcmp(rule_march_names[i], name) != 0))
        i++;
    return (rule_march)i;
}

static const rule_row *walk(rule_march march, const rule_case *c, npu_op op)
{
    for (size_t i = 0; i < rule_count; i++)
        if (rule_table[i].op == op && row_march[i] == march && !rule_table[i].test(c))
            return &rule_table[i];
    return NULL;
}

const rule_row *rule_broken(rule_march march, const rule_case *c)
{
    const rule_row *r = walk(march, c, NPU_OP_NONE);
    return r ? r : walk(march, c, c->n->op);
}

bool rule_say(const rule_case *c, const char *what, const char *allowed, const char *fmt, ...)
{
    va_list args;
    int n = snprintf(c->text, RULE_TEXT, "Expected data shape range of %s is %s, but the data "
                     "shape is ", what, allowed);
    va_start(args, fmt);
    if (n >= 0 && n < RULE_TEXT)
        vsnprintf(c->text + n, (size_t)(RULE_TEXT - n), fmt, args);
    va_end(args);
    return false;
}

bool rule_any(const rule_case *c)
{
    (void)c;
    return true;
}

bool rule_batch(const rule_case *c)
{
    int64_t n = c->x->rank > 0 ? c->x->dim[0] : 1;
    return n <= 128 || rule_say(c, "Batch", "[1, 128]", "[%lld]", (long long)n);
}

/* Feature maps have four dimensions, except the matrices of Gemm, MatMul and LSTM. */
bool rule_map(const rule_case *c)
{
    char x[G_SHAPE_TEXT];
    npu_op op = c->n->op;
    if (op == NPU_OP_GEMM || op == NPU_OP_MATMUL || op == NPU_OP_LSTM)
        return true;
    if (c->x->rank != 4 || c->y->rank != 4)
        return rule_say(c, "Dimensions", "[4]", "[%s]",
                        g_shape(c->x->rank != 4 ? c->x : c->y, x));
    if (c->x->elem != NPU_ELEM_FLOAT && c->x->elem != NPU_ELEM_FLOAT16)
        return rule_say(c, "Element type", "[float32]", "[%s]", npu_elem_name(c->x->elem));
    return c->x->dim[0] > 0 && c->x->dim[1] > 0 && c->x->dim[2] > 0 && c->x->dim[3] > 0 ? true
           : rule_say(c, "Dimensions", "[[1, ),[1, ),[1, ),[1, )]", "[%s]", g_shape(c->x, x));
}
