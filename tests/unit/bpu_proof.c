/* See bpu_proof.h: order of the commands, memory as symbols. */
#include "tests/unit/bpu_proof_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/assemble.h"
#include "formats/cmdbuf.h"
#include "models/work.h"
#include "sim/decode.h"
#include "sim/layout.h"

void (*proof_spoil)(npu_model *m);

bool proof_no(prover *v, const proof_cmd *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    uint32_t layer = c ? c->c.layer - (uint32_t)v->first_layer : 0;
    snprintf(v->out->why, sizeof v->out->why, "%s%.60s %s %u: %s",
             c && layer < v->net->nlayer ? v->net->layer[layer].name : "",
             c ? "" : v->net->name, c ? c->queue ? "dma" : "mac" : "end", c ? c->number : 0, text);
    return false;
}

proof_grain *proof_at(prover *v, const proof_cmd *c, proof_space *s, uint64_t at)
{
    uint64_t i = at / PROOF_GRAIN;
    if (at % PROOF_GRAIN || i >= s->limit) {
        proof_no(v, c, "byte %llu of %s, which has %llu", (unsigned long long)at, s->name,
                 (unsigned long long)s->limit * PROOF_GRAIN);
        return NULL;
    }
    if (i >= s->n) {
        uint64_t n = 2 * i + 1024 < s->limit ? 2 * i + 1024 : s->limit;
        proof_grain *g = realloc(s->g, n * sizeof *g);
        if (!g) {
            proof_no(v, c, "out of memory");
            return NULL;
        }
        memset(g + s->n, 0, (n - s->n) * sizeof *g);
        s->g = g;
        s->n = n;
    }
    return &s->g[i];
}

bool proof_touch(prover *v, const proof_cmd *c, const proof_space *s, proof_grain *g, bool write)
{
    unsigned other = 1 - c->queue;
    if (g->wrote > c->knows && g->writer == other)
        return proof_no(v, c, "%s byte %llu of %s, which %s %u writes, at any time before or after",
                        write ? "writes" : "reads", (unsigned long long)(g - s->g) * PROOF_GRAIN,
                        s->name, other ? "dma" : "mac", g->wrote);
    if (write && g->read[other] > c->knows)
        return proof_no(v, c, "writes byte %llu of %s, which %s %u reads, before or after",
                        (unsigned long long)(g - s->g) * PROOF_GRAIN, s->name,
                        other ? "dma" : "mac", g->read[other]);
    if (write) {
        g->writer = (uint8_t)c->queue;
        g->wrote = c->number;
    } else {
        g->read[c->queue] = c->number;
    }
    return true;
}

void proof_put(proof_grain *g, const proof_grain *x)
{
    bool same = g->kind == x->kind && g->id == x->id && g->at == x->at && g->row == x->row &&
                g->part == x->part && g->image == x->image;
    g->mask = same ? g->mask | x->mask : x->mask;
    g->kind = x->kind;
    g->id = x->id;
    g->at = x->at;
    g->row = x->row;
    g->part = x->part;
    g->image = x->image;
}

/* --- order ------------------------------------------------------------------------ */

typedef struct {
    proof_cmd *cmd;         /* of one function call, as they lie in the section */
    uint32_t n, cap;
} call;

typedef struct {
    uint32_t base[2], knows[2];  /* commands before the call; of the other queue, known by each */
    uint32_t next[2], ran[2];    /* where each queue looks, commands that ran in this call */
} clocks;

static bool count_work(prover *v, const proof_cmd *c)
{
    sim_op op = {0};
    npu_err err;
    uint32_t l = c->c.layer - (uint32_t)v->first_layer;
    if (hw_work(v->b->chip, &c->c, &op, &err) != NPU_OK)
        return proof_no(v, c, "%s", err.text);
    if (l >= v->net->nlayer)
        return proof_no(v, c, "layer %u", c->c.layer);
    uint64_t beat = (uint64_t)NPU_GET(v->b->chip, ddr_beat_bytes);
    v->macs[l] += op.macs;
    v->out->macs += op.macs;
    v->out->read += op.beats_in * beat;
    v->out->written += op.beats_out * beat;
    v->out->commands++;
    return true;
}

