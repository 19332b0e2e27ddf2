/* sweep.json and the JSON that goes with a shard. */
#include <math.h>
#include <string.h>

#include "reports/jsonw.h"
#include "reports/sweep.h"

const char *rep_sweep_goal(const npu_sweep *s, size_t g)
{
    int goal = s->goal[g];
    return goal < NPU_METRICS ? npu_metric_table[goal].key
                              : npu_num_table[s->key[goal - NPU_METRICS]].key;
}

double rep_sweep_goal_value(const npu_sweep *s, size_t g, const npu_sweep_point *p)
{
    int goal = s->goal[g];
    return goal < NPU_METRICS ? p->result.metric[goal] : p->value[goal - NPU_METRICS];
}

size_t rep_sweep_count(const npu_sweep *s, npu_point_status status)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->point[i].result.status == status;
    return n;
}

static void models(rep_json *j, const npu_sweep *s)
{
    rep_json_open(j, "models", REP_ARRAY);
    for (size_t i = 0; i < s->nmodel; i++) {
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "name", s->model[i].name);
        rep_json_str(j, "file", s->model[i].file);
        rep_json_str(j, "sha256", s->model[i].sha256);
        rep_json_str(j, "chip", s->model[i].chip);
        if (s->model[i].error_percent >= 0)
            rep_json_exact(j, "error_percent", s->model[i].error_percent);
        else
            rep_json_null(j, "error_percent"); /* never measured */
        rep_json_close(j);
    }
    rep_json_close(j);
}

static void head(rep_json *j, const npu_sweep *s, const char *schema)
{
    rep_json_str(j, "schema", schema);
    rep_json_open(j, "tool", REP_OBJECT_LINE);
    rep_json_str(j, "name", "npusim");
    rep_json_str(j, "version", s->tool);
    rep_json_close(j);
    rep_json_raw(j, "spec", s->spec);
    models(j, s);
    rep_json_open(j, "keys", REP_ARRAY);
    for (size_t k = 0; k < s->nkey; k++) {
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "key", npu_num_table[s->key[k]].key);
        rep_json_str(j, "unit", npu_num_table[s->key[k]].unit);
        rep_json_close(j);
    }
    rep_json_close(j);
}

static void point(rep_json *j, const npu_sweep *s, size_t i)
{
    const npu_sweep_point *p = &s->point[i];
    const npu_point_result *r = &p->result;
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_int(j, "point", (int64_t)i + 1);
    rep_json_str(j, "id", p->id);
    rep_json_str(j, "status", npu_point_status_name(r->status));
    rep_json_str(j, "error", r->error);
    rep_json_str(j, "model", s->model[p->model].name);
    rep_json_str(j, "label", p->label);
    for (size_t k = 0; k < s->nkey; k++)
        rep_json_exact(j, npu_num_table[s->key[k]].key, p->value[k]);
    for (int m = 0; m < NPU_METRICS && r->status == NPU_POINT_OK; m++)
        rep_json_exact(j, npu_metric_table[m].key, r->metric[m]);
    if (r->status == NPU_POINT_OK)
        rep_json_str(j, "bound", npu_bound_name(r->bound));
    rep_json_bool(j, "recompiled", false);
    rep_json_close(j);
}

static void line(rep_json *j, const npu_sweep *s, const npu_sweep_line *l)
{
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "model", s->model[l->model].name);
    rep_json_open(j, "at", REP_OBJECT_LINE);
    for (size_t k = 0; k < s->nkey; k++)
        if (k != s->axis)
            rep_json_exact(j, npu_num_table[s->key[k]].key, s->point[l->point[0]].value[k]);
    rep_json_close(j);
    rep_json_int(j, "points", (int64_t)l->n);
    rep_json_exact(j, "unlimited_ms", l->unlimited_ms);
    rep_json_bool(j, "reached", l->reached);
    rep_json_exact(j, "k95", l->k95);
    rep_json_exact(j, "ke", l->ke);
    rep_json_exact(j, "kd", l->kd);
    rep_json_close(j);
}

static void derived(rep_json *j, const npu_sweep *s)
{
    rep_json_open(j, "derived", REP_OBJECT);
    if (s->axis < s->nkey)
        rep_json_str(j, "axis", npu_num_table[s->key[s->axis]].key);
    else
        rep_json_null(j, "axis");
    rep_json_open(j, "knees", REP_ARRAY);
    for (size_t i = 0; i < s->nline && s->axis < s->nkey; i++)
        if (s->key[s->axis] == NPU_NUM_ddr_bandwidth_mbps)
            line(j, s, &s->line[i]);
    rep_json_close(j);
    rep_json_open(j, "pareto", REP_OBJECT);
    rep_json_open(j, "minimise", REP_ARRAY_LINE);
    for (size_t g = 0; g < s->ngoal; g++)
        rep_json_str(j, NULL, rep_sweep_goal(s, g));
    rep_json_close(j);
    rep_json_open(j, "points", REP_ARRAY_LINE);
    for (size_t i = 0; i < s->n; i++)
        if (s->point[i].front)
            rep_json_int(j, NULL, (int64_t)i + 1);
    rep_json_close(j);
    rep_json_close(j);
    rep_json_close(j);
}

void rep_sweep_json(const npu_sweep *s, FILE *f)
{
    rep_json j = rep_json_begin(f);
    head(&j, s, "npusim.sweep/1");
    rep_json_open(&j, "points", REP_ARRAY);
    for (size_t i = 0; i < s->n; i++)
        point(&j, s, i);
    rep_json_close(&j);
    derived(&j, s);
    rep_json_end(&j);
}

void rep_shard_json(const npu_sweep *s, size_t shard, size_t shards, const char *digest, FILE *f)
{
    rep_json j = rep_json_begin(f);
    head(&j, s, "npusim.sweep-shard/1");
    rep_json_int(&j, "points", (int64_t)s->n);
    rep_json_int(&j, "shard", (int64_t)shard);
    rep_json_int(&j, "shards", (int64_t)shards);
    rep_json_str(&j, "sweep_sha256", digest);
    rep_json_open(&j, "columns", REP_ARRAY_LINE);
    for (int m = 0; m < NPU_METRICS; m++)
        if (s->column[m])
            rep_json_str(&j, NULL, npu_metric_table[m].key);
    rep_json_close(&j);
    rep_json_open(&j, "minimise", REP_ARRAY_LINE);
    for (size_t g = 0; g < s->ngoal; g++)
        rep_json_str(&j, NULL, rep_sweep_goal(s, g));
    rep_json_close(&j);
    rep_json_end(&j);
}
