/* hb_pack: several .bin files in one, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "formats/bin.h"
#include "tools/command.h"
#include "tools/fail.h"
#include "tools/opt.h"

typedef struct {
    const char *output, *extract;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"output-name", 'o', OPT_STRING, AT(output), "OUT.bin", "the packed file to write", 0, 0},
    {"extract", 'x', OPT_STRING, AT(extract), "DIR",
     "the other way: write each model of a packed file as DIR/<model>.bin", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "FILE...", .min_args = 1, .max_args = -1, .spec = spec,
    .doc = "Packs models into one file, for boards that load several at once. Models keep their "
           "names, which must differ, and their bytes. hb_perf -p, hb_model_info -p and "
           "hrt_model_exec read the result.",
    .example = "hb_pack -o both.bin first.bin second.bin\n"
               "hb_pack -x models both.bin"};

static npu_status pack(const opt_rest *rest, const char *output, npu_err *err)
{
    size_t n = (size_t)rest->n, size = 0;
    bin_source *s = calloc(n, sizeof *s);
    uint8_t *bytes = NULL, *one;
    npu_status st = s ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");

    for (size_t i = 0; i < n && st == NPU_OK; i++) {
        s[i].path = rest->arg[i];
        st = sys_read_file(s[i].path, &one, &s[i].n, err);
        s[i].bytes = one;
    }
    if (st == NPU_OK)
        st = bin_pack(s, n, &bytes, &size, err);
    if (st == NPU_OK)
        st = sys_write_file(output, bytes, size, err);
    if (st == NPU_OK)
        printf("%zu model%s packed into %s\n", n, n == 1 ? "" : "s", output);
    for (size_t i = 0; s && i < n; i++)
        free((void *)s[i].bytes);
    free(s);
    free(bytes);
    return st;
}

static npu_status extract_one(const npu_model *m, size_t i, const char *dir, npu_err *err)
{
    const uint8_t *bytes;
    size_t n;
    char *stem = sys_file_name(m->member[i]), *path = NULL;
    npu_status s = bin_member(m, i, &bytes, &n, err);

    if (s == NPU_OK && (!stem || asprintf(&path, "%s/%s.bin", dir, stem) < 0))
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = sys_write_file(path, bytes, n, err);
    if (s == NPU_OK)
        printf("%s\n", path);
    free(stem);
    free(path);
    return s;
}

static npu_status extract(const opt_rest *rest, const char *dir, npu_err *err)
{
    npu_model *m;
    npu_status s;

    if (rest->n != 1)
        return npu_fail(err, NPU_USAGE, "--extract takes one packed file; %d given", rest->n);
    NPU_TRY(npu_model_open(rest->arg[0], &m, err));
    s = m->nmember ? sys_mkdir_p(dir, err)
                   : npu_fail(err, NPU_BAD_INPUT, "%s: is no packed file", rest->arg[0]);
    for (size_t i = 0; i < m->nmember && s == NPU_OK; i++)
        s = extract_one(m, i, dir, err);
    npu_model_free(m);
    return s;
}

int cmd_hb_pack(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    npu_status s;
    int code = opt_parse(&program, argc, argv, &o, &rest);

    if (code >= 0)
        return code;
    if (!o.output == !o.extract)
        s = npu_fail(&err, NPU_USAGE, "give -o OUT.bin to pack, or -x DIR to unpack");
    else
        s = o.output ? pack(&rest, o.output, &err) : extract(&rest, o.extract, &err);
    opt_free(&program, &o);
    if (s == NPU_OK)
        return 0;
    if (s == NPU_USAGE || !o.output)
        return tool_fail(argv[0], &err);
    fflush(stdout); /* the vendor's two lines */
    fprintf(stderr, "ERROR exception in command: pack\nERROR %s\n", err.text);
    return npu_exit_code(s);
}
