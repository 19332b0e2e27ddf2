/* Shapes of ONNX files, for scripts.
 *
 *   shape_case cases FOLDER...   one line per conformance case (model.onnx, test_data_set_0/
 *                                {in,out}put_K.pb): "NAME equal", "NAME folded" (contents are equal
 *                                too), "NAME refused WHY" or "NAME differs HOW"
 *   shape_case data FOLDER...    the same with all inputs known to the compiler
 *   shape_case totals FILE [INPUT SHAPE]...   "MACS DEPTHWISE PARAMS" of a network
 *   shape_case values FILE [INPUT SHAPE]...   "NAME TYPE SHAPE" of each value
 *   shape_case declared FILE     "N M": of N shapes the file (the Caffe reader) has, M are others
 *
 * Exit status of totals, values, declared: as the program's.  FILE: .onnx or .prototxt. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "compiler/compile.h"
#include "compiler/graph.h"
#include "compiler/import_onnx.h"

/* The tensor in file PATH as a constant of G; NPU_NONE: cannot be read. */
static int32_t read_tensor(npu_graph *g, const char *path, npu_err *err)
{
    uint8_t *bytes;
    size_t n;
    pb_memory memory;
    if (sys_read_file(path, &bytes, &n, err) != NPU_OK)
        return NPU_NONE;
    pb_memory_init(&memory, n);
    OnnxPb__Tensor *t = onnx_pb__tensor__unpack(&memory.use, n, bytes);
    onnx_reader r = {.g = g, .memory = &memory, .path = path};
    int32_t v = t ? g_fresh(g, "expected") : NPU_NONE;
    if (!t)
        npu_fail(err, NPU_BAD_INPUT, "%s: no tensor", path);
    if (v != NPU_NONE && onnx_read_tensor(&r, t, "tensor", v, err) != NPU_OK)
        v = NPU_NONE;
    if (t)
        onnx_pb__tensor__free_unpacked(t, &memory.use);
    free(bytes);
    return v;
}

/* Every input becomes the constant of its file. */
static npu_status know_inputs(npu_graph *g, const char *folder, npu_err *err)
{
    char path[4096];
    for (uint32_t i = 0; i < g->nin; i++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%u.pb", folder, i);
        int32_t from = read_tensor(g, path, err);
        if (from == NPU_NONE)
            return err->status;
        const npu_value *t = &g->value[from];
        npu_value *v = &g->value[g->in[i]];
        if (v->elem != NPU_ELEM_BFLOAT16) /* which the cases keep as uint16 */
            v->elem = t->elem;
        v->rank = t->rank;
        memcpy(v->dim, t->dim, sizeof v->dim);
        v->data = t->data;
        v->constant = true;
    }
    g->nin = 0;
    for (uint32_t i = 0; i < g->nout; i++) /* the rules must tell, not the file */
        if (!g->value[g->out[i]].constant)
            g->value[g->out[i]].rank = -1;
    return NPU_OK;
}

/* Contents of a folded output against the expected ones; true: no difference. */
static bool same_data(const npu_graph *g, int32_t got, int32_t want)
{
    int64_t n = g_elements(&g->value[want]);
    for (int64_t k = 0; k < n; k++) {
        double a, b;
        if (!g_const_num(g, got, k, &a) || !g_const_num(g, want, k, &b))
            return memcmp(g->value[got].data, g->value[want].data,
                          g_bytes(&g->value[want])) == 0;
        if (!(fabs(a - b) <= 1e-6 * fmax(1, fabs(b))) && !(isnan(a) && isnan(b)) && a != b)
            return false;
    }
    return true;
}

/* One output; false: differs (printed). */
static bool compare(npu_graph *g, const char *folder, const char *name, uint32_t k, bool *folded)
{
    char path[4096], a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
    npu_err err = {0};
    snprintf(path, sizeof path, "%s/test_data_set_0/output_%u.pb", folder, k);
    int32_t want = read_tensor(g, path, &err);
    if (want == NPU_NONE) {
        printf("%s differs %s\n", name, err.text);
        return false;
    }
    const npu_value *v = &g->value[g->out[k]], *w = &g->value[want];
    if (v->elem == NPU_ELEM_BFLOAT16 && w->elem == NPU_ELEM_UINT16)
        g->value[want].elem = v->elem;
    if (w->elem != v->elem || strcmp(g_shape(w, a), g_shape(v, b)) != 0) {
        printf("%s differs output %u is %s %s, expected %s %s\n", name, k, npu_elem_name(v->elem),
               g_shape(v, b), npu_elem_name(w->elem), g_shape(w, a));
        return false;
    }
    *folded &= v->constant && (v->data || g_elements(v) == 0);
    if (v->constant && v->data && !same_data(g, g->out[k], want)) {
        printf("%s differs output %u has other contents\n", name, k);
        return false;
    }
    return true;
}

