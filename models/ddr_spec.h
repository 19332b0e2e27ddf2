/* DRAM data files (models/ddr/NAME.json) and address mapping: what a bank model runs on. */
#ifndef MODELS_DDR_SPEC_H
#define MODELS_DDR_SPEC_H

#include <stdint.h>

#include "npusim/chip.h"

typedef enum {
#define P(id, key, unit, scaled, min, max, meaning) HW_DDR_##id,
#include "models/ddr.def"
#undef P
    HW_DDR_NUMS
} hw_ddr_num;

typedef struct {
    double v[HW_DDR_NUMS];      /* in the units of ddr.def */
} hw_ddr_spec;

/* How consecutive bursts are spread; most significant first, "column" counts bursts of a row. */
typedef enum {
    HW_MAP_ROW,     /* row, channel, bank, group, column: a whole page lies together */
    HW_MAP_GROUP,   /* row, bank, column, group, channel: neighbours alternate the bank group */
    HW_MAP_CHANNEL, /* row, bank, group, column, channel: neighbours alternate the channel */
    HW_MAP_MOP,     /* row, column, bank, group, 4 columns, channel; all XOR column bits */
    HW_MAP_HIGH,    /* channel, group, bank, row, column: banks hold quarters of the memory */
    HW_MAPS
} hw_ddr_map;

/* Who goes first among waiting requests; both are open-page FR-FCFS. */
typedef enum {
    HW_SCHED_CAPPED, /* a queue per bank; a waiting conflict closes a row after four hits */
    HW_SCHED_READY,  /* one queue; the oldest request whose next command may go now */
    HW_SCHEDS
} hw_ddr_sched;

typedef struct {                /* where a burst lies */
    uint32_t channel, bank;     /* BANK: group * banks per group + bank in group */
    uint32_t group;
    uint64_t row;
} hw_ddr_place;

typedef struct {                /* a memory system at its running clock; all times in clocks */
    int bl2;                    /* clocks of data per burst */
    int rl, wl, rcd, rp, ras, rtp, wr, ccd_s, ccd_l, rrd_s, rrd_l, wtr_s, wtr_l, faw, rfc, refi;
    int rtw;                    /* idle clocks between read data and write data */
    int groups, banks, channels;/* BANKS over all groups of a channel */
    int burst_bytes, columns;   /* COLUMNS: bursts of one row */
    int queue;                  /* reads, and writes, that wait at a channel at most */
    int bank_queue, hit_cap;    /* HW_SCHED_CAPPED */
    uint64_t window_bytes;      /* reads under way at most; 0: what the queues hold */
    double tck_ns;
    double peak_mbps;
    hw_ddr_map map;
    hw_ddr_sched sched;
} hw_ddr_system;

enum { HW_DDR_CHANNELS_MAX = 4, HW_DDR_BANKS_MAX = 64, HW_DDR_QUEUE_MAX = 64 };

/* Reads the data file NAME of the DDR directory.  Errors: NPU_USAGE with file, key and range. */
npu_status hw_ddr_spec_load(const char *name, hw_ddr_spec *out, npu_err *err);

/* The system of SPEC with CHANNELS channels of BUS_BITS each at TCK_NS (0: the data file's). */
hw_ddr_system hw_ddr_system_of(const hw_ddr_spec *spec, int channels, int bus_bits, double tck_ns,
                               hw_ddr_map map, hw_ddr_sched sched);

hw_ddr_place hw_ddr_where(const hw_ddr_system *s, uint64_t addr);

/* Directory of the data files; a string with static lifetime. */
const char *hw_ddr_dir(void);

#endif
