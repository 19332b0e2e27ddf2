/* The .bin container, both ways; the layout is docs/BIN_FORMAT.md.
 *
 *   header (32 bytes) | chunks: tag, CRC-32, length, payload padded to 16
 *
 * A packed file holds whole .bin files as chunks behind a directory. */
#ifndef FORMATS_BIN_H
#define FORMATS_BIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "npusim/model.h"

#define BIN_MAGIC "NPUB"
enum { /* bytes in the header */
    BIN_AT_MAJOR = 4, BIN_AT_MINOR = 6, BIN_AT_KIND = 8, BIN_AT_CRC = 12, BIN_AT_BYTES = 16,
    BIN_AT_CHUNKS = 24, BIN_HEADER = 32
};
enum { /* of a chunk */
    BIN_TAG = 4, BIN_CHUNK_CRC = 4, BIN_CHUNK_BYTES = 8, BIN_CHUNK_HEADER = 16, BIN_ALIGN = 16
};
enum { BIN_MAJOR = 1, BIN_MINOR = 0, BIN_DIMS_MAX = 8, BIN_NO_STRING = -1 };
enum { BIN_MODEL, BIN_PACKED }; /* kinds */

typedef struct { /* one chunk of a file; PAYLOAD points into it */
    char tag[BIN_TAG + 1];
    const uint8_t *payload;
    size_t bytes, offset; /* OFFSET of the payload from the start of the file */
} bin_chunk;

typedef struct { /* a file whose header and check sums are good */
    unsigned kind, minor;
    buf_reader at; /* at the next chunk */
    uint32_t chunks;
} bin_file;

/* Container bytes of M.  Fields of M that have no place in a .bin (compression, header version) are
 * dropped.  On success *bytes is the caller's.  Errors: NPU_UNSUPPORTED (a section without bytes),
 * NPU_LIMIT. */
npu_status bin_write(const npu_model *m, uint8_t **bytes, size_t *n, npu_err *err);

typedef struct { /* a file to pack */
    const char *path; /* for messages; not owned */
    const uint8_t *bytes;
    size_t n;
} bin_source;

/* Packs N .bin files into one.  On success *bytes is the caller's.  Errors: NPU_BAD_INPUT (not a
 * .bin, broken; a packed one: "model: A.bin is a packed model, it can not be packed again!"; two of
 * one name), NPU_UNSUPPORTED, NPU_LIMIT. */
npu_status bin_pack(const bin_source *source, size_t n, uint8_t **bytes, size_t *size,
                    npu_err *err);

/* Model I of M, which was read from a packed file: its bytes as they were packed, inside M. */
npu_status bin_member(const npu_model *m, size_t i, const uint8_t **bytes, size_t *n,
                      npu_err *err);

/* True when the bytes begin like a .bin. */
bool bin_sniff(const uint8_t *bytes, size_t n);
/* Fills M, which holds path, bytes and sha256, from its bytes; of a packed file the first model. */
npu_status bin_read(npu_model *m, npu_err *err);
/* As bin_read for the model NAME. */
npu_status bin_read_member(npu_model *m, const char *name, npu_err *err);

/* --- parts ---------------------------------------------------------------------------------- */

/* Header and file CRC of N bytes; WHAT is named in messages. */
npu_status bin_open(const char *what, const uint8_t *bytes, size_t n, bin_file *f, npu_err *err);
/* The next chunk, its CRC checked; TAG is "" behind the last. */
npu_status bin_next(const char *what, bin_file *f, bin_chunk *c, npu_err *err);

/* Appends header or chunk; the CRCs and the file's length are put in by bin_seal. */
void bin_put_header(buf_writer *w, unsigned kind, uint32_t chunks);
/* Returns where the payload starts; bin_end_chunk(w, start) pads and sets the length. */
size_t bin_begin_chunk(buf_writer *w, const char *tag);
void bin_end_chunk(buf_writer *w, size_t start);
void bin_put_str(buf_writer *w, const char *s); /* NULL: absent */
/* Sets length and every CRC of a file whose chunks lie in order; stops at the first that does not
 * fit.  A packed file's members are sealed before it. */
void bin_seal(uint8_t *bytes, size_t n);
/* CRC of a file of at least BIN_HEADER bytes, as its header must have it. */
uint32_t bin_file_crc(const uint8_t *bytes, size_t n);

/* Payloads of the tables (bin_tables.c).  WHAT names file and chunk in messages. */
npu_status bin_read_head(npu_model *m, const char *what, buf_reader *b, npu_err *err);
npu_status bin_read_weights(npu_model *m, const char *what, buf_reader *b, npu_err *err);
npu_status bin_read_layers(npu_model *m, const char *what, buf_reader *b, npu_err *err);
npu_status bin_read_nodes(npu_model *m, const char *what, buf_reader *b, npu_err *err);
npu_status bin_read_program(npu_program *p, const char *what, buf_reader *b, npu_err *err);

/* Elements of tables (bin_value.c): a failure leaves B failed, and the caller tests once. */
char *bin_str(buf_reader *b);     /* required: NULL only after a failure */
char *bin_str_opt(buf_reader *b); /* NULL: absent, or failed */
/* A count of elements that take LEAST bytes each, and zeroed room for them in *LIST. */
size_t bin_list(buf_reader *b, size_t least, size_t size, void **list);
char **bin_strs(buf_reader *b, size_t *n);
int64_t *bin_dims(buf_reader *b, size_t *n);
float *bin_floats(buf_reader *b, size_t *n);
double *bin_doubles(buf_reader *b, size_t *n);
npu_dtype bin_dtype(buf_reader *b);
bool bin_bool(buf_reader *b);
float bin_f32(buf_reader *b);
double bin_f64(buf_reader *b);

#endif
