/* A chip: every hardware number, each with value, unit and source, read from a JSON chip file. */
#ifndef NPUSIM_CHIP_H
#define NPUSIM_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npusim/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
#define N(id, key, unit, min, max, meaning) NPU_NUM_##id,
#include "npusim/chip.def"
#undef N
    NPU_NUMS
} npu_num;

typedef struct { /* one row of chip.def */
    const char *key, *unit;
    double min, max;
    const char *meaning;
} npu_num_info;

extern const npu_num_info npu_num_table[NPU_NUMS];

/* The word value V of number I stands for (choice.def), NULL when there is none. */
const char *npu_num_word(npu_num i, double v);

enum { NPU_NUM_TEXT = 32 };

/* Value V of number I as people write it: its word, or up to nine figures.  Returns TEXT. */
const char *npu_num_text(npu_num i, double v, char text[NPU_NUM_TEXT]);

typedef enum { NPU_ISA_CV18XX_V1, NPU_ISA_CV18XX_V2, NPU_ISA_BPU_1, NPU_ISAS } npu_isa;

typedef struct {
    char *key;
    double value, was;          /* WAS: the chip file's value */
    npu_num num;
} npu_override;

typedef struct {                /* one measured figure this chip file was held against */
    char *name;                 /* what was measured, e.g. "ppocrv2_det_480 latency" */
    char *unit;
    double measured, predicted; /* PREDICTED as of the generated ACCURACY.md */
    char *source;
} npu_accuracy;

typedef struct npu_chip {
    char *name;                 /* "cv181x" */
    char *title;                /* one line for people */
    char *file;                 /* base name of the chip file */
    npu_isa isa;
    unsigned cmd_magic;         /* first byte of each command record */
    double num[NPU_NUMS];
    char *source[NPU_NUMS];     /* where the number comes from */
    char *status[NPU_NUMS];     /* measured, published, vendor estimate, inferred or assumed */
    npu_override *override;
    size_t noverride;
    double error_percent;       /* measured error of latency; < 0: never measured */
    char *error_source;
    npu_accuracy *accuracy;
    size_t naccuracy;
    char **note;                /* what is not modelled, in words */
    size_t nnote;
} npu_chip;

/* Value of one number: NPU_GET(chip, tpu_lanes). */
#define NPU_GET(chip, id) ((chip)->num[NPU_NUM_##id])

/* Loads chip NAME ("cv181x") from the chip directory, or the chip file NAME when it holds a '/' or
 * ends in ".json".  A file may name a "base" chip and give only what differs.  On success *out is
 * the caller's.  Errors: NPU_USAGE (no such chip: lists those there are; bad file: path and
 * key). */
npu_status npu_chip_load(const char *name, npu_chip **out, npu_err *err);

/* Applies "ddr.bandwidth_mbps=7464".  Errors: NPU_USAGE with the nearest key, or the range. */
npu_status npu_chip_set(npu_chip *chip, const char *assignment, npu_err *err);

void npu_chip_free(npu_chip *chip);

/* Names of all chips in the chip directory, sorted; the list is the caller's to free with
 * npu_chip_names_free. */
npu_status npu_chip_names(char ***names, size_t *n, npu_err *err);
void npu_chip_names_free(char **names, size_t n);

#ifdef __cplusplus
}
#endif
#endif
