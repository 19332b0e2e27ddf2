/* Chip files: JSON in which every number has value, unit, source and status; see npusim/chip.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/sys.h"
#include "models/chip_file.h"

enum { BASE_DEPTH = 4 }; /* chip files that name a base that names a base */

static const char *const isa_names[NPU_ISAS] = {"cv18xx-v1", "cv18xx-v2", "bpu-1"};

npu_status hw_set_text(char **to, const char *from, npu_err *err)
{
    char *copy = from ? strdup(from) : NULL;
    if (from && !copy)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    free(*to);
    *to = copy;
    return NPU_OK;
}

static npu_status bad(npu_err *err, const char *file, const char *fmt, const char *what)
{
    char text[256];
    snprintf(text, sizeof text, fmt, what);
    return npu_fail(err, NPU_USAGE, "%s: %s", file, text);
}

static bool is_status(const char *s)
{
    static const char *const known[] = {"measured", "published", "vendor estimate", "inferred",
                                        "assumed"};
    for (size_t i = 0; s && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(s, known[i]) == 0)
            return true;
    return false;
}

/* One entry of "numbers": {"value", "unit", "source", "status"}. */
static npu_status read_number(npu_chip *c, const char *file, const cJSON *e, npu_err *err)
{
    npu_num i = hw_num_find(e->string);
    if (i == NPU_NUMS)
        return bad(err, file, "numbers.%s: no such number", e->string);
    const npu_num_info *n = &npu_num_table[i];
    const cJSON *v = json_get(e, "value");
    const char *unit = json_string(e, "unit"), *source = json_string(e, "source");
    const char *status = json_string(e, "status");
    double value = cJSON_IsNumber(v) ? v->valuedouble : NAN;
    char words[256];
    if (cJSON_IsString(v))
        value = hw_num_choice(i, v->valuestring);
    if (npu_num_word(i, 0) && !npu_num_word(i, value))
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.value: one of these is needed: %s", file,
                        n->key, hw_num_words(i, words));
    if (!(value >= n->min && value <= n->max) || (cJSON_IsString(v) && !npu_num_word(i, 0)))
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.value: a number from %g to %g %s is needed",
                        file, n->key, n->min, n->max, n->unit);
    if (!unit || strcmp(unit, n->unit) != 0)
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.unit: '%s' found, '%s' is needed", file,
                        n->key, unit ? unit : "", n->unit);
    if (!source || !*source)
        return bad(err, file, "numbers.%s.source: missing; every number needs one", n->key);
    if (!is_status(status))
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.status: '%.40s' found; measured, "
                        "published, vendor estimate, inferred and assumed are known", file, n->key,
                        status ? status : "");
    c->num[i] = value;
    NPU_TRY(hw_set_text(&c->source[i], source, err));
    return hw_set_text(&c->status[i], status, err);
}

static npu_status read_accuracy(npu_chip *c, const char *file, const cJSON *a, npu_err *err)
{
    const cJSON *e = json_get(a, "latency_error_percent"), *row;
    if (e && !cJSON_IsNumber(e))
        return bad(err, file, "accuracy.%s: a number is needed", "latency_error_percent");
    c->error_percent = e ? e->valuedouble : c->error_percent;
    if (json_string(a, "source"))
        NPU_TRY(hw_set_text(&c->error_source, json_string(a, "source"), err));
    const cJSON *rows = json_get(a, "rows");
    cJSON_ArrayForEach(row, rows)
    {
        npu_accuracy *list = realloc(c->accuracy, (c->naccuracy + 1) * sizeof *list);
        if (!list)
            return npu_fail(err, NPU_LIMIT, "out of memory");
        c->accuracy = list;
        npu_accuracy *r = &list[c->naccuracy++];
        *r = (npu_accuracy){0};
        const cJSON *m = json_get(row, "measured"), *p = json_get(row, "predicted");
        if (!cJSON_IsNumber(m) || !cJSON_IsNumber(p) || !json_string(row, "name"))
            return bad(err, file, "accuracy.%s: name, measured and predicted are needed", "rows");
        r->measured = m->valuedouble;
        r->predicted = p->valuedouble;
        NPU_TRY(hw_set_text(&r->name, json_string(row, "name"), err));
        NPU_TRY(hw_set_text(&r->unit, json_string(row, "unit"), err));
        NPU_TRY(hw_set_text(&r->source, json_string(row, "source"), err));
    }
    return NPU_OK;
}

