/* Reading of masters files; see ddr_masters.h. */
#include "models/ddr_masters.h"

#include <csv.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"

#define BYTES_MAX 1e12 /* of one burst */
#define TIME_MAX 1e9   /* us */
#define RATE_MAX 1e6   /* MB/s */

const char *const hw_master_kind_name[HW_MASTER_KINDS] = {"constant", "periodic", "trace"};

enum { POINTS_MAX = 1000000, PERIOD_LEAST_US = 1, NAME_MAX_BYTES = 60 };

/* Keys of a master: bit K of KINDS says kind K has it, of NEEDED that it must. */
static const struct {
    const char *key;
    unsigned kinds, needed;
    double min, max;
    size_t at; /* of the number in hw_master */
} keys[] = {
    {"mbps", 1, 1, 0, RATE_MAX, offsetof(hw_master, mbps)},
    {"bytes", 2, 2, 0, BYTES_MAX, offsetof(hw_master, bytes)},
    {"period_us", 2, 2, PERIOD_LEAST_US, TIME_MAX, offsetof(hw_master, period_us)},
    {"offset_us", 2, 0, 0, TIME_MAX, offsetof(hw_master, offset_us)},
    {"rate_mbps", 6, 0, 1, RATE_MAX, offsetof(hw_master, rate_mbps)},
};
enum { KEYS = sizeof keys / sizeof *keys };

/* --- trace files: time_us,bytes -------------------------------------------------------------- */

typedef struct {
    hw_master *m;
    const char *file;
    double cell[2];
    unsigned column;
    size_t line, cap;
    npu_status s;
    npu_err *err;
} table;

static void on_field(void *text, size_t len, void *arg)
{
    static const char *const head[] = {"time_us", "bytes"};
    table *t = arg;
    char word[64], *end;
    unsigned c = t->column++;
    if (t->s != NPU_OK || c > 1)
        return;
    snprintf(word, sizeof word, "%.*s", len < sizeof word ? (int)len : (int)sizeof word - 1,
             (const char *)text);
    if (t->line == 0) {
        if (strcmp(word, head[c]) != 0)
            t->s = npu_fail(t->err, NPU_BAD_INPUT, "%s: line 1: '%s' found; the columns are "
                            "time_us,bytes", t->file, word);
        return;
    }
    t->cell[c] = strtod(word, &end);
    if (end == word || *end || !(t->cell[c] >= 0 && t->cell[c] <= (c ? BYTES_MAX : TIME_MAX)))
        t->s = npu_fail(t->err, NPU_BAD_INPUT, "%s: line %zu: %s '%s' is no number from 0 to %g",
                        t->file, t->line + 1, head[c], word, c ? BYTES_MAX : TIME_MAX);
}

static void on_line(int end, void *arg)
{
    table *t = arg;
    hw_master *m = t->m;
    (void)end;
    if (t->s == NPU_OK && t->column != 2)
        t->s = npu_fail(t->err, NPU_BAD_INPUT, "%s: line %zu: %u columns; time_us,bytes are needed",
                        t->file, t->line + 1, t->column);
    t->column = 0;
    if (t->s != NPU_OK || t->line++ == 0)
        return;
    if (m->npoint && t->cell[0] < m->point[m->npoint - 1].time_us)
        t->s = npu_fail(t->err, NPU_BAD_INPUT, "%s: line %zu: time %g us comes after %g us; times "
                        "must not go back", t->file, t->line, t->cell[0],
                        m->point[m->npoint - 1].time_us);
    if (m->npoint == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        hw_master_point *p = cap <= 2 * POINTS_MAX ? realloc(m->point, cap * sizeof *p) : NULL;
        if (!p)
            t->s = npu_fail(t->err, NPU_LIMIT, "%s: more than %d lines, or out of memory", t->file,
                            POINTS_MAX);
        else
            m->point = p, t->cap = cap;
    }
    if (t->s == NPU_OK)
        m->point[m->npoint++] = (hw_master_point){t->cell[0], t->cell[1]};
}

