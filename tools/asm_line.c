/* Words of a line of assembler text (tools/asm_line.h). */
#include "tools/asm_line.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

static bool is_blank(char c)
{
    return c && strchr(BLANKS, c);
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Escape after the backslash at *p; returns the byte, -1 when there is no such escape. */
static int escape(const char **p)
{
    const char *s = *p;

    if (s[1] == '"' || s[1] == '\\') {
        *p += 2;
        return s[1];
    }
    if (s[1] == 'x' && hex_digit(s[2]) >= 0 && hex_digit(s[3]) >= 0) {
        *p += 4;
        return hex_digit(s[2]) * 16 + hex_digit(s[3]);
    }
    return -1;
}

/* Copies one word from *p over itself to *to, resolving quotes. */
static npu_status take_word(const char **p, char **to, npu_err *err)
{
    bool quoted = false;

    while (**p && (quoted || !is_blank(**p))) {
        if (**p == '"') {
            quoted = !quoted;
            ++*p;
        } else if (quoted && **p == '\\') {
            const char *at = *p;
            int c = escape(p);
            if (c <= 0)
                return npu_fail(err, NPU_BAD_INPUT,
                                "escape %.4s: known are \\\" \\\\ and \\xHH but not \\x00", at);
            *(*to)++ = (char)c;
        } else {
            *(*to)++ = *(*p)++;
        }
    }
    return quoted ? npu_fail(err, NPU_BAD_INPUT, "a quote is not closed") : NPU_OK;
}

npu_status asm_split(char *line, asm_words *w, npu_err *err)
{
    const char *p = line;
    char *to = line;

    w->n = 0;
    for (;;) {
        p += strspn(p, BLANKS);
        if (!*p || *p == '#')
            return NPU_OK;
        if (w->n == ASM_WORDS_MAX)
            return npu_fail(err, NPU_BAD_INPUT, "more than %d words", (int)ASM_WORDS_MAX);
        w->word[w->n++] = to;
        NPU_TRY(take_word(&p, &to, err));
        if (*p)
            p++; /* the blank, before its place is taken by the end of the word */
        *to++ = '\0';
    }
}

void asm_cut_comment(char *line)
{
    for (char *p = line; (p = strchr(p, '#')); p++)
        if (p == line || is_blank(p[-1])) {
            *p = '\0';
            return;
        }
}

const char *asm_value(const asm_words *w, size_t from, const char *key, size_t *next)
{
    size_t n = strlen(key);

    for (size_t i = from; i < w->n; i++)
        if (!strncmp(w->word[i], key, n) && w->word[i][n] == '=') {
            if (next)
                *next = i + 1;
            return w->word[i] + n + 1;
        }
    return NULL;
}

bool asm_flag(const asm_words *w, size_t from, const char *key)
{
    for (size_t i = from; i < w->n; i++)
        if (!strcmp(w->word[i], key))
            return true;
    return false;
}

/* True when WORD (up to and with its '=') is one of the words of LIST. */
static bool in_list(const char *word, const char *list)
{
    size_t n = strcspn(word, "=");

    n += word[n] == '=';
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, " ");
        if (len == n && !strncmp(p, word, n))
            return true;
        p += len + (p[len] == ' ');
    }
    return false;
}

npu_status asm_check_words(const asm_words *w, size_t from, const char *allowed, npu_err *err)
{
    for (size_t i = from; i < w->n; i++)
        if (!in_list(w->word[i], allowed))
            return npu_fail(err, NPU_BAD_INPUT, "%s: '%.60s' is unknown; allowed: %s", w->word[0],
                            w->word[i], *allowed ? allowed : "nothing");
    return NPU_OK;
}

npu_status asm_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *out,
                   npu_err *err)
{
    char *end;
    long long v;

    const char *digits = *text == '-' ? text + 1 : text;
    bool hex = digits[0] == '0' && (digits[1] | 0x20) == 'x'; /* a leading 0 is no octal */

    errno = 0;
    v = strtoll(text, &end, hex ? 16 : 10);
    if (end == text || *end || errno || is_blank(*text) || v < min || v > max)
        return npu_fail(err, NPU_BAD_INPUT, "%s: '%.60s' is not a number from %lld to %lld", what,
                        text, (long long)min, (long long)max);
    *out = v;
    return NPU_OK;
}

npu_status asm_float(const char *what, const char *text, double *out, npu_err *err)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end || is_blank(*text) || !isfinite(v))
        return npu_fail(err, NPU_BAD_INPUT, "%s: '%.60s' is not a number", what, text);
    *out = v;
    return NPU_OK;
}

npu_status asm_key_int(const asm_words *w, const char *key, int64_t dflt, int64_t min, int64_t max,
                       int64_t *out, npu_err *err)
{
    const char *text = asm_value(w, 1, key, NULL);

    *out = dflt;
    return text ? asm_int(key, text, min, max, out, err) : NPU_OK;
}

void asm_quote(const char *text, char *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:+";
    bool quote = !*text || text[strspn(text, plain)];

    if (quote)
        *out++ = '"';
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            *out++ = '\\';
        *out++ = *p;
    }
    if (quote)
        *out++ = '"';
    *out = '\0';
}
