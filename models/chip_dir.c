/* Where chip and DRAM files are: NPUSIM_CHIP_DIR or NPUSIM_DDR_DIR, the source tree of an
 * uninstalled program, pkgdatadir. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/chip_file.h"
#include "models/ddr_spec.h"

/* Whether this program runs from the tree it was built in. */
static bool uninstalled(void)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *build = realpath(NPUSIM_BUILD_DIR, NULL); /* exe has no symbolic links either */
    size_t dir = build ? strlen(build) : 0;
    if (n >= 0)
        exe[n] = '\0';
    bool inside = n >= 0 && build && strncmp(exe, build, dir) == 0 && exe[dir] == '/';
    free(build);
    return inside;
}

const char *hw_chip_dir(void)
{
    const char *env = getenv("NPUSIM_CHIP_DIR");
    if (env && *env)
        return env;
    return uninstalled() ? NPUSIM_SOURCE_DIR "/models/chips" : NPUSIM_PKGDATADIR "/chips";
}

const char *hw_ddr_dir(void)
{
    const char *env = getenv("NPUSIM_DDR_DIR");
    if (env && *env)
        return env;
    return uninstalled() ? NPUSIM_SOURCE_DIR "/models/ddr" : NPUSIM_PKGDATADIR "/ddr";
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int is_chip(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && e->d_name[0] != '.' && strcmp(e->d_name + n - 5, ".json") == 0;
}

npu_status npu_chip_names(char ***names, size_t *n, npu_err *err)
{
    struct dirent **entry;
    *names = NULL;
    *n = 0;
    int found = scandir(hw_chip_dir(), &entry, is_chip, NULL);
    if (found < 0)
        return npu_fail(err, NPU_USAGE,
                        "%s: no chip directory (NPUSIM_CHIP_DIR chooses another)", hw_chip_dir());
    char **list = calloc((size_t)found + 1, sizeof *list);
    for (int i = 0; i < found; i++) {
        if (list)
            list[i] = strndup(entry[i]->d_name, strlen(entry[i]->d_name) - 5);
        free(entry[i]);
    }
    free(entry);
    if (!list)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (int i = 0; i < found; i++)
        if (!list[i]) {
            npu_chip_names_free(list, (size_t)found);
            return npu_fail(err, NPU_LIMIT, "out of memory");
        }
    qsort(list, (size_t)found, sizeof *list, by_name);
    *names = list;
    *n = (size_t)found;
    return NPU_OK;
}

void npu_chip_names_free(char **names, size_t n)
{
    for (size_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
}