static npu_status read_trace(hw_master *m, const char *path, npu_err *err)
{
    const char *slash = strrchr(path, '/');
    table t = {.m = m, .file = slash ? slash + 1 : path, .err = err};
    uint8_t *text;
    size_t n;
    struct csv_parser parser;
    NPU_TRY(sys_read_file(path, &text, &n, err));
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI)) {
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (csv_parse(&parser, text, n, on_field, on_line, &t) != n && t.s == NPU_OK)
        t.s = npu_fail(err, NPU_BAD_INPUT, "%s: %s", t.file, csv_strerror(csv_error(&parser)));
    csv_fini(&parser, on_field, on_line, &t);
    csv_free(&parser);
    free(text);
    if (t.s == NPU_OK && m->npoint == 0)
        t.s = npu_fail(err, NPU_BAD_INPUT, "%s: no line after the header", t.file);
    return t.s;
}

/* --- the JSON file --------------------------------------------------------------------------- */

typedef struct {
    const char *path, *file; /* as given; its base name, for messages */
    size_t i;                /* index of the master */
    npu_err *err;
} place;

static npu_status bad(const place *p, const char *key, const char *found, const char *need)
{
    return npu_fail(p->err, NPU_USAGE, "%s: masters[%zu].%s: %s found; %s", p->file, p->i, key,
                    found, need);
}

static npu_status number(const place *p, hw_master *m, const cJSON *e, size_t k)
{
    char found[48] = "no number", need[80];
    if (!(keys[k].kinds >> m->kind & 1))
        return bad(p, e->string, "a key", "a master of this kind has no such key");
    if (cJSON_IsNumber(e))
        snprintf(found, sizeof found, "%.9g", e->valuedouble);
    snprintf(need, sizeof need, "a number from %g to %g is needed", keys[k].min, keys[k].max);
    if (!cJSON_IsNumber(e) || !(e->valuedouble >= keys[k].min && e->valuedouble <= keys[k].max))
        return bad(p, e->string, found, need);
    memcpy((char *)m + keys[k].at, &e->valuedouble, sizeof(double));
    return NPU_OK;
}

static npu_status trace_of(const place *p, hw_master *m, const cJSON *e)
{
    const char *slash = strrchr(p->path, '/'), *name = cJSON_GetStringValue(e);
    char path[4096];
    if (m->kind != HW_MASTER_TRACE || !name || !*name)
        return bad(p, "file", "something else", "the name of a CSV file, of kind trace only");
    if (name[0] == '/' || !slash)
        snprintf(path, sizeof path, "%s", name);
    else
        snprintf(path, sizeof path, "%.*s/%s", (int)(slash - p->path), p->path, name);
    return read_trace(m, path, p->err);
}

static npu_status read_kind(const place *p, hw_master *m, const cJSON *j)
{
    const char *kind = json_string(j, "kind");
    for (int k = 0; k < HW_MASTER_KINDS; k++)
        if (kind && strcmp(kind, hw_master_kind_name[k]) == 0) {
            m->kind = (hw_master_kind)k;
            return NPU_OK;
        }
    return bad(p, "kind", kind ? kind : "nothing", "constant, periodic or trace is needed");
}

static npu_status read_name(const place *p, const hw_masters *all, hw_master *m, const cJSON *j)
{
    const char *name = json_string(j, "name");
    if (!name || !*name || strlen(name) > NAME_MAX_BYTES)
        return bad(p, "name", name ? "an empty or long text" : "nothing",
                   "a name of 1 to 60 bytes is needed");
    for (size_t i = 0; i < p->i; i++)
        if (strcmp(all->master[i].name, name) == 0)
            return bad(p, "name", name, "another master has this name");
    m->name = strdup(name);
    return m->name ? NPU_OK : npu_fail(p->err, NPU_LIMIT, "out of memory");
}

