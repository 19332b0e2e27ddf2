/* Budget file -> budget_file.  Every key is known or refused. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/sys.h"
#include "npusim/chip.h"
#include "perf/budget.h"

enum { KEYS_MAX = 48, PATTERN_MAX = 256, ENTRIES_MAX = 10000 };

static void no_memory(perf_json *r)
{
    if (r->status == NPU_OK)
        r->status = npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->file);
}

/* Makes room for one element more behind N; false: no memory. */
static void *grow(perf_json *r, void *list, size_t n, size_t size)
{
    void *p = r->status == NPU_OK ? realloc(list, (n + 1) * size) : NULL;
    if (p)
        memset((char *)p + n * size, 0, size);
    else
        no_memory(r);
    return p;
}

/* --- names ------------------------------------------------------------------------------------ */

bool budget_matches(const budget_pattern *p, const char *name)
{
    if (p->is_regex)
        return regexec(&p->regex, name, 0, NULL, 0) == 0;
    return fnmatch(p->text, name, 0) == 0;
}

npu_status budget_pattern_make(const char *text, budget_pattern *p, npu_err *err)
{
    char why[120];
    size_t n = strlen(text);
    *p = (budget_pattern){0};
    if (n == 0 || n > PATTERN_MAX)
        return npu_fail(err, NPU_BAD_INPUT,
                        "a name of %zu characters; allowed: a glob such as conv*, or re: and a "
                        "POSIX regular expression, of 1 to %d characters", n, PATTERN_MAX);
    if (!(p->text = strdup(text)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    if (strncmp(text, "re:", 3) != 0)
        return NPU_OK;
    int code = regcomp(&p->regex, text + 3, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        regerror(code, &p->regex, why, sizeof why);
        budget_pattern_free(p);
        return npu_fail(err, NPU_BAD_INPUT, "\"%.80s\" is no regular expression: %s", text, why);
    }
    p->is_regex = true;
    return NPU_OK;
}

void budget_pattern_free(budget_pattern *p)
{
    if (p->is_regex)
        regfree(&p->regex);
    free(p->text);
    *p = (budget_pattern){0};
}

static void read_pattern(perf_json *r, const char *text, budget_pattern *p)
{
    npu_err err;
    if (r->status != NPU_OK)
        return;
    npu_status s = budget_pattern_make(text, p, &err);
    if (s == NPU_BAD_INPUT)
        perf_json_bad(r, NULL, "%s", err.text);
    else if (s != NPU_OK)
        no_memory(r);
}

/* One of N words; -1 (and failure) for another. */
static int read_word(perf_json *r, const char *key, const cJSON *j, const char *const *words,
                     int n)
{
    char list[120] = "";
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        if (cJSON_IsString(j) && strcmp(j->valuestring, words[i]) == 0)
            return i;
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", words[i]);
    }
    perf_json_bad(r, key, "%s%.40s; allowed: %s", cJSON_IsString(j) ? "" : "not ",
                  cJSON_IsString(j) ? j->valuestring : "a string", list);
    return -1;
}

/* --- rules ------------------------------------------------------------------------------------ */

static void read_rule(perf_json *r, const cJSON *j, budget_rule *x)
{
    static const char *const keys[] = {"max", "min", "regress", "improve", "severity"};
    static const char *const severities[] = {"fail", "warn"};
    const limit_unit u = x->metric->unit;
    const cJSON *m;
    if (!cJSON_IsObject(j)) {
        perf_json_bad(r, NULL, "%s where an object such as {\"max\": 4} must be",
                      perf_json_kind(j));
        return;
    }
    perf_json_keys(r, j, keys, sizeof keys / sizeof keys[0]);
    if ((m = json_get(j, "max"))) {
        x->max = limit_value(r, "max", m, u);
        x->has_max = true;
    }
    if ((m = json_get(j, "min"))) {
        x->min = limit_value(r, "min", m, u);
        x->has_min = true;
    }
    if ((m = json_get(j, "regress")))
        x->regress = limit_change_value(r, "regress", m, u);
    if ((m = json_get(j, "improve")))
        x->improve = limit_change_value(r, "improve", m, u);
    if ((m = json_get(j, "severity"))) {
        x->warn = read_word(r, "severity", m, severities, 2) == 1;
        x->warn_given = true;
    }
    if (!x->has_max && !x->has_min && !x->regress.given && !x->improve.given)
        perf_json_bad(r, NULL, "no limit; at least one of max, min, regress, improve is needed");
    if (x->has_max && x->has_min && x->min > x->max)
        perf_json_bad(r, NULL, "min %.9g is above max %.9g", x->min, x->max);
}

static budget_group *add_group(perf_json *r, budget_entry *e, budget_scope scope)
{
    budget_group *grown = grow(r, e->group, e->ngroup, sizeof *grown);
    if (!grown)
        return NULL;
    e->group = grown;
    e->group[e->ngroup].scope = scope;
    return &e->group[e->ngroup++];
}

static void add_rule(perf_json *r, budget_group *g, const budget_metric *m, const cJSON *j)
{
    budget_rule *grown = grow(r, g->rule, g->nrule, sizeof *grown);
    if (!grown)
        return;
    g->rule = grown;
    g->rule[g->nrule].metric = m;
    size_t up = perf_json_in(r, j->string);
    read_rule(r, j, &g->rule[g->nrule++]);
    perf_json_up(r, up);
}

/* The rules of one named object: every key is a metric of SCOPE. */
static void read_named(perf_json *r, const cJSON *j, budget_entry *e, budget_scope scope)
{
    const char *keys[KEYS_MAX];
    size_t nkeys = budget_metric_keys(scope, keys, KEYS_MAX);
    budget_group *g = add_group(r, e, scope);
    const cJSON *m;
    if (!g)
        return;
    read_pattern(r, j->string, &g->name);
    if (!cJSON_IsObject(j))
        perf_json_bad(r, NULL, "%s where an object of metrics must be", perf_json_kind(j));
    perf_json_keys(r, j, keys, nkeys);
    if (r->status == NPU_OK && !j->child)
        perf_json_bad(r, NULL, "empty; at least one metric is needed");
    for (m = j->child; m && r->status == NPU_OK; m = m->next)
        add_rule(r, g, budget_metric_find(scope, m->string), m);
}

static void read_scope(perf_json *r, const cJSON *entry, const char *key, budget_entry *e,
                       budget_scope scope)
{
    const cJSON *all = json_get(entry, key), *j;
    if (!all || r->status != NPU_OK)
        return;
    size_t up = perf_json_in(r, key);
    if (!cJSON_IsObject(all))
        perf_json_bad(r, NULL, "%s where an object of names must be", perf_json_kind(all));
    else if (!all->child)
        perf_json_bad(r, NULL, "empty; at least one name is needed");
    perf_json_keys(r, all, NULL, 0);
    cJSON_ArrayForEach(j, all)
    {
        size_t here = perf_json_in(r, j->string);
        read_named(r, j, e, scope);
        perf_json_up(r, here);
    }
    perf_json_up(r, up);
}

/* --- entries ---------------------------------------------------------------------------------- */

static const char *const missing_words[] = {"fail", "warn", "ignore"};

static int find_profile(perf_json *r, const budget_file *b, const cJSON *j)
{
    char list[240] = "";
    size_t len = 0;
    for (size_t i = 0; i < b->nprofile; i++) {
        if (cJSON_IsString(j) && strcmp(b->profile[i].name, j->valuestring) == 0)
            return (int)i;
        if (len < sizeof list)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "",
                                    b->profile[i].name);
    }
    perf_json_bad(r, "profile", "\"%.60s\" is not in \"profiles\"; allowed: %s",
                  cJSON_IsString(j) ? j->valuestring : "(not a string)",
                  b->nprofile ? list : "none, \"profiles\" is empty");
    return -1;
}

