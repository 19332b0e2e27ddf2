/* Running a sweep: hand out points, keep what is done, write the results; see sweep.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "perf/derive.h"
#include "reports/sweep.h"
#include "tools/sweep.h"

enum { NAME_BYTES = 64 };

typedef struct {
    sweep_session *s;
    uint32_t *todo;         /* points to run */
    size_t n, finished;
    FILE *partial;          /* rows as they come, for --resume */
    bool show;              /* progress on the terminal */
    double began, shown;
    unsigned timeout_s;
} execution;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* "points.csv", or of a shard "points-2-of-3.csv". */
static void file_name(const sweep_session *s, const char *suffix, char name[NAME_BYTES])
{
    if (s->shards == 1)
        snprintf(name, NAME_BYTES, "points%s", suffix);
    else
        snprintf(name, NAME_BYTES, "points-%zu-of-%zu%s", s->shard, s->shards, suffix);
}

static void work(void *arg, size_t i, void *result)
{
    execution *x = arg;
    sweep_session *s = x->s;
    uint32_t p = x->todo[i];
    perf_sim_point(s->target[p / s->plan.n].sim, s->sweep->key, s->sweep->nkey,
                   s->plan.set + p % s->plan.n * s->sweep->nkey, result);
}

static void progress(execution *x)
{
    double now = seconds(), spent = now - x->began;
    if (!x->show || (x->finished < x->n && now - x->shown < 0.2))
        return;
    x->shown = now;
    fprintf(stderr, "\r%zu of %zu points, %.0f %%, %.0f s left ", x->finished, x->n,
            100 * (double)x->finished / (double)x->n,
            spent * (double)(x->n - x->finished) / (double)x->finished);
    if (x->finished == x->n)
        fputs("\r\033[K", stderr);
}

static npu_status done(void *arg, size_t i, const void *result, int sig, npu_err *err)
{
    execution *x = arg;
    npu_point_result *r = &x->s->sweep->point[x->todo[i]].result;
    if (result) {
        memcpy(r, result, sizeof *r);
    } else {
        *r = (npu_point_result){.status = NPU_POINT_FAIL};
        if (sig == SIGALRM)
            snprintf(r->error, sizeof r->error, "over the limit of %u s (signal %d)",
                     x->timeout_s, sig);
        else
            snprintf(r->error, sizeof r->error, sig ? "the simulation died of signal %d (%s)"
                                                    : "the simulation ended early", sig,
                     strsignal(sig));
    }
    x->finished++;
    progress(x);
    rep_sweep_csv_row(x->s->sweep, x->todo[i], x->partial);
    if (x->finished % 256 == 0 && fflush(x->partial) != 0)
        return npu_fail(err, NPU_IO, "rows for --resume: %s", strerror(errno));
    return NPU_OK;
}

static npu_status run_points(execution *x, unsigned workers, bool mpi, npu_err *err)
{
    pool_jobs jobs = {.n = x->n, .result_bytes = sizeof(npu_point_result), .arg = x,
                      .workers = workers < x->n ? workers : (unsigned)x->n,
                      .timeout_s = x->timeout_s, .work = work, .done = done};
    x->began = x->shown = seconds();
    if (x->n == 0)
        return NPU_OK;
    return mpi ? sweep_mpi_run(&jobs, err) : pool_run(&jobs, err);
}

/* The points of this shard that have no result, in order. */
static npu_status choose(execution *x, npu_err *err)
{
    const sweep_session *s = x->s;
    x->todo = malloc((s->sweep->n + 1) * sizeof *x->todo);
    if (!x->todo)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = s->shard - 1; i < s->sweep->n; i += s->shards)
        if (s->sweep->point[i].result.status == NPU_POINT_PENDING)
            x->todo[x->n++] = (uint32_t)i;
    return NPU_OK;
}

typedef struct {
    const sweep_session *s;
    const npu_sweep *sweep;
} printing;

static void print_rows(FILE *f, void *arg)
{
    const printing *p = arg;
    size_t first = p->s ? p->s->shard - 1 : 0, step = p->s ? p->s->shards : 1;
    rep_sweep_csv_header(p->sweep, f);
    for (size_t i = first; i < p->sweep->n; i += step)
        rep_sweep_csv_row(p->sweep, i, f);
}

static void print_shard(FILE *f, void *arg)
{
    const printing *p = arg;
    rep_shard_json(p->sweep, p->s->shard, p->s->shards, p->s->digest, f);
}

static void print_json(FILE *f, void *arg)
{
    rep_sweep_json(((const printing *)arg)->sweep, f);
}

static void print_html(FILE *f, void *arg)
{
    rep_sweep_html(((const printing *)arg)->sweep, f);
}

static void print_md(FILE *f, void *arg)
{
    rep_sweep_md(((const printing *)arg)->sweep, f);
}

