/* Value lists of sweep parameters; see sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "perf/sweep.h"

static const char *const forms = "{\"log\": {\"from\", \"to\", \"points\"}}, {\"lin\": {\"from\", "
                                 "\"to\", \"step\" or \"points\"}} or {\"values\": [...]}";

static npu_status room(const sweep_spec *s, const char *at, double n, sweep_param *p,
                       npu_err *err)
{
    if (!(n >= 1 && n <= SWEEP_POINTS_MAX))
        return npu_fail(err, s->bad, "%s: %s: %g values; allowed are 1 to %d", s->path, at, n,
                        SWEEP_POINTS_MAX);
    p->n = (size_t)n;
    p->value = malloc(p->n * sizeof *p->value);
    return p->value ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status list(const sweep_spec *s, const cJSON *json, const char *at, sweep_param *p,
                       npu_err *err)
{
    char item[200];
    if (!cJSON_IsArray(json) || !json->child)
        return npu_fail(err, s->bad, "%s: %s: an array of at least one value is needed", s->path,
                        at);
    NPU_TRY(room(s, at, cJSON_GetArraySize(json), p, err));
    size_t i = 0;
    const cJSON *e;
    cJSON_ArrayForEach(e, json)
    {
        snprintf(item, sizeof item, "%.160s[%zu]", at, i);
        NPU_TRY(perf_sweep_value(s, e, item, p->num, &p->value[i++], err));
    }
    return NPU_OK;
}

/* Members of a range; absent ones stay NaN. */
typedef struct {
    double from, to, step, points;
} range;

static npu_status read_range(const sweep_spec *s, const cJSON *json, const char *at, bool log,
                             const sweep_param *p, range *r, npu_err *err)
{
    const cJSON *e;
    char path[200];
    *r = (range){NAN, NAN, NAN, NAN};
    if (!cJSON_IsObject(json))
        return npu_fail(err, s->bad, "%s: %s: an object is needed: %s", s->path, at, forms);
    cJSON_ArrayForEach(e, json)
    {
        snprintf(path, sizeof path, "%.120s.%.60s", at, e->string);
        if (strcmp(e->string, "from") == 0)
            NPU_TRY(perf_sweep_value(s, e, path, p->num, &r->from, err));
        else if (strcmp(e->string, "to") == 0)
            NPU_TRY(perf_sweep_value(s, e, path, p->num, &r->to, err));
        else if (strcmp(e->string, "points") == 0 && cJSON_IsNumber(e))
            r->points = e->valuedouble;
        else if (!log && strcmp(e->string, "step") == 0 && cJSON_IsNumber(e))
            r->step = e->valuedouble;
        else
            return npu_fail(err, s->bad, "%s: %s: %s; allowed are from, to, points%s", s->path,
                            path, strcmp(e->string, "points") && strcmp(e->string, "step")
                                ? "no such member" : "a number is needed",
                            log ? "" : ", step");
    }
    if (isnan(r->from) || isnan(r->to))
        return npu_fail(err, s->bad, "%s: %s: \"from\" and \"to\" are needed", s->path, at);
    if (log && (r->from <= 0 || r->to <= 0))
        return npu_fail(err, s->bad, "%s: %s: a logarithmic range needs values above 0, not %g "
                        "to %g", s->path, at, r->from, r->to);
    return NPU_OK;
}

static npu_status count_of(const sweep_spec *s, const range *r, const char *at, double *n,
                           npu_err *err)
{
    if (isnan(r->points) == isnan(r->step))
        return npu_fail(err, s->bad, "%s: %s: exactly one of \"points\" and \"step\" is needed",
                        s->path, at);
    if (!isnan(r->points)) {
        if (r->points != floor(r->points) || r->points < 1 ||
            (r->points < 2 && r->from != r->to))
            return npu_fail(err, s->bad, "%s: %s.points: %g; a whole number from 2 is needed",
                            s->path, at, r->points);
        *n = r->points;
        return NPU_OK;
    }
    if (!(r->step > 0) || r->to < r->from)
        return npu_fail(err, s->bad, "%s: %s: step %g from %g to %g; a step above 0 and an "
                        "ascending range are needed", s->path, at, r->step, r->from, r->to);
    *n = floor((r->to - r->from) / r->step + 1e-9) + 1;
    return NPU_OK;
}

