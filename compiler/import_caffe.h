/* Inside the Caffe importer (import_caffe*.c, caffe.def; prefix cf_).
 *
 * One function per layer type turns a layer into nodes with ONNX semantics (opset 11).  Shapes of
 * all blobs are known while that goes on, because weights get their shape from them.
 *
 * Failure is sticky: the first one stays in the net, later calls do nothing and return something
 * harmless (NPU_NONE, defaults, shapes of ones), and the loop over the layers stops.  So the layer
 * functions read as lists of facts. */
#ifndef COMPILER_IMPORT_CAFFE_H
#define COMPILER_IMPORT_CAFFE_H

#include "compiler/graph.h"
#include "formats/prototxt.h"

enum { CF_LAYERS_MAX = 20000 }; /* layers of a net; unique names cost their square */

typedef struct cf_net cf_net;
typedef struct cf_layer cf_layer;
typedef struct cf_model cf_model;
typedef struct cf_blob cf_blob;

typedef struct { int rank; int64_t dim[NPU_RANK_MAX]; } cf_shape;

typedef struct {                 /* a row of caffe.def */
    const char *type;            /* "Convolution" */
    const char *word;            /* "CONVOLUTION" of files before 2015, "" */
    void (*import)(cf_net *, cf_layer *);
    npu_op op;                   /* of layers that are one node */
    unsigned min_bottom, max_bottom, min_top, max_top;
} cf_kind;

struct cf_layer {
    const prototxt_field *m;     /* its message */
    const char *name, *type;     /* TYPE as today's files spell it */
    const char **bottom, **top;  /* blob names */
    unsigned nbottom, ntop;
    int32_t number;              /* in the file, from 0 */
    const cf_kind *kind;         /* NULL: not supported */
    int32_t *in, *out;           /* values of bottoms, tops (NPU_NONE until made) */
    bool merged;                 /* into an earlier layer: nothing to import */
    bool counted;                /* its top is already off the count of writers */
};

struct cf_net {
    npu_graph *g;
    const prototxt_field *root;
    const char *path;            /* of the prototxt */
    cf_model *model;             /* NULL: synthetic weights */
    cf_layer *layer;             /* those of the TEST phase; in the arena */
    size_t nlayer;
    cf_blob *blobs;              /* by name; uthash */
    uint64_t budget;             /* bytes of constants that may still be made */
    npu_status status;           /* sticky */
    npu_err *err;
};

/* A network from the N bytes TEXT; MODEL may be NULL, MODEL_BYTES is the size of its file.  *OUT is
 * the caller's, to npu_graph_free. */
npu_status cf_import(const char *path, const char *text, size_t n, cf_model *model,
                     uint64_t model_bytes, npu_graph **out, npu_err *err);

/* --- the list of layers (import_caffe_net.c) -------------------------------------------------- */

const cf_kind *cf_kind_find(const char *type);
/* Layers of the TEST phase with their blobs counted; inputs of the net become graph inputs. */
void cf_net_layers(cf_net *c);
void cf_net_inputs(cf_net *c);
void cf_net_free(cf_net *c); /* blob table */
/* Values of the bottoms of L; after its import, its tops become the current blobs. */
void cf_bottoms(cf_net *c, cf_layer *l);
void cf_tops(cf_net *c, cf_layer *l);
/* Graph outputs: blobs nobody reads after they were made. */
void cf_net_outputs(cf_net *c);
/* The Scale layer that only scales what L, a normalisation, makes: marked as merged, so that L
 * makes its top.  NULL: none. */
cf_layer *cf_merge_scale(cf_net *c, cf_layer *l);
/* A new value for blob NAME; NPU_NONE: no memory. */
int32_t cf_new_blob(cf_net *c, const char *name);
/* Top K of L is an input of the net. */
void cf_net_input(cf_net *c, cf_layer *l, unsigned k, cf_shape s);

/* --- failing ---------------------------------------------------------------------------------- */

