/* What the parts of the cv181x back end share. */
#ifndef COMPILER_CVI_IR_H
#define COMPILER_CVI_IR_H

#include "base/buf.h"
#include "compiler/cvi.h"
#include "npusim/cmd.h"
#include "sim/machine.h"

enum { CVI_ALIGN = 64,      /* of buffers in local memory; also the grain of the hazard board */
       CVI_DDR_ALIGN = 16, CVI_RECORD = 9, CVI_RECORD_PLAIN = 5, CVI_TABLE = 256,
       CVI_FIELD_MAX = 4095, CVI_PAD_MAX = 15, CVI_ID_MAX = 0xffff };

#define CVI_RANGE 4.0 /* every activation is taken to span -RANGE..RANGE: nothing is measured */

typedef enum {
#define K(id, ...) CVI_##id,
#include "compiler/cvi_kind.def"
#undef K
    CVI_KINDS
} cvi_kind;

typedef struct {
    npu_kind kind;          /* of its first command */
    bool window, compact;
    uint8_t operands, arithmetic, round, signs, third_seg;
} cvi_kind_info;

extern const cvi_kind_info cvi_kind_table[CVI_KINDS];

typedef struct { int32_t lo, hi; } cvi_span;      /* [lo, hi) */
typedef struct { cvi_span c, y, x; uint32_t n; } cvi_box; /* part of a map: one image N */

typedef struct {            /* a feature map, int8 */
    char *name;             /* owned */
    uint32_t n, c, h, w;
    int32_t root;           /* map whose memory it lies in, itself when it has its own */
    uint64_t at;            /* bytes from the root's start */
    uint32_t c_str, h_str;  /* bytes between channels, rows */
    uint64_t n_str;         /* between images */
    bool input, output;
    bool stored;            /* crosses a group: has memory in DDR (roots: any view does) */
    uint8_t sel;            /* roots: DDR memory and address in it */
    uint64_t addr;
    int32_t producer;       /* operator, NPU_NONE: input or made of views */
} cvi_map;

typedef struct {            /* bytes in the weight section, ROW per channel; ROW 0: none */
    uint32_t offset, row;
} cvi_blob;

typedef struct {
    cvi_kind kind;
    int32_t a, b, out;      /* maps; b NPU_NONE */
    uint32_t kh, kw, sh, sw, dh, dw;
    uint32_t ih, iw;        /* zeros inserted between inputs */
    int32_t pt, pb, pl, pr;
    uint32_t group;
    uint32_t ic;            /* CONV: input channels of a group as the command says, padded */
    uint32_t first;         /* output channel of the layer that is channel 0 here */
    bool relu;
    bool times_input;       /* LUT: the function times its argument */
    uint8_t shift;          /* right shift of the result */
    uint16_t constant, second; /* second operand when it is one; ADD: of the MAC */
    uint32_t quan_m;        /* MUL: multiplier */
    cvi_blob filter, record, table;
    uint32_t layer;         /* of the net */
} cvi_op;

typedef struct {            /* one command and what it touches */
    npu_cmd c;
    uint32_t quan_m;
    uint16_t ins_val;
    uint16_t plane;         /* bytes between byte planes of a 16-bit result */
    uint8_t kind;           /* cvi_kind of TIU commands */
    struct { uint16_t lo, hi; } read[3], write; /* local memory, every lane; hi 0: none */
    uint8_t nread;
} cvi_cmd;

typedef struct {
    cvi_cmd *v;
    uint32_t n, cap;
} cvi_list;

typedef struct {            /* a step: loads, then computation, then stores */
    cvi_list load, compute, store;
} cvi_slot;

typedef struct {
    cvi_slot *v;
    uint32_t n, cap;
} cvi_slots;

typedef struct {            /* operators FIRST..LAST, tile by tile */
    uint32_t first, last;
    uint32_t rows, cols;    /* tile of the last operator's result */
    uint32_t channels;      /* of it; all or a multiple of the lanes */
    bool rows_inside;       /* chunks of channels are the outer loop */
    int64_t cost;           /* ticks alone, and the price of its traffic */
} cvi_group;