static npu_status read_notes(npu_chip *c, const char *file, const cJSON *notes, npu_err *err)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, notes)
    {
        if (!cJSON_IsString(e))
            return bad(err, file, "%s: a list of sentences is needed", "not_modelled");
        char **list = realloc(c->note, (c->nnote + 1) * sizeof *list);
        if (!list)
            return npu_fail(err, NPU_LIMIT, "out of memory");
        c->note = list;
        list[c->nnote++] = NULL;
        NPU_TRY(hw_set_text(&list[c->nnote - 1], cJSON_GetStringValue(e), err));
    }
    return NPU_OK;
}

static npu_status read_isa(npu_chip *c, const char *file, const cJSON *j, npu_err *err)
{
    const char *isa = json_string(j, "isa");
    const cJSON *magic = json_get(j, "command_magic");
    if (magic) {
        if (!cJSON_IsNumber(magic) || magic->valuedouble < 0 || magic->valuedouble > 255)
            return bad(err, file, "%s: a number from 0 to 255 is needed", "command_magic");
        c->cmd_magic = (unsigned)magic->valuedouble;
    }
    if (!json_get(j, "isa"))
        return NPU_OK;
    for (int i = 0; i < NPU_ISAS; i++)
        if (isa && strcmp(isa, isa_names[i]) == 0) {
            c->isa = (npu_isa)i;
            return NPU_OK;
        }
    return bad(err, file, "isa: '%s' is unknown; cv18xx-v1, cv18xx-v2 and bpu-1 are known",
               isa ? isa : "");
}

static void forget_accuracy(npu_chip *c)
{
    for (size_t i = 0; i < c->naccuracy; i++) {
        free(c->accuracy[i].name);
        free(c->accuracy[i].unit);
        free(c->accuracy[i].source);
    }
    free(c->accuracy);
    free(c->error_source);
    c->accuracy = NULL;
    c->naccuracy = 0;
    c->error_source = NULL;
    c->error_percent = -1;
}

static npu_status load_file(npu_chip *c, const char *path, int depth, npu_err *err);

/* "base": a chip of the chip directory whose values come first. */
static npu_status load_base(npu_chip *c, const char *file, const char *base, int depth,
                            npu_err *err)
{
    char path[4096];
    if (depth == 0 || strchr(base, '/'))
        return bad(err, file, "base: '%s' is not the name of a chip", base);
    snprintf(path, sizeof path, "%s/%s.json", hw_chip_dir(), base);
    NPU_TRY(load_file(c, path, depth - 1, err));
    forget_accuracy(c); /* what was measured on the base says nothing of this chip */
    return NPU_OK;
}

/* A misspelt member would silently do nothing. */
static npu_status known_members(const cJSON *j, const char *file, npu_err *err)
{
    static const char *const known[] = {"schema", "name", "base", "title", "isa", "command_magic",
                                        "numbers", "accuracy", "not_modelled"};
    const cJSON *e;
    cJSON_ArrayForEach(e, j)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && strcmp(known[i], e->string) != 0)
            i++;
        if (i == sizeof known / sizeof known[0])
            return bad(err, file, "%s: no such member; schema, name, base, title, isa, "
                       "command_magic, numbers, accuracy and not_modelled are known", e->string);
    }
    return NPU_OK;
}

static npu_status fill(npu_chip *c, const char *file, const cJSON *j, int depth, npu_err *err)
{
    const char *schema = json_string(j, "schema"), *name = json_string(j, "name"), *slash;
    const cJSON *e, *numbers = json_get(j, "numbers");
    if (!schema || strcmp(schema, "npusim.chip/1") != 0)
        return bad(err, file, "schema: '%s' found, npusim.chip/1 is needed", schema ? schema : "");
    if (!name || !*name)
        return bad(err, file, "%s: missing", "name");
    NPU_TRY(known_members(j, file, err));
    if (json_string(j, "base"))
        NPU_TRY(load_base(c, file, json_string(j, "base"), depth, err));
    NPU_TRY(hw_set_text(&c->name, name, err));
    slash = strrchr(file, '/');
    NPU_TRY(hw_set_text(&c->file, slash ? slash + 1 : file, err));
    if (json_string(j, "title"))
        NPU_TRY(hw_set_text(&c->title, json_string(j, "title"), err));
    NPU_TRY(read_isa(c, file, j, err));
    if (numbers && !cJSON_IsObject(numbers))
        return bad(err, file, "%s: an object is needed, a member per number", "numbers");
    cJSON_ArrayForEach(e, numbers) NPU_TRY(read_number(c, file, e, err));
    NPU_TRY(read_accuracy(c, file, json_get(j, "accuracy"), err));
    return read_notes(c, file, json_get(j, "not_modelled"), err);
}

