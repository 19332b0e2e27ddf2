/* See hb_perf.h. */
#include "tools/hb_perf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "reports/columns.h"
#include "reports/version.h"
#include "reports/write.h"

static void put(hb_perf_log *l, log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void put(hb_perf_log *l, log_level level, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n >= 0) {
        if (!l->quiet)
            puts(text);
        log_line(l->log, level, "%s", text);
    }
    free(text);
}

npu_status hb_perf_log_open(hb_perf_log *l, bool quiet, npu_err *err)
{
    l->quiet = quiet;
    NPU_TRY(log_open(HB_PERF_LOG, NULL, LOG_INFO, &l->log, err));
    put(l, LOG_INFO, "Start hb_perf....");
    put(l, LOG_INFO, "log will be stored in %s", HB_PERF_LOG);
    put(l, LOG_INFO, "hb_perf version %s", REP_VERSION);
    return NPU_OK;
}

/* "FPS=17494.14, latency = 57.2 us   (see NAME.html)" of one NPU sub-graph. */
static void estimate(FILE *f, const npu_profile *p, int i, const char *dir)
{
    const npu_prof_subgraph *s = &p->subgraph[i];
    double us = rep_ms(p, s->end - s->start) * 1e3;
    char stem[REP_NAME_BYTES];

    rep_subgraph_stem(p, i, stem);
    fprintf(f, "FPS=%s, latency = %.1f us   (see %s/%s.html)\n",
            num_exact(us > 0 ? round(1e8 / us) / 100 : 0).s, us, dir, stem);
}

/* What running the estimator said. */
static void block(hb_perf_log *l, const npu_profile *p, const char *dir, const char *command)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        return;
    fprintf(f, "======================================================================\n"
               "cmd: %s\nret:0\nstdout:\n", command);
    for (size_t i = 0; i < p->nsubgraph; i++)
        if (!p->subgraph[i].cpu)
            estimate(f, p, (int)i, dir);
    fputs("stderr:\n"
          "======================================================================", f);
    if (fclose(f) == 0)
        put(l, LOG_INFO, "%s", text);
    free(text);
}

void hb_perf_log_model(hb_perf_log *l, const npu_profile *p, const char *dir, bool drawn,
                       const char *command)
{
    put(l, LOG_INFO, "**************** %s perf ****************", p->name);
    if (drawn)
        put(l, LOG_INFO, "draw graph png finished.");
    put(l, LOG_INFO, "get bpu model succeeded.");
    block(l, p, dir, command);
    put(l, LOG_INFO, "get perf info succeeded.");
    if (!p->origin->debug) {
        put(l, LOG_WARNING, "bpu model don't have per-layer perf info.");
        put(l, LOG_WARNING, "if you need per-layer perf info please enable"
                            "[compiler_parameters.debug:True] when use makertbin.");
    }
    put(l, LOG_INFO, "generating html...");
    put(l, LOG_INFO, "html generation finished.");
}
