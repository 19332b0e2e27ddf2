/* Text output shared by the writers: numbers without locale, escapes of untrusted text.
 *
 * Names come from model files, so they may hold anything: every escape here decodes UTF-8 and
 * writes U+FFFD for bytes that are none and for control characters.  Write errors stay in the
 * FILE (ferror) and are looked at once, in reports/write.c. */
#ifndef NPUSIM_REPORTS_OUT_H
#define NPUSIM_REPORTS_OUT_H

#include <stdint.h>
#include <stdio.h>

typedef struct { /* a number as text; returned by value, so printf("%s", rep_fix(x, 2).s) works */
    char s[48];
} rep_num;

rep_num rep_fix(double v, int decimals);   /* "-1.50"; "-" for NaN and infinities */
rep_num rep_general(double v);             /* %.9g; "null" for NaN and infinities */
rep_num rep_short(double v);               /* three figures or so: 1234, 118.7, 45.6, 4.06, 0.822 */
rep_num rep_group(double v);               /* rounded, thousands apart: "3 732" (U+202F) */
rep_num rep_signed(double v, int decimals);/* "+1.5", U+2212 "1.5" */
rep_num rep_axis(double v);                /* tick label: whole numbers as rep_group */

/* "4.40 GMAC", "37.6 kB": three figures and a prefix up to MOST ('M', 'G'); UNIT follows it. */
rep_num rep_scaled(double v, char most, const char *unit);

/* Next code point of *S, which moves on; 0 at the end; U+FFFD for each byte that is no UTF-8. */
uint32_t rep_utf8(const char **s);

void rep_put_utf8(FILE *f, uint32_t code); /* one code point */
void rep_html(FILE *f, const char *s);     /* text and quoted attribute values; NULL is "" */
void rep_json_text(FILE *f, const char *s);/* with quotes; '<', '>' and '&' as \u00xx */
void rep_put_plain(FILE *f, uint32_t code);          /* '?' for control characters */
void rep_plain(FILE *f, const char *s, int columns); /* terminal text; COLUMNS > 0: pad or cut */

#endif
