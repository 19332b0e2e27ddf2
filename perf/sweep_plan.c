/* Specification -> ordered points; see sweep.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "perf/sweep.h"

/* SplitMix64 (Vigna, public domain algorithm): the same numbers on every machine. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 <= x < 1. */
static double draw_unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

static size_t column(const sweep_spec *s, npu_num num)
{
    size_t k = 0;
    while (s->key[k] != num)
        k++;
    return k;
}

static double random_value(const sweep_param *p, uint64_t *state)
{
    double x = draw_unit(state);
    if (p->n)
        return p->value[(size_t)(x * (double)p->n)];
    return num_round(p->log ? p->from * pow(p->to / p->from, x) : p->from + (p->to - p->from) * x,
                     6);
}

/* Points of the mode, without "points"; 0 when there are too many to count. */
static size_t count(const sweep_spec *s)
{
    size_t n = s->mode == SWEEP_GRID && s->nparam > 0;
    if (s->mode == SWEEP_RANDOM)
        return s->nparam ? s->samples : 0;
    if (s->mode == SWEEP_ZIP)
        return s->nparam ? s->param[0].n : 0;
    if (s->mode == SWEEP_OAT && s->nparam)
        n = 1; /* the base itself */
    for (size_t i = 0; i < s->nparam && n <= SWEEP_POINTS_MAX; i++)
        n = s->mode == SWEEP_OAT ? n + s->param[i].n : n * s->param[i].n;
    return n;
}

/* Overrides of point I into ROW, which is all NaN. */
static void fill(const sweep_spec *s, size_t i, uint64_t *state, double *row)
{
    if (s->mode == SWEEP_OAT) {
        if (i-- == 0)
            return;
        size_t p = 0;
        while (i >= s->param[p].n)
            i -= s->param[p++].n;
        row[column(s, s->param[p].num)] = s->param[p].value[i];
        return;
    }
    for (size_t p = s->nparam; p-- > 0;) { /* the last key runs fastest */
        const sweep_param *q = &s->param[p];
        size_t at = s->mode == SWEEP_ZIP ? i : q->n ? i % q->n : 0;
        if (s->mode != SWEEP_RANDOM)
            row[column(s, q->num)] = q->value[at];
        else
            row[column(s, q->num)] = random_value(q, state);
        if (s->mode == SWEEP_GRID)
            i /= q->n;
    }
}

static npu_status allowed(const sweep_spec *s, const double *base, const double *row, bool *ok,
                          npu_err *err)
{
    double num[NPU_NUMS];
    *ok = true;
    if (!s->nconstraint)
        return NPU_OK;
    memcpy(num, base, sizeof num);
    for (size_t k = 0; k < s->nkey; k++)
        if (!isnan(row[k]))
            num[s->key[k]] = row[k];
    for (size_t c = 0; c < s->nconstraint && *ok; c++)
        NPU_TRY(perf_sweep_holds(s->constraint[c], num, ok, s->bad, err));
    return NPU_OK;
}

static npu_status expand(const sweep_spec *s, const double *base, size_t n, sweep_plan *p,
                         npu_err *err)
{
    uint64_t state = s->seed;
    bool ok;
    for (size_t i = 0; i < n + s->nfixed; i++) {
        double *row = p->set + p->n * s->nkey;
        for (size_t k = 0; k < s->nkey; k++)
            row[k] = i < n ? NAN : s->fixed[(i - n) * s->nkey + k];
        if (i < n)
            fill(s, i, &state, row);
        NPU_TRY(allowed(s, base, row, &ok, err));
        if (ok)
            p->label[p->n++] = i < n ? NULL : s->label[i - n];
    }
    return NPU_OK;
}

npu_status perf_sweep_plan(const sweep_spec *s, const double *base, sweep_plan *out, npu_err *err)
{
    size_t n = count(s);
    *out = (sweep_plan){0};
    if (n > SWEEP_POINTS_MAX || n + s->nfixed > SWEEP_POINTS_MAX)
        return npu_fail(err, s->bad, "%s: params: more than %d points; fewer values, or a random "
                        "sample (\"mode\": \"random\"), are needed", s->path, SWEEP_POINTS_MAX);
    out->set = malloc(((n + s->nfixed) * s->nkey + 1) * sizeof *out->set);
    out->label = malloc((n + s->nfixed + 1) * sizeof *out->label);
    npu_status st = out->set && out->label ? expand(s, base, n, out, err)
                                           : npu_fail(err, NPU_LIMIT, "no memory for %zu points",
                                                      n + s->nfixed);
    if (st == NPU_OK && out->n > s->max_points)
        st = npu_fail(err, s->bad, "%s: params: %zu points, limits.max_points allows %zu (at most "
                      "%d)", s->path, out->n, s->max_points, SWEEP_POINTS_MAX);
    if (st == NPU_OK && out->n == 0)
        st = npu_fail(err, s->bad, "%s: constraints: no point of %zu meets them", s->path,
                      n + s->nfixed);
    if (st != NPU_OK)
        perf_sweep_plan_free(out);
    return st;
}

void perf_sweep_plan_free(sweep_plan *p)
{
    free(p->set);
    free(p->label);
    *p = (sweep_plan){0};
}
