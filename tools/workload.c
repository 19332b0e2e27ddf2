/* Workload files; see workload.h. */
#include "tools/workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "models/timing.h"
#include "perf/sched.h"

enum { MODELS_MAX = 64, STREAMS_MAX = 256 };

static const char *const top_keys =
    "schema title policy cores cpu_cores preempt ddr_contention overheads horizon_us models jobs";
static const char *const model_keys =
    "name bin chip set calls_us atoms_us ddr_share cpu_before_us cpu_after_us priority custom_id "
    "core max_time_per_fc target_us";

static npu_status no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status copy(char **to, const char *from, npu_err *err)
{
    free(*to);
    *to = strdup(from);
    return *to ? NPU_OK : no_memory(err);
}

/* --- cutting models into calls ---------------------------------------------------------------- */

static npu_status stages_of_split(npu_sched_model *m, workload_source *s, npu_err *err)
{
    double hz = hw_tick_hz(s->run.chip);
    const perf_split *p = &s->split;
    m->stage = calloc(p->n + 3, sizeof *m->stage);
    if (!m->stage)
        return no_memory(err);
    int64_t launch = (int64_t)llround(NPU_GET(s->run.chip, runtime_launch_ms) * 1e6);
    if (launch + s->before_ns > 0)
        m->stage[m->nstage++] = (npu_sched_stage){launch + s->before_ns, launch + s->before_ns,
                                                  true, false};
    for (size_t i = 0; i < p->n; i++) {
        int64_t ns = perf_ticks_ns(p->call[i].ticks, hz);
        int64_t half = perf_ticks_ns(p->call[i].half_ticks, hz);
        if (ns > 0)
            m->stage[m->nstage++] = (npu_sched_stage){ns, half > ns ? half : ns, p->call[i].cpu,
                                                      p->call[i].over};
    }
    m->unsplit_ns = perf_ticks_ns(p->unsplit_ticks, hz);
    return NPU_OK;
}

static npu_status stages_of_lengths(npu_sched_model *m, const workload_source *s, int64_t limit,
                                    npu_err *err)
{
    int64_t *call = malloc((m->natom + 1) * sizeof *call);
    size_t n = m->natom;
    m->stage = calloc(n + 3, sizeof *m->stage);
    if (!call || !m->stage) {
        free(call);
        return no_memory(err);
    }
    if (s->packed)
        n = perf_pack(m->atom, m->natom, limit, call);
    else
        memcpy(call, m->atom, n * sizeof *call);
    if (s->before_ns)
        m->stage[m->nstage++] = (npu_sched_stage){s->before_ns, s->before_ns, true, false};
    m->unsplit_ns = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t half = call[i] + (int64_t)llround((double)call[i] * s->ddr_share);
        m->stage[m->nstage++] = (npu_sched_stage){call[i], half, false, limit && call[i] > limit};
        m->unsplit_ns += call[i];
    }
    free(call);
    return NPU_OK;
}

npu_status workload_split(workload *x, size_t i, int64_t limit_ns, npu_err *err)
{
    npu_sched_model *m = &x->w.model[i];
    workload_source *s = &x->source[i];
    free(m->stage);
    m->stage = NULL;
    m->nstage = 0;
    m->limit_ns = limit_ns;
    if (s->run.prog) {
        perf_split_free(&s->split);
        NPU_TRY(perf_split_make(s->run.prog, s->run.chip, &s->atoms, limit_ns, x->w.cores > 1,
                                &s->split, err));
        NPU_TRY(stages_of_split(m, s, err));
    } else {
        NPU_TRY(stages_of_lengths(m, s, limit_ns, err));
    }
    if (s->after_ns)
        m->stage[m->nstage++] = (npu_sched_stage){s->after_ns, s->after_ns, true, false};
    return NPU_OK;
}

/* --- one model -------------------------------------------------------------------------------- */

