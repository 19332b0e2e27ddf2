/* npusim sweep: the same commands with many values of the hardware's numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "reports/sweep.h"
#include "tools/command.h"
#include "tools/sweep.h"

#define AT(field) offsetof(sweep_options, field)
static const opt_spec spec[] = {
    {NULL, 0, OPT_GROUP, 0, NULL, "What to sweep:", 0, 0},
    {"spec", 's', OPT_STRING, AT(spec), "SPEC.json", "read the sweep from a file, schema "
     "npusim-sweep/1 (docs/SWEEP.md)", 0, 0},
    {"ddr-bandwidth", 0, OPT_STRING, AT(ddr), "RANGE", "short for --param "
     "ddr.bandwidth_mbps=RANGE, in MB/s", 0, 0},
    {"param", 'p', OPT_LIST, AT(param), "KEY=RANGE", "sweep a number of the chip; RANGE is "
     "FROM:TO:log:POINTS, FROM:TO:lin:POINTS, FROM:TO:step:STEP or VALUE,VALUE,...; may be "
     "repeated for a grid", 0, 0},
    {"model", 'm', OPT_LIST, AT(model), "FILE", "one more model; models of the command line "
     "replace those of the specification", 0, 0},
    {"chip", 'c', OPT_STRING, AT(chip), "NAME|FILE.json",
     "simulate this chip (default: the one the model was compiled for)", 0, 0},
    {"set", 0, OPT_LIST, AT(set), "KEY=VALUE", "override one number at every point", 0, 0},
    {"recompile", 0, OPT_CHOICE, AT(recompile), "auto|never", "for numbers the compiler depends "
     "on: refuse (default), or run the same commands", 0, 0},
    {NULL, 0, OPT_GROUP, 0, NULL, "How to run:", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "DIR", "write points.csv, sweep.json, report.html and "
     "report.md to DIR (default sweep_result)", 0, 0},
    {"jobs", 'j', OPT_INT, AT(jobs), "N", "worker processes (default: one per processor)", 1, 256},
    {"shard", 0, OPT_STRING, AT(shard), "I/N", "run every N-th point from the I-th on, write "
     "points-I-of-N.csv; `npusim merge` joins them", 0, 0},
    {"mpi", 0, OPT_BOOL, AT(mpi), NULL, "under mpirun: rank 0 hands out the points", 0, 0},
    {"resume", 0, OPT_BOOL, AT(resume), NULL, "keep the points DIR has from an earlier run", 0, 0},
    {"list", 0, OPT_BOOL, AT(list), NULL, "print the points (tab-separated) and run none", 0, 0},
    {NULL, 0, OPT_GROUP, 0, NULL, "Or solve for one number:", 0, 0},
    {"solve", 0, OPT_STRING, AT(solve), "METRIC<=VALUE", "find where a metric meets a target", 0,
     0},
    {"for", 0, OPT_STRING, AT(key), "KEY", "by changing this number of the chip", 0, 0},
    {"range", 0, OPT_STRING, AT(range), "FROM:TO", "within this range (default: all a chip file "
     "may state)", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "[MODEL...]", .min_args = 0, .max_args = -1, .spec = spec,
    .doc = "Simulates models again and again with other numbers of the hardware, such as the DDR "
           "bandwidth, and reports every point, the knee of the curve and the Pareto front. "
           "Commands are decoded once. Exit status 1: some points failed, or --solve found no "
           "answer.",
    .example = "npusim sweep model.cvimodel --ddr-bandwidth 1000:16000:log:25\n"
               "npusim sweep -s sweep.json -j 4 -o out\n"
               "npusim sweep model.cvimodel --solve 'latency_ms<=10' --for ddr.bandwidth_mbps"};

static void list_points(const npu_sweep *s)
{
    fputs("point\tid\tmodel\tlabel", stdout);
    for (size_t k = 0; k < s->nkey; k++)
        printf("\t%s", npu_num_table[s->key[k]].key);
    putchar('\n');
    for (size_t i = 0; i < s->n; i++) {
        const npu_sweep_point *p = &s->point[i];
        printf("%zu\t%s\t%s\t%s", i + 1, p->id, s->model[p->model].name, p->label ? p->label : "");
        for (size_t k = 0; k < s->nkey; k++)
            printf("\t%s", num_exact(p->value[k]).s);
        putchar('\n');
    }
}

/* Says what came out; returns the exit code. */
static int report(const sweep_session *s, const sweep_options *o, size_t failed, bool quiet)
{
    if (!quiet && s->shards == 1)
        rep_sweep_text(s->sweep, stdout);
    if (!quiet)
        printf("files stored in : %s\n", o->output);
    size_t i = 0;
    while (failed && s->sweep->point[i].result.status != NPU_POINT_FAIL)
        i++;
    if (failed)
        fprintf(stderr, "npusim sweep: warning: %zu of %zu points failed; the first, point %zu: "
                "%s\n", failed, s->sweep->n, i + 1, s->sweep->point[i].result.error);
    return failed ? npu_exit_code(NPU_GATE) : 0;
}

static npu_status check(const sweep_options *o, npu_err *err)
{
    if (o->mpi && (o->shard || o->list || o->solve))
        return npu_fail(err, NPU_USAGE, "--mpi goes without --shard, --list and --solve");
    if (o->solve && (o->shard || o->list || o->spec))
        return npu_fail(err, NPU_USAGE, "--solve goes without -s, --shard and --list");
    if ((o->key || o->range) && !o->solve)
        return npu_fail(err, NPU_USAGE, "--for and --range belong to --solve");
    return NPU_OK;
}

static npu_status run(sweep_session *s, const sweep_options *o, int rank, bool quiet, int *code,
                      npu_err *err)
{
    size_t failed = 0;
    bool met = true;
    *code = 0;
    if (rank > 0)
        return sweep_assist(s, err);
    if (o->list) {
        list_points(s->sweep);
        return NPU_OK;
    }
    if (o->solve) {
        NPU_TRY(sweep_solve(s, o, &met, err));
        *code = met ? 0 : npu_exit_code(NPU_GATE);
        return NPU_OK;
    }
    NPU_TRY(sweep_execute(s, o, quiet, &failed, err));
    *code = report(s, o, failed, quiet);
    return NPU_OK;
}

int cmd_sweep(int argc, char **argv)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    sweep_options o = {.output = "sweep_result", .jobs = cpus < 1 ? 1 : cpus > 256 ? 256 : cpus};
    sweep_session s = {0};
    opt_rest rest;
    npu_err err = {0};
    int rank = 0, code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status st = check(&o, &err);
    bool mpi = st == NPU_OK && o.mpi && (st = sweep_mpi_start(&rank, &err)) == NPU_OK;
    if (st == NPU_OK)
        st = sweep_open(&o, rest.arg, rest.n, &s, &err);
    bool speak = !mpi || sweep_mpi_agree(st == NPU_OK);
    if (st == NPU_OK && speak)
        st = run(&s, &o, rank, rest.verbosity < 0, &code, &err);
    if (st != NPU_OK)
        code = speak ? tool_fail(argv[0], &err) : npu_exit_code(st);
    if (mpi)
        sweep_mpi_stop();
    sweep_close(&s);
    opt_free(&program, &o);
    return code < 0 ? npu_exit_code(NPU_LIMIT) : code;
}
