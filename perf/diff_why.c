/* Why a layer's time changed: the first rule that holds leads.
 *
 * A rule only states what the two profiles show; none guesses.  "bandwidth" and "overlap" exclude
 * each other and need unchanged work. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/diff.h"

npu_status prof_why_add(npu_diff_row *row, npu_err *err, npu_diff_cause id, const char *fmt, ...)
{
    npu_diff_why *grown = realloc(row->why, (row->nwhy + 1) * sizeof *grown);
    char *text = NULL;
    va_list ap;
    if (grown)
        row->why = grown;
    va_start(ap, fmt);
    int n = grown ? vasprintf(&text, fmt, ap) : -1;
    va_end(ap);
    if (n < 0)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    row->why[row->nwhy++] = (npu_diff_why){id, text};
    return NPU_OK;
}

typedef struct {
    char s[48];
} percent;

static percent change(double old, double new)
{
    percent p;
    if (old != 0)
        snprintf(p.s, sizeof p.s, " (%+.2f %%)", 100 * (new - old) / old);
    else
        p.s[0] = '\0';
    return p;
}

static bool on_cpu(const prof_facts *f, const prof_layer *l)
{
    for (size_t i = 0; i < f->nsubgraph; i++)
        if (strcmp(f->subgraph[i].name, l->subgraph) == 0)
            return f->subgraph[i].cpu;
    return false;
}

static npu_status partition(const prof_sides *s, const prof_layer *a, const prof_layer *b,
                            npu_diff_row *row, npu_err *err)
{
    bool was = on_cpu(s->old, a), is = on_cpu(s->new, b);
    if (was != is)
        return prof_why_add(row, err, NPU_DIFF_PARTITION, "%s -> %s", was ? "CPU" : "NPU",
                            is ? "CPU" : "NPU");
    if (strcmp(a->subgraph, b->subgraph) != 0)
        return prof_why_add(row, err, NPU_DIFF_PARTITION, "sub-graph %s -> %s", a->subgraph,
                            b->subgraph);
    return NPU_OK;
}

/* What the shape makes the array do: MACs, or outputs where there are none. */
static double work_of(const prof_layer *l)
{
    return l->macs ? (double)l->macs : (double)l->out_c * (double)l->out_h * (double)l->out_w;
}

static bool same_shape(const prof_layer *a, const prof_layer *b)
{
    return a->out_c == b->out_c && a->out_h == b->out_h && a->out_w == b->out_w;
}

/* Another shape that costs over 1 % more TIU time for the same work. */
static npu_status align(const prof_layer *a, const prof_layer *b, npu_diff_row *row, npu_err *err)
{
    double old = work_of(a), new = work_of(b);
    if (same_shape(a, b) || old <= 0 || new <= 0 || a->tiu <= 0 ||
        (double)b->tiu / new <= 1.01 * (double)a->tiu / old)
        return NPU_OK;
    return prof_why_add(row, err, NPU_DIFF_ALIGN,
                        "%s -> %s costs %.1f %% more TIU time for the same work (MAC utilisation "
                        "%.3f -> %.3f)", a->output, b->output,
                        100 * ((double)b->tiu / new / ((double)a->tiu / old) - 1), a->mac_util,
                        b->mac_util);
}

static npu_status param(const prof_layer *a, const prof_layer *b, npu_diff_row *row, npu_err *err)
{
    char text[400] = "";
    size_t n = 0;
    const struct {
        const char *name, *old, *new;
    } words[] = {{"operation", a->op, b->op}, {"output", a->output, b->output},
                 {"type", a->dtype, b->dtype}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].old, words[i].new) != 0 && n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %.50s -> %.50s", n ? ", " : "",
                                  words[i].name, words[i].old, words[i].new);
    if (!n && (a->kernel_h != b->kernel_h || a->kernel_w != b->kernel_w ||
               a->stride_h != b->stride_h || a->stride_w != b->stride_w))
        n = (size_t)snprintf(text, sizeof text, "kernel or stride");
    if (n && a->macs != b->macs && n < sizeof text) /* alone: halos of other tiles, see engine() */
        n += (size_t)snprintf(text + n, sizeof text - n, ", %" PRId64 " -> %" PRId64 " MACs%s",
                              a->macs, b->macs, change((double)a->macs, (double)b->macs).s);
    return n ? prof_why_add(row, err, NPU_DIFF_PARAM, "%s", text) : NPU_OK;
}

