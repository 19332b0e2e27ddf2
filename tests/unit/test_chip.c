/* Chip files and overrides: what is there is complete, what is wrong is refused by key. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npusim/chip.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static npu_chip *load(const char *name)
{
    npu_chip *c = NULL;
    npu_err err = {0};
    ck_assert_msg(npu_chip_load(name, &c, &err) == NPU_OK, "%s", err.text);
    return c;
}

static void must_refuse_chip(const char *name, const char *says)
{
    npu_chip *c = (npu_chip *)1;
    npu_err err = {0};
    ck_assert_msg(npu_chip_load(name, &c, &err) == NPU_USAGE, "%s is accepted, not \"%s\"", name,
                  says);
    ck_assert_ptr_null(c);
    ck_assert_msg(strstr(err.text, says) != NULL, "\"%s\" instead of \"%s\"", err.text, says);
}

/* --- the chips of the tree -------------------------------------------------------------------- */

/* Numbers of the other family of engines, by the start of their keys. */
static bool foreign(const npu_chip *c, const char *key)
{
    static const char *const cv18xx[] = {"tiu.", "tdma.", "lmem.", "tpu.lanes", "tpu.eu_bytes",
                                         "tpu.int8_channels_per_cycle"};
    if (c->isa != NPU_ISA_BPU_1)
        return strncmp(key, "bpu.", 4) == 0;
    for (size_t i = 0; i < COUNT(cv18xx); i++)
        if (strncmp(key, cv18xx[i], strlen(cv18xx[i])) == 0)
            return true;
    return false;
}

