/* Ids of points; see sweep.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "perf/sweep.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(npu_num_table[*(const int *)a].key, npu_num_table[*(const int *)b].key);
}

static npu_status finish(FILE *f, char **text, size_t *n, char hex[HASH_SHA256_HEX], npu_err *err)
{
    bool ok = fclose(f) == 0;
    if (ok)
        hash_sha256_hex(*text, *n, hex);
    free(*text);
    return ok ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
}

npu_status perf_sweep_chip_hash(const npu_chip *chip, char hex[HASH_SHA256_HEX], npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    int order[NPU_NUMS];
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (int i = 0; i < NPU_NUMS; i++)
        order[i] = i;
    qsort(order, NPU_NUMS, sizeof *order, by_name);
    fprintf(f, "{\"name\":\"%s\"", chip->name);
    for (int i = 0; i < NPU_NUMS; i++)
        fprintf(f, ",\"%s\":%s", npu_num_table[order[i]].key, num_exact(chip->num[order[i]]).s);
    putc('}', f);
    return finish(f, &text, &n, hex, err);
}

npu_status perf_sweep_id(const char *model, const char *chip, const char *version,
                         const npu_num *key, size_t nkey, const double *set,
                         char id[NPU_POINT_ID + 1], npu_err *err)
{
    char *text = NULL, hex[HASH_SHA256_HEX];
    size_t n = 0, used = 0;
    int order[SWEEP_KEYS_MAX]; /* columns in order of their names */
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t k = 0; k < nkey; k++) {
        size_t at = used++;
        const char *name = npu_num_table[key[k]].key;
        for (; at > 0 && strcmp(npu_num_table[key[order[at - 1]]].key, name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = (int)k;
    }
    fprintf(f, "{\"chip\":\"%s\",\"model\":\"%s\",\"set\":{", chip, model);
    const char *comma = "";
    for (size_t k = 0; k < nkey; k++)
        if (!isnan(set[order[k]])) {
            fprintf(f, "%s\"%s\":%s", comma, npu_num_table[key[order[k]]].key,
                    num_exact(set[order[k]]).s);
            comma = ",";
        }
    fprintf(f, "},\"tool\":\"%s\"}", version);
    NPU_TRY(finish(f, &text, &n, hex, err));
    memcpy(id, hex, NPU_POINT_ID);
    id[NPU_POINT_ID] = '\0';
    return NPU_OK;
}
