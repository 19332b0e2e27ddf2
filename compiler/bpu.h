/* Back end for bernoulli2: cc_net -> groups of layers -> commands.
 *
 * A group is a run of layers whose intermediate maps stay on chip.  It is computed in stripes of
 * rows; each map keeps the rows its readers still need in a ring, so no row is computed twice (but
 * by two cores, whose halves overlap).  The cost of every choice comes from hw_work, the function
 * the simulator uses. */
#ifndef COMPILER_BPU_H
#define COMPILER_BPU_H

#include "compiler/net.h"
#include "npusim/chip.h"
#include "npusim/cmd.h"
#include "sim/op.h"

enum { BPU_TILE_W = 8, BPU_TILE_C = 4, BPU_LONGEST = 48, BPU_STRIPES_MAX = 64 };

typedef struct {            /* storage of a tensor that is not inside another */
    uint32_t planes;        /* of 4 channels */
    uint32_t rows;
    uint32_t row_bytes;     /* of one plane: columns padded to 8, times 4 and the element size */
    uint64_t bytes;         /* planes x rows x row_bytes */
    uint64_t ddr_row;       /* DDR bytes of a row when it crosses the edge of the sub-graph; then */
    uint32_t ddr_pieces;    /* in this many pieces (channels) */
    int32_t first, last;    /* layers that write it first, read or write it last; -1: an input */
    bool input, output;
} bpu_store;

typedef struct {
    const cc_net *net;
    const cc_options *o;
    const npu_chip *chip;
    int32_t *root;          /* per tensor: the tensor whose storage it lies in */
    bpu_store *store;       /* per tensor; meaningful for roots */
    uint64_t *weight;       /* per layer: bytes in DDR and on chip, parameters included */
    uint32_t *split;        /* per layer: bytes of 8 output channels, 0: cannot be cut */
    double *cycles;         /* per layer: whole, without its fixed part */
    uint8_t *slot;          /* per tensor: channels lie in padded groups of this many, or 0 */
    uint32_t *from;         /* per layer and source: its first entry in WRITER; one more */
    uint32_t *writer;       /* layers that write channels this source has */
    uint32_t *scratch;      /* per tensor: for bpu_maps_of */
} bpu_net;

typedef enum { BPU_WHOLE, BPU_ROWS, BPU_CHANNELS } bpu_how;

typedef struct {            /* how the layers first..last are computed */
    uint32_t first, last;
    bpu_how how;            /* maps whole on chip; stripes of rows; one layer, chunks of channels */
    uint32_t stripes;
    bool resident;          /* weights are loaded once; else once per stripe */
    uint64_t read, write;   /* DDR bytes of one core */
    double compute, transfer, time; /* cycles */
    uint64_t local;         /* bytes of maps on chip at most; weights take what is left */
} bpu_group;

typedef struct {
    bpu_group *group;       /* owned */
    uint32_t n;
    double time;
    uint64_t bytes;
} bpu_plan;

static inline uint64_t bpu_up(uint64_t v, uint64_t to) /* V rounded up to a multiple of TO */
{
    return (v + to - 1) / to * to;
}

static inline uint64_t bpu_up64(uint64_t v) /* to the step of addresses, on chip and in DDR */
{
    return bpu_up(v, 64);
}

/* Whether the descriptors can say every layer of N.  Errors: NPU_UNSUPPORTED with name, number. */
npu_status bpu_check(const cc_net *n, npu_err *err);

/* --- shapes and costs (bpu_shape.c) ----------------------------------------------------------- */

npu_status bpu_net_new(const cc_net *net, const cc_options *o, const npu_chip *chip,
                       bpu_net **out, npu_err *err);
void bpu_net_free(bpu_net *b);

/* Fills b->slot (bpu_slot.c). */
void bpu_slots(bpu_net *b);
/* Whether layer L's source is copied with its padding first. */
bool bpu_pads(const bpu_net *b, uint32_t l);

/* Command that computes ROWS result rows from row FROM of layer L over CHANNELS output channels. */
npu_cmd bpu_command(const bpu_net *b, uint32_t l, uint32_t from, uint32_t rows, uint32_t channels,
                    bool first);
/* Its work.  Errors: of hw_work. */
npu_status bpu_work(const bpu_net *b, const npu_cmd *c, sim_op *op, npu_err *err);

/* First channel of tensor T in its storage. */
uint32_t bpu_channel_of(const cc_net *n, int32_t t);
/* Source K of layer L: 0 first, 1 second, 2 added; NPU_NONE: none. */
int32_t bpu_source(const bpu_net *b, uint32_t l, int k);
/* Rows of source K that result rows [0, R) of layer L need: they end before this. */
uint32_t bpu_rows_to(const bpu_net *b, uint32_t l, int k, uint32_t r);
/* First row of source K that result row R needs. */
uint32_t bpu_rows_from(const bpu_net *b, uint32_t l, int k, uint32_t r);

/* Sources of layer L as roots; count. */
unsigned bpu_sources(const bpu_net *b, uint32_t l, int32_t root[3]);

/* --- rows (bpu_rows.c), groups (bpu_group.c) -------------------------------------------------- */

typedef struct {            /* rows of one root in a group */
    int32_t root;
    bool load, store;       /* comes from, goes to DDR */
    uint32_t done;          /* rows loaded so far */
    uint32_t need;          /* rows that must be loaded for this stripe */
    uint32_t low;           /* first row still needed */
    uint32_t ring;          /* rows the buffer holds */
} bpu_map;

