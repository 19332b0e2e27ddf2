/* See ddr.h. */
#include "models/ddr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "models/ddr_bank.h"
#include "models/ddr_tdma.h"

enum { BANK = 1 };          /* value of ddr.model */
enum { EXACT_BURSTS = 2048 }; /* longer transfers go on at the rate of their second thousand */

typedef struct {            /* a transfer's shape and alignment; no padding */
    hw_ddr_walk walk[2];
    uint64_t n;
} shape;

typedef struct {
    shape key;
    double cycles;
    UT_hash_handle hh;
} known;

struct hw_ddr {
    const npu_chip *chip;   /* not owned */
    const npu_cmd *cmd;     /* not owned */
    hw_timing timing;
    bool bank, failed;
    hw_ddr_system system;
    double cycles_per_clock; /* with what refresh and ddr.contention take */
    known *known;           /* owned */
    hw_load *load;          /* owned; NULL: no masters */
};

static bool power_of_two(double v)
{
    return v == floor(v) && ((uint64_t)v & ((uint64_t)v - 1)) == 0;
}

npu_status hw_ddr_system_for(const npu_chip *chip, hw_ddr_system *out, npu_err *err)
{
    hw_ddr_spec spec;
    double bits = NPU_GET(chip, ddr_bus_bits), channels = NPU_GET(chip, ddr_channels);
    const char *standard = npu_num_word(NPU_NUM_ddr_standard, NPU_GET(chip, ddr_standard));
    if (!power_of_two(bits) || !power_of_two(channels))
        return npu_fail(err, NPU_USAGE, "ddr.bus_bits=%g, ddr.channels=%g: the bank model needs "
                        "powers of two", bits, channels);
    NPU_TRY(hw_ddr_spec_load(standard, &spec, err));
    double bytes_per_clock = 2 * channels * bits / 8;
    *out = hw_ddr_system_of(&spec, (int)channels, (int)bits,
                            bytes_per_clock * 1000 / NPU_GET(chip, ddr_bandwidth_mbps),
                            (hw_ddr_map)NPU_GET(chip, ddr_mapping),
                            (hw_ddr_sched)NPU_GET(chip, ddr_scheduler));
    out->window_bytes = (uint64_t)NPU_GET(chip, ddr_window_bytes);
    return NPU_OK;
}

static npu_status open_bank(hw_ddr *d, npu_err *err)
{
    const hw_ddr_system *s = &d->system;
    NPU_TRY(hw_ddr_system_for(d->chip, &d->system, err));
    if (s->refi <= s->rfc + s->rp + s->rcd)
        return npu_fail(err, NPU_USAGE, "ddr.bandwidth_mbps=%g: at this clock refreshes leave no "
                        "time", NPU_GET(d->chip, ddr_bandwidth_mbps));
    /* A transfer is short against refi, so each gets its share of refresh: close, refresh, open. */
    double refresh = (double)(s->rfc + s->rp + s->rcd) / s->refi;
    d->cycles_per_clock = s->tck_ns * NPU_GET(d->chip, tpu_clock_mhz) / 1000 / (1 - refresh) /
                          (1 - NPU_GET(d->chip, ddr_contention));
    d->bank = true;
    return NPU_OK;
}

npu_status hw_ddr_open(const npu_chip *chip, const hw_masters *masters, int skip, hw_ddr **out,
                       npu_err *err)
{
    *out = NULL;
    hw_ddr *d = calloc(1, sizeof *d);
    if (!d)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    d->chip = chip;
    d->timing = hw_timing_of(chip);
    npu_status s = NPU_GET(chip, ddr_model) == BANK ? open_bank(d, err) : NPU_OK;
    if (s == NPU_OK && masters)
        s = hw_load_new(masters, NPU_GET(chip, ddr_bandwidth_mbps), hw_tick_hz(chip), skip,
                        &d->load, err);
    if (s != NPU_OK) {
        hw_ddr_close(d);
        return s;
    }
    *out = d;
    return NPU_OK;
}

