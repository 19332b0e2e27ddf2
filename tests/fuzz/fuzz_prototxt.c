/* Fuzz target: the prototxt reader, whose output must read back as itself, and the Caffe importer
 * with synthetic weights. */
#include <stdlib.h>
#include <string.h>

#include "compiler/import_caffe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static buf_writer printed(const char *text, size_t n)
{
    base_arena *arena = arena_new();
    const prototxt_field *root;
    buf_writer out = {0};
    npu_err err;
    if (arena && prototxt_parse("input", text, n, arena, &root, &err) == NPU_OK)
        prototxt_print(root, &out);
    arena_free(arena);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npu_graph *g;
    npu_err err;
    buf_writer one = printed((const char *)data, size);
    buf_writer two = printed((const char *)one.data, one.len);
    if (one.len != two.len || (one.len && memcmp(one.data, two.data, one.len) != 0))
        abort();
    buf_free(&one);
    buf_free(&two);
    if (cf_import("input", (const char *)data, size, NULL, 0, &g, &err) == NPU_OK)
        npu_graph_free(g);
    return 0;
}
