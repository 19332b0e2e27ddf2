/* The split of a program at a call limit, as part of its profile. */
#include <stdlib.h>

#include "perf/split.h"

/* Last end among the commands before CUT of routine PART: where the drained engines would stand. */
static int64_t drained_at(const npu_trace *trace, uint32_t part, uint32_t cut)
{
    int64_t end = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        const npu_span *s = &trace->span[i];
        if ((s->subgraph < part || (s->subgraph == part && s->cmd < cut)) && s->end > end)
            end = s->end;
    }
    return end;
}

static void traffic(const npu_trace *trace, const perf_call *c, npu_prof_split *out)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        const npu_span *s = &trace->span[i];
        if (s->subgraph != c->part || s->cmd == NPU_NO_SPAN || s->cmd < c->first ||
            s->cmd - c->first >= c->n)
            continue;
        out->macs += s->macs;
        out->read += s->read;
        out->write += s->write;
        if (s->layer < out->first_layer)
            out->first_layer = s->layer;
        if (s->layer > out->last_layer || out->last_layer == UINT32_MAX)
            out->last_layer = s->layer;
    }
}

static npu_status fill(const perf_atoms *atoms, const perf_split *split, const npu_trace *trace,
                       npu_profile *out, npu_err *err)
{
    out->split = calloc(split->n + 1, sizeof *out->split);
    out->safe_point = calloc(atoms->n + 1, sizeof *out->safe_point);
    if (!out->split || !out->safe_point)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < split->n; i++) {
        const perf_call *c = &split->call[i];
        npu_prof_split *o = &out->split[out->nsplit];
        if (c->cpu)
            continue;
        *o = (npu_prof_split){.subgraph = c->part, .first_command = c->first, .commands = c->n,
                              .atoms = c->atoms, .ticks = c->ticks, .over = c->over,
                              .first_layer = UINT32_MAX, .last_layer = UINT32_MAX};
        o->start = drained_at(trace, c->part, c->first);
        traffic(trace, c, o);
        out->nsplit++;
    }
    for (size_t i = 1; i < atoms->n; i++)
        if (atoms->part[i] == atoms->part[i - 1])
            out->safe_point[out->nsafe++] = drained_at(trace, atoms->part[i], atoms->cut[i]);
    out->split_asked = true;
    out->split_limit_ns = split->limit_ns;
    out->split_ticks = split->split_ticks;
    out->unsplit_ticks = split->unsplit_ticks;
    out->longest_atom = split->longest_atom;
    return NPU_OK;
}

npu_status perf_split_profile(const perf_prog *p, const npu_chip *chip, const npu_trace *trace,
                              int64_t limit_ns, npu_profile *out, npu_err *err)
{
    perf_atoms atoms;
    perf_split split;
    NPU_TRY(perf_atoms_find(p, chip, &atoms, err));
    npu_status s = perf_split_make(p, chip, &atoms, limit_ns, false, &split, err);
    if (s == NPU_OK) {
        s = fill(&atoms, &split, trace, out, err);
        perf_split_free(&split);
    }
    perf_atoms_free(&atoms);
    return s;
}
