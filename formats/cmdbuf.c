/* Record framing of a CMDBUF section (formats/cmdbuf.h). */
#include "formats/cmdbuf.h"

enum { LENGTH_MAX = 255 }; /* longest payload whose length fits its byte */

fmt_cmdbuf fmt_cmdbuf_over(const char *name, const uint8_t *data, size_t n)
{
    fmt_cmdbuf c = {.name = name, .b = buf_over(data, n), .magic = -1};
    return c;
}

fmt_cmdbuf fmt_cmdbuf_of(const npu_section *s)
{
    return fmt_cmdbuf_over(s->name, s->data, s->data_bytes);
}

static npu_status check(fmt_cmdbuf *c, const fmt_cmd *cmd, npu_err *err)
{
    if (c->magic < 0)
        c->magic = cmd->magic;
    if (cmd->magic != c->magic)
        return npu_fail(err, NPU_BAD_INPUT, "section %.80s, byte %zu: record begins with 0x%02x; "
                        "0x%02x is needed, as at its start", c->name, cmd->offset, cmd->magic,
                        (unsigned)c->magic);
    if (cmd->engine >= NPU_ENGINES)
        return npu_fail(err, NPU_BAD_INPUT, "section %.80s, byte %zu: engine %u; known are "
                        "0 (TIU), 1 (CPU), 2 (TDMA)", c->name, cmd->offset,
                        (unsigned)cmd->engine);
    if (cmd->n == 0)
        return npu_fail(err, NPU_BAD_INPUT, "section %.80s, byte %zu: record without payload",
                        c->name, cmd->offset);
    return NPU_OK;
}

npu_status fmt_cmdbuf_next(fmt_cmdbuf *c, fmt_cmd *cmd, npu_err *err)
{
    size_t left = buf_left(&c->b);
    uint8_t length, engine;

    *cmd = (fmt_cmd){.offset = c->b.pos};
    if (left == 0)
        return NPU_OK;
    cmd->magic = buf_u8(&c->b);
    length = buf_u8(&c->b);
    engine = buf_u8(&c->b);
    cmd->flags = buf_u8(&c->b);
    cmd->mask = buf_u32(&c->b);
    if (c->b.failed)
        return npu_fail(err, NPU_BAD_INPUT, "section %.80s, byte %zu: %zu bytes left, a record "
                        "header has %d", c->name, cmd->offset, left, (int)FMT_CMDBUF_HEADER);
    cmd->engine = engine & 15;
    cmd->engine_high = engine >> 4;
    cmd->wide = length == 0;
    cmd->n = cmd->wide ? cmd->mask : length;
    NPU_TRY(check(c, cmd, err));
    cmd->payload = buf_take(&c->b, cmd->n);
    if (!cmd->payload)
        return npu_fail(err, NPU_BAD_INPUT, "section %.80s, byte %zu: payload of %zu bytes, %zu "
                        "left", c->name, cmd->offset, cmd->n, left - FMT_CMDBUF_HEADER);
    return NPU_OK;
}

void fmt_cmdbuf_put(buf_writer *w, const fmt_cmd *cmd)
{
    bool wide = cmd->wide || cmd->n > LENGTH_MAX;

    buf_put_int(w, cmd->magic, 1);
    buf_put_int(w, wide ? 0 : cmd->n, 1);
    buf_put_int(w, (uint64_t)cmd->engine | (uint64_t)cmd->engine_high << 4, 1);
    buf_put_int(w, cmd->flags, 1);
    buf_put_int(w, wide ? cmd->n : cmd->mask, 4);
    buf_put(w, cmd->payload, cmd->n);
}
