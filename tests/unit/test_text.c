/* Commands as text: printing and parsing are exact inverses; what is wrong is refused by name. */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "sim/decode.h"
#include "sim/text.h"
#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { LINE_MAX_BYTES = 8192, PAYLOADS = 60 };

static const struct {
    npu_isa isa;
    npu_engine engine;
} layouts[] = {{NPU_ISA_CV18XX_V1, NPU_ENGINE_TIU},
               {NPU_ISA_CV18XX_V2, NPU_ENGINE_TIU},
               {NPU_ISA_CV18XX_V1, NPU_ENGINE_TDMA},
               {NPU_ISA_CV18XX_V2, NPU_ENGINE_TDMA},
               {NPU_ISA_BPU_1, NPU_ENGINE_TIU},
               {NPU_ISA_BPU_1, NPU_ENGINE_TDMA}};

/* xorshift64: the same payloads on every machine. */
static uint64_t random_state;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* A payload of encoding E; every further DENSITY halves the number of bits that are set. */
static void random_payload(const sim_layout *l, const sim_encoding *e, int density, uint8_t *p)
{
    for (unsigned i = 0; i < l->bytes; i++) {
        p[i] = (uint8_t)(random_bits() >> 32);
        for (int d = 0; d < density; d++)
            p[i] &= (uint8_t)(random_bits() >> 32);
    }
    uint64_t w = (sim_window(l, p) & ~e->mask) | e->match;
    bits_put(p, l->window, 32, (uint32_t)w);
    bits_put(p, l->window + 32, 32, (uint32_t)(w >> 32));
}