typedef struct {
    const cc_net *net;
    const npu_chip *chip;
    const npu_program *program; /* that the sub-graph becomes part of; NULL: a new one */
    uint32_t lanes, lane_bytes;
    cvi_map *map;
    uint32_t nmap, map_cap;
    cvi_op *op;
    uint32_t nop, op_cap;
    cvi_group *group;
    uint32_t ngroup;
    bool *gone;             /* per layer: needs no operator */
    uint32_t *readers;      /* per map: operators that read it */
    uint32_t *last_read;    /* per map: the last of them */
    buf_writer weights;     /* of this sub-graph */
    npu_weight *weight;     /* owned names */
    size_t nweight;
    uint32_t weight_base;   /* where they will lie in the section */
    uint64_t shared, private_bytes;
    uint32_t window;        /* operators of a group at most */
    double byte_price;      /* ticks a byte to or from DDR counts beside the time it takes */
    npu_trace trace;        /* scratch of the planner */
} cvi_state;

static inline uint32_t cvi_up(uint32_t v, uint32_t to)
{
    return (v + to - 1) / to * to;
}

static inline int32_t cvi_len(cvi_span s)
{
    return s.hi - s.lo;
}

/* --- cvi_ops.c ------------------------------------------------------------------------------- */

/* Maps and operators of S->net. */
npu_status cvi_ops(cvi_state *s, npu_err *err);
/* Grows LIST by one zeroed item of SIZE bytes; NULL: no memory. */
void *cvi_grow(void *list, uint32_t *n, uint32_t *cap, size_t size);
npu_status cvi_no_memory(npu_err *err);
npu_status cvi_fail(const cvi_state *s, uint32_t layer, npu_err *err, const char *why);

/* --- cvi_maps.c ------------------------------------------------------------------------------ */

/* Maps of the net, views resolved, moves without commands dropped. */
npu_status cvi_maps(cvi_state *s, npu_err *err);
/* A rearrangement; a Slice along channels comes as a convolution without weights, which other
 * hardware needs and this does not. */
bool cvi_is_move(const cc_layer *l);
/* A map of its own named BASE_WHAT, shaped like map LIKE; NPU_NONE: no memory. */
int32_t cvi_new_map(cvi_state *s, const char *base, const char *what, int32_t like);
uint64_t cvi_extent(const cvi_map *m); /* bytes from its first to after its last */
bool cvi_dense(const cvi_map *m);      /* one stretch of bytes in DDR */
/* Axis of a graph shape as 1: C, 2: H, 3: W of a map; 0: another. */
int cvi_axis_of(int64_t axis, int rank);
uint32_t cvi_size_along(const cvi_map *m, int axis);
uint64_t cvi_step_along(const cvi_map *m, int axis);
/* Numbers of a Slice: input K, or attribute NAME in old files; how many, -1: not constant. */
int64_t cvi_numbers(const npu_graph *g, const npu_node *n, uint32_t k, const char *name,
                    int64_t *v);
typedef struct { int32_t top, bottom, left, right; int16_t value; } cvi_pads;
bool cvi_pads_of(const cvi_state *s, uint32_t layer, cvi_pads *p);
/* Who reads what, after all operators are made. */
npu_status cvi_readers(cvi_state *s, npu_err *err);

/* --- cvi_moves.c ----------------------------------------------------------------------------- */

/* A move that stays, as copies between strided views. */
npu_status cvi_move(cvi_state *s, uint32_t layer, npu_err *err);
/* Appends an operator (cvi_ops.c); NULL: no memory. */
cvi_op *cvi_push_op(cvi_state *s, cvi_kind kind, uint32_t layer, int32_t a, int32_t b,
                    int32_t out);

/* --- cvi_weights.c --------------------------------------------------------------------------- */

/* Quantised filters, per-channel records and tables; sets the blobs of the operators. */
npu_status cvi_weights(cvi_state *s, npu_err *err);

/* Bounds of a Relu or Clip layer. */
void cvi_bounds(const cvi_state *s, uint32_t layer, double *lo, double *hi);

