/* Sums per layer and the reason for each bound. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/work.h"
#include "perf/collect.h"

/* Busy ticks of a layer by kind and by cause, while it is summed. */
typedef struct {
    int64_t kind[NPU_KINDS];
    int64_t cause[NPU_CAUSES];  /* busy time, whether critical or not */
    int64_t mac_ticks_x1000;    /* MACs over the peak of their type, in 1/1000 ticks */
    bool bf16;
} tally;

static void shape_of(npu_prof_layer *l, const npu_cmd *c)
{
    if (l->out_h) /* known from the file */
        return;
    const npu_tiu *t = &c->u.tiu;
    l->out_c = t->res.c > l->out_c ? t->res.c : l->out_c;
    l->out_w = t->res.w;
    if (c->kind <= NPU_KIND_MINPOOL) {
        l->kh = t->b.h;
        l->kw = t->b.w;
        l->sh = t->stride_h;
        l->sw = t->stride_w;
    }
}

static void add_span(const npu_profile *p, npu_prof_layer *l, tally *y, const npu_span *s,
                     const npu_cmd *c)
{
    int64_t dur = s->end - s->start;
    if (l->n_tiu + l->n_tdma == 0 || s->start < l->start)
        l->start = s->start;
    l->end = s->end > l->end ? s->end : l->end;
    l->read += s->read;
    l->write += s->write;
    l->macs += s->macs;
    y->kind[s->kind] += dur;
    y->cause[s->cause] += dur - s->fixed;
    y->cause[NPU_CAUSE_FIXED] += s->fixed;
    if (s->unit == NPU_UNIT_TIU) {
        bool bf16 = c->u.tiu.bf16;
        l->tiu += dur;
        l->n_tiu++;
        y->bf16 |= bf16;
        y->mac_ticks_x1000 += (int64_t)((double)s->macs * 1000 / hw_peak_macs(p->chip, bf16));
    } else if (s->unit != NPU_UNIT_CPU) {
        l->tdma += dur;
        l->n_tdma++;
        if (s->unit == NPU_UNIT_LOAD && c->u.tdma.src_sel == NPU_MEM_WEIGHT)
            l->weight += s->read;
    }
    if (s->critical) {
        l->exclusive += s->critical;
        l->crit[NPU_CAUSE_FIXED] += s->critical - dur + s->fixed;
        l->crit[s->cause] += dur - s->fixed;
    }
}

static npu_kind busiest(const tally *y)
{
    int best = 0;
    for (int k = 1; k < NPU_KINDS; k++) /* TIU kinds come first and win over transfers */
        if (y->kind[k] > y->kind[best] && (k < NPU_KIND_LOAD || y->kind[best] == 0 ||
                                           best >= NPU_KIND_LOAD))
            best = k;
    return (npu_kind)best;
}

static npu_cause largest(const int64_t *x)
{
    int best = 0;
    for (int c = 1; c < NPU_CAUSES; c++)
        if (x[c] > x[best])
            best = c;
    return (npu_cause)best;
}

/* Rows the layer computes over all its slices; rows that two slices both compute (halo) count
 * twice, because they cost twice. */
static uint32_t total_rows(uint64_t elements, const npu_prof_layer *l)
{
    uint64_t plane = (uint64_t)l->out_c * l->out_w;
    return plane ? (uint32_t)((elements + plane - 1) / plane) : 0;
}

static const char *hidden(const npu_prof_layer *l)
{
    return l->exclusive ? "" : "Hidden behind other work; when busy: ";
}

static npu_status explain(const npu_profile *p, npu_prof_layer *l, const tally *y, npu_err *err)
{
    char **say = NULL;
    size_t n = 0;
    double util = 100 * l->mac_utilisation, us = 1e6 / p->tick_hz;
    double part = (double)l->crit[l->bound], all = (double)l->exclusive;
    if (!l->exclusive) {
        part = (double)y->cause[l->bound];
        all = (double)(l->tiu + l->tdma);
    }
    double share = all > 0 ? 100 * part / all : 0;
    npu_status s;
    switch (l->bound) {
    case NPU_CAUSE_MAC:
        s = perf_say(&say, &n, err, "%sMAC array %.0f %% of its time, %.0f %% of the array's peak "
                     "while the TIU works.", hidden(l), share, util);
        break;
    case NPU_CAUSE_VECTOR:
        s = perf_say(&say, &n, err, "%s%s %.0f %% of its time; such work does not use the MAC "
                     "array.", hidden(l), npu_kind_table[l->kind].title, share);
        break;
    case NPU_CAUSE_LMEM:
        s = perf_say(&say, &n, err, "%slocal memory %.0f %% of its time: operands or rows that do "
                     "not fill 16-byte words (MAC array at %.0f %%).", hidden(l), share, util);
        break;
    case NPU_CAUSE_DDR:
        s = perf_say(&say, &n, err, "%sDDR %.0f %% of its time: %.0f KiB read, %.0f KiB written, "
                     "TIU busy %.1f us of %.1f us.", hidden(l), share, (double)l->read / 1024,
                     (double)l->write / 1024, (double)l->tiu * us,
                     (double)(l->end - l->start) * us);
        break;
    case NPU_CAUSE_CPU:
        s = perf_say(&say, &n, err, "Runs on the CPU; the cost is an estimate of the chip file.");
        break;
    default:
        s = perf_say(&say, &n, err, "%sfixed cost and synchronisation %.0f %% of its time: %u "
                     "short commands.", hidden(l), share, l->n_tiu + l->n_tdma);
        break;
    }
    if (s == NPU_OK)
        l->why = say[0];
    free(say);
    return s;
}

