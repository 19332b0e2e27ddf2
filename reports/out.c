/* Numbers and escapes.  printf follows LC_NUMERIC, which a program that links the library may have
 * set, so the decimal mark is put back to '.' here. */
#include "reports/out.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define NARROW_SPACE "\xe2\x80\xaf" /* U+202F */
#define MINUS "\xe2\x88\x92"        /* U+2212 */

static rep_num text(const char *s)
{
    rep_num n;
    snprintf(n.s, sizeof n.s, "%s", s);
    return n;
}

/* Replaces whatever the locale prints between the digits by '.'. */
static void dot(char *s)
{
    char *w = s;
    for (const char *r = s; *r; r++) {
        if (strchr("0123456789+-e", *r))
            *w++ = *r;
        else if (w == s || w[-1] != '.')
            *w++ = '.';
    }
    *w = '\0';
}

rep_num rep_fix(double v, int decimals)
{
    rep_num n;
    if (!isfinite(v))
        return text("-");
    if (fabs(v) < 0.5 * pow(10, -decimals))
        v = 0; /* no "-0.00" */
    snprintf(n.s, sizeof n.s, fabs(v) < 1e18 ? "%.*f" : "%.*e", decimals, v);
    dot(n.s);
    return n;
}

rep_num rep_general(double v)
{
    rep_num n;
    if (!isfinite(v))
        return text("null");
    snprintf(n.s, sizeof n.s, "%.9g", v == 0 ? 0 : v);
    dot(n.s);
    return n;
}

rep_num rep_short(double v)
{
    double a = fabs(v);
    return rep_fix(v, a >= 999.5 ? 0 : a >= 9.995 ? 1 : a >= 0.9995 ? 2 : 3);
}

rep_num rep_group(double v)
{
    rep_num digits = rep_fix(fabs(v), 0), n;
    size_t len = strlen(digits.s), w = 0;
    if (!isfinite(v) || len > 18)
        return digits;
    if (v <= -0.5)
        w = strlen(strcpy(n.s, MINUS));
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            w += strlen(strcpy(n.s + w, NARROW_SPACE));
        n.s[w++] = digits.s[i];
    }
    n.s[w] = '\0';
    return n;
}

rep_num rep_signed(double v, int decimals)
{
    rep_num n = rep_fix(fabs(v), decimals), out;
    bool zero = strspn(n.s, "0.") == strlen(n.s);
    snprintf(out.s, sizeof out.s, "%s%.40s", zero ? "" : v < 0 ? MINUS : "+", n.s);
    return out;
}

rep_num rep_axis(double v)
{
    rep_num n;
    if (v >= 1 && v == floor(v))
        return rep_group(v);
    snprintf(n.s, sizeof n.s, "%.4g", v);
    dot(n.s);
    return n;
}

rep_num rep_scaled(double v, char most, const char *unit)
{
    rep_num n;
    char prefix[2] = "k";
    double scale = 1e3;
    if (v >= 1e5)
        *prefix = 'M', scale = 1e6;
    if (v >= 1e8 && most == 'G')
        *prefix = 'G', scale = 1e9;
    snprintf(n.s, sizeof n.s, "%.20s %s%.20s", rep_short(v / scale).s, prefix, unit);
    return n;
}

/* Length of the sequence that starts with byte C, 0 when none may; *LOW is the least code point
 * of that length, below which the sequence is overlong. */
static int sequence(unsigned char c, uint32_t *code, uint32_t *low)
{
    if (c >= 0xc2 && c <= 0xdf)
        return *code = c & 0x1fu, *low = 0x80, 2;
    if (c >= 0xe0 && c <= 0xef)
        return *code = c & 0x0fu, *low = 0x800, 3;
    if (c >= 0xf0 && c <= 0xf4)
        return *code = c & 0x07u, *low = 0x10000, 4;
    return 0;
}

uint32_t rep_utf8(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    uint32_t code = 0, low = 0;
    if (*p == '\0')
        return 0;
    ++*s;
    if (*p < 0x80)
        return *p;
    int n = sequence(*p, &code, &low);
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0xfffd;
        code = code << 6 | (p[i] & 0x3fu);
    }
    if (n == 0 || code < low || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0xfffd;
    *s += n - 1;
    return code;
}

/* Control characters, and the marks that turn the direction of text around: a name could use
 * them to read as something else. */
static bool invisible(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

void rep_put_utf8(FILE *f, uint32_t c)
{
    if (c < 0x80) {
        putc((int)c, f);
    } else if (c < 0x800) {
        putc((int)(0xc0 | c >> 6), f);
        putc((int)(0x80 | (c & 0x3f)), f);
    } else if (c < 0x10000) {
        putc((int)(0xe0 | c >> 12), f);
        putc((int)(0x80 | (c >> 6 & 0x3f)), f);
        putc((int)(0x80 | (c & 0x3f)), f);
    } else {
        putc((int)(0xf0 | c >> 18), f);
        putc((int)(0x80 | (c >> 12 & 0x3f)), f);
        putc((int)(0x80 | (c >> 6 & 0x3f)), f);
        putc((int)(0x80 | (c & 0x3f)), f);
    }
}

void rep_html(FILE *f, const char *s)
{
    uint32_t c;
    for (s = s ? s : ""; (c = rep_utf8(&s)) != 0;) {
        switch (c) {
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '&': fputs("&amp;", f); break;
        case '"': fputs("&quot;", f); break;
        case '\'': fputs("&#39;", f); break;
        case '\t': case '\n': case '\r': putc(' ', f); break;
        default: rep_put_utf8(f, invisible(c) ? 0xfffd : c);
        }
    }
}

void rep_json_text(FILE *f, const char *s)
{
    uint32_t c;
    putc('"', f);
    for (s = s ? s : ""; (c = rep_utf8(&s)) != 0;) {
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", (int)c);
        else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&')
            fprintf(f, "\\u%04" PRIx32, c);
        else
            rep_put_utf8(f, c);
    }
    putc('"', f);
}

void rep_put_plain(FILE *f, uint32_t c)
{
    rep_put_utf8(f, invisible(c) ? '?' : c);
}

void rep_plain(FILE *f, const char *s, int columns)
{
    uint32_t c;
    int n = 0;
    for (s = s ? s : ""; (c = rep_utf8(&s)) != 0; n++) {
        if (columns > 0 && n == columns - 1 && *s) { /* the rest does not fit */
            putc('~', f);
            n++;
            break;
        }
        rep_put_plain(f, c);
    }
    for (; n < columns; n++)
        putc(' ', f);
}
