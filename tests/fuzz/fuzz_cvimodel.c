/* Fuzz target: the container reader and the framing of every command section. */
#include "formats/cmdbuf.h"
#include "npusim/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const npu_section *s)
{
    fmt_cmdbuf b = fmt_cmdbuf_of(s);
    fmt_cmd c;
    npu_err err;

    while (fmt_cmdbuf_next(&b, &c, &err) == NPU_OK && c.payload)
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npu_model *m;
    npu_err err;

    if (npu_model_parse("input", data, size, &m, &err) != NPU_OK)
        return 0;
    for (size_t i = 0; i < m->nsection; i++)
        if (m->section[i].type == NPU_SECTION_CMDBUF)
            walk(&m->section[i]);
    npu_model_free(m);
    return 0;
}
