/* Fuzz target: a .caffemodel as weights of a small network. */
#include <string.h>

#include "compiler/import_caffe.h"
#include "tests/unit/caffe_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_model *m;
    npu_graph *g;
    npu_err err;
    if (cf_model_parse("input", data, size, &m, &err) != NPU_OK)
        return 0;
    if (cf_import("net", caffe_fixture_net, strlen(caffe_fixture_net), m, size, &g, &err) == NPU_OK)
        npu_graph_free(g);
    cf_model_free(m);
    return 0;
}
