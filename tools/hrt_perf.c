/* hrt_model_exec perf: a closed system of threads.
 *
 * Every thread has one frame in flight: runtime work on the CPU, then the calls of the model on a
 * core, first come first served, then the next frame.  A thread is one job of the scheduler whose
 * stages are its frames one after the other; each thread has a CPU of its own. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "models/timing.h"
#include "perf/sched.h"
#include "perf/split.h"
#include "reports/jsonw.h"
#include "reports/out.h"
#include "tools/hrt.h"

enum { SIMULATED_MOST = 20000, THREADS_MOST = 8 };

typedef struct {
    double sum, most, least;
    size_t n;
} spread;

typedef struct {
    npu_workload w;
    npu_sched_stage *frame;  /* stages of one frame; owned */
    uint32_t *part;          /* per stage: routine, UINT32_MAX: the runtime */
    size_t nframe;           /* stages */
    spread *node;            /* per routine */
    size_t nnode;
    spread latency, running, npu, cpu, pending;
    double run_ms, frames;
} bench;

static void add(spread *s, double ms)
{
    s->least = s->n == 0 || ms < s->least ? ms : s->least;
    s->most = s->n == 0 || ms > s->most ? ms : s->most;
    s->sum += ms;
    s->n++;
}

static double mean(const spread *s)
{
    return s->n ? s->sum / (double)s->n : 0;
}

static npu_status frame_stages(bench *b, const tool_run *run, bool half, npu_err *err)
{
    perf_atoms atoms;
    perf_split split;
    double hz = hw_tick_hz(run->chip);
    int64_t launch = (int64_t)llround(NPU_GET(run->chip, runtime_launch_ms) * 1e6);
    NPU_TRY(perf_atoms_find(run->prog, run->chip, &atoms, err));
    npu_status s = perf_split_make(run->prog, run->chip, &atoms, 0, half, &split, err);
    perf_atoms_free(&atoms);
    NPU_TRY(s);
    b->frame = calloc(split.n + 2, sizeof *b->frame);
    b->part = calloc(split.n + 2, sizeof *b->part);
    b->nnode = run->prog->n;
    b->node = calloc(b->nnode + 1, sizeof *b->node);
    if (!b->frame || !b->part || !b->node)
        s = npu_fail(err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK && launch > 0) {
        b->part[0] = UINT32_MAX;
        b->frame[b->nframe++] = (npu_sched_stage){launch, launch, true, false};
    }
    for (size_t i = 0; s == NPU_OK && i < split.n; i++) {
        int64_t ns = perf_ticks_ns(split.call[i].ticks, hz);
        int64_t slow = perf_ticks_ns(split.call[i].half_ticks, hz);
        if (ns == 0)
            continue;
        b->part[b->nframe] = split.call[i].part;
        b->frame[b->nframe++] = (npu_sched_stage){ns, slow > ns ? slow : ns, split.call[i].cpu,
                                                  false};
    }
    perf_split_free(&split);
    if (s == NPU_OK && b->nframe == 0)
        s = npu_fail(err, NPU_BAD_INPUT, "%s: the model has no commands", run->model->path);
    return s;
}

/* One model per thread: its stages are COUNT frames. */
static npu_status threads(bench *b, const hrt_options *o, size_t frames, npu_err *err)
{
    size_t n = (size_t)o->threads < frames ? (size_t)o->threads : frames;
    b->w = (npu_workload){.cores = (unsigned)o->cores, .policy = NPU_SCHED_FIFO,
                          .contention = true, .model = calloc(n, sizeof *b->w.model),
                          .stream = calloc(n, sizeof *b->w.stream), .nmodel = n, .nstream = n};
    if (!b->w.model || !b->w.stream)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        npu_sched_model *m = &b->w.model[i];
        npu_sched_stream *s = &b->w.stream[i];
        size_t count = frames / n + (i < frames % n);
        m->core = o->core_id ? (int)o->core_id - 1 : NPU_SCHED_NONE;
        m->stage = calloc(count * b->nframe + 1, sizeof *m->stage);
        s->at = calloc(1, sizeof *s->at);
        if (!m->stage || !s->at)
            return npu_fail(err, NPU_LIMIT, "out of memory");
        for (size_t k = 0; k < count; k++)
            memcpy(m->stage + k * b->nframe, b->frame, b->nframe * sizeof *b->frame);
        m->nstage = count * b->nframe;
        s->model = (uint32_t)i;
        s->kind = NPU_ARRIVE_TRACE;
        s->nat = 1;
    }
    return NPU_OK;
}

/* CPU stages of a frame that follow stage K before the next call. */
static int64_t cpu_after(const bench *b, size_t k)
{
    int64_t sum = 0;
    while (++k < b->nframe && b->frame[k].cpu)
        sum += b->frame[k].ns;
    return sum;
}

