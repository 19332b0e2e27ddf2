/* See ddr_spec.h. */
#include "models/ddr_spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"

static const struct {
    const char *key, *unit;
    bool scaled;
    double min, max;
} rows[HW_DDR_NUMS] = {
#define P(id, key, unit, scaled, min, max, meaning) {key, unit, scaled, min, max},
#include "models/ddr.def"
#undef P
};

static hw_ddr_num find(const char *key)
{
    for (int i = 0; i < HW_DDR_NUMS; i++)
        if (strcmp(rows[i].key, key) == 0)
            return (hw_ddr_num)i;
    return HW_DDR_NUMS;
}

static npu_status read_number(hw_ddr_spec *s, const char *file, const cJSON *e, npu_err *err)
{
    hw_ddr_num i = find(e->string);
    if (i == HW_DDR_NUMS)
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s: no such number", file, e->string);
    const cJSON *v = json_get(e, "value");
    const char *unit = json_string(e, "unit"), *source = json_string(e, "source");
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= rows[i].min && v->valuedouble <= rows[i].max))
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.value: a number from %g to %g %s is needed",
                        file, e->string, rows[i].min, rows[i].max, rows[i].unit);
    if (!unit || strcmp(unit, rows[i].unit) != 0)
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.unit: '%s' found, '%s' is needed", file,
                        e->string, unit ? unit : "", rows[i].unit);
    if (!source || !*source)
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.source: missing; every number needs one",
                        file, e->string);
    if (i != HW_DDR_TCK && v->valuedouble != floor(v->valuedouble))
        return npu_fail(err, NPU_USAGE, "%s: numbers.%s.value: a whole number is needed", file,
                        e->string);
    s->v[i] = v->valuedouble;
    return NPU_OK;
}

static bool power_of_two(double v)
{
    return v >= 1 && ((uint64_t)v & ((uint64_t)v - 1)) == 0;
}

static npu_status check(const hw_ddr_spec *s, const char *file, npu_err *err)
{
    static const hw_ddr_num whole[] = {HW_DDR_BL, HW_DDR_GROUPS, HW_DDR_BANKS, HW_DDR_COLUMNS};
    for (int i = 0; i < HW_DDR_NUMS; i++)
        if (isnan(s->v[i]))
            return npu_fail(err, NPU_USAGE, "%s: numbers.%s: missing", file, rows[i].key);
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (!power_of_two(s->v[whole[i]]))
            return npu_fail(err, NPU_USAGE, "%s: numbers.%s.value: %g is no power of two", file,
                            rows[whole[i]].key, s->v[whole[i]]);
    if (s->v[HW_DDR_GROUPS] * s->v[HW_DDR_BANKS] > HW_DDR_BANKS_MAX)
        return npu_fail(err, NPU_USAGE, "%s: %g banks; at most %d are modelled", file,
                        s->v[HW_DDR_GROUPS] * s->v[HW_DDR_BANKS], HW_DDR_BANKS_MAX);
    if (s->v[HW_DDR_RFC] >= s->v[HW_DDR_REFI])
        return npu_fail(err, NPU_USAGE, "%s: numbers.rfc.value: %g clocks, but refreshes come "
                        "every %g", file, s->v[HW_DDR_RFC], s->v[HW_DDR_REFI]);
    if (s->v[HW_DDR_COLUMNS] < s->v[HW_DDR_BL])
        return npu_fail(err, NPU_USAGE, "%s: numbers.columns.value: less than one burst", file);
    return NPU_OK;
}

static npu_status fill(hw_ddr_spec *s, const char *file, const cJSON *j, npu_err *err)
{
    const char *schema = json_string(j, "schema");
    const cJSON *e, *numbers = json_get(j, "numbers");
    if (!schema || strcmp(schema, "npusim.ddr/1") != 0)
        return npu_fail(err, NPU_USAGE, "%s: schema: '%s' found, npusim.ddr/1 is needed", file,
                        schema ? schema : "");
    for (int i = 0; i < HW_DDR_NUMS; i++)
        s->v[i] = NAN;
    cJSON_ArrayForEach(e, numbers) NPU_TRY(read_number(s, file, e, err));
    return check(s, file, err);
}

npu_status hw_ddr_spec_load(const char *name, hw_ddr_spec *out, npu_err *err)
{
    char path[4096];
    uint8_t *text;
    size_t n;
    cJSON *j = NULL;
    snprintf(path, sizeof path, "%s/%s.json", hw_ddr_dir(), name);
    if (sys_read_file(path, &text, &n, err) != NPU_OK)
        return npu_fail(err, NPU_USAGE, "DRAM '%s': no data file %s.json in the DDR directory "
                        "(NPUSIM_DDR_DIR chooses another)", name, name);
    const char *file = strrchr(path, '/') + 1;
    npu_status s = json_parse(file, (const char *)text, n, NPU_USAGE, &j, err);
    free(text);
    if (s == NPU_OK)
        s = fill(out, file, j, err);
    cJSON_Delete(j);
    return s;
}

/* Clocks at TCK that cover as long as number I does at the data file's clock.  The margin forgives
 * a period written with two decimals. */