typedef struct {
    bpu_map map[3 * BPU_LONGEST + 8];
    unsigned n;
    uint32_t first, last;
    int16_t out[BPU_LONGEST], src[BPU_LONGEST][3]; /* per layer: maps; -1: none */
    uint32_t done[BPU_LONGEST]; /* per layer: result rows computed so far */
    uint32_t need[BPU_LONGEST]; /* ... after this stripe */
} bpu_maps;

/* Maps of layers FIRST..LAST with their roles; false: more than fit. */
bool bpu_maps_of(const bpu_net *b, uint32_t first, uint32_t last, bpu_maps *m);
bpu_map *bpu_map_find(bpu_maps *m, int32_t root);
/* Sets NEED for stripe S of T, on one core. */
void bpu_demand(const bpu_net *b, uint32_t s, uint32_t t, bpu_maps *m);
/* Sets LOW: what the coming stripe may still read. */
void bpu_keep(const bpu_net *b, bpu_maps *m);
void bpu_advance(bpu_maps *m); /* the stripe is done */
void bpu_restart(bpu_maps *m); /* nothing is done */
/* Ring sizes for STRIPES into M (after bpu_maps_of); everything is done then.  False: they are
 * more than LIMIT bytes, and M is of no use. */
bool bpu_rings(const bpu_net *b, uint32_t stripes, double limit, bpu_maps *m);

/* Images of the batch (input_batch has set the shapes of the graph). */
uint32_t bpu_images(const bpu_net *b);

/* Bytes of a chunk of channels of ROOT whose result leaves by chunks. */
uint64_t bpu_chunk_bytes(const bpu_net *b, int32_t root);

/* Fills cost and memory of G (first, last, how, stripes given), whose maps are M.  False: it does
 * not fit. */
bool bpu_group_cost(const bpu_net *b, bpu_maps *m, bpu_group *g);

/* --- plan (bpu_plan.c) ------------------------------------------------------------------------ */

/* Groups for LEVEL when a byte of DDR traffic costs BYTE_CYCLES.  Errors: NPU_UNSUPPORTED
 * when a layer fits no way, NPU_LIMIT. */
npu_status bpu_plan_make(const bpu_net *b, int level, double byte_cycles, bpu_plan *out,
                         npu_err *err);
void bpu_plan_free(bpu_plan *p);

/* --- program (bpu_prog.c: order and hazards; bpu_sched.c: queues; bpu_emit.c: bytes) ---------- */

typedef enum { BPU_BYTES, BPU_PLANES, BPU_PLANAR, BPU_PIXELS, BPU_NV12 } bpu_form; /* in DDR */

typedef struct {
    npu_cmd cmd;            /* id, wait filled by bpu_schedule */
    sim_op op;
    uint32_t *dma;          /* DMA items that must have ended; owned */
    uint32_t ndma;
    int64_t mac;            /* MAC items that must have ended: up to this item, -1: none */
    int32_t src, dst;       /* DMA: tensor or NPU_NONE for weights; for addresses */
    uint32_t ring, ring_row, dst_ring, dst_row, src2_ring, src2_row; /* rows of buffers */
    uint32_t row, dst_c;    /* MAC: first result row of the map, channel in its plane */
    uint32_t local_row, local_stride, lines, width, channels, part; /* DMA: bpu_dma.def */
    bpu_form form;
    bool wide;
    uint32_t fcall, group;  /* function call and group it belongs to */
} bpu_item;

typedef struct {
    bpu_item *item;         /* in program order */
    uint32_t n, cap;
    uint32_t *order;        /* of emission */
    uint32_t nfcall;
    double time;            /* estimated, cycles */
    double longest;         /* ... of a function call that could be cut */
} bpu_prog;

/* DDR places: offsets of roots in shared memory (reused when dead), weights in the weight section,
 * inputs and outputs in memories 3 and 4 (bpu_addr.c). */
typedef struct {
    uint64_t *offset;       /* per tensor (roots) */
    uint8_t *memory;        /* per tensor: NPU_MEM_* */
    uint64_t *weight;       /* per layer */
    uint64_t shared, weights, inputs, outputs; /* bytes of each memory */
} bpu_places;

/* G: the program so far. */
npu_status bpu_places_make(const bpu_net *b, const bpu_plan *p, const npu_program *g,
                           uint64_t weight_base, bpu_places *out, npu_err *err);
void bpu_places_free(bpu_places *p);

/* LIMIT: cycles of a function call as the plan estimates them, 0: none. */
npu_status bpu_prog_make(const bpu_net *b, const bpu_plan *p, const bpu_places *a, double limit,
                         bpu_prog *out, npu_err *err);
npu_status bpu_schedule(const bpu_net *b, bpu_prog *p, int level, npu_err *err);
void bpu_prog_free(bpu_prog *p);

/* Appends the sub-graph's routine, tensors, command section, layer table and weight map to M.
 * LAYER_BASE: index of its first layer in m->layer.  Errors: NPU_LIMIT. */
npu_status bpu_emit(const bpu_net *b, const bpu_prog *p, const bpu_places *a, npu_model *m,
                    npu_err *err);

/* The whole back end: best plan of levels up to o->level. */
npu_status bpu_compile(const cc_net *net, const cc_options *o, const npu_chip *chip, npu_model *m,
                       npu_err *err);

#endif
