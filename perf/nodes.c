/* What a .bin says of itself, for reports: versions, check sums, and its network as boxes.
 *
 * A box is an NPU sub-graph or a node on the CPU.  Edges join equal value names. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "perf/collect.h"

typedef struct {              /* who makes a value */
    const char *value;
    uint32_t box;
} maker;

static int by_value(const void *a, const void *b)
{
    const maker *x = a, *y = b;
    int order = strcmp(x->value, y->value);

    return order ? order : (x->box > y->box) - (x->box < y->box);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static npu_status no_memory(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

/* Name of NPU sub-graph K: the section of the K-th NPU routine. */
static const char *subgraph_name(const perf_prog *g, int32_t k)
{
    for (size_t i = 0; i < g->n; i++)
        if (!g->part[i].cpu && k-- == 0)
            return g->part[i].routine->section;
    return "sub-graph";
}

/* The box of each node into BOX; NPU nodes of one sub-graph share theirs. */
static npu_status boxes(const perf_prog *g, npu_prof_origin *o, uint32_t *box, npu_err *err)
{
    const npu_model *m = g->model;
    size_t limit = g->n + 1; /* sub-graphs beyond the routines would be made up */
    uint32_t *of = calloc(limit, sizeof *of); /* box of a sub-graph, plus 1 */
    npu_status s = of ? NPU_OK : no_memory(err);

    for (size_t i = 0; i < m->nnode && s == NPU_OK; i++) {
        const npu_node_info *n = &m->node[i];
        size_t k = n->npu ? (size_t)n->subgraph : 0;
        npu_prof_node *b = &o->node[o->nnode];
        if (n->npu && k >= limit)
            s = npu_fail(err, NPU_BAD_INPUT, "%s: node %.80s is of sub-graph %d; there are %zu "
                         "routines", m->path, n->name, (int)n->subgraph, g->n);
        else if (n->npu && of[k])
            box[i] = of[k] - 1;
        else {
            box[i] = (uint32_t)o->nnode++;
            b->npu = n->npu;
            b->name = strdup(n->npu ? subgraph_name(g, n->subgraph) : n->name);
            b->type = strdup(n->npu ? "" : n->type);
            s = b->name && b->type ? NPU_OK : no_memory(err);
            if (n->npu)
                of[k] = box[i] + 1;
        }
    }
    free(of);
    return s;
}

static maker *makers(const npu_model *m, const uint32_t *box, size_t *n)
{
    size_t total = 0;
    maker *list;

    for (size_t i = 0; i < m->nnode; i++)
        total += m->node[i].nout;
    list = calloc(total + 1, sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < m->nnode; i++)
        for (size_t k = 0; k < m->node[i].nout; k++)
            list[(*n)++] = (maker){m->node[i].out[k], box[i]};
    if (list)
        qsort(list, *n, sizeof *list, by_value);
    return list;
}

/* First maker of VALUE, NULL when it comes from outside. */
static const maker *find(const maker *list, size_t n, const char *value)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(list[mid].value, value) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && !strcmp(list[low].value, value) ? &list[low] : NULL;
}

static npu_status add_edge(npu_prof_node *to, uint32_t from, npu_err *err)
{
    uint32_t *grown = realloc(to->from, (to->nfrom + 1) * sizeof *grown);

    if (!grown)
        return no_memory(err);
    to->from = grown;
    to->from[to->nfrom++] = from;
    return NPU_OK;
}

static npu_status edges(const npu_model *m, npu_prof_origin *o, const uint32_t *box,
                        const maker *list, size_t n, npu_err *err)
{
    for (size_t i = 0; i < m->nnode; i++)
        for (size_t k = 0; k < m->node[i].nin; k++) {
            const maker *x = find(list, n, m->node[i].in[k]);
            if (x && x->box != box[i])
                NPU_TRY(add_edge(&o->node[box[i]], x->box, err));
        }
    for (size_t i = 0; i < o->nnode; i++) { /* in order, each once */
        npu_prof_node *b = &o->node[i];
        size_t kept = 0;
        if (b->nfrom)
            qsort(b->from, b->nfrom, sizeof *b->from, by_number);
        for (size_t k = 0; k < b->nfrom; k++)
            if (k == 0 || b->from[k] != b->from[k - 1])
                b->from[kept++] = b->from[k];
        b->nfrom = kept;
    }
    return NPU_OK;
}

static npu_status network(const perf_prog *g, npu_prof_origin *o, npu_err *err)
{
    const npu_model *m = g->model;
    uint32_t *box = calloc(m->nnode + 1, sizeof *box);
    maker *list = NULL;
    size_t n = 0;
    npu_status s;

    o->node = calloc(m->nnode + 1, sizeof *o->node);
    s = box && o->node ? boxes(g, o, box, err) : no_memory(err);
    if (s == NPU_OK && !(list = makers(m, box, &n)))
        s = no_memory(err);
    if (s == NPU_OK)
        s = edges(m, o, box, list, n, err);
    free(list);
    free(box);
    return s;
}

static char *text_of(const cJSON *info, const char *group, const char *key)
{
    const char *s = json_string(json_get(info, group), key);

    return strdup(s ? s : "");
}

static npu_status facts(const npu_model *m, npu_prof_origin *o, npu_err *err)
{
    cJSON *info = NULL;

    if (m->info)
        NPU_TRY(json_parse(m->path, m->info, strlen(m->info), NPU_BAD_INPUT, &info, err));
    o->march = strdup(m->march);
    o->hbdk = text_of(info, "versions", "hbdk");
    o->runtime = text_of(info, "versions", "hbdk runtime");
    o->options = text_of(info, "compiler_parameters", "hbdk_pass_through_params");
    cJSON_Delete(info);
    o->cores = m->cores ? m->cores : 1;
    o->debug = m->debug;
    return o->march && o->hbdk && o->runtime && o->options ? NPU_OK : no_memory(err);
}

static npu_status check_sums(const perf_prog *g, npu_prof_origin *o, npu_err *err)
{
    const npu_model *m = g->model;

    if (!(o->command_crc = calloc(g->n + 1, sizeof *o->command_crc)))
        return no_memory(err);
    for (size_t i = 0; i < m->nsection; i++)
        if (m->section[i].type == NPU_SECTION_WEIGHT && m->section[i].data)
            o->weight_crc = hash_crc32(o->weight_crc, m->section[i].data,
                                       m->section[i].data_bytes);
    for (size_t i = 0; i < g->n; i++) {
        const npu_section *x = g->part[i].cpu
                                   ? NULL : npu_model_section(m, g->part[i].routine->section);
        if (x && x->data)
            o->command_crc[i] = hash_crc32(0, x->data, x->data_bytes);
    }
    return NPU_OK;
}

/* A model of a packed file gives its own name to what is made of it. */
static npu_status member_name(const npu_model *m, npu_profile *p, npu_err *err)
{
    char *name = m->nmember ? strdup(m->name) : NULL;

    if (m->nmember == 0)
        return NPU_OK;
    if (!name)
        return no_memory(err);
    free(p->name);
    p->name = name;
    return NPU_OK;
}

npu_status perf_origin(const perf_prog *g, npu_profile *p, npu_err *err)
{
    if (!g->model->march)
        return NPU_OK;
    if (!(p->origin = calloc(1, sizeof *p->origin)))
        return no_memory(err);
    NPU_TRY(member_name(g->model, p, err));
    NPU_TRY(facts(g->model, p->origin, err));
    NPU_TRY(check_sums(g, p->origin, err));
    return network(g, p->origin, err);
}

void perf_origin_free(npu_prof_origin *o)
{
    if (!o)
        return;
    for (size_t i = 0; o->node && i < o->nnode; i++) {
        free(o->node[i].name);
        free(o->node[i].type);
        free(o->node[i].from);
    }
    free(o->node);
    free(o->command_crc);
    free(o->march);
    free(o->hbdk);
    free(o->runtime);
    free(o->options);
    free(o);
}