static int clocks(const hw_ddr_spec *s, hw_ddr_num i, double tck)
{
    double margin = 0.01, v = s->v[i];
    if (rows[i].scaled)
        v = ceil(v * s->v[HW_DDR_TCK] / tck - margin);
    return v > 0 ? (int)v : 0;
}

hw_ddr_system hw_ddr_system_of(const hw_ddr_spec *s, int channels, int bus_bits, double tck_ns,
                               hw_ddr_map map, hw_ddr_sched sched)
{
    /* A period within 1 % of the data file's is the same speed bin, rounded another way. */
    double tck = tck_ns > 0 ? tck_ns : s->v[HW_DDR_TCK];
    double c = fabs(tck / s->v[HW_DDR_TCK] - 1) < 0.01 ? s->v[HW_DDR_TCK] : tck;
    int bl = (int)s->v[HW_DDR_BL], groups = (int)s->v[HW_DDR_GROUPS];
    hw_ddr_system m = {
        .bl2 = bl / 2, .rl = clocks(s, HW_DDR_RL, c), .wl = clocks(s, HW_DDR_WL, c),
        .rcd = clocks(s, HW_DDR_RCD, c), .rp = clocks(s, HW_DDR_RP, c),
        .ras = clocks(s, HW_DDR_RAS, c), .rtp = clocks(s, HW_DDR_RTP, c),
        .wr = clocks(s, HW_DDR_WR, c), .ccd_s = clocks(s, HW_DDR_CCD_S, c),
        .ccd_l = clocks(s, HW_DDR_CCD_L, c), .rrd_s = clocks(s, HW_DDR_RRD_S, c),
        .rrd_l = clocks(s, HW_DDR_RRD_L, c), .wtr_s = clocks(s, HW_DDR_WTR_S, c),
        .wtr_l = clocks(s, HW_DDR_WTR_L, c), .faw = clocks(s, HW_DDR_FAW, c),
        .rfc = clocks(s, HW_DDR_RFC, c), .refi = clocks(s, HW_DDR_REFI, c),
        .rtw = sched == HW_SCHED_CAPPED ? 1 : 2,
        .groups = groups, .banks = groups * (int)s->v[HW_DDR_BANKS], .channels = channels,
        .burst_bytes = bl * bus_bits / 8, .columns = (int)s->v[HW_DDR_COLUMNS] / bl,
        .queue = 32, .bank_queue = 8, .hit_cap = 4, .tck_ns = tck,
        .peak_mbps = channels * (bus_bits / 8) * 2 / tck * 1000, .map = map, .sched = sched};
    m.ccd_s = m.ccd_s > m.bl2 ? m.ccd_s : m.bl2;
    m.ccd_l = m.ccd_l > m.ccd_s ? m.ccd_l : m.ccd_s;
    if (groups == 1) { /* nothing but the one group: the short distances hold */
        m.ccd_l = m.ccd_s;
        m.rrd_l = m.rrd_s;
        m.wtr_l = m.wtr_s;
    }
    return m;
}

/* The low part of *A below COUNT, a power of two; *A moves on. */
static uint32_t take(uint64_t *a, int count)
{
    uint32_t low = (uint32_t)(*a % (uint64_t)count);
    *a /= (uint64_t)count;
    return low;
}

hw_ddr_place hw_ddr_where(const hw_ddr_system *s, uint64_t addr)
{
    enum { MOP_COLUMNS = 4, HIGH_ROWS = 32768 };
    uint64_t a = addr / (uint64_t)s->burst_bytes;
    uint32_t ch = 0, group = 0, bank = 0, column;
    int per_group = s->banks / s->groups, mop = s->columns < MOP_COLUMNS ? s->columns : MOP_COLUMNS;
    uint64_t row;
    switch (s->map) {
    case HW_MAP_GROUP:
        ch = take(&a, s->channels);
        group = take(&a, s->groups);
        take(&a, s->columns);
        bank = take(&a, per_group);
        row = a;
        break;
    case HW_MAP_CHANNEL:
        ch = take(&a, s->channels);
        take(&a, s->columns);
        group = take(&a, s->groups);
        bank = take(&a, per_group);
        row = a;
        break;
    case HW_MAP_MOP:
        ch = take(&a, s->channels);
        column = take(&a, mop);
        group = take(&a, s->groups);
        bank = take(&a, per_group);
        column += take(&a, s->columns / mop) * (uint32_t)mop;
        row = a;
        group ^= column % (uint32_t)s->groups;
        bank ^= column / (uint32_t)s->groups % (uint32_t)per_group;
        row ^= column / (uint32_t)s->banks;
        break;
    case HW_MAP_HIGH:
        take(&a, s->columns);
        row = take(&a, HIGH_ROWS);
        bank = take(&a, per_group);
        group = take(&a, s->groups);
        ch = take(&a, s->channels);
        break;
    default:
        take(&a, s->columns);
        group = take(&a, s->groups);
        bank = take(&a, per_group);
        ch = take(&a, s->channels);
        row = a;
        break;
    }
    return (hw_ddr_place){ch, group * (uint32_t)per_group + bank, group, row};
}
