/* See derive.h. */
#include "perf/derive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Distance of point I below the chord, times a constant. */
static double below_chord(const double *b, const double *t, size_t n, size_t i)
{
    double x = log(b[i] / b[0]) / log(b[n - 1] / b[0]);
    double y = (t[i] - t[n - 1]) / (t[0] - t[n - 1]);
    return 1 - x - y;
}

perf_knees perf_knee(const double *b, const double *t, const double *m, size_t n, double unlimited)
{
    perf_knees k = {NAN, NAN, NAN, false};
    double farthest = 0;
    if (n < 2 || b[0] <= 0 || b[n - 1] <= b[0])
        return k;
    k.reached = isnan(unlimited) || t[n - 1] <= 1.05 * unlimited;
    for (size_t i = 0; i < n; i++) {
        if (k.reached && isnan(k.k95) && t[i] <= 1.05 * t[n - 1])
            k.k95 = b[i];
        if (isnan(k.ke) && m[i] < 0.5)
            k.ke = b[i];
        if (t[0] > t[n - 1] && below_chord(b, t, n, i) > farthest) {
            farthest = below_chord(b, t, n, i);
            k.kd = b[i];
        }
    }
    return k;
}

double perf_elasticity(const double *b, const double *t, size_t n, size_t i)
{
    size_t from = i > 0 ? i - 1 : 0, to = i + 1 < n ? i + 1 : n - 1;
    return n < 2 || b[to] <= b[from] ? 0 : -log(t[to] / t[from]) / log(b[to] / b[from]);
}

typedef struct {
    const double *tuple;
    size_t k;
} order;

static int by_tuple(const void *a, const void *b, void *arg)
{
    const order *o = arg;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    for (size_t c = 0; c < o->k; c++) {
        double x = o->tuple[i * o->k + c], y = o->tuple[j * o->k + c];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return i < j ? -1 : i > j;
}

/* A is at most as large as B everywhere and not equal to it. */
static bool dominates(const double *a, const double *b, size_t k)
{
    bool less = false;
    for (size_t c = 0; c < k; c++) {
        if (a[c] > b[c])
            return false;
        less = less || a[c] < b[c];
    }
    return less;
}

/* In ascending order a tuple is dominated by earlier ones only, and then by one of the front. */
npu_status perf_pareto(const double *tuple, size_t n, size_t k, bool *front, npu_err *err)
{
    size_t *at = malloc((n + 1) * sizeof *at), *kept = malloc((n + 1) * sizeof *kept), nkept = 0;
    if (!at || !kept) {
        free(at);
        free(kept);
        return npu_fail(err, NPU_LIMIT, "no memory for a Pareto front of %zu points", n);
    }
    for (size_t i = 0; i < n; i++)
        at[i] = i;
    qsort_r(at, n, sizeof *at, by_tuple, &(order){tuple, k});
    for (size_t i = 0; i < n; i++) {
        bool beaten = false;
        for (size_t f = nkept; f-- > 0 && !beaten;)
            beaten = dominates(tuple + kept[f] * k, tuple + at[i] * k, k);
        front[at[i]] = !beaten;
        if (!beaten)
            kept[nkept++] = at[i];
    }
    free(at);
    free(kept);
    return NPU_OK;
}
