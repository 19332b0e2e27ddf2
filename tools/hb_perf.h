/* What hb_perf says while it works on a .bin: the vendor's lines, on the console and in
 * hb_perf.log. */
#ifndef TOOLS_HB_PERF_H
#define TOOLS_HB_PERF_H

#include <stdbool.h>

#include "base/log.h"
#include "npusim/profile.h"

#define HB_PERF_LOG "hb_perf.log" /* in the current folder */

typedef struct {
    log_writer *log; /* NULL: not a .bin, nothing is said */
    bool quiet;      /* nothing on the console */
} hb_perf_log;

/* Starts the log with its first lines.  Errors: NPU_IO, NPU_LIMIT. */
npu_status hb_perf_log_open(hb_perf_log *l, bool quiet, npu_err *err);

/* The lines of a model whose reports are in DIR: DRAWN when the picture is there, COMMAND the
 * command line that gives the result again. */
void hb_perf_log_model(hb_perf_log *l, const npu_profile *p, const char *dir, bool drawn,
                       const char *command);

#endif
