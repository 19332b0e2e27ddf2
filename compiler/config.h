/* A makertbin YAML file as a checked configuration (keys: config.def).
 *
 * Read in two steps: cc_config_parse checks everything the file alone can tell; cc_config_model
 * checks it against the network (names, shapes, channels, calibration files) and completes the
 * options.  Messages follow the vendor's form, several lines in one text:
 *
 *     Key 'model_parameters' error:
 *     Missing keys: 'caffe_model', 'prototxt' */
#ifndef COMPILER_CONFIG_H
#define COMPILER_CONFIG_H

#include "base/arena.h"
#include "compiler/compile.h"

enum {
#define K(id, ...) CFG_##id,
#include "compiler/config.def"
#undef K
    CFG_KEYS
};

typedef enum { CFG_MODEL, CFG_INPUT, CFG_CALIBRATION, CFG_CUSTOM, CFG_COMPILER,
               CFG_GROUPS } cfg_group; /* in the order the vendor's tool validates them */

typedef enum { CC_LOG_DEBUG, CC_LOG_INFO, CC_LOG_WARN } cc_log_level;

typedef struct cfg_node cfg_node; /* config_yaml.h */

typedef struct {
    base_arena *arena;            /* owned; all texts below lie in it unless said otherwise */
    const char *path;             /* of the YAML file */
    bool caffe;
    cc_options options;           /* complete after cc_config_model; owned */
    const char *value[CFG_KEYS];  /* normalised ("a;b"); NULL: absent.  A MAP has a node instead */
    const cfg_node *map[CFG_KEYS];
    unsigned line[CFG_KEYS];      /* in the file; 0: default or absent */
    bool group[CFG_GROUPS];       /* present in the file */
    const char *model, *weights;  /* files: .onnx and NULL, or .prototxt and .caffemodel */
    const char *prefix, *working_dir;
    cc_log_level log_level;
    const char *calibration;      /* "skip", "kl", ... */
    bool thresholds;              /* computed from data: never in this version */
    const char **warning;         /* what was accepted and has a catch; nwarning texts */
    size_t nwarning, warning_cap;
} cc_config;

/* Reads PATH for a model of type "onnx" or "caffe"; CHIP NULL: the march's own ("x3m").  On success
 * *out is the caller's, to cc_config_free.  Errors: NPU_BAD_INPUT (no YAML; missing, unknown or
 * wrong keys), NPU_UNSUPPORTED (a march or feature that is not modelled), NPU_USAGE (CHIP). */
npu_status cc_config_read(const char *path, bool caffe, const char *chip, cc_config **out,
                          npu_err *err);
npu_status cc_config_parse(const char *path, const uint8_t *bytes, size_t n, bool caffe,
                           const char *chip, cc_config **out, npu_err *err);
void cc_config_free(cc_config *c); /* accepts NULL */

/* Shapes the file gives for its inputs, for cc_shapes: names are those of G where the file names
 * none.  *out is in the arena of C.  Errors: NPU_BAD_INPUT (no such input; input_name missing). */
npu_status cc_config_shapes(cc_config *c, const npu_graph *g, cc_input_shape **out, size_t *n,
                            npu_err *err);

/* Checks C against G, whose shapes are known, and completes the options: names, layouts, channel
 * counts, image sizes, calibration files.  Errors: NPU_BAD_INPUT, NPU_UNSUPPORTED (resizer). */
npu_status cc_config_model(cc_config *c, const npu_graph *g, npu_err *err);

/* Name of a group: "model_parameters". */
const char *cc_config_group(cfg_group group);

/* The configuration as YAML: groups and keys sorted, defaults filled in; parses to the same
 * configuration.  In the arena of C; NULL: no memory. */
const char *cc_config_dump(cc_config *c);

/* Chips that can be compiled for: march by chip and default chip by march; NULL: none such. */
const char *cc_chip_march(const char *chip);
const char *cc_march_chip(const char *march);
/* "x3m, x3e, j3, ..." of all marches, or of MARCH. */
const char *cc_chip_list(const char *march, char *text, size_t n);

#endif
