/* One value of the YAML file against its row of config.def, written in one normal form. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/near.h"
#include "base/num.h"
#include "compiler/config_in.h"

enum { WORDS_MAX = 16, WORD_MAX = 32 };

npu_status cfg_refuse(const cc_config *c, int key, npu_status s, npu_err *err, const char *fmt, ...)
{
    char why[320], line[16] = "";
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    if (c->line[key])
        snprintf(line, sizeof line, ":%u", c->line[key]);
    return npu_fail(err, s, "Key '%s' error:\n%.80s%s: %s: %s",
                    cc_config_group(cfg_keys[key].group), c->path, line, cfg_keys[key].name, why);
}

npu_status cfg_warn(cc_config *c, npu_err *err, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (c->nwarning == c->warning_cap) {
        size_t cap = c->warning_cap ? 2 * c->warning_cap : 16;
        const char **list = arena_alloc(c->arena, cap * sizeof *list);
        if (!list)
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
        if (c->nwarning)
            memcpy(list, c->warning, c->nwarning * sizeof *list);
        c->warning = list;
        c->warning_cap = cap;
    }
    if (!(c->warning[c->nwarning] = arena_text(c->arena, text)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    c->nwarning++;
    return NPU_OK;
}

static bool blank(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

/* Copy of the N bytes at TEXT without blanks around. */
static const char *trimmed(base_arena *a, const char *text, size_t n)
{
    while (n && blank(*text))
        text++, n--;
    while (n && blank(text[n - 1]))
        n--;
    return arena_textn(a, text, n);
}

npu_status cfg_split(cc_config *c, const char *text, char at, cfg_texts *out, npu_err *err)
{
    size_t parts = 1;
    for (const char *p = text; *p; p++)
        parts += *p == at;
    out->n = 0;
    out->item = arena_alloc(c->arena, parts * sizeof *out->item);
    while (out->item) {
        const char *end = strchr(text, at);
        const char *part = trimmed(c->arena, text, end ? (size_t)(end - text) : strlen(text));
        if (!part)
            break;
        if (end || *part)
            if (at != ' ' || *part) /* several blanks are one */
                out->item[out->n++] = part;
        if (!end)
            return NPU_OK;
        text = end + 1;
    }
    return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
}

int cfg_word(const char *word, const char *allowed)
{
    size_t n = strlen(word);
    for (int i = 0; *allowed; i++) {
        size_t len = strcspn(allowed, " ");
        if (len == n && !strncasecmp(word, allowed, n))
            return i;
        allowed += len;
        allowed += *allowed == ' ';
    }
    return -1;
}

/* The word of ALLOWED nearest to WORD, in TEXT; "" when none is near. */
static const char *suggest(const char *word, const char *allowed, char text[WORD_MAX + 20])
{
    char words[WORDS_MAX][WORD_MAX];
    const char *names[WORDS_MAX], *near;
    size_t n = 0;
    while (*allowed && n < WORDS_MAX) {
        size_t len = strcspn(allowed, " ");
        snprintf(words[n], WORD_MAX, "%.*s", (int)len, allowed);
        names[n] = words[n];
        n++;
        allowed += len;
        allowed += *allowed == ' ';
    }
    near = base_nearest(word, names, n);
    text[0] = '\0';
    if (near)
        snprintf(text, WORD_MAX + 20, "; did you mean %s?", near);
    return text;
}

static npu_status wrong_word(cc_config *c, int key, const char *word, npu_err *err)
{
    char near[WORD_MAX + 20];
    return cfg_refuse(c, key, NPU_BAD_INPUT, err, "'%.60s' is not one of: %s%s", word,
                      cfg_keys[key].allowed, suggest(word, cfg_keys[key].allowed, near));
}

/* WORD spelled as in the table; NULL: no such word, or no memory. */
static const char *spelled(cc_config *c, int key, const char *word)
{
    const char *at = cfg_keys[key].allowed;
    int k = cfg_word(word, at);
    if (k < 0)
        return NULL;
    while (k--)
        at = strchr(at, ' ') + 1;
    return arena_textn(c->arena, at, strcspn(at, " "));
}

