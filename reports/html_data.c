/* The data block of the page: starts as differences, everything else of a span by reference.
 *
 * Tiled layers repeat the same command over and over, so what spans have in common is stored once
 * per different span and referred to by its number.  Above MANY spans, neighbours of one unit,
 * layer and bound become one when the gap between them is too short to see; the idle time inside
 * is kept, so no statistic changes. */
#include "reports/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/bins.h"
#include "reports/out.h"

enum { MANY = 20000, FINEST = 8000, COARSEST = 500 }; /* gaps merged: frame / FINEST at first */

/* Fields of a span beside its start and layer; those before LENGTH are one letter each. */
enum { UNIT, CAUSE, WAIT, KIND, CRITICAL, LENGTH, READ, WRITE, MACS, IDLE, COUNT, FIELDS };

static const char *const field_names[FIELDS] = { "unit", "cause", "wait", "kind", "critical",
                                                 "length", "read", "write", "macs", "idle",
                                                 "count" };

typedef struct {
    int64_t f[FIELDS];
    int64_t start;
    uint32_t layer, shape; /* SHAPE: number of the first span with the same fields */
} strip;

static size_t collect(const npu_trace *t, strip *out)
{
    size_t n = 0;
    for (uint32_t i = 0; t && i < t->count; i++) {
        const npu_span *s = &t->span[i];
        if (s->unit < NPU_UNITS)
            out[n++] = (strip){
                .start = s->start, .layer = s->layer,
                .f = { [UNIT] = s->unit, [CAUSE] = rep_span_cause(s),
                       [WAIT] = s->wait < NPU_WAITS ? s->wait : NPU_WAIT_NONE,
                       [KIND] = s->kind < NPU_KINDS ? s->kind : 0, [CRITICAL] = s->critical > 0,
                       [LENGTH] = s->end - s->start, [READ] = s->read, [WRITE] = s->write,
                       [MACS] = (int64_t)s->macs, [COUNT] = 1 }
            };
    }
    return n;
}

/* Appends B to A, which ends GAP before it starts. */
static void append(strip *a, const strip *b, int64_t gap)
{
    static const int sums[] = { LENGTH, READ, WRITE, MACS, IDLE, COUNT };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        a->f[sums[i]] += b->f[sums[i]];
    a->f[LENGTH] += gap;
    a->f[IDLE] += gap;
    a->f[CRITICAL] |= b->f[CRITICAL];
}

static size_t merge(strip *s, size_t n, int64_t widest)
{
    size_t last[NPU_UNITS], kept = 0;
    for (int u = 0; u < NPU_UNITS; u++)
        last[u] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        strip *a = last[s[i].f[UNIT]] == SIZE_MAX ? NULL : &s[last[s[i].f[UNIT]]];
        int64_t gap = a ? s[i].start - a->start - a->f[LENGTH] : 0;
        if (a && a->layer == s[i].layer && a->f[CAUSE] == s[i].f[CAUSE] && gap >= 0 &&
            gap <= widest) {
            append(a, &s[i], gap);
        } else {
            last[s[i].f[UNIT]] = kept;
            s[kept++] = s[i];
        }
    }
    return kept;
}

static size_t fewer(strip *s, size_t n, int64_t frame)
{
    for (int part = FINEST; n > MANY && part >= COARSEST; part /= 2)
        n = merge(s, n, frame / part);
    return n;
}

static int by_fields(const void *a, const void *b)
{
    const strip *x = *(const strip *const *)a, *y = *(const strip *const *)b;
    for (int i = 0; i < FIELDS; i++)
        if (x->f[i] != y->f[i])
            return x->f[i] < y->f[i] ? -1 : 1;
    return x < y ? -1 : x > y; /* the array's order: the sort is stable */
}

/* Numbers equal spans alike; ONE[k] becomes a span of shape k.  Returns the number of shapes. */
static size_t number_shapes(strip *s, size_t n, strip **one)
{
    size_t shapes = 0;
    for (size_t i = 0; i < n; i++)
        one[i] = &s[i];
    qsort(one, n, sizeof *one, by_fields);
    for (size_t i = 0; i < n; i++) {
        bool same = shapes > 0 && memcmp(one[i]->f, one[shapes - 1]->f, sizeof one[i]->f) == 0;
        if (!same)
            one[shapes++] = one[i];
        one[i]->shape = (uint32_t)shapes - 1;
    }
    return shapes;
}

