/* A profile: everything a report prints.  Owned by perf/, read by reports/.
 *
 * Units: *_ticks and fields of npu_prof_layer named start, end, tiu, tdma, crit are ticks of
 * npu_trace.tick_hz; bytes are bytes on the DDR bus; MB is 10^6 bytes; strings are owned. */
#ifndef NPUSIM_PROFILE_H
#define NPUSIM_PROFILE_H

#include "npusim/chip.h"
#include "npusim/gate.h"
#include "npusim/insn.h"
#include "npusim/model.h"
#include "npusim/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {              /* a network layer, rebuilt from the weights its commands read */
    char *name;               /* "335_Conv" from the weight map, or "maxpool(134_Conv)" */
    bool inferred;            /* NAME comes from the producer, not from the weight map */
    npu_kind kind;            /* kind of the commands that take most TIU time (or TDMA, or CPU) */
    bool bf16;
    uint32_t subgraph;        /* index */
    uint32_t kh, kw, sh, sw;  /* kernel, stride; 0: none */
    uint32_t out_c, out_h, out_w; /* h: rows of the whole layer over its slices */
    int64_t start, end;       /* first start, last end */
    int64_t tiu, tdma;        /* busy ticks */
    int64_t exclusive;        /* ticks on the critical path; layers + launch = latency */
    int64_t crit[NPU_CAUSES]; /* EXCLUSIVE by cause */
    uint64_t read, write, weight; /* DDR bytes; WEIGHT: part of READ that is weights */
    uint64_t macs;
    double mac_utilisation;   /* macs / (tiu ticks x peak MACs per tick), 0..1 */
    uint32_t n_tiu, n_tdma;
    npu_cause bound;          /* largest entry of CRIT; of the busy time when EXCLUSIVE is 0 */
    char *why;                /* one sentence with numbers: why it is bound that way */
} npu_prof_layer;

typedef struct {              /* a routine of the program, in order */
    char *name;               /* section or CPU function name */
    bool cpu;                 /* cost is an estimate from the chip file's CPU section */
    int64_t start, end;
    int64_t tiu, tdma;        /* busy ticks */
    uint64_t read, write, macs;
    uint32_t n_tiu, n_tdma;
    uint32_t segments;        /* times the command ids start again; 1: once */
    char **input, **output;   /* tensor names with shape, "images 1x3x640x640 INT8" */
    size_t ninput, noutput;
} npu_prof_subgraph;

typedef struct {              /* a function call: what cannot be interrupted */
    char *name;
    uint32_t subgraph;
    int64_t start, end;
    uint64_t macs, read, write;
    uint32_t n_tiu, n_tdma;
} npu_prof_call;

typedef struct {              /* one row per command kind that occurs */
    npu_kind kind;
    bool bf16;
    uint32_t count;
    int64_t ticks;
    uint64_t macs, read, write;
} npu_prof_insn;

typedef struct {
    uint64_t read, write;     /* bytes moved in this interval */
    int64_t tiu;              /* TIU busy ticks in this interval */
} npu_prof_bin;

typedef struct {              /* another user of the DDR the run was simulated beside */
    char *name;
    const char *kind;         /* "constant", "periodic", "trace"; not owned */
    uint64_t bytes;           /* moved during the inference */
    double average_mbps;
    int64_t slowdown_ticks;   /* latency with it less latency without it */
    double slowdown_percent;  /* of the latency without it */
    uint64_t *bin;            /* bytes moved in each interval of npu_profile.bin */
} npu_prof_master;

typedef struct {              /* one change of the hardware, run again in full */
    char *change, *note;      /* "DDR bandwidth x2", "7464 MB/s" */
    bool bound;               /* no product: what this change can give at most */
    double latency_ms, delta; /* DELTA: of the latency, -0.1 is 10 % less */
} npu_prof_whatif;

typedef struct {              /* the frame at another DDR bandwidth */
    double bandwidth_mbps, latency_ms, memory_share; /* share bound by the DDR, 0..1 */
} npu_prof_sweep;

typedef struct {              /* a function call after splitting at max_time_per_fc */
    uint32_t subgraph, first_command, commands;
    uint32_t atoms;           /* pieces between safe points in it */
    uint32_t first_layer, last_layer; /* index, UINT32_MAX: none */
    int64_t start;            /* tick of the unsplit run at which the engines are drained for it */
    int64_t ticks;            /* simulated alone */
    uint64_t macs, read, write;
    bool over;                /* longer than the limit: no safe point inside */
} npu_prof_split;

