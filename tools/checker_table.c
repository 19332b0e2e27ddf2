/* The node table of a check: text and JSON. */
#include <stdlib.h>

#include "reports/jsonw.h"
#include "tools/checker.h"

enum { COLUMNS = 4 };

const char *checker_why(cc_why why)
{
    static const char *const words[] = {
        [CC_WHY_NONE] = "", [CC_WHY_UNSUPPORTED_OP] = "unsupported-op",
        [CC_WHY_CONSTRAINT] = "constraint", [CC_WHY_RUN_ON_CPU] = "forced-run_on_cpu",
        [CC_WHY_INT32_TAIL] = "int32-tail", [CC_WHY_PASSIVE] = "passive"};
    return words[why];
}

static uint32_t rows_of(const cc_plan *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->nnode; i++)
        n += p->node[i].unit != CC_GONE;
    return n;
}

npu_status checker_table(const checker *c, npu_err *err)
{
    static const char *const head[COLUMNS] = {"Node", "ON", "Subgraph", "Type"};
    uint32_t rows = rows_of(c->plan), n = COLUMNS;
    const char **cell = calloc((rows + 1) * COLUMNS, sizeof *cell);
    char (*id)[16] = calloc(c->plan->nsub + 1, sizeof *id);
    if (!cell || !id) {
        free(cell);
        free(id);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    for (uint32_t i = 0; i < c->plan->nsub; i++)
        snprintf(id[i], sizeof id[i], "id(%u)", i);
    for (uint32_t i = 0; i < COLUMNS; i++)
        cell[i] = head[i];
    for (uint32_t i = 0; i < c->plan->nnode; i++) {
        const cc_place *p = &c->plan->node[i];
        if (p->unit == CC_GONE)
            continue;
        cell[n++] = c->graph->node[i].name;
        cell[n++] = p->unit == CC_NPU ? "BPU" : "CPU";
        cell[n++] = p->unit == CC_NPU ? id[c->graph->node[i].subgraph] : "--";
        cell[n++] = p->type;
    }
    log_line(c->log, LOG_INFO, "The converted model node information:");
    log_table(c->log, NULL, cell, rows, COLUMNS);
    free(cell);
    free(id);
    return NPU_OK;
}

static void text_or_null(rep_json *j, const char *key, const char *s)
{
    if (s && *s)
        rep_json_str(j, key, s);
    else
        rep_json_null(j, key);
}

static void node_json(rep_json *j, const npu_node *n, const cc_place *p)
{
    rep_json_open(j, NULL, REP_OBJECT_LINE);
    rep_json_str(j, "node", n->name);
    rep_json_str(j, "on", p->unit == CC_NPU ? "BPU" : "CPU");
    if (p->unit == CC_NPU)
        rep_json_int(j, "subgraph", n->subgraph);
    else
        rep_json_null(j, "subgraph");
    rep_json_str(j, "type", p->type);
    text_or_null(j, "reason", checker_why(p->why));
    text_or_null(j, "rule", p->rule);
    text_or_null(j, "message", p->message);
    rep_json_close(j);
}

void checker_json(const checker *c)
{
    rep_json j = rep_json_begin(stdout);
    rep_json_identity(&j, "npusim.checker/1");
    rep_json_str(&j, "march", c->options.march);
    rep_json_int(&j, "subgraphs", c->plan->nsub);
    rep_json_int(&j, "warnings", c->warnings);
    rep_json_open(&j, "nodes", REP_ARRAY);
    for (uint32_t i = 0; i < c->plan->nnode; i++)
        if (c->plan->node[i].unit != CC_GONE)
            node_json(&j, &c->graph->node[i], &c->plan->node[i]);
    rep_json_close(&j);
    rep_json_end(&j);
}
