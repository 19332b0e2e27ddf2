/* The configuration against the network: names, layouts, channels, sizes; see config.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "compiler/config_in.h"
#include "compiler/graph.h"

enum { RESIZER_PIXELS = 18432, NAMES_MAX = 64 }; /* the resizer takes H * W below this */

/* "'a', 'b'" of the graph's inputs, cut to fit. */
static const char *input_names(const npu_graph *g, char text[160])
{
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < g->nin && at < 100; i++)
        at += (size_t)snprintf(text + at, 160 - at, "%s'%.40s'", i ? ", " : "",
                               g->value[g->in[i]].name);
    return text;
}

/* Value of the graph input NAME, NPU_NONE. */
static int32_t graph_input(const npu_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->nin; i++)
        if (!strcmp(g->value[g->in[i]].name, name))
            return g->in[i];
    return NPU_NONE;
}

static npu_status no_input(const cc_config *c, int key, const npu_graph *g, const char *name,
                           npu_err *err)
{
    const char *names[NAMES_MAX], *near;
    char list[160];
    size_t n = 0;
    for (uint32_t i = 0; i < g->nin && n < NAMES_MAX; i++)
        names[n++] = g->value[g->in[i]].name;
    near = base_nearest(name, names, n);
    return cfg_refuse(c, key, NPU_BAD_INPUT, err,
                      "no input '%.60s' in the model%s%.60s%s; it has %s",
                      name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "",
                      input_names(g, list));
}

static npu_status names(cc_config *c, const npu_graph *g, npu_err *err)
{
    cc_options *o = &c->options;
    char list[160];
    if (!c->value[CFG_INPUT_NAME]) {
        if (g->nin != 1)
            return cfg_refuse(c, CFG_INPUT_NAME, NPU_BAD_INPUT, err,
                              "required for a model with %u inputs: %s", g->nin,
                              input_names(g, list));
        c->value[CFG_INPUT_NAME] = arena_text(c->arena, g->value[g->in[0]].name);
        if (!c->value[CFG_INPUT_NAME] || !(o->input[0].name = strdup(g->value[g->in[0]].name)))
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    }
    for (size_t i = 0; i < o->ninput; i++)
        if (graph_input(g, o->input[i].name) == NPU_NONE)
            return no_input(c, CFG_INPUT_NAME, g, o->input[i].name, err);
    if (o->ninput != g->nin)
        return cfg_refuse(c, CFG_INPUT_NAME, NPU_BAD_INPUT, err,
                          "%zu of the model's %u inputs; they are %s", o->ninput, g->nin,
                          input_names(g, list));
    return NPU_OK;
}

/* input_source: {"name": "ddr"}. */
static npu_status sources(cc_config *c, const npu_graph *g, npu_err *err)
{
    static const char words[] = "ddr pyramid resizer"; /* in order of cc_source */
    const cfg_node *top = c->map[CFG_SOURCE];
    for (const cfg_node *n = top ? top->child : NULL; n; n = n->next) {
        cc_input *p = NULL;
        int k = n->text ? cfg_word(n->text, words) : -1;
        for (size_t i = 0; i < c->options.ninput; i++)
            if (!strcmp(c->options.input[i].name, n->key))
                p = &c->options.input[i];
        if (!p)
            return no_input(c, CFG_SOURCE, g, n->key, err);
        if (k < 0)
            return cfg_refuse(c, CFG_SOURCE, NPU_BAD_INPUT, err,
                              "'%.40s' for input '%.60s'; allowed: ddr, pyramid, resizer",
                              n->text ? n->text : "", p->name);
        p->source = (cc_source)k;
        if (k != CC_DDR && p->rt != CC_NV12 && p->rt != CC_GRAY && p->rt != CC_YUV444)
            return cfg_refuse(c, CFG_SOURCE, NPU_BAD_INPUT, err,
                              "%s for input '%.60s', which is not nv12, yuv444 or gray", n->text,
                              p->name);
    }
    return NPU_OK;
}

/* Where the model has its channels when the file does not say: 1 or 3 of them. */
static cc_layout layout_of(const npu_value *v)
{
    bool first = v->dim[1] == 1 || v->dim[1] == 3, last = v->dim[3] == 1 || v->dim[3] == 3;
    return last && !first ? CC_NHWC : CC_NCHW;
}

static npu_status check_counts(const cc_config *c, const cc_input *p, int64_t channels,
                               npu_err *err)
{
    const unsigned n[2] = {p->nmean, p->nscale};
    const int key[2] = {CFG_MEAN, CFG_SCALE};
    for (int i = 0; i < 2; i++)
        if (n[i] > 1 && n[i] != channels)
            return cfg_refuse(c, key[i], NPU_BAD_INPUT, err,
                              "%u numbers for input '%.60s', expected 1 or %lld (its channels)",
                              n[i], p->name, (long long)channels);
    return NPU_OK;
}

