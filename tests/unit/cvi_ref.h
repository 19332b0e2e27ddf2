/* What a sub-graph computes, layer by layer over whole maps: no tiles, no addresses.  Takes the
 * quantised weights from the compiled model by name. */
#ifndef NPUSIM_TESTS_UNIT_CVI_REF_H
#define NPUSIM_TESTS_UNIT_CVI_REF_H

#include "compiler/net.h"
#include "npusim/model.h"

typedef struct {
    int8_t **map;           /* per tensor: its memory; views point into their whole */
    bool *owned;
    uint32_t n;
    char bad[256];          /* "": nothing wrong */
} cvi_ref;

void cvi_ref_run(cvi_ref *r, const cc_net *net, const npu_model *m,
                 int8_t (*input)(const npu_tensor *t, uint64_t i));
void cvi_ref_free(cvi_ref *r);

#endif
