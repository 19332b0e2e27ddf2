/* Budgets: exact edges, every verdict, every kind of mistake in the file. */
#include "perf/budget.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/facts_fixture.h"
#include "tests/unit/unit.h"

static const fact_layer layers[] = {
    {.name = "conv1", .cycles = 1000, .tiu = 900, .tdma = 300, .macs = 50000, .read = 4000,
     .write = 96, .weight = 900, .c = 8, .h = 10, .w = 56, .mac_util = 0.9},
    {.name = "fc_out", .kind = "matmul", .op = "matmul", .cycles = 400, .tiu = 100, .tdma = 380,
     .macs = 1000, .read = 5000, .weight = 5000, .c = 10, .h = 1, .w = 1, .mac_util = 0.1},
};
static const fact_profile plain = {.layer = layers, .nlayer = 2, .latency_ms = "4"};

#define HEAD "{\"schema\":\"npusim-budget/1\","
#define ONE(entry) HEAD "\"budgets\":[" entry "]}"

static npu_status parse(const char *text, budget_file **b, npu_err *err)
{
    return budget_parse("b.json", text, strlen(text), b, err);
}

/* Verdicts of budget TEXT on profile P and, unless NULL, baseline BASE. */
static npu_gate gate_with(const char *text, const fact_profile *p, const fact_profile *base,
                          budget_options o)
{
    budget_file *b;
    npu_gate g;
    npu_err err = {0};
    prof_list profiles = facts_read(p), baseline = {0};
    if (base)
        baseline = facts_read(base);
    ck_assert_msg(parse(text, &b, &err) == NPU_OK, "%s", err.text);
    ck_assert_int_eq(budget_check(b, &profiles, &baseline, &o, &g, &err), NPU_OK);
    budget_free(b);
    prof_list_free(&profiles);
    prof_list_free(&baseline);
    return g;
}

static npu_gate gate(const char *text, const fact_profile *p, const fact_profile *base)
{
    return gate_with(text, p, base, (budget_options){0});
}

/* Verdict of the only rule of ENTRY. */
static npu_verdict verdict(const char *entry, const fact_profile *p, const fact_profile *base)
{
    npu_gate g = gate(entry, p, base);
    ck_assert_uint_eq(g.n, 1);
    npu_verdict v = g.check[0].verdict;
    npu_gate_free(&g);
    return v;
}

START_TEST(the_limit_itself_passes_and_the_next_number_fails)
{
    char text[200], value[40];
    const double limits[] = {4.0, 0.1, 1.0 / 3, 1e-300, 123456.789, 1e300};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        fact_profile p = plain;
        p.latency_ms = value;
        snprintf(text, sizeof text, ONE("{\"model\":\"net\",\"latency_ms\":{\"max\":%.17g}}"),
                 limits[i]);
        snprintf(value, sizeof value, "%.17g", limits[i]);
        ck_assert_int_eq(verdict(text, &p, NULL), NPU_PASS);
        snprintf(value, sizeof value, "%.17g", nextafter(limits[i], INFINITY));
        ck_assert_int_eq(verdict(text, &p, NULL), NPU_FAIL);
        snprintf(text, sizeof text, ONE("{\"model\":\"net\",\"latency_ms\":{\"min\":%.17g}}"),
                 limits[i]);
        snprintf(value, sizeof value, "%.17g", limits[i]);
        ck_assert_int_eq(verdict(text, &p, NULL), NPU_PASS);
        snprintf(value, sizeof value, "%.17g", nextafter(limits[i], 0));
        ck_assert_int_eq(verdict(text, &p, NULL), NPU_FAIL);
    }
}
END_TEST

START_TEST(two_broken_rules_both_appear)
{
    npu_gate g = gate(ONE("{\"model\":\"n*\",\"latency_ms\":{\"max\":3},"
                          "\"ddr_bytes\":{\"max\":1}}"), &plain, NULL);
    ck_assert_uint_eq(g.n, 2);
    ck_assert_uint_eq(g.failed, 2);
    ck_assert_str_eq(g.check[0].metric, "latency_ms");
    ck_assert_str_eq(g.check[1].metric, "ddr_bytes");
    ck_assert_uint_gt(g.check[0].ncause, 0);
    npu_gate_free(&g);
}
END_TEST

