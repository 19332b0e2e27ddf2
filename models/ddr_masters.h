/* Other users of the DDR: who they are, and how much they leave to the NPU at each moment.
 *
 * Other masters go first: they are real-time (camera, display) or would starve otherwise.  The NPU
 * keeps at least 1 % of the peak.  What a master cannot move at once waits and moves later. */
#ifndef MODELS_DDR_MASTERS_H
#define MODELS_DDR_MASTERS_H

#include <stddef.h>

#include "npusim/err.h"

typedef enum { HW_MASTER_CONSTANT, HW_MASTER_PERIODIC, HW_MASTER_TRACE, HW_MASTER_KINDS }
    hw_master_kind;

typedef struct {
    double time_us, bytes;
} hw_master_point;

typedef struct {
    char *name;
    hw_master_kind kind;
    double mbps;                /* constant: what it takes, 1 MB = 10^6 B */
    double bytes, period_us, offset_us; /* periodic: a burst at OFFSET and every PERIOD after */
    double rate_mbps;           /* periodic, trace: moves at most this fast; 0: the peak */
    hw_master_point *point;     /* trace, in order of time; owned */
    size_t npoint;
} hw_master;

typedef struct {
    hw_master *master;          /* owned */
    size_t n;
} hw_masters;

enum { HW_MASTERS_MAX = 16 };
extern const char *const hw_master_kind_name[HW_MASTER_KINDS];

/* Reads a masters file (schema npusim.masters/1, docs/DDR.md).  Trace files named in it are looked
 * for beside it.  On success *out is the caller's, to hw_masters_free.  Errors: NPU_USAGE (content,
 * with file and JSON path), NPU_BAD_INPUT (unreadable, bad trace), NPU_LIMIT. */
npu_status hw_masters_load(const char *path, hw_masters **out, npu_err *err);
void hw_masters_free(hw_masters *m); /* accepts NULL */

/* What the masters take over time.  Time runs forward: each question starts where the last one
 * ended or later. */
typedef struct hw_load hw_load;

/* Whether the constant masters fit 99 % of PEAK_MBPS.  Errors: NPU_USAGE. */
npu_status hw_masters_fit(const hw_masters *masters, double peak_mbps, npu_err *err);

/* The load of MASTERS (borrowed) but number SKIP (-1: all) on a DDR of PEAK_MBPS, in ticks of
 * TICK_HZ.  Masters that do not fit get less, so that a sweep may go below what they need.  On
 * success *out is the caller's, to hw_load_free.  Errors: NPU_LIMIT. */
npu_status hw_load_new(const hw_masters *masters, double peak_mbps, double tick_hz, int skip,
                       hw_load **out, npu_err *err);
void hw_load_free(hw_load *l); /* accepts NULL */

/* Tick at which a transfer that starts at tick START ends, if it took WORK ticks alone. */
double hw_load_finish(hw_load *l, double start, double work);

/* Adds to BYTES[i] what master I moves between ticks FROM and TO. */
void hw_load_bytes(hw_load *l, double from, double to, double *bytes);

#endif
