/* From a model to its profile: ticks by hand for a small program, sums for every fixture. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "perf/run.h"
#include "tests/unit/assembled.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* 100 MHz and 1600 MB/s: a 16-byte beat a cycle; 50 cycles before a load, 30 before a store. */
#define ROUND                                                                                      \
    "tpu.clock_mhz=100 ddr.bandwidth_mbps=1600 ddr.efficiency_load=1 ddr.efficiency_store=1 "      \
    "ddr.latency_load_ns=500 ddr.latency_store_ns=300 ddr.posted_beats=0 "                         \
    "tdma.word_load_cycles=0.5 tdma.word_store_cycles=0.5 tiu.conv_fixed_quant_cycles=60 "         \
    "ddr.contention=0 sync.segment_restart_cycles=1000 runtime.launch_ms=2 cpu.call_us=7 "         \
    "cpu.interp_cycles=1 cpu.clock_mhz=100 "

/* A filter of 512 bytes, an image of 1024, one convolution, its result of 1024 bytes. */
#define HEAD                                                                                       \
    ".model one chip=cv181x build=2000\n"                                                          \
    ".weight c1_filter_reordered shape=1x16x1x32 pattern=1\n"                                      \
    ".program in=x out=y shared=4096 private=100\n"                                                \
    ".tensor x id=0 shape=1x16x8x8 mem=io0\n.tensor y id=1 shape=1x16x8x8 mem=io1\n"
#define FILTER(id, wait)                                                                           \
    "load id=" id " wait=" wait " dst_fmt=1 src_fmt=1 src_base_reg_sel=1 dst_h_stride=32 "         \
    "dst_c_stride_low=32 src_h_stride=32 src_c_stride_low=32 dst_c=16 src_c=16 dst_w=32 dst_h=1 "  \
    "src_w=32 src_h=1 src_n=1 dst_base_addr_low=0x2000\n"
#define IMAGE(id, wait)                                                                            \
    "load id=" id " wait=" wait " dst_fmt=1 src_fmt=1 src_base_reg_sel=3 dst_h_stride=8 "          \
    "dst_c_stride_low=64 src_h_stride=8 src_c_stride_low=64 dst_c=16 src_c=16 dst_w=8 dst_h=8 "    \
    "src_w=8 src_h=8 src_n=1\n"
#define CONV(id, wait)                                                                             \
    "conv id=" id " wait=" wait " opt_chl_quan=1 tsk_opd_num=2 opt_res0_seg=1 opt_opd0_seg=1 "     \
    "opt_opd1_seg=1 double_conv=1 res0_n=1 res0_c=16 res0_h=8 res0_w=8 conv_op_x_str=1 "           \
    "conv_op_y_str=1 res0_addr=0x1000 opd1_addr=0x2000 short_res0_str=3 res0_c_str=64 "            \
    "res0_h_str=8 res0_w_str=1 opd0_n=1 opd0_c=64 opd0_h=8 opd0_w=8 opd1_n=64 opd1_c=16 opd1_h=1 " \
    "opd1_w=1\n"
#define RESULT(id, wait)                                                                           \
    "store id=" id " wait=" wait " dst_fmt=1 src_fmt=1 dst_base_reg_sel=4 dst_h_stride=8 "         \
    "dst_c_stride_low=64 src_h_stride=8 src_c_stride_low=64 dst_c=16 src_c=16 dst_w=8 dst_h=8 "    \
    "src_w=8 src_h=8 src_n=1 src_base_addr_low=0x1000\n"
#define ONE HEAD ".routine tpu s in=x out=y\n.section s\n"

/* --- by hand ---------------------------------------------------------------------------------- */

/* filter: 50 + 32 beats, 0 to 82; image: 83 + 50 + 64 = 197; conv 4 later at 201: 16 channels on
 * 8 lanes 2 groups x 4 tiles x (32 pairs + 1) + 60 = 324, to 525; store at 527: 30 + 64, to 621 */
enum { END = 621, CONV_TICKS = 324, LAUNCH = 200000 };

