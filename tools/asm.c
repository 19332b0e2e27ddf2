/* npusim asm: text -> command sections, or a complete container when it has a .model block.
 *
 * Text printed by "npusim disasm" assembles to the same bytes.  The language is docs/ASM.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "formats/cmdbuf.h"
#include "sim/text.h"
#include "tools/asm.h"
#include "tools/fail.h"
#include "tools/opt.h"

static const struct {
    const char *name;
    asm_directive *run;
} directives[] = {
    {".chip", asm_do_chip},       {".model", asm_do_model},     {".program", asm_do_program},
    {".tensor", asm_do_tensor},   {".routine", asm_do_routine}, {".attr", asm_do_attr},
    {".args", asm_do_args},       {".section", asm_do_section}, {".weight", asm_do_weight},
    {".bytes", asm_do_bytes},     {".zero", asm_do_zero},
};
enum { DIRECTIVES = sizeof directives / sizeof directives[0] };

static npu_status run_directive(asm_state *a, const asm_words *w, npu_err *err)
{
    char known[256] = "";

    for (size_t i = 0; i < DIRECTIVES; i++)
        if (!strcmp(directives[i].name, w->word[0]))
            return directives[i].run(a, w, err);
    for (size_t i = 0; i < DIRECTIVES; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), " %s", directives[i].name);
    return npu_fail(err, NPU_BAD_INPUT, "'%.60s' is unknown; directives are%s", w->word[0], known);
}

/* "@flags=1 " and the like before a command; *line moves past them. */
static npu_status take_prefix(char **line, fmt_cmd *c, npu_err *err)
{
    for (;;) {
        char *p = *line + strspn(*line, " \t\r\n"), word[64];
        size_t n = strcspn(p, " \t\r\n");
        int64_t v = 0;
        *line = p;
        if (*p != '@')
            return NPU_OK;
        snprintf(word, sizeof word, "%.*s", (int)n, p);
        if (!strncmp(word, "@flags=", 7)) {
            NPU_TRY(asm_int("@flags", word + 7, 0, UINT8_MAX, &v, err));
            c->flags = (uint8_t)v;
        } else if (!strncmp(word, "@mask=", 6)) {
            NPU_TRY(asm_int("@mask", word + 6, 0, UINT32_MAX, &v, err));
            c->mask = (uint32_t)v;
        } else if (!strncmp(word, "@high=", 6)) {
            NPU_TRY(asm_int("@high", word + 6, 0, 15, &v, err));
            c->engine_high = (uint8_t)v;
        } else if (!strncmp(word, "@magic=", 7)) {
            NPU_TRY(asm_int("@magic", word + 7, 0, UINT8_MAX, &v, err));
            c->magic = (uint8_t)v;
        } else if (!strcmp(word, "@wide")) {
            c->wide = true;
        } else {
            return npu_fail(err, NPU_BAD_INPUT, "'%s' is unknown; allowed: @flags= @mask= @high= "
                            "@magic= @wide", word);
        }
        *line = p + n;
    }
}

/* "raw ENGINE HEX": a payload as it is. */
static npu_status raw_command(char *line, fmt_cmd *c, buf_writer *bytes, npu_err *err)
{
    asm_words w;
    int64_t engine;

    NPU_TRY(asm_split(line, &w, err));
    if (w.n < 3)
        return npu_fail(err, NPU_BAD_INPUT, "raw: an engine (0 TIU, 1 CPU, 2 TDMA) and hex digits "
                        "are needed");
    NPU_TRY(asm_int("raw", w.word[1], 0, NPU_ENGINES - 1, &engine, err));
    NPU_TRY(asm_hex(&w, 2, bytes, err));
    c->engine = (npu_engine)engine;
    c->payload = bytes->data;
    c->n = bytes->len;
    return NPU_OK;
}

static npu_status run_command(asm_state *a, char *line, npu_err *err)
{
    uint8_t payload[SIM_PAYLOAD_MAX];
    buf_writer raw = {0};
    fmt_cmd c = {.payload = payload};
    npu_status s;

    if (a->section == SIZE_MAX || a->model->section[a->section].type != NPU_SECTION_CMDBUF)
        return npu_fail(err, NPU_BAD_INPUT, "a command outside a .section of type cmdbuf");
    if (!a->chip)
        return npu_fail(err, NPU_BAD_INPUT, "a command before .chip or .model");
    c.magic = a->chip->magic;
    NPU_TRY(take_prefix(&line, &c, err));
    if (!strncmp(line, "raw", 3) && strchr(" \t", line[3]))
        s = raw_command(line, &c, &raw, err);
    else
        s = sim_text_parse(a->chip->isa, line, &c.engine, payload, &c.n, err);
    if (s == NPU_OK)
        fmt_cmdbuf_put(&a->data[a->section], &c);
    buf_free(&raw);
    return s;
}

static npu_status run_line(asm_state *a, char *line, npu_err *err)
{
    asm_words w;
    char *p = line + strspn(line, " \t\r");

    if (*p == '.') {
        NPU_TRY(asm_split(p, &w, err));
        return run_directive(a, &w, err);
    }
    asm_cut_comment(p);
    return p[strspn(p, " \t\r")] ? run_command(a, p, err) : NPU_OK;
}

