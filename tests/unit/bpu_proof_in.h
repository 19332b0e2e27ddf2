/* What the files of the proof share. */
#ifndef NPUSIM_TESTS_BPU_PROOF_IN_H
#define NPUSIM_TESTS_BPU_PROOF_IN_H

#include "tests/unit/bpu_proof.h"

enum { PROOF_GRAIN = 32 };

typedef enum { HOLDS_NOTHING, HOLDS_MAP, HOLDS_WEIGHT, HOLDS_PLANAR } proof_kind;

typedef struct {            /* 32 bytes of memory */
    uint8_t kind, mask;     /* MAP: channels of the plane that are there */
    uint8_t writer;         /* queue */
    uint16_t image, row;
    int32_t id;             /* MAP, PLANAR: root; WEIGHT: layer */
    uint32_t at;            /* MAP: plane; PLANAR: channel; WEIGHT: byte */
    uint32_t part;          /* MAP, PLANAR: which 32 bytes of the row */
    uint32_t wrote, read[2];/* last command that wrote, that read, per queue; 0: none */
} proof_grain;

typedef struct {
    proof_grain *g;
    uint64_t n, limit;      /* grains there are, that may be */
    const char *name;
} proof_space;

typedef struct {            /* a command that runs */
    unsigned queue;         /* 0 MAC, 1 DMA */
    uint32_t number, knows; /* own; the last of the other queue that has ended; over all calls */
    const uint8_t *p;       /* descriptor */
    npu_cmd c;
} proof_cmd;

typedef struct {
    bpu_net *b;
    const cc_net *net;
    const npu_model *m;
    size_t first_weight, first_layer;
    proof *out;
    proof_space sram, ddr[8];
    uint32_t **done;        /* per layer and row: channels computed, over all images */
    uint64_t *macs;         /* per layer */
    bool *seen;             /* per layer */
    uint32_t batch;
} prover;

/* Says what is wrong; false. */
bool proof_no(prover *v, const proof_cmd *c, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Grain at byte AT (a multiple of 32) of S; NULL: beyond it (said). */
proof_grain *proof_at(prover *v, const proof_cmd *c, proof_space *s, uint64_t at);
/* C reads or writes G: false when something it does not know of may come in between. */
bool proof_touch(prover *v, const proof_cmd *c, const proof_space *s, proof_grain *g, bool write);
/* X becomes what G holds; what is there already of the same 32 bytes stays. */
void proof_put(proof_grain *g, const proof_grain *x);

bool proof_mac(prover *v, const proof_cmd *c);
bool proof_dma(prover *v, const proof_cmd *c);
/* Before the first: what other sub-graphs left is there. */
bool proof_begin(prover *v);
/* After the last command: everything was computed and stored. */
bool proof_end(prover *v);

#endif
