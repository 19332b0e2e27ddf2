/* A made-up profile for tests of the reports: a network that never was, simulated by a queue of
 * twenty lines, consistent in every sum a report prints. */
#ifndef NPUSIM_TESTS_SYNTH_PROFILE_H
#define NPUSIM_TESTS_SYNTH_PROFILE_H

#include "npusim/profile.h"

typedef struct {
    uint32_t layers, tiles;  /* spans: about layers x tiles x 3 */
    bool cpu;                /* a CPU routine at the end */
    bool hostile;            /* names full of quotes, tags, control characters and broken UTF-8 */
    bool measured;           /* the chip has accuracy rows and an error */
    bool empty;              /* no layer, no span */
} synth_options;

/* Never NULL; a test without memory aborts.  Freed by synth_free with chip and trace. */
npu_profile *synth_profile(const synth_options *o);
void synth_free(npu_profile *p);

#endif
