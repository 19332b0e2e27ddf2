/* hb_model_info: how a .bin was made. */
#include <stdio.h>
#include <stdlib.h>

#include "base/sys.h"
#include "formats/bin.h"
#include "tools/bin_info.h"
#include "tools/command.h"
#include "tools/common.h"

#define DELETED "deleted_nodes_info.txt"

typedef struct {
    const char *name;
    bool packed;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"model-name", 'm', OPT_STRING, AT(name), "NAME", "only the model NAME of a packed file", 0, 0},
    {"packed", 'p', OPT_BOOL, AT(packed), NULL, "every model of a packed file", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Prints how a .bin was made: versions of the tools, parameters of the conversion, types "
           "of inputs and outputs, and the nodes that were removed. What those did is also written "
           "to " DELETED " in the current folder, because the application must do it now.",
    .example = "hb_model_info model.bin\n"
               "hb_model_info -m first both.bin"};

/* Removed nodes with their scales; no file when there are none. */
static npu_status write_deleted(const npu_model *m, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    npu_status s = NPU_OK;
    bool any = f && bin_info_deleted(m, f);

    if (!f || fclose(f) != 0)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    else if (any)
        s = sys_write_file(DELETED, text, n, err);
    free(text);
    return s;
}

static npu_status show(const char *path, const char *name, npu_err *err)
{
    npu_model *m;
    npu_status s;

    NPU_TRY(npu_model_open_member(path, name, &m, err));
    if (!bin_sniff(m->bytes, m->nbytes)) {
        s = npu_fail(err, NPU_BAD_INPUT, "%s: is no .bin (cvimodel_tool shows a .cvimodel)", path);
    } else {
        bin_info_print(m, stdout);
        s = write_deleted(m, err);
    }
    npu_model_free(m);
    return s;
}

int cmd_hb_model_info(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    tool_members list = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);

    if (code >= 0)
        return code;
    npu_status s = tool_members_find(rest.arg[0], o.name, o.packed, &list, &err);
    for (size_t i = 0; i < list.n && s == NPU_OK; i++) {
        if (list.n > 1)
            printf("%s[%s]\n", i ? "\n" : "", list.name[i]);
        s = show(rest.arg[0], list.name[i], &err);
    }
    tool_members_free(&list);
    opt_free(&program, &o);
    return s == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
