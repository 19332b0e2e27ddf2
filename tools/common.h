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
    const char *member;  /* model of a packed file, NULL: the first; no row in TOOL_OPTIONS */
} tool_options;

/* Rows for an opt_spec table; AT(field) must give the offset of a field of tool_options. */
#define TOOL_OPTIONS(AT)                                                                           \
    {"chip", 'c', OPT_STRING, AT(chip), "NAME|FILE.json",                                          \
     "simulate this chip (default: the one the model was compiled for)", 0, 0},                    \
    {"set", 's', OPT_LIST, AT(set), "KEY=VALUE",                                                   \
     "override one number, such as ddr.bandwidth_mbps=7464 or ddr.contention=0.3; may be "         \
     "repeated (`npusim chips NAME` lists all)", 0, 0}

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

/* The chip alone: NAME with the overrides applied. */
npu_status tool_chip(const char *name, const opt_list *set, npu_chip **out, npu_err *err);

void tool_free(tool_run *s);

typedef struct { /* models of a file to work on: NULL stands for its only one */
    char **name;     /* owned */
    size_t n;
} tool_members;

/* The models of PATH that the options -m NAME and -p ask for.  A packed file needs one of the two.
 * Errors: NPU_BAD_INPUT (packed, and neither given: lists the models; no such model), those of
 * npu_model_open. */
npu_status tool_members_find(const char *path, const char *name, bool packed, tool_members *out,
                             npu_err *err);
void tool_members_free(tool_members *l);

/* Writes TEXT to PATH, or to stdout when PATH is NULL or "-".  Errors: NPU_IO. */
npu_status tool_put(const char *path, const char *text, size_t n, npu_err *err);

#endif
