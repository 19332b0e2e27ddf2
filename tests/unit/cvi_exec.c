/* See cvi_exec.h: transfers, memory and its checks.  Arithmetic is in cvi_exec_tiu.c. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cmdbuf.h"
#include "sim/decode.h"
#include "tests/unit/cvi_exec_tiu.h"

void exec_bad(exec_run *r, const char *fmt, ...)
{
    va_list ap;
    int n;
    if (r->e->bad[0])
        return;
    n = snprintf(r->e->bad, sizeof r->e->bad, "%s id %u layer %u: ",
                 npu_kind_table[r->cmd.kind].mnemonic, r->cmd.id, r->cmd.layer);
    va_start(ap, fmt);
    vsnprintf(r->e->bad + n, sizeof r->e->bad - (size_t)n, fmt, ap);
    va_end(ap);
}

exec_cell *exec_at(exec_run *r, uint32_t addr, uint32_t c, uint64_t c_str, uint64_t inside)
{
    uint32_t lane0 = addr / r->lane_bytes;
    uint64_t off = addr % r->lane_bytes + (lane0 % r->lanes + c) / r->lanes * c_str + inside;
    if (off >= r->lane_bytes) {
        exec_bad(r, "offset %llu is outside a lane", (unsigned long long)off);
        off = 0;
    }
    return &r->cell[(lane0 + c) % r->lanes * (uint64_t)r->lane_bytes + off];
}

/* A command of this engine may touch what command NUMBER of the other did only after it ended. */
static void ordered(exec_run *r, uint16_t number, const char *what)
{
    bool tiu = r->cmd.engine == NPU_ENGINE_TIU;
    if (number > r->waited[tiu])
        exec_bad(r, "%s %s %u without waiting for it (waited for %u)", what, tiu ? "TDMA" : "TIU",
                 number, r->waited[tiu]);
}

int8_t exec_read(exec_run *r, exec_cell *x)
{
    bool tiu = r->cmd.engine == NPU_ENGINE_TIU;
    if (!x->written)
        exec_bad(r, "reads a byte of local memory nobody wrote (offset %u)",
                 (unsigned)((uint64_t)(x - r->cell) % r->lane_bytes));
    ordered(r, x->wrote[!tiu], "reads what was written by");
    x->read[tiu] = r->cmd.id;
    return x->v;
}

void exec_write(exec_run *r, exec_cell *x, int8_t v)
{
    bool tiu = r->cmd.engine == NPU_ENGINE_TIU;
    ordered(r, x->wrote[!tiu], "writes over what was written by");
    ordered(r, x->read[!tiu], "writes over what is read by");
    x->wrote[tiu] = r->cmd.id;
    x->written = true;
    x->v = v;
}

static uint8_t *ddr_at(exec_run *r, uint8_t sel, uint64_t addr, bool store)
{
    cvi_exec_memory *m = &r->e->ddr[sel];
    static uint8_t nowhere;
    if (addr >= m->n) {
        exec_bad(r, "byte %llu of memory %u, which has %llu", (unsigned long long)addr, sel,
                 (unsigned long long)m->n);
        return &nowhere;
    }
    if (!store && !m->stores[addr])
        exec_bad(r, "loads byte %llu of memory %u, which nobody stored", (unsigned long long)addr,
                 sel);
    if (store && m->stores[addr] < UINT8_MAX)
        m->stores[addr]++;
    return &m->byte[addr];
}

static void transfer(exec_run *r)
{
    const npu_tdma *t = &r->cmd.u.tdma;
    bool load = t->dir == 0;
    if (r->cmd.kind != NPU_KIND_LOAD && r->cmd.kind != NPU_KIND_STORE) {
        exec_bad(r, "no such transfer here");
        return;
    }
    if (t->src_c != t->dst_c || t->src_h != t->dst_h || t->src_w != t->dst_w || t->n != 1)
        exec_bad(r, "shapes of both sides differ");
    for (uint32_t c = 0; c < t->src_c; c++)
        for (uint32_t h = 0; h < t->src_h; h++)
            for (uint32_t w = 0; w < t->src_w; w++) {
                uint64_t src = (uint64_t)h * t->src_h_str + w, dst = (uint64_t)h * t->dst_h_str + w;
                if (load)
                    exec_write(r, exec_at(r, (uint32_t)t->dst, c, t->dst_c_str, dst),
                               (int8_t)*ddr_at(r, t->src_sel,
                                               t->src + (uint64_t)c * t->src_c_str + src, false));
                else
                    *ddr_at(r, t->dst_sel, t->dst + (uint64_t)c * t->dst_c_str + dst, true) =
                        (uint8_t)exec_read(r, exec_at(r, (uint32_t)t->src, c, t->src_c_str, src));
            }
}