START_TEST(every_chip_file_is_complete)
{
    static const char *const statuses[] = {"measured", "published", "vendor estimate", "inferred",
                                           "assumed"};
    char **names;
    size_t n;
    npu_err err = {0};
    ck_assert_int_eq(npu_chip_names(&names, &n, &err), NPU_OK);
    ck_assert_uint_ge(n, 4);
    for (size_t i = 0; i < n; i++) {
        npu_chip *c = load(names[i]);
        ck_assert_str_eq(c->name, names[i]);
        ck_assert(c->title && *c->title && c->file && c->isa < NPU_ISAS);
        ck_assert(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        for (int k = 0; k < NPU_NUMS; k++) {
            const char *key = npu_num_table[k].key;
            bool known = false;
            if (foreign(c, key)) {
                ck_assert_msg(!c->source[k], "%s %s", names[i], key);
                continue;
            }
            ck_assert_msg(c->num[k] >= npu_num_table[k].min && c->num[k] <= npu_num_table[k].max,
                          "%s %s", names[i], key);
            ck_assert_msg(c->source[k] && strlen(c->source[k]) > 5, "%s %s: no source", names[i],
                          key);
            for (size_t s = 0; s < COUNT(statuses); s++)
                known |= strcmp(c->status[k], statuses[s]) == 0;
            ck_assert_msg(known, "%s %s: status '%s'", names[i], key, c->status[k]);
        }
        for (size_t k = 0; k < c->naccuracy; k++)
            ck_assert(c->accuracy[k].name && c->accuracy[k].unit && c->accuracy[k].source &&
                      c->accuracy[k].measured > 0);
        npu_chip_free(c);
    }
    npu_chip_names_free(names, n);
}
END_TEST

START_TEST(the_table_of_numbers_is_sound)
{
    for (int k = 0; k < NPU_NUMS; k++) {
        ck_assert(*npu_num_table[k].key && *npu_num_table[k].unit && *npu_num_table[k].meaning);
        ck_assert(npu_num_table[k].min < npu_num_table[k].max);
        for (int i = 0; i < k; i++)
            ck_assert_str_ne(npu_num_table[i].key, npu_num_table[k].key);
    }
}
END_TEST

START_TEST(the_families_differ_where_they_should)
{
    static const struct {
        const char *name;
        npu_isa isa;
        unsigned magic;
        double lanes, mhz;
    } want[] = {{"cv180x", NPU_ISA_CV18XX_V2, 0xa8, 2, 500},
                {"cv181x", NPU_ISA_CV18XX_V2, 0xa7, 8, 500},
                {"cv182x", NPU_ISA_CV18XX_V2, 0xa6, 8, 750},
                {"cv183x", NPU_ISA_CV18XX_V1, 0xa5, 32, 650}};
    for (size_t i = 0; i < COUNT(want); i++) {
        npu_chip *c = load(want[i].name);
        ck_assert(c->isa == want[i].isa && c->cmd_magic == want[i].magic);
        ck_assert(NPU_GET(c, tpu_lanes) == want[i].lanes);
        ck_assert(NPU_GET(c, tpu_clock_mhz) == want[i].mhz);
        npu_chip_free(c);
    }
}
END_TEST

/* --- overrides -------------------------------------------------------------------------------- */

START_TEST(an_override_is_used_and_remembered)
{
    npu_chip *c = load("cv181x");
    npu_err err = {0};
    double was = NPU_GET(c, ddr_bandwidth_mbps);
    ck_assert_int_eq(npu_chip_set(c, "ddr.bandwidth_mbps=7464", &err), NPU_OK);
    ck_assert(NPU_GET(c, ddr_bandwidth_mbps) == 7464);
    ck_assert_int_eq(npu_chip_set(c, "ddr.contention=0.25", &err), NPU_OK);
    ck_assert_int_eq(npu_chip_set(c, "ddr.bandwidth_mbps=1e3", &err), NPU_OK);
    ck_assert_uint_eq(c->noverride, 2); /* the last one counts, the file's value is kept */
    ck_assert_str_eq(c->override[0].key, "ddr.bandwidth_mbps");
    ck_assert(c->override[0].value == 1000 && c->override[0].was == was);
    ck_assert(c->override[1].value == 0.25);
    npu_chip_free(c);
}
END_TEST

START_TEST(an_override_may_take_either_limit_of_its_range_and_nothing_beyond)
{
    npu_chip *c = load("cv181x");
    size_t own = 0;
    for (int k = 0; k < NPU_NUMS; k++) {
        const npu_num_info *n = &npu_num_table[k];
        char text[128];
        npu_err err = {0};
        if (foreign(c, n->key)) {
            snprintf(text, sizeof text, "%s=%.17g", n->key, n->min);
            ck_assert_int_eq(npu_chip_set(c, text, &err), NPU_USAGE);
            ck_assert_msg(strstr(err.text, "cv181x has no such number") != NULL, "%s", err.text);
            continue;
        }
        own++;
        double edge[] = {n->min, n->max}, beyond[] = {n->min - 0.001, n->max * 1.001 + 1};
        for (int e = 0; e < 2; e++) {
            snprintf(text, sizeof text, "%s=%.17g", n->key, edge[e]);
            ck_assert_msg(npu_chip_set(c, text, &err) == NPU_OK, "%s", err.text);
            ck_assert(c->num[k] == edge[e]);
            snprintf(text, sizeof text, "%s=%.17g", n->key, beyond[e]);
            ck_assert_msg(npu_chip_set(c, text, &err) == NPU_USAGE, "%s is accepted", text);
            ck_assert_msg(strstr(err.text, n->key) && strstr(err.text, n->unit), "%s", err.text);
            ck_assert(c->num[k] == edge[e]); /* unchanged */
        }
    }
    ck_assert_uint_eq(c->noverride, own);
    npu_chip_free(c);
}
END_TEST

START_TEST(junk_is_no_override)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {{"ddr.bandwidth_mbps", "KEY=VALUE"},
                 {"", "KEY=VALUE"},
                 {"=5", "no such number"},
                 {"ddr.bandwidth_mbps=", "'' is not a number"},
                 {"ddr.bandwidth_mbps=fast", "'fast' is not a number (unit: MB/s)"},
                 {"ddr.bandwidth_mbps=3732x", "'3732x' is not a number"},
                 {"ddr.bandwidth_mbps=0x", "not a number"},
                 {"ddr.bandwidth_mbps=0xfg", "not a number"},
                 {"ddr.bandwidth_mbps=3732 MB/s", "not a number"},
                 {"ddr.bandwidth_mbps=3732=3732", "not a number"},
                 {"ddr.contention=nan", "not a number"},
                 {"ddr.contention=-nan", "not a number"},
                 {"ddr.contention=inf", "not a number"},
                 {"ddr.bandwidth_mbps=1e999", "not a number"},
                 {"ddr.contention=1", "allowed is 0 to 0.99 share"},
                 {"ddr.contention=-0.1", "allowed is 0 to 0.99 share"},
                 {"tpu.lanes=0", "allowed is 1 to 256 lanes"},
                 {"ddr.contentoin=0", "did you mean ddr.contention?"},
                 {"ddr.bandwith_mbps=1", "did you mean ddr.bandwidth_mbps?"},
                 {"tpu.clock=500", "did you mean tpu.clock_mhz?"},
                 {"DDR.contention=0", "no such number"},
                 {"wings=2", "no such number"}};
    npu_chip *c = load("cv181x");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        npu_err err = {0};
        ck_assert_msg(npu_chip_set(c, wrong[i].text, &err) == NPU_USAGE, "'%s' is accepted",
                      wrong[i].text);
        /* the question mark of a suggestion is a matter of style */
        size_t n = strcspn(wrong[i].says, "?");
        char says[64];
        snprintf(says, sizeof says, "%.*s", (int)n, wrong[i].says);
        ck_assert_msg(strstr(err.text, says) != NULL, "'%s': %s", wrong[i].text, err.text);
    }
    ck_assert_uint_eq(c->noverride, 0);
    npu_chip_free(c);
}
END_TEST

