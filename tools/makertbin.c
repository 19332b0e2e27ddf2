/* The stages of a conversion, in the order and with the lines of the vendor's log. */
#include "tools/makertbin.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "compiler/graph.h"
#include "compiler/quant_graph.h"
#include "formats/bin.h"
#include "tools/bin_edit.h"

void mrb_lines(const mrb_job *j, log_level level, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        MRB_SAY(j, level, "%.*s", (int)n, text);
        text += n;
        text += *text == '\n';
    }
}

npu_status mrb_keep(mrb_job *j, const char *suffix, uint8_t *bytes, size_t n, npu_err *err)
{
    mrb_file *list = realloc(j->file, (j->nfile + 1) * sizeof *list);
    char *name = malloc(strlen(j->prefix) + strlen(suffix) + 1);
    if (list)
        j->file = list;
    if (!list || !name) {
        free(name);
        free(bytes);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    strcat(strcpy(name, j->prefix), suffix);
    j->file[j->nfile++] = (mrb_file){name, bytes, n};
    return NPU_OK;
}

static void warnings(const mrb_job *j, size_t from)
{
    for (size_t i = from; i < j->config->nwarning; i++)
        MRB_SAY(j, LOG_WARNING, "%s", j->config->warning[i]);
}

static void describe(const mrb_job *j, const npu_graph *g)
{
    char shape[G_SHAPE_TEXT];
    MRB_SAY(j, LOG_INFO, "%s model info:", j->caffe ? "Caffe" : "ONNX");
    if (!j->caffe) {
        MRB_SAY(j, LOG_INFO, "ONNX IR version:  %lld", (long long)g->ir_version);
        MRB_SAY(j, LOG_INFO, "Opset version:    %lld", (long long)g->opset);
        MRB_SAY(j, LOG_INFO, "Producer:         %s", g->producer);
    }
    for (uint32_t i = 0; i < g->nin; i++)
        MRB_SAY(j, LOG_INFO, "Input name:       %s, %s", g->value[g->in[i]].name,
                g_shape(&g->value[g->in[i]], shape));
}

/* The network with its shapes; each of the two uses changes its own copy.  BATCH above 1, for the
 * one input that is then there, replaces the first number of its shape, which is known by then. */
static npu_status load(mrb_job *j, int batch, npu_graph **out, npu_err *err)
{
    cc_input_shape *given = NULL, many;
    size_t n = 0;
    npu_status s;
    NPU_TRY(j->caffe ? cc_import_caffe(j->model, j->weights, out, err)
                     : cc_import_onnx(j->model, out, err));
    s = j->config ? cc_config_shapes(j->config, *out, &given, &n, err) : NPU_OK;
    j->bad_config = s != NPU_OK;
    if (s == NPU_OK && batch > 1) {
        const cc_input *p = &j->options->input[0];
        many = (cc_input_shape){.name = p->name, .rank = p->rank};
        memcpy(many.dim, p->dim, sizeof many.dim);
        many.dim[0] = batch;
        given = &many;
        n = 1;
    }
    if (s == NPU_OK)
        s = j->config ? cc_shapes(*out, given, n, err) : tool_shapes(*out, j->shapes, err);
    if (s != NPU_OK) {
        npu_graph_free(*out);
        *out = NULL;
    }
    return s;
}

/* The options know the model from here on. */
static npu_status meet(mrb_job *j, const npu_graph *g, npu_err *err)
{
    size_t said = j->config ? j->config->nwarning : 0;
    npu_status s;
    describe(j, g);
    if (!j->config)
        return cc_fast_perf(g, j->chip, &j->own, err);
    s = cc_config_model(j->config, g, err);
    j->bad_config = s != NPU_OK;
    warnings(j, said);
    return s;
}

static npu_status save(mrb_job *j, const npu_graph *g, const char *suffix, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    NPU_TRY(cc_export_onnx(g, &bytes, &n, err));
    MRB_SAY(j, LOG_INFO, "Saving model: %s%s", j->prefix, suffix);
    return mrb_keep(j, suffix, bytes, n, err);
}

static npu_status quantise(mrb_job *j, npu_graph *g, const cc_note *note, size_t n, npu_err *err)
{
    cc_plan *plan = NULL;
    cc_note *used = NULL;
    npu_status s = cc_shapes(g, NULL, 0, err);
    if (s == NPU_OK)
        s = cc_notes_put(g, note, n, err);
    if (s == NPU_OK)
        s = cc_plan_make(g, j->options, &plan, err);
    if (s == NPU_OK)
        s = cc_notes_take(g, &used, &n, err);
    if (s == NPU_OK)
        s = cc_quantise(g, plan, j->options, err);
    if (s == NPU_OK)
        s = save(j, g, "_quantized_model.onnx", err);
    free(used);
    cc_plan_free(plan);
    return s;
}

/* The quantised model is made from the optimised one as it was written, which has the opset and
 * the forms of a written file. */
static npu_status quantise_saved(mrb_job *j, npu_graph *g, npu_err *err)
{
    npu_graph *again = NULL;
    cc_note *note;
    size_t n;
    npu_status s;
    MRB_SAY(j, LOG_INFO, "Start to optimize the onnx model.");
    NPU_TRY(cc_optimise(g, j->options, err));
    NPU_TRY(cc_notes_take(g, &note, &n, err));
    s = save(j, g, "_optimized_float_model.onnx", err);
    if (s == NPU_OK) {
        const mrb_file *f = &j->file[j->nfile - 1];
        MRB_SAY(j, LOG_INFO, "End to optimize the onnx model.");
        MRB_SAY(j, LOG_INFO, "Start to calibrate the model.");
        MRB_SAY(j, LOG_WARNING, "No thresholds are computed: every activation has %g",
                CC_SYNTHETIC_THRESHOLD);
        MRB_SAY(j, LOG_INFO, "End to calibrate the model.");
        MRB_SAY(j, LOG_INFO, "Start to quantize the model.");
        s = cc_import_onnx_bytes(f->name, NULL, f->bytes, f->n, &again, err);
    }
    if (s == NPU_OK)
        s = quantise(j, again, note, n, err);
    npu_graph_free(again);
    free(note);
    return s;
}

static npu_status artefacts(mrb_job *j, npu_graph *g, npu_err *err)
{
    MRB_SAY(j, LOG_INFO, "Start to prepare the onnx model.");
    NPU_TRY(cc_prepare(g, j->options, err));
    NPU_TRY(save(j, g, "_original_float_model.onnx", err));
    MRB_SAY(j, LOG_INFO, "End to prepare the onnx model.");
    NPU_TRY(quantise_saved(j, g, err));
    MRB_SAY(j, LOG_INFO, "End to quantize the model.");
    return NPU_OK;
}

static void compiler_line(void *state, const char *text)
{
    mrb_lines(state, LOG_INFO, text);
}

static npu_status remove_node(const mrb_job *j, npu_model *m, const edit_node *x, npu_err *err)
{
    MRB_SAY(j, LOG_INFO, "Node '%s' is removed", x->node->name);
    return edit_remove(m, x, err);
}

/* remove_node_type: as long as one of that type is at an edge. */
static npu_status remove_type(const mrb_job *j, npu_model *m, const char *type, npu_err *err)
{
    edit_node x;
    for (size_t i = 0; i < m->nnode;)
        if (!strcmp(edit_type(&m->node[i]), type) && edit_removable(m, i, &x)) {
            NPU_TRY(remove_node(j, m, &x, err));
            i = 0; /* the removal may have put others at the edge */
        } else {
            i++;
        }
    return NPU_OK;
}

static npu_status remove_name(const mrb_job *j, npu_model *m, const char *name, npu_err *err)
{
    edit_node x;
    size_t i;
    NPU_TRY(edit_find(m, name, &i, err));
    if (!edit_removable(m, i, &x))
        return npu_fail(err, NPU_UNSUPPORTED, "remove_node_name: node '%.80s' (%.40s) is not at an "
                        "edge of the network, or of a type that stays", name, m->node[i].type);
    return remove_node(j, m, &x, err);
}

static npu_status remove_nodes(const mrb_job *j, npu_model *m, npu_err *err)
{
    for (size_t i = 0; i < j->options->remove_types.n; i++)
        NPU_TRY(remove_type(j, m, j->options->remove_types.item[i], err));
    for (size_t i = 0; i < j->options->remove_names.n; i++)
        NPU_TRY(remove_name(j, m, j->options->remove_names.item[i], err));
    return NPU_OK;
}

static npu_status finish_model(mrb_job *j, npu_model *m, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    NPU_TRY(mrb_info(j, m, err));
    NPU_TRY(remove_nodes(j, m, err));
    NPU_TRY(bin_write(m, &bytes, &n, err));
    NPU_TRY(mrb_keep(j, ".bin", bytes, n, err));
    return npu_model_parse(j->file[j->nfile - 1].name, bytes, n, &j->run.model, err);
}

static npu_status compile(mrb_job *j, npu_graph *g, npu_err *err)
{
    cc_log log = {compiler_line, j};
    struct timespec start, end;
    npu_model *m;
    npu_status s;
    clock_gettime(CLOCK_MONOTONIC, &start);
    NPU_TRY(cc_compile(g, j->options, &log, &m, err));
    clock_gettime(CLOCK_MONOTONIC, &end);
    MRB_SAY(j, LOG_INFO, "consumed time %.3f", (double)(end.tv_sec - start.tv_sec) +
            (double)(end.tv_nsec - start.tv_nsec) * 1e-9);
    s = finish_model(j, m, err);
    npu_model_free(m);
    return s;
}

static npu_status publish(const mrb_job *j, npu_err *err)
{
    NPU_TRY(sys_mkdir_p(j->dir, err));
    MRB_SAY(j, LOG_INFO, "start convert to *.bin file....");
    for (size_t i = 0; i < j->nfile; i++) {
        const mrb_file *f = &j->file[i];
        char *path = malloc(strlen(j->dir) + strlen(f->name) + 2);
        npu_status s = NPU_LIMIT;
        if (path) {
            strcat(strcat(strcpy(path, j->dir), "/"), f->name);
            s = sys_write_file(path, f->bytes, f->n, err);
        } else {
            npu_fail(err, NPU_LIMIT, "out of memory");
        }
        free(path);
        NPU_TRY(s);
    }
    return NPU_OK;
}

/* Logs what the configuration says, before the model is looked at. */
static npu_status announce(mrb_job *j, npu_err *err)
{
    const char *dump;
    char dir[4096];
    MRB_SAY(j, LOG_INFO, "Start hb_mapper....");
    MRB_SAY(j, LOG_INFO, "log will be stored in %s/" MRB_LOG, getcwd(dir, sizeof dir) ? dir : ".");
    MRB_SAY(j, LOG_INFO, "hb_mapper version %s (npusim)", PACKAGE_VERSION);
    MRB_SAY(j, LOG_INFO, "Start Model Convert....");
    for (int k = 0; j->config && k < CFG_GROUPS; k++) {
        MRB_SAY(j, LOG_INFO, "validating %s...", cc_config_group((cfg_group)k));
        MRB_SAY(j, LOG_INFO, "validating %s finished", cc_config_group((cfg_group)k));
    }
    if (!j->config)
        return NPU_OK;
    warnings(j, 0);
    if (!(dump = cc_config_dump(j->config)))
        return npu_fail(err, NPU_LIMIT, "out of memory");
    MRB_SAY(j, LOG_INFO, "Dump config:");
    if (j->level <= LOG_INFO)
        log_text(j->log, "%s", dump);
    return NPU_OK;
}

static npu_status with_graphs(mrb_job *j, npu_graph *g, npu_err *err)
{
    npu_graph *second;
    npu_status s;
    NPU_TRY(meet(j, g, err));
    NPU_TRY(artefacts(j, g, err));
    NPU_TRY(load(j, j->options->batch, &second, err));
    s = compile(j, second, err);
    npu_graph_free(second);
    return s;
}

npu_status mrb_convert(mrb_job *j, npu_err *err)
{
    npu_graph *g;
    npu_status s;
    NPU_TRY(announce(j, err));
    MRB_SAY(j, LOG_INFO, "Start to parse the %s model.", j->caffe ? "caffe" : "onnx");
    NPU_TRY(load(j, 1, &g, err));
    s = with_graphs(j, g, err);
    npu_graph_free(g);
    NPU_TRY(s);
    NPU_TRY(mrb_report(j, err));
    NPU_TRY(publish(j, err));
    MRB_SAY(j, LOG_INFO, "Convert to runtime bin file successfully!");
    MRB_SAY(j, LOG_INFO, "End Model Convert");
    return NPU_OK;
}
