/* See dram.h. */
#include "tools/dram.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"

enum { SIMULATOR, MEMORY, BITS, CONFIG, WINDOW, TRACE, FRACTION, TCK, COLUMNS };
enum { CELL = 64, FIELDS_MAX = 32, POINTS_MAX = 10000 };

static const char *const heads[COLUMNS] = {
    "simulator", "memory", "bus_bits", "config", "outstanding_read_window_bytes", "trace",
    "useful_fraction_of_peak", "tCK_ns"};

typedef struct {
    const char *path;
    int column_of[FIELDS_MAX]; /* COLUMNS: passed over */
    char cell[COLUMNS][CELL];
    int field;
    size_t line, cap, n;
    dram_point *point;
    npu_status s;
    npu_err *err;
} reader;

static void on_field(void *text, size_t len, void *arg)
{
    reader *r = arg;
    int f = r->field++, c = COLUMNS;
    if (f >= FIELDS_MAX)
        return;
    if (r->line == 0) { /* "outstanding_read_window_bytes(0=...)": a name may go on */
        for (int i = 0; i < COLUMNS; i++) {
            size_t n = strlen(heads[i]);
            if (len >= n && memcmp(text, heads[i], n) == 0 &&
                (len == n || ((const char *)text)[n] == '('))
                c = i;
        }
        r->column_of[f] = c;
        return;
    }
    c = r->column_of[f];
    if (c < COLUMNS)
        snprintf(r->cell[c], CELL, "%.*s", len < CELL ? (int)len : CELL - 1, (const char *)text);
}

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), k = strlen(tail);
    return n >= k && strcmp(s + n - k, tail) == 0;
}

static hw_ddr_map map_of(const char *config)
{
    static const struct {
        const char *tail;
        hw_ddr_map map;
    } names[] = {{"_bgi", HW_MAP_GROUP}, {"_chi", HW_MAP_CHANNEL}, {"_MOP4CLXOR", HW_MAP_MOP},
                 {"_ChRaBaRoCo", HW_MAP_HIGH}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ends(config, names[i].tail))
            return names[i].map;
    return HW_MAP_ROW;
}

/* "ddr4_3200_x64dev8_bgi" is data file ddr4-3200-x8; two x16 channels are one x32 bus. */
static npu_status system_of(reader *r, dram_point *p)
{
    char name[CELL];
    hw_ddr_spec spec;
    const char *second = strchr(r->cell[CONFIG], '_');
    const char *end = second ? strchr(second + 1, '_') : NULL;
    int channels = strstr(r->cell[MEMORY], "2ch") ? 2 : 1, bits = atoi(r->cell[BITS]) / channels;
    if (!end || (bits != 16 && bits != 32 && bits != 64))
        return npu_fail(r->err, NPU_BAD_INPUT, "%s: line %zu: config '%s' or bus_bits '%s' is not "
                        "understood", r->path, r->line + 1, r->cell[CONFIG], r->cell[BITS]);
    snprintf(name, sizeof name, "%.*s-%.*s%s", (int)(second - r->cell[CONFIG]), r->cell[CONFIG],
             (int)(end - second - 1), second + 1, strstr(r->cell[CONFIG], "dev8") ? "-x8" : "");
    NPU_TRY(hw_ddr_spec_load(name, &spec, r->err));
    p->system = hw_ddr_system_of(&spec, channels, bits, atof(r->cell[TCK]), map_of(p->config),
                                 strcmp(p->simulator, "DRAMsim3") == 0 ? HW_SCHED_CAPPED
                                                                       : HW_SCHED_READY);
    p->system.window_bytes = strtoul(r->cell[WINDOW], NULL, 10);
    return NPU_OK;
}

static npu_status take(reader *r)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 256;
        dram_point *p = cap < 2 * POINTS_MAX ? realloc(r->point, cap * sizeof *p) : NULL;
        if (!p)
            return npu_fail(r->err, NPU_LIMIT, "%s: too many points, or out of memory", r->path);
        r->point = p;
        r->cap = cap;
    }
    dram_point *p = &r->point[r->n];
    *p = (dram_point){.trace = hw_gen_find(r->cell[TRACE]), .reference = atof(r->cell[FRACTION])};
    snprintf(p->simulator, sizeof p->simulator, "%.23s", r->cell[SIMULATOR]);
    snprintf(p->config, sizeof p->config, "%.47s", r->cell[CONFIG]);
    if (p->trace == HW_GENS || !(p->reference > 0 && p->reference <= 1))
        return npu_fail(r->err, NPU_BAD_INPUT, "%s: line %zu: trace '%s' or fraction '%s' is not "
                        "understood", r->path, r->line + 1, r->cell[TRACE], r->cell[FRACTION]);
    NPU_TRY(system_of(r, p));
    r->n++;
    return NPU_OK;
}

static void on_line(int end, void *arg)
{
    reader *r = arg;
    (void)end;
    if (r->line == 0)
        for (int c = 0; c < COLUMNS && r->s == NPU_OK; c++) {
            int f = 0;
            while (f < r->field && f < FIELDS_MAX && r->column_of[f] != c)
                f++;
            if (f == r->field || f == FIELDS_MAX)
                r->s = npu_fail(r->err, NPU_BAD_INPUT, "%s: line 1: no column %s", r->path,
                                heads[c]);
        }
    else if (r->s == NPU_OK)
        r->s = take(r);
    r->line++;
    r->field = 0;
}

/* Two points of the same simulator, memory and bus; the mapping is the last word of CONFIG. */
static bool same_memory(const dram_point *a, const dram_point *b)
{
    size_t n = (size_t)(strrchr(a->config, '_') - a->config);
    return strcmp(a->simulator, b->simulator) == 0 && strncmp(a->config, b->config, n + 1) == 0 &&
           strrchr(b->config, '_') == b->config + n;
}

