/* Fuzz target: the .bin reader behind its check sums.  They are set right first, or nearly every
 * variant would end there; a plain reading comes first, so that the check itself is covered. */
#include <stdlib.h>
#include <string.h>

#include "formats/bin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const uint8_t *data, size_t size)
{
    npu_model *m;
    npu_err err;
    uint8_t *bytes;
    size_t n;

    if (npu_model_parse("input", data, size, &m, &err) != NPU_OK)
        return;
    for (size_t i = 0; i < m->nmember; i++) {
        const uint8_t *at;
        if (bin_member(m, i, &at, &n, &err) != NPU_OK)
            abort(); /* the directory was good a moment ago */
    }
    if (m->nmember == 0 && bin_sniff(data, size) && bin_write(m, &bytes, &n, &err) == NPU_OK)
        free(bytes);
    npu_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        return 0;
    read_again(data, size);
    memcpy(copy, data, size);
    if (size >= BIN_HEADER && bin_sniff(copy, size)) {
        bin_seal(copy, size);
        read_again(copy, size);
    }
    free(copy);
    return 0;
}
