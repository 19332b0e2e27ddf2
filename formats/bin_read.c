/* .bin -> npu_model: header, chunks, and what must hold between them (formats/bin.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "formats/bin.h"
#include "formats/cvimodel.h"

enum { WHAT = 256, LEAST_ENTRY = 20, LIST_TEXT = 300 };

bool bin_sniff(const uint8_t *bytes, size_t n)
{
    return n >= strlen(BIN_MAGIC) && !memcmp(bytes, BIN_MAGIC, strlen(BIN_MAGIC));
}

npu_status bin_open(const char *what, const uint8_t *bytes, size_t n, bin_file *f, npu_err *err)
{
    buf_reader b = buf_over(bytes, n);
    unsigned major = (unsigned)buf_at(&b, BIN_AT_MAJOR, 2);
    uint64_t need = buf_at(&b, BIN_AT_BYTES, 8);
    uint32_t crc = (uint32_t)buf_at(&b, BIN_AT_CRC, 4);

    *f = (bin_file){.minor = (unsigned)buf_at(&b, BIN_AT_MINOR, 2),
                    .kind = (unsigned)buf_at(&b, BIN_AT_KIND, 4),
                    .chunks = (uint32_t)buf_at(&b, BIN_AT_CHUNKS, 4)};
    buf_seek(&b, BIN_HEADER);
    if (b.failed || !bin_sniff(bytes, n))
        return npu_fail(err, NPU_BAD_INPUT, "%s: truncated: %zu bytes found, the header alone "
                        "needs %u", what, n, (unsigned)BIN_HEADER);
    if (major != BIN_MAJOR)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: container version %u.%u; %u.x is read", what,
                        major, f->minor, (unsigned)BIN_MAJOR);
    if (need != n)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %s: %zu bytes found, the header says %llu", what,
                        need > n ? "truncated" : "too long", n, (unsigned long long)need);
    if (bin_file_crc(bytes, n) != crc) { /* name the chunk that is broken, when it is one */
        bin_file probe = *f;
        bin_chunk c = {.tag = "?"};
        probe.at = b;
        while (c.tag[0])
            NPU_TRY(bin_next(what, &probe, &c, err));
        return npu_fail(err, NPU_BAD_INPUT, "%s: CRC of the file does not match", what);
    }
    if (f->kind > BIN_PACKED)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: kind %u; 0 (one model) and 1 (packed) are read",
                        what, f->kind);
    f->at = b;
    return NPU_OK;
}

static bool good_tag(const char *tag)
{
    return strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == BIN_TAG;
}

npu_status bin_next(const char *what, bin_file *f, bin_chunk *c, npu_err *err)
{
    buf_reader *b = &f->at;
    const uint8_t *tag, *pad;
    uint32_t crc;
    uint64_t n;

    *c = (bin_chunk){.tag = ""};
    if (f->chunks == 0) {
        if (buf_left(b))
            return npu_fail(err, NPU_BAD_INPUT, "%s: %zu bytes follow the last chunk", what,
                            buf_left(b));
        return NPU_OK;
    }
    f->chunks--;
    if ((tag = buf_take(b, BIN_TAG)))
        memcpy(c->tag, tag, BIN_TAG);
    crc = buf_u32(b);
    n = buf_u64(b);
    if (b->failed || !good_tag(c->tag) || n > buf_left(b))
        return npu_fail(err, NPU_BAD_INPUT, "%s: no chunk at byte %zu: its tag or its length is "
                        "broken", what, b->pos);
    c->offset = b->pos;
    c->bytes = (size_t)n;
    c->payload = buf_take(b, c->bytes);
    if (hash_crc32(0, c->payload, c->bytes) != crc)
        return npu_fail(err, NPU_BAD_INPUT, "%s: chunk %s at byte %zu: its CRC does not match",
                        what, c->tag, c->offset);
    n = (BIN_ALIGN - c->bytes % BIN_ALIGN) % BIN_ALIGN;
    pad = buf_take(b, (size_t)n);
    for (size_t i = 0; pad && i < n; i++)
        if (pad[i])
            b->failed = true;
    if (b->failed)
        return npu_fail(err, NPU_BAD_INPUT, "%s: chunk %s is not followed by zeros to a "
                        "multiple of %u", what, c->tag, (unsigned)BIN_ALIGN);
    return NPU_OK;
}