/* The ends are exact; the rest is rounded, so that no value shows noise of the arithmetic. */
static double log_value(const range *r, size_t i, size_t n)
{
    if (i == 0 || i == n - 1)
        return i ? r->to : r->from;
    return num_round(r->from * pow(r->to / r->from, (double)i / (double)(n - 1)), 6);
}

static double lin_value(const range *r, size_t i, size_t n)
{
    double v = isnan(r->step) ? r->from + (r->to - r->from) * (double)i / (double)(n - 1)
                              : r->from + r->step * (double)i;
    if (i == 0)
        return r->from;
    if (isnan(r->step) ? i == n - 1 : fabs(v - r->to) <= 1e-9 * r->step)
        return r->to;
    return num_round(v, 12);
}

static npu_status span(const sweep_spec *s, const cJSON *json, const char *at, bool log,
                       sweep_param *p, npu_err *err)
{
    range r;
    double n = 0;
    NPU_TRY(read_range(s, json, at, log, p, &r, err));
    p->log = log;
    p->from = r.from;
    p->to = r.to;
    if (s->mode == SWEEP_RANDOM && isnan(r.points) && isnan(r.step))
        return NPU_OK; /* drawn from the whole range */
    NPU_TRY(count_of(s, &r, at, &n, err));
    NPU_TRY(room(s, at, n, p, err));
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = log ? log_value(&r, i, p->n) : lin_value(&r, i, p->n);
    return NPU_OK;
}

npu_status perf_sweep_values(const sweep_spec *s, const cJSON *json, const char *at,
                             sweep_param *p, npu_err *err)
{
    const cJSON *e = cJSON_IsObject(json) ? json->child : NULL;
    char path[200];
    if (!e || e->next)
        return npu_fail(err, s->bad, "%s: %s: one of %s is needed", s->path, at, forms);
    snprintf(path, sizeof path, "%.120s.%.60s", at, e->string);
    if (strcmp(e->string, "values") == 0)
        return list(s, e, path, p, err);
    if (strcmp(e->string, "log") == 0 || strcmp(e->string, "lin") == 0)
        return span(s, e, path, e->string[1] == 'o', p, err);
    return npu_fail(err, s->bad, "%s: %s: no such kind of values; one of %s is needed", s->path,
                    path, forms);
}

static npu_status bad_short(const char *key, const char *text, npu_err *err)
{
    return npu_fail(err, NPU_USAGE, "%s: '%.60s' is no range; allowed are FROM:TO:log:POINTS, "
                    "FROM:TO:lin:POINTS, FROM:TO:step:STEP and VALUE,VALUE,...", key, text);
}

static cJSON *word(const char *text)
{
    double v;
    return num_read(text, &v) ? cJSON_CreateNumber(v) : cJSON_CreateString(text);
}

static cJSON *short_range(char *field[4])
{
    bool step = strcmp(field[2], "step") == 0;
    double n;
    if ((!step && strcmp(field[2], "log") != 0 && strcmp(field[2], "lin") != 0) ||
        !num_read(field[3], &n))
        return NULL;
    cJSON *o = cJSON_CreateObject(), *r = cJSON_AddObjectToObject(o, step ? "lin" : field[2]);
    cJSON_AddItemToObject(r, "from", word(field[0]));
    cJSON_AddItemToObject(r, "to", word(field[1]));
    cJSON_AddNumberToObject(r, step ? "step" : "points", n);
    return o;
}

static cJSON *short_list(char *text)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "values");
    for (char *next; text; text = next) {
        next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        cJSON_AddItemToArray(list, word(text));
    }
    return o;
}

npu_status perf_sweep_short(const char *key, const char *text, cJSON **out, npu_err *err)
{
    char copy[4096], *field[4];
    size_t n = 0;
    *out = NULL;
    if (strlen(text) >= sizeof copy || !*text)
        return bad_short(key, text, err);
    strcpy(copy, text);
    if (strchr(copy, ':')) {
        for (char *p = copy; p && n < 4; p = strchr(p, ':')) {
            if (n)
                *p++ = '\0';
            field[n++] = p;
        }
        *out = n == 4 && !strchr(field[3], ':') ? short_range(field) : NULL;
    } else {
        *out = short_list(copy);
    }
    return *out ? NPU_OK : bad_short(key, text, err);
}
