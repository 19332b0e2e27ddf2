/* Differences: every cycle charged, the right cause, the origin before what follows from it. */
#include "perf/diff.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/facts_fixture.h"
#include "tests/unit/unit.h"

enum { LAYERS = 4 };

static const fact_layer base[LAYERS] = {
    {.name = "conv1", .cycles = 1000, .tiu = 900, .tdma = 300, .macs = 50000, .read = 4000,
     .write = 100, .weight = 900, .c = 8, .h = 10, .w = 56, .mac_util = 0.9},
    {.name = "relu1", .kind = "lut", .op = "lut", .cycles = 200, .tiu = 200, .c = 8, .h = 10,
     .w = 56},
    {.name = "conv2", .cycles = 3000, .tiu = 500, .tdma = 2900, .macs = 70000, .read = 40000,
     .write = 200, .weight = 30000, .c = 16, .h = 5, .w = 28, .mac_util = 0.5},
    {.name = "fc", .kind = "matmul", .op = "matmul", .cycles = 400, .tiu = 100, .tdma = 380,
     .macs = 1000, .read = 5000, .weight = 5000, .c = 10, .h = 1, .w = 1, .mac_util = 0.1},
};

static npu_diff *diff(const fact_profile *a, const fact_profile *b)
{
    prof_list old = facts_read(a), new = facts_read(b);
    npu_diff *d;
    npu_err err = {0};
    int64_t sum = 0;
    ck_assert_int_eq(prof_diff(old.item[0], new.item[0], &d, &err), NPU_OK);
    for (size_t i = 0; i < d->nrow; i++)
        sum += d->row[i].delta;
    ck_assert_int_eq(sum, d->delta);
    ck_assert_int_eq(d->delta, new.item[0]->latency_cycles - old.item[0]->latency_cycles);
    prof_list_free(&old);
    prof_list_free(&new);
    return d;
}

/* The difference when layer I of the base becomes CHANGED. */
static npu_diff *diff_layer(size_t i, const fact_layer *changed)
{
    fact_layer l[LAYERS];
    fact_profile a = {.layer = base, .nlayer = LAYERS}, b = {.layer = l, .nlayer = LAYERS};
    memcpy(l, base, sizeof l);
    l[i] = *changed;
    return diff(&a, &b);
}

static void first_is(const npu_diff *d, const char *name, npu_diff_cause cause)
{
    ck_assert_uint_gt(d->nrow, 0);
    ck_assert_str_eq(d->row[0].name, name);
    ck_assert_uint_gt(d->row[0].nwhy, 0);
    ck_assert_msg(d->row[0].why[0].id == cause, "%s instead of %s",
                  npu_diff_cause_word(d->row[0].why[0].id), npu_diff_cause_word(cause));
}

START_TEST(equal_profiles_have_no_rows)
{
    npu_diff *d = diff_layer(0, &base[0]);
    ck_assert_uint_eq(d->nrow, 0);
    ck_assert_uint_eq(d->same, LAYERS);
    ck_assert(!d->changed);
    npu_diff_free(d);
}
END_TEST

START_TEST(one_percent_more_bytes_names_the_layer_first)
{
    fact_layer l[LAYERS];
    fact_profile a = {.layer = base, .nlayer = LAYERS}, b = {.layer = l, .nlayer = LAYERS};
    memcpy(l, base, sizeof l);
    l[2].read += l[2].read / 100;
    l[2].tdma += 29;
    l[2].cycles += 29;
    l[3].cycles += 50; /* waits longer: more than the origin itself, and still behind it */
    npu_diff *d = diff(&a, &b);
    first_is(d, "conv2", NPU_DIFF_BYTES);
    ck_assert_uint_eq(d->row[0].nwhy, 1);
    ck_assert_str_eq(d->row[1].name, "fc");
    ck_assert_int_eq(d->row[1].why[0].id, NPU_DIFF_OVERLAP);
    ck_assert_int_eq(d->delta, 79);
    npu_diff_free(d);
}
END_TEST

START_TEST(bytes_alone_are_named_without_any_cycle)
{
    fact_layer l = base[1];
    l.write = 1;
    npu_diff *d = diff_layer(1, &l);
    first_is(d, "relu1", NPU_DIFF_BYTES);
    ck_assert_int_eq(d->delta, 0);
    npu_diff_free(d);
}
END_TEST