START_TEST(every_matching_budget_applies)
{
    npu_gate g = gate(ONE("{\"model\":\"n*\",\"latency_ms\":{\"max\":5}},"
                          "{\"model\":\"re:^net$\",\"latency_ms\":{\"max\":3,\"min\":1}}"),
                      &plain, NULL);
    ck_assert_uint_eq(g.n, 3);
    ck_assert_uint_eq(g.failed, 1);
    npu_gate_free(&g);
}
END_TEST

START_TEST(units_are_understood)
{
    static const char *const ok[] = {
        "\"latency_ms\":{\"max\":\"4ms\"}", "\"latency_ms\":{\"max\":\"4000 us\"}",
        "\"latency_ms\":{\"max\":\"0.004s\"}", "\"ddr_bytes\":{\"max\":9096}",
        "\"ddr_bytes\":{\"max\":\"9.096kB\"}", "\"ddr_bytes\":{\"max\":\"1MiB\"}",
        "\"mac_util\":{\"min\":\"50%\"}", "\"ddr_gbps\":{\"max\":\"1000MB/s\"}",
        "\"fps\":{\"min\":\"1fps\"}"};
    for (size_t i = 0; i < sizeof ok / sizeof ok[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, ONE("{\"model\":\"net\",%s}"), ok[i]);
        ck_assert_msg(verdict(text, &plain, NULL) == NPU_PASS, "%s", ok[i]);
    }
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"ddr_bytes\":{\"max\":\"8.8KiB\"}}"), &plain,
                             NULL), NPU_FAIL);
}
END_TEST

START_TEST(a_limit_inside_the_measured_error_is_called_so)
{
    fact_profile p = plain;
    p.error_percent = "3"; /* 4 ms: 3.88 to 4.12 ms */
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"latency_ms\":{\"max\":3.9}}"), &p, NULL),
                     NPU_WITHIN);
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"latency_ms\":{\"max\":4.1}}"), &p, NULL),
                     NPU_WITHIN);
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"latency_ms\":{\"max\":4.13}}"), &p, NULL),
                     NPU_PASS);
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"latency_ms\":{\"max\":3.87}}"), &p, NULL),
                     NPU_FAIL);
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"ddr_bytes\":{\"max\":9000}}"), &p, NULL),
                     NPU_FAIL); /* bytes are exact */
    npu_gate g = gate_with(ONE("{\"model\":\"net\",\"latency_ms\":{\"max\":3.9}}"), &p, NULL,
                           (budget_options){.strict = true});
    ck_assert_uint_eq(g.failed, 1);
    ck_assert_int_eq(g.check[0].verdict, NPU_WITHIN);
    ck_assert_ptr_nonnull(strstr(g.check[0].message, "+-3 %"));
    npu_gate_free(&g);
}
END_TEST

START_TEST(regressions_allow_what_they_say)
{
    fact_profile base = plain, p = plain;
    static const struct {
        const char *allowed, *now;
        npu_verdict v;
    } row[] = {{"0%", "4", NPU_PASS},         {"0%", "4.0000000000000009", NPU_FAIL},
               {"2%", "4.08", NPU_PASS},      {"2%", "4.0800000000000010", NPU_FAIL},
               {"0.1", "4.1", NPU_PASS},      {"0.1", "4.11", NPU_FAIL},
               {"5%+0.005", "4.2", NPU_PASS}, {"0.005+5%", "4.21", NPU_FAIL},
               {"0.1", "3", NPU_PASS},        {"100us", "4.11", NPU_FAIL}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char text[200];
        p.latency_ms = row[i].now;
        snprintf(text, sizeof text, ONE("{\"model\":\"net\",\"latency_ms\":{\"regress\":\"%s\"}}"),
                 row[i].allowed);
        ck_assert_msg(verdict(text, &p, &base) == row[i].v, "%s %s", row[i].allowed, row[i].now);
    }
}
END_TEST

START_TEST(for_frames_per_second_less_is_worse)
{
    fact_layer slow[2] = {layers[0], layers[1]};
    fact_profile p = {.layer = slow, .nlayer = 2};
    const fact_profile base = {.layer = layers, .nlayer = 2};
    slow[0].cycles = 1100;
    const char *text = ONE("{\"model\":\"net\",\"fps\":{\"regress\":\"1%\"}}");
    ck_assert_int_eq(verdict(text, &p, &base), NPU_FAIL);
    ck_assert_int_eq(verdict(text, &base, &p), NPU_PASS);
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"fps\":{\"improve\":\"1%\"}}"), &base, &p),
                     NPU_WARN);
    ck_assert_int_eq(verdict(ONE("{\"model\":\"net\",\"fps\":{\"improve\":\"1%\","
                                 "\"severity\":\"fail\"}}"), &base, &p), NPU_FAIL);
}
END_TEST

