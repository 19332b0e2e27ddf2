/* A compiled model as its container stores it: bytes plus views.
 *
 * Owned by formats/.  Every pointer below is owned by the npu_model and freed by npu_model_free;
 * strings are NUL-terminated copies.  Container facts: CviModel flatbuffer schema as published in
 * sophgo/tpu-mlir (include/tpu_mlir/Builder/CV18xx/proto/cvimodel.fbs). */
#ifndef NPUSIM_MODEL_H
#define NPUSIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { /* element types, numbered as in the container */
    NPU_FP32, NPU_INT32, NPU_UINT32, NPU_BF16, NPU_INT16, NPU_UINT16, NPU_INT8, NPU_UINT8,
    NPU_DTYPES
} npu_dtype;

/* Bytes of one element, and the vendor's spelling ("FP32", ... "UINT8"). */
unsigned npu_dtype_bytes(npu_dtype t);
const char *npu_dtype_name(npu_dtype t);

/* Which memory a tensor lives in: the top 24 bits of its 64-bit offset, which are also the TDMA
 * base register index (0 shared, 1 weight, 2 private, 3..7 input/output buffers). */
enum { NPU_MEM_SHARED = 0, NPU_MEM_WEIGHT = 1, NPU_MEM_PRIVATE = 2, NPU_MEM_IO = 3 };

typedef struct {
    uint32_t id;
    char *name;
    int64_t offset;          /* (memory << 40) | byte offset; -1: no memory */
    npu_dtype dtype;
    int64_t *dim;            /* ndim entries, outermost first */
    size_t ndim;
    int64_t *stride;         /* nstride entries, bytes; usually absent */
    size_t nstride;
    uint8_t quant_type;      /* 0 none, 1 bf16, 2 int8 symmetric, 3 int8 asymmetric */
    float max_value, min_value, zero_point, qscale;
    bool overwrote, aligned;
    float *scale, *mean;     /* per channel; n entries */
    size_t nscale, nmean;
    char *pixel_format;      /* NULL when absent */
    uint32_t size;           /* bytes, 0 when the field is absent */
} npu_tensor;

typedef struct {
    char *name;
    int64_t offset;          /* as npu_tensor.offset; memory is NPU_MEM_WEIGHT */
    uint32_t size;           /* bytes */
    npu_dtype dtype;
    int64_t *dim;
    size_t ndim;
} npu_weight;

typedef enum {
    NPU_SECTION_WEIGHT, NPU_SECTION_CMDBUF, NPU_SECTION_FUNC_X86, NPU_SECTION_FUNC_AARCH64,
    NPU_SECTION_DMABUF, NPU_SECTION_TYPES
} npu_section_type;

const char *npu_section_type_name(npu_section_type t); /* "weight", "cmdbuf", ... */

typedef struct {
    npu_section_type type;
    char *name;
    uint32_t size;              /* bytes in the file */
    uint32_t offset;            /* from the start of the binary area */
    bool encrypt, compress;
    uint32_t decompressed_size; /* meaningful when compress */
    const uint8_t *data;        /* contents after LZ4; points into the file image or to heap */
    size_t data_bytes;
    uint64_t file_offset;       /* of the stored bytes, from the start of the file */
} npu_section;

typedef enum { NPU_ROUTINE_TPU, NPU_ROUTINE_CPU } npu_routine_type;

/* One attribute of a CPU routine; exactly one of the value fields is meaningful. */
typedef struct {
    char *key;
    enum { NPU_ATTR_FLOAT, NPU_ATTR_BOOL, NPU_ATTR_INT, NPU_ATTR_STR, NPU_ATTR_FLOATS,
           NPU_ATTR_INTS } type;
    double number;              /* FLOAT, BOOL, INT */
    char *text;                 /* STR */
    double *list;               /* FLOATS, INTS */
    size_t nlist;
} npu_attr;

typedef struct {
    npu_routine_type type;
    char **in, **out;           /* tensor names */
    size_t nin, nout;
    char *section;              /* TPU: name of its CMDBUF or DMABUF section.  CPU: function name */
    bool dmabuf;                /* TPU: SECTION names a DMABUF section */
    npu_attr *attr;             /* CPU: decoded function_args */
    size_t nattr;
    uint8_t *args;              /* CPU: function_args as stored */
    size_t nargs;
    uint32_t *fcall;            /* TPU: first command of each function call; none: one call */
    size_t nfcall;
} npu_routine;

