/* See bin_edit.h.  Which nodes may go is the vendor's rule; what a removed node did, the
 * application must do, so its numbers stay in the file. */
#include "tools/bin_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/near.h"
#include "tools/bin_info.h"

static const char *const at_inputs[] = {"Quantize", "Transpose", NULL};
static const char *const at_outputs[] = {"Transpose", "Dequantize", "Cast", "Reshape", "Softmax",
                                         NULL};

const char *edit_type(const npu_node_info *n)
{
    return strncmp(n->type, "Hz", 2) ? n->type : n->type + 2;
}

static bool has(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (!strcmp(*list, word))
            return true;
    return false;
}

static size_t count(char *const *name, size_t n, const char *word)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += !strcmp(name[i], word);
    return found;
}

/* How many routines read VALUE. */
static size_t readers(const npu_program *p, const char *value)
{
    size_t n = 0;

    for (size_t i = 0; i < p->nroutine; i++)
        n += count(p->routine[i].in, p->routine[i].nin, value) > 0;
    return n;
}

bool edit_removable(const npu_model *m, size_t node, edit_node *out)
{
    const npu_program *p = &m->program[0];
    const npu_node_info *n = &m->node[node];

    for (size_t i = 0; i < p->nroutine; i++) {
        const npu_routine *r = &p->routine[i];
        if (npu_model_node(m, r) != n || r->nin != 1 || r->nout != 1)
            continue;
        bool in = count(p->in, p->nin, r->in[0]) > 0, from_out = count(p->out, p->nout, r->in[0]),
             made_out = count(p->out, p->nout, r->out[0]) > 0;
        *out = (edit_node){n, i, in, r->in[0], r->out[0]};
        if (in)
            return has(at_inputs, edit_type(n)) && readers(p, r->in[0]) == 1 && !from_out &&
                   !made_out;
        return has(at_outputs, edit_type(n)) && made_out && !from_out &&
               readers(p, r->out[0]) == 0;
    }
    return false;
}