START_TEST(a_baseline_that_is_missing_or_other_is_said)
{
    const char *text = ONE("{\"model\":\"net\",\"latency_ms\":{\"regress\":\"0%\"}}");
    fact_profile other = plain;
    ck_assert_int_eq(verdict(text, &plain, NULL), NPU_NO_BASELINE);
    npu_gate g = gate_with(text, &plain, NULL, (budget_options){.require_baseline = true});
    ck_assert_uint_eq(g.missing_failed, 1);
    npu_gate_free(&g);
    other.bandwidth = 1866;
    g = gate(text, &plain, &other);
    ck_assert_int_eq(g.check[0].verdict, NPU_SKIPPED);
    ck_assert(g.incomparable);
    ck_assert_ptr_nonnull(strstr(g.check[0].message, "ddr.bandwidth_mbps is 1866"));
    npu_gate_free(&g);
    other = plain;
    other.version = "9.9.9";
    ck_assert_int_eq(verdict(text, &plain, &other), NPU_SKIPPED);
    other = plain;
    other.model = "another";
    ck_assert_int_eq(verdict(text, &plain, &other), NPU_NO_BASELINE);
}
END_TEST

START_TEST(layers_and_subgraphs_are_found_by_pattern)
{
    npu_gate g = gate(ONE("{\"model\":\"net\",\"layer\":{\"conv*\":{\"mac_util\":{\"min\":0.5}},"
                          "\"re:^fc\":{\"mac_util\":{\"min\":0.5,\"severity\":\"warn\"}}},"
                          "\"subgraph\":{\"main\":{\"latency_ms\":{\"max\":100}}}}"), &plain, NULL);
    ck_assert_uint_eq(g.n, 3);
    ck_assert_uint_eq(g.count[NPU_PASS], 2);
    ck_assert_uint_eq(g.count[NPU_WARN], 1);
    ck_assert_uint_eq(g.failed, 0);
    npu_gate_free(&g);
}
END_TEST

START_TEST(what_is_missing_obeys_the_file)
{
    static const struct {
        const char *word;
        size_t n, failed;
    } row[] = {{"fail", 3, 3}, {"warn", 3, 0}, {"ignore", 0, 0}};
    for (size_t i = 0; i < 3; i++) {
        char text[400];
        snprintf(text, sizeof text, HEAD "\"defaults\":{\"missing\":\"%s\"},\"budgets\":["
                 "{\"model\":\"none*\",\"latency_ms\":{\"max\":4}},"
                 "{\"model\":\"net\",\"min_cosine\":{\"min\":0.9},"
                 "\"layer\":{\"none\":{\"macs\":{\"max\":1}}}}]}", row[i].word);
        npu_gate g = gate(text, &plain, NULL);
        ck_assert_uint_eq(g.n, row[i].n);
        ck_assert_uint_eq(g.missing_failed, row[i].failed);
        npu_gate_free(&g);
    }
}
END_TEST

START_TEST(a_profile_is_a_chip_with_its_numbers)
{
    const char *text = HEAD
        "\"profiles\":{\"slow\":{\"chip\":\"cv181x\",\"set\":{\"ddr.bandwidth_mbps\":1866}}},"
        "\"budgets\":[{\"model\":\"net\",\"profile\":\"slow\",\"missing\":\"warn\","
        "\"latency_ms\":{\"max\":4}}]}";
    fact_profile p = plain;
    ck_assert_int_eq(verdict(text, &p, NULL), NPU_MISSING);
    p.bandwidth = 1866;
    ck_assert_int_eq(verdict(text, &p, NULL), NPU_PASS);
    p.chip = "cv180x";
    ck_assert_int_eq(verdict(text, &p, NULL), NPU_MISSING);
}
END_TEST

