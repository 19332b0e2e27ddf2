/* npusim pmu: a board's PMU trace against the model. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "perf/pmu_compare.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    const char *chip, *model, *shapes, *rows, *output;
    opt_list set;
    int format;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"chip", 'c', OPT_STRING, AT(chip), "NAME|FILE.json",
     "chip the trace was taken on (default: the model's, else cv183x)", 0, 0},
    {"set", 's', OPT_LIST, AT(set), "KEY=VALUE", "override one number; may be repeated", 0, 0},
    {"model", 'm', OPT_STRING, AT(model), "FILE",
     "compare: take commands, shapes and waits from this model", 0, 0},
    {"tiu-shapes", 0, OPT_STRING, AT(shapes), "CSV",
     "compare: shapes of TIU rows (default: X_tiu_shapes.csv beside X_des.csv)", 0, 0},
    {"rows", 0, OPT_STRING, AT(rows), "CSV", "compare: write every row, measured and modelled",
     0, 0},
    {"format", 'f', OPT_CHOICE, AT(format), "text|json", "output format (default text)", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of stdout", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "compare|fit DES.csv", .min_args = 2, .max_args = 2, .spec = spec,
    .doc = "compare: holds a PMU trace (X_des.csv of TPU_ENABLE_PMU=1 on a board) against the "
           "model row by row: how far the starts follow from the synchronisation rules, how far "
           "each modelled duration is off, and what that does end to end. fit: estimates DDR "
           "efficiency and latency from the trace and writes an overlay chip file for --chip.",
    .example = "npusim pmu compare --chip cv183x resnet50_des.csv\n"
               "npusim pmu fit --chip cv181x -o myboard.json model_des.csv\n"
               "npusim profile --chip myboard.json model.cvimodel"};

static const char *const class_names[PMU_CLASSES] = {"load_plain", "load_compressed",
                                                     "store_plain", "store_compressed", "move"};

/* X_tiu_shapes.csv beside X_des.csv when it exists, else NULL; the caller's. */
static char *sibling_shapes(const char *des)
{
    static const char tail[] = "_des.csv";
    size_t n = strlen(des), t = sizeof tail - 1;
    char *path = NULL;
    if (n <= t || strcmp(des + n - t, tail) != 0 ||
        asprintf(&path, "%.*s_tiu_shapes.csv", (int)(n - t), des) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* --- output ----------------------------------------------------------------------------------- */

static void error_json(cJSON *parent, const char *name, const pmu_error *e)
{
    cJSON *j = cJSON_AddObjectToObject(parent, name);
    cJSON_AddNumberToObject(j, "rows", e->rows);
    cJSON_AddNumberToObject(j, "exact", e->exact);
    cJSON_AddNumberToObject(j, "mape_percent", e->mape_percent);
    cJSON_AddNumberToObject(j, "median_percent", e->median_percent);
    cJSON_AddNumberToObject(j, "p90_percent", e->p90_percent);
    cJSON_AddNumberToObject(j, "total_error_percent", e->total_error_percent);
}

static char *to_json(const pmu_report *r, const npu_chip *chip, const char *file)
{
    cJSON *j = cJSON_CreateObject(), *c, *p;
    const char *slash = strrchr(file, '/');
    cJSON_AddStringToObject(j, "schema", "npusim.pmu/1");
    cJSON_AddStringToObject(j, "file", slash ? slash + 1 : file);
    cJSON_AddStringToObject(j, "chip", chip->name);
    error_json(j, "tdma", &r->tdma);
    error_json(j, "tiu", &r->tiu);
    error_json(j, "tiu_convolution", &r->conv);
    c = cJSON_AddObjectToObject(j, "tdma_classes");
    for (int i = 0; i < PMU_CLASSES; i++)
        error_json(c, class_names[i], &r->by_class[i]);
    p = cJSON_AddObjectToObject(j, "replay");
    cJSON_AddNumberToObject(p, "tdma_rows", r->tdma_rows);
    cJSON_AddNumberToObject(p, "tiu_rows", r->tiu_rows);
    cJSON_AddNumberToObject(p, "tdma_start_mismatches", r->tdma_mismatches);
    cJSON_AddNumberToObject(p, "tiu_start_mismatches", r->tiu_mismatches);
    p = cJSON_AddObjectToObject(j, "measured");
    cJSON_AddNumberToObject(p, "inference_ticks", (double)r->measured_ticks);
    cJSON_AddNumberToObject(p, "tdma_ticks", (double)r->measured.tdma_tick);
    cJSON_AddNumberToObject(p, "tiu_ticks", (double)r->measured.tiu_tick);
    cJSON_AddNumberToObject(p, "load_bytes", (double)r->measured.load_bytes);
    cJSON_AddNumberToObject(p, "store_bytes", (double)r->measured.store_bytes);
    cJSON_AddNumberToObject(j, "modelled_ticks", (double)r->modelled_ticks);
    cJSON_AddNumberToObject(j, "end_to_end_error_percent", r->end_to_end_error_percent);
    char *text = cJSON_Print(j);
    cJSON_Delete(j);
    return text;
}

static void error_text(FILE *f, const char *name, const pmu_error *e)
{
    if (e->rows)
        fprintf(f, "  %-18s %5u %6u %8.2f %8.2f %8.2f %+9.2f\n", name, e->rows, e->exact,
                e->mape_percent, e->median_percent, e->p90_percent, e->total_error_percent);
}

static void put_text(FILE *f, const pmu_report *r, const npu_chip *chip)
{
    pmu_print_totals(chip->name, NPU_GET(chip, tpu_clock_mhz) * 1e6, &r->measured, f);
    fprintf(f, "\nReplay with measured durations: %u of %u TDMA and %u of %u TIU starts missed\n",
            r->tdma_mismatches, r->tdma_rows, r->tiu_mismatches, r->tiu_rows);
    fprintf(f, "\nModelled against measured durations, %s (percent)\n"
               "  %-18s %5s %6s %8s %8s %8s %9s\n", chip->file, "", "rows", "exact", "mean",
            "median", "90 %", "total");
    error_text(f, "TDMA", &r->tdma);
    for (int i = 0; i < PMU_CLASSES; i++)
        error_text(f, class_names[i], &r->by_class[i]);
    error_text(f, "TIU", &r->tiu);
    error_text(f, "  convolution", &r->conv);
    if (!r->tiu.rows)
        fputs("  TIU shapes are not in the trace; --model or --tiu-shapes compares them\n", f);
    fprintf(f, "\nEnd to end, modelled durations: %lld ticks, measured %lld (%+.2f %%)\n",
            (long long)r->modelled_ticks, (long long)r->measured_ticks,
            r->end_to_end_error_percent);
}

static npu_status write_rows(const char *path, const pmu_trace *t, const pmu_report *r,
                             npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    fputs("line,pmutype,desID,layerID,desType,measured_ticks,modelled_ticks,error_percent\n", f);
    for (uint32_t i = 0; i < t->n; i++) {
        const pmu_row *x = &t->row[i];
        int64_t dur = x->end - x->start;
        fprintf(f, "%u,%d,%u,%u,%s,%lld,", x->line, (int)x->type, x->id, x->layer, x->description,
                (long long)dur);
        if (r->modelled[i] >= 0 && dur > 0)
            fprintf(f, "%lld,%.3f", (long long)r->modelled[i],
                    100 * ((double)r->modelled[i] / (double)dur - 1));
        else
            putc(',', f);
        putc('\n', f);
    }
    npu_status s = fclose(f) ? npu_fail(err, NPU_LIMIT, "out of memory")
                             : sys_write_file(path, text, n, err);
    free(text);
    return s;
}

static npu_status print_report(const options *o, const char *file, const pmu_report *r,
                               const npu_chip *chip, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    if (o->format) {
        char *json = to_json(r, chip, file);
        if (json && asprintf(&text, "%s\n", json) >= 0)
            n = strlen(text);
        free(json);
    } else {
        FILE *f = open_memstream(&text, &n);
        if (f) {
            put_text(f, r, chip);
            fclose(f);
        }
    }
    npu_status s = text ? tool_put(o->output, text, n, err)
                        : npu_fail(err, NPU_LIMIT, "out of memory");
    free(text);
    return s;
}

/* --- commands --------------------------------------------------------------------------------- */

static npu_status load_chip(const options *o, tool_run *run, npu_err *err)
{
    if (o->model) {
        tool_options sim = {o->chip, o->set};
        return tool_load(o->model, &sim, run, err);
    }
    return tool_chip(o->chip ? o->chip : "cv183x", &o->set, &run->chip, err);
}

static npu_status only_part(const tool_run *run, const perf_part **part, npu_err *err)
{
    *part = NULL;
    for (size_t i = 0; run->prog && i < run->prog->n; i++) {
        if (run->prog->part[i].cpu)
            continue;
        if (*part)
            return npu_fail(err, NPU_UNSUPPORTED, "%s: several TPU routines; a trace is compared "
                            "with a model of one", run->model->path);
        *part = &run->prog->part[i];
    }
    return NPU_OK;
}

static npu_status compare(const options *o, const char *file, const pmu_trace *t,
                          const tool_run *run, npu_err *err)
{
    const perf_part *part = NULL;
    pmu_report r = {0};
    char *found = o->shapes || o->model ? NULL : sibling_shapes(file);
    const char *shapes = o->shapes ? o->shapes : found;
    int64_t *cycles = malloc((t->n + 1u) * sizeof *cycles);
    npu_status s = cycles ? only_part(run, &part, err) : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n && cycles; i++)
        cycles[i] = -1;
    if (s == NPU_OK && shapes)
        s = pmu_shapes(shapes, t, run->chip, cycles, err);
    if (s == NPU_OK)
        s = pmu_compare(t, run->chip, cycles, part, &r, err);
    if (s == NPU_OK && o->rows)
        s = write_rows(o->rows, t, &r, err);
    if (s == NPU_OK)
        s = print_report(o, file, &r, run->chip, err);
    pmu_report_free(&r);
    free(cycles);
    free(found);
    return s;
}

static void overlay_number(cJSON *numbers, const char *key, double value, const char *unit,
                           const char *file, uint32_t rows)
{
    char source[256];
    cJSON *e = cJSON_AddObjectToObject(numbers, key);
    snprintf(source, sizeof source, "npusim pmu fit on %.160s, %u long transfers", file, rows);
    cJSON_AddNumberToObject(e, "value", value);
    cJSON_AddStringToObject(e, "unit", unit);
    cJSON_AddStringToObject(e, "status", "measured");
    cJSON_AddStringToObject(e, "source", source);
}

/* A chip file that holds what the trace decides and takes the rest from its base. */
static char *overlay(const pmu_fitted *f, const npu_chip *chip, const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    char name[96], title[192];
    cJSON *j = cJSON_CreateObject(), *n;
    snprintf(name, sizeof name, "%.60s-fitted", chip->name);
    snprintf(title, sizeof title, "%.60s fitted to %.100s", chip->name, base);
    cJSON_AddStringToObject(j, "schema", "npusim.chip/1");
    cJSON_AddStringToObject(j, "name", name);
    cJSON_AddStringToObject(j, "base", chip->name);
    cJSON_AddStringToObject(j, "title", title);
    n = cJSON_AddObjectToObject(j, "numbers");
    if (f->rows_load) {
        overlay_number(n, "ddr.efficiency_load", f->efficiency_load, "share", base, f->rows_load);
        overlay_number(n, "ddr.latency_load_ns", f->latency_load_ns, "ns", base, f->rows_load);
    }
    if (f->rows_store) {
        overlay_number(n, "ddr.efficiency_store", f->efficiency_store, "share", base,
                       f->rows_store);
        overlay_number(n, "ddr.latency_store_ns", f->latency_store_ns, "ns", base, f->rows_store);
    }
    char *text = cJSON_Print(j);
    cJSON_Delete(j);
    return text;
}

static npu_status fit(const options *o, const char *file, const pmu_trace *t, const npu_chip *chip,
                      npu_err *err)
{
    pmu_fitted f = {0};
    NPU_TRY(pmu_fit(t, chip, &f, err));
    if (!f.rows_load && !f.rows_store)
        return npu_fail(err, NPU_BAD_INPUT, "%s: no direction has 5 transfers of at least 32 KiB "
                        "that DDR bounds; nothing can be fitted", file);
    if (f.efficiency_load > 1 || f.efficiency_store > 1)
        return npu_fail(err, NPU_BAD_INPUT, "%s: transfers are faster than the peak of %s (%g "
                        "MB/s); give the board's peak with --set ddr.bandwidth_mbps=N", file,
                        chip->name, NPU_GET(chip, ddr_bandwidth_mbps));
    char *json = overlay(&f, chip, file), *text = NULL;
    npu_status s = json && asprintf(&text, "%s\n", json) >= 0
                       ? tool_put(o->output, text, strlen(text), err)
                       : npu_fail(err, NPU_LIMIT, "out of memory");
    fprintf(stderr, "load:  efficiency %.3f, latency %.1f ns (%u rows)\n"
                    "store: efficiency %.3f, latency %.1f ns (%u rows%s)\n",
            f.efficiency_load, f.latency_load_ns, f.rows_load, f.efficiency_store,
            f.latency_store_ns, f.rows_store, f.rows_store ? "" : ": kept from the chip file");
    free(json);
    free(text);
    return s;
}

int cmd_pmu(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    tool_run run = {0};
    pmu_trace t = {0};
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    bool comparing = strcmp(rest.arg[0], "compare") == 0;
    npu_status s = NPU_OK;
    if (!comparing && strcmp(rest.arg[0], "fit") != 0)
        s = npu_fail(&err, NPU_USAGE, "'%s': compare and fit are known", rest.arg[0]);
    if (s == NPU_OK)
        s = load_chip(&o, &run, &err);
    if (s == NPU_OK)
        s = pmu_read(rest.arg[1], &t, &err);
    if (s == NPU_OK)
        s = comparing ? compare(&o, rest.arg[1], &t, &run, &err)
                      : fit(&o, rest.arg[1], &t, run.chip, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    pmu_free(&t);
    tool_free(&run);
    opt_free(&program, &o);
    return code;
}