static npu_status load_file(npu_chip *c, const char *path, int depth, npu_err *err)
{
    uint8_t *text;
    size_t n;
    cJSON *j = NULL;
    npu_status s = sys_read_file(path, &text, &n, err);
    if (s != NPU_OK)
        return npu_fail(err, NPU_USAGE, "%s", err ? err->text : "");
    s = json_parse(path, (const char *)text, n, NPU_USAGE, &j, err);
    free(text);
    if (s == NPU_OK)
        s = fill(c, path, j, depth, err);
    cJSON_Delete(j);
    return s;
}

/* Numbers of one family of engines only: a chip of another family need not give them. */
static bool foreign(npu_isa isa, const char *key)
{
    static const char *const cv18xx[] = {"tiu.", "tdma.", "lmem.", "tpu.lanes", "tpu.eu_bytes",
                                         "tpu.int8_channels_per_cycle"};
    if (isa != NPU_ISA_BPU_1)
        return strncmp(key, "bpu.", 4) == 0;
    for (size_t i = 0; i < sizeof cv18xx / sizeof cv18xx[0]; i++)
        if (strncmp(key, cv18xx[i], strlen(cv18xx[i])) == 0)
            return true;
    return false;
}

static npu_status complete(const npu_chip *c, npu_err *err)
{
    for (int i = 0; i < NPU_NUMS; i++)
        if (!c->source[i] && !foreign(c->isa, npu_num_table[i].key))
            return npu_fail(err, NPU_USAGE, "%s: numbers.%s: missing (%s)", c->file,
                            npu_num_table[i].key, npu_num_table[i].meaning);
    if (!c->cmd_magic || !c->title || c->isa == NPU_ISAS)
        return bad(err, c->file, "%s: missing", !c->title            ? "title"
                                                : c->isa == NPU_ISAS ? "isa"
                                                                     : "command_magic");
    return NPU_OK;
}

static npu_status no_such_chip(const char *name, npu_err *err)
{
    char **names, list[256] = "";
    size_t n;
    NPU_TRY(npu_chip_names(&names, &n, err));
    for (size_t i = 0; i < n && strlen(list) + strlen(names[i]) + 3 < sizeof list; i++) {
        strcat(list, i ? ", " : "");
        strcat(list, names[i]);
    }
    npu_chip_names_free(names, n);
    return npu_fail(err, NPU_USAGE, "chip '%s' is unknown; there are: %s", name, list);
}

npu_status npu_chip_load(const char *name, npu_chip **out, npu_err *err)
{
    char path[4096];
    size_t len = strlen(name);
    bool file = strchr(name, '/') || (len > 5 && strcmp(name + len - 5, ".json") == 0);
    *out = NULL;
    if (file) {
        snprintf(path, sizeof path, "%s", name);
    } else {
        snprintf(path, sizeof path, "%s/%s.json", hw_chip_dir(), name);
        if (access(path, F_OK) != 0)
            return no_such_chip(name, err);
    }
    npu_chip *c = calloc(1, sizeof *c);
    if (!c)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    c->isa = NPU_ISAS; /* until a file gives it */
    c->error_percent = -1;
    npu_status s = load_file(c, path, BASE_DEPTH, err);
    if (s == NPU_OK)
        s = complete(c, err);
    if (s != NPU_OK) {
        npu_chip_free(c);
        return s;
    }
    *out = c;
    return NPU_OK;
}

void npu_chip_free(npu_chip *c)
{
    if (!c)
        return;
    for (int i = 0; i < NPU_NUMS; i++) {
        free(c->source[i]);
        free(c->status[i]);
    }
    for (size_t i = 0; i < c->noverride; i++)
        free(c->override[i].key);
    forget_accuracy(c);
    for (size_t i = 0; i < c->nnote; i++)
        free(c->note[i]);
    free(c->name);
    free(c->title);
    free(c->file);
    free(c->override);
    free(c->note);
    free(c);
}
