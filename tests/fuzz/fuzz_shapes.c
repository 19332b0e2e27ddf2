/* Fuzz target: shapes and folding of whatever network the ONNX reader accepts. */
#include <stdio.h>
#include <stdlib.h>

#include "compiler/compile.h"
#include "compiler/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npu_graph *g;
    npu_err err;
    uint64_t macs, depthwise, params;

    if (cc_import_onnx_bytes("input", NULL, data, size, &g, &err) != NPU_OK)
        return 0;
    npu_status s = cc_shapes(g, NULL, 0, &err);
    for (uint32_t i = 0; i < g->nvalue && s == NPU_OK; i++)
        if (g->value[i].producer != NPU_NONE && g_elements(&g->value[i]) < 0) {
            fprintf(stderr, "'%s' has no shape\n", g->value[i].name);
            abort();
        }
    g_totals(g, &macs, &depthwise, &params);
    npu_graph_free(g);
    if (s != NPU_OK && s != NPU_BAD_INPUT && s != NPU_UNSUPPORTED) {
        fprintf(stderr, "status %d: %s\n", (int)s, err.text);
        abort(); /* no input may make us blame ourselves */
    }
    return 0;
}
