/* Verdicts of a gate: one per rule and object.  Made by perf/, printed by reports/. */
#ifndef NPUSIM_GATE_H
#define NPUSIM_GATE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NPU_PASS,
    NPU_FAIL,
    NPU_WITHIN,       /* the limit lies inside the measured error of the chip file */
    NPU_WARN,         /* broken, but its severity is "warn" */
    NPU_SKIPPED,      /* not comparable with the baseline */
    NPU_NO_BASELINE,
    NPU_MISSING,      /* the profiles do not hold what the rule is about */
    NPU_VERDICTS
} npu_verdict;

const char *npu_verdict_word(npu_verdict v); /* "PASS", "WITHIN ERROR", ... */
const char *npu_verdict_key(npu_verdict v);  /* "pass", "within-error", ... for JSON */

typedef struct {      /* strings are owned; values are in UNIT and unrounded */
    char *model, *profile;
    char *scope;      /* "model", "layer conv1", "subgraph main", "response urgent" */
    const char *metric, *unit; /* not owned; UNIT "" for counts */
    const char *rule; /* "max", "min", "regress", "improve" or "exists"; not owned */
    double limit, value, baseline; /* NaN: none */
    double delta_percent;          /* VALUE against LIMIT (max, min) or BASELINE; NaN: none */
    double error_percent;          /* used for WITHIN ERROR; < 0: none */
    double low, high;              /* VALUE with that error; NaN: exact, or never measured */
    npu_verdict verdict;
    bool failed;      /* counts against the exit status */
    char *message;    /* one line, with numbers */
    char **cause;     /* what made it so, most important first; owned */
    size_t ncause;
} npu_check;

typedef struct {
    npu_check *check; /* in the order of the budget file; owned */
    size_t n;
    size_t count[NPU_VERDICTS];
    size_t failed, missing_failed;
    bool incomparable; /* a rule was skipped because chip or tool differ from the baseline's */
    char **note;       /* remarks on the profiles: overrides, error never measured; owned */
    size_t nnote;
} npu_gate;

void npu_gate_free(npu_gate *g); /* frees the contents */

#ifdef __cplusplus
}
#endif
#endif
