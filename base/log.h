/* Log lines as the vendor's tools write them: one form on the console, one in a file.
 *
 *     file     2022-05-10 12:30:01,123 file: hb_checker.c func: check line No: 42 message
 *     console  2022-05-10 12:30:01,123 INFO message
 *
 * The file is written as the work goes and flushed after every line, so that a run that dies leaves
 * what it said.  Local time.  Failures to write are remembered and reported by log_close. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdio.h>

#include "npusim/err.h"

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR } log_level;

typedef struct log_writer log_writer;

/* Starts the log file PATH, replacing an older one; NULL: no file.  Lines of at least LEVEL also go
 * to CONSOLE (not owned), those of LOG_ERROR to stderr; CONSOLE NULL: neither.  On success *out is
 * the caller's, to log_close.  Errors: NPU_IO, NPU_LIMIT. */
npu_status log_open(const char *path, FILE *console, log_level level, log_writer **out,
                    npu_err *err);

/* One more file that gets the same text (hb_mapper --output).  Errors: NPU_IO. */
npu_status log_copy(log_writer *l, const char *path, npu_err *err);

/* One line; a message with several lines is written as it is.  L NULL: nothing happens. */
#define log_line(l, level, ...) log_line_at(l, level, __FILE__, __func__, __LINE__, __VA_ARGS__)
void log_line_at(log_writer *l, log_level level, const char *file, const char *func, int line,
                 const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Text without time, such as a table; ends with a newline of its own.  Level INFO. */
void log_text(log_writer *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Title TEXT, a ruler of '=', the head, a ruler of '-', the rows: CELL has ROWS + 1 rows of COLUMNS
 * texts, the head first.  Columns are as wide as their widest cell and two blanks.  TITLE may be
 * NULL. */
void log_table(log_writer *l, const char *title, const char *const *cell, size_t rows,
               size_t columns);

/* How many lines of LEVEL there were. */
unsigned log_count(const log_writer *l, log_level level);

/* Closes and frees; accepts NULL.  Errors: NPU_IO (a line could not be written). */
npu_status log_close(log_writer *l, npu_err *err);

#endif