START_TEST(a_small_program_takes_the_ticks_of_its_parts)
{
    assembled a = assembled_ran(
        assembled_model(ONE FILTER("1", "0") IMAGE("2", "0") CONV("1", "2") RESULT("3", "1")),
        ROUND);
    const npu_profile *p = a.profile;
    ck_assert_int_eq(a.trace.span[2].start, 201);
    ck_assert_int_eq(p->tiu_ticks, CONV_TICKS);
    ck_assert_int_eq(p->tdma_ticks, 82 + 114 + 94);
    ck_assert_int_eq(p->inference_ticks, END);
    ck_assert_int_eq(p->launch_ticks, LAUNCH);
    ck_assert_int_eq(p->latency_ticks, END + LAUNCH);
    ck_assert(fabs(p->latency_ms - (END + LAUNCH) / 1e5) < 1e-9);
    ck_assert(fabs(p->fps * p->latency_ms - 1000) < 1e-6);
    ck_assert(p->read == 1536 && p->write == 1024 && p->n_tiu == 1 && p->n_tdma == 3);
    ck_assert_uint_eq(p->macs, 16 * 8 * 8 * 64);
    /* 256 MACs per cycle */
    ck_assert(fabs(p->mac_utilisation - 16 * 8 * 8 * 64 / 256.0 / END) < 1e-9);
    ck_assert(fabs(p->average_mbps - 2560 / 1e6 / (END / 1e8)) < 1e-6);
    ck_assert(fabs(p->occupancy - p->average_mbps / 1600) < 1e-9);
    assembled_free(&a);
}
END_TEST

START_TEST(every_tick_of_the_path_has_one_cause)
{
    assembled a = assembled_ran(
        assembled_model(ONE FILTER("1", "0") IMAGE("2", "0") CONV("1", "2") RESULT("3", "1")),
        ROUND);
    const npu_profile *p = a.profile;
    /* one command follows the other: beats, array, and the rest: latencies, 60, gaps 1 4 2 */
    ck_assert_int_eq(p->crit[NPU_CAUSE_DDR], 32 + 64 + 64);
    ck_assert_int_eq(p->crit[NPU_CAUSE_MAC], CONV_TICKS - 60);
    ck_assert_int_eq(p->crit[NPU_CAUSE_FIXED], 50 + 50 + 60 + 30 + 7 + LAUNCH);
    ck_assert_int_eq(p->dispatch_ticks, 7);
    ck_assert_int_eq(p->wait_ticks[NPU_WAIT_LOAD], 201);
    ck_assert_uint_eq(p->nlayer, 1);
    ck_assert_str_eq(p->layer[0].name, "c1");
    ck_assert_int_eq(p->layer[0].exclusive, END);
    ck_assert_uint_eq(p->layer[0].weight, 512);
    assembled_free(&a);
}
END_TEST

START_TEST(hidden_work_is_not_on_the_path)
{
    /* a second convolution hides the second image: 525 + 1 + 324; image 2 from 198 to 312 */
    assembled a = assembled_ran(
        assembled_model(ONE FILTER("1", "0") IMAGE("2", "0") CONV("1", "2") IMAGE("3", "0")
                            CONV("2", "3") RESULT("4", "2")),
        ROUND);
    const npu_profile *p = a.profile;
    ck_assert_int_eq(p->inference_ticks, 201 + 324 + 1 + 324 + 2 + 94);
    for (uint32_t i = 0; i < a.trace.count; i++) {
        const npu_span *s = &a.trace.span[i];
        bool hidden = s->unit == NPU_UNIT_LOAD && s->start == 198;
        ck_assert_msg((s->critical == 0) == hidden, "span %u", i);
    }
    assembled_free(&a);
}
END_TEST

START_TEST(ids_that_start_again_begin_a_segment)
{
    /* 621 + 1000 for the restart, then the same once more */
    assembled a = assembled_ran(
        assembled_model(ONE FILTER("1", "0") IMAGE("2", "0") CONV("1", "2") RESULT("3", "1")
                            FILTER("1", "0") IMAGE("2", "0") CONV("1", "2") RESULT("3", "1")),
        ROUND);
    ck_assert_int_eq(a.profile->inference_ticks, 2 * END + 1000);
    ck_assert_uint_eq(a.profile->subgraph[0].segments, 2);
    ck_assert_uint_eq(a.profile->ncall, 1);
    assembled_free(&a);
}
END_TEST

