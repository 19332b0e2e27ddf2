/* A result directory published in one step (base/sys.h). */
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sys_tmp.h"

enum { DEPTH_LIMIT = 32 }; /* nested directories of a result */

struct sys_outdir {
    char *path;  /* final directory, owned; resolved when it existed at begin */
    sys_tmp tmp; /* where files go until commit */
};

/* Appends "NAME\n" for every file below DIR to LIST, sorted within each directory so that the list
 * does not depend on the file system.  False: unreadable, too deep or out of memory (errno). */
static bool list_files(const char *dir, const char *prefix, unsigned depth, buf_writer *list)
{
    struct dirent **e = NULL;
    int n = depth < DEPTH_LIMIT ? scandir(dir, &e, NULL, alphasort) : -1;
    bool ok = n >= 0;

    for (int i = 0; i < n; i++) {
        char *path = NULL, *rel = NULL;
        struct stat st;
        bool dot = !strcmp(e[i]->d_name, ".") || !strcmp(e[i]->d_name, "..");
        if (ok && !dot) {
            ok = asprintf(&path, "%s/%s", dir, e[i]->d_name) >= 0 &&
                 asprintf(&rel, "%s%s", prefix, e[i]->d_name) >= 0 && lstat(path, &st) == 0;
            if (ok && S_ISDIR(st.st_mode)) {
                char *sub = NULL;
                ok = asprintf(&sub, "%s/", rel) >= 0 && list_files(path, sub, depth + 1, list);
                free(sub);
            } else if (ok) {
                buf_put(list, rel, strlen(rel));
                buf_put(list, "\n", 1);
            }
            free(path);
            free(rel);
        }
        free(e[i]);
    }
    free(e);
    return ok && !list->failed;
}

/* True when TEXT has LINE (N bytes, with its newline) as a whole line. */
static bool has_line(const char *text, size_t size, const char *line, size_t n)
{
    const char *p = text;

    while (size > 0 && (p = memmem(p, size - (size_t)(p - text), line, n))) {
        if (p == text || p[-1] == '\n')
            return true;
        p++;
    }
    return false;
}

/* Contents of SYS_OUTDIR_LIST in DIR; empty when there is none. */
static void read_list(const char *dir, uint8_t **bytes, size_t *n)
{
    char *path = NULL;

    *bytes = NULL;
    *n = 0;
    if (asprintf(&path, "%s/%s", dir, SYS_OUTDIR_LIST) >= 0) {
        (void)sys_read_file(path, bytes, n, NULL);
        free(path);
    }
}

/* Fails when DIR holds a file that no earlier run wrote: replacing DIR would lose it. */
static npu_status check_replaceable(const char *dir, npu_err *err)
{
    buf_writer found = {0};
    uint8_t *list;
    size_t n, start = 0;
    npu_status s = NPU_OK;

    if (!list_files(dir, "", 0, &found)) {
        s = npu_fail(err, NPU_IO, "%s: cannot list: %s", dir, strerror(errno));
        buf_free(&found);
        return s;
    }
    read_list(dir, &list, &n);
    for (size_t i = 0; i < found.len && s == NPU_OK; i++) {
        const char *line = (const char *)found.data + start;
        size_t len = i + 1 - start;
        if (found.data[i] != '\n')
            continue;
        start = i + 1;
        if (len - 1 == strlen(SYS_OUTDIR_LIST) && !memcmp(line, SYS_OUTDIR_LIST, len - 1))
            continue;
        if (!has_line((const char *)list, n, line, len))
            s = npu_fail(err, NPU_IO, "%s: holds %.*s, which no earlier run wrote; move it away "
                         "or choose another directory", dir, (int)(len - 1), line);
    }
    free(list);
    buf_free(&found);
    return s;
}

/* PATH without trailing slashes, resolved when it exists, its parent created when not.  Puts back
 * an old directory that a run without exchange left under its temporary name. */
static npu_status resolve(const char *path, char **out, npu_err *err)
{
    size_t n = strlen(path);
    char *p, *parent, *old;
    npu_status s;

    while (n > 1 && path[n - 1] == '/')
        n--;
    if (!(p = strndup(path, n)))
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    if (access(p, F_OK) != 0 && errno == ENOENT && (old = sys_tmp_old(p))) {
        (void)rename(old, p);
        free(old);
    }
    if ((*out = realpath(p, NULL))) {
        free(p);
        return NPU_OK;
    }
    if (errno != ENOENT || n == 0) {
        s = npu_fail(err, NPU_IO, "%s: cannot create: %s", path,
                     n ? strerror(errno) : "empty name");
    } else {
        parent = sys_parent(p);
        s = parent ? sys_mkdir_p(parent, err) : npu_fail(err, NPU_LIMIT, "out of memory");
        free(parent);
    }
    if (s == NPU_OK)
        *out = p;
    else
        free(p);
    return s;
}

