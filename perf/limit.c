/* See limit.h. */
#include "perf/limit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    limit_unit unit;
    const char *suffix;
    double factor; /* to the metric's unit */
} suffix;

static const suffix suffixes[] = {
    {LIMIT_MS, "ms", 1},          {LIMIT_MS, "us", 1e-3},      {LIMIT_MS, "s", 1e3},
    {LIMIT_US, "us", 1},          {LIMIT_US, "ms", 1e3},       {LIMIT_US, "s", 1e6},
    {LIMIT_BYTES, "B", 1},        {LIMIT_BYTES, "kB", 1e3},    {LIMIT_BYTES, "MB", 1e6},
    {LIMIT_BYTES, "GB", 1e9},     {LIMIT_BYTES, "KiB", 1024},  {LIMIT_BYTES, "MiB", 1048576},
    {LIMIT_BYTES, "GiB", 1073741824},
    {LIMIT_GBPS, "GB/s", 1},      {LIMIT_GBPS, "MB/s", 1e-3},
    {LIMIT_FPS, "fps", 1},        {LIMIT_RATIO, "%", 1e-2},
};
enum { SUFFIXES = sizeof suffixes / sizeof suffixes[0] };

const char *limit_unit_name(limit_unit u)
{
    static const char *const names[] = {"ms", "us", "B", "GB/s", "fps", "", ""};
    return names[u];
}

const char *limit_unit_allowed(limit_unit u)
{
    static const char *const names[] = {
        "a number of ms, or a string with ms, us or s",
        "a number of us, or a string with us, ms or s",
        "a number of bytes, or a string with B, kB, MB, GB, KiB, MiB or GiB",
        "a number of GB/s, or a string with GB/s or MB/s",
        "a number of frames per second, or a string with fps",
        "a number from 0 to 1, or a string with %",
        "a number without unit"};
    return names[u];
}

/* Number at *S, which moves behind it; NaN when there is none.  strtod alone would take "nan",
 * "inf", "0x10" and a sign. */
static double number(const char **s)
{
    char *end;
    if (!(**s >= '0' && **s <= '9') || ((*s)[0] == '0' && ((*s)[1] == 'x' || (*s)[1] == 'X')))
        return NAN;
    double v = strtod(*s, &end);
    *s = end;
    return isfinite(v) ? v : NAN;
}

static void blanks(const char **s)
{
    *s += strspn(*s, " ");
}

/* Factor of the unit at *S up to '+' or the end; 1 when there is none, NaN when it is unknown. */
static double unit_factor(const char **s, limit_unit u)
{
    size_t n = strcspn(*s, " +");
    const char *word = *s;
    *s += n;
    if (n == 0)
        return 1;
    for (size_t i = 0; i < SUFFIXES; i++)
        if (suffixes[i].unit == u && strlen(suffixes[i].suffix) == n &&
            memcmp(suffixes[i].suffix, word, n) == 0)
            return suffixes[i].factor;
    return NAN;
}

static bool plain_number(perf_json *r, const char *key, const cJSON *j, limit_unit u, double *v)
{
    if (!cJSON_IsNumber(j))
        return false;
    *v = j->valuedouble;
    if (!isfinite(*v))
        perf_json_bad(r, key, "a number too large; allowed: %s", limit_unit_allowed(u));
    else if (*v < 0)
        perf_json_bad(r, key, "%.9g is negative; allowed: %s", *v, limit_unit_allowed(u));
    return true;
}

double limit_value(perf_json *r, const char *key, const cJSON *j, limit_unit u)
{
    double v = 0;
    if (r->status != NPU_OK || plain_number(r, key, j, u, &v))
        return v;
    if (!cJSON_IsString(j)) {
        perf_json_bad(r, key, "%s; allowed: %s", perf_json_kind(j), limit_unit_allowed(u));
        return 0;
    }
    const char *s = j->valuestring;
    blanks(&s);
    v = number(&s);
    blanks(&s);
    v *= unit_factor(&s, u);
    blanks(&s);
    if (!isfinite(v) || *s) {
        perf_json_bad(r, key, "\"%.40s\"; allowed: %s", j->valuestring, limit_unit_allowed(u));
        return 0;
    }
    return v;
}

static bool term(const char **s, limit_unit u, limit_change *c, bool seen[2])
{
    blanks(s);
    double v = number(s);
    blanks(s);
    bool percent = **s == '%';
    if (percent)
        ++*s;
    else
        v *= unit_factor(s, u);
    blanks(s);
    if (!isfinite(v) || seen[percent])
        return false;
    seen[percent] = true;
    if (percent)
        c->percent = v;
    else
        c->absolute = v;
    return true;
}

limit_change limit_change_value(perf_json *r, const char *key, const cJSON *j, limit_unit u)
{
    limit_change c = {.given = true};
    bool seen[2] = {false, false}, ok;
    if (r->status != NPU_OK || plain_number(r, key, j, u, &c.absolute))
        return c;
    const char *s = cJSON_IsString(j) ? j->valuestring : "";
    ok = term(&s, u, &c, seen);
    if (ok && *s == '+') {
        s++;
        ok = term(&s, u, &c, seen);
    }
    if (!ok || *s)
        perf_json_bad(r, key, "%s%.40s%s; allowed: \"2%%\", \"0.1\" (absolute) or \"5%%+0.005\"; "
                              "absolute: %s", cJSON_IsString(j) ? "\"" : "",
                      cJSON_IsString(j) ? j->valuestring : perf_json_kind(j),
                      cJSON_IsString(j) ? "\"" : "", limit_unit_allowed(u));
    return c;
}