typedef struct {
    uint32_t batch_num, neuron_size, shared_gmem, private_gmem; /* bytes */
    char **in, **out;           /* tensor names */
    size_t nin, nout;
    npu_tensor *tensor;
    size_t ntensor;
    npu_routine *routine;       /* in order of execution */
    size_t nroutine;
    uint64_t io_used[2];        /* compiler: bytes of memories 3 and 4 given away; not stored */
} npu_program;

typedef struct {                /* a layer as the compiler knew it (.bin; a .cvimodel has none) */
    char *name, *type;          /* "conv1", "HzSQuantizedConv" */
    uint32_t routine;           /* index */
    uint64_t ops;               /* useful: 2 per multiply-accumulate */
    uint32_t kh, kw, sh, sw;    /* kernel, stride; 0: none */
    uint32_t out_c, out_h, out_w;
} npu_layer_info;

typedef struct {                /* a node of the converted network (.bin) */
    char *name, *type;          /* "prob", "Softmax" */
    bool npu;
    int32_t subgraph;           /* NPU: number in the node table, id(k) */
    char *why;                  /* CPU: the reason in words; NULL */
    char **in, **out;           /* value names: edges join equal names */
    size_t nin, nout;
} npu_node_info;

typedef struct npu_model {
    char *path;                 /* as given by the caller */
    uint8_t *bytes;             /* the whole file */
    size_t nbytes;
    char sha256[65];            /* lower-case hex of the whole file */
    char chip[17];              /* "cv181x"; from the header (1.1 and later) or the target field */
    uint8_t header_major, header_minor; /* container header version, 1.0 to 1.4 */
    uint32_t body_bytes;        /* flatbuffer size */
    uint8_t version[3];         /* Version struct inside the flatbuffer */
    bool has_md5, md5_ok;       /* header MD5 present / equal to the computed one */
    char *name, *build_time, *target, *mlir_version; /* NULL when absent */
    npu_weight *weight;
    size_t nweight;
    npu_program *program;
    size_t nprogram;
    npu_section *section;
    size_t nsection;
    /* .bin only; all owned */
    char *march;                /* "bernoulli2"; NULL in a .cvimodel */
    char *info;                 /* JSON: versions, conversion parameters (docs/BIN_FORMAT.md) */
    bool debug;                 /* compiled with debug: the layer table is meant to be shown */
    uint32_t cores;             /* that work on one frame, 1 or 2; 0 in a .cvimodel */
    npu_layer_info *layer;      /* index = layer id of the commands */
    size_t nlayer;
    npu_node_info *node;
    size_t nnode;
    char **member;              /* packed file: names of all models in it; this is the first, or
                                   the one npu_model_open_member asked for */
    size_t nmember;
} npu_model;

/* Opens PATH, whatever container it is (sniffed by magic).  On success *out is the caller's, to
 * npu_model_free; on failure *out is NULL.  Errors: NPU_BAD_INPUT (unreadable, truncated,
 * inconsistent), NPU_UNSUPPORTED (encrypted section, unknown container version), NPU_LIMIT. */
npu_status npu_model_open(const char *path, npu_model **out, npu_err *err);

/* As npu_model_open for the model NAME of a packed file (NULL: the first).  Errors: also
 * NPU_BAD_INPUT when there is no such model (lists those there are). */
npu_status npu_model_open_member(const char *path, const char *name, npu_model **out,
                                 npu_err *err);

/* As npu_model_open for an image already in memory (copied); PATH is used in messages only. */
npu_status npu_model_parse(const char *path, const uint8_t *bytes, size_t n, npu_model **out,
                           npu_err *err);

void npu_model_free(npu_model *m); /* accepts NULL */

/* Section by name, NULL when there is none. */
const npu_section *npu_model_section(const npu_model *m, const char *name);
/* Node that CPU routine R runs: the one with R's first output; NULL when there is none. */
const npu_node_info *npu_model_node(const npu_model *m, const npu_routine *r);
/* Tensor by name in program P, NULL when there is none. */
const npu_tensor *npu_program_tensor(const npu_program *p, const char *name);
/* Bytes of a tensor: product of dims times element size (saturating at INT64_MAX). */
uint64_t npu_tensor_bytes(const npu_tensor *t);

#ifdef __cplusplus
}
#endif
#endif
