/* npusim advise: the design rules a network breaks, by what mending them would gain. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/advise.h"
#include "reports/jsonw.h"
#include "reports/out.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    tool_options tool;
    long limit;
    int format;
    const char *output;
} options;

#define AT(field) offsetof(options, field)
#define AT_TOOL(field) offsetof(options, tool.field)
static const opt_spec spec[] = {
    {"limit", 'n', OPT_INT, AT(limit), "N", "print the N best (default 10; 0: all)", 0, 1e6},
    {"format", 'f', OPT_CHOICE, AT(format), "text|json", "text for people (default), or json", 0,
     0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of stdout", 0, 0},
    TOOL_OPTIONS(AT_TOOL),
    TOOL_MASTERS(AT_TOOL),
    TOOL_NETWORK(AT_TOOL),
    OPT_END};

static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Holds every layer of FILE (.onnx, .prototxt, .bin) against the design rules of "
           "bernoulli2, and prints those it breaks with the time the layer takes now and what the "
           "frame would gain: its commands are replaced by the mended ones and the whole program "
           "is simulated again. Best first.",
    .example = "npusim advise examples/networks/yolov5n_640.prototxt\n"
               "npusim advise --limit 0 --format json model.bin"};

/* --- text ------------------------------------------------------------------------------------- */

enum { COLUMNS = 80, INDENT = 14 };

static void wrapped(FILE *f, const char *text)
{
    int at = COLUMNS;
    for (const char *p = text; *p;) {
        int n = (int)strcspn(p, " ");
        if (at + 1 + n > COLUMNS) {
            fprintf(f, "%s%*s", p == text ? "" : "\n", INDENT, "");
            at = INDENT;
        } else {
            fputc(' ', f);
            at++;
        }
        fprintf(f, "%.*s", n, p);
        at += n;
        p += n + strspn(p + n, " ");
    }
    fputc('\n', f);
}

/* Less than a thousandth of the frame is the same time. */
static void put_way(FILE *f, const perf_way *w, double frame)
{
    char text[400], work[80] = "";
    double percent = 100 * (w->work - 1);
    if (w->work > 0 && fabs(percent) >= 0.5)
        snprintf(work, sizeof work, ", %.0f %% %s work", fabs(percent),
                 percent < 0 ? "less" : "more");
    if (fabs(w->gain_ms) < frame / 1000)
        snprintf(text, sizeof text, "%.300s: same time%s", w->change, work);
    else
        snprintf(text, sizeof text, "%.300s: %+.3f ms (%+.1f %%)%s", w->change, -w->gain_ms,
                 -100 * w->gain_ms / frame, work);
    wrapped(f, text);
}

static void put_advice(FILE *f, const perf_advice *a, double frame)
{
    fprintf(f, a->gain_ms < 5e-4 ? "\n%9.3f ms  " : "\n%+9.3f ms  ",
            a->gain_ms < 5e-4 ? 0 : -a->gain_ms);
    rep_plain(f, a->layer, 30);
    fprintf(f, " %9.3f ms  %s%s\n", a->now_ms, a->rule, a->estimate ? " (CPU)" : "");
    if (a->estimate)
        wrapped(f, a->way[0].change);
    for (unsigned i = 0; i < a->nway && !a->estimate; i++)
        put_way(f, &a->way[i], frame);
    wrapped(f, a->advice);
}

static void put_text(FILE *f, const tool_run *s, const perf_advices *a, size_t n)
{
    const npu_model *m = s->model;
    fprintf(f, "%s on %s: %.3f ms per frame, %zu layers, %zu findings\n",
            m->name ? m->name : m->path, s->chip->name, a->frame_ms, a->layers, a->n);
    if (a->n == 0)
        fputs("No design rule is broken.\n", f);
    else
        fprintf(f, "\n%12s  %-30s %12s  rule\n", "frame", "layer", "layer now");
    for (size_t i = 0; i < n; i++)
        put_advice(f, &a->item[i], a->frame_ms);
    if (n < a->n)
        fprintf(f, "\n%zu more; --limit 0 prints all.\n", a->n - n);
    if (a->n)
        fputs("\nEach gain is simulated alone; gains of several do not simply add up. CPU nodes\n"
              "are estimates beside the frame.\n", f);
}

/* --- json ------------------------------------------------------------------------------------- */

static void put_json(FILE *f, const tool_run *s, const perf_advices *a, size_t n)
{
    rep_json j = rep_json_begin(f);
    rep_json_identity(&j, "npusim.advise/1");
    rep_json_str(&j, "model", s->model->name ? s->model->name : "");
    rep_json_str(&j, "chip", s->chip->name);
    rep_json_real(&j, "frame_ms", a->frame_ms);
    rep_json_int(&j, "layers", (int64_t)a->layers);
    rep_json_int(&j, "findings", (int64_t)a->n);
    rep_json_open(&j, "advice", REP_ARRAY);
    for (size_t i = 0; i < n; i++) {
        const perf_advice *x = &a->item[i];
        rep_json_open(&j, NULL, REP_OBJECT);
        rep_json_str(&j, "id", x->id);
        rep_json_str(&j, "rule", x->rule);
        rep_json_str(&j, "layer", x->layer);
        rep_json_str(&j, "type", x->type);
        rep_json_real(&j, "layer_ms", x->now_ms);
        rep_json_real(&j, "gain_ms", x->gain_ms);
        rep_json_real(&j, "gain_percent", 100 * x->gain_ms / a->frame_ms);
        rep_json_bool(&j, "estimate", x->estimate);
        rep_json_open(&j, "ways", REP_ARRAY);
        for (unsigned k = 0; k < x->nway; k++) {
            rep_json_open(&j, NULL, REP_OBJECT_LINE);
            rep_json_str(&j, "change", x->way[k].change);
            rep_json_real(&j, "gain_ms", x->way[k].gain_ms);
            rep_json_real(&j, "work", x->way[k].work);
            rep_json_close(&j);
        }
        rep_json_close(&j);
        rep_json_str(&j, "advice", x->advice);
        rep_json_close(&j);
    }
    rep_json_close(&j);
    rep_json_end(&j);
}

/* --- command ---------------------------------------------------------------------------------- */

static npu_status write_out(const options *o, const tool_run *s, const perf_advices *a,
                            npu_err *err)
{
    char *text = NULL;
    size_t bytes = 0, n = o->limit > 0 && (size_t)o->limit < a->n ? (size_t)o->limit : a->n;
    FILE *f = open_memstream(&text, &bytes);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    (o->format ? put_json : put_text)(f, s, a, n);
    npu_status st = fclose(f) == 0 ? tool_put(o->output, text, bytes, err)
                                   : npu_fail(err, NPU_LIMIT, "out of memory");
    free(text);
    return st;
}

static npu_status advise(const char *path, const options *o, npu_err *err)
{
    tool_run s;
    perf_advices a = {0};
    npu_status st = tool_load(path, &o->tool, &s, err);
    if (st == NPU_OK && o->tool.masters)
        st = tool_masters(o->tool.masters, &s, err);
    if (st == NPU_OK)
        st = perf_advise(s.prog, s.chip, s.masters, &a, err);
    if (st == NPU_OK)
        st = write_out(o, &s, &a, err);
    perf_advices_free(&a);
    tool_free(&s);
    return st;
}

int cmd_advise(int argc, char **argv)
{
    options o = {.limit = 10};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = advise(rest.arg[0], &o, &err);
    opt_free(&program, &o);
    return s == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
