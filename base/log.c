/* See log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILES = 2, STAMP = 40 };

struct log_writer {
    FILE *file[FILES]; /* NULL: not used */
    char *path[FILES];
    FILE *console;     /* not owned; NULL: quiet */
    log_level level;
    unsigned count[LOG_ERROR + 1];
    int failed;        /* errno of the first write that failed */
};

static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

static npu_status add_file(log_writer *l, int at, const char *path, npu_err *err)
{
    l->file[at] = fopen(path, "w");
    if (!l->file[at])
        return npu_fail(err, NPU_IO, "%s: cannot write the log: %s", path, strerror(errno));
    l->path[at] = strdup(path);
    return l->path[at] ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

npu_status log_open(const char *path, FILE *console, log_level level, log_writer **out,
                    npu_err *err)
{
    log_writer *l = *out = calloc(1, sizeof *l);
    if (!l)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    l->console = console;
    l->level = level;
    npu_status s = path ? add_file(l, 0, path, err) : NPU_OK;
    if (s != NPU_OK) {
        log_close(l, NULL);
        *out = NULL;
    }
    return s;
}

npu_status log_copy(log_writer *l, const char *path, npu_err *err)
{
    return add_file(l, 1, path, err);
}

static void stamp(char text[STAMP])
{
    struct timespec now;
    struct tm t;
    char day[24];
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &t);
    strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &t);
    snprintf(text, STAMP, "%s,%03d", day, (int)(now.tv_nsec / 1000000));
}

static void put(log_writer *l, FILE *f, const char *head, const char *text)
{
    errno = 0;
    fputs(head, f);
    fputs(text, f);
    if (fflush(f) != 0 && f != l->console && !l->failed)
        l->failed = errno ? errno : EIO;
}

/* The console takes HEAD CONSOLE, the files HEAD FILE. */
static void spread(log_writer *l, log_level level, const char *console, const char *file,
                   const char *text)
{
    for (int i = 0; i < FILES; i++)
        if (l->file[i])
            put(l, l->file[i], file, text);
    if (l->console && level >= l->level)
        put(l, level == LOG_ERROR ? stderr : l->console, console, text);
}

void log_line_at(log_writer *l, log_level level, const char *file, const char *func, int line,
                 const char *fmt, ...)
{
    va_list args;
    char now[STAMP], *text = NULL, console[STAMP + 16], full[STAMP + 256];
    const char *base = strrchr(file, '/');
    if (!l)
        return;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    l->count[level]++;
    if (n < 0) {
        l->failed = ENOMEM;
        return;
    }
    stamp(now);
    snprintf(console, sizeof console, "%s %s ", now, names[level]);
    snprintf(full, sizeof full, "%s file: %s func: %s line No: %d ", now, base ? base + 1 : file,
             func, line);
    char *whole = NULL;
    if (asprintf(&whole, "%s\n", text) < 0)
        l->failed = ENOMEM;
    else
        spread(l, level, console, full, whole);
    free(whole);
    free(text);
}

void log_text(log_writer *l, const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    if (!l)
        return;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) >= 0)
        spread(l, LOG_INFO, "", "", text);
    else
        l->failed = ENOMEM;
    va_end(args);
    free(text);
}

static void ruler(FILE *f, char c, size_t n)
{
    while (n-- > 0)
        fputc(c, f);
    fputc('\n', f);
}

static void row(FILE *f, const char *const *cell, const int *width, size_t columns)
{
    for (size_t c = 0; c < columns; c++)
        if (c + 1 < columns)
            fprintf(f, "%-*s", width[c] + 2, cell[c]);
        else
            fprintf(f, "%s\n", cell[c]);
}

void log_table(log_writer *l, const char *title, const char *const *cell, size_t rows,
               size_t columns)
{
    char *text = NULL;
    size_t n = 0, total = 0;
    FILE *f = l ? open_memstream(&text, &n) : NULL;
    int *width = calloc(columns, sizeof *width);
    if (!f || !width) {
        if (f)
            fclose(f);
        if (l)
            l->failed = ENOMEM;
    } else {
        for (size_t i = 0; i < (rows + 1) * columns; i++)
            if ((int)strlen(cell[i]) > width[i % columns])
                width[i % columns] = (int)strlen(cell[i]);
        for (size_t c = 0; c < columns; c++)
            total += (size_t)width[c] + 2;
        if (title)
            fprintf(f, "%s\n", title);
        ruler(f, '=', total);
        row(f, cell, width, columns);
        ruler(f, '-', total);
        for (size_t i = 1; i <= rows; i++)
            row(f, cell + i * columns, width, columns);
        if (fclose(f) == 0)
            log_text(l, "%s", text);
    }
    free(width);
    free(text);
}

unsigned log_count(const log_writer *l, log_level level)
{
    return l ? l->count[level] : 0;
}

npu_status log_close(log_writer *l, npu_err *err)
{
    npu_status s = NPU_OK;
    for (int i = 0; l && i < FILES; i++) {
        if (l->file[i] && fclose(l->file[i]) != 0 && !l->failed)
            l->failed = errno;
        if (l->file[i] && l->failed && s == NPU_OK)
            s = npu_fail(err, NPU_IO, "%s: the log could not be written: %s",
                         l->path[i] ? l->path[i] : "log", strerror(l->failed));
        free(l->path[i]);
    }
    free(l);
    return s;
}
