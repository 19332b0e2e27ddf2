/* npusim merge: the shards of a sweep into the result one run would have given. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/sys.h"
#include "reports/sweep.h"
#include "tools/command.h"
#include "tools/sweep.h"

typedef struct {
    const char *output;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"output", 'o', OPT_STRING, AT(output), "DIR", "write points.csv, sweep.json, report.html and "
     "report.md to DIR (default sweep_result)", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "SHARD.csv...", .min_args = 1, .max_args = -1, .spec = spec,
    .doc = "Joins the files points-I-of-N.csv of `npusim sweep --shard I/N` (with the .json beside "
           "each). The set must be complete and free of repetition; the result is what one run "
           "would have written.",
    .example = "npusim merge out/points-*-of-3.csv -o out"};

typedef struct {
    npu_sweep *s;           /* made from the first file */
    char digest[HASH_SHA256_HEX];
    const char *first;      /* its name */
    double shards;
    bool *seen;             /* owned */
} merging;

static npu_status bad(const char *path, const char *what, npu_err *err)
{
    return npu_fail(err, NPU_BAD_INPUT, "%s: %s: missing or of the wrong kind", path, what);
}

/* The .json beside SHARD.csv. */
static npu_status open_side(const char *csv, char *path, size_t size, cJSON **out, npu_err *err)
{
    size_t n = strlen(csv), bytes;
    uint8_t *text = NULL;
    *out = NULL;
    if (n < 5 || strcmp(csv + n - 4, ".csv") != 0)
        return npu_fail(err, NPU_BAD_INPUT, "%.200s: not the name of a shard, points-I-of-N.csv",
                        csv);
    if (snprintf(path, size, "%.*s.json", (int)(n - 4), csv) >= (int)size)
        return npu_fail(err, NPU_BAD_INPUT, "%.60s...: name too long", csv);
    NPU_TRY(sys_read_file(path, &text, &bytes, err));
    npu_status s = json_parse(path, (const char *)text, bytes, NPU_BAD_INPUT, out, err);
    free(text);
    if (s == NPU_OK && (!json_string(*out, "schema") ||
                        strcmp(json_string(*out, "schema"), "npusim.sweep-shard/1") != 0))
        s = bad(path, "schema (npusim.sweep-shard/1)", err);
    return s;
}

static npu_status copy(const char *path, const cJSON *o, const char *name, char **out,
                       npu_err *err)
{
    if (!json_string(o, name))
        return bad(path, name, err);
    *out = strdup(json_string(o, name));
    return *out ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status take_models(npu_sweep *s, const char *path, const cJSON *list, npu_err *err)
{
    const cJSON *e;
    s->model = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *s->model);
    if (!s->model)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_ArrayForEach(e, list)
    {
        npu_sweep_model *m = &s->model[s->nmodel++];
        const cJSON *error = json_get(e, "error_percent");
        char *hash = NULL;
        NPU_TRY(copy(path, e, "name", &m->name, err));
        NPU_TRY(copy(path, e, "file", &m->file, err));
        NPU_TRY(copy(path, e, "chip", &m->chip, err));
        NPU_TRY(copy(path, e, "sha256", &hash, err));
        snprintf(m->sha256, sizeof m->sha256, "%s", hash);
        free(hash);
        m->error_percent = cJSON_IsNumber(error) ? error->valuedouble : -1;
    }
    return s->nmodel ? NPU_OK : bad(path, "models", err);
}

static npu_status take_keys(npu_sweep *s, const char *path, const cJSON *list, npu_err *err)
{
    const cJSON *e;
    s->key = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *s->key);
    if (!s->key)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_ArrayForEach(e, list)
    {
        const char *name = json_string(e, "key");
        npu_num num = name ? perf_sweep_key(name) : NPU_NUMS;
        if (num == NPU_NUMS || s->nkey == SWEEP_KEYS_MAX)
            return bad(path, "keys", err);
        s->key[s->nkey++] = num;
    }
    return NPU_OK;
}

/* Index of NAME among metrics, then keys. */
static int goal_of(const npu_sweep *s, const char *name)
{
    int g = 0;
    while (g < NPU_METRICS && strcmp(npu_metric_table[g].key, name) != 0)
        g++;
    for (size_t k = 0; g >= NPU_METRICS && k < s->nkey; k++, g++)
        if (strcmp(npu_num_table[s->key[k]].key, name) == 0)
            return g;
    return g < NPU_METRICS ? g : -1;
}

static npu_status take_choices(npu_sweep *s, const char *path, const cJSON *j, npu_err *err)
{
    const cJSON *e, *columns = json_get(j, "columns"), *goals = json_get(j, "minimise");
    cJSON_ArrayForEach(e, columns)
    {
        int m = cJSON_IsString(e) ? goal_of(s, e->valuestring) : -1;
        if (m < 0 || m >= NPU_METRICS)
            return bad(path, "columns", err);
        s->column[m] = true;
    }
    cJSON_ArrayForEach(e, goals)
    {
        int g = cJSON_IsString(e) ? goal_of(s, e->valuestring) : -1;
        if (g < 0 || s->ngoal == sizeof s->goal / sizeof *s->goal)
            return bad(path, "minimise", err);
        s->goal[s->ngoal++] = g;
    }
    return NPU_OK;
}