START_TEST(each_cause_is_told_from_the_others)
{
    fact_layer l = base[0];
    l.w = 57; /* 1.8 % more work, 14 % more time */
    l.macs = 50893;
    l.tiu = 1028;
    l.cycles = 1128;
    l.mac_util = 0.8;
    npu_diff *d = diff_layer(0, &l);
    first_is(d, "conv1", NPU_DIFF_ALIGN);
    npu_diff_free(d);

    l = base[0];
    l.op = "conv 5x5";
    d = diff_layer(0, &l);
    first_is(d, "conv1", NPU_DIFF_PARAM);
    npu_diff_free(d);

    l = base[0];
    l.tiu = 950;
    l.cycles = 1050;
    d = diff_layer(0, &l);
    first_is(d, "conv1", NPU_DIFF_COMPUTE);
    npu_diff_free(d);

    l = base[0];
    l.subgraph = "other";
    d = diff_layer(0, &l);
    first_is(d, "conv1", NPU_DIFF_PARTITION);
    npu_diff_free(d);

    l = base[0];
    l.cycles = 990;
    d = diff_layer(0, &l);
    first_is(d, "conv1", NPU_DIFF_OVERLAP);
    npu_diff_free(d);
}
END_TEST

START_TEST(half_the_bandwidth_is_called_bandwidth)
{
    fact_layer l[LAYERS];
    fact_profile a = {.layer = base, .nlayer = LAYERS};
    fact_profile b = {.layer = l, .nlayer = LAYERS, .bandwidth = 1866};
    memcpy(l, base, sizeof l);
    for (int i = 0; i < LAYERS; i++)
        l[i].tdma *= 2;
    l[2].cycles += 2900;
    l[3].cycles += 380;
    npu_diff *d = diff(&a, &b);
    first_is(d, "conv2", NPU_DIFF_BANDWIDTH);
    ck_assert_str_eq(d->row[1].name, "fc");
    ck_assert_int_eq(d->row[1].why[0].id, NPU_DIFF_BANDWIDTH);
    ck_assert_int_eq(d->row[2].delta, 0); /* bound by the array */
    ck_assert_uint_eq(d->nchip, 1);
    npu_diff_free(d);
}
END_TEST

START_TEST(another_clock_is_called_chip)
{
    fact_layer l[LAYERS];
    fact_profile a = {.layer = base, .nlayer = LAYERS};
    fact_profile b = {.layer = l, .nlayer = LAYERS, .clock_mhz = 600};
    memcpy(l, base, sizeof l);
    l[2].tdma = 3480;
    l[2].cycles = 3580;
    npu_diff *d = diff(&a, &b);
    first_is(d, "conv2", NPU_DIFF_CHIP);
    npu_diff_free(d);
}
END_TEST

START_TEST(a_layer_that_disappears_with_the_same_macs_was_fused)
{
    const fact_layer l[LAYERS - 1] = {base[0], base[2], base[3]};
    fact_profile a = {.layer = base, .nlayer = LAYERS}, b = {.layer = l, .nlayer = LAYERS - 1};
    npu_diff *d = diff(&a, &b);
    first_is(d, "relu1", NPU_DIFF_FUSION);
    ck_assert_int_eq(d->row[0].match, NPU_MATCH_REMOVED);
    npu_diff_free(d);
    d = diff(&b, &a); /* taken apart again */
    first_is(d, "relu1", NPU_DIFF_FUSION);
    ck_assert_int_eq(d->row[0].match, NPU_MATCH_ADDED);
    npu_diff_free(d);
}
END_TEST

START_TEST(several_layers_become_one_group)
{
    fact_layer l[LAYERS - 1] = {base[0], base[2], base[3]};
    fact_profile a = {.layer = base, .nlayer = LAYERS}, b = {.layer = l, .nlayer = LAYERS - 1};
    l[0].name = "conv1_relu1";
    l[0].op = "conv 3x3 relu";
    l[0].cycles = 1050;
    npu_diff *d = diff(&a, &b);
    first_is(d, "conv1_relu1", NPU_DIFF_FUSION);
    ck_assert_int_eq(d->row[0].match, NPU_MATCH_GROUP);
    ck_assert_str_eq(d->row[0].old_name, "conv1 + relu1");
    ck_assert_int_eq(d->row[0].delta, -150);
    npu_diff_free(d);
}
END_TEST