static npu_status check_image(const cc_config *c, const cc_input *p, const npu_value *v,
                              npu_err *err)
{
    bool nhwc = p->layout_train == CC_NHWC;
    int64_t ch = nhwc ? v->dim[3] : v->dim[1], h = v->dim[nhwc ? 1 : 2], w = v->dim[nhwc ? 2 : 3];
    int64_t want = p->train == CC_GRAY ? 1 : 3;
    char shape[G_SHAPE_TEXT];
    g_shape(v, shape);
    if (ch != want)
        return cfg_refuse(c, CFG_TYPE_TRAIN, NPU_BAD_INPUT, err,
                          "input '%.60s' of shape %s has %lld channels in layout %s, expected %lld",
                          p->name, shape, (long long)ch, nhwc ? "NHWC" : "NCHW", (long long)want);
    if ((p->rt == CC_NV12 || p->rt == CC_YUV444) && (h % 2 || w % 2))
        return cfg_refuse(c, CFG_TYPE_RT, NPU_BAD_INPUT, err,
                          "input '%.60s' of shape %s: %s needs even height and width, found %lldx"
                          "%lld", p->name, shape, p->rt == CC_NV12 ? "nv12" : "yuv444",
                          (long long)h, (long long)w);
    if (p->source == CC_RESIZER && (h >= RESIZER_PIXELS || w >= RESIZER_PIXELS ||
                                    h * w >= RESIZER_PIXELS))
        return cfg_refuse(c, CFG_SOURCE, NPU_UNSUPPORTED, err,
                          "input '%.60s': the resizer takes less than %d pixels, found %lldx%lld",
                          p->name, RESIZER_PIXELS, (long long)h, (long long)w);
    return NPU_OK;
}

/* The shape the file gives, by itself. */
static npu_status check_given(const cc_config *c, const cc_input *given, npu_err *err)
{
    cc_input p = *given;
    npu_value v = {.rank = p.rank};
    memcpy(v.dim, p.dim, sizeof v.dim);
    if (p.rank != 4 || p.train == CC_FEATUREMAP)
        return NPU_OK;
    if (!c->value[CFG_LAYOUT_TRAIN])
        p.layout_train = layout_of(&v);
    return check_image(c, &p, &v, err);
}

npu_status cc_config_shapes(cc_config *c, const npu_graph *g, cc_input_shape **out, size_t *n,
                            npu_err *err)
{
    cc_options *o = &c->options;
    *n = 0;
    NPU_TRY(names(c, g, err));
    if (!(*out = arena_alloc(c->arena, o->ninput * sizeof **out)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    for (size_t i = 0; i < o->ninput; i++) {
        const cc_input *p = &o->input[i];
        cc_input_shape *s = &(*out)[*n];
        if (!p->rank)
            continue;
        NPU_TRY(check_given(c, p, err)); /* before it makes shapes contradict each other */
        s->name = p->name;
        s->rank = p->rank;
        memcpy(s->dim, p->dim, sizeof s->dim);
        ++*n;
    }
    return NPU_OK;
}

static npu_status check_input(cc_config *c, const npu_graph *g, cc_input *p, npu_err *err)
{
    const npu_value *v = &g->value[graph_input(g, p->name)];
    char shape[G_SHAPE_TEXT];
    g_shape(v, shape);
    if (v->rank < 0 || v->rank > NPU_RANK_MAX || g_elements(v) < 1)
        return cfg_refuse(c, CFG_SHAPE, NPU_BAD_INPUT, err,
                          "input '%.60s' has shape %s in the model; give input_shape", p->name,
                          shape);
    p->rank = v->rank;
    memcpy(p->dim, v->dim, sizeof p->dim);
    if (c->options.batch > 1 && (p->rank < 1 || p->dim[0] != 1))
        return cfg_refuse(c, CFG_BATCH, NPU_BAD_INPUT, err,
                          "%d, but input '%.60s' has shape %s; the first number must be 1",
                          c->options.batch, p->name, shape);
    if (p->rank != 4) {
        if (p->train != CC_FEATUREMAP)
            return cfg_refuse(c, CFG_TYPE_TRAIN, NPU_BAD_INPUT, err,
                              "input '%.60s' of shape %s is no image; allowed: featuremap",
                              p->name, shape);
        return check_counts(c, p, 1, err);
    }
    if (!c->value[CFG_LAYOUT_TRAIN])
        p->layout_train = layout_of(v);
    if (p->train != CC_FEATUREMAP)
        NPU_TRY(check_image(c, p, v, err));
    return check_counts(c, p, p->layout_train == CC_NHWC ? v->dim[3] : v->dim[1], err);
}

/* The values the model has decided, for the information in the .bin. */
static npu_status complete(cc_config *c, npu_err *err)
{
    const cc_options *o = &c->options;
    const char *shape = NULL, *layout = NULL;
    for (size_t i = 0; i < o->ninput; i++) {
        const cc_input *p = &o->input[i];
        npu_value v = {.rank = p->rank};
        char text[G_SHAPE_TEXT];
        memcpy(v.dim, p->dim, sizeof v.dim);
        g_shape(&v, text);
        shape = arena_printf(c->arena, "%s%s%s", shape ? shape : "", shape ? ";" : "", text);
        layout = arena_printf(c->arena, "%s%s%s", layout ? layout : "", layout ? ";" : "",
                              p->layout_train == CC_NHWC ? "NHWC" : "NCHW");
        if (!shape || !layout)
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    }
    c->value[CFG_SHAPE] = shape;
    c->value[CFG_LAYOUT_TRAIN] = layout;
    return NPU_OK;
}

static bool quantised(const npu_graph *g)
{
    for (uint32_t i = 0; i < g->nnode; i++)
        if (!g->node[i].dead && g->node[i].op == NPU_OP_QUANTIZELINEAR)
            return true;
    return false;
}

npu_status cc_config_model(cc_config *c, const npu_graph *g, npu_err *err)
{
    NPU_TRY(names(c, g, err));
    NPU_TRY(sources(c, g, err));
    for (size_t i = 0; i < c->options.ninput; i++)
        NPU_TRY(check_input(c, g, &c->options.input[i], err));
    if (!strcmp(c->calibration, "load") && !quantised(g))
        return cfg_refuse(c, CFG_CAL_TYPE, NPU_BAD_INPUT, err,
                          "load takes thresholds from QuantizeLinear nodes; the model has none");
    NPU_TRY(cfg_cal_sizes(c, err));
    return complete(c, err);
}
