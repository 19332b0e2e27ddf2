/* Rows of advise.def as functions over one command. */
#ifndef PERF_ADVISE_RULE_H
#define PERF_ADVISE_RULE_H

#include "npusim/chip.h"
#include "npusim/cmd.h"

typedef struct {
    const char *id, *rule, *advice;
    unsigned kinds;         /* bit k: NPU_KIND_BCONV + k */
    bool (*test)(const npu_chip *, const npu_tiu *, const char *type);
    /* Mends T, to the next lower or higher (UP) extent where there are two ways; false: there is no
     * such way.  No command at all: t->res.n is 0 then. */
    bool (*change)(const npu_chip *, npu_tiu *t, bool up);
} adv_rule;

enum { ADV_RULES_MAX = 64 };
extern const adv_rule adv_rules[];
extern const unsigned adv_nrules;

/* Whether C, a command of a layer of TYPE, breaks R. */
bool adv_breaks(const adv_rule *r, const npu_chip *chip, const npu_cmd *c, const char *type);

/* "W 28 -> 24, kernel 4x4 -> 3x3": where B differs from A.  On failure NULL. */
char *adv_describe(const npu_tiu *a, const npu_tiu *b);

#endif
