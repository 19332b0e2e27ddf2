/* See ddr_gen.h. */
#include "models/ddr_gen.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)

static const struct {
    const char *name;
    uint64_t runs;
} patterns[HW_GENS] = {
    [HW_GEN_SEQ_RD] = {"seq_rd", 512},    [HW_GEN_SEQ_WR] = {"seq_wr", 512},
    [HW_GEN_STR224] = {"str224", 96 * 64}, [HW_GEN_STR56] = {"str56", 56 * 384},
    [HW_GEN_TWO_RD] = {"two_rd", 6144},   [HW_GEN_MIX64] = {"mix64", 24576},
    [HW_GEN_MIX256] = {"mix256", 6144},   [HW_GEN_MIX4K] = {"mix4k", 384},
    [HW_GEN_MIX2TO1] = {"mix2to1", 4096}, [HW_GEN_RAND64] = {"rand64", 16384},
};

const char *hw_gen_name(hw_gen g)
{
    return patterns[g].name;
}

hw_gen hw_gen_find(const char *name)
{
    int g = 0;
    while (g < HW_GENS && strcmp(patterns[g].name, name) != 0)
        g++;
    return (hw_gen)g;
}

uint64_t hw_gen_runs(hw_gen g)
{
    return patterns[g].runs;
}

/* splitmix64 of the run's number: evenly spread, and the same everywhere. */
static uint64_t mix(uint64_t x)
{
    x = (x + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* PER_ROW channels STRIDE apart, row after row of LEN bytes. */
static hw_ddr_run strided(uint64_t i, uint64_t per_row, uint64_t stride, uint64_t len)
{
    return (hw_ddr_run){i % per_row * stride + i / per_row * len, len, false};
}

/* Two streams GAP apart in turn; the second may write. */
static hw_ddr_run pair(uint64_t i, uint64_t first, uint64_t second, uint64_t gap, bool write)
{
    bool odd = i % 2;
    return (hw_ddr_run){i / 2 * (odd ? second : first) + (odd ? gap : 0), odd ? second : first,
                        odd && write};
}

hw_ddr_run hw_gen_run(hw_gen g, uint64_t i)
{
    switch (g) {
    case HW_GEN_STR224: return strided(i, 64, 50176, 224);
    case HW_GEN_STR56: return strided(i, 384, 3136, 56);
    case HW_GEN_TWO_RD: return pair(i, 256, 256, 96 * MIB, false);
    case HW_GEN_MIX64: return pair(i, 64, 64, 64 * MIB, true);
    case HW_GEN_MIX256: return pair(i, 256, 256, 64 * MIB, true);
    case HW_GEN_MIX4K: return pair(i, 4096, 4096, 64 * MIB, true);
    case HW_GEN_MIX2TO1: return pair(i, 512, 256, 64 * MIB, true);
    case HW_GEN_RAND64: return (hw_ddr_run){mix(i) % (256 * MIB / 64) * 64, 64, false};
    case HW_GEN_SEQ_RD:
    case HW_GEN_SEQ_WR:
    case HW_GENS: break;
    }
    return (hw_ddr_run){i * 4096, 4096, g == HW_GEN_SEQ_WR};
}

bool hw_gen_next(void *state, hw_ddr_run *run)
{
    hw_gen_source *s = state;
    if (s->next >= (s->runs ? s->runs : hw_gen_runs(s->g)))
        return false;
    *run = hw_gen_run(s->g, s->next++);
    return true;
}
