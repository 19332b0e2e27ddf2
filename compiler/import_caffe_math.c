/* Caffe layers that work element by element. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compiler/import_caffe.h"

void cf_unary(cf_net *c, cf_layer *l);
void cf_relu(cf_net *c, cf_layer *l);
void cf_relu6(cf_net *c, cf_layer *l);
void cf_elu(cf_net *c, cf_layer *l);
void cf_swish(cf_net *c, cf_layer *l);
void cf_power(cf_net *c, cf_layer *l);
void cf_exp(cf_net *c, cf_layer *l);
void cf_log(cf_net *c, cf_layer *l);
void cf_threshold(cf_net *c, cf_layer *l);
void cf_eltwise(cf_net *c, cf_layer *l);

static int32_t same_top(cf_net *c, cf_layer *l)
{
    return cf_top(c, l, 0, cf_shape_of(c, l->in[0]));
}

void cf_unary(cf_net *c, cf_layer *l)
{
    cf_node1(c, l, l->kind->op, NULL, l->in[0], same_top(c, l));
}

void cf_relu(cf_net *c, cf_layer *l)
{
    double slope = cf_num(c, l, prototxt_get(l->m, "relu_param"), "negative_slope", 0);
    int32_t n = cf_node1(c, l, slope == 0 ? NPU_OP_RELU : NPU_OP_LEAKYRELU, NULL, l->in[0],
                         same_top(c, l));
    if (slope != 0)
        cf_set_float(c, n, "alpha", slope);
}

void cf_relu6(cf_net *c, cf_layer *l)
{
    if (cf_num(c, l, prototxt_get(l->m, "relu6_param"), "negative_slope", 0) != 0)
        cf_fail(c, l, NPU_UNSUPPORTED, "negative_slope of a ReLU6");
    int32_t in[3] = {l->in[0], cf_scalar(c, l, "min", 0), cf_scalar(c, l, "max", 6)};
    cf_node(c, l, NPU_OP_CLIP, NULL, in, 3, same_top(c, l));
}

void cf_elu(cf_net *c, cf_layer *l)
{
    double alpha = cf_num(c, l, prototxt_get(l->m, "elu_param"), "alpha", 1);
    cf_set_float(c, cf_node1(c, l, NPU_OP_ELU, NULL, l->in[0], same_top(c, l)), "alpha", alpha);
}

void cf_threshold(cf_net *c, cf_layer *l)
{
    double t = cf_num(c, l, prototxt_get(l->m, "threshold_param"), "threshold", 0);
    cf_set_float(c, cf_node1(c, l, NPU_OP_THRESHOLD, NULL, l->in[0], same_top(c, l)), "threshold",
                 t);
}

/* x * sigmoid(beta * x) */
void cf_swish(cf_net *c, cf_layer *l)
{
    double beta = cf_num(c, l, prototxt_get(l->m, "swish_param"), "beta", 1);
    cf_shape x = cf_shape_of(c, l->in[0]);
    int32_t arg = l->in[0], gate = cf_tmp(c, l, "sigmoid", x);
    if (beta != 1) {
        arg = cf_tmp(c, l, "beta", x);
        cf_node2(c, l, NPU_OP_MUL, "beta", l->in[0], cf_scalar(c, l, "beta_value", beta), arg);
    }
    cf_node1(c, l, NPU_OP_SIGMOID, "sigmoid", arg, gate);
    cf_node2(c, l, NPU_OP_MUL, NULL, l->in[0], gate, same_top(c, l));
}

typedef struct { /* one step of a formula: OP, with constant VALUE when it takes two inputs */
    npu_op op;
    const char *suffix;
    double value;
    bool skip;
} step;

/* Applies the steps that are not skipped; the last one is the node of the layer. */
static void chain(cf_net *c, cf_layer *l, const step *steps, size_t n)
{
    int32_t at = l->in[0];
    size_t last = n;
    for (size_t i = 0; i < n; i++)
        if (!steps[i].skip)
            last = i;
    if (last == n)
        cf_node1(c, l, NPU_OP_IDENTITY, NULL, at, same_top(c, l));
    for (size_t i = 0; i <= last && last < n; i++) {
        const step *s = &steps[i];
        char name[32];
        if (s->skip)
            continue;
        int32_t out = i == last ? same_top(c, l) : cf_tmp(c, l, s->suffix, cf_shape_of(c, at));
        snprintf(name, sizeof name, "%s_value", s->suffix);
        if (s->op == NPU_OP_EXP || s->op == NPU_OP_LOG)
            cf_node1(c, l, s->op, i == last ? NULL : s->suffix, at, out);
        else
            cf_node2(c, l, s->op, i == last ? NULL : s->suffix, at, cf_scalar(c, l, name, s->value),
                     out);
        at = out;
    }
}

