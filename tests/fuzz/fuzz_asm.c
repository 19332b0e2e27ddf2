/* Fuzz target: the assembler, and the writer over whatever it accepts. */
#include <stdlib.h>
#include <string.h>

#include "tools/asm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    asm_state a;
    npu_err err;
    uint8_t *bytes;
    size_t n;

    if (!text)
        return 0;
    memcpy(text, data, size);
    if (asm_text(&a, "input", text, size, &err) == NPU_OK && a.complete &&
        cvi_write(a.model, a.bad_md5, &bytes, &n, &err) == NPU_OK)
        free(bytes);
    asm_free(&a);
    free(text);
    return 0;
}
