/* Reports: a const profile in, text out.  Nothing here simulates or opens a file.
 *
 * A profile must carry its chip; without a trace the time rows of the page and the Chrome trace
 * are empty.  Output depends on the profile only: no dates, no paths, no locale. */
#ifndef NPUSIM_REPORTS_WRITE_H
#define NPUSIM_REPORTS_WRITE_H

#include <stdbool.h>
#include <stdio.h>

#include "npusim/profile.h"

typedef enum {
#define R(id, name, suffix, writer, line) REP_##id,
#include "reports/report.def"
#undef R
    REP_COUNT
} rep_id;

typedef struct {
    int subgraph;        /* index of one sub-graph, -1: the whole model */
    bool links;          /* the pages and data of the sub-graphs are written beside this file */
    const char *command; /* command line that gives this report again, or NULL; not owned */
} rep_options;

typedef npu_status rep_writer(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err);

typedef struct { /* one row of report.def */
    const char *name, *suffix, *line;
    rep_writer *write;
} rep_info;

extern const rep_info rep_table[REP_COUNT];

/* Writes report ID of P to OUT, which stays open.  Errors: NPU_LIMIT (memory), NPU_IO, NPU_USAGE
 * (no such sub-graph). */
npu_status rep_write(rep_id id, const npu_profile *p, FILE *out, npu_err *err);
npu_status rep_write_part(rep_id id, const npu_profile *p, int subgraph, FILE *out, npu_err *err);
npu_status rep_write_with(rep_id id, const npu_profile *p, const rep_options *o, FILE *out,
                          npu_err *err);

/* Report called NAME; REP_COUNT when there is none. */
rep_id rep_find(const char *name);

enum { REP_NAME_BYTES = 128 };

/* File name stem of a sub-graph's page, safe on every file system: the sub-graph's name with other
 * characters than letters, digits, '.', '_' and '-' replaced, and its index added when that is not
 * unique.  Pages and data are <stem>.html and <stem>.json. */
void rep_subgraph_stem(const npu_profile *p, int subgraph, char stem[REP_NAME_BYTES]);

#define R(id, name, suffix, writer, line) rep_writer writer;
#include "reports/report.def"
#undef R

#endif
