/* The stages of a check, in the order and with the lines of the vendor's log. */
#include "tools/checker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "compiler/quant_graph.h"
#include "formats/bin.h"

#define SIDE_DIR ".hb_check"

void checker_free(checker *c)
{
    cc_plan_free(c->plan);
    npu_graph_free(c->graph);
    cc_options_free(&c->options);
}

static void greet(const checker *c)
{
    char dir[4096];
    log_line(c->log, LOG_INFO, "Start hb_mapper....");
    log_line(c->log, LOG_INFO, "log will be stored in %s/hb_mapper_checker.log",
             getcwd(dir, sizeof dir) ? dir : ".");
    log_line(c->log, LOG_INFO, "hb_mapper version %s (npusim)", PACKAGE_VERSION);
    log_line(c->log, LOG_INFO, "Model type: %s", c->caffe ? "caffe" : "onnx");
    log_line(c->log, LOG_INFO, "march: %s", c->options.march);
    for (size_t i = 0; i + 1 < c->shapes->n; i += 2)
        log_line(c->log, LOG_INFO, "input name: %s, input shape: %s", c->shapes->item[i],
                 c->shapes->item[i + 1]);
}

/* The vendor reads opsets 10 and 11; newer ones are read here. */
static npu_status check_opset(const checker *c, const npu_graph *g, npu_err *err)
{
    if (c->caffe || g->opset == 10 || g->opset == 11)
        return NPU_OK;
    if (c->strict)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: opset %lld; the vendor's tool reads 10 and 11",
                        c->model, (long long)g->opset);
    log_line(c->log, LOG_WARNING, "opset %lld: the vendor's tool reads 10 and 11 only",
             (long long)g->opset);
    return NPU_OK;
}

static void warn_shape(const checker *c, const npu_graph *g, const cc_input_shape *s)
{
    char from[G_SHAPE_TEXT], to[G_SHAPE_TEXT];
    npu_value given = {.rank = s->rank};
    int32_t v = g_find(g, s->name);
    memcpy(given.dim, s->dim, sizeof given.dim);
    if (v != NPU_NONE && strcmp(g_shape(&g->value[v], from), g_shape(&given, to)) != 0)
        log_line(c->log, LOG_WARNING, "for input \"%s\", user input_shape:[%s] is not same with "
                 "model input_shape: [%s]", s->name, to, from);
}

/* The network with its shapes.  LOUD: its first reading, which is logged. */
static npu_status load(const checker *c, bool loud, npu_graph **out, npu_err *err)
{
    size_t n = c->shapes->n / 2;
    NPU_TRY(c->caffe ? cc_import_caffe(c->model, c->weights, out, err)
                     : cc_import_onnx(c->model, out, err));
    cc_input_shape *given = calloc(n + 1, sizeof *given);
    npu_status s = given ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK && loud)
        s = check_opset(c, *out, err);
    for (size_t i = 0; i < n && s == NPU_OK; i++) {
        s = cc_parse_shape(*out, c->shapes->item[2 * i], c->shapes->item[2 * i + 1], &given[i],
                           err);
        if (s == NPU_OK && loud)
            warn_shape(c, *out, &given[i]);
    }
    if (s == NPU_OK)
        s = cc_shapes(*out, given, n, err);
    free(given);
    if (s != NPU_OK) {
        npu_graph_free(*out);
        *out = NULL;
    }
    return s;
}

static void describe(const checker *c)
{
    char shape[G_SHAPE_TEXT];
    const npu_graph *g = c->graph;
    log_line(c->log, LOG_INFO, "%s model info:", c->caffe ? "Caffe" : "ONNX");
    if (!c->caffe) {
        log_line(c->log, LOG_INFO, "ONNX IR version:  %lld", (long long)g->ir_version);
        log_line(c->log, LOG_INFO, "Opset version:    %lld", (long long)g->opset);
    }
    for (uint32_t i = 0; i < g->nin; i++)
        log_line(c->log, LOG_INFO, "Input name:       %s, %s", g->value[g->in[i]].name,
                 g_shape(&g->value[g->in[i]], shape));
}

static npu_status put(const char *name, const uint8_t *bytes, size_t n, npu_err *err)
{
    char path[128];
    snprintf(path, sizeof path, SIDE_DIR "/%s", name);
    return sys_write_file(path, bytes, n, err);
}

/* A network that ONNX cannot say (layers of Caffe alone) has no side file; that is no failure. */
static npu_status save(const checker *c, const npu_graph *g, const char *name, npu_err *err)
{
    uint8_t *bytes = NULL;
    size_t n;
    npu_err why = {0};
    npu_status s = cc_export_onnx(g, &bytes, &n, &why);
    if (s == NPU_UNSUPPORTED) {
        log_line(c->log, LOG_WARNING, "no " SIDE_DIR "/%s: %s", name, why.text);
        return NPU_OK;
    }
    if (s != NPU_OK)
        return npu_fail(err, s, "%s", why.text);
    s = put(name, bytes, n, err);
    free(bytes);
    return s;
}

