/* Reader of sweep specifications; see sweep.h.  Strict: what is not understood is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/near.h"
#include "perf/sweep.h"

typedef npu_status member_fn(sweep_spec *s, const cJSON *e, npu_err *err);

static npu_status fail_at(const sweep_spec *s, const char *at, npu_err *err, const char *what)
{
    return npu_fail(err, s->bad, "%s: %s: %s", s->path, at, what);
}

static npu_status need_text(const sweep_spec *s, const cJSON *e, const char *at, char **out,
                            npu_err *err)
{
    if (!cJSON_IsString(e) || !*e->valuestring)
        return fail_at(s, at, err, "a string that is not empty is needed");
    *out = strdup(e->valuestring);
    return *out ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

/* A whole number from LEAST to MOST. */
static npu_status need_count(const sweep_spec *s, const cJSON *e, const char *at, double least,
                             double most, double *out, npu_err *err)
{
    if (!cJSON_IsNumber(e) || !(e->valuedouble >= least && e->valuedouble <= most) ||
        e->valuedouble != floor(e->valuedouble))
        return npu_fail(err, s->bad, "%s: %s: a whole number from %.0f to %.0f is needed", s->path,
                        at, least, most);
    *out = e->valuedouble;
    return NPU_OK;
}

/* Keys that change what the compiler would have made of the model. */
static bool needs_compiler(const char *key)
{
    static const char *const all[] = {"sram.bytes", "npu.cores", "batch", "tpu.lanes",
                                      "tpu.eu_bytes", "lmem.lane_bytes", "lmem.banks",
                                      "bpu.sram_bytes", "bpu.cores",
                                      "bpu.layer_parameter_bytes"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(key, all[i]) == 0)
            return true;
    return strncmp(key, "compile.", 8) == 0 || strncmp(key, "input.", 6) == 0;
}

static npu_status key_of(const sweep_spec *s, const char *name, const char *in, npu_num *out,
                         npu_err *err)
{
    *out = perf_sweep_key(name);
    if (needs_compiler(name) && (*out == NPU_NUMS || !s->same_commands))
        return npu_fail(err, NPU_UNSUPPORTED,
                        "%s: %s.\"%s\": the model would have to be compiled again, which is not "
                        "modelled%s", s->path, in, name, *out == NPU_NUMS ? ""
                            : "; \"recompile\": \"never\" runs the same commands");
    if (*out != NPU_NUMS)
        return NPU_OK;
    const char *names[NPU_NUMS];
    for (int i = 0; i < NPU_NUMS; i++)
        names[i] = npu_num_table[i].key;
    const char *near = base_nearest(name, names, NPU_NUMS);
    return npu_fail(err, s->bad, "%s: %s.\"%.60s\": no such number%s%s%s; `npusim chips NAME` "
                    "lists those allowed", s->path, in, name, near ? ", did you mean " : "",
                    near ? near : "", near ? "?" : "");
}

static npu_status add_key(sweep_spec *s, npu_num num, const char *at, npu_err *err)
{
    for (size_t k = 0; k < s->nkey; k++)
        if (s->key[k] == num)
            return NPU_OK;
    if (s->nkey == SWEEP_KEYS_MAX)
        return npu_fail(err, s->bad, "%s: %s: more than %d keys", s->path, at, SWEEP_KEYS_MAX);
    s->key[s->nkey++] = num;
    return NPU_OK;
}

static npu_status read_params(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    char at[160];
    if (!cJSON_IsObject(json))
        return fail_at(s, "params", err, "an object is needed");
    s->param = calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *s->param);
    if (!s->param)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_ArrayForEach(e, json)
    {
        sweep_param *p = &s->param[s->nparam];
        snprintf(at, sizeof at, "params.\"%.60s\"", e->string);
        NPU_TRY(key_of(s, e->string, "params", &p->num, err));
        for (size_t i = 0; i < s->nparam; i++)
            if (s->param[i].num == p->num)
                return fail_at(s, at, err, "the key occurs twice");
        s->nparam++;
        NPU_TRY(add_key(s, p->num, at, err));
        NPU_TRY(perf_sweep_values(s, e, at, p, err));
    }
    return NPU_OK;
}

