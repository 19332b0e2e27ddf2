/* caffe_try print PROTOTXT                    the tree as text again
 * caffe_try model FILE                        the caffemodel of caffe_fixture.h
 * caffe_try net FILE                          its prototxt
 * caffe_try flip PROTOTXT CAFFEMODEL|- N      N variants with flipped bytes, N/16 cut ones: of the
 *                                             caffemodel where there is one, of the prototxt else
 * A variant may be imported, or refused with a status that exits 3 or 4 and a message. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "compiler/import_caffe.h"
#include "tests/unit/caffe_fixture.h"

enum { SECONDS = 20 };

static uint64_t next(uint64_t *x) /* xorshift64 */
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

typedef struct { uint8_t *data; size_t n; } file;

static bool read_file(const char *path, file *f)
{
    npu_err err = {0};
    if (sys_read_file(path, &f->data, &f->n, &err) == NPU_OK)
        return true;
    fprintf(stderr, "%s\n", err.text);
    return false;
}

static npu_status import(const file *net, const file *model, npu_err *err)
{
    cf_model *m = NULL;
    npu_graph *g = NULL;
    npu_status s = model->data ? cf_model_parse("model", model->data, model->n, &m, err) : NPU_OK;
    if (s == NPU_OK)
        s = cf_import("net", (const char *)net->data, net->n, m, model->n, &g, err);
    cf_model_free(m);
    npu_graph_free(g);
    return s;
}

/* Variant I of F in memory of exactly its size: cut every sixteenth time, else 1 to 8 bytes
 * changed. */
static file variant(const file *f, unsigned i)
{
    uint64_t x = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    next(&x);
    file v = {NULL, i % 16 ? f->n : next(&x) % f->n};
    v.data = malloc(v.n + !v.n);
    if (!v.data)
        exit(2);
    memcpy(v.data, f->data, v.n);
    for (unsigned k = 0; i % 16 && k <= i % 8; k++)
        v.data[next(&x) % v.n] ^= (uint8_t)(1 + next(&x) % 255);
    return v;
}

static int flip(const char *net_path, const char *model_path, unsigned count)
{
    file net = {0}, model = {0};
    bool with = strcmp(model_path, "-") != 0, good = true;
    unsigned imported = 0, refused = 0;
    if (!read_file(net_path, &net) || (with && !read_file(model_path, &model)))
        return 2;
    for (unsigned i = 0; i < count; i++) {
        npu_err err = {0};
        file v = variant(with ? &model : &net, i);
        alarm(SECONDS);
        npu_status s = with ? import(&net, &v, &err) : import(&v, &model, &err);
        imported += s == NPU_OK;
        refused += s == NPU_BAD_INPUT || s == NPU_UNSUPPORTED;
        if (s != NPU_OK && ((s != NPU_BAD_INPUT && s != NPU_UNSUPPORTED) || !*err.text)) {
            printf("variant %u: status %d, message '%s'\n", i, (int)s, err.text);
            good = false;
        }
        free(v.data);
    }
    printf("%u variants: %u imported, %u refused\n", count, imported, refused);
    free(net.data);
    free(model.data);
    return !good || imported == 0 || refused == 0; /* a test that sees one outcome sees nothing */
}

static int print(const char *path)
{
    file f = {0};
    const prototxt_field *root;
    npu_err err = {0};
    buf_writer out = {0};
    base_arena *arena = arena_new();
    bool good = arena && read_file(path, &f);
    if (good && prototxt_parse(path, (const char *)f.data, f.n, arena, &root, &err) != NPU_OK) {
        fprintf(stderr, "%s\n", err.text);
        good = false;
    }
    if (good) {
        prototxt_print(root, &out);
        good = fwrite(out.data, 1, out.len, stdout) == out.len;
    }
    buf_free(&out);
    free(f.data);
    arena_free(arena);
    return !good;
}

static int write_fixture(const char *path, bool model)
{
    npu_err err = {0};
    size_t n = strlen(caffe_fixture_net);
    uint8_t *bytes = model ? caffe_fixture_model(CAFFE_FIXTURE_NEW, &n) : NULL;
    npu_status s = sys_write_file(path, model ? (const void *)bytes : caffe_fixture_net, n, &err);
    free(bytes);
    return s != NPU_OK;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "print") == 0)
        return print(argv[2]);
    if (argc == 3 && (strcmp(argv[1], "model") == 0 || strcmp(argv[1], "net") == 0))
        return write_fixture(argv[2], argv[1][0] == 'm');
    if (argc == 5 && strcmp(argv[1], "flip") == 0)
        return flip(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10));
    fputs("usage: caffe_try print|model|net FILE, caffe_try flip PROTOTXT CAFFEMODEL|- N\n",
          stderr);
    return 2;
}