static void read_head(perf_json *r, const cJSON *j, const budget_file *b, budget_entry *e)
{
    const cJSON *m;
    e->profile = -1;
    e->missing = b->missing;
    if ((m = json_get(j, "model"))) {
        size_t up = perf_json_in(r, "model");
        e->has_model = true;
        if (cJSON_IsString(m))
            read_pattern(r, m->valuestring, &e->model);
        else
            perf_json_bad(r, NULL, "%s where a name or glob must be", perf_json_kind(m));
        perf_json_up(r, up);
    }
    if ((m = json_get(j, "profile")))
        e->profile = find_profile(r, b, m);
    if ((m = json_get(j, "missing")))
        e->missing = (budget_missing)read_word(r, "missing", m, missing_words, 3);
}

static void entry_keys(perf_json *r, const cJSON *j)
{
    const char *keys[KEYS_MAX] = {"model", "profile", "missing", "subgraph", "layer", "response"};
    size_t n = 6;
    n += budget_metric_keys(BUDGET_MODEL, keys + n, KEYS_MAX - n);
    perf_json_keys(r, j, keys, n);
}

static void read_entry(perf_json *r, const cJSON *j, const budget_file *b, budget_entry *e)
{
    const cJSON *m;
    budget_group *g = NULL;
    if (!cJSON_IsObject(j)) {
        perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(j));
        return;
    }
    entry_keys(r, j);
    read_head(r, j, b, e);
    for (m = j->child; m && r->status == NPU_OK; m = m->next) {
        const budget_metric *metric = budget_metric_find(BUDGET_MODEL, m->string);
        if (metric && (g || (g = add_group(r, e, BUDGET_MODEL))))
            add_rule(r, g, metric, m);
    }
    read_scope(r, j, "subgraph", e, BUDGET_SUBGRAPH);
    read_scope(r, j, "layer", e, BUDGET_LAYER);
    if (e->ngroup && !e->has_model)
        perf_json_bad(r, "model", "missing; a name or glob is needed");
    read_scope(r, j, "response", e, BUDGET_RESPONSE);
    if (e->ngroup == 0)
        perf_json_bad(r, NULL, "no limit; a metric such as \"latency_ms\": {\"max\": 4} is needed");
}

