/* formats/: a model written and read back is the same; what is broken is refused with reasons. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "formats/cvimodel.h"
#include "tests/unit/model_fixture.h"
#include "tests/unit/unit.h"

/* Container bytes of fixture.m; the caller frees. */
static uint8_t *written(size_t *n)
{
    npu_err err = {0};
    uint8_t *bytes;

    ck_assert_msg(cvi_write(&fixture.m, false, &bytes, n, &err) == NPU_OK, "%s", err.text);
    return bytes;
}

static npu_model *parsed(const uint8_t *bytes, size_t n)
{
    npu_err err = {0};
    npu_model *m;

    ck_assert_msg(npu_model_parse("file", bytes, n, &m, &err) == NPU_OK, "%s", err.text);
    return m;
}

static npu_model *round_trip(void)
{
    size_t n;
    uint8_t *bytes = written(&n);
    npu_model *m = parsed(bytes, n);

    free(bytes);
    return m;
}

static void must_refuse(const uint8_t *bytes, size_t n, npu_status want, const char *why)
{
    npu_err err = {0};
    npu_model *m;
    npu_status s = npu_model_parse("file", bytes, n, &m, &err);

    ck_assert_ptr_null(m);
    ck_assert_msg(s == want && strstr(err.text, why), "%d: %s", (int)s, err.text);
    ck_assert_msg(strstr(err.text, "file"), "%s", err.text);
}

/* fixture.m as it stands is refused. */
static void must_refuse_model(npu_status want, const char *why)
{
    size_t n;
    uint8_t *bytes = written(&n);

    must_refuse(bytes, n, want, why);
    free(bytes);
}

START_TEST(every_header_version_comes_back_as_written)
{
    for (uint8_t minor = 0; minor <= CVI_MINOR_MAX; minor++) {
        npu_model *m;
        fixture.m.header_minor = minor;
        m = round_trip();
        fixture_same_model(&fixture.m, m);
        ck_assert_str_eq(m->chip, "cv181x");
        ck_assert_uint_eq(m->header_minor, minor);
        ck_assert_int_eq(m->has_md5, minor > 0);
        ck_assert_int_eq(m->md5_ok, minor > 0);
        npu_model_free(m);
    }
}
END_TEST

START_TEST(a_compressed_section_is_smaller_in_the_file_and_whole_in_memory)
{
    npu_model *m = round_trip();
    const npu_section *s = npu_model_section(m, "dma");

    ck_assert_uint_lt(s->size, sizeof fixture_packed);
    ck_assert_uint_eq(s->decompressed_size, sizeof fixture_packed);
    ck_assert_uint_eq(s->data_bytes, sizeof fixture_packed);
    npu_model_free(m);
}
END_TEST

START_TEST(sections_lie_where_file_offset_says)
{
    npu_model *m = round_trip();
    const npu_section *s = npu_model_section(m, "subfunc_0");

    ck_assert_mem_eq(m->bytes + s->file_offset, fixture_commands, sizeof fixture_commands);
    ck_assert_ptr_eq(s->data, m->bytes + s->file_offset);
    npu_model_free(m);
}
END_TEST

START_TEST(names_are_looked_up)
{
    npu_model *m = round_trip();

    ck_assert_ptr_null(npu_model_section(m, "nothing"));
    ck_assert_ptr_eq(npu_program_tensor(&m->program[0], "b"), &m->program[0].tensor[1]);
    ck_assert_ptr_null(npu_program_tensor(&m->program[0], "c"));
    ck_assert_uint_eq(npu_tensor_bytes(&m->program[0].tensor[0]), 192);
    ck_assert_uint_eq(npu_tensor_bytes(&m->program[0].tensor[1]), 2); /* no shape: one element */
    npu_model_free(m);
}
END_TEST

START_TEST(a_tensor_beyond_all_memory_saturates)
{
    int64_t huge[] = {INT32_MAX, INT32_MAX, INT32_MAX, 2}, none[] = {INT32_MAX, INT32_MAX, 0};
    npu_tensor t = {.dtype = NPU_FP32, .dim = huge, .ndim = 4};

    ck_assert(npu_tensor_bytes(&t) == INT64_MAX);
    t.dim = none;
    t.ndim = 3;
    ck_assert_uint_eq(npu_tensor_bytes(&t), 0);
}
END_TEST

