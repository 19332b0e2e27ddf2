/* What several commands do alike: load a model and a chip, apply overrides, simulate. */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include "models/ddr_masters.h"
#include "npusim/profile.h"
#include "perf/program.h"
#include "tools/fail.h"
#include "tools/opt.h"

typedef struct { /* options of every simulating command; rows in TOOL_OPTIONS */
    const char *chip;
    opt_list set;
    const char *masters; /* TOOL_MASTERS */
    opt_list shapes;     /* networks: pairs of input name and shape */
    opt_list outputs;    /* networks: nodes to end at */
    int level, mode;     /* networks: index in the words of TOOL_OPTIONS */
    long cores;          /* networks: 0 is 1 */
    const char *weights; /* networks: .caffemodel of a .prototxt */
    const char *fc_limit; /* networks: checked max_time_per_fc, set by commands that have it */
    const char *member;  /* model of a packed file, NULL: the first; no row in TOOL_OPTIONS */
} tool_options;

/* Rows for an opt_spec table; AT(field) must give the offset of a field of tool_options. */
#define TOOL_OPTIONS(AT)                                                                           \
    {"chip", 'c', OPT_STRING, AT(chip), "NAME|FILE.json",                                          \
     "simulate this chip (default: the one the model was compiled for; a network: x3m)", 0, 0},    \
    {"set", 's', OPT_LIST, AT(set), "KEY=VALUE",                                                   \
     "override one number, such as ddr.bandwidth_mbps=7464 or ddr.contention=0.3; may be "         \
     "repeated (`npusim chips NAME` lists all)", 0, 0}

/* For the commands that also take a network (.onnx, .prototxt) and compile it in memory. */
#define TOOL_NETWORK(AT)                                                                           \
    {NULL, 0, OPT_GROUP, 0, NULL, "A network (.onnx, .prototxt) is compiled in memory first:",     \
     0, 0},                                                                                        \
    {"opt", 0, OPT_CHOICE, AT(level), "O3|O2|O1|O0", "effort of the compiler (default O3)", 0, 0}, \
    {"compile-mode", 0, OPT_CHOICE, AT(mode), "latency|bandwidth",                                 \
     "what to make small (default latency)", 0, 0},                                                \
    {"core-num", 0, OPT_INT, AT(cores), "N", "cores that share one frame (default 1)", 1, 2},      \
    {"input-shape", 0, OPT_PAIRS, AT(shapes), "NAME AxBxC",                                        \
     "shape of an input, where the file leaves it open or another is wanted", 0, 0},               \
    {"output-node", 0, OPT_LIST, AT(outputs), "NODE", "end the network here; may be repeated",     \
     0, 0},                                                                                        \
    {"caffemodel", 0, OPT_STRING, AT(weights), "FILE",                                             \
     "weights of a .prototxt (default: made up; speed does not depend on them)", 0, 0}

/* For the commands that tool_profile serves: other users of the DDR. */
#define TOOL_MASTERS(AT)                                                                           \
    {"masters", 0, OPT_STRING, AT(masters), "FILE.json",                                           \
     "simulate beside the other users of the DDR that FILE names (docs/DDR.md)", 0, 0}

typedef struct { /* one simulation; free with tool_free in any state */
    npu_model *model;
    npu_chip *chip;
    hw_masters *masters; /* NULL: none */
    perf_prog *prog;
    npu_trace trace;
    npu_profile *profile;
} tool_run;

/* Opens PATH and its chip, decodes and runs it and collects the profile.  MD5 mismatches are
 * warned about on stderr.  Errors: of every stage. */
npu_status tool_profile(const char *path, const tool_options *o, tool_run *s, npu_err *err);

/* The first half: up to the decoded program, nothing run. */
npu_status tool_load(const char *path, const tool_options *o, tool_run *s, npu_err *err);

/* Loads the other users of the DDR into S. */
npu_status tool_masters(const char *path, tool_run *s, npu_err *err);

/* The chip alone: NAME with the overrides applied. */
npu_status tool_chip(const char *name, const opt_list *set, npu_chip **out, npu_err *err);

/* Whether PATH is a network to compile, by its name. */
bool tool_is_network(const char *path);

/* Shapes of G, inputs as PAIRS of name and shape say (NULL: as the file says).  Errors: as
 * cc_shapes; NPU_USAGE for too many. */
struct npu_graph;
npu_status tool_shapes(struct npu_graph *g, const opt_list *pairs, npu_err *err);

/* Imports and compiles the network PATH for CHIP with the defaults of fast perf.  On success *out
 * is the caller's, to npu_model_free.  Errors: of every stage of the compiler. */
npu_status tool_compile(const char *path, const tool_options *o, const npu_chip *chip,
                        npu_model **out, npu_err *err);
/* The same with the bytes of the weights, to be written to a file. */
npu_status tool_compile_whole(const char *path, const tool_options *o, const npu_chip *chip,
                              npu_model **out, npu_err *err);

void tool_free(tool_run *s);

typedef struct { /* models of a file to work on: NULL stands for its only one */
    char **name;     /* owned */
    size_t n;
} tool_members;

/* The models of PATH that the options -m NAME and -p ask for.  A packed file needs one of the two.
 * NAME is taken as it is: opening it tells when there is none.  Errors: NPU_BAD_INPUT (packed, and
 * neither given: lists the models), those of npu_model_open. */
npu_status tool_members_find(const char *path, const char *name, bool packed, tool_members *out,
                             npu_err *err);
void tool_members_free(tool_members *l);

/* Writes TEXT to PATH, or to stdout when PATH is NULL or "-".  Errors: NPU_IO. */
npu_status tool_put(const char *path, const char *text, size_t n, npu_err *err);

#endif
