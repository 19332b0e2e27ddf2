/* bpu_try LEVEL latency|bandwidth NETWORK...   compiles each (.prototxt, .onnx) with these options
 *                                              and proves the result (bpu_proof.h)
 * One line per network: commands, MACs, bytes read and written; exit 1 when one is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/bpu_proof.h"

static bool prove(const char *path, int level, cc_mode mode, npu_chip *chip)
{
    npu_graph *g = NULL;
    npu_err err = {0};
    cc_options o = {0};
    proof p = {.why = ""};
    npu_status s = cc_import(path, NULL, &g, &err);
    if (s == NPU_OK)
        s = cc_shapes(g, NULL, 0, &err);
    if (s == NPU_OK)
        s = cc_fast_perf(g, "x3m", &o, &err);
    if (s != NPU_OK) {
        printf("%s: %s\n", path, err.text);
        return false;
    }
    o.level = level;
    o.mode = mode;
    o.weightless = true;
    bool ok = proof_graph(g, &o, chip, &p);
    printf("%s O%d: %s%llu commands, %llu MACs, %llu bytes read, %llu written\n", path, level,
           ok ? "" : p.why, (unsigned long long)p.commands, (unsigned long long)p.macs,
           (unsigned long long)p.read, (unsigned long long)p.written);
    cc_options_free(&o);
    npu_graph_free(g);
    return ok;
}

int main(int argc, char **argv)
{
    npu_chip *chip;
    npu_err err;
    bool ok = argc > 3 && npu_chip_load("x3m", &chip, &err) == NPU_OK;
    if (!ok)
        return 2;
    for (int i = 3; i < argc; i++)
        ok &= prove(argv[i], atoi(argv[1]), strcmp(argv[2], "latency") ? CC_BANDWIDTH : CC_LATENCY,
                    chip);
    npu_chip_free(chip);
    return !ok;
}
