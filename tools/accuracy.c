/* npusim accuracy: measured figures against the simulation, as ACCURACY.md.
 *
 * The table of published figures is data (tests/accuracy/published.csv); nothing is left out of the
 * page because it looks bad, and no constant depends on a row of it. */
#include <csv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "perf/pmu_compare.h"
#include "tools/command.h"
#include "tools/common.h"
#include "tools/dram.h"

typedef struct {
    const char *table, *data, *output;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"table", 't', OPT_STRING, AT(table), "CSV",
     "measured figures: chip, file, metric, value, unit, conditions, source (default: "
     "tests/accuracy/published.csv)", 0, 0},
    {"data", 'd', OPT_STRING, AT(data), "DIR",
     "folder of the measured models and traces (default: data)", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of stdout", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = NULL, .min_args = 0, .max_args = 0, .spec = spec,
    .doc = "Simulates every model of a table of measured figures and writes the comparison as "
           "Markdown. Files are looked for in DIR, DIR/cvimodel and DIR/pmu.",
    .example = "npusim accuracy -t tests/accuracy/published.csv -d data -o ACCURACY.md"};

enum { CHIP, FILE_, METRIC, VALUE, UNIT, CONDITIONS, SOURCE, COLUMNS };
enum { ROWS_MAX = 200, WORST = 12 };

typedef struct {
    char *cell[COLUMNS];
    double error;           /* percent; NAN: not simulated */
} row;

typedef struct {
    row row[ROWS_MAX];
    int n, column;
    bool header;
} table;

static void on_field(void *text, size_t len, void *arg)
{
    table *t = arg;
    if (t->header && t->n < ROWS_MAX && t->column < COLUMNS)
        t->row[t->n].cell[t->column] = strndup(text, len);
    t->column++;
}

static void on_line(int end, void *arg)
{
    table *t = arg;
    (void)end;
    if (t->header && t->column >= COLUMNS && t->n < ROWS_MAX)
        t->n++;
    t->header = true;
    t->column = 0;
}

static npu_status read_table(const char *path, table *t, npu_err *err)
{
    uint8_t *text;
    size_t n;
    struct csv_parser parser;
    NPU_TRY(sys_read_file(path, &text, &n, err));
    npu_status s = csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI)
                       ? npu_fail(err, NPU_LIMIT, "out of memory")
                       : NPU_OK;
    if (s == NPU_OK && csv_parse(&parser, text, n, on_field, on_line, t) != n)
        s = npu_fail(err, NPU_BAD_INPUT, "%s: %s", path, csv_strerror(csv_error(&parser)));
    csv_fini(&parser, on_field, on_line, t);
    csv_free(&parser);
    free(text);
    if (s == NPU_OK && t->n == 0)
        s = npu_fail(err, NPU_BAD_INPUT, "%s: no rows of %d columns", path, COLUMNS);
    return s;
}

static void free_table(table *t)
{
    for (int i = 0; i < ROWS_MAX; i++)
        for (int c = 0; c < COLUMNS; c++)
            free(t->row[i].cell[c]);
    free(t);
}

/* DIR/sub/NAME that can be read; the caller's, NULL: none. */
static char *find(const char *dir, const char *name)
{
    static const char *const sub[] = {"", "cvimodel/", "pmu/", "../validation/"};
    for (size_t i = 0; i < sizeof sub / sizeof sub[0]; i++) {
        char *path;
        if (asprintf(&path, "%s/%s%s", dir, sub[i], name) < 0)
            return NULL;
        FILE *f = fopen(path, "rb");
        if (f) {
            fclose(f);
            return path;
        }
        free(path);
    }
    return NULL;
}

