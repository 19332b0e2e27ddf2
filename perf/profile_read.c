/* See profile_read.h.  Unknown members are passed over: the schema may grow; what is there must
 * have the right type, and the parts must add up. */
#include "perf/profile_read.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "perf/json_path.h"
#include "perf/schedule_read.h"

enum { LAYERS_MAX = 1000000 };

const char *const prof_cause_key[NPU_CAUSES] = {"mac",        "vector", "local_memory", "ddr",
                                                "fixed_sync", "cpu"};

/* Room for the elements of ARRAY; NULL (and failure) when there are too many. */
static void *room(perf_json *r, const cJSON *array, size_t size)
{
    int count = array ? cJSON_GetArraySize(array) : 0;
    if (r->status != NPU_OK)
        return NULL;
    if (count > LAYERS_MAX) {
        perf_json_bad(r, NULL, "%d elements, at most %d are allowed", count, LAYERS_MAX);
        return NULL;
    }
    void *p = calloc((size_t)count + 1, size);
    if (!p)
        r->status = npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->file);
    return p;
}

/* Reads element I of a list into its place in F. */
typedef void read_one(perf_json *r, const cJSON *j, prof_facts *f, size_t i);

/* Reads the objects of LIST; *N counts those begun, so that a half-read one is freed too. */
static void read_items(perf_json *r, const cJSON *list, size_t *n, read_one *one, prof_facts *f)
{
    const cJSON *j;
    cJSON_ArrayForEach(j, list)
    {
        size_t here = perf_json_item(r, *n);
        if (!cJSON_IsObject(j))
            perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(j));
        one(r, j, f, (*n)++);
        perf_json_up(r, here);
        if (r->status != NPU_OK)
            return;
    }
}

static npu_cause read_cause(perf_json *r, const cJSON *j, const char *key)
{
    char *word = perf_json_text(r, j, key);
    int found = -1;
    for (int c = 0; c < NPU_CAUSES && word; c++)
        if (strcmp(word, prof_cause_key[c]) == 0)
            found = c;
    if (word && found < 0)
        perf_json_bad(r, key, "'%.40s'; allowed: mac, vector, local_memory, ddr, fixed_sync, cpu",
                      word);
    free(word);
    return (npu_cause)(found < 0 ? 0 : found);
}

/* --- layers ----------------------------------------------------------------------------------- */

static void layer_cycles(perf_json *r, const cJSON *j, prof_layer *l)
{
    int64_t sum = 0;
    const cJSON *crit = perf_json_object(r, j, "critical_cycles");
    size_t up = perf_json_in(r, "critical_cycles");
    for (int c = 0; c < NPU_CAUSES; c++)
        l->crit[c] = perf_json_int(r, crit, prof_cause_key[c]);
    perf_json_up(r, up);
    l->exclusive = perf_json_int(r, j, "exclusive_cycles");
    l->tiu = perf_json_int(r, j, "tiu_cycles");
    l->tdma = perf_json_int(r, j, "tdma_cycles");
    for (int c = 0; c < NPU_CAUSES && r->status == NPU_OK; c++)
        if (__builtin_add_overflow(sum, l->crit[c], &sum))
            perf_json_bad(r, "critical_cycles", "the sum is too large");
}

static int64_t sum_bytes(perf_json *r, int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        perf_json_bad(r, "write_bytes", "the sum with read_bytes is too large");
    return sum;
}

static void read_layer(perf_json *r, const cJSON *j, prof_facts *f, size_t i)
{
    prof_layer *l = &f->layer[i];
    l->name = perf_json_text(r, j, "name");
    l->subgraph = perf_json_text(r, j, "subgraph");
    l->kind = perf_json_text(r, j, "kind");
    l->op = perf_json_text(r, j, "op");
    l->output = perf_json_text(r, j, "output");
    l->dtype = perf_json_text(r, j, "dtype");
    l->why = perf_json_text(r, j, "why");
    l->inferred = perf_json_bool(r, j, "inferred");
    l->bound = read_cause(r, j, "bound");
    l->kernel_h = perf_json_int(r, j, "kernel_h");
    l->kernel_w = perf_json_int(r, j, "kernel_w");
    l->stride_h = perf_json_int(r, j, "stride_h");
    l->stride_w = perf_json_int(r, j, "stride_w");
    l->out_c = perf_json_int(r, j, "out_c");
    l->out_h = perf_json_int(r, j, "out_h");
    l->out_w = perf_json_int(r, j, "out_w");
    layer_cycles(r, j, l);
    l->macs = perf_json_int(r, j, "macs");
    l->read = perf_json_int(r, j, "read_bytes");
    l->write = perf_json_int(r, j, "write_bytes");
    l->ddr_bytes = sum_bytes(r, l->read, l->write);
    l->weight_bytes = perf_json_int(r, j, "weight_bytes");
    l->commands = perf_json_int(r, j, "commands");
    l->latency_ms = perf_json_real(r, j, "time_ms");
    l->tiu_ms = perf_json_real(r, j, "tiu_ms");
    l->tdma_ms = perf_json_real(r, j, "tdma_ms");
    l->mac_util = perf_json_real(r, j, "mac_utilisation");
}