static void run_case(const char *folder, bool data)
{
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    char path[4096];
    npu_graph *g = NULL;
    npu_err err = {0};
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    npu_status s = cc_import_onnx(path, &g, &err);
    if (s == NPU_OK && data)
        s = know_inputs(g, folder, &err);
    if (s == NPU_OK)
        s = cc_shapes(g, NULL, 0, &err);
    bool folded = true, same = true;
    if (s != NPU_OK)
        printf("%s refused %d %s\n", name, npu_exit_code(s), err.text);
    for (uint32_t k = 0; s == NPU_OK && same && k < g->nout; k++)
        same = compare(g, folder, name, k, &folded);
    if (s == NPU_OK && same)
        printf("%s %s\n", name, folded ? "folded" : "equal");
    npu_graph_free(g);
}

static npu_status load(int argc, char **argv, npu_graph **g, npu_err *err)
{
    cc_input_shape given[16];
    size_t n = 0;
    NPU_TRY(cc_import(argv[2], NULL, g, err));
    for (int i = 3; i + 1 < argc && n < 16; i += 2)
        NPU_TRY(cc_parse_shape(*g, argv[i], argv[i + 1], &given[n++], err));
    return cc_shapes(*g, given, n, err);
}

/* What inference says against what was there before. */
static int declared(const char *path)
{
    npu_graph *g = NULL;
    npu_err err = {0};
    npu_status s = cc_import(path, NULL, &g, &err);
    uint32_t n = s == NPU_OK ? g->nvalue : 0, known = 0, others = 0;
    npu_value *before = malloc((n + 1) * sizeof *before);
    if (n && before)
        memcpy(before, g->value, n * sizeof *before);
    if (s == NPU_OK)
        s = cc_shapes(g, NULL, 0, &err);
    for (uint32_t i = 0; i < n && before && s == NPU_OK; i++) {
        char a[G_SHAPE_TEXT], b[G_SHAPE_TEXT];
        bool stated = g_elements(&before[i]) >= 0 && before[i].producer != NPU_NONE;
        known += stated;
        if (stated && strcmp(g_shape(&before[i], a), g_shape(&g->value[i], b)) != 0 && ++others)
            fprintf(stderr, "%s: %s, the file has %s\n", before[i].name, b, a);
    }
    if (s == NPU_OK)
        printf("%u %u\n", known, others);
    else
        fprintf(stderr, "shape_case: %s\n", err.text);
    free(before);
    npu_graph_free(g);
    return npu_exit_code(s);
}

static int network(int argc, char **argv)
{
    npu_graph *g = NULL;
    npu_err err = {0};
    npu_status s = load(argc, argv, &g, &err);
    uint64_t macs, depthwise, params;
    if (s != NPU_OK) {
        fprintf(stderr, "shape_case: %s\n", err.text);
    } else if (strcmp(argv[1], "totals") == 0) {
        g_totals(g, &macs, &depthwise, &params);
        printf("%llu %llu %llu\n", (unsigned long long)macs, (unsigned long long)depthwise,
               (unsigned long long)params);
    } else {
        char text[G_SHAPE_TEXT];
        for (uint32_t i = 0; i < g->nvalue; i++)
            if (g->value[i].rank >= 0)
                printf("%s %s %s\n", g->value[i].name, npu_elem_name(g->value[i].elem),
                       g_shape(&g->value[i], text));
    }
    npu_graph_free(g);
    return npu_exit_code(s);
}

int main(int argc, char **argv)
{
    bool data = argc > 2 && strcmp(argv[1], "data") == 0;
    if (argc > 2 && (strcmp(argv[1], "totals") == 0 || strcmp(argv[1], "values") == 0))
        return network(argc, argv);
    if (argc == 3 && strcmp(argv[1], "declared") == 0)
        return declared(argv[2]);
    if (argc < 3 || (!data && strcmp(argv[1], "cases") != 0)) {
        fprintf(stderr, "usage: shape_case cases|data|totals|values|declared FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        run_case(argv[i], data);
    return 0;
}
