/* The .cvimodel container, shared by its reader and its writer.
 *
 *   header (32 bytes in version 1.0, else 48) | FlatBuffers description | sections
 *
 * Field numbers are positions in sophgo/tpu-mlir proto/cvimodel.fbs and parameter.fbs. */
#ifndef FORMATS_CVIMODEL_H
#define FORMATS_CVIMODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/flatbuf.h"
#include "npusim/chip.h"
#include "npusim/model.h"

#define CVI_MAGIC "CviModel"
enum { /* bytes in the header */
    CVI_AT_BODY = 8, CVI_AT_MAJOR = 12, CVI_AT_MINOR = 13, CVI_AT_MD5 = 14, CVI_AT_CHIP = 30,
    CVI_CHIP_BYTES = 16, CVI_HEADER_10 = 32, CVI_HEADER = 48, CVI_MINOR_MAX = 4
};
#define CVI_UNPACKED_LIMIT ((size_t)1 << 30) /* bytes of all decompressed sections together */
enum { CVI_MEMORY_SHIFT = 40, CVI_DIMS_MAX = 8 };

enum { CVI_MODEL_VERSION, CVI_MODEL_NAME, CVI_MODEL_BUILD_TIME, CVI_MODEL_PREPROCESS,
       CVI_MODEL_POSTPROCESS, CVI_MODEL_WEIGHTS, CVI_MODEL_PROGRAMS, CVI_MODEL_SECTIONS,
       CVI_MODEL_TARGET, CVI_MODEL_MLIR_VERSION, CVI_MODEL_FIELDS };
enum { CVI_WEIGHT_NAME, CVI_WEIGHT_OFFSET, CVI_WEIGHT_SIZE, CVI_WEIGHT_SHAPE, CVI_WEIGHT_TYPE,
       CVI_WEIGHT_FIELDS };
enum { CVI_TENSOR_ID, CVI_TENSOR_NAME, CVI_TENSOR_OFFSET, CVI_TENSOR_DTYPE, CVI_TENSOR_SHAPE,
       CVI_TENSOR_STRIDE, CVI_TENSOR_QUANT, CVI_TENSOR_OVERWROTE, CVI_TENSOR_SCALE,
       CVI_TENSOR_MEAN, CVI_TENSOR_PIXEL_FORMAT, CVI_TENSOR_ALIGNED, CVI_TENSOR_SIZE,
       CVI_TENSOR_FIELDS };
enum { CVI_QUANT_TYPE, CVI_QUANT_MAX, CVI_QUANT_MIN, CVI_QUANT_ZERO_POINT, CVI_QUANT_QSCALE,
       CVI_QUANT_FIELDS };
enum { CVI_PROGRAM_BATCH, CVI_PROGRAM_NEURON, CVI_PROGRAM_INPUTS, CVI_PROGRAM_OUTPUTS,
       CVI_PROGRAM_TENSORS, CVI_PROGRAM_ROUTINES, CVI_PROGRAM_SHARED, CVI_PROGRAM_PRIVATE,
       CVI_PROGRAM_FIELDS };
enum { CVI_ROUTINE_TYPE, CVI_ROUTINE_INPUTS, CVI_ROUTINE_OUTPUTS, CVI_ROUTINE_TPU,
       CVI_ROUTINE_CPU, CVI_ROUTINE_FIELDS };
enum { CVI_TPU_CMDBUF, CVI_TPU_DMABUF, CVI_TPU_FIELDS };
enum { CVI_CPU_FUNCTION, CVI_CPU_ARGS, CVI_CPU_FIELDS };
enum { CVI_SECTION_TYPE, CVI_SECTION_NAME, CVI_SECTION_SIZE, CVI_SECTION_OFFSET,
       CVI_SECTION_ENCRYPT, CVI_SECTION_COMPRESS, CVI_SECTION_UNPACKED, CVI_SECTION_FIELDS };
/* An attribute sets one of six fields, numbered as npu_attr.type; each is a table {key, value}. */
enum { CVI_ATTR_FIELDS = 6 };

typedef struct {
    const char *name;
    uint8_t magic; /* first byte of a command record */
    npu_isa isa;
} cvi_chip;

/* The chips a container may name; *n of them. */
const cvi_chip *cvi_chips(size_t *n);
const cvi_chip *cvi_chip_find(const char *name); /* NULL: none of that name */
/* Chip whose command records begin with MAGIC; NULL: none. */
const cvi_chip *cvi_chip_of_magic(uint8_t magic);

/* True when the bytes begin like a .cvimodel. */
bool cvi_sniff(const uint8_t *bytes, size_t n);
/* Fills M, which holds path, bytes and sha256, from its bytes. */
npu_status cvi_read(npu_model *m, npu_err *err);

/* Parts of cvi_read: weight map and programs; failures stay in FB. */
void cvi_read_weights(fmt_fb *fb, const fmt_fb_table *model, npu_model *m);
void cvi_read_programs(fmt_fb *fb, const fmt_fb_table *model, npu_model *m);
/* Decodes the CPU routine's stored arguments into R->attr. */
npu_status cvi_read_args(const char *path, npu_routine *r, size_t *budget, npu_err *err);
/* Sections: views, LZ4, bounds.  BASE is the start of the binary area. */
void cvi_read_sections(fmt_fb *fb, const fmt_fb_table *model, npu_model *m);
npu_status cvi_place_sections(npu_model *m, uint64_t base, npu_err *err);
/* What must hold between the parts: names that refer to something, weights inside their section. */
npu_status cvi_check(const npu_model *m, npu_err *err);

/* Container bytes of M; header_major and header_minor choose the layout.  Sections with COMPRESS
 * are stored as LZ4 blocks; their sizes and offsets come from the data, not from the fields.
 * BAD_MD5 damages the check sum, for tests of the warning.  On success *bytes is the caller's.
 * Errors: NPU_UNSUPPORTED (version), NPU_LIMIT. */
npu_status cvi_write(const npu_model *m, bool bad_md5, uint8_t **bytes, size_t *n, npu_err *err);
typedef struct {
    uint32_t offset, size, unpacked; /* in the binary area; UNPACKED: bytes before LZ4, else 0 */
} cvi_place;

/* The description of M, sections placed by PLACE (one per section), appended to the empty W. */
npu_status cvi_describe(const npu_model *m, const cvi_place *place, buf_writer *w, npu_err *err);
/* CPU arguments as they are stored.  On success *bytes is the caller's. */
npu_status cvi_write_args(const npu_attr *attr, size_t n, uint8_t **bytes, size_t *size,
                          npu_err *err);

#endif