/* --- cvi_tile.c ------------------------------------------------------------------------------ */

/* Part of the input (EXTENT long) that OUT needs along one axis, and the padding around it. */
typedef struct { uint32_t k, stride, dil, ins; int32_t pad; } cvi_axis;
cvi_axis cvi_axis_y(const cvi_op *op);
cvi_axis cvi_axis_x(const cvi_op *op);
cvi_span cvi_need(cvi_axis a, cvi_span out, int32_t extent, int32_t *before, int32_t *after);

/* Boxes of all maps of a group in one slot, by map index; unused maps have n = UINT32_MAX.  False:
 * an operator would have to read part of a box it can only read whole. */
uint32_t cvi_slot_count(const cvi_state *s, const cvi_group *g);
bool cvi_slot_boxes(const cvi_state *s, const cvi_group *g, uint32_t slot, cvi_box *box);
/* Part of MAP that slot SLOT stores (each byte of the map is in one slot's part). */
cvi_box cvi_slot_part(const cvi_state *s, const cvi_group *g, uint32_t slot, int32_t map);
uint32_t cvi_slot_chunk(const cvi_state *s, const cvi_group *g, uint32_t slot);
cvi_span cvi_chunk_span(const cvi_state *s, const cvi_group *g, uint32_t chunk);
/* Whether the operators can be a group at all. */
bool cvi_group_legal(const cvi_state *s, const cvi_group *g);
bool cvi_crosses(const cvi_state *s, const cvi_group *g, int32_t map); /* read later, or output */
bool cvi_made_in(const cvi_state *s, const cvi_group *g, int32_t map);

/* Bytes of a box in one lane. */
static inline uint32_t cvi_plane(cvi_box b)
{
    return cvi_up((uint32_t)cvi_len(b.y) * (uint32_t)cvi_len(b.x), 16);
}
uint32_t cvi_box_bytes(const cvi_state *s, cvi_box b);

/* --- cvi_group.c ----------------------------------------------------------------------------- */

/* Slots of G appended to OUT; TOP: buffers grow from the end of local memory.  Sets *fits.  DDR
 * addresses need not be known yet. */
npu_status cvi_group_slots(const cvi_state *s, const cvi_group *g, bool top, cvi_slots *out,
                           bool *fits, npu_err *err);
void cvi_slots_free(cvi_slots *s);

/* --- cvi_tiu.c ------------------------------------------------------------------------------- */

typedef struct {            /* where an operator's operands are in this slot */
    cvi_box a, b, out;      /* stored boxes */
    uint32_t a_at, b_at, out_at, filter_at, record_at, table_at; /* offsets in a lane */
} cvi_place_of;

npu_status cvi_tiu(const cvi_state *s, const cvi_op *op, const cvi_place_of *p, cvi_list *out,
                   npu_err *err);
cvi_cmd *cvi_push(cvi_list *l);

/* --- cvi_walk.c ------------------------------------------------------------------------------ */

/* Puts the slots in issue order, numbers the commands and sets what each waits for. */
npu_status cvi_walk(const cvi_slots *slots, uint32_t lane_bytes, cvi_list *out, npu_err *err);
/* Ticks the list takes. */
npu_status cvi_time(cvi_state *s, const cvi_list *l, int64_t *ticks, uint64_t *bytes,
                    npu_err *err);

/* --- cvi_plan.c ------------------------------------------------------------------------------ */
npu_status cvi_plan(cvi_state *s, npu_err *err);

/* --- cvi_ddr.c ------------------------------------------------------------------------------- */
npu_status cvi_ddr(cvi_state *s, npu_err *err);

/* --- cvi_encode.c ---------------------------------------------------------------------------- */
npu_status cvi_encode(npu_isa isa, const cvi_cmd *c, uint8_t *payload, size_t *n, npu_err *err);

/* --- cvi_model.c ----------------------------------------------------------------------------- */
npu_status cvi_append(cvi_state *s, const cvi_list *cmd, npu_model *m, npu_err *err);

#endif
