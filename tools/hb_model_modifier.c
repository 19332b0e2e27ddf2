/* hb_model_modifier: lists and removes the CPU nodes at the edges of a .bin. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "formats/bin.h"
#include "tools/bin_edit.h"
#include "tools/command.h"
#include "tools/fail.h"
#include "tools/opt.h"

#define LOG_FILE "hb_model_modifier.log"

typedef struct {
    opt_list remove, all;
    const char *output;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"remove", 'r', OPT_LIST, AT(remove), "NODE", "remove the node of exactly this name", 0, 0},
    {"all", 'a', OPT_LIST, AT(all), "TYPE",
     "remove every removable node of this type, such as Dequantize; may be repeated", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "OUT.bin",
     "write to OUT.bin (default: the file's own name and _modified.bin, in the current folder)",
     0, 0},
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Removes nodes that run on the CPU at the edges of a model: Quantize and Transpose at "
           "its inputs; Transpose, Dequantize, Cast, Reshape and Softmax at its outputs. The "
           "application must then do their work; their scales stay in the file (hb_model_info). "
           "Without -r and -a it lists the nodes that can be deleted. What it does is also in "
           LOG_FILE ".",
    .example = "hb_model_modifier model.bin\n"
               "hb_model_modifier -r score_HzDequantize model.bin\n"
               "hb_model_modifier -a Dequantize -o int8.bin model.bin"};

/* One line, on the console and in the log. */
__attribute__((format(printf, 2, 3))) static void say(log_writer *l, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) >= 0) {
        puts(text);
        log_line(l, LOG_INFO, "%s", text);
    }
    va_end(ap);
    free(text);
}

/* "['a','b']" of the names of NODES. */
static char *name_list(const edit_node *x, size_t n)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return NULL;
    putc('[', f);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s'%s'", i ? "," : "", x[i].node->name);
    putc(']', f);
    fclose(f);
    return text;
}

/* Nodes that may be removed now, of TYPE or of all (NULL).  The array is the caller's. */
static edit_node *candidates(const npu_model *m, const char *type, size_t *n)
{
    edit_node *x = calloc(m->nnode + 1, sizeof *x);

    *n = 0;
    for (size_t i = 0; x && i < m->nnode; i++)
        if (edit_removable(m, i, &x[*n]) &&
            (!type || !strcmp(type, x[*n].node->type) || !strcmp(type, edit_type(x[*n].node))))
            ++*n;
    return x;
}

