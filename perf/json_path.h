/* Strict reading of a JSON document: every complaint names the file and the path of the value.
 *
 * Failure is sticky, as in base/buf.h: the first one is kept in ERR and every later read yields 0
 * or NULL, so the caller tests STATUS once per record. */
#ifndef PERF_JSON_PATH_H
#define PERF_JSON_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum { PERF_JSON_PATH_BYTES = 320 };

typedef struct {
    const char *file;   /* as the user gave it; not owned */
    npu_err *err;       /* not owned */
    npu_status status;  /* NPU_OK until the first failure */
    char path[PERF_JSON_PATH_BYTES]; /* "$.layers[3]"; long ones are cut */
    size_t len;
} perf_json;

perf_json perf_json_begin(const char *file, npu_err *err);

/* Goes into member KEY or element I; returns what perf_json_up takes to come back. */
size_t perf_json_in(perf_json *r, const char *key);
size_t perf_json_item(perf_json *r, size_t i);
void perf_json_up(perf_json *r, size_t len);

/* "FILE: PATH: message", kept when it is the first.  KEY may be NULL: the current place.  Returns
 * NPU_BAD_INPUT. */
npu_status perf_json_bad(perf_json *r, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses members of OBJECT that are not among the N ALLOWED, or come twice. */
void perf_json_keys(perf_json *r, const cJSON *object, const char *const *allowed, size_t n);

/* Required members.  Numbers are finite and not negative unless SIGNED is in the name; integers
 * may be strings of digits, as the writer makes them from 1e15 on. */
const cJSON *perf_json_object(perf_json *r, const cJSON *object, const char *key);
const cJSON *perf_json_array(perf_json *r, const cJSON *object, const char *key);
int64_t perf_json_int(perf_json *r, const cJSON *object, const char *key);
double perf_json_real(perf_json *r, const cJSON *object, const char *key);
double perf_json_signed(perf_json *r, const cJSON *object, const char *key);
bool perf_json_bool(perf_json *r, const cJSON *object, const char *key);
char *perf_json_text(perf_json *r, const cJSON *object, const char *key); /* the caller's */

/* For messages: "a string", "an object", ... */
const char *perf_json_kind(const cJSON *j);

#endif
