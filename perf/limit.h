/* Quantities in budget files: "4 ms", "12MiB", "2%", "5%+0.005". */
#ifndef PERF_LIMIT_H
#define PERF_LIMIT_H

#include <stdbool.h>

#include "perf/json_path.h"

typedef enum {
    LIMIT_MS, LIMIT_US, LIMIT_BYTES, LIMIT_GBPS, LIMIT_FPS, LIMIT_RATIO, LIMIT_COUNT
} limit_unit;

const char *limit_unit_name(limit_unit u);    /* "ms"; "" for counts and ratios */
const char *limit_unit_allowed(limit_unit u); /* for messages: "ms, us, s" */

/* Reads a limit: a number in U, or a string with a unit.  Failure goes to R, at KEY of the current
 * place, with the allowed units. */
double limit_value(perf_json *r, const char *key, const cJSON *j, limit_unit u);

/* Allowed change against a baseline: VALUE may be off by PERCENT of the baseline plus ABSOLUTE. */
typedef struct {
    bool given;
    double percent, absolute; /* ABSOLUTE in the metric's unit */
} limit_change;

limit_change limit_change_value(perf_json *r, const char *key, const cJSON *j, limit_unit u);

#endif