START_TEST(a_cpu_routine_stands_between_its_neighbours)
{
    assembled a = assembled_ran(
        assembled_model(HEAD ".tensor m id=2 shape=1x16x8x8 mem=private\n"
                        ".routine tpu s in=x out=m\n.routine cpu interp in=m out=y\n"
                        ".routine tpu t in=y out=y\n.section s\n" IMAGE("1", "0")
                        ".section t\n" IMAGE("1", "0")),
        ROUND);
    const npu_profile *p = a.profile;
    /* 114; 7 us + 1024 cycles of 100 MHz: 1724; 114 */
    ck_assert_uint_eq(p->nsubgraph, 3);
    ck_assert(!p->subgraph[0].cpu && p->subgraph[1].cpu && !p->subgraph[2].cpu);
    ck_assert(p->subgraph[1].start == 114 && p->subgraph[1].end == 114 + 1724);
    ck_assert(p->subgraph[2].start == 114 + 1724 && p->subgraph[2].end == p->inference_ticks);
    ck_assert(p->cpu_ticks == 1724 && p->inference_ticks == 114 + 1724 + 114);
    ck_assert_int_eq(p->crit[NPU_CAUSE_CPU], 1724);
    ck_assert_uint_eq(p->ncall, 2);
    ck_assert_str_eq(p->subgraph[0].input[0], "x 1x16x8x8 INT8");
    assembled_free(&a);
}
END_TEST

START_TEST(memory_follows_the_rule_of_the_runtime)
{
    assembled a = assembled_ran(
        assembled_model(ONE FILTER("1", "0") IMAGE("2", "0") CONV("1", "2") RESULT("3", "1")), "");
    const npu_profile *p = a.profile;
    ck_assert_uint_eq(p->weight_bytes, 512);
    ck_assert_uint_eq(p->cmdbuf_bytes, 3 * 72 + 120);
    ck_assert_uint_eq(p->shared_gmem, 4096);
    ck_assert_uint_eq(p->private_gmem, 100);
    ck_assert_uint_eq(p->io_bytes, 2048);
    ck_assert_uint_eq(p->ion, 512 + 3 * 72 + 120 + 4096 + 100 + 2048);
    assembled_free(&a);
}
END_TEST

/* --- sums, over every fixture that runs ------------------------------------------------------- */

static const char *const files[] = {"examples/tiny_cv181x.npuasm",
                                    "tests/fixtures/tiny_cv180x.npuasm",
                                    "tests/fixtures/small_cv182x.npuasm",
                                    "tests/fixtures/small_cv183x.npuasm",
                                    "tests/fixtures/tpu_cpu_tpu.npuasm",
                                    "tests/fixtures/two_programs.npuasm"};
static const char *const settings[] = {"", "ddr.contention=0.9", "ddr.bandwidth_mbps=100",
                                       "tpu.clock_mhz=5000 ddr.bandwidth_mbps=20000",
                                       "runtime.launch_ms=0 ddr.posted_beats=1000"};

static assembled fixture(int i)
{
    return assembled_ran(assembled_file(files[i % (int)COUNT(files)]),
                         settings[i / (int)COUNT(files)]);
}

START_TEST(intervals_hold_what_was_moved)
{
    assembled a = fixture(_i);
    const npu_profile *p = a.profile;
    uint64_t read = 0, write = 0;
    int64_t tiu = 0;
    for (size_t i = 0; i < p->nbin; i++) {
        read += p->bin[i].read;
        write += p->bin[i].write;
        tiu += p->bin[i].tiu;
        ck_assert_int_le(p->bin[i].tiu, p->bin_ticks);
    }
    ck_assert_uint_eq(read, p->read);
    ck_assert_uint_eq(write, p->write);
    ck_assert_int_eq(tiu, p->tiu_ticks);
    ck_assert((int64_t)p->nbin * p->bin_ticks >= p->inference_ticks);
    ck_assert((int64_t)(p->nbin - 1) * p->bin_ticks < p->inference_ticks);
    ck_assert(p->worst_ms_occupancy >= p->occupancy - 1e-9 && p->worst_ms_occupancy <= 1);
    assembled_free(&a);
}
END_TEST

