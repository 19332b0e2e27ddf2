/* Options without a configuration file, for a model whose speed alone matters; and which chips
 * there is a compiler for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/config.h"
#include "compiler/graph.h"

static const struct { const char *chip, *march; } chips[] = { /* first of a march: its default */
    {"x3m", "bernoulli2"},
    {"x3e", "bernoulli2"},
    {"j3", "bernoulli2"},
    {"cv181x", "cv181x"}};
enum { CHIPS = sizeof chips / sizeof *chips };

const char *cc_chip_march(const char *chip)
{
    for (size_t i = 0; i < CHIPS; i++)
        if (!strcmp(chips[i].chip, chip))
            return chips[i].march;
    return NULL;
}

const char *cc_march_chip(const char *march)
{
    for (size_t i = 0; i < CHIPS; i++)
        if (!strcmp(chips[i].march, march))
            return chips[i].chip;
    return NULL;
}

const char *cc_chip_list(const char *march, char *text, size_t n)
{
    size_t at = 0;
    if (n)
        text[0] = '\0';
    for (size_t i = 0; i < CHIPS && at < n; i++)
        if (!march || !strcmp(chips[i].march, march))
            at += (size_t)snprintf(text + at, n - at, "%s%s", at ? ", " : "", chips[i].chip);
    return text;
}

static void free_list(cc_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->item[i]);
    free(l->item);
}

void cc_options_free(cc_options *o)
{
    free_list(&o->run_on_cpu);
    free_list(&o->run_on_bpu);
    free_list(&o->output_nodes);
    free_list(&o->remove_types);
    free_list(&o->remove_names);
    for (size_t i = 0; i < o->ninput; i++)
        free(o->input[i].name);
    free(o->input);
    free(o->march);
    free(o->chip);
    *o = (cc_options){0};
}

/* An image by its shape: three channels (trained with rgb, fed with nv12) or one.  PLANES: a chip
 * that reads images as planes, like any other map. */
static void guess(const npu_value *v, bool planes, cc_input *p)
{
    bool first, last;
    int64_t channels, h, w;
    p->train = p->rt = CC_FEATUREMAP;
    p->layout_train = p->layout_rt = CC_NCHW;
    p->rank = v->rank;
    memcpy(p->dim, v->dim, sizeof p->dim);
    if (v->rank != 4 || planes)
        return;
    first = v->dim[1] == 1 || v->dim[1] == 3;
    last = !first && (v->dim[3] == 1 || v->dim[3] == 3);
    if (!first && !last)
        return;
    channels = v->dim[last ? 3 : 1];
    h = v->dim[last ? 1 : 2];
    w = v->dim[last ? 2 : 3];
    if (channels == 3 && (h % 2 || w % 2))
        return;
    p->layout_train = last ? CC_NHWC : CC_NCHW;
    p->layout_rt = CC_NHWC;
    p->rt = channels == 3 ? CC_NV12 : CC_GRAY;
    p->train = channels == 3 ? CC_RGB : CC_GRAY;
    p->source = channels == 3 ? CC_PYRAMID : CC_DDR;
}

static npu_status fill(const npu_graph *g, const char *chip, cc_options *o, npu_err *err)
{
    *o = (cc_options){.level = 3, .mode = CC_LATENCY, .cores = 1, .batch = 1};
    o->march = strdup(cc_chip_march(chip));
    o->chip = strdup(chip);
    o->input = calloc(g->nin ? g->nin : 1, sizeof *o->input);
    if (!o->march || !o->chip || !o->input)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (; o->ninput < g->nin; o->ninput++) {
        const npu_value *v = &g->value[g->in[o->ninput]];
        cc_input *p = &o->input[o->ninput];
        if (!(p->name = strdup(v->name)))
            return npu_fail(err, NPU_LIMIT, "out of memory");
        guess(v, strcmp(o->march, "cv181x") == 0, p);
    }
    return NPU_OK;
}

npu_status cc_fast_perf(const npu_graph *g, const char *chip, cc_options *out, npu_err *err)
{
    char list[128];
    npu_status s;
    *out = (cc_options){0};
    if (!cc_chip_march(chip))
        return npu_fail(err, NPU_USAGE, "no compiler for chip '%.40s'; there is one for %s", chip,
                        cc_chip_list(NULL, list, sizeof list));
    if ((s = fill(g, chip, out, err)) != NPU_OK)
        cc_options_free(out);
    return s;
}