npu_status edit_find(const npu_model *m, const char *name, size_t *node, npu_err *err)
{
    const char **known, *near;

    for (size_t i = 0; i < m->nnode; i++)
        if (!strcmp(m->node[i].name, name)) {
            *node = i;
            return NPU_OK;
        }
    if (!(known = calloc(m->nnode + 1, sizeof *known)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < m->nnode; i++)
        known[i] = m->node[i].name;
    near = base_nearest(name, known, m->nnode);
    npu_fail(err, NPU_BAD_INPUT, "%s: no node '%.80s' in this model%s%.80s%s", m->path, name,
             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    free(known);
    return NPU_BAD_INPUT;
}

/* --- INFO ----------------------------------------------------------------------------------- */

static const npu_attr *attr(const npu_routine *r, const char *key)
{
    for (size_t i = 0; i < r->nattr; i++)
        if (!strcmp(r->attr[i].key, key))
            return &r->attr[i];
    return NULL;
}

/* The node's scales: its attribute, else those of the quantised tensor beside it. */
static cJSON *scales(const npu_model *m, const edit_node *x)
{
    const npu_program *p = &m->program[0];
    const npu_attr *a = attr(&p->routine[x->routine], "scale");
    const npu_tensor *t = npu_program_tensor(p, x->at_input ? x->to : x->from);
    bool quantises = strstr(x->node->type, "uantize") != NULL;

    if (a && a->nlist)
        return cJSON_CreateDoubleArray(a->list, (int)a->nlist);
    if (a && a->type == NPU_ATTR_FLOAT)
        return cJSON_CreateDoubleArray(&a->number, 1);
    if (quantises && t && t->nscale)
        return cJSON_CreateFloatArray(t->scale, (int)t->nscale);
    if (quantises && t && t->quant_type >= 2)
        return cJSON_CreateFloatArray(&t->qscale, 1);
    return NULL;
}

char *edit_scale_text(const npu_model *m, const edit_node *x)
{
    const npu_attr *zero = attr(&m->program[0].routine[x->routine], "zero_point");
    cJSON *list = scales(m, x);
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (f) {
        if (list)
            bin_info_value(list, true, f);
        else
            fputs("none", f);
        fprintf(f, "; zero point: %g", zero ? zero->number : 0);
        fclose(f);
    }
    cJSON_Delete(list);
    return text;
}

static cJSON *deleted_entry(const npu_model *m, const edit_node *x)
{
    const npu_attr *zero = attr(&m->program[0].routine[x->routine], "zero_point");
    cJSON *e = cJSON_CreateObject(), *list = scales(m, x);

    cJSON_AddStringToObject(e, "name", x->node->name);
    cJSON_AddStringToObject(e, "type", x->node->type);
    cJSON_AddStringToObject(e, "input", x->from);
    cJSON_AddStringToObject(e, "output", x->to);
    if (list) {
        cJSON_AddItemToObject(e, "scale", list);
        cJSON_AddNumberToObject(e, "zero_point", zero ? zero->number : 0);
    }
    return e;
}

/* The input or output of that name is now the value on the node's other side. */
static void change_io(const npu_model *m, cJSON *info, const edit_node *x)
{
    static const char *const type[NPU_DTYPES] = {
        [NPU_FP32] = "F32", [NPU_INT32] = "S32", [NPU_UINT32] = "U32", [NPU_BF16] = "BF16",
        [NPU_INT16] = "S16", [NPU_UINT16] = "U16", [NPU_INT8] = "S8", [NPU_UINT8] = "U8"};
    const char *old = x->at_input ? x->from : x->to, *now = x->at_input ? x->to : x->from;
    const npu_tensor *t = npu_program_tensor(&m->program[0], now);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(info, x->at_input ? "inputs" : "outputs"), *e;

    cJSON_ArrayForEach(e, list)
        if (json_string(e, "name") && !strcmp(json_string(e, "name"), old)) {
            cJSON_ReplaceItemInObjectCaseSensitive(e, "name", cJSON_CreateString(now));
            cJSON_DeleteItemFromObjectCaseSensitive(e, "type");
            if (t && t->dtype < NPU_DTYPES)
                cJSON_AddStringToObject(e, "type", type[t->dtype]);
        }
}

static npu_status edit_info(npu_model *m, const edit_node *x, npu_err *err)
{
    cJSON *info = bin_info_json(m), *list;
    char *text;

    if (!info)
        info = cJSON_CreateObject();
    list = cJSON_GetObjectItemCaseSensitive(info, "deleted_nodes");
    if (!cJSON_IsArray(list)) {
        cJSON_DeleteItemFromObjectCaseSensitive(info, "deleted_nodes");
        list = cJSON_AddArrayToObject(info, "deleted_nodes");
    }
    cJSON_AddItemToArray(list, deleted_entry(m, x));
    change_io(m, info, x);
    text = cJSON_PrintUnformatted(info);
    cJSON_Delete(info);
    if (!text)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    free(m->info);
    m->info = strdup(text);
    cJSON_free(text);
    return m->info ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

/* --- tables --------------------------------------------------------------------------------- */

static void free_names(char **name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(name[i]);
    free(name);
}

static void drop_node(npu_model *m, size_t at)
{
    npu_node_info *n = &m->node[at];

    free(n->name);
    free(n->type);
    free(n->why);
    free_names(n->in, n->nin);
    free_names(n->out, n->nout);
    memmove(n, n + 1, (--m->nnode - at) * sizeof *n);
}

static void drop_routine(npu_model *m, size_t at)
{
    npu_program *p = &m->program[0];
    npu_routine *r = &p->routine[at];

    free_names(r->in, r->nin);
    free_names(r->out, r->nout);
    free(r->section);
    for (size_t i = 0; i < r->nattr; i++) {
        free(r->attr[i].key);
        free(r->attr[i].text);
        free(r->attr[i].list);
    }
    free(r->attr);
    free(r->args);
    free(r->fcall);
    memmove(r, r + 1, (--p->nroutine - at) * sizeof *r);
    for (size_t i = 0; i < m->nlayer; i++)
        if (m->layer[i].routine > at || m->layer[i].routine >= p->nroutine)
            m->layer[i].routine -= m->layer[i].routine > 0;
}

/* The value only the removed node used. */
static void drop_tensor(npu_program *p, const char *name)
{
    for (size_t i = 0; i < p->ntensor; i++) {
        npu_tensor *t = &p->tensor[i];
        if (strcmp(t->name, name))
            continue;
        free(t->name);
        free(t->dim);
        free(t->stride);
        free(t->scale);
        free(t->mean);
        free(t->pixel_format);
        memmove(t, t + 1, (--p->ntensor - i) * sizeof *t);
        return;
    }
}

npu_status edit_remove(npu_model *m, const edit_node *x, npu_err *err)
{
    npu_program *p = &m->program[0];
    char *now = strdup(x->at_input ? x->to : x->from);
    char *old = strdup(x->at_input ? x->from : x->to);
    char **edge = x->at_input ? p->in : p->out;
    size_t n = x->at_input ? p->nin : p->nout, routine = x->routine;
    size_t node = (size_t)(x->node - m->node);
    npu_status s = now && old ? edit_info(m, x, err) : npu_fail(err, NPU_LIMIT, "out of memory");

    if (s == NPU_OK) { /* X's names die with its routine */
        for (size_t i = 0; i < n; i++)
            if (!strcmp(edge[i], old)) {
                free(edge[i]);
                edge[i] = now;
                now = NULL;
                break;
            }
        drop_routine(m, routine);
        drop_node(m, node);
        drop_tensor(p, old);
    }
    free(now);
    free(old);
    return s;
}