START_TEST(the_critical_path_is_a_chain_from_the_end_to_the_start)
{
    assembled a = fixture(_i);
    const npu_profile *p = a.profile;
    int64_t sum = 0, path = 0;
    for (int c = 0; c < NPU_CAUSES; c++) {
        ck_assert_int_ge(p->crit[c], 0);
        sum += p->crit[c];
    }
    ck_assert_int_eq(sum, p->latency_ticks);
    for (uint32_t i = 0; i < a.trace.count; i++) {
        const npu_span *s = &a.trace.span[i];
        path += s->critical;
        ck_assert(s->start >= 0 && s->end > s->start && s->end <= p->inference_ticks);
        ck_assert(s->fixed <= s->end - s->start && s->layer < p->nlayer);
        ck_assert(s->blocker == NPU_NO_SPAN || a.trace.span[s->blocker].end <= s->start);
    }
    ck_assert_int_eq(path, p->inference_ticks);
    assembled_free(&a);
}
END_TEST

START_TEST(layers_share_out_the_whole)
{
    assembled a = fixture(_i);
    const npu_profile *p = a.profile;
    int64_t exclusive = p->launch_ticks, tiu = 0, tdma = 0;
    uint64_t read = 0, write = 0, macs = 0;
    for (size_t i = 0; i < p->nlayer; i++) {
        const npu_prof_layer *l = &p->layer[i];
        int64_t causes = 0;
        for (int c = 0; c < NPU_CAUSES; c++)
            causes += l->crit[c];
        ck_assert_int_eq(causes, l->exclusive);
        ck_assert(l->name && *l->name && l->why && *l->why && l->bound < NPU_CAUSES);
        ck_assert(i == 0 || p->layer[i - 1].start <= l->start);
        exclusive += l->exclusive;
        tiu += l->tiu;
        tdma += l->tdma;
        read += l->read;
        write += l->write;
        macs += l->macs;
    }
    ck_assert_int_eq(exclusive, p->latency_ticks);
    ck_assert(tiu == p->tiu_ticks && tdma == p->tdma_ticks);
    ck_assert(read == p->read && write == p->write && macs == p->macs);
    ck_assert(p->nverdict >= 1 && p->nverdict <= 5);
    assembled_free(&a);
}
END_TEST

/* --- changes without loading again ------------------------------------------------------------ */