npu_status sweep_write_file(const char *dir, const char *name, void (*print)(FILE *f, void *arg),
                            void *arg, npu_err *err)
{
    char *text = NULL, path[4200];
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    print(f, arg);
    npu_status s = fclose(f) == 0 ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK && snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        s = npu_fail(err, NPU_IO, "%.60s...: name too long", dir);
    if (s == NPU_OK)
        s = sys_write_file(path, text, n, err);
    free(text);
    return s;
}

npu_status sweep_write_reports(npu_sweep *s, const char *out, npu_err *err)
{
    printing p = {NULL, s};
    NPU_TRY(perf_derive(s, err));
    NPU_TRY(sys_mkdir_p(out, err));
    NPU_TRY(sweep_write_file(out, "report.md", print_md, &p, err));
    NPU_TRY(sweep_write_file(out, "report.html", print_html, &p, err));
    NPU_TRY(sweep_write_file(out, "sweep.json", print_json, &p, err));
    return sweep_write_file(out, "points.csv", print_rows, &p, err);
}

static npu_status write_shard(const sweep_session *s, const char *out, npu_err *err)
{
    char name[NAME_BYTES];
    printing p = {s, s->sweep};
    file_name(s, ".json", name);
    NPU_TRY(sweep_write_file(out, name, print_shard, &p, err));
    file_name(s, ".csv", name);
    return sweep_write_file(out, name, print_rows, &p, err);
}

/* Takes what an earlier run left: its result, and the rows of one that was killed. */
static npu_status resume(const sweep_session *s, const char *out, bool quiet, npu_err *err)
{
    char name[NAME_BYTES], path[4200];
    size_t taken, all = 0;
    static const char *const suffix[] = {".csv", ".part.csv"};
    for (int i = 0; i < 2; i++) {
        file_name(s, suffix[i], name);
        snprintf(path, sizeof path, "%s/%s", out, name);
        NPU_TRY(sweep_read_rows(path, s->sweep, true, &taken, err));
        all += taken;
    }
    if (!quiet)
        printf("%zu of %zu points are done already\n", all, s->sweep->n);
    return NPU_OK;
}

/* Opens the file of finished rows, and puts those taken over into it. */
static npu_status open_partial(execution *x, const char *path, npu_err *err)
{
    const npu_sweep *w = x->s->sweep;
    x->partial = fopen(path, "w");
    if (!x->partial)
        return npu_fail(err, NPU_IO, "%s: %s", path, strerror(errno));
    rep_sweep_csv_header(w, x->partial);
    for (size_t i = 0; i < w->n; i++)
        if (w->point[i].result.status == NPU_POINT_OK)
            rep_sweep_csv_row(w, i, x->partial);
    return fflush(x->partial) == 0 ? NPU_OK : npu_fail(err, NPU_IO, "%s: %s", path,
                                                       strerror(errno));
}

static npu_status prepare(execution *x, const sweep_options *o, bool quiet, const char *part,
                          npu_err *err)
{
    NPU_TRY(sys_mkdir_p(o->output, err));
    if (o->resume)
        NPU_TRY(resume(x->s, o->output, quiet, err));
    NPU_TRY(choose(x, err));
    return open_partial(x, part, err);
}

static npu_status execute(execution *x, const sweep_options *o, bool quiet, npu_err *err)
{
    char name[NAME_BYTES], part[4200];
    sweep_session *s = x->s;
    file_name(s, ".part.csv", name);
    npu_status st = snprintf(part, sizeof part, "%s/%s", o->output, name) >= (int)sizeof part
                        ? npu_fail(err, NPU_IO, "%.60s...: name too long", o->output)
                        : prepare(x, o, quiet, part, err);
    x->n = st == NPU_OK ? x->n : 0;
    if (o->mpi) /* also after a failure: the other ranks wait */
        sweep_mpi_share(&x->todo, &x->n, err);
    if (st == NPU_OK)
        st = run_points(x, (unsigned)o->jobs, o->mpi, err);
    if (x->partial && fflush(x->partial) != 0 && st == NPU_OK)
        st = npu_fail(err, NPU_IO, "%s: %s", part, strerror(errno));
    if (st == NPU_OK)
        st = s->shards == 1 ? sweep_write_reports(s->sweep, o->output, err)
                            : write_shard(s, o->output, err);
    if (st == NPU_OK)
        unlink(part); /* it was our own file; the results hold all of it */
    return st;
}

npu_status sweep_execute(sweep_session *s, const sweep_options *o, bool quiet, size_t *failed,
                         npu_err *err)
{
    execution x = {.s = s, .show = !quiet && isatty(STDERR_FILENO),
                   .timeout_s = s->spec.timeout_s};
    npu_status st = execute(&x, o, quiet, err);
    *failed = rep_sweep_count(s->sweep, NPU_POINT_FAIL);
    if (x.partial)
        fclose(x.partial);
    free(x.todo);
    return st;
}

npu_status sweep_assist(sweep_session *s, npu_err *err)
{
    execution x = {.s = s};
    npu_status st = sweep_mpi_share(&x.todo, &x.n, err);
    if (st == NPU_OK)
        st = run_points(&x, 1, true, err);
    free(x.todo);
    return st;
}