static double metric_of(const npu_profile *p, const char *metric)
{
    if (strcmp(metric, "latency_ms") == 0)
        return p->latency_ms;
    if (strcmp(metric, "inference_ms") == 0)
        return p->inference_ms;
    if (strcmp(metric, "tdma_ms") == 0)
        return p->tdma_ms;
    if (strcmp(metric, "tiu_ms") == 0)
        return p->tiu_ms;
    if (strcmp(metric, "ion_mib") == 0)
        return (double)p->ion / 1048576;
    if (strcmp(metric, "ddr_mb") == 0)
        return (double)(p->read + p->write) / 1e6;
    if (strcmp(metric, "read_mib") == 0)
        return (double)p->read / 1048576;
    if (strcmp(metric, "write_mib") == 0)
        return (double)p->write / 1048576;
    return NAN;
}

static npu_status model_row(FILE *f, row *r, const char *path, npu_err *err)
{
    tool_options sim = {.chip = r->cell[CHIP]};
    tool_run run = {0};
    npu_status s = tool_profile(path, &sim, &run, err);
    if (s == NPU_OK) {
        double measured = atof(r->cell[VALUE]), value = metric_of(run.profile, r->cell[METRIC]);
        if (isnan(value))
            s = npu_fail(err, NPU_BAD_INPUT, "metric '%s'; latency_ms, inference_ms, tdma_ms, "
                         "tiu_ms, ion_mib, ddr_mb, read_mib, write_mib and trace are known",
                         r->cell[METRIC]);
        else
            r->error = 100 * (value / measured - 1);
        if (s == NPU_OK)
            fprintf(f, "| %s | %s | %s | %g %s | %.2f | %+.1f %% | %s (%s) |\n", r->cell[CHIP],
                    r->cell[FILE_], r->cell[METRIC], measured, r->cell[UNIT], value,
                    r->error, r->cell[CONDITIONS], r->cell[SOURCE]);
    }
    tool_free(&run);
    return s;
}

/* Mean and worst of every figure a chip has several of. */
static void summary(FILE *f, const table *t)
{
    for (int i = 0; i < t->n; i++) {
        const row *r = &t->row[i], *worst = NULL;
        double sum = 0;
        int n = 0;
        bool first = true;
        for (int k = 0; k < t->n; k++) {
            const row *x = &t->row[k];
            if (strcmp(x->cell[CHIP], r->cell[CHIP]) != 0 ||
                strcmp(x->cell[METRIC], r->cell[METRIC]) != 0 || isnan(x->error))
                continue;
            first &= k >= i;
            worst = !worst || fabs(x->error) > fabs(worst->error) ? x : worst;
            sum += fabs(x->error);
            n++;
        }
        if (n > 1 && first)
            fprintf(f, "\n%s %s, %d figures: mean absolute error %.1f %%, worst %+.1f %% (%s).\n",
                    r->cell[CHIP], r->cell[METRIC], n, sum / n, worst->error, worst->cell[FILE_]);
    }
}

/* The file of a row: among the data, or a network of this source tree. */
static char *file_of(const options *o, const row *r)
{
    const char *slash = strrchr(o->table, '/');
    char *path = find(o->data, r->cell[FILE_]), *dir;
    if (path || !tool_is_network(r->cell[FILE_]))
        return path;
    if (asprintf(&dir, "%.*s../../examples/networks", slash ? (int)(slash + 1 - o->table) : 0,
                 o->table) < 0)
        return NULL;
    path = find(dir, r->cell[FILE_]);
    free(dir);
    return path;
}

static npu_status models(FILE *f, table *t, const options *o, npu_err *err)
{
    fputs("## Whole models\n\n| chip | file | figure | measured | simulated | error | conditions "
          "(source) |\n|---|---|---|---|---|---|---|\n", f);
    for (int i = 0; i < t->n; i++) {
        row *r = &t->row[i];
        r->error = NAN;
        if (strcmp(r->cell[METRIC], "trace") == 0)
            continue;
        char *path = file_of(o, r);
        npu_status s = path ? model_row(f, r, path, err) : NPU_OK;
        if (!path)
            fprintf(f, "| %s | %s | %s | %s %s | file not at hand | | %s (%s) |\n", r->cell[CHIP],
                    r->cell[FILE_], r->cell[METRIC], r->cell[VALUE], r->cell[UNIT],
                    r->cell[CONDITIONS], r->cell[SOURCE]);
        free(path);
        NPU_TRY(s);
    }
    summary(f, t);
    return NPU_OK;
}