static npu_status read_limit(const wl_reader *r, const wl_node *at, npu_sched_model *m)
{
    const cJSON *c = json_get(at->json, "max_time_per_fc");
    char text[48];
    if (!c)
        return NPU_OK;
    if (cJSON_IsString(c))
        snprintf(text, sizeof text, "%.40s", c->valuestring);
    else if (cJSON_IsNumber(c))
        snprintf(text, sizeof text, "%.12g", c->valuedouble);
    else
        return wl_fail(r, at, "max_time_per_fc", "must be a number of microseconds or a text such "
                       "as \"500us\" or \"0.5ms\"");
    npu_err why = {0};
    if (perf_limit_parse(text, &m->limit_ns, &why) != NPU_OK)
        return wl_fail(r, at, NULL, "%.250s", why.text);
    return NPU_OK;
}

/* The model file: beside the workload file, or in the current directory when there is none. */
static char *beside(const char *file, const char *bin)
{
    const char *slash = strrchr(file, '/');
    char *path = NULL;
    int n = slash && bin[0] != '/'
                ? asprintf(&path, "%.*s/%s", (int)(slash - file), file, bin)
                : asprintf(&path, "%s", bin);
    if (n >= 0 && access(path, F_OK) != 0 && access(bin, F_OK) == 0) {
        free(path);
        return strdup(bin);
    }
    return n < 0 ? NULL : path;
}

static npu_status read_overrides(const wl_reader *r, const wl_node *at, tool_options *o)
{
    wl_node set = wl_member(at, "set");
    if (!set.json)
        return NPU_OK;
    if (!cJSON_IsArray(set.json))
        return wl_fail(r, at, "set", "must be a list of texts such as \"ddr.contention=0.3\"");
    o->set.item = calloc((size_t)cJSON_GetArraySize(set.json) + 1, sizeof *o->set.item);
    if (!o->set.item)
        return no_memory(r->err);
    for (const cJSON *c = set.json->child; c; c = c->next) {
        if (!cJSON_IsString(c))
            return wl_fail(r, at, "set", "item %zu is not a text such as \"ddr.contention=0.3\"",
                           o->set.n);
        o->set.item[o->set.n++] = c->valuestring;
    }
    return NPU_OK;
}

static npu_status load_bin(const wl_reader *r, const wl_node *at, const char *bin,
                           npu_sched_model *m, workload_source *s)
{
    tool_options o = {0};
    npu_status st = wl_string(r, at, "chip", &o.chip);
    char *path = beside(r->file, bin), where[128];
    if (st == NPU_OK)
        st = path ? read_overrides(r, at, &o) : no_memory(r->err);
    if (st == NPU_OK) {
        st = tool_load(path, &o, &s->run, r->err);
        if (st == NPU_OK)
            st = perf_atoms_find(s->run.prog, s->run.chip, &s->atoms, r->err);
        snprintf(where, sizeof where, "%.60s: %.60s.bin", r->file, at->path);
        if (st != NPU_OK)
            npu_fail_in(r->err, where);
    }
    free(o.set.item);
    if (st == NPU_OK) {
        const char *base = strrchr(path, '/');
        st = copy(&m->file, base ? base + 1 : path, r->err);
    }
    free(path);
    return st == NPU_OK ? copy(&m->chip, s->run.chip->name, r->err) : st;
}

static npu_status read_source(const wl_reader *r, const wl_node *at, npu_sched_model *m,
                              workload_source *s)
{
    const char *bin;
    bool atoms = json_get(at->json, "atoms_us"), calls = json_get(at->json, "calls_us");
    NPU_TRY(wl_string(r, at, "bin", &bin));
    if ((bin != NULL) + atoms + calls != 1)
        return wl_fail(r, at, NULL, "exactly one of bin (a model file), calls_us (function-call "
                       "lengths) and atoms_us (lengths between safe points) is needed");
    NPU_TRY(wl_time(r, at, "cpu_before_us", 0, &s->before_ns));
    NPU_TRY(wl_time(r, at, "cpu_after_us", 0, &s->after_ns));
    NPU_TRY(wl_number(r, at, "ddr_share", 0, 1, &s->ddr_share));
    if (bin && json_get(at->json, "ddr_share"))
        return wl_fail(r, at, "ddr_share", "is for given lengths; of a model file it is simulated");
    if (!bin && (json_get(at->json, "chip") || json_get(at->json, "set")))
        return wl_fail(r, at, "chip, set", "are for a model file (bin)");
    s->packed = atoms;
    if (bin)
        return load_bin(r, at, bin, m, s);
    return wl_times(r, at, atoms ? "atoms_us" : "calls_us", 0.001, &m->atom, &m->natom);
}

