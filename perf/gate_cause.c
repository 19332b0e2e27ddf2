/* Why a rule is broken, as lines for its report. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/diff.h"
#include "perf/gate.h"

enum { CAUSES = 3 };

npu_status gate_cause(npu_check *c, npu_err *err, const char *fmt, ...)
{
    char **grown = realloc(c->cause, (c->ncause + 1) * sizeof *grown);
    va_list ap;
    if (grown)
        c->cause = grown;
    va_start(ap, fmt);
    int n = grown ? vasprintf(&grown[c->ncause], fmt, ap) : -1;
    va_end(ap);
    if (n < 0)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    c->ncause++;
    return NPU_OK;
}

static npu_status from_diff(npu_check *c, const prof_facts *base, const prof_facts *now,
                            const char *subgraph, npu_err *err)
{
    npu_diff *d;
    NPU_TRY(prof_diff(base, now, &d, err));
    npu_status s = NPU_OK;
    for (size_t i = 0; i < d->nrow && s == NPU_OK && c->ncause < CAUSES; i++) {
        const npu_diff_row *r = &d->row[i];
        if (subgraph && strcmp(subgraph, r->subgraph) != 0)
            continue;
        s = gate_cause(c, err, "%s: %+" PRId64 " cycles, %.6g -> %.6g ms, %+" PRId64 " B; %s: %s",
                       r->name, r->delta, r->old_ms, r->new_ms, r->new_bytes - r->old_bytes,
                       r->nwhy ? npu_diff_cause_word(r->why[0].id) : "",
                       r->nwhy ? r->why[0].text : "");
    }
    npu_diff_free(d);
    return s;
}

/* Layers with the largest share, by bytes or by time. */
static npu_status largest(npu_check *c, const prof_facts *f, bool bytes, const char *subgraph,
                          npu_err *err)
{
    int64_t last = INT64_MAX;
    size_t last_at = 0;
    for (int k = 0; k < CAUSES; k++) {
        const prof_layer *best = NULL;
        int64_t most = -1;
        size_t at = 0;
        for (size_t i = 0; i < f->nlayer; i++) {
            const prof_layer *l = &f->layer[i];
            int64_t v = bytes ? l->ddr_bytes : l->exclusive;
            bool later = v < last || (v == last && k && i > last_at);
            if (later && v > most && (!subgraph || strcmp(subgraph, l->subgraph) == 0)) {
                best = l;
                most = v;
                at = i;
            }
        }
        if (!best || most == 0)
            return NPU_OK;
        last = most;
        last_at = at;
        if (bytes)
            NPU_TRY(gate_cause(c, err, "%s: %" PRId64 " B", best->name, best->ddr_bytes));
        else
            NPU_TRY(gate_cause(c, err, "%s: %.6g ms; %s", best->name, best->latency_ms, best->why));
    }
    return NPU_OK;
}

npu_status gate_causes(npu_check *c, const gate_object *o, const budget_metric *m,
                       const prof_facts *base, npu_err *err)
{
    const char *subgraph = o->scope == BUDGET_SUBGRAPH ? o->name : NULL;
    if (o->scope == BUDGET_RESPONSE)
        return NPU_OK;
    if (o->scope == BUDGET_LAYER)
        return gate_cause(c, err, "%s", ((const prof_layer *)o->object)->why);
    if (base && !gate_why_incomparable(base, o->facts, NULL, 0))
        NPU_TRY(from_diff(c, base, o->facts, subgraph, err));
    if (c->ncause == 0 && (m->unit == LIMIT_BYTES || m->error))
        return largest(c, o->facts, m->unit == LIMIT_BYTES, subgraph, err);
    return NPU_OK;
}
