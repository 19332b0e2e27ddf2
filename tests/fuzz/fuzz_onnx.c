/* Fuzz target: the ONNX reader, and the writer over whatever it accepts. */
#include <stdlib.h>

#include "compiler/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npu_graph *g;
    npu_err err;
    uint8_t *bytes;
    size_t n;

    if (cc_import_onnx_bytes("input", NULL, data, size, &g, &err) != NPU_OK)
        return 0;
    if (cc_export_onnx(g, &bytes, &n, &err) == NPU_OK)
        free(bytes);
    npu_graph_free(g);
    return 0;
}
