/* Curves, knees and Pareto front of a whole sweep; see derive.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "perf/derive.h"

static bool is_ok(const npu_sweep *s, size_t i)
{
    return s->point[i].result.status == NPU_POINT_OK;
}

/* Whether the ok points have two values of KEY[k]. */
static bool varies(const npu_sweep *s, size_t k)
{
    const double *first = NULL;
    for (size_t i = 0; i < s->n; i++) {
        if (!is_ok(s, i))
            continue;
        if (!first)
            first = &s->point[i].value[k];
        else if (s->point[i].value[k] != *first)
            return true;
    }
    return false;
}

static size_t choose_axis(const npu_sweep *s)
{
    size_t axis = s->nkey;
    for (size_t k = s->nkey; k-- > 0;)
        if (varies(s, k))
            axis = k;
    for (size_t k = 0; k < s->nkey; k++)
        if (s->key[k] == NPU_NUM_ddr_bandwidth_mbps && varies(s, k))
            axis = k;
    return axis;
}

/* Order of models and of all keys but the axis: 0 for points of one curve. */
static int same_line(const npu_sweep *s, uint32_t i, uint32_t j)
{
    const npu_sweep_point *a = &s->point[i], *b = &s->point[j];
    if (a->model != b->model)
        return a->model < b->model ? -1 : 1;
    for (size_t k = 0; k < s->nkey; k++)
        if (k != s->axis && a->value[k] != b->value[k])
            return a->value[k] < b->value[k] ? -1 : 1;
    return 0;
}

static int by_line(const void *x, const void *y, void *arg)
{
    const npu_sweep *s = arg;
    uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
    int line = same_line(s, i, j);
    double a = s->point[i].value[s->axis], b = s->point[j].value[s->axis];
    return line ? line : a != b ? (a < b ? -1 : 1) : i < j ? -1 : i > j;
}

static int by_first(const void *x, const void *y)
{
    const npu_sweep_line *a = x, *b = y;
    uint32_t i = a->point[0], j = b->point[0];
    for (size_t k = 1; k < a->n; k++)
        i = a->point[k] < i ? a->point[k] : i;
    for (size_t k = 1; k < b->n; k++)
        j = b->point[k] < j ? b->point[k] : j;
    return i < j ? -1 : i > j;
}

/* What tells this curve from the others: "tpu.clock_mhz 500, ddr.contention 0.25". */
static char *line_name(const npu_sweep *s, uint32_t point, const bool *vary)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    const npu_sweep_point *p = &s->point[point];
    if (!f)
        return NULL;
    if (s->nmodel > 1)
        fputs(s->model[p->model].name, f);
    for (size_t k = 0; k < s->nkey; k++)
        if (k != s->axis && vary[k])
            fprintf(f, "%s%s %s", ftell(f) > 0 ? ", " : "", npu_num_table[s->key[k]].key,
                    num_exact(p->value[k]).s);
    return fclose(f) == 0 ? text : NULL;
}

static npu_status knees(const npu_sweep *s, npu_sweep_line *l, npu_err *err)
{
    double *b = malloc(3 * l->n * sizeof *b), *t = b + l->n, *m = t + l->n;
    if (!b)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < l->n; i++) {
        const npu_sweep_point *p = &s->point[l->point[i]];
        b[i] = p->value[s->axis];
        t[i] = p->result.metric[NPU_METRIC_latency_ms];
        m[i] = p->result.metric[NPU_METRIC_memory_share];
    }
    l->unlimited_ms = s->point[l->point[l->n - 1]].result.metric[NPU_METRIC_unlimited_ms];
    perf_knees k = perf_knee(b, t, m, l->n, l->unlimited_ms);
    bool ddr = s->key[s->axis] == NPU_NUM_ddr_bandwidth_mbps;
    l->k95 = ddr ? k.k95 : NAN;
    l->ke = ddr ? k.ke : NAN;
    l->kd = ddr ? k.kd : NAN;
    l->reached = ddr && k.reached;
    free(b);
    return NPU_OK;
}

static npu_status add_line(npu_sweep *s, const uint32_t *point, size_t n, const bool *vary,
                           npu_err *err)
{
    npu_sweep_line *list = realloc(s->line, (s->nline + 1) * sizeof *list);
    if (!list)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    s->line = list;
    npu_sweep_line *l = &list[s->nline];
    *l = (npu_sweep_line){.model = s->point[point[0]].model, .n = n};
    l->point = malloc(n * sizeof *l->point);
    l->name = line_name(s, point[0], vary);
    s->nline++;
    if (!l->point || !l->name)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    memcpy(l->point, point, n * sizeof *l->point);
    return knees(s, l, err);
}