/* Every part of a ';' list, checked against the allowed words when there are any, joined again. */
static npu_status list(cc_config *c, int key, const char *text, npu_err *err)
{
    cfg_texts parts;
    size_t room = 1, at = 0;
    char *joined;
    NPU_TRY(cfg_split(c, text, ';', &parts, err));
    for (size_t i = 0; i < parts.n; i++) {
        const char *word = parts.item[i];
        if (!*word)
            return cfg_refuse(c, key, NPU_BAD_INPUT, err, "value %zu of '%.80s' is empty", i + 1,
                              text);
        if (*cfg_keys[key].allowed && !(parts.item[i] = spelled(c, key, word)))
            return wrong_word(c, key, word, err);
        room += strlen(parts.item[i]) + 1;
    }
    if (!(joined = arena_alloc(c->arena, room)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    for (size_t i = 0; i < parts.n; i++)
        at += (size_t)sprintf(joined + at, "%s%s", i ? ";" : "", parts.item[i]);
    c->value[key] = parts.n ? joined : NULL;
    return NPU_OK;
}

static npu_status truth(cc_config *c, int key, const char *text, npu_err *err)
{
    int k = cfg_word(text, "False True no yes off on");
    if (k < 0)
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "'%.60s' is neither True nor False", text);
    c->value[key] = k % 2 ? "True" : "False";
    return NPU_OK;
}

static npu_status number(cc_config *c, int key, const char *text, npu_err *err)
{
    const cfg_key *k = &cfg_keys[key];
    double v;
    bool whole = k->kind == CFG_INT;
    if (!num_read(text, &v) || (whole && strspn(text, "0123456789") != strlen(text)))
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "'%.60s' is not a %snumber", text,
                          whole ? "whole " : "");
    if (v < k->min || v > k->max)
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "%.60s is outside %.0f..%.0f", text, k->min,
                          k->max);
    num_text exact = num_exact(v);
    c->value[key] = whole ? arena_printf(c->arena, "%.0f", v)
                          : arena_printf(c->arena, "%s%s", exact.s,
                                         strpbrk(exact.s, ".e") ? "" : ".0"); /* as Python does */
    return c->value[key] ? NPU_OK : npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
}

/* A plain number is microseconds, whatever the first guide's table says (its worked example, 10 ms
 * in calls of 500, gives 20 calls). */
static npu_status duration(cc_config *c, int key, const char *text, npu_err *err)
{
    char *end;
    unsigned long long v, unit;
    errno = 0;
    v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno)
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "'%.60s' is not a time (500, 500us, 2ms)",
                          text);
    while (blank(*end))
        end++;
    if (*end && strcmp(end, "us") && strcmp(end, "ms"))
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "'%.60s': unit '%.20s', allowed: us, ms",
                          text, end);
    unit = !strcmp(end, "ms") ? 1000 : 1;
    if ((double)v * (double)unit > cfg_keys[key].max)
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "%.60s is above 4294967295 us", text);
    v *= unit;
    if (!(c->value[key] = arena_printf(c->arena, "%llu", v)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    if (v)
        NPU_TRY(cfg_warn(c, err, "max_time_per_fc: '%.40s' is understood as %llu us per function "
                         "call", text, v));
    if (v && v < 1000)
        return cfg_warn(c, err, "max_time_per_fc: %llu us is below the vendor's least value of "
                        "1000 us", v);
    return NPU_OK;
}

static npu_status text_value(cc_config *c, int key, const char *text, npu_err *err)
{
    switch (cfg_keys[key].kind) {
    case CFG_BOOL: return truth(c, key, text, err);
    case CFG_INT:
    case CFG_REAL: return number(c, key, text, err);
    case CFG_TIME: return duration(c, key, text, err);
    case CFG_NAMES:
    case CFG_WORDS:
    case CFG_SOME: return list(c, key, text, err);
    case CFG_WORD:
        c->value[key] = spelled(c, key, text);
        return c->value[key] ? NPU_OK : wrong_word(c, key, text, err);
    case CFG_TEXT: c->value[key] = text; return NPU_OK;
    case CFG_MAP: break;
    }
    return cfg_refuse(c, key, NPU_BAD_INPUT, err, "'%.60s', expected a map {\"name\": value}",
                      text);
}

/* [a, b] is the same as 'a;b'. */
static npu_status sequence(cc_config *c, int key, const cfg_node *node, npu_err *err)
{
    cfg_value_kind kind = cfg_keys[key].kind;
    size_t room = 1, at = 0;
    char *joined;
    for (const cfg_node *n = node->child; n; n = n->next) {
        if (n->kind != CFG_SCALAR || !n->text)
            return cfg_refuse(c, key, NPU_BAD_INPUT, err, "a list may hold texts only");
        room += strlen(n->text) + 1;
    }
    if (kind != CFG_NAMES && kind != CFG_WORDS && kind != CFG_SOME)
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "a list, expected one value");
    if (!(joined = arena_alloc(c->arena, room)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    for (const cfg_node *n = node->child; n; n = n->next)
        at += (size_t)sprintf(joined + at, "%s%s", n == node->child ? "" : ";", n->text);
    return *joined ? list(c, key, joined, err) : NPU_OK;
}

npu_status cfg_value(cc_config *c, int key, const cfg_node *node, npu_err *err)
{
    const char *text;
    c->line[key] = node->line;
    if (node->kind == CFG_SEQUENCE)
        return sequence(c, key, node, err);
    if (node->kind == CFG_MAPPING) {
        if (cfg_keys[key].kind != CFG_MAP)
            return cfg_refuse(c, key, NPU_BAD_INPUT, err, "a map, expected one value");
        c->map[key] = node;
        return NPU_OK;
    }
    if (!node->text)
        return NPU_OK;
    if (!(text = trimmed(c->arena, node->text, strlen(node->text))))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    return *text ? text_value(c, key, text, err) : NPU_OK;
}
