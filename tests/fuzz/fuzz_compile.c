/* Fuzz target: the whole compiler on whatever network the ONNX reader accepts. */
#include <stdio.h>
#include <stdlib.h>

#include "compiler/compile.h"
#include "compiler/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static npu_status compile(npu_graph *g, npu_err *err)
{
    cc_options o;
    npu_model *m = NULL;
    NPU_TRY(cc_shapes(g, NULL, 0, err));
    NPU_TRY(cc_fast_perf(g, "x3m", &o, err));
    o.level = 1;
    o.weightless = true;
    npu_status s = cc_compile(g, &o, NULL, &m, err);
    npu_model_free(m);
    cc_options_free(&o);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npu_graph *g;
    npu_err err;

    if (cc_import_onnx_bytes("input", NULL, data, size, &g, &err) != NPU_OK)
        return 0;
    npu_status s = compile(g, &err);
    npu_graph_free(g);
    if (s != NPU_OK && s != NPU_BAD_INPUT && s != NPU_UNSUPPORTED) {
        fprintf(stderr, "status %d: %s\n", (int)s, err.text);
        abort(); /* no input may make us blame ourselves */
    }
    return 0;
}