static npu_status number(const char *path, const cJSON *j, const char *name, double most,
                         double *out, npu_err *err)
{
    const cJSON *e = json_get(j, name);
    if (!cJSON_IsNumber(e) || !(e->valuedouble >= 1 && e->valuedouble <= most) ||
        e->valuedouble != floor(e->valuedouble))
        return bad(path, name, err);
    *out = e->valuedouble;
    return NPU_OK;
}

/* An empty sweep from what the first shard says of it. */
static npu_status begin(merging *m, const char *path, const cJSON *j, npu_err *err)
{
    double points;
    npu_sweep *s = m->s = calloc(1, sizeof *m->s);
    if (!s)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    m->first = path;
    NPU_TRY(number(path, j, "points", SWEEP_POINTS_MAX, &points, err));
    NPU_TRY(number(path, j, "shards", 99999, &m->shards, err));
    NPU_TRY(copy(path, json_get(j, "tool"), "version", &s->tool, err));
    s->spec = cJSON_IsObject(json_get(j, "spec"))
                  ? cJSON_PrintUnformatted(json_get(j, "spec")) : NULL;
    if (!s->spec)
        return bad(path, "spec", err);
    NPU_TRY(take_models(s, path, json_get(j, "models"), err));
    NPU_TRY(take_keys(s, path, json_get(j, "keys"), err));
    NPU_TRY(take_choices(s, path, j, err));
    s->point = calloc((size_t)points, sizeof *s->point);
    s->values = calloc((size_t)points * s->nkey + 1, sizeof *s->values);
    m->seen = calloc((size_t)m->shards + 1, sizeof *m->seen);
    if (!s->point || !s->values || !m->seen)
        return npu_fail(err, NPU_LIMIT, "no memory for %.0f points", points);
    s->n = (size_t)points;
    snprintf(m->digest, sizeof m->digest, "%s", json_string(j, "sweep_sha256")
                                                    ? json_string(j, "sweep_sha256") : "");
    return NPU_OK;
}

static npu_status add_shard(merging *m, const char *csv, char *path, size_t size, npu_err *err)
{
    cJSON *j;
    double shard = 0, shards = 0;
    size_t taken;
    npu_status st = open_side(csv, path, size, &j, err);
    if (st == NPU_OK && !m->s)
        st = begin(m, csv, j, err);
    if (st == NPU_OK)
        st = number(path, j, "shards", 99999, &shards, err);
    if (st == NPU_OK)
        st = number(path, j, "shard", shards, &shard, err);
    if (st == NPU_OK && (!json_string(j, "sweep_sha256") || shards != m->shards ||
                         strcmp(json_string(j, "sweep_sha256"), m->digest) != 0))
        st = npu_fail(err, NPU_BAD_INPUT, "%s: a shard of another sweep than %s (other points, "
                      "model, chip, version or number of shards)", path, m->first);
    if (st == NPU_OK && m->seen[(size_t)shard])
        st = npu_fail(err, NPU_BAD_INPUT, "%s: shard %.0f of %.0f is given twice", path, shard,
                      shards);
    cJSON_Delete(j);
    NPU_TRY(st);
    m->seen[(size_t)shard] = true;
    return sweep_read_rows(csv, m->s, false, &taken, err);
}

static npu_status complete(const merging *m, npu_err *err)
{
    for (size_t i = 1; i <= (size_t)m->shards; i++)
        if (!m->seen[i])
            return npu_fail(err, NPU_BAD_INPUT, "shard %zu of %.0f is missing", i, m->shards);
    for (size_t i = 0; i < m->s->n; i++)
        if (m->s->point[i].result.status == NPU_POINT_PENDING)
            return npu_fail(err, NPU_BAD_INPUT, "point %zu of %zu is in no shard", i + 1, m->s->n);
    return NPU_OK;
}

static npu_status merge(merging *m, char *const *file, int n, const char *out, npu_err *err)
{
    char path[4200];
    for (int i = 0; i < n; i++)
        NPU_TRY(add_shard(m, file[i], path, sizeof path, err));
    NPU_TRY(complete(m, err));
    return sweep_write_reports(m->s, out, err);
}

int cmd_merge(int argc, char **argv)
{
    options o = {.output = "sweep_result"};
    merging m = {0};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = merge(&m, rest.arg, rest.n, o.output, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    if (s == NPU_OK && rest.verbosity >= 0) {
        rep_sweep_text(m.s, stdout);
        printf("files stored in : %s\n", o.output);
    }
    if (s == NPU_OK && rep_sweep_count(m.s, NPU_POINT_FAIL))
        code = npu_exit_code(NPU_GATE);
    npu_sweep_free(m.s);
    free(m.seen);
    opt_free(&program, &o);
    return code;
}
