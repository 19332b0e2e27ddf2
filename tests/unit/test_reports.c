/* Reports of made-up profiles: valid, exact, escaped, the same every time. */
#include <cjson/cJSON.h>
#include <csv.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/bins.h"
#include "reports/columns.h"
#include "reports/jsonw.h"
#include "reports/out.h"
#include "reports/write.h"
#include "synth_profile.h"
#include "unit.h"

static const synth_options small = { .layers = 30, .tiles = 5, .cpu = true, .measured = true };
static const synth_options hostile = { .layers = 40, .tiles = 4, .cpu = true, .hostile = true,
                                       .measured = true };
static const synth_options typical = { .layers = 144, .tiles = 9, .cpu = true, .measured = true };
static const synth_options large = { .layers = 600, .tiles = 43 };
static const synth_options empty = { .empty = true };

/* The report as text; the caller frees it. */
static char *report_of(const npu_profile *p, rep_id id, int subgraph)
{
    char *text = NULL;
    size_t n = 0;
    npu_err err = { NPU_OK, "" };
    FILE *f = open_memstream(&text, &n);
    ck_assert_ptr_nonnull(f);
    ck_assert_msg(rep_write_part(id, p, subgraph, f, &err) == NPU_OK, "%s", err.text);
    fclose(f);
    ck_assert_uint_eq(strlen(text), n); /* no NUL byte inside */
    return text;
}

static char *report(const synth_options *o, rep_id id, int subgraph)
{
    npu_profile *p = synth_profile(o);
    char *text = report_of(p, id, subgraph);
    synth_free(p);
    return text;
}

static cJSON *json(const synth_options *o, rep_id id, int subgraph)
{
    char *text = report(o, id, subgraph);
    cJSON *j = cJSON_ParseWithOpts(text, NULL, true);
    ck_assert_msg(j != NULL, "not JSON near: %.80s", cJSON_GetErrorPtr());
    free(text);
    return j;
}

static const cJSON *at(const cJSON *j, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(j, key);
    ck_assert_msg(m != NULL, "no \"%s\"", key);
    return m;
}

static double number(const cJSON *j, const char *key)
{
    return at(j, key)->valuedouble;
}

static double sum(const cJSON *list)
{
    const cJSON *m;
    double s = 0;
    cJSON_ArrayForEach(m, list) s += m->valuedouble;
    return s;
}

/* Bytes that are no UTF-8, and control characters other than line feeds. */
static int strange(const char *text)
{
    int n = 0;
    uint32_t c;
    while ((c = rep_utf8(&text)) != 0)
        n += (c == 0xfffd && memcmp(text - 3, "\xef\xbf\xbd", 3) != 0) || (c < 0x20 && c != '\n') ||
             (c >= 0x7f && c < 0xa0);
    return n;
}

START_TEST(numbers_have_a_point_and_no_negative_zero)
{
    ck_assert_str_eq(rep_fix(-0.0004, 3).s, "0.000");
    ck_assert_str_eq(rep_fix(-1.5, 2).s, "-1.50");
    ck_assert_str_eq(rep_fix(NAN, 2).s, "-");
    ck_assert_str_eq(rep_general(INFINITY).s, "null");
    ck_assert_str_eq(rep_general(1e-7).s, "1e-07");
    ck_assert_str_eq(rep_short(1234.5).s, "1234");
    ck_assert_str_eq(rep_short(118.66).s, "118.7");
    ck_assert_str_eq(rep_short(0.8219).s, "0.822");
    ck_assert_str_eq(rep_group(1234567).s, "1\xe2\x80\xaf" "234\xe2\x80\xaf" "567");
    ck_assert_str_eq(rep_group(999).s, "999");
    ck_assert_str_eq(rep_signed(-24.64, 1).s, "\xe2\x88\x92" "24.6");
    ck_assert_str_eq(rep_signed(0.01, 1).s, "0.0");
}
END_TEST