static npu_status bytes(const prof_layer *a, const prof_layer *b, npu_diff_row *row, npu_err *err)
{
    char text[240];
    size_t n = 0;
    const struct {
        const char *name;
        int64_t old, new;
    } side[] = {{"read", a->read, b->read}, {"written", a->write, b->write}};
    for (size_t i = 0; i < 2; i++)
        if (side[i].old != side[i].new)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %" PRId64 " -> %" PRId64 " B%s",
                                  n ? ", " : "", side[i].name, side[i].old, side[i].new,
                                  change((double)side[i].old, (double)side[i].new).s);
    if (n && a->weight_bytes != b->weight_bytes)
        n += (size_t)snprintf(text + n, sizeof text - n, ", weights %" PRId64 " -> %" PRId64 " B",
                              a->weight_bytes, b->weight_bytes);
    return n ? prof_why_add(row, err, NPU_DIFF_BYTES, "%s", text) : NPU_OK;
}

static npu_status engine(const prof_sides *s, const prof_layer *a, const prof_layer *b,
                         npu_diff_row *row, npu_err *err)
{
    bool work = a->macs != b->macs;
    npu_diff_cause tiu = s->tpu_differs && !work ? NPU_DIFF_CHIP : NPU_DIFF_COMPUTE;
    npu_diff_cause tdma = s->tpu_differs && !s->ddr_differs ? NPU_DIFF_CHIP : NPU_DIFF_BANDWIDTH;
    if (a->tiu != b->tiu || work)
        NPU_TRY(prof_why_add(row, err, tiu, "TIU busy %" PRId64 " -> %" PRId64 " cycles%s, %" PRId64
                             " -> %" PRId64 " MACs, utilisation %.3f -> %.3f", a->tiu, b->tiu,
                             change((double)a->tiu, (double)b->tiu).s, a->macs, b->macs,
                             a->mac_util, b->mac_util));
    if (a->tdma != b->tdma && a->read == b->read && a->write == b->write)
        NPU_TRY(prof_why_add(row, err, tdma,
                             "%" PRId64 " B take %" PRId64 " -> %" PRId64 " cycles%s",
                             b->ddr_bytes, a->tdma, b->tdma,
                             change((double)a->tdma, (double)b->tdma).s));
    return NPU_OK;
}

static npu_status overlap(const prof_layer *a, const prof_layer *b, npu_diff_row *row,
                          npu_err *err)
{
    int64_t most = 0;
    int c = 0;
    for (int i = 0; i < NPU_CAUSES; i++)
        if (llabs(b->crit[i] - a->crit[i]) > most) {
            most = llabs(b->crit[i] - a->crit[i]);
            c = i;
        }
    return prof_why_add(row, err, NPU_DIFF_OVERLAP,
                        "same work; %+" PRId64 " cycles of it on the critical path, mostly %s",
                        b->exclusive - a->exclusive, prof_cause_key[c]);
}

npu_status prof_why(const prof_sides *s, const prof_layer *old, const prof_layer *new,
                    npu_diff_row *row, npu_err *err)
{
    if (!old || !new) {
        const prof_layer *l = old ? old : new;
        bool fused = s->old->macs == s->new->macs;
        row->moved = true;
        return prof_why_add(row, err, fused ? NPU_DIFF_FUSION : NPU_DIFF_PARAM,
                            "%s %s%s", l->op, old ? "is gone" : "is new",
                            fused ? "; the model's MACs are the same" : "");
    }
    NPU_TRY(partition(s, old, new, row, err));
    NPU_TRY(align(old, new, row, err));
    NPU_TRY(param(old, new, row, err));
    NPU_TRY(bytes(old, new, row, err));
    NPU_TRY(engine(s, old, new, row, err));
    row->moved = row->nwhy > 0;
    if (row->nwhy == 0 && old->exclusive != new->exclusive)
        return overlap(old, new, row, err);
    return NPU_OK;
}