/* Shape from the tensor of the same name, where the file lists one; else from the commands. */
static void output_shape(const npu_program *g, npu_prof_layer *l, uint64_t elements)
{
    const npu_tensor *t = npu_program_tensor(g, l->name);
    if (l->out_h)
        return;
    l->out_h = total_rows(elements, l);
    if (!t || t->ndim != 4 || l->tiu == 0)
        return;
    l->out_c = (uint32_t)t->dim[1];
    l->out_h = (uint32_t)t->dim[2];
    l->out_w = (uint32_t)t->dim[3];
}

/* A layer without a name of its own was called after its first command; its name says what most of
 * its time is. */
static npu_status rename_by_kind(npu_prof_layer *l, npu_err *err)
{
    const char *open = strchr(l->name, '(');
    char *name;
    if (!l->inferred || !open)
        return NPU_OK;
    if (asprintf(&name, "%s%s", npu_kind_table[l->kind].mnemonic, open) < 0)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    free(l->name);
    l->name = name;
    return NPU_OK;
}

static npu_status finish(const perf_prog *g, npu_profile *p, npu_prof_layer *l, const tally *y,
                         uint64_t elements, npu_err *err)
{
    l->kind = busiest(y);
    NPU_TRY(rename_by_kind(l, err));
    l->bf16 = y->bf16;
    output_shape(g->program, l, elements);
    l->bound = largest(l->exclusive ? l->crit : y->cause);
    double cores = g->model->cores ? g->model->cores : 1; /* one span stands for all of them */
    if (l->tiu)
        l->mac_utilisation = (double)y->mac_ticks_x1000 / 1000 / (double)l->tiu / cores;
    return explain(p, l, y, err);
}

/* Layers by first start; spans refer to them by index, so those move along. */
static int by_start(const void *a, const void *b, void *layers)
{
    const npu_prof_layer *l = layers;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    if (l[i].start != l[k].start)
        return l[i].start < l[k].start ? -1 : 1;
    return i < k ? -1 : i > k;
}

static npu_status sort_layers(npu_profile *p, npu_trace *trace, npu_err *err)
{
    size_t n = p->nlayer;
    uint32_t *order = malloc((n + 1) * 2 * sizeof *order), *place = order + n + 1;
    npu_prof_layer *sorted = malloc((n + 1) * sizeof *sorted);
    if (!order || !sorted) {
        free(order);
        free(sorted);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof *order, by_start, p->layer);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = p->layer[order[i]];
        place[order[i]] = (uint32_t)i;
    }
    for (uint32_t i = 0; i < trace->count; i++)
        trace->span[i].layer = place[trace->span[i].layer];
    free(p->layer);
    p->layer = sorted;
    free(order);
    return NPU_OK;
}

npu_status perf_layer_totals(const perf_prog *g, npu_profile *p, npu_trace *trace, npu_err *err)
{
    tally *y = calloc(p->nlayer + 1, sizeof *y);
    uint64_t *elements = calloc(p->nlayer + 1, sizeof *elements);
    npu_status s = y && elements ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < trace->count && s == NPU_OK; i++) {
        const npu_span *x = &trace->span[i];
        const npu_cmd *c = x->cmd == NPU_NO_SPAN ? NULL : &g->part[x->subgraph].cmd[x->cmd];
        add_span(p, &p->layer[x->layer], &y[x->layer], x, c);
    }
    for (uint32_t i = 0; i < trace->count && s == NPU_OK; i++) {
        const npu_span *x = &trace->span[i];
        if (x->unit == NPU_UNIT_TIU && x->kind == busiest(&y[x->layer])) {
            const npu_cmd *c = &g->part[x->subgraph].cmd[x->cmd];
            shape_of(&p->layer[x->layer], c);
            elements[x->layer] += (uint64_t)c->u.tiu.res.n * c->u.tiu.res.c * c->u.tiu.res.h *
                                  c->u.tiu.res.w;
        }
    }
    for (size_t i = 0; i < p->nlayer && s == NPU_OK; i++)
        s = finish(g, p, &p->layer[i], &y[i], elements[i], err);
    free(y);
    free(elements);
    return s == NPU_OK ? sort_layers(p, trace, err) : s;
}
