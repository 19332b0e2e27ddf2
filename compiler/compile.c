/* The compiler as a whole: graph -> npu_model; see compile.h. */
#include "compiler/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "compiler/assemble.h"
#include "compiler/backend.h"

static void say(const cc_log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const cc_log *log, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (!log || !log->line)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log->line(log->state, text);
}

static npu_status new_model(const npu_graph *g, const cc_options *o, const npu_chip *chip,
                            npu_model **out, npu_err *err)
{
    npu_model *m = calloc(1, sizeof *m);
    *out = m;
    if (!m || !(m->program = calloc(1, sizeof *m->program)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    m->nprogram = 1;
    m->program[0].batch_num = (uint32_t)o->batch;
    m->path = strdup(g->file);
    m->name = strdup(*g->name ? g->name : "main_graph");
    m->march = strdup(o->march);
    m->target = strdup(chip->name);
    snprintf(m->chip, sizeof m->chip, "%s", chip->name);
    m->debug = o->debug;
    m->cores = (uint32_t)o->cores;
    if (!m->path || !m->name || !m->march || !m->target)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    return NPU_OK;
}

/* The identity of a model that is not in a file: what its commands are. */
static npu_status identify(npu_model *m, npu_err *err)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < m->nsection; i++)
        n += m->section[i].type == NPU_SECTION_CMDBUF ? m->section[i].data_bytes : 0;
    uint8_t *all = malloc(n + 1);
    if (!all)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < m->nsection; i++)
        if (m->section[i].type == NPU_SECTION_CMDBUF) {
            memcpy(all + at, m->section[i].data, m->section[i].data_bytes);
            at += m->section[i].data_bytes;
        }
    hash_sha256_hex(all, n, m->sha256);
    free(all);
    return NPU_OK;
}

static npu_status sub_graph(npu_graph *g, const cc_plan *plan, const cc_options *o,
                            const npu_chip *chip, uint32_t index, const cc_log *log, npu_model *m,
                            npu_err *err)
{
    cc_net *net;
    NPU_TRY(cc_lower(g, plan, o, index, &net, err));
    say(log, "Compile submodel: %s", net->name);
    npu_status s = cc_edge_nodes(g, plan, o, (int32_t)index, true, m, err);
    if (s == NPU_OK)
        s = cc_name_edges(g, plan, o, net, err);
    if (s == NPU_OK)
        s = cc_backend_of(chip)(net, o, chip, m, err);
    if (s == NPU_OK)
        say(log, "%s: %u layers, command buffer of %u bytes", net->name, net->nlayer,
            m->nsection ? m->section[m->nsection - 1].size : 0);
    if (s == NPU_OK)
        s = cc_edge_nodes(g, plan, o, (int32_t)index, false, m, err);
    cc_net_free(net);
    return s;
}

static npu_status build(npu_graph *g, const cc_options *o, const npu_chip *chip, const cc_log *log,
                        npu_model *m, npu_err *err)
{
    cc_plan *plan = NULL;
    cc_order order = {0};
    NPU_TRY(cc_prepare(g, o, err));
    NPU_TRY(cc_optimise(g, o, err));
    NPU_TRY(cc_plan_make(g, o, &plan, err));
    say(log, "Start to compile the model with march %s.", o->march);
    npu_status s = cc_order_make(g, plan, &order, err);
    if (s == NPU_OK)
        s = cc_program_edges(g, plan, o, m, err);
    for (uint32_t i = 0; i < order.n && s == NPU_OK; i++)
        s = order.unit[i].sub >= 0
                ? sub_graph(g, plan, o, chip, (uint32_t)order.unit[i].sub, log, m, err)
                : cc_cpu_node(g, plan, order.unit[i].node, m, err);
    if (s == NPU_OK)
        s = cc_node_list(g, plan, o, m, err);
    if (s == NPU_OK)
        s = cc_weight_section(g, o, m, err);
    cc_order_free(&order);
    cc_plan_free(plan);
    return s == NPU_OK ? identify(m, err) : s;
}

npu_status cc_compile_for(npu_graph *g, const cc_options *o, const npu_chip *chip,
                          const cc_log *log, npu_model **out, npu_err *err)
{
    npu_model *m = NULL;
    *out = NULL;
    npu_status s = cc_backend_of(chip) ? new_model(g, o, chip, &m, err)
                                       : npu_fail(err, NPU_USAGE, "chip %s: the compiler has no "
                                                  "back end for it; x3m, x3e, j3 and cv181x have "
                                                  "one", chip->name);
    if (s == NPU_OK)
        s = build(g, o, chip, log, m, err);
    if (s != NPU_OK)
        npu_model_free(m);
    else
        *out = m;
    return s;
}

npu_status cc_compile(npu_graph *g, const cc_options *o, const cc_log *log, npu_model **out,
                      npu_err *err)
{
    npu_chip *chip;
    *out = NULL;
    NPU_TRY(npu_chip_load(o->chip, &chip, err));
    npu_status s = cc_compile_for(g, o, chip, log, out, err);
    npu_chip_free(chip);
    return s;
}