/* A section's contents stay where they are in the file. */
static npu_status read_section(npu_model *m, const char *what, const bin_chunk *c, npu_err *err)
{
    buf_reader b = buf_over(c->payload, c->bytes);
    npu_section *s = realloc(m->section, (m->nsection + 1) * sizeof *s);
    uint8_t type = buf_u8(&b);

    if (!s)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", what);
    m->section = s;
    s += m->nsection++;
    *s = (npu_section){.name = bin_str(&b)};
    if (b.pos % BIN_ALIGN)
        buf_take(&b, BIN_ALIGN - b.pos % BIN_ALIGN);
    if (b.failed || buf_left(&b) > UINT32_MAX ||
        (type != NPU_SECTION_WEIGHT && type != NPU_SECTION_CMDBUF && type != NPU_SECTION_DMABUF))
        return npu_fail(err, NPU_BAD_INPUT, "%s: broken: type %u", what, type);
    s->type = (npu_section_type)type;
    s->size = (uint32_t)buf_left(&b);
    s->offset = (uint32_t)(c->offset + b.pos);
    s->file_offset = (uint64_t)(c->payload - m->bytes) + b.pos;
    s->data = c->payload + b.pos;
    s->data_bytes = s->size;
    return NPU_OK;
}

static npu_status read_next_program(npu_model *m, const char *what, buf_reader *b, npu_err *err)
{
    npu_program *p = realloc(m->program, (m->nprogram + 1) * sizeof *p);

    if (!p)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", what);
    m->program = p;
    p[m->nprogram] = (npu_program){0};
    return bin_read_program(&p[m->nprogram++], what, b, err);
}