static void command(exec_run *r, const fmt_cmd *f, npu_isa isa)
{
    npu_err err = {0};
    uint16_t before[2] = {r->last[0], r->last[1]};
    r->payload = f->payload;
    if (sim_decode(isa, f->engine, f->payload, f->n, &r->cmd, &err) != NPU_OK) {
        snprintf(r->e->bad, sizeof r->e->bad, "%.400s", err.text);
        return;
    }
    bool tiu = r->cmd.engine == NPU_ENGINE_TIU;
    if (r->cmd.id != (uint16_t)(before[tiu] + 1))
        exec_bad(r, "number %u follows %u", r->cmd.id, before[tiu]);
    if (r->cmd.wait > before[!tiu])
        exec_bad(r, "waits for %u, which comes later", r->cmd.wait);
    r->last[tiu] = r->cmd.id;
    if (r->cmd.wait > r->waited[tiu]) /* engines are in order: a wait holds for all that follow */
        r->waited[tiu] = r->cmd.wait;
    r->e->commands++;
    if (tiu)
        exec_tiu(r);
    else
        transfer(r);
}

static void section(exec_run *r, const npu_section *s, npu_isa isa)
{
    fmt_cmdbuf b = fmt_cmdbuf_of(s);
    fmt_cmd f;
    npu_err err = {0};
    while (!r->e->bad[0] && fmt_cmdbuf_next(&b, &f, &err) == NPU_OK && f.payload)
        command(r, &f, isa);
    if (err.text[0] && !r->e->bad[0])
        snprintf(r->e->bad, sizeof r->e->bad, "%.400s", err.text);
}

static void memory(cvi_exec *e, int sel, uint64_t n)
{
    if (n <= e->ddr[sel].n)
        return;
    free(e->ddr[sel].byte);
    free(e->ddr[sel].stores);
    e->ddr[sel] = (cvi_exec_memory){calloc(n, 1), calloc(n, 1), n};
}

static void given(cvi_exec *e, const npu_tensor *t, int8_t (*input)(const npu_tensor *, uint64_t))
{
    cvi_exec_memory *m = &e->ddr[t->offset >> 40];
    uint64_t at = (uint64_t)t->offset & ((UINT64_C(1) << 40) - 1);
    for (uint64_t i = 0; i < npu_tensor_bytes(t); i++) {
        m->byte[at + i] = (uint8_t)input(t, i);
        m->stores[at + i] = 1;
    }
}

static void memories(cvi_exec *e, const npu_model *m)
{
    const npu_program *p = &m->program[0];
    const npu_section *w = npu_model_section(m, "weight");
    memory(e, NPU_MEM_SHARED, p->shared_gmem);
    memory(e, NPU_MEM_PRIVATE, p->private_gmem);
    memory(e, NPU_MEM_WEIGHT, w ? w->data_bytes : 0);
    if (w) {
        memcpy(e->ddr[NPU_MEM_WEIGHT].byte, w->data, w->data_bytes);
        memset(e->ddr[NPU_MEM_WEIGHT].stores, 1, w->data_bytes);
    }
    for (size_t i = 0; i < p->ntensor; i++)
        if (p->tensor[i].offset >> 40 >= NPU_MEM_IO &&
            ((uint64_t)p->tensor[i].offset & ((UINT64_C(1) << 40) - 1)) == 0)
            memory(e, (int)(p->tensor[i].offset >> 40), npu_tensor_bytes(&p->tensor[i]));
}

void cvi_exec_run(cvi_exec *e, const npu_model *m, const npu_chip *chip,
                  int8_t (*input)(const npu_tensor *t, uint64_t i))
{
    exec_run r = {.e = e, .lanes = (uint32_t)NPU_GET(chip, tpu_lanes),
                  .lane_bytes = (uint32_t)NPU_GET(chip, lmem_lane_bytes)};
    const npu_program *p = &m->program[0];
    *e = (cvi_exec){0};
    memories(e, m);
    r.cell = calloc((size_t)r.lanes * r.lane_bytes, sizeof *r.cell);
    for (size_t i = 0; i < p->nin; i++)
        given(e, npu_program_tensor(p, p->in[i]), input);
    for (size_t i = 0; i < p->nroutine && r.cell; i++) {
        memset(r.last, 0, sizeof r.last);
        memset(r.waited, 0, sizeof r.waited);
        memset(r.cell, 0, (size_t)r.lanes * r.lane_bytes * sizeof *r.cell);
        section(&r, npu_model_section(m, p->routine[i].section), chip->isa);
    }
    free(r.cell);
}

void cvi_exec_free(cvi_exec *e)
{
    for (int i = 0; i < CVI_EXEC_MEMORIES; i++) {
        free(e->ddr[i].byte);
        free(e->ddr[i].stores);
    }
}
