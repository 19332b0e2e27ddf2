/* Writes a network of cvi_net.h, compiled for cv181x, for shell tests:  make_cvi SIZE FILE  is
 * yolov8n at SIZE x SIZE. */
#include <stdio.h>
#include <stdlib.h>

#include "compiler/cvi.h"
#include "formats/cvimodel.h"
#include "base/sys.h"
#include "tests/unit/cvi_net.h"

static npu_status write_model(const cvi_net *n, const char *path, npu_err *err)
{
    npu_model *m = calloc(1, sizeof *m);
    npu_chip *chip = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!m)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    npu_status st = npu_chip_load("cv181x", &chip, err);
    if (st == NPU_OK)
        st = cvi_emit(&n->net, NULL, chip, m, err);
    if (st == NPU_OK)
        st = cvi_write(m, false, &bytes, &size, err);
    if (st == NPU_OK)
        st = sys_write_file(path, bytes, size, err);
    free(bytes);
    npu_chip_free(chip);
    npu_model_free(m);
    return st;
}

int main(int argc, char **argv)
{
    npu_err err = {0};
    if (argc != 3) {
        fprintf(stderr, "usage: make_cvi SIZE FILE\n");
        return npu_exit_code(NPU_USAGE);
    }
    cvi_net n = cvi_net_yolov8n((uint32_t)strtoul(argv[1], NULL, 10));
    npu_status st = write_model(&n, argv[2], &err);
    if (st != NPU_OK)
        fprintf(stderr, "%s\n", err.text);
    cvi_net_free(&n);
    return npu_exit_code(st);
}
