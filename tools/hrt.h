/* Parts of hrt_model_exec. */
#ifndef TOOLS_HRT_H
#define TOOLS_HRT_H

#include "tools/common.h"

typedef struct {
    tool_options sim;
    const char *file, *name, *profile_path;
    long core_id, frames, minutes, threads, cores;
    int log_format;          /* 0 v2, 1 v1 */
} hrt_options;

/* Prints names, shapes and types of the inputs and outputs of M; of a packed file of all models,
 * unless NAME chose M.  Errors: those of npu_model_open_member. */
npu_status hrt_model_info(const npu_model *m, const char *name, npu_err *err);

/* Runs RUN's model as T threads do and prints the vendor's block; writes profiler.log and
 * profiler.csv below PROFILE_PATH when that is given.  Errors: NPU_IO, NPU_LIMIT,
 * NPU_UNSUPPORTED. */
npu_status hrt_perf(const hrt_options *o, tool_run *run, npu_err *err);

#endif
