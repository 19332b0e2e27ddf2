/* Strings of a prototxt: escapes decoded, adjacent strings joined. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/prototxt_lex.h"

static int peek(const prototxt_lex *x)
{
    return x->at < x->end ? (unsigned char)*x->at : -1;
}

static int hex(int c)
{
    return c >= '0' && c <= '9' ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void put(buf_writer *w, unsigned byte)
{
    buf_put_int(w, byte, 1);
}

static void put_utf8(buf_writer *w, uint32_t c)
{
    if (c < 0x80) {
        put(w, c);
    } else if (c < 0x800) {
        put(w, 0xC0 | c >> 6);
        put(w, 0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(w, 0xE0 | c >> 12);
        put(w, 0x80 | (c >> 6 & 0x3F));
        put(w, 0x80 | (c & 0x3F));
    } else {
        put(w, 0xF0 | c >> 18);
        put(w, 0x80 | (c >> 12 & 0x3F));
        put(w, 0x80 | (c >> 6 & 0x3F));
        put(w, 0x80 | (c & 0x3F));
    }
}

/* COUNT hexadecimal digits. */
static npu_status fixed_hex(prototxt_lex *x, int count, uint32_t *out, npu_err *err)
{
    for (*out = 0; count--; x->at++) {
        int d = hex(peek(x));
        if (d < 0)
            return prototxt_wrong(x, "a hexadecimal digit of a Unicode escape", err);
        *out = *out << 4 | (uint32_t)d;
    }
    return NPU_OK;
}

/* After \u or \U.  A pair of surrogates is one character. */
static npu_status unicode(prototxt_lex *x, int count, buf_writer *w, npu_err *err)
{
    uint32_t c, low;
    NPU_TRY(fixed_hex(x, count, &c, err));
    if (c >= 0xD800 && c < 0xDC00 && x->end - x->at >= 2 && x->at[0] == '\\' && x->at[1] == 'u') {
        x->at += 2;
        NPU_TRY(fixed_hex(x, 4, &low, err));
        if (low < 0xDC00 || low > 0xDFFF)
            return prototxt_wrong(x, "the second half of a surrogate pair before it", err);
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return prototxt_wrong(x, "a Unicode character before it", err);
    put_utf8(w, c);
    return NPU_OK;
}

/* Up to MAX digits of BASE (8 or 16). */
static npu_status number(prototxt_lex *x, int base, int max, buf_writer *w, npu_err *err)
{
    unsigned v = 0;
    int n = 0;
    for (; n < max && hex(peek(x)) >= 0 && hex(peek(x)) < base; n++)
        v = v * (unsigned)base + (unsigned)hex(*x->at++);
    if (n == 0)
        return prototxt_wrong(x, "a hexadecimal digit after \\x", err);
    if (v > 0xFF)
        return prototxt_wrong(x, "an octal escape of at most \\377 before it", err);
    put(w, v);
    return NPU_OK;
}

static npu_status escape(prototxt_lex *x, buf_writer *w, npu_err *err)
{
    static const char letters[] = "abfnrtv?\\'\"", bytes[] = "\a\b\f\n\r\t\v?\\'\"";
    int c = peek(x);
    const char *at = c > 0 ? strchr(letters, c) : NULL;
    if (c >= '0' && c <= '7')
        return number(x, 8, 3, w, err);
    if (!at && c != 'x' && c != 'X' && c != 'u' && c != 'U')
        return prototxt_wrong(x, "an escape (one of abfnrtv?\\'\", digits, x, u, U) after '\\'",
                              err);
    x->at++;
    if (at)
        return put(w, (unsigned char)bytes[at - letters]), NPU_OK;
    return c == 'u' || c == 'U' ? unicode(x, c == 'u' ? 4 : 8, w, err)
                                : number(x, 16, 2, w, err);
}

static npu_status one(prototxt_lex *x, buf_writer *w, npu_err *err)
{
    int quote = *x->at++;
    for (int c; (c = peek(x)) != quote;) {
        if (c < 0 || c == '\n')
            return prototxt_wrong(x, quote == '"' ? "the closing '\"' of a string"
                                                  : "the closing \"'\" of a string", err);
        x->at++;
        if (c == '\\')
            NPU_TRY(escape(x, w, err));
        else
            put(w, (unsigned)c);
    }
    x->at++;
    return NPU_OK;
}

npu_status prototxt_take_string(prototxt_lex *x, prototxt_field *f, npu_err *err)
{
    buf_writer w = {0};
    npu_status s = NPU_OK;
    while (s == NPU_OK && (peek(x) == '"' || peek(x) == '\'')) {
        s = one(x, &w, err);
        if (s == NPU_OK)
            prototxt_skip_space(x);
    }
    if (s == NPU_OK) {
        f->kind = PROTOTXT_STRING;
        f->len = w.len;
        f->text = w.failed ? NULL : arena_textn(x->arena, w.data ? (char *)w.data : "", w.len);
        if (!f->text)
            s = npu_fail(err, NPU_LIMIT, "%s: out of memory", x->path);
    }
    buf_free(&w);
    return s;
}
