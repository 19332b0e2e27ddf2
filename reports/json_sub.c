/* The data of one sub-graph in the vendor's layout: {"summary": {...}}, keys sorted.
 *
 * "megabytes" there means MiB.  Keys the profile cannot fill (compiler version and options, CRCs,
 * working operations) are left out: a reader that needs them should fail, not read an invention. */
#include "reports/json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/bins.h"
#include "reports/columns.h"
#include "reports/interval.h"
#include "reports/jsonw.h"
#include "reports/out.h"

#define MIB 1048576.0

/* "images 1x3x640x640 INT8" is name, shape and type; the name may hold spaces itself. */
static void input(rep_json *j, const char *text)
{
    char name[512], *type, *shape;
    snprintf(name, sizeof name, "%s", text);
    type = strrchr(name, ' ');
    if (type)
        *type = '\0';
    shape = strrchr(name, ' ');
    if (shape)
        *shape++ = '\0';
    rep_json_open(j, NULL, REP_ARRAY_LINE);
    rep_json_str(j, NULL, name);
    rep_json_str(j, NULL, shape ? shape : "");
    rep_json_close(j);
}

static void inputs(rep_json *j, const npu_prof_subgraph *s)
{
    rep_json_open(j, "input features", REP_ARRAY);
    rep_json_open(j, NULL, REP_ARRAY_LINE);
    rep_json_str(j, NULL, "input name");
    rep_json_str(j, NULL, "input size");
    rep_json_close(j);
    for (size_t i = 0; i < s->ninput; i++)
        input(j, s->input[i]);
    rep_json_close(j);
}

/* 113246208 as "113,246,208". */
static void commas(char *out, uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, v);
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
}

static void cost(rep_json *j, const npu_profile *p, int64_t ticks, int64_t whole)
{
    char text[112];
    snprintf(text, sizeof text, "%s us (%s%% of model)", rep_short(rep_ms(p, ticks) * 1e3).s,
             rep_fix(rep_share(ticks, whole), 1).s);
    rep_json_str(j, NULL, text);
}

static void layers(rep_json *j, const npu_profile *p, int subgraph, int64_t whole)
{
    static const char *const heading[] = { "layer", "ops", "computing cost (no DDR)",
                                           "load/store cost" };
    rep_json_open(j, "layer details", REP_ARRAY);
    rep_json_open(j, NULL, REP_ARRAY_LINE);
    for (int i = 0; i < 4; i++)
        rep_json_str(j, NULL, heading[i]);
    rep_json_close(j);
    for (size_t i = 0; i < p->nlayer; i++) {
        const npu_prof_layer *l = &p->layer[i];
        char ops[40];
        if (l->subgraph != (uint32_t)subgraph)
            continue;
        commas(ops, 2 * l->macs);
        rep_json_open(j, NULL, REP_ARRAY_LINE);
        rep_json_str(j, NULL, l->name);
        rep_json_str(j, NULL, ops);
        cost(j, p, l->tiu, whole);
        cost(j, p, l->tdma, whole);
        rep_json_close(j);
    }
    rep_json_close(j);
}

static void ddr(rep_json *j, const npu_prof_subgraph *s, double runs_per_second)
{
    double bytes = (double)(s->read + s->write);
    rep_json_real(j, "DDR bytes per frame", bytes);
    rep_json_int(j, "DDR bytes per run", (int64_t)(s->read + s->write));
    rep_json_real(j, "DDR bytes per second", bytes * runs_per_second);
    rep_json_real(j, "DDR megabytes per frame", bytes / MIB);
    rep_json_real(j, "DDR megabytes per run", bytes / MIB);
    rep_json_real(j, "DDR megabytes per second", bytes / MIB * runs_per_second);
}

/* One array of numbers, one per interval: KIND 0 TIU busy share, 1 MiB/s read, 2 MiB/s written. */
static void series(rep_json *j, const char *key, const rep_interval *v, int kind)
{
    rep_json_open(j, key, REP_ARRAY_LINE);
    for (size_t i = 0; i < v->n; i++)
        rep_json_real(j, NULL, kind == 0 ? rep_interval_tiu(v, i)
                                         : rep_interval_mbps(v, i, kind == 2) * 1e6 / MIB);
    rep_json_close(j);
}

