/* The vendor's PMU tables and totals from our own trace or a board's. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "perf/pmu.h"

/* Nouns of the vendor's dump; NULL: not seen there, our title is used. */
static const char *const vendor_noun[NPU_KINDS] = {
    [NPU_KIND_CONV] = "Convolution", [NPU_KIND_MAXPOOL] = "Max Pooling",
    [NPU_KIND_AVGPOOL] = "Average Pooling", [NPU_KIND_DWCONV] = "Depthwise Convolution",
    [NPU_KIND_MINPOOL] = "Min Pooling", [NPU_KIND_MATMUL] = "Matrix Multiplication",
    [NPU_KIND_MUL] = "Element-wise Mul", [NPU_KIND_MAC] = "Element-wise Mac",
    [NPU_KIND_ADD] = "Element-wise Add", [NPU_KIND_SUB] = "Element-wise Sub",
    [NPU_KIND_MAX] = "Element-wise Max", [NPU_KIND_MIN] = "Element-wise Min",
    [NPU_KIND_SHIFT] = "Element-wise Shift", [NPU_KIND_AND] = "Element-wise AND",
    [NPU_KIND_OR] = "Element-wise OR", [NPU_KIND_XOR] = "Element-wise XOR",
    [NPU_KIND_COPY] = "Element-wise Copy", [NPU_KIND_GE] = "Element-wise GE",
    [NPU_KIND_LUT] = "Lookup Table", [NPU_KIND_MDSUM] = "Md Sum",
    [NPU_KIND_LOAD] = "Tensor Load", [NPU_KIND_STORE] = "Tensor Store",
    [NPU_KIND_GCOPY] = "Tensor Copy", [NPU_KIND_MOVE] = "Tensor Move",
    [NPU_KIND_LOADMAT] = "Matrix Load", [NPU_KIND_STOREMAT] = "Matrix Store",
    [NPU_KIND_LOADGEN] = "General Load", [NPU_KIND_STOREGEN] = "General Store",
    [NPU_KIND_GCOPYGEN] = "General Copy",
};

static void describe(pmu_row *r, const npu_cmd *c)
{
    const char *noun = vendor_noun[c->kind] ? vendor_noun[c->kind]
                                            : npu_kind_table[c->kind].title;
    if (c->engine == NPU_ENGINE_TIU) {
        bool conv_or_fc = c->kind == NPU_KIND_CONV || c->kind == NPU_KIND_MATMUL ||
                          c->kind == NPU_KIND_DWCONV;
        snprintf(r->description, sizeof r->description, "TIU %s%s",
                 c->u.tiu.bf16 ? "BF16 " : c->u.tiu.quant && conv_or_fc ? "PerChannel " : "", noun);
    } else {
        snprintf(r->description, sizeof r->description, "TDMA %s%s", noun,
                 c->u.tdma.compress ? " Compression" : "");
    }
    r->compressed = c->engine == NPU_ENGINE_TDMA && c->u.tdma.compress;
}

/* Where a memory would lie in the chip's address space: the board decides, we keep them apart. */
static uint64_t ddr_address(uint8_t sel, uint64_t offset)
{
    const uint64_t base = UINT64_C(1) << 32, apart = UINT64_C(1) << 30;
    return base + sel * apart + offset;
}

static void push(pmu_trace *t, pmu_row r)
{
    t->row[t->n++] = r;
}

static void add_row(pmu_trace *t, const npu_cmd *c, const npu_span *s, uint32_t burst_beats)
{
    static const pmu_type of_unit[NPU_UNITS] = {PMU_TIU, PMU_LOAD, PMU_STORE, PMU_MOVE, PMU_TIU};
    pmu_row r = {.type = of_unit[s->unit], .id = c->id, .start = s->start, .end = s->end,
                 .layer = c->layer, .cmd = *c};
    describe(&r, c);
    r.cmd.u = c->u;
    if (c->engine == NPU_ENGINE_TDMA) {
        npu_tdma *d = &r.cmd.u.tdma;
        if (d->dir == 0 || d->dir == 2)
            d->src = ddr_address(d->src_sel, d->src);
        if (d->dir == 1 || d->dir == 2)
            d->dst = ddr_address(d->dst_sel, d->dst);
        if (d->dir == 2) { /* the PMU writes two records */
            r.type = PMU_LOAD;
            r.beats = s->read / 16;
            r.bursts = (r.beats + burst_beats - 1) / burst_beats;
            push(t, r);
            r.type = PMU_STORE;
        }
        r.beats = r.type == PMU_LOAD ? s->read / 16 : s->write / 16;
        r.bursts = (r.beats + burst_beats - 1) / burst_beats;
    }
    push(t, r);
}

