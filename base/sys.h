/* Files and directories: whole-file input, outputs that appear complete or not at all. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

#define SYS_FILE_LIMIT ((size_t)2 << 30) /* bytes; larger inputs are refused */

/* Reads PATH whole.  On success *bytes is the caller's (free), *n > 0, and there is room for
 * one byte more; on failure *bytes is NULL.
 * Errors: NPU_BAD_INPUT (missing, unreadable, directory, empty, over SYS_FILE_LIMIT), NPU_LIMIT. */
npu_status sys_read_file(const char *path, uint8_t **bytes, size_t *n, npu_err *err);

/* Writes PATH through a temporary name in the same directory, so a reader sees the old file or the
 * new one.  A device or pipe is written directly.  Errors: NPU_IO. */
npu_status sys_write_file(const char *path, const void *bytes, size_t n, npu_err *err);

/* Creates directory PATH and its parents; one that exists is fine.  Errors: NPU_IO. */
npu_status sys_mkdir_p(const char *path, npu_err *err);

/* NAME made usable as a file name: anything but letters, digits, '.', '_', '-', '+' becomes '_',
 * a leading '.' too, and an empty name becomes "_".  The result is the caller's; NULL when out of
 * memory. */
char *sys_file_name(const char *name);

/* A result directory published in one step.
 *
 * Files are written into a hidden sibling of the final directory; commit exchanges the two names
 * and removes the old contents.  Killed at any instant, the final name holds the complete old or
 * the complete new directory.  (Where the file system cannot exchange names there is one instant
 * with no directory under the final name; the next begin puts the old one back.)  Siblings of runs
 * that died are removed by the next begin; a lock tells them from those of runs still working.
 *
 * The file SYS_OUTDIR_LIST in the directory names what was written.  A directory holding anything
 * else is never replaced: begin and commit fail and say which file is in the way. */
#define SYS_OUTDIR_LIST ".npusim-files"

typedef struct sys_outdir sys_outdir;

/* Prepares the replacement of directory PATH (parents are created).  On success *out is the
 * caller's, to sys_outdir_commit or sys_outdir_abort; on failure *out is NULL.  Errors: NPU_IO. */
npu_status sys_outdir_begin(const char *path, sys_outdir **out, npu_err *err);

/* Writes one file; NAME may contain '/' and never leads out of the directory. */
npu_status sys_outdir_write(sys_outdir *d, const char *name, const void *bytes, size_t n,
                            npu_err *err);

/* Where NAME will be written until commit, for programs that write by themselves.  The string is
 * the caller's; NULL: no memory. */
char *sys_outdir_path(const sys_outdir *d, const char *name);

/* Publishes and frees D, also on failure (then as sys_outdir_abort). */
npu_status sys_outdir_commit(sys_outdir *d, npu_err *err);

void sys_outdir_abort(sys_outdir *d); /* removes everything written, frees D; accepts NULL */

#endif