START_TEST(renamed_layers_are_matched_by_what_they_do)
{
    fact_layer l = base[2];
    l.name = "Conv_17";
    l.cycles = 2990;
    npu_diff *d = diff_layer(2, &l);
    ck_assert_uint_eq(d->nrow, 1);
    ck_assert_int_eq(d->row[0].match, NPU_MATCH_SIGNATURE);
    ck_assert_str_eq(d->row[0].old_name, "conv2");
    npu_diff_free(d);
    l.macs = 80000; /* renamed and changed: the place tells */
    d = diff_layer(2, &l);
    ck_assert_uint_eq(d->nrow, 1);
    ck_assert_int_eq(d->row[0].match, NPU_MATCH_PLACE);
    npu_diff_free(d);
}
END_TEST

START_TEST(the_launch_has_its_own_row)
{
    fact_profile a = {.layer = base, .nlayer = LAYERS, .launch = 100};
    fact_profile b = {.layer = base, .nlayer = LAYERS, .launch = 125, .cpu = "interp"};
    npu_diff *d = diff(&a, &b);
    first_is(d, "(launch)", NPU_DIFF_PARTITION);
    ck_assert_int_eq(d->row[0].delta, 25);
    npu_diff_free(d);
}
END_TEST

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* Layers changed, dropped, doubled or renamed at random; diff() checks the sum. */
START_TEST(deltas_of_mutated_profiles_add_up)
{
    enum { MOST = 12 };
    static const char *const names[] = {"conv1", "relu1", "conv2", "fc", "x", "y", "z"};
    uint32_t seed = 1;
    for (int round = 0; round < 300; round++) {
        fact_layer l[2][MOST];
        fact_profile p[2] = {{.layer = l[0]}, {.layer = l[1]}};
        for (int side = 0; side < 2; side++) {
            p[side].nlayer = next(&seed) >> 8 & 7;
            p[side].launch = next(&seed) >> 20;
            for (size_t i = 0; i < p[side].nlayer; i++) {
                l[side][i] = base[next(&seed) >> 9 & 3];
                l[side][i].name = names[(next(&seed) >> 9) % 7];
                l[side][i].cycles = next(&seed) >> 12;
                l[side][i].tdma += next(&seed) >> 30;
                l[side][i].read += next(&seed) >> 30;
            }
        }
        npu_diff_free(diff(&p[0], &p[1]));
    }
}
END_TEST

START_TEST(profiles_whose_parts_do_not_add_up_are_refused)
{
    fact_profile p = {.layer = base, .nlayer = LAYERS};
    prof_list list = {0};
    npu_err err = {0};
    char *text = facts_json(&p), *at = strstr(text, "\"latency_cycles\":4600");
    ck_assert_ptr_nonnull(at);
    at[strlen("\"latency_cycles\":460")] = '1';
    ck_assert_int_eq(prof_parse("p.json", text, strlen(text), &list, &err), NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "p.json: $.latency_cycles: 4601"));
    ck_assert_uint_eq(list.n, 0);
    prof_list_free(&list);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("diff");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, equal_profiles_have_no_rows);
    tcase_add_test(core, one_percent_more_bytes_names_the_layer_first);
    tcase_add_test(core, bytes_alone_are_named_without_any_cycle);
    tcase_add_test(core, each_cause_is_told_from_the_others);
    tcase_add_test(core, half_the_bandwidth_is_called_bandwidth);
    tcase_add_test(core, another_clock_is_called_chip);
    tcase_add_test(core, a_layer_that_disappears_with_the_same_macs_was_fused);
    tcase_add_test(core, several_layers_become_one_group);
    tcase_add_test(core, renamed_layers_are_matched_by_what_they_do);
    tcase_add_test(core, the_launch_has_its_own_row);
    tcase_add_test(limits, deltas_of_mutated_profiles_add_up);
    tcase_add_test(limits, profiles_whose_parts_do_not_add_up_are_refused);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