static npu_status read_base(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    char at[160];
    npu_num num;
    if (!cJSON_IsObject(json))
        return fail_at(s, "base", err, "an object of key: value is needed");
    cJSON_ArrayForEach(e, json)
    {
        snprintf(at, sizeof at, "base.\"%.60s\"", e->string);
        NPU_TRY(key_of(s, e->string, "base", &num, err));
        NPU_TRY(perf_sweep_value(s, e, at, num, &s->base[num], err));
    }
    return NPU_OK;
}

/* First pass over "points": their keys become columns. */
static npu_status point_keys(sweep_spec *s, const cJSON *points, npu_err *err)
{
    const cJSON *point, *e;
    char at[160];
    npu_num num;
    cJSON_ArrayForEach(point, points)
    {
        snprintf(at, sizeof at, "points[%zu]", s->nfixed++);
        if (!cJSON_IsObject(point) || !point->child)
            return fail_at(s, at, err, "an object of key: value is needed");
        cJSON_ArrayForEach(e, point)
        {
            if (strcmp(e->string, "label") == 0)
                continue;
            NPU_TRY(key_of(s, e->string, at, &num, err));
            NPU_TRY(add_key(s, num, at, err));
        }
    }
    return NPU_OK;
}

static npu_status read_point(sweep_spec *s, const cJSON *point, size_t i, npu_err *err)
{
    const cJSON *e;
    char at[160];
    cJSON_ArrayForEach(e, point)
    {
        snprintf(at, sizeof at, "points[%zu].\"%.60s\"", i, e->string);
        if (strcmp(e->string, "label") == 0) {
            NPU_TRY(need_text(s, e, at, &s->label[i], err));
            continue;
        }
        npu_num num = perf_sweep_key(e->string);
        size_t k = 0;
        while (s->key[k] != num)
            k++;
        if (!isnan(s->fixed[i * s->nkey + k]))
            return fail_at(s, at, err, "the key occurs twice");
        NPU_TRY(perf_sweep_value(s, e, at, num, &s->fixed[i * s->nkey + k], err));
    }
    return NPU_OK;
}

static npu_status read_points(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *point;
    size_t i = 0;
    if (!cJSON_IsArray(json))
        return fail_at(s, "points", err, "an array of objects is needed");
    NPU_TRY(point_keys(s, json, err));
    s->fixed = malloc((s->nfixed * s->nkey + 1) * sizeof *s->fixed);
    s->label = calloc(s->nfixed + 1, sizeof *s->label);
    if (!s->fixed || !s->label)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t k = 0; k < s->nfixed * s->nkey; k++)
        s->fixed[k] = NAN;
    cJSON_ArrayForEach(point, json) NPU_TRY(read_point(s, point, i++, err));
    return NPU_OK;
}

static npu_status read_model(sweep_spec *s, const cJSON *e, size_t i, npu_err *err)
{
    char at[64];
    sweep_file *m = &s->model[i];
    snprintf(at, sizeof at, "models[%zu]", i);
    s->nmodel++;
    if (!cJSON_IsObject(e))
        return need_text(s, e, at, &m->file, err);
    for (const cJSON *f = e->child; f; f = f->next)
        if (strcmp(f->string, "file") == 0 && !m->file)
            NPU_TRY(need_text(s, f, "models[].file", &m->file, err));
        else if (strcmp(f->string, "name") == 0 && !m->name)
            NPU_TRY(need_text(s, f, "models[].name", &m->name, err));
        else
            return fail_at(s, at, err, "\"file\" and \"name\" are allowed, once each");
    return m->file ? NPU_OK : fail_at(s, at, err, "\"file\" is missing");
}

