/* The YAML tree against the table of keys: groups, required and unknown keys, defaults; see
 * config.h.  What the values mean is in config_input.c and config_options.c. */
#include "compiler/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/near.h"
#include "base/sys.h"
#include "compiler/config_in.h"

const cfg_key cfg_keys[CFG_KEYS] = {
#define K(id, group, name, kind, need, fallback, allowed, min, max)                                \
    [CFG_##id] = {CFG_##group, name, CFG_##kind, CFG_##need, fallback, allowed, min, max},
#include "compiler/config.def"
#undef K
};

static const char *const groups[CFG_GROUPS] = {
    [CFG_MODEL] = "model_parameters",
    [CFG_INPUT] = "input_parameters",
    [CFG_CALIBRATION] = "calibration_parameters",
    [CFG_CUSTOM] = "custom_op",
    [CFG_COMPILER] = "compiler_parameters"};

/* Spellings the vendor's own documents use besides those of the key tables. */
static const struct { const char *other, *name; } aliases[] = {
    {"mean_values", "mean_value"},
    {"scale_values", "scale_value"},
    {"perchannel", "per_channel"},
    {"norm_types", "norm_type"},
    {"--input_shape", "input_shape"},
    {"input_shapes", "input_shape"}};

const char *cc_config_group(cfg_group group)
{
    return groups[group];
}

static int find_key(cfg_group group, const char *name)
{
    for (int k = 0; k < CFG_KEYS; k++)
        if (cfg_keys[k].group == group && !strcmp(cfg_keys[k].name, name))
            return k;
    return -1;
}

static npu_status wrong_key(const cc_config *c, cfg_group group, const cfg_node *node, npu_err *err)
{
    const char *names[CFG_KEYS], *near;
    size_t n = 0;
    for (int k = 0; k < CFG_KEYS; k++) {
        if (!strcmp(cfg_keys[k].name, node->key))
            return npu_fail(err, NPU_BAD_INPUT,
                            "Key '%s' error:\n%.80s:%u: Wrong key '%.60s': it belongs to %s",
                            groups[group], c->path, node->line, node->key,
                            groups[cfg_keys[k].group]);
        if (cfg_keys[k].group == group)
            names[n++] = cfg_keys[k].name;
    }
    near = base_nearest(node->key, names, n);
    return npu_fail(err, NPU_BAD_INPUT, "Key '%s' error:\n%.80s:%u: Wrong key '%.60s'%s%s%s",
                    groups[group], c->path, node->line, node->key, near ? "; did you mean '" : "",
                    near ? near : "", near ? "'?" : "");
}

static npu_status read_key(cc_config *c, cfg_group group, const cfg_node *node, npu_err *err)
{
    int k = find_key(group, node->key);
    for (size_t i = 0; k < 0 && i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(aliases[i].other, node->key) &&
            (k = find_key(group, aliases[i].name)) >= 0)
            NPU_TRY(cfg_warn(c, err, "%s is understood as %s", node->key, aliases[i].name));
    if (k < 0)
        return wrong_key(c, group, node, err);
    if (c->line[k])
        return cfg_refuse(c, k, NPU_BAD_INPUT, err, "again in line %u, as %s", node->line,
                          node->key);
    NPU_TRY(cfg_value(c, k, node, err));
    if (cfg_keys[k].need == CFG_IDLE && (c->value[k] || c->map[k]))
        return cfg_warn(c, err, "%s has no effect on this march", cfg_keys[k].name);
    return NPU_OK;
}

/* Without thresholds the weights do not matter either: a prototxt alone will do. */
static bool structure_only(const cc_config *c, const cfg_node *top)
{
    const cfg_node *g = top->child;
    while (g && strcmp(g->key, groups[CFG_CALIBRATION]))
        g = g->next;
    if (g && g->kind == CFG_MAPPING)
        for (const cfg_node *n = g->child; n; n = n->next)
            if (!strcmp(n->key, "calibration_type") && n->text && !strcasecmp(n->text, "skip"))
                return c->value[CFG_PROTOTXT] != NULL;
    return false;
}

static bool needed(const cc_config *c, int k)
{
    switch (cfg_keys[k].need) {
    case CFG_REQ: return true;
    case CFG_ONNX: return !c->caffe;
    case CFG_CAFFE: return c->caffe;
    case CFG_OPT:
    case CFG_IDLE: break;
    }
    return k == CFG_CAL_DIR && c->value[CFG_CAL_TYPE] &&
           strcmp(c->value[CFG_CAL_TYPE], "skip") && strcmp(c->value[CFG_CAL_TYPE], "load");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "HEAD" and "Missing keys: 'a', 'b'", sorted; N 0: fine. */
static npu_status missing(const char *head, const char **names, size_t n, npu_err *err)
{
    char text[512];
    size_t at;
    if (!n)
        return NPU_OK;
    qsort(names, n, sizeof *names, by_name);
    at = (size_t)snprintf(text, sizeof text, "%sMissing key%s: ", head, n > 1 ? "s" : "");
    for (size_t i = 0; i < n && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s'%s'", i ? ", " : "", names[i]);
    return npu_fail(err, NPU_BAD_INPUT, "%s", text);
}

static npu_status missing_keys(cc_config *c, cfg_group group, const cfg_node *top, npu_err *err)
{
    const char *names[CFG_KEYS];
    char head[64];
    size_t n = 0;
    for (int k = 0; k < CFG_KEYS; k++) {
        if (cfg_keys[k].group != group || !needed(c, k) || c->value[k])
            continue;
        if (k == CFG_CAFFE_MODEL && structure_only(c, top))
            NPU_TRY(cfg_warn(c, err, "caffe_model is not given: the weights are synthetic"));
        else
            names[n++] = cfg_keys[k].name;
    }
    snprintf(head, sizeof head, "Key '%s' error:\n", groups[group]);
    return missing(head, names, n, err);
}

static npu_status read_group(cc_config *c, cfg_group group, const cfg_node *node,
                             const cfg_node *top, npu_err *err)
{
    if (node->kind != CFG_MAPPING && (node->kind != CFG_SCALAR || node->text))
        return npu_fail(err, NPU_BAD_INPUT, "Key '%s' error:\n%.80s:%u: expected keys and values",
                        groups[group], c->path, node->line);
    c->group[group] = true;
    for (const cfg_node *n = node->child; n; n = n->next)
        NPU_TRY(read_key(c, group, n, err));
    return missing_keys(c, group, top, err);
}

static npu_status check_groups(const cc_config *c, const cfg_node *top, npu_err *err)
{
    const char *absent[CFG_GROUPS];
    size_t n = 0;
    if (top->kind != CFG_MAPPING)
        return npu_fail(err, NPU_BAD_INPUT, "%s:%u: no groups such as model_parameters:", c->path,
                        top->line);
    for (const cfg_node *g = top->child; g; g = g->next) {
        const char *near = base_nearest(g->key, groups, CFG_GROUPS);
        size_t k = 0;
        while (k < CFG_GROUPS && strcmp(groups[k], g->key))
            k++;
        if (k == CFG_GROUPS)
            return npu_fail(err, NPU_BAD_INPUT, "%s:%u: Wrong key '%.60s'%s%s%s", c->path, g->line,
                            g->key, near ? "; did you mean '" : "", near ? near : "",
                            near ? "'?" : "");
    }
    for (int k = 0; k < CFG_GROUPS; k++) {
        const cfg_node *g = top->child;
        while (g && strcmp(g->key, groups[k]))
            g = g->next;
        if (!g && k != CFG_CUSTOM)
            absent[n++] = groups[k];
    }
    return missing("", absent, n, err);
}

static npu_status read_tree(cc_config *c, const cfg_node *top, npu_err *err)
{
    NPU_TRY(check_groups(c, top, err));
    for (int k = 0; k < CFG_GROUPS; k++)
        for (const cfg_node *g = top->child; g; g = g->next)
            if (!strcmp(g->key, groups[k]))
                NPU_TRY(read_group(c, (cfg_group)k, g, top, err));
    for (int k = 0; k < CFG_KEYS; k++)
        if (!c->value[k] && cfg_keys[k].kind != CFG_WORDS && *cfg_keys[k].fallback)
            c->value[k] = cfg_keys[k].fallback;
    return NPU_OK;
}

static npu_status parse(cc_config *c, const uint8_t *bytes, size_t n, const char *chip,
                        npu_err *err)
{
    cfg_node *top;
    NPU_TRY(cfg_yaml(c->path, bytes, n, c->arena, &top, err));
    NPU_TRY(read_tree(c, top, err));
    NPU_TRY(cfg_options(c, chip, err));
    NPU_TRY(cfg_inputs(c, err));
    return cfg_cal_dirs(c, err);
}

npu_status cc_config_parse(const char *path, const uint8_t *bytes, size_t n, bool caffe,
                           const char *chip, cc_config **out, npu_err *err)
{
    cc_config *c = calloc(1, sizeof *c);
    npu_status s = NPU_LIMIT;
    *out = NULL;
    if (c && (c->arena = arena_new()) && (c->path = arena_text(c->arena, path))) {
        c->caffe = caffe;
        s = parse(c, bytes, n, chip, err);
    } else {
        npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    }
    if (s == NPU_OK)
        *out = c;
    else
        cc_config_free(c);
    return s;
}

npu_status cc_config_read(const char *path, bool caffe, const char *chip, cc_config **out,
                          npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    npu_status s;
    *out = NULL;
    NPU_TRY(sys_read_file(path, &bytes, &n, err));
    s = cc_config_parse(path, bytes, n, caffe, chip, out, err);
    free(bytes);
    return s;
}

void cc_config_free(cc_config *c)
{
    if (!c)
        return;
    cc_options_free(&c->options);
    arena_free(c->arena);
    free(c);
}
