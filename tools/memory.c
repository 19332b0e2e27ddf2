/* npusim memory: ION memory of several models together, and the order of loading that wastes least.
 *
 * Weights, commands, private memory and tensors add up; shared memory is one block as large as the
 * largest model needs.  A runtime that only grows the block by taking a new one keeps the old one
 * too, so the order of loading matters. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/collect.h"
#include "reports/jsonw.h"
#include "reports/out.h"
#include "reports/version.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    int format;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"format", 'f', OPT_CHOICE, AT(format), "text|json", "text for people (default), or json", 0,
     0},
    OPT_END};

static const opt_program program = {
    .args = "MODEL...", .min_args = 1, .max_args = -1, .spec = spec,
    .doc = "Prints the ION memory that several models need together, in the order given and in the "
           "order that wastes least. A file given twice shares its weights and commands, like a "
           "cloned model.",
    .example = "npusim memory detect.cvimodel classify.cvimodel\n"
               "npusim memory --format json *.cvimodel"};

typedef struct {
    char *name;              /* base name of the file; owned */
    char sha256[65];
    uint64_t fixed;          /* weights, commands, other sections; 0 for a clone */
    uint64_t own;            /* private memory and tensors */
    uint64_t shared;
    bool clone;
} need;

static npu_status measure(const char *path, need *list, size_t n, npu_err *err)
{
    npu_model *m;
    npu_profile p = {0};
    need *x = &list[n];
    NPU_TRY(npu_model_open(path, &m, err));
    perf_memory(&p, m);
    memcpy(x->sha256, m->sha256, sizeof x->sha256);
    for (size_t i = 0; i < n; i++)
        x->clone |= strcmp(list[i].sha256, x->sha256) == 0;
    x->own = p.private_gmem + p.io_bytes;
    x->shared = p.shared_gmem;
    x->fixed = x->clone ? 0 : p.ion - x->own - x->shared;
    const char *slash = strrchr(path, '/');
    x->name = strdup(slash ? slash + 1 : path);
    npu_model_free(m);
    return x->name ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

/* Shared memory when the block is taken anew, and the old one kept, at every larger model. */
static uint64_t grown(const need *x, const size_t *order, size_t n)
{
    uint64_t have = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        if (x[order[i]].shared > have) {
            have = x[order[i]].shared;
            sum += have;
        }
    return sum;
}

static int larger_first(const void *a, const void *b, void *needs)
{
    const need *x = needs;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    if (x[i].shared != x[k].shared)
        return x[i].shared > x[k].shared ? -1 : 1;
    return i < k ? -1 : i > k;
}

typedef struct {
    uint64_t separate;       /* without shared memory */
    uint64_t most, given, worst; /* shared: the largest; in the order given; smallest first */
} total;

static total totals(const need *x, size_t *order, size_t n)
{
    total t = {0};
    for (size_t i = 0; i < n; i++) {
        t.separate += x[i].fixed + x[i].own;
        t.most = x[i].shared > t.most ? x[i].shared : t.most;
        order[i] = i;
    }
    t.given = grown(x, order, n);
    qsort_r(order, n, sizeof *order, larger_first, (void *)x);
    for (size_t i = 0; i < n / 2; i++) { /* smallest first, and back */
        size_t k = order[i];
        order[i] = order[n - 1 - i];
        order[n - 1 - i] = k;
    }
    t.worst = grown(x, order, n);
    qsort_r(order, n, sizeof *order, larger_first, (void *)x);
    return t;
}

static void print_text(const need *x, const size_t *order, size_t n, const total *t)
{
    printf("%-36s %13s %13s %13s\n", "model (bytes)", "weights+cmds", "private+io", "shared");
    for (size_t i = 0; i < n; i++) {
        rep_plain(stdout, x[i].name, 36);
        printf(" %13" PRIu64 " %13" PRIu64 " %13" PRIu64 "%s\n", x[i].fixed, x[i].own, x[i].shared,
               x[i].clone ? " clone" : "");
    }
    printf("\nION need, shared memory once (largest first) %15" PRIu64 "\n", t->separate + t->most);
    printf("ION need in the order given, block grown     %15" PRIu64 "\n", t->separate + t->given);
    printf("wasted by the order given                    %15" PRIu64 "\n", t->given - t->most);
    printf("wasted by the worst order (smallest first)   %15" PRIu64 "\n", t->worst - t->most);
    puts("\nload in this order:");
    for (size_t i = 0; i < n; i++) {
        printf("  %zu. ", i + 1);
        rep_plain(stdout, x[order[i]].name, 0);
        putchar('\n');
    }
}

static void print_json(const need *x, const size_t *order, size_t n, const total *t)
{
    rep_json j = rep_json_begin(stdout);
    rep_json_str(&j, "schema", "npusim.memory/1");
    rep_json_str(&j, "version", REP_VERSION);
    rep_json_open(&j, "models", REP_ARRAY);
    for (size_t i = 0; i < n; i++) {
        rep_json_open(&j, NULL, REP_OBJECT_LINE);
        rep_json_str(&j, "file", x[i].name);
        rep_json_int(&j, "weights_and_commands_bytes", (int64_t)x[i].fixed);
        rep_json_int(&j, "private_and_io_bytes", (int64_t)x[i].own);
        rep_json_int(&j, "shared_bytes", (int64_t)x[i].shared);
        rep_json_bool(&j, "clone", x[i].clone);
        rep_json_close(&j);
    }
    rep_json_close(&j);
    rep_json_int(&j, "ion_bytes", (int64_t)(t->separate + t->most));
    rep_json_int(&j, "ion_grow_bytes", (int64_t)(t->separate + t->given));
    rep_json_int(&j, "shared_bytes", (int64_t)t->most);
    rep_json_int(&j, "wasted_bytes", (int64_t)(t->given - t->most));
    rep_json_int(&j, "wasted_worst_bytes", (int64_t)(t->worst - t->most));
    rep_json_open(&j, "best_order", REP_ARRAY_LINE);
    for (size_t i = 0; i < n; i++)
        rep_json_str(&j, NULL, x[order[i]].name);
    rep_json_close(&j);
    rep_json_end(&j);
}

int cmd_memory(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    size_t n = (size_t)rest.n;
    need *x = calloc(n + 1, sizeof *x);
    size_t *order = calloc(n + 1, sizeof *order);
    npu_status s = x && order ? NPU_OK : npu_fail(&err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < n && s == NPU_OK; i++)
        s = measure(rest.arg[i], x, i, &err);
    if (s == NPU_OK) {
        total t = totals(x, order, n);
        (o.format ? print_json : print_text)(x, order, n, &t);
    }
    for (size_t i = 0; x && i < n; i++)
        free(x[i].name);
    free(x);
    free(order);
    opt_free(&program, &o);
    return s == NPU_OK ? 0 : tool_fail(argv[0], &err);
}
