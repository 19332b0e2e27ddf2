/* See diff.h.  Rows are built from the pairs, so that every layer is in exactly one: the sum of
 * the deltas is exact because the reader has checked that layers and launch make up the latency. */
#include "perf/diff.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const prof_sides *s;
    npu_diff *d;
    size_t capacity;
    npu_err *err;
} work;

const char *npu_diff_cause_word(npu_diff_cause c)
{
    static const char *const words[NPU_DIFF_CAUSES] = {
#define D(id, word, line) word,
        NPU_DIFF_CAUSES_TABLE(D)
#undef D
    };
    return words[c];
}

const char *npu_diff_cause_line(npu_diff_cause c)
{
    static const char *const lines[NPU_DIFF_CAUSES] = {
#define D(id, word, line) line,
        NPU_DIFF_CAUSES_TABLE(D)
#undef D
    };
    return lines[c];
}

const char *npu_diff_match_word(npu_diff_match m)
{
    static const char *const words[] = {"name", "signature", "place", "group", "added", "removed",
                                        "launch"};
    return words[m];
}

static void free_row(npu_diff_row *r)
{
    for (size_t i = 0; i < r->nwhy; i++)
        free(r->why[i].text);
    free(r->why);
    free(r->name);
    free(r->old_name);
    free(r->subgraph);
}

static void free_side(npu_diff_side *s)
{
    free(s->name);
    free(s->chip);
    free(s->tool);
    free(s->sha256);
}

void npu_diff_free(npu_diff *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->nrow; i++)
        free_row(&d->row[i]);
    for (size_t i = 0; i < d->nchip; i++)
        free(d->chip[i]);
    free(d->row);
    free(d->chip);
    free_side(&d->old);
    free_side(&d->new);
    free(d);
}

/* --- totals ----------------------------------------------------------------------------------- */

static bool fill_side(npu_diff_side *s, const prof_facts *f)
{
    *s = (npu_diff_side){
        .name = strdup(f->name), .chip = strdup(f->chip), .tool = strdup(f->tool_version),
        .sha256 = strdup(f->sha256), .hz = f->hz, .latency_ms = f->latency_ms,
        .launch_ms = f->launch_ms, .max_call_us = f->max_call_us,
        .latency_cycles = f->latency_cycles, .ddr_bytes = f->ddr_bytes, .macs = f->macs,
        .layers = (int64_t)f->nlayer, .subgraphs = (int64_t)f->nsubgraph,
        .calls = (int64_t)f->ncall};
    return s->name && s->chip && s->tool && s->sha256;
}

static const prof_number *number(const prof_facts *f, const char *key)
{
    for (size_t i = 0; i < f->nnumber; i++)
        if (strcmp(f->number[i].key, key) == 0)
            return &f->number[i];
    return NULL;
}

