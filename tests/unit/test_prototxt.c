/* Text form of protocol buffers: what the language allows gives the tree it means; what it does not
 * allow is refused with line, column, what was found and what was expected. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/prototxt.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static base_arena *arena;

static void set_up(void)
{
    arena = arena_new();
}

static void tear_down(void)
{
    arena_free(arena);
}

static const prototxt_field *tree(const char *text)
{
    const prototxt_field *root = NULL;
    npu_err err = {0};
    ck_assert_msg(prototxt_parse("t", text, strlen(text), arena, &root, &err) == NPU_OK, "%s",
                  err.text);
    return root;
}

START_TEST(fields_messages_and_lists_make_the_tree)
{
    const prototxt_field *r = tree("a: 1 b { c: X } b: { c: Y } d < e: 'f' > # end\n"
                                   "g: [1, 2, 3]; h: [{i: 1}, <i: 2>], k: []\nj: true");
    int64_t v;
    ck_assert(prototxt_int(prototxt_get(r, "a"), &v) && v == 1);
    ck_assert_str_eq(prototxt_get(prototxt_find(r->child, "b"), "c")->text, "X");
    ck_assert_str_eq(prototxt_get(prototxt_get(r, "b"), "c")->text, "Y"); /* the last counts */
    ck_assert_str_eq(prototxt_get(prototxt_get(r, "d"), "e")->text, "f");
    ck_assert(prototxt_int(prototxt_find(r->child, "g"), &v) && v == 1);
    ck_assert(prototxt_int(prototxt_get(r, "g"), &v) && v == 3);
    ck_assert(prototxt_int(prototxt_get(prototxt_get(r, "h"), "i"), &v) && v == 2);
    ck_assert_ptr_null(prototxt_get(r, "k"));
    ck_assert_uint_eq(prototxt_get(r, "j")->line, 3);
    ck_assert_uint_eq(prototxt_get(r, "j")->column, 4);
}
END_TEST

