/* Reports of a sweep: tables and pages from an npu_sweep (after perf_derive).
 *
 * They depend on the sweep only, so that merged shards give the same bytes as one run. */
#ifndef NPUSIM_REPORTS_SWEEP_H
#define NPUSIM_REPORTS_SWEEP_H

#include <stdio.h>

#include "npusim/sweep.h"

/* points.csv (RFC 4180, LF): header, then rows.  Numbers are the shortest text that reads back as
 * the same number. */
void rep_sweep_csv_header(const npu_sweep *s, FILE *f);
void rep_sweep_csv_row(const npu_sweep *s, size_t point, FILE *f);

/* Name of column I of points.csv; NULL after the last one. */
const char *rep_sweep_column(const npu_sweep *s, size_t i);

/* sweep.json, schema npusim.sweep/1. */
void rep_sweep_json(const npu_sweep *s, FILE *f);

/* What `npusim merge` must know about a shard beside its rows, schema npusim.sweep-shard/1.
 * DIGEST tells the sweep from others. */
void rep_shard_json(const npu_sweep *s, size_t shard, size_t shards, const char *digest, FILE *f);

/* report.md: a short table for merge requests. */
void rep_sweep_md(const npu_sweep *s, FILE *f);

/* report.html: one file, no network, readable without script. */
void rep_sweep_html(const npu_sweep *s, FILE *f);

/* The sweep in words, for a terminal. */
void rep_sweep_text(const npu_sweep *s, FILE *f);

/* Name of what goal G of the Pareto front minimises. */
const char *rep_sweep_goal(const npu_sweep *s, size_t g);

/* Value of goal G at a point. */
double rep_sweep_goal_value(const npu_sweep *s, size_t g, const npu_sweep_point *p);

/* Points with status S. */
size_t rep_sweep_count(const npu_sweep *s, npu_point_status status);

#endif
