/* Steps of perf_collect that have files of their own. */
#ifndef PERF_COLLECT_H
#define PERF_COLLECT_H

#include "npusim/profile.h"
#include "perf/program.h"

/* Charges every tick of the latency to one cause, on the chain of spans that ends last: fills
 * span.critical, profile->crit, dispatch_ticks and wait_ticks. */
void perf_critical(npu_profile *p, npu_trace *trace);

/* Whether the command of a span works on bf16. */
bool perf_is_bf16(const perf_prog *g, const npu_span *x);

/* Sums per layer (after perf_layers and perf_critical): times, traffic, bound, shapes, why; puts
 * the layers in order of first start. */
npu_status perf_layer_totals(const perf_prog *g, npu_profile *p, npu_trace *trace,
                             npu_err *err);

/* Function calls of the trace: one per routine, or as many as the compiler cut it into. */
npu_status perf_calls(const perf_prog *g, const npu_trace *t, npu_profile *p, npu_err *err);

/* Bandwidth over time and the busiest millisecond. */
npu_status perf_bins(npu_profile *p, const npu_trace *trace, npu_err *err);

/* Memory the vendor's runtime allocates for the model (ION) and its parts, in bytes. */
void perf_memory(npu_profile *p, const npu_model *m);

/* The verdict in words, by rules over the finished profile. */
npu_status perf_verdict(npu_profile *p, npu_err *err);

/* What a reader must know before trusting the figures. */
npu_status perf_assumptions(const perf_prog *g, npu_profile *p, npu_err *err);

/* What the .bin says of itself, and its nodes; nothing for another container. */
npu_status perf_origin(const perf_prog *g, npu_profile *p, npu_err *err);
void perf_origin_free(npu_prof_origin *o); /* accepts NULL */

/* Appends a formatted string to a list of owned strings.  Errors: NPU_LIMIT. */
npu_status perf_say(char ***list, size_t *n, npu_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
