/* The machine profile, schema npusim.profile/1 (docs/schema/npusim.profile-1.json).
 *
 * Readers depend on keys and units: a key is added freely, but never removed and never given
 * another meaning without a new major number. */
#include "reports/json.h"

#include <string.h>

#include "reports/columns.h"
#include "reports/html.h"
#include "reports/jsonw.h"

static void causes(rep_json *j, const char *key, const int64_t crit[NPU_CAUSES])
{
    rep_json_open(j, key, REP_OBJECT_LINE);
    for (int c = 0; c < NPU_CAUSES; c++)
        rep_json_int(j, rep_cause_key((npu_cause)c), crit[c]);
    rep_json_close(j);
}

static void strings(rep_json *j, const char *key, char *const *s, size_t n)
{
    rep_json_open(j, key, REP_ARRAY);
    for (size_t i = 0; i < n; i++)
        rep_json_str(j, NULL, s[i]);
    rep_json_close(j);
}

static void head(rep_json *j, const npu_profile *p)
{
    rep_json_identity(j, "npusim.profile/1");
    rep_json_open(j, "model", REP_OBJECT_LINE);
    rep_json_str(j, "file", p->file);
    rep_json_str(j, "name", p->name);
    rep_json_str(j, "sha256", p->sha256);
    rep_json_str(j, "model_name", p->model_name);
    rep_json_str(j, "compiler", p->tool_version);
    rep_json_close(j);
}

static void word(rep_json *j, int num, double value)
{
    const char *w = num < NPU_NUMS ? npu_num_word((npu_num)num, value) : NULL;
    if (w)
        rep_json_str(j, "word", w);
}

static void override(rep_json *j, const npu_override *v)
{
    int n = 0;
    while (n < NPU_NUMS && strcmp(npu_num_table[n].key, v->key) != 0)
        n++;
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "key", v->key);
    rep_json_real(j, "value", v->value);
    rep_json_real(j, "was", v->was);
    rep_json_str(j, "unit", n < NPU_NUMS ? npu_num_table[n].unit : "");
    word(j, n, v->value);
    rep_json_close(j);
}

static void chip(rep_json *j, const npu_chip *c, double error_percent)
{
    rep_json_open(j, "chip", REP_OBJECT);
    rep_json_str(j, "name", c->name);
    rep_json_str(j, "title", c->title);
    rep_json_str(j, "file", c->file);
    rep_json_open(j, "overrides", REP_ARRAY);
    for (size_t i = 0; i < c->noverride; i++)
        override(j, &c->override[i]);
    rep_json_close(j);
    if (error_percent < 0)
        rep_json_null(j, "error_percent"); /* never measured */
    else
        rep_json_real(j, "error_percent", error_percent);
    rep_json_str(j, "error_source", c->error_source);
    rep_json_open(j, "numbers", REP_OBJECT);
    for (int n = 0; n < NPU_NUMS; n++) {
        if (!c->source[n]) /* of another family of engines */
            continue;
        rep_json_open(j, npu_num_table[n].key, REP_OBJECT_LINE);
        rep_json_real(j, "value", c->num[n]);
        word(j, n, c->num[n]);
        rep_json_str(j, "unit", npu_num_table[n].unit);
        rep_json_str(j, "source", c->source[n]);
        rep_json_str(j, "status", c->status[n]);
        rep_json_close(j);
    }
    rep_json_close(j);
    rep_json_open(j, "accuracy", REP_ARRAY);
    for (size_t i = 0; i < c->naccuracy; i++) {
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "name", c->accuracy[i].name);
        rep_json_str(j, "unit", c->accuracy[i].unit);
        rep_json_real(j, "measured", c->accuracy[i].measured);
        rep_json_real(j, "predicted", c->accuracy[i].predicted);
        rep_json_str(j, "source", c->accuracy[i].source);
        rep_json_close(j);
    }
    rep_json_close(j);
    strings(j, "not_modelled", c->note, c->nnote);
    rep_json_close(j);
}

