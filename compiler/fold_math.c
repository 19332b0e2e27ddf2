/* Folding of arithmetic; see fold.c.
 *
 * Integers are computed in 64 bits and wrap, numbers in double and are rounded to the element type
 * (for one operation that is the correctly rounded float result). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/shape.h"

typedef struct {
    bool real;
    int64_t i;
    double d;
} num;

static bool is_real(npu_elem e)
{
    return e == NPU_ELEM_FLOAT || e == NPU_ELEM_DOUBLE;
}

/* Element K of input IN; the caller knows that it exists and has data. */
static num load(const cc_sh *s, unsigned in, int64_t k)
{
    num n = {.real = is_real(cc_sh_in(s, in)->elem)};
    if (n.real)
        g_const_num(s->g, s->n->in[in], k, &n.d);
    else
        g_const_int(s->g, s->n->in[in], k, &n.i);
    return n;
}

static int64_t to_int(num n)
{
    if (!n.real)
        return n.i;
    if (isnan(n.d))
        return 0;
    return n.d >= 9223372036854775807.0 ? INT64_MAX
           : n.d <= -9223372036854775808.0 ? INT64_MIN : (int64_t)n.d;
}

static double to_real(num n)
{
    return n.real ? n.d : (double)n.i;
}

static bool truth(num n)
{
    return n.real ? n.d != 0 : n.i != 0;
}

static void store(npu_elem e, uint8_t *to, int64_t k, num n)
{
    size_t bytes = npu_elem_bytes(e);
    uint8_t *p = to + (size_t)k * bytes;
    float f = (float)to_real(n);
    double d = to_real(n);
    uint64_t i = e == NPU_ELEM_BOOL ? truth(n) : (uint64_t)to_int(n);
    if (e == NPU_ELEM_FLOAT)
        memcpy(p, &f, sizeof f);
    else if (e == NPU_ELEM_DOUBLE)
        memcpy(p, &d, sizeof d);
    else
        for (size_t b = 0; b < bytes; b++)
            p[b] = (uint8_t)(i >> 8 * b);
}

static const npu_value *result(const cc_sh *s)
{
    return &s->g->value[s->n->out[0]];
}

/* --- two numbers ------------------------------------------------------------------------------ */

/* Division of integers rounds to zero; Mod has the sign of the divisor, or (fmod) dividend. */
static npu_status divide(const cc_sh *s, int64_t a, int64_t b, int64_t *out)
{
    if (b == 0)
        return cc_sh_bad(s, "division by zero");
    if (b == -1) { /* the smallest number has no opposite */
        *out = s->n->op == NPU_OP_DIV ? (int64_t)(0 - (uint64_t)a) : 0;
        return NPU_OK;
    }
    if (s->n->op == NPU_OP_DIV) {
        *out = a / b;
        return NPU_OK;
    }
    *out = a % b;
    if (!g_int(s->n, "fmod", 0) && *out != 0 && (*out < 0) != (b < 0))
        *out += b;
    return NPU_OK;
}

static int64_t power(int64_t a, int64_t b)
{
    uint64_t r = 1, base = (uint64_t)a;
    if (b < 0)
        return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    for (; b > 0; b >>= 1, base *= base)
        if (b & 1)
            r *= base;
    return (int64_t)r;
}

static int compare(num a, num b)
{
    if (!a.real && !b.real)
        return (a.i > b.i) - (a.i < b.i);
    return (to_real(a) > to_real(b)) - (to_real(a) < to_real(b));
}

/* Operators with a truth as result; false: OP is none of them. */
static bool relation(npu_op op, num a, num b, bool *out)
{
    bool nan = isnan(to_real(a)) || isnan(to_real(b));
    int c = compare(a, b);
    switch (op) {
    case NPU_OP_EQUAL: *out = !nan && c == 0; return true;
    case NPU_OP_LESS: *out = !nan && c < 0; return true;
    case NPU_OP_LESSOREQUAL: *out = !nan && c <= 0; return true;
    case NPU_OP_GREATER: *out = !nan && c > 0; return true;
    case NPU_OP_GREATEROREQUAL: *out = !nan && c >= 0; return true;
    case NPU_OP_AND: *out = truth(a) && truth(b); return true;
    case NPU_OP_OR: *out = truth(a) || truth(b); return true;
    case NPU_OP_XOR: *out = truth(a) != truth(b); return true;
    default: return false;
    }
}

