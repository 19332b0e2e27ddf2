/* See cvi_net.h. */
#include "tests/unit/cvi_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPS = 400, LAYERS = 300 };

/* Also used by a program without a test runner. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static const char *keep(cvi_net *n, const char *base, const char *what)
{
    char *t = arena_printf(n->graph->arena, "%s%s", base, what);
    must(t != NULL);
    return t;
}

cvi_net cvi_net_new(const char *name)
{
    cvi_net n = {.graph = g_new(name)};
    must(n.graph != NULL);
    n.graph->name = keep(&n, name, "");
    n.net.graph = n.graph;
    n.net.name = strdup(name);
    n.net.tensor = calloc(MAPS, sizeof *n.net.tensor);
    n.net.layer = calloc(LAYERS, sizeof *n.net.layer);
    must(n.net.name && n.net.tensor && n.net.layer);
    return n;
}

void cvi_net_free(cvi_net *n)
{
    free((void *)(uintptr_t)n->net.name);
    free(n->net.tensor);
    free(n->net.layer);
    npu_graph_free(n->graph);
}

int32_t cvi_net_map(cvi_net *n, const char *name, uint32_t c, uint32_t h, uint32_t w)
{
    must(n->net.ntensor < MAPS);
    n->net.tensor[n->net.ntensor] =
        (cc_tensor){.name = keep(n, name, ""), .n = 1, .c = c, .h = h, .w = w, .bytes = 1,
                    .value = NPU_NONE, .producer = NPU_NONE, .inside = NPU_NONE};
    return (int32_t)n->net.ntensor++;
}

int32_t cvi_net_input(cvi_net *n, uint32_t c, uint32_t h, uint32_t w)
{
    int32_t t = cvi_net_map(n, "images", c, h, w);
    n->net.tensor[t].input = true;
    return t;
}

void cvi_net_inside(cvi_net *n, int32_t map, int32_t whole, uint32_t first)
{
    n->net.tensor[map].inside = whole;
    n->net.tensor[map].channel = first;
}

int32_t cvi_net_view(cvi_net *n, int32_t whole, uint32_t first, uint32_t channels)
{
    const cc_tensor *w = &n->net.tensor[whole];
    char part[32];
    snprintf(part, sizeof part, "_part%u", first);
    int32_t t = cvi_net_map(n, keep(n, w->name, part), channels, w->h, w->w);
    cvi_net_inside(n, t, whole, first);
    return t;
}

cc_layer *cvi_net_layer(cvi_net *n, cc_kind kind, const char *name, int32_t a, int32_t out)
{
    must(n->net.nlayer < LAYERS);
    cc_layer *l = &n->net.layer[n->net.nlayer];
    *l = (cc_layer){.kind = kind, .name = keep(n, name, ""), .type = "Test", .node = NPU_NONE,
                    .a = a, .b = NPU_NONE, .sum = NPU_NONE, .out = out, .kh = 1, .kw = 1, .sh = 1,
                    .sw = 1, .dh = 1, .dw = 1, .group = 1, .up_h = 1, .up_w = 1,
                    .weight = NPU_NONE, .bias = NPU_NONE};
    n->net.tensor[out].producer = (int32_t)n->net.nlayer++;
    return l;
}

static int32_t constant(cvi_net *n, const char *name, int rank, const int64_t *dim)
{
    int32_t v = g_constant(n->graph, name, NPU_ELEM_FLOAT, rank, dim, NULL);
    must(v != NPU_NONE);
    return v;
}

int32_t cvi_net_conv(cvi_net *n, const char *name, int32_t a, conv_shape s, int32_t out)
{
    cc_tensor in = n->net.tensor[a];
    uint32_t pad = s.k / 2, oh = (in.h + 2 * pad - s.k) / s.stride + 1;
    uint32_t ow = (in.w + 2 * pad - s.k) / s.stride + 1;
    if (out == NPU_NONE)
        out = cvi_net_map(n, keep(n, name, s.silu ? "_silu" : "_out"), s.oc, oh, ow);
    int32_t raw = s.silu ? cvi_net_map(n, keep(n, name, "_raw"), s.oc, oh, ow) : out;
    bool dw = s.group > 1 && s.group == in.c && s.oc == in.c;
    cc_layer *l = cvi_net_layer(n, dw ? CC_DWCONV : CC_CONV, name, a, raw);
    int64_t dim[4] = {s.oc, in.c / s.group, s.k, s.k}, bias[1] = {s.oc};
    l->kh = l->kw = s.k;
    l->sh = l->sw = s.stride;
    l->pt = l->pb = l->pl = l->pr = (int32_t)pad;
    l->group = s.group;
    l->weight = constant(n, keep(n, name, ".weight"), 4, dim);
    l->bias = constant(n, keep(n, name, ".bias"), 1, bias);
    l->weight_bytes = (uint64_t)(dim[0] * dim[1] * dim[2] * dim[3]);
    l->macs = l->weight_bytes * oh * ow;
    if (s.silu)
        cvi_net_layer(n, CC_LUT, keep(n, name, "_Mul"), raw, out)->function = NPU_OP_MUL;
    return out;
}

int32_t cvi_net_pair(cvi_net *n, cc_kind kind, const char *name, int32_t a, int32_t b, int32_t out)
{
    cc_tensor in = n->net.tensor[a];
    if (out == NPU_NONE)
        out = cvi_net_map(n, keep(n, name, "_out"), in.c, in.h, in.w);
    cvi_net_layer(n, kind, name, a, out)->b = b;
    return out;
}

int32_t cvi_net_maxpool(cvi_net *n, const char *name, int32_t a, uint32_t k, int32_t out)
{
    cc_tensor in = n->net.tensor[a];
    if (out == NPU_NONE)
        out = cvi_net_map(n, keep(n, name, "_out"), in.c, in.h, in.w);
    cc_layer *l = cvi_net_layer(n, CC_MAXPOOL, name, a, out);
    l->kh = l->kw = k;
    l->pt = l->pb = l->pl = l->pr = (int32_t)k / 2;
    return out;
}

int32_t cvi_net_upsample(cvi_net *n, const char *name, int32_t a, int32_t out)
{
    cc_tensor in = n->net.tensor[a];
    if (out == NPU_NONE)
        out = cvi_net_map(n, keep(n, name, "_out"), in.c, 2 * in.h, 2 * in.w);
    cc_layer *l = cvi_net_layer(n, CC_RESIZE, name, a, out);
    l->up_h = l->up_w = 2 << 16;
    return out;
}

int32_t cvi_net_c2f(cvi_net *n, const char *name, int32_t a, uint32_t oc, uint32_t count, bool sum,
                    int32_t out)
{
    cc_tensor in = n->net.tensor[a];
    uint32_t half = oc / 2;
    int32_t all = cvi_net_map(n, keep(n, name, "_cat"), (2 + count) * half, in.h, in.w);
    int32_t first = cvi_net_view(n, all, 0, oc), at = cvi_net_view(n, all, half, half);
    cvi_net_conv(n, keep(n, name, ".cv1"), a, (conv_shape){oc, 1, 1, 1, true}, first);
    for (uint32_t i = 0; i < count; i++) {
        char part[32];
        int32_t next = cvi_net_view(n, all, (2 + i) * half, half);
        snprintf(part, sizeof part, ".m%u", i);
        conv_shape s = {half, 3, 1, 1, true};
        int32_t t = cvi_net_conv(n, keep(n, name, keep(n, part, ".cv1")), at, s, NPU_NONE);
        t = cvi_net_conv(n, keep(n, name, keep(n, part, ".cv2")), t, s, sum ? NPU_NONE : next);
        if (sum)
            cvi_net_pair(n, CC_ADD, keep(n, name, keep(n, part, ".add")), at, t, next);
        at = next;
    }
    return cvi_net_conv(n, keep(n, name, ".cv2"), all, (conv_shape){oc, 1, 1, 1, true}, out);
}

int32_t cvi_net_sppf(cvi_net *n, const char *name, int32_t a, uint32_t oc)
{
    cc_tensor in = n->net.tensor[a];
    uint32_t half = in.c / 2;
    int32_t all = cvi_net_map(n, keep(n, name, "_cat"), 4 * half, in.h, in.w);
    int32_t t = cvi_net_view(n, all, 0, half);
    cvi_net_conv(n, keep(n, name, ".cv1"), a, (conv_shape){half, 1, 1, 1, true}, t);
    for (uint32_t i = 1; i < 4; i++) {
        char part[32];
        snprintf(part, sizeof part, ".m%u", i);
        t = cvi_net_maxpool(n, keep(n, name, part), t, 5, cvi_net_view(n, all, i * half, half));
    }
    return cvi_net_conv(n, keep(n, name, ".cv2"), all, (conv_shape){oc, 1, 1, 1, true}, NPU_NONE);
}

static int32_t down(cvi_net *n, const char *name, int32_t a, uint32_t oc, int32_t out)
{
    return cvi_net_conv(n, name, a, (conv_shape){oc, 3, 2, 1, true}, out);
}

/* Box and class branches of one scale. */
static void head(cvi_net *n, int k, int32_t a)
{
    static const uint32_t mid[2] = {64, 80};
    for (int b = 0; b < 2; b++) {
        char name[32];
        snprintf(name, sizeof name, "head.%d.%d", k, b);
        int32_t t = cvi_net_conv(n, keep(n, name, ".0"), a, (conv_shape){mid[b], 3, 1, 1, true},
                                 NPU_NONE);
        t = cvi_net_conv(n, keep(n, name, ".1"), t, (conv_shape){mid[b], 3, 1, 1, true}, NPU_NONE);
        t = cvi_net_conv(n, keep(n, name, ".2"), t, (conv_shape){mid[b], 1, 1, 1, false}, NPU_NONE);
        n->net.tensor[t].output = true;
    }
}