/* Runs the next command of QUEUE if what it waits for has run: 1, 0: not yet, -1: wrong. */
static int step(prover *v, const call *k, clocks *t, unsigned queue)
{
    for (; t->next[queue] < k->n; t->next[queue]++) {
        proof_cmd *c = &k->cmd[t->next[queue]];
        unsigned other = 1 - queue;
        if (c->queue != queue)
            continue;
        if (c->c.wait > t->ran[other])
            return 0;
        uint32_t known = t->base[other] + c->c.wait;
        t->knows[queue] = known > t->knows[queue] ? known : t->knows[queue];
        c->knows = t->knows[queue];
        t->next[queue]++;
        t->ran[queue]++;
        return count_work(v, c) && (queue ? proof_dma(v, c) : proof_mac(v, c)) ? 1 : -1;
    }
    return 0;
}

/* One function call: nothing on chip is there before it, everything else has ended. */
static bool run_call(prover *v, const call *k, clocks *t)
{
    uint32_t count[2] = {0, 0};
    if (v->sram.n)
        memset(v->sram.g, 0, v->sram.n * sizeof *v->sram.g);
    for (uint32_t i = 0; i < k->n; i++) {
        proof_cmd *c = &k->cmd[i];
        if (c->c.id != ++count[c->queue])
            return proof_no(v, c, "number %u where %u comes", c->c.id, count[c->queue]);
        c->number = t->base[c->queue] + count[c->queue];
    }
    t->knows[0] = t->base[1];
    t->knows[1] = t->base[0];
    t->next[0] = t->next[1] = t->ran[0] = t->ran[1] = 0;
    for (;;) {
        /* as far ahead as the transfers may be: the order that differs most from the program's */
        int d = step(v, k, t, 1);
        if (d == 0)
            d = step(v, k, t, 0);
        if (d < 0)
            return false;
        if (d == 0)
            break;
    }
    if (t->next[0] < k->n || t->next[1] < k->n)
        return proof_no(v, NULL, "commands wait for each other");
    t->base[0] += count[0];
    t->base[1] += count[1];
    v->out->fcalls++;
    return true;
}

static bool decode(prover *v, const fmt_cmd *raw, proof_cmd *c)
{
    npu_err err;
    *c = (proof_cmd){.queue = raw->engine == NPU_ENGINE_TIU ? 0 : 1, .p = raw->payload};
    if (sim_decode(NPU_ISA_BPU_1, raw->engine, raw->payload, raw->n, &c->c, &err) != NPU_OK)
        return proof_no(v, NULL, "%s", err.text);
    return true;
}

static bool run(prover *v, const npu_routine *r)
{
    const npu_section *s = npu_model_section(v->m, r->section);
    call k = {0};
    clocks t = {0};
    npu_err err;
    if (!s)
        return proof_no(v, NULL, "no section");
    fmt_cmdbuf buf = fmt_cmdbuf_of(s);
    bool ok = true;
    uint32_t index = 0;
    size_t f = 1;
    for (fmt_cmd raw; ok; index++) {
        if (fmt_cmdbuf_next(&buf, &raw, &err) != NPU_OK)
            ok = proof_no(v, NULL, "%s", err.text);
        bool end = !ok || !raw.payload;
        if (ok && k.n && (end || (f < r->nfcall && r->fcall[f] == index))) {
            f += !end;
            ok = run_call(v, &k, &t);
            k.n = 0;
        }
        if (end)
            break;
        if (k.n == k.cap) {
            k.cap = k.cap ? 2 * k.cap : 4096;
            k.cmd = realloc(k.cmd, k.cap * sizeof *k.cmd);
        }
        ok = decode(v, &raw, &k.cmd[k.n++]);
    }
    free(k.cmd);
    return ok;
}

