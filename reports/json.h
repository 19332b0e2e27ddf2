/* The two JSON documents: the machine profile (json.c) and a sub-graph's data (json_sub.c). */
#ifndef NPUSIM_REPORTS_JSON_H
#define NPUSIM_REPORTS_JSON_H

#include <stdio.h>

#include "npusim/profile.h"

/* {"summary": {...}} with the keys of the vendor's per-sub-graph file. */
npu_status rep_subgraph_json(const npu_profile *p, int subgraph, FILE *out, npu_err *err);

#endif
