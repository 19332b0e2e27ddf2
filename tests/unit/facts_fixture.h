/* Profiles as JSON text, made from a few numbers, for tests of what compares profiles. */
#ifndef NPUSIM_TESTS_FACTS_FIXTURE_H
#define NPUSIM_TESTS_FACTS_FIXTURE_H

#include <stdint.h>

#include "perf/profile_read.h"

typedef struct {
    const char *name, *subgraph; /* SUBGRAPH NULL: "main" */
    const char *kind, *op;       /* NULL: "conv", "conv 3x3" */
    int64_t cycles;              /* on the critical path, all charged to the MAC array */
    int64_t tiu, tdma, macs, read, write, weight;
    int c, h, w;
    double mac_util;
} fact_layer;

typedef struct {
    const char *model, *chip;    /* NULL: "net", "cv181x" */
    const char *version;         /* NULL: "0.1.0" */
    const char *latency_ms;      /* NULL: from the cycles; else this text as it is */
    const char *error_percent;   /* NULL: "null" */
    int64_t launch;              /* cycles */
    double bandwidth, clock_mhz; /* 0: 3732, 500 */
    const fact_layer *layer;
    size_t nlayer;
    const char *cpu;             /* name of a second, CPU sub-graph; NULL: none */
} fact_profile;

/* The caller frees it. */
char *facts_json(const fact_profile *p);

/* Reads it back; the test fails when that fails.  The caller frees LIST. */
prof_list facts_read(const fact_profile *p);

#endif