START_TEST(version_1_0_takes_its_chip_from_the_commands_when_no_target_is_given)
{
    npu_model *m;

    fixture.m.header_minor = 0;
    fixture.m.target = NULL;
    m = round_trip();
    ck_assert_str_eq(m->chip, "cv181x");
    npu_model_free(m);
    fixture_commands[0] = 0;
    must_refuse_model(NPU_BAD_INPUT, "name a chip");
}
END_TEST

START_TEST(a_wrong_md5_is_noted_and_no_failure)
{
    npu_err err = {0};
    npu_model *m;
    uint8_t *bytes;
    size_t n;

    ck_assert_int_eq(cvi_write(&fixture.m, true, &bytes, &n, &err), NPU_OK);
    m = parsed(bytes, n);
    ck_assert(m->has_md5 && !m->md5_ok);
    npu_model_free(m);
    free(bytes);
}
END_TEST

START_TEST(every_truncation_is_refused_with_a_reason)
{
    size_t n;
    uint8_t *bytes = written(&n);

    must_refuse(bytes, 0, NPU_BAD_INPUT, "empty");
    must_refuse(bytes, 5, NPU_BAD_INPUT, "no container");
    for (size_t k = 8; k < n; k++)
        must_refuse(bytes, k, NPU_BAD_INPUT, "truncated");
    free(bytes);
}
END_TEST

START_TEST(bytes_behind_the_last_section_are_refused_with_their_count)
{
    size_t n;
    uint8_t *bytes = written(&n);

    bytes = realloc(bytes, n + 3);
    memset(bytes + n, 0, 3);
    must_refuse(bytes, n + 3, NPU_BAD_INPUT, "3 bytes follow the last section");
    free(bytes);
}
END_TEST

START_TEST(other_containers_versions_and_chips_are_refused)
{
    size_t n;
    uint8_t *bytes = written(&n);

    bytes[CVI_AT_MINOR] = 5;
    must_refuse(bytes, n, NPU_UNSUPPORTED, "container version 1.5");
    bytes[CVI_AT_MINOR] = 4;
    bytes[CVI_AT_MAJOR] = 2;
    must_refuse(bytes, n, NPU_UNSUPPORTED, "container version 2.4");
    bytes[CVI_AT_MAJOR] = 1;
    memcpy(bytes + CVI_AT_CHIP, "cv\x1b[1m", 6);
    must_refuse(bytes, n, NPU_UNSUPPORTED, "\"cv?[1m\"; known are cv180x, cv181x, cv182x, cv183x");
    bytes[0] = 'X';
    must_refuse(bytes, n, NPU_BAD_INPUT, "58 76 69 4d 6f 64 65 6c");
    free(bytes);
}
END_TEST

START_TEST(an_encrypted_section_is_unsupported_by_name)
{
    fixture.section[1].encrypt = true;
    must_refuse_model(NPU_UNSUPPORTED, "section subfunc_0 is encrypted");
}
END_TEST

START_TEST(names_must_refer_to_something)
{
    fixture.routine[0].section = "subfunc_9";
    must_refuse_model(NPU_BAD_INPUT, "section subfunc_9, which the file does not have");
    fixture.routine[0].section = "weight";
    must_refuse_model(NPU_BAD_INPUT, "of type weight; cmdbuf is needed");
    fixture.routine[0].section = "subfunc_0";
    fixture.tensor[1].name = "other";
    must_refuse_model(NPU_BAD_INPUT, "tensor b, which the program does not have");
}
END_TEST

START_TEST(two_sections_of_one_name_are_refused)
{
    fixture.section[2].name = "subfunc_0";
    must_refuse_model(NPU_BAD_INPUT, "two sections are named subfunc_0");
}
END_TEST

