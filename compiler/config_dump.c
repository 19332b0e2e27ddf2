/* The checked configuration as YAML, written by libyaml: groups and keys in order of their names,
 * defaults filled in. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "compiler/config_in.h"

typedef struct {
    yaml_emitter_t emitter;
    buf_writer out;
} writer;

static int append(void *state, unsigned char *bytes, size_t n)
{
    writer *w = state;
    buf_put(&w->out, bytes, n);
    return !w->out.failed;
}

static bool put_text(writer *w, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t e;
    return yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text,
                                        (int)strlen(text), 1, 1, style) &&
           yaml_emitter_emit(&w->emitter, &e);
}

static bool open_map(writer *w, yaml_mapping_style_t style)
{
    yaml_event_t e;
    return yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, style) &&
           yaml_emitter_emit(&w->emitter, &e);
}

static bool close_map(writer *w)
{
    yaml_event_t e;
    return yaml_mapping_end_event_initialize(&e) && yaml_emitter_emit(&w->emitter, &e);
}

/* A map value as the file has it.  Depth: CFG_DEPTH_MAX. */
static bool put_node(writer *w, const cfg_node *n)
{
    yaml_event_t e;
    bool ok = true;
    if (n->kind == CFG_SCALAR)
        return put_text(w, n->text ? n->text : "~",
                        n->text ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
    if (n->kind == CFG_SEQUENCE) {
        ok = yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE) &&
             yaml_emitter_emit(&w->emitter, &e);
        for (const cfg_node *k = n->child; ok && k; k = k->next)
            ok = put_node(w, k);
        return ok && yaml_sequence_end_event_initialize(&e) && yaml_emitter_emit(&w->emitter, &e);
    }
    ok = open_map(w, YAML_FLOW_MAPPING_STYLE);
    for (const cfg_node *k = n->child; ok && k; k = k->next)
        ok = put_text(w, k->key, YAML_SINGLE_QUOTED_SCALAR_STYLE) && put_node(w, k);
    return ok && close_map(w);
}

/* A word that would read as nothing needs its quotes. */
static yaml_scalar_style_t style(const char *text)
{
    return strcmp(text, "null") && strcmp(text, "~") ? YAML_ANY_SCALAR_STYLE
                                                     : YAML_SINGLE_QUOTED_SCALAR_STYLE;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(cfg_keys[*(const int *)a].name, cfg_keys[*(const int *)b].name);
}

static bool put_group(writer *w, const cc_config *c, cfg_group group)
{
    int keys[CFG_KEYS];
    size_t n = 0;
    bool ok;
    for (int k = 0; k < CFG_KEYS; k++)
        if (cfg_keys[k].group == group && (c->value[k] || c->map[k]))
            keys[n++] = k;
    qsort(keys, n, sizeof *keys, by_key);
    ok = put_text(w, cc_config_group(group), YAML_PLAIN_SCALAR_STYLE) &&
         open_map(w, YAML_BLOCK_MAPPING_STYLE);
    for (size_t i = 0; ok && i < n; i++)
        ok = put_text(w, cfg_keys[keys[i]].name, YAML_PLAIN_SCALAR_STYLE) &&
             (c->map[keys[i]] ? put_node(w, c->map[keys[i]])
                              : put_text(w, c->value[keys[i]], style(c->value[keys[i]])));
    return ok && close_map(w);
}

static bool put_all(writer *w, const cc_config *c)
{
    static const cfg_group order[] = {CFG_CALIBRATION, CFG_COMPILER, CFG_CUSTOM, CFG_INPUT,
                                      CFG_MODEL};
    yaml_event_t e;
    bool ok = yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING) &&
              yaml_emitter_emit(&w->emitter, &e) &&
              yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1) &&
              yaml_emitter_emit(&w->emitter, &e) && open_map(w, YAML_BLOCK_MAPPING_STYLE);
    for (size_t i = 0; ok && i < sizeof order / sizeof *order; i++)
        if (c->group[order[i]])
            ok = put_group(w, c, order[i]);
    return ok && close_map(w) && yaml_document_end_event_initialize(&e, 1) &&
           yaml_emitter_emit(&w->emitter, &e) && yaml_stream_end_event_initialize(&e) &&
           yaml_emitter_emit(&w->emitter, &e);
}

const char *cc_config_dump(cc_config *c)
{
    writer w = {0};
    const char *text = NULL;
    if (!yaml_emitter_initialize(&w.emitter))
        return NULL;
    yaml_emitter_set_output(&w.emitter, append, &w);
    yaml_emitter_set_width(&w.emitter, -1);
    yaml_emitter_set_unicode(&w.emitter, 1);
    if (put_all(&w, c))
        text = arena_textn(c->arena, (const char *)w.out.data, w.out.len);
    yaml_emitter_delete(&w.emitter);
    buf_free(&w.out);
    return text;
}