typedef struct {              /* a box of the structure picture: an NPU sub-graph or a CPU node */
    char *name, *type;        /* as in profiler.log; TYPE "" for a sub-graph */
    bool npu;
    uint32_t *from;           /* boxes whose values it reads, rising; owned */
    size_t nfrom;
} npu_prof_node;

typedef struct {              /* what a .bin says of itself; strings may be "", never NULL */
    char *march;              /* "bernoulli2" */
    uint32_t cores;           /* that work on one frame */
    bool debug;               /* details of layers may be shown */
    char *hbdk, *runtime, *options; /* versions and options of its compiler */
    uint32_t weight_crc, *command_crc; /* CRC-32 of the weights; of the commands, per sub-graph */
    npu_prof_node *node;      /* in order of the converted network */
    size_t nnode;
} npu_prof_origin;

typedef struct npu_profile {
    const npu_chip *chip;     /* not owned */
    const npu_trace *trace;   /* not owned */
    char *file;               /* base name of the model file */
    char *name;               /* base name without extension: stem of every output */
    char sha256[65];
    char *model_name, *tool_version; /* name stored in the model; chip compiler version or "" */
    double tick_hz;
    double launch_ms;
    int64_t launch_ticks;     /* launch_ms in ticks, rounded up */
    int64_t inference_ticks;  /* last end - first start */
    int64_t latency_ticks;    /* inference + launch */
    int64_t tiu_ticks, tdma_ticks, cpu_ticks; /* sums of durations */
    int64_t dispatch_ticks;   /* gaps before commands of the critical path */
    int64_t crit[NPU_CAUSES]; /* adds up to latency_ticks */
    int64_t wait_ticks[NPU_WAITS]; /* idle TIU time by what it waited for */
    double latency_ms, inference_ms, tiu_ms, tdma_ms, cpu_ms, fps;
    double error_percent;     /* measured error of the chip file; < 0: never measured */
    double parallelism_percent; /* 100 (tiu + tdma) / inference, at least 100 */
    uint64_t macs;
    double peak_macs_per_tick;/* int8 */
    double mac_utilisation;   /* macs / (inference x peak), bf16 MACs at their own peak */
    uint64_t read, write;     /* DDR bytes */
    double average_mbps;      /* (read + write) / inference time */
    double occupancy;         /* average_mbps / peak */
    double worst_ms_occupancy;/* busiest 1 ms window over the peak (the frame when shorter) */
    uint64_t ion, weight_bytes, cmdbuf_bytes, shared_gmem, private_gmem, io_bytes;
    uint32_t n_tiu, n_tdma;
    npu_prof_layer *layer;    /* in order of first start */
    size_t nlayer;
    npu_prof_subgraph *subgraph;
    size_t nsubgraph;
    npu_prof_call *call;
    size_t ncall;
    npu_prof_insn *insn;
    size_t ninsn;
    npu_prof_bin *bin;        /* bandwidth over time */
    size_t nbin;
    int64_t bin_ticks;
    npu_prof_master *master;  /* in the order of the masters file; none: the NPU was alone */
    size_t nmaster;
    int64_t alone_ticks;      /* with masters: latency without any of them */
    char **assumption;        /* sentences a reader must know: estimates, guesses, ignored hints */
    size_t nassumption;
    char **verdict;           /* VERDICT[0] the headline sentence, then at most four facts */
    size_t nverdict;
    npu_prof_whatif *what_if; /* shortest latency first; none: perf_whatif was not asked */
    size_t nwhat_if;
    npu_prof_sweep *sweep;    /* ascending bandwidth, the chip's own among them */
    size_t nsweep;
    double knee_mbps;         /* least bandwidth within 5 % of the last point; 0: not reached */
    double unlimited_ms;      /* latency with unlimited DDR bandwidth */
    npu_gate *budgets;        /* what `npusim check` says of this profile; NULL: not asked */
    bool split_asked;         /* the fields below hold a split at a limit */
    int64_t split_limit_ns;   /* max_time_per_fc, 0: none */
    npu_prof_split *split;    /* the calls, in order */
    size_t nsplit;
    int64_t *safe_point;      /* ticks of the unsplit run at which it may be cut */
    size_t nsafe;
    int64_t split_ticks, unsplit_ticks; /* sum of the calls; of the unsplit sub-graphs */
    int64_t longest_atom;     /* ticks; no limit below can be met */
    npu_prof_origin *origin;  /* NULL: the model came in another container than .bin */
} npu_profile;

void npu_profile_free(npu_profile *p); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
