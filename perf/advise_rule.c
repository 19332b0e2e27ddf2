/* Tests and changes of the rules; see advise.def. */
#include "perf/advise_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST(id)                                                                                   \
    static bool test_##id(const npu_chip *chip, const npu_tiu *t, const char *type)
#define CHANGE(id) static bool change_##id(const npu_chip *chip, npu_tiu *t, bool up)
#define UNUSED(x) ((void)(x))

static uint32_t num(double v)
{
    return v > 1 ? (uint32_t)v : 1;
}

/* V to the multiple of TO below or above it; 0: there is none, or it does not fit. */
static uint16_t aligned(uint32_t v, uint32_t to, bool up)
{
    uint32_t x = (v + (up ? to - 1 : 0)) / to * to;
    return x > UINT16_MAX ? 0 : (uint16_t)x;
}

/* --- shapes ----------------------------------------------------------------------------------- */

TEST(width)
{
    UNUSED(type);
    return t->stride_w < 2 && t->res.w > 1 && t->res.w % num(NPU_GET(chip, bpu_align_w));
}

CHANGE(width)
{
    uint16_t w = aligned(t->res.w, num(NPU_GET(chip, bpu_align_w)), up);
    if (w == 0 || t->a.w + w <= t->res.w)
        return false;
    t->a.w = (uint16_t)(t->a.w + w - t->res.w);
    t->res.w = w;
    return true;
}

TEST(stride2)
{
    UNUSED(type);
    return t->stride_w == 2 && t->a.w > 2 && t->a.w % (2 * num(NPU_GET(chip, bpu_align_w)));
}

CHANGE(stride2)
{
    uint16_t w = aligned(t->a.w, 2 * num(NPU_GET(chip, bpu_align_w)), up);
    if (w == 0)
        return false;
    t->a.w = w;
    t->res.w = w / 2;
    return true;
}

/* A depthwise command has as many source channels as results; groups have a rule of their own. */
TEST(out_channels)
{
    UNUSED(type);
    return t->group == 1 && t->res.c % num(NPU_GET(chip, bpu_align_out));
}

CHANGE(out_channels)
{
    uint16_t c = aligned(t->res.c, num(NPU_GET(chip, bpu_align_out)), up);
    if (c == 0)
        return false;
    t->res.c = c;
    return true;
}

TEST(in_channels)
{
    UNUSED(type);
    return t->group == 1 && t->a.c % num(NPU_GET(chip, bpu_align_in));
}

CHANGE(in_channels)
{
    uint16_t c = aligned(t->a.c, num(NPU_GET(chip, bpu_align_in)), up);
    if (c == 0)
        return false;
    t->a.c = t->b.c = c;
    return true;
}

static bool whole_groups(const npu_tiu *t, uint32_t g, uint32_t to)
{
    return t->a.c % g == 0 && t->res.c % g == 0 && t->a.c / g % to == 0 && t->res.c / g % to == 0;
}

TEST(group)
{
    UNUSED(type);
    return t->group > 1 && !whole_groups(t, t->group, num(NPU_GET(chip, bpu_align_group)));
}

/* The same channels in fewer groups, or (UP) as many groups of more channels each. */
CHANGE(group)
{
    uint32_t to = num(NPU_GET(chip, bpu_align_group)), g = t->group;
    t->in_slot = t->out_slot = 0;
    if (up) {
        uint32_t in = aligned(t->a.c / g, to, true) * g, out = aligned(t->res.c / g, to, true) * g;
        t->a.c = t->b.c = (uint16_t)in;
        t->res.c = (uint16_t)out;
        return in <= UINT16_MAX && out <= UINT16_MAX;
    }
    while (g > 1 && !whole_groups(t, g, to))
        g--;
    t->group = (uint16_t)g;
    return g > 1;
}

TEST(neighbour)
{
    UNUSED(chip);
    UNUSED(type);
    return t->group == 1 && (t->in_slot || t->out_slot);
}

CHANGE(neighbour)
{
    UNUSED(chip);
    t->in_slot = t->out_slot = 0;
    return !up;
}

/* --- windows ---------------------------------------------------------------------------------- */

static bool even(uint32_t k)
{
    return k > 1 && k % 2 == 0;
}

TEST(kernel)
{
    UNUSED(type);
    return NPU_GET(chip, bpu_odd_kernels) != 0 && t->ins_h == 0 && (even(t->b.h) || even(t->b.w));
}

CHANGE(kernel)
{
    UNUSED(chip);
    if (even(t->b.h))
        t->b.h = (uint16_t)(up ? t->b.h + 1 : t->b.h - 1);
    if (even(t->b.w))
        t->b.w = (uint16_t)(up ? t->b.w + 1 : t->b.w - 1);
    return true;
}

TEST(stride)
{
    UNUSED(type);
    double native = NPU_GET(chip, bpu_native_stride);
    return t->stride_h > native || t->stride_w > native;
}

/* The source shrinks as much as the stride does. */
CHANGE(stride)
{
    uint8_t to = (uint8_t)num(NPU_GET(chip, bpu_native_stride));
    if (t->stride_h > to) {
        t->a.h = (uint16_t)num((double)t->a.h * to / t->stride_h);
        t->stride_h = to;
    }
    if (t->stride_w > to) {
        t->a.w = (uint16_t)num((double)t->a.w * to / t->stride_w);
        t->stride_w = to;
    }
    return !up;
}

TEST(padding)
{
    UNUSED(chip);
    UNUSED(type);
    return t->padded;
}

CHANGE(padding)
{
    UNUSED(chip);
    t->padded = false;
    t->pad_l = t->pad_r = (uint8_t)(t->b.w / 2);
    return !up;
}

