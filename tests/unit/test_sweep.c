/* perf/sweep_*.c, perf/derive.c, base/num.c: specifications, points and what follows from them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "perf/derive.h"
#include "perf/sweep.h"
#include "tests/unit/unit.h"

/* Golden model: layers of (compute ms, MB): (1,2) (2,10) (0.5,6) (1.5,1); T = sum of the larger of
 * compute and MB per GB/s; M = share of the layers where the transfer is longer. */
static const double golden_c[] = {1, 2, 0.5, 1.5}, golden_mb[] = {2, 10, 6, 1};
static const double golden_b[] = {1, 2, 4, 5, 8, 12, 16};
enum { GOLDEN = 7 };

static void golden_curve(double *t, double *m)
{
    for (int i = 0; i < GOLDEN; i++) {
        double memory = 0;
        t[i] = 0;
        for (int l = 0; l < 4; l++) {
            double move = golden_mb[l] / golden_b[i];
            t[i] += fmax(golden_c[l], move);
            memory += move > golden_c[l] ? move : 0;
        }
        m[i] = memory / t[i];
    }
}

START_TEST(the_golden_curve_has_its_golden_values)
{
    static const double t_want[] = {19.5, 10.5, 6.5, 5.7, 5.25, 5, 5};
    static const double m_want[] = {.923077, .761905, .615385, .210526, .142857, 0, 0};
    static const double fps[] = {51.282051, 95.238095, 153.846154, 175.438596, 190.47619, 200, 200};
    double t[GOLDEN], m[GOLDEN];
    golden_curve(t, m);
    for (int i = 0; i < GOLDEN; i++) {
        ck_assert_double_eq_tol(t[i], t_want[i], 1e-12);
        ck_assert_double_eq_tol(m[i], m_want[i], 5e-7);
        ck_assert_double_eq_tol(1000 / t[i], fps[i], 5e-7);
    }
}
END_TEST

START_TEST(the_golden_knees_are_found)
{
    double t[GOLDEN], m[GOLDEN];
    golden_curve(t, m);
    perf_knees k = perf_knee(golden_b, t, m, GOLDEN, 5.0);
    ck_assert(k.reached);
    ck_assert_double_eq(k.k95, 8);
    ck_assert_double_eq(k.ke, 5);
    ck_assert_double_eq(k.kd, 4);
}
END_TEST

START_TEST(a_curve_that_ends_early_has_not_reached_its_knee)
{
    double t[GOLDEN], m[GOLDEN];
    golden_curve(t, m);
    /* the last point, 5 GB/s, takes 5.7 ms: 14 % above 5 ms */
    perf_knees k = perf_knee(golden_b, t, m, 4, 5.0);
    ck_assert(!k.reached);
    ck_assert(isnan(k.k95));
    k = perf_knee(golden_b, t, m, 5, 5.0); /* 5.25 = 1.05 x 5: exactly at the limit */
    ck_assert(k.reached);
    ck_assert(isnan(perf_knee(golden_b, t, m, 1, 5.0).kd));
}
END_TEST

START_TEST(elasticity_is_one_where_bandwidth_alone_counts)
{
    const double b[] = {1, 2, 4}, t[] = {8, 4, 2}, flat[] = {3, 3, 3};
    ck_assert_double_eq_tol(perf_elasticity(b, t, 3, 1), 1, 1e-12);
    ck_assert_double_eq_tol(perf_elasticity(b, flat, 3, 0), 0, 1e-12);
}
END_TEST

START_TEST(the_golden_front_is_a_b_d_f)
{
    const double tuple[] = {5, 16, 512, 5.25, 8, 512, 5.25, 8, 1024, 6.5, 4, 256,
                            6.5, 4, 512, 10.5, 2, 128, 11, 4, 128};
    const bool want[] = {true, true, false, true, false, true, false};
    bool front[7];
    npu_err err;
    ck_assert_int_eq(perf_pareto(tuple, 7, 3, front, &err), NPU_OK);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(front[i], want[i]);
}
END_TEST

START_TEST(equal_points_all_stay_on_the_front)
{
    const double tuple[] = {1, 2, 1, 2, 2, 1, 2, 2};
    bool front[4];
    npu_err err;
    ck_assert_int_eq(perf_pareto(tuple, 4, 2, front, &err), NPU_OK);
    ck_assert(front[0] && front[1] && front[2] && !front[3]);
}
END_TEST

