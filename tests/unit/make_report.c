/* Writes one report of a made-up profile to standard output: make_report NAME SHAPE [SUBGRAPH].
 *
 * For scripts that need a page to look at.  SHAPE: small, large, hostile, empty, new. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/write.h"
#include "synth_profile.h"

static const struct {
    const char *name;
    synth_options o;
} shapes[] = {
    { "small", { .layers = 144, .tiles = 9, .cpu = true, .measured = true } },
    { "large", { .layers = 600, .tiles = 43, .measured = true } },
    { "hostile", { .layers = 40, .tiles = 5, .cpu = true, .hostile = true, .measured = true } },
    { "empty", { .empty = true } },
    { "new", { .layers = 20, .tiles = 6 } },
};

int main(int argc, char **argv)
{
    npu_err err = { NPU_OK, "" };
    rep_id id = argc > 2 ? rep_find(argv[1]) : REP_COUNT;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && id < REP_COUNT; i++) {
        npu_profile *p;
        npu_status s;
        if (strcmp(shapes[i].name, argv[2]) != 0)
            continue;
        p = synth_profile(&shapes[i].o);
        s = rep_write_part(id, p, argc > 3 ? atoi(argv[3]) : -1, stdout, &err);
        synth_free(p);
        if (s != NPU_OK)
            fprintf(stderr, "make_report: %s\n", err.text);
        return npu_exit_code(s);
    }
    fprintf(stderr, "usage: make_report NAME SHAPE [SUBGRAPH]\n");
    return 2;
}
