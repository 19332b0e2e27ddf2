/* What the vendor's tools show of a .bin: its INFO (docs/BIN_FORMAT.md) as text. */
#ifndef TOOLS_BIN_INFO_H
#define TOOLS_BIN_INFO_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "npusim/model.h"

typedef struct { /* an input or output of the first program */
    const npu_tensor *tensor;   /* NULL: the program does not have it */
    char type[16];              /* "NV12", "F32", "S8" */
    const char *layout;         /* "NHWC", "NCHW"; static */
    const char *source;         /* "ddr", "pyramid", "resizer"; static; outputs: "ddr" */
} bin_io;

/* Number I of the inputs (INPUT) or outputs of M; INFO: M's parsed INFO, may be NULL. */
bin_io bin_io_of(const npu_model *m, const cJSON *info, bool input, size_t i);

/* M's INFO as JSON, NULL when it has none (a reader has checked that it is an object); the
 * caller's, to cJSON_Delete. */
cJSON *bin_info_json(const npu_model *m);

/* Prints every block of hb_model_info; makertbin dumps the same text. */
void bin_info_print(const npu_model *m, FILE *f);

/* Prints a value as Python's str() does: 'text', True, [1, 2], {'a': 1}; TEXT: a string without
 * its quotes. */
void bin_info_value(const cJSON *v, bool text, FILE *f);

/* Name and scale of every removed node, one block each; false when there is none. */
bool bin_info_deleted(const npu_model *m, FILE *f);

#endif
