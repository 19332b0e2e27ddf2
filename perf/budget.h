/* Budgets: limits for models, sub-graphs, layers and response times (schema npusim-budget/1). */
#ifndef PERF_BUDGET_H
#define PERF_BUDGET_H

#include <regex.h>

#include "npusim/gate.h"
#include "perf/limit.h"
#include "perf/profile_read.h"

typedef enum { BUDGET_MODEL, BUDGET_SUBGRAPH, BUDGET_LAYER, BUDGET_RESPONSE, BUDGET_SCOPES }
    budget_scope;

typedef struct { /* a row of metric.def */
    budget_scope scope;
    const char *key;
    limit_unit unit;
    bool more_is_better, whole, error;
    size_t offset;
} budget_metric;

const budget_metric *budget_metric_find(budget_scope scope, const char *key);
/* The keys of a scope, for messages; returns how many (at most MAX are stored). */
size_t budget_metric_keys(budget_scope scope, const char **keys, size_t max);
/* Value of the metric in OBJECT, the struct of its scope; NaN: the profile does not say. */
double budget_metric_value(const budget_metric *m, const void *object);

typedef struct { /* a glob, or "re:" and a POSIX extended regular expression */
    char *text;  /* as written; owned */
    bool is_regex;
    regex_t regex;
} budget_pattern;

/* Errors: NPU_BAD_INPUT (no regular expression), NPU_LIMIT. */
npu_status budget_pattern_make(const char *text, budget_pattern *out, npu_err *err);
void budget_pattern_free(budget_pattern *p);
bool budget_matches(const budget_pattern *p, const char *name);

typedef struct {
    const budget_metric *metric;
    bool has_max, has_min, warn, warn_given;
    double max, min;
    limit_change regress, improve;
} budget_rule;

typedef struct {
    budget_scope scope;
    budget_pattern name; /* unused for BUDGET_MODEL */
    budget_rule *rule;
    size_t nrule;
} budget_group;

typedef struct {
    char *name, *chip;
    prof_number *set;
    size_t nset;
} budget_profile;

typedef enum { BUDGET_MISSING_FAIL, BUDGET_MISSING_WARN, BUDGET_MISSING_IGNORE } budget_missing;

typedef struct {
    bool has_model;         /* false: the entry holds response rules only */
    budget_pattern model;
    int profile;            /* index, -1: every profile */
    budget_missing missing;
    budget_group *group;
    size_t ngroup;
} budget_entry;

typedef struct {
    budget_profile *profile;
    size_t nprofile;
    budget_entry *entry;
    size_t nentry;
    budget_missing missing;
} budget_file;

/* Reads a budget file.  On success *out is the caller's, to budget_free.  Errors: NPU_BAD_INPUT
 * with file, path and what is allowed; NPU_LIMIT. */
npu_status budget_read(const char *path, budget_file **out, npu_err *err);
npu_status budget_parse(const char *path, const char *text, size_t n, budget_file **out,
                        npu_err *err);
void budget_free(budget_file *b); /* accepts NULL */

typedef struct {
    bool strict;            /* WITHIN ERROR fails */
    bool require_baseline;  /* a rule without its baseline fails */
    bool pass_over_others;  /* entries of models that are not given do not count as missing */
} budget_options;

/* Holds every profile against every budget that matches it.  On success the caller frees *OUT with
 * npu_gate_free.  Errors: NPU_LIMIT. */
npu_status budget_check(const budget_file *b, const prof_list *profiles, const prof_list *baseline,
                        const budget_options *o, npu_gate *out, npu_err *err);

#endif