/* The layers and the launch must make up the latency: diff explains nothing otherwise. */
static void check_sum(perf_json *r, const prof_facts *f)
{
    int64_t sum = f->launch_cycles;
    for (size_t i = 0; i < f->nlayer && r->status == NPU_OK; i++)
        if (__builtin_add_overflow(sum, f->layer[i].exclusive, &sum))
            perf_json_bad(r, "layers", "the sum of exclusive_cycles is too large");
    if (r->status == NPU_OK && sum != f->latency_cycles)
        perf_json_bad(r, "latency_cycles",
                      "%" PRId64 ", but launch_cycles and exclusive_cycles of all layers add up "
                      "to %" PRId64, f->latency_cycles, sum);
}

static void read_layers(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *list = perf_json_array(r, root, "layers");
    size_t up = perf_json_in(r, "layers");
    f->layer = room(r, list, sizeof *f->layer);
    if (f->layer)
        read_items(r, list, &f->nlayer, read_layer, f);
    perf_json_up(r, up);
    check_sum(r, f);
}

/* --- sub-graphs and calls --------------------------------------------------------------------- */

static void read_subgraph(perf_json *r, const cJSON *j, prof_facts *f, size_t i)
{
    prof_subgraph *s = &f->subgraph[i];
    char *processor = perf_json_text(r, j, "processor");
    s->name = perf_json_text(r, j, "name");
    s->cpu = processor && strcmp(processor, "cpu") == 0;
    if (processor && !s->cpu && strcmp(processor, "npu") != 0)
        perf_json_bad(r, "processor", "'%.40s'; allowed: npu, cpu", processor);
    free(processor);
    s->latency_ms = perf_json_real(r, j, "latency_ms");
    s->tiu_ms = 1e3 * (double)perf_json_int(r, j, "tiu_cycles") / f->hz;
    s->tdma_ms = 1e3 * (double)perf_json_int(r, j, "tdma_cycles") / f->hz;
    s->read = perf_json_int(r, j, "read_bytes");
    s->write = perf_json_int(r, j, "write_bytes");
    s->ddr_bytes = sum_bytes(r, s->read, s->write);
    s->macs = perf_json_int(r, j, "macs");
    f->ncpu += s->cpu;
}

static void read_subgraphs(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *list = perf_json_array(r, root, "subgraphs");
    size_t up = perf_json_in(r, "subgraphs");
    f->subgraph = room(r, list, sizeof *f->subgraph);
    if (f->subgraph)
        read_items(r, list, &f->nsubgraph, read_subgraph, f);
    perf_json_up(r, up);
    f->nsubgraphs = (double)f->nsubgraph;
}

static void read_call(perf_json *r, const cJSON *j, prof_facts *f, size_t i)
{
    prof_call *c = &f->call[i];
    c->name = perf_json_text(r, j, "name");
    c->subgraph = perf_json_int(r, j, "subgraph");
    c->latency_us = 1e3 * perf_json_real(r, j, "latency_ms");
    if (r->status != NPU_OK)
        return;
    if (c->subgraph >= (int64_t)f->nsubgraph) {
        perf_json_bad(r, "subgraph", "%" PRId64 ", but there are %zu", c->subgraph, f->nsubgraph);
        return;
    }
    prof_subgraph *s = &f->subgraph[c->subgraph];
    s->max_call_us = fmax(s->max_call_us, c->latency_us);
    f->max_call_us = fmax(f->max_call_us, c->latency_us);
}

static void read_calls(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *list = perf_json_array(r, root, "function_calls");
    size_t up = perf_json_in(r, "function_calls");
    f->call = room(r, list, sizeof *f->call);
    if (f->call)
        read_items(r, list, &f->ncall, read_call, f);
    perf_json_up(r, up);
    f->ncalls = (double)f->ncall;
}

/* --- chip and totals -------------------------------------------------------------------------- */

