/* Fuzz target: from the bytes of a container to its profile, on the chip the container names. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/simulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Chips by the digit that tells them apart; loaded once, kept to the end of the process. */
static const npu_chip *chip_for(const npu_model *m)
{
    static npu_chip *chips[10];
    unsigned digit = (unsigned char)m->chip[4] - '0'; /* cv18Dx */
    npu_err err;

    if (digit >= 10)
        return NULL;
    if (!chips[digit] && npu_chip_load(m->chip, &chips[digit], &err) != NPU_OK)
        chips[digit] = NULL;
    return chips[digit];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npu_model *m;
    npu_err err;
    const npu_chip *chip;
    npu_status s;

    if (npu_model_parse("input", data, size, &m, &err) != NPU_OK)
        return 0;
    chip = chip_for(m);
    s = chip ? simulate(m, chip, &err) : NPU_OK;
    npu_model_free(m);
    if (s != NPU_OK && s != NPU_BAD_INPUT && s != NPU_UNSUPPORTED) {
        fprintf(stderr, "status %d: %s\n", (int)s, err.text);
        abort(); /* no input may make us blame ourselves */
    }
    return 0;
}