static void error_line(FILE *f, const char *name, const pmu_error *e)
{
    if (e->rows)
        fprintf(f, "| %s | %u | %u | %.2f | %.2f | %.2f | %+.2f |\n", name, e->rows, e->exact,
                e->mape_percent, e->median_percent, e->p90_percent, e->total_error_percent);
}

typedef struct {
    const pmu_row *row;
    int64_t modelled;
    double error;
} miss;

static int by_error(const void *a, const void *b)
{
    const miss *x = a, *y = b;
    double ex = fabs(x->error), ey = fabs(y->error);
    if (ex != ey)
        return ex > ey ? -1 : 1;
    return x->row->line < y->row->line ? -1 : x->row->line > y->row->line;
}

static npu_status worst_rows(FILE *f, const pmu_trace *t, const pmu_report *r, npu_err *err)
{
    miss *m = calloc(t->n + 1u, sizeof *m);
    uint32_t n = 0;
    if (!m)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n; i++) {
        double dur = (double)(t->row[i].end - t->row[i].start);
        if (r->modelled[i] >= 0 && dur > 0)
            m[n++] = (miss){&t->row[i], r->modelled[i], 100 * ((double)r->modelled[i] / dur - 1)};
    }
    qsort(m, n, sizeof *m, by_error);
    fputs("\nThe worst rows. Identical transfers scatter on the board, which no deterministic "
          "model follows.\n\n| line | command | measured ticks | modelled | error |\n"
          "|---|---|---|---|---|\n", f);
    for (uint32_t i = 0; i < n && i < WORST; i++)
        fprintf(f, "| %u | %s | %lld | %lld | %+.1f %% |\n", m[i].row->line,
                m[i].row->description, (long long)(m[i].row->end - m[i].row->start),
                (long long)m[i].modelled, m[i].error);
    free(m);
    return NPU_OK;
}

static npu_status trace_section(FILE *f, const row *x, const pmu_trace *t,
                                const npu_chip *chip, const char *shapes, npu_err *err)
{
    static const char *const names[PMU_CLASSES] = {"load, plain", "load, compressed",
                                                   "store, plain", "store, compressed", "move"};
    pmu_report r = {0};
    int64_t *cycles = malloc((t->n + 1u) * sizeof *cycles);
    npu_status s = cycles ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n && cycles; i++)
        cycles[i] = -1;
    if (s == NPU_OK && shapes)
        s = pmu_shapes(shapes, t, chip, cycles, err);
    if (s == NPU_OK)
        s = pmu_compare(t, chip, cycles, NULL, &r, err);
    if (s == NPU_OK) {
        fprintf(f, "\n## Trace %s on %s\n\n%s (%s).\n\n", x->cell[FILE_], chip->name,
                x->cell[CONDITIONS], x->cell[SOURCE]);
        fprintf(f, "Replay with measured durations: %u of %u TDMA and %u of %u TIU starts missed. "
                "End to end with modelled durations: %lld ticks, measured %lld (%+.2f %%).\n\n",
                r.tdma_mismatches, r.tdma_rows, r.tiu_mismatches, r.tiu_rows,
                (long long)r.modelled_ticks, (long long)r.measured_ticks,
                r.end_to_end_error_percent);
        fputs("| commands | rows | exact | mean error % | median % | 90 % below | total % |\n"
              "|---|---|---|---|---|---|---|\n", f);
        error_line(f, "TDMA, all", &r.tdma);
        for (int i = 0; i < PMU_CLASSES; i++)
            error_line(f, names[i], &r.by_class[i]);
        error_line(f, "TIU with known shapes", &r.tiu);
        error_line(f, "convolutions", &r.conv);
        s = worst_rows(f, t, &r, err);
    }
    pmu_report_free(&r);
    free(cycles);
    return s;
}