npu_status pmu_from_trace(const perf_prog *g, const npu_chip *chip, const npu_trace *trace,
                          pmu_trace *out, npu_err *err)
{
    double burst = NPU_GET(chip, ddr_burst_bytes) / NPU_GET(chip, ddr_beat_bytes);
    *out = (pmu_trace){.row = calloc(2 * (size_t)trace->count + 1, sizeof *out->row)};
    if (!out->row)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (uint32_t i = 0; i < trace->count; i++) {
        const npu_span *s = &trace->span[i];
        if (s->cmd != NPU_NO_SPAN) /* the PMU does not see the CPU */
            add_row(out, &g->part[s->subgraph].cmd[s->cmd], s, burst < 1 ? 1 : (uint32_t)burst);
    }
    return NPU_OK;
}

static unsigned class_code(pmu_type t)
{
    return t == PMU_LOAD ? 1 : t == PMU_TIU ? 3 : 2;
}

void pmu_write_des(const pmu_trace *t, FILE *out)
{
    fputs("pmutype, desID, event0, event1, , start, duration, end, layerID, desType, "
          "    srcAddr, dstAddr, trans_fmt, transpose_md, cmd_id, wait_id_tpu, dst_h_stride, "
          "dst_c_stride_low,     dst_n_stride, src_h_stride, src_c_stride_low, src_n_stride, "
          "dst_c, src_c, dst_w, dst_h, src_w, src_h, src_n\n", out);
    for (uint32_t i = 0; i < t->n; i++) {
        const pmu_row *r = &t->row[i];
        fprintf(out, "%d, %u, %" PRIu64 ", %" PRIu64 ", %u, %" PRId64 ", %" PRId64 ", %" PRId64
                ", %u, %s", (int)r->type, r->id, r->bursts, r->beats, class_code(r->type),
                r->start, r->end - r->start, r->end, r->layer, r->description);
        if (r->type != PMU_TIU) {
            const npu_tdma *d = &r->cmd.u.tdma;
            bool linear = r->cmd.kind == NPU_KIND_LOADGEN || r->cmd.kind == NPU_KIND_STOREGEN ||
                          r->cmd.kind == NPU_KIND_GCOPYGEN;
            fprintf(out, ", 0x%" PRIu64 ", 0x%" PRIu64 ",         %d, %u, %u, %u, %u, %u, %u, %u, "
                    "%u, %u, %u, %u, %u, %u, %u, %u, %u", d->src, d->dst, linear, d->transpose_md,
                    r->cmd.id, r->cmd.wait, d->dst_h_str, d->dst_c_str & 0xffff, d->dst_n_str,
                    d->src_h_str, d->src_c_str & 0xffff, d->src_n_str, d->dst_c, d->src_c,
                    d->dst_w, d->dst_h, d->src_w, d->src_h, d->n);
        }
        putc('\n', out);
    }
}

/* One line of the layer table: a maximal run of rows with one layer id. */
typedef struct {
    int64_t start, end, tiu, tdma, load_neuron, load_weight, store;
    uint64_t bytes, dump_start, dump_len;
    uint32_t layer, last_tdma;
} run;