void hw_ddr_close(hw_ddr *d)
{
    known *k, *next;
    if (!d)
        return;
    HASH_ITER(hh, d->known, k, next)
    {
        HASH_DEL(d->known, k);
        free(k);
    }
    hw_load_free(d->load);
    free(d);
}

npu_status hw_ddr_check(const hw_ddr *d, npu_err *err)
{
    return d->failed ? npu_fail(err, NPU_LIMIT, "no memory for the DDR model") : NPU_OK;
}

static double useful(const shape *k)
{
    double sum = 0;
    for (uint64_t i = 0; i < k->n; i++)
        sum += (double)k->walk[i].n * (double)k->walk[i].c * (double)k->walk[i].h *
               (double)k->walk[i].row;
    return sum;
}

/* Cycles from the first data to the last. */
static double simulate(hw_ddr *d, const shape *k)
{
    hw_walk_source source = {.n = (int)k->n, .piece = (uint64_t)NPU_GET(d->chip, ddr_burst_bytes)};
    hw_bank_result r;
    memcpy(source.walk, k->walk, sizeof source.walk);
    if (hw_bank_run(&d->system, hw_walk_next, &source, EXACT_BURSTS, false, &r, NULL) != NPU_OK) {
        d->failed = true;
        return 0;
    }
    double clocks = r.bursts ? (double)(r.clocks - r.first) + d->system.bl2 : 0;
    if (r.cut) {
        double left = (double)r.bursts * (useful(k) / (double)r.useful_bytes - 1);
        double rate = (double)(r.clocks - r.mid_clock) / (double)(r.bursts - r.mid_bursts);
        clocks += left > 0 ? left * rate : 0;
    }
    return clocks * d->cycles_per_clock;
}

/* Transfers of one shape whose addresses differ by whole pages behave alike: banks rotate. */
static void normalise(const hw_ddr_system *s, shape *k)
{
    uint64_t page = (uint64_t)s->burst_bytes * (uint64_t)s->columns * (uint64_t)s->channels;
    uint64_t base = k->walk[0].addr / page * page;
    if (k->n == 1) {
        k->walk[0].addr -= base;
        return;
    }
    for (uint64_t i = 0; i < k->n; i++) /* apart by pages of different rows */
        k->walk[i].addr = k->walk[i].addr % page + i * ((uint64_t)64 << 20);
}

static double bank_cycles(hw_ddr *d, const sim_op *op)
{
    shape key;
    known *k;
    memset(&key, 0, sizeof key);
    key.n = (uint64_t)hw_ddr_walks(d->chip, &d->cmd[op->cmd], op, key.walk);
    normalise(&d->system, &key);
    HASH_FIND(hh, d->known, &key, sizeof key, k);
    if (k)
        return k->cycles;
    k = calloc(1, sizeof *k);
    if (!k) {
        d->failed = true;
        return 0;
    }
    k->key = key;
    k->cycles = simulate(d, &key);
    HASH_ADD(hh, d->known, key, sizeof k->key, k);
    return k->cycles;
}

static sim_cost cost(void *state, const sim_op *op, int64_t start)
{
    hw_ddr *d = state;
    if (op->setup == SIM_SETUP_NONE || op->setup == SIM_SETUP_MOVE)
        return hw_cost(&d->timing, op, start);
    hw_transfer x = hw_transfer_of(&d->timing, op);
    if (d->bank) {
        double posted = op->setup == SIM_SETUP_STORE && op->beats_out > 0
                            ? d->timing.posted / op->beats_out
                            : 0;
        x.ddr = bank_cycles(d, op) * (posted < 1 ? 1 - posted : 0);
    }
    if (d->load && x.ddr > 0) {
        double from = (double)start + x.setup;
        x.ddr = hw_load_finish(d->load, from, x.ddr) - from;
    }
    return hw_transfer_cost(x);
}

sim_machine hw_ddr_machine(hw_ddr *d, const npu_cmd *cmd)
{
    sim_machine m = hw_machine(d->chip, &d->timing);
    d->cmd = cmd;
    if (d->bank || d->load) { /* else the short way: nothing depends on time or address */
        m.cost = cost;
        m.state = d;
    }
    return m;
}