static void times(rep_json *j, const npu_profile *p)
{
    rep_json_real(j, "latency_ms", p->latency_ms);
    rep_json_real(j, "fps", p->fps);
    rep_json_real(j, "inference_ms", p->inference_ms);
    rep_json_real(j, "tdma_ms", p->tdma_ms);
    rep_json_real(j, "tiu_ms", p->tiu_ms);
    rep_json_real(j, "cpu_ms", p->cpu_ms);
    rep_json_real(j, "launch_ms", p->launch_ms);
    rep_json_real(j, "parallelism_percent", p->parallelism_percent);
    rep_json_real(j, "cycles_per_second", p->tick_hz);
    rep_json_int(j, "cycles", p->inference_ticks);
    rep_json_int(j, "latency_cycles", p->latency_ticks);
    rep_json_int(j, "launch_cycles", p->launch_ticks);
    rep_json_int(j, "tiu_cycles", p->tiu_ticks);
    rep_json_int(j, "tdma_cycles", p->tdma_ticks);
    rep_json_int(j, "cpu_cycles", p->cpu_ticks);
    causes(j, "critical_path_cycles", p->crit);
    rep_json_open(j, "tiu_wait_cycles", REP_OBJECT_LINE);
    for (int w = 0; w < NPU_WAITS; w++)
        rep_json_int(j, rep_wait_key((npu_wait)w), p->wait_ticks[w]);
    rep_json_close(j);
    rep_json_int(j, "macs", (int64_t)p->macs);
    rep_json_real(j, "mac_utilisation", p->mac_utilisation);
    rep_json_real(j, "peak_macs_per_cycle", p->peak_macs_per_tick);
}

/* Traffic over time of the NPU and of each other master, and what each costs. */
static void masters(rep_json *j, const npu_profile *p)
{
    rep_json_int(j, "alone_latency_cycles", p->alone_ticks);
    rep_json_int(j, "interval_cycles", p->bin_ticks);
    rep_json_open(j, "npu_interval_bytes", REP_ARRAY_LINE);
    for (size_t b = 0; b < p->nbin; b++)
        rep_json_int(j, NULL, (int64_t)(p->bin[b].read + p->bin[b].write));
    rep_json_close(j);
    rep_json_open(j, "masters", REP_ARRAY);
    for (size_t i = 0; i < p->nmaster; i++) {
        const npu_prof_master *m = &p->master[i];
        rep_json_open(j, NULL, REP_OBJECT);
        rep_json_str(j, "name", m->name);
        rep_json_str(j, "kind", m->kind);
        rep_json_int(j, "bytes", (int64_t)m->bytes);
        rep_json_real(j, "average_mbps", m->average_mbps);
        rep_json_int(j, "slowdown_cycles", m->slowdown_ticks);
        rep_json_real(j, "slowdown_ms", rep_ms(p, m->slowdown_ticks));
        rep_json_real(j, "slowdown_percent", m->slowdown_percent);
        rep_json_open(j, "interval_bytes", REP_ARRAY_LINE);
        for (size_t b = 0; b < p->nbin; b++)
            rep_json_int(j, NULL, (int64_t)m->bin[b]);
        rep_json_close(j);
        rep_json_close(j);
    }
    rep_json_close(j);
}

