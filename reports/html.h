/* Parts of the page.  Every part writes text that reads without script; page.js adds to it. */
#ifndef NPUSIM_REPORTS_HTML_H
#define NPUSIM_REPORTS_HTML_H

#include "reports/columns.h"
#include "reports/jsonw.h"
#include "reports/write.h"

typedef struct {
    FILE *f;                /* not owned */
    const npu_profile *p;   /* not owned */
    const rep_options *o;   /* not owned */
    const uint32_t *slow;   /* layers of the page, slowest first; not owned */
    size_t nslow;
    npu_err *err;
} rep_html_page;

typedef npu_status rep_html_part(const rep_html_page *h);

/* html_head.c */
void rep_html_open(const rep_html_page *h, const char *title); /* up to and with <main> */
void rep_html_close(const rep_html_page *h);
rep_html_part rep_html_header, rep_html_numbers, rep_html_verdict, rep_html_bounds;

/* html_time.c, html_chart.c */
rep_html_part rep_html_time, rep_html_roofline, rep_html_structure;

/* html_tables.c, html_facts.c */
rep_html_part rep_html_layers, rep_html_calls, rep_html_instructions, rep_html_accuracy,
    rep_html_all;
void rep_html_layer_table(const rep_html_page *h, unsigned shown);

/* html_bin.c: nothing when the model was no .bin.  html_nodes.c: only for one that was. */
rep_html_part rep_html_bin, rep_html_nodes;

/* html_masters.c: nothing when the NPU was alone. */
rep_html_part rep_html_masters;

/* html_whatif.c: nothing when perf_whatif was not asked. */
rep_html_part rep_html_whatif;

/* html_split.c: splitting at max_time_per_fc; nothing unless the profile has it. */
rep_html_part rep_html_split;
void rep_text_split(const npu_profile *p, FILE *f);
void rep_json_split(const npu_profile *p, rep_json *j);

/* html_budget.c: does it meet its budget; nothing unless the profile was judged. */
rep_html_part rep_html_budgets;
void rep_text_budgets(const npu_profile *p, FILE *f);
/* text.c: S in lines of 80 columns, FIRST before the first line, spaces before the others. */
void rep_text_wrapped(FILE *f, const char *first, const char *s);
void rep_json_budgets(const npu_profile *p, rep_json *j);

/* html_data.c: the JSON block the script reads. */
rep_html_part rep_html_data;

/* html_sub.c: the page of one sub-graph. */
npu_status rep_html_subgraph(const rep_html_page *h);

/* Writes "<section id=ID><h2>TITLE</h2>" and, when LEDE is given, the sentence how to read it. */
void rep_html_section(const rep_html_page *h, const char *id, const char *title,
                      const char *lede);
/* "<dt>NAME<dd>" for one fact of a list; the value follows. */
void rep_html_fact(const rep_html_page *h, const char *name);

#endif
