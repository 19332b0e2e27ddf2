/* See layers.h. */
#include "perf/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "perf/lmem_map.h"

enum { NAME_MAX_BYTES = 160 };

typedef struct {
    char *key;             /* "subgraph/name"; owned */
    int32_t index;
    UT_hash_handle hh;
} entry;

typedef struct {
    const npu_model *model;
    const npu_chip *chip;
    npu_profile *p;
    size_t capacity;
    entry *by_key;
    perf_writers lmem, ddr;
    int32_t *layer_of;     /* per command of the part */
    uint32_t subgraph;
    int32_t *weight_at;    /* weight indices sorted by offset */
    const npu_program *program;
    int32_t *writer_of;    /* per tensor: the layer that stores it, NOBODY or SEVERAL */
} work;

enum { NOBODY = -1, SEVERAL = -2 };

void perf_weight_layer(const char *weight, char *out, size_t n)
{
    static const char *const roles[] = {"_i8",     "_int8",  "_bf16",   "_int32",  "_int16",
                                        "_f32",    "_packed", "_reordered", "_table", "_mantissa",
                                        "_pow",    "_filter", "_bias",  "_slope",  "_weight"};
    size_t len = strlen(weight);
    bool cut = true;
    while (cut) {
        cut = false;
        for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
            size_t k = strlen(roles[i]);
            if (len > k && memcmp(weight + len - k, roles[i], k) == 0) {
                len -= k;
                cut = true;
            }
        }
    }
    snprintf(out, n, "%.*s", (int)(len < n ? len : n - 1), weight);
}

static int32_t add_layer(work *w, const char *name, bool inferred)
{
    npu_profile *p = w->p;
    if (p->nlayer == w->capacity) {
        size_t cap = w->capacity ? 2 * w->capacity : 64;
        npu_prof_layer *l = realloc(p->layer, cap * sizeof *l);
        if (!l)
            return PERF_NO_LAYER;
        p->layer = l;
        w->capacity = cap;
    }
    npu_prof_layer *l = &p->layer[p->nlayer];
    *l = (npu_prof_layer){.name = strdup(name), .inferred = inferred, .subgraph = w->subgraph};
    if (!l->name)
        return PERF_NO_LAYER;
    return (int32_t)p->nlayer++;
}

/* Index of the layer NAME in the current sub-graph, made when new; PERF_NO_LAYER: no memory. */
static int32_t layer_named(work *w, const char *name, bool inferred)
{
    char key[NAME_MAX_BYTES + 16];
    entry *e;
    snprintf(key, sizeof key, "%u/%s", w->subgraph, name);
    HASH_FIND_STR(w->by_key, key, e);
    if (e)
        return e->index;
    e = calloc(1, sizeof *e);
    if (e)
        e->key = strdup(key);
    if (!e || !e->key || (e->index = add_layer(w, name, inferred)) == PERF_NO_LAYER) {
        if (e)
            free(e->key);
        free(e);
        return PERF_NO_LAYER;
    }
    HASH_ADD_KEYPTR(hh, w->by_key, e->key, strlen(e->key), e);
    return e->index;
}

/* Layer of a weight.  Filters, biases and records are stored as (1, channels, ...), which gives the
 * layer's output channels even where every command computes only some of them. */
static int32_t weight_layer(work *w, int32_t weight)
{
    const npu_weight *x = &w->model->weight[weight];
    char name[NAME_MAX_BYTES];
    perf_weight_layer(x->name, name, sizeof name);
    int32_t layer = layer_named(w, name, false);
    if (layer != PERF_NO_LAYER && x->ndim == 4 && x->dim[1] > w->p->layer[layer].out_c &&
        x->dim[1] <= UINT16_MAX)
        w->p->layer[layer].out_c = (uint32_t)x->dim[1];
    return layer;
}

/* Layer of a command without weights: its kind applied to the producer of its input. */
static int32_t derived_layer(work *w, npu_kind kind, int32_t producer)
{
    char name[NAME_MAX_BYTES];
    const char *of = producer == PERF_NO_LAYER ? "input" : w->p->layer[producer].name;
    const char *open = strchr(of, '(');
    if (producer != PERF_NO_LAYER && w->p->layer[producer].inferred && open) {
        /* keep names short: a chain of unnamed layers counts its steps */
        int step = 1;
        const char *plus = strrchr(of, '+');
        size_t len = strcspn(open + 1, "+)");
        if (plus)
            step = atoi(plus + 1) + 1;
        snprintf(name, sizeof name, "%s(%.*s+%d)", npu_kind_table[kind].mnemonic, (int)len,
                 open + 1, step);
    } else {
        snprintf(name, sizeof name, "%s(%.100s)", npu_kind_table[kind].mnemonic, of);
    }
    return layer_named(w, name, true);
}