START_TEST(work_done_again_equals_work_from_the_start)
{
    assembled a = fixture(_i), b;
    npu_err err = {0};
    npu_trace again = {0};
    NPU_GET(a.chip, tpu_lanes) = 16;
    NPU_GET(a.chip, elt_mul_8) = 7;
    NPU_GET(a.chip, ddr_bandwidth_mbps) = 5000;
    ck_assert_int_eq(perf_prog_rework(a.prog, a.chip, &err), NPU_OK);
    ck_assert_int_eq(perf_run(a.prog, a.chip, &again, &err), NPU_OK);
    b = assembled_ran(assembled_file(files[_i]),
                      "tpu.lanes=16 tiu.mul_8bit=7 ddr.bandwidth_mbps=5000");
    ck_assert_uint_eq(again.count, b.trace.count);
    for (uint32_t i = 0; i < again.count; i++)
        ck_assert(again.span[i].start == b.trace.span[i].start &&
                  again.span[i].end == b.trace.span[i].end &&
                  again.span[i].cmd == b.trace.span[i].cmd);
    npu_trace_free(&again);
    assembled_free(&a);
    assembled_free(&b);
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

static void must_refuse(const char *text, npu_status status, const char *says)
{
    assembled a;
    npu_err err = {0};
    ck_assert_msg(assembled_run(assembled_model(text), "", &a, &err) == status,
                  "%s: status %d, not \"%s\"", text, (int)err.status, says);
    ck_assert_msg(strstr(err.text, says) != NULL, "\"%s\" instead of \"%s\"", err.text, says);
    assembled_free(&a);
}

START_TEST(programs_that_cannot_run_are_refused_with_their_place)
{
    must_refuse(ONE IMAGE("1", "0") IMAGE("3", "0"), NPU_BAD_INPUT,
                "section s, byte 72: field cmd_id is 3 after 1");
    must_refuse(ONE IMAGE("1", "5") CONV("1", "1"), NPU_BAD_INPUT,
                "byte 0: field wait_id_tpu is 5");
    must_refuse(ONE IMAGE("1", "1"), NPU_BAD_INPUT, "byte 0: field wait_id_tpu is 1");
    must_refuse(ONE IMAGE("1", "1") CONV("1", "1"), NPU_BAD_INPUT, "wait for each other");
    must_refuse(ONE IMAGE("1", "0") "load id=2 spec_func=2\n", NPU_UNSUPPORTED,
                "section s, byte 72: unknown TDMA instruction: field spec_func is 2");
    must_refuse(ONE "load id=1 vld=0 src_n=1\n", NPU_BAD_INPUT,
                "section s, byte 0: load: field vld");
    must_refuse(HEAD ".routine cpu poetry in=x out=y\n", NPU_UNSUPPORTED, "'poetry' has no cost");
    must_refuse(HEAD ".routine tpu s in=x out=y dmabuf\n.section s type=dmabuf\n.zero 128\n",
                NPU_UNSUPPORTED, "DMABUF");
}
END_TEST

START_TEST(a_compressed_load_reads_its_size_from_the_weights)
{
    /* 4096 raw bytes: header 16, a map of 256 blocks, 640 bytes of data: 912 bytes, 57 beats */
    static const char text[] =
        ".model one chip=cv181x build=2000\n"
        ".weight w_filter_reordered shape=1x16x1x256 vlc=640\n"
        ".program in=x out=x\n.tensor x id=0 shape=1x16x8x8 mem=io0\n"
        ".routine tpu s in=x out=x\n.section s\n"
        "load id=1 compress_en=1 dst_fmt=1 src_fmt=1 src_base_reg_sel=1 dst_h_stride=256 "
        "dst_c_stride_low=256 src_h_stride=256 src_c_stride_low=256 dst_c=16 src_c=16 dst_w=256 "
        "dst_h=1 src_w=256 src_h=1 src_n=1\n";
    assembled a = assembled_ran(assembled_model(text), "");
    ck_assert_uint_eq(a.prog->part[0].cmd[0].u.tdma.blob_bytes, 912);
    ck_assert_uint_eq(a.profile->read, 912);
    assembled_free(&a);
    char past[sizeof text + 64];
    snprintf(past, sizeof past, "%.*s src_base_addr_low=4090\n", (int)sizeof text - 2, text);
    must_refuse(past, NPU_BAD_INPUT, "compressed load at weight byte 4090");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("collect");
    TCase *core = tcase_create("core"), *sums = tcase_create("sums");
    TCase *limits = tcase_create("limits");
    int runs = (int)(COUNT(files) * COUNT(settings));
    tcase_add_test(core, a_small_program_takes_the_ticks_of_its_parts);
    tcase_add_test(core, every_tick_of_the_path_has_one_cause);
    tcase_add_test(core, hidden_work_is_not_on_the_path);
    tcase_add_test(core, ids_that_start_again_begin_a_segment);
    tcase_add_test(core, a_cpu_routine_stands_between_its_neighbours);
    tcase_add_test(core, memory_follows_the_rule_of_the_runtime);
    tcase_add_loop_test(sums, intervals_hold_what_was_moved, 0, runs);
    tcase_add_loop_test(sums, the_critical_path_is_a_chain_from_the_end_to_the_start, 0, runs);
    tcase_add_loop_test(sums, layers_share_out_the_whole, 0, runs);
    tcase_add_loop_test(core, work_done_again_equals_work_from_the_start, 0, COUNT(files));
    tcase_add_test(limits, programs_that_cannot_run_are_refused_with_their_place);
    tcase_add_test(limits, a_compressed_load_reads_its_size_from_the_weights);
    suite_add_tcase(s, core);
    suite_add_tcase(s, sums);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
