/* See assembled.h. */
#include "tests/unit/assembled.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "formats/cvimodel.h"
#include "perf/run.h"
#include "tools/asm.h"

static npu_model *from_text(const char *name, char *text, size_t n)
{
    asm_state a;
    npu_model *m = NULL;
    npu_err err = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    ck_assert_msg(asm_text(&a, name, text, n, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(cvi_write(a.model, false, &bytes, &size, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(npu_model_parse(name, bytes, size, &m, &err) == NPU_OK, "%s", err.text);
    free(bytes);
    asm_free(&a);
    return m;
}

npu_model *assembled_model(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n + 1); /* the assembler writes over it */
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, n + 1);
    npu_model *m = from_text("text.cvimodel", copy, n);
    free(copy);
    return m;
}

npu_model *assembled_file(const char *name)
{
    const char *top = getenv("top_srcdir"), *slash = strrchr(name, '/');
    char path[1024];
    uint8_t *text = NULL;
    size_t n = 0;
    npu_err err = {0};
    snprintf(path, sizeof path, "%s/%s", top ? top : NPUSIM_SOURCE_DIR, name);
    ck_assert_msg(sys_read_file(path, &text, &n, &err) == NPU_OK, "%s", err.text);
    npu_model *m = from_text(slash ? slash + 1 : name, (char *)text, n);
    free(text);
    return m;
}

static npu_status set_all(npu_chip *chip, const char *sets, npu_err *err)
{
    for (const char *s = sets + strspn(sets, " "); *s; s += strspn(s, " ")) {
        char word[128];
        size_t n = strcspn(s, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, s);
        NPU_TRY(npu_chip_set(chip, word, err));
        s += n;
    }
    return NPU_OK;
}

npu_status assembled_run(npu_model *model, const char *sets, assembled *out, npu_err *err)
{
    *out = (assembled){.model = model};
    NPU_TRY(npu_chip_load(model->chip, &out->chip, err));
    NPU_TRY(set_all(out->chip, sets, err));
    NPU_TRY(perf_prog_load(model, out->chip, &out->prog, err));
    NPU_TRY(perf_run(out->prog, out->chip, &out->trace, err));
    return perf_collect(out->prog, out->chip, &out->trace, &out->profile, err);
}

assembled assembled_ran(npu_model *model, const char *sets)
{
    assembled a;
    npu_err err = {0};
    ck_assert_msg(assembled_run(model, sets, &a, &err) == NPU_OK, "%s", err.text);
    return a;
}

void assembled_free(assembled *a)
{
    npu_profile_free(a->profile);
    npu_trace_free(&a->trace);
    perf_prog_free(a->prog);
    npu_chip_free(a->chip);
    npu_model_free(a->model);
    *a = (assembled){0};
}
