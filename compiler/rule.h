/* Operator limits of a march (rule.def) and what its units take (march.def). */
#ifndef COMPILER_RULE_H
#define COMPILER_RULE_H

#include "compiler/plan.h"

typedef enum { /* as the vendor's operator list names them; RULE_UNIT_NAMES */
    RULE_BPU, RULE_FUSED, RULE_OPTIONAL, RULE_CPU, RULE_FOLD, RULE_REMOVED, RULE_NONE, RULE_UNITS
} rule_unit;

typedef enum {     /* what a node is to the partition */
    RULE_WORK,     /* worth a sub-graph of its own */
    RULE_PASSIVE   /* element-wise or moving data: follows its neighbours */
} rule_class;

typedef enum { RULE_BERNOULLI2, RULE_CV181X, RULE_MARCHES } rule_march;

typedef struct {
    npu_op op;
    rule_unit unit[RULE_MARCHES];
    const char *type;   /* on the NPU: "HzSQuantizedConv"; NULL: the ONNX name */
    rule_class class;
    bool tail;          /* at the tail it goes to the CPU: the convolution before stays int32 */
    const char *note;   /* limits in words; "" none */
} rule_op;

enum { RULE_TEXT = 320 };

typedef struct {        /* one node held against a rule */
    const npu_graph *g;
    const npu_node *n;
    const npu_value *x, *y; /* first input and output; never NULL */
    bool wide_out;      /* a convolution whose result stays int32 */
    bool on_bpu;        /* named by run_on_bpu */
    char *text;         /* RULE_TEXT bytes: why not, in the vendor's words */
} rule_case;

typedef bool rule_test(const rule_case *c);

typedef struct {
    const char *id;     /* "HB-OP-01" */
    npu_op op;          /* NPU_OP_NONE: every operator on the NPU */
    const char *limit;  /* in words */
    rule_test *test;    /* NULL: nothing to break (a timing rule) */
} rule_row;

extern const rule_row rule_table[];
extern const size_t rule_count;
extern const char *const rule_unit_names[RULE_UNITS];
extern const char *const rule_march_names[RULE_MARCHES];

const rule_op *rule_of(npu_op op); /* never NULL: an operator without a row has unit RULE_NONE */

/* RULE_MARCHES when NAME is no march. */
rule_march rule_find_march(const char *name);

/* The first rule of MARCH that C breaks, NULL when it may run on the NPU. */
const rule_row *rule_broken(rule_march march, const rule_case *c);

/* The vendor's sentence into C's text; returns false.  WHAT "Kernel shape". */
bool rule_say(const rule_case *c, const char *what, const char *allowed, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define R(id, op, march, test, limit) rule_test rule_##test;
#include "compiler/rule.def"
#undef R

#endif
