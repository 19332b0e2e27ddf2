/* Numbers that are words, and overrides: "ddr.bandwidth_mbps=7464", "ddr.model=bank". */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "models/chip_file.h"

const npu_num_info npu_num_table[NPU_NUMS] = {
#define N(id, key, unit, min, max, meaning) {key, unit, min, max, meaning},
#include "npusim/chip.def"
#undef N
};

static const struct {
    npu_num num;
    int value;
    const char *word;
} choices[] = {
#define C(id, value, word, meaning) {NPU_NUM_##id, value, word},
#include "npusim/choice.def"
#undef C
};
enum { CHOICES = sizeof choices / sizeof *choices };

const char *npu_num_word(npu_num i, double v)
{
    for (int k = 0; k < CHOICES; k++)
        if (choices[k].num == i && choices[k].value == v)
            return choices[k].word;
    return NULL;
}

const char *npu_num_text(npu_num i, double v, char text[NPU_NUM_TEXT])
{
    const char *word = i < NPU_NUMS ? npu_num_word(i, v) : NULL;
    if (word)
        snprintf(text, NPU_NUM_TEXT, "%s", word);
    else
        snprintf(text, NPU_NUM_TEXT, "%.9g", v);
    return text;
}

int hw_num_choice(npu_num i, const char *word)
{
    for (int k = 0; k < CHOICES; k++)
        if (choices[k].num == i && strcmp(choices[k].word, word) == 0)
            return choices[k].value;
    return -1;
}

const char *hw_num_words(npu_num i, char text[256])
{
    size_t n = 0;
    text[0] = '\0';
    for (int k = 0; k < CHOICES; k++)
        if (choices[k].num == i)
            n += (size_t)snprintf(text + n, 256 - n, "%s%s", n ? ", " : "", choices[k].word);
    return text;
}

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
    c->override[c->noverride++] = (npu_override){key, value, c->num[i], i};
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
    if (!chip->source[i])
        return npu_fail(err, NPU_USAGE, "--set %s: %s has no such number; `npusim chips %s` lists "
                        "those it has", n->key, chip->name, chip->name);
    char words[256];
    errno = 0;
    int choice = hw_num_choice(i, eq + 1);
    double v = strtod(eq + 1, &end);
    if (choice >= 0)
        v = choice;
    else if (npu_num_word(i, 0) && !(end > eq + 1 && !*end && npu_num_word(i, v)))
        return npu_fail(err, NPU_USAGE, "--set %s: '%s' is no choice; there are: %s", n->key,
                        eq + 1, hw_num_words(i, words));
    else if (end == eq + 1 || *end || !isfinite(v))
        return npu_fail(err, NPU_USAGE, "--set %s: '%s' is not a number (unit: %s)", n->key, eq + 1,
                        n->unit);
    if (v < n->min || v > n->max)
        return npu_fail(err, NPU_USAGE, "--set %s=%s: allowed is %g to %g %s", n->key, eq + 1,
                        n->min, n->max, n->unit);
    NPU_TRY(remember(chip, i, v, err));
    chip->num[i] = v;
    return NPU_OK;
}