static double real_of(npu_op op, double a, double b)
{
    switch (op) {
    case NPU_OP_ADD: case NPU_OP_SUM: return a + b;
    case NPU_OP_SUB: return a - b;
    case NPU_OP_MUL: return a * b;
    case NPU_OP_DIV: return a / b;
    case NPU_OP_MOD: return fmod(a, b);
    case NPU_OP_POW: return pow(a, b);
    case NPU_OP_MIN: return isnan(a) || a < b ? a : b;
    default: return isnan(a) || a > b ? a : b; /* NPU_OP_MAX */
    }
}

static npu_status combine(const cc_sh *s, num a, num b, num *out)
{
    npu_op op = s->n->op;
    bool yes;
    uint64_t x = (uint64_t)a.i, y = (uint64_t)b.i;
    if (relation(op, a, b, &yes)) {
        *out = (num){.i = yes};
        return NPU_OK;
    }
    if (a.real || b.real) {
        *out = (num){.real = true, .d = real_of(op, to_real(a), to_real(b))};
        return NPU_OK;
    }
    *out = (num){.real = false};
    switch (op) {
    case NPU_OP_ADD: case NPU_OP_SUM: out->i = (int64_t)(x + y); return NPU_OK;
    case NPU_OP_SUB: out->i = (int64_t)(x - y); return NPU_OK;
    case NPU_OP_MUL: out->i = (int64_t)(x * y); return NPU_OK;
    case NPU_OP_POW: out->i = power(a.i, b.i); return NPU_OK;
    case NPU_OP_MIN: out->i = a.i < b.i ? a.i : b.i; return NPU_OK;
    case NPU_OP_MAX: out->i = a.i > b.i ? a.i : b.i; return NPU_OK;
    default: return divide(s, a.i, b.i, &out->i); /* DIV, MOD */
    }
}

npu_status cc_fold_math(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    int64_t n = g_elements(y);
    for (int64_t k = 0; k < n; k++) {
        num acc = load(s, 0, cc_fold_at(y, k, cc_sh_in(s, 0)));
        for (uint32_t i = 1; i < s->n->nin; i++) {
            if (!cc_sh_in(s, i))
                return cc_sh_bad(s, "input %u is left out", i);
            num other = load(s, i, cc_fold_at(y, k, cc_sh_in(s, i)));
            NPU_TRY(combine(s, acc, other, &acc));
        }
        store(y->elem, to[0], k, acc);
    }
    return NPU_OK;
}

/* --- one number ------------------------------------------------------------------------------- */

static double unary(npu_op op, double d)
{
    switch (op) {
    case NPU_OP_NEG: return -d;
    case NPU_OP_ABS: return fabs(d);
    case NPU_OP_FLOOR: return floor(d);
    case NPU_OP_CEIL: return ceil(d);
    case NPU_OP_ROUND: return nearbyint(d); /* halves to even */
    case NPU_OP_SQRT: return sqrt(d);
    case NPU_OP_EXP: return exp(d);
    case NPU_OP_LOG: return log(d);
    default: return 1 / d; /* RECIPROCAL */
    }
}

npu_status cc_fold_unary(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    int64_t n = g_elements(y);
    for (int64_t k = 0; k < n; k++) {
        num x = load(s, 0, k), r = {.real = x.real};
        if (s->n->op == NPU_OP_NOT)
            r = (num){.i = !truth(x)};
        else if (x.real)
            r.d = unary(s->n->op, x.d);
        else if (s->n->op == NPU_OP_NEG || (s->n->op == NPU_OP_ABS && x.i < 0))
            r.i = (int64_t)(0 - (uint64_t)x.i);
        else
            r = s->n->op == NPU_OP_ABS
                    ? x : (num){.real = true, .d = unary(s->n->op, (double)x.i)};
        store(y->elem, to[0], k, r);
    }
    return NPU_OK;
}

npu_status cc_fold_cast(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    int64_t n = g_elements(y);
    for (int64_t k = 0; k < n; k++)
        store(y->elem, to[0], k, load(s, 0, k));
    return NPU_OK;
}

/* --- numbers out of shapes -------------------------------------------------------------------- */