/* --- profiles and the whole file -------------------------------------------------------------- */

static void read_set(perf_json *r, const cJSON *set, budget_profile *p)
{
    const char *keys[NPU_NUMS];
    const cJSON *m;
    if (!set)
        return;
    for (size_t i = 0; i < NPU_NUMS; i++)
        keys[i] = npu_num_table[i].key;
    size_t up = perf_json_in(r, "set");
    if (!cJSON_IsObject(set))
        perf_json_bad(r, NULL, "%s where an object of chip numbers must be", perf_json_kind(set));
    perf_json_keys(r, set, keys, NPU_NUMS);
    cJSON_ArrayForEach(m, set)
    {
        prof_number *grown = grow(r, p->set, p->nset, sizeof *grown);
        if (!grown)
            return;
        p->set = grown;
        p->set[p->nset].value = perf_json_signed(r, set, m->string);
        if (!(p->set[p->nset++].key = strdup(m->string)))
            no_memory(r);
    }
    perf_json_up(r, up);
}

static void read_profile(perf_json *r, const cJSON *j, budget_profile *p)
{
    static const char *const keys[] = {"chip", "set"};
    if (!cJSON_IsObject(j)) {
        perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(j));
        return;
    }
    perf_json_keys(r, j, keys, 2);
    if (!(p->name = strdup(j->string)))
        no_memory(r);
    p->chip = perf_json_text(r, j, "chip");
    read_set(r, json_get(j, "set"), p);
}

static void read_profiles(perf_json *r, const cJSON *root, budget_file *b)
{
    const cJSON *all = json_get(root, "profiles"), *j;
    if (!all)
        return;
    size_t up = perf_json_in(r, "profiles");
    if (!cJSON_IsObject(all))
        perf_json_bad(r, NULL, "%s where an object of profiles must be", perf_json_kind(all));
    perf_json_keys(r, all, NULL, 0);
    cJSON_ArrayForEach(j, all)
    {
        budget_profile *grown = grow(r, b->profile, b->nprofile, sizeof *grown);
        if (!grown)
            return;
        b->profile = grown;
        size_t here = perf_json_in(r, j->string);
        read_profile(r, j, &b->profile[b->nprofile++]);
        perf_json_up(r, here);
    }
    perf_json_up(r, up);
}

