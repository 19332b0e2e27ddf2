/* formats/bin: a model written and read back is the same, also packed; broken ones are refused. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "formats/bin.h"
#include "reports/write.h"
#include "tests/unit/assembled.h"
#include "tests/unit/model_fixture.h"
#include "tests/unit/unit.h"

static npu_layer_info layers[] = {
    {"conv1", "HzSQuantizedConv", 0, 1234567890123, 3, 3, 2, 2, 8, 4, 4},
    {"out", "HzLut", 1, 0, 0, 0, 0, 0, 1, 2, 3}};
static char *in_a[] = {"in put/:0"}, *in_b[] = {"b"}, *out_c[] = {"输出"};
static npu_node_info nodes[] = {
    {"conv1", "HzSQuantizedConv", true, 0, NULL, in_a, in_b, 1, 1},
    {"prob", "Softmax", false, -1, "runs on the CPU", in_b, out_c, 1, 1}};
static uint32_t fcalls[] = {0, 1};

/* The model of the fixture with what a .bin has besides. */
static void setup(void)
{
    fixture_setup();
    fixture.m.march = "bernoulli2";
    fixture.m.info = "{\"versions\": {\"hbdk\": \"3\"}}";
    fixture.m.debug = true;
    fixture.m.cores = 2;
    fixture.m.layer = layers;
    fixture.m.nlayer = 2;
    fixture.m.node = nodes;
    fixture.m.nnode = 2;
    fixture.m.build_time = NULL;
    fixture.routine[0].fcall = fcalls;
    fixture.routine[0].nfcall = 2;
    fixture.section[2].compress = false; /* a .bin stores as it is */
}

static uint8_t *written(size_t *n)
{
    npu_err err = {0};
    uint8_t *bytes;

    ck_assert_msg(bin_write(&fixture.m, &bytes, n, &err) == NPU_OK, "%s", err.text);
    return bytes;
}

