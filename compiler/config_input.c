/* input_parameters: one value per network input, which types go together, preprocessing numbers.
 * What needs the network (channels, sizes) is in config_model.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "compiler/config_in.h"

enum { CHANNELS_MAX = sizeof((cc_input *)0)->mean / sizeof(float), INPUTS_MAX = 64 };

static const char image_words[] = "rgb bgr yuv444 nv12 gray featuremap"; /* in order of cc_image */

/* The row's training type can be fed with these types at run time. */
static const bool feeds[6][6] = {
    /* train          rgb    bgr    yuv444 nv12   gray   featuremap */
    [CC_RGB] = {true, true, true, true, false, false},
    [CC_BGR] = {true, true, true, true, false, false},
    [CC_YUV444] = {false, false, true, true, false, false},
    [CC_NV12] = {false, false, false, false, false, false},
    [CC_GRAY] = {false, false, false, false, true, false},
    [CC_FEATUREMAP] = {false, false, false, false, false, true}};

/* The word of "rgb bgr ..." with number K. */
static const char *image_name(int k, char text[16])
{
    const char *at = image_words;
    while (k--)
        at = strchr(at, ' ') + 1;
    snprintf(text, 16, "%.*s", (int)strcspn(at, " "), at);
    return text;
}

/* The values of KEY, one per input; all the default when the file gives none (n 0: no default). */
static npu_status per_input(cc_config *c, int key, cfg_texts *out, npu_err *err)
{
    size_t n = c->options.ninput;
    const char *one = cfg_keys[key].fallback;
    *out = (cfg_texts){0};
    if (!c->value[key]) {
        char *all;
        size_t at = 0;
        if (!*one)
            return NPU_OK;
        if (!(all = arena_alloc(c->arena, n * (strlen(one) + 1) + 1)))
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
        for (size_t i = 0; i < n; i++)
            at += (size_t)sprintf(all + at, "%s%s", i ? ";" : "", one);
        c->value[key] = all;
    }
    NPU_TRY(cfg_split(c, c->value[key], ';', out, err));
    if (out->n != n)
        return cfg_refuse(c, key, NPU_BAD_INPUT, err, "expected %zu value%s, got %zu%s", n,
                          n == 1 ? "" : "s", out->n,
                          c->value[CFG_INPUT_NAME]
                              ? ""
                              : " (input_name is required for more than one input)");
    return NPU_OK;
}

static npu_status take_types(cc_config *c, npu_err *err)
{
    cfg_texts train, rt, in, at, space;
    NPU_TRY(per_input(c, CFG_TYPE_TRAIN, &train, err));
    NPU_TRY(per_input(c, CFG_TYPE_RT, &rt, err));
    NPU_TRY(per_input(c, CFG_LAYOUT_TRAIN, &in, err));
    NPU_TRY(per_input(c, CFG_LAYOUT_RT, &at, err));
    NPU_TRY(per_input(c, CFG_SPACE, &space, err));
    for (size_t i = 0; i < c->options.ninput; i++) {
        cc_input *p = &c->options.input[i];
        p->train = (cc_image)cfg_word(train.item[i], image_words);
        p->rt = (cc_image)cfg_word(rt.item[i], image_words);
        p->layout_train = in.n && !strcmp(in.item[i], "NHWC") ? CC_NHWC : CC_NCHW;
        p->layout_rt = strcmp(at.item[i], "NHWC") ? CC_NCHW : CC_NHWC;
        p->video_range = !strcmp(space.item[i], "bt601_video");
        p->source = p->rt == CC_NV12 ? CC_PYRAMID : CC_DDR;
    }
    return NPU_OK;
}

static npu_status check_types(cc_config *c, npu_err *err)
{
    for (size_t i = 0; i < c->options.ninput; i++) {
        const cc_input *p = &c->options.input[i];
        char rt[16], train[16], word[16], allowed[80] = "";
        image_name((int)p->rt, rt);
        image_name((int)p->train, train);
        for (int k = 0; k < 6; k++)
            if (feeds[p->train][k])
                snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), " %s",
                         image_name(k, word));
        if (!feeds[p->train][p->rt])
            return cfg_refuse(c, CFG_TYPE_RT, NPU_BAD_INPUT, err,
                              "%s cannot feed a model trained with %s; allowed:%s", rt, train,
                              allowed);
        if (p->rt == CC_YUV444 && p->layout_rt == CC_NCHW)
            return cfg_refuse(c, CFG_LAYOUT_RT, NPU_BAD_INPUT, err,
                              "yuv444 in NCHW is not allowed on bernoulli2; allowed: NHWC");
        if (p->video_range && p->rt != CC_NV12)
            NPU_TRY(cfg_warn(c, err, "input_space_and_range: bt601_video has an effect with nv12 "
                             "only, not with %s", rt));
    }
    return NPU_OK;
}

/* Blank separated numbers, or "None".  Leaves *N 0 for None. */
static npu_status numbers(cc_config *c, int key, const char *text, float *out, unsigned *n,
                          npu_err *err)
{
    cfg_texts parts;
    double v;
    *n = 0;
    if (!strcasecmp(text, "None"))
        return NPU_OK;
    NPU_TRY(cfg_split(c, text, ' ', &parts, err));
    if (parts.n > CHANNELS_MAX)
        return cfg_refuse(c, key, NPU_UNSUPPORTED, err, "%zu numbers for one input, at most %d",
                          parts.n, CHANNELS_MAX);
    for (size_t i = 0; i < parts.n; i++) {
        if (!num_read(parts.item[i], &v) || v < -1e9 || v > 1e9)
            return cfg_refuse(c, key, NPU_BAD_INPUT, err,
                              "'%.40s' is not a number (one per channel, blanks between)",
                              parts.item[i]);
        out[i] = (float)v;
    }
    *n = (unsigned)parts.n;
    return NPU_OK;
}

