/* Transfers: beats on the bus and words in local memory, worked out by hand.
 *
 * A beat is a 16-byte word of DDR, counted per run of rows the engine merges; a word is 16 bytes
 * of a lane.  Channel c lies in lane (lane0 + c) mod lanes. */
#include <string.h>

#include "models/work.h"
#include "tests/unit/unit.h"

static npu_chip *chip;

static void use(const char *name)
{
    npu_err err = {0};
    npu_chip_free(chip);
    ck_assert_msg(npu_chip_load(name, &chip, &err) == NPU_OK, "%s", err.text);
}

static void setup(void)
{
    use("cv183x");
}

static void teardown(void)
{
    npu_chip_free(chip);
    chip = NULL;
}

#define C(id) NPU_GET(chip, id)

/* A transfer of C x H rows of ROW bytes; both sides packed, addresses 0. */
static npu_cmd transfer(npu_kind kind, unsigned dir, unsigned c, unsigned h, unsigned row)
{
    npu_cmd cmd = {.engine = NPU_ENGINE_TDMA, .kind = (uint8_t)kind};
    cmd.u.tdma = (npu_tdma){.n = 1, .src_c = c, .src_h = h, .src_w = row, .dst_c = c, .dst_h = h,
                            .dst_w = row, .src_h_str = row, .dst_h_str = row,
                            .src_c_str = h * row, .dst_c_str = h * row, .src_n_str = c * h * row,
                            .dst_n_str = c * h * row, .dir = (uint8_t)dir, .src_bytes = 1,
                            .dst_bytes = 1};
    return cmd;
}

static npu_cmd load(unsigned c, unsigned h, unsigned row)
{
    return transfer(NPU_KIND_LOAD, 0, c, h, row);
}

static npu_cmd store(unsigned c, unsigned h, unsigned row)
{
    return transfer(NPU_KIND_STORE, 1, c, h, row);
}

