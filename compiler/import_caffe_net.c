/* Caffe importer: the list of layers, which of them count, and the blobs between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "compiler/import_caffe.h"

struct cf_blob {
    const char *name;
    int32_t value;    /* the one a reader gets now; NPU_NONE: not made yet */
    unsigned writers; /* layers that will still make it */
    unsigned readers; /* layers that read it, in all */
    bool read;        /* since it was made */
    UT_hash_handle hh;
};

#define L(type, word, function, op, ...) void cf_##function(cf_net *, cf_layer *);
#define W(word, type)
#include "compiler/caffe.def"
#undef L
#undef W

static const cf_kind kinds[] = {
#define L(type, word, function, op, ...) {type, word, cf_##function, NPU_OP_##op, __VA_ARGS__},
#define W(word, type)
#include "compiler/caffe.def"
#undef L
#undef W
};

static const struct { const char *word, *type; } words[] = {
#define L(type, word, ...) {word, type},
#define W(word, type) {word, type},
#include "compiler/caffe.def"
#undef L
#undef W
};

const cf_kind *cf_kind_find(const char *type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

static const char *type_of_word(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].type;
    return word;
}

static cf_blob *blob(cf_net *c, const char *name)
{
    cf_blob *b;
    HASH_FIND_STR(c->blobs, name, b);
    return b;
}

static cf_blob *make_blob(cf_net *c, const char *name)
{
    cf_blob *b = blob(c, name);
    if (b)
        return b;
    b = calloc(1, sizeof *b);
    if (!b) {
        cf_no_memory(c);
        return NULL;
    }
    b->name = name;
    b->value = NPU_NONE;
    HASH_ADD_KEYPTR(hh, c->blobs, b->name, strlen(b->name), b);
    return b;
}

void cf_net_free(cf_net *c)
{
    cf_blob *all = c->blobs, *b, *next;
    HASH_ITER(hh, all, b, next) {
        HASH_DEL(all, b);
        free(b);
    }
    c->blobs = NULL;
}

/* The last layer that makes a blob gives its value the blob's name, so that outputs are named as
 * in Caffe; layers before it (a convolution whose ReLU works in place) get name_1, name_2, ... */
int32_t cf_new_blob(cf_net *c, const char *name)
{
    cf_blob *b = blob(c, name);
    if (b && b->writers <= 1 && g_find(c->g, name) == NPU_NONE)
        return g_value(c->g, name);
    for (unsigned i = 1; i < UINT32_MAX; i++) {
        const char *made = arena_printf(c->g->arena, "%s_%u", name, i);
        if (!made)
            return NPU_NONE;
        if (!blob(c, made) && g_find(c->g, made) == NPU_NONE)
            return g_value(c->g, made);
    }
    return NPU_NONE;
}

/* --- layers ----------------------------------------------------------------------------------- */

static const char *text_of(cf_net *c, const prototxt_field *f)
{
    const char *s = "";
    if (f && !prototxt_string(f, &s)) {
        if (c->status == NPU_OK)
            c->status = npu_fail(c->err, NPU_BAD_INPUT, "%s:%u:%u: %s expected as a string",
                                 c->path, f->line, f->column, f->name);
    }
    return s;
}

static const char **texts(cf_net *c, const prototxt_field *m, const char *name, unsigned *n)
{
    const prototxt_field *f;
    *n = 0;
    for (f = prototxt_find(m->child, name); f; f = prototxt_find(f->next, name))
        ++*n;
    const char **list = arena_alloc(c->g->arena, *n * sizeof *list);
    if (!list) {
        cf_no_memory(c);
        *n = 0;
    }
    unsigned i = 0;
    for (f = prototxt_find(m->child, name); f && list; f = prototxt_find(f->next, name))
        list[i++] = text_of(c, f);
    return list;
}