START_TEST(wrong_budgets_are_refused_with_their_place)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"", "not valid JSON"},
        {"[]", "an array where an object"},
        {"{}", "\"npusim-budget/1\" is needed"},
        {HEAD "\"budgets\":[]}", "$.budgets: 0 budgets"},
        {HEAD "\"budgest\":[]}", "did you mean 'budgets'"},
        {HEAD "\"budgets\":[{\"model\":\"a\"}]}", "$.budgets[0]: no limit"},
        {HEAD "\"budgets\":[7]}", "$.budgets[0]: a number"},
        {ONE("{\"latency_ms\":{\"max\":4}}"), "$.budgets[0].model: missing"},
        {ONE("{\"model\":\"\",\"latency_ms\":{\"max\":4}}"), "$.budgets[0].model: a name of 0"},
        {ONE("{\"model\":\"re:(\",\"latency_ms\":{\"max\":4}}"), "no regular expression"},
        {ONE("{\"model\":\"a\",\"latencyms\":{\"max\":4}}"), "did you mean 'latency_ms'"},
        {ONE("{\"model\":\"a\",\"latency_ms\":4}"), "$.budgets[0].latency_ms: a number where"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{}}"), "$.budgets[0].latency_ms: no limit"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":-1}}"), "latency_ms.max: -1 is negative"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":1e999}}"), "too large"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":\"nan\"}}"), "\"nan\"; allowed"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":\"inf\"}}"), "\"inf\"; allowed"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":\"0x10\"}}"), "\"0x10\"; allowed"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":\"\"}}"), "\"\"; allowed"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":\"4MB\"}}"), "ms, us or s"},
        {ONE("{\"model\":\"a\",\"ddr_bytes\":{\"max\":\"4ms\"}}"), "KiB, MiB or GiB"},
        {ONE("{\"model\":\"a\",\"subgraphs\":{\"max\":\"1ms\"}}"), "without unit"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":null}}"), "latency_ms.max: null"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"min\":2,\"max\":1}}"), "min 2 is above max 1"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":1,\"max\":2}}"), "comes twice"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"regress\":\"2%%\"}}"),
         "latency_ms.regress: \"2%%"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"regress\":\"1%+2%\"}}"), "absolute"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"regress\":\"-1%\"}}"), "absolute"},
        {ONE("{\"model\":\"a\",\"latency_ms\":{\"max\":1,\"severity\":\"no\"}}"), "fail, warn"},
        {ONE("{\"model\":\"a\",\"profile\":\"x\",\"latency_ms\":{\"max\":1}}"),
         "\"profiles\" is empty"},
        {ONE("{\"model\":\"a\",\"missing\":\"x\",\"latency_ms\":{\"max\":1}}"),
         "fail, warn, ignore"},
        {ONE("{\"model\":\"a\",\"layer\":{}}"), "$.budgets[0].layer: empty"},
        {ONE("{\"model\":\"a\",\"layer\":{\"c\":{}}}"), "$.budgets[0].layer.c: empty"},
        {ONE("{\"model\":\"a\",\"layer\":{\"c\":{\"fps\":{\"max\":1}}}}"), "unknown key 'fps'"},
        {ONE("{\"response\":{\"u\":{\"p42_ms\":{\"max\":1}}}}"),
         "$.budgets[0].response.u: unknown"},
        {HEAD "\"profiles\":{\"p\":{\"chip\":\"c\",\"set\":{\"ddr.bandwith_mbps\":1}}},"
              "\"budgets\":[{\"model\":\"a\",\"fps\":{\"min\":1}}]}",
         "did you mean 'ddr.bandwidth_mbps'"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        budget_file *b;
        npu_err err = {0};
        ck_assert_msg(parse(row[i].text, &b, &err) == NPU_BAD_INPUT, "accepted: %s", row[i].text);
        ck_assert_ptr_null(b);
        ck_assert_msg(strstr(err.text, row[i].says) && !strncmp(err.text, "b.json", 6),
                      "%s\nsays %s\nnot %s", row[i].text, err.text, row[i].says);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("budget");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, two_broken_rules_both_appear);
    tcase_add_test(core, every_matching_budget_applies);
    tcase_add_test(core, units_are_understood);
    tcase_add_test(core, a_limit_inside_the_measured_error_is_called_so);
    tcase_add_test(core, regressions_allow_what_they_say);
    tcase_add_test(core, for_frames_per_second_less_is_worse);
    tcase_add_test(core, a_baseline_that_is_missing_or_other_is_said);
    tcase_add_test(core, layers_and_subgraphs_are_found_by_pattern);
    tcase_add_test(core, what_is_missing_obeys_the_file);
    tcase_add_test(core, a_profile_is_a_chip_with_its_numbers);
    tcase_add_test(limits, the_limit_itself_passes_and_the_next_number_fails);
    tcase_add_test(limits, wrong_budgets_are_refused_with_their_place);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
