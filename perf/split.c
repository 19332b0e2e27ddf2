/* Packing of atoms into function calls; see split.h. */
#include "perf/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/cpu.h"
#include "models/ddr.h"
#include "sim/machine.h"

int64_t perf_ticks_ns(int64_t ticks, double tick_hz)
{
    return (int64_t)ceil((double)ticks * 1e9 / tick_hz - 1e-6);
}

size_t perf_pack(const int64_t *atom, size_t n, int64_t limit, int64_t *call)
{
    size_t k = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && limit > 0 && sum + atom[i] > limit) {
            call[k++] = sum;
            sum = 0;
        }
        sum += atom[i];
    }
    if (n > 0)
        call[k++] = sum;
    return k;
}

npu_status perf_limit_parse(const char *text, int64_t *ns, npu_err *err)
{
    char *end = NULL;
    double v = strtod(text, &end), scale = 1e3;
    bool ok = end != text && text[strspn(text, "0123456789.")] == *end;
    if (ok && strcmp(end, "ms") == 0)
        scale = 1e6;
    else if (ok && *end && strcmp(end, "us") != 0)
        ok = false;
    if (!ok || !(v >= 0) || v * scale > 4294967295e3)
        return npu_fail(err, NPU_USAGE,
                        "max_time_per_fc '%.40s': 0 (no limit) to 4294967295 microseconds, as 500, "
                        "500us or 0.5ms", text);
    *ns = (int64_t)llround(v * scale);
    return NPU_OK;
}

/* --- atoms ------------------------------------------------------------------------------------ */

static npu_status add_atom(perf_atoms *a, uint32_t part, uint32_t cut, size_t room)
{
    if (a->n < room) {
        a->part[a->n] = part;
        a->cut[a->n++] = cut;
    }
    return NPU_OK;
}

/* Of a .bin: the function calls its compiler made.  Its commands say nothing of bytes on chip. */
static npu_status compiled_calls(const perf_part *part, uint32_t i, perf_atoms *out, size_t room,
                                 npu_err *err)
{
    const npu_routine *r = part->routine;
    for (size_t k = 1; k < r->nfcall; k++)
        if (r->fcall[k] >= part->n)
            return npu_fail(err, NPU_BAD_INPUT, "%.80s: function call %zu begins at command %u; "
                            "there are %u", r->section, k, r->fcall[k], part->n);
    add_atom(out, i, 0, room);
    for (size_t k = 1; k < r->nfcall; k++)
        add_atom(out, i, r->fcall[k], room);
    return NPU_OK;
}

static npu_status part_atoms(const perf_prog *p, uint32_t i, const npu_chip *chip, perf_atoms *out,
                             size_t room, npu_err *err)
{
    const perf_part *part = &p->part[i];
    if (part->cpu || part->n == 0)
        return add_atom(out, i, 0, room);
    if (chip->isa == NPU_ISA_BPU_1)
        return compiled_calls(part, i, out, room, err);
    bool *safe = calloc((size_t)part->n + 1, sizeof *safe);
    npu_status s = safe ? perf_safe_points(p, part, chip, safe, err)
                        : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t k = 0; s == NPU_OK && k < part->n; k++)
        if (safe[k])
            add_atom(out, i, k, room);
    free(safe);
    return s;
}

npu_status perf_atoms_find(const perf_prog *p, const npu_chip *chip, perf_atoms *out, npu_err *err)
{
    size_t room = p->n + p->commands + 1;
    npu_status s = NPU_OK;
    *out = (perf_atoms){malloc(room * sizeof *out->cut), malloc(room * sizeof *out->part), 0};
    if (!out->cut || !out->part)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < p->n && s == NPU_OK; i++)
        s = part_atoms(p, (uint32_t)i, chip, out, room, err);
    if (s != NPU_OK)
        perf_atoms_free(out);
    return s;
}

void perf_atoms_free(perf_atoms *a)
{
    free(a->cut);
    free(a->part);
    *a = (perf_atoms){0};
}

/* --- length of a piece ------------------------------------------------------------------------ */

/* Ops of a piece: what they awaited before its start has ended already. */
static void rebase(const perf_part *part, uint32_t first, uint32_t n, sim_op *op)
{
    uint32_t before[2] = {0, 0};
    for (uint32_t i = first; i > 0 && part->op[i - 1].segment == part->op[first].segment; i--)
        before[part->op[i - 1].queue]++;
    memcpy(op, part->op + first, n * sizeof *op);
    for (uint32_t i = 0; i < n && op[i].segment == op[0].segment; i++) {
        uint32_t gone = before[1 - op[i].queue];
        op[i].wait = op[i].wait > gone ? op[i].wait - gone : 0;
    }
}

npu_status perf_call_ticks(const perf_part *part, const npu_chip *chip, uint32_t first, uint32_t n,
                           int64_t *ticks, npu_err *err)
{
    hw_ddr *ddr;
    npu_trace trace = {0};
    sim_end end = {0, NPU_NO_SPAN};
    sim_op *op = malloc(((size_t)n + 1) * sizeof *op);
    *ticks = 0;
    if (!op)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    rebase(part, first, n, op);
    npu_status s = hw_ddr_open(chip, NULL, -1, &ddr, err);
    if (s == NPU_OK) {
        sim_machine m = hw_ddr_machine(ddr, part->cmd);
        s = n ? sim_run(&m, op, n, 0, 0, NPU_NO_SPAN, &trace, &end, err) : NPU_OK;
        if (s == NPU_OK)
            s = hw_ddr_check(ddr, err);
        hw_ddr_close(ddr);
    }
    *ticks = end.end;
    npu_trace_free(&trace);
    free(op);
    return s;
}

