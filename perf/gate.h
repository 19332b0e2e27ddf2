/* From a rule and a value to a verdict with its message and causes. */
#ifndef PERF_GATE_H
#define PERF_GATE_H

#include "perf/budget.h"

enum { PATTERN_LABEL = 512 };

typedef struct {
    npu_gate *gate;               /* filled; not owned */
    const budget_options *options;
    npu_err *err;
} gate_run;

typedef struct {                  /* what the rules are about; nothing owned */
    const prof_facts *facts, *base; /* BASE may be NULL */
    budget_scope scope;
    const char *name;             /* NULL for the model itself */
    const char *profile;
    const void *object, *base_object; /* struct of SCOPE; BASE_OBJECT may be NULL */
    budget_missing missing;
} gate_object;

/* Adds one verdict per limit of each rule.  Errors: NPU_LIMIT. */
npu_status gate_rules(gate_run *r, const gate_object *o, const budget_rule *rule, size_t n);

npu_status gate_missing(gate_run *r, const char *model, const char *profile, const char *scope,
                        const char *metric, const char *rule, const char *why, bool failed);

/* True when times of A and B must not be compared; WHY (may be NULL) says what differs. */
bool gate_why_incomparable(const prof_facts *a, const prof_facts *b, char *why, size_t n);

/* Remarks a reader of the verdicts must know about F. */
npu_status gate_note_profile(gate_run *r, const prof_facts *f);

/* Adds to CHECK what made the value so: layers of the difference to BASE where it is given and
 * comparable, else the layers with the largest share.  Errors: NPU_LIMIT. */
npu_status gate_causes(npu_check *c, const gate_object *o, const budget_metric *m,
                       const prof_facts *base, npu_err *err);
npu_status gate_cause(npu_check *c, npu_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
