/* A network by the name of its file. */
#include <string.h>
#include <strings.h>

#include "compiler/compile.h"

npu_status cc_import(const char *path, const char *caffemodel, npu_graph **out, npu_err *err)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    const char *kind = dot ? dot : "";
    *out = NULL;
    if (strcasecmp(kind, ".prototxt") == 0)
        return cc_import_caffe(path, caffemodel, out, err);
    if (strcasecmp(kind, ".onnx") != 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: networks are read from .onnx and .prototxt files",
                        path);
    if (caffemodel)
        return npu_fail(err, NPU_BAD_INPUT, "%s: an ONNX network has its weights in it; %s goes "
                        "with a .prototxt", path, caffemodel);
    return cc_import_onnx(path, out, err);
}
