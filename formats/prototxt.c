/* See prototxt.h: words, numbers and the tree.  Strings are in prototxt_string.c, the values of
 * fields in prototxt_value.c. */
#include "formats/prototxt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "formats/prototxt_lex.h"

static int peek(const prototxt_lex *x)
{
    return x->at < x->end ? (unsigned char)*x->at : -1;
}

static void skip(prototxt_lex *x)
{
    if (*x->at++ == '\n') {
        x->line++;
        x->line_start = x->at;
    }
}

/* Blanks and comments. */
static void skip_space(prototxt_lex *x)
{
    for (int c; (c = peek(x)) >= 0;) {
        if (c == '#')
            while (peek(x) >= 0 && peek(x) != '\n')
                skip(x);
        else if (c == ' ' || (c >= '\t' && c <= '\r'))
            skip(x);
        else
            return;
    }
}

/* What stands at the current place, for a message: "'foo'", "the end of the file". */
static const char *found(const prototxt_lex *x, char text[PROTOTXT_FOUND])
{
    size_t n = 0;
    int c = peek(x);
    if (c < 0)
        return "the end of the file";
    if (c < ' ' || c > '~') {
        snprintf(text, PROTOTXT_FOUND, "byte 0x%02x", (unsigned)c);
        return text;
    }
    while (n < 24 && x->at + n < x->end && (isalnum((unsigned char)x->at[n]) || x->at[n] == '_'))
        n++;
    snprintf(text, PROTOTXT_FOUND, "'%.*s'", (int)(n ? n : 1), x->at);
    return text;
}

npu_status prototxt_wrong(const prototxt_lex *x, const char *expected, npu_err *err)
{
    char text[PROTOTXT_FOUND];
    return npu_fail(err, NPU_BAD_INPUT, "%s:%u:%u: found %s, expected %s", x->path, x->line,
                    (unsigned)(x->at - x->line_start + 1), found(x, text), expected);
}

static bool letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

static const char *take_word(prototxt_lex *x, size_t *n)
{
    const char *from = x->at;
    while (letter(peek(x)) || digit(peek(x)))
        x->at++;
    *n = (size_t)(x->at - from);
    return arena_textn(x->arena, from, *n);
}

static npu_status no_memory(const prototxt_lex *x, npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "%s: out of memory", x->path);
}

static void digits(prototxt_lex *x)
{
    while (digit(peek(x)))
        x->at++;
}

/* Exponent and 'f' of a decimal number. */
static npu_status number_tail(prototxt_lex *x, npu_err *err)
{
    if (peek(x) == 'e' || peek(x) == 'E') {
        x->at++;
        if (peek(x) == '+' || peek(x) == '-')
            x->at++;
        if (!digit(peek(x)))
            return prototxt_wrong(x, "the digits of an exponent", err);
        digits(x);
    }
    if (peek(x) == 'f' || peek(x) == 'F')
        x->at++;
    return NPU_OK;
}

static npu_status number_body(prototxt_lex *x, npu_err *err)
{
    bool zero = peek(x) == '0';
    const char *from = x->at;
    if (zero && x->at + 1 < x->end && (x->at[1] == 'x' || x->at[1] == 'X')) {
        x->at += 2;
        if (!isxdigit(peek(x) < 0 ? 0 : peek(x)))
            return prototxt_wrong(x, "hexadecimal digits", err);
        while (peek(x) >= 0 && isxdigit(peek(x)))
            x->at++;
        return NPU_OK;
    }
    digits(x);
    bool octal = zero && x->at - from > 1;
    if (octal && (peek(x) == '.' || peek(x) == 'e' || peek(x) == 'E' || peek(x) == 'f' ||
                  memchr(from, '8', (size_t)(x->at - from)) ||
                  memchr(from, '9', (size_t)(x->at - from)))) {
        x->at = from;
        return prototxt_wrong(x, "octal digits after a leading 0", err);
    }
    if (peek(x) == '.') {
        x->at++;
        digits(x);
    }
    return number_tail(x, err);
}

/* A number, or '-' and a number, inf or nan. */
static npu_status take_number(prototxt_lex *x, prototxt_field *f, npu_err *err)
{
    const char *from;
    const char *sign = "";
    if (peek(x) == '-') {
        sign = "-";
        skip(x);
        skip_space(x);
    }
    from = x->at;
    if (letter(peek(x))) {
        size_t n;
        const char *word = take_word(x, &n);
        if (!word)
            return no_memory(x, err);
        if (!prototxt_is_special(word)) {
            x->at = from;
            return prototxt_wrong(x, "a number, inf or nan after '-'", err);
        }
    } else if (digit(peek(x)) ||
               (peek(x) == '.' && x->at + 1 < x->end && digit((unsigned char)x->at[1]))) {
        NPU_TRY(number_body(x, err));
        if (letter(peek(x)) || digit(peek(x)) || peek(x) == '.')
            return prototxt_wrong(x, "a blank or a separator after the number", err);
    } else {
        return prototxt_wrong(x, "a number", err);
    }
    f->kind = PROTOTXT_NUMBER;
    f->text = arena_printf(x->arena, "%s%.*s", sign, (int)(x->at - from), from);
    f->len = f->text ? strlen(f->text) : 0;
    return f->text ? NPU_OK : no_memory(x, err);
}

