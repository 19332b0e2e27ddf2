/* See cpu.h.  Names are those of the CVITEK runtime's CPU functions and of network nodes. */
#include "models/cpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/timing.h"

static const struct {
    const char *name;
    npu_num cycles;    /* per element */
    bool by_input;     /* elements counted are the inputs */
} functions[] = {
    {"interp", NPU_NUM_cpu_interp_cycles, false},
    {"argmax", NPU_NUM_cpu_argmax_cycles, true},
    {"argmax_v3", NPU_NUM_cpu_argmax_cycles, true},
    {"quant", NPU_NUM_cpu_quant_cycles, false},
    {"cast", NPU_NUM_cpu_quant_cycles, false},
    {"softmax", NPU_NUM_cpu_softmax_cycles, false},
    {"detection_output", NPU_NUM_cpu_detect_cycles, true},
    {"proposal", NPU_NUM_cpu_detect_cycles, true},
    {"yolo_detection", NPU_NUM_cpu_detect_cycles, true},
    {"retinaface_detection", NPU_NUM_cpu_detect_cycles, true},
    /* node types of converted ONNX and Caffe networks */
    {"Softmax", NPU_NUM_cpu_softmax_cycles, false},
    {"ArgMax", NPU_NUM_cpu_argmax_cycles, true},
    {"Resize", NPU_NUM_cpu_interp_cycles, false},
    {"Quantize", NPU_NUM_cpu_quant_cycles, false},
    {"Dequantize", NPU_NUM_cpu_quant_cycles, false},
    {"DetectionOutput", NPU_NUM_cpu_detect_cycles, true},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static npu_status refuse(const char *name, npu_err *err)
{
    char list[256] = "";
    for (size_t i = 0; i < FUNCTIONS; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 functions[i].name);
    return npu_fail(err, NPU_UNSUPPORTED,
                    "CPU function '%s' has no cost; known are %s; --set cpu.other_cycles=N gives "
                    "cycles per output element", name, list);
}

npu_status hw_cpu_ticks(const npu_chip *chip, const char *name, uint64_t inputs, uint64_t outputs,
                        int64_t *ticks, npu_err *err)
{
    double cycles = NPU_GET(chip, cpu_other_cycles), elements = (double)outputs;
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (strcmp(functions[i].name, name) == 0) {
            cycles = chip->num[functions[i].cycles];
            elements = (double)(functions[i].by_input ? inputs : outputs);
        }
    if (cycles < 0)
        return refuse(name, err);
    double seconds = NPU_GET(chip, cpu_call_us) * 1e-6 +
                     elements * cycles / (NPU_GET(chip, cpu_clock_mhz) * 1e6);
    double t = ceil(seconds * hw_tick_hz(chip));
    if (!(t < 1e15))
        return npu_fail(err, NPU_BAD_INPUT, "CPU function '%s' over %.0f elements", name, elements);
    *ticks = t < 1 ? 1 : (int64_t)t;
    return NPU_OK;
}