static npu_status list(const npu_model *m, log_writer *l, npu_err *err)
{
    size_t n;
    edit_node *x = candidates(m, NULL, &n);
    char *names = x ? name_list(x, n) : NULL;

    if (!names) {
        free(x);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    say(l, "Nodes that can be deleted: %s", names);
    for (size_t i = 0; i < n; i++)
        log_text(l, "input: \"%s\"\noutput: \"%s\"\nname: \"%s\"\nop_type: \"%s\"\n\n", x[i].from,
                 x[i].to, x[i].node->name, x[i].node->type);
    free(names);
    free(x);
    return NPU_OK;
}

static npu_status remove_one(npu_model *m, const edit_node *x, log_writer *l, npu_err *err)
{
    char *scale = edit_scale_text(m, x), *name = strdup(x->node->name);
    npu_status s = scale && name ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");

    if (s == NPU_OK) {
        say(l, "Node '%s' found, its OP type is '%s'", name, edit_type(x->node));
        log_text(l, "input: \"%s\"\noutput: \"%s\"\nname: \"%s\"\nop_type: \"%s\"\nscale: %s\n\n",
                 x->from, x->to, name, x->node->type, scale);
        if (strcmp(edit_type(x->node), "Quantize") == 0 ||
            strcmp(edit_type(x->node), "Dequantize") == 0)
            say(l, "scale: %s. node info details are stored in hb_model_modifier log file", scale);
        s = edit_remove(m, x, err);
    }
    if (s == NPU_OK)
        say(l, "Node '%s' is removed", name);
    free(scale);
    free(name);
    return s;
}

static npu_status remove_named(npu_model *m, const char *name, log_writer *l, npu_err *err)
{
    size_t at;
    edit_node x;

    NPU_TRY(edit_find(m, name, &at, err));
    if (!edit_removable(m, at, &x))
        return npu_fail(err, NPU_UNSUPPORTED, "%s: node '%.80s' of type %s cannot be removed: only "
                        "Quantize and Transpose directly at an input, and Transpose, Dequantize, "
                        "Cast, Reshape and Softmax directly at an output, on the CPU and on a "
                        "single path", m->path, name, m->node[at].type);
    say(l, "Nodes that will be removed from this model: ['%s']", name);
    return remove_one(m, &x, l, err);
}

/* In order, on the graph as it is after each removal: what comes to the edge goes as well. */
static npu_status remove_type(npu_model *m, const char *type, log_writer *l, npu_err *err)
{
    size_t n, removed = 0;

    for (;; removed++) {
        edit_node *x = candidates(m, type, &n);
        npu_status s = x ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
        char *names = n && removed == 0 ? name_list(x, n) : NULL;
        if (names)
            say(l, "Nodes that will be removed from this model: %s", names);
        if (s == NPU_OK && n)
            s = remove_one(m, &x[0], l, err);
        free(names);
        free(x);
        NPU_TRY(s);
        if (n == 0)
            break;
    }
    return removed ? NPU_OK
                   : npu_fail(err, NPU_BAD_INPUT, "%s: no node of type '%.40s' can be removed "
                              "(without -r and -a all that can are listed)", m->path, type);
}

/* The file's own name without folder and suffix, and _modified.bin. */
static char *default_output(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    char *out = NULL;

    if (asprintf(&out, "%.*s_modified.bin", dot && dot > base ? (int)(dot - base)
                                                                : (int)strlen(base), base) < 0)
        return NULL;
    return out;
}

static npu_status save(const npu_model *m, const char *path, log_writer *l, npu_err *err)
{
    uint8_t *bytes;
    size_t n;

    NPU_TRY(bin_write(m, &bytes, &n, err));
    npu_status s = sys_write_file(path, bytes, n, err);
    free(bytes);
    if (s == NPU_OK) {
        say(l, "modified model saved as %s", path);
        puts("note: inputs and outputs have changed; what the removed nodes did, the application "
             "must do now");
    }
    return s;
}

static npu_status modify(npu_model *m, const options *o, log_writer *l, npu_err *err)
{
    char *path;
    npu_status s;

    if (!bin_sniff(m->bytes, m->nbytes))
        return npu_fail(err, NPU_BAD_INPUT, "%s: is no .bin", m->path);
    if (m->nmember)
        return npu_fail(err, NPU_BAD_INPUT, "pack model is not supported");
    if (o->remove.n == 0 && o->all.n == 0)
        return list(m, l, err);
    for (size_t i = 0; i < o->remove.n; i++)
        NPU_TRY(remove_named(m, o->remove.item[i], l, err));
    for (size_t i = 0; i < o->all.n; i++)
        NPU_TRY(remove_type(m, o->all.item[i], l, err));
    path = o->output ? strdup(o->output) : default_output(m->path);
    s = path ? save(m, path, l, err) : npu_fail(err, NPU_LIMIT, "out of memory");
    free(path);
    return s;
}

int cmd_hb_model_modifier(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0}, late = {0};
    npu_model *m = NULL;
    log_writer *l = NULL;
    int code = opt_parse(&program, argc, argv, &o, &rest);

    if (code >= 0)
        return code;
    npu_status s = o.remove.n <= 1 ? NPU_OK
                                   : npu_fail(&err, NPU_USAGE, "-r takes one node per call; run it "
                                              "again on the result, or use -a TYPE");
    if (s == NPU_OK)
        s = npu_model_open(rest.arg[0], &m, &err);
    if (s == NPU_OK)
        s = log_open(LOG_FILE, NULL, LOG_INFO, &l, &err);
    if (s == NPU_OK) {
        s = modify(m, &o, l, &err);
        if (s != NPU_OK)
            log_line(l, LOG_ERROR, "%s", err.text);
        if (log_close(l, &late) != NPU_OK && s == NPU_OK) {
            s = late.status;
            err = late;
        }
    }
    if (s != NPU_OK && m && m->nmember) /* the vendor's line */
        fprintf(stderr, "ERROR %s\n", err.text);
    code = s == NPU_OK ? 0 : m && m->nmember ? npu_exit_code(s) : tool_fail(argv[0], &err);
    npu_model_free(m);
    opt_free(&program, &o);
    return code;
}