static npu_status read_models(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    size_t i = 0;
    if (!cJSON_IsArray(json) || !json->child)
        return fail_at(s, "models", err, "an array of file names is needed");
    s->model = calloc((size_t)cJSON_GetArraySize(json), sizeof *s->model);
    if (!s->model)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_ArrayForEach(e, json) NPU_TRY(read_model(s, e, i++, err));
    return NPU_OK;
}

static npu_status read_constraints(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    char at[64];
    double num[NPU_NUMS];
    bool holds;
    if (!cJSON_IsArray(json))
        return fail_at(s, "constraints", err, "an array of strings is needed");
    for (int i = 0; i < NPU_NUMS; i++)
        num[i] = 1;
    s->constraint = calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *s->constraint);
    if (!s->constraint)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    cJSON_ArrayForEach(e, json)
    {
        snprintf(at, sizeof at, "constraints[%zu]", s->nconstraint);
        NPU_TRY(need_text(s, e, at, &s->constraint[s->nconstraint], err));
        if (perf_sweep_holds(s->constraint[s->nconstraint++], num, &holds, s->bad, err) != NPU_OK) {
            npu_fail_in(err, at);
            return npu_fail_in(err, s->path);
        }
    }
    return NPU_OK;
}

static npu_status unknown_metric(const sweep_spec *s, const char *at, const char *found,
                                 npu_err *err)
{
    const char *names[NPU_METRICS + 1] = {"bound"};
    for (int i = 0; i < NPU_METRICS; i++)
        names[i + 1] = npu_metric_table[i].key;
    const char *near = base_nearest(found, names, NPU_METRICS + 1);
    return npu_fail(err, s->bad, "%s: %s: no metric '%.40s'%s%s%s", s->path, at, found,
                    near ? "; did you mean " : "; there are latency_ms, fps, ddr_bytes, ddr_gbps, "
                    "tdma_ms, tiu_ms, mac_util and others (docs/SWEEP.md)", near ? near : "",
                    near ? "?" : "");
}

static int metric_of(const char *name)
{
    int i = 0;
    while (i < NPU_METRICS && strcmp(npu_metric_table[i].key, name) != 0)
        i++;
    return i;
}

static npu_status read_metrics(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    if (!cJSON_IsArray(json) || !json->child)
        return fail_at(s, "metrics", err, "an array of names is needed");
    memset(s->column, 0, sizeof s->column);
    cJSON_ArrayForEach(e, json)
    {
        const char *name = cJSON_IsString(e) ? e->valuestring : "";
        int i = metric_of(name);
        if (i < NPU_METRICS)
            s->column[i] = true;
        else if (strcmp(name, "bound") != 0) /* always shown */
            return unknown_metric(s, "metrics", name, err);
    }
    return NPU_OK;
}

static npu_status read_pareto(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) < 2 || cJSON_GetArraySize(json) > 4)
        return fail_at(s, "pareto", err, "an array of two to four metrics or keys is needed");
    cJSON_ArrayForEach(e, json)
    {
        const char *name = cJSON_IsString(e) ? e->valuestring : "";
        int goal = metric_of(name), k = 0;
        while (goal == NPU_METRICS && k < (int)s->nkey && s->key[k] != perf_sweep_key(name))
            k++;
        if (goal == NPU_METRICS && k == (int)s->nkey)
            return unknown_metric(s, "pareto", name, err);
        s->goal[s->ngoal++] = goal == NPU_METRICS ? goal + k : goal;
    }
    return NPU_OK;
}

