/* See bin_info.h.  Titles, keys and the column of 20 are those of the vendor's hb_model_info. */
#include "tools/bin_info.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/num.h"
#include "reports/out.h"

enum { KEY = 20, DEPTH = 8 };

cJSON *bin_info_json(const npu_model *m)
{
    cJSON *info = NULL;

    if (m->info)
        json_parse(m->path, m->info, strlen(m->info), NPU_BAD_INPUT, &info, NULL);
    return info;
}

/* --- inputs and outputs --------------------------------------------------------------------- */

static const char *type_of(const npu_tensor *t)
{
    static const char *const name[NPU_DTYPES] = {
        [NPU_FP32] = "F32", [NPU_INT32] = "S32", [NPU_UINT32] = "U32", [NPU_BF16] = "BF16",
        [NPU_INT16] = "S16", [NPU_UINT16] = "U16", [NPU_INT8] = "S8", [NPU_UINT8] = "U8"};
    return t && t->dtype < NPU_DTYPES ? name[t->dtype] : "UNKNOWN";
}

/* WORD as one of KNOWN, the first when it is none of them. */
static const char *one_of(const char *word, const char *const *known)
{
    for (size_t i = 0; word && known[i]; i++)
        if (!strcasecmp(word, known[i]))
            return known[i];
    return known[0];
}

bin_io bin_io_of(const npu_model *m, const cJSON *info, bool input, size_t i)
{
    static const char *const layouts[] = {"NCHW", "NHWC", NULL};
    static const char *const sources[] = {"ddr", "pyramid", "resizer", NULL};
    const npu_program *p = &m->program[0];
    const char *name = input ? p->in[i] : p->out[i];
    const cJSON *list = json_get(info, input ? "inputs" : "outputs"), *x = NULL, *e;
    bin_io io = {.tensor = npu_program_tensor(p, name)};
    const char *type;

    cJSON_ArrayForEach(e, list)
        if (json_string(e, "name") && !strcmp(json_string(e, "name"), name))
            x = e;
    type = json_string(x, "type");
    snprintf(io.type, sizeof io.type, "%s", type ? type : type_of(io.tensor));
    io.layout = one_of(json_string(x, "layout"), layouts);
    io.source = one_of(json_string(x, "source"), sources);
    return io;
}

/* --- text ----------------------------------------------------------------------------------- */

static void list_value(const cJSON *v, int depth, FILE *f);

static void value_at(const cJSON *v, bool text, int depth, FILE *f)
{
    if (cJSON_IsString(v)) {
        fputs(text ? "" : "'", f);
        rep_plain(f, v->valuestring, 0);
        fputs(text ? "" : "'", f);
    } else if (cJSON_IsNumber(v)) {
        fputs(num_exact(v->valuedouble).s, f);
    } else if (cJSON_IsBool(v)) {
        fputs(cJSON_IsTrue(v) ? "True" : "False", f);
    } else if (cJSON_IsNull(v)) {
        fputs("None", f);
    } else if (depth >= DEPTH) { /* no configuration is that deep */
        fputs("...", f);
    } else {
        list_value(v, depth, f);
    }
}

static void list_value(const cJSON *v, int depth, FILE *f)
{
    const cJSON *e;
    bool object = cJSON_IsObject(v);

    putc(object ? '{' : '[', f);
    cJSON_ArrayForEach(e, v) {
        if (e != v->child)
            fputs(", ", f);
        if (object) {
            putc('\'', f);
            rep_plain(f, e->string, 0);
            fputs("': ", f);
        }
        value_at(e, false, depth + 1, f);
    }
    putc(object ? '}' : ']', f);
}

void bin_info_value(const cJSON *v, bool text, FILE *f)
{
    value_at(v, text, 0, f);
}

static void title(const char *name, FILE *f)
{
    fprintf(f, "############# %s info #############\n", name);
}

