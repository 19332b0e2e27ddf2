/* Events of libyaml become nodes; see config_yaml.h.  Aliases are refused, so a file cannot grow
 * when it is read, and the depth is bounded, so nothing here recurses without end. */
#include "compiler/config_yaml.h"

#include <string.h>
#include <yaml.h>

typedef struct {
    const char *path;
    base_arena *arena;
    yaml_parser_t parser;
    cfg_node *top, *open[CFG_DEPTH_MAX], *last[CFG_DEPTH_MAX];
    const char *key;             /* waiting for its value */
    unsigned depth, nodes;
    npu_err *err;
} reader;

static npu_status wrong(const reader *r, const yaml_event_t *e, const char *what)
{
    return npu_fail(r->err, NPU_BAD_INPUT, "%s:%zu: %s", r->path, e->start_mark.line + 1, what);
}

static npu_status no_memory(const reader *r)
{
    return npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->path);
}

static bool wants_key(const reader *r)
{
    return r->depth && r->open[r->depth - 1]->kind == CFG_MAPPING && !r->key;
}

static npu_status take_key(reader *r, const yaml_event_t *e, const char *text)
{
    for (cfg_node *n = r->open[r->depth - 1]->child; n; n = n->next)
        if (!strcmp(n->key, text))
            return npu_fail(r->err, NPU_BAD_INPUT, "%s:%zu: key '%.60s' again; it is in line %u",
                            r->path, e->start_mark.line + 1, text, n->line);
    r->key = text;
    return NPU_OK;
}

/* Puts a node where the next value belongs. */
static npu_status put(reader *r, const yaml_event_t *e, cfg_kind kind, cfg_node **out)
{
    cfg_node *n;
    if (wants_key(r))
        return wrong(r, e, "a key must be a plain word");
    if (++r->nodes > CFG_NODES_MAX)
        return wrong(r, e, "more than 4096 values");
    if (!(n = arena_alloc(r->arena, sizeof *n)))
        return no_memory(r);
    *n = (cfg_node){.kind = kind, .line = (unsigned)e->start_mark.line + 1, .key = r->key};
    r->key = NULL;
    if (!r->depth)
        r->top = n;
    else if (r->last[r->depth - 1])
        r->last[r->depth - 1]->next = n;
    else
        r->open[r->depth - 1]->child = n;
    if (r->depth)
        r->last[r->depth - 1] = n;
    *out = n;
    return NPU_OK;
}

static npu_status scalar(reader *r, const yaml_event_t *e)
{
    const char *raw = (const char *)e->data.scalar.value, *text;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    cfg_node *n;
    if (e->data.scalar.anchor || e->data.scalar.tag)
        return wrong(r, e, "anchors and tags are not allowed");
    if (strlen(raw) != e->data.scalar.length)
        return wrong(r, e, "a text contains a NUL character");
    if (!(text = arena_text(r->arena, raw)))
        return no_memory(r);
    if (wants_key(r))
        return take_key(r, e, text);
    NPU_TRY(put(r, e, CFG_SCALAR, &n));
    n->text = plain && (!*text || !strcmp(text, "~") || !strcmp(text, "null")) ? NULL : text;
    return NPU_OK;
}

static npu_status open_node(reader *r, const yaml_event_t *e, cfg_kind kind, bool marked)
{
    cfg_node *n;
    if (marked)
        return wrong(r, e, "anchors and tags are not allowed");
    if (r->depth == CFG_DEPTH_MAX)
        return wrong(r, e, "values are nested deeper than 8");
    NPU_TRY(put(r, e, kind, &n));
    r->open[r->depth] = n;
    r->last[r->depth++] = NULL;
    return NPU_OK;
}

static npu_status take(reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT: return scalar(r, e);
    case YAML_MAPPING_START_EVENT:
        return open_node(r, e, CFG_MAPPING,
                         e->data.mapping_start.anchor || e->data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(r, e, CFG_SEQUENCE,
                         e->data.sequence_start.anchor || e->data.sequence_start.tag);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: r->depth--; return NPU_OK;
    case YAML_ALIAS_EVENT: return wrong(r, e, "aliases are not allowed");
    case YAML_DOCUMENT_START_EVENT:
        return r->top ? wrong(r, e, "a second document; only one is allowed") : NPU_OK;
    default: return NPU_OK;
    }
}

static npu_status failed(const reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r);
    return npu_fail(r->err, NPU_BAD_INPUT, "%s:%zu:%zu: not YAML: %s", r->path,
                    p->problem_mark.line + 1, p->problem_mark.column + 1,
                    p->problem ? p->problem : "unreadable");
}

static npu_status events(reader *r)
{
    npu_status s = NPU_OK;
    bool end = false;
    while (s == NPU_OK && !end) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->parser, &e))
            return failed(r);
        end = e.type == YAML_STREAM_END_EVENT;
        s = take(r, &e);
        yaml_event_delete(&e);
    }
    return s;
}

npu_status cfg_yaml(const char *path, const uint8_t *bytes, size_t n, base_arena *arena,
                    cfg_node **out, npu_err *err)
{
    reader r = {.path = path, .arena = arena, .err = err};
    npu_status s;
    *out = NULL;
    if (n > CFG_BYTES_MAX)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %zu bytes, a configuration has at most %d", path,
                        n, CFG_BYTES_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(&r);
    yaml_parser_set_input_string(&r.parser, bytes, n);
    s = events(&r);
    yaml_parser_delete(&r.parser);
    if (s == NPU_OK && !r.top)
        s = npu_fail(err, NPU_BAD_INPUT, "%s: empty", path);
    if (s == NPU_OK)
        *out = r.top;
    return s;
}
