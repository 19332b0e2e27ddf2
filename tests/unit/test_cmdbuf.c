/* formats/cmdbuf.c. */
#include <string.h>

#include "formats/cmdbuf.h"
#include "tests/unit/model_fixture.h"
#include "tests/unit/unit.h"

START_TEST(records_are_found_with_their_header)
{
    fmt_cmdbuf b = fmt_cmdbuf_over("s", fixture_commands, sizeof fixture_commands);
    fmt_cmd c;
    npu_err err = {0};

    fixture_commands[FMT_CMDBUF_HEADER + 64 + 3] = 9;
    ck_assert_int_eq(fmt_cmdbuf_next(&b, &c, &err), NPU_OK);
    ck_assert_ptr_eq(c.payload, fixture_commands + FMT_CMDBUF_HEADER);
    ck_assert_uint_eq(c.n, 64);
    ck_assert_int_eq(c.engine, NPU_ENGINE_TDMA);
    ck_assert_int_eq(fmt_cmdbuf_next(&b, &c, &err), NPU_OK);
    ck_assert_uint_eq(c.offset, FMT_CMDBUF_HEADER + 64);
    ck_assert_uint_eq(c.flags, 9);
    ck_assert_int_eq(fmt_cmdbuf_next(&b, &c, &err), NPU_OK);
    ck_assert_ptr_null(c.payload);
}
END_TEST

START_TEST(every_header_form_is_written_as_it_was_read)
{
    uint8_t payload[300] = {1};
    const fmt_cmd forms[] = {
        {0, 0xa7, 0, 0, false, NPU_ENGINE_TIU, 0, payload, 112},
        {0, 0xa7, 5, 3, false, NPU_ENGINE_TDMA, 77, payload, 64},
        {0, 0xa7, 0, 0, true, NPU_ENGINE_CPU, 224, payload, 224},
        {0, 0xa7, 0, 0, true, NPU_ENGINE_CPU, 300, payload, 300},
    };
    npu_err err = {0};

    for (size_t i = 0; i < FIXTURE_COUNT(forms); i++) {
        buf_writer w = {0};
        fmt_cmdbuf b;
        fmt_cmd c;
        fmt_cmdbuf_put(&w, &forms[i]);
        b = fmt_cmdbuf_over("s", w.data, w.len);
        ck_assert_msg(fmt_cmdbuf_next(&b, &c, &err) == NPU_OK, "%s", err.text);
        ck_assert(c.magic == forms[i].magic && c.flags == forms[i].flags &&
                  c.engine_high == forms[i].engine_high && c.wide == forms[i].wide &&
                  c.engine == forms[i].engine && c.mask == forms[i].mask);
        ck_assert_uint_eq(c.n, forms[i].n);
        ck_assert_mem_eq(c.payload, payload, c.n);
        ck_assert_uint_eq(buf_left(&b.b), 0);
        buf_free(&w);
    }
}
END_TEST

static void must_refuse_records(size_t n, const char *why)
{
    fmt_cmdbuf b = fmt_cmdbuf_over("s", fixture_commands, n);
    fmt_cmd c;
    npu_err err = {0};

    ck_assert_int_eq(fmt_cmdbuf_next(&b, &c, &err), NPU_OK);
    ck_assert_int_eq(fmt_cmdbuf_next(&b, &c, &err), NPU_BAD_INPUT);
    ck_assert_msg(strstr(err.text, why) && strstr(err.text, "section s, byte 72"), "%s", err.text);
}

START_TEST(broken_framing_is_refused_with_section_and_offset)
{
    uint8_t *second = fixture_commands + FMT_CMDBUF_HEADER + 64;

    must_refuse_records(72 + 7, "7 bytes left, a record header has 8");
    must_refuse_records(sizeof fixture_commands - 1, "payload of 64 bytes, 63 left");
    second[1] = 0;
    must_refuse_records(sizeof fixture_commands, "without payload");
    second[4] = 0xff;
    second[7] = 0xff;
    must_refuse_records(sizeof fixture_commands, "bytes, 64 left");
    second[2] = 3;
    must_refuse_records(sizeof fixture_commands, "engine 3");
    second[0] = 0xa8;
    must_refuse_records(sizeof fixture_commands, "begins with 0xa8; 0xa7 is needed");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cmdbuf");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");

    tcase_add_checked_fixture(core, fixture_setup, NULL);
    tcase_add_checked_fixture(limits, fixture_setup, NULL);
    tcase_add_test(core, records_are_found_with_their_header);
    tcase_add_test(core, every_header_form_is_written_as_it_was_read);
    tcase_add_test(limits, broken_framing_is_refused_with_section_and_offset);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
