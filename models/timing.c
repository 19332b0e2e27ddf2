/* See timing.h. */
#include "models/timing.h"

#include <math.h>

#include "models/words.h"

double hw_tick_hz(const npu_chip *chip)
{
    return NPU_GET(chip, tpu_clock_mhz) * 1e6;
}

hw_timing hw_timing_of(const npu_chip *chip)
{
    double mhz = NPU_GET(chip, tpu_clock_mhz);
    double free_mbps = NPU_GET(chip, ddr_bandwidth_mbps) * (1 - NPU_GET(chip, ddr_contention));
    double beat = NPU_GET(chip, ddr_beat_bytes) * mhz / free_mbps; /* B x MHz / (MB/s) = cycles */
    return (hw_timing){
        .beat_in = beat / NPU_GET(chip, ddr_efficiency_load),
        .beat_out = beat / NPU_GET(chip, ddr_efficiency_store),
        .word_in = NPU_GET(chip, tdma_word_load),
        .word_out = NPU_GET(chip, tdma_word_store),
        .latency_in = NPU_GET(chip, ddr_latency_load_ns) * mhz / 1000,
        .latency_out = NPU_GET(chip, ddr_latency_store_ns) * mhz / 1000,
        .posted = NPU_GET(chip, ddr_posted_beats),
        .move_chunk = NPU_GET(chip, tdma_move_chunk),
        .move_setup = NPU_GET(chip, tdma_move_setup),
    };
}

static inline sim_cost cost_of(hw_transfer x)
{
    double work = x.ddr >= x.local ? x.ddr : x.local;
    int64_t ticks = (int64_t)ceil(x.setup + work);
    uint32_t fixed = (uint32_t)x.setup;
    return (sim_cost){ticks > 0 ? ticks : 1, fixed,
                      x.ddr >= x.local ? NPU_CAUSE_DDR : NPU_CAUSE_LMEM};
}

static inline hw_transfer parts_of(const hw_timing *t, const sim_op *op)
{
    double extra = (double)op->cycles;
    switch ((sim_setup)op->setup) {
    case SIM_SETUP_LOAD:
        return (hw_transfer){t->latency_in + extra, t->beat_in * op->beats_in,
                             t->word_in * op->words};
    case SIM_SETUP_STORE:
        return (hw_transfer){t->latency_out + extra, t->beat_out * (op->beats_out - t->posted),
                             t->word_out * op->words};
    case SIM_SETUP_COPY:
        return (hw_transfer){t->latency_in + t->latency_out,
                             t->beat_in * op->beats_in + t->beat_out * op->beats_out, 0};
    case SIM_SETUP_NONE:
    case SIM_SETUP_MOVE:
        break;
    }
    return (hw_transfer){t->move_setup, 0, t->move_chunk * op->words};
}

sim_cost hw_transfer_cost(hw_transfer x)
{
    return cost_of(x);
}

hw_transfer hw_transfer_of(const hw_timing *t, const sim_op *op)
{
    return parts_of(t, op);
}

sim_cost hw_cost(void *state, const sim_op *op, int64_t start)
{
    (void)start;
    if (op->setup == SIM_SETUP_NONE)
        return (sim_cost){op->cycles > 0 ? op->cycles : 1, op->fixed, (npu_cause)op->cause};
    return cost_of(parts_of(state, op));
}

sim_machine hw_machine(const npu_chip *chip, hw_timing *timing)
{
    return (sim_machine){
        .after_own = {(int64_t)NPU_GET(chip, sync_tiu_after_tiu),
                      (int64_t)NPU_GET(chip, sync_tdma_after_tdma)},
        .after_other = {(int64_t)NPU_GET(chip, sync_tiu_after_tdma),
                        (int64_t)NPU_GET(chip, sync_tdma_after_tiu)},
        .segment = (int64_t)NPU_GET(chip, sync_segment),
        .cost = hw_cost,
        .state = timing,
        .beat_bytes = (uint32_t)NPU_GET(chip, ddr_beat_bytes),
        .word_bytes = HW_WORD,
    };
}