/* mean_value and scale_value, the keys that this norm_type needs; the others are not looked at. */
static npu_status missing_norm(const cc_config *c, bool mean, bool scale, npu_err *err)
{
    bool no_mean = mean && !c->value[CFG_MEAN], no_scale = scale && !c->value[CFG_SCALE];
    if (!no_mean && !no_scale)
        return NPU_OK;
    return npu_fail(err, NPU_BAD_INPUT, "Key 'input_parameters' error:\nMissing key%s: %s%s%s",
                    no_mean && no_scale ? "s" : "", no_mean ? "'mean_value'" : "",
                    no_mean && no_scale ? ", " : "", no_scale ? "'scale_value'" : "");
}

static npu_status norm_of(cc_config *c, size_t i, const char *type, const char *mean,
                          const char *scale, npu_err *err)
{
    cc_input *p = &c->options.input[i];
    p->has_mean = strstr(type, "mean") != NULL;
    p->has_scale = strstr(type, "scale") != NULL;
    if (p->has_mean) {
        NPU_TRY(numbers(c, CFG_MEAN, mean, p->mean, &p->nmean, err));
        if (!p->nmean)
            return cfg_refuse(c, CFG_MEAN, NPU_BAD_INPUT, err, "'%.40s', but norm_type is %s", mean,
                              type);
    }
    if (p->has_scale) {
        NPU_TRY(numbers(c, CFG_SCALE, scale, p->scale, &p->nscale, err));
        if (!p->nscale)
            return cfg_refuse(c, CFG_SCALE, NPU_BAD_INPUT, err, "'%.40s', but norm_type is %s",
                              scale, type);
    }
    return NPU_OK;
}

static npu_status take_norm(cc_config *c, npu_err *err)
{
    cfg_texts norm, mean, scale;
    bool any_mean, any_scale;
    NPU_TRY(per_input(c, CFG_NORM, &norm, err));
    any_mean = strstr(c->value[CFG_NORM], "mean") != NULL;
    any_scale = strstr(c->value[CFG_NORM], "scale") != NULL;
    NPU_TRY(missing_norm(c, any_mean, any_scale, err));
    if (any_mean)
        NPU_TRY(per_input(c, CFG_MEAN, &mean, err));
    else if (c->value[CFG_MEAN])
        NPU_TRY(cfg_warn(c, err, "mean_value is not used: norm_type is %.80s", c->value[CFG_NORM]));
    if (any_scale)
        NPU_TRY(per_input(c, CFG_SCALE, &scale, err));
    else if (c->value[CFG_SCALE])
        NPU_TRY(cfg_warn(c, err, "scale_value is not used: norm_type is %.80s",
                         c->value[CFG_NORM]));
    for (size_t i = 0; i < norm.n; i++)
        NPU_TRY(norm_of(c, i, norm.item[i], any_mean ? mean.item[i] : "",
                        any_scale ? scale.item[i] : "", err));
    return NPU_OK;
}

static npu_status take_shape(cc_config *c, const char *text, cc_input *p, npu_err *err)
{
    const char *at = text;
    for (;;) {
        char *end;
        long v = strtol(at, &end, 10);
        if (*at < '0' || *at > '9' || v < 1 || v > 1 << 24 || p->rank == NPU_RANK_MAX)
            break;
        p->dim[p->rank++] = v;
        if (!*end)
            return NPU_OK;
        if (*end != 'x' && *end != 'X')
            break;
        at = end + 1;
    }
    return cfg_refuse(c, CFG_SHAPE, NPU_BAD_INPUT, err,
                      "'%.60s' is not a shape such as 1x3x224x224 (numbers up to 16777216, at most "
                      "8)", text);
}

static npu_status take_shapes(cc_config *c, npu_err *err)
{
    cfg_texts shape;
    NPU_TRY(per_input(c, CFG_SHAPE, &shape, err));
    for (size_t i = 0; i < shape.n; i++)
        NPU_TRY(take_shape(c, shape.item[i], &c->options.input[i], err));
    return NPU_OK;
}

static npu_status take_names(cc_config *c, npu_err *err)
{
    cfg_texts name = {.n = 1};
    if (c->value[CFG_INPUT_NAME])
        NPU_TRY(cfg_split(c, c->value[CFG_INPUT_NAME], ';', &name, err));
    if (name.n > INPUTS_MAX)
        return cfg_refuse(c, CFG_INPUT_NAME, NPU_UNSUPPORTED, err, "%zu inputs, at most %d", name.n,
                          INPUTS_MAX);
    if (!(c->options.input = calloc(name.n, sizeof *c->options.input)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    c->options.ninput = name.n;
    for (size_t i = 0; name.item && i < name.n; i++) {
        for (size_t k = 0; k < i; k++)
            if (!strcmp(name.item[i], name.item[k]))
                return cfg_refuse(c, CFG_INPUT_NAME, NPU_BAD_INPUT, err, "'%.60s' twice",
                                  name.item[i]);
        if (!(c->options.input[i].name = strdup(name.item[i])))
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", c->path);
    }
    return NPU_OK;
}

npu_status cfg_inputs(cc_config *c, npu_err *err)
{
    NPU_TRY(take_names(c, err));
    NPU_TRY(take_types(c, err));
    NPU_TRY(check_types(c, err));
    NPU_TRY(take_shapes(c, err));
    NPU_TRY(take_norm(c, err));
    if (c->options.batch > 1 && c->options.ninput > 1)
        return cfg_refuse(c, CFG_BATCH, NPU_BAD_INPUT, err,
                          "%d, but batches are for models with one input; this has %zu",
                          c->options.batch, c->options.ninput);
    return NPU_OK;
}