static npu_status chip_line(npu_diff *d, npu_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static npu_status chip_line(npu_diff *d, npu_err *err, const char *fmt, ...)
{
    char **grown = realloc(d->chip, (d->nchip + 1) * sizeof *grown);
    va_list ap;
    if (grown)
        d->chip = grown;
    va_start(ap, fmt);
    int n = grown ? vasprintf(&grown[d->nchip], fmt, ap) : -1;
    va_end(ap);
    if (n < 0)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    d->nchip++;
    return NPU_OK;
}

static void differs(prof_sides *s, const char *key)
{
    if (strncmp(key, "ddr.", 4) == 0)
        s->ddr_differs = true;
    else
        s->tpu_differs = true;
}

static npu_status chip_numbers(prof_sides *s, npu_diff *d, npu_err *err)
{
    if (strcmp(s->old->chip, s->new->chip) != 0)
        NPU_TRY(chip_line(d, err, "chip %s -> %s", s->old->chip, s->new->chip));
    for (size_t i = 0; i < s->old->nnumber; i++) {
        const prof_number *a = &s->old->number[i], *b = number(s->new, a->key);
        if (b && a->value == b->value)
            continue;
        differs(s, a->key);
        NPU_TRY(b ? chip_line(d, err, "%s %.9g -> %.9g %s", a->key, a->value, b->value, b->unit)
                  : chip_line(d, err, "%s %.9g %s -> not in the new profile", a->key, a->value,
                              a->unit));
    }
    for (size_t i = 0; i < s->new->nnumber; i++) {
        const prof_number *b = &s->new->number[i];
        if (number(s->old, b->key))
            continue;
        differs(s, b->key);
        NPU_TRY(chip_line(d, err, "%s not in the old profile -> %.9g %s", b->key, b->value,
                          b->unit));
    }
    return NPU_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static npu_diff_row *new_row(work *w)
{
    npu_diff *d = w->d;
    if (d->nrow == w->capacity) {
        size_t cap = w->capacity ? 2 * w->capacity : 64;
        npu_diff_row *grown = realloc(d->row, cap * sizeof *grown);
        if (!grown)
            return NULL;
        d->row = grown;
        w->capacity = cap;
    }
    d->row[d->nrow] = (npu_diff_row){0};
    return &d->row[d->nrow++];
}

static double ms(double hz, int64_t cycles)
{
    return 1e3 * (double)cycles / hz;
}

static bool name_row(npu_diff_row *r, const char *name, const char *old, const char *subgraph)
{
    r->name = strdup(name);
    r->subgraph = strdup(subgraph);
    if (old && strcmp(old, name) != 0 && !(r->old_name = strdup(old)))
        return false;
    return r->name && r->subgraph;
}

static void add_cost(const work *w, npu_diff_row *r, const prof_layer *a, const prof_layer *b)
{
    if (a) {
        r->old_cycles += a->exclusive;
        r->old_bytes += a->ddr_bytes;
    }
    if (b) {
        r->new_cycles += b->exclusive;
        r->new_bytes += b->ddr_bytes;
    }
    r->delta = r->new_cycles - r->old_cycles;
    r->old_ms = ms(w->s->old->hz, r->old_cycles);
    r->new_ms = ms(w->s->new->hz, r->new_cycles);
}

/* A row without difference is counted and dropped. */
static void settle(work *w)
{
    npu_diff_row *r = &w->d->row[w->d->nrow - 1];
    if (r->delta != 0 || r->nwhy > 0)
        return;
    free_row(r);
    w->d->nrow--;
    w->d->same++;
}

static npu_status one_row(work *w, const prof_layer *a, const prof_layer *b, npu_diff_match how)
{
    npu_diff_row *r = new_row(w);
    const prof_layer *l = b ? b : a;
    if (!r || !name_row(r, l->name, a ? a->name : NULL, l->subgraph))
        return npu_fail(w->err, NPU_LIMIT, "out of memory");
    r->match = how;
    add_cost(w, r, a, b);
    NPU_TRY(prof_why(w->s, a, b, r, w->err));
    settle(w);
    return NPU_OK;
}

/* "a + b + c", cut after three. */
static char *joined(const prof_layer *layer, const int32_t *index, size_t n)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return NULL;
    for (size_t i = 0; i < n && i < 3; i++)
        fprintf(f, "%s%s", i ? " + " : "", layer[index[i]].name);
    if (n > 3)
        fprintf(f, " + %zu more", n - 3);
    return fclose(f) == 0 ? text : NULL;
}

/* Layers OLD[0..N) became layers NEW[0..M) at one place of the program. */
static npu_status group_row(work *w, const int32_t *old, size_t n, const int32_t *new, size_t m)
{
    npu_diff_row *r = new_row(w);
    int64_t was = 0, is = 0;
    if (!r)
        return npu_fail(w->err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        add_cost(w, r, &w->s->old->layer[old[i]], NULL);
        was += w->s->old->layer[old[i]].macs;
    }
    for (size_t i = 0; i < m; i++) {
        add_cost(w, r, NULL, &w->s->new->layer[new[i]]);
        is += w->s->new->layer[new[i]].macs;
    }
    r->match = NPU_MATCH_GROUP;
    r->moved = true;
    r->name = joined(w->s->new->layer, new, m);
    r->old_name = joined(w->s->old->layer, old, n);
    r->subgraph = strdup(w->s->new->layer[new[0]].subgraph);
    if (!r->name || !r->old_name || !r->subgraph)
        return npu_fail(w->err, NPU_LIMIT, "out of memory");
    return prof_why_add(r, w->err, was == is && n != m ? NPU_DIFF_FUSION : NPU_DIFF_PARAM,
                        "%zu layers -> %zu, %" PRId64 " -> %" PRId64 " MACs", n, m, was, is);
}

static npu_status place_rows(work *w, const int32_t *old, size_t n, const int32_t *new, size_t m)
{
    if (n > 0 && m > 0 && n + m > 2)
        return group_row(w, old, n, new, m);
    for (size_t i = 0; i < n; i++)
        NPU_TRY(one_row(w, &w->s->old->layer[old[i]], NULL, NPU_MATCH_REMOVED));
    for (size_t i = 0; i < m; i++)
        NPU_TRY(one_row(w, NULL, &w->s->new->layer[new[i]], NPU_MATCH_ADDED));
    return NPU_OK;
}

/* --- unmatched layers ---------------------------------------------------------------------------
 *
 * Both sides' unmatched layers are sorted by the new index of the matched layer before them, so
 * that layers that stand at the same place meet. */

typedef struct {
    int64_t anchor;
    int32_t index;
} loose;

static int by_anchor(const void *a, const void *b)
{
    const loose *x = a, *y = b;
    if (x->anchor != y->anchor)
        return x->anchor < y->anchor ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static size_t collect(loose *out, const int32_t *other, size_t n, bool is_new)
{
    size_t count = 0;
    int64_t anchor = -1;
    for (size_t i = 0; i < n; i++) {
        if (other[i] == PROF_UNMATCHED)
            out[count++] = (loose){anchor, (int32_t)i};
        else
            anchor = is_new ? (int64_t)i : other[i];
    }
    qsort(out, count, sizeof *out, by_anchor);
    return count;
}

/* Takes the run of layers at ANCHOR from LIST[*AT..N) into INDEX; returns its length. */
static size_t take(const loose *list, size_t n, size_t *at, int64_t anchor, int32_t *index)
{
    size_t count = 0;
    while (*at < n && list[*at].anchor == anchor)
        index[count++] = list[(*at)++].index;
    return count;
}

static npu_status loose_rows(work *w, const prof_pairs *p)
{
    size_t n = w->s->old->nlayer, m = w->s->new->nlayer, i = 0, k = 0;
    loose *a = malloc((n + 1) * sizeof *a), *b = malloc((m + 1) * sizeof *b);
    int32_t *x = malloc((n + 1) * sizeof *x), *y = malloc((m + 1) * sizeof *y);
    npu_status s = a && b && x && y ? NPU_OK : npu_fail(w->err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK) {
        n = collect(a, p->new_of, n, false);
        m = collect(b, p->old_of, m, true);
    }
    while (s == NPU_OK && (i < n || k < m)) {
        int64_t anchor = k >= m || (i < n && a[i].anchor < b[k].anchor) ? a[i].anchor : b[k].anchor;
        size_t nx = take(a, n, &i, anchor, x), ny = take(b, m, &k, anchor, y);
        s = place_rows(w, x, nx, y, ny);
    }
    free(a);
    free(b);
    free(x);
    free(y);
    return s;
}

static npu_status launch_row(work *w)
{
    const prof_facts *a = w->s->old, *b = w->s->new;
    if (a->launch_cycles == b->launch_cycles)
        return NPU_OK;
    npu_diff_row *r = new_row(w);
    if (!r || !name_row(r, "(launch)", NULL, ""))
        return npu_fail(w->err, NPU_LIMIT, "out of memory");
    r->match = NPU_MATCH_LAUNCH;
    r->moved = true;
    r->old_cycles = a->launch_cycles;
    r->new_cycles = b->launch_cycles;
    r->delta = r->new_cycles - r->old_cycles;
    r->old_ms = ms(a->hz, r->old_cycles);
    r->new_ms = ms(b->hz, r->new_cycles);
    bool parts = a->nsubgraph != b->nsubgraph;
    return prof_why_add(r, w->err, parts ? NPU_DIFF_PARTITION : NPU_DIFF_CHIP,
                        "driver and runtime %.9g -> %.9g ms at %.9g -> %.9g MHz, %zu -> %zu "
                        "sub-graphs", a->launch_ms, b->launch_ms, a->hz / 1e6, b->hz / 1e6,
                        a->nsubgraph, b->nsubgraph);
}

/* Changed work first, then what only follows from it; see npusim/diff.h. */
static int by_weight(const void *a, const void *b)
{
    const npu_diff_row *x = a, *y = b;
    int64_t dx = llabs(x->delta), dy = llabs(y->delta);
    int64_t bx = llabs(x->new_bytes - x->old_bytes), by = llabs(y->new_bytes - y->old_bytes);
    if (x->moved != y->moved)
        return x->moved ? -1 : 1;
    if (dx != dy)
        return dx > dy ? -1 : 1;
    if (bx != by)
        return bx > by ? -1 : 1;
    int names = strcmp(x->name, y->name);
    return names ? names : strcmp(x->subgraph, y->subgraph);
}

static npu_status fill_rows(work *w, npu_err *err)
{
    prof_pairs p = {0};
    npu_status s = prof_align(w->s->old, w->s->new, &p, err);
    for (size_t i = 0; i < w->s->old->nlayer && s == NPU_OK; i++)
        if (p.new_of[i] != PROF_UNMATCHED)
            s = one_row(w, &w->s->old->layer[i], &w->s->new->layer[p.new_of[i]], p.how[i]);
    if (s == NPU_OK)
        s = loose_rows(w, &p);
    if (s == NPU_OK)
        s = launch_row(w);
    prof_pairs_free(&p);
    return s;
}

npu_status prof_diff(const prof_facts *old, const prof_facts *new, npu_diff **out, npu_err *err)
{
    prof_sides sides = {old, new, false, false};
    npu_diff *d = calloc(1, sizeof *d);
    work w = {.s = &sides, .d = d, .err = err};
    int64_t sum = 0;
    *out = NULL;
    if (!d || !fill_side(&d->old, old) || !fill_side(&d->new, new)) {
        npu_diff_free(d);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    d->delta = new->latency_cycles - old->latency_cycles;
    npu_status s = chip_numbers(&sides, d, err);
    if (s == NPU_OK)
        s = fill_rows(&w, err);
    if (s != NPU_OK) {
        npu_diff_free(d);
        return s;
    }
    if (d->nrow)
        qsort(d->row, d->nrow, sizeof *d->row, by_weight);
    for (size_t i = 0; i < d->nrow; i++)
        sum += d->row[i].delta;
    assert(sum == d->delta);
    d->changed = d->nrow > 0 || d->nchip > 0 || d->delta != 0 || old->ddr_bytes != new->ddr_bytes ||
                 old->macs != new->macs;
    *out = d;
    return NPU_OK;
}