static npu_status read_info(npu_model *m, const char *what, const bin_chunk *c, npu_err *err)
{
    cJSON *json = NULL;
    bool object;

    if (!(m->info = strndup((const char *)c->payload, c->bytes)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", what);
    if (strlen(m->info) < c->bytes)
        return npu_fail(err, NPU_BAD_INPUT, "%s: holds a NUL", what);
    NPU_TRY(json_parse(what, m->info, c->bytes, NPU_BAD_INPUT, &json, err));
    object = cJSON_IsObject(json);
    cJSON_Delete(json);
    return object ? NPU_OK : npu_fail(err, NPU_BAD_INPUT, "%s: the JSON is no object", what);
}

/* Which tables may come once, and which have come. */
static npu_status once(const char *what, bool seen, npu_err *err)
{
    return seen ? npu_fail(err, NPU_BAD_INPUT, "%s: there is a second one", what) : NPU_OK;
}

static npu_status read_chunk(npu_model *m, const char *name, unsigned minor, const bin_chunk *c,
                             npu_err *err)
{
    char what[WHAT];
    buf_reader b = buf_over(c->payload, c->bytes);

    snprintf(what, sizeof what, "%.200s: chunk %s", name, c->tag);
    if (!strcmp(c->tag, "HEAD") || m->chip[0] == '\0') {
        if (strcmp(c->tag, "HEAD") || m->chip[0])
            return npu_fail(err, NPU_BAD_INPUT, "%s: HEAD comes first, and once", what);
        return bin_read_head(m, what, &b, err);
    }
    if (!strcmp(c->tag, "PROG"))
        return read_next_program(m, what, &b, err);
    if (!strcmp(c->tag, "SECT"))
        return read_section(m, what, c, err);
    if (!strcmp(c->tag, "INFO")) {
        NPU_TRY(once(what, m->info != NULL, err));
        return read_info(m, what, c, err);
    }
    if (!strcmp(c->tag, "WMAP")) {
        NPU_TRY(once(what, m->weight != NULL, err));
        return bin_read_weights(m, what, &b, err);
    }
    if (!strcmp(c->tag, "LAYR")) {
        NPU_TRY(once(what, m->layer != NULL, err));
        return bin_read_layers(m, what, &b, err);
    }
    if (!strcmp(c->tag, "NODE")) {
        NPU_TRY(once(what, m->node != NULL, err));
        return bin_read_nodes(m, what, &b, err);
    }
    return minor > BIN_MINOR ? NPU_OK
                             : npu_fail(err, NPU_BAD_INPUT, "%s: nobody knows this tag", what);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No two of NAME are equal. */
static npu_status distinct(const char *what, const char *kind, const char **name, size_t n,
                           npu_err *err)
{
    qsort(name, n, sizeof *name, by_text);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(name[i - 1], name[i]))
            return npu_fail(err, NPU_BAD_INPUT, "%s: two %s are named %.80s", what, kind, name[i]);
    return NPU_OK;
}

static npu_status check(const npu_model *m, const char *what, npu_err *err)
{
    const char **name = calloc(m->nsection + 1, sizeof *name);
    npu_status s;

    if (!name)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", what);
    for (size_t i = 0; i < m->nsection; i++)
        name[i] = m->section[i].name;
    s = distinct(what, "sections", name, m->nsection, err);
    free(name);
    NPU_TRY(s);
    NPU_TRY(cvi_check(m, err));
    for (size_t i = 0; i < m->nlayer; i++)
        if (m->layer[i].routine >= m->program[0].nroutine)
            return npu_fail(err, NPU_BAD_INPUT, "%s: layer %.80s is of routine %u; there are %zu",
                            what, m->layer[i].name, m->layer[i].routine, m->program[0].nroutine);
    return NPU_OK;
}

/* One model from BYTES, which lie in M's image; WHAT names file and member. */
static npu_status read_model(npu_model *m, const char *what, const uint8_t *bytes, size_t n,
                             npu_err *err)
{
    bin_file f;
    bin_chunk c;

    NPU_TRY(bin_open(what, bytes, n, &f, err));
    if (f.kind != BIN_MODEL)
        return npu_fail(err, NPU_BAD_INPUT, "%s: is packed itself", what);
    m->header_major = BIN_MAJOR;
    m->header_minor = f.minor <= UINT8_MAX ? (uint8_t)f.minor : UINT8_MAX;
    for (;;) {
        NPU_TRY(bin_next(what, &f, &c, err));
        if (!c.tag[0])
            break;
        NPU_TRY(read_chunk(m, what, f.minor, &c, err));
    }
    if (!m->chip[0])
        return npu_fail(err, NPU_BAD_INPUT, "%s: has no chunk HEAD", what);
    return check(m, what, err);
}

/* --- packed files --------------------------------------------------------------------------- */

typedef struct { /* the directory */
    char **name;
    uint64_t *at, *bytes;
    size_t n;
} directory;

static void free_directory(directory *d)
{
    for (size_t i = 0; d->name && i < d->n; i++)
        free(d->name[i]);
    free(d->name);
    free(d->at);
    free(d->bytes);
}

static npu_status parse_directory(const char *path, const bin_chunk *c, directory *d, npu_err *err)
{
    buf_reader b = buf_over(c->payload, c->bytes);
    void *room;

    d->n = bin_list(&b, LEAST_ENTRY, sizeof *d->name, &room);
    d->name = room;
    d->at = calloc(d->n + 1, sizeof *d->at);
    d->bytes = calloc(d->n + 1, sizeof *d->bytes);
    if (!d->at || !d->bytes)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    for (size_t i = 0; i < d->n && !b.failed; i++) {
        d->name[i] = bin_str(&b);
        d->at[i] = buf_u64(&b);
        d->bytes[i] = buf_u64(&b);
    }
    if (b.failed || buf_left(&b) || d->n == 0 || strcmp(c->tag, "PDIR"))
        return npu_fail(err, NPU_BAD_INPUT, "%s: packed, but the directory (chunk PDIR) is broken "
                        "or empty", path);
    return NPU_OK;
}

/* Every MODL lies where the directory says. */
static npu_status check_directory(const char *path, const directory *d, bin_file *f, npu_err *err)
{
    bin_chunk c;
    size_t i = 0;

    for (;;) {
        NPU_TRY(bin_next(path, f, &c, err));
        if (!c.tag[0])
            break;
        if (strcmp(c.tag, "MODL") && f->minor > BIN_MINOR)
            continue;
        if (strcmp(c.tag, "MODL") || i >= d->n || d->at[i] != c.offset || d->bytes[i] != c.bytes)
            return npu_fail(err, NPU_BAD_INPUT, "%s: chunk %s at byte %zu is not what the "
                            "directory says", path, c.tag, c.offset);
        i++;
    }
    if (i < d->n)
        return npu_fail(err, NPU_BAD_INPUT, "%s: model %.80s of the directory is missing", path,
                        d->name[i]);
    return NPU_OK;
}

static npu_status read_directory(const npu_model *m, bin_file *f, directory *d, npu_err *err)
{
    const char **name;
    bin_chunk c;
    npu_status s;

    NPU_TRY(bin_next(m->path, f, &c, err));
    NPU_TRY(parse_directory(m->path, &c, d, err));
    NPU_TRY(check_directory(m->path, d, f, err));
    if (!(name = calloc(d->n, sizeof *name)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", m->path);
    for (size_t i = 0; i < d->n; i++)
        name[i] = d->name[i];
    s = distinct(m->path, "models", name, d->n, err);
    free(name);
    return s;
}

static npu_status no_member(const npu_model *m, const directory *d, const char *name, npu_err *err)
{
    char known[LIST_TEXT] = "";

    for (size_t i = 0; i < d->n && strlen(known) + 1 < sizeof known; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 d->name[i]);
    return npu_fail(err, NPU_BAD_INPUT, "%s: no model \"%.80s\"; there %s %s", m->path, name,
                    d->n > 1 ? "are" : "is", known);
}

static npu_status read_packed(npu_model *m, const char *want, bin_file *f, directory *d,
                              npu_err *err)
{
    size_t at = 0;
    char what[WHAT];

    NPU_TRY(read_directory(m, f, d, err));
    while (want && at < d->n && strcmp(d->name[at], want))
        at++;
    if (at == d->n)
        return no_member(m, d, want, err);
    snprintf(what, sizeof what, "%.150s, model %.80s", m->path, d->name[at]);
    NPU_TRY(read_model(m, what, m->bytes + d->at[at], (size_t)d->bytes[at], err));
    free(m->name); /* the directory names it, also when it has no name of its own */
    if (!(m->name = strdup(d->name[at])))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", m->path);
    m->member = d->name;
    m->nmember = d->n;
    d->name = NULL;
    return NPU_OK;
}

npu_status bin_read_member(npu_model *m, const char *name, npu_err *err)
{
    bin_file f;
    directory d = {0};
    npu_status s;

    NPU_TRY(bin_open(m->path, m->bytes, m->nbytes, &f, err));
    if (f.kind == BIN_PACKED) {
        s = read_packed(m, name, &f, &d, err);
        free_directory(&d);
        return s;
    }
    NPU_TRY(read_model(m, m->path, m->bytes, m->nbytes, err));
    if (name && strcmp(name, m->name ? m->name : ""))
        return npu_fail(err, NPU_BAD_INPUT, "%s: no model \"%.80s\"; there is %.80s", m->path, name,
                        m->name ? m->name : "one without name");
    return NPU_OK;
}

npu_status bin_read(npu_model *m, npu_err *err)
{
    return bin_read_member(m, NULL, err);
}

npu_status bin_member(const npu_model *m, size_t i, const uint8_t **bytes, size_t *n, npu_err *err)
{
    bin_file f;
    directory d = {0};
    npu_status s = bin_open(m->path, m->bytes, m->nbytes, &f, err);

    if (s == NPU_OK && (f.kind != BIN_PACKED || i >= m->nmember))
        s = npu_fail(err, NPU_LIMIT, "%s: no model number %zu", m->path, i);
    if (s == NPU_OK)
        s = read_directory(m, &f, &d, err);
    if (s == NPU_OK) {
        *bytes = m->bytes + d.at[i];
        *n = (size_t)d.bytes[i];
    }
    free_directory(&d);
    return s;
}
