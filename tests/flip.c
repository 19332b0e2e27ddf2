/* flip FILE COUNT SEED: COUNT variants of FILE with flipped bytes, each parsed and simulated; those
 * of an .onnx file are imported, get shapes and are exported.
 *
 * A variant may succeed, or fail with a status that exits 3 or 4 and a message; anything else, a
 * signal or more than 20 s is a failure.  Runs in child processes; the number of the variant in
 * work lies in shared memory, so a dead child tells which one it was.  Every second variant of a
 * .bin gets right check sums again, or none would come further than those. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "formats/bin.h"
#include "compiler/compile.h"
#include "npusim/chip.h"
#include "npusim/model.h"
#include "tests/simulate.h"

enum { BATCH = 500, SECONDS = 20, FLIPS = 8 };

typedef struct {
    unsigned at;      /* variant in work */
    unsigned loaded, refused;
} shared;

static uint64_t next(uint64_t *x) /* xorshift64 */
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Variant I of DATA: one to FLIPS bytes changed, half of them in the first 4 KiB. */
static void flip(uint8_t *data, size_t n, uint64_t seed, unsigned i)
{
    uint64_t x = (seed + 1) * 0x9E3779B97F4A7C15u ^ (i + 1) * 0xBF58476D1CE4E5B9u;
    unsigned count = 1 + (unsigned)(next(&x) % FLIPS);
    while (count--) {
        size_t room = next(&x) % 2 && n > 4096 ? 4096 : n;
        data[next(&x) % room] ^= (uint8_t)(1 + next(&x) % 255);
    }
}

static bool refusal(npu_status s)
{
    return s == NPU_BAD_INPUT || s == NPU_UNSUPPORTED;
}

static npu_status try_model(const uint8_t *data, size_t n, const npu_chip *chip, npu_err *err)
{
    npu_model *model = NULL;
    npu_status s = npu_model_parse("variant", data, n, &model, err);
    if (s == NPU_OK)
        s = simulate(model, chip, err);
    npu_model_free(model);
    return s;
}

static npu_status try_onnx(const uint8_t *data, size_t n, npu_err *err)
{
    npu_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t written;
    npu_status s = cc_import_onnx_bytes("variant", NULL, data, n, &g, err);
    if (s == NPU_OK)
        s = cc_shapes(g, NULL, 0, err);
    if (s == NPU_OK)
        s = cc_export_onnx(g, &bytes, &written, err);
    free(bytes);
    npu_graph_free(g);
    return s;
}

/* One variant.  Returns false, with a message, when its outcome is not allowed.  CHIP: that of a
 * compiled model, NULL: a network. */
static bool try_variant(const uint8_t *data, size_t n, const npu_chip *chip, shared *sh)
{
    npu_err err = { NPU_OK, "" };
    npu_status s = chip ? try_model(data, n, chip, &err) : try_onnx(data, n, &err);
    if (s == NPU_OK)
        sh->loaded++;
    else if (refusal(s) && err.text[0])
        sh->refused++;
    else
        return printf("variant %u: status %d, message '%s'\n", sh->at, (int)s, err.text), false;
    return true;
}

/* Child: variants FROM up to TO.  Exits 0 or 1, or dies of what it finds. */
static void batch(const uint8_t *file, size_t n, const npu_chip *chip, uint64_t seed, unsigned from,
                  unsigned to, shared *sh)
{
    uint8_t *data = malloc(n);
    bool good = data != NULL;
    for (sh->at = from; data && sh->at < to; sh->at++) {
        memcpy(data, file, n);
        flip(data, n, seed, sh->at);
        if (sh->at % 2 && bin_sniff(data, n))
            bin_seal(data, n);
        alarm(SECONDS);
        good &= try_variant(data, n, chip, sh);
    }
    alarm(0);
    free(data);
    fflush(stdout);
    _exit(good ? 0 : 1);
}

/* Runs variants FROM up to TO in a child.  Returns where to go on: after the one it died of. */
static unsigned run_batch(const uint8_t *file, size_t n, const npu_chip *chip, uint64_t seed,
                          unsigned from, unsigned to, shared *sh, bool *good)
{
    int status = 0;
    pid_t pid;
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        batch(file, n, chip, seed, from, to, sh);
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        perror("flip");
        exit(99);
    }
    *good &= status == 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
        return to;
    printf("variant %u: child ended with signal %d, exit %d\n", sh->at,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    return sh->at + 1;
}

static npu_status load(const char *path, uint8_t **file, size_t *n, npu_chip **chip, npu_err *err)
{
    npu_model *model = NULL;
    const char *end = strrchr(path, '.');
    npu_status s = sys_read_file(path, file, n, err);
    if (s == NPU_OK && end && strcmp(end, ".onnx") == 0)
        return s;
    if (s == NPU_OK)
        s = npu_model_parse(path, *file, *n, &model, err);
    if (s == NPU_OK)
        s = npu_chip_load(model->chip, chip, err);
    npu_model_free(model);
    return s;
}

int main(int argc, char **argv)
{
    uint8_t *file = NULL;
    size_t n = 0;
    npu_chip *chip = NULL;
    npu_err err = { NPU_OK, "" };
    bool good = true;
    unsigned count = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    shared *sh = mmap(NULL, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!count || sh == MAP_FAILED) {
        fputs("usage: flip FILE COUNT SEED\n", stderr);
        return 2;
    }
    if (load(argv[1], &file, &n, &chip, &err) != NPU_OK) {
        fprintf(stderr, "flip: %s\n", err.text);
        return 2;
    }
    for (unsigned at = 0; at < count;) {
        unsigned to = at + BATCH < count ? at + BATCH : count;
        at = run_batch(file, n, chip, strtoull(argv[3], NULL, 10), at, to, sh, &good);
    }
    printf("%u variants: %u done, %u refused\n", count, sh->loaded, sh->refused);
    free(file);
    npu_chip_free(chip);
    return !good;
}