TEST(dilation)
{
    UNUSED(chip);
    UNUSED(type);
    return t->dil_h > 1 || t->dil_w > 1;
}

CHANGE(dilation)
{
    UNUSED(chip);
    t->dil_h = t->dil_w = 1;
    return !up;
}

TEST(pool_pad)
{
    UNUSED(chip);
    UNUSED(type);
    return t->fn == 0 && (t->pad_t > 1 || t->pad_l > 1);
}

CHANGE(pool_pad)
{
    UNUSED(chip);
    t->pad_t = t->pad_t > 1 ? 1 : t->pad_t;
    t->pad_l = t->pad_l > 1 ? 1 : t->pad_l;
    return !up;
}

TEST(pool_stride)
{
    return t->fn == 0 && test_stride(chip, t, type);
}

/* --- operators -------------------------------------------------------------------------------- */

static bool is(const char *type, const char *name)
{
    return strcmp(type, name) == 0;
}

#define TYPE_TEST(id, name)                                                                        \
    TEST(id)                                                                                       \
    {                                                                                              \
        UNUSED(chip);                                                                              \
        UNUSED(t);                                                                                 \
        return is(type, name);                                                                     \
    }
TYPE_TEST(concat, "Concat")
TYPE_TEST(split, "Split")
TYPE_TEST(slice, "Slice")

/* Functions of bpu_mac.def. */
#define FN_TEST(id, condition)                                                                     \
    TEST(id)                                                                                       \
    {                                                                                              \
        UNUSED(chip);                                                                              \
        UNUSED(type);                                                                              \
        return condition;                                                                          \
    }
FN_TEST(add, t->fn == 0 || t->fn == 6)
FN_TEST(mul, t->fn == 1 || t->fn == 7)
FN_TEST(maximum, t->fn == 2 || t->fn == 3)
FN_TEST(prelu, t->fn == 4)
FN_TEST(relu, t->fn == 5)
FN_TEST(any, t->res.n > 0)

TEST(reshape)
{
    uint32_t to = num(NPU_GET(chip, bpu_align_w));
    UNUSED(type);
    return t->fn == 3 && (t->a.w % to || t->res.w % to);
}

CHANGE(reshape)
{
    UNUSED(chip);
    t->fn = 0;
    return !up;
}

CHANGE(add)
{
    UNUSED(chip);
    t->fn = 0;
    return !up;
}

CHANGE(gone)
{
    UNUSED(chip);
    t->res.n = 0;
    return !up;
}

/* --- the table -------------------------------------------------------------------------------- */

#define BIT(kind) (1u << (NPU_KIND_##kind - NPU_KIND_BCONV))
enum {
    KINDS_CONV = BIT(BCONV),
    KINDS_WINDOW = BIT(BCONV) | BIT(BDW),
    KINDS_POOL = BIT(BPOOL),
    KINDS_ELT = BIT(BELT),
    KINDS_LUT = BIT(BLUT),
    KINDS_COPY = BIT(BCOPY),
    KINDS_CONV_COPY = BIT(BCONV) | BIT(BCOPY),
    KINDS_ALL = BIT(BCONV) | BIT(BDW) | BIT(BPOOL) | BIT(BELT) | BIT(BLUT)
};

const adv_rule adv_rules[] = {
#define A(id, rule, kinds, test, change, advice)                                                   \
    {#id, rule, advice, KINDS_##kinds, test_##test, change_##change},
#include "perf/advise.def"
#undef A
};
const unsigned adv_nrules = sizeof adv_rules / sizeof adv_rules[0];

bool adv_breaks(const adv_rule *r, const npu_chip *chip, const npu_cmd *c, const char *type)
{
    return c->engine == NPU_ENGINE_TIU && c->kind >= NPU_KIND_BCONV && c->kind <= NPU_KIND_BCOPY &&
           (r->kinds >> (c->kind - NPU_KIND_BCONV) & 1) && r->test(chip, &c->u.tiu, type);
}

/* --- words ------------------------------------------------------------------------------------ */

char *adv_describe(const npu_tiu *a, const npu_tiu *b)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    const struct { const char *name; unsigned from, to; } pair[] = {
        {"W", a->res.w, b->res.w}, {"input W", a->stride_w > 1 ? a->a.w : 0,
                                    a->stride_w > 1 ? b->a.w : 0},
        {"channels", a->res.c, b->res.c}, {"input channels", a->a.c, b->a.c},
        {"groups", a->group, b->group},
        {"stride", a->stride_w, b->stride_w}, {"dilation", a->dil_w, b->dil_w},
        {"padding operations", a->padded, b->padded}, {"pad", a->pad_l, b->pad_l}};
    const char *between = "";
    bool kernel = a->b.h != b->b.h || a->b.w != b->b.w;
    if (!f)
        return NULL;
    if (b->res.n == 0)
        fputs("without it", f);
    for (size_t i = 0; b->res.n && i < sizeof pair / sizeof pair[0]; i++)
        if (pair[i].from != pair[i].to) {
            fprintf(f, "%s%s %u -> %u", between, pair[i].name, pair[i].from, pair[i].to);
            between = ", ";
        }
    if (b->res.n && kernel)
        fprintf(f, "%skernel %ux%u -> %ux%u", between, a->b.h, a->b.w, b->b.h, b->b.w);
    else if (b->res.n && !*between)
        fputs(a->in_slot || a->out_slot ? "no padded groups beside it"
              : a->fn == 3              ? "widths of a multiple of 8"
                                        : "an addition instead", f);
    return fclose(f) == 0 ? text : NULL;
}