static npu_status check_final(const char *path, npu_err *err)
{
    struct stat st, here;

    if (lstat(path, &st) != 0)
        return NPU_OK;
    if (!S_ISDIR(st.st_mode))
        return npu_fail(err, NPU_IO, "%s: exists and is not a directory", path);
    if ((stat(".", &here) == 0 && here.st_ino == st.st_ino && here.st_dev == st.st_dev) ||
        !strcmp(path, "/"))
        return npu_fail(err, NPU_IO, "%s: is the current directory; name one that can be replaced",
                        path);
    return check_replaceable(path, err);
}

npu_status sys_outdir_begin(const char *path, sys_outdir **out, npu_err *err)
{
    sys_outdir *d = calloc(1, sizeof *d);
    npu_status s;

    *out = NULL;
    if (!d)
        return npu_fail(err, NPU_LIMIT, "%s: out of memory", path);
    d->tmp.fd = -1;
    if ((s = resolve(path, &d->path, err)) == NPU_OK &&
        (s = check_final(d->path, err)) == NPU_OK &&
        (s = sys_tmp_new(d->path, true, &d->tmp, err)) == NPU_OK) {
        *out = d;
        return NPU_OK;
    }
    free(d->path);
    free(d);
    return s;
}

static bool name_stays_inside(const char *name)
{
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n + (p[n] == '/');
    }
    return *name && name[strlen(name) - 1] != '/' && !strchr(name, '\n');
}

char *sys_outdir_path(const sys_outdir *d, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", d->tmp.path, name) < 0 ? NULL : path;
}

static npu_status write_one(const char *path, const char *shown, const void *bytes, size_t n,
                            npu_err *err)
{
    npu_status s;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return npu_fail(err, NPU_IO, "%s: cannot create: %s", shown, strerror(errno));
    s = sys_write_fd(fd, shown, bytes, n, err);
    if (s == NPU_OK && fsync(fd) != 0 && errno != EINVAL)
        s = npu_fail(err, NPU_IO, "%s: cannot write: %s", shown, strerror(errno));
    close(fd);
    return s;
}

npu_status sys_outdir_write(sys_outdir *d, const char *name, const void *bytes, size_t n,
                            npu_err *err)
{
    char *path, *parent;
    npu_status s;

    if (!name_stays_inside(name))
        return npu_fail(err, NPU_IO, "%s: \"%s\" is no name for a file in it", d->path, name);
    path = sys_outdir_path(d, name);
    parent = path ? sys_parent(path) : NULL;
    s = parent ? sys_mkdir_p(parent, err) : npu_fail(err, NPU_LIMIT, "%s: out of memory", name);
    if (s == NPU_OK) {
        char shown[PATH_MAX];
        snprintf(shown, sizeof shown, "%s/%s", d->path, name);
        s = write_one(path, shown, bytes, n, err);
    }
    free(parent);
    free(path);
    return s;
}

/* Without exchange: the old directory steps aside first.  OLD is its temporary name. */
static bool replace_in_two_steps(const char *tmp, const char *path, const char *old)
{
    if (rename(path, old) != 0)
        return false;
    if (rename(tmp, path) == 0) {
        sys_remove_tree(old);
        return true;
    }
    (void)rename(old, path);
    return false;
}

/* Gives TMP the name PATH; what PATH was before ends up removed or under TMP's name. */
static bool publish(const char *tmp, const char *path)
{
    for (int tries = 0; tries < 8; tries++) { /* other runs may publish to the same name */
        if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
            return true;
        if (errno == ENOENT && rename(tmp, path) == 0)
            return true;
        if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
            char *old = sys_tmp_old(path);
            bool done = old && (replace_in_two_steps(tmp, path, old) ||
                                (errno == ENOENT && rename(tmp, path) == 0));
            free(old);
            if (done)
                return true;
        }
        if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
            return false;
    }
    return false;
}

static npu_status write_list(sys_outdir *d, npu_err *err)
{
    buf_writer list = {0};
    npu_status s;

    if (list_files(d->tmp.path, "", 0, &list))
        s = sys_outdir_write(d, SYS_OUTDIR_LIST, list.data, list.len, err);
    else
        s = npu_fail(err, NPU_IO, "%s: cannot list: %s", d->path, strerror(errno));
    buf_free(&list);
    return s;
}

static void sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

npu_status sys_outdir_commit(sys_outdir *d, npu_err *err)
{
    npu_status s = write_list(d, err);

    if (s == NPU_OK)
        s = check_final(d->path, err); /* again: something may have been put there since begin */
    if (s == NPU_OK) {
        char *parent = sys_parent(d->path);
        sync_dir(d->tmp.path);
        if (!publish(d->tmp.path, d->path))
            s = npu_fail(err, NPU_IO, "%s: cannot put the results in place: %s", d->path,
                         strerror(errno));
        else if (parent)
            sync_dir(parent);
        free(parent);
    }
    sys_outdir_abort(d); /* after an exchange the temporary name holds the old contents */
    return s;
}

void sys_outdir_abort(sys_outdir *d)
{
    if (!d)
        return;
    if (d->tmp.path)
        sys_remove_tree(d->tmp.path);
    sys_tmp_drop(&d->tmp);
    free(d->path);
    free(d);
}
