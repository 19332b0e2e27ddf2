/* Inside the prototxt reader: the place in the text, shared by its files. */
#ifndef FORMATS_PROTOTXT_LEX_H
#define FORMATS_PROTOTXT_LEX_H

#include "formats/prototxt.h"

enum { PROTOTXT_FOUND = 64 };

typedef struct {
    const char *path, *at, *end, *line_start;
    unsigned line;
    base_arena *arena;
    size_t fields; /* so far */
} prototxt_lex;

/* "PATH:line:column: found ..., expected EXPECTED" at the current place. */
npu_status prototxt_wrong(const prototxt_lex *x, const char *expected, npu_err *err);

void prototxt_skip_space(prototxt_lex *x); /* blanks and comments */

/* One or more adjacent strings at the current place into F. */
npu_status prototxt_take_string(prototxt_lex *x, prototxt_field *f, npu_err *err);

bool prototxt_is_special(const char *word); /* inf, infinity, nan in any case */

#endif