static void read_defaults(perf_json *r, const cJSON *root, budget_file *b)
{
    static const char *const keys[] = {"missing", "rounding"};
    static const char *const roundings[] = {"none"};
    const cJSON *all = json_get(root, "defaults"), *m;
    if (!all)
        return;
    size_t up = perf_json_in(r, "defaults");
    if (!cJSON_IsObject(all))
        perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(all));
    perf_json_keys(r, all, keys, 2);
    if ((m = json_get(all, "missing")))
        b->missing = (budget_missing)read_word(r, "missing", m, missing_words, 3);
    if ((m = json_get(all, "rounding")))
        read_word(r, "rounding", m, roundings, 1);
    perf_json_up(r, up);
}

static void read_root(perf_json *r, const cJSON *root, budget_file *b)
{
    static const char *const keys[] = {"schema", "defaults", "profiles", "budgets"};
    const char *schema = json_string(root, "schema");
    const cJSON *all, *j;
    if (!cJSON_IsObject(root)) {
        perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(root));
        return;
    }
    if (!schema || strcmp(schema, "npusim-budget/1") != 0)
        perf_json_bad(r, "schema", "%.60s; \"npusim-budget/1\" is needed", schema ? schema
                                                                                 : "missing");
    perf_json_keys(r, root, keys, 4);
    read_defaults(r, root, b);
    read_profiles(r, root, b);
    all = perf_json_array(r, root, "budgets");
    perf_json_in(r, "budgets");
    if (all && (cJSON_GetArraySize(all) == 0 || cJSON_GetArraySize(all) > ENTRIES_MAX))
        perf_json_bad(r, NULL, "%d budgets; 1 to %d are allowed", cJSON_GetArraySize(all),
                      ENTRIES_MAX);
    cJSON_ArrayForEach(j, all)
    {
        budget_entry *grown = grow(r, b->entry, b->nentry, sizeof *grown);
        if (!grown)
            return;
        b->entry = grown;
        size_t here = perf_json_item(r, b->nentry);
        read_entry(r, j, b, &b->entry[b->nentry++]);
        perf_json_up(r, here);
    }
}

npu_status budget_parse(const char *path, const char *text, size_t n, budget_file **out,
                        npu_err *err)
{
    cJSON *root;
    *out = NULL;
    NPU_TRY(json_parse(path, text, n, NPU_BAD_INPUT, &root, err));
    perf_json r = perf_json_begin(path, err);
    budget_file *b = calloc(1, sizeof *b);
    if (b)
        read_root(&r, root, b);
    else
        no_memory(&r);
    cJSON_Delete(root);
    if (r.status == NPU_OK)
        *out = b;
    else
        budget_free(b);
    return r.status;
}

npu_status budget_read(const char *path, budget_file **out, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    *out = NULL;
    NPU_TRY(sys_read_file(path, &bytes, &n, err));
    npu_status s = budget_parse(path, (const char *)bytes, n, out, err);
    free(bytes);
    return s;
}

void budget_free(budget_file *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->nentry; i++) {
        budget_entry *e = &b->entry[i];
        for (size_t g = 0; g < e->ngroup; g++) {
            budget_pattern_free(&e->group[g].name);
            free(e->group[g].rule);
        }
        budget_pattern_free(&e->model);
        free(e->group);
    }
    for (size_t i = 0; i < b->nprofile; i++) {
        for (size_t k = 0; k < b->profile[i].nset; k++)
            free(b->profile[i].set[k].key);
        free(b->profile[i].set);
        free(b->profile[i].name);
        free(b->profile[i].chip);
    }
    free(b->entry);
    free(b->profile);
    free(b);
}
