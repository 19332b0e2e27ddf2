/* Text form of protocol buffers (.prototxt) without a schema: a tree of fields.
 *
 * Language: protobuf.dev "Text Format Language Specification", as far as files without a schema
 * allow; extension and Any names in brackets are refused.  What a number or a word means is for
 * the reader of the field: an enumeration and a boolean look the same here. */
#ifndef FORMATS_PROTOTXT_H
#define FORMATS_PROTOTXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "npusim/err.h"

enum { PROTOTXT_DEPTH = 64, PROTOTXT_FIELDS = 1 << 22 };

typedef enum {
    PROTOTXT_WORD,    /* MAX, true */
    PROTOTXT_NUMBER,  /* as spelled, with its '-': "0x10", "-1.5f", "inf" */
    PROTOTXT_STRING,  /* decoded */
    PROTOTXT_MESSAGE
} prototxt_kind;

typedef struct prototxt_field {
    const char *name;                  /* "" for the whole file */
    prototxt_kind kind;
    const char *text;                  /* NUL behind it; "" for a message */
    size_t len;                        /* bytes of TEXT; a string may hold NUL bytes */
    unsigned line, column;             /* of the value (of the name for a message), from 1 */
    struct prototxt_field *child, *next; /* fields of a message; next field of the same message */
} prototxt_field;

/* Parses N bytes of TEXT; a list "a: [1, 2]" becomes two fields.  *ROOT and all of the tree live in
 * ARENA.  Errors: NPU_BAD_INPUT "PATH:line:column: found ..., expected ...", also for more than
 * PROTOTXT_DEPTH levels or PROTOTXT_FIELDS fields; NPU_LIMIT. */
npu_status prototxt_parse(const char *path, const char *text, size_t n, base_arena *arena,
                          const prototxt_field **root, npu_err *err);

/* Last field NAME of message M (the one that counts when a field is given twice), NULL: absent.
 * M may be NULL. */
const prototxt_field *prototxt_get(const prototxt_field *m, const char *name);
/* First field NAME from F on in the chain of fields, NULL at its end: for repeated fields
 * for (f = prototxt_find(m->child, name); f; f = prototxt_find(f->next, name)). */
const prototxt_field *prototxt_find(const prototxt_field *f, const char *name);

/* Values; false: F has another kind, or the number does not fit. */
bool prototxt_int(const prototxt_field *f, int64_t *out);   /* decimal, 0x.., 0.. (octal) */
bool prototxt_num(const prototxt_field *f, double *out);    /* any number, inf, nan */
bool prototxt_bool(const prototxt_field *f, bool *out);     /* true t True 1, false f False 0 */
bool prototxt_string(const prototxt_field *f, const char **out); /* without NUL bytes inside */

/* Appends the fields of M as text that parses to the same tree. */
void prototxt_print(const prototxt_field *m, buf_writer *out);

#endif
