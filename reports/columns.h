/* The columns of the layer table: one list for text, csv, html and json. */
#ifndef NPUSIM_REPORTS_COLUMNS_H
#define NPUSIM_REPORTS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "npusim/profile.h"
#include "reports/out.h"
#include "reports/write.h"

typedef enum { REP_VALUE_INT, REP_VALUE_REAL, REP_VALUE_BOOL, REP_VALUE_STR } rep_type;

typedef struct {
    int64_t i;         /* INT, BOOL */
    double real;       /* REAL */
    const char *str;   /* STR that lives in the profile or a table, else NULL and */
    char text[56];     /* STR made here */
} rep_value;

typedef struct {
    const char *key;   /* JSON key and CSV heading; "a.b" is member b of object a */
    const char *title; /* heading for people */
    const char *unit;  /* of the value as shown to people, "" for none */
    rep_type type;
    double scale;      /* shown value = value x SCALE */
    int decimals;      /* of the shown value */
    unsigned shown;    /* REP_IN_* */
    rep_value (*get)(const npu_profile *p, const npu_prof_layer *l);
} rep_column;

enum { /* where a column is shown to people; csv and json hold every column */
    REP_IN_HTML = 1, REP_IN_TEXT = 2, REP_IN_PART = 4 /* the page of a sub-graph */
};

extern const rep_column rep_columns[];
extern const size_t rep_ncolumns;

const char *rep_value_str(const rep_value *v);     /* STR */
double rep_value_number(const rep_column *c, const rep_value *v); /* as shown */

/* Text of a value as shown, for numbers; blank for a count or size of 0. */
void rep_value_show(const npu_profile *p, const rep_column *c, const rep_value *v, char text[48]);

/* Short words for machines ("mac", "ddr", "local_memory") and for tables ("MAC", "local mem"). */
const char *rep_cause_key(npu_cause c);
const char *rep_cause_word(npu_cause c);
const char *rep_wait_key(npu_wait w); /* "none", "queue", "load", ... */

double rep_ms(const npu_profile *p, int64_t ticks);
int rep_ms_decimals(const npu_profile *p);     /* of times in ms: more for frames below 2 ms */
rep_num rep_ms_text(const npu_profile *p, int64_t ticks);
double rep_share(int64_t part, int64_t whole); /* percent; 0 of nothing */

/* Layer indices of sub-graph SUBGRAPH (-1: all), slowest first: falling exclusive time, then busy
 * time, then program order.  The array is the caller's, to free; NULL when out of memory. */
uint32_t *rep_slowest(const npu_profile *p, int subgraph, size_t *n);

#endif