/* --- address spaces --------------------------------------------------------------------------- */

static uint64_t lane_offset(const work *w, uint64_t addr)
{
    return addr % (uint64_t)NPU_GET(w->chip, lmem_lane_bytes);
}

/* Bytes of a lane from the start of a tensor to its end. */
static uint64_t lane_extent(const work *w, uint64_t n, uint64_t c, uint64_t h, uint64_t row,
                            uint64_t n_str, uint64_t c_str, uint64_t h_str)
{
    uint64_t lanes = (uint64_t)NPU_GET(w->chip, tpu_lanes);
    return (n - 1) * n_str + (c - 1) / lanes * c_str + (h - 1) * h_str + row;
}

static uint64_t opnd_extent(const work *w, const npu_opnd *o)
{
    uint64_t row = (uint64_t)o->w * o->bytes, area = row * o->h;
    uint64_t slices = (o->c + (uint64_t)NPU_GET(w->chip, tpu_lanes) - 1) /
                      (uint64_t)NPU_GET(w->chip, tpu_lanes);
    uint64_t aligned = (area + 15) / 16 * 16;
    if (o->mode != 3)
        return o->n * slices * aligned;
    return lane_extent(w, o->n, o->c, o->h, row, o->n_str, o->c_str, o->h_str);
}

/* DDR byte as one number: memory select above bit 40, as in the container. */
static uint64_t ddr_addr(uint8_t sel, uint64_t addr)
{
    return (uint64_t)sel << 40 | (addr & ((UINT64_C(1) << 40) - 1));
}

/* Offset of a weight in the weight section. */
static uint64_t in_section(const npu_weight *x)
{
    return (uint64_t)x->offset & ((UINT64_C(1) << 40) - 1);
}