static void extend(run *x, const pmu_row *r)
{
    int64_t dur = r->end - r->start;
    const npu_tdma *d = &r->cmd.u.tdma;
    x->end = r->end > x->end ? r->end : x->end;
    if (r->type == PMU_TIU) {
        x->tiu += dur;
        return;
    }
    x->tdma += dur;
    x->last_tdma = r->id;
    x->bytes += 16 * r->beats;
    if (r->type == PMU_LOAD && d->src_sel == NPU_MEM_WEIGHT)
        x->load_weight += dur;
    else if (r->type == PMU_LOAD)
        x->load_neuron += dur;
    if (r->type == PMU_STORE) {
        x->store += dur;
        x->dump_start = d->dst;
        x->dump_len = 16 * r->beats;
    }
}

static double percent(int64_t part, int64_t all)
{
    return all ? 100 * (double)part / (double)all : 0;
}

static void put_run(const run *x, int64_t total, double tick_hz, FILE *out)
{
    int64_t dur = x->end - x->start;
    double seconds = (double)dur / tick_hz, busy = percent(x->tiu + x->tdma, dur);
    fprintf(out, "%u, %" PRId64 ", %" PRId64 ", %" PRId64 ", %.2f, %.2f, %.2f, %.2f, %.2f, %.2f, "
            "%.2f, %u, 0x%" PRIu64 ", %" PRIu64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
            ", %" PRIu64 "\n", x->layer, x->start, dur, x->end, percent(dur, total),
            busy < 100 ? 100.0 : busy, percent(x->tiu, dur), percent(x->load_neuron, dur),
            percent(x->load_weight, dur), percent(x->store, dur),
            seconds > 0 ? (double)x->bytes / 1048576 / seconds : 0, x->last_tdma, x->dump_start,
            x->dump_len, x->tiu, x->load_neuron, x->load_weight, x->store, x->bytes);
}

void pmu_write_layer(const pmu_trace *t, double tick_hz, FILE *out)
{
    pmu_totals sum = pmu_sum(t);
    fputs("layerID, start, duration, end, duration(%), parallelism(%), TIU(%), loadNeuron(%), "
          "loadWeight(%), storeNeuron(%), throughput(MB/s), last_tdmaID, dumpStart, dumpLen, TIU, "
          "loadNeuron, loadWeight, storeNeuron, byteCnt\n", out);
    for (uint32_t i = 0; i < t->n;) {
        run x = {.start = t->row[i].start, .layer = t->row[i].layer};
        for (; i < t->n && t->row[i].layer == x.layer; i++)
            extend(&x, &t->row[i]);
        put_run(&x, sum.inference_tick, tick_hz, out);
    }
}

void pmu_print_totals(const char *chip, double tick_hz, const pmu_totals *t, FILE *out)
{
    char clock[48];
    double mb = (double)(t->load_bytes + t->store_bytes) / 1048576;
    double ms = (double)t->inference_tick / tick_hz * 1000;
    double both = percent(t->tdma_tick + t->tiu_tick, t->inference_tick);
    snprintf(clock, sizeof clock, "%.24s_tpu_clock:", chip);
    fputs("=======================inference total info ==========================\n", out);
    fprintf(out, "%-20s %8.0fMhz, %-20s %9.2fMB, %-20s %7.2fMB/s\n", clock, tick_hz / 1e6,
            "inferece_data:", mb, "inference_bw:", ms > 0 ? mb / ms * 1000 : 0);
    fprintf(out, "%-20s %10" PRId64 "t, %-20s %10" PRId64 "t, %-20s %10" PRId64 "t\n",
            "tdma_exe_tick:", t->tdma_tick, "tiu_exe_tick:", t->tiu_tick, "inference_tick:",
            t->inference_tick);
    fprintf(out, "%-20s %10.2f%%, %-20s %10.2f%%, %-20s %10.2f%%\n", "tdma_exe_percent:",
            percent(t->tdma_tick, t->inference_tick), "tiu_exe_percent:",
            percent(t->tiu_tick, t->inference_tick), "paralellism_percent:",
            both < 100 ? 100.0 : both);
    fprintf(out, "%-20s %9.2fms, %-20s %9.2fms, %-20s %9.2fms\n", "tdma_exe_ms:",
            (double)t->tdma_tick / tick_hz * 1000, "tiu_exe_ms:",
            (double)t->tiu_tick / tick_hz * 1000, "inference_ms:", ms);
}
