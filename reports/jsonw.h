/* A small streaming JSON writer: valid output by construction, fixed order, locale free.
 *
 * Every call adds one member; KEY is NULL inside arrays.  Containers opened with REP_LINE are
 * written on one line. */
#ifndef NPUSIM_REPORTS_JSONW_H
#define NPUSIM_REPORTS_JSONW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { REP_JSON_DEPTH = 8 };

typedef struct {
    FILE *f;                 /* not owned */
    int depth, line;         /* LINE: depth from which everything stays on one line, 0: none */
    char close[REP_JSON_DEPTH];
    bool more[REP_JSON_DEPTH];
} rep_json;

typedef enum { REP_OBJECT, REP_ARRAY, REP_OBJECT_LINE, REP_ARRAY_LINE } rep_json_kind;

rep_json rep_json_begin(FILE *f);                     /* opens the top-level object */
void rep_json_identity(rep_json *j, const char *schema); /* first keys of a file: schema, tool */
void rep_json_end(rep_json *j);                       /* closes it and ends the line */
void rep_json_open(rep_json *j, const char *key, rep_json_kind kind);
void rep_json_close(rep_json *j);
void rep_json_int(rep_json *j, const char *key, int64_t v); /* a string from 1e15 on */
void rep_json_real(rep_json *j, const char *key, double v);  /* %.9g; null when not finite */
void rep_json_exact(rep_json *j, const char *key, double v); /* reads back as V; null likewise */
void rep_json_raw(rep_json *j, const char *key, const char *json); /* JSON text as it is */
void rep_json_str(rep_json *j, const char *key, const char *s);
void rep_json_bool(rep_json *j, const char *key, bool v);
void rep_json_null(rep_json *j, const char *key);

#endif