static npu_model *parsed(const uint8_t *bytes, size_t n)
{
    npu_err err = {0};
    npu_model *m;

    ck_assert_msg(npu_model_parse("file", bytes, n, &m, &err) == NPU_OK, "%s", err.text);
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

static void same_extras(const npu_model *a, const npu_model *b)
{
    ck_assert_str_eq(a->march, b->march);
    ck_assert_str_eq(a->info, b->info);
    ck_assert(a->debug == b->debug && a->cores == b->cores);
    ck_assert_uint_eq(a->nlayer, b->nlayer);
    for (size_t i = 0; i < a->nlayer; i++) {
        const npu_layer_info *x = &a->layer[i], *y = &b->layer[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert_str_eq(x->type, y->type);
        ck_assert(x->routine == y->routine && x->ops == y->ops && x->kh == y->kh &&
                  x->kw == y->kw && x->sh == y->sh && x->sw == y->sw && x->out_c == y->out_c &&
                  x->out_h == y->out_h && x->out_w == y->out_w);
    }
    ck_assert_uint_eq(a->nnode, b->nnode);
    for (size_t i = 0; i < a->nnode; i++) {
        const npu_node_info *x = &a->node[i], *y = &b->node[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert_str_eq(x->type, y->type);
        ck_assert(x->npu == y->npu && x->subgraph == y->subgraph && !x->why == !y->why);
        ck_assert(!x->why || !strcmp(x->why, y->why));
        ck_assert_uint_eq(x->nin, y->nin);
        ck_assert_str_eq(x->in[0], y->in[0]);
        ck_assert_str_eq(x->out[0], y->out[0]);
    }
    ck_assert_uint_eq(b->program[0].routine[0].nfcall, 2);
    ck_assert_mem_eq(a->program[0].routine[0].fcall, b->program[0].routine[0].fcall, 8);
}

START_TEST(a_model_comes_back_as_written)
{
    size_t n, again;
    uint8_t *bytes = written(&n), *twice;
    npu_model *m = parsed(bytes, n);
    npu_err err = {0};

    fixture_same_model(&fixture.m, m);
    same_extras(&fixture.m, m);
    ck_assert_str_eq(m->chip, "cv181x");
    ck_assert_ptr_eq(m->section[1].data, m->bytes + m->section[1].file_offset);
    ck_assert_uint_eq(m->section[1].file_offset % BIN_ALIGN, 0);
    ck_assert(bin_write(m, &twice, &again, &err) == NPU_OK);
    ck_assert(again == n && !memcmp(bytes, twice, n));
    npu_model_free(m);
    free(twice);
    free(bytes);
}
END_TEST

START_TEST(the_check_sum_is_that_of_zip)
{
    ck_assert_uint_eq(hash_crc32(0, "123456789", 9), 0xcbf43926);
    ck_assert_uint_eq(hash_crc32(hash_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}
END_TEST

/* Profile of MODEL (taken over) as JSON; the caller frees. */
static char *profile_of(npu_model *model)
{
    assembled a = assembled_ran(model, "");
    char *text = NULL;
    size_t n;
    npu_err err = {0};
    FILE *f = open_memstream(&text, &n);

    memset(a.profile->sha256, '0', 64); /* the one thing that must differ */
    ck_assert(f && rep_write(REP_JSON, a.profile, f, &err) == NPU_OK);
    fclose(f);
    assembled_free(&a);
    return text;
}

START_TEST(a_cvimodel_rewritten_as_bin_has_the_same_profile)
{
    npu_model *m = assembled_file("examples/tiny_cv181x.npuasm"), *again;
    npu_err err = {0};
    uint8_t *bytes;
    size_t n;
    char *a, *b;

    ck_assert_msg(bin_write(m, &bytes, &n, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(npu_model_parse(m->path, bytes, n, &again, &err) == NPU_OK, "%s", err.text);
    a = profile_of(m);
    b = profile_of(again);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    free(bytes);
}
END_TEST

/* The fixture under NAME as a source; the caller frees the bytes. */
static bin_source source(char *name)
{
    bin_source s = {.path = "dir/a.bin"};

    fixture.m.name = name;
    s.bytes = written(&s.n);
    return s;
}

static void free_sources(bin_source *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)s[i].bytes);
}

START_TEST(packed_models_come_out_as_they_went_in)
{
    bin_source s[2] = {source("one"), source(NULL)};
    npu_err err = {0};
    uint8_t *bytes;
    size_t n;

    ck_assert_msg(bin_pack(s, 2, &bytes, &n, &err) == NPU_OK, "%s", err.text);
    npu_model *m = parsed(bytes, n);
    ck_assert_uint_eq(m->nmember, 2);
    ck_assert_str_eq(m->member[0], "one");
    ck_assert_str_eq(m->member[1], "a"); /* no name of its own: that of the file */
    ck_assert_str_eq(m->name, "one");
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *at;
        size_t len;
        ck_assert_msg(bin_member(m, i, &at, &len, &err) == NPU_OK, "%s", err.text);
        ck_assert(len == s[i].n && !memcmp(at, s[i].bytes, len));
    }
    bin_source packed = {"p.bin", bytes, n};
    uint8_t *none;
    size_t zero;
    ck_assert(bin_pack(&packed, 1, &none, &zero, &err) == NPU_BAD_INPUT);
    ck_assert_str_eq(err.text, "model: p.bin is a packed model, it can not be packed again!");
    npu_model_free(m);
    free(bytes);
    free_sources(s, 2);
}
END_TEST

START_TEST(two_models_of_one_name_cannot_be_packed)
{
    bin_source s[2] = {source("one"), source("one")};
    npu_err err = {0};
    uint8_t *bytes;
    size_t n;

    ck_assert(bin_pack(s, 2, &bytes, &n, &err) == NPU_BAD_INPUT);
    ck_assert_msg(strstr(err.text, "named one"), "%s", err.text);
    ck_assert_ptr_null(bytes);
    free_sources(s, 2);
}
END_TEST

START_TEST(a_section_without_bytes_cannot_be_written)
{
    npu_err err = {0};
    uint8_t *bytes;
    size_t n;

    fixture.section[0].data = NULL;
    ck_assert(bin_write(&fixture.m, &bytes, &n, &err) == NPU_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, "weight"), "%s", err.text);
    ck_assert_ptr_null(bytes);
}
END_TEST

/* Start of the payload of chunk TAG, 0 when there is none. */
static size_t chunk_at(const uint8_t *bytes, size_t n, const char *tag)
{
    npu_err err = {0};
    bin_file f;
    bin_chunk c;

    ck_assert(bin_open("file", bytes, n, &f, &err) == NPU_OK);
    do
        ck_assert(bin_next("file", &f, &c, &err) == NPU_OK);
    while (c.tag[0] && strcmp(c.tag, tag));
    return c.offset;
}

START_TEST(damage_is_refused_with_the_chunk)
{
    size_t n;
    uint8_t *bytes = written(&n);
    size_t prog = chunk_at(bytes, n, "PROG");

    bytes[prog + 5] ^= 1;
    must_refuse(bytes, n, NPU_BAD_INPUT, "chunk PROG");
    bytes[prog + 5] ^= 1;
    bytes[BIN_AT_CRC] ^= 1;
    must_refuse(bytes, n, NPU_BAD_INPUT, "CRC of the file");
    bytes[BIN_AT_CRC] ^= 1;
    must_refuse(bytes, n - 1, NPU_BAD_INPUT, "truncated");
    must_refuse(bytes, 20, NPU_BAD_INPUT, "truncated");
    buf_set_le(bytes + prog + 16, 0xffffffff, 4); /* number of inputs */
    bin_seal(bytes, n);
    must_refuse(bytes, n, NPU_BAD_INPUT, "chunk PROG: broken at byte 20");
    free(bytes);
}
END_TEST

START_TEST(versions_newer_than_ours)
{
    size_t n;
    uint8_t *bytes = written(&n);
    size_t layers_at = chunk_at(bytes, n, "LAYR");

    bytes[BIN_AT_MAJOR] = 2;
    bin_seal(bytes, n);
    must_refuse(bytes, n, NPU_UNSUPPORTED, "version 2.0");
    bytes[BIN_AT_MAJOR] = 1;
    memcpy(bytes + layers_at - BIN_CHUNK_HEADER, "NEWS", 4);
    bin_seal(bytes, n);
    must_refuse(bytes, n, NPU_BAD_INPUT, "chunk NEWS: nobody knows");
    bytes[BIN_AT_MINOR] = 1;
    bin_seal(bytes, n);
    npu_model *m = parsed(bytes, n); /* skipped */
    ck_assert_uint_eq(m->nlayer, 0);
    npu_model_free(m);
    free(bytes);
}
END_TEST

START_TEST(parts_that_contradict_are_refused)
{
    size_t n;
    uint8_t *bytes;

    layers[1].routine = 2;
    bytes = written(&n);
    layers[1].routine = 1;
    must_refuse(bytes, n, NPU_BAD_INPUT, "layer out is of routine 2");
    free(bytes);
    fixture.section[2].name = "weight";
    bytes = written(&n);
    must_refuse(bytes, n, NPU_BAD_INPUT, "two sections are named weight");
    free(bytes);
    fixture.section[2].name = "dma";
    fixture.m.info = "[1]";
    bytes = written(&n);
    must_refuse(bytes, n, NPU_BAD_INPUT, "INFO: the JSON is no object");
    free(bytes);
    fixture.m.info = NULL;
    fixture.m.program[0].routine[0].section = "nowhere";
    bytes = written(&n);
    must_refuse(bytes, n, NPU_BAD_INPUT, "nowhere");
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bin");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");

    tcase_add_checked_fixture(core, setup, NULL);
    tcase_add_checked_fixture(limits, setup, NULL);
    tcase_add_test(core, a_model_comes_back_as_written);
    tcase_add_test(core, the_check_sum_is_that_of_zip);
    tcase_add_test(core, a_cvimodel_rewritten_as_bin_has_the_same_profile);
    tcase_add_test(core, packed_models_come_out_as_they_went_in);
    tcase_add_test(limits, two_models_of_one_name_cannot_be_packed);
    tcase_add_test(limits, a_section_without_bytes_cannot_be_written);
    tcase_add_test(limits, damage_is_refused_with_the_chunk);
    tcase_add_test(limits, versions_newer_than_ours);
    tcase_add_test(limits, parts_that_contradict_are_refused);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