static void stand(const prototxt_lex *x, prototxt_field *f)
{
    f->line = x->line;
    f->column = (unsigned)(x->at - x->line_start + 1);
}

static npu_status take_scalar(prototxt_lex *x, prototxt_field *f, npu_err *err)
{
    int c = peek(x);
    stand(x, f);
    if (c == '"' || c == '\'')
        return prototxt_take_string(x, f, err);
    if (!letter(c))
        return c == '-' || c == '.' || digit(c) ? take_number(x, f, err)
                                                : prototxt_wrong(x, "a value", err);
    f->text = take_word(x, &f->len);
    if (!f->text)
        return no_memory(x, err);
    f->kind = prototxt_is_special(f->text) ? PROTOTXT_NUMBER : PROTOTXT_WORD;
    return NPU_OK;
}

void prototxt_skip_space(prototxt_lex *x)
{
    skip_space(x);
}

typedef struct { /* a message in work */
    prototxt_field *message, **last;
    unsigned depth; /* 0: the file */
} level;

static npu_status fields(prototxt_lex *x, level *l, char close, npu_err *err);

/* Appends a field to the message in work. */
static npu_status new_field(prototxt_lex *x, level *l, const char *name, prototxt_field **out,
                            npu_err *err)
{
    prototxt_field *f = arena_alloc(x->arena, sizeof *f);
    if (++x->fields > PROTOTXT_FIELDS)
        return npu_fail(err, NPU_BAD_INPUT, "%s:%u: more than %d fields", x->path, x->line,
                        PROTOTXT_FIELDS);
    if (!f)
        return no_memory(x, err);
    f->name = name;
    f->text = "";
    stand(x, f);
    *l->last = f;
    l->last = &f->next;
    *out = f;
    return NPU_OK;
}

/* One value: a scalar or a message.  The depth is bounded, so this may call itself. */
static npu_status value(prototxt_lex *x, level *l, const char *name, npu_err *err)
{
    prototxt_field *f = NULL;
    int c = peek(x);
    NPU_TRY(new_field(x, l, name, &f, err));
    if (c != '{' && c != '<')
        return take_scalar(x, f, err);
    if (l->depth == PROTOTXT_DEPTH)
        return npu_fail(err, NPU_BAD_INPUT, "%s:%u:%u: messages nest more than %d levels deep",
                        x->path, f->line, f->column, PROTOTXT_DEPTH);
    f->kind = PROTOTXT_MESSAGE;
    skip(x);
    level inner = {f, &f->child, l->depth + 1};
    return fields(x, &inner, c == '{' ? '}' : '>', err);
}

static npu_status list(prototxt_lex *x, level *l, const char *name, npu_err *err)
{
    skip(x);
    skip_space(x);
    while (peek(x) != ']') {
        NPU_TRY(value(x, l, name, err));
        skip_space(x);
        if (peek(x) == ',') {
            skip(x);
            skip_space(x);
            if (peek(x) == ']')
                return prototxt_wrong(x, "a value after ','", err);
        } else if (peek(x) != ']') {
            return prototxt_wrong(x, "',' or ']' in a list", err);
        }
    }
    skip(x);
    return NPU_OK;
}

/* NAME: VALUE, NAME { ... }, NAME: [ ... ] */
static npu_status field(prototxt_lex *x, level *l, npu_err *err)
{
    size_t n;
    bool colon;
    const char *name = take_word(x, &n);
    if (!name)
        return no_memory(x, err);
    skip_space(x);
    colon = peek(x) == ':';
    if (colon) {
        skip(x);
        skip_space(x);
    }
    if (peek(x) == '[' && colon)
        NPU_TRY(list(x, l, name, err));
    else if (colon || peek(x) == '{' || peek(x) == '<')
        NPU_TRY(value(x, l, name, err));
    else
        return prototxt_wrong(x, "':' or '{' after a field name", err);
    skip_space(x);
    if (peek(x) == ';' || peek(x) == ',')
        skip(x);
    return NPU_OK;
}

/* Fields up to CLOSE, which is taken; 0: the end of the file. */
static npu_status fields(prototxt_lex *x, level *l, char close, npu_err *err)
{
    static const char expected[][32] = {"a field name", "a field name or '}'",
                                        "a field name or '>'"};
    for (;;) {
        skip_space(x);
        int c = peek(x);
        if (c < 0 && !close)
            return NPU_OK;
        if (c >= 0 && c == close)
            return skip(x), NPU_OK;
        if (!letter(c))
            return prototxt_wrong(x, expected[close == '}' ? 1 : close == '>' ? 2 : 0], err);
        NPU_TRY(field(x, l, err));
    }
}

npu_status prototxt_parse(const char *path, const char *text, size_t n, base_arena *arena,
                          const prototxt_field **root, npu_err *err)
{
    const char *from = n ? text : ""; /* an empty text may be NULL */
    prototxt_lex x = {path, from, from + n, from, 1, arena, 0};
    prototxt_field *top = arena_alloc(arena, sizeof *top);
    if (!top)
        return no_memory(&x, err);
    *top = (prototxt_field){.name = "", .kind = PROTOTXT_MESSAGE, .text = "", .line = 1,
                            .column = 1};
    level l = {top, &top->child, 0};
    NPU_TRY(fields(&x, &l, 0, err));
    *root = top;
    return NPU_OK;
}
