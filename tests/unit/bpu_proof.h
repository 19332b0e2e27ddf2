/* Proof that a compiled sub-graph computes what it should, in every order its waits allow.
 *
 * The commands run on symbols: each 32 bytes of on-chip memory and DDR remember what they hold
 * (which channels of which row of which map of which image, or which bytes of which layer's
 * weights), who wrote them and who read them.  Two queues run in order; a command knows of the
 * other queue what its waits tell it.  An access whose predecessor it does not know is a race.
 * Without races all orders give what the one that was run gives. */
#ifndef NPUSIM_TESTS_BPU_PROOF_H
#define NPUSIM_TESTS_BPU_PROOF_H

#include "compiler/bpu.h"

typedef struct {
    uint64_t commands, macs, read, written; /* bytes as the cost functions count them */
    uint32_t fcalls, subgraphs;
    char why[512];          /* what is wrong; "" */
} proof;

/* Changes the commands before they are proved; NULL: nothing.  So tests see the proof fail. */
extern void (*proof_spoil)(npu_model *m);

/* Optimises, places and lowers G as the compiler does, compiles each sub-graph and proves it.
 * False: P->why. */
bool proof_graph(npu_graph *g, const cc_options *o, const npu_chip *chip, proof *p);

/* Proves the last routine of M, made from NET, whose weights are M's from FIRST_WEIGHT on and whose
 * layers are M's from FIRST_LAYER on. */
bool proof_net(const cc_net *net, const cc_options *o, const npu_chip *chip, const npu_model *m,
               size_t first_weight, size_t first_layer, proof *p);

#endif
