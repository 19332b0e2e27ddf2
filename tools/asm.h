/* State of the assembler between its lines; see docs/ASM.md for the language. */
#ifndef TOOLS_ASM_H
#define TOOLS_ASM_H

#include "base/buf.h"
#include "formats/cvimodel.h"
#include "npusim/model.h"
#include "tools/asm_line.h"

typedef struct {
    npu_model *model;      /* owned; sections and the rest are appended to it */
    buf_writer *data;      /* owned; contents of model->section[i] while they grow */
    const cvi_chip *chip;  /* NULL before .chip or .model */
    cvi_chip any;          /* what CHIP points to */
    bool complete;         /* a .model block was seen: the result is a container */
    bool bad_md5;
    size_t section;        /* index of the open section, SIZE_MAX: none */
    size_t weights;        /* index of the weight section, SIZE_MAX: none */
} asm_state;

/* Assembles TEXT of N bytes, which has room for one byte more and is written over, into *A, to be
 * freed with asm_free also after a failure.  PATH is for messages.  Errors: NPU_BAD_INPUT with path
 * and line, NPU_LIMIT. */
npu_status asm_text(asm_state *a, const char *path, char *text, size_t n, npu_err *err);
void asm_free(asm_state *a);

/* Appends a zeroed element to the array *ITEMS of *N elements of SIZE bytes and returns it; NULL:
 * out of memory. */
void *asm_append(void *items, size_t *n, size_t size);

/* Any chip with a chip file.  Errors: of npu_chip_load. */
npu_status asm_chip(const char *name, cvi_chip *out, npu_err *err);

/* A directive: word[0] is ".name".  Errors: NPU_BAD_INPUT without file and line. */
typedef npu_status asm_directive(asm_state *a, const asm_words *w, npu_err *err);

/* tools/asm_model.c: the container around the commands. */
asm_directive asm_do_chip, asm_do_model, asm_do_program, asm_do_tensor, asm_do_routine,
    asm_do_attr, asm_do_args;
/* tools/asm_data.c: sections and their bytes. */
asm_directive asm_do_section, asm_do_weight, asm_do_bytes, asm_do_zero;

/* Hex digits of WORDS from index FROM as bytes. */
npu_status asm_hex(const asm_words *w, size_t from, buf_writer *out, npu_err *err);
/* "1x3x224x224" as dimensions; *dim is the caller's. */
npu_status asm_shape(const char *text, int64_t **dim, size_t *n, npu_err *err);
npu_status asm_dtype(const char *text, npu_dtype *out, npu_err *err);
/* Copies TEXT into *field, freeing what was there. */
npu_status asm_set_text(char **field, const char *text, npu_err *err);

#endif