static void memory(rep_json *j, const npu_profile *p)
{
    rep_json_open(j, "ddr", REP_OBJECT);
    rep_json_int(j, "read_bytes", (int64_t)p->read);
    rep_json_int(j, "write_bytes", (int64_t)p->write);
    rep_json_int(j, "total_bytes", (int64_t)(p->read + p->write));
    rep_json_real(j, "average_mbps", p->average_mbps);
    rep_json_real(j, "occupancy", p->occupancy);
    rep_json_real(j, "worst_ms_occupancy", p->worst_ms_occupancy);
    rep_json_real(j, "peak_mbps", NPU_GET(p->chip, ddr_bandwidth_mbps));
    if (p->nmaster)
        masters(j, p);
    rep_json_close(j);
    rep_json_open(j, "memory", REP_OBJECT);
    rep_json_int(j, "ion_bytes", (int64_t)p->ion);
    rep_json_int(j, "weight_bytes", (int64_t)p->weight_bytes);
    rep_json_int(j, "cmdbuf_bytes", (int64_t)p->cmdbuf_bytes);
    rep_json_int(j, "shared_gmem_bytes", (int64_t)p->shared_gmem);
    rep_json_int(j, "private_gmem_bytes", (int64_t)p->private_gmem);
    rep_json_int(j, "io_bytes", (int64_t)p->io_bytes);
    rep_json_close(j);
    rep_json_open(j, "commands", REP_OBJECT_LINE);
    rep_json_int(j, "tiu", p->n_tiu);
    rep_json_int(j, "tdma", p->n_tdma);
    rep_json_close(j);
    rep_json_int(j, "dispatch_cycles", p->dispatch_ticks);
}

static void subgraph(rep_json *j, const npu_profile *p, const npu_prof_subgraph *s)
{
    rep_json_open(j, NULL, REP_OBJECT);
    rep_json_str(j, "name", s->name);
    rep_json_str(j, "processor", s->cpu ? "cpu" : "npu");
    rep_json_bool(j, "estimated", s->cpu);
    rep_json_real(j, "latency_ms", rep_ms(p, s->end - s->start));
    rep_json_int(j, "start_cycles", s->start);
    rep_json_int(j, "end_cycles", s->end);
    rep_json_int(j, "tiu_cycles", s->tiu);
    rep_json_int(j, "tdma_cycles", s->tdma);
    rep_json_int(j, "read_bytes", (int64_t)s->read);
    rep_json_int(j, "write_bytes", (int64_t)s->write);
    rep_json_int(j, "macs", (int64_t)s->macs);
    rep_json_int(j, "tiu_commands", s->n_tiu);
    rep_json_int(j, "tdma_commands", s->n_tdma);
    rep_json_int(j, "segments", s->segments);
    strings(j, "inputs", s->input, s->ninput);
    strings(j, "outputs", s->output, s->noutput);
    rep_json_close(j);
}

static void call(rep_json *j, const npu_profile *p, const npu_prof_call *c)
{
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "name", c->name);
    rep_json_int(j, "subgraph", c->subgraph);
    rep_json_real(j, "latency_ms", rep_ms(p, c->end - c->start));
    rep_json_int(j, "start_cycles", c->start);
    rep_json_int(j, "end_cycles", c->end);
    rep_json_int(j, "macs", (int64_t)c->macs);
    rep_json_int(j, "read_bytes", (int64_t)c->read);
    rep_json_int(j, "write_bytes", (int64_t)c->write);
    rep_json_int(j, "tiu_commands", c->n_tiu);
    rep_json_int(j, "tdma_commands", c->n_tdma);
    rep_json_close(j);
}

static void value(rep_json *j, const char *key, const rep_column *c, const rep_value *v)
{
    switch (c->type) {
    case REP_VALUE_INT: rep_json_int(j, key, v->i); break;
    case REP_VALUE_REAL: rep_json_real(j, key, v->real); break;
    case REP_VALUE_BOOL: rep_json_bool(j, key, v->i != 0); break;
    case REP_VALUE_STR: rep_json_str(j, key, rep_value_str(v)); break;
    }
}

/* Columns "a.b" of one "a" stand together in the table and become one object. */
static void layer(rep_json *j, const npu_profile *p, const npu_prof_layer *l)
{
    bool inside = false;
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    for (size_t c = 0; c < rep_ncolumns; c++) {
        rep_value v = rep_columns[c].get(p, l);
        const char *key = rep_columns[c].key, *point = strchr(key, '.');
        if (point && !inside) {
            char object[32];
            snprintf(object, sizeof object, "%.*s", (int)(point - key), key);
            rep_json_open(j, object, REP_OBJECT_LINE);
        } else if (!point && inside) {
            rep_json_close(j);
        }
        inside = point != NULL;
        value(j, point ? point + 1 : key, &rep_columns[c], &v);
    }
    rep_json_close(j);
}

