/* Which network layer a command works for.
 *
 * The container names weights, not layers, and the compiler's layer ids change with every slice.
 * So layers are rebuilt from the data flow: a command that reads weights or a table belongs to the
 * weight's layer ("335_Conv_filter_reordered" -> "335_Conv"); any other command is named after its
 * kind and the layer that wrote its input ("maxpool(134_Conv)"), unless it alone stores a tensor
 * whose name the file gives; a load belongs to the layer that
 * first reads it, a store or move to the layer that wrote its source. */
#ifndef PERF_LAYERS_H
#define PERF_LAYERS_H

#include "npusim/profile.h"
#include "perf/program.h"

/* Fills profile->layer with names and sets trace->span[].layer.  Errors: NPU_LIMIT. */
npu_status perf_layers(const perf_prog *g, const npu_chip *chip, npu_trace *trace,
                       npu_profile *profile, npu_err *err);

/* The same for a model that carries its own layer table (a .bin): commands name their layer. */
npu_status perf_layers_known(const perf_prog *g, npu_trace *trace, npu_profile *profile,
                             npu_err *err);

/* Name of the layer a weight belongs to: the weight's name without its role ("_filter_reordered",
 * "_bias_packed", "_table", ...), N bytes at most with the final NUL. */
void perf_weight_layer(const char *weight, char *out, size_t n);

#endif
