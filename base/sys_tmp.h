/* Temporary siblings of an output, shared by sys.c and sys_outdir.c. */
#ifndef BASE_SYS_TMP_H
#define BASE_SYS_TMP_H

#include <stdbool.h>
#include <stddef.h>

#include "npusim/err.h"

typedef struct {
    char *path; /* owned */
    int fd;     /* open and locked: marks the sibling as in use; -1: none */
} sys_tmp;

/* Removes siblings of PATH left by runs that died, then creates a new one: a directory when DIR,
 * else an empty file.  Errors: NPU_IO. */
npu_status sys_tmp_new(const char *path, bool dir, sys_tmp *out, npu_err *err);
void sys_tmp_drop(sys_tmp *t); /* closes and frees; the sibling itself stays */

/* Name of the sibling that keeps the old directory while names cannot be exchanged; the caller's,
 * NULL: no memory. */
char *sys_tmp_old(const char *path);

void sys_remove_tree(const char *path);
/* Directory part of PATH ("." when there is none); the caller's, NULL: no memory. */
char *sys_parent(const char *path);
npu_status sys_write_fd(int fd, const char *path, const void *bytes, size_t n, npu_err *err);

#endif
