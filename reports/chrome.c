/* trace.json: the Chrome trace event format, which Perfetto and chrome://tracing read.
 *
 * ts and dur are microseconds whatever displayTimeUnit says; Perfetto looks for displayTimeUnit in
 * the first chunk only, so it comes first.  Slices of one tid must nest: every unit gets its own.
 * Written span by span; times come from integer nanoseconds, so neighbours never overlap. */
#include <inttypes.h>
#include <math.h>

#include "reports/columns.h"
#include "reports/out.h"

enum { PID = 1 };

typedef struct {
    FILE *f;
    const npu_profile *p;
    int64_t hz;
} chrome;

/* Ticks as nanoseconds, rounded down; exact for whole clock frequencies up to 9 GHz. */
static int64_t nanoseconds(int64_t ticks, int64_t hz)
{
    return ticks / hz * 1000000000 + ticks % hz * 1000000000 / hz;
}

static void put_us(FILE *f, int64_t ns)
{
    fprintf(f, "%" PRId64 ".%03d", ns / 1000, (int)(ns % 1000));
}

static void metadata(FILE *f, const char *what, int tid, const char *key, const char *name, int n)
{
    fprintf(f, ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\",\"args\":{\"%s\":", PID, tid,
            what, key);
    if (name)
        rep_json_text(f, name);
    else
        fprintf(f, "%d", n);
    fputs("}}", f);
}

static void names(const chrome *c)
{
    bool used[NPU_UNITS] = { false };
    for (uint32_t i = 0; i < c->p->trace->count; i++)
        used[c->p->trace->span[i].unit % NPU_UNITS] = true;
    fprintf(c->f, "{\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":", PID);
    rep_json_text(c->f, c->p->name);
    fputs("}}", c->f);
    metadata(c->f, "process_labels", 0, "labels", c->p->chip->name, 0);
    for (int u = 0; u < NPU_UNITS; u++) {
        if (!used[u])
            continue;
        metadata(c->f, "thread_name", u + 1, "name", npu_unit_name((npu_unit)u), 0);
        metadata(c->f, "thread_sort_index", u + 1, "sort_index", NULL, u + 1);
    }
}

static void span(const chrome *c, const npu_span *s)
{
    FILE *f = c->f;
    const char *layer = s->layer < c->p->nlayer ? c->p->layer[s->layer].name : "";
    const char *kind = s->kind < NPU_KINDS ? npu_kind_table[s->kind].mnemonic : "unknown";
    int64_t t0 = nanoseconds(s->start, c->hz), t1 = nanoseconds(s->end, c->hz);
    fputs(",\n{\"ph\":\"X\",\"name\":", f);
    rep_json_text(f, *layer ? layer : kind);
    fprintf(f, ",\"cat\":\"%s\",\"pid\":%d,\"tid\":%d,\"ts\":",
            s->unit == NPU_UNIT_TIU ? "TIU" : s->unit == NPU_UNIT_CPU ? "CPU" : "TDMA", PID,
            s->unit % NPU_UNITS + 1);
    put_us(f, t0);
    fputs(",\"dur\":", f);
    put_us(f, t1 - t0);
    fputs(",\"args\":{\"layer\":", f);
    rep_json_text(f, layer);
    fprintf(f, ",\"op\":\"%s\"", kind);
    if (s->cmd != NPU_NO_SPAN)
        fprintf(f, ",\"command\":%" PRIu32, s->cmd);
    fprintf(f, ",\"cycles\":%" PRId64, s->end - s->start);
    if (s->read || s->write)
        fprintf(f, ",\"bytes\":%" PRIu64, (uint64_t)s->read + s->write);
    if (s->macs)
        fprintf(f, ",\"macs\":%" PRIu64, s->macs);
    fprintf(f, ",\"bound\":\"%s\",\"wait\":\"%s\"", rep_cause_key((npu_cause)s->cause),
            rep_wait_key((npu_wait)s->wait));
    fputs(s->critical > 0 ? ",\"critical\":true}}" : "}}", f);
}

static void counter(const chrome *c, const char *name, int64_t ticks, double value)
{
    fprintf(c->f, ",\n{\"ph\":\"C\",\"name\":\"%s\",\"pid\":%d,\"ts\":", name, PID);
    put_us(c->f, nanoseconds(ticks, c->hz));
    fprintf(c->f, ",\"args\":{\"value\":%s}}", rep_fix(value, 1).s);
}

/* One event per change of one counter, and a last one of 0 where the bins end. */
static void counters(const chrome *c, const char *name, bool write)
{
    const npu_profile *p = c->p;
    uint64_t before = 0;
    for (size_t i = 0; i < p->nbin; i++) {
        int64_t at = (int64_t)i * p->bin_ticks, width = p->bin_ticks;
        uint64_t bytes = write ? p->bin[i].write : p->bin[i].read;
        if (width > p->inference_ticks - at)
            width = p->inference_ticks - at > 0 ? p->inference_ticks - at : 1;
        if (i == 0 || bytes != before || width != p->bin_ticks)
            counter(c, name, at, (double)bytes / (double)width * p->tick_hz / 1e6);
        before = bytes;
    }
    counter(c, name, p->inference_ticks, 0);
}

npu_status rep_chrome(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err)
{
    chrome c = { out, p, (int64_t)llround(p->tick_hz) };
    if (c.hz <= 0)
        return npu_fail(err, NPU_LIMIT, "%s: %g ticks per second", p->file, p->tick_hz);
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
    names(&c);
    for (uint32_t i = 0; i < p->trace->count; i++)
        if (o->subgraph < 0 || p->trace->span[i].subgraph == o->subgraph)
            span(&c, &p->trace->span[i]);
    if (o->subgraph < 0) {
        counters(&c, "DDR read MB/s", false);
        counters(&c, "DDR write MB/s", true);
    }
    fputs("\n]}\n", out);
    return NPU_OK;
}