START_TEST(sections_may_touch_but_not_overlap)
{
    uint8_t file[100] = {0};
    npu_section section[] = {{.name = "b", .offset = 50, .size = 50},
                             {.name = "a", .offset = 0, .size = 50}};
    npu_model m = {.path = "file", .bytes = file, .nbytes = sizeof file, .section = section,
                   .nsection = 2};
    npu_err err = {0};

    ck_assert_int_eq(cvi_place_sections(&m, 0, &err), NPU_OK);
    ck_assert_ptr_eq(section[0].data, file + 50);
    section[1].size = 51;
    ck_assert_int_eq(cvi_place_sections(&m, 0, &err), NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, "file: sections a and b share bytes");
}
END_TEST

START_TEST(a_weight_must_end_inside_its_section)
{
    fixture.weight[1].size = 17;
    must_refuse_model(NPU_BAD_INPUT, "w_bias ends at byte 65 of a weight section of 64");
}
END_TEST

START_TEST(a_model_without_program_is_refused)
{
    fixture.m.nprogram = 0;
    must_refuse_model(NPU_BAD_INPUT, "holds no program");
}
END_TEST

START_TEST(impossible_dimensions_are_refused)
{
    int64_t many[CVI_DIMS_MAX + 1] = {0}, negative = -1, large = (int64_t)INT32_MAX + 1;

    fixture.weight[0].dim = &negative;
    fixture.weight[0].ndim = 1;
    must_refuse_model(NPU_BAD_INPUT, "dimension below 0");
    fixture.weight[0].dim = &large;
    must_refuse_model(NPU_BAD_INPUT, "above 2147483647");
    fixture.weight[0].dim = many;
    fixture.weight[0].ndim = FIXTURE_COUNT(many);
    must_refuse_model(NPU_BAD_INPUT, "more than 8 dimensions");
}
END_TEST

START_TEST(names_with_control_characters_or_broken_utf8_are_refused)
{
    static char *const bad[] = {"a\x1b[2J", "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80",
                                "\xf5\x80\x80\x80", "line\nbreak", "\xc2\x9b"};

    for (size_t i = 0; i < FIXTURE_COUNT(bad); i++) {
        fixture.m.name = bad[i];
        must_refuse_model(NPU_BAD_INPUT, "control character or bytes not UTF-8");
    }
}
END_TEST

/* Start of the only place in BYTES where the N bytes of WHAT stand. */
static size_t find(const uint8_t *bytes, size_t size, const void *what, size_t n)
{
    const uint8_t *p = memmem(bytes, size, what, n);

    ck_assert_ptr_nonnull(p);
    return (size_t)(p - bytes);
}

START_TEST(a_damaged_lz4_block_is_refused)
{
    size_t n, at;
    uint8_t *bytes = written(&n);
    npu_model *m = parsed(bytes, n);

    at = m->section[2].file_offset;
    npu_model_free(m);
    bytes[at] ^= 0xff;
    must_refuse(bytes, n, NPU_BAD_INPUT, "section dma: broken LZ4 block");
    free(bytes);
}
END_TEST

START_TEST(an_lz4_block_that_claims_too_much_is_refused_before_it_is_unpacked)
{
    size_t n, at;
    uint8_t *bytes = written(&n), size[4];

    buf_set_le(size, sizeof fixture_packed, 4);
    at = find(bytes, n, size, 4);
    buf_set_le(bytes + at, (1u << 30) + 1, 4);
    must_refuse(bytes, n, NPU_BAD_INPUT, "section dma: 1073741825 bytes decompressed");
    buf_set_le(bytes + at, 1u << 30, 4);
    must_refuse(bytes, n, NPU_BAD_INPUT, "cannot unfold to 1073741824");
    free(bytes);
}
END_TEST

START_TEST(a_vector_longer_than_the_file_is_refused)
{
    size_t n, at;
    uint8_t *bytes = written(&n);

    at = find(bytes, n, "w_filter", 8) - 4; /* its length */
    buf_set_le(bytes + at, UINT32_MAX, 4);
    must_refuse(bytes, n, NPU_BAD_INPUT, "more elements than bytes");
    free(bytes);
}
END_TEST