npu_status cc_fold_shape(cc_sh *s, uint8_t *const *to)
{
    int from, end;
    cc_sh_part(s, &from, &end);
    for (int d = from; d < end; d++)
        store(NPU_ELEM_INT64, to[0], d - from, (num){.i = cc_sh_in(s, 0)->dim[d]});
    return NPU_OK;
}

npu_status cc_fold_size(cc_sh *s, uint8_t *const *to)
{
    store(NPU_ELEM_INT64, to[0], 0, (num){.i = g_elements(cc_sh_in(s, 0))});
    return NPU_OK;
}

npu_status cc_fold_range(cc_sh *s, uint8_t *const *to)
{
    const npu_value *y = result(s);
    num start = load(s, 0, 0), step = load(s, 2, 0);
    for (int64_t k = 0; k < y->dim[0]; k++) {
        num v = {.real = start.real, .i = (int64_t)((uint64_t)start.i + (uint64_t)k *
                                                    (uint64_t)step.i)};
        v.d = start.d + (double)k * step.d;
        store(y->elem, to[0], k, v);
    }
    return NPU_OK;
}

npu_status cc_fold_nonzero(cc_sh *s, uint8_t *const *to)
{
    const npu_value *x = cc_sh_in(s, 0), *y = result(s);
    int64_t n = g_elements(x), found = 0;
    for (int64_t k = 0; k < n; k++) {
        if (!truth(load(s, 0, k)))
            continue;
        int64_t rest = k;
        for (int d = x->rank - 1; d >= 0; rest /= x->dim[d], d--)
            store(NPU_ELEM_INT64, to[0], d * y->dim[1] + found, (num){.i = rest % x->dim[d]});
        found++;
    }
    return NPU_OK;
}

/* --- reductions ------------------------------------------------------------------------------- */

/* Index into the result (dimensions of MASK gone) of element K of X. */
static int64_t reduced_at(const npu_value *x, int64_t k, const bool *mask)
{
    int64_t at = 0, stride = 1;
    for (int d = x->rank - 1; d >= 0; d--) {
        if (!mask[d]) {
            at += k % x->dim[d] * stride;
            stride *= x->dim[d];
        }
        k /= x->dim[d];
    }
    return at;
}

static num accumulate(npu_op op, num a, num b)
{
    static const struct { npu_op reduce, each; } names[] = {
        {NPU_OP_REDUCEMAX, NPU_OP_MAX}, {NPU_OP_REDUCEMIN, NPU_OP_MIN},
        {NPU_OP_REDUCEPROD, NPU_OP_MUL},
    };
    npu_node n = {.op = NPU_OP_ADD}; /* sum, mean */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].reduce == op)
            n.op = names[i].each;
    num r;
    combine(&(cc_sh){.n = &n}, a, b, &r);
    return r;
}

npu_status cc_fold_reduce(cc_sh *s, uint8_t *const *to)
{
    const npu_value *x = cc_sh_in(s, 0), *y = result(s);
    int64_t n = g_elements(x), out = g_elements(y);
    bool mask[NPU_RANK_MAX], known, product = s->n->op == NPU_OP_REDUCEPROD;
    NPU_TRY(cc_sh_reduced(s, mask, &known));
    if (n == 0 && out > 0 && (s->n->op == NPU_OP_REDUCEMAX || s->n->op == NPU_OP_REDUCEMIN))
        return cc_sh_bad(s, "largest or smallest of no element");
    num *acc = calloc((size_t)out + 1, sizeof *acc);
    bool *begun = calloc((size_t)out + 1, 1);
    for (int64_t k = 0; k < n && acc && begun; k++) {
        int64_t at = reduced_at(x, k, mask);
        acc[at] = begun[at] ? accumulate(s->n->op, acc[at], load(s, 0, k)) : load(s, 0, k);
        begun[at] = true;
    }
    for (int64_t k = 0; k < out && acc && begun; k++) {
        if (!begun[k])
            acc[k] = (num){.i = product};
        else if (s->n->op == NPU_OP_REDUCEMEAN && acc[k].real)
            acc[k].d /= (double)(n / out);
        else if (s->n->op == NPU_OP_REDUCEMEAN)
            acc[k].i /= n / out;
        store(y->elem, to[0], k, acc[k]);
    }
    bool ok = acc && begun;
    free(acc);
    free(begun);
    return ok ? NPU_OK : npu_fail(s->err, NPU_LIMIT, "%s: out of memory", s->g->file);
}
