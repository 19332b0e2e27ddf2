/* Overrides: "ddr.bandwidth_mbps=7464". */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "models/chip_file.h"

const npu_num_info npu_num_table[NPU_NUMS] = {
#define N(id, key, unit, min, max, meaning) {key, unit, min, max, meaning},
#include "npusim/chip.def"
#undef N
};

npu_num hw_num_find(const char *key)
{
    for (int i = 0; i < NPU_NUMS; i++)
        if (strcmp(npu_num_table[i].key, key) == 0)
            return (npu_num)i;
    return NPU_NUMS;
}

static npu_status unknown_key(const char *key, npu_err *err)
{
    const char *names[NPU_NUMS];
    for (int i = 0; i < NPU_NUMS; i++)
        names[i] = npu_num_table[i].key;
    const char *near = base_nearest(key, names, NPU_NUMS);
    return npu_fail(err, NPU_USAGE, "--set %s: no such number%s%s; `npusim chips NAME` lists them",
                    key, near ? ", did you mean " : "", near ? near : "");
}

/* Appends or updates the override record of number I. */
static npu_status remember(npu_chip *c, npu_num i, double value, npu_err *err)
{
    for (size_t k = 0; k < c->noverride; k++)
        if (strcmp(c->override[k].key, npu_num_table[i].key) == 0) {
            c->override[k].value = value;
            return NPU_OK;
        }
    npu_override *o = realloc(c->override, (c->noverride + 1) * sizeof *o);
    char *key = strdup(npu_num_table[i].key);
    if (o)
        c->override = o;
    if (!o || !key) {
        free(key);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    c->override[c->noverride++] = (npu_override){key, value, c->num[i]};
    return NPU_OK;
}

npu_status npu_chip_set(npu_chip *chip, const char *assignment, npu_err *err)
{
    const char *eq = strchr(assignment, '=');
    if (!eq)
        return npu_fail(err, NPU_USAGE, "--set %s: expected KEY=VALUE, such as "
                        "ddr.bandwidth_mbps=7464", assignment);
    char *key = strndup(assignment, (size_t)(eq - assignment)), *end;
    if (!key)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    npu_num i = hw_num_find(key);
    npu_status s = i == NPU_NUMS ? unknown_key(key, err) : NPU_OK;
    free(key);
    if (s != NPU_OK)
        return s;
    const npu_num_info *n = &npu_num_table[i];
    errno = 0;
    double v = strtod(eq + 1, &end);
    if (end == eq + 1 || *end || !isfinite(v))
        return npu_fail(err, NPU_USAGE, "--set %s: '%s' is not a number (unit: %s)", n->key, eq + 1,
                        n->unit);
    if (v < n->min || v > n->max)
        return npu_fail(err, NPU_USAGE, "--set %s=%s: allowed is %g to %g %s", n->key, eq + 1,
                        n->min, n->max, n->unit);
    NPU_TRY(remember(chip, i, v, err));
    chip->num[i] = v;
    return NPU_OK;
}
