/* See pool.h. */
#include "tools/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_JOB = -1 };

typedef struct {
    pid_t pid;              /* 0: not running */
    int to, from;           /* pipes: job indices down, results up */
    int64_t job;            /* in work, NO_JOB: none */
} worker;

typedef struct {
    const pool_jobs *jobs;
    worker *worker;
    struct pollfd *poll;
    char *result;
    size_t next;            /* first job not handed out */
} pool;

static bool read_all(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = read(fd, (char *)to + got, n - got);
        if (k == 0 || (k < 0 && errno != EINTR))
            return false;
        got += k > 0 ? (size_t)k : 0;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t n)
{
    for (size_t put = 0; put < n;) {
        ssize_t k = write(fd, (const char *)from + put, n - put);
        if (k < 0 && errno != EINTR)
            return false;
        put += k > 0 ? (size_t)k : 0;
    }
    return true;
}

/* Life of a worker: jobs until the pipe is closed. */
static void serve(const pool_jobs *j, int from, int to, char *result)
{
    uint64_t i;
    signal(SIGALRM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    while (read_all(from, &i, sizeof i)) {
        memset(result, 0, j->result_bytes);
        alarm(j->timeout_s);
        j->work(j->arg, (size_t)i, result);
        alarm(0);
        if (!write_all(to, result, j->result_bytes))
            break;
    }
    _exit(0);
}

static npu_status start(pool *p, worker *w, npu_err *err)
{
    int down[2], up[2];
    if (pipe(down) != 0)
        return npu_fail(err, NPU_LIMIT, "no pipe for a worker: %s", strerror(errno));
    if (pipe(up) != 0) {
        close(down[0]);
        close(down[1]);
        return npu_fail(err, NPU_LIMIT, "no pipe for a worker: %s", strerror(errno));
    }
    fflush(NULL); /* or the worker would write the parent's buffers again */
    w->pid = fork();
    if (w->pid == 0) {
        for (unsigned k = 0; k < p->jobs->workers; k++) /* or a sister would never see the end */
            if (p->worker[k].pid > 0 && &p->worker[k] != w) {
                close(p->worker[k].to);
                close(p->worker[k].from);
            }
        close(down[1]);
        close(up[0]);
        serve(p->jobs, down[0], up[1], p->result);
    }
    close(down[0]);
    close(up[1]);
    if (w->pid < 0) {
        w->pid = 0;
        close(down[1]);
        close(up[0]);
        return npu_fail(err, NPU_LIMIT, "no worker process: %s", strerror(errno));
    }
    *w = (worker){w->pid, down[1], up[0], NO_JOB};
    return NPU_OK;
}

/* Ends worker W; returns the signal it died of, 0 for none. */
static int stop(worker *w)
{
    int status = 0;
    if (w->pid == 0)
        return 0;
    close(w->to);
    close(w->from);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    w->pid = 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Hands worker W the next job; without one W gets no more. */
static npu_status feed(pool *p, worker *w, npu_err *err)
{
    uint64_t i = p->next;
    if (p->next == p->jobs->n) {
        stop(w);
        return NPU_OK;
    }
    if (w->pid == 0)
        NPU_TRY(start(p, w, err));
    w->job = (int64_t)p->next++;
    write_all(w->to, &i, sizeof i); /* a dead worker shows when its result is read */
    return NPU_OK;
}

static npu_status collect(pool *p, worker *w, npu_err *err)
{
    size_t i = (size_t)w->job;
    if (read_all(w->from, p->result, p->jobs->result_bytes)) {
        w->job = NO_JOB;
        NPU_TRY(p->jobs->done(p->jobs->arg, i, p->result, 0, err));
    } else {
        int sig = stop(w);
        NPU_TRY(p->jobs->done(p->jobs->arg, i, NULL, sig, err));
    }
    return feed(p, w, err);
}

static npu_status run(pool *p, npu_err *err)
{
    for (unsigned k = 0; k < p->jobs->workers; k++)
        NPU_TRY(feed(p, &p->worker[k], err));
    for (;;) {
        unsigned busy = 0;
        for (unsigned k = 0; k < p->jobs->workers; k++) {
            p->poll[k] = (struct pollfd){p->worker[k].pid ? p->worker[k].from : -1, POLLIN, 0};
            busy += p->worker[k].pid != 0;
        }
        if (busy == 0)
            return NPU_OK;
        if (poll(p->poll, p->jobs->workers, -1) < 0 && errno != EINTR)
            return npu_fail(err, NPU_LIMIT, "poll: %s", strerror(errno));
        for (unsigned k = 0; k < p->jobs->workers; k++)
            if (p->worker[k].pid && p->poll[k].revents)
                NPU_TRY(collect(p, &p->worker[k], err));
    }
}

npu_status pool_run(const pool_jobs *jobs, npu_err *err)
{
    pool p = {.jobs = jobs};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    p.worker = calloc(jobs->workers, sizeof *p.worker);
    p.poll = calloc(jobs->workers, sizeof *p.poll);
    p.result = malloc(jobs->result_bytes);
    sigaction(SIGPIPE, &ignore, &before);
    npu_status s = p.worker && p.poll && p.result ? run(&p, err)
                                                  : npu_fail(err, NPU_LIMIT, "out of memory");
    for (unsigned k = 0; p.worker && k < jobs->workers; k++) {
        if (p.worker[k].pid && p.worker[k].job != NO_JOB)
            kill(p.worker[k].pid, SIGKILL); /* our own child, its result is not wanted */
        stop(&p.worker[k]);
    }
    sigaction(SIGPIPE, &before, NULL);
    free(p.worker);
    free(p.poll);
    free(p.result);
    return s;
}
