/* Caffe importer: prototxt (and caffemodel) to a graph; see import_caffe.h. */
#include <stdlib.h>

#include "base/sys.h"
#include "compiler/compile.h"
#include "compiler/import_caffe.h"

enum { CONSTANT_ROOM = 256 << 20 }; /* bytes of constants beyond those of the caffemodel */

static void import_layers(cf_net *c)
{
    cf_net_layers(c);
    if (c->status == NPU_OK)
        cf_net_inputs(c);
    for (size_t i = 0; i < c->nlayer && c->status == NPU_OK; i++) {
        cf_layer *l = &c->layer[i];
        if (!l->merged) {
            cf_bottoms(c, l);
            if (c->status == NPU_OK)
                l->kind->import(c, l);
        }
        cf_tops(c, l);
    }
    if (c->status == NPU_OK)
        cf_net_outputs(c);
}

npu_status cf_import(const char *path, const char *text, size_t n, cf_model *model,
                     uint64_t model_bytes, npu_graph **out, npu_err *err)
{
    npu_graph *g = g_new(path);
    *out = NULL;
    if (!g)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    cf_net c = {.g = g, .path = path, .model = model, .err = err,
                .budget = CONSTANT_ROOM + 2 * model_bytes};
    const char *name = "";
    g->caffe = true;
    g->opset = 11;
    g->ir_version = 6;
    c.status = prototxt_parse(path, text, n, g->arena, &c.root, err);
    if (c.status == NPU_OK) {
        const prototxt_field *f = prototxt_get(c.root, "name");
        if (f && !prototxt_string(f, &name))
            c.status = npu_fail(err, NPU_BAD_INPUT, "%s:%u:%u: name expected as a string", path,
                                f->line, f->column);
        g->name = name;
    }
    if (c.status == NPU_OK)
        import_layers(&c);
    cf_net_free(&c);
    if (c.status != NPU_OK) {
        npu_graph_free(g);
        return c.status;
    }
    *out = g;
    return NPU_OK;
}

npu_status cc_import_caffe(const char *prototxt, const char *caffemodel, npu_graph **out,
                           npu_err *err)
{
    uint8_t *text, *bytes = NULL;
    size_t n, model_bytes = 0;
    cf_model *model = NULL;
    *out = NULL;
    NPU_TRY(sys_read_file(prototxt, &text, &n, err));
    npu_status s = caffemodel ? sys_read_file(caffemodel, &bytes, &model_bytes, err) : NPU_OK;
    if (s == NPU_OK && caffemodel)
        s = cf_model_parse(caffemodel, bytes, model_bytes, &model, err);
    free(bytes);
    if (s == NPU_OK)
        s = cf_import(prototxt, (const char *)text, n, model, model_bytes, out, err);
    cf_model_free(model);
    free(text);
    return s;
}