static npu_status optimise(checker *c, npu_err *err)
{
    NPU_TRY(cc_prepare(c->graph, &c->options, err));
    NPU_TRY(save(c, c->graph, "original_float_model.onnx", err));
    log_line(c->log, LOG_INFO, "Start to optimize the model.");
    NPU_TRY(cc_optimise(c->graph, &c->options, err));
    NPU_TRY(save(c, c->graph, "optimized_float_model.onnx", err));
    log_line(c->log, LOG_INFO, "End to optimize the model.");
    return cc_plan_make(c->graph, &c->options, &c->plan, err);
}

/* Why each node that broke a rule is on the CPU, in the vendor's two lines. */
static void explain(checker *c)
{
    for (uint32_t i = 0; i < c->plan->nnode; i++) {
        const cc_place *p = &c->plan->node[i];
        if (p->why == CC_WHY_CONSTRAINT) {
            c->warnings++;
            log_line(c->log, LOG_WARNING, "Layer %s\n        %s", c->graph->node[i].name,
                     p->message);
        } else if (p->unit == CC_CPU) {
            log_line(c->log, LOG_DEBUG, "Layer %s runs on the CPU: %s", c->graph->node[i].name,
                     p->message);
        }
    }
    if (c->warnings)
        log_line(c->log, LOG_WARNING, "nodes that break a limit of the BPU and run on the CPU: %u",
                 c->warnings);
}

static npu_status quantise_copy(const checker *c, npu_graph *g, npu_err *err)
{
    cc_plan *plan = NULL;
    npu_status s = cc_shapes(g, NULL, 0, err);
    if (s == NPU_OK)
        s = cc_plan_make(g, &c->options, &plan, err);
    if (s == NPU_OK)
        s = cc_quantise(g, plan, &c->options, err);
    if (s == NPU_OK)
        s = save(c, g, "quantized_model.onnx", err);
    cc_plan_free(plan);
    return s;
}

/* Quantising changes the network; so it gets a copy, by way of ONNX. */
static npu_status quantise(const checker *c, npu_err *err)
{
    uint8_t *bytes = NULL;
    size_t n;
    npu_graph *g = NULL;
    npu_err why = {0};
    log_line(c->log, LOG_INFO, "Start to quantize the model.");
    npu_status s = cc_export_onnx(c->graph, &bytes, &n, &why);
    if (s == NPU_OK)
        s = cc_import_onnx_bytes(c->model, NULL, bytes, n, &g, &why);
    if (s == NPU_OK)
        s = quantise_copy(c, g, &why);
    npu_graph_free(g);
    free(bytes);
    if (s == NPU_UNSUPPORTED)
        log_line(c->log, LOG_WARNING, "no " SIDE_DIR "/quantized_model.onnx: %s", why.text);
    else if (s != NPU_OK)
        return npu_fail(err, s, "%s", why.text);
    log_line(c->log, LOG_INFO, "End to quantize the model.");
    return NPU_OK;
}

static void compiler_line(void *state, const char *text)
{
    const checker *c = state;
    log_line(c->log, LOG_INFO, "%s", text);
}

static npu_status compile(checker *c, npu_err *err)
{
    npu_graph *g;
    npu_model *m = NULL;
    uint8_t *bytes = NULL;
    size_t n;
    cc_log log = {compiler_line, c};
    if (strcmp(c->options.march, "bernoulli2") != 0) {
        log_line(c->log, LOG_WARNING, "not compiled: no back end for %s in this command",
                 c->options.march);
        return NPU_OK;
    }
    NPU_TRY(load(c, false, &g, err));
    npu_status s = cc_compile(g, &c->options, &log, &m, err);
    if (s == NPU_OK)
        s = bin_write(m, &bytes, &n, err);
    if (s == NPU_OK)
        s = put("checker_hybrid_horizonrt.bin", bytes, n, err);
    free(bytes);
    npu_model_free(m);
    npu_graph_free(g);
    return s;
}

static npu_status convert(checker *c, npu_err *err)
{
    char now[64];
    time_t t = time(NULL);
    log_line(c->log, LOG_INFO, "Begin model checking....");
    log_line(c->log, LOG_INFO, "[%.24s] Start to Horizon NN Model Convert.", ctime_r(&t, now));
    log_line(c->log, LOG_INFO, "Start to parse the %s model.", c->caffe ? "caffe" : "onnx");
    NPU_TRY(load(c, true, &c->graph, err));
    describe(c);
    NPU_TRY(sys_mkdir_p(SIDE_DIR, err));
    NPU_TRY(optimise(c, err));
    NPU_TRY(quantise(c, err));
    explain(c);
    return compile(c, err);
}

npu_status checker_run(checker *c, npu_err *err)
{
    greet(c);
    NPU_TRY(convert(c, err));
    NPU_TRY(checker_table(c, err));
    log_line(c->log, LOG_INFO, "%s model output num : %u", c->caffe ? "Caffe" : "ONNX",
             c->graph->nout);
    log_line(c->log, LOG_INFO, "End model checking....");
    if (c->json)
        checker_json(c);
    return NPU_OK;
}