/* Concatenation of a new map of C channels and an old one: *VIEW is the place of the new one. */
static int32_t joined(cvi_net *n, const char *name, uint32_t c, uint32_t other, uint32_t size,
                      int32_t *view, int32_t *rest)
{
    int32_t all = cvi_net_map(n, name, c + other, size, size);
    *view = cvi_net_view(n, all, 0, c);
    *rest = cvi_net_view(n, all, c, other);
    return all;
}

cvi_net cvi_net_yolov8n(uint32_t size)
{
    cvi_net n = cvi_net_new("yolov8n");
    int32_t up4, up3, d4, d5, p3, p4, p5, h4, h5;
    /* where the neck reads the backbone again, both lie in one map from the start */
    int32_t t = down(&n, "b0", cvi_net_input(&n, 3, size, size), 16, NPU_NONE);
    int32_t cat4 = joined(&n, "cat4", 256, 128, size / 16, &up4, &p4);
    int32_t cat3 = joined(&n, "cat3", 128, 64, size / 8, &up3, &p3);
    int32_t cat7 = joined(&n, "cat7", 64, 128, size / 16, &d4, &h4);
    int32_t cat8 = joined(&n, "cat8", 128, 256, size / 32, &d5, &h5);
    t = cvi_net_c2f(&n, "b2", down(&n, "b1", t, 32, NPU_NONE), 32, 1, true, NPU_NONE);
    t = cvi_net_c2f(&n, "b4", down(&n, "b3", t, 64, NPU_NONE), 64, 2, true, p3);
    t = cvi_net_c2f(&n, "b6", down(&n, "b5", t, 128, NPU_NONE), 128, 2, true, p4);
    t = cvi_net_c2f(&n, "b8", down(&n, "b7", t, 256, NPU_NONE), 256, 1, true, NPU_NONE);
    p5 = cvi_net_sppf(&n, "b9", t, 256);
    /* the deep map is read twice: by the upsampling and, copied, by the last join */
    cvi_net_layer(&n, CC_MOVE, "join5", p5, h5)->function = NPU_OP_CONCAT;
    cvi_net_upsample(&n, "n10", p5, up4);
    t = cvi_net_c2f(&n, "n12", cat4, 128, 1, false, h4);
    cvi_net_upsample(&n, "n13", t, up3);
    t = cvi_net_c2f(&n, "n15", cat3, 64, 1, false, NPU_NONE);
    head(&n, 0, t);
    down(&n, "n16", t, 64, d4);
    t = cvi_net_c2f(&n, "n18", cat7, 128, 1, false, NPU_NONE);
    head(&n, 1, t);
    down(&n, "n19", t, 128, d5);
    head(&n, 2, cvi_net_c2f(&n, "n21", cat8, 256, 1, false, NPU_NONE));
    return n;
}