static npu_status one(const place *p, const hw_masters *all, hw_master *m, const cJSON *j)
{
    const cJSON *e;
    unsigned seen = 0;
    if (!cJSON_IsObject(j))
        return npu_fail(p->err, NPU_USAGE, "%s: masters[%zu]: an object is needed", p->file, p->i);
    NPU_TRY(read_name(p, all, m, j));
    NPU_TRY(read_kind(p, m, j));
    cJSON_ArrayForEach(e, j)
    {
        size_t k = 0;
        while (k < KEYS && strcmp(keys[k].key, e->string) != 0)
            k++;
        if (k < KEYS) {
            if (seen >> k & 1)
                return bad(p, e->string, "the key twice", "once is enough");
            NPU_TRY(number(p, m, e, k));
            seen |= 1u << k;
        } else if (strcmp(e->string, "file") == 0) {
            NPU_TRY(trace_of(p, m, e));
        } else if (strcmp(e->string, "name") != 0 && strcmp(e->string, "kind") != 0) {
            return bad(p, e->string, "a key", "known are name, kind, mbps, bytes, period_us, "
                       "offset_us, rate_mbps and file");
        }
    }
    for (size_t k = 0; k < KEYS; k++)
        if ((keys[k].needed >> m->kind & 1) && !(seen >> k & 1))
            return bad(p, keys[k].key, "nothing", "a master of this kind needs it");
    if (m->kind == HW_MASTER_TRACE && !m->npoint)
        return bad(p, "file", "nothing", "a trace needs the name of its CSV file");
    return NPU_OK;
}

static npu_status fill(hw_masters *m, const char *path, const cJSON *j, npu_err *err)
{
    const char *slash = strrchr(path, '/'), *schema = json_string(j, "schema");
    place p = {path, slash ? slash + 1 : path, 0, err};
    const cJSON *list = json_get(j, "masters"), *e;
    if (!schema || strcmp(schema, "npusim.masters/1") != 0)
        return npu_fail(err, NPU_USAGE, "%s: schema: '%s' found; npusim.masters/1 is needed",
                        p.file, schema ? schema : "");
    cJSON_ArrayForEach(e, j) if (strcmp(e->string, "schema") != 0 &&
                                 strcmp(e->string, "masters") != 0)
        return npu_fail(err, NPU_USAGE, "%s: %s: unknown key; schema and masters are known",
                        p.file, e->string);
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n < 1 || n > HW_MASTERS_MAX)
        return npu_fail(err, NPU_USAGE, "%s: masters: %d entries found; a list of 1 to %d is "
                        "needed", p.file, n, HW_MASTERS_MAX);
    m->master = calloc((size_t)n, sizeof *m->master);
    if (!m->master)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_ArrayForEach(e, list)
    {
        p.i = m->n++;
        NPU_TRY(one(&p, m, &m->master[p.i], e));
    }
    return NPU_OK;
}

npu_status hw_masters_load(const char *path, hw_masters **out, npu_err *err)
{
    uint8_t *text;
    size_t n;
    cJSON *j = NULL;
    *out = NULL;
    NPU_TRY(sys_read_file(path, &text, &n, err));
    npu_status s = json_parse(path, (const char *)text, n, NPU_USAGE, &j, err);
    free(text);
    hw_masters *m = s == NPU_OK ? calloc(1, sizeof *m) : NULL;
    if (s == NPU_OK)
        s = m ? fill(m, path, j, err) : npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_Delete(j);
    if (s != NPU_OK) {
        hw_masters_free(m);
        return s;
    }
    *out = m;
    return NPU_OK;
}

void hw_masters_free(hw_masters *m)
{
    for (size_t i = 0; m && i < m->n; i++) {
        free(m->master[i].name);
        free(m->master[i].point);
    }
    if (m)
        free(m->master);
    free(m);
}