/* A NetStateRule against the state a network is deployed in: TEST, level 0, no stage. */
static bool rule_met(cf_net *c, const cf_layer *l, const prototxt_field *rule)
{
    static const char *const phases[] = {"TRAIN", "TEST", NULL};
    return cf_choice(c, l, rule, "phase", phases, NULL, 1) == 1 &&
           cf_int(c, l, rule, "min_level", 0, INT32_MIN, INT32_MAX) <= 0 &&
           cf_int(c, l, rule, "max_level", 0, INT32_MIN, INT32_MAX) >= 0 &&
           !prototxt_get(rule, "stage");
}

static bool any_met(cf_net *c, const cf_layer *l, const char *name, bool *given)
{
    bool met = false;
    const prototxt_field *f = prototxt_find(l->m->child, name);
    *given = f != NULL;
    for (; f; f = prototxt_find(f->next, name))
        met |= rule_met(c, l, f);
    return met;
}

static bool included(cf_net *c, const cf_layer *l)
{
    bool given;
    bool in = any_met(c, l, "include", &given);
    if (given)
        return in;
    return !any_met(c, l, "exclude", &given);
}

/* Reads one layer message; TYPE is a string in files of today, a word in old ones. */
static void read_layer(cf_net *c, const prototxt_field *m, int32_t number, cf_layer *l)
{
    const prototxt_field *type = prototxt_get(m, "type");
    *l = (cf_layer){.m = m, .number = number, .name = "", .type = ""};
    if (m->kind != PROTOTXT_MESSAGE || prototxt_get(m, "layer")) {
        if (c->status == NPU_OK)
            c->status = npu_fail(c->err, m->kind == PROTOTXT_MESSAGE ? NPU_UNSUPPORTED
                                                                     : NPU_BAD_INPUT,
                                 "%s:%u:%u: %s", c->path, m->line, m->column,
                                 m->kind == PROTOTXT_MESSAGE
                                     ? "a layer inside a layer is the first format of Caffe; "
                                       "upgrade the file with upgrade_net_proto_text"
                                     : "a layer is a message, '{' expected");
        return;
    }
    l->name = text_of(c, prototxt_get(m, "name"));
    if (type && type->kind == PROTOTXT_WORD)
        l->type = type_of_word(type->text);
    else
        l->type = text_of(c, type);
    l->bottom = texts(c, m, "bottom", &l->nbottom);
    l->top = texts(c, m, "top", &l->ntop);
    if (!*l->type)
        cf_fail(c, l, NPU_BAD_INPUT, "no type");
}

static void check_arity(cf_net *c, const cf_layer *l)
{
    const cf_kind *k = l->kind;
    if (l->nbottom < k->min_bottom || l->nbottom > k->max_bottom)
        cf_fail(c, l, l->nbottom > k->max_bottom ? NPU_UNSUPPORTED : NPU_BAD_INPUT,
                "%u bottoms, %u..%u expected", l->nbottom, k->min_bottom, k->max_bottom);
    if (l->ntop < k->min_top || l->ntop > k->max_top)
        cf_fail(c, l, l->ntop > k->max_top ? NPU_UNSUPPORTED : NPU_BAD_INPUT,
                "%u tops, %u..%u expected", l->ntop, k->min_top, k->max_top);
}

/* Values of a layer, and its blobs counted. */
static void enter(cf_net *c, cf_layer *l)
{
    l->in = arena_alloc(c->g->arena, l->nbottom * sizeof *l->in);
    l->out = arena_alloc(c->g->arena, l->ntop * sizeof *l->out);
    if (!l->in || !l->out) {
        cf_no_memory(c);
        return;
    }
    for (unsigned i = 0; i < l->nbottom; i++) {
        cf_blob *b = make_blob(c, l->bottom[i]);
        l->in[i] = NPU_NONE;
        if (b)
            b->readers++;
    }
    for (unsigned i = 0; i < l->ntop; i++) {
        cf_blob *b = make_blob(c, l->top[i]);
        l->out[i] = NPU_NONE;
        if (b)
            b->writers++;
    }
}

