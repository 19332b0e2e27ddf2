/* Constraints of a sweep: comparisons of arithmetic over keys and numbers with units.
 *
 * Grammar: sum (<= | < | >= | > | == | !=) sum; sum: product {(+|-) product}; product: factor
 * {(*|/) factor}; factor: number [unit] | key | ( sum ) | - factor. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/sweep.h"

enum { DEPTH_MAX = 50, WORD_MAX = 64 };

typedef struct {
    const char *text, *at;
    const double *num;
    int depth;
    npu_status bad;
    npu_err *err;
} reader;

static npu_status sum(reader *r, double *out);

static void blanks(reader *r)
{
    while (*r->at == ' ')
        r->at++;
}

static npu_status expected(reader *r, const char *what)
{
    return npu_fail(r->err, r->bad, "'%.80s': %s expected at column %td", r->text, what,
                    r->at - r->text + 1);
}

/* Key or unit: letters, digits, '_' and '.'. */
static size_t take_word(reader *r, char word[WORD_MAX])
{
    size_t n = 0;
    while (isalnum((unsigned char)r->at[n]) || r->at[n] == '_' || r->at[n] == '.')
        n++;
    snprintf(word, WORD_MAX, "%.*s", (int)(n < WORD_MAX ? n : WORD_MAX - 1), r->at);
    return n;
}

static npu_status number(reader *r, double *out)
{
    static const struct {
        const char *name;
        double factor;
    } unit[] = {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
                {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    char word[WORD_MAX], *end;
    *out = strtod(r->at, &end);
    r->at = end;
    size_t n = take_word(r, word);
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++)
        if (strcmp(unit[i].name, word) == 0) {
            r->at += n;
            *out *= unit[i].factor;
            return NPU_OK;
        }
    return expected(r, "a unit (B, KiB, MiB, GiB, kB, MB, GB)");
}

static npu_status factor(reader *r, double *out)
{
    char word[WORD_MAX];
    npu_status s;
    blanks(r);
    if (++r->depth > DEPTH_MAX)
        return expected(r, "less nesting");
    if (*r->at == '-') {
        r->at++;
        s = factor(r, out);
        *out = -*out;
    } else if (*r->at == '(') {
        r->at++;
        s = sum(r, out);
        if (s == NPU_OK && *r->at != ')')
            return expected(r, "')'");
        r->at += s == NPU_OK;
    } else if (isdigit((unsigned char)*r->at)) {
        s = number(r, out);
    } else {
        size_t n = take_word(r, word);
        npu_num key = perf_sweep_key(word);
        if (key == NPU_NUMS)
            return expected(r, "a key of the chip file, a number or '('");
        r->at += n;
        *out = r->num[key];
        s = NPU_OK;
    }
    r->depth--;
    blanks(r);
    return s;
}

static npu_status product(reader *r, double *out)
{
    double b = 1;
    NPU_TRY(factor(r, out));
    while (*r->at == '*' || *r->at == '/') {
        char op = *r->at++;
        NPU_TRY(factor(r, &b));
        *out = op == '*' ? *out * b : *out / b;
    }
    return NPU_OK;
}

static npu_status sum(reader *r, double *out)
{
    double b = 0;
    NPU_TRY(product(r, out));
    while (*r->at == '+' || *r->at == '-') {
        char op = *r->at++;
        NPU_TRY(product(r, &b));
        *out = op == '+' ? *out + b : *out - b;
    }
    return NPU_OK;
}

npu_status perf_sweep_holds(const char *expr, const double *num, bool *out, npu_status bad,
                            npu_err *err)
{
    static const char *const ops[] = {"<=", ">=", "==", "!=", "<", ">"};
    reader r = {.text = expr, .at = expr, .num = num, .bad = bad, .err = err};
    double a = 0, b = 0;
    size_t op = 0;
    NPU_TRY(sum(&r, &a));
    while (op < 6 && strncmp(r.at, ops[op], strlen(ops[op])) != 0)
        op++;
    if (op == 6)
        return expected(&r, "<=, <, >=, >, == or !=");
    r.at += strlen(ops[op]);
    NPU_TRY(sum(&r, &b));
    if (*r.at)
        return expected(&r, "the end");
    const bool holds[] = {a <= b, a >= b, a == b, a != b, a < b, a > b};
    *out = holds[op];
    return NPU_OK;
}