static void read_numbers(perf_json *r, const cJSON *chip, prof_facts *f)
{
    const cJSON *all = perf_json_object(r, chip, "numbers"), *j;
    size_t up = perf_json_in(r, "numbers");
    f->number = room(r, all, sizeof *f->number);
    if (f->number)
        cJSON_ArrayForEach(j, all)
        {
            size_t here = perf_json_in(r, j->string);
            prof_number *x = &f->number[f->nnumber++];
            if (!cJSON_IsObject(j))
                perf_json_bad(r, NULL, "%s where an object must be", perf_json_kind(j));
            if (!(x->key = strdup(j->string)))
                r->status = npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->file);
            x->unit = perf_json_text(r, j, "unit");
            x->value = perf_json_signed(r, j, "value");
            perf_json_up(r, here);
            if (r->status != NPU_OK)
                return;
        }
    perf_json_up(r, up);
}

static void read_chip(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *chip = perf_json_object(r, root, "chip");
    size_t up = perf_json_in(r, "chip");
    f->chip = perf_json_text(r, chip, "name");
    f->error_percent = -1;
    if (!cJSON_IsNull(json_get(chip, "error_percent")))
        f->error_percent = perf_json_real(r, chip, "error_percent");
    read_numbers(r, chip, f);
    perf_json_up(r, up);
}

static void read_model(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *model = perf_json_object(r, root, "model");
    size_t up = perf_json_in(r, "model");
    f->name = perf_json_text(r, model, "name");
    f->model_name = perf_json_text(r, model, "model_name");
    f->sha256 = perf_json_text(r, model, "sha256");
    perf_json_up(r, up);
}

static void read_tool(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *tool = perf_json_object(r, root, "tool");
    size_t up = perf_json_in(r, "tool");
    f->tool_version = perf_json_text(r, tool, "version");
    perf_json_up(r, up);
}

static void read_memory(perf_json *r, const cJSON *root, prof_facts *f)
{
    const cJSON *j = perf_json_object(r, root, "ddr");
    size_t up = perf_json_in(r, "ddr");
    f->read = perf_json_int(r, j, "read_bytes");
    f->write = perf_json_int(r, j, "write_bytes");
    f->ddr_bytes = perf_json_int(r, j, "total_bytes");
    f->ddr_gbps = perf_json_real(r, j, "average_mbps") / 1000;
    f->ddr_occupancy = perf_json_real(r, j, "occupancy");
    if (r->status == NPU_OK && sum_bytes(r, f->read, f->write) != f->ddr_bytes)
        perf_json_bad(r, "total_bytes", "%" PRId64 " is not read_bytes + write_bytes",
                      f->ddr_bytes);
    perf_json_up(r, up);
    j = perf_json_object(r, root, "memory");
    up = perf_json_in(r, "memory");
    f->ion_bytes = perf_json_int(r, j, "ion_bytes");
    f->weight_bytes = perf_json_int(r, j, "weight_bytes");
    perf_json_up(r, up);
    j = perf_json_object(r, root, "commands");
    up = perf_json_in(r, "commands");
    f->commands = perf_json_int(r, j, "tiu") + perf_json_int(r, j, "tdma");
    perf_json_up(r, up);
}

/* Present in profiles of a compiler run only. */
static double optional(perf_json *r, const cJSON *root, const char *key)
{
    return json_get(root, key) ? perf_json_signed(r, root, key) : NAN;
}

static void read_totals(perf_json *r, const cJSON *root, prof_facts *f)
{
    f->hz = perf_json_real(r, root, "cycles_per_second");
    if (r->status == NPU_OK && f->hz <= 0)
        perf_json_bad(r, "cycles_per_second", "0 where a number above 0 must be");
    f->latency_cycles = perf_json_int(r, root, "latency_cycles");
    f->launch_cycles = perf_json_int(r, root, "launch_cycles");
    f->latency_ms = perf_json_real(r, root, "latency_ms");
    f->inference_ms = perf_json_real(r, root, "inference_ms");
    f->launch_ms = perf_json_real(r, root, "launch_ms");
    f->fps = perf_json_real(r, root, "fps");
    f->tiu_ms = perf_json_real(r, root, "tiu_ms");
    f->tdma_ms = perf_json_real(r, root, "tdma_ms");
    f->cpu_ms = perf_json_real(r, root, "cpu_ms");
    f->mac_util = perf_json_real(r, root, "mac_utilisation");
    f->macs = perf_json_int(r, root, "macs");
    f->sram_peak_bytes = optional(r, root, "sram_peak_bytes");
    f->min_cosine = optional(r, root, "min_cosine");
}