static void must_move(npu_cmd c, uint32_t in, uint32_t out, uint32_t words)
{
    sim_op op = {0};
    npu_err err = {0};
    ck_assert_msg(hw_work(chip, &c, &op, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(op.beats_in == in && op.beats_out == out && op.words == words,
                  "%s: %u beats in, %u out, %u words instead of %u, %u, %u",
                  npu_kind_table[c.kind].mnemonic, op.beats_in, op.beats_out, op.words, in, out,
                  words);
    ck_assert_uint_eq(op.macs, 0);
}

static sim_op work(npu_cmd c)
{
    sim_op op = {0};
    ck_assert_int_eq(hw_work(chip, &c, &op, NULL), NPU_OK);
    return op;
}

/* --- loads ------------------------------------------------------------------------------------ */

START_TEST(an_aligned_load_moves_its_bytes)
{
    must_move(load(3, 8, 64), 96, 0, 96); /* 1536 B */
    sim_op op = work(load(3, 8, 64));
    ck_assert(op.unit == NPU_UNIT_LOAD && op.setup == SIM_SETUP_LOAD && op.cycles == 0);
}
END_TEST

START_TEST(a_run_off_the_word_touches_one_more)
{
    npu_cmd c = load(3, 8, 64);
    c.u.tdma.src = 5; /* one run of 1536 bytes from byte 5: 97 words, and each channel 33 */
    must_move(c, 97, 0, 99);
}
END_TEST

START_TEST(short_rows_cost_whole_words)
{
    /* 16 rows of 7 bytes, spread to 16 bytes locally: a word each there; in the packed stream rows
     * at 7 i cross a word 6 times in 16; the bus sees one run of 112 bytes */
    npu_cmd c = load(1, 16, 7);
    c.u.tdma.dst_h_str = 16;
    must_move(c, 7, 0, 16 + 6);
    /* packed on both sides the rows join to one piece of 112 bytes */
    must_move(load(1, 16, 7), 7, 0, 7);
    /* the bus reads rows 32 apart one by one, each a beat */
    c.u.tdma.src_h_str = 32;
    must_move(c, 16, 0, 16);
}
END_TEST

START_TEST(a_load_reads_through_small_gaps)
{
    uint32_t gap = (uint32_t)C(tdma_load_gap);
    npu_cmd c = load(2, 4, 48);
    c.u.tdma.src_h_str = 48 + gap; /* 3 x 64 + 48 bytes per channel: 15 words, then channels */
    c.u.tdma.src_c_str = 4096;
    ck_assert_uint_eq(gap, 16);
    must_move(c, 2 * 15, 0, 24);
    c.u.tdma.src_h_str = 48 + gap + 1; /* a byte more: rows at 0, 65, 130, 195: 3 + 3 x 4 */
    must_move(c, 2 * 15, 0, 2 * (3 + 4 + 4 + 4));
    /* channels merge as rows do: both runs and the gap between them */
    c = load(2, 4, 48);
    c.u.tdma.src_c_str = 192 + gap;
    must_move(c, (192 + 16 + 192) / 16, 0, 24);
    c.u.tdma.src_c_str = 192 + 2 * gap;
    must_move(c, 24, 0, 24);
}
END_TEST

START_TEST(images_are_runs_of_their_own)
{
    npu_cmd c = load(1, 1, 40); /* 40 bytes at 0, 40, 80: 3 + 3 + 3 words (80 / 16 = 5 exactly) */
    c.u.tdma.n = 3;
    must_move(c, 3 + 3 + 3, 0, 3 + 3 + 3);
}
END_TEST

START_TEST(a_replicated_load_reads_again_for_each_lane)
{
    npu_cmd c = load(32, 16, 16); /* a table of 256 bytes into each of 32 lanes */
    c.u.tdma.src_c_str = 0;
    must_move(c, 32 * 16, 0, 32 * 16);
}
END_TEST

START_TEST(lanes_wrap_to_the_next_slice)
{
    use("cv181x"); /* 8 lanes */
    /* 20 channels from lane 3: 5 in slice 0, 8, 7; 8-byte rows with slices 24 bytes apart lie at
     * 0, 24 and 48: the row at 24 fills its word, none crosses */
    npu_cmd c = load(20, 1, 8);
    c.u.tdma.dst = 3 * (uint32_t)C(lmem_lane_bytes);
    c.u.tdma.dst_c_str = 24;
    must_move(c, 10, 0, 20);
    /* slices 12 bytes apart: at 0, 12 (crosses) and 24 (fills): 5 + 8 x 2 + 7 */
    c.u.tdma.dst_c_str = 12;
    must_move(c, 10, 0, 28);
}
END_TEST

START_TEST(two_byte_elements_move_two_bytes)
{
    npu_cmd c = load(1, 4, 16);
    c.u.tdma.src_bytes = c.u.tdma.dst_bytes = 2;
    c.u.tdma.src_h_str = c.u.tdma.dst_h_str = 32;
    must_move(c, 8, 0, 8);
    c.u.tdma.src_bytes = 1; /* bytes in DDR become bf16: half the bus, all the words */
    c.u.tdma.src_h_str = 16;
    must_move(c, 4, 0, 8);
}
END_TEST

START_TEST(a_compressed_load_reads_its_blob)
{
    npu_cmd c = load(4, 9, 32); /* 1152 bytes */
    c.u.tdma.compress = true;
    c.u.tdma.blob_bytes = 1000;
    must_move(c, 63, 0, 72);
    ck_assert_int_eq(work(c).cycles, (int64_t)C(tdma_decompress));
    c.u.tdma.src = 7; /* where the blob lies does not matter: its stream is packed */
    c.u.tdma.src_c_str = 100000;
    must_move(c, 63, 0, 72);
    c.u.tdma.blob_bytes = 0; /* activations: the ratio of the chip file */
    double bytes = 1152 * C(tdma_activation_ratio);
    must_move(c, (uint32_t)((bytes + 15) / 16), 0, 72);
}
END_TEST

/* --- stores ----------------------------------------------------------------------------------- */

START_TEST(a_store_merges_only_what_touches)
{
    must_move(store(2, 4, 48), 0, 24, 24);
    npu_cmd c = store(2, 4, 48);
    c.u.tdma.dst_h_str = 49; /* rows at 0, 49, 98, 147: 3 + 4 + 4 + 4 */
    c.u.tdma.dst_c_str = 4096;
    ck_assert(C(tdma_store_gap) == 0);
    must_move(c, 0, 2 * 15, 24);
    /* only the local side counts words: 16 rows of 7 bytes, 16 apart */
    c = store(1, 16, 7);
    c.u.tdma.src_h_str = 16;
    must_move(c, 0, 7, 16);
    sim_op op = work(c);
    ck_assert(op.unit == NPU_UNIT_STORE && op.setup == SIM_SETUP_STORE);
}
END_TEST

START_TEST(a_compressed_store_takes_the_assumed_ratio)
{
    npu_cmd c = store(4, 9, 32);
    c.u.tdma.compress = true;
    must_move(c, 0, (uint32_t)((1152 * C(tdma_activation_ratio) + 15) / 16), 72);
    ck_assert_int_eq(work(c).cycles, (int64_t)C(tdma_compress));
}
END_TEST

/* --- matrices, copies, moves, fills ----------------------------------------------------------- */

START_TEST(a_matrix_load_cuts_its_rows)
{
    /* 4 rows of 488 bytes cut in columns of 16: 30 whole ones and 8 bytes.  Rows start at 0, 488,
     * 976, 1464, so every second one is 8 bytes off: 30 words or 60; the rest lies at 480 + 488 i,
     * at 0 or 8 in its word and never crosses */
    npu_cmd c = {.engine = NPU_ENGINE_TDMA, .kind = NPU_KIND_LOADMAT};
    c.u.tdma = (npu_tdma){.n = 4, .src_c = 4, .src_w = 488, .src_c_str = 488, .dst_c = 31,
                          .dst_w = 16, .dst_n_str = 16, .dst_c_str = 64, .src_bytes = 1,
                          .dst_bytes = 1, .matrix = true};
    must_move(c, 4 * 488 / 16, 0, 2 * 31 + 2 * 61);
    /* 512 columns: all aligned, the local side counts the same */
    c.u.tdma.src_w = c.u.tdma.src_c_str = 512;
    c.u.tdma.dst_c = 32;
    must_move(c, 4 * 32, 0, 4 * 32);
}
END_TEST

START_TEST(a_matrix_store_writes_rows)
{
    npu_cmd c = {.engine = NPU_ENGINE_TDMA, .kind = NPU_KIND_STOREMAT};
    c.u.tdma = (npu_tdma){.n = 3, .src_c = 4, .src_w = 16, .src_n_str = 16, .src_c_str = 48,
                          .dst_c = 3, .dst_w = 60, .dst_c_str = 60, .src_bytes = 1,
                          .dst_bytes = 1, .dir = 1, .matrix = true};
    must_move(c, 0, 12, 12); /* 180 bytes in one run; 3 x 4 slices of a word */
    c.u.tdma.dst_c_str = 64; /* rows apart: 4 beats each */
    must_move(c, 0, 12, 12);
    c.u.tdma.dst_c_str = 61; /* at 0, 61, 122: 4, 61..120 in 5 (48 to 127), 122..181 in 5 */
    must_move(c, 0, 4 + 5 + 5, 12);
}
END_TEST

START_TEST(linear_copies_count_their_bytes_once)
{
    npu_cmd c = {.engine = NPU_ENGINE_TDMA, .kind = NPU_KIND_LOADGEN};
    c.u.tdma = (npu_tdma){.src = 8, .dst = 0, .src_n_str = 1000, .src_bytes = 1, .dst_bytes = 1};
    must_move(c, 63, 0, 63);
    c.u.tdma.src = 9; /* 9 to 1008: one word more */
    must_move(c, 64, 0, 64);
    c.kind = NPU_KIND_STOREGEN;
    c.u.tdma.src = 0;
    c.u.tdma.dst = 9;
    must_move(c, 0, 64, 63);
    c.kind = NPU_KIND_GCOPYGEN;
    must_move(c, 63, 64, 0);
    ck_assert_int_eq(work(c).setup, SIM_SETUP_COPY);
}
END_TEST

START_TEST(a_copy_in_ddr_moves_both_ways)
{
    npu_cmd c = transfer(NPU_KIND_GCOPY, 2, 2, 4, 48);
    c.u.tdma.dst_h_str = 64;
    c.u.tdma.dst_c_str = 256;
    must_move(c, 24, 24, 0);
    c.u.tdma.dst = 8; /* rows of 48 bytes at 8, 72, ...: 4 words each */
    must_move(c, 24, 32, 0);
}
END_TEST

START_TEST(a_local_move_counts_pieces)
{
    /* 16 channels of 4 rows of 20 bytes, rows 32 apart at the target: 2 pieces a row */
    npu_cmd c = transfer(NPU_KIND_MOVE, 3, 16, 4, 20);
    c.u.tdma.dst_h_str = 32;
    c.u.tdma.dst_c_str = c.u.tdma.src_c_str = 128;
    must_move(c, 0, 0, 16 * 4 * 2);
    ck_assert_int_eq(work(c).setup, SIM_SETUP_MOVE);
    /* packed on both sides: 80 bytes, 5 pieces */
    c.u.tdma.dst_h_str = 20;
    must_move(c, 0, 0, 16 * 5);
}
END_TEST

START_TEST(fills_write_and_read_nothing)
{
    npu_cmd c = transfer(NPU_KIND_FILL, 0, 4, 2, 40); /* rows at 0 and 40: 3 + 3 words */
    must_move(c, 0, 0, 4 * 6);
    c = transfer(NPU_KIND_FILLG, 1, 4, 2, 40);
    must_move(c, 0, 20, 0);
    ck_assert_int_eq(work(c).unit, NPU_UNIT_STORE);
}
END_TEST

/* --- transposes ------------------------------------------------------------------------------- */

START_TEST(n_and_c_swapped_keep_rows_whole)
{
    npu_cmd c = transfer(NPU_KIND_LOADNCT, 0, 6, 2, 32); /* 6 channels become 6 images */
    c.u.tdma.dst_c = 1;
    c.u.tdma.dst_n_str = 64;
    must_move(c, 6 * 2 * 2, 0, 6 * 2 * 2);
    c.kind = NPU_KIND_STORENCT;
    must_move(c, 0, 24, 24);
    c.kind = NPU_KIND_GCOPYNCT;
    must_move(c, 24, 24, 0);
    c.kind = NPU_KIND_MOVENCT;
    must_move(c, 0, 0, 24);
}
END_TEST

START_TEST(a_transposed_matrix_is_read_in_blocks)
{
    /* 8 rows of 200 bytes, pitch 256: 8 words of the first 128 bytes, 5 of the other 72 */
    npu_cmd c = {.engine = NPU_ENGINE_TDMA, .kind = NPU_KIND_LOADMATT};
    c.u.tdma = (npu_tdma){.n = 8, .src_c = 8, .src_w = 200, .src_c_str = 256, .dst_c = 13,
                          .dst_w = 16, .src_bytes = 1, .dst_bytes = 1, .matrix = true};
    must_move(c, 8 * (8 + 5), 0, 8 * 200); /* written one element at a time */
}
END_TEST

START_TEST(packed_pixels_become_planes)
{
    /* 10 lines of 40 pixels of 3 bytes: 120 bytes a line, 8 words when aligned; planes of 10 rows
     * of 40 bytes, 64 apart: 3 words each */
    npu_cmd c = transfer(NPU_KIND_LOADHWC, 0, 3, 10, 40);
    c.u.tdma.src_c_str = 1;
    c.u.tdma.src_h_str = 128;
    c.u.tdma.dst_h_str = 64;
    c.u.tdma.dst_c_str = 640;
    must_move(c, 80, 0, 3 * 10 * 3);
}
END_TEST

START_TEST(c_and_w_swapped_write_single_elements)
{
    npu_cmd c = transfer(NPU_KIND_LOADCWT, 0, 4, 2, 32);
    must_move(c, 16, 0, 4 * 2 * 32);
    c = transfer(NPU_KIND_STORECWT, 1, 4, 2, 32); /* 32 channels of 2 rows of 4 bytes */
    c.u.tdma.dst_c = 32;
    c.u.tdma.dst_w = 4;
    c.u.tdma.dst_h_str = 4;
    c.u.tdma.dst_c_str = 8;
    must_move(c, 0, 64, 256); /* rows of 4 never cross and never merge */
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

/* Words of a tensor in the lanes, row by row: channel c lies in lane (lane0 + c) mod lanes. */
static uint64_t brute_local(const npu_tdma *t)
{
    uint64_t lanes = (uint64_t)C(tpu_lanes), bytes = (uint64_t)C(lmem_lane_bytes), sum = 0;
    uint64_t lane0 = t->dst / bytes % lanes, off = t->dst % bytes;
    for (uint64_t n = 0; n < t->n; n++)
        for (uint64_t c = 0; c < t->dst_c; c++)
            for (uint64_t h = 0; h < t->dst_h; h++) {
                uint64_t at = off + n * t->dst_n_str + (lane0 + c) / lanes * t->dst_c_str +
                              h * t->dst_h_str;
                sum += (at % 16 + t->dst_w + 15) / 16;
            }
    return sum;
}

START_TEST(any_tensor_in_the_lanes_counts_its_rows)
{
    static const char *const chips[] = {"cv180x", "cv181x", "cv183x"};
    uint64_t x = 88172645463325252u + (uint64_t)_i * 15485863;
    use(chips[_i % 3]);
    for (int i = 0; i < 300; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        npu_cmd m = transfer(NPU_KIND_FILL, 0, 1 + (x >> 8) % 150, 1 + (x >> 16) % 6,
                             1 + (x >> 24) % 50);
        npu_tdma *t = &m.u.tdma;
        t->n = 1 + (x >> 4 & 1);
        t->dst = (x >> 30 & 31) * (uint64_t)C(lmem_lane_bytes) + (x >> 36 & 0xfff);
        t->dst_h_str = t->dst_w + (x >> 48 & 7);
        t->dst_c_str = t->dst_h_str * t->dst_h + (x >> 52 & 31);
        t->dst_n_str = t->dst_c_str * 80 + (x >> 60);
        must_move(m, 0, 0, (uint32_t)brute_local(t));
    }
}
END_TEST

/* Whatever the strides, beats and words hold every byte that is moved. */
START_TEST(no_byte_moves_without_a_beat_and_a_word)
{
    uint64_t x = 88172645463325252u + (uint64_t)_i * 104729;
    for (int i = 0; i < 200; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        unsigned c = 1 + (x >> 8) % 50, h = 1 + (x >> 16) % 20, row = 1 + (x >> 24) % 70;
        bool out = x >> 63;
        npu_cmd m = out ? store(c, h, row) : load(c, h, row);
        npu_tdma *t = &m.u.tdma;
        t->src = x >> 30 & 0xfff;
        t->dst = x >> 42 & 0xfff;
        t->src_h_str += x >> 50 & 31;
        t->dst_h_str += x >> 55 & 31;
        t->src_c_str = t->src_h_str * h + (x >> 60 & 3);
        t->dst_c_str = t->dst_h_str * h + (x >> 61 & 3);
        sim_op op = work(m);
        uint64_t bytes = (uint64_t)c * h * row, most = (uint64_t)c * h * (row / 16 + 2);
        ck_assert_uint_ge(16ull * (out ? op.beats_out : op.beats_in), bytes);
        ck_assert_uint_ge(16ull * op.words, bytes);
        ck_assert_uint_le(op.words, most);
        if (out) /* stores never read through gaps */
            ck_assert_uint_le(op.beats_out, most);
    }
}
END_TEST

START_TEST(transfers_no_memory_holds_are_refused)
{
    static const npu_kind kinds[] = {NPU_KIND_LOAD, NPU_KIND_STORE, NPU_KIND_GCOPY, NPU_KIND_MOVE,
                                     NPU_KIND_LOADMAT, NPU_KIND_STOREMAT, NPU_KIND_FILL,
                                     NPU_KIND_LOADHWC, NPU_KIND_STORENCT};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int compressed = 0; compressed < 2; compressed++) {
            npu_cmd c = transfer(kinds[i], i % 2, 65535, 65535, 65535);
            sim_op op = {0};
            npu_err err = {0};
            c.u.tdma.n = 65535;
            c.u.tdma.compress = compressed;
            c.u.tdma.blob_bytes = compressed ? 160 : 0; /* a small blob of a huge tensor */
            ck_assert_msg(hw_work(chip, &c, &op, &err) == NPU_BAD_INPUT, "%s%s is accepted",
                          npu_kind_table[kinds[i]].mnemonic, compressed ? ", compressed," : "");
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tdma");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_checked_fixture(limits, setup, teardown);
    tcase_add_test(core, an_aligned_load_moves_its_bytes);
    tcase_add_test(core, a_run_off_the_word_touches_one_more);
    tcase_add_test(core, short_rows_cost_whole_words);
    tcase_add_test(core, a_load_reads_through_small_gaps);
    tcase_add_test(core, images_are_runs_of_their_own);
    tcase_add_test(core, a_replicated_load_reads_again_for_each_lane);
    tcase_add_test(core, lanes_wrap_to_the_next_slice);
    tcase_add_test(core, two_byte_elements_move_two_bytes);
    tcase_add_test(core, a_compressed_load_reads_its_blob);
    tcase_add_test(core, a_store_merges_only_what_touches);
    tcase_add_test(core, a_compressed_store_takes_the_assumed_ratio);
    tcase_add_test(core, a_matrix_load_cuts_its_rows);
    tcase_add_test(core, a_matrix_store_writes_rows);
    tcase_add_test(core, linear_copies_count_their_bytes_once);
    tcase_add_test(core, a_copy_in_ddr_moves_both_ways);
    tcase_add_test(core, a_local_move_counts_pieces);
    tcase_add_test(core, fills_write_and_read_nothing);
    tcase_add_test(core, n_and_c_swapped_keep_rows_whole);
    tcase_add_test(core, a_transposed_matrix_is_read_in_blocks);
    tcase_add_test(core, packed_pixels_become_planes);
    tcase_add_test(core, c_and_w_swapped_write_single_elements);
    tcase_add_loop_test(limits, any_tensor_in_the_lanes_counts_its_rows, 0, 9);
    tcase_add_loop_test(limits, no_byte_moves_without_a_beat_and_a_word, 0, 10);
    tcase_add_test(limits, transfers_no_memory_holds_are_refused);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
