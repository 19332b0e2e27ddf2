/* Writes an assembler text as a .bin: make_bin TEXT.npuasm OUT.bin [name=NAME] [debug] [cores=2].
 *
 * For scripts that need a .bin without the compiler.  Nodes, layers and INFO, which the language
 * does not have, are made up from the routines: an NPU routine is one node, a CPU routine one of
 * the type its function stands for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "formats/bin.h"
#include "tools/asm.h"

enum { LAYERS = 16 };

static char *text_of(const char *head, const char *tail)
{
    char *s = NULL;

    return asprintf(&s, "%s%s", head, tail) < 0 ? NULL : s;
}

static char **copies(char *const *name, size_t n)
{
    char **copy = calloc(n + 1, sizeof *copy);

    for (size_t i = 0; copy && i < n; i++)
        copy[i] = strdup(name[i]);
    return copy;
}

static const char *cpu_type(const npu_program *p, const npu_routine *r)
{
    const npu_tensor *t = npu_program_tensor(p, r->out[0]);

    if (!strcmp(r->section, "quant"))
        return t && t->dtype == NPU_FP32 ? "HzDequantize" : "HzQuantize";
    return !strcmp(r->section, "softmax") ? "Softmax" : "Resize";
}

static void add_nodes(npu_model *m)
{
    const npu_program *p = &m->program[0];
    int npu = 0;

    m->node = calloc(p->nroutine + 1, sizeof *m->node);
    m->layer = calloc(p->nroutine + 1, sizeof *m->layer);
    for (size_t i = 0; m->node && m->layer && i < p->nroutine; i++) {
        const npu_routine *r = &p->routine[i];
        bool cpu = r->type == NPU_ROUTINE_CPU;
        const char *type = cpu ? cpu_type(p, r) : "HzSQuantizedConv";
        m->node[m->nnode++] = (npu_node_info){
            .name = cpu ? text_of(r->out[0], strncmp(type, "Hz", 2) ? "" : "_HzQuant")
                        : text_of("conv_", r->out[0]),
            .type = strdup(type), .npu = !cpu, .subgraph = cpu ? -1 : npu,
            .why = cpu ? strdup("no such unit") : NULL, .in = copies(r->in, r->nin),
            .nin = r->nin, .out = copies(r->out, r->nout), .nout = r->nout};
        if (!cpu)
            m->layer[m->nlayer++] = (npu_layer_info){
                .name = text_of("conv_", r->out[0]), .type = strdup(type), .routine = (uint32_t)i,
                .ops = 1000};
        npu += !cpu;
    }
}

/* The commands number their layers from 1: a row for each. */
static void add_layers(npu_model *m)
{
    npu_layer_info *l = realloc(m->layer, (m->nlayer + LAYERS) * sizeof *l);

    for (int i = 0; l && i < LAYERS; i++)
        l[m->nlayer++] = (npu_layer_info){
            .name = text_of("layer", ""), .type = text_of("Hz", "Lut"), .routine = l[0].routine};
    m->layer = l ? l : m->layer;
}

static const char info[] =
    "{\"versions\":{\"hb_mapper\":\"1.4.4\",\"hbdk\":\"3.26.8\",\"hbdk runtime\":\"3.13.22\","
    "\"horizon_nn\":\"0.12.5\"},"
    "\"model_parameters\":{\"onnx_model\":\"net.onnx\",\"march\":\"bernoulli2\","
    "\"layer_out_dump\":false,\"log_level\":\"debug\",\"working_dir\":\"out\","
    "\"output_model_file_prefix\":\"net\"},"
    "\"input_parameters\":[{\"input_name\":\"image\",\"input_type_rt\":\"featuremap\","
    "\"input_space&range\":\"regular\",\"input_shape\":\"1x3x16x16\",\"mean_value\":\"1 2 3\"}],"
    "\"calibration_parameters\":{\"preprocess_on\":false,\"calibration_type\":\"max\"},"
    "\"compiler_parameters\":{\"hbdk_pass_through_params\":\"--fast --O3\",\"input-source\":"
    "{\"image\":\"ddr\",\"_default_value\":\"ddr\"}},"
    "\"inputs\":[{\"name\":\"image\",\"type\":\"F32\",\"layout\":\"NHWC\",\"source\":\"ddr\"}],"
    "\"outputs\":[{\"name\":\"prob\",\"type\":\"F32\",\"layout\":\"NCHW\"}]}";

static npu_status write_as(npu_model *m, int argc, char **argv, npu_err *err)
{
    uint8_t *bytes;
    size_t n;

    add_nodes(m);
    add_layers(m);
    m->march = strdup("bernoulli2");
    m->info = strdup(info);
    m->cores = 1;
    for (int i = 3; i < argc; i++)
        if (!strncmp(argv[i], "name=", 5)) {
            free(m->name);
            m->name = strdup(argv[i] + 5);
        } else if (!strncmp(argv[i], "cores=", 6)) {
            m->cores = (uint32_t)atoi(argv[i] + 6);
        } else if (!strcmp(argv[i], "debug")) {
            m->debug = true;
        }
    NPU_TRY(bin_write(m, &bytes, &n, err));
    npu_status s = sys_write_file(argv[2], bytes, n, err);
    free(bytes);
    return s;
}

int main(int argc, char **argv)
{
    npu_err err = {0};
    uint8_t *text = NULL;
    size_t n;
    asm_state a = {0};

    if (argc < 3) {
        fputs("usage: make_bin TEXT.npuasm OUT.bin [name=NAME] [debug] [cores=2]\n", stderr);
        return 2;
    }
    npu_status s = sys_read_file(argv[1], &text, &n, &err);
    if (s == NPU_OK && (s = asm_text(&a, argv[1], (char *)text, n, &err)) == NPU_OK) {
        s = write_as(a.model, argc, argv, &err);
        asm_free(&a);
    }
    free(text);
    if (s != NPU_OK)
        fprintf(stderr, "make_bin: %s\n", err.text);
    return npu_exit_code(s);
}
