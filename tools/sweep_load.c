/* From command line or file to a sweep ready to run; see sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/sys.h"
#include "tools/sweep.h"

static const char command_line[] = "command line";

/* "KEY=RANGE" of --param into the "params" of a specification. */
static npu_status add_param(cJSON *params, const char *text, npu_err *err)
{
    const char *eq = strchr(text, '=');
    cJSON *values = NULL;
    char key[64];
    if (!eq || eq == text || (size_t)(eq - text) >= sizeof key)
        return npu_fail(err, NPU_USAGE, "--param %.60s: KEY=RANGE is needed, such as "
                        "ddr.contention=0,0.25,0.5", text);
    snprintf(key, sizeof key, "%.*s", (int)(eq - text), text);
    NPU_TRY(perf_sweep_short(key, eq + 1, &values, err));
    if (!cJSON_AddItemToObject(params, key, values)) {
        cJSON_Delete(values);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    return NPU_OK;
}

/* The short form as a specification, so that there is one way to read them. */
static npu_status spec_of_options(const sweep_options *o, cJSON **out, npu_err *err)
{
    cJSON *j = cJSON_CreateObject(), *params;
    *out = j;
    cJSON_AddStringToObject(j, "schema", "npusim-sweep/1");
    cJSON_AddStringToObject(j, "mode", "grid");
    cJSON_AddStringToObject(j, "recompile", o->recompile ? "never" : "auto");
    params = cJSON_AddObjectToObject(j, "params");
    for (size_t i = 0; i < o->param.n; i++) /* the bandwidth comes last, so it runs fastest */
        NPU_TRY(add_param(params, o->param.item[i], err));
    if (o->ddr) {
        char text[4096];
        if (snprintf(text, sizeof text, "ddr.bandwidth_mbps=%s", o->ddr) >= (int)sizeof text)
            return npu_fail(err, NPU_USAGE, "--ddr-bandwidth: longer than %zu characters",
                            sizeof text);
        NPU_TRY(add_param(params, text, err));
    }
    if (!params || !params->child) {
        if (!o->solve)
            return npu_fail(err, NPU_USAGE, "nothing to sweep: give -s SPEC.json, "
                            "--ddr-bandwidth FROM:TO:log:POINTS or --param KEY=RANGE");
        NPU_TRY(add_param(params, "ddr.contention=0", err)); /* one point that nobody runs */
    }
    return NPU_OK;
}

static npu_status read_spec(const sweep_options *o, sweep_session *s, npu_err *err)
{
    cJSON *j = NULL;
    uint8_t *text = NULL;
    size_t n = 0;
    npu_status st;
    npu_status bad = o->spec ? NPU_BAD_INPUT : NPU_USAGE;
    s->spec_path = strdup(o->spec ? o->spec : command_line);
    if (!s->spec_path)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    if (o->spec) {
        st = o->param.n || o->ddr
                 ? npu_fail(err, NPU_USAGE, "-s goes without --param and --ddr-bandwidth; the "
                            "specification holds them")
                 : sys_read_file(o->spec, &text, &n, err);
        if (st == NPU_OK)
            st = json_parse(o->spec, (const char *)text, n, NPU_BAD_INPUT, &j, err);
    } else {
        st = spec_of_options(o, &j, err);
    }
    if (st == NPU_OK)
        st = perf_sweep_spec_read(j, s->spec_path, bad, &s->spec, err);
    free(text);
    cJSON_Delete(j);
    return st;
}

/* A model named in a specification is looked for beside it, then in the current folder. */
static void find_model(const sweep_session *s, const char *file, char *path, size_t size)
{
    const char *slash = strrchr(s->spec_path, '/');
    if (*file != '/' && slash) {
        snprintf(path, size, "%.*s/%s", (int)(slash - s->spec_path), s->spec_path, file);
        if (access(path, F_OK) == 0)
            return;
    }
    snprintf(path, size, "%s", file);
}

/* Overrides of --set, then of the specification's "base". */
static npu_status override(npu_chip *chip, const sweep_session *s, npu_err *err)
{
    char text[96];
    for (int i = 0; i < NPU_NUMS; i++) {
        if (isnan(s->spec.base[i]))
            continue;
        snprintf(text, sizeof text, "%s=%.17g", npu_num_table[i].key, s->spec.base[i]);
        NPU_TRY(npu_chip_set(chip, text, err));
    }
    return NPU_OK;
}

static npu_status name_model(npu_sweep_model *m, const sweep_target *t, const char *path,
                             const char *name, npu_err *err)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t stem = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    m->file = strdup(base);
    m->name = name ? strdup(name) : strndup(base, stem);
    m->chip = strdup(t->run.chip->name);
    m->error_percent = t->run.chip->error_percent;
    memcpy(m->sha256, t->run.model->sha256, sizeof m->sha256);
    return m->file && m->name && m->chip ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status open_model(sweep_session *s, const sweep_options *o, const char *path,
                             const char *name, npu_err *err)
{
    size_t i = s->sweep->nmodel++;
    sweep_target *t = &s->target[i];
    tool_options sim = {.chip = o->chip ? o->chip : s->spec.chip, .set = o->set};
    NPU_TRY(tool_load(path, &sim, &t->run, err));
    NPU_TRY(override(t->run.chip, s, err));
    NPU_TRY(perf_prog_rework(t->run.prog, t->run.chip, err));
    NPU_TRY(perf_sweep_chip_hash(t->run.chip, t->chip_hash, err));
    NPU_TRY(perf_sim_new(t->run.prog, t->run.chip, &t->sim, err));
    NPU_TRY(name_model(&s->sweep->model[i], t, path, name, err));
    for (size_t k = 0; k < i; k++)
        if (strcmp(s->sweep->model[k].name, s->sweep->model[i].name) == 0)
            return npu_fail(err, s->spec.bad, "two models are called %s; give one another name "
                            "with {\"file\": ..., \"name\": ...} in a specification",
                            s->sweep->model[i].name);
    return NPU_OK;
}

static npu_status open_models(sweep_session *s, const sweep_options *o, char *const *model, int n,
                              npu_err *err)
{
    size_t given = o->model.n + (size_t)n, all = given ? given : s->spec.nmodel;
    char path[4096];
    if (all == 0)
        return npu_fail(err, NPU_USAGE, "no model: name one on the command line or in \"models\" "
                        "of the specification");
    s->target = calloc(all, sizeof *s->target);
    s->sweep->model = calloc(all, sizeof *s->sweep->model);
    if (!s->target || !s->sweep->model)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < o->model.n; i++)
        NPU_TRY(open_model(s, o, o->model.item[i], NULL, err));
    for (int i = 0; i < n; i++)
        NPU_TRY(open_model(s, o, model[i], NULL, err));
    for (size_t i = 0; i < s->spec.nmodel && !given; i++) {
        find_model(s, s->spec.model[i].file, path, sizeof path);
        NPU_TRY(open_model(s, o, path, s->spec.model[i].name, err));
    }
    return NPU_OK;
}