void cf_net_layers(cf_net *c)
{
    const char *name = prototxt_get(c->root, "layer") ? "layer" : "layers";
    const prototxt_field *f;
    size_t n = 0;
    for (f = prototxt_find(c->root->child, name); f; f = prototxt_find(f->next, name))
        n++;
    if (n == 0 || n > CF_LAYERS_MAX) {
        cf_fail(c, NULL, NPU_BAD_INPUT, "%zu layers, 1 to %d expected", n, CF_LAYERS_MAX);
        return;
    }
    c->layer = arena_alloc(c->g->arena, n * sizeof *c->layer);
    if (!c->layer)
        cf_no_memory(c);
    int32_t number = 0;
    for (f = prototxt_find(c->root->child, name); f && c->status == NPU_OK;
         f = prototxt_find(f->next, name)) {
        cf_layer *l = &c->layer[c->nlayer];
        read_layer(c, f, number++, l);
        if (c->status != NPU_OK || !included(c, l) || c->status != NPU_OK)
            continue;
        l->kind = cf_kind_find(l->type);
        if (!l->kind)
            c->status = npu_fail(c->err, NPU_UNSUPPORTED,
                                 "ValueError: Not support layer name=%s type=%s", l->name, l->type);
        c->nlayer++;
    }
    for (size_t i = 0; i < c->nlayer && c->status == NPU_OK; i++) {
        check_arity(c, &c->layer[i]);
        enter(c, &c->layer[i]);
    }
}

void cf_bottoms(cf_net *c, cf_layer *l)
{
    for (unsigned i = 0; i < l->nbottom && c->status == NPU_OK; i++) {
        cf_blob *b = blob(c, l->bottom[i]);
        if (!b || b->value == NPU_NONE) {
            cf_fail(c, l, NPU_BAD_INPUT, "bottom '%s' is made by no layer before it",
                    l->bottom[i]);
            return;
        }
        b->read = true;
        l->in[i] = b->value;
    }
}

void cf_tops(cf_net *c, cf_layer *l)
{
    for (unsigned i = 0; i < l->ntop && c->status == NPU_OK; i++) {
        cf_blob *b = blob(c, l->top[i]);
        if (!b)
            continue;
        b->writers -= !l->counted;
        b->value = l->out[i];
        /* an input that nobody reads is no output */
        b->read = b->value == NPU_NONE || c->g->value[b->value].producer == NPU_NONE;
    }
}

/* The first layer after L that reads blob NAME. */
static cf_layer *first_reader(const cf_net *c, const cf_layer *l, const char *name)
{
    for (cf_layer *next = c->layer + (l - c->layer) + 1; next < c->layer + c->nlayer; next++)
        for (unsigned i = 0; i < next->nbottom; i++)
            if (strcmp(next->bottom[i], name) == 0)
                return next;
    return NULL;
}

cf_layer *cf_merge_scale(cf_net *c, cf_layer *l)
{
    const char *made = l->top[0];
    cf_layer *s = first_reader(c, l, made);
    cf_blob *b = blob(c, made);
    if (!s || !b || strcmp(s->type, "Scale") != 0 || s->nbottom != 1)
        return NULL;
    const prototxt_field *p = prototxt_get(s->m, "scale_param"); /* one factor per channel? */
    if (cf_int(c, s, p, "axis", 1, INT32_MIN, INT32_MAX) != 1 ||
        cf_int(c, s, p, "num_axes", 1, INT32_MIN, INT32_MAX) != 1)
        return NULL;
    bool own = strcmp(l->bottom[0], made) == 0; /* L in place: it reads the blob, too */
    if (strcmp(s->top[0], made) != 0 && (own || b->readers != 1))
        return NULL;
    s->merged = l->counted = true;
    b->writers--;
    return s;
}

/* --- inputs and outputs ----------------------------------------------------------------------- */

