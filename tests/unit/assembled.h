/* Models assembled from text, for tests that need one which runs. */
#ifndef NPUSIM_TESTS_ASSEMBLED_H
#define NPUSIM_TESTS_ASSEMBLED_H

#include "npusim/profile.h"
#include "perf/program.h"

typedef struct { /* all owned; freed by assembled_free */
    npu_model *model;
    npu_chip *chip;
    perf_prog *prog;
    npu_trace trace;
    npu_profile *profile;
} assembled;

/* Model from assembler text; fails the running test when the text is wrong. */
npu_model *assembled_model(const char *text);

/* The same from a file of the source tree, such as "examples/tiny_cv181x.npuasm". */
npu_model *assembled_file(const char *name);

/* Decodes, runs and profiles MODEL (taken over) on its chip with SETS, "key=value" words separated
 * by blanks.  Returns the first status that is not NPU_OK. */
npu_status assembled_run(npu_model *model, const char *sets, assembled *out, npu_err *err);

/* As assembled_run, for what must succeed. */
assembled assembled_ran(npu_model *model, const char *sets);

void assembled_free(assembled *a);

#endif
