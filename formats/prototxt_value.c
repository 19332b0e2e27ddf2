/* Values of prototxt fields, and the tree as text again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/prototxt_lex.h"

bool prototxt_is_special(const char *word)
{
    return !strcasecmp(word, "inf") || !strcasecmp(word, "infinity") || !strcasecmp(word, "nan");
}

const prototxt_field *prototxt_find(const prototxt_field *f, const char *name)
{
    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

const prototxt_field *prototxt_get(const prototxt_field *m, const char *name)
{
    const prototxt_field *last = NULL;
    for (const prototxt_field *f = m ? m->child : NULL; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            last = f;
    return last;
}

bool prototxt_int(const prototxt_field *f, int64_t *out)
{
    char *end;
    if (f->kind != PROTOTXT_NUMBER)
        return false;
    errno = 0;
    *out = strtoll(f->text, &end, 0);
    return end != f->text && !*end && errno == 0;
}

bool prototxt_num(const prototxt_field *f, double *out)
{
    char text[128];
    char *end;
    int64_t i;
    if (prototxt_int(f, &i)) { /* strtod does not know octal */
        *out = (double)i;
        return true;
    }
    if (f->kind != PROTOTXT_NUMBER || f->len >= sizeof text)
        return false;
    memcpy(text, f->text, f->len + 1);
    bool plain = !strpbrk(text, "xXiInN"); /* in 0x1f and inf the last letter is not a suffix */
    if (plain && (text[f->len - 1] == 'f' || text[f->len - 1] == 'F'))
        text[f->len - 1] = 0;
    *out = strtod(text, &end);
    return end != text && !*end;
}

bool prototxt_bool(const prototxt_field *f, bool *out)
{
    static const struct { const char *text; bool value; } names[] = {
        {"true", true}, {"True", true}, {"t", true}, {"false", false}, {"False", false},
        {"f", false},
    };
    int64_t i;
    if (f->kind == PROTOTXT_NUMBER && prototxt_int(f, &i) && (i == 0 || i == 1)) {
        *out = i == 1;
        return true;
    }
    for (size_t k = 0; f->kind == PROTOTXT_WORD && k < sizeof names / sizeof *names; k++)
        if (strcmp(f->text, names[k].text) == 0) {
            *out = names[k].value;
            return true;
        }
    return false;
}

bool prototxt_string(const prototxt_field *f, const char **out)
{
    if (f->kind != PROTOTXT_STRING || strlen(f->text) != f->len)
        return false;
    *out = f->text;
    return true;
}

static void put_text(buf_writer *out, const char *text)
{
    buf_put(out, text, strlen(text));
}

static void put_quoted(buf_writer *out, const prototxt_field *f)
{
    put_text(out, "\"");
    for (size_t i = 0; i < f->len; i++) {
        unsigned char c = (unsigned char)f->text[i];
        char octal[8];
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
            snprintf(octal, sizeof octal, "%c", c);
        else
            snprintf(octal, sizeof octal, "\\%03o", c);
        put_text(out, octal);
    }
    put_text(out, "\"");
}

void prototxt_print(const prototxt_field *m, buf_writer *out)
{
    for (const prototxt_field *f = m->child; f; f = f->next) {
        put_text(out, f->name);
        if (f->kind == PROTOTXT_MESSAGE) {
            put_text(out, " {\n");
            prototxt_print(f, out);
            put_text(out, "}\n");
            continue;
        }
        put_text(out, ": ");
        if (f->kind == PROTOTXT_STRING)
            put_quoted(out, f);
        else
            put_text(out, f->text);
        put_text(out, "\n");
    }
}
