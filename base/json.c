/* See json.h. */
#include "base/json.h"

#include <stdbool.h>
#include <string.h>

npu_status json_parse(const char *file, const char *text, size_t n, npu_status status_on_error,
                      cJSON **out, npu_err *err)
{
    const char *end = NULL;
    *out = cJSON_ParseWithLengthOpts(text, n, &end, false);
    size_t at = end ? (size_t)(end - text) : 0, line = 1, column = 1;
    if (*out) { /* white space alone may follow */
        while (at < n && strchr(" \t\r\n", text[at]))
            at++;
        if (at == n)
            return NPU_OK;
        cJSON_Delete(*out);
        *out = NULL;
    }
    for (size_t i = 0; i < at && i < n; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return npu_fail(err, status_on_error, "%s:%zu:%zu: not valid JSON", file, line, column);
}

const cJSON *json_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_get(object, name));
}