static void mark_better(dram_point *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const dram_point *best = NULL;
        for (size_t k = 0; k < n; k++)
            if (p[k].trace == HW_GEN_SEQ_RD && p[k].system.window_bytes == 0 &&
                same_memory(&p[i], &p[k]) && (!best || p[k].reference > best->reference))
                best = &p[k];
        p[i].better = best && strcmp(best->config, p[i].config) == 0;
    }
}

npu_status dram_read(const char *path, dram_point **out, size_t *n, npu_err *err)
{
    reader r = {.path = path, .err = err};
    uint8_t *text;
    size_t bytes;
    struct csv_parser parser;
    *out = NULL;
    *n = 0;
    NPU_TRY(sys_read_file(path, &text, &bytes, err));
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI)) {
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (csv_parse(&parser, text, bytes, on_field, on_line, &r) != bytes && r.s == NPU_OK)
        r.s = npu_fail(err, NPU_BAD_INPUT, "%s: %s", path, csv_strerror(csv_error(&parser)));
    csv_fini(&parser, on_field, on_line, &r);
    csv_free(&parser);
    free(text);
    if (r.s == NPU_OK && r.n == 0)
        r.s = npu_fail(err, NPU_BAD_INPUT, "%s: no points", path);
    if (r.s != NPU_OK) {
        free(r.point);
        return r.s;
    }
    mark_better(r.point, r.n);
    *out = r.point;
    *n = r.n;
    return NPU_OK;
}

/* An earlier point with the same system and trace (mappings that do not differ, versions of one
 * simulator), NULL when there is none. */
static const dram_point *known(const dram_point *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (p[k].trace == p[i].trace &&
            memcmp(&p[k].system, &p[i].system, sizeof p[i].system) == 0)
            return &p[k];
    return NULL;
}

npu_status dram_simulate(dram_point *p, size_t n, unsigned part, npu_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const dram_point *twin = known(p, i);
        if (twin) {
            p[i].ours = twin->ours;
            continue;
        }
        hw_gen_source source = {.g = p[i].trace, .runs = hw_gen_runs(p[i].trace) / part};
        hw_bank_result r;
        NPU_TRY(hw_bank_run(&p[i].system, hw_gen_next, &source, 0, true, &r, err));
        p[i].ours = hw_bank_fraction(&p[i].system, &r);
    }
    return NPU_OK;
}

double dram_allowed(const dram_point *p)
{
    return p->trace == HW_GEN_SEQ_RD || p->trace == HW_GEN_SEQ_WR ? 0.05 : 0.10;
}

static bool same_row(const dram_point *a, const dram_point *b)
{
    return strcmp(a->simulator, b->simulator) == 0 && strcmp(a->config, b->config) == 0 &&
           a->system.window_bytes == b->system.window_bytes;
}

/* One line per system and window: what the simulator gave and how far we are off. */
static void rows(FILE *f, const dram_point *p, size_t n)
{
    fputs("| simulator | configuration | window B |", f);
    for (int g = 0; g < HW_GENS; g++)
        fprintf(f, " %s |", hw_gen_name((hw_gen)g));
    fputs("\n|---|---|---|", f);
    for (int g = 0; g < HW_GENS; g++)
        fputs("---|", f);
    putc('\n', f);
    for (size_t i = 0; i < n; i++) {
        const dram_point *of[HW_GENS] = {NULL};
        size_t first = 0;
        while (!same_row(&p[first], &p[i]))
            first++;
        if (first < i) /* its line is written */
            continue;
        for (size_t k = i; k < n; k++)
            if (same_row(&p[i], &p[k]))
                of[p[k].trace] = &p[k];
        fprintf(f, "| %s | %s%s | %llu |", p[i].simulator, p[i].config, p[i].better ? " *" : "",
                (unsigned long long)p[i].system.window_bytes);
        for (int g = 0; g < HW_GENS; g++) {
            const dram_point *q = of[g];
            double off = q ? q->ours - q->reference : 0, points = round(1000 * off) / 10 + 0.0;
            const char *mark = q && fabs(off) > dram_allowed(q) ? "**" : "";
            if (q)
                fprintf(f, " %.3f %s%+.1f%s |", q->reference, mark, points, mark);
            else
                fputs(" |", f);
        }
        putc('\n', f);
    }
}

static void summary(FILE *f, const dram_point *p, size_t n, size_t *outside)
{
    size_t better = 0, all = 0;
    double sum = 0, worst = 0;
    *outside = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs(p[i].ours - p[i].reference);
        bool bad = off > dram_allowed(&p[i]);
        better += p[i].better;
        *outside += p[i].better && bad;
        all += bad;
        sum += off;
        worst = off > worst ? off : worst;
    }
    fprintf(f, "Each cell: the simulator's share of the peak, and how many percentage points the "
               "bank model is above it. Bold: beyond 5 points (sequential) or 10 (others). The "
               "model runs with the simulator's own memory, address mapping, kind of scheduler "
               "(DRAMsim3: capped, Ramulator: ready) and window (0: the controller's queues); * "
               "marks the better mapping of each memory.\n\n"
               "%zu of %zu points of the better mappings and %zu of all %zu lie within; mean "
               "difference %.2f points, largest %.1f.\n\n",
            better - *outside, better, n - all, n, 100 * sum / (double)n, 100 * worst);
}

npu_status dram_table(FILE *f, const char *path, size_t *outside, npu_err *err)
{
    dram_point *p;
    size_t n;
    NPU_TRY(dram_read(path, &p, &n, err));
    npu_status s = dram_simulate(p, n, 1, err);
    if (s == NPU_OK) {
        summary(f, p, n, outside);
        rows(f, p, n);
    }
    free(p);
    return s;
}
