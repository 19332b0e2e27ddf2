/* The made-up network.  Loads, convolutions and stores of each tile run on two in-order queues;
 * the critical path is whatever ends last, which is not exact but adds up. */
#include "synth_profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const hostile_names[] = {
    "</script><script>alert(1)</script>", "a\"b'c&d<e>f", "line\nbreak\ttab\x01\x7f",
    "bad\xff\xfeutf\xc3", "\\N\\\"dot", "=1+1", "\xe2\x80\xae right-to-left", ""
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static char *copy(const char *s)
{
    return strcpy(must(malloc(strlen(s) + 1)), s);
}

static char **copies(size_t n, const char *const *s)
{
    char **out = must(calloc(n ? n : 1, sizeof *out));
    for (size_t i = 0; i < n; i++)
        out[i] = copy(s[i]);
    return out;
}

static npu_chip *synth_chip(const synth_options *o)
{
    static const char *const notes[] = { "DDR masters beyond ddr.contention", "DRAM refresh" };
    npu_chip *c = must(calloc(1, sizeof *c));
    c->name = copy("cv181x");
    c->title = copy("CV1810C family, 0.5 TOPS");
    c->file = copy("cv181x.json");
    for (int n = 0; n < NPU_NUMS; n++) {
        c->num[n] = npu_num_table[n].min;
        c->source[n] = copy(o->hostile ? hostile_names[n % 8] : "made up for a test");
        c->status[n] = copy(n % 3 ? "measured" : "assumed");
    }
    c->num[NPU_NUM_tpu_clock_mhz] = 500;
    c->num[NPU_NUM_tpu_lanes] = 8;
    c->num[NPU_NUM_tpu_eu_bytes] = 16;
    c->num[NPU_NUM_tpu_int8_channels] = 2;
    c->num[NPU_NUM_lmem_lane_bytes] = 32768;
    c->num[NPU_NUM_ddr_bandwidth_mbps] = 3732;
    c->num[NPU_NUM_runtime_launch_ms] = 0.2;
    c->error_percent = -1;
    c->error_source = copy("");
    c->nnote = 2;
    c->note = copies(2, notes);
    if (o->measured) {
        c->error_percent = 6;
        free(c->error_source);
        c->error_source = copy("largest error on 3 boards");
        c->naccuracy = 2;
        c->accuracy = must(calloc(2, sizeof *c->accuracy));
        c->accuracy[0] = (npu_accuracy){ copy("ppocrv2_det_480 latency"), copy("ms"), 120.7, 118.7,
                                         copy("vendor FAQ") };
        c->accuracy[1] = (npu_accuracy){ copy("hand latency"), copy("ms"), 1.09, 0.82,
                                         copy("vendor <FAQ>") };
        c->noverride = 1;
        c->override = must(calloc(1, sizeof *c->override));
        c->override[0] = (npu_override){ copy("ddr.bandwidth_mbps"), 3732, 4266 };
    }
    return c;
}

typedef struct {
    npu_profile *p;
    npu_trace *t;
    int64_t tiu, tdma;  /* when each queue is free */
    int64_t path;       /* end of the critical path so far */
} machine;

static uint32_t add(machine *m, npu_span s)
{
    npu_prof_layer *l = &m->p->layer[s.layer];
    npu_trace *t = m->t;
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 256;
        t->span = must(realloc(t->span, t->capacity * sizeof *t->span));
    }
    s.cmd = t->count;
    s.blocker = NPU_NO_SPAN;
    if (s.end > m->path) { /* the part beyond what is covered already */
        s.critical = s.end - m->path;
        l->crit[s.cause] += s.critical;
        l->exclusive += s.critical;
        m->path = s.end;
    }
    if (l->n_tiu + l->n_tdma == 0)
        l->start = s.start;
    l->end = s.end > l->end ? s.end : l->end;
    *(s.unit == NPU_UNIT_TIU ? &l->tiu : &l->tdma) += s.end - s.start;
    *(s.unit == NPU_UNIT_TIU ? &l->n_tiu : &l->n_tdma) += 1;
    l->read += s.read;
    l->write += s.write;
    l->macs += s.macs;
    t->span[t->count] = s;
    return t->count++;
}

