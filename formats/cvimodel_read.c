/* .cvimodel -> npu_model: header, description, check sum (formats/cvimodel.h). */
#include "formats/cvimodel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"

/* A description may unfold to this many bytes per stored byte, plus a fixed share. */
enum { UNFOLD = 16, UNFOLD_FIXED = 1 << 26 };

static const cvi_chip chips[] = {
    {"cv180x", 0xa8, NPU_ISA_CV18XX_V2},
    {"cv181x", 0xa7, NPU_ISA_CV18XX_V2},
    {"cv182x", 0xa6, NPU_ISA_CV18XX_V2},
    {"cv183x", 0xa5, NPU_ISA_CV18XX_V1},
};
enum { CHIPS = sizeof chips / sizeof chips[0] };

const cvi_chip *cvi_chips(size_t *n)
{
    *n = CHIPS;
    return chips;
}

const cvi_chip *cvi_chip_find(const char *name)
{
    for (size_t i = 0; i < CHIPS; i++)
        if (!strcmp(chips[i].name, name))
            return &chips[i];
    return NULL;
}

const cvi_chip *cvi_chip_of_magic(uint8_t magic)
{
    for (size_t i = 0; i < CHIPS; i++)
        if (chips[i].magic == magic)
            return &chips[i];
    return NULL;
}

bool cvi_sniff(const uint8_t *bytes, size_t n)
{
    return n >= strlen(CVI_MAGIC) && !memcmp(bytes, CVI_MAGIC, strlen(CVI_MAGIC));
}

/* Version, sizes and chip text of the header; *base is where the description starts. */
static npu_status read_header(npu_model *m, size_t *base, char chip[CVI_CHIP_BYTES + 1],
                              npu_err *err)
{
    buf_reader b = buf_over(m->bytes, m->nbytes);

    chip[0] = '\0';
    m->body_bytes = (uint32_t)buf_at(&b, CVI_AT_BODY, 4);
    m->header_major = (uint8_t)buf_at(&b, CVI_AT_MAJOR, 1);
    m->header_minor = (uint8_t)buf_at(&b, CVI_AT_MINOR, 1);
    if (!b.failed && (m->header_major != 1 || m->header_minor > CVI_MINOR_MAX))
        return npu_fail(err, NPU_UNSUPPORTED, "%s: container version %u.%u; 1.0 to 1.%u are read",
                        m->path, m->header_major, m->header_minor, (unsigned)CVI_MINOR_MAX);
    *base = m->header_minor ? CVI_HEADER : CVI_HEADER_10;
    if (m->nbytes < *base)
        return npu_fail(err, NPU_BAD_INPUT, "%s: truncated: %zu bytes found, the header alone "
                        "needs %zu", m->path, m->nbytes, *base);
    if (m->body_bytes > m->nbytes - *base)
        return npu_fail(err, NPU_BAD_INPUT, "%s: truncated: %zu bytes found, at least %zu needed "
                        "(header %zu, description %u)", m->path, m->nbytes,
                        *base + m->body_bytes, *base, m->body_bytes);
    if (m->header_minor)
        memcpy(chip, m->bytes + CVI_AT_CHIP, CVI_CHIP_BYTES);
    chip[CVI_CHIP_BYTES] = '\0';
    return NPU_OK;
}

/* Version 1.0 has no check sum; later ones cover everything after the header. */
static void check_md5(npu_model *m, size_t base)
{
    uint8_t digest[HASH_MD5_BYTES];

    if (!(m->has_md5 = m->header_minor > 0))
        return;
    hash_md5(m->bytes + base, m->nbytes - base, digest);
    m->md5_ok = !memcmp(digest, m->bytes + CVI_AT_MD5, sizeof digest);
}

static void read_strings(fmt_fb *fb, const fmt_fb_table *t, npu_model *m)
{
    const uint8_t *version = fmt_fb_struct(fb, t, CVI_MODEL_VERSION, sizeof m->version);

    if (version)
        memcpy(m->version, version, sizeof m->version);
    m->name = fmt_fb_string(fb, t, CVI_MODEL_NAME);
    m->build_time = fmt_fb_string(fb, t, CVI_MODEL_BUILD_TIME);
    m->target = fmt_fb_string(fb, t, CVI_MODEL_TARGET);
    m->mlir_version = fmt_fb_string(fb, t, CVI_MODEL_MLIR_VERSION);
}

/* First byte of the first command record, 0 when there is none. */
static uint8_t command_magic(const npu_model *m)
{
    for (size_t i = 0; i < m->nsection; i++)
        if (m->section[i].type == NPU_SECTION_CMDBUF && m->section[i].data_bytes > 0)
            return m->section[i].data[0];
    return 0;
}

/* The chip: from the header, else the target field, else the magic of the commands. */
static npu_status find_chip(npu_model *m, const char *from_header, npu_err *err)
{
    const cvi_chip *by_magic = cvi_chip_of_magic(command_magic(m));
    const char *name = from_header[0] ? from_header
                       : m->target && m->target[0] ? m->target
                       : by_magic ? by_magic->name : NULL;
    char shown[CVI_CHIP_BYTES + 1];

    if (!name)
        return npu_fail(err, NPU_BAD_INPUT, "%s: neither the header nor the target field nor the "
                        "commands name a chip", m->path);
    if (cvi_chip_find(name)) {
        snprintf(m->chip, sizeof m->chip, "%s", name);
        return NPU_OK;
    }
    snprintf(shown, sizeof shown, "%s", name);
    for (char *p = shown; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
    return npu_fail(err, NPU_UNSUPPORTED, "%s: made for chip \"%s\"; known are %s, %s, %s, %s",
                    m->path, shown, chips[0].name, chips[1].name, chips[2].name, chips[3].name);
}

npu_status cvi_read(npu_model *m, npu_err *err)
{
    char chip[CVI_CHIP_BYTES + 1];
    size_t base = 0, budget;
    fmt_fb fb;
    fmt_fb_table t;

    NPU_TRY(read_header(m, &base, chip, err));
    check_md5(m, base);
    budget = (size_t)m->body_bytes * UNFOLD + UNFOLD_FIXED;
    fb = fmt_fb_over(m->path, m->bytes + base, m->body_bytes, &budget, err);
    fmt_fb_root(&fb, &t);
    read_strings(&fb, &t, m);
    cvi_read_weights(&fb, &t, m);
    cvi_read_programs(&fb, &t, m);
    cvi_read_sections(&fb, &t, m);
    NPU_TRY(fb.status);
    NPU_TRY(cvi_place_sections(m, base + m->body_bytes, err));
    NPU_TRY(find_chip(m, chip, err));
    return cvi_check(m, err);
}