static npu_status read_limits(sweep_spec *s, const cJSON *json, npu_err *err)
{
    const cJSON *e;
    double v = 0;
    if (!cJSON_IsObject(json))
        return fail_at(s, "limits", err, "an object is needed");
    cJSON_ArrayForEach(e, json)
    {
        if (strcmp(e->string, "max_points") == 0) {
            NPU_TRY(need_count(s, e, "limits.max_points", 1, SWEEP_POINTS_MAX, &v, err));
            s->max_points = (size_t)v;
        } else if (strcmp(e->string, "timeout_s") == 0) {
            NPU_TRY(need_count(s, e, "limits.timeout_s", 0, 1e6, &v, err));
            s->timeout_s = (unsigned)v;
        } else {
            return npu_fail(err, s->bad, "%s: limits.\"%.60s\": no such member; max_points and "
                            "timeout_s are allowed", s->path, e->string);
        }
    }
    return NPU_OK;
}

static npu_status read_mode(sweep_spec *s, const cJSON *e, npu_err *err)
{
    static const char *const name[SWEEP_MODES] = {"grid", "list", "zip", "oat", "random"};
    const char *found = cJSON_IsString(e) ? e->valuestring : "";
    for (int i = 0; i < SWEEP_MODES; i++)
        if (strcmp(name[i], found) == 0) {
            s->mode = (sweep_mode)i;
            return NPU_OK;
        }
    return npu_fail(err, s->bad, "%s: mode: '%.40s' found; grid, list, zip, oat and random are "
                    "allowed", s->path, found);
}

static npu_status read_recompile(sweep_spec *s, const cJSON *e, npu_err *err)
{
    const char *found = cJSON_IsString(e) ? e->valuestring : "";
    s->same_commands = strcmp(found, "never") == 0;
    if (!s->same_commands && strcmp(found, "auto") != 0)
        return fail_at(s, "recompile", err, "\"auto\" or \"never\" is needed");
    return NPU_OK;
}

static npu_status read_schema(sweep_spec *s, const cJSON *e, npu_err *err)
{
    const char *found = cJSON_IsString(e) ? e->valuestring : "";
    if (strcmp(found, "npusim-sweep/1") == 0)
        return NPU_OK;
    return npu_fail(err, s->bad, "%s: schema: '%.40s' found, npusim-sweep/1 is needed", s->path,
                    found);
}

static npu_status read_seed(sweep_spec *s, const cJSON *e, npu_err *err)
{
    double v = 0;
    NPU_TRY(need_count(s, e, "seed", 0, 9007199254740992.0, &v, err));
    s->seed = (uint64_t)v;
    return NPU_OK;
}

static npu_status read_samples(sweep_spec *s, const cJSON *e, npu_err *err)
{
    double v = 0;
    NPU_TRY(need_count(s, e, "samples", 1, SWEEP_POINTS_MAX, &v, err));
    s->samples = (size_t)v;
    return NPU_OK;
}

static npu_status read_chip(sweep_spec *s, const cJSON *e, npu_err *err)
{
    return need_text(s, e, "chip", &s->chip, err);
}