static npu_status lines(npu_sweep *s, uint32_t *order, bool *vary, npu_err *err)
{
    size_t n = 0, from = 0;
    for (size_t i = 0; i < s->n; i++)
        if (is_ok(s, i))
            order[n++] = (uint32_t)i;
    for (size_t k = 0; k < s->nkey; k++)
        vary[k] = varies(s, k);
    qsort_r(order, n, sizeof *order, by_line, s);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && same_line(s, order[i - 1], order[i]) == 0)
            continue;
        if (i - from > 1) /* one point is no curve */
            NPU_TRY(add_line(s, order + from, i - from, vary, err));
        from = i;
    }
    if (s->nline > 1)
        qsort(s->line, s->nline, sizeof *s->line, by_first);
    return NPU_OK;
}

/* Latency against what a product pays for; without such a key, against traffic. */
static void default_goals(npu_sweep *s)
{
    static const npu_num paid[] = {NPU_NUM_ddr_bandwidth_mbps, NPU_NUM_tpu_clock_mhz,
                                   NPU_NUM_cpu_clock_mhz};
    if (s->ngoal)
        return;
    s->goal[s->ngoal++] = NPU_METRIC_latency_ms;
    for (size_t i = 0; i < sizeof paid / sizeof *paid; i++)
        for (size_t k = 0; k < s->nkey; k++)
            if (s->key[k] == paid[i] && varies(s, k))
                s->goal[s->ngoal++] = NPU_METRICS + (int)k;
    if (s->ngoal == 1)
        s->goal[s->ngoal++] = NPU_METRIC_ddr_bytes;
}

static npu_status front_of(npu_sweep *s, uint32_t model, double *tuple, bool *front, uint32_t *at,
                           npu_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!is_ok(s, i) || s->point[i].model != model)
            continue;
        for (size_t g = 0; g < s->ngoal; g++)
            tuple[n * s->ngoal + g] = s->goal[g] < NPU_METRICS
                                          ? s->point[i].result.metric[s->goal[g]]
                                          : s->point[i].value[s->goal[g] - NPU_METRICS];
        at[n++] = (uint32_t)i;
    }
    NPU_TRY(perf_pareto(tuple, n, s->ngoal, front, err));
    for (size_t i = 0; i < n; i++)
        s->point[at[i]].front = front[i];
    return NPU_OK;
}

static void forget(npu_sweep *s)
{
    for (size_t i = 0; i < s->nline; i++) {
        free(s->line[i].point);
        free(s->line[i].name);
    }
    free(s->line);
    s->line = NULL;
    s->nline = 0;
    for (size_t i = 0; i < s->n; i++)
        s->point[i].front = false;
}

npu_status perf_derive(npu_sweep *s, npu_err *err)
{
    forget(s);
    s->axis = choose_axis(s);
    default_goals(s);
    uint32_t *order = malloc((s->n + 1) * sizeof *order);
    bool *flag = calloc(s->n + s->nkey + 1, sizeof *flag);
    double *tuple = malloc((s->n + 1) * s->ngoal * sizeof *tuple);
    npu_status st = NPU_OK;
    if (!order || !flag || !tuple)
        st = npu_fail(err, NPU_LIMIT, "no memory for the curves of %zu points", s->n);
    if (st == NPU_OK && s->axis < s->nkey)
        st = lines(s, order, flag, err);
    for (uint32_t m = 0; st == NPU_OK && m < s->nmodel; m++)
        st = front_of(s, m, tuple, flag, order, err);
    free(order);
    free(flag);
    free(tuple);
    return st;
}

void npu_sweep_free(npu_sweep *s)
{
    if (!s)
        return;
    forget(s);
    for (size_t i = 0; i < s->nmodel; i++) {
        free(s->model[i].name);
        free(s->model[i].file);
        free(s->model[i].chip);
    }
    for (size_t i = 0; i < s->n; i++)
        free(s->point[i].label);
    free(s->tool);
    free(s->spec);
    free(s->model);
    free(s->key);
    free(s->point);
    free(s->values);
    free(s);
}
