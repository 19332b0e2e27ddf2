/* Compressed weights for test models (tools/vlc.h).
 *
 * Two kinds of block are used: "raw" (16 bytes as they are, map byte 0xe0) and "all zero" (a unary
 * field of 16 one bits, map byte 0), mixed to reach the wanted size. */
#include "tools/vlc.h"

enum { WORD = 16, ZERO_BLOCK = 2, MAP_RAW = 7 << 5, SIGNED = 1 << 28 };

npu_status vlc_put(size_t raw, size_t data, buf_writer *out, npu_err *err)
{
    size_t blocks = (raw + WORD - 1) / WORD, map = (blocks + WORD - 1) / WORD * WORD;
    size_t least = (ZERO_BLOCK * blocks + WORD - 1) / WORD * WORD, most = WORD * blocks;
    size_t nraw = 0, used, start = out->len;

    if (data % WORD || data < least || data > most || data > VLC_DATA_MAX ||
        WORD + map + data > raw)
        return npu_fail(err, NPU_BAD_INPUT, "vlc=%zu: for %zu bytes the data may have %zu to %zu "
                        "bytes, a multiple of 16, and with %zu of header and map not exceed them",
                        data, raw, least, most, WORD + map);
    while (nraw < blocks && (nraw + 1) * WORD + (blocks - nraw - 1) * ZERO_BLOCK <= data)
        nraw++;
    buf_put_int(out, data | SIGNED, 8);
    buf_put_zero(out, WORD - 8);
    for (size_t i = 0; i < map; i++)
        buf_put_int(out, i < nraw ? MAP_RAW : 0, 1);
    for (size_t i = 0; i < nraw * WORD; i++)
        buf_put_int(out, (uint32_t)(i * 2654435761u) >> 24, 1);
    for (size_t i = nraw; i < blocks; i++)
        buf_put_int(out, 0xffff, ZERO_BLOCK);
    used = out->len - start;
    buf_put_zero(out, raw - used);
    return NPU_OK;
}