static void tile(machine *m, uint32_t layer, uint32_t k)
{
    bool wide = layer % 11 == 5, pool = layer % 7 == 3;
    int64_t load = wide ? 9000 : 2400 + 37 * (k % 5), work = pool ? 1500 : 7000 + 900 * (layer % 4);
    int64_t a = m->tdma, b = a + load;
    add(m, (npu_span){ .start = a, .end = b, .unit = NPU_UNIT_LOAD, .cause = NPU_CAUSE_DDR,
                       .kind = NPU_KIND_LOAD, .layer = layer, .fixed = 70,
                       .read = (uint32_t)(load * 6), .wait = NPU_WAIT_QUEUE });
    m->tdma = b;
    a = b > m->tiu ? b : m->tiu;
    b = a + work;
    add(m, (npu_span){ .start = a, .end = b, .unit = NPU_UNIT_TIU, .layer = layer, .fixed = 20,
                       .cause = pool ? NPU_CAUSE_VECTOR : layer % 13 == 1 ? NPU_CAUSE_LMEM
                                                                          : NPU_CAUSE_MAC,
                       .kind = pool ? NPU_KIND_MAXPOOL : NPU_KIND_CONV,
                       .macs = pool ? 0 : (uint64_t)work * 230,
                       .wait = a > m->tiu ? NPU_WAIT_LOAD : NPU_WAIT_QUEUE });
    m->tiu = b;
    if (k % 3 == 2) {
        a = b > m->tdma ? b : m->tdma;
        add(m, (npu_span){ .start = a, .end = a + 1900, .unit = NPU_UNIT_STORE, .layer = layer,
                           .cause = NPU_CAUSE_DDR, .kind = NPU_KIND_STORE, .write = 1900 * 6,
                           .fixed = 70, .wait = NPU_WAIT_TIU });
        m->tdma = a + 1900;
    } else {
        m->tdma = m->tdma > a - load ? m->tdma : a - load; /* one tile ahead of the TIU */
    }
}

static void name_layer(npu_profile *p, uint32_t i, const synth_options *o)
{
    npu_prof_layer *l = &p->layer[i];
    char text[64];
    snprintf(text, sizeof text, i % 7 == 3 ? "maxpool(%u_Conv)" : "%u_Conv", (unsigned)i + 128);
    l->name = copy(o->hostile ? hostile_names[i % 8] : text);
    l->inferred = i % 7 == 3;
    l->kind = l->inferred ? NPU_KIND_MAXPOOL : NPU_KIND_CONV;
    l->kh = l->kw = i % 2 ? 3 : 1;
    l->sh = l->sw = i % 9 == 0 ? 2 : 1;
    l->out_c = 16u << (i * 5 / (p->nlayer + 1));
    l->out_h = l->out_w = 320u >> (i * 5 / (p->nlayer + 1));
    snprintf(text, sizeof text, "%u tiles wait for their loads.", (unsigned)o->tiles);
    l->why = copy(text);
}

static void finish_layer(npu_prof_layer *l, double peak)
{
    int best = 0;
    for (int c = 1; c < NPU_CAUSES; c++)
        if (l->crit[c] > l->crit[best])
            best = c;
    l->bound = (npu_cause)best;
    l->weight = l->read / 2;
    l->mac_utilisation = l->tiu ? (double)l->macs / ((double)l->tiu * peak) : 0;
}

static void cpu_part(machine *m)
{
    npu_profile *p = m->p;
    npu_prof_subgraph *s = &p->subgraph[p->nsubgraph++];
    uint32_t layer = (uint32_t)p->nlayer++;
    int64_t a = m->path;
    memset(&p->layer[layer], 0, sizeof p->layer[layer]);
    p->layer[layer].name = copy("softmax");
    p->layer[layer].why = copy("CPU time is an estimate.");
    p->layer[layer].kind = NPU_KIND_CPU;
    p->layer[layer].subgraph = 1;
    add(m, (npu_span){ .start = a, .end = a + 60000, .unit = NPU_UNIT_CPU, .cause = NPU_CAUSE_CPU,
                       .kind = NPU_KIND_CPU, .layer = layer, .subgraph = 1 });
    m->t->span[m->t->count - 1].cmd = NPU_NO_SPAN;
    p->layer[layer].tdma = 0;
    p->layer[layer].n_tdma = 0;
    p->cpu_ticks = 60000;
    *s = (npu_prof_subgraph){ .name = copy("cpu_softmax"), .cpu = true, .start = a,
                              .end = a + 60000, .segments = 1 };
}