/* In the order they are read: later ones use what earlier ones set. */
static const struct {
    const char *name;
    member_fn *read;
} members[] = {
    {"schema", read_schema}, {"mode", read_mode}, {"recompile", read_recompile},
    {"seed", read_seed}, {"samples", read_samples}, {"models", read_models}, {"chip", read_chip},
    {"params", read_params}, {"base", read_base}, {"points", read_points},
    {"constraints", read_constraints}, {"metrics", read_metrics}, {"pareto", read_pareto},
    {"limits", read_limits},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static npu_status check_names(const sweep_spec *s, const cJSON *json, npu_err *err)
{
    const char *names[MEMBERS], *near;
    if (!cJSON_IsObject(json))
        return npu_fail(err, s->bad, "%s: an object is needed", s->path);
    for (size_t i = 0; i < MEMBERS; i++)
        names[i] = members[i].name;
    for (const cJSON *e = json->child; e; e = e->next) {
        size_t i = 0;
        while (i < MEMBERS && strcmp(names[i], e->string) != 0)
            i++;
        near = i < MEMBERS ? NULL : base_nearest(e->string, names, MEMBERS);
        if (i == MEMBERS)
            return npu_fail(err, s->bad, "%s: \"%.60s\": no such member%s%s; allowed are schema, "
                            "models, chip, mode, seed, samples, params, base, points, "
                            "constraints, recompile, metrics, pareto, limits", s->path, e->string,
                            near ? ", did you mean " : "", near ? near : "");
        if (json_get(json, e->string) != e)
            return npu_fail(err, s->bad, "%s: \"%s\" occurs twice", s->path, e->string);
    }
    return NPU_OK;
}

static npu_status check_whole(const sweep_spec *s, npu_err *err)
{
    if (s->mode == SWEEP_LIST ? s->nfixed == 0 : s->nparam == 0 && s->nfixed == 0)
        return npu_fail(err, s->bad, "%s: nothing to sweep: %s", s->path, s->mode == SWEEP_LIST
                            ? "mode list needs \"points\"" : "\"params\" is missing or empty");
    if (s->mode == SWEEP_LIST && s->nparam)
        return fail_at(s, "params", err, "mode list takes \"points\" only");
    if ((s->mode == SWEEP_RANDOM) != (s->samples > 0))
        return fail_at(s, "samples", err, "a count is needed in mode random, and only there");
    for (size_t i = 1; s->mode == SWEEP_ZIP && i < s->nparam; i++)
        if (s->param[i].n != s->param[0].n)
            return npu_fail(err, s->bad, "%s: params: mode zip needs lists of one length; %s has "
                            "%zu values, %s has %zu", s->path, npu_num_table[s->param[0].num].key,
                            s->param[0].n, npu_num_table[s->param[i].num].key, s->param[i].n);
    return NPU_OK;
}

static npu_status make_echo(sweep_spec *s, const cJSON *json, npu_err *err)
{
    cJSON *copy = cJSON_Duplicate(json, true);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "models"); /* paths of this machine */
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "chip");
    s->echo = copy ? cJSON_PrintUnformatted(copy) : NULL;
    cJSON_Delete(copy);
    return s->echo ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status read_all(sweep_spec *s, const cJSON *json, npu_err *err)
{
    NPU_TRY(check_names(s, json, err));
    if (!json_get(json, "schema"))
        return read_schema(s, NULL, err);
    for (size_t i = 0; i < MEMBERS; i++)
        if (json_get(json, members[i].name))
            NPU_TRY(members[i].read(s, json_get(json, members[i].name), err));
    NPU_TRY(check_whole(s, err));
    return make_echo(s, json, err);
}

npu_status perf_sweep_spec_read(const cJSON *json, const char *path, npu_status bad,
                                sweep_spec *out, npu_err *err)
{
    *out = (sweep_spec){.path = path, .bad = bad, .max_points = SWEEP_POINTS_DEFAULT,
                        .timeout_s = 600, .seed = 1};
    for (int i = 0; i < NPU_NUMS; i++)
        out->base[i] = NAN;
    for (int i = 0; i < NPU_METRICS; i++)
        out->column[i] = true;
    npu_status st = read_all(out, json, err);
    if (st != NPU_OK)
        perf_sweep_spec_free(out);
    return st;
}

void perf_sweep_spec_free(sweep_spec *s)
{
    for (size_t i = 0; i < s->nparam; i++)
        free(s->param[i].value);
    for (size_t i = 0; s->label && i < s->nfixed; i++)
        free(s->label[i]);
    for (size_t i = 0; i < s->nconstraint; i++)
        free(s->constraint[i]);
    for (size_t i = 0; i < s->nmodel; i++) {
        free(s->model[i].file);
        free(s->model[i].name);
    }
    free(s->param);
    free(s->fixed);
    free(s->label);
    free(s->constraint);
    free(s->model);
    free(s->chip);
    free(s->echo);
    *s = (sweep_spec){0};
}
