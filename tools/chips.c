/* npusim chips: which chips there are, and every number of one with its source. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/work.h"
#include "tools/command.h"
#include "tools/common.h"

typedef struct {
    opt_list set;
    int format;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"set", 's', OPT_LIST, AT(set), "KEY=VALUE",
     "with NAME: show the chip with this override; may be repeated", 0, 0},
    {"format", 'f', OPT_CHOICE, AT(format), "text|json", "output format (default text)", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "[NAME|FILE.json]", .min_args = 0, .max_args = 1, .spec = spec,
    .doc = "Lists the chips with their main figures; with NAME, every number of that chip with "
           "unit, status and source.",
    .example = "npusim chips\nnpusim chips cv181x"};

static double peak_gmacs(const npu_chip *c)
{
    return hw_peak_macs(c, false) * NPU_GET(c, tpu_clock_mhz) / 1000;
}

static double lmem_kib(const npu_chip *c)
{
    return (NPU_GET(c, tpu_lanes) * NPU_GET(c, lmem_lane_bytes) + NPU_GET(c, bpu_sram)) / 1024;
}

static cJSON *summary_json(const npu_chip *c)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "name", c->name);
    cJSON_AddStringToObject(j, "title", c->title);
    cJSON_AddNumberToObject(j, "clock_mhz", NPU_GET(c, tpu_clock_mhz));
    cJSON_AddNumberToObject(j, "lanes", NPU_GET(c, tpu_lanes));
    cJSON_AddNumberToObject(j, "local_memory_kib", lmem_kib(c));
    cJSON_AddNumberToObject(j, "int8_gmacs", peak_gmacs(c));
    cJSON_AddNumberToObject(j, "ddr_mbps", NPU_GET(c, ddr_bandwidth_mbps));
    cJSON_AddNumberToObject(j, "error_percent", c->error_percent);
    return j;
}

static void summary_text(const npu_chip *c, bool head)
{
    if (head)
        printf("%-10s %5s %6s %9s %11s %9s  %s\n", "chip", "MHz", "lanes", "local KiB",
               "int8 GMAC/s", "DDR MB/s", "error %");
    char lanes[16] = "-";
    if (NPU_GET(c, tpu_lanes) > 0)
        snprintf(lanes, sizeof lanes, "%g", NPU_GET(c, tpu_lanes));
    printf("%-10s %5g %6s %9g %11g %9g  ", c->name, NPU_GET(c, tpu_clock_mhz), lanes, lmem_kib(c),
           peak_gmacs(c), NPU_GET(c, ddr_bandwidth_mbps));
    if (c->error_percent < 0)
        printf("never measured\n");
    else
        printf("%.1f\n", c->error_percent);
}

static npu_status list_all(const options *o, npu_err *err)
{
    char **names;
    size_t n;
    npu_status s = npu_chip_names(&names, &n, err);
    cJSON *all = o->format ? cJSON_CreateArray() : NULL;
    for (size_t i = 0; i < n && s == NPU_OK; i++) {
        npu_chip *c = NULL;
        s = npu_chip_load(names[i], &c, err);
        if (s == NPU_OK && all)
            cJSON_AddItemToArray(all, summary_json(c));
        else if (s == NPU_OK)
            summary_text(c, i == 0);
        npu_chip_free(c);
    }
    if (s == NPU_OK && all) {
        char *text = cJSON_Print(all);
        puts(text ? text : "");
        free(text);
    }
    cJSON_Delete(all);
    npu_chip_names_free(names, n);
    return s;
}

/* A source, folded at 76 columns under its number. */
static void fold(const char *text)
{
    enum { WIDTH = 72 };
    while (*text) {
        size_t n = strlen(text), cut = n;
        if (n > WIDTH)
            for (cut = WIDTH; cut > 0 && text[cut] != ' '; cut--)
                ;
        if (cut == 0)
            cut = n < WIDTH ? n : WIDTH;
        printf("      %.*s\n", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
    }
}

static void show_text(const npu_chip *c)
{
    printf("%s: %s\nfile %s, %.0f int8 GMAC/s, %.0f KiB local memory\n\n", c->name, c->title,
           c->file, peak_gmacs(c), lmem_kib(c));
    for (int i = 0; i < NPU_NUMS; i++) {
        const npu_num_info *n = &npu_num_table[i];
        char value[NPU_NUM_TEXT];
        if (!c->source[i]) /* of another family of engines */
            continue;
        snprintf(value, sizeof value, "%g", c->num[i]);
        printf("  %-34s %10s %-8s  [%s]\n", n->key,
               npu_num_word((npu_num)i, c->num[i]) ? npu_num_word((npu_num)i, c->num[i]) : value,
               n->unit, c->status[i]);
        fold(n->meaning);
        fold(c->source[i]);
    }
    printf("\nHeld against measurements:\n");
    for (size_t i = 0; i < c->naccuracy; i++)
        printf("  %-40s measured %8.9g, predicted %8.9g %s (%+.1f %%)\n", c->accuracy[i].name,
               c->accuracy[i].measured, c->accuracy[i].predicted,
               c->accuracy[i].unit ? c->accuracy[i].unit : "",
               100 * (c->accuracy[i].predicted / c->accuracy[i].measured - 1));
    if (!c->naccuracy)
        printf("  never\n");
    printf("\nNot modelled:\n");
    for (size_t i = 0; i < c->nnote; i++)
        fold(c->note[i]);
}

static void show_json(const npu_chip *c)
{
    cJSON *j = summary_json(c), *numbers = cJSON_AddObjectToObject(j, "numbers");
    for (int i = 0; i < NPU_NUMS; i++) {
        if (!c->source[i])
            continue;
        cJSON *e = cJSON_AddObjectToObject(numbers, npu_num_table[i].key);
        cJSON_AddNumberToObject(e, "value", c->num[i]);
        if (npu_num_word((npu_num)i, c->num[i]))
            cJSON_AddStringToObject(e, "word", npu_num_word((npu_num)i, c->num[i]));
        cJSON_AddStringToObject(e, "unit", npu_num_table[i].unit);
        cJSON_AddStringToObject(e, "status", c->status[i]);
        cJSON_AddStringToObject(e, "source", c->source[i]);
        cJSON_AddStringToObject(e, "meaning", npu_num_table[i].meaning);
    }
    cJSON *rows = cJSON_AddArrayToObject(j, "accuracy");
    for (size_t i = 0; i < c->naccuracy; i++) {
        cJSON *r = cJSON_CreateObject();
        cJSON_AddItemToArray(rows, r);
        cJSON_AddStringToObject(r, "name", c->accuracy[i].name);
        cJSON_AddNumberToObject(r, "measured", c->accuracy[i].measured);
        cJSON_AddNumberToObject(r, "predicted", c->accuracy[i].predicted);
        cJSON_AddStringToObject(r, "unit", c->accuracy[i].unit ? c->accuracy[i].unit : "");
    }
    cJSON *notes = cJSON_AddArrayToObject(j, "not_modelled");
    for (size_t i = 0; i < c->nnote; i++)
        cJSON_AddItemToArray(notes, cJSON_CreateString(c->note[i]));
    char *text = cJSON_Print(j);
    puts(text ? text : "");
    free(text);
    cJSON_Delete(j);
}

int cmd_chips(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    npu_chip *c = NULL;
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = rest.n    ? tool_chip(rest.arg[0], &o.set, &c, &err)
                   : o.set.n ? npu_fail(&err, NPU_USAGE, "--set needs a NAME to apply to")
                             : list_all(&o, &err);
    if (s == NPU_OK && c && o.format)
        show_json(c);
    else if (s == NPU_OK && c)
        show_text(c);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    npu_chip_free(c);
    opt_free(&program, &o);
    return code;
}