START_TEST(offsets_and_vtables_outside_the_file_are_refused)
{
    size_t n, root;
    uint8_t *bytes = written(&n), *body = bytes + CVI_HEADER;
    uint32_t was = (uint32_t)buf_get_le(body, 4);

    buf_set_le(body, UINT32_MAX, 4);
    must_refuse(bytes, n, NPU_BAD_INPUT, "offset leads outside");
    buf_set_le(body, 0, 4);
    must_refuse(bytes, n, NPU_BAD_INPUT, "offset leads outside");
    buf_set_le(body, was, 4);
    root = was;
    was = (uint32_t)buf_get_le(body + root, 4);
    for (unsigned i = 0; i < 2; i++) { /* far before, far behind */
        buf_set_le(body + root, i ? 0x80000000u : 0x7fffffffu, 4);
        must_refuse(bytes, n, NPU_BAD_INPUT, "vtable lies outside");
    }
    buf_set_le(body + root, was, 4);
    buf_set_le(body + root - was, 0xffff, 2);
    must_refuse(bytes, n, NPU_BAD_INPUT, "bad vtable size");
    free(bytes);
}
END_TEST

/* A file that names one long string very many times must not fill the memory. */
START_TEST(memory_is_bounded_by_the_size_of_the_file)
{
    enum { TIMES = 20000 };
    char *name = malloc(40001), **list = malloc(TIMES * sizeof *list);
    size_t n, first;
    uint8_t *bytes;

    memset(name, 'n', 40000);
    name[40000] = '\0';
    list[0] = name;
    for (size_t i = 1; i < TIMES; i++)
        list[i] = "x";
    fixture.tensor[0].name = fixture.program[0].in[0] = name;
    fixture.program[0].in = list;
    fixture.program[0].nin = TIMES;
    bytes = written(&n);
    first = find(bytes, n, name, 40000) - 4;
    for (size_t p = CVI_HEADER; p + 4 * TIMES < n; p += 4) /* the vector of references */
        if (buf_get_le(bytes + p, 4) == TIMES) {
            for (size_t i = 0; i < TIMES; i++)
                buf_set_le(bytes + p + 4 + 4 * i, first - (p + 4 + 4 * i), 4);
            break;
        }
    must_refuse(bytes, n, NPU_LIMIT, "more memory than its size allows");
    free(bytes);
    free(list);
    free(name);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cvimodel");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");

    tcase_add_checked_fixture(core, fixture_setup, NULL);
    tcase_add_checked_fixture(limits, fixture_setup, NULL);
    tcase_add_test(core, every_header_version_comes_back_as_written);
    tcase_add_test(core, a_compressed_section_is_smaller_in_the_file_and_whole_in_memory);
    tcase_add_test(core, sections_lie_where_file_offset_says);
    tcase_add_test(core, names_are_looked_up);
    tcase_add_test(core, version_1_0_takes_its_chip_from_the_commands_when_no_target_is_given);
    tcase_add_test(core, a_wrong_md5_is_noted_and_no_failure);
    tcase_add_test(limits, a_tensor_beyond_all_memory_saturates);
    tcase_add_test(limits, every_truncation_is_refused_with_a_reason);
    tcase_add_test(limits, bytes_behind_the_last_section_are_refused_with_their_count);
    tcase_add_test(limits, other_containers_versions_and_chips_are_refused);
    tcase_add_test(limits, an_encrypted_section_is_unsupported_by_name);
    tcase_add_test(limits, names_must_refer_to_something);
    tcase_add_test(limits, two_sections_of_one_name_are_refused);
    tcase_add_test(limits, sections_may_touch_but_not_overlap);
    tcase_add_test(limits, a_weight_must_end_inside_its_section);
    tcase_add_test(limits, a_model_without_program_is_refused);
    tcase_add_test(limits, impossible_dimensions_are_refused);
    tcase_add_test(limits, names_with_control_characters_or_broken_utf8_are_refused);
    tcase_add_test(limits, a_damaged_lz4_block_is_refused);
    tcase_add_test(limits, an_lz4_block_that_claims_too_much_is_refused_before_it_is_unpacked);
    tcase_add_test(limits, a_vector_longer_than_the_file_is_refused);
    tcase_add_test(limits, offsets_and_vtables_outside_the_file_are_refused);
    tcase_add_test(limits, memory_is_bounded_by_the_size_of_the_file);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