START_TEST(numbers_are_printed_in_the_shortest_form_that_reads_back)
{
    const double v[] = {0.1, 1.0 / 3, 5e-324, 1e300, 60.017877999999996, 3732, -0.0};
    const char *const want[] = {"0.1", "0.333333333333333", "", "1e+300", "60.017877999999996",
                                "3732", "0"};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        ck_assert_double_eq(strtod(num_exact(v[i]).s, NULL), v[i]);
        if (i != 1 && *want[i])
            ck_assert_str_eq(num_exact(v[i]).s, want[i]);
    }
    ck_assert_double_eq(num_round(1234.5678, 6), 1234.57);
    double out;
    ck_assert(num_read("1e3", &out) && out == 1000);
    const char *const bad[] = {"", " 1", "1 ", "nan", "inf", "0x10", "1e999", "--1", "1.2.3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert(!num_read(bad[i], &out));
}
END_TEST

/* Reads a specification from TEXT; *OUT is the caller's on success. */
static npu_status read_spec(const char *text, sweep_spec *out, npu_err *err)
{
    cJSON *j = cJSON_Parse(text);
    ck_assert_ptr_nonnull(j);
    npu_status s = perf_sweep_spec_read(j, "spec.json", NPU_BAD_INPUT, out, err);
    cJSON_Delete(j);
    return s;
}

static double base[NPU_NUMS];

/* Expands the specification made of BODY and holds its points against WANT (rows of values, NaN:
 * not overridden). */