static void instruction(rep_json *j, const npu_prof_insn *n)
{
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "kind", n->kind < NPU_KINDS ? npu_kind_table[n->kind].mnemonic : "unknown");
    rep_json_str(j, "title", n->kind < NPU_KINDS ? npu_kind_table[n->kind].title : "");
    rep_json_bool(j, "bf16", n->bf16);
    rep_json_int(j, "count", n->count);
    rep_json_int(j, "cycles", n->ticks);
    rep_json_int(j, "macs", (int64_t)n->macs);
    rep_json_int(j, "read_bytes", (int64_t)n->read);
    rep_json_int(j, "write_bytes", (int64_t)n->write);
    rep_json_close(j);
}

static void lists(rep_json *j, const npu_profile *p)
{
    rep_json_open(j, "subgraphs", REP_ARRAY);
    for (size_t i = 0; i < p->nsubgraph; i++)
        subgraph(j, p, &p->subgraph[i]);
    rep_json_close(j);
    rep_json_open(j, "function_calls", REP_ARRAY);
    for (size_t i = 0; i < p->ncall; i++)
        call(j, p, &p->call[i]);
    rep_json_close(j);
    rep_json_open(j, "layers", REP_ARRAY);
    for (size_t i = 0; i < p->nlayer; i++)
        layer(j, p, &p->layer[i]);
    rep_json_close(j);
    rep_json_open(j, "instructions", REP_ARRAY);
    for (size_t i = 0; i < p->ninsn; i++)
        instruction(j, &p->insn[i]);
    rep_json_close(j);
    strings(j, "assumptions", p->assumption, p->nassumption);
    strings(j, "verdict", p->verdict, p->nverdict);
    rep_json_split(p, j);
    rep_json_budgets(p, j);
}

/* Runs with other hardware, when they were asked for. */
static void what_if(rep_json *j, const npu_profile *p)
{
    rep_json_open(j, "sweep", REP_OBJECT);
    rep_json_str(j, "key", "ddr.bandwidth_mbps");
    rep_json_open(j, "points", REP_ARRAY);
    for (size_t i = 0; i < p->nsweep; i++) {
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_real(j, "bandwidth_mbps", p->sweep[i].bandwidth_mbps);
        rep_json_real(j, "latency_ms", p->sweep[i].latency_ms);
        rep_json_real(j, "memory_share", p->sweep[i].memory_share);
        rep_json_close(j);
    }
    rep_json_close(j);
    if (p->knee_mbps > 0)
        rep_json_real(j, "knee_mbps", p->knee_mbps);
    else
        rep_json_null(j, "knee_mbps"); /* not reached */
    rep_json_real(j, "unlimited_ms", p->unlimited_ms);
    rep_json_close(j);
    rep_json_open(j, "what_if", REP_ARRAY);
    for (size_t i = 0; i < p->nwhat_if; i++) {
        const npu_prof_whatif *w = &p->what_if[i];
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_str(j, "change", w->change);
        rep_json_str(j, "note", w->note);
        rep_json_str(j, "kind", w->bound ? "bound" : "run");
        rep_json_real(j, "latency_ms", w->latency_ms);
        rep_json_real(j, "delta_ratio", w->delta);
        rep_json_close(j);
    }
    rep_json_close(j);
}

npu_status rep_profile_json(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err)
{
    rep_json j;
    if (o->subgraph >= 0)
        return rep_subgraph_json(p, o->subgraph, out, err);
    j = rep_json_begin(out);
    head(&j, p);
    chip(&j, p->chip, p->error_percent);
    times(&j, p);
    memory(&j, p);
    lists(&j, p);
    if (p->nsweep)
        what_if(&j, p);
    rep_json_end(&j);
    return NPU_OK;
}
