/* Checked access over cJSON: every failure names the file and the path of the value.
 *
 * Traps of cJSON 1.7 avoided here: trailing garbage is accepted, names match without case,
 * valueint saturates. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "npusim/err.h"

/* Parses a whole JSON text.  On success *out is the caller's, to cJSON_Delete.  Errors:
 * STATUS_ON_ERROR with FILE, line and column. */
npu_status json_parse(const char *file, const char *text, size_t n, npu_status status_on_error,
                      cJSON **out, npu_err *err);

/* Member NAME of OBJECT, NULL when absent; names match exactly. */
const cJSON *json_get(const cJSON *object, const char *name);

/* String member, NULL when absent or not a string. */
const char *json_string(const cJSON *object, const char *name);

#endif
