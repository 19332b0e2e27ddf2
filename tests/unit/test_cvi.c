/* The cv181x back end: what it writes is read, decoded and simulated by the rest of the program. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cvi.h"
#include "formats/cvimodel.h"
#include "tests/unit/assembled.h"
#include "tests/unit/cvi_net.h"
#include "tests/unit/unit.h"

/* Compiles N, writes the container and reads it back. */
static npu_model *compiled(cvi_net *n)
{
    npu_model *m = calloc(1, sizeof *m), *back = NULL;
    npu_chip *chip = NULL;
    npu_err err = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    ck_assert_msg(npu_chip_load("cv181x", &chip, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(cvi_emit(&n->net, NULL, chip, m, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(cvi_write(m, false, &bytes, &size, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(npu_model_parse("made.cvimodel", bytes, size, &back, &err) == NPU_OK, "%s",
                  err.text);
    free(bytes);
    npu_chip_free(chip);
    npu_model_free(m);
    return back;
}

START_TEST(two_convolutions_run)
{
    cvi_net n = cvi_net_new("two");
    int32_t t = cvi_net_input(&n, 3, 32, 32);
    t = cvi_net_conv(&n, "c0", t, (conv_shape){16, 3, 2, 1, true}, NPU_NONE);
    t = cvi_net_conv(&n, "c1", t, (conv_shape){32, 3, 1, 1, false}, NPU_NONE);
    n.net.tensor[t].output = true;
    assembled a = assembled_ran(compiled(&n), "");
    ck_assert_uint_gt(a.profile->macs, 0);
    assembled_free(&a);
    cvi_net_free(&n);
}
END_TEST

START_TEST(yolov8n_runs)
{
    cvi_net n = cvi_net_yolov8n(640);
    assembled a = assembled_ran(compiled(&n), "");
    assembled_free(&a);
    cvi_net_free(&n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cvi");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 120);
    tcase_add_test(core, two_convolutions_run);
    tcase_add_test(core, yolov8n_runs);
    suite_add_tcase(s, core);
    return unit_run(s);
}