static npu_status one_trace(FILE *f, const row *x, const char *data, npu_err *err)
{
    char *path = find(data, x->cell[FILE_]), *name = NULL, *shapes = NULL;
    npu_chip *chip = NULL;
    pmu_trace t = {0};
    npu_status s = NPU_OK;
    size_t stem = strlen(x->cell[FILE_]) - strlen("_des.csv");
    if (!path) {
        fprintf(f, "\n## Trace %s\n\nFile not at hand.\n", x->cell[FILE_]);
        return NPU_OK;
    }
    if (asprintf(&name, "%.*s_tiu_shapes.csv", (int)stem, x->cell[FILE_]) >= 0)
        shapes = find(data, name);
    s = npu_chip_load(x->cell[CHIP], &chip, err);
    if (s == NPU_OK)
        s = pmu_read(path, &t, err);
    if (s == NPU_OK)
        s = trace_section(f, x, &t, chip, shapes, err);
    pmu_free(&t);
    npu_chip_free(chip);
    free(path);
    free(name);
    free(shapes);
    return s;
}

static void constants(FILE *f)
{
    fputs("\n## What the constants rest on\n\nEvery number of a chip file carries a status: "
          "measured on hardware, published, the vendor compiler's own estimate, inferred or "
          "assumed. `npusim chips NAME` shows each with its source. Constants belong to a chip, "
          "never to a model.\n\n| chip | measured | published | vendor estimate | inferred | "
          "assumed |\n|---|---|---|---|---|---|\n", f);
}

static npu_status status_counts(FILE *f, npu_err *err)
{
    static const char *const kinds[] = {"measured", "published", "vendor estimate", "inferred",
                                        "assumed"};
    char **names;
    size_t n;
    constants(f);
    NPU_TRY(npu_chip_names(&names, &n, err));
    npu_status s = NPU_OK;
    for (size_t i = 0; i < n && s == NPU_OK; i++) {
        npu_chip *c = NULL;
        s = npu_chip_load(names[i], &c, err);
        if (s != NPU_OK)
            break;
        fprintf(f, "| %s |", c->name);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            int count = 0;
            for (int j = 0; j < NPU_NUMS; j++)
                count += c->status[j] && strcmp(c->status[j], kinds[k]) == 0;
            fprintf(f, " %d |", count);
        }
        putc('\n', f);
        npu_chip_free(c);
    }
    npu_chip_names_free(names, n);
    return s;
}

static npu_status dram(FILE *f, const char *data, npu_err *err)
{
    size_t outside;
    char *path = find(data, "DRAM_REFERENCE.csv");
    fputs("\n## Bank model of the DDR against DRAMsim3 and Ramulator\n\n", f);
    npu_status s = path ? dram_table(f, path, &outside, err) : NPU_OK;
    if (!path)
        fputs("File not at hand.\n", f);
    free(path);
    return s;
}

static npu_status write_page(FILE *f, table *t, const options *o, npu_err *err)
{
    const char *data = o->data;
    fputs("# Accuracy\n\nGenerated by `npusim accuracy`; do not edit. Measured figures are "
          "published ones, named with their source; simulated figures are what this version "
          "prints. Positive errors mean that the simulation is slower than the hardware.\n\n", f);
    NPU_TRY(models(f, t, o, err));
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->row[i].cell[METRIC], "trace") == 0)
            NPU_TRY(one_trace(f, &t->row[i], data, err));
    NPU_TRY(dram(f, data, err));
    return status_counts(f, err);
}

int cmd_accuracy(int argc, char **argv)
{
    options o = {.table = "tests/accuracy/published.csv", .data = "data"};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    char *text = NULL;
    size_t n = 0;
    table *t = calloc(1, sizeof *t);
    FILE *f = t ? open_memstream(&text, &n) : NULL;
    npu_status s = f ? read_table(o.table, t, &err) : npu_fail(&err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = write_page(f, t, &o, &err);
    if (f && fclose(f) != 0 && s == NPU_OK)
        s = npu_fail(&err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = tool_put(o.output, text, n, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    free(text);
    if (t)
        free_table(t);
    return code;
}
