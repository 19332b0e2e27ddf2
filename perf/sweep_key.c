/* Names, units and single values of sweep keys; see sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "models/chip_file.h"
#include "perf/sweep.h"

const npu_metric_info npu_metric_table[NPU_METRICS] = {
#define M(id, key, unit, meaning) {key, unit, meaning},
#include "npusim/metric.def"
#undef M
};

const char *npu_point_status_name(npu_point_status s)
{
    static const char *const name[] = {"pending", "ok", "fail", "skipped"};
    return name[s];
}

const char *npu_bound_name(npu_bound b)
{
    static const char *const name[] = {"compute", "memory", "balanced", "cpu"};
    return name[b];
}

npu_num perf_sweep_key(const char *name)
{
    if (strcmp(name, "npu.clock_mhz") == 0)
        return NPU_NUM_tpu_clock_mhz;
    for (int i = 0; i < NPU_NUMS; i++)
        if (strcmp(npu_num_table[i].key, name) == 0)
            return (npu_num)i;
    return NPU_NUMS;
}

/* Units a value may be written in, by the unit of its key. */
static const struct {
    const char *of, *written;
    double factor;
} units[] = {
    {"B", "B", 1}, {"B", "KiB", 1024}, {"B", "MiB", 1048576}, {"B", "GiB", 1073741824},
    {"B", "kB", 1e3}, {"B", "MB", 1e6}, {"B", "GB", 1e9},
    {"MHz", "kHz", 1e-3}, {"MHz", "MHz", 1}, {"MHz", "GHz", 1e3},
    {"MB/s", "kB/s", 1e-3}, {"MB/s", "MB/s", 1}, {"MB/s", "GB/s", 1e3},
    {"ns", "ns", 1}, {"ns", "us", 1e3}, {"ns", "ms", 1e6},
    {"us", "ns", 1e-3}, {"us", "us", 1}, {"us", "ms", 1e3},
    {"ms", "ns", 1e-6}, {"ms", "us", 1e-3}, {"ms", "ms", 1},
    {"share", "%", 1e-2},
};
enum { UNITS = sizeof units / sizeof units[0] };

static npu_status wrong_unit(const sweep_spec *s, const char *at, npu_num num, const char *text,
                             npu_err *err)
{
    char list[96] = "", words[256];
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(units[i].of, npu_num_table[num].unit) == 0)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
                     units[i].written);
    if (hw_num_words(num, words)[0])
        return npu_fail(err, s->bad, "%s: %s: '%.40s' is no value of %s; there are %s", s->path,
                        at, text, npu_num_table[num].key, words);
    return npu_fail(err, s->bad, "%s: %s: '%.40s' is no value of %s, whose unit is %s; %s%s",
                    s->path, at, text, npu_num_table[num].key, npu_num_table[num].unit,
                    *list ? "units allowed in a string: " : "a plain number is needed", list);
}

static npu_status read_text(const sweep_spec *s, const char *text, const char *at, npu_num num,
                            double *out, npu_err *err)
{
    int word = hw_num_choice(num, text);
    if (word >= 0) {
        *out = word;
        return NPU_OK;
    }
    size_t digits = strspn(text, "0123456789+-.eE");
    char number[64];
    /* "1e3GHz" but not the 'E' of a unit: no unit starts with 'e' */
    if (digits == 0 || digits >= sizeof number)
        return wrong_unit(s, at, num, text, err);
    memcpy(number, text, digits);
    number[digits] = '\0';
    const char *unit = text + digits + strspn(text + digits, " ");
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(units[i].of, npu_num_table[num].unit) == 0 &&
            strcmp(units[i].written, unit) == 0 && num_read(number, out)) {
            *out = num_round(*out * units[i].factor, 15);
            return NPU_OK;
        }
    if (!*unit && num_read(number, out))
        return NPU_OK;
    return wrong_unit(s, at, num, text, err);
}

npu_status perf_sweep_value(const sweep_spec *s, const cJSON *json, const char *at, npu_num num,
                            double *out, npu_err *err)
{
    const npu_num_info *n = &npu_num_table[num];
    if (cJSON_IsString(json))
        NPU_TRY(read_text(s, json->valuestring, at, num, out, err));
    else if (cJSON_IsNumber(json))
        *out = json->valuedouble;
    else
        return npu_fail(err, s->bad, "%s: %s: a number or a string with a unit is needed (%s: %g "
                        "to %g %s)", s->path, at, n->key, n->min, n->max, n->unit);
    if (!isfinite(*out) || *out < n->min || *out > n->max)
        return npu_fail(err, s->bad, "%s: %s: %s is %g; allowed is %g to %g %s", s->path, at,
                        n->key, *out, n->min, n->max, n->unit);
    if (npu_num_word(num, 0) && *out != floor(*out))
        return npu_fail(err, s->bad, "%s: %s: %s is %g; a word or a whole number is needed",
                        s->path, at, n->key, *out);
    return NPU_OK;
}
