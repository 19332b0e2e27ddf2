/* See pmu_compare.h. */
#include "perf/pmu_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/timing.h"
#include "models/work.h"
#include "sim/machine.h"

npu_status pmu_work(const pmu_row *row, const npu_chip *chip, sim_op *op, npu_err *err)
{
    if (hw_work(chip, &row->cmd, op, err) != NPU_OK)
        return npu_fail(err, NPU_BAD_INPUT, "line %u: %s", row->line, err ? err->text : "");
    return NPU_OK;
}

/* --- error statistics ------------------------------------------------------------------------- */

typedef struct {
    double *x; /* relative errors, percent */
    uint32_t n, exact;
    double measured, modelled;
} sample;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void add(sample *s, int64_t measured, int64_t modelled)
{
    if (measured <= 0)
        return;
    s->x[s->n++] = 100 * fabs((double)(modelled - measured)) / (double)measured;
    s->exact += measured == modelled;
    s->measured += (double)measured;
    s->modelled += (double)modelled;
}

static pmu_error summary(sample *s)
{
    pmu_error e = {.rows = s->n, .exact = s->exact};
    if (s->n == 0)
        return e;
    qsort(s->x, s->n, sizeof *s->x, ascending);
    for (uint32_t i = 0; i < s->n; i++)
        e.mape_percent += s->x[i] / s->n;
    e.median_percent = s->n % 2 ? s->x[s->n / 2] : (s->x[s->n / 2 - 1] + s->x[s->n / 2]) / 2;
    e.p90_percent = s->x[(uint32_t)((s->n - 1) * 0.9)];
    e.total_error_percent = 100 * (s->modelled / s->measured - 1);
    return e;
}

static int class_of(const pmu_row *r)
{
    if (r->type == PMU_MOVE)
        return PMU_MOVES;
    if (r->type == PMU_LOAD)
        return r->compressed ? PMU_LOAD_COMPRESSED : PMU_LOAD_PLAIN;
    return r->compressed ? PMU_STORE_COMPRESSED : PMU_STORE_PLAIN;
}

static bool is_convolution(const pmu_row *r)
{
    return strstr(r->description, "Convolution") && !strstr(r->description, "Depthwise");
}

/* Statistics over the rows CHOOSE picks: a class, all TDMA (-1), TIU (-2), convolutions (-3). */
static npu_status statistics(const pmu_trace *t, const int64_t *modelled, int choose,
                             pmu_error *out, npu_err *err)
{
    sample s = {.x = malloc((t->n + 1u) * sizeof *s.x)};
    if (!s.x)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n; i++) {
        const pmu_row *r = &t->row[i];
        bool tiu = r->type == PMU_TIU;
        bool want = choose == -1   ? !tiu
                    : choose == -2 ? tiu
                    : choose == -3 ? tiu && is_convolution(r)
                                   : !tiu && class_of(r) == choose;
        if (want && modelled[i] >= 0)
            add(&s, r->end - r->start, modelled[i]);
    }
    *out = summary(&s);
    free(s.x);
    return NPU_OK;
}

/* --- replay ----------------------------------------------------------------------------------- */

typedef struct {
    sim_op *op;          /* one per row */
    uint32_t tiu_mismatches, tdma_mismatches;
} replay;

/* End of TDMA commands of a segment, in order: the candidates a TIU may have awaited. */
typedef struct {
    int64_t *end;
    uint32_t n;
} ends;

/* Ordinal of the TDMA command that ended at TICK, 0 when none did. */
static uint32_t ended_at(const ends *e, int64_t tick)
{
    uint32_t lo = 0, hi = e->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (e->end[mid] < tick)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < e->n && e->end[lo] == tick ? lo + 1 : 0;
}

/* Numbers the rows, assigns segments and waits.  A trace names what a TDMA command awaits; what a
 * TIU command awaits follows from its start: right after its predecessor, or a fixed gap after a
 * transfer. */
static npu_status link_rows(const pmu_trace *t, const npu_chip *chip, sim_op *op, npu_err *err)
{
    int64_t own = (int64_t)NPU_GET(chip, sync_tiu_after_tiu);
    int64_t other = (int64_t)NPU_GET(chip, sync_tiu_after_tdma), tiu_end = -1;
    uint32_t last[2] = {0, 0}, first_tiu = 0;
    uint16_t segment = 0;
    ends e = {malloc((t->n + 1u) * sizeof *e.end), 0};
    if (!e.end)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n; i++) {
        const pmu_row *r = &t->row[i];
        unsigned q = r->type == PMU_TIU ? 0 : 1;
        if (last[q] && r->id <= last[q]) { /* ids start again: a new segment */
            segment++;
            last[0] = last[1] = first_tiu = e.n = 0;
            tiu_end = -1;
        }
        last[q] = r->id;
        op[i] = (sim_op){.cmd = i, .segment = segment, .queue = (uint8_t)q};
        if (q == 0) {
            first_tiu = first_tiu ? first_tiu : r->id;
            if (tiu_end < 0 || r->start != tiu_end + own)
                op[i].wait = ended_at(&e, r->start - other);
            tiu_end = r->end;
        } else {
            if (r->cmd.wait >= (first_tiu ? first_tiu : 1))
                op[i].wait = r->cmd.wait - (first_tiu ? first_tiu : 1) + 1;
            e.end[e.n++] = r->end;
        }
    }
    free(e.end);
    return NPU_OK;
}

