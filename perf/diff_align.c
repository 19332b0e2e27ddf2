/* Pairs the layers of two profiles: by name, by signature in order, by place.
 *
 * Names of the weight map survive most recompilations; derived names ("maxpool(134_Conv)") may
 * not, so layers that do the same work pair up in program order.  What then stands alone between
 * the same neighbours on both sides is the same layer, changed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "perf/diff.h"

typedef struct {
    char *key;             /* owned */
    int32_t *index;        /* layers with this key in order; owned */
    size_t n, next;
    UT_hash_handle hh;
} bucket;

typedef char *key_of(const prof_layer *l);

static char *name_in_subgraph(const prof_layer *l)
{
    char *key = NULL;
    return asprintf(&key, "%s\n%s", l->subgraph, l->name) < 0 ? NULL : key;
}

static char *name_alone(const prof_layer *l)
{
    return strdup(l->name);
}

static char *signature(const prof_layer *l)
{
    char *key = NULL;
    int n = asprintf(&key, "%s\n%s\n%s\n%s\n%" PRId64 " %" PRId64, l->kind, l->op, l->output,
                     l->dtype, l->macs, l->weight_bytes);
    return n < 0 ? NULL : key;
}

static bool put(bucket **table, char *key, int32_t index)
{
    bucket *b = NULL;
    if (key)
        HASH_FIND_STR(*table, key, b);
    if (!b) {
        b = key ? calloc(1, sizeof *b) : NULL;
        if (!b) {
            free(key);
            return false;
        }
        b->key = key;
        HASH_ADD_KEYPTR(hh, *table, b->key, strlen(b->key), b);
    } else {
        free(key);
    }
    int32_t *grown = realloc(b->index, (b->n + 1) * sizeof *grown);
    if (!grown)
        return false;
    b->index = grown;
    b->index[b->n++] = index;
    return true;
}

static void free_table(bucket *table)
{
    bucket *b, *next;
    HASH_ITER(hh, table, b, next)
    {
        HASH_DEL(table, b);
        free(b->key);
        free(b->index);
        free(b);
    }
}

static void pair(prof_pairs *p, int32_t old, int32_t new, npu_diff_match how)
{
    p->new_of[old] = new;
    p->old_of[new] = old;
    p->how[old] = how;
}

/* Pairs unmatched layers with equal keys; ONE: only where the key stands once on both sides. */
static bool match(const prof_facts *old, const prof_facts *new, prof_pairs *p, key_of *key,
                  npu_diff_match how, bool one)
{
    bucket *there = NULL, *here = NULL, *b, *next;
    bool ok = true;
    for (size_t i = 0; i < new->nlayer && ok; i++)
        if (p->old_of[i] == PROF_UNMATCHED)
            ok = put(&there, key(&new->layer[i]), (int32_t)i);
    for (size_t i = 0; i < old->nlayer && ok; i++)
        if (p->new_of[i] == PROF_UNMATCHED)
            ok = put(&here, key(&old->layer[i]), (int32_t)i);
    HASH_ITER(hh, here, b, next)
    {
        bucket *t;
        HASH_FIND_STR(there, b->key, t);
        for (size_t i = 0; ok && t && i < b->n && i < t->n && (!one || (b->n == 1 && t->n == 1));
             i++)
            pair(p, b->index[i], t->index[i], how);
    }
    free_table(there);
    free_table(here);
    return ok;
}

/* For each old layer that is alone, unmatched, behind a matched one: the layer alone at the same
 * place on the other side, if it is of the same kind. */
static void match_places(const prof_facts *old, const prof_facts *new, prof_pairs *p)
{
    for (size_t i = 0; i < old->nlayer; i++) {
        if (p->new_of[i] != PROF_UNMATCHED || (i && p->new_of[i - 1] == PROF_UNMATCHED) ||
            (i + 1 < old->nlayer && p->new_of[i + 1] == PROF_UNMATCHED))
            continue;
        size_t k = i ? (size_t)p->new_of[i - 1] + 1 : 0;
        if (k >= new->nlayer || p->old_of[k] != PROF_UNMATCHED ||
            (k + 1 < new->nlayer && p->old_of[k + 1] == PROF_UNMATCHED) ||
            strcmp(old->layer[i].kind, new->layer[k].kind) != 0)
            continue;
        pair(p, (int32_t)i, (int32_t)k, NPU_MATCH_PLACE);
    }
}

npu_status prof_align(const prof_facts *old, const prof_facts *new, prof_pairs *p, npu_err *err)
{
    *p = (prof_pairs){malloc((old->nlayer + 1) * sizeof *p->new_of),
                      malloc((new->nlayer + 1) * sizeof *p->old_of),
                      calloc(old->nlayer + 1, sizeof *p->how)};
    bool ok = p->new_of && p->old_of && p->how;
    for (size_t i = 0; ok && i < old->nlayer; i++)
        p->new_of[i] = PROF_UNMATCHED;
    for (size_t i = 0; ok && i < new->nlayer; i++)
        p->old_of[i] = PROF_UNMATCHED;
    ok = ok && match(old, new, p, name_in_subgraph, NPU_MATCH_NAME, false) &&
         match(old, new, p, name_alone, NPU_MATCH_NAME, true) &&
         match(old, new, p, signature, NPU_MATCH_SIGNATURE, false);
    if (!ok)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    match_places(old, new, p);
    return NPU_OK;
}

void prof_pairs_free(prof_pairs *p)
{
    free(p->new_of);
    free(p->old_of);
    free(p->how);
    *p = (prof_pairs){0};
}