/* Weight that holds the byte at OFFSET of the weight section; -1: none. */
static int32_t weight_holding(const work *w, uint64_t offset)
{
    size_t lo = 0, hi = w->model->nweight;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (in_section(&w->model->weight[w->weight_at[mid]]) <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return -1;
    const npu_weight *x = &w->model->weight[w->weight_at[lo - 1]];
    return offset < in_section(x) + x->size ? w->weight_at[lo - 1] : -1;
}

/* --- one command ------------------------------------------------------------------------------ */

static void note_load(work *w, const npu_tdma *t, uint32_t cmd)
{
    perf_writer x = {.load = cmd, .layer = PERF_NO_LAYER, .weight = -1};
    if (t->src_sel == NPU_MEM_WEIGHT) {
        x.weight = weight_holding(w, t->src);
    } else {
        const perf_writer *from = perf_writer_of(&w->ddr, ddr_addr(t->src_sel, t->src));
        x.layer = from ? from->layer : PERF_NO_LAYER;
    }
    x.start = lane_offset(w, t->dst);
    x.end = x.start + lane_extent(w, t->n, t->dst_c, t->dst_h ? t->dst_h : 1,
                                  (uint64_t)t->dst_w * t->dst_bytes, t->dst_n_str, t->dst_c_str,
                                  t->dst_h_str);
    perf_wrote(&w->lmem, x);
}

static int32_t source_layer(work *w, const npu_tdma *t)
{
    const perf_writer *x = perf_writer_of(&w->lmem, lane_offset(w, t->src));
    return x ? x->layer : PERF_NO_LAYER;
}

static void note_store(work *w, const npu_tdma *t, int32_t layer)
{
    uint64_t start = ddr_addr(t->dst_sel, t->dst);
    uint64_t end = start + (uint64_t)(t->n - 1) * t->dst_n_str +
                   (uint64_t)(t->dst_c - 1) * t->dst_c_str +
                   (uint64_t)(t->dst_h ? t->dst_h - 1 : 0) * t->dst_h_str +
                   (uint64_t)t->dst_w * t->dst_bytes;
    perf_wrote(&w->ddr, (perf_writer){start, end, layer, -1, UINT32_MAX, t->dst_c});
}

/* The only tensor of the program a store can belong to, -1: none or several.  Buffers are reused,
 * so the place alone does not tell; rows and planes must have the tensor's size. */
static int32_t stored_tensor(const work *w, const npu_tdma *t)
{
    uint64_t at = ddr_addr(t->dst_sel, t->dst);
    int32_t found = -1;
    for (size_t i = 0; i < w->program->ntensor; i++) {
        const npu_tensor *x = &w->program->tensor[i];
        if (x->offset < 0 || at < (uint64_t)x->offset || x->ndim != 4 ||
            at >= (uint64_t)x->offset + npu_tensor_bytes(x))
            continue;
        uint64_t row = (uint64_t)x->dim[3] * npu_dtype_bytes(x->dtype);
        if (t->matrix || t->dst_h_str != row || t->dst_c_str != row * (uint64_t)x->dim[2] ||
            t->dst_c > x->dim[1])
            continue;
        if (found >= 0)
            return -1;
        found = (int32_t)i;
    }
    return found;
}

static void note_tensor(work *w, const npu_tdma *t, int32_t layer)
{
    int32_t i = layer == PERF_NO_LAYER ? -1 : stored_tensor(w, t);
    if (i < 0)
        return;
    if (w->writer_of[i] == NOBODY)
        w->writer_of[i] = layer;
    else if (w->writer_of[i] != layer)
        w->writer_of[i] = SEVERAL;
}

static int32_t tdma_layer(work *w, const npu_tdma *t, uint32_t cmd)
{
    int32_t layer = PERF_NO_LAYER;
    if (t->dir == 0) {
        note_load(w, t, cmd);
        return PERF_NO_LAYER; /* claimed by its reader */
    }
    if (t->dir == 1 || t->dir == 3)
        layer = source_layer(w, t);
    if (t->dir == 1) {
        note_store(w, t, layer);
        note_tensor(w, t, layer);
    }
    if (t->dir == 3) {
        uint64_t start = lane_offset(w, t->dst);
        perf_wrote(&w->lmem,
                   (perf_writer){start,
                                 start + lane_extent(w, t->n, t->dst_c, t->dst_h ? t->dst_h : 1,
                                                     (uint64_t)t->dst_w * t->dst_bytes,
                                                     t->dst_n_str, t->dst_c_str, t->dst_h_str),
                                 layer, -1, UINT32_MAX, t->dst_c});
    }
    return layer;
}

/* The operand's writer; a load it finds is claimed for LAYER when that is known. */
static perf_writer *operand(work *w, uint32_t addr)
{
    return perf_writer_of(&w->lmem, lane_offset(w, addr));
}

static void claim(work *w, const perf_writer *x, int32_t layer)
{
    if (x && x->load != UINT32_MAX && w->layer_of[x->load] == PERF_NO_LAYER)
        w->layer_of[x->load] = layer;
}

static int32_t tiu_layer(work *w, const npu_cmd *c)
{
    const npu_tiu *t = &c->u.tiu;
    const perf_writer *a = t->a.constant ? NULL : operand(w, t->a.addr);
    const perf_writer *b = t->b.constant ? NULL : operand(w, t->b.addr);
    const perf_writer *bias = t->bias ? operand(w, t->bias_addr) : NULL;
    const perf_writer *acc = t->accumulate ? operand(w, t->res.addr) : NULL;
    int32_t layer;
    if (b && b->weight >= 0)
        layer = weight_layer(w, b->weight);
    else if (bias && bias->weight >= 0)
        layer = weight_layer(w, bias->weight);
    else if (acc && acc->layer != PERF_NO_LAYER && acc->load == UINT32_MAX &&
             w->p->layer[acc->layer].inferred)
        layer = acc->layer; /* the second half of an addition */
    else
        layer = derived_layer(w, (npu_kind)c->kind, a ? a->layer : PERF_NO_LAYER);
    claim(w, a, layer);
    claim(w, b, layer);
    claim(w, bias, layer);
    if (layer == PERF_NO_LAYER)
        return layer;
    npu_prof_layer *l = &w->p->layer[layer];
    if (c->kind >= NPU_KIND_MUL && a && a->layer != PERF_NO_LAYER && a->channels == t->a.c &&
        w->p->layer[a->layer].out_c > l->out_c)
        l->out_c = w->p->layer[a->layer].out_c; /* sliced like its producer */
    uint64_t start = lane_offset(w, t->res.addr);
    perf_wrote(&w->lmem, (perf_writer){start, start + opnd_extent(w, &t->res), layer, -1,
                                       UINT32_MAX, t->res.c});
    return layer;
}

/* --- whole parts ------------------------------------------------------------------------------ */

/* Commands nobody claimed go with the next TIU command, or the last one. */
static npu_status settle(work *w, const perf_part *part, npu_err *err)
{
    int32_t next = PERF_NO_LAYER;
    for (uint32_t i = part->n; i-- > 0;) {
        if (w->layer_of[i] == PERF_NO_LAYER)
            w->layer_of[i] = next;
        if (part->cmd[i].engine == NPU_ENGINE_TIU)
            next = w->layer_of[i];
    }
    for (uint32_t i = 0; i < part->n; i++) {
        if (w->layer_of[i] == PERF_NO_LAYER)
            w->layer_of[i] = next != PERF_NO_LAYER ? next : layer_named(w, "transfers", true);
        if (w->layer_of[i] == PERF_NO_LAYER)
            return npu_fail(err, NPU_LIMIT, "out of memory");
        next = w->layer_of[i];
    }
    return NPU_OK;
}

static npu_status tpu_part(work *w, const perf_part *part, npu_err *err)
{
    w->layer_of = malloc(((size_t)part->n + 1) * sizeof *w->layer_of);
    if (!w->layer_of)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    w->lmem.n = 0;
    for (uint32_t i = 0; i < part->n; i++) {
        const npu_cmd *c = &part->cmd[i];
        w->layer_of[i] = PERF_NO_LAYER;
        w->layer_of[i] = c->engine == NPU_ENGINE_TIU ? tiu_layer(w, c)
                                                     : tdma_layer(w, &c->u.tdma, i);
        if (c->engine == NPU_ENGINE_TIU && w->layer_of[i] == PERF_NO_LAYER)
            return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    return settle(w, part, err);
}

static npu_status one_part(work *w, const perf_part *part, npu_trace *trace, npu_err *err)
{
    npu_status s = NPU_OK;
    int32_t cpu_layer = PERF_NO_LAYER;
    w->layer_of = NULL;
    if (part->cpu) {
        cpu_layer = layer_named(w, part->routine->section, false);
        if (cpu_layer == PERF_NO_LAYER)
            s = npu_fail(err, NPU_LIMIT, "out of memory");
    } else {
        s = tpu_part(w, part, err);
    }
    for (uint32_t i = 0; i < trace->count && s == NPU_OK; i++) {
        npu_span *x = &trace->span[i];
        if (x->subgraph == w->subgraph)
            x->layer = (uint32_t)(part->cpu ? cpu_layer : w->layer_of[x->cmd]);
    }
    free(w->layer_of);
    return s;
}

static int by_offset(const void *a, const void *b, void *weights)
{
    const npu_weight *w = weights;
    int64_t x = w[*(const int32_t *)a].offset, y = w[*(const int32_t *)b].offset;
    return x < y ? -1 : x > y;
}

static npu_status sort_weights(work *w, npu_err *err)
{
    w->weight_at = malloc((w->model->nweight + 1) * sizeof *w->weight_at);
    if (!w->weight_at)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < w->model->nweight; i++)
        w->weight_at[i] = (int32_t)i;
    qsort_r(w->weight_at, w->model->nweight, sizeof *w->weight_at, by_offset, w->model->weight);
    return NPU_OK;
}

/* Layers without weights take the name of the one tensor they alone store. */
static npu_status rename_by_tensor(work *w, npu_err *err)
{
    for (size_t i = 0; i < w->program->ntensor; i++) {
        const char *name = w->program->tensor[i].name;
        int32_t layer = w->writer_of[i];
        if (layer < 0 || !name || !w->p->layer[layer].inferred)
            continue;
        bool taken = false;
        for (size_t k = 0; k < w->p->nlayer; k++)
            taken |= strcmp(w->p->layer[k].name, name) == 0;
        if (taken)
            continue;
        char *copy = strdup(name);
        if (!copy)
            return npu_fail(err, NPU_LIMIT, "out of memory");
        free(w->p->layer[layer].name);
        w->p->layer[layer].name = copy;
        w->p->layer[layer].inferred = false;
    }
    return NPU_OK;
}

npu_status perf_layers(const perf_prog *g, const npu_chip *chip, npu_trace *trace,
                       npu_profile *profile, npu_err *err)
{
    work w = {.model = g->model, .chip = chip, .p = profile, .program = g->program};
    npu_status s = sort_weights(&w, err);
    w.writer_of = malloc((g->program->ntensor + 1) * sizeof *w.writer_of);
    if (!w.writer_of)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < g->program->ntensor && s == NPU_OK; i++)
        w.writer_of[i] = NOBODY;
    for (size_t i = 0; i < g->n && s == NPU_OK; i++) {
        w.subgraph = (uint32_t)i;
        s = one_part(&w, &g->part[i], trace, err);
    }
    if (s == NPU_OK)
        s = rename_by_tensor(&w, err);
    entry *e, *next;
    HASH_ITER(hh, w.by_key, e, next)
    {
        HASH_DEL(w.by_key, e);
        free(e->key);
        free(e);
    }
    free(w.weight_at);
    free(w.writer_of);
    return s;
}