static npu_status read_core(const wl_reader *r, const wl_node *at, unsigned cores, int *core)
{
    const cJSON *c = json_get(at->json, "core");
    int64_t v = 0;
    *core = NPU_SCHED_NONE;
    if (!c || (cJSON_IsString(c) && strcmp(c->valuestring, "any") == 0))
        return NPU_OK;
    if (!cJSON_IsNumber(c))
        return wl_fail(r, at, "core", "must be \"any\" or a core number, 0 to %u", cores - 1);
    NPU_TRY(wl_integer(r, at, "core", 0, cores - 1, &v));
    *core = (int)v;
    return NPU_OK;
}

static npu_status read_model(const wl_reader *r, const wl_node *at, workload *x, unsigned classes)
{
    size_t i = x->w.nmodel;
    npu_sched_model *m = &x->w.model[i];
    int64_t priority = 0;
    const char *name;
    x->w.nmodel++;
    NPU_TRY(wl_object(r, at, model_keys));
    NPU_TRY(wl_string(r, at, "name", &name));
    if (!name)
        return wl_fail(r, at, "name", "is missing");
    for (size_t k = 0; k < i; k++)
        if (strcmp(x->w.model[k].name, name) == 0)
            return wl_fail(r, at, "name", "\"%.60s\" is taken by models[%zu]", name, k);
    NPU_TRY(copy(&m->name, name, r->err));
    NPU_TRY(wl_integer(r, at, "priority", 0, 255, &priority));
    m->priority = (unsigned)priority;
    m->class_ = perf_sched_class(m->priority);
    if (classes == 2 && m->class_ == 1)
        m->class_ = 0;
    NPU_TRY(wl_integer(r, at, "custom_id", -9e15, 9e15, &m->custom_id));
    NPU_TRY(wl_time(r, at, "target_us", 0.001, &m->target_ns));
    NPU_TRY(read_core(r, at, x->w.cores, &m->core));
    NPU_TRY(read_limit(r, at, m));
    NPU_TRY(read_source(r, at, m, &x->source[i]));
    NPU_TRY(workload_split(x, i, m->limit_ns, r->err));
    m->preemptible = m->limit_ns > 0 ||
                     (json_get(at->json, "calls_us") && m->natom > 1 &&
                      !json_get(at->json, "max_time_per_fc"));
    return NPU_OK;
}

/* --- jobs ------------------------------------------------------------------------------------- */

static npu_status read_arrival(const wl_reader *r, const wl_node *at, npu_sched_stream *s)
{
    int64_t seed = 1;
    NPU_TRY(wl_object(r, at, "periodic trace poisson"));
    if (cJSON_GetArraySize(at->json) != 1)
        return wl_fail(r, at, NULL, "exactly one of periodic, trace, poisson is needed");
    wl_node p = wl_member(at, "periodic"), q = wl_member(at, "poisson");
    if (p.json) {
        s->kind = NPU_ARRIVE_PERIODIC;
        NPU_TRY(wl_object(r, &p, "period_us offset_us jitter_us seed"));
        NPU_TRY(wl_time(r, &p, "period_us", 0.001, &s->period_ns));
        if (s->period_ns == 0)
            return wl_fail(r, &p, "period_us", "is missing");
        NPU_TRY(wl_time(r, &p, "offset_us", 0, &s->offset_ns));
        NPU_TRY(wl_time(r, &p, "jitter_us", 0, &s->jitter_ns));
        NPU_TRY(wl_integer(r, &p, "seed", 0, 9e15, &seed));
    } else if (q.json) {
        s->kind = NPU_ARRIVE_POISSON;
        NPU_TRY(wl_object(r, &q, "mean_us offset_us seed"));
        NPU_TRY(wl_number(r, &q, "mean_us", 0.001, 1e12, &s->mean_ns));
        if (s->mean_ns == 0)
            return wl_fail(r, &q, "mean_us", "is missing");
        s->mean_ns *= 1e3;
        NPU_TRY(wl_time(r, &q, "offset_us", 0, &s->offset_ns));
        NPU_TRY(wl_integer(r, &q, "seed", 0, 9e15, &seed));
    } else {
        s->kind = NPU_ARRIVE_TRACE;
        NPU_TRY(wl_times(r, at, "trace", 0, &s->at, &s->nat));
    }
    s->seed = (uint64_t)seed;
    return NPU_OK;
}

