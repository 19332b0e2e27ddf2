/* Reports of a simulated workload.  Output depends on the schedule only. */
#ifndef REPORTS_SCHEDULE_H
#define REPORTS_SCHEDULE_H

#include <stdio.h>

#include "npusim/sched.h"
#include "reports/out.h"

typedef struct {
    const char *title;   /* not owned */
    const char *command; /* command line that gives this report again, or NULL; not owned */
} rep_schedule_options;

typedef npu_status rep_schedule_writer(const npu_schedule *s, const rep_schedule_options *o,
                                       FILE *out, npu_err *err);

rep_schedule_writer rep_schedule_text;   /* for the terminal, 80 columns */
rep_schedule_writer rep_schedule_json;   /* schema npusim.schedule/1 */
rep_schedule_writer rep_schedule_csv;    /* one row per job */
rep_schedule_writer rep_schedule_chrome; /* trace for Perfetto and chrome://tracing */
rep_schedule_writer rep_schedule_html;   /* one self-contained page */

rep_num rep_us(int64_t ns);              /* "1330" or "1330.5": microseconds, up to 3 decimals */

/* Blocks of the page, html_schedule order. */
typedef struct {
    FILE *f;
    const npu_schedule *s;
    const rep_schedule_options *o;
} rep_sched_page;

typedef void rep_sched_part(const rep_sched_page *p);

/* reports/schedule_gantt.c */
rep_sched_part rep_sched_gantt;
/* reports/schedule_tables.c */
rep_sched_part rep_sched_models, rep_sched_jobs, rep_sched_calls,
    rep_sched_policies;
/* reports/schedule_charts.c */
rep_sched_part rep_sched_charts;

/* Number of a stage among the calls of its model, from 0. */
size_t rep_sched_call(const npu_sched_model *m, uint32_t stage);

/* Colour class of model M: "m0" to "m7". */
const char *rep_sched_colour(uint32_t m);

#endif
