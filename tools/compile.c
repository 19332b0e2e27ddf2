/* npusim compile: a network to the container of its chip, with the defaults of fast perf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "formats/bin.h"
#include "formats/cvimodel.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    tool_options sim;
    const char *output;
} options;

#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    {"output", 'o', OPT_STRING, offsetof(options, output), "FILE",
     "the file to write: .bin for x3m, x3e, j3; .cvimodel for cv181x", 0, 0},
    TOOL_OPTIONS(SIM_AT),
    TOOL_NETWORK(SIM_AT),
    OPT_END};

static const opt_program program = {
    .args = "NETWORK", .min_args = 1, .max_args = 1, .spec = spec,
    .doc = "Compiles a network (.onnx, .prototxt) for a chip and writes the container its tools "
           "read. Weights are quantised, thresholds of maps are not computed: the file serves "
           "estimates of speed. `hb_mapper makertbin` takes the vendor's configuration instead.",
    .example = "npusim compile -o resnet18.bin examples/networks/resnet18.prototxt\n"
               "npusim compile --chip cv181x -o det.cvimodel det.onnx"};

static npu_status check(const char *network, const options *o, npu_err *err)
{
    if (!o->output)
        return npu_fail(err, NPU_USAGE, "--output FILE is needed");
    if (!tool_is_network(network))
        return npu_fail(err, NPU_USAGE, "%s: a network is needed, .onnx or .prototxt", network);
    return NPU_OK;
}

static npu_status compile(const char *network, const options *o, npu_err *err)
{
    npu_chip *chip;
    npu_model *m = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    NPU_TRY(tool_chip(o->sim.chip ? o->sim.chip : "x3m", &o->sim.set, &chip, err));
    npu_status s = tool_compile_whole(network, &o->sim, chip, &m, err);
    if (s == NPU_OK)
        s = m->march && chip->isa == NPU_ISA_BPU_1 ? bin_write(m, &bytes, &n, err)
                                                   : cvi_write(m, false, &bytes, &n, err);
    if (s == NPU_OK)
        s = sys_write_file(o->output, bytes, n, err);
    free(bytes);
    npu_model_free(m);
    npu_chip_free(chip);
    return s;
}

int cmd_compile(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = check(rest.arg[0], &o, &err);
    if (s == NPU_OK)
        s = compile(rest.arg[0], &o, &err);
    opt_free(&program, &o);
    return s == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
