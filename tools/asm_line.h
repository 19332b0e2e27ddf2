/* Words of a line of assembler text.
 *
 *   .directive word key=value key="value with blanks" # comment
 *
 * Words are split at blanks; "..." keeps blanks and knows \" \\ \xHH; '#' at the start of a word
 * begins a comment. */
#ifndef TOOLS_ASM_LINE_H
#define TOOLS_ASM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

enum { ASM_WORDS_MAX = 512 };

typedef struct {
    char *word[ASM_WORDS_MAX]; /* point into the line */
    size_t n;
} asm_words;

/* Splits LINE in place.  Errors: NPU_BAD_INPUT (open quote, bad escape, too many words). */
npu_status asm_split(char *line, asm_words *w, npu_err *err);

/* Cuts the comment off LINE. */
void asm_cut_comment(char *line);

/* Value of "KEY=value" among the words from index FROM, NULL when there is none; *next, when not
 * NULL, receives the index to go on from for repeated keys. */
const char *asm_value(const asm_words *w, size_t from, const char *key, size_t *next);
/* True when the word KEY itself is there. */
bool asm_flag(const asm_words *w, size_t from, const char *key);
/* Every word from index FROM is one of the flags or "key=" of ALLOWED (blank-separated).
 * Errors: NPU_BAD_INPUT naming the word and the allowed ones. */
npu_status asm_check_words(const asm_words *w, size_t from, const char *allowed, npu_err *err);

/* Number in TEXT from MIN to MAX, decimal or 0x hex.  Errors: NPU_BAD_INPUT naming WHAT. */
npu_status asm_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *out,
                   npu_err *err);
npu_status asm_float(const char *what, const char *text, double *out, npu_err *err);
/* As asm_int for "KEY=", DFLT when it is absent. */
npu_status asm_key_int(const asm_words *w, const char *key, int64_t dflt, int64_t min, int64_t max,
                       int64_t *out, npu_err *err);
/* Writes TEXT as one word, quoted where needed, to OUT (4 * strlen + 3 bytes always suffice). */
void asm_quote(const char *text, char *out);

#endif
