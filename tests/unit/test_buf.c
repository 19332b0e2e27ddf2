/* base/buf.c, base/err.c, base/hash.c. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "npusim/err.h"
#include "tests/unit/unit.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};

START_TEST(integers_are_little_endian)
{
    buf_reader b = buf_over(bytes, sizeof bytes);

    ck_assert_uint_eq(buf_u8(&b), 0x01);
    ck_assert_uint_eq(buf_u16(&b), 0x0302);
    ck_assert_uint_eq(buf_u32(&b), 0x07060504);
    ck_assert_uint_eq(buf_left(&b), 1);
    ck_assert(buf_at(&b, 0, 8) == UINT64_C(0x0807060504030201));
    ck_assert(!b.failed);
}
END_TEST

START_TEST(a_read_up_to_the_last_byte_succeeds)
{
    buf_reader b = buf_over(bytes, sizeof bytes);

    ck_assert(buf_u64(&b) == UINT64_C(0x0807060504030201));
    ck_assert(!b.failed);
    ck_assert_uint_eq(buf_left(&b), 0);
}
END_TEST

START_TEST(a_read_past_the_end_fails_and_stays_failed)
{
    buf_reader b = buf_over(bytes, 3);

    ck_assert_uint_eq(buf_u32(&b), 0);
    ck_assert(b.failed);
    ck_assert_uint_eq(buf_u8(&b), 0); /* there is a byte, but the failure is sticky */
    ck_assert_ptr_null(buf_take(&b, 0));
    ck_assert_uint_eq(buf_left(&b), 0);
}
END_TEST

START_TEST(huge_lengths_do_not_wrap_around)
{
    buf_reader b = buf_over(bytes, sizeof bytes);

    buf_u8(&b);
    ck_assert(!buf_has(&b, 1, SIZE_MAX));
    ck_assert(!buf_has(&b, SIZE_MAX, 1));
    ck_assert_ptr_null(buf_take(&b, SIZE_MAX));
    ck_assert(b.failed);
}
END_TEST

START_TEST(a_seek_beyond_the_end_fails)
{
    buf_reader b = buf_over(bytes, sizeof bytes);

    buf_seek(&b, 8);
    ck_assert(!b.failed);
    buf_seek(&b, 9);
    ck_assert(b.failed);
}
END_TEST

START_TEST(the_writer_is_the_inverse_of_the_reader)
{
    buf_writer w = {0};

    buf_put_int(&w, 0x0807060504030201, 8);
    ck_assert_mem_eq(w.data, bytes, 8);
    for (unsigned i = 0; i < 1000; i++)
        buf_put_int(&w, i, 4);
    buf_put_zero(&w, 3);
    ck_assert_uint_eq(w.len, 8 + 4000 + 3);
    ck_assert(buf_get_le(w.data + 8 + 4 * 999, 4) == 999);
    ck_assert_uint_eq(w.data[w.len - 1], 0);
    buf_free(&w);
}
END_TEST

START_TEST(a_write_beyond_all_memory_fails_and_stays_failed)
{
    buf_writer w = {0};

    buf_put_int(&w, 1, 1);
    buf_put_zero(&w, SIZE_MAX - 10);
    ck_assert(w.failed);
    buf_put_int(&w, 1, 1);
    ck_assert(w.failed);
    buf_free(&w);
}
END_TEST

START_TEST(a_failure_carries_status_and_text)
{
    npu_err err = {0};

    ck_assert_int_eq(npu_fail(&err, NPU_BAD_INPUT, "%s: %d bytes", "x", 3), NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, "x: 3 bytes");
    ck_assert_int_eq(npu_fail_in(&err, "file"), NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, "file: x: 3 bytes");
    npu_fail(&err, NPU_LIMIT, "again %s", err.text); /* its own text as argument */
    ck_assert_str_eq(err.text, "again file: x: 3 bytes");
    ck_assert_int_eq(npu_fail(NULL, NPU_IO, "nobody listens"), NPU_IO);
}
END_TEST

START_TEST(a_prefix_longer_than_the_message_is_cut)
{
    npu_err err = {0};
    char prefix[600];

    memset(prefix, 'p', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    npu_fail(&err, NPU_BAD_INPUT, "text");
    npu_fail_in(&err, prefix);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
}
END_TEST

START_TEST(every_status_has_its_exit_code)
{
    ck_assert_int_eq(npu_exit_code(NPU_OK), 0);
    ck_assert_int_eq(npu_exit_code(NPU_GATE), 1);
    ck_assert_int_eq(npu_exit_code(NPU_USAGE), 2);
    ck_assert_int_eq(npu_exit_code(NPU_BAD_INPUT), 3);
    ck_assert_int_eq(npu_exit_code(NPU_UNSUPPORTED), 4);
    ck_assert_int_eq(npu_exit_code(NPU_LIMIT), 5);
    ck_assert_int_eq(npu_exit_code(NPU_IO), 5);
}
END_TEST

START_TEST(digests_match_the_published_vectors)
{
    char md5[HASH_MD5_HEX], sha[HASH_SHA256_HEX];

    hash_md5_hex("abc", 3, md5); /* RFC 1321 */
    ck_assert_str_eq(md5, "900150983cd24fb0d6963f7d28e17f72");
    hash_md5_hex("", 0, md5);
    ck_assert_str_eq(md5, "d41d8cd98f00b204e9800998ecf8427e");
    hash_sha256_hex("abc", 3, sha); /* FIPS 180-2 */
    ck_assert_str_eq(sha, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("buf");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");

    tcase_add_test(core, integers_are_little_endian);
    tcase_add_test(core, a_read_up_to_the_last_byte_succeeds);
    tcase_add_test(core, the_writer_is_the_inverse_of_the_reader);
    tcase_add_test(core, a_failure_carries_status_and_text);
    tcase_add_test(core, every_status_has_its_exit_code);
    tcase_add_test(core, digests_match_the_published_vectors);
    tcase_add_test(limits, a_read_past_the_end_fails_and_stays_failed);
    tcase_add_test(limits, huge_lengths_do_not_wrap_around);
    tcase_add_test(limits, a_seek_beyond_the_end_fails);
    tcase_add_test(limits, a_write_beyond_all_memory_fails_and_stays_failed);
    tcase_add_test(limits, a_prefix_longer_than_the_message_is_cut);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
