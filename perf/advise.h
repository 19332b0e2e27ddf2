/* What would make a network faster: design rules its layers break, each with the simulated gain.
 *
 * Works on the commands alone.  For each broken rule the layer's own commands are replaced by what
 * they would be if it were mended, the cost function is asked again, and the whole program is
 * simulated with them. */
#ifndef PERF_ADVISE_H
#define PERF_ADVISE_H

#include "models/ddr_masters.h"
#include "perf/program.h"

typedef struct {            /* one way to mend it */
    char *change;           /* "W 28 -> 24"; owned */
    double gain_ms;         /* of the frame; negative: slower */
    double work;            /* useful work of the layer, by that of now: 1.04 is 4 % more */
} perf_way;

typedef struct {
    const char *id, *rule, *advice; /* "width", "HB-ALN-01", a sentence; not owned */
    char *layer;            /* owned */
    const char *type;       /* "HzSQuantizedConv"; of the model */
    double now_ms;          /* the layer's commands of the array; CPU node: its estimate */
    double gain_ms;         /* of the best way */
    bool estimate;          /* CPU node: not part of the simulated frame */
    perf_way way[2];        /* the best first */
    unsigned nway;
} perf_advice;

typedef struct {
    perf_advice *item;      /* best first */
    size_t n;
    double frame_ms;
    size_t layers;          /* of the NPU */
} perf_advices;

/* Rules of perf/advise.def that layers of G break on CHIP.  G is changed and restored meanwhile.
 * MASTERS may be NULL.  *out is the caller's, to perf_advices_free, also after a failure.  Errors:
 * NPU_UNSUPPORTED (a chip other than bernoulli2, a model without layer table), NPU_LIMIT, those of
 * perf_run_beside. */
npu_status perf_advise(perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                       perf_advices *out, npu_err *err);
void perf_advices_free(perf_advices *a);

#endif
