/* Whole-file input, atomic file output, directories (base/sys.h). */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys_tmp.h"

static npu_status check_kind(const char *path, const struct stat *st, npu_err *err)
{
    if (S_ISDIR(st->st_mode))
        return npu_fail(err, NPU_BAD_INPUT, "%s: is a directory, a file is needed", path);
    if (S_ISREG(st->st_mode) && st->st_size == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: the file is empty", path);
    if (S_ISREG(st->st_mode) && (uintmax_t)st->st_size > SYS_FILE_LIMIT)
        return npu_fail(err, NPU_BAD_INPUT, "%s: %ju bytes, at most %zu are read", path,
                        (uintmax_t)st->st_size, SYS_FILE_LIMIT);
    return NPU_OK;
}

/* Reads FD to its end; the size is not trusted, the file may be a pipe or still grow. */
static npu_status read_all(int fd, const char *path, size_t expect, uint8_t **bytes, size_t *n,
                           npu_err *err)
{
    size_t cap = expect + 1, len = 0;
    uint8_t *b = malloc(cap);

    while (b) {
        ssize_t k = read(fd, b + len, cap - len);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            npu_fail(err, NPU_BAD_INPUT, "%s: cannot read: %s", path, strerror(errno));
            free(b);
            return NPU_BAD_INPUT;
        }
        if (k == 0) {
            *bytes = b;
            *n = len;
            return NPU_OK;
        }
        if ((len += (size_t)k) > SYS_FILE_LIMIT) {
            free(b);
            return npu_fail(err, NPU_BAD_INPUT, "%s: more than %zu bytes", path, SYS_FILE_LIMIT);
        }
        if (len == cap) {
            uint8_t *more = realloc(b, cap *= 2);
            if (!more)
                free(b);
            b = more;
        }
    }
    return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
}

npu_status sys_read_file(const char *path, uint8_t **bytes, size_t *n, npu_err *err)
{
    struct stat st;
    npu_status s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *bytes = NULL;
    *n = 0;
    if (fd < 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0)
        s = npu_fail(err, NPU_BAD_INPUT, "%s: %s", path, strerror(errno));
    else if ((s = check_kind(path, &st, err)) == NPU_OK)
        s = read_all(fd, path, S_ISREG(st.st_mode) ? (size_t)st.st_size : 65536, bytes, n, err);
    close(fd);
    if (s == NPU_OK && *n == 0) {
        free(*bytes);
        *bytes = NULL;
        s = npu_fail(err, NPU_BAD_INPUT, "%s: the file is empty", path);
    }
    return s;
}

static npu_status write_direct(const char *path, const void *bytes, size_t n, npu_err *err)
{
    npu_status s;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return npu_fail(err, NPU_IO, "%s: cannot open for writing: %s", path, strerror(errno));
    s = sys_write_fd(fd, path, bytes, n, err);
    if (close(fd) != 0 && s == NPU_OK)
        s = npu_fail(err, NPU_IO, "%s: cannot write: %s", path, strerror(errno));
    return s;
}

static npu_status write_replace(const char *path, const struct stat *old, const void *bytes,
                                size_t n, npu_err *err)
{
    sys_tmp t;
    npu_status s;

    NPU_TRY(sys_tmp_new(path, false, &t, err));
    s = sys_write_fd(t.fd, path, bytes, n, err);
    if (s == NPU_OK && ((old && fchmod(t.fd, old->st_mode & 07777) != 0) || fsync(t.fd) != 0 ||
                        rename(t.path, path) != 0))
        s = npu_fail(err, NPU_IO, "%s: cannot write: %s", path, strerror(errno));
    if (s != NPU_OK)
        unlink(t.path);
    sys_tmp_drop(&t);
    return s;
}

npu_status sys_write_file(const char *path, const void *bytes, size_t n, npu_err *err)
{
    struct stat st;
    char *real = realpath(path, NULL); /* a symbolic link stays, its target is replaced */
    npu_status s;

    if (!real && errno != ENOENT)
        return npu_fail(err, NPU_IO, "%s: cannot write: %s", path, strerror(errno));
    if (!real)
        return write_replace(path, NULL, bytes, n, err);
    if (stat(real, &st) != 0)
        s = npu_fail(err, NPU_IO, "%s: cannot write: %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        s = npu_fail(err, NPU_IO, "%s: is a directory, a file is to be written", path);
    else if (!S_ISREG(st.st_mode))
        s = write_direct(real, bytes, n, err);
    else
        s = write_replace(real, &st, bytes, n, err);
    free(real);
    return s;
}

npu_status sys_mkdir_p(const char *path, npu_err *err)
{
    char *p = strdup(path);
    npu_status s = NPU_OK;
    struct stat st;

    if (!p)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    for (char *end = p + 1; s == NPU_OK && *p; end++) {
        char c = *end;
        if (c != '/' && c != '\0')
            continue;
        *end = '\0';
        if (mkdir(p, 0777) != 0) { /* whatever the reason: a directory that is there will do */
            int why = errno;
            if (stat(p, &st) != 0 || !S_ISDIR(st.st_mode))
                s = npu_fail(err, NPU_IO, "%s: cannot create directory %s: %s", path, p,
                             why == EEXIST ? "a file of that name exists" : strerror(why));
        }
        if ((*end = c) == '\0')
            break;
    }
    free(p);
    return s;
}

char *sys_file_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-+";
    size_t n = strnlen(name, 200); /* leaves room for suffixes within NAME_MAX */
    char *s = strndup(n ? name : "_", n ? n : 1);

    for (char *p = s; p && *p; p++)
        if (!strchr(allowed, *p) || (p == s && *p == '.'))
            *p = '_';
    return s;
}
