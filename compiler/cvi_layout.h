/* Buffers of a group in local memory. */
#ifndef COMPILER_CVI_LAYOUT_H
#define COMPILER_CVI_LAYOUT_H

#include "compiler/cvi_ir.h"

enum { CVI_GROUP_OPS = 24, CVI_ITEMS = 6 * CVI_GROUP_OPS };

typedef enum { CVI_IN, CVI_OUT, CVI_INNER, CVI_FILTER, CVI_RECORDS, CVI_LOOKUP } cvi_role;

typedef struct {
    cvi_role role;
    int32_t map;            /* IN, OUT, INNER */
    uint32_t op;            /* FILTER, RECORDS, LOOKUP */
    uint32_t bytes;         /* in a lane, the most of all slots */
    uint32_t from, to;      /* operators it lives through; all but INNER: the whole slot */
    bool varies;            /* its contents change from slot to slot */
    uint8_t copies;         /* 1, or 2: one is filled while the other is used */
    uint32_t at[2];
    uint8_t now;            /* copy of the current slot */
    bool held, wanted;      /* KEY is in it; the current slot uses it */
    cvi_box key;            /* contents: part of the map, or channels of the weights */
} cvi_item;

typedef struct {
    const cvi_state *s;
    const cvi_group *g;
    cvi_item item[CVI_ITEMS];
    uint32_t n;
    cvi_box *box;           /* per map, of the current slot */
} cvi_layout;

/* Items of the group, sizes, addresses.  Sets *fits. */
npu_status cvi_layout_make(cvi_layout *l, bool top, bool *fits, npu_err *err);
/* Item by role and map or operator; NULL: none. */
cvi_item *cvi_item_of_map(cvi_layout *l, int32_t map);
cvi_item *cvi_item_of_op(cvi_layout *l, cvi_role role, uint32_t op);
/* What ITEM must hold in the slot whose boxes are in L->box. */
cvi_box cvi_item_key(const cvi_layout *l, const cvi_item *item, uint32_t slot);
bool cvi_same_key(cvi_box a, cvi_box b);
uint32_t cvi_filter_bytes(const cvi_state *s, const cvi_op *op, uint32_t channels);

#endif