static void must_survive(int i, const sim_layout *l, const uint8_t *p)
{
    static char line[LINE_MAX_BYTES];
    uint8_t back[SIM_PAYLOAD_MAX];
    npu_engine engine = NPU_ENGINE_CPU;
    npu_err err = {0};
    size_t n = 0;
    ck_assert_msg(sim_text_print(layouts[i].isa, layouts[i].engine, p, l->bytes, line, sizeof line,
                                 &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(sim_text_parse(layouts[i].isa, line, &engine, back, &n, &err) == NPU_OK,
                  "%s: %s", line, err.text);
    ck_assert_int_eq(engine, layouts[i].engine);
    ck_assert_uint_eq(n, l->bytes);
    ck_assert_msg(memcmp(p, back, n) == 0, "%s", line);
}

START_TEST(any_payload_survives_the_text)
{
    const sim_layout *l = sim_layout_of(layouts[_i].isa, layouts[_i].engine);
    uint8_t p[SIM_PAYLOAD_MAX];
    random_state = 88172645463325252u;
    for (unsigned k = 0; k < l->nencoding; k++)
        for (int n = 0; n < PAYLOADS; n++) {
            random_payload(l, &l->encoding[k], n % 5, p);
            ck_assert_ptr_eq(sim_identify(l, p), &l->encoding[k]);
            must_survive(_i, l, p);
        }
}
END_TEST

/* Every single field at its largest value, over every encoding that leaves the field free. */
START_TEST(every_field_survives_the_text_at_its_limit)
{
    const sim_layout *l = sim_layout_of(layouts[_i].isa, layouts[_i].engine);
    for (unsigned k = 0; k < l->nencoding; k++)
        for (unsigned f = 0; f < l->nfield; f++) {
            uint8_t p[SIM_PAYLOAD_MAX] = {0};
            bits_put(p, l->window, 32, (uint32_t)l->encoding[k].match);
            bits_put(p, l->window + 32, 32, (uint32_t)(l->encoding[k].match >> 32));
            bits_put(p, l->field[f].first, l->field[f].width,
                     (uint32_t)(UINT64_MAX >> (64 - l->field[f].width)));
            if (sim_identify(l, p))
                must_survive(_i, l, p);
        }
}
END_TEST

START_TEST(a_line_names_only_what_differs)
{
    char line[LINE_MAX_BYTES];
    uint8_t p[SIM_PAYLOAD_MAX];
    npu_engine engine;
    size_t n;
    npu_err err = {0};
    static const char *const lines[] = {
        "conv id=3 wait=2 layer=7 opt_chl_quan=1 res0_n=1 res0_addr=0x900",
        "load.hwc id=65535 wait=0 layer=0 transpose_md=2 src_w=65535 src_base_addr_low=0xffffffff",
        "store id=0 wait=0 layer=0"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        ck_assert_msg(sim_text_parse(NPU_ISA_CV18XX_V2, lines[i], &engine, p, &n, &err) == NPU_OK,
                      "%s", err.text);
        ck_assert_int_eq(sim_text_print(NPU_ISA_CV18XX_V2, engine, p, n, line, sizeof line, &err),
                         NPU_OK);
        ck_assert_str_eq(line, lines[i]);
    }
}
END_TEST

START_TEST(numbers_are_decimal_or_hexadecimal_and_blanks_do_not_matter)
{
    static const char *const same[] = {"load id=26 src_w=16", "\tload   src_w=0x10 id=0x1A \r\n",
                                       "load id=0026 src_w=016"};
    uint8_t first[SIM_PAYLOAD_MAX], p[SIM_PAYLOAD_MAX];
    npu_engine engine;
    size_t n;
    for (size_t i = 0; i < COUNT(same); i++) {
        npu_err err = {0};
        ck_assert_msg(sim_text_parse(NPU_ISA_CV18XX_V2, same[i], &engine, i ? p : first, &n,
                                     &err) == NPU_OK, "%s", err.text);
        if (i)
            ck_assert_msg(memcmp(first, p, n) == 0, "%s", same[i]);
    }
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

START_TEST(eight_kibibytes_hold_any_line_and_less_is_refused)
{
    char line[LINE_MAX_BYTES];
    const sim_layout *l = sim_layout_of(layouts[_i].isa, layouts[_i].engine);
    for (unsigned k = 0; k < l->nencoding; k++) {
        uint8_t p[SIM_PAYLOAD_MAX];
        uint64_t w = ~l->encoding[k].mask | l->encoding[k].match;
        npu_err err = {0};
        memset(p, 0xff, sizeof p);
        bits_put(p, l->window, 32, (uint32_t)w);
        bits_put(p, l->window + 32, 32, (uint32_t)(w >> 32));
        ck_assert_int_eq(sim_text_print(layouts[_i].isa, layouts[_i].engine, p, l->bytes, line,
                                        sizeof line, &err), NPU_OK);
        size_t length = strlen(line);
        ck_assert_int_eq(sim_text_print(layouts[_i].isa, layouts[_i].engine, p, l->bytes, line,
                                        length + 1, &err), NPU_OK);
        ck_assert_uint_eq(strlen(line), length);
        ck_assert_int_eq(sim_text_print(layouts[_i].isa, layouts[_i].engine, p, l->bytes, line,
                                        length, &err), NPU_LIMIT);
    }
}
END_TEST

START_TEST(wrong_lines_are_refused_by_the_word)
{
    static const struct {
        const char *line, *names;
    } wrong[] = {
        {"", "''"},
        {"laod id=1", "'laod'"},
        {"cpu id=1", "'cpu'"},
        {"mdsum id=1", "'mdsum'"}, /* CV183x only */
        {"load id", "'id'"},
        {"load =3", "'=3'"},
        {"load idd=1", "'idd'"},
        {"load res0_n=1", "'res0_n': no such field in tdma_cv18xx"},
        {"conv src_w=1", "'src_w': no such field in tiu_cv182x"},
        {"load id=", "id=: a number from 0 to 65535"},
        {"load id=65536", "id=65536: a number from 0 to 65535"},
        {"load id=-1", "id=-1: a number from 0 to 65535"},
        {"load id=+1", "id=+1"},
        {"load id=0x", "id=0x"},
        {"load id=1x", "id=1x"},
        {"load id=1.0", "id=1.0"},
        {"load id=18446744073709551617", "id=18446744073709551617"},
        {"load src_n_stride=4294967296", "0 to 4294967295"},
        {"load vld=2", "vld=2: a number from 0 to 1"},
        {"load id=1 2", "'2'"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        uint8_t p[SIM_PAYLOAD_MAX];
        npu_engine engine;
        size_t n;
        npu_err err = {0};
        ck_assert_msg(sim_text_parse(NPU_ISA_CV18XX_V2, wrong[i].line, &engine, p, &n, &err) ==
                      NPU_BAD_INPUT, "'%s' is accepted", wrong[i].line);
        ck_assert_msg(strstr(err.text, wrong[i].names) != NULL, "'%s': %s", wrong[i].line,
                      err.text);
    }
}
END_TEST

START_TEST(an_instruction_of_the_other_chips_is_refused)
{
    uint8_t p[SIM_PAYLOAD_MAX];
    npu_engine engine;
    size_t n;
    npu_err err = {0};
    ck_assert_int_eq(sim_text_parse(NPU_ISA_CV18XX_V1, "ge id=1", &engine, p, &n, &err),
                     NPU_BAD_INPUT);
    ck_assert_int_eq(sim_text_parse(NPU_ISA_CV18XX_V1, "mdsum id=1", &engine, p, &n, &err), NPU_OK);
}
END_TEST

/* Payload of LINE on ISA; fails the test when LINE is wrong. */
static size_t assemble(npu_isa isa, const char *line, npu_engine *engine, uint8_t *p)
{
    npu_err err = {0};
    size_t n = 0;
    ck_assert_msg(sim_text_parse(isa, line, engine, p, &n, &err) == NPU_OK, "%s", err.text);
    return n;
}

static void must_refuse(npu_isa isa, const char *line, npu_status status, const char *names)
{
    uint8_t p[SIM_PAYLOAD_MAX];
    npu_engine engine;
    npu_cmd c = {0};
    npu_err err = {0};
    size_t n = assemble(isa, line, &engine, p);
    ck_assert_msg(sim_decode(isa, engine, p, n, &c, &err) == status, "'%s': %s", line, err.text);
    ck_assert_msg(strstr(err.text, names) != NULL, "'%s': %s", line, err.text);
}

START_TEST(unknown_instructions_are_refused_with_the_fields_that_decide)
{
    char out[LINE_MAX_BYTES];
    uint8_t p[SIM_PAYLOAD_MAX];
    npu_engine engine;
    npu_err err = {0};
    must_refuse(NPU_ISA_CV18XX_V2, "conv tsk_typ=4", NPU_UNSUPPORTED, "tsk_typ is 4");
    must_refuse(NPU_ISA_CV18XX_V2, "conv tsk_typ=15", NPU_UNSUPPORTED, "tsk_typ is 15");
    must_refuse(NPU_ISA_CV18XX_V2, "conv tsk_eu_typ=1", NPU_UNSUPPORTED,
                "tsk_eu_typ is 1 with tsk_typ 0");
    must_refuse(NPU_ISA_CV18XX_V2, "mul tsk_eu_typ=13", NPU_UNSUPPORTED,
                "tsk_eu_typ is 13 with tsk_typ 3");
    must_refuse(NPU_ISA_CV18XX_V1, "mul tsk_eu_typ=11", NPU_UNSUPPORTED,
                "tsk_eu_typ is 11 with tsk_typ 3");
    must_refuse(NPU_ISA_CV18XX_V1, "conv tsk_typ=9", NPU_UNSUPPORTED, "tsk_typ is 9");
    must_refuse(NPU_ISA_CV18XX_V2, "load spec_func=2", NPU_UNSUPPORTED, "spec_func is 2");
    must_refuse(NPU_ISA_CV18XX_V2, "store spec_func=1 sys_dtype=1", NPU_UNSUPPORTED,
                "trans_dir 1, sys_dtype 1");
    must_refuse(NPU_ISA_CV18XX_V2, "move spec_func=4", NPU_UNSUPPORTED, "trans_dir 3");
    must_refuse(NPU_ISA_CV18XX_V2, "store spec_func=1 transpose_md=2", NPU_UNSUPPORTED,
                "transpose_md 2");
    size_t n = assemble(NPU_ISA_CV18XX_V2, "mul tsk_eu_typ=13", &engine, p);
    ck_assert_int_eq(sim_text_print(NPU_ISA_CV18XX_V2, engine, p, n, out, sizeof out, &err),
                     NPU_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.text, "tsk_eu_typ"));
}
END_TEST

#define TIU_SHAPE                                                                                  \
    " res0_n=1 res0_c=1 res0_h=1 res0_w=1 opd0_n=1 opd0_c=1 opd0_h=1 opd0_w=1 opd1_n=1 opd1_c=1"  \
    " opd1_h=1 opd1_w=1 conv_op_x_str=1 conv_op_y_str=1 "
#define DMA_SHAPE                                                                                  \
    " src_n=1 src_c=1 src_h=1 src_w=1 dst_c=1 dst_h=1 dst_w=1 src_n_stride=1 src_fmt=1 dst_fmt=1 "

START_TEST(what_cannot_be_timed_is_refused_by_field)
{
    static const struct {
        npu_status status;
        const char *line, *names;
    } wrong[] = {
        {NPU_BAD_INPUT, "conv" TIU_SHAPE "cmd_en=0", "cmd_en"},
        {NPU_UNSUPPORTED, "matmul" TIU_SHAPE "opt_left_tran=1", "opt_left_tran"},
        {NPU_UNSUPPORTED, "conv" TIU_SHAPE "cmd_pre_exe=2", "cmd_pre_exe is 2"},
        {NPU_BAD_INPUT, "mul" TIU_SHAPE "res0_n=0", "mul: field res0_n"},
        {NPU_BAD_INPUT, "mul" TIU_SHAPE "res0_c=0", "res0_c"},
        {NPU_BAD_INPUT, "mul" TIU_SHAPE "res0_h=0", "res0_h"},
        {NPU_BAD_INPUT, "mul" TIU_SHAPE "res0_w=0", "res0_w"},
        {NPU_BAD_INPUT, "conv" TIU_SHAPE "opd0_c=0", "opd0_c"},
        {NPU_BAD_INPUT, "conv" TIU_SHAPE "opd0_h=0", "opd0_h"},
        {NPU_BAD_INPUT, "maxpool" TIU_SHAPE "opd0_w=0", "maxpool: field opd0_w"},
        {NPU_BAD_INPUT, "dwconv" TIU_SHAPE "opd1_h=0", "opd1_h"},
        {NPU_BAD_INPUT, "avgpool" TIU_SHAPE "opd1_w=0", "opd1_w"},
        {NPU_BAD_INPUT, "conv" TIU_SHAPE "conv_op_y_str=0", "conv_op_y_str"},
        {NPU_BAD_INPUT, "minpool" TIU_SHAPE "conv_op_x_str=0", "conv_op_x_str"},
        {NPU_BAD_INPUT, "matmul" TIU_SHAPE "opd1_n=0", "opd1_n"},
        {NPU_BAD_INPUT, "load" DMA_SHAPE "vld=0", "vld"},
        {NPU_UNSUPPORTED, "load" DMA_SHAPE "wait_id_other_tdma=3", "wait_id_other_tdma is 3"},
        {NPU_UNSUPPORTED, "load" DMA_SHAPE "wait_id_sdma=4", "wait_id_sdma is 4"},
        {NPU_UNSUPPORTED, "load" DMA_SHAPE "src_fmt=3", "src_fmt"},
        {NPU_UNSUPPORTED, "store" DMA_SHAPE "dst_fmt=3", "dst_fmt"},
        {NPU_BAD_INPUT, "load.gen" DMA_SHAPE "src_n_stride=0", "src_n_stride"},
        {NPU_BAD_INPUT, "load" DMA_SHAPE "src_n=0", "src_n"},
        {NPU_BAD_INPUT, "load" DMA_SHAPE "src_c=0", "src_c"},
        {NPU_BAD_INPUT, "load" DMA_SHAPE "src_h=0", "src_h"},
        {NPU_BAD_INPUT, "load" DMA_SHAPE "src_w=0", "src_w"},
        {NPU_BAD_INPUT, "store" DMA_SHAPE "dst_c=0", "store: field dst_c"},
        {NPU_BAD_INPUT, "store" DMA_SHAPE "dst_h=0", "dst_h"},
        {NPU_BAD_INPUT, "store" DMA_SHAPE "dst_w=0", "dst_w"},
        {NPU_BAD_INPUT, "fill" DMA_SHAPE "dst_h=0", "dst_h"},
        {NPU_BAD_INPUT, "load.mat" DMA_SHAPE "src_w=0", "src_w"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        must_refuse(NPU_ISA_CV18XX_V2, wrong[i].line, wrong[i].status, wrong[i].names);
}
END_TEST

START_TEST(a_descriptor_of_another_length_or_engine_is_refused)
{
    uint8_t p[SIM_PAYLOAD_MAX] = {0};
    char line[LINE_MAX_BYTES];
    npu_cmd c = {0};
    npu_err err = {0};
    ck_assert_int_eq(sim_decode(NPU_ISA_CV18XX_V2, NPU_ENGINE_TIU, p, 111, &c, &err),
                     NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "111"));
    ck_assert_int_eq(sim_decode(NPU_ISA_CV18XX_V2, NPU_ENGINE_TDMA, p, 112, &c, &err),
                     NPU_BAD_INPUT);
    ck_assert_int_eq(sim_decode(NPU_ISA_CV18XX_V2, NPU_ENGINE_TDMA, p, 0, &c, &err), NPU_BAD_INPUT);
    ck_assert_int_eq(sim_decode(NPU_ISA_CV18XX_V2, NPU_ENGINE_CPU, p, 224, &c, &err),
                     NPU_UNSUPPORTED);
    ck_assert_int_eq(sim_text_print(NPU_ISA_CV18XX_V2, NPU_ENGINE_TIU, p, 64, line, sizeof line,
                                    &err), NPU_BAD_INPUT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("text");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_loop_test(core, any_payload_survives_the_text, 0, COUNT(layouts));
    tcase_add_loop_test(core, every_field_survives_the_text_at_its_limit, 0, COUNT(layouts));
    tcase_add_test(core, a_line_names_only_what_differs);
    tcase_add_test(core, numbers_are_decimal_or_hexadecimal_and_blanks_do_not_matter);
    tcase_add_loop_test(limits, eight_kibibytes_hold_any_line_and_less_is_refused, 0,
                        COUNT(layouts));
    tcase_add_test(limits, wrong_lines_are_refused_by_the_word);
    tcase_add_test(limits, an_instruction_of_the_other_chips_is_refused);
    tcase_add_test(limits, unknown_instructions_are_refused_with_the_fields_that_decide);
    tcase_add_test(limits, what_cannot_be_timed_is_refused_by_field);
    tcase_add_test(limits, a_descriptor_of_another_length_or_engine_is_refused);
    tcase_set_timeout(core, 60);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