static npu_status make_point(sweep_session *s, size_t i, npu_err *err)
{
    npu_sweep *w = s->sweep;
    npu_sweep_point *p = &w->point[i];
    const sweep_target *t = &s->target[i / s->plan.n];
    const double *set = s->plan.set + i % s->plan.n * w->nkey;
    const char *label = s->plan.label[i % s->plan.n];
    double *value = w->values + i * w->nkey;
    *p = (npu_sweep_point){.model = (uint32_t)(i / s->plan.n), .value = value};
    if (label && !(p->label = strdup(label)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t k = 0; k < w->nkey; k++)
        value[k] = isnan(set[k]) ? t->run.chip->num[w->key[k]] : set[k];
    return perf_sweep_id(t->run.model->sha256, t->chip_hash, w->tool, w->key, w->nkey, set, p->id,
                         err);
}

static npu_status make_points(sweep_session *s, npu_err *err)
{
    npu_sweep *w = s->sweep;
    size_t n = s->plan.n * w->nmodel;
    if (n > SWEEP_POINTS_MAX)
        return npu_fail(err, s->spec.bad, "%s: %zu points of %zu models; at most %d are allowed",
                        s->spec.path, s->plan.n, w->nmodel, SWEEP_POINTS_MAX);
    w->point = calloc(n + 1, sizeof *w->point);
    w->values = malloc((n * w->nkey + 1) * sizeof *w->values);
    char *ids = malloc(n * NPU_POINT_ID + 1);
    npu_status st = w->point && w->values && ids ? NPU_OK
                                                 : npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < n && st == NPU_OK; i++) {
        w->n++;
        st = make_point(s, i, err);
        memcpy(ids + i * NPU_POINT_ID, w->point[i].id, NPU_POINT_ID);
    }
    if (st == NPU_OK)
        hash_sha256_hex(ids, n * NPU_POINT_ID, s->digest);
    free(ids);
    return st;
}

static npu_status copy_spec(sweep_session *s, npu_err *err)
{
    npu_sweep *w = s->sweep = calloc(1, sizeof *s->sweep);
    if (!w)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    w->spec = s->spec.echo;
    s->spec.echo = NULL;
    w->tool = strdup(PACKAGE_VERSION);
    w->nkey = s->spec.nkey;
    w->key = malloc((w->nkey + 1) * sizeof *w->key);
    w->axis = w->nkey;
    w->ngoal = s->spec.ngoal;
    memcpy(w->goal, s->spec.goal, sizeof w->goal);
    memcpy(w->column, s->spec.column, sizeof w->column);
    if (!w->tool || !w->key)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    memcpy(w->key, s->spec.key, w->nkey * sizeof *w->key);
    return NPU_OK;
}

static npu_status parse_shard(const char *text, sweep_session *s, npu_err *err)
{
    int end = 0;
    s->shard = s->shards = 1;
    if (!text)
        return NPU_OK;
    if (sscanf(text, "%5zu/%5zu%n", &s->shard, &s->shards, &end) != 2 || text[end] ||
        s->shard < 1 || s->shard > s->shards)
        return npu_fail(err, NPU_USAGE, "--shard %.40s: I/N with 1 <= I <= N <= 99999 is needed, "
                        "such as 2/3", text);
    return NPU_OK;
}

npu_status sweep_open(const sweep_options *o, char *const *model, int n, sweep_session *s,
                      npu_err *err)
{
    NPU_TRY(parse_shard(o->shard, s, err));
    NPU_TRY(read_spec(o, s, err));
    NPU_TRY(copy_spec(s, err));
    NPU_TRY(open_models(s, o, model, n, err));
    NPU_TRY(perf_sweep_plan(&s->spec, s->target[0].run.chip->num, &s->plan, err));
    return make_points(s, err);
}

void sweep_close(sweep_session *s)
{
    for (size_t i = 0; s->sweep && i < s->sweep->nmodel; i++) {
        perf_sim_free(s->target[i].sim);
        tool_free(&s->target[i].run);
    }
    free(s->target);
    perf_sweep_plan_free(&s->plan);
    npu_sweep_free(s->sweep);
    perf_sweep_spec_free(&s->spec);
    free(s->spec_path);
    *s = (sweep_session){0};
}
