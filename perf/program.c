/* Decoding of whole programs; see program.h. */
#include "perf/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "models/work.h"
#include "npusim/prog.h"
#include "sim/decode.h"

/* Adds where the command is to the message in ERR. */
static npu_status at(const npu_section *s, const npu_desc *d, npu_err *err)
{
    char where[160];
    snprintf(where, sizeof where, "section %.80s, byte %u", s->name, d->offset);
    return npu_fail_in(err, where);
}

/* Size in DDR of a compressed weight blob: 16-byte header, block map, data (VLC format of
 * wwwuxy/cvikernel cvk_vlc_compress.h). */
static npu_status blob_bytes(const npu_model *m, npu_tdma *t, npu_err *err)
{
    enum { HEADER = 16 };
    const npu_section *w = NULL;
    for (size_t i = 0; i < m->nsection && !w; i++)
        if (m->section[i].type == NPU_SECTION_WEIGHT)
            w = &m->section[i];
    /* the 40 low bits of the address are an offset into the section */
    if (!w || t->src > w->data_bytes || w->data_bytes - t->src < HEADER)
        return npu_fail(err, NPU_BAD_INPUT,
                        "compressed load at weight byte %llu, the weight section has %zu",
                        (unsigned long long)t->src, w ? w->data_bytes : 0);
    uint32_t head = bits_word(w->data + t->src), size = head & 0xffffff;
    uint64_t raw = (uint64_t)t->n * t->src_c * t->src_w * t->src_bytes;
    if (!t->matrix)
        raw *= t->src_h;
    else
        raw = (uint64_t)t->n * t->src_w * t->src_bytes;
    uint64_t blocks = (raw + (head >> 29 & 1 ? 31 : 15)) / (head >> 29 & 1 ? 32 : 16);
    uint64_t total = HEADER + (blocks + 15) / 16 * 16 + size;
    if (total > w->data_bytes - t->src)
        return npu_fail(err, NPU_BAD_INPUT,
                        "compressed blob of %llu bytes at weight byte %llu, the weight section "
                        "has %zu", (unsigned long long)total, (unsigned long long)t->src,
                        w->data_bytes);
    t->blob_bytes = (uint32_t)total;
    return NPU_OK;
}

/* State of the id check over one section. */
typedef struct {
    uint32_t last[2], first[2]; /* ids of the current segment per queue; LAST 0: none yet */
    uint16_t segment;
    uint32_t start;             /* first op of the segment */
} numbering;

/* Ids count up by one in each queue; when either starts again, a new segment begins.  Wait ids
 * become counts of commands, so the engine needs no ids. */
static npu_status number(numbering *k, const npu_cmd *c, sim_op *op, uint32_t index, npu_err *err)
{
    unsigned q = c->engine == NPU_ENGINE_TIU ? 0 : 1;
    if (k->last[q] && c->id != k->last[q] + 1) {
        if (c->id > k->last[q])
            return npu_fail(err, NPU_BAD_INPUT, "field %s is %u after %u; ids count up by one",
                            q ? "cmd_id" : "cmd_id_tpu", c->id, k->last[q]);
        if (k->segment == UINT16_MAX)
            return npu_fail(err, NPU_BAD_INPUT, "command ids start again more than %u times",
                            UINT16_MAX);
        *k = (numbering){.segment = (uint16_t)(k->segment + 1), .start = index};
    }
    if (!k->last[q])
        k->first[q] = c->id;
    k->last[q] = c->id;
    op->queue = (uint8_t)q;
    op->segment = k->segment;
    op->wait = c->wait; /* resolved when the segment is complete */
    return NPU_OK;
}

/* Turns the wait ids of one segment into counts of commands that must have ended. */
static npu_status resolve(perf_part *p, const numbering *k, uint32_t end, npu_err *err)
{
    for (uint32_t i = k->start; i < end; i++) {
        unsigned other = 1 - p->op[i].queue;
        uint32_t id = p->op[i].wait;
        if (id > k->last[other])
            return npu_fail(err, NPU_BAD_INPUT,
                            "byte %u: field %s is %u, but the last %s command has id %u",
                            p->cmd[i].offset, other ? "cmd_id_gdma" : "wait_id_tpu", id,
                            other ? "TDMA" : "TIU", k->last[other]);
        p->op[i].wait = id < k->first[other] || id == 0 ? 0 : id - k->first[other] + 1;
    }
    return NPU_OK;
}

static npu_status decode_one(const npu_model *m, const npu_chip *chip, const npu_desc *d,
                             npu_cmd *c, npu_err *err)
{
    if (d->magic != chip->cmd_magic && strcmp(m->chip, chip->name) == 0)
        return npu_fail(err, NPU_BAD_INPUT,
                        "record begins with 0x%02x, but %s, which the file is for, has 0x%02x",
                        d->magic, chip->name, chip->cmd_magic);
    if (d->engine == NPU_ENGINE_CPU)
        return npu_fail(err, NPU_UNSUPPORTED,
                        "CPU descriptor inside a command section; TIU and TDMA are modelled");
    NPU_TRY(sim_decode(chip->isa, (npu_engine)d->engine, d->payload, d->bytes, c, err));
    c->offset = d->offset;
    if (c->engine == NPU_ENGINE_TDMA && c->u.tdma.compress && c->u.tdma.dir == 0 &&
        c->u.tdma.src_sel == NPU_MEM_WEIGHT)
        NPU_TRY(blob_bytes(m, &c->u.tdma, err));
    return NPU_OK;
}

