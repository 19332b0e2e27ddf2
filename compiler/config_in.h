/* Shared by the parts of the configuration reader (config*.c); not for others. */
#ifndef COMPILER_CONFIG_IN_H
#define COMPILER_CONFIG_IN_H

#include "compiler/config.h"
#include "compiler/config_yaml.h"

typedef enum { CFG_TEXT, CFG_WORD, CFG_BOOL, CFG_INT, CFG_REAL, CFG_TIME, CFG_NAMES, CFG_WORDS,
               CFG_SOME, CFG_MAP } cfg_value_kind;
typedef enum { CFG_OPT, CFG_REQ, CFG_ONNX, CFG_CAFFE, CFG_IDLE } cfg_need;

typedef struct {
    cfg_group group;
    const char *name;
    cfg_value_kind kind;
    cfg_need need;
    const char *fallback, *allowed;
    double min, max;
} cfg_key;

extern const cfg_key cfg_keys[CFG_KEYS];

typedef struct { const char **item; size_t n; } cfg_texts; /* in the arena */

/* Fails with "Key 'GROUP' error:", then path, line, key and the formatted reason. */
npu_status cfg_refuse(const cc_config *c, int key, npu_status s, npu_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Notes what was accepted and has a catch.  Errors: NPU_LIMIT (memory). */
npu_status cfg_warn(cc_config *c, npu_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* TEXT cut at each character of AT, parts trimmed, empty ones kept except the last.
 * Errors: NPU_LIMIT. */
npu_status cfg_split(cc_config *c, const char *text, char at, cfg_texts *out, npu_err *err);
/* Index of WORD (case ignored) in the blank separated ALLOWED, -1: none. */
int cfg_word(const char *word, const char *allowed);

/* Value of KEY from its node, normalised, into C.  Errors: NPU_BAD_INPUT, NPU_LIMIT. */
npu_status cfg_value(cc_config *c, int key, const cfg_node *node, npu_err *err);

/* The steps of cc_config_parse after the table's: per-input keys, then the others. */
npu_status cfg_inputs(cc_config *c, npu_err *err);
npu_status cfg_options(cc_config *c, const char *chip, npu_err *err);
/* A list of the configuration as an owned list of the options. */
npu_status cfg_list(cc_config *c, int key, cc_list *out, npu_err *err);

/* Calibration folders: that they are there and hold files (before the model is known), and that
 * every file has the size of its input. */
npu_status cfg_cal_dirs(cc_config *c, npu_err *err);
npu_status cfg_cal_sizes(cc_config *c, npu_err *err);

#endif
