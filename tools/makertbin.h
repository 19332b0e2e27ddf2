/* One conversion of hb_mapper makertbin: a model and its options through every stage, with the log
 * the vendor's users know.  Nothing is written but the log before everything is made. */
#ifndef TOOLS_MAKERTBIN_H
#define TOOLS_MAKERTBIN_H

#include "base/log.h"
#include "compiler/config.h"
#include "tools/common.h"

#define MRB_LOG "hb_mapper_makertbin.log" /* in the current folder */

typedef struct { char *name; uint8_t *bytes; size_t n; } mrb_file; /* owned */

typedef struct {
    cc_config *config;       /* owned; NULL: --fast-perf */
    cc_options own;          /* of --fast-perf; owned */
    const char *chip;        /* of --fast-perf; not owned */
    const cc_options *options; /* of CONFIG, or OWN */
    const opt_list *shapes;  /* of --fast-perf: pairs; not owned */
    const char *model, *weights, *prefix, *dir; /* not owned */
    bool caffe;
    log_writer *log;         /* owned */
    log_level level;         /* lines below it are not written */
    bool bad_config;         /* the configuration is what failed */
    mrb_file *file;          /* what will be written */
    size_t nfile;
    tool_run run;            /* the finished .bin, simulated */
} mrb_job;

#define MRB_SAY(j, lv, ...)                                                                        \
    do {                                                                                           \
        if ((lv) >= (j)->level)                                                                    \
            log_line((j)->log, lv, __VA_ARGS__);                                                   \
    } while (0)

/* Lines of TEXT, each as one line of the log. */
void mrb_lines(const mrb_job *j, log_level level, const char *text);

/* Everything from import to the files.  Errors: of every stage. */
npu_status mrb_convert(mrb_job *j, npu_err *err);

/* Puts the conversion's parameters into the model's information (docs/BIN_FORMAT.md). */
npu_status mrb_info(const mrb_job *j, npu_model *m, npu_err *err);

/* Takes BYTES, which will be "<prefix><SUFFIX>". */
npu_status mrb_keep(mrb_job *j, const char *suffix, uint8_t *bytes, size_t n, npu_err *err);

/* Estimate of each sub-graph, its pages, table of nodes, information. */
npu_status mrb_report(mrb_job *j, npu_err *err);

#endif
