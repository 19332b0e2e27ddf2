/* Fuzz target: makertbin YAML.  What is accepted must be written out so that it reads back the
 * same. */
#include <stdlib.h>
#include <string.h>

#include "compiler/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const uint8_t *data, size_t size, bool caffe)
{
    cc_config *c, *again;
    const char *dump, *second;
    npu_err err;
    if (cc_config_parse("input", data, size, caffe, NULL, &c, &err) != NPU_OK)
        return;
    dump = cc_config_dump(c);
    if (!dump || cc_config_parse("input", (const uint8_t *)dump, strlen(dump), caffe, NULL, &again,
                                 &err) != NPU_OK)
        abort();
    second = cc_config_dump(again);
    if (!second || strcmp(dump, second))
        abort();
    cc_config_free(again);
    cc_config_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    round_trip(data, size, false);
    round_trip(data, size, true);
    return 0;
}
