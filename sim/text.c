/* Disassembly and assembly of one command over the tables; see text.h. */
#include "sim/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "sim/decode.h"

typedef struct {
    char *out;
    size_t cap, len;
} sink;

__attribute__((format(printf, 2, 3))) static void put(sink *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t room = s->len < s->cap ? s->cap - s->len : 0;
    int k = vsnprintf(room ? s->out + s->len : NULL, room, fmt, ap);
    va_end(ap);
    if (k > 0)
        s->len += (size_t)k;
}

/* What a payload of encoding E holds before any field is named: match bits and presets. */
static void implied(const sim_layout *l, const sim_encoding *e, uint8_t *payload)
{
    memset(payload, 0, l->bytes);
    for (const char *const *p = l->preset; *p; p += 2) {
        const sim_field *f = sim_field_find(l, p[0]);
        bits_put(payload, f->first, f->width, (uint32_t)strtoul(p[1], NULL, 10));
    }
    bits_put(payload, l->window, 32,
             bits_get(payload, l->window, 32) | (uint32_t)e->match);
    bits_put(payload, l->window + 32, 32,
             bits_get(payload, l->window + 32, 32) | (uint32_t)(e->match >> 32));
}

static uint32_t value_of(const sim_field *f, const uint8_t *payload)
{
    return bits_get(payload, f->first, f->width);
}

/* Row the mnemonic stands for: the first of its kind (LUT and HWC loads have more). */
static const sim_encoding *first_of_kind(const sim_layout *l, npu_kind kind)
{
    for (unsigned i = 0; i < l->nencoding; i++)
        if (l->encoding[i].kind == kind)
            return &l->encoding[i];
    return NULL;
}

npu_status sim_text_print(npu_isa isa, npu_engine engine, const uint8_t *payload, size_t n,
                          char *out, size_t cap, npu_err *err)
{
    npu_cmd c = {0};
    const sim_layout *l = sim_layout_of(isa, engine);
    const sim_encoding *e = l && n == l->bytes ? sim_identify(l, payload) : NULL;
    if (!e)
        return sim_decode(isa, engine, payload, n, &c, err);
    uint8_t base[SIM_PAYLOAD_MAX];
    implied(l, first_of_kind(l, e->kind), base);
    sink s = {out, cap, 0};
    put(&s, "%s id=%u wait=%u layer=%u", npu_kind_table[e->kind].mnemonic,
        value_of(sim_field_find(l, l->id), payload), value_of(sim_field_find(l, l->wait), payload),
        value_of(sim_field_find(l, l->layer), payload));
    for (unsigned i = 0; i < l->nfield; i++) {
        const sim_field *f = &l->field[i];
        uint32_t v = value_of(f, payload);
        if (v == value_of(f, base) || !strcmp(f->name, l->id) || !strcmp(f->name, l->wait) ||
            !strcmp(f->name, l->layer))
            continue;
        put(&s, strstr(f->name, "addr") ? " %s=0x%x" : " %s=%u", f->name, v);
    }
    if (s.len >= cap)
        return npu_fail(err, NPU_LIMIT, "line of %zu characters, %zu fit", s.len, cap);
    return NPU_OK;
}

static const sim_field *field_of_word(const sim_layout *l, const char *word)
{
    if (!strcmp(word, "id"))
        return sim_field_find(l, l->id);
    if (!strcmp(word, "wait"))
        return sim_field_find(l, l->wait);
    if (!strcmp(word, "layer"))
        return sim_field_find(l, l->layer);
    return sim_field_find(l, word);
}

/* "name=value" into the payload. */
static npu_status assign(const sim_layout *l, char *word, uint8_t *payload, npu_err *err)
{
    char *eq = strchr(word, '='), *end;
    if (!eq || eq == word)
        return npu_fail(err, NPU_BAD_INPUT, "'%s': expected field=value", word);
    *eq = '\0';
    const sim_field *f = field_of_word(l, word);
    if (!f)
        return npu_fail(err, NPU_BAD_INPUT,
                        "'%s': no such field in %s (docs/INSTRUCTIONS.md lists them)", word,
                        l->name);
    errno = 0;
    /* no octal: a leading zero means nothing */
    unsigned long long v = strtoull(eq + 1, &end, !strncmp(eq + 1, "0x", 2) ? 16 : 10);
    if (eq[1] < '0' || eq[1] > '9' || *end || errno || v >> f->width)
        return npu_fail(err, NPU_BAD_INPUT, "%s=%s: a number from 0 to %llu is needed", word,
                        eq + 1, (1ull << f->width) - 1);
    bits_put(payload, f->first, f->width, (uint32_t)v);
    return NPU_OK;
}

static npu_kind kind_of_mnemonic(const char *word)
{
    for (int k = 0; k < NPU_KINDS; k++)
        if (!strcmp(npu_kind_table[k].mnemonic, word))
            return (npu_kind)k;
    return NPU_KINDS;
}

npu_status sim_text_parse(npu_isa isa, const char *line, npu_engine *engine,
                          uint8_t payload[SIM_PAYLOAD_MAX], size_t *n, npu_err *err)
{
    char *copy = strdup(line), *save = NULL;
    npu_status s = NPU_OK;
    if (!copy)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    char *word = strtok_r(copy, " \t\r\n", &save);
    npu_kind kind = word ? kind_of_mnemonic(word) : NPU_KINDS;
    const sim_layout *l = kind < NPU_KINDS ? sim_layout_of(isa, npu_kind_table[kind].engine) : NULL;
    const sim_encoding *e = l ? first_of_kind(l, kind) : NULL;
    if (!e) {
        s = npu_fail(err, NPU_BAD_INPUT, "'%s': no such instruction on this chip",
                     word ? word : "");
    } else {
        *engine = l->engine;
        *n = l->bytes;
        implied(l, e, payload);
        while (s == NPU_OK && (word = strtok_r(NULL, " \t\r\n", &save)))
            s = assign(l, word, payload, err);
    }
    free(copy);
    return s;
}
