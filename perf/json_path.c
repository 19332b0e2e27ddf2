/* See json_path.h. */
#include "perf/json_path.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"

perf_json perf_json_begin(const char *file, npu_err *err)
{
    return (perf_json){.file = file, .err = err, .status = NPU_OK, .path = "$", .len = 1};
}

static size_t append(perf_json *r, const char *text)
{
    size_t old = r->len, n = strlen(text);
    if (n > sizeof r->path - 1 - old)
        n = sizeof r->path - 1 - old;
    memcpy(r->path + old, text, n);
    r->len = old + n;
    r->path[r->len] = '\0';
    return old;
}

size_t perf_json_in(perf_json *r, const char *key)
{
    size_t old = append(r, ".");
    append(r, key);
    return old;
}

size_t perf_json_item(perf_json *r, size_t i)
{
    char text[32];
    snprintf(text, sizeof text, "[%zu]", i);
    return append(r, text);
}

void perf_json_up(perf_json *r, size_t len)
{
    r->len = len;
    r->path[len] = '\0';
}

npu_status perf_json_bad(perf_json *r, const char *key, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    if (r->status != NPU_OK)
        return r->status;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s: %s%s%s: %s", r->file, r->path,
                         key ? "." : "", key ? key : "", text);
    return r->status;
}

const char *perf_json_kind(const cJSON *j)
{
    return !j ? "nothing"
           : cJSON_IsString(j) ? "a string"
           : cJSON_IsNumber(j) ? "a number"
           : cJSON_IsBool(j)   ? "true or false"
           : cJSON_IsNull(j)   ? "null"
           : cJSON_IsArray(j)  ? "an array"
                               : "an object";
}

static bool known(const char *key, const char *const *allowed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(key, allowed[i]) == 0)
            return true;
    return false;
}

static void unknown_key(perf_json *r, const char *key, const char *const *allowed, size_t n)
{
    char list[300] = "";
    size_t len = 0;
    const char *near = base_nearest(key, allowed, n);
    for (size_t i = 0; i < n && len < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", allowed[i]);
    if (near)
        perf_json_bad(r, NULL, "unknown key '%.60s'; did you mean '%s'? (allowed: %s)", key, near,
                      list);
    else
        perf_json_bad(r, NULL, "unknown key '%.60s'; allowed: %s", key, list);
}

void perf_json_keys(perf_json *r, const cJSON *object, const char *const *allowed, size_t n)
{
    const cJSON *m;
    cJSON_ArrayForEach(m, object)
    {
        if (allowed && !known(m->string, allowed, n))
            unknown_key(r, m->string, allowed, n);
        if (json_get(object, m->string) != m)
            perf_json_bad(r, NULL, "key '%.60s' comes twice", m->string);
    }
}

static const cJSON *member(perf_json *r, const cJSON *object, const char *key)
{
    const cJSON *m = r->status == NPU_OK ? json_get(object, key) : NULL;
    if (!m)
        perf_json_bad(r, key, "missing");
    return m;
}

const cJSON *perf_json_object(perf_json *r, const cJSON *object, const char *key)
{
    const cJSON *m = member(r, object, key);
    if (m && !cJSON_IsObject(m)) {
        perf_json_bad(r, key, "%s where an object must be", perf_json_kind(m));
        return NULL;
    }
    return m;
}

const cJSON *perf_json_array(perf_json *r, const cJSON *object, const char *key)
{
    const cJSON *m = member(r, object, key);
    if (m && !cJSON_IsArray(m)) {
        perf_json_bad(r, key, "%s where an array must be", perf_json_kind(m));
        return NULL;
    }
    return m;
}

int64_t perf_json_int(perf_json *r, const cJSON *object, const char *key)
{
    static const double limit = 9007199254740992.0; /* 2^53: every integer below is a double */
    const cJSON *m = member(r, object, key);
    if (!m)
        return 0;
    if (cJSON_IsString(m)) {
        const char *s = m->valuestring;
        char *end;
        errno = 0;
        long long v = strtoll(s, &end, 10);
        if (*s >= '0' && *s <= '9' && !*end && !errno)
            return v;
        perf_json_bad(r, key, "'%.40s' where a whole number from 0 to 2^63 - 1 must be", s);
        return 0;
    }
    if (!cJSON_IsNumber(m))
        perf_json_bad(r, key, "%s where a whole number must be", perf_json_kind(m));
    else if (!(m->valuedouble >= 0 && m->valuedouble < limit) ||
             m->valuedouble != floor(m->valuedouble))
        perf_json_bad(r, key, "%.9g where a whole number from 0 to 2^53 must be", m->valuedouble);
    return r->status == NPU_OK ? (int64_t)m->valuedouble : 0;
}

double perf_json_signed(perf_json *r, const cJSON *object, const char *key)
{
    const cJSON *m = member(r, object, key);
    if (!m)
        return 0;
    if (!cJSON_IsNumber(m))
        perf_json_bad(r, key, "%s where a number must be", perf_json_kind(m));
    else if (!isfinite(m->valuedouble))
        perf_json_bad(r, key, "a number too large");
    return r->status == NPU_OK ? m->valuedouble : 0;
}

double perf_json_real(perf_json *r, const cJSON *object, const char *key)
{
    double v = perf_json_signed(r, object, key);
    if (v < 0)
        perf_json_bad(r, key, "%.9g where a number from 0 up must be", v);
    return r->status == NPU_OK ? v : 0;
}

bool perf_json_bool(perf_json *r, const cJSON *object, const char *key)
{
    const cJSON *m = member(r, object, key);
    if (m && !cJSON_IsBool(m))
        perf_json_bad(r, key, "%s where true or false must be", perf_json_kind(m));
    return m && cJSON_IsTrue(m);
}

char *perf_json_text(perf_json *r, const cJSON *object, const char *key)
{
    const cJSON *m = member(r, object, key);
    char *copy = NULL;
    if (m && !cJSON_IsString(m))
        perf_json_bad(r, key, "%s where a string must be", perf_json_kind(m));
    else if (m && !(copy = strdup(m->valuestring)))
        r->status = npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->file);
    return copy;
}