/* (shift + scale * x) ^ power */
void cf_power(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "power_param");
    double scale = cf_num(c, l, p, "scale", 1), shift = cf_num(c, l, p, "shift", 0);
    double power = cf_num(c, l, p, "power", 1);
    const step steps[] = {{NPU_OP_MUL, "scale", scale, scale == 1},
                          {NPU_OP_ADD, "shift", shift, shift == 0},
                          {NPU_OP_POW, "power", power, power == 1}};
    chain(c, l, steps, 3);
}

/* Logarithm of the base; -1 stands for e. */
static double log_base(cf_net *c, cf_layer *l, const prototxt_field *p)
{
    double base = cf_num(c, l, p, "base", -1);
    if (base == -1)
        return 1;
    if (base > 0 && base != 1)
        return log(base);
    cf_fail(c, l, NPU_BAD_INPUT, "base %g, -1 (e) or above 0 and not 1 expected", base);
    return 1;
}

/* base ^ (shift + scale * x) */
void cf_exp(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "exp_param");
    double b = log_base(c, l, p), scale = cf_num(c, l, p, "scale", 1) * b;
    double shift = cf_num(c, l, p, "shift", 0) * b;
    const step steps[] = {{NPU_OP_MUL, "scale", scale, scale == 1},
                          {NPU_OP_ADD, "shift", shift, shift == 0},
                          {NPU_OP_EXP, "exp", 0, false}};
    chain(c, l, steps, 3);
}

/* log_base(shift + scale * x) */
void cf_log(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "log_param");
    double b = log_base(c, l, p), scale = cf_num(c, l, p, "scale", 1);
    double shift = cf_num(c, l, p, "shift", 0);
    const step steps[] = {{NPU_OP_MUL, "scale", scale, scale == 1},
                          {NPU_OP_ADD, "shift", shift, shift == 0},
                          {NPU_OP_LOG, "log", 0, false},
                          {NPU_OP_MUL, "base", 1 / b, b == 1}};
    chain(c, l, steps, 4);
}

enum { PROD, SUM, MAX };

/* Bottom K times its coefficient. */
static int32_t weighted(cf_net *c, cf_layer *l, unsigned k, float coeff)
{
    char suffix[32], value[40];
    if (coeff == 1)
        return l->in[k];
    snprintf(suffix, sizeof suffix, "coeff%u", k);
    snprintf(value, sizeof value, "coeff%u_value", k);
    int32_t out = cf_tmp(c, l, suffix, cf_shape_of(c, l->in[k]));
    cf_node2(c, l, NPU_OP_MUL, suffix, l->in[k], cf_scalar(c, l, value, coeff), out);
    return out;
}

static void same_shapes(cf_net *c, cf_layer *l)
{
    char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
    cf_shape x = cf_shape_of(c, l->in[0]);
    for (unsigned i = 1; i < l->nbottom; i++) {
        cf_shape y = cf_shape_of(c, l->in[i]);
        if (!cf_same(&x, &y))
            cf_fail(c, l, NPU_BAD_INPUT, "bottom '%s' is %s, bottom '%s' %s", l->bottom[0],
                    cf_text(&x, a), l->bottom[i], cf_text(&y, b));
    }
}

/* Pairs from the left; the last operation is the node of the layer. */
void cf_eltwise(cf_net *c, cf_layer *l)
{
    static const char *const names[] = {"PROD", "SUM", "MAX", NULL};
    static const npu_op ops[] = {NPU_OP_MUL, NPU_OP_ADD, NPU_OP_MAX};
    const prototxt_field *p = prototxt_get(l->m, "eltwise_param");
    int kind = cf_choice(c, l, p, "operation", names, NULL, SUM);
    float coeff[1024];
    size_t n = cf_nums(c, l, p, "coeff", coeff, 1024);
    if (n && (n != l->nbottom || kind != SUM))
        cf_fail(c, l, NPU_BAD_INPUT, "%zu coeff, none or (with SUM) one per bottom expected", n);
    same_shapes(c, l);
    if (c->status != NPU_OK)
        return;
    int32_t at = weighted(c, l, 0, n ? coeff[0] : 1);
    for (unsigned k = 1; k < l->nbottom && c->status == NPU_OK; k++) {
        char suffix[32];
        bool last = k + 1 == l->nbottom, minus = n && coeff[k] == -1;
        snprintf(suffix, sizeof suffix, "%u", k);
        int32_t b = weighted(c, l, k, n && !minus ? coeff[k] : 1);
        int32_t out = last ? same_top(c, l) : cf_tmp(c, l, suffix, cf_shape_of(c, at));
        cf_node2(c, l, minus ? NPU_OP_SUB : ops[kind], last ? NULL : suffix, at, b, out);
        at = out;
    }
}