START_TEST(json_integers_are_exact_below_1e15_and_strings_above)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    rep_json j = rep_json_begin(f);
    rep_json_int(&j, "a", 999999999999999);
    rep_json_int(&j, "b", 1000000000000000);
    rep_json_open(&j, "c", REP_ARRAY_LINE);
    rep_json_close(&j);
    rep_json_end(&j);
    fclose(f);
    ck_assert_str_eq(text, "{\n  \"a\": 999999999999999,\n  \"b\": \"1000000000000000\",\n"
                           "  \"c\": []\n}\n");
    free(text);
}
END_TEST

START_TEST(same_profile_same_bytes)
{
    for (int id = 0; id < REP_COUNT; id++) {
        char *a = report(&small, (rep_id)id, -1), *b = report(&small, (rep_id)id, -1);
        ck_assert_str_eq(a, b);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(a_locale_with_decimal_comma_changes_nothing)
{
    static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR" };
    for (int id = 0; id < REP_COUNT; id++) {
        char *a = report(&small, (rep_id)id, -1), *b;
        for (int i = 0; i < 4 && !setlocale(LC_NUMERIC, commas[i]); i++)
            ;
        b = report(&small, (rep_id)id, -1);
        setlocale(LC_NUMERIC, "C");
        ck_assert_str_eq(a, b);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(every_report_takes_an_empty_and_a_hostile_model)
{
    for (int id = 0; id < REP_COUNT; id++) {
        char *a = report(&empty, (rep_id)id, -1), *b = report(&hostile, (rep_id)id, -1);
        if (id != REP_CSV) /* csv keeps names byte by byte */
            ck_assert_int_eq(strange(b), 0);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(every_report_takes_each_subgraph)
{
    for (int id = 0; id < REP_COUNT; id++)
        for (int g = 0; g < 2; g++)
            free(report(&hostile, (rep_id)id, g));
}
END_TEST

START_TEST(profile_json_adds_up)
{
    cJSON *j = json(&small, REP_JSON, -1);
    const cJSON *l;
    double exclusive = number(j, "launch_cycles"), critical = 0;
    ck_assert_str_eq(j->child->string, "schema");
    ck_assert_str_eq(j->child->valuestring, "npusim.profile/1");
    ck_assert_double_eq(sum(at(j, "critical_path_cycles")), number(j, "latency_cycles"));
    cJSON_ArrayForEach(l, at(j, "layers")) {
        exclusive += number(l, "exclusive_cycles");
        critical += sum(at(l, "critical_cycles"));
        ck_assert_double_eq(sum(at(l, "critical_cycles")), number(l, "exclusive_cycles"));
    }
    ck_assert_double_eq(exclusive, number(j, "latency_cycles"));
    ck_assert_double_eq(critical, number(j, "latency_cycles") - number(j, "launch_cycles"));
    ck_assert_double_eq(number(at(j, "ddr"), "total_bytes"),
                        number(at(j, "ddr"), "read_bytes") + number(at(j, "ddr"), "write_bytes"));
    ck_assert_int_eq(cJSON_GetArraySize(at(at(j, "chip"), "numbers")), NPU_NUMS);
    ck_assert_double_eq(number(cJSON_GetArrayItem(at(at(j, "chip"), "overrides"), 0), "was"), 4266);
    cJSON_Delete(j);
}
END_TEST

START_TEST(profile_json_keeps_its_order_of_keys)
{
    static const char *const order[] = {
        "schema", "tool", "model", "chip", "latency_ms", "fps", "inference_ms", "tdma_ms", "tiu_ms",
        "cpu_ms", "launch_ms", "parallelism_percent", "cycles", "latency_cycles",
        "critical_path_cycles", "macs", "mac_utilisation", "ddr", "memory", "commands",
        "dispatch_cycles", "subgraphs", "function_calls", "layers", "instructions", "assumptions",
        "verdict"
    };
    cJSON *j = json(&small, REP_JSON, -1);
    const cJSON *m = j->child;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        while (m && strcmp(m->string, order[i]) != 0)
            m = m->next;
        ck_assert_msg(m != NULL, "\"%s\" is missing or out of order", order[i]);
    }
    cJSON_Delete(j);
}
END_TEST

START_TEST(an_error_never_measured_is_null_and_said_in_words)
{
    static const synth_options fresh = { .layers = 3, .tiles = 3 };
    cJSON *j = json(&fresh, REP_JSON, -1);
    char *page = report(&fresh, REP_HTML, -1), *text = report(&fresh, REP_TEXT, -1);
    ck_assert(cJSON_IsNull(at(at(j, "chip"), "error_percent")));
    ck_assert_ptr_nonnull(strstr(page, "never measured"));
    ck_assert_ptr_nonnull(strstr(text, "never measured"));
    cJSON_Delete(j);
    free(page);
    free(text);
}
END_TEST

START_TEST(intervals_of_a_subgraph_add_up_to_its_bytes)
{
    cJSON *j = json(&typical, REP_JSON, 0);
    const cJSON *s = at(j, "summary");
    double ms = number(s, "interval time (ms)"), mib = 1048576;
    const cJSON *load = at(s, "interval loading bandwidth (megabytes/s)");
    const cJSON *store = at(s, "interval storing bandwidth (megabytes/s)");
    ck_assert_int_eq(cJSON_GetArraySize(load), (int)number(s, "interval number"));
    ck_assert_double_eq_tol(sum(load) * ms / 1e3 * mib, number(s, "loaded bytes per frame"), 1);
    ck_assert_double_eq_tol(sum(store) * ms / 1e3 * mib, number(s, "stored bytes per frame"), 1);
    ck_assert(number(s, "interval number") * ms >= number(s, "latency (ms)"));
    ck_assert_int_le((int)number(s, "interval number"), 50);
    ck_assert_str_eq(cJSON_GetArrayItem(cJSON_GetArrayItem(at(s, "input features"), 1), 1)
                         ->valuestring, "1x3x640x640");
    for (const cJSON *m = s->child; m && m->next; m = m->next)
        ck_assert_msg(strcmp(m->string, m->next->string) < 0 ||
                      strncmp(m->string, "latency", 7) == 0, "%s after %s", m->next->string,
                      m->string);
    ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(s, "HBDK version"));
    cJSON_Delete(j);
}
END_TEST

START_TEST(bins_lose_nothing)
{
    npu_profile *p = synth_profile(&typical);
    int64_t width = p->inference_ticks / 37, busy = 0;
    uint64_t read = 0, write = 0;
    rep_bin *bin = rep_bins(p, -1, 0, width, 30); /* too short: the rest stays in the last bin */
    for (int i = 0; i < 30; i++) {
        read += bin[i].read;
        write += bin[i].write;
        for (int c = 0; c < NPU_CAUSES; c++)
            busy += bin[i].busy[NPU_UNIT_TIU][c];
    }
    ck_assert_uint_eq(read, p->read);
    ck_assert_uint_eq(write, p->write);
    ck_assert_int_eq(busy, p->tiu_ticks);
    free(bin);
    synth_free(p);
}
END_TEST

typedef struct {
    size_t column, rows, wrong;
    const npu_profile *p;
} table;

static void field(void *s, size_t n, void *data)
{
    table *t = data;
    if (t->column == 1 && t->rows > 0) { /* the name comes back as it was */
        const char *name = t->p->layer[t->rows - 1].name;
        t->wrong += strlen(name) != n || memcmp(name, s, n) != 0;
    }
    t->column++;
}

static void row(int c, void *data)
{
    table *t = data;
    (void)c;
    t->wrong += t->column != rep_ncolumns;
    t->column = 0;
    t->rows++;
}

START_TEST(csv_reads_back)
{
    npu_profile *p = synth_profile(&hostile);
    char *text = report_of(p, REP_CSV, -1);
    table t = { .p = p };
    struct csv_parser parser;
    ck_assert_int_eq(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
    ck_assert_uint_eq(csv_parse(&parser, text, strlen(text), field, row, &t), strlen(text));
    csv_fini(&parser, field, row, &t);
    csv_free(&parser);
    ck_assert_uint_eq(t.rows, p->nlayer + 1);
    ck_assert_uint_eq(t.wrong, 0);
    ck_assert_ptr_null(strchr(text, '\r'));
    free(text);
    synth_free(p);
}
END_TEST

START_TEST(chrome_slices_of_one_row_do_not_overlap)
{
    npu_profile *p = synth_profile(&hostile);
    char *text = report_of(p, REP_CHROME, -1);
    cJSON *j = cJSON_Parse(text);
    const cJSON *e;
    double end[8] = { 0 }, last = -1;
    int slices = 0;
    ck_assert_ptr_nonnull(j);
    ck_assert_str_eq(j->child->string, "displayTimeUnit");
    cJSON_ArrayForEach(e, at(j, "traceEvents")) {
        const char *ph = at(e, "ph")->valuestring;
        if (*ph == 'C')
            last = number(at(e, "args"), "value");
        if (*ph != 'X')
            continue;
        int tid = (int)number(e, "tid");
        ck_assert(tid >= 1 && tid <= NPU_UNITS);
        ck_assert(number(e, "ts") >= end[tid] - 5e-4);
        end[tid] = number(e, "ts") + number(e, "dur");
        slices++;
    }
    ck_assert_int_eq(slices, (int)p->trace->count);
    ck_assert_double_eq(last, 0);
    cJSON_Delete(j);
    free(text);
    synth_free(p);
}
END_TEST

START_TEST(a_graph_of_many_layers_says_what_it_leaves_out)
{
    char *all = report(&typical, REP_DOT, -1), *some = report(&large, REP_DOT, -1);
    ck_assert_ptr_null(strstr(all, "slowest"));
    ck_assert_ptr_nonnull(strstr(all, "l143 [label"));
    ck_assert_ptr_nonnull(strstr(some, "only the 60 slowest of 600 layers are drawn"));
    free(all);
    free(some);
}
END_TEST

START_TEST(text_fits_80_columns)
{
    char *text = report(&typical, REP_TEXT, -1), *end;
    for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
        ck_assert_msg(end - line <= 80, "%.*s", (int)(end - line), line);
    free(text);
}
END_TEST

START_TEST(page_has_what_people_look_for)
{
    static const char *const words[] = {
        "Content-Security-Policy", "default-src 'none'", "id=npusim-data", "<pre id=errors hidden>",
        "<h2>What bounds it</h2>", "<h2>Where the time is</h2>", "<h2>Layers</h2>",
        "<h2>Roofline</h2>", "<h2>Assumptions and accuracy</h2>", "<h2>Function calls</h2>",
        "<h2>Instructions</h2>", "<h3>Model Performance Summary</h3>", "<h3>Details</h3>",
        "<h2>BIN Model Structure</h2>", "Model Frame Rate(fps)", "Loaded Bytes per Frame",
        "Model Subgraph Calculation Load (OPpf)", "± 6 %", "ddr.bandwidth_mbps = 3732 MB/s"
    };
    char *page = report(&typical, REP_HTML, -1);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(strstr(page, words[i]) != NULL, "no %s", words[i]);
    ck_assert_uint_le(strlen(page), 250000); /* 3 000 commands */
    free(page);
}
END_TEST

START_TEST(page_escapes_every_name)
{
    static const char *const never[] = { "<script>alert", "<img src=x", "http://", "https://",
                                         "c&d<e", "\"b'c", "=\"\\N" };
    char *page = report(&hostile, REP_HTML, -1);
    const char *s = page;
    int scripts = 0;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        ck_assert_msg(strstr(page, never[i]) == NULL, "%s", never[i]);
    while ((s = strstr(s, "</script")) != NULL) {
        scripts++;
        s++;
    }
    ck_assert_int_eq(scripts, 2); /* data and script, nothing from a name */
    free(page);
}
END_TEST

/* The JSON block inside the page. */
static cJSON *page_data(const char *page)
{
    const char *s = strstr(page, "id=npusim-data>");
    cJSON *j;
    ck_assert_ptr_nonnull(s);
    j = cJSON_ParseWithOpts(s + strlen("id=npusim-data>"), NULL, false);
    ck_assert_ptr_nonnull(j);
    return j;
}

START_TEST(merged_spans_keep_time_bytes_and_count)
{
    npu_profile *p = synth_profile(&large);
    char *page = report_of(p, REP_HTML, -1);
    cJSON *j = page_data(page);
    const cJSON *shapes = at(j, "shapes"), *k;
    const char *unit = at(shapes, "unit")->valuestring;
    double busy = 0, read = 0, count = 0;
    ck_assert_uint_gt(p->trace->count, 55000);
    ck_assert(number(at(j, "spans"), "n") <= 20000);
    cJSON_ArrayForEach(k, at(at(j, "spans"), "shape")) {
        int i = k->valueint;
        if (unit[i] == '0')
            busy += cJSON_GetArrayItem(at(shapes, "length"), i)->valuedouble -
                    cJSON_GetArrayItem(at(shapes, "idle"), i)->valuedouble;
        read += cJSON_GetArrayItem(at(shapes, "read"), i)->valuedouble;
        count += cJSON_GetArrayItem(at(shapes, "count"), i)->valuedouble;
    }
    ck_assert_double_eq(busy, (double)p->tiu_ticks);
    ck_assert_double_eq(read, (double)p->read);
    ck_assert_double_eq(count, p->trace->count);
    cJSON_Delete(j);
    free(page);
    synth_free(p);
}
END_TEST

START_TEST(subgraph_files_have_safe_and_different_names)
{
    npu_profile *p = synth_profile(&small);
    char a[REP_NAME_BYTES], b[REP_NAME_BYTES];
    rep_subgraph_stem(p, 0, a);
    ck_assert_str_eq(a, "subfunc_0");
    strcpy(p->subgraph[0].name, "../x y");
    strcpy(p->subgraph[1].name, "_./x y");
    rep_subgraph_stem(p, 0, a);
    rep_subgraph_stem(p, 1, b);
    ck_assert_str_eq(a, "_._x_y_0");
    ck_assert_str_eq(b, "_._x_y_1");
    synth_free(p);
}
END_TEST

START_TEST(a_full_disk_and_a_missing_subgraph_are_errors)
{
    npu_profile *p = synth_profile(&small);
    npu_err err = { NPU_OK, "" };
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        ck_assert_int_eq(rep_write(REP_JSON, p, full, &err), NPU_IO);
        fclose(full);
    }
    ck_assert_int_eq(rep_write_part(REP_JSON, p, 2, stdout, &err), NPU_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "no sub-graph 2"));
    ck_assert_int_eq(rep_find("html"), REP_HTML);
    ck_assert_int_eq(rep_find("pdf"), REP_COUNT);
    synth_free(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reports");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_set_timeout(limits, 60);
    tcase_add_test(core, numbers_have_a_point_and_no_negative_zero);
    tcase_add_test(core, json_integers_are_exact_below_1e15_and_strings_above);
    tcase_add_test(core, profile_json_adds_up);
    tcase_add_test(core, profile_json_keeps_its_order_of_keys);
    tcase_add_test(core, an_error_never_measured_is_null_and_said_in_words);
    tcase_add_test(core, intervals_of_a_subgraph_add_up_to_its_bytes);
    tcase_add_test(core, bins_lose_nothing);
    tcase_add_test(core, csv_reads_back);
    tcase_add_test(core, chrome_slices_of_one_row_do_not_overlap);
    tcase_add_test(core, text_fits_80_columns);
    tcase_add_test(core, page_has_what_people_look_for);
    tcase_add_test(core, subgraph_files_have_safe_and_different_names);
    tcase_add_test(limits, same_profile_same_bytes);
    tcase_add_test(limits, a_locale_with_decimal_comma_changes_nothing);
    tcase_add_test(limits, every_report_takes_an_empty_and_a_hostile_model);
    tcase_add_test(limits, every_report_takes_each_subgraph);
    tcase_add_test(limits, a_graph_of_many_layers_says_what_it_leaves_out);
    tcase_add_test(limits, page_escapes_every_name);
    tcase_add_test(limits, merged_spans_keep_time_bytes_and_count);
    tcase_add_test(limits, a_full_disk_and_a_missing_subgraph_are_errors);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
