/* Networks compiled in memory, for the commands that simulate. */
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/graph.h"
#include "perf/split.h"
#include "tools/common.h"

static bool ends(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n > k && strcmp(path + n - k, end) == 0;
}

bool tool_is_network(const char *path)
{
    return ends(path, ".onnx") || ends(path, ".prototxt");
}

npu_status tool_shapes(npu_graph *g, const opt_list *pairs, npu_err *err)
{
    enum { MOST = 64 };
    cc_input_shape given[MOST];
    size_t n = pairs ? pairs->n / 2 : 0;
    if (n > MOST)
        return npu_fail(err, NPU_USAGE, "%zu times --input-shape, at most %d", n, MOST);
    for (size_t i = 0; i < n; i++)
        NPU_TRY(cc_parse_shape(g, pairs->item[2 * i], pairs->item[2 * i + 1], &given[i],
                               err));
    return cc_shapes(g, given, n, err);
}

/* Strings borrowed from the command line, as a list the options own. */
static npu_status copy_list(const opt_list *from, cc_list *to, npu_err *err)
{
    to->item = calloc(from->n + 1, sizeof *to->item);
    for (; to->item && to->n < from->n; to->n++)
        if (!(to->item[to->n] = strdup(from->item[to->n])))
            break;
    return to->item && to->n == from->n ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status compile(npu_graph *g, const tool_options *o, const npu_chip *chip, bool whole,
                          npu_model **out, npu_err *err)
{
    cc_options c;
    int64_t ns = 0;
    if (o->fc_limit)
        NPU_TRY(perf_limit_parse(o->fc_limit, &ns, err));
    NPU_TRY(tool_shapes(g, &o->shapes, err));
    NPU_TRY(cc_fast_perf(g, chip->name, &c, err));
    c.level = 3 - o->level;
    c.mode = o->mode ? CC_BANDWIDTH : CC_LATENCY;
    c.cores = o->cores ? (int)o->cores : 1;
    c.weightless = !whole;
    c.max_time_per_fc_us = ns / 1000;
    npu_status s = copy_list(&o->outputs, &c.output_nodes, err);
    if (s == NPU_OK)
        s = cc_compile_for(g, &c, chip, NULL, out, err);
    cc_options_free(&c);
    return s;
}

static npu_status import(const char *path, const tool_options *o, const npu_chip *chip,
                         bool whole, npu_model **out, npu_err *err)
{
    npu_graph *g;
    *out = NULL;
    NPU_TRY(cc_import(path, o->weights, &g, err));
    npu_status s = compile(g, o, chip, whole, out, err);
    npu_graph_free(g);
    return s;
}

npu_status tool_compile(const char *path, const tool_options *o, const npu_chip *chip,
                        npu_model **out, npu_err *err)
{
    return import(path, o, chip, false, out, err);
}

npu_status tool_compile_whole(const char *path, const tool_options *o, const npu_chip *chip,
                              npu_model **out, npu_err *err)
{
    return import(path, o, chip, true, out, err);
}
