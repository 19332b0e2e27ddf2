/* Parts of the page of a sweep: each writes one section that reads without script. */
#ifndef NPUSIM_REPORTS_SWEEP_PAGE_H
#define NPUSIM_REPORTS_SWEEP_PAGE_H

#include <stdio.h>

#include "npusim/sweep.h"

enum { REP_LINES_SHOWN = 6 };   /* curves of a chart */

void rep_sweep_curves(const npu_sweep *s, FILE *f);  /* latency and frame rate along the axis */
void rep_sweep_engines(const npu_sweep *s, FILE *f); /* stacked engine time */
void rep_sweep_heat(const npu_sweep *s, FILE *f);    /* latency over two keys */
void rep_sweep_pareto(const npu_sweep *s, FILE *f);
void rep_sweep_table(const npu_sweep *s, FILE *f);   /* sortable */

#endif