static void totals(npu_profile *p, const npu_trace *t)
{
    static const char *const in[] = { "images 1x3x640x640 INT8" };
    npu_prof_subgraph *s = &p->subgraph[0];
    s->name = copy("subfunc_0");
    s->input = copies(1, in);
    s->ninput = 1;
    s->segments = 1;
    for (uint32_t i = 0; i < t->count; i++) {
        const npu_span *v = &t->span[i];
        p->inference_ticks = v->end > p->inference_ticks ? v->end : p->inference_ticks;
        p->read += v->read;
        p->write += v->write;
        p->macs += v->macs;
        if (v->unit == NPU_UNIT_CPU)
            continue;
        s->end = v->end > s->end ? v->end : s->end;
        *(v->unit == NPU_UNIT_TIU ? &p->tiu_ticks : &p->tdma_ticks) += v->end - v->start;
        *(v->unit == NPU_UNIT_TIU ? &p->n_tiu : &p->n_tdma) += 1;
    }
    s->read = p->read;
    s->write = p->write;
    s->macs = p->macs;
    s->tiu = p->tiu_ticks;
    s->tdma = p->tdma_ticks;
    s->n_tiu = p->n_tiu;
    s->n_tdma = p->n_tdma;
    p->launch_ticks = 100000;
    p->latency_ticks = p->inference_ticks + p->launch_ticks;
    p->crit[NPU_CAUSE_FIXED] = p->launch_ticks;
    for (size_t i = 0; i < p->nlayer; i++)
        for (int c = 0; c < NPU_CAUSES; c++)
            p->crit[c] += p->layer[i].crit[c];
}

static void rates(npu_profile *p)
{
    double peak = 3732e6;
    p->launch_ms = 0.2;
    p->latency_ms = (double)p->latency_ticks / 5e5;
    p->inference_ms = (double)p->inference_ticks / 5e5;
    p->tiu_ms = (double)p->tiu_ticks / 5e5;
    p->tdma_ms = (double)p->tdma_ticks / 5e5;
    p->cpu_ms = (double)p->cpu_ticks / 5e5;
    p->fps = 1e3 / p->latency_ms;
    p->mac_utilisation = (double)p->macs / ((double)p->latency_ticks * 256);
    if (p->inference_ticks > 0) {
        p->parallelism_percent = fmax(100, 100.0 * (double)(p->tiu_ticks + p->tdma_ticks) /
                                               (double)p->inference_ticks);
        p->average_mbps = (double)(p->read + p->write) / p->inference_ms / 1e3;
    }
    p->occupancy = p->average_mbps * 1e6 / peak;
    p->worst_ms_occupancy = fmin(1, 2 * p->occupancy);
    p->wait_ticks[NPU_WAIT_LOAD] = p->tiu_ticks / 20;
    p->wait_ticks[NPU_WAIT_STORE] = p->tiu_ticks / 90;
}

static void bins(npu_profile *p, const npu_trace *t)
{
    p->bin_ticks = 5000;
    p->nbin = (size_t)((p->inference_ticks + p->bin_ticks - 1) / p->bin_ticks);
    p->bin = must(calloc(p->nbin + 1, sizeof *p->bin));
    for (uint32_t i = 0; i < t->count; i++) {
        npu_prof_bin *b = &p->bin[t->span[i].start / p->bin_ticks];
        b->read += t->span[i].read;
        b->write += t->span[i].write;
    }
}