static void intervals(rep_json *j, const rep_interval *v, const npu_prof_origin *o)
{
    if (!o || o->debug)
        series(j, "interval computing unit utilization", v, 0);
    if (o && o->debug)
        series(j, "interval computing units utilization", v, 0);
    series(j, "interval loading bandwidth (megabytes/s)", v, 1);
    rep_json_int(j, "interval number", (int64_t)v->n);
    series(j, "interval storing bandwidth (megabytes/s)", v, 2);
    rep_json_real(j, "interval time (ms)", v->ms);
}

static void crc(rep_json *j, const char *key, uint32_t v)
{
    char text[9];
    snprintf(text, sizeof text, "%08" PRIx32, v);
    rep_json_str(j, key, text);
}

/* Keys only a .bin can fill, each group where the order of the keys has it. */
static void machine(rep_json *j, const npu_prof_origin *o)
{
    char march[32];
    size_t n = 0;
    rep_json_int(j, "BPU PE number", 1);
    rep_json_int(j, "BPU core number", o->cores);
    for (; o->march[n] && n + 1 < sizeof march; n++)
        march[n] = (char)toupper((unsigned char)o->march[n]);
    march[n] = '\0';
    rep_json_str(j, "BPU march", march);
}

static void model(rep_json *j, const npu_profile *p, int subgraph)
{
    crc(j, "model json CRC", p->origin->command_crc[subgraph]);
    rep_json_str(j, "model json file", p->file);
    rep_json_str(j, "model name", p->subgraph[subgraph].name);
    crc(j, "model param CRC", p->origin->weight_crc);
}

static void summary(rep_json *j, const npu_profile *p, int subgraph, const rep_interval *v)
{
    const npu_prof_subgraph *s = &p->subgraph[subgraph];
    const npu_prof_origin *o = p->origin;
    double ms = rep_ms(p, s->end - s->start), fps = ms > 0 ? 1e3 / ms : 0;
    rep_json_int(j, "BPU OPs per frame (effective)", (int64_t)(2 * s->macs));
    rep_json_int(j, "BPU OPs per run (effective)", (int64_t)(2 * s->macs));
    if (o) {
        machine(j, o);
    } else {
        rep_json_int(j, "BPU core number", 1);
        rep_json_str(j, "BPU march", p->chip->name);
    }
    ddr(j, s, fps);
    rep_json_real(j, "FPS", fps);
    if (o) {
        rep_json_str(j, "HBDK version", o->hbdk);
        rep_json_str(j, "compiling options", o->options);
    }
    rep_json_int(j, "frame per run", 1);
    rep_json_real(j, "frame per second", fps);
    inputs(j, s);
    intervals(j, v, o);
    rep_json_real(j, "latency (ms)", ms);
    if (s->segments <= 1) { /* the profile does not say where segments end */
        rep_json_open(j, "latency (ms) by segments", REP_ARRAY_LINE);
        rep_json_real(j, NULL, ms);
        rep_json_close(j);
    }
    rep_json_real(j, "latency (us)", ms * 1e3);
    if (!o || o->debug)
        layers(j, p, subgraph, s->end - s->start);
    rep_json_int(j, "loaded bytes per frame", (int64_t)s->read);
    rep_json_int(j, "loaded bytes per run", (int64_t)s->read);
    if (o)
        model(j, p, subgraph);
    else
        rep_json_str(j, "model name", s->name);
    rep_json_real(j, "multicore sync time (ms)", 0);
    rep_json_real(j, "run per second", fps);
    if (o)
        rep_json_str(j, "runtime version", o->runtime);
    rep_json_int(j, "stored bytes per frame", (int64_t)s->write);
    rep_json_int(j, "stored bytes per run", (int64_t)s->write);
    rep_json_real(j, "worst FPS", fps);
}

npu_status rep_subgraph_json(const npu_profile *p, int subgraph, FILE *out, npu_err *err)
{
    rep_interval v;
    rep_json j;
    NPU_TRY(rep_interval_make(p, subgraph, &v, err));
    j = rep_json_begin(out);
    rep_json_open(&j, "summary", REP_OBJECT);
    summary(&j, p, subgraph, &v);
    rep_json_close(&j);
    rep_json_end(&j);
    free(v.bin);
    return NPU_OK;
}
