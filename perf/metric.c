/* The metrics of budgets: one row of metric.def each. */
#include <stddef.h>
#include <string.h>

#include "perf/budget.h"

#define MODEL_STRUCT prof_facts
#define SUBGRAPH_STRUCT prof_subgraph
#define LAYER_STRUCT prof_layer
#define RESPONSE_STRUCT prof_response
#define LESS false
#define MORE true
#define REAL false
#define WHOLE true

static const budget_metric metrics[] = {
#define M(scope, key, unit, better, type, field, error)                                            \
    {BUDGET_##scope, key, LIMIT_##unit, better, type, error, offsetof(scope##_STRUCT, field)},
#include "perf/metric.def"
#undef M
};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

const budget_metric *budget_metric_find(budget_scope scope, const char *key)
{
    for (size_t i = 0; i < METRICS; i++)
        if (metrics[i].scope == scope && strcmp(metrics[i].key, key) == 0)
            return &metrics[i];
    return NULL;
}

size_t budget_metric_keys(budget_scope scope, const char **keys, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < METRICS && n < max; i++)
        if (metrics[i].scope == scope)
            keys[n++] = metrics[i].key;
    return n;
}

double budget_metric_value(const budget_metric *m, const void *object)
{
    const char *field = (const char *)object + m->offset;
    int64_t whole;
    double real;
    if (m->whole) {
        memcpy(&whole, field, sizeof whole);
        return (double)whole;
    }
    memcpy(&real, field, sizeof real);
    return real;
}