static void lists(npu_profile *p, const synth_options *o)
{
    static const char *const said[] = {
        "MAC-bound: 74 % of the frame is the MAC array at work.",
        "Four convolutions take 9.3 ms, 20 % of the frame.",
        "The TIU idles 5.2 ms waiting for loads (2.5) and stores (2.7)."
    };
    static const char *const assumed[] = {
        "Activations compress to 70 % of their size: their content is not in the file.",
        "CPU routines are estimates."
    };
    const char *const hostile[] = { hostile_names[0], hostile_names[1], hostile_names[3] };
    p->nverdict = 3;
    p->verdict = copies(3, o->hostile ? hostile : said);
    p->nassumption = 2;
    p->assumption = copies(2, assumed);
    p->ncall = p->nsubgraph;
    p->call = must(calloc(p->ncall + 1, sizeof *p->call));
    for (size_t i = 0; i < p->ncall; i++)
        p->call[i] = (npu_prof_call){ .name = copy(p->subgraph[i].name), .subgraph = (uint32_t)i,
                                      .start = p->subgraph[i].start, .end = p->subgraph[i].end,
                                      .macs = p->subgraph[i].macs, .read = p->subgraph[i].read,
                                      .write = p->subgraph[i].write };
    p->ninsn = 2;
    p->insn = must(calloc(2, sizeof *p->insn));
    p->insn[0] = (npu_prof_insn){ NPU_KIND_CONV, false, p->n_tiu, p->tiu_ticks, p->macs, 0, 0 };
    p->insn[1] = (npu_prof_insn){ NPU_KIND_LOAD, false, p->n_tdma, p->tdma_ticks, 0, p->read, 0 };
}

npu_profile *synth_profile(const synth_options *o)
{
    npu_profile *p = must(calloc(1, sizeof *p));
    npu_trace *t = must(calloc(1, sizeof *t));
    machine m = { .p = p, .t = t };
    p->chip = synth_chip(o);
    p->trace = t;
    p->error_percent = p->chip->error_percent;
    p->file = copy(o->hostile ? "<img src=x onerror=alert(1)>.cvimodel" : "synthetic_net.cvimodel");
    p->name = copy(o->hostile ? "<img src=x onerror=alert(1)>" : "synthetic_net");
    p->model_name = copy(o->hostile ? hostile_names[1] : "synthetic");
    p->tool_version = copy("1.0");
    memset(p->sha256, 'a', 64);
    p->tick_hz = t->tick_hz = 500e6;
    p->peak_macs_per_tick = 256;
    p->nsubgraph = 1;
    p->subgraph = must(calloc(2, sizeof *p->subgraph));
    p->nlayer = o->empty ? 0 : o->layers;
    p->layer = must(calloc(p->nlayer + 2, sizeof *p->layer));
    for (uint32_t i = 0; i < p->nlayer; i++)
        name_layer(p, i, o);
    for (uint32_t i = 0, n = (uint32_t)p->nlayer; i < n; i++)
        for (uint32_t k = 0; k < o->tiles; k++)
            tile(&m, i, k);
    if (o->cpu)
        cpu_part(&m);
    for (size_t i = 0; i < p->nlayer; i++)
        finish_layer(&p->layer[i], 256);
    totals(p, t);
    rates(p);
    bins(p, t);
    lists(p, o);
    p->ion = 9000000;
    p->weight_bytes = 3200000;
    p->cmdbuf_bytes = 400000;
    p->shared_gmem = 5000000;
    p->io_bytes = 1300000;
    return p;
}

static void free_strings(char **s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(s[i]);
    free(s);
}

static void free_chip(npu_chip *c)
{
    for (int n = 0; n < NPU_NUMS; n++) {
        free(c->source[n]);
        free(c->status[n]);
    }
    for (size_t i = 0; i < c->naccuracy; i++) {
        free(c->accuracy[i].name);
        free(c->accuracy[i].unit);
        free(c->accuracy[i].source);
    }
    for (size_t i = 0; i < c->noverride; i++)
        free(c->override[i].key);
    free(c->accuracy);
    free(c->override);
    free_strings(c->note, c->nnote);
    free(c->name);
    free(c->title);
    free(c->file);
    free(c->error_source);
    free(c);
}

void synth_free(npu_profile *p)
{
    free_chip((npu_chip *)p->chip);
    free(((npu_trace *)p->trace)->span);
    free((npu_trace *)p->trace);
    for (size_t i = 0; i < p->nlayer; i++) {
        free(p->layer[i].name);
        free(p->layer[i].why);
    }
    for (size_t i = 0; i < p->nsubgraph; i++) {
        free(p->subgraph[i].name);
        free_strings(p->subgraph[i].input, p->subgraph[i].ninput);
    }
    for (size_t i = 0; i < p->ncall; i++)
        free(p->call[i].name);
    free_strings(p->verdict, p->nverdict);
    free_strings(p->assumption, p->nassumption);
    free(p->layer);
    free(p->subgraph);
    free(p->call);
    free(p->insn);
    free(p->bin);
    free(p->file);
    free(p->name);
    free(p->model_name);
    free(p->tool_version);
    free(p);
}
