/* The budget row of a report: verdicts of the gate, drawn, escaped, and the same digits. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/write.h"
#include "synth_profile.h"
#include "tools/budget.h"
#include "unit.h"

#define BUDGET(rules) "{\"schema\":\"npusim-budget/1\",\"budgets\":[" rules "]}"

static const synth_options small = {.layers = 30, .tiles = 5, .cpu = true, .measured = true};
static const synth_options hostile = {.layers = 40, .tiles = 4, .hostile = true};

/* A profile judged by budget TEXT; the caller frees it with done. */
static npu_profile *judged(const synth_options *o, const char *text)
{
    npu_profile *p = synth_profile(o);
    budget_file *b;
    npu_err err = {NPU_OK, ""};
    ck_assert_msg(budget_parse("b.json", text, strlen(text), &b, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(tool_budget(b, p, &err) == NPU_OK, "%s", err.text);
    budget_free(b);
    ck_assert_ptr_nonnull(p->budgets);
    return p;
}

static void done(npu_profile *p)
{
    npu_gate_free(p->budgets);
    free(p->budgets);
    synth_free(p);
}

static char *report(const npu_profile *p, rep_id id)
{
    char *text = NULL;
    size_t n = 0;
    npu_err err = {NPU_OK, ""};
    FILE *f = open_memstream(&text, &n);
    ck_assert_ptr_nonnull(f);
    ck_assert_msg(rep_write(id, p, f, &err) == NPU_OK, "%s", err.text);
    fclose(f);
    return text;
}

static void has(const npu_profile *p, rep_id id, const char *what)
{
    char *text = report(p, id);
    ck_assert_msg(strstr(text, what) != NULL, "no %s", what);
    free(text);
}

static void lacks(const npu_profile *p, rep_id id, const char *what)
{
    char *text = report(p, id);
    ck_assert_msg(strstr(text, what) == NULL, "there is %s", what);
    free(text);
}

/* One rule on the latency, its limit FACTOR x the value. */
static npu_profile *with_limit(const char *op, double factor)
{
    char text[200];
    npu_profile *p = synth_profile(&small);
    snprintf(text, sizeof text, BUDGET("{\"model\":\"*\",\"latency_ms\":{\"%s\":%.17g}}"), op,
             p->latency_ms * factor);
    synth_free(p);
    return judged(&small, text);
}

START_TEST(each_state_has_word_glyph_and_colour)
{
    static const struct {
        const char *op;
        double factor; /* the made-up chip has an error of 6 % */
        const char *chip, *room;
    } cases[] = {
        {"max", 1.25, "<div class=\"chip pass\"><b>✓ PASS</b>", ", 20.0 % headroom"},
        {"max", 0.80, "<div class=\"chip fail\"><b>✗ FAIL</b>", ", 25.0 % over"},
        {"max", 1.05, "<div class=\"chip marg\"><b>≈ WITHIN ERROR</b>", "with the measured error"},
        {"max", 0.95, "<div class=\"chip marg\"><b>≈ WITHIN ERROR</b>", " % over"},
        {"min", 0.80, "<div class=\"chip pass\"><b>✓ PASS</b>", ", 25.0 % headroom"},
        {"min", 1.25, "<div class=\"chip fail\"><b>✗ FAIL</b>", ", 20.0 % under"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        npu_profile *p = with_limit(cases[i].op, cases[i].factor);
        has(p, REP_HTML, cases[i].chip);
        has(p, REP_HTML, cases[i].room);
        done(p);
    }
}
END_TEST

START_TEST(json_has_limit_value_and_band)
{
    npu_profile *p = judged(&small, BUDGET("{\"model\":\"*\",\"latency_ms\":{\"max\":9000},"
                                           "\"ddr_bytes\":{\"max\":1}}"));
    char *text = report(p, REP_JSON);
    cJSON *root = cJSON_Parse(text), *rows = cJSON_GetObjectItemCaseSensitive(root, "budgets");
    ck_assert_int_eq(cJSON_GetArraySize(rows), 2);
    const cJSON *time = cJSON_GetArrayItem(rows, 0), *bytes = cJSON_GetArrayItem(rows, 1);
    double value = cJSON_GetObjectItem(time, "value")->valuedouble;
    ck_assert_double_eq_tol(value, p->latency_ms, 1e-8 * value); /* the profile has 9 digits */
    ck_assert_double_eq_tol(cJSON_GetObjectItem(time, "low")->valuedouble, 0.94 * value, 1e-9);
    ck_assert_double_eq_tol(cJSON_GetObjectItem(time, "high")->valuedouble, 1.06 * value, 1e-9);
    ck_assert_str_eq(cJSON_GetObjectItem(time, "state")->valuestring, "pass");
    ck_assert_str_eq(cJSON_GetObjectItem(bytes, "state")->valuestring, "fail");
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(bytes, "low")));
    cJSON_Delete(root);
    free(text);
    done(p);
}
END_TEST

START_TEST(value_and_limit_never_look_the_same_when_they_differ)
{
    npu_profile *p = with_limit("max", 1 - 1e-6);
    p->budgets->check[0].value = 45.60001;
    p->budgets->check[0].limit = 45.6;
    has(p, REP_HTML, "limit ≤ 45.6 ms");
    has(p, REP_HTML, "<b>45.60001 ms</b>");
    done(p);
}
END_TEST

START_TEST(other_models_and_schedules_are_passed_over)
{
    npu_profile *p = judged(&small, BUDGET("{\"model\":\"other\",\"fps\":{\"min\":1}},"
                                           "{\"response\":{\"x\":{\"max_ms\":{\"max\":1}}}}"));
    ck_assert_uint_eq(p->budgets->n, 0);
    has(p, REP_HTML, "No rule of the budget file");
    has(p, REP_TEXT, "no rule of the budget file");
    done(p);
}
END_TEST

START_TEST(without_a_budget_nothing_is_said)
{
    npu_profile *p = synth_profile(&small);
    npu_err err = {NPU_OK, ""};
    ck_assert_int_eq(tool_budget(NULL, p, &err), NPU_OK);
    ck_assert_ptr_null(p->budgets);
    lacks(p, REP_HTML, "id=budgets");
    lacks(p, REP_TEXT, "\nBudgets");
    lacks(p, REP_JSON, "\"budgets\"");
    synth_free(p);
}
END_TEST

START_TEST(hostile_names_are_escaped_and_many_rules_cut)
{
    npu_profile *p = judged(&hostile, BUDGET("{\"model\":\"*\",\"layer\":{\"*\":{\"macs\":"
                                             "{\"min\":0}}},\"min_cosine\":{\"min\":0.9}}"));
    lacks(p, REP_HTML, "<script>alert");
    has(p, REP_HTML, "16 more rules; the JSON profile has all.");
    has(p, REP_HTML, "? MISSING</b>"); /* what did not pass is never cut for what did */
    has(p, REP_HTML, "never measured");
    done(p);
}
END_TEST

START_TEST(text_fits_80_columns)
{
    npu_profile *p = judged(&small, BUDGET("{\"model\":\"*\",\"latency_ms\":{\"max\":1,"
        "\"regress\":\"1%\"},\"max_function_call_us\":{\"max\":0.5},\"ddr_bytes\":"
        "{\"max\":1234567890},\"min_cosine\":{\"min\":1},\"layer\":{\"*\":{\"macs\":"
        "{\"max\":100000}},\"zz\":{\"macs\":{\"max\":1}}}}"));
    char *text = report(p, REP_TEXT), *end;
    for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
        ck_assert_msg(end - line <= 80, "%.*s", (int)(end - line), line);
    free(text);
    done(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("budget row");
    TCase *c = tcase_create("core");
    tcase_add_test(c, each_state_has_word_glyph_and_colour);
    tcase_add_test(c, json_has_limit_value_and_band);
    tcase_add_test(c, value_and_limit_never_look_the_same_when_they_differ);
    tcase_add_test(c, other_models_and_schedules_are_passed_over);
    tcase_add_test(c, without_a_budget_nothing_is_said);
    tcase_add_test(c, hostile_names_are_escaped_and_many_rules_cut);
    tcase_add_test(c, text_fits_80_columns);
    suite_add_tcase(s, c);
    return unit_run(s);
}