static void shape_column(FILE *f, int field, strip *const *one, size_t n, int64_t unit)
{
    static const char digit[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    bool letters = field < LENGTH;
    fprintf(f, ",\n\"%s\":%c", field_names[field], letters ? '"' : '[');
    for (size_t i = 0; i < n; i++) {
        if (letters)
            putc(digit[one[i]->f[field] & 63], f);
        else
            fprintf(f, "%s%" PRId64, i ? "," : "", (one[i]->f[field] + unit / 2) / unit);
    }
    putc(letters ? '"' : ']', f);
}

static void spans(FILE *f, const strip *s, size_t n, strip *const *one, size_t shapes, bool merged,
                  int64_t mac_unit)
{
    fprintf(f, ",\n\"mac_unit\":%" PRId64 ",\n\"shapes\":{\"n\":%zu", mac_unit, shapes);
    for (int i = 0; i < (merged ? FIELDS : IDLE); i++)
        shape_column(f, i, one, shapes, i == MACS ? mac_unit : 1);
    fprintf(f, "},\n\"spans\":{\"n\":%zu,\n\"shape\":[", n);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%" PRIu32, i ? "," : "", s[i].shape);
    fputs("],\n\"start\":[", f);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%" PRId64, i ? "," : "", s[i].start - (i ? s[i - 1].start : 0));
    fputs("],\n\"layer\":[", f);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%" PRId64, i ? "," : "",
                s[i].layer == UINT32_MAX ? -1 : (int64_t)s[i].layer);
    fputs("]}", f);
}

static void names(FILE *f, const char *key, const char *(*name)(int), int n)
{
    fprintf(f, ",\n\"%s\":[", key);
    for (int i = 0; i < n; i++) {
        if (i)
            putc(',', f);
        rep_json_text(f, name(i));
    }
    putc(']', f);
}

static const char *unit_name(int i)
{
    return npu_unit_name((npu_unit)i);
}

static const char *cause_name(int i)
{
    return npu_cause_name((npu_cause)i);
}

static const char *wait_name(int i)
{
    return npu_wait_name((npu_wait)i);
}

static const char *kind_name(int i)
{
    return npu_kind_table[i].mnemonic;
}

static void layers(FILE *f, const npu_profile *p)
{
    int64_t before = 0;
    fputs(",\n\"layer_start\":[", f);
    for (size_t i = 0; i < p->nlayer; i++) {
        fprintf(f, "%s%" PRId64, i ? "," : "", p->layer[i].start - before);
        before = p->layer[i].start;
    }
    fputs("],\n\"layer_length\":[", f);
    for (size_t i = 0; i < p->nlayer; i++)
        fprintf(f, "%s%" PRId64, i ? "," : "", p->layer[i].end - p->layer[i].start);
    putc(']', f);
}

/* Time of a bf16 product in int8 products: half the elements fit an EU, and one channel. */
static void bf16(FILE *f, const npu_profile *p)
{
    fprintf(f, ",\n\"bf16_cost\":%s,\"layer_bf16\":\"",
            rep_general(2 * NPU_GET(p->chip, tpu_int8_channels)).s);
    for (size_t i = 0; i < p->nlayer; i++)
        putc(p->layer[i].bf16 ? '1' : '0', f);
    putc('"', f);
}

static void block(const rep_html_page *h, strip *s, strip **one)
{
    const npu_profile *p = h->p;
    FILE *f = h->f;
    size_t all = collect(p->trace, s), n = fewer(s, all, p->inference_ticks);
    size_t shapes = number_shapes(s, n, one);
    fprintf(f, "<script type=\"application/json\" id=npusim-data>{\"schema\":\"npusim.page/1\","
               "\"hz\":%s,\"ticks\":%" PRId64 ",\"peak_mbps\":%s,\"peak_macs\":%s",
            rep_general(p->tick_hz).s, p->inference_ticks,
            rep_general(NPU_GET(p->chip, ddr_bandwidth_mbps)).s,
            rep_general(p->peak_macs_per_tick).s);
    names(f, "units", unit_name, NPU_UNITS);
    names(f, "causes", cause_name, NPU_CAUSES);
    names(f, "waits", wait_name, NPU_WAITS);
    names(f, "kinds", kind_name, NPU_KINDS);
    layers(f, p);
    bf16(f, p);
    spans(f, s, n, one, shapes, n < all, p->macs > 100000000 ? 1000 : 1);
    fputs("}</script>\n", f);
}

npu_status rep_html_data(const rep_html_page *h)
{
    size_t n = h->p->trace ? h->p->trace->count : 0;
    strip *s = malloc((n + 1) * sizeof *s), **one = malloc((n + 1) * sizeof *one);
    npu_status status = NPU_OK;
    if (s && one)
        block(h, s, one);
    else
        status = npu_fail(h->err, NPU_LIMIT, "%s: no memory for %zu spans", h->p->file, n);
    free(s);
    free(one);
    return status;
}
