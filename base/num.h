/* Numbers as text that reads back as the same number. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>

typedef struct { /* returned by value, so printf("%s", num_exact(v).s) works */
    char s[32];
} num_text;

/* Shortest decimal text that strtod turns into V again; "nan" for NaN, "inf", "-inf".  Callers run
 * in the "C" locale. */
num_text num_exact(double v);

/* V rounded to DIGITS significant decimal digits, 1 to 17. */
double num_round(double v, int digits);

/* Reads a whole finite number; false when TEXT is anything else (empty, trailing characters,
 * "nan", "inf", hexadecimal, out of range). */
bool num_read(const char *text, double *out);

#endif
