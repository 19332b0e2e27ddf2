/* Command section -> npu_prog. */
#include "npusim/prog.h"

#include <stdlib.h>

#include "formats/cmdbuf.h"

enum { SMALLEST_RECORD = FMT_CMDBUF_HEADER + 64 }; /* a TDMA command */

npu_status npu_prog_read(const npu_section *s, npu_prog *out, npu_err *err)
{
    fmt_cmdbuf c = fmt_cmdbuf_of(s);
    fmt_cmd r;
    npu_status status;
    size_t cap = s->data_bytes / SMALLEST_RECORD + 1;
    *out = (npu_prog){.section = s->name, .desc = malloc(cap * sizeof *out->desc)};
    if (!out->desc)
        return npu_fail(err, NPU_LIMIT, "section %.80s: no memory for %zu commands", s->name, cap);
    while ((status = fmt_cmdbuf_next(&c, &r, err)) == NPU_OK && r.payload) {
        if (r.n < SMALLEST_RECORD - FMT_CMDBUF_HEADER || r.n > UINT16_MAX) {
            status = npu_fail(err, NPU_BAD_INPUT,
                              "section %.80s, byte %zu: payload of %zu bytes; TIU commands have "
                              "112, TDMA commands 64", s->name, r.offset, r.n);
            break;
        }
        out->desc[out->n++] = (npu_desc){r.payload, (uint32_t)r.offset, (uint16_t)r.n,
                                         (uint8_t)r.engine, r.magic};
    }
    if (status != NPU_OK)
        npu_prog_free(out);
    return status;
}

void npu_prog_free(npu_prog *p)
{
    free(p->desc);
    p->desc = NULL;
    p->n = 0;
}
