/* npusim disasm: every command of a model as a line of text that "npusim asm" takes back. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "formats/cmdbuf.h"
#include "sim/text.h"
#include "tools/asm.h"
#include "tools/common.h"

enum { LINE_MAX_BYTES = 8192 };

static void put_text(buf_writer *out, const char *text)
{
    buf_put(out, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put(buf_writer *out, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    put_text(out, line);
}

static void put_quoted(buf_writer *out, const char *text)
{
    char *word = malloc(4 * strlen(text) + 3);

    if (word) {
        asm_quote(text, word);
        put_text(out, word);
    } else {
        out->failed = true;
    }
    free(word);
}

/* What of the record header the assembler would not write by itself. */
static void put_prefix(const fmt_cmd *c, const cvi_chip *chip, buf_writer *out)
{
    if (c->magic != chip->magic)
        put(out, "@magic=0x%02x ", c->magic);
    if (c->engine_high)
        put(out, "@high=%u ", c->engine_high);
    if (c->flags)
        put(out, "@flags=%u ", c->flags);
    if (c->wide)
        put_text(out, "@wide ");
    else if (c->mask)
        put(out, "@mask=0x%x ", c->mask);
}

/* A command nobody knows stays as bytes, with the reason behind it. */
static void put_raw(const fmt_cmd *c, const char *why, buf_writer *out)
{
    put(out, "raw %u ", (unsigned)c->engine);
    for (size_t i = 0; i < c->n; i++)
        put(out, "%02x", c->payload[i]);
    put_text(out, " # ");
    put_text(out, why);
}

static npu_status put_section(const npu_section *s, const cvi_chip *chip, buf_writer *out,
                              npu_err *err)
{
    fmt_cmdbuf b = fmt_cmdbuf_of(s);
    fmt_cmd c;

    put_text(out, "\n.section ");
    put_quoted(out, s->name);
    put_text(out, s->compress ? " lz4\n" : "\n");
    for (;;) {
        char line[LINE_MAX_BYTES];
        npu_err why = {0};
        NPU_TRY(fmt_cmdbuf_next(&b, &c, err));
        if (!c.payload)
            return NPU_OK;
        put_prefix(&c, chip, out);
        if (sim_text_print(chip->isa, c.engine, c.payload, c.n, line, sizeof line, &why) == NPU_OK)
            put_text(out, line);
        else
            put_raw(&c, why.text, out);
        put_text(out, "\n");
    }
}

static npu_status put_model(const npu_model *m, buf_writer *out, npu_err *err)
{
    cvi_chip found;
    const cvi_chip *chip = &found;

    if (asm_chip(m->chip, &found, err) != NPU_OK)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: chip %s has no known commands", m->path,
                        m->chip);
    put_text(out, "# commands of ");
    put_text(out, m->name ? m->name : "a model without name");
    put(out, ", sha256 %s\n.chip %s\n", m->sha256, m->chip);
    for (size_t i = 0; i < m->nsection; i++) {
        const npu_section *s = &m->section[i];
        if (s->type == NPU_SECTION_CMDBUF)
            NPU_TRY(put_section(s, chip, out, err));
        else if (s->type == NPU_SECTION_DMABUF)
            put(out, "\n# section %.200s is a DMABUF of %zu bytes, not disassembled\n", s->name,
                s->data_bytes);
    }
    return out->failed ? npu_fail(err, NPU_LIMIT, "out of memory") : NPU_OK;
}

static npu_status disassemble(const char *path, const char *to, npu_err *err)
{
    npu_model *m;
    buf_writer out = {0};
    npu_status s;

    NPU_TRY(npu_model_open(path, &m, err));
    if ((s = put_model(m, &out, err)) == NPU_OK)
        s = tool_put(to, (const char *)out.data, out.len, err);
    buf_free(&out);
    npu_model_free(m);
    return s;
}

typedef struct {
    const char *output;
} disasm_options;

static const opt_spec disasm_spec[] = {
    {"output", 'o', OPT_STRING, offsetof(disasm_options, output), "FILE",
     "write to FILE instead of standard output (-)"},
    OPT_END};

static const opt_program disasm_program = {
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .spec = disasm_spec,
    .doc = "Prints every command of the model FILE, one per line: mnemonic, own number, awaited "
           "number, layer, and each field that differs from its usual value. The asm command turns "
           "the text into the same bytes.",
    .example = "npusim disasm model.cvimodel | head"};

int cmd_disasm(int argc, char **argv)
{
    disasm_options o = {0};
    opt_rest rest;
    npu_err err = {0};
    int status = opt_parse(&disasm_program, argc, argv, &o, &rest);

    if (status >= 0)
        return status;
    status = disassemble(rest.arg[0], o.output, &err);
    opt_free(&disasm_program, &o);
    return status == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