typedef struct {
    int64_t begun, ran;      /* the frame's start; time on cores so far */
} flight;

static void end_frame(bench *b, flight *f, int64_t end, int64_t cpu)
{
    double ms = 1e-6;
    add(&b->latency, (double)(end - f->begun) * ms);
    add(&b->npu, (double)f->ran * ms);
    add(&b->cpu, (double)cpu * ms);
    add(&b->running, (double)(f->ran + cpu) * ms);
    add(&b->pending, (double)(end - f->begun - f->ran - cpu) * ms);
    b->run_ms = (double)end * ms > b->run_ms ? (double)end * ms : b->run_ms;
    *f = (flight){end, 0};
}

static void evaluate(bench *b, const npu_schedule *s)
{
    flight f[THREADS_MOST] = {{0, 0}};
    int64_t cpu = 0;
    size_t last_call = 0;
    for (size_t i = 0; i < b->nframe; i++) {
        cpu += b->frame[i].cpu ? b->frame[i].ns : 0;
        last_call = b->frame[i].cpu ? last_call : i;
    }
    for (size_t i = 0; i < s->nspan; i++) {
        const npu_sched_span *x = &s->span[i];
        size_t stage = x->stage % b->nframe;
        flight *t = &f[s->job[x->job].model];
        t->ran += x->t1 - x->t0;
        add(&b->node[b->part[stage]], (double)(x->t1 - x->t0) * 1e-6);
        if (stage == last_call)
            end_frame(b, t, x->t1 + cpu_after(b, stage), cpu);
    }
    for (size_t i = 0; i < b->nframe; i++)
        if (b->frame[i].cpu && b->part[i] != UINT32_MAX)
            for (size_t k = 0; k < b->latency.n; k++)
                add(&b->node[b->part[i]], (double)b->frame[i].ns * 1e-6);
    b->frames = (double)b->latency.n;
}

/* Longer runs than were simulated go on at the steady rate. */
static void extrapolate(bench *b, const hrt_options *o)
{
    double rate = b->frames / b->run_ms, average = mean(&b->latency);
    if (o->minutes > 0) {
        b->run_ms = (double)o->minutes * 60000;
        b->frames = floor(b->run_ms * rate);
    } else if ((double)o->frames > b->frames) {
        b->frames = (double)o->frames;
        b->run_ms = b->frames / rate;
    }
    b->latency.sum = average * b->frames;
    b->latency.n = (size_t)b->frames;
}

/* "core number": of a .bin the cores that work on one frame, as the board's tool counts. */
static void print(const bench *b, const hrt_options *o, const npu_model *m)
{
    long cores = m->march ? (long)(m->cores ? m->cores : 1) : o->cores;
    double fps = 1000 * b->frames / b->run_ms;
    printf("Frame count: %.0f,  Thread Average: %f ms,  thread max latency: %f ms,  "
           "thread min latency: %f ms,  FPS: %f\n\n", b->frames, mean(&b->latency), b->latency.most,
           b->latency.least, fps);
    printf("Running condition:\n  Thread number is: %ld\n  Frame count   is: %.0f\n"
           "  core number   is: %ld\n  Program run time: %f  ms\n", o->threads, b->frames, cores,
           b->run_ms);
    printf("Perf result:\n  Frame totally latency is: %f  ms\n  Average    latency    is: %f  ms\n"
           "  Frame      rate       is: %f  FPS\n", b->latency.sum, mean(&b->latency), fps);
}

static void json_spread(rep_json *j, const char *key, const spread *s)
{
    rep_json_open(j, key, REP_OBJECT_LINE);
    rep_json_real(j, "avg_time", mean(s));
    rep_json_real(j, "max_time", s->most);
    rep_json_real(j, "min_time", s->least);
    rep_json_close(j);
}

/* Name of a node: the sub-graph, as the report names it, after BPU_ in the newer form; a CPU node
 * of a .bin by its own name, after its type in the newer form. */
static char *node_name(const tool_run *run, size_t i, bool old)
{
    const perf_part *p = &run->prog->part[i];
    const npu_node_info *n = npu_model_node(run->model, p->routine);
    const char *type = n ? n->type : "", *name = n ? n->name : p->routine->section;
    char *text = NULL;
    if (!strncmp(type, "Hz", 2))
        type += 2;
    if (!p->cpu)
        type = "BPU";
    if (asprintf(&text, "%s%s%s", old ? "" : type, old || !*type ? "" : "_", name) < 0)
        return NULL;
    return text;
}

static void nodes(rep_json *j, const bench *b, const tool_run *run, bool old)
{
    rep_json_open(j, "model_latency", REP_OBJECT);
    for (size_t i = 0; i < b->nnode; i++) {
        char *name = node_name(run, i, old);
        json_spread(j, name ? name : "node", &b->node[i]);
        free(name);
    }
    rep_json_close(j);
}

