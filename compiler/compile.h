/* The compiler's stages, in order.  Each reads an npu_graph and changes it or makes the next thing:
 * import -> shapes -> optimise -> place -> lower -> schedule -> emit. */
#ifndef COMPILER_COMPILE_H
#define COMPILER_COMPILE_H

#include "npusim/graph.h"
#include "npusim/model.h"

/* --- import (import_onnx.c, import_caffe.c) --------------------------------------------------- */

/* Reads an ONNX file, with external data beside it.  Nodes sorted; shapes only as the file gives
 * them.  On success *out is the caller's, to npu_graph_free.  Errors: NPU_BAD_INPUT (path, what is
 * wrong, where), NPU_UNSUPPORTED (opset beyond 7..20, control flow, by name), NPU_LIMIT. */
npu_status cc_import_onnx(const char *path, npu_graph **out, npu_err *err);
/* The same from memory; DIR: where external data lies, NULL: refused. */
npu_status cc_import_onnx_bytes(const char *path, const char *dir, const uint8_t *bytes, size_t n,
                                npu_graph **out, npu_err *err);

/* Reads a Caffe network: PROTOTXT, and CAFFEMODEL for the weights (NULL: synthetic weights).
 * Errors: as above; an unknown layer: NPU_UNSUPPORTED, text "ValueError: Not support layer
 * name=accuracy type=Accuracy". */
npu_status cc_import_caffe(const char *prototxt, const char *caffemodel, npu_graph **out,
                           npu_err *err);

/* By file name: .onnx, .prototxt (CAFFEMODEL may be NULL). */
npu_status cc_import(const char *path, const char *caffemodel, npu_graph **out, npu_err *err);

/* Writes G as ONNX that the ONNX checker accepts (opset 11 at least, IR at most 8).  *bytes is the
 * caller's, to free.  Errors: NPU_UNSUPPORTED naming the node, NPU_LIMIT. */
npu_status cc_export_onnx(const npu_graph *g, uint8_t **bytes, size_t *n, npu_err *err);

/* --- shapes (shape*.c, fold*.c) --------------------------------------------------------------- */

typedef struct { const char *name; int rank; int64_t dim[NPU_RANK_MAX]; } cc_input_shape;

/* Parses "data 1x3x224x224" into OUT (NAME points into TEXT's copy in the arena of G). */
npu_status cc_parse_shape(npu_graph *g, const char *name, const char *shape, cc_input_shape *out,
                          npu_err *err);

/* Infers type and shape of every value; folds constants and shape arithmetic (Shape, Gather, ...)
 * into constants.  Unknown batch becomes 1.  GIVEN overrides input shapes.  Errors: NPU_BAD_INPUT
 * (no such input: lists them; shapes that contradict: node, found, expected), NPU_UNSUPPORTED (an
 * operator without a rule, a shape that depends on data). */
npu_status cc_shapes(npu_graph *g, const cc_input_shape *given, size_t n, npu_err *err);

/* --- options (config*.c reads them from YAML; fast_perf.c makes the defaults) ----------------- */

typedef enum { CC_LATENCY, CC_BANDWIDTH } cc_mode;
typedef enum { CC_RGB, CC_BGR, CC_YUV444, CC_NV12, CC_GRAY, CC_FEATUREMAP } cc_image;
typedef enum { CC_NHWC, CC_NCHW } cc_layout;
typedef enum { CC_DDR, CC_PYRAMID, CC_RESIZER } cc_source;

typedef struct { char **item; size_t n; } cc_list; /* owned strings */

typedef struct {              /* how one network input is fed */
    char *name;               /* owned */
    cc_image train, rt;
    cc_layout layout_train, layout_rt;
    cc_source source;
    bool video_range;         /* bt601_video */
    bool has_mean, has_scale; /* a preprocessing node is made when either is, or colours differ */
    float mean[64], scale[64];/* per channel of the input */
    unsigned nmean, nscale;   /* 1: the same for every channel */
    int rank;                 /* 0: shape of the model */
    int64_t dim[NPU_RANK_MAX];
} cc_input;

typedef struct {
    char *march;              /* "bernoulli2" or "cv181x"; owned */
    char *chip;               /* "x3m"; owned */
    int level;                /* optimize_level 0..3 */
    cc_mode mode;
    int cores;                /* core_num 1 or 2 */
    bool debug;               /* embed the per-layer table */
    bool dump_layers;         /* layer_out_dump: each convolution is also a float output */
    bool int8_output;         /* optimization: set_model_output_int8 */
    bool weightless;          /* for a profile in memory: weights are counted, not stored */
    bool keep_io_nodes;       /* false (fast perf): quantise and dequantise nodes at the edges go */
    int64_t max_time_per_fc_us; /* 0: one function call per sub-graph */
    int batch;                /* input_batch */
    cc_list run_on_cpu, run_on_bpu, output_nodes, remove_types, remove_names;
    cc_input *input;          /* owned; nothing given for an input: featuremap */
    size_t ninput;
} cc_options;

/* Defaults of --fast-perf for G (shapes inferred) on CHIP: O3, latency, one core, calibration
 * skipped, edge nodes removed; an input of 4 dimensions with 3 channels and even H and W is nv12
 * from the pyramid, with 1 channel gray, anything else a feature map.  OUT is the caller's, to
 * cc_options_free.  Errors: NPU_USAGE (chip without a compiler: lists those with), NPU_LIMIT. */
npu_status cc_fast_perf(const npu_graph *g, const char *chip, cc_options *out, npu_err *err);
void cc_options_free(cc_options *o); /* the contents */

/* --- optimise, place: compiler/plan.h;  lower, schedule, emit: compiler/net.h ----------------- */

/* Everything after import: shapes are known; preprocessing nodes, optimisation, placement, tiling,
 * command buffers, container model.  G is changed (optimised).  LOG may be NULL: lines for the log.
 * On success *out is the caller's, to npu_model_free.  Errors: of every stage. */
typedef struct { void (*line)(void *state, const char *text); void *state; } cc_log;
npu_status cc_compile(npu_graph *g, const cc_options *o, const cc_log *log, npu_model **out,
                      npu_err *err);
/* The same for a chip in memory, overrides and all, instead of the file o->chip names. */
struct npu_chip;
npu_status cc_compile_for(npu_graph *g, const cc_options *o, const struct npu_chip *chip,
                          const cc_log *log, npu_model **out, npu_err *err);

#endif