/* "PATH:line: layer NAME (TYPE): ...", with the line of the layer. */
void cf_fail(cf_net *c, const cf_layer *l, npu_status s, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void cf_no_memory(cf_net *c);

/* --- parameters (import_caffe_param.c) -------------------------------------------------------- */

/* Field NAME of message M (may be NULL), DFLT when absent; outside MIN..MAX: failure. */
int64_t cf_int(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name,
               int64_t dflt, int64_t min, int64_t max);
double cf_num(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, double dflt);
bool cf_bool(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, bool dflt);
/* Enumeration: place in NAMES (ended by NULL) of the word, or of the number in CODES (NULL: 0, 1,
 * ...). */
int cf_choice(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name,
              const char *const *names, const int *codes, int dflt);
/* Repeated numbers; returns how many.  More than MAX_N, or outside MIN..MAX: failure. */
size_t cf_ints(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name,
               int64_t min, int64_t max, int64_t *out, size_t max_n);
size_t cf_nums(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, float *out,
               size_t max_n);
/* Height and width from NAME (one or two numbers) or NAME_H and NAME_W. */
void cf_pair(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *const name[3],
             int64_t dflt, int64_t min, int64_t max, int64_t out[2]);
/* Axis of a blob of RANK dimensions: negative ones count from the end. */
int cf_axis(cf_net *c, const cf_layer *l, const prototxt_field *m, const char *name, int dflt,
            int rank);
/* A message { dim: ... } with dimensions MIN..2^31-1. */
cf_shape cf_dims(cf_net *c, const cf_layer *l, const prototxt_field *m, int64_t min);

/* --- values and nodes (import_caffe_emit.c) --------------------------------------------------- */

cf_shape cf_shape_of(const cf_net *c, int32_t value); /* NPU_NONE: 1x1x1x1 */
int64_t cf_count(const cf_shape *s, int from, int to); /* product of dimensions FROM up to TO */
bool cf_same(const cf_shape *a, const cf_shape *b);
char *cf_text(const cf_shape *s, char text[G_SHAPE_TEXT]);
cf_shape cf_shape4(int64_t n, int64_t ch, int64_t h, int64_t w);

/* Top K of L as a new float value of shape S; a helper value named after the top. */
int32_t cf_top(cf_net *c, cf_layer *l, unsigned k, cf_shape s);
int32_t cf_tmp(cf_net *c, cf_layer *l, const char *suffix, cf_shape s);
/* Top K is VALUE itself. */
void cf_alias(cf_layer *l, unsigned k, int32_t value);
/* A node.  SUFFIX NULL: the node of the layer itself, with its name and its type as attribute
 * "caffe_type"; else a helper named layer_SUFFIX. */
int32_t cf_node(cf_net *c, cf_layer *l, npu_op op, const char *suffix, const int32_t *in,
                uint32_t nin, int32_t out);
int32_t cf_node1(cf_net *c, cf_layer *l, npu_op op, const char *suffix, int32_t in, int32_t out);
int32_t cf_node2(cf_net *c, cf_layer *l, npu_op op, const char *suffix, int32_t a, int32_t b,
                 int32_t out);
/* The node of the layer with several outputs. */
int32_t cf_node_outs(cf_net *c, cf_layer *l, npu_op op, const int32_t *in, uint32_t nin,
                     const int32_t *out, uint32_t nout);
void cf_set_text(cf_net *c, int32_t node, const char *name, const char *v);
void cf_set_int(cf_net *c, int32_t node, const char *name, int64_t v);
void cf_set_float(cf_net *c, int32_t node, const char *name, double v);
void cf_set_ints(cf_net *c, int32_t node, const char *name, const int64_t *v, size_t n);
void cf_set_floats(cf_net *c, int32_t node, const char *name, const float *v, size_t n);

/* Constants named layer_SUFFIX; DATA NULL: synthetic. */
int32_t cf_floats(cf_net *c, const cf_layer *l, const char *suffix, cf_shape s, const float *data);
int32_t cf_fill(cf_net *c, const cf_layer *l, const char *suffix, cf_shape s, double v);
int32_t cf_scalar(cf_net *c, const cf_layer *l, const char *suffix, double v);
int32_t cf_int64s(cf_net *c, const cf_layer *l, const char *suffix, const int64_t *v, int64_t n);
int32_t cf_empty(cf_net *c, const cf_layer *l, const char *suffix); /* no element */
/* Reshapes IN to S through a helper node; OUT NPU_NONE: a helper value.  Returns the value. */
int32_t cf_reshape(cf_net *c, cf_layer *l, const char *suffix, int32_t in, cf_shape s, int32_t out);

/* --- weights (import_caffe_weights.c) --------------------------------------------------------- */

/* Reads N BYTES of a .caffemodel; PATH must outlive *OUT, which is the caller's, to
 * cf_model_free. */
npu_status cf_model_parse(const char *path, const uint8_t *bytes, size_t n, cf_model **out,
                          npu_err *err);
void cf_model_free(cf_model *m); /* accepts NULL */
/* Number of blobs of L in the model; 0 for synthetic weights. */
size_t cf_blobs(const cf_net *c, const cf_layer *l);
/* L has exactly N blobs, when there is a model. */
void cf_want_blobs(cf_net *c, const cf_layer *l, size_t n);
/* Blob K of L, which must have shape S (dimensions of one do not matter).  NULL: synthetic, or
 * failed.  Not owned; lives as long as the model. */
const float *cf_blob_data(cf_net *c, const cf_layer *l, unsigned k, cf_shape s);
/* Blob K as a constant whose shape is SHOWN (as many elements as S), named layer_SUFFIX. */
int32_t cf_weight(cf_net *c, const cf_layer *l, unsigned k, const char *suffix, cf_shape s,
                  cf_shape shown);

/* --- output sizes; 0 or less: the window does not fit ----------------------------------------- */

int64_t cf_conv_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation);
int64_t cf_deconv_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation);
/* Pooling rounds up (CEIL), then drops a last window that starts in the padding.  *PADDED: the
 * result needs ONNX ceil_mode. */
int64_t cf_pool_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, bool ceil,
                    bool *padded);

#endif