/* Runs the rows with the durations in op[].cycles; SPAN_START receives each row's start. */
static npu_status run_rows(const pmu_trace *t, const npu_chip *chip, const sim_op *op,
                           int64_t *span_start, int64_t *last_end, npu_err *err)
{
    hw_timing timing = hw_timing_of(chip);
    sim_machine m = hw_machine(chip, &timing);
    npu_trace trace = {0};
    sim_end end;
    npu_status s = sim_run(&m, op, t->n, 0, t->row[0].start, NPU_NO_SPAN, &trace, &end, err);
    for (uint32_t i = 0; i < trace.count && s == NPU_OK; i++)
        span_start[trace.span[i].cmd] = trace.span[i].start;
    *last_end = end.end;
    npu_trace_free(&trace);
    return s;
}

/* The command of a model each row executed: rows and commands come in the same order per queue. */
static npu_status match_part(const pmu_trace *t, const perf_part *part, uint32_t *op_of,
                             npu_err *err)
{
    uint32_t next[2] = {0, 0}, have[2] = {0, 0}, need[2] = {0, 0};
    for (uint32_t i = 0; i < part->n; i++)
        have[part->op[i].queue]++;
    for (uint32_t i = 0; i < t->n; i++)
        need[t->row[i].type == PMU_TIU ? 0 : 1]++;
    if (have[0] != need[0] || have[1] != need[1])
        return npu_fail(err, NPU_BAD_INPUT, "the trace has %u TIU and %u TDMA rows, the model %u "
                        "and %u commands: not the same model", need[0], need[1], have[0], have[1]);
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t *k = &next[t->row[i].type == PMU_TIU ? 0 : 1];
        while (part->op[*k].queue != (t->row[i].type == PMU_TIU ? 0 : 1))
            (*k)++;
        op_of[i] = (*k)++;
    }
    return NPU_OK;
}

/* Modelled duration of each row and, with a model, its wait; -1 where the model cannot know. */
static npu_status model_rows(const pmu_trace *t, const npu_chip *chip, const int64_t *tiu_cycles,
                             const perf_part *part, sim_op *op, int64_t *modelled, npu_err *err)
{
    hw_timing timing = hw_timing_of(chip);
    uint32_t *op_of = part ? malloc((t->n + 1u) * sizeof *op_of) : NULL;
    npu_status s = NPU_OK;
    if (part)
        s = op_of ? match_part(t, part, op_of, err) : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n && s == NPU_OK; i++) {
        sim_op work = {0};
        modelled[i] = tiu_cycles[i];
        if (part) {
            modelled[i] = hw_cost(&timing, &part->op[op_of[i]], 0).ticks;
            op[i].wait = part->op[op_of[i]].wait;
            op[i].segment = part->op[op_of[i]].segment;
        } else if (t->row[i].type != PMU_TIU) {
            s = pmu_work(&t->row[i], chip, &work, err);
            modelled[i] = hw_cost(&timing, &work, 0).ticks;
        }
    }
    free(op_of);
    return s;
}

static npu_status replay_both(const pmu_trace *t, const npu_chip *chip, sim_op *op,
                              int64_t *start, pmu_report *out, npu_err *err)
{
    int64_t end;
    for (uint32_t i = 0; i < t->n; i++)
        op[i].cycles = t->row[i].end - t->row[i].start;
    NPU_TRY(run_rows(t, chip, op, start, &end, err));
    for (uint32_t i = 0; i < t->n; i++) {
        bool miss = start[i] != t->row[i].start;
        out->tiu_mismatches += t->row[i].type == PMU_TIU && miss;
        out->tdma_mismatches += t->row[i].type != PMU_TIU && miss;
    }
    for (uint32_t i = 0; i < t->n; i++)
        if (out->modelled[i] >= 0)
            op[i].cycles = out->modelled[i];
    NPU_TRY(run_rows(t, chip, op, start, &end, err));
    out->modelled_ticks = end - t->row[0].start;
    out->measured_ticks = out->measured.inference_tick;
    out->end_to_end_error_percent =
        100 * ((double)out->modelled_ticks / (double)out->measured_ticks - 1);
    return NPU_OK;
}