static void read_profile(perf_json *r, const cJSON *root, prof_facts *f)
{
    read_tool(r, root, f);
    read_model(r, root, f);
    read_chip(r, root, f);
    read_totals(r, root, f);
    read_memory(r, root, f);
    read_subgraphs(r, root, f);
    read_calls(r, root, f);
    read_layers(r, root, f);
}

/* --- documents -------------------------------------------------------------------------------- */

static npu_status append(prof_list *list, perf_json *r, const cJSON *root, bool schedule)
{
    prof_facts **item = realloc(list->item, (list->n + 1) * sizeof *item);
    prof_facts *f = calloc(1, sizeof *f);
    if (item)
        list->item = item;
    if (!item || !f || !(f->path = strdup(r->file))) {
        free(f);
        return npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->file);
    }
    f->schedule = schedule;
    if (schedule)
        prof_read_schedule(r, root, f);
    else
        read_profile(r, root, f);
    if (r->status != NPU_OK) {
        prof_facts_free(f);
        return r->status;
    }
    list->item[list->n++] = f;
    return NPU_OK;
}

static npu_status read_baseline(perf_json *r, const cJSON *root, prof_list *list)
{
    static const char *const keys[] = {"schema", "tool", "profiles"};
    const cJSON *all = perf_json_array(r, root, "profiles"), *j;
    size_t i = 0;
    perf_json_keys(r, root, keys, 3);
    perf_json_in(r, "profiles");
    if (r->status == NPU_OK && cJSON_GetArraySize(all) == 0)
        perf_json_bad(r, NULL, "empty; at least one profile must be there");
    cJSON_ArrayForEach(j, all)
    {
        size_t here = perf_json_item(r, i++);
        const char *schema = json_string(j, "schema");
        if (!schema || strcmp(schema, "npusim.profile/1") != 0)
            perf_json_bad(r, "schema", "not \"npusim.profile/1\"");
        if (r->status == NPU_OK)
            append(list, r, j, false);
        if (r->status != NPU_OK)
            return r->status;
        perf_json_up(r, here);
    }
    return r->status;
}

static npu_status read_root(const char *file, const cJSON *root, prof_list *list, npu_err *err)
{
    perf_json r = perf_json_begin(file, err);
    const char *schema = json_string(root, "schema");
    if (!cJSON_IsObject(root))
        return perf_json_bad(&r, NULL, "%s where an object must be", perf_json_kind(root));
    if (!schema)
        return perf_json_bad(&r, "schema", "missing; \"npusim.profile/1\" is needed, as written by "
                                           "`npusim profile --format json`");
    if (strcmp(schema, "npusim.profile/1") == 0)
        return append(list, &r, root, false);
    if (strcmp(schema, "npusim.schedule/1") == 0)
        return append(list, &r, root, true);
    if (strcmp(schema, "npusim.baseline/1") == 0)
        return read_baseline(&r, root, list);
    return perf_json_bad(&r, "schema", "\"%.60s\"; allowed: npusim.profile/1, npusim.schedule/1, "
                                       "npusim.baseline/1", schema);
}

npu_status prof_parse(const char *file, const char *text, size_t n, prof_list *list, npu_err *err)
{
    cJSON *root;
    size_t before = list->n;
    NPU_TRY(json_parse(file, text, n, NPU_BAD_INPUT, &root, err));
    npu_status s = read_root(file, root, list, err);
    cJSON_Delete(root);
    while (s != NPU_OK && list->n > before)
        prof_facts_free(list->item[--list->n]);
    return s;
}

npu_status prof_read(const char *file, prof_list *list, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    NPU_TRY(sys_read_file(file, &bytes, &n, err));
    npu_status s = prof_parse(file, (const char *)bytes, n, list, err);
    free(bytes);
    return s;
}

void prof_list_free(prof_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        prof_facts_free(list->item[i]);
    free(list->item);
    *list = (prof_list){0};
}

static void free_layer(prof_layer *l)
{
    char *all[] = {l->name, l->subgraph, l->kind, l->op, l->output, l->dtype, l->why};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

void prof_facts_free(prof_facts *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->nlayer; i++)
        free_layer(&f->layer[i]);
    for (size_t i = 0; i < f->nsubgraph; i++)
        free(f->subgraph[i].name);
    for (size_t i = 0; i < f->ncall; i++)
        free(f->call[i].name);
    for (size_t i = 0; i < f->nresponse; i++)
        free(f->response[i].name);
    for (size_t i = 0; i < f->nnumber; i++) {
        free(f->number[i].key);
        free(f->number[i].unit);
    }
    void *all[] = {f->path,     f->name,  f->model_name, f->sha256,   f->tool_version, f->chip,
                   f->number,   f->layer, f->subgraph,   f->call,     f->response,     f};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}
