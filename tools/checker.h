/* One run of hb_mapper checker: the network through every stage up to the compiled model, with the
 * log the vendor's users know. */
#ifndef TOOLS_CHECKER_H
#define TOOLS_CHECKER_H

#include "base/log.h"
#include "compiler/plan.h"
#include "tools/opt.h"

typedef struct {
    const char *model, *weights; /* .onnx and NULL, or .prototxt and .caffemodel (NULL: none) */
    bool caffe, strict, json;
    const opt_list *shapes;      /* name, shape, name, shape, ... */
    cc_options options;          /* owned texts: checker_options_free */
    log_writer *log;             /* not owned; NULL: none */
    npu_graph *graph;            /* owned: placed */
    cc_plan *plan;               /* owned; NULL until the network is placed */
    unsigned warnings;           /* nodes that broke a rule */
} checker;

/* Import to compiled model; side files in .hb_check.  Errors: of every stage. */
npu_status checker_run(checker *c, npu_err *err);
void checker_free(checker *c);

/* The node table as text into the log, or as JSON on standard output. */
npu_status checker_table(const checker *c, npu_err *err);
void checker_json(const checker *c);

/* Word for a cc_why in JSON: "constraint". */
const char *checker_why(cc_why why);

#endif