static void add_value(cf_net *c, int32_t **list, uint32_t *n, int32_t v)
{
    int32_t *longer = arena_alloc(c->g->arena, (*n + 1) * sizeof *longer);
    if (!longer) {
        cf_no_memory(c);
        return;
    }
    if (*n)
        memcpy(longer, *list, *n * sizeof *longer);
    longer[(*n)++] = v;
    *list = longer;
}

/* Blob NAME is an input of the net with shape S. */
static void add_input(cf_net *c, const char *name, const cf_shape *s)
{
    int32_t v = c->status == NPU_OK ? g_find(c->g, name) : NPU_NONE;
    cf_blob *b = make_blob(c, name);
    if (c->status != NPU_OK || !b)
        return;
    if (v != NPU_NONE) {
        cf_fail(c, NULL, NPU_BAD_INPUT, "input '%s' is given twice", name);
        return;
    }
    v = g_value(c->g, name);
    if (v == NPU_NONE) {
        cf_no_memory(c);
        return;
    }
    npu_value *value = &c->g->value[v];
    value->elem = NPU_ELEM_FLOAT;
    value->rank = s->rank;
    memcpy(value->dim, s->dim, sizeof value->dim);
    b->value = v;
    b->read = true; /* never an output */
    add_value(c, &c->g->in, &c->g->nin, v);
}

/* Top K of a layer that only gives data. */
void cf_net_input(cf_net *c, cf_layer *l, unsigned k, cf_shape s)
{
    cf_blob *b = blob(c, l->top[k]);
    if (!b || (k > 0 && b->readers == 0)) /* labels nobody reads */
        return;
    if (s.rank == 0)
        cf_fail(c, l, NPU_BAD_INPUT, "no shape given");
    for (int d = 0; d < s.rank; d++)
        if (cf_count(&s, 0, s.rank) > INT32_MAX || s.dim[d] < 1)
            cf_fail(c, l, NPU_BAD_INPUT, "top '%s' is too large", l->top[k]);
    add_input(c, l->top[k], &s);
    if (c->status == NPU_OK)
        l->out[k] = b->value;
}

void cf_net_inputs(cf_net *c)
{
    unsigned n, i = 0;
    const char **names = texts(c, c->root, "input", &n);
    const prototxt_field *shape = prototxt_find(c->root->child, "input_shape");
    const prototxt_field *dim = prototxt_find(c->root->child, "input_dim");
    const cf_layer whole = {.m = c->root, .name = "input", .type = "net"};
    for (; i < n && c->status == NPU_OK; i++) {
        cf_shape s = {0};
        if (shape) {
            s = cf_dims(c, &whole, shape, 1);
            shape = prototxt_find(shape->next, "input_shape");
        }
        for (; !shape && s.rank < 4 && dim; dim = prototxt_find(dim->next, "input_dim")) {
            prototxt_field one = *dim, m = {.kind = PROTOTXT_MESSAGE, .child = &one};
            one.next = NULL;
            s.dim[s.rank++] = cf_int(c, &whole, &m, "input_dim", 1, 1, INT32_MAX);
        }
        if (s.rank == 0 || cf_count(&s, 0, s.rank) > INT32_MAX)
            cf_fail(c, NULL, NPU_BAD_INPUT, "input '%s' has %s; input_shape or four input_dim of "
                    "at most 2^31-1 elements expected", names[i],
                    s.rank ? "too many elements" : "no shape");
        add_input(c, names[i], &s);
    }
}

void cf_net_outputs(cf_net *c)
{
    for (size_t i = 0; i < c->nlayer && c->status == NPU_OK; i++)
        for (unsigned k = 0; k < c->layer[i].ntop; k++) {
            cf_blob *b = blob(c, c->layer[i].top[k]);
            if (b && b->value != NPU_NONE && !b->read && !g_is_output(c->g, b->value))
                add_value(c, &c->g->out, &c->g->nout, b->value);
        }
    if (c->g->nout == 0)
        cf_fail(c, NULL, NPU_BAD_INPUT, "no layer makes an output");
}
