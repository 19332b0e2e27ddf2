/* A program ready to run: routines decoded into commands and prepared work. */
#ifndef PERF_PROGRAM_H
#define PERF_PROGRAM_H

#include "npusim/chip.h"
#include "npusim/cmd.h"
#include "npusim/model.h"
#include "sim/op.h"

typedef struct {            /* one routine */
    const npu_routine *routine; /* not owned */
    bool cpu;
    npu_cmd *cmd;           /* TPU: commands in order; owned */
    sim_op *op;             /* their work; op[i].cmd == i */
    uint32_t n;
    uint32_t segments;      /* runs of command ids from 1 */
    uint64_t in_elements, out_elements; /* CPU: of its tensors */
} perf_part;

typedef struct {
    const npu_model *model;     /* not owned, must outlive this */
    const npu_program *program; /* not owned */
    perf_part *part;
    size_t n;
    uint32_t commands;      /* over all parts */
    uint32_t hints;         /* commands with an overlap hint, which is ignored */
    uint32_t assumed_ratio; /* compressed transfers whose size is assumed */
} perf_prog;

/* Decodes the first program of MODEL for CHIP.  On success *out is the caller's, to
 * perf_prog_free.  Errors: NPU_BAD_INPUT, NPU_UNSUPPORTED (instruction, DMABUF section, chip of
 * another family or lane count), each with section and byte offset. */
npu_status perf_prog_load(const npu_model *model, const npu_chip *chip, perf_prog **out,
                          npu_err *err);

/* Whether CPU nodes stay out of the timeline: their cost is a separate estimate, as the vendor's
 * tools for bernoulli2 show the NPU part alone. */
static inline bool perf_cpu_apart(const npu_chip *chip)
{
    return chip->isa == NPU_ISA_BPU_1;
}

/* Computes the work again, after a number of CHIP that is not a clock or bandwidth changed. */
npu_status perf_prog_rework(perf_prog *p, const npu_chip *chip, npu_err *err);

void perf_prog_free(perf_prog *p); /* accepts NULL */

#endif