static npu_status compare_rows(const pmu_trace *t, const npu_chip *chip,
                               const int64_t *tiu_cycles, const perf_part *part, pmu_report *out,
                               npu_err *err)
{
    sim_op *op = calloc(t->n + 1u, sizeof *op);
    int64_t *start = calloc(t->n + 1u, sizeof *start);
    out->modelled = calloc(t->n + 1u, sizeof *out->modelled);
    npu_status s = op && start && out->modelled ? NPU_OK
                                                : npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < t->n; i++) {
        out->tiu_rows += t->row[i].type == PMU_TIU;
        out->tdma_rows += t->row[i].type != PMU_TIU;
    }
    if (s == NPU_OK)
        s = link_rows(t, chip, op, err);
    if (s == NPU_OK)
        s = model_rows(t, chip, tiu_cycles, part, op, out->modelled, err);
    if (s == NPU_OK)
        s = replay_both(t, chip, op, start, out, err);
    for (int c = -3; c < PMU_CLASSES && s == NPU_OK; c++)
        s = statistics(t, out->modelled, c,
                       c == -3   ? &out->conv
                       : c == -2 ? &out->tiu
                       : c == -1 ? &out->tdma
                                 : &out->by_class[c], err);
    free(op);
    free(start);
    return s;
}

/* A copy inside DDR writes a load and a store record of the same command. */
static bool is_twin(const pmu_trace *t, uint32_t i)
{
    const pmu_row *r = &t->row[i], *prev = i ? r - 1 : NULL;
    return prev && r->type == PMU_STORE && prev->type == PMU_LOAD && prev->id == r->id &&
           prev->start == r->start && prev->end == r->end;
}

/* One row per command: the two records of a copy become one.  CYCLES and PLACE get an entry per
 * row of T, PLACE the row's index in the result. */
static uint32_t one_row_each(const pmu_trace *t, const int64_t *tiu_cycles, pmu_row *row,
                             int64_t *cycles, uint32_t *place)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        if (is_twin(t, i)) {
            row[n - 1].type = PMU_MOVE;
            row[n - 1].cmd.kind = NPU_KIND_GCOPY;
            row[n - 1].cmd.u.tdma.dir = 2;
        } else {
            cycles[n] = tiu_cycles[i];
            row[n++] = t->row[i];
        }
        place[i] = n - 1;
    }
    return n;
}

npu_status pmu_compare(const pmu_trace *t, const npu_chip *chip, const int64_t *tiu_cycles,
                       const perf_part *part, pmu_report *out, npu_err *err)
{
    pmu_trace rows = {.row = malloc((t->n + 1u) * sizeof *rows.row)};
    int64_t *cycles = malloc((t->n + 1u) * sizeof *cycles);
    uint32_t *place = malloc((t->n + 1u) * sizeof *place);
    npu_status s = rows.row && cycles && place ? NPU_OK
                                               : npu_fail(err, NPU_LIMIT, "out of memory");
    *out = (pmu_report){.measured = pmu_sum(t)};
    if (s == NPU_OK) {
        rows.n = one_row_each(t, tiu_cycles, rows.row, cycles, place);
        s = compare_rows(&rows, chip, cycles, part, out, err);
    }
    if (s == NPU_OK && rows.n < t->n) {
        int64_t *grown = realloc(out->modelled, (t->n + 1u) * sizeof *grown);
        out->modelled = grown ? grown : out->modelled;
        s = grown ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    }
    /* back to the rows of T: the last first, as places only move down */
    for (uint32_t i = t->n; s == NPU_OK && rows.n < t->n && i-- > 0;)
        out->modelled[i] = is_twin(t, i) ? -1 : out->modelled[place[i]];
    free(rows.row);
    free(cycles);
    free(place);
    if (s != NPU_OK)
        pmu_report_free(out);
    return s;
}

void pmu_report_free(pmu_report *r)
{
    free(r->modelled);
    r->modelled = NULL;
}

pmu_totals pmu_sum(const pmu_trace *t)
{
    pmu_totals s = {0};
    int64_t last = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const pmu_row *r = &t->row[i];
        int64_t dur = r->end - r->start;
        if (r->type == PMU_TIU)
            s.tiu_tick += dur;
        else if (!is_twin(t, i))
            s.tdma_tick += dur;
        s.load_bytes += r->type == PMU_LOAD ? 16 * r->beats : 0;
        s.store_bytes += r->type == PMU_STORE ? 16 * r->beats : 0;
        s.loads += r->type == PMU_LOAD;
        s.stores += r->type == PMU_STORE;
        s.moves += r->type == PMU_MOVE;
        s.tius += r->type == PMU_TIU;
        last = r->end > last ? r->end : last;
    }
    s.inference_tick = t->n ? last - t->row[0].start : 0;
    return s;
}