/* --- whole ------------------------------------------------------------------------ */

static void release(prover *v)
{
    free(v->sram.g);
    for (int i = 0; i < 8; i++)
        free(v->ddr[i].g);
    for (uint32_t l = 0; v->done && l < v->net->nlayer; l++)
        free(v->done[l]);
    free(v->done);
    free(v->macs);
    free(v->seen);
    bpu_net_free(v->b);
}

bool proof_net(const cc_net *net, const cc_options *o, const npu_chip *chip, const npu_model *m,
               size_t first_weight, size_t first_layer, proof *p)
{
    static const char *const names[8] = {"shared memory", "weights", "memory 2", "inputs",
                                         "outputs", "memory 5", "memory 6", "memory 7"};
    const npu_program *g = &m->program[0];
    npu_err err;
    prover v = {.net = net, .m = m, .first_weight = first_weight, .first_layer = first_layer,
                .out = p};
    if (bpu_net_new(net, o, chip, &v.b, &err) != NPU_OK)
        return proof_no(&v, NULL, "%s", err.text);
    v.batch = bpu_images(v.b);
    v.sram = (proof_space){NULL, 0, (uint64_t)NPU_GET(chip, bpu_sram) / PROOF_GRAIN, "the chip"};
    for (int i = 0; i < 8; i++)
        v.ddr[i] = (proof_space){NULL, 0, UINT64_C(1) << 25, names[i]};
    v.ddr[NPU_MEM_SHARED].limit = g->shared_gmem / PROOF_GRAIN;
    v.done = calloc(net->nlayer, sizeof *v.done);
    v.macs = calloc(net->nlayer, sizeof *v.macs);
    v.seen = calloc(net->nlayer, sizeof *v.seen);
    for (uint32_t l = 0; l < net->nlayer; l++)
        v.done[l] = calloc(net->tensor[net->layer[l].out].h, sizeof **v.done);
    bool ok = proof_begin(&v) && run(&v, &g->routine[g->nroutine - 1]) && proof_end(&v);
    p->subgraphs++;
    release(&v);
    return ok;
}

static npu_status sub_graph(npu_graph *g, const cc_plan *plan, const cc_options *o,
                            const npu_chip *chip, uint32_t index, npu_model *m, proof *p,
                            npu_err *err)
{
    cc_net *net;
    size_t weight = m->nweight, layer = m->nlayer;
    NPU_TRY(cc_lower(g, plan, o, index, &net, err));
    npu_status s = cc_name_edges(g, plan, o, net, err);
    if (s == NPU_OK)
        s = bpu_compile(net, o, chip, m, err);
    if (s == NPU_OK && proof_spoil)
        proof_spoil(m);
    if (s == NPU_OK)
        proof_net(net, o, chip, m, weight, layer, p);
    cc_net_free(net);
    return s;
}

bool proof_graph(npu_graph *g, const cc_options *o, const npu_chip *chip, proof *p)
{
    cc_plan *plan = NULL;
    cc_order order = {0};
    npu_err err;
    npu_model *m = calloc(1, sizeof *m);
    *p = (proof){0};
    m->program = calloc(1, sizeof *m->program);
    m->nprogram = 1;
    npu_status s = cc_prepare(g, o, &err);
    if (s == NPU_OK)
        s = cc_optimise(g, o, &err);
    if (s == NPU_OK)
        s = cc_plan_make(g, o, &plan, &err);
    if (s == NPU_OK)
        s = cc_order_make(g, plan, &order, &err);
    for (uint32_t i = 0; s == NPU_OK && !*p->why && i < order.n; i++)
        if (order.unit[i].sub >= 0)
            s = sub_graph(g, plan, o, chip, (uint32_t)order.unit[i].sub, m, p, &err);
    if (s != NPU_OK)
        snprintf(p->why, sizeof p->why, "not compiled: %.400s", err.text);
    cc_order_free(&order);
    cc_plan_free(plan);
    npu_model_free(m);
    return !*p->why;
}
