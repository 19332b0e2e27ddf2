/* The stages of a conversion, in the order and with the lines of the vendor's log. */
#include "tools/makertbin.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "compiler/graph.h"
#include "compiler/quant_graph.h"
#include "formats/bin.h"

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

/* The network with its shapes; each of the two uses changes its own copy. */
static npu_status load(mrb_job *j, npu_graph **out, npu_err *err)
{
    cc_input_shape *given = NULL;
    size_t n = 0;
    npu_status s;
    NPU_TRY(cc_import(j->model, j->weights, out, err));
    s = j->config ? cc_config_shapes(j->config, *out, &given, &n, err) : NPU_OK;
    j->bad_config = s != NPU_OK;
    if (s == NPU_OK)
        s = cc_shapes(*out, given, n, err);
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

/* The quantised model is made from the optimised one as it was written. */
static npu_status quantise(mrb_job *j, const mrb_file *optimised, npu_err *err)
{
    npu_graph *g;
    cc_plan *plan = NULL;
    npu_status s;
    NPU_TRY(cc_import_onnx_bytes(optimised->name, NULL, optimised->bytes, optimised->n, &g, err));
    s = cc_shapes(g, NULL, 0, err);
    if (s == NPU_OK)
        s = cc_plan_make(g, j->options, &plan, err);
    if (s == NPU_OK)
        s = cc_quantise(g, plan, j->options, err);
    if (s == NPU_OK)
        s = save(j, g, "_quantized_model.onnx", err);
    cc_plan_free(plan);
    npu_graph_free(g);
    return s;
}

static npu_status artefacts(mrb_job *j, npu_graph *g, npu_err *err)
{
    MRB_SAY(j, LOG_INFO, "Start to prepare the onnx model.");
    NPU_TRY(cc_prepare(g, j->options, err));
    NPU_TRY(save(j, g, "_original_float_model.onnx", err));
    MRB_SAY(j, LOG_INFO, "End to prepare the onnx model.");
    MRB_SAY(j, LOG_INFO, "Start to optimize the onnx model.");
    NPU_TRY(cc_optimise(g, j->options, err));
    NPU_TRY(save(j, g, "_optimized_float_model.onnx", err));
    MRB_SAY(j, LOG_INFO, "End to optimize the onnx model.");
    MRB_SAY(j, LOG_INFO, "Start to calibrate the model.");
    MRB_SAY(j, LOG_WARNING, "No thresholds are computed: every activation has %g",
            CC_SYNTHETIC_THRESHOLD);
    MRB_SAY(j, LOG_INFO, "End to calibrate the model.");
    MRB_SAY(j, LOG_INFO, "Start to quantize the model.");
    NPU_TRY(quantise(j, &j->file[j->nfile - 1], err));
    MRB_SAY(j, LOG_INFO, "End to quantize the model.");
    return NPU_OK;
}

static void compiler_line(void *state, const char *text)
{
    mrb_lines(state, LOG_INFO, text);
}

static npu_status finish_model(mrb_job *j, npu_model *m, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    NPU_TRY(mrb_info(j, m, err));
    NPU_TRY(bin_write(m, &bytes, &n, err));
    NPU_TRY(mrb_keep(j, ".bin", bytes, n, err));
    return npu_model_parse(j->file[j->nfile - 1].name, bytes, n, &j->run.model, err);
}

/* Linked when the tree has it. */
npu_status cc_compile(npu_graph *g, const cc_options *o, const cc_log *log, npu_model **out,
                      npu_err *err) __attribute__((weak));

static npu_status compile(mrb_job *j, npu_graph *g, npu_err *err)
{
    cc_log log = {compiler_line, j};
    npu_model *m;
    npu_status s;
    MRB_SAY(j, LOG_INFO, "Start to compile the model with march %s.", j->options->march);
    if (!cc_compile)
        return npu_fail(err, NPU_UNSUPPORTED, "this build has no back end for %s",
                        j->options->march);
    NPU_TRY(cc_compile(g, j->options, &log, &m, err));
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
    NPU_TRY(load(j, &second, err));
    s = artefacts(j, second, err);
    npu_graph_free(second);
    return s == NPU_OK ? compile(j, g, err) : s;
}

npu_status mrb_convert(mrb_job *j, npu_err *err)
{
    npu_graph *g;
    npu_status s;
    NPU_TRY(announce(j, err));
    MRB_SAY(j, LOG_INFO, "Start to parse the %s model.", j->caffe ? "caffe" : "onnx");
    NPU_TRY(load(j, &g, err));
    s = with_graphs(j, g, err);
    npu_graph_free(g);
    NPU_TRY(s);
    NPU_TRY(mrb_report(j, err));
    NPU_TRY(publish(j, err));
    MRB_SAY(j, LOG_INFO, "Convert to runtime bin file successfully!");
    MRB_SAY(j, LOG_INFO, "End Model Convert");
    return NPU_OK;
}