static npu_status run_lines(asm_state *a, const char *path, char *text, size_t n, npu_err *err)
{
    unsigned long number = 1;

    if (memchr(text, '\0', n))
        return npu_fail(err, NPU_BAD_INPUT, "%s: holds a NUL byte, is no text", path);
    for (char *line = text, *end; line < text + n; line = end + 1, number++) {
        npu_status s;
        if (!(end = memchr(line, '\n', (size_t)(text + n - line))))
            end = text + n;
        *end = '\0';
        if ((s = run_line(a, line, err)) != NPU_OK) {
            char where[300];
            snprintf(where, sizeof where, "%.250s:%lu", path, number);
            npu_fail_in(err, where);
            return s;
        }
    }
    return NPU_OK;
}

/* Moves the contents that grew beside the sections into them. */
static npu_status close_sections(asm_state *a, npu_err *err)
{
    for (size_t i = 0; i < a->model->nsection; i++) {
        npu_section *s = &a->model->section[i];
        if (a->data[i].failed || a->data[i].len > UINT32_MAX)
            return npu_fail(err, NPU_LIMIT, "section %s: larger than 4 GiB or than memory",
                            s->name);
        s->data = a->data[i].data;
        s->data_bytes = a->data[i].len;
        a->data[i] = (buf_writer){0};
    }
    return NPU_OK;
}

npu_status asm_text(asm_state *a, const char *path, char *text, size_t n, npu_err *err)
{
    *a = (asm_state){.section = SIZE_MAX, .weights = SIZE_MAX};
    a->model = calloc(1, sizeof *a->model);
    if (!a->model || !(a->model->path = strdup(path)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    NPU_TRY(run_lines(a, path, text, n, err));
    return close_sections(a, err);
}

void asm_free(asm_state *a)
{
    for (size_t i = 0; a->data && i < a->model->nsection; i++)
        buf_free(&a->data[i]);
    free(a->data);
    npu_model_free(a->model);
}

static npu_status write_sections(const asm_state *a, const char *dir, npu_err *err)
{
    if (a->model->nsection == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: no .section in it", a->model->path);
    NPU_TRY(sys_mkdir_p(dir, err));
    for (size_t i = 0; i < a->model->nsection; i++) {
        const npu_section *s = &a->model->section[i];
        char *name = sys_file_name(s->name), *path = NULL;
        npu_status st;
        if (name && asprintf(&path, "%s/%s.bin", dir, name) >= 0)
            st = sys_write_file(path, s->data, s->data_bytes, err);
        else
            st = npu_fail(err, NPU_LIMIT, "out of memory");
        free(name);
        free(path);
        NPU_TRY(st);
    }
    return NPU_OK;
}

static npu_status write_container(const asm_state *a, const char *path, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    npu_status s;

    NPU_TRY(cvi_write(a->model, a->bad_md5, &bytes, &n, err));
    s = sys_write_file(path, bytes, n, err);
    free(bytes);
    return s;
}

/* The text's name with the suffix of a container, in the current directory. */
static char *default_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    int n = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    char *name = NULL;

    return asprintf(&name, "%.*s.cvimodel", n, base) < 0 ? NULL : name;
}

static npu_status write_result(const asm_state *a, const char *out, npu_err *err)
{
    char *name;
    npu_status s;

    if (!a->complete)
        return write_sections(a, out ? out : ".", err);
    if (out)
        return write_container(a, out, err);
    if (!(name = default_name(a->model->path)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    s = write_container(a, name, err);
    free(name);
    return s;
}

static npu_status assemble(const char *path, const char *out, npu_err *err)
{
    asm_state a;
    uint8_t *text;
    size_t n;
    npu_status s;

    NPU_TRY(sys_read_file(path, &text, &n, err));
    if ((s = asm_text(&a, path, (char *)text, n, err)) == NPU_OK)
        s = write_result(&a, out, err);
    asm_free(&a);
    free(text);
    return s;
}

typedef struct {
    const char *output;
} asm_options;

static const opt_spec asm_spec[] = {
    {"output", 'o', OPT_STRING, offsetof(asm_options, output), "OUT",
     "container to write, or the folder for the sections of a text without .model"},
    OPT_END};

static const opt_program asm_program = {
    .args = "TEXT",
    .min_args = 1,
    .max_args = 1,
    .spec = asm_spec,
    .doc = "Assembles TEXT. A text with a .model block becomes a complete .cvimodel; without one, "
           "each .section becomes OUT/NAME.bin. What disasm prints assembles to the same bytes.",
    .example = "npusim asm -o tiny.cvimodel examples/tiny_cv181x.npuasm"};

int cmd_asm(int argc, char **argv)
{
    asm_options o = {0};
    opt_rest rest;
    npu_err err = {0};
    int status = opt_parse(&asm_program, argc, argv, &o, &rest);

    if (status >= 0)
        return status;
    status = assemble(rest.arg[0], o.output, &err);
    opt_free(&asm_program, &o);
    return status == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