/* "KEY                 : ", KEY padded to 20. */
static void key(const char *name, const char *suffix, FILE *f)
{
    int n = (int)(strlen(name) + strlen(suffix));

    rep_plain(f, name, 0);
    fprintf(f, "%s%*s: ", suffix, n < KEY ? KEY - n : 0, "");
}

static const char *shown(const char *name)
{
    return !strcmp(name, "march") ? "BPU march"
           : !strcmp(name, "working_dir") ? "working dir" : name;
}

static void members(const cJSON *group, const char *suffix, FILE *f)
{
    const cJSON *e;

    cJSON_ArrayForEach(e, group) {
        key(shown(e->string), suffix, f);
        bin_info_value(e, true, f);
        putc('\n', f);
    }
}

static void model_group(const npu_model *m, const cJSON *info, FILE *f)
{
    const cJSON *group = json_get(info, "model_parameters");

    title("model_parameters", f);
    members(group, "", f);
    if (!json_get(group, "march") && m->march) {
        key("BPU march", "", f);
        rep_plain(f, m->march, 0);
        putc('\n', f);
    }
}

static void input_group(const cJSON *info, FILE *f)
{
    static const char ruler[] = "------------------------------------------";
    const cJSON *group = json_get(info, "input_parameters"), *e;

    title("input_parameters", f);
    cJSON_ArrayForEach(e, group) {
        const char *name = json_string(e, "input_name");
        fprintf(f, "%s\n---------input info : ", ruler);
        rep_plain(f, name ? name : "", 0);
        fputs(" ---------\n", f);
        members(e, "", f);
        fputs("---------input info : ", f);
        rep_plain(f, name ? name : "", 0);
        fprintf(f, " end -------\n%s\n", ruler);
    }
}

/* The two numbers that published outputs show; others are printed without one. */
static void data_type(const char *type, FILE *f)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"F32", 5}, {"NV12", 7}};

    fputs("<InputDataType.", f);
    rep_plain(f, type, 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].name, type))
            fprintf(f, ": %d", known[i].number);
    putc('>', f);
}

static void types(const npu_model *m, const cJSON *info, bool input, FILE *f)
{
    size_t n = input ? m->program[0].nin : m->program[0].nout;

    key(input ? "model input types" : "model output types", "", f);
    putc('[', f);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", f);
        data_type(bin_io_of(m, info, input, i).type, f);
    }
    fputs("]\n", f);
}

static void deleted_names(const cJSON *info, FILE *f)
{
    const cJSON *list = json_get(info, "deleted_nodes"), *e;

    if (cJSON_GetArraySize(list) == 0)
        return;
    fputs("--------- deleted nodes -------------------\n", f);
    cJSON_ArrayForEach(e, list) {
        const char *name = json_string(e, "name");
        fputs("deleted nodes: ", f);
        rep_plain(f, name ? name : "", 0);
        putc('\n', f);
    }
}

void bin_info_print(const npu_model *m, FILE *f)
{
    cJSON *info = bin_info_json(m);

    title("model deps", f);
    members(json_get(info, "versions"), " version", f);
    model_group(m, info, f);
    input_group(info, f);
    title("calibration_parameters", f);
    members(json_get(info, "calibration_parameters"), "", f);
    title("compiler_parameters", f);
    members(json_get(info, "compiler_parameters"), "", f);
    fputs("--------- input/output types -------------------\n", f);
    types(m, info, true, f);
    types(m, info, false, f);
    deleted_names(info, f);
    cJSON_Delete(info);
}

bool bin_info_deleted(const npu_model *m, FILE *f)
{
    cJSON *info = bin_info_json(m);
    const cJSON *list = json_get(info, "deleted_nodes"), *e, *x;
    bool any = cJSON_GetArraySize(list) > 0;

    cJSON_ArrayForEach(e, list) {
        cJSON_ArrayForEach(x, e) {
            key(x->string, "", f);
            bin_info_value(x, true, f);
            putc('\n', f);
        }
        putc('\n', f);
    }
    cJSON_Delete(info);
    return any;
}
