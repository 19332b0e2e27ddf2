/* Record framing of a CMDBUF section: which bytes are a command, and for which engine.
 *
 *   u8 magic | u8 length, 0: the length is in mask | u8 engine (low nibble) | u8 flags | u32 mask
 *   payload
 *
 * Knows nothing of what a payload means. */
#ifndef FORMATS_CMDBUF_H
#define FORMATS_CMDBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "npusim/err.h"
#include "npusim/insn.h"
#include "npusim/model.h"

enum { FMT_CMDBUF_HEADER = 8 };

typedef struct {
    size_t offset;          /* of the record in its section */
    uint8_t magic, flags;
    uint8_t engine_high;    /* upper nibble of the engine byte, 0 in every known file */
    bool wide;              /* the length is stored in mask; MASK is then the length */
    npu_engine engine;
    uint32_t mask;
    const uint8_t *payload; /* not owned: points into the section */
    size_t n;               /* bytes of payload */
} fmt_cmd;

typedef struct {
    const char *name;       /* of the section, for messages; not owned */
    buf_reader b;
    int magic;              /* of the first record, -1 before it */
} fmt_cmdbuf;

fmt_cmdbuf fmt_cmdbuf_over(const char *name, const uint8_t *data, size_t n);
fmt_cmdbuf fmt_cmdbuf_of(const npu_section *s);

/* Next record into *cmd.  At the end of the section returns NPU_OK with cmd->payload NULL.
 * Errors: NPU_BAD_INPUT with section and byte offset (cut off, unknown engine, changed magic). */
npu_status fmt_cmdbuf_next(fmt_cmdbuf *c, fmt_cmd *cmd, npu_err *err);

/* Appends a record. */
void fmt_cmdbuf_put(buf_writer *w, const fmt_cmd *cmd);

#endif
