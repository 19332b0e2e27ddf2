/* The bank model against the points other DRAM simulators were measured with (private data: read
 * beside NPUSIM_DATA when there, else only made-up points are). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/dram.h"

enum { PART = 8 }; /* an eighth of each pattern: enough for a steady rate, short for a test */

static const char head[] = "simulator,version,memory,bus_bits,config,address_mapping,"
                           "outstanding_read_window_bytes(0=controller queue),trace,tCK_ns,"
                           "useful_fraction_of_peak\n";

static npu_status read_text(const char *rows, dram_point **p, size_t *n, npu_err *err)
{
    char path[] = "dramXXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s%s", head, rows);
    fclose(f);
    npu_status s = dram_read(path, p, n, err);
    remove(path);
    return s;
}

START_TEST(points_name_their_system)
{
    dram_point *p;
    size_t n;
    npu_err err = {0};
    npu_status s = read_text(
        "DRAMsim3,1,LPDDR4-1866 2ch x16,32,lpddr4_1866_x32_chi,x,512,seq_rd,1.072,0.9\n"
        "DRAMsim3,1,LPDDR4-1866 2ch x16,32,lpddr4_1866_x32_row,x,0,seq_rd,1.072,0.5\n"
        "DRAMsim3,1,LPDDR4-1866 2ch x16,32,lpddr4_1866_x32_chi,x,0,seq_rd,1.072,0.9\n"
        "Ramulator 2.0,1,DDR4-3200,64,ddr4_3200_x64dev8_MOP4CLXOR,x,0,rand64,0.625,0.4\n",
        &p, &n, &err);
    ck_assert_msg(s == NPU_OK, "%s", err.text);
    ck_assert_uint_eq(n, 4);
    ck_assert(p[0].system.channels == 2 && p[0].system.window_bytes == 512 && p[0].better);
    ck_assert(p[0].system.map == HW_MAP_CHANNEL && p[0].system.burst_bytes == 32);
    ck_assert(!p[1].better && p[2].better);
    ck_assert(p[3].system.sched == HW_SCHED_READY && p[3].system.groups == 4);
    ck_assert(p[3].system.map == HW_MAP_MOP && p[3].trace == HW_GEN_RAND64);
    free(p);
}
END_TEST

static void refused(const char *rows, const char *want)
{
    dram_point *p;
    size_t n;
    npu_err err = {0};
    ck_assert_int_ne(read_text(rows, &p, &n, &err), NPU_OK);
    ck_assert_msg(strstr(err.text, want) != NULL, "%s", err.text);
    ck_assert_ptr_null(p);
}

START_TEST(bad_points_are_refused)
{
    refused("", "no points");
    refused("D,1,DDR3,16,ddr3_1866_x16_row,x,0,seq,1.07,0.9\n", "line 2: trace 'seq'");
    refused("D,1,DDR3,16,ddr3_1866_x16_row,x,0,seq_rd,1.07,nan\n", "fraction 'nan'");
    refused("D,1,DDR3,15,ddr3_1866_x16_row,x,0,seq_rd,1.07,0.9\n", "bus_bits '15'");
    refused("D,1,DDR3,16,ddr9_1866_x16_row,x,0,seq_rd,1.07,0.9\n", "ddr9-1866.json");
}
END_TEST

START_TEST(the_better_mappings_lie_within_the_bounds)
{
    char path[4096];
    const char *data = getenv("NPUSIM_DATA");
    dram_point *p;
    size_t n, kept = 0, outside = 0;
    npu_err err = {0};
    snprintf(path, sizeof path, "%s/../validation/DRAM_REFERENCE.csv", data ? data : ".");
    if (access(path, R_OK) != 0)
        return;
    ck_assert_msg(dram_read(path, &p, &n, &err) == NPU_OK, "%s", err.text);
    for (size_t i = 0; i < n; i++)
        if (p[i].better && p[i].system.window_bytes == 0)
            p[kept++] = p[i];
    ck_assert_uint_gt(kept, 150);
    ck_assert(dram_simulate(p, kept, PART, &err) == NPU_OK);
    for (size_t i = 0; i < kept; i++) {
        double off = p[i].ours - p[i].reference;
        if (fabs(off) > dram_allowed(&p[i])) {
            outside++;
            fprintf(stderr, "# %s %s %s: %+.1f points\n", p[i].simulator, p[i].config,
                    hw_gen_name(p[i].trace), 100 * off);
        }
    }
    free(p);
    ck_assert_uint_eq(outside, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dram");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 120);
    tcase_add_test(core, points_name_their_system);
    tcase_add_test(core, bad_points_are_refused);
    tcase_add_test(core, the_better_mappings_lie_within_the_bounds);
    suite_add_tcase(s, core);
    return unit_run(s);
}
