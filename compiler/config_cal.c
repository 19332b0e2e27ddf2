/* Calibration folders: raw files, one sample each, of the size of their input.  Their contents are
 * not read in this version. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/config_in.h"

enum { FEW = 20, MANY = 1000 }; /* about 100 samples are advised */

static bool reads_data(const cc_config *c)
{
    return strcmp(c->calibration, "skip") && strcmp(c->calibration, "load");
}

/* Visible regular files of DIR count; the first by name whose size is not WANT (0: any) is named in
 * WRONG. */
typedef struct {
    size_t files;
    char wrong[256];
    unsigned long long bytes;
} folder;

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static bool look(const char *dir, uint64_t want, folder *f)
{
    struct dirent **list;
    int n = scandir(dir, &list, visible, alphasort);
    *f = (folder){0};
    for (int i = 0; i < n; i++) {
        char path[4096];
        struct stat st;
        if (snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name) < (int)sizeof path &&
            stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            f->files++;
            if (want && (uint64_t)st.st_size != want && !f->wrong[0]) {
                snprintf(f->wrong, sizeof f->wrong, "%s", list[i]->d_name);
                f->bytes = (unsigned long long)st.st_size;
            }
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return n >= 0;
}

static npu_status dirs_of(cc_config *c, cfg_texts *dirs, npu_err *err)
{
    size_t n = c->options.ninput;
    NPU_TRY(cfg_split(c, c->value[CFG_CAL_DIR], ';', dirs, err));
    if (dirs->n != n)
        return cfg_refuse(c, CFG_CAL_DIR, NPU_BAD_INPUT, err, "expected %zu value%s, got %zu", n,
                          n == 1 ? "" : "s", dirs->n);
    return NPU_OK;
}

npu_status cfg_cal_dirs(cc_config *c, npu_err *err)
{
    cfg_texts dirs;
    folder f;
    if (!reads_data(c)) {
        if (c->value[CFG_CAL_DIR])
            return cfg_warn(c, err, "cal_data_dir is not used: calibration_type is %s",
                            c->calibration);
        return NPU_OK;
    }
    NPU_TRY(dirs_of(c, &dirs, err));
    for (size_t i = 0; i < dirs.n; i++) {
        if (!look(dirs.item[i], 0, &f))
            return cfg_refuse(c, CFG_CAL_DIR, NPU_BAD_INPUT, err,
                              "'%.120s' is not a folder that can be read", dirs.item[i]);
        if (!f.files)
            return cfg_refuse(c, CFG_CAL_DIR, NPU_BAD_INPUT, err, "'%.120s' holds no file",
                              dirs.item[i]);
        if (f.files < FEW || f.files > MANY)
            NPU_TRY(cfg_warn(c, err, "cal_data_dir: '%.120s' holds %zu sample%s; about 100 are "
                             "advised (%d to %d)", dirs.item[i], f.files, f.files == 1 ? "" : "s",
                             FEW, MANY));
    }
    return NPU_OK;
}

/* "dir_f32" and "dir_f32/". */
static bool named_f32(const char *dir)
{
    size_t n = strlen(dir);
    while (n && dir[n - 1] == '/')
        n--;
    return n >= 4 && !strncmp(dir + n - 4, "_f32", 4);
}

static npu_status sample_bytes(cc_config *c, size_t i, const char *dir, uint64_t *out, npu_err *err)
{
    const cc_input *p = &c->options.input[i];
    bool wide = p->train == CC_FEATUREMAP || named_f32(dir);
    cfg_texts types = {0};
    if (c->value[CFG_CAL_DATA]) {
        NPU_TRY(cfg_split(c, c->value[CFG_CAL_DATA], ';', &types, err));
        if (types.n != 1 && types.n != c->options.ninput)
            return cfg_refuse(c, CFG_CAL_DATA, NPU_BAD_INPUT, err, "expected %zu values, got %zu",
                              c->options.ninput, types.n);
        wide = !strcmp(types.item[types.n == 1 ? 0 : i], "float32");
    }
    *out = wide ? 4 : 1;
    for (int k = 0; k < p->rank; k++)
        *out *= (uint64_t)p->dim[k]; /* g_elements is known, so this fits */
    return NPU_OK;
}

npu_status cfg_cal_sizes(cc_config *c, npu_err *err)
{
    cfg_texts dirs;
    if (!reads_data(c))
        return NPU_OK;
    NPU_TRY(dirs_of(c, &dirs, err));
    for (size_t i = 0; i < dirs.n; i++) {
        uint64_t want = 0;
        folder f;
        NPU_TRY(sample_bytes(c, i, dirs.item[i], &want, err));
        if (!look(dirs.item[i], want, &f))
            return cfg_refuse(c, CFG_CAL_DIR, NPU_BAD_INPUT, err,
                              "'%.120s' is not a folder that can be read", dirs.item[i]);
        if (f.wrong[0])
            return cfg_refuse(c, CFG_CAL_DIR, NPU_BAD_INPUT, err,
                              "%.80s/%.60s has %llu bytes, expected %llu (one sample of input "
                              "'%.40s')", dirs.item[i], f.wrong, f.bytes,
                              (unsigned long long)want, c->options.input[i].name);
    }
    return NPU_OK;
}
