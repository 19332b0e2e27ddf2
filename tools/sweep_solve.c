/* --solve: the value of one key at which a metric meets its target, by bisection; see sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/num.h"
#include "tools/sweep.h"

enum { STEPS_MAX = 200 };
#define TOLERANCE 1.005 /* the answer and the nearest value that misses: within 1 % */

typedef struct {
    npu_metric metric;
    char op[3];
    double target;
    npu_num key;
    double low, high;
} question;

static npu_status find_metric(const char *name, size_t n, npu_metric *out, npu_err *err)
{
    const char *names[NPU_METRICS];
    char word[40];
    snprintf(word, sizeof word, "%.*s", (int)n, name);
    for (int i = 0; i < NPU_METRICS; i++) {
        names[i] = npu_metric_table[i].key;
        if (strcmp(names[i], word) == 0) {
            *out = (npu_metric)i;
            return NPU_OK;
        }
    }
    const char *near = base_nearest(word, names, NPU_METRICS);
    return npu_fail(err, NPU_USAGE, "--solve: no metric '%s'%s%s; such as latency_ms, fps, "
                    "max_fc_us", word, near ? ", did you mean " : "", near ? near : "");
}

/* "latency_ms<=10". */
static npu_status parse_target(const char *text, question *q, npu_err *err)
{
    size_t n = strcspn(text, "<>=");
    const char *op = text + n;
    size_t len = op[0] && op[1] == '=' ? 2 : 1;
    NPU_TRY(find_metric(text, n, &q->metric, err));
    if ((op[0] != '<' && op[0] != '>') || !num_read(op + len, &q->target))
        return npu_fail(err, NPU_USAGE, "--solve %.60s: METRIC<=NUMBER or METRIC>=NUMBER is "
                        "needed, such as latency_ms<=10", text);
    snprintf(q->op, sizeof q->op, "%.*s", (int)len, op);
    return NPU_OK;
}

static npu_status parse_range(const char *text, question *q, npu_err *err)
{
    const npu_num_info *n = &npu_num_table[q->key];
    char low[64];
    const char *colon = text ? strchr(text, ':') : NULL;
    q->low = n->min;
    q->high = n->max;
    if (!text)
        return NPU_OK;
    snprintf(low, sizeof low, "%.*s", colon ? (int)(colon - text) : 0, text);
    if (!colon || !num_read(low, &q->low) || !num_read(colon + 1, &q->high) || q->low >= q->high ||
        q->low < n->min || q->high > n->max)
        return npu_fail(err, NPU_USAGE, "--range %.60s: FROM:TO within %g to %g %s is needed", text,
                        n->min, n->max, n->unit);
    return NPU_OK;
}

static npu_status parse(const sweep_options *o, question *q, npu_err *err)
{
    const char *names[NPU_NUMS];
    if (!o->key)
        return npu_fail(err, NPU_USAGE, "--solve needs --for KEY, such as ddr.bandwidth_mbps");
    NPU_TRY(parse_target(o->solve, q, err));
    q->key = perf_sweep_key(o->key);
    for (int i = 0; i < NPU_NUMS; i++)
        names[i] = npu_num_table[i].key;
    const char *near = base_nearest(o->key, names, NPU_NUMS);
    if (q->key == NPU_NUMS)
        return npu_fail(err, NPU_USAGE, "--for %.60s: no such number%s%s; `npusim chips NAME` "
                        "lists them", o->key, near ? ", did you mean " : "", near ? near : "");
    return parse_range(o->range, q, err);
}

static npu_status holds(const sweep_target *t, const question *q, double x, double *metric,
                        bool *out, npu_err *err)
{
    npu_point_result r;
    perf_sim_point(t->sim, &q->key, 1, &x, &r);
    if (r.status != NPU_POINT_OK)
        return npu_fail(err, NPU_BAD_INPUT, "%s", r.error);
    double v = r.metric[q->metric];
    *metric = v;
    *out = q->op[0] == '<' ? (q->op[1] ? v <= q->target : v < q->target)
                           : (q->op[1] ? v >= q->target : v > q->target);
    return NPU_OK;
}

static double middle(const question *q, double a, double b)
{
    if (q->low > 0)
        return sqrt(a) * sqrt(b);
    return a + (b - a) / 2;
}

static bool close_enough(const question *q, double a, double b)
{
    double gap = fabs(a - b), larger = fmax(fabs(a), fabs(b));
    return q->low > 0 ? gap <= (TOLERANCE - 1) * larger
                      : gap <= (TOLERANCE - 1) * larger || gap <= 1e-4 * (q->high - q->low);
}

/* Narrows MEETS (where the target is met) and MISSES until they nearly touch.  Rounded away from
 * MISSES, the answer still meets the target, so it is simulated once more. */
static npu_status bisect(const sweep_target *t, const question *q, double *meets, double misses,
                         npu_err *err)
{
    double metric;
    bool ok;
    for (int i = 0; i < STEPS_MAX && !close_enough(q, *meets, misses); i++) {
        double x = num_round(middle(q, *meets, misses), 6);
        if (x == *meets || x == misses)
            break;
        NPU_TRY(holds(t, q, x, &metric, &ok, err));
        *(ok ? meets : &misses) = x;
    }
    return NPU_OK;
}

static npu_status solve_one(const sweep_session *s, size_t i, const question *q, bool *met,
                            npu_err *err)
{
    const sweep_target *t = &s->target[i];
    const char *unit = npu_num_table[q->key].unit;
    double at_low, at_high, answer, metric;
    bool low, high, ok;
    NPU_TRY(holds(t, q, q->low, &at_low, &low, err));
    NPU_TRY(holds(t, q, q->high, &at_high, &high, err));
    printf("%s: %s %s %s ", s->sweep->model[i].name, npu_metric_table[q->metric].key, q->op,
           num_exact(q->target).s);
    *met = low || high;
    if (low == high) {
        printf("%s from %s = %g to %g %s (%.4g to %.4g)\n", low ? "holds everywhere"
                                                                : "is not reached",
               npu_num_table[q->key].key, q->low, q->high, unit, at_low, at_high);
        return NPU_OK;
    }
    answer = low ? q->low : q->high;
    NPU_TRY(bisect(t, q, &answer, low ? q->high : q->low, err));
    NPU_TRY(holds(t, q, answer, &metric, &ok, err));
    printf("%s %s = %s %s, +-1 %% (there it is %.6g; this chip: %g)\n",
           low ? "up to" : "from", npu_num_table[q->key].key, num_exact(answer).s, unit, metric,
           t->run.chip->num[q->key]);
    return NPU_OK;
}

npu_status sweep_solve(sweep_session *s, const sweep_options *o, bool *met, npu_err *err)
{
    question q;
    *met = true;
    NPU_TRY(parse(o, &q, err));
    for (size_t i = 0; i < s->sweep->nmodel; i++) {
        bool one;
        NPU_TRY(solve_one(s, i, &q, &one, err));
        *met = *met && one;
    }
    return NPU_OK;
}
