/* Checked access to a workload file; see workload.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "tools/workload.h"

#define TIME_MAX_US 1e12

npu_status wl_fail(const wl_reader *r, const wl_node *at, const char *key, const char *fmt, ...)
{
    char text[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return npu_fail(r->err, NPU_USAGE, "%.120s: %s%s%s: %s", r->file, at->path,
                    key && at->path[0] ? "." : "", key ? key : at->path[0] ? "" : "top level",
                    text);
}

wl_node wl_member(const wl_node *at, const char *key)
{
    wl_node n = {.json = json_get(at->json, key)};
    snprintf(n.path, sizeof n.path, "%.60s%s%.30s", at->path, at->path[0] ? "." : "", key);
    return n;
}

wl_node wl_item(const wl_node *at, size_t i)
{
    wl_node n = {.json = cJSON_GetArrayItem(at->json, (int)i)};
    snprintf(n.path, sizeof n.path, "%.60s[%zu]", at->path, i);
    return n;
}

static bool listed(const char *keys, const char *word)
{
    size_t n = strlen(word);
    for (const char *k = keys; (k = strstr(k, word)) != NULL; k += n)
        if ((k == keys || k[-1] == ' ') && (k[n] == ' ' || k[n] == 0) && n > 0)
            return true;
    return false;
}

npu_status wl_object(const wl_reader *r, const wl_node *at, const char *keys)
{
    if (!cJSON_IsObject(at->json))
        return wl_fail(r, at, NULL, "must be an object with the keys %s", keys);
    for (const cJSON *c = at->json->child; c; c = c->next) {
        if (!listed(keys, c->string))
            return wl_fail(r, at, NULL, "unknown key \"%.40s\"; allowed: %s", c->string, keys);
        if (json_get(at->json, c->string) != c)
            return wl_fail(r, at, c->string, "given twice");
    }
    return NPU_OK;
}

npu_status wl_number(const wl_reader *r, const wl_node *at, const char *key, double min, double max,
                     double *out)
{
    const cJSON *c = json_get(at->json, key);
    if (!c)
        return NPU_OK;
    if (!cJSON_IsNumber(c))
        return wl_fail(r, at, key, "must be a number from %.12g to %.12g", min, max);
    if (!(c->valuedouble >= min && c->valuedouble <= max))
        return wl_fail(r, at, key, "is %.12g, allowed %.12g to %.12g", c->valuedouble, min, max);
    *out = c->valuedouble;
    return NPU_OK;
}

npu_status wl_integer(const wl_reader *r, const wl_node *at, const char *key, double min,
                      double max, int64_t *out)
{
    double v = (double)*out;
    NPU_TRY(wl_number(r, at, key, min, max, &v));
    if (v != floor(v))
        return wl_fail(r, at, key, "is %.12g, a whole number from %.12g to %.12g is needed", v, min,
                       max);
    *out = (int64_t)v;
    return NPU_OK;
}

npu_status wl_time(const wl_reader *r, const wl_node *at, const char *key, double min_us,
                   int64_t *ns)
{
    double us = -1;
    if (!json_get(at->json, key))
        return NPU_OK;
    NPU_TRY(wl_number(r, at, key, min_us, TIME_MAX_US, &us));
    *ns = (int64_t)llround(us * 1e3);
    return NPU_OK;
}

npu_status wl_bool(const wl_reader *r, const wl_node *at, const char *key, bool *out)
{
    const cJSON *c = json_get(at->json, key);
    if (c && !cJSON_IsBool(c))
        return wl_fail(r, at, key, "must be true or false");
    if (c)
        *out = cJSON_IsTrue(c);
    return NPU_OK;
}

npu_status wl_string(const wl_reader *r, const wl_node *at, const char *key, const char **out)
{
    const cJSON *c = json_get(at->json, key);
    *out = NULL;
    if (!c)
        return NPU_OK;
    if (!cJSON_IsString(c) || !c->valuestring[0])
        return wl_fail(r, at, key, "must be a text that is not empty");
    *out = c->valuestring;
    return NPU_OK;
}

npu_status wl_times(const wl_reader *r, const wl_node *at, const char *key, double min_us,
                    int64_t **ns, size_t *n)
{
    wl_node list = wl_member(at, key);
    *ns = NULL;
    *n = 0;
    if (!list.json)
        return NPU_OK;
    if (!cJSON_IsArray(list.json) || !list.json->child)
        return wl_fail(r, at, key, "must be a list of at least one time in microseconds");
    *ns = malloc((size_t)cJSON_GetArraySize(list.json) * sizeof **ns);
    if (!*ns)
        return npu_fail(r->err, NPU_LIMIT, "out of memory");
    for (const cJSON *c = list.json->child; c; c = c->next) {
        if (!cJSON_IsNumber(c) || !(c->valuedouble >= min_us && c->valuedouble <= TIME_MAX_US)) {
            free(*ns);
            *ns = NULL;
            return wl_fail(r, at, key, "item %zu is not a number of microseconds from %.12g to "
                           "%.12g", *n, min_us, TIME_MAX_US);
        }
        (*ns)[(*n)++] = (int64_t)llround(c->valuedouble * 1e3);
    }
    return NPU_OK;
}