/* The work of a command.  When two cores share a frame, one stream stands for both: each does the
 * same to its half of the rows, and both wait for the one DDR. */
static npu_status work_of(const npu_model *m, const npu_chip *chip, const npu_cmd *c, sim_op *op,
                          npu_err *err)
{
    NPU_TRY(hw_work(chip, c, op, err));
    if (m->cores == 2) {
        op->beats_in *= 2;
        op->beats_out *= 2;
        op->macs *= 2;
    }
    return NPU_OK;
}

static npu_status decode_all(const npu_model *m, const npu_chip *chip, const npu_section *s,
                             const npu_prog *prog, perf_part *p, npu_err *err)
{
    numbering k = {0};
    for (uint32_t i = 0; i < prog->n; i++) {
        const npu_desc *d = &prog->desc[i];
        numbering before = k;
        if (decode_one(m, chip, d, &p->cmd[i], err) != NPU_OK ||
            work_of(m, chip, &p->cmd[i], &p->op[i], err) != NPU_OK ||
            number(&k, &p->cmd[i], &p->op[i], i, err) != NPU_OK)
            return at(s, d, err);
        p->op[i].cmd = i;
        if (k.segment != before.segment && resolve(p, &before, i, err) != NPU_OK)
            return npu_fail_in(err, s->name);
    }
    if (resolve(p, &k, prog->n, err) != NPU_OK)
        return npu_fail_in(err, s->name);
    p->n = prog->n;
    p->segments = prog->n ? k.segment + 1u : 0;
    return NPU_OK;
}

static npu_status load_tpu(const npu_model *m, const npu_chip *chip, perf_part *p, npu_err *err)
{
    const npu_section *s = npu_model_section(m, p->routine->section);
    npu_prog prog;
    if (p->routine->dmabuf)
        return npu_fail(err, NPU_UNSUPPORTED,
                        "section %.80s is a DMABUF (relocated commands); CMDBUF is modelled",
                        p->routine->section);
    if (!s)
        return npu_fail(err, NPU_BAD_INPUT, "routine names section %.80s, which is not there",
                        p->routine->section);
    NPU_TRY(npu_prog_read(s, &prog, err));
    p->cmd = calloc((size_t)prog.n + 1, sizeof *p->cmd);
    p->op = calloc((size_t)prog.n + 1, sizeof *p->op);
    npu_status st = p->cmd && p->op ? decode_all(m, chip, s, &prog, p, err)
                                    : npu_fail(err, NPU_LIMIT, "no memory for %u commands", prog.n);
    npu_prog_free(&prog);
    return st;
}

static uint64_t elements(const npu_program *p, char *const *name, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const npu_tensor *t = npu_program_tensor(p, name[i]);
        if (t)
            sum += npu_tensor_bytes(t) / npu_dtype_bytes(t->dtype);
    }
    return sum;
}

static void count_assumptions(perf_prog *g, const perf_part *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const npu_tdma *t = &p->cmd[i].u.tdma;
        if (p->cmd[i].engine != NPU_ENGINE_TDMA)
            continue;
        g->hints += t->hint;
        g->assumed_ratio += t->compress && !t->blob_bytes;
    }
    g->commands += p->n;
}

npu_status perf_prog_load(const npu_model *model, const npu_chip *chip, perf_prog **out,
                          npu_err *err)
{
    *out = NULL;
    if (model->nprogram == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: the model has no program", model->path);
    const npu_program *program = &model->program[0];
    perf_prog *g = calloc(1, sizeof *g);
    perf_part *part = calloc(program->nroutine + 1, sizeof *part);
    if (!g || !part) {
        free(g);
        free(part);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    *g = (perf_prog){.model = model, .program = program, .part = part};
    npu_status s = NPU_OK;
    for (size_t i = 0; i < program->nroutine && s == NPU_OK; i++) {
        perf_part *p = &part[g->n++];
        p->routine = &program->routine[i];
        p->cpu = p->routine->type == NPU_ROUTINE_CPU;
        p->in_elements = elements(program, p->routine->in, p->routine->nin);
        p->out_elements = elements(program, p->routine->out, p->routine->nout);
        if (!p->cpu)
            s = load_tpu(model, chip, p, err);
        count_assumptions(g, p);
    }
    if (s != NPU_OK) {
        perf_prog_free(g);
        return npu_fail_in(err, model->path);
    }
    *out = g;
    return NPU_OK;
}

npu_status perf_prog_rework(perf_prog *p, const npu_chip *chip, npu_err *err)
{
    for (size_t i = 0; i < p->n; i++)
        for (uint32_t k = 0; k < p->part[i].n; k++)
            NPU_TRY(work_of(p->model, chip, &p->part[i].cmd[k], &p->part[i].op[k], err));
    return NPU_OK;
}

void perf_prog_free(perf_prog *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        free(p->part[i].cmd);
        free(p->part[i].op);
    }
    free(p->part);
    free(p);
}