static npu_status read_stream(const wl_reader *r, const wl_node *at, workload *x)
{
    npu_sched_stream *s = &x->w.stream[x->w.nstream++];
    const char *name;
    int64_t count = 0;
    NPU_TRY(wl_object(r, at, "model arrival deadline_us count"));
    NPU_TRY(wl_string(r, at, "model", &name));
    s->model = UINT32_MAX;
    for (size_t i = 0; name && i < x->w.nmodel; i++)
        if (strcmp(x->w.model[i].name, name) == 0)
            s->model = (uint32_t)i;
    if (s->model == UINT32_MAX)
        return wl_fail(r, at, "model", "%s%.60s%s; the first of %zu models is \"%.60s\"",
                       name ? "no model is named \"" : "is missing", name ? name : "",
                       name ? "\"" : "", x->w.nmodel, x->w.model[0].name);
    wl_node a = wl_member(at, "arrival");
    if (!a.json)
        return wl_fail(r, at, "arrival", "is missing: periodic, trace or poisson");
    NPU_TRY(read_arrival(r, &a, s));
    NPU_TRY(wl_time(r, at, "deadline_us", 0.001, &s->deadline_ns));
    NPU_TRY(wl_integer(r, at, "count", 1, PERF_SCHED_JOBS_MAX, &count));
    s->count = (size_t)count;
    if (!s->count && s->kind != NPU_ARRIVE_TRACE && !x->w.horizon_ns)
        return wl_fail(r, at, "count", "is missing, and so is horizon_us: one of them must end the "
                       "arrivals");
    return NPU_OK;
}

/* --- the file --------------------------------------------------------------------------------- */

static npu_status read_policy(const wl_reader *r, const wl_node *top, npu_workload *w)
{
    const char *policy;
    NPU_TRY(wl_string(r, top, "policy", &policy));
    for (int i = 0; policy && i < NPU_SCHED_POLICIES; i++)
        if (strcmp(policy, npu_sched_policy_name((npu_sched_policy)i)) == 0) {
            w->policy = (npu_sched_policy)i;
            return NPU_OK;
        }
    return policy ? wl_fail(r, top, "policy", "is \"%.40s\", allowed bpu, fifo, np-hpf, ideal",
                            policy)
                  : NPU_OK;
}

