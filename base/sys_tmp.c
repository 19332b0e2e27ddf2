/* Temporary siblings of an output (base/sys_tmp.h).
 *
 * A sibling is named .NAME.npusim-PID-COUNT and stays locked (flock) while its run lives.  The
 * kernel drops the lock with the process, however it ends, so a sibling that can be locked is
 * dead.  File systems without locks keep dead siblings; nothing else depends on the lock. */
#include "base/sys_tmp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG ".npusim-"
enum { NAME_SHARE = 200 }; /* bytes of the name kept in the sibling's; NAME_MAX is 255 */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    (void)remove(path); /* what cannot be removed stays for the next begin */
    return 0;
}

void sys_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *sys_parent(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    if (slash == path)
        return strdup("/");
    return strndup(path, (size_t)(slash - path));
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "PARENT/.NAME.npusim-SUFFIX" for PATH; NULL: no memory. */
static char *sibling(const char *path, const char *suffix)
{
    char *parent = sys_parent(path), *s = NULL;

    if (parent && asprintf(&s, "%s/.%.*s" TAG "%s", parent, NAME_SHARE, last_part(path),
                           suffix) < 0)
        s = NULL;
    free(parent);
    return s;
}

char *sys_tmp_old(const char *path)
{
    return sibling(path, "old");
}

static bool is_suffix(const char *s)
{
    size_t pid = strspn(s, "0123456789");
    size_t count = s[pid] == '-' ? strspn(s + pid + 1, "0123456789") : 0;

    return pid && count && s[pid + 1 + count] == '\0';
}

/* Removes PATH unless a living run holds its lock. */
static void remove_if_dead(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        sys_remove_tree(path);
    close(fd);
}

static void sweep(const char *path)
{
    char prefix[NAME_SHARE + 16], *parent = sys_parent(path);
    DIR *dir = parent ? opendir(parent) : NULL;
    size_t n = (size_t)snprintf(prefix, sizeof prefix, ".%.*s" TAG, NAME_SHARE, last_part(path));
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char *s = NULL;
        bool old = strncmp(e->d_name, prefix, n) == 0 && strcmp(e->d_name + n, "old") == 0;
        if (strncmp(e->d_name, prefix, n) != 0 || (!old && !is_suffix(e->d_name + n)))
            continue;
        if (old && access(path, F_OK) != 0)
            continue; /* the only copy there is */
        if (asprintf(&s, "%s/%s", parent, e->d_name) >= 0) {
            remove_if_dead(s);
            free(s);
        }
    }
    if (dir)
        closedir(dir);
    free(parent);
}

/* Creates and opens one sibling; -1 with errno set. */
static int create(const char *path, bool dir)
{
    if (!dir)
        return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (mkdir(path, 0777) != 0)
        return -1;
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Locks the new sibling; false when another run's sweep took it for dead in between. */
static bool lock_new(int fd, const char *path)
{
    struct stat a, b;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return false;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

npu_status sys_tmp_new(const char *path, bool dir, sys_tmp *out, npu_err *err)
{
    *out = (sys_tmp){.fd = -1};
    sweep(path);
    for (unsigned i = 0; i < 1000; i++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, "%ld-%u", (long)getpid(), i);
        if (!(out->path = sibling(path, suffix)))
            return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
        out->fd = create(out->path, dir);
        if (out->fd >= 0 && lock_new(out->fd, out->path))
            return NPU_OK;
        if (out->fd < 0 && errno != EEXIST) {
            npu_fail(err, NPU_IO, "%s: cannot create the temporary %s beside it: %s", path,
                     dir ? "directory" : "file", strerror(errno));
            sys_tmp_drop(out);
            return NPU_IO;
        }
        sys_tmp_drop(out);
    }
    return npu_fail(err, NPU_IO, "%s: 1000 temporary names beside it are taken", path);
}

void sys_tmp_drop(sys_tmp *t)
{
    if (t->fd >= 0)
        close(t->fd);
    free(t->path);
    *t = (sys_tmp){.fd = -1};
}

npu_status sys_write_fd(int fd, const char *path, const void *bytes, size_t n, npu_err *err)
{
    const char *p = bytes;

    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return npu_fail(err, NPU_IO, "%s: cannot write: %s", path, strerror(errno));
        p += k;
        n -= (size_t)k;
    }
    return NPU_OK;
}