static void must_expand(const char *body, const double *want, size_t rows)
{
    char text[1000];
    sweep_spec s;
    sweep_plan p;
    npu_err err = {0};
    snprintf(text, sizeof text, "{\"schema\": \"npusim-sweep/1\", %s}", body);
    ck_assert_msg(read_spec(text, &s, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(perf_sweep_plan(&s, base, &p, &err) == NPU_OK, "%s", err.text);
    ck_assert_uint_eq(p.n, rows);
    for (size_t i = 0; i < rows * s.nkey; i++)
        if (isnan(want[i]))
            ck_assert(isnan(p.set[i]));
        else
            ck_assert_double_eq(p.set[i], want[i]);
    perf_sweep_plan_free(&p);
    perf_sweep_spec_free(&s);
}

START_TEST(a_logarithmic_range_has_exact_ends_and_six_figures)
{
    /* 500 x 32^(i/5): 1000, 2000, ... are exact; of 4 points 1587.401 and 5039.684 */
    const double five[] = {500, 1000, 2000, 4000, 8000, 16000};
    const double four[] = {500, 1587.4, 5039.68, 16000};
    must_expand("\"params\": {\"ddr.bandwidth_mbps\": {\"log\": {\"from\": 500, \"to\": 16000, "
                "\"points\": 6}}}", five, 6);
    must_expand("\"params\": {\"ddr.bandwidth_mbps\": {\"log\": {\"from\": 500, \"to\": 16000, "
                "\"points\": 4}}}", four, 4);
}
END_TEST

START_TEST(a_linear_range_includes_its_end_when_a_step_reaches_it)
{
    const double reached[] = {0, 0.1, 0.2, 0.3}, missed[] = {400, 700};
    must_expand("\"params\": {\"ddr.contention\": {\"lin\": {\"from\": 0, \"to\": 0.3, \"step\": "
                "0.1}}}", reached, 4);
    must_expand("\"params\": {\"tpu.clock_mhz\": {\"lin\": {\"from\": 400, \"to\": 800, \"step\": "
                "300}}}", missed, 2);
}
END_TEST

START_TEST(values_take_units_that_fit_the_key)
{
    const double mbps[] = {3732, 3732, 1000}, bytes[] = {2048, 2048}, mhz[] = {1200};
    must_expand("\"params\": {\"ddr.bandwidth_mbps\": {\"values\": [3732, \"3.732GB/s\", "
                "\"1 GB/s\"]}}", mbps, 3);
    must_expand("\"params\": {\"ddr.page_bytes\": {\"values\": [\"2KiB\", \"2.048kB\"]}}", bytes,
                2);
    must_expand("\"params\": {\"npu.clock_mhz\": {\"values\": [\"1.2GHz\"]}}", mhz, 1);
}
END_TEST

START_TEST(a_grid_runs_its_last_key_fastest_and_appends_points)
{
    const double want[] = {1, 10, 1, 20, 2, 10, 2, 20, NAN, 30};
    must_expand("\"params\": {\"tpu.clock_mhz\": {\"values\": [1, 2]}, \"ddr.bandwidth_mbps\": "
                "{\"values\": [10, 20]}}, \"points\": [{\"ddr.bandwidth_mbps\": 30, \"label\": "
                "\"x\"}]", want, 5);
}
END_TEST

START_TEST(zip_pairs_lists_and_oat_varies_one_at_a_time)
{
    const double zip[] = {1, 10, 2, 20}, oat[] = {NAN, NAN, 1, NAN, 2, NAN, NAN, 10};
    must_expand("\"mode\": \"zip\", \"params\": {\"tpu.clock_mhz\": {\"values\": [1, 2]}, "
                "\"ddr.bandwidth_mbps\": {\"values\": [10, 20]}}", zip, 2);
    must_expand("\"mode\": \"oat\", \"params\": {\"tpu.clock_mhz\": {\"values\": [1, 2]}, "
                "\"ddr.bandwidth_mbps\": {\"values\": [10]}}", oat, 4);
}
END_TEST

START_TEST(a_random_sample_depends_on_its_seed_only)
{
    static const char text[] =
        "{\"schema\": \"npusim-sweep/1\", \"mode\": \"random\", \"seed\": %d, \"samples\": 50, "
        "\"params\": {\"ddr.bandwidth_mbps\": {\"log\": {\"from\": 500, \"to\": 16000}}, "
        "\"ddr.contention\": {\"values\": [0, 0.5]}}}";
    double first[100];
    npu_err err;
    for (int round = 0; round < 3; round++) {
        char json[600];
        sweep_spec s;
        sweep_plan p;
        snprintf(json, sizeof json, text, round < 2 ? 7 : 8);
        ck_assert_int_eq(read_spec(json, &s, &err), NPU_OK);
        ck_assert_int_eq(perf_sweep_plan(&s, base, &p, &err), NPU_OK);
        ck_assert_uint_eq(p.n, 50);
        for (size_t i = 0; i < 50; i++) {
            ck_assert(p.set[2 * i] >= 500 && p.set[2 * i] <= 16000);
            ck_assert(p.set[2 * i + 1] == 0 || p.set[2 * i + 1] == 0.5);
        }
        if (round == 0)
            memcpy(first, p.set, sizeof first);
        ck_assert_int_eq(memcmp(first, p.set, sizeof first) == 0, round < 2);
        perf_sweep_plan_free(&p);
        perf_sweep_spec_free(&s);
    }
}
END_TEST

START_TEST(constraints_leave_points_out)
{
    const double want[] = {1, 10, 1, 20, 2, 10};
    must_expand("\"constraints\": [\"tpu.clock_mhz * ddr.bandwidth_mbps <= (2 + 2) * 10/2\"], "
                "\"params\": {\"tpu.clock_mhz\": {\"values\": [1, 2]}, \"ddr.bandwidth_mbps\": "
                "{\"values\": [10, 20]}}", want, 3);
}
END_TEST

START_TEST(expressions_know_precedence_and_units)
{
    static const struct {
        const char *text;
        int want; /* -1: refused */
    } row[] = {
        {"1 + 2 * 3 == 7", 1}, {"(1 + 2) * 3 == 9", 1}, {"8MiB > 8MB", 1}, {"2 - 1 - 1 == 0", 1},
        {"8 / 4 / 2 == 1", 1}, {"-1 < 0", 1}, {"ddr.contention >= 1", 0}, {"1", -1}, {"1 <", -1},
        {"1 < 2 < 3", -1}, {"sram < 1", -1}, {"(1 < 2", -1}, {"1 QiB < 2", -1}, {"", -1},
        {"1 =< 2", -1}, {"2MHz < 3", -1},
    };
    npu_err err;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        bool holds = false;
        npu_status s = perf_sweep_holds(row[i].text, base, &holds, NPU_BAD_INPUT, &err);
        ck_assert_msg(s == (row[i].want < 0 ? NPU_BAD_INPUT : NPU_OK), "%s", row[i].text);
        ck_assert_msg(row[i].want < 0 || holds == row[i].want, "%s", row[i].text);
    }
    char deep[300];
    memset(deep, '(', 299);
    deep[299] = '\0';
    ck_assert_int_eq(perf_sweep_holds(deep, base, &(bool){false}, NPU_BAD_INPUT, &err),
                     NPU_BAD_INPUT);
}
END_TEST

/* What is wrong, and a word the message must hold. */
static const struct {
    const char *body, *word;
    npu_status status;
} refused[] = {
    {"\"params\": {}", "nothing to sweep", NPU_BAD_INPUT},
    {"\"parms\": {}", "params", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.bandwith_mbps\": {\"values\": [1]}}", "ddr.bandwidth_mbps", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.contention\": {\"values\": []}}", "values", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.contention\": {\"values\": [-0.5]}}", "values[0]", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.contention\": {\"values\": [\"nan\"]}}", "values[0]", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.contention\": {\"values\": [null]}}", "0 to 0.99", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.contention\": {\"values\": [1e999]}}", "values[0]", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.bandwidth_mbps\": {\"values\": [\"2MHz\"]}}", "MB/s", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.bandwidth_mbps\": {\"log\": {\"from\": 1, \"to\": 10, \"points\": 1}}}",
     "points", NPU_BAD_INPUT},
    {"\"params\": {\"ddr.contention\": {\"log\": {\"from\": 0, \"to\": 0.5, \"points\": 3}}}",
     "above 0", NPU_BAD_INPUT},
    {"\"params\": {\"tpu.clock_mhz\": {\"lin\": {\"from\": 1, \"to\": 10}}}", "step",
     NPU_BAD_INPUT},
    {"\"params\": {\"tpu.clock_mhz\": {\"lin\": {\"from\": 1, \"to\": 10, \"step\": 0}}}", "step",
     NPU_BAD_INPUT},
    {"\"params\": {\"tpu.clock_mhz\": {\"lin\": {\"from\": 1, \"to\": 10, \"setp\": 1}}}", "setp",
     NPU_BAD_INPUT},
    {"\"params\": {\"tpu.clock_mhz\": {\"log\": {\"from\": 1, \"to\": 10, \"points\": 1e12}}}",
     "1000000", NPU_BAD_INPUT},
    {"\"params\": {\"tpu.clock_mhz\": {\"values\": [1], \"log\": {}}}", "one of", NPU_BAD_INPUT},
    {"\"params\": {\"sram.bytes\": {\"values\": [1]}}", "compiled again", NPU_UNSUPPORTED},
    {"\"params\": {\"tpu.lanes\": {\"values\": [8]}}", "recompile", NPU_UNSUPPORTED},
    {"\"params\": {\"compile.mode\": {\"values\": [1]}}", "compiled again", NPU_UNSUPPORTED},
    {"\"params\": {\"tpu.clock_mhz\": {\"values\": [1]}, \"npu.clock_mhz\": {\"values\": [1]}}",
     "twice", NPU_BAD_INPUT},
    {"\"mode\": \"all\", \"params\": {\"tpu.clock_mhz\": {\"values\": [1]}}", "grid",
     NPU_BAD_INPUT},
    {"\"mode\": \"list\", \"params\": {\"tpu.clock_mhz\": {\"values\": [1]}}", "points",
     NPU_BAD_INPUT},
    {"\"mode\": \"zip\", \"params\": {\"tpu.clock_mhz\": {\"values\": [1]}, \"ddr.contention\": "
     "{\"values\": [0, 0.5]}}", "one length", NPU_BAD_INPUT},
    {"\"mode\": \"random\", \"params\": {\"tpu.clock_mhz\": {\"values\": [1]}}", "samples",
     NPU_BAD_INPUT},
    {"\"points\": [{}]", "points[0]", NPU_BAD_INPUT},
    {"\"points\": [{\"label\": \"x\"}, 3]", "points[1]", NPU_BAD_INPUT},
    {"\"points\": 3", "array", NPU_BAD_INPUT},
    {"\"metrics\": [\"latncy_ms\"], \"points\": [{\"tpu.clock_mhz\": 1}]", "latency_ms",
     NPU_BAD_INPUT},
    {"\"pareto\": [\"latency_ms\"], \"points\": [{\"tpu.clock_mhz\": 1}]", "two to four",
     NPU_BAD_INPUT},
    {"\"constraints\": [\"1 <\"], \"points\": [{\"tpu.clock_mhz\": 1}]", "constraints[0]",
     NPU_BAD_INPUT},
    {"\"limits\": {\"max_points\": 0}, \"points\": [{\"tpu.clock_mhz\": 1}]", "limits.max_points",
     NPU_BAD_INPUT},
    {"\"seed\": -1, \"points\": [{\"tpu.clock_mhz\": 1}]", "seed", NPU_BAD_INPUT},
    {"\"recompile\": \"yes\", \"points\": [{\"tpu.clock_mhz\": 1}]", "never", NPU_BAD_INPUT},
    {"\"models\": [3], \"points\": [{\"tpu.clock_mhz\": 1}]", "models[0]", NPU_BAD_INPUT},
    {"\"base\": {\"tpu.clock_mhz\": 0}, \"points\": [{\"tpu.clock_mhz\": 1}]", "base",
     NPU_BAD_INPUT},
};

START_TEST(a_bad_specification_is_refused_with_the_place)
{
    char text[1000];
    sweep_spec s;
    npu_err err = {0};
    snprintf(text, sizeof text, "{\"schema\": \"npusim-sweep/1\", %s}", refused[_i].body);
    npu_status st = read_spec(text, &s, &err);
    ck_assert_msg(st == refused[_i].status, "%s: status %d, %s", text, st, err.text);
    ck_assert_msg(strstr(err.text, refused[_i].word) != NULL, "%s: %s", text, err.text);
    ck_assert_msg(strstr(err.text, "spec.json") != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_huge_grid_is_refused_before_it_is_made)
{
    sweep_spec s;
    sweep_plan p;
    npu_err err;
    ck_assert_int_eq(read_spec("{\"schema\": \"npusim-sweep/1\", \"params\": {"
                               "\"tpu.clock_mhz\": {\"lin\": {\"from\": 1, \"to\": 5000, "
                               "\"points\": 100000}}, \"ddr.contention\": {\"lin\": {\"from\": 0, "
                               "\"to\": 0.9, \"points\": 100000}}}}", &s, &err), NPU_OK);
    ck_assert_int_eq(perf_sweep_plan(&s, base, &p, &err), NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "more than 1000000"));
    perf_sweep_spec_free(&s);
}
END_TEST

START_TEST(the_short_form_is_the_same_as_the_long_one)
{
    cJSON *j;
    npu_err err;
    ck_assert_int_eq(perf_sweep_short("k", "1000:16000:log:25", &j, &err), NPU_OK);
    char *text = cJSON_PrintUnformatted(j);
    ck_assert_str_eq(text, "{\"log\":{\"from\":1000,\"to\":16000,\"points\":25}}");
    free(text);
    cJSON_Delete(j);
    const char *const bad[] = {"", "1:2", "1:2:log", "1:2:exp:3", "1:2:log:x", "1:2:log:3:4", ":"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(perf_sweep_short("k", bad[i], &j, &err) == NPU_USAGE, "%s", bad[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sweep");
    TCase *derive = tcase_create("derive"), *spec = tcase_create("spec");
    for (int i = 0; i < NPU_NUMS; i++)
        base[i] = npu_num_table[i].min;
    tcase_add_test(derive, the_golden_curve_has_its_golden_values);
    tcase_add_test(derive, the_golden_knees_are_found);
    tcase_add_test(derive, a_curve_that_ends_early_has_not_reached_its_knee);
    tcase_add_test(derive, elasticity_is_one_where_bandwidth_alone_counts);
    tcase_add_test(derive, the_golden_front_is_a_b_d_f);
    tcase_add_test(derive, equal_points_all_stay_on_the_front);
    tcase_add_test(derive, numbers_are_printed_in_the_shortest_form_that_reads_back);
    tcase_add_test(spec, a_logarithmic_range_has_exact_ends_and_six_figures);
    tcase_add_test(spec, a_linear_range_includes_its_end_when_a_step_reaches_it);
    tcase_add_test(spec, values_take_units_that_fit_the_key);
    tcase_add_test(spec, a_grid_runs_its_last_key_fastest_and_appends_points);
    tcase_add_test(spec, zip_pairs_lists_and_oat_varies_one_at_a_time);
    tcase_add_test(spec, a_random_sample_depends_on_its_seed_only);
    tcase_add_test(spec, constraints_leave_points_out);
    tcase_add_test(spec, expressions_know_precedence_and_units);
    tcase_add_loop_test(spec, a_bad_specification_is_refused_with_the_place, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(spec, a_huge_grid_is_refused_before_it_is_made);
    tcase_add_test(spec, the_short_form_is_the_same_as_the_long_one);
    suite_add_tcase(s, derive);
    suite_add_tcase(s, spec);
    return unit_run(s);
}
