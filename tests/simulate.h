/* The whole path of a profile, for tests that want its status only. */
#ifndef NPUSIM_TESTS_SIMULATE_H
#define NPUSIM_TESTS_SIMULATE_H

#include "perf/program.h"
#include "perf/run.h"

/* Decodes, runs and profiles MODEL.  Returns the first status that is not NPU_OK. */
static inline npu_status simulate(const npu_model *model, const npu_chip *chip, npu_err *err)
{
    perf_prog *prog = NULL;
    npu_profile *profile = NULL;
    npu_trace trace = { 0 };
    npu_status s = perf_prog_load(model, chip, &prog, err);
    if (s == NPU_OK)
        s = perf_run(prog, chip, &trace, err);
    if (s == NPU_OK)
        s = perf_collect(prog, chip, &trace, &profile, err);
    npu_profile_free(profile);
    npu_trace_free(&trace);
    perf_prog_free(prog);
    return s;
}

#endif
