/* npusim dram: what the bank model makes of typical traffic. */
#include <stdlib.h>
#include <string.h>

#include "models/ddr.h"
#include "tools/command.h"
#include "tools/common.h"
#include "tools/dram.h"

typedef struct {
    tool_options sim;
    const char *table, *output;
    int format;
} options;

#define AT(field) offsetof(options, field)
#define SIM_AT(field) offsetof(options, sim.field)
static const opt_spec spec[] = {
    {"table", 't', OPT_STRING, AT(table), "CSV",
     "compare with the bandwidths of other DRAM simulators in CSV, each with its own memory and "
     "mapping, as Markdown; exit status 1 when a point of a better mapping is beyond 5 percentage "
     "points (sequential) or 10 (others)", 0, 0},
    {"format", 'f', OPT_CHOICE, AT(format), "text|csv", "without --table (default text)", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE", "write to FILE instead of stdout", 0, 0},
    TOOL_OPTIONS(SIM_AT), OPT_END};

static const opt_program program = {
    .args = NULL, .min_args = 0, .max_args = 0, .spec = spec,
    .doc = "Runs typical traffic through the bank model of a chip's DDR (default cv181x) and "
           "prints the bandwidth each pattern reaches; docs/DDR.md describes the patterns.",
    .example = "npusim dram\n"
               "npusim dram --set ddr.standard=ddr4-3200 --set ddr.window_bytes=256"};

static void line(FILE *f, bool csv, hw_gen g, const hw_ddr_system *s, const hw_bank_result *r)
{
    double share = hw_bank_fraction(s, r);
    fprintf(f, csv ? "%s,%.6f,%.3f,%llu,%llu,%llu,%llu\n" : "%-10s %8.3f %10.1f %9llu %10llu "
            "%10llu %9llu\n", hw_gen_name(g), share, share * s->peak_mbps,
            (unsigned long long)r->bursts, (unsigned long long)r->activates,
            (unsigned long long)r->conflicts, (unsigned long long)r->refreshes);
}

static npu_status patterns(FILE *f, const options *o, npu_err *err)
{
    npu_chip *chip;
    hw_ddr_system s;
    NPU_TRY(tool_chip(o->sim.chip ? o->sim.chip : "cv181x", &o->sim.set, &chip, err));
    npu_status st = hw_ddr_system_for(chip, &s, err);
    if (st == NPU_OK && o->format == 0)
        fprintf(f, "%s, %d x %g bit, mapping %s, peak %.0f MB/s, burst %d B\n\n%-10s %8s %10s %9s "
                "%10s %10s %9s\n", npu_num_word(NPU_NUM_ddr_standard, NPU_GET(chip, ddr_standard)),
                s.channels, NPU_GET(chip, ddr_bus_bits),
                npu_num_word(NPU_NUM_ddr_mapping, NPU_GET(chip, ddr_mapping)), s.peak_mbps,
                s.burst_bytes, "pattern", "of peak", "MB/s", "bursts", "activates", "conflicts",
                "refreshes");
    else if (st == NPU_OK)
        fputs("pattern,share_of_peak,mbps,bursts,activates,conflicts,refreshes\n", f);
    for (int g = 0; g < HW_GENS && st == NPU_OK; g++) {
        hw_gen_source source = {.g = (hw_gen)g};
        hw_bank_result r;
        st = hw_bank_run(&s, hw_gen_next, &source, 0, true, &r, err);
        if (st == NPU_OK)
            line(f, o->format == 1, (hw_gen)g, &s, &r);
    }
    npu_chip_free(chip);
    return st;
}

static npu_status render(FILE *f, const options *o, npu_status *gate, npu_err *err)
{
    size_t outside = 0;
    if (!o->table)
        return patterns(f, o, err);
    NPU_TRY(dram_table(f, o->table, &outside, err));
    if (outside)
        *gate = npu_fail(err, NPU_GATE, "%zu points of the better mappings are outside", outside);
    return NPU_OK;
}

int cmd_dram(int argc, char **argv)
{
    options o = {0};
    opt_rest rest;
    npu_err err = {0};
    char *text = NULL;
    size_t n = 0;
    npu_status gate = NPU_OK;
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    FILE *f = open_memstream(&text, &n);
    npu_status s = f ? render(f, &o, &gate, &err) : npu_fail(&err, NPU_LIMIT, "out of memory");
    if (f && fclose(f) != 0 && s == NPU_OK)
        s = npu_fail(&err, NPU_LIMIT, "out of memory");
    if (s == NPU_OK)
        s = tool_put(o.output, text, n, &err);
    if (s == NPU_OK)
        s = gate;
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    free(text);
    opt_free(&program, &o);
    return code;
}