/* --- packing ---------------------------------------------------------------------------------- */

typedef struct {
    const perf_prog *p;
    const npu_chip *chip;
    const perf_atoms *atoms;
    int64_t limit; /* ticks, 0: none */
    perf_split *out;
    npu_err *err;
} packing;

/* First command after atom I. */
static uint32_t atom_end(const packing *k, size_t i)
{
    uint32_t part = k->atoms->part[i];
    bool last = i + 1 == k->atoms->n || k->atoms->part[i + 1] != part;
    return last ? k->p->part[part].n : k->atoms->cut[i + 1];
}

static npu_status piece(const packing *k, size_t from, size_t to, int64_t *ticks)
{
    const perf_part *part = &k->p->part[k->atoms->part[from]];
    uint32_t first = k->atoms->cut[from];
    return perf_call_ticks(part, k->chip, first, atom_end(k, to) - first, ticks, k->err);
}

/* Last atom of the longest call that starts with atom FROM and ends before atom END: the length
 * grows with the atoms, so the step doubles and then halves. */
static npu_status longest(const packing *k, size_t from, size_t end, size_t *last, int64_t *ticks)
{
    size_t good = from, step = 1;
    bool grow = true;
    NPU_TRY(piece(k, from, from, ticks));
    if (k->limit == 0) {
        *last = end - 1;
        return piece(k, from, end - 1, ticks);
    }
    while (step > 0 && *ticks <= k->limit) {
        size_t next = good + step < end ? good + step : end - 1;
        int64_t t;
        if (next == good)
            break;
        NPU_TRY(piece(k, from, next, &t));
        if (t <= k->limit) {
            good = next;
            *ticks = t;
            step = grow ? 2 * step : step / 2;
        } else {
            grow = false;
            step /= 2;
        }
    }
    *last = good;
    return NPU_OK;
}

static npu_status cpu_call(const packing *k, uint32_t part)
{
    const perf_part *p = &k->p->part[part];
    int64_t ticks = 0;
    NPU_TRY(hw_cpu_ticks(k->chip, p->routine->section, p->in_elements, p->out_elements, &ticks,
                         k->err));
    k->out->call[k->out->n++] = (perf_call){part, 0, 0, true, false, 1, ticks, ticks};
    return NPU_OK;
}

static npu_status pack_part(const packing *k, size_t from, size_t end)
{
    perf_split *o = k->out;
    uint32_t part = k->atoms->part[from];
    int64_t whole = 0, one;
    if (k->p->part[part].cpu)
        return cpu_call(k, part);
    NPU_TRY(piece(k, from, end - 1, &whole));
    o->unsplit_ticks += whole;
    o->safe_points += end - from - 1;
    for (size_t i = from; i < end; i++) {
        NPU_TRY(piece(k, i, i, &one));
        o->longest_atom = one > o->longest_atom ? one : o->longest_atom;
    }
    for (size_t i = from, last; i < end; i = last + 1) {
        int64_t ticks;
        NPU_TRY(longest(k, i, end, &last, &ticks));
        uint32_t first = k->atoms->cut[i];
        o->call[o->n++] = (perf_call){part, first, atom_end(k, last) - first, false,
                                      k->limit > 0 && ticks > k->limit, (uint32_t)(last - i + 1),
                                      ticks, 0};
        o->split_ticks += ticks;
    }
    return NPU_OK;
}

static npu_status half_lengths(const packing *k)
{
    npu_chip half = *k->chip;
    half.num[NPU_NUM_ddr_contention] = 1 - (1 - NPU_GET(k->chip, ddr_contention)) / 2;
    for (size_t i = 0; i < k->out->n; i++) {
        perf_call *c = &k->out->call[i];
        if (!c->cpu)
            NPU_TRY(perf_call_ticks(&k->p->part[c->part], &half, c->first, c->n, &c->half_ticks,
                                    k->err));
    }
    return NPU_OK;
}

npu_status perf_split_make(const perf_prog *p, const npu_chip *chip, const perf_atoms *atoms,
                           int64_t limit_ns, bool half, perf_split *out, npu_err *err)
{
    double hz = hw_tick_hz(chip);
    packing k = {p, chip, atoms, (int64_t)floor((double)limit_ns * hz / 1e9 + 1e-6), out, err};
    *out = (perf_split){.limit_ns = limit_ns, .call = calloc(atoms->n + 1, sizeof *out->call)};
    npu_status s = out->call ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    if (limit_ns > 0 && k.limit == 0)
        k.limit = 1;
    for (size_t i = 0, end; i < atoms->n && s == NPU_OK; i = end) {
        for (end = i + 1; end < atoms->n && atoms->part[end] == atoms->part[i];)
            end++;
        s = pack_part(&k, i, end);
    }
    if (s == NPU_OK && half)
        s = half_lengths(&k);
    if (s != NPU_OK)
        perf_split_free(out);
    return s;
}

void perf_split_free(perf_split *s)
{
    free(s->call);
    *s = (perf_split){0};
}