static const struct {
    const char *text, *want;
    size_t n;
} strings[] = {
    {"s: \"a\\n\\t\\\\\\\"'\"", "a\n\t\\\"'", 6},
    {"s: 'a\"\\''", "a\"'", 3},
    {"s: \"ab\" 'cd'\n# between\n\"ef\"", "abcdef", 6},
    {"s: \"\\101\\7\\x41\\x4\"", "A\aA\x04", 4},
    {"s: \"\\0a\"", "\0a", 2},
    {"s: \"\\u00e9\\U0001F600\\ud83d\\ude00\"", "\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 10},
    {"s: \"\\a\\b\\f\\r\\v\\?\"", "\a\b\f\r\v?", 6},
    {"s: ''", "", 0},
};

START_TEST(strings_are_decoded)
{
    const prototxt_field *s = prototxt_get(tree(strings[_i].text), "s");
    ck_assert_int_eq(s->kind, PROTOTXT_STRING);
    ck_assert_uint_eq(s->len, strings[_i].n);
    ck_assert(memcmp(s->text, strings[_i].want, s->len) == 0);
}
END_TEST

static const struct {
    const char *text;
    bool whole;
    double value;
} numbers[] = {
    {"0", true, 0},       {"-12", true, -12},  {"0x1F", true, 31},   {"-0x10", true, -16},
    {"017", true, 15},    {"- 3", true, -3},   {"1.5", false, 1.5},  {".5", false, 0.5},
    {"1.", false, 1},     {"2e3", false, 2e3}, {"-1.5f", false, -1.5}, {"10f", false, 10},
    {"1e-2F", false, 1e-2}, {"inf", false, INFINITY}, {"-Infinity", false, -INFINITY},
    {"0xf", true, 15},    {"9223372036854775807", true, 9223372036854775807.0},
    {"9223372036854775808", false, 9223372036854775808.0},
};

START_TEST(numbers_read_in_every_spelling)
{
    char text[80];
    int64_t i;
    double d;
    snprintf(text, sizeof text, "n: %s", numbers[_i].text);
    const prototxt_field *n = prototxt_get(tree(text), "n");
    ck_assert_int_eq(n->kind, PROTOTXT_NUMBER);
    ck_assert_int_eq(prototxt_int(n, &i), numbers[_i].whole);
    ck_assert(prototxt_num(n, &d));
    ck_assert(d == numbers[_i].value);
    if (numbers[_i].whole)
        ck_assert(i == INT64_MAX || i == (int64_t)numbers[_i].value);
}
END_TEST

START_TEST(not_a_number_and_booleans)
{
    const prototxt_field *r = tree("n: nan a: true b: 0 c: False d: 2 e: maybe f: 't' z: \"\\0\"");
    double d;
    bool b = false;
    const char *s;
    ck_assert(prototxt_num(prototxt_get(r, "n"), &d) && isnan(d));
    ck_assert(prototxt_bool(prototxt_get(r, "a"), &b) && b);
    ck_assert(prototxt_bool(prototxt_get(r, "b"), &b) && !b);
    ck_assert(prototxt_bool(prototxt_get(r, "c"), &b) && !b);
    ck_assert(!prototxt_bool(prototxt_get(r, "d"), &b));
    ck_assert(!prototxt_bool(prototxt_get(r, "e"), &b));
    ck_assert(!prototxt_bool(prototxt_get(r, "f"), &b));
    ck_assert(!prototxt_string(prototxt_get(r, "z"), &s)); /* a NUL inside is no C string */
    ck_assert(!prototxt_string(prototxt_get(r, "e"), &s));
}
END_TEST

static const struct { const char *text, *message; } wrong[] = {
    {"a", "t:1:2: found the end of the file, expected ':' or '{' after a field name"},
    {"a: ", "t:1:4: found the end of the file, expected a value"},
    {"a: {\n  b 1 }", "t:2:5: found '1', expected ':' or '{' after a field name"},
    {"a { b: 1", "t:1:9: found the end of the file, expected a field name or '}'"},
    {"a < b: 1 }", "t:1:10: found '}', expected a field name or '>'"},
    {"}", "t:1:1: found '}', expected a field name"},
    {"[x.y]: 1", "t:1:1: found '[', expected a field name"},
    {"a: 1x", "t:1:5: found 'x', expected a blank or a separator after the number"},
    {"a: 1.2.3", "t:1:7: found '.', expected a blank or a separator after the number"},
    {"a: 08", "t:1:4: found '08', expected octal digits after a leading 0"},
    {"a: 0x", "t:1:6: found the end of the file, expected hexadecimal digits"},
    {"a: 1e", "t:1:6: found the end of the file, expected the digits of an exponent"},
    {"a: -b", "t:1:5: found 'b', expected a number, inf or nan after '-'"},
    {"a: - ", "t:1:6: found the end of the file, expected a number"},
    {"a: 'b\n'", "t:1:6: found byte 0x0a, expected the closing \"'\" of a string"},
    {"a: \"b", "t:1:6: found the end of the file, expected the closing '\"' of a string"},
    {"a: '\\q'", "t:1:6: found 'q', expected an escape (one of abfnrtv?\\'\", digits, x, u, U) "
                 "after '\\'"},
    {"a: '\\777'", "t:1:9: found ''', expected an octal escape of at most \\377 before it"},
    {"a: '\\xg'", "t:1:7: found 'g', expected a hexadecimal digit after \\x"},
    {"a: '\\u12'", "t:1:9: found ''', expected a hexadecimal digit of a Unicode escape"},
    {"a: '\\ud800'", "t:1:11: found ''', expected a Unicode character before it"},
    {"a: [1, 2", "t:1:9: found the end of the file, expected ',' or ']' in a list"},
    {"a: [1,]", "t:1:7: found ']', expected a value after ','"},
    {"a: [[1]]", "t:1:5: found '[', expected a value"},
    {"a [1]", "t:1:3: found '[', expected ':' or '{' after a field name"},
    {"\xff: 1", "t:1:1: found byte 0xff, expected a field name"},
};

START_TEST(mistakes_are_named_with_their_place)
{
    const prototxt_field *root = NULL;
    npu_err err = {0};
    const char *text = wrong[_i].text;
    ck_assert_int_eq(prototxt_parse("t", text, strlen(text), arena, &root, &err), NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, wrong[_i].message);
    ck_assert_ptr_null(root);
}
END_TEST

/* N levels of messages around one field. */
static char *nested(int n)
{
    char *text = calloc(1, (size_t)n * 3 + 8);
    for (int i = 0; i < n; i++)
        strcat(text, "a{");
    strcat(text, "b:1");
    for (int i = 0; i < n; i++)
        strcat(text, "}");
    return text;
}

START_TEST(messages_nest_sixty_four_levels_and_not_more)
{
    const prototxt_field *root;
    npu_err err = {0};
    char *good = nested(PROTOTXT_DEPTH), *bad = nested(PROTOTXT_DEPTH + 1);
    tree(good);
    ck_assert_int_eq(prototxt_parse("t", bad, strlen(bad), arena, &root, &err), NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, "t:1:130: messages nest more than 64 levels deep");
    free(good);
    free(bad);
}
END_TEST

START_TEST(a_printed_tree_parses_to_the_same_text)
{
    buf_writer one = {0}, two = {0};
    prototxt_print(tree("a: \"x\\001\\\"\\377\" b { c: -1.5f d: [1, 2] } e: WORD"), &one);
    buf_put(&one, "", 1);
    ck_assert_str_eq((char *)one.data,
                     "a: \"x\\001\\042\\377\"\nb {\nc: -1.5f\nd: 1\nd: 2\n}\ne: WORD\n");
    prototxt_print(tree((char *)one.data), &two);
    ck_assert_uint_eq(two.len + 1, one.len);
    ck_assert(memcmp(one.data, two.data, two.len) == 0);
    buf_free(&one);
    buf_free(&two);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("prototxt");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, set_up, tear_down);
    tcase_add_checked_fixture(limits, set_up, tear_down);
    tcase_add_test(core, fields_messages_and_lists_make_the_tree);
    tcase_add_loop_test(core, strings_are_decoded, 0, COUNT(strings));
    tcase_add_loop_test(core, numbers_read_in_every_spelling, 0, COUNT(numbers));
    tcase_add_test(core, not_a_number_and_booleans);
    tcase_add_test(core, a_printed_tree_parses_to_the_same_text);
    tcase_add_loop_test(limits, mistakes_are_named_with_their_place, 0, COUNT(wrong));
    tcase_add_test(limits, messages_nest_sixty_four_levels_and_not_more);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
