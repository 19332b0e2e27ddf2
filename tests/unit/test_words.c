/* Counting words: the closed form against a walk over every byte. */
#include "models/words.h"
#include "tests/unit/unit.h"

/* Words a row touches, found by looking at each of its bytes. */
static uint64_t words_of_row(uint64_t addr, uint64_t len)
{
    uint64_t words = 0;
    for (uint64_t b = addr; b < addr + len; b++)
        words += b == addr || b % HW_WORD == 0;
    return words;
}

static uint64_t brute(uint64_t addr, hw_walk a, hw_walk b, hw_walk c, uint64_t len)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < a.count; i++)
        for (uint64_t j = 0; j < b.count; j++)
            for (uint64_t k = 0; k < c.count; k++)
                sum += words_of_row(addr + i * a.stride + j * b.stride + k * c.stride, len);
    return sum;
}

static uint64_t random_below(uint64_t *x, uint64_t n)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return (*x >> 16) % n;
}

static const hw_walk once = {0, 1};

START_TEST(a_row_touches_the_words_it_lies_in)
{
    ck_assert_uint_eq(hw_words(0, once, once, once, 16), 1);
    ck_assert_uint_eq(hw_words(0, once, once, once, 17), 2);
    ck_assert_uint_eq(hw_words(15, once, once, once, 1), 1);
    ck_assert_uint_eq(hw_words(15, once, once, once, 2), 2);
    ck_assert_uint_eq(hw_words(1, once, once, once, 16), 2);
    ck_assert_uint_eq(hw_words(8, once, once, once, 24), 2);
    ck_assert_uint_eq(hw_words(9, once, once, once, 24), 3);
    /* 7-byte rows back to back: at 0, 7, 14 (2 words), 21, 28 (2), ... over 16 rows 112 bytes:
     * a row at offset o crosses when o > 9, and o takes every residue once */
    ck_assert_uint_eq(hw_words(0, (hw_walk){7, 16}, once, once, 7), 16 + 6);
}
END_TEST

/* Random strides, counts and lengths; small strides are frequent so that periods differ. */
START_TEST(any_walk_equals_the_bytes_it_visits)
{
    uint64_t x = 88172645463325252u + (uint64_t)_i * 1000003u;
    for (int n = 0; n < 100; n++) {
        hw_walk w[3];
        for (int i = 0; i < 3; i++)
            w[i] = (hw_walk){random_below(&x, random_below(&x, 2) ? 40 : 100000),
                             1 + random_below(&x, 20)};
        uint64_t addr = random_below(&x, 100000), len = 1 + random_below(&x, 70);
        ck_assert_msg(hw_words(addr, w[0], w[1], w[2], len) == brute(addr, w[0], w[1], w[2], len),
                      "addr %llu, len %llu, strides %llu %llu %llu, counts %llu %llu %llu",
                      (unsigned long long)addr, (unsigned long long)len,
                      (unsigned long long)w[0].stride, (unsigned long long)w[1].stride,
                      (unsigned long long)w[2].stride, (unsigned long long)w[0].count,
                      (unsigned long long)w[1].count, (unsigned long long)w[2].count);
    }
}
END_TEST

START_TEST(every_residue_of_a_stride_is_counted)
{
    for (uint64_t stride = 0; stride <= 33; stride++)
        for (uint64_t addr = 0; addr < 16; addr++)
            for (uint64_t count = 0; count < 40; count += 3)
                ck_assert_uint_eq(hw_words(addr, (hw_walk){stride, count}, once, once, 5),
                                  brute(addr, (hw_walk){stride, count}, once, once, 5));
}
END_TEST

/* No byte moves without a word, and a row wastes less than two. */
START_TEST(words_hold_all_bytes_and_little_more)
{
    uint64_t x = 2463534242u;
    for (int n = 0; n < 20000; n++) {
        hw_walk a = {random_below(&x, 1u << 20), 1 + random_below(&x, 1000)};
        hw_walk b = {random_below(&x, 1u << 20), 1 + random_below(&x, 1000)};
        hw_walk c = {random_below(&x, 1u << 20), 1 + random_below(&x, 1000)};
        uint64_t len = 1 + random_below(&x, 5000);
        uint64_t rows = a.count * b.count * c.count;
        uint64_t words = hw_words(random_below(&x, 1u << 20), a, b, c, len);
        ck_assert_uint_ge(words * HW_WORD, rows * len);
        ck_assert_uint_le(words, rows * (len / HW_WORD + 2));
    }
}
END_TEST

START_TEST(aligned_rows_waste_nothing)
{
    for (uint64_t rows = 1; rows < 100; rows++)
        ck_assert_uint_eq(hw_words(4096, (hw_walk){64, rows}, (hw_walk){6400, 3}, once, 48),
                          rows * 3 * 3);
}
END_TEST

START_TEST(the_order_of_the_walks_does_not_matter)
{
    hw_walk a = {7, 5}, b = {48, 9}, c = {1001, 3};
    uint64_t n = hw_words(3, a, b, c, 13);
    ck_assert_uint_eq(hw_words(3, b, c, a, 13), n);
    ck_assert_uint_eq(hw_words(3, c, a, b, 13), n);
}
END_TEST

/* Counts of whole models: the closed form does not walk them. */
START_TEST(large_walks_are_exact)
{
    /* 65535^3 rows of 16 bytes at odd addresses take 2 words each */
    uint64_t rows = UINT64_C(65535) * 65535 * 65535;
    hw_walk big = {0, 65535};
    ck_assert_uint_eq(hw_words(1, big, big, big, 16), 2 * rows);
    ck_assert_uint_eq(hw_words(0, big, big, big, 16), rows);
    ck_assert_uint_eq(hw_words(0, (hw_walk){0, 0}, big, big, 16), 0);
    /* one byte in the first word, 2^32 - 2 in the others */
    ck_assert_uint_eq(hw_words((UINT64_C(1) << 40) - 1, once, once, once, UINT64_C(0xffffffff)),
                      1 + (UINT64_C(0xfffffffe) + 15) / 16);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("words");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_test(core, a_row_touches_the_words_it_lies_in);
    tcase_add_loop_test(core, any_walk_equals_the_bytes_it_visits, 0, 10);
    tcase_add_test(core, every_residue_of_a_stride_is_counted);
    tcase_add_test(core, words_hold_all_bytes_and_little_more);
    tcase_add_test(core, aligned_rows_waste_nothing);
    tcase_add_test(core, the_order_of_the_walks_does_not_matter);
    tcase_add_test(limits, large_walks_are_exact);
    tcase_set_timeout(core, 60);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
