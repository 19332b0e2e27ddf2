/* Options: both dialects, every kind of value, every kind of wrong use. */
#include "tools/opt.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "tests/unit/unit.h"

typedef struct {
    const char *output, *model;
    long jobs;
    double limit;
    bool strict;
    int format;
    opt_list set;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    { "output", 'o', OPT_STRING, AT(output), "DIR", "where to write" },
    { "model-file", 0, OPT_STRING, AT(model), "FILE", NULL },
    { "jobs", 'j', OPT_INT, AT(jobs), "N", "how many", 1, 64 },
    { "limit", 0, OPT_DOUBLE, AT(limit), "MS", "at most", 0, 1e9 },
    { "strict", 's', OPT_BOOL, AT(strict), NULL, "be strict" },
    { "format", 'f', OPT_CHOICE, AT(format), "text|json|csv", "how to write" },
    { "set", 0, OPT_LIST, AT(set), "KEY=VALUE", "override" },
    OPT_END
};
static const opt_program program = {
    .args = "FILE", .min_args = 1, .max_args = 1, .doc = "Tests.", .spec = spec
};

enum { WORDS = 16 };

typedef struct {
    options o;
    opt_rest rest;
    char text[256], *argv[WORDS];
    int argc, status;
} parsed;

/* Parses LINE, words separated by single blanks. */
static void parse(parsed *p, const char *line)
{
    memset(p, 0, sizeof *p);
    p->o.output = "default";
    snprintf(p->text, sizeof p->text, "test %s", line);
    for (char *w = strtok(p->text, " "); w && p->argc < WORDS - 1; w = strtok(NULL, " "))
        p->argv[p->argc++] = w;
    p->status = opt_parse(&program, p->argc, p->argv, &p->o, &p->rest);
}

static int status_of(const char *line)
{
    parsed p;
    parse(&p, line);
    opt_free(&program, &p.o);
    return p.status;
}

START_TEST(defaults_stay_when_an_option_is_absent)
{
    parsed p;
    parse(&p, "file");
    ck_assert_int_eq(p.status, -1);
    ck_assert_str_eq(p.o.output, "default");
    ck_assert_int_eq(p.rest.n, 1);
    ck_assert_str_eq(p.rest.arg[0], "file");
    ck_assert_int_eq(p.rest.verbosity, 0);
}
END_TEST

START_TEST(both_dialects_mean_the_same)
{
    static const char *const lines[] = {
        "file --model-file x", "file --model-file=x", "--model_file x file", "--model_file=x file",
        "-model_file=x file", "-model-file x file", "file --model=x", "file --model_=x"
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        parsed p;
        parse(&p, lines[i]);
        ck_assert_int_eq(p.status, -1);
        ck_assert_str_eq(p.o.model, "x");
        ck_assert_str_eq(p.rest.arg[0], "file");
    }
}
END_TEST

START_TEST(every_kind_of_value_is_read)
{
    parsed p;
    parse(&p, "-j 3 --limit 2.5 -s -f json --set a=1 --set=b=2 -o out -- -file");
    ck_assert_int_eq(p.status, -1);
    ck_assert_int_eq(p.o.jobs, 3);
    ck_assert_double_eq(p.o.limit, 2.5);
    ck_assert(p.o.strict);
    ck_assert_int_eq(p.o.format, 1);
    ck_assert_uint_eq(p.o.set.n, 2);
    ck_assert_str_eq(p.o.set.item[1], "b=2");
    ck_assert_str_eq(p.o.output, "out");
    ck_assert_str_eq(p.rest.arg[0], "-file");
    opt_free(&program, &p.o);
    ck_assert_uint_eq(p.o.set.n, 0);
}
END_TEST

START_TEST(flags_take_true_and_false)
{
    parsed p;
    parse(&p, "file -s --strict=false");
    ck_assert_int_eq(p.status, -1);
    ck_assert(!p.o.strict);
    parse(&p, "file --strict=true");
    ck_assert(p.o.strict);
    ck_assert_int_eq(status_of("file --strict=perhaps"), 2);
}
END_TEST

START_TEST(verbosity_counts)
{
    parsed p;
    parse(&p, "file -q");
    ck_assert_int_eq(p.rest.verbosity, -1);
    parse(&p, "file -vv --verbose");
    ck_assert_int_eq(p.rest.verbosity, 3);
    parse(&p, "file -sv");
    ck_assert_int_eq(p.rest.verbosity, 1);
    ck_assert(p.o.strict);
}
END_TEST

START_TEST(wrong_use_is_status_2)
{
    static const char *const lines[] = {
        "", "a b", "file --nothing", "file -z", "file --jobs", "file -j", "file --jobs=0",
        "file --jobs=65", "file --jobs=3x", "file --jobs=", "file --limit=nan", "file --limit=-1",
        "file --limit=1e999", "file --format=xml", "file --format=", "file --format=tex",
        "file --s", "file --set"
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(status_of(lines[i]) == 2, "\"%s\" is accepted", lines[i]);
}
END_TEST

START_TEST(version_ends_with_status_0_whatever_else_is_missing)
{
    ck_assert_int_eq(status_of("--version"), 0);
    ck_assert_int_eq(status_of("-V"), 0);
}
END_TEST

START_TEST(the_nearest_name_is_found)
{
    static const char *const names[] = { "profile", "perf", "disasm", "hb_perf" };
    ck_assert_str_eq(base_nearest("profil", names, 4), "profile");
    ck_assert_str_eq(base_nearest("dissasm", names, 4), "disasm");
    ck_assert_str_eq(base_nearest("hb-perf", names, 4), "hb_perf");
    ck_assert_ptr_null(base_nearest("completely", names, 4));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("opt");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, defaults_stay_when_an_option_is_absent);
    tcase_add_test(core, both_dialects_mean_the_same);
    tcase_add_test(core, every_kind_of_value_is_read);
    tcase_add_test(core, flags_take_true_and_false);
    tcase_add_test(core, verbosity_counts);
    tcase_add_test(limits, wrong_use_is_status_2);
    tcase_add_test(limits, version_ends_with_status_0_whatever_else_is_missing);
    tcase_add_test(limits, the_nearest_name_is_found);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
