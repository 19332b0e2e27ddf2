/* The descriptors of one command section, in the order the compiler issued them. */
#ifndef NPUSIM_PROG_H
#define NPUSIM_PROG_H

#include "npusim/insn.h"
#include "npusim/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const uint8_t *payload; /* not owned: points into the section */
    uint32_t offset;        /* of the record in its section, bytes */
    uint16_t bytes;         /* of the payload */
    uint8_t engine;         /* npu_engine */
    uint8_t magic;          /* chip family of the record */
} npu_desc;

typedef struct {
    const char *section;    /* name, not owned */
    npu_desc *desc;         /* owned */
    uint32_t n;
} npu_prog;

/* Splits a CMDBUF section into descriptors.  On success OUT is the caller's, to npu_prog_free.
 * Errors: NPU_BAD_INPUT with section and byte offset, NPU_LIMIT. */
npu_status npu_prog_read(const npu_section *s, npu_prog *out, npu_err *err);

void npu_prog_free(npu_prog *p); /* frees the contents, not P */

#ifdef __cplusplus
}
#endif
#endif