static void write_log(const bench *b, const hrt_options *o, const tool_run *run, FILE *f)
{
    rep_json j = rep_json_begin(f);
    if (o->log_format == 1) {
        static const spread none = {0};
        nodes(&j, b, run, true);
        rep_json_open(&j, "task_latency", REP_OBJECT);
        json_spread(&j, "TaskRunningTime", &b->running);
        json_spread(&j, "TaskScheduleTime", &b->pending);
        json_spread(&j, "TaskSubmitTime", &none);
        rep_json_close(&j);
        rep_json_end(&j);
        return;
    }
    rep_json_open(&j, "perf_result", REP_OBJECT);
    rep_json_real(&j, "FPS", 1000 * b->frames / b->run_ms);
    rep_json_real(&j, "average_latency", mean(&b->latency));
    rep_json_close(&j);
    rep_json_open(&j, "running_condition", REP_OBJECT);
    rep_json_int(&j, "core_id", o->core_id);
    rep_json_int(&j, "frame_count", (int64_t)b->frames);
    rep_json_str(&j, "model_name", run->model->name ? run->model->name : "");
    rep_json_real(&j, "run_time", b->run_ms);
    rep_json_int(&j, "thread_num", o->threads);
    rep_json_close(&j);
    rep_json_end(&j);
    fputs("***\n", f);
    j = rep_json_begin(f);
    rep_json_open(&j, "chip_latency", REP_OBJECT);
    json_spread(&j, "BPU_inference_time_cost", &b->npu);
    json_spread(&j, "CPU_inference_time_cost", &b->cpu);
    rep_json_close(&j);
    nodes(&j, b, run, false);
    rep_json_open(&j, "task_latency", REP_OBJECT);
    json_spread(&j, "TaskPendingTime", &b->pending);
    json_spread(&j, "TaskRunningTime", &b->running);
    rep_json_close(&j);
    rep_json_end(&j);
}

static void csv_row(FILE *f, const char *name, const spread *s)
{
    putc('"', f);
    for (const char *c = name; *c; c++)
        putc(*c == '"' || (unsigned char)*c < ' ' ? '_' : *c, f);
    fprintf(f, "\",%s,%s,%s\r\n", rep_fix(mean(s), 6).s, rep_fix(s->most, 6).s,
            rep_fix(s->least, 6).s);
}

static void write_csv(const bench *b, const hrt_options *o, const tool_run *run, FILE *f)
{
    (void)o;
    fputs("node,avg_time_ms,max_time_ms,min_time_ms\r\n", f);
    for (size_t i = 0; i < b->nnode; i++) {
        char *name = node_name(run, i, false);
        csv_row(f, name ? name : "node", &b->node[i]);
        free(name);
    }
    csv_row(f, "TaskPendingTime", &b->pending);
    csv_row(f, "TaskRunningTime", &b->running);
    csv_row(f, "Frame", &b->latency);
}

static npu_status write_file(const bench *b, const hrt_options *o, const tool_run *run,
                             const char *name,
                             void (*writer)(const bench *, const hrt_options *, const tool_run *,
                                            FILE *), npu_err *err)
{
    char *text = NULL, *path = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f || asprintf(&path, "%s/%s", o->profile_path, name) < 0) {
        if (f)
            fclose(f);
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    writer(b, o, run, f);
    npu_status s = fclose(f) ? npu_fail(err, NPU_LIMIT, "out of memory")
                             : sys_write_file(path, text, n, err);
    free(text);
    free(path);
    return s;
}

npu_status hrt_perf(const hrt_options *o, tool_run *run, npu_err *err)
{
    bench b = {0};
    npu_schedule *s = NULL;
    size_t frames = o->minutes > 0 || o->frames > SIMULATED_MOST ? SIMULATED_MOST
                                                                 : (size_t)o->frames;
    npu_status st = frame_stages(&b, run, o->cores > 1, err);
    if (st == NPU_OK)
        st = threads(&b, o, frames, err);
    if (st == NPU_OK)
        st = perf_sched_run(&b.w, &s, err);
    if (st == NPU_OK) {
        evaluate(&b, s);
        extrapolate(&b, o);
        if (o->profile_path)
            st = sys_mkdir_p(o->profile_path, err);
    }
    if (st == NPU_OK && o->profile_path)
        st = write_file(&b, o, run, "profiler.log", write_log, err);
    if (st == NPU_OK && o->profile_path)
        st = write_file(&b, o, run, "profiler.csv", write_csv, err);
    if (st == NPU_OK)
        print(&b, o, run->model);
    npu_schedule_free(s);
    npu_workload_free(&b.w);
    free(b.frame);
    free(b.part);
    free(b.node);
    return st;
}
