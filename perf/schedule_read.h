/* The response table of a schedule (schema npusim.schedule/1), for response budgets. */
#ifndef PERF_SCHEDULE_READ_H
#define PERF_SCHEDULE_READ_H

#include "perf/json_path.h"
#include "perf/profile_read.h"

/* Fills F->response from member "models", as reports/schedule_data.c writes it.  Failure stays
 * in R. */
void prof_read_schedule(perf_json *r, const cJSON *root, prof_facts *f);

#endif
