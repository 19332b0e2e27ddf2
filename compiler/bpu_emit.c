/* Items -> command section, tensors, layer table and weight map of an npu_model. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/buf.h"
#include "compiler/assemble.h"
#include "compiler/bpu.h"
#include "formats/cmdbuf.h"
#include "sim/layout.h"

static npu_status full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

typedef struct {
    uint8_t *p;
    const sim_layout *l;
    const char *beyond;     /* a field its value does not fit; NULL */
} encoder;

static void put(encoder *e, const char *field, uint64_t v)
{
    const sim_field *f = sim_field_find(e->l, field);
    bits_put(e->p, f->first, f->width, (uint32_t)v);
    if (v >> f->width)
        e->beyond = field;
}

static void put_mac(encoder *e, const bpu_item *x)
{
    const npu_tiu *t = &x->cmd.u.tiu;
    static const uint8_t op_of[NPU_KINDS] = {[NPU_KIND_BCONV] = 0, [NPU_KIND_BDW] = 1,
                                             [NPU_KIND_BPOOL] = 2, [NPU_KIND_BELT] = 3,
                                             [NPU_KIND_BLUT] = 4, [NPU_KIND_BCOPY] = 5};
    const struct { const char *field; uint64_t v; } all[] = {
        {"valid", 1}, {"op", op_of[x->cmd.kind]}, {"fn", t->fn}, {"first", t->first},
        {"act", t->relu}, {"sum", t->accumulate}, {"wide", t->wide}, {"id", x->cmd.id},
        {"wait", x->cmd.wait}, {"layer", x->cmd.layer}, {"group", t->group}, {"pads", t->padded},
        {"in_slot", t->in_slot}, {"out_slot", t->out_slot},
        {"out_c", t->res.c}, {"out_h", t->res.h}, {"out_w", t->res.w}, {"out_n", t->res.n},
        {"in_c", t->a.c}, {"in_h", t->a.h}, {"in_w", t->a.w}, {"kh", t->b.h}, {"kw", t->b.w},
        {"sh", t->stride_h}, {"sw", t->stride_w}, {"dh", t->dil_h}, {"dw", t->dil_w},
        {"up_h", t->ins_h + 1u}, {"up_w", t->ins_w + 1u}, {"pad_t", t->pad_t},
        {"pad_b", t->pad_b}, {"pad_l", t->pad_l}, {"pad_r", t->pad_r}, {"src", t->a.addr},
        {"src2", t->bias_addr}, {"dst", t->res.addr}, {"weight", t->b.addr},
        {"src_row", x->ring_row}, {"dst_row", x->dst_row}, {"src_ring", x->ring},
        {"dst_ring", x->dst_ring}, {"src2_row", x->src2_row}, {"src2_ring", x->src2_ring},
        {"row", x->row}, {"dst_c", x->dst_c}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        put(e, all[i].field, all[i].v);
}

static void put_dma(encoder *e, const bpu_item *x)
{
    const npu_tdma *t = &x->cmd.u.tdma;
    const struct { const char *field; uint64_t v; } all[] = {
        {"valid", 1}, {"op", t->dir}, {"mem", t->src_sel}, {"id", x->cmd.id},
        {"wait", x->cmd.wait}, {"layer", x->cmd.layer}, {"addr_low", t->src & UINT32_MAX},
        {"addr_high", t->src >> 32}, {"local", t->src_n_str}, {"rows", t->rows},
        {"row_bytes", t->row_bytes}, {"stride", t->stride}, {"local_row", x->local_row},
        {"local_stride", x->local_stride}, {"ring_row", x->ring_row}, {"ring", x->ring},
        {"form", x->form}, {"part", x->part}, {"wide", x->wide}, {"channels", x->channels},
        {"lines", x->lines}, {"width", x->width}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        put(e, all[i].field, all[i].v);
}

/* Every field the tables have is one name lookup; a command has about 40 of them. */
static npu_status commands(const bpu_net *b, const bpu_prog *p, uint32_t layer_base, npu_model *m,
                           npu_routine *r, npu_err *err)
{
    buf_writer w = {0};
    r->fcall = calloc(p->nfcall + 1, sizeof *r->fcall);
    if (!r->fcall)
        return full(err);
    for (uint32_t k = 0, call = UINT32_MAX; k < p->n; k++) {
        bpu_item x = p->item[p->order[k]];
        uint8_t payload[SIM_PAYLOAD_MAX] = {0};
        encoder e = {payload, sim_layout_of(NPU_ISA_BPU_1, (npu_engine)x.cmd.engine), NULL};
        x.cmd.layer += layer_base;
        if (x.cmd.layer > UINT16_MAX)
            return npu_fail(err, NPU_LIMIT, "more than %u layers", UINT16_MAX);
        if (x.fcall != call)
            r->fcall[r->nfcall++] = k;
        call = x.fcall;
        if (x.cmd.engine == NPU_ENGINE_TIU)
            put_mac(&e, &x);
        else
            put_dma(&e, &x);
        if (e.beyond) {
            buf_free(&w);
            return npu_fail(err, NPU_UNSUPPORTED, "%s: a value beyond the field %s of its commands",
                            b->net->layer[p->item[p->order[k]].cmd.layer].name, e.beyond);
        }
        fmt_cmd c = {.magic = (uint8_t)b->chip->cmd_magic, .engine = (npu_engine)x.cmd.engine,
                     .payload = payload, .n = e.l->bytes};
        fmt_cmdbuf_put(&w, &c);
    }
    npu_section *s = realloc(m->section, (m->nsection + 1) * sizeof *s);
    if (s)
        m->section = s;
    char *name = strdup(r->section);
    if (!s || !name || w.failed) {
        free(name);
        buf_free(&w);
        return full(err);
    }
    m->section[m->nsection++] = (npu_section){.type = NPU_SECTION_CMDBUF, .name = name,
                                              .size = (uint32_t)w.len, .data = w.data,
                                              .data_bytes = w.len};
    return NPU_OK;
}

/* --- model ------------------------------------------------------------------------------------ */

static npu_status add_tensor(const bpu_net *b, const bpu_places *a, int32_t t, npu_program *g,
                             npu_err *err)
{
    const cc_tensor *x = &b->net->tensor[t];
    if (npu_program_tensor(g, x->name))
        return NPU_OK;
    npu_tensor *grown = realloc(g->tensor, (g->ntensor + 1) * sizeof *grown);
    int64_t *dim = malloc(4 * sizeof *dim);
    char *name = strdup(x->name);
    if (grown)
        g->tensor = grown;
    if (!grown || !dim || !name) {
        free(dim);
        free(name);
        return full(err);
    }
    int64_t shape[4] = {x->n, x->c, x->h, x->w};
    memcpy(dim, shape, sizeof shape);
    int32_t root = b->root[t];
    const bpu_store *s = &b->store[root];
    uint64_t within = s->output ? bpu_channel_of(b->net, t) * s->ddr_row * s->rows : 0;
    g->tensor[g->ntensor++] = (npu_tensor){
        .id = (uint32_t)g->ntensor, .name = name,
        .offset = (int64_t)((uint64_t)a->memory[root] << 40 | (a->offset[root] + within)),
        .dtype = x->bytes == 4 ? NPU_INT32 : NPU_INT8, .dim = dim, .ndim = 4, .quant_type = 2};
    return NPU_OK;
}

static npu_status edges(const bpu_net *b, const bpu_places *a, npu_program *g, npu_routine *r,
                        npu_err *err)
{
    for (uint32_t i = 0; i < b->net->ntensor; i++) {
        const cc_tensor *t = &b->net->tensor[i];
        if (t->value == NPU_NONE || (!t->output && (t->producer != NPU_NONE || !t->input)))
            continue;
        NPU_TRY(add_tensor(b, a, (int32_t)i, g, err));
        NPU_TRY(t->output ? cc_add_name(&r->out, &r->nout, t->name, err)
                          : cc_add_name(&r->in, &r->nin, t->name, err));
    }
    return NPU_OK;
}

static npu_status layers(const bpu_net *b, const bpu_places *a, npu_model *m, uint32_t routine,
                         npu_err *err)
{
    const cc_net *n = b->net;
    npu_layer_info *l = realloc(m->layer, (m->nlayer + n->nlayer + 1) * sizeof *l);
    npu_weight *w = realloc(m->weight, (m->nweight + n->nlayer + 1) * sizeof *w);
    m->layer = l ? l : m->layer;
    m->weight = w ? w : m->weight;
    if (!l || !w)
        return full(err);
    for (uint32_t i = 0; i < n->nlayer; i++) {
        const cc_layer *y = &n->layer[i];
        const cc_tensor *out = &n->tensor[y->out];
        bool window = y->kind <= CC_AVGPOOL;
        m->layer[m->nlayer] = (npu_layer_info){
            .name = strdup(y->name), .type = strdup(y->type ? y->type : "?"), .routine = routine,
            .ops = 2 * y->macs, .kh = window ? y->kh : 0, .kw = window ? y->kw : 0,
            .sh = window ? y->sh : 0, .sw = window ? y->sw : 0, .out_c = out->c, .out_h = out->h,
            .out_w = out->w};
        if (!m->layer[m->nlayer].name || !m->layer[m->nlayer++].type)
            return full(err);
        int64_t *dim = malloc(sizeof *dim);
        m->weight[m->nweight] = (npu_weight){
            .name = strdup(y->name), .offset = (int64_t)((uint64_t)NPU_MEM_WEIGHT << 40 |
                                                         a->weight[i]),
            .size = (uint32_t)b->weight[i], .dtype = NPU_INT8, .dim = dim, .ndim = 1};
        if (!dim || !m->weight[m->nweight++].name)
            return full(err);
        *dim = (int64_t)b->weight[i];
    }
    return NPU_OK;
}

npu_status bpu_emit(const bpu_net *b, const bpu_prog *p, const bpu_places *a, npu_model *m,
                    npu_err *err)
{
    npu_program *g = &m->program[0];
    npu_routine *grown = realloc(g->routine, (g->nroutine + 1) * sizeof *grown);
    if (!grown)
        return full(err);
    g->routine = grown;
    npu_routine *r = &g->routine[g->nroutine++];
    *r = (npu_routine){.type = NPU_ROUTINE_TPU, .section = strdup(b->net->name)};
    if (!r->section)
        return full(err);
    NPU_TRY(edges(b, a, g, r, err));
    NPU_TRY(commands(b, p, (uint32_t)m->nlayer, m, r, err));
    g->io_used[0] = a->inputs;
    g->io_used[1] = a->outputs;
    if (a->shared > g->shared_gmem)
        g->shared_gmem = (uint32_t)a->shared;
    return layers(b, a, m, (uint32_t)g->nroutine - 1, err);
}