static npu_status read_head(const wl_reader *r, const wl_node *top, workload *x, unsigned *classes)
{
    npu_workload *w = &x->w;
    const char *schema, *title;
    int64_t cores = 1, cpus = 0, n = 3;
    NPU_TRY(wl_object(r, top, top_keys));
    NPU_TRY(wl_string(r, top, "schema", &schema));
    if (schema && strcmp(schema, "npusim.workload/1") != 0)
        return wl_fail(r, top, "schema", "is \"%.40s\", allowed npusim.workload/1", schema);
    NPU_TRY(wl_string(r, top, "title", &title));
    if (title)
        NPU_TRY(copy(&x->title, title, r->err));
    NPU_TRY(read_policy(r, top, w));
    NPU_TRY(wl_integer(r, top, "cores", 1, NPU_SCHED_CORES, &cores));
    NPU_TRY(wl_integer(r, top, "cpu_cores", 0, 64, &cpus));
    w->cores = (unsigned)cores;
    w->cpus = (unsigned)cpus;
    w->contention = w->require_limit = true;
    NPU_TRY(wl_bool(r, top, "ddr_contention", &w->contention));
    NPU_TRY(wl_time(r, top, "horizon_us", 0.001, &w->horizon_ns));
    wl_node p = wl_member(top, "preempt"), o = wl_member(top, "overheads");
    if (p.json) {
        NPU_TRY(wl_object(r, &p, "require_limit classes"));
        NPU_TRY(wl_bool(r, &p, "require_limit", &w->require_limit));
        NPU_TRY(wl_integer(r, &p, "classes", 2, 3, &n));
    }
    *classes = (unsigned)n;
    if (!o.json)
        return NPU_OK;
    NPU_TRY(wl_object(r, &o, "submit_us switch_us resume_us fc_launch_us"));
    NPU_TRY(wl_time(r, &o, "submit_us", 0, &w->over.submit_ns));
    NPU_TRY(wl_time(r, &o, "switch_us", 0, &w->over.switch_ns));
    NPU_TRY(wl_time(r, &o, "resume_us", 0, &w->over.resume_ns));
    return wl_time(r, &o, "fc_launch_us", 0, &w->over.launch_ns);
}

/* Member KEY as a list of 1 to MOST objects. */
static npu_status read_list(const wl_reader *r, const wl_node *top, const char *key, int most,
                            wl_node *list)
{
    *list = wl_member(top, key);
    int n = list->json && cJSON_IsArray(list->json) ? cJSON_GetArraySize(list->json) : 0;
    if (n < 1 || n > most)
        return wl_fail(r, top, key, "must be a list of 1 to %d objects, there are %d", most, n);
    return NPU_OK;
}

static npu_status read_all(const wl_reader *r, const wl_node *top, workload *x)
{
    wl_node models, jobs;
    unsigned classes = 3;
    NPU_TRY(read_head(r, top, x, &classes));
    NPU_TRY(read_list(r, top, "models", MODELS_MAX, &models));
    NPU_TRY(read_list(r, top, "jobs", STREAMS_MAX, &jobs));
    x->w.model = calloc(MODELS_MAX, sizeof *x->w.model);
    x->w.stream = calloc(STREAMS_MAX, sizeof *x->w.stream);
    x->source = calloc(MODELS_MAX, sizeof *x->source);
    if (!x->w.model || !x->w.stream || !x->source)
        return no_memory(r->err);
    for (int i = 0; i < cJSON_GetArraySize(models.json); i++) {
        wl_node m = wl_item(&models, (size_t)i);
        NPU_TRY(read_model(r, &m, x, classes));
    }
    for (int i = 0; i < cJSON_GetArraySize(jobs.json); i++) {
        wl_node j = wl_item(&jobs, (size_t)i);
        NPU_TRY(read_stream(r, &j, x));
    }
    return NPU_OK;
}

npu_status workload_read(const char *path, workload *out, npu_err *err)
{
    wl_reader r = {path, err};
    wl_node top = {0};
    uint8_t *bytes = NULL;
    cJSON *json = NULL;
    size_t n;
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    *out = (workload){0};
    NPU_TRY(sys_read_file(path, &bytes, &n, err));
    npu_status s = json_parse(path, (const char *)bytes, n, NPU_BAD_INPUT, &json, err);
    out->name = strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
    if (s == NPU_OK && !out->name)
        s = no_memory(err);
    if (s == NPU_OK)
        s = copy(&out->title, out->name, err);
    top.json = json;
    if (s == NPU_OK)
        s = read_all(&r, &top, out);
    cJSON_Delete(json);
    free(bytes);
    return s;
}

void workload_free(workload *x)
{
    for (size_t i = 0; x->source && i < x->w.nmodel; i++) {
        tool_free(&x->source[i].run);
        perf_atoms_free(&x->source[i].atoms);
        perf_split_free(&x->source[i].split);
    }
    npu_workload_free(&x->w);
    free(x->source);
    free(x->title);
    free(x->name);
    *x = (workload){0};
}