/* --- chip files of our own -------------------------------------------------------------------- */

static char dir[64]; /* the chip directory of one test */

static void setup(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/chipXXXXXX", base && strlen(base) < 40 ? base : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    setenv("NPUSIM_CHIP_DIR", dir, 1);
}

static void teardown(void)
{
    char command[128];
    unsetenv("NPUSIM_CHIP_DIR");
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static FILE *create(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.json", dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    return f;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = create(name);
    fputs(text, f);
    fclose(f);
}

#define HEAD "{\"schema\": \"npusim.chip/1\", \"name\": \"own\", "
#define WHOLE HEAD "\"title\": \"t\", \"isa\": \"cv18xx-v2\", \"command_magic\": 167"

/* A complete file whose number KEY is ENTRY ("" leaves it out); HEADER begins it, TAIL ends it. */
static void write_chip(const char *header, const char *key, const char *entry, const char *tail)
{
    FILE *f = create("own");
    const char *comma = "";
    fprintf(f, "%s, \"numbers\": {", header);
    for (int k = 0; k < NPU_NUMS; k++) {
        const npu_num_info *n = &npu_num_table[k];
        bool own = strcmp(n->key, key) == 0;
        if (own && !*entry)
            continue;
        fprintf(f, "%s\n\"%s\": ", comma, n->key);
        if (own)
            fputs(entry, f);
        else
            fprintf(f, "{\"value\": %.17g, \"unit\": \"%s\", \"status\": \"assumed\", "
                    "\"source\": \"a test\"}", n->min, n->unit);
        comma = ",";
    }
    fprintf(f, "}%s}\n", tail);
    fclose(f);
}

START_TEST(a_chip_directory_is_used_before_all_others)
{
    char **names, path[128];
    size_t n;
    npu_err err = {0};
    write_chip(WHOLE, "", "", "");
    write_text(".hidden", "not json");
    ck_assert_int_eq(npu_chip_names(&names, &n, &err), NPU_OK);
    ck_assert(n == 1 && strcmp(names[0], "own") == 0);
    npu_chip_names_free(names, n);
    npu_chip *c = load("own");
    ck_assert_str_eq(c->file, "own.json");
    ck_assert(c->error_percent < 0 && c->naccuracy == 0);
    npu_chip_free(c);
    snprintf(path, sizeof path, "%s/own.json", dir); /* a path does not need the directory */
    setenv("NPUSIM_CHIP_DIR", "/nonexistent", 1);
    npu_chip_free(load(path));
    must_refuse_chip("own", "NPUSIM_CHIP_DIR");
}
END_TEST

START_TEST(an_unknown_chip_names_those_there_are)
{
    write_chip(WHOLE, "", "", "");
    write_text("other", "{}");
    must_refuse_chip("cv999x", "chip 'cv999x' is unknown; there are: other, own");
    must_refuse_chip("none.json", "none.json");
    must_refuse_chip("", "unknown");
}
END_TEST

START_TEST(a_missing_or_malformed_number_is_refused)
{
    static const struct {
        const char *entry, *says;
    } wrong[] = {
        {"", "numbers.ddr.latency_load_ns: missing (time from the start of a load"},
        {"{\"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"s\"}", "latency_load_ns.value"},
        {"{\"value\": \"140\", \"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"s\"}",
         "latency_load_ns.value: a number from 0 to 100000 ns"},
        {"{\"value\": -1, \"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"s\"}",
         "from 0 to 100000"},
        {"{\"value\": 1e999, \"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"s\"}",
         "latency_load_ns.value"},
        {"{\"value\": null, \"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"s\"}",
         "latency_load_ns.value"},
        {"{\"value\": 140, \"unit\": \"us\", \"status\": \"assumed\", \"source\": \"s\"}",
         "latency_load_ns.unit: 'us' found, 'ns' is needed"},
        {"{\"value\": 140, \"status\": \"assumed\", \"source\": \"s\"}", "latency_load_ns.unit"},
        {"{\"value\": 140, \"unit\": \"ns\", \"status\": \"assumed\"}", "latency_load_ns.source"},
        {"{\"value\": 140, \"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"\"}",
         "latency_load_ns.source"},
        {"{\"value\": 140, \"unit\": \"ns\", \"source\": \"s\"}", "latency_load_ns.status"},
        {"{\"value\": 140, \"unit\": \"ns\", \"status\": \"guess\", \"source\": \"s\"}",
         "latency_load_ns.status: 'guess'"},
        {"{\"VALUE\": 140, \"unit\": \"ns\", \"status\": \"assumed\", \"source\": \"s\"}",
         "latency_load_ns.value"},
        {"140", "latency_load_ns.value"},
        {"[140]", "latency_load_ns.value"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        write_chip(WHOLE, "ddr.latency_load_ns", wrong[i].entry, "");
        must_refuse_chip("own", wrong[i].says);
        must_refuse_chip("own", "own.json");
    }
}
END_TEST

START_TEST(a_wrong_frame_is_refused)
{
    static const struct {
        const char *header, *tail, *says;
    } wrong[] = {
        {"{\"schema\": \"npusim.chip/2\"", "", "npusim.chip/2"},
        {"{\"name\": \"own\"", "", "schema"},
        {"{\"schema\": \"npusim.chip/1\"", "", "name: missing"},
        {HEAD "\"isa\": \"cv18xx-v2\", \"command_magic\": 167", "", "title: missing"},
        {HEAD "\"title\": \"t\", \"isa\": \"cv18xx-v2\"", "", "command_magic: missing"},
        {HEAD "\"title\": \"t\", \"command_magic\": 167", "", "isa: missing"},
        {HEAD "\"title\": \"t\", \"isa\": \"x86\"", "", "isa: 'x86' is unknown"},
        {HEAD "\"title\": \"t\", \"isa\": 2", "", "isa"},
        {HEAD "\"title\": \"t\", \"command_magic\": 256", "", "command_magic"},
        {HEAD "\"title\": \"t\", \"command_magic\": \"a7\"", "", "command_magic"},
        {WHOLE, ", \"not_modelled\": [1]", "not_modelled"},
        {WHOLE, ", \"accuracy\": {\"latency_error_percent\": \"low\"}", "latency_error_percent"},
        {WHOLE, ", \"accuracy\": {\"rows\": [{\"name\": \"x\"}]}", "accuracy.rows"},
        {WHOLE, " trailing", "own.json"},
        {WHOLE, ", \"a\": [[[[[[", "own.json"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        write_chip(wrong[i].header, "", "", wrong[i].tail);
        must_refuse_chip("own", wrong[i].says);
    }
    write_text("own", WHOLE ", \"numbers\": [1, 2]}");
    must_refuse_chip("own", "numbers: an object is needed");
    write_text("own", WHOLE ", \"numbers\": {\"tpu.wings\": {\"value\": 2}}}");
    must_refuse_chip("own", "numbers.tpu.wings: no such number");
    write_text("own", "");
    must_refuse_chip("own", "own.json");
    write_text("own", "[]");
    must_refuse_chip("own", "schema");
    write_text("own", "\xff\xfe{}");
    must_refuse_chip("own", "own.json");
}
END_TEST

START_TEST(a_base_gives_what_a_file_leaves_out)
{
    write_chip(WHOLE, "", "", "");
    write_text("child", "{\"schema\": \"npusim.chip/1\", \"name\": \"child\", \"base\": \"own\", "
               "\"command_magic\": 1, \"numbers\": {\"tpu.lanes\": {\"value\": 7, \"unit\": "
               "\"lanes\", \"status\": \"measured\", \"source\": \"the child\"}}}");
    npu_chip *base = load("own"), *child = load("child");
    for (int k = 0; k < NPU_NUMS; k++) {
        bool own = k == NPU_NUM_tpu_lanes;
        ck_assert(own ? child->num[k] == 7 : child->num[k] == base->num[k]);
        ck_assert_str_eq(child->source[k], own ? "the child" : "a test");
    }
    ck_assert_str_eq(child->name, "child");
    ck_assert_str_eq(child->file, "child.json");
    ck_assert_str_eq(child->title, "t");
    ck_assert_uint_eq(child->cmd_magic, 1);
    npu_chip_free(base);
    npu_chip_free(child);
}
END_TEST

START_TEST(bases_that_lead_nowhere_are_refused)
{
    write_text("self", HEAD "\"title\": \"t\", \"base\": \"self\"}");
    must_refuse_chip("self", "base: 'self'");
    write_text("a", HEAD "\"title\": \"t\", \"base\": \"b\"}");
    write_text("b", HEAD "\"title\": \"t\", \"base\": \"a\"}");
    must_refuse_chip("a", "base: '");
    write_text("c", HEAD "\"title\": \"t\", \"base\": \"none\"}");
    must_refuse_chip("c", "none.json");
    write_text("d", HEAD "\"title\": \"t\", \"base\": \"../d\"}");
    must_refuse_chip("d", "base: '../d'");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("chip");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, every_chip_file_is_complete);
    tcase_add_test(core, the_table_of_numbers_is_sound);
    tcase_add_test(core, the_families_differ_where_they_should);
    tcase_add_test(core, an_override_is_used_and_remembered);
    tcase_add_test(core, an_override_may_take_either_limit_of_its_range_and_nothing_beyond);
    tcase_add_test(core, junk_is_no_override);
    tcase_add_checked_fixture(limits, setup, teardown);
    tcase_add_test(limits, a_chip_directory_is_used_before_all_others);
    tcase_add_test(limits, an_unknown_chip_names_those_there_are);
    tcase_add_test(limits, a_missing_or_malformed_number_is_refused);
    tcase_add_test(limits, a_wrong_frame_is_refused);
    tcase_add_test(limits, a_base_gives_what_a_file_leaves_out);
    tcase_add_test(limits, bases_that_lead_nowhere_are_refused);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
