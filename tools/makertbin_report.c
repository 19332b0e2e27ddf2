/* What a conversion says of its result: an estimate and a page per sub-graph, the nodes, the
 * parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/run.h"
#include "reports/write.h"
#include "tools/bin_info.h"
#include "tools/makertbin.h"

static npu_status simulate(mrb_job *j, npu_err *err)
{
    tool_run *r = &j->run;
    NPU_TRY(tool_chip(r->model->chip, NULL, &r->chip, err));
    NPU_TRY(perf_prog_load(r->model, r->chip, &r->prog, err));
    NPU_TRY(perf_run_beside(r->prog, r->chip, NULL, -1, &r->trace, err));
    return perf_collect(r->prog, r->chip, &r->trace, &r->profile, err);
}

static npu_status keep_page(mrb_job *j, rep_id id, int sub, const char *name, npu_err *err)
{
    char *text = NULL, *prefix = NULL;
    size_t n = 0;
    const char *kept = j->prefix;
    FILE *f = open_memstream(&text, &n);
    npu_status s = f ? rep_write_part(id, j->run.profile, sub, f, err) : NPU_LIMIT;
    if (!f || fclose(f) != 0) {
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (s != NPU_OK) {
        free(text);
        return s;
    }
    j->prefix = ""; /* pages have the sub-graph's name */
    s = mrb_keep(j, name, (uint8_t *)text, n, err);
    j->prefix = kept;
    free(prefix);
    return s;
}

/* As Python prints a number rounded to two decimals: 267.3, 260.75. */
static const char *two(double v, char text[32])
{
    size_t n = (size_t)snprintf(text, 32, "%.2f", v);
    if (text[n - 1] == '0')
        text[n - 1] = '\0';
    return text;
}

static npu_status subgraph(mrb_job *j, int i, npu_err *err)
{
    const npu_profile *p = j->run.profile;
    const npu_prof_subgraph *s = &p->subgraph[i];
    double us = (double)(s->end - s->start) * 1e6 / p->tick_hz;
    char stem[REP_NAME_BYTES], name[REP_NAME_BYTES + 8], fps[32];
    rep_subgraph_stem(p, i, stem);
    snprintf(name, sizeof name, "%s.html", stem);
    NPU_TRY(keep_page(j, REP_HTML, i, name, err));
    MRB_SAY(j, LOG_INFO, "FPS=%s, latency = %.1f us, DDR = %llu bytes   (see %s)",
            two(us > 0 ? 1e6 * j->options->batch / us : 0, fps), us,
            (unsigned long long)(s->read + s->write), name);
    snprintf(name, sizeof name, "%s.json", stem);
    return keep_page(j, REP_JSON, i, name, err);
}

static npu_status node_table(const mrb_job *j, npu_err *err)
{
    static const char *const heads[] = {"Node", "ON", "Subgraph", "Type", "Cosine Similarity",
                                        "Threshold"};
    enum { COLUMNS = sizeof heads / sizeof *heads };
    const npu_model *m = j->run.model;
    const char **cell = calloc((m->nnode + 1) * COLUMNS, sizeof *cell);
    char (*id)[24] = calloc(m->nnode + 1, sizeof *id);
    if (cell && id) {
        memcpy(cell, heads, sizeof heads);
        for (size_t i = 0; i < m->nnode; i++) {
            const npu_node_info *n = &m->node[i];
            const char **row = cell + (i + 1) * COLUMNS;
            snprintf(id[i], sizeof *id, n->npu ? "id(%d)" : "--", (int)n->subgraph);
            row[0] = n->name;
            row[1] = n->npu ? "BPU" : "CPU";
            row[2] = id[i];
            row[3] = n->type;
            row[4] = row[5] = "--"; /* not computed without thresholds */
        }
        if (j->level <= LOG_INFO)
            log_table(j->log, "The converted model node information:", cell, m->nnode, COLUMNS);
    }
    free(id);
    free(cell);
    return cell && id ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status info(const mrb_job *j, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f)
        bin_info_print(j->run.model, f);
    if (!f || fclose(f) != 0) {
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (j->level <= LOG_INFO)
        log_text(j->log, "%s", text);
    free(text);
    return NPU_OK;
}

npu_status mrb_report(mrb_job *j, npu_err *err)
{
    NPU_TRY(simulate(j, err));
    for (size_t i = 0; i < j->run.profile->nsubgraph; i++)
        if (!j->run.profile->subgraph[i].cpu)
            NPU_TRY(subgraph(j, (int)i, err));
    NPU_TRY(node_table(j, err));
    MRB_SAY(j, LOG_INFO, "ONNX model output num : %zu",
            j->run.model->nprogram ? j->run.model->program[0].nout : 0);
    return info(j, err);
}
